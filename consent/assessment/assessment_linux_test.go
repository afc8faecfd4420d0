package assessment_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// register is what the tests say of functions.
type register struct {
	about map[string]assessment.About
	err   error
}

func (r *register) About(_ context.Context, function string) (assessment.About, error) {
	if r.err != nil {
		return assessment.About{}, r.err
	}
	a, ok := r.about[function]
	if !ok {
		return a, &colophon.Error{Kind: colophon.Missing, Code: "function-missing"}
	}
	return a, nil
}

type world struct {
	*testing.T
	store    *store.Store
	clock    *storetest.Clock
	register *register
	keeper   *assessment.Keeper
	function string // of which assessments are written
}

// describe has the register say something of another function.
func (w *world) describe(function, facts string) {
	w.function = function
	w.register.about[function] = assessment.About{Facts: facts, Models: []assessment.Model{{Name: "swap", Version: "3"}}, Likeness: []string{"face"}}
}

// form is one that can be entered.
func (w *world) form() assessment.Form {
	f := form()
	f.Function = w.function
	return f
}

func author() ledger.By { return ledger.By{Role: "engineer", ID: "author"} }
func second() ledger.By { return ledger.By{Role: "officer", ID: "second"} }

func open(t *testing.T) *world {
	t.Parallel()
	keys, clock := storetest.Keys(t, "one"), storetest.NewClock()
	config := storetest.SQLite(t)
	config.Keys = keys
	w := &world{T: t, store: storetest.Open(t, config), clock: clock}
	w.register = &register{about: map[string]assessment.About{}}
	w.describe("face-swap", "facts-1")
	classes := map[evidence.Type]evidence.Class{}
	for _, typ := range assessment.Records() {
		classes[typ] = evidence.ClassAssessment
	}
	w.keeper = assessment.New(ledgers.Of[assessment.Assessment](w.store, "assessment"), recorder(t, keys, clock.Now, classes), w.register)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func form() assessment.Form {
	return assessment.Form{Function: "face-swap", Modalities: []string{"face"}, Purpose: "entertainment", Method: "upload, swap, delete", Basis: "separate consent", Necessity: "a face can't be swapped without it",
		Scope: "consenting adults in the mainland", Data: []assessment.DataKind{{Kind: "pictures of faces", Source: "the person", Sensitive: true}}, Models: []assessment.Model{{Name: "swap", Version: "3"}},
		Recipients: []assessment.Recipient{}, Storage: "encrypted, in the mainland", Retention: "thirty days",
		Risks:    []assessment.Risk{{Risk: "imitation", Effect: "loss of money", Likelihood: assessment.Medium, Severity: assessment.High, Measures: []string{"a notice on everything"}, Residual: assessment.Low}},
		Residual: assessment.Low, Conclusion: assessment.Acceptable, Annexes: []assessment.Annex{}, Review: "2027-11-22"}
}

func (w *world) propose() assessment.Entry {
	w.Helper()
	e, err := w.keeper.Propose(w.Context(), author(), w.form())
	w.must(err)
	return e
}

func (w *world) approve(id string) assessment.Entry {
	w.Helper()
	e, err := w.keeper.Approve(w.Context(), second(), id)
	w.must(err)
	return e
}

// want checks what is said of face-swap with some facts.
func (w *world) want(facts string, state assessment.Coverage, reason colophon.Code) assessment.Answer {
	w.Helper()
	a, err := w.keeper.State(w.Context(), "face-swap", facts)
	if err != nil || a.State != state || a.Reason != reason {
		w.Errorf("with %s: %s for %q, %v; want %s for %q", facts, a.State, a.Reason, err, state, reason)
	}
	verdict, _, err := w.keeper.Assessed(w.Context(), "face-swap", facts)
	if want := map[bool]colophon.Verdict{true: colophon.Passed, false: colophon.Failed}[state == assessment.Current]; err != nil || verdict != want {
		w.Errorf("verdict %s, %v", verdict, err)
	}
	return a
}

func TestLife(t *testing.T) {
	w := open(t)
	w.want("facts-1", assessment.Missing, assessment.ReasonNone)
	e := w.propose()
	w.want("facts-1", assessment.Missing, assessment.ReasonNone)
	_, err := w.keeper.Approve(t.Context(), ledger.By{Role: "officer", ID: "author"}, e.ID)
	storetest.WantCode(t, err, assessment.CodeOwn)
	_, err = w.keeper.Approve(t.Context(), ledger.By{Role: "officer"}, e.ID)
	storetest.WantCode(t, err, assessment.CodeOwn)
	w.approve(e.ID)
	a := w.want("facts-1", assessment.Current, "")
	if review := time.Date(2027, 11, 21, 16, 0, 0, 0, time.UTC); a.ID != e.ID || !a.Until.Equal(review) {
		t.Errorf("%s until %s", a.ID, a.Until)
	}
	w.want("facts-2", assessment.Stale, assessment.ReasonFacts)
	w.want("", assessment.Stale, assessment.ReasonFacts)
	w.clock.Set(a.Until.Add(-time.Millisecond))
	w.want("facts-1", assessment.Current, "")
	w.clock.Set(a.Until)
	w.want("facts-1", assessment.Stale, assessment.ReasonReview)
}

// TestKept looks at the records: their class, their clauses, and that the form stands in them.
func TestKept(t *testing.T) {
	w := open(t)
	e := w.propose()
	w.approve(e.ID)
	_, err := w.keeper.End(t.Context(), second(), e.ID, "the model was found wanting")
	w.must(err)
	held, err := w.store.RecordsAbout(t.Context(), e.ID, 0, 10)
	w.must(err)
	var types []evidence.Type
	for _, r := range held {
		types = append(types, r.Type)
		if r.Class != evidence.ClassAssessment || !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClausePIPL55, colophon.ClausePIPL56}) {
			t.Errorf("%s: class %s, clauses %v", r.Type, r.Class, r.Clauses)
		}
	}
	if want := []evidence.Type{assessment.RecordProposed, assessment.RecordApproved, assessment.RecordLapsed}; !slices.Equal(types, want) {
		t.Errorf("records %v", types)
	}
	w.want("facts-1", assessment.Stale, assessment.ReasonEnded)
	// After three years the entry says the same, whatever became of the records.
	w.clock.Set(w.clock.Now().AddDate(3, 0, 1))
	got, err := w.keeper.Assessment(t.Context(), e.ID)
	w.must(err)
	if digest, err := got.Value.Form.Digest(); err != nil || digest != e.Value.Digest {
		t.Errorf("digest %s of %+v, %v", digest, got.Value.Form, err)
	}
}

