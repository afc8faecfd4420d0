package report_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// TestLimits pins by when what has to be told, and what the figure rests on.
func TestLimits(t *testing.T) {
	t.Parallel()
	knew := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	closed := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC) // the 23rd in Beijing
	table := starter(t).Timetable
	for _, c := range []struct {
		clock    string
		kind     report.Kind
		operator report.Operator
		due      time.Time
	}{
		{"first-report", report.Security, report.Critical, knew.Add(time.Hour)},
		{"first-report", report.PersonalData, report.StateOrgan, knew.Add(2 * time.Hour)},
		{"first-report", report.Outage, report.Other, knew.Add(4 * time.Hour)},
		{"grade", report.Outage, report.Other, knew.Add(4 * time.Hour)},
		{"grade", report.Security, report.Critical, knew.Add(time.Hour)},
		{"summary", report.Security, report.Other, time.Date(2026, 12, 23, 15, 59, 59, 999_000_000, time.UTC)},
		{"flaw-report", report.Vulnerability, report.Other, knew.Add(24 * time.Hour)},
		{"notice-authority", report.PersonalData, report.Other, knew.Add(90 * time.Minute)},
		{"notice-persons", report.PersonalData, report.Other, knew.Add(90 * time.Minute)},
	} {
		facts := loud(report.FactJudged, report.Exactly(2))
		facts[report.FactEndangers] = report.Yes()
		v := report.Incident{State: report.Closed, Kinds: []report.Kind{c.kind}, Operator: c.operator, Facts: facts, Knew: knew, Closed: closed}
		v.Grading = starter(t).Guide.Grade(v)
		find := func(done map[string]time.Time, now time.Time) report.Clock {
			if c.clock == report.GradeClock {
				v.Graded = done[c.clock]
			}
			list := table.Clocks(v, done, 90*time.Minute, now)
			i := slices.IndexFunc(list, func(o report.Clock) bool { return o.ID == c.clock })
			if i < 0 {
				t.Fatalf("%s: no such clock among %v", c.clock, list)
			}
			return list[i]
		}
		at := find(nil, c.due)
		if !at.Due.Equal(c.due) || at.Applies != colophon.Passed || at.State != report.Running {
			t.Errorf("%s for %s: due %s, %s %s, want %s", c.clock, c.operator, at.Due, at.Applies, at.State, c.due)
		}
		if own := c.clock == "grade" || at.Row.AtOnce(); at.Own != own || !own && (at.Row.Level != report.Secondary || at.Row.Source == "") {
			t.Errorf("%s: own %v, source %q %s", c.clock, at.Own, at.Row.Source, at.Row.Level)
		}
		if over := find(nil, c.due.Add(time.Millisecond)); over.State != report.Over {
			t.Errorf("%s after its end: %s", c.clock, over.State)
		}
		if met := find(map[string]time.Time{c.clock: c.due}, c.due.Add(time.Hour)); met.State != report.Met {
			t.Errorf("%s at its end: %s", c.clock, met.State)
		}
		if late := find(map[string]time.Time{c.clock: c.due.Add(time.Millisecond)}, c.due.Add(time.Hour)); late.State != report.Late {
			t.Errorf("%s after its end, done: %s", c.clock, late.State)
		}
	}
}

