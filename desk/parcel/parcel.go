// Package parcel keeps packages of somebody's own data, which a request for access, a copy or transfer comes to (Personal
// Information Protection Law Art. 45).
//
// A package is a ZIP: data.json for programs, in a schema that docs/format/data-package.md describes; index.html for people, in
// their language; the files that were made for them, where those are still kept; and manifest.json with the digest of each.
// [Write] makes it of [Data], which the caller gathered. What is not in it is said in it, with the reason.
//
// It lies sealed under a key of its own. The [Keeper] knows for which case it was made and until when it is handed out; each
// handing over is a record. When its time is over, or the person is erased, the key goes and so do the bytes.
//
// What not to do here: nothing of another user, not even their pseudonym or a content number of theirs. Never hand out a package
// by anything but the case that it was made for. Never make one for somebody of whom it is not known who they are; that is
// decided in package desk.
package parcel

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of packages.
const Ledger = "parcel"

// Codes of errors.
const (
	CodeInvalid colophon.Code = "parcel-invalid" // arg "field"
	CodeMissing colophon.Code = "parcel-missing" // there is no such package
	CodeOver    colophon.Code = "parcel-over"    // its time is over, or what was sealed can't be read any more
)

// Types of records.
const (
	RecordMade   evidence.Type = "parcel.made"
	RecordHanded evidence.Type = "parcel.handed"
	RecordEnded  evidence.Type = "parcel.ended"
)

// State says whether a package can be had.
type State string

// The states.
const (
	Ready State = "ready"
	Ended State = "ended"
)

func steps() ledger.Steps[State] { return ledger.Steps[State]{{Ready, []State{Ended}}, {Ended, nil}} }

// States lists the states in the order of a package's life.
func States() []State { return steps().States() }

// May reports whether one state may follow another.
func (s State) May(to State) bool { return steps().May(s, to) }

const (
	// Lasts is for how long a package is handed out when nobody says otherwise.
	Lasts = 30 * 24 * time.Hour
	// Longest is for how long it may be.
	Longest = 90 * 24 * time.Hour
)

// Parcel is one package, without its bytes.
type Parcel struct {
	ID      string           `json:"-"`
	Subject evidence.Subject `json:"-"` // whose data it is
	State   State            `json:"-"`
	Made    time.Time        `json:"-"`
	Kept    ledger.Kept      `json:"-"`

	Case   string    `json:"case"`
	Key    string    `json:"key"` // of the action that it was made by
	SHA256 string    `json:"sha256"`
	Size   int64     `json:"size"`
	Until  time.Time `json:"until"`
	Taken  int       `json:"taken,omitempty"` // how often it was handed out
	Last   time.Time `json:"last,omitzero"`
	// Numbers are the content numbers of the files in it.
	Numbers []string `json:"numbers,omitempty"`
}

// Entry is a package as it is kept.
type Entry = ledger.Entry[Parcel]

// Box is where the bytes lie and what opens them. It is sealed for the subject.
type Box struct {
	Blob string `json:"blob"`
	Key  []byte `json:"key"`
}

// Config says what a keeper works with. All of it is required.
type Config struct {
	Parcels  ledger.Store[Parcel]
	Recorder *evidence.Recorder // its clock is the keeper's
	Keys     ledger.Unsealer
}

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct{ book ledger.Book[Parcel] }

// New makes a keeper.
func New(c Config) (*Keeper, error) {
	if c.Parcels == nil || c.Recorder == nil || c.Keys == nil {
		return nil, errors.New("a keeper of packages needs a store, a recorder and keys")
	}
	return &Keeper{ledger.Book[Parcel]{Store: c.Parcels, Recorder: c.Recorder, Keys: c.Keys, Use: "parcel/", Missing: CodeMissing}}, nil
}

// Now is the time of the keeper's clock.
func (k *Keeper) Now() time.Time { return k.book.Now() }

const (
	keyAction = "action"
	keyCase   = "case"
	keyBlob   = "blob"
)

func read(e Entry) Parcel {
	p := e.Value
	p.ID, p.Subject, p.State, p.Made, p.Kept = e.ID, e.Subject, State(e.State), e.Made, e.Kept
	return p
}

type payload struct {
	Parcel string `json:"parcel"`
	Case   string `json:"case"`
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Until  int64  `json:"until,omitempty"` // milliseconds since 1970
	By     string `json:"by,omitempty"`
}

func act(typ evidence.Type, by ledger.By, p Parcel) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: []colophon.Clause{colophon.ClausePIPL45}, Payload: payload{p.ID, p.Case, p.SHA256, p.Size, p.Until.UnixMilli(), by.ID}}
}

