package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	_ "modernc.org/sqlite" // what the bare loop writes to

	"github.com/colophon-project/colophon/evidence"
)

// store measures durable, acknowledged records a second on both engines, beside a bare loop on SQLite. The records are
// made before the clock starts.
func (b *bench) store() error {
	fresh, stop, err := postgres()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Print("### Durable, acknowledged records\n\n| writers | contender | records/s | p50, ms | p99, ms |\n|---|---|---|---|---|\n")
	var ratios string
	runs := b.runs
	defer func() { b.runs = runs }()
	for _, load := range []struct{ writers, records, times int }{{1, 1000, 1}, {64, 10000, 3}, {1024, 40000, 1}} {
		b.runs = runs * load.times // the ratio that has a target gets more rounds
		ratio, err := b.writers(load.writers, load.records, fresh)
		if err != nil {
			return err
		}
		ratios += fmt.Sprintf("%d writers, %d rounds: the store on SQLite has %s times the rate of the bare loop in the same round\n", load.writers, b.runs, ratio)
	}
	fmt.Println("\n" + ratios + "(target at 64 writers: ≥ 0.9)\n")
	return nil
}

// writers has a number of writers race on each contender. Each round has new databases: of two files that
// lived through all rounds, one stayed a quarter slower than its like.
func (b *bench) writers(writers, records int, fresh func() string) (ratio string, err error) {
	racing := func(name string, bare bool, url func() string) *racer {
		return &racer{name: name, run: func() (s sample, err error) {
			r, err := b.rig(url())
			if err != nil {
				return s, err
			}
			defer func() { err = errors.Join(err, r.end()) }()
			write := func(record evidence.Record) error { _, err := r.add(record); return err }
			if bare {
				if write, err = r.bareLoop(); err != nil {
					return s, err
				}
			}
			list, err := r.records(records+records/5, writers)
			if err != nil {
				return s, err
			}
			if _, err := many(records/5, writers, func(i int) error { return write(list[records+i]) }); err != nil {
				return s, err
			}
			settle()
			return many(records, writers, func(i int) error { return write(list[i]) })
		}}
	}
	none := func() string { return "" }
	loop, lite, pg := racing("bare loop on SQLite", true, none), racing("store on SQLite", false, none), racing("store on PostgreSQL", false, fresh)
	if err := b.compete(fmt.Sprint(writers, " writers"), lite, loop, pg); err != nil {
		return "", err
	}
	for _, r := range []*racer{lite, loop, pg} {
		fmt.Printf("| %d | %s | %s |\n", writers, r.name, r.row(0))
	}
	return lite.against(loop), nil
}

// row is a record on its way into the bare loop.
type row struct {
	record evidence.Record
	done   chan error
}

// maxRows is how many rows the bare loop commits at once, as many as the store.
const maxRows = 1024

// bareLoop takes the place of the store: a plain database with the store's settings and its table of records alone. One
// goroutine takes whoever waits and commits their rows in one transaction by a prepared statement.
func (r *rig) bareLoop() (write func(evidence.Record) error, err error) {
	if err := r.store.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.dir, "colophon.db")+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(FULL)&_pragma=fullfsync(1)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)&_pragma=cache_size(-16000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	insert, err := db.Prepare(`INSERT INTO record (seq, id, type, subject, role, clauses, at, commitment, class, key_id, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	queue, ended := make(chan row, 2*maxRows), make(chan error, 1)
	go func() { ended <- serve(db, insert, queue) }()
	r.close = append(r.close, func() error { close(queue); return errors.Join(<-ended, insert.Close(), db.Close()) })
	return func(record evidence.Record) error {
		done := make(chan error, 1)
		queue <- row{record, done}
		return <-done
	}, nil
}

func serve(db *sql.DB, insert *sql.Stmt, queue chan row) error {
	var rows []row
	seq := int64(0)
	for first := range queue {
		rows = append(rows[:0], first)
		for len(rows) < maxRows && len(queue) > 0 {
			rows = append(rows, <-queue)
		}
		err := commit(db, insert, rows, &seq)
		for _, r := range rows {
			r.done <- err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func commit(db *sql.DB, insert *sql.Stmt, rows []row, seq *int64) error {
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	stmt := tx.Stmt(insert)
	for i := range rows {
		r := &rows[i].record
		*seq++
		_, err := stmt.Exec(*seq, r.ID, string(r.Type), string(r.Subject), string(r.Role), "", r.At, r.Commitment[:], string(r.Class), r.Sealed.Key.ID, r.Sealed.Box)
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}
