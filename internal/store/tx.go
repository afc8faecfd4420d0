package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Tx is what a function sees of the transaction it runs in. It is good until the function returns and MUST NOT be used
// by another goroutine. Rows MUST be closed before the next statement.
type Tx struct {
	batch    *batch
	alone    bool // no other function shares the transaction
	inside   bool // a savepoint is open
	changed  bool
	recorded bool
	broken   error // why the whole transaction can't go on

	// what the batch held before, for when the function fails
	records, keys int
	next          uint64
}

const savepoint = "one_write"

// enter opens the savepoint before the first statement. A function that does nothing but record needs none.
func (t *Tx) enter() error {
	if t.inside || t.alone {
		return nil
	}
	_, err := t.batch.tx.ExecContext(t.batch.ctx, "SAVEPOINT "+savepoint)
	if err != nil {
		t.broken = err
		return err
	}
	t.inside = true
	return nil
}

// Exec runs a statement that changes something.
func (t *Tx) Exec(query string, args ...any) (sql.Result, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	t.changed = true
	res, err := t.batch.tx.ExecContext(t.batch.ctx, query, args...)
	return res, t.note(err)
}

// Query runs a statement that reads.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	rows, err := t.batch.tx.QueryContext(t.batch.ctx, query, args...)
	return rows, t.note(err)
}

// QueryRow runs a statement that reads one row. A row that is not there is [sql.ErrNoRows].
func (t *Tx) QueryRow(query string, args ...any) *sql.Row {
	// A savepoint that can't be opened shows in Scan too, since the transaction is broken then.
	_ = t.enter()
	return t.batch.tx.QueryRowContext(t.batch.ctx, query, args...)
}

// SQL hands out the transaction itself, for a library that wants one. It counts as a change. Nobody may commit it or
// roll it back.
func (t *Tx) SQL() (*sql.Tx, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	t.changed = true
	return t.batch.tx, nil
}

// note remembers an error after which the whole transaction must be tried anew.
func (t *Tx) note(err error) error {
	if err != nil && again(err) {
		t.broken = err
	}
	return err
}

// DataKey keeps the data key that something in the change was sealed under.
func (t *Tx) DataKey(k evidence.DataKey) { t.batch.keys = append(t.batch.keys, k) }

// Record adds the record that proves the change, and returns its sequence. Record and change are committed together or
// not at all. The row itself is written when the transaction ends; a query in it does not see it. By what the record is
// about, such as a content number, [Store.RecordsAbout] finds it again; that does not stand in the leaf.
func (t *Tx) Record(r evidence.Record, about ...string) (uint64, error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	if r.Sealed.Box == nil || r.Sealed.Key.ID == "" || r.Sealed.Key.Wrapped == nil || r.Class == "" || r.Sequence != 0 {
		return 0, &colophon.Error{Kind: colophon.Invalid, Code: evidence.CodeRecordInvalid, Args: colophon.Args{"field": "sealed"}}
	}
	b := t.batch
	if err := b.lock(); err != nil {
		t.broken = err
		return 0, fmt.Errorf("drawing a number: %w", err)
	}
	r.Sequence = b.next
	b.next++
	b.records = append(b.records, r)
	b.keys = append(b.keys, r.Sealed.Key)
	t.recorded = true
	for _, thing := range about {
		if _, err := t.Exec(`INSERT INTO record_about (thing, seq) VALUES ($1, $2)`, thing, int64(r.Sequence)); err != nil {
			return 0, err
		}
	}
	return r.Sequence, nil
}

// run calls the function and turns a panic into an error that [Store.Write] panics with again.
func (t *Tx) run(j *job) (err error) {
	t.records, t.keys, t.next = len(t.batch.records), len(t.batch.keys), t.batch.next
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{p, debug.Stack()}
		}
	}()
	if err := j.fn(t); err != nil {
		return t.note(err)
	}
	if t.broken != nil {
		return t.broken
	}
	if t.changed && !t.recorded && !j.internal {
		return &colophon.Error{Kind: colophon.Internal, Code: CodeNoRecord}
	}
	return nil
}

// leave ends the savepoint: it keeps what the function did, or undoes it.
func (t *Tx) leave(keep bool) error {
	b := t.batch
	if !keep {
		// PostgreSQL gives back the lock on the counter with the savepoint; a next of 0 takes it again.
		b.records, b.keys, b.next = b.records[:t.records], b.keys[:t.keys], t.next
	}
	if !t.inside {
		return nil
	}
	if !keep {
		if _, err := b.tx.ExecContext(b.ctx, "ROLLBACK TO SAVEPOINT "+savepoint); err != nil {
			return err
		}
	}
	_, err := b.tx.ExecContext(b.ctx, "RELEASE SAVEPOINT "+savepoint)
	return err
}

type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// Write runs fn in a transaction and returns when what it did is on the disk, or did not happen. fn shares the
// transaction with others and MUST be quick. It may be run again when another transaction was in the way, so it MUST
// have no effect but on the Tx and on variables that it sets anew each time.
//
// fn MUST add a record for what it changes ([Tx.Record]); otherwise nothing is committed and the error has the code
// [CodeNoRecord]. The error [CodeUncertain] says that the connection broke in the commit and that it could not be found
// out whether the change happened.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.submit(ctx, &job{fn: fn})
}

// housekeep is Write for the store's own bookkeeping, which proves nothing: places in the log, checkpoints.
func (s *Store) housekeep(ctx context.Context, fn func(*Tx) error) error {
	return s.submit(ctx, &job{fn: fn, internal: true})
}

func (s *Store) submit(ctx context.Context, j *job) error {
	j.done = make(chan error, 1)
	if err := ctx.Err(); err != nil {
		return err
	}
	began := time.Now()
	if err := s.writer.send(ctx, j); err != nil {
		return err
	}
	var err error
	select {
	case err = <-j.done:
	case <-ctx.Done():
		if j.claim(jobLeft) {
			return ctx.Err()
		}
		// It runs already. Its outcome is waited for, lest the caller take for undone what was done.
		err = <-j.done
	}
	if err == nil && s.config.Took != nil {
		s.config.Took(time.Since(began))
	}
	var p *panicked
	if errors.As(err, &p) {
		panic(p.Error())
	}
	return s.fault(err)
}
