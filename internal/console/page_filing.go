package console

import (
	"context"
	"encoding/json"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	filed "github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/staff"
)

// maxFilingForm is the largest form with a file of a filing, in bytes.
const maxFilingForm = 32 << 20

func filingPages() []page {
	pages := slices.Concat(kitList().rows(), start("/filings/new", "/filings", draftFiling()), kitSheet().rows())
	for _, p := range kitForms() {
		pages = append(pages, p.rows("/filings/{id}/"+p.step, "/filings/{id}", kitOf)...)
	}
	return append(pages,
		page{method: get, path: "/filings/{id}/field/{field}", action: staff.FilingWrite, back: "/filings/{id}", do: toKitField},
		page{method: get, path: "/filings/{id}/documents/{document}/{format}", action: staff.FilingRead, back: "/filings/{id}", do: filingDocument},
		page{method: get, path: "/filings/{id}/package", action: staff.FilingRead, back: "/filings/{id}", do: filingPackage},
		page{method: post, path: "/filings/{id}/people/read", action: staff.FilingPeople, title: "page-kit-people", above: "/filings/{id}", back: "/filings/{id}", makes: []string{"filing.read"}, words: filingPeopleWords(), do: showFilingPeople},
		page{method: post, path: "/filings/{id}/whole", action: staff.FilingPeople, back: "/filings/{id}", makes: []string{"filing.read"}, do: filingWhole},
	)
}

func kitStates() []string {
	return []string{"draft", "proposed", "approved", "submitted", "filed", "refused", "amended", "cancelled", "withdrawn"}
}

func kitState(f client.AlgorithmFiling) cell {
	return state("page-kit-state-", f.State, map[string]tone{"draft": wait, "proposed": wait, "approved": wait, "submitted": wait, "filed": good, "refused": bad})
}

func filingLink(id string) string { return "/filings/" + escaped(id) }

// numberCell is a filing number with whether it passes the check.
func numberCell(n *client.FilingNumber) cell {
	if n == nil {
		return cell{}
	}
	tone := bad
	if n.Passes {
		tone = good
	}
	return cell{Text: n.Digits, Mono: true, Tone: tone, Mark: true}
}

// nextClock is the clock that runs, or ran out; the provider's own before the authority's.
func nextClock(f client.AlgorithmFiling) (client.FilingClock, bool) {
	var found client.FilingClock
	ok := false
	for _, c := range f.Clocks {
		if (c.State == "running" || c.State == "over" || c.State == "unknown") && c.Until != nil && (!ok || found.Theirs && !c.Theirs) {
			found, ok = c, true
		}
	}
	return found, ok
}

