package label

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/colophon-project/colophon"
)

// MaxSeal is the longest reserved code that is examined for a seal, in bytes.
const MaxSeal = 64 << 10

// Side is one of the two parties that may seal their fields of a label.
type Side int

// Sides.
const (
	// SideProducer seals Label, ContentProducer and ProduceID in ReservedCode1, as TC260-PG-202511A A.1 describes.
	SideProducer Side = iota
	// SidePropagator seals Label, ContentPropagator and PropagateID in ReservedCode2. The guide's own words for this
	// message are not confirmed; it is formed after A.1, and only a seal made here is known to follow it.
	SidePropagator
)

// SealedFields are the fields of a label that a seal covers, decoded.
type SealedFields struct {
	Side     Side
	Label    string
	Provider string // ContentProducer or ContentPropagator
	ID       string // ProduceID or PropagateID
}

// Codes of errors about sealing.
const (
	CodeSealField  colophon.Code = "seal-field"  // arg "field": empty, or with characters that the label can't hold
	CodeSealFailed colophon.Code = "seal-failed" // signing failed
)

// names are the keys of the provider and of the number, as the message spells them.
func (f SealedFields) names() (provider, id string) {
	if f.Side == SidePropagator {
		return "ContentPropagator", "PropagateID"
	}
	return "ContentProducer", "ProduceID"
}

// message is the text that is signed: three members of the label as they stand there, without braces and spaces.
func (f SealedFields) message() string {
	provider, id := f.names()
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	return `"Label":"` + escape.Replace(f.Label) +
		`","` + provider + `":"` + escape.Replace(f.Provider) +
		`","` + id + `":"` + escape.Replace(f.ID) + `"`
}

// check reports the first field that must not be sealed. A quotation mark would be legal in a label; it is refused since
// the guide does not say whether the message has it escaped.
func (f SealedFields) check() error {
	provider, id := f.names()
	for _, field := range [...]struct{ name, value string }{{"Label", f.Label}, {provider, f.Provider}, {id, f.ID}} {
		bad := strings.IndexFunc(field.value, func(r rune) bool { return r < 0x21 || r > 0x7e || r == '"' || r == '\\' })
		if field.value == "" || bad >= 0 {
			return &colophon.Error{
				Kind: colophon.Invalid, Code: CodeSealField, Clauses: []colophon.Clause{colophon.ClausePGSeal},
				Args: colophon.Args{"field": field.name},
			}
		}
	}
	return nil
}

// Seal signs fields and returns the SecurityData to put in ReservedCode1 or ReservedCode2: a JSON text without spaces,
// made of characters that Annex E j) allows. rand feeds the signature. With a nil rand it is deterministic (RFC 6979);
// ES256 draws on the system's source instead of any rand that is given.
//
// The seal proves that the fields were not changed. Whose they are it proves only to a reader who pinned the key.
func Seal(key *SigningKey, rand io.Reader, fields SealedFields) (string, error) {
	if err := fields.check(); err != nil {
		return "", err
	}
	der, good, err := key.sign(rand, []byte(fields.message()))
	if err == nil && !good {
		err = errors.New("the new signature does not verify")
	}
	if err != nil {
		return "", &colophon.Error{Kind: colophon.Internal, Code: CodeSealFailed, Clauses: []colophon.Clause{colophon.ClausePGSeal}, Err: err}
	}
	const form = `{"SecurityData":{"Type":"TC260PG","Version":1,"PubSD":[` +
		`{"Type":"DS","AlgID":"%[1]s","TBSData":{"Type":"Md"},"Signature":"%[2]X"},` +
		`{"Type":"PubKey","AlgID":"%[1]s","KeyValue":"%[3]X"}]}}`
	return fmt.Sprintf(form, key.public.Algorithm(), der, key.public.spki), nil
}
