package moderation

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon"
)

// State says where an item is.
type State string

// The states.
const (
	// Waiting means that nobody has it.
	Waiting State = "waiting"
	// Taken means that one reviewer has it. Once the lease is over another may take it.
	Taken State = "taken"
	// Decided means that people decided.
	Decided State = "decided"
	// Expired means that nobody decided in time, and that the system refused.
	Expired State = "expired"
)

// steps is the state machine. An item begins as Waiting. From Taken it goes back to Waiting when it is returned, and when
// it is handed on to another stage.
var steps = []struct {
	from State
	to   []State
}{
	{Waiting, []State{Taken, Expired}},
	{Taken, []State{Taken, Waiting, Decided, Expired}},
	{Decided, nil},
	{Expired, nil},
}

// Stage says whose turn it is.
type Stage string

// The stages.
const (
	// First is for any reviewer.
	First Stage = "first"
	// Second is for another reviewer, who decides again.
	Second Stage = "second"
	// Senior is for a senior: it was escalated, or two reviewers disagreed.
	Senior Stage = "senior"
)

// stages says to which stage an item may be handed on. What was escalated before anybody decided may still need a second
// pair of eyes.
var stages = []struct {
	from Stage
	to   []Stage
}{
	{First, []Stage{Second, Senior}},
	{Second, []Stage{Senior}},
	{Senior, []Stage{Second}},
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

// Final reports whether nothing follows.
func (s State) Final() bool { return s == Decided || s == Expired }

// May reports whether an item may be handed on from one stage to another.
func (s Stage) May(to Stage) bool {
	for _, step := range stages {
		if step.from == s {
			return slices.Contains(step.to, to)
		}
	}
	return false
}

// to puts the item into another state, or refuses what the table does not have.
func (it *Item) to(s State) error {
	if !it.State.May(s) {
		return refuse(colophon.Conflict, CodeStep, colophon.Args{"from": string(it.State), "to": string(s)})
	}
	it.State = s
	return nil
}

// pass hands a taken item on to another stage.
func (it *Item) pass(s Stage) error {
	if !it.Stage.May(s) {
		return refuse(colophon.Conflict, CodeStage, colophon.Args{"from": string(it.Stage), "to": string(s)})
	}
	it.Stage = s
	return it.leave()
}

// leave takes the item from its reviewer.
func (it *Item) leave() error {
	it.Reviewer, it.Lease, it.Seen = "", time.Time{}, false
	return it.to(Waiting)
}
