package desk_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/workday"
)

func beijing(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, workday.Beijing())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestClock lets a job sweep every half hour over the Spring Festival: a case with a limit in working days that waits for its
// reporter meanwhile, and one with a limit in hours that waits and whose clock does not.
func TestClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		<-time.After(time.Until(beijing(t, "2026-02-12 09:05"))) // the Thursday before
		w := setUp(t, time.Now)
		slow := w.open(report("n-1")) // five working days: the 13th, Saturday the 14th, 24th, 25th, 26th
		d := another(report("n-2"), "b")
		d.Kind = desk.Likeness // 48 hours, whatever day it is
		fast := w.open(d)
		for _, o := range []desk.Opened{slow, fast} {
			w.take(first, o.ID)
		}
		breached := map[string]string{}
		run := func(until string) {
			t.Helper()
			for end := beijing(t, until); time.Now().Before(end); <-time.After(30 * time.Minute) {
				if _, err := w.desk.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
				for name, o := range map[string]desk.Opened{"slow": slow, "fast": fast} {
					if c := w.get(o.ID); len(c.Breaches) > 0 && breached[name] == "" {
						breached[name] = time.Now().In(workday.Beijing()).Format("2006-01-02 15:04")
					}
				}
			}
		}
		run("2026-02-13 16:00")
		for _, o := range []desk.Opened{slow, fast} {
			if _, err := w.desk.Pause(t.Context(), first, o.ID, limits.WaitReporter, beijing(t, "2026-02-24 10:00")); err != nil {
				t.Fatal(err)
			}
		}
		run("2026-02-24 12:00") // the pause ends by itself
		for _, o := range []desk.Opened{slow, fast} {
			if c := w.get(o.ID); c.State != desk.Acknowledged || c.Assigned != "" || !c.Clock.Pauses[0].To.Equal(beijing(t, "2026-02-24 10:00")) {
				t.Errorf("after the pause: %+v", c)
			}
		}
		// Of the five days the 13th and the 14th ended while the clock stood still.
		if got := w.get(slow.ID); len(got.Breaches) != 0 {
			t.Errorf("%+v", got.Breaches)
		}
		run("2026-03-04 12:00")
		// Saturday the 28th is a working day, and the fifth; the sweep is every half hour.
		if want := map[string]string{"slow": "2026-03-01 00:05", "fast": "2026-02-14 09:35"}; !maps.Equal(breached, want) {
			t.Errorf("breached at %v, want %v", breached, want)
		}
		c := w.get(slow.ID)
		if r, err := w.desk.Rank(t.Context(), slow.ID); err != nil || r.Priority.Score != 100 || !slices.Contains(r.Priority.Reasons, desk.Reason{Why: desk.PriorityBreached, Add: 100}) || len(c.Breaches) != 1 {
			t.Errorf("%+v, %+v, %v", r.Priority, c.Breaches, err)
		}
		n := 0
		types, _ := w.types()
		for _, typ := range types {
			if typ == desk.RecordBreached {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d breaches are recorded", n)
		}
	})
}

// TestVersionAtReceipt publishes other limits while a case is open.
func TestVersionAtReceipt(t *testing.T) {
	w := open(t)
	before := w.open(report("n-1"))
	table, err := limits.Starter(desk.KindNames())
	w.no(err)
	for i := range table {
		if table[i].Kind == string(desk.Report) {
			table[i].Decide = limits.Term{Hours: 1}
		}
	}
	v, err := w.config.Limits.Draft(w.ctx, first.By, table, "shorter")
	w.no(err)
	_, err = w.config.Limits.Publish(w.ctx, second.By, v.ID, time.Time{})
	w.no(err)
	after := w.open(report("n-2"))
	if before.Limits.Version != 0 || after.Limits.Version != 1 {
		t.Errorf("versions %d and %d", before.Limits.Version, after.Limits.Version)
	}
	w.pass(2 * time.Hour)
	for o, late := range map[*desk.Opened]bool{&before: false, &after: true} {
		if c := w.decide(first, o.ID, ruling(desk.Unfounded)); c.Decision.Late != late || (len(c.Breaches) > 0) != late {
			t.Errorf("version %d: late %t, %+v", o.Limits.Version, c.Decision.Late, c.Breaches)
		}
	}
}

