package console

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/staff"
)

func ethicsPages() []page {
	vote := voteDeed().rows("/ethics-reviews/{id}/vote", "/ethics-reviews/{id}", appliedOf)
	vote[0].do = showVote
	return slices.Concat(committeeList().rows(), start("/ethics-committee/new", "/ethics-committee", seatMember()), memberSheet().rows(),
		ethicsForm("ethics-apply", ethics.RecordApplied).rows("/ethics-reviews/new", "/reviews", func(v *visit, _ string) (applied, error) {
			return applied{Application: ethics.Application{About: v.r.URL.Query().Get("about")}}, nil
		}),
		ethicsForm("ethics-amend", ethics.RecordAmended).rows("/ethics-reviews/{id}/amend", "/ethics-reviews/{id}", appliedOf), vote, ethicsSheet().rows(),
		[]page{{method: get, path: "/ethics-reviews/{id}/document/{format}", action: staff.OversightRead, back: "/ethics-reviews/{id}", do: reviewPaper("ethics")}})
}

// applied is an ethics review with its application read.
type applied struct {
	client.EthicsReview
	Application ethics.Application
}

func readApplied(r client.EthicsReview, err error) (applied, error) {
	out := applied{EthicsReview: r}
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(r.Application, &out.Application)
}

func appliedOf(v *visit, id string) (applied, error) {
	return readApplied(v.api().EthicsReview(v.r.Context(), id))
}

func memberOf(v *visit, id string) (client.EthicsMember, error) {
	list, err := v.api().EthicsMembers(v.r.Context(), true)
	if err != nil {
		return client.EthicsMember{}, err
	}
	for _, m := range list {
		if m.ID == id {
			return m, nil
		}
	}
	return client.EthicsMember{}, noMember()
}

// memberName is who a member is: the account, the name where it was read, or the identifier.
func memberName(m client.EthicsMember) cell {
	switch {
	case m.Account != "":
		return by(m.Account)
	case m.Name != "":
		return text(m.Name)
	}
	return ident(m.ID)
}

func committeeList() list[client.EthicsMember] {
	return list[client.EthicsMember]{
		name: "ethics-committee", path: "/ethics-committee", title: "page-ethics-committee", group: groupGovernance, action: staff.OversightRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.EthicsMember, string, error) {
			if l.Cursor != "" {
				return nil, "", nil
			}
			list, err := c.EthicsMembers(ctx, false)
			return list, "", err
		},
		columns: []column[client.EthicsMember]{
			{name: "rv-member", cell: func(m client.EthicsMember) cell {
				c := memberName(m)
				c.To = "/ethics-committee/" + escaped(m.ID)
				return c
			}},
			{name: "rv-category", cell: func(m client.EthicsMember) cell { return word("review-category-", m.Category) }},
			{name: "rv-outside", cell: func(m client.EthicsMember) cell { return whether(m.Outside) }},
			{name: "rv-chair", cell: func(m client.EthicsMember) cell { return yes(m.Chair) }},
			{name: "rv-until", side: true, cell: func(m client.EthicsMember) cell { return lastDay(&m.Until) }},
		},
		deeds: []lead{{"/ethics-committee/new", "page-deed-ethics-seat", staff.OversightDecide}},
		says:  of("review-category-", wordsOf(ethics.Categories())...),
	}
}

func seatMember() deed[none] {
	return deed[none]{name: "ethics-seat", action: staff.OversightDecide, record: string(ethics.RecordSeated),
		fields: []field[none]{{name: "rv-category", kind: "choice", words: "review-category-", options: wordsOf(ethics.Categories()), required: true}, {name: "rv-outside", kind: "yes", hint: true}, {name: "rv-chair", kind: "yes"},
			{name: "rv-account", kind: "text", hint: true, most: 64}, {name: "rv-name", kind: "text", hint: true, most: 256}},
		do: func(v *visit, _ none) (string, error) {
			_, err := v.api().SeatEthicsMember(v.r.Context(), client.NewEthicsMember{Category: v.sent("rv-category"), Outside: v.sent("rv-outside") == "yes", Chair: v.sent("rv-chair") == "yes", Account: strings.TrimSpace(v.sent("rv-account")), Name: strings.TrimSpace(v.sent("rv-name"))})
			return "/ethics-committee", err
		}}
}

func memberSheet() sheet[client.EthicsMember] {
	return sheet[client.EthicsMember]{
		path: "/ethics-committee/{id}", title: "page-ethics-member", action: staff.OversightRead, fetch: memberOf,
		heading: func(m client.EthicsMember) cell { return word("review-category-", m.Category) },
		facts: func(m client.EthicsMember) []fact {
			return []fact{{"rv-member", memberName(m)}, {"state", state("review-member-", m.State, map[string]tone{"seated": good})}, {"rv-category", word("review-category-", m.Category)}, {"rv-outside", whether(m.Outside)}, {"rv-chair", yes(m.Chair)}, {"rv-from", moment(m.Since)}, {"rv-until", lastDay(&m.Until)}}
		},
		labels: rv("from"), says: of("review-member-", "seated", "unseated"), deeds: []deed[client.EthicsMember]{readMember(), unseatMember()},
	}
}

