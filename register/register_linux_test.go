package register_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/stamp"
)

var officer = ledger.By{Role: "officer", ID: "staff-1"}

// outside is what the register asks others.
type outside struct {
	agreed   map[string]bool
	assessed map[string]string // function to the facts that are covered
	until    time.Time
	down     error
}

func (o *outside) Agreed(_ context.Context, audience string) (bool, error) {
	return o.agreed[audience], o.down
}

func (o *outside) Assessed(_ context.Context, function, facts string) (colophon.Verdict, time.Time, error) {
	if o.down != nil {
		return colophon.Unknown, time.Time{}, o.down
	}
	if o.assessed[function] != facts {
		return colophon.Failed, time.Time{}, nil
	}
	return colophon.Passed, o.until, nil
}

type bench struct {
	*register.Register
	*outside
	store    *store.Store
	recorder *evidence.Recorder
	clock    *storetest.Clock
}

func open(t *testing.T) *bench {
	t.Helper()
	clock := storetest.NewClock()
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	b := (&bench{store: storetest.Open(t, config), clock: clock, recorder: storetest.Recorder(t, config.Keys, clock.Now)}).apart(t)
	if _, err := b.AddService(t.Context(), officer, "studio", studio()); err != nil {
		t.Fatal(err)
	}
	return b
}

// apart is a bench on the same store that is told other things from outside.
func (b *bench) apart(t *testing.T) *bench {
	t.Helper()
	o := &outside{agreed: map[string]bool{"users": true}, assessed: map[string]string{}}
	r, err := register.New(register.Config{Services: ledgers.Of[register.Service](b.store, register.ServiceLedger), Functions: ledgers.Of[register.Function](b.store, register.FunctionLedger),
		Recorder: b.recorder, Agreed: o, Assessed: o})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{r, o, b.store, b.recorder, b.clock}
}

func studio() register.Service {
	return register.Service{Names: register.Names{ZH: "工作室", EN: "Studio"}, Role: "provider", Forms: []register.Form{{Kind: "website", At: "https://example.com"}}}
}

func picture() register.Function {
	return register.Function{Service: "studio", Names: register.Names{ZH: "画图", EN: "Drawing"}, Purpose: register.Names{ZH: "应用于绘画场景", EN: "To draw"}, Kind: "image-generation", Class: "other",
		Models: []register.Model{{Name: "brush", Version: "1", Own: true}}, Notice: register.Notice{Policy: "required", Method: register.Names{ZH: "右下角文字", EN: "Words at the lower right"}},
		Filing: register.Filing{State: register.FilingNeedless, Reason: "It forms no opinion."}, Quotas: []register.Quota{{Per: "account", Events: 10, Period: time.Minute, Burst: 5}}}
}

const number = "110108339887401240011" // its last digit follows from the others

func swap() register.Function {
	f := picture()
	f.Kind, f.Class = "face-swap", ""
	f.Filing = register.Filing{State: register.FilingDone, Number: "网信算备" + number + "号", Link: "https://example.com/filing"}
	return f
}

func (b *bench) add(t *testing.T, id string, f register.Function) register.Entry {
	t.Helper()
	e, err := b.Add(t.Context(), officer, id, f)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ready adds a face swap for which everything is done.
func (b *bench) ready(t *testing.T) register.Entry {
	t.Helper()
	f := swap()
	f.Security = register.Security{Done: b.clock.Now().Add(-time.Hour), Report: "report-1"}
	e := b.add(t, "swap", f)
	b.assessed["swap"] = e.Value.Facts
	return e
}

func (b *bench) live(t *testing.T, id string) register.Entry {
	t.Helper()
	e, err := b.Live(t.Context(), officer, id)
	if err != nil || e.State != string(register.Live) || e.Value.Live.IsZero() {
		t.Fatal(e.State, err)
	}
	return e
}

// says returns the names of the conditions that are not met, with their verdicts and codes.
func (b *bench) says(t *testing.T, id string) string {
	t.Helper()
	s, err := b.Function(t.Context(), id)
	if err != nil || len(s.Conditions) != len(register.ConditionNames()) {
		t.Fatal(s.Conditions, err)
	}
	var words []string
	for i, c := range s.Conditions {
		if c.Name != register.ConditionNames()[i] || (c.Verdict == colophon.Passed) != (c.Code == "") || c.Clause == "" {
			t.Errorf("%+v", c)
		}
		if !c.Met() {
			words = append(words, fmt.Sprintf("%s %s %s", c.Name, c.Verdict, c.Code))
		}
	}
	return strings.Join(words, "; ")
}

func want(t *testing.T, err error, code colophon.Code, clauses ...colophon.Clause) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || clauses != nil && !slices.Equal(e.Clauses, clauses) {
		t.Errorf("got %v, want %s %v", err, code, clauses)
	}
}

