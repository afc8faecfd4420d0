package httpapi_test

import (
	"bytes"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/staff"
)

// TestEntryProcedure takes features through the entry procedure: into force, and out of it.
func TestEntryProcedure(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	reviewer, officer, engineer := w.people[staff.Reviewer], w.people[staff.Officer], w.people[staff.Engineer]
	word := "内部渠道代办护照"
	entry := map[string]any{"id": "w-1", "value": word, "category": "fraud", "level": "block", "language": "zh", "source": "s", "standard": "s", "reason": "r", "from": "2026-01-01", "until": "2026-12-31", "aliases": []string{"护照代办渠道"}}
	var b httpapi.FeatureBatch
	propose := map[string]any{"origin": "a list", "features": []any{entry}}
	w.ask("POST", "/v1/features", propose).by(reviewer).with("Idempotency-Key", "k").want(201, &b)
	w.ask("POST", "/v1/features", propose).by(reviewer).with("Idempotency-Key", "k").want(201, nil)
	w.ask("POST", "/v1/features", propose).by(engineer).wantCode(409, library.CodeExists)
	if b.Count != 1 || b.States["proposed"] != 1 || b.Proposer != string(reviewer.Account.ID) {
		t.Errorf("%+v", b)
	}
	act := func(verb string, by staff.Opened, more ...string) call {
		body := map[string]any{"batch": b.ID}
		for _, reason := range more {
			body["reason"] = reason
		}
		return w.ask("POST", "/v1/features:"+verb, body).by(by)
	}
	act("review", reviewer).wantCode(403, library.CodeSelf)
	act("replay", officer).wantCode(403, library.CodeStep)
	act("activate", officer).wantCode(403, library.CodeStep)
	act("review", officer).want(200, nil)
	act("review", officer).wantCode(403, library.CodeStep)
	act("replay", officer).wantCode(403, library.CodeNoSamples)
	var r httpapi.ReplayReport
	specimens := map[string]any{"samples": []any{
		map[string]any{"text": "听说有" + word + "的", "origin": "help page", "until": w.clock.Now().Add(time.Hour)},
		map[string]any{"text": "春天来了", "origin": "help page", "until": w.clock.Now().Add(time.Hour)}}}
	var ids struct{ IDs []string }
	w.ask("POST", "/v1/samples", specimens).by(officer).want(201, &ids)
	act("replay", officer).want(200, &r)
	if r.Verdict != "passed" || r.Samples != 2 || r.Gains != 1 || !slices.Equal(r.Gaining, ids.IDs[:1]) || len(r.Features) != 1 || r.Features[0].Feature != "w-1" {
		t.Errorf("%+v", r)
	}
	if v := w.screen(asked("output", word)); v.Action != "allow" {
		t.Errorf("it judges before it is in force: %+v", v)
	}
	act("activate", reviewer).wantCode(403, staff.CodeForbidden)
	var v httpapi.LibraryVersion
	act("activate", officer).want(200, &v)
	if j := w.screen(asked("output", word)); v.Number != 1 || v.Count != 1 || j.Action != "refuse" || j.Findings[0].Feature != "w-1" || !strings.HasPrefix(j.Library, "1-") {
		t.Errorf("%+v %+v", v, j)
	}
	var list struct{ Features []httpapi.Feature }
	w.ask("GET", "/v1/features?state=active&contains=渠道&kind=keyword&category=fraud&id=w-1&batch="+b.ID, nil).as(w.key).want(200, &list)
	if len(list.Features) != 1 || list.Features[0].Until != "2026-12-31" || list.Features[0].Since != 1 || list.Features[0].Reviewer != string(officer.Account.ID) || list.Features[0].Aliases[0] != "护照代办渠道" {
		t.Errorf("%+v", list)
	}
	act("retire", officer).wantCode(422, library.CodeReason)
	act("retire", officer, "out of date").want(200, &v)
	if j := w.screen(asked("output", word)); v.Number != 2 || v.Count != 0 || j.Action != "allow" {
		t.Errorf("%+v %+v", v, j)
	}
	w.ask("POST", "/v1/samples:remove", map[string]any{"ids": ids.IDs, "reason": "done"}).by(officer).want(204, nil)
	var left struct{ Samples []httpapi.LibrarySample }
	w.ask("GET", "/v1/samples", nil).by(reviewer).want(200, &left)
	if len(left.Samples) != 0 {
		t.Errorf("%+v", left)
	}
	w.silent("听说有", "春天来了")
}

