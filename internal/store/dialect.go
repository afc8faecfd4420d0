package store

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
)

// Numbers of the advisory locks that nodes on one PostgreSQL database share.
const (
	lockMigration = 0x636f6c01
	lockLeader    = 0x636f6c02
)

// dialect is all that differs between the engines.
type dialect struct {
	postgres  bool
	goose     goose.Dialect
	ddl       *strings.Replacer // type names in migrations
	forUpdate string            // appended to a SELECT that locks its row
	chunks    []int             // how many rows one INSERT takes; a few sizes keep the number of statements small
}

func dialectOf(c Config) dialect {
	if c.Postgres != "" {
		return dialect{true, goose.DialectPostgres, strings.NewReplacer(), " FOR UPDATE", []int{128, 16, 4, 1}}
	}
	return dialect{false, goose.DialectSQLite3, strings.NewReplacer("BYTEA", "BLOB", "BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"), "", []int{1}}
}

// chunk is how many of n rows the next INSERT takes. PostgreSQL is spared a round trip for each row. The SQLite driver
// looks up each placeholder by its name, so there a statement of one row, prepared once, is the fastest.
func (d dialect) chunk(n int) int {
	for _, size := range d.chunks {
		if n >= size {
			return size
		}
	}
	return 1
}

func (d dialect) open(c Config, write bool) (*sql.DB, error) {
	if d.postgres {
		config, err := pgx.ParseConfig(c.Postgres)
		if err != nil {
			// The cause would repeat the URL, which may hold a password.
			return nil, errors.New("the PostgreSQL URL can't be read")
		}
		if config.ConnectTimeout == 0 {
			config.ConnectTimeout = 5 * time.Second
		}
		db := stdlib.OpenDB(*config)
		db.SetMaxOpenConns(8)
		db.SetMaxIdleConns(8)
		return db, nil
	}
	// busy_timeout is for other processes on the same file: a backup, a command. secure_delete overwrites what is
	// deleted, so that an erased key is not left lying in the file.
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)", "foreign_keys(1)", "secure_delete(1)", "cache_size(-16000)"}, "_txlock": {"immediate"},
		// River hands times to the driver, some of them local; its queries compare them as texts in UTC.
		"_time_format": {"sqlite"}, "_timezone": {"UTC"}}
	if !write {
		q["_pragma"] = append(q["_pragma"], "query_only(1)")
		q.Set("_txlock", "deferred")
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(c.Path), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	conns := 1
	if !write {
		conns = max(2, runtime.GOMAXPROCS(0))
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// lock takes an advisory lock that ends with the process. SQLite needs none: its file has one writer.
func (d dialect) lock(ctx context.Context, db *sql.DB, number int64) (unlock func(), err error) {
	if !d.postgres {
		return func() {}, nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, number); err != nil {
		conn.Close()
		return nil, err
	}
	return func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, number); err != nil {
			drop(conn)
		}
		conn.Close()
	}, nil
}

// drop throws a connection away instead of giving it back to its pool.
func drop(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// renamed is the folder of migrations with the type names of a dialect.
type renamed struct{ names *strings.Replacer }

func (r renamed) Open(name string) (fs.File, error) {
	f, err := migrations.Open(path.Join("migration", name))
	if err != nil || path.Ext(name) != ".sql" {
		return f, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, err := migrations.ReadFile(path.Join("migration", name))
	if err != nil {
		return nil, err
	}
	return &textFile{bytes.NewReader([]byte(r.names.Replace(string(text)))), info}, nil
}

func (r renamed) ReadDir(name string) ([]fs.DirEntry, error) {
	return migrations.ReadDir(path.Join("migration", name))
}

type textFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *textFile) Close() error               { return nil }

// fault makes the error that a person is shown of an error of a database. One that is such an error already stays.
func (s *Store) fault(err error) error {
	var known *colophon.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &colophon.Error{Kind: colophon.Internal, Code: CodeUnavailable, Err: err}
	var lite *sqlite.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			e.Kind, e.Code, e.Args = colophon.Conflict, durable.CodeDiskFull, colophon.Args{"file": s.config.Path}
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
			e.Kind, e.Code, e.Args = colophon.Refused, durable.CodePermission, colophon.Args{"file": s.config.Path}
		}
	case errors.As(err, &pg) && pg.Code == "53100":
		e.Kind, e.Code, e.Args = colophon.Conflict, durable.CodeDiskFull, colophon.Args{"file": "PostgreSQL"}
	}
	return e
}

// again reports whether the same work may succeed when it is tried anew: another transaction was in the way.
func again(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY || lite.Code()&0xff == sqlite3.SQLITE_LOCKED
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03")
}

// taken reports whether a row with the same key is there already.
func taken(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}
