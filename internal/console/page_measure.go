package console

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func measurePages() []page {
	return slices.Concat(measureList().rows(), start("/measures/take", "/measures", takeDeed()), measureSheet().rows(), signalList().rows())
}

// steps are those of the ladder, the mildest first.
func steps() []string {
	return []string{"remind", "warn", "limit-function", "mute-publishing", "suspend", "close", "bar"}
}

func measureStates() []string {
	return []string{"proposed", "active", "ended", "lifted", "restored", "rejected"}
}

func measureFacts() []string {
	return []string{"content", "repeated", "fake", "likeness", "label", "unusual", "identity", "order", "terms"}
}

func measureGrounds() []string {
	return []string{"ds-6", "ds-9", "ds-10", "ds-14", "ds-18", "ds-21", "lm-10", "genai-14", "af-22"}
}

func measureWhys() []string { return []string{"appeal", "mistake", "remedied", "milder", "unproven"} }

// notch is one step of a row of steps, as pages draw it.
type notch struct {
	Name string // key
	On   bool   // it holds
	Now  bool   // it is the one that the page is about
}

// ladder is a row of steps with its name.
type ladder struct {
	Name string // key
	List []notch
}

// ladderOf draws the ladder of measures; what holds is marked.
func ladderOf(now []string) ladder {
	list := ladder{Name: "page-ladder"}
	for _, s := range steps() {
		on := slices.Contains(now, s)
		list.List = append(list.List, notch{"page-step-" + s, on, on})
	}
	return list
}

func measureState(m client.Measure) cell {
	c := state("page-measure-state-", m.State, map[string]tone{"proposed": wait, "active": bad})
	if m.State == "active" && !m.InForce {
		c.Tone = plain
	}
	return c
}

func measureLink(id string) cell { return ident(id).to("/measures/" + escaped(id)) }

func measureColumns() []column[client.Measure] {
	return []column[client.Measure]{
		{name: "measure", cell: func(m client.Measure) cell { return measureLink(m.ID) }},
		{name: "subject", cell: func(m client.Measure) cell { return account(m.Subject) }},
		{name: "step", cell: func(m client.Measure) cell { return word("page-step-", m.Step) }},
		{name: "state", cell: measureState},
		{name: "created", cell: func(m client.Measure) cell { return moment(m.Made) }},
		{name: "until", side: true, cell: func(m client.Measure) cell { return sometime(m.Until) }},
		{name: "signal-rule", side: true, cell: func(m client.Measure) cell { return ident(m.Rule) }},
	}
}

func measureList() list[client.Measure] {
	return list[client.Measure]{
		name: "measures", path: "/measures", title: "page-measures", group: groupPeople, action: staff.MeasureRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Measure, string, error) {
			return c.Measures(ctx, l)
		},
		columns: measureColumns(),
		filters: []filter{
			{name: "state", kind: "choice", words: "page-measure-state-", options: measureStates()},
			{name: "step", kind: "choice", words: "page-step-", options: steps()},
			{name: "subject", kind: "text"},
		},
		deeds: []lead{{"/measures/take", "page-deed-measure-take", staff.MeasureTake}, {"/standing-rules", "page-standing-rules", staff.MeasureRead}},
	}
}

func takeDeed() deed[none] {
	return deed[none]{
		name: "measure-take", action: staff.MeasureTake, record: "standing.taken standing.proposed", danger: true,
		says: append(slices.Concat(of("page-step-about-", steps()...), of("page-takes-", "now", "none", "two", "step")), of("page-step-", steps()...)...),
		effect: func(v *visit, _ none) ([]said, error) {
			list := []said{{Key: "page-takes-two"}}
			for _, s := range steps() {
				list = append(list, said{"page-takes-step", []string{"step", v.speakers[v.lang].Say("page-step-" + s), "about", v.speakers[v.lang].Say("page-step-about-" + s)}})
			}
			subject := v.r.URL.Query().Get("subject")
			if subject == "" || !v.actor().May(staff.MeasureRead) {
				return list, nil
			}
			s, err := v.api().AccountStanding(v.r.Context(), subject, "")
			for _, m := range s.Measures {
				list = append(list, said{"page-takes-now", []string{"step", v.speakers[v.lang].Say("page-step-" + m.Step)}})
			}
			if len(s.Measures) == 0 {
				list = append(list, said{Key: "page-takes-none"})
			}
			return list, err
		},
		fields: []field[none]{
			{name: "account", hint: true}, {name: "subject"},
			{name: "step", kind: "choice", words: "page-step-", options: steps(), required: true},
			{name: "function", hint: true, most: 64},
			{name: "fact", kind: "choice", words: "measure-fact-", options: measureFacts(), required: true},
			{name: "grounds", kind: "several", words: "page-ground-", options: measureGrounds(), hint: true},
			{name: "terms"},
			{name: "related-content", kind: "area", hint: true},
			{name: "hours", kind: "number", hint: true},
			{name: "appeal", hint: true},
			{name: "note", kind: "area", hint: true},
			{name: "propose", kind: "yes"},
		},
		do: func(v *visit, _ none) (string, error) {
			order := client.MeasureOrder{Account: v.sent("account"), Subject: v.sent("subject"), Step: v.sent("step"), Function: v.sent("function"), Fact: colophon.Code("measure-fact-" + v.sent("fact")), Terms: v.sent("terms"),
				Findings: strings.Fields(v.sent("related-content")), Appeal: v.sent("appeal"), Note: v.sent("note"), Propose: v.sent("propose") == "yes"}
			if order.Account != "" {
				order.Subject = ""
			}
			for _, c := range v.r.PostForm["grounds"] {
				order.Clauses = append(order.Clauses, colophon.Clause(c))
			}
			if s := v.sent("hours"); s != "" {
				n, err := strconv.Atoi(s)
				if err != nil {
					return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
				}
				order.Hours = n
			}
			m, err := v.api().TakeMeasure(v.r.Context(), order)
			return "/measures/" + escaped(m.ID), err
		},
	}
}

// event is one thing that happened, in the order of time.
type event struct {
	At   cell
	What cell
	Who  cell
	Note cell
}

type measurePage struct {
	Ladder    ladder
	Statement *client.Statement
	Events    []event
}

func measureMore(v *visit, m client.Measure) (any, error) {
	data := measurePage{Ladder: ladderOf([]string{m.Step}), Statement: m.Statement}
	data.Events = append(data.Events, event{At: moment(m.Made), What: word("page-measure-event-", map[bool]string{true: "proposed", false: "taken"}[m.State == "proposed" || m.Rule != "" || len(m.Deciders) > 1]), Who: v.who(m.By, m.Rule)})
	for _, d := range m.Deciders {
		data.Events = append(data.Events, event{At: moment(d.At), What: word("page-measure-event-", "decided"), Who: v.by(d.ID), Note: word("page-role-", d.Role)})
	}
	if m.Start != nil {
		data.Events = append(data.Events, event{At: moment(*m.Start), What: word("page-measure-event-", "began")})
	}
	for _, n := range m.Notices {
		data.Events = append(data.Events, event{At: moment(n.At), What: word("page-measure-event-", "told"), Note: text(n.How)})
	}
	if c := m.Closed; c != nil {
		data.Events = append(data.Events, event{At: moment(c.At), What: word("page-measure-state-", m.State), Who: v.by(c.ID), Note: word("", string(c.Why))})
	} else if m.Ended != nil {
		data.Events = append(data.Events, event{At: moment(*m.Ended), What: word("page-measure-event-", "over")})
	}
	slices.SortStableFunc(data.Events, func(a, b event) int { return a.At.At.Compare(b.At.At) })
	return data, nil
}

// who is a person or, without one, a rule.
func (v *visit) who(person, rule string) cell {
	if person == "" {
		return ident(rule)
	}
	return v.by(person)
}

