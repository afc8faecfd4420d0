package report_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func (w *world) drill(in time.Duration) report.Drill {
	w.Helper()
	d, err := w.k.PlanDrill(w.Context(), first, report.Outage, w.clock.Now().Add(in), "the database is gone")
	w.no(err)
	return d
}

func (w *world) outcome() report.Outcome {
	return report.Outcome{Held: w.clock.Now(), Result: colophon.Failed, Took: 40 * time.Minute, Order: "o-1", Report: "too slow", Findings: []string{"nobody knew the number", "the copy was old"}}
}

func (w *world) row(kind report.Kind) report.CalendarRow {
	w.Helper()
	rows, err := w.k.Calendar(w.Context())
	w.no(err)
	return rows[slices.IndexFunc(rows, func(r report.CalendarRow) bool { return r.Playbook == kind })]
}

// TestDrill plans a drill, holds it and mends what it showed; the calendar says when the next one is due.
func TestDrill(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	if row := w.row(report.Outage); row.State != colophon.Failed || row.Last != nil || !row.Due.IsZero() {
		t.Errorf("before anything: %+v", row)
	}
	d := w.drill(48 * time.Hour)
	if row := w.row(report.Outage); row.Next == nil || row.Next.ID != d.ID || row.State != colophon.Failed {
		t.Errorf("planned: %+v", row)
	}
	w.pass(48 * time.Hour)
	w.no(w.k.Sweep(ctx))
	if now, err := w.k.Drill(ctx, d.ID); err != nil || now.State != report.Planned {
		t.Errorf("on its day it is %s, %v", now.State, err)
	}
	held, err := w.k.HoldDrill(ctx, second, d.ID, w.outcome())
	w.no(err)
	if held.State != report.Held || held.Result != "failed" || held.Took != 40*time.Minute || held.Holder != second.ID || len(held.Findings) != 2 {
		t.Errorf("%+v", held)
	}
	row := w.row(report.Outage)
	if row.State != colophon.Passed || row.Next != nil || row.Wanting != 2 || !row.Due.Equal(held.Held.AddDate(0, 12, 0)) {
		t.Errorf("held: %+v", row)
	}
	if other := w.row(report.Security); other.State != colophon.Failed {
		t.Errorf("a drill of one playbook counts for another: %+v", other)
	}
	for range 2 {
		_, err = w.k.Mend(ctx, first, d.ID, 2, "copied every hour now")
		w.no(err)
	}
	if row := w.row(report.Outage); row.Wanting != 1 || len(w.payloads(report.RecordMended)) != 1 {
		t.Errorf("mended: %+v", row)
	}
	for _, n := range []int{0, 3} {
		_, err = w.k.Mend(ctx, first, d.ID, n, "x")
		storetest.WantCode(t, err, report.CodeInvalid)
	}
	now, words, err := w.k.ReadDrill(ctx, first, d.ID)
	if err != nil || words.Scenario != "the database is gone" || words.Report != "too slow" || words.Findings[1] != "the copy was old" || now.Findings[0].By != "" || now.Findings[1].By != first.ID || len(w.payloads(report.RecordExercise)) != 1 {
		t.Errorf("%+v, %+v, %v", now, words, err)
	}
	late := w.drill(time.Hour)
	w.pass(time.Hour)
	o := w.outcome()
	o.Held = held.Held.Add(-24 * time.Hour)
	_, err = w.k.HoldDrill(ctx, first, late.ID, o)
	w.no(err)
	if row := w.row(report.Outage); row.Last.ID != d.ID {
		t.Errorf("the one that was recorded last counts, and not the one that was held last: %+v", row)
	}
	w.clock.Set(row.Due)
	if row := w.row(report.Outage); row.State != colophon.Passed {
		t.Errorf("on the day on which it is due: %+v", row)
	}
	w.pass(time.Millisecond)
	if row := w.row(report.Outage); row.State != colophon.Failed {
		t.Errorf("after it: %+v", row)
	}
	again := w.drill(time.Hour)
	w.pass(time.Hour)
	_, err = w.k.HoldDrill(ctx, first, again.ID, w.outcome())
	w.no(err)
	if row := w.row(report.Outage); row.State != colophon.Passed || row.Last.ID != again.ID {
		t.Errorf("held again: %+v", row)
	}
}

// TestMissed has the day of a drill end, by the clock of Beijing.
func TestMissed(t *testing.T) {
	w := open(t)
	d := w.drill(time.Hour)
	end := time.Date(2026, 11, 22, 15, 59, 59, 999_000_000, time.UTC)
	for _, c := range []struct {
		at   time.Time
		want report.DrillState
	}{{end.Add(-time.Millisecond), report.Planned}, {end.Add(time.Millisecond), report.Missed}} {
		w.clock.Set(c.at)
		w.no(w.k.Sweep(t.Context()))
		if now, err := w.k.Drill(t.Context(), d.ID); err != nil || now.State != c.want {
			t.Errorf("at %s it is %s, %v, want %s", c.at, now.State, err, c.want)
		}
	}
}

