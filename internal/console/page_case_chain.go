package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
)

// caseLeg is one step of a case by its limit: when it is due, when it was done, and how sure that is.
type caseLeg struct {
	step   string
	due    *time.Time
	at     *time.Time
	late   bool
	stands bool
	unsure []int
}

// legs are the steps of a case in their order: those that were done, and those that are still to be.
func legs(c client.Case) (list []caseLeg) {
	done := func(step string, m *client.CaseMark) {
		if m != nil {
			list = append(list, caseLeg{step: step, due: &m.Due, at: &m.At, late: m.Late, unsure: m.Unsure})
		}
	}
	done("acknowledge", c.Acknowledged)
	if c.Decision != nil {
		done("decide", &c.Decision.CaseMark)
	}
	done("feedback", c.Told)
	for _, s := range c.Plan {
		list = append(list, caseLeg{step: s.Step, due: &s.Due, unsure: s.Unsure, stands: s.Stands})
	}
	if c.AppealUntil != nil {
		list = append(list, caseLeg{step: "appeal", due: c.AppealUntil})
	}
	return list
}

func (v *visit) caseSteps(c client.Case) *tableView {
	return tableOf("page-case-clock", []column[caseLeg]{
		{name: "clock-step", cell: func(l caseLeg) cell { return word("page-case-step-", l.step) }},
		{name: "case-due", cell: func(l caseLeg) cell {
			one := cell{Many: []cell{moment(*l.due)}}
			if s := v.dueState(l.due); l.at == nil && !l.stands && l.step != "appeal" && !s.Empty() {
				one.Many = append(one.Many, s)
			}
			return one
		}},
		{name: "clock-done", cell: func(l caseLeg) cell {
			switch {
			case l.at != nil && l.late:
				return cell{Many: []cell{moment(*l.at), {Text: "late", Key: "page-due-was-late", Mark: true, Tone: bad}}}
			case l.at != nil:
				return moment(*l.at)
			case l.stands:
				return cell{Text: "stands", Key: "page-case-stands", Mark: true, Tone: wait}
			}
			return cell{}
		}},
		{name: "clock-unsure", cell: func(l caseLeg) cell {
			var years []string
			for _, y := range l.unsure {
				years = append(years, strconv.Itoa(y))
			}
			return text(strings.Join(years, ", "))
		}},
	}, legs(c))
}

func pausesTable(list []client.CasePause) *tableView {
	return tableOf("page-case-pauses", []column[client.CasePause]{
		{name: "case-waits", cell: func(p client.CasePause) cell { return word("", string(p.Why)) }},
		{name: "from", cell: func(p client.CasePause) cell { return moment(p.From) }},
		{name: "to", cell: func(p client.CasePause) cell {
			if p.To == nil {
				return cell{Text: "now", Key: "page-case-waits-now", Mark: true, Tone: wait}
			}
			return moment(*p.To)
		}},
		{name: "pause-stops", cell: func(p client.CasePause) cell { return whether(p.Stops) }},
	}, list)
}

// caseEvents is what happened to a case, and to the one that it appeals against.
func (v *visit) caseEvents(c client.Case, before *client.Case) (list []event) {
	happened := func(at time.Time, what string, note cell) {
		list = append(list, event{At: moment(at), What: word("page-case-event-", what), Note: note})
	}
	if before != nil && before.Decision != nil {
		d := before.Decision
		list = append(list, event{At: moment(d.At), What: word("page-case-event-", "before"), Who: v.by(d.ID), Note: caseOutcome(d.Outcome)})
	}
	happened(c.Received, "received", word("page-case-source-", c.Source))
	if c.Acknowledged != nil {
		happened(c.Acknowledged.At, "acknowledged", cell{})
	}
	for _, p := range c.Pauses {
		happened(p.From, "paused", word("", string(p.Why)))
		if p.To != nil {
			happened(*p.To, "resumed", cell{})
		}
	}
	for _, b := range c.Breaches {
		happened(b.At, "breached", word("page-case-step-", b.Step))
	}
	if d := c.Decision; d != nil {
		list = append(list, event{At: moment(d.At), What: word("page-case-event-", "decided"), Who: v.by(d.ID), Note: caseOutcome(d.Outcome)})
	}
	if c.Told != nil {
		happened(c.Told.At, "told", word("page-told-", c.How))
	}
	for _, a := range c.Appeals {
		list = append(list, event{At: moment(a.At), What: word("page-case-event-", "appealed").to(caseLink(a.Case)), Note: caseOutcome(a.Outcome)})
	}
	slices.SortStableFunc(list, func(a, b event) int { return a.At.At.Compare(b.At.At) })
	return list
}

