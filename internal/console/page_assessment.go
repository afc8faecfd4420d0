package console

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/staff"
)

func assessmentPages() []page {
	rows := assessmentList().rows()
	rows = append(rows, assessmentForm().rows("/assessments/new", "/assessments", formFrom)...)
	rows = append(rows, assessmentSheet().rows()...)
	return append(rows, page{method: get, path: "/assessments/{id}/document", action: staff.AssessmentRead, back: "/assessments/{id}", do: handAssessment})
}

// assessed is an assessment with its form read.
type assessed struct {
	client.Assessment
	Form assessment.Form
}

func readAssessed(a client.Assessment, err error) (assessed, error) {
	out := assessed{Assessment: a}
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(a.Form, &out.Form)
}

func assessmentStates() []string { return words(assessment.States()) }

func assessmentState(a assessed) cell {
	return state("page-assessment-state-", a.State, map[string]tone{"proposed": wait, "approved": good, "rejected": bad, "lapsed": bad, "superseded": plain})
}

func conclusions() []string {
	return []string{"acceptable", "acceptable-with-conditions", "unacceptable"}
}

func grades() []string { return []string{"low", "medium", "high"} }

func conclusionOf(f assessment.Form) cell {
	c := word("page-conclusion-", string(f.Conclusion))
	c.Tone = map[assessment.Conclusion]tone{assessment.Unacceptable: bad}[f.Conclusion]
	return c
}

func assessmentList() list[assessed] {
	return list[assessed]{
		name: "assessments", path: "/assessments", title: "page-assessments", group: groupServices, action: staff.AssessmentRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]assessed, string, error) {
			raw, next, err := c.Assessments(ctx, l)
			var out []assessed
			for _, a := range raw {
				read, bad := readAssessed(a, nil)
				if bad != nil {
					return nil, "", bad
				}
				out = append(out, read)
			}
			return out, next, err
		},
		columns: []column[assessed]{
			{name: "assessment", cell: func(a assessed) cell { return ident(a.ID).to("/assessments/" + escaped(a.ID)) }},
			{name: "function", cell: func(a assessed) cell {
				return ident(a.Form.Function).to("/functions/" + escaped(a.Form.Function))
			}},
			{name: "state", cell: assessmentState},
			{name: "conclusion", side: true, cell: func(a assessed) cell { return conclusionOf(a.Form) }},
			{name: "residual", side: true, cell: func(a assessed) cell { return word("page-grade-", string(a.Form.Residual)) }},
			{name: "proposed", cell: func(a assessed) cell { return moment(a.Proposed) }},
			{name: "review-day", side: true, cell: func(a assessed) cell { return text(a.Form.Review) }},
		},
		filters: []filter{
			{name: "function", kind: "text"},
			{name: "state", kind: "choice", words: "page-assessment-state-", options: assessmentStates()},
		},
		deeds: []lead{{"/assessments/new", "page-deed-assessment-write", staff.AssessmentWrite}},
	}
}

func assessmentWords() []string {
	var keys []string
	for prefix, values := range map[string][]string{"page-conclusion-": conclusions(), "page-grade-": grades(), "page-modality-": modalities(), "page-assessed-": assessedProse(),
		"page-assessment-reason-": {"assessment-none", "assessment-facts-changed", "assessment-review-due", "assessment-ended", "assessment-adverse", "assessment-withdrawn"}} {
		for _, value := range values {
			keys = append(keys, prefix+value)
		}
	}
	return keys
}

// assessedProse are the texts of an assessment, in their order.
func assessedProse() []string {
	return []string{"purpose", "method", "basis", "necessity", "scope", "storage", "retention", "conditions"}
}

func proseOf(f *assessment.Form, name string) *string {
	return map[string]*string{"purpose": &f.Purpose, "method": &f.Method, "basis": &f.Basis, "necessity": &f.Necessity, "scope": &f.Scope, "storage": &f.Storage, "retention": &f.Retention, "conditions": &f.Conditions}[name]
}

