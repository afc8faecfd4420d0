package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/staff"
)

// functionForm describes a function, all of it.
func functionForm(name, record string, begins bool, do func(*visit, client.FunctionText) (string, error)) questionnaire[client.Function] {
	return questionnaire[client.Function]{
		deed: deed[client.Function]{name: name, action: staff.RegisterChange, record: record, do: func(v *visit, f client.Function) (string, error) {
			text, err := v.functionText(f.Function)
			if err != nil {
				return "", err
			}
			return do(v, text)
		}},
		sections: []section[client.Function]{
			{name: "what", fields: functionNames(begins)},
			{name: "whose", fields: functionAsks()},
			{name: "models", grid: functionModels()},
			{name: "labels", fields: functionNotice()},
			{name: "filing", fields: functionFiling()},
			{name: "security", fields: functionSecurity()},
			{name: "quotas", grid: functionQuotas()},
		},
	}
}

// functionField is a text field of a function.
func functionField(name string, required bool, value func(client.FunctionText) string) field[client.Function] {
	return field[client.Function]{name: name, kind: "text", required: required, value: func(f client.Function) string { return value(f.Function) }}
}

func area[T any](f field[T], most int) field[T] {
	f.kind, f.most = "area", most
	return f
}

func functionNames(begins bool) []field[client.Function] {
	var list []field[client.Function]
	if begins {
		list = []field[client.Function]{
			{name: "service", kind: "choice", required: true, choices: openServices, value: func(f client.Function) string { return f.Function.Service }},
			{name: "id", kind: "text", required: true, hint: true, most: 64},
		}
	}
	return append(list,
		functionField("name-zh", true, func(f client.FunctionText) string { return f.Names.ZH }), functionField("name-en", true, func(f client.FunctionText) string { return f.Names.EN }),
		area(functionField("purpose-zh", true, func(f client.FunctionText) string { return f.Purpose.ZH }), 1024), area(functionField("purpose-en", true, func(f client.FunctionText) string { return f.Purpose.EN }), 1024),
		field[client.Function]{name: "kind", kind: "choice", required: true, hint: true, choices: func(*visit, client.Function) ([]string, error) { return kindIDs() }, names: kindNames, value: func(f client.Function) string { return f.Function.Kind }},
		field[client.Function]{name: "class", kind: "choice", hint: true, words: "page-art17-", options: functionClasses(), value: func(f client.Function) string { return f.Function.Class }},
	)
}

// openServices are the services that a function can belong to.
func openServices(v *visit, _ client.Function) ([]string, error) {
	list, _, err := v.api().Services(v.r.Context(), client.Listing{Limit: walkSize})
	var ids []string
	for _, s := range list {
		if s.State == "open" {
			ids = append(ids, s.ID)
		}
	}
	return ids, err
}

func kindIDs() ([]string, error) {
	items, err := register.Items()
	var ids []string
	for _, i := range items {
		for _, k := range i.Kinds {
			ids = append(ids, k.ID)
		}
	}
	return ids, err
}

// kindCell is a kind as the article that lists it calls it.
func kindCell(id string) cell {
	items, _ := register.Items() // without it, the identifier is shown
	for _, i := range items {
		for _, k := range i.Kinds {
			if k.ID == id {
				return named(client.TextPair{ZH: k.ZH, EN: capital(k.EN)})
			}
		}
	}
	return ident(id)
}

// kindNames are the kinds as the article that lists them calls them.
func kindNames(v *visit) map[string]string {
	items, _ := register.Items() // without it, the identifiers are shown
	names := map[string]string{}
	for _, i := range items {
		for _, k := range i.Kinds {
			names[k.ID] = v.pair(client.TextPair{ZH: k.ZH, EN: capital(k.EN)})
		}
	}
	return names
}

func functionAsks() []field[client.Function] {
	return []field[client.Function]{
		{name: "likeness", kind: "several", words: "page-modality-", options: modalities(), hint: true, value: func(f client.Function) string { return strings.Join(f.Function.Likeness, " ") }},
		{name: "identity", kind: "choice", words: "page-level-", options: levels()[1:], value: func(f client.Function) string { return f.Function.Identity }},
		{name: "consent-level", kind: "choice", words: "page-consent-proof-", options: proofLevels(), value: func(f client.Function) string { return f.Function.Consent }},
		{name: "scenes", kind: "text", hint: true, value: func(f client.Function) string { return strings.Join(f.Function.Scenes, " ") }},
		{name: "high-risk", kind: "yes", hint: true, value: func(f client.Function) string { return map[bool]string{true: "yes"}[f.Function.Risk] }},
	}
}

func functionModels() *grid[client.Function] {
	return &grid[client.Function]{name: "models", columns: []gridColumn{
		{name: "model", kind: "text"}, {name: "version", kind: "text"}, {name: "own", kind: "choice", words: "page-", options: []string{"no", "yes"}}, {name: "filing-number", kind: "text"}, {name: "digest", kind: "text"},
	}, rows: func(f client.Function) (rows [][]string) {
		for _, m := range f.Function.Models {
			rows = append(rows, []string{m.Name, m.Version, map[bool]string{true: "yes", false: "no"}[m.Own], m.Number, m.Digest})
		}
		return rows
	}}
}

