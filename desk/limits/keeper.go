package limits

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of versions.
const Ledger = "limits"

// Types of records.
const (
	RecordDrafted   evidence.Type = "limits.drafted"
	RecordPublished evidence.Type = "limits.published"
	RecordWithdrawn evidence.Type = "limits.withdrawn"
)

// State says where a version is.
type State string

// The states.
const (
	Drafted   State = "draft"
	Published State = "published"
	Withdrawn State = "withdrawn" // a draft that nobody published
)

var steps = ledger.Steps[State]{
	{Drafted, []State{Published, Withdrawn}},
	{Published, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of a version's life.
func States() []State { return steps.States() }

// May reports whether a version may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Version is a table with its history.
type Version struct {
	ID        string    `json:"-"`
	State     State     `json:"-"`
	Table     Table     `json:"table"`
	Number    int       `json:"number,omitempty"` // of published versions, from 1; 0 for a draft and for the starter
	Starter   bool      `json:"starter,omitempty"`
	Reason    string    `json:"reason,omitempty"` // what changed and why; published
	Author    string    `json:"author,omitempty"` // staff account
	Publisher string    `json:"publisher,omitempty"`
	Effective time.Time `json:"effective,omitzero"`
}

// Keeper is the worker of the versions. It is safe for use by many goroutines.
type Keeper struct {
	book    ledger.Book[Version]
	kinds   []string
	starter Table
}

const (
	keyNumber = "number"
	maxReason = 1024
)

// NewKeeper makes a keeper of tables that have a row for each of some kinds.
func NewKeeper(store ledger.Store[Version], recorder *evidence.Recorder, kinds []string) (*Keeper, error) {
	t, err := Starter(kinds)
	return &Keeper{ledger.Book[Version]{Store: store, Recorder: recorder, Missing: CodeMissing}, kinds, t}, err
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS12} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson, Clauses: clauses()}
	}
	return nil
}

func version(e ledger.Entry[Version]) Version {
	v := e.Value
	v.ID, v.State = e.ID, State(e.State)
	return v
}

// changed is the payload of the records.
type changed struct {
	Version string `json:"version"`
	By      string `json:"by"`
	Reason  string `json:"reason,omitempty"`
	Value   any    `json:"value,omitempty"`
}

// Draft enters a table for somebody else to publish.
func (k *Keeper) Draft(ctx context.Context, by ledger.By, t Table, reason string) (Version, error) {
	if err := cmp.Or(person(by), t.check(k.kinds)); err != nil {
		return Version{}, err
	}
	if reason == "" || len(reason) > maxReason {
		return Version{}, invalid("reason")
	}
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Version{}, err
	}
	v := Version{Table: t, Reason: reason, Author: by.ID}
	e, err := k.book.Add(ctx, ledger.Entry[Version]{ID: id, State: string(Drafted), Value: v}, nil,
		ledger.Act{Type: RecordDrafted, Role: by.Role, Clauses: clauses(), Payload: changed{id, by.ID, reason, v}})
	return version(e), err
}

// Publish publishes a draft of somebody else's. It is in force from the effective time, which is not before that of the one
// published last; the zero value means at once.
func (k *Keeper) Publish(ctx context.Context, by ledger.By, id string, effective time.Time) (Version, error) {
	if err := person(by); err != nil {
		return Version{}, err
	}
	all, err := k.Published(ctx)
	if err != nil {
		return Version{}, err
	}
	return k.change(ctx, by, id, Published, RecordPublished, func(e *ledger.Entry[Version]) error {
		v, now := &e.Value, k.book.Now()
		if v.Author == by.ID {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeOwn, Clauses: clauses()}
		}
		v.Effective = effective.UTC().Truncate(time.Millisecond)
		if effective.IsZero() {
			v.Effective = now
		}
		v.Number = 1
		if len(all) > 0 {
			last := all[len(all)-1]
			v.Number = last.Number + 1
			if v.Effective.Before(last.Effective) {
				return invalid("effective")
			}
		}
		if v.Effective.Before(now) {
			return invalid("effective")
		}
		v.Publisher = by.ID
		e.Keys = []ledger.Key{{Name: keyNumber, Value: strconv.Itoa(v.Number), Unique: true}}
		return nil
	})
}

// Withdraw takes a draft back.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id string) (Version, error) {
	if err := person(by); err != nil {
		return Version{}, err
	}
	return k.change(ctx, by, id, Withdrawn, RecordWithdrawn, func(*ledger.Entry[Version]) error { return nil })
}

func (k *Keeper) change(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, fn func(e *ledger.Entry[Version]) error) (Version, error) {
	e, err := k.book.Change(ctx, id, func(e *ledger.Entry[Version]) (ledger.Act, error) {
		if !State(e.State).May(to) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(to)}}
		}
		e.State = string(to)
		err := fn(e)
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: changed{e.ID, by.ID, e.Value.Reason, e.Value}}, err
	})
	return version(e), err
}

// Version returns a version.
func (k *Keeper) Version(ctx context.Context, id string) (Version, error) {
	e, err := k.book.Get(ctx, id)
	return version(e), err
}

// Versions returns a page of versions, the newest first, and where the next page begins.
func (k *Keeper) Versions(ctx context.Context, after string, limit int) ([]Version, string, error) {
	page, next, err := k.book.Page(ctx, ledger.Query{Newest: true, After: after, Limit: limit})
	list := make([]Version, len(page))
	for i, e := range page {
		list[i] = version(e)
	}
	return list, next, err
}

// Published returns all published versions by their number, those too that are not in force yet.
func (k *Keeper) Published(ctx context.Context) ([]Version, error) {
	var list []Version
	err := k.book.All(ctx, ledger.Query{States: []string{string(Published)}}, func(e ledger.Entry[Version]) error {
		list = append(list, version(e))
		return nil
	})
	slices.SortFunc(list, func(a, b Version) int { return cmp.Compare(a.Number, b.Number) })
	return list, err
}

// InForce returns the version that is in force at a time; the starter where none is.
func (k *Keeper) InForce(ctx context.Context, at time.Time) (Version, error) {
	list, err := k.Published(ctx)
	if err != nil {
		return Version{}, err
	}
	for _, v := range slices.Backward(list) {
		if !v.Effective.After(at) {
			return v, nil
		}
	}
	return Version{State: Published, Table: slices.Clone(k.starter), Starter: true}, nil
}