// TestDrillStates tries each event in each state.
func TestDrillStates(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	hold := func(id string) error { _, err := w.k.HoldDrill(ctx, first, id, w.outcome()); return err }
	cancel := func(id string) error { _, err := w.k.CancelDrill(ctx, first, id, "no time"); return err }
	miss := func(string) error { w.pass(48 * time.Hour); return w.k.Sweep(ctx) }
	begin := map[report.DrillState][]func(string) error{report.Planned: nil, report.Held: {hold}, report.Cancelled: {cancel}, report.Missed: {miss}}
	for _, e := range []struct {
		name  string
		do    func(string) error
		to    map[report.DrillState]report.DrillState
		quiet bool
	}{
		{"hold", hold, map[report.DrillState]report.DrillState{report.Planned: report.Held, report.Missed: report.Held}, false},
		{"cancel", cancel, map[report.DrillState]report.DrillState{report.Planned: report.Cancelled}, false},
		{"miss", miss, map[report.DrillState]report.DrillState{report.Planned: report.Missed}, true},
	} {
		for _, state := range report.DrillStates() {
			d := w.drill(time.Hour)
			for _, do := range begin[state] {
				w.no(do(d.ID))
			}
			err := e.do(d.ID)
			want, ok := e.to[state]
			if !ok {
				want = state
			}
			if (err == nil) != (ok || e.quiet) {
				t.Errorf("%s in %s: %v", e.name, state, err)
			}
			if d, err = w.k.Drill(ctx, d.ID); err != nil || d.State != want || want != state && !state.May(want) {
				t.Errorf("%s in %s: %s, %v, want %s", e.name, state, d.State, err, want)
			}
		}
	}
}

func TestDrillInvalid(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	soon := w.clock.Now().Add(time.Hour)
	field := func(err error) string {
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != report.CodeInvalid {
			return "?"
		}
		return e.Args["field"]
	}
	for want, plan := range map[string]func() error{
		"playbook": func() error { _, err := w.k.PlanDrill(ctx, first, "weather", soon, "x"); return err },
		"day":      func() error { _, err := w.k.PlanDrill(ctx, first, report.Outage, w.clock.Now(), "x"); return err },
		"scenario": func() error { _, err := w.k.PlanDrill(ctx, first, report.Outage, soon, " "); return err },
	} {
		if err := plan(); field(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	d := w.drill(time.Hour)
	for want, spoil := range map[string]func(*report.Outcome){
		"held": func(o *report.Outcome) { o.Held = soon }, "result": func(o *report.Outcome) { o.Result = 7 }, "took": func(o *report.Outcome) { o.Took = -1 },
		"order": func(o *report.Outcome) { o.Order = "a b" }, "report": func(o *report.Outcome) { o.Report = "" }, "findings": func(o *report.Outcome) { o.Findings = []string{" "} },
	} {
		o := w.outcome()
		spoil(&o)
		if _, err := w.k.HoldDrill(ctx, first, d.ID, o); field(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, by := range nobody() {
		_, err := w.k.PlanDrill(ctx, by, report.Outage, soon, "x")
		storetest.WantCode(t, err, report.CodePerson)
		_, err = w.k.HoldDrill(ctx, by, d.ID, w.outcome())
		storetest.WantCode(t, err, report.CodePerson)
		_, err = w.k.CancelDrill(ctx, by, d.ID, "x")
		storetest.WantCode(t, err, report.CodePerson)
		_, err = w.k.Mend(ctx, by, d.ID, 1, "x")
		storetest.WantCode(t, err, report.CodePerson)
		_, _, err = w.k.ReadDrill(ctx, by, d.ID)
		storetest.WantCode(t, err, report.CodePerson)
	}
	_, err := w.k.Drill(ctx, "none")
	storetest.WantCode(t, err, report.CodeDrillMissing)
}

// TestDrills lists drills, by state and by playbook.
func TestDrills(t *testing.T) {
	w := open(t)
	one, err := w.k.PlanDrill(t.Context(), first, report.Security, w.clock.Now().Add(24*time.Hour), "a key leaks")
	w.no(err)
	two, err := w.k.PlanDrill(t.Context(), first, report.Content, w.clock.Now().Add(48*time.Hour), "illegal output")
	w.no(err)
	_, err = w.k.CancelDrill(t.Context(), first, two.ID, "moved")
	w.no(err)
	for _, tt := range []struct {
		q    report.DrillQuery
		want []string
	}{{report.DrillQuery{}, []string{two.ID, one.ID}}, {report.DrillQuery{States: []report.DrillState{report.Planned}}, []string{one.ID}}, {report.DrillQuery{Playbook: report.Content}, []string{two.ID}}, {report.DrillQuery{Playbook: report.Misuse}, nil}} {
		list, next, err := w.k.Drills(t.Context(), tt.q)
		w.no(err)
		var got []string
		for _, d := range list {
			got = append(got, d.ID)
		}
		if !slices.Equal(got, tt.want) || next != "" {
			t.Errorf("%+v: %v, %q", tt.q, got, next)
		}
	}
}
