package faces_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent/faces"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/workday"
)

// source is a number of faces that a test sets.
type source struct {
	n   int
	err error
}

func (s *source) Faces(context.Context) (int, error) { return s.n, s.err }

type world struct {
	*testing.T
	store   *store.Store
	clock   *storetest.Clock
	source  *source
	counter *faces.Counter
}

func officer() ledger.By { return ledger.By{Role: "officer", ID: "officer"} }

func open(t *testing.T) *world {
	t.Parallel()
	keys, clock := storetest.Keys(t, "one"), storetest.NewClock()
	config := storetest.SQLite(t)
	config.Keys = keys
	calendar, err := workday.Known()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, store: storetest.Open(t, config), clock: clock, source: &source{}}
	w.counter = faces.New(ledgers.Of[faces.Duty](w.store, "faces"), storetest.Recorder(t, keys, clock.Now), w.source, calendar)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// check counts n faces some time later.
func (w *world) check(n int) {
	w.Helper()
	w.clock.Set(w.clock.Now().Add(time.Hour))
	w.source.n = n
	w.must(w.counter.Check(w.Context()))
}

func (w *world) duties(q faces.Query) []faces.Entry {
	w.Helper()
	list, _, err := w.counter.Duties(w.Context(), q)
	w.must(err)
	return list
}

// one is the only open duty.
func (w *world) one() faces.Entry {
	w.Helper()
	list := w.duties(faces.Query{States: []faces.State{faces.Open}})
	if len(list) != 1 {
		w.Fatalf("%d duties are open", len(list))
	}
	return list[0]
}

// records counts the records of a type.
func (w *world) records(typ evidence.Type) int {
	w.Helper()
	n := 0
	for r, err := range w.store.Records(w.Context(), false) {
		w.must(err)
		if r.Type == typ {
			n++
			if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseFR15}) {
				w.Errorf("%s cites %v", r.Type, r.Clauses)
			}
		}
	}
	return n
}

func filing(at time.Time) faces.Filing {
	return faces.Filing{Reference: "2027-0001", At: at, Proof: strings.Repeat("ab", 32)}
}

func (w *world) file(id string) {
	w.Helper()
	_, err := w.counter.File(w.Context(), officer(), id, filing(w.clock.Now()))
	w.must(err)
}

func TestCount(t *testing.T) {
	w := open(t)
	for _, step := range []struct {
		n       int
		level   faces.Level
		changes int
		open    int
	}{
		{0, faces.Below, 0, 0}, {79_999, faces.Below, 0, 0}, {80_000, faces.Warned, 1, 0}, {80_001, faces.Warned, 1, 0}, {99_999, faces.Warned, 1, 0},
		{100_000, faces.Over, 2, 1}, {100_001, faces.Over, 2, 1}, {50_000, faces.Below, 3, 1}, {100_000, faces.Over, 4, 1},
	} {
		w.check(step.n)
		f, err := w.counter.Figures(t.Context())
		if err != nil || f != (faces.Figures{Faces: step.n, Level: step.level, Open: step.open}) {
			t.Errorf("at %d: %+v, %v", step.n, f, err)
		}
		if n := w.records(faces.RecordLevel); n != step.changes {
			t.Errorf("at %d: %d changes of level are on record", step.n, n)
		}
	}
	if n := w.records(faces.RecordOpened); n != 1 {
		t.Errorf("%d duties were opened", n)
	}
}

// TestDue opens the duty in November 2026: its last day is in a year whose holidays are not known, and it says so.
func TestDue(t *testing.T) {
	w := open(t)
	w.check(120_000)
	d := w.one()
	if want := time.Date(2027, 1, 1, 15, 59, 59, 999e6, time.UTC); !d.Value.Due.Equal(want) || !d.Due.Equal(want) || !slices.Equal(d.Value.Unsure, []int{2027}) || d.Value.Faces != 120_000 || d.Value.Kind != faces.First {
		t.Errorf("due %s, unsure %v, %d faces", d.Value.Due, d.Value.Unsure, d.Value.Faces)
	}
	w.clock.Set(d.Value.Due)
	f, err := w.counter.Figures(t.Context())
	if err != nil || f.Overdue != 1 {
		t.Errorf("%+v, %v", f, err)
	}
	w.file(d.ID)
	if f, err = w.counter.Figures(t.Context()); err != nil || f.Open != 0 || f.Overdue != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestFiledOnce files, and looks that no second duty comes of more faces; after an end was filed one does.
func TestFiledOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, err := w.counter.Begin(ctx, officer(), faces.Change, w.clock.Now())
	storetest.WantCode(t, err, faces.CodeUnfiled)
	w.check(100_000)
	_, err = w.counter.Begin(ctx, officer(), faces.Change, w.clock.Now())
	storetest.WantCode(t, err, faces.CodeUnfiled)
	w.file(w.one().ID)
	w.check(10)
	w.check(200_000)
	if list := w.duties(faces.Query{States: []faces.State{faces.Open}}); len(list) != 0 {
		t.Errorf("opened again: %v", list)
	}
	since := w.clock.Now().Add(-48 * time.Hour)
	change, err := w.counter.Begin(ctx, officer(), faces.Change, since)
	w.must(err)
	if !change.Value.Since.Equal(since) || change.Value.Kind != faces.Change || !change.Value.Due.After(since.AddDate(0, 0, 40)) {
		t.Errorf("change since %s, due %s", change.Value.Since, change.Value.Due)
	}
	_, err = w.counter.Begin(ctx, officer(), faces.Change, since)
	storetest.WantCode(t, err, faces.CodeOpen)
	w.file(change.ID)
	cancel, err := w.counter.Begin(ctx, officer(), faces.Cancel, w.clock.Now())
	w.must(err)
	w.check(200_000)
	if w.one().ID != cancel.ID {
		t.Error("while the end is not filed what was filed stands")
	}
	w.file(cancel.ID)
	w.check(200_000)
	if d := w.one(); d.Value.Kind != faces.First {
		t.Errorf("faces are stored and nothing is filed: %+v", d)
	}
}

