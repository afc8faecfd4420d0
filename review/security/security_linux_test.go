package security_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/review/security"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// world is a keeper with a system behind it that passes everything but what the test says.
type world struct {
	*testing.T
	clock    *storetest.Clock
	keeper   *security.Keeper
	verdicts map[string]string // of queries that do not pass
	broken   map[string]bool
	signals  []security.Signal
	accounts int
	since    []security.Baseline
}

// Ask implements security.Source.
func (w *world) Ask(_ context.Context, query string) (security.Answer, error) {
	if w.broken[query] {
		return security.Answer{Verdict: "passed"}, errors.New("nobody answers")
	}
	a := security.Answer{Verdict: "passed", Count: 30, Sample: slices.Repeat([]string{"id"}, 30)}
	if v, ok := w.verdicts[query]; ok {
		a.Verdict, a.Against = v, 1
	}
	return a, nil
}

// Watch implements security.Source.
func (w *world) Watch(_ context.Context, since security.Baseline) ([]security.Signal, error) {
	w.since = append(w.since, since)
	return w.signals, nil
}

// Now implements security.Source.
func (w *world) Now(context.Context) (security.Baseline, error) {
	return security.Baseline{Accounts: w.accounts, Models: map[string]string{"face-swap": "facts"}}, nil
}

var (
	author  = ledger.By{Role: "engineer", ID: "author"}
	officer = ledger.By{Role: "officer", ID: "officer"}
)

func open(t *testing.T) *world {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "one"), clock.Now
	s := storetest.Open(t, config)
	calendar, err := workday.Known()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, clock: clock, verdicts: map[string]string{}, broken: map[string]bool{}, accounts: 7}
	w.keeper = security.New(security.Config{Assessments: ledgers.Of[security.Assessment](s, security.LedgerAssessments), Triggers: ledgers.Of[security.Trigger](s, security.LedgerTriggers), Recorder: storetest.Recorder(t, config.Keys, clock.Now), Source: w, Calendar: calendar})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func basics(triggers ...string) security.Basics {
	return security.Basics{Title: "the service", Functions: "swaps faces", Hardware: "two machines", Licences: "as listed", Triggers: triggers}
}

func (w *world) begin(triggers ...string) string {
	w.Helper()
	e, err := w.keeper.Begin(w.Context(), author, basics(triggers...))
	w.must(err)
	return e.ID
}

func (w *world) head(id, head string) string {
	w.Helper()
	e, err := w.keeper.Assessment(w.Context(), id)
	w.must(err)
	for _, r := range e.Value.Results() {
		if r.ID == head {
			return r.State
		}
	}
	w.Fatalf("no head %s", head)
	return ""
}

// TestAnswers looks at what answers make of heads, and at what a person can and can't make of them.
func TestAnswers(t *testing.T) {
	w := open(t)
	w.verdicts["limits-published"], w.verdicts["judged"] = "failed", "nonsense"
	w.broken["packs-ready"] = true
	id := w.begin()
	for head, want := range map[string]string{"staff": "passed", "complaints": "failed", "content": "could-not-tell", "police": "could-not-tell"} {
		if got := w.head(id, head); got != want {
			t.Errorf("%s: %s, want %s", head, got, want)
		}
	}
	for _, head := range []string{"complaints", "content", "police"} {
		_, err := w.keeper.State(t.Context(), author, id, head, "it is all right")
		w.must(err)
	}
	for head, want := range map[string]string{"complaints": "failed", "content": "attested", "police": "attested"} {
		if got := w.head(id, head); got != want {
			t.Errorf("stated, %s: %s, want %s", head, got, want)
		}
	}
	_, err := w.keeper.Propose(t.Context(), author, id)
	storetest.WantCode(t, err, security.CodeNotMet)
	delete(w.verdicts, "limits-published")
	e, err := w.keeper.Ask(t.Context(), author, id)
	w.must(err)
	if got := w.head(id, "complaints"); got != "passed" || len(e.Value.Answers[0].Sample) != 20 || e.Value.Answers[0].At.IsZero() {
		t.Errorf("asked anew: %s, %+v", got, e.Value.Answers[0])
	}
	_, err = w.keeper.Propose(t.Context(), author, id)
	w.must(err)
}

