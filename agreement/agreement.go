// Package agreement keeps the texts that a provider of deep synthesis binds its users and technical supporters by:
// management rules, platform convention, service agreement and label methods (Deep Synthesis Provisions Art. 8, Labelling
// Measures Art. 8), each in Chinese and English and in versions, and who accepted which.
//
// A version is drafted, published by another person than its author, and in force from its effective date until a later one
// of its kind and audience takes its place or it is withdrawn. Two people publish because a text binds every account at once
// and the word whether it is a material change decides whether everybody is asked again; a slip in either is dear. Who
// publishes says which it is. An editorial change lets the acceptance of the version before stand, a material one does not.
//
// An acceptance names the account by its pseudonym, the version, the language and the digest of the text as it was shown.
// [Owed] tells what somebody still has to accept; it is pure, so that admission asks it from memory.
//
// A text is Markdown whose first line is its title; its digest is SHA-256 of the bytes, which anybody computes from the
// file. [Render] makes safe HTML of it. The starter texts of [Starters] are to be adapted: what stands in double braces has
// to be filled before they can be published.
//
// What not to do here: never change a text once it is published. Never count an acceptance whose digest is not that of the
// text. Never keep a name or an address of who accepted.
package agreement

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Codes of errors.
const (
	CodeInvalid      colophon.Code = "agreement-invalid"      // arg "field"
	CodeMissing      colophon.Code = "agreement-missing"      // there is no such version
	CodeStep         colophon.Code = "agreement-step"         // args "from", "to": the state table has no such step
	CodeOwn          colophon.Code = "agreement-own"          // another person publishes than drafted
	CodePlaceholders colophon.Code = "agreement-placeholders" // arg "placeholders": what is still to be filled
	CodeMarkup       colophon.Code = "agreement-markup"       // arg "language": raw HTML or a picture, which are not shown
	CodeFirst        colophon.Code = "agreement-first"        // the first version can't be an editorial change
	CodeDigest       colophon.Code = "agreement-digest"       // what was shown is not the text of this version
	CodeNotPublished colophon.Code = "agreement-not-published"
)

// Types of records.
const (
	RecordDrafted    evidence.Type = "agreement.drafted"
	RecordPublished  evidence.Type = "agreement.published"
	RecordSuperseded evidence.Type = "agreement.superseded"
	RecordWithdrawn  evidence.Type = "agreement.withdrawn"
	RecordAccepted   evidence.Type = "agreement.accepted"
)

// Names of the two ledgers, under which a [ledger.Feed] tells their changes.
const (
	VersionLedger    = "agreement"
	AcceptanceLedger = "acceptance"
)

// Kind is a kind of text.
type Kind string

// The kinds.
const (
	Rules        Kind = "management-rules"    // DS Art. 8
	Convention   Kind = "platform-convention" // DS Art. 8
	Terms        Kind = "service-agreement"   // DS Art. 8
	LabelMethods Kind = "label-methods"       // LM Art. 8
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Rules, Convention, Terms, LabelMethods} }

// Audience is whom a text is for.
type Audience string

// The audiences.
const (
	Users      Audience = "users"
	Supporters Audience = "supporters" // technical supporters
)

// Audiences returns all audiences.
func Audiences() []Audience { return []Audience{Users, Supporters} }

// Texts is one text in both languages.
type Texts struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Version is one version of a text.
type Version struct {
	Kind     Kind     `json:"kind"`
	Audience Audience `json:"audience"`
	// Number counts the published versions of a kind and audience from 1; 0 for a draft.
	Number int `json:"number,omitempty"`
	// Since is the least number whose acceptance counts as one of this version: its own after a material change.
	Since     int       `json:"since,omitempty"`
	Texts     Texts     `json:"texts"`
	Digests   Texts     `json:"digests"` // SHA-256, in hexadecimal
	Author    string    `json:"author"`  // staff account
	Publisher string    `json:"publisher,omitempty"`
	Effective time.Time `json:"effective,omitzero"`
	Reason    string    `json:"reason,omitempty"` // of the change, or of its withdrawal
}

// Entry is a version as it is kept. The state is that of [State].
type Entry = ledger.Entry[Version]

// How says how somebody accepted.
type How string

// The ways.
const (
	Page     How = "page"         // on our page, by a one-time link
	Attested How = "api-attested" // the provider's backend showed it and says so
)

// Acceptance says that an account accepted a version.
type Acceptance struct {
	Version  string    `json:"version"`
	Kind     Kind      `json:"kind"`
	Audience Audience  `json:"audience"`
	Number   int       `json:"number"`
	Language string    `json:"language"` // in which it was shown: zh or en
	Digest   string    `json:"digest"`   // of the text as it was shown
	How      How       `json:"how"`
	At       time.Time `json:"at"`
}

// Draft is what somebody drafts.
type Draft struct {
	Kind     Kind
	Audience Audience
	Texts    Texts
	Reason   string // what changed and why
}

// Release says how a draft is published.
type Release struct {
	// Material asks everybody again. The first version of a kind and audience is material.
	Material bool
	// Effective is from when it is in force; the zero value means at once.
	Effective time.Time
}

// Shown says what an account was shown and accepted.
type Shown struct {
	Version  string
	Language string
	Digest   string
	How      How
}

// Config says what a [Keeper] works with. All fields are required.
type Config struct {
	Versions    ledger.Store[Version]
	Acceptances ledger.Store[Acceptance]
	Recorder    *evidence.Recorder
}

// Keeper owns the texts and their acceptances. It is safe for use by many goroutines.
type Keeper struct {
	versions    ledger.Book[Version]
	acceptances ledger.Book[Acceptance]
}

// Query says which versions are wanted.
type Query struct {
	Kind     Kind
	Audience Audience
	States   []State
	After    string
	Limit    int
}

// New makes a Keeper.
func New(c Config) *Keeper {
	return &Keeper{
		versions:    ledger.Book[Version]{Store: c.Versions, Recorder: c.Recorder, Missing: CodeMissing},
		acceptances: ledger.Book[Acceptance]{Store: c.Acceptances, Recorder: c.Recorder, Missing: CodeMissing},
	}
}
