package standing

import "slices"

// State is how far a measure is.
type State string

// The states.
const (
	Proposed State = "proposed"
	Active   State = "active"
	Ended    State = "ended"    // its time was over
	Lifted   State = "lifted"   // ended before its time; it was right to take it
	Restored State = "restored" // taken back: the account stands as if it had not been taken
	Rejected State = "rejected" // proposed, and not taken
)

// States lists the states.
func States() []State { return []State{Proposed, Active, Ended, Lifted, Restored, Rejected} }

// steps says what may become of a measure. A measure begins as proposed or active.
var steps = map[State][]State{
	"":       {Proposed, Active},
	Proposed: {Active, Rejected},
	Active:   {Ended, Lifted, Restored},
	Ended:    {Restored},
	Lifted:   {Restored},
}

// May reports whether a measure in this state may get into another.
func (s State) May(to State) bool { return slices.Contains(steps[s], to) }
