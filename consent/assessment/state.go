package assessment

import "github.com/colophon-project/colophon/evidence/ledger"

// State says where an assessment is.
type State string

// The states.
const (
	// Proposed means that somebody wrote it and nobody else read it yet.
	Proposed State = "proposed"
	// Approved means that another person agreed to it.
	Approved State = "approved"
	// Rejected means that another person did not agree, or that its author took it back.
	Rejected State = "rejected"
	// Lapsed means that the function is another one since, that the day of review came, or that somebody ended it.
	Lapsed State = "lapsed"
	// Superseded means that a later one of the same function was approved.
	Superseded State = "superseded"
)

// steps is the state machine. An assessment begins as Proposed.
var steps = ledger.Steps[State]{
	{Proposed, []State{Approved, Rejected}},
	{Approved, []State{Lapsed, Superseded}},
	{Rejected, nil},
	{Lapsed, nil},
	{Superseded, nil},
}

// States lists the states in the order of an assessment's life.
func States() []State { return steps.States() }

// May reports whether an assessment may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Coverage says whether a function has an assessment that covers it now.
type Coverage string

// The coverages.
const (
	// Unknown means that it could not be told. It is the zero value.
	Unknown Coverage = ""
	// Missing means that none was ever approved.
	Missing Coverage = "missing"
	// Stale means that the function is another one since, or that the day of review came.
	Stale Coverage = "stale"
	// Adverse means that the one that covers it concludes that it must not be done.
	Adverse Coverage = "adverse"
	// Current means that one covers it.
	Current Coverage = "current"
)

// String returns the word for it.
func (s Coverage) String() string {
	if s == Unknown {
		return "unknown"
	}
	return string(s)
}

// MarshalText writes the word for it.
func (s Coverage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