// event is something that is tried with an assessment in each state.
type event struct {
	name string
	do   func(w *world, id string) error
	to   map[assessment.State]assessment.State // where it is allowed; nothing for states that it leaves as they are
}

func events() []event {
	return []event{
		{"approve", func(w *world, id string) error { _, err := w.keeper.Approve(w.Context(), second(), id); return err },
			map[assessment.State]assessment.State{assessment.Proposed: assessment.Approved}},
		{"reject", func(w *world, id string) error {
			_, err := w.keeper.Reject(w.Context(), second(), id, "not-necessary", "there is a milder way")
			return err
		}, map[assessment.State]assessment.State{assessment.Proposed: assessment.Rejected}},
		{"withdraw", func(w *world, id string) error {
			_, err := w.keeper.Withdraw(w.Context(), author(), id, "a mistake")
			return err
		}, map[assessment.State]assessment.State{assessment.Proposed: assessment.Rejected}},
		{"end", func(w *world, id string) error {
			_, err := w.keeper.End(w.Context(), second(), id, "stopped")
			return err
		},
			map[assessment.State]assessment.State{assessment.Approved: assessment.Lapsed}},
		{"another is approved", func(w *world, _ string) error {
			e, err := w.keeper.Propose(w.Context(), author(), w.form())
			if err == nil {
				_, err = w.keeper.Approve(w.Context(), second(), e.ID)
			}
			return err
		}, map[assessment.State]assessment.State{assessment.Approved: assessment.Superseded, assessment.Proposed: assessment.Proposed, assessment.Rejected: assessment.Rejected,
			assessment.Lapsed: assessment.Lapsed, assessment.Superseded: assessment.Superseded}},
		{"sweep of changed facts", func(w *world, _ string) error {
			w.describe(w.function, "facts-2")
			return w.keeper.Sweep(w.Context())
		}, map[assessment.State]assessment.State{assessment.Approved: assessment.Lapsed, assessment.Proposed: assessment.Proposed, assessment.Rejected: assessment.Rejected,
			assessment.Lapsed: assessment.Lapsed, assessment.Superseded: assessment.Superseded}},
		{"sweep of the same", func(w *world, _ string) error { return w.keeper.Sweep(w.Context()) },
			map[assessment.State]assessment.State{assessment.Proposed: assessment.Proposed, assessment.Approved: assessment.Approved, assessment.Rejected: assessment.Rejected,
				assessment.Lapsed: assessment.Lapsed, assessment.Superseded: assessment.Superseded}},
	}
}

