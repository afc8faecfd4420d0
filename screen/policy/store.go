package policy

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// What a [Store] returns. Journals of judgements return ErrForgotten, too.
var (
	ErrExists    = errors.New("policy: the version is taken")
	ErrMissing   = errors.New("policy: no such version")
	ErrChanged   = errors.New("policy: another table was released in the meantime")
	ErrForgotten = errors.New("policy: the data key of the record was erased, so that it must be made anew")
)

// Store keeps tables, their releases and the journal of judgements. Package policytest proves an implementation.
//
// A method that takes a record MUST commit the change and the record together or neither, and return an error that wraps
// ErrForgotten when the record's data key was erased. Times come in UTC and whole milliseconds and MUST come back equal.
// What a Store returns MUST share no memory with what it keeps.
type Store interface {
	// Add adds a proposed version. It MUST return ErrExists when its name is taken.
	Add(ctx context.Context, rec evidence.Record, v Version) error
	// Compared keeps a comparison as the last one of its version. It MUST return ErrMissing when the version is not there.
	Compared(ctx context.Context, rec evidence.Record, c Comparison) error
	// Release adds a release. It MUST return ErrMissing when the version is not there and ErrChanged unless the number of
	// the release is one more than that of the last.
	Release(ctx context.Context, rec evidence.Record, r Release) error
	// Versions returns the versions that fit, the last proposed first.
	Versions(ctx context.Context, q VersionQuery) ([]Version, error)
	// Past returns the judgements that fit, the newest first. It MUST leave out those of subjects whose data is restricted
	// to storage.
	Past(ctx context.Context, q PastQuery) ([]Judged, error)
}

// Version is a table with its history.
type Version struct {
	Table      Table
	Digest     [32]byte // SHA-256 of the table as canonical JSON
	Origin     string   // name of the key that signed it, where it was imported
	Reason     string   // why it was proposed
	By         string   // who proposed it
	At         time.Time
	Comparison *Comparison // the last; nil before the first
	Releases   []Release   // in order
}

// Release says that a version was put in force. Numbers count from 1 over all versions.
type Release struct {
	Number  int64
	Version string
	By      string
	At      time.Time
}

// VersionQuery says which versions are looked for. Fields that are set must all fit.
type VersionQuery struct {
	Version string
	InForce bool  // the one that was released last
	Offered bool  // those that wait: proposed since the last release, and never released
	After   Place // by time and name
	Limit   int
}

// Judged is a judgement as the journal keeps it: what was decided and by which facts, without any text.
type Judged struct {
	ID       string // of the evidence record, too
	At       time.Time
	Subject  evidence.Subject
	About    string // what was judged, such as a content number; of Journal alone, nobody reads it back
	Surface  string
	Class    string
	Function string
	Action   Action
	Verdict  colophon.Verdict
	Policy   string // version of the table
	Library  string // version of the feature library
	Facts    []Fact
}

// PastQuery says which judgements are looked for. Fields that are set must all fit.
type PastQuery struct {
	ID        string    // of one
	From, To  time.Time // To is not included
	Action    Action
	Category  string // one that something was found of; what nobody checked does not count
	Subject   evidence.Subject
	About     string // what was judged, such as a content number
	Surface   string
	Verdicts  []colophon.Verdict // one of them
	WithFacts bool               // leave out those without facts
	After     Place              // by time and ID
	Limit     int
}

// Place is where a page ended: time and name of its last entry. The zero value begins at the beginning.
type Place struct {
	At   time.Time
	Name string
}

// String writes a place as a cursor, which [ParsePlace] reads.
func (p Place) String() string {
	if p.Name == "" {
		return ""
	}
	return strconv.FormatInt(p.At.UnixMilli(), 10) + "~" + p.Name
}

// ParsePlace reads a cursor. It accepts exactly what [Place.String] writes.
func ParsePlace(s string) (Place, error) {
	if s == "" {
		return Place{}, nil
	}
	at, name, _ := strings.Cut(s, "~")
	ms, err := strconv.ParseInt(at, 10, 64)
	p := Place{time.UnixMilli(ms).UTC(), name}
	if err != nil || !word(name) || p.String() != s {
		return Place{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeCursor}
	}
	return p, nil
}
