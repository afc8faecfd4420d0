package console

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func incidentPages() []page {
	return slices.Concat(incidentList().rows(), start("/incidents/new", "/incidents", openIncident()), incidentSheet(false).rows(), []page{
		{method: post, path: "/incidents/{id}/read", action: staff.IncidentHandle, title: "page-incident", back: "/incidents/{id}", makes: []string{"incident.read"}, do: incidentSheet(true).show},
	}, incidentReportPages(), correctionCasePages())
}

func incidentKinds() []string {
	return []string{"security", "personal-data", "outage", "content", "misuse", "vulnerability", "control"}
}

func incidentStates() []string { return []string{"open", "closing", "closed", "settled", "dismissed"} }

func incidentLink(id string) string { return "/incidents/" + escaped(id) }

func incidentState(v client.Incident) cell {
	return state("page-incident-state-", v.State, map[string]tone{"open": wait, "closing": wait, "closed": wait, "settled": good})
}

// incidentGrade is the grade, or the least one that is certain.
func incidentGrade(g client.IncidentGrading) cell {
	if g.State == "could-not-tell" {
		if g.Least == "ordinary" || g.Least == "" {
			return state("page-grade-", "unknown", map[string]tone{"unknown": wait})
		}
		return state("page-grade-least-", g.Least, map[string]tone{"serious": bad, "grave": bad, "especially-grave": bad})
	}
	if g.State == "not-graded" {
		return word("page-grade-", "none")
	}
	return state("page-grade-", g.Least, map[string]tone{"ordinary": good, "serious": bad, "grave": bad, "especially-grave": bad})
}

// incidentClocks says how the clocks stand: the worst that somebody has to do something about.
func incidentClocks(v client.Incident) cell {
	worst := ""
	for _, name := range []string{"over", "running", "waiting", "late", "met"} {
		if slices.ContainsFunc(v.Clocks, func(c client.IncidentClock) bool { return c.State == name }) {
			worst = name
			break
		}
	}
	return limitState(worst)
}

func limitState(s string) cell {
	return state("page-clock-state-", s, map[string]tone{"over": bad, "late": bad, "running": wait, "met": good})
}

func incidentList() list[client.Incident] {
	return list[client.Incident]{
		name: "incidents", path: "/incidents", title: "page-incidents", group: groupGovernance, action: staff.IncidentRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Incident, string, error) {
			return c.Incidents(ctx, l)
		},
		columns: []column[client.Incident]{
			{name: "incident", cell: func(v client.Incident) cell { return ident(v.ID).to(incidentLink(v.ID)) }},
			{name: "incident-kinds", cell: func(v client.Incident) cell { return chips("page-incident-kind-", v.Kinds) }},
			{name: "state", cell: incidentState},
			{name: "incident-grade", cell: func(v client.Incident) cell { return incidentGrade(v.Grading) }},
			{name: "incident-clocks", cell: incidentClocks},
			{name: "due", cell: func(v client.Incident) cell { return sometime(v.Due) }},
			{name: "incident-knew", side: true, cell: func(v client.Incident) cell { return moment(v.Knew) }},
			{name: "incident-steps-open", side: true, cell: func(v client.Incident) cell { return count(int64(v.StepsOpen)) }},
		},
		filters: []filter{
			{name: "state", kind: "choice", words: "page-incident-state-", options: incidentStates()},
			{name: "kind", label: "incident-kind", kind: "choice", words: "page-incident-kind-", options: incidentKinds()},
		},
		deeds: []lead{{"/incidents/new", "page-deed-incident-open", staff.IncidentOpen}, {"/drills", "page-drills", staff.IncidentRead}, {"/illegal-outputs", "page-corrections", staff.IncidentRead}},
		says:  slices.Concat(of("page-clock-state-", "not-applicable", "waiting", "running", "met", "late", "over"), of("page-grade-", "ordinary", "serious", "grave", "especially-grave", "unknown", "none"), of("page-grade-least-", "serious", "grave", "especially-grave")),
	}
}

// aboutLines reads what somebody named, a kind and an identifier on each line.
func aboutLines(text string) ([]client.IncidentRef, error) {
	var list []client.IncidentRef
	for _, line := range packLines(text) {
		kind, id, ok := strings.Cut(line, " ")
		if !ok {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
		}
		list = append(list, client.IncidentRef{Kind: kind, ID: strings.TrimSpace(id)})
	}
	return list, nil
}

