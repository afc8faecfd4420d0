package httpapi_test

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/tlog"
	"github.com/colophon-project/colophon/staff"
)

// TestRecordsAsked pages through records by type, by whose hand and by time, and verifies the proof of one from its bytes.
func TestRecordsAsked(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	w.must(w.log.Drain(t.Context()))
	type answer struct {
		Records []httpapi.Record
		Next    string
	}
	var all, one answer
	w.ask("GET", "/v1/records?by=staff&order=newest&limit=500", nil).by(officer).want(200, &all)
	if len(all.Records) < 3 || all.Next != "" {
		t.Fatalf("%d records, next %q", len(all.Records), all.Next)
	}
	var paged []string
	for cursor := ""; ; cursor = one.Next {
		one = answer{}
		w.ask("GET", "/v1/records?by=staff&order=newest&limit=2&cursor="+cursor, nil).by(officer).want(200, &one)
		for _, r := range one.Records {
			paged = append(paged, r.ID)
		}
		if one.Next == "" {
			break
		}
	}
	var want []string
	for _, r := range all.Records {
		if want = append(want, r.ID); r.Role == "application" || r.Role == "system" {
			t.Errorf("%s was done by nobody of the staff", r.Type)
		}
	}
	if !slices.Equal(paged, want) {
		t.Errorf("by pages: %v, want %v", paged, want)
	}
	w.ask("GET", "/v1/records?type=staff.account-created&role=officer", nil).by(officer).want(200, &one)
	for _, r := range one.Records {
		if r.Type != "staff.account-created" || r.Role != "officer" {
			t.Errorf("%+v", r)
		}
	}
	if len(one.Records) < 3 {
		t.Errorf("%d accounts were made", len(one.Records))
	}
	one = answer{}
	w.ask("GET", "/v1/records?from="+w.clock.Now().Add(time.Hour).Format(time.RFC3339), nil).by(officer).want(200, &one)
	if len(one.Records) != 0 {
		t.Errorf("records of the future: %+v", one.Records)
	}
	w.ask("GET", "/v1/records?cursor=99999999999999999999", nil).by(officer).want(422, nil)
	w.ask("GET", "/v1/records", nil).by(w.people[staff.Engineer]).wantCode(403, staff.CodeForbidden)

	var proven httpapi.Proven
	w.ask("GET", "/v1/records/"+want[0]+"/proof", nil).by(officer).want(200, &proven)
	if proven.Proof == nil {
		t.Fatal("no proof")
	}
	c, err := evidence.ParseCheckpoint([]byte(proven.Proof.Checkpoint), w.verifier)
	w.must(err)
	var hashes [][32]byte
	for _, h := range proven.Proof.Hashes {
		raw, err := base64.StdEncoding.DecodeString(h)
		w.must(err)
		hashes = append(hashes, [32]byte(raw))
	}
	w.must(evidence.VerifyInclusion(c, proven.Proof.Index, []byte(proven.Leaf), hashes))
	text := w.ask("GET", "/v1/records/"+want[0]+"/proof", nil).by(officer).with("Accept", "text/plain").want(200, nil).Body
	p, err := evidence.ParseProof(text.Bytes())
	w.must(err)
	_, err = p.Verify([]byte(proven.Leaf), w.verifier)
	w.must(err)
}

// TestOrderRehearsed tells what an order would hit, and gives none.
func TestOrderRehearsed(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, function := w.people[staff.Officer], w.functioned(true)
	w.must(w.config.Watch.Read(t.Context()))
	for scope, c := range map[string]struct {
		target string
		known  bool
		hits   int
	}{"function": {function, true, 1}, "model": {"brush", true, 1}, "service": {"none", false, 0}, "everything": {"", true, 1}, "template": {"poster", false, 0}, "content": {"none", false, 0}} {
		var hit httpapi.OrderHit
		w.ask("POST", "/v1/orders:rehearse", map[string]any{"scope": scope, "target": c.target}).by(officer).want(200, &hit)
		if hit.Known != c.known || len(hit.Functions) != c.hits || len(hit.Orders) != 0 {
			t.Errorf("%s %s: %+v", scope, c.target, hit)
		}
	}
	w.ask("POST", "/v1/orders:rehearse", map[string]any{"scope": "function", "account": "user-1"}).by(officer).want(422, nil)
	list, err := w.config.Orders.InForce(t.Context())
	if err != nil || len(list) != 0 {
		t.Errorf("an order was given: %v, %v", list, err)
	}
	var given httpapi.ControlOrder
	w.ask("POST", "/v1/orders", map[string]any{"scope": "function", "target": function, "action": incident.Stop, "basis": incident.Own, "reason": "test"}).by(officer).with("Idempotency-Key", "o-1").want(201, &given)
	w.must(w.config.Watch.Read(t.Context()))
	var hit httpapi.OrderHit
	w.ask("POST", "/v1/orders:rehearse", map[string]any{"scope": "function", "target": function}).by(officer).want(200, &hit)
	if len(hit.Orders) != 1 || hit.Orders[0].ID != given.ID {
		t.Errorf("%+v", hit.Orders)
	}
}

// TestCustodyShown shows holds, erasures, settings, jobs and the state of the log to those who may see them, with sentences.
func TestCustodyShown(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	var holds struct{ Holds []httpapi.Hold }
	w.ask("GET", "/v1/holds", nil).by(officer).want(200, &holds)
	if len(holds.Holds) != 2 || holds.Holds[1].Lifted == nil {
		t.Errorf("%+v", holds)
	}
	w.ask("GET", "/v1/holds?state=standing", nil).by(officer).want(200, &holds)
	if len(holds.Holds) != 1 {
		t.Errorf("%+v", holds)
	}
	w.ask("GET", "/v1/holds/"+holdID, nil).by(officer).want(200, nil)
	w.ask("GET", "/v1/holds/none", nil).by(officer).want(404, nil)
	var settings struct{ Settings []httpapi.Setting }
	w.ask("GET", "/v1/settings", nil).by(w.people[staff.Engineer]).want(200, &settings)
	if len(settings.Settings) != 1 || settings.Settings[0].About == "" || settings.Settings[0].About == "config.keep-logs" {
		t.Errorf("%+v", settings)
	}
	var jobs struct {
		Jobs  []httpapi.Job
		Depth map[string]int64
	}
	w.ask("GET", "/v1/jobs?state=running", nil).by(officer).want(200, &jobs)
	if len(jobs.Jobs) != 0 || jobs.Depth["dead"] != 1 {
		t.Errorf("%+v", jobs)
	}
	var state httpapi.LogState
	w.ask("GET", "/v1/log/state", nil).as(w.key).want(200, &state)
	if state.Size != 3 || state.Waiting != 1 {
		t.Errorf("%+v", state)
	}
	var report httpapi.LogReport
	w.ask("POST", "/v1/log:check", nil).by(officer).want(200, &report)
	if report.Verdict != "failed" || len(report.Faults) != 1 || report.Faults[0].Code != tlog.CodeRowWrong || report.Faults[0].Sentence == "" || report.Faults[0].Sentence == string(tlog.CodeRowWrong) {
		t.Errorf("%+v", report)
	}
	w.ask("POST", "/v1/accounts:rehearse-erasure", map[string]any{"account": "user-1"}).by(w.people[staff.Engineer]).wantCode(403, staff.CodeForbidden)
	var r httpapi.Rehearsal
	w.ask("POST", "/v1/accounts:rehearse-erasure", map[string]any{"account": "user-1"}).by(officer).want(200, &r)
	if !r.Held || r.State != "restricted" {
		t.Errorf("%+v", r)
	}
}
