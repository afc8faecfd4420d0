package desk_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/locale"
)

func TestRulings(t *testing.T) {
	w := open(t)
	d := another(report("n-2"), "b")
	d.Kind, d.About.Measure = desk.Appeal, "measure-1"
	cases := map[desk.Kind]string{desk.Report: w.open(report("n-1")).ID, desk.Appeal: w.open(d).ID}
	for _, id := range cases {
		w.take(first, id)
	}
	for name, c := range map[string]struct {
		kind   desk.Kind
		ruling func() desk.Ruling
		field  string
	}{
		"outcome of an appeal":  {desk.Report, func() desk.Ruling { return ruling(desk.Reversed) }, "outcome"},
		"outcome of a report":   {desk.Appeal, func() desk.Ruling { return ruling(desk.Founded) }, "outcome"},
		"no outcome":            {desk.Report, func() desk.Ruling { return ruling("") }, "outcome"},
		"a bare stamp":          {desk.Report, func() desk.Ruling { r := ruling(desk.Founded); r.Explanation = "False."; return r }, "explanation"},
		"blanks":                {desk.Report, func() desk.Ruling { r := ruling(desk.Founded); r.Facts = strings.Repeat(" ", 50); return r }, "facts"},
		"long facts":            {desk.Report, func() desk.Ruling { r := ruling(desk.Founded); r.Facts = strings.Repeat("字", 5001); return r }, "facts"},
		"stopped without cause": {desk.Report, func() desk.Ruling { return ruling(desk.Unfounded, stop("n-1")) }, "outcome"},
		"doubt, and stopped":    {desk.Report, func() desk.Ruling { return ruling(desk.Unproven, stop("n-1")) }, "outcome"},
		"upheld, and more":      {desk.Appeal, func() desk.Ruling { return ruling(desk.Upheld, measure("account-1")) }, "outcome"},
		"no ground": {desk.Report, func() desk.Ruling {
			r := ruling(desk.Founded, stop("n-1"))
			r.Statement.Clauses = nil
			return r
		}, "ground"},
		"said, and no ground": {desk.Report, func() desk.Ruling {
			r := ruling(desk.Founded)
			r.Statement.Account = desk.AccountWarned
			return r
		}, "ground"},
		"a clause that is none":  {desk.Report, with(func(s *desk.Statement) { s.Clauses = []colophon.Clause{"gb45438-5"} }), "clauses"},
		"visibility":             {desk.Report, with(func(s *desk.Statement) { s.Visibility = []colophon.Code{"gone"} }), "visibility"},
		"provision":              {desk.Report, with(func(s *desk.Statement) { s.Provision = "gone" }), "provision"},
		"account":                {desk.Report, with(func(s *desk.Statement) { s.Account = "gone" }), "account"},
		"category":               {desk.Report, with(func(s *desk.Statement) { s.Category = "gone" }), "category"},
		"territory":              {desk.Report, with(func(s *desk.Statement) { s.Territory = "China" }), "territory"},
		"ends before it begins":  {desk.Report, with(func(s *desk.Statement) { s.From, s.Until = w.clock.Now(), w.clock.Now() }), "until"},
		"evidence in words":      {desk.Report, with(func(s *desk.Statement) { s.Evidence = []string{"I saw it"} }), "evidence"},
		"terms of two lines":     {desk.Report, with(func(s *desk.Statement) { s.Terms = "a\nb" }), "terms"},
		"a deed that nobody has": {desk.Report, func() desk.Ruling { return ruling(desk.Founded, desk.Deed{Do: "burn", Target: "n-1"}) }, "do"},
		"at nothing":             {desk.Report, func() desk.Ruling { return ruling(desk.Founded, stop("")) }, "target"},
		"a measure, no step":     {desk.Report, func() desk.Ruling { return ruling(desk.Founded, desk.Deed{Do: desk.TakeMeasure, Target: "a"}) }, "step"},
		"undo of no appeal":      {desk.Report, func() desk.Ruling { r := ruling(desk.Founded); r.Undo = []int{0}; return r }, "undo"},
	} {
		_, err := w.desk.Decide(w.ctx, first, cases[c.kind], c.ruling())
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != desk.CodeInvalid || e.Args["field"] != c.field {
			t.Errorf("%s: %v, want %s", name, err, c.field)
		}
	}
	// Nothing that was refused left a trace.
	if c := w.get(cases[desk.Report]); c.State != desk.Taken || c.Decision != nil {
		t.Errorf("%+v", c)
	}
}

