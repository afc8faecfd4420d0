package report_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestOpen(t *testing.T) {
	w := open(t)
	ok := report.Draft{Kinds: []report.Kind{report.Outage}, Words: report.Particulars{Title: "down"}}
	for field, change := range map[string]func(*report.Draft){
		"kinds": func(d *report.Draft) { d.Kinds = []report.Kind{"weather"} }, "title": func(d *report.Draft) { d.Words.Title = " " },
		"summary": func(d *report.Draft) { d.Words.Summary = strings.Repeat("长", 4001) }, "origin": func(d *report.Draft) { d.Origin = "a b" },
		"about": func(d *report.Draft) { d.About = []report.Ref{{Kind: "order"}} }, "knew": func(d *report.Draft) { d.Knew = w.clock.Now().Add(time.Second) },
		"began": func(d *report.Draft) { d.Began = w.clock.Now().Add(time.Second) }, "facts.loss": func(d *report.Draft) { d.Facts = map[string]report.Fact{report.FactLoss: report.Fact{Least: -1}} },
		"facts.judged":       func(d *report.Draft) { d.Facts = map[string]report.Fact{report.FactJudged: report.Exactly(5)} },
		"facts.harm-avoided": func(d *report.Draft) { d.Facts = map[string]report.Fact{report.FactHarmAvoided: report.Yes()} },
		"facts.weather":      func(d *report.Draft) { d.Facts = map[string]report.Fact{"weather": report.Yes()} },
		"facts.persons": func(d *report.Draft) {
			f := report.Fact{Most: new(int64(3))}
			f.Least = 4
			d.Facts = map[string]report.Fact{report.FactPersons: f}
		},
	} {
		d := ok
		change(&d)
		_, err := w.k.Open(t.Context(), first, d)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != report.CodeInvalid || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	ok.Origin, ok.About, ok.Kinds = "probe:clone", []report.Ref{{Kind: "function", ID: "f-1"}}, []report.Kind{report.Control, report.Outage}
	v, err := w.k.Open(t.Context(), system, ok)
	w.no(err)
	if v.State != report.Open || !v.Knew.Equal(w.clock.Now()) || v.Opener != "" || v.Subject == evidence.System || v.Operator != report.Other || !slices.Equal(v.Kinds, []report.Kind{report.Outage, report.Control}) {
		t.Errorf("%+v", v)
	}
	if again, err := w.k.Open(t.Context(), system, ok); err != nil || again.ID != v.ID {
		t.Errorf("the same origin opened another: %s, %v", again.ID, err)
	}
	if list, _, err := w.k.Incidents(t.Context(), report.Query{About: ok.About[0], Kind: report.Control, States: []report.IncidentState{report.Open}}); err != nil || len(list) != 1 || list[0].ID != v.ID {
		t.Errorf("found %v, %v", list, err)
	}
	for _, step := range v.Steps {
		if kind, _, _ := strings.Cut(step.ID, "/"); step.State != report.StepOpen || kind != "outage" && kind != "control" {
			t.Errorf("step %+v", step)
		}
	}
	for _, p := range w.k.Plan(v) {
		if p.Play.Names.ZH == "" || p.Play.Names.EN == "" || p.Play.Basis.ZH == "" || p.Play.Who == "" {
			t.Errorf("%s says %+v", p.ID, p.Play)
		}
	}
	_, err = w.k.Close(t.Context(), first, v.ID, report.Dismissed, "a mistake of the probe")
	w.no(err)
	_, err = w.k.Confirm(t.Context(), second, v.ID, "so it was")
	w.no(err)
	if again, err := w.k.Open(t.Context(), system, ok); err != nil || again.ID == v.ID {
		t.Errorf("the origin of a dismissed incident is still taken: %v", err)
	}
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		if !slices.Contains(r.Clauses, colophon.ClauseDS7) {
			t.Errorf("%s cites %v", r.Type, r.Clauses)
		}
	}
}

