// Package link lets people without an account come to one page, once: to be verified, to consent, to accept agreements. The
// provider's backend mints a link and hands it to the person it is for, by its own channel.
//
// A link begins minted. Opening it, which takes a button and so no preview of a messenger does it, gives the browser a
// second token, the hold, to keep as a cookie; from then on nothing but the hold leads to the page, so that whoever else
// has the link comes too late. Doing what the page is for uses the link up. Before that it can expire or be revoked.
//
// Both tokens are random bytes with a code over them by which made-up ones are turned away without a look into the store.
// Neither is kept: a link is found by a keyed digest. Erasing the subject takes the digests away, and no token leads to the
// link any more.
//
// What not to do here: nothing about what the pages do. No token in an error, a record or a log. No limit of tries: the
// caller counts them, by address.
package link

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Purpose is what a link leads to.
type Purpose string

// The purposes.
const (
	Verification Purpose = "verification" // the account's holder shows who they are
	Consent      Purpose = "consent"      // a person who is to be depicted decides
	Agreement    Purpose = "agreement"    // the account's holder reads and accepts rules and agreements
)

// Purposes returns all of them.
func Purposes() []Purpose { return []Purpose{Verification, Consent, Agreement} }

// clause is what a link of a purpose serves.
func (p Purpose) clause() []colophon.Clause {
	switch p {
	case Verification:
		return []colophon.Clause{colophon.ClauseDS9}
	case Consent:
		return []colophon.Clause{colophon.ClauseDS14, colophon.ClausePIPL29}
	}
	return []colophon.Clause{colophon.ClauseDS8}
}

// Codes of errors. None tells a token.
const (
	CodeInvalid   colophon.Code = "link-invalid"   // arg "field"
	CodeUnknown   colophon.Code = "link-unknown"   // no such link, or not a token at all
	CodeElsewhere colophon.Code = "link-elsewhere" // another browser opened it
	CodeUsed      colophon.Code = "link-used"
	CodeExpired   colophon.Code = "link-expired"
	CodeRevoked   colophon.Code = "link-revoked"
)

// Records of what becomes of a link.
const (
	RecordMinted  evidence.Type = "link.minted"
	RecordOpened  evidence.Type = "link.opened"
	RecordUsed    evidence.Type = "link.used"
	RecordExpired evidence.Type = "link.expired"
	RecordRevoked evidence.Type = "link.revoked"
)

// Link is what is kept of one. Its entry's subject is the person or account that it is for.
type Link struct {
	Purpose Purpose   `json:"purpose"`
	About   string    `json:"about,omitempty"` // identifier of what the page is about, such as a consent
	Until   time.Time `json:"until"`
	By      string    `json:"by,omitempty"`    // who minted it
	Opened  time.Time `json:"opened,omitzero"` // when a browser took it
	Ended   time.Time `json:"ended,omitzero"`  // when it was used, expired or was revoked
}

// Entry is a link in its ledger.
type Entry = ledger.Entry[Link]

// Order says which link is wanted.
type Order struct {
	Purpose Purpose
	Subject evidence.Subject
	About   string
	Until   time.Time // zero for a week from now
}

// A link is good for a week unless something else is asked for, and for a quarter at most.
const (
	usual   = 7 * 24 * time.Hour
	longest = 92 * 24 * time.Hour
)

// Config is what a [Keeper] needs. All fields are required.
type Config struct {
	Store    ledger.Store[Link]
	Recorder *evidence.Recorder
	Keys     ledger.Unsealer
	Secret   []byte    // 32 bytes, of the deployment
	Random   io.Reader // cryptographic
}

// Keeper mints links and keeps track of them. It is safe for concurrent use.
type Keeper struct {
	book   ledger.Book[Link]
	secret []byte
	random io.Reader
}

// New makes a Keeper.
func New(c Config) (*Keeper, error) {
	if c.Store == nil || c.Recorder == nil || c.Keys == nil || c.Random == nil || len(c.Secret) != sha256.Size {
		return nil, errors.New("a keeper of links needs a ledger, a recorder, keys, randomness and a secret of 32 bytes")
	}
	return &Keeper{ledger.Book[Link]{Store: c.Store, Recorder: c.Recorder, Keys: c.Keys, Use: "link/", Missing: CodeUnknown}, c.Secret, c.Random}, nil
}

// payload is what a record of a link says; the leaf has the subject and the time.
type payload struct {
	Link    string  `json:"link"`
	Purpose Purpose `json:"purpose"`
	About   string  `json:"about,omitempty"`
	By      string  `json:"by,omitempty"`
}

func act(typ evidence.Type, by ledger.By, e Entry) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: e.Value.Purpose.clause(), Payload: payload{e.ID, e.Value.Purpose, e.Value.About, by.ID}}
}

