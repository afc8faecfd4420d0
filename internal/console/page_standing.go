package console

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/difference"
	"github.com/colophon-project/colophon/staff"
)

func standingPages() []page {
	words := slices.Concat(of("page-step-", steps()...), of("page-act-kind-", actKinds()...), of("page-counted-", countedFor()...), of("page-distinct-", distinct()...), of("page-followed-", "item", "recheck"),
		of("page-label-", "step", "lasts", "longest", "counter", "counted", "of", "distinct-things", "window", "counter-bucket", "begins-anew", "signal-rule", "when", "follows", "quiet", "grounds", "fact", "table-reason", "version-new", "reason", "proposes-only"))
	return slices.Concat([]page{
		{method: get, path: "/standing-rules", action: staff.MeasureRead, title: "page-standing-rules", menu: true, group: groupPeople, words: words, do: showStandingRules},
		{method: get, path: "/standing-rules/edit", action: staff.StandingRules, title: "page-standing-edit", above: "/standing-rules", do: editStanding},
		{method: post, path: "/standing-rules/edit", action: staff.StandingRules, title: "page-standing-edit", back: "/standing-rules/edit", do: changeStanding},
	}, versionList().rows(), versionSheet().rows())
}

func countedFor() []string { return []string{"account", "face"} }

func distinct() []string { return []string{"id", "face", "target", "account"} }

// standingTablePage shows a table.
type standingTablePage struct {
	Table   client.StandingTable
	Shipped bool
	Edit    bool
	Ladder  *tableView
	Counted *tableView
}

func showStandingRules(v *visit) error {
	t, shipped, err := v.api().StandingTable(v.r.Context())
	if err != nil {
		return err
	}
	return v.show("standingrules", standingTablePage{shortSpans(t), shipped, v.actor().May(staff.StandingRules), ladderTable(t), counterTable(t)})
}

func ladderTable(t client.StandingTable) *tableView {
	return tableOf("page-ladder", []column[client.StandingRung]{
		{name: "step", cell: func(r client.StandingRung) cell { return word("page-step-", r.Step) }},
		{name: "lasts", cell: func(r client.StandingRung) cell { return lasting(r.Lasts) }},
		{name: "longest", cell: func(r client.StandingRung) cell { return lasting(r.Longest) }},
	}, t.Ladder)
}

func counterTable(t client.StandingTable) *tableView {
	return tableOf("page-counters", []column[client.StandingCounter]{
		{name: "counter", cell: func(c client.StandingCounter) cell { return ident(c.Name) }},
		{name: "counted", cell: func(c client.StandingCounter) cell { return chips("page-act-kind-", c.On) }},
		{name: "of", cell: func(c client.StandingCounter) cell { return word("page-counted-", c.Of) }},
		{name: "distinct-things", cell: func(c client.StandingCounter) cell { return word("page-distinct-", c.Distinct) }},
		{name: "window", cell: func(c client.StandingCounter) cell { return lasting(c.Window) }},
		{name: "begins-anew", side: true, cell: func(c client.StandingCounter) cell { return word("page-act-kind-", c.Reset) }},
	}, t.Counters)
}

// spanTail is what Go writes behind the part of a span that says something.
var spanTail = regexp.MustCompile(`(h|m)0(?:m0)?s$`)

// shortSpan writes a span without its zeros: 24h0m0s is 24h.
func shortSpan(s string) string { return spanTail.ReplaceAllString(s, "$1") }

func lasting(s string) cell {
	if s == "" {
		return cell{Key: "page-no-end", Text: "-"}
	}
	return cell{Text: shortSpan(s), Span: true}
}

