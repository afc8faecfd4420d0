// Package recall keeps what others say is false: the entries of the recall feeds that a person of the staff chose to follow,
// each verified by the key of its provider. Whoever takes content in asks [Keeper.Match] whether it is among them.
//
// What not to do here: no network; the caller fetches. Never take an entry from a feed that was not verified whole. Never
// forget how far a feed was seen, since that is what shows that it was changed afterwards. An entry of somebody else is what
// they say, and a reason to look; it is no verdict of this service.
package recall

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/near"
	"github.com/colophon-project/colophon/refutation/shelf"
	"github.com/colophon-project/colophon/screen/phash"
)

// Names of the ledgers.
const (
	LedgerSources = "recall-source"
	Ledger        = "recalled"
)

// Codes of errors.
const (
	CodeInvalid colophon.Code = "recall-invalid"        // arg "field"
	CodeMissing colophon.Code = "recall-source-missing" // no such feed is followed
	CodePerson  colophon.Code = "recall-person"         // a person of the staff has to do it
	CodeStep    colophon.Code = "recall-source-step"    // args "from", "to"
	CodeFailed  colophon.Code = "recall-failed"         // the feed could not be fetched or read
)

// Types of records.
const (
	RecordFollowed   evidence.Type = "recall.followed"
	RecordEnded      evidence.Type = "recall.ended"
	RecordRead       evidence.Type = "recall.read"   // a feed was read and has more
	RecordFailed     evidence.Type = "recall.failed" // it could not be read or verified
	RecordTaken      evidence.Type = "recall.taken"  // an entry
	RecordSuperseded evidence.Type = "recall.superseded"
	RecordRetracted  evidence.Type = "recall.retracted"
)

// SourceState says whether a feed is followed.
type SourceState string

// The states of a feed.
const (
	Followed SourceState = "followed"
	Failing  SourceState = "failing" // what came last could not be read or verified
	Ended    SourceState = "ended"
)

var sourceSteps = ledger.Steps[SourceState]{
	{Followed, []SourceState{Followed, Failing, Ended}},
	{Failing, []SourceState{Failing, Followed, Ended}},
	{Ended, nil},
}

// SourceStates lists them.
func SourceStates() []SourceState { return sourceSteps.States() }

// May reports whether a feed may go from one state to another.
func (s SourceState) May(to SourceState) bool { return sourceSteps.May(s, to) }

// State says whether an entry holds.
type State string

// The states of an entry.
const (
	Held       State = "held"
	Superseded State = "superseded" // a correction stands instead of it
	Retracted  State = "retracted"
)

var steps = ledger.Steps[State]{
	{Held, []State{Superseded, Retracted}},
	{Superseded, nil},
	{Retracted, nil},
}

// States lists them.
func States() []State { return steps.States() }

// May reports whether an entry may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Source is a feed that is followed.
type Source struct {
	ID      string        `json:"-"`
	State   SourceState   `json:"-"`
	Name    string        `json:"name"` // as the staff calls it
	URL     string        `json:"url"`  // of the lines
	Key     string        `json:"key"`  // in the form of note verifiers
	Seen    feed.Head     `json:"seen"`
	Read    time.Time     `json:"read,omitzero"` // when it was last read and verified
	Trouble colophon.Code `json:"trouble,omitempty"`
	Detail  colophon.Args `json:"detail,omitempty"` // of the trouble when it began, for its sentence
	Since   time.Time     `json:"since,omitzero"`   // of the trouble
}

// Recalled is what somebody else said is false.
type Recalled struct {
	ID     string     `json:"-"`
	State  State      `json:"-"`
	Source string     `json:"source"`
	Name   string     `json:"name"` // of the source
	Entry  feed.Entry `json:"entry"`
}

const keyRefutation = "refutation" // and the source before it

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct {
	sources ledger.Book[Source]
	book    ledger.Book[Recalled]
	shelf   shelf.Shelf[Recalled]
}

// New makes a keeper. Changes is the feed of the store that has the ledgers.
func New(sources ledger.Store[Source], recalled ledger.Store[Recalled], changes ledger.Feed, recorder *evidence.Recorder) *Keeper {
	k := &Keeper{sources: ledger.Book[Source]{Store: sources, Recorder: recorder, Missing: CodeMissing}, book: ledger.Book[Recalled]{Store: recalled, Recorder: recorder}}
	k.shelf.Book, k.shelf.Ledger, k.shelf.Feed, k.shelf.Live = &k.book, Ledger, changes, []string{string(Held)}
	k.shelf.Prints = func(r Recalled) feed.Prints { return r.Entry.Prints }
	return k
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseDS11} }

func invalid(field string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}, Err: err}
}

func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson, Clauses: clauses()}
	}
	return nil
}