// Each condition keeps a function from going live by itself, and a waiver of it, and of no other, lets it go.
func TestConditions(t *testing.T) {
	t.Parallel()
	shared := open(t)
	for name, c := range map[string]struct {
		change func(*bench, *register.Function)
		says   string
		clause colophon.Clause
	}{
		"agreement": {func(b *bench, _ *register.Function) { b.agreed["users"] = false }, "agreement failed function-agreement-missing", colophon.ClauseDS8},
		"supporters": {func(_ *bench, f *register.Function) {
			f.Models[0].Own, f.Models[0].Number = false, "Beijing-Brush-202401010001"
		}, "agreement failed function-agreement-missing", colophon.ClauseDS8},
		"assessment":       {func(b *bench, f *register.Function) { f.Purpose.EN = "Another" }, "assessment failed function-assessment-missing", colophon.ClausePIPL55},
		"filing prepared":  {func(_ *bench, f *register.Function) { f.Filing = register.Filing{State: register.FilingPreparing} }, "filing failed function-filing-open", colophon.ClauseDS19},
		"filing submitted": {func(_ *bench, f *register.Function) { f.Filing = register.Filing{State: register.FilingSubmitted} }, "filing could-not-tell function-filing-open", colophon.ClauseDS19},
		"filing doubt":     {func(_ *bench, f *register.Function) { f.Filing.Number = number[:20] + "3" }, "filing could-not-tell function-filing-doubt", colophon.ClauseDS19},
		"consent":          {func(_ *bench, f *register.Function) { f.Consent = "claimed" }, "consent-level failed function-consent-low", colophon.ClauseDS14},
		"notice":           {func(_ *bench, f *register.Function) { f.Notice.Policy = "offered" }, "notice-policy failed function-notice-policy", colophon.ClauseDS17},
		"security":         {func(_ *bench, f *register.Function) { f.Security = register.Security{} }, "security-assessment failed function-security-missing", colophon.ClauseDS15},
		"security over":    {func(b *bench, f *register.Function) { f.Security.Until = b.clock.Now() }, "security-assessment failed function-security-stale", colophon.ClauseDS15},
	} {
		t.Run(name, func(t *testing.T) {
			b, id := shared.apart(t), strings.ReplaceAll(name, " ", "-")
			f := swap()
			f.Security = register.Security{Done: b.clock.Now().Add(-time.Hour), Report: "report-1"}
			whole := b.add(t, "whole-"+id, f)
			c.change(b, &f)
			e := b.add(t, id, f)
			if b.assessed[id] = e.Value.Facts; name == "assessment" {
				b.assessed[id] = whole.Value.Facts
			}
			if got := b.says(t, id); got != c.says {
				t.Fatalf("says %s", got)
			}
			_, err := b.Live(t.Context(), officer, id)
			want(t, err, register.CodeUnmet, c.clause)
			condition, _, _ := strings.Cut(c.says, " ")
			for _, other := range register.ConditionNames() {
				if other != condition {
					b.waive(t, id, other, time.Hour)
				}
			}
			_, err = b.Live(t.Context(), officer, id)
			want(t, err, register.CodeUnmet, c.clause)
			b.waive(t, id, condition, time.Hour)
			e = b.live(t, id)
			if w := e.Value.Waivers[len(e.Value.Waivers)-1]; w.By != "staff-1" || w.Reason == "" || w.Facts != e.Value.Facts {
				t.Errorf("%+v", w)
			}
		})
	}
}

func (b *bench) waive(t *testing.T, id, condition string, d time.Duration) {
	t.Helper()
	if _, err := b.Waive(t.Context(), officer, id, register.Waiver{Condition: condition, Reason: "It is settled by hand.", Until: b.clock.Now().Add(d)}); err != nil {
		t.Fatal(err)
	}
}

