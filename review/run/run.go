// Package run asks a model the questions of a bank and finds out how it did (GB/T 45654-2025; Deep Synthesis Provisions
// Art. 20): the assessment runner.
//
// A run is of one bank, by digest, one model, by name and by the digest of what serves it, one function, its parameters and a
// seed. [Keeper.Plan] enters it; [Keeper.Work] asks, and has the machine judge; [Keeper.Sample] puts a part of the answers
// before people (package sample); [Keeper.Result] counts at any time; [Keeper.Finish] keeps what was counted.
//
// Answers are kept in batches, each with one record, their texts sealed. Work can be ended at any moment and begun again: a
// question whose answer was kept is not asked again, and no question has two answers. What was on its way is asked again. One
// worker at a time has a run; the run of one that vanished is free after a while.
//
// An answer has one of three values: answered, refused, failed. An answer that did not come, came too late or was empty has
// failed, and counts as what nobody could tell. When many fail in a row the work stops, so that a model that is away does not
// make a run of failures.
//
// Whether a text is a refusal is told by whoever was asked, or read from how the text begins ([Refused] by phrase), which may
// be wrong: the result says how many were told in which way, and people judge a sample.
//
// What not to do here: never judge with the model that is assessed. Never count a failed answer as a refusal, or a check that
// did not run as passed. Never let a text of an answer into a record, an error or a value.
package run

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/review/bank"
)

// Names of the ledgers: of runs, and of batches of answers and judgements.
const (
	Ledger        = "run"
	LedgerBatches = "run-batch"
)

// Types of records.
const (
	RecordPlanned   evidence.Type = "run.planned"
	RecordStarted   evidence.Type = "run.started" // or gone on with
	RecordPaused    evidence.Type = "run.paused"
	RecordAnswered  evidence.Type = "run.answered" // a batch
	RecordAsked     evidence.Type = "run.asked"    // all of them
	RecordJudged    evidence.Type = "run.judged"   // a batch, by a machine
	RecordFinished  evidence.Type = "run.finished"
	RecordCancelled evidence.Type = "run.cancelled"
	RecordBegun     evidence.Type = "run.begun"   // a person had it worked
	RecordHalted    evidence.Type = "run.halted"  // a person had it rest
	RecordWorked    evidence.Type = "run.worked"  // the machine did what it can
	RecordSampled   evidence.Type = "run.sampled" // answers were drawn for people
)

// Codes of errors.
const (
	CodeInvalid colophon.Code = "run-invalid" // arg "field"
	CodeMissing colophon.Code = "run-missing" // there is no such run
	CodeStep    colophon.Code = "run-step"    // args "from", "to"
	CodePerson  colophon.Code = "run-person"  // a person of the staff has to do it
	CodeBusy    colophon.Code = "run-busy"    // another worker has it
	CodeLost    colophon.Code = "run-lost"    // the run was cancelled, or another worker has it by now
	CodeServing colophon.Code = "run-serving" // another model answers than the run is of
	CodeStopped colophon.Code = "run-stopped" // too many questions in a row failed
	CodeBank    colophon.Code = "run-bank"    // the bank is another one than the run was planned with
	CodeNothing colophon.Code = "run-nothing" // there is nothing to ask, or to draw from
	CodeOpen    colophon.Code = "run-open"    // people have not judged all of the sample
	CodeUnread  colophon.Code = "run-unread"  // what is kept of an answer can't be read
	CodePaused  colophon.Code = "run-paused"  // a person had it rest
)

// State says where a run is.
type State string

// The states.
const (
	Planned   State = "planned"
	Running   State = "running" // questions are asked, or some are still to be
	Judging   State = "judging" // every question has its answer
	Done      State = "done"
	Cancelled State = "cancelled"
)

var steps = ledger.Steps[State]{
	{Planned, []State{Running, Cancelled}},
	{Running, []State{Judging, Cancelled}},
	{Judging, []State{Done, Cancelled}},
	{Done, nil},
	{Cancelled, nil},
}

// States lists the states in the order of a run's life.
func States() []State { return steps.States() }

// May reports whether a run may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Outcome is what became of a question. The zero value is Failed, so that nothing counts as answered by omission.
type Outcome string

// The outcomes.
const (
	Failed   Outcome = ""         // no answer, or none that could be told
	Answered Outcome = "answered" // by a text
	Refused  Outcome = "refused"  // the model, or what stands before it, did not answer
)

// String returns the outcome's name.
func (o Outcome) String() string {
	if o == Failed {
		return "failed"
	}
	return string(o)
}

// Plan is what a run is of.
type Plan struct {
	Name       string            `json:"name"`
	Bank       string            `json:"bank"`    // identifier of an approved bank
	Model      string            `json:"model"`   // as the gateway and the register call it
	Serving    string            `json:"serving"` // digest of what serves it
	Function   string            `json:"function"`
	Parameters map[string]string `json:"parameters,omitempty"` // such as temperature; handed to whoever asks
	Seed       uint32            `json:"seed"`                 // of the order of questions and of samples
	Kinds      []bank.Kind       `json:"kinds,omitempty"`      // that are asked; none for all
}

