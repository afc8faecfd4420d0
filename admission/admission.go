// Package admission answers in one place whether an account may do something now: use a function, publish what it made,
// register. [Decide] is the rule; it is pure, and sees a [View] of everything that it asks about. A [Gate] loads the view,
// decides, and keeps the record.
//
// A decision names every condition that was looked at, not only the first that failed, with what each goes back to in law,
// and what the person can do about it. A condition has passed, has failed, or nobody could tell. What nobody could tell
// refuses where it is about orders, identity or standing, and wherever the function is one of high risk; of any other
// function it is told and lets pass.
//
// A record of a decision holds the question, the view and the rules' version, and nothing that leads to a person but the
// pseudonym. [Replay] decides from it again; the same rules give the same decision.
//
// What not to do here: no rule of a capability. Whether a measure forbids an act is standing's, whether a token is good is
// consent's. No reading in [Decide]: neither clock nor store. Never take an error of a source for "none".
package admission

import (
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
)

// Rules is the version of the rules in [Decide]. It changes with them, so that a record is never replayed by other rules
// in silence.
const Rules = "1"

// RecordDecided is the type of the records of decisions.
const RecordDecided evidence.Type = "admission.decided"

// Codes of conditions that failed, or that nobody could tell.
const (
	CodeUnverified      colophon.Code = "admission-unverified"
	CodeVerifiedBelow   colophon.Code = "admission-verified-below" // args "level", "least"
	CodeVerifiedNoMore  colophon.Code = "admission-verified-no-more"
	CodeRecheck         colophon.Code = "admission-recheck"
	CodeIdentityUnknown colophon.Code = "admission-identity-unknown"
	CodeUnder14         colophon.Code = "admission-under-14"
	CodeAgeUnknown      colophon.Code = "admission-age-unknown"
	CodeMeasure         colophon.Code = "admission-measure" // args "step", "measure"
	CodeStandingUnknown colophon.Code = "admission-standing-unknown"
	CodeOwed            colophon.Code = "admission-agreement-owed" // arg "kinds"
	CodeOwedUnknown     colophon.Code = "admission-agreement-unknown"
	CodeNoFunction      colophon.Code = "admission-function-missing"
	CodeUnnamed         colophon.Code = "admission-function-unnamed"
	CodeNotLive         colophon.Code = "admission-function-not-live"   // arg "state"
	CodeOtherClass      colophon.Code = "admission-function-class"      // args "class", "registered": it shows people, and the function is not registered for that
	CodeFunctionUnknown colophon.Code = "admission-function-unknown"    // the register did not answer
	CodeOrder           colophon.Code = "admission-order"               // args "order", "scope", "action"
	CodeOrdersStale     colophon.Code = "admission-orders-stale"        // faces and voices stop
	CodeOrdersUncertain colophon.Code = "admission-orders-uncertain"    // everything stops
	CodeConsentFew      colophon.Code = "admission-consent-few"         // args "have", "need"
	CodeConsentBelow    colophon.Code = "admission-consent-below"       // args "level", "least"
	CodeConsentNone     colophon.Code = "admission-consent-unavailable" // arg "state": the person withdrew, refuses or disputes
	CodeConsentUnknown  colophon.Code = "admission-consent-unknown"
	CodePromptOwed      colophon.Code = "admission-prompt-owed"
	CodePromptUnknown   colophon.Code = "admission-prompt-unknown"
	CodeQuota           colophon.Code = "admission-quota" // arg "per"
	CodeQuotaUnknown    colophon.Code = "admission-quota-unknown"
	CodeUnrecorded      colophon.Code = "admission-unrecorded" // the decision could not be recorded, so it is none
	CodeQuestion        colophon.Code = "admission-question"   // arg "field": the question is out of form
	CodeRules           colophon.Code = "admission-rules"      // args "then", "now": the record was made by other rules
	CodeNoDecision      colophon.Code = "admission-no-decision"
)