func assessmentSheet() sheet[assessed] {
	return sheet[assessed]{
		path: "/assessments/{id}", title: "page-assessment", action: staff.AssessmentRead,
		fetch: func(v *visit, id string) (assessed, error) {
			return readAssessed(v.api().Assessment(v.r.Context(), id))
		},
		facts: func(a assessed) []fact {
			return []fact{{"function", ident(a.Form.Function).to("/functions/" + escaped(a.Form.Function))}, {"state", assessmentState(a)}, {"conclusion", conclusionOf(a.Form)}, {"residual", word("page-grade-", string(a.Form.Residual))},
				{"likeness", chips("page-modality-", a.Form.Modalities)}, {"assessment-author", by(a.Author)}, {"proposed", moment(a.Proposed)}, {"decider", by(a.Decider)}, {"decided-at", sometime(a.Decided)},
				{"ended", sometime(a.Ended)}, {"reason", word("page-assessment-reason-", string(a.Reason))}, {"review-day", text(a.Form.Review)}, {"facts", ident(a.Facts)}, {"digest", ident(a.Digest)}}
		},
		parts:  assessmentParts,
		labels: []string{"decider", "decided-at", "assessment-author", "ended", "data-kind", "source", "sensitive", "minors", "who", "why", "abroad", "risk", "effect", "likelihood", "severity", "taken-against", "annex", "sha256", "probe", "probe-kind", "probe-outcome", "collected", "obligations"},
		says:   assessmentWords(),
		deeds:  assessmentDeeds(),
	}
}

// toolDuty is the obligation to assess tools that edit faces and voices (Deep Synthesis Provisions Art. 15); its negative probes try
// them.
const toolDuty = "ds-15-2"

func assessmentParts(v *visit, a assessed) ([]part, error) {
	f := a.Form
	var parts []part
	for _, name := range assessedProse() {
		if said := *proseOf(&f, name); said != "" {
			parts = append(parts, part{Title: "page-assessed-" + name, Prose: said})
		}
	}
	parts = append(parts,
		part{Title: "page-assessed-data", Table: tableOf("page-assessed-data", []column[assessment.DataKind]{
			{name: "data-kind", cell: func(d assessment.DataKind) cell { return text(d.Kind) }}, {name: "source", cell: func(d assessment.DataKind) cell { return text(d.Source) }},
			{name: "sensitive", cell: func(d assessment.DataKind) cell { return whether(d.Sensitive) }}, {name: "minors", cell: func(d assessment.DataKind) cell { return whether(d.Minors) }},
		}, f.Data)},
		part{Title: "page-function-models", Table: tableOf("page-function-models", []column[assessment.Model]{
			{name: "model", cell: func(m assessment.Model) cell { return text(m.Name) }}, {name: "version", cell: func(m assessment.Model) cell { return text(m.Version) }}, {name: "digest", side: true, cell: func(m assessment.Model) cell { return ident(m.Digest) }},
		}, f.Models)},
		part{Title: "page-assessed-recipients", Empty: "page-assessed-recipients-none", Table: tableOf("page-assessed-recipients", []column[assessment.Recipient]{
			{name: "who", cell: func(r assessment.Recipient) cell { return text(r.Who) }}, {name: "why", cell: func(r assessment.Recipient) cell { return text(r.Why) }}, {name: "abroad", cell: func(r assessment.Recipient) cell { return whether(r.Abroad) }},
		}, f.Recipients)},
	)
	for i, r := range f.Risks {
		title := "page-assessed-risks"
		if i > 0 {
			title = "page-assessed-risk-more"
		}
		parts = append(parts, part{Title: title, Facts: []fact{{"risk", text(r.Risk)}, {"effect", text(r.Effect)}, {"likelihood", word("page-grade-", string(r.Likelihood))}, {"severity", word("page-grade-", string(r.Severity))},
			{"taken-against", text(strings.Join(r.Measures, " · "))}, {"residual", word("page-grade-", string(r.Residual))}}})
	}
	if len(f.Annexes) > 0 {
		parts = append(parts, part{Title: "page-assessed-annexes", Table: tableOf("page-assessed-annexes", []column[assessment.Annex]{
			{name: "annex", cell: func(x assessment.Annex) cell { return text(x.Name) }}, {name: "sha256", cell: func(x assessment.Annex) cell { return ident(x.SHA256) }},
		}, f.Annexes)})
	}
	if v.actor().May(staff.DutyRead) {
		tried, err := v.probes()
		if err != nil {
			return nil, err
		}
		tried = slices.DeleteFunc(tried, func(p client.Probe) bool {
			return p.Kind != string(duty.Negative) || !slices.Contains(p.Obligations, toolDuty)
		})
		parts = append(parts, part{Title: "page-assessed-probes", Lead: "page-assessed-probes-lead", Table: v.introduced(tableOf("page-assessed-probes", probeColumns(), tried))})
	}
	ways := []lead{{"/assessments/" + escaped(a.ID) + "/document", "page-assessment-document", ""}}
	if v.actor().May(staff.AssessmentWrite) {
		ways = append(ways, lead{with("/assessments/new", url.Values{"from": {a.ID}}), "page-assessment-anew", ""})
	}
	return append(parts, part{Title: "page-assessment-print", Lead: "page-assessment-print-lead", Ways: ways}), nil
}

