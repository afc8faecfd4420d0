// Package report keeps incidents: what happened, how grave it is and why, what has to be told to whom by when, what was told,
// and what was done about it.
//
// An [Incident] has one or more kinds. Its grade is computed from [Fact]s by the rows of a [Guide] and never chosen: a fact is
// an interval, so "at least a million, still counting" is a fact too, and what nobody knows yet leaves the grade open. The
// answer has three values, and names the least grade that is certain. What the guide says without figures is a fact as well,
// which a person judges. A [Clock] is computed from the moments of an incident (when it was known, graded, closed, reported)
// by the rows of a [Timetable], and never stored; [Keeper.Sweep] writes down the limits that ran out.
//
// A [Paper] is a report or a notice: a [Document] with an answer in every field, where what is not known yet is said so. It is
// drafted, filed by a person with the proof, and amended by a paper of its own that names the digest of the one before. The
// timeline has what people enter, and what orders, measures and alerts tell by themselves ([Feed]), each once. A [Playbook]
// starts with the incident; people tick its steps. Drills stand on a calendar.
//
// Two people close an incident that can be graded. Two people correct a fact where that lowers the least grade that is certain,
// ends a clock that runs for sure or makes an exception of one: what is in force stays until the second agrees. What people write
// is sealed for a pseudonym that is drawn for the incident, and can be erased by it.
//
// Guide, timetable, playbooks and forms are data ([Starter]). Each figure has its source and how far that source can be trusted
// ([Confidence]); what an answer rests on is told with it.
//
// What not to do here: no sending, no control order, no measure. Never lower a grade because a fact is missing. Never count a
// clock as met because nobody looked. Never store a time limit.
package report

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Names of the ledgers.
const (
	Ledger      = "incident"
	EventLedger = "incident-event"
	PaperLedger = "incident-report"
	DrillLedger = "drill"
)

// Types of records.
const (
	RecordOpened    evidence.Type = "incident.opened"
	RecordLearned   evidence.Type = "incident.learned" // a fact or a kind that changed no grade
	RecordGraded    evidence.Type = "incident.graded"  // one that did
	RecordCorrected evidence.Type = "incident.correction-proposed"
	RecordStood     evidence.Type = "incident.correction-refused"
	RecordKnown     evidence.Type = "incident.known-earlier"
	RecordStepped   evidence.Type = "incident.stepped"
	RecordNoted     evidence.Type = "incident.noted"
	RecordBreached  evidence.Type = "incident.breached"
	RecordClosing   evidence.Type = "incident.closing-proposed"
	RecordKept      evidence.Type = "incident.kept-open"
	RecordClosed    evidence.Type = "incident.closed"
	RecordDismissed evidence.Type = "incident.dismissed"
	RecordSettled   evidence.Type = "incident.settled"
	RecordReopened  evidence.Type = "incident.reopened"
	RecordRead      evidence.Type = "incident.read"

	RecordDrafted evidence.Type = "incident-report.drafted"
	RecordFilled  evidence.Type = "incident-report.filled"
	RecordFiled   evidence.Type = "incident-report.filed"
	RecordProven  evidence.Type = "incident-report.proven"
	RecordDropped evidence.Type = "incident-report.dropped"

	RecordPlanned   evidence.Type = "drill.planned"
	RecordHeld      evidence.Type = "drill.held"
	RecordCancelled evidence.Type = "drill.cancelled"
	RecordMissed    evidence.Type = "drill.missed"
	RecordMended    evidence.Type = "drill.finding-mended"
	RecordExercise  evidence.Type = "drill.read"
)

// Codes of errors.
const (
	CodeMissing    colophon.Code = "incident-missing"
	CodeInvalid    colophon.Code = "incident-invalid" // arg "field"
	CodeStep       colophon.Code = "incident-step"    // args "from", "to": the state table has no such step
	CodePerson     colophon.Code = "incident-person"  // a person of the staff has to do it
	CodeSame       colophon.Code = "incident-same-person"
	CodeErased     colophon.Code = "incident-erased"      // what was sealed can't be read or added to any more
	CodeRules      colophon.Code = "incident-rules"       // args "table", "field": the data can't be used
	CodeUngraded   colophon.Code = "incident-ungraded"    // it can't be closed while its grade could not be told
	CodeUndone     colophon.Code = "incident-undone"      // arg "clock": it has to be filed, or it is not known whether it has to
	CodeStepsOpen  colophon.Code = "incident-steps-open"  // arg "count"
	CodeCorrection colophon.Code = "incident-correction"  // a correction waits for a second person already
	CodeNothing    colophon.Code = "incident-no-proposal" // nothing waits for a second person
	CodeLater      colophon.Code = "incident-known-later" // the time of knowing moves to an earlier one alone

	CodePaperMissing colophon.Code = "incident-report-missing"
	CodePaperStep    colophon.Code = "incident-report-step"       // args "from", "to"
	CodeIncomplete   colophon.Code = "incident-report-incomplete" // arg "fields"
	CodeAmended      colophon.Code = "incident-report-amended"    // it has an amendment already
	CodeDocument     colophon.Code = "incident-report-document"   // these bytes are no report
	CodeChain        colophon.Code = "incident-report-chain"      // arg "part": it does not follow the one before

	CodeDrillMissing colophon.Code = "drill-missing"
	CodeDrillStep    colophon.Code = "drill-step" // args "from", "to"
)

