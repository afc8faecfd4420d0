package console

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/staff"
)

func mechanismPages() []page {
	return slices.Concat(mechanismForm().rows("/mechanism-reviews/new", "/reviews", func(v *visit, _ string) (mechanism.Examination, error) {
		x := mechanism.Examination{Algorithm: v.r.URL.Query().Get("algorithm")}
		for _, p := range mechanism.Points() {
			x.Checks = append(x.Checks, mechanism.Examined{Point: p})
		}
		return x, nil
	}), mechanismSheet().rows(), []page{{method: get, path: "/mechanism-reviews/{id}/document/{format}", action: staff.OversightRead, back: "/mechanism-reviews/{id}", do: reviewPaper("mechanism")}})
}

// examined is a mechanism review with its form read.
type examined struct {
	client.MechanismReview
	Form mechanism.Examination
}

func readExamined(r client.MechanismReview, err error) (examined, error) {
	out := examined{MechanismReview: r}
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(r.Form, &out.Form)
}

func findingState(s string) cell {
	return state("review-finding-", s, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait})
}

func mechanismSheet() sheet[examined] {
	return sheet[examined]{
		path: "/mechanism-reviews/{id}", title: "page-mechanism-review", action: staff.OversightRead,
		fetch: func(v *visit, id string) (examined, error) {
			return readExamined(v.api().MechanismReview(v.r.Context(), id))
		},
		heading: func(x examined) cell { return text(x.Form.Algorithm) },
		facts: func(x examined) []fact {
			why := cell{}
			if x.Why != nil {
				why = text(capital(x.Why.Sentence))
			}
			return []fact{{"state", reviewState(x.State)}, {"rv-coverage", coverageState(x.Coverage)}, {"rv-why", why}, {"rv-conclusion", word("review-conclusion-", string(x.Form.Conclusion))}, {"rv-algorithm", ident(x.Form.Algorithm)}, {"rv-serving", ident(x.Form.Digest)},
				{"rv-next", text(x.Form.Next)}, {"rv-until", lastDay(x.Until)}, {"rv-author", by(x.Author)}, {"rv-made", moment(x.Proposed)}, {"rv-decider", by(x.Decider)}, {"rv-decided", sometime(x.Decided)}, {"rv-ended", sometime(x.Ended)}}
		},
		parts: mechanismParts, ways: func(_ *visit, x examined) []lead { return paperWays("mechanism", x.ID) },
		labels: append(rv("coverage", "why", "conclusion", "algorithm", "serving", "next", "until", "author", "made", "decider", "decided", "ended", "point", "finding", "note", "proof", "condition", "due", "met"), "state"),
		says:   slices.Concat(paperWords(), of("review-conclusion-", wordsOf(mechanism.Conclusions())...), of("review-point-", wordsOf(mechanism.Points())...), of("review-finding-", wordsOf(mechanism.Findings())...)),
		deeds:  mechanismDeeds(),
	}
}

