package label

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

// vocabulary is how the terms of IPTC's digital source types begin, in XMP and in content credentials alike.
const vocabulary = "digitalsourcetype/"

// longestTerm is the length of the longest term.
const longestTerm = 40

// generative are the terms that say that a model made or changed the content.
func generative() []string {
	return []string{"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"}
}

// Terms looks for IPTC's terms of generated content in the bytes of a file that are written to it, one after the other. It
// keeps what may be the beginning of a term. The zero value is ready.
type Terms struct {
	tail  []byte
	found string
}

// Found returns the first term that was found, and "" for none.
func (t *Terms) Found() string { return t.found }

// Write never fails.
func (t *Terms) Write(p []byte) (int, error) {
	if t.found != "" {
		return len(p), nil
	}
	const most = len(vocabulary) + longestTerm
	if len(t.tail) > 0 {
		t.tail = append(t.tail, p[:min(len(p), most)]...)
		t.look(t.tail)
	}
	t.look(p)
	if len(p) < most && len(t.tail) > 0 {
		t.tail = append(t.tail[:0], t.tail[max(0, len(t.tail)-most):]...)
	} else {
		t.tail = append(t.tail[:0], p[max(0, len(p)-most):]...)
	}
	return len(p), nil
}

func (t *Terms) look(p []byte) {
	for {
		i := bytes.Index(p, []byte(vocabulary))
		if i < 0 {
			return
		}
		p = p[i+len(vocabulary):]
		for _, term := range generative() {
			if rest, ok := bytes.CutPrefix(p, []byte(term)); ok && (len(rest) == 0 || !letter(rest[0])) {
				t.found = term
			}
		}
	}
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// Prose reports whether a format is text that may speak of anything, so that a term in it says nothing.
func Prose(f Format) bool { return f == media.Text || f == media.Markdown || f == media.HTML }

// Packed reports whether the metadata of a format lie compressed, so that a term that was not found may be there.
func Packed(f Format) bool {
	switch f {
	case media.PDF, media.DOCX, media.XLSX, media.PPTX, media.DOTX, media.XLTX, media.POTX, media.EPUB, media.Unknown:
		return true
	}
	return false
}
