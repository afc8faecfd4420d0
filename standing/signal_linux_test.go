package standing_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/standing"
)

// note notes an event and returns the rules that fired.
func (w *world) note(e standing.Event) (fired []string) {
	w.Helper()
	list, err := w.keeper.Note(w.ctx, e)
	w.no(err)
	for _, s := range list {
		fired = append(fired, s.Rule)
	}
	return fired
}

func (w *world) refuse(n int) []string {
	w.Helper()
	w.pass(time.Second)
	list, err := w.keeper.Violated(w.ctx, "account-1", "chat", "fraud", "judgement-"+strconv.Itoa(n))
	w.no(err)
	var fired []string
	for _, s := range list {
		fired = append(fired, s.Rule)
	}
	return fired
}

// TestInARow refuses three times in a row: with something that passed in between it is no row.
func TestInARow(t *testing.T) {
	w := open(t)
	w.refuse(1)
	w.refuse(2)
	w.note(standing.Event{Kind: standing.Passed, Subject: "account-1"})
	for i := range 2 {
		if fired := w.refuse(3 + i); fired != nil {
			t.Fatal(fired)
		}
	}
	if fired := w.refuse(4); fired != nil { // told again, after a crash
		t.Error("one judgement was counted twice:", fired)
	}
	w.pass(21 * time.Hour) // the fifth of today is the third in a row
	if fired := w.refuse(5); !slices.Equal(fired, []string{"refused-in-a-row", "refused-in-a-day"}) {
		t.Fatal(fired)
	}
	s, err := w.keeper.Standing(w.ctx, "account-1")
	w.no(err)
	if len(s.Active) != 2 || len(s.Blocks(standing.Use, "chat", w.clock.Now())) != 2 {
		t.Fatalf("%+v", s)
	}
	m := s.Active[0]
	if m.Step != standing.Suspend || m.Rule != "refused-in-a-row/colophon-1" || !slices.Contains(m.Ground.Clauses, colophon.ClauseGenAI14) || !slices.Contains(m.Ground.Clauses, colophon.ClauseDS10) ||
		!slices.Contains(m.Findings, "judgement-5") || len(m.Deciders) != 0 || !m.Until.Equal(m.Start.Add(24*time.Hour)) {
		t.Errorf("%+v", m)
	}
	if fired := w.refuse(6); fired != nil {
		t.Error("not quiet:", fired)
	}
}

func TestFiveInADay(t *testing.T) {
	w := open(t)
	for i := range 4 {
		w.refuse(i)
		w.note(standing.Event{Kind: standing.Passed, Subject: "account-1"})
	}
	w.pass(24*time.Hour - 4*time.Second) // the first was more than a day ago by the next refusal
	if fired := w.refuse(10); fired != nil {
		t.Error(fired)
	}
	w.note(standing.Event{Kind: standing.Passed, Subject: "account-1"})
	w.clock.Set(storetest.NewClock().Now().Add(25 * time.Hour))
	for i := range 4 {
		w.note(standing.Event{Kind: standing.Passed, Subject: "account-1"})
		fired := w.refuse(20 + i)
		if want := i == 3; slices.Contains(fired, "refused-in-a-day") != want {
			t.Errorf("after %d: %v", i, fired)
		}
	}
}

// TestAgain suspends three times: the fourth time closing is proposed, which two people decide about.
func TestAgain(t *testing.T) {
	w := open(t)
	n := 0
	for range 3 {
		w.take(draft(standing.Suspend))
	}
	proposed := func() int {
		list, _, err := w.keeper.Measures(w.ctx, standing.Filter{Subject: "account-1", States: []standing.State{standing.Proposed}, Step: standing.Close})
		w.no(err)
		return len(list)
	}
	// One of the suspensions was wrong, so that it does not count.
	list, _, err := w.keeper.Measures(w.ctx, standing.Filter{Step: standing.Suspend})
	w.no(err)
	if len(list) != 3 {
		t.Fatalf("%d suspensions", len(list))
	}
	_, err = w.keeper.Restore(w.ctx, second, list[0].ID, standing.WhyAppeal, "")
	w.no(err)
	for range 3 {
		n++
		w.refuse(n)
	}
	if proposed() != 0 {
		t.Error("a suspension that was taken back counts")
	}
	n++
	if fired := w.refuse(n); !slices.Contains(fired, "suspended-again") || proposed() != 1 {
		t.Error(fired, proposed())
	}
}

