package console

import (
	"encoding/json"
	"strings"

	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/staff"
)

// assessmentForm asks for everything that an assessment has to say. What belongs into each field is told by the template of the
// capability, in the visitor's language.
func assessmentForm() questionnaire[assessment.Form] {
	return questionnaire[assessment.Form]{
		deed: deed[assessment.Form]{name: "assessment-write", action: staff.AssessmentWrite, record: string(assessment.RecordProposed), upload: assessment.MaxForm,
			do: func(v *visit, _ assessment.Form) (string, error) {
				text, err := json.Marshal(v.assessmentForm())
				if err != nil {
					return "", err
				}
				a, err := v.api().ProposeAssessment(v.r.Context(), text)
				return "/assessments/" + escaped(a.ID), err
			}},
		help: assessmentHelp,
		sections: []section[assessment.Form]{
			{name: "assessed", fields: append([]field[assessment.Form]{
				{name: "function", kind: "text", required: true, value: func(f assessment.Form) string { return f.Function }},
				{name: "modalities", kind: "several", words: "page-modality-", options: modalities(), value: func(f assessment.Form) string { return strings.Join(f.Modalities, " ") }},
			}, proseFields("purpose", "method", "basis", "necessity", "scope")...)},
			{name: "assessed-data", grid: dataGrid()},
			{name: "models", grid: assessedModels()},
			{name: "assessed-recipients", grid: recipientGrid()},
			{name: "assessed-keeping", fields: proseFields("storage", "retention")},
			{name: "assessed-risks", grid: riskGrid()},
			{name: "assessed-end", fields: append([]field[assessment.Form]{
				{name: "residual", kind: "choice", words: "page-grade-", options: grades(), required: true, value: func(f assessment.Form) string { return string(f.Residual) }},
				{name: "conclusion", kind: "choice", words: "page-conclusion-", options: conclusions(), required: true, value: func(f assessment.Form) string { return string(f.Conclusion) }},
				{name: "review-day", kind: "day", required: true, hint: true, value: func(f assessment.Form) string { return f.Review }},
			}, proseFields("conditions")...)},
			{name: "assessed-annexes", grid: annexGrid()},
		},
	}
}

func proseFields(names ...string) []field[assessment.Form] {
	var list []field[assessment.Form]
	for _, name := range names {
		list = append(list, field[assessment.Form]{name: "assessed-" + name, kind: "area", required: name != "conditions", most: 8192, value: func(f assessment.Form) string { return *proseOf(&f, name) }})
	}
	return list
}

func yesNo(is bool) string { return map[bool]string{true: "yes", false: "no"}[is] }

func asked(name string) gridColumn {
	return gridColumn{name: name, kind: "choice", words: "page-", options: []string{"no", "yes"}}
}

func dataGrid() *grid[assessment.Form] {
	return &grid[assessment.Form]{name: "data", columns: []gridColumn{{name: "data-kind", kind: "text"}, {name: "source", kind: "text"}, asked("sensitive"), asked("minors")},
		rows: func(f assessment.Form) (rows [][]string) {
			for _, d := range f.Data {
				rows = append(rows, []string{d.Kind, d.Source, yesNo(d.Sensitive), yesNo(d.Minors)})
			}
			return rows
		}}
}

func assessedModels() *grid[assessment.Form] {
	return &grid[assessment.Form]{name: "models", columns: []gridColumn{{name: "model", kind: "text"}, {name: "version", kind: "text"}, {name: "digest", kind: "text"}},
		rows: func(f assessment.Form) (rows [][]string) {
			for _, m := range f.Models {
				rows = append(rows, []string{m.Name, m.Version, m.Digest})
			}
			return rows
		}}
}

func recipientGrid() *grid[assessment.Form] {
	return &grid[assessment.Form]{name: "recipients", columns: []gridColumn{{name: "who", kind: "text"}, {name: "why", kind: "text"}, asked("abroad")},
		rows: func(f assessment.Form) (rows [][]string) {
			for _, r := range f.Recipients {
				rows = append(rows, []string{r.Who, r.Why, yesNo(r.Abroad)})
			}
			return rows
		}}
}

