// Package correction follows what a provider of generative AI has to do once it found illegal output (Generative AI Measures
// Art. 14): stop generating and sending it, delete it, correct the model, and report to the authority.
//
// A [Case] has the four steps of [Steps], in no order that binds. Each step is taken by a person who says when, how, and what
// shows it ([Evidence]). Where a step can't be taken because nothing left or nothing stands anywhere, a person says why;
// correcting the model and reporting can't be left out. No law gives a figure for any of them: the limits are the provider's
// own, and one that ran out is written down.
//
// A case is closed when no step is open, by somebody who did not say that the model was corrected. It is dismissed by neither
// whoever said so nor whoever opened it. It is opened by hand, or from what found the output: a held item, a case of the desk,
// an incident; of one origin one case is open at a time. What people write is sealed for a pseudonym that is drawn for the case.
//
// What not to do here: no control order, no training, no report. Never keep the output itself, nor anything that leads to an
// account. Never take a step because a limit ran out.
package correction

import (
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger.
const Ledger = "correction"

// Types of records.
const (
	RecordOpened    evidence.Type = "correction.opened"
	RecordStepped   evidence.Type = "correction.stepped"
	RecordRetracted evidence.Type = "correction.retracted"
	RecordBreached  evidence.Type = "correction.breached"
	RecordClosed    evidence.Type = "correction.closed"
	RecordDismissed evidence.Type = "correction.dismissed"
	RecordReopened  evidence.Type = "correction.reopened"
	RecordRead      evidence.Type = "correction.read"
)

// Codes of errors.
const (
	CodeMissing  colophon.Code = "correction-missing"
	CodeInvalid  colophon.Code = "correction-invalid"     // arg "field"
	CodeStep     colophon.Code = "correction-step"        // args "from", "to"
	CodePerson   colophon.Code = "correction-person"      // a person of the staff has to do it
	CodeSame     colophon.Code = "correction-same-person" // whoever said that the model was corrected does not end the case, nor does its opener dismiss it
	CodeOpen     colophon.Code = "correction-open"        // arg "steps": these are open
	CodeEvidence colophon.Code = "correction-evidence"    // nothing shows that the step was taken
	CodeNeeded   colophon.Code = "correction-needed"      // arg "step": it can't be left out
	CodeErased   colophon.Code = "correction-erased"      // what was sealed can't be read any more
)

// State says where a case is.
type State string

// The states.
const (
	Open      State = "open"
	Closed    State = "closed"
	Dismissed State = "dismissed" // the output was not illegal, or not ours
)

var states = ledger.Steps[State]{
	{From: Open, To: []State{Closed, Dismissed}},
	{From: Closed, To: []State{Open}},
	{From: Dismissed, To: []State{Open}},
}

// Step is one thing that has to be done.
type Step string

// The steps.
const (
	Stop    Step = "stop"    // generating and sending it
	Delete  Step = "delete"  // what was made
	Correct Step = "correct" // the model
	Report  Step = "report"  // to the authority
)

// Steps lists the steps in the order of the law.
func Steps() []Step { return []Step{Stop, Delete, Correct, Report} }

// Needed reports whether a step can't be left out.
func (s Step) Needed() bool { return s == Correct || s == Report }

// How says by what the model was corrected.
type How string

// By what. The law names training; whoever does not train the model has other ways.
const (
	ByTraining How = "training"
	ByFilter   How = "filter"   // a feature, a rule of the policy, a classifier
	ByPrompt   How = "prompt"   // the instructions that go before each request
	BySupplier How = "supplier" // whoever makes the model corrected it
	ByRetiring How = "retiring" // the model is not used any more
)

// Hows lists them.
func Hows() []How { return []How{ByTraining, ByFilter, ByPrompt, BySupplier, ByRetiring} }

// Evidence names what shows that a step was taken, by an identifier that leads to no person.
type Evidence struct {
	Kind string `json:"kind"` // such as order, feature, run, pack, record
	ID   string `json:"id"`
}

// Taken says how a step stands.
type Taken struct {
	Step     Step       `json:"step"`
	Done     bool       `json:"done,omitempty"`
	Skipped  bool       `json:"skipped,omitempty"` // a person said why there is nothing to do
	At       time.Time  `json:"at,omitzero"`       // when it was done
	Entered  time.Time  `json:"entered,omitzero"`
	By       string     `json:"by,omitempty"` // staff account
	How      How        `json:"how,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Open reports whether nobody took it.
func (t Taken) Open() bool { return !t.Done && !t.Skipped }

// Breach is a limit that ran out.
type Breach struct {
	Step Step      `json:"step"`
	Due  time.Time `json:"due"`
	Seen time.Time `json:"seen"`
}

// Case is one case. It leads to no person: what people wrote is sealed beside it.
type Case struct {
	ID      string           `json:"-"`
	Subject evidence.Subject `json:"-"`
	State   State            `json:"-"`
	Made    time.Time        `json:"-"`
	Kept    ledger.Kept      `json:"-"`

	Origin   string     `json:"origin,omitempty"` // kind and identifier of what found it, such as held/…; one open case for each
	About    []Evidence `json:"about,omitempty"`  // content numbers, judgements and the like
	Function string     `json:"function,omitempty"`
	Model    string     `json:"model,omitempty"`
	Found    time.Time  `json:"found"`
	Taken    []Taken    `json:"taken"` // of each step, in the order of Steps
	Breaches []Breach   `json:"breaches,omitempty"`
	Opener   string     `json:"opener,omitempty"` // staff account or API key; empty for the system
	Closed   time.Time  `json:"closed,omitzero"`
	Closer   string     `json:"closer,omitempty"`
}

// step is how one step stands.
func (c Case) step(s Step) Taken {
	i := slices.IndexFunc(c.Taken, func(t Taken) bool { return t.Step == s })
	if i < 0 {
		return Taken{Step: s}
	}
	return c.Taken[i]
}

// Left are the steps that nobody took.
func (c Case) Left() (list []Step) {
	for _, s := range Steps() {
		if c.step(s).Open() {
			list = append(list, s)
		}
	}
	return list
}

// Words are what is sealed of a case.
type Words struct {
	Title   string          `json:"title"`
	Summary string          `json:"summary,omitempty"`
	Notes   map[Step]string `json:"notes,omitempty"` // what was said of each step
}

// Entry is a case as it is kept.
type Entry = ledger.Entry[Case]

func read(e Entry) Case {
	c := e.Value
	c.ID, c.Subject, c.State, c.Made, c.Kept = e.ID, e.Subject, State(e.State), e.Made, e.Kept
	return c
}

// Config says what a keeper works with.
type Config struct {
	Cases    ledger.Store[Case]
	Recorder *evidence.Recorder // its clock is the keeper's
	Keys     ledger.Unsealer
	// AtOnce is how long the provider allows itself to stop, to delete and to report; Correct, to correct the model. No law
	// gives a figure.
	AtOnce  time.Duration
	Correct time.Duration
}

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct {
	config Config
	book   ledger.Book[Case]
}

// Bounds of what may be told.
const (
	maxTitle    = 200
	maxProse    = 4000
	maxAbout    = 50
	maxEvidence = 20
)

// New makes a keeper.
func New(c Config) (*Keeper, error) {
	if c.Cases == nil || c.Recorder == nil || c.Keys == nil || c.AtOnce <= 0 || c.Correct <= 0 {
		return nil, errors.New("a keeper of corrections needs a ledger, a recorder, keys and limits")
	}
	return &Keeper{c, ledger.Book[Case]{Store: c.Cases, Recorder: c.Recorder, Keys: c.Keys, Use: "correction/", Missing: CodeMissing}}, nil
}

// Due is by when a step is to be taken, by the provider's own limit.
func (k *Keeper) Due(c Case, s Step) time.Time {
	if s == Correct {
		return c.Found.Add(k.config.Correct)
	}
	return c.Found.Add(k.config.AtOnce)
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseGenAI14} }

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args, Clauses: clauses()}
}

func invalid(field string) error {
	return refuse(colophon.Invalid, CodeInvalid, colophon.Args{"field": field})
}

func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson, nil)
	}
	return nil
}