// What nobody could tell keeps a function from going live, and suspends none that is.
func TestUntold(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.ready(t)
	b.down = errors.New("no answer")
	if got := b.says(t, "swap"); got != "agreement could-not-tell function-condition-untold; assessment could-not-tell function-condition-untold" {
		t.Error(got)
	}
	if _, err := b.Live(t.Context(), officer, "swap"); !errors.Is(err, b.down) {
		t.Error(err)
	}
	b.down = nil
	b.live(t, "swap")
	b.down = errors.New("no answer")
	if list, err := b.Lapse(t.Context()); len(list) > 0 || !errors.Is(err, b.down) {
		t.Errorf("%v %v", list, err)
	}
	if s, err := b.Function(t.Context(), "swap"); s.State != register.Live || err != nil {
		t.Error(s.State, err)
	}
}

// A function of faces is suspended when what it stands on is gone; of another a record warns once.
func TestLapse(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.ready(t)
	b.add(t, "draw", picture())
	b.live(t, "swap")
	b.live(t, "draw")
	if list, err := b.Lapse(t.Context()); len(list) > 0 || err != nil {
		t.Errorf("%v %v", list, err)
	}
	b.agreed["users"] = false
	wanted := []register.Lapse{{Function: "draw", Conditions: []string{"agreement"}}, {Function: "swap", Conditions: []string{"agreement"}, Suspended: true}}
	list, err := b.Lapse(t.Context())
	if diff := cmp.Diff(wanted, list); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if list, err = b.Lapse(t.Context()); cmp.Diff(wanted[:1], list) != "" || err != nil {
		t.Error(list, err)
	}
	s, err := b.Function(t.Context(), "swap")
	if s.State != register.Suspended || s.Reason != "agreement" || err != nil {
		t.Error(s.State, s.Reason, err)
	}
	_, err = b.Live(t.Context(), officer, "swap")
	want(t, err, register.CodeUnmet)
	b.agreed["users"] = true
	b.live(t, "swap")
	if _, err := b.Lapse(t.Context()); err != nil {
		t.Error(err)
	}
	got := map[evidence.Type]int{}
	for r, err := range b.store.Records(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		got[r.Type]++
	}
	if diff := cmp.Diff(map[evidence.Type]int{register.RecordServiceAdded: 1, register.RecordFunctionAdded: 2, register.RecordFunctionLive: 3, register.RecordFunctionSuspended: 1, register.RecordFunctionLapsed: 2}, got); diff != "" {
		t.Error(diff) // two lapsed: that it did, and that all is met again
	}
}

// Another model is another function: what was assessed and waived counts no more, and it stops at once.
func TestFacts(t *testing.T) {
	t.Parallel()
	b := open(t)
	before := b.ready(t)
	b.waive(t, "swap", "filing", time.Hour)
	b.live(t, "swap")
	f := swap()
	f.Security = before.Value.Security
	f.Names.EN, f.Notice.Method.EN, f.Models[0].Number = "Renamed", "Elsewhere", "Beijing-Brush-202401010001"
	e, err := b.Change(t.Context(), officer, "swap", f)
	if err != nil || e.State != string(register.Live) || e.Value.Facts != before.Value.Facts {
		t.Fatal(e.State, err)
	}
	f.Models[0].Version = "2"
	e, err = b.Change(t.Context(), officer, "swap", f)
	if err != nil || e.State != string(register.Suspended) || e.Value.Facts == before.Value.Facts || e.Value.Security.Facts != before.Value.Facts {
		t.Fatal(e.State, err)
	}
	if got := b.says(t, "swap"); got != "assessment failed function-assessment-missing; security-assessment failed function-security-stale" {
		t.Error(got)
	}
	if s, _ := b.Function(t.Context(), "swap"); s.Conditions[2].Waiver != nil {
		t.Error("the waiver was of another model")
	}
	b.assessed["swap"] = e.Value.Facts
	f.Security.Report = "report-2"
	if _, err := b.Change(t.Context(), officer, "swap", f); err != nil {
		t.Fatal(err)
	}
	b.live(t, "swap")
	for field, change := range map[string]func(*register.Function){
		"purpose": func(f *register.Function) { f.Purpose.ZH = "x" }, "likeness": func(f *register.Function) { f.Likeness = []string{"face", "voice"} },
		"scenes": func(f *register.Function) { f.Scenes = []string{"film"} }, "digest": func(f *register.Function) { f.Models[0].Digest = strings.Repeat("0", 64) },
		"own": func(f *register.Function) { f.Models[0].Own = false },
	} {
		f := swap()
		change(&f)
		if e := b.add(t, "swap-"+field, f); e.Value.Facts == before.Value.Facts {
			t.Errorf("%s is no fact", field)
		}
	}
}

