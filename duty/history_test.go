package duty_test

import (
	"testing"
	"time"

	"github.com/colophon-project/colophon/duty"
)

// TestKnown: what became known later changes the answer to "was it met", and not the answer to "did we know".
func TestKnown(t *testing.T) {
	t.Parallel()
	cat, item := catalogue(t, small(func(_ *duty.Pack, o *duty.Obligation) { o.Controls[0].Probes = []string{"neg"} }))
	day := noon().Add(-48 * time.Hour)
	late := run("neg", 49, duty.Failed, func(o *duty.Observation) { o.Received = noon().Add(-time.Hour) }) // found out two days later
	lost := run("neg", 60, duty.Passed, func(o *duty.Observation) { o.Void, o.Voided = duty.VoidGone, noon().Add(-30*time.Minute) })
	for name, c := range map[string]struct {
		in    duty.Inputs
		known time.Time
		want  duty.State
	}{
		"known then":        {inputs(run("neg", 60, duty.Passed), late), day, duty.Met},
		"known now":         {inputs(run("neg", 60, duty.Passed), late), noon(), duty.NotMet},
		"known as it came":  {inputs(run("neg", 60, duty.Passed), late), noon().Add(-time.Hour), duty.NotMet},
		"lost, known then":  {inputs(lost), day, duty.Met},
		"lost, known now":   {inputs(lost), noon(), duty.Unknown},
		"before it was run": {inputs(run("neg", 47, duty.Passed)), noon(), duty.Unknown},
	} {
		if got := cat.Evaluate(item, c.in, duty.Moment{At: day, Known: c.known}); got.State != c.want {
			t.Errorf("%s: %s, want %s", name, got.State, c.want)
		}
	}
}

// TestHistory follows an obligation through runs, a waiver and its end.
func TestHistory(t *testing.T) {
	t.Parallel()
	cat, item := catalogue(t, small(func(_ *duty.Pack, o *duty.Obligation) {
		o.Controls[0].Probes, o.Force = []string{"neg"}, duty.Force{To: "2026-06-06"}
	}))
	in := inputs(run("neg", 200, duty.Passed), run("neg", 100, duty.Failed), run("neg", 20, duty.Passed))
	hour := func(h int) time.Time { return noon().Add(time.Duration(h) * time.Hour) }
	in.Waivers = []duty.Waiver{{ID: "w", Obligation: item.Obligation.ID, Approved: hour(-90), Until: hour(-60)}}
	want := []struct {
		from, to int
		state    duty.State
	}{{-300, -200, duty.Unknown}, {-200, -128, duty.Met}, {-128, -100, duty.Stale}, {-100, -90, duty.NotMet}, {-90, -60, duty.Waived}, {-60, -20, duty.NotMet},
		{-20, 52, duty.Met}, {52, 100, duty.Stale}, {100, 200, duty.NotApplicable}} // the 6th begins 100 hours after noon of the 1st in UTC
	spans := cat.History(item, in, hour(-300), hour(200), noon())
	if len(spans) != len(want) {
		t.Fatalf("%d spans: %+v", len(spans), spans)
	}
	for i, w := range want {
		if s := spans[i]; !s.From.Equal(hour(w.from)) || !s.To.Equal(hour(w.to)) || s.Standing.State != w.state {
			t.Errorf("%d: %s from %s to %s, want %+v", i, s.Standing.State, s.From, s.To, w)
		}
	}
	if got := duty.Worst(spans); got != duty.NotMet {
		t.Errorf("worst %s", got)
	}
	if got := duty.Worst(cat.History(item, in, hour(-190), hour(-130), noon())); got != duty.Met {
		t.Errorf("worst of a good time %s", got)
	}
	if got := duty.Worst(nil); got != duty.Unknown {
		t.Errorf("worst of nothing %s", got)
	}
	// Whatever is between two edges is as the span says.
	for _, s := range spans {
		for _, at := range []time.Time{s.From, s.From.Add(s.To.Sub(s.From) / 2), s.To.Add(-time.Millisecond)} {
			if got := cat.Evaluate(item, in, duty.Moment{At: at, Known: noon()}); got.State != s.Standing.State {
				t.Errorf("at %s: %s, the span says %s", at, got.State, s.Standing.State)
			}
		}
	}
}

// TestComing: what changes by itself is told with its reason, both ends included, and what changes nothing is not.
func TestComing(t *testing.T) {
	t.Parallel()
	cat, item := catalogue(t, small(func(_ *duty.Pack, o *duty.Obligation) {
		o.Controls[0].Probes, o.Force = []string{"neg"}, duty.Force{To: "2026-06-06"}
		o.Applies.None = []duty.Fact{duty.Ended}
	}))
	hour := func(h int) time.Time { return noon().Add(time.Duration(h) * time.Hour) }
	in := inputs(run("neg", 20, duty.Passed))
	in.Waivers = []duty.Waiver{{ID: "w", Obligation: item.Obligation.ID, Approved: hour(-1), Until: hour(60)}, {ID: "v", Obligation: item.Obligation.ID, Approved: hour(-1), Until: hour(10)}}
	in.Facts = []duty.Statement{fact(duty.Ended, duty.No, hour(-90), hour(-90)), fact(duty.Ended, duty.Yes, hour(80), hour(-1))}
	want := []struct {
		at            int
		why           duty.Why
		before, after duty.State
	}{{52, duty.ProofEnds, duty.Met, duty.Waived}, {60, duty.WaiverEnds, duty.Waived, duty.Stale}, {80, duty.FactBegins, duty.Stale, duty.NotApplicable}}
	got := cat.Coming(in, hour(52), hour(80), noon())
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if g := got[i]; !g.At.Equal(hour(w.at)) || g.Why != w.why || g.Before.State != w.before || g.After.State != w.after {
			t.Errorf("%d: %s %s, %s to %s; want %+v", i, g.At, g.Why, g.Before.State, g.After.State, w)
		}
	}
	if s := cat.Evaluate(item, in, duty.Now(noon())); !s.Until.Equal(hour(52)) {
		t.Errorf("it changes %s", s.Until)
	}
	if got := cat.Coming(in, hour(53), hour(59), noon()); len(got) != 0 {
		t.Errorf("between: %+v", got)
	}
	in.Waivers[0].Until = hour(52) // as long as the proof
	if got := cat.Coming(in, hour(40), hour(80), noon(), duty.WaiverEnds, duty.Begins); len(got) != 1 || got[0].Why != duty.WaiverEnds || !got[0].At.Equal(hour(52)) || got[0].After.State != duty.Stale {
		t.Errorf("by waivers alone: %+v", got)
	}
}
