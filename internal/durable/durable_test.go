package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
)

var (
	_ media.Source      = (*durable.Source)(nil)
	_ media.Source      = (*durable.File)(nil)
	_ media.RangeCopier = (*durable.File)(nil)
)

// wants fails the test unless err is the project's error with this code about this file.
func wants(t *testing.T, err error, code colophon.Code, file string) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || e.Args["file"] != file {
		t.Errorf("error is %v, want %s about %s", err, code, file)
	}
}

func put(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func create(t *testing.T, b *durable.Batch, path, text string, like os.FileInfo) *durable.File {
	t.Helper()
	f, err := b.Create(path, like)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		t.Fatal(err)
	}
	return f
}

func finish(t *testing.T, files ...*durable.File) {
	t.Helper()
	for _, f := range files {
		if err := f.Finish(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	for _, opts := range []durable.Options{{}, {NoSync: true}, {Force: true}} {
		one, two := t.TempDir(), t.TempDir()
		b := durable.NewBatch(opts)
		defer b.Abort()
		var want []durable.Result
		for i := range 5 {
			path := filepath.Join([]string{one, two}[i%2], fmt.Sprint("file", i))
			finish(t, create(t, b, path, strings.Repeat("x", i*40000), nil))
			want = append(want, durable.Result{Path: path})
			if _, err := os.Lstat(path); !os.IsNotExist(err) {
				t.Errorf("%s is there before the commit: %v", path, err)
			}
		}
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
		b.Abort()
		if diff := cmp.Diff(want, b.Results()); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
		for i, r := range want {
			if got := content(t, r.Path); got != strings.Repeat("x", i*40000) {
				t.Errorf("%s has %d bytes", r.Path, len(got))
			}
		}
		if diff := cmp.Diff([]string{"file0", "file2", "file4"}, names(t, one)); diff != "" {
			t.Errorf("folder (-want +got):\n%s", diff)
		}
		if b.Commit() == nil {
			t.Error("a second commit passes")
		}
		if _, err := b.Create(filepath.Join(one, "late"), nil); err == nil {
			t.Error("a file is created after the commit")
		}
	}
}

func TestModeAndTimes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	usual := filepath.Join(dir, "usual")
	if err := os.WriteFile(usual, nil, 0o666); err != nil { // as the umask of whoever runs the test has it
		t.Fatal(err)
	}
	source := filepath.Join(dir, "source")
	put(t, source, "old", 0o640)
	when := time.Date(2001, 2, 3, 4, 5, 6, 123456789, time.UTC)
	if err := os.Chtimes(source, when, when); err != nil {
		t.Fatal(err)
	}
	src, err := durable.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	like, plain := filepath.Join(dir, "like"), filepath.Join(dir, "plain")
	b := durable.NewBatch(durable.Options{})
	f, g := create(t, b, like, "new", src.Stat()), create(t, b, plain, "new", nil)
	for _, name := range names(t, dir) {
		if info, err := os.Stat(filepath.Join(dir, name)); strings.HasPrefix(name, ".colophon-") && (err != nil || info.Mode() != 0o600) {
			t.Errorf("%s has mode %v before the commit, %v", name, info.Mode(), err)
		}
	}
	finish(t, f, g)
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{like: 0o640, plain: stat(t, usual).Mode()} {
		if got := stat(t, path).Mode(); got != mode {
			t.Errorf("%s has mode %v, want %v", path, got, mode)
		}
	}
	if got := stat(t, like).ModTime(); !got.Equal(when) {
		t.Errorf("modification time %v, want %v", got, when)
	}
	if got := stat(t, plain).ModTime(); got.Before(when.AddDate(10, 0, 0)) {
		t.Errorf("modification time %v of a file like no other", got)
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestExistingIsNotOverwritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("there"), "theirs", 0o644)
	if err := os.Symlink("nowhere", at("dangling")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	b := durable.NewBatch(durable.Options{})
	defer b.Abort()
	for _, name := range []string{"there", "dangling", "folder"} {
		_, err := b.Create(at(name), nil)
		wants(t, err, durable.CodeExists, at(name))
	}
	// What appears after Create must not be overwritten either, and does not hold up the other files.
	finish(t, create(t, b, at("a"), "ours", nil), create(t, b, at("b"), "ours", nil), create(t, b, at("c"), "ours", nil))
	put(t, at("a"), "theirs", 0o644)
	if err := os.Symlink("nowhere", at("b")); err != nil {
		t.Fatal(err)
	}
	wants(t, b.Commit(), durable.CodeExists, at("a"))
	for i, want := range []bool{false, false, true} {
		if r := b.Results()[i]; (r.Err == nil) != want {
			t.Errorf("%s: %v", r.Path, r.Err)
		} else if !want {
			wants(t, r.Err, durable.CodeExists, r.Path)
		}
	}
	if content(t, at("a")) != "theirs" || content(t, at("there")) != "theirs" || content(t, at("c")) != "ours" {
		t.Error("a file has another content than it should")
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "dangling", "folder", "there"}, names(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

func TestLinkNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	put(t, from, "new", 0o644)
	put(t, to, "old", 0o644)
	if err := durable.LinkNew(from, to); !errors.Is(err, os.ErrExist) || content(t, to) != "old" || content(t, from) != "new" {
		t.Errorf("over an existing file: %v", err)
	}
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	if err := durable.LinkNew(from, to); err != nil || content(t, to) != "new" {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"to"}, names(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

func TestForce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("file"), "old", 0o604)
	put(t, at("target"), "old", 0o600)
	if err := os.Symlink("target", at("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", at("dangling")); err != nil {
		t.Fatal(err)
	}
	b := durable.NewBatch(durable.Options{Force: true})
	defer b.Abort()
	finish(t, create(t, b, at("file"), "new", nil), create(t, b, at("link"), "new", nil), create(t, b, at("fresh"), "new", nil))
	_, err := b.Create(at("dangling"), nil)
	wants(t, err, durable.CodeFileMissing, at("dangling"))
	_, err = b.Create(dir, nil)
	wants(t, err, durable.CodeNotRegular, dir)
	if content(t, at("file")) != "old" || content(t, at("target")) != "old" {
		t.Error("a file is replaced before the commit")
	}
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file", "target", "link", "fresh"} {
		if content(t, at(name)) != "new" {
			t.Errorf("%s is not replaced", name)
		}
	}
	if stat(t, at("link")).Mode()&os.ModeSymlink == 0 {
		t.Error("the link itself is replaced")
	}
	if got := stat(t, at("file")).Mode(); got != 0o604 {
		t.Errorf("the replaced file's mode became %v", got)
	}
}

func TestInPlaceLeavesAChangedFileAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	grown, renewed, touched, same := filepath.Join(dir, "grown"), filepath.Join(dir, "renewed"), filepath.Join(dir, "touched"), filepath.Join(dir, "same")
	b := durable.NewBatch(durable.Options{Force: true})
	defer b.Abort()
	for _, path := range []string{grown, renewed, touched, same} {
		put(t, path, "old", 0o644)
		src, err := durable.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		finish(t, create(t, b, path, "new", src.Stat()))
	}
	put(t, grown, "older", 0o644)
	if err := os.Remove(renewed); err != nil {
		t.Fatal(err)
	}
	put(t, renewed, "old", 0o644)
	if err := os.Chtimes(touched, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if b.Commit() == nil {
		t.Error("the commit reports nothing")
	}
	for _, r := range b.Results()[:3] {
		wants(t, r.Err, durable.CodeFileChanged, r.Path)
	}
	if r := b.Results()[3]; r.Err != nil {
		t.Error(r.Err)
	}
	if got := content(t, grown) + content(t, renewed) + content(t, touched) + content(t, same); got != "olderoldoldnew" {
		t.Errorf("the files hold %s", got)
	}
}

func TestOneNameOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain, alias := filepath.Join(dir, "real"), filepath.Join(dir, "alias")
	if err := os.Mkdir(plain, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", alias); err != nil {
		t.Fatal(err)
	}
	for _, force := range []bool{false, true} {
		b := durable.NewBatch(durable.Options{Force: force})
		f := create(t, b, filepath.Join(plain, "x"), "1", nil)
		for _, again := range []string{filepath.Join(alias, "x"), dir + "/real/../real/./x"} {
			_, err := b.Create(again, nil)
			wants(t, err, durable.CodeExists, again)
		}
		f.Abort()
		f.Abort()
		f = create(t, b, filepath.Join(alias, "x"), "2", nil)
		finish(t, f)
		f.Abort() // does nothing after Finish
		if err := b.Commit(); err != nil || content(t, filepath.Join(plain, "x")) != "2" || len(b.Results()) != 1 {
			t.Errorf("after the first is given up: %v, %v", err, b.Results())
		}
		if err := os.Remove(filepath.Join(plain, "x")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAbort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := durable.NewBatch(durable.Options{})
	finish(t, create(t, b, filepath.Join(dir, "a"), "x", nil))
	f := create(t, b, filepath.Join(dir, "b"), "x", nil)
	b.Abort()
	b.Abort()
	if _, err := f.Write([]byte("x")); err == nil {
		t.Error("a file of an aborted batch takes bytes")
	}
	if list := names(t, dir); len(list) != 0 {
		t.Errorf("left behind: %v", list)
	}
}

func TestUnfinishedFileIsNotPublished(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := durable.NewBatch(durable.Options{})
	create(t, b, filepath.Join(dir, "half"), "x", nil)
	finish(t, create(t, b, filepath.Join(dir, "whole"), "x", nil))
	wants(t, b.Commit(), durable.CodeFailed, filepath.Join(dir, "half"))
	if diff := cmp.Diff([]string{"whole"}, names(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

func TestCreateErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "x", 0o644)
	b := durable.NewBatch(durable.Options{})
	defer b.Abort()
	for _, test := range []struct {
		path, file string
		code       colophon.Code
	}{
		{"", "", durable.CodeFileMissing},
		{filepath.Join(dir, "none", "x"), filepath.Join(dir, "none"), durable.CodeFileMissing},
		{filepath.Join(dir, "none") + "/", filepath.Join(dir, "none"), durable.CodeFileMissing},
		{filepath.Join(dir, "file", "x"), filepath.Join(dir, "file", "x"), durable.CodeFileMissing},
		{filepath.Join(dir, strings.Repeat("x", 300)), filepath.Join(dir, strings.Repeat("x", 300)), durable.CodeFailed},
	} {
		_, err := b.Create(test.path, nil)
		wants(t, err, test.code, test.file)
	}
}

func TestFileWritesAndReads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := durable.NewBatch(durable.Options{})
	defer b.Abort()
	path := filepath.Join(dir, "file")
	f := create(t, b, path, "", nil)
	random := rand.New(rand.NewPCG(1, 2))
	var want []byte
	for range 400 {
		piece := make([]byte, random.IntN(1+1<<random.IntN(18)))
		for i := range piece {
			piece[i] = byte(random.Uint32())
		}
		if n, err := f.Write(piece); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
		want = append(want, piece...)
		if f.Size() != int64(len(want)) {
			t.Fatalf("size %d, want %d", f.Size(), len(want))
		}
		if random.IntN(10) == 0 && len(want) > 0 {
			off := random.IntN(len(want))
			got := make([]byte, random.IntN(len(want)-off))
			if _, err := f.ReadAt(got, int64(off)); err != nil || !bytes.Equal(got, want[off:off+len(got)]) {
				t.Fatalf("reading %d bytes at %d back: %v", len(got), off, err)
			}
		}
	}
	if n, err := f.ReadAt(make([]byte, 2), f.Size()-1); n != 1 || err != io.EOF {
		t.Errorf("reading past the end: %d, %v", n, err)
	}
	finish(t, f)
	_, err := f.Write([]byte("x"))
	wants(t, err, durable.CodeFailed, path)
	_, err = f.ReadAt(make([]byte, 1), 0)
	wants(t, err, durable.CodeFailed, path)
	wants(t, f.Finish(), durable.CodeFailed, path)
}

// TestWriteAt fills a hole in what was written, and nothing behind it.
func TestWriteAt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	b := durable.NewBatch(durable.Options{NoSync: true})
	defer b.Abort()
	f, err := b.Create(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("a ---- end")); err != nil {
		t.Fatal(err)
	}
	if n, err := f.WriteAt([]byte("hole"), 2); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, off := range []int64{-1, 7, 99} {
		if _, err := f.WriteAt([]byte("hole"), off); err == nil {
			t.Errorf("at %d it is written", off)
		}
	}
	if err := errors.Join(f.Finish(), b.Commit()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "a hole end" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFinishedTwiceIsStillThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	b := durable.NewBatch(durable.Options{})
	f := create(t, b, path, "x", nil)
	finish(t, f)
	if f.Finish() == nil {
		t.Error("a second Finish passes")
	}
	if err := b.Commit(); err != nil || content(t, path) != "x" {
		t.Errorf("the file after it: %v", err)
	}
}

func TestConcurrentFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := durable.NewBatch(durable.Options{})
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 25 {
				f, err := b.Create(filepath.Join(dir, fmt.Sprintf("%d-%d", w, i)), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := fmt.Fprintf(f, "%d-%d", w, i); err != nil {
					t.Error(err)
				}
				var readers sync.WaitGroup
				for range 2 {
					readers.Go(func() {
						if _, err := f.ReadAt(make([]byte, 3), 0); err != nil {
							t.Error(err)
						}
					})
				}
				readers.Wait()
				if i%5 == 4 {
					f.Abort()
				} else if err := f.Finish(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	list := names(t, dir)
	if len(list) != 8*20 || len(b.Results()) != len(list) {
		t.Errorf("%d files, %d results", len(list), len(b.Results()))
	}
	for _, name := range list {
		if content(t, filepath.Join(dir, name)) != name {
			t.Errorf("%s holds something else", name)
		}
	}
}

func TestTwoBatchesInOneFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := durable.NewBatch(durable.Options{}), durable.NewBatch(durable.Options{})
	f, g := create(t, one, filepath.Join(dir, "one"), "1", nil), create(t, two, filepath.Join(dir, "two"), "2", nil)
	finish(t, f, g)
	if err := errors.Join(one.Commit(), two.Commit()); err != nil {
		t.Fatal(err)
	}
	if content(t, filepath.Join(dir, "one"))+content(t, filepath.Join(dir, "two")) != "12" {
		t.Error("the batches mixed up their files")
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"", "new"} {
		if err := durable.WriteFile(path, []byte(text), durable.Options{Force: true}); err != nil || content(t, path) != text {
			t.Errorf("%q: %v", text, err)
		}
	}
	wants(t, durable.WriteFile(path, nil, durable.Options{}), durable.CodeExists, path)
	if content(t, path) != "new" {
		t.Error("the file was overwritten")
	}
}
