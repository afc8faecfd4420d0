package store_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.SQLite)
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} })
}

// TestClauses has the refusals that follow from the law name their clause.
func TestClauses(t *testing.T) {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s, recorder := storetest.Open(t, config), storetest.Recorder(t, config.Keys, clock.Now)
	want := func(err error, code colophon.Code, clauses ...colophon.Clause) {
		t.Helper()
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != code || !slices.Equal(e.Clauses, clauses) {
			t.Errorf("%+v", err)
		}
	}
	source := netip.MustParseAddrPort("203.0.113.7:4711")
	for _, e := range []store.NetworkEntry{
		{Operation: "sign-in", Source: source}, {Subject: "s-1", Source: source}, {Subject: "s-1", Operation: "sign-in"},
	} {
		_, err := store.SealNetworkEntry(recorder, e)
		want(err, evidence.CodeRecordInvalid, colophon.ClauseDS10, colophon.ClauseDS16, colophon.ClauseSA5)
	}
	about, err := recorder.New("a", "s-1", "system", nil, 1)
	erasure, err2 := recorder.New("erasure", evidence.System, "officer", nil, 1)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Record(about); return err }); err != nil {
		t.Fatal(err)
	}
	if state, err := s.Erase(t.Context(), erasure, "s-1"); err != nil || state != store.Restricted {
		t.Fatal(state, err)
	}
	_, err = s.Payload(t.Context(), about.ID)
	want(err, store.CodeRestricted, colophon.ClausePIPL47)
}

