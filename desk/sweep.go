package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// end is when a step of a case is due.
func (d *Desk) end(c *Case, s Step, now time.Time) limits.Due {
	row := c.Limits.Row
	switch s {
	case ToAcknowledge:
		return limits.Clock{Start: c.Clock.Start}.Due(d.Calendar, row.Acknowledge, now)
	case ToTell:
		return limits.Clock{Start: c.Decision.At}.Due(d.Calendar, row.Feedback, now)
	}
	return c.Clock.Due(d.Calendar, row.Decide, now)
}

// open lists the steps that a case still has to take.
func (c *Case) open(now time.Time) []Step {
	var list []Step
	if c.State.Open() {
		if c.Acknowledged == nil {
			list = append(list, ToAcknowledge)
		}
		if !c.Clock.Stopped(now) {
			list = append(list, ToDecide)
		}
	}
	if c.State == Decided {
		list = append(list, ToTell)
	}
	return list
}

// missed reports whether it is known already that a limit was missed.
func (c *Case) missed(s Step) bool {
	return slices.ContainsFunc(c.Breaches, func(b Breach) bool { return b.Step == s })
}

// due is when a case wants to be looked at without anybody's asking; zero for never.
func (d *Desk) due(c Case, now time.Time) time.Time {
	var list []time.Time
	for _, s := range c.open(now) {
		if !c.missed(s) {
			list = append(list, d.end(&c, s, now).At)
		}
	}
	switch c.State {
	case Waiting:
		p, _ := c.Clock.Waits()
		list = append(list, p.Until)
	case Duplicate:
		list = append(list, d.end(&c, ToDecide, now).At)
	}
	for _, a := range c.Actions {
		if a.pending() {
			list = append(list, a.Next)
		}
	}
	if !c.Over.IsZero() && c.Ended.IsZero() {
		list = append(list, d.ends(&c))
	}
	if len(list) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(list, time.Time.Compare)
}

// mark says that a step is done now.
func (d *Desk) mark(e *Entry, c *Case, s Step, now time.Time) Mark {
	due := d.end(c, s, now)
	m := Mark{At: now, Due: due.At, Late: due.Over(now), Unsure: due.Unsure}
	if m.Late {
		c.breach(e, s, due.At, now)
	}
	return m
}

// breach notes that a limit was missed, once.
func (c *Case) breach(e *Entry, s Step, due, now time.Time) bool {
	if c.missed(s) {
		return false
	}
	c.Breaches = append(slices.Clone(c.Breaches), Breach{s, due, now})
	addKey(e, ledger.Key{Name: keyBreached, Value: month(now)})
	return true
}

// Sweep does what is due without anybody's asking: it notes limits that were missed, ends pauses that are over, carries out what
// was left of decisions, closes what was joined to a case that is over, and takes away what is sealed once its period is. A job runs it every few minutes. It returns how many
// cases it looked at; an error with one keeps it from none of the others.
func (d *Desk) Sweep(ctx context.Context) (int, error) {
	n := 0
	var failed error
	err := d.book.All(ctx, ledger.Query{Due: d.Now()}, func(e Entry) error {
		n++
		failed = errors.Join(failed, d.look(ctx, read(e)))
		return ctx.Err()
	})
	return n, errors.Join(err, failed)
}

// look does what is due with one case.
func (d *Desk) look(ctx context.Context, c Case) error {
	if c.State == Duplicate {
		one, err := d.Case(ctx, c.DuplicateOf)
		if err == nil {
			err = d.follow(ctx, one, c.ID)
		}
		return err
	}
	c, err := d.change(ctx, c.ID, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		var missed []Step
		for _, s := range c.open(now) {
			if due := d.end(c, s, now); due.Over(now) && c.breach(e, s, due.At, now) {
				missed = append(missed, s)
			}
		}
		act := c.act(RecordBreached, ledger.By{Role: system}, payload{Steps: missed})
		if p, ok := c.Clock.Waits(); ok && !p.Until.After(now) {
			if err := c.woken(now); err != nil {
				return act, err
			}
			if len(missed) == 0 {
				act = c.act(RecordResumed, ledger.By{Role: system}, payload{})
			}
			return act, nil
		}
		if len(missed) == 0 {
			return act, ledger.ErrSame
		}
		return act, nil
	})
	if err == nil && slices.ContainsFunc(c.Actions, Action.pending) {
		c, err = d.Perform(ctx, c.ID)
	}
	if err == nil && !c.Over.IsZero() && c.Ended.IsZero() && !d.ends(&c).After(d.Now()) {
		err = d.endSealed(ctx, c)
	}
	return err
}

