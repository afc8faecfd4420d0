package tlog_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
)

const origin = "log.example/test"

// seed is the log's key, the same in a child process.
func signer(t testing.TB, seed byte) (note.Signer, note.Verifier) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	s, err := evidence.NewNoteSigner(origin, key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewNoteVerifier(origin, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

// rig is a store and what a log on it needs.
type rig struct {
	testing.TB
	ctx    context.Context
	config store.Config
	store  *store.Store
	rec    *evidence.Recorder
	log    tlog.Config
	v      note.Verifier
}

func newRig(t testing.TB, config store.Config) *rig {
	t.Helper()
	config.Keys = storetest.Keys(t, "first")
	s, v := signer(t, 1)
	r := &rig{TB: t, ctx: context.Background(), config: config, store: storetest.Open(t, config), rec: storetest.Recorder(t, config.Keys, time.Now), v: v}
	r.log = tlog.Config{Dir: filepath.Join(t.TempDir(), "log"), Signer: s, Verifiers: []note.Verifier{v}, Store: r.store, Wake: r.store.Committed(),
		Report: func(err error) { t.Logf("reported: %v", err) }}
	return r
}

func (r *rig) no(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// add commits n records, all in as few transactions as it takes.
func (r *rig) add(n int) {
	r.Helper()
	var wg sync.WaitGroup
	for w := range min(n, 32) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := w; i < n; i += 32 {
				record, err := r.rec.New("artefact.labelled", evidence.Subject(fmt.Sprint("s", i%7)), "system", []colophon.Clause{colophon.ClauseLM5}, map[string]int{"n": i})
				if err == nil {
					err = r.store.Write(r.ctx, func(tx *store.Tx) error { _, err := tx.Record(record); return err })
				}
				if err != nil {
					r.Error(err)
				}
			}
		}()
	}
	wg.Wait()
}

func (r *rig) open() *tlog.Log {
	r.Helper()
	l, err := tlog.Open(r.ctx, r.log)
	r.no(err)
	return l
}

// drain opens the log, takes in what waits, and closes it.
func (r *rig) drain() {
	r.Helper()
	l := r.open()
	r.no(l.Drain(r.ctx))
	r.no(l.Close())
}

func (r *rig) reader() *tlog.Reader {
	return tlog.NewReader(tlog.Folder(r.log.Dir), r.store, origin, r.v)
}

func (r *rig) fsck() tlog.FsckReport {
	r.Helper()
	report, err := tlog.Fsck(r.ctx, tlog.FsckConfig{Source: tlog.Folder(r.log.Dir), Checkpoints: r.store, Origin: origin, Verifiers: []note.Verifier{r.v},
		Records: r.store.Records(r.ctx, true), Gone: []colophon.Code{store.CodePurged}})
	r.no(err)
	return report
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		child(dir, os.Getenv(childDatabase))
	}
	storetest.Main(m)
}

func engines(t *testing.T, test func(*testing.T, store.Config)) {
	t.Run("SQLite", func(t *testing.T) { t.Parallel(); test(t, storetest.SQLite(t)) })
	t.Run("Postgres", func(t *testing.T) { t.Parallel(); test(t, store.Config{Postgres: storetest.Postgres(t)}) })
}

// TestLog runs the sequencer beside the writers and proves every record.
func TestLog(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, config store.Config) {
		r := newRig(t, config)
		l := r.open()
		ctx, stop := context.WithCancel(r.ctx)
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		r.add(700)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for l.Checkpoint().Size < 700 {
			select {
			case err := <-done:
				t.Fatal(err)
			case <-tick.C:
			}
		}
		stop()
		r.no(<-done)
		reader := r.reader()
		for h, err := range r.store.Records(r.ctx, false) {
			r.no(err)
			leaf, p, err := reader.Prove(r.ctx, uint64(h.Index))
			r.no(err)
			if own, err := h.Leaf(); err != nil || !bytes.Equal(own, leaf) {
				t.Fatalf("record %d has another leaf in the log, %v", h.Sequence, err)
			}
			again, err := evidence.ParseProof(p.Marshal())
			r.no(err)
			if c, err := again.Verify(leaf, r.v); err != nil || c.Size != 700 {
				t.Fatal(c.Size, err)
			}
		}
		hashes, err := reader.Consistency(r.ctx, 300, 700)
		r.no(err)
		if len(hashes) == 0 {
			t.Error("no hashes")
		}
		_, err = reader.Proof(r.ctx, 5, 701)
		storetest.WantCode(t, err, tlog.CodeNoProof)
		_, _, err = reader.Prove(r.ctx, 700)
		storetest.WantCode(t, err, tlog.CodeNoProof)
		if report := r.fsck(); report.Verdict != colophon.Passed || report.Size != 700 || report.Records != 700 || report.Payloads != 700 {
			t.Errorf("%+v", report)
		}
		_, err = tlog.Open(r.ctx, r.log)
		storetest.WantCode(t, err, tlog.CodeLocked)
		r.no(l.Close())
		r.no(l.Close())
	})
}

func TestTiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	_, err := r.reader().Tile(r.ctx, "checkpoint")
	storetest.WantCode(t, err, tlog.CodeNoTile)
	r.add(600)
	r.drain()
	for path, length := range map[string]int{"tile/0/000": 8192, "tile/0/001.p/7": 224, "tile/0/002.p/88": 88 * 32, "tile/0/002.p/40": 40 * 32, "tile/1/000.p/2": 64, "tile/1/000.p/1": 32} {
		raw, err := r.reader().Tile(r.ctx, path)
		if err != nil || len(raw) != length {
			t.Errorf("%s has %d bytes, %v", path, len(raw), err)
		}
	}
	entries, err := r.reader().Tile(r.ctx, "tile/entries/002.p/3")
	r.no(err)
	if list, end, err := tlog.CutEntries(entries, 3); err != nil || len(list) != 3 || end != len(entries) {
		t.Error(len(list), end, err)
	}
	for _, path := range []string{"", "tile", "tile/0/002", "tile/0/002.p/89", "tile/0/003", "tile/1/000", "tile/2/000.p/1", "tile/0/../../x", "tile/entries/../000", "tile/0/0", "tile/0/x000/000",
		"tile/00/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000/", "/tile/0/000", "tile/-1/000", ".state/treeState", "tile/0/x999/x999/x999/x999/x999/999"} {
		_, err := r.reader().Tile(r.ctx, path)
		storetest.WantCode(t, err, tlog.CodeNoTile)
	}
	_, stranger := signer(t, 9)
	_, err = tlog.NewReader(tlog.Folder(r.log.Dir), r.store, origin, stranger).Tile(r.ctx, "checkpoint")
	storetest.WantCode(t, err, evidence.CodeCheckpointUntrusted)
}

// forgetful is a store that fails to write places down, as often as it is told to.
type forgetful struct {
	tlog.Store
	fails int
}

var errForgot = errors.New("the place was not written down")

func (f *forgetful) Place(ctx context.Context, places []evidence.Placement) error {
	if f.fails > 0 {
		f.fails--
		return errForgot
	}
	return f.Store.Place(ctx, places)
}