// Remedies: what the person can do.
const (
	RemedyVerify      colophon.Code = "remedy-verify"
	RemedyVerifyMore  colophon.Code = "remedy-verify-more" // arg "least"
	RemedyVerifyAgain colophon.Code = "remedy-verify-again"
	RemedyGuardian    colophon.Code = "remedy-guardian"
	RemedyAppeal      colophon.Code = "remedy-appeal"
	RemedyAccept      colophon.Code = "remedy-accept"
	RemedyConsent     colophon.Code = "remedy-consent"
	RemedyAcknowledge colophon.Code = "remedy-acknowledge"
	RemedyLater       colophon.Code = "remedy-later"
	RemedyProvider    colophon.Code = "remedy-provider" // the provider alone can change it
)

// Act is what an account is about to do.
type Act = incident.Act

// The acts.
const (
	Use      = incident.Use
	Publish  = incident.Publish
	Register = incident.Register
)

// Question is what is asked.
type Question struct {
	Account  evidence.Subject `json:"account"`
	Act      Act              `json:"act"`
	Service  string           `json:"service,omitempty"`
	Function string           `json:"function,omitempty"` // as the register knows it
	Class    string           `json:"class,omitempty"`    // by Deep Synthesis Provisions Art. 17, where no function is named
	Model    string           `json:"model,omitempty"`
	Template string           `json:"template,omitempty"`
	Content  string           `json:"content,omitempty"` // number of what is published
	// Depicted is how many people's likeness is used. A function that edits likenesses uses at least one.
	Depicted int       `json:"depicted,omitempty"`
	Purpose  string    `json:"purpose,omitempty"`
	Scene    string    `json:"scene,omitempty"`
	Channel  string    `json:"channel,omitempty"`
	Modality []string  `json:"modality,omitempty"` // what of the people is used; all that the function edits where empty
	Training bool      `json:"training,omitempty"`
	At       time.Time `json:"at"`
	// Own is set where the provider itself asks, by a program of its own: there is no user who could accept texts. Nobody
	// outside can set it.
	Own bool `json:"own,omitempty"`
	// Tokens are consents that are presented. They are in no record.
	Tokens []string `json:"-"`
	// Grants are of consents that were spent for the content already, as their ledger says now. They are in the view.
	Grants []consent.Grant `json:"-"`
}

// View is all that is known for one question. A part that nobody could tell says so.
type View struct {
	Orders     Orders     `json:"orders"`
	Identity   Identity   `json:"identity"`
	Standing   Standing   `json:"standing"`
	Agreements Agreements `json:"agreements"`
	Function   Function   `json:"function"`
	Consents   []Consent  `json:"consents,omitempty"` // one for each token
	Prompt     Prompt     `json:"prompt"`
	Quotas     []Quota    `json:"quotas,omitempty"`
}

// Orders are the control orders that forbid what is asked, and how far this node could know them.
type Orders struct {
	Standing incident.Standing `json:"standing"`
	Blocking []Order           `json:"blocking,omitempty"`
}

// Order is one of them.
type Order struct {
	ID      string            `json:"id"`
	Scope   incident.Scope    `json:"scope"`
	Action  incident.Action   `json:"action"`
	Clauses []colophon.Clause `json:"clauses"`
	Until   time.Time         `json:"until,omitzero"`
}

// Identity is what is known of whoever has the account.
type Identity struct {
	Known   bool           `json:"known"`
	Level   identity.Level `json:"level"`
	Until   time.Time      `json:"until,omitzero"`
	Minor   identity.Minor `json:"minor,omitempty"`
	Recheck bool           `json:"recheck,omitempty"`
	// Least is what publishing needs even where no function asks for it.
	Least identity.Level `json:"least"`
}

// Standing are the measures that forbid what is asked.
type Standing struct {
	Known    bool      `json:"known"`
	Blocking []Measure `json:"blocking,omitempty"`
}

// Measure is one of them.
type Measure struct {
	ID      string            `json:"id"`
	Step    string            `json:"step"`
	Clauses []colophon.Clause `json:"clauses,omitempty"`
	Until   time.Time         `json:"until,omitzero"`
}

// Agreements are the kinds of texts that the account has still to accept.
type Agreements struct {
	Known bool     `json:"known"`
	Owed  []string `json:"owed,omitempty"`
}

