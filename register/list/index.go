package list

import (
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/register"
)

// Hit is a row with the list that it stands on.
type Hit struct {
	Batch     string `json:"batch"` // identifier of the imported list
	Series    Series `json:"series"`
	Name      string `json:"name"`      // of the batch, such as 2026-07
	Published string `json:"published"` // day, YYYY-MM-DD
	Row       Row    `json:"row"`
}

// Index is all that was imported, as of one moment. It is not changed, and safe for use by many goroutines.
type Index struct {
	hits   []Hit
	folded []string // of each hit, in which words are looked for
	number map[string][]int
	unread []int // hits whose number could not be read
	asOf   string
}

// NewIndex makes an index of lists; of two of the same series and name the later one counts.
func NewIndex(batches []Batch) *Index {
	x := &Index{number: map[string][]int{}}
	for _, b := range current(batches) {
		if b.Series != Cancellation {
			x.asOf = max(x.asOf, b.Published)
		}
		for _, row := range b.Rows {
			at := len(x.hits)
			x.hits = append(x.hits, Hit{b.ID, b.Series, b.Name, b.Published, row})
			x.folded = append(x.folded, strings.Join([]string{Fold(row.Name), Fold(row.Entity), Fold(row.Product), row.Number, Fold(row.Written)}, "\n"))
			if row.Number == "" {
				x.unread = append(x.unread, at)
				continue
			}
			x.number[row.Number] = append(x.number[row.Number], at)
		}
	}
	return x
}

// current are the lists that count, by the day of their publication.
func current(batches []Batch) []Batch {
	latest := map[string]Batch{}
	for _, b := range batches {
		key := string(b.Series) + "/" + b.Name
		if was, ok := latest[key]; !ok || b.ID > was.ID {
			latest[key] = b
		}
	}
	list := make([]Batch, 0, len(latest))
	for _, b := range latest {
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b Batch) int {
		return strings.Compare(a.Published+"/"+string(a.Series)+"/"+a.Name, b.Published+"/"+string(b.Series)+"/"+b.Name)
	})
	return list
}

// AsOf is the day of the newest list of filed algorithms; empty where there is none.
func (x *Index) AsOf() string { return x.asOf }

// Search says which rows are wanted: those with all words of a text in name, entity, product or number.
type Search struct {
	Text   string
	Series Series // empty for all
	Offset int
	Limit  int // 0 for 100; 1000 at most
}

// Find returns a page of the rows that fit, the newest list first, and how many fit.
func (x *Index) Find(s Search) ([]Hit, int) {
	words := strings.Fields(s.Text)
	if n, err := register.CheckFiling(s.Text); err == nil {
		words = []string{n.Digits}
	}
	for i, w := range words {
		words[i] = Fold(w)
	}
	limit, found := min(max(s.Limit, 0), 1000), 0
	if limit == 0 {
		limit = 100
	}
	var list []Hit
	for i, h := range slices.Backward(x.hits) {
		if s.Series != "" && h.Series != s.Series || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(x.folded[i], w) }) {
			continue
		}
		if found++; found > s.Offset && len(list) < limit {
			list = append(list, h)
		}
	}
	return list, found
}

// Answer says whether a number is on the lists.
type Answer struct {
	// Verdict is Passed where it is on a list and not cancelled, Failed where it was cancelled, and Unknown where it can't be told:
	// lists come in batches, and a number that is on none of those that were imported may be on another one.
	Verdict colophon.Verdict `json:"verdict"`
	Code    colophon.Code    `json:"code"`
	Args    colophon.Args    `json:"args,omitempty"`
	Hits    []Hit            `json:"hits,omitempty"` // where it stands, or may stand
}

