package policy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

const (
	keySystem = "system"
	keyNumber = "number" // system and number: only one version may have each
)

// Keeper is the worker of the versions. It is safe for use by many goroutines.
type Keeper struct {
	book ledger.Book[Version]
}

// New makes a keeper.
func New(store ledger.Store[Version], recorder *evidence.Recorder) *Keeper {
	return &Keeper{ledger.Book[Version]{Store: store, Recorder: recorder, Missing: CodeMissing}}
}

// changed is the payload of the records.
type changed struct {
	Version string `json:"version"`
	By      string `json:"by"`
	Note    string `json:"note,omitempty"`
	System  System `json:"system"`
	Number  int    `json:"number,omitempty"`
	Digest  string `json:"digest"`
	Value   any    `json:"value,omitempty"`
}

func act(typ evidence.Type, by ledger.By, id string, v Version, note string, value any) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(v.Document.System), Payload: changed{id, by.ID, note, v.Document.System, v.Number, v.Digest, value}}
}

func clauses(system System) []colophon.Clause {
	if slices.Contains(Systems(), system) {
		return []colophon.Clause{colophon.ClauseDS7}
	}
	return nil
}

func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	}
	return nil
}

func other(by ledger.By, author string) error {
	if by.ID == author {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeOwn}
	}
	return nil
}

func version(e ledger.Entry[Version]) Version {
	v := e.Value
	v.ID, v.State = e.ID, State(e.State)
	return v
}

// Draft enters a document for somebody else to approve.
func (k *Keeper) Draft(ctx context.Context, by ledger.By, d Document) (Version, error) {
	if err := cmp.Or(person(by), d.check(k.book.Now())); err != nil {
		return Version{}, err
	}
	text, err := evidence.Canonical(d)
	if err != nil {
		return Version{}, err
	}
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Version{}, err
	}
	sum := sha256.Sum256(text)
	v := Version{Document: d, Digest: hex.EncodeToString(sum[:]), Author: by.ID}
	e := ledger.Entry[Version]{ID: id, State: string(Drafted), Value: v, Keys: []ledger.Key{{Name: keySystem, Value: string(d.System)}}}
	e, err = k.book.Add(ctx, e, nil, act(RecordDrafted, by, id, v, d.Change, nil))
	return version(e), err
}

// Approve puts a draft of somebody else's in force from a time, which is not before that of the version approved last; the
// zero value means at once.
func (k *Keeper) Approve(ctx context.Context, by ledger.By, id string, effective time.Time) (Version, error) {
	draft, err := k.Version(ctx, id)
	if err != nil {
		return Version{}, err
	}
	all, err := k.approved(ctx, draft.Document.System)
	if err != nil {
		return Version{}, err
	}
	return k.change(ctx, by, id, Approved, RecordApproved, "", func(e *ledger.Entry[Version]) error {
		v, now := &e.Value, k.book.Now()
		if err := other(by, v.Author); err != nil {
			return err
		}
		v.Number, v.Approver, v.Effective = 1, by.ID, effective.UTC().Truncate(time.Millisecond)
		if effective.IsZero() {
			v.Effective = now
		}
		if len(all) > 0 {
			last := all[len(all)-1]
			v.Number = last.Number + 1
			if v.Effective.Before(last.Effective) {
				return invalid("effective")
			}
		}
		switch {
		case v.Effective.Before(now):
			return invalid("effective")
		case !endOf(v.Document.Review).After(v.Effective):
			return invalid("review")
		}
		e.Due = endOf(v.Document.Review)
		e.Keys = []ledger.Key{{Name: keySystem, Value: string(v.Document.System)},
			{Name: keyNumber, Value: string(v.Document.System) + "#" + strconv.Itoa(v.Number), Unique: true}}
		return nil
	})
}

// Withdraw takes a draft back.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id, note string) (Version, error) {
	if strings.TrimSpace(note) == "" || !prose(note, maxNote) {
		return Version{}, invalid("note")
	}
	return k.change(ctx, by, id, Withdrawn, RecordWithdrawn, note, func(*ledger.Entry[Version]) error { return nil })
}

