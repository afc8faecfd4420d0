package identity

import (
	"slices"

	"github.com/colophon-project/colophon/evidence/ledger"
)

// State says how far a verification is.
type State string

// The states. Only a verification in StateValid counts.
const (
	StatePending    State = "pending"    // somebody has to do something
	StateAsked      State = "asked"      // a source is being asked
	StateValid      State = "valid"      // a match
	StateFailed     State = "failed"     // a mismatch, no record, or a match that is not accepted
	StateUndecided  State = "undecided"  // the source gave no answer that was understood
	StateOver       State = "over"       // not completed in time, or the period is over
	StateRecalled   State = "recalled"   // the account is to be verified anew
	StateSuperseded State = "superseded" // another verification took its place
)

// steps is the state machine. A verification begins as Pending, or as Asked where nobody has to do anything.
var steps = ledger.Steps[State]{
	{StatePending, []State{StateAsked, StateOver}},
	{StateAsked, []State{StatePending, StateValid, StateFailed, StateUndecided, StateOver}},
	{StateValid, []State{StateRecalled, StateSuperseded, StateOver}},
	{StateRecalled, []State{StateSuperseded}},
	{StateFailed, nil},
	{StateUndecided, nil},
	{StateOver, nil},
	{StateSuperseded, nil},
}

// States lists the states.
func States() []State { return steps.States() }

// May reports whether a verification may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Final reports whether nothing follows.
func (s State) Final() bool { return !slices.ContainsFunc(States(), s.May) }

// open reports whether nothing is decided yet.
func (s State) open() bool { return s == StatePending || s == StateAsked }

// ImportState says how far an import is.
type ImportState string

// The states of an import.
const (
	ImportProposed ImportState = "proposed"
	ImportApproved ImportState = "approved"
	ImportRejected ImportState = "rejected"
	ImportOver     ImportState = "over" // nobody decided in time
)

// May reports whether an import may go from one state to another: it is decided once.
func (s ImportState) May(to ImportState) bool {
	return s == ImportProposed && slices.Contains([]ImportState{ImportApproved, ImportRejected, ImportOver}, to)
}
