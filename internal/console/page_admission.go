package console

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/staff"
)

func admissionPages() []page {
	words := slices.Concat(of("page-looked-at-", conditions()...), of("page-condition-", register.ConditionNames()...), of("page-verdict-", verdicts()...))
	return slices.Concat([]page{
		{method: get, path: "/admission", action: staff.AdmissionAsk, title: "page-admission", menu: true, group: groupPeople, words: slices.Concat(words, questionWords()), do: showAdmission},
		{method: post, path: "/admission", action: staff.AdmissionAsk, title: "page-admission", back: "/admission", do: explainAdmission},
	}, pastList().rows(), deed[none]{
		name: "admission-replay", action: staff.AdmissionRead, record: "record.read", says: append(words, "page-replay-same", "page-replay-other", "page-admission-replayed"), do: replayAdmission,
	}.rows("/admissions/{id}", "/admissions", func(*visit, string) (none, error) { return none{}, nil }))
}

func conditions() []string {
	return []string{"function", "orders", "standing", "identity", "agreements", "age", "quota", "prompt", "consent"}
}

func verdicts() []string { return []string{"passed", "failed", "could-not-tell"} }

func acts() []string { return []string{"use", "publish", "register-account"} }

// questionFields ask what an account is about to do.
func questionFields() []field[none] {
	return []field[none]{
		{name: "account", hint: true}, {name: "subject"},
		{name: "act", kind: "choice", words: "page-admission-act-", options: acts(), required: true},
		{name: "function", hint: true, most: 64}, {name: "service", most: 64},
		{name: "function-class", kind: "choice", words: "page-art17-", options: functionClasses(), hint: true},
		{name: "model", most: 128}, {name: "content", hint: true}, {name: "depicted-count", kind: "number"},
		{name: "modality", kind: "several", words: "page-modality-", options: modalities()},
		{name: "purpose", most: 64}, {name: "scene", most: 64}, {name: "used-channel", most: 64}, {name: "train", kind: "yes"},
		{name: "consent-tokens", kind: "area", hint: true},
	}
}

func questionWords() []string {
	var words []string
	for _, f := range questionFields() {
		words = append(append(words, "page-label-"+f.name), of(f.words, f.options...)...)
		if f.hint {
			words = append(words, "page-hint-"+f.name)
		}
	}
	return words
}

// decisionPage shows a decision with everything that was looked at.
type decisionPage struct {
	Fields     []fieldView
	Decision   *client.Decision
	Tone       tone
	Conditions []lookedAt
	View       string // the facts, as JSON
	Replayed   bool
	Same       bool
	Back       string
}

// lookedAt is a condition in the language of the visitor.
type lookedAt struct {
	Name, Why, Remedy string
	Verdict           cell
	Refuses           bool
	Clauses           cell
	Until             cell
}

// What is what was looked at: a condition for the function to be live, or one of admission itself.
func (l lookedAt) What() cell {
	if name, ok := strings.CutPrefix(l.Name, "function."); ok {
		return word("page-condition-", name)
	}
	return word("page-looked-at-", l.Name)
}

func verdictTones() map[string]tone {
	return map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait}
}

func (v *visit) decided(d client.Decision) decisionPage {
	data := decisionPage{Decision: &d, Tone: verdictTones()[d.Verdict]}
	for _, c := range d.Conditions {
		data.Conditions = append(data.Conditions, lookedAt{c.Name, v.inTongue(c.Why), v.inTongue(c.Remedy), state("page-verdict-", c.Verdict, verdictTones()), c.Refuses, lawful(c.Clauses), sometime(c.Until)})
	}
	return data
}

// inTongue is a sentence of the API in the visitor's language.
func (v *visit) inTongue(s *client.Bilingual) string {
	switch {
	case s == nil:
		return ""
	case v.lang == "zh":
		return s.Zh
	}
	return capital(s.En)
}

func questionViews(v *visit) []fieldView {
	var list []fieldView
	for _, f := range questionFields() {
		w := fieldView{Name: f.name, Kind: f.kind, Words: f.words, Options: f.options, Required: f.required, Hint: f.hint, Most: max(f.most, 256), Value: v.sent(f.name), Chosen: v.r.PostForm[f.name]}
		if v.r.Method == get {
			w.Value = v.led(f.name)
		}
		if f.kind == "area" {
			w.Most = 8192
		}
		list = append(list, w)
	}
	return list
}

