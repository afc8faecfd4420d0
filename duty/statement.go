package duty

import (
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Answer is what is stated of a fact.
type Answer string

// The answers.
const (
	Yes    Answer = "yes"
	No     Answer = "no"
	NotSay Answer = "unknown" // takes an earlier statement back
)

// Step is where a statement or a waiver is.
type Step string

// The steps of statements and waivers.
const (
	Proposed  Step = "proposed"
	Confirmed Step = "confirmed" // a statement counts
	Approved  Step = "approved"  // a waiver counts
	Rejected  Step = "rejected"  // or taken back by whoever proposed it
	Over      Step = "ended"     // a waiver was ended before its time
)

var statementSteps = ledger.Steps[Step]{
	{Proposed, []Step{Confirmed, Rejected}},
	{Confirmed, nil},
	{Rejected, nil},
}

var waiverSteps = ledger.Steps[Step]{
	{Proposed, []Step{Approved, Rejected}},
	{Approved, []Step{Over}},
	{Rejected, nil},
	{Over, nil},
}

// StatementSteps is the life of a statement.
func StatementSteps() ledger.Steps[Step] { return slices.Clone(statementSteps) }

// WaiverSteps is the life of a waiver.
func WaiverSteps() ledger.Steps[Step] { return slices.Clone(waiverSteps) }

// Statement says of a fact whether it is so, from a time on. Of a person's two people are needed, since an obligation that
// does not apply is looked at no more; what the program finds in its own records counts at once.
type Statement struct {
	ID        string    `json:"-"`
	Step      Step      `json:"-"`
	Fact      Fact      `json:"fact"`
	Answer    Answer    `json:"answer"`
	Why       string    `json:"why"`
	From      time.Time `json:"from"`
	Author    string    `json:"author,omitempty"` // staff account; empty for the program
	Second    string    `json:"second,omitempty"` // who confirmed or rejected
	Confirmed time.Time `json:"confirmed,omitzero"`
}

// known reports whether a statement counted by what was known at a time.
func (s Statement) known(at time.Time) bool { return !s.Confirmed.IsZero() && !s.Confirmed.After(at) }

// Waiver is leave to do without an obligation until a time.
type Waiver struct {
	ID         string    `json:"-"`
	Step       Step      `json:"-"`
	Obligation string    `json:"obligation"`
	Why        string    `json:"why"`
	Until      time.Time `json:"until"`
	Author     string    `json:"author"`
	Second     string    `json:"second,omitempty"` // who approved or rejected
	Approved   time.Time `json:"approved,omitzero"`
	Ended      time.Time `json:"ended,omitzero"`
	Ender      string    `json:"ender,omitempty"`
}

// holds reports whether a waiver is in force at a moment.
func (w Waiver) holds(m Moment) bool {
	begun := !w.Approved.IsZero() && !w.Approved.After(m.Known) && !w.Approved.After(m.At)
	ended := !w.Ended.IsZero() && !w.Ended.After(m.Known) && !w.Ended.After(m.At)
	return begun && !ended && m.At.Before(w.Until)
}

func statement(e ledger.Entry[Statement]) Statement {
	s := e.Value
	s.ID, s.Step = e.ID, Step(e.State)
	return s
}

func waiver(e ledger.Entry[Waiver]) Waiver {
	w := e.Value
	w.ID, w.Step = e.ID, Step(e.State)
	return w
}

// told is the payload of the records of statements and waivers.
type told struct {
	ID    string `json:"id"`
	By    string `json:"by,omitempty"`
	Note  string `json:"note,omitempty"`
	Value any    `json:"value"`
}

// Declare enters what somebody says of a fact. A zero from is now; a later one may be given, an earlier one too, since a fact may
// have been so before anybody said it.
func (k *Keeper) Declare(ctx context.Context, by ledger.By, f Fact, a Answer, from time.Time, why string) (Statement, error) {
	now := k.facts.Now()
	s := Statement{Fact: f, Answer: a, Why: why, From: from.UTC().Truncate(time.Millisecond), Author: by.ID}
	if from.IsZero() {
		s.From = now
	}
	switch {
	case !slices.Contains(AllFacts(), f):
		return Statement{}, invalid("fact")
	case !slices.Contains([]Answer{Yes, No, NotSay}, a):
		return Statement{}, invalid("answer")
	case why == "" || !prose(why, maxReason):
		return Statement{}, invalid("why")
	}
	step, typ := Proposed, RecordFactProposed
	if by.Role == system {
		step, typ, s.Author, s.Confirmed = Confirmed, RecordFactConfirmed, "", now
	} else if err := person(by); err != nil {
		return Statement{}, err
	}
	id, err := k.facts.Recorder.NewID()
	if err != nil {
		return Statement{}, err
	}
	e, err := k.facts.Add(ctx, ledger.Entry[Statement]{ID: id, State: string(step), Value: s}, nil, ledger.Act{Type: typ, Role: by.Role, Payload: told{id, s.Author, "", s}})
	return statement(e), err
}

// ConfirmFact lets what somebody else said of a fact count.
func (k *Keeper) ConfirmFact(ctx context.Context, by ledger.By, id string) (Statement, error) {
	return k.decideFact(ctx, by, id, Confirmed, RecordFactConfirmed, "")
}

// RejectFact says that it does not count. Whoever said it may take it back so.
func (k *Keeper) RejectFact(ctx context.Context, by ledger.By, id, note string) (Statement, error) {
	if note == "" || !prose(note, maxReason) {
		return Statement{}, invalid("note")
	}
	return k.decideFact(ctx, by, id, Rejected, RecordFactRejected, note)
}

func (k *Keeper) decideFact(ctx context.Context, by ledger.By, id string, to Step, typ evidence.Type, note string) (Statement, error) {
	e, err := k.facts.Change(ctx, id, func(e *ledger.Entry[Statement]) (ledger.Act, error) {
		if err := decides(by, e.Value.Author, to == Rejected); err != nil {
			return ledger.Act{}, err
		}
		if !statementSteps.May(Step(e.State), to) {
			return ledger.Act{}, step(e.State, string(to))
		}
		e.State, e.Value.Second = string(to), by.ID
		if to == Confirmed {
			e.Value.Confirmed = k.facts.Now()
		}
		return ledger.Act{Type: typ, Role: by.Role, Payload: told{e.ID, by.ID, note, e.Value}}, nil
	})
	return statement(e), err
}

// decides refuses the author, unless it is to take something back.
func decides(by ledger.By, author string, back bool) error {
	if back {
		return person(by)
	}
	return other(by, author)
}

// ProposeWaiver asks for leave to do without an obligation, for a year at most.
func (k *Keeper) ProposeWaiver(ctx context.Context, by ledger.By, obligation string, until time.Time, why string) (Waiver, error) {
	if err := person(by); err != nil {
		return Waiver{}, err
	}
	i, err := k.config.Catalogue.Item(obligation)
	if err != nil {
		return Waiver{}, err
	}
	now := k.waivers.Now()
	switch {
	case !until.After(now) || until.After(now.Add(maxWaiver)):
		return Waiver{}, invalid("until")
	case why == "" || !prose(why, maxReason):
		return Waiver{}, invalid("why")
	}
	id, err := k.waivers.Recorder.NewID()
	if err != nil {
		return Waiver{}, err
	}
	w := Waiver{Obligation: obligation, Why: why, Until: until.UTC().Truncate(time.Millisecond), Author: by.ID}
	e := ledger.Entry[Waiver]{ID: id, State: string(Proposed), Value: w, Keys: []ledger.Key{{Name: keyObligation, Value: obligation}}}
	e, err = k.waivers.Add(ctx, e, nil, ledger.Act{Type: RecordWaiverProposed, Role: by.Role, Clauses: i.Clauses(), Payload: told{id, by.ID, "", w}})
	return waiver(e), err
}

// ApproveWaiver puts a waiver that somebody else proposed in force.
func (k *Keeper) ApproveWaiver(ctx context.Context, by ledger.By, id string) (Waiver, error) {
	return k.decideWaiver(ctx, by, id, Approved, RecordWaiverApproved, "", func(w *Waiver, now time.Time) error {
		if !w.Until.After(now) {
			return invalid("until")
		}
		w.Second, w.Approved = by.ID, now
		return nil
	})
}

// RejectWaiver says that it is not to be. Whoever proposed it may take it back so.
func (k *Keeper) RejectWaiver(ctx context.Context, by ledger.By, id, note string) (Waiver, error) {
	return k.decideWaiver(ctx, by, id, Rejected, RecordWaiverRejected, note, func(w *Waiver, _ time.Time) error {
		w.Second = by.ID
		return nil
	})
}

// EndWaiver ends a waiver before its time.
func (k *Keeper) EndWaiver(ctx context.Context, by ledger.By, id, note string) (Waiver, error) {
	return k.decideWaiver(ctx, by, id, Over, RecordWaiverEnded, note, func(w *Waiver, now time.Time) error {
		w.Ender, w.Ended = by.ID, now
		return nil
	})
}

func (k *Keeper) decideWaiver(ctx context.Context, by ledger.By, id string, to Step, typ evidence.Type, note string, fn func(w *Waiver, now time.Time) error) (Waiver, error) {
	if to != Approved && note == "" || !prose(note, maxReason) {
		return Waiver{}, invalid("note")
	}
	e, err := k.waivers.Change(ctx, id, func(e *ledger.Entry[Waiver]) (ledger.Act, error) {
		if err := decides(by, e.Value.Author, to != Approved); err != nil {
			return ledger.Act{}, err
		}
		if !waiverSteps.May(Step(e.State), to) {
			return ledger.Act{}, step(e.State, string(to))
		}
		if err := fn(&e.Value, k.waivers.Now()); err != nil {
			return ledger.Act{}, err
		}
		e.State = string(to)
		return ledger.Act{Type: typ, Role: by.Role, Clauses: k.about(e.Value.Obligation), Payload: told{e.ID, by.ID, note, e.Value}}, nil
	})
	return waiver(e), err
}

// Waivers returns a page of waivers, the newest first, and where the next page begins. Without an obligation it is all.
func (k *Keeper) Waivers(ctx context.Context, obligation, after string, limit int) ([]Waiver, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	if obligation != "" {
		q.Keys = []ledger.Key{{Name: keyObligation, Value: obligation}}
	}
	page, next, err := k.waivers.Page(ctx, q)
	list := make([]Waiver, len(page))
	for i, e := range page {
		list[i] = waiver(e)
	}
	return list, next, err
}

// Statements returns a page of what was said of facts, the newest first, and where the next page begins.
func (k *Keeper) Statements(ctx context.Context, after string, limit int) ([]Statement, string, error) {
	page, next, err := k.facts.Page(ctx, ledger.Query{Newest: true, After: after, Limit: limit})
	list := make([]Statement, len(page))
	for i, e := range page {
		list[i] = statement(e)
	}
	return list, next, err
}
