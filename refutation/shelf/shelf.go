// Package shelf finds the entries of a ledger that are about some content: by its number or the digest of a file, which is
// certain, and by how alike pictures or texts are, which is not.
//
// Numbers and digests are keys of the entries. What is compared by likeness is kept in memory, and a [Shelf] keeps up with
// the ledger by its feed of changes before each look, so that on every node it knows what was committed before. It compares
// with everything there is and misses nothing within the distance; a million hashes take some milliseconds.
//
// What not to do here: no rule about what a likeness means.
package shelf

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/near"
	"github.com/colophon-project/colophon/screen/phash"
)

// How content was found.
const (
	ByNumber   = "number"
	ByDigest   = "digest"
	ByLikeness = "likeness"
	ByText     = "text"
)

// Shelf finds entries. Its fields are set once; it is safe for use by many goroutines.
type Shelf[T any] struct {
	Book   *ledger.Book[T]
	Ledger string      // its name
	Feed   ledger.Feed // of the store that has the ledger
	Live   []string    // the states in which an entry is found
	Prints func(T) feed.Prints

	mu      sync.RWMutex           // held while nothing is read from the store
	loading chan struct{}          // guarded by mu; closed when whoever loads is done, nil where nobody does
	loaded  bool                   // guarded by mu
	seq     uint64                 // guarded by mu; what happened up to there is in items
	items   map[string]feed.Prints // guarded by mu; by identifier
}

// Found is an entry that is about the content.
type Found[T any] struct {
	Entry ledger.Entry[T]
	Match
}

// Match says how an entry fits.
type Match struct {
	How   string  `json:"how"`
	Bits  int     `json:"bits,omitempty"`  // in which the nearest hashes differ
	Share float64 `json:"share,omitempty"` // of the nearest texts
	// Certain says that it is the same content, and not only like it.
	Certain bool `json:"certain"`
}

// before reports whether a match weighs more than another.
func (m Match) before(o Match) bool {
	switch {
	case m.Certain != o.Certain:
		return m.Certain
	case (m.How == ByLikeness) != (o.How == ByLikeness):
		return m.How == ByLikeness
	case m.Bits != o.Bits:
		return m.Bits < o.Bits
	}
	return m.Share > o.Share
}

// Keys are the keys by which an entry with these prints is found.
func Keys(p feed.Prints) []ledger.Key {
	var keys []ledger.Key
	for _, n := range p.Numbers {
		keys = append(keys, ledger.Key{Name: ByNumber, Value: n})
	}
	for _, d := range p.Digests {
		keys = append(keys, ledger.Key{Name: ByDigest, Value: d.Alg + ":" + d.Value})
	}
	return keys
}

