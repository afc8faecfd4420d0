package app

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/standing"
)

func reportField(d httpapi.ReportDocument, id string) httpapi.ReportField {
	for _, f := range d.Fields {
		if f.ID == id {
			return f
		}
	}
	return httpapi.ReportField{}
}

func incidentClock(v httpapi.Incident, id string) httpapi.IncidentClock {
	for _, c := range v.Clocks {
		if c.ID == id {
			return c
		}
	}
	return httpapi.IncidentClock{}
}

// TestIncident follows an incident from what opens it to its summary: an order for it enters the timeline by itself, the grade
// follows facts, the first report says what is not known yet, is filed with proof and amended, two people close the incident,
// and its summary is due, which the calendar says too. What is done after illegal output is tracked beside it.
func TestIncident(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"provider-name": "示例服务提供者", "platform-size": "ordinary"})
	ctx := t.Context()
	account, err := h.server.recorder.NewID()
	h.must(err)
	var v httpapi.Incident
	h.packAs(h.first, &v, "POST", "/v1/incidents", map[string]any{"kinds": []string{"security"}, "title": "陌生登录", "summary": "夜班发现", "origin": "alert/1", "about": []map[string]any{{"kind": "account", "id": account}}}, 201)
	h.packAs(h.first, nil, "POST", "/v1/incidents", map[string]any{"kinds": []string{"content"}, "title": "x", "about": []map[string]any{{"kind": "staff", "id": "x"}}}, 422)
	path := "/v1/incidents/" + v.ID
	if v.Grading.State != report.CouldNotTell || incidentClock(v, report.FirstReport).State != report.Running || incidentClock(v, report.GradeClock).State != report.Running {
		t.Fatalf("%+v", v)
	}

	order, err := h.server.orders.Issue(ctx, ledger.By{Role: "officer", ID: "somebody"}, incident.Draft{Scope: incident.OnModel, Target: "leaking", Action: incident.Stop, Basis: incident.Incident, Reference: v.ID, Reason: "it leaks"})
	h.must(err)
	taken, rejected := h.measures(account)
	for range feedPage { // more than one page of what is newer
		_, err := h.server.orders.Issue(ctx, ledger.By{Role: "officer", ID: "somebody"}, incident.Draft{Scope: incident.OnModel, Target: "another", Action: incident.Stop, Basis: incident.Own, Reason: "no part of it"})
		h.must(err)
		_, _, err = h.server.incidents.Read(ctx, ledger.By{Role: "officer", ID: "somebody"}, v.ID)
		h.must(err)
	}
	h.packAs(h.first, &v, "POST", path+":learn", map[string]any{"facts": map[string]any{"views": map[string]any{"least": 1}}, "why": "counted"}, 200)
	var other httpapi.Incident // it names the order as what it is not, and what its reader may have no right to read
	h.packAs(h.first, &other, "POST", "/v1/incidents", map[string]any{"kinds": []string{"content"}, "title": "别的", "knew": time.Now().Add(-time.Hour), "about": []map[string]any{{"kind": "case", "id": order.ID}}}, 201)
	h.must(h.server.sweepIncidents(ctx))
	h.must(h.server.sweepIncidents(ctx)) // again, which tells nothing twice
	var told httpapi.IncidentSheet
	h.packAs(h.second, &told, "GET", "/v1/incidents/"+other.ID, nil, 200)
	for _, l := range told.Timeline {
		if l.Of != other.ID {
			t.Errorf("what is no case is told of as one: %+v", l)
		}
	}
	var x httpapi.IncidentSheet
	h.packAs(h.second, &x, "GET", path, nil, 200)
	issued := 0
	for _, l := range x.Timeline {
		if l.Source == "order" && l.Of == order.ID && l.What == "order.issued" && l.Record != "" {
			issued++
		}
	}
	if !slices.ContainsFunc(x.Timeline, func(l httpapi.IncidentLine) bool { return l.What == string(report.RecordLearned) }) {
		t.Errorf("what was told after many readings is missing: %+v", x.Timeline)
	}
	if issued != 1 {
		t.Errorf("the order is told %d times: %+v", issued, x.Timeline)
	}

	h.packAs(h.first, &v, "POST", path+":learn", map[string]any{"facts": map[string]any{"persons": map[string]any{"least": 2_000_000}}, "why": "counted"}, 200)
	if v.Grading.Least != report.Serious || v.Graded == nil {
		t.Errorf("%+v", v.Grading)
	}
	var p httpapi.IncidentReport
	h.packAs(h.first, &p, "POST", path+"/reports", map[string]any{"form": "first-report"}, 201)
	paper := "/v1/incident-reports/" + p.ID
	var d httpapi.ReportDocument
	h.packAs(h.second, &d, "GET", paper+"/document", nil, 200)
	for id, want := range map[string]string{"provider": "known", "found": "known", "measures": "known", "incident-level": "known", "effect": "unknown", "cause": "unknown", "system": "unknown"} {
		if f := reportField(d, id); f.State != want || len(f.Lines) == 0 || want == "unknown" && f.Lines[0] != "尚不掌握" {
			t.Errorf("%s: %+v", id, f)
		}
	}
	if f := reportField(d, "measures"); len(f.Lines) != 2 || !strings.Contains(strings.Join(f.Lines, ""), order.ID) || !strings.Contains(strings.Join(f.Lines, ""), taken) || len(f.Records) != 2 {
		t.Errorf("of an order, a measure %s and a rejected one %s it says: %+v", taken, rejected, f)
	}
	filing := []string{"channel", "12387", "reference", "2026-00417", "at", time.Now().UTC().Format(time.RFC3339)}
	v.Knew = v.Knew.UTC()
	h.packAs(h.first, &v, "POST", path+":known-earlier", map[string]any{"at": time.Now().Add(-time.Hour), "why": "a mail of that hour"}, 200)
	if answer := h.packSend(paper+":file", nil, 403, filing...); !bytes.Contains(answer, []byte(report.CodeIncomplete)) || !bytes.Contains(answer, []byte("effect")) {
		t.Errorf("%s", answer)
	}
	picture := string(scene(t))
	h.packSend(paper+":file", &p, 200, append(slices.Clone(filing), "incomplete", "true", "file", picture)...)
	if p.State != report.Filed || len(p.Proofs) != 1 || p.Proofs[0].Type != "image/jpeg" {
		t.Fatalf("%+v", p)
	}
	if got := h.packAs(h.first, nil, "GET", paper+"/proofs/"+p.Proofs[0].SHA256, nil, 200); string(got) != picture {
		t.Errorf("%d bytes of a proof of %d", len(got), len(picture))
	}
	for format, magic := range map[string]string{"pdf": "%PDF", "docx": "PK", "html": "<!"} {
		if got := h.packAs(h.first, nil, "GET", paper+"/download?format="+format, nil, 200); !bytes.HasPrefix(got, []byte(magic)) {
			t.Errorf("%s: %.20q", format, got)
		}
	}
	var second httpapi.IncidentReport
	h.packAs(h.first, &second, "POST", paper+":amend", map[string]any{"answers": []map[string]any{{"field": "effect", "state": "known", "lines": []string{"已泄露约二百万人信息。"}}, {"field": "system", "state": "known", "lines": []string{"网关"}}, {"field": "incident", "state": "known", "lines": []string{"北京"}}}}, 201)
	if second.Before != p.SHA256 || second.Part != 2 || len(second.Open) != 0 {
		t.Errorf("%+v", second)
	}
	h.packSend("/v1/incident-reports/"+second.ID+":file", &second, 200, append(slices.Clone(filing[:4]), "at", time.Now().UTC().Format(time.RFC3339))...)
	h.must(report.Chain(h.packAs(h.first, nil, "GET", paper+"/download", nil, 200), h.packAs(h.first, nil, "GET", "/v1/incident-reports/"+second.ID+"/download", nil, 200)))

	closing := map[string]any{"outcome": "closed", "why": "stopped and mended"}
	if answer := h.packAs(h.first, nil, "POST", path+":close", closing, 403); !bytes.Contains(answer, []byte(report.CodeUngraded)) && !bytes.Contains(answer, []byte(report.CodeStepsOpen)) {
		t.Errorf("%s", answer)
	}
	zero := map[string]any{}
	for _, name := range []string{"home-page", "other-page", "reposts", "views", "loss", "outage-whole", "outage-main"} {
		zero[name] = map[string]any{"least": 0, "most": 0}
	}
	zero["persons"], zero["judged"] = map[string]any{"least": 2_000_000, "most": 2_000_000}, map[string]any{"least": 2, "most": 2}
	h.packAs(h.first, &v, "POST", path+":learn", map[string]any{"facts": zero, "why": "all counted"}, 200)
	if v.Grading.State != report.Graded || v.Grading.Least != report.Serious {
		t.Fatalf("%+v", v.Grading)
	}
	for _, s := range x.Steps {
		h.packAs(h.first, &v, "POST", path+":tick", map[string]any{"step": s.ID, "state": "done"}, 200)
	}
	h.packAs(h.first, &v, "POST", path+":close", closing, 200)
	if v.State != report.Closing {
		t.Fatalf("%+v", v)
	}
	h.packAs(h.first, nil, "POST", path+":confirm", map[string]any{"why": "done"}, 403)
	h.packAs(h.second, &v, "POST", path+":confirm", map[string]any{"why": "done"}, 200)
	summary := incidentClock(v, report.Summary)
	if v.State != report.Closed || summary.State != report.Running || summary.Due == nil || summary.Due.Sub(*v.Closed) < 29*24*time.Hour {
		t.Errorf("%+v", summary)
	}
	h.must(h.server.sweepIncidents(ctx))
	if h.packAs(h.first, &x, "GET", path, nil, 200); x.Incident.State != report.Closed {
		t.Errorf("it is settled although a summary is due: %s", x.Incident.State)
	}

	var year struct {
		Dates []httpapi.CalendarDate
		Blind []string
	}
	h.packAs(h.first, &year, "GET", "/v1/calendar?from="+time.Now().UTC().Format(time.RFC3339), nil, 200)
	if len(year.Blind) > 0 || !slices.ContainsFunc(year.Dates, func(d httpapi.CalendarDate) bool {
		return d.Ref == "incident" && d.ID == v.ID && d.Code == "calendar-incident-summary" && d.State == httpapi.DateComing
	}) {
		t.Errorf("the summary is not in the calendar: %+v", year)
	}
	h.corrects(v.ID)
}

