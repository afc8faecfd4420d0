// Package register keeps what a provider offers: its services, their functions, the models behind them, and whether each
// function may be live.
//
// A function says what it is (its kind by Deep Synthesis Provisions Art. 23, its class by Art. 17, whose likeness it edits,
// for which purpose, by which models) and what it asks (identity level, consent level, notice, quotas). It goes live only
// while every one of its conditions is met: the agreements are in force, the impact assessment covers it, the filing is
// done, the consent level is not too low, the notice policy is that of its class, the security assessment is done. A
// condition passes, fails, or can't be told; the last counts as unmet. An officer may waive one by name, with a reason and
// an end. Going live, waivers and suspensions are records.
//
// What a function is has a digest, its facts. When purpose, model or scope changes so does the digest, and what was assessed
// or waived for another digest counts no more.
//
// [Register.Lapse] looks at every live function again. One that makes or edits faces or voices is suspended by itself when a
// condition fails; of any other a record warns. A condition that can't be told suspends nothing: admission refuses while it
// lasts, and the next run looks again.
//
// What the register has to know from elsewhere it asks by [Agreed] and [Assessed], so it knows no neighbour.
//
// What not to do here: never issue a filing number, and never call one valid: the check digit says that it was probably
// typed well, and the published list alone says that it exists. Never count a condition as met because nobody could tell.
package register

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Codes of errors.
const (
	CodeInvalid   colophon.Code = "register-invalid"     // arg "field"
	CodeMissing   colophon.Code = "function-missing"     // there is no such function
	CodeNoService colophon.Code = "service-missing"      // there is no such service
	CodeStep      colophon.Code = "register-step"        // args "from", "to": the state table has no such step
	CodeUnmet     colophon.Code = "register-unmet"       // args "function", "conditions"
	CodeInUse     colophon.Code = "service-in-use"       // it has functions that are not retired
	CodeNumber    colophon.Code = "filing-number"        // a filing number is 21 digits
	CodeKind      colophon.Code = "register-kind"        // args "kind", "field", "allowed": what the kind implies
	CodeFiling    colophon.Code = "function-filing-step" // args "from", "to": the state table of filings has no such step
	CodeDraft     colophon.Code = "register-draft"       // arg "field": what is missing for it to be ready
)

// Codes of conditions that are not met.
const (
	CodeNoAgreement   colophon.Code = "function-agreement-missing"
	CodeNoAssessment  colophon.Code = "function-assessment-missing"
	CodeNoFiling      colophon.Code = "function-filing-open"   // arg "state"
	CodeFilingNeeded  colophon.Code = "function-filing-needed" // filing is said to be needless, and the service can form opinion
	CodeFilingDoubt   colophon.Code = "function-filing-doubt"  // the check digit or class of the number is not what it should be
	CodeModelUnfiled  colophon.Code = "function-model-unfiled" // arg "model": a third party's, whose filing number is not known
	CodeConsentLow    colophon.Code = "function-consent-low"   // arg "least"
	CodeNoticePolicy  colophon.Code = "function-notice-policy" // the class needs a notice on everything
	CodeNoSecurity    colophon.Code = "function-security-missing"
	CodeSecurityStale colophon.Code = "function-security-stale" // it is over, or of the function as it was before a change
	CodeUntold        colophon.Code = "function-condition-untold"
)

// Types of records.
const (
	RecordServiceAdded      evidence.Type = "service.added"
	RecordServiceChanged    evidence.Type = "service.changed"
	RecordServiceRetired    evidence.Type = "service.retired"
	RecordFunctionAdded     evidence.Type = "function.added"
	RecordFunctionChanged   evidence.Type = "function.changed"
	RecordFunctionLive      evidence.Type = "function.live"
	RecordFunctionSuspended evidence.Type = "function.suspended"
	RecordFunctionRetired   evidence.Type = "function.retired"
	RecordFunctionLapsed    evidence.Type = "function.lapsed" // a condition of a live one is unmet; it goes on
	RecordConditionWaived   evidence.Type = "function.condition-waived"
)

// Names of the two ledgers, under which a [ledger.Feed] tells their changes.
const (
	ServiceLedger  = "service"
	FunctionLedger = "function"
)

// Names is one short text in both languages.
type Names struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Form is how a service is offered.
type Form struct {
	Kind string `json:"kind"`          // app, website, mini-program, api, other
	At   string `json:"at"`            // address, or name of the package
	ICP  string `json:"icp,omitempty"` // number of the ICP filing
}

// Service is what a provider offers under one name.
type Service struct {
	Names Names `json:"names"`
	// Role is "provider", or "supporter" for one who offers the technology to providers.
	Role  string `json:"role"`
	Forms []Form `json:"forms"`
	// Opinion says that it has the properties of a public forum or can mobilise society (Art. 19, 20).
	Opinion bool `json:"opinion"`
}

// Model is a model behind a function.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Digest  string `json:"digest,omitempty"` // of its weights, where we have them
	// Own says that the provider trained or tuned it. Of a third party's the filing number is wanted.
	Own    bool   `json:"own"`
	Number string `json:"number,omitempty"`
}

// Filing says how far the filing of the algorithm is (Art. 19).
type Filing struct {
	State  FilingState `json:"state"`
	Reason string      `json:"reason,omitempty"` // why none is needed, or what changed
	Number string      `json:"number,omitempty"`
	Link   string      `json:"link,omitempty"` // to what is made public of it
	At     time.Time   `json:"at,omitzero"`    // since when it is so
}

