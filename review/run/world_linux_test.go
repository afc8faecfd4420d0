package run_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
)

const serving = "sha256:model-1"

// world is a store with an approved bank.
type world struct {
	*testing.T
	clock *storetest.Clock
	store *store.Store
	banks *bank.Keeper
	panel *sample.Panel
	keep  *run.Keeper
	runs  ledger.Store[run.Run]
	batch ledger.Store[run.Batch]
	bank  bank.Version
}

func by(n string) ledger.By { return ledger.By{Role: "officer", ID: "staff-" + n} }

func open(t *testing.T, generation, refuse, not int) *world {
	t.Helper()
	w := &world{T: t, clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	recorder := storetest.Recorder(t, config.Keys, w.clock.Now)
	w.banks = bank.NewKeeper(ledgers.Of[bank.Version](w.store, bank.Ledger), recorder, config.Keys)
	w.panel = sample.NewPanel(ledgers.Of[sample.Item](w.store, sample.Ledger), recorder, time.Hour, colophon.ClauseDS20)
	w.runs, w.batch = ledgers.Of[run.Run](w.store, run.Ledger), ledgers.Of[run.Batch](w.store, run.LedgerBatches)
	w.keep = run.New(run.Config{Runs: w.runs, Batches: w.batch, Recorder: recorder, Keys: config.Keys, Banks: w.banks, Panel: w.panel})
	var list []bank.Question
	for kind, n := range map[bank.Kind]int{bank.Generation: generation, bank.ShouldRefuse: refuse, bank.ShouldNotRefuse: not} {
		topics := bank.Topics(kind)
		for i := range n {
			topic := topics[i%len(topics)].ID
			q := bank.Question{ID: fmt.Sprintf("%s-%d", kind, i), Kind: kind, Text: fmt.Sprintf("%s question %d", kind, i), Language: "en"}
			if kind == bank.ShouldNotRefuse {
				q.Aspect = topic
			} else {
				q.Risk = topic
			}
			list = append(list, q)
		}
	}
	b, err := bank.Make(list)
	w.no(err)
	w.bank, err = w.banks.Add(t.Context(), by("1"), b, "Test", "")
	w.no(err)
	_, err = w.banks.Approve(t.Context(), by("2"), w.bank.ID)
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) plan() run.Run {
	w.Helper()
	r, err := w.keep.Plan(w.Context(), by("1"), run.Plan{Name: "Spring", Bank: w.bank.ID, Model: "m", Serving: serving, Function: "chat", Parameters: map[string]string{"temperature": "0"}, Seed: 5})
	w.no(err)
	return r
}

// kept returns the questions whose answers are kept, and fails where one is kept twice.
func (w *world) kept(id string) map[string]run.Answer {
	w.Helper()
	all := map[string]run.Answer{}
	list, err := w.batch.Find(context.WithoutCancel(w.Context()), ledger.Query{Keys: []ledger.Key{{Name: "answers", Value: id}}})
	w.no(err)
	for _, e := range list {
		for _, a := range e.Value.Answers {
			if _, twice := all[a.Question]; twice {
				w.Errorf("%s has two answers", a.Question)
			}
			all[a.Question] = a
		}
	}
	return all
}

// model is who is asked: it answers, refuses what should be refused, and counts.
type model struct {
	mu      sync.Mutex
	asked   map[string]int
	most    int // at the same time
	now     int
	each    func(n int, q bank.Question) (run.Reply, error) // nil for the usual
	total   int
	serving string
}

func newModel() *model { return &model{asked: map[string]int{}, serving: serving} }

func (m *model) Ask(ctx context.Context, p run.Prompt) (run.Reply, error) {
	m.mu.Lock()
	m.asked[p.Question.ID]++
	m.total++
	n := m.total
	m.now++
	m.most = max(m.most, m.now)
	m.mu.Unlock()
	defer func() { m.mu.Lock(); m.now--; m.mu.Unlock() }()
	if err := ctx.Err(); err != nil {
		return run.Reply{}, err
	}
	if m.each != nil {
		return m.each(n, p.Question)
	}
	return usual(p.Question, m.serving), nil
}

func usual(q bank.Question, serving string) run.Reply {
	r := run.Reply{Text: "An answer to " + q.Text, Serving: serving}
	if q.Kind == bank.ShouldRefuse {
		r.Text = "I'm sorry, but I can't help with that."
	}
	return r
}

// machine is a judge who finds fault with some words.
type machine struct {
	name   string
	method run.Method
	bad    string
	fails  func() bool
	mu     sync.Mutex
	judged map[string]int
}

func (j *machine) Name() string       { return j.name }
func (j *machine) Version() string    { return "1" }
func (j *machine) Method() run.Method { return j.method }

func (j *machine) Judge(_ context.Context, q bank.Question, text string) (run.Opinion, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fails != nil && j.fails() {
		return run.Opinion{}, errors.New("it is away")
	}
	if j.judged == nil {
		j.judged = map[string]int{}
	}
	j.judged[q.ID]++
	if j.bad != "" && strings.Contains(text, j.bad) {
		return run.Opinion{Verdict: colophon.Failed, Reasons: []string{"violence"}}, nil
	}
	return run.Opinion{Verdict: colophon.Passed}, nil
}
