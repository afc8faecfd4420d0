package algorithm_test

import (
	"context"
	"errors"
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
	"github.com/colophon-project/colophon/register/algorithm"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var engineer = ledger.By{Role: "engineer", ID: "staff-1"}

// source is what the tests say that serves.
type source struct {
	digest string
	err    error
}

func (s *source) Serves(context.Context, []string, []string) (string, error) {
	return s.digest, s.err
}

type world struct {
	*testing.T
	clock  *storetest.Clock
	store  *store.Store
	source *source
	keeper *algorithm.Keeper
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock(), source: &source{digest: digest("a")}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	w.keeper = algorithm.New(ledgers.Of[algorithm.Algorithm](w.store, algorithm.Ledger), storetest.Recorder(t, config.Keys, w.clock.Now), w.source)
	return w
}

func digest(s string) string { return strings.Repeat(s, 64) }

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) records(typ string) int {
	w.Helper()
	list, err := w.store.FindRecords(w.Context(), store.RecordQuery{Type: evidence.Type(typ), Limit: 1000})
	w.no(err)
	return len(list)
}

func own() algorithm.Description {
	return algorithm.Description{Names: register.Names{ZH: "对话", EN: "Dialogue"}, Kind: "generation", Origin: algorithm.Own, Functions: []string{"chat"}, Models: []string{"chat-1"}}
}

// TestServing: what was found out about one digest counts no more the moment another serves, before anybody looks; each change
// is recorded once, and what nobody declared is told as such.
func TestServing(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, err := w.keeper.Add(ctx, engineer, "dialogue", own())
	w.no(err)
	_, err = w.keeper.Declare(ctx, engineer, "dialogue", algorithm.Version{Name: "1", Weights: digest("1")})
	w.no(err)
	_, err = w.keeper.Bind(ctx, engineer, "dialogue", "1")
	w.no(err)
	now, since, ok := w.keeper.Serving(ctx, "dialogue")
	if !ok || now != digest("a") || !since.Equal(w.clock.Now()) {
		t.Fatal(now, since, ok)
	}
	began := since
	w.clock.Set(w.clock.Now().Add(time.Hour))
	if list, err := w.keeper.Watch(ctx); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	if _, since, _ = w.keeper.Serving(ctx, "dialogue"); !since.Equal(began) {
		t.Error("it was first seen at", since)
	}
	w.source.digest = digest("b")
	if now, since, ok = w.keeper.Serving(ctx, "dialogue"); !ok || now != digest("b") || !since.Equal(w.clock.Now()) {
		t.Error("before the watch:", now, since, ok)
	}
	list, err := w.keeper.Watch(ctx)
	if err != nil || len(list) != 1 || list[0].Before != digest("a") || list[0].After != digest("b") || list[0].Version != "" {
		t.Fatal(list, err)
	}
	if list, err = w.keeper.Watch(ctx); err != nil || len(list) != 0 || w.records("algorithm.serving") != 1 {
		t.Error("a change was recorded twice:", list, err, w.records("algorithm.serving"))
	}
	w.source.digest = digest("a")
	if list, err = w.keeper.Watch(ctx); err != nil || len(list) != 1 || list[0].Version != "1" {
		t.Error("a declared version is not known again:", list, err)
	}
	e, err := w.keeper.Algorithm(ctx, "dialogue")
	if err != nil || len(e.Value.Seen) != 3 {
		t.Error(e.Value.Seen, err)
	}
}

