// Package label reads, checks and writes the AIGC label: the implicit label that the Labelling Measures Art. 5 ask for,
// in the format of GB 45438-2025 Annex E.
//
// The label is one JSON object of seven strings, in one place of one file. [Fields] is that object. [Read] reports every
// label in a file with what is wrong about it; it accepts each form that has been met in the field and names how it
// deviates. [Prepare] plans a labelled copy: it writes nothing but the strict form, refuses a file that is labelled
// already, and changes the propagator's three fields alone when a platform adds its own.
//
// There is no function that takes a label away, and none may be added (Labelling Measures Art. 10; Deep Synthesis
// Provisions Art. 18). A label that stands in an odd place can be moved to the standard one, with its producer's fields
// unchanged.
package label

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// Values of Fields.Label, Annex E c): the three states of the Labelling Measures Art. 6.
const (
	Belongs   = "1" // generated: confirmed
	Possible  = "2" // possibly generated: the user says so, the metadata does not
	Suspected = "3" // suspected: traces were detected
)

// Fields are the seven fields of the label, in the order in which they are written.
type Fields struct {
	Label             string // "1", "2" or "3"
	ContentProducer   string // provider's 27-character code, or its name in ASCII without spaces
	ProduceID         string // provider's unique number for the content
	ReservedCode1     string // provider's own security use; empty or SecurityData
	ContentPropagator string // platform's code or name; at first the producer
	PropagateID       string // platform's number for the content; at first ProduceID
	ReservedCode2     string // platform's own security use
}

// fieldNames are the keys in order.
func fieldNames() [7]string {
	return [7]string{"Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2"}
}

func (f *Fields) pointers() [7]*string {
	return [7]*string{&f.Label, &f.ContentProducer, &f.ProduceID, &f.ReservedCode1, &f.ContentPropagator, &f.PropagateID, &f.ReservedCode2}
}

// Codes of errors about a label that is to be written. Arg "field" is the field's name.
const (
	CodeFieldEmpty   colophon.Code = "field-empty"
	CodeFieldCharset colophon.Code = "field-charset" // also "position", counted from 1, and "byte"
	CodeFieldLong    colophon.Code = "field-long"    // also "limit"
	CodeLabelValue   colophon.Code = "label-value"   // also "value"
)

// maxField is the longest field that is written, in bytes: enough for SecurityData with a certificate.
const maxField = 16 << 10

// Check reports the first rule of Annex E that the fields break, and nil when they may be written.
func (f *Fields) Check() error {
	if f.Label != Belongs && f.Label != Possible && f.Label != Suspected {
		return refuse(CodeLabelValue, "field", "Label", "value", clip(f.Label))
	}
	values := f.pointers()
	for i, name := range fieldNames() {
		value := *values[i]
		switch {
		case value == "" && !f.mayBeEmpty(name):
			return refuse(CodeFieldEmpty, "field", name)
		case len(value) > maxField:
			return refuse(CodeFieldLong, "field", name, "limit", itoa(maxField))
		}
		if at := badByte(value); at >= 0 {
			return refuse(CodeFieldCharset, "field", name, "position", itoa(at+1), "byte", hexByte(value[at]))
		}
	}
	return nil
}

// mayBeEmpty says which fields a written label may leave empty: the reserved ones, and the producer's where a platform
// labels a file whose producer nobody knows.
func (f *Fields) mayBeEmpty(name string) bool {
	switch name {
	case "ReservedCode1", "ReservedCode2":
		return true
	case "ContentProducer", "ProduceID":
		return f.Label != Belongs
	}
	return false
}

func (f *Fields) producerSealed() SealedFields {
	return SealedFields{Side: SideProducer, Label: f.Label, Provider: f.ContentProducer, ID: f.ProduceID}
}

func (f *Fields) propagatorSealed() SealedFields {
	return SealedFields{Side: SidePropagator, Label: f.Label, Provider: f.ContentPropagator, ID: f.PropagateID}
}

// badByte returns the index of the first byte that Annex E j) does not allow, or -1. A quotation mark is allowed because
// it is written as \"; spaces, backslashes, control characters and everything beyond ASCII are not.
func badByte(s string) int {
	for i := range len(s) {
		if b := s[i]; b < 0x21 || b > 0x7e || b == '\\' {
			return i
		}
	}
	return -1
}

// JSON returns the label as it is written: seven keys, in order, no white space. It fails like Check.
func (f *Fields) JSON() ([]byte, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	return f.encode(), nil
}

// encode writes the fields whatever they hold, in ASCII: what lies beyond is escaped as \uXXXX.
func (f *Fields) encode() []byte {
	var b bytes.Buffer
	values := f.pointers()
	for i, name := range fieldNames() {
		b.WriteString(map[bool]string{true: `{"`, false: `,"`}[i == 0])
		b.WriteString(name)
		b.WriteString(`":`)
		b.WriteString(quote(*values[i]))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// quote returns s as a JSON string in ASCII, without escaping more than JSON asks for.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("label: encoding a string: " + err.Error())
	}
	return ascii(strings.TrimSuffix(b.String(), "\n"))
}

func ascii(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0 {
		return s
	}
	const hex = "0123456789abcdef"
	var b strings.Builder
	for _, r := range s {
		units := []rune{r}
		switch {
		case r <= 0x7e:
			b.WriteRune(r)
			continue
		case r > 0xffff:
			units = []rune{0xd800 + (r-0x10000)>>10, 0xdc00 + (r-0x10000)&0x3ff}
		}
		for _, u := range units {
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[u>>shift&0xf])
			}
		}
	}
	return b.String()
}

func refuse(code colophon.Code, args ...string) error {
	e := &colophon.Error{Kind: colophon.Invalid, Code: code, Clauses: []colophon.Clause{colophon.ClauseGBE}, Args: colophon.Args{}}
	for i := 0; i+1 < len(args); i += 2 {
		e.Args[args[i]] = args[i+1]
	}
	return e
}

func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}

// Aliases of the types that a caller outside this module meets.
type (
	// Source is a file to be read.
	Source = media.Source
	// Place names where in a file a label stands.
	Place = media.Place
	// Format names a file format.
	Format = media.Format
)

func itoa(n int) string { return strconv.Itoa(n) }

func hexByte(b byte) string { return "0x" + strconv.FormatUint(uint64(b), 16) }