// TestUrgent gives content of minors the faster clock.
func TestUrgent(t *testing.T) {
	w := open(t)
	for ground, hours := range map[colophon.Code]int{desk.GroundLikeness: 48, desk.GroundMinor: 24, desk.GroundIntimate: 24} {
		d := another(report("n-1"), string(ground))
		d.Kind, d.Grounds = desk.Likeness, []colophon.Code{ground}
		o := w.open(d)
		if v := w.look(o); o.Limits.Row.Decide.Hours != hours || v.Due.After(w.clock.Now().Add(time.Duration(hours)*time.Hour)) {
			t.Errorf("%s: %+v", ground, o.Limits)
		}
	}
}

// TestPriority ranks cases by the table.
func TestPriority(t *testing.T) {
	w := open(t)
	order := []string{}
	add := func(name string, change func(*desk.Draft)) {
		d := another(report("n-"+name), name)
		d.Grounds = nil
		change(&d)
		w.open(d)
		order = append(order, name)
	}
	add("authority", func(d *desk.Draft) { d.Kind, d.Party = desk.Authority, desk.PartyAuthority }) // 60 + 10, and a day is left
	add("minor", func(d *desk.Draft) {
		d.Kind, d.Party, d.Grounds = desk.Likeness, desk.PartySubject, []colophon.Code{desk.GroundMinor}
	})
	add("fraud", func(d *desk.Draft) { d.Kind, d.Grounds = desk.Fraud, []colophon.Code{desk.GroundFraud} })
	add("report", func(*desk.Draft) {})
	add("complaint", func(d *desk.Draft) { d.Kind = desk.Complaint })
	list, err := w.desk.Board(w.ctx, second, desk.Filter{})
	w.no(err)
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprintf("%s %d", r.About.Numbers[0], r.Priority.Score))
	}
	want := []string{"n-minor 95", "n-authority 80", "n-fraud 60", "n-report 20", "n-complaint 15"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for i := range 4 { // others report the same
		d := another(report("n-complaint"), fmt.Sprint("more", i))
		d.Grounds = nil
		w.open(d)
	}
	list, err = w.desk.Board(w.ctx, second, desk.Filter{Kinds: []desk.Kind{desk.Complaint}})
	if err != nil || len(list) != 1 || list[0].Reports != 5 || list[0].Priority.Score != 35 {
		t.Errorf("%+v, %v", list, err)
	}
	if n, burst, err := w.desk.Burst(w.ctx, "n-complaint"); n != 5 || !burst || err != nil {
		t.Errorf("%d, %t, %v", n, burst, err)
	}
	if n, burst, err := w.desk.Burst(w.ctx, "n-report"); n != 1 || burst || err != nil {
		t.Errorf("%d, %t, %v", n, burst, err)
	}
	w.pass(25 * time.Hour)
	if n, _, err := w.desk.Burst(w.ctx, "n-complaint"); n != 0 || err != nil {
		t.Errorf("a day later %d, %v", n, err)
	}
	next, ok, err := w.desk.Next(w.ctx, second, desk.Filter{Number: "n-fraud"})
	if !ok || err != nil || next.Kind != desk.Fraud {
		t.Errorf("%+v, %v", next, err)
	}
	if _, ok, err := w.desk.Next(w.ctx, second, desk.Filter{Number: "n-fraud"}); ok || err != nil {
		t.Error("handed out twice", err)
	}
}

