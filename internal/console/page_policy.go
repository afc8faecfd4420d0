package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// maxPolicy is the largest file of a policy, in bytes.
const maxPolicy = 4 << 20

func policyPages() []page {
	return slices.Concat(policyList().rows(), start("/policies/import", "/policies", importPolicyDeed()), policyEditPages(), policySheet().rows(),
		[]page{{method: get, path: "/policies/{id}/export", action: staff.PolicyRead, back: "/policies/{id}", do: exportPolicy}})
}

func policyLink(version string) string { return "/policies/" + escaped(version) }

func policyList() list[client.PolicyVersion] {
	return list[client.PolicyVersion]{
		name: "policies", path: "/policies", title: "page-policies", group: groupReview, action: staff.PolicyRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.PolicyVersion, string, error) {
			list, next, err := c.Policies(ctx, l)
			if err != nil || l.Cursor != "" || len(l.Filter) > 0 {
				return list, next, err
			}
			t, shipped, err := c.Policy(ctx)
			if shipped { // nobody released another, and it stands in no list
				list = append([]client.PolicyVersion{shippedVersion(t)}, list...)
			}
			return list, next, err
		},
		columns: []column[client.PolicyVersion]{
			{name: "policy", cell: func(p client.PolicyVersion) cell { return ident(p.Table.Version).to(policyLink(p.Table.Version)) }},
			{name: "state", cell: policyState},
			{name: "proposed", cell: func(p client.PolicyVersion) cell { return moment(p.At) }},
			{name: "reason", cell: func(p client.PolicyVersion) cell { return text(p.Reason) }},
			{name: "rows", cell: func(p client.PolicyVersion) cell { return count(int64(len(p.Table.Rows))) }},
			{name: "compared", side: true, cell: func(p client.PolicyVersion) cell {
				if p.Comparison == nil {
					return cell{}
				}
				return moment(p.Comparison.At)
			}},
			{name: "released", side: true, cell: func(p client.PolicyVersion) cell {
				if len(p.Releases) == 0 {
					return cell{}
				}
				return moment(p.Releases[len(p.Releases)-1].At)
			}},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-policy-state-", options: []string{"offered"}}},
		deeds:   []lead{{to: "/policies/new", title: "page-policy-new", action: staff.PolicyPropose}, {to: "/policies/import", title: "page-deed-policy-import", action: staff.PolicyPropose}},
		says:    of("page-policy-state-", "shipped", "proposed", "compared", "released"),
	}
}

// shippedVersion is the table that the program comes with, as a version.
func shippedVersion(t client.PolicyTable) client.PolicyVersion {
	p := client.PolicyVersion{Table: t, By: t.By, Origin: "shipped"}
	if t.Made != nil {
		p.At = *t.Made
	}
	return p
}

func policyState(p client.PolicyVersion) cell {
	name := "proposed"
	switch {
	case p.Origin == "shipped" && p.Digest == "":
		name = "shipped"
	case len(p.Releases) > 0:
		name = "released"
	case p.Comparison != nil:
		name = "compared"
	}
	return state("page-policy-state-", name, map[string]tone{"shipped": good, "released": good, "proposed": wait, "compared": wait})
}

// policyVersion returns a version; the one that the program comes with is in no history.
func policyVersion(v *visit, id string) (client.PolicyVersion, error) {
	p, err := v.api().PolicyVersion(v.r.Context(), id)
	if e, _ := told(err); e == nil || e.Status != http.StatusNotFound {
		return p, err
	}
	t, shipped, now := v.api().Policy(v.r.Context())
	if now == nil && shipped && t.Version == id {
		return shippedVersion(t), nil
	}
	return p, errors.Join(err, now)
}

// policyMore is what the page of a version shows beside its facts.
type policyMore struct {
	Heads      []string
	InForce    string
	Current    bool
	Rows       []rowDifference
	Cases      int
	Comparison *dryRun
}

