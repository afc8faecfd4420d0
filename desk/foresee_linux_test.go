package desk_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/limits"
)

// TestForesee reads what a decision will say before it is made: it says the same, nothing is changed meanwhile, and it is
// refused where the decision would be.
func TestForesee(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	r := ruling(desk.Founded, stop("n-1"))
	if _, err := w.desk.Foresee(w.ctx, first, o.ID, r); err == nil {
		t.Error("somebody foresees the decision of a case that nobody has")
	}
	w.take(first, o.ID)
	before := w.get(o.ID)
	foreseen, err := w.desk.Foresee(w.ctx, first, o.ID, r)
	w.no(err)
	if now := w.get(o.ID); !reflect.DeepEqual(now, before) {
		t.Errorf("it was changed: %+v", now)
	}
	_, err = w.desk.Foresee(w.ctx, second, o.ID, r)
	w.refused(err, desk.CodeNotYours)
	_, err = w.desk.Foresee(w.ctx, first, o.ID, ruling(desk.Unfounded, stop("n-1")))
	w.refused(err, desk.CodeInvalid)
	c, err := w.desk.Decide(w.ctx, first, o.ID, r)
	w.no(err)
	if said, want := w.desk.Reasons(foreseen), w.desk.Reasons(c); len(want) == 0 || !reflect.DeepEqual(said, want) {
		t.Errorf("%+v instead of %+v", said, want)
	}
}

// TestPlan follows the steps that are still to be done, while the clock stands still too.
func TestPlan(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	steps := func() (list []desk.Step, stands bool) {
		t.Helper()
		for _, p := range w.desk.Plan(w.get(o.ID)) {
			list, stands = append(list, p.Step), stands || p.Stands
			if !p.Due.After(w.clock.Now()) {
				t.Errorf("%+v is due", p)
			}
		}
		return list, stands
	}
	want := func(stands bool, list ...desk.Step) {
		t.Helper()
		if got, is := steps(); !slices.Equal(got, list) || is != stands {
			t.Errorf("%v %v instead of %v %v", got, is, list, stands)
		}
	}
	want(false, desk.ToAcknowledge, desk.ToDecide)
	w.take(first, o.ID)
	want(false, desk.ToDecide)
	_, err := w.desk.Pause(w.ctx, first, o.ID, limits.WaitReporter, w.clock.Now().Add(48*time.Hour))
	w.no(err)
	want(true, desk.ToDecide)
	_, err = w.desk.Resume(w.ctx, first, o.ID)
	w.no(err)
	w.decide(first, o.ID, ruling(desk.Founded))
	want(false, desk.ToTell)
	_, err = w.desk.Close(w.ctx, first.By, o.ID, "page")
	w.no(err)
	want(false)
}