func with(change func(*desk.Statement)) func() desk.Ruling {
	return func() desk.Ruling {
		r := ruling(desk.Founded)
		r.Statement.Terms = "convention 4.2"
		change(&r.Statement)
		return r
	}
}

// TestReasons says a statement with everything in it, in both languages.
func TestReasons(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	now := w.clock.Now()
	r := ruling(desk.Founded, stop("n-1"))
	r.Statement = desk.Statement{Visibility: desk.Visibilities(), Provision: desk.ProvisionLimited, Account: desk.AccountSuspended, Clauses: desk.Laws(), Terms: "convention 4.2", Category: desk.GroundFraud,
		Keywords: []string{"impersonation"}, Territory: "CN", Content: now.Add(-time.Hour), From: now, Until: now.Add(time.Hour), Detected: true, Assisted: true, Evidence: []string{"record-1", "record-2"}}
	c := w.closed(first, o.ID, r)
	list := w.desk.Reasons(c)
	for lang, want := range map[locale.Language][]string{
		locale.English: {"What was brought forward is right.", "Provisions, Article 21, Labelling Measures, Article 4", "fraud or impersonation", "Reviewer", "2 records", "within the published limit that ended at 2026-03-09 23:59", "until 2026-03-30 23:59", "https://provider.example/appeal"},
		locale.Chinese: {"所提事项成立", "第二十一条、《人工智能生成合成内容标识办法》第四条", "诈骗或者冒充他人", "审核员", "2 项记录", "在公布时限（2026-03-09 23:59 届满）之内", "2026-03-30 23:59"},
	} {
		say, err := locale.For(lang)
		w.no(err)
		var b strings.Builder
		for _, s := range list {
			sentence := say.Code(s.Code, s.Args)
			if strings.ContainsAny(sentence, "{}") || sentence == string(s.Code) {
				t.Errorf("%s: %q", s.Code, sentence)
			}
			b.WriteString(sentence + "\n")
		}
		for _, part := range want {
			if !strings.Contains(b.String(), part) {
				t.Errorf("%s: %q is missing in\n%s", lang, part, b.String())
			}
		}
		if strings.Contains(b.String(), "staff-1") {
			t.Error("who decided is named")
		}
	}
	v := w.look(o)
	if !reflect.DeepEqual(v.Reasons, list) || v.Facts != r.Facts || v.Explanation != r.Explanation || !v.Appealable || v.Outcome != desk.Founded || v.State != desk.Closed {
		t.Errorf("%+v", v)
	}
	// Each outcome, each code of the lists, and what is said of late and last decisions has its sentence.
	say, err := locale.For(locale.English)
	w.no(err)
	for _, list := range [][]colophon.Code{desk.Visibilities(), desk.Provisions(), desk.AccountDeeds(), desk.Grounds(), desk.PriorityReasons()} {
		for _, code := range list {
			if !say.Has(string(code)) {
				t.Errorf("%s has no sentence", code)
			}
		}
	}
	late := c
	decision := *c.Decision
	decision.Late, decision.Unsure, decision.Statement.Assisted, decision.Statement.Detected = true, []int{2027}, false, false
	late.Decision, late.Kind, late.Source = &decision, desk.Appeal, desk.FromDetection
	late.Limits.Row.Appeal.Days = 0
	late.Appeals = []desk.Appealed{{Outcome: desk.Upheld}, {Outcome: desk.Changed}, {Outcome: desk.Reversed}}
	var codes []colophon.Code
	for _, s := range w.desk.Reasons(late) {
		codes = append(codes, s.Code)
	}
	for _, code := range []colophon.Code{desk.SayLate, desk.SayUnsure, desk.SayPeople, desk.SayUndetected, desk.SayOwn, desk.SayAnother, desk.SayFinal, desk.SayReviewed, desk.SayAmended, desk.SayOverturned} {
		if !slices.Contains(codes, code) {
			t.Errorf("%s is not said", code)
		}
	}
	if w.desk.Reasons(desk.Case{}) != nil {
		t.Error("reasons of what is not decided")
	}
}