func policySheet() sheet[client.PolicyVersion] {
	proposed := func(p client.PolicyVersion) bool { return p.Digest != "" }
	return sheet[client.PolicyVersion]{
		path: "/policies/{id}", title: "page-policy", action: staff.PolicyRead, template: "policy", fetch: policyVersion,
		heading: func(p client.PolicyVersion) cell { return ident(p.Table.Version) },
		facts: func(p client.PolicyVersion) []fact {
			var releases cell
			for _, r := range p.Releases {
				releases.Many = append(releases.Many, moment(r.At))
			}
			return []fact{{"state", policyState(p)}, {"reason", text(p.Reason)}, {"proposed", moment(p.At)}, {"proposed-by", by(p.By)}, {"released", releases}, {"digest", ident(p.Digest)},
				{"rows", count(int64(len(p.Table.Rows)))}, {"cases", count(int64(len(p.Table.Cases)))}}
		},
		more: func(v *visit, p client.PolicyVersion) (any, error) {
			now, _, err := v.api().Policy(v.r.Context())
			m := policyMore{Heads: rowCells(), InForce: now.Version, Current: now.Version == p.Table.Version, Cases: len(p.Table.Cases), Rows: differences(now.Rows, p.Table.Rows)}
			if p.Comparison != nil {
				m.Comparison = dryRunOf(p.Table.Version, *p.Comparison)
			}
			return m, err
		},
		ways: func(v *visit, p client.PolicyVersion) []lead {
			var ways []lead
			if v.actor().May(staff.PolicyPropose) {
				ways = append(ways, lead{"/policies/new?from=" + escaped(p.Table.Version), "page-policy-edit", ""})
			}
			if now, _, err := v.api().Policy(v.r.Context()); err == nil && now.Version != p.Table.Version {
				ways = append(ways, lead{policyLink(p.Table.Version) + "/export", "page-policy-export", ""})
			}
			return ways
		},
		labels: append(rowCells(), "released", "rows", "cases", "judgements", "stricter", "milder", "against", "compared-at", "days"),
		deeds:  []deed[client.PolicyVersion]{compareDeed(proposed), releaseDeed(proposed)},
		says: slices.Concat([]string{"page-work-policy-compare"}, of("page-row-", "new", "changed", "moved", "gone"), of("page-help-", helps()...), []string{"page-category-*", "page-finding-level-*", "page-surface-*", "page-and-more"},
			of("page-account-class-", "anonymous", "verified", "organisation", "staff"), of("page-label-", "surface", "account-class", "reason"), of("page-label-", "from-action", "to-action", "examples", "help")),
	}
}

func compareDeed(may func(client.PolicyVersion) bool) deed[client.PolicyVersion] {
	return deed[client.PolicyVersion]{
		name: "policy-compare", step: "compare", action: staff.PolicyPropose, record: "policy.compared", may: may,
		fields: []field[client.PolicyVersion]{{name: "days", kind: "number", required: true, hint: true, value: func(client.PolicyVersion) string { return "30" }}},
		do: func(v *visit, p client.PolicyVersion) (string, error) {
			days, err := strconv.Atoi(v.sent("days"))
			if err != nil || days < 1 || days > 400 {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
			}
			c, version := v.api(), p.Table.Version
			return "-", v.beginShown("policy-compare", func(ctx context.Context, _ func(done, of int64)) (string, func(*visit) error, error) {
				r, err := c.ComparePolicy(ctx, version, days)
				return "", func(v *visit) error { return v.show("policydifference", dryRunOf(version, r)) }, err
			})
		},
	}
}

