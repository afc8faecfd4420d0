package app

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// hold has a text held for a person, and returns the identifier of the item.
func (c *city) hold(text string) string {
	c.Helper()
	j := fine(c.client(c.first).Screen(c.Context(), api.Query{Account: "queue-1", Surface: "output", Class: "verified", Service: "assistant", Function: "chat-1",
		Parts: []api.Part{{Name: "messages.0.content", By: "user", Text: text}}}))(c.hands)
	if j.Held == "" {
		c.Fatalf("it was not held: %s", j.Action)
	}
	return j.Held
}

// key presses a letter, and waits for what comes of it.
func key(b *browsertest.Tab, letter string, next chromedp.CSS) {
	b.Shown()
	b.Do("pressing "+letter, chromedp.KeyEvent(letter), chromedp.WaitVisible(next))
}

// TestReviewByKeyboard takes an item, reads it and decides, without a pointer.
func TestReviewByKeyboard(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Reviewer)
	id := c.hold("枪支弹药出售，支持验货，数量不限")
	b.Open("/review/" + id)
	b.Says("Take it first")
	key(b, "n", ".clock")
	c.look(staff.Reviewer, "/review/"+id, "held-covered")
	b.Open("/sign-in?lang=en")
	b.Open("/review/" + id)
	if strings.Contains(b.Text(), "数量不限") {
		t.Error("the content is shown before anybody asked for it")
	}
	key(b, "s", ".held-text mark")
	b.Says("枪支弹药出售，支持验货，数量不限")
	b.Look("held-shown", browsertest.In("en")...)
	b.Open("/review/" + id)
	key(b, "r", ".pick.refuse :checked")
	b.Press("button[value=next]", ".notice[role=status]")
	it := fine(c.client(c.first).HeldItem(t.Context(), id))(c.hands)
	if it.Outcome != "refuse" || it.Reason != "weapons" || it.Reviewer != "" {
		t.Errorf("%+v", it)
	}
}

// TestReviewPicture shows a picture that waits: blurred and grey until its reviewer asks for each to end, and not to a link
// from elsewhere. The page of the content has the finding.
func TestReviewPicture(t *testing.T) {
	c := town(t)
	one := c.client(c.first)
	c.guard.score.Store(0.7)
	_, err := one.Produce(t.Context(), api.Order{Function: "other", Account: "holder-4711@example.cn"}, bytes.NewReader(jpegSample(t)))
	c.guard.score.Store(0.0)
	if err != nil && !strings.Contains(err.Error(), "held") {
		t.Fatal(err)
	}
	items, _, err := one.HeldItems(t.Context(), api.Listing{Filter: map[string][]string{"state": {"waiting"}}, Limit: 200})
	c.must(err)
	i := slices.IndexFunc(items, func(it api.HeldItem) bool { return it.About != "" && it.Content == "whole" })
	if i < 0 {
		t.Fatalf("no picture waits: %+v", items)
	}
	at := "/review/" + items[i].ID
	b := c.tab(staff.Reviewer)
	b.Open(at)
	key(b, "n", ".clock")
	key(b, "s", ".veil img")
	for _, step := range []struct {
		letter  string
		filters []string
	}{{"", []string{"blur", "grayscale"}}, {"v", []string{"grayscale"}}, {"g", nil}} {
		if step.letter != "" {
			key(b, step.letter, ".veil img")
		}
		now := filtered(b, ".veil img")
		for _, f := range []string{"blur", "grayscale"} {
			if strings.Contains(now, f) != slices.Contains(step.filters, f) {
				t.Errorf("after %q the picture is shown with %q", step.letter, now)
			}
		}
	}
	b.Look("held-picture", browsertest.In("en")...)
	b.Open("/content/" + url.PathEscape(items[i].About))
	b.Says("Violence")
}

// TestReviewPages looks at the lists of the review.
func TestReviewPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	for path, name := range map[string]string{"/review": "review", "/review/list": "held", "/review/figures": "held-figures", "/judgements": "judgements", "/report-duties": "report-duties",
		"/features/coverage": "coverage", "/features": "features", "/policies/own-1": "policy", "/policies/new": "policy-form", "/features/propose": "feature-propose"} {
		c.look(staff.Officer, path, name)
	}
}

