package standing_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/store/tallies"
	"github.com/colophon-project/colophon/standing"
)

var errDown = errors.New("it is down")

// world is a keeper on a store, with what it asks of others.
type world struct {
	*testing.T
	ctx    context.Context
	clock  *storetest.Clock
	store  *store.Store
	config standing.Config
	keeper *standing.Keeper

	people    map[evidence.Subject]standing.Person // by account
	rechecked []evidence.Subject
	items     map[string]standing.Signal // by identifier of the signal
	down      bool                       // people and desk fail
}

func (w *world) Person(_ context.Context, s evidence.Subject) (standing.Person, error) {
	return w.people[s], w.fault()
}

func (w *world) Recheck(_ context.Context, by ledger.By, s evidence.Subject, _ colophon.Code) error {
	if w.fault() == nil && !slices.Contains(w.rechecked, s) {
		w.rechecked = append(w.rechecked, s)
	}
	return w.fault()
}

func (w *world) Open(_ context.Context, s standing.Signal) (string, error) {
	if w.fault() == nil {
		w.items[s.ID] = s
	}
	return "item-" + s.ID, w.fault()
}

func (w *world) fault() error {
	if w.down {
		return errDown
	}
	return nil
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, ctx: t.Context(), clock: storetest.NewClock(), people: map[evidence.Subject]standing.Person{}, items: map[string]standing.Signal{}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	w.config = standing.Config{Measures: ledgers.Of[standing.Measure](w.store, "measure"), Signals: ledgers.Of[standing.Signal](w.store, "signal"),
		Versions: ledgers.Of[standing.Version](w.store, "standing-table"), Tallies: tallies.New(w.store),
		Recorder: storetest.Recorder(t, config.Keys, w.clock.Now), Keys: config.Keys, People: w, Desk: w, Appeal: "https://provider.example/appeal", Patience: 30 * time.Second}
	w.keeper = w.open()
	return w
}

func (w *world) open() *standing.Keeper {
	w.Helper()
	k, err := standing.NewKeeper(w.ctx, w.config)
	w.no(err)
	return k
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) pass(d time.Duration) { w.clock.Set(w.clock.Now().Add(d)) }

// records are the types of the records so far, and the clauses of the last.
func (w *world) records() (list []evidence.Type, clauses []colophon.Clause) {
	w.Helper()
	for r, err := range w.store.Records(w.ctx, false) {
		w.no(err)
		list, clauses = append(list, r.Type), r.Clauses
	}
	return list, clauses
}

var (
	first, second, third = ledger.By{Role: "reviewer", ID: "staff-1"}, ledger.By{Role: "officer", ID: "staff-2"}, ledger.By{Role: "officer", ID: "staff-3"}
	rule                 = ledger.By{Role: "system"}
)

func draft(step standing.Step) standing.Draft {
	d := standing.Draft{Subject: "account-1", Step: step, Ground: standing.Ground{Clauses: []colophon.Clause{colophon.ClauseGenAI14}, Terms: "convention 4.2"},
		Fact: standing.FactContent, Findings: []string{"judgement-1"}}
	if step == standing.Limit {
		d.Function = "face-swap"
	}
	return d
}

// take takes a measure, with a second person where one is needed.
func (w *world) take(d standing.Draft) standing.Measure {
	w.Helper()
	w.people[d.Subject] = standing.Person{Numbers: []string{"number-" + string(d.Subject)}}
	m, err := w.keeper.Take(w.ctx, first, d)
	w.no(err)
	if m.State == standing.Proposed {
		m, err = w.keeper.Confirm(w.ctx, second, m.ID, "")
		w.no(err)
	}
	if m.State != standing.Active {
		w.Fatalf("%s is %s", d.Step, m.State)
	}
	return m
}

func TestLadder(t *testing.T) {
	w := open(t)
	blocks := map[standing.Step]string{standing.Remind: "", standing.Warn: "", standing.Limit: "use+ publish+ ", standing.Mute: "publish+ publish- ", standing.Suspend: "use+ use- publish+ publish- ",
		standing.Close: "use+ use- publish+ publish- register-account+ register-account- ", standing.Bar: "use+ use- publish+ publish- register-account+ register-account- "}
	for _, step := range standing.Steps() {
		d := draft(step)
		d.Subject = evidence.Subject("account-" + step)
		m := w.take(d)
		s, err := w.keeper.Standing(w.ctx, d.Subject)
		w.no(err)
		if len(s.Active) != 1 || s.Active[0].ID != m.ID || s.Active[0].Subject != d.Subject {
			t.Fatalf("%s: standing is %+v", step, s)
		}
		got := ""
		for _, act := range []standing.Act{standing.Use, standing.Publish, standing.Register} {
			for mark, function := range map[string]string{"+": "face-swap"} {
				if len(s.Blocks(act, function, w.clock.Now())) > 0 {
					got += string(act) + mark + " "
				}
			}
			if len(s.Blocks(act, "another", w.clock.Now())) > 0 {
				got += string(act) + "- "
			}
		}
		if got != blocks[step] {
			t.Errorf("%s blocks %q, want %q", step, got, blocks[step])
		}
	}
	if s, err := w.keeper.Standing(w.ctx, "nobody"); err != nil || s.Active != nil {
		t.Error(s, err)
	}
}

// TestStates tries every event on a measure in every state.
func TestStates(t *testing.T) {
	w := open(t)
	events := map[string]func(id string) (standing.Measure, error){
		"confirm": func(id string) (standing.Measure, error) { return w.keeper.Confirm(w.ctx, second, id, "") },
		"reject": func(id string) (standing.Measure, error) {
			return w.keeper.Reject(w.ctx, second, id, standing.WhyUnproven, "")
		},
		"lift": func(id string) (standing.Measure, error) {
			return w.keeper.Lift(w.ctx, second, id, standing.WhyMilder, "")
		},
		"restore": func(id string) (standing.Measure, error) {
			return w.keeper.Restore(w.ctx, second, id, standing.WhyAppeal, "")
		},
		"expire": func(id string) (standing.Measure, error) {
			w.pass(25 * time.Hour)
			_, err := w.keeper.Expire(w.ctx, 0)
			w.no(err)
			return w.keeper.Measure(w.ctx, id)
		},
	}
	reach := map[standing.State][]string{standing.Proposed: nil, standing.Active: {"confirm"}, standing.Ended: {"confirm", "expire"}, standing.Lifted: {"confirm", "lift"},
		standing.Restored: {"confirm", "restore"}, standing.Rejected: {"reject"}}
	to := map[string]standing.State{"confirm": standing.Active, "reject": standing.Rejected, "lift": standing.Lifted, "restore": standing.Restored, "expire": standing.Ended}
	if len(reach) != len(standing.States()) {
		t.Fatal("a state is missing")
	}
	for state, path := range reach {
		for event, do := range events {
			m, err := w.keeper.Propose(w.ctx, first, draft(standing.Suspend))
			w.no(err)
			for _, e := range path {
				_, err := events[e](m.ID)
				w.no(err)
			}
			if m, err = w.keeper.Measure(w.ctx, m.ID); err != nil || m.State != state {
				t.Fatalf("%v leads to %s, not %s (%v)", path, m.State, state, err)
			}
			got, err := do(m.ID)
			switch {
			case state.May(to[event]):
				if err != nil || got.State != to[event] {
					t.Errorf("%s + %s = %s, %v", state, event, got.State, err)
				}
			case event == "expire":
				if err != nil || got.State != state {
					t.Errorf("%s + expire = %s, %v", state, got.State, err)
				}
			default:
				storetest.WantCode(t, err, standing.CodeStep)
			}
		}
	}
	may := 0
	for _, from := range append(standing.States(), "") {
		for _, to := range standing.States() {
			if from.May(to) {
				may++
			}
		}
	}
	if may != 9 {
		t.Errorf("%d steps are allowed", may)
	}
}

