// Package duty keeps the catalogue of duties and says of each whether it is met, and what says so.
//
// A [Pack] is data: instruments, their articles, the obligations in them (who, on which occasion, and by which [Fact] they
// apply), the controls by which Colophon meets an obligation, and the probes that find out whether a control works. Packs
// have effective dates; a [Catalogue] is one or more of them. What a probe saw is an [Observation], which is kept for good
// and never changed, except that it becomes void when what it rests on can't be read any more.
//
// A [State] is computed, never entered. [Evaluate] is a pure function of catalogue, facts, observations and waivers at a
// [Moment], which has two times: when the state is asked for, and what was known when. So "was it met on that day" and "did
// we know it then" are two questions with two answers. The rules:
//
//   - what nobody looked at is unknown, and so is an obligation for which no probe exists;
//   - a run that failed counts until a later one passes, however old it is;
//   - a run that passed counts until its time to live or its own end is over, and then it is stale;
//   - a run that could not tell, or is void, takes the place of an older pass, and never of an older failure;
//   - of the probes of a control, and of the controls of an obligation, the worst counts: a setting that reads well never
//     outvotes a negative probe that failed, is stale or did not run;
//   - what a person says is attested, and never makes anything met;
//   - a waiver takes two people, a reason and an end, shows what it covers, and is never counted as met;
//   - where it is not known whether an obligation applies, it is not said to be met.
//
// What not to do here: no probe runs here (internal/probe), nothing is asked of the rest of the program. Never let an error
// read as met, and never as not applicable. Never copy sentences of a law: a pack says the duty in words of ours. Never name
// a person in an observation, a reason or a waiver.
package duty

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Names of the ledgers.
const (
	LedgerObservations = "duty-observations"
	LedgerWaivers      = "duty-waivers"
	LedgerFacts        = "duty-facts"
	LedgerStates       = "duty-states"
)

// Types of records.
const (
	RecordObserved       evidence.Type = "duty.observed"
	RecordVoided         evidence.Type = "duty.voided"
	RecordWaiverProposed evidence.Type = "duty.waiver-proposed"
	RecordWaiverApproved evidence.Type = "duty.waiver-approved"
	RecordWaiverRejected evidence.Type = "duty.waiver-rejected"
	RecordWaiverEnded    evidence.Type = "duty.waiver-ended"
	RecordFactProposed   evidence.Type = "duty.fact-proposed"
	RecordFactConfirmed  evidence.Type = "duty.fact-confirmed"
	RecordFactRejected   evidence.Type = "duty.fact-rejected"
	RecordChanged        evidence.Type = "duty.changed"
)

// Codes of errors.
const (
	CodePack    colophon.Code = "duty-pack"    // args "item", "field"
	CodeInvalid colophon.Code = "duty-invalid" // arg "field"
	CodeUnknown colophon.Code = "duty-unknown" // arg "id": the catalogue has no such obligation or probe
	CodeMissing colophon.Code = "duty-missing" // there is no such entry
	CodeStep    colophon.Code = "duty-step"    // args "from", "to"
	CodePerson  colophon.Code = "duty-person"  // a person has to do it
	CodeOwn     colophon.Code = "duty-own"     // another person has to do it
	CodeProgram colophon.Code = "duty-program" // only the program enters what a probe saw
	CodeVersion colophon.Code = "duty-version" // args "probe", "version": another version of the probe is in use
)

// Codes of the reasons for a state.
const (
	ReasonPassed      colophon.Code = "duty-reason-passed"
	ReasonFailed      colophon.Code = "duty-reason-failed"
	ReasonExpired     colophon.Code = "duty-reason-expired"      // the time to live of the run is over
	ReasonEnded       colophon.Code = "duty-reason-ended"        // the run spoke of a time that is over
	ReasonOlderProbe  colophon.Code = "duty-reason-older-probe"  // another version of the probe ran
	ReasonNeverRan    colophon.Code = "duty-reason-never-ran"    // the probe did not run
	ReasonNoProbe     colophon.Code = "duty-reason-no-probe"     // nothing finds out whether it is met
	ReasonUntold      colophon.Code = "duty-reason-untold"       // the run could not tell
	ReasonVoid        colophon.Code = "duty-reason-void"         // what the run rests on can't be read
	ReasonAttested    colophon.Code = "duty-reason-attested"     // a person says so
	ReasonWaived      colophon.Code = "duty-reason-waived"       // two people decided to do without it for a time
	ReasonNotYet      colophon.Code = "duty-reason-not-yet"      // not in force yet
	ReasonRepealed    colophon.Code = "duty-reason-repealed"     // not in force any more
	ReasonFact        colophon.Code = "duty-reason-fact"         // a fact says that it does not apply
	ReasonFactUnknown colophon.Code = "duty-reason-fact-unknown" // nobody said whether it applies
)

// Why an observation is void.
const (
	VoidStore  colophon.Code = "duty-void-store"  // what the probe saw could not be stored
	VoidDigest colophon.Code = "duty-void-digest" // what is stored is not what the probe saw
	VoidGone   colophon.Code = "duty-void-gone"   // what was stored is gone
)

// State says how an obligation stands.
type State string

// The states.
const (
	NotMet        State = "not-met"
	Unknown       State = "unknown"
	Stale         State = "stale"
	Attested      State = "attested"
	Met           State = "met"
	Waived        State = "waived"
	NotApplicable State = "not-applicable"
)

// States lists the states, the worst first.
func States() []State { return []State{NotMet, Unknown, Stale, Waived, Attested, Met, NotApplicable} }

// Code is the code of the state's sentence.
func (s State) Code() colophon.Code { return colophon.Code("duty-state-" + string(s)) }

// worse reports whether one state is worse than another.
func (s State) worse(than State) bool {
	return slices.Index(States(), s) < slices.Index(States(), than)
}

// system is the role of what the program does by itself.
const system evidence.Role = "system"

const (
	maxReason  = 4 << 10 // bytes
	maxWaiver  = 366 * 24 * time.Hour
	maxSamples = 100
	maxArgs    = 16
	maxArg     = 512     // bytes
	maxValue   = 4 << 10 // bytes of what was expected and seen
	// MaxArtefact bounds what a probe hands over as proof, in bytes.
	MaxArtefact = 16 << 20
)

func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	}
	return nil
}

// other refuses whoever wrote a thing, and who is no person.
func other(by ledger.By, author string) error {
	if err := person(by); err != nil {
		return err
	}
	if by.ID == author {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeOwn}
	}
	return nil
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func step(from, to string) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": from, "to": to}}
}
