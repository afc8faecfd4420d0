// Package consent keeps the consents of people whose face, voice, body or name is used to generate content (Deep Synthesis
// Provisions Art. 14; Personal Information Protection Law Art. 15, 29 to 31, 49).
//
// A consent has three parties. The requester is the account that wants to use somebody's likeness; the subject is the
// person, who may be the requester and mostly is not; the provider runs this deployment. A requester asks; the subject is
// shown a notice that says exactly what is asked, and gives, narrows or refuses, on a page of their own and without an
// account. What is kept follows ISO/IEC TS 27560, with each event in order.
//
// How well a consent is proven is its [Level], and nothing ever rounds it up: claimed, because somebody said so; recorded,
// with the person reading a phrase made for this consent; matched, once an adapter compared the recording with the
// reference; verified, once the person's identity was verified as well. An adapter that fails leaves the level as it was.
//
// A consent is used by tokens. A [Ledger.Mint] takes uses from the consent, [Ledger.Check] answers whether a token is good
// for a use, [Ledger.Spend] counts one and ties it to the content number. Whether the consent is still given is asked again
// after a use was counted, so that no use counts after a withdrawal.
//
// Withdrawal, refusal, expiry and invalidity end in one cascade of durable steps ([Step]) which goes on after a crash where
// it stopped, and in a signed certificate that lists what is left as well as what is gone.
//
// What not to do here: never let an error, or a check that did not run, raise a level or pass a use. No name, phrase, digest
// of a face or note of a person in a value, an error or a log: they stand in what is sealed for the subject, or in the
// payload of a record. Never answer one person with another one's pseudonym. Nothing about assessments or the prompt to the
// user, which are the sub-package's.
package consent

