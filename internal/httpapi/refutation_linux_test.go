package httpapi_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/recall"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/staff"
)

// crier is what refutations ask of others: every item went to each of those who are named.
type crier struct {
	*world
	to []refutation.Delivery
}

func (c *crier) Family(_ context.Context, number string) ([]string, bool, error) {
	return []string{number}, true, nil
}

func (c *crier) Deliveries(_ context.Context, _ string, fn func(refutation.Delivery) error) error {
	for _, d := range c.to {
		if err := fn(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *crier) Burst(context.Context, string) (int, bool, error) { return 0, false, nil }

func (c *crier) Open(context.Context, refutation.Suspicion) (string, error) { return "case", nil }

// Read implements httpapi.RecallReader: whatever feed is followed is the one of the world.
func (c *crier) Read(ctx context.Context, id string) error {
	checkpoint, err := c.config.Refutations.Checkpoint(ctx)
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	if err := c.config.Refutations.WriteLines(ctx, &lines, 0, 1<<20); err != nil {
		return err
	}
	_, err = c.config.Recalls.Take(ctx, id, checkpoint, &lines)
	return err
}

// openRefutations adds refutations to the world.
func (w *world) openRefutations(rec *evidence.Recorder) {
	w.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	signer, err := evidence.NewNoteSigner("colophon.test/recall", private, rand.Reader)
	w.must(err)
	w.config.RecallKey, err = note.NewEd25519VerifierKey("colophon.test/recall", public)
	w.must(err)
	w.crier = &crier{world: w}
	changes := ledgers.Feed(w.store)
	w.config.ProviderName, w.config.RecallReader = "Provider", w.crier
	w.config.Recalls = recall.New(ledgers.Of[recall.Source](w.store, recall.LedgerSources), ledgers.Of[recall.Recalled](w.store, recall.Ledger), changes, rec)
	w.config.Refutations, err = refutation.New(refutation.Config{Refutations: ledgers.Of[refutation.Refutation](w.store, refutation.Ledger), Notices: ledgers.Of[refutation.Notice](w.store, refutation.LedgerNotices),
		Lines: ledgers.Of[refutation.Line](w.store, refutation.LedgerLines), Changes: changes, Recorder: rec, Handed: w.crier, Reports: w.crier, Cases: w.crier, Signer: signer, Page: "https://provider.example/refutations/"})
	w.must(err)
}

func refutationDraft() map[string]any {
	return map[string]any{
		"claim": map[string]string{"zh": "视频显示自来水厂发生泄漏。", "en": "A film shows a leak at the water works."}, "verdict": "altered",
		"reason": map[string]string{"zh": "自来水厂的值班记录和市环保部门当晚的水质检测报告都表明没有发生泄漏，视频画面来自外地一次消防演习，声音是合成的。",
			"en": "The log of the water works and the tests of that night show that there was no leak; the pictures are of a fire drill elsewhere."},
		"sources": []map[string]string{{"title": "Report of the water works", "url": "https://water.example/report", "date": "2026-11-21"}},
		"numbers": []string{"n-1"}, "hashes": []string{strings.Repeat("0f", 32)},
		"texts": []string{"据可靠消息，市中心的自来水厂昨夜发生严重泄漏，专家建议全市居民三天之内不要饮用自来水，超市里的瓶装水已经被抢购一空，请大家转告亲友。"},
	}
}

var withdrawn = map[string]any{"why": map[string]string{"zh": "我们后来收到了自来水厂的更正说明，当晚确实发生过一次小范围的管道渗漏，因此撤回这条辟谣信息，并向读者致歉。",
	"en": "The water works corrected their report later: there was a small leak of one pipe that night, so this refutation does not hold and is withdrawn."}}

// refuted is a refutation of somebody who is nobody of the world, brought to a state.
func (w *world) refuted(to refutation.State) refutation.Refutation {
	w.Helper()
	var d struct {
		Claim, Reason feed.Words
		Sources       []feed.Source
	}
	text, err := json.Marshal(refutationDraft())
	w.must(err)
	w.must(json.Unmarshal(text, &d))
	ctx, by, other := w.Context(), ledger.By{Role: "officer", ID: "somebody"}, ledger.By{Role: "officer", ID: "somebody-else"}
	r, err := w.config.Refutations.Draft(ctx, by, refutation.Draft{Claim: d.Claim, Verdict: feed.False, Reason: d.Reason, Sources: d.Sources, Prints: feed.Prints{Numbers: []string{w.unique("n")}}})
	w.must(err)
	if to != refutation.Drafted {
		r, err = w.config.Refutations.Propose(ctx, by, r.ID)
		w.must(err)
	}
	if to == refutation.Published {
		_, err = w.config.Refutations.Publish(ctx, other, r.ID, r.Version)
		w.must(err)
		r, err = w.config.Refutations.Spread(ctx, r.ID)
		w.must(err)
	}
	return r
}

func (w *world) followed() string {
	w.Helper()
	s, err := w.config.Recalls.Follow(w.Context(), ledger.By{Role: "engineer", ID: "somebody"}, "a feed", "https://other.example/v1/recall/lines", w.config.RecallKey)
	w.must(err)
	return s.ID
}

// refutationExample makes the request of [world.example] for routes of refutations and recall feeds.
func (w *world) refutationExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id, body := strangeID, any(nil)
	switch row.ID {
	case "refutations", "public-refutations", "notices", "recall-feed", "recall-lines", "recall-checkpoint", "recall-key", "recall-sources", "recall-entries":
	case "draft-refutation":
		body = refutationDraft()
	case "revise-refutation":
		body = refutationDraft()
		if may {
			id = w.refuted(refutation.Drafted).ID
		}
	case "refutation", "refutation-reach", "refutation-notices", "propose-refutation", "withdraw-refutation":
		if row.ID == "withdraw-refutation" {
			body = map[string]any{}
		}
		if may {
			id = w.refuted(refutation.Drafted).ID
		}
	case "return-refutation", "publish-refutation":
		r := refutation.Refutation{ID: id, Version: 1}
		if may {
			r = w.refuted(refutation.Proposed)
		}
		id = r.ID
		if row.ID == "publish-refutation" {
			body = map[string]any{"version": r.Version}
		}
	case "public-refutation", "spread-refutation":
		if may {
			id = w.refuted(refutation.Published).ID
		}
	case "case-material":
		if may {
			id = w.brought().ID
		}
	case "look-for-refutations":
		body = map[string]any{"numbers": []string{"n-1"}}
	case "own-notices":
		body = map[string]any{"account": person}
	case "acknowledge-notice":
		body = map[string]any{"state": "told"}
		if may {
			w.crier.to = []refutation.Delivery{{To: "s-1", Party: refutation.Account}}
			list, _, err := w.config.Refutations.Notices(w.Context(), refutation.NoticeFilter{Refutation: w.refuted(refutation.Published).ID})
			w.must(err)
			id, w.crier.to = list[0].ID, nil
		}
	case "follow-recall":
		body = map[string]any{"name": "a feed", "url": "https://other.example/v1/recall/lines", "key": w.config.RecallKey}
	case "recall-source", "read-recall", "end-recall":
		if may {
			id = w.followed()
		}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", id, 1), body), true
}

// TestRefutation has one person write, another publish, an application tell its users, and everybody read.
func TestRefutation(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	reviewer, officer := w.people[staff.Reviewer], w.people[staff.Officer]
	subject, err := w.accounts.Subject(t.Context(), person)
	w.must(err)
	keyText, mine := w.newKey(keyActions(), []string{staff.Every}, time.Hour)
	otherText, _ := w.newKey(keyActions(), []string{staff.Every}, time.Hour)
	w.crier.to = []refutation.Delivery{{To: string(subject), Party: refutation.Account}, {To: string(mine), Party: refutation.Application}, {Party: refutation.Account}}

	var made httpapi.Artefact
	w.ask("POST", upload+"&name=a.txt", text("what is refuted")).as(w.key).want(201, &made)
	d := refutationDraft()
	d["numbers"], d["known"], d["cases"] = []string{string(made.Number), "n-1"}, true, []string{"case-1"}
	var r httpapi.Refutation
	w.ask("POST", "/v1/refutations", d).by(officer).want(201, &r)
	w.ask("POST", "/v1/refutations/"+r.ID+":propose", nil).by(officer).want(200, &r)
	w.ask("POST", "/v1/refutations/"+r.ID+":publish", map[string]any{"version": r.Version}).by(officer).wantCode(403, refutation.CodeOwn)
	w.ask("POST", "/v1/refutations/"+r.ID+":withdraw", map[string]any{}).by(reviewer).want(200, &r)
	if r.State != refutation.Withdrawn {
		t.Errorf("%+v", r)
	}
	w.ask("GET", "/v1/public/refutations/"+r.ID, nil).wantCode(404, refutation.CodeMissing)

	w.ask("POST", "/v1/refutations", d).by(reviewer).with("Idempotency-Key", "draft").want(201, &r)
	if len(r.Digests) != 1 || len(r.Near) == 0 || r.URL != "" {
		t.Fatalf("%+v", r)
	}
	d["texts"], d["signatures"] = nil, r.Near
	w.ask("POST", "/v1/refutations/"+r.ID+":revise", d).by(reviewer).want(200, &r)
	w.ask("POST", "/v1/refutations/"+r.ID+":propose", nil).by(reviewer).want(200, &r)
	path := "/v1/refutations/" + r.ID
	w.ask("GET", "/v1/public/refutations/"+r.ID, nil).wantCode(404, refutation.CodeMissing)
	w.ask("POST", path+":publish", map[string]any{"version": r.Version - 1}).by(officer).wantCode(409, refutation.CodeChanged)
	w.ask("POST", path+":publish", map[string]any{"version": r.Version}).by(officer).want(200, &r)
	if r.State != refutation.Published || r.Approver != string(officer.Account.ID) || !strings.HasSuffix(r.URL, "/refutations/"+r.ID) {
		t.Fatalf("%+v", r)
	}

	out := w.ask("GET", "/v1/public/refutations/"+r.ID+"?lang=en", nil).want(200, nil)
	for _, secret := range []string{"writers", "approver", "cases", "reports", "reach", string(officer.Account.ID), string(reviewer.Account.ID), string(subject), "case-1"} {
		if strings.Contains(out.Body.String(), secret) {
			t.Errorf("%s is public: %s", secret, out.Body)
		}
	}
	if text := out.Body.String(); !strings.Contains(text, `"@type":"ClaimReview"`) || !strings.Contains(text, `"@type":"MediaReview"`) || !strings.Contains(text, `"inLanguage":"en"`) {
		t.Error(text)
	}
	w.looks(r.ID, string(made.Number))
	w.delivers(r.ID, subject, keyText, otherText)

	w.ask("POST", path+":withdraw", withdrawn).by(reviewer).want(403, nil)
	w.ask("POST", path+":withdraw", map[string]any{}).by(officer).want(422, nil)
	w.ask("POST", path+":withdraw", withdrawn).by(officer).want(200, &r)
	var shown httpapi.PublicRefutation
	if out := w.ask("GET", "/v1/public/refutations/"+r.ID, nil).want(200, &shown); shown.State != refutation.Withdrawn || shown.Why == nil || strings.Contains(out.Body.String(), "ClaimReview") {
		t.Error(out.Body)
	}
	var page struct{ Refutations []httpapi.PublicRefutation }
	if w.ask("GET", "/v1/public/refutations", nil).want(200, &page); len(page.Refutations) != 1 || page.Refutations[0].ID != r.ID {
		t.Errorf("%+v", page)
	}
	var list struct{ Notices []httpapi.RefutationNotice }
	w.ask("GET", "/v1/notices", nil).as(keyText).want(200, &list)
	if !slices.ContainsFunc(list.Notices, func(n httpapi.RefutationNotice) bool {
		return n.Kind == feed.Withdraw && n.Subject == subject && n.Says.State == refutation.Withdrawn
	}) {
		t.Errorf("%+v", list.Notices)
	}
}

// looks has everybody ask about content.
func (w *world) looks(id, number string) {
	w.Helper()
	far := phash.Hash{0xfedcba9876543210, 0x0123456789abcdef, 0x3333333333333333, 0x5555aaaa5555aaaa}
	for _, one := range []struct {
		ask   map[string]any
		want  string
		found int
	}{
		{map[string]any{"numbers": []string{number}}, "refuted", 1},
		{map[string]any{"hashes": []map[string]any{{"pdq": strings.Repeat("0f", 31) + "0e", "quality": 90}}}, "like", 1},
		{map[string]any{"hashes": []map[string]any{{"pdq": strings.Repeat("0f", 32), "quality": 10}}}, "unsure", 0},
		{map[string]any{"hashes": []map[string]any{{"pdq": far.String(), "quality": 90}}}, "nothing", 0},
		{map[string]any{"text": "听说，市中心的自来水厂昨夜发生严重泄漏，专家建议全市居民三天之内不要饮用自来水，超市里的瓶装水已经被抢购一空，请大家转告亲友。"}, "like", 1},
		{map[string]any{"text": "short"}, "unsure", 0},
		{map[string]any{"numbers": []string{"n-elsewhere"}}, "nothing", 0},
	} {
		var v httpapi.Looked
		w.ask("POST", "/v1/public/refutations:look", one.ask).want(200, &v)
		if v.Result != one.want || len(v.Found) != one.found || v.Says.Sentence == "" || v.Says.Sentence == string(v.Says.Code) || (one.want == "unsure") != (len(v.Unlooked) > 0) {
			w.Errorf("%v: %+v", one.ask, v)
		}
		if one.found > 0 && (v.Found[0].ID != id || v.Found[0].Certain != (one.want == "refuted")) {
			w.Errorf("%v: %+v", one.ask, v.Found[0])
		}
	}
	w.ask("POST", "/v1/public/refutations:look", map[string]any{}).want(422, nil)
}

// delivers has an application tell those whom it can.
func (w *world) delivers(id string, subject evidence.Subject, mine, other string) {
	w.Helper()
	var reach httpapi.RefutationReach
	w.ask("GET", "/v1/refutations/"+id+"/reach", nil).by(w.people[staff.Auditor]).want(200, &reach)
	if reach.Deliverable != 2 || reach.Reached != 0 || reach.Unreachable < 1 || len(reach.Unknown) == 0 || reach.Unknown[0].Sentence.Sentence == "" {
		w.Fatalf("%+v", reach)
	}
	var list struct{ Notices []httpapi.RefutationNotice }
	if w.ask("GET", "/v1/notices", nil).as(other).want(200, &list); len(list.Notices) != 1 || list.Notices[0].Subject != subject || list.Notices[0].Says.ID != id {
		w.Fatalf("%+v", list.Notices)
	}
	if w.ask("GET", "/v1/notices", nil).as(mine).want(200, &list); len(list.Notices) != 2 {
		w.Fatalf("%+v", list.Notices)
	}
	for _, n := range list.Notices {
		if n.Party == refutation.Application {
			w.ask("POST", "/v1/notices/"+n.ID+":acknowledge", map[string]any{"state": "read"}).as(other).wantCode(404, refutation.CodeNotice)
			w.ask("POST", "/v1/notices/"+n.ID+":acknowledge", map[string]any{"state": "dropped"}).as(mine).want(422, nil)
			w.ask("POST", "/v1/notices/"+n.ID+":acknowledge", map[string]any{"state": "unreachable"}).as(mine).want(200, nil)
		}
	}
	if w.ask("POST", "/v1/notices:own", map[string]any{"account": person}).as(other).want(200, &list); len(list.Notices) != 1 {
		w.Fatalf("%+v", list.Notices)
	}
	var n httpapi.RefutationNotice
	w.ask("POST", "/v1/notices/"+list.Notices[0].ID+":acknowledge", map[string]any{"state": "read"}).as(other).want(200, &n)
	if n.State != refutation.Read || n.Told == nil || n.Acknowledged == "" {
		w.Errorf("%+v", n)
	}
	w.ask("GET", "/v1/refutations/"+id+"/reach", nil).by(w.people[staff.Auditor]).want(200, &reach)
	if reach.Reached != 1 || reach.Read != 1 || reach.Deliverable != 0 || reach.Unreachable < 2 {
		w.Errorf("%+v", reach)
	}
	var read struct{ Notices []httpapi.RefutationNotice }
	if w.ask("GET", "/v1/refutations/"+id+"/notices?state=read", nil).by(w.people[staff.Auditor]).want(200, &read); len(read.Notices) != 1 || read.Notices[0].Says != nil {
		w.Errorf("%+v", read.Notices)
	}
}

// TestRecallFeed reads the feed as others do, and follows it.
func TestRecallFeed(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *httpapi.Config) { c.PublicURL = "https://provider.example" })
	for range 3 {
		w.refuted(refutation.Published)
	}
	key, err := note.NewVerifier(strings.TrimSpace(w.ask("GET", "/v1/recall/key", nil).want(200, nil).Body.String()))
	w.must(err)
	checkpoint := w.ask("GET", "/v1/recall/checkpoint", nil).want(200, nil).Body.Bytes()
	out := w.ask("GET", "/v1/recall/lines", nil).want(200, nil)
	lines, tag := out.Body.Bytes(), out.Header().Get("ETag")
	entries, head, err := feed.Read(bytes.NewReader(lines), checkpoint, key, feed.Head{})
	if err != nil || len(entries) != 3 || head.Size != 3 || entries[0].URL == "" {
		t.Fatal(len(entries), head, err)
	}
	if out := w.ask("GET", "/v1/recall/lines", nil).with("If-None-Match", tag).send(); out.Code != http.StatusNotModified {
		t.Error(out.Code)
	}
	changed := bytes.Replace(lines, []byte("leak"), []byte("lake"), 1)
	if _, _, err := feed.Read(bytes.NewReader(changed), checkpoint, key, feed.Head{}); err == nil {
		t.Error("a changed feed is taken")
	}
	first, err := feed.ParseLine(lines[:bytes.IndexByte(lines, '\n')])
	w.must(err)
	rest := w.ask("GET", "/v1/recall/lines?after=1", nil).want(200, nil).Body.Bytes()
	if !bytes.HasSuffix(lines, rest) || bytes.Count(rest, []byte("\n")) != 2 || first.Sequence != 1 {
		t.Errorf("%s", rest)
	}
	w.refuted(refutation.Published)
	if out := w.ask("GET", "/v1/recall/lines", nil).with("If-None-Match", tag).want(200, nil); out.Header().Get("ETag") == tag {
		t.Error("the tag stays")
	}

	var got []string
	for path := "/v1/recall/feed.json?lang=zh&limit=3"; path != ""; {
		var d feed.Document
		out := w.ask("GET", path, nil).want(200, &d)
		if kind := out.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/feed+json") || d.Language != "zh" || d.Recall.Lines != "https://provider.example/v1/recall/lines" || d.Title == "" {
			t.Fatalf("%s %+v", kind, d)
		}
		for _, it := range d.Items {
			got = append(got, fmt.Sprint(it.Entry.Sequence))
		}
		path = strings.TrimPrefix(d.Next, "https://provider.example")
	}
	if strings.Join(got, " ") != "4 3 2 1" {
		t.Error(got)
	}

	engineer := w.people[staff.Engineer]
	var s httpapi.RecallSource
	w.ask("POST", "/v1/recall/sources", map[string]any{"name": "ourselves", "url": "https://provider.example/v1/recall/lines", "key": w.config.RecallKey}).as(engineer.Token).want(201, &s)
	if s.Seen != 4 || s.State != recall.Followed || s.Read == nil || s.Trouble != nil {
		t.Fatalf("%+v", s)
	}
	var page struct{ Entries []httpapi.RecallEntry }
	if w.ask("GET", "/v1/recall/entries?source="+s.ID, nil).as(w.people[staff.Reviewer].Token).want(200, &page); len(page.Entries) != 4 || page.Entries[0].Name != "ourselves" || page.Entries[0].Claim.EN == "" {
		t.Errorf("%+v", page.Entries)
	}
	w.ask("POST", "/v1/recall/sources/"+s.ID+":end", nil).as(engineer.Token).want(200, &s)
	page.Entries = nil
	if w.ask("GET", "/v1/recall/entries", nil).as(engineer.Token).want(200, &page); s.State != recall.Ended || page.Entries[0].State != recall.Retracted {
		t.Errorf("%+v %+v", s, page.Entries[0])
	}
	w.ask("POST", "/v1/recall/sources", map[string]any{"name": "x", "url": "ftp://provider.example/lines", "key": w.config.RecallKey}).as(engineer.Token).wantCode(422, recall.CodeInvalid)
}

// TestCaseMaterial shows what a draft may take from a case, and nothing of who brought it.
func TestCaseMaterial(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var made httpapi.Artefact
	w.ask("POST", upload+"&name=a.txt", text("what is reported")).as(w.key).want(201, &made)
	var got httpapi.CaseReceipt
	w.complaint("/v1/public/cases", "number", string(made.Number), "kind", "rumour", "file", "a copy").want(201, &got)
	var m httpapi.CaseMaterial
	out := w.ask("GET", "/v1/cases/"+got.ID+"/material", nil).by(w.people[staff.Reviewer]).want(200, &m)
	a, err := w.register.Artefact(t.Context(), made.Number)
	w.must(err)
	if !slices.Equal(m.Cases, []string{got.ID}) || !slices.Equal(m.Numbers, []string{string(made.Number)}) || len(m.Digests) != 2 || m.Digests[1].Value != fmt.Sprintf("%x", a.After) || len(m.Like) != 0 {
		t.Errorf("%+v", m)
	}
	if strings.Contains(out.Body.String(), "mail.example") || strings.Contains(out.Body.String(), "somebody wrote") {
		t.Error(out.Body)
	}
}
