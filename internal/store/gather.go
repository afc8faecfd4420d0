package store

import (
	"context"
	"sync"
)

// Gathering holds changes back so that they are committed together, in one transaction and with one wait. Whoever answers
// somebody makes one for the request, lets the capabilities write as they always do, and calls [Gathering.Wait] before
// anything leaves.
type Gathering struct {
	store *Store
	mu    sync.Mutex // changes come from several goroutines
	fns   []func(*Tx) error
	over  bool
}

type gatheringKey struct{}

// Gather returns a context under which [Store.WriteSoon] returns at once. Until Wait has returned nil nothing of it
// happened, whatever WriteSoon said. Wait MUST be called: what nobody waits for is lost.
func (s *Store) Gather(ctx context.Context) (context.Context, *Gathering) {
	g := &Gathering{store: s}
	return context.WithValue(ctx, gatheringKey{}, g), g
}

// WriteSoon is [Store.Write], but for a context of [Store.Gather] whose Wait was not called yet: there fn waits with the
// others, and nil says only that it will be tried. It is for changes that nobody reads before they are waited for.
func (s *Store) WriteSoon(ctx context.Context, fn func(*Tx) error) error {
	if s.gathered(ctx, fn) {
		return nil
	}
	return s.Write(ctx, fn)
}

// gathered hands a change to the gathering of a context, if there is one that still gathers.
func (s *Store) gathered(ctx context.Context, fn func(*Tx) error) bool {
	g, ok := ctx.Value(gatheringKey{}).(*Gathering)
	if !ok || g.store != s {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.over {
		g.fns = append(g.fns, fn)
	}
	return !g.over
}

// Wait commits what was gathered, all of it or nothing, and returns when it is on the disk. After that the context gathers
// no more. A second Wait returns nil at once.
func (g *Gathering) Wait(ctx context.Context) error {
	g.mu.Lock()
	fns := g.fns
	g.fns, g.over = nil, true
	g.mu.Unlock()
	if len(fns) == 0 {
		return nil
	}
	return g.store.Write(ctx, func(tx *Tx) error {
		for _, fn := range fns {
			if err := fn(tx); err != nil {
				return err
			}
		}
		return nil
	})
}