func TestTwoPeople(t *testing.T) {
	for _, step := range []standing.Step{standing.Close, standing.Bar} {
		t.Run(string(step), func(t *testing.T) {
			w := open(t)
			w.people["account-1"] = standing.Person{Phones: []string{"phone-1"}}
			m, err := w.keeper.Take(w.ctx, first, draft(step))
			w.no(err)
			if s, _ := w.keeper.Standing(w.ctx, "account-1"); m.State != standing.Proposed || s.Active != nil {
				t.Fatalf("one person is enough: %s", m.State)
			}
			_, err = w.keeper.Confirm(w.ctx, first, m.ID, "")
			storetest.WantCode(t, err, standing.CodeSecond)
			var e *colophon.Error
			if errors.As(err, &e); !slices.Contains(e.Clauses, colophon.ClauseDS10) {
				t.Errorf("clauses %v", e.Clauses)
			}
			for _, by := range []ledger.By{rule, {Role: "application", ID: "key-1"}, {Role: "officer"}, {}} {
				_, err = w.keeper.Confirm(w.ctx, by, m.ID, "")
				storetest.WantCode(t, err, standing.CodePerson)
			}
			m, err = w.keeper.Confirm(w.ctx, second, m.ID, "agreed")
			if err != nil || m.State != standing.Active || len(m.Deciders) != 2 || !m.Start.Equal(w.clock.Now()) || !m.Until.IsZero() {
				t.Fatalf("%+v, %v", m, err)
			}
			// What a rule proposed needs two people beside it, though nobody can take it at once.
			d := draft(step)
			d.Origin = "item-1"
			m, err = w.keeper.Propose(w.ctx, rule, d)
			w.no(err)
			m, err = w.keeper.Confirm(w.ctx, second, m.ID, "")
			if err != nil || m.State != standing.Proposed {
				t.Fatalf("one person and a rule are enough: %s, %v", m.State, err)
			}
			_, err = w.keeper.Confirm(w.ctx, second, m.ID, "")
			storetest.WantCode(t, err, standing.CodeSecond)
			if m, err = w.keeper.Confirm(w.ctx, third, m.ID, ""); err != nil || m.State != standing.Active {
				t.Fatal(m.State, err)
			}
			_, err = w.keeper.Take(w.ctx, rule, draft(step))
			if got, _ := w.keeper.Standing(w.ctx, "account-1"); err != nil || len(got.Active) != 2 {
				t.Error("a rule closed an account", err)
			}
		})
	}
}

func TestTime(t *testing.T) {
	w := open(t)
	d := draft(standing.Suspend)
	d.Until = w.clock.Now().Add(2 * time.Hour)
	m := w.take(d)
	d = draft(standing.Mute)
	d.Lasts = 3 * time.Hour
	p, err := w.keeper.Propose(w.ctx, first, d)
	w.no(err)
	w.pass(2*time.Hour - time.Millisecond)
	s, err := w.keeper.Standing(w.ctx, "account-1")
	w.no(err)
	if len(s.Blocks(standing.Use, "any", w.clock.Now())) != 1 || len(s.Blocks(standing.Use, "any", w.clock.Now().Add(time.Millisecond))) != 0 {
		t.Error("a suspension does not end on time")
	}
	w.pass(time.Millisecond)
	if s, err := w.keeper.Standing(w.ctx, "account-1"); err != nil || s.Active != nil { // no job ran
		t.Error(s, err)
	}
	if n, err := w.keeper.Expire(w.ctx, 10); n != 1 || err != nil {
		t.Error(n, err)
	}
	if m, err = w.keeper.Measure(w.ctx, m.ID); m.State != standing.Ended || !m.Ended.Equal(m.Until) {
		t.Errorf("%+v, %v", m, err)
	}
	if n, err := w.keeper.Expire(w.ctx, 10); n != 0 || err != nil {
		t.Error(n, err)
	}
	if p, err = w.keeper.Confirm(w.ctx, second, p.ID, ""); err != nil || !p.Until.Equal(w.clock.Now().Add(3*time.Hour)) {
		t.Errorf("what lasts three hours ends at %s, %v", p.Until, err) // from the second decision
	}
	d = draft(standing.Suspend)
	d.Until = w.clock.Now().Add(time.Hour)
	p, err = w.keeper.Propose(w.ctx, first, d)
	w.no(err)
	w.pass(time.Hour)
	_, err = w.keeper.Confirm(w.ctx, second, p.ID, "")
	storetest.WantCode(t, err, standing.CodeInvalid)
}

func TestBarred(t *testing.T) {
	w := open(t)
	_, err := w.keeper.Take(w.ctx, first, draft(standing.Bar))
	storetest.WantCode(t, err, standing.CodeUnknown)
	w.people["account-1"] = standing.Person{Numbers: []string{"number-1", "number-2"}, Phones: []string{"phone-1"}}
	m, err := w.keeper.Take(w.ctx, first, draft(standing.Bar))
	w.no(err)
	barred := func(digests ...string) int {
		list, err := w.keeper.Barred(w.ctx, digests)
		w.no(err)
		return len(list)
	}
	if barred("number-1") != 0 {
		t.Error("a proposal bars")
	}
	m, err = w.keeper.Confirm(w.ctx, second, m.ID, "")
	w.no(err)
	if barred("number-3", "number-2") != 1 || barred("number-1", "number-2") != 1 || barred("number-3") != 0 || barred("phone-1") != 0 || barred() != 0 {
		t.Error("the person is not found under a new account")
	}
	// A change in between keeps the digests; the end takes them away.
	_, err = w.keeper.Notify(w.ctx, second, m.ID, standing.Delivery{At: w.clock.Now(), How: "sms"})
	w.no(err)
	if barred("number-1") != 1 {
		t.Error("a notice lifted the bar")
	}
	_, err = w.keeper.Restore(w.ctx, second, m.ID, standing.WhyMistake, "")
	w.no(err)
	if barred("number-1") != 0 {
		t.Error("still barred")
	}
	e, err := w.config.Measures.Find(w.ctx, ledger.Query{ID: m.ID})
	w.no(err)
	if slices.ContainsFunc(e[0].Keys, func(k ledger.Key) bool { return k.Personal }) {
		t.Error("digests are kept for nothing")
	}
	w.down = true
	if _, err := w.keeper.Take(w.ctx, first, draft(standing.Bar)); !errors.Is(err, errDown) {
		t.Error(err)
	}
}

