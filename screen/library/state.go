package library

import (
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// State says how far a feature got.
type State string

// The states.
const (
	Proposed State = "proposed" // somebody wants it
	Reviewed State = "reviewed" // somebody else agreed
	Replayed State = "replayed" // it is known what it would hit of the stored samples
	Active   State = "active"   // it is in force
	Retired  State = "retired"  // it was in force
	Rejected State = "rejected" // it never was
)

// States returns the states in the order of a feature's life.
func States() []State { return []State{Proposed, Reviewed, Replayed, Active, Retired, Rejected} }

// Types of records.
const (
	RecordProposed  evidence.Type = "library.proposed"
	RecordReviewed  evidence.Type = "library.reviewed"
	RecordReplayed  evidence.Type = "library.replayed"
	RecordActivated evidence.Type = "library.activated"
	RecordRetired   evidence.Type = "library.retired"
	RecordRejected  evidence.Type = "library.rejected"
	RecordSampled   evidence.Type = "library.sampled"
	RecordUnsampled evidence.Type = "library.sample-removed"
)

// step is one step of the entry procedure.
type step struct {
	from, to State
	record   evidence.Type
	other    bool // a person who did not propose it
	reason   bool // a reason must be given
	version  bool // it makes a new version of the library
}

// steps is the entry procedure. What is not in it can't be done.
func steps() []step {
	return []step{
		{"", Proposed, RecordProposed, false, false, false}, // the reason stands in each feature
		{Proposed, Reviewed, RecordReviewed, true, false, false},
		{Reviewed, Replayed, RecordReplayed, false, false, false},
		{Replayed, Replayed, RecordReplayed, false, false, false}, // again, over other samples
		{Replayed, Active, RecordActivated, false, false, true},
		{Active, Retired, RecordRetired, false, true, true},
		{Proposed, Rejected, RecordRejected, false, true, false},
		{Reviewed, Rejected, RecordRejected, false, true, false},
		{Replayed, Rejected, RecordRejected, false, true, false},
	}
}

// May reports whether the procedure has a step from one state to another.
func (s State) May(to State) bool {
	return slices.ContainsFunc(steps(), func(p step) bool { return p.from == s && p.to == to })
}

// Live reports whether a feature in the state is in force or may still come into force, so that nobody may propose the
// same again.
func (s State) Live() bool { return s != Retired && s != Rejected }

// stepFrom returns the step that leads from a state to another.
func stepFrom(from, to State) (step, error) {
	all := steps()
	i := slices.IndexFunc(all, func(p step) bool { return p.from == from && p.to == to })
	if i < 0 {
		return step{}, refuse(colophon.Refused, CodeStep, colophon.Args{"from": string(from), "to": string(to)}, nil)
	}
	return all[i], nil
}
