package app

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	model "github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/register/dataset"
)

// trains has somebody consent to training, for a function, and returns the consent.
func (h *hands) trains(account, function string) string {
	h.Helper()
	ctx, of := h.Context(), ledger.By{Role: consent.RoleSubject}
	subject, err := h.server.accounts.Subject(ctx, account)
	h.must(err)
	e, err := h.server.consents.Request(ctx, ledger.By{Role: "officer", ID: "somebody"}, consent.Request{Requester: subject, Person: consent.Adult, Language: "zh", RequesterName: "Studio", Why: "a voice for stories",
		Terms: consent.Terms{Modality: []consent.Modality{consent.Voice}, Purpose: "stories", Functions: []string{function}, Train: true, Until: time.Now().Add(24 * time.Hour)}})
	h.must(err)
	n, _, err := h.server.consents.Shown(ctx, of, e.ID, "zh")
	h.must(err)
	c, err := h.server.consents.Challenge(ctx, of, e.ID)
	h.must(err)
	_, err = h.server.consents.Record(ctx, of, e.ID, consent.Take{Nonce: c.Nonce, Body: strings.NewReader("recording")})
	h.must(err)
	_, _, err = h.server.consents.Give(ctx, of, e.ID, consent.Answer{Notice: n.SHA256, Train: true})
	h.must(err)
	return e.ID
}

// items is a manifest: so many items of books, of which the first rests on a consent, and so many of pages, one of them bad.
func items(consent string, books, pages int) []byte {
	var b strings.Builder
	for i := range books {
		one := ""
		if i == 0 {
			one = consent
		}
		fmt.Fprintf(&b, `{"id":"book-%d","text":"Page %d of a book.","source":"books","consent":%q}`+"\n", i, i, one)
	}
	for i := range pages {
		text := "A page of the web."
		if i == 0 {
			text = "Something bad."
		}
		fmt.Fprintf(&b, `{"id":"web-%d","text":%q,"source":"web"}`+"\n", i, text)
	}
	return []byte(b.String())
}

// drawn hands in a manifest and draws a sample of all that is in it.
func (h *hands) drawn(dataset string, manifest []byte) (s httpapi.TrainingSample) {
	h.Helper()
	h.json(&s, "POST", "/v1/datasets/"+dataset+":sample?seed=7", manifest, 201, "Authorization", "Bearer "+h.first)
	return s
}

// judges has somebody judge everything that is left on a sheet.
func (h *hands) judges(session, sheet string) (n int) {
	h.Helper()
	for ; ; n++ {
		var next struct{ Item *httpapi.PanelItem }
		h.as(session, "POST", "/v1/panels/"+sheet+":next", nil, 200, &next)
		if next.Item == nil {
			return n
		}
		var it httpapi.PanelItem
		h.as(session, "GET", "/v1/panel-items/"+next.Item.ID, nil, 200, &it)
		verdict := "passed"
		if strings.Contains(it.Content.Parts[0].Text, "bad") {
			verdict = "failed"
		}
		h.as(session, "POST", "/v1/panel-items/"+it.ID+":judge", object{"verdict": verdict}, 200, nil)
	}
}

func (h *hands) corpusOf(id string) (d httpapi.Dataset, by map[string]httpapi.DatasetYardstick) {
	h.Helper()
	h.as(h.first, "GET", "/v1/datasets/"+id, nil, 200, &d)
	by = map[string]httpapi.DatasetYardstick{}
	for _, y := range d.Yardsticks {
		by[string(y.Yardstick)] = y
	}
	return d, by
}

