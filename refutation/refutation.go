// Package refutation says in public what is false about content that was made or spread with the service, and tells those
// whom the content reached (Deep Synthesis Provisions Art. 11).
//
// A [Refutation] has a claim, a verdict and the reason for it in plain words. Somebody drafts and proposes it and another
// person publishes it. It is never changed then: a correction is a refutation of its own that stands instead of it, and a
// withdrawal says why. The reason is what works, so nothing is published that has a stamp alone.
//
// Content is known again by its number, the digests of files, the likeness of pictures and of texts. By the number those are
// found who received it, and each of them gets a [Notice], which an application fetches and acknowledges. [Keeper.Reached]
// counts whom it reached, whom it can still reach, whom it can't, and where nobody can say. Others take what is refuted from
// the recall feed; see package feed, and package recall for the feeds of others.
//
// Publishing is one commit; what follows from it, the line in the feed and the notices, is the work of [Keeper.Spread], which
// may be run any number of times and is run again by [Keeper.Sweep] for a while.
//
// What not to do here: no personal data in a refutation, which is public. Never count somebody as reached whom nobody told,
// and never leave out of a count what is not known. Never tell a recipient who else received something. Never take likeness
// for the same content: it is a reason for people to look.
package refutation

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/shelf"
)

// Names of the ledgers.
const (
	Ledger        = "refutation"
	LedgerNotices = "notice"
	LedgerLines   = "recall"
)

// Codes of errors.
const (
	CodeInvalid  colophon.Code = "refutation-invalid"        // arg "field"
	CodeMissing  colophon.Code = "refutation-missing"        // there is no such refutation
	CodeStep     colophon.Code = "refutation-step"           // args "from", "to": the state table has no such step
	CodePerson   colophon.Code = "refutation-person"         // a person of the staff has to do it
	CodeOwn      colophon.Code = "refutation-own"            // whoever wrote it can't publish it
	CodeStamp    colophon.Code = "refutation-stamp"          // args "language", "least": the reason is no more than a stamp
	CodePersonal colophon.Code = "refutation-personal"       // arg "field": it has what looks like a number or an address of a person
	CodeChanged  colophon.Code = "refutation-changed"        // it is not as it was when it was read
	CodeStands   colophon.Code = "refutation-stands"         // arg "refutation": what is to be corrected is not in force
	CodeNotice   colophon.Code = "refutation-notice-missing" // there is no such notice
	CodeNoStep   colophon.Code = "refutation-notice-step"    // args "from", "to"
)

// Types of records.
const (
	RecordDrafted           evidence.Type = "refutation.drafted"
	RecordRevised           evidence.Type = "refutation.revised"
	RecordProposed          evidence.Type = "refutation.proposed"
	RecordReturned          evidence.Type = "refutation.returned"
	RecordPublished         evidence.Type = "refutation.published"
	RecordCorrected         evidence.Type = "refutation.corrected" // published instead of an earlier one
	RecordWithdrawn         evidence.Type = "refutation.withdrawn"
	RecordSpread            evidence.Type = "refutation.spread"
	RecordNotice            evidence.Type = "refutation.notice"
	RecordNoticeTold        evidence.Type = "refutation.notice-told"
	RecordNoticeRead        evidence.Type = "refutation.notice-read"
	RecordNoticeUnreachable evidence.Type = "refutation.notice-unreachable"
	RecordNoticeDropped     evidence.Type = "refutation.notice-dropped"
	RecordEntered           evidence.Type = "recall.entered" // a line of the feed
)

// Refutation is a claim and what is wrong with it, the value of the ledger. All of it is public but the staff accounts, the
// cases and the reports.
type Refutation struct {
	ID      string       `json:"-"`
	State   State        `json:"-"`
	Version int64        `json:"-"`
	Claim   feed.Words   `json:"claim"`
	Verdict feed.Verdict `json:"verdict"`
	Reason  feed.Words   `json:"reason"`
	feed.Prints
	Sources     []feed.Source `json:"sources,omitempty"`
	FirstSeen   time.Time     `json:"firstSeen,omitzero"` // the claim
	Writers     []string      `json:"writers"`            // staff accounts that wrote it
	Approver    string        `json:"approver,omitempty"` // the staff account that published it
	Published   time.Time     `json:"published,omitzero"`
	Corrects    string        `json:"corrects,omitempty"`
	CorrectedBy string        `json:"correctedBy,omitempty"`
	Ended       time.Time     `json:"ended,omitzero"` // corrected or withdrawn
	Why         feed.Words    `json:"why,omitzero"`   // it was withdrawn
	Cases       []string      `json:"cases,omitempty"`
	Reports     []string      `json:"reports,omitempty"` // to authorities
	Reach       Sought        `json:"reach,omitzero"`
}

