package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// Keep is Write for bookkeeping that proves nothing: buckets that count attempts, progress, signs of life. What a person
// or a rule decided goes through Write.
func (s *Store) Keep(ctx context.Context, fn func(*Tx) error) error { return s.housekeep(ctx, fn) }

// KeepSoon is [Store.Keep], but for a context of [Store.Gather] whose Wait was not called yet: there fn waits with the others,
// and asks for no record of its own.
func (s *Store) KeepSoon(ctx context.Context, fn func(*Tx) error) error {
	kept := func(tx *Tx) error {
		changed := tx.changed
		err := fn(tx)
		tx.changed = changed
		return err
	}
	if s.gathered(ctx, kept) {
		return nil
	}
	return s.housekeep(ctx, kept)
}

// Query reads, outside the writer's transaction. The packages in this folder use it.
func (s *Store) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	return rows, s.fault(err)
}

// QueryRow reads one row. A row that is not there is [sql.ErrNoRows].
func (s *Store) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return s.read.QueryRowContext(ctx, query, args...)
}

// Fault makes the error that a person is shown of an error of the database; others stay.
func (s *Store) Fault(err error) error { return s.fault(err) }

// Taken reports whether an error of the database says that a row with the same key is there already.
func Taken(err error) bool { return taken(err) }

// Row is one row of a query.
type Row interface{ Scan(...any) error }

// Collect reads all rows of a query, outside the writer's transaction.
func Collect[T any](ctx context.Context, s *Store, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.Fault(err)
		}
		list = append(list, v)
	}
	return list, s.Fault(rows.Err())
}

// Changed returns how many rows a statement changed.
func Changed(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Where collects the conditions of a query, which must all hold.
type Where struct {
	Text string // begins with a space; empty for no condition
	Args []any
}

// Add adds a condition in which each ? stands for the value.
func (w *Where) Add(condition string, value any) {
	w.Args = append(w.Args, value)
	w.And(strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(w.Args))))
}

// In adds the condition that a column has one of some values; of no values it adds none.
func (w *Where) In(column string, values ...any) {
	var places []string
	for _, v := range values {
		w.Args = append(w.Args, v)
		places = append(places, "$"+strconv.Itoa(len(w.Args)))
	}
	if len(places) > 0 {
		w.And(column + ` IN (` + strings.Join(places, `, `) + `)`)
	}
}

// And adds a condition without a value.
func (w *Where) And(condition string) {
	word := " AND "
	if w.Text == "" {
		word = " WHERE "
	}
	w.Text += word + condition
}

// Beyond adds the condition that a page begins after an entry: the pair of columns is greater, or less, than its time and
// name. Without a name the page begins at the beginning.
func (w *Where) Beyond(comparison, at, name string, time int64, last string) {
	if last == "" {
		return
	}
	n := len(w.Args)
	w.Args = append(w.Args, time, last)
	w.And(`(` + at + `, ` + name + `) ` + comparison + ` ($` + strconv.Itoa(n+1) + `, $` + strconv.Itoa(n+2) + `)`)
}
