package algorithm

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
)

// Keeper is the worker of algorithms. It is safe for use by many goroutines.
type Keeper struct {
	book   ledger.Book[Algorithm]
	source Source
}

// New makes a keeper.
func New(store ledger.Store[Algorithm], recorder *evidence.Recorder, source Source) *Keeper {
	return &Keeper{ledger.Book[Algorithm]{Store: store, Recorder: recorder, Missing: CodeMissing}, source}
}

func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson)
	}
	return nil
}

// Add enters an algorithm under a name of lower-case letters, digits and hyphens.
func (k *Keeper) Add(ctx context.Context, by ledger.By, id string, d Description) (Entry, error) {
	switch err := errors.Join(person(by), d.check()); {
	case err != nil:
		return Entry{}, err
	case !register.Word(id):
		return Entry{}, invalid("id")
	}
	e := Entry{ID: id, State: string(Active), Value: Algorithm{Description: d}}
	return k.book.Add(ctx, e, nil, act(RecordAdded, by, said{Algorithm: id, Description: &d}))
}

// Describe describes an algorithm anew, all but its versions.
func (k *Keeper) Describe(ctx context.Context, by ledger.By, id string, d Description) (Entry, error) {
	if err := d.check(); err != nil {
		return Entry{}, err
	}
	return k.change(ctx, by, id, func(e *Entry) (ledger.Act, error) {
		e.Value.Description = d
		return act(RecordChanged, by, said{Algorithm: id, Description: &d}), nil
	})
}

// Retire ends an algorithm for good.
func (k *Keeper) Retire(ctx context.Context, by ledger.By, id string) (Entry, error) {
	return k.change(ctx, by, id, func(e *Entry) (ledger.Act, error) {
		e.State = string(Retired)
		return act(RecordRetired, by, said{Algorithm: id}), nil
	})
}

func (k *Keeper) change(ctx context.Context, by ledger.By, id string, fn func(e *Entry) (ledger.Act, error)) (Entry, error) {
	if err := person(by); err != nil {
		return Entry{}, err
	}
	return k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if State(e.State) == Retired {
			return ledger.Act{}, refuse(colophon.Conflict, CodeRetired)
		}
		return fn(e)
	})
}

// Declare adds a version, with the digest of its weights where we have them.
func (k *Keeper) Declare(ctx context.Context, by ledger.By, id string, v Version) (Entry, error) {
	switch {
	case !line(v.Name):
		return Entry{}, invalid("version")
	case !digest(v.Weights):
		return Entry{}, invalid("weights")
	case !prose(v.Note, maxNote):
		return Entry{}, invalid("note")
	}
	return k.change(ctx, by, id, func(e *Entry) (ledger.Act, error) {
		switch {
		case e.Value.version(v.Name) >= 0:
			return ledger.Act{}, refuse(colophon.Conflict, CodeVersion)
		case len(e.Value.Versions) >= maxVersions:
			return ledger.Act{}, invalid("version")
		}
		fresh := Version{Name: v.Name, Weights: v.Weights, Note: v.Note, Added: k.book.Now(), By: by.ID}
		e.Value.Versions = append(slices.Clone(e.Value.Versions), fresh)
		return act(RecordVersion, by, said{Algorithm: id, Version: v.Name, Weights: v.Weights}), nil
	})
}

func (a Algorithm) version(name string) int {
	return slices.IndexFunc(a.Versions, func(v Version) bool { return v.Name == name })
}

// Named is the version whose digest was said to be this one; the one that was bound last, where several were.
func (a Algorithm) Named(digest string) string {
	name, at := "", time.Time{}
	for _, v := range a.Versions {
		if v.Serving == digest && digest != "" && !v.Bound.Before(at) {
			name, at = v.Name, v.Bound
		}
	}
	return name
}

// Bind says that what serves now is a version. From then on the same digest is known as it.
func (k *Keeper) Bind(ctx context.Context, by ledger.By, id, version string) (Entry, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	now, err := k.source.Serves(ctx, e.Value.Functions, e.Value.Models)
	if err != nil {
		return Entry{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeUntold, Err: err}
	}
	return k.change(ctx, by, id, func(e *Entry) (ledger.Act, error) {
		i := e.Value.version(version)
		if i < 0 {
			return ledger.Act{}, refuse(colophon.Missing, CodeNoVersion)
		}
		at := k.book.Now()
		list := slices.Clone(e.Value.Versions)
		for j := range list {
			if list[j].Serving == now && j != i { // it was taken for another one by mistake
				list[j].Serving, list[j].Bound, list[j].Binder = "", time.Time{}, ""
			}
		}
		list[i].Serving, list[i].Bound, list[i].Binder = now, at, by.ID
		e.Value.Versions = list
		before := e.Value.see(now, version, at)
		return act(RecordBound, by, said{Algorithm: id, Version: version, Weights: list[i].Weights, Before: before, After: now}), nil
	})
}

