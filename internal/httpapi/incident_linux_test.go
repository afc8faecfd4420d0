package httpapi_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident/correction"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/staff"
)

// receipts keeps the proofs of reports in the tests.
type receipts struct{ *registry }

func (r receipts) KeepProof(ctx context.Context, from io.Reader) (report.ProofFile, error) {
	p, err := r.registry.KeepProof(ctx, from)
	return report.ProofFile{Proof: report.Proof(p.Proof), Blob: p.Blob, Key: p.Key}, err
}

func (r receipts) OpenProof(ctx context.Context, p report.ProofFile) (io.ReadCloser, error) {
	return r.registry.OpenProof(ctx, pack.ProofFile{Proof: pack.Proof(p.Proof), Blob: p.Blob, Key: p.Key})
}

// openIncidents adds incidents, corrections and a calendar of one date to the world.
func (w *world) openIncidents(kept *blobs, rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	rules, err := report.Starter()
	w.must(err)
	w.config.IncidentFiles = receipts{&registry{blobs: kept}}
	w.config.Incidents, err = report.New(report.Config{Incidents: ledgers.Of[report.Incident](w.store, report.Ledger), Events: ledgers.Of[report.Event](w.store, report.EventLedger), Papers: ledgers.Of[report.Paper](w.store, report.PaperLedger),
		Drills: ledgers.Of[report.Drill](w.store, report.DrillLedger), Recorder: rec, Keys: keys, Rules: rules, Operator: report.Other, AtOnce: 2 * time.Hour, DrillEvery: 12})
	w.must(err)
	w.config.Corrections, err = correction.New(correction.Config{Cases: ledgers.Of[correction.Case](w.store, correction.Ledger), Recorder: rec, Keys: keys, AtOnce: 2 * time.Hour, Correct: 30 * 24 * time.Hour})
	w.must(err)
	w.config.Calendar = []func(ctx context.Context, from, until time.Time) ([]httpapi.Date, error){
		func(_ context.Context, from, until time.Time) ([]httpapi.Date, error) {
			if until.Sub(from) == 60*24*time.Hour {
				return slices.Repeat([]httpapi.Date{{At: from, Kind: "clock", Title: "calendar-report-duty"}}, 2001), nil
			}
			return []httpapi.Date{{At: w.clock.Now().Add(-48 * time.Hour), Kind: "clock", Title: "calendar-report-duty", Ref: "report-duty", ID: "overdue", State: httpapi.DateOver}, {At: from.Add(time.Hour), Kind: "clock", Title: "calendar-report-duty", Ref: "report-duty", ID: "d-1", State: httpapi.DateComing}, {At: from.Add(-time.Hour), Kind: "clock", Title: "calendar-report-duty", ID: "before"}}, nil
		},
		func(_ context.Context, from, until time.Time) ([]httpapi.Date, error) {
			if until.Sub(from) <= 31*24*time.Hour {
				return nil, errors.New("no")
			}
			return nil, nil
		},
	}
}

var ourOfficer, otherOfficer = ledger.By{Role: "officer", ID: "somebody"}, ledger.By{Role: "officer", ID: "somebody-else"}

// openedIncident is one of a kind that nothing grades, so that one person closes it.
func (w *world) openedIncident(kind report.Kind) report.Incident {
	w.Helper()
	v, err := w.config.Incidents.Open(w.Context(), ourOfficer, report.Draft{Kinds: []report.Kind{kind}, Words: report.Particulars{Title: "strange sign-ins", Summary: "seen by night"}})
	w.must(err)
	return v
}

func (w *world) draftedReport(filed bool) report.Paper {
	w.Helper()
	p, err := w.config.Incidents.DraftPaper(w.Context(), ourOfficer, w.openedIncident(report.Security).ID, report.FirstReport, nil)
	w.must(err)
	if filed {
		proof, err := w.config.IncidentFiles.KeepProof(w.Context(), strings.NewReader(receiptPDF))
		w.must(err)
		p, err = w.config.Incidents.File(w.Context(), ourOfficer, p.ID, report.Filing{Channel: "12387", At: w.clock.Now(), Incomplete: true}, proof)
		w.must(err)
	}
	return p
}

