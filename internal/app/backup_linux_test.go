package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

const password = "correct horse battery"

// filled is a deployment with something of everything, which nobody serves, and what was taken from it.
type filled struct {
	*testing.T
	config     Config
	set        Serving
	server     *Server
	artefact   artefact.Artefact
	bundle     []byte
	checkpoint evidence.Checkpoint
}

func (f *filled) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func fill(t *testing.T, flags map[string]string) *filled {
	t.Helper()
	f := &filled{T: t}
	all := map[string]string{"keep-originals": "7"}
	for k, v := range flags {
		all[k] = v
	}
	f.config, f.set = settings(t, all)
	f.open()
	ctx := t.Context()
	token, err := f.server.OpenSetUp(ctx)
	f.must(err)
	_, err = f.server.roster.SetUp(ctx, token, "officer", password, staff.Attempt{Source: netip.MustParseAddr("127.0.0.1")})
	f.must(err)
	f.artefact = f.produce("first")
	f.produce("second")
	gone := f.produce("gone")
	f.must(f.server.register.Erase(ctx, "officer", gone.Number))
	_, err = custody{f.server}.Hold(ctx, byOfficer(), string(f.produce("held").Account), "")
	f.must(err)
	_, err = custody{f.server}.Erase(ctx, byOfficer(), "gone")
	f.must(err)
	f.sequence(f.server.store)
	var bundle bytes.Buffer
	f.must(f.server.binder.Bundle(ctx, byOfficer(), &bundle, true, f.artefact.Number))
	f.bundle = bundle.Bytes()
	f.checkpoint, err = f.server.reader.Checkpoint(ctx)
	f.must(err)
	return f
}

func (f *filled) open() {
	f.Helper()
	var err error
	f.server, err = OpenServer(context.WithoutCancel(f.Context()), f.config, f.set, io.Discard)
	f.must(err)
	server := f.server
	f.Cleanup(func() {
		if err := server.Close(); err != nil {
			f.Error(err)
		}
	})
}

func (f *filled) produce(account string) artefact.Artefact {
	f.Helper()
	by := production.By{Role: "application", ID: "key", Source: netip.MustParseAddrPort("203.0.113.7:4711"), Client: "curl"}
	a, err := f.server.line.Produce(f.Context(), by, production.Order{Function: stamp.Person, Account: account}, bytes.NewReader(jpegSample(f.T)))
	f.must(err)
	return a
}

// sequence puts what waits into the log, as a sequencer on a store does.
func (f *filled) sequence(s tlog.Store) {
	f.Helper()
	config := f.server.sequencer()
	config.Store = s
	l, err := tlog.Open(f.Context(), config)
	f.must(err)
	if err := l.Drain(f.Context()); err != nil && !errors.Is(err, errNoSwap) {
		f.Fatal(err)
	}
	f.must(l.Close())
}

// unpublished is a store that takes no checkpoint.
type unpublished struct{ *store.Store }

var errNoSwap = errors.New("no checkpoint is taken")

func (unpublished) SwapCheckpoint(context.Context, string, []byte, []byte) (bool, error) {
	return false, errNoSwap
}

// elsewhere are the settings of an empty deployment that has the keys already.
func (f *filled) elsewhere(flags map[string]string) *filled {
	f.Helper()
	other := &filled{T: f.T, artefact: f.artefact, bundle: f.bundle, checkpoint: f.checkpoint}
	all := map[string]string{"keep-originals": "7"}
	for k, v := range flags {
		all[k] = v
	}
	other.config, other.set = settings(f.T, all)
	f.must(os.CopyFS(other.set.Keys, os.DirFS(f.set.Keys)))
	f.must(filepath.WalkDir(other.set.Keys, func(path string, d fs.DirEntry, err error) error {
		if mode := fs.FileMode(0o600); err == nil {
			if d.IsDir() {
				mode = 0o700
			}
			err = os.Chmod(path, mode)
		}
		return err
	}))
	return other
}

func (f *filled) backup() string {
	f.Helper()
	dir := filepath.Join(f.TempDir(), "backup")
	m, err := Backup(f.Context(), f.config, f.set, dir, false, new(Progress))
	f.must(err)
	if m.Blobs == 0 || m.BlobBytes == 0 || m.Dump.Size == 0 {
		f.Errorf("%+v", m)
	}
	if _, err := os.Stat(dir + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
		f.Error("a temporary folder is left")
	}
	return dir
}