// in makes an assessment in a state.
func (w *world) in(s assessment.State) string {
	w.Helper()
	e, err := w.propose(), error(nil)
	switch s {
	case assessment.Approved:
		w.approve(e.ID)
	case assessment.Rejected:
		_, err = w.keeper.Reject(w.Context(), second(), e.ID, "test", "test")
	case assessment.Lapsed:
		w.approve(e.ID)
		_, err = w.keeper.End(w.Context(), second(), e.ID, "test")
	case assessment.Superseded:
		w.approve(e.ID)
		w.clock.Set(w.clock.Now().Add(time.Second))
		w.approve(w.propose().ID)
	}
	w.must(err)
	w.clock.Set(w.clock.Now().Add(time.Second))
	return e.ID
}

// TestStates tries every state with every event, and looks that only steps of the table are taken.
func TestStates(t *testing.T) {
	for _, s := range assessment.States() {
		t.Run(string(s), func(t *testing.T) {
			w := open(t)
			for i, ev := range events() {
				w.describe("f-"+strconv.Itoa(i), "facts-1")
				id := w.in(s)
				err := ev.do(w, id)
				got, e := w.keeper.Assessment(t.Context(), id)
				w.must(e)
				to, allowed := ev.to[s]
				if !allowed {
					storetest.WantCode(t, err, assessment.CodeStep)
					to = s
				} else if err != nil {
					t.Errorf("%s: %v", ev.name, err)
				}
				if got.State != string(to) {
					t.Errorf("%s: is %s, want %s", ev.name, got.State, to)
				}
				if to != s && !s.May(to) {
					t.Errorf("the table has no step from %s to %s", s, to)
				}
			}
		})
	}
}

// TestNewestCounts approves two of a function; that which was approved last counts, in whatever order they were written.
func TestNewestCounts(t *testing.T) {
	w := open(t)
	first, later := w.propose(), w.propose()
	w.approve(later.ID)
	w.approve(first.ID) // at the same moment
	if a := w.want("facts-1", assessment.Current, ""); a.ID != first.ID {
		t.Errorf("%s counts, want %s", a.ID, first.ID)
	}
	list, _, err := w.keeper.Assessments(t.Context(), assessment.Query{Function: "face-swap", State: assessment.Superseded})
	if err != nil || len(list) != 1 || list[0].ID != later.ID {
		t.Errorf("superseded: %v, %v", list, err)
	}
}

func TestAdverse(t *testing.T) {
	w := open(t)
	f := form()
	f.Conclusion = assessment.Unacceptable
	e, err := w.keeper.Propose(t.Context(), author(), f)
	w.must(err)
	w.approve(e.ID)
	w.want("facts-1", assessment.Adverse, assessment.ReasonAdverse)
}

