package console

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// maxListForm is the largest form with a published list, in bytes.
const maxListForm = 25 << 20

func listPages() []page {
	return slices.Concat(filedRows().rows(), filedLists().rows(), start("/filed-lists/new", "/filed-lists", importFiled()), filedList().rows(), filedOwn().rows(),
		[]page{{method: get, path: "/algorithm-filings", who: anybody, title: "page-public-algorithms", about: "page-algorithms-about", menu: true,
			words: append(of("page-filing-state-", filingStates()...), of("page-kit-number-", "passes", "fails")...), do: showAlgorithms}})
}

func seriesNames() []string { return []string{"deep-synthesis", "algorithm", "cancellation"} }

// filedRows searches all imported lists. The cursor is how many rows were passed over.
func filedRows() list[client.FilingHit] {
	return list[client.FilingHit]{
		name: "filed", path: "/filed", title: "page-filed", group: groupGovernance, action: staff.FilingListRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.FilingHit, string, error) {
			offset, _ := strconv.Atoi(l.Cursor) // what is none begins anew
			found, err := c.FindListed(ctx, l.Filter.Get("text"), l.Filter.Get("series"), offset, l.Limit)
			next := ""
			if at := offset + len(found.Rows); err == nil && len(found.Rows) > 0 && at < found.Total {
				next = strconv.Itoa(at)
			}
			return found.Rows, next, err
		},
		columns: []column[client.FilingHit]{
			{name: "kit-algorithm-number", cell: func(h client.FilingHit) cell { return listedNumber(h.Row) }},
			{name: "kit-algorithm-name", cell: func(h client.FilingHit) cell { return text(h.Row.Name) }},
			{name: "list-entity", long: true, cell: func(h client.FilingHit) cell { return text(h.Row.Entity) }},
			{name: "list-product", long: true, cell: func(h client.FilingHit) cell { return text(h.Row.Product) }},
			{name: "list-series", cell: func(h client.FilingHit) cell { return word("page-list-series-", h.Series) }},
			{name: "list-batch", cell: func(h client.FilingHit) cell { return text(h.Batch).to("/filed-lists/" + escaped(h.List)) }},
			{name: "list-purpose", side: true, long: true, cell: func(h client.FilingHit) cell { return text(h.Row.Purpose) }},
			{name: "list-published", side: true, cell: func(h client.FilingHit) cell { return text(h.Published) }},
		},
		filters: []filter{{name: "text", label: "list-text", kind: "text"}, {name: "series", label: "list-series", kind: "choice", words: "page-list-series-", options: seriesNames()}},
		deeds:   []lead{{"/filed-lists", "page-filed-lists", staff.FilingListRead}, {"/filed-own", "page-filed-own", staff.FilingListRead}, {"/filed-lists/new", "page-deed-list-import", staff.FilingListImport}},
	}
}

// listedNumber is the number of a row, or what stands in its place.
func listedNumber(r client.FilingRow) cell {
	c := ident(r.Number)
	if r.Number == "" {
		c = text(r.Written)
	}
	if r.Reading != "read" {
		c.Tone, c.Mark = wait, true
	}
	if r.Cancelled {
		c.Tone, c.Mark = bad, true
	}
	return c
}

func listState(l client.FilingList) cell {
	return state("page-list-state-", l.State, map[string]tone{"imported": good, "withdrawn": bad})
}

func listStates() []string { return []string{"imported", "superseded", "withdrawn"} }

func filedLists() list[client.FilingList] {
	return list[client.FilingList]{
		name: "filed-lists", path: "/filed-lists", title: "page-filed-lists", action: staff.FilingListRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.FilingList, string, error) {
			return c.FilingLists(ctx, l)
		},
		columns: []column[client.FilingList]{
			{name: "list-batch", cell: func(l client.FilingList) cell { return text(l.Name).to("/filed-lists/" + escaped(l.ID)) }},
			{name: "list-series", cell: func(l client.FilingList) cell { return word("page-list-series-", l.Series) }},
			{name: "list-published", cell: func(l client.FilingList) cell { return text(l.Published) }},
			{name: "state", cell: listState},
			{name: "list-rows", cell: func(l client.FilingList) cell { return count(int64(l.Counts.Rows)) }},
			{name: "list-doubtful", cell: func(l client.FilingList) cell { return count(int64(l.Counts.Doubtful)) }},
			{name: "list-unreadable", cell: func(l client.FilingList) cell { return count(int64(l.Counts.Unreadable)) }},
			{name: "list-by", side: true, cell: func(l client.FilingList) cell { return by(l.By) }},
		},
		says:  append(of("page-list-series-", seriesNames()...), of("page-list-state-", listStates()...)...),
		deeds: []lead{{"/filed-lists/new", "page-deed-list-import", staff.FilingListImport}},
	}
}

func importFiled() deed[none] {
	return deed[none]{
		name: "list-import", action: staff.FilingListImport, record: "filing-list.imported filing-list.superseded", upload: maxListForm,
		fields: []field[none]{
			{name: "list-series", kind: "choice", words: "page-list-series-", options: seriesNames(), required: true},
			{name: "list-batch", kind: "text", hint: true, required: true, most: 64}, {name: "list-published", kind: "day", required: true},
			{name: "list-source", kind: "text", hint: true, most: 1024}, {name: "list-file", kind: "file", required: true, hint: true},
		},
		do: func(v *visit, _ none) (to string, err error) {
			err = v.oneProof("list-file", func(file client.CaseUpload) error {
				out, err := v.api().ImportFilingList(v.r.Context(), client.ListAbout{Series: v.sent("list-series"), Batch: v.sent("list-batch"), Published: v.sent("list-published"), Source: v.sent("list-source")}, file.File)
				to = "/filed-lists/" + escaped(out.List.ID)
				return err
			})
			return to, err
		},
	}
}

