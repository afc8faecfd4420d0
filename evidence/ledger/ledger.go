// Package ledger is the shape of things whose every change is proven: verifications, consents, measures, orders and the
// like. An [Entry] has an identity, a version, a state, keys by which it is found, and a value; a [Store] keeps entries and
// commits each change together with the record that proves it; a [Book] is what a capability changes them with.
//
// What an entry is about stands in the value, as JSON, and may be read by whoever reads the store: pseudonyms, keyed
// digests, codes, times. What leads to a person (a name, a masked number, a contact) stands in what is sealed for the
// subject, and ends when the subject is erased.
//
// What not to do here: no rule of a capability. Never keep personal data in a value, a key or a state.
package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Errors of a [Store], to be found with [errors.Is].
var (
	// ErrExists means that an entry with the identifier, or with a key that only one may have, is there already.
	ErrExists = errors.New("the entry exists")
	// ErrMissing means that there is no such entry.
	ErrMissing = errors.New("no such entry")
	// ErrChanged means that somebody else changed the entry since it was read.
	ErrChanged = errors.New("the entry was changed by somebody else")
	// ErrForgotten means that the data key which something was sealed under was erased: forget it and seal again.
	ErrForgotten = errors.New("the data key was erased")
)

// Codes of errors.
const (
	CodeMissing colophon.Code = "entry-missing"
	CodeExists  colophon.Code = "entry-exists"
	CodeChanged colophon.Code = "entry-changed"
)

// By is who changes something: a person of the staff, an API key, or the system.
type By struct {
	Role evidence.Role // in which role; "application" for API keys, "system" for rules and jobs, "subject" and "user" for people outside
	ID   string        // of the staff account or API key; empty for the others
}

// Person reports whether it is a person of the staff: no rule or program, and nobody outside.
func (by By) Person() bool {
	switch by.Role {
	case "", "system", "application", "subject", "user":
		return false
	}
	return by.ID != ""
}

// Kept says whether what is sealed in an entry can be read.
type Kept string

// What became of the sealed part.
const (
	None       Kept = "none" // nothing was sealed
	Whole      Kept = "whole"
	Restricted Kept = "restricted" // kept because a period runs; nobody reads it
	Erased     Kept = "erased"
)

// Key is a value under which an entry is found: an identifier or a keyed digest, never personal data.
type Key struct {
	Name, Value string
	// Unique lets no other entry of the ledger have the same key. Not used in a [Query].
	Unique bool
	// Personal has the key removed when the subject is erased, as for the keyed digest of a number. Not used in a Query.
	Personal bool
}

// Entry is one thing in a ledger.
type Entry[T any] struct {
	ID      string
	Version int64            // 1 once it is added; one higher with each change
	Subject evidence.Subject // whom it is about; evidence.System for nobody
	State   string           // a word
	Due     time.Time        // when it wants to be looked at without anybody's asking; zero for never
	Made    time.Time        // set by Book.Add
	Changed time.Time        // set by Book.Add and Book.Change
	Keys    []Key            // those that are stored are replaced with each change
	Value   T
	// Sealed is what only some may read; nil for nothing, or nothing any more.
	Sealed *evidence.Sealed
	// Kept is set by the store.
	Kept Kept
}

// Query says which entries are wanted. All that is given must hold; the zero value means all.
type Query struct {
	ID      string
	Subject evidence.Subject
	States  []string
	Keys    []Key
	Due     time.Time // those that are due then
	After   string    // identifiers above; below with Newest
	Newest  bool      // the highest identifier first; identifiers are UUIDv7, so that is by time
	Limit   int       // 0 for MaxPage
}

// MaxPage is the most entries that a query returns.
const MaxPage = 1000

// Store keeps the entries of one ledger. A method that takes a record MUST commit record and entries together or neither.
// Times come in UTC and whole milliseconds and MUST come back equal.
type Store[T any] interface {
	// Add adds entries with version 1. It MUST return ErrExists when one of them, or one of their unique keys, is there.
	Add(ctx context.Context, rec evidence.Record, entries ...Entry[T]) error
	// Amend replaces entries. It MUST return ErrMissing when one is not there, and ErrChanged when the stored version is not
	// that of the entry. Subject and Made never change.
	Amend(ctx context.Context, rec evidence.Record, entries ...Entry[T]) error
	// Find returns the entries that fit, by identifier.
	Find(ctx context.Context, q Query) ([]Entry[T], error)
	// Count counts them, without regard to After and Limit.
	Count(ctx context.Context, q Query) (int, error)
}

// Change says that an entry of some ledger changed.
type Change struct {
	Sequence uint64 // of the record that proves it
	Ledger   string
	ID       string
	Subject  evidence.Subject
}

// Feed tells what changed, on any node, in the order in which it was committed.
type Feed interface {
	// Changes returns changes after a sequence. Of an entry that changed several times the last change alone is told.
	Changes(ctx context.Context, after uint64, limit int) ([]Change, error)
	// Head returns the sequence of the last change, 0 for none.
	Head(ctx context.Context) (uint64, error)
}

// Unsealer opens what a recorder sealed.
type Unsealer interface {
	Unseal(s evidence.Sealed, use string) ([]byte, error)
}
