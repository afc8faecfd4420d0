package job_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/job/jobtest"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func benchConfig(b *testing.B, engine string) store.Config {
	b.Helper()
	if engine == "sqlite" {
		return storetest.SQLite(b)
	}
	server, err := storetest.StartServer(true)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	return store.Config{Postgres: server.Database(b)}
}

func benchQueue(b *testing.B, with jobtest.Bench, rate int, worked *atomic.Int64) *job.Queue {
	b.Helper()
	q, err := job.New(job.Config{Store: with.Store, Recorder: with.Recorder, Rate: rate, Workers: []job.Worker{job.Work("bench", job.Limits{AtOnce: 500}, func(context.Context, *job.Task, jobtest.Note) error {
		worked.Add(1)
		return nil
	})}})
	if err != nil {
		b.Fatal(err)
	}
	return q
}

func fill(b *testing.B, q *job.Queue, s job.Store, n int) {
	b.Helper()
	ctx := context.Background()
	for n > 0 {
		part := min(n, 500)
		if err := s.Note(ctx, func(tx *sql.Tx) error {
			for i := range part {
				if _, err := q.Enqueue(ctx, tx, "bench", jobtest.Note{N: i}, time.Time{}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		n -= part
	}
}

// BenchmarkJobs works jobs that were enqueued before.
func BenchmarkJobs(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			with := open(b, benchConfig(b, engine))
			var worked atomic.Int64
			q := benchQueue(b, with, -1, &worked)
			begun := time.Now()
			fill(b, q, with.Store, b.N)
			enqueued := float64(b.N) / time.Since(begun).Seconds()
			b.ResetTimer()
			if err := q.Start(context.Background()); err != nil {
				b.Fatal(err)
			}
			_, read, _ := with.Store.Pools()
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for left := 1; left > 0; <-tick.C {
				if worked.Load() < int64(b.N) {
					continue
				}
				if err := read.QueryRow(`SELECT COUNT(*) FROM river_job WHERE state <> 'completed'`).Scan(&left); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "worked/s")
			b.ReportMetric(enqueued, "enqueued/s")
			if err := q.Stop(context.Background()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkRecords commits records from 64 writers, alone and while jobs are worked.
func BenchmarkRecords(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, jobs := range []string{"alone", "idle-queue", "jobs", "jobs-unbounded"} {
			b.Run(engine+"/"+jobs, func(b *testing.B) {
				with := open(b, benchConfig(b, engine))
				var worked atomic.Int64
				rate := 0
				if jobs == "jobs-unbounded" {
					rate = -1
				}
				q := benchQueue(b, with, rate, &worked)
				if strings.HasPrefix(jobs, "jobs") {
					fill(b, q, with.Store, 30000)
				}
				if jobs != "alone" {
					if err := q.Start(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
				first := worked.Load()
				b.ResetTimer()
				commit(b, with)
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
				b.ReportMetric(float64(worked.Load()-first)/b.Elapsed().Seconds(), "worked/s")
				if jobs == "alone" {
					return
				}
				over, cancel := context.WithCancel(context.Background())
				cancel()
				if err := q.Stop(over); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

func commit(b *testing.B, with jobtest.Bench) {
	s := with.Store.(*store.Store)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				r, err := with.Recorder.New("bench", evidence.System, "system", nil, "a payload of some length, as they are")
				if err == nil {
					err = s.Write(context.Background(), func(tx *store.Tx) error { _, err := tx.Record(r); return err })
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