// TestSealed looks for what people wrote where anybody could read it, and reads it where it may be.
func TestSealed(t *testing.T) {
	w := open(t)
	v := w.incident(report.PersonalData)
	_, err := w.k.Enter(t.Context(), first, v.ID, w.clock.Now(), "a call at night")
	w.no(err)
	p, err := w.k.DraftPaper(t.Context(), first, v.ID, "notice-persons", report.Answers{"contact": {Certainty: report.Known, Lines: []string{"the desk by day"}}})
	w.no(err)
	_, err = w.k.Tick(t.Context(), first, v.ID, v.Steps[0].ID, report.StepSkipped, "nothing to stop")
	w.no(err)
	stored := w.everything()
	for _, secret := range []string{"strange sign-ins", "night watch", "a call", "the desk by day", "nothing to stop"} {
		if strings.Contains(stored, secret) {
			t.Errorf("%q stands in the open", secret)
		}
	}
	if lines, err := w.k.Timeline(t.Context(), v.ID); err != nil || len(lines) != 1 || lines[0].Text != "" || lines[0].Kept != ledger.Whole {
		t.Errorf("%+v, %v", lines, err)
	}
	for _, by := range nobody() {
		_, _, err := w.k.Read(t.Context(), by, v.ID)
		storetest.WantCode(t, err, report.CodePerson)
	}
	reads := func() (n int) {
		for _, typ := range w.types() {
			if typ == report.RecordRead {
				n++
			}
		}
		return n
	}
	_, words, err := w.k.Read(t.Context(), first, v.ID)
	if err != nil || words.Title != "strange sign-ins" || words.Summary != "seen by the night watch" || reads() != 1 {
		t.Errorf("%+v, %v, %d readings", words, err, reads())
	}
	words, lines, err := w.k.ReadTimeline(t.Context(), first, v.ID)
	if err != nil || words.Title != "strange sign-ins" || len(lines) != 1 || lines[0].Text != "a call at night" || reads() != 2 {
		t.Errorf("%+v, %v, %d readings", lines, err, reads())
	}
	_, sheet, err := w.k.ReadPaper(t.Context(), first, p.ID)
	if err != nil || !strings.Contains(sheet.Document, "the desk by day") || reads() != 3 {
		t.Errorf("%s, %v, %d readings", sheet.Document, err, reads())
	}
	rec, err := w.rec.New("subject.erased", evidence.System, "system", nil, nil)
	w.no(err)
	w.clock.Set(w.clock.Now().AddDate(1, 0, 0)) // the period of the records is over
	_, err = w.store.Erase(t.Context(), rec, v.Subject)
	w.no(err)
	_, _, err = w.k.Read(t.Context(), first, v.ID)
	storetest.WantCode(t, err, report.CodeErased)
	_, err = w.k.Fill(t.Context(), first, p.ID, nil)
	storetest.WantCode(t, err, report.CodeErased)
	if v, err := w.k.Incident(t.Context(), v.ID); err != nil || v.State != report.Open || v.Kept == ledger.Whole {
		t.Errorf("after the erasure: %+v, %v", v, err)
	}
}