func measureSheet() sheet[client.Measure] {
	ends := func(name, how, record string, may func(client.Measure) bool) deed[client.Measure] {
		return deed[client.Measure]{
			name: name, step: how, action: staff.MeasureConfirm, record: record, danger: how != "reject", may: may,
			effect: func(v *visit, m client.Measure) ([]said, error) {
				if !m.InForce {
					return nil, nil
				}
				return []said{{"page-effect-measure-ends", []string{"step", v.speakers[v.lang].Say("page-step-" + m.Step), "about", v.speakers[v.lang].Say("page-step-about-" + m.Step)}}}, nil
			},
			says:   []string{"page-effect-measure-ends"},
			fields: []field[client.Measure]{{name: "why", kind: "choice", words: "measure-why-", options: measureWhys(), required: true}, {name: "note", kind: "area", hint: true}},
			do: func(v *visit, m client.Measure) (string, error) {
				_, err := v.api().EndMeasure(v.r.Context(), m.ID, how, colophon.Code("measure-why-"+v.sent("why")), v.sent("note"))
				return "", err
			},
		}
	}
	proposed := func(m client.Measure) bool { return m.State == "proposed" }
	return sheet[client.Measure]{
		path: "/measures/{id}", title: "page-measure", action: staff.MeasureRead, template: "measure", more: measureMore,
		fetch: func(v *visit, id string) (client.Measure, error) { return v.api().Measure(v.r.Context(), id) },
		facts: func(m client.Measure) []fact {
			return []fact{
				{"subject", account(m.Subject)}, {"state", measureState(m)}, {"step", word("page-step-", m.Step)}, {"function", ident(m.Function)}, {"fact", word("", string(m.Fact))},
				{"grounds", lawful(m.Clauses)}, {"terms", text(m.Terms)}, {"related-content", idents(m.Findings)}, {"signal-rule", ident(m.Rule)}, {"measure-origin", ident(m.Origin)}, {"until", sometime(m.Until)}, {"appeal", text(m.Appeal)},
			}
		},
		labels: []string{"subject", "state", "step", "function", "fact", "grounds", "terms", "related-content", "signal-rule", "measure-origin", "until", "appeal"},
		says:   slices.Concat(of("page-measure-event-", "proposed", "taken", "decided", "began", "told", "over"), of("measure-fact-", measureFacts()...), of("measure-why-", measureWhys()...), of("page-role-", "system")),
		deeds: []deed[client.Measure]{
			{name: "measure-confirm", step: "confirm", action: staff.MeasureConfirm, record: "standing.taken standing.confirmed", danger: true, may: proposed, fields: []field[client.Measure]{{name: "note", kind: "area", hint: true}},
				effect: func(v *visit, m client.Measure) ([]said, error) {
					return []said{{"page-confirms", []string{"step", v.speakers[v.lang].Say("page-step-" + m.Step), "about", v.speakers[v.lang].Say("page-step-about-" + m.Step)}}}, nil
				}, says: []string{"page-confirms"},
				do: func(v *visit, m client.Measure) (string, error) {
					_, err := v.api().ConfirmMeasure(v.r.Context(), m.ID, v.sent("note"))
					return "", err
				}},
			ends("measure-reject", "reject", "standing.rejected", proposed),
			ends("measure-lift", "lift", "standing.lifted", func(m client.Measure) bool { return m.InForce }),
			ends("measure-restore", "restore", "standing.restored", func(m client.Measure) bool {
				return m.State == "active" || m.State == "ended" || m.State == "lifted"
			}),
			{name: "measure-notice", step: "notice", action: staff.MeasureNotify, record: "standing.notified", may: func(m client.Measure) bool { return m.Statement != nil },
				fields: []field[client.Measure]{{name: "told-at", kind: "moment", required: true}, {name: "told-how", required: true, hint: true, most: 64}},
				do: func(v *visit, m client.Measure) (string, error) {
					at, err := v.sentMoment("told-at")
					if err == nil {
						_, err = v.api().NoticeMeasure(v.r.Context(), m.ID, client.MeasureNotice{At: at, How: v.sent("told-how")})
					}
					return "", err
				}},
		},
	}
}

func signalColumns() []column[client.RiskSignal] {
	return []column[client.RiskSignal]{
		{name: "at", cell: func(s client.RiskSignal) cell { return moment(s.At) }},
		{name: "subject", cell: func(s client.RiskSignal) cell { return account(s.Subject) }},
		{name: "signal-rule", cell: func(s client.RiskSignal) cell { return ident(s.Rule) }},
		{name: "state", cell: func(s client.RiskSignal) cell {
			return state("page-signal-state-", s.State, map[string]tone{"open": wait, "done": good})
		}},
		{name: "counts", cell: counts},
		{name: "followed", cell: followed},
		{name: "kind-of-act", side: true, cell: func(s client.RiskSignal) cell { return word("page-act-kind-", s.Kind) }},
		{name: "function", side: true, cell: func(s client.RiskSignal) cell { return ident(s.Function) }},
		{name: "grounds", side: true, cell: func(s client.RiskSignal) cell { return lawful(s.Clauses) }},
	}
}

// counts are the counters that a rule looked at.
func counts(s client.RiskSignal) cell {
	var names []string
	for name := range s.Counts {
		names = append(names, name)
	}
	slices.Sort(names)
	var c cell
	for _, name := range names {
		c.Many = append(c.Many, ident(fmt.Sprintf("%s=%d", name, s.Counts[name])))
	}
	return c
}

// followed is what came of a signal: it leads to the measure or the held item.
func followed(s client.RiskSignal) cell {
	switch {
	case s.Measure != "":
		return cell{Text: s.Measure, Key: "page-followed-measure", To: "/measures/" + escaped(s.Measure)}
	case s.Item != "":
		return cell{Text: s.Item, Key: "page-followed-item", To: "/review/" + escaped(s.Item)}
	case s.Recheck:
		return word("page-followed-", "recheck")
	}
	return cell{}
}

func actKinds() []string { return []string{"used", "passed", "held", "refused", "unverified"} }

func signalList() list[client.RiskSignal] {
	return list[client.RiskSignal]{
		name: "signals", path: "/signals", title: "page-signals", group: groupPeople, action: staff.MeasureRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.RiskSignal, string, error) {
			return c.Signals(ctx, l)
		},
		columns: signalColumns(),
		filters: []filter{{name: "state", kind: "choice", words: "page-signal-state-", options: []string{"open", "done"}}, {name: "subject", kind: "text"}},
		deeds:   []lead{{"/standing-rules", "page-standing-rules", staff.MeasureRead}},
		says:    slices.Concat(of("page-followed-", "measure", "item", "recheck"), of("page-act-kind-", actKinds()...)),
	}
}
