package classify

import (
	"context"
	"sync"
	"time"
)

// gate bounds how many calls are under way, and how many wait for their turn.
type gate struct{ running, waiting chan struct{} }

func newGate(running, waiting int) gate {
	return gate{make(chan struct{}, running), make(chan struct{}, waiting)}
}

// enter reports whether a call may start. Who entered must leave.
func (g gate) enter(ctx context.Context) bool {
	select {
	case g.running <- struct{}{}:
		return true
	default:
	}
	select {
	case g.waiting <- struct{}{}:
	default:
		return false
	}
	defer func() { <-g.waiting }()
	select {
	case g.running <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g gate) leave() { <-g.running }

// outcome is what a call says about the health of its endpoint.
type outcome uint8

const (
	neutral outcome = iota // nothing: the caller went away, or the question was at fault
	healthy
	failing
)

// breaker keeps calls away from an endpoint that failed several times in a row. After a rest it lets one call through,
// and that one decides whether the others may follow.
type breaker struct {
	limit int
	rest  time.Duration
	now   func() time.Time

	mu      sync.Mutex // guards what follows
	failed  int        // in a row, at most limit
	until   time.Time  // when the rest ends
	probing bool
}

// enter reports whether a call may be made, and whether it is the one that tries. Its outcome must be told by leave.
func (b *breaker) enter() (probe, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < b.limit {
		return false, true
	}
	if b.probing || b.now().Before(b.until) {
		return false, false
	}
	b.probing = true
	return true, true
}

func (b *breaker) leave(probe bool, o outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing = false
	}
	switch o {
	case healthy:
		b.failed = 0
	case failing:
		b.failed = min(b.failed+1, b.limit)
		b.until = b.now().Add(b.rest)
	}
}

// resting reports whether calls are kept away.
func (b *breaker) resting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed == b.limit
}
