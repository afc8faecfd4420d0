package console

import (
	"context"
	"slices"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/review/security"
	"github.com/colophon-project/colophon/staff"
)

func securityPages() []page {
	return slices.Concat(triggerList().rows(), start("/security-triggers/new", "/security-triggers", noteTrigger()), triggerSheet().rows(), start("/security-assessments/new", "/reviews", beginSecurity()), securitySheet().rows(),
		[]page{{method: get, path: "/security-assessments/{id}/document/{format}", action: staff.OversightRead, back: "/security-assessments/{id}", do: reviewPaper("security")}})
}

func triggerState(t client.SecurityTrigger) cell {
	if t.Late {
		return state("review-triggerstate-", "late", map[string]tone{"late": bad})
	}
	return state("review-triggerstate-", t.State, map[string]tone{"open": wait, "answered": good})
}

func triggerKinds() []string { return wordsOf(security.Kinds()) }

// triggerDue is by when the report has to be there; of what is not live yet it says that it has to be before that.
func triggerDue(t client.SecurityTrigger) cell {
	if t.Due == nil && t.State == "open" {
		return word("review-due-", "before")
	}
	return lastDay(t.Due)
}

func triggerList() list[client.SecurityTrigger] {
	return list[client.SecurityTrigger]{
		name: "security-triggers", path: "/security-triggers", title: "page-security-triggers", group: groupGovernance, action: staff.OversightRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.SecurityTrigger, string, error) {
			return c.SecurityTriggers(ctx, l)
		},
		columns: []column[client.SecurityTrigger]{
			{name: "rv-trigger", cell: func(t client.SecurityTrigger) cell {
				return word("review-trigger-", t.Kind).to("/security-triggers/" + escaped(t.ID))
			}},
			{name: "rv-ref", cell: func(t client.SecurityTrigger) cell { return ident(t.Ref) }},
			{name: "state", cell: triggerState},
			{name: "rv-at", cell: func(t client.SecurityTrigger) cell { return moment(t.At) }},
			{name: "rv-due", cell: triggerDue},
			{name: "rv-assessment", side: true, cell: func(t client.SecurityTrigger) cell { return linked(t.Assessment, "/security-assessments/") }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "review-triggerstate-", options: []string{"open", "answered", "dismissed"}}},
		deeds:   []lead{{"/security-assessments/new", "page-deed-security-begin", staff.OversightWrite}, {"/security-triggers/new", "page-deed-security-note", staff.OversightWrite}},
		says:    slices.Concat(of("review-trigger-", triggerKinds()...), of("review-triggerstate-", "late"), of("review-due-", "before")),
	}
}

func triggerSheet() sheet[client.SecurityTrigger] {
	return sheet[client.SecurityTrigger]{
		path: "/security-triggers/{id}", title: "page-security-trigger", action: staff.OversightRead,
		fetch: func(v *visit, id string) (client.SecurityTrigger, error) {
			return v.api().SecurityTrigger(v.r.Context(), id)
		},
		heading: func(t client.SecurityTrigger) cell { return word("review-trigger-", t.Kind) },
		facts: func(t client.SecurityTrigger) []fact {
			return []fact{{"state", triggerState(t)}, {"rv-ref", ident(t.Ref)}, {"rv-at", moment(t.At)}, {"rv-due", triggerDue(t)}, {"rv-assessment", linked(t.Assessment, "/security-assessments/")}, {"rv-decider", by(t.By)}, {"rv-closed", sometime(t.Closed)}}
		},
		ways: func(v *visit, t client.SecurityTrigger) []lead {
			if t.State != "open" || !v.actor().May(staff.OversightWrite) {
				return nil
			}
			return []lead{{"/security-assessments/new?rv-triggers=" + escaped(t.ID), "page-deed-security-begin", staff.OversightWrite}}
		},
		labels: rv("closed", "ref", "at", "due", "assessment", "decider"), deeds: []deed[client.SecurityTrigger]{dismissTrigger()},
	}
}

