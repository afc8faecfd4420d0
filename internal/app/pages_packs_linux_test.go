package app

import (
	"bytes"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// seedPacks has a report filed with proof and amended, the amendment filed, a draft that nobody files, and one that waits
// beside those that report duties brought.
func (h *hands) seedPacks() {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	cases, _, err := one.Cases(ctx, api.Listing{Filter: url.Values{"kind": {"fraud"}}})
	h.must(err)
	about := api.PackAbout{Case: cases[0].ID}
	said := []api.PackAnswer{{From: "summary", State: "known", Lines: []string{evil + "视频内容不实。", "声音系合成。"}}, {From: "persons", State: "none"}}
	file := func(p api.Pack) {
		h.Helper()
		fine(one.FilePack(ctx, p.ID, api.PackFiling{Channel: "12377", Reference: "编号 7", At: time.Now(), Incomplete: true}, api.CaseUpload{Name: "receipt.jpg", File: bytes.NewReader(jpegSample(h.T))}))(h)
	}
	first := fine(one.DraftPack(ctx, "12377", about, said...))(h)
	file(first)
	file(fine(one.AmendPack(ctx, first.ID, api.PackAnswer{From: "places", State: "known", Lines: []string{"https://somewhere.example/1"}}))(h))
	fine(one.DismissPack(ctx, fine(one.DraftPack(ctx, "public-security", about))(h).ID, "pack-reason-elsewhere", evil+"The other report says it."))(h)
	fine(one.DraftPack(ctx, "provincial-cac", about, said...))(h)
}

// packed are the reports in a state by a form, the newest first.
func (c *city) packed(state, form string) []api.Pack {
	c.Helper()
	list, _, err := c.client(c.first).Packs(c.Context(), api.Listing{Filter: url.Values{"state": {state}, "form": {form}}})
	c.must(err)
	return list
}

// TestPackByPages has a reviewer draft a report from a case and answer what nobody knew, and an officer file it with a proof and
// amend it. What the browser downloads is a chain.
func TestPackByPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx, one := t.Context(), c.client(c.first)
	number, _ := c.photographed(pictureAccount)
	got := c.comes(api.CaseDraft{Kind: "report", Grounds: grounds("illegal"), About: api.CaseAbout{Numbers: []string{number}}, Contact: "seven@mail.example", Text: "It shows what it must not."})
	reviewer, officer := c.tab(staff.Reviewer), c.tab(staff.Officer)

	reviewer.Open("/sign-in?lang=en")
	reviewer.Open("/cases/" + got.ID)
	reviewer.Press(`a[href^="/packs/new?case="]`, "#pack-form")
	if at := browsertest.Ask[string](reviewer, `document.querySelector('#case').value`); at != got.ID {
		t.Errorf("the form takes the case %q", at)
	}
	reviewer.Put("#pack-form", "12377")
	reviewer.Press("main form .do button", ".facts")
	id := strings.TrimPrefix(browsertest.Ask[string](reviewer, "location.pathname"), "/packs/")
	if strings.Contains(reviewer.Text(), number) {
		t.Error("what is sealed is shown before somebody asks for it")
	}
	reviewer.Press(`form[action$="/read"] button`, "#field-summary")
	reviewer.Says(number, "not known yet")
	browsertest.Ask[bool](reviewer, `document.querySelectorAll('details').forEach(d => d.open = true), true`)
	reviewer.Put("#lines-summary", "图片内容违法。\n  \n已停止传播。") // and nothing is chosen: what was written counts
	reviewer.Put("#state-places", "none")
	reviewer.Press(`form[action$="/fill"] button`, ".notice[role=status]")
	d := fine(one.ReadPack(ctx, id))(c.hands)
	for _, f := range d.Fields {
		want, said := map[string]string{"summary": "图片内容违法。|已停止传播。", "places": "无", "content-number": number}[f.From], f.From == "summary" || f.From == "places"
		if want != "" && strings.Join(f.Lines, "|") != want || f.Said != said {
			t.Errorf("%+v", f)
		}
	}
	if browsertest.Ask[bool](reviewer, `document.querySelector('a[href$="/file"]') !== null`) {
		t.Error("a reviewer is asked to file")
	}

	proof := filepath.Join(t.TempDir(), "receipt.jpg")
	c.must(os.WriteFile(proof, jpegSample(t), 0o600))
	officer.Open("/sign-in?lang=en")
	officer.Open("/packs/" + id + "/file")
	officer.Put("#channel", "12377")
	officer.Put("#authority-number", "编号 9")
	officer.Put("#filed-at", browsertest.Ask[string](officer, "new Date(Date.now() - 3600e3).toISOString().slice(0, 16)"))
	officer.Upload("#pack-proofs", proof)
	officer.Click("input[name=pack-incomplete]")
	officer.Press("main form .do button", ".notice[role=status]")
	officer.Says("编号 9", "image/jpeg")
	officer.Open("/packs/" + id + "/amend")
	officer.Press("main form .do button", ".facts")
	next := strings.TrimPrefix(browsertest.Ask[string](officer, "location.pathname"), "/packs/")
	officer.Says(d.Pack.Number)
	var documents [][]byte
	for _, id := range []string{id, next} {
		text := browsertest.Ask[string](officer, `fetch('/packs/`+id+`/download/json').then(r => r.text())`)
		documents = append(documents, []byte(text))
		from, err := one.DownloadPack(ctx, id, "json")
		c.must(err)
		raw, err := io.ReadAll(from)
		c.must(err)
		from.Close()
		if string(raw) != text {
			t.Errorf("the page hands out %d bytes, the server %d", len(text), len(raw))
		}
	}
	c.must(pack.Chain(documents...))
	officer.Open("/packs?case=" + got.ID)
	if n := browsertest.Ask[int](officer, "document.querySelectorAll('#list tbody tr').length"); n != 2 {
		t.Errorf("%d reports are about the case", n)
	}
}

// TestPackPages looks at the pages of reports in both languages.
func TestPackPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	draft, filed, dismissed := c.packed("draft", "provincial-cac"), c.packed("filed", "12377"), c.packed("dismissed", "public-security")
	if len(draft) == 0 || len(filed) == 0 || len(dismissed) == 0 {
		t.Fatalf("%d drafts, %d filed, %d dismissed", len(draft), len(filed), len(dismissed))
	}
	at, first := "/packs/"+draft[0].ID, filed[len(filed)-1]
	for path, name := range map[string]string{"/packs": "packs", "/packs/new": "pack-new", at: "pack-draft", at + "/file": "pack-file", at + "/dismiss": "pack-dismiss", "/packs/" + first.ID: "pack-filed", "/packs/" + first.ID + "/prove": "pack-prove",
		"/packs/" + first.ID + "/amend": "pack-amend", "/packs/" + dismissed[0].ID: "pack-dismissed"} {
		c.look(staff.Officer, path, name)
	}
	b := c.tab(staff.Officer)
	for _, lang := range []string{"en", "zh"} {
		for name, path := range map[string]string{"pack-draft-read": at, "pack-filed-read": "/packs/" + first.ID, "pack-dismissed-read": "/packs/" + dismissed[0].ID} {
			b.Open("/sign-in?lang=" + lang)
			b.Open(path)
			b.Press(`form[action$="/read"] button`, "#field-summary")
			if text := b.Text(); strings.Contains(text, "page-") || strings.Contains(text, "pack-") || !strings.Contains(text, evil) {
				t.Errorf("%s in %s: %s", path, lang, text)
			}
			b.Look(name+"-"+lang, browsertest.In(lang)...)
		}
	}
}
