package standing

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// People is what is known of who stands behind an account.
type People interface {
	// Person returns by what the person behind an account is found again under another one; the zero value for an account
	// that was never verified.
	Person(ctx context.Context, account evidence.Subject) (Person, error)
	// Recheck has the account count as unverified until it is verified anew. To ask again changes nothing.
	Recheck(ctx context.Context, by ledger.By, account evidence.Subject, reason colophon.Code) error
}

// Person is by what somebody is found again: keyed digests of what was verified.
type Person struct {
	Numbers []string // of documents, or of an identity that an issuer answers for
	Phones  []string // a telephone number may be somebody else's later, so it bars where there is no better
}

// Desk is where people look into signals.
type Desk interface {
	// Open has a signal wait for a person and returns the identifier of the item. It MUST return the same item when it is
	// asked again.
	Open(ctx context.Context, s Signal) (item string, err error)
}

// Config says what a keeper works with.
type Config struct {
	Measures ledger.Store[Measure]
	Signals  ledger.Store[Signal]
	Versions ledger.Store[Version]
	Tallies  Tallies
	Recorder *evidence.Recorder // its clock is the keeper's
	Keys     ledger.Unsealer
	People   People
	Desk     Desk
	// Appeal is the link or code by which account holders appeal, where a measure has none of its own.
	Appeal string
	// Patience is for how long Allow waits for the store; 0 means half a second.
	Patience time.Duration
}

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct {
	config   Config
	measures ledger.Book[Measure]
	signals  ledger.Book[Signal]
	versions ledger.Book[Version]
	rules    atomic.Pointer[rules]
	local    *buckets
}

// NewKeeper makes a keeper and puts in force the table that was released last, or the one that Colophon comes with.
func NewKeeper(ctx context.Context, c Config) (*Keeper, error) {
	if c.Patience <= 0 {
		c.Patience = 500 * time.Millisecond
	}
	k := &Keeper{config: c, local: newBuckets(),
		measures: ledger.Book[Measure]{Store: c.Measures, Recorder: c.Recorder, Keys: c.Keys, Use: "colophon/measure/v1/", Missing: CodeMissing},
		signals:  ledger.Book[Signal]{Store: c.Signals, Recorder: c.Recorder, Keys: c.Keys, Use: "colophon/signal/v1/", Missing: CodeSignal},
		versions: ledger.Book[Version]{Store: c.Versions, Recorder: c.Recorder, Keys: c.Keys, Use: "colophon/standing-table/v1/", Missing: CodeVersion},
	}
	start, err := Default()
	if err != nil {
		return nil, err
	}
	compiled, err := compile(start)
	if err != nil {
		return nil, err
	}
	k.rules.Store(compiled)
	return k, k.Refresh(ctx)
}

// Now is the time of the keeper's clock.
func (k *Keeper) Now() time.Time { return k.measures.Now() }

// InForce reports whether a measure is in force now.
func (k *Keeper) InForce(m Measure) bool { return m.InForce(k.Now()) }

// Standing returns what is in force against an account. It is one query.
func (k *Keeper) Standing(ctx context.Context, subject evidence.Subject) (Standing, error) {
	list, err := k.config.Measures.Find(ctx, ledger.Query{Subject: subject, States: []string{string(Active)}})
	if err != nil {
		return Standing{}, err
	}
	var s Standing
	for _, e := range list {
		if m := measure(e); m.InForce(k.Now()) {
			s.Active = append(s.Active, m)
		}
	}
	return s, nil
}

// Filter says which measures are wanted; the zero value means all.
type Filter struct {
	Subject evidence.Subject
	States  []State
	Step    Step
	Origin  string // of what proposed it
	After   string
	Limit   int
}

// Measures returns a page of measures, the newest first, and the identifier after which the next page begins; it is empty
// after the last.
func (k *Keeper) Measures(ctx context.Context, f Filter) ([]Measure, string, error) {
	q := ledger.Query{Subject: f.Subject, After: f.After, Limit: f.Limit, Newest: true}
	for _, s := range f.States {
		q.States = append(q.States, string(s))
	}
	for name, value := range map[string]string{keyStep: string(f.Step), keyOrigin: f.Origin} {
		if value != "" {
			q.Keys = append(q.Keys, ledger.Key{Name: name, Value: value})
		}
	}
	page, next, err := k.measures.Page(ctx, q)
	list := make([]Measure, len(page))
	for i, e := range page {
		list[i] = measure(e)
	}
	return list, next, err
}

// Measure returns a measure.
func (k *Keeper) Measure(ctx context.Context, id string) (Measure, error) {
	e, err := k.measures.Get(ctx, id)
	return measure(e), err
}

// Names of keys.
const (
	keyStep   = "step"
	keyPerson = "person"
	keyOrigin = "origin"
	keyBarred = "barred" // identifier of the measure that an account is barred by, though it was taken against another
	keyRule   = "rule"
	keyOnce   = "once"
)

// measure reads a measure out of its entry.
func measure(e ledger.Entry[Measure]) Measure {
	m := e.Value
	m.ID, m.Subject, m.State, m.Made = e.ID, e.Subject, State(e.State), e.Made
	return m
}

// person refuses who is not one: rules, programs, and people outside.
func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	}
	return nil
}

const system evidence.Role = "system"

// existed reports whether an error says that something is there already.
func existed(err error) bool { return errors.Is(err, ledger.ErrExists) }

// line reports whether s is a short text of one line.
func line(s string, most int) bool {
	return len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}
