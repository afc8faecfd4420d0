package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/standing"
)

// Act is one thing that a decision may do.
type Act string

// The acts. A target is a content number, an account, a measure or whatever else the act is about.
const (
	StopContent    Act = "stop-content"
	LimitContent   Act = "limit-content"
	LabelContent   Act = "label-content"
	ReleaseContent Act = "release-content"
	TakeMeasure    Act = "take-measure"
	RestoreMeasure Act = "restore-measure"
	OpenDuty       Act = "open-report-duty"
	// Those by which a request for rights is granted. The target is the pseudonym of the person, or a consent.
	ExportData      Act = "export-data"
	CorrectData     Act = "correct-data"
	DeleteData      Act = "delete-data"
	WithdrawConsent Act = "withdraw-consent"
)

// Acts lists the acts.
func Acts() []Act {
	return []Act{StopContent, LimitContent, LabelContent, ReleaseContent, TakeMeasure, RestoreMeasure, OpenDuty, ExportData, CorrectData, DeleteData, WithdrawConsent}
}

// rights lists the rights that the act grants; none for one that has nothing to do with them.
func (a Act) rights() []Right {
	switch a {
	case ExportData:
		return []Right{RightAccess, RightCopy, RightPort}
	case CorrectData:
		return []Right{RightCorrect}
	case DeleteData:
		return []Right{RightDelete}
	case WithdrawConsent:
		return []Right{RightWithdraw}
	}
	return nil
}

// restricts reports whether the act takes something from somebody.
func (a Act) restricts() bool {
	return slices.Contains([]Act{StopContent, LimitContent, LabelContent, TakeMeasure}, a)
}

// Deed is an act with what it is done to.
type Deed struct {
	Do       Act           `json:"do"`
	Target   string        `json:"target"`
	Step     string        `json:"step,omitempty"`     // of a measure
	Function string        `json:"function,omitempty"` // that a measure limits
	Fact     colophon.Code `json:"fact,omitempty"`     // of a measure
	Until    time.Time     `json:"until,omitzero"`
}

func (d *Deed) check() error {
	switch {
	case !slices.Contains(Acts(), d.Do):
		return invalid("do")
	case !word(d.Target):
		return invalid("target")
	case (d.Do == TakeMeasure) != (d.Step != "") || d.Step != "" && !word(d.Step):
		return invalid("step")
	case d.Function != "" && !word(d.Function):
		return invalid("function")
	case d.Fact != "" && !word(string(d.Fact)):
		return invalid("fact")
	}
	if !d.Until.IsZero() {
		d.Until = d.Until.UTC().Truncate(time.Millisecond)
	}
	return nil
}

// Result says whether an action was carried out.
type Result string

// The results.
const (
	Pending Result = "pending"
	Done    Result = "done"
	Failed  Result = "failed"  // it was not done, and would fail again
	Unsure  Result = "unknown" // it could not be told; it is tried again
)

// Action is a deed on its way.
type Action struct {
	Deed
	Key    string        `json:"key"`              // by which the actor knows it
	Undoes string        `json:"undoes,omitempty"` // the case whose action of this key is undone
	Result Result        `json:"result"`
	Tried  int           `json:"tried,omitempty"`
	At     time.Time     `json:"at,omitzero"`   // of the last try
	Next   time.Time     `json:"next,omitzero"` // of the next one
	Ref    string        `json:"ref,omitempty"` // what the actor made of it
	Why    colophon.Code `json:"why,omitempty"` // it failed
	// Says is what the actor made of it, for whoever came.
	Says   []standing.Sentence `json:"says,omitempty"`
	Halted bool                `json:"halted,omitempty"`
	Undone time.Time           `json:"undone,omitzero"`
}

// pending reports whether there is still something to do.
func (a Action) pending() bool { return !a.Halted && (a.Result == Pending || a.Result == Unsure) }

const (
	retry    = time.Minute
	maxRetry = 24 * time.Hour
)

// try notes what came of a try.
func (a *Action) try(did Did, err error, now time.Time) {
	a.Tried++
	a.At, a.Why = now, ""
	var told *colophon.Error
	switch {
	case err == nil:
		a.Result, a.Next = Done, time.Time{}
		if word(did.Ref) {
			a.Ref = did.Ref
		}
		a.Says = did.Says
	case errors.As(err, &told) && told.Kind != colophon.Internal:
		a.Result, a.Why, a.Next = Failed, told.Code, time.Time{}
	default:
		a.Result, a.Next = Unsure, now.Add(min(maxRetry, retry<<min(a.Tried-1, 12)))
	}
}