// TestUntold: where the source can't be asked there is no digest, nothing is recorded, and no version is bound.
func TestUntold(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, err := w.keeper.Add(ctx, engineer, "dialogue", own())
	w.no(err)
	_, err = w.keeper.Declare(ctx, engineer, "dialogue", algorithm.Version{Name: "1"})
	w.no(err)
	w.source.err = errors.New("away")
	if now, _, ok := w.keeper.Serving(ctx, "dialogue"); ok || now != "" {
		t.Error(now, ok)
	}
	if list, err := w.keeper.Watch(ctx); err == nil || len(list) != 0 || w.records("algorithm.serving") != 0 {
		t.Error(list, err)
	}
	_, err = w.keeper.Bind(ctx, engineer, "dialogue", "1")
	storetest.WantCode(t, err, algorithm.CodeUntold)
	w.source.err = nil
	_, err = w.keeper.Bind(ctx, engineer, "dialogue", "2")
	storetest.WantCode(t, err, algorithm.CodeNoVersion)
	_, err = w.keeper.Declare(ctx, engineer, "dialogue", algorithm.Version{Name: "1"})
	storetest.WantCode(t, err, algorithm.CodeVersion)
	_, err = w.keeper.Retire(ctx, engineer, "dialogue")
	w.no(err)
	if _, _, ok := w.keeper.Serving(ctx, "dialogue"); ok {
		t.Error("a retired algorithm serves")
	}
	_, err = w.keeper.Bind(ctx, engineer, "dialogue", "1")
	storetest.WantCode(t, err, algorithm.CodeRetired)
	_, err = w.keeper.Describe(ctx, ledger.By{Role: "application", ID: "key"}, "dialogue", own())
	storetest.WantCode(t, err, algorithm.CodePerson)
}

// TestProvenance: of a third party's, supplier, number and contract are wanted (Generative AI Measures Art. 7), and a number
// whose check digit is wrong can't be told.
func TestProvenance(t *testing.T) {
	t.Parallel()
	third := algorithm.Description{Names: register.Names{ZH: "甲", EN: "A"}, Kind: "generation", Origin: algorithm.Third, Supplier: "a company", Number: "Beijing-Model-20230821", Contract: digest("c")}
	for _, c := range []struct {
		name   string
		change func(*algorithm.Description)
		want   colophon.Verdict
		code   colophon.Code
	}{
		{"whole", func(*algorithm.Description) {}, colophon.Passed, ""},
		{"own", func(d *algorithm.Description) { *d = algorithm.Description{Origin: algorithm.Own} }, colophon.Passed, ""},
		{"no number", func(d *algorithm.Description) { d.Number = "" }, colophon.Failed, algorithm.ReasonNumber},
		{"no contract", func(d *algorithm.Description) { d.Contract = "" }, colophon.Failed, algorithm.ReasonContract},
		{"no supplier", func(d *algorithm.Description) { d.Supplier = "" }, colophon.Failed, algorithm.ReasonSupplier},
		{"checked", func(d *algorithm.Description) { d.Number = "110108247351201240015" }, colophon.Unknown, algorithm.ReasonDoubt},
	} {
		d := third
		c.change(&d)
		v, reasons := d.Provenance()
		if v != c.want || c.code == "" && len(reasons) > 0 || c.code != "" && (len(reasons) == 0 || reasons[0].Code != c.code) {
			t.Errorf("%s: %v %v", c.name, v, reasons)
		}
	}
	if colophon.ClauseGenAI7 != "genai-7" {
		t.Error(colophon.ClauseGenAI7)
	}
}

func TestForm(t *testing.T) {
	w := open(t)
	for field, change := range map[string]func(*algorithm.Description){
		"names":     func(d *algorithm.Description) { d.Names.EN = " " },
		"kind":      func(d *algorithm.Description) { d.Kind = "magic" },
		"origin":    func(d *algorithm.Description) { d.Origin = "" },
		"contract":  func(d *algorithm.Description) { d.Contract = "abc" },
		"functions": func(d *algorithm.Description) { d.Functions = []string{"chat", "chat"} },
		"models":    func(d *algorithm.Description) { d.Models = []string{""} },
		"supplier":  func(d *algorithm.Description) { d.Supplier = "a\x00" },
	} {
		d := own()
		change(&d)
		_, err := w.keeper.Add(t.Context(), engineer, "dialogue", d)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != algorithm.CodeInvalid || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
