package listing_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/listing"
)

var (
	person = ledger.By{Role: "officer", ID: "staff-1"}
	robot  = ledger.By{Role: "application", ID: "key-1"}
)

type world struct {
	*testing.T
	clock  *storetest.Clock
	keeper *listing.Keeper
	card   colophon.Verdict // what comes of a card
	own    colophon.Verdict // what comes of the store's own check
	until  time.Time
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock(), card: colophon.Passed, own: colophon.Passed}
	w.until = w.clock.Now().AddDate(0, 0, 10)
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	store, recorder := storetest.Open(t, config), storetest.Recorder(t, config.Keys, w.clock.Now)
	w.keeper = listing.New(listing.Config{Apps: ledgers.Of[listing.App](store, listing.Ledger), Recorder: recorder,
		Verify: func(_ context.Context, raw []byte, _ listing.App) (card.Report, error) {
			if string(raw) == "garbage" {
				return card.Report{}, &colophon.Error{Kind: colophon.Invalid, Code: card.CodeForm}
			}
			return card.Report{Card: card.Card{Until: w.until}, Findings: []card.Finding{{Check: card.CheckSignature, Verdict: w.card, Code: card.FoundSigned}}}, nil
		},
		Materials: func(_ context.Context, id, app string) (colophon.Verdict, error) {
			if id != "check-1" || app != "app-1" {
				return 0, &colophon.Error{Kind: colophon.Missing, Code: ledger.CodeMissing}
			}
			return w.own, nil
		}})
	return w
}

func (w *world) code(err error, want colophon.Code) {
	w.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != want {
		w.Fatalf("%v, want %s", err, want)
	}
}

func (w *world) in(e listing.Entry, err error, want listing.State, verdict colophon.Verdict) listing.Entry {
	w.Helper()
	if err != nil || e.State != string(want) || e.Value.Verdict != verdict.String() {
		w.Fatal(e.State, e.Value.Verdict, err)
	}
	return e
}

func (w *world) ask() string {
	w.Helper()
	e, err := w.keeper.Ask(w.Context(), robot, "app-1", "com.example.studio", w.clock.Now().AddDate(0, 0, 7))
	if err != nil {
		w.Fatal(err)
	}
	return e.ID
}

func handed() listing.Answer {
	return listing.Answer{Offers: true, Card: []byte("card"), Key: "key", Materials: "check-1"}
}

// TestLife: asked, answered, listed by a program, warned, restored, suspended, delisted.
func TestLife(t *testing.T) {
	w := open(t)
	ctx, k := t.Context(), w.keeper
	id := w.ask()
	_, err := k.Ask(ctx, robot, "app-1", "com.example.studio", w.clock.Now().Add(time.Hour))
	w.code(err, listing.CodeThere)
	_, err = k.List(ctx, robot, id, "")
	w.code(err, listing.CodeStep)
	e, err := k.Answer(ctx, robot, id, handed())
	w.in(e, err, listing.Answered, colophon.Passed)
	e, err = k.List(ctx, robot, id, "")
	w.in(e, err, listing.Listed, colophon.Passed)
	if !e.Due.Equal(w.until) {
		t.Error(e.Due, w.until)
	}
	_, err = k.Warn(ctx, robot, id, "The notice is gone.", w.clock.Now().Add(time.Hour))
	w.code(err, listing.CodePerson)
	_, err = k.Warn(ctx, person, id, " ", w.clock.Now().Add(time.Hour))
	w.code(err, listing.CodeInvalid)
	e, err = k.Warn(ctx, person, id, "The notice is gone.", w.clock.Now().Add(time.Hour))
	w.in(e, err, listing.Warned, colophon.Passed)
	_, err = k.List(ctx, robot, id, "")
	w.code(err, listing.CodePerson)
	e, err = k.List(ctx, person, id, "")
	w.in(e, err, listing.Listed, colophon.Passed)
	e, err = k.Suspend(ctx, person, id, "Found again.")
	w.in(e, err, listing.Suspended, colophon.Passed)
	e, err = k.Delist(ctx, person, id, "Not mended.")
	e = w.in(e, err, listing.Delisted, colophon.Passed)
	_, err = k.Answer(ctx, robot, id, handed())
	w.code(err, listing.CodeStep)
	var states []listing.State
	for _, a := range e.Value.Acts {
		states = append(states, a.To)
	}
	if want := []listing.State{listing.Asked, listing.Answered, listing.Listed, listing.Warned, listing.Listed, listing.Suspended, listing.Delisted}; !slices.Equal(states, want) || !e.Due.IsZero() {
		t.Error(states, e.Due)
	}
}