// Perform carries out what of a decision is due. It may be run any number of times, on any node: the actor knows each action by
// its key. An action that can't be told to be done is tried again later, less and less often.
func (d *Desk) Perform(ctx context.Context, id string) (Case, error) {
	c, err := d.Case(ctx, id)
	if err != nil || c.Decision == nil {
		return c, err
	}
	if err := d.reflect(ctx, c); err != nil { // first, so that what is to be undone is not done any more
		return c, err
	}
	for i, a := range c.Actions {
		if !a.pending() || a.Next.After(d.Now()) {
			continue
		}
		order := Order{a.Key, c.ID, c.Decision.By, a, c.Decision.Statement.Clauses, c.Decision.Statement.Terms, c.Decision.Statement.Category, c.Decision.Proof}
		var did Did
		var failed error
		if a.Undoes != "" {
			failed = d.Actor.Undo(ctx, order)
		} else {
			did, failed = d.Actor.Do(ctx, order)
		}
		c, err = d.change(ctx, id, func(_ *Entry, c *Case, now time.Time) (ledger.Act, error) {
			if !c.Actions[i].pending() {
				return ledger.Act{}, ledger.ErrSame
			}
			c.Actions = slices.Clone(c.Actions)
			c.Actions[i].try(did, failed, now)
			return c.act(RecordActed, ledger.By{Role: system}, payload{Action: &c.Actions[i]}), nil
		})
		if err != nil {
			return c, err
		}
	}
	return c, d.reflect(ctx, c)
}

// reflect notes on the case before what an appeal against its decision came to, and what of it was undone.
func (d *Desk) reflect(ctx context.Context, appeal Case) error {
	if appeal.AppealOf == "" {
		return nil
	}
	_, err := d.change(ctx, appeal.AppealOf, func(_ *Entry, c *Case, now time.Time) (ledger.Act, error) {
		typ := evidenceOf(appeal.Decision.Outcome)
		news := false
		if !slices.ContainsFunc(c.Appeals, func(a Appealed) bool { return a.Case == appeal.ID }) {
			c.Appeals = append(slices.Clone(c.Appeals), Appealed{appeal.ID, appeal.Decision.Outcome, now})
			news = true
		}
		actions, undone := slices.Clone(c.Actions), false
		for i := range actions {
			a := &actions[i]
			j := slices.IndexFunc(appeal.Actions, func(o Action) bool { return o.Undoes == c.ID && o.Key == a.Key })
			if j < 0 {
				continue
			}
			news, a.Halted = news || !a.Halted, true
			if appeal.Actions[j].Result == Done && a.Undone.IsZero() {
				a.Undone, undone = now, true
			}
		}
		c.Actions = actions
		switch {
		case !news && !undone:
			return ledger.Act{}, ledger.ErrSame
		case !news:
			typ = RecordUndone
		}
		return c.act(typ, ledger.By{Role: system}, payload{Other: appeal.ID, Outcome: appeal.Decision.Outcome}), nil
	})
	return err
}

// Binds reports whether a decision does something to content now: it was carried out, was not undone, its time is not over, and
// no later decision released the content.
func (d *Desk) Binds(ctx context.Context, act Act, number string) (bool, error) {
	var bound, released time.Time
	now := d.Now()
	q := ledger.Query{Keys: []ledger.Key{{Name: keyContent, Value: number}}, States: []string{string(Decided), string(Closed)}}
	err := d.book.All(ctx, q, func(e Entry) error {
		for _, a := range e.Value.Actions {
			switch {
			case a.Target != number || a.Undoes != "" || a.Result != Done || a.Halted:
			case a.Do == ReleaseContent && a.At.After(released):
				released = a.At
			case a.Do == act && a.At.After(bound) && (a.Until.IsZero() || a.Until.After(now)):
				bound = a.At
			}
		}
		return nil
	})
	return bound.After(released), err
}

// Again has an action that failed tried again, at once.
func (d *Desk) Again(ctx context.Context, by Clerk, id string, action int) (Case, error) {
	if err := by.check(); err != nil {
		return Case{}, err
	}
	_, err := d.change(ctx, id, func(_ *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if action < 0 || action >= len(c.Actions) || c.Actions[action].Result == Done || c.Actions[action].Halted {
			return ledger.Act{}, invalid("action")
		}
		c.Actions = slices.Clone(c.Actions)
		a := &c.Actions[action]
		a.Result, a.Next, a.Why = Pending, now, ""
		return c.act(RecordActed, by.By, payload{Action: a}), nil
	})
	if err != nil {
		return Case{}, err
	}
	return d.Perform(ctx, id)
}

// evidenceOf is the type of the record that says what an appeal came to.
func evidenceOf(o Outcome) evidence.Type {
	if o == Upheld {
		return RecordReviewed
	}
	return RecordReversed
}