// TestReplayWithoutSamples says that nothing was tried.
func TestReplayWithoutSamples(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var r httpapi.ReplayReport
	w.ask("POST", "/v1/features:replay", map[string]any{"batch": w.batch(library.Reviewed), "reason": "a new service has no samples"}).by(w.people[staff.Officer]).want(200, &r)
	if r.Verdict != "could-not-tell" || r.Samples != 0 {
		t.Errorf("%+v", r)
	}
}

// TestRejectedFeatures keeps what was rejected out of force.
func TestRejectedFeatures(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	id := w.batch(library.Proposed)
	w.ask("POST", "/v1/features:reject", map[string]any{"batch": id}).by(officer).wantCode(422, library.CodeReason)
	var n struct{ Count int }
	w.ask("POST", "/v1/features:reject", map[string]any{"batch": id, "reason": "too wide"}).by(officer).want(200, &n)
	w.ask("POST", "/v1/features:review", map[string]any{"batch": id}).by(officer).wantCode(403, library.CodeStep)
	w.ask("POST", "/v1/features:review", map[string]any{"batch": strangeID}).by(officer).wantCode(404, library.CodeMissing)
	w.ask("POST", "/v1/features:review", map[string]any{}).by(officer).wantCode(422, library.CodeNothing)
	w.ask("POST", "/v1/features:review", map[string]any{"ids": []string{"t-fraud"}, "batch": id}).by(officer).wantCode(422, library.CodeNothing)
	if n.Count != 1 {
		t.Error(n)
	}
}

// TestLibraryFiles imports a file, exports what is in force, and takes that in elsewhere.
func TestLibraryFiles(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	engineer, officer := w.people[staff.Engineer], w.people[staff.Officer]
	const from = "/v1/features:import?origin=list.csv&standard=s&reason=r&language=zh&source=list"
	file := "keyword,category,level\n代开发票增值,fraud,block\n\"跑分,洗钱\",fraud,review\n"
	for _, c := range []struct {
		query, file string
		code        colophon.Code
		line        string
	}{
		{"", file + "某词,无此类,block\n", library.CodeCategory, "4"}, {"", file + "某词,fraud,grave\n", library.CodeField, "4"}, {"", file + "\"某词,fraud\n", library.CodeLine, "4"},
		{"", file + "某词,fraud\n", library.CodeLine, "4"}, {"", "word,category\n", library.CodeHeader, ""}, {"&format=json", "{}\n", library.CodeLine, "1"},
		{"&format=json", `{"value":"a"}` + "\n", library.CodeLine, "1"}, {"", file + "代开发票增值,fraud,block\n", library.CodeDuplicate, "4"},
	} {
		p := w.ask("POST", from+c.query, []byte(c.file)).by(engineer).want(422, nil)
		if body := p.Body.String(); !strings.Contains(body, string(c.code)) || c.line != "" && !strings.Contains(body, `"line":"`+c.line+`"`) || strings.Contains(body, "某词") {
			t.Errorf("%q: %s, want %s", c.file, body, c.code)
		}
	}
	w.ask("POST", from, []byte(file)).by(engineer).with("Content-Digest", "sha-256=:"+strings.Repeat("A", 43)+"=:").wantCode(400, httpapi.CodeContentDigest)
	w.ask("POST", from, []byte(file+strings.Repeat(" ", maxUpload+(64<<10)))).by(engineer).wantCode(413, httpapi.CodeBodyTooLarge)
	w.ask("POST", "/v1/features:import", []byte(file)).by(engineer).wantCode(422, httpapi.CodeFields)
	var b httpapi.FeatureBatch
	w.ask("POST", from, []byte("\ufeff"+file)).by(engineer).want(201, &b)
	if b.Count != 2 || b.Origin != "list.csv" {
		t.Errorf("%+v", b)
	}
	w.force(b.ID, officer)

	get := func(query string) *httptest.ResponseRecorder {
		return w.ask("GET", "/v1/library/export"+query, nil).as(w.key).want(200, nil)
	}
	signed := get("")
	read, err := library.ReadJSON(bytes.NewReader(signed.Body.Bytes()), library.Defaults{}, w.verifier)
	w.must(err)
	if read.Verdict != colophon.Passed || len(read.Features) != 2 || read.Version.Number != 1 || read.Signer != w.verifier.Name() ||
		signed.Header().Get("Content-Disposition") != `attachment; filename="library-1.json"` {
		t.Errorf("%+v %v", read, signed.Header())
	}
	plain := get("?format=csv")
	list, err := library.ReadCSV(bytes.NewReader(plain.Body.Bytes()), library.Defaults{})
	w.must(err)
	if len(list) != 2 || !slices.EqualFunc(list, read.Features, func(a, b library.Feature) bool { return a.ID == b.ID && a.Key() == b.Key() && a.Standard == b.Standard }) {
		t.Errorf("%+v", list)
	}
	w.ask("GET", "/v1/library/export?version=99", nil).as(w.key).wantCode(404, library.CodeMissing)

	other := open(t, nil)
	take := func(query string, content []byte) call {
		return other.ask("POST", "/v1/features:import?origin=elsewhere&format=json"+query, content).by(other.people[staff.Engineer])
	}
	changed := bytes.Replace(signed.Body.Bytes(), []byte("代开发票增值"), []byte("代开发票减值"), 1)
	take("", changed).want(422, nil)
	take("&signed=true", signed.Body.Bytes()).wantCode(403, library.CodeSignature)
	take("", signed.Body.Bytes()).want(201, &b)
	if b.Count != 2 {
		t.Errorf("%+v", b)
	}
}

