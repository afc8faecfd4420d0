package store_test

import (
	"context"
	"database/sql"
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

// BenchmarkWrite measures durable, acknowledged records per second: the store on both engines, waiting for the disk, and
// beside it on SQLite a bare loop that commits the same rows in groups. Each operation makes a record of 512 bytes and
// writes it.
func BenchmarkWrite(b *testing.B) {
	server, err := storetest.StartServer(true)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	for _, writers := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("bare/%d", writers), func(b *testing.B) { measure(b, writers, bareLoop(b)) })
		b.Run(fmt.Sprintf("sqlite/%d", writers), func(b *testing.B) { measure(b, writers, through(b, storetest.SQLite(b))) })
		b.Run(fmt.Sprintf("postgres/%d", writers), func(b *testing.B) {
			measure(b, writers, through(b, store.Config{Postgres: server.Database(b)}))
		})
	}
}

func through(b *testing.B, config store.Config) func(evidence.Record) error {
	s := storetest.Open(b, config)
	return func(r evidence.Record) error {
		return s.Write(context.Background(), func(tx *store.Tx) error { _, err := tx.Record(r); return err })
	}
}

// bareLoop commits rows of the same table in groups, with one prepared statement and nothing else.
func bareLoop(b *testing.B) func(evidence.Record) error {
	config := storetest.SQLite(b)
	s, err := store.Open(context.Background(), config)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+config.Path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	insert, err := db.Prepare(`INSERT INTO record (seq, id, type, subject, role, clauses, at, commitment, class, key_id, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
	if err != nil {
		b.Fatal(err)
	}
	type row struct {
		r    evidence.Record
		done chan error
	}
	queue := make(chan row, 2048)
	b.Cleanup(func() { close(queue) })
	go func() {
		seq := 0
		for first := range queue {
			rows := []row{first}
			for len(rows) < 1024 && len(queue) > 0 {
				rows = append(rows, <-queue)
			}
			tx, err := db.Begin()
			for i := 0; i < len(rows) && err == nil; i++ {
				r := &rows[i].r
				seq++
				_, err = tx.Stmt(insert).Exec(seq, r.ID, string(r.Type), string(r.Subject), string(r.Role), "", r.At, r.Commitment[:], string(r.Class), r.Sealed.Key.ID, r.Sealed.Box)
			}
			if err == nil {
				err = tx.Commit()
			}
			for _, r := range rows {
				r.done <- err
			}
		}
	}()
	return func(r evidence.Record) error {
		done := make(chan error, 1)
		queue <- row{r, done}
		return <-done
	}
}

func measure(b *testing.B, writers int, write func(evidence.Record) error) {
	rec := storetest.Recorder(b, storetest.Keys(b, "first"), time.Now)
	payload := map[string]string{"text": fmt.Sprintf("%0512d", 0)}
	var left atomic.Int64
	left.Store(int64(b.N))
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	b.ResetTimer()
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var mine []time.Duration
			for left.Add(-1) >= 0 {
				r, err := rec.New("artefact.labelled", evidence.Subject(fmt.Sprint("s", w)), "system", nil, payload)
				start := time.Now()
				if err == nil {
					err = write(r)
				}
				if err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		}()
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}