// TestVerdicts: what failed is not listed, and what could not be told is listed by a person with a reason alone.
func TestVerdicts(t *testing.T) {
	w := open(t)
	ctx, k := t.Context(), w.keeper
	id := w.ask()
	_, err := k.Answer(ctx, robot, id, listing.Answer{Offers: true, Card: []byte("garbage")})
	w.code(err, card.CodeForm)
	for name, c := range map[string]struct {
		answer    listing.Answer
		card, own colophon.Verdict
		want      colophon.Verdict
	}{
		"passed":              {handed(), colophon.Passed, colophon.Passed, colophon.Passed},
		"the card failed":     {handed(), colophon.Failed, colophon.Passed, colophon.Failed},
		"the card is unclear": {handed(), colophon.Unknown, colophon.Passed, colophon.Unknown},
		"the files failed":    {handed(), colophon.Passed, colophon.Failed, colophon.Failed},
		"no card":             {listing.Answer{Offers: true, Materials: "check-1"}, colophon.Passed, colophon.Passed, colophon.Failed},
		"no files":            {listing.Answer{Offers: true, Card: []byte("card")}, colophon.Passed, colophon.Passed, colophon.Unknown},
		"offers none":         {listing.Answer{}, colophon.Passed, colophon.Passed, colophon.Unknown},
		"shows the contrary":  {listing.Answer{Materials: "check-1"}, colophon.Passed, colophon.Failed, colophon.Failed},
	} {
		w.card, w.own = c.card, c.own
		e, err := k.Answer(ctx, robot, id, c.answer)
		if err != nil || e.Value.Verdict != c.want.String() {
			t.Errorf("%s: %s %v, want %s", name, e.Value.Verdict, err, c.want)
		}
	}
	w.card, w.own = colophon.Failed, colophon.Passed
	if _, err := k.Answer(ctx, robot, id, handed()); err != nil {
		t.Fatal(err)
	}
	_, err = k.List(ctx, person, id, "They promised.")
	w.code(err, listing.CodeFailed)
	w.card = colophon.Passed
	if _, err := k.Answer(ctx, robot, id, handed()); err != nil {
		t.Fatal(err)
	}
	w.card = colophon.Failed // what passed then does not any more, and nobody looked since
	_, err = k.List(ctx, person, id, "It passed.")
	w.code(err, listing.CodeFailed)
	if e, err := k.App(ctx, id); err != nil || e.State != string(listing.Answered) || e.Value.Verdict != colophon.Failed.String() {
		t.Error(e.State, e.Value.Verdict, err)
	}
	w.card = colophon.Unknown
	if _, err := k.Answer(ctx, robot, id, handed()); err != nil {
		t.Fatal(err)
	}
	_, err = k.List(ctx, robot, id, "")
	w.code(err, listing.CodePerson)
	_, err = k.List(ctx, person, id, "")
	w.code(err, listing.CodeUntold)
	e, err := k.List(ctx, person, id, "The report was read on paper.")
	w.in(e, err, listing.Listed, colophon.Unknown)
	_, err = k.Answer(ctx, robot, id, listing.Answer{Offers: true, Card: []byte("card"), Materials: "check-2"})
	w.code(err, ledger.CodeMissing)
}

// TestSweep: what is listed is checked again when its card ends, and a failure shows without anybody's taking the app away.
func TestSweep(t *testing.T) {
	w := open(t)
	ctx, k := t.Context(), w.keeper
	id := w.ask()
	if _, err := k.Answer(ctx, robot, id, handed()); err != nil {
		t.Fatal(err)
	}
	if _, err := k.List(ctx, robot, id, ""); err != nil {
		t.Fatal(err)
	}
	w.card = colophon.Failed
	look := func(want colophon.Verdict) listing.Entry {
		t.Helper()
		if err := k.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		e, err := k.App(ctx, id)
		return w.in(e, err, listing.Listed, want)
	}
	look(colophon.Passed) // not due yet
	w.clock.Set(w.until.Add(time.Minute))
	if e := look(colophon.Failed); !e.Value.Checked.Equal(w.clock.Now()) || !slices.Equal(e.Value.Failed(), []string{card.CheckSignature}) {
		t.Error(e.Value.Checked, e.Value.Failed())
	}
	list, _, err := k.Apps(ctx, listing.Query{State: listing.Listed, Verdict: "failed"})
	if err != nil || len(list) != 1 || list[0].ID != id {
		t.Error(len(list), err)
	}
	w.card, w.until = colophon.Passed, w.clock.Now().AddDate(1, 0, 0)
	e, err := k.Answer(ctx, robot, id, handed()) // a renewal
	if w.in(e, err, listing.Listed, colophon.Passed); !e.Due.Equal(w.clock.Now().Add(30 * 24 * time.Hour)) {
		t.Error(e.Due)
	}
}
