package ledger

import "slices"

// Steps is a state machine as a table: each state in the order of a life, with those that may follow it.
type Steps[S comparable] []struct {
	From S
	To   []S
}

// States lists the states in the order of the table.
func (t Steps[S]) States() []S {
	list := make([]S, len(t))
	for i, s := range t {
		list[i] = s.From
	}
	return list
}

// May reports whether one state may follow another. A state that is not in the table has none that follows it.
func (t Steps[S]) May(from, to S) bool {
	for _, s := range t {
		if s.From == from {
			return slices.Contains(s.To, to)
		}
	}
	return false
}