// Listed says whether a number is on the imported lists.
func (x *Index) Listed(number string) Answer {
	n, err := register.CheckFiling(number)
	switch {
	case err != nil:
		return Answer{Code: UntoldNumber}
	case x.asOf == "":
		return Answer{Code: UntoldNoLists}
	}
	var hits []Hit
	ended := ""
	for _, at := range x.number[n.Digits] {
		h := x.hits[at]
		hits = append(hits, h)
		if h.Row.Cancelled || h.Series == Cancellation {
			ended = max(ended, h.Published)
		}
	}
	switch {
	case ended != "":
		return Answer{colophon.Failed, Cancelled, colophon.Args{"day": ended}, hits}
	case len(hits) > 0:
		return Answer{colophon.Passed, Listed, colophon.Args{"day": hits[len(hits)-1].Published}, hits}
	}
	for _, at := range x.unread {
		if meant(x.hits[at].Row, n.Digits) {
			hits = append(hits, x.hits[at])
		}
	}
	if len(hits) > 0 {
		return Answer{colophon.Unknown, UntoldRows, colophon.Args{"rows": strconv.Itoa(len(hits))}, hits}
	}
	return Answer{colophon.Unknown, NotListed, colophon.Args{"day": x.asOf}, nil}
}

// meant reports whether a row without a readable number may be that of a number: nothing is written there that is as long,
// or something that two digits more, fewer or other make of it.
func meant(row Row, number string) bool {
	const most = 2
	run := longest(Fold(row.Written))
	switch {
	case len(run) < len(number)-most:
		return true
	case len(run) > len(number)+most:
		return strings.Contains(run, number)
	}
	return distance(run, number) <= most
}

// longest is the longest run of digits in a text.
func longest(s string) string {
	best := ""
	for run := range strings.FieldsFuncSeq(s, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(run) > len(best) {
			best = run
		}
	}
	return best
}

// distance is how many digits are to be put in, left out or exchanged to make one of the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Change is one number of which a later list says something else.
type Change struct {
	Before Row      `json:"before"`
	After  Row      `json:"after"`
	Fields []string `json:"fields"`
}

// Difference says what a list has that was not known before.
type Difference struct {
	Added     []Row    `json:"added,omitempty"`
	Changed   []Change `json:"changed,omitempty"`
	Cancelled []Row    `json:"cancelled,omitempty"` // that were not before
	Gone      []Row    `json:"gone,omitempty"`      // not on the new list; of a batch that is imported again alone
	Unread    int      `json:"unread"`              // rows of both whose number could not be read, and which were not compared
}

// Compare compares two lists by their numbers. Of a number that stands in one twice the last row counts.
func Compare(before, after []Row) Difference {
	var d Difference
	old, unread := byNumber(before)
	now, more := byNumber(after)
	d.Unread = unread + more
	for _, row := range after {
		if row.Number == "" || now[row.Number].Place != row.Place {
			continue
		}
		was, ok := old[row.Number]
		fields := differing(was, row)
		switch {
		case row.Cancelled && !was.Cancelled:
			d.Cancelled = append(d.Cancelled, row)
		case !ok:
			d.Added = append(d.Added, row)
		case len(fields) > 0:
			d.Changed = append(d.Changed, Change{was, row, fields})
		}
	}
	for _, row := range before {
		if _, ok := now[row.Number]; !ok && row.Number != "" && old[row.Number].Place == row.Place {
			d.Gone = append(d.Gone, row)
		}
	}
	return d
}

func byNumber(rows []Row) (map[string]Row, int) {
	list, unread := map[string]Row{}, 0
	for _, row := range rows {
		if row.Number == "" {
			unread++
			continue
		}
		list[row.Number] = row
	}
	return list, unread
}

func differing(a, b Row) []string {
	var fields []string
	for _, f := range []struct{ name, a, b string }{{"name", a.Name, b.Name}, {"role", a.Role, b.Role}, {"category", a.Category, b.Category}, {"entity", a.Entity, b.Entity},
		{"product", a.Product, b.Product}, {"purpose", a.Purpose, b.Purpose}, {"remark", a.Remark, b.Remark}, {"ended", a.Ended, b.Ended}} {
		if Fold(f.a) != Fold(f.b) {
			fields = append(fields, f.name)
		}
	}
	return fields
}
