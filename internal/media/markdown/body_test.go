package markdown_test

import (
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media/markdown"
)

func TestBody(t *testing.T) {
	t.Parallel()
	label := "AIGC:\n  Label: \"1\"\n  ContentProducer: \"x\"\n"
	for _, front := range []string{
		"", "\ufeff", "---\na: 1\n---\n", "---\r\na: 1\r\n...\r\n", "---\n" + label + "---\n", "---\na: 1\n---\n\n---\n" + label + "---\n",
		"+++\na = 1\n+++\n",
	} {
		for _, rest := range []string{"", "# Title\n", "\n---\nparagraph\n---\n"} {
			text := front + rest
			at, err := markdown.Body([]byte(text), int64(len(text)))
			if err != nil || at != len(front) {
				t.Errorf("%q: %d, %v, want %d", text, at, err, len(front))
			}
		}
	}
	for _, none := range []string{"---\nno end\n", "+++\nno end\n", "--- x\n", "text\n---\na: 1\n---\n"} {
		if at, err := markdown.Body([]byte(none), int64(len(none))); err != nil || at != 0 {
			t.Errorf("%q: %d, %v", none, at, err)
		}
	}
	long := "---\n" + strings.Repeat("a: 1\n", 1<<17)
	if _, err := markdown.Body([]byte(long), int64(len(long))); err == nil {
		t.Error("a front matter without end in sight: no error")
	}
}
