// Package artefact knows each item that was produced: its content number, its digests before and after it was marked, the
// marks that were read back, for whom it was made, from what, and to whom it was delivered. Whoever must find content by
// number, digest or likeness, or reach those who received it, asks here.
//
// [Register] is the worker. Each of its changes goes to a [Store] with the [evidence.Record] that proves it, and the
// store commits both or neither. A record's payload is canonical JSON that names the content number and digests; the
// digests reach the Merkle log only inside the record's salted commitment.
//
// Accounts and recipients are pseudonyms or identifiers of API keys. Bytes lie elsewhere: an artefact holds references to
// them, and the register says which of them nobody needs any more ([Register.Doomed]).
//
// What not to do here: never keep a prompt, a name, an address or the bytes themselves. Never call an item marked before
// its marks were read back. Never take an erased item for one that never was: its number stays taken.
package artefact

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
)

// Codes of errors. Their arguments name no person.
const (
	CodeInvalid   colophon.Code = "artefact-invalid"       // arg "field"
	CodeExists    colophon.Code = "artefact-exists"        // the content number is taken
	CodeMissing   colophon.Code = "artefact-missing"       // no item has this number
	CodeStep      colophon.Code = "artefact-step"          // args "from", "to": the state machine has no such step
	CodeChanged   colophon.Code = "artefact-changed"       // somebody else changed it at the same time
	CodeParent    colophon.Code = "artefact-parent"        // a parent is not known
	CodeCursor    colophon.Code = "artefact-cursor"        // the cursor of a page was not made here
	CodeUnlikened colophon.Code = "artefact-likeness-none" // the store can't look for likeness
	CodeForgotten colophon.Code = "artefact-subject-erased"
)

// Limits of an artefact.
const (
	// MaxParents is how many items one item may be made from.
	MaxParents = 64
	// MaxMarks is the longest document of marks, in bytes.
	MaxMarks = 256 << 10
	// MaxPage is the largest page.
	MaxPage   = 500
	maxNumber = 256
	maxWord   = 64
	maxBlob   = 512

	// HashSize is the length of a perceptual hash, in bytes.
	HashSize = 32
	// MaxLikeness is the length of the longest likeness, in bytes.
	MaxLikeness = 128 * HashSize
	// MaxBits is the distance up to which items are looked for. Hashes of two pictures of any kind differ in twice as many.
	MaxBits = 64
)

// Number is the content number of an item, the ProduceID of its label.
type Number string

// Digest is a SHA-256; the zero value stands for none.
type Digest [32]byte

// Original is the item as it was before the notice, sealed and kept for a while.
type Original struct {
	Blob  string          // reference of the sealed bytes
	Key   evidence.Sealed // the key of those bytes, sealed for the account
	Until time.Time       // when it goes
}

// Work is what is still to be done with an item that a job will mark.
type Work struct {
	Order json.RawMessage // how to mark it, in the words of whoever entered it; no personal data
	Job   string          // identifier of the job; the store fills it in
	// Cleared is the judgement by which a person let the item pass; empty for one that no person looked at.
	Cleared string
}

// Artefact is one produced item. Times are UTC in whole milliseconds.
type Artefact struct {
	Number   Number
	State    State
	Function string           // the function that made it, as dotted lower-case words
	Model    string           // model that made it, as the register names it; empty where that was not told
	Account  evidence.Subject // pseudonym of the account it was made for; empty once erased
	Format   media.Format
	Size     int64  // bytes, before marking
	Before   Digest // of the bytes before marking
	Parents  []Number

	Stored   int64           // bytes, after marking
	After    Digest          // of the bytes after marking
	Marks    json.RawMessage // what was read back; nil before
	Blob     string          // reference of the marked bytes; empty when they are not kept
	Likeness []byte          // perceptual hashes of HashSize bytes, one after the other; nil when there are none
	// Unlikened is why there are none, or fewer than there should be; empty for an item of which nobody made any.
	Unlikened colophon.Code
	Watermark string    // what its watermark says, in hexadecimal; empty when it has none
	Original  *Original // nil when none is kept
	Work      *Work     // nil when it was marked at once

	Reason  colophon.Code // why it failed
	Created time.Time
	Changed time.Time
	Version int64 // counted by the store from 1
}

// Channel says how an item was delivered.
type Channel string

// The channels.
const (
	API      Channel = "api"
	Download Channel = "download"
	Stream   Channel = "stream"
	Export   Channel = "export"
	Console  Channel = "console" // a person of the staff looked at it
)

// Delivery is one handing over of an item.
type Delivery struct {
	ID     string // UUIDv7
	Number Number
	To     string // pseudonym of an account or identifier of an API key; empty once erased
	How    Channel
	At     time.Time
}

