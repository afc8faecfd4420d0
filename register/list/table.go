package list

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/register"
)

// column is what a column of a list holds.
type column string

// The columns.
const (
	ordinal  column = "ordinal"
	name     column = "name"
	role     column = "role"
	category column = "category"
	entity   column = "entity"
	product  column = "product"
	purpose  column = "purpose"
	number   column = "number"
	remark   column = "remark"
	ended    column = "ended"
)

// reader makes rows of cells, whatever kind of file they come from.
type reader struct {
	words  words
	names  map[string]column // by what a list calls it, folded
	header []column          // "" for a column that is not known; nil before a header was met
	rows   []Row
	last   int // ordinal of the row before
}

func newReader() (*reader, error) {
	w, err := known()
	if err != nil {
		return nil, err
	}
	r := &reader{words: w, names: map[string]column{}}
	for c, list := range w.Columns {
		for _, s := range list {
			r.names[Fold(s)] = c
		}
	}
	return r, nil
}

// head takes a row for the header when it has the columns that every list has.
func (r *reader) head(cells []string) bool {
	columns := make([]column, len(cells))
	var seen []column
	for i, s := range cells {
		c := r.names[Fold(s)]
		if c == "" || slices.Contains(seen, c) {
			continue
		}
		columns[i], seen = c, append(seen, c)
	}
	if !slices.Contains(seen, number) || !slices.Contains(seen, name) || !slices.Contains(seen, entity) {
		return false
	}
	r.header = columns
	return true
}

// line takes the cells of one row. Rows before the first header belong to no list; a header holds until the next one, so that
// a list that goes on in another table loses nothing.
func (r *reader) line(place Place, cells []string) error {
	if r.head(cells) || r.header == nil || !slices.ContainsFunc(cells, func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return nil
	}
	values := map[column]string{}
	fits := len(cells) >= len(r.header)
	for i, s := range cells {
		switch {
		case i < len(r.header) && r.header[i] != "":
			values[r.header[i]] = s
		case i >= len(r.header) && strings.TrimSpace(s) != "":
			fits = false
		}
	}
	if !fits {
		r.last++ // it had its turn
		return r.add(Row{Place: place, Written: clip(strings.Join(cells, " | ")), Reasons: []Reason{{Code: ReasonCells}}})
	}
	return r.add(r.row(place, values))
}

func (r *reader) add(row Row) error {
	if len(r.rows) == MaxRows {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeLong, Args: colophon.Args{"limit": strconv.Itoa(MaxRows)}}
	}
	r.rows = append(r.rows, row)
	return nil
}

// row reads the values of one row.
func (r *reader) row(place Place, values map[column]string) Row {
	row := Row{Place: place, Reading: Whole}
	for c, s := range values {
		text, ok := tidy(s)
		if !ok {
			row.Reading = Unreadable
			row.doubt(ReasonLong, nil)
		}
		values[c] = text
	}
	row.Name, row.Entity, row.Product, row.Purpose, row.Remark, row.Ended = values[name], values[entity], values[product], values[purpose], values[remark], values[ended]
	row.Cancelled = row.Ended != "" || slices.ContainsFunc(r.words.Cancelled, func(s string) bool { return strings.Contains(Fold(row.Remark), Fold(s)) })
	for _, c := range []column{name, entity} {
		if values[c] == "" {
			row.doubt(ReasonEmpty, colophon.Args{"column": string(c)})
		}
	}
	if n, err := register.CheckFiling(values[number]); err != nil {
		row.Written = values[number]
		row.doubt(ReasonNumber, nil)
		if row.Name == "" && row.Entity == "" {
			row.Reading = Unreadable
		}
	} else {
		row.Number = n.Digits
		if !n.Checked {
			row.doubt(ReasonCheck, nil)
		}
	}
	r.sort(&row, values)
	r.turn(&row, values[ordinal])
	return row
}

// sort reads role and category, of which a list has one; notices of cancellation mix them in one column.
func (r *reader) sort(row *Row, values map[column]string) {
	for _, word := range []string{values[role], values[category]} {
		if word == "" {
			continue
		}
		if classes, ok := r.category(word); ok {
			row.Category = word
			r.class(row, classes)
			continue
		}
		if who := r.role(word); who != "" {
			row.Role = who
			r.class(row, []string{"01"})
			continue
		}
		row.Category = word
		row.doubt(ReasonRole, colophon.Args{"word": clip(word)})
	}
	if row.Role == "" && row.Category == "" {
		row.doubt(ReasonEmpty, colophon.Args{"column": string(role)})
	}
}

func (r *reader) category(word string) ([]string, bool) {
	for s, classes := range r.words.Categories {
		if Fold(s) == Fold(word) {
			return classes, true
		}
	}
	return nil, false
}

func (r *reader) role(word string) string {
	for who, list := range r.words.Roles {
		if slices.ContainsFunc(list, func(s string) bool { return Fold(s) == Fold(word) }) {
			return who
		}
	}
	return ""
}

func (*reader) class(row *Row, classes []string) {
	if row.Number == "" {
		return
	}
	if class := row.Number[13:15]; !slices.Contains(classes, class) {
		row.doubt(ReasonClass, colophon.Args{"class": class})
	}
}

// turn sees whether rows are missing before this one. A list that numbers its rows by itself has no ordinals in its text.
func (r *reader) turn(row *Row, s string) {
	if s == "" {
		return
	}
	n, err := strconv.Atoi(strings.TrimRight(s, ".、．"))
	if err != nil || n != 1 && n != r.last+1 {
		row.doubt(ReasonOrdinal, colophon.Args{"number": clip(s)})
	}
	r.last = n
}

// finish marks numbers that stand there twice.
func (r *reader) finish() ([]Row, error) {
	if len(r.rows) == 0 {
		return nil, unreadable(CodeHeader, nil)
	}
	count := map[string]int{}
	for _, row := range r.rows {
		count[row.Number]++
	}
	for i := range r.rows {
		if n := r.rows[i].Number; n != "" && count[n] > 1 {
			r.rows[i].doubt(ReasonTwice, nil)
		}
	}
	return r.rows, nil
}

// tidy makes one line of a cell. It reports false for what is no text or too long.
func tidy(s string) (string, bool) {
	ok := len(s) <= maxCell && utf8.ValidString(s)
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufeff' }), " ")
	if !ok {
		s = clip(s)
	}
	return s, ok
}

// clip shortens what is shown of what could not be read.
func clip(s string) string {
	const most = 300
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