func riskGrid() *grid[assessment.Form] {
	grade := func(name string) gridColumn {
		return gridColumn{name: name, kind: "choice", words: "page-grade-", options: grades()}
	}
	return &grid[assessment.Form]{name: "risks", columns: []gridColumn{{name: "risk", kind: "area"}, {name: "effect", kind: "area"}, {name: "measures", kind: "area"}, grade("likelihood"), grade("severity"), grade("residual")},
		rows: func(f assessment.Form) (rows [][]string) {
			for _, r := range f.Risks {
				rows = append(rows, []string{r.Risk, r.Effect, strings.Join(r.Measures, "\n"), string(r.Likelihood), string(r.Severity), string(r.Residual)})
			}
			return rows
		}}
}

func annexGrid() *grid[assessment.Form] {
	return &grid[assessment.Form]{name: "annexes", columns: []gridColumn{{name: "annex", kind: "text"}, {name: "sha256", kind: "text"}},
		rows: func(f assessment.Form) (rows [][]string) {
			for _, a := range f.Annexes {
				rows = append(rows, []string{a.Name, a.SHA256})
			}
			return rows
		}}
}

// assessmentForm reads the form that was sent.
func (v *visit) assessmentForm() assessment.Form {
	f := assessment.Form{Function: v.sent("function"), Modalities: append([]string{}, v.r.PostForm["modalities"]...), Residual: assessment.Grade(v.sent("residual")), Conclusion: assessment.Conclusion(v.sent("conclusion")), Review: v.sent("review-day"),
		Data: []assessment.DataKind{}, Models: []assessment.Model{}, Recipients: []assessment.Recipient{}, Risks: []assessment.Risk{}, Annexes: []assessment.Annex{}}
	for _, name := range assessedProse() {
		*proseOf(&f, name) = prose(v.sent("assessed-" + name))
	}
	for _, row := range dataGrid().sent(v) {
		f.Data = append(f.Data, assessment.DataKind{Kind: row[0], Source: row[1], Sensitive: row[2] == "yes", Minors: row[3] == "yes"})
	}
	for _, row := range assessedModels().sent(v) {
		f.Models = append(f.Models, assessment.Model{Name: row[0], Version: row[1], Digest: row[2]})
	}
	for _, row := range recipientGrid().sent(v) {
		f.Recipients = append(f.Recipients, assessment.Recipient{Who: row[0], Why: row[1], Abroad: row[2] == "yes"})
	}
	for _, row := range riskGrid().sent(v) {
		f.Risks = append(f.Risks, assessment.Risk{Risk: row[0], Effect: row[1], Measures: append([]string{}, lines(row[2])...), Likelihood: assessment.Grade(row[3]), Severity: assessment.Grade(row[4]), Residual: assessment.Grade(row[5])})
	}
	for _, row := range annexGrid().sent(v) {
		f.Annexes = append(f.Annexes, assessment.Annex{Name: row[0], SHA256: row[1]})
	}
	return f
}

// formFrom is what a form begins with: an earlier assessment, or what the register says of a function.
func formFrom(v *visit, _ string) (assessment.Form, error) {
	q := v.r.URL.Query()
	if from := q.Get("from"); from != "" {
		a, err := readAssessed(v.api().Assessment(v.r.Context(), from))
		return a.Form, err
	}
	form := assessment.Form{Function: q.Get("function")}
	if form.Function == "" {
		return form, nil
	}
	f, err := v.api().Function(v.r.Context(), form.Function)
	if err != nil {
		return form, err
	}
	form.Modalities, form.Purpose = f.Function.Likeness, v.pair(f.Function.Purpose)
	for _, m := range f.Function.Models {
		form.Models = append(form.Models, assessment.Model{Name: m.Name, Version: m.Version, Digest: m.Digest})
	}
	return form, nil
}

// assessmentHelp is what belongs into the fields, from the template. Without one, the form says less.
func assessmentHelp(v *visit) map[string]string {
	help := map[string]string{}
	raw, err := assessment.Template(string(v.lang))
	var f assessment.Form
	if err != nil || json.Unmarshal(raw, &f) != nil {
		return help
	}
	told := func(name, text string) {
		if said := strings.TrimPrefix(text, "…"); said != "" {
			help[name] = capital(said)
		}
	}
	for _, name := range assessedProse() {
		told("assessed-"+name, *proseOf(&f, name))
	}
	told("function", f.Function)
	for _, r := range f.Risks {
		told("risks", r.Risk)
	}
	for _, d := range f.Data {
		told("data", d.Kind)
	}
	for _, r := range f.Recipients {
		told("recipients", r.Why)
	}
	return help
}
