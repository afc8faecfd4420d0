package console

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/internal/console/difference"
	"github.com/colophon-project/colophon/staff"
)

// CodeTermInvalid says that a length of time in the form of limits is none.
const CodeTermInvalid colophon.Code = "page-term-invalid" // args "kind", "field"

func limitsPages() []page {
	return slices.Concat([]page{
		{method: get, path: "/limits", title: "page-limits", menu: true, group: groupReview, words: append(limitsWords(), deskWords()...), do: showLimits},
		{method: get, path: "/limits/new", action: staff.LimitsWrite, title: "page-deed-limits-draft", above: "/limits", words: []string{"page-done-limits-draft"}, do: editLimits},
		{method: post, path: "/limits/new", action: staff.LimitsWrite, back: "/limits/new", makes: []string{"limits.drafted"}, do: draftLimits},
	}, limitsList().rows(), limitsSheet().rows())
}

type limitsPage struct {
	Now    client.LimitsVersion
	Table  *tableView
	Coming *tableView
	Drafts bool // the visitor may draft
}

// showLimits shows what counts for a case that comes in now.
func showLimits(v *visit) error {
	now, published, err := v.api().PublicLimits(v.r.Context())
	if err != nil {
		return err
	}
	coming := slices.DeleteFunc(published, func(x client.LimitsVersion) bool { return x.Effective == nil || !x.Effective.After(v.Now()) })
	return v.show("limits", limitsPage{now, limitsTable(v, "page-limits-table", now.Limits), tableOf("page-limits-coming", []column[client.LimitsVersion]{
		{name: "limits-number", cell: func(x client.LimitsVersion) cell { return count(int64(x.Number)) }},
		{name: "in-force-from", cell: func(x client.LimitsVersion) cell { return sometime(x.Effective) }},
		{name: "limits-reason", cell: func(x client.LimitsVersion) cell { return text(x.Reason) }},
	}, coming), v.actor().May(staff.LimitsWrite)})
}

func limitsState(x client.LimitsVersion) cell {
	return state("page-limits-state-", x.State, map[string]tone{"draft": wait, "published": good})
}

func limitsList() list[client.LimitsVersion] {
	return list[client.LimitsVersion]{
		name: "limits-versions", path: "/limits/versions", title: "page-limits-versions", action: staff.DeskRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.LimitsVersion, string, error) {
			return c.LimitsVersions(ctx, l)
		},
		columns: []column[client.LimitsVersion]{
			{name: "limits-version", cell: func(x client.LimitsVersion) cell { return ident(x.ID).to("/limits/" + escaped(x.ID)) }},
			{name: "state", cell: limitsState},
			{name: "limits-number", cell: func(x client.LimitsVersion) cell {
				if x.Number == 0 {
					return cell{}
				}
				return count(int64(x.Number))
			}},
			{name: "in-force-from", cell: func(x client.LimitsVersion) cell { return sometime(x.Effective) }},
			{name: "author", cell: func(x client.LimitsVersion) cell { return by(x.Author) }},
			{name: "publisher", cell: func(x client.LimitsVersion) cell { return by(x.Publisher) }},
			{name: "limits-reason", side: true, cell: func(x client.LimitsVersion) cell { return text(x.Reason) }},
		},
		deeds: []lead{{to: "/limits", title: "page-limits"}, {"/limits/new", "page-deed-limits-draft", staff.LimitsWrite}},
		says:  of("page-limits-state-", texts(limits.States())...),
	}
}

type limitsMore struct {
	Difference []difference.Line
	Same       bool
	From       string // address of a draft that begins with this version
}

func limitsOf(v *visit, id string) (client.LimitsVersion, error) {
	return v.api().LimitsVersion(v.r.Context(), id)
}

