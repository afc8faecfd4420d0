// Package desk is where anybody is heard: users who appeal, the public that complains or reports, people whose face or voice
// was used, who ask for their rights, authorities with an order (Deep Synthesis Provisions Art. 12). Each of them makes a
// [Case].
//
// A case comes in, is acknowledged, taken by one person under a lease, decided with a [Statement] of reasons, and closed once
// the decision was told. It may wait meanwhile for somebody, and it may be withdrawn or joined to an earlier case about the
// same. Each step has a limit of the table in force at receipt; see package limits. What is missed is recorded by [Desk.Sweep],
// moves the case to the top and stands in the [Figures] of the month.
//
// A decision is carried out by the [Actor], one [Action] after the other, until each is done or is known to have failed. An
// appeal is a case of its own that nobody hears who decided before; what it reverses is undone the same way.
//
// Whoever brought a case comes back to it with a code and a PIN, or by their account. Name, contact and words are sealed for
// the subject of the case: the pseudonym of the account, or one that was drawn for the case, since nobody has to own the contact
// that they give. Erasing that subject takes away what was sealed, the code, the PIN and the digest of the contact; kind, times
// and outcome stay, so that figures do. Of a case that is over the same ends by itself with the period that its records are kept
// for (Personal Information Protection Law Art. 47); code and PIN then still lead to the outcome.
//
// What not to do here: no face search, no bytes of files, no page. Never hand a case to somebody who had a part in it. Never
// refuse a request for rights, a claim of likeness or an order because somebody came often. Never tell a reporter who of the
// staff decided, or anything of another user. Never count a case as done in time when nobody can say so.
package desk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/standing"
)

// Ledger is the name of the ledger of cases.
const Ledger = "case"

// Codes of errors.
const (
	CodeInvalid   colophon.Code = "desk-invalid"   // arg "field"
	CodeMissing   colophon.Code = "desk-missing"   // there is no such case
	CodeStep      colophon.Code = "desk-step"      // args "from", "to": the state table has no such step
	CodePerson    colophon.Code = "desk-person"    // a person of the staff has to do it
	CodeTaken     colophon.Code = "desk-taken"     // somebody else has the case
	CodeNotYours  colophon.Code = "desk-not-yours" // whoever has the case may do it
	CodeOwn       colophon.Code = "desk-own"       // the person has a part in the case
	CodeSenior    colophon.Code = "desk-senior"    // the person may not hear appeals
	CodeAccess    colophon.Code = "desk-access"    // no case has this code and PIN
	CodeTries     colophon.Code = "desk-tries"     // too many tries at one code
	CodeEmpty     colophon.Code = "desk-empty"     // nothing says what it is about: no text, number or file
	CodeAnonymous colophon.Code = "desk-anonymous" // this kind needs an account or a contact
	CodeCrowd     colophon.Code = "desk-crowd"     // arg "limit": the reporter has too many open cases
	CodeBarred    colophon.Code = "desk-barred"    // arg "until": too many reports of the reporter were unfounded
	CodeFinal     colophon.Code = "desk-final"     // the decision can't be appealed
	CodeAppealed  colophon.Code = "desk-appealed"  // it was appealed already
	CodeLate      colophon.Code = "desk-late"      // arg "until": the period for an appeal is over
	CodeErased    colophon.Code = "desk-erased"    // what was sealed can't be read or added to any more
	CodeFull      colophon.Code = "desk-full"      // arg "limit": no more messages or files
	CodeTriage    colophon.Code = "desk-triage"    // arg "field": the table of triage can't be used
	CodeIdentity  colophon.Code = "desk-identity"  // nobody showed that whoever asks is the person whose data it is
)