func assessmentDeeds() []deed[assessed] {
	is := func(states ...string) func(assessed) bool {
		return func(a assessed) bool { return slices.Contains(states, a.State) }
	}
	note := field[assessed]{name: "note", kind: "area", required: true, hint: true}
	return []deed[assessed]{
		{name: "assessment-approve", step: "approve", action: staff.AssessmentApprove, record: string(assessment.RecordApproved), may: is("proposed"),
			effect: func(v *visit, a assessed) ([]said, error) {
				list := []said{{"page-effect-assessment-until", []string{"day", a.Form.Review}}}
				if a.Author == string(v.opened.Account.ID) {
					list = append(list, said{"page-effect-assessment-own", nil})
				}
				if a.Form.Conclusion == assessment.Unacceptable {
					list = append(list, said{"page-effect-assessment-adverse", nil})
				}
				return list, nil
			}, says: []string{"page-effect-assessment-until", "page-effect-assessment-own", "page-effect-assessment-adverse"},
			do: func(v *visit, a assessed) (string, error) {
				_, err := v.api().ApproveAssessment(v.r.Context(), a.ID)
				return "", err
			}},
		{name: "assessment-reject", step: "reject", action: staff.AssessmentApprove, record: string(assessment.RecordRejected), danger: true, may: is("proposed"),
			fields: []field[assessed]{{name: "reject-reason", kind: "choice", words: "page-reject-reason-", options: []string{"not-necessary", "risk-too-high", "incomplete", "wrong", "other"}, required: true}, note},
			do: func(v *visit, a assessed) (string, error) {
				_, err := v.api().RejectAssessment(v.r.Context(), a.ID, colophon.Code(v.sent("reject-reason")), prose(v.sent("note")))
				return "", err
			}},
		{name: "assessment-withdraw", step: "withdraw", action: staff.AssessmentWrite, record: string(assessment.RecordRejected), may: is("proposed"), fields: []field[assessed]{note},
			do: func(v *visit, a assessed) (string, error) {
				_, err := v.api().WithdrawAssessment(v.r.Context(), a.ID, prose(v.sent("note")))
				return "", err
			}},
		{name: "assessment-end", step: "end", action: staff.AssessmentApprove, record: string(assessment.RecordLapsed), danger: true, may: is("approved"), fields: []field[assessed]{note},
			do: func(v *visit, a assessed) (string, error) {
				_, err := v.api().EndAssessment(v.r.Context(), a.ID, prose(v.sent("note")))
				return "", err
			}},
	}
}

// handAssessment hands out the page to print and to file, in Chinese and English.
func handAssessment(v *visit) error {
	id := v.r.PathValue("id")
	page, err := v.api().AssessmentDocument(v.r.Context(), id)
	if err != nil {
		return err
	}
	return v.hand("text/html; charset=utf-8", "assessment-"+id+".html", page)
}
