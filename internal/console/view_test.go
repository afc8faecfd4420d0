package console

import (
	"testing"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

// TestTemplates reads the templates of all pages, each of which a server reads when it is first asked for.
func TestTemplates(t *testing.T) {
	t.Parallel()
	p, err := locale.For(locale.English)
	if err != nil {
		t.Fatal(err)
	}
	s, err := new(console).speak(locale.English, p)
	if err != nil || len(s.templates) < 80 {
		t.Fatal(len(s.templates), err)
	}
	for name, read := range s.templates {
		if page, err := read(); err != nil || page.Lookup("content") == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAboutCase leads from a case to the refutation that it came of.
func TestAboutCase(t *testing.T) {
	t.Parallel()
	if c := aboutCase(client.CaseAbout{Refutation: "r-1"}); len(c.Many) != 1 || c.Many[0].To != "/rumours/r-1" {
		t.Errorf("%+v", c)
	}
}