func (k *Keeper) change(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, note string, fn func(e *ledger.Entry[Version]) error) (Version, error) {
	if err := person(by); err != nil {
		return Version{}, err
	}
	e, err := k.book.Change(ctx, id, func(e *ledger.Entry[Version]) (ledger.Act, error) {
		if !State(e.State).May(to) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(to)}}
		}
		e.State = string(to)
		err := fn(e)
		return act(typ, by, e.ID, e.Value, note, nil), err
	})
	return version(e), err
}

// Review says that a version was looked at and still fits, and when it is to be looked at next. Its author does not say so.
func (k *Keeper) Review(ctx context.Context, by ledger.By, id, note, next string) (Version, error) {
	switch {
	case person(by) != nil:
		return Version{}, person(by)
	case strings.TrimSpace(note) == "" || !prose(note, maxNote):
		return Version{}, invalid("note")
	case !soon(next, k.book.Now()):
		return Version{}, invalid("next")
	}
	e, err := k.book.Change(ctx, id, func(e *ledger.Entry[Version]) (ledger.Act, error) {
		if err := other(by, e.Value.Author); err != nil {
			return ledger.Act{}, err
		}
		if State(e.State) != Approved {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": "reviewed"}}
		}
		r := Reviewed{k.book.Now(), by.ID, note, next}
		e.Value.Reviews, e.Due = append(slices.Clone(e.Value.Reviews), r), endOf(next)
		return act(RecordReviewed, by, e.ID, e.Value, note, r), nil
	})
	return version(e), err
}

// Version returns a version.
func (k *Keeper) Version(ctx context.Context, id string) (Version, error) {
	e, err := k.book.Get(ctx, id)
	return version(e), err
}

// Versions returns a page of the versions of a system, the newest first, and where the next page begins. Without a system it
// is all of them.
func (k *Keeper) Versions(ctx context.Context, system System, after string, limit int) ([]Version, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	if system != "" {
		q.Keys = []ledger.Key{{Name: keySystem, Value: string(system)}}
	}
	page, next, err := k.book.Page(ctx, q)
	list := make([]Version, len(page))
	for i, e := range page {
		list[i] = version(e)
	}
	return list, next, err
}

// approved lists the approved versions of a system by their number.
func (k *Keeper) approved(ctx context.Context, system System) ([]Version, error) {
	var list []Version
	q := ledger.Query{States: []string{string(Approved)}, Keys: []ledger.Key{{Name: keySystem, Value: string(system)}}}
	err := k.book.All(ctx, q, func(e ledger.Entry[Version]) error {
		list = append(list, version(e))
		return nil
	})
	slices.SortFunc(list, func(a, b Version) int { return cmp.Compare(a.Number, b.Number) })
	return list, err
}

// Standing says how one system stood at a time.
type Standing struct {
	System  System
	Version Version // in force; the zero value for none
	Until   time.Time
	// Verdict is passed where a version was in force and its review was not over, and failed otherwise. With an error it is
	// could not tell.
	Verdict colophon.Verdict
}

// Standing says how a system stood at a time.
func (k *Keeper) Standing(ctx context.Context, system System, at time.Time) (Standing, error) {
	s := Standing{System: system}
	if !slices.Contains(All(), system) {
		return s, invalid("system")
	}
	list, err := k.approved(ctx, system)
	if err != nil {
		return s, err
	}
	s.Verdict = colophon.Failed
	for _, v := range slices.Backward(list) {
		if v.Effective.After(at) {
			continue
		}
		s.Version, s.Until = v, v.Until(at)
		if at.Before(s.Until) {
			s.Verdict = colophon.Passed
		}
		break
	}
	return s, nil
}

// Standings says how all of them stood at a time.
func (k *Keeper) Standings(ctx context.Context, at time.Time) ([]Standing, error) {
	var list []Standing
	for _, system := range All() {
		s, err := k.Standing(ctx, system, at)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}
