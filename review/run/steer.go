package run

import (
	"context"
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Start has a run worked, or gone on with: whoever keeps runs sees it Due, and has a worker called. In the state judging the
// machine judges again what it could not judge.
func (k *Keeper) Start(ctx context.Context, by ledger.By, id string) (Run, error) {
	return k.steer(ctx, by, id, RecordBegun, func(e *ledger.Entry[Run]) error {
		if State(e.State) != Judging && State(e.State) != Running {
			if err := step(e.State, Running); err != nil {
				return err
			}
		}
		e.Value.Wanted, e.Value.Due, e.Value.Halted, e.Value.Trouble = true, true, false, ""
		return nil
	})
}

// Pause has a run rest. What is on its way is thrown away, and asked again when the run goes on.
func (k *Keeper) Pause(ctx context.Context, by ledger.By, id string) (Run, error) {
	return k.steer(ctx, by, id, RecordHalted, func(e *ledger.Entry[Run]) error {
		if !e.Value.Wanted {
			return ledger.ErrSame
		}
		if State(e.State) == Judging {
			return step(e.State, Running)
		}
		e.Value.Wanted, e.Value.Due, e.Value.Halted = false, false, true
		return nil
	})
}

func (k *Keeper) steer(ctx context.Context, by ledger.By, id string, typ evidence.Type, change func(*ledger.Entry[Run]) error) (Run, error) {
	if err := person(by); err != nil {
		return Run{}, err
	}
	e, err := k.runs.Change(ctx, id, func(e *ledger.Entry[Run]) (ledger.Act, error) {
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: changed{Run: id, By: by.ID}}, change(e)
	})
	return asRun(e), err
}

// worked notes that the machine has done what it can.
func (k *Keeper) worked(ctx context.Context, id, worker string) (Run, error) {
	e, err := k.runs.Change(ctx, id, func(e *ledger.Entry[Run]) (ledger.Act, error) {
		if State(e.State) != Judging || e.Value.Worker != worker {
			return ledger.Act{}, conflict(CodeLost)
		}
		e.Value.Wanted, e.Value.Due, e.Value.Judged, e.Value.Worker = false, false, k.runs.Now(), ""
		return ledger.Act{Type: RecordWorked, Role: "system", Clauses: clauses(), Payload: changed{Run: id, Worker: worker}}, nil
	})
	return asRun(e), err
}

// why is the trouble for which a person has to look at a run; empty where the work was merely ended or taken over, or may go on
// by itself.
func why(err error) colophon.Code {
	var e *colophon.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e) || e.Kind == colophon.Internal || e.Code == CodeLost || e.Code == CodePaused {
		return ""
	}
	return e.Code
}

func codeOf(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Progress says how far a run is.
func (k *Keeper) Progress(ctx context.Context, id string) (Progress, error) {
	r, err := k.Run(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	p := Progress{State: r.State, Of: r.Questions, Outcomes: map[Outcome]int{}}
	kept, err := k.answers(ctx, id)
	for _, a := range kept {
		p.Asked++
		p.Outcomes[a.Outcome]++
	}
	return p, err
}