// TestRisks has each of the rules of risk fire on what it is for, and not before.
func TestRisks(t *testing.T) {
	old, fresh := func(w *world) evidence.Subject { return "account-1" }, func(w *world) evidence.Subject {
		id, err := w.config.Recorder.NewID() // a pseudonym that was drawn just now
		w.no(err)
		return evidence.Subject(id)
	}
	day := func(w *world) { w.clock.Set(time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)) }     // noon in China
	night := func(w *world) { w.clock.Set(time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)) } // half past two there
	face := func(i int) evidence.Subject { return evidence.Subject(fmt.Sprintf("face-%d", i)) }
	for name, c := range map[string]struct {
		rule  string // "" for none
		at    func(*world)
		who   func(*world) evidence.Subject
		times int           // the last one fires
		every time.Duration // apart
		event func(i int, e *standing.Event)
	}{
		"velocity":          {"velocity", day, old, 60, 500 * time.Millisecond, func(int, *standing.Event) {}},
		"slow":              {"", day, old, 100, 7 * time.Second, func(int, *standing.Event) {}},
		"night":             {"night-burst", night, old, 120, 10 * time.Second, func(int, *standing.Event) {}},
		"same by day":       {"", day, old, 120, 10 * time.Second, func(int, *standing.Event) {}},
		"many faces":        {"many-faces", day, old, 10, time.Hour, func(i int, e *standing.Event) { e.Faces = []evidence.Subject{face(i)} }},
		"one face":          {"", day, old, 30, time.Hour, func(i int, e *standing.Event) { e.Faces = []evidence.Subject{face(1)} }},
		"faces over months": {"", day, old, 30, 25 * time.Hour, func(i int, e *standing.Event) { e.Faces = []evidence.Subject{face(i)} }},
		"shared face": {"shared-face", day, old, 5, time.Hour, func(i int, e *standing.Event) {
			e.Subject, e.Faces = evidence.Subject(fmt.Sprintf("account-%d", i)), []evidence.Subject{face(i + 10), face(1)}
		}},
		"new account":       {"new-account-high-risk", day, fresh, 5, time.Minute, func(i int, e *standing.Event) { e.High = true }},
		"new account, chat": {"", day, fresh, 30, time.Minute, func(i int, e *standing.Event) {}},
		"target":            {"protected-target", day, old, 1, 0, func(i int, e *standing.Event) { e.Targets = []string{"feature-1"} }},
		"guessing": {"verification-guessing", day, old, 5, time.Hour, func(i int, e *standing.Event) {
			e.Kind, e.ID = standing.Unverified, "verification-"+strconv.Itoa(i)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			c.at(w)
			who := c.who(w)
			if name == "new account" || name == "new account, chat" {
				w.clock.Set(time.Now()) // such pseudonyms are drawn by the machine's clock
				if w.clock.Now().In(time.FixedZone("", 8*3600)).Hour() < 6 {
					w.pass(8 * time.Hour)
				}
			}
			for i := range c.times {
				e := standing.Event{Kind: standing.Used, Subject: who, Function: "chat"}
				c.event(i, &e)
				fired := w.note(e)
				if want := c.rule != "" && i == c.times-1; want && !slices.Equal(fired, []string{c.rule}) || !want && fired != nil {
					t.Fatalf("after %d: %v", i+1, fired)
				}
				w.pass(c.every)
			}
			if c.rule == "" {
				return
			}
			list, _, err := w.keeper.Signals(w.ctx, standing.SignalFilter{Rule: c.rule, State: standing.Done})
			if err != nil || len(list) != 1 || list[0].Item == "" || w.items[list[0].ID].Rule != c.rule || len(list[0].Counts) == 0 {
				t.Errorf("%+v, %v", list, err)
			}
			if _, clauses := w.records(); !slices.Contains(clauses, colophon.ClauseAF22) {
				t.Error(clauses)
			}
			if want := c.rule == "many-faces" || c.rule == "new-account-high-risk"; want != slices.Contains(w.rechecked, who) {
				t.Errorf("rechecked %v", w.rechecked)
			}
		})
	}
}

