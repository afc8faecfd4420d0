package standing

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Types of records.
const (
	RecordProposed evidence.Type = "standing.proposed"
	RecordTaken    evidence.Type = "standing.taken"
	RecordAgreed   evidence.Type = "standing.confirmed" // by a person, where another one has to follow or followed
	RecordRejected evidence.Type = "standing.rejected"
	RecordEnded    evidence.Type = "standing.ended"
	RecordLifted   evidence.Type = "standing.lifted"
	RecordRestored evidence.Type = "standing.restored"
	RecordNotified evidence.Type = "standing.notified"
)

// What happened.
const (
	FactContent  colophon.Code = "measure-fact-content"  // illegal or undesirable content was asked for or made
	FactRepeated colophon.Code = "measure-fact-repeated" // that, several times
	FactFake     colophon.Code = "measure-fact-fake"     // fake news
	FactLikeness colophon.Code = "measure-fact-likeness" // somebody's face or voice without consent
	FactLabel    colophon.Code = "measure-fact-label"    // a label removed, altered, forged or hidden
	FactUnusual  colophon.Code = "measure-fact-unusual"  // the account is used as no person uses one
	FactIdentity colophon.Code = "measure-fact-identity" // the identity is false or somebody else's
	FactOrder    colophon.Code = "measure-fact-order"    // an authority or court ordered it
	FactTerms    colophon.Code = "measure-fact-terms"    // the terms were broken in another way
)

// Facts lists what may have happened.
func Facts() []colophon.Code {
	return []colophon.Code{FactContent, FactRepeated, FactFake, FactLikeness, FactLabel, FactUnusual, FactIdentity, FactOrder, FactTerms}
}

// Why a measure ended before its time.
const (
	WhyAppeal   colophon.Code = "measure-why-appeal"   // an appeal was right
	WhyMistake  colophon.Code = "measure-why-mistake"  // it was found out without one
	WhyRemedied colophon.Code = "measure-why-remedied" // the account holder put it right
	WhyMilder   colophon.Code = "measure-why-milder"   // it was longer or more severe than needed
	WhyUnproven colophon.Code = "measure-why-unproven" // the findings do not bear it
)

// Reasons lists why a measure may be lifted, taken back or rejected.
func Reasons() []colophon.Code {
	return []colophon.Code{WhyAppeal, WhyMistake, WhyRemedied, WhyMilder, WhyUnproven}
}

// Draft is a measure that somebody wants.
type Draft struct {
	Subject  evidence.Subject
	Step     Step
	Function string // of Limit
	Ground   Ground
	Fact     colophon.Code
	Findings []string
	Until    time.Time     // or
	Lasts    time.Duration // from when it becomes active; 0 and no Until for what the ladder says
	Appeal   string
	Note     string // for the record, which is sealed
	Rule     string
	Origin   string // of what proposed it; a second draft of the same origin gives the first measure
}

const (
	maxWord     = 128
	maxLine     = 256
	maxNote     = 4096
	maxFindings = 100
	maxNotices  = 50
)

// payload is the payload of the records. Times are milliseconds since 1970.
type payload struct {
	Measure  string        `json:"measure"`
	Step     Step          `json:"step"`
	State    State         `json:"state"`
	Function string        `json:"function,omitempty"`
	Ground   *Ground       `json:"ground,omitempty"`
	Fact     colophon.Code `json:"fact,omitempty"`
	Findings []string      `json:"findings,omitempty"`
	Rule     string        `json:"rule,omitempty"`
	Origin   string        `json:"origin,omitempty"`
	By       string        `json:"by,omitempty"`
	Start    int64         `json:"start,omitempty"`
	Until    int64         `json:"until,omitempty"`
	Why      colophon.Code `json:"why,omitempty"`
	How      string        `json:"how,omitempty"`
	At       int64         `json:"at,omitempty"` // when the notice was delivered
	Note     string        `json:"note,omitempty"`
}

// Take takes a measure. One that needs two people is proposed, and counts the first.
func (k *Keeper) Take(ctx context.Context, by ledger.By, d Draft) (Measure, error) {
	return k.add(ctx, by, d, d.Step.people() > 1)
}

