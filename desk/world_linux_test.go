package desk_test

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/store/tallies"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/standing"
)

var errDown = errors.New("it is down")

// world is a desk on a store, with what it asks of others.
type world struct {
	*testing.T
	ctx    context.Context
	clock  *storetest.Clock
	store  *store.Store
	config desk.Config
	desk   *desk.Desk

	mu       sync.Mutex
	found    map[string]desk.Found // by content number or digest of a file
	blind    bool                  // the finder fails
	deciders []string
	fail     map[desk.Act]error
	done     map[string]int // by key, how often it took effect
	undone   map[string]bool
	held     map[evidence.Subject]bool // on hold
	asked    int                       // of the actor
	undoing  func(o desk.Order)
}

func (w *world) Find(_ context.Context, c desk.Clue) (list []desk.Found, _ error) {
	if w.blind {
		return nil, errDown
	}
	for _, n := range c.Numbers {
		if f, ok := w.found[n]; ok {
			list = append(list, f)
		}
	}
	for _, file := range c.Files {
		if f, ok := w.found[file.SHA256]; ok {
			list = append(list, f)
		}
	}
	return list, nil
}

func (w *world) Deciders(context.Context, desk.About) ([]string, error) { return w.deciders, nil }

// Do is idempotent by key, as an actor has to be.
func (w *world) Do(_ context.Context, o desk.Order) (desk.Did, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if err := w.fail[o.Action.Do]; err != nil {
		return desk.Did{}, err
	}
	if w.done[o.Key] == 0 && !w.undone[o.Key] {
		w.done[o.Key]++
	}
	return desk.Did{Ref: "ref-" + o.Action.Target, Says: []standing.Sentence{{Code: "said", Args: colophon.Args{"target": o.Action.Target}}}}, nil
}

func (w *world) Undo(_ context.Context, o desk.Order) error {
	if w.undoing != nil {
		w.undoing(o)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if err := w.fail["undo"]; err != nil {
		return err
	}
	w.undone[o.Key] = true
	delete(w.done, o.Key)
	return nil
}

// setUp makes a world whose clock is now.
func setUp(t *testing.T, now func() time.Time) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), found: map[string]desk.Found{}, fail: map[desk.Act]error{}, done: map[string]int{}, undone: map[string]bool{}, held: map[evidence.Subject]bool{}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), now
	w.store = storetest.Open(t, config)
	recorder := storetest.Recorder(t, config.Keys, now)
	keeper, err := limits.NewKeeper(ledgers.Of[limits.Version](w.store, limits.Ledger), recorder, desk.KindNames())
	w.no(err)
	triage, err := desk.DefaultTriage()
	w.no(err)
	calendar, err := workday.Known()
	w.no(err)
	w.config = desk.Config{Cases: ledgers.Of[desk.Case](w.store, desk.Ledger), Recorder: recorder, Keys: config.Keys, Limits: keeper, Calendar: calendar, Triage: triage,
		Secret: []byte(strings.Repeat("s", 32)), Random: rand.Reader, Buckets: tallies.New(w.store), Finder: w, Actor: w, Origins: w, AppealAt: "https://provider.example/appeal",
		Ends: func(over time.Time) time.Time { return over.AddDate(0, 6, 0) }, Held: func(_ context.Context, s evidence.Subject) (bool, error) { return w.held[s], nil }}
	w.again()
	return w
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	clock := storetest.NewClock()
	clock.Set(time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)) // Monday, 10:00 in Beijing
	w := setUp(t, clock.Now)
	w.clock = clock
	return w
}

func (w *world) again() {
	w.Helper()
	var err error
	w.desk, err = desk.New(w.config)
	w.no(err)
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code colophon.Code) {
	w.Helper()
	storetest.WantCode(w, err, code)
}

func (w *world) pass(d time.Duration) { w.clock.Set(w.clock.Now().Add(d)) }

var (
	first   = desk.Clerk{By: ledger.By{Role: "reviewer", ID: "staff-1"}, Appeals: true}
	second  = desk.Clerk{By: ledger.By{Role: "officer", ID: "staff-2"}, Appeals: true}
	third   = desk.Clerk{By: ledger.By{Role: "reviewer", ID: "staff-3"}}
	outside = ledger.By{Role: "user"}
	rule    = ledger.By{Role: "system"}
)

// report is a report by a contact, about a content number.
func report(number string) desk.Draft {
	return desk.Draft{Kind: desk.Report, Party: desk.PartyPublic, Grounds: []colophon.Code{desk.GroundIllegal}, Source: desk.FromWeb, Language: "zh",
		About: desk.About{Numbers: []string{number}}, Name: "Name of Somebody", Contact: "somebody@mail.example", Text: "What somebody wrote."}
}

// another gives a draft another contact.
func another(d desk.Draft, contact string) desk.Draft {
	d.Contact = contact
	return d
}

func (w *world) open(d desk.Draft) desk.Opened {
	w.Helper()
	o, err := w.desk.Open(w.ctx, outside, d)
	w.no(err)
	if o.Code == "" || o.PIN == "" {
		w.Fatal("no code or PIN")
	}
	return o
}

func (w *world) take(by desk.Clerk, id string) {
	w.Helper()
	_, err := w.desk.Take(w.ctx, by, id)
	w.no(err)
}

func ruling(o desk.Outcome, deeds ...desk.Deed) desk.Ruling {
	r := desk.Ruling{Outcome: o, Facts: "The film shows what it is said to show.", Explanation: "The clause forbids it in so many words.", Deeds: deeds}
	if len(deeds) > 0 {
		r.Statement = desk.Statement{Visibility: []colophon.Code{desk.VisibilityRemoved}, Clauses: []colophon.Clause{colophon.ClauseDS6}, Category: desk.GroundIllegal}
	}
	return r
}

func stop(number string) desk.Deed { return desk.Deed{Do: desk.StopContent, Target: number} }

func measure(account string) desk.Deed {
	return desk.Deed{Do: desk.TakeMeasure, Target: account, Step: "suspend"}
}

// decide takes a case and decides it.
func (w *world) decide(by desk.Clerk, id string, r desk.Ruling) desk.Case {
	w.Helper()
	w.take(by, id)
	_, err := w.desk.Decide(w.ctx, by, id, r)
	w.no(err)
	c, err := w.desk.Perform(w.ctx, id)
	w.no(err)
	return c
}

// closed decides a case and tells the reporter.
func (w *world) closed(by desk.Clerk, id string, r desk.Ruling) desk.Case {
	w.Helper()
	w.decide(by, id, r)
	c, err := w.desk.Close(w.ctx, by.By, id, "page")
	w.no(err)
	return c
}

func (w *world) get(id string) desk.Case {
	w.Helper()
	c, err := w.desk.Case(w.ctx, id)
	w.no(err)
	return c
}

func (w *world) look(o desk.Opened) desk.View {
	w.Helper()
	v, err := w.desk.Look(w.ctx, desk.Access{Code: o.Code, PIN: o.PIN})
	w.no(err)
	return v
}

// types are the types of the records so far, and the clauses of the last.
func (w *world) types() (list []evidence.Type, clauses []colophon.Clause) {
	w.Helper()
	for r, err := range w.store.Records(w.ctx, false) {
		w.no(err)
		list, clauses = append(list, r.Type), r.Clauses
	}
	return list, clauses
}

// effects are the keys of what is done now.
func (w *world) effects() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.done))
}