// Kind says what kind of incident something is.
type Kind string

// The kinds. The guide grades the first three; the others have their own duties.
const (
	Security      Kind = "security"
	PersonalData  Kind = "personal-data"
	Outage        Kind = "outage"
	Content       Kind = "content"
	Misuse        Kind = "misuse"
	Vulnerability Kind = "vulnerability"
	Control       Kind = "control" // a probe found that a control did not hold
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{Security, PersonalData, Outage, Content, Misuse, Vulnerability, Control}
}

// Gradable reports whether the guide grades incidents of the kind.
func (k Kind) Gradable() bool { return k == Security || k == PersonalData || k == Outage }

// Operator says what the provider is, for the limits of a first report.
type Operator string

// The operators.
const (
	Critical   Operator = "critical" // of critical information infrastructure
	StateOrgan Operator = "state"    // central body or state organ, or directly under one
	Other      Operator = "other"
)

// Size says what kind of platform the provider is. Some rows of the guide count for large ones alone.
type Size string

// The sizes. The zero value is that it is not known: such a row may or may not count.
const (
	SizeUnknown Size = ""
	Ordinarily  Size = "ordinary"
	Large       Size = "large"
	VeryLarge   Size = "very-large"
)

// Ref names something that an incident is about, by an identifier that leads to no person.
type Ref struct {
	Kind string `json:"kind"` // such as order, function, content, account, probe
	ID   string `json:"id"`
}

// Step is one step of a playbook.
type Step struct {
	ID    string    `json:"id"` // kind and step, such as security/contain
	State StepState `json:"state"`
	By    string    `json:"by,omitempty"` // staff account
	At    time.Time `json:"at,omitzero"`
}

// Breach is a limit that ran out.
type Breach struct {
	Clock string    `json:"clock"`
	Due   time.Time `json:"due"` // as it was when the breach was seen
	Seen  time.Time `json:"seen"`
}

// Proposal waits for a second person.
type Proposal struct {
	By      string          `json:"by"`
	At      time.Time       `json:"at"`
	Outcome IncidentState   `json:"outcome,omitempty"` // of a proposal to close: Closed or Dismissed
	Facts   map[string]Fact `json:"facts,omitempty"`   // of a correction
}

// Incident is one incident. It leads to no person: what people wrote is sealed beside it.
type Incident struct {
	ID      string           `json:"-"`
	Subject evidence.Subject `json:"-"`
	State   IncidentState    `json:"-"`
	Made    time.Time        `json:"-"`
	Kept    ledger.Kept      `json:"-"`

	Kinds      []Kind          `json:"kinds"`
	Origin     string          `json:"origin,omitempty"` // what opened it, such as a probe; one open incident for each
	About      []Ref           `json:"about,omitempty"`
	Operator   Operator        `json:"operator"` // as it was when the incident was opened
	Size       Size            `json:"size,omitempty"`
	Knew       time.Time       `json:"knew"`           // when the provider found it, or was told
	Began      time.Time       `json:"began,omitzero"` // as far as known
	Facts      map[string]Fact `json:"facts,omitempty"`
	Grading    Grading         `json:"grading"`
	Graded     time.Time       `json:"graded,omitzero"` // since when it is certain whether it has to be reported
	Rules      string          `json:"rules"`           // version of the guide by which it was graded last
	Correction *Proposal       `json:"correction,omitempty"`
	Closing    *Proposal       `json:"closing,omitempty"`
	Steps      []Step          `json:"steps"`
	Breaches   []Breach        `json:"breaches,omitempty"`
	Closed     time.Time       `json:"closed,omitzero"`
	Opener     string          `json:"opener,omitempty"` // staff account or API key; empty for the system
	Confirmer  string          `json:"confirmer,omitempty"`
}