// Propose proposes a measure, for somebody else to confirm or reject.
func (k *Keeper) Propose(ctx context.Context, by ledger.By, d Draft) (Measure, error) {
	return k.add(ctx, by, d, true)
}

func (k *Keeper) add(ctx context.Context, by ledger.By, d Draft, propose bool) (Measure, error) {
	if err := k.check(&d); err != nil {
		return Measure{}, err
	}
	now := k.Now()
	m := Measure{By: by, Step: d.Step, Function: d.Function, Ground: d.Ground, Fact: d.Fact, Findings: d.Findings, Rule: d.Rule, Origin: d.Origin, Lasts: d.Lasts, Until: d.Until,
		Appeal: cmp.Or(d.Appeal, k.config.Appeal)}
	if person(by) == nil {
		m.Deciders = []Decider{{by, now}}
	} else if d.Step.people() > 1 && !propose {
		return Measure{}, person(by)
	}
	e := ledger.Entry[Measure]{Subject: d.Subject, State: string(Proposed), Keys: []ledger.Key{{Name: keyStep, Value: string(d.Step)}}}
	if d.Origin != "" {
		e.Keys = append(e.Keys, ledger.Key{Name: keyOrigin, Value: d.Origin, Unique: true})
	}
	if d.Step == Bar {
		if _, err := k.persons(ctx, d.Subject); err != nil {
			return Measure{}, err
		}
	}
	typ := RecordProposed
	if !propose {
		typ, e.State = RecordTaken, string(Active)
		if err := m.begin(now); err != nil {
			return Measure{}, err
		}
		e.Due = m.Until
	}
	id, err := k.config.Recorder.NewID()
	if err != nil {
		return Measure{}, err
	}
	e.ID, e.Value, m.ID, m.State = id, m, id, State(e.State)
	p := m.payload(by, d.Note)
	p.Ground, p.Fact, p.Findings, p.Rule, p.Origin, p.Function = &m.Ground, m.Fact, m.Findings, m.Rule, m.Origin, m.Function
	e, err = k.measures.Add(ctx, e, nil, ledger.Act{Type: typ, Role: by.Role, Clauses: m.Ground.cited(), Payload: p})
	if existed(err) && d.Origin != "" {
		e, err = k.measures.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyOrigin, Value: d.Origin}}})
	}
	return measure(e), err
}

// cited are the clauses of the records: Art. 10 says what may be done to an account, the ground why.
func (g Ground) cited() []colophon.Clause {
	if slices.Contains(g.Clauses, colophon.ClauseDS10) {
		return g.Clauses
	}
	return append([]colophon.Clause{colophon.ClauseDS10}, g.Clauses...)
}

func (m *Measure) payload(by ledger.By, note string) payload {
	p := payload{Measure: m.ID, Step: m.Step, State: m.State, By: by.ID, Note: note}
	if !m.Start.IsZero() {
		p.Start = m.Start.UnixMilli()
	}
	if !m.Until.IsZero() {
		p.Until = m.Until.UnixMilli()
	}
	return p
}

// begin has a measure begin now.
func (m *Measure) begin(now time.Time) error {
	if m.Lasts > 0 {
		m.Until = now.Add(m.Lasts)
	}
	if !m.Until.IsZero() && !m.Until.After(now) {
		return invalid("until")
	}
	m.Start = now
	return nil
}