func readSource(e ledger.Entry[Source]) Source {
	s := e.Value
	s.ID, s.State = e.ID, SourceState(e.State)
	return s
}

func read(e ledger.Entry[Recalled]) Recalled {
	r := e.Value
	r.ID, r.State = e.ID, State(e.State)
	return r
}

// sourced is the payload of the records about feeds, and taken that of those about entries.
type sourced struct {
	Source string `json:"source"`
	By     string `json:"by,omitempty"`
	Value  Source `json:"value"`
}

type taken struct {
	Source string     `json:"source"`
	Entry  feed.Entry `json:"entry"`
}

// Follow has a feed followed whose provider signs with a key.
func (k *Keeper) Follow(ctx context.Context, by ledger.By, name, url, key string) (Source, error) {
	if err := person(by); err != nil {
		return Source{}, err
	}
	if strings.TrimSpace(name) == "" || len(name) > 128 || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' }) {
		return Source{}, invalid("name", nil)
	}
	if !feed.Address(url) {
		return Source{}, invalid("url", nil)
	}
	if _, err := note.NewVerifier(key); err != nil {
		return Source{}, invalid("key", err)
	}
	id, err := k.sources.Recorder.NewID()
	if err != nil {
		return Source{}, err
	}
	s := Source{Name: name, URL: url, Key: key}
	e, err := k.sources.Add(ctx, ledger.Entry[Source]{ID: id, State: string(Followed), Value: s}, nil,
		ledger.Act{Type: RecordFollowed, Role: by.Role, Clauses: clauses(), Payload: sourced{id, by.ID, s}})
	return readSource(e), err
}

// End has a feed followed no more. What was taken from it is found no more. Asked again it does what was left undone.
func (k *Keeper) End(ctx context.Context, by ledger.By, id string) (Source, error) {
	if err := person(by); err != nil {
		return Source{}, err
	}
	s, err := k.Source(ctx, id)
	if err == nil && s.State != Ended {
		s, err = k.change(ctx, by, id, Ended, RecordEnded, func(*Source) error { return nil })
	}
	if err != nil {
		return s, err
	}
	return s, k.retract(ctx, id)
}

// retract ends all that was taken from a feed.
func (k *Keeper) retract(ctx context.Context, id string) error {
	return k.book.All(ctx, ledger.Query{States: []string{string(Held)}, Keys: []ledger.Key{{Name: keySource, Value: id}}}, func(e ledger.Entry[Recalled]) error {
		return k.settle(ctx, e.ID, Retracted, RecordRetracted)
	})
}

func (k *Keeper) change(ctx context.Context, by ledger.By, id string, to SourceState, typ evidence.Type, fn func(*Source) error) (Source, error) {
	e, err := k.sources.Change(ctx, id, func(e *ledger.Entry[Source]) (ledger.Act, error) {
		if !SourceState(e.State).May(to) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(to)}, Clauses: clauses()}
		}
		e.State = string(to)
		err := fn(&e.Value)
		return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: sourced{e.ID, by.ID, e.Value}}, err
	})
	return readSource(e), err
}

// Readable returns why a feed is not to be read.
func (s Source) Readable() error {
	if s.State != Ended {
		return nil
	}
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": string(Ended), "to": string(Followed)}, Clauses: clauses()}
}

// Source returns a feed.
func (k *Keeper) Source(ctx context.Context, id string) (Source, error) {
	e, err := k.sources.Get(ctx, id)
	return readSource(e), err
}

// Sources returns all feeds in some states, or in any.
func (k *Keeper) Sources(ctx context.Context, states ...SourceState) ([]Source, error) {
	q := ledger.Query{}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	var list []Source
	err := k.sources.All(ctx, q, func(e ledger.Entry[Source]) error {
		list = append(list, readSource(e))
		return nil
	})
	return list, err
}

// Entries returns a page of what was taken from a feed, or from all, the newest first, and where the next page begins.
func (k *Keeper) Entries(ctx context.Context, source, after string, limit int) ([]Recalled, string, error) {
	q := ledger.Query{Newest: true, After: after, Limit: limit}
	if source != "" {
		q.Keys = []ledger.Key{{Name: keySource, Value: source}}
	}
	page, next, err := k.book.Page(ctx, q)
	list := make([]Recalled, len(page))
	for i, e := range page {
		list[i] = read(e)
	}
	return list, next, err
}

const keySource = "source"

