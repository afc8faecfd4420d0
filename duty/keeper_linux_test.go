package duty_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// vault keeps artefacts in memory, and can be made to misbehave.
type vault struct {
	held map[string][]byte
	fail error
	lie  bool
}

func (v *vault) Keep(_ context.Context, raw []byte) (string, error) {
	if v.fail != nil {
		return "", v.fail
	}
	sum := sha256.Sum256(raw)
	if v.lie {
		sum[0]++
	}
	v.held[hex.EncodeToString(sum[:])] = slices.Clone(raw)
	return hex.EncodeToString(sum[:]), nil
}

func (v *vault) Read(_ context.Context, digest string) ([]byte, error) {
	if v.fail != nil {
		return nil, v.fail
	}
	raw, ok := v.held[digest]
	if !ok {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: "blob-missing"}
	}
	return raw, nil
}

type world struct {
	*testing.T
	clock  *storetest.Clock
	store  *store.Store
	vault  *vault
	keeper *duty.Keeper
}

var (
	program = ledger.By{Role: "system"}
	first   = ledger.By{Role: "officer", ID: "staff-1"}
	second  = ledger.By{Role: "officer", ID: "staff-2"}
)

func open(t *testing.T, p duty.Pack) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock(), vault: &vault{held: map[string][]byte{}}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	c, err := duty.NewCatalogue(p)
	w.no(err)
	w.keeper, err = duty.New(duty.Config{Catalogue: c, Vault: w.vault, Recorder: storetest.Recorder(t, config.Keys, w.clock.Now),
		Observations: ledgers.Of[duty.Observation](w.store, duty.LedgerObservations), Facts: ledgers.Of[duty.Statement](w.store, duty.LedgerFacts),
		Waivers: ledgers.Of[duty.Waiver](w.store, duty.LedgerWaivers), States: ledgers.Of[duty.Change](w.store, duty.LedgerStates)})
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

func (w *world) seen(probe string, outcome duty.Outcome) duty.Observation {
	return duty.Observation{Probe: probe, Version: 2, Collected: w.clock.Now(), Expected: "refused", Actual: "answer 403", Samples: []string{"item-1"}, Outcome: outcome}
}

func (w *world) observe(probe string, outcome duty.Outcome) duty.Observation {
	w.Helper()
	o, err := w.keeper.Observe(w.Context(), program, w.seen(probe, outcome), []byte("report of "+probe))
	w.no(err)
	return o
}

// want checks how the one obligation stands now.
func (w *world) want(state duty.State, reason colophon.Code) {
	w.Helper()
	s, err := w.keeper.Standing(w.Context(), "one-1-1", duty.Moment{})
	if err != nil || s.State != state || s.Reason != reason {
		w.Errorf("%s for %s, %v; want %s for %s", s.State, s.Reason, err, state, reason)
	}
	all, err := w.keeper.Standings(w.Context(), duty.Moment{})
	if err != nil || len(all) != 1 || all[0].State != state {
		w.Errorf("of all: %+v, %v", all, err)
	}
}

func only(names ...string) func(*duty.Pack, *duty.Obligation) {
	return func(_ *duty.Pack, o *duty.Obligation) { o.Controls[0].Probes = names }
}

