package mechanism_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/review/mechanism"
)

func TestMain(m *testing.M) { storetest.Main(m) }

type world struct {
	*testing.T
	clock   *storetest.Clock
	keeper  *mechanism.Keeper
	serving string // empty for nothing
	broken  error
}

func open(t *testing.T) *world {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "one"), clock.Now
	w := &world{T: t, clock: clock, serving: "digest-1"}
	w.keeper = mechanism.New(ledgers.Of[mechanism.Review](storetest.Open(t, config), mechanism.Ledger), storetest.Recorder(t, config.Keys, clock.Now), func(context.Context, string) (string, bool, error) {
		return w.serving, w.serving != "", w.broken
	})
	return w
}

var (
	examiner = ledger.By{Role: "engineer", ID: "examiner"}
	decider  = ledger.By{Role: "officer", ID: "decider"}
)

func (w *world) day(ahead int) string {
	return w.clock.Now().AddDate(0, 0, ahead).Format(time.DateOnly)
}

func (w *world) examination() mechanism.Examination {
	x := mechanism.Examination{Algorithm: "face-swap", Conclusion: mechanism.Fit, Next: w.day(180)}
	for _, p := range mechanism.Points() {
		x.Checks = append(x.Checks, mechanism.Examined{Point: p, Finding: mechanism.Passed, Note: "looked at"})
	}
	return x
}

func (w *world) approved(x mechanism.Examination) mechanism.Entry {
	w.Helper()
	e, err := w.keeper.Propose(w.Context(), examiner, x)
	w.must(err)
	e, err = w.keeper.Approve(w.Context(), decider, e.ID)
	w.must(err)
	return e
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) want(state mechanism.Coverage, reason colophon.Code) {
	w.Helper()
	a, err := w.keeper.State(w.Context(), "face-swap")
	w.must(err)
	if a.State != state || a.Reason != reason {
		w.Errorf("%q for %q, want %q for %q", a.State, a.Reason, state, reason)
	}
}

// TestLapses has a review end by itself: by another digest, by its day, by a condition, by nothing that serves.
func TestLapses(t *testing.T) {
	for name, row := range map[string]struct {
		do     func(w *world)
		reason colophon.Code
	}{
		"another digest": {func(w *world) { w.serving = "digest-2" }, mechanism.ReasonServing},
		"nothing serves": {func(w *world) { w.serving = "" }, mechanism.ReasonStopped},
		"the condition":  {func(w *world) { w.clock.Set(w.clock.Now().AddDate(0, 0, 31)) }, mechanism.ReasonCondition},
		"the next day":   {func(w *world) { w.clock.Set(w.clock.Now().AddDate(0, 0, 181)) }, mechanism.ReasonNext},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.want(mechanism.None, mechanism.ReasonNone)
			x := w.examination()
			x.Conclusion, x.Conditions = mechanism.Conditional, []mechanism.ReviewCondition{{Text: "mend", Due: w.day(29)}}
			e := w.approved(x)
			w.want(mechanism.Current, "")
			row.do(w)
			w.want(mechanism.Stale, row.reason)
			w.must(w.keeper.Sweep(t.Context()))
			got, err := w.keeper.Review(t.Context(), e.ID)
			w.must(err)
			if got.State != string(mechanism.Lapsed) || got.Value.Reason != row.reason || got.Value.Ended.IsZero() {
				t.Errorf("%s for %s", got.State, got.Value.Reason)
			}
			w.serving = "digest-1" // what lapsed stays so
			w.want(mechanism.Stale, row.reason)
		})
	}
}

// TestMet has a condition met in time, and the review last until its next day.
func TestMet(t *testing.T) {
	w := open(t)
	x := w.examination()
	x.Conclusion, x.Conditions = mechanism.Conditional, []mechanism.ReviewCondition{{Text: "mend", Due: w.day(29)}}
	e := w.approved(x)
	_, err := w.keeper.Meet(t.Context(), decider, e.ID, 0, "mended")
	w.must(err)
	_, err = w.keeper.Meet(t.Context(), decider, e.ID, 0, "again")
	storetest.WantCode(t, err, mechanism.CodeInvalid)
	w.clock.Set(w.clock.Now().AddDate(0, 0, 60))
	w.want(mechanism.Current, "")
	x.Conditions[0].Due = w.day(2)
	late := w.approved(x)
	w.clock.Set(w.clock.Now().AddDate(0, 0, 4))
	_, err = w.keeper.Meet(t.Context(), decider, late.ID, 0, "mended too late")
	storetest.WantCode(t, err, mechanism.ReasonCondition)
	w.want(mechanism.Stale, mechanism.ReasonCondition)
}

