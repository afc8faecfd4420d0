package moderation

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/evidence"
)

// Store keeps held items. Package moderationtest proves an implementation.
//
// A method that takes a record MUST commit the change and the record together or neither. Times come in UTC and whole
// milliseconds and MUST come back equal. What a Store returns MUST share no memory with what it keeps.
type Store interface {
	// Add adds an item with version 1. It MUST return ErrExists when its judgement has one already.
	Add(ctx context.Context, rec evidence.Record, it Item) error
	// Amend replaces what is stored of an item; the stored version becomes one higher. It MUST return ErrMissing when the
	// item is not there and ErrChanged when the stored version is not that of the item: of many who take an item at once,
	// one gets it. Sealed is kept as it is stored, or taken away. Subject, Why, Deadline, Queue, Priority, Surface,
	// Function, About and Created never change.
	Amend(ctx context.Context, rec evidence.Record, it Item) error
	// Extend gives the reviewer who has an item a longer lease, without a record, and makes the version one higher. It MUST
	// return ErrChanged when the stored version is another.
	Extend(ctx context.Context, id string, version int64, lease time.Time) error
	// Items returns the items that fit: for a Claim by priority, the highest first, deadline and identifier, else by
	// identifier.
	Items(ctx context.Context, q Query) ([]Item, error)
	// Figures counts.
	Figures(ctx context.Context, p Period) (Figures, error)
}

// Query says which items are looked for. Fields that are set must all fit.
type Query struct {
	Filter
	ID        string           `json:"id,omitempty"`
	Judgement string           `json:"judgement,omitempty"`
	About     string           `json:"about,omitempty"`
	Subject   evidence.Subject `json:"subject,omitempty"`
	States    []State          `json:"states,omitempty"`
	Reviewer  string           `json:"reviewer,omitempty"` // who has it
	After     string           `json:"after,omitempty"`    // a page begins after this identifier
	Limit     int              `json:"limit,omitempty"`

	Claim       *Claim    `json:"-"` // what somebody may take now
	Due         time.Time `json:"-"` // open, and the deadline is not after this
	Outstanding bool      `json:"-"` // closed, and nobody acted on it
	Spent       time.Time `json:"-"` // the content has an end, and it is not after this
}

// Claim says who wants to take an item. Those fit that are open, whose deadline is after Now, that nobody has or whose
// lease is not after Now, about which the reviewer gave no opinion, and of the stage Senior only for a senior.
type Claim struct {
	Reviewer string
	Senior   bool
	Now      time.Time
}

// Filter narrows what a reviewer wants to see.
type Filter struct {
	Queues   []string `json:"queues,omitempty"` // one of them
	Category string   `json:"category,omitempty"`
	Surface  string   `json:"surface,omitempty"`
	Function string   `json:"function,omitempty"`
}

// Period is a span of time; To is not included. Now says which leases and deadlines are over.
type Period struct {
	From, To, Now time.Time
}

// Figures says how the work stands, and what was done in a period.
type Figures struct {
	Queues        []QueueFigure `json:"queues"`         // those where something waits, by name
	Decided       int           `json:"decided"`        // by people, in the period
	MedianSeconds int64         `json:"median_seconds"` // from entry to decision by people; of two in the middle the longer
	Expired       int           `json:"expired"`        // in the period
	Overturned    int           `json:"overturned"`     // of those decided, otherwise than the first person did
	Unacted       int           `json:"unacted"`        // closed, and nobody acted on it
	DutiesOpen    int           `json:"duties_open"`
	DutiesOverdue int           `json:"duties_overdue"`
}

// QueueFigure says what waits in one queue.
type QueueFigure struct {
	Queue     string    `json:"queue"`
	Waiting   int       `json:"waiting"` // nobody has it
	Taken     int       `json:"taken"`
	Escalated int       `json:"escalated"` // of both, those that wait for a senior
	Oldest    time.Time `json:"oldest"`    // when the oldest of both was entered
}

// DutyStore keeps report duties, by the rules of [Store].
type DutyStore interface {
	// AddDuty adds a duty with version 1. It MUST return ErrExists when its judgement has one already.
	AddDuty(ctx context.Context, rec evidence.Record, d Duty) error
	// AmendDuty replaces what is stored of a duty; the stored version becomes one higher. It MUST return ErrMissing and
	// ErrChanged as Amend does. Judgement, Categories, Subject, Opened and Due never change.
	AmendDuty(ctx context.Context, rec evidence.Record, d Duty) error
	// Duties returns the duties that fit, by identifier.
	Duties(ctx context.Context, q DutyQuery) ([]Duty, error)
}

// DutyQuery says which duties are looked for. Fields that are set must all fit.
type DutyQuery struct {
	ID        string    `json:"id,omitempty"`
	Judgement string    `json:"judgement,omitempty"`
	State     DutyState `json:"state,omitempty"`
	Overdue   time.Time `json:"-"` // open, and due not after this
	After     string    `json:"after,omitempty"`
	Limit     int       `json:"limit,omitempty"`
}

// Unsealer opens what the recorder sealed for a subject.
type Unsealer interface {
	Unseal(s evidence.Sealed, use string) ([]byte, error)
}
