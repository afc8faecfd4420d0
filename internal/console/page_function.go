package console

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/staff"
)

func functionPages() []page {
	rows := functionList().rows()
	rows = append(rows, functionForm("function-add", "function.added", true, func(v *visit, f client.FunctionText) (string, error) {
		added, err := v.api().AddFunction(v.r.Context(), v.sent("id"), f)
		return "/functions/" + escaped(added.ID), err
	}).rows("/functions/new", "/functions", func(v *visit, _ string) (client.Function, error) {
		return client.Function{Function: client.FunctionText{Service: v.r.URL.Query().Get("service")}}, nil
	})...)
	rows = append(rows, functionSheet().rows()...)
	return append(rows, functionForm("function-change", "function.changed", false, func(v *visit, f client.FunctionText) (string, error) {
		_, err := v.api().ChangeFunction(v.r.Context(), v.r.PathValue("id"), f)
		return "", err
	}).rows("/functions/{id}/change", "/functions/{id}", functionOf)...)
}

func functionOf(v *visit, id string) (client.Function, error) {
	f, err := v.api().Function(v.r.Context(), id)
	for _, t := range []*time.Time{f.Function.Security.Done, f.Function.Security.Until} {
		if t != nil {
			*t = t.In(v.Zone)
		}
	}
	return f, err
}

func functionState(f client.Function) cell {
	return state("page-function-state-", f.State, map[string]tone{"draft": wait, "ready": wait, "live": good, "suspended": bad, "retired": plain})
}

func functionStates() []string { return []string{"draft", "ready", "live", "suspended", "retired"} }

func functionColumns() []column[client.Function] {
	return []column[client.Function]{
		{name: "function", cell: func(f client.Function) cell { return ident(f.ID).to("/functions/" + escaped(f.ID)) }},
		{name: "name", cell: func(f client.Function) cell { return named(f.Function.Names) }},
		{name: "state", cell: functionState},
		{name: "class", side: true, cell: func(f client.Function) cell { return word("page-function-class-", f.Function.Class) }},
		{name: "high-risk", side: true, cell: func(f client.Function) cell { return yes(f.High) }},
		{name: "filing", side: true, cell: func(f client.Function) cell { return word("page-filing-state-", f.Function.Filing.State) }},
		{name: "live-since", side: true, cell: func(f client.Function) cell { return sometime(f.Live) }},
	}
}

func functionList() list[client.Function] {
	columns := functionColumns()
	service := column[client.Function]{name: "service", side: true, cell: func(f client.Function) cell {
		return ident(f.Function.Service).to("/services/" + escaped(f.Function.Service))
	}}
	return list[client.Function]{
		name: "functions", path: "/functions", title: "page-functions", group: groupServices, action: staff.RegisterRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Function, string, error) {
			return c.Functions(ctx, l)
		},
		columns: slices.Insert(columns, 2, service),
		filters: []filter{
			{name: "state", kind: "choice", words: "page-function-state-", options: functionStates()},
			{name: "service", kind: "text"},
		},
		deeds: []lead{{"/functions/new", "page-deed-function-add", staff.RegisterChange}},
	}
}

// conditionView is one line of the list of what has to hold for a function to be live.
type conditionView struct {
	client.FunctionCondition
	Tone    tone
	State   string // met, exempt, waived, unmet or unknown
	Waive   string // where it can be waived; empty if it can't
	Mend    string // where something can be done about it; empty for nowhere
	Mending string // sentence of that
	Why     string
}

type functionMore struct {
	Conditions []conditionView
	Open       int // conditions that are unmet
	Total      int
	Purpose    string
	Method     string
}

func functionSheet() sheet[client.Function] {
	return sheet[client.Function]{
		path: "/functions/{id}", title: "page-function", action: staff.RegisterRead, fetch: functionOf, template: "function",
		heading: func(f client.Function) cell { return named(f.Function.Names) },
		facts:   functionFacts,
		more:    func(v *visit, f client.Function) (any, error) { return v.conditions(f), nil },
		ways: func(v *visit, f client.Function) []lead {
			if change := v.changeOf(f); change != "" {
				return []lead{{change, "page-deed-function-change", ""}}
			}
			return nil
		},
		parts: functionParts,
		labels: []string{"kind", "identity", "consent-level", "likeness", "scenes", "facts", "model", "version", "own", "filing-number", "digest", "quota-per", "quota-events", "quota-seconds", "quota-burst",
			"filing-reason", "filing-at", "link", "security-done", "security-until", "security-report", "security-stale", "notice-policy", "method-zh", "method-en", "purpose-zh", "purpose-en"},
		says:  functionWords(),
		deeds: functionDeeds(),
	}
}

func functionWords() []string {
	keys := []string{"page-mend-agreement", "page-mend-assessment", "page-mend-other"}
	for prefix, values := range map[string][]string{
		"page-condition-": register.ConditionNames(), "page-condition-state-": {"met", "exempt", "waived", "unmet", "unknown"}, "page-modality-": modalities(),
		"page-level-": levels()[1:], "page-consent-proof-": proofLevels(), "page-quota-per-": {"account", "function", "model"}, "page-function-class-": functionClasses(), "page-function-state-": functionStates(),
	} {
		for _, value := range values {
			keys = append(keys, prefix+value)
		}
	}
	return keys
}

