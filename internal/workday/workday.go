// Package workday counts working days as Chinese rules count them: weekends and public holidays are left out, and weekends
// that the yearly notice of the State Council makes working days are counted.
//
// Which days these are is data, one entry for each year, since the notice comes out a few weeks before the year begins. Of
// a year without data Monday to Friday are counted, and the answer says that this was done: the day is mostly too early then,
// for want of holidays, but some days too late where a weekend with work lies in the period. Who goes by it adds the year.
//
// What not to do here: no duty, no figure of any rule. Never guess a holiday.
package workday

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"time"

	_ "embed" // the years that are known

	"github.com/colophon-project/colophon"
)

//go:embed calendar.json
var known []byte

const (
	// CodeCalendar says that a file of holidays can't be used. Arg "field".
	CodeCalendar colophon.Code = "workday-calendar"

	maxFile = 1 << 20
	layout  = time.DateOnly
)

// Calendar knows the working days of some years. The zero value knows none.
type Calendar struct {
	years map[int]bool
	off   map[string]bool // days without work that a weekday would be, or a weekend is anyway
	work  map[string]bool // weekend days with work
}

type file struct {
	Years []year `json:"years"`
}

type year struct {
	Year   int      `json:"year"`
	Source string   `json:"source"` // which notice says so
	Off    []string `json:"off"`    // YYYY-MM-DD
	Work   []string `json:"work"`
}

// Known is the calendar of the years that come with the program.
func Known() (Calendar, error) { return Parse(known) }

// Parse reads a calendar.
func Parse(raw []byte) (Calendar, error) {
	bad := func(field string, err error) (Calendar, error) {
		return Calendar{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeCalendar, Args: colophon.Args{"field": field}, Err: err}
	}
	if len(raw) > maxFile {
		return bad("json", nil)
	}
	var f file
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return bad("json", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return bad("json", err)
	}
	c := Calendar{map[int]bool{}, map[string]bool{}, map[string]bool{}}
	for _, y := range f.Years {
		switch {
		case y.Year < 2000 || y.Year > 2999 || c.years[y.Year]:
			return bad("year", nil)
		case y.Source == "":
			return bad("source", nil)
		case !y.days(y.Off, c.off, func(time.Weekday) bool { return true }):
			return bad("off", nil)
		case !y.days(y.Work, c.work, weekend):
			return bad("work", nil)
		}
		for _, day := range y.Work {
			if c.off[day] {
				return bad("work", nil)
			}
		}
		c.years[y.Year] = true
	}
	return c, nil
}

// days enters days of the year, each once, and reports whether all fit.
func (y year) days(list []string, into map[string]bool, fits func(time.Weekday) bool) bool {
	return !slices.ContainsFunc(list, func(text string) bool {
		day, err := time.Parse(layout, text)
		if err != nil || day.Year() != y.Year || !fits(day.Weekday()) || into[text] {
			return true
		}
		into[text] = true
		return false
	})
}

// With returns a calendar that also knows the years of another, which go before its own.
func (c Calendar) With(other Calendar) Calendar {
	sum := Calendar{map[int]bool{}, map[string]bool{}, map[string]bool{}}
	for _, from := range []Calendar{c, other} {
		for y := range from.years {
			sum.years[y] = true
		}
	}
	for _, pair := range []struct{ into, mine, theirs map[string]bool }{{sum.off, c.off, other.off}, {sum.work, c.work, other.work}} {
		for day := range pair.mine {
			if y, err := time.Parse(layout, day); err == nil && !other.years[y.Year()] {
				pair.into[day] = true
			}
		}
		for day := range pair.theirs {
			pair.into[day] = true
		}
	}
	return sum
}

// Is reports whether a day is a working day; known is false where Monday to Friday were taken for it.
func (c Calendar) Is(day time.Time) (working, known bool) {
	day = day.In(Beijing())
	text := day.Format(layout)
	return c.work[text] || !c.off[text] && !weekend(day.Weekday()), c.years[day.Year()]
}

// Last is the end of a period of so many working days. The day on which the period begins is not counted, as usual.
type Last struct {
	// End is the last moment of the last day, in UTC and whole milliseconds.
	End time.Time
	// Unsure lists the years whose holidays are not known, so that Monday to Friday were counted.
	Unsure []int
}

// After counts n working days after the day on which something happened in Beijing time.
func (c Calendar) After(at time.Time, n int) Last {
	day := at.In(Beijing())
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, Beijing())
	var l Last
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		working, known := c.Is(day)
		if !known && !slices.Contains(l.Unsure, day.Year()) {
			l.Unsure = append(l.Unsure, day.Year())
		}
		if working {
			n--
		}
	}
	l.End = day.AddDate(0, 0, 1).Add(-time.Millisecond).UTC()
	return l
}

// Beijing is the time of these days: UTC+8, without summer time.
func Beijing() *time.Location { return time.FixedZone("", 8*60*60) }

func weekend(d time.Weekday) bool { return d == time.Saturday || d == time.Sunday }
