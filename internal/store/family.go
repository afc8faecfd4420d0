package store

import (
	"context"
	"database/sql"
)

// Keep is Write for bookkeeping that proves nothing: buckets that count attempts, progress, signs of life. What a person
// or a rule decided goes through Write.
func (s *Store) Keep(ctx context.Context, fn func(*Tx) error) error { return s.housekeep(ctx, fn) }

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
