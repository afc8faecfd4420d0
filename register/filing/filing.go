// Package filing makes what is filed of an algorithm (Deep Synthesis Provisions Art. 19; Algorithm Recommendation Provisions
// Art. 24): one model of the facts, the [Kit], from which every part of the form is drawn, so that no part can say something
// else than another by accident.
//
// What the register and the running system know is filled in by [Kit.Fill]; what nobody entered is not known yet, and every
// document says so. [Lint] holds the parts against each other, against the register and against the habits of the public
// list, by a table of rules with their sources. [Keeper] keeps drafts: one person writes, another approves, and what was
// submitted is frozen. A correction is a draft of its own that amends the one before. [Clocks] says how long each step may
// take. [Documents] are the parts as trees of headings, texts, tables and pictures, for whoever draws them.
//
// The people whom a filing names are sealed, and apart from the kit: no record, no export and no finding has them.
//
// What not to do here: never file anything, and never issue a number or call one valid: it passes the check, or it does not.
// Never fill a field with what nobody knows. Never let the author approve, and never change what was submitted.
package filing

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of filings.
const Ledger = "filing"

// Schema is that of exported kits.
const Schema = "colophon.filing-kit/1"

// Codes of errors.
const (
	CodeInvalid  colophon.Code = "kit-invalid"  // arg "field"
	CodeMissing  colophon.Code = "kit-missing"  // there is no such filing
	CodeStep     colophon.Code = "kit-step"     // args "from", "to": the state table has no such step
	CodePerson   colophon.Code = "kit-person"   // a person of the staff has to do it
	CodeOwn      colophon.Code = "kit-own"      // who wrote it can't approve it
	CodeFindings colophon.Code = "kit-findings" // arg "count": contradictions and what is not known yet
	CodeChanged  colophon.Code = "kit-changed"  // the function is another one since it was approved
	CodeBusy     colophon.Code = "kit-busy"     // the function has a filing that was not submitted yet
	CodeNumber   colophon.Code = "kit-digits"   // a filing number is 21 digits
	CodeStale    colophon.Code = "kit-stale"    // arg "version": somebody changed the draft since it was read
	CodeFile     colophon.Code = "kit-file"     // there is no such file
)

// Types of records.
const (
	RecordDrafted   evidence.Type = "filing.drafted"
	RecordChanged   evidence.Type = "filing.changed"
	RecordProposed  evidence.Type = "filing.proposed"
	RecordReturned  evidence.Type = "filing.returned"
	RecordApproved  evidence.Type = "filing.approved"
	RecordSubmitted evidence.Type = "filing.submitted"
	RecordDecided   evidence.Type = "filing.decided"
	RecordAmended   evidence.Type = "filing.amended"
	RecordCancelled evidence.Type = "filing.cancelled"
	RecordWithdrawn evidence.Type = "filing.withdrawn"
	RecordRead      evidence.Type = "filing.read" // somebody read the people whom it names
)

// State says where a filing is.
type State string

// The states.
const (
	Drafted   State = "draft"
	Proposed  State = "proposed" // another person is asked to approve it
	Approved  State = "approved"
	Submitted State = "submitted" // it lies with the authority, and is frozen
	Filed     State = "filed"     // the authority gave a number
	Refused   State = "refused"   // the authority did not file it
	Amended   State = "amended"   // another one that was submitted takes its place
	Cancelled State = "cancelled" // the service ended, and the filing with it
	Withdrawn State = "withdrawn" // it was never submitted
)

var steps = ledger.Steps[State]{
	{Drafted, []State{Drafted, Proposed, Withdrawn}},
	{Proposed, []State{Drafted, Approved, Withdrawn}},
	{Approved, []State{Drafted, Submitted, Withdrawn}},
	{Submitted, []State{Filed, Refused, Amended, Cancelled}},
	{Filed, []State{Amended, Cancelled}},
	{Refused, []State{Amended, Cancelled}},
	{Amended, nil},
	{Cancelled, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of a filing's life.
func States() []State { return steps.States() }

// May reports whether a filing may go from one state to another. A draft goes to its own state by being changed.
func (s State) May(to State) bool { return steps.May(s, to) }

// Days are the days from which the clocks run, at any moment of the day. Zero means that it did not happen.
type Days struct {
	Began     time.Time `json:"began,omitzero"`   // the service began
	Changed   time.Time `json:"changed,omitzero"` // what was filed changed
	Ended     time.Time `json:"ended,omitzero"`   // the service ended
	Submitted time.Time `json:"submitted,omitzero"`
	Decided   time.Time `json:"decided,omitzero"`
	Cancelled time.Time `json:"cancelled,omitzero"` // the cancellation was submitted
}

// Submission says how a filing was handed in.
type Submission struct {
	Reference string    `json:"reference,omitempty"` // that the system of the authority gave
	Proof     string    `json:"proof"`               // SHA-256 of a receipt, or a picture of the page
	At        time.Time `json:"at"`
}

// Decision is what the authority said.
type Decision struct {
	Filed  bool      `json:"filed"`
	Number string    `json:"number,omitempty"` // 21 digits; of a filing that was done
	Reason string    `json:"reason,omitempty"` // of one that was not
	At     time.Time `json:"at"`
}

// Draft is one filing of an algorithm, from its first draft to its end.
type Draft struct {
	ID    string    `json:"-"`
	State State     `json:"-"`
	Made  time.Time `json:"-"`

	Function   string      `json:"function"` // as the register names it
	Part       int         `json:"part"`     // 1 for the first, one more with each amendment
	Kit        Kit         `json:"kit"`
	Files      []File      `json:"files,omitempty"` // bytes of annexes, and of the receipt
	SHA256     string      `json:"sha256"`          // of the kit
	Version    int         `json:"version"`
	Authors    []string    `json:"authors"` // staff accounts that wrote in it since it was approved last
	Reviewer   string      `json:"reviewer,omitempty"`
	Facts      string      `json:"facts,omitempty"` // what the register said when it was approved
	Note       string      `json:"note,omitempty"`  // why it was returned, withdrawn or cancelled
	Amends     string      `json:"amends,omitempty"`
	AmendedBy  string      `json:"amended_by,omitempty"`
	Days       Days        `json:"days"`
	Submission *Submission `json:"submission,omitempty"`
	Decision   *Decision   `json:"decision,omitempty"`
}

// Entry is a filing as it is kept.
type Entry = ledger.Entry[Draft]

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args, Clauses: clauses()}
}

// clauses are those under which algorithms are filed: the Deep Synthesis Provisions send to the others.
func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseDS19, colophon.ClauseAR24, colophon.ClauseAR25}
}

func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson, nil)
	}
	return nil
}
