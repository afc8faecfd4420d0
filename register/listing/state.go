package listing

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// State says where an app is.
type State string

// The states.
const (
	Asked     State = "asked"     // its provider has not answered
	Answered  State = "answered"  // what was handed in was checked
	Refused   State = "refused"   // it is not listed
	Listed    State = "listed"    // everybody may have it
	Warned    State = "warned"    // it is listed, and has to be mended until a time
	Suspended State = "suspended" // nobody gets it for now
	Delisted  State = "delisted"  // for good
)

var steps = ledger.Steps[State]{
	{Asked, []State{Answered, Refused}},
	{Answered, []State{Answered, Listed, Refused}},
	{Refused, []State{Answered}},
	{Listed, []State{Warned, Suspended, Delisted}},
	{Warned, []State{Listed, Suspended, Delisted}},
	{Suspended, []State{Listed, Delisted}},
	{Delisted, nil},
}

// States lists the states in the order of an app's life.
func States() []State { return steps.States() }

// May reports whether an app may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

func step(e *Entry, to State) error {
	if !State(e.State).May(to) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(to)}}
	}
	e.State = string(to)
	return nil
}

// keep adds to what was done about an app.
func keep(e *Entry, a Act) error {
	if len(e.Value.Acts) >= maxSteps {
		return invalid("acts")
	}
	e.Value.Acts = append(slices.Clone(e.Value.Acts), a)
	return nil
}

// List checks an app again and lists it, or restores one that was warned or suspended. It refuses one of which a check failed;
// where one could not be told it wants a person and a reason.
func (k *Keeper) List(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	if !line(reason, maxText) {
		return Entry{}, invalid("reason")
	}
	old, err := k.book.Get(ctx, id)
	if err == nil && State(old.State).May(Listed) {
		_, err = k.Check(ctx, by, id) // what was found when it was handed in may be another thing now
	}
	if err != nil {
		return Entry{}, err
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		typ, from := RecordListed, State(e.State)
		if from == Warned || from == Suspended {
			typ = RecordRestored
		}
		if err := step(e, Listed); err != nil {
			return ledger.Act{}, err
		}
		switch e.Value.Verdict {
		case colophon.Passed.String():
		case colophon.Failed.String():
			return ledger.Act{}, &colophon.Error{Kind: colophon.Refused, Code: CodeFailed, Args: colophon.Args{"checks": strings.Join(e.Value.Failed(), " ")}, Clauses: clauses()}
		case "":
			return ledger.Act{}, &colophon.Error{Kind: colophon.Refused, Code: CodeUnchecked, Clauses: clauses()}
		default:
			if !by.Person() {
				return ledger.Act{}, &colophon.Error{Kind: colophon.Refused, Code: CodePerson, Clauses: clauses()}
			}
			if strings.TrimSpace(reason) == "" {
				return ledger.Act{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeUntold}
			}
		}
		if from != Answered && !by.Person() {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Refused, Code: CodePerson, Clauses: clauses()}
		}
		return act(typ, by, *e, reason), keep(e, Act{To: Listed, At: k.book.Now(), By: by, Reason: reason})
	})
}

// Refuse says why an app is not listed.
func (k *Keeper) Refuse(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	return k.against(ctx, by, id, Refused, RecordRefused, reason, time.Time{})
}

// Warn lets an app be, and says what has to be mended until when.
func (k *Keeper) Warn(ctx context.Context, by ledger.By, id, reason string, until time.Time) (Entry, error) {
	if !until.After(k.book.Now()) {
		return Entry{}, invalid("until")
	}
	return k.against(ctx, by, id, Warned, RecordWarned, reason, until)
}

// Suspend takes an app away for the time being.
func (k *Keeper) Suspend(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	return k.against(ctx, by, id, Suspended, RecordSuspended, reason, time.Time{})
}

// Delist takes an app away for good. Asking for it anew needs another identifier, so that what was done stays.
func (k *Keeper) Delist(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	return k.against(ctx, by, id, Delisted, RecordDelisted, reason, time.Time{})
}

func (k *Keeper) against(ctx context.Context, by ledger.By, id string, to State, typ evidence.Type, reason string, until time.Time) (Entry, error) {
	switch {
	case !by.Person():
		return Entry{}, &colophon.Error{Kind: colophon.Refused, Code: CodePerson, Clauses: clauses()}
	case strings.TrimSpace(reason) == "" || !line(reason, maxText):
		return Entry{}, invalid("reason")
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := step(e, to); err != nil {
			return ledger.Act{}, err
		}
		switch {
		case to == Delisted || to == Refused:
			e.Due = time.Time{}
		case !until.IsZero() && (e.Due.IsZero() || until.Before(e.Due)):
			e.Due = until
		}
		return act(typ, by, *e, reason), keep(e, Act{To: to, At: k.book.Now(), By: by, Reason: reason, Until: until})
	})
}

// Check looks again at what an app's provider handed in, by the lists and the clock of now. A record says what came of it.
func (k *Keeper) Check(ctx context.Context, by ledger.By, id string) (Entry, error) {
	old, err := k.book.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	if old.Value.Answered.IsZero() || State(old.State) == Delisted {
		return Entry{}, &colophon.Error{Kind: colophon.Refused, Code: CodeUnchecked}
	}
	found, until, err := k.check(ctx, old.Value)
	if err != nil {
		return Entry{}, err
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if !e.Value.Answered.Equal(old.Value.Answered) {
			return ledger.Act{}, ledger.ErrSame // something else was handed in meanwhile, and checked
		}
		k.enter(e, found, until)
		return act(RecordChecked, by, *e, ""), nil
	})
}

// Sweep checks again what is listed and due. What can't be checked stays as it is, and the error says so.
func (k *Keeper) Sweep(ctx context.Context) error {
	var failed error
	err := k.book.All(ctx, ledger.Query{States: []string{string(Listed), string(Warned), string(Suspended)}, Due: k.book.Now()}, func(e Entry) error {
		_, err := k.Check(ctx, ledger.By{Role: "system"}, e.ID)
		failed = errors.Join(failed, err)
		return ctx.Err()
	})
	return errors.Join(err, failed)
}

// App returns an app.
func (k *Keeper) App(ctx context.Context, id string) (Entry, error) { return k.book.Get(ctx, id) }

// Query says which apps are wanted. What is empty fits all.
type Query struct {
	State   State
	App     string
	Verdict string
	After   string
	Limit   int
}

// Apps returns a page of apps, the newest first, and where the next page begins.
func (k *Keeper) Apps(ctx context.Context, q Query) ([]Entry, string, error) {
	find := ledger.Query{After: q.After, Newest: true, Limit: q.Limit}
	if q.State != "" {
		find.States = []string{string(q.State)}
	}
	for _, key := range []ledger.Key{{Name: keyApp, Value: q.App}, {Name: keyResult, Value: q.Verdict}} {
		if key.Value != "" {
			find.Keys = append(find.Keys, key)
		}
	}
	return k.book.Page(ctx, find)
}
