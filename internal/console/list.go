package console

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

const (
	listSize   = 50    // entries on a page
	mostSorted = 2000  // entries that are sorted by another column than the API's
	mostCSV    = 50000 // entries of a CSV file
	walkSize   = 200   // entries that are asked for at once on the way through a list
)

// list is a page of what an operation of the API lists: with filters, sorted by any column, and as a CSV file. Its sentences
// are page-lead-NAME, page-empty-NAME (what would stand here, and what brings it here), page-label-COLUMN and
// page-label-FILTER.
type list[T any] struct {
	name    string // of its sentences and its CSV file
	path    string
	title   string
	group   string // of the menu; empty for a list that others lead to
	action  staff.Action
	fetch   func(context.Context, *client.Client, client.Listing) ([]T, string, error)
	read    func(*visit, client.Listing) ([]T, string, error) // in place of fetch, of what the API does not list
	columns []column[T]
	filters []filter
	deeds   []lead // what can be done beside it
	says    []string
}

// column is one column. The first names the entry, and leads to its page.
type column[T any] struct {
	name string
	cell func(T) cell
	side bool // left out on a narrow window
	long bool // prose: it takes as many lines as it needs
}

// filter is a part of the question. Its name is the parameter's of the page and of the API.
type filter struct {
	name    string
	kind    string              // choice, text, from (the beginning of a day) or until (its end)
	label   string              // of its sentence, where that says more than the name
	words   string              // prefix of the options' sentences
	options []string            // of a choice
	shows   string              // the option that the API shows unasked; it can't be asked for all
	means   map[string][]string // what an option asks for that is not of the API
}

// clockForm is how a moment stands in an address and in a field, in the zone of the pages.
const clockForm = "2006-01-02T15:04"

// Label is the end of the key of its sentence.
func (f filter) Label() string {
	if f.label != "" {
		return f.label
	}
	return f.name
}

// asks is what a value of it asks the API for.
func (f filter) asks(v *visit, value string) []string {
	if list, ok := f.means[value]; ok {
		return list
	}
	if f.kind != "from" && f.kind != "until" {
		return []string{value}
	}
	if at, err := time.ParseInLocation(clockForm, value, v.Zone); err == nil {
		return []string{at.UTC().Format(time.RFC3339)}
	}
	if at, err := time.ParseInLocation(dateForm, value, v.Zone); err == nil {
		if f.kind == "until" {
			at = at.AddDate(0, 0, 1)
		}
		return []string{at.UTC().Format(time.RFC3339)}
	}
	return []string{value}
}

// lead leads to a page on which something can be done.
type lead struct {
	to, title string
	action    staff.Action
}

// To is the address that it leads to.
func (l lead) To() string { return l.to }

// Title is the key of its name.
func (l lead) Title() string { return l.title }

func (l list[T]) rows() []page {
	words := []string{"page-lead-" + l.name, "page-empty-" + l.name}
	for _, c := range l.columns {
		words = append(words, "page-label-"+c.name)
	}
	for _, f := range l.filters {
		words = append(words, "page-label-"+f.Label())
		for _, o := range f.options {
			words = append(words, f.words+o)
		}
	}
	for _, d := range l.deeds {
		words = append(words, d.title)
	}
	return []page{
		{method: get, path: l.path, action: l.action, title: l.title, menu: l.group != "", group: l.group, words: append(words, l.says...), do: l.show},
		{method: get, path: l.path + ".csv", action: l.action, back: l.path, do: l.export},
	}
}

type listPage struct {
	Name, Path string
	Table      tableView
	Filters    []filterView
	Deeds      []lead
	Asked      bool   // something is filtered
	Next, CSV  string // addresses
	First      string // address of the first part; empty on it
	Sorted     int    // how many entries were sorted, where there are more
}

// tableView is a table as templates show it.
type tableView struct {
	Name  string // key of its sentence, for those who can't see it
	Part  string // which of several tables of that name it is
	Heads []head
	Rows  [][]cell
}

// Classes are those of the columns: counts stand at the right, and what matters less is marked.
func (t tableView) Classes() []string {
	classes := make([]string, len(t.Heads))
	for i, h := range t.Heads {
		if h.Side {
			classes[i] = "side"
		}
		if h.Long {
			classes[i] = strings.TrimSpace(classes[i] + " long")
		}
		if i > 0 && slices.ContainsFunc(t.Rows, func(row []cell) bool { return i < len(row) && row[i].N != nil }) {
			classes[i] = strings.TrimSpace(classes[i] + " figure")
		}
	}
	return classes
}

type head struct {
	Name, To, Order string // Order is the value of aria-sort
	Side, Long      bool
}

type filterView struct {
	filter
	Name, Kind, Value string
	Options           []string
	Words             string
	Unasked           string // the option that is shown unasked
	Clock             bool   // a moment, not a day
}

