package staff

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
)

// Store keeps accounts, sessions, tickets, API keys and token buckets. Package stafftest proves an implementation.
//
// Times come in UTC and whole milliseconds and MUST come back equal; the zero time MUST come back zero. What a Store
// returns MUST share no memory with what it keeps. A Store MAY seal [Account.Login], the subject of an [Identity] and
// passkeys, as long as it still finds an account by login and identity.
type Store interface {
	// Account returns the account that the query names, or [ErrMissing].
	Account(ctx context.Context, q AccountQuery) (Account, error)
	// Accounts returns at most limit accounts with identifiers greater than after, in their order.
	Accounts(ctx context.Context, after ID, limit int) ([]Account, error)
	// Session returns a session, or [ErrMissing]. Whether it has ended is not the store's question.
	Session(ctx context.Context, token Digest) (Session, error)
	// Ticket returns a ticket that was not spent, or [ErrMissing].
	Ticket(ctx context.Context, ticket Digest) (Ticket, error)
	// Key returns the API key that the query names, or [ErrMissing].
	Key(ctx context.Context, q KeyQuery) (Key, error)
	// Keys returns at most limit API keys with identifiers greater than after, in their order.
	Keys(ctx context.Context, after ID, limit int) ([]Key, error)
	// Spend takes one token from a bucket by [Rate.Take] and stores what that returns, in one transaction: of two calls
	// for the last token exactly one gets it. It returns 0, or how long until there is a token.
	Spend(ctx context.Context, bucket string, rate Rate, now time.Time) (wait time.Duration, err error)
	// Commit makes a change and stores its proofs: all of it or nothing. See [Change] for what it MUST refuse.
	Commit(ctx context.Context, c Change, proofs ...Proof) error
}

// Proof is what the evidence record of a change is made of. The composition turns it into one.
type Proof struct {
	Type    string // dotted lower-case words: "staff.account-created"
	Subject string // an account, or "system"
	Role    Role   // in which role the actor acted; "system" when no person stands behind it
	Clauses []colophon.Clause
	Payload any // one of the payload types of this package; JSON without personal data
}

// AccountQuery names one account: exactly one field is set.
type AccountQuery struct {
	ID       ID
	Login    string // as [Login] returns it
	Identity Identity
}

// KeyQuery names one API key: exactly one field is set.
type KeyQuery struct {
	ID     ID
	Digest Digest
}

// TicketKind says what a ticket is good for.
type TicketKind string

// Kinds of tickets. Other packages may use further kinds with [Roster.Begin].
const (
	TicketSetUp      TicketKind = "set-up"
	TicketInvitation TicketKind = "invitation"
	TicketRegister   TicketKind = "passkey-register"
	TicketSignIn     TicketKind = "passkey-sign-in"
)

// Ticket is good for one thing, once: the second step of a ceremony, an invitation, the first run.
type Ticket struct {
	Digest  Digest
	Kind    TicketKind
	Account ID     // empty when it belongs to none
	State   []byte // what the first step leaves for the second; at most 64 KiB
	Ends    time.Time
}

// SeenSession says when a session was last used.
type SeenSession struct {
	Digest Digest
	At     time.Time
}

// UsedKey says when an API key was last used.
type UsedKey struct {
	ID ID
	At time.Time
}

// Change is what one Commit does, in the order of the fields.
//
// A Store MUST refuse the whole change with:
//   - [ErrUnproven] when [Change.NeedsProof] and there is no proof;
//   - [ErrTaken] when FirstAccount is set and there is an account, or when a login that is not empty, the identifier of
//     a passkey or an identity would belong to two accounts;
//   - [ErrConflict] when a ticket in SpendTickets or a session in EndSessions is not there, when the Version of an
//     account or key differs from the stored one, or when one with Version 0 is there already;
//   - [ErrLastOfficer] when KeepOfficer is set and no account that is not disabled would have the role [Officer].
type Change struct {
	FirstAccount bool // the change makes the first account
	KeepOfficer  bool // the change may take away an officer

	SpendTickets []Digest
	DropTickets  []TicketKind // all tickets of a kind go
	EndSessions  []Digest
	EndAllOf     []ID // all sessions and tickets of an account go

	Accounts     []Account // version 0 is added, another replaces; the stored version is one higher
	Keys         []Key     // likewise
	OpenSessions []Session
	IssueTickets []Ticket

	SeenSessions []SeenSession // not there: nothing happens; a time before the stored one: likewise
	UsedKeys     []UsedKey     // likewise; versions stay

	// Sweep, when it is not zero, deletes tickets and sessions whose Ends is not after it, and buckets that are full.
	Sweep time.Time
}

// NeedsProof reports whether a change must not be made without a proof. Tickets, sweeping and times of last use need
// none: they say nothing that the changes around them do not.
func (c Change) NeedsProof() bool {
	return len(c.Accounts)+len(c.Keys)+len(c.OpenSessions)+len(c.EndSessions)+len(c.EndAllOf) > 0
}