// Take reads what was fetched of a feed: the checkpoint, which was fetched first, and the lines from the first on or from
// behind what was seen. It returns how many entries are new. What is wrong with a feed stands with it until it is read again.
func (k *Keeper) Take(ctx context.Context, id string, checkpoint []byte, lines io.Reader) (int, error) {
	s, err := k.Source(ctx, id)
	if err != nil {
		return 0, err
	}
	if err := s.Readable(); err != nil {
		return 0, err
	}
	key, err := note.NewVerifier(s.Key)
	if err != nil {
		return 0, err
	}
	entries, seen, err := feed.Read(lines, checkpoint, key, s.Seen)
	if err != nil {
		return 0, errors.Join(err, k.Fail(ctx, id, err))
	}
	for _, e := range entries {
		if err := k.take(ctx, s, e); err != nil {
			return 0, err
		}
	}
	if seen == s.Seen && s.State == Followed && !s.Read.IsZero() {
		return 0, nil
	}
	_, err = k.change(ctx, ledger.By{Role: "system"}, id, Followed, RecordRead, func(now *Source) error {
		if now.Seen != s.Seen && now.Seen.Size >= seen.Size {
			return ledger.ErrSame // another node read as much
		}
		now.Seen, now.Read, now.Trouble, now.Detail, now.Since = seen, k.book.Now(), "", nil, time.Time{}
		return nil
	})
	if is(err, CodeStep) { // somebody ended it meanwhile, and may not have seen all that was taken
		err = errors.Join(err, k.retract(ctx, id))
	}
	return len(entries), err
}

// Fail says that a feed could not be fetched or read.
func (k *Keeper) Fail(ctx context.Context, id string, cause error) error {
	code, detail := CodeFailed, colophon.Args(nil)
	var e *colophon.Error
	if errors.As(cause, &e) {
		code, detail = e.Code, e.Args
	}
	_, err := k.change(ctx, ledger.By{Role: "system"}, id, Failing, RecordFailed, func(s *Source) error {
		if s.Trouble == code {
			return ledger.ErrSame
		}
		s.Trouble, s.Detail, s.Since = code, detail, k.book.Now()
		return nil
	})
	return err
}

// take takes one entry, once.
func (k *Keeper) take(ctx context.Context, s Source, e feed.Entry) error {
	var err error
	switch e.Kind {
	case feed.Withdraw:
		return k.end(ctx, s.ID, e.Refutation, Retracted, RecordRetracted)
	case feed.Correct:
		err = k.end(ctx, s.ID, e.Corrects, Superseded, RecordSuperseded)
	}
	if err != nil {
		return err
	}
	keys := append(shelf.Keys(e.Prints), ledger.Key{Name: keySource, Value: s.ID}, ledger.Key{Name: keyRefutation, Value: s.ID + "/" + e.Refutation, Unique: true})
	slices.SortFunc(keys, func(a, b ledger.Key) int { return strings.Compare(a.Name+"\x00"+a.Value, b.Name+"\x00"+b.Value) })
	_, err = k.book.Add(ctx, ledger.Entry[Recalled]{State: string(Held), Keys: slices.Compact(keys), Value: Recalled{Source: s.ID, Name: s.Name, Entry: e}}, nil,
		ledger.Act{Type: RecordTaken, Role: "system", Clauses: clauses(), Payload: taken{s.ID, e}})
	if is(err, ledger.CodeExists) {
		return nil // it was taken before what was seen could be noted
	}
	return err
}

// end ends what a feed said before. A feed may take back what it never said.
func (k *Keeper) end(ctx context.Context, source, refutation string, to State, typ evidence.Type) error {
	e, err := k.book.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyRefutation, Value: source + "/" + refutation}}})
	if is(err, ledger.CodeMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.settle(ctx, e.ID, to, typ)
}

func (k *Keeper) settle(ctx context.Context, id string, to State, typ evidence.Type) error {
	_, err := k.book.Change(ctx, id, func(e *ledger.Entry[Recalled]) (ledger.Act, error) {
		if !State(e.State).May(to) {
			return ledger.Act{}, ledger.ErrSame
		}
		e.State = string(to)
		return ledger.Act{Type: typ, Role: "system", Clauses: clauses(), Payload: taken{e.Value.Source, e.Value.Entry}}, nil
	})
	return err
}

func is(err error, code colophon.Code) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == code
}

// Found is what somebody else said about content.
type Found struct {
	Recalled Recalled
	shelf.Match
}

// Match returns what others said is false about content with these prints, the surest first, and why a text was not looked
// for, or not all of it.
func (k *Keeper) Match(ctx context.Context, p feed.Prints, text string) ([]Found, colophon.Code, error) {
	if field := p.Check(); field != "" {
		return nil, "", invalid(field, nil)
	}
	var unlooked colophon.Code
	if text != "" {
		unlooked = shelf.Show(&p, text)
	}
	list, err := k.shelf.Look(ctx, p, phash.Radius, near.Alike)
	found := make([]Found, len(list))
	for i, f := range list {
		found[i] = Found{read(f.Entry), f.Match}
	}
	return found, unlooked, err
}