// TestActions carries out a decision whose actions end in each of the three ways.
func TestActions(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	w.fail[desk.TakeMeasure] = errDown
	w.fail[desk.OpenDuty] = &colophon.Error{Kind: colophon.Refused, Code: "no-such-thing"}
	c := w.decide(first, o.ID, ruling(desk.Founded, stop("n-1"), measure("account-1"), desk.Deed{Do: desk.OpenDuty, Target: "n-1"}))
	results := func(c desk.Case) (list []desk.Result) {
		for _, a := range c.Actions {
			list = append(list, a.Result)
		}
		return list
	}
	if got := results(c); !slices.Equal(got, []desk.Result{desk.Done, desk.Unsure, desk.Failed}) || c.Actions[0].Ref != "ref-n-1" || c.Actions[2].Why != "no-such-thing" {
		t.Fatalf("%+v", c.Actions)
	}
	asked := w.asked
	if c, err := w.desk.Perform(w.ctx, o.ID); err != nil || w.asked != asked || c.Actions[1].Tried != 1 {
		t.Errorf("asked again at once: %d, %v", w.asked-asked, err)
	}
	var waits []time.Duration
	for range 4 { // by the job, less and less often
		next := w.get(o.ID).Actions[1].Next
		waits = append(waits, next.Sub(w.clock.Now()))
		w.clock.Set(next)
		if n, err := w.desk.Sweep(w.ctx); n != 1 || err != nil {
			t.Fatalf("swept %d, %v", n, err)
		}
	}
	if !slices.Equal(waits, []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute}) {
		t.Errorf("tried after %v", waits)
	}
	delete(w.fail, desk.TakeMeasure)
	w.pass(time.Hour)
	_, err := w.desk.Sweep(w.ctx)
	w.no(err)
	c = w.get(o.ID)
	if got := results(c); !slices.Equal(got, []desk.Result{desk.Done, desk.Done, desk.Failed}) || c.Actions[1].Tried != 6 {
		t.Errorf("%+v", c.Actions)
	}
	delete(w.fail, desk.OpenDuty)
	_, err = w.desk.Again(w.ctx, first, o.ID, 0)
	w.refused(err, desk.CodeInvalid) // it is done
	if c, err = w.desk.Again(w.ctx, first, o.ID, 2); err != nil || c.Actions[2].Result != desk.Done {
		t.Errorf("%+v, %v", c.Actions, err)
	}
	for key, n := range w.done {
		if n != 1 {
			t.Errorf("%s took effect %d times", key, n)
		}
	}
	if len(w.done) != 3 {
		t.Errorf("%d took effect", len(w.done))
	}
}

// appealed opens an appeal against a closed case.
func (w *world) appealed(a desk.Access) desk.Opened {
	w.Helper()
	o, err := w.desk.Appeal(w.ctx, outside, a, desk.Draft{Source: desk.FromWeb, Language: "en", Text: "I do not agree."})
	w.no(err)
	return o
}