func caseEventNames() []string {
	return []string{"before", "received", "acknowledged", "paused", "resumed", "breached", "decided", "told", "appealed"}
}

// toldWays are how whoever came is told of a decision.
func toldWays() []string { return []string{"page", "letter", "telephone", "mail", "person"} }

// ruled adds what was decided, and what came of carrying it out.
func (p *casePage) ruled(v *visit) {
	c := p.Case
	if c.Decision == nil {
		return
	}
	d := c.Decision
	p.Ruled = []fact{{"outcome", caseOutcome(d.Outcome)}, {"decided-by", by(d.ID)}, {"acted-as", word("page-role-", d.Role)}, {"decided-at", moment(d.At)}, {"ruling-category", word("", string(d.Statement.Category))},
		{"clauses", lawful(d.Statement.Clauses)}, {"terms", text(d.Statement.Terms)}, {"told-how", word("page-told-", c.How)}}
	p.Ruled = slices.DeleteFunc(p.Ruled, func(f fact) bool { return f.Cell.Empty() })
	v.introduceFacts(p.Ruled)
	p.Failed = slices.ContainsFunc(c.Actions, func(a client.CaseAction) bool { return a.Result == "failed" || a.Result == "unknown" })
	p.Actions = v.introduced(tableOf("page-case-actions", []column[client.CaseAction]{
		{name: "case-act", cell: func(a client.CaseAction) cell {
			one := word("page-case-act-", a.Do)
			if a.Undoes != "" {
				return cell{Many: []cell{{Text: "undo", Key: "page-case-undo"}, one}}
			}
			return one
		}},
		{name: "case-target", cell: caseTarget},
		{name: "case-result", cell: caseResult},
		{name: "case-tried", cell: func(a client.CaseAction) cell { return sometime(a.At) }},
		{name: "case-try-next", side: true, cell: func(a client.CaseAction) cell {
			if a.Result == "done" || a.Result == "failed" {
				return cell{}
			}
			return sometime(a.Next)
		}},
		{name: "case-why", cell: func(a client.CaseAction) cell { return word("", string(a.Why)) }},
		{name: "case-ref", side: true, cell: caseRef},
	}, c.Actions))
}

// caseTarget is what an action is done to, with what of it.
func caseTarget(a client.CaseAction) cell {
	switch a.Do {
	case "take-measure":
		return cell{Many: []cell{account(a.Target), word("page-step-", a.Step)}}
	case "restore-measure":
		return measureLink(a.Target)
	}
	return contentNumber(a.Target)
}

// caseResult says whether an action was carried out: done, failed, not yet, or that nobody could tell.
func caseResult(a client.CaseAction) cell {
	if a.Undone != nil {
		return cell{Text: "undone", Key: "page-case-undone", Mark: true, Tone: wait}
	}
	return state("page-case-result-", a.Result, map[string]tone{"pending": wait, "done": good, "failed": bad, "unknown": wait})
}

// caseRef is what an action made.
func caseRef(a client.CaseAction) cell {
	at := map[string]string{"stop-content": "/orders/", "take-measure": "/measures/", "open-report-duty": "/report-duties/"}[a.Do]
	if at == "" || a.Ref == "" {
		return ident(a.Ref)
	}
	return ident(a.Ref).to(at + escaped(a.Ref))
}
