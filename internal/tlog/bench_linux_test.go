package tlog_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// BenchmarkLag measures how long after its commit a record can be proved: until a checkpoint in the store covers it. The
// sequencer runs beside the writers.
func BenchmarkLag(b *testing.B) {
	for _, writers := range []int{4, 64} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			r := newRig(b, storetest.SQLite(b))
			l := r.open()
			ctx, stop := context.WithCancel(r.ctx)
			ended := make(chan error, 1)
			go func() { ended <- l.Run(ctx) }()
			var left atomic.Int64
			left.Store(int64(b.N))
			at := make([]atomic.Int64, b.N+1) // by sequence, when it was acknowledged
			var wg sync.WaitGroup
			b.ResetTimer()
			for w := range writers {
				wg.Add(1)
				go func() {
					defer wg.Done()
					for left.Add(-1) >= 0 {
						record, err := r.rec.New("artefact.labelled", evidence.Subject(fmt.Sprint("s", w)), "system", nil, w)
						var seq uint64
						if err == nil {
							err = r.store.Write(r.ctx, func(tx *store.Tx) (err error) { seq, err = tx.Record(record); return err })
						}
						if err != nil {
							b.Error(err)
							return
						}
						at[seq].Store(time.Now().UnixNano())
					}
				}()
			}
			var lags []time.Duration
			tick := time.NewTicker(time.Millisecond)
			for done := uint64(0); done < uint64(b.N); <-tick.C {
				size := l.Checkpoint().Size
				now := time.Now().UnixNano()
				for ; done < size; done++ {
					if t := at[done+1].Load(); t != 0 {
						lags = append(lags, time.Duration(now-t))
					} else {
						lags = append(lags, 0) // proved before its writer was told
					}
				}
			}
			tick.Stop()
			b.StopTimer()
			wg.Wait()
			slices.Sort(lags)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "proved/s")
			b.ReportMetric(float64(lags[len(lags)/2].Microseconds())/1000, "lag-p50-ms")
			b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds())/1000, "lag-p99-ms")
			b.ReportMetric(0, "ns/op")
			stop()
			if err := <-ended; err != nil {
				b.Error(err)
			}
			r.no(l.Close())
		})
	}
}
