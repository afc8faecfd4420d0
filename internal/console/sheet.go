package console

import (
	"slices"
	"strings"

	"github.com/colophon-project/colophon/staff"
)

// sheet is the page of one thing: what is known of it, and what can be done with it. Its deeds have pages of their own below
// it.
type sheet[T any] struct {
	path     string // ends in /{id}
	title    string
	action   staff.Action
	fetch    func(v *visit, id string) (T, error)
	heading  func(T) cell // empty for the title
	private  bool         // the heading names a person, and stays out of the window's title
	facts    func(T) []fact
	parts    func(v *visit, x T) ([]part, error) // nil for none
	template string                              // of a page that shows more; its data are a sheetPage whose More it knows
	more     func(v *visit, x T) (any, error)
	ways     func(v *visit, x T) []lead // what is no deed of it, and stands beside its deeds; nil for none
	deeds    []deed[T]
	labels   []string // names of facts and columns
	says     []string // other sentences
}

// fact is one line of what is known. Its sentence is page-label-NAME.
type fact struct {
	Name string
	Cell cell
}

// part is a section of a sheet: facts, a table, prose, or what a list would teach where nothing is.
type part struct {
	Title string // key
	Lead  string // key
	Facts []fact
	Table *tableView
	Prose string // as it is, with its line ends
	Code  string // the same, as a program's text
	Empty string // key of what is said instead of an empty table
	Ways  []lead
}

type sheetPage struct {
	ID      string
	Heading cell
	Facts   []fact
	Parts   []part
	Ways    []lead
	Deeds   []deedLink
	More    any
}

type deedLink struct {
	Name, To string
	Danger   bool
}

func (s sheet[T]) rows() []page {
	words := slices.Clone(s.says)
	for _, l := range s.labels {
		words = append(words, "page-label-"+l)
	}
	rows := []page{{method: get, path: s.path, action: s.action, title: s.title, words: words, do: s.show}}
	for _, d := range s.deeds {
		rows = append(rows, d.rows(s.path+"/"+d.step, s.path, s.fetch)...)
	}
	return rows
}

func (s sheet[T]) show(v *visit) error {
	id := v.r.PathValue("id")
	x, err := s.fetch(v, id)
	if err != nil {
		return err
	}
	data := sheetPage{ID: id}
	if s.heading != nil {
		data.Heading = v.introducedCell(s.heading(x))
	}
	say := v.speakers[v.lang]
	if v.titled = data.Heading.named(say); v.titled == "" {
		v.titled = say.Say(s.title) + " · " + tail(id)
		data.Heading = text(v.titled)
	} else if v.titled = say.Say(s.title) + " · " + v.titled; s.private {
		v.titled = ""
	}
	for _, f := range s.facts(x) {
		if !f.Cell.Empty() {
			data.Facts = append(data.Facts, f)
		}
	}
	if s.parts != nil {
		if data.Parts, err = s.parts(v, x); err != nil {
			return err
		}
	}
	for _, d := range s.deeds {
		if (d.action == "" || v.actor().May(d.action)) && (d.may == nil || d.may(x)) {
			data.Deeds = append(data.Deeds, deedLink{d.name, strings.ReplaceAll(s.path, "{id}", escaped(id)) + "/" + d.step, d.danger})
		}
	}
	slices.SortStableFunc(data.Deeds, func(a, b deedLink) int { return order(a.Danger) - order(b.Danger) })
	if s.ways != nil {
		data.Ways = s.ways(v, x)
	}
	if s.more != nil {
		if data.More, err = s.more(v, x); err != nil {
			return err
		}
	}
	v.introduceFacts(data.Facts)
	for _, p := range data.Parts {
		v.introduceFacts(p.Facts)
		v.introduced(p.Table)
	}
	name := s.template
	if name == "" {
		name = "sheet"
	}
	return v.show(name, data)
}

// order puts what endangers last.
func order(danger bool) int {
	if danger {
		return 1
	}
	return 0
}

// tail is an identifier as people tell it from others: whole, or the end of a long one.
func tail(id string) string {
	if len(id) <= 24 {
		return id
	}
	return "…" + id[len(id)-6:]
}

// tableOf shows entries as a table inside a page.
func tableOf[T any](name string, columns []column[T], entries []T) *tableView {
	t := &tableView{Name: name}
	for _, c := range columns {
		t.Heads = append(t.Heads, head{Name: c.name, Side: c.side, Long: c.long})
	}
	for _, x := range entries {
		var row []cell
		for _, c := range columns {
			row = append(row, c.cell(x))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
