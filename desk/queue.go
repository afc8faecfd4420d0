package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence/ledger"
)

const (
	tries    = 10
	maxBoard = 200
	maxPause = 90 * 24 * time.Hour
)

// Filter says which cases are wanted; the zero value means all.
type Filter struct {
	Kinds  []Kind
	States []State // of [Desk.Cases]
	Number string  // content number
	Step   string  // of [Desk.Cases], one of Steps: those that it happened to in Month
	Month  string  // in Beijing time, such as 2026-11
	After  string  // of Desk.Cases
	Limit  int
}

// Cases returns a page of cases, the newest first, and where the next one begins; it is empty after the last. At most one kind
// is asked for.
func (d *Desk) Cases(ctx context.Context, f Filter) ([]Case, string, error) {
	q := ledger.Query{After: f.After, Limit: f.Limit, Newest: true}
	for _, s := range f.States {
		q.States = append(q.States, string(s))
	}
	switch {
	case len(f.Kinds) > 1:
		return nil, "", invalid("kinds")
	case len(f.Kinds) == 1:
		q.Keys = append(q.Keys, ledger.Key{Name: keyKind, Value: string(f.Kinds[0])})
	}
	if f.Number != "" {
		q.Keys = append(q.Keys, ledger.Key{Name: keyContent, Value: f.Number})
	}
	if f.Step != "" || f.Month != "" {
		if !slices.Contains(Steps(), f.Step) {
			return nil, "", invalid("step")
		}
		if !isMonth(f.Month) {
			return nil, "", invalid("month")
		}
		q.Keys = append(q.Keys, ledger.Key{Name: f.Step, Value: f.Month})
	}
	page, next, err := d.book.Page(ctx, q)
	list := make([]Case, len(page))
	for i, e := range page {
		list[i] = read(e)
	}
	return list, next, err
}

// may refuses a person who has a part in a case, or may not hear it.
func (c *Case) may(by Clerk) error {
	if c.Kind == Appeal && !by.Appeals {
		return refuse(colophon.Refused, CodeSenior, c, nil)
	}
	return c.part(by)
}

// part refuses a person who has a part in a case: who decided before.
func (c *Case) part(by Clerk) error {
	if slices.Contains(c.Not, by.ID) {
		return refuse(colophon.Refused, CodeOwn, c, nil)
	}
	return nil
}

// free reports whether somebody may take the case now.
func (c *Case) free(by Clerk, now time.Time) bool {
	return c.may(by) == nil && (c.State == Received || c.State == Acknowledged || c.State == Taken && !c.Lease.After(now))
}

// Board returns what a person may take now, in the order in which [Desk.Next] gives it. Nothing is taken. It looks at every
// open case, so that what is due and how many came about the same content are as of now.
func (d *Desk) Board(ctx context.Context, by Clerk, f Filter) ([]Ranked, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	list, err := d.ranked(ctx, func(c *Case, now time.Time) bool {
		return c.free(by, now) && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, c.Kind)) && (f.Number == "" || slices.Contains(c.numbers(), f.Number))
	})
	limit := f.Limit
	if limit <= 0 || limit > maxBoard {
		limit = maxBoard
	}
	return list[:min(limit, len(list))], err
}

// ranked ranks the open cases that fit. What was joined is there to be counted.
func (d *Desk) ranked(ctx context.Context, fits func(c *Case, now time.Time) bool) ([]Ranked, error) {
	now := d.Now()
	counts := map[string]int{}
	var list []Ranked
	q := ledger.Query{States: []string{string(Received), string(Acknowledged), string(Taken), string(Waiting), string(Duplicate)}}
	err := d.book.All(ctx, q, func(e Entry) error {
		c := read(e)
		for _, n := range c.numbers() {
			counts[n]++
		}
		if fits(&c, now) {
			list = append(list, Ranked{Case: c, Due: d.end(&c, ToDecide, now).At})
		}
		return nil
	})
	for i := range list {
		r := &list[i]
		r.Reports = 1
		for _, n := range r.numbers() {
			r.Reports = max(r.Reports, counts[n])
		}
		r.Priority = d.Triage.Priority(r.Case, r.Reports, r.Due, now)
	}
	rank(list)
	return list, err
}

// Rank says how urgent one case is now.
func (d *Desk) Rank(ctx context.Context, id string) (Ranked, error) {
	c, err := d.Case(ctx, id)
	if err != nil || !c.State.Open() {
		return Ranked{Case: c}, err
	}
	list, err := d.ranked(ctx, func(c *Case, _ time.Time) bool { return c.ID == id })
	if len(list) == 0 {
		return Ranked{Case: c}, err
	}
	return list[0], err
}

// Next takes the most urgent case that a person may take. It reports whether there was one.
func (d *Desk) Next(ctx context.Context, by Clerk, f Filter) (Case, bool, error) {
	f.Limit = tries
	for range tries {
		list, err := d.Board(ctx, by, f)
		if err != nil || len(list) == 0 {
			return Case{}, false, err
		}
		for _, r := range list {
			c, err := d.Take(ctx, by, r.ID)
			var e *colophon.Error
			if errors.As(err, &e) && (e.Kind == colophon.Conflict || e.Kind == colophon.Refused) {
				continue // somebody else was first
			}
			return c, err == nil, err
		}
	}
	return Case{}, false, &colophon.Error{Kind: colophon.Conflict, Code: CodeTaken}
}

