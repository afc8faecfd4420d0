package agreement

import "slices"

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
var steps = []struct {
	from State
	to   []State
}{
	{Drafted, []State{Published, Withdrawn}},
	{Published, []State{Superseded, Withdrawn}},
	{Superseded, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of a version's life.
func States() []State {
	list := make([]State, 0, len(steps))
	for _, s := range steps {
		list = append(list, s.from)
	}
	return list
}

// May reports whether a version may go from one state to another.
func (s State) May(to State) bool {
	for _, step := range steps {
		if step.from == s {
			return slices.Contains(step.to, to)
		}
	}
	return false
}