func releaseDeed(may func(client.PolicyVersion) bool) deed[client.PolicyVersion] {
	return deed[client.PolicyVersion]{
		name: "policy-release", step: "release", action: staff.PolicyRelease, record: "policy.released", danger: true, may: may,
		fields: []field[client.PolicyVersion]{{name: "reason", kind: "area", required: true, most: 1024}},
		effect: func(v *visit, p client.PolicyVersion) ([]said, error) {
			now, _, err := v.api().Policy(v.r.Context())
			c := p.Comparison
			if err != nil || c == nil || c.Against != now.Version { // it would be refused
				return []said{{"page-policy-uncompared", nil}}, err
			}
			return []said{{"page-policy-would-change", []string{"stricter", grouped(int64(c.Stricter)), "milder", grouped(int64(c.Milder)), "judgements", grouped(int64(c.Judgements)), "against", c.Against}}}, nil
		},
		do: func(v *visit, p client.PolicyVersion) (string, error) {
			_, err := v.api().ReleasePolicy(v.r.Context(), p.Table.Version, v.sent("reason"))
			return "", err
		},
		says: []string{"page-policy-uncompared", "page-policy-would-change"},
	}
}

func importPolicyDeed() deed[none] {
	return deed[none]{
		name: "policy-import", action: staff.PolicyPropose, record: "policy.proposed", upload: maxPolicy,
		fields: []field[none]{{name: "policy-file", kind: "file", required: true, hint: true}, {name: "reason", kind: "area", required: true, most: 1024}},
		do: func(v *visit, _ none) (string, error) {
			file, _, err := v.r.FormFile("policy-file")
			if err != nil {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
			}
			defer file.Close()
			p, err := v.api().ImportPolicy(v.r.Context(), file, v.sent("reason"))
			return policyLink(p.Table.Version), err
		},
	}
}

func exportPolicy(v *visit) error {
	id := v.r.PathValue("id")
	file, err := v.api().ExportPolicy(v.r.Context(), id)
	if err != nil {
		return err
	}
	return v.hand("text/plain; charset=utf-8", "policy-"+fileName(id)+".txt", file)
}

// rowDifference is a row of a version beside the same one of the table in force.
type rowDifference struct {
	client.PolicyRow
	Place  int
	Action cell
	What   string            // same, new, changed, moved or gone
	Was    map[string][]cell // cells that were otherwise, by name
}

// mostNamed is how many categories of a row are named; the form names all.
const mostNamed = 8

// Categories are those of the row by their names.
func (d rowDifference) Categories() []cell {
	return alternatives("page-category-", d.Category, mostNamed)
}

// Others is how many categories are not named.
func (d rowDifference) Others() int { return max(0, len(boxes(d.Category))-mostNamed) }

// Levels are those of the row.
func (d rowDifference) Levels() []cell {
	return alternatives("page-finding-level-", d.Level, mostNamed)
}

// Surfaces are those of the row.
func (d rowDifference) Surfaces() []cell { return alternatives("page-surface-", d.Surface, mostNamed) }

// Classes are the account classes of the row; none where it is for all.
func (d rowDifference) Classes() []cell {
	if d.Class == "*" {
		return nil
	}
	return alternatives("page-account-class-", d.Class, mostNamed)
}

// alternatives are the words of a cell of the table, as people read them.
func alternatives(prefix, words string, most int) []cell {
	list := boxes(words)
	if list == nil {
		return []cell{word(prefix, "*")}
	}
	var cells []cell
	for _, one := range list[:min(len(list), most)] {
		cells = append(cells, word(prefix, one))
	}
	return cells
}

// rowCells are the columns of a decision table.
func rowCells() []string {
	return []string{"row", "category", "level", "when", "action-taken"}
}

// differences are the rows of a table, and how they differ from another one: by their names, and in their order.
func differences(before, after []client.PolicyRow) []rowDifference {
	at := map[string]int{}
	for i, r := range before {
		at[r.ID] = i
	}
	var list []rowDifference
	place, last := 0, -1
	for _, r := range after {
		place++
		d := rowDifference{PolicyRow: r, Place: place, Action: policyAction(r.Action), What: "new"}
		if i, there := at[r.ID]; there {
			d.Was = cellsChanged(before[i], r)
			switch {
			case len(d.Was) > 0:
				d.What = "changed"
			case i < last:
				d.What = "moved"
			default:
				d.What = "same"
			}
			last = max(last, i)
			delete(at, r.ID)
		}
		list = append(list, d)
	}
	for _, r := range before {
		if _, gone := at[r.ID]; gone {
			list = append(list, rowDifference{PolicyRow: r, Action: policyAction(r.Action), What: "gone"})
		}
	}
	return list
}