// Acknowledge says that a case is accepted. A rule may do it.
func (d *Desk) Acknowledge(ctx context.Context, by ledger.By, id string) (Case, error) {
	return d.change(ctx, id, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if c.State == Acknowledged {
			return ledger.Act{}, ledger.ErrSame
		}
		if c.State != Received {
			return ledger.Act{}, c.stuck(Acknowledged)
		}
		d.acknowledged(e, c, now)
		return c.act(RecordAcknowledged, by, payload{}), c.to(Acknowledged)
	})
}

func (d *Desk) acknowledged(e *Entry, c *Case, now time.Time) {
	if c.Acknowledged == nil {
		m := d.mark(e, c, ToAcknowledge, now)
		c.Acknowledged = &m
		addKey(e, ledger.Key{Name: keyAcknowledged, Value: month(now)})
	}
}

// Take takes one case. Who has it already keeps it.
func (d *Desk) Take(ctx context.Context, by Clerk, id string) (Case, error) {
	if err := by.check(); err != nil {
		return Case{}, err
	}
	return d.change(ctx, id, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if c.State == Taken && c.Lease.After(now) {
			if c.Assigned == by.ID {
				return ledger.Act{}, ledger.ErrSame
			}
			return ledger.Act{}, refuse(colophon.Conflict, CodeTaken, c, nil)
		}
		if c.State == Waiting { // Resume ends its pause
			return ledger.Act{}, c.stuck(Taken)
		}
		return c.act(RecordTaken, by.By, payload{}), d.give(e, c, by, now)
	})
}

// give hands a case to a person.
func (d *Desk) give(e *Entry, c *Case, by Clerk, now time.Time) error {
	if err := c.to(Taken); err != nil {
		return err
	}
	if err := c.may(by); err != nil {
		return err
	}
	d.acknowledged(e, c, now)
	c.Assigned, c.Lease = by.ID, now.Add(d.Lease)
	return nil
}

// yours refuses everybody but who has the case.
func (c *Case) yours(by Clerk) error {
	if err := by.check(); err != nil {
		return err
	}
	if c.State != Taken || c.Assigned != by.ID {
		return refuse(colophon.Refused, CodeNotYours, c, nil)
	}
	return nil
}

// Extend is the sign of life of whoever has a case. The lease begins anew once half of it is over.
func (d *Desk) Extend(ctx context.Context, by Clerk, id string) (Case, error) {
	return d.change(ctx, id, func(_ *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if err := c.yours(by); err != nil {
			return ledger.Act{}, err
		}
		if c.Lease.Sub(now) > d.Lease/2 {
			return ledger.Act{}, ledger.ErrSame
		}
		c.Lease = now.Add(d.Lease)
		return c.act(RecordExtended, by.By, payload{}), nil
	})
}

// Return gives a case back undecided.
func (d *Desk) Return(ctx context.Context, by Clerk, id string) (Case, error) {
	return d.change(ctx, id, func(_ *Entry, c *Case, _ time.Time) (ledger.Act, error) {
		if err := c.yours(by); err != nil {
			return ledger.Act{}, err
		}
		return c.act(RecordReturned, by.By, payload{}), c.back()
	})
}

// back puts a case back among those that anybody may take.
func (c *Case) back() error {
	c.Assigned, c.Lease = "", time.Time{}
	return c.to(Acknowledged)
}

// Pause has a case wait for somebody until a time at the latest. The clock stands still where the limits of the case allow that
// for the reason.
func (d *Desk) Pause(ctx context.Context, by Clerk, id string, why colophon.Code, until time.Time) (Case, error) {
	if !slices.Contains(limits.Waits(), why) {
		return Case{}, invalid("why")
	}
	until = until.UTC().Truncate(time.Millisecond)
	return d.change(ctx, id, func(_ *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if err := c.yours(by); err != nil {
			return ledger.Act{}, err
		}
		if !until.After(now) || until.Sub(now) > maxPause {
			return ledger.Act{}, invalid("until")
		}
		c.Clock = c.Clock.Pause(limits.Pause{From: now, Until: until, Why: why, Stops: slices.Contains(c.Limits.Row.Pauses, why)})
		return c.act(RecordPaused, by.By, payload{Why: why, Until: until.UnixMilli()}), c.to(Waiting)
	})
}

// Resume has a person go on with a case that waited.
func (d *Desk) Resume(ctx context.Context, by Clerk, id string) (Case, error) {
	if err := by.check(); err != nil {
		return Case{}, err
	}
	return d.change(ctx, id, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if c.State != Waiting {
			return ledger.Act{}, c.stuck(Taken)
		}
		c.Clock = c.Clock.Resume(now)
		return c.act(RecordResumed, by.By, payload{}), d.give(e, c, by, now)
	})
}

// woken ends a pause without a person: anybody may take the case then.
func (c *Case) woken(now time.Time) error {
	c.Clock = c.Clock.Resume(now)
	return c.back()
}

// Read opens what is sealed in a case, for a person who has no part in it, after that was recorded.
func (d *Desk) Read(ctx context.Context, by Clerk, id string) (Particulars, error) {
	if err := by.check(); err != nil {
		return Particulars{}, err
	}
	var p Particulars
	_, err := d.change(ctx, id, func(e *Entry, c *Case, _ time.Time) (ledger.Act, error) {
		if err := c.part(by); err != nil {
			return ledger.Act{}, err
		}
		if err := d.unseal(e, c, &p); err != nil {
			return ledger.Act{}, err
		}
		return c.act(RecordRead, by.By, payload{}), nil
	})
	if err != nil {
		return Particulars{}, err
	}
	return p, nil
}
