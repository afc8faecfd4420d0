package screen

import (
	"cmp"
	"slices"
)

// Span is a piece of a text under the same findings.
type Span struct {
	Start, End int64
	Findings   []int // indexes; none where nothing was found
}

// Spans cuts a text at the borders of findings, so that it can be shown with what was found in it. Findings that lie
// outside the text or have no place in it are left out. The spans cover the text once, in order.
func Spans(text string, findings []Finding) []Span {
	type border struct {
		at      int64
		finding int
		begins  bool
	}
	var borders []border
	for i, f := range findings {
		if start, end := max(f.Start, 0), min(f.End, int64(len(text))); start < end {
			borders = append(borders, border{start, i, true}, border{end, i, false})
		}
	}
	slices.SortStableFunc(borders, func(a, b border) int { return cmp.Compare(a.at, b.at) })
	var spans []Span
	var open []int
	from := int64(0)
	upto := func(at int64) {
		if at > from {
			spans = append(spans, Span{from, at, slices.Clone(open)})
			from = at
		}
	}
	for _, b := range borders {
		upto(b.at)
		if b.begins {
			open = append(open, b.finding)
		} else {
			open = slices.DeleteFunc(open, func(i int) bool { return i == b.finding })
		}
	}
	upto(int64(len(text)))
	return spans
}
