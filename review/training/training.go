// Package training samples training data (GB/T 45654-2025; Generative AI Measures Art. 7): it draws items of a dataset from its
// manifest, has a machine judge a tenth of them and people the rest of what the yardsticks ask for, and enters what that came
// to into the dataset.
//
// [Keeper.Draw] reads a manifest twice: once to list and to draw, once for the texts of what was drawn. Chance is that of
// package sample, by a seed, so that anybody with the manifest can draw again: people's sample by the seed, the machine's by
// the seed and one. Texts of the machine's part are judged as they pass; those of people's part are kept, sealed, until the
// sample is over. People judge on a [sample.Panel], like the answers of an assessment.
//
// [Keeper.Result] holds what was judged against the yardsticks at any time. Where a dataset has fewer items than a yardstick
// asks for, all of them have to be judged. A sample is of a dataset as it was: when the dataset is another one since,
// [Keeper.Finish] refuses.
//
// What not to do here: never keep a text that was not drawn, or one after the end. Never count an item that a machine can't
// read as passed. Never take a machine's word for a source: people say what is illegal.
package training

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/review/sample"
)

// Names of the ledgers: of samples, and of the texts that people judge.
const (
	Ledger      = "training-sample"
	TextsLedger = "training-texts"
)

// Types of records.
const (
	RecordBegun     evidence.Type = "training.begun"
	RecordKept      evidence.Type = "training.kept" // texts, for people to judge
	RecordDrawn     evidence.Type = "training.drawn"
	RecordFinished  evidence.Type = "training.finished"
	RecordCancelled evidence.Type = "training.cancelled"
	RecordForgotten evidence.Type = "training.forgotten" // texts, at the end
)

// Codes of errors.
const (
	CodeInvalid colophon.Code = "training-invalid" // arg "field"
	CodeMissing colophon.Code = "training-missing" // there is no such sample
	CodePerson  colophon.Code = "training-person"  // a person of the staff has to do it
	CodeStep    colophon.Code = "training-step"    // args "from", "to"
	CodeOpen    colophon.Code = "training-open"    // arg "count": items that people have not judged
	CodeChanged colophon.Code = "training-changed" // the manifest changed while it was read
	CodeBusy    colophon.Code = "training-busy"    // another sample of the dataset is judged
)

// State says where a sample is.
type State string

// The states.
const (
	Drawing   State = "drawing" // or it broke off: then it is cancelled, and drawn again
	Judging   State = "judging"
	Done      State = "done"
	Cancelled State = "cancelled"
)

var steps = ledger.Steps[State]{{Drawing, []State{Judging, Cancelled}}, {Judging, []State{Done, Cancelled}}, {Done, nil}, {Cancelled, nil}}

// States lists the states in the order of a sample's life.
func States() []State { return steps.States() }

// Machine is what machines said of the items that were drawn for them.
type Machine struct {
	Drawn   int      `json:"drawn"`
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Unknown int      `json:"unknown"` // of these nobody could tell; an item without a text is one
	Judges  []string `json:"judges"`  // each with its version
}

// Sample is a sample as it is kept.
type Sample struct {
	ID      string           `json:"-"`
	State   State            `json:"-"`
	Made    time.Time        `json:"-"`
	Dataset string           `json:"dataset"`
	Digest  string           `json:"digest"` // of the dataset
	Items   int              `json:"items"`  // there are
	Seed    uint32           `json:"seed"`
	Quota   sample.Quota     `json:"quota"`
	Drawn   int              `json:"drawn"` // for people
	Short   map[string]int   `json:"short,omitempty"`
	Machine Machine          `json:"machine"`
	By      string           `json:"by"` // staff account
	Ended   time.Time        `json:"ended,omitzero"`
	Results []dataset.Result `json:"results,omitempty"` // once it is done
}

// Order says what is drawn.
type Order struct {
	Dataset string
	Seed    uint32
	// Quota is how many items people judge: at least so many, and so many of each source. Zero is what the yardstick asks for.
	// With a number for each source the share is that of the sample, not of the dataset.
	Quota sample.Quota
}

// Text is an item as people judge it.
type Text struct {
	Text   string `json:"text,omitempty"`
	Cut    bool   `json:"cut,omitempty"`
	At     string `json:"at,omitempty"` // where it lies, where it is no text
	SHA256 string `json:"sha256"`
}

// Texts is a batch of texts. The texts themselves are sealed.
type Texts struct {
	Sample string `json:"sample"`
	Units  int    `json:"units"`
}

const (
	keyDataset = "dataset"
	keySample  = "sample"
	keyUnit    = "unit" // sample/unit
	batch      = 50     // texts that are kept together
	// mostShown is how much of a text people get to see, in bytes.
	mostShown = 16 << 10
	suffix    = ".corpus"
	stateKept = "kept"         // of texts that are not forgotten
	drawTime  = 24 * time.Hour // after which a drawing that did not end has broken off
)

// Sheet is the name of the sheet on which people judge a sample.
func Sheet(id string) string { return id + suffix }

func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseGenAI7, colophon.ClauseDS14}
}

// said is the payload of records.
type said struct {
	Sample  string           `json:"sample"`
	By      string           `json:"by,omitempty"`
	Value   *Sample          `json:"value,omitempty"`
	Units   []string         `json:"units,omitempty"`
	Results []dataset.Result `json:"results,omitempty"`
	Kappa   *sample.Kappa    `json:"kappa,omitempty"`
}

func act(typ evidence.Type, by ledger.By, s said) ledger.Act {
	s.By = by.ID
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: s}
}

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args}
}

func invalid(field string) error {
	return refuse(colophon.Invalid, CodeInvalid, colophon.Args{"field": field})
}

func view(e ledger.Entry[Sample]) Sample {
	v := e.Value
	v.ID, v.State, v.Made = e.ID, State(e.State), e.Made
	return v
}
