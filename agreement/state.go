package agreement

import "github.com/colophon-project/colophon/evidence/ledger"

// State says where a version is.
type State string

// The states.
const (
	Drafted    State = "draft"
	Published  State = "published"
	Superseded State = "superseded" // a later version is in force
	Withdrawn  State = "withdrawn"
)

// steps is the state machine.
var steps = ledger.Steps[State]{
	{Drafted, []State{Published, Withdrawn}},
	{Published, []State{Superseded, Withdrawn}},
	{Superseded, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of a version's life.
func States() []State { return steps.States() }

// May reports whether a version may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }
