package register

import (
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

const (
	keyService = "service"
	system     = evidence.Role("system")
	// maxWaiver is the longest time for which a condition is waived.
	maxWaiver = 366 * 24 * time.Hour
)

// changed is the payload of a record about a function.
type changed struct {
	Function   string      `json:"function"`
	State      string      `json:"state"`
	By         string      `json:"by,omitempty"`
	Value      Function    `json:"value"`
	Conditions []Condition `json:"conditions,omitempty"`
}

func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseDS19, colophon.ClauseDS20}
}

func act(typ evidence.Type, by ledger.By, e Entry, conditions []Condition) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: changed{e.ID, e.State, by.ID, e.Value, conditions}}
}

// to puts a function into another state, or refuses what the table does not have.
func to(e *Entry, s State) error {
	if !State(e.State).May(s) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(s)}}
	}
	e.State = string(s)
	return nil
}

// Add describes a new function of a service. It is ready when the description is whole, and a draft before.
func (r *Register) Add(ctx context.Context, by ledger.By, id string, f Function) (Entry, error) {
	if !Word(id) {
		return Entry{}, invalid("id")
	}
	service, err := r.services.Get(ctx, f.Service)
	if err != nil {
		return Entry{}, err
	}
	if service.State != string(Open) {
		return Entry{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": service.State, "to": string(Draft)}}
	}
	e := Entry{ID: id, State: string(Draft), Keys: []ledger.Key{{Name: keyService, Value: f.Service}}}
	if err := r.describe(&e, f); err != nil {
		return Entry{}, err
	}
	return r.functions.Add(ctx, e, nil, act(RecordFunctionAdded, by, e, nil))
}

// describe puts a description into an entry, with what follows from it.
func (r *Register) describe(e *Entry, f Function) error {
	now, before := r.functions.Now(), e.Value
	kind, _, ok := r.kind(f.Kind)
	if !ok {
		return invalid("kind")
	}
	f.Waivers, f.Reason, f.Lapsed, f.Live = before.Waivers, before.Reason, before.Lapsed, before.Live
	kind.implied(&f)
	if err := f.check(now); err != nil {
		return err
	}
	if err := kind.suits(&f); err != nil {
		return err
	}
	if err := f.Filing.follows(before.Filing, now); err != nil {
		return err
	}
	facts, err := f.facts()
	if err != nil {
		return err
	}
	f.Facts = facts
	f.Security.Done, f.Security.Until = f.Security.Done.UTC().Truncate(time.Millisecond), f.Security.Until.UTC().Truncate(time.Millisecond)
	f.Security.Facts = facts
	if f.Security.same(before.Security) {
		f.Security.Facts = before.Security.Facts
	}
	e.Value = f
	missing := f.missing()
	switch State(e.State) {
	case Draft:
		if missing == "" {
			e.State = string(Ready)
		}
	case Ready:
		if missing != "" {
			e.State = string(Draft)
		}
	case Retired:
		return to(e, Draft)
	default:
		if missing != "" {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeDraft, Args: colophon.Args{"field": missing}}
		}
	}
	return nil
}

// Change describes a function anew, all of it. A live one is looked at again at once, and may be suspended by it.
func (r *Register) Change(ctx context.Context, by ledger.By, id string, f Function) (Entry, error) {
	e, err := r.functions.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if f.Service != e.Value.Service {
			return ledger.Act{}, invalid("service")
		}
		if err := r.describe(e, f); err != nil {
			return ledger.Act{}, err
		}
		return act(RecordFunctionChanged, by, *e, nil), nil
	})
	if err != nil || e.State != string(Live) {
		return e, err
	}
	// The change stands. What can't be looked at now is looked at by the next run of Lapse.
	_, _ = r.lapse(ctx, id)
	return r.functions.Get(ctx, id)
}

// Live lets a function that is ready or suspended go live, if every condition is met or waived.
func (r *Register) Live(ctx context.Context, by ledger.By, id string) (Entry, error) {
	return r.functions.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if State(e.State) == Draft {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Refused, Code: CodeDraft, Args: colophon.Args{"field": e.Value.missing()}}
		}
		if err := to(e, Live); err != nil {
			return ledger.Act{}, err
		}
		conditions, err := r.conditions(ctx, *e)
		if open := unmet(conditions); len(open) > 0 {
			return ledger.Act{}, refuse(id, open, err)
		}
		e.Value.Reason, e.Value.Lapsed, e.Value.Live = "", nil, r.functions.Now()
		return act(RecordFunctionLive, by, *e, conditions), nil
	})
}

// Waive lets a function be live until a time although a condition is unmet. It holds for the function as it is now.
func (r *Register) Waive(ctx context.Context, by ledger.By, id string, w Waiver) (Entry, error) {
	now := r.functions.Now()
	w.Until = w.Until.UTC().Truncate(time.Millisecond)
	switch {
	case by.ID == "":
		return Entry{}, invalid("by")
	case !slices.Contains(ConditionNames(), w.Condition):
		return Entry{}, invalid("condition")
	case w.Reason == "" || !prose(w.Reason, maxText):
		return Entry{}, invalid("reason")
	case !w.Until.After(now) || w.Until.After(now.Add(maxWaiver)):
		return Entry{}, invalid("until")
	}
	return r.functions.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if State(e.State) == Retired {
			return ledger.Act{}, to(e, Live)
		}
		w.By, w.Made, w.Facts = by.ID, now, e.Value.Facts
		others := slices.DeleteFunc(slices.Clone(e.Value.Waivers), func(o Waiver) bool { return o.Condition == w.Condition })
		e.Value.Waivers = append(others, w)
		return act(RecordConditionWaived, by, *e, nil), nil
	})
}

// Suspend stops a live function.
func (r *Register) Suspend(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	return r.end(ctx, by, id, reason, Suspended, RecordFunctionSuspended)
}

// Retire ends a function for good.
func (r *Register) Retire(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	return r.end(ctx, by, id, reason, Retired, RecordFunctionRetired)
}

func (r *Register) end(ctx context.Context, by ledger.By, id, reason string, s State, typ evidence.Type) (Entry, error) {
	if reason == "" || !prose(reason, maxText) {
		return Entry{}, invalid("reason")
	}
	return r.functions.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := to(e, s); err != nil {
			return ledger.Act{}, err
		}
		e.Value.Reason, e.Value.Lapsed, e.Value.Live = reason, nil, time.Time{}
		return act(typ, by, *e, nil), nil
	})
}
