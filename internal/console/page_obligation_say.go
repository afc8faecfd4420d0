package console

import (
	"maps"
	"slices"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/staff"
)

func stepOf(value string) cell {
	return state("duty-step-", value, map[string]tone{"proposed": wait, "confirmed": good, "approved": good})
}

func waiverColumns() []column[client.DutyWaiver] {
	return []column[client.DutyWaiver]{
		{name: "duty-waiver", cell: func(w client.DutyWaiver) cell { return ident(w.ID).to("/duty-waivers/" + escaped(w.ID)) }},
		{name: "obligation", long: true, cell: func(w client.DutyWaiver) cell { return obligation(w.Obligation) }},
		{name: "state", cell: func(w client.DutyWaiver) cell { return stepOf(w.Step) }},
		{name: "until", cell: func(w client.DutyWaiver) cell { return moment(w.Until) }},
		{name: "author", side: true, cell: func(w client.DutyWaiver) cell { return by(w.Author) }},
		{name: "second", side: true, cell: func(w client.DutyWaiver) cell { return by(w.Second) }},
	}
}

func waiverList() list[client.DutyWaiver] {
	return list[client.DutyWaiver]{
		name: "duty-waivers", path: "/duty-waivers", title: "page-duty-waivers", action: staff.DutyRead,
		read: func(v *visit, l client.Listing) ([]client.DutyWaiver, string, error) {
			return v.api().DutyWaivers(v.r.Context(), l)
		},
		columns: waiverColumns(), filters: []filter{{name: "obligation", kind: "text"}},
		deeds: []lead{{"/duty-waivers/new", "page-deed-duty-waive", staff.DutySay}, {to: "/obligations", title: "page-obligations"}},
		says:  of("duty-step-", dutySteps()...),
	}
}

// waiverOf finds a waiver among all: there are few.
func waiverOf(v *visit, id string) (client.DutyWaiver, error) {
	return lookFor(v, v.api().DutyWaivers, func(w client.DutyWaiver) bool { return w.ID == id })
}

// lookFor finds an entry of a list that the API shows as a whole only.
func lookFor[T any](v *visit, fetch fetching[T], is func(T) bool) (found T, err error) {
	there := false
	_, err = through(v.r.Context(), fetch, nil, mostSorted, func(x T) (bool, error) {
		if is(x) {
			found, there = x, true
		}
		return there, nil
	})
	if err == nil && !there {
		err = missing()
	}
	return found, err
}

// dutyNote is a note that a step asks for.
func dutyNote[T any]() field[T] {
	return field[T]{name: "duty-note", kind: "area", required: true, hint: true, most: 1300}
}

func waiverSheet() sheet[client.DutyWaiver] {
	proposed := func(w client.DutyWaiver) bool { return w.Step == string(duty.Proposed) }
	return sheet[client.DutyWaiver]{
		path: "/duty-waivers/{id}", title: "page-duty-waiver", action: staff.DutyRead, fetch: waiverOf,
		heading: func(w client.DutyWaiver) cell { return cell{Text: w.Obligation, Of: "obligation"} },
		facts: func(w client.DutyWaiver) []fact {
			return []fact{{"obligation", obligation(w.Obligation)}, {"state", stepOf(w.Step)}, {"until", moment(w.Until)}, {"reason", text(w.Why)}, {"author", by(w.Author)},
				{"second", by(w.Second)}, {"approved", sometime(w.Approved)}, {"ended", sometime(w.Ended)}, {"ender", by(w.Ender)}}
		},
		labels: []string{"obligation", "state", "until", "reason", "author", "second", "approved", "ended", "ender"},
		deeds: []deed[client.DutyWaiver]{
			{name: "duty-waiver-approve", step: "approve", action: staff.DutyDecide, record: "duty.waiver-approved", danger: true, may: proposed,
				effect: func(v *visit, w client.DutyWaiver) ([]said, error) { return v.ownWords(w.Author), nil }, says: []string{"page-effect-duty-own"},
				do: func(v *visit, w client.DutyWaiver) (string, error) {
					_, err := v.api().ApproveDutyWaiver(v.r.Context(), w.ID)
					return "", err
				}},
			{name: "duty-waiver-reject", step: "reject", action: staff.DutySay, record: "duty.waiver-rejected", may: proposed, fields: []field[client.DutyWaiver]{dutyNote[client.DutyWaiver]()},
				do: func(v *visit, w client.DutyWaiver) (string, error) {
					_, err := v.api().RejectDutyWaiver(v.r.Context(), w.ID, v.sent("duty-note"))
					return "", err
				}},
			{name: "duty-waiver-end", step: "end", action: staff.DutySay, record: "duty.waiver-ended", may: func(w client.DutyWaiver) bool { return w.Step == string(duty.Approved) }, fields: []field[client.DutyWaiver]{dutyNote[client.DutyWaiver]()},
				do: func(v *visit, w client.DutyWaiver) (string, error) {
					_, err := v.api().EndDutyWaiver(v.r.Context(), w.ID, v.sent("duty-note"))
					return "", err
				}},
		},
	}
}

// ownWords warns whoever would decide about what they proposed.
func (v *visit) ownWords(author string) []said {
	if author == string(v.opened.Account.ID) {
		return []said{{Key: "page-effect-duty-own"}}
	}
	return nil
}

// obligationNames are the names of all obligations, each with its identifier.
func (v *visit) obligationNames() map[string]string {
	names := map[string]string{}
	for id, name := range v.catalogued("obligation") {
		names[id] = id + " · " + name
	}
	return names
}

