package library

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// tries is how often a change is made again that collided with another one.
const tries = 5

// Unsealer opens what a recorder sealed.
type Unsealer interface {
	Unseal(s evidence.Sealed, use string) ([]byte, error)
}

// Config says what a [Curator] works with.
type Config struct {
	Store    Store
	Samples  SampleStore
	Recorder *evidence.Recorder // its clock is the curator's
	Keys     Unsealer
	Options  Options
}

// Curator is the worker of this package. It is safe for use by many goroutines.
type Curator struct {
	c       Config
	current atomic.Pointer[Set]
	loading sync.Mutex // held while a version is loaded, so that it is loaded once
}

// New makes a curator and loads the active features.
func New(ctx context.Context, c Config) (*Curator, error) {
	k := &Curator{c: c}
	if _, err := k.Refresh(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Current returns the features in force. The set stays as it is while somebody uses it; the next call may return another.
func (k *Curator) Current() *Set { return k.current.Load() }

// Refresh loads the latest version if another node made it, and reports whether it did. It asks for the number of the
// version alone when there is nothing to load, so the owner may call it every few seconds.
func (k *Curator) Refresh(ctx context.Context) (bool, error) {
	k.loading.Lock()
	defer k.loading.Unlock()
	v, err := k.version(ctx, 0)
	if err != nil {
		return false, err
	}
	if set := k.current.Load(); set != nil && set.version.Number >= v.Number {
		return false, nil
	}
	b := newBuilder(k.c.Options)
	if err := k.load(ctx, b, v.Number, nil); err != nil {
		return false, err
	}
	set, err := b.finish()
	if err != nil {
		return false, err
	}
	if v.Number > 0 && set.version.Digest != v.Digest {
		return false, refuse(colophon.Internal, CodeDigest, nil, fmt.Errorf("version %d holds other features than were made active", v.Number))
	}
	v.Digest = set.version.Digest
	set.version = v
	k.swap(set)
	return true, nil
}

// swap puts a set in force, unless a later one is.
func (k *Curator) swap(set *Set) {
	for {
		old := k.current.Load()
		if old != nil && old.version.Number >= set.version.Number || k.current.CompareAndSwap(old, set) {
			return
		}
	}
}

// version returns the version of a number, or the latest for 0; the zero value where there is none yet.
func (k *Curator) version(ctx context.Context, number int64) (Version, error) {
	below := number
	if number > 0 {
		below++
	}
	list, err := k.c.Store.Versions(ctx, below, 1)
	switch {
	case err != nil:
		return Version{}, err
	case len(list) > 0 && (number == 0 || list[0].Number == number):
		return list[0], nil
	case number == 0:
		return Version{}, nil
	}
	return Version{}, missing()
}

func missing() error { return refuse(colophon.Missing, CodeMissing, nil, nil) }

// load adds the features that are active in a version to a builder, but for those that are left out.
func (k *Curator) load(ctx context.Context, b *builder, number int64, without func(*Feature) bool) error {
	if number == 0 {
		return nil
	}
	return k.each(ctx, Query{At: number}, func(f *Feature) error {
		if without != nil && without(f) {
			return nil
		}
		return b.add(f, len(b.names)+1)
	})
}

// each calls fn with all features that fit.
func (k *Curator) each(ctx context.Context, q Query, fn func(*Feature) error) error {
	q.Limit = MaxPage
	for {
		page, err := k.c.Store.Features(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			if err := fn(&page[i]); err != nil {
				return fmt.Errorf("feature %s: %w", page[i].ID, err)
			}
		}
		if len(page) < q.Limit {
			return nil
		}
		q.After = page[len(page)-1].ID
	}
}

// At returns the features that are active in a version; number 0 is the latest. They are what [WriteJSON] and [WriteCSV]
// export.
func (k *Curator) At(ctx context.Context, number int64) (Version, []Feature, error) {
	v, err := k.version(ctx, number)
	if err != nil || v.Number == 0 {
		return v, nil, err
	}
	features := make([]Feature, 0, v.Count)
	err = k.each(ctx, Query{At: v.Number}, func(f *Feature) error {
		features = append(features, *f)
		return nil
	})
	return v, features, err
}

// Features returns a page of features, by identifier.
func (k *Curator) Features(ctx context.Context, q Query) ([]Feature, error) {
	q.Limit = page(q.Limit)
	return k.c.Store.Features(ctx, q)
}

// Batches returns a page of batches, the latest first.
func (k *Curator) Batches(ctx context.Context, q BatchQuery) ([]Batch, error) {
	q.Limit = page(q.Limit)
	return k.c.Store.Batches(ctx, q)
}

// Versions returns a page of versions below a number, the latest first; 0 is no bound.
func (k *Curator) Versions(ctx context.Context, below int64, limit int) ([]Version, error) {
	return k.c.Store.Versions(ctx, below, page(limit))
}

func page(limit int) int {
	if limit <= 0 || limit > MaxPage {
		return MaxPage
	}
	return limit
}

func (k *Curator) now() time.Time { return time.UnixMilli(k.c.Recorder.Now()).UTC() }

// proven makes a change with its record, which is made anew when its data key was erased in another process.
func (k *Curator) proven(typ evidence.Type, by Actor, clauses []colophon.Clause, payload any, change func(evidence.Record) error) error {
	for again := true; ; again = false {
		rec, err := k.c.Recorder.New(typ, evidence.System, by.Role, clauses, payload)
		if err == nil {
			err = change(rec)
		}
		if !errors.Is(err, ErrForgotten) || !again {
			return told(err)
		}
		k.c.Recorder.Forget(evidence.System)
	}
}

// told says what a store's refusal means to a person.
func told(err error) error {
	var there *ExistsError
	switch {
	case errors.Is(err, ErrExists):
		e := refuse(colophon.Conflict, CodeExists, colophon.Args{"id": ""}, err)
		if errors.As(err, &there) {
			e = refuse(colophon.Conflict, CodeExists, colophon.Args{"id": there.ID}, err)
		}
		return e
	case errors.Is(err, ErrChanged), errors.Is(err, ErrForgotten):
		return refuse(colophon.Conflict, CodeChanged, nil, err)
	}
	return err
}

// check reports whether somebody may act.
func (a Actor) check() error {
	if a.ID == "" || len(a.ID) > maxWord || a.Role == "" {
		return refuse(colophon.Invalid, CodeActor, nil, nil)
	}
	return nil
}
