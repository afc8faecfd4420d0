// Package card keeps the conformance cards of services: one signed document that a machine reads, with what an app store or a
// platform has to check before it lists an app (Deep Synthesis Provisions Art. 13; Labelling Measures Art. 7). It says which
// functions a service offers, how far each is filed, how its content is labelled, which assessments it has by their digests, and
// which files it made were read back, by whom the card was issued and until when it counts.
//
// [Keeper.Issue] makes a card of what the register says at that moment, and [Verify] reads one, of any provider, with nothing
// but the card, the keys that are trusted and what else is at hand. A card tells what its provider states. What a check can find
// out by itself passes or fails; what rests on the statement alone, or on a list that is not there, could not be told.
//
// What not to do here: never let a card say more than the register did. Never call a filing number valid: its check digit passes
// or fails, and a published list alone says that it exists. Never pass a check because what it needs was not given. No person is
// on a card.
package card

import (
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/signed"
	"github.com/colophon-project/colophon/register"
)

const (
	// Schema is that of cards.
	Schema = "colophon.card/1"
	// MaxCard is the longest card, in bytes.
	MaxCard = 1 << 20

	head = "colophon conformance card of a service\n"
)

// Codes of errors.
const (
	CodeForm      colophon.Code = "card-form"      // it is no card
	CodeSignature colophon.Code = "card-signature" // no trusted key signed it
	CodeNoKey     colophon.Code = "card-no-key"    // no trusted key was given
	CodeInvalid   colophon.Code = "card-invalid"   // arg "field"
	CodeMissing   colophon.Code = "card-missing"   // there is no such card
	CodeStep      colophon.Code = "card-step"      // args "from", "to"
	CodePerson    colophon.Code = "card-person"    // a person has to do it
	CodeNothing   colophon.Code = "card-nothing"   // the service has no live function to speak of
	CodeMaterial  colophon.Code = "card-material"  // arg "name": the file does not bear what it is to show
	CodeFunction  colophon.Code = "card-function"  // arg "function": no live function of the service
)

// Provider is who offers the service.
type Provider struct {
	Name string `json:"name"`
	Code string `json:"code"` // 27 characters, TC260-PG-20252A
}

// Condition is one of the register's conditions of a function, as it stood.
type Condition struct {
	Name    string          `json:"name"`
	Verdict string          `json:"verdict"`
	Waived  bool            `json:"waived,omitempty"`
	Clause  colophon.Clause `json:"clause"`
}

// Proof is an assessment by its digest.
type Proof struct {
	SHA256 string    `json:"sha256"`
	Done   time.Time `json:"done,omitzero"`
	Until  time.Time `json:"until,omitzero"` // zero for not said
}

// Material is a file that a function made, as it was read when the card was issued.
type Material struct {
	Name   string `json:"name"`
	Format string `json:"format"`
	SHA256 string `json:"sha256"`
	Label  string `json:"label"`  // verdict on the implicit label: passed, failed, could-not-tell
	Notice string `json:"notice"` // verdict on the visible or audible notice
}

// Function is a live function as the card tells of it.
type Function struct {
	ID         string          `json:"id"`
	Names      register.Names  `json:"names"`
	Purpose    register.Names  `json:"purpose"`
	Kind       string          `json:"kind"`
	Class      string          `json:"class"`
	Likeness   []string        `json:"likeness,omitempty"`
	High       bool            `json:"high"` // it makes or edits faces or voices, or counts as high-risk
	Filing     register.Filing `json:"filing"`
	Notice     register.Notice `json:"notice"`
	Conditions []Condition     `json:"conditions"`
	Security   *Proof          `json:"security,omitempty"` // of its security assessment
	Impact     *Proof          `json:"impact,omitempty"`   // of its impact assessment
	Materials  []Material      `json:"materials,omitempty"`
}

// Service is the service that a card is of.
type Service struct {
	ID      string          `json:"id"`
	Names   register.Names  `json:"names"`
	Role    string          `json:"role"`
	Forms   []register.Form `json:"forms"`
	Opinion bool            `json:"opinion"`
}

// Log is how the provider's evidence log stood, so that the card can be held against it later.
type Log struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"` // SHA-256 in hexadecimal
}

// Card is what a provider states of a service. It is a signed note (C2SP) that anybody checks who has the key.
type Card struct {
	Schema    string     `json:"schema"`
	ID        string     `json:"id"`
	Provider  Provider   `json:"provider"`
	Service   Service    `json:"service"`
	Functions []Function `json:"functions"`
	Log       Log        `json:"log"`
	Issued    time.Time  `json:"issued"`
	Until     time.Time  `json:"until"`
}

// Open reads a card that one of the trusted keys signed. Where none did, the card comes with the error.
func Open(raw []byte, trusted ...note.Verifier) (Card, error) {
	var c Card
	if len(raw) > MaxCard {
		return c, misread()
	}
	err := signed.Codes{Form: CodeForm, Signature: CodeSignature, NoKey: CodeNoKey}.Open(raw, head, &c, trusted...)
	if c.Schema != Schema && (err == nil || c.Schema != "") {
		return Card{}, misread()
	}
	return c, err
}

func misread() error { return &colophon.Error{Kind: colophon.Invalid, Code: CodeForm} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS13, colophon.ClauseLM7} }