// Look finds the entries that are about content with these prints, the surest first, each once. Pictures may differ in some
// bits at most; texts have at least a share in common.
func (s *Shelf[T]) Look(ctx context.Context, p feed.Prints, radius int, share float64) ([]Found[T], error) {
	found := map[string]Found[T]{}
	for _, k := range Keys(p) {
		// Few entries have a key and many are live, so the states are not asked for.
		err := s.Book.All(ctx, ledger.Query{Keys: []ledger.Key{k}}, func(e ledger.Entry[T]) error {
			if _, ok := found[e.ID]; !ok && slices.Contains(s.Live, e.State) {
				found[e.ID] = Found[T]{e, Match{How: k.Name, Certain: true}}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(p.Likeness)+len(p.Near) > 0 {
		if err := s.alike(ctx, p, radius, share, found); err != nil {
			return nil, err
		}
	}
	list := make([]Found[T], 0, len(found))
	for _, f := range found {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b Found[T]) int {
		switch {
		case a.before(b.Match):
			return -1
		case b.before(a.Match):
			return 1
		}
		return cmp.Compare(a.Entry.ID, b.Entry.ID)
	})
	return list, nil
}

// alike adds what is like the content to what was found.
func (s *Shelf[T]) alike(ctx context.Context, p feed.Prints, radius int, share float64, found map[string]Found[T]) error {
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	matches := map[string]Match{}
	s.mu.RLock()
	for id, item := range s.items {
		if m, ok := compare(p, item, radius, share); ok && found[id].How == "" {
			matches[id] = m
		}
	}
	s.mu.RUnlock()
	for id, m := range matches {
		e, err := s.Book.Get(ctx, id)
		if missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		if slices.Contains(s.Live, e.State) {
			found[id] = Found[T]{e, m}
		}
	}
	return nil
}

func compare(p, item feed.Prints, radius int, share float64) (best Match, ok bool) {
	bits := phash.Bits + 1
	for _, a := range p.Likeness {
		for _, b := range item.Likeness {
			bits = min(bits, a.Distance(b))
		}
	}
	if bits <= radius {
		return Match{How: ByLikeness, Bits: bits}, true
	}
	for _, a := range p.Near {
		for _, b := range item.Near {
			best.Share = max(best.Share, a.Share(b))
		}
	}
	best.How = ByText
	return best, best.Share >= share && best.Share > 0
}

// catchUp brings what is in memory to what was committed before. Each look reads the feed for itself, so that none waits for the
// store on behalf of another whose time may be longer than its own.
func (s *Shelf[T]) catchUp(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	for {
		s.mu.RLock()
		after := s.seq
		s.mu.RUnlock()
		changes, err := s.Feed.Changes(ctx, after, ledger.MaxPage)
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := s.take(ctx, changes); err != nil {
			return err
		}
		if len(changes) < ledger.MaxPage {
			return nil
		}
	}
}

// load reads all that is live, once. Who comes meanwhile waits for it, as long as there is time.
func (s *Shelf[T]) load(ctx context.Context) error {
	for {
		s.mu.Lock()
		loaded, others := s.loaded, s.loading
		if !loaded && others == nil {
			s.loading = make(chan struct{})
		}
		s.mu.Unlock()
		switch {
		case loaded:
			return nil
		case others == nil:
			return s.loadAll(ctx)
		}
		select {
		case <-others:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *Shelf[T]) loadAll(ctx context.Context) error {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.loading)
		s.loading = nil
	}()
	items := map[string]feed.Prints{}
	head, err := s.Feed.Head(ctx)
	if err == nil {
		err = s.Book.All(ctx, ledger.Query{States: s.Live}, func(e ledger.Entry[T]) error {
			put(items, e.ID, s.Prints(e.Value))
			return nil
		})
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items, s.seq, s.loaded = items, head, true
	return nil
}

// take takes changes in. An entry is read after its change was told, so it is at least as new; where somebody else came further
// meanwhile, what they read is as good. An entry that is set back by that is among the changes that come next.
func (s *Shelf[T]) take(ctx context.Context, changes []ledger.Change) error {
	items, gone := map[string]feed.Prints{}, map[string]bool{}
	for _, c := range changes {
		if c.Ledger != s.Ledger {
			continue
		}
		e, err := s.Book.Get(ctx, c.ID)
		if err != nil && !missing(err) {
			return err
		}
		gone[c.ID] = true
		if err == nil && slices.Contains(s.Live, e.State) {
			put(items, c.ID, s.Prints(e.Value))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last := changes[len(changes)-1].Sequence
	if last <= s.seq {
		return nil
	}
	for id := range gone {
		delete(s.items, id)
	}
	maps.Copy(s.items, items)
	s.seq = last
	return nil
}

func put(items map[string]feed.Prints, id string, p feed.Prints) {
	if len(p.Likeness)+len(p.Near) > 0 {
		items[id] = feed.Prints{Likeness: p.Likeness, Near: p.Near}
	}
}

func missing(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Missing
}

// Show adds the signatures of a text to prints, and says why some of the text can't be looked for; empty for nothing.
func Show(p *feed.Prints, text string) colophon.Code {
	r := near.Read(text)
	p.Near = append(slices.Clip(p.Near), r.Signatures...)
	switch {
	case r.Cut:
		return UnlookedLong
	case len(r.Signatures) == 0:
		return UnlookedShort
	}
	return ""
}

// Why a text was not looked for, or not all of it.
const (
	UnlookedShort colophon.Code = "refutation-unlooked-short"
	UnlookedLong  colophon.Code = "refutation-unlooked-long"
)
