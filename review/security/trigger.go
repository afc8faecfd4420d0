package security

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/workday"
)

// Keeper is the worker of assessments and triggers. It is safe for use by many goroutines.
type Keeper struct {
	assessments ledger.Book[Assessment]
	triggers    ledger.Book[Trigger]
	source      Source
	calendar    workday.Calendar
}

// Config says what a Keeper works with.
type Config struct {
	Assessments ledger.Store[Assessment]
	Triggers    ledger.Store[Trigger]
	Recorder    *evidence.Recorder
	Source      Source
	Calendar    workday.Calendar
}

// New makes a keeper.
func New(c Config) *Keeper {
	return &Keeper{ledger.Book[Assessment]{Store: c.Assessments, Recorder: c.Recorder, Use: LedgerAssessments, Missing: CodeMissing},
		ledger.Book[Trigger]{Store: c.Triggers, Recorder: c.Recorder, Use: LedgerTriggers, Missing: CodeMissing}, c.Source, c.Calendar}
}

const (
	keySignal = "signal"
	system    = evidence.Role("system")
)

// Sweep asks what happened, and opens a trigger for what is new. What is there already is not looked for one by one.
func (k *Keeper) Sweep(ctx context.Context) error {
	base, err := k.baseline(ctx)
	if err != nil {
		return err
	}
	signals, err := k.source.Watch(ctx, base)
	there := map[string]TriggerEntry{}
	if len(signals) > 0 {
		err = errors.Join(err, k.triggers.All(ctx, ledger.Query{}, func(e TriggerEntry) error {
			there[signal(e.Value.Kind, e.Value.Ref)] = e
			return nil
		}))
	}
	for _, s := range signals {
		var bad error
		if e, ok := there[signal(s.Kind, s.Ref)]; ok {
			_, bad = k.dated(ctx, e, s)
		} else {
			_, bad = k.open(ctx, ledger.By{Role: system}, s)
		}
		err = errors.Join(err, bad)
	}
	return errors.Join(err, k.settle(ctx))
}

// settle answers the triggers of assessments that were filed when the process died in between.
func (k *Keeper) settle(ctx context.Context) error {
	if n, err := k.triggers.Store.Count(ctx, ledger.Query{States: []string{Open}}); err != nil || n == 0 {
		return err
	}
	list, err := k.assessments.Store.Find(ctx, ledger.Query{States: []string{string(Filed)}, Newest: true, Limit: 20})
	for _, e := range list {
		err = errors.Join(err, k.answer(ctx, e))
	}
	return err
}

// signal is what a trigger is found by.
func signal(kind Kind, ref string) string { return string(kind) + " " + ref }

// baseline is what the last assessment that was filed rests on.
func (k *Keeper) baseline(ctx context.Context) (Baseline, error) {
	list, err := k.assessments.Store.Find(ctx, ledger.Query{States: []string{string(Filed)}, Newest: true, Limit: 1})
	if err != nil || len(list) == 0 {
		return Baseline{}, err
	}
	b := list[0].Value.Rests
	b.At = list[0].Value.Asked
	return b, nil
}

// Note enters a written notice of an authority.
func (k *Keeper) Note(ctx context.Context, by ledger.By, ref string, at time.Time) (TriggerEntry, error) {
	at = moment(at)
	switch {
	case !by.Person():
		return TriggerEntry{}, refused(CodePerson, nil)
	case !ident(ref) || len(ref) > 128:
		return TriggerEntry{}, invalid("ref")
	case at.IsZero() || at.After(k.triggers.Now()):
		return TriggerEntry{}, invalid("at")
	}
	return k.open(ctx, by, Signal{Kind: Notice, Ref: ref, At: at})
}

// open enters a trigger unless it is there. Of one that waits for something to go live the day is set once it did.
func (k *Keeper) open(ctx context.Context, by ledger.By, s Signal) (TriggerEntry, error) {
	key := signal(s.Kind, s.Ref)
	list, err := k.triggers.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: keySignal, Value: key}}, Limit: 1})
	if err != nil {
		return TriggerEntry{}, err
	}
	if len(list) > 0 {
		return k.dated(ctx, list[0], s)
	}
	t := Trigger{Kind: s.Kind, Ref: s.Ref, At: s.At, By: by.ID, Due: s.Live}
	if !s.Kind.Before() {
		last := k.calendar.After(s.At, workingDays)
		t.Due, t.Unsure = last.End, last.Unsure
	}
	e, err := k.triggers.Add(ctx, TriggerEntry{State: Open, Due: t.Due, Value: t, Keys: []ledger.Key{{Name: keySignal, Value: key, Unique: true}}}, nil,
		ledger.Act{Type: RecordTriggered, Role: by.Role, Clauses: clauses(), Payload: t})
	if errors.Is(err, ledger.ErrExists) { // another node was faster
		return k.open(ctx, by, s)
	}
	return e, err
}