// Put keeps a package whose bytes are stored already. For an action that made one already that one is returned, and the bytes
// are nobody's.
func (k *Keeper) Put(ctx context.Context, by ledger.By, subject evidence.Subject, p Parcel, b Box) (Parcel, error) {
	now := k.book.Now()
	if p.Until.IsZero() {
		p.Until = now.Add(Lasts)
	}
	p.Until = p.Until.UTC().Truncate(time.Millisecond)
	for field, bad := range map[string]bool{"subject": subject == "" || subject == evidence.System, "case": p.Case == "", "key": p.Key == "", "sha256": len(p.SHA256) != 64, "size": p.Size <= 0,
		"until": !p.Until.After(now) || p.Until.Sub(now) > Longest, "blob": b.Blob == "" || len(b.Key) == 0} {
		if bad {
			return Parcel{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
		}
	}
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Parcel{}, err
	}
	p.ID, p.Taken, p.Last = id, 0, time.Time{}
	e, err := k.book.Add(ctx, Entry{ID: id, Subject: subject, State: string(Ready), Due: p.Until, Value: p, Keys: []ledger.Key{{Name: keyAction, Value: p.Key, Unique: true}, {Name: keyCase, Value: p.Case},
		{Name: keyBlob, Value: b.Blob, Personal: true}}}, b, act(RecordMade, by, p))
	var told *colophon.Error
	if errors.As(err, &told) && told.Code == ledger.CodeExists {
		return k.Of(ctx, p.Key)
	}
	return read(e), err
}

// Of returns the package that an action made.
func (k *Keeper) Of(ctx context.Context, action string) (Parcel, error) {
	e, err := k.book.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyAction, Value: action}}})
	return read(e), err
}

// OfCase returns the packages of a case.
func (k *Keeper) OfCase(ctx context.Context, id string) ([]Parcel, error) {
	entries, err := k.book.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyCase, Value: id}}})
	var list []Parcel
	for _, e := range entries {
		list = append(list, read(e))
	}
	return list, err
}

// Open reports whether a package is handed out now.
func (k *Keeper) Open(p Parcel) bool {
	return p.State == Ready && p.Kept == ledger.Whole && p.Until.After(k.book.Now())
}

// Hand records that the package of an action is handed out, and then says where its bytes lie. Only the package of the case that
// is named is handed out.
func (k *Keeper) Hand(ctx context.Context, by ledger.By, id, action string) (Parcel, Box, error) {
	var box Box
	before, err := k.Of(ctx, action)
	if err == nil && before.Case != id {
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	if err != nil {
		return Parcel{}, Box{}, err
	}
	e, err := k.book.Change(ctx, before.ID, func(e *Entry) (ledger.Act, error) {
		over := &colophon.Error{Kind: colophon.Refused, Code: CodeOver, Clauses: []colophon.Clause{colophon.ClausePIPL45}}
		if !k.Open(read(*e)) {
			return ledger.Act{}, over
		}
		if there, err := k.book.Open(*e, &box); err != nil || !there {
			return ledger.Act{}, errors.Join(over, err)
		}
		e.Value.Taken, e.Value.Last = e.Value.Taken+1, k.book.Now()
		return act(RecordHanded, by, read(*e)), nil
	})
	if err != nil {
		return Parcel{}, Box{}, err
	}
	return read(e), box, nil
}

// End takes a package away before its time. For one that is over nothing is done.
func (k *Keeper) End(ctx context.Context, by ledger.By, id string) error {
	_, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if !State(e.State).May(Ended) {
			return ledger.Act{}, ledger.ErrSame
		}
		e.State, e.Due, e.Sealed = string(Ended), time.Time{}, nil
		if e.Kept == ledger.Whole {
			e.Kept = ledger.None
		}
		e.Keys = slices.DeleteFunc(slices.Clone(e.Keys), func(key ledger.Key) bool { return key.Name == keyBlob })
		return act(RecordEnded, by, read(*e)), nil
	})
	return err
}

// Forget ends the packages with the data of somebody: no period keeps them.
func (k *Keeper) Forget(ctx context.Context, by ledger.By, subject evidence.Subject) error {
	return k.each(ctx, by, ledger.Query{Subject: subject, States: []string{string(Ready)}})
}

// Sweep ends the packages whose time is over. A job runs it.
func (k *Keeper) Sweep(ctx context.Context) error {
	return k.each(ctx, ledger.By{Role: "system"}, ledger.Query{Due: k.book.Now()})
}

func (k *Keeper) each(ctx context.Context, by ledger.By, q ledger.Query) error {
	var failed error
	err := k.book.All(ctx, q, func(e Entry) error {
		failed = errors.Join(failed, k.End(ctx, by, e.ID))
		return ctx.Err()
	})
	return errors.Join(err, failed)
}

// Needs reports whether a package needs the sealed bytes of a reference, so that they must be kept.
func (k *Keeper) Needs(ctx context.Context, blob string) (bool, error) {
	n, err := k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyBlob, Value: blob}}})
	return n > 0, err
}

// clean makes of a word what can be part of a file's name.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, s)
}
