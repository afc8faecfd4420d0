package training_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/review/training"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// judge finds something in texts with a word, can't run over texts with another, and passes all others.
type judge struct{}

func (judge) Name() string       { return "judge" }
func (judge) Version() string    { return "1" }
func (judge) Method() run.Method { return run.ByKeyword }
func (judge) Judge(_ context.Context, _ bank.Question, text string) (run.Opinion, error) {
	switch {
	case strings.Contains(text, "bad"):
		return run.Opinion{Verdict: colophon.Failed}, nil
	case strings.Contains(text, "odd"):
		return run.Opinion{Verdict: colophon.Passed}, errors.New("it did not run")
	}
	return run.Opinion{Verdict: colophon.Passed}, nil
}

type world struct {
	*testing.T
	clock    *storetest.Clock
	store    *store.Store
	datasets *dataset.Keeper
	panel    *sample.Panel
	keeper   *training.Keeper
}

type given struct{}

func (given) Ended(context.Context, string) (string, time.Time, bool, error) {
	return "given", time.Time{}, false, nil
}
func (given) Version(context.Context, string, string) error { return nil }

func by(n string) ledger.By { return ledger.By{Role: "officer", ID: "staff-" + n} }

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	rec := storetest.Recorder(t, config.Keys, w.clock.Now)
	w.panel = sample.NewPanel(ledgers.Of[sample.Item](w.store, sample.Ledger), rec, time.Hour)
	w.datasets = dataset.New(dataset.Config{Datasets: ledgers.Of[dataset.Dataset](w.store, dataset.Ledger), Removals: ledgers.Of[dataset.Removal](w.store, dataset.RemovalLedger), Recorder: rec, Consents: given{}, Versions: given{}})
	w.keeper = training.New(training.Config{Samples: ledgers.Of[training.Sample](w.store, training.Ledger), Texts: ledgers.Of[training.Texts](w.store, training.TextsLedger), Recorder: rec, Keys: config.Keys, Datasets: w.datasets, Panel: w.panel, Judges: []run.Judge{judge{}}})
	_, err := w.datasets.Add(t.Context(), by("0"), "corpus", dataset.Description{Names: register.Names{ZH: "语料", EN: "Corpus"}, Modalities: []string{"text"}, Origin: "own", Source: "ours"})
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// manifest has so many items with a text, by word.
func manifest(words map[string]int) string {
	var b strings.Builder
	b.WriteString("id,text,sha256,at\n")
	for _, word := range []string{"good", "bad", "odd"} {
		for i := range words[word] {
			fmt.Fprintf(&b, "%s-%d,a %s item,,\n", word, i, word)
		}
	}
	for i := range words["file"] {
		fmt.Fprintf(&b, "file-%d,,%s,a/%d.png\n", i, strings.Repeat("0", 64), i)
	}
	return b.String()
}

func (w *world) draw(text string, q sample.Quota) training.Sample {
	w.Helper()
	s, err := w.keeper.Draw(w.Context(), by("0"), training.Order{Dataset: "corpus", Seed: 3, Quota: q}, func() (io.Reader, error) { return strings.NewReader(text), nil })
	w.no(err)
	return s
}

func (w *world) results(id string) map[dataset.Yardstick]dataset.Result {
	w.Helper()
	_, list, _, err := w.keeper.Result(w.Context(), id)
	w.no(err)
	m := map[dataset.Yardstick]dataset.Result{}
	for _, r := range list {
		m[r.Yardstick] = r
	}
	return m
}

// judged has somebody judge all that is left for him.
func (w *world) judged(who ledger.By, id string) {
	w.Helper()
	for {
		list, err := w.panel.Take(w.Context(), who, training.Sheet(id), 20)
		w.no(err)
		if len(list) == 0 {
			return
		}
		for _, it := range list {
			text, _, err := w.keeper.Text(w.Context(), who, it.ID)
			w.no(err)
			v := colophon.Passed
			if strings.Contains(text.Text, "bad") {
				v = colophon.Failed
			}
			_, err = w.panel.Judge(w.Context(), who, it.ID, v, "")
			w.no(err)
		}
	}
}