func noteTrigger() deed[none] {
	return deed[none]{name: "security-note", action: staff.OversightWrite, record: string(security.RecordTriggered),
		fields: []field[none]{{name: "rv-ref", kind: "text", required: true, hint: true, most: 128}, {name: "rv-at", kind: "moment", required: true}},
		do: func(v *visit, _ none) (string, error) {
			at, err := v.sentMoment("rv-at")
			if err != nil {
				return "", err
			}
			_, err = v.api().NoteSecurityTrigger(v.r.Context(), v.sent("rv-ref"), at)
			return "/security-triggers", err
		}}
}

func dismissTrigger() deed[client.SecurityTrigger] {
	return deed[client.SecurityTrigger]{name: "security-dismiss", step: "dismiss", may: func(t client.SecurityTrigger) bool { return t.State == "open" }, action: staff.OversightDecide, record: string(security.RecordDismissed), danger: true, fields: []field[client.SecurityTrigger]{noteField[client.SecurityTrigger]()},
		effect: func(_ *visit, t client.SecurityTrigger) ([]said, error) {
			return []said{{"page-effect-trigger-" + t.Kind, []string{"ref", t.Ref}}}, nil
		}, says: of("page-effect-trigger-", triggerKinds()...),
		do: func(v *visit, t client.SecurityTrigger) (string, error) {
			_, err := v.api().DismissSecurityTrigger(v.r.Context(), t.ID, prose(v.sent("rv-note")))
			return "", err
		}}
}

func beginSecurity() deed[none] {
	area := func(name string, required bool) field[none] {
		return field[none]{name: name, kind: "area", required: required, most: 8192}
	}
	return deed[none]{name: "security-begin", action: staff.OversightWrite, record: string(security.RecordDrafted),
		fields: []field[none]{{name: "rv-title", kind: "text", required: true, most: 256}, area("rv-functions", true), area("rv-hardware", true), area("rv-licences", true), {name: "rv-body", kind: "text", hint: true, most: 256},
			{name: "rv-triggers", kind: "several", choices: openTriggers, names: triggerNames}, area("rv-other", false)},
		says: of("review-trigger-", triggerKinds()...),
		do: func(v *visit, _ none) (string, error) {
			a, err := v.api().BeginSecurityAssessment(v.r.Context(), client.SecurityBasics{Title: v.sent("rv-title"), Functions: prose(v.sent("rv-functions")), Hardware: prose(v.sent("rv-hardware")), Licences: prose(v.sent("rv-licences")), Body: v.sent("rv-body"), Other: prose(v.sent("rv-other")), Triggers: v.r.PostForm["rv-triggers"]})
			return overseenLink("security", a.ID), err
		}}
}

// waitingTriggers are the newest that nobody answered.
func (v *visit) waitingTriggers() ([]client.SecurityTrigger, error) {
	list, _, err := v.api().SecurityTriggers(v.r.Context(), client.Listing{Filter: map[string][]string{"state": {"open"}}, Limit: 100})
	return list, err
}

func openTriggers(v *visit, _ none) (ids []string, err error) {
	list, err := v.waitingTriggers()
	for _, t := range list {
		ids = append(ids, t.ID)
	}
	return ids, err
}

func triggerNames(v *visit) map[string]string {
	names := map[string]string{}
	list, _ := v.waitingTriggers() // the choices say what went wrong
	for _, t := range list {
		names[t.ID] = v.speakers[v.lang].Say("review-trigger-"+t.Kind) + " · " + t.Ref
	}
	return names
}

// headView is a head as its page shows it.
type headView struct {
	client.SecurityHead
	State   cell
	Answers []answerView
}

// answerView is an answer with the ways to what it counted.
type answerView struct {
	client.SecurityAnswer
	Verdict cell
	Said    string
	Samples []cell
}

// headGroup is heads that come from one place.
type headGroup struct {
	Name  string
	Heads []headView
}