// incidentExample makes the request of [world.example] for routes of incidents, drills, corrections and the calendar.
func (w *world) incidentExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	why := map[string]any{"why": "It is so."}
	path := func(id string) string { return strings.Replace(row.Path, "{id}", id, 1) }
	switch {
	case row.ID == "calendar" || row.ID == "calendar-ics" || row.ID == "incident-rules" || row.ID == "incidents" || row.ID == "drills" || row.ID == "drills-standing" || row.ID == "corrections":
		return w.ask(row.Method, row.Path, nil), true
	case row.ID == "open-incident":
		return w.ask(row.Method, row.Path, map[string]any{"kinds": []string{"content"}, "title": "illegal output"}), true
	case row.ID == "plan-drill":
		return w.ask(row.Method, row.Path, map[string]any{"playbook": "security", "day": w.clock.Now().Add(24 * time.Hour), "scenario": "a key leaks"}), true
	case row.ID == "open-correction":
		return w.ask(row.Method, row.Path, map[string]any{"title": "illegal output"}), true
	case strings.HasPrefix(row.Path, "/v1/incident-reports/"):
		return w.reportExample(row, may), true
	case strings.HasPrefix(row.Path, "/v1/drills/"):
		return w.drillExample(row, may, path, why), true
	case strings.HasPrefix(row.Path, "/v1/corrections/"):
		return w.correctionExample(row, may, path, why), true
	case !strings.HasPrefix(row.Path, "/v1/incidents/"):
		return call{}, false
	}
	id := strangeID
	if may {
		kind := report.Content
		if row.ID == "incident-confirm" || row.ID == "incident-keep-open" || row.ID == "incident-agree" || row.ID == "incident-disagree" {
			kind = report.Vulnerability
		}
		v := w.openedIncident(kind)
		id = v.ID
		w.before(row.ID, v)
	}
	switch row.ID {
	case "incident", "read-incident":
		return w.ask(row.Method, path(id), nil), true
	case "draft-incident-report":
		return w.ask(row.Method, path(id), map[string]any{"form": "first-report"}), true
	case "incident-learn":
		return w.ask(row.Method, path(id), map[string]any{"facts": map[string]any{"persons": map[string]any{"least": 1}}, "why": "counted"}), true
	case "incident-widen":
		return w.ask(row.Method, path(id), map[string]any{"kind": "misuse", "why": "counted"}), true
	case "incident-known":
		return w.ask(row.Method, path(id), map[string]any{"at": w.clock.Now().Add(-time.Hour), "why": "a mail"}), true
	case "incident-tick":
		return w.ask(row.Method, path(id), map[string]any{"step": "content/stop", "state": "done"}), true
	case "incident-note":
		return w.ask(row.Method, path(id), map[string]any{"text": "seen"}), true
	case "incident-close":
		return w.ask(row.Method, path(id), map[string]any{"outcome": "dismissed", "why": "It was none."}), true
	}
	return w.ask(row.Method, path(id), why), true
}

// before brings an incident to where an act may follow.
func (w *world) before(act string, v report.Incident) {
	w.Helper()
	ctx, k := w.Context(), w.config.Incidents
	switch act {
	case "incident-agree", "incident-disagree":
		_, err := k.Learn(ctx, ourOfficer, v.ID, map[string]report.Fact{report.FactEndangers: report.Yes()}, "judged")
		w.must(err)
		_, err = k.Learn(ctx, ourOfficer, v.ID, map[string]report.Fact{report.FactEndangers: report.No()}, "judged anew")
		w.must(err)
	case "incident-confirm", "incident-keep-open":
		_, err := k.Widen(ctx, ourOfficer, v.ID, report.Security, "it is")
		w.must(err)
		_, err = k.Close(ctx, ourOfficer, v.ID, report.Dismissed, "It was none.")
		w.must(err)
	case "incident-reopen":
		_, err := k.Close(ctx, ourOfficer, v.ID, report.Dismissed, "It was none.")
		w.must(err)
	case "draft-incident-report":
		_, err := k.Widen(ctx, ourOfficer, v.ID, report.Security, "it is")
		w.must(err)
	}
}