// TestReversal has an account appeal and win: all is undone, by another person, and told.
func TestReversal(t *testing.T) {
	w := open(t)
	d := report("n-1")
	d.About.Account = "account-1"
	o := w.open(d)
	w.fail[desk.OpenDuty] = errDown
	w.closed(first, o.ID, ruling(desk.Founded, stop("n-1"), measure("account-1"), desk.Deed{Do: desk.OpenDuty, Target: "n-1"}))
	if got := w.effects(); len(got) != 2 {
		t.Fatalf("done: %v", got)
	}
	access := desk.Access{ID: o.ID, Account: "account-1"}
	a := w.appealed(access)
	if a.Kind != desk.Appeal || a.AppealOf != o.ID || a.Side != desk.Affected || a.Subject != "account-1" || !slices.Equal(a.About.Numbers, []string{"n-1"}) {
		t.Fatalf("%+v", a.Case)
	}
	_, err := w.desk.Appeal(w.ctx, outside, access, desk.Draft{Source: desk.FromWeb, Language: "en"})
	w.refused(err, desk.CodeAppealed)
	_, err = w.desk.Take(w.ctx, first, a.ID)
	w.refused(err, desk.CodeOwn)
	if _, ok, err := w.desk.Next(w.ctx, first, desk.Filter{}); ok || err != nil {
		t.Error("who decided was handed the appeal", err)
	}
	_, err = w.desk.Take(w.ctx, third, a.ID)
	w.refused(err, desk.CodeSenior)
	w.fail["undo"] = errDown
	w.undoing = func(desk.Order) {
		if len(w.get(o.ID).Appeals) != 1 {
			t.Error("something is undone before it is known that it must not be done any more")
		}
	}
	c := w.decide(second, a.ID, ruling(desk.Reversed))
	if len(c.Actions) != 3 || c.Actions[0].Result != desk.Unsure || c.Actions[0].Undoes != o.ID {
		t.Fatalf("%+v", c.Actions)
	}
	// The decision counts as reversed at once, and what was not done yet never is, though the undoing waits.
	one := w.get(o.ID)
	if len(one.Appeals) != 1 || one.Appeals[0].Outcome != desk.Reversed || !one.Actions[2].Halted || !one.Actions[0].Undone.IsZero() {
		t.Errorf("%+v", one)
	}
	delete(w.fail, desk.OpenDuty)
	w.pass(time.Hour)
	_, err = w.desk.Sweep(w.ctx)
	w.no(err)
	if got := w.effects(); len(got) != 2 {
		t.Errorf("done since: %v", got)
	}
	delete(w.fail, "undo")
	w.pass(time.Hour)
	_, err = w.desk.Sweep(w.ctx)
	w.no(err)
	if got := w.effects(); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	one = w.get(o.ID)
	for _, action := range one.Actions {
		if action.Undone.IsZero() || !action.Halted {
			t.Errorf("%+v", action)
		}
	}
	if types, _ := w.types(); !slices.Contains(types, desk.RecordReversed) || types[len(types)-1] != desk.RecordUndone {
		t.Errorf("records %v", types)
	}
	if v, err := w.desk.Look(w.ctx, access); err != nil || v.Outcome != desk.Unfounded || v.Reasons[len(v.Reasons)-1].Code != desk.SayOverturned {
		t.Errorf("%+v, %v", v, err)
	}
	// To carry it out again changes nothing.
	types, _ := w.types()
	_, err = w.desk.Perform(w.ctx, a.ID)
	w.no(err)
	if again, _ := w.types(); len(again) != len(types) {
		t.Errorf("%d records more", len(again)-len(types))
	}
}

// TestAppeals tries both sides, the three outcomes, and the period.
func TestAppeals(t *testing.T) {
	w := open(t)
	d := report("n-1")
	d.About.Account = "account-1"
	o := w.open(d)
	code := desk.Access{Code: o.Code, PIN: o.PIN}
	_, err := w.desk.Appeal(w.ctx, outside, code, desk.Draft{Source: desk.FromWeb, Language: "zh"})
	w.refused(err, desk.CodeStep) // nothing is decided
	w.decide(first, o.ID, ruling(desk.Partly, stop("n-1"), measure("account-1")))
	if v := w.look(o); !v.Appealable || !v.AppealUntil.IsZero() {
		t.Errorf("before the decision was told: %+v", v)
	}
	_, err = w.desk.Close(w.ctx, rule, o.ID, "page")
	w.no(err)
	mine := w.appealed(code)
	if mine.Side != desk.Reporter || mine.Subject != o.Subject || mine.Urgent != o.Urgent || mine.Anonymous {
		t.Errorf("%+v", mine.Case)
	}
	theirs := w.appealed(desk.Access{ID: o.ID, Account: "account-1"}) // who came first does not shut the other side out
	c := w.closed(second, mine.ID, ruling(desk.Upheld))
	if len(c.Actions) != 0 || w.get(o.ID).Appeals[0].Outcome != desk.Upheld || len(w.effects()) != 2 {
		t.Errorf("upheld: %+v", c)
	}
	_, err = w.desk.Appeal(w.ctx, outside, desk.Access{Code: mine.Code, PIN: mine.PIN}, desk.Draft{Source: desk.FromWeb, Language: "zh"})
	w.refused(err, desk.CodeFinal)
	r := ruling(desk.Changed)
	r.Undo = []int{2}
	w.take(second, theirs.ID)
	_, err = w.desk.Decide(w.ctx, second, theirs.ID, r)
	w.refused(err, desk.CodeInvalid)
	r.Undo = []int{1}
	w.decide(second, theirs.ID, r)
	one := w.get(o.ID)
	if len(w.effects()) != 1 || one.Actions[0].Halted || one.Actions[1].Undone.IsZero() {
		t.Errorf("changed: %v, %+v", w.effects(), one.Actions)
	}
	if v := w.look(o); v.Outcome != desk.Partly || len(one.Appeals) != 2 {
		t.Errorf("%+v", v)
	}
	// The period is the published one, from when the decision was told.
	o = w.open(report("n-2"))
	w.closed(first, o.ID, ruling(desk.Unfounded))
	until := w.look(o).AppealUntil
	w.clock.Set(until.Add(time.Millisecond))
	_, err = w.desk.Appeal(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN}, desk.Draft{Source: desk.FromWeb, Language: "zh"})
	w.refused(err, desk.CodeLate)
	w.clock.Set(until)
	w.appealed(desk.Access{Code: o.Code, PIN: o.PIN})
}