func securityHeads(v *visit, a client.SecurityAssessment) (any, error) {
	var groups []headGroup
	for _, h := range a.Heads {
		view := headView{SecurityHead: h, State: headState(h.State)}
		for _, x := range h.Answers {
			one := answerView{SecurityAnswer: x, Verdict: findingState(x.Verdict), Said: capital(x.Sentence)}
			if len(x.Args) > 0 {
				one.Said = capital(v.coded(x.Why, x.Args))
			}
			for _, id := range x.Sample {
				one.Samples = append(one.Samples, ident(id).to(sampleLink(x.Of, id)))
			}
			view.Answers = append(view.Answers, one)
		}
		if len(groups) == 0 || groups[len(groups)-1].Name != h.Group {
			groups = append(groups, headGroup{Name: h.Group})
		}
		groups[len(groups)-1].Heads = append(groups[len(groups)-1].Heads, view)
	}
	return groups, nil
}

// sampleLink is the page of something that a query counted; empty where there is none.
func sampleLink(of, id string) string {
	path, ok := map[string]string{"artefact": "/content/", "bank": "/banks/", "case": "/cases/", "function": "/functions/", "order": "/orders/", "report-duty": "/report-duties/", "run": "/runs/", "staff": "/staff/"}[of]
	if !ok {
		return ""
	}
	return path + escaped(id)
}

func headIDs() []string {
	var list []string
	for _, h := range security.Heads() {
		list = append(list, h.ID)
	}
	return list
}

// provisionHeads are the heads that articles ask for.
func provisionHeads() []string {
	return slices.DeleteFunc(headIDs(), func(id string) bool {
		return slices.ContainsFunc(security.Heads(), func(h security.Head) bool { return h.ID == id && h.Group == "standard" })
	})
}

func queryNames() []string {
	list := security.Queries()
	slices.Sort(list)
	return slices.Compact(list)
}

func securitySheet() sheet[client.SecurityAssessment] {
	return sheet[client.SecurityAssessment]{
		path: "/security-assessments/{id}", title: "page-security-assessment", action: staff.OversightRead, template: "security", more: securityHeads,
		fetch: func(v *visit, id string) (client.SecurityAssessment, error) {
			return v.api().SecurityAssessment(v.r.Context(), id)
		},
		heading: func(a client.SecurityAssessment) cell { return text(a.Basics.Title) },
		facts: func(a client.SecurityAssessment) []fact {
			heads := map[string]int64{}
			for _, h := range a.Heads {
				heads[h.State]++
			}
			list := []fact{{"state", reviewState(a.State)}, {"rv-asked", moment(a.Asked)}}
			for _, s := range []string{"passed", "failed", "could-not-tell", "attested"} {
				list = append(list, fact{"rv-heads-" + s, count(heads[s])})
			}
			list = append(list, fact{"rv-author", by(a.Author)}, fact{"rv-decider", by(a.Decider)}, fact{"rv-decided", sometime(a.Decided)}, fact{"rv-digest", ident(a.Digest)})
			if f := a.Filing; f != nil {
				list = append(list, fact{"rv-reference", text(f.Reference)}, fact{"rv-filed", moment(f.At)}, fact{"rv-proof", ident(f.Proof)})
			}
			return append(list, fact{"rv-note", text(a.Note)})
		},
		parts: func(_ *visit, a client.SecurityAssessment) ([]part, error) {
			b := a.Basics
			parts := []part{{Title: "review-part-basics", Facts: []fact{{"rv-functions", text(b.Functions)}, {"rv-hardware", text(b.Hardware)}, {"rv-licences", text(b.Licences)}}}}
			if b.Body != "" {
				parts[0].Facts = append(parts[0].Facts, fact{"rv-body", text(b.Body)})
			}
			if b.Other != "" {
				parts = append(parts, part{Title: "review-part-other", Prose: b.Other})
			}
			return parts, nil
		},
		ways:   func(_ *visit, a client.SecurityAssessment) []lead { return paperWays("security", a.ID) },
		labels: append(rv("asked", "heads-passed", "heads-failed", "heads-could-not-tell", "heads-attested", "author", "decider", "decided", "digest", "reference", "filed", "proof", "note", "functions", "hardware", "licences", "body"), "state"),
		says: slices.Concat(paperWords(), of("review-head-", headIDs()...), of("review-article-", provisionHeads()...), of("review-query-", queryNames()...), of("review-group-", "provisions", "tools", "standard"), of("review-confidence-", "primary", "secondary", "unconfirmed"),
			of("review-finding-", "passed", "failed", "could-not-tell"), of("review-part-", "basics", "other")),
		deeds: securityDeeds(),
	}
}

