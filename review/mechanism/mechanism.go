// Package mechanism keeps the reviews of how an algorithm works (Deep Synthesis Provisions Art. 15, Algorithm Recommendation
// Provisions Art. 8). One person examines the version that serves now and writes down what was found of each point; another
// decides. A review holds for the one digest that was serving when it was written.
//
// [Keeper.State] computes whether an algorithm is covered from what is stored and from what [Serving] says now: when another
// digest serves, when the day of the next review comes, or when a condition was not met in time, the review counts no more,
// without anything having to run. [Keeper.Sweep] writes down what lapsed, so that the record shows when.
//
// What not to do here: never let an error read as covered. Never let the examiner decide. Never call an algorithm fit of which
// a point failed or could not be told. Never name a person in a finding.
package mechanism

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of reviews.
const Ledger = "mechanism-reviews"

// Types of records.
const (
	RecordProposed   evidence.Type = "mechanism.proposed"
	RecordApproved   evidence.Type = "mechanism.approved"
	RecordRejected   evidence.Type = "mechanism.rejected"
	RecordMet        evidence.Type = "mechanism.condition-met"
	RecordLapsed     evidence.Type = "mechanism.lapsed"
	RecordSuperseded evidence.Type = "mechanism.superseded"
)

// Codes of errors.
const (
	CodeInvalid    colophon.Code = "mechanism-invalid"     // arg "field"
	CodeMissing    colophon.Code = "mechanism-missing"     // there is no such review
	CodeStep       colophon.Code = "mechanism-step"        // args "from", "to"
	CodePerson     colophon.Code = "mechanism-person"      // a person has to do it
	CodeOwn        colophon.Code = "mechanism-own"         // another person has to decide
	CodeNotServing colophon.Code = "mechanism-not-serving" // nothing serves the algorithm, so there is nothing to review
	CodeChanged    colophon.Code = "mechanism-changed"     // another digest serves since it was written
	CodeConclusion colophon.Code = "mechanism-conclusion"  // the conclusion is better than what was found
	CodeNext       colophon.Code = "mechanism-next"        // the day of the next review is not within a year
)

// Codes of the reasons for which a review does not cover an algorithm.
const (
	ReasonNone      colophon.Code = "mechanism-none"
	ReasonServing   colophon.Code = "mechanism-serving-changed"
	ReasonStopped   colophon.Code = "mechanism-serving-stopped"
	ReasonNext      colophon.Code = "mechanism-next-due"
	ReasonCondition colophon.Code = "mechanism-condition-overdue"
	ReasonEnded     colophon.Code = "mechanism-ended"
	ReasonUnfit     colophon.Code = "mechanism-unfit"
	ReasonUntold    colophon.Code = "mechanism-untold"
)

// State says where a review is.
type State string

// The states.
const (
	Proposed   State = "proposed"
	Approved   State = "approved"
	Rejected   State = "rejected"
	Lapsed     State = "lapsed"
	Superseded State = "superseded"
)

// Steps is the life of a review.
func Steps() ledger.Steps[State] {
	return ledger.Steps[State]{{Proposed, []State{Approved, Rejected}}, {Approved, []State{Lapsed, Superseded}}, {Rejected, nil}, {Lapsed, nil}, {Superseded, nil}}
}

// Coverage says whether an algorithm has a review that covers what serves it now.
type Coverage string

// The coverages.
const (
	Untold  Coverage = "" // it could not be told
	None    Coverage = "missing"
	Stale   Coverage = "stale"
	Adverse Coverage = "adverse" // one covers it, and says that it must not serve
	Current Coverage = "current"
)

// Answer says whether an algorithm is covered.
type Answer struct {
	State  Coverage
	ID     string        // of the review that says so
	Reason colophon.Code // why it is not current
	Until  time.Time     // when a current one ends by itself
}

// Serving says which version of an algorithm serves now, by its digest; not ok where none does.
type Serving func(ctx context.Context, algorithm string) (digest string, ok bool, err error)

// Entry is a review as it is kept.
type Entry = ledger.Entry[Review]

const (
	keyAlgorithm = "algorithm"
	system       = evidence.Role("system")
)

// Keeper is the worker of reviews. It is safe for use by many goroutines.
type Keeper struct {
	book    ledger.Book[Review]
	serving Serving
}

// New makes a keeper.
func New(store ledger.Store[Review], recorder *evidence.Recorder, serving Serving) *Keeper {
	return &Keeper{ledger.Book[Review]{Store: store, Recorder: recorder, Use: Ledger, Missing: CodeMissing}, serving}
}