func showAdmission(v *visit) error {
	return v.show("admission", decisionPage{Fields: questionViews(v)})
}

// explainAdmission says what would be decided. Nothing is recorded and nothing counted.
func explainAdmission(v *visit) error {
	depicted, err := v.sentCount("depicted-count")
	if err != nil {
		return err
	}
	q := client.Admission{Account: v.sent("account"), Subject: v.sent("subject"), Act: v.sent("act"), Service: v.sent("service"), Function: v.sent("function"), Class: v.sent("function-class"), Model: v.sent("model"),
		Content: v.sent("content"), Depicted: depicted, Purpose: v.sent("purpose"), Scene: v.sent("scene"), Channel: v.sent("used-channel"), Modality: v.r.PostForm["modality"], Training: v.sent("train") == "yes", Consents: strings.Fields(v.sent("consent-tokens"))}
	if q.Account != "" {
		q.Subject = ""
	}
	e, err := v.api().ExplainAdmission(v.r.Context(), q)
	if err != nil {
		return err
	}
	data := v.decided(e.Decision)
	data.Fields, data.View = questionViews(v), indented(string(e.View))
	return v.show("admission", data)
}

func pastList() list[client.PastDecision] {
	return list[client.PastDecision]{
		name: "admissions", path: "/admissions", title: "page-admissions", group: groupPeople, action: staff.AdmissionRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.PastDecision, string, error) {
			return c.Admissions(ctx, l)
		},
		columns: []column[client.PastDecision]{
			{name: "at", cell: func(p client.PastDecision) cell { return moment(p.At).to("/admissions/" + escaped(p.Record)) }},
			{name: "verdict", cell: func(p client.PastDecision) cell { return state("page-verdict-", p.Verdict, verdictTones()) }},
			{name: "subject", cell: func(p client.PastDecision) cell { return account(p.Subject) }},
			{name: "act", cell: func(p client.PastDecision) cell { return word("page-admission-act-", p.Act) }},
			{name: "function", cell: func(p client.PastDecision) cell { return ident(p.Function) }},
			{name: "refused-for", side: true, cell: func(p client.PastDecision) cell {
				if p.Reason != "" {
					return refusal(p.Reason)
				}
				return codes(p.Codes)
			}},
		},
		filters: []filter{{name: "refused", kind: "choice", words: "page-refused-", options: []string{"true"}}, {name: "subject", kind: "text"}},
		deeds:   []lead{{"/admission", "page-admission", staff.AdmissionAsk}},
		says:    slices.Concat(of("page-brief-", briefs()...), of("page-verdict-", verdicts()...), of("page-admission-act-", acts()...)),
	}
}

// briefs are the codes of refusals whose sentences say more than a list of past decisions knows.
func briefs() []string {
	return []string{"admission-verified-below", "admission-measure", "admission-agreement-owed", "admission-function-not-live", "admission-function-class", "admission-order", "admission-consent-few", "admission-consent-below",
		"admission-consent-unavailable", "admission-quota", "admission-quota-unknown", "consent-state", "consent-scope", "consent-forbidden", "consent-token-expired", "consent-token-scope"}
}

// refusal says why something was refused.
func refusal(code colophon.Code) cell {
	if slices.Contains(briefs(), string(code)) {
		return word("page-brief-", string(code))
	}
	return word("", string(code))
}

func codes(list []colophon.Code) cell {
	var c cell
	for _, code := range list {
		c.Many = append(c.Many, refusal(code))
	}
	return c
}

// replayAdmission decides again from a record, by the rules of now.
func replayAdmission(v *visit, _ none) (string, error) {
	r, err := v.api().ReplayAdmission(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return "", err
	}
	data := v.decided(r.Decision)
	data.Replayed, data.Same, data.View, data.Back = true, r.Same, indented(string(r.View)), "/admissions"
	v.page.title = "page-admission-replayed"
	return "-", v.show("admission", data)
}