func dutyWaiverPages() []page {
	return slices.Concat(waiverList().rows(), start("/duty-waivers/new", "/duty-waivers", deed[none]{name: "duty-waive", action: staff.DutySay, record: "duty.waiver-proposed",
		fields: []field[none]{{name: "obligation", kind: "choice", required: true, choices: func(v *visit, _ none) ([]string, error) {
			names, err := v.catalogue("obligation")
			return slices.Sorted(maps.Keys(names)), err
		}, names: (*visit).obligationNames}, {name: "waived-until", kind: "day", required: true, hint: true}, {name: "reason-of-waiver", kind: "area", required: true, hint: true, most: 1300}},
		do: func(v *visit, _ none) (string, error) {
			until, err := v.sentDate("waived-until")
			if err != nil {
				return "", err
			}
			w, err := v.api().ProposeDutyWaiver(v.r.Context(), v.sent("obligation"), until.AddDate(0, 0, 1), v.sent("reason-of-waiver"))
			return "/duty-waivers/" + escaped(w.ID), err
		}}), waiverSheet().rows())
}

func factAnswer(value string) cell { return word("duty-answer-", value) }

func factList() list[client.DutyFact] {
	return list[client.DutyFact]{
		name: "duty-facts", path: "/duty-facts", title: "page-duty-facts", action: staff.DutyRead,
		read: func(v *visit, l client.Listing) ([]client.DutyFact, string, error) {
			list, _, next, err := v.api().DutyFacts(v.r.Context(), l)
			return list, next, err
		},
		columns: []column[client.DutyFact]{
			{name: "duty-fact", long: true, cell: func(f client.DutyFact) cell { return word("duty-fact-", f.Fact).to("/duty-facts/" + escaped(f.ID)) }},
			{name: "duty-answer", cell: func(f client.DutyFact) cell { return factAnswer(f.Answer) }},
			{name: "state", cell: func(f client.DutyFact) cell { return stepOf(f.Step) }},
			{name: "span-from", cell: func(f client.DutyFact) cell { return moment(f.From) }},
			{name: "author", side: true, cell: func(f client.DutyFact) cell { return by(f.Author) }},
			{name: "second", side: true, cell: func(f client.DutyFact) cell { return by(f.Second) }},
		},
		deeds: []lead{{"/duty-facts/new", "page-deed-duty-fact-say", staff.DutySay}, {to: "/obligations", title: "page-obligations"}},
		says:  slices.Concat(of("duty-step-", dutySteps()...), of("duty-fact-", texts(duty.AllFacts())...), of("duty-answer-", "yes", "no", "unknown")),
	}
}

func factSheet() sheet[client.DutyFact] {
	proposed := func(f client.DutyFact) bool { return f.Step == string(duty.Proposed) }
	return sheet[client.DutyFact]{
		path: "/duty-facts/{id}", title: "page-duty-fact", action: staff.DutyRead,
		fetch: func(v *visit, id string) (client.DutyFact, error) {
			return lookFor(v, factList().reads(v), func(f client.DutyFact) bool { return f.ID == id })
		},
		heading: func(f client.DutyFact) cell { return word("duty-fact-", f.Fact) },
		facts: func(f client.DutyFact) []fact {
			return []fact{{"duty-answer", factAnswer(f.Answer)}, {"state", stepOf(f.Step)}, {"span-from", moment(f.From)}, {"reason", text(f.Why)}, {"author", by(f.Author)}, {"second", by(f.Second)}, {"confirmed", sometime(f.Confirmed)}}
		},
		labels: []string{"duty-answer", "state", "span-from", "reason", "author", "second", "confirmed"},
		deeds: []deed[client.DutyFact]{
			{name: "duty-fact-confirm", step: "confirm", action: staff.DutyDecide, record: "duty.fact-confirmed", may: proposed, effect: func(v *visit, f client.DutyFact) ([]said, error) { return v.ownWords(f.Author), nil },
				do: func(v *visit, f client.DutyFact) (string, error) {
					_, err := v.api().ConfirmDutyFact(v.r.Context(), f.ID)
					return "", err
				}},
			{name: "duty-fact-reject", step: "reject", action: staff.DutySay, record: "duty.fact-rejected", may: proposed, fields: []field[client.DutyFact]{dutyNote[client.DutyFact]()},
				do: func(v *visit, f client.DutyFact) (string, error) {
					_, err := v.api().RejectDutyFact(v.r.Context(), f.ID, v.sent("duty-note"))
					return "", err
				}},
		},
	}
}

func dutyFactPages() []page {
	return slices.Concat(factList().rows(), start("/duty-facts/new", "/duty-facts", deed[none]{name: "duty-fact-say", action: staff.DutySay, record: "duty.fact-proposed",
		fields: []field[none]{{name: "duty-fact", kind: "choice", words: "duty-fact-", options: texts(duty.AllFacts()), required: true}, {name: "duty-answer", kind: "choice", words: "duty-answer-", options: []string{"yes", "no", "unknown"}, required: true},
			{name: "fact-why", kind: "area", required: true, hint: true, most: 1300}, {name: "fact-from", kind: "moment", hint: true}},
		do: func(v *visit, _ none) (string, error) {
			from, err := v.sentMoment("fact-from")
			if err != nil {
				return "", err
			}
			f, err := v.api().DeclareDutyFact(v.r.Context(), v.sent("duty-fact"), v.sent("duty-answer"), v.sent("fact-why"), from)
			return "/duty-facts/" + escaped(f.ID), err
		}}), factSheet().rows())
}
