package filing

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/workday"
)

// Period is one of the periods of working days.
type Period struct {
	ID   string `json:"id"` // file, change, cancel, decide
	Days int    `json:"days"`
	Basis
	Clause colophon.Clause `json:"clause"`
	// Theirs says that the authority has to keep it, not the provider.
	Theirs bool `json:"theirs,omitempty"`
}

// Periods lists the periods: Algorithm Recommendation Provisions Art. 24 and 25, by Deep Synthesis Provisions Art. 19.
func Periods() []Period {
	source := func(article string) Basis {
		return Basis{"Algorithm Recommendation Provisions Art. " + article, Primary}
	}
	filed, decided := colophon.ClauseAR24, colophon.ClauseAR25
	return []Period{{"file", 10, source("24 ¶1"), filed, false}, {"change", 10, source("24 ¶2"), filed, false}, {"cancel", 20, source("24 ¶3"), filed, false}, {"decide", 30, source("25"), decided, true}}
}

// Running says where a clock stands. The zero value is that it can't be told.
type Running string

// Where a clock stands.
const (
	Untold  Running = ""        // whether the period is over depends on holidays that are not known
	Waiting Running = "waiting" // it did not begin
	Open    Running = "running"
	Over    Running = "over" // it ran out and the step was not taken
	Kept    Running = "kept"
	Late    Running = "late" // the step was taken after the period
)

// Clock is one period with its days.
type Clock struct {
	Period
	State Running   `json:"state"`
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"` // last moment of the last day
	Done  time.Time `json:"done,omitzero"`
	// Unsure lists the years whose holidays are not known, so that the last day may be another one.
	Unsure []int `json:"unsure,omitempty"`
}

// Clocks computes where the clocks stand at a time.
func Clocks(calendar workday.Calendar, d Days, now time.Time) []Clock {
	began, submitted, changed := d.Began, d.Submitted, d.Submitted
	if d.Changed.IsZero() || d.Submitted.Before(d.Changed) {
		changed = time.Time{} // what was submitted before the change does not tell it
	} else {
		submitted = time.Time{} // it is the change that was submitted
	}
	if !d.Changed.IsZero() && submitted.IsZero() {
		began = time.Time{} // how the first filing kept its period stands with that one
	}
	steps := map[string][2]time.Time{"file": {began, submitted}, "change": {d.Changed, changed}, "cancel": {d.Ended, d.Cancelled}, "decide": {d.Submitted, d.Decided}}
	var list []Clock
	for _, p := range Periods() {
		list = append(list, p.clock(calendar, steps[p.ID][0], steps[p.ID][1], now))
	}
	return list
}

// slack is by how much a last day may be wrong at most in a year whose holidays are not known: the longest holiday, with the
// weekends that are worked before and after it.
const slack = 14 * 24 * time.Hour

func (p Period) clock(calendar workday.Calendar, from, done, now time.Time) Clock {
	c := Clock{Period: p, State: Waiting, From: from, Done: done}
	if from.IsZero() {
		return c
	}
	last := calendar.After(from, p.Days)
	c.Until, c.Unsure = last.End, last.Unsure
	at := now
	if !done.IsZero() {
		at = done
	}
	switch away := at.Sub(last.End); {
	case len(last.Unsure) > 0 && away > -slack && away <= slack:
		c.State = Untold
	case done.IsZero() && away > 0:
		c.State = Over
	case done.IsZero():
		c.State = Open
	case away > 0:
		c.State = Late
	default:
		c.State = Kept
	}
	return c
}