func (k *Keeper) dated(ctx context.Context, e TriggerEntry, s Signal) (TriggerEntry, error) {
	if !s.Kind.Before() || e.State != Open || s.Live.IsZero() || !e.Value.Due.IsZero() {
		return e, nil
	}
	return k.triggers.Change(ctx, e.ID, func(e *TriggerEntry) (ledger.Act, error) {
		if e.State != Open || !e.Value.Due.IsZero() {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Value.Due, e.Due = s.Live, s.Live
		return ledger.Act{Type: RecordDue, Role: system, Clauses: clauses(), Payload: map[string]any{"trigger": e.ID, "due": s.Live}}, nil
	})
}

// answer has the triggers of an assessment that was filed answered.
func (k *Keeper) answer(ctx context.Context, e Entry) error {
	var failed error
	for _, id := range e.Value.Basics.Triggers {
		_, err := k.triggers.Change(ctx, id, func(t *TriggerEntry) (ledger.Act, error) {
			if t.State != Open {
				return ledger.Act{}, ledger.ErrSame
			}
			t.State, t.Due, t.Value.Assessment, t.Value.Closed = Answered, time.Time{}, e.ID, k.triggers.Now()
			return ledger.Act{Type: RecordAnswered, Role: system, Clauses: clauses(), Payload: map[string]any{"trigger": t.ID, "assessment": e.ID}}, nil
		})
		failed = errors.Join(failed, err)
	}
	return failed
}

// Dismiss says why a trigger asks for no assessment.
func (k *Keeper) Dismiss(ctx context.Context, by ledger.By, id, note string) (TriggerEntry, error) {
	switch {
	case !by.Person():
		return TriggerEntry{}, refused(CodePerson, nil)
	case !prose(note):
		return TriggerEntry{}, invalid("note")
	}
	return k.triggers.Change(ctx, id, func(e *TriggerEntry) (ledger.Act, error) {
		if e.State != Open {
			return ledger.Act{}, stepped(e.State, Dismissed)
		}
		if e.Value.By == by.ID { // who entered a notice does not wave it away
			return ledger.Act{}, refused(CodeOwn, nil)
		}
		e.State, e.Due, e.Value.By, e.Value.Closed = Dismissed, time.Time{}, by.ID, k.triggers.Now()
		return ledger.Act{Type: RecordDismissed, Role: by.Role, Clauses: clauses(), Payload: map[string]any{"trigger": e.ID, "by": by.ID, "note": note}}, nil
	})
}

// Triggers returns a page of triggers, the newest first, and where the next one begins.
func (k *Keeper) Triggers(ctx context.Context, state, after string, limit int) ([]TriggerEntry, string, error) {
	q := ledger.Query{After: after, Newest: true, Limit: limit}
	if state != "" {
		q.States = []string{state}
	}
	return k.triggers.Page(ctx, q)
}

// Trigger returns a trigger.
func (k *Keeper) Trigger(ctx context.Context, id string) (TriggerEntry, error) {
	return k.triggers.Get(ctx, id)
}

// Assessment returns an assessment.
func (k *Keeper) Assessment(ctx context.Context, id string) (Entry, error) {
	return k.assessments.Get(ctx, id)
}

// Assessments returns a page of assessments, the newest first, and where the next one begins.
func (k *Keeper) Assessments(ctx context.Context, state State, after string, limit int) ([]Entry, string, error) {
	q := ledger.Query{After: after, Newest: true, Limit: limit}
	if state != "" {
		q.States = []string{string(state)}
	}
	return k.assessments.Page(ctx, q)
}

// Late reports whether the report on a trigger is late.
func (e Trigger) Late(now time.Time) bool {
	return e.Closed.IsZero() && !e.Due.IsZero() && now.After(e.Due)
}