// TestAbuse lets one reporter come again and again with what is unfounded.
func TestAbuse(t *testing.T) {
	w := open(t)
	for i := range 10 {
		o := w.open(report(fmt.Sprint("n-", i)))
		w.closed(first, o.ID, ruling(desk.Unfounded))
		if want := min(i, 10); o.Unfounded != want {
			t.Errorf("of the %dth case %d before were unfounded", i, o.Unfounded)
		}
	}
	_, err := w.desk.Open(w.ctx, outside, report("n-x"))
	var e *colophon.Error
	if w.refused(err, desk.CodeBarred); errors.As(err, &e) && e.Args["until"] != "2026-04-01 10:00" {
		t.Errorf("until %s", e.Args["until"])
	}
	for _, kind := range []desk.Kind{desk.Rights, desk.Likeness, desk.Authority, desk.Appeal} { // never refused
		d := report("n-x")
		d.Kind, d.Party, d.About.Measure = kind, desk.PartyAuthority, "measure-1"
		if kind == desk.Rights {
			d.Right = desk.RightAccess
		}
		w.open(d)
	}
	w.open(another(report("n-x"), "another@mail.example"))                                  // another contact
	w.open(another(report("n-x"), ""))                                                      // nobody is known by no contact
	_, err = w.desk.Open(w.ctx, outside, another(report("n-x"), "SOME-Body@mail.example ")) // the same one
	w.refused(err, desk.CodeBarred)
	w.clock.Set(beijing(t, "2026-04-01 10:01"))
	w.open(report("n-x"))
	for i := range 12 { // who is right now and then is heard
		o := w.open(another(report(fmt.Sprint("n-", i)), "now-and-then"))
		outcome := desk.Unfounded
		if i%6 == 0 {
			outcome = desk.Founded
		}
		w.closed(first, o.ID, ruling(outcome))
	}
	if o := w.open(another(report("n-y"), "now-and-then")); o.Unfounded != 10 {
		t.Errorf("%d were unfounded", o.Unfounded)
	}
}