// TestSettle lets what follows fail: it is done later, and once.
func TestSettle(t *testing.T) {
	w := open(t)
	w.down = true
	e := standing.Event{Kind: standing.Unverified, Subject: "account-1"}
	var err error
	for i := range 5 {
		e.ID = strconv.Itoa(i)
		_, err = w.keeper.Note(w.ctx, e)
	}
	if !errors.Is(err, errDown) {
		t.Fatal(err)
	}
	if n, err := w.keeper.Settle(w.ctx, 10); n != 0 || err != nil {
		t.Error("tried again at once", n, err)
	}
	w.pass(time.Minute)
	if n, err := w.keeper.Settle(w.ctx, 10); n != 1 || !errors.Is(err, errDown) {
		t.Error(n, err)
	}
	w.down = false
	if n, err := w.keeper.Settle(w.ctx, 10); n != 1 || err != nil {
		t.Error(n, err)
	}
	if n, err := w.keeper.Settle(w.ctx, 10); n != 0 || err != nil {
		t.Error(n, err)
	}
	s, err := w.keeper.Standing(w.ctx, "account-1")
	if err != nil || len(s.Active) != 1 || s.Active[0].Step != standing.Mute || len(w.items) != 1 {
		t.Errorf("%+v, %v, %v", s, w.items, err)
	}
}

// TestNobody counts nothing for the system, and refuses what is out of form.
func TestNobody(t *testing.T) {
	w := open(t)
	for i := range 9 {
		list, err := w.keeper.Violated(w.ctx, evidence.System, "chat", "fraud", strconv.Itoa(i))
		if err != nil || list != nil {
			t.Fatal(list, err)
		}
	}
	for _, e := range []standing.Event{{Kind: "sang"}, {Kind: standing.Refused}, {Kind: standing.Used, Function: "a b"}, {Kind: standing.Used, Category: "a b"},
		{Kind: standing.Used, Faces: []evidence.Subject{"a b"}}, {Kind: standing.Used, Targets: []string{"a b"}}} {
		e.Subject = "account-1"
		_, err := w.keeper.Note(w.ctx, e)
		storetest.WantCode(t, err, standing.CodeInvalid)
	}
}

