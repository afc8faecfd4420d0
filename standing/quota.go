package standing

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Rates and quotas are counted by the generic cell rate algorithm (GCRA). A key keeps one time: when its bucket would be
// empty again. A request moves it on by the interval, which is the period divided by the count; it is let through where the
// time then lies no more than burst intervals ahead of now. So Count requests in Per are let through evenly, Burst of them at
// once, and no memory of single requests is needed.

// QuotaKey is what requests are counted by.
type QuotaKey struct {
	Subject  evidence.Subject // the account
	Function string
	Model    string // empty for all models together
}

// name is the key in the store.
func (q QuotaKey) name() string { return fmt.Sprintf("%q %q %q", q.Subject, q.Function, q.Model) }

// Rate is how many requests there may be in a period.
type Rate struct {
	Count int
	Per   time.Duration
}

// interval is the time between two requests at the full rate; 0 for a rate that is none.
func (r Rate) interval() time.Duration {
	if r.Count <= 0 || r.Per <= 0 {
		return 0
	}
	return r.Per / time.Duration(r.Count)
}

// Allowance says whether a request is within its rate.
type Allowance struct {
	Allowed bool
	Left    int           // how many more would be let through now
	Retry   time.Duration // after which one would be let through; 0 where it was
	// Local says that the store could not be asked and this node alone counted.
	Local bool
	// Unknown says that nobody could tell, which is why a function of high risk is refused.
	Unknown bool
	// Fault is why the store was not asked, for the log.
	Fault error
}

// maxBurst bounds what may be let through at once, so that no sum of times overflows.
const maxBurst = 1 << 20

// Allow counts one request and says whether it may go on. Where the store can't be reached, one for a function of high risk
// may not; others are counted by this node alone. An error says that the rate is none.
func (k *Keeper) Allow(ctx context.Context, key QuotaKey, rate Rate, burst int, high bool) (Allowance, error) {
	interval := rate.interval()
	if interval <= 0 || burst < 1 || burst > maxBurst || interval > 366*24*time.Hour || time.Duration(burst) > (1<<62)/interval || key.Subject == "" {
		return Allowance{}, invalid("rate")
	}
	now := k.Now()
	full, ok, err := k.ask(ctx, Taking{Key: key.name(), Subject: key.Subject, Now: now, Interval: interval, Burst: burst})
	switch {
	case err == nil:
		return allowance(now, full, ok, interval, burst), nil
	case high:
		return Allowance{Unknown: true, Fault: err}, nil
	}
	full, ok = k.local.take(key.name(), now, interval, burst)
	a := allowance(now, full, ok, interval, burst)
	a.Local, a.Fault = true, err
	return a, nil
}

// ask asks the store and waits no longer than the patience, even where the store does not heed the context.
func (k *Keeper) ask(ctx context.Context, t Taking) (time.Time, bool, error) {
	type answer struct {
		full time.Time
		ok   bool
		err  error
	}
	ctx, cancel := context.WithTimeout(ctx, k.config.Patience)
	defer cancel()
	got := make(chan answer, 1)
	go func() {
		full, ok, err := k.config.Tallies.Take(ctx, t)
		got <- answer{full, ok, err}
	}()
	select {
	case a := <-got:
		return a.full, a.ok, a.err
	case <-ctx.Done():
		return time.Time{}, false, &colophon.Error{Kind: colophon.Internal, Code: CodeUncounted, Err: ctx.Err()}
	}
}

// allowance says what follows from the time until which a bucket is in use.
func allowance(now, full time.Time, ok bool, interval time.Duration, burst int) Allowance {
	room := time.Duration(burst)*interval - full.Sub(now)
	a := Allowance{Allowed: ok, Left: burst}
	if full.After(now) {
		a.Left = max(int(room/interval), 0)
	}
	if !ok {
		a.Left, a.Retry = 0, max(interval-room, 0)
	}
	return a
}

// Taking is one request of a bucket.
type Taking struct {
	Key      string
	Subject  evidence.Subject
	Now      time.Time
	Interval time.Duration
	Burst    int
}

// Next is the algorithm: from when a bucket is empty again at present, to when it is after the request, and whether the
// request is let through. One that is not changes nothing.
func (t Taking) Next(full time.Time) (time.Time, bool) {
	next := full
	if next.Before(t.Now) {
		next = t.Now
	}
	next = next.Add(t.Interval)
	if next.Sub(t.Now) > time.Duration(t.Burst)*t.Interval {
		return full, false
	}
	return next, true
}

// mostLocal is how many buckets a node keeps for itself.
const mostLocal = 1 << 16

// buckets are the buckets of one node, for when the store can't be reached.
type buckets struct {
	mu   sync.Mutex
	full map[string]time.Time // guarded by mu
}

func newBuckets() *buckets { return &buckets{full: map[string]time.Time{}} }

func (b *buckets) take(key string, now time.Time, interval time.Duration, burst int) (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.full[key]; !ok && len(b.full) >= mostLocal {
		b.sweep(now)
	}
	next, ok := Taking{Now: now, Interval: interval, Burst: burst}.Next(b.full[key])
	if ok {
		b.full[key] = next
	}
	return next, ok
}

// sweep makes room: buckets that are empty again go, and where these are few, some that are not.
func (b *buckets) sweep(now time.Time) {
	for key, full := range b.full {
		if !full.After(now) {
			delete(b.full, key)
		}
	}
	for key := range b.full {
		if len(b.full) < mostLocal/4*3 {
			return
		}
		delete(b.full, key)
	}
}