// Function is what the register says.
type Function struct {
	Known      bool          `json:"known"`
	Registered bool          `json:"registered,omitempty"`
	State      string        `json:"state,omitempty"`
	Service    string        `json:"service,omitempty"`
	Models     []string      `json:"models,omitempty"` // names of those behind it
	Class      string        `json:"class,omitempty"`
	Likeness   []string      `json:"likeness,omitempty"`
	Identity   string        `json:"identity,omitempty"`
	Consent    string        `json:"consent,omitempty"`
	Risk       bool          `json:"risk,omitempty"`
	Unmet      []Requirement `json:"unmet,omitempty"`
}

// Requirement is a condition of a function that is not met and not waived, as the register says it.
type Requirement struct {
	Name   string          `json:"name"`
	Failed bool            `json:"failed"` // false where nobody could tell
	Code   colophon.Code   `json:"code"`
	Args   colophon.Args   `json:"args,omitempty"`
	Clause colophon.Clause `json:"clause,omitempty"`
}

// Consent is what came of a token, or is known of a consent that was spent for the content already.
type Consent struct {
	Known   bool             `json:"known"`
	Broken  []Broken         `json:"broken,omitempty"` // why it is not good for this
	Ended   bool             `json:"ended,omitempty"`  // the person withdrew it, refused it or disputes it
	State   string           `json:"state,omitempty"`
	Subject evidence.Subject `json:"subject,omitempty"`
	Level   string           `json:"level,omitempty"`
	Enough  bool             `json:"enough,omitempty"` // the level is what the function asks
	Until   time.Time        `json:"until,omitzero"`
}

// Broken is one thing in which a token does not fit, as the ledger of consents says it.
type Broken struct {
	Code    colophon.Code     `json:"code"`
	Args    colophon.Args     `json:"args,omitempty"`
	Clauses []colophon.Clause `json:"clauses,omitempty"`
}

// Prompt says whether the user acknowledged the prompt of Deep Synthesis Provisions Art. 14 ¶2.
type Prompt struct {
	Known        bool `json:"known"`
	Acknowledged bool `json:"acknowledged,omitempty"`
}

// Quota is what came of counting a use.
type Quota struct {
	Per   string    `json:"per"`
	Known bool      `json:"known"`
	Over  bool      `json:"over,omitempty"`
	Again time.Time `json:"again,omitzero"`
}

// Condition is one thing that was looked at.
type Condition struct {
	Name    string            `json:"name"`
	Verdict colophon.Verdict  `json:"verdict"`
	Refuses bool              `json:"refuses,omitempty"`
	Code    colophon.Code     `json:"code,omitempty"` // why it has not passed
	Args    colophon.Args     `json:"args,omitempty"`
	Clauses []colophon.Clause `json:"clauses,omitempty"`
	Remedy  colophon.Code     `json:"remedy,omitempty"`
	Until   time.Time         `json:"until,omitzero"` // when it may be otherwise by itself
}

// Decision is what came of a question.
type Decision struct {
	Allow      bool             `json:"allow"`
	Verdict    colophon.Verdict `json:"verdict"` // could-not-tell where nothing failed and what nobody could tell refuses
	High       bool             `json:"high,omitempty"`
	Conditions []Condition      `json:"conditions"` // in the order of the rules, those that passed too
	Rules      string           `json:"rules"`
	Record     string           `json:"-"` // identifier of its record; empty for one that was explained
}

// Refusals are the conditions for which it was refused.
func (d Decision) Refusals() []Condition {
	var list []Condition
	for _, c := range d.Conditions {
		if c.Refuses {
			list = append(list, c)
		}
	}
	return list
}

// Denied is a refusal as an error: it stands behind the [colophon.Error] that names the first reason, for who wants all.
type Denied struct{ Decision Decision }

// Error names the codes of all reasons.
func (d *Denied) Error() string {
	var codes []string
	for _, c := range d.Decision.Refusals() {
		codes = append(codes, string(c.Code))
	}
	return strings.Join(codes, " ")
}

// Err is an error of kind Refused, or nil where it was allowed.
func (d Decision) Err() error {
	if d.Allow {
		return nil
	}
	first := d.Refusals()[0]
	return &colophon.Error{Kind: colophon.Refused, Code: first.Code, Args: first.Args, Clauses: first.Clauses, Err: &Denied{d}}
}