// Mint makes a link. The token is returned this once.
func (k *Keeper) Mint(ctx context.Context, by ledger.By, o Order) (token string, e Entry, err error) {
	now := k.book.Now()
	if o.Until.IsZero() {
		o.Until = now.Add(usual)
	}
	o.Until = o.Until.UTC().Truncate(time.Millisecond)
	switch {
	case !slices.Contains(Purposes(), o.Purpose):
		return "", e, invalid("purpose")
	case o.Subject == "" || o.Subject == evidence.System:
		return "", e, invalid("subject")
	case len(o.About) > 128 || o.About == "" && o.Purpose == Consent:
		return "", e, invalid("about")
	case !o.Until.After(now) || o.Until.After(now.Add(longest)):
		return "", e, invalid("until")
	}
	token, key, err := k.draw(keyToken)
	if err != nil {
		return "", e, err
	}
	e = Entry{Subject: o.Subject, State: string(Minted), Due: o.Until, Keys: []ledger.Key{key, {Name: keyPurpose, Value: string(o.Purpose)}, {Name: keyAbout, Value: o.About}},
		Value: Link{Purpose: o.Purpose, About: o.About, Until: o.Until, By: by.ID}}
	if e.ID, err = k.book.Recorder.NewID(); err != nil {
		return "", e, err
	}
	e, err = k.book.Add(ctx, e, nil, act(RecordMinted, by, e))
	return token, e, err
}

// Open gives the link of a token to a browser, which from then on shows the hold instead. No second browser gets it.
func (k *Keeper) Open(ctx context.Context, token string) (hold string, e Entry, err error) {
	found, err := k.find(ctx, keyToken, token)
	if err != nil {
		return "", e, err
	}
	hold, key, err := k.draw(keyHold)
	if err != nil {
		return "", e, err
	}
	e, err = k.book.Change(ctx, found.ID, func(e *Entry) (ledger.Act, error) {
		if err := k.good(*e); err != nil {
			return ledger.Act{}, err
		}
		if !State(e.State).May(Opened) {
			return ledger.Act{}, refuse(CodeElsewhere)
		}
		e.State, e.Value.Opened, e.Keys = string(Opened), k.book.Now(), append(slices.Clone(e.Keys), key)
		return act(RecordOpened, ledger.By{Role: person}, *e), nil
	})
	return hold, e, err
}

// person is the role of whoever opens and uses links.
const person evidence.Role = "subject"

// Held returns the link of a hold while it is good.
func (k *Keeper) Held(ctx context.Context, hold string) (Entry, error) {
	e, err := k.find(ctx, keyHold, hold)
	if err != nil {
		return e, err
	}
	return e, k.good(e)
}

// Use ends a link, because what it is for was done.
func (k *Keeper) Use(ctx context.Context, hold string) (Entry, error) {
	e, err := k.Held(ctx, hold)
	if err != nil {
		return e, err
	}
	return k.book.Change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
		if err := k.good(*e); err != nil {
			return ledger.Act{}, err
		}
		k.end(e, Used)
		return act(RecordUsed, ledger.By{Role: person}, *e), nil
	})
}

// Revoke ends a link before it was used. One that expired or is revoked already stays as it is.
func (k *Keeper) Revoke(ctx context.Context, by ledger.By, id string) (Entry, error) {
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		switch s := State(e.State); {
		case s == Used:
			return ledger.Act{}, refuse(CodeUsed)
		case !s.May(Revoked):
			return ledger.Act{}, ledger.ErrSame
		}
		k.end(e, Revoked)
		return act(RecordRevoked, by, *e), nil
	})
}

// Expire notes which links expired unused, and is called now and then. They are good for nothing before it runs, too.
func (k *Keeper) Expire(ctx context.Context) (n int, err error) {
	err = k.book.All(ctx, ledger.Query{States: []string{string(Minted), string(Opened)}, Due: k.book.Now()}, func(found Entry) error {
		_, err := k.book.Change(ctx, found.ID, func(e *Entry) (ledger.Act, error) {
			if !State(e.State).May(Expired) {
				return ledger.Act{}, ledger.ErrSame
			}
			k.end(e, Expired)
			return act(RecordExpired, ledger.By{Role: "system"}, *e), nil
		})
		n++
		return err
	})
	return n, err
}

// Get returns a link by its identifier, whatever its state.
func (k *Keeper) Get(ctx context.Context, id string) (Entry, error) { return k.book.Get(ctx, id) }

// List returns a page of links, and the identifier after which the next one begins.
func (k *Keeper) List(ctx context.Context, q ledger.Query) ([]Entry, string, error) {
	return k.book.Page(ctx, q)
}

// end ends a link. Its tokens still lead to it, so that whoever has one is told why it is good for nothing.
func (k *Keeper) end(e *Entry, s State) {
	e.State, e.Value.Ended, e.Due = string(s), k.book.Now(), time.Time{}
}