// TestMachines: a tenth is judged by machines; what they could not read or run over is what nobody could tell, never passed.
func TestMachines(t *testing.T) {
	w := open(t)
	s := w.draw(manifest(map[string]int{"good": 95}), sample.Quota{Least: 1})
	if s.Machine.Drawn != 10 || s.Machine.Passed != 10 || colophon.Verdict(w.results(s.ID)[dataset.ByMachine].Verdict) != colophon.Passed {
		t.Errorf("%+v", s.Machine)
	}
	for word, want := range map[string]training.Machine{"bad": {Drawn: 2, Failed: 2}, "odd": {Drawn: 2, Unknown: 2}, "file": {Drawn: 2, Unknown: 2}} {
		_, err := w.keeper.Cancel(t.Context(), by("0"), s.ID)
		w.no(err)
		s = w.draw(manifest(map[string]int{word: 20}), sample.Quota{Least: 1})
		verdict := colophon.Verdict(w.results(s.ID)[dataset.ByMachine].Verdict)
		if s.Machine.Drawn != want.Drawn || s.Machine.Failed != want.Failed || s.Machine.Unknown != want.Unknown || s.Machine.Passed != 0 || (word == "bad") != (verdict == colophon.Failed) || verdict == colophon.Passed {
			t.Errorf("%s: %+v %v", word, s.Machine, verdict)
		}
	}
}

// TestPeople: fewer than the yardstick asks for can't be told, all of a small dataset can; one sample at a time; texts go at
// the end.
func TestPeople(t *testing.T) {
	w := open(t)
	text := manifest(map[string]int{"good": 29, "bad": 1})
	s := w.draw(text, sample.Quota{Least: 10})
	_, err := w.keeper.Draw(t.Context(), by("0"), training.Order{Dataset: "corpus"}, func() (io.Reader, error) { return strings.NewReader(text), nil })
	storetest.WantCode(t, err, training.CodeBusy)
	w.judged(by("1"), s.ID)
	_, err = w.keeper.Finish(t.Context(), by("0"), s.ID)
	storetest.WantCode(t, err, training.CodeOpen)
	w.judged(by("2"), s.ID)
	if r := w.results(s.ID)[dataset.ByPeople]; r.Known != 10 || r.Must != 30 || colophon.Verdict(r.Verdict) != colophon.Unknown {
		t.Errorf("too few: %+v", r)
	}
	_, err = w.keeper.Cancel(t.Context(), by("0"), s.ID)
	w.no(err)

	s = w.draw(text, sample.Quota{})
	w.judged(by("1"), s.ID)
	list, err := w.panel.Take(t.Context(), by("2"), training.Sheet(s.ID), 1)
	w.no(err)
	_, _, err = w.keeper.Text(t.Context(), by("1"), list[0].ID)
	storetest.WantCode(t, err, sample.CodeTwice)
	w.judged(by("2"), s.ID)
	done, err := w.keeper.Finish(t.Context(), by("0"), s.ID)
	if r := w.results(s.ID)[dataset.ByPeople]; err != nil || done.State != training.Done || r.Known != 30 || r.Hits != 29 || colophon.Verdict(r.Verdict) != colophon.Passed {
		t.Errorf("%+v %v", r, err)
	}
	kept, err := ledgers.Of[training.Texts](w.store, training.TextsLedger).Find(t.Context(), ledger.Query{})
	w.no(err)
	for _, e := range kept {
		if e.Sealed != nil {
			t.Error("a text is still there")
		}
	}
	e, err := w.datasets.Dataset(t.Context(), "corpus")
	if err != nil || e.Value.Rows()[0].Verdict != colophon.Passed {
		t.Errorf("%+v %v", e.Value.Rows(), err)
	}
}