// TestApplies looks at when a clock counts, does not, and when nobody can tell.
func TestApplies(t *testing.T) {
	t.Parallel()
	rules := starter(t)
	for _, c := range []struct {
		name, clock string
		kind        report.Kind
		facts       map[string]report.Fact
		want        colophon.Verdict
	}{
		{"serious", "first-report", report.Outage, loud(report.FactLoss, report.Exactly(5_000_000)), colophon.Passed},
		{"at least serious", "first-report", report.Outage, loud(report.FactLoss, report.Fact{Least: 5_000_000}), colophon.Passed},
		{"ordinary", "first-report", report.Outage, loud(report.FactLoss, report.Exactly(4_999_999)), colophon.Failed},
		{"not known", "first-report", report.Outage, nil, colophon.Unknown},
		{"not known, summary", "summary", report.Outage, nil, colophon.Unknown},
		{"a flaw that endangers", "flaw-report", report.Vulnerability, loud(report.FactEndangers, report.Yes()), colophon.Passed},
		{"a flaw that does not", "flaw-report", report.Vulnerability, loud(report.FactEndangers, report.No()), colophon.Failed},
		{"a flaw that nobody judged", "flaw-report", report.Vulnerability, nil, colophon.Unknown},
		{"harm is avoided", "notice-persons", report.PersonalData, loud(report.FactHarmAvoided, report.Yes()), colophon.Failed},
		{"harm is not avoided", "notice-persons", report.PersonalData, quiet(), colophon.Passed},
		{"harm is not known", "notice-persons", report.PersonalData, nil, colophon.Passed},
		{"harm is avoided, the authority is told", "notice-authority", report.PersonalData, loud(report.FactHarmAvoided, report.Yes()), colophon.Passed},
	} {
		v := report.Incident{Kinds: []report.Kind{c.kind}, Operator: report.Other, Facts: c.facts, Knew: time.Unix(1e9, 0)}
		v.Grading = rules.Guide.Grade(v)
		list := rules.Timetable.Clocks(v, nil, time.Hour, v.Knew)
		i := slices.IndexFunc(list, func(o report.Clock) bool { return o.ID == c.clock })
		if i < 0 || list[i].Applies != c.want {
			t.Errorf("%s: %+v, want %s", c.name, list, c.want)
		} else if (list[i].State == report.NotApplicable) != (c.want == colophon.Failed) {
			t.Errorf("%s: %s", c.name, list[i].State)
		}
		v.State = report.Dismissed
		if list := rules.Timetable.Clocks(v, nil, time.Hour, v.Knew); len(list) > 0 {
			t.Errorf("%s: a dismissed incident has clocks: %v", c.name, list)
		}
	}
	if list := rules.Timetable.Clocks(report.Incident{Kinds: []report.Kind{report.Content, report.Control}}, nil, time.Hour, time.Now()); len(list) > 0 {
		t.Errorf("clocks of kinds that have none: %v", list)
	}
}

// TestSweep lets real time pass: what ran out is written down once, by a sweep alone, and what was done in time never.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		w := &world{T: t, clock: storetest.NewClock()}
		config := over(t, time.Now, w)
		var err error
		w.k, err = report.New(config)
		w.no(err)
		leak := w.incident(report.PersonalData)
		flaw, silent := w.incident(report.Vulnerability), w.incident(report.Vulnerability)
		quick := w.incident(report.Outage)
		breaches := func(id string) (list []string) {
			t.Helper()
			w.no(w.k.Sweep(ctx))
			v, err := w.k.Incident(ctx, id)
			w.no(err)
			for _, b := range v.Breaches {
				list = append(list, b.Clock)
			}
			return list
		}
		want := func(id string, clocks ...string) {
			t.Helper()
			if got := breaches(id); !slices.Equal(got, clocks) {
				t.Errorf("breaches %v, want %v", got, clocks)
			}
		}
		w.learn(quick.ID, loud(report.FactLoss, report.Exactly(5_000_000)))
		<-time.After(time.Hour)
		p, err := w.k.DraftPaper(ctx, first, quick.ID, report.FirstReport, nil)
		w.no(err)
		_, err = w.k.File(ctx, first, p.ID, report.Filing{Channel: "12387", At: time.Now(), Incomplete: true})
		w.no(err)
		<-time.After(time.Hour)
		want(leak.ID)
		<-time.After(time.Millisecond)                      // at once is two hours here, as the provider set it
		want(leak.ID, "notice-authority", "notice-persons") // nobody said that harm was avoided
		<-time.After(2 * time.Hour)
		want(leak.ID, "notice-authority", "notice-persons", "grade") // whether the report is due nobody can tell
		w.learn(leak.ID, map[string]report.Fact{report.FactPersons: report.Fact{Least: 1_000_000}})
		want(leak.ID, "notice-authority", "notice-persons", "grade", "first-report")
		want(leak.ID, "notice-authority", "notice-persons", "grade", "first-report")
		<-time.After(20*time.Hour - 2*time.Millisecond)
		w.learn(flaw.ID, map[string]report.Fact{report.FactEndangers: report.Yes()})
		want(flaw.ID)
		want(silent.ID)
		<-time.After(2 * time.Millisecond)
		want(flaw.ID, "flaw-report")
		want(silent.ID, "flaw-report") // nobody said whether it endangers
		want(quick.ID)
		n := 0
		for _, typ := range w.types() {
			if typ == report.RecordBreached {
				n++
			}
		}
		if n != 6 {
			t.Errorf("%d records of breaches, want 6", n)
		}
		for _, p := range w.payloads(report.RecordBreached) {
			if b := p["breach"].(map[string]any); b["due"] == "" || b["clock"] == "" {
				t.Errorf("a breach says %v", p)
			}
		}
	})
}