func functionFacts(f client.Function) []fact {
	t := f.Function
	return []fact{
		{"function", ident(f.ID)}, {"state", functionState(f)}, {"live-since", sometime(f.Live)}, {"reason", text(f.Reason)}, {"service", ident(t.Service).to("/services/" + escaped(t.Service))},
		{"kind", kindCell(t.Kind)}, {"class", word("page-art17-", t.Class)}, {"high-risk", whether(f.High)}, {"likeness", chips("page-modality-", t.Likeness)}, {"scenes", idents(t.Scenes)},
		{"identity", word("page-level-", t.Identity)}, {"consent-level", word("page-consent-proof-", t.Consent)}, {"facts", ident(f.Facts)},
	}
}

func functionParts(v *visit, f client.Function) ([]part, error) {
	t := f.Function
	filing, security := t.Filing, t.Security
	parts := []part{
		{Title: "page-function-purpose", Facts: present([]fact{{"purpose-zh", text(t.Purpose.ZH)}, {"purpose-en", text(t.Purpose.EN)}})},
		{Title: "page-function-notice", Lead: "page-function-notice-lead", Facts: present([]fact{{"notice-policy", word("page-notice-policy-", t.Notice.Policy)}, {"method-zh", text(t.Notice.Method.ZH)}, {"method-en", text(t.Notice.Method.EN)}})},
		{Title: "page-function-models", Empty: "page-function-models-none", Table: tableOf("page-function-models", []column[client.FunctionModel]{
			{name: "model", cell: func(m client.FunctionModel) cell { return text(m.Name) }},
			{name: "version", cell: func(m client.FunctionModel) cell { return text(m.Version) }},
			{name: "own", cell: func(m client.FunctionModel) cell { return whether(m.Own) }},
			{name: "filing-number", cell: func(m client.FunctionModel) cell { return text(m.Number) }},
			{name: "digest", side: true, cell: func(m client.FunctionModel) cell { return ident(m.Digest) }},
		}, t.Models)},
		{Title: "page-function-filing", Facts: present([]fact{{"filing", word("page-filing-state-", filing.State)}, {"filing-number", ident(filing.Number)}, {"filing-reason", text(filing.Reason)},
			{"link", text(filing.Link).to(web(filing.Link))}, {"filing-at", sometime(filing.At)}})},
		{Title: "page-function-security", Facts: present([]fact{{"security-done", sometime(security.Done)}, {"security-until", sometime(security.Until)}, {"security-report", text(security.Report)},
			{"digest", ident(security.Digest)}, {"security-stale", yes(security.Stale)}})},
	}
	if len(t.Quotas) > 0 {
		parts = append(parts, part{Title: "page-function-quotas", Table: tableOf("page-function-quotas", []column[client.FunctionQuota]{
			{name: "quota-per", cell: func(q client.FunctionQuota) cell { return word("page-quota-per-", q.Per) }},
			{name: "quota-events", cell: func(q client.FunctionQuota) cell { return count(int64(q.Events)) }},
			{name: "quota-seconds", cell: func(q client.FunctionQuota) cell { return count(int64(q.Seconds)) }},
			{name: "quota-burst", cell: func(q client.FunctionQuota) cell { return count(int64(q.Burst)) }},
		}, t.Quotas)})
	}
	if v.actor().May(staff.AssessmentRead) {
		parts = append(parts, part{Title: "page-assessments", Lead: "page-function-assessments", Ways: []lead{{with("/assessments", url.Values{"function": {f.ID}}), "page-assessments-all", ""}}})
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.Table == nil && len(p.Facts) == 0 && len(p.Ways) == 0 }), nil
}

// present leaves out the facts that say nothing.
func present(facts []fact) []fact {
	return slices.DeleteFunc(facts, func(f fact) bool { return f.Cell.Empty() })
}

// changeOf is where the description of a function can be changed; empty for whoever can't.
func (v *visit) changeOf(f client.Function) string {
	if !v.actor().May(staff.RegisterChange) || f.State == "retired" {
		return ""
	}
	return "/functions/" + escaped(f.ID) + "/change"
}