// TestRestore takes a deployment from one engine to the other and back, with rows that no checkpoint covers yet and rows
// that the log does not have.
func TestRestore(t *testing.T) {
	t.Parallel()
	engines := map[string]func() map[string]string{
		"SQLite":     func() map[string]string { return nil },
		"PostgreSQL": func() map[string]string { return map[string]string{"postgres": storetest.Postgres(t)} },
	}
	for _, way := range [][2]string{{"SQLite", "SQLite"}, {"SQLite", "PostgreSQL"}, {"PostgreSQL", "SQLite"}} {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			t.Parallel()
			f := fill(t, engines[way[0]]())
			f.produce("placed")
			f.sequence(unpublished{f.server.store})
			f.produce("waiting")
			dir := f.backup()
			g := f.elsewhere(engines[way[1]]())
			done, err := Restore(t.Context(), g.config, g.set, dir, new(Progress))
			g.must(err)
			if done.Verdict() != colophon.Passed || done.Fsck.Size != f.checkpoint.Size || done.Fsck.Pending == 0 {
				t.Errorf("%+v", done)
			}
			g.same(dir)
			g.open()
			g.lives()
			_, err = Restore(t.Context(), g.config, g.set, dir, new(Progress))
			if code := CodeRestoreStore; way[1] == "SQLite" {
				storetest.WantCode(t, err, code)
			} else {
				storetest.WantCode(t, err, store.CodeNotEmpty)
			}
		})
	}
}

// same compares the dump of what was restored with that of the backup.
func (f *filled) same(dir string) {
	f.Helper()
	s, err := store.Open(f.Context(), store.Config{Path: filepath.Join(f.set.Data, "colophon.db"), Postgres: f.set.Postgres})
	f.must(err)
	defer s.Close()
	var again bytes.Buffer
	f.must(s.Backup(f.Context(), &again))
	first, err := os.ReadFile(filepath.Join(dir, dumpName))
	f.must(err)
	if !bytes.Equal(first, again.Bytes()) {
		f.Error("the dump of what was restored differs")
	}
}

// lives uses a restored deployment: what was handed out before holds, and the log goes on.
func (f *filled) lives() {
	f.Helper()
	ctx := f.Context()
	report, err := evidence.VerifyBundle(bytes.NewReader(f.bundle), int64(len(f.bundle)), f.server.keys.Verifiers...)
	if err != nil || report.Verdict != colophon.Passed {
		f.Errorf("the bundle of before: %+v, %v", report, err)
	}
	a, err := f.server.register.Artefact(ctx, f.artefact.Number)
	f.must(err)
	content, err := blobs{f.server.blobs}.Open(ctx, a.Blob)
	f.must(err)
	h := sha256.New()
	_, err = io.Copy(h, io.NewSectionReader(content, 0, content.Size()))
	f.must(errors.Join(err, content.Close()))
	if artefact.Digest(h.Sum(nil)) != f.artefact.After {
		f.Error("the content is another")
	}
	key, err := f.server.keys.Envelopes.Unseal(a.Original.Key, "colophon/original/v1\x00")
	f.must(err)
	original, err := blobs{f.server.blobs}.OpenSealed(ctx, a.Original.Blob, key)
	f.must(err)
	text, err := io.ReadAll(io.NewSectionReader(original, 0, original.Size()))
	f.must(errors.Join(err, original.Close()))
	if !bytes.Equal(text, jpegSample(f.T)) {
		f.Error("the original is another")
	}
	_, err = f.server.roster.SignIn(ctx, "officer", password, staff.Attempt{Source: netip.MustParseAddr("127.0.0.1")})
	f.must(err)
	f.produce("first")
	f.sequence(f.server.store)
	after, err := f.server.reader.Checkpoint(ctx)
	f.must(err)
	hashes, err := f.server.reader.Consistency(ctx, f.checkpoint.Size, after.Size)
	f.must(err)
	f.must(evidence.VerifyConsistency(f.checkpoint, after, hashes))
	checked, err := Fsck(ctx, f.config, f.set, new(Progress))
	f.must(err)
	if checked.Verdict != colophon.Passed || checked.Pending != 0 || checked.Size <= f.checkpoint.Size {
		f.Errorf("%+v", checked)
	}
}

// nothing makes sure that there is nothing that would be taken for a deployment.
func (f *filled) nothing() {
	f.Helper()
	list, err := os.ReadDir(f.set.Data)
	f.must(err)
	for _, e := range list {
		if name := e.Name(); name != "keys" && name != "blobs" && name != "tmp" {
			f.Errorf("%s is left", name)
		}
	}
}

