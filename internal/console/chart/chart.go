// Package chart draws charts as SVG on the server, for pages that allow no inline style and need no script.
//
// A chart is an HTML figure: its title, one sentence of what is to be seen, a key, the drawing, and the same figures as a
// table behind it. The drawing is as wide as its place and keeps the size of its words, on a phone too: things lie across in
// per cent and down in pixels. Colours are classes (see [Tone]); static/console.css gives them for light, dark and forced
// colours. Where a point leads somewhere, its column is a link for pointers and its row of the table one for everybody.
//
// A value that is not known is NaN: it is left out of the drawing, and the table says that it could not be told. It is never
// drawn as zero.
//
// What not to do here: no words of our own, callers bring them in the visitor's language. No data from anywhere. No colours,
// fonts or sizes of words: those are the stylesheet's.
package chart

import (
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Drawn is a chart as HTML: made here, with all text escaped.
type Drawn = template.HTML

// Tone is the colour of a series. Series that mean something take the colour of the meaning.
type Tone string

// The tones. First to Fourth only tell series apart.
const (
	Good   Tone = "good"
	Bad    Tone = "bad"
	Wait   Tone = "wait"
	Rest   Tone = "rest" // everything else
	First  Tone = "first"
	Second Tone = "second"
	Third  Tone = "third"
	Fourth Tone = "fourth"
)

// Chart is what [Line] and [Bars] draw.
type Chart struct {
	Words
	Along  string // what the points are: "Day"; heads the first column of the table
	Points []Point
	Series []Series
	Write  func(float64) string // writes a value; nil for [Count]
}

// Words are what every chart says.
type Words struct {
	ID     string // of the element; begins with a letter, unique on its page
	Title  string
	About  string // one sentence: what the chart shows; may be empty
	Table  string // opens the table behind: "As a table"
	None   string // said instead of a drawing where nothing is; may be empty
	Untold string // stands in the table for a value that is not known: "could not tell"
}

// Point is one place along the horizontal axis.
type Point struct {
	Name string // short, below the axis
	Full string // in the table and beside the pointer; empty for Name
	To   string // where it leads; empty for nowhere
}

// Series is one line, or one layer of the bars. It has a value for each point; a missing one is not known.
type Series struct {
	Name   string
	Note   string // beside the name in the key: a total, the latest value; may be empty
	Tone   Tone
	To     string // where its entry in the key leads; may be empty
	Values []float64
}

func (s Series) at(i int) float64 {
	if i >= len(s.Values) || math.IsInf(s.Values[i], 0) {
		return math.NaN()
	}
	return s.Values[i]
}

// Part is one part of what [Share] divides, or one row of [Ranked].
type Part struct {
	Name  string
	Tone  Tone
	To    string
	Value float64
	Of    float64 // of a row of Ranked: the whole that Value is a part of; zero for the largest value
	Note  string  // beside the value
}

// Count writes a count with a comma between thousands, and what is not a whole number with one digit.
func Count(x float64) string {
	if x != math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	s := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Percent writes a share between 0 and 1. What is not all is never written as all, nor something as nothing.
func Percent(x float64) string {
	switch {
	case x > 0 && x < 0.001:
		return "<0.1%"
	case x < 1 && x > 0.999:
		return ">99.9%"
	}
	return strings.TrimSuffix(strconv.FormatFloat(100*x, 'f', 1, 64), ".0") + "%"
}

// Milliseconds writes a time.
func Milliseconds(x float64) string {
	if x >= 10000 {
		return strconv.FormatFloat(x/1000, 'f', 0, 64) + " s"
	}
	if x >= 1000 {
		return strconv.FormatFloat(x/1000, 'f', 1, 64) + " s"
	}
	return strconv.FormatFloat(x, 'f', 0, 64) + " ms"
}

func (c Chart) write(x float64) string {
	switch {
	case math.IsNaN(x):
		return c.Untold
	case c.Write != nil:
		return c.Write(x)
	}
	return Count(x)
}

// esc makes text safe between tags and in quoted attributes.
func esc(s string) string { return template.HTMLEscapeString(s) }

// num writes a coordinate.
func num(x float64) string {
	s := strconv.FormatFloat(x, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