func functionNotice() []field[client.Function] {
	return []field[client.Function]{
		{name: "notice-policy", kind: "choice", hint: true, words: "page-notice-policy-", options: []string{"required", "on-request", "offered"}, value: func(f client.Function) string { return f.Function.Notice.Policy }},
		area(functionField("method-zh", false, func(f client.FunctionText) string { return f.Notice.Method.ZH }), 1024),
		area(functionField("method-en", false, func(f client.FunctionText) string { return f.Notice.Method.EN }), 1024),
	}
}

// dayOf is a time as a field of the kind day has it, in the zone that it is in.
func dayOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(dateForm)
}

func functionFiling() []field[client.Function] {
	return []field[client.Function]{
		{name: "filing", kind: "choice", words: "page-filing-state-", options: filingStates(), value: func(f client.Function) string { return f.Function.Filing.State }},
		functionField("filing-number", false, func(f client.FunctionText) string { return f.Filing.Number }),
		functionField("link", false, func(f client.FunctionText) string { return f.Filing.Link }),
		area(functionField("filing-reason", false, func(f client.FunctionText) string { return f.Filing.Reason }), 1024),
	}
}

func functionSecurity() []field[client.Function] {
	return []field[client.Function]{
		{name: "security-done", kind: "day", value: func(f client.Function) string { return dayOf(f.Function.Security.Done) }},
		{name: "security-until", kind: "day", value: func(f client.Function) string { return dayOf(f.Function.Security.Until) }},
		functionField("security-report", false, func(f client.FunctionText) string { return f.Security.Report }),
		functionField("report-digest", false, func(f client.FunctionText) string { return f.Security.Digest }),
	}
}

func functionQuotas() *grid[client.Function] {
	return &grid[client.Function]{name: "quotas", columns: []gridColumn{
		{name: "quota-per", kind: "choice", words: "page-quota-per-", options: []string{"account", "function", "model"}}, {name: "quota-events", kind: "text"}, {name: "quota-seconds", kind: "text"}, {name: "quota-burst", kind: "text"},
	}, rows: func(f client.Function) (rows [][]string) {
		for _, q := range f.Function.Quotas {
			rows = append(rows, []string{q.Per, strconv.Itoa(q.Events), strconv.Itoa(q.Seconds), strconv.Itoa(q.Burst)})
		}
		return rows
	}}
}

// functionText reads the form. What it does not ask stays as it was.
func (v *visit) functionText(f client.FunctionText) (client.FunctionText, error) {
	if service := v.sent("service"); service != "" {
		f.Service = service
	}
	both := func(name string) client.TextPair {
		return client.TextPair{ZH: prose(v.sent(name + "-zh")), EN: prose(v.sent(name + "-en"))}
	}
	f.Names, f.Purpose, f.Kind, f.Class = both("name"), both("purpose"), v.sent("kind"), v.sent("class")
	f.Likeness, f.Identity, f.Consent, f.Scenes, f.Risk = v.r.PostForm["likeness"], v.sent("identity"), v.sent("consent-level"), strings.Fields(v.sent("scenes")), v.sent("high-risk") != ""
	f.Notice = client.FunctionNotice{Policy: v.sent("notice-policy"), Method: both("method")}
	filing := client.FunctionFiling{State: v.sent("filing"), Number: strings.TrimSpace(v.sent("filing-number")), Link: strings.TrimSpace(v.sent("link")), Reason: prose(v.sent("filing-reason"))}
	if filing.State == f.Filing.State {
		filing.At = f.Filing.At
	}
	f.Filing = filing
	done, err := v.sentDate("security-done")
	if err != nil {
		return f, err
	}
	until, err := v.sentDate("security-until")
	if err != nil {
		return f, err
	}
	f.Security = client.FunctionSecurity{Done: sameDay(done, f.Security.Done), Until: sameDay(until, f.Security.Until), Report: v.sent("security-report"), Digest: v.sent("report-digest")}
	f.Models = nil
	for _, row := range functionModels().sent(v) {
		f.Models = append(f.Models, client.FunctionModel{Name: row[0], Version: row[1], Own: row[2] == "yes", Number: row[3], Digest: row[4]})
	}
	f.Quotas = nil
	for i, row := range functionQuotas().sent(v) {
		var numbers [3]int
		for j, text := range row[1:] {
			if text == "" && j == 2 {
				continue
			}
			if numbers[j], err = strconv.Atoi(text); err != nil {
				return f, &colophon.Error{Kind: colophon.Invalid, Code: register.CodeInvalid, Args: colophon.Args{"field": "quotas." + strconv.Itoa(i+1)}}
			}
		}
		f.Quotas = append(f.Quotas, client.FunctionQuota{Per: row[0], Events: numbers[0], Seconds: numbers[1], Burst: numbers[2]})
	}
	slices.Sort(f.Likeness)
	return f, nil
}

// sameDay keeps the time of what was entered before where the day is the same, since a form has days alone.
func sameDay(entered time.Time, before *time.Time) *time.Time {
	switch {
	case entered.IsZero():
		return nil
	case before != nil && dayOf(&entered) == dayOf(before):
		return before
	}
	return &entered
}
