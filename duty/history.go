package duty

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Span is a time in which an obligation stood in one way.
type Span struct {
	From, To time.Time
	Standing Standing
}

// Worst is the worst state of some spans; Unknown of none.
func Worst(spans []Span) State {
	if len(spans) == 0 {
		return Unknown
	}
	worst := spans[0].Standing.State
	for _, s := range spans[1:] {
		if s.Standing.State.worse(worst) {
			worst = s.Standing.State
		}
	}
	return worst
}

// Why says by what a state may change at a time.
type Why string

// The reasons for which a state may change.
const (
	Begins      Why = "begins"       // an obligation comes into force
	Ceases      Why = "ceases"       // an obligation is in force no more
	FactBegins  Why = "fact"         // what was said of a fact begins to count
	ProofEnds   Why = "proof-ends"   // what a probe saw counts no more
	ProofBegins Why = "proof-begins" // what a probe saw begins to count
	WaiverEnds  Why = "waiver-ends"  // or was ended
	WaiverStart Why = "waiver-begins"
)

// Edge is a time at which the state of an obligation may change.
type Edge struct {
	At  time.Time
	Why Why
}

// Coming is a change that follows from what is known, without anything being done.
type Coming struct {
	Edge
	Obligation    string
	Before, After Standing
}

// History says how an obligation stands from one time until before another, by what was known at a time. Spans touch, and
// each ends where the next begins.
func (c *Catalogue) History(i Item, in Inputs, from, to, known time.Time) []Span {
	var spans []Span
	at := from
	for _, e := range append(c.edges(i, in, from, to, known), Edge{At: to}) {
		if !e.At.After(at) {
			continue
		}
		s := c.Evaluate(i, in, Moment{at, known})
		if n := len(spans) - 1; n >= 0 && alike(spans[n].Standing, s) {
			spans[n].To = e.At
		} else {
			spans = append(spans, Span{at, e.At, s})
		}
		at = e.At
	}
	return spans
}

func alike(a, b Standing) bool {
	return a.State == b.State && a.Under == b.Under && a.Reason == b.Reason && slices.Equal(a.Observations(), b.Observations())
}

// edges lists the times between two at which the state may change, in their order.
func (c *Catalogue) edges(i Item, in Inputs, from, to, known time.Time) []Edge {
	var list []Edge
	add := func(at time.Time, why Why) {
		if at.After(from) && at.Before(to) {
			list = append(list, Edge{at, why})
		}
	}
	add(i.From, Begins)
	add(i.To, Ceases)
	facts := i.Obligation.Applies.Facts()
	for _, s := range in.Facts {
		if s.known(known) && slices.Contains(facts, s.Fact) {
			add(s.From, FactBegins)
		}
	}
	for _, name := range i.Probes() {
		p := c.probes[name]
		for _, o := range in.Observations[name] {
			if o.Received.After(known) {
				continue
			}
			add(o.Collected, ProofBegins)
			add(o.Collected.Add(p.TTL()), ProofEnds)
			add(o.To, ProofEnds)
		}
	}
	for _, w := range in.Waivers {
		if w.Obligation == i.Obligation.ID && !w.Approved.After(known) {
			add(w.Approved, WaiverStart)
			add(w.Until, WaiverEnds)
			add(w.Ended, WaiverEnds)
		}
	}
	slices.SortFunc(list, func(a, b Edge) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		return strings.Compare(string(a.Why), string(b.Why))
	})
	return list
}

// Coming lists what changes between two times, both included, if nothing happens: by what is known, in the order of time. Where
// reasons are given only changes by them are looked for.
func (c *Catalogue) Coming(in Inputs, from, to, known time.Time, of ...Why) []Coming {
	var list []Coming
	for _, i := range c.items {
		var last time.Time
		for _, e := range c.edges(i, in, from.Add(-time.Millisecond), to.Add(time.Millisecond), known) {
			if e.At.Equal(last) || len(of) > 0 && !slices.Contains(of, e.Why) {
				continue
			}
			last = e.At
			before, after := c.Evaluate(i, in, Moment{e.At.Add(-time.Millisecond), known}), c.Evaluate(i, in, Moment{e.At, known})
			if before.State != after.State || before.Under != after.Under {
				list = append(list, Coming{e, i.Obligation.ID, before, after})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Coming) int { return a.At.Compare(b.At) })
	return list
}

// History says how an obligation stood between two times, by what was known at a time; by what is known now for a zero one.
// To ask whether it was met on a day, ask from its beginning to its end and take the [Worst].
func (k *Keeper) History(ctx context.Context, obligation string, from, to, known time.Time) ([]Span, error) {
	i, err := k.config.Catalogue.Item(obligation)
	if err != nil {
		return nil, err
	}
	if !from.Before(to) {
		return nil, invalid("to")
	}
	in, err := k.Inputs(ctx, named(i))
	if err != nil {
		return nil, err
	}
	return k.config.Catalogue.History(i, in, from, to, k.moment(Moment{Known: known}).Known), nil
}

// Coming lists what changes between two times if nothing happens, by what is known now; where reasons are given, by them.
func (k *Keeper) Coming(ctx context.Context, from, to time.Time, of ...Why) ([]Coming, error) {
	if !from.Before(to) {
		return nil, invalid("to")
	}
	in, err := k.Inputs(ctx, nil)
	if err != nil {
		return nil, err
	}
	return k.config.Catalogue.Coming(in, from, to, k.states.Now(), of...), nil
}