// Propose enters what was found of the version that serves now.
func (k *Keeper) Propose(ctx context.Context, by ledger.By, x Examination) (Entry, error) {
	if !by.Person() {
		return Entry{}, refused(CodePerson)
	}
	if err := x.check(); err != nil {
		return Entry{}, err
	}
	if err := k.soon(x); err != nil {
		return Entry{}, err
	}
	digest, ok, err := k.serving(ctx, x.Algorithm)
	switch {
	case err != nil:
		return Entry{}, err
	case !ok || digest == "":
		return Entry{}, refused(CodeNotServing)
	case x.Digest != "" && x.Digest != digest:
		return Entry{}, refused(CodeChanged)
	}
	x.Digest = digest
	for i := range x.Conditions {
		x.Conditions[i].Met, x.Conditions[i].By = time.Time{}, ""
	}
	v := Review{Examination: x, Author: by.ID}
	e := Entry{State: string(Proposed), Value: v, Keys: []ledger.Key{{Name: keyAlgorithm, Value: x.Algorithm}}}
	return k.book.Add(ctx, e, nil, ledger.Act{Type: RecordProposed, Role: by.Role, Clauses: clauses(), Payload: v})
}

// Approve has a review cover the version that it is of, unless another one serves by now. It takes the place of what covered
// the algorithm before.
func (k *Keeper) Approve(ctx context.Context, by ledger.By, id string) (Entry, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	digest, ok, err := k.serving(ctx, e.Value.Algorithm)
	if err != nil {
		return Entry{}, err
	}
	e, err = k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := k.decides(by, e, Approved); err != nil {
			return ledger.Act{}, err
		}
		if !ok || digest != e.Value.Digest {
			return ledger.Act{}, refused(CodeChanged)
		}
		if err := k.soon(e.Value.Examination); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Decider, e.Value.Decided = by.ID, k.book.Now()
		e.Due = e.Value.until()
		return act(RecordApproved, by, e, ""), nil
	})
	if err != nil {
		return Entry{}, err
	}
	return e, k.tidy(ctx, e.Value.Algorithm)
}

// Reject says that another person does not agree, and why. The note stands in the sealed payload of the record alone.
func (k *Keeper) Reject(ctx context.Context, by ledger.By, id string, note string) (Entry, error) {
	if !prose(note) {
		return Entry{}, invalid("note")
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := k.decides(by, e, Rejected); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Decider, e.Value.Decided = by.ID, k.book.Now()
		return act(RecordRejected, by, e, note), nil
	})
}

// Meet says that a condition of an approved review was met, and how. After its day it is too late.
func (k *Keeper) Meet(ctx context.Context, by ledger.By, id string, condition int, note string) (Entry, error) {
	if !prose(note) {
		return Entry{}, invalid("note")
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		switch {
		case !by.Person():
			return ledger.Act{}, refused(CodePerson)
		case State(e.State) != Approved:
			return ledger.Act{}, stepped(e.State, Approved)
		case condition < 0 || condition >= len(e.Value.Conditions) || !e.Value.Conditions[condition].Met.IsZero():
			return ledger.Act{}, invalid("condition")
		}
		due, err := day(e.Value.Conditions[condition].Due)
		if err != nil {
			return ledger.Act{}, err
		}
		if !k.book.Now().Before(due.AddDate(0, 0, 1)) {
			return ledger.Act{}, refused(ReasonCondition)
		}
		list := slices.Clone(e.Value.Conditions)
		list[condition].Met, list[condition].By = k.book.Now(), by.ID
		e.Value.Conditions = list
		e.Due = e.Value.until()
		return act(RecordMet, by, e, note), nil
	})
}

// End ends a review that is in force before its time, for a reason.
func (k *Keeper) End(ctx context.Context, by ledger.By, id, note string) (Entry, error) {
	if !by.Person() {
		return Entry{}, refused(CodePerson)
	}
	if !prose(note) {
		return Entry{}, invalid("note")
	}
	return k.lapse(ctx, by, id, ReasonEnded, note)
}

func (k *Keeper) lapse(ctx context.Context, by ledger.By, id string, reason colophon.Code, note string) (Entry, error) {
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := to(e, Lapsed); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Ended, e.Value.Reason, e.Due = k.book.Now(), reason, time.Time{}
		return act(RecordLapsed, by, e, note), nil
	})
}