// see notes what serves, and returns the digest of what did before.
func (a *Algorithm) see(digest, version string, at time.Time) (before string) {
	seen := slices.Clone(a.Seen)
	if n := len(seen); n > 0 {
		before = seen[n-1].Digest
		if before == digest {
			seen[n-1].Version = version
			a.Seen = seen
			return before
		}
	}
	seen = append(seen, Seen{digest, at, version})
	a.Seen = seen[max(0, len(seen)-maxSeen):]
	return before
}

// Serving returns the digest of what serves an algorithm now, and since when that was seen. It is not ok where that can't be
// told; nothing holds for the algorithm then.
func (k *Keeper) Serving(ctx context.Context, id string) (digest string, at time.Time, ok bool) {
	e, err := k.book.Get(ctx, id)
	if err != nil || State(e.State) != Active {
		return "", time.Time{}, false
	}
	now, err := k.source.Serves(ctx, e.Value.Functions, e.Value.Models)
	if err != nil || now == "" {
		return "", time.Time{}, false
	}
	if last, known := e.Value.Now(); known && last.Digest == now {
		return now, last.Since, true
	}
	return now, k.book.Now(), true
}

// Change says that something else serves an algorithm than before.
type Change struct {
	Algorithm     string
	Before, After string // digests; Before is empty the first time
	Version       string // the declared version that it is; empty for none
}

// Watch looks at what serves each algorithm, and records what changed. Where that can't be told nothing is recorded, and the
// error is returned with the others.
func (k *Keeper) Watch(ctx context.Context) ([]Change, error) {
	var bound []Entry
	err := k.book.All(ctx, ledger.Query{States: []string{string(Active)}}, func(e Entry) error {
		if len(e.Value.Functions)+len(e.Value.Models) > 0 {
			bound = append(bound, e)
		}
		return nil
	})
	var list []Change
	for _, e := range bound {
		c, changed, untold := k.watch(ctx, e)
		if err = errors.Join(err, untold); changed {
			list = append(list, c)
		}
	}
	return list, err
}

func (k *Keeper) watch(ctx context.Context, was Entry) (c Change, changed bool, err error) {
	now, err := k.source.Serves(ctx, was.Value.Functions, was.Value.Models)
	if err != nil {
		return c, false, err
	}
	_, err = k.book.Change(ctx, was.ID, func(e *Entry) (ledger.Act, error) {
		last, known := e.Value.Now()
		changed = slices.Equal(e.Value.Functions, was.Value.Functions) && slices.Equal(e.Value.Models, was.Value.Models) && (!known || last.Digest != now)
		if !changed { // or something else serves it since it was asked for
			return ledger.Act{}, ledger.ErrSame
		}
		c = Change{Algorithm: e.ID, After: now, Version: e.Value.Named(now)}
		c.Before = e.Value.see(now, c.Version, k.book.Now())
		return act(RecordServing, ledger.By{Role: system}, said{Algorithm: e.ID, Version: c.Version, Before: c.Before, After: now}), nil
	})
	return c, changed && err == nil, err
}

// Algorithm returns an algorithm.
func (k *Keeper) Algorithm(ctx context.Context, id string) (Entry, error) { return k.book.Get(ctx, id) }

// Version says whether an algorithm has a version.
func (k *Keeper) Version(ctx context.Context, id, version string) error {
	e, err := k.book.Get(ctx, id)
	if err == nil && e.Value.version(version) < 0 {
		err = refuse(colophon.Missing, CodeNoVersion)
	}
	return err
}

// Algorithms returns a page of algorithms by name, and where the next page begins.
func (k *Keeper) Algorithms(ctx context.Context, states []State, after string, limit int) ([]Entry, string, error) {
	q := ledger.Query{After: after, Limit: limit}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	return k.book.Page(ctx, q)
}
