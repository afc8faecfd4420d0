package admission

import (
	"context"
	"sync"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
)

const (
	// grace is how long what is cached may serve after the feed was last read. It is that of orders, so that whatever changes
	// anywhere counts on every node within two seconds.
	grace = incident.Grace
	// oldest is how long something is cached at most: what depends on the time alone is seen then.
	oldest = 30 * time.Second
	// patience is how long the feed may take to answer.
	patience = time.Second
	// batch is how many changes are read at once.
	batch = 1000
)

// cache keeps values for a while, in two generations of a bounded size. It is safe for use by many goroutines.
type cache[V any] struct {
	most int

	mu         sync.Mutex
	young, old map[string]kept[V] // guarded by mu
	dropped    uint64             // guarded by mu; counts what was forgotten
}

type kept[V any] struct {
	value V
	until time.Time
}

func newCache[V any](most int) *cache[V] { return &cache[V]{most: most, young: map[string]kept[V]{}} }

// find returns what is kept, and a stamp that put wants.
func (c *cache[V]) find(key string, now time.Time) (v V, stamp uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.young[key]
	if !ok {
		k, ok = c.old[key]
		if ok {
			c.keep(key, k)
		}
	}
	return k.value, c.dropped, ok && now.Before(k.until)
}

// put keeps a value that was loaded after the stamp was had, unless something was forgotten since: it may be older than that.
func (c *cache[V]) put(key string, v V, until time.Time, stamp uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if stamp == c.dropped {
		c.keep(key, kept[V]{v, until})
	}
}

// keep is called with mu held.
func (c *cache[V]) keep(key string, k kept[V]) {
	if len(c.young) >= c.most {
		c.old, c.young = c.young, make(map[string]kept[V], len(c.young))
	}
	c.young[key] = k
}

// drop forgets one value, or all where the key is empty.
func (c *cache[V]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped++
	if key == "" {
		c.young, c.old = map[string]kept[V]{}, nil
		return
	}
	delete(c.young, key)
	delete(c.old, key)
}

// Follow reads what changed, at once and with each tick, and forgets what that may have made wrong, until ctx ends. Before it
// has read anything, and whenever the feed did not answer for two seconds, nothing is taken from memory.
func (g *Gate) Follow(ctx context.Context) {
	after, known := uint64(0), false
	for {
		if err := g.read(ctx, &after, &known); err != nil && ctx.Err() == nil {
			g.c.Report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-g.c.Tick:
		}
	}
}

func (g *Gate) read(ctx context.Context, after *uint64, known *bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := g.c.Now()
	if !*known {
		head, err := g.c.Feed.Head(ctx)
		if err != nil {
			return err
		}
		*after, *known = head, true
		g.forget()
		g.confirmed.Store(&asked)
		return nil
	}
	for {
		changes, err := g.c.Feed.Changes(ctx, *after, batch)
		if err != nil {
			return err
		}
		for _, c := range changes {
			g.changed(c)
			*after = max(*after, c.Sequence)
		}
		if len(changes) < batch {
			g.confirmed.Store(&asked)
			return nil
		}
	}
}

// changed forgets what a change may have made wrong: what is known of the account that it is about, and of everything that
// all share where it is about none.
func (g *Gate) changed(c ledger.Change) {
	if c.Subject == evidence.System {
		g.functions.drop("")
		g.texts.drop("")
		return
	}
	g.accounts.drop(string(c.Subject))
}

func (g *Gate) forget() {
	g.accounts.drop("")
	g.functions.drop("")
	g.texts.drop("")
}

// fresh reports whether what is in memory may be used.
func (g *Gate) fresh(now time.Time) bool {
	at := g.confirmed.Load()
	return at != nil && now.Sub(*at) <= grace
}
