// Package prompt keeps the text that a user must see before media with a face or voice of somebody are accepted: inform the
// person who is edited, and obtain that person's separate consent (Deep Synthesis Provisions Art. 14 ¶2). That the text was
// shown, and that the user acknowledged it, are two acts with a record each, with version, language and digest of the words.
// A new version of the text asks everybody anew.
//
// The user may be the person in the media. That is said with the acknowledgement; it is what the user claims and proves
// nothing.
//
// What not to do here: never count an acknowledgement as the consent of the person who is edited. Never acknowledge what was
// not shown, nor a text that is not the current one any more.
package prompt

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Types of records.
const (
	RecordShown        evidence.Type = "prompt.shown"
	RecordAcknowledged evidence.Type = "prompt.acknowledged"
)

// Codes of errors.
const (
	CodeText       colophon.Code = "prompt-text"       // arg "field": a text can't be used
	CodeInvalid    colophon.Code = "prompt-invalid"    // arg "field"
	CodeMissing    colophon.Code = "prompt-missing"    // there is no such showing
	CodeStep       colophon.Code = "prompt-step"       // args "from", "to"
	CodeSuperseded colophon.Code = "prompt-superseded" // the text shown is not the current one
)

// Depicted is whom the user says the media show.
type Depicted string

// Whom media show, by what the user says.
const (
	Self   Depicted = "self"
	Others Depicted = "others"
)

// Showing is one showing of the text to the user of an account, for a function.
type Showing struct {
	Function     string    `json:"function"`
	Version      string    `json:"version"`
	Language     string    `json:"language"`
	Digest       string    `json:"digest"` // of the words shown; see Text.Digest
	Shown        time.Time `json:"shown"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Depicted     Depicted  `json:"depicted,omitempty"`
	By           ledger.By `json:"by"` // whose backend showed it
}

// Entry is a showing as it is kept.
type Entry = ledger.Entry[Showing]

// Keys of entries.
const (
	keyFunction = "function"
	keyDigest   = "digest"
)

// Keeper is the worker of the prompt. It is safe for use by many goroutines.
type Keeper struct {
	book    ledger.Book[Showing]
	text    Text
	digests map[string]string // by language
}

// New makes a keeper that shows a text.
func New(store ledger.Store[Showing], recorder *evidence.Recorder, text Text) (*Keeper, error) {
	if field := text.check(); field != "" {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeText, Args: colophon.Args{"field": field}}
	}
	k := &Keeper{book: ledger.Book[Showing]{Store: store, Recorder: recorder, Use: "prompt", Missing: CodeMissing}, text: text, digests: map[string]string{}}
	for _, w := range text.Languages {
		d, err := text.Digest(w)
		if err != nil {
			return nil, err
		}
		k.digests[w.Language] = d
	}
	return k, nil
}

// Text is the current text.
func (k *Keeper) Text() Text { return k.text }

// Show says that the current text is put before the user of an account in a language. What is to be shown is Text.In.
func (k *Keeper) Show(ctx context.Context, by ledger.By, account evidence.Subject, function, language string) (Entry, error) {
	digest, ok := k.digests[language]
	switch {
	case !ok:
		return Entry{}, invalid("language")
	case !word(function):
		return Entry{}, invalid("function")
	case account == "" || account == evidence.System:
		return Entry{}, invalid("account")
	}
	v := Showing{Function: function, Version: k.text.Version, Language: language, Digest: digest, Shown: k.book.Now(), By: by}
	return k.book.Add(ctx, Entry{Subject: account, State: string(Shown), Value: v, Keys: []ledger.Key{{Name: keyFunction, Value: function}, {Name: keyDigest, Value: digest}}}, nil,
		act(RecordShown, by, "", v))
}

// Acknowledge says that the user of the account acknowledged what was shown. To acknowledge it again changes nothing.
func (k *Keeper) Acknowledge(ctx context.Context, by ledger.By, account evidence.Subject, id string, depicted Depicted) (Entry, error) {
	if depicted != Self && depicted != Others {
		return Entry{}, invalid("depicted")
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		switch {
		case e.Subject != account:
			return ledger.Act{}, &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
		case State(e.State) == Acknowledged && e.Value.Depicted == depicted:
			return ledger.Act{}, ledger.ErrSame
		case !State(e.State).May(Acknowledged):
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(Acknowledged)}}
		case e.Value.Digest != k.digests[e.Value.Language]:
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeSuperseded, Clauses: clauses()}
		}
		e.State, e.Value.Acknowledged, e.Value.Depicted = string(Acknowledged), k.book.Now(), depicted
		return act(RecordAcknowledged, by, id, e.Value), nil
	})
}

// Acknowledged finds the newest acknowledgement of the current text, in any language, by an account for a function. It
// reports false where there is none.
func (k *Keeper) Acknowledged(ctx context.Context, account evidence.Subject, function string) (Entry, bool, error) {
	var newest Entry
	for _, digest := range k.digests {
		e, err := k.book.One(ctx, ledger.Query{Subject: account, States: []string{string(Acknowledged)}, Newest: true,
			Keys: []ledger.Key{{Name: keyFunction, Value: function}, {Name: keyDigest, Value: digest}}})
		var missing *colophon.Error
		if errors.As(err, &missing) && missing.Kind == colophon.Missing {
			continue
		}
		if err != nil {
			return Entry{}, false, err
		}
		if e.Value.Acknowledged.After(newest.Value.Acknowledged) {
			newest = e
		}
	}
	return newest, newest.ID != "", nil
}

// Showing returns one showing.
func (k *Keeper) Showing(ctx context.Context, id string) (Entry, error) { return k.book.Get(ctx, id) }

// Query narrows a list of showings. What is empty fits all.
type Query struct {
	Account  evidence.Subject
	Function string
	State    State
	After    string // identifier of the last entry of the page before
	Limit    int
}

// Showings returns a page of showings, the newest first, and where the next one begins.
func (k *Keeper) Showings(ctx context.Context, q Query) ([]Entry, string, error) {
	find := ledger.Query{Subject: q.Account, After: q.After, Newest: true, Limit: q.Limit}
	if q.Function != "" {
		find.Keys = []ledger.Key{{Name: keyFunction, Value: q.Function}}
	}
	if q.State != "" {
		find.States = []string{string(q.State)}
	}
	return k.book.Page(ctx, find)
}

type payload struct {
	ID string `json:"id,omitempty"`
	Showing
}

func act(typ evidence.Type, by ledger.By, id string, v Showing) ledger.Act {
	v.By = by
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: payload{id, v}}
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS14} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}
