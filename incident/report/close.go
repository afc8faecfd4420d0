package report

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Close says that the handling of an incident ended, or that it was none (outcome [Dismissed]). One that can be graded waits
// for a second person. It is refused while a step of the playbook is open, the grade could not be told, or something that has
// to be told was not; none of this holds for what was no incident.
func (k *Keeper) Close(ctx context.Context, by ledger.By, id string, outcome IncidentState, reason string) (Incident, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Incident{}, err
	}
	if outcome != Closed && outcome != Dismissed {
		return Incident{}, invalid("outcome")
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := cmp.Or(in(e, Closing, Open), k.ready(ctx, read(*e), outcome)); err != nil {
			return ledger.Act{}, err
		}
		if !e.Value.gradable() {
			return k.end(by, e, outcome, reason)
		}
		e.Value.Closing = &Proposal{By: by.ID, At: k.incidents.Now(), Outcome: outcome}
		return act(RecordClosing, by, e, payload{Outcome: outcome, Why: reason}), to(e, Closing)
	})
}

// end puts an incident into the state in which it ends.
func (k *Keeper) end(by ledger.By, e *Entry, outcome IncidentState, reason string) (ledger.Act, error) {
	if err := to(e, outcome); err != nil {
		return ledger.Act{}, err
	}
	e.Value.Closing, e.Value.Confirmer = nil, by.ID
	if outcome == Dismissed {
		return act(RecordDismissed, by, e, payload{Why: reason}), nil
	}
	e.Value.Closed = k.incidents.Now()
	return act(RecordClosed, by, e, payload{Why: reason, Grading: &e.Value.Grading}), nil
}

// ready is an error while an incident can't be closed. It is asked with what is then changed, so that nothing comes between.
func (k *Keeper) ready(ctx context.Context, v Incident, outcome IncidentState) error {
	switch {
	case v.Correction != nil:
		return refuse(colophon.Conflict, CodeCorrection, nil)
	case outcome == Dismissed:
		return nil
	case v.Grading.State == CouldNotTell:
		return refuse(colophon.Refused, CodeUngraded, nil)
	}
	clocks, err := k.Clocks(ctx, v)
	if err != nil {
		return err
	}
	for _, c := range clocks {
		if c.open() && c.State != Waiting {
			return refuse(colophon.Refused, CodeUndone, colophon.Args{"clock": c.ID})
		}
	}
	if n := v.OpenSteps(); n > 0 {
		return refuse(colophon.Refused, CodeStepsOpen, colophon.Args{"count": strconv.Itoa(n)})
	}
	return nil
}

// Confirm closes or dismisses an incident, as somebody else proposed.
func (k *Keeper) Confirm(ctx context.Context, by ledger.By, id, reason string) (Incident, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Incident{}, err
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		p := e.Value.Closing
		if p == nil {
			return ledger.Act{}, refuse(colophon.Conflict, CodeNothing, nil)
		}
		if err := k.ready(ctx, read(*e), p.Outcome); err != nil {
			return ledger.Act{}, err
		}
		if p.By == by.ID {
			return ledger.Act{}, refuse(colophon.Refused, CodeSame, nil)
		}
		return k.end(by, e, p.Outcome, reason)
	})
}

// KeepOpen turns a proposal to close an incident down, or takes it back.
func (k *Keeper) KeepOpen(ctx context.Context, by ledger.By, id, reason string) (Incident, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Incident{}, err
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if e.Value.Closing == nil {
			return ledger.Act{}, refuse(colophon.Conflict, CodeNothing, nil)
		}
		e.Value.Closing = nil
		if err := to(e, Open); err != nil {
			return ledger.Act{}, err
		}
		return act(RecordKept, by, e, payload{Why: reason}), nil
	})
}

// Reopen says that an incident goes on, or was one after all. The clock of its summary begins anew when it is closed again.
func (k *Keeper) Reopen(ctx context.Context, by ledger.By, id, reason string) (Incident, error) {
	if err := cmp.Or(person(by), why(reason)); err != nil {
		return Incident{}, err
	}
	return k.change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := in(e, Open, Closed, Settled, Dismissed); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Closed, e.Value.Confirmer = time.Time{}, ""
		if err := to(e, Open); err != nil {
			return ledger.Act{}, err
		}
		return act(RecordReopened, by, e, payload{Why: reason}), nil
	})
}

// Sweep writes down the limits that ran out, settles closed incidents of which nothing is due any more, lets the feeds tell
// what happened, grades what an older guide graded, and writes down drills that were missed. Where one incident or feed can't
// be looked at, the others are, and the errors are returned.
func (k *Keeper) Sweep(ctx context.Context) error {
	var failed error
	err := k.incidents.All(ctx, ledger.Query{States: []string{string(Open), string(Closing), string(Closed)}}, func(e Entry) error {
		failed = errors.Join(failed, k.look(ctx, e), k.Follow(ctx, e.ID))
		return ctx.Err()
	})
	return errors.Join(err, failed, k.missed(ctx))
}

// renew grades an open incident by the guide in use, where another one graded it. What that guide would lower stays as it is:
// it needs people, who correct a fact.
func (k *Keeper) renew(ctx context.Context, by ledger.By, v Incident) (Incident, error) {
	if v.Rules == k.config.Rules.Guide.Version || v.State != Open && v.State != Closing {
		return v, nil
	}
	return k.change(ctx, v.ID, func(e *Entry) (ledger.Act, error) {
		after := *e
		k.regrade(&after)
		if s := IncidentState(e.State); s != Open && s != Closing || k.lowers(e.Value, after.Value) {
			return ledger.Act{}, ledger.ErrSame
		}
		before := e.Value.Grading
		*e = after
		if err := k.onward(e); err != nil {
			return ledger.Act{}, err
		}
		return k.graded(by, e, before, payload{}), nil
	})
}

// look writes down what ran out of one incident, and settles it.
func (k *Keeper) look(ctx context.Context, e Entry) error {
	system := ledger.By{Role: "system"}
	v, err := k.renew(ctx, system, read(e))
	if err != nil {
		return err
	}
	clocks, err := k.Clocks(ctx, v)
	if err != nil {
		return err
	}
	open := false
	for _, c := range clocks {
		open = open || c.open()
		if !c.breached() {
			continue
		}
		if _, err := k.change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
			for _, b := range e.Value.Breaches {
				if b.Clock == c.ID && b.Due.Equal(c.Due) { // at another end, as after a reopening, it is another breach
					return ledger.Act{}, ledger.ErrSame
				}
			}
			b := Breach{c.ID, c.Due, k.incidents.Now()}
			e.Value.Breaches = append(e.Value.Breaches[:len(e.Value.Breaches):len(e.Value.Breaches)], b)
			return act(RecordBreached, system, e, payload{Breach: &b}), nil
		}); err != nil {
			return err
		}
	}
	if v.State != Closed || open {
		return nil
	}
	_, err = k.change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
		if IncidentState(e.State) != Closed {
			return ledger.Act{}, ledger.ErrSame
		}
		return act(RecordSettled, system, e, payload{}), to(e, Settled)
	})
	return err
}