func openIncident() deed[none] {
	return deed[none]{
		name: "incident-open", action: staff.IncidentOpen, record: "incident.opened",
		fields: []field[none]{
			{name: "incident-kinds", kind: "several", words: "page-incident-kind-", options: incidentKinds(), required: true},
			{name: "incident-title", kind: "text", required: true, hint: true, most: 200}, {name: "incident-summary", kind: "area", most: 4000},
			{name: "incident-knew", kind: "moment", hint: true}, {name: "incident-began", kind: "moment"},
			{name: "incident-about", kind: "area", hint: true, most: 4000},
		},
		do: func(v *visit, _ none) (string, error) {
			d := client.IncidentDraft{Kinds: v.r.PostForm["incident-kinds"], Title: v.sent("incident-title"), Summary: v.sent("incident-summary")}
			var err error
			if d.Knew, err = v.sentMoment("incident-knew"); err != nil {
				return "", err
			}
			if d.Began, err = v.sentMoment("incident-began"); err != nil {
				return "", err
			}
			if d.About, err = aboutLines(v.sent("incident-about")); err != nil {
				return "", err
			}
			one, err := v.api().OpenIncident(v.r.Context(), d)
			return incidentLink(one.ID), err
		},
	}
}

// sealedMore leads to what people wrote, which makes a record.
type sealedMore struct {
	Read    string
	Records []string
}

func incidentSheet(read bool) sheet[client.IncidentSheet] {
	return sheet[client.IncidentSheet]{
		path: "/incidents/{id}", title: "page-incident", action: staff.IncidentRead, template: "sealed",
		fetch: func(v *visit, id string) (client.IncidentSheet, error) { return v.api().Incident(v.r.Context(), id) },
		facts: incidentFacts,
		parts: func(v *visit, x client.IncidentSheet) ([]part, error) { return v.incidentParts(x, read) },
		more: func(v *visit, x client.IncidentSheet) (any, error) {
			if read || x.Incident.Sealed != "whole" || !v.actor().May(staff.IncidentHandle) {
				return nil, nil
			}
			return sealedMore{incidentLink(x.Incident.ID) + "/read", []string{"incident.read"}}, nil
		},
		ways: func(v *visit, x client.IncidentSheet) []lead {
			return []lead{{"/illegal-outputs/new?correction-origin=incident/" + escaped(x.Incident.ID), "page-deed-correction-open", staff.IncidentOpen}}
		},
		deeds: incidentDeeds(),
		labels: []string{"incident-knew", "incident-graded", "incident-filed", "incident-closed", "incident-began", "incident-rests", "incident-met", "incident-opener", "incident-confirmer", "incident-origin", "incident-rules", "incident-proposal", "incident-proposed-by",
			"clock", "clock-from", "clock-due", "clock-left", "clock-done", "clock-to", "clock-basis", "confidence", "step-who", "step-basis", "step-at", "step-by", "line-at", "line-source", "line-what", "line-of", "line-record", "reason-fact", "reason-at", "reason-known", "reason-reached", "reason-source",
			"report-form", "report-part", "report-filed", "report-open", "incident-ref", "incident-ref-kind", "reason-unit", "line-text", "step", "fact-persons", "fact-home-page", "fact-other-page", "fact-reposts", "fact-views", "fact-loss", "fact-outage-whole", "fact-outage-main", "fact-judged", "fact-endangers", "fact-harm-avoided"},
		says: slices.Concat(of("page-fact-", append(incidentFactNames(), "unknown")...), of("page-confidence-", "primary", "secondary", "draft", "unconfirmed", "own"), of("page-step-state-", "open", "done", "skipped"), of("page-reached-", "passed", "failed", "could-not-tell", "apart"),
			of("page-report-state-", reportStates()...), of("page-line-source-", "staff", "order", "measure", "alert", "report", "incident", "probe", "function", "account", "content", "case", "held"), of("page-unit-", "persons", "minutes", "times", "yuan", "grade", "yes-or-no"), of("page-incident-outcome-", "closed", "dismissed"), of("page-clock-", "grade")),
	}
}

func incidentFactNames() []string {
	return []string{"persons", "home-page", "other-page", "reposts", "views", "loss", "outage-whole", "outage-main", "judged", "endangers", "harm-avoided"}
}

func incidentFacts(x client.IncidentSheet) []fact {
	v := x.Incident
	list := []fact{
		{"state", incidentState(v)}, {"incident-kinds", chips("page-incident-kind-", v.Kinds)}, {"incident-grade", incidentGrade(v.Grading)}, {"incident-rests", word("page-confidence-", v.Grading.Rests)},
		{"incident-knew", moment(v.Knew)}, {"incident-graded", sometime(v.Graded)}, {"incident-filed", sometime(v.Filed)}, {"incident-closed", sometime(v.Closed)}, {"incident-began", sometime(v.Began)},
		{"incident-origin", ident(v.Origin)}, {"incident-opener", by(v.Opener)}, {"incident-confirmer", by(v.Confirmer)}, {"incident-rules", ident(v.Rules)},
	}
	if p := v.Closing; p != nil {
		list = append(list, fact{"incident-proposal", word("page-incident-outcome-", p.Outcome)}, fact{"incident-proposed-by", by(p.By)})
	}
	return list
}