func (v *visit) conditions(f client.Function) functionMore {
	at := "/functions/" + escaped(f.ID)
	more := functionMore{Total: len(f.Conditions)}
	for _, c := range f.Conditions {
		w := conditionView{FunctionCondition: c, State: "unmet", Tone: bad}
		if c.Reason != nil {
			w.Why = capital(c.Reason.Sentence)
		}
		switch {
		case c.Waiver != nil:
			w.State, w.Tone = "waived", wait
		case c.Met && !c.Asked:
			w.State, w.Tone = "exempt", plain
		case c.Met:
			w.State, w.Tone = "met", good
		case c.Verdict == "could-not-tell":
			w.State, w.Tone = "unknown", wait
		}
		if !c.Met {
			more.Open++
			w.Mend, w.Mending = v.changeOf(f), "page-mend-other"
			switch {
			case c.Name == register.OnAgreement && v.actor().May(staff.AgreementDraft):
				w.Mend, w.Mending = "/agreements", "page-mend-agreement"
			case c.Name == register.OnAssessment && v.actor().May(staff.AssessmentWrite):
				w.Mend, w.Mending = with("/assessments/new", url.Values{"function": {f.ID}}), "page-mend-assessment"
			}
		}
		if !c.Met && c.Waiver == nil && v.actor().May(staff.RegisterLive) && f.State != "retired" {
			w.Waive = with(at+"/waive", url.Values{"condition": {c.Name}})
		}
		more.Conditions = append(more.Conditions, w)
	}
	return more
}

// mostUsed is how many items are looked at for what was made with a function.
const mostUsed = 1000

// usedNow says how much was made with a function lately, of which there will be no more. Which function made an item stands in
// its marks alone.
func usedNow(v *visit, f client.Function) ([]said, error) {
	if f.State != "live" {
		return []said{{Key: "page-effect-function-idle"}}, nil
	}
	made := int64(0)
	more, err := through(v.r.Context(), v.api().Artefacts, url.Values{"newest": {"true"}, "from": {v.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)}}, mostUsed, func(a client.Artefact) (bool, error) {
		m, err := marksOf(a)
		if m != nil && m.Policy.Use != nil && m.Policy.Use.Function == f.ID {
			made++
		}
		return false, err
	})
	switch {
	case err != nil:
		return []said{{Key: "page-effect-function-untold"}}, nil //nolint:nilerr // the page says that it can't tell, and the deed goes on
	case more:
		return []said{{"page-effect-function-some", []string{"count", grouped(made), "of", grouped(mostUsed)}}}, nil
	}
	return []said{{"page-effect-function-used", []string{"count", grouped(made)}}}, nil
}

func functionDeeds() []deed[client.Function] {
	because := []field[client.Function]{{name: "reason", kind: "area", required: true, most: 1024}}
	return []deed[client.Function]{
		{name: "function-live", step: "live", action: staff.RegisterLive, record: "function.live",
			may: func(f client.Function) bool { return f.State == "ready" || f.State == "suspended" },
			effect: func(v *visit, f client.Function) ([]said, error) {
				open := slices.DeleteFunc(slices.Clone(f.Conditions), func(c client.FunctionCondition) bool { return c.Met })
				if f.State == "draft" {
					return []said{{"page-effect-live-draft", nil}}, nil
				}
				if len(open) == 0 {
					return []said{{"page-effect-live-all", []string{"count", strconv.Itoa(len(f.Conditions))}}}, nil
				}
				var names []string
				for _, c := range open {
					names = append(names, v.speakers[v.lang].Say("page-condition-"+c.Name))
				}
				return []said{{"page-effect-live-open", []string{"conditions", strings.Join(names, v.speakers[v.lang].Say("page-comma"))}}}, nil
			},
			says: []string{"page-effect-live-draft", "page-effect-live-all", "page-effect-live-open"},
			do: func(v *visit, f client.Function) (string, error) {
				_, err := v.api().GoLive(v.r.Context(), f.ID)
				return "", err
			}},
		{name: "function-waive", step: "waive", action: staff.RegisterLive, record: "function.condition-waived", danger: true,
			may: func(f client.Function) bool {
				return slices.ContainsFunc(f.Conditions, func(c client.FunctionCondition) bool { return !c.Met }) && f.State != "retired"
			},
			fields: []field[client.Function]{{name: "condition", kind: "choice", words: "page-condition-", options: register.ConditionNames(), required: true}, {name: "reason", kind: "area", required: true, most: 1024}, {name: "waived-until", kind: "moment", required: true, hint: true}},
			do: func(v *visit, f client.Function) (string, error) {
				until, err := v.sentMoment("waived-until")
				if err != nil || until.IsZero() {
					return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeDateInvalid}
				}
				_, err = v.api().Waive(v.r.Context(), f.ID, v.sent("condition"), prose(v.sent("reason")), until)
				return "", err
			}},
		{name: "function-suspend", step: "suspend", action: staff.RegisterChange, record: "function.suspended", danger: true, fields: because, effect: usedNow,
			says: []string{"page-effect-function-used", "page-effect-function-some", "page-effect-function-untold", "page-effect-function-idle"},
			may:  func(f client.Function) bool { return f.State == "live" },
			do: func(v *visit, f client.Function) (string, error) {
				_, err := v.api().SuspendFunction(v.r.Context(), f.ID, prose(v.sent("reason")))
				return "", err
			}},
		{name: "function-retire", step: "retire", action: staff.RegisterChange, record: "function.retired", danger: true, fields: because, effect: usedNow,
			may: func(f client.Function) bool { return f.State != "retired" },
			do: func(v *visit, f client.Function) (string, error) {
				_, err := v.api().RetireFunction(v.r.Context(), f.ID, prose(v.sent("reason")))
				return "", err
			}},
	}
}