func (w *world) reportExample(row httpapi.Row, may bool) call {
	w.Helper()
	id, digest := strangeID, strings.Repeat("0", 64)
	if may {
		p := w.draftedReport(row.ID == "incident-report-proof" || row.ID == "prove-incident-report" || row.ID == "amend-incident-report")
		if id = p.ID; len(p.Proofs) > 0 {
			digest = p.Proofs[0].SHA256
		}
	}
	path := strings.NewReplacer("{id}", id, "{sha256}", digest).Replace(row.Path)
	switch row.ID {
	case "file-incident-report":
		return w.multipart(path, "channel", "12387", "at", w.clock.Now().Format(time.RFC3339), "incomplete", "true", "file", receiptPDF)
	case "prove-incident-report":
		return w.multipart(path, "file", receiptPDF)
	case "fill-incident-report", "amend-incident-report":
		return w.ask(row.Method, path, map[string]any{"answers": []map[string]any{{"field": "effect", "state": "known", "lines": []string{"一"}}}})
	case "drop-incident-report":
		return w.ask(row.Method, path, map[string]any{"why": "It is none."})
	}
	return w.ask(row.Method, path, nil)
}

func (w *world) drillExample(row httpapi.Row, may bool, path func(string) string, why map[string]any) call {
	w.Helper()
	id, k := strangeID, w.config.Incidents
	held := map[string]any{"held": w.clock.Now(), "result": "passed", "report": "It went well."}
	if may {
		d, err := k.PlanDrill(w.Context(), ourOfficer, report.Security, w.clock.Now().Add(24*time.Hour), "a key leaks")
		w.must(err)
		if id = d.ID; row.ID == "mend-drill" {
			_, err = k.HoldDrill(w.Context(), ourOfficer, id, report.Outcome{Held: w.clock.Now(), Report: "It went.", Findings: []string{"slow"}})
			w.must(err)
		}
	}
	switch row.ID {
	case "hold-drill":
		return w.ask(row.Method, path(id), held)
	case "mend-drill":
		return w.ask(row.Method, path(id), map[string]any{"finding": 1, "why": "mended"})
	case "cancel-drill":
		return w.ask(row.Method, path(id), why)
	}
	return w.ask(row.Method, path(id), nil)
}

func (w *world) correctionExample(row httpapi.Row, may bool, path func(string) string, why map[string]any) call {
	w.Helper()
	id, k := strangeID, w.config.Corrections
	shown := []correction.Evidence{{Kind: "order", ID: "o-1"}}
	if may {
		c, err := k.Open(w.Context(), ourOfficer, correction.Draft{Words: correction.Words{Title: "illegal output"}})
		w.must(err)
		id = c.ID
		for _, s := range correction.Steps() {
			told := correction.Told{At: w.clock.Now(), Evidence: shown}
			if s == correction.Correct {
				told.How = correction.ByFilter
			}
			if row.ID == "close-correction" || row.ID == "retract-correction" && s == correction.Stop {
				_, err = k.Take(w.Context(), otherOfficer, id, s, told)
				w.must(err)
			}
		}
		if row.ID == "reopen-correction" {
			_, err = k.Dismiss(w.Context(), otherOfficer, id, "none")
			w.must(err)
		}
	}
	switch row.ID {
	case "take-correction":
		return w.ask(row.Method, path(id), map[string]any{"step": "stop", "at": w.clock.Now(), "evidence": []map[string]any{{"kind": "order", "id": "o-1"}}})
	case "retract-correction":
		return w.ask(row.Method, path(id), map[string]any{"step": "stop", "why": "It was not."})
	case "correction", "read-correction":
		return w.ask(row.Method, path(id), nil)
	}
	return w.ask(row.Method, path(id), why)
}