// TestSummary lets a month pass after an incident was closed: it is settled by the summary, and breached without.
func TestSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, clock: storetest.NewClock()}
		config := over(t, time.Now, w)
		var err error
		w.k, err = report.New(config)
		w.no(err)
		told, silent, ordinary := w.incident(report.Outage), w.incident(report.Outage), w.incident(report.Outage)
		w.learn(told.ID, loud(report.FactJudged, report.Exactly(2)))
		w.learn(silent.ID, loud(report.FactJudged, report.Exactly(2)))
		w.learn(ordinary.ID, quiet())
		now := func(id, form string) {
			t.Helper()
			p, err := w.k.DraftPaper(t.Context(), first, id, form, nil)
			w.no(err)
			_, err = w.k.File(t.Context(), first, p.ID, report.Filing{Channel: "12387", At: time.Now(), Incomplete: true})
			w.no(err)
		}
		for _, v := range []report.Incident{told, silent, ordinary} {
			if v.ID != ordinary.ID {
				now(v.ID, report.FirstReport)
			}
			if v.ID == told.ID {
				now(v.ID, report.Summary) // before the incident is closed it ends no clock
				<-time.After(time.Minute)
			}
			w.tickAll(v)
			_, err := w.k.Close(t.Context(), first, v.ID, report.Closed, "mended")
			w.no(err)
			_, err = w.k.Confirm(t.Context(), second, v.ID, "seen")
			w.no(err)
		}
		state := func(v report.Incident, want report.IncidentState, breaches int) {
			t.Helper()
			w.no(w.k.Sweep(t.Context()))
			got, err := w.k.Incident(t.Context(), v.ID)
			w.no(err)
			if got.State != want || len(got.Breaches) != breaches {
				t.Errorf("%s with %v, want %s with %d", got.State, got.Breaches, want, breaches)
			}
		}
		state(told, report.Closed, 0)
		state(ordinary, report.Settled, 0)
		<-time.After(29 * 24 * time.Hour)
		papers, err := w.k.PapersOf(t.Context(), told.ID)
		w.no(err)
		p, err := w.k.Amend(t.Context(), first, papers[len(papers)-1].ID, nil)
		w.no(err)
		_, err = w.k.File(t.Context(), first, p.ID, report.Filing{Channel: "12387", At: time.Now(), Incomplete: true})
		w.no(err)
		state(told, report.Settled, 0)
		state(silent, report.Closed, 0)
		<-time.After(3 * 24 * time.Hour)
		state(silent, report.Closed, 1)
		now(silent.ID, report.Summary)
		state(silent, report.Settled, 1)
		<-time.After(time.Minute)
		_, err = w.k.Reopen(t.Context(), first, silent.ID, "it goes on")
		w.no(err)
		_, err = w.k.Close(t.Context(), first, silent.ID, report.Closed, "mended for good")
		w.no(err)
		_, err = w.k.Confirm(t.Context(), second, silent.ID, "seen")
		w.no(err)
		<-time.After(32 * 24 * time.Hour)
		state(silent, report.Closed, 2) // the summary of the first closing does not end the clock of the second
		v, err := w.k.Reopen(t.Context(), first, told.ID, "it goes on")
		w.no(err)
		if c := w.clockOf(v.ID, report.Summary); c.State != report.Waiting || !v.Closed.IsZero() {
			t.Errorf("the summary of a reopened incident: %s", c.State)
		}
	})
}
