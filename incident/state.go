package incident

import (
	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// State says where an order is.
type State string

// The states.
const (
	// Issued means that no node has acknowledged it yet. It binds whoever has read it.
	Issued State = "issued"
	// InForce means that a node said that it is effective there.
	InForce State = "in-force"
	// Proposed means that one person wants to end it. It still binds.
	Proposed State = "release-proposed"
	// Released means that two people ended it.
	Released State = "released"
	// Expired means that its own end came.
	Expired State = "expired"
)

// steps is the state machine. From Proposed an order goes back into force when somebody keeps it.
var steps = ledger.Steps[State]{
	{Issued, []State{InForce, Proposed, Expired}},
	{InForce, []State{Proposed, Expired}},
	{Proposed, []State{InForce, Released, Expired}},
	{Released, nil},
	{Expired, nil},
}

// States lists the states in the order of an order's life.
func States() []State { return steps.States() }

// May reports whether an order may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Binds reports whether an order in this state binds the nodes.
func (s State) Binds() bool { return s == Issued || s == InForce || s == Proposed }

// binding are the states in which an order binds.
func binding() []string {
	var list []string
	for _, s := range States() {
		if s.Binds() {
			list = append(list, string(s))
		}
	}
	return list
}

// to puts the order into another state, or refuses what the table does not have.
func to(e *Entry, s State) error {
	if !State(e.State).May(s) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeState, Args: colophon.Args{"from": e.State, "to": string(s)}}
	}
	e.State = string(s)
	return nil
}
