package annotation

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
)

// Enter enters somebody who annotates or checks, under an opaque identifier of lower-case letters, digits and hyphens.
func (k *Keeper) Enter(ctx context.Context, by ledger.By, id, duty string) (TakerEntry, error) {
	switch {
	case person(by) != nil:
		return TakerEntry{}, person(by)
	case !register.Word(id):
		return TakerEntry{}, invalid("id")
	case !slices.Contains(Duties(), duty):
		return TakerEntry{}, invalid("duty")
	}
	v := Taker{Duty: duty}
	return k.takers.Add(ctx, TakerEntry{ID: id, State: Active, Value: v}, nil, act(RecordEntered, by, id, v))
}

// Train says that somebody was trained in a version of a rule that is in force.
func (k *Keeper) Train(ctx context.Context, by ledger.By, id string, t Training) (TakerEntry, error) {
	if err := person(by); err != nil {
		return TakerEntry{}, err
	}
	raw, err := hex.DecodeString(t.Paper)
	switch {
	case t.Paper != "" && (err != nil || len(raw) != 32 || t.Paper != strings.ToLower(t.Paper)):
		return TakerEntry{}, invalid("paper")
	case t.Day.IsZero() || t.Day.UTC().Truncate(time.Millisecond).After(k.takers.Now()):
		return TakerEntry{}, invalid("day")
	}
	rule, err := k.rules.Get(ctx, t.Rule)
	if err != nil {
		return TakerEntry{}, err
	}
	if State(rule.State) != InForce {
		return TakerEntry{}, refuse(colophon.Conflict, CodeNotForce, nil)
	}
	return k.takers.Change(ctx, id, func(e *TakerEntry) (ledger.Act, error) {
		if e.State != Active {
			return ledger.Act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": Active})
		}
		if len(e.Value.Trainings) >= maxTrainings {
			return ledger.Act{}, invalid("trainings")
		}
		t.Day, t.Entered, t.By = t.Day.UTC().Truncate(time.Millisecond), k.takers.Now(), by.ID
		e.Value.Trainings = append(slices.Clone(e.Value.Trainings), t)
		return act(RecordTrained, by, id, t), nil
	})
}

// Leave says that somebody does it no more.
func (k *Keeper) Leave(ctx context.Context, by ledger.By, id string) (TakerEntry, error) {
	if err := person(by); err != nil {
		return TakerEntry{}, err
	}
	return k.takers.Change(ctx, id, func(e *TakerEntry) (ledger.Act, error) {
		if e.State != Active {
			return ledger.Act{}, refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": Left})
		}
		e.State = Left
		return act(RecordLeft, by, id, e.Value), nil
	})
}

// trained reports whether the last training of a person in a version was passed.
func (t Taker) trained(rule string) bool {
	passed := false
	for _, one := range t.Trainings {
		if one.Rule == rule {
			passed = one.Passed
		}
	}
	return passed
}

// Check enters a check of a sample of labels, and holds it against the rule.
func (k *Keeper) Check(ctx context.Context, by ledger.By, c Check) (CheckEntry, error) {
	if err := errors.Join(person(by), c.form()); err != nil {
		return CheckEntry{}, err
	}
	rule, err := k.rules.Get(ctx, c.Rule)
	if err != nil {
		return CheckEntry{}, err
	}
	if State(rule.State) != InForce && State(rule.State) != Replaced { // labels of the version before are checked, too
		return CheckEntry{}, refuse(colophon.Conflict, CodeNotForce, nil)
	}
	for _, id := range append(slices.Clone(c.Annotators), c.Checker) {
		duty := "annotate"
		if id == c.Checker {
			duty = "check"
		}
		t, err := k.takers.Get(ctx, id)
		switch {
		case err != nil:
			return CheckEntry{}, err
		case t.Value.Duty != duty:
			return CheckEntry{}, refuse(colophon.Refused, CodeDuty, colophon.Args{"annotator": id})
		case !t.Value.trained(c.Rule):
			return CheckEntry{}, refuse(colophon.Refused, CodeUntrained, colophon.Args{"annotator": id})
		}
	}
	c.By = by.ID
	c.hold(rule.Value)
	keys := []ledger.Key{{Name: keyRule, Value: c.Rule}}
	if c.Dataset != "" {
		keys = append(keys, ledger.Key{Name: keyDataset, Value: c.Dataset})
	}
	e, err := k.checks.Add(ctx, CheckEntry{State: c.Outcome, Value: c, Keys: keys}, nil, act(RecordChecked, by, c.Batch, c))
	return read(e), err
}

func (c Check) form() error {
	for _, f := range []struct {
		field string
		ok    bool
	}{
		{"batch", register.Word(c.Batch)},
		{"dataset", c.Dataset == "" || register.Word(c.Dataset)},
		{"labels", c.Labels >= 1 && c.Labels <= maxLabels},
		{"checked", c.Checked >= 0 && c.Checked <= c.Labels},
		{"wrong", c.Wrong >= 0 && c.Untold >= 0 && c.Wrong+c.Untold <= c.Checked},
		{"annotators", len(c.Annotators) >= 1 && len(c.Annotators) <= maxTakers},
	} {
		if !f.ok {
			return invalid(f.field)
		}
	}
	if slices.Contains(c.Annotators, c.Checker) {
		return refuse(colophon.Refused, CodeSelf, nil)
	}
	return nil
}

// hold holds a check against the rule.
func (c *Check) hold(r Rule) {
	c.Must, c.Mark, c.Share = (c.Labels*r.Part+99)/100, r.Share, 0
	known := c.Checked - c.Untold
	right := known - c.Wrong
	if known > 0 {
		c.Share = right * million / known
	}
	reaches := func(n int) bool { return n*million >= r.Share*c.Checked }
	switch {
	case known < c.Must || known == 0:
		c.Verdict = colophon.Unknown
	case reaches(right):
		c.Verdict = colophon.Passed
	case !reaches(right + c.Untold):
		c.Verdict = colophon.Failed
	default:
		c.Verdict = colophon.Unknown
	}
	c.Outcome = c.Verdict.String()
}

func read(e CheckEntry) CheckEntry {
	for _, v := range []colophon.Verdict{colophon.Passed, colophon.Failed} {
		if e.Value.Outcome == v.String() {
			e.Value.Verdict = v
		}
	}
	return e
}

// Taker returns somebody who annotates or checks.
func (k *Keeper) Taker(ctx context.Context, id string) (TakerEntry, error) {
	return k.takers.Get(ctx, id)
}

// Takers returns a page of people, by identifier, and where the next page begins.
func (k *Keeper) Takers(ctx context.Context, after string, limit int) ([]TakerEntry, string, error) {
	return k.takers.Page(ctx, ledger.Query{After: after, Limit: limit})
}

// Checks returns a page of checks, the newest first, and where the next page begins. Rule and dataset may be empty.
func (k *Keeper) Checks(ctx context.Context, rule, dataset, after string, limit int) ([]CheckEntry, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	for name, value := range map[string]string{keyRule: rule, keyDataset: dataset} {
		if value != "" {
			q.Keys = append(q.Keys, ledger.Key{Name: name, Value: value})
		}
	}
	list, next, err := k.checks.Page(ctx, q)
	for i := range list {
		list[i] = read(list[i])
	}
	return list, next, err
}