func limitsSheet() sheet[client.LimitsVersion] {
	draft := func(x client.LimitsVersion) bool { return x.State == "draft" }
	return sheet[client.LimitsVersion]{
		path: "/limits/{id}", title: "page-limits-version", action: staff.DeskRead, fetch: limitsOf, template: "limitsversion",
		facts: func(x client.LimitsVersion) []fact {
			facts := []fact{{"state", limitsState(x)}, {"in-force-from", sometime(x.Effective)}, {"limits-reason", text(x.Reason)}, {"author", by(x.Author)}, {"publisher", by(x.Publisher)}}
			if x.Number > 0 {
				facts = append([]fact{{"limits-number", count(int64(x.Number))}}, facts...)
			}
			return facts
		},
		parts: func(v *visit, x client.LimitsVersion) ([]part, error) {
			return []part{{Title: "page-limits-table", Table: limitsTable(v, "page-limits-table", x.Limits)}}, nil
		},
		more: func(v *visit, x client.LimitsVersion) (any, error) {
			now, _, err := v.api().PublicLimits(v.r.Context())
			before, after := v.limitsText(now.Limits), v.limitsText(x.Limits)
			data := limitsMore{Difference: difference.Lines(before, after), Same: before == after}
			if v.actor().May(staff.LimitsWrite) {
				data.From = "/limits/new?from=" + escaped(x.ID)
			}
			return data, err
		},
		labels: []string{"state", "limits-number", "in-force-from", "limits-reason", "author", "publisher"},
		deeds: []deed[client.LimitsVersion]{
			{name: "limits-publish", step: "publish", action: staff.LimitsPublish, record: "limits.published", danger: true, may: draft, fields: []field[client.LimitsVersion]{{name: "effective-from", kind: "moment", hint: true}},
				effect: func(v *visit, x client.LimitsVersion) ([]said, error) {
					if x.Author == string(v.opened.Account.ID) {
						return []said{{Key: "page-effect-limits-own"}}, nil
					}
					return nil, nil
				}, says: []string{"page-effect-limits-own"},
				do: func(v *visit, x client.LimitsVersion) (string, error) {
					at, err := v.sentMoment("effective-from")
					if err == nil {
						_, err = v.api().PublishLimits(v.r.Context(), x.ID, at)
					}
					return "", err
				}},
			{name: "limits-withdraw", step: "withdraw", action: staff.LimitsWrite, record: "limits.withdrawn", may: draft, do: func(v *visit, x client.LimitsVersion) (string, error) {
				_, err := v.api().WithdrawLimits(v.r.Context(), x.ID)
				return "", err
			}},
		},
	}
}

// limitsText is a table in words, a line for each row, so that people see what differs.
func (v *visit) limitsText(rows []client.CaseLimits) string {
	t := limitsTable(v, "page-limits-table", rows)
	var b strings.Builder
	for _, row := range t.Rows {
		var parts []string
		for _, c := range row {
			parts = append(parts, v.flat(c))
		}
		name := parts[0]
		for i, h := range t.Heads[1:] {
			parts[i+1] = v.speakers[v.lang].Say("page-label-"+h.Name) + " " + parts[i+1]
		}
		b.WriteString(name + ": " + strings.Join(parts[1:], "; ") + "\n")
	}
	return b.String()
}

// flat is a cell as text.
func (v *visit) flat(c cell) string {
	if len(c.Many) > 0 {
		var all []string
		for _, one := range c.Many {
			all = append(all, v.flat(one))
		}
		return strings.Join(all, ", ")
	}
	if c.Key != "" {
		return valued(v.speakers[v.lang], c.Key, c.Text)
	}
	return c.Text
}

// limitsRow is a row of the form: terms as people write them, such as 24h or 5d.
type limitsRow struct {
	Kind   string
	Urgent bool
	Name   string // of its fields
	Terms  []limitsTerm
	Pauses []string
}

type limitsTerm struct {
	Name, Label, Value string
}

type limitsForm struct {
	Rows   []limitsRow
	Waits  []string
	Reason string
	JSON   string
	Record []string
}

func termNames() []string {
	return []string{"acknowledge", "decide", "feedback", "appeal"}
}

// written is a term as people write it.
func written(t client.CaseTerm) string {
	switch {
	case t.Hours > 0:
		return strconv.Itoa(t.Hours) + "h"
	case t.Days > 0:
		return strconv.Itoa(t.Days) + "d"
	}
	return ""
}