func securityDeeds() []deed[client.SecurityAssessment] {
	type assessment = client.SecurityAssessment
	is := func(states ...string) func(assessment) bool {
		return func(a assessment) bool { return slices.Contains(states, a.State) }
	}
	step := func(name string, body func(v *visit) any) func(v *visit, a assessment) (string, error) {
		return func(v *visit, a assessment) (string, error) {
			var sent any
			if body != nil {
				sent = body(v)
			}
			_, err := v.api().StepSecurityAssessment(v.r.Context(), a.ID, name, sent)
			return "", err
		}
	}
	note := func(v *visit) any { return v.noted() }
	return []deed[assessment]{
		{name: "security-ask", step: "ask", action: staff.OversightWrite, record: string(security.RecordAsked), may: is("draft"), do: step("ask", nil)},
		{name: "security-state", step: "state", action: staff.OversightWrite, record: string(security.RecordStated), may: is("draft"),
			fields: []field[assessment]{{name: "rv-head", kind: "choice", words: "review-head-", options: headIDs(), required: true}, {name: "rv-statement", kind: "area", required: true, hint: true, most: 8192}},
			do: step("state", func(v *visit) any {
				return map[string]string{"head": v.sent("rv-head"), "text": prose(v.sent("rv-statement"))}
			})},
		{name: "security-propose", step: "propose", action: staff.OversightWrite, record: string(security.RecordProposed), may: is("draft"), do: step("propose", nil)},
		{name: "security-approve", step: "approve", action: staff.OversightDecide, record: string(security.RecordApproved), may: is("proposed"),
			effect: func(v *visit, a assessment) ([]said, error) {
				if a.Author == string(v.opened.Account.ID) {
					return []said{{"page-effect-review-own", nil}}, nil
				}
				return nil, nil
			}, says: []string{"page-effect-review-own"}, do: step("approve", nil)},
		{name: "security-reject", step: "reject", action: staff.OversightDecide, record: string(security.RecordRejected), danger: true, may: is("proposed"), fields: []field[assessment]{noteField[assessment]()}, do: step("reject", note)},
		{name: "security-file", step: "file", action: staff.OversightDecide, record: string(security.RecordFiled) + " " + string(security.RecordAnswered), may: is("approved"),
			fields: []field[assessment]{{name: "rv-reference", kind: "text", required: true, hint: true, most: 256}, {name: "rv-filed", kind: "moment", required: true}, {name: "rv-proof", kind: "text", required: true, hint: true, most: 64}},
			do: func(v *visit, a assessment) (string, error) {
				at, err := v.sentMoment("rv-filed")
				if err != nil {
					return "", err
				}
				_, err = v.api().StepSecurityAssessment(v.r.Context(), a.ID, "file", map[string]any{"reference": v.sent("rv-reference"), "at": at, "proof": v.sent("rv-proof")})
				return "", err
			}},
		{name: "security-withdraw", step: "withdraw", action: staff.OversightWrite, record: string(security.RecordWithdrawn), danger: true, may: is("draft", "proposed", "approved"), fields: []field[assessment]{noteField[assessment]()}, do: step("withdraw", note)},
	}
}
