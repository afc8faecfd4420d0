package faces

import "slices"

// Level says how near the number of faces is to the one that must be filed.
type Level string

// The levels.
const (
	Below  Level = "below"
	Warned Level = "warned" // the warning number is reached
	Over   Level = "over"   // the number of the law is reached
)

// Levels lists the levels in order.
func Levels() []Level { return []Level{Below, Warned, Over} }

// May reports whether one level may follow another. The number may rise and fall by any amount between two counts.
func (l Level) May(to Level) bool {
	return l != to && slices.Contains(Levels(), l) && slices.Contains(Levels(), to)
}

// level is the level of a number.
func level(n int) Level {
	switch {
	case n >= Limit:
		return Over
	case n >= Warning:
		return Warned
	}
	return Below
}

// State says how far a duty is.
type State string

// The states of a duty. It begins as Open; the others are final.
const (
	Open      State = "open"
	Filed     State = "filed"
	Dismissed State = "dismissed"
)

// States lists the states in order.
func States() []State { return []State{Open, Filed, Dismissed} }

// May reports whether a duty may go from one state to another.
func (s State) May(to State) bool { return s == Open && (to == Filed || to == Dismissed) }