func TestObserve(t *testing.T) {
	w := open(t, small(only("neg")))
	w.want(duty.Unknown, duty.ReasonNeverRan)
	o := w.observe("neg", duty.Passed)
	if o.Kind != duty.Negative || o.Void != "" || len(o.Digest) != 64 || !o.From.Equal(o.Collected) || !o.Received.Equal(w.clock.Now()) {
		t.Errorf("%+v", o)
	}
	w.want(duty.Met, duty.ReasonPassed)
	if got, err := w.keeper.Recheck(t.Context(), o.ID); err != nil || got.Void != "" {
		t.Errorf("%+v, %v", got, err)
	}
	// A vault that can't be asked changes nothing; one that has something else, or nothing, makes it void.
	w.vault.fail = errors.New("the disk is away")
	if _, err := w.keeper.Recheck(t.Context(), o.ID); err == nil {
		t.Error("a vault that is away was taken for an answer")
	}
	w.want(duty.Met, duty.ReasonPassed)
	w.vault.fail, w.vault.held[o.Digest] = nil, []byte("another")
	before := w.clock.Now()
	w.pass(time.Hour)
	if got, err := w.keeper.Recheck(t.Context(), o.ID); err != nil || got.Void != duty.VoidDigest || !got.Voided.Equal(w.clock.Now()) {
		t.Errorf("%+v, %v", got, err)
	}
	w.want(duty.Unknown, duty.ReasonVoid)
	if s, err := w.keeper.Standing(t.Context(), "one-1-1", duty.Moment{At: before, Known: before}); err != nil || s.State != duty.Met {
		t.Errorf("as it was known then: %s, %v", s.State, err)
	}
	two := w.observe("neg", duty.Passed)
	delete(w.vault.held, two.Digest)
	if got, err := w.keeper.Recheck(t.Context(), two.ID); err != nil || got.Void != duty.VoidGone {
		t.Errorf("%+v, %v", got, err)
	}
	again, err := w.keeper.Recheck(t.Context(), two.ID)
	if err != nil || !again.Voided.Equal(w.clock.Now()) {
		t.Errorf("%+v, %v", again, err)
	}
	w.records(duty.RecordObserved, duty.RecordVoided, duty.RecordObserved, duty.RecordVoided)
	list, next, err := w.keeper.Observations(t.Context(), "neg", "", 1)
	if err != nil || len(list) != 1 || list[0].ID != two.ID || next == "" {
		t.Errorf("%+v, %q, %v", list, next, err)
	}
}

// TestVoidAtOnce: what could not be stored whole is kept, and does not count.
func TestVoidAtOnce(t *testing.T) {
	w := open(t, small(only("neg")))
	for why, vault := range map[colophon.Code]*vault{duty.VoidStore: {fail: errors.New("full")}, duty.VoidDigest: {held: map[string][]byte{}, lie: true}} {
		*w.vault = *vault
		if o := w.observe("neg", duty.Passed); o.Void != why || o.Voided.IsZero() {
			t.Errorf("%s: %+v", why, o)
		}
		w.want(duty.Unknown, duty.ReasonVoid)
	}
}

func (w *world) records(want ...evidence.Type) {
	w.Helper()
	var types []evidence.Type
	for r, err := range w.store.Records(w.Context(), false) {
		w.no(err)
		types = append(types, r.Type)
		if !slices.Contains([]evidence.Type{duty.RecordFactConfirmed, duty.RecordFactProposed, duty.RecordFactRejected}, r.Type) && !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS7}) {
			w.Errorf("%s names %v", r.Type, r.Clauses)
		}
	}
	if !slices.Equal(types, want) {
		w.Errorf("records %v, want %v", types, want)
	}
}