func wordsOf[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

func mechanismParts(_ *visit, x examined) ([]part, error) {
	parts := []part{{Title: "review-part-checks", Table: tableOf("review-part-checks", []column[mechanism.Examined]{
		{name: "rv-point", cell: func(c mechanism.Examined) cell { return word("review-point-", string(c.Point)) }},
		{name: "rv-finding", cell: func(c mechanism.Examined) cell { return findingState(string(c.Finding)) }},
		{name: "rv-note", cell: func(c mechanism.Examined) cell { return text(c.Note) }},
		{name: "rv-proof", side: true, cell: func(c mechanism.Examined) cell { return ident(c.Proof) }},
	}, x.Form.Checks)}}
	if len(x.Form.Conditions) > 0 {
		parts = append(parts, part{Title: "review-part-conditions", Table: tableOf("review-part-conditions", []column[mechanism.ReviewCondition]{
			{name: "rv-condition", cell: func(c mechanism.ReviewCondition) cell { return text(c.Text) }},
			{name: "rv-due", cell: func(c mechanism.ReviewCondition) cell { return text(c.Due) }},
			{name: "rv-met", cell: func(c mechanism.ReviewCondition) cell { return moment(c.Met) }},
		}, x.Form.Conditions)})
	}
	return parts, nil
}

func mechanismDeeds() []deed[examined] {
	is := func(states ...string) func(examined) bool {
		return func(x examined) bool { return slices.Contains(states, x.State) }
	}
	step := func(name string) func(v *visit, x examined) (string, error) {
		return func(v *visit, x examined) (string, error) {
			_, err := v.api().StepMechanismReview(v.r.Context(), x.ID, name, v.noted())
			return "", err
		}
	}
	open := func(x examined) (list []string) {
		for i, c := range x.Form.Conditions {
			if c.Met.IsZero() {
				list = append(list, strconv.Itoa(i))
			}
		}
		return list
	}
	return []deed[examined]{
		{name: "mechanism-approve", step: "approve", action: staff.OversightDecide, record: string(mechanism.RecordApproved), may: is("proposed"),
			effect: func(v *visit, x examined) ([]said, error) {
				list := []said{{"page-effect-mechanism-digest", []string{"digest", tail(x.Form.Digest)}}, {"page-effect-mechanism-next", []string{"day", x.Form.Next}}}
				if x.Author == string(v.opened.Account.ID) {
					list = append(list, said{"page-effect-review-own", nil})
				}
				return list, nil
			}, says: []string{"page-effect-mechanism-digest", "page-effect-mechanism-next", "page-effect-review-own"},
			do: func(v *visit, x examined) (string, error) {
				_, err := v.api().StepMechanismReview(v.r.Context(), x.ID, "approve", nil)
				return "", err
			}},
		{name: "mechanism-reject", step: "reject", action: staff.OversightDecide, record: string(mechanism.RecordRejected), danger: true, may: is("proposed"), fields: []field[examined]{noteField[examined]()}, do: step("reject")},
		{name: "mechanism-meet", step: "meet", action: staff.OversightDecide, record: string(mechanism.RecordMet), may: func(x examined) bool { return x.State == "approved" && len(open(x)) > 0 },
			fields: []field[examined]{{name: "rv-condition", kind: "choice", required: true, choices: func(_ *visit, x examined) ([]string, error) { return open(x), nil }, names: func(v *visit) map[string]string {
				names := map[string]string{}
				if x, err := readExamined(v.api().MechanismReview(v.r.Context(), v.r.PathValue("id"))); err == nil {
					for i, c := range x.Form.Conditions {
						names[strconv.Itoa(i)] = c.Text
					}
				}
				return names
			}}, noteField[examined]()},
			do: func(v *visit, x examined) (string, error) {
				n, err := strconv.Atoi(v.sent("rv-condition"))
				if err != nil {
					return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
				}
				_, err = v.api().StepMechanismReview(v.r.Context(), x.ID, "meet", map[string]any{"condition": n, "note": prose(v.sent("rv-note"))})
				return "", err
			}},
		{name: "mechanism-end", step: "end", action: staff.OversightDecide, record: string(mechanism.RecordLapsed), danger: true, may: is("approved"), fields: []field[examined]{noteField[examined]()}, do: step("end")},
	}
}

func mechanismForm() questionnaire[mechanism.Examination] {
	return questionnaire[mechanism.Examination]{
		deed: deed[mechanism.Examination]{name: "mechanism-propose", action: staff.OversightWrite, record: string(mechanism.RecordProposed),
			do: func(v *visit, _ mechanism.Examination) (string, error) {
				raw, err := json.Marshal(v.sentExamination())
				if err != nil {
					return "", err
				}
				r, err := v.api().ProposeMechanismReview(v.r.Context(), raw)
				return overseenLink("mechanism", r.ID), err
			}},
		sections: []section[mechanism.Examination]{
			{name: "mechanism-about", fields: []field[mechanism.Examination]{
				{name: "rv-algorithm", kind: "text", required: true, hint: true, most: 64, value: func(x mechanism.Examination) string { return x.Algorithm }},
				{name: "rv-serving", kind: "text", hint: true, most: 128, value: func(x mechanism.Examination) string { return x.Digest }}}},
			{name: "mechanism-checks", grid: checkGrid()},
			{name: "mechanism-end", fields: []field[mechanism.Examination]{
				{name: "rv-conclusion", kind: "choice", words: "review-conclusion-", options: wordsOf(mechanism.Conclusions()), required: true},
				{name: "rv-next", kind: "day", required: true, hint: true}}},
			{name: "mechanism-conditions", grid: conditionGrid()},
		},
	}
}

func checkGrid() *grid[mechanism.Examination] {
	return &grid[mechanism.Examination]{name: "rv-checks", columns: []gridColumn{{name: "rv-point", kind: "choice", words: "review-point-", options: wordsOf(mechanism.Points())}, {name: "rv-finding", kind: "choice", words: "review-finding-", options: append([]string{""}, wordsOf(mechanism.Findings())...)},
		{name: "rv-note", kind: "area"}, {name: "rv-proof", kind: "text"}},
		rows: func(x mechanism.Examination) (rows [][]string) {
			for _, c := range x.Checks {
				rows = append(rows, []string{string(c.Point), string(c.Finding), c.Note, c.Proof})
			}
			return rows
		}}
}

func conditionGrid() *grid[mechanism.Examination] {
	return &grid[mechanism.Examination]{name: "rv-conditions", columns: []gridColumn{{name: "rv-condition", kind: "area"}, {name: "rv-due", kind: "text"}}}
}

// sentExamination reads the form that was sent.
func (v *visit) sentExamination() mechanism.Examination {
	x := mechanism.Examination{Algorithm: v.sent("rv-algorithm"), Digest: v.sent("rv-serving"), Conclusion: mechanism.Conclusion(v.sent("rv-conclusion")), Next: v.sent("rv-next"), Checks: []mechanism.Examined{}}
	for _, row := range checkGrid().sent(v) {
		x.Checks = append(x.Checks, mechanism.Examined{Point: mechanism.Point(row[0]), Finding: mechanism.Finding(row[1]), Note: row[2], Proof: row[3]})
	}
	for _, row := range conditionGrid().sent(v) {
		x.Conditions = append(x.Conditions, mechanism.ReviewCondition{Text: row[0], Due: row[1]})
	}
	return x
}
