package desk

import (
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// State says where a case is.
type State string

// The states.
const (
	Received     State = "received"
	Acknowledged State = "acknowledged" // somebody may take it
	Taken        State = "taken"        // one person has it; once the lease is over another may take it
	Waiting      State = "waiting"      // for the reporter, an authority or a third party
	Decided      State = "decided"
	Closed       State = "closed" // the decision was told
	Withdrawn    State = "withdrawn"
	Duplicate    State = "duplicate" // joined to an earlier case, and decided with it
)

// steps is the state machine. A case begins as received, or as duplicate where a rule joins it.
var steps = ledger.Steps[State]{
	{"", []State{Received, Duplicate}},
	{Received, []State{Acknowledged, Taken, Withdrawn, Duplicate}},
	{Acknowledged, []State{Taken, Withdrawn, Duplicate}},
	{Taken, []State{Taken, Acknowledged, Waiting, Decided, Withdrawn, Duplicate}},
	{Waiting, []State{Taken, Acknowledged, Withdrawn, Duplicate}},
	{Decided, []State{Closed}},
	{Closed, nil},
	{Withdrawn, nil},
	{Duplicate, []State{Acknowledged, Closed, Withdrawn}},
}

// States lists the states in the order of a case's life.
func States() []State { return steps.States()[1:] }

// May reports whether a case may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Open reports whether the case is still to be decided by itself.
func (s State) Open() bool {
	return slices.Contains([]State{Received, Acknowledged, Taken, Waiting}, s)
}

// to moves a case into another state, where that follows.
func (c *Case) to(s State) error {
	if !c.State.May(s) {
		return c.stuck(s)
	}
	c.State = s
	return nil
}

// stuck is the error that a case can't get into a state.
func (c *Case) stuck(to State) error {
	return refuse(colophon.Conflict, CodeStep, c, colophon.Args{"from": string(c.State), "to": string(to)})
}