// TestLearn has a grade rise at once, and fall with two people alone.
func TestLearn(t *testing.T) {
	w := open(t)
	v := w.incident(report.PersonalData)
	grade := func(v report.Incident, state report.GradeState, least report.Grade) {
		t.Helper()
		if v.Grading.State != state || v.Grading.Least != least {
			t.Errorf("%+v, want %s %s", v.Grading, state, least)
		}
	}
	grade(v, report.CouldNotTell, report.Ordinary)
	if !v.Graded.IsZero() {
		t.Error("it counts as graded")
	}
	w.pass(time.Minute)
	v = w.learn(v.ID, map[string]report.Fact{report.FactPersons: report.Fact{Least: 1_000_000}})
	grade(v, report.CouldNotTell, report.Serious)
	if !v.Graded.Equal(w.clock.Now()) {
		t.Errorf("decided at %s, want %s", v.Graded, w.clock.Now())
	}
	since := v.Graded
	w.pass(time.Minute)
	v = w.learn(v.ID, map[string]report.Fact{report.FactPersons: report.Exactly(20_000_000), report.FactLoss: report.No(), report.FactJudged: report.Exactly(1)})
	grade(v, report.Graded, report.Grave)
	if !v.Graded.Equal(since) || v.Rules != starter(t).Guide.Version {
		t.Errorf("decided at %s by %q", v.Graded, v.Rules)
	}
	v = w.learn(v.ID, map[string]report.Fact{report.FactPersons: report.Exactly(2_000_000)}) // it would have to be reported still
	grade(v, report.Graded, report.Grave)
	_, err := w.k.Close(t.Context(), first, v.ID, report.Dismissed, "none")
	storetest.WantCode(t, err, report.CodeCorrection)
	v, err = w.k.Disagree(t.Context(), second, v.ID, "no")
	w.no(err)
	fewer := map[string]report.Fact{report.FactPersons: report.Exactly(900)}
	for _, by := range nobody()[1:3] {
		_, err := w.k.Learn(t.Context(), by, v.ID, fewer, "counted anew")
		storetest.WantCode(t, err, report.CodePerson)
	}
	v = w.learn(v.ID, fewer)
	grade(v, report.Graded, report.Grave)
	if v.Correction == nil || v.Facts[report.FactPersons].Least != 20_000_000 {
		t.Fatalf("one person lowered it: %+v", v)
	}
	_, err = w.k.Learn(t.Context(), second, v.ID, map[string]report.Fact{report.FactPersons: {}}, "nobody knows")
	storetest.WantCode(t, err, report.CodeCorrection) // that it is not known any more lowers it too
	_, err = w.k.Agree(t.Context(), first, v.ID, "yes")
	storetest.WantCode(t, err, report.CodeSame)
	for _, by := range nobody() {
		_, err = w.k.Agree(t.Context(), by, v.ID, "yes")
		storetest.WantCode(t, err, report.CodePerson)
	}
	if v, err = w.k.Disagree(t.Context(), second, v.ID, "no"); err != nil || v.Correction != nil {
		t.Errorf("%+v, %v", v.Correction, err)
	}
	grade(v, report.Graded, report.Grave)
	_, err = w.k.Agree(t.Context(), second, v.ID, "yes")
	storetest.WantCode(t, err, report.CodeNothing)
	w.learn(v.ID, fewer)
	v, err = w.k.Agree(t.Context(), second, v.ID, "yes")
	w.no(err)
	grade(v, report.Graded, report.Ordinary)
	avoided := map[string]report.Fact{report.FactHarmAvoided: report.Yes()}
	for _, kind := range []report.Kind{report.PersonalData, report.Security} { // of the second it is said before the clock is there
		o := w.incident(kind)
		_, err = w.k.Learn(t.Context(), ledger.By{Role: "application", ID: "key-1"}, o.ID, avoided, "so")
		storetest.WantCode(t, err, report.CodePerson)
		if o = w.learn(o.ID, avoided); o.Correction == nil {
			t.Errorf("%s: one person said that harm was avoided", kind)
		}
		_, err = w.k.Widen(t.Context(), first, o.ID, report.PersonalData, "so it is")
		w.no(err)
		if got := w.clockOf(o.ID, report.NoticePersons).Applies; got != colophon.Passed {
			t.Errorf("%s: one person ended the notice to the persons: %s", kind, got)
		}
		_, err = w.k.Agree(t.Context(), second, o.ID, "yes")
		w.no(err)
		if got := w.clockOf(o.ID, report.NoticePersons).Applies; got != colophon.Failed {
			t.Errorf("%s: two people could not: %s", kind, got)
		}
	}
	v = w.learn(v.ID, map[string]report.Fact{report.FactPersons: report.Exactly(2_000_000)})
	if v = w.learn(v.ID, fewer); v.Correction == nil {
		t.Fatal("one person lowered it")
	}
	if v = w.learn(v.ID, map[string]report.Fact{report.FactViews: report.No()}); v.Correction == nil {
		t.Error("another fact ended the correction")
	}
	if v = w.learn(v.ID, map[string]report.Fact{report.FactPersons: report.Exactly(3_000_000)}); v.Correction != nil {
		t.Errorf("an older figure waits to stand over a newer one: %+v", v.Correction)
	}
	var graded []string
	for _, p := range w.payloads(report.RecordGraded) {
		before, after := p["before"].(map[string]any), p["grading"].(map[string]any)
		graded = append(graded, fmt.Sprint(before["least"], " to ", after["least"]))
	}
	if want := []string{"ordinary to serious", "serious to grave", "grave to ordinary", "ordinary to serious"}; !slices.Equal(graded, want) {
		t.Errorf("changes %v, want %v", graded, want)
	}
	n := len(w.payloads(report.RecordLearned)) + len(w.payloads(report.RecordCorrected)) + len(w.payloads(report.RecordStood))
	if n != 3+2+5+3 { // corrected and refused, of the two others, and of this one after them
		t.Errorf("%d further records", n)
	}
	for name, err := range map[string]error{
		"facts": func() error { _, err := w.k.Learn(t.Context(), first, v.ID, nil, "x"); return err }(),
		"why":   func() error { _, err := w.k.Learn(t.Context(), first, v.ID, fewer, ""); return err }(),
	} {
		var e *colophon.Error
		if !errors.As(err, &e) || e.Args["field"] != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWiden adds a kind, with its steps and its rows of the guide, and never takes one away.
func TestWiden(t *testing.T) {
	w := open(t)
	v := w.incident(report.Control)
	if v.Grading.State != report.NotGraded {
		t.Fatalf("%+v", v.Grading)
	}
	n := len(v.Steps)
	v, err := w.k.Widen(t.Context(), first, v.ID, report.Security, "it was an attack")
	w.no(err)
	if v.Grading.State != report.CouldNotTell || len(v.Steps) <= n || !slices.Equal(v.Kinds, []report.Kind{report.Control, report.Security}) {
		t.Errorf("%+v", v)
	}
	if again, err := w.k.Widen(t.Context(), first, v.ID, report.Security, "once more"); err != nil || len(again.Steps) != len(v.Steps) {
		t.Errorf("%d steps, %v", len(again.Steps), err)
	}
	_, err = w.k.Widen(t.Context(), first, v.ID, "weather", "x")
	storetest.WantCode(t, err, report.CodeInvalid)
	_, err = w.k.Widen(t.Context(), system, v.ID, report.Content, "x")
	storetest.WantCode(t, err, report.CodePerson)
}

func TestKnownEarlier(t *testing.T) {
	w := open(t)
	v := w.incident(report.Outage)
	due := w.clockOf(v.ID, report.FirstReport).Due
	for _, at := range []time.Time{v.Knew, v.Knew.Add(time.Hour)} {
		_, err := w.k.KnownEarlier(t.Context(), first, v.ID, at, "x")
		storetest.WantCode(t, err, report.CodeLater)
	}
	_, err := w.k.KnownEarlier(t.Context(), first, v.ID, v.Knew.Add(-time.Hour), "the night watch knew")
	w.no(err)
	if got := w.clockOf(v.ID, report.FirstReport).Due; !got.Equal(due.Add(-time.Hour)) {
		t.Errorf("due %s, want an hour before %s", got, due)
	}
	_, err = w.k.KnownEarlier(t.Context(), system, v.ID, v.Knew.Add(-2*time.Hour), "x")
	storetest.WantCode(t, err, report.CodePerson)
}

// TestSteps tries each step of the table of steps, and those that it does not have.
func TestSteps(t *testing.T) {
	w := open(t)
	v := w.incident(report.Control)
	id := v.Steps[0].ID
	want := map[report.StepState][]report.StepState{report.StepOpen: {report.StepDone, report.StepSkipped}, report.StepDone: {report.StepOpen}, report.StepSkipped: {report.StepOpen}}
	for _, from := range report.StepStates() {
		for _, to := range report.StepStates() {
			if from != report.StepOpen {
				_, err := w.k.Tick(t.Context(), first, v.ID, id, from, "so")
				w.no(err)
			}
			_, err := w.k.Tick(t.Context(), first, v.ID, id, to, "so")
			if slices.Contains(want[from], to) != from.May(to) || (err == nil) != from.May(to) {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if now, _ := w.k.Incident(t.Context(), v.ID); now.Steps[0].State != report.StepOpen {
				_, err := w.k.Tick(t.Context(), first, v.ID, id, report.StepOpen, "")
				w.no(err)
			}
		}
	}
	_, err := w.k.Tick(t.Context(), first, v.ID, id, report.StepSkipped, "")
	storetest.WantCode(t, err, report.CodeInvalid)
	_, err = w.k.Tick(t.Context(), first, v.ID, "control/none", report.StepDone, "")
	storetest.WantCode(t, err, report.CodeInvalid)
	_, err = w.k.Tick(t.Context(), system, v.ID, id, report.StepDone, "")
	storetest.WantCode(t, err, report.CodePerson)
}

// TestClose says what keeps an incident open, and whose two are needed.
func TestClose(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	v := w.incident(report.PersonalData)
	refused := func(code colophon.Code, arg string) {
		t.Helper()
		_, err := w.k.Close(ctx, first, v.ID, report.Closed, "done")
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != code || arg != "" && e.Args["clock"] != arg && e.Args["count"] != arg {
			t.Errorf("%v, want %s %s", err, code, arg)
		}
	}
	refused(report.CodeUngraded, "")
	w.learn(v.ID, loud(report.FactPersons, report.Exactly(1_000_000)))
	refused(report.CodeUndone, report.FirstReport)
	w.file(v.ID, report.FirstReport)
	refused(report.CodeUndone, "notice-authority")
	w.file(v.ID, "notice-authority")
	refused(report.CodeUndone, "notice-persons")
	w.file(v.ID, "notice-persons")
	refused(report.CodeStepsOpen, fmt.Sprint(len(v.Steps)))
	w.tickAll(v)
	_, err := w.k.Close(ctx, system, v.ID, report.Closed, "done")
	storetest.WantCode(t, err, report.CodePerson)
	_, err = w.k.Close(ctx, first, v.ID, report.Settled, "done")
	storetest.WantCode(t, err, report.CodeInvalid)
	if v, err = w.k.Close(ctx, first, v.ID, report.Closed, "done"); err != nil || v.State != report.Closing {
		t.Fatalf("%s, %v", v.State, err)
	}
	for _, by := range append(nobody(), first) {
		_, err = w.k.Confirm(ctx, by, v.ID, "yes")
		code := report.CodePerson
		if by == first {
			code = report.CodeSame
		}
		storetest.WantCode(t, err, code)
	}
	v = w.learn(v.ID, map[string]report.Fact{report.FactPersons: report.Exactly(10_000_000)})
	if v.State != report.Open || v.Closing != nil {
		t.Errorf("a proposal stands that was made without the facts: %s", v.State)
	}
	_, err = w.k.Confirm(ctx, second, v.ID, "yes")
	storetest.WantCode(t, err, report.CodeNothing)
	_, err = w.k.Close(ctx, first, v.ID, report.Closed, "done")
	w.no(err)
	if v, err = w.k.Confirm(ctx, second, v.ID, "yes"); err != nil || v.State != report.Closed || v.Confirmer != second.ID || !v.Closed.Equal(w.clock.Now()) {
		t.Errorf("%+v, %v", v, err)
	}
	v = w.incident(report.Vulnerability) // what nothing grades one person closes, once it is known whether it has to be reported
	w.tickAll(v)
	refused(report.CodeUndone, "flaw-report")
	w.learn(v.ID, map[string]report.Fact{report.FactEndangers: report.No()})
	if v, err = w.k.Close(ctx, first, v.ID, report.Closed, "done"); err != nil || v.State != report.Closed {
		t.Errorf("%s, %v", v.State, err)
	}
}

// meddler is a ledger of papers that does something once it is asked for them.
type meddler struct {
	ledger.Store[report.Paper]
	between func()
}

func (m *meddler) Find(ctx context.Context, q ledger.Query) ([]ledger.Entry[report.Paper], error) {
	if do := m.between; do != nil {
		m.between = nil
		do()
	}
	return m.Store.Find(ctx, q)
}

// TestBetween tells a fact while an incident is being closed, after it was looked at whether it may be.
func TestBetween(t *testing.T) {
	var papers *meddler
	w := open(t, func(c *report.Config) {
		papers = &meddler{Store: c.Papers}
		c.Papers = papers
	})
	v := w.incident(report.Outage, report.Vulnerability)
	w.learn(v.ID, quiet())
	w.tickAll(v)
	papers.between = func() { w.learn(v.ID, map[string]report.Fact{report.FactEndangers: report.Yes()}) }
	_, err := w.k.Close(t.Context(), first, v.ID, report.Closed, "done")
	storetest.WantCode(t, err, report.CodeUndone)
	w.file(v.ID, report.FlawReport)
	_, err = w.k.Close(t.Context(), first, v.ID, report.Closed, "done")
	w.no(err)
	papers.between = func() { w.learn(v.ID, map[string]report.Fact{report.FactLoss: report.Exactly(5_000_000)}) }
	_, err = w.k.Confirm(t.Context(), second, v.ID, "yes")
	storetest.WantCode(t, err, report.CodeNothing) // it is open again
}

// TestStates tries each event in each state.
func TestStates(t *testing.T) {
	type event func(w *world, id string) error
	closing := func(w *world, id string) error {
		_, err := w.k.Close(w.Context(), first, id, report.Closed, "over")
		return err
	}
	dismissing := func(w *world, id string) error {
		_, err := w.k.Close(w.Context(), first, id, report.Dismissed, "none")
		return err
	}
	confirm := func(w *world, id string) error { _, err := w.k.Confirm(w.Context(), second, id, "yes"); return err }
	keep := func(w *world, id string) error { _, err := w.k.KeepOpen(w.Context(), second, id, "no"); return err }
	reopen := func(w *world, id string) error { _, err := w.k.Reopen(w.Context(), first, id, "again"); return err }
	sweep := func(w *world, _ string) error { return w.k.Sweep(w.Context()) }
	learn := func(w *world, id string) error {
		_, err := w.k.Learn(w.Context(), first, id, map[string]report.Fact{report.FactViews: report.Fact{Most: new(int64(1))}}, "x")
		return err
	}
	begin := map[report.IncidentState][]event{report.Open: nil, report.Closing: {closing}, report.Closed: {closing, confirm}, report.Settled: {closing, confirm, sweep}, report.Dismissed: {dismissing, confirm}}
	to := func(s report.IncidentState, from ...report.IncidentState) map[report.IncidentState]report.IncidentState {
		m := map[report.IncidentState]report.IncidentState{}
		for _, f := range from {
			m[f] = s
		}
		return m
	}
	for name, e := range map[string]struct {
		do    event
		to    map[report.IncidentState]report.IncidentState
		quiet bool // where the table has nothing, it changes nothing and is no error
	}{
		"close": {closing, to(report.Closing, report.Open), false}, "dismiss": {dismissing, to(report.Closing, report.Open), false},
		"confirm": {confirm, to(report.Closed, report.Closing), false}, "keep": {keep, to(report.Open, report.Closing), false},
		"reopen": {reopen, to(report.Open, report.Closed, report.Settled, report.Dismissed), false}, "sweep": {sweep, to(report.Settled, report.Closed), true},
		"learn": {learn, to(report.Open, report.Open, report.Closing), false},
	} {
		for _, state := range report.IncidentStates() {
			t.Run(name+" "+string(state), func(t *testing.T) {
				w := open(t)
				v, err := w.k.Open(t.Context(), first, report.Draft{Kinds: []report.Kind{report.Outage}, Words: report.Particulars{Title: "down"}, Facts: quiet()})
				w.no(err)
				w.tickAll(v)
				for _, do := range begin[state] {
					w.no(do(w, v.ID))
				}
				err = e.do(w, v.ID)
				want, ok := e.to[state]
				if !ok {
					want = state
				}
				if (err == nil) != (ok || e.quiet) {
					t.Errorf("%v", err)
				}
				if v, err = w.k.Incident(t.Context(), v.ID); err != nil || v.State != want {
					t.Errorf("%s, %v, want %s", v.State, err, want)
				}
				if want != state && !state.May(want) {
					t.Errorf("the table has no step from %s to %s", state, want)
				}
			})
		}
	}
}

// everything is what stands in the open in the ledgers, as JSON.
func (w *world) everything() string {
	w.Helper()
	list, _, err := w.k.Incidents(w.Context(), report.Query{})
	w.no(err)
	var all []any
	for _, v := range list {
		papers, err := w.k.PapersOf(w.Context(), v.ID)
		w.no(err)
		lines, err := w.k.Timeline(w.Context(), v.ID)
		w.no(err)
		all = append(all, v, papers, lines)
	}
	raw, err := json.Marshal(all)
	w.no(err)
	return string(raw)
}

// TestNewGuide has an incident be graded by a guide that came later: a higher grade counts at once, a lower one does not.
func TestNewGuide(t *testing.T) {
	var config report.Config
	w := open(t, func(c *report.Config) { config = *c })
	v := w.incident(report.Outage)
	w.learn(v.ID, loud(report.FactLoss, report.Exactly(5_000_000)))
	other := w.incident(report.Outage)
	w.learn(other.ID, loud(report.FactLoss, report.Exactly(4_000_000)))
	with := func(version string, at int64) {
		t.Helper()
		rules := starter(t)
		rules.Guide.Version = version
		for i, r := range rules.Guide.Rows {
			if r.ID == "loss-serious" {
				rules.Guide.Rows[i].At = at
			}
		}
		config.Rules = rules
		k, err := report.New(config)
		w.no(err)
		for range 2 {
			w.no(k.Sweep(t.Context()))
		}
	}
	want := func(id string, least report.Grade, rules string) {
		t.Helper()
		v, err := w.k.Incident(t.Context(), id)
		if err != nil || v.Grading.Least != least || v.Rules != rules {
			t.Errorf("%s by %s, %v, want %s by %s", v.Grading.Least, v.Rules, err, least, rules)
		}
	}
	n := len(w.types())
	with("lower", 3_000_000)
	want(v.ID, report.Serious, "lower")
	want(other.ID, report.Serious, "lower")
	with("higher", 9_000_000)
	want(v.ID, report.Serious, "lower")
	want(other.ID, report.Serious, "lower")
	if got := len(w.types()) - n; got != 2 {
		t.Errorf("%d records, want 2", got)
	}
}