// TestDamagedBackup changes bytes of a backup, one after the other. Each is found, and its file named.
func TestDamagedBackup(t *testing.T) {
	t.Parallel()
	f := fill(t, nil)
	dir := f.backup()
	g := f.elsewhere(nil)
	refused := func(path string, at int64) {
		t.Helper()
		_, err := Restore(t.Context(), g.config, g.set, dir, new(Progress))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Args["file"] != path && e.Code != CodeBackupFormat {
			t.Errorf("%s changed at %d: %v", path, at, err)
		}
		g.nothing()
	}
	contents := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasPrefix(path, filepath.Join(dir, blobsName)+string(filepath.Separator)) {
			if contents++; contents > 2 {
				return nil
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		step := max(1, len(data)/4)
		if d.Name() == manifestName {
			step = 1
		}
		for at := 0; at < len(data); at += step {
			changed := bytes.Clone(data)
			changed[at] ^= 4
			g.must(os.WriteFile(path, changed, 0o600))
			refused(path, int64(at))
		}
		for _, changed := range [][]byte{nil, data[:len(data)-1], append(bytes.Clone(data), ' ')} {
			g.must(os.WriteFile(path, changed, 0o600))
			refused(path, -1)
		}
		g.must(os.Remove(path))
		refused(path, -2)
		return os.WriteFile(path, data, 0o600)
	})
	g.must(err)
	_, err = Restore(t.Context(), g.config, g.set, dir, new(Progress))
	g.must(err)
}

// TestRestoreRefuses has deployments that a backup can't be restored into.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	f := fill(t, nil)
	dir := f.backup()
	try := func(code colophon.Code, prepare func(*filled)) {
		t.Helper()
		g := f.elsewhere(nil)
		prepare(g)
		_, err := Restore(t.Context(), g.config, g.set, dir, new(Progress))
		storetest.WantCode(t, err, code)
		if _, err := os.Stat(filepath.Join(g.set.Data, "colophon.db")); code != CodeRestoreStore && !errors.Is(err, fs.ErrNotExist) {
			t.Error("a store is there after", code)
		}
	}
	try(CodeRestoreKeys, func(g *filled) { g.must(os.RemoveAll(g.set.Keys)) })
	try(CodeRestoreLog, func(g *filled) { g.set.LogName = "other.test/log" })
	try(CodeRestoreStore, func(g *filled) { g.must(os.WriteFile(filepath.Join(g.set.Data, "colophon.db-wal"), nil, 0o600)) })
	try(tlog.CodeNotEmpty, func(g *filled) { g.must(os.MkdirAll(filepath.Join(g.set.Log, "tile"), 0o700)) })
	try(CodeBackupExists, func(g *filled) { g.must(os.MkdirAll(filepath.Join(g.set.Data, "restore.tmp", "mine"), 0o700)) })
	try(CodeBackupBusy, func(g *filled) {
		work, err := workIn(filepath.Join(g.set.Data, "restore.tmp"))
		g.must(err)
		t.Cleanup(func() { work.Close() })
	})
	try(CodeRestoreKey, func(g *filled) { // another envelope key, and all else as it was
		stranger := fill(t, nil)
		for _, name := range []string{"envelope-001.key"} {
			data, err := os.ReadFile(filepath.Join(stranger.set.Keys, name))
			g.must(errors.Join(err, os.WriteFile(filepath.Join(g.set.Keys, name), data, 0o600)))
		}
	})
	try(evidence.CodeCheckpointUntrusted, func(g *filled) {
		stranger := fill(t, nil)
		data, err := os.ReadFile(filepath.Join(stranger.set.Keys, "log-001.key"))
		g.must(errors.Join(err, os.WriteFile(filepath.Join(g.set.Keys, "log-001.key"), data, 0o600)))
	})
	_, err := Backup(t.Context(), f.config, f.set, dir, false, new(Progress))
	storetest.WantCode(t, err, CodeBackupExists)
	empty := f.elsewhere(nil)
	_, err = Backup(t.Context(), empty.config, empty.set, filepath.Join(t.TempDir(), "b"), false, new(Progress))
	storetest.WantCode(t, err, durable.CodeFileMissing)
	empty.nothing()
}

// TestMirrorAhead restores beside a mirror that outlived the database and shows more than the backup has.
func TestMirrorAhead(t *testing.T) {
	t.Parallel()
	f := fill(t, map[string]string{"postgres": storetest.Postgres(t)})
	dir := f.backup()
	g := f.elsewhere(map[string]string{"postgres": storetest.Postgres(t), "blobs": f.set.Blobs})
	f.produce("later")
	f.sequence(f.server.store)
	_, err := Restore(t.Context(), g.config, g.set, dir, new(Progress))
	storetest.WantCode(t, err, CodeRestoreMirror)
	g.nothing()
}

// TestListedBlobs restores a backup that lists the blobs of a store that outlived the rest, with one of them missing.
func TestListedBlobs(t *testing.T) {
	t.Parallel()
	f := fill(t, nil)
	dir := f.backup()
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	f.must(err)
	var m Manifest
	f.must(json.Unmarshal(text, &m))
	m.Included = false
	text, err = m.seal()
	f.must(errors.Join(err, os.WriteFile(filepath.Join(dir, manifestName), text, 0o600), os.RemoveAll(filepath.Join(dir, blobsName))))
	f.must(f.server.blobs.Delete(t.Context(), digestOf(t, f.artefact.Blob)))
	g := f.elsewhere(map[string]string{"blobs": f.set.Blobs})
	done, err := Restore(t.Context(), g.config, g.set, dir, new(Progress))
	g.must(err)
	if len(done.Absent) != 1 || done.Absent[0] != f.artefact.Blob || done.Verdict() != colophon.Failed || done.Fsck.Verdict != colophon.Passed {
		t.Errorf("%+v", done)
	}
}