// readMember shows the name of a member from outside, once.
func readMember() deed[client.EthicsMember] {
	return deed[client.EthicsMember]{name: "ethics-read", step: "read", may: func(m client.EthicsMember) bool { return m.Account == "" }, action: staff.OversightDecide, record: string(ethics.RecordRead),
		do: func(v *visit, m client.EthicsMember) (string, error) {
			m, err := v.api().ReadEthicsMember(v.r.Context(), m.ID)
			if err != nil {
				return "", err
			}
			read := memberSheet()
			read.private, read.fetch = true, func(*visit, string) (client.EthicsMember, error) { return m, nil }
			return "-", read.show(v)
		}}
}

func unseatMember() deed[client.EthicsMember] {
	return deed[client.EthicsMember]{name: "ethics-unseat", step: "unseat", may: func(m client.EthicsMember) bool { return m.State == "seated" }, action: staff.OversightDecide, record: string(ethics.RecordUnseated), danger: true, fields: []field[client.EthicsMember]{noteField[client.EthicsMember]()},
		do: func(v *visit, m client.EthicsMember) (string, error) {
			_, err := v.api().UnseatEthicsMember(v.r.Context(), m.ID, prose(v.sent("rv-note")))
			return "", err
		}}
}

// ethicsText is one text of an application, by the name of its field.
func ethicsText(a *ethics.Application, name string) *string {
	return map[string]*string{"aim": &a.Overview.Aim, "meaning": &a.Overview.Meaning, "need": &a.Overview.Need, "before": &a.Overview.Before, "plan": &a.Plan.Plan, "emergency": &a.Plan.Emergency, "publishing": &a.Plan.Publishing,
		"papers": &a.Bodies.Papers, "experience": &a.Bodies.Experience, "funding": &a.Bodies.Funding, "interests": &a.Bodies.Interests, "form": &a.Consent.Form, "sources": &a.Consent.Sources, "other": &a.Other, "emergency-why": &a.Emergency}[name]
}

// ethicsPart is a part of an application with its texts.
type ethicsPart struct {
	name   string
	fields []string
}

func applicationParts() []ethicsPart {
	return []ethicsPart{{"overview", []string{"aim", "meaning", "need", "before"}}, {"plan", []string{"plan", "emergency", "publishing"}}, {"bodies", []string{"papers", "experience", "funding", "interests"}}, {"consent", []string{"form", "sources"}}, {"other", []string{"other", "emergency-why"}}}
}

func ethicsForm(name string, record evidence.Type) questionnaire[applied] {
	sections := []section[applied]{{name: "ethics-about", fields: []field[applied]{
		{name: "rv-about", kind: "text", required: true, hint: true, most: 64, value: func(x applied) string { return x.Application.About }},
		{name: "rv-title", kind: "text", required: true, most: 256, value: func(x applied) string { return x.Application.Title }}}}}
	for _, p := range applicationParts() {
		s := section[applied]{name: "ethics-" + p.name}
		for _, f := range p.fields {
			s.fields = append(s.fields, field[applied]{name: "rv-" + f, kind: "area", most: 8192, required: !slices.Contains([]string{"before", "other", "emergency-why"}, f), value: func(x applied) string { return *ethicsText(&x.Application, f) }})
		}
		sections = append(sections, s)
	}
	sections = append(sections, section[applied]{name: "ethics-risks", grid: ethicsRiskGrid()},
		section[applied]{name: "ethics-pledge", fields: []field[applied]{{name: "rv-pledge", kind: "yes", required: true, hint: true}}})
	return questionnaire[applied]{sections: sections, deed: deed[applied]{name: name, action: staff.OversightWrite, record: string(record),
		do: func(v *visit, x applied) (string, error) {
			raw, err := json.Marshal(v.sentApplication())
			if err != nil {
				return "", err
			}
			if x.ID != "" {
				_, err := v.api().StepEthicsReview(v.r.Context(), x.ID, "amend", json.RawMessage(raw))
				return "", err
			}
			r, err := v.api().ApplyEthicsReview(v.r.Context(), raw)
			return overseenLink("ethics", r.ID), err
		}}}
}

func ethicsRiskGrid() *grid[applied] {
	grade := func(name string) gridColumn {
		return gridColumn{name: name, kind: "choice", words: "review-grade-", options: append([]string{""}, grades()...)}
	}
	return &grid[applied]{name: "rv-risks", columns: []gridColumn{{name: "rv-risk", kind: "area"}, {name: "rv-who", kind: "text"}, grade("rv-severity"), {name: "rv-control", kind: "area"}, grade("rv-residual")},
		rows: func(x applied) (rows [][]string) {
			for _, r := range x.Application.Risks {
				rows = append(rows, []string{r.Risk, r.Who, r.Severity, r.Control, r.Residual})
			}
			return rows
		}}
}