// factCell says what is known of a figure.
func factCell(f client.IncidentFact) cell {
	least := grouped(f.Least)
	switch {
	case f.Most == nil && f.Least == 0:
		return word("page-fact-", "unknown")
	case f.Most == nil:
		return text("≥ " + least)
	case *f.Most == f.Least:
		return text(least)
	}
	return text(least + " – " + grouped(*f.Most))
}

func (v *visit) incidentParts(x client.IncidentSheet, read bool) ([]part, error) {
	var parts []part
	if read {
		w, err := v.api().ReadIncident(v.r.Context(), x.Incident.ID)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{Title: "page-incident-words", Prose: strings.TrimSpace(w.Title + "\n" + w.Summary)})
		if len(w.Notes) > 0 {
			parts = append(parts, part{Title: "page-incident-notes", Table: tableOf("page-incident-notes", []column[client.IncidentNote]{
				{name: "line-at", cell: func(n client.IncidentNote) cell { return moment(n.At) }},
				{name: "line-text", long: true, cell: func(n client.IncidentNote) cell { return text(n.Text) }},
				{name: "step-by", cell: func(n client.IncidentNote) cell { return by(n.By) }},
			}, w.Notes)})
		}
	}
	if p := x.Incident.Correction; p != nil {
		facts := []fact{{"incident-proposed-by", by(p.By)}}
		for _, name := range incidentFactNames() {
			if f, ok := p.Facts[name]; ok {
				facts = append(facts, fact{"fact-" + name, factCell(f)})
			}
		}
		parts = append(parts, part{Title: "page-incident-correction", Lead: "page-incident-correction-lead", Facts: facts})
	}
	return append(parts, v.clocksPart(x.Incident), v.stepsPart(x), v.reportsPart(x), v.timelinePart(x), v.reasonsPart(x), aboutPart(x.Incident.About)), nil
}

func (v *visit) bilingual(n client.PackNames) cell { return text(n.In(string(v.lang))) }

func (v *visit) clocksPart(i client.Incident) part {
	return part{Title: "page-incident-clocks", Lead: "page-incident-clocks-lead", Empty: "page-incident-clocks-none", Table: tableOf("page-incident-clocks", []column[client.IncidentClock]{
		{name: "clock", cell: func(c client.IncidentClock) cell {
			if c.Names.ZH == "" {
				return word("page-clock-", c.ID)
			}
			return v.bilingual(c.Names)
		}},
		{name: "state", cell: func(c client.IncidentClock) cell { return limitState(c.State) }},
		{name: "clock-due", cell: func(c client.IncidentClock) cell { return sometime(c.Due) }},
		{name: "clock-left", cell: func(c client.IncidentClock) cell {
			if c.Due == nil || c.State != "running" {
				return cell{}
			}
			return cell{Text: c.Due.Sub(v.Now()).Round(60e9).String(), Span: true}
		}},
		{name: "clock-done", cell: func(c client.IncidentClock) cell { return sometime(c.Done) }},
		{name: "clock-to", side: true, long: true, cell: func(c client.IncidentClock) cell { return v.bilingual(c.To) }},
		{name: "clock-basis", side: true, long: true, cell: func(c client.IncidentClock) cell { return v.bilingual(c.Basis) }},
		{name: "confidence", side: true, cell: func(c client.IncidentClock) cell {
			if c.Own {
				return word("page-confidence-", "own")
			}
			return word("page-confidence-", c.Confidence)
		}},
	}, i.Clocks)}
}

func (v *visit) stepsPart(x client.IncidentSheet) part {
	return part{Title: "page-incident-steps", Lead: "page-incident-steps-lead", Table: tableOf("page-incident-steps", []column[client.IncidentStep]{
		{name: "step", long: true, cell: func(s client.IncidentStep) cell {
			if s.Names.ZH == "" {
				return ident(s.ID)
			}
			return v.bilingual(s.Names)
		}},
		{name: "state", cell: func(s client.IncidentStep) cell {
			return state("page-step-state-", s.State, map[string]tone{"open": wait, "done": good})
		}},
		{name: "step-who", cell: func(s client.IncidentStep) cell { return word("page-role-", s.Who) }},
		{name: "step-at", cell: func(s client.IncidentStep) cell { return sometime(s.At) }},
		{name: "step-by", cell: func(s client.IncidentStep) cell { return by(s.By) }},
		{name: "step-basis", side: true, long: true, cell: func(s client.IncidentStep) cell { return v.bilingual(s.Basis) }},
	}, x.Steps)}
}