func versionList() list[client.StandingVersion] {
	return list[client.StandingVersion]{
		name: "standing-versions", path: "/standing-rules/versions", title: "page-standing-versions", action: staff.MeasureRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.StandingVersion, string, error) {
			return c.StandingTables(ctx, l)
		},
		columns: []column[client.StandingVersion]{
			{name: "version", cell: func(x client.StandingVersion) cell {
				return ident(x.Table.Version).to("/standing-rules/versions/" + escaped(x.Table.Version))
			}},
			{name: "proposed", cell: func(x client.StandingVersion) cell { return moment(x.By.At) }},
			{name: "proposed-by", cell: func(x client.StandingVersion) cell { return by(x.By.ID) }},
			{name: "released", cell: func(x client.StandingVersion) cell { return lastRelease(x) }},
			{name: "table-reason", side: true, cell: func(x client.StandingVersion) cell { return text(x.Reason) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-standing-state-", options: []string{"offered", "released"}}},
		deeds:   []lead{{"/standing-rules/edit", "page-standing-edit", staff.StandingRules}},
	}
}

func lastRelease(x client.StandingVersion) cell {
	if n := len(x.Releases); n > 0 {
		return moment(x.Releases[n-1].At)
	}
	return cell{}
}

// versionOf finds a version; there are few.
func versionOf(v *visit, name string) (client.StandingVersion, error) {
	return find(v.r.Context(), v.api().StandingTables, func(x client.StandingVersion) bool { return x.Table.Version == name })
}

type standingVersionPage struct {
	Difference []difference.Line
	InForce    bool
	From       string // address of the editor that begins with this version
}

func versionSheet() sheet[client.StandingVersion] {
	return sheet[client.StandingVersion]{
		path: "/standing-rules/versions/{id}", title: "page-standing-version", action: staff.MeasureRead, fetch: versionOf, template: "standingversion",
		facts: func(x client.StandingVersion) []fact {
			return []fact{{"version", ident(x.Table.Version)}, {"table-reason", text(x.Reason)}, {"proposed-by", by(x.By.ID)}, {"proposed", moment(x.By.At)}, {"released", lastRelease(x)}, {"digest", ident(x.Digest)}}
		},
		more: func(v *visit, x client.StandingVersion) (any, error) {
			now, _, err := v.api().StandingTable(v.r.Context())
			data := standingVersionPage{Difference: difference.Lines(tableText(now), tableText(x.Table)), InForce: now.Version == x.Table.Version}
			if v.actor().May(staff.StandingRules) {
				data.From = "/standing-rules/edit?from=" + url.QueryEscape(x.Table.Version)
			}
			return data, err
		},
		labels: []string{"version", "table-reason", "proposed-by", "proposed", "released", "digest"}, says: []string{"page-done-standing-proposed"},
		deeds: []deed[client.StandingVersion]{{
			name: "standing-release", step: "release", action: staff.StandingRules, record: "standing.table-released", danger: true, fields: []field[client.StandingVersion]{{name: "table-reason", kind: "area", required: true, most: 1024}},
			effect: releaseEffect, says: []string{"page-effect-standing-same", "page-effect-standing-changes"},
			do: func(v *visit, x client.StandingVersion) (string, error) {
				_, err := v.api().ReleaseStandingTable(v.r.Context(), x.Table.Version, v.sent("table-reason"))
				return "/standing-rules", err
			},
		}},
	}
}

// releaseEffect says how much a version changes of what is in force.
func releaseEffect(v *visit, x client.StandingVersion) ([]said, error) {
	now, _, err := v.api().StandingTable(v.r.Context())
	if err != nil {
		return nil, err
	}
	come, gone := 0, 0
	for _, l := range difference.Lines(tableText(now), tableText(x.Table)) {
		switch l.Kind {
		case difference.Added:
			come++
		case difference.Removed:
			gone++
		}
	}
	if come+gone == 0 {
		return []said{{Key: "page-effect-standing-same"}}, nil
	}
	return []said{{"page-effect-standing-changes", []string{"version", now.Version, "come", number(come), "gone", number(gone)}}}, nil
}

// tableText is a table as lines, for the difference between two.
func tableText(t client.StandingTable) string {
	var b strings.Builder
	t = shortSpans(t)
	line := func(of string, x any) {
		raw, err := json.Marshal(x)
		if err == nil {
			b.WriteString(of + " " + string(raw) + "\n")
		}
	}
	for _, r := range t.Ladder {
		line("ladder", r)
	}
	for _, c := range t.Counters {
		line("counter", c)
	}
	for _, r := range t.Rules {
		r.Clauses, r.On = slices.Sorted(slices.Values(r.Clauses)), slices.Sorted(slices.Values(r.On)) // their order says nothing
		line("rule", r)
	}
	return b.String()
}

// standingForm is the editor: a table as it stands in the form, and what is wrong with it.
type standingForm struct {
	Table                                client.StandingTable
	Reason                               string
	Rules                                []ruleRow
	Facts                                []string
	Grounds, Kinds, For, Distinct, Steps []string
	Where, Why                           string // the row that is wrong, and its field
}

// ruleRow is a rule in the form.
type ruleRow struct {
	client.StandingRule
	Cited []string
}

func newStandingForm(t client.StandingTable) standingForm {
	t = shortSpans(t)
	form := standingForm{Table: t, Facts: of("measure-fact-", measureFacts()...), Grounds: ruleGrounds(t), Kinds: actKinds(), For: countedFor(), Distinct: distinct(), Steps: steps()}
	for _, r := range t.Rules {
		row := ruleRow{StandingRule: r}
		for _, c := range r.Clauses {
			row.Cited = append(row.Cited, string(c))
		}
		form.Rules = append(form.Rules, row)
	}
	return form
}

// shortSpans is a table whose spans are written without their zeros.
func shortSpans(t client.StandingTable) client.StandingTable {
	t.Ladder, t.Counters, t.Rules = slices.Clone(t.Ladder), slices.Clone(t.Counters), slices.Clone(t.Rules)
	for i := range t.Ladder {
		t.Ladder[i].Lasts, t.Ladder[i].Longest = shortSpan(t.Ladder[i].Lasts), shortSpan(t.Ladder[i].Longest)
	}
	for i := range t.Counters {
		t.Counters[i].Window, t.Counters[i].Bucket = shortSpan(t.Counters[i].Window), shortSpan(t.Counters[i].Bucket)
	}
	for i := range t.Rules {
		t.Rules[i].Quiet, t.Rules[i].Lasts = shortSpan(t.Rules[i].Quiet), shortSpan(t.Rules[i].Lasts)
	}
	return t
}

// ruleGrounds are the clauses that a rule can serve: those of measures, and those of the table.
func ruleGrounds(t client.StandingTable) []string {
	all := measureGrounds()
	for _, r := range t.Rules {
		for _, c := range r.Clauses {
			if !slices.Contains(all, string(c)) {
				all = append(all, string(c))
			}
		}
	}
	return all
}

// editStanding begins with the table in force, or with another version.
func editStanding(v *visit) error {
	if v.page.method == get && v.r.Method == http.MethodPost { // what was sent could not be done: it is shown again
		return v.show("standingedit", newStandingForm(v.sentStanding()))
	}
	t, _, err := v.api().StandingTable(v.r.Context())
	if from := v.r.URL.Query().Get("from"); from != "" && err == nil {
		var x client.StandingVersion
		x, err = versionOf(v, from)
		t = x.Table
	}
	if err != nil {
		return err
	}
	t.Version = ""
	return v.show("standingedit", newStandingForm(t))
}

// changeStanding adds or takes away a row, or proposes the table. It works without a script: each button sends the form.
func changeStanding(v *visit) error {
	t := v.sentStanding()
	verb, row, _ := strings.Cut(v.sent("do"), ":")
	i, err := strconv.Atoi(row)
	switch {
	case verb == "add-counter":
		t.Counters = append(t.Counters, client.StandingCounter{Of: "account", Window: "24h"})
	case verb == "add-rule":
		t.Rules = append(t.Rules, client.StandingRule{Quiet: "24h"})
	case verb == "drop-counter" && err == nil && i >= 0 && i < len(t.Counters):
		t.Counters = slices.Delete(t.Counters, i, i+1)
	case verb == "drop-rule" && err == nil && i >= 0 && i < len(t.Rules):
		t.Rules = slices.Delete(t.Rules, i, i+1)
	case verb == "propose":
		return v.proposeStanding(t)
	}
	form := newStandingForm(t)
	form.Reason = v.sent("reason")
	return v.show("standingedit", form)
}

// fieldOfRow is how the API names a field of the table.
var fieldOfRow = regexp.MustCompile(`^body\.table\.(ladder|counters|rules)\[([0-9]+)\](?:\.([a-z]+))?`)

// badSpan finds the first row with a length of time that is none.
func badSpan(t client.StandingTable) (where, why string) {
	bad := func(s string) bool {
		_, err := time.ParseDuration(s)
		return s != "" && err != nil
	}
	for _, r := range t.Rules {
		switch {
		case bad(r.Quiet):
			return r.ID, "quiet"
		case bad(r.Lasts):
			return r.ID, "lasts"
		}
	}
	for _, r := range t.Ladder {
		if bad(r.Lasts) || bad(r.Longest) {
			return r.Step, "lasts"
		}
	}
	for _, c := range t.Counters {
		if bad(c.Window) || bad(c.Bucket) {
			return c.Name, "window"
		}
	}
	return "", ""
}

func (v *visit) proposeStanding(t client.StandingTable) error {
	if where, why := badSpan(t); where != "" {
		form := newStandingForm(t)
		form.Reason, form.Where, form.Why = v.sent("reason"), where, why
		v.status, v.problem = http.StatusUnprocessableEntity, v.speakers[v.lang].Say("page-row-wrong", "field", why)
		return v.show("standingedit", form)
	}
	x, err := v.api().ProposeStandingTable(v.r.Context(), t, v.sent("reason"))
	if err == nil {
		return v.send("/standing-rules/versions/" + escaped(x.Table.Version) + "?done=standing-proposed")
	}
	said, ours := told(err)
	if said == nil || !again(ours, said.Status) {
		return err
	}
	form := newStandingForm(t)
	form.Reason = v.sent("reason")
	v.status, v.problem = said.Status, v.explain(said.Status, err)
	form.Where, form.Why = said.Args["where"], said.Args["why"]
	for _, f := range said.Fields {
		if m := fieldOfRow.FindStringSubmatch(f.Field); m != nil && form.Where == "" {
			form.Where, form.Why = rowName(t, m[1], m[2]), m[3]
		}
	}
	return v.show("standingedit", form)
}

// rowName is the name of a row of the table, by which the form finds it.
func rowName(t client.StandingTable, list, row string) string {
	i, err := strconv.Atoi(row)
	switch {
	case err != nil:
	case list == "ladder" && i < len(t.Ladder):
		return t.Ladder[i].Step
	case list == "counters" && i < len(t.Counters):
		return t.Counters[i].Name
	case list == "rules" && i < len(t.Rules):
		return t.Rules[i].ID
	}
	return ""
}

// mostRows bounds what is read from the form.
const mostRows = 256

// sentStanding reads the table from the form.
func (v *visit) sentStanding() client.StandingTable {
	t := client.StandingTable{Version: strings.TrimSpace(v.sent("version")), Ladder: []client.StandingRung{}, Counters: []client.StandingCounter{}, Rules: []client.StandingRule{}}
	for _, s := range steps() {
		t.Ladder = append(t.Ladder, client.StandingRung{Step: s, Lasts: v.sent("lasts." + s), Longest: v.sent("longest." + s)})
	}
	form := v.r.PostForm
	for i := range mostRows {
		at := "counter." + strconv.Itoa(i) + "."
		if !form.Has(at + "name") {
			break
		}
		t.Counters = append(t.Counters, client.StandingCounter{Name: form.Get(at + "name"), On: listed(form[at+"on"]), Of: form.Get(at + "of"), Distinct: form.Get(at + "distinct"), Window: form.Get(at + "window"),
			Bucket: form.Get(at + "bucket"), Reset: form.Get(at + "reset")})
	}
	for i := range mostRows {
		at := "rule." + strconv.Itoa(i) + "."
		if !form.Has(at + "id") {
			break
		}
		r := client.StandingRule{ID: form.Get(at + "id"), On: listed(form[at+"on"]), When: form.Get(at + "when"), Quiet: form.Get(at + "quiet"), Clauses: []colophon.Clause{}, Fact: colophon.Code(form.Get(at + "fact")),
			Item: form.Has(at + "item"), Recheck: form.Has(at + "recheck"), Step: form.Get(at + "step"), Lasts: form.Get(at + "lasts"), Propose: form.Has(at + "propose"), Reason: form.Get(at + "reason")}
		for _, c := range form[at+"clause"] {
			r.Clauses = append(r.Clauses, colophon.Clause(c))
		}
		t.Rules = append(t.Rules, r)
	}
	return t
}

// listed is a list that is never null in JSON.
func listed(values []string) []string { return append([]string{}, values...) }