// TestApproval has another person approve, asks anew then, and refuses what broke since.
func TestApproval(t *testing.T) {
	w := open(t)
	w.verdicts["datasets-described"] = "could-not-tell"
	id := w.begin()
	_, err := w.keeper.Propose(t.Context(), author, id)
	storetest.WantCode(t, err, security.CodeUnsaid)
	_, err = w.keeper.State(t.Context(), author, id, "corpus", "nothing is trained here")
	w.must(err)
	w.clock.Set(w.clock.Now().Add(25 * time.Hour))
	_, err = w.keeper.Propose(t.Context(), author, id)
	storetest.WantCode(t, err, security.CodeOld)
	_, err = w.keeper.Ask(t.Context(), author, id)
	w.must(err)
	proposer := ledger.By{Role: "officer", ID: "proposer"}
	_, err = w.keeper.Propose(t.Context(), proposer, id)
	w.must(err)
	for _, own := range []ledger.By{author, proposer} {
		_, err = w.keeper.Approve(t.Context(), own, id)
		storetest.WantCode(t, err, security.CodeOwn)
	}
	w.verdicts["network-log"] = "failed"
	_, err = w.keeper.Approve(t.Context(), officer, id)
	storetest.WantCode(t, err, security.CodeNotMet)
	delete(w.verdicts, "network-log")
	e, err := w.keeper.Approve(t.Context(), officer, id)
	w.must(err)
	if len(e.Value.Digest) != 64 || w.head(id, "corpus") != "attested" {
		t.Errorf("%s, %s", e.Value.Digest, w.head(id, "corpus"))
	}
	_, err = w.keeper.Ask(t.Context(), author, id)
	storetest.WantCode(t, err, security.CodeStep)
	_, err = w.keeper.File(t.Context(), officer, id, security.SecurityFiling{Reference: "r", At: w.clock.Now(), Proof: "none"})
	storetest.WantCode(t, err, security.CodeInvalid)
	_, err = w.keeper.File(t.Context(), officer, id, security.SecurityFiling{Reference: "r", At: w.clock.Now().Add(-time.Hour), Proof: strings.Repeat("ab", 32)}) // before it was approved
	storetest.WantCode(t, err, security.CodeInvalid)
}

// TestTriggers opens one for each signal, once, with the clock of its kind, and has a report answer them.
func TestTriggers(t *testing.T) {
	w := open(t)
	at := w.clock.Now()
	w.signals = []security.Signal{{Kind: security.Launch, Ref: "service", At: at}, {Kind: security.Spread, Ref: "incident", At: at}}
	w.must(w.keeper.Sweep(t.Context()))
	w.must(w.keeper.Sweep(t.Context()))
	list, _, err := w.keeper.Triggers(t.Context(), security.Open, "", 10)
	w.must(err)
	if len(list) != 2 {
		t.Fatalf("%d triggers", len(list))
	}
	var ids []string
	for _, e := range list {
		ids = append(ids, e.ID)
		v := e.Value
		switch v.Kind {
		case security.Launch:
			if !v.Due.IsZero() || v.Late(at.AddDate(1, 0, 0)) {
				t.Errorf("what is not live is due %s", v.Due)
			}
		case security.Spread: // thirty working days are six weeks and more
			if days := v.Due.Sub(at).Hours() / 24; days < 40 || days > 60 || v.Late(v.Due) || !v.Late(v.Due.Add(time.Millisecond)) {
				t.Errorf("due %s", v.Due)
			}
		}
	}
	w.signals[0].Live = at.Add(time.Hour)
	w.must(w.keeper.Sweep(t.Context()))
	launch, err := w.keeper.Trigger(t.Context(), ids[slices.IndexFunc(list, func(e security.TriggerEntry) bool { return e.Value.Kind == security.Launch })])
	w.must(err)
	if !launch.Value.Due.Equal(at.Add(time.Hour)) {
		t.Errorf("live, and due %s", launch.Value.Due)
	}
	notice, err := w.keeper.Note(t.Context(), author, "2026-42", at)
	w.must(err)
	_, err = w.keeper.Dismiss(t.Context(), author, notice.ID, "no")
	storetest.WantCode(t, err, security.CodeOwn)
	_, err = w.keeper.Dismiss(t.Context(), officer, notice.ID, "it is about somebody else")
	w.must(err)
	id := w.begin(ids...)
	_, err = w.keeper.Propose(t.Context(), author, id)
	w.must(err)
	_, err = w.keeper.Approve(t.Context(), officer, id)
	w.must(err)
	_, err = w.keeper.File(t.Context(), officer, id, security.SecurityFiling{Reference: "national-7", At: w.clock.Now(), Proof: strings.Repeat("ab", 32)})
	w.must(err)
	list, _, err = w.keeper.Triggers(t.Context(), security.Answered, "", 10)
	w.must(err)
	if len(list) != 2 || list[0].Value.Assessment != id {
		t.Errorf("%+v", list)
	}
	_, err = w.keeper.Begin(t.Context(), author, basics(ids[0]))
	storetest.WantCode(t, err, security.CodeInvalid)
	w.must(w.keeper.Sweep(t.Context()))
	if last := w.since[len(w.since)-1]; last.Accounts != 7 || last.Models["face-swap"] != "facts" || last.At.IsZero() {
		t.Errorf("watched since %+v", last)
	}
}

// TestHeads names the eight heads of 2018, each with something that is asked, and clauses in every refusal.
func TestHeads(t *testing.T) {
	w := open(t)
	eight := 0
	for _, h := range security.Heads() {
		if h.Group == "provisions" {
			eight++
		}
		if len(h.Queries) == 0 || h.Article == "" || h.Confidence == "" {
			t.Errorf("%+v", h)
		}
	}
	if eight != 8 {
		t.Errorf("%d heads", eight)
	}
	_, err := w.keeper.Begin(t.Context(), ledger.By{Role: "system"}, basics())
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != security.CodePerson || !slices.Contains(e.Clauses, colophon.ClauseSA5) {
		t.Errorf("%v", err)
	}
}
