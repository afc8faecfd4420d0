package register

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Lapse says that conditions of a live function are unmet.
type Lapse struct {
	Function   string
	Conditions []string
	Suspended  bool // by the register, since it is of high risk
}

// Lapse looks at every live function again. One of high risk with a condition that failed is suspended; of any other a
// record says which conditions are unmet, once for each set. The error says what could not be told; it suspends nothing.
func (r *Register) Lapse(ctx context.Context) ([]Lapse, error) {
	var ids []string
	err := r.functions.All(ctx, ledger.Query{States: []string{string(Live)}}, func(e Entry) error {
		ids = append(ids, e.ID)
		return nil
	})
	var list []Lapse
	for _, id := range ids {
		l, untold := r.lapse(ctx, id)
		err = errors.Join(err, untold)
		if len(l.Conditions) > 0 {
			list = append(list, l)
		}
	}
	return list, err
}

func (r *Register) lapse(ctx context.Context, id string) (Lapse, error) {
	var l Lapse
	var untold error
	_, err := r.functions.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		l = Lapse{Function: id}
		if State(e.State) != Live {
			return ledger.Act{}, ledger.ErrSame
		}
		var conditions []Condition
		conditions, untold = r.conditions(ctx, *e)
		open := slices.DeleteFunc(unmet(conditions), func(c Condition) bool { return c.Code == CodeUntold })
		l.Conditions = names(open)
		if e.Value.High() && slices.ContainsFunc(open, func(c Condition) bool { return c.Verdict == colophon.Failed }) {
			if err := to(e, Suspended); err != nil {
				return ledger.Act{}, err
			}
			l.Suspended = true
			e.Value.Reason, e.Value.Lapsed, e.Value.Live = strings.Join(l.Conditions, ", "), nil, time.Time{}
			return act(RecordFunctionSuspended, ledger.By{Role: system}, *e, conditions), nil
		}
		if slices.Equal(l.Conditions, e.Value.Lapsed) {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Value.Lapsed = l.Conditions
		return act(RecordFunctionLapsed, ledger.By{Role: system}, *e, conditions), nil
	})
	return l, errors.Join(err, untold)
}