// check looks at a draft and fills in how long the ladder has it last.
func (k *Keeper) check(d *Draft) error {
	t := k.rules.Load().table
	i := slices.IndexFunc(t.Ladder, func(r Rung) bool { return r.Step == d.Step })
	if i < 0 {
		return invalid("step")
	}
	rung, lasts := t.Ladder[i], d.Lasts
	if !d.Until.IsZero() {
		d.Until = d.Until.UTC().Truncate(time.Millisecond)
		lasts = d.Until.Sub(k.Now())
	}
	switch {
	case d.Subject == "" || d.Subject == evidence.System || !word(string(d.Subject), maxWord):
		return invalid("account")
	case (d.Step == Limit) != (d.Function != "") || d.Function != "" && !word(d.Function, maxWord):
		return invalid("function")
	case len(d.Ground.Clauses) == 0 && d.Ground.Terms == "" || !line(d.Ground.Terms, maxLine) || !grounded(d.Ground.Clauses):
		return invalid("ground")
	case !slices.Contains(Facts(), d.Fact):
		return invalid("fact")
	case len(d.Findings) > maxFindings || slices.ContainsFunc(d.Findings, func(f string) bool { return !word(f, maxWord) }):
		return invalid("findings")
	case d.Lasts != 0 && !d.Until.IsZero() || lasts < 0 || !d.Until.IsZero() && lasts == 0:
		return invalid("until")
	case rung.Longest > 0 && lasts > time.Duration(rung.Longest):
		return invalid("until")
	case !line(d.Appeal, maxLine):
		return invalid("appeal")
	case len(d.Note) > maxNote:
		return invalid("note")
	case d.Rule != "" && !word(d.Rule, maxWord) || d.Origin != "" && !word(d.Origin, maxWord):
		return invalid("origin")
	}
	if lasts == 0 {
		d.Lasts = time.Duration(rung.Lasts)
	}
	return nil
}

// persons returns the digests by which the person behind an account is barred.
func (k *Keeper) persons(ctx context.Context, subject evidence.Subject) ([]ledger.Key, error) {
	who, err := k.config.People.Person(ctx, subject)
	digests := who.Numbers
	if len(digests) == 0 {
		digests = who.Phones
	}
	if err == nil && len(digests) == 0 {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeUnknown}
	}
	keys := make([]ledger.Key, len(digests))
	for i, d := range digests {
		keys[i] = ledger.Key{Name: keyPerson, Value: d, Personal: true}
	}
	return keys, err
}

// Confirm agrees to a proposed measure. It becomes active when as many people agreed as the step needs; each may agree once.
func (k *Keeper) Confirm(ctx context.Context, by ledger.By, id, note string) (Measure, error) {
	if err := person(by); err != nil {
		return Measure{}, err
	}
	m, err := k.Measure(ctx, id)
	if err != nil {
		return Measure{}, err
	}
	var persons []ledger.Key
	if m.Step == Bar && m.State == Proposed {
		if persons, err = k.persons(ctx, m.Subject); err != nil {
			return Measure{}, err
		}
	}
	return k.change(ctx, id, note, func(e *ledger.Entry[Measure], m *Measure) (ledger.Act, error) {
		if err := m.to(Active); err != nil {
			return ledger.Act{}, err
		}
		if slices.ContainsFunc(m.Deciders, func(d Decider) bool { return d.ID == by.ID }) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Refused, Code: CodeSecond, Clauses: []colophon.Clause{colophon.ClauseDS10}}
		}
		now := k.Now()
		m.Deciders = append(slices.Clone(m.Deciders), Decider{by, now})
		act := ledger.Act{Type: RecordAgreed, Role: by.Role, Clauses: m.Ground.cited()}
		if len(m.Deciders) < m.Step.people() {
			m.State = Proposed
		} else {
			if err := m.begin(now); err != nil {
				return act, err
			}
			act.Type = RecordTaken
			e.Keys = append(slices.Clone(e.Keys), persons...)
		}
		act.Payload = m.payload(by, note)
		return act, nil
	})
}

// Reject says that a proposed measure is not taken.
func (k *Keeper) Reject(ctx context.Context, by ledger.By, id string, why colophon.Code, note string) (Measure, error) {
	return k.close(ctx, by, id, Rejected, RecordRejected, why, note)
}

// Lift ends a measure before its time. That it was taken stays right.
func (k *Keeper) Lift(ctx context.Context, by ledger.By, id string, why colophon.Code, note string) (Measure, error) {
	return k.close(ctx, by, id, Lifted, RecordLifted, why, note)
}

// Restore takes a measure back, even one that is over: the account stands as if it had not been taken.
func (k *Keeper) Restore(ctx context.Context, by ledger.By, id string, why colophon.Code, note string) (Measure, error) {
	return k.close(ctx, by, id, Restored, RecordRestored, why, note)
}

