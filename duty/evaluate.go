package duty

import (
	"cmp"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
)

// Moment is a question's time: how things stand at At, by what was known at Known.
type Moment struct {
	At, Known time.Time
}

// Now is the moment at which both are the same.
func Now(at time.Time) Moment { return Moment{at, at} }

// Inputs are what a state is computed of. Their order does not matter.
type Inputs struct {
	Facts        []Statement
	Observations map[string][]Observation // by the name of the probe
	Waivers      []Waiver
}

// Standing says how one obligation stands at a moment, and what says so.
type Standing struct {
	Obligation string
	State      State
	// Under is the state that a waiver covers; the same as State without one.
	Under  State
	Reason colophon.Code
	// Facts are those that decided, or that nobody told.
	Facts []Fact
	// Controls say how each control stands, in the order of the catalogue.
	Controls []ControlStanding
	Waiver   string    // that is in force
	Until    time.Time // when it changes if nothing happens; zero for never
}

// Observations lists the observations that decided, each once.
func (s Standing) Observations() []string {
	var ids []string
	for _, c := range s.Controls {
		for _, p := range c.Probes {
			if p.Observation != "" {
				ids = append(ids, p.Observation)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// ControlStanding says how one control stands. Its state is the worst of its probes'.
type ControlStanding struct {
	Control string
	State   State
	Reason  colophon.Code
	Probe   string // that decided; empty without probes
	Probes  []ProbeStanding
}

// ProbeStanding says what a probe has to say at a moment.
type ProbeStanding struct {
	Probe       string
	Kind        Kind
	State       State
	Reason      colophon.Code
	Observation string    // that decided; empty for none
	Ends        time.Time // when what it says ends; zero for never
}

// Evaluate says how an obligation of the catalogue stands at a moment.
func (c *Catalogue) Evaluate(i Item, in Inputs, m Moment) Standing {
	s := Standing{Obligation: i.Obligation.ID}
	ends := &s.Until
	switch {
	case m.At.Before(i.From):
		s.State, s.Reason = NotApplicable, ReasonNotYet
		soonest(ends, m.At, i.From)
		return s.same()
	case !i.To.IsZero() && !m.At.Before(i.To):
		s.State, s.Reason = NotApplicable, ReasonRepealed
		return s.same()
	}
	soonest(ends, m.At, i.To)
	answers := in.answers(i.Obligation.Applies.Facts(), m, ends)
	applies, facts := i.Obligation.Applies.Holds(answers)
	s.Facts = facts
	if applies == colophon.Failed {
		s.State, s.Reason = NotApplicable, ReasonFact
		return s.same()
	}
	c.weigh(&s, i.Obligation.Controls, in, m)
	if applies == colophon.Unknown && s.State != NotMet {
		s.State, s.Reason = Unknown, ReasonFactUnknown
	}
	s = s.same()
	if w, ok := in.waiver(i.Obligation.ID, m); ok && s.State.waivable() {
		s.State, s.Reason, s.Waiver = Waived, ReasonWaived, w.ID
		soonest(ends, m.At, w.Until)
	}
	return s
}

func (s Standing) same() Standing {
	s.Under = s.State
	return s
}

// waivable reports whether a waiver covers a state. Where nothing is wanting none is needed.
func (s State) waivable() bool {
	return slices.Contains([]State{NotMet, Unknown, Stale, Attested}, s)
}

// weigh looks at every control; the worst counts.
func (c *Catalogue) weigh(s *Standing, controls []Control, in Inputs, m Moment) {
	s.State, s.Reason = Unknown, ReasonNoProbe
	for n, control := range controls {
		cs := c.control(control, in, m, &s.Until)
		s.Controls = append(s.Controls, cs)
		if n == 0 || cs.State.worse(s.State) {
			s.State, s.Reason = cs.State, cs.Reason
		}
	}
}

// control weighs the probes of one control. Of two that say the same the negative one decides, and then the query.
func (c *Catalogue) control(control Control, in Inputs, m Moment, ends *time.Time) ControlStanding {
	cs := ControlStanding{Control: control.ID, State: Unknown, Reason: ReasonNoProbe}
	for _, name := range control.Probes {
		p := c.probes[name].stands(in.Observations[name], m)
		soonest(ends, m.At, p.Ends)
		cs.Probes = append(cs.Probes, p)
	}
	weight := func(k Kind) int { return slices.Index([]Kind{Negative, Query, Attestation}, k) }
	slices.SortStableFunc(cs.Probes, func(a, b ProbeStanding) int { return cmp.Compare(weight(a.Kind), weight(b.Kind)) })
	for n, p := range cs.Probes {
		if n == 0 || p.State.worse(cs.State) {
			cs.State, cs.Reason, cs.Probe = p.State, p.Reason, p.Probe
		}
	}
	return cs
}

// stands says what a probe has to say: the run that was collected last decides, but one that could not tell takes no failure away.
func (p Probe) stands(all []Observation, m Moment) ProbeStanding {
	s := ProbeStanding{Probe: p.Name, Kind: p.Kind, State: Unknown, Reason: ReasonNeverRan}
	var last, told *Observation // the newest of all, and of those that could tell
	for n := range all {
		o := &all[n]
		if o.Received.After(m.Known) || o.Collected.After(m.At) || o.From.After(m.At) {
			continue
		}
		if last == nil || o.newer(last) {
			last = o
		}
		if o.outcome(m.Known) != Untold && (told == nil || o.newer(told)) {
			told = o
		}
	}
	switch {
	case last == nil:
	case told != nil && told.outcome(m.Known) == Failed:
		s.State, s.Reason, s.Observation = NotMet, ReasonFailed, told.ID
	case told == last:
		p.passed(&s, *last, m)
	case last.void(m.Known):
		s.Reason, s.Observation = ReasonVoid, last.ID
	default:
		s.Reason, s.Observation = ReasonUntold, last.ID
	}
	return s
}

// newer reports whether a run is newer than another.
func (o *Observation) newer(than *Observation) bool {
	return cmp.Or(o.Collected.Compare(than.Collected), o.Received.Compare(than.Received), cmp.Compare(o.ID, than.ID)) > 0
}

// passed says how much a pass is worth.
func (p Probe) passed(s *ProbeStanding, o Observation, m Moment) {
	s.Observation = o.ID
	end, why := o.Collected.Add(p.TTL()), ReasonExpired
	if !o.To.IsZero() && o.To.Before(end) {
		end, why = o.To, ReasonEnded
	}
	switch {
	case o.Version != p.Version:
		s.State, s.Reason = Stale, ReasonOlderProbe
	case !m.At.Before(end):
		s.State, s.Reason = Stale, why
	case p.Kind == Attestation || o.Kind == Attestation:
		s.State, s.Reason, s.Ends = Attested, ReasonAttested, end
	default:
		s.State, s.Reason, s.Ends = Met, ReasonPassed, end
	}
}

// soonest keeps the earlier of two ends that are still to come.
func soonest(end *time.Time, now, at time.Time) {
	if at.After(now) && (end.IsZero() || at.Before(*end)) {
		*end = at
	}
}

// answers says what was stated of some facts at a moment: of each the statement that is in force since last.
func (in Inputs) answers(facts []Fact, m Moment, ends *time.Time) Answers {
	a := Answers{}
	last := map[Fact]Statement{}
	for _, s := range in.Facts {
		if !slices.Contains(facts, s.Fact) || !s.known(m.Known) {
			continue
		}
		if s.From.After(m.At) {
			soonest(ends, m.At, s.From)
			continue
		}
		if before, ok := last[s.Fact]; !ok || cmp.Or(s.From.Compare(before.From), s.Confirmed.Compare(before.Confirmed), cmp.Compare(s.ID, before.ID)) > 0 {
			last[s.Fact] = s
		}
	}
	for f, s := range last {
		if s.Answer != NotSay {
			a[f] = s.Answer == Yes
		}
	}
	return a
}

// waiver returns the waiver of an obligation that ends last of those in force at a moment.
func (in Inputs) waiver(obligation string, m Moment) (Waiver, bool) {
	var found Waiver
	for _, w := range in.Waivers {
		if w.Obligation == obligation && w.holds(m) && w.Until.After(found.Until) {
			found = w
		}
	}
	return found, found.ID != ""
}
