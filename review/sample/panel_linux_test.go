package sample_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/review/sample"
)

type world struct {
	*testing.T
	clock *storetest.Clock
	store *store.Store
	panel *sample.Panel
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	w.panel = sample.NewPanel(ledgers.Of[sample.Item](w.store, sample.Ledger), storetest.Recorder(t, config.Keys, w.clock.Now), 10*time.Minute, colophon.ClauseDS14)
	return w
}

func by(n string) ledger.By { return ledger.By{Role: "officer", ID: "staff-" + n} }

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) take(who ledger.By, n int) []sample.Item {
	w.Helper()
	list, err := w.panel.Take(w.Context(), who, "sheet", n)
	w.no(err)
	return list
}

// judge takes one item and judges it.
func (w *world) judge(who ledger.By, v colophon.Verdict) sample.Item {
	w.Helper()
	list := w.take(who, 1)
	if len(list) != 1 {
		w.Fatalf("%s got %d items", who.ID, len(list))
	}
	it, err := w.panel.Judge(w.Context(), who, list[0].ID, v, "because")
	w.no(err)
	return it
}

func (w *world) states() map[sample.State]int {
	w.Helper()
	t, err := w.panel.Tally(w.Context(), "sheet")
	w.no(err)
	return t.States
}

// counting counts what is read.
type counting struct {
	ledger.Store[sample.Item]
	read int
}

func (c *counting) Find(ctx context.Context, q ledger.Query) ([]ledger.Entry[sample.Item], error) {
	list, err := c.Store.Find(ctx, q)
	c.read += len(list)
	return list, err
}

// TestTakeReadsLittle: the next item of a large sample is found without reading all of it.
func TestTakeReadsLittle(t *testing.T) {
	w := open(t)
	c := &counting{Store: ledgers.Of[sample.Item](w.store, sample.Ledger)}
	w.panel = sample.NewPanel(c, storetest.Recorder(t, storetest.Keys(t, "first"), w.clock.Now), 10*time.Minute)
	_, err := w.panel.Put(t.Context(), by("0"), "sheet", units(map[string]int{"a": 300}), sample.Quota{Least: 300}, 1)
	w.no(err)
	for range 60 {
		w.judge(by("1"), colophon.Passed)
	}
	c.read = 0
	if mine := w.take(by("1"), 1); len(mine) != 1 || c.read > 60 {
		t.Errorf("%d items after reading %d", len(mine), c.read)
	}
	c.read = 0
	if again := w.take(by("1"), 1); len(again) != 1 || c.read > 5 {
		t.Errorf("%d items that he has after reading %d", len(again), c.read)
	}
}

// TestTwoReviewers: two people judge each item without seeing each other's judgement, a third decides, nobody judges twice.
func TestTwoReviewers(t *testing.T) {
	w := open(t)
	_, err := w.panel.Put(t.Context(), by("0"), "sheet", units(map[string]int{"a": 2, "b": 1}), sample.Quota{Least: 3}, 1)
	w.no(err)
	for range 3 {
		if it := w.judge(by("1"), colophon.Passed); len(it.Opinions) != 0 || it.State != "" {
			t.Errorf("what was judged is shown: %+v", it)
		}
	}
	if more := w.take(by("1"), 3); len(more) != 0 {
		t.Errorf("a reviewer was given what he judged: %+v", more)
	}
	for _, it := range w.take(by("2"), 3) {
		if len(it.Opinions) != 0 || it.State != "" || it.Outcome != 0 {
			t.Errorf("the second reviewer sees what the first did: %+v", it)
		}
	}
	w.judge(by("2"), colophon.Passed)
	w.judge(by("2"), colophon.Failed)
	w.judge(by("2"), colophon.Unknown)
	if s := w.states(); s[sample.Settled] != 1 || s[sample.Disputed] != 2 {
		t.Errorf("after two: %v", s)
	}
	for _, who := range []string{"1", "2"} {
		if list := w.take(by(who), 5); len(list) != 0 {
			t.Errorf("%s settles his own dispute: %+v", who, list)
		}
	}
	w.judge(by("3"), colophon.Failed)
	tally, err := w.panel.Tally(t.Context(), "sheet")
	w.no(err)
	if tally.All.Hits != 1 || tally.All.Known != 2 || tally.All.Unknown != 1 || tally.Settled != 2 || tally.Raters != 2 || tally.Kappa.Pairs != 3 || tally.Kappa.Agreed != 1 || tally.Kappa.Value != 0 || len(tally.Strata) != 2 {
		t.Errorf("a disputed item is left out, or counts as judged: %+v", tally)
	}
	w.judge(by("3"), colophon.Passed)
	if s := w.states(); s[sample.Settled] != 3 {
		t.Errorf("at the end: %v", s)
	}
	types := map[evidence.Type]int{}
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		types[r.Type]++
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS14}) {
			t.Errorf("%s cites %v", r.Type, r.Clauses)
		}
	}
	if types[sample.RecordDrawn] != 1 || types[sample.RecordJudged] != 8 {
		t.Errorf("records: %v", types)
	}
}