// measures takes a measure against an account, and rejects another one.
func (h *hands) measures(account string) (taken, rejected string) {
	h.Helper()
	ctx, first := h.Context(), ledger.By{Role: "officer", ID: "somebody"}
	d := standing.Draft{Subject: evidence.Subject(account), Step: standing.Warn, Ground: standing.Ground{Terms: "convention 9"}, Fact: standing.FactTerms}
	m, err := h.server.standing.Propose(ctx, first, d)
	h.must(err)
	_, err = h.server.standing.Reject(ctx, ledger.By{Role: "officer", ID: "somebody-else"}, m.ID, standing.WhyMistake, "no")
	h.must(err)
	n, err := h.server.standing.Take(ctx, first, d)
	h.must(err)
	return n.ID, m.ID
}

// corrects follows illegal output to the end of its case, which one person can't close.
func (h *hands) corrects(incident string) {
	h.Helper()
	var c httpapi.Correction
	body := map[string]any{"title": "违法输出", "origin": "incident/" + incident, "function": "dialogue", "model": "m-1"}
	h.packAs(h.first, &c, "POST", "/v1/corrections", body, 201)
	first := c.ID
	if h.packAs(h.second, &c, "POST", "/v1/corrections", body, 201); c.ID != first || c.Left != 4 || c.Due == nil {
		h.Errorf("%+v", c)
	}
	path, now := "/v1/corrections/"+c.ID, time.Now()
	h.packAs(h.second, nil, "POST", path+":close", map[string]any{"why": "done"}, 403)
	h.packAs(h.first, nil, "POST", path+":take", map[string]any{"step": "stop", "at": now}, 403)
	for _, s := range []string{"stop", "delete", "correct", "report"} {
		told := map[string]any{"step": s, "at": time.Now(), "evidence": []map[string]any{{"kind": "record", "id": "r-1"}}}
		if s == "correct" {
			told["how"] = "training"
		}
		h.packAs(h.first, &c, "POST", path+":take", told, 200)
	}
	h.packAs(h.first, nil, "POST", path+":close", map[string]any{"why": "done"}, 403) // whoever corrected the model
	if h.packAs(h.second, &c, "POST", path+":close", map[string]any{"why": "done"}, 200); c.State != "closed" || c.Left != 0 {
		h.Errorf("%+v", c)
	}
}