// over notes when a case was closed or withdrawn.
func (c *Case) over(now time.Time) {
	if c.Over.IsZero() && (c.State == Closed || c.State == Withdrawn) {
		c.Over = now
	}
}

// ends is until when what is sealed in a case that is over is kept: for its period, and while the decision may be appealed.
func (d *Desk) ends(c *Case) time.Time {
	end := d.Ends(c.Over)
	if c.AppealUntil.After(end) {
		return c.AppealUntil
	}
	return end
}

// endSealed takes away what is sealed in a case whose period is over, the files, and the digest of the contact. It waits for what
// is on hold, for an appeal that is still heard, and for a restriction: that ends with the erasure, which a further record about
// the subject would put off.
func (d *Desk) endSealed(ctx context.Context, c Case) error {
	if c.Kept == ledger.Restricted {
		return nil
	}
	held, err := d.Held(ctx, c.Subject)
	if err != nil || held {
		return err
	}
	for _, s := range []Side{Reporter, Affected} {
		appeal := Case{AppealOf: c.ID, Side: s}
		list, err := d.book.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{appeal.appealKey()}, Limit: 1})
		if err != nil || len(list) > 0 && list[0].Value.Over.IsZero() {
			return err
		}
	}
	_, err = d.change(ctx, c.ID, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if !c.Ended.IsZero() {
			return ledger.Act{}, ledger.ErrSame
		}
		c.Ended, e.Sealed = now, nil
		if e.Kept == ledger.Whole {
			e.Kept = ledger.None
		}
		e.Keys = slices.DeleteFunc(slices.Clone(e.Keys), func(k ledger.Key) bool { return k.Name == keyBlob || k.Name == keyReporter })
		return c.act(RecordEnded, ledger.By{Role: system}, payload{}), nil
	})
	return err
}

// Close says that the reporter was told of the decision, and how: the period for an appeal begins. What was joined to the case
// is closed with it.
func (d *Desk) Close(ctx context.Context, by ledger.By, id, how string) (Case, error) {
	if !word(how) {
		return Case{}, invalid("how")
	}
	c, err := d.change(ctx, id, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if c.State == Closed {
			return ledger.Act{}, ledger.ErrSame
		}
		if c.State != Decided {
			return ledger.Act{}, c.stuck(Closed)
		}
		m := d.mark(e, c, ToTell, now)
		c.Told, c.How = &m, how
		if t := c.Limits.Row.Appeal; !t.None() {
			c.AppealUntil = limits.Clock{Start: now}.Due(d.Calendar, t, now).At
		}
		addKey(e, ledger.Key{Name: keyTold, Value: month(now)})
		return c.act(RecordTold, by, payload{How: how, Until: ms(c.AppealUntil)}), c.to(Closed)
	})
	if err != nil {
		return c, err
	}
	return c, d.followers(ctx, c)
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// followers has the cases that were joined to one follow it.
func (d *Desk) followers(ctx context.Context, one Case) error {
	return d.book.All(ctx, ledger.Query{States: []string{string(Duplicate)}, Keys: []ledger.Key{{Name: keyDuplicate, Value: one.ID}}}, func(e Entry) error {
		return d.follow(ctx, one, e.ID)
	})
}