// TestIncidents opens an incident, grades it, and looks at what is told of it and what is not.
func TestIncidents(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, engineer, auditor := w.people[staff.Officer], w.people[staff.Engineer], w.people[staff.Auditor]
	var v httpapi.Incident
	body := map[string]any{"kinds": []string{"security"}, "title": "strange sign-ins", "summary": "seen by night", "origin": "monitor/1", "about": []map[string]any{{"kind": "function", "id": "chat"}}}
	w.ask("POST", "/v1/incidents", body).with("Authorization", "Bearer "+w.key).want(201, &v) // a monitor opens it
	if v.State != report.Open || v.Grading.State != report.CouldNotTell || v.Due == nil || len(v.Clocks) < 2 || v.Steps == 0 || v.Opener == "" {
		t.Errorf("%+v", v)
	}
	var again httpapi.Incident
	if w.ask("POST", "/v1/incidents", body).by(officer).want(201, &again); again.ID != v.ID {
		t.Error("of one origin there are two")
	}
	path := "/v1/incidents/" + v.ID
	w.ask("POST", "/v1/incidents", map[string]any{"kinds": []string{"weather"}, "title": "rain"}).by(officer).wantCode(422, httpapi.CodeFields)
	w.ask("POST", path+":learn", map[string]any{"facts": map[string]any{"weather": map[string]any{"least": 1}}, "why": "counted"}).by(officer).wantCode(422, report.CodeInvalid)
	w.ask("POST", path+":learn", map[string]any{"facts": map[string]any{"persons": map[string]any{"least": 1000000}}, "why": "counted"}).by(engineer).want(200, &v)
	if v.Grading.Least != report.Serious || v.Graded == nil || len(v.Grading.Met) == 0 {
		t.Errorf("%+v", v.Grading)
	}
	w.ask("POST", path+":note", map[string]any{"text": "the night watch called"}).by(engineer).want(200, nil)
	var x httpapi.IncidentSheet
	if out := w.ask("GET", path, nil).by(auditor).want(200, &x); strings.Contains(out.Body.String(), "night") || strings.Contains(out.Body.String(), "strange") {
		t.Errorf("what is sealed is told: %s", out.Body)
	}
	if len(x.Reasons) == 0 || len(x.Timeline) != 1 || len(x.Steps) != v.Steps {
		t.Errorf("%+v", x)
	}
	for _, r := range x.Reasons {
		if r.Source == "" || r.Confidence == "" {
			t.Errorf("%s has no source", r.Row)
		}
	}
	w.ask("GET", path+"/words", nil).by(auditor).want(403, nil)
	var words httpapi.IncidentWords
	if w.ask("GET", path+"/words", nil).by(officer).want(200, &words); words.Title != "strange sign-ins" || len(words.Notes) != 1 || words.Notes[0].Text != "the night watch called" {
		t.Errorf("%+v", words)
	}
	closing := map[string]any{"outcome": "closed", "why": "done"}
	w.ask("POST", path+":close", closing).by(officer).wantCode(403, report.CodeUngraded)
	facts := map[string]any{}
	for _, name := range report.FactNames() {
		facts[name] = map[string]any{"most": 0}
	}
	facts[report.FactPersons] = map[string]any{"least": 1000000, "most": 2000000}
	facts[report.FactJudged] = map[string]any{"least": 1, "most": 1}
	var graded httpapi.Incident
	w.ask("POST", path+":learn", map[string]any{"facts": facts, "why": "counted to the end"}).by(engineer).want(200, &graded)
	if graded.Grading.State != report.Graded || graded.Grading.Least != report.Serious || graded.Grading.Most != report.Serious {
		t.Errorf("%+v", graded.Grading)
	}
	w.ask("POST", path+":close", closing).by(officer).wantCode(403, report.CodeUndone)
	var list struct{ Incidents []httpapi.Incident }
	if w.ask("GET", "/v1/incidents?state=open&kind=security&about=function+chat", nil).by(auditor).want(200, &list); len(list.Incidents) != 1 {
		t.Errorf("%+v", list)
	}
	var p httpapi.IncidentReport
	w.ask("POST", path+"/reports", map[string]any{"form": "first-report"}).by(engineer).want(201, &p)
	report1 := "/v1/incident-reports/" + p.ID
	var d httpapi.ReportDocument
	w.ask("GET", report1+"/document", nil).by(officer).want(200, &d)
	for _, f := range d.Fields {
		if f.State == "unknown" && f.Lines[0] != "尚不掌握" || len(f.Lines) == 0 {
			t.Errorf("%+v", f)
		}
	}
	at := w.clock.Now().Format(time.RFC3339)
	file := func(pairs ...string) call { return w.multipart(report1+":file", pairs...).by(officer) }
	w.multipart(report1+":file", "channel", "12387", "at", at).by(engineer).want(403, nil)
	file("channel", "12387", "at", "yesterday").wantCode(422, httpapi.CodeFields)
	file("channel", "12387", "at", at).wantCode(403, report.CodeIncomplete)
	file("channel", "12387", "at", at, "incomplete", "true", "file", receiptPDF).want(200, &p)
	if p.State != report.Filed || len(p.Proofs) != 1 {
		t.Errorf("%+v", p)
	}
	for format, want := range map[string]string{"json": `{"fields":`, "text": "网络安全事件报告", "html": "html of {", "pdf": "pdf of {", "docx": "docx of {"} {
		if out := w.ask("GET", report1+"/download?format="+format, nil).by(officer).want(200, nil); !strings.HasPrefix(out.Body.String(), want) {
			t.Errorf("%s: %.60s", format, out.Body)
		}
	}
	if w.ask("GET", path, nil).by(auditor).want(200, &x); x.Incident.Filed == nil || len(x.Reports) != 1 {
		t.Errorf("%+v", x.Incident)
	}
}

// TestCalendar lists what the sources tell, says that one could not, and writes iCalendar.
func TestCalendar(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var out struct {
		Dates []httpapi.CalendarDate
		Blind []string
	}
	w.ask("GET", "/v1/calendar?from=2026-11-01T00:00:00Z&until=2026-12-01T00:00:00Z", nil).by(w.people[staff.Officer]).want(200, &out)
	if len(out.Dates) != 2 || out.Dates[0].ID != "d-1" || out.Dates[0].Title == string(out.Dates[0].Code) || len(out.Blind) != 1 || out.Blind[0] != "2" {
		t.Errorf("%+v", out)
	}
	span := func(from, until time.Duration) string {
		now := w.clock.Now().UTC()
		return "from=" + now.Add(from).Format(time.RFC3339) + "&until=" + now.Add(until).Format(time.RFC3339)
	}
	for span, want := range map[string]bool{"": true, span(-time.Hour, time.Hour): true, span(time.Hour, 2*time.Hour): false, span(-24*time.Hour, -time.Hour): false} {
		w.ask("GET", "/v1/calendar?"+span, nil).by(w.people[staff.Officer]).want(200, &out)
		if got := slices.ContainsFunc(out.Dates, func(d httpapi.CalendarDate) bool { return d.ID == "overdue" }); got != want {
			t.Errorf("%q: what is overdue since before is told: %v", span, got)
		}
	}
	w.ask("GET", "/v1/calendar.ics?from=2026-11-01T00:00:00Z&until=2026-12-01T00:00:00Z", nil).by(w.people[staff.Officer]).wantCode(503, httpapi.CodeUnavailable) // a source is blind
	w.ask("GET", "/v1/calendar.ics?"+span(0, 60*24*time.Hour), nil).by(w.people[staff.Officer]).wantCode(422, httpapi.CodeFields)                                 // there are too many
	w.ask("GET", "/v1/calendar?from=2026-11-01T00:00:00Z&until=2028-12-01T00:00:00Z", nil).by(w.people[staff.Officer]).wantCode(422, httpapi.CodeFields)
	w.ask("GET", "/v1/calendar", nil).by(w.people[staff.Reviewer]).want(403, nil)
	text := w.ask("GET", "/v1/calendar.ics?from=2026-11-01T00:00:00Z", nil).by(w.people[staff.Officer]).want(200, nil).Body.String()
	for _, want := range []string{"BEGIN:VCALENDAR\r\n", "DTSTART:20261101T010000Z\r\n", "SUMMARY:", "END:VCALENDAR\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d octets", len(line))
		}
	}
}
