package register

import "github.com/colophon-project/colophon/evidence/ledger"

// State says where a function is.
type State string

// The states.
const (
	Draft     State = "draft"
	Ready     State = "ready" // it is described in full
	Live      State = "live"
	Suspended State = "suspended"
	Retired   State = "retired"
)

// Open is the state of a service that is not retired.
const Open State = "open"

// steps is the state machine of functions.
var steps = ledger.Steps[State]{
	{Draft, []State{Ready, Retired}},
	{Ready, []State{Draft, Live, Retired}},
	{Live, []State{Suspended, Retired}},
	{Suspended, []State{Live, Retired}},
	{Retired, nil},
}

// States lists the states in the order of a function's life.
func States() []State { return steps.States() }

// May reports whether a function may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// FilingState says how far the filing of an algorithm is.
type FilingState string

// The states of a filing.
const (
	FilingNeedless  FilingState = "not-needed"
	FilingPreparing FilingState = "preparing"
	FilingSubmitted FilingState = "submitted"
	FilingDone      FilingState = "filed"
	FilingChanged   FilingState = "changed" // a change was submitted; the number stands
	FilingCancelled FilingState = "cancelled"
)

// filings is the state machine of filings. The empty state is that of a function nobody decided about.
var filings = ledger.Steps[FilingState]{
	{"", []FilingState{FilingNeedless, FilingPreparing, FilingSubmitted, FilingDone}},
	{FilingNeedless, []FilingState{FilingPreparing, FilingDone}},
	{FilingPreparing, []FilingState{FilingNeedless, FilingSubmitted}},
	{FilingSubmitted, []FilingState{FilingPreparing, FilingDone}},
	{FilingDone, []FilingState{FilingChanged, FilingCancelled}},
	{FilingChanged, []FilingState{FilingDone, FilingCancelled}},
	{FilingCancelled, []FilingState{FilingPreparing}},
}

// May reports whether a filing may go from one state to another.
func (s FilingState) May(to FilingState) bool { return filings.May(s, to) }