// TestMatch has a log that took leaves which the store does not know of, in a process that goes on and in one that
// starts anew.
func TestMatch(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	r.add(300)
	r.drain()
	r.add(5000) // more than a page
	r.log.Store = &forgetful{r.store, 1}
	l := r.open()
	if err := l.Drain(r.ctx); !errors.Is(err, errForgot) {
		t.Fatal(err)
	}
	r.no(l.Drain(r.ctx))
	r.no(l.Close())
	r.add(100)
	r.log.Store = &forgetful{r.store, 1}
	l = r.open()
	if err := l.Drain(r.ctx); !errors.Is(err, errForgot) {
		t.Fatal(err)
	}
	r.no(l.Close())
	if n, err := r.store.Placed(r.ctx); err != nil || n != 5300 {
		t.Fatal(n, err)
	}
	r.add(50)
	r.drain()
	if report := r.fsck(); report.Verdict != colophon.Passed || report.Size != 5450 || report.Records != 5450 {
		t.Errorf("%+v", report)
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	r.add(300)
	r.drain()
	old := filepath.Join(t.TempDir(), "old")
	r.no(os.CopyFS(old, os.DirFS(r.log.Dir)))
	empty := newRig(t, storetest.SQLite(t))
	empty.log.Dir = r.log.Dir
	_, err := tlog.Open(r.ctx, empty.log)
	storetest.WantCode(t, err, tlog.CodeUnmatched) // the log of another store
	r.add(20)
	r.drain()
	current := r.log.Dir
	r.log.Dir = old
	_, err = tlog.Open(r.ctx, r.log)
	storetest.WantCode(t, err, tlog.CodeRolledBack)
	if report := r.fsck(); report.Verdict != colophon.Failed {
		t.Error("fsck passes a log that was set back")
	}
	// A log as long as this one that does not lead to the checkpoint.
	other := newRig(t, storetest.SQLite(t))
	other.add(320)
	other.drain()
	r.log.Dir = other.log.Dir
	_, err = tlog.Open(r.ctx, r.log)
	storetest.WantCode(t, err, tlog.CodeSplitView)
	// Another sequencer published in the meantime.
	r.log.Dir = current
	l := r.open()
	s, _ := signer(t, 1)
	c, err := evidence.SignCheckpoint(s, 321, [32]byte{1})
	r.no(err)
	if swapped, err := r.store.SwapCheckpoint(r.ctx, origin, l.Checkpoint().Note, c.Note); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	r.add(1)
	storetest.WantCode(t, l.Drain(r.ctx), tlog.CodeOvertaken)
	storetest.WantCode(t, l.Run(r.ctx), tlog.CodeOvertaken)
	r.no(l.Close())
	_, err = tlog.Open(r.ctx, r.log)
	storetest.WantCode(t, err, tlog.CodeSplitView)
}

// TestTamper changes bytes everywhere and wants each told by its place.
func TestTamper(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	r.add(600)
	r.drain()
	if report := r.fsck(); report.Verdict != colophon.Passed || len(report.Faults) != 0 {
		t.Fatalf("%+v", report)
	}
	for path, kind := range map[string]tlog.Kind{"tile/0/000": tlog.KindTile, "tile/0/002.p/88": tlog.KindTile, "tile/1/000.p/2": tlog.KindTile,
		"tile/entries/001": tlog.KindEntry, "tile/entries/002.p/88": tlog.KindEntry, "checkpoint": tlog.KindCheckpoint, ".state/treeState": tlog.KindCheckpoint} {
		name := filepath.Join(r.log.Dir, path)
		whole, err := os.ReadFile(name)
		r.no(err)
		for i := 0; i < len(whole); i += max(1, len(whole)/9) {
			changed := bytes.Clone(whole)
			changed[i] ^= 1
			r.no(os.WriteFile(name, changed, 0o644))
			report := r.fsck()
			if f := fault(report, kind); report.Verdict != colophon.Failed || f == nil {
				t.Errorf("%s, byte %d of %d: %+v", path, i, len(whole), report)
			} else if kind == tlog.KindTile && f.Name != path {
				t.Errorf("%s, byte %d: named %s", path, i, f.Name)
			}
		}
		r.no(os.Remove(name))
		if report := r.fsck(); kind != tlog.KindCheckpoint && (report.Verdict != colophon.Failed || fault(report, kind) == nil) {
			t.Errorf("%s is gone: %+v", path, report)
		}
		r.no(os.WriteFile(name, whole, 0o644))
	}
	if report := r.fsck(); report.Verdict != colophon.Passed {
		t.Fatalf("the test left something behind: %+v", report)
	}
	r.tamperRows()
}

func fault(report tlog.FsckReport, kind tlog.Kind) *tlog.Fault {
	for i := range report.Faults {
		if report.Faults[i].Kind == kind && report.Faults[i].Verdict == colophon.Failed {
			return &report.Faults[i]
		}
	}
	return nil
}

// tamperRows changes columns behind the store's back.
func (r *rig) tamperRows() {
	db, err := sql.Open("sqlite", "file:"+r.config.Path+"?_pragma=busy_timeout(10000)")
	r.no(err)
	defer db.Close()
	flip := func(column string) string {
		return `UPDATE record SET ` + column + ` = CAST(X'00' || substr(` + column + `, 2) AS BLOB) WHERE seq = 300`
	}
	for change, kind := range map[string]tlog.Kind{
		`UPDATE record SET type = 'artefact.other' WHERE seq = 300`: tlog.KindRow,
		`UPDATE record SET subject = 's-x' WHERE seq = 300`:         tlog.KindRow,
		`UPDATE record SET role = 'officer' WHERE seq = 300`:        tlog.KindRow,
		`UPDATE record SET clauses = 'lm-6' WHERE seq = 300`:        tlog.KindRow,
		`UPDATE record SET clauses = 'lm-5 ' WHERE seq = 300`:       tlog.KindRow,
		`UPDATE record SET at = at + 1 WHERE seq = 300`:             tlog.KindRow,
		`UPDATE record SET id = 'x' WHERE seq = 300`:                tlog.KindRow,
		`UPDATE record SET seq = 9999 WHERE seq = 300`:              tlog.KindRow,
		`UPDATE record SET log_index = 9999 WHERE seq = 300`:        tlog.KindRow,
		`UPDATE record SET log_index = NULL WHERE seq = 300`:        tlog.KindRow,
		`DELETE FROM record WHERE seq = 300`:                        tlog.KindRow,
		`DELETE FROM record WHERE seq = 600`:                        tlog.KindRow,
		flip("commitment"):                                          tlog.KindRow,
		`UPDATE record SET commitment = X'00' WHERE seq = 300`:      tlog.KindRow,
		flip("sealed"): tlog.KindPayload,
		`UPDATE record SET sealed = X'00' WHERE seq = 300`:                       tlog.KindPayload,
		`UPDATE record SET key_id = 'x' WHERE seq = 300`:                         tlog.KindPayload,
		`UPDATE subject_key SET wrapped = X'0011' WHERE subject = 's1'`:          tlog.KindPayload,
		`UPDATE checkpoint SET note = CAST('x' || substr(note, 2) AS BLOB)`:      tlog.KindCheckpoint,
		`UPDATE checkpoint SET note = CAST(replace(note, '600', '599') AS BLOB)`: tlog.KindCheckpoint,
	} {
		tx, err := db.Begin()
		r.no(err)
		for _, table := range []string{"record", "subject_key", "checkpoint"} {
			_, err := tx.Exec(`CREATE TEMP TABLE IF NOT EXISTS kept_` + table + ` AS SELECT * FROM ` + table)
			r.no(err)
		}
		_, err = tx.Exec(change)
		r.no(err)
		r.no(tx.Commit())
		if report := r.fsck(); report.Verdict != colophon.Failed || fault(report, kind) == nil {
			r.Errorf("%s: %+v", change, report)
		}
		for _, table := range []string{"record", "subject_key", "checkpoint"} {
			_, err := db.Exec(`DELETE FROM ` + table + `; INSERT INTO ` + table + ` SELECT * FROM kept_` + table + `; DROP TABLE kept_` + table)
			r.no(err)
		}
	}
	if report := r.fsck(); report.Verdict != colophon.Passed {
		r.Errorf("the test left something behind: %+v", report)
	}
}

// shelf is a mirror in memory.
type shelf struct {
	mu    sync.Mutex
	files map[string][]byte
	fails int
}

func (s *shelf) Put(_ context.Context, path string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return errors.New("the mirror is away")
	}
	if old, ok := s.files[path]; ok && path != "checkpoint" && !bytes.Equal(old, data) {
		return fmt.Errorf("%s changes", path)
	}
	s.files[path] = bytes.Clone(data)
	return nil
}