// TestObserveRefuses: a person can't enter a run, and the program can't attest; what is out of form is refused by its field.
func TestObserveRefuses(t *testing.T) {
	w := open(t, small(only("neg", "say")))
	refuse := func(by ledger.By, o duty.Observation, artefact string, code colophon.Code) {
		t.Helper()
		_, err := w.keeper.Observe(t.Context(), by, o, []byte(artefact))
		storetest.WantCode(t, err, code)
	}
	good := w.seen("neg", duty.Passed)
	for _, by := range []ledger.By{first, {}, {Role: "application", ID: "key"}} {
		refuse(by, good, "x", duty.CodeProgram)
	}
	refuse(program, w.seen("say", duty.Passed), "x", duty.CodePerson)
	refuse(program, w.seen("nope", duty.Passed), "x", duty.CodeUnknown)
	refuse(program, good, "", duty.CodeInvalid)
	old := good
	old.Version = 1
	refuse(program, old, "x", duty.CodeVersion)
	for field, change := range map[string]func(o *duty.Observation){
		"collected": func(o *duty.Observation) { o.Collected = w.clock.Now().Add(time.Hour) },
		"from":      func(o *duty.Observation) { o.From = o.Collected.Add(time.Hour) },
		"to":        func(o *duty.Observation) { o.To = o.Collected },
		"outcome":   func(o *duty.Observation) { o.Outcome = "fine" },
		"expected":  func(o *duty.Observation) { o.Expected = "" },
		"actual":    func(o *duty.Observation) { o.Actual = string(make([]byte, 10)) },
		"samples":   func(o *duty.Observation) { o.Samples = []string{"a b"} },
	} {
		o := good
		change(&o)
		_, err := w.keeper.Observe(t.Context(), program, o, []byte("x"))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != duty.CodeInvalid || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := w.keeper.Attest(t.Context(), program, w.seen("say", duty.Passed))
	storetest.WantCode(t, err, duty.CodePerson)
	_, err = w.keeper.Attest(t.Context(), first, good)
	storetest.WantCode(t, err, duty.CodeProgram)
	if o, err := w.keeper.Attest(t.Context(), first, w.seen("say", duty.Passed)); err != nil || o.By != first.ID {
		t.Errorf("%+v, %v", o, err)
	}
	w.want(duty.Unknown, duty.ReasonNeverRan) // what a person says does not stand in for the probe beside it
}

// TestLate: what is collected first and received later counts from its collection.
func TestLate(t *testing.T) {
	w := open(t, small(only("neg")))
	o := w.seen("neg", duty.Passed)
	w.pass(71 * time.Hour)
	_, err := w.keeper.Observe(t.Context(), program, o, []byte("x"))
	w.no(err)
	w.want(duty.Met, duty.ReasonPassed)
	w.pass(time.Hour - time.Millisecond)
	w.want(duty.Met, duty.ReasonPassed)
	w.pass(time.Millisecond)
	w.want(duty.Stale, duty.ReasonExpired)
}

func TestSweep(t *testing.T) {
	w := open(t, small(only("neg")))
	expect := func(from, to duty.State) {
		t.Helper()
		list, err := w.keeper.Sweep(t.Context())
		if err != nil || len(list) != 1 || list[0].From != from || list[0].To != to {
			t.Errorf("%+v, %v; want %s to %s", list, err, from, to)
		}
		if list, err = w.keeper.Sweep(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("again: %+v, %v", list, err)
		}
	}
	expect("", duty.Unknown)
	w.observe("neg", duty.Passed)
	expect(duty.Unknown, duty.Met)
	w.pass(72 * time.Hour)
	expect(duty.Met, duty.Stale)
	o := w.observe("neg", duty.Failed)
	expect(duty.Stale, duty.NotMet)
	list, err := w.keeper.Changes(t.Context(), "one-1-1", 10)
	if err != nil || len(list) != 4 || list[0].Number != 4 || !slices.Equal(list[0].Shown, []string{o.ID}) || list[3].From != "" {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestWaiver tries every step from every state, and that it takes two people.
func TestWaiver(t *testing.T) {
	w := open(t, small(only("neg")))
	until := w.clock.Now().AddDate(0, 1, 0)
	do := map[duty.Step]func(by ledger.By, id string) (duty.Waiver, error){
		duty.Approved: func(by ledger.By, id string) (duty.Waiver, error) { return w.keeper.ApproveWaiver(t.Context(), by, id) },
		duty.Rejected: func(by ledger.By, id string) (duty.Waiver, error) {
			return w.keeper.RejectWaiver(t.Context(), by, id, "no")
		},
		duty.Over: func(by ledger.By, id string) (duty.Waiver, error) {
			return w.keeper.EndWaiver(t.Context(), by, id, "done")
		},
	}
	in := map[duty.Step][]duty.Step{duty.Proposed: nil, duty.Approved: {duty.Approved}, duty.Rejected: {duty.Rejected}, duty.Over: {duty.Approved, duty.Over}}
	steps := duty.WaiverSteps()
	for _, from := range steps.States() {
		for to, act := range do {
			x, err := w.keeper.ProposeWaiver(t.Context(), first, "one-1-1", until, "the model is being mended")
			w.no(err)
			for _, s := range in[from] {
				_, err = do[s](second, x.ID)
				w.no(err)
			}
			got, err := act(second, x.ID)
			switch {
			case steps.May(from, to) && (err != nil || got.Step != to):
				t.Errorf("%s to %s: %+v, %v", from, to, got, err)
			case !steps.May(from, to):
				storetest.WantCode(t, err, duty.CodeStep)
			}
		}
	}
	x, err := w.keeper.ProposeWaiver(t.Context(), first, "one-1-1", until, "why")
	w.no(err)
	_, err = w.keeper.ApproveWaiver(t.Context(), first, x.ID)
	storetest.WantCode(t, err, duty.CodeOwn)
	for _, by := range []ledger.By{{}, program, {Role: "application", ID: "key"}, {Role: "officer"}} {
		_, err = w.keeper.ApproveWaiver(t.Context(), by, x.ID)
		storetest.WantCode(t, err, duty.CodePerson)
		_, err = w.keeper.ProposeWaiver(t.Context(), by, "one-1-1", until, "why")
		storetest.WantCode(t, err, duty.CodePerson)
	}
	for _, late := range []time.Time{{}, w.clock.Now(), w.clock.Now().AddDate(1, 0, 2)} {
		_, err = w.keeper.ProposeWaiver(t.Context(), first, "one-1-1", late, "why")
		storetest.WantCode(t, err, duty.CodeInvalid)
	}
	w.clock.Set(until)
	_, err = w.keeper.ApproveWaiver(t.Context(), second, x.ID)
	storetest.WantCode(t, err, duty.CodeInvalid)
	_, err = w.keeper.RejectWaiver(t.Context(), first, x.ID, "it is over") // whoever proposed it takes it back
	w.no(err)
}

// TestWaiverStands: a waiver is seen in the state while it is in force, and in the history afterwards.
func TestWaiverStands(t *testing.T) {
	w := open(t, small(only("neg")))
	w.observe("neg", duty.Failed)
	from := w.clock.Now()
	x, err := w.keeper.ProposeWaiver(t.Context(), first, "one-1-1", from.Add(10*time.Hour), "why")
	w.no(err)
	w.want(duty.NotMet, duty.ReasonFailed)
	w.pass(time.Hour)
	_, err = w.keeper.ApproveWaiver(t.Context(), second, x.ID)
	w.no(err)
	w.want(duty.Waived, duty.ReasonWaived)
	coming, err := w.keeper.Coming(t.Context(), w.clock.Now(), from.AddDate(0, 0, 1))
	if err != nil || len(coming) != 2 || coming[1].Why != duty.WaiverEnds || coming[1].After.State != duty.NotMet {
		t.Errorf("%+v, %v", coming, err)
	}
	w.pass(time.Hour)
	_, err = w.keeper.EndWaiver(t.Context(), first, x.ID, "mended")
	w.no(err)
	w.want(duty.NotMet, duty.ReasonFailed)
	spans, err := w.keeper.History(t.Context(), "one-1-1", from, from.Add(20*time.Hour), time.Time{})
	if err != nil || len(spans) != 3 || spans[1].Standing.State != duty.Waived || !spans[1].To.Equal(from.Add(2*time.Hour)) {
		t.Errorf("%+v, %v", spans, err)
	}
	if list, _, err := w.keeper.Waivers(t.Context(), "one-1-1", "", 5); err != nil || len(list) != 1 || list[0].Ender != first.ID {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestFacts: what a person says of a fact counts once another person confirmed it, and what the program says at once.
func TestFacts(t *testing.T) {
	w := open(t, small(func(p *duty.Pack, o *duty.Obligation) {
		only("neg")(p, o)
		o.Applies.All = []duty.Fact{duty.Provider}
	}))
	w.observe("neg", duty.Passed)
	w.want(duty.Unknown, duty.ReasonFactUnknown)
	s, err := w.keeper.Declare(t.Context(), first, duty.Provider, duty.No, time.Time{}, "we sell shoes")
	w.no(err)
	w.want(duty.Unknown, duty.ReasonFactUnknown)
	_, err = w.keeper.ConfirmFact(t.Context(), first, s.ID)
	storetest.WantCode(t, err, duty.CodeOwn)
	_, err = w.keeper.ConfirmFact(t.Context(), program, s.ID)
	storetest.WantCode(t, err, duty.CodePerson)
	w.pass(time.Minute)
	_, err = w.keeper.ConfirmFact(t.Context(), second, s.ID)
	w.no(err)
	w.want(duty.NotApplicable, duty.ReasonFact)
	_, err = w.keeper.RejectFact(t.Context(), second, s.ID, "too late")
	storetest.WantCode(t, err, duty.CodeStep)
	if due, err := w.keeper.Due(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("probes of what does not apply are due: %+v, %v", due, err)
	}
	w.pass(time.Minute)
	_, err = w.keeper.Declare(t.Context(), program, duty.Provider, duty.Yes, time.Time{}, "a function is live")
	w.no(err)
	w.want(duty.Met, duty.ReasonPassed)
	for _, c := range []struct {
		f   duty.Fact
		a   duty.Answer
		why string
	}{{"rich", duty.Yes, "x"}, {duty.Provider, "maybe", "x"}, {duty.Provider, duty.Yes, ""}} {
		_, err = w.keeper.Declare(t.Context(), first, c.f, c.a, time.Time{}, c.why)
		storetest.WantCode(t, err, duty.CodeInvalid)
	}
	for _, by := range []ledger.By{{}, {Role: "application", ID: "key"}} {
		_, err = w.keeper.Declare(t.Context(), by, duty.Provider, duty.No, time.Time{}, "x")
		storetest.WantCode(t, err, duty.CodePerson)
	}
	if list, _, err := w.keeper.Statements(t.Context(), "", 5); err != nil || len(list) != 2 || list[0].Author != "" || list[1].Second != second.ID {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestDue(t *testing.T) {
	w := open(t, small(only("neg", "read", "say")))
	due := func(want ...string) {
		t.Helper()
		list, err := w.keeper.Due(t.Context())
		var names []string
		for _, p := range list {
			names = append(names, p.Name)
		}
		if err != nil || !slices.Equal(names, want) {
			t.Errorf("due %v, %v; want %v", names, err, want)
		}
	}
	due("neg", "read")
	w.observe("neg", duty.Failed)
	due("read")
	w.pass(24*time.Hour - time.Millisecond)
	due("read")
	w.pass(time.Millisecond)
	due("neg", "read")
	w.vault.fail = errors.New("full")
	w.observe("neg", duty.Passed) // void, so it is to run again
	due("neg", "read")
}

// TestErrors: where the store can't be asked the answer is an error and never a state that reads well.
func TestErrors(t *testing.T) {
	w := open(t, small(only("neg")))
	w.observe("neg", duty.Passed)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := w.keeper.Standing(gone, "one-1-1", duty.Moment{}); err == nil || s.State != duty.Unknown {
		t.Errorf("%s, %v", s.State, err)
	}
	if list, err := w.keeper.Standings(gone, duty.Moment{}); err == nil || list != nil {
		t.Errorf("%+v, %v", list, err)
	}
	_, err := w.keeper.Standing(t.Context(), "nope", duty.Moment{})
	storetest.WantCode(t, err, duty.CodeUnknown)
	_, err = w.keeper.Observation(t.Context(), "nope")
	storetest.WantCode(t, err, duty.CodeMissing)
	_, err = w.keeper.History(t.Context(), "one-1-1", w.clock.Now(), w.clock.Now(), time.Time{})
	storetest.WantCode(t, err, duty.CodeInvalid)
}
