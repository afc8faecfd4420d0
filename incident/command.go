package incident

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// keyOrigin names the key by which an order of a decision is found.
const keyOrigin = "origin"

// drillLasts is how long a drill lasts at most.
const drillLasts = time.Hour

// Command issues orders and ends them.
type Command struct {
	orders ledger.Book[Order]
	acks   ledger.Book[Ack]
}

// NewCommand makes a Command over two ledgers.
func NewCommand(orders ledger.Store[Order], acks ledger.Store[Ack], r *evidence.Recorder) *Command {
	return &Command{ledger.Book[Order]{Store: orders, Recorder: r, Missing: CodeMissing}, ledger.Book[Ack]{Store: acks, Recorder: r}}
}

// Issue gives an order. It binds each node as soon as the node has read it, with nobody's further consent.
func (c *Command) Issue(ctx context.Context, by ledger.By, d Draft) (Entry, error) {
	return c.issue(ctx, by, d, false)
}

// Drill gives an order to stop a test account, to see how long that takes. Without an end it ends after an hour.
func (c *Command) Drill(ctx context.Context, by ledger.By, account evidence.Subject, until time.Time, reason string) (Entry, error) {
	if last := c.orders.Now().Add(drillLasts); until.IsZero() || until.After(last) {
		until = last
	}
	return c.issue(ctx, by, Draft{Scope: OnAccount, Target: string(account), Action: Stop, Basis: Own, Until: until, Reason: reason}, true)
}

func (c *Command) issue(ctx context.Context, by ledger.By, d Draft, drill bool) (Entry, error) {
	if field := d.check(c.orders.Now()); field != "" {
		return Entry{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
	}
	e := Entry{State: string(Issued), Due: d.Until.UTC().Truncate(time.Millisecond), Value: Order{Scope: d.Scope, Target: d.Target, Action: d.Action, Basis: d.Basis, Reference: d.Reference,
		Drill: drill, Issuer: by.ID, Origin: d.Origin}}
	e.Value.Until = e.Due
	if d.Origin != "" {
		e.Keys = []ledger.Key{{Name: keyOrigin, Value: d.Origin, Unique: true}}
	}
	if d.Scope == OnAccount {
		e.Subject = evidence.Subject(d.Target)
	}
	e, err := c.orders.Add(ctx, e, nil, act(RecordIssued, by, e.Value, d.Reason))
	if errors.Is(err, ledger.ErrExists) && d.Origin != "" {
		return c.Of(ctx, d.Origin)
	}
	return e, err
}

// Of returns the order that an action of a decision gave.
func (c *Command) Of(ctx context.Context, origin string) (Entry, error) {
	return c.orders.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyOrigin, Value: origin}}})
}

// act is the record of a step.
func act(t evidence.Type, by ledger.By, o Order, reason string) ledger.Act {
	return ledger.Act{Type: t, Role: by.Role, Clauses: o.Clauses(), Payload: struct {
		Order  Order  `json:"order"`
		By     string `json:"by,omitempty"`
		Reason string `json:"reason,omitempty"`
	}{o, by.ID, reason}}
}

// step takes an order to another state. Change may refuse it; it sees the order as it was.
func (c *Command) step(ctx context.Context, by ledger.By, id, reason string, s State, t evidence.Type, change func(*Order) error) (Entry, error) {
	return c.orders.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if err := to(e, s); err != nil {
			return ledger.Act{}, err
		}
		if !s.Binds() {
			e.Due = time.Time{}
		}
		if err := change(&e.Value); err != nil {
			return ledger.Act{}, err
		}
		return act(t, by, e.Value, reason), nil
	})
}

// person is an error unless somebody of the staff acts: a release is two people's.
func person(by ledger.By) error {
	if by.ID == "" || by.Role == "application" || by.Role == "system" {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson, Clauses: []colophon.Clause{colophon.ClauseDS21}}
	}
	return nil
}

// Propose says that an order may end. It binds until another person confirms that.
func (c *Command) Propose(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	if err := person(by); err != nil {
		return Entry{}, err
	}
	return c.step(ctx, by, id, reason, Proposed, RecordProposed, func(o *Order) error { o.Proposer = by.ID; return nil })
}