// sentApplication reads the form that was sent.
func (v *visit) sentApplication() ethics.Application {
	a := ethics.Application{About: strings.TrimSpace(v.sent("rv-about")), Title: v.sent("rv-title"), Pledge: v.sent("rv-pledge") == "yes", Risks: []ethics.EthicsRisk{}}
	for _, p := range applicationParts() {
		for _, f := range p.fields {
			*ethicsText(&a, f) = prose(v.sent("rv-" + f))
		}
	}
	for _, row := range ethicsRiskGrid().sent(v) {
		a.Risks = append(a.Risks, ethics.EthicsRisk{Risk: row[0], Who: row[1], Severity: row[2], Control: row[3], Residual: row[4]})
	}
	return a
}

func ethicsSheet() sheet[applied] {
	return sheet[applied]{
		path: "/ethics-reviews/{id}", title: "page-ethics-review", action: staff.OversightRead, fetch: appliedOf,
		heading: func(x applied) cell { return text(x.Application.Title) },
		facts: func(x applied) []fact {
			quorum, clock := cell{}, cell{}
			if x.Quorum != nil {
				quorum = text(capital(x.Quorum.Sentence))
			}
			if x.State == "accepted" {
				clock = state("review-clock-", map[bool]string{true: "running", false: "paused"}[x.Running], map[string]tone{"paused": wait})
			}
			list := []fact{{"state", reviewState(x.State)}, {"rv-late", overdue(x.Late)}, {"rv-about", ident(x.Application.About)}, {"rv-applicant", by(x.Applicant)}, {"rv-made", moment(x.Made)}, {"rv-round", text(strconv.Itoa(x.Round))}, {"rv-accepted", sometime(x.Accepted)}, {"rv-limit", lastDay(x.Due)},
				{"rv-clock", clock}, {"rv-quorum", quorum}, {"rv-follow", text(x.Next)}, {"rv-number", ident(x.Number)}, {"rv-note", text(x.Note)}}
			if o := x.Outcome; o != nil {
				list = append(list, fact{"rv-outcome", word("review-vote-", o.Vote)}, fact{"rv-reasons", text(o.Reasons)}, fact{"rv-conditions", text(strings.Join(o.Conditions, " · "))}, fact{"rv-decider", by(o.By)}, fact{"rv-decided", moment(o.At)}, fact{"rv-decided-late", yes(o.Late)})
			}
			return list
		},
		parts: ethicsParts,
		ways: func(v *visit, x applied) []lead {
			list := paperWays("ethics", x.ID)
			if x.State == "accepted" && len(x.Seats) > 0 && v.actor().May(staff.EthicsVote) {
				list = append(list, lead{overseenLink("ethics", x.ID) + "/vote", "page-deed-ethics-vote", staff.EthicsVote})
			}
			if (x.State == "incomplete" || x.State == "again") && v.actor().May(staff.OversightWrite) {
				list = append(list, lead{overseenLink("ethics", x.ID) + "/amend", "page-deed-ethics-amend", staff.OversightWrite})
			}
			return list
		},
		labels: append(rv("late", "about", "applicant", "made", "round", "accepted", "limit", "clock", "quorum", "follow", "number", "note", "outcome", "reasons", "conditions", "decider", "decided", "decided-late", "risk", "who", "severity", "control", "residual", "ground", "applies", "why",
			"member", "category", "outside", "vote", "at", "finding", "next", "from", "until", "reason", "experts-agree", "reference", "proof", "rule", "figure", "source", "confidence", "aim", "meaning", "need", "before", "plan", "emergency", "publishing", "papers", "experience", "funding", "interests", "form", "sources", "other", "emergency-why"), "state"),
		says: slices.Concat(paperWords(), of("review-vote-", wordsOf(ethics.Votes())...), of("review-ground-", wordsOf(ethics.Grounds())...), of("review-recused-", append(ethics.Interests(), ethics.Applicant)...), of("review-grade-", grades()...), of("review-follow-", "continue", "suspend"),
			of("review-pause-", "supplement", "experts"), of("review-clock-", "running", "paused"), of("review-part-", "overview", "plan", "bodies", "consent", "pledge", "other", "risks", "experts", "meeting", "pauses", "followed", "rules"), of("review-category-", wordsOf(ethics.Categories())...), ruleWords()),
		deeds: ethicsDeeds(),
	}
}

func ruleWords() []string {
	var list []string
	for _, r := range ethics.Rules() {
		list = append(list, "review-rule-"+r.Name)
	}
	return append(list, of("review-confidence-", "primary", "secondary", "unconfirmed")...)
}

// seatName is a member at a meeting.
func seatName(s client.EthicsSeat) cell {
	if s.Account != "" {
		return by(s.Account)
	}
	return ident(s.Member)
}
