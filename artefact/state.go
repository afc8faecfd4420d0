package artefact

import (
	"slices"

	"github.com/colophon-project/colophon"
)

// State says how far an item got.
type State string

// The states.
const (
	// Received means that the item is here and carries no marks of ours that were read back.
	Received State = "received"
	// Held means that a person has to decide about it before it is marked.
	Held State = "held"
	// Marked means that the marks were put on and read back.
	Marked State = "marked"
	// Delivered means that somebody received it.
	Delivered State = "delivered"
	// Failed means that it could not be marked. It is not delivered.
	Failed State = "failed"
	// Erased means that what could lead to a person, and the bytes, are gone or going. The number stays taken.
	Erased State = "erased"
)

// steps is the state machine. An item begins as Received, as Held, or, where it leaves at once, as Delivered.
var steps = []struct {
	from State
	to   []State
}{
	{Received, []State{Held, Marked, Failed, Erased}},
	{Held, []State{Received, Failed, Erased}},
	{Marked, []State{Delivered, Failed, Erased}},
	{Delivered, []State{Delivered, Erased}},
	{Failed, []State{Erased}},
	{Erased, nil},
}

// States lists the states in the order of an item's life.
func States() []State {
	list := make([]State, 0, len(steps))
	for _, s := range steps {
		list = append(list, s.from)
	}
	return list
}

// May reports whether an item may go from one state to another.
func (s State) May(to State) bool {
	for _, step := range steps {
		if step.from == s {
			return slices.Contains(step.to, to)
		}
	}
	return false
}

// step refuses what the table does not have.
func step(from, to State) error {
	if from.May(to) {
		return nil
	}
	return refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(from), "to": string(to)})
}