// Keep takes a proposal to end an order back, or turns it down.
func (c *Command) Keep(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	if err := person(by); err != nil {
		return Entry{}, err
	}
	return c.orders.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if State(e.State) != Proposed {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeState, Args: colophon.Args{"from": e.State, "to": string(InForce)}}
		}
		e.Value.Proposer = ""
		return act(RecordKept, by, e.Value, reason), to(e, InForce)
	})
}

// Confirm ends an order whose end somebody else proposed.
func (c *Command) Confirm(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	if err := person(by); err != nil {
		return Entry{}, err
	}
	return c.step(ctx, by, id, reason, Released, RecordReleased, func(o *Order) error {
		if o.Proposer == by.ID {
			return &colophon.Error{Kind: colophon.Refused, Code: CodeSame, Clauses: []colophon.Clause{colophon.ClauseDS21}}
		}
		o.Confirmer = by.ID
		return nil
	})
}

// Expire ends the orders whose own end came. They bind nobody from that moment on, even before this.
func (c *Command) Expire(ctx context.Context) error {
	by := ledger.By{Role: "system"}
	return c.orders.All(ctx, ledger.Query{States: binding(), Due: c.orders.Now()}, func(e Entry) error {
		_, err := c.step(ctx, by, e.ID, "", Expired, RecordExpired, func(*Order) error { return nil })
		var known *colophon.Error
		if errors.As(err, &known) && known.Code == CodeState {
			return nil // it was released in the meantime
		}
		return err
	})
}

// Overrule ends an order that a decision of the desk gave, because another person decided so on an appeal: these are the two
// who end it. One that ended already stays as it is.
func (c *Command) Overrule(ctx context.Context, by ledger.By, id, reason string) (Entry, error) {
	if err := person(by); err != nil {
		return Entry{}, err
	}
	return c.orders.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		switch {
		case !State(e.State).Binds():
			return ledger.Act{}, ledger.ErrSame
		case e.Value.Origin == "" || e.Value.Issuer == by.ID:
			return ledger.Act{}, &colophon.Error{Kind: colophon.Refused, Code: CodeSame, Clauses: []colophon.Clause{colophon.ClauseDS21}}
		}
		if State(e.State) != Proposed {
			if err := to(e, Proposed); err != nil {
				return ledger.Act{}, err
			}
		}
		e.Due, e.Value.Confirmer = time.Time{}, by.ID
		return act(RecordReleased, by, e.Value, reason), to(e, Released)
	})
}

// Acknowledge keeps that an order is effective on a node, once for each node, and puts the order in force with the first.
func (c *Command) Acknowledge(ctx context.Context, a Ack) error {
	by := ledger.By{Role: "system"}
	_, err := c.acks.Add(ctx, ledger.Entry[Ack]{State: "effective", Value: a,
		Keys: []ledger.Key{{Name: "order", Value: a.Order}, {Name: "order-node", Value: a.Order + " " + a.Node, Unique: true}}}, nil,
		ledger.Act{Type: RecordAcknowledged, Role: by.Role, Clauses: []colophon.Clause{colophon.ClauseDS21}, Payload: a})
	if err != nil && !errors.Is(err, ledger.ErrExists) {
		return err
	}
	_, err = c.orders.Change(ctx, a.Order, func(e *Entry) (ledger.Act, error) {
		if State(e.State) != Issued {
			return ledger.Act{}, ledger.ErrSame
		}
		return act(RecordInForce, by, e.Value, ""), to(e, InForce)
	})
	return err
}

// Acks returns what the nodes said of an order.
func (c *Command) Acks(ctx context.Context, order string) ([]Ack, error) {
	var list []Ack
	err := c.acks.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: "order", Value: order}}}, func(e ledger.Entry[Ack]) error {
		list = append(list, e.Value)
		return nil
	})
	return list, err
}

// Order returns an order.
func (c *Command) Order(ctx context.Context, id string) (Entry, error) { return c.orders.Get(ctx, id) }

// Page returns a page of orders, and the identifier after which the next one begins.
func (c *Command) Page(ctx context.Context, q ledger.Query) ([]Entry, string, error) {
	return c.orders.Page(ctx, q)
}

// InForce returns the orders that bind the nodes. Those whose own end came may be among them.
func (c *Command) InForce(ctx context.Context) (list []Entry, err error) {
	err = c.orders.All(ctx, ledger.Query{States: binding()}, func(e Entry) error {
		list = append(list, e)
		return nil
	})
	return list, err
}