// follow closes a joined case with the one that it was joined to, or has it stand for itself again when that was withdrawn.
func (d *Desk) follow(ctx context.Context, one Case, id string) error {
	if one.State != Closed && one.State != Withdrawn {
		return nil
	}
	c, err := d.change(ctx, id, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if c.State != Duplicate || c.DuplicateOf != one.ID {
			return ledger.Act{}, ledger.ErrSame
		}
		by := ledger.By{Role: system}
		if one.State == Withdrawn {
			c.DuplicateOf = ""
			e.Keys = slices.DeleteFunc(slices.Clone(e.Keys), func(k ledger.Key) bool { return k.Name == keyDuplicate })
			d.acknowledged(e, c, now)
			return c.act(RecordParted, by, payload{Other: one.ID}), c.to(Acknowledged)
		}
		c.Told, c.How = &Mark{At: now, Due: one.Told.Due, Late: now.After(one.Told.Due)}, one.How
		addKey(e, ledger.Key{Name: keyTold, Value: month(now)})
		return c.act(RecordTold, by, payload{How: c.How, Other: one.ID}), c.to(Closed)
	})
	if err == nil && c.State == Closed {
		err = d.followers(ctx, c)
	}
	return err
}

// Join makes a case a duplicate of an earlier open one: it is decided with that. Who has the case may do it, or anybody who may
// take it.
func (d *Desk) Join(ctx context.Context, by Clerk, id, earlier string) (Case, error) {
	if err := by.check(); err != nil {
		return Case{}, err
	}
	one, err := d.Case(ctx, earlier)
	if err != nil {
		return Case{}, err
	}
	return d.change(ctx, id, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		switch {
		case one.ID >= c.ID || !one.State.Open() || one.Kind != c.Kind || c.Kind == Appeal: // the earlier one, so that nothing is joined in a circle
			return ledger.Act{}, invalid("earlier")
		case c.may(by) != nil:
			return ledger.Act{}, c.may(by)
		case c.State == Taken && c.Lease.After(now) && c.Assigned != by.ID:
			return ledger.Act{}, refuse(colophon.Conflict, CodeTaken, c, nil)
		}
		c.Clock = c.Clock.Resume(now)
		d.acknowledged(e, c, now)
		c.DuplicateOf, c.Assigned, c.Lease = one.ID, "", time.Time{}
		addKey(e, ledger.Key{Name: keyDuplicate, Value: one.ID})
		return c.act(RecordJoined, by.By, payload{Other: one.ID}), c.to(Duplicate)
	})
}

// Similar is another case that has something in common with one.
type Similar struct {
	Case
	Content  bool // about the same content
	Account  bool // about the same account
	Reporter bool // of the same account or contact, as far as that can be told
	Earlier  bool // open, earlier and of the same kind and content: the one may be joined to it
}

// Similar returns other cases about the same content or account, or of the same reporter, the newest first.
func (d *Desk) Similar(ctx context.Context, id string) ([]Similar, error) {
	one, err := d.book.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	c := read(one)
	seen := map[string]int{}
	var list []Similar
	for _, k := range one.Keys {
		if k.Name != keyContent && k.Name != keyAccount && k.Name != keyReporter {
			continue
		}
		entries, failed := d.book.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: k.Name, Value: k.Value}}, Newest: true, Limit: maxBoard})
		err = errors.Join(err, failed)
		for _, e := range entries {
			o := read(e)
			if o.ID == c.ID {
				continue
			}
			i, ok := seen[o.ID]
			if !ok {
				i = len(list)
				seen[o.ID], list = i, append(list, Similar{Case: o})
			}
			s := &list[i]
			s.Content, s.Account, s.Reporter = s.Content || k.Name == keyContent, s.Account || k.Name == keyAccount, s.Reporter || k.Name == keyReporter
			s.Earlier = s.Content && o.State.Open() && o.ID < c.ID && o.Kind == c.Kind && c.Kind != Appeal
		}
	}
	slices.SortFunc(list, func(a, b Similar) int { return cmp.Compare(b.ID, a.ID) })
	return list, err
}