// tidy takes out of force what covers an algorithm beside the review that was approved last.
func (k *Keeper) tidy(ctx context.Context, algorithm string) error {
	list, err := k.inForce(ctx, algorithm)
	if err != nil {
		return err
	}
	for _, old := range list[min(1, len(list)):] {
		_, err := k.book.Change(ctx, old.ID, func(e *Entry) (ledger.Act, error) {
			if State(e.State) != Approved {
				return ledger.Act{}, ledger.ErrSame
			}
			e.State, e.Value.Ended, e.Due = string(Superseded), k.book.Now(), time.Time{}
			return act(RecordSuperseded, ledger.By{Role: system}, e, ""), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inForce lists the approved reviews of an algorithm, the one that was approved last first.
func (k *Keeper) inForce(ctx context.Context, algorithm string) ([]Entry, error) {
	list, err := k.book.Store.Find(ctx, ledger.Query{States: []string{string(Approved)}, Keys: []ledger.Key{{Name: keyAlgorithm, Value: algorithm}}})
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(b.Value.Decided.Compare(a.Value.Decided), strings.Compare(b.ID, a.ID))
	})
	return list, err
}

// State says whether an algorithm, as it serves now, has a review that covers it. With an error the answer is Untold.
func (k *Keeper) State(ctx context.Context, algorithm string) (Answer, error) {
	list, err := k.inForce(ctx, algorithm)
	if err != nil {
		return Answer{Reason: ReasonUntold}, err
	}
	if len(list) > 0 {
		return k.Of(ctx, list[0])
	}
	past, err := k.book.Store.Find(ctx, ledger.Query{States: []string{string(Lapsed)}, Keys: []ledger.Key{{Name: keyAlgorithm, Value: algorithm}}, Newest: true, Limit: 1})
	switch {
	case err != nil:
		return Answer{Reason: ReasonUntold}, err
	case len(past) == 0:
		return Answer{State: None, Reason: ReasonNone}, nil
	}
	return Answer{State: Stale, ID: past[0].ID, Reason: past[0].Value.Reason}, nil
}

// Of says of one review whether it covers what serves now.
func (k *Keeper) Of(ctx context.Context, e Entry) (Answer, error) {
	a := Answer{ID: e.ID, State: Stale, Reason: e.Value.Reason}
	if State(e.State) != Approved {
		if State(e.State) != Lapsed {
			a.State, a.Reason = None, ""
		}
		return a, nil
	}
	reason, err := k.stale(ctx, e)
	switch {
	case err != nil:
		return Answer{ID: e.ID, Reason: ReasonUntold}, err
	case reason != "":
		a.Reason = reason
	case e.Value.Conclusion == Unfit:
		a.State, a.Reason = Adverse, ReasonUnfit
	default:
		a.State, a.Reason, a.Until = Current, "", e.Value.until()
	}
	return a, nil
}

// stale says why a review in force does not cover what serves now; it is empty where it does.
func (k *Keeper) stale(ctx context.Context, e Entry) (colophon.Code, error) {
	digest, ok, err := k.serving(ctx, e.Value.Algorithm)
	next, bad := day(e.Value.Next)
	now := k.book.Now()
	switch {
	case err != nil || bad != nil:
		return "", errors.Join(err, bad)
	case !ok:
		return ReasonStopped, nil
	case digest != e.Value.Digest:
		return ReasonServing, nil
	case !now.Before(next):
		return ReasonNext, nil
	case !now.Before(e.Value.until()):
		return ReasonCondition, nil
	}
	return "", nil
}

// Sweep writes down which reviews lapsed. Where it can't be told what serves an algorithm its review does not lapse, and the
// error is returned with those of the others.
func (k *Keeper) Sweep(ctx context.Context) error {
	var failed error
	err := k.book.All(ctx, ledger.Query{States: []string{string(Approved)}}, func(e Entry) error {
		reason, err := k.stale(ctx, e)
		if err != nil {
			failed = errors.Join(failed, err)
			return nil
		}
		if reason == "" {
			return k.tidy(ctx, e.Value.Algorithm)
		}
		_, err = k.lapse(ctx, ledger.By{Role: system}, e.ID, reason, "")
		var stepped *colophon.Error
		if errors.As(err, &stepped) && stepped.Code == CodeStep {
			return nil // it was superseded just now
		}
		return err
	})
	return errors.Join(err, failed)
}

// Review returns a review.
func (k *Keeper) Review(ctx context.Context, id string) (Entry, error) { return k.book.Get(ctx, id) }

// Query narrows a list of reviews. What is empty fits all.
type Query struct {
	Algorithm string
	State     State
	After     string
	Limit     int
}

// Reviews returns a page of reviews, the newest first, and where the next one begins.
func (k *Keeper) Reviews(ctx context.Context, q Query) ([]Entry, string, error) {
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	if q.Algorithm != "" {
		find.Keys = []ledger.Key{{Name: keyAlgorithm, Value: q.Algorithm}}
	}
	if q.State != "" {
		find.States = []string{string(q.State)}
	}
	return k.book.Page(ctx, find)
}

// decides refuses the examiner, whoever is no person, and what the table of steps does not have; else it takes the step.
func (k *Keeper) decides(by ledger.By, e *Entry, s State) error {
	switch {
	case !by.Person():
		return refused(CodePerson)
	case by.ID == e.Value.Author:
		return refused(CodeOwn)
	}
	return to(e, s)
}

func to(e *Entry, s State) error {
	if !Steps().May(State(e.State), s) {
		return stepped(e.State, s)
	}
	e.State = string(s)
	return nil
}

// decision is what a record says of a step.
type decision struct {
	Review    string        `json:"review"`
	Algorithm string        `json:"algorithm"`
	Serving   string        `json:"serving"`
	By        string        `json:"by,omitempty"`
	Reason    colophon.Code `json:"reason,omitempty"`
	Note      string        `json:"note,omitempty"`
}

func act(typ evidence.Type, by ledger.By, e *Entry, note string) ledger.Act {
	v := e.Value
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: decision{e.ID, v.Algorithm, v.Digest, by.ID, v.Reason, note}}
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS7, colophon.ClauseDS15} }

func refused(code colophon.Code) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Clauses: clauses()}
}

func stepped(from string, s State) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": from, "to": string(s)}}
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}