// TestTrainingData enters a dataset, has a sample of it judged by two, is refused what is barred, and proves what was removed
// after a consent was withdrawn (Generative AI Measures Art. 7; Deep Synthesis Provisions Art. 14). Beside it what serves an
// algorithm changes, and the record says so.
func TestTrainingData(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"starter-library": "on"})
	h.offer()
	pair := object{"zh": "绘画", "en": "Painting"}

	// What serves an algorithm is known by its digest; another model lapses what was found out about it.
	var a httpapi.Algorithm
	h.as(h.first, "POST", "/v1/algorithms", object{"id": "painter", "algorithm": object{"names": pair, "kind": "generation", "origin": "own", "functions": []string{"paint"}}}, 201, nil)
	h.as(h.first, "POST", "/v1/algorithms/painter:declare", object{"version": "1"}, 200, nil)
	h.as(h.first, "POST", "/v1/algorithms/painter:bind", object{"version": "1"}, 200, &a)
	if a.Serving == nil || a.Serving.Version != "1" {
		t.Fatalf("%+v", a)
	}
	before := a.Serving.Digest
	h.as(h.first, "POST", "/v1/functions/paint:change", object{"service": "studio", "names": pair, "purpose": pair, "kind": "image-generation", "class": "other",
		"models": []any{object{"name": model.Image, "version": "2", "own": true}}, "notice": object{"policy": "on-request", "method": pair}, "filing": object{"state": "not-needed", "reason": "It forms no opinion."}}, 200, nil)
	if digest, _, ok := h.server.corpora.algorithms.Serving(t.Context(), "painter"); !ok || digest == before {
		t.Error("another model has the digest of before:", digest, ok)
	}
	h.must(h.server.watchAlgorithms(t.Context()))
	a = httpapi.Algorithm{}
	h.as(h.first, "GET", "/v1/algorithms/painter", nil, 200, &a)
	if n := len(a.Seen); n < 2 || a.Seen[n-2].Digest != before || a.Seen[n-1].Version != "" || a.Serving.Version != "" {
		t.Errorf("%+v", a.Seen)
	}
	var records struct{ Records []struct{ Type string } }
	h.as(h.first, "GET", "/v1/records?type=algorithm.serving", nil, 200, &records)
	if len(records.Records) == 0 {
		t.Error("no record says that something else serves")
	}

	// A dataset that nobody sampled can't be told; one whose source is bad is barred.
	given := h.trains("narrator-1", "paint")
	h.as(h.first, "POST", "/v1/datasets", object{"id": "stories", "dataset": object{"names": object{"zh": "故事", "en": "Stories"}, "modalities": []string{"text"}, "origin": "own", "source": "books and pages",
		"personal": "yes", "bases": []string{"consent"}, "consents": []string{given}, "biometric": "no", "minors": "no"}}, 201, nil)
	if _, by := h.corpusOf("stories"); by["corpus-people"].Verdict != "could-not-tell" || by["corpus-people"].Sampled {
		t.Errorf("%+v", by)
	}
	s := h.drawn("stories", items(given, 12, 8))
	if s.Drawn != 20 || s.Machine.Drawn != 2 || s.Open != 20 {
		t.Fatalf("%+v", s)
	}
	h.as(h.first, "POST", "/v1/training-samples/"+s.ID+":finish", nil, 409, nil)
	if a, b := h.judges(h.first, s.Sheet), h.judges(h.second, s.Sheet); a != 20 || b != 20 {
		t.Fatal(a, b)
	}
	h.as(h.first, "POST", "/v1/training-samples/"+s.ID+":finish", nil, 200, &s)
	d, by := h.corpusOf("stories")
	if by["corpus-people"].Verdict != "failed" || by["source"].Verdict != "failed" || !d.Barred || s.Pairs != 20 || s.Agreed != 20 {
		t.Errorf("%+v %+v", by, s)
	}
	use := object{"algorithm": "painter", "version": "1", "purpose": "tuning"}
	h.as(h.first, "POST", "/v1/datasets/stories:use", use, 403, nil)

	// Without the bad source it is another dataset, which has to be sampled anew, and passes.
	s = h.drawn("stories", items(given, 12, 0))
	if _, by := h.corpusOf("stories"); by["corpus-people"].Verdict != "could-not-tell" || !by["corpus-people"].Stale {
		t.Errorf("%+v", by)
	}
	h.judges(h.first, s.Sheet)
	h.judges(h.second, s.Sheet)
	h.as(h.first, "POST", "/v1/training-samples/"+s.ID+":finish", nil, 200, nil)
	h.as(h.first, "POST", "/v1/datasets/stories:use", use, 200, nil)
	d, by = h.corpusOf("stories")
	if by["corpus-people"].Verdict != "passed" || by["corpus-machine"].Verdict != "passed" || by["source"].Verdict != "passed" || d.Barred || d.Grounds != "passed" {
		t.Errorf("%+v %+v", by, d)
	}

	// A consent is withdrawn: the items have to go, with a clock, and the proof says what the dataset was and is.
	_, err := h.server.consents.Withdraw(t.Context(), ledger.By{Role: consent.RoleSubject}, given, "")
	h.must(err)
	h.must(h.server.followDatasets(t.Context()))
	var removals struct{ Removals []httpapi.DatasetRemoval }
	h.as(h.first, "GET", "/v1/dataset-removals?dataset=stories&state=open", nil, 200, &removals)
	if len(removals.Removals) != 1 || removals.Removals[0].Items != 1 || removals.Removals[0].Before != d.Manifest.Digest || removals.Removals[0].Why != "withdrawn" || len(removals.Removals[0].Uses) != 1 {
		t.Fatalf("%+v", removals)
	}
	r := removals.Removals[0]
	was, prove := items(given, 12, 0), "/v1/dataset-removals/"+r.ID+":prove"
	how := []string{"how", "Deleted from the store and the backups."}
	h.packSend(prove, nil, 409, how...)
	emptied := items("", 12, 0)
	h.json(&d, "POST", "/v1/datasets/stories:list", emptied, 200, "Authorization", "Bearer "+h.first)
	var p httpapi.Problem
	h.packSend(prove, &p, 409, append(how, "file", string(was), "file", string(emptied))...)
	if p.Code != dataset.CodeStill {
		t.Errorf("the column is empty, and the item there: %+v", p)
	}
	h.as(h.first, "GET", "/v1/dataset-removals/"+r.ID, nil, 200, &r)
	if r.State != "open" || r.Proof == nil || r.Proof.Verdict != "failed" || r.Proof.Still != 1 {
		t.Errorf("%+v %+v", r, r.Proof)
	}
	left := was[bytes.IndexByte(was, '\n')+1:]
	h.json(&d, "POST", "/v1/datasets/stories:list", left, 200, "Authorization", "Bearer "+h.first)
	h.packSend(prove, &r, 200, append(how, "file", string(was), "file", string(left))...)
	if d, _ = h.corpusOf("stories"); r.State != "proven" || r.Proof == nil || r.Proof.Verdict != "passed" || r.Proof.After != d.Manifest.Digest || r.Proof.Removed != 1 || d.Removals != 0 {
		t.Errorf("%+v %+v", r, d)
	}
}
