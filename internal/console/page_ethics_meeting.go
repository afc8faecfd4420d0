package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/staff"
)

func noMember() error { return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown} }

func ethicsParts(v *visit, x applied) ([]part, error) {
	var parts []part
	if len(x.Seats) > 0 {
		parts = append(parts, seatPart(x))
	}
	parts = append(parts, groundPart(x))
	if e := x.Experts; e != nil {
		parts[len(parts)-1].Facts = []fact{{"rv-experts-agree", whether(e.Agree)}, {"rv-reference", text(e.Reference)}, {"rv-proof", ident(e.Proof)}, {"rv-at", moment(e.At)}}
	}
	for _, p := range applicationParts() {
		one := part{Title: "review-part-" + p.name}
		for _, f := range p.fields {
			if said := *ethicsText(&x.Application, f); said != "" {
				one.Facts = append(one.Facts, fact{"rv-" + f, text(said)})
			}
		}
		if len(one.Facts) > 0 {
			parts = append(parts, one)
		}
	}
	parts = append(parts, riskPart(x))
	if len(x.Pauses) > 0 {
		parts = append(parts, part{Title: "review-part-pauses", Table: tableOf("review-part-pauses", []column[client.EthicsPause]{
			{name: "rv-reason", cell: func(p client.EthicsPause) cell { return word("review-pause-", p.Reason) }},
			{name: "rv-from", cell: func(p client.EthicsPause) cell { return moment(p.From) }},
			{name: "rv-until", cell: func(p client.EthicsPause) cell { return sometime(p.Until) }},
		}, x.Pauses)})
	}
	if len(x.Followed) > 0 {
		parts = append(parts, part{Title: "review-part-followed", Table: tableOf("review-part-followed", []column[client.EthicsFollowUp]{
			{name: "rv-at", cell: func(f client.EthicsFollowUp) cell { return moment(f.At) }},
			{name: "rv-finding", cell: func(f client.EthicsFollowUp) cell { return word("review-follow-", f.Finding) }},
			{name: "rv-note", cell: func(f client.EthicsFollowUp) cell { return text(f.Note) }},
			{name: "rv-next", cell: func(f client.EthicsFollowUp) cell { return text(f.Next) }},
		}, x.Followed)})
	}
	rules, err := v.api().EthicsRules(v.r.Context())
	return append(parts, part{Title: "review-part-rules", Lead: "page-ethics-rules-lead", Table: tableOf("review-part-rules", []column[client.EthicsRule]{
		{name: "rv-rule", cell: func(r client.EthicsRule) cell { return word("review-rule-", r.Name) }},
		{name: "rv-figure", cell: func(r client.EthicsRule) cell {
			return text(strconv.Itoa(r.Value) + " " + v.speakers[v.lang].Say("review-unit-"+r.Unit))
		}},
		{name: "rv-source", side: true, cell: func(r client.EthicsRule) cell { return text(r.Source) }},
		{name: "rv-confidence", cell: func(r client.EthicsRule) cell { return word("review-confidence-", r.Confidence) }},
	}, rules)}), err
}

func seatPart(x applied) part {
	return part{Title: "review-part-meeting", Table: tableOf("review-part-meeting", []column[client.EthicsSeat]{
		{name: "rv-member", cell: seatName},
		{name: "rv-category", cell: func(s client.EthicsSeat) cell { return word("review-category-", s.Category) }},
		{name: "rv-outside", cell: func(s client.EthicsSeat) cell { return whether(s.Outside) }},
		{name: "rv-vote", cell: func(s client.EthicsSeat) cell {
			if s.Recused != "" {
				return state("review-recused-", s.Recused, map[string]tone{s.Recused: bad})
			}
			return word("review-vote-", s.Vote)
		}},
		{name: "rv-at", side: true, cell: func(s client.EthicsSeat) cell { return sometime(s.Cast) }},
	}, x.Seats)}
}

