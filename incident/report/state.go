package report

import (
	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// IncidentState says where an incident is.
type IncidentState string

// The states of an incident.
const (
	Open IncidentState = "open"
	// Closing means that one person wants to close or dismiss it.
	Closing IncidentState = "closing"
	// Closed means that its handling ended. The summary may be due.
	Closed IncidentState = "closed"
	// Settled means that it is closed and nothing more is due.
	Settled IncidentState = "settled"
	// Dismissed means that it was no incident.
	Dismissed IncidentState = "dismissed"
)

// incidentSteps is the state machine. From Open to Closed or Dismissed one person leads an incident that nothing grades.
var incidentSteps = ledger.Steps[IncidentState]{
	{Open, []IncidentState{Closing, Closed, Dismissed}},
	{Closing, []IncidentState{Open, Closed, Dismissed}},
	{Closed, []IncidentState{Settled, Open}},
	{Settled, []IncidentState{Open}},
	{Dismissed, []IncidentState{Open}},
}

// IncidentStates lists the states in the order of an incident's life.
func IncidentStates() []IncidentState { return incidentSteps.States() }

// May reports whether an incident may go from one state to another.
func (s IncidentState) May(to IncidentState) bool { return incidentSteps.May(s, to) }

// to puts an incident into another state, or refuses what the table does not have.
func to(e *Entry, s IncidentState) error {
	if !IncidentState(e.State).May(s) {
		return refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": string(s)})
	}
	e.State = string(s)
	return nil
}

// in refuses an incident that is in none of some states.
func in(e *Entry, want IncidentState, states ...IncidentState) error {
	for _, s := range states {
		if e.State == string(s) {
			return nil
		}
	}
	return refuse(colophon.Conflict, CodeStep, colophon.Args{"from": e.State, "to": string(want)})
}

// StepState says where a step of a playbook is.
type StepState string

// The states of a step.
const (
	StepOpen    StepState = "open"
	StepDone    StepState = "done"
	StepSkipped StepState = "skipped" // a person said why it is not needed
)

var stepSteps = ledger.Steps[StepState]{
	{StepOpen, []StepState{StepDone, StepSkipped}},
	{StepDone, []StepState{StepOpen}},
	{StepSkipped, []StepState{StepOpen}},
}

// StepStates lists the states of a step.
func StepStates() []StepState { return stepSteps.States() }

// May reports whether a step may go from one state to another.
func (s StepState) May(to StepState) bool { return stepSteps.May(s, to) }

// PaperState says where a paper is.
type PaperState string

// The states of a paper.
const (
	Drafted PaperState = "draft"
	Filed   PaperState = "filed"
	Amended PaperState = "amended" // another paper that was filed takes its place
	Dropped PaperState = "dropped" // it is not filed
)

// paperSteps is the state machine. To its own state a paper goes by being filled again or by a further proof.
var paperSteps = ledger.Steps[PaperState]{
	{Drafted, []PaperState{Drafted, Filed, Dropped}},
	{Filed, []PaperState{Filed, Amended}},
	{Amended, []PaperState{Amended}},
	{Dropped, nil},
}

// PaperStates lists the states in the order of a paper's life.
func PaperStates() []PaperState { return paperSteps.States() }

// May reports whether a paper may go from one state to another.
func (s PaperState) May(to PaperState) bool { return paperSteps.May(s, to) }

// DrillState says where a drill is.
type DrillState string

// The states of a drill.
const (
	Planned   DrillState = "planned"
	Held      DrillState = "held"
	Cancelled DrillState = "cancelled"
	Missed    DrillState = "missed" // its day is over and nobody said that it was held
)

// drillSteps is the state machine. A drill whose day is over can still be recorded as held.
var drillSteps = ledger.Steps[DrillState]{
	{Planned, []DrillState{Held, Cancelled, Missed}},
	{Missed, []DrillState{Held}},
	{Held, nil},
	{Cancelled, nil},
}

// DrillStates lists the states in the order of a drill's life.
func DrillStates() []DrillState { return drillSteps.States() }

// May reports whether a drill may go from one state to another.
func (s DrillState) May(to DrillState) bool { return drillSteps.May(s, to) }
