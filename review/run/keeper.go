package run

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/sample"
)

// Config says what a keeper works with. All of it must be given but Hold.
type Config struct {
	Runs     ledger.Store[Run]
	Batches  ledger.Store[Batch]
	Recorder *evidence.Recorder
	Keys     ledger.Unsealer
	Banks    Banks
	Panel    *sample.Panel
	// Hold is how long a run stays with a worker from whom nothing more is heard; 5 min. It MUST be longer than a batch takes.
	Hold time.Duration
}

// Keeper is the worker of runs. It is safe for use by many goroutines.
type Keeper struct {
	runs    ledger.Book[Run]
	batches ledger.Book[Batch]
	banks   Banks
	panel   *sample.Panel
	hold    time.Duration
}

const (
	keyAnswers  = "answers"  // of the run
	keyQuestion = "question" // run/question: one answer
	keyJudge    = "judge"    // of the run
	keyJudged   = "judged"   // run/judge/question: one judgement
	defaultHold = 5 * time.Minute
)

// New makes a keeper.
func New(c Config) *Keeper {
	if c.Hold <= 0 {
		c.Hold = defaultHold
	}
	return &Keeper{
		ledger.Book[Run]{Store: c.Runs, Recorder: c.Recorder, Keys: c.Keys, Use: "run", Missing: CodeMissing},
		ledger.Book[Batch]{Store: c.Batches, Recorder: c.Recorder, Keys: c.Keys, Use: "run-batch", Missing: CodeMissing},
		c.Banks, c.Panel, c.Hold,
	}
}

func asRun(e ledger.Entry[Run]) Run {
	r := e.Value
	r.ID, r.State, r.Made = e.ID, State(e.State), e.Made
	return r
}

// changed is the payload of records about runs.
type changed struct {
	Run    string            `json:"run"`
	By     string            `json:"by,omitempty"`
	Worker string            `json:"worker,omitempty"`
	Plan   *Plan             `json:"plan,omitempty"`
	Digest string            `json:"digest,omitempty"` // of the bank
	Sum    string            `json:"sum,omitempty"`    // of the result
	Result any               `json:"result,omitempty"`
	Reason string            `json:"reason,omitempty"`
	Drawn  map[bank.Kind]int `json:"drawn,omitempty"`
	// Trouble is why the work stopped.
	Trouble colophon.Code `json:"trouble,omitempty"`
}

// Plan enters a run of an approved bank.
func (k *Keeper) Plan(ctx context.Context, by ledger.By, p Plan) (Run, error) {
	if err := errors.Join(person(by), p.check()); err != nil {
		return Run{}, err
	}
	v, err := k.banks.Fit(ctx, p.Bank)
	if err != nil {
		return Run{}, err
	}
	r := Run{Plan: p, Digest: v.Digest, Planner: by.ID, Kinds: map[bank.Kind]int{}}
	for kind, n := range v.Kinds {
		if p.asks(kind) && n > 0 {
			r.Kinds[kind] = n
			r.Questions += n
		}
	}
	if r.Questions == 0 {
		return Run{}, conflict(CodeNothing)
	}
	id, err := k.runs.Recorder.NewID()
	if err != nil {
		return Run{}, err
	}
	e, err := k.runs.Add(ctx, ledger.Entry[Run]{ID: id, State: string(Planned), Value: r}, nil,
		ledger.Act{Type: RecordPlanned, Role: by.Role, Clauses: clauses(), Payload: changed{Run: id, By: by.ID, Plan: &p, Digest: r.Digest}})
	return asRun(e), err
}

// Run returns a run.
func (k *Keeper) Run(ctx context.Context, id string) (Run, error) {
	e, err := k.runs.Get(ctx, id)
	return asRun(e), err
}

// Runs returns a page of runs in some states, none for all, the newest first, and where the next page begins.
func (k *Keeper) Runs(ctx context.Context, after string, limit int, states ...State) ([]Run, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	page, next, err := k.runs.Page(ctx, q)
	list := make([]Run, len(page))
	for i, e := range page {
		list[i] = asRun(e)
	}
	return list, next, err
}

func step(from string, to State) error {
	if !State(from).May(to) {
		return stepped(from, to)
	}
	return nil
}

func stepped(from string, to State) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": from, "to": string(to)}}
}