// TestTogether has many nodes see the same at once: one signal, one measure.
func TestTogether(t *testing.T) {
	w := open(t)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if _, err := w.keeper.Violated(w.ctx, "account-1", "chat", "fraud", strconv.Itoa(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s, err := w.keeper.Standing(w.ctx, "account-1")
	if err != nil || len(s.Active) != 2 { // in a row, and in a day
		t.Errorf("%d measures, %v", len(s.Active), err)
	}
}

func TestTables(t *testing.T) {
	w := open(t)
	table, shipped := w.keeper.Table()
	if !shipped {
		t.Error("nobody released a table")
	}
	_, err := w.keeper.ProposeTable(w.ctx, first, table, "the same")
	storetest.WantCode(t, err, standing.CodeKnown)
	table.Version = "ours-1"
	table.Rules = []standing.Rule{{ID: "once", On: []standing.Kind{standing.Refused}, When: "refused_day >= 1 && fn == 'chat'", Quiet: standing.Span(time.Hour), Clauses: []colophon.Clause{colophon.ClauseDS10},
		Fact: standing.FactTerms, Do: standing.Consequence{Measure: &standing.Sanction{Step: standing.Limit, Propose: true}}, Reason: "strict"}}
	_, err = w.keeper.ProposeTable(w.ctx, first, table, "stricter")
	w.no(err)
	_, err = w.keeper.ProposeTable(w.ctx, second, table, "again")
	storetest.WantCode(t, err, standing.CodeKnown)
	_, err = w.keeper.ReleaseTable(w.ctx, first, "ours-1", "now")
	storetest.WantCode(t, err, standing.CodeSelf)
	_, err = w.keeper.ReleaseTable(w.ctx, rule, "ours-1", "now")
	storetest.WantCode(t, err, standing.CodePerson)
	_, err = w.keeper.ReleaseTable(w.ctx, second, "ours-2", "now")
	storetest.WantCode(t, err, standing.CodeVersion)
	_, err = w.keeper.ReleaseTable(w.ctx, second, "ours-1", "now")
	w.no(err)
	other := w.open() // another node
	for _, k := range []*standing.Keeper{w.keeper, other} {
		if now, shipped := k.Table(); shipped || now.Version != "ours-1" {
			t.Error(now.Version)
		}
	}
	if fired := w.refuse(1); !slices.Equal(fired, []string{"once"}) {
		t.Error(fired)
	}
	list, _, err := w.keeper.Measures(w.ctx, standing.Filter{States: []standing.State{standing.Proposed}})
	if err != nil || len(list) != 1 || list[0].Function != "chat" || list[0].Rule != "once/ours-1" {
		t.Errorf("%+v, %v", list, err)
	}
	// What is in force on this node follows what was released elsewhere.
	table.Version = "ours-2"
	_, err = other.ProposeTable(w.ctx, first, table, "more")
	w.no(err)
	w.pass(time.Second)
	_, err = other.ReleaseTable(w.ctx, second, "ours-2", "now")
	w.no(err)
	w.no(w.keeper.Refresh(w.ctx))
	if now, _ := w.keeper.Table(); now.Version != "ours-2" {
		t.Error(now.Version)
	}
	page, next, err := w.keeper.Tables(w.ctx, "", 1)
	if err != nil || len(page) != 1 || next == "" || page[0].Table.Version != "ours-2" || len(page[0].Releases) != 1 {
		t.Error(page, next, err)
	}
}

func TestTableInvalid(t *testing.T) {
	w := open(t)
	for where, spoil := range map[string]func(*standing.Table){
		"version":          func(t *standing.Table) { t.Version = "" },
		"ladder":           func(t *standing.Table) { t.Ladder = t.Ladder[1:] },
		"suspend":          func(t *standing.Table) { t.Ladder[4].Lasts = 0 },
		"high":             func(t *standing.Table) { t.Counters[0].Name = "high" },
		"refused_day":      func(t *standing.Table) { t.Counters[1].Of = "city" },
		"used_minute":      func(t *standing.Table) { t.Counters[2].Bucket = 0 },
		"used_hour":        func(t *standing.Table) { t.Counters[3].Window = standing.Span(time.Hour * 24 * 30) },
		"used_day":         func(t *standing.Table) { t.Counters[4].Reset = standing.Passed },
		"refused-in-a-row": func(t *standing.Table) { t.Rules[0].When = "refused_rows >= 3" },
		"refused-in-a-day": func(t *standing.Table) { t.Rules[1].When = "true" },
		"suspended-again":  func(t *standing.Table) { t.Rules[2].Do.Measure = &standing.Sanction{Step: standing.Close} },
		"velocity":         func(t *standing.Table) { t.Rules[3].Clauses = []colophon.Clause{colophon.ClauseLM4} },
		"night-burst":      func(t *standing.Table) { t.Rules[4].When = "hour + used_hour" },
		"many-faces":       func(t *standing.Table) { t.Rules[5].Do = standing.Consequence{} },
		"shared-face":      func(t *standing.Table) { t.Rules[6].Quiet = 0 },
		"protected-target": func(t *standing.Table) { t.Rules[8].Fact = "measure-fact-ugly" },
	} {
		table, err := standing.Default()
		w.no(err)
		table.Version = "ours-1"
		spoil(&table)
		_, err = w.keeper.ProposeTable(w.ctx, first, table, "why")
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != standing.CodeTable || e.Args["where"] != where && where != "version" {
			t.Errorf("%s: %v", where, err)
		}
	}
}

// FuzzCondition proposes tables with any condition. One that is taken can be evaluated.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{"refused_day >= 1", "high && age < 24", "fn.startsWith('a')", "refused_day / suspensions > 1", "fn + fn == category", "[1].map(x, x)", "(((", "'", "hour in [1, 2]",
		"category.matches('(a+)+$')", "refused_day >= 1 ? high : !high", "-9223372036854775808 == -age", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, when string) {
		table, err := standing.Default()
		if err != nil {
			t.Fatal(err)
		}
		table.Rules = table.Rules[:1]
		table.Rules[0].When = when
		if err := standing.Try(table); err != nil {
			var e *colophon.Error
			if !errors.As(err, &e) || e.Kind != colophon.Invalid && e.Kind != colophon.Internal {
				t.Fatal(err)
			}
		}
	})
}
