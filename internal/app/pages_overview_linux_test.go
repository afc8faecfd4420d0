package app

import (
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// TestOverviewPages looks at the overview and at the pages of models.
func TestOverviewPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	for path, name := range map[string]string{"/": "overview", "/?days=1": "overview-day", "/models": "models", "/usage": "usage", "/usage/rows": "usage-rows"} {
		c.look(staff.Officer, path, name)
	}
	c.look(staff.Reviewer, "/", "overview-reviewer")
}

// TestOverviewLeads goes from a bar of the overview to what it stands for, and sets and removes a key of a model.
func TestOverviewLeads(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Officer)
	b.Open("/?lang=en")
	b.Says("What needs a person now", "Marked and read back", "Judgements", "Under the last checkpoint")
	day := time.Now().Format(time.DateOnly)
	if !browsertest.Ask[bool](b, `[...document.querySelectorAll('#chart-made svg a')].some(a => a.getAttribute('href').includes('`+day+`'))`) {
		t.Fatalf("no bar leads to %s", day)
	}
	b.Open("/content?from=" + day + "&to=" + day)
	if rows := browsertest.Ask[int](b, `document.querySelectorAll('#list tbody tr').length`); rows == 0 {
		t.Error("the list of the day is empty")
	}
	b.Open("/models/key")
	b.Fill("#key-name", "try-out")
	b.Fill("#key-text", "sk-nothing-to-see-1234")
	b.Press("main form .do button", ".notice[role=status]")
	b.At("/models?done=model-key-set")
	b.Says("try-out")
	if strings.Contains(b.Text(), "sk-nothing") {
		t.Error("the text of the key is shown")
	}
	b.Open("/models/keys/try-out/remove")
	b.Press("main form .do button", ".notice[role=status]")
	if strings.Contains(b.Text(), "try-out") {
		t.Error("the key is still there")
	}
}