// Cancel ends a run, and what people still had to judge of it. What was answered stays.
func (k *Keeper) Cancel(ctx context.Context, by ledger.By, id, reason string) (Run, error) {
	if err := person(by); err != nil {
		return Run{}, err
	}
	if !line(reason, 2_000) {
		return Run{}, invalid("reason")
	}
	e, err := k.runs.Change(ctx, id, func(e *ledger.Entry[Run]) (ledger.Act, error) {
		if State(e.State) == Cancelled { // what was interrupted goes on
			return ledger.Act{}, ledger.ErrSame
		}
		if err := step(e.State, Cancelled); err != nil {
			return ledger.Act{}, err
		}
		e.State, e.Value.Ended, e.Value.Worker, e.Value.Wanted, e.Value.Due, e.Value.Reason = string(Cancelled), k.runs.Now(), "", false, false, reason
		return ledger.Act{Type: RecordCancelled, Role: by.Role, Clauses: clauses(), Payload: changed{Run: id, By: by.ID, Reason: reason}}, nil
	})
	if err != nil {
		return Run{}, err
	}
	for _, kind := range bank.Kinds() {
		if err := k.panel.Withdraw(ctx, by, Sheet(id, kind)); err != nil {
			return Run{}, err
		}
	}
	return asRun(e), nil
}

// claim gives a run to a worker, unless another one has it and was heard of lately.
func (k *Keeper) claim(ctx context.Context, id string, o Options) (Run, error) {
	worker := o.Worker
	if !line(worker, 200) {
		return Run{}, invalid("worker")
	}
	var heard time.Time
	for _, key := range []string{keyAnswers, keyJudge} {
		newest, err := k.batches.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: key, Value: id}}, Newest: true, Limit: 1})
		if err != nil {
			return Run{}, err
		}
		if len(newest) > 0 && newest[0].Made.After(heard) {
			heard = newest[0].Made
		}
	}
	e, err := k.runs.Change(ctx, id, func(e *ledger.Entry[Run]) (ledger.Act, error) {
		v, now := &e.Value, k.runs.Now()
		if v.Halted {
			return ledger.Act{}, conflict(CodePaused)
		}
		if State(e.State) != Running && State(e.State) != Judging {
			if err := step(e.State, Running); err != nil {
				return ledger.Act{}, err
			}
			e.State = string(Running)
		}
		last := heard
		if v.Claimed.After(last) {
			last = v.Claimed
		}
		gone := o.Gone != nil && o.Gone(v.Worker)
		if v.Worker != "" && v.Worker != worker && !gone && now.Before(last.Add(k.hold)) {
			return ledger.Act{}, conflict(CodeBusy)
		}
		if v.Started.IsZero() {
			v.Started = now
		}
		v.Worker, v.Claimed, v.Trouble, v.Due = worker, now, "", false
		return ledger.Act{Type: RecordStarted, Role: "system", Clauses: clauses(), Payload: changed{Run: id, Worker: worker}}, nil
	})
	return asRun(e), err
}

