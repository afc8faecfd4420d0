package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// tries is how often a change is tried when others change the same entry at the same time.
const tries = 16

// Act is the record of a change, before it is made.
type Act struct {
	Type    evidence.Type
	Role    evidence.Role
	Clauses []colophon.Clause
	Payload any // canonical JSON is made of it; it is sealed for the entry's subject
}

// Book changes the entries of one ledger. It is safe for use by many goroutines.
type Book[T any] struct {
	Store    Store[T]
	Recorder *evidence.Recorder
	Keys     Unsealer
	// Use keeps what is sealed here from being opened as something else.
	Use string
	// Missing is the code of the error that there is no such entry; CodeMissing when it is empty.
	Missing colophon.Code
}

// Now is the time of the recorder's clock.
func (b *Book[T]) Now() time.Time { return time.UnixMilli(b.Recorder.Now()).UTC() }

// Add adds an entry. Without an identifier it gets one. Secret, where it is not nil, is sealed for the entry's subject as
// JSON.
func (b *Book[T]) Add(ctx context.Context, e Entry[T], secret any, act Act) (Entry[T], error) {
	if e.ID == "" {
		id, err := b.Recorder.NewID()
		if err != nil {
			return e, err
		}
		e.ID = id
	}
	if e.Subject == "" {
		e.Subject = evidence.System
	}
	e.Made, e.Kept = b.Now(), None
	e.Changed = e.Made
	err := b.tried(e.Subject, func() error {
		if err := b.seal(&e, secret); err != nil {
			return err
		}
		rec, err := b.Recorder.New(act.Type, e.Subject, act.Role, act.Clauses, act.Payload)
		if err != nil {
			return err
		}
		return b.Store.Add(ctx, rec, e)
	})
	e.Version = 1
	return e, b.told(err)
}

// Secret replaces what is sealed in an entry, for use within Change.
func (b *Book[T]) Secret(e *Entry[T], secret any) error { return b.seal(e, secret) }

func (b *Book[T]) seal(e *Entry[T], secret any) error {
	if secret == nil {
		return nil
	}
	plain, err := json.Marshal(secret)
	if err != nil {
		return err
	}
	sealed, err := b.Recorder.Seal(e.Subject, b.Use+e.ID, plain)
	if err != nil {
		return err
	}
	e.Sealed, e.Kept = &sealed, Whole
	return nil
}

// Open reads what is sealed in an entry into v. It reports false when there is nothing, or nobody may read it any more. Who
// calls it records the reading.
func (b *Book[T]) Open(e Entry[T], v any) (bool, error) {
	if e.Kept != Whole || e.Sealed == nil {
		return false, nil
	}
	plain, err := b.Keys.Unseal(*e.Sealed, b.Use+e.ID)
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(plain, v)
}

// Get returns an entry.
func (b *Book[T]) Get(ctx context.Context, id string) (Entry[T], error) {
	if id == "" {
		return Entry[T]{}, b.told(ErrMissing)
	}
	return b.One(ctx, Query{ID: id})
}

// One returns the first entry that a query finds.
func (b *Book[T]) One(ctx context.Context, q Query) (Entry[T], error) {
	q.Limit = 1
	list, err := b.Store.Find(ctx, q)
	if err == nil && len(list) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Entry[T]{}, b.told(err)
	}
	return list[0], nil
}

// Page returns a page of a query, and the identifier after which the next one begins; it is empty after the last.
func (b *Book[T]) Page(ctx context.Context, q Query) ([]Entry[T], string, error) {
	if q.Limit <= 0 || q.Limit >= MaxPage {
		q.Limit = MaxPage - 1
	}
	limit := q.Limit
	q.Limit++
	list, err := b.Store.Find(ctx, q)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	return list[:limit], list[limit-1].ID, nil
}

// All calls fn with every entry of a query.
func (b *Book[T]) All(ctx context.Context, q Query, fn func(Entry[T]) error) error {
	for {
		list, next, err := b.Page(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := fn(e); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		q.After = next
	}
}

// ErrSame ends a [Book.Change] that has nothing to change: the entry is as it should be.
var ErrSame = errors.New("nothing to change")

// Change changes an entry: fn gets what is stored, changes it, and says by which act. When somebody else was faster fn is
// asked again with what is stored then. fn MUST have no effect but on the entry, and MUST change no slice or map in place.
func (b *Book[T]) Change(ctx context.Context, id string, fn func(e *Entry[T]) (Act, error)) (Entry[T], error) {
	e, err := b.Try(ctx, id, func(e *Entry[T]) error {
		act, err := fn(e)
		if err != nil {
			return err
		}
		return b.Amend(ctx, act, e)
	})
	if errors.Is(err, ErrSame) {
		return e, nil
	}
	return e, err
}

// Try calls fn with an entry as it is stored, for a change that Change can't make, such as one of several entries. fn ends with
// [Book.Amend]. When somebody else was faster fn is asked again with what is stored then.
func (b *Book[T]) Try(ctx context.Context, id string, fn func(e *Entry[T]) error) (Entry[T], error) {
	var e Entry[T]
	var err error
	for range tries {
		if e, err = b.Get(ctx, id); err != nil {
			return e, err
		}
		stored := e
		err = b.tried(e.Subject, func() error {
			e = stored
			return fn(&e)
		})
		if !errors.Is(err, ErrChanged) {
			break
		}
	}
	return e, b.told(err)
}

// Amend commits changed entries with the record of the change, which is about the subject of the first. It is for use within Try.
func (b *Book[T]) Amend(ctx context.Context, act Act, entries ...*Entry[T]) error {
	rec, err := b.Recorder.New(act.Type, entries[0].Subject, act.Role, act.Clauses, act.Payload)
	if err != nil {
		return err
	}
	changed := make([]Entry[T], len(entries))
	for i, e := range entries {
		e.Changed = b.Now()
		changed[i] = *e
	}
	if err := b.Store.Amend(ctx, rec, changed...); err != nil {
		return err
	}
	for _, e := range entries {
		e.Version++
	}
	return nil
}

// tried runs a change again with a new data key when the subject's was erased by another process.
func (b *Book[T]) tried(subject evidence.Subject, change func() error) error {
	err := change()
	if errors.Is(err, ErrForgotten) {
		b.Recorder.Forget(subject)
		err = change()
	}
	return err
}

// told makes the error that a person is shown of one of the store's.
func (b *Book[T]) told(err error) error {
	switch {
	case errors.Is(err, ErrMissing):
		return &colophon.Error{Kind: colophon.Missing, Code: cmp.Or(b.Missing, CodeMissing), Err: err}
	case errors.Is(err, ErrExists):
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeExists, Err: err}
	case errors.Is(err, ErrChanged):
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeChanged, Err: err}
	}
	return err
}