// A waiver has a name, a reason and an end, and is over then.
func TestWaivers(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.ready(t)
	b.agreed["users"] = false
	good := register.Waiver{Condition: "agreement", Reason: "On paper.", Until: b.clock.Now().Add(time.Hour)}
	for field, change := range map[string]func(*register.Waiver, *ledger.By){
		"by":        func(_ *register.Waiver, by *ledger.By) { by.ID = "" },
		"condition": func(w *register.Waiver, _ *ledger.By) { w.Condition = "all" },
		"reason":    func(w *register.Waiver, _ *ledger.By) { w.Reason = "" },
		"until":     func(w *register.Waiver, _ *ledger.By) { w.Until = b.clock.Now() },
		"years":     func(w *register.Waiver, _ *ledger.By) { w.Until = b.clock.Now().AddDate(2, 0, 0) },
	} {
		w, by := good, officer
		change(&w, &by)
		_, err := b.Waive(t.Context(), by, "swap", w)
		if want(t, err, register.CodeInvalid); t.Failed() {
			t.Fatal(field)
		}
	}
	if _, err := b.Waive(t.Context(), officer, "swap", good); err != nil {
		t.Fatal(err)
	}
	b.live(t, "swap")
	b.until = b.clock.Now().Add(48 * time.Hour)
	if s, err := b.Function(t.Context(), "swap"); !s.Until.Equal(good.Until) || s.Conditions[0].Waiver == nil || err != nil {
		t.Error(s.Until, err)
	}
	b.clock.Set(good.Until)
	if list, err := b.Lapse(t.Context()); err != nil || len(list) != 1 || !list[0].Suspended {
		t.Error(list, err)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	allowed := map[register.State]string{"draft": "ready retired", "ready": "draft live retired", "live": "suspended retired", "suspended": "live retired", "retired": ""}
	if len(register.States()) != len(allowed) {
		t.Error(register.States())
	}
	for _, from := range append(register.States(), "") {
		for _, to := range append(register.States(), "") {
			if got, want := from.May(to), to != "" && slices.Contains(strings.Fields(allowed[from]), string(to)); got != want {
				t.Errorf("%q to %q: %v", from, to, got)
			}
		}
	}
	filings := map[register.FilingState]string{"": "not-needed preparing submitted filed", "not-needed": "preparing filed", "preparing": "not-needed submitted", "submitted": "preparing filed",
		"filed": "changed cancelled", "changed": "filed cancelled", "cancelled": "preparing"}
	for from, to := range filings {
		for other := range filings {
			if got, want := from.May(other), other != "" && slices.Contains(strings.Fields(to), string(other)); got != want {
				t.Errorf("filing %q to %q: %v", from, other, got)
			}
		}
	}
}

// Every act is tried in every state.
func TestEvents(t *testing.T) {
	t.Parallel()
	b := open(t)
	bare := picture()
	bare.Models = nil
	reach := map[register.State]func(*testing.T, string){
		register.Draft: func(t *testing.T, id string) { b.add(t, id, bare) },
		register.Ready: func(t *testing.T, id string) { b.add(t, id, picture()) },
		register.Live:  func(t *testing.T, id string) { b.add(t, id, picture()); b.live(t, id) },
		register.Suspended: func(t *testing.T, id string) {
			b.add(t, id, picture())
			b.live(t, id)
			if _, err := b.Suspend(t.Context(), officer, id, "A test."); err != nil {
				t.Fatal(err)
			}
		},
		register.Retired: func(t *testing.T, id string) {
			b.add(t, id, picture())
			if _, err := b.Retire(t.Context(), officer, id, "Over."); err != nil {
				t.Fatal(err)
			}
		},
	}
	until := b.clock.Now().Add(time.Hour)
	for name, event := range map[string]struct {
		do    func(context.Context, string) (register.Entry, error)
		leads string // from and to, by words
	}{
		"live":    {func(c context.Context, id string) (register.Entry, error) { return b.Live(c, officer, id) }, "ready live suspended live"},
		"suspend": {func(c context.Context, id string) (register.Entry, error) { return b.Suspend(c, officer, id, "x") }, "live suspended"},
		"retire":  {func(c context.Context, id string) (register.Entry, error) { return b.Retire(c, officer, id, "x") }, "draft retired ready retired live retired suspended retired"},
		"change":  {func(c context.Context, id string) (register.Entry, error) { return b.Change(c, officer, id, picture()) }, "draft ready ready ready live live suspended suspended"},
		"bare":    {func(c context.Context, id string) (register.Entry, error) { return b.Change(c, officer, id, bare) }, "draft draft ready draft"},
		"waive": {func(c context.Context, id string) (register.Entry, error) {
			return b.Waive(c, officer, id, register.Waiver{Condition: "filing", Reason: "x", Until: until})
		}, "draft draft ready ready live live suspended suspended"},
	} {
		leads := map[string]string{}
		for pair := range slices.Chunk(strings.Fields(event.leads), 2) {
			leads[pair[0]] = pair[1]
		}
		for state, reach := range reach {
			id := string(state) + "-" + name
			reach(t, id)
			e, err := event.do(t.Context(), id)
			var refusal *colophon.Error
			if to, ok := leads[string(state)]; ok {
				if err != nil || e.State != to {
					t.Errorf("%s: %s, %v; want %s", id, e.State, err, to)
				}
				continue
			}
			if !errors.As(err, &refusal) || refusal.Code != register.CodeStep && refusal.Code != register.CodeDraft {
				t.Errorf("%s: %v; want a refusal", id, err)
			}
			if s, err := b.Function(t.Context(), id); s.State != state || err != nil {
				t.Errorf("%s: it is %s: %v", id, s.State, err)
			}
		}
	}
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	b := open(t)
	for field, change := range map[string]func(*register.Function){
		"names": func(f *register.Function) { f.Names.EN = "a\nb" }, "kind": func(f *register.Function) { f.Kind = "magic" }, "likeness": func(f *register.Function) { f.Likeness = []string{"soul"} },
		"twice": func(f *register.Function) { f.Likeness = []string{"face", "face"} }, "identity": func(f *register.Function) { f.Identity = "none" }, "consent": func(f *register.Function) { f.Consent = "some" },
		"notice": func(f *register.Function) { f.Notice.Policy = "never" }, "quota": func(f *register.Function) { f.Quotas[0].Period = 0 }, "model": func(f *register.Function) { f.Models[0].Name = "" },
		"model number": func(f *register.Function) { f.Models[0].Number = "123" }, "link": func(f *register.Function) { f.Filing.Link = "javascript:x" }, "reason": func(f *register.Function) { f.Filing.Reason = "" },
		"filed": func(f *register.Function) { f.Filing = register.Filing{State: register.FilingDone} }, "filing date": func(f *register.Function) { f.Filing.At = b.clock.Now().Add(time.Hour) },
		"needless number": func(f *register.Function) { f.Filing.Number = number }, "security": func(f *register.Function) { f.Security.Report = "x" },
		"security date": func(f *register.Function) {
			f.Security = register.Security{Done: b.clock.Now().Add(time.Hour), Report: "x"}
		}, "scene": func(f *register.Function) { f.Scenes = []string{"A"} },
		"digest": func(f *register.Function) { f.Models[0].Digest = "AB" },
	} {
		f := picture()
		change(&f)
		_, err := b.Add(t.Context(), officer, "x", f)
		if want(t, err, register.CodeInvalid); t.Failed() {
			t.Fatal(field)
		}
	}
	f := swap()
	f.Class = "assist"
	_, err := b.Add(t.Context(), officer, "x", f)
	want(t, err, register.CodeKind)
	f = swap()
	f.Likeness = []string{"voice"}
	_, err = b.Add(t.Context(), officer, "x", f)
	want(t, err, register.CodeKind)
	_, err = b.Add(t.Context(), officer, "X", picture())
	want(t, err, register.CodeInvalid)
	f = picture()
	f.Service = "none"
	_, err = b.Add(t.Context(), officer, "x", f)
	want(t, err, register.CodeNoService)
	e := b.add(t, "swap", swap())
	if v := e.Value; v.Class != "person" || !slices.Equal(v.Likeness, []string{"face"}) || v.Consent != "recorded" || v.Identity != "phone" || v.Filing.Number != number || !v.High() {
		t.Errorf("%+v", v)
	}
	_, err = b.Add(t.Context(), officer, "swap", swap())
	want(t, err, ledger.CodeExists)
	f = swap()
	f.Filing = register.Filing{State: register.FilingPreparing}
	_, err = b.Change(t.Context(), officer, "swap", f)
	want(t, err, register.CodeFiling, colophon.ClauseDS19)
}

// A service that can form opinion needs filing and a security assessment for whatever it offers.
func TestOpinion(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.add(t, "draw", picture())
	s := studio()
	s.Opinion = true
	if _, err := b.ChangeService(t.Context(), officer, "studio", s); err != nil {
		t.Fatal(err)
	}
	if got := b.says(t, "draw"); got != "filing failed function-filing-needed; security-assessment failed function-security-missing" {
		t.Error(got)
	}
	f, err := b.Function(t.Context(), "draw")
	if i := slices.IndexFunc(f.Conditions, func(c register.Condition) bool { return c.Name == register.OnSecurity }); err != nil || i < 0 || f.Conditions[i].Clause != colophon.ClauseDS20 {
		t.Error(f.Conditions, err)
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.ready(t)
	b.add(t, "draw", picture())
	b.live(t, "draw")
	public, err := b.Public(t.Context())
	if err != nil || len(public) != 1 || len(public[0].Functions) != 1 || public[0].Functions[0].ID != "draw" || public[0].Functions[0].Item != 5 {
		t.Errorf("%+v %v", public, err)
	}
	_, err = b.RetireService(t.Context(), officer, "studio")
	want(t, err, register.CodeInUse)
	for _, id := range []string{"swap", "draw"} {
		if _, err := b.Retire(t.Context(), officer, id, "Over."); err != nil {
			t.Fatal(err)
		}
	}
	if public, err := b.Public(t.Context()); len(public) > 0 || err != nil {
		t.Errorf("%+v %v", public, err)
	}
	if e, err := b.RetireService(t.Context(), officer, "studio"); e.State != "retired" || err != nil {
		t.Error(e.State, err)
	}
	_, err = b.RetireService(t.Context(), officer, "studio")
	want(t, err, register.CodeStep)
	_, err = b.ChangeService(t.Context(), officer, "studio", studio())
	want(t, err, register.CodeStep)
	_, err = b.Add(t.Context(), officer, "late", picture())
	want(t, err, register.CodeStep)
	for _, change := range []func(*register.Service){func(s *register.Service) { s.Names.EN = "" }, func(s *register.Service) { s.Role = "" }, func(s *register.Service) { s.Forms = nil }, func(s *register.Service) { s.Forms[0].Kind = "fax" }} {
		s := studio()
		change(&s)
		_, err := b.AddService(t.Context(), officer, "other", s)
		want(t, err, register.CodeInvalid)
	}
	list, _, err := b.Functions(t.Context(), register.Query{Service: "studio", States: []register.State{register.Retired}})
	if len(list) != 2 || err != nil {
		t.Error(list, err)
	}
	if list, _, err := b.Services(t.Context(), "", 10); len(list) != 1 || err != nil {
		t.Error(list, err)
	}
	_, err = b.Function(t.Context(), "none")
	want(t, err, register.CodeMissing)
}

// The words that the table of kinds and the register use are those of the packages that they come from.
func TestWords(t *testing.T) {
	t.Parallel()
	b := open(t)
	items, err := register.Items()
	if err != nil || len(items) != 6 {
		t.Fatal(len(items), err)
	}
	n := 0
	for i, item := range items {
		if item.Number != i+1 || item.ZH == "" || item.EN == "" {
			t.Errorf("%+v", item)
		}
		for _, k := range item.Kinds {
			for _, c := range k.Classes {
				if _, err := stamp.Function(c).Policy(); err != nil || c == "" {
					t.Error(k.ID, err)
				}
			}
			for _, m := range k.Likeness {
				if !slices.Contains(consent.Modalities(), consent.Modality(m)) {
					t.Error(k.ID, m)
				}
			}
			if (k.Consent != "") != (len(k.Likeness) > 0) || k.ZH == "" || k.EN == "" || !register.Word(k.ID) {
				t.Errorf("%+v", k)
			}
		}
	}
	try := func(change func(*register.Function)) {
		f := swap()
		change(&f)
		n++
		b.add(t, fmt.Sprintf("f-%d", n), f)
	}
	for _, l := range identity.Levels()[1:] {
		try(func(f *register.Function) { f.Identity = l.String() })
	}
	for _, l := range []consent.Level{consent.Claimed, consent.Recorded, consent.Matched, consent.Verified} {
		try(func(f *register.Function) { f.Consent = l.String() })
	}
	try(func(f *register.Function) {
		f.Likeness = nil
		for _, m := range consent.Modalities() {
			f.Likeness = append(f.Likeness, string(m))
		}
	})
}
