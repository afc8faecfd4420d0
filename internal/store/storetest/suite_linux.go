// Package storetest proves a store: one suite for SQLite and PostgreSQL ([Run]), and a private PostgreSQL server for
// whoever tests against one ([Postgres]).
//
// The server is started once for a test process, in a folder of its own, with a socket and no port. A test process MUST
// call [Main] from its TestMain, which stops the server. Where PostgreSQL is missing the tests fail; nothing is left out
// in silence.
//
// What not to do here: no test may depend on another's database, and none may wait for time to pass.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
)

// Clock is a clock that a test sets.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock makes a clock that shows the 22nd of November 2026.
func NewClock() *Clock { return &Clock{at: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)} }

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Set changes the time.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// Keys makes a keyring of fixed envelope keys, the first of them in use.
func Keys(t testing.TB, ids ...string) *evidence.Keyring {
	t.Helper()
	var keys []evidence.EnvelopeKey
	for _, id := range ids {
		k, err := evidence.NewEnvelopeKey(id, fmt.Appendf(nil, "%-32s", id), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	return evidence.NewKeyring(keys[0], keys[1:]...)
}

// Recorder makes a recorder. Types that begin with "assessment" are kept as such.
func Recorder(t testing.TB, keys *evidence.Keyring, now func() time.Time) *evidence.Recorder {
	t.Helper()
	r, err := evidence.NewRecorder(evidence.RecorderConfig{Now: now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: keys,
		Classes: map[evidence.Type]evidence.Class{"assessment.filed": evidence.ClassAssessment}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// SQLite returns the configuration of a new SQLite store. Its tables are there already, as the first one of the process made
// them: making them takes longer than most tests do. Whoever tests how a store begins gives a path of its own.
func SQLite(t testing.TB) store.Config {
	t.Helper()
	config := store.Config{Path: filepath.Join(t.TempDir(), "colophon.db")}
	Migrated(t, config.Path)
	return config
}

// Migrated puts a SQLite store that was never used at a path.
func Migrated(t testing.TB, path string) {
	t.Helper()
	raw, err := migrated()
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "colophon-store-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "colophon.db")
	s, err := store.Open(context.Background(), store.Config{Path: path})
	if err == nil {
		err = s.Close() // after which everything is in the one file
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Open opens a store and closes it at the end of the test.
func Open(t testing.TB, config store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// WantCode fails the test when an error has another code.
func WantCode(t testing.TB, err error, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// bench is a store with what a test needs around it.
type bench struct {
	*testing.T
	ctx    context.Context
	config store.Config
	clock  *Clock
	keys   *evidence.Keyring
	rec    *evidence.Recorder
	store  *store.Store
}

// Run runs the suite. fresh returns the configuration of a new, empty database.
func Run(t *testing.T, fresh func(testing.TB) store.Config) {
	for name, test := range map[string]func(*bench){
		"Group": testGroup, "Alone": testAlone, "Shared": testShared, "NoRecord": testNoRecord, "Read": testRead, "Log": testLog, "Checkpoint": testCheckpoint,
		"Erase": testErase, "EraseLater": testEraseLater, "Hold": testHold, "Found": testFound, "Custody": testCustody, "Purge": testPurge, "KeyErased": testKeyErased, "Rewrap": testRewrap,
		"Network": testNetwork, "Backup": testBackup, "Lead": testLead, "Cancel": testCancel, "Close": testClose, "TwoNodes": testTwoNodes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{T: t, ctx: context.Background(), config: fresh(t), clock: NewClock(), keys: Keys(t, "first")}
			b.config.Keys, b.config.Now = b.keys, b.clock.Now
			b.rec = Recorder(t, b.keys, b.clock.Now)
			b.store = Open(t, b.config)
			test(b)
		})
	}
}

func (b *bench) no(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) record(typ evidence.Type, subject evidence.Subject, payload any) evidence.Record {
	b.Helper()
	r, err := b.rec.New(typ, subject, "system", []colophon.Clause{colophon.ClauseLM5, colophon.ClauseGB61}, payload)
	b.no(err)
	return r
}

// add commits a record and returns it with its sequence.
func (b *bench) add(typ evidence.Type, subject evidence.Subject, payload any) evidence.Record {
	b.Helper()
	r := b.record(typ, subject, payload)
	b.no(b.store.Write(b.ctx, func(tx *store.Tx) (err error) { r.Sequence, err = tx.Record(fresh(r)); return err }))
	return r
}

// fresh is a record as a recorder makes it, without a sequence.
func fresh(r evidence.Record) evidence.Record { r.Sequence = 0; return r }

func (b *bench) all(open bool) (list []evidence.Held) {
	b.Helper()
	for h, err := range b.store.Records(b.ctx, open) {
		b.no(err)
		list = append(list, h)
	}
	return list
}

var errRefused = errors.New("refused by the function")

// testGroup has many writers at once, of which some fail, some panic and some repeat a record. What succeeded is there
// with its change, what failed is not, and the sequences have no gap.
func testGroup(b *bench) {
	first := b.add("a", evidence.System, 0)
	var wg sync.WaitGroup
	var mu sync.Mutex
	want := map[string]bool{first.ID: true}
	for w := range 32 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 12 {
				r, err := b.rec.New("a", evidence.Subject(fmt.Sprint("s", w%5)), "system", nil, i)
				if err != nil {
					b.Error(err)
					return
				}
				kind := w + i
				if kind%6 == 2 && i < 9 {
					kind += 2 // a repeated record makes the writer go one by one; most rounds are to share transactions
				}
				b.oneOf(kind, r, first, func() { mu.Lock(); want[r.ID] = true; mu.Unlock() })
			}
		}()
	}
	wg.Wait()
	list := b.all(true)
	for i, h := range list {
		if !want[h.ID] || h.Sequence != uint64(i+1) || h.Payload != colophon.Passed || h.Broken {
			b.Fatalf("%d: sequence %d, payload %v %s, acknowledged %t", i, h.Sequence, h.Payload, h.Reason, want[h.ID])
		}
		_, err := b.store.Checkpoint(b.ctx, h.ID)
		b.no(err)
	}
	if len(list) != len(want) {
		b.Errorf("%d records, %d acknowledged", len(list), len(want))
	}
	b.no(b.store.Write(b.ctx, func(tx *store.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM checkpoint`).Scan(&n); err != nil || n != len(want)-1 {
			b.Errorf("%d changes for %d records, %v", n, len(want)-1, err)
		}
		return nil
	}))
}

// oneOf writes a record in one of four ways.
func (b *bench) oneOf(kind int, r, first evidence.Record, done func()) {
	change := func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO checkpoint (origin, note) VALUES ($1, $2)`, r.ID, []byte{1}); err != nil {
			return err
		}
		_, err := tx.Record(r)
		return err
	}
	switch kind % 6 {
	case 0:
		err := b.store.Write(b.ctx, func(tx *store.Tx) error { return errors.Join(change(tx), errRefused) })
		if !errors.Is(err, errRefused) {
			b.Error(err)
		}
	case 1:
		defer func() {
			if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "in the function") {
				b.Errorf("recovered %v", p)
			}
		}()
		_ = b.store.Write(b.ctx, func(tx *store.Tx) error { _ = change(tx); panic("in the function") })
	case 2:
		err := b.store.Write(b.ctx, func(tx *store.Tx) error { _, err := tx.Record(fresh(first)); return err })
		WantCode(b, err, store.CodeRecordExists)
	case 3:
		err := b.store.Write(b.ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO no_such_table VALUES (1)`)
			return err
		})
		WantCode(b, err, store.CodeUnavailable)
	default:
		if err := b.store.Write(b.ctx, change); err != nil {
			b.Error(err)
			return
		}
		done()
	}
}

// testShared puts functions that work and functions that fail into one transaction. Those that fail leave nothing, and
// the others need not be run again for them.
func testShared(b *bench) {
	running, release := make(chan struct{}), make(chan struct{})
	var wg, begun sync.WaitGroup
	write := func(fn func(*store.Tx) error, want error) {
		wg.Add(1)
		begun.Add(1)
		go func() {
			defer wg.Done()
			begun.Done()
			if err := b.store.Write(b.ctx, fn); !errors.Is(err, want) {
				b.Errorf("got %v, want %v", err, want)
			}
		}()
	}
	write(func(*store.Tx) error { close(running); <-release; return nil }, nil)
	<-running
	runs := make([]int, 100)
	for i := range runs {
		r, refused := b.record("a", "s", i%2), i%2 == 1
		var want error
		if refused {
			want = errRefused
		}
		write(func(tx *store.Tx) error { runs[i]++; _, err := tx.Record(r); return errors.Join(err, want) }, want)
	}
	begun.Wait()
	close(release)
	wg.Wait()
	for i, n := range runs {
		if n != 1 {
			b.Errorf("function %d was run %d times", i, n)
		}
	}
	list := b.all(true)
	for i, h := range list {
		o, err := b.store.Payload(b.ctx, h.ID)
		if err != nil || string(o.Payload) != "0" || h.Sequence != uint64(i+1) {
			b.Errorf("record %d has number %d and payload %s, %v", i, h.Sequence, o.Payload, err)
		}
	}
	if len(list) != 50 {
		b.Errorf("%d records", len(list))
	}
}

// testAlone has the same failures in a transaction of their own.
func testAlone(b *bench) {
	first := b.add("a", evidence.System, 0)
	for kind := range 6 {
		b.oneOf(kind, b.record("a", "s", kind), first, func() {})
	}
	if list := b.all(false); len(list) != 3 || list[2].Sequence != 3 {
		b.Errorf("%d records", len(list))
	}
}

func testNoRecord(b *bench) {
	err := b.store.Write(b.ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO checkpoint (origin, note) VALUES ('x', $1)`, []byte{1})
		return err
	})
	WantCode(b, err, store.CodeNoRecord)
	if note, err := b.store.Checkpoint(b.ctx, "x"); note != nil || err != nil {
		b.Error("the change was kept", err)
	}
	err = b.store.Write(b.ctx, func(tx *store.Tx) error {
		raw, err := tx.SQL()
		if err == nil {
			_, err = raw.Exec(`INSERT INTO checkpoint (origin, note) VALUES ('x', $1)`, []byte{1})
		}
		return err
	})
	WantCode(b, err, store.CodeNoRecord)
	r := b.record("a", "s", 1)
	r.Sealed.Box = nil
	err = b.store.Write(b.ctx, func(tx *store.Tx) error { _, err := tx.Record(r); return err })
	WantCode(b, err, evidence.CodeRecordInvalid)
	b.no(b.store.Write(b.ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow(`SELECT origin FROM checkpoint`).Scan(new(string)); !errors.Is(err, sql.ErrNoRows) {
			b.Error(err)
		}
		return nil
	}))
}

func testRead(b *bench) {
	r := b.add("artefact.labelled", "s-1", map[string]any{"name": "某某"})
	h, err := b.store.Record(b.ctx, r.ID)
	b.no(err)
	if diff := cmp.Diff(r, h.Record); diff != "" || h.Index != -1 || h.Broken {
		b.Error(diff, h.Index)
	}
	o, err := b.store.Payload(b.ctx, r.ID)
	b.no(err)
	if string(o.Payload) != `{"name":"某某"}` || o.Commitment() != r.Commitment {
		b.Errorf("the payload is %s", o.Payload)
	}
	_, err = b.store.Record(b.ctx, "nothing")
	WantCode(b, err, store.CodeMissing)
	for i := range 1100 { // more than two pages
		if i%2 == 0 {
			continue
		}
		b.no(b.store.Write(b.ctx, func(tx *store.Tx) error { _, err := tx.Record(b.record("a", "s-2", i)); return err }))
	}
	if n := len(b.all(false)); n != 551 {
		b.Errorf("%d records", n)
	}
}

func testLog(b *bench) {
	for i := range 10 {
		b.add("a", "s", i)
	}
	pending, err := b.store.Pending(b.ctx, 0, 4)
	b.no(err)
	next, err := b.store.Pending(b.ctx, pending[3].Sequence, 100)
	b.no(err)
	if len(pending) != 4 || len(next) != 6 || next[0].Sequence != 5 {
		b.Fatalf("%d and %d pending", len(pending), len(next))
	}
	full, err := b.store.Record(b.ctx, pending[2].ID)
	b.no(err)
	a, err := pending[2].Leaf()
	b.no(err)
	if c, err := full.Leaf(); err != nil || !bytes.Equal(a, c) {
		b.Error("two ways of reading give two leaves", err)
	}
	b.no(b.store.Place(b.ctx, []evidence.Placement{{Sequence: 1, Index: 0}, {Sequence: 2, Index: 1}, {Sequence: 4, Index: 2}, {Sequence: 3, Index: 3}}))
	if n, err := b.store.Placed(b.ctx); n != 4 || err != nil {
		b.Error(n, err)
	}
	// Once placed, a record stays where it is, and nothing of a wrong list is written.
	for _, wrong := range [][]evidence.Placement{{{Sequence: 5, Index: 4}, {Sequence: 1, Index: 9}}, {{Sequence: 99, Index: 4}}, {{Sequence: 5, Index: 2}}} {
		if err := b.store.Place(b.ctx, wrong); err == nil {
			b.Errorf("%v was accepted", wrong)
		}
	}
	var order []uint64
	for _, h := range b.all(false) {
		order = append(order, h.Sequence)
	}
	if want := []uint64{1, 2, 4, 3, 5, 6, 7, 8, 9, 10}; !slices.Equal(order, want) {
		b.Errorf("records come as %v", order)
	}
	select {
	case <-b.store.Committed():
	default:
		b.Error("the commits were not told")
	}
}

func testCheckpoint(b *bench) {
	swap := func(old, note string) bool {
		var o []byte
		if old != "" {
			o = []byte(old)
		}
		done, err := b.store.SwapCheckpoint(b.ctx, "log", o, []byte(note))
		b.no(err)
		return done
	}
	if swap("one", "two") || !swap("", "one") || swap("", "two") || !swap("one", "two") || swap("one", "three") {
		b.Error("a swap went wrong")
	}
	if note, err := b.store.Checkpoint(b.ctx, "log"); string(note) != "two" || err != nil {
		b.Error(string(note), err)
	}
}