// TestBroken finds that what can't be told is neither current nor lapsed.
func TestBroken(t *testing.T) {
	w := open(t)
	e := w.approved(w.examination())
	w.broken = errors.New("nobody answers")
	if a, err := w.keeper.State(t.Context(), "face-swap"); err == nil || a.State != mechanism.Untold {
		t.Errorf("%+v, %v", a, err)
	}
	if err := w.keeper.Sweep(t.Context()); err == nil {
		t.Error("a sweep that could not tell says nothing")
	}
	w.broken = nil
	if got, err := w.keeper.Review(t.Context(), e.ID); err != nil || got.State != string(mechanism.Approved) {
		t.Errorf("%s, %v", got.State, err)
	}
}

// TestRefused looks at what can't be entered or approved.
func TestRefused(t *testing.T) {
	w := open(t)
	try := func(want colophon.Code, change func(x *mechanism.Examination)) {
		t.Helper()
		x := w.examination()
		change(&x)
		_, err := w.keeper.Propose(t.Context(), examiner, x)
		storetest.WantCode(t, err, want)
	}
	try(mechanism.CodeConclusion, func(x *mechanism.Examination) { x.Checks[0].Finding = mechanism.NoAnswer })
	try(mechanism.CodeConclusion, func(x *mechanism.Examination) { x.Checks[0].Finding = mechanism.Failed })
	try(mechanism.CodeInvalid, func(x *mechanism.Examination) { x.Checks = x.Checks[1:] })
	try(mechanism.CodeInvalid, func(x *mechanism.Examination) { x.Checks[1].Point = x.Checks[0].Point })
	try(mechanism.CodeInvalid, func(x *mechanism.Examination) { x.Conclusion = mechanism.Conditional })
	try(mechanism.CodeNext, func(x *mechanism.Examination) { x.Next = w.day(400) })
	try(mechanism.CodeNext, func(x *mechanism.Examination) { x.Next = w.day(-1) })
	try(mechanism.CodeChanged, func(x *mechanism.Examination) { x.Digest = "digest-0" })
	_, err := w.keeper.Propose(t.Context(), ledger.By{Role: "system"}, w.examination())
	storetest.WantCode(t, err, mechanism.CodePerson)
	e, err := w.keeper.Propose(t.Context(), examiner, w.examination())
	w.must(err)
	_, err = w.keeper.Approve(t.Context(), examiner, e.ID)
	storetest.WantCode(t, err, mechanism.CodeOwn)
	w.serving = "digest-2"
	_, err = w.keeper.Approve(t.Context(), decider, e.ID)
	storetest.WantCode(t, err, mechanism.CodeChanged)
	w.serving = ""
	_, err = w.keeper.Propose(t.Context(), examiner, w.examination())
	storetest.WantCode(t, err, mechanism.CodeNotServing)
	w.serving = "digest-1"
	_, err = w.keeper.Approve(t.Context(), decider, e.ID)
	w.must(err)
	_, err = w.keeper.Reject(t.Context(), decider, e.ID, "too late")
	storetest.WantCode(t, err, mechanism.CodeStep)
}

// TestSuperseded has a later review take the place of an earlier one, and one that says unfit cover adversely.
func TestSuperseded(t *testing.T) {
	w := open(t)
	first := w.approved(w.examination())
	x := w.examination()
	x.Conclusion, x.Checks[2].Finding = mechanism.Unfit, mechanism.Failed
	w.clock.Set(w.clock.Now().Add(time.Second))
	w.approved(x)
	w.want(mechanism.Adverse, mechanism.ReasonUnfit)
	got, err := w.keeper.Review(t.Context(), first.ID)
	w.must(err)
	if got.State != string(mechanism.Superseded) || !got.Due.IsZero() {
		t.Errorf("%s due %s", got.State, got.Due)
	}
}

// TestClauses finds that a refusal names its clauses.
func TestClauses(t *testing.T) {
	w := open(t)
	e := w.approved(w.examination())
	_, err := w.keeper.End(t.Context(), decider, e.ID, "it was found wanting")
	w.must(err)
	w.want(mechanism.Stale, mechanism.ReasonEnded)
	_, err = w.keeper.Approve(t.Context(), examiner, e.ID)
	var refused *colophon.Error
	if !errors.As(err, &refused) || len(refused.Clauses) != 2 || refused.Clauses[1] != colophon.ClauseDS15 {
		t.Errorf("%v", err)
	}
}