// TestLease: an item is one reviewer's at a time, and anybody's when the lease is over; no judgement without it.
func TestLease(t *testing.T) {
	w := open(t)
	_, err := w.panel.Put(t.Context(), by("0"), "sheet", units(map[string]int{"a": 1}), sample.Quota{Least: 1}, 1)
	w.no(err)
	it := w.take(by("1"), 1)[0]
	if again := w.take(by("1"), 1); len(again) != 1 || again[0].ID != it.ID {
		t.Errorf("a reviewer does not get back what he has: %+v", again)
	}
	if list := w.take(by("2"), 1); len(list) != 0 {
		t.Errorf("two have it: %+v", list)
	}
	_, err = w.panel.Judge(t.Context(), by("2"), it.ID, colophon.Passed, "")
	storetest.WantCode(t, err, sample.CodeLease)
	_, err = w.panel.Held(t.Context(), by("2"), it.ID)
	storetest.WantCode(t, err, sample.CodeLease)
	w.clock.Set(w.clock.Now().Add(10 * time.Minute))
	_, err = w.panel.Judge(t.Context(), by("1"), it.ID, colophon.Passed, "")
	storetest.WantCode(t, err, sample.CodeLease)
	if list := w.take(by("2"), 1); len(list) != 1 {
		t.Error("nobody gets what a lease ended for")
	}
	_, err = w.panel.Judge(t.Context(), by("2"), it.ID, colophon.Passed, "")
	w.no(err)
	_, err = w.panel.Judge(t.Context(), by("2"), it.ID, colophon.Passed, "")
	storetest.WantCode(t, err, sample.CodeTwice)
	_, err = w.panel.Held(t.Context(), by("2"), it.ID)
	storetest.WantCode(t, err, sample.CodeTwice)
	w.judge(by("1"), colophon.Passed)
	_, err = w.panel.Judge(t.Context(), by("3"), it.ID, colophon.Passed, "")
	storetest.WantCode(t, err, sample.CodeClosed)
	for _, who := range []ledger.By{{}, {Role: "system", ID: "x"}, {Role: "application", ID: "x"}} {
		_, err = w.panel.Take(t.Context(), who, "sheet", 1)
		storetest.WantCode(t, err, sample.CodePerson)
		_, err = w.panel.Judge(t.Context(), who, it.ID, colophon.Passed, "")
		storetest.WantCode(t, err, sample.CodePerson)
		_, err = w.panel.Put(t.Context(), who, "other", units(map[string]int{"a": 1}), sample.Quota{Least: 1}, 1)
		storetest.WantCode(t, err, sample.CodePerson)
	}
	_, err = w.panel.Judge(t.Context(), by("3"), "none", colophon.Passed, "")
	storetest.WantCode(t, err, sample.CodeMissing)
}

// TestPut: a sheet has one sample; the same may be put again, and goes on where it was cut off.
func TestPut(t *testing.T) {
	w := open(t)
	all := units(map[string]int{"a": 700})
	d, err := w.panel.Put(t.Context(), by("0"), "sheet", all, sample.Quota{Least: 600}, 1)
	w.no(err)
	_, err = w.panel.Put(t.Context(), by("0"), "sheet", all, sample.Quota{Least: 600}, 1)
	w.no(err)
	tally, err := w.panel.Tally(t.Context(), "sheet")
	if err != nil || tally.Items != 600 || len(d.Units) != 600 || tally.All.Unknown != 600 || tally.Kappa.Defined {
		t.Errorf("%+v, %v", tally, err)
	}
	_, err = w.panel.Put(t.Context(), by("0"), "sheet", all, sample.Quota{Least: 600}, 2)
	storetest.WantCode(t, err, sample.CodeThere)
	w.no(w.panel.Withdraw(t.Context(), by("0"), "sheet"))
	if s := w.states(); s[sample.Withdrawn] != 600 {
		t.Errorf("%v", s)
	}
	if list := w.take(by("1"), 1); len(list) != 0 {
		t.Errorf("withdrawn and given out: %+v", list)
	}
}

// TestStates: the table of steps.
func TestStates(t *testing.T) {
	t.Parallel()
	want := map[sample.State][]sample.State{sample.Waiting: {sample.Once, sample.Withdrawn}, sample.Once: {sample.Disputed, sample.Settled, sample.Withdrawn}, sample.Disputed: {sample.Settled, sample.Withdrawn}}
	for _, from := range sample.States() {
		for _, to := range sample.States() {
			if from.May(to) != slices.Contains(want[from], to) {
				t.Errorf("%s to %s: %t", from, to, from.May(to))
			}
		}
	}
}
