// Package companion keeps the duties of services that keep up an emotional exchange in the guise of a person
// (Anthropomorphic-Interaction Measures of 2026): the person is told at the start that this is AI, and again after two
// hours of use without a break; minors get no virtual relative or partner, and a mode of their own; a wish to leave ends
// the conversation at once; a crisis is answered with where help is, and handed to people.
//
// It is a [Policy] of a function, off for all others: a service that answers questions or does work is outside the
// measures. A [Keeper] is asked once for each turn, before anything goes to the model ([Keeper.Before]). What it says
// stands before the words of the answer, or is the whole answer.
//
// What not to do here: never keep what a person said; it is looked at and forgotten. Never take an age that nobody knows
// for that of an adult. Never decide about content: that is the court's.
package companion

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/identity"
)

// Relation is what a function plays.
type Relation string

// Relations. Relatives and partners are not for minors (Art. 14).
const (
	Other   Relation = "other" // a friend, a teacher, a figure of a story
	Kin     Relation = "kin"
	Partner Relation = "partner"
)

// Policy is what a function that falls under the measures does. The zero value of each field is the default.
type Policy struct {
	Relation Relation
	// Statement says that this is AI, in a language ("zh", "en"); the built-in words where there is none.
	Statement map[string]string
	// Remind is after how much use without a break a person is reminded, and each time again; 0 for two hours, which is the
	// most that Art. 18 allows.
	Remind time.Duration
	// Break is how long a pause ends continuous use; 0 for 15 minutes.
	Break  time.Duration
	Minors Minors
	// Exit are words of a person that end the conversation, besides the built-in ones.
	Exit   []string
	Crisis Crisis
}

// Minors is the mode of people under 18.
type Minors struct {
	Refuse bool          // the function is not for minors at all
	Remind time.Duration // 0 for 30 minutes
	Daily  time.Duration // of use in a day; 0 for two hours
	// From and To are the time of day between which minors are not served; both 0 for 22:00 to 06:00.
	From, To time.Duration
}

// Crisis is what counts as one, and what is said.
type Crisis struct {
	// Categories are those of the feature library; empty for self-harm.
	Categories []string
	// Words are said to the person, in a language: where help is. The built-in ones where there is none.
	Words map[string]string
}

// Codes of errors.
const (
	CodePolicy  colophon.Code = "companion-policy"  // arg "field"
	CodeMinor   colophon.Code = "companion-minor"   // the function is not for minors
	CodeAge     colophon.Code = "companion-age"     // nobody knows the age, and the function is for adults
	CodeUnder14 colophon.Code = "companion-under14" // under 14 without a guardian's consent
	CodeHours   colophon.Code = "companion-hours"   // arg "until": minors are not served now
	CodeDaily   colophon.Code = "companion-daily"   // a minor's time of the day is over
)

// Types of records.
const (
	RecordCrisis evidence.Type = "companion.crisis"
	RecordExit   evidence.Type = "companion.exit"
)

// Said names a thing that a person was told.
type Said string

// What a person may be told.
const (
	Statement Said = "statement"
	Reminder  Said = "reminder"
	Help      Said = "help"
	Farewell  Said = "farewell"
)

// Turn is one request of a person.
type Turn struct {
	Role         evidence.Role
	Subject      evidence.Subject
	Function     string
	Conversation string // as the caller names it; empty means that each request is a conversation of its own
	Number       string // content number
	Language     string
	Words        string   // the last thing that the person said
	Categories   []string // of the judgement about the input
	// Stopped says that the input is not let through. Where it is a crisis the person is answered with where help is, and
	// with nothing else.
	Stopped bool
}

// Told is what a person is told in a turn.
type Told struct {
	Lead string // stands before the words of the answer; empty for nothing. It ends in a blank line.
	// End means that Lead is the whole answer and nothing goes to the model.
	End  bool
	Said []Said // for the record of the answer
	// Clauses are why it is said, for the same record.
	Clauses []colophon.Clause
}

// Use is what is kept of an account: how it used functions of this kind. Times are UTC in whole milliseconds.
type Use struct {
	Began time.Time     // of the continuous use
	Last  time.Time     // the last turn
	Told  time.Time     // the last reminder, or Began
	Day   string        // to which Spent belongs
	Spent time.Duration // of use in the day
}

// Thread is what is kept of a conversation.
type Thread struct {
	Began time.Time // when the statement was made
	Ended time.Time // when the person left; zero where they did not
}

// Store keeps the state. It proves nothing; what counts is in records.
type Store interface {
	// Turn loads what is kept of an account and of a conversation, zero values for nothing, and keeps what fn made of them.
	// Nobody else changes them meanwhile. fn MAY be called again.
	Turn(ctx context.Context, subject evidence.Subject, thread string, fn func(*Use, *Thread) error) error
}

// Ages says what is known about an account. An *identity.Registrar does.
type Ages interface {
	Account(ctx context.Context, subject evidence.Subject) (identity.Account, error)
}

// Case is a crisis that is handed to people, and the payload of its record.
type Case struct {
	Subject      evidence.Subject `json:"subject"`
	Function     string           `json:"function"`
	Conversation string           `json:"conversation,omitempty"`
	Number       string           `json:"number"`
	Categories   []string         `json:"categories,omitempty"`
	Minor        bool             `json:"minor,omitempty"`
	At           time.Time        `json:"at"`
}

// Journal keeps records, each about some words under which it is found. An error that is ledger.ErrForgotten means that the
// data key which a record was sealed under was erased.
type Journal interface {
	Note(ctx context.Context, rec evidence.Record, about ...string) error
	// HandOff keeps the record of a crisis and has people told of it, both or neither. It is tried until it arrived.
	HandOff(ctx context.Context, rec evidence.Record, c Case, about ...string) error
}

// Config says what a Keeper works with. All fields are required but Guardian.
type Config struct {
	Store    Store
	Ages     Ages
	Recorder *evidence.Recorder
	Journal  Journal
	// Guardian reports whether a guardian consented for a person under 14; nil for never.
	Guardian func(ctx context.Context, subject evidence.Subject, function string) (bool, error)
	Now      func() time.Time
	// Zone is where the days and hours of minors are counted.
	Zone *time.Location
}

// Keeper keeps the duties. It is safe for use by many goroutines.
type Keeper struct{ c Config }

// New makes a Keeper.
func New(c Config) *Keeper { return &Keeper{c} }

// Check returns what of a policy may not be so. A reminder that comes later than the law has it is refused.
func (p *Policy) Check() error {
	const day = 24 * time.Hour
	field := ""
	switch {
	case p.Relation != "" && p.Relation != Other && p.Relation != Kin && p.Relation != Partner:
		field = "relation"
	case p.Remind < 0 || p.Remind > defaultRemind:
		field = "remind"
	case p.Break < 0 || p.Break > 0 && p.Break < time.Minute || p.Break > day: // use of which every turn is a new one is never long
		field = "break"
	case p.Minors.Remind < 0 || p.Minors.Remind > defaultRemind:
		field = "minors.remind"
	case p.Minors.Daily < 0 || p.Minors.Daily > day:
		field = "minors.daily"
	case p.Minors.From < 0 || p.Minors.From >= day || p.Minors.To < 0 || p.Minors.To >= day:
		field = "minors.from"
	}
	if field == "" {
		return nil
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: CodePolicy, Args: colophon.Args{"field": field}, Clauses: []colophon.Clause{colophon.ClauseAI18}}
}