func filedList() sheet[client.FilingList] {
	return sheet[client.FilingList]{
		path: "/filed-lists/{id}", title: "page-filed-list", action: staff.FilingListRead,
		fetch:   func(v *visit, id string) (client.FilingList, error) { return v.api().FilingList(v.r.Context(), id) },
		heading: func(l client.FilingList) cell { return text(l.Name) },
		facts: func(l client.FilingList) []fact {
			return []fact{{"state", listState(l)}, {"list-series", word("page-list-series-", l.Series)}, {"list-published", text(l.Published)}, {"list-title", text(l.Title)}, {"list-source", text(l.Source)}, {"list-rows", count(int64(l.Counts.Rows))},
				{"list-read", count(int64(l.Counts.Read))}, {"list-doubtful", count(int64(l.Counts.Doubtful))}, {"list-unreadable", count(int64(l.Counts.Unreadable))}, {"kit-digest", ident(l.SHA256)}, {"list-by", by(l.By)}, {"list-replaces", linked(l.Replaces, "/filed-lists/")}, {"reason", text(l.Reason)}}
		},
		parts: func(_ *visit, l client.FilingList) ([]part, error) {
			p := part{Title: "page-list-doubts", Lead: "page-list-doubts-lead", Empty: "page-list-doubts-none"}
			if len(l.Doubts) > 0 {
				p.Table = tableOf("page-list-doubts", []column[client.FilingRow]{
					{name: "list-row", cell: func(r client.FilingRow) cell { return count(int64(r.Row)) }},
					{name: "kit-algorithm-name", cell: func(r client.FilingRow) cell { return text(r.Name) }},
					{name: "kit-algorithm-number", cell: listedNumber},
					{name: "list-why", long: true, cell: func(r client.FilingRow) cell {
						var why []string
						for _, x := range r.Reasons {
							why = append(why, x.Text)
						}
						return text(strings.Join(why, " · "))
					}},
				}, l.Doubts)
			}
			return []part{p}, nil
		},
		labels: []string{"list-title", "list-source", "list-read", "list-replaces", "list-row", "list-why", "reason"},
		deeds: []deed[client.FilingList]{{
			name: "list-withdraw", step: "withdraw", action: staff.FilingListImport, record: "filing-list.withdrawn", danger: true, may: func(l client.FilingList) bool { return l.State == "imported" },
			fields: []field[client.FilingList]{{name: "kit-note", kind: "area", required: true, hint: true, most: 1000}},
			do: func(v *visit, l client.FilingList) (string, error) {
				_, err := v.api().WithdrawFilingList(v.r.Context(), l.ID, v.sent("kit-note"))
				return "", err
			},
		}},
	}
}

// filedOwn holds our own numbers against the lists.
func filedOwn() list[client.OwnStanding] {
	return list[client.OwnStanding]{
		name: "filed-own", path: "/filed-own", title: "page-filed-own", action: staff.FilingListRead,
		fetch: func(ctx context.Context, c *client.Client, _ client.Listing) ([]client.OwnStanding, string, error) {
			list, _, err := c.OwnNumbers(ctx)
			return list, "", err
		},
		columns: []column[client.OwnStanding]{
			{name: "kit-algorithm-number", cell: func(o client.OwnStanding) cell { return ident(o.Written) }},
			{name: "kit-check", cell: func(o client.OwnStanding) cell { return numberCheck(o.Number) }},
			{name: "list-standing", long: true, cell: func(o client.OwnStanding) cell {
				return cell{Text: o.Says.Text, Tone: map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait}[o.Verdict], Mark: true}
			}},
			{name: "function", cell: func(o client.OwnStanding) cell { return ident(o.Function).to("/functions/" + escaped(o.Function)) }},
			{name: "kit-detail-models-name", cell: func(o client.OwnStanding) cell { return text(o.Model) }},
			{name: "list-filing", side: true, cell: func(o client.OwnStanding) cell { return linked(o.Filing, "/filings/") }},
		},
		deeds: []lead{{"/filed", "page-filed", staff.FilingListRead}},
		says:  of("page-kit-number-", "passes", "fails"),
	}
}

// shownAlgorithm is a function with its filing as everybody sees it.
type shownAlgorithm struct {
	client.PublicAlgorithm
	Name, Of string
	To       string // where the authority publishes it
	Check    cell
	Filing   cell
	On       cell
}

// showAlgorithms is the page of Algorithm Recommendation Provisions Art. 26: numbers, links, and what is made public.
func showAlgorithms(v *visit) error {
	all, err := v.api().PublicAlgorithms(v.r.Context())
	if err != nil {
		return err
	}
	var shown []shownAlgorithm
	for _, a := range all {
		shown = append(shown, shownAlgorithm{a, v.pair(a.Names), v.pair(a.Offered), web(a.Link), numberCheck(a.Number), word("page-filing-state-", a.State), sometime(a.Since)})
	}
	return v.show("algorithms", shown)
}