func digestOf(t *testing.T, ref string) (d [32]byte) {
	t.Helper()
	if n, err := hex.Decode(d[:], []byte(ref)); err != nil || n != 32 {
		t.Fatal(err)
	}
	return d
}

// fuse is a context that is cancelled when it was asked so many times.
type fuse struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newFuse(ctx context.Context, asks int64) *fuse {
	f := &fuse{}
	f.Context, f.cancel = context.WithCancel(ctx)
	f.left.Store(asks)
	return f
}

func (f *fuse) burn() {
	if f.left.Add(-1) < 0 {
		f.cancel()
	}
}

func (f *fuse) Err() error            { f.burn(); return f.Context.Err() }
func (f *fuse) Done() <-chan struct{} { f.burn(); return f.Context.Done() }

// TestInterrupted cancels a backup and a restoring at more and more points. What is left is nothing, or all of it.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	f := fill(t, nil)
	parent := t.TempDir()
	dir := filepath.Join(parent, "backup")
	points := 0
	for asks, err := int64(0), errors.New("not begun"); err != nil; asks += 1 + asks/4 {
		ctx := newFuse(t.Context(), asks)
		_, err = Backup(ctx, f.config, f.set, dir, false, new(Progress))
		ctx.cancel()
		list, failed := os.ReadDir(parent)
		f.must(failed)
		if err != nil && (ctx.left.Load() >= 0 || len(list) != 0) {
			t.Fatalf("after %d: %v, %v", asks, err, list)
		}
		points++
	}
	for _, flags := range []func() map[string]string{
		func() map[string]string { return nil },
		func() map[string]string { return map[string]string{"postgres": storetest.Postgres(t)} },
	} {
		g := f.elsewhere(flags())
		for asks, err := int64(0), errors.New("not begun"); err != nil; asks += 1 + asks/4 {
			ctx := newFuse(t.Context(), asks)
			_, err = Restore(ctx, g.config, g.set, dir, new(Progress))
			ctx.cancel()
			points++
			if err == nil {
				break
			}
			if ctx.left.Load() >= 0 {
				t.Fatalf("after %d: %v", asks, err)
			}
			if _, failed := os.Stat(g.set.Log); failed == nil { // interrupted in the check at the end
				break
			}
			g.nothing()
		}
		report, err := Fsck(t.Context(), g.config, g.set, new(Progress))
		if err != nil || report.Verdict != colophon.Passed {
			t.Errorf("%+v %v", report, err)
		}
	}
	t.Logf("interrupted at %d points", points)
}

// TestBackupOfRunning backs up while content is produced and sequenced. Each backup is a whole.
func TestBackupOfRunning(t *testing.T) {
	t.Parallel()
	f := fill(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := tlog.Sequence(ctx, f.server.store, f.server.sequencer()); err != nil {
			t.Error(err)
		}
	})
	for w := range 2 {
		running.Go(func() {
			for ctx.Err() == nil {
				f.produce(fmt.Sprint("account", w))
			}
		})
	}
	var sizes []uint64
	for range 3 {
		dir := f.backup()
		g := f.elsewhere(nil)
		done, err := Restore(t.Context(), g.config, g.set, dir, new(Progress))
		if err != nil || done.Verdict() != colophon.Passed {
			t.Errorf("%+v %v", done.Fsck, err)
		}
		sizes = append(sizes, done.Fsck.Size+done.Fsck.Pending)
	}
	stop()
	running.Wait()
	if sizes[2] <= sizes[0] {
		t.Error("nothing was produced meanwhile", sizes)
	}
}

func FuzzManifest(f *testing.F) {
	m := Manifest{Format: backupFormat, Engine: "sqlite", Log: "a/log", Blobs: 3}
	text, err := m.seal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":"colophon-backup/2"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest(text)
		if err != nil {
			return
		}
		if again, err := m.seal(); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q is read and written otherwise", text)
		}
	})
}

func FuzzListed(f *testing.F) {
	f.Add(strings.Repeat("0a", 32) + " 17")
	f.Add(strings.Repeat("0A", 32) + " -1")
	f.Fuzz(func(t *testing.T, line string) {
		if l, err := parseListed(line); err == nil && fmt.Sprintf("%x %d", l.digest, l.size) != line {
			t.Errorf("%q is read and written otherwise", line)
		}
	})
}
