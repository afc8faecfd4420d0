package artefact

import (
	"context"

	"github.com/colophon-project/colophon/evidence"
)

// Store keeps artefacts and deliveries. Package artefacttest proves an implementation.
//
// A method that takes a record MUST commit the change and the record together or neither. Times come in UTC and whole
// milliseconds and MUST come back equal. What a Store returns MUST share no memory with what it keeps.
type Store interface {
	// Add adds an item with version 1, and has its work done unless it is held. It MUST return ErrExists when the number is taken and ErrParent when a parent is
	// not there. Of an item that begins as a delivered one the delivery comes with it.
	Add(ctx context.Context, rec evidence.Record, a Artefact, handed ...Delivery) error
	// Amend replaces what is stored of an item and does what else the change says; the stored version becomes one higher.
	// It MUST return ErrMissing when the item is not there and ErrChanged when the stored version is not that of the
	// change.
	Amend(ctx context.Context, rec evidence.Record, c Change) error
	// Artefact returns an item, or ErrMissing.
	Artefact(ctx context.Context, n Number) (Artefact, error)
	// Artefacts returns the items that fit, by time of making and number.
	Artefacts(ctx context.Context, q Query) ([]Artefact, error)
	// Deliveries returns the deliveries that fit, by time and identifier.
	Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error)
	// Doomed returns references of bytes that a change doomed and that no item refers to any more.
	Doomed(ctx context.Context, limit int) ([]string, error)
	// Gone takes references off the list that Doomed returns, after the bytes were deleted.
	Gone(ctx context.Context, rec evidence.Record, blobs []string) error
}

// Likener is a Store that can look for items by likeness.
type Likener interface {
	// Alike returns items of whose perceptual hashes one differs in at most a number of bits from one of those that are
	// given, the most alike first. It MUST miss none of what was committed before.
	Alike(ctx context.Context, hashes []byte, bits, limit int) ([]Match, error)
}

// Match is an item that looks alike.
type Match struct {
	Artefact Artefact
	Bits     int // in how many bits the nearest hashes differ
}

// Change is what one Amend does. Number, Function, Format, Size, Parents and Created of an item never change.
type Change struct {
	Artefact Artefact   // as it is to be; Version is that of the stored one
	Deliver  []Delivery // added
	Doom     []string   // references of bytes that this item needs no more
	// Anonymise empties the recipient in deliveries of this item to this one.
	Anonymise string
	// Enqueue has the work of the item done, as Add does for one that is not held.
	Enqueue bool
}