// TestBarOutlivesAnErasureAsLongAsTheLawLets erases a barred account: while the period of the measure's own record runs the
// person is found again, and afterwards nothing leads to them any more.
func TestBarOutlivesAnErasureAsLongAsTheLawLets(t *testing.T) {
	w := open(t)
	bar := w.take(draft(standing.Bar))
	erased := func(subject evidence.Subject) (evidence.Record, error) {
		return w.config.Recorder.New("subject.erased", evidence.System, "system", []colophon.Clause{colophon.ClausePIPL47}, map[string]any{"subject": subject})
	}
	rec, err := erased(bar.Subject)
	w.no(err)
	if state, err := w.store.Erase(w.ctx, rec, bar.Subject); err != nil || state != store.Restricted {
		t.Fatal(state, err)
	}
	barred := func() int {
		list, err := w.keeper.Barred(w.ctx, []string{"number-account-1"})
		w.no(err)
		return len(list)
	}
	if barred() != 1 {
		t.Error("an erasure lifted the bar before its time")
	}
	w.pass(50 * 365 * 24 * time.Hour)
	if _, err := w.store.EndRestrictions(w.ctx, erased); err != nil || barred() != 0 {
		t.Error("digests are kept longer than the law lets", err)
	}
}

// TestMeet verifies a second account of a barred person, before and after the bar ended.
func TestMeet(t *testing.T) {
	w := open(t)
	bar := w.take(draft(standing.Bar))
	meet := func(account evidence.Subject) int {
		list, err := w.keeper.Meet(w.ctx, account)
		w.no(err)
		return len(list)
	}
	w.people["account-2"], w.people["account-3"] = standing.Person{Numbers: []string{"number-9", "number-account-1"}}, standing.Person{Phones: []string{"phone-9"}}
	for range 2 { // the second time as after a crash
		if meet("account-1") != 1 || meet("account-2") != 1 || meet("account-3") != 0 || meet("account-4") != 0 {
			t.Fatal("the person is not followed")
		}
	}
	s, err := w.keeper.Standing(w.ctx, "account-2")
	w.no(err)
	if blocks := s.Blocks(standing.Register, "", w.clock.Now()); len(s.Active) != 1 || len(blocks) != 1 || len(blocks[0].Deciders) != 2 || !slices.Contains(blocks[0].Findings, bar.ID) {
		t.Fatalf("%+v", s)
	}
	_, err = w.keeper.Restore(w.ctx, third, bar.ID, standing.WhyAppeal, "")
	w.no(err)
	if s, err = w.keeper.Standing(w.ctx, "account-2"); err != nil || s.Active != nil || meet("account-2") != 0 {
		t.Error("the other account stays barred", s, err)
	}
}

