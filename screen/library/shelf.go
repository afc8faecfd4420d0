package library

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// StarterOrigin is the origin of the batch by which the starter library is proposed.
const StarterOrigin = "starter library"

// Shelf is what judges: the active features, and those of the starter library about which nobody decided yet. So a
// deployment screens from its first day, and no act of a person is claimed that none made. A starter feature takes the
// entry procedure like any other; once somebody made it active, retired or rejected it, that alone counts.
type Shelf struct {
	curator *Curator
	batches []string // in which starter features were proposed
	current atomic.Pointer[Set]
	loading sync.Mutex
	made    string // what current was made of
}

// NewShelf proposes those starter features that the library does not have, in the name of the program, and makes a shelf.
func NewShelf(ctx context.Context, k *Curator, starter []Feature) (*Shelf, error) {
	s := &Shelf{curator: k}
	proposed, err := s.propose(ctx, starter)
	if err != nil {
		return nil, err
	}
	err = s.Refresh(ctx)
	runtime.KeepAlive(proposed) // so that its matcher is found, and not made again
	return s, err
}

// propose proposes those features that the library does not have, without those that somebody else's feature says already, and
// returns them as a set; nil where there are none.
func (s *Shelf) propose(ctx context.Context, features []Feature) (*Set, error) {
	for {
		there := map[string]bool{}
		for page := range slices.Chunk(features, MaxPage) {
			ids := make([]string, len(page))
			for i := range page {
				ids[i] = page[i].ID
			}
			known, err := s.curator.Features(ctx, Query{IDs: ids})
			if err != nil {
				return nil, err
			}
			for i := range known {
				there[known[i].ID] = true
				// What a person proposed under such an identifier waits for its review.
				if known[i].Proposer == System().ID && !slices.Contains(s.batches, known[i].Batch) {
					s.batches = append(s.batches, known[i].Batch)
				}
			}
		}
		missing := slices.DeleteFunc(slices.Clone(features), func(f Feature) bool { return there[f.ID] })
		if len(missing) == 0 {
			return nil, nil
		}
		b, set, err := s.curator.propose(ctx, System(), StarterOrigin, missing)
		if err == nil {
			s.batches = append(s.batches, b.ID)
			return set, nil
		}
		var taken *ExistsError
		if !errors.As(err, &taken) {
			return nil, err
		}
		said := map[Sum]string{}
		if err := s.curator.each(ctx, Query{}, func(f *Feature) error {
			if f.State.Live() {
				said[f.Key()] = f.ID
			}
			return nil
		}); err != nil {
			return nil, err
		}
		before := len(features)
		features = slices.DeleteFunc(slices.Clone(features), func(f Feature) bool {
			id := said[f.Key()]
			return id != "" && id != f.ID
		})
		if len(features) == before && !slices.ContainsFunc(missing, func(f Feature) bool { return f.ID == taken.ID }) {
			return nil, err
		} // else another node was first, and what it proposed is there now
	}
}

// Current returns the features that judge.
func (s *Shelf) Current() *Set { return s.current.Load() }

// Refresh takes up what another node, or somebody's decision, changed. It is cheap when nothing did.
func (s *Shelf) Refresh(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	for {
		if _, err := s.curator.Refresh(ctx); err != nil {
			return err
		}
		active := s.curator.Current()
		made, waiting := fmt.Sprint(active.version.Number), 0
		for _, id := range s.batches {
			list, err := s.curator.Batches(ctx, BatchQuery{ID: id})
			if err != nil {
				return err
			}
			for _, b := range list {
				n := b.States[Proposed] + b.States[Reviewed] + b.States[Replayed]
				made, waiting = fmt.Sprint(made, " ", b.ID, b.States), waiting+n
			}
		}
		if made == s.made {
			return nil
		}
		set := active
		if waiting > 0 {
			var err error
			if set, err = s.join(ctx, active.version); err != nil {
				return err
			}
			// What became active in the meantime was found neither here nor there.
			if latest, err := s.curator.version(ctx, 0); err != nil {
				return err
			} else if latest.Number != active.version.Number {
				continue
			}
		}
		s.current.Store(set)
		s.made = made
		return nil
	}
}

// join compiles the features of a version with those of the starter that wait for a decision.
func (s *Shelf) join(ctx context.Context, v Version) (*Set, error) {
	b := newBuilder(s.curator.c.Options)
	if err := s.curator.load(ctx, b, v.Number, nil); err != nil {
		return nil, err
	}
	for _, id := range s.batches {
		for _, state := range []State{Proposed, Reviewed, Replayed} {
			err := s.curator.each(ctx, Query{Batch: id, State: state}, func(f *Feature) error {
				if b.seen[f.Key()] { // it took a step since the last state was read
					return nil
				}
				v.Starter++
				return b.add(f, len(b.names)+1)
			})
			if err != nil {
				return nil, err
			}
		}
	}
	set, err := b.finish()
	if err != nil {
		return nil, err
	}
	set.version.Number, set.version.At, set.version.Starter = v.Number, v.At, v.Starter
	return set, nil
}
