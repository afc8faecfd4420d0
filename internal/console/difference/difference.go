// Package difference finds what changed between two versions of a text, so that a page can show it: line by line, and word
// by word within a line that was rewritten.
//
// What it finds is for people to read. It is one way among several to say what changed, and not always the shortest: texts
// that differ in very many lines are shown as one taken away and one put in its place.
//
// What not to do here: never decide by it whether a text changed; digests tell that. Nothing about HTML: pages escape what they
// show.
package difference

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// most bounds the work: the product of the lengths of what is compared.
const most = 4 << 20

// Kind says what became of a line.
type Kind string

// The kinds.
const (
	Same    Kind = "same"
	Removed Kind = "removed"
	Added   Kind = "added"
	Skipped Kind = "skipped" // lines that are the same and not shown; the text is their number
)

// Span is a piece of a line.
type Span struct {
	Text    string
	Changed bool // it is not in the line that this one took the place of, or was taken out of it
}

// Line is one line of the comparison, as pieces that make it up.
type Line struct {
	Kind  Kind
	Spans []Span
}

// Text is the whole line.
func (l Line) Text() string {
	var b strings.Builder
	for _, s := range l.Spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Lines compares two texts. The lines that are not Added make up the text before, in their order; those that are not Removed
// the text after.
func Lines(before, after string) []Line {
	var out []Line
	var gone, come []string
	flush := func() {
		out = append(out, pair(gone, come)...)
		gone, come = nil, nil
	}
	for _, s := range compare(split(before), split(after)) {
		switch s.kind {
		case Removed:
			gone = append(gone, s.text)
		case Added:
			come = append(come, s.text)
		default:
			flush()
			out = append(out, Line{Same, []Span{{Text: s.text}}})
		}
	}
	flush()
	return out
}

// Fold leaves out the lines that are the same, but for some around each change.
func Fold(lines []Line, around int) []Line {
	var out []Line
	for i := 0; i < len(lines); {
		end := i
		for end < len(lines) && lines[end].Kind == Same {
			end++
		}
		from, to := i+around, end-around // what is left out
		if i == 0 {
			from = 0
		}
		if end == len(lines) {
			to = end
		}
		if to-from > 1 {
			out = append(out, lines[i:from]...)
			out = append(out, Line{Skipped, []Span{{Text: strconv.Itoa(to - from)}}})
			out = append(out, lines[to:end]...)
		} else {
			out = append(out, lines[i:end]...)
		}
		if i = end; i < len(lines) {
			out = append(out, lines[i])
			i++
		}
	}
	return out
}

func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// pair shows what was taken out and what came in its place. Where these are as many lines, each is compared with its
// successor.
func pair(gone, come []string) []Line {
	var removed, added []Line
	for i := range max(len(gone), len(come)) {
		var old, young []Span
		if len(gone) == len(come) {
			old, young = within(gone[i], come[i])
		}
		if i < len(gone) {
			removed = append(removed, Line{Removed, whole(old, gone[i])})
		}
		if i < len(come) {
			added = append(added, Line{Added, whole(young, come[i])})
		}
	}
	return append(removed, added...)
}

func whole(spans []Span, text string) []Span {
	if spans == nil {
		return []Span{{Text: text}}
	}
	return spans
}

// within compares two lines by words. Lines with little in common are no rewriting of each other.
func within(before, after string) (old, young []Span) {
	same, all := 0, len(before)+len(after)
	for _, s := range compare(words(before), words(after)) {
		if s.kind != Added {
			old = grow(old, s.text, s.kind == Removed)
		}
		if s.kind != Removed {
			young = grow(young, s.text, s.kind == Added)
		}
		if s.kind == Same {
			same += 2 * len(s.text)
		}
	}
	if 3*same < all {
		return nil, nil
	}
	return old, young
}

func grow(spans []Span, text string, changed bool) []Span {
	if n := len(spans); n > 0 && spans[n-1].Changed == changed {
		spans[n-1].Text += text
		return spans
	}
	return append(spans, Span{text, changed})
}

// words cuts a line into words of letters and digits, and single characters of anything else; each Han character is one.
func words(line string) []string {
	var out []string
	joined := false
	for _, r := range line {
		joins := (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.Is(unicode.Han, r)
		if joins && joined {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		joined = joins
	}
	return out
}

type step struct {
	kind Kind
	text string
}

// compare finds the longest common sequence of two lists, after what they begin and end with alike.
func compare(a, b []string) []step {
	var head, tail []step
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, step{Same, a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, step{Same, a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	return slices.Concat(head, middle(a, b), tail)
}

func middle(a, b []string) []step {
	var out []step
	i, j := 0, 0
	if len(a) > 0 && len(b) > 0 && len(a) <= most/len(b) {
		// left[i][j] is the length of the longest common sequence of a[i:] and b[j:].
		left := make([][]int32, len(a)+1)
		for k := range left {
			left[k] = make([]int32, len(b)+1)
		}
		for x := len(a) - 1; x >= 0; x-- {
			for y := len(b) - 1; y >= 0; y-- {
				if left[x][y] = max(left[x+1][y], left[x][y+1]); a[x] == b[y] {
					left[x][y] = left[x+1][y+1] + 1
				}
			}
		}
		for i < len(a) && j < len(b) {
			switch {
			case a[i] == b[j]:
				out = append(out, step{Same, a[i]})
				i, j = i+1, j+1
			case left[i+1][j] >= left[i][j+1]:
				out = append(out, step{Removed, a[i]})
				i++
			default:
				out = append(out, step{Added, b[j]})
				j++
			}
		}
	}
	for ; i < len(a); i++ {
		out = append(out, step{Removed, a[i]})
	}
	for ; j < len(b); j++ {
		out = append(out, step{Added, b[j]})
	}
	return out
}
