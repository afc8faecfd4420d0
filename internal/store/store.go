// Package store keeps what Colophon knows, in SQLite or in PostgreSQL. It implements the Store interfaces of the
// capabilities; their rules are theirs and stand nowhere here.
//
// One writer does all writing. Callers hand it functions; it runs as many as wait in one SQL transaction and brings them
// to the disk together, so that a hundred callers pay for one fsync ([Store.Write]). A function that fails is rolled back
// alone. SQLite allows one writer anyway, and with several connections contending for it some wait for seconds.
//
// No change without proof: a function that changed something and wrote no [evidence.Record] is rolled back. Records are
// numbered 1, 2, 3 without a gap, in the order in which they are committed, on both engines: the number is drawn from a
// row that the transaction keeps locked until it ends.
//
// One SQL text serves both engines: placeholders $1, $2, columns of text, 64-bit integers and bytes. Migrations lie in
// one folder; the few type names that differ are replaced when they are read.
//
// What not to do here: never decide anything that a capability should decide. Never keep a transaction open while waiting
// for something that is not the database. Never log a row.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
)

// Codes of errors of the store.
const (
	CodeUnavailable  colophon.Code = "store-unavailable"     // the database can't be reached or refuses to work
	CodeUncertain    colophon.Code = "store-outcome-unknown" // the connection broke in the commit; ask again before repeating
	CodeClosed       colophon.Code = "store-closed"
	CodeNoRecord     colophon.Code = "store-no-record" // a change without the record that proves it
	CodeRecordExists colophon.Code = "record-exists"   // a record with this ID was committed before
	CodeKeyErased    colophon.Code = "subject-key-erased"
	CodeNetworkDisk  colophon.Code = "store-network-disk" // args "file", "type": SQLite's locks do not hold there
	CodeRowBroken    colophon.Code = "store-row-broken"   // arg "seq": a row is not in the form it was written in
	CodeMissing      colophon.Code = "record-missing"
	CodePurged       colophon.Code = "payload-purged"
	CodeUnexplained  colophon.Code = "payload-unexplained" // the payload is gone before its time, and nobody was erased
	CodeRestricted   colophon.Code = "subject-restricted"  // kept because the law says so, and not to be read
	CodeHeld         colophon.Code = "hold-exists"
	CodeDumpInvalid  colophon.Code = "dump-invalid"
	CodeNotEmpty     colophon.Code = "store-not-empty"
)

//go:embed migration/*.sql
var migrations embed.FS

// Config says where the data lies.
type Config struct {
	// Path is the SQLite file. Its folder MUST be on a local disk.
	Path string
	// Postgres is the connection URL of a PostgreSQL database; when it is given, Path is not used.
	Postgres string
	// Keys open what is sealed. Without them payloads are kept and can't be read.
	Keys *evidence.Keyring
	// Retention says how long things are kept; the zero value holds the statutory minimum.
	Retention evidence.Retention
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Took is told for each change how long it took from being handed over until it was durable; nil for nobody.
	Took func(time.Duration)
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	config  Config
	dialect dialect
	write   *sql.DB
	read    *sql.DB
	writer  *writer
	close   func() error
}

// Open opens the database, brings its tables up to date and starts the writer.
func Open(ctx context.Context, config Config) (*Store, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Store{config: config, dialect: dialectOf(config)}
	if err := s.connect(ctx); err != nil {
		if s.read != nil {
			s.read.Close()
		}
		if s.write != nil {
			s.write.Close()
		}
		return nil, s.fault(err)
	}
	s.writer = startWriter(s)
	s.close = sync.OnceValue(func() error {
		s.writer.stop()
		return errors.Join(s.read.Close(), s.write.Close())
	})
	return s, nil
}

func (s *Store) connect(ctx context.Context) (err error) {
	if s.config.Postgres == "" {
		if err := refuseNetworkDisk(filepath.Dir(s.config.Path)); err != nil {
			return err
		}
		if err := private(s.config.Path); err != nil {
			return err
		}
	}
	if s.write, err = s.dialect.open(s.config, true); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	s.read, err = s.dialect.open(s.config, false)
	return err
}

// private makes sure of a file that its owner alone may read and write, whatever the umask. SQLite gives the files beside
// it the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil // the engine says what is wrong
	}
	return durable.Fault(path, errors.Join(f.Chmod(0o600), f.Close()))
}

func (s *Store) migrate(ctx context.Context) error {
	provider, err := goose.NewProvider(s.dialect.goose, s.write, renamed{s.dialect.ddl}, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	// Several nodes may start at once on one PostgreSQL database.
	unlock, err := s.dialect.lock(ctx, s.write, lockMigration)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	return s.migrateJobs(ctx)
}

// Close waits for the writes that were submitted and closes the database.
func (s *Store) Close() error { return s.close() }

// Committed gets a value after records were committed, for a sequencer to wait on. Several commits may be told by one.
func (s *Store) Committed() <-chan struct{} { return s.writer.committed }

func (s *Store) now() int64 { return s.config.Now().UnixMilli() }