func (d Delivery) sane() string {
	switch {
	case !word(d.To, "-_"):
		return "to"
	case !slices.Contains([]Channel{API, Download, Stream, Export, Console}, d.How):
		return "how"
	}
	return ""
}

// Cursor is where a page ended: opaque text.
type Cursor string

// Place is what a cursor stands for: the time and name of the last entry of a page. A page begins after it; the zero value
// begins at the beginning.
type Place struct {
	At   time.Time
	Name string
}

// Cursor writes the place as text.
func (p Place) Cursor() Cursor {
	return Cursor(base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.At.UnixMilli(), 10) + " " + p.Name)))
}

// Place reads a cursor back. It accepts exactly what [Place.Cursor] writes, and the empty text.
func (c Cursor) Place() (Place, error) {
	if c == "" {
		return Place{}, nil
	}
	wrong := refuse(colophon.Invalid, CodeCursor, nil)
	if len(c) > 1024 {
		return Place{}, wrong
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(c))
	if err != nil {
		return Place{}, wrong
	}
	at, name, ok := strings.Cut(string(raw), " ")
	ms, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || name == "" || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return Place{}, wrong
	}
	p := Place{time.UnixMilli(ms).UTC(), name}
	if p.Cursor() != c {
		return Place{}, wrong
	}
	return p, nil
}

// Query says which items are looked for. Fields that are set must all fit.
type Query struct {
	Digest      Digest // before or after marking
	Watermark   string // it bears a watermark that says this
	Parent      Number // made from this item, directly
	Recipient   string // delivered to this one
	Account     evidence.Subject
	States      []State // in one of them
	Format      media.Format
	Function    string
	Model       string
	Finding     string    // a check found something of this category of the taxonomy in it
	From, To    time.Time // when it was made; To is not included
	OriginalDue time.Time // an original is kept whose end is not after this
	Newest      bool      // in the reverse order
	After       Place
	Limit       int
}

// DeliveryQuery says which deliveries are looked for. Fields that are set must all fit.
type DeliveryQuery struct {
	Number Number
	To     string
	After  Place // by time and identifier
	Limit  int
}

// check reports the first field of a new artefact that is out of form.
func (a Artefact) check() string {
	_, known := media.Facts(a.Format)
	switch {
	case !a.Number.sane():
		return "number"
	case !word(a.Function, ".-_"):
		return "function"
	case !word(string(a.Account), "-_"):
		return "account"
	case !known:
		return "format"
	case len(a.Model) > maxNumber || !utf8.ValidString(a.Model) || strings.ContainsFunc(a.Model, unicode.IsControl):
		return "model"
	case a.Size < 0:
		return "size"
	case a.Before == Digest{}:
		return "before"
	case len(a.Parents) > MaxParents:
		return "parents"
	case a.Original != nil && (!reference(a.Original.Blob) || a.Original.Until.IsZero()):
		return "original"
	}
	for i, p := range a.Parents {
		if !p.sane() || p == a.Number || slices.Contains(a.Parents[:i], p) {
			return "parents"
		}
	}
	return ""
}

// sane reports whether a number may be one: text without white space or control characters.
func (n Number) sane() bool {
	return n != "" && len(n) <= maxNumber && utf8.ValidString(string(n)) &&
		!strings.ContainsFunc(string(n), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// payloadText reports whether a text is what a watermark says: 8 or 16 bytes in hexadecimal, lower case.
func payloadText(s string) bool {
	return (len(s) == 16 || len(s) == 32) && strings.Trim(s, "0123456789abcdef") == ""
}

func reference(s string) bool {
	return s != "" && len(s) <= maxBlob && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// word reports whether s is made of lower-case letters, digits and the given marks and starts with a letter or digit.
func word(s, marks string) bool {
	if s == "" || len(s) > maxWord || strings.ContainsRune(marks, rune(s[0])) {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(marks, r) {
			return false
		}
	}
	return true
}

// hashed reports whether something is a likeness in form.
func hashed(b []byte) bool { return len(b)%HashSize == 0 && len(b) <= MaxLikeness }

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args}
}

func invalid(field string) error {
	return refuse(colophon.Invalid, CodeInvalid, colophon.Args{"field": field})
}

// Errors of a Store that this package acts on.
var (
	// ErrExists says that the content number is taken.
	ErrExists = errors.New("artefact: the number is taken")
	// ErrMissing says that no item has the number.
	ErrMissing = errors.New("artefact: missing")
	// ErrParent says that a parent is missing.
	ErrParent = errors.New("artefact: a parent is missing")
	// ErrChanged says that the stored version is another.
	ErrChanged = errors.New("artefact: changed at the same time")
	// ErrForgotten says that the data key of the record's subject was erased, so that the record must be made anew.
	ErrForgotten = errors.New("artefact: the subject's key was erased")
)