func groundPart(x applied) part {
	return part{Title: "review-part-experts", Empty: "page-ethics-unanswered", Table: tableOf("review-part-experts", []column[client.EthicsGround]{
		{name: "rv-ground", cell: func(g client.EthicsGround) cell { return word("review-ground-", g.Ground) }},
		{name: "rv-applies", cell: func(g client.EthicsGround) cell { return whether(g.Applies) }},
		{name: "rv-why", cell: func(g client.EthicsGround) cell { return text(g.Why) }},
	}, x.Grounds)}
}

func riskPart(x applied) part {
	return part{Title: "review-part-risks", Table: tableOf("review-part-risks", []column[ethics.EthicsRisk]{
		{name: "rv-risk", cell: func(r ethics.EthicsRisk) cell { return text(r.Risk) }},
		{name: "rv-who", cell: func(r ethics.EthicsRisk) cell { return text(r.Who) }},
		{name: "rv-severity", cell: func(r ethics.EthicsRisk) cell { return word("review-grade-", r.Severity) }},
		{name: "rv-control", cell: func(r ethics.EthicsRisk) cell { return text(r.Control) }},
		{name: "rv-residual", cell: func(r ethics.EthicsRisk) cell { return word("review-grade-", r.Residual) }},
	}, x.Application.Risks)}
}

// votePage is the screen on which members vote: what is voted about, who is there, and the form.
type votePage struct {
	deedPage
	Quorum string // why nobody can vote yet
	Parts  []part
}

// mayVoteFor lists the members at the meeting for whom the visitor may vote: themselves, and, for whoever keeps the minutes,
// those without an account.
func mayVoteFor(v *visit, x applied) (ids []string) {
	for _, s := range x.Seats {
		if s.Recused == "" && s.Vote == "" && cmp.Or(s.Account, x.Minutes) == string(v.opened.Account.ID) {
			ids = append(ids, s.Member)
		}
	}
	return ids
}

func voteDeed() deed[applied] {
	return deed[applied]{name: "ethics-vote", action: staff.EthicsVote, record: string(ethics.RecordVoted),
		fields: []field[applied]{{name: "rv-member", kind: "choice", required: true, choices: func(v *visit, x applied) ([]string, error) { return mayVoteFor(v, x), nil }, names: memberNames},
			{name: "rv-vote", kind: "choice", words: "review-vote-", options: wordsOf(ethics.Votes()), required: true}},
		says: []string{"page-ethics-no-vote"},
		do: func(v *visit, x applied) (string, error) {
			_, err := v.api().StepEthicsReview(v.r.Context(), x.ID, "vote", map[string]string{"member": v.sent("rv-member"), "vote": v.sent("rv-vote")})
			return "", err
		}}
}