import (
	"context"
	"io"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Schema names the form of the record.
const Schema = "ISO/IEC TS 27560:2023"

// Roles of those who act here beside the staff and API keys; see [ledger.By].
const (
	RoleSubject evidence.Role = "subject" // the person, the guardian or the kin, on their own page
	roleSystem  evidence.Role = "system"
)

// Modality is what of a person is used.
type Modality string

// The modalities.
const (
	Face  Modality = "face"
	Voice Modality = "voice"
	Body  Modality = "body"
	Name  Modality = "name"
)

// Modalities returns all of them.
func Modalities() []Modality { return []Modality{Face, Voice, Body, Name} }

// Person is what kind of subject somebody is, since that decides who may consent.
type Person string

// Kinds of subjects.
const (
	Adult    Person = "adult" // and whoever is 14 or older
	Minor    Person = "minor" // under 14: a guardian consents
	Deceased Person = "deceased"
)

// Persons returns all kinds.
func Persons() []Person { return []Person{Adult, Minor, Deceased} }

// Grantor is who decides for a subject.
type Grantor string

// Who decides.
const (
	Self     Grantor = "self"
	Guardian Grantor = "guardian"
	Kin      Grantor = "kin"
)

// grantor returns who decides for a kind of subject.
func (p Person) grantor() Grantor {
	return map[Person]Grantor{Adult: Self, Minor: Guardian, Deceased: Kin}[p]
}

// clauses are those that a consent of such a person serves.
func (p Person) clauses() []colophon.Clause {
	list := []colophon.Clause{colophon.ClauseDS14, colophon.ClausePIPL29}
	switch p {
	case Minor:
		list = append(list, colophon.ClausePIPL31)
	case Deceased:
		list = append(list, colophon.ClausePIPL49)
	}
	return list
}

// Terms are what a consent allows. Purpose, functions, scenes, channels and places are words, since they are compared. A
// list that is empty limits nothing, but for the modalities.
type Terms struct {
	Modality  []Modality `json:"modality"`
	Purpose   string     `json:"purpose"`
	Functions []string   `json:"functions,omitempty"`
	Scenes    []string   `json:"scenes,omitempty"`
	Channels  []string   `json:"channels,omitempty"`
	Languages []string   `json:"languages,omitempty"`
	Territory []string   `json:"territory,omitempty"`
	Forbidden []string   `json:"forbidden,omitempty"` // purposes and scenes that never may be
	Train     bool       `json:"train,omitempty"`     // may train models; asked and answered apart from the rest
	From      time.Time  `json:"from"`
	Until     time.Time  `json:"until"`
	Uses      int        `json:"uses,omitempty"` // how many items at most; 0 for no limit
}

// Likeness is what is kept of one consent where anybody who reads the store may read it. What leads to the person is sealed
// ([Particulars]).
type Likeness struct {
	Requester  evidence.Subject `json:"requester"`
	Person     Person           `json:"person"`
	Grantor    Grantor          `json:"grantor"`
	Language   string           `json:"language"` // in which the subject is asked: zh or en
	Asked      Terms            `json:"asked"`
	Renewal    bool             `json:"renewal,omitempty"` // what is asked is to renew the terms
	Terms      Terms            `json:"terms"`             // as given; as asked until then
	Level      Level            `json:"level"`
	Notice     *Shown           `json:"notice,omitempty"` // the one that was last shown
	Agreed     *Shown           `json:"agreed,omitempty"` // the one that the person last agreed to
	Capture    *Capture         `json:"capture,omitempty"`
	Challenge  *Challenged      `json:"challenge,omitempty"` // one that waits for its answer
	Relation   *Relation        `json:"relation,omitempty"`
	References []Reference      `json:"references,omitempty"`
	Identity   string           `json:"identity,omitempty"` // verification of the subject's identity
	Reserved   int              `json:"reserved,omitempty"` // uses that tokens have taken
	Anew       time.Time        `json:"anew,omitzero"`      // tokens from before are good for nothing, since the consent was narrowed
	Before     State            `json:"before,omitempty"`   // the state that a dispute interrupted
	Events     []Event          `json:"events"`
	Cascade    *Cascade         `json:"cascade,omitempty"`
}

// Entry is a consent in its ledger.
type Entry = ledger.Entry[Likeness]

// Event is one thing that happened to a consent.
type Event struct {
	Kind   string        `json:"kind"` // requested, shown, recorded, given, narrowed …
	At     time.Time     `json:"at"`
	Role   evidence.Role `json:"role"`
	By     string        `json:"by,omitempty"` // staff account or API key
	Reason colophon.Code `json:"reason,omitempty"`
	Level  Level         `json:"level"`
}

// Particulars are what leads to people. They are sealed for the subject and end with its erasure.
type Particulars struct {
	Subject   string          `json:"subject,omitempty"`   // name, as the requester gave it
	Contact   string          `json:"contact,omitempty"`   // where the requester can reach the person
	Requester string          `json:"requester,omitempty"` // name, as the notice gives it
	Why       string          `json:"why,omitempty"`       // what the likeness is needed for, as the notice gives it
	Notice    string          `json:"notice,omitempty"`    // text as last shown
	Agreed    string          `json:"agreed,omitempty"`    // text of the notice that the person last agreed to
	Phrase    string          `json:"phrase,omitempty"`
	Nonce     string          `json:"nonce,omitempty"`
	Recording *Kept           `json:"recording,omitempty"`
	Spoken    string          `json:"spoken,omitempty"`   // transcript by the adapter
	Device    string          `json:"device,omitempty"`   // what the browser said of itself
	Relation  *Kept           `json:"relation,omitempty"` // evidence of a guardian or kin
	Grantor   string          `json:"grantor,omitempty"`  // name of the guardian or kin
	Assets    map[string]Kept `json:"assets,omitempty"`   // by identifier of the reference
}

// Kept says of sealed bytes what leads to what they show.
type Kept struct {
	SHA256     string `json:"sha256"`
	Perceptual string `json:"perceptual,omitempty"` // perceptual hash, hex
	Key        []byte `json:"key,omitempty"`        // of the sealed blob; none where the bytes lie with the provider
}

// Shown says which notice the subject saw.
type Shown struct {
	Version  string    `json:"version"`
	Language string    `json:"language"`
	SHA256   string    `json:"sha256"`
	At       time.Time `json:"at"`
}

// Reference is a picture, film or recording from which content is generated.
type Reference struct {
	ID       string    `json:"id"`
	Modality Modality  `json:"modality"`
	Blob     string    `json:"blob,omitempty"` // reference of the sealed bytes; empty where they lie with the provider
	Size     int64     `json:"size,omitempty"`
	At       time.Time `json:"at"`
	Gone     time.Time `json:"gone,omitzero"`
}

// Media keeps bytes sealed. The bytes of a reference are found again by what PutSealed returned.
type Media interface {
	// PutSealed returns when the bytes are durable. The key has 32 bytes and is used once.
	PutSealed(ctx context.Context, r io.Reader, key []byte) (ref string, err error)
	// OpenSealed MUST fail where the bytes are not those that were put.
	OpenSealed(ctx context.Context, ref string, key []byte) (io.ReadCloser, error)
	// Delete frees what a reference stands for. One that is gone already is no error.
	Delete(ctx context.Context, ref string) error
}
