package prompt

// State says how far a showing is.
type State string

// The states.
const (
	// Shown means that the text was put before the user.
	Shown State = "shown"
	// Acknowledged means that the user said to have read it.
	Acknowledged State = "acknowledged"
)

// States lists the states in order.
func States() []State { return []State{Shown, Acknowledged} }

// May reports whether a showing may go from one state to another.
func (s State) May(to State) bool { return s == Shown && to == Acknowledged }