// TestDismissed dismisses the duty; it comes again only once the number was left and reached again.
func TestDismissed(t *testing.T) {
	w := open(t)
	w.check(100_000)
	_, err := w.counter.Dismiss(t.Context(), officer(), w.one().ID, "not-recognition", "no face is recognised here")
	w.must(err)
	w.check(150_000)
	if list := w.duties(faces.Query{States: []faces.State{faces.Open}}); len(list) != 0 {
		t.Errorf("opened again: %v", list)
	}
	w.check(99_999)
	w.check(100_000)
	w.one()
}

// TestUncounted has the count fail: no level changes, and no duty is opened or closed.
func TestUncounted(t *testing.T) {
	w := open(t)
	w.check(100_000)
	w.source.n, w.source.err = 0, errors.New("can't count")
	if err := w.counter.Check(t.Context()); !errors.Is(err, w.source.err) {
		t.Errorf("checked with %v", err)
	}
	f, err := w.counter.Figures(t.Context())
	if err == nil || f.Faces != -1 || f.Level != "" || f.Open != 1 {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := w.counter.Begin(t.Context(), officer(), faces.Change, w.clock.Now()); err == nil {
		t.Error("a change began")
	}
}

// TestNodes counts on several nodes at once.
func TestNodes(t *testing.T) {
	w := open(t)
	w.source.n = 100_000
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := w.counter.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.one()
	if opened, changed := w.records(faces.RecordOpened), w.records(faces.RecordLevel); opened != 1 || changed != 1 {
		t.Errorf("%d duties were opened, %d levels recorded", opened, changed)
	}
}

// TestStates tries every state with every event, and every level with every other.
func TestStates(t *testing.T) {
	w := open(t)
	for i, from := range faces.States() {
		for _, to := range faces.States() {
			if got, want := from.May(to), from == faces.Open && to != faces.Open; got != want {
				t.Errorf("%s to %s: %t", from, to, got)
			}
		}
		for j, to := range []faces.State{faces.Filed, faces.Dismissed} {
			w.check(0)
			w.check(100_000)
			d := w.one()
			close := func(to faces.State) (faces.Entry, error) {
				if to == faces.Filed {
					return w.counter.File(t.Context(), officer(), d.ID, filing(w.clock.Now()))
				}
				return w.counter.Dismiss(t.Context(), officer(), d.ID, "test", "test")
			}
			if from != faces.Open {
				_, err := close(from)
				w.must(err)
			}
			e, err := close(to)
			if from == faces.Open && (err != nil || e.State != string(to)) {
				t.Errorf("%d, %d: %s, %v", i, j, e.State, err)
			}
			if from != faces.Open {
				storetest.WantCode(t, err, faces.CodeStep)
			}
			if got := w.duties(faces.Query{})[0]; from != faces.Open && got.State != string(from) {
				t.Errorf("%s became %s", from, got.State)
			}
			if w.duties(faces.Query{})[0].State == string(faces.Filed) { // or no other duty would be opened
				end, err := w.counter.Begin(t.Context(), officer(), faces.Cancel, w.clock.Now())
				w.must(err)
				w.file(end.ID)
			}
		}
	}
	for _, from := range faces.Levels() {
		for _, to := range faces.Levels() {
			if from.May(to) != (from != to) {
				t.Errorf("%s to %s: %t", from, to, from.May(to))
			}
		}
	}
}

func TestInvalid(t *testing.T) {
	w := open(t)
	w.check(100_000)
	id, ctx := w.one().ID, t.Context()
	for name, f := range map[string]faces.Filing{
		"reference": {At: w.clock.Now(), Proof: strings.Repeat("ab", 32)},
		"at":        {Reference: "r", At: w.clock.Now().Add(time.Hour), Proof: strings.Repeat("ab", 32)},
		"proof":     {Reference: "r", At: w.clock.Now(), Proof: strings.Repeat("AB", 32)},
	} {
		_, err := w.counter.File(ctx, officer(), id, f)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != faces.CodeInvalid || e.Args["field"] != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.counter.File(ctx, ledger.By{Role: "system"}, id, filing(w.clock.Now()))
	storetest.WantCode(t, err, faces.CodeInvalid)
	_, err = w.counter.File(ctx, officer(), "level", filing(w.clock.Now()))
	storetest.WantCode(t, err, faces.CodeMissing)
	_, err = w.counter.Dismiss(ctx, officer(), id, "Reason", "note")
	storetest.WantCode(t, err, faces.CodeInvalid)
	_, err = w.counter.Dismiss(ctx, officer(), id, "reason", "")
	storetest.WantCode(t, err, faces.CodeInvalid)
	_, err = w.counter.Begin(ctx, officer(), faces.First, w.clock.Now())
	storetest.WantCode(t, err, faces.CodeInvalid)
	_, err = w.counter.Begin(ctx, officer(), faces.Change, w.clock.Now().Add(time.Hour))
	storetest.WantCode(t, err, faces.CodeInvalid)
}
