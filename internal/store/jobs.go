package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/colophon-project/colophon/evidence"
)

// Pools hands the database to the package that works jobs: the pool that writes, which on SQLite is the writer's one
// connection, and the pool that reads. Who takes the connection of SQLite keeps the writer waiting, and MUST give it back
// within milliseconds.
func (s *Store) Pools() (write, read *sql.DB, postgres bool) {
	return s.write, s.read, s.dialect.postgres
}

// Prove runs fn in a transaction and commits it with the record that proves it. See [Store.Write].
func (s *Store) Prove(ctx context.Context, rec evidence.Record, fn func(*sql.Tx) error) error {
	return s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Record(rec); err != nil {
			return err
		}
		return raw(tx, fn)
	})
}

// Note runs fn in a transaction without a record, for bookkeeping that proves nothing. See [Store.Keep].
func (s *Store) Note(ctx context.Context, fn func(*sql.Tx) error) error {
	return s.Keep(ctx, func(tx *Tx) error { return raw(tx, fn) })
}

func raw(tx *Tx, fn func(*sql.Tx) error) error {
	t, err := tx.SQL()
	if err != nil {
		return err
	}
	return fn(t)
}

// migrateJobs brings River's tables up to date, after ours.
func (s *Store) migrateJobs(ctx context.Context) error {
	var driver riverdriver.Driver[*sql.Tx] = riversqlite.New(s.write)
	if s.dialect.postgres {
		driver = riverdatabasesql.New(s.write)
	}
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("migrating the tables of jobs: %w", err)
	}
	return nil
}

// jobTable is River's table of jobs. A dump has of it the jobs that are not done, in types of ours, since the engines differ
// in it; one that runs is written as one that waits.
const jobTable = "river_job"

const (
	jobColumnsPostgres = `SELECT id, kind, queue, args::TEXT AS args, CASE WHEN state = 'running' THEN 'available' ELSE state::TEXT END AS state, priority::BIGINT AS priority,
		attempt::BIGINT AS attempt, max_attempts::BIGINT AS max_attempts, (EXTRACT(EPOCH FROM created_at) * 1000)::BIGINT AS created, (EXTRACT(EPOCH FROM scheduled_at) * 1000)::BIGINT AS scheduled,
		(EXTRACT(EPOCH FROM finalized_at) * 1000)::BIGINT AS finalized, metadata::TEXT AS metadata, COALESCE(array_to_json(errors)::TEXT, '[]') AS errors
		FROM river_job WHERE state NOT IN ('completed')`
	jobInsertPostgres = `INSERT INTO river_job (id, kind, queue, args, state, priority, attempt, max_attempts, created_at, scheduled_at, finalized_at, metadata, errors)
		VALUES ($1, $2, $3, $4::TEXT::JSONB, $5::TEXT::river_job_state, $6, $7, $8, to_timestamp($9::BIGINT / 1000.0), to_timestamp($10::BIGINT / 1000.0), to_timestamp($11::BIGINT / 1000.0),
		$12::TEXT::JSONB, ARRAY(SELECT jsonb_array_elements($13::TEXT::JSONB)))`
	jobColumnsSQLite = `SELECT id, kind, queue, CAST(args AS TEXT) AS args, CASE WHEN state = 'running' THEN 'available' ELSE state END AS state, priority,
		attempt, max_attempts, CAST(ROUND(unixepoch(created_at, 'subsec') * 1000) AS INTEGER) AS created, CAST(ROUND(unixepoch(scheduled_at, 'subsec') * 1000) AS INTEGER) AS scheduled,
		CAST(ROUND(unixepoch(finalized_at, 'subsec') * 1000) AS INTEGER) AS finalized, CAST(metadata AS TEXT) AS metadata, COALESCE(CAST(errors AS TEXT), '[]') AS errors
		FROM river_job WHERE state NOT IN ('completed')`
	jobInsertSQLite = `INSERT INTO river_job (id, kind, queue, args, state, priority, attempt, max_attempts, created_at, scheduled_at, finalized_at, metadata, errors)
		VALUES ($1, $2, $3, CAST($4 AS BLOB), $5, $6, $7, $8, strftime('%Y-%m-%d %H:%M:%f', $9 / 1000.0, 'unixepoch'), strftime('%Y-%m-%d %H:%M:%f', $10 / 1000.0, 'unixepoch'),
		strftime('%Y-%m-%d %H:%M:%f', $11 / 1000.0, 'unixepoch'), json($12), json($13))`
)

// selection is the query whose rows a dump has of a table.
func (d dialect) selection(table string) string {
	switch {
	case table != jobTable:
		return `SELECT * FROM ` + table
	case d.postgres:
		return jobColumnsPostgres
	}
	return jobColumnsSQLite
}

// insertion is the statement that restores a row of a table.
func (d dialect) insertion(table string, columns []string) string {
	switch {
	case table != jobTable:
		return `INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES ` + tuples(1, len(columns))
	case d.postgres:
		return jobInsertPostgres
	}
	return jobInsertSQLite
}
