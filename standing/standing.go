// Package standing keeps the measures against accounts, and finds the accounts that need one.
//
// A [Measure] is one step of a ladder: remind, warn, limit a function, mute publishing, suspend until a time, close, bar the
// person from registering again. Deep Synthesis Provisions Art. 10 ¶3 names warning, limiting, suspending and closing; the bar
// is named by Anti-Telecom and Online Fraud Law Art. 22 ¶2. It says on what ground it was taken, by whom or
// by which rule, from when until when, how its account holder was told and where to appeal, and how it ended. [Keeper.Standing]
// says what is in force against an account, and [Standing.Blocks] what that forbids.
//
// What accounts do is counted in windows of time ([Keeper.Note]), and rules in CEL over these counts say when something is
// wrong: refusals one after the other, many faces for one account, one face for many accounts, bursts at night. A rule that
// fires leaves a [Signal], and what it asks for follows: an item for a reviewer, a new verification, a measure taken or proposed.
//
// A bar is found again by keyed digests of what the person was verified with. They are kept while it is in force, and no longer
// than the law lets (Personal Information Protection Law Art. 19, 47): where the barred account is to be erased, they stay, for
// security and nothing else, as long as a statutory period or a hold keeps the records of the measure, and go with these. Then
// the bar ends for new accounts; those that it met before stay barred by measures of their own.
//
// [Keeper.Allow] counts requests against a rate (GCRA), for all nodes together.
//
// What not to do here: never close an account or bar a person on the word of one person or of a rule. Never count a name, a
// number or a text: counters hold pseudonyms and identifiers. Never answer "allowed" for a function of high risk when the
// store was not asked.
package standing

import (
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Codes of errors.
const (
	CodeMissing   colophon.Code = "measure-missing"
	CodeInvalid   colophon.Code = "measure-invalid" // arg "field"
	CodeStep      colophon.Code = "measure-step"    // args "from", "to": what is so can't become that
	CodeSecond    colophon.Code = "measure-second"  // who decided first can't confirm
	CodePerson    colophon.Code = "measure-person"  // a person must decide this
	CodeUnknown   colophon.Code = "measure-person-unknown"
	CodeSignal    colophon.Code = "signal-missing"
	CodeVersion   colophon.Code = "standing-version-missing"
	CodeTable     colophon.Code = "standing-table-invalid" // args "where", "why"
	CodeSelf      colophon.Code = "standing-release-own"
	CodeKnown     colophon.Code = "standing-version-exists"
	CodeUncounted colophon.Code = "standing-uncounted" // the store of counters can't be reached
)

// Step is one step of the ladder, the mildest first.
type Step string

// The steps.
const (
	Remind  Step = "remind"
	Warn    Step = "warn"
	Limit   Step = "limit-function"
	Mute    Step = "mute-publishing"
	Suspend Step = "suspend"
	Close   Step = "close"
	Bar     Step = "bar" // the person may not register again
)

// Steps lists the steps, the mildest first.
func Steps() []Step { return []Step{Remind, Warn, Limit, Mute, Suspend, Close, Bar} }

// people is how many people must decide about a step.
func (s Step) people() int {
	if s == Close || s == Bar {
		return 2
	}
	return 1
}

// Act is what an account is about to do.
type Act string

// The acts.
const (
	Use      Act = "use"              // of a function
	Publish  Act = "publish"          // what a function made
	Register Act = "register-account" // of the provider's service
)

// Ground is why a measure may be taken: by law, by the terms that the account holder accepted, or by both.
type Ground struct {
	Clauses []colophon.Clause `json:"clauses,omitempty"`
	Terms   string            `json:"terms,omitempty"` // clause of the provider's terms, such as convention 4.2
}

// Decider is who decided something, and when.
type Decider struct {
	ledger.By
	At time.Time
}

// Delivery says that the account holder was told.
type Delivery struct {
	At  time.Time `json:"at"`
	How string    `json:"how"` // a word: in-app, sms, email, letter
}

// Closing says how a measure ended before its time.
type Closing struct {
	Decider
	Why colophon.Code // one of [Reasons]
}

// Measure is one measure against an account.
type Measure struct {
	ID       string           `json:"-"`
	Subject  evidence.Subject `json:"-"`
	State    State            `json:"-"`
	Made     time.Time        `json:"-"`
	Step     Step             `json:"step"`
	Function string           `json:"function,omitempty"` // of Limit
	Ground   Ground           `json:"ground"`
	Fact     colophon.Code    `json:"fact"`               // what happened, one of [Facts]
	Findings []string         `json:"findings,omitempty"` // identifiers of judgements, held items, signals, records
	Rule     string           `json:"rule,omitempty"`     // and version, of the rule that took or proposed it
	Origin   string           `json:"origin,omitempty"`   // identifier of what proposed it, such as a held item; one measure for each
	By       ledger.By        `json:"by"`                 // who took or proposed it; the system where a rule did
	Deciders []Decider        `json:"deciders,omitempty"` // people, in the order in which they decided
	Lasts    time.Duration    `json:"lasts,omitempty"`    // from when it becomes active; 0 where Until says it, or for no end
	Start    time.Time        `json:"start,omitzero"`
	Until    time.Time        `json:"until,omitzero"` // zero for no end
	Ended    time.Time        `json:"ended,omitzero"` // when it stopped being in force
	Notices  []Delivery       `json:"notices,omitempty"`
	Appeal   string           `json:"appeal,omitempty"` // link or code by which the account holder appeals
	Closed   *Closing         `json:"closed,omitempty"` // lifted, restored or rejected
}

// InForce reports whether the measure is in force at a time: what is over by its time is not, though no job recorded it yet.
func (m Measure) InForce(now time.Time) bool {
	return m.State == Active && !m.Start.After(now) && (m.Until.IsZero() || m.Until.After(now))
}

// Standing is what is in force against an account.
type Standing struct{ Active []Measure }

// Blocks returns the measures that forbid an act at a time. It is pure.
func (s Standing) Blocks(act Act, function string, now time.Time) []Measure {
	var list []Measure
	for _, m := range s.Active {
		if m.InForce(now) && m.Step.blocks(m.Function, act, function) {
			list = append(list, m)
		}
	}
	return list
}

// blocks says what each step forbids.
func (s Step) blocks(limited string, act Act, function string) bool {
	switch s {
	case Limit:
		return act != Register && limited == function
	case Mute:
		return act == Publish
	case Suspend:
		return act == Use || act == Publish
	case Close, Bar:
		return true
	}
	return false
}

// word reports whether s is a word from outside: letters, digits and a few signs.
func word(s string, most int) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:/", r))
	})
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}