// TestImportIsWhole refuses a file of which it would take a part.
func TestImportIsWhole(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *httpapi.Config) { c.MaxUpload = 128 << 20 })
	file := append([]byte("value,category,level\nword,fraud,note\n"), bytes.Repeat([]byte("\n"), 64<<20)...)
	w.ask("POST", "/v1/features:import?origin=o&standard=s&reason=r", file).by(w.people[staff.Engineer]).wantCode(413, httpapi.CodeBodyTooLarge)
}

// force has a batch reviewed, replayed and activated by one person who did not propose it.
func (w *world) force(batch string, by staff.Opened) {
	w.Helper()
	for _, verb := range []string{"review", "replay", "activate"} {
		w.ask("POST", "/v1/features:"+verb, map[string]any{"batch": batch, "reason": "test"}).by(by).want(200, nil)
	}
}

// TestCoverage shows the library, and its pages.
func TestCoverage(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var c httpapi.LibraryCoverage
	w.ask("GET", "/v1/library", nil).as(w.key).want(200, &c)
	at := slices.IndexFunc(c.Topics, func(x httpapi.CoverageTopic) bool { return x.Category == "fraud" })
	if c.Words.Entries != 4 || c.Words.Least != 10000 || c.Words.Enough || at < 0 || c.Topics[at].Words.Entries != 1 || c.Topics[at].Words.Languages["zh"] != 1 || !c.Topics[at].Illegal ||
		len(c.Risks) != 31 || !strings.HasSuffix(c.InForce, "starter") || c.Version != 0 {
		t.Errorf("%+v", c)
	}
	var page struct {
		Features []httpapi.Feature
		Next     string
	}
	var ids []string
	for cursor := ""; ; cursor = page.Next {
		page.Next = ""
		w.ask("GET", "/v1/features?limit=4&cursor="+cursor, nil).as(w.key).want(200, &page)
		for _, f := range page.Features {
			ids = append(ids, f.ID)
		}
		if page.Next == "" {
			break
		}
	}
	if !slices.Equal(ids, []string{"t-file", "t-fraud", "t-harm", "t-news", "t-picture", "t-weapons"}) {
		t.Error(ids)
	}
	first, second := w.batch(library.Proposed), w.batch(library.Active)
	var batches struct{ Batches []httpapi.FeatureBatch }
	w.ask("GET", "/v1/feature-batches?limit=2", nil).as(w.key).want(200, &batches)
	if len(batches.Batches) != 2 || batches.Batches[0].ID != second || batches.Batches[1].ID != first {
		t.Errorf("%+v", batches)
	}
	w.ask("GET", "/v1/feature-batches?state=active", nil).as(w.key).want(200, &batches)
	if len(batches.Batches) != 1 || batches.Batches[0].ID != second {
		t.Errorf("%+v", batches)
	}
}