// Entry is a refutation as it is kept.
type Entry = ledger.Entry[Refutation]

// Config says what a keeper works with. All but Contact and Page is required.
type Config struct {
	Refutations ledger.Store[Refutation]
	Notices     ledger.Store[Notice]
	Lines       ledger.Store[Line]
	Changes     ledger.Feed // of the store that has these
	Recorder    *evidence.Recorder
	Handed      Handed
	Reports     Reports
	Cases       Cases
	Signer      note.Signer // its name is that of the feed, and not that of the evidence log
	Contact     string      // in the feed
	Page        string      // address before the identifier, of the page of a refutation
}

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct {
	config  Config
	book    ledger.Book[Refutation]
	notices ledger.Book[Notice]
	lines   ledger.Book[Line]
	shelf   shelf.Shelf[Refutation]
}

// New makes a keeper.
func New(c Config) (*Keeper, error) {
	if c.Refutations == nil || c.Notices == nil || c.Lines == nil || c.Changes == nil || c.Recorder == nil || c.Handed == nil || c.Reports == nil || c.Cases == nil || c.Signer == nil {
		return nil, errors.New("refutations need their stores, the feed of changes, a recorder, who knows deliveries, reports and cases, and a signer")
	}
	k := &Keeper{
		config: c, book: ledger.Book[Refutation]{Store: c.Refutations, Recorder: c.Recorder, Missing: CodeMissing},
		notices: ledger.Book[Notice]{Store: c.Notices, Recorder: c.Recorder, Missing: CodeNotice},
		lines:   ledger.Book[Line]{Store: c.Lines, Recorder: c.Recorder},
	}
	k.shelf.Book, k.shelf.Ledger, k.shelf.Feed, k.shelf.Live = &k.book, Ledger, c.Changes, []string{string(Published)}
	k.shelf.Prints = func(r Refutation) feed.Prints { return r.Prints }
	return k, nil
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS11} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args, Clauses: clauses()}
}

const system evidence.Role = "system"

func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson, nil)
	}
	return nil
}

// read makes the refutation of an entry.
func read(e Entry) Refutation {
	r := e.Value
	r.ID, r.State, r.Version = e.ID, State(e.State), e.Version
	return r
}

// changed is the payload of the records.
type changed struct {
	Refutation string `json:"refutation"`
	By         string `json:"by,omitempty"`
	Value      any    `json:"value,omitempty"`
}

// Refutation returns a refutation.
func (k *Keeper) Refutation(ctx context.Context, id string) (Refutation, error) {
	e, err := k.book.Get(ctx, id)
	return read(e), err
}

// Filter says which refutations are wanted; the zero value means all.
type Filter struct {
	Public bool // published, whatever became of it
	States []State
	Number string // content number
	Case   string
	After  string
	Limit  int
}

// Refutations returns a page of refutations, the newest first, and where the next page begins; it is empty after the last.
func (k *Keeper) Refutations(ctx context.Context, f Filter) ([]Refutation, string, error) {
	q := ledger.Query{Newest: true, After: f.After, Limit: f.Limit}
	for _, s := range f.States {
		q.States = append(q.States, string(s))
	}
	if f.Public {
		q.Keys = append(q.Keys, ledger.Key{Name: keyPublic, Value: keyPublic})
	}
	if f.Number != "" {
		q.Keys = append(q.Keys, ledger.Key{Name: shelf.ByNumber, Value: f.Number})
	}
	if f.Case != "" {
		q.Keys = append(q.Keys, ledger.Key{Name: keyCase, Value: f.Case})
	}
	page, next, err := k.book.Page(ctx, q)
	list := make([]Refutation, len(page))
	for i, e := range page {
		list[i] = read(e)
	}
	return list, next, err
}