// Security is the security assessment (Art. 15, 20).
type Security struct {
	Done   time.Time `json:"done,omitzero"`
	Until  time.Time `json:"until,omitzero"`   // when it is to be done again
	Report string    `json:"report,omitempty"` // by which name or number the report is found
	Digest string    `json:"digest,omitempty"` // SHA-256 of the report
	// Facts is what was assessed. It is set by the register.
	Facts string `json:"facts,omitempty"`
}

// Quota is a limit of how often something is used.
type Quota struct {
	Per    string        `json:"per"` // account, function, model
	Events int           `json:"events"`
	Period time.Duration `json:"period"`
	Burst  int           `json:"burst"`
}

// Notice is how the content of a function is labelled.
type Notice struct {
	// Policy is "required" for a notice on everything, "on-request" where somebody may get it without one under Labelling
	// Measures Art. 9, or "offered" for the functions of Art. 17 ¶2.
	Policy string `json:"policy"`
	Method Names  `json:"method"` // in a sentence for the public: which notice stands where
}

// Function is one function of a service.
type Function struct {
	Service string `json:"service"`
	Names   Names  `json:"names"`
	Purpose Names  `json:"purpose"`
	// Kind is one of those of [Items], such as face-swap; it implies one of the six items of Art. 23.
	Kind  string `json:"kind"`
	Class string `json:"class"` // words of Art. 17: dialogue voice person scene other assist
	// Likeness says what of a person it edits: face, voice, body, name.
	Likeness []string `json:"likeness,omitempty"`
	Scenes   []string `json:"scenes,omitempty"` // where it is meant to be used, as lower-case words
	Models   []Model  `json:"models"`
	Identity string   `json:"identity"`          // least identity level, a word of package identity
	Consent  string   `json:"consent,omitempty"` // least consent level, a word of package consent
	Notice   Notice   `json:"notice"`
	Quotas   []Quota  `json:"quotas,omitempty"`
	Filing   Filing   `json:"filing"`
	Security Security `json:"security"`
	// Risk says that it counts as high-risk although it makes no faces or voices.
	Risk bool `json:"risk,omitempty"`

	// What follows is set by the register.

	Facts   string    `json:"facts"` // digest of what it is
	Waivers []Waiver  `json:"waivers,omitempty"`
	Reason  string    `json:"reason,omitempty"` // why it is suspended or retired
	Lapsed  []string  `json:"lapsed,omitempty"` // conditions that the last record warned of
	Live    time.Time `json:"live,omitzero"`    // since when
}

// Entry is a function as it is kept, under its own name. The state is that of [State].
type Entry = ledger.Entry[Function]

// ServiceEntry is a service as it is kept, under its own name. The state is [Open] or [Retired].
type ServiceEntry = ledger.Entry[Service]

// Waiver lets a function be live although a condition is unmet.
type Waiver struct {
	Condition string    `json:"condition"`
	By        string    `json:"by"` // staff account
	Reason    string    `json:"reason"`
	Made      time.Time `json:"made"`
	Until     time.Time `json:"until"`
	Facts     string    `json:"facts"` // of the function as it was
}

// Condition is one thing that has to hold for a function to be live.
type Condition struct {
	Name    string           `json:"name"`
	Verdict colophon.Verdict `json:"verdict"`
	Exempt  bool             `json:"exempt,omitempty"` // it is not asked of a function like this, and so has passed
	Code    colophon.Code    `json:"code,omitempty"`   // why it has not passed
	Args    colophon.Args    `json:"args,omitempty"`
	Clause  colophon.Clause  `json:"clause"`
	Waiver  *Waiver          `json:"waiver,omitempty"` // in force
	Until   time.Time        `json:"until,omitzero"`   // when what it passed by is over
}

// Met reports whether the function may be live as far as the condition goes.
func (c Condition) Met() bool { return c.Verdict == colophon.Passed || c.Waiver != nil }

// Snapshot is what admission has to know of a function.
type Snapshot struct {
	ID    string
	State State
	Function
	Conditions []Condition
	// Until is when the conditions may say something else without any entry's changing; zero for never.
	Until time.Time
}

// Agreed says whether all texts that an audience ("users", "supporters") has to accept are in force.
type Agreed interface {
	Agreed(ctx context.Context, audience string) (bool, error)
}

// Assessed says whether an impact assessment covers a function as its facts say. Failed means that there is none or that it
// is of other facts; until is when it ends, zero for never.
type Assessed interface {
	Assessed(ctx context.Context, function, facts string) (v colophon.Verdict, until time.Time, err error)
}

// Config says what a [Register] works with. All fields are required.
type Config struct {
	Services  ledger.Store[Service]
	Functions ledger.Store[Function]
	Recorder  *evidence.Recorder
	Agreed    Agreed
	Assessed  Assessed
}

// Register owns services and functions. It is safe for use by many goroutines.
type Register struct {
	agreed    Agreed
	assessed  Assessed
	items     []Item
	services  ledger.Book[Service]
	functions ledger.Book[Function]
}

// New makes a Register.
func New(c Config) (*Register, error) {
	items, err := Items()
	return &Register{
		agreed: c.Agreed, assessed: c.Assessed, items: items,
		services:  ledger.Book[Service]{Store: c.Services, Recorder: c.Recorder, Missing: CodeNoService},
		functions: ledger.Book[Function]{Store: c.Functions, Recorder: c.Recorder, Missing: CodeMissing},
	}, err
}

// Biometric reports whether a function makes or edits faces or voices, or edits the likeness of people.
func (f Function) Biometric() bool {
	return f.Class == "voice" || f.Class == "person" || len(f.Likeness) > 0
}

// High reports whether a function is of high risk: biometric, or said to be.
func (f Function) High() bool { return f.Risk || f.Biometric() }