// TestLibraryByPages takes a feature from a proposal to force, by the two people that it needs.
func TestLibraryByPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	officer, reviewer := c.tab(staff.Officer), c.tab(staff.Reviewer)
	officer.Open("/features/propose")
	officer.Fill("#values", "樱桃木书签返现|樱桃木返现\n蓝铃书签返现")
	officer.Fill("#entry-standard", "standard 4")
	officer.Fill("#reason", "seen in reports")
	officer.Fill("#origin", "a walk through pages")
	officer.Press("main form .do button", ".notice[role=status]")
	batch := strings.TrimPrefix(browsertest.Ask[string](officer, "location.pathname"), "/feature-batches/")
	reviewer.Open("/feature-batches/" + batch)
	reviewer.Says("a walk through pages")
	step := func(b *browsertest.Tab, name string, next chromedp.CSS) {
		t.Helper()
		b.Open("/feature-batches/" + batch + "/" + name)
		b.Press("main form .do button", next)
	}
	step(reviewer, "review", ".notice[role=status]")
	reviewer.Open("/feature-batches/" + batch + "/replay")
	reviewer.Fill("#reason", "as it should be")
	reviewer.Press("main form .do button", ".facts .state")
	reviewer.Says("Samples read")
	step(officer, "activate", ".notice[role=status]")
	list, _, err := c.client(c.first).Features(t.Context(), api.Listing{Filter: map[string][]string{"batch": {batch}}})
	c.must(err)
	if len(list) != 2 || slices.ContainsFunc(list, func(f api.Feature) bool { return f.State != "active" }) {
		t.Errorf("%+v", list)
	}
	file := filepath.Join(t.TempDir(), "features.csv")
	c.must(os.WriteFile(file, []byte("value,category,level,language,standard,reason\n绿铃书签返现,fraud,review,zh,standard 4,seen in reports\n红铃书签返现,fraud,review,zh,standard 4,seen in reports\n"), 0o600))
	officer.Open("/features/import")
	officer.Upload("#feature-file", file)
	officer.Fill("#origin", "a file of a walk")
	officer.Press("main form .do button", ".notice[role=status]")
	officer.Says("a file of a walk", "The file was taken in as a batch.")
	officer.Open("/features/" + list[0].ID + "/retire")
	officer.Says("stored samples")
	officer.Fill("#reason", "it was for trying out")
	officer.Press("main form .do button", ".notice[role=status]")
}

// TestPolicyByPages changes the decision table, is told what is wrong at its row, tries it over the past, and has somebody
// else look at it.
func TestPolicyByPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	b := c.tab(staff.Engineer)
	b.Open("/policies/new")
	b.Fill("#version", "walk-1")
	b.Fill("#reason", "a walk through pages")
	b.Click("#row-0 > summary")
	b.Press(`button[value="add-0"]`, `#row-1[data-focus]`)
	b.Fill(`[id="1-id"]`, "walk")
	b.Click(`#row-1 [name="1-category"][value=gambling]`)
	b.Put(`[id="1-when"]`, "runes >")
	b.Put(`[id="1-reason"]`, "ours")
	b.Press("form.policy-form .do button:not([value])", ".row.wrong")
	if at := browsertest.Ask[string](b, `document.querySelector('.row.wrong').id`); at != "row-1" {
		t.Errorf("the error stands at %s", at)
	}
	b.Forgive("Autofocus processing") // the script has led to the wrong row before
	b.Look("policy-form-wrong", browsertest.In("en")...)
	b.Put(`[id="1-when"]`, "runes > 3")
	b.Press("form.policy-form .do button:not([value])", ".grave [name=want]") // a case comes out otherwise
	b.Put(`[id="1-class"]`, "walkers")
	b.Press("form.policy-form .do button:not([value])", ".decisions tr.new")
	b.At("/policies/walk-1?done=policy-propose")
	b.Open("/policies/walk-1/compare")
	b.Press("main form .do button", "table.square")
	b.Look("policy-difference", browsertest.In("en")...)
	officer := c.tab(staff.Officer)
	officer.Open("/policies/walk-1/release")
	officer.Says("colophon-1")
	officer.Fill("#reason", "as it should be")
	officer.Press("main form .do button", ".notice[role=status]")
	if now, _, err := c.client(c.first).Policy(t.Context()); err != nil || now.Version != "walk-1" {
		t.Errorf("version %s is in force, %v", now.Version, err)
	}
}

// TestReportDutyByPages files one duty and dismisses another.
func TestReportDutyByPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	duty := func(text string) string {
		t.Helper()
		j := fine(c.client(c.first).Screen(t.Context(), api.Query{Account: "queue-2", Surface: "input", Class: "verified", Function: "chat-1", Parts: []api.Part{{Name: "messages.0.content", Text: text}}}))(c.hands)
		if j.ReportDuty == "" {
			t.Fatalf("no duty was opened: %s", j.Action)
		}
		return j.ReportDuty
	}
	b := c.tab(staff.Officer)
	filed, dismissed := duty("来我们平台，註 册 送*彩 金，今日"), duty("来我们平台，註 册 送*彩 金，明日")
	b.Open("/report-duties/" + filed + "/file")
	b.Fill("#authority-number", "R-2026-1")
	b.Put("#filed-at", browsertest.Ask[string](b, "new Date(Date.now() - 3600e3).toISOString().slice(0, 16)"))
	b.Press("main form .do button", ".notice[role=status]")
	b.Says("R-2026-1")
	b.Open("/report-duties/" + dismissed + "/dismiss")
	b.Fill("#note", "a text of our own")
	b.Press("main form .do button", ".notice[role=status]")
	for id, state := range map[string]string{filed: "filed", dismissed: "dismissed"} {
		if d := fine(c.client(c.first).ReportDuty(t.Context(), id))(c.hands); d.State != state {
			t.Errorf("%+v", d)
		}
	}
}