// TestNotCovered writes forms that leave something of the function out.
func TestNotCovered(t *testing.T) {
	w := open(t)
	for _, c := range []struct {
		about  assessment.About
		change func(*assessment.Form)
		code   colophon.Code
	}{
		{assessment.About{Models: []assessment.Model{{Name: "swap", Version: "3"}, {Name: "other", Version: "1"}}}, nil, assessment.CodeModel},
		{assessment.About{Models: []assessment.Model{{Name: "swap", Version: "3", Digest: "d"}}}, nil, assessment.CodeModel},
		{assessment.About{Likeness: []string{"face", "voice"}}, nil, assessment.CodeLikeness},
		{assessment.About{}, func(f *assessment.Form) { f.Review = "2026-11-22" }, assessment.CodeReview},
		{assessment.About{}, func(f *assessment.Form) { f.Review = "2029-11-24" }, assessment.CodeReview},
		{assessment.About{}, func(f *assessment.Form) { f.Function = "unknown" }, "function-missing"},
		{assessment.About{}, func(f *assessment.Form) { f.Purpose = "…" }, assessment.CodeUnfilled},
	} {
		f := form()
		if c.change != nil {
			c.change(&f)
		}
		w.register.about["face-swap"] = c.about
		_, err := w.keeper.Propose(t.Context(), author(), f)
		storetest.WantCode(t, err, c.code)
	}
	_, err := w.keeper.Propose(t.Context(), ledger.By{Role: "system"}, form())
	storetest.WantCode(t, err, assessment.CodeInvalid)
}

// TestChangedBeforeApproval writes about one function and approves when it is another.
func TestChangedBeforeApproval(t *testing.T) {
	w := open(t)
	e := w.propose()
	w.register.about["face-swap"] = assessment.About{Facts: "facts-2"}
	_, err := w.keeper.Approve(t.Context(), second(), e.ID)
	storetest.WantCode(t, err, assessment.CodeChanged)
	w.register.about["face-swap"] = assessment.About{Facts: "facts-1"}
	w.clock.Set(time.Date(2027, 11, 22, 0, 0, 0, 0, time.UTC))
	_, err = w.keeper.Approve(t.Context(), second(), e.ID)
	storetest.WantCode(t, err, assessment.CodeReview)
}

// TestRegisterSilent has the register fail: nothing lapses, and the sweep says so. A function that is gone lapses.
func TestRegisterSilent(t *testing.T) {
	w := open(t)
	e := w.propose()
	w.approve(e.ID)
	silent := errors.New("silent")
	w.register.err = silent
	if err := w.keeper.Sweep(t.Context()); !errors.Is(err, silent) {
		t.Errorf("swept with %v", err)
	}
	w.want("facts-1", assessment.Current, "")
	w.register.err, w.register.about = nil, nil
	w.must(w.keeper.Sweep(t.Context()))
	w.want("facts-1", assessment.Stale, assessment.ReasonFacts)
}

// broken is a ledger that can't be read.
type broken struct {
	ledger.Store[assessment.Assessment]
}

func (broken) Find(context.Context, ledger.Query) ([]assessment.Entry, error) {
	return nil, errors.New("the store is gone")
}

// TestUnknown has the store fail: nothing but unknown may come of it.
func TestUnknown(t *testing.T) {
	t.Parallel()
	k := assessment.New(broken{}, nil, nil)
	a, err := k.State(t.Context(), "face-swap", "facts-1")
	if err == nil || a.State != assessment.Unknown || a.State.String() != "unknown" {
		t.Errorf("%s, %v", a.State, err)
	}
	if v, _, err := k.Assessed(t.Context(), "face-swap", "facts-1"); v != colophon.Unknown || err == nil {
		t.Errorf("%s, %v", v, err)
	}
}
