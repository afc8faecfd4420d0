package limits

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/workday"
)

// Pause is a time in which a case waits for somebody.
type Pause struct {
	From  time.Time     `json:"from"`
	To    time.Time     `json:"to,omitzero"` // zero while it lasts
	Until time.Time     `json:"until"`       // when it ends by itself
	Why   colophon.Code `json:"why"`
	Stops bool          `json:"stops,omitempty"` // the clock stands still meanwhile
}

// Clock counts the time of one case.
type Clock struct {
	Start  time.Time `json:"start"`
	Pauses []Pause   `json:"pauses,omitempty"` // in their order; they do not overlap
}

// Due is the end of a term.
type Due struct {
	At time.Time
	// Unsure lists the years whose holidays are not known, so that Monday to Friday were counted.
	Unsure []int
}

// Over reports whether the term is over at a time.
func (d Due) Over(now time.Time) bool { return now.After(d.At) }

// Due is when a term of the clock ends. While the clock stands still that is how it would be if it went on now.
//
// A pause makes a term in hours longer by as much. A term in days is made longer by each working day at whose end the clock
// stood still.
func (c Clock) Due(cal workday.Calendar, t Term, now time.Time) Due {
	if t.Days > 0 {
		return c.days(cal, t.Days, now)
	}
	end := c.Start.Add(time.Duration(t.Hours) * time.Hour)
	for _, p := range c.Pauses {
		if p.Stops && p.From.Before(end) {
			end = end.Add(p.end(now).Sub(p.From))
		}
	}
	return Due{At: end}
}

func (c Clock) days(cal workday.Calendar, n int, now time.Time) Due {
	var d Due
	day := c.Start.In(workday.Beijing())
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, workday.Beijing())
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		working, known := cal.Is(day)
		if !known && !slices.Contains(d.Unsure, day.Year()) {
			d.Unsure = append(d.Unsure, day.Year())
		}
		d.At = day.AddDate(0, 0, 1).Add(-time.Millisecond).UTC()
		if working && !c.still(d.At, now) {
			n--
		}
	}
	return d
}

// still reports whether the clock stands still at a time.
func (c Clock) still(at, now time.Time) bool {
	return slices.ContainsFunc(c.Pauses, func(p Pause) bool { return p.Stops && !p.From.After(at) && at.Before(p.end(now)) })
}

// end is when a pause ended; now while it lasts, and never after it was to end.
func (p Pause) end(now time.Time) time.Time {
	switch {
	case !p.To.IsZero():
		return p.To
	case now.Before(p.Until):
		return now
	}
	return p.Until
}

// Waits returns the pause that lasts, and whether there is one.
func (c Clock) Waits() (Pause, bool) {
	if len(c.Pauses) == 0 {
		return Pause{}, false
	}
	p := c.Pauses[len(c.Pauses)-1]
	return p, p.To.IsZero()
}

// Stopped reports whether the clock stands still.
func (c Clock) Stopped(now time.Time) bool {
	p, ok := c.Waits()
	return ok && p.Stops && now.Before(p.Until)
}

// Pause returns the clock with a pause that begins.
func (c Clock) Pause(p Pause) Clock {
	c.Pauses = append(slices.Clone(c.Pauses), p)
	return c
}

// Resume returns the clock with the pause that lasts at an end, if there is one.
func (c Clock) Resume(now time.Time) Clock {
	if p, ok := c.Waits(); ok {
		c.Pauses = slices.Clone(c.Pauses)
		c.Pauses[len(c.Pauses)-1].To = p.end(now)
	}
	return c
}