// TestDumpIsWhole compares the tables of a dump with those that there are, so that a new one can't be forgotten.
func TestDumpIsWhole(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	var tables []string
	if err := s.Write(context.Background(), func(tx *store.Tx) error {
		// Versions are the program's; who leads and what queues there are is River's, of the moment.
		rows, err := tx.Query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
			AND name NOT IN ('goose_db_version', 'river_migration', 'river_leader', 'river_queue', 'river_client', 'river_client_queue')`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			tables = append(tables, name)
		}
		return rows.Err()
	}); err != nil {
		t.Fatal(err)
	}
	var dump bytes.Buffer
	if err := s.Backup(context.Background(), &dump); err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		if !strings.Contains(dump.String(), `{"table":"`+name+`"`) {
			t.Errorf("the dump lacks table %s", name)
		}
	}
	if n := strings.Count(dump.String(), `{"table":`); n != len(tables) || n < 23 {
		t.Errorf("the dump has %d tables of %d", n, len(tables))
	}
}

func TestSQLiteSettings(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, store.Config{Path: filepath.Join(t.TempDir(), "colophon.db")})
	if err := s.Write(context.Background(), func(tx *store.Tx) error {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "secure_delete": "1", "foreign_keys": "1"} {
			var got string
			if err := tx.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %s, %v", pragma, got, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestErasedBytes looks for an erased key in the files themselves.
// TestModes opens a database in a folder that everybody may enter: the files are their owner's alone.
func TestModes(t *testing.T) {
	t.Parallel()
	config := store.Config{Path: filepath.Join(t.TempDir(), "colophon.db")}
	if err := os.WriteFile(config.Path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	config.Keys = storetest.Keys(t, "first")
	s := storetest.Open(t, config)
	write(t, s, storetest.Recorder(t, config.Keys, storetest.NewClock().Now), "s-1")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(config.Path + suffix); err != nil || info.Mode().Perm() != 0o600 {
			t.Error(suffix, info, err)
		}
	}
}

func TestErasedBytes(t *testing.T) {
	t.Parallel()
	ctx, config, clock := context.Background(), storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	rec := storetest.Recorder(t, config.Keys, clock.Now)
	r := write(t, s, rec, "s-1")
	files := func() []byte {
		var all []byte
		for _, suffix := range []string{"", "-wal"} {
			text, err := os.ReadFile(config.Path + suffix)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			all = append(all, text...)
		}
		return all
	}
	if !bytes.Contains(files(), r.Sealed.Key.Wrapped) {
		t.Fatal("the key is not where it is looked for")
	}
	clock.Set(clock.Now().AddDate(0, 7, 0))
	proof, err := rec.New("erasure", evidence.System, "officer", nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := s.Erase(ctx, proof, "s-1"); err != nil || state != store.Erased {
		t.Fatal(state, err)
	}
	if all := files(); bytes.Contains(all, r.Sealed.Key.Wrapped) || bytes.Contains(all, r.Sealed.Box) {
		t.Error("erased bytes still lie in the files")
	}
}

func write(t testing.TB, s *store.Store, rec *evidence.Recorder, subject evidence.Subject) evidence.Record {
	t.Helper()
	r, err := rec.New("a", subject, "system", nil, "payload")
	if err == nil {
		err = s.Write(context.Background(), func(tx *store.Tx) error { _, err := tx.Record(r); return err })
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDiskFull fills the database to its limit and makes room again. What was refused is not there, what was
// acknowledged is, and the store works on without being opened anew.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	ctx, config := context.Background(), storetest.SQLite(t)
	config.Keys = storetest.Keys(t, "first")
	s := storetest.Open(t, config)
	rec := storetest.Recorder(t, config.Keys, storetest.NewClock().Now)
	pages := func(n string) {
		if err := s.Write(ctx, func(tx *store.Tx) error { return tx.QueryRow("PRAGMA max_page_count = " + n).Scan(new(int)) }); err != nil {
			t.Fatal(err)
		}
	}
	pages("60")
	written := 0
	for {
		r, err := rec.New("a", "s", "system", nil, strings.Repeat("x", 4000))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(ctx, func(tx *store.Tx) error { _, err := tx.Record(r); return err }); err != nil {
			storetest.WantCode(t, err, durable.CodeDiskFull)
			break
		}
		if written++; written > 200 {
			t.Fatal("the disk never got full")
		}
	}
	pages("100000")
	write(t, s, rec, "s")
	n := uint64(0)
	for h, err := range s.Records(ctx, true) {
		if n++; err != nil || h.Sequence != n || h.Payload != colophon.Passed {
			t.Fatal(h.Sequence, h.Payload, err)
		}
	}
	if n != uint64(written+1) {
		t.Errorf("%d records, %d acknowledged", n, written+1)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	_, err := store.Open(context.Background(), store.Config{Path: filepath.Join(t.TempDir(), "none", "colophon.db")})
	storetest.WantCode(t, err, durable.CodeFileMissing)
	_, err = store.Open(context.Background(), store.Config{Postgres: "postgres://user:hunter2@[::bad"})
	storetest.WantCode(t, err, store.CodeUnavailable)
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the error tells the password")
	}
	folder := filepath.Join(t.TempDir(), "colophon.db")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(context.Background(), store.Config{Path: folder})
	storetest.WantCode(t, err, durable.CodePermission)
	for magic, kind := range map[int64]string{0x6969: "NFS", 0xFF534D42: "SMB", -0xacb2be: "SMB", 0x65735546: "FUSE", 0xEF53: "", 0x01021994: ""} {
		err := store.RefuseDisk("/data", magic)
		var e *colophon.Error
		if kind == "" && err != nil || kind != "" && (!errors.As(err, &e) || e.Args["type"] != kind) {
			t.Errorf("%x: %v", magic, err)
		}
	}
}

func FuzzDump(f *testing.F) {
	f.Add([]byte(`{"format":"colophon-dump/1","schema":1}` + "\n" + `{"table":"record","columns":["a"]}` + "\n" + `[1,"x",{"b":"AAE="},null]` + "\n" + `{"rows":1,"sha256":""}` + "\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rows, err := store.ReadDump(raw)
		if err != nil {
			storetest.WantCode(t, err, store.CodeDumpInvalid)
		}
		for _, row := range rows {
			for _, v := range row {
				switch v.(type) {
				case nil, int64, string, []byte:
				default:
					t.Errorf("a row holds a %T", v)
				}
			}
		}
	})
}