// Types of records.
const (
	RecordReceived     evidence.Type = "desk.received"
	RecordAcknowledged evidence.Type = "desk.acknowledged"
	RecordTaken        evidence.Type = "desk.taken"
	RecordExtended     evidence.Type = "desk.extended"
	RecordReturned     evidence.Type = "desk.returned"
	RecordPaused       evidence.Type = "desk.paused"
	RecordResumed      evidence.Type = "desk.resumed"
	RecordRead         evidence.Type = "desk.read"
	RecordAsked        evidence.Type = "desk.asked"    // the desk wrote to the reporter
	RecordAnswered     evidence.Type = "desk.answered" // the reporter wrote
	RecordSought       evidence.Type = "desk.sought"   // the content was looked for
	RecordDecided      evidence.Type = "desk.decided"
	RecordActed        evidence.Type = "desk.acted"
	RecordTold         evidence.Type = "desk.told"
	RecordReviewed     evidence.Type = "desk.reviewed" // an appeal was decided that left the decision as it was
	RecordReversed     evidence.Type = "desk.reversed" // or did not
	RecordUndone       evidence.Type = "desk.undone"
	RecordWithdrawn    evidence.Type = "desk.withdrawn"
	RecordJoined       evidence.Type = "desk.joined"
	RecordParted       evidence.Type = "desk.parted" // a joined case stands for itself again
	RecordBreached     evidence.Type = "desk.breached"
	RecordEnded        evidence.Type = "desk.ended" // what was sealed was taken away, its period being over
)

// Finder finds the content that a case is about.
type Finder interface {
	// Find looks by content numbers and by what the files hold. No error and nothing found means that it is not of this service.
	Find(ctx context.Context, c Clue) ([]Found, error)
}

// Clue is by what content is looked for.
type Clue struct {
	Numbers []string
	Files   []File
}

// Actor carries out what was decided. An error of a kind other than Internal says that it was not done and would fail again;
// any other error leaves it open, and the same is asked for again later.
type Actor interface {
	// Do carries out an order. Asked again for the same key it MUST do nothing more and return the same.
	Do(ctx context.Context, o Order) (Did, error)
	// Undo takes back what was done for a key, and tells those downstream. Do for that key MUST do nothing from then on, even
	// when it was never asked for before.
	Undo(ctx context.Context, o Order) error
}

// Order is one action to carry out.
type Order struct {
	Key      string // the same for the same action, always
	Case     string
	By       ledger.By // who decided
	Action   Action
	Clauses  []colophon.Clause
	Terms    string
	Category colophon.Code
	Proof    *Proof // of a right that is granted
}

// Did is what carrying out an order came to.
type Did struct {
	Ref string // by which it is known, such as the identifier of a measure; may be empty
	// Says is what whoever came is told of it. It names nobody.
	Says []standing.Sentence
}

// Origins knows who decided what no case of the desk is about: a measure, a judgement, a held item, a consent.
type Origins interface {
	// Deciders returns the staff accounts that had a part in it.
	Deciders(ctx context.Context, about About) ([]string, error)
}

// Buckets count tries. Package tallies does.
type Buckets interface {
	Take(ctx context.Context, t standing.Taking) (full time.Time, ok bool, err error)
}

// Config says what a desk works with. All but Lease is required.
type Config struct {
	Cases    ledger.Store[Case]
	Recorder *evidence.Recorder // its clock is the desk's
	Keys     ledger.Unsealer
	Limits   *limits.Keeper
	Calendar workday.Calendar
	Triage   Triage
	Secret   []byte    // 32 bytes, of the deployment
	Random   io.Reader // cryptographic; safe for use by many goroutines
	Buckets  Buckets
	Finder   Finder
	Actor    Actor
	Origins  Origins
	// AppealAt is the link or place at which decisions are appealed.
	AppealAt string
	// Ends says until when what is sealed is kept of a case that was over at a time.
	Ends func(over time.Time) time.Time
	// Held reports whether the data of a subject is on hold. Nothing of it is taken away then, though its period be over.
	Held func(ctx context.Context, subject evidence.Subject) (bool, error)
	// Lease is for how long a case is somebody's without a sign of life; 0 means half an hour.
	Lease time.Duration
}

// Desk is the worker of this package. It is safe for use by many goroutines.
type Desk struct {
	Config
	book ledger.Book[Case]
}