// editLimits begins a draft with the version that somebody chose, or with what is in force.
func editLimits(v *visit) error {
	now, _, err := v.api().PublicLimits(v.r.Context())
	if err != nil {
		return err
	}
	if id := v.r.URL.Query().Get("from"); id != "" {
		if now, err = limitsOf(v, id); err != nil {
			return err
		}
	}
	form := limitsForm{Waits: texts(limits.Waits()), Reason: v.sent("limits-reason"), JSON: v.sent("limits-json"), Record: []string{"limits.drafted"}}
	for _, kind := range caseKinds() {
		for _, urgent := range []bool{false, true} {
			row := limitsRow{Kind: kind, Urgent: urgent, Name: limitsName(kind, urgent)}
			i := slices.IndexFunc(now.Limits, func(r client.CaseLimits) bool { return r.Kind == kind && r.Urgent == urgent })
			var terms [4]string
			if i >= 0 {
				r := now.Limits[i]
				terms = [4]string{written(r.Acknowledge), written(r.Decide), written(r.Feedback), ""}
				if r.Appeal != nil {
					terms[3] = written(*r.Appeal)
				}
				row.Pauses = texts(r.Pauses)
			}
			for j, name := range termNames() {
				if v.problem != "" {
					terms[j] = v.sent(row.Name + "-" + name)
				}
				row.Terms = append(row.Terms, limitsTerm{row.Name + "-" + name, "page-label-term-" + name, terms[j]})
			}
			if v.problem != "" {
				row.Pauses = v.r.PostForm[row.Name+"-pauses"]
			}
			form.Rows = append(form.Rows, row)
		}
	}
	return v.show("limitsform", form)
}

func limitsName(kind string, urgent bool) string {
	if urgent {
		return kind + "-urgent"
	}
	return kind
}

// draftLimits drafts what the form says, or the table that was pasted into it.
func draftLimits(v *visit) error {
	rows, err := v.sentLimits()
	if err != nil {
		return err
	}
	x, err := v.api().DraftLimits(v.r.Context(), rows, strings.TrimSpace(v.sent("limits-reason")))
	if err != nil {
		return err
	}
	if !v.actor().May(staff.DeskRead) { // who writes down limits need not read cases
		return v.send("/limits?done=limits-draft")
	}
	return v.send("/limits/" + escaped(x.ID) + "?done=limits-draft")
}

func (v *visit) sentLimits() (rows []client.CaseLimits, err error) {
	if pasted := strings.TrimSpace(v.sent("limits-json")); pasted != "" {
		if err := json.Unmarshal([]byte(pasted), &rows); err != nil {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
		}
		return rows, nil
	}
	for _, kind := range caseKinds() {
		for _, urgent := range []bool{false, true} {
			row, there, err := v.sentRow(kind, urgent)
			if err != nil {
				return nil, err
			}
			if there {
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// sentRow reads a row of the form. A row without any term is not there.
func (v *visit) sentRow(kind string, urgent bool) (r client.CaseLimits, there bool, err error) {
	name := limitsName(kind, urgent)
	r = client.CaseLimits{Kind: kind, Urgent: urgent}
	var appeal client.CaseTerm
	for i, to := range []*client.CaseTerm{&r.Acknowledge, &r.Decide, &r.Feedback, &appeal} {
		value := strings.ToLower(strings.TrimSpace(v.sent(name + "-" + termNames()[i])))
		if value == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimRight(value, "hd"))
		hours, days := strings.HasSuffix(value, "h"), strings.HasSuffix(value, "d")
		if err != nil || n <= 0 || !hours && !days {
			say := v.speakers[v.lang].Say
			return r, false, &colophon.Error{Kind: colophon.Invalid, Code: CodeTermInvalid, Args: colophon.Args{"kind": v.kindName(kind), "field": say("page-label-term-" + termNames()[i])}}
		}
		if there = true; hours {
			to.Hours = n
		} else {
			to.Days = n
		}
	}
	if cmp.Or(appeal.Hours, appeal.Days) > 0 {
		r.Appeal = &appeal
	}
	for _, why := range v.r.PostForm[name+"-pauses"] {
		r.Pauses = append(r.Pauses, colophon.Code(why))
	}
	return r, there, nil
}
