package correction_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident/correction"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	first  = ledger.By{Role: "officer", ID: "staff-1"}
	second = ledger.By{Role: "officer", ID: "staff-2"}
	system = ledger.By{Role: "system"}
)

type world struct {
	*testing.T
	clock *storetest.Clock
	store *store.Store
	rec   *evidence.Recorder
	cases *slow
	k     *correction.Keeper
}

// slow is a ledger of cases in which time passes with each look.
type slow struct {
	ledger.Store[correction.Case]
	clock *storetest.Clock
	takes time.Duration
}

func (s *slow) Find(ctx context.Context, q ledger.Query) ([]correction.Entry, error) {
	s.clock.Set(s.clock.Now().Add(s.takes))
	return s.Store.Find(ctx, q)
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	w.rec = storetest.Recorder(t, config.Keys, w.clock.Now)
	w.cases = &slow{Store: ledgers.Of[correction.Case](w.store, correction.Ledger), clock: w.clock}
	var err error
	w.k, err = correction.New(correction.Config{Cases: w.cases, Recorder: w.rec, Keys: config.Keys, AtOnce: 2 * time.Hour, Correct: 30 * 24 * time.Hour})
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) open(origin string) correction.Case {
	w.Helper()
	c, err := w.k.Open(w.Context(), first, correction.Draft{Words: correction.Words{Title: "a recipe for a weapon", Summary: "asked in verse"}, Origin: origin, Function: "chat", Model: "m-1"})
	w.no(err)
	return c
}

func (w *world) told(s correction.Step) correction.Told {
	t := correction.Told{At: w.clock.Now(), Evidence: []correction.Evidence{{Kind: "order", ID: "o-1"}}}
	if s == correction.Correct {
		t.How, t.Evidence = correction.ByTraining, []correction.Evidence{{Kind: "run", ID: "r-1"}}
	}
	return t
}

func (w *world) types() (list []evidence.Type) {
	w.Helper()
	for r, err := range w.store.Records(w.Context(), false) {
		w.no(err)
		list = append(list, r.Type)
	}
	return list
}

// TestLife opens a case, takes each step, and closes it: not while a step is open, and not by whoever corrected the model.
func TestLife(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	c := w.open("held/h-1")
	if c.State != correction.Open || !slices.Equal(c.Left(), correction.Steps()) || c.Opener != first.ID {
		t.Fatalf("%+v", c)
	}
	if again := w.open("held/h-1"); again.ID != c.ID {
		t.Errorf("one origin, two cases")
	}
	if other := w.open("held/h-2"); other.ID == c.ID {
		t.Errorf("two origins, one case")
	}
	w.clock.Set(w.clock.Now().Add(time.Hour))
	for i, s := range correction.Steps() {
		_, err := w.k.Close(ctx, second, c.ID, "done")
		storetest.WantCode(t, err, correction.CodeOpen)
		told := w.told(s)
		if told.Note = "by night"; s == correction.Delete {
			told = correction.Told{Skip: true, At: w.clock.Now(), Note: "refused before it left"}
		}
		c, err = w.k.Take(ctx, first, c.ID, s, told)
		w.no(err)
		if got := c.Left(); len(got) != 3-i || slices.Contains(got, s) {
			t.Errorf("after %s: %v", s, got)
		}
		_, err = w.k.Take(ctx, first, c.ID, s, w.told(s))
		storetest.WantCode(t, err, correction.CodeStep)
	}
	_, err := w.k.Close(ctx, first, c.ID, "done")
	storetest.WantCode(t, err, correction.CodeSame)
	c, err = w.k.Retract(ctx, second, c.ID, correction.Correct, "it came again")
	w.no(err)
	_, err = w.k.Close(ctx, second, c.ID, "done")
	storetest.WantCode(t, err, correction.CodeOpen)
	_, err = w.k.Take(ctx, first, c.ID, correction.Correct, w.told(correction.Correct))
	w.no(err)
	c, err = w.k.Close(ctx, second, c.ID, "done")
	w.no(err)
	if c.State != correction.Closed || c.Closer != second.ID || c.Closed.IsZero() {
		t.Errorf("%+v", c)
	}
	_, words, err := w.k.Read(ctx, second, c.ID)
	w.no(err)
	if words.Title != "a recipe for a weapon" || words.Notes[correction.Stop] != "by night" || words.Notes[correction.Delete] != "refused before it left" || words.Notes[correction.Correct] != "" {
		t.Errorf("%+v", words)
	}
	w.no(errors.Join(func() error { _, err := w.k.Reopen(ctx, first, c.ID, "again"); return err }()))
	_, err = w.k.Dismiss(ctx, first, c.ID, "it was none") // who opened it and corrected the model
	storetest.WantCode(t, err, correction.CodeSame)
	opened, err := w.k.Open(ctx, second, correction.Draft{Words: correction.Words{Title: "x"}, Origin: "held/h-1"})
	if w.no(err); opened.ID != c.ID {
		t.Errorf("one origin, two cases")
	}
	c, err = w.k.Dismiss(ctx, second, c.ID, "it was none")
	w.no(err)
	want := []evidence.Type{correction.RecordOpened, correction.RecordOpened, correction.RecordStepped, correction.RecordStepped, correction.RecordStepped, correction.RecordStepped, correction.RecordRetracted, correction.RecordStepped, correction.RecordClosed, correction.RecordRead, correction.RecordReopened, correction.RecordDismissed}
	if got := w.types(); !slices.Equal(got, want) {
		t.Errorf("records are %v, want %v", got, want)
	}
	if again := w.open("held/h-1"); again.ID == c.ID {
		t.Errorf("a dismissed case is found by its origin")
	}
}