func (k *Keeper) close(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, why colophon.Code, note string) (Measure, error) {
	if err := person(by); err != nil {
		return Measure{}, err
	}
	if !slices.Contains(Reasons(), why) {
		return Measure{}, invalid("why")
	}
	m, err := k.Measure(ctx, id)
	if err == nil && m.Step == Bar && m.State.May(to) { // first, so that what failed in between is done when it is asked for again
		err = k.release(ctx, by, m, to, typ, why)
	}
	if err != nil {
		return Measure{}, err
	}
	return k.shut(ctx, by, id, to, typ, why, note)
}

// shut lets a measure end before its time.
func (k *Keeper) shut(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, why colophon.Code, note string) (Measure, error) {
	return k.change(ctx, id, note, func(_ *ledger.Entry[Measure], m *Measure) (ledger.Act, error) {
		if err := m.to(to); err != nil {
			return ledger.Act{}, err
		}
		now := k.Now()
		m.Closed = &Closing{Decider{by, now}, why}
		if m.Ended.IsZero() {
			m.Ended = now
		}
		p := m.payload(by, note)
		p.Why = why
		return ledger.Act{Type: typ, Role: by.Role, Clauses: m.Ground.cited(), Payload: p}, nil
	})
}

// Notify says that the account holder was told of a measure, when and how.
func (k *Keeper) Notify(ctx context.Context, by ledger.By, id string, d Delivery) (Measure, error) {
	d.At = d.At.UTC().Truncate(time.Millisecond)
	if d.At.IsZero() || d.At.After(k.Now().Add(time.Minute)) {
		return Measure{}, invalid("at")
	}
	if !word(d.How, maxWord) {
		return Measure{}, invalid("how")
	}
	return k.change(ctx, id, "", func(_ *ledger.Entry[Measure], m *Measure) (ledger.Act, error) {
		if m.State == Proposed || m.State == Rejected {
			return ledger.Act{}, invalid("state")
		}
		if len(m.Notices) >= maxNotices {
			return ledger.Act{}, invalid("notices")
		}
		m.Notices = append(slices.Clone(m.Notices), d)
		p := m.payload(by, "")
		p.How, p.At = d.How, d.At.UnixMilli()
		return ledger.Act{Type: RecordNotified, Role: by.Role, Clauses: m.Ground.cited(), Payload: p}, nil
	})
}

// Expire records that measures are over by their time, and returns how many. Nothing waits for it: they block nothing any
// more already.
func (k *Keeper) Expire(ctx context.Context, limit int) (int, error) {
	due, err := k.config.Measures.Find(ctx, ledger.Query{States: []string{string(Active)}, Due: k.Now(), Limit: limit})
	if err != nil {
		return 0, err
	}
	for i, e := range due {
		_, err := k.change(ctx, e.ID, "", func(_ *ledger.Entry[Measure], m *Measure) (ledger.Act, error) {
			if m.State != Active || m.InForce(k.Now()) {
				return ledger.Act{}, ledger.ErrSame
			}
			if err := m.to(Ended); err != nil {
				return ledger.Act{}, err
			}
			m.Ended = m.Until
			return ledger.Act{Type: RecordEnded, Role: system, Clauses: m.Ground.cited(), Payload: m.payload(ledger.By{}, "")}, nil
		})
		if err != nil {
			return i, err
		}
	}
	return len(due), nil
}

// to moves a measure into another state, where that follows.
func (m *Measure) to(s State) error {
	if !m.State.May(s) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": string(m.State), "to": string(s)}}
	}
	m.State = s
	return nil
}

// change changes a measure. What is not in force any more needs no digests of a person.
func (k *Keeper) change(ctx context.Context, id, note string, fn func(*ledger.Entry[Measure], *Measure) (ledger.Act, error)) (Measure, error) {
	if len(note) > maxNote {
		return Measure{}, invalid("note")
	}
	e, err := k.measures.Change(ctx, id, func(e *ledger.Entry[Measure]) (ledger.Act, error) {
		m := measure(*e)
		act, err := fn(e, &m)
		e.Value, e.State, e.Due = m, string(m.State), time.Time{}
		if m.State == Active {
			e.Due = m.Until
		} else {
			e.Keys = slices.DeleteFunc(slices.Clone(e.Keys), func(key ledger.Key) bool { return key.Name == keyPerson })
		}
		return act, err
	})
	return measure(e), err
}