func (v *visit) reportsPart(x client.IncidentSheet) part {
	return part{Title: "page-incident-reports", Lead: "page-incident-reports-lead", Empty: "page-incident-reports-none", Table: tableOf("page-incident-reports", []column[client.IncidentReport]{
		{name: "report-form", cell: func(p client.IncidentReport) cell { return v.bilingual(p.Names).to(reportLink(p.ID)) }},
		{name: "report-part", cell: func(p client.IncidentReport) cell { return count(int64(p.Part)) }},
		{name: "state", cell: reportState},
		{name: "report-open", cell: func(p client.IncidentReport) cell { return count(int64(len(p.Open))) }},
		{name: "report-filed", cell: func(p client.IncidentReport) cell {
			if p.Filing == nil {
				return cell{}
			}
			return moment(p.Filing.At)
		}},
	}, x.Reports)}
}

func (v *visit) timelinePart(x client.IncidentSheet) part {
	return part{Title: "page-incident-timeline", Lead: "page-incident-timeline-lead", Empty: "page-incident-timeline-none", Table: tableOf("page-incident-timeline", []column[client.IncidentLine]{
		{name: "line-at", cell: func(l client.IncidentLine) cell { return moment(l.At) }},
		{name: "line-what", cell: func(l client.IncidentLine) cell {
			if l.Source == "staff" {
				return word("page-line-source-", "staff")
			}
			return word("page-record-", l.What)
		}},
		{name: "line-source", cell: func(l client.IncidentLine) cell { return word("page-line-source-", l.Source) }},
		{name: "line-of", side: true, cell: func(l client.IncidentLine) cell { return refCell(client.IncidentRef{Kind: l.Source, ID: l.Of}) }},
		{name: "step-by", side: true, cell: func(l client.IncidentLine) cell { return by(l.By) }},
		{name: "line-record", side: true, cell: func(l client.IncidentLine) cell { return linked(l.Record, "/records/") }},
	}, x.Timeline)}
}

func (v *visit) reasonsPart(x client.IncidentSheet) part {
	return part{Title: "page-incident-reasons", Lead: "page-incident-reasons-lead", Empty: "page-incident-reasons-none", Table: tableOf("page-incident-reasons", []column[client.IncidentReason]{
		{name: "reason-fact", cell: func(r client.IncidentReason) cell { return word("page-fact-", r.Fact) }},
		{name: "incident-grade", cell: func(r client.IncidentReason) cell { return word("page-grade-", r.Grade) }},
		{name: "reason-at", cell: func(r client.IncidentReason) cell {
			sign := map[bool]string{true: "≥ ", false: "> "}[r.Inclusive]
			return text(sign + grouped(r.At))
		}},
		{name: "reason-unit", cell: func(r client.IncidentReason) cell { return word("page-unit-", r.Unit) }},
		{name: "reason-known", cell: func(r client.IncidentReason) cell { return factCell(r.Known) }},
		{name: "reason-reached", cell: func(r client.IncidentReason) cell {
			if r.Counts == "failed" { // whatever is known of the fact
				return state("page-reached-", "apart", nil)
			}
			return state("page-reached-", r.Reached, map[string]tone{"passed": bad, "could-not-tell": wait})
		}},
		{name: "confidence", side: true, cell: func(r client.IncidentReason) cell { return word("page-confidence-", r.Confidence) }},
		{name: "reason-source", side: true, cell: func(r client.IncidentReason) cell { return text(r.Source) }},
	}, x.Reasons)}
}

// aboutPart lists what something is about.
func aboutPart(list []client.IncidentRef) part {
	return part{Title: "page-incident-about", Lead: "page-incident-about-lead", Empty: "page-incident-about-none", Table: tableOf("page-incident-about", []column[client.IncidentRef]{
		{name: "incident-ref", cell: refCell},
		{name: "incident-ref-kind", cell: func(r client.IncidentRef) cell { return word("page-line-source-", r.Kind) }},
	}, list)}
}

// refCell leads to what a reference names, where there is a page for it.
func refCell(r client.IncidentRef) cell {
	place := map[string]string{"order": "/orders/", "measure": "/measures/", "account": "/accounts/", "function": "/functions/", "content": "/content/", "case": "/cases/", "incident": "/incidents/", "report": "/incident-reports/", "record": "/records/", "pack": "/packs/", "drill": "/drills/", "correction": "/illegal-outputs/"}[r.Kind]
	if place == "" || r.ID == "" {
		return ident(r.ID)
	}
	return linked(r.ID, place)
}