func (l list[T]) show(v *visit) error {
	q := v.r.URL.Query()
	data := listPage{Name: l.name, Path: l.path, Table: tableView{Name: l.title}}
	for _, f := range l.filters {
		value := q.Get(f.name)
		_, err := time.Parse(clockForm, value)
		data.Filters = append(data.Filters, filterView{f, f.name, f.kind, value, f.options, f.words, f.shows, err == nil})
		data.Asked = data.Asked || value != ""
	}
	for _, d := range l.deeds {
		if d.action == "" || v.actor().May(d.action) {
			data.Deeds = append(data.Deeds, d)
		}
	}
	by := q.Get("sort")
	for _, c := range l.columns {
		h := head{Name: c.name, Side: c.side, Long: c.long, Order: "none"}
		turned := c.name
		switch by {
		case c.name:
			h.Order, turned = "ascending", "-"+c.name
		case "-" + c.name:
			h.Order, turned = "descending", ""
		}
		h.To = with(l.path, q, "sort", turned, "cursor", "")
		data.Table.Heads = append(data.Table.Heads, h)
	}
	data.CSV = with(l.path+".csv", q, "cursor", "")
	if q.Get("cursor") != "" {
		data.First = with(l.path, q, "cursor", "")
	}
	entries, next, sorted, err := l.part(v, q, by)
	if err != nil {
		if e, _ := told(err); e == nil || e.Status != http.StatusUnprocessableEntity && e.Status != http.StatusBadRequest {
			return err
		}
		v.status, v.problem = http.StatusUnprocessableEntity, v.explain(http.StatusUnprocessableEntity, err)
	}
	for _, x := range entries {
		var row []cell
		for _, c := range l.columns {
			row = append(row, c.cell(x))
		}
		data.Table.Rows = append(data.Table.Rows, row)
	}
	if next != "" {
		data.Next = with(l.path, q, "cursor", next)
	}
	data.Sorted = sorted
	v.introduced(&data.Table)
	return v.show("list", data)
}

// part returns the entries of a page in their order, and where the next page begins.
func (l list[T]) part(v *visit, q url.Values, by string) (entries []T, next string, sorted int, err error) {
	i := slices.IndexFunc(l.columns, func(c column[T]) bool { return c.name == strings.TrimPrefix(by, "-") })
	if i < 0 {
		entries, next, err = l.reads(v)(v.r.Context(), client.Listing{Filter: l.asked(v, q), Cursor: q.Get("cursor"), Limit: listSize})
		return entries, next, 0, err
	}
	more := false
	if more, err = l.walk(v, q, mostSorted, func(x T) error { entries = append(entries, x); return nil }); err != nil {
		return nil, "", 0, err
	}
	slices.SortStableFunc(entries, func(x, y T) int {
		a, b := l.columns[i].cell(x), l.columns[i].cell(y)
		if by[0] == '-' {
			a, b = b, a
		}
		switch {
		case a.before(b):
			return -1
		case b.before(a):
			return 1
		}
		return 0
	})
	if more {
		sorted = len(entries)
	}
	from, err := strconv.Atoi(q.Get("cursor"))
	if err != nil || from < 0 || from > len(entries) {
		from = 0
	}
	if entries = entries[from:]; len(entries) > listSize {
		entries, next = entries[:listSize], strconv.Itoa(from+listSize)
	}
	return entries, next, sorted, nil
}

func (l list[T]) reads(v *visit) fetching[T] {
	if l.read != nil {
		return func(_ context.Context, one client.Listing) ([]T, string, error) { return l.read(v, one) }
	}
	return func(ctx context.Context, one client.Listing) ([]T, string, error) { return l.fetch(ctx, v.api(), one) }
}

// asked is the question to the API.
func (l list[T]) asked(v *visit, q url.Values) url.Values {
	values := url.Values{}
	for _, f := range l.filters {
		if value := q.Get(f.name); value != "" {
			values[f.name] = f.asks(v, value)
		}
	}
	return values
}

// walk goes through the entries that a question finds, and reports whether there are more than it may visit.
func (l list[T]) walk(v *visit, q url.Values, most int, do func(T) error) (more bool, err error) {
	return through(v.r.Context(), l.reads(v), l.asked(v, q), most, func(x T) (bool, error) { return false, do(x) })
}

// export writes the list as a CSV file (RFC 4180), in UTF-8 with a mark that spreadsheets know it by.
func (l list[T]) export(v *visit) error {
	var w *csv.Writer
	begin := func() error {
		v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		v.w.Header().Set("Content-Disposition", `attachment; filename="`+l.name+`.csv"`)
		if _, err := v.w.Write([]byte("\ufeff")); err != nil {
			return err
		}
		w = csv.NewWriter(v.w)
		w.UseCRLF = true
		var names []string
		for _, c := range l.columns {
			names = append(names, c.name)
		}
		return w.Write(names)
	}
	more, err := l.walk(v, v.r.URL.Query(), mostCSV, func(x T) error {
		if w == nil {
			if err := begin(); err != nil {
				return err
			}
		}
		var values []string
		for _, c := range l.columns {
			values = append(values, harmless(c.cell(x).raw()))
		}
		return w.Write(values)
	})
	switch {
	case err != nil && w == nil:
		return err
	case err != nil: // the file has begun: breaking it off is what tells
		v.Log.ErrorContext(v.r.Context(), "export broke off", "route", v.page.path, "error", err)
		panic(http.ErrAbortHandler)
	case w == nil:
		err = begin()
	case more:
		err = w.Write([]string{"..."})
	}
	if w != nil {
		w.Flush()
	}
	return err
}

// harmless keeps spreadsheets from taking text as a formula, also those that take full-width signs for signs.
func harmless(s string) string {
	if strings.IndexAny(s, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}

// with is an address with some parameters changed; names and values alternate, and an empty value takes one away.
func with(path string, q url.Values, change ...string) string {
	out := url.Values{}
	for name, values := range q {
		if name != "done" && name != "lang" && len(values) > 0 && values[0] != "" {
			out.Set(name, values[0])
		}
	}
	for i := 0; i+1 < len(change); i += 2 {
		if out.Del(change[i]); change[i+1] != "" {
			out.Set(change[i], change[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}
