package desk

import (
	"context"
	"slices"
	"time"
)

// Foresee is a case as it would be if a ruling on it were decided now: what [Desk.Reasons] says of it is what whoever came will
// read. Nothing is changed, and it is refused like the decision itself.
func (d *Desk) Foresee(ctx context.Context, by Clerk, id string, r Ruling) (Case, error) {
	c, err := d.Case(ctx, id)
	if err != nil {
		return Case{}, err
	}
	if err := r.check(c.Kind); err != nil {
		return Case{}, err
	}
	if err := d.entitled(ctx, c, &r); err != nil {
		return Case{}, err
	}
	undo, err := d.undo(ctx, c, r)
	if err != nil {
		return Case{}, err
	}
	if err := c.yours(by); err != nil {
		return Case{}, err
	}
	if err := c.may(by); err != nil {
		return Case{}, err
	}
	now := d.Now()
	due := d.end(&c, ToDecide, now)
	c.State, c.Actions = Decided, slices.Clone(undo)
	c.Decision = &Decision{By: by.By, Outcome: r.Outcome, Statement: r.Statement, Proof: r.Proof, Mark: Mark{At: now, Due: due.At, Late: due.Over(now), Unsure: due.Unsure}}
	for _, deed := range r.Deeds {
		c.Actions = append(c.Actions, Action{Deed: deed, Result: Pending, Next: now})
	}
	return c, nil
}

// Planned says by when a step of a case that is still to be done is due.
type Planned struct {
	Step   Step
	Due    time.Time
	Unsure []int // years whose holidays are not known
	Stands bool  // the clock stands still; it would be due then if it went on now
}

// Plan lists the steps of a case that are still to be done. What comes after the decision is planned once there is one.
func (d *Desk) Plan(c Case) []Planned {
	now := d.Now()
	steps := c.open(now)
	stands := c.State.Open() && c.Clock.Stopped(now)
	if stands {
		steps = append(steps, ToDecide)
	}
	var list []Planned
	for _, s := range steps {
		due := d.end(&c, s, now)
		list = append(list, Planned{s, due.At, due.Unsure, stands && s == ToDecide})
	}
	return list
}
