package library

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/evidence"
)

// Store keeps features. Package librarytest proves an implementation.
//
// A method that takes a record MUST commit the change and the record together or neither, and about are the things that
// the record is found by. Times come in UTC, days as midnight and moments in whole milliseconds, and MUST come back equal.
// What a Store returns MUST share no memory with what it keeps.
type Store interface {
	// Propose adds a batch and its features in the state Proposed. It MUST return ErrExists when an identifier is taken, or
	// a live feature has the same [Feature.Key].
	Propose(ctx context.Context, rec evidence.Record, about []string, b Batch, features []Feature) error
	// Move makes a change. It MUST return ErrChanged when it would not change exactly Move.Count features, or when the
	// number of Move.Version is not one above the latest.
	Move(ctx context.Context, rec evidence.Record, about []string, m Move) error
	// Features returns the features that fit, by identifier.
	Features(ctx context.Context, q Query) ([]Feature, error)
	// Batches returns the batches that fit, the latest first.
	Batches(ctx context.Context, q BatchQuery) ([]Batch, error)
	// Versions returns the latest versions below a number, the latest first; 0 is no bound.
	Versions(ctx context.Context, below int64, limit int) ([]Version, error)
}

// Move takes features from one state to another.
type Move struct {
	Batch    string   // all of this batch that are in the state From
	IDs      []string // these; with a batch, those of it
	From     []State
	To       State
	Count    int
	Reviewer string // who reviewed them, where To is Reviewed
	At       time.Time
	// Version is the version of the library that this makes; nil where it makes none. It becomes Since of features that
	// become active, and Gone of those that are retired.
	Version *Version
}

// Query says which features are looked for. Fields that are set must all fit.
type Query struct {
	IDs      []string
	Batch    string
	State    State
	Kind     Kind
	Category Category
	Contains string // in the value, whatever the case of ASCII letters
	At       int64  // active in the version of this number
	After    string // identifier of the last feature of the page before
	Limit    int
}

// BatchQuery says which batches are looked for. Fields that are set must all fit.
type BatchQuery struct {
	ID     string
	States []State // a feature of it is in one of them
	Below  string  // identifier of the last batch of the page before
	Limit  int
}

// SampleStore keeps samples. The contract is that of [Store].
type SampleStore interface {
	// AddSamples adds samples.
	AddSamples(ctx context.Context, rec evidence.Record, list []Sample) error
	// Samples returns the samples that fit, by identifier.
	Samples(ctx context.Context, q SampleQuery) ([]Sample, error)
	// RemoveSamples removes samples. It MUST return ErrChanged when one is not there.
	RemoveSamples(ctx context.Context, rec evidence.Record, ids []string) error
}

// Sample is a text that changes of the library are replayed over. The text is sealed.
type Sample struct {
	ID      string           // UUIDv7
	Subject evidence.Subject // whom the text came from; evidence.System for nobody
	Origin  string           // where it came from, in words; no personal data
	Added   time.Time
	Until   time.Time // when it goes
	Text    evidence.Sealed
}

// SampleQuery says which samples are looked for.
type SampleQuery struct {
	Valid time.Time // those that go after this; zero for all
	Due   time.Time // those that go at this time or before; zero for all
	After string
	Limit int
}