func (s *shelf) Get(_ context.Context, path string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data, ok := s.files[path]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

func (s *shelf) DeleteUnder(_ context.Context, folder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.files, func(path string, _ []byte) bool { return strings.HasPrefix(path, folder+"/") })
	return nil
}

// replaced counts the partial tiles that stand beside the full one.
func (s *shelf) replaced() (n int) {
	for path := range s.files {
		if full, _, partial := strings.Cut(path, ".p/"); partial && s.files[full] != nil {
			n++
		}
	}
	return n
}

func TestMirror(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	mirror := &shelf{files: map[string][]byte{}}
	r.log.Mirror = mirror
	for _, n := range []int{1, 254, 1, 1, 300, 700} {
		r.add(n)
		r.drain()
		reader := tlog.NewReader(mirror, r.store, origin, r.v)
		c, err := reader.Checkpoint(r.ctx)
		r.no(err)
		for i := uint64(0); i < c.Size; i += 97 {
			if _, _, err := reader.Prove(r.ctx, i); err != nil {
				t.Fatalf("%d of %d from the mirror: %v", i, c.Size, err)
			}
		}
		if got, err := mirror.Get(r.ctx, "checkpoint"); err != nil || !bytes.Equal(got, c.Note) {
			t.Error("the mirror has another checkpoint", err)
		}
		report, err := tlog.Fsck(r.ctx, tlog.FsckConfig{Source: mirror, Checkpoints: r.store, Origin: origin, Verifiers: []note.Verifier{r.v}, Records: r.store.Records(r.ctx, true)})
		if err != nil || report.Verdict != colophon.Passed || report.Size != c.Size {
			t.Errorf("%+v %v", report, err)
		}
	}
	if n := mirror.replaced(); n > 0 {
		t.Errorf("%d partial tiles outlived the full ones", n)
	}
	// A checkpoint is published only when the mirror has its tiles.
	mirror.fails = 1
	r.add(10)
	l := r.open()
	before := l.Checkpoint().Size
	if err := l.Drain(r.ctx); err == nil || l.Checkpoint().Size != before {
		t.Error("published without its tiles", err)
	}
	r.no(l.Drain(r.ctx))
	r.no(l.Close())
	// A mirror that is new, or that was away while the log went on, is filled when the log is opened.
	late := &shelf{files: map[string][]byte{}}
	r.log.Mirror = late
	l = r.open()
	r.no(l.Close())
	r.log.Mirror = nil
	r.add(600)
	r.drain()
	r.log.Mirror = late
	r.no(r.open().Close())
	for _, i := range []uint64{3, 1200, 1800} {
		if _, _, err := tlog.NewReader(late, r.store, origin, r.v).Prove(r.ctx, i); err != nil {
			t.Error(err)
		}
	}
	if n := late.replaced(); n > 0 {
		t.Errorf("%d partial tiles outlived the full ones", n)
	}
}

