package limits_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

type world struct {
	*testing.T
	clock  *storetest.Clock
	store  *store.Store
	keeper *limits.Keeper
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	var err error
	w.keeper, err = limits.NewKeeper(ledgers.Of[limits.Version](w.store, limits.Ledger), storetest.Recorder(t, config.Keys, w.clock.Now), kinds)
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) pass(d time.Duration) { w.clock.Set(w.clock.Now().Add(d)) }

var (
	author    = ledger.By{Role: "officer", ID: "staff-1"}
	publisher = ledger.By{Role: "officer", ID: "staff-2"}
)

func (w *world) draft(hours int) limits.Version {
	w.Helper()
	table, err := limits.Starter(kinds)
	w.no(err)
	table[0].Decide = limits.Term{Hours: hours}
	v, err := w.keeper.Draft(w.Context(), author, table, "shorter")
	w.no(err)
	return v
}

func (w *world) inForce(at time.Time) (number, hours int) {
	w.Helper()
	v, err := w.keeper.InForce(w.Context(), at)
	w.no(err)
	return v.Number, v.Table[0].Decide.Hours
}

func TestVersions(t *testing.T) {
	w := open(t)
	v, err := w.keeper.InForce(t.Context(), w.clock.Now())
	if err != nil || !v.Starter || v.Number != 0 {
		t.Fatalf("before anything: %+v, %v", v, err)
	}
	one, two := w.draft(10), w.draft(20)
	_, err = w.keeper.Publish(t.Context(), author, one.ID, time.Time{})
	storetest.WantCode(t, err, limits.CodeOwn)
	for _, by := range []ledger.By{{}, {Role: "system"}, {Role: "application", ID: "key"}, {Role: "officer"}} {
		_, err = w.keeper.Publish(t.Context(), by, one.ID, time.Time{})
		storetest.WantCode(t, err, limits.CodePerson)
		_, err = w.keeper.Draft(t.Context(), by, one.Table, "x")
		storetest.WantCode(t, err, limits.CodePerson)
		_, err = w.keeper.Withdraw(t.Context(), by, one.ID)
		storetest.WantCode(t, err, limits.CodePerson)
	}
	_, err = w.keeper.Publish(t.Context(), publisher, one.ID, w.clock.Now().Add(-time.Hour))
	storetest.WantCode(t, err, limits.CodeInvalid)
	before := w.clock.Now()
	w.pass(time.Hour)
	if one, err = w.keeper.Publish(t.Context(), publisher, one.ID, time.Time{}); err != nil || one.Number != 1 || one.Publisher != publisher.ID {
		t.Fatalf("%+v, %v", one, err)
	}
	later := w.clock.Now().Add(48 * time.Hour)
	two, err = w.keeper.Publish(t.Context(), publisher, two.ID, later)
	w.no(err)
	for _, c := range []struct {
		at            time.Time
		number, hours int
	}{{before, 0, 0}, {w.clock.Now(), 1, 10}, {later.Add(-time.Millisecond), 1, 10}, {later, 2, 20}, {later.AddDate(1, 0, 0), 2, 20}} {
		if n, h := w.inForce(c.at); n != c.number || h != c.hours {
			t.Errorf("at %s: version %d with %d hours, want %d with %d", c.at, n, h, c.number, c.hours)
		}
	}
	three := w.draft(30)
	_, err = w.keeper.Publish(t.Context(), publisher, three.ID, later.Add(-time.Hour)) // before the one that was published last
	storetest.WantCode(t, err, limits.CodeInvalid)
	list, err := w.keeper.Published(t.Context())
	w.no(err)
	if len(list) != 2 || list[0].ID != one.ID || list[1].ID != two.ID {
		t.Errorf("published: %+v", list)
	}
	page, next, err := w.keeper.Versions(t.Context(), "", 2)
	if err != nil || len(page) != 2 || page[0].ID != three.ID || next == "" {
		t.Errorf("%+v, %q, %v", page, next, err)
	}
	var types []evidence.Type
	var clauses []colophon.Clause
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		types, clauses = append(types, r.Type), r.Clauses
	}
	if !slices.Equal(types, []evidence.Type{limits.RecordDrafted, limits.RecordDrafted, limits.RecordPublished, limits.RecordPublished, limits.RecordDrafted}) || !slices.Equal(clauses, []colophon.Clause{colophon.ClauseDS12}) {
		t.Errorf("records %v, clauses %v", types, clauses)
	}
}

// TestStates tries every step from every state.
func TestStates(t *testing.T) {
	w := open(t)
	steps := map[limits.State]func(id string) (limits.Version, error){
		limits.Published: func(id string) (limits.Version, error) {
			return w.keeper.Publish(t.Context(), publisher, id, time.Time{})
		},
		limits.Withdrawn: func(id string) (limits.Version, error) { return w.keeper.Withdraw(t.Context(), publisher, id) },
	}
	want := map[limits.State][]limits.State{limits.Drafted: {limits.Published, limits.Withdrawn}, limits.Published: nil, limits.Withdrawn: nil}
	if len(want) != len(limits.States()) {
		t.Fatal("a state is missing")
	}
	for from, may := range want {
		for to, step := range steps {
			v := w.draft(5)
			if from != limits.Drafted {
				_, err := steps[from](v.ID)
				w.no(err)
			}
			v, err := step(v.ID)
			if from.May(to) != slices.Contains(may, to) {
				t.Errorf("%s may become %s: %t", from, to, from.May(to))
			}
			if slices.Contains(may, to) {
				if err != nil || v.State != to {
					t.Errorf("%s to %s: %s, %v", from, to, v.State, err)
				}
			} else {
				storetest.WantCode(t, err, limits.CodeStep)
			}
		}
	}
}

func TestDraftInvalid(t *testing.T) {
	w := open(t)
	table := w.draft(5).Table
	for reason, c := range map[string]struct {
		table limits.Table
		code  colophon.Code
	}{"": {table, limits.CodeInvalid}, "why": {table[1:], limits.CodeTable}, "empty": {nil, limits.CodeTable}} {
		_, err := w.keeper.Draft(t.Context(), author, c.table, reason)
		storetest.WantCode(t, err, c.code)
	}
	_, err := w.keeper.Version(t.Context(), "none")
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != limits.CodeMissing || e.Kind != colophon.Missing {
		t.Error(err)
	}
}
