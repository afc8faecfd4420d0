package report

import (
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/workday"
)

// Clocks that the rules or the law name. GradeClock is ours: whether a first report is due can't be told without a grade, so
// that is due when the report would be.
const (
	GradeClock  = "grade"
	FirstReport = "first-report"
	Summary     = "summary"
	// FlawReport, NoticeAuthority and NoticePersons are the other reports and notices that come with the program.
	FlawReport      = "flaw-report"
	NoticeAuthority = "notice-authority"
	NoticePersons   = "notice-persons"
)

// Moments from which clocks run.
const (
	fromKnew   = "knew"
	fromClosed = "closed"
)

// ClockState says how a clock stands.
type ClockState string

// How clocks stand.
const (
	NotApplicable ClockState = "not-applicable"
	Waiting       ClockState = "waiting" // the moment from which it runs did not come yet
	Running       ClockState = "running"
	Met           ClockState = "met"
	Late          ClockState = "late" // done after its end
	Over          ClockState = "over" // at its end, and not done
)

// Clock is one limit of one incident, as it stands at a time.
type Clock struct {
	ID      string
	Row     TimeRow          // by which it runs; of the first report for GradeClock
	Applies colophon.Verdict // Unknown while a grade or a fact is missing: it runs as if it did
	From    time.Time
	Due     time.Time
	Own     bool // the end is the provider's own: no law gives one
	Done    time.Time
	State   ClockState
}

// breached reports whether the limit ran out. What waits for a grade is a breach of the clock of that; what waits for a question
// that nobody answered has no such clock, and is one itself.
func (c Clock) breached() bool {
	return (c.Applies == colophon.Passed || c.Applies == colophon.Unknown && c.Row.Fact != "") && (c.State == Late || c.State == Over)
}

// open reports whether something has still to be done for it, or may have to.
func (c Clock) open() bool {
	return c.Applies != colophon.Failed && c.Done.IsZero()
}

// excepted reports whether an incident is said to be the exception of a row.
func (r TimeRow) excepted(v Incident) bool {
	return r.Fact != "" && !r.Holds && v.Facts[r.Fact].Reaches(1, true) == colophon.Passed
}

// applies says whether a row counts for an incident. An exception counts once it is known.
func (r TimeRow) applies(v Incident) colophon.Verdict {
	if !slices.ContainsFunc(r.Kinds, func(k Kind) bool { return slices.Contains(v.Kinds, k) }) || r.Operator != "" && r.Operator != v.Operator {
		return colophon.Failed
	}
	answer := colophon.Passed
	if r.Grade != "" {
		switch g := v.Grading; {
		case g.State == NotGraded || g.Most.rank() < r.Grade.rank():
			return colophon.Failed
		case g.Least.rank() < r.Grade.rank():
			answer = colophon.Unknown
		}
	}
	if r.excepted(v) {
		return colophon.Failed
	}
	if r.Fact != "" && r.Holds {
		switch v.Facts[r.Fact].Reaches(1, true) {
		case colophon.Failed:
			return colophon.Failed
		case colophon.Unknown:
			return colophon.Unknown
		}
	}
	return answer
}

// due is the end of a row that runs from a time.
func (r TimeRow) due(from time.Time, atOnce time.Duration) time.Time {
	switch {
	case r.AtOnce():
		return from.Add(atOnce)
	case r.Days > 0:
		return endOf(from, r.Days)
	}
	return from.Add(time.Duration(r.Hours) * time.Hour)
}

// endOf is the end of the day of a time in Beijing, or of one some days later.
func endOf(day time.Time, later int) time.Time {
	day = day.In(workday.Beijing())
	return time.Date(day.Year(), day.Month(), day.Day()+later+1, 0, 0, 0, 0, workday.Beijing()).Add(-time.Millisecond).UTC()
}

// Clocks computes the clocks of an incident as they stand at a time. Filed has when each was ended by a paper; atOnce is what
// the provider allows itself where the law has no figure. Of a dismissed incident there are none.
func (t Timetable) Clocks(v Incident, filed map[string]time.Time, atOnce time.Duration, now time.Time) []Clock {
	if v.State == Dismissed {
		return nil
	}
	var list []Clock
	for _, row := range t.Rows {
		if row.Operator != "" && row.Operator != v.Operator || !slices.ContainsFunc(row.Kinds, func(k Kind) bool { return slices.Contains(v.Kinds, k) }) {
			continue
		}
		c := Clock{ID: row.ID, Row: row, Applies: row.applies(v), From: v.Knew, Own: row.AtOnce(), Done: filed[row.ID]}
		if row.From == fromClosed {
			c.From = v.Closed
		}
		if !c.From.IsZero() {
			c.Due = row.due(c.From, atOnce)
		}
		c.State = c.stands(now)
		list = append(list, c)
		if row.ID == FirstReport {
			g := Clock{ID: GradeClock, Row: row, Applies: colophon.Passed, From: c.From, Due: c.Due, Own: true, Done: v.Graded}
			g.State = g.stands(now)
			list = append(list, g)
		}
	}
	return list
}

func (c Clock) stands(now time.Time) ClockState {
	switch {
	case c.Applies == colophon.Failed:
		return NotApplicable
	case c.From.IsZero():
		return Waiting
	case !c.Done.IsZero() && c.Done.After(c.Due):
		return Late
	case !c.Done.IsZero():
		return Met
	case now.After(c.Due):
		return Over
	}
	return Running
}

// Clocks returns the clocks of an incident that was read, as they stand now.
func (k *Keeper) Clocks(ctx context.Context, v Incident) ([]Clock, error) {
	filed, err := k.filed(ctx, v)
	if err != nil {
		return nil, err
	}
	return k.config.Rules.Timetable.Clocks(v, filed, k.config.AtOnce, k.incidents.Now()), nil
}

// filed says when the first paper that ends each clock was filed. A summary that was filed before the incident was closed,
// as it may be after a reopening, ends nothing.
func (k *Keeper) filed(ctx context.Context, v Incident) (map[string]time.Time, error) {
	filed := map[string]time.Time{}
	err := k.papers.All(ctx, ledger.Query{States: []string{string(Filed), string(Amended)}, Keys: []ledger.Key{{Name: keyIncident, Value: v.ID}}}, func(e ledger.Entry[Paper]) error {
		at, form := e.Value.Filing.At, e.Value.Form
		if form == Summary && (v.Closed.IsZero() || at.Before(v.Closed)) {
			return nil
		}
		if first, ok := filed[form]; !ok || at.Before(first) {
			filed[form] = at
		}
		return nil
	})
	return filed, err
}