// TestWonByReporter reverses a refusal: what the appeal decides is done.
func TestWonByReporter(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	w.closed(first, o.ID, ruling(desk.Unfounded))
	a := w.appealed(desk.Access{Code: o.Code, PIN: o.PIN})
	w.closed(second, a.ID, ruling(desk.Reversed, stop("n-1")))
	if v := w.look(o); v.Outcome != desk.Founded || !slices.Equal(w.effects(), []string{a.ID + "/0"}) {
		t.Errorf("%s, %v", v.Outcome, w.effects())
	}
}

// TestElsewhere appeals against what people decided outside the desk.
func TestElsewhere(t *testing.T) {
	w := open(t)
	w.deciders = []string{"staff-1"}
	d := desk.Draft{Kind: desk.Appeal, Party: desk.PartyUser, Source: desk.FromAPI, Language: "zh", Account: "account-1", About: desk.About{Measure: "measure-1"}}
	o := w.open(d)
	_, err := w.desk.Take(w.ctx, first, o.ID)
	w.refused(err, desk.CodeOwn)
	r := ruling(desk.Reversed, desk.Deed{Do: desk.RestoreMeasure, Target: "measure-1"})
	r.Statement = desk.Statement{Account: desk.AccountRestored}
	if c := w.decide(second, o.ID, r); c.Actions[0].Result != desk.Done {
		t.Errorf("%+v", c)
	}
}

// TestAnonymousAppeal keeps who brought a case without a name without one.
func TestAnonymousAppeal(t *testing.T) {
	w := open(t)
	o := w.open(another(report("n-1"), ""))
	w.closed(first, o.ID, ruling(desk.Unfounded))
	if a := w.appealed(desk.Access{Code: o.Code, PIN: o.PIN}); !o.Anonymous || !a.Anonymous || a.Subject != o.Subject || o.Subject == evidence.System {
		t.Errorf("%+v", a.Case)
	}
}

// TestConcern has a decision say whose content it is where nobody could be sure before, so that the account may appeal.
func TestConcern(t *testing.T) {
	w := open(t)
	w.found["n-1"] = desk.Found{Number: "n-1", Account: "account-1", How: desk.ByLikeness, Bits: 9}
	w.found["n-2"] = desk.Found{Number: "n-2", Account: "account-2", How: desk.ByLikeness, Bits: 12}
	for _, c := range []struct {
		deeds []desk.Deed
		want  evidence.Subject
	}{
		{[]desk.Deed{stop("n-1")}, "account-1"},
		{[]desk.Deed{stop("n-1"), measure("account-1")}, "account-1"},
		{[]desk.Deed{measure("account-3")}, "account-3"},
		{[]desk.Deed{stop("n-1"), stop("n-2")}, ""},
		{[]desk.Deed{{Do: desk.ReleaseContent, Target: "n-1"}}, ""},
	} {
		d := report("n-1")
		d.About.Numbers = []string{"n-1", "n-2"}
		o := w.open(another(d, string(c.want)+c.deeds[0].Target+string(c.deeds[0].Do)+"@mail.example"))
		if o.About.Account != "" {
			t.Fatalf("%+v", o.About)
		}
		decided := w.decide(first, o.ID, ruling(desk.Founded, c.deeds...))
		if decided.About.Account != c.want {
			t.Errorf("%v: %s", c.deeds, decided.About.Account)
		}
		_, err := w.desk.Look(w.ctx, desk.Access{ID: o.ID, Account: "account-1"})
		if (err == nil) != (c.want == "account-1") {
			t.Errorf("%v: %v", c.deeds, err)
		}
	}
}
