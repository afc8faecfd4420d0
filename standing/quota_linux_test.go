package standing_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/standing"
)

// unreachable are tallies whose store is down.
type unreachable struct{ standing.Tallies }

func (unreachable) Take(context.Context, standing.Taking) (time.Time, bool, error) {
	return time.Time{}, false, errDown
}

// hanging are tallies whose store heeds no context.
type hanging struct {
	standing.Tallies
	end chan struct{}
}

func (h hanging) Take(context.Context, standing.Taking) (time.Time, bool, error) {
	<-h.end
	return time.Time{}, false, errDown
}

// step is a request at a time, and what comes of it.
type step struct {
	at    time.Duration
	ok    bool
	left  int
	retry time.Duration
}

// TestRate asks at exact times, in the store and on a node alone.
func TestRate(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	for name, c := range map[string]struct {
		rate  standing.Rate
		burst int
		steps []step
	}{
		"one a second": {standing.Rate{Count: 1, Per: s}, 1, []step{{0, true, 0, 0}, {0, false, 0, s}, {999 * ms, false, 0, ms}, {s, true, 0, 0}, {1999 * ms, false, 0, ms}, {5 * s, true, 0, 0}, {5 * s, false, 0, s}}},
		"burst of three, ten a second": {standing.Rate{Count: 10, Per: s}, 3, []step{{0, true, 2, 0}, {0, true, 1, 0}, {0, true, 0, 0}, {0, false, 0, 100 * ms}, {99 * ms, false, 0, ms}, {100 * ms, true, 0, 0},
			{100 * ms, false, 0, 100 * ms}, {300 * ms, true, 1, 0}, {10 * s, true, 2, 0}}},
		"five a day, all at once": {standing.Rate{Count: 5, Per: 24 * time.Hour}, 5, []step{{0, true, 4, 0}, {0, true, 3, 0}, {0, true, 2, 0}, {0, true, 1, 0}, {0, true, 0, 0}, {0, false, 0, 288 * time.Minute},
			{288*time.Minute - ms, false, 0, ms}, {288 * time.Minute, true, 0, 0}, {24 * time.Hour, true, 3, 0}}},
		"a clock that goes back": {standing.Rate{Count: 1, Per: s}, 1, []step{{10 * s, true, 0, 0}, {5 * s, false, 0, 6 * s}, {11 * s, true, 0, 0}}},
	} {
		for _, where := range []string{"store", "node"} {
			t.Run(name+" "+where, func(t *testing.T) {
				w := open(t)
				start := w.clock.Now()
				if where == "node" {
					w.config.Tallies = unreachable{w.config.Tallies}
					w.keeper = w.open()
				}
				for i, step := range c.steps {
					w.clock.Set(start.Add(step.at))
					a, err := w.keeper.Allow(w.ctx, standing.QuotaKey{Subject: "account-1", Function: "chat", Model: "m"}, c.rate, c.burst, false)
					if err != nil || a.Allowed != step.ok || a.Left != step.left || a.Retry != step.retry || a.Unknown || a.Local != (where == "node") || a.Local != errors.Is(a.Fault, errDown) {
						t.Fatalf("%d: %+v, %v; want %+v", i, a, err, step)
					}
				}
			})
		}
	}
}

// TestRateProperty holds the algorithm to its promise: in no stretch of time more than the burst and what the rate brings.
func TestRateProperty(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		interval, burst := time.Duration(1+r.IntN(1000))*time.Millisecond, 1+r.IntN(20)
		now, full := time.Unix(1e9, 0), time.Time{}
		var passed []time.Time
		for range 300 {
			now = now.Add(time.Duration(r.Int64N(int64(2 * interval))))
			next, ok := standing.Taking{Now: now, Interval: interval, Burst: burst}.Next(full)
			if full = next; ok {
				passed = append(passed, now)
			}
		}
		for i := range passed {
			for j := i; j < len(passed); j++ {
				if most := burst + int(passed[j].Sub(passed[i])/interval); j-i+1 > most {
					t.Fatalf("%d in %s, at one in %s with a burst of %d", j-i+1, passed[j].Sub(passed[i]), interval, burst)
				}
			}
		}
	}
}

func TestKeysApart(t *testing.T) {
	w := open(t)
	rate := standing.Rate{Count: 1, Per: time.Hour}
	for _, key := range []standing.QuotaKey{{"a", "f", ""}, {"a", "f", "m"}, {"a", "g", "m"}, {"b", "f", "m"}, {"a", `f" "m`, ""}} {
		for i := range 2 {
			if a, err := w.keeper.Allow(w.ctx, key, rate, 1, false); err != nil || a.Allowed != (i == 0) {
				t.Errorf("%v: %+v, %v", key, a, err)
			}
		}
	}
	for _, bad := range []standing.Rate{{}, {Count: -1, Per: time.Hour}, {Count: 10, Per: 5}, {Count: 1, Per: 9000 * time.Hour}} {
		_, err := w.keeper.Allow(w.ctx, standing.QuotaKey{Subject: "a"}, bad, 1, false)
		storetest.WantCode(t, err, standing.CodeInvalid)
	}
	_, err := w.keeper.Allow(w.ctx, standing.QuotaKey{}, rate, 1, false)
	storetest.WantCode(t, err, standing.CodeInvalid)
}

// TestHigh refuses functions of high risk when the store can't be asked, be it down, hanging or closed.
func TestHigh(t *testing.T) {
	w := open(t)
	stop := make(chan struct{})
	defer close(stop)
	down := map[string]func(){
		"down":    func() { w.config.Tallies = unreachable{w.config.Tallies} },
		"hanging": func() { w.config.Tallies, w.config.Patience = hanging{w.config.Tallies, stop}, time.Millisecond },
	}
	key, rate := standing.QuotaKey{Subject: "account-1", Function: "face-swap"}, standing.Rate{Count: 100, Per: time.Second}
	whole := w.config
	for name, spoil := range down {
		w.config = whole
		spoil()
		k := w.open()
		a, err := k.Allow(w.ctx, key, rate, 100, true)
		if err != nil || a.Allowed || !a.Unknown || a.Fault == nil {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		if a, err = k.Allow(w.ctx, key, rate, 100, false); err != nil || !a.Allowed || !a.Local || a.Fault == nil {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	w.no(w.store.Close())
	w.config = whole
	if a, err := w.keeper.Allow(w.ctx, key, rate, 100, true); err != nil || a.Allowed || !a.Unknown {
		t.Errorf("closed: %+v, %v", a, err)
	}
}

// TestManyBuckets keeps the memory of a node bounded.
func TestManyBuckets(t *testing.T) {
	t.Parallel()
	n := standing.LocalBuckets(1<<16+5000, time.Hour)
	if n > 1<<16 {
		t.Errorf("%d buckets", n)
	}
}

// TestRateTogether has many ask at once on two nodes: as many pass as may.
func TestRateTogether(t *testing.T) {
	w := open(t)
	nodes := []*standing.Keeper{w.keeper, w.open()}
	var passed atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			a, err := nodes[i%2].Allow(w.ctx, standing.QuotaKey{Subject: evidence.Subject("account-1"), Function: "chat"}, standing.Rate{Count: 1, Per: time.Hour}, 37, true)
			if err != nil || a.Unknown {
				t.Error(a, err)
			}
			if a.Allowed {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != 37 {
		t.Errorf("%d passed", passed.Load())
	}
}
