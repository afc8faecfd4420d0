package edge

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// bucketsKept is how many clients are counted at most, twice over. When it is reached the older half is forgotten, in
// favour of those clients.
const bucketsKept = 32 << 10

// buckets counts requests by client. A bucket is the moment at which it will be full again.
type buckets[K comparable] struct {
	interval, burst time.Duration // time that one request costs, and that a full bucket is worth; 0 for no limit

	mu         sync.Mutex
	young, old map[K]time.Time
}

func newBuckets[K comparable](r Rate) *buckets[K] {
	b := &buckets[K]{young: map[K]time.Time{}}
	if r.PerSecond > 0 {
		b.interval = time.Duration(float64(time.Second) / r.PerSecond)
		b.burst = b.interval * time.Duration(r.Burst)
	}
	return b
}

// take counts one request, or returns how long the client is to wait.
func (b *buckets[K]) take(client K) time.Duration {
	if b.interval == 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	full, ok := b.young[client]
	if !ok {
		full = b.old[client]
	}
	now := time.Now()
	if full.Before(now) {
		full = now
	}
	full = full.Add(b.interval)
	if wait := full.Sub(now) - b.burst; wait > 0 {
		return wait
	}
	if len(b.young) >= bucketsKept {
		b.young, b.old = map[K]time.Time{}, b.young
	}
	b.young[client] = full
	return 0
}

// network is what counts as one client: an IPv4 address, or the /64 that a subscriber of IPv6 has.
func network(a netip.Addr) netip.Prefix {
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, _ := a.Prefix(bits) // the zero prefix for the zero address
	return p
}

// class is the places of one class of requests.
type class struct {
	Class
	places  chan struct{}
	waiting atomic.Int64
}

// newClass returns nil when the numbers make no class.
func newClass(c Class) *class {
	or(&c.Running, 256)
	or(&c.Waiting, 256)
	or(&c.Wait, 2*time.Second)
	if c.Running < 0 || c.Waiting < 0 || c.Wait < 0 {
		return nil
	}
	return &class{Class: c, places: make(chan struct{}, c.Running)}
}

// enter takes a place, waiting for one if need be, and reports whether it got one. Then leave gives it back.
func (c *class) enter(ctx context.Context) bool {
	select {
	case c.places <- struct{}{}:
		return true
	default:
	}
	defer c.waiting.Add(-1)
	if c.waiting.Add(1) > int64(c.Waiting) {
		return false
	}
	timer := time.NewTimer(c.Wait)
	defer timer.Stop()
	select {
	case c.places <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (c *class) leave() { <-c.places }

// counted bounds the connections that are open. One too many is closed at once: leaving it in the queue would let those
// who hold connections decide when others are heard.
type counted struct {
	net.Listener
	limits  Limits
	trusted func(netip.Addr) bool

	mu    sync.Mutex
	open  int
	peers map[netip.Prefix]int // by network, of those who are no trusted proxies
}

// Accept returns the next connection that is within the limits.
func (l *counted) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := peerOf(conn.RemoteAddr().String()).Addr()
		key := network(peer)
		bounded := !l.trusted(peer)
		l.mu.Lock()
		fits := l.open < l.limits.Connections && (!bounded || l.peers[key] < l.limits.PeerConnections)
		if fits {
			l.open++
			if bounded {
				l.peers[key]++
			}
		}
		l.mu.Unlock()
		if fits {
			return &countedConn{Conn: conn, done: sync.OnceFunc(func() { l.release(key, bounded) })}, nil
		}
		_ = conn.Close() // nothing was said on it
	}
}

func (l *counted) release(key netip.Prefix, bounded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if !bounded {
		return
	}
	if l.peers[key]--; l.peers[key] == 0 {
		delete(l.peers, key)
	}
}

type countedConn struct {
	net.Conn
	done func()
}

// Close closes the connection and gives its place back.
func (c *countedConn) Close() error {
	defer c.done()
	return c.Conn.Close()
}
