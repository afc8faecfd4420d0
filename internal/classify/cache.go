package classify

import (
	"container/list"
	"sync"
	"time"
)

// digest names a question: endpoint, model, version of the template and of the table, and the input.
type digest [32]byte

// cache keeps answers for a while, the ones used last, up to a number of bytes. Errors have no place in it.
type cache[V any] struct {
	life time.Duration
	room int // bytes
	size func(V) int
	now  func() time.Time

	mu      sync.Mutex // guards what follows
	used    int
	entries map[digest]*list.Element
	order   *list.List // of *kept[V], the one used last in front
}

type kept[V any] struct {
	key   digest
	value V
	cost  int
	until time.Time
}

// overhead is what an entry costs beside its value, about.
const overhead = 256

func newCache[V any](life time.Duration, room int, size func(V) int, now func() time.Time) *cache[V] {
	return &cache[V]{life: life, room: room, size: size, now: now, entries: map[digest]*list.Element{}, order: list.New()}
}

func (c *cache[V]) get(key digest) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.entries[key]
	if at == nil {
		return value, false
	}
	e := at.Value.(*kept[V])
	if !c.now().Before(e.until) {
		c.drop(at)
		return value, false
	}
	c.order.MoveToFront(at)
	return e.value, true
}

func (c *cache[V]) put(key digest, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.entries[key]; at != nil {
		c.drop(at)
	}
	e := &kept[V]{key, value, overhead + c.size(value), c.now().Add(c.life)}
	if e.cost > c.room || c.life <= 0 {
		return
	}
	for c.used+e.cost > c.room {
		c.drop(c.order.Back())
	}
	c.used += e.cost
	c.entries[key] = c.order.PushFront(e)
}

func (c *cache[V]) drop(at *list.Element) {
	e := c.order.Remove(at).(*kept[V])
	c.used -= e.cost
	delete(c.entries, e.key)
}