func TestInvalid(t *testing.T) {
	w := open(t)
	for field, spoil := range map[string]func(*standing.Draft){
		"step":     func(d *standing.Draft) { d.Step = "shout" },
		"account":  func(d *standing.Draft) { d.Subject = evidence.System },
		"function": func(d *standing.Draft) { d.Function = "face-swap" },
		"ground":   func(d *standing.Draft) { d.Ground.Clauses = append(d.Ground.Clauses, colophon.ClauseLM4) },
		"fact":     func(d *standing.Draft) { d.Fact = "measure-fact-ugly" },
		"findings": func(d *standing.Draft) { d.Findings = []string{"two words"} },
		"until":    func(d *standing.Draft) { d.Until = w.clock.Now() },
		"appeal":   func(d *standing.Draft) { d.Appeal = "a\nb" },
		"note":     func(d *standing.Draft) { d.Note = string(make([]byte, 5000)) },
		"origin":   func(d *standing.Draft) { d.Origin = " " },
	} {
		d := draft(standing.Suspend)
		spoil(&d)
		_, err := w.keeper.Take(w.ctx, first, d)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != standing.CodeInvalid || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	none, no, both, long := draft(standing.Suspend), draft(standing.Limit), draft(standing.Suspend), draft(standing.Suspend)
	none.Ground, no.Function, both.Lasts, both.Until, long.Lasts = standing.Ground{}, "", time.Hour, w.clock.Now().Add(time.Hour), 9000*time.Hour
	for _, d := range []standing.Draft{none, no, both, long} {
		_, err := w.keeper.Take(w.ctx, first, d)
		storetest.WantCode(t, err, standing.CodeInvalid)
	}
	m := w.take(draft(standing.Warn))
	_, err := w.keeper.Lift(w.ctx, second, m.ID, "because", "")
	storetest.WantCode(t, err, standing.CodeInvalid)
	_, err = w.keeper.Lift(w.ctx, rule, m.ID, standing.WhyMilder, "")
	storetest.WantCode(t, err, standing.CodePerson)
	_, err = w.keeper.Notify(w.ctx, second, m.ID, standing.Delivery{At: w.clock.Now().Add(time.Hour), How: "sms"})
	storetest.WantCode(t, err, standing.CodeInvalid)
	_, err = w.keeper.Measure(w.ctx, "nowhere")
	storetest.WantCode(t, err, standing.CodeMissing)
}

func TestProven(t *testing.T) {
	w := open(t)
	m := w.take(draft(standing.Suspend))
	for _, change := range []func() error{
		func() error {
			_, err := w.keeper.Notify(w.ctx, ledger.By{Role: "application", ID: "key-1"}, m.ID, standing.Delivery{At: w.clock.Now(), How: "in-app"})
			return err
		},
		func() error { _, err := w.keeper.Lift(w.ctx, second, m.ID, standing.WhyMilder, "enough"); return err },
		func() error {
			_, err := w.keeper.Restore(w.ctx, third, m.ID, standing.WhyAppeal, "it was right")
			return err
		},
	} {
		w.pass(time.Hour)
		w.no(change())
	}
	types, clauses := w.records()
	if !slices.Equal(types, []evidence.Type{standing.RecordTaken, standing.RecordNotified, standing.RecordLifted, standing.RecordRestored}) ||
		!slices.Equal(clauses, []colophon.Clause{colophon.ClauseDS10, colophon.ClauseGenAI14}) {
		t.Error(types, clauses)
	}
	m, err := w.keeper.Measure(w.ctx, m.ID)
	w.no(err)
	if m.Closed.Why != standing.WhyAppeal || m.Closed.ID != third.ID || !m.Ended.Equal(m.Start.Add(2*time.Hour)) || len(m.Notices) != 1 {
		t.Errorf("%+v", m)
	}
	list, next, err := w.keeper.Measures(w.ctx, standing.Filter{Subject: "account-1", States: []standing.State{standing.Restored}, Step: standing.Suspend, Limit: 1})
	if err != nil || len(list) != 1 || next != "" || list[0].ID != m.ID {
		t.Error(list, next, err)
	}
	if list, _, err := w.keeper.Measures(w.ctx, standing.Filter{Step: standing.Warn}); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	var said []colophon.Code
	for _, s := range m.Statement() {
		said = append(said, s.Code)
	}
	want := []colophon.Code{standing.SaySuspend, standing.SayUntil, standing.FactContent, standing.SayGenAI14, standing.SayTerms, standing.SayPeople, standing.SayRestored, standing.WhyAppeal}
	if !slices.Equal(said, want) {
		t.Errorf("said %v", said)
	}
	if got := m.Statement()[1].Args; got["start"] != "2026-11-22 16:00" || got["until"] != "2026-11-23 16:00" { // in China
		t.Error(got)
	}
	p, err := w.keeper.Propose(w.ctx, first, draft(standing.Warn))
	if err != nil || p.Statement() != nil {
		t.Error("a proposal is told", err)
	}
}

// TestOrigin proposes for the same origin twice, as after a crash.
func TestOrigin(t *testing.T) {
	w := open(t)
	d := draft(standing.Warn)
	d.Origin, d.Rule = "item-1", "moderation"
	a, err := w.keeper.Propose(w.ctx, rule, d)
	w.no(err)
	b, err := w.keeper.Propose(w.ctx, rule, d)
	if err != nil || a.ID != b.ID {
		t.Error(a.ID, b.ID, err)
	}
	types, _ := w.records()
	if len(types) != 1 {
		t.Error(types)
	}
}