// TestLeaders has two candidates on one database and one volume. The one that leads is taken its place; the other goes on
// where it stopped.
func TestLeaders(t *testing.T) {
	t.Parallel()
	r := newRig(t, store.Config{Postgres: storetest.Postgres(t)})
	candidate := func() (stop func()) {
		s := storetest.Open(t, r.config)
		config := r.log
		config.Store, config.Wake, config.Poll = s, nil, 10*time.Millisecond
		ctx, cancel := context.WithCancel(r.ctx)
		done := make(chan error, 1)
		go func() { done <- tlog.Sequence(ctx, s, config) }()
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	first := candidate()
	until := func(size uint64) {
		t.Helper()
		limit := time.After(10 * time.Second)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			if c, err := r.reader().Checkpoint(r.ctx); err == nil && c.Size >= size {
				return
			}
			select {
			case <-limit:
				t.Fatalf("no checkpoint over %d within 10 s", size)
			case <-tick.C:
			}
		}
	}
	r.add(100)
	until(100)
	second := candidate()
	r.add(100)
	until(200)
	first()
	r.add(100)
	until(300)
	second()
	if report := r.fsck(); report.Verdict != colophon.Passed || report.Records != 300 {
		t.Errorf("%+v", report)
	}
}

// TestBrokenFolder lets the folder refuse writes for a while.
func TestBrokenFolder(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	r.add(10)
	r.drain()
	l := r.open()
	// A file where a folder must be: nothing can be written below, by root neither.
	entries := filepath.Join(r.log.Dir, "tile", "entries")
	r.no(os.Rename(entries, entries+".away"))
	r.no(os.WriteFile(entries, nil, 0o600))
	r.add(10)
	if err := l.Drain(r.ctx); err == nil {
		t.Fatal("it was written nowhere")
	}
	r.no(os.Remove(entries))
	r.no(os.Rename(entries+".away", entries))
	r.no(l.Drain(r.ctx))
	r.no(l.Close())
	if report := r.fsck(); report.Verdict != colophon.Passed || report.Records != 20 {
		t.Errorf("%+v", report)
	}
}

func FuzzParsePath(f *testing.F) {
	f.Add("tile/0/x001/234.p/5")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		level, _, width, err := tlog.ParsePath(path)
		if err == nil && (strings.Contains(path, "..") || level < -1 || level > 6 || width < 1 || width > 256) {
			t.Errorf("%q is level %d, width %d", path, level, width)
		}
	})
}

func FuzzCutEntries(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0}, 2)
	f.Fuzz(func(t *testing.T, raw []byte, n int) {
		n = min(max(n, 0), 256)
		entries, end, err := tlog.CutEntries(raw, n)
		if err == nil && (len(entries) != n || end > len(raw)) {
			t.Errorf("%d entries, %d of %d bytes", len(entries), end, len(raw))
		}
	})
}

// TestForgedRow puts a row without a payload into the store before the sequencer sees it, and takes the payload of another
// away: neither passes for one that was purged or erased.
func TestForgedRow(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	r.add(20)
	r.drain()
	db, err := sql.Open("sqlite", "file:"+r.config.Path+"?_pragma=busy_timeout(10000)")
	r.no(err)
	defer db.Close()
	for _, statement := range []string{
		`INSERT INTO record (seq, id, type, subject, role, clauses, at, commitment, class, key_id, sealed)
			SELECT 21, '01930000-0000-7000-8000-000000000000', type, subject, role, clauses, at, commitment, class, key_id, NULL FROM record WHERE seq = 20`,
		`UPDATE counter SET next = 22 WHERE name = 'record'`, `UPDATE record SET sealed = NULL WHERE seq = 10`,
	} {
		_, err = db.Exec(statement)
		r.no(err)
	}
	r.add(1)
	r.drain()
	report := r.fsck()
	var names []string
	for _, f := range report.Faults {
		if f.Kind != tlog.KindPayload || f.Code != tlog.CodePayloadWrong || f.Verdict != colophon.Failed {
			t.Errorf("%+v", f)
		}
		names = append(names, f.Name)
	}
	if report.Verdict != colophon.Failed || len(names) != 2 {
		t.Errorf("verdict %v, faults %v", report.Verdict, names)
	}
}