// cellsChanged are the cells of a row that were otherwise, as people read them. In which order alternatives stand changes nothing.
func cellsChanged(a, b client.PolicyRow) map[string][]cell {
	was := map[string][]cell{}
	for name, c := range map[string]struct{ prefix, before, after string }{"category": {"page-category-", a.Category, b.Category}, "level": {"page-finding-level-", a.Level, b.Level},
		"surface": {"page-surface-", a.Surface, b.Surface}, "class": {"page-account-class-", a.Class, b.Class}} {
		before := boxes(c.before)
		if !slices.Equal(slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(boxes(c.after)))) {
			was[name] = alternatives(c.prefix, c.before, max(len(before), mostNamed))
		}
	}
	for name, c := range map[string]struct {
		before, after string
		said          cell
	}{"when": {a.When, b.When, text(a.When)}, "reason": {a.Reason, b.Reason, text(a.Reason)}, "action": {a.Action, b.Action, policyAction(a.Action)}, "help": {a.Help, b.Help, word("page-help-", a.Help)}} {
		if c.before != c.after {
			was[name] = []cell{c.said}
		}
	}
	return was
}

// dryRun is a comparison as a page shows it: a square of what was decided and what would be.
type dryRun struct {
	client.PolicyComparison
	Version string
	Facts   []fact
	Actions []string
	Square  []squareRow
	Table   *tableView
}

// squareRow counts judgements that one action became others.
type squareRow struct {
	From  string
	Cells []squareCell
}

type squareCell struct {
	Count int64
	Tone  tone // worse or better for whoever is judged
}

// dryRunOf makes one of a comparison.
func dryRunOf(version string, c client.PolicyComparison) *dryRun {
	d := &dryRun{PolicyComparison: c, Version: version, Actions: policyActions()}
	d.Facts = []fact{{"against", ident(c.Against).to(policyLink(c.Against))}, {"compared-at", moment(c.At)}, {"judgements", count(int64(c.Judgements))}, {"stricter", count(int64(c.Stricter))}, {"milder", count(int64(c.Milder))}}
	counts := map[[2]string]int64{}
	var byCategory []client.PolicyChange
	for _, x := range c.Changes {
		if x.Category == "" {
			counts[[2]string{x.From, x.To}] += int64(x.Count)
			continue
		}
		byCategory = append(byCategory, x)
	}
	for i, from := range d.Actions {
		row := squareRow{From: from}
		for j, to := range d.Actions {
			one := squareCell{Count: counts[[2]string{from, to}]}
			switch {
			case one.Count > 0 && j > i:
				one.Tone = bad
			case one.Count > 0 && j < i:
				one.Tone = good
			}
			row.Cells = append(row.Cells, one)
		}
		d.Square = append(d.Square, row)
	}
	d.Table = tableOf("page-policy-changes", []column[client.PolicyChange]{
		{name: "category", cell: func(x client.PolicyChange) cell { return category(x.Category) }},
		{name: "from-action", cell: func(x client.PolicyChange) cell { return policyAction(x.From) }},
		{name: "to-action", cell: func(x client.PolicyChange) cell { return policyAction(x.To) }},
		{name: "judgements", cell: func(x client.PolicyChange) cell { return count(int64(x.Count)) }},
		{name: "examples", cell: func(x client.PolicyChange) cell {
			var c cell
			for _, id := range x.Examples[:min(len(x.Examples), 3)] {
				c.Many = append(c.Many, ident(strings.TrimSpace(id)).to("/judgements/"+escaped(id)))
			}
			return c
		}},
	}, byCategory)
	return d
}