// New makes a desk.
func New(c Config) (*Desk, error) {
	if c.Cases == nil || c.Recorder == nil || c.Keys == nil || c.Limits == nil || c.Random == nil || c.Buckets == nil || c.Finder == nil || c.Actor == nil || c.Origins == nil || c.AppealAt == "" || c.Ends == nil || c.Held == nil || len(c.Secret) != sha256.Size {
		return nil, errors.New("a desk needs a store, a recorder, keys, limits, randomness, buckets, a finder, an actor, origins, a place for appeals, a period, to know of holds, and a secret of 32 bytes")
	}
	if err := c.Triage.check(); err != nil {
		return nil, err
	}
	if c.Lease <= 0 {
		c.Lease = 30 * time.Minute
	}
	return &Desk{c, ledger.Book[Case]{Store: c.Cases, Recorder: c.Recorder, Keys: c.Keys, Use: "desk/", Missing: CodeMissing}}, nil
}

// Now is the time of the desk's clock.
func (d *Desk) Now() time.Time { return d.book.Now() }

// digest is the keyed digest of something for one use.
func (d *Desk) digest(use, text string) string {
	mac := hmac.New(sha256.New, d.Secret)
	mac.Write([]byte(use + "\x00" + text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Clerk is a person of the staff who works at the desk.
type Clerk struct {
	ledger.By
	Appeals bool // may hear appeals
}

const system evidence.Role = "system"

// check refuses who is not a person.
func (c Clerk) check() error {
	if !c.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	}
	return nil
}

// change changes a case, and says when it wants to be looked at again.
func (d *Desk) change(ctx context.Context, id string, fn func(e *Entry, c *Case, now time.Time) (ledger.Act, error)) (Case, error) {
	e, err := d.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		c, now := read(*e), d.Now()
		act, err := fn(e, &c, now)
		if err == nil {
			c.over(now)
			e.Value, e.State, e.Due = c, string(c.State), d.due(c, now)
			p := act.Payload.(payload)
			p.State = c.State
			act.Payload = p
		}
		return act, err
	})
	return read(e), err
}

// act is the record of a change. The state in it is that after the change.
func (c *Case) act(typ evidence.Type, by ledger.By, p payload) ledger.Act {
	p.Case, p.Kind, p.State, p.By = c.ID, c.Kind, c.State, by.ID
	return ledger.Act{Type: typ, Role: by.Role, Clauses: c.Kind.clauses(), Payload: p}
}

// payload is the payload of the records, which is sealed. Times are milliseconds since 1970.
type payload struct {
	Case      string            `json:"case"`
	Kind      Kind              `json:"kind"`
	State     State             `json:"state"`
	By        string            `json:"by,omitempty"`
	Text      string            `json:"text,omitempty"` // what was written
	Limits    int               `json:"limits,omitempty"`
	About     *About            `json:"about,omitempty"`
	Grounds   []colophon.Code   `json:"grounds,omitempty"`
	Digests   []string          `json:"digests,omitempty"`
	Found     []Found           `json:"found,omitempty"`
	Sought    Sought            `json:"sought,omitempty"`
	Why       colophon.Code     `json:"why,omitempty"`
	Until     int64             `json:"until,omitempty"`
	Steps     []Step            `json:"steps,omitempty"`
	Other     string            `json:"other,omitempty"` // another case
	Outcome   Outcome           `json:"outcome,omitempty"`
	Statement *Statement        `json:"statement,omitempty"`
	Ruling    map[string]string `json:"ruling,omitempty"` // facts and explanation
	Action    *Action           `json:"action,omitempty"`
	Proof     *Proof            `json:"proof,omitempty"`
	How       string            `json:"how,omitempty"`
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code, c *Case, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args, Clauses: c.Kind.clauses()}
}

// word reports whether s is an identifier: letters, digits and a few signs.
func word(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:/", r))
	})
}

// line reports whether s is a short text of one line.
func line(s string) bool {
	return len(s) <= 256 && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// prose reports whether s is text of at most so many signs.
func prose(s string, most int) bool { return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most }