// Particulars are what is sealed of an incident.
type Particulars struct {
	Title   string `json:"title"`
	Summary string `json:"summary,omitempty"`
}

// Entry is an incident as it is kept.
type Entry = ledger.Entry[Incident]

func read(e Entry) Incident {
	v := e.Value
	v.ID, v.Subject, v.State, v.Made, v.Kept = e.ID, e.Subject, IncidentState(e.State), e.Made, e.Kept
	return v
}

// gradable reports whether the guide grades one of its kinds.
func (v Incident) gradable() bool { return slices.ContainsFunc(v.Kinds, Kind.Gradable) }

// Config says what a keeper works with. All but Feeds and Known is required.
type Config struct {
	Incidents ledger.Store[Incident]
	Events    ledger.Store[Event]
	Papers    ledger.Store[Paper]
	Drills    ledger.Store[Drill]
	Recorder  *evidence.Recorder // its clock is the keeper's
	Keys      ledger.Unsealer
	Rules     Rules // such as those of Starter
	Operator  Operator
	Size      Size
	// AtOnce is how long the provider allows itself for what the law wants at once. No law gives a figure.
	AtOnce time.Duration
	// DrillEvery is how many months may pass between two drills of a playbook. No law gives a figure.
	DrillEvery int
	Feeds      []Feed
	// Known tells what records say in answer to fields of forms. What people tell stands in its place.
	Known func(ctx context.Context, v Incident) (Answers, error)
}

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct {
	config    Config
	incidents ledger.Book[Incident]
	events    ledger.Book[Event]
	papers    ledger.Book[Paper]
	drills    ledger.Book[Drill]
}

// Bounds of what may be told.
const (
	maxTitle   = 200
	maxProse   = 4000
	maxAbout   = 50
	maxAtOnce  = 72 * time.Hour
	maxMonths  = 24
	maxFigures = 1_000_000_000_000_000
)

// New makes a keeper.
func New(c Config) (*Keeper, error) {
	switch {
	case c.Incidents == nil || c.Events == nil || c.Papers == nil || c.Drills == nil || c.Recorder == nil || c.Keys == nil:
		return nil, errors.New("a keeper of incidents needs four ledgers, a recorder and keys")
	case c.Operator != Critical && c.Operator != StateOrgan && c.Operator != Other:
		return nil, invalid("operator")
	case c.Size != SizeUnknown && c.Size != Ordinarily && c.Size != Large && c.Size != VeryLarge:
		return nil, invalid("size")
	case c.AtOnce <= 0 || c.AtOnce > maxAtOnce:
		return nil, invalid("at-once")
	case c.DrillEvery <= 0 || c.DrillEvery > maxMonths:
		return nil, invalid("drill-every")
	}
	if err := c.Rules.check(); err != nil {
		return nil, err
	}
	return &Keeper{c,
		ledger.Book[Incident]{Store: c.Incidents, Recorder: c.Recorder, Keys: c.Keys, Use: "incident/", Missing: CodeMissing},
		ledger.Book[Event]{Store: c.Events, Recorder: c.Recorder, Keys: c.Keys, Use: "incident-event/", Missing: CodeMissing},
		ledger.Book[Paper]{Store: c.Papers, Recorder: c.Recorder, Keys: c.Keys, Use: "incident-report/", Missing: CodePaperMissing},
		ledger.Book[Drill]{Store: c.Drills, Recorder: c.Recorder, Keys: c.Keys, Use: "drill/", Missing: CodeDrillMissing}}, nil
}

// Rules are the data by which the keeper works.
func (k *Keeper) Rules() Rules { return k.config.Rules }

// clauses are what incidents go back to: the systems of rules for emergencies.
func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS7, colophon.ClauseND11} }

// Clauses are by what a report or a notice is owed.
func Clauses(form string) []colophon.Clause {
	switch form {
	case FirstReport:
		return []colophon.Clause{colophon.ClauseDS7, colophon.ClauseIR4, colophon.ClauseIR7}
	case Summary:
		return []colophon.Clause{colophon.ClauseDS7, colophon.ClauseIR8}
	case FlawReport:
		return []colophon.Clause{colophon.ClauseND10}
	case NoticeAuthority, NoticePersons:
		return []colophon.Clause{colophon.ClausePIPL57, colophon.ClauseND11}
	}
	return clauses()
}

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args, Clauses: clauses()}
}

func invalid(field string) error {
	return refuse(colophon.Invalid, CodeInvalid, colophon.Args{"field": field})
}

// person is an error unless somebody of the staff acts.
func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson, nil)
	}
	return nil
}

// moment is a time as ledgers keep it.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Millisecond)
}