// TestChanged: a dataset that is another one since takes no results, and a manifest that changes while it is read draws nothing.
func TestChanged(t *testing.T) {
	w := open(t)
	s := w.draw(manifest(map[string]int{"good": 3}), sample.Quota{})
	w.judged(by("1"), s.ID)
	w.judged(by("2"), s.ID)
	m := dataset.NewManifest("corpus")
	w.no(dataset.Read(strings.NewReader(manifest(map[string]int{"good": 2})), m.Add))
	_, err := w.datasets.List(t.Context(), by("0"), "corpus", m.Listed())
	w.no(err)
	_, err = w.keeper.Finish(t.Context(), by("0"), s.ID)
	storetest.WantCode(t, err, dataset.CodeOther)
	_, err = w.keeper.Cancel(t.Context(), by("0"), s.ID)
	w.no(err)
	calls := 0
	_, err = w.keeper.Draw(t.Context(), by("0"), training.Order{Dataset: "corpus"}, func() (io.Reader, error) {
		calls++
		return strings.NewReader(manifest(map[string]int{"good": 2 + calls})), nil
	})
	storetest.WantCode(t, err, training.CodeChanged)
}

// lost is a store whose process dies when texts are to be forgotten.
type lost struct{ ledger.Store[training.Texts] }

func (l lost) Amend(context.Context, evidence.Record, ...ledger.Entry[training.Texts]) error {
	return errors.New("the process died")
}

// TestForgets: texts that could not be forgotten at the end go when the end is asked for again, or by themselves; those of a
// drawing that broke off go after a day.
func TestForgets(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	texts := ledgers.Of[training.Texts](w.store, training.TextsLedger)
	keeper := func(texts ledger.Store[training.Texts], panel *sample.Panel) *training.Keeper {
		keys := storetest.Keys(t, "first")
		return training.New(training.Config{Samples: ledgers.Of[training.Sample](w.store, training.Ledger), Texts: texts, Recorder: storetest.Recorder(t, keys, w.clock.Now), Keys: keys, Datasets: w.datasets, Panel: panel})
	}
	kept := func(want int) {
		t.Helper()
		if n, err := texts.Count(ctx, ledger.Query{States: []string{"kept"}}); err != nil || n != want {
			t.Errorf("%d texts are kept, want %d: %v", n, want, err)
		}
	}
	dying := keeper(lost{texts}, w.panel)
	text := manifest(map[string]int{"good": 3})
	for _, end := range []func(*training.Keeper, string) error{
		func(k *training.Keeper, id string) error { _, err := k.Cancel(ctx, by("0"), id); return err },
		func(k *training.Keeper, id string) error { _, err := k.Finish(ctx, by("0"), id); return err },
	} {
		for _, again := range []bool{true, false} {
			s := w.draw(text, sample.Quota{})
			w.judged(by("1"), s.ID)
			w.judged(by("2"), s.ID)
			if err := end(dying, s.ID); err == nil {
				t.Fatal("texts were forgotten")
			}
			kept(1)
			if again {
				w.no(end(w.keeper, s.ID))
			} else {
				w.no(w.keeper.Sweep(ctx))
			}
			kept(0)
		}
	}
	s := w.draw(text, sample.Quota{}) // it is judged, and keeps its texts
	_, err := keeper(texts, sample.NewPanel(full{ledgers.Of[sample.Item](w.store, sample.Ledger)}, storetest.Recorder(t, storetest.Keys(t, "first"), w.clock.Now), time.Hour)).Draw(ctx, by("0"), training.Order{Dataset: w.other()}, func() (io.Reader, error) { return strings.NewReader(text), nil })
	if err == nil {
		t.Fatal("it was drawn")
	}
	w.no(w.keeper.Sweep(ctx))
	kept(2)
	w.clock.Set(w.clock.Now().AddDate(0, 0, 2))
	w.no(w.keeper.Sweep(ctx))
	kept(1)
	w.judged(by("1"), s.ID)
}

// full takes no items.
type full struct{ ledger.Store[sample.Item] }

func (full) Add(context.Context, evidence.Record, ...ledger.Entry[sample.Item]) error {
	return errors.New("the process died")
}

// other is another dataset.
func (w *world) other() string {
	w.Helper()
	_, err := w.datasets.Add(w.Context(), by("0"), "other", dataset.Description{Names: register.Names{ZH: "语料", EN: "Corpus"}, Modalities: []string{"text"}, Origin: "own", Source: "ours"})
	w.no(err)
	return "other"
}

func TestYardsticksAreThere(t *testing.T) {
	t.Parallel()
	for _, y := range dataset.Yardsticks() {
		if _, ok := sample.YardstickOf(string(y)); !ok {
			t.Errorf("package sample has no yardstick %s", y)
		}
	}
}
