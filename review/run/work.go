package run

import (
	"context"
	"errors"
	"slices"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/sample"
)

// Options say how work is done.
type Options struct {
	Worker string // who works: another name for each process and each attempt
	// Gone reports that a worker is certainly not there any more, so that his run is free at once; nil where nobody can tell.
	Gone     func(worker string) bool
	Pool     Pool
	Judges   []Judge        // machines that judge the answers, each under a name of its own
	Progress func(Progress) // told now and then, from one goroutine at a time; may be nil
}

// Progress says how far work is.
type Progress struct {
	State    State
	Of       int // questions
	Asked    int // whose answers are kept
	Outcomes map[Outcome]int
	Judge    string // that judges now
	Judged   int    // by it
}

// Work asks what a run has not asked yet, and has the machine judge what it has not judged yet. When it ends with an error,
// or the process vanishes, it is called again and goes on.
func (k *Keeper) Work(ctx context.Context, id string, o Options) (Run, error) {
	for i, j := range o.Judges {
		if !line(j.Name(), 64) || slices.ContainsFunc(o.Judges[:i], func(x Judge) bool { return x.Name() == j.Name() }) {
			return Run{}, invalid("judges")
		}
	}
	r, err := k.claim(ctx, id, o)
	if err != nil {
		return Run{}, err
	}
	if r.State == Running {
		err = k.askAll(ctx, r, o)
	}
	if err == nil {
		err = k.judgeAll(ctx, r, o)
	}
	if err != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		return Run{}, errors.Join(err, k.release(last, id, o.Worker, why(err)))
	}
	return k.worked(ctx, id, o.Worker)
}

func (k *Keeper) askAll(ctx context.Context, r Run, o Options) error {
	questions, err := k.questions(ctx, r)
	if err != nil {
		return err
	}
	kept, err := k.answers(ctx, r.ID)
	if err != nil {
		return err
	}
	p := Progress{State: Running, Of: len(questions), Outcomes: map[Outcome]int{}}
	tell := func(list ...Answer) {
		for _, a := range list {
			p.Asked++
			p.Outcomes[a.Outcome]++
		}
		o.tell(p)
	}
	for _, a := range kept {
		p.Asked++
		p.Outcomes[a.Outcome]++
	}
	tell()
	rest := slices.DeleteFunc(questions, func(q bank.Question) bool { _, ok := kept[q.ID]; return ok })
	err = o.Pool.Run(ctx, r.Plan, r.ID, rest, func(ctx context.Context, list []Answer) error {
		if err := k.keep(ctx, r.ID, o.Worker, list); err != nil {
			return err
		}
		tell(list...)
		return nil
	})
	if err != nil {
		return err
	}
	_, err = k.runs.Change(ctx, r.ID, func(e *ledger.Entry[Run]) (ledger.Act, error) {
		if e.Value.Worker != o.Worker {
			return ledger.Act{}, conflict(CodeLost)
		}
		if err := step(e.State, Judging); err != nil {
			return ledger.Act{}, err
		}
		e.State, e.Value.Asked, e.Value.Claimed = string(Judging), k.runs.Now(), k.runs.Now()
		return ledger.Act{Type: RecordAsked, Role: "system", Clauses: clauses(), Payload: changed{Run: r.ID, Worker: o.Worker}}, nil
	})
	return err
}

func (o Options) tell(p Progress) {
	if o.Progress == nil {
		return
	}
	outcomes := map[Outcome]int{}
	for k, n := range p.Outcomes {
		outcomes[k] = n
	}
	p.Outcomes = outcomes
	o.Progress(p)
}

// Sample draws answers to questions of a kind and puts them before people: by risk or aspect, with the run's seed. A quota of
// zero is that of the yardsticks. Questions whose answer failed are not drawn: there is nothing to judge.
func (k *Keeper) Sample(ctx context.Context, by ledger.By, id string, kind bank.Kind, q sample.Quota) (sample.Drawn, error) {
	if err := person(by); err != nil {
		return sample.Drawn{}, err
	}
	r, err := k.Run(ctx, id)
	if err != nil {
		return sample.Drawn{}, err
	}
	if r.State != Judging {
		return sample.Drawn{}, stepped(string(r.State), Judging)
	}
	if q == (sample.Quota{}) {
		q = quota(kind)
	}
	questions, err := k.questions(ctx, r)
	if err != nil {
		return sample.Drawn{}, err
	}
	kept, err := k.answers(ctx, id)
	if err != nil {
		return sample.Drawn{}, err
	}
	var units []sample.Unit
	for _, question := range questions {
		if question.Kind == kind && kept[question.ID].Outcome != Failed {
			units = append(units, sample.Unit{ID: question.ID, Stratum: question.Topic()})
		}
	}
	if len(units) == 0 {
		return sample.Drawn{}, conflict(CodeNothing)
	}
	d, err := k.panel.Put(ctx, by, Sheet(id, kind), units, q, r.Plan.Seed)
	if err != nil {
		return d, err
	}
	return d, k.drawn(ctx, by, id, kind, len(d.Units))
}

// drawn notes in the run how many of its answers people have to judge.
func (k *Keeper) drawn(ctx context.Context, by ledger.By, id string, kind bank.Kind, n int) error {
	_, err := k.runs.Change(ctx, id, func(e *ledger.Entry[Run]) (ledger.Act, error) {
		if e.Value.Drawn[kind] == n {
			return ledger.Act{}, ledger.ErrSame
		}
		drawn := map[bank.Kind]int{kind: n}
		for other, m := range e.Value.Drawn {
			if other != kind {
				drawn[other] = m
			}
		}
		e.Value.Drawn = drawn
		return ledger.Act{Type: RecordSampled, Role: by.Role, Clauses: clauses(), Payload: changed{Run: id, By: by.ID, Drawn: drawn}}, nil
	})
	return err
}

// quota is how many answers people judge at least, as the yardsticks have it, and of each risk or aspect as many as the
// yardsticks ask questions for.
func quota(kind bank.Kind) sample.Quota {
	q := sample.Quota{Each: 20}
	for _, y := range sample.Yardsticks() {
		if y.Of == string(kind) {
			q.Least = max(q.Least, y.Least)
		}
	}
	return q
}

// Shown is what a reviewer sees of an item that he has: the question and the answer, and nothing that others judged.
type Shown struct {
	Item     sample.Item
	Question bank.Question
	Outcome  Outcome
	Text     string // empty where there is none, as for a question that did not get through
	Cut      bool
}

// Show shows a reviewer what he has to judge.
func (k *Keeper) Show(ctx context.Context, by ledger.By, item string) (Shown, error) {
	it, err := k.panel.Held(ctx, by, item)
	if err != nil {
		return Shown{}, err
	}
	r, err := k.Run(ctx, ofSheet(it.Sheet))
	if err != nil {
		return Shown{}, err
	}
	q, err := k.banks.Question(ctx, r.Plan.Bank, it.Unit)
	if err != nil {
		return Shown{}, err
	}
	a, err := k.text(ctx, r.ID, it.Unit)
	if err != nil {
		return Shown{}, err
	}
	return Shown{it, q, a.Outcome, a.Text, a.Cut}, nil
}