func kitList() list[client.AlgorithmFiling] {
	return list[client.AlgorithmFiling]{
		name: "filings", path: "/filings", title: "page-filings", group: groupGovernance, action: staff.FilingRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.AlgorithmFiling, string, error) {
			return c.AlgorithmFilings(ctx, l)
		},
		columns: []column[client.AlgorithmFiling]{
			{name: "kit-algorithm-name", cell: func(f client.AlgorithmFiling) cell {
				if f.Name == "" {
					return ident(f.Function).to(filingLink(f.ID))
				}
				return text(f.Name).to(filingLink(f.ID))
			}},
			{name: "state", cell: kitState},
			{name: "kit-unknown", cell: func(f client.AlgorithmFiling) cell { return count(int64(f.Unknown)) }},
			{name: "kit-due", cell: func(f client.AlgorithmFiling) cell {
				c, ok := nextClock(f)
				if !ok {
					return cell{}
				}
				return sometime(c.Until)
			}},
			{name: "kit-clock", cell: func(f client.AlgorithmFiling) cell {
				c, ok := nextClock(f)
				if !ok {
					return cell{}
				}
				return kitClock(c.State)
			}},
			{name: "kit-algorithm-number", cell: func(f client.AlgorithmFiling) cell { return numberCell(f.Number) }},
			{name: "function", side: true, cell: func(f client.AlgorithmFiling) cell { return ident(f.Function).to("/functions/" + escaped(f.Function)) }},
			{name: "kit-part", side: true, cell: func(f client.AlgorithmFiling) cell { return count(int64(f.Part)) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-kit-state-", options: kitStates()}, {name: "function", kind: "text"}},
		says:    of("page-kit-clock-state-", clockStates()...),
		deeds:   []lead{{"/filings/new", "page-deed-filing-draft", staff.FilingWrite}},
	}
}

func clockStates() []string {
	return []string{"unknown", "waiting", "running", "over", "kept", "late"}
}

func kitClock(s string) cell {
	return state("page-kit-clock-state-", s, map[string]tone{"running": wait, "over": bad, "late": bad, "kept": good, "unknown": wait})
}

func draftFiling() deed[none] {
	return deed[none]{
		name: "filing-draft", action: staff.FilingWrite, record: "filing.drafted",
		fields: []field[none]{{name: "function", kind: "choice", required: true, hint: true, choices: filedFunctions}},
		do: func(v *visit, _ none) (string, error) {
			f, err := v.api().DraftFiling(v.r.Context(), v.sent("function"))
			return filingLink(f.ID), err
		},
	}
}

// filedFunctions are the functions that can be filed.
func filedFunctions(v *visit, _ none) (ids []string, err error) {
	list, _, err := v.api().Functions(v.r.Context(), client.Listing{Limit: walkSize})
	for _, f := range list {
		if f.State != "retired" {
			ids = append(ids, f.ID)
		}
	}
	return ids, err
}

// filingPage is what the page of a filing shows besides facts and parts.
type filingPage struct {
	ID        string
	Verdict   cell
	Documents []client.FilingDocument
	Formats   []string
	Forms     []string // parts of the kit that can be changed
	People    bool
	Reads     []string
}

func kitSheet() sheet[client.AlgorithmFiling] {
	in := func(states ...string) func(client.AlgorithmFiling) bool {
		return func(f client.AlgorithmFiling) bool { return slices.Contains(states, f.State) }
	}
	return sheet[client.AlgorithmFiling]{
		path: "/filings/{id}", title: "page-filing", action: staff.FilingRead, template: "filing",
		fetch:   kitOf,
		heading: func(f client.AlgorithmFiling) cell { return text(f.Name) },
		facts:   filingFacts, parts: filingParts,
		more:   func(v *visit, f client.AlgorithmFiling) (any, error) { return v.filingPage(f) },
		labels: []string{"kit-algorithm-number", "kit-check", "kit-part", "kit-version", "kit-digest", "kit-authors", "kit-reviewer", "kit-amends", "kit-amended-by", "kit-reference", "kit-submitted", "kit-receipt", "kit-decided", "kit-reason", "note", "made", "kit-level", "kit-form", "kit-field", "kit-finding", "kit-rule-source", "kit-clause", "kit-period", "kit-days", "kit-from", "kit-due", "kit-done", "kit-clock", "kit-annexes-name", "kit-annexes-kind", "kit-annexes-type", "kit-annexes-sha256", "kit-size"},
		says: slices.Concat(of("page-kit-state-", kitStates()...), of("page-kit-level-", "note", "warning", "doubt", "breach"), of("page-kit-clock-", "file", "change", "cancel", "decide"), of("page-kit-clock-state-", clockStates()...), of("page-kit-confidence-", "primary", "secondary", "draft"),
			of("page-verdict-", "passed", "failed", "could-not-tell"), of("page-kit-format-", "docx", "pdf", "html"), of("page-deed-kit-", kitFormNames()...), of("page-kit-number-", "passes", "fails"), of("page-kit-annex-", annexKinds()...), fieldNames()),
		deeds: filingDeeds(in),
	}
}

// fieldNames are the names of all fields of a kit, by which findings tell where they are.
func fieldNames() []string {
	list := of("page-label-kit-people-", persons()...)
	list = append(list, "page-label-kit-people")
	for _, f := range filed.Fields() {
		if key := "page-label-" + kitName(f.Path); !slices.Contains(list, key) {
			list = append(list, key)
		}
	}
	return list
}

func kitOf(v *visit, id string) (client.AlgorithmFiling, error) {
	return v.api().AlgorithmFiling(v.r.Context(), id)
}

func filingFacts(f client.AlgorithmFiling) []fact {
	list := []fact{
		{"state", kitState(f)}, {"kit-algorithm-number", numberCell(f.Number)}, {"kit-check", numberCheck(f.Number)}, {"function", ident(f.Function).to("/functions/" + escaped(f.Function))}, {"note", text(f.Note)},
		{"made", moment(f.Made)}, {"kit-part", count(int64(f.Part))}, {"kit-version", count(int64(f.Version))}, {"kit-unknown", count(int64(f.Unknown))}, {"kit-digest", ident(f.SHA256)}, {"kit-authors", authors(f.Authors)}, {"kit-reviewer", by(f.Reviewer)},
		{"kit-amends", linked(f.Amends, "/filings/")}, {"kit-amended-by", linked(f.AmendedBy, "/filings/")},
	}
	if s := f.Submission; s != nil {
		list = append(list, fact{"kit-submitted", moment(s.At)}, fact{"kit-reference", text(s.Reference)}, fact{"kit-receipt", ident(s.Proof)})
	}
	if d := f.Decision; d != nil {
		list = append(list, fact{"kit-decided", moment(d.At)}, fact{"kit-reason", text(d.Reason)})
	}
	return list
}

func authors(ids []string) cell {
	var c cell
	for _, id := range ids {
		c.Many = append(c.Many, by(id))
	}
	return c
}

// numberCheck says whether a number passes the check; never that it is valid.
func numberCheck(n *client.FilingNumber) cell {
	switch {
	case n == nil:
		return cell{}
	case n.Passes:
		return state("page-kit-number-", "passes", map[string]tone{"passes": good})
	}
	return state("page-kit-number-", "fails", map[string]tone{"fails": bad})
}

func filingParts(v *visit, f client.AlgorithmFiling) ([]part, error) {
	found, err := v.api().FilingFindings(v.r.Context(), f.ID)
	if err != nil {
		return nil, err
	}
	writes := f.State == "draft" && v.actor().May(staff.FilingWrite)
	open, others := openForms(found.Findings)
	var parts []part
	if len(open) > 0 {
		parts = append(parts, openPart(f.ID, open, writes))
	}
	findings := part{Title: "page-kit-findings", Lead: "page-kit-findings-lead", Empty: "page-kit-findings-none"}
	if len(others) > 0 {
		findings.Table = tableOf("page-kit-findings", []column[client.FilingFinding]{
			{name: "kit-level", cell: func(x client.FilingFinding) cell {
				return state("page-kit-level-", x.Level, map[string]tone{"breach": bad, "doubt": wait, "warning": plain})
			}},
			{name: "kit-field", cell: func(x client.FilingFinding) cell {
				c := text(x.Name)
				if writes && x.Field != "" {
					return c.to(filingLink(f.ID) + "/field/" + escaped(x.Field))
				}
				return c
			}},
			{name: "kit-finding", long: true, cell: func(x client.FilingFinding) cell { return text(x.Text) }},
			{name: "kit-rule-source", side: true, cell: func(x client.FilingFinding) cell { return word("page-kit-confidence-", x.Confidence) }},
			{name: "kit-clause", side: true, long: true, cell: func(x client.FilingFinding) cell { return cell{Text: string(x.Clause), Law: true} }},
		}, others)
	}
	if len(others) > 0 || len(open) == 0 {
		parts = append(parts, findings)
	}
	parts = append(parts, part{Title: "page-kit-clocks", Table: tableOf("page-kit-clocks", []column[client.FilingClock]{
		{name: "kit-period", cell: func(c client.FilingClock) cell { return word("page-kit-clock-", c.ID) }},
		{name: "kit-clock", cell: func(c client.FilingClock) cell { return kitClock(c.State) }},
		{name: "kit-due", cell: func(c client.FilingClock) cell { return sometime(c.Until) }},
		{name: "kit-days", cell: func(c client.FilingClock) cell { return count(int64(c.Days)) }},
		{name: "kit-from", side: true, cell: func(c client.FilingClock) cell { return sometime(c.From) }},
		{name: "kit-done", side: true, cell: func(c client.FilingClock) cell { return sometime(c.Done) }},
		{name: "kit-clause", side: true, cell: func(c client.FilingClock) cell { return cell{Text: string(c.Clause), Law: true} }},
	}, f.Clocks)})
	var kit filed.Kit
	if err := json.Unmarshal(f.Kit, &kit); err != nil {
		return nil, err
	}
	annexes := part{Title: "page-kit-annexes", Empty: "page-kit-annexes-none"}
	if len(kit.Annexes) > 0 {
		annexes.Table = tableOf("page-kit-annexes", []column[filed.Annex]{
			{name: "kit-annexes-name", cell: func(a filed.Annex) cell { return text(a.Name) }},
			{name: "kit-annexes-kind", cell: func(a filed.Annex) cell { return word("page-kit-annex-", a.Kind) }},
			{name: "kit-annexes-type", side: true, cell: func(a filed.Annex) cell { return text(strings.ToUpper(path.Base(a.Type))) }},
			{name: "kit-annexes-sha256", side: true, cell: func(a filed.Annex) cell { return ident(a.SHA256) }},
		}, kit.Annexes)
	}
	return append(parts, annexes), nil
}

// openIn are the fields of a form that are not known yet.
type openIn struct {
	form   string
	fields []client.FilingFinding
}

// openForms takes what is not known yet out of findings, and puts it together by the forms that ask for it.
func openForms(all []client.FilingFinding) (open []openIn, others []client.FilingFinding) {
	for _, x := range all {
		form := kitFormOf(x.Field)
		if x.Code != filed.LintOpen || form == "" {
			others = append(others, x)
			continue
		}
		i := slices.IndexFunc(open, func(o openIn) bool { return o.form == form })
		if i < 0 {
			i, open = len(open), append(open, openIn{form: form})
		}
		open[i].fields = append(open[i].fields, x)
	}
	return open, others
}

// openPart lists what is not known yet, with the ways to the forms for whoever may fill them.
func openPart(id string, open []openIn, writes bool) part {
	leads := func(c cell, to string) cell {
		if !writes {
			return c
		}
		return c.to(filingLink(id) + to)
	}
	return part{Title: "page-kit-open", Lead: "page-kit-open-lead", Table: tableOf("page-kit-open", []column[openIn]{
		{name: "kit-form", cell: func(o openIn) cell {
			c := word("page-deed-kit-", o.form)
			if o.form == "attach" {
				c.Key = "page-deed-filing-attach"
			}
			return leads(c, "/"+o.form)
		}},
		{name: "kit-unknown", cell: func(o openIn) cell { return count(int64(len(o.fields))) }},
		{name: "kit-field", long: true, cell: func(o openIn) (c cell) {
			for _, x := range o.fields {
				c.Many = append(c.Many, leads(text(x.Name), "/field/"+escaped(x.Field)))
			}
			return c
		}},
		{name: "kit-clause", side: true, long: true, cell: func(o openIn) cell { return cell{Text: string(o.fields[0].Clause), Law: true} }},
	}, open)}
}

// kitFormOf is the form that a field stands in; empty for one of none.
func kitFormOf(path string) string {
	for _, p := range kitParts() {
		if inPart(p, path) {
			return p
		}
	}
	if strings.HasPrefix(path, "annexes") {
		return "attach"
	}
	return ""
}

func (v *visit) filingPage(f client.AlgorithmFiling) (filingPage, error) {
	documents, err := v.api().FilingDocuments(v.r.Context(), f.ID)
	data := filingPage{ID: f.ID, Documents: documents, Formats: []string{"docx", "pdf"}, People: v.actor().May(staff.FilingPeople), Reads: []string{"filing.read"}}
	if slices.Contains([]string{"draft", "proposed", "approved"}, f.State) && v.actor().May(staff.FilingWrite) {
		data.Forms = kitFormNames()
	}
	return data, err
}

// toKitField leads to the form with a field, and to the field in it.
func toKitField(v *visit) error {
	field := v.r.PathValue("field")
	to := filingLink(v.r.PathValue("id"))
	switch form := kitFormOf(field); form {
	case "":
		return v.send(to)
	case "attach":
		return v.send(to + "/attach")
	default:
		return v.send(to + "/" + form + "#" + url.PathEscape("kit-"+filed.Name(field)))
	}
}

func filingDocument(v *visit) error {
	id, doc, format := v.r.PathValue("id"), v.r.PathValue("document"), v.r.PathValue("format")
	if !slices.Contains([]string{"docx", "pdf"}, format) {
		return &colophon.Error{Kind: colophon.Missing, Code: filed.CodeFile}
	}
	kind := map[string]string{"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf"}[format]
	return v.handPack(kind, fileName(doc)+"."+format, func() (io.ReadCloser, error) {
		return v.api().FilingDocument(v.r.Context(), id, doc, format, false)
	})
}

func filingPackage(v *visit) error { return v.handFiling(false) }

func filingWhole(v *visit) error { return v.handFiling(true) }

func (v *visit) handFiling(people bool) error {
	return v.handPack("application/zip", "filing.zip", func() (io.ReadCloser, error) {
		return v.api().FilingPackage(v.r.Context(), v.r.PathValue("id"), people)
	})
}