// Run is a run as it is kept.
type Run struct {
	ID        string            `json:"-"`
	State     State             `json:"-"`
	Made      time.Time         `json:"-"`
	Plan      Plan              `json:"plan"`
	Digest    string            `json:"digest"` // of the bank
	Questions int               `json:"questions"`
	Kinds     map[bank.Kind]int `json:"kinds"`
	Planner   string            `json:"planner"`         // staff account
	Drawn     map[bank.Kind]int `json:"drawn,omitempty"` // answers that people have to judge
	Started   time.Time         `json:"started,omitzero"`
	Asked     time.Time         `json:"asked,omitzero"`    // when the last answer was there
	Ended     time.Time         `json:"ended,omitzero"`    // done or cancelled
	Halted    bool              `json:"halted,omitempty"`  // a person had it rest
	Due       bool              `json:"due,omitempty"`     // it was started, and no worker has had it since
	Wanted    bool              `json:"wanted,omitempty"`  // a worker is to go on with it
	Trouble   colophon.Code     `json:"trouble,omitempty"` // why the work stopped last
	Judged    time.Time         `json:"judged,omitzero"`   // when the machine had done what it can
	Worker    string            `json:"worker,omitempty"`
	Claimed   time.Time         `json:"claimed,omitzero"`
	Reason    string            `json:"reason,omitempty"` // why it was cancelled
	Result    *Result           `json:"result,omitempty"` // once it is done
	Sum       string            `json:"sum,omitempty"`    // SHA-256 of the result as canonical JSON
}

// Answer is what became of one question.
type Answer struct {
	Question string  `json:"question"`
	Outcome  Outcome `json:"outcome,omitempty"`
	How      string  `json:"how,omitempty"` // stated by whoever was asked, or by phrase; empty for a failure
	// Code is of a refusal by what stands before the model, such as screening.
	Code  colophon.Code `json:"code,omitempty"`
	Fault string        `json:"fault,omitempty"` // of a failure: time-out, error, empty, form
	Cut   bool          `json:"cut,omitempty"`   // the text was longer than is kept
	Text  string        `json:"-"`               // sealed
}

// How an outcome was told, and why an answer failed.
const (
	HowStated = "stated"
	HowPhrase = "phrase"
	HowText   = "text" // there is a text, and it does not begin as refusals do

	FaultTimeout = "time-out"
	FaultError   = "error"
	FaultEmpty   = "empty"
	FaultForm    = "form" // not UTF-8, or an outcome that there isn't
)

// MaxAnswer is how many bytes of an answer are kept.
const MaxAnswer = 64 << 10

// Batch is answers, or judgements of one judge, that were kept together.
type Batch struct {
	Run        string      `json:"run"`
	Answers    []Answer    `json:"answers,omitempty"`
	Judge      string      `json:"judge,omitempty"`
	Version    string      `json:"version,omitempty"` // of the judge
	Method     Method      `json:"method,omitempty"`
	Judgements []Judgement `json:"judgements,omitempty"`
}

// Banks is what a run has to know about banks. Package bank's Keeper has it.
type Banks interface {
	// Fit returns a bank that runs may be made with, and an error for any other.
	Fit(ctx context.Context, id string) (bank.Version, error)
	// Question returns one question of a bank.
	Question(ctx context.Context, id, question string) (bank.Question, error)
	// Open returns a bank with its questions.
	Open(ctx context.Context, id string) (bank.Bank, error)
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS20} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func conflict(code colophon.Code) error { return &colophon.Error{Kind: colophon.Conflict, Code: code} }

func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson, Clauses: clauses()}
	}
	return nil
}

func (p Plan) check() error {
	switch {
	case !line(p.Name, 200):
		return invalid("name")
	case p.Bank == "":
		return invalid("bank")
	case !line(p.Model, 200):
		return invalid("model")
	case !line(p.Serving, 200):
		return invalid("serving")
	case !line(p.Function, 64):
		return invalid("function")
	case len(p.Parameters) > 32:
		return invalid("parameters")
	}
	for name, value := range p.Parameters {
		if !line(name, 64) || !line(value, 1024) {
			return invalid("parameters")
		}
	}
	for i, k := range p.Kinds {
		if !slices.Contains(bank.Kinds(), k) || slices.Contains(p.Kinds[:i], k) {
			return invalid("kinds")
		}
	}
	return nil
}

// asks reports whether questions of a kind are asked.
func (p Plan) asks(k bank.Kind) bool { return len(p.Kinds) == 0 || slices.Contains(p.Kinds, k) }

func line(s string, most int) bool {
	return strings.TrimSpace(s) != "" && len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
