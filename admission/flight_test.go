package admission

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestFlights has many ask at once: two look, and nobody gets what was seen before they asked.
func TestFlights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFlights[int64]()
		var looks, truth atomic.Int64
		ask := func() int64 {
			return f.look("a", func() int64 {
				looks.Add(1)
				seen := truth.Load()
				<-time.After(time.Second)
				return seen
			})
		}
		var all sync.WaitGroup
		all.Go(func() { ask() })
		synctest.Wait()
		truth.Store(7)
		for range 100 {
			all.Go(func() {
				if got := ask(); got != 7 {
					t.Error("somebody got what was seen before:", got)
				}
			})
		}
		all.Wait()
		if n := looks.Load(); n != 2 {
			t.Error(n, "looks")
		}
		if ask(); looks.Load() != 3 || len(f.now)+len(f.own) != 0 {
			t.Error(looks.Load(), f.now, f.own)
		}
	})
}
