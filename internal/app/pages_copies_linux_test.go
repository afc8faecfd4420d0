package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon"
	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/internal/browsertest"
	model "github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/staff"
)

// seedCopies has an account ask for copies without the notice: one that a rule grants, one that waits, one that was refused and one
// that was taken back.
func (h *hands) seedCopies() {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	pair := func(zh, en string) api.TextPair { return api.TextPair{ZH: zh, EN: en} }
	fine(one.AddFunction(ctx, "still-1", api.FunctionText{Service: "studio", Names: pair("剧照", "Stills"), Purpose: pair("剧照", "Stills"), Kind: "image-generation", Class: "other",
		Models: []api.FunctionModel{{Name: model.Image, Version: "1", Own: true}}, Notice: api.FunctionNotice{Policy: "on-request", Method: pair("左下角文字", "words in a corner")},
		Filing: api.FunctionFiling{State: "not-needed", Reason: "It forms no opinion."}}))(h)
	fine(one.GoLive(ctx, "still-1"))(h)
	h.asksForCopy("archive", "own")
	h.asksForCopy("broadcast", "platform")
	fine(h.client(h.second).RefuseCopy(ctx, h.asksForCopy("broadcast", "platform").ID, "copy-reason-purpose", evil+"Say for what it is."))(h)
	fine(h.client("").WithdrawOwnCopy(ctx, holder, h.asksForCopy("broadcast", "platform").ID))(h)
}

// asksForCopy has a verified account ask for a copy of a picture that was just made for it.
func (h *hands) asksForCopy(purpose, recipient string) api.OwnCopy {
	h.Helper()
	ctx, c := h.Context(), h.client("")
	number := string(h.made(holder, "still-1", detailed(h.T)).Number)
	terms := fine(c.CopyTerms(ctx, holder, number))(h)
	return fine(c.RequestCopy(ctx, api.CopyOrder{Account: holder, Number: number, Agreement: terms.Agreement, Duty: terms.Duty.Digest, Purpose: "copy-purpose-" + colophon.Code(purpose), Recipient: "copy-recipient-" + colophon.Code(recipient), Words: evil + "For the evening news."}))(h)
}

// TestCopyByPages has an officer read what an account wrote that asks for a copy, and grant it; a reviewer is not offered that, and
// finds out whether a file is such a copy: its bytes for certain, and what only looks alike for perhaps.
func TestCopyByPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx := t.Context()
	asked := c.asksForCopy("broadcast", "platform")
	at := "/copies/" + asked.ID
	officer, reviewer := c.tab(staff.Officer), c.tab(staff.Reviewer)
	reviewer.Open("/sign-in?lang=en")
	reviewer.Open(at)
	reviewer.Says("Waits for a decision")
	if browsertest.Ask[bool](reviewer, `!!document.querySelector('a[href$="/grant"], a[href$="/refuse"], a[href$="/read"]')`) {
		t.Error("a reviewer is offered what only an officer may do")
	}
	officer.Open("/sign-in?lang=en")
	officer.Open(at)
	if strings.Contains(officer.Text(), "evening news") {
		t.Error("what the account wrote is shown before anybody asked for it")
	}
	officer.Open(at + "/read")
	officer.Press("main form .do button", ".prose")
	officer.Says("For the evening news.")
	officer.Open(at + "/grant")
	officer.Fill("#copy-note", "Show the notice around it.")
	officer.Press("main form .do button", ".notice[role=status]")
	officer.Says("Handed out")
	if now := fine(c.client(c.first).Copy(ctx, asked.ID))(c.hands); now.State != string(copies.Handed) || now.Handing == nil || now.Decision == nil || now.Decision.By != "person" {
		t.Fatalf("%+v", now)
	}
	folder := t.TempDir()
	raw := c.fetched(holder, asked.ID)
	for name, data := range map[string][]byte{"copy.jpg": raw, "alike.jpg": reencoded(t, raw), "other.jpg": noise(t, 300)} {
		c.must(os.WriteFile(filepath.Join(folder, name), data, 0o600))
	}
	for name, says := range map[string]string{"copy.jpg": "It is a copy that was handed out, byte for byte", "alike.jpg": "It may be a copy; that is not certain", "other.jpg": "No copy is known as this file"} {
		reviewer.Open("/copies/known")
		reviewer.Upload("#file", filepath.Join(folder, name))
		reviewer.Press("main form .do button", "main .facts")
		reviewer.Says(says)
		if link := browsertest.Ask[bool](reviewer, `!!document.querySelector('main a[href="`+at+`"]')`); link != (name != "other.jpg") {
			t.Errorf("%s leads to the request: %t", name, link)
		}
		if name == "alike.jpg" {
			reviewer.Look("copy-known-en", browsertest.In("en")...)
		}
	}
}

// TestCopyPages looks at the pages of copies in both languages.
func TestCopyPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	paths := map[string]string{"/copies": "copies", "/copies/known": "copy-find"}
	list, _, err := c.client(c.first).Copies(t.Context(), api.Listing{Limit: 100})
	c.must(err)
	seen := map[string]string{}
	for _, one := range list {
		seen[one.State] = "/copies/" + one.ID
	}
	for _, state := range []string{"requested", "handed", "refused", "withdrawn"} {
		if seen[state] == "" {
			t.Fatalf("no copy is %s", state)
		}
		paths[seen[state]] = "copy-" + state
	}
	for _, deed := range []string{"read", "grant", "refuse"} {
		paths[seen["requested"]+"/"+deed] = "copy-" + deed
	}
	for path, name := range paths {
		c.look(staff.Officer, path, name)
	}
	b := c.tab(staff.Officer)
	for _, lang := range []string{"en", "zh"} {
		b.Open("/sign-in?lang=" + lang)
		b.Open(seen["handed"] + "/read")
		b.Press(chromedp.CSS("main form .do button"), ".prose")
		if text := b.Text(); strings.Contains(text, "page-") || !strings.Contains(text, evil) {
			t.Errorf("what was read in %s: %s", lang, text)
		}
		b.Look("copy-words-"+lang, browsertest.In(lang)...)
	}
}