func showVote(v *visit) error {
	x, err := appliedOf(v, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := voteDeed()
	data := votePage{deedPage: deedPage{Name: d.name, Action: overseenLink("ethics", x.ID) + "/vote", Back: overseenLink("ethics", x.ID), Records: strings.Fields(d.record)}, Parts: []part{seatPart(x), riskPart(x), groundPart(x)}}
	if x.Quorum != nil {
		data.Quorum = capital(x.Quorum.Sentence)
	}
	if len(mayVoteFor(v, x)) > 0 && x.State == "accepted" {
		for _, f := range d.fields {
			w, err := f.view(v, x)
			if err != nil {
				return err
			}
			data.Fields = append(data.Fields, w)
		}
	}
	v.titled = x.Application.Title
	for _, p := range data.Parts {
		v.introduced(p.Table)
	}
	return v.show("ethicsvote", data)
}

// memberNames are the members by account or, of those from outside, by the end of their identifier.
func memberNames(v *visit) map[string]string {
	names := map[string]string{}
	list, _ := v.api().EthicsMembers(v.r.Context(), false) // the choices say what went wrong
	for _, m := range list {
		who := tail(m.ID)
		if m.Account != "" {
			who = v.by(m.Account).Text
		}
		names[m.ID] = who + " · " + v.speakers[v.lang].Say("review-category-"+m.Category)
	}
	return names
}

func memberIDs(v *visit, _ applied) (ids []string, err error) {
	list, err := v.api().EthicsMembers(v.r.Context(), false)
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids, err
}

// seatIDs lists the members at the meeting for whom the visitor may declare an interest.
func seatIDs(v *visit, x applied) (ids []string, err error) {
	me := string(v.opened.Account.ID)
	for _, s := range x.Seats {
		if s.Recused == "" && (s.Account == me || x.Minutes == me) {
			ids = append(ids, s.Member)
		}
	}
	return ids, nil
}

func ethicsDeeds() []deed[applied] {
	is := func(states ...string) func(applied) bool {
		return func(x applied) bool { return slices.Contains(states, x.State) }
	}
	step := func(name string, body func(v *visit) (any, error)) func(v *visit, x applied) (string, error) {
		return func(v *visit, x applied) (string, error) {
			var sent any
			if body != nil {
				var err error
				if sent, err = body(v); err != nil {
					return "", err
				}
			}
			_, err := v.api().StepEthicsReview(v.r.Context(), x.ID, name, sent)
			return "", err
		}
	}
	note := func(v *visit) (any, error) { return v.noted(), nil }
	area := noteField[applied]()
	day := field[applied]{name: "rv-next", kind: "day", required: true, hint: true}
	running := func(x applied) bool { return x.State == "accepted" && x.Running }
	return []deed[applied]{
		{name: "ethics-accept", step: "accept", action: staff.OversightDecide, record: string(ethics.RecordAccepted), may: is("submitted"), do: step("accept", nil)},
		{name: "ethics-return", step: "return", action: staff.OversightDecide, record: string(ethics.RecordReturned), may: is("submitted"), fields: []field[applied]{area}, do: step("return", note)},
		{name: "ethics-answer", step: "answer", action: staff.OversightDecide, record: string(ethics.RecordAnswered), may: is("accepted"), fields: groundFields(), do: step("answer", sentGrounds)},
		{name: "ethics-meet", step: "meet", action: staff.OversightDecide, record: string(ethics.RecordMet), may: is("accepted"), fields: []field[applied]{{name: "rv-members", kind: "several", choices: memberIDs, names: memberNames, hint: true}},
			do: step("meet", func(v *visit) (any, error) {
				return map[string]any{"members": append([]string{}, v.r.PostForm["rv-members"]...)}, nil
			})},
		{name: "ethics-recuse", step: "recuse", action: staff.EthicsVote, record: string(ethics.RecordRecused), may: func(x applied) bool { return x.State == "accepted" && len(x.Seats) > 0 },
			fields: []field[applied]{{name: "rv-member", kind: "choice", required: true, choices: seatIDs, names: memberNames}, {name: "rv-interest", kind: "choice", words: "review-recused-", options: ethics.Interests(), required: true}, area},
			do: step("recuse", func(v *visit) (any, error) {
				return map[string]string{"member": v.sent("rv-member"), "reason": v.sent("rv-interest"), "note": prose(v.sent("rv-note"))}, nil
			})},
		{name: "ethics-expert", step: "expert", action: staff.OversightDecide, record: string(ethics.RecordExpert), may: is("accepted"),
			fields: []field[applied]{{name: "rv-experts-agree", kind: "choice", words: "page-", options: []string{"yes", "no"}, required: true}, {name: "rv-reference", kind: "text", required: true}, {name: "rv-proof", kind: "text", required: true, hint: true, most: 64}, {name: "rv-at", kind: "moment", required: true}},
			do: step("expert", func(v *visit) (any, error) {
				at, err := v.sentMoment("rv-at")
				return map[string]any{"agree": v.sent("rv-experts-agree") == "yes", "reference": v.sent("rv-reference"), "proof": v.sent("rv-proof"), "at": at}, err
			})},
		{name: "ethics-decide", step: "decide", action: staff.OversightDecide, record: string(ethics.RecordDecided), may: func(x applied) bool { return running(x) && len(x.Seats) > 0 },
			fields: []field[applied]{{name: "rv-reasons", kind: "area", required: true, most: 8192}, {name: "rv-conditions", kind: "area", hint: true, most: 8192}, {name: "rv-next", kind: "day", hint: true}},
			do: step("decide", func(v *visit) (any, error) {
				return map[string]any{"reasons": prose(v.sent("rv-reasons")), "conditions": append([]string{}, lines(v.sent("rv-conditions"))...), "next": v.sent("rv-next")}, nil
			})},
		{name: "ethics-pause", step: "pause", action: staff.OversightDecide, record: string(ethics.RecordPaused), may: running, fields: []field[applied]{{name: "rv-pause", kind: "choice", words: "review-pause-", options: []string{"supplement", "experts"}, required: true}, area},
			do: step("pause", func(v *visit) (any, error) {
				return map[string]string{"reason": v.sent("rv-pause"), "note": prose(v.sent("rv-note"))}, nil
			})},
		{name: "ethics-resume", step: "resume", action: staff.OversightDecide, record: string(ethics.RecordResumed), may: func(x applied) bool { return x.State == "accepted" && !x.Running }, do: step("resume", nil)},
		{name: "ethics-extend", step: "extend", action: staff.OversightDecide, record: string(ethics.RecordExtended), may: is("accepted"), fields: []field[applied]{{name: "rv-until", kind: "day", required: true}, area},
			do: step("extend", func(v *visit) (any, error) {
				return map[string]string{"until": v.sent("rv-until"), "note": prose(v.sent("rv-note"))}, nil
			})},
		{name: "ethics-confirm", step: "confirm", action: staff.OversightDecide, record: string(ethics.RecordConfirmed), may: is("modify"), fields: []field[applied]{area}, do: step("confirm", note)},
		{name: "ethics-follow", step: "follow", action: staff.OversightDecide, record: string(ethics.RecordFollowed), may: is("approved", "suspended"),
			fields: []field[applied]{{name: "rv-follows", kind: "choice", words: "review-follow-", options: []string{"continue", "suspend"}, required: true}, area, day},
			do: step("follow", func(v *visit) (any, error) {
				return map[string]string{"finding": v.sent("rv-follows"), "note": prose(v.sent("rv-note")), "next": v.sent("rv-next")}, nil
			})},
		{name: "ethics-register", step: "register", action: staff.OversightWrite, record: string(ethics.RecordRegistered), may: is("approved", "suspended"), fields: []field[applied]{{name: "rv-number", kind: "text", required: true, most: 64}},
			do: step("register", func(v *visit) (any, error) {
				return map[string]string{"number": strings.TrimSpace(v.sent("rv-number"))}, nil
			})},
		{name: "ethics-end", step: "end", action: staff.OversightWrite, record: string(ethics.RecordEnded), danger: true, may: is("submitted", "incomplete", "accepted", "modify", "again", "approved", "suspended"), fields: []field[applied]{area}, do: step("end", note)},
	}
}

// groundFields ask for each ground whether it applies, and why. Nothing is chosen beforehand.
func groundFields() []field[applied] {
	var list []field[applied]
	for _, g := range ethics.Grounds() {
		list = append(list, field[applied]{name: "rv-ground-" + string(g), kind: "choice", words: "page-", options: []string{"yes", "no"}, required: true}, field[applied]{name: "rv-why-" + string(g), kind: "area", required: true, most: 8192})
	}
	return list
}

func sentGrounds(v *visit) (any, error) {
	var list []map[string]any
	for _, g := range ethics.Grounds() {
		said := v.sent("rv-ground-" + string(g))
		if said != "yes" && said != "no" {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
		}
		list = append(list, map[string]any{"ground": g, "applies": said == "yes", "why": prose(v.sent("rv-why-" + string(g)))})
	}
	return map[string]any{"grounds": list}, nil
}