// TestRefused tells steps that nothing shows, that can't be left out, or that are out of form.
func TestRefused(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	c := w.open("")
	at := w.clock.Now()
	shown := []correction.Evidence{{Kind: "order", ID: "o-1"}}
	for _, tt := range []struct {
		step correction.Step
		told correction.Told
		code colophon.Code
	}{
		{correction.Stop, correction.Told{At: at}, correction.CodeEvidence},
		{correction.Correct, correction.Told{At: at, Skip: true, Note: "no time"}, correction.CodeNeeded},
		{correction.Report, correction.Told{At: at, Skip: true, Note: "no time"}, correction.CodeNeeded},
		{correction.Stop, correction.Told{At: at, Skip: true}, correction.CodeInvalid},
		{correction.Stop, correction.Told{At: at.Add(time.Minute), Evidence: shown}, correction.CodeInvalid},
		{correction.Correct, correction.Told{At: at.Add(-time.Minute), How: correction.ByTraining, Evidence: shown}, correction.CodeInvalid},
		{correction.Report, correction.Told{At: at.Add(-time.Minute), Evidence: shown}, correction.CodeInvalid},
		{correction.Stop, correction.Told{Evidence: shown}, correction.CodeInvalid},
		{correction.Stop, correction.Told{At: at, How: correction.ByTraining, Evidence: shown}, correction.CodeInvalid},
		{correction.Correct, correction.Told{At: at, Evidence: shown}, correction.CodeInvalid},
		{correction.Correct, correction.Told{At: at, How: correction.ByTraining}, correction.CodeEvidence},
		{correction.Stop, correction.Told{At: at, Evidence: []correction.Evidence{{Kind: "order", ID: "o 1"}}}, correction.CodeInvalid},
		{"weather", correction.Told{At: at, Evidence: shown}, correction.CodeInvalid},
	} {
		_, err := w.k.Take(ctx, first, c.ID, tt.step, tt.told)
		storetest.WantCode(t, err, tt.code)
	}
	for _, by := range []ledger.By{{}, system, {Role: "application", ID: "key-1"}} {
		_, err := w.k.Take(ctx, by, c.ID, correction.Stop, w.told(correction.Stop))
		storetest.WantCode(t, err, correction.CodePerson)
		_, err = w.k.Dismiss(ctx, by, c.ID, "no")
		storetest.WantCode(t, err, correction.CodePerson)
		_, _, err = w.k.Read(ctx, by, c.ID)
		storetest.WantCode(t, err, correction.CodePerson)
	}
	for _, d := range []correction.Draft{{}, {Words: correction.Words{Title: "x"}, Origin: "a b"}, {Words: correction.Words{Title: "x"}, Found: at.Add(time.Second)}, {Words: correction.Words{Title: "x"}, About: []correction.Evidence{{}}}} {
		_, err := w.k.Open(ctx, first, d)
		storetest.WantCode(t, err, correction.CodeInvalid)
	}
	_, err := w.k.Case(ctx, "none")
	storetest.WantCode(t, err, correction.CodeMissing)
	_, err = w.k.Retract(ctx, first, c.ID, correction.Stop, "never taken")
	storetest.WantCode(t, err, correction.CodeStep)
}

// TestSweep writes each limit down once, and only of what nobody did.
func TestSweep(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	c := w.open("")
	told := w.told(correction.Stop)
	told.At = c.Found.Add(-time.Hour) // it was stopped before anybody found it to be illegal
	_, err := w.k.Take(ctx, first, c.ID, correction.Stop, told)
	w.no(err)
	w.clock.Set(c.Found.Add(2 * time.Hour))
	w.no(w.k.Sweep(ctx))
	if c, err = w.k.Case(ctx, c.ID); err != nil || len(c.Breaches) > 0 {
		t.Fatalf("before the limit: %+v, %v", c.Breaches, err)
	}
	w.clock.Set(c.Found.Add(2*time.Hour + time.Second))
	w.cases.takes = time.Minute
	w.no(w.k.Sweep(ctx))
	w.cases.takes = 0
	e, err := w.cases.Store.Find(ctx, ledger.Query{ID: c.ID})
	w.no(err)
	if last := e[0].Value.Breaches[len(e[0].Value.Breaches)-1]; !last.Seen.Equal(e[0].Changed) {
		t.Errorf("seen at %s, written down at %s", last.Seen, e[0].Changed)
	}
	w.no(w.k.Sweep(ctx))
	c, err = w.k.Case(ctx, c.ID)
	w.no(err)
	if len(c.Breaches) != 2 || c.Breaches[0].Step != correction.Delete || c.Breaches[1].Step != correction.Report || w.k.Due(c, correction.Correct) != c.Found.Add(30*24*time.Hour) {
		t.Errorf("%+v", c.Breaches)
	}
	list, _, err := w.k.Cases(ctx, correction.Query{States: []correction.State{correction.Open}, Function: "chat"})
	w.no(err)
	if len(list) != 1 || list[0].ID != c.ID {
		t.Errorf("%+v", list)
	}
}