// release lets another worker have a run at once. With a trouble nobody goes on with it before a person says so.
func (k *Keeper) release(ctx context.Context, id, worker string, trouble colophon.Code) error {
	_, err := k.runs.Change(ctx, id, func(e *ledger.Entry[Run]) (ledger.Act, error) {
		if e.Value.Worker != worker || State(e.State) != Running && State(e.State) != Judging {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Value.Worker = ""
		if trouble != "" {
			e.Value.Wanted, e.Value.Trouble = false, trouble
		}
		return ledger.Act{Type: RecordPaused, Role: "system", Clauses: clauses(), Payload: changed{Run: id, Worker: worker, Trouble: trouble}}, nil
	})
	return err
}

// mine reports whether a worker still has a run, in a state.
func (k *Keeper) mine(ctx context.Context, id, worker string, s State) error {
	r, err := k.Run(ctx, id)
	switch {
	case err != nil:
		return err
	case r.State != s || r.Worker != worker:
		return conflict(CodeLost)
	case r.Halted:
		return conflict(CodePaused)
	}
	return nil
}

// answered is the payload of the record of a batch. The sum is that of the texts, so that a text can be held against it.
type answered struct {
	Run     string   `json:"run"`
	Batch   string   `json:"batch"`
	Worker  string   `json:"worker"`
	Answers []Answer `json:"answers"`
	Sum     string   `json:"sum"`
}

// keep stores a batch of answers for a worker who still has the run.
func (k *Keeper) keep(ctx context.Context, id, worker string, answers []Answer) error {
	halted := k.mine(ctx, id, worker, Running)
	if halted != nil && codeOf(halted) != CodePaused {
		return halted
	}
	return cmp.Or(k.stored(ctx, id, worker, answers), halted)
}

// stored stores a batch of answers, but for those that are there.
func (k *Keeper) stored(ctx context.Context, id, worker string, answers []Answer) error {
	err := k.store(ctx, id, worker, answers)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != ledger.CodeExists {
		return err
	}
	kept, err := k.answers(ctx, id) // a write that was cut off had come through, or another worker was faster
	if err != nil {
		return err
	}
	answers = slices.DeleteFunc(slices.Clone(answers), func(a Answer) bool { _, ok := kept[a.Question]; return ok })
	if len(answers) == 0 {
		return nil
	}
	return k.store(ctx, id, worker, answers)
}

func (k *Keeper) store(ctx context.Context, id, worker string, answers []Answer) error {
	texts := map[string]string{}
	keys := []ledger.Key{{Name: keyAnswers, Value: id}}
	for _, a := range answers {
		if a.Text != "" {
			texts[a.Question] = a.Text
		}
		keys = append(keys, ledger.Key{Name: keyQuestion, Value: id + "/" + a.Question, Unique: true})
	}
	text, err := json.Marshal(texts)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	batch, err := k.batches.Recorder.NewID()
	if err != nil {
		return err
	}
	_, err = k.batches.Add(ctx, ledger.Entry[Batch]{ID: batch, State: keyAnswers, Value: Batch{Run: id, Answers: answers}, Keys: keys}, texts,
		ledger.Act{Type: RecordAnswered, Role: "system", Clauses: clauses(), Payload: answered{id, batch, worker, answers, hex.EncodeToString(sum[:])}})
	return err
}

// answers returns what is kept of a run's answers, without texts, by question.
func (k *Keeper) answers(ctx context.Context, id string) (map[string]Answer, error) {
	kept := map[string]Answer{}
	err := k.batches.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyAnswers, Value: id}}}, func(e ledger.Entry[Batch]) error {
		for _, a := range e.Value.Answers {
			kept[a.Question] = a
		}
		return nil
	})
	return kept, err
}

// text returns an answer with its text.
func (k *Keeper) text(ctx context.Context, id, question string) (Answer, error) {
	e, err := k.batches.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyQuestion, Value: id + "/" + question}}})
	if err != nil {
		return Answer{}, err
	}
	texts, err := k.texts(e)
	if err != nil {
		return Answer{}, err
	}
	i := slices.IndexFunc(e.Value.Answers, func(a Answer) bool { return a.Question == question })
	if i < 0 {
		return Answer{}, &colophon.Error{Kind: colophon.Internal, Code: CodeUnread}
	}
	a := e.Value.Answers[i]
	a.Text = texts[question]
	return a, nil
}

func (k *Keeper) texts(e ledger.Entry[Batch]) (map[string]string, error) {
	var texts map[string]string
	whole, err := k.batches.Open(e, &texts)
	if err != nil || !whole {
		return nil, &colophon.Error{Kind: colophon.Internal, Code: CodeUnread, Err: err}
	}
	return texts, nil
}

// questions returns the questions of a run in the order in which they are asked. The bank MUST be the one that the run was
// planned with.
func (k *Keeper) questions(ctx context.Context, r Run) ([]bank.Question, error) {
	b, err := k.banks.Open(ctx, r.Plan.Bank)
	if err != nil {
		return nil, err
	}
	if b.Digest != r.Digest {
		return nil, conflict(CodeBank)
	}
	byID := map[string]bank.Question{}
	var units []sample.Unit
	for _, q := range b.Questions {
		if r.Plan.asks(q.Kind) {
			byID[q.ID] = q
			units = append(units, sample.Unit{ID: q.ID})
		}
	}
	d, err := sample.Draw(units, sample.Quota{Least: len(units)}, r.Plan.Seed)
	if err != nil {
		return nil, conflict(CodeNothing)
	}
	list := make([]bank.Question, len(d.Units))
	for i, u := range d.Units {
		list[i] = byID[u.ID]
	}
	return list, nil
}

// Sheet is the name of the sample of a run's answers to questions of a kind.
func Sheet(run string, kind bank.Kind) string { return run + "." + string(kind) }

// ofSheet returns the run of a sheet.
func ofSheet(sheet string) (run string) {
	run, _, _ = strings.Cut(sheet, ".")
	return run
}
