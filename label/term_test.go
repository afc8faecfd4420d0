package label_test

import (
	"testing"

	"github.com/colophon-project/colophon/label"
)

// termIn is what is found in text that comes in pieces.
func termIn(text []byte, piece int) string {
	t := &label.Terms{}
	for piece = max(1, piece); len(text) > 0; text = text[min(piece, len(text)):] {
		_, _ = t.Write(text[:min(piece, len(text))])
	}
	return t.Found()
}

func FuzzTerms(f *testing.F) {
	f.Add([]byte("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"), 10)
	f.Add([]byte("digitalsourcetype/compositeWithTrainedAlgorithmicMediaX"), 3)
	f.Add([]byte("digitalsourcetype/digitalsourcetype/compositeSynthetic "), 1)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		whole, pieces := termIn(text, len(text)), termIn(text, piece)
		if whole != pieces && whole != "" {
			t.Errorf("whole %q, in pieces of %d %q", whole, piece, pieces)
		}
	})
}

func TestTermIsAWholeWord(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"digitalsourcetype/trainedAlgorithmicMedia\"":       "trainedAlgorithmicMedia",
		"digitalsourcetype/trainedAlgorithmicMediaOther\"":  "",
		"digitalsourcetype/digitalCapture\"":                "",
		"x digitalsourcetype/compositeSynthetic and more x": "compositeSynthetic",
	} {
		if got := termIn([]byte(text), 7); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