// TestCrowd limits the open cases of one reporter, and counts what an appeal changed.
func TestCrowd(t *testing.T) {
	w := open(t)
	account := func(n string) desk.Draft {
		d := report(n)
		d.Account = "account-1"
		return d
	}
	var last desk.Opened
	for i := range 20 {
		last = w.open(account(fmt.Sprint("n-", i)))
	}
	_, err := w.desk.Open(w.ctx, outside, account("n-x"))
	w.refused(err, desk.CodeCrowd)
	w.closed(first, last.ID, ruling(desk.Unfounded))
	w.open(account("n-x"))
	got, err := w.desk.Accuracy(w.ctx, "account-1")
	if want := (desk.Accuracy{Open: 20, Unfounded: 1}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	a := w.appealed(desk.Access{ID: last.ID, Account: "account-1"})
	w.closed(second, a.ID, ruling(desk.Reversed))
	got, err = w.desk.Accuracy(w.ctx, "account-1")
	if want := (desk.Accuracy{Open: 20, Founded: 1}); err != nil || got != want {
		t.Errorf("after the appeal: %+v, %v", got, err)
	}
}

// TestJoin joins cases by rule and by hand, and parts them again.
func TestJoin(t *testing.T) {
	w := open(t)
	one := w.open(report("n-1"))
	same := w.open(report("n-1")) // the same reporter, content and kind
	if same.State != desk.Duplicate || same.DuplicateOf != one.ID {
		t.Fatalf("%s of %q", same.State, same.DuplicateOf)
	}
	for name, d := range map[string]desk.Draft{"another content": report("n-2"), "another reporter": another(report("n-1"), "b"), "nobody": another(report("n-1"), "")} {
		if o := w.open(d); o.State != desk.Received {
			t.Errorf("%s: %s", name, o.State)
		}
	}
	two := w.open(another(report("n-1"), "c"))
	_, err := w.desk.Join(w.ctx, first, one.ID, two.ID) // the other way round
	w.refused(err, desk.CodeInvalid)
	_, err = w.desk.Join(w.ctx, first, two.ID, same.ID) // to what is joined itself
	w.refused(err, desk.CodeInvalid)
	three := w.open(another(report("n-1"), "d"))
	w.take(second, three.ID)
	_, err = w.desk.Join(w.ctx, first, three.ID, two.ID)
	w.refused(err, desk.CodeTaken)
	_, err = w.desk.Join(w.ctx, second, three.ID, two.ID)
	w.no(err)
	_, err = w.desk.Join(w.ctx, first, two.ID, one.ID) // with what was joined to it
	w.no(err)
	if v := w.look(three); !v.Joined || v.State != desk.Duplicate || v.Outcome != "" {
		t.Errorf("%+v", v)
	}
	w.decide(first, one.ID, ruling(desk.Founded, stop("n-1")))
	if v := w.look(three); v.Outcome != "" || v.Reasons != nil {
		t.Errorf("before the decision is told: %+v", v)
	}
	_, err = w.desk.Close(w.ctx, rule, one.ID, "page")
	w.no(err)
	for _, o := range []desk.Opened{same, two, three} {
		v := w.look(o)
		if v.State != desk.Closed || v.Outcome != desk.Founded || !v.Joined || len(v.Reasons) == 0 || v.Facts != "" || !v.Appealable {
			t.Errorf("%+v", v)
		}
	}
	a := w.appealed(desk.Access{Code: three.Code, PIN: three.PIN})
	if a.AppealOf != one.ID {
		t.Errorf("an appeal of %s", a.AppealOf)
	}
}

// TestParted withdraws the case that another one was joined to.
func TestParted(t *testing.T) {
	w := open(t)
	one := w.open(report("n-1"))
	two := w.open(another(report("n-1"), "b"))
	_, err := w.desk.Join(w.ctx, first, two.ID, one.ID)
	w.no(err)
	_, err = w.desk.Withdraw(w.ctx, outside, desk.Access{Code: one.Code, PIN: one.PIN})
	w.no(err)
	if c := w.get(two.ID); c.State != desk.Acknowledged || c.DuplicateOf != "" {
		t.Errorf("%s of %q", c.State, c.DuplicateOf)
	}
	w.decide(first, two.ID, ruling(desk.Unfounded))
}

// TestFollow leaves what is joined to the sweep, as when the program stopped in between.
func TestFollow(t *testing.T) {
	w := open(t)
	one := w.open(report("n-1"))
	two := w.open(another(report("n-1"), "b"))
	w.closed(first, one.ID, ruling(desk.Unfounded))
	three := w.open(another(report("n-1"), "c"))
	_, err := w.desk.Join(w.ctx, first, three.ID, two.ID)
	w.no(err)
	// the entry of the second case as it would be had the closing of what is joined to it not been reached
	e, err := w.config.Cases.Find(w.ctx, ledger.Query{ID: two.ID})
	w.no(err)
	e[0].State, e[0].Value.Told = string(desk.Closed), &desk.Mark{At: w.clock.Now(), Due: w.clock.Now()}
	rec, err := w.config.Recorder.New("test.changed", e[0].Subject, "system", nil, nil)
	w.no(err)
	w.no(w.config.Cases.Amend(w.ctx, rec, e[0]))
	w.pass(14 * 24 * time.Hour)
	_, err = w.desk.Sweep(w.ctx)
	w.no(err)
	if c := w.get(three.ID); c.State != desk.Closed || !c.Told.Late {
		t.Errorf("%s, %+v", c.State, c.Told)
	}
}

func TestFigures(t *testing.T) {
	w := open(t)
	one := w.open(report("n-1"))
	two := w.open(another(report("n-2"), ""))
	w.open(report("n-1")) // joined
	d := another(report("n-3"), "c")
	d.Kind = desk.Likeness
	late := w.open(d)
	gone := w.open(another(report("n-4"), "d"))
	_, err := w.desk.Withdraw(w.ctx, outside, desk.Access{Code: gone.Code, PIN: gone.PIN})
	w.no(err)
	w.pass(2 * time.Hour)
	w.closed(first, one.ID, ruling(desk.Founded, stop("n-1")))
	w.pass(2 * time.Hour)
	w.closed(first, two.ID, ruling(desk.Unfounded))
	w.clock.Set(beijing(t, "2026-04-01 00:30")) // March is over in Beijing, and not yet elsewhere
	_, err = w.desk.Sweep(w.ctx)
	w.no(err)
	w.closed(second, late.ID, ruling(desk.Unproven))
	march, err := w.desk.Figures(w.ctx, "2026-03")
	w.no(err)
	april, err := w.desk.Figures(w.ctx, "2026-04")
	w.no(err)
	want := desk.Figure{Received: 5, Anonymous: 1, Joined: 1, Withdrawn: 1, Acknowledged: 2, AckInTime: 2, Decided: 2, InTime: 2, Told: 3, ToldInTime: 3,
		Outcomes: map[desk.Outcome]int{desk.Founded: 1, desk.Unfounded: 1}, MedianAck: 3 * time.Hour, MedianDecide: 3 * time.Hour}
	if text(t, march.All) != text(t, want) {
		t.Errorf("March\n%s, want\n%s", text(t, march.All), text(t, want))
	}
	if f := april.All; f.Received != 0 || f.Decided != 1 || f.InTime != 0 || f.Acknowledged != 1 || f.AckInTime != 0 || f.ToldInTime != 1 || f.Breached != 1 || f.Outcomes[desk.Unproven] != 1 {
		t.Errorf("April %s", text(t, f))
	}
	for _, k := range april.Kinds {
		if (k.Decided == 1) != (k.Kind == desk.Likeness) {
			t.Errorf("%s: %d", k.Kind, k.Decided)
		}
	}
	a := w.appealed(desk.Access{Code: late.Code, PIN: late.PIN})
	w.closed(first, a.ID, ruling(desk.Reversed))
	april, err = w.desk.Figures(w.ctx, "2026-04")
	if err != nil || april.All.Overturned != 1 || april.All.Decided != 2 || april.All.Outcomes[desk.Reversed] != 1 {
		t.Errorf("after the appeal: %s, %v", text(t, april.All), err)
	}
	if len(march.Queries) != 16 || march.Queries[0].Filter != "ledger=case key.received=2026-03" {
		t.Errorf("%+v", march.Queries)
	}
	for _, month := range []string{"", "2026", "2026-13", "2026-3", "2026-03-01"} {
		_, err := w.desk.Figures(w.ctx, month)
		w.refused(err, desk.CodeInvalid)
	}
	page, _, err := w.desk.Cases(w.ctx, desk.Filter{Kinds: []desk.Kind{desk.Likeness}, States: []desk.State{desk.Closed}})
	if err != nil || len(page) != 1 || page[0].ID != late.ID {
		t.Errorf("%d cases, %v", len(page), err)
	}
	for _, figure := range []struct {
		step, month string
		want        int
	}{{"received", "2026-03", march.All.Received}, {"acknowledged", "2026-03", march.All.Acknowledged}, {"decided", "2026-03", march.All.Decided}, {"told", "2026-03", march.All.Told},
		{"breached", "2026-03", march.All.Breached}, {"decided", "2026-04", april.All.Decided}, {"breached", "2026-04", april.All.Breached}} {
		if page, _, err := w.desk.Cases(w.ctx, desk.Filter{Step: figure.step, Month: figure.month}); err != nil || len(page) != figure.want {
			t.Errorf("%s in %s: %d cases, %v, and the figures say %d", figure.step, figure.month, len(page), err, figure.want)
		}
	}
	for _, f := range []desk.Filter{{Step: "received"}, {Month: "2026-03"}, {Step: "reporter", Month: "2026-03"}, {Step: "received", Month: "2026-3"}} {
		_, _, err := w.desk.Cases(w.ctx, f)
		w.refused(err, desk.CodeInvalid)
	}
}
