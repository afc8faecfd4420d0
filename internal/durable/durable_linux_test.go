package durable_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
)

// TestMain turns the test program into the process that TestKilled kills.
func TestMain(m *testing.M) {
	if path := os.Getenv("DURABLE_TEST_WRITE"); path != "" {
		os.Exit(writeAndWait(path))
	}
	os.Exit(m.Run())
}

// writeAndWait writes files up to the step before the commit, says so, and waits to be killed.
func writeAndWait(path string) int {
	b := durable.NewBatch(durable.Options{Force: true})
	for _, name := range []string{path, path + "-new"} {
		f, err := b.Create(name, nil)
		if err != nil {
			return 1
		}
		if _, err := f.Write(bytes.Repeat([]byte("new"), 100000)); err != nil {
			return 1
		}
		if f.Finish() != nil {
			return 1
		}
	}
	os.Stdout.WriteString("finished\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 1
}

func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	put(t, path, "old", 0o644)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DURABLE_TEST_WRITE="+path)
	stdin, err := cmd.StdinPipe() // stays open until the process is dead
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if line != "finished\n" {
		t.Errorf("the process says %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil { // SIGKILL
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the process ended with %v", err)
	}
	if content(t, path) != "old" {
		t.Error("the old file is gone")
	}
	for _, name := range names(t, dir) {
		if name != "file" && (!strings.HasPrefix(name, ".colophon-") || !strings.HasSuffix(name, ".tmp")) {
			t.Errorf("%s was left behind", name)
		}
	}
	// What was left behind does not hinder the next run.
	if err := durable.WriteFile(path, []byte("newer"), durable.Options{Force: true}); err != nil || content(t, path) != "newer" {
		t.Errorf("the next run: %v", err)
	}
}

// tmpfs mounts a file system in memory.
func tmpfs(t *testing.T, flags uintptr, options string) string {
	t.Helper()
	return mount(t, "tmpfs", flags, options)
}

func mount(t *testing.T, kind string, flags uintptr, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount(kind, dir, kind, flags, options); err != nil {
		t.Fatalf("mounting needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	return dir
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t, 0, "size=1m")
	at := func(name string) string { return filepath.Join(dir, name) }
	put(t, at("old"), "old", 0o644)
	for name, fill := range map[string]func(*durable.File) error{
		"large writes": func(f *durable.File) error { return fillWith(f, 300<<10) },
		"small writes": func(f *durable.File) error { return fillWith(f, 1000) },
		"ranges":       fillWithRanges(t, dir),
	} {
		b := durable.NewBatch(durable.Options{Force: true})
		fits := create(t, b, at("fits"), "new", nil)
		finish(t, fits)
		f := create(t, b, at("old"), "", nil)
		err := fill(f)
		wants(t, err, durable.CodeDiskFull, at("old"))
		_, again := f.Write([]byte("x"))
		wants(t, again, durable.CodeDiskFull, at("old"))
		wants(t, f.Finish(), durable.CodeDiskFull, at("old"))
		wants(t, b.Commit(), durable.CodeDiskFull, at("old"))
		if r := b.Results(); len(r) != 2 || r[0].Err != nil || r[1].Err == nil {
			t.Errorf("%s: results %v", name, r)
		}
		if content(t, at("old")) != "old" || content(t, at("fits")) != "new" {
			t.Errorf("%s: a file holds something else", name)
		}
		if diff := cmp.Diff([]string{"fits", "old"}, names(t, dir)); diff != "" {
			t.Errorf("%s: folder (-want +got):\n%s", name, diff)
		}
	}
}

func fillWith(f *durable.File, size int) error {
	for range 3 << 20 / size {
		if _, err := f.Write(make([]byte, size)); err != nil {
			return err
		}
	}
	return f.Finish()
}

// fillWithRanges copies a file of 600 KiB beside itself, which the kernel does.
func fillWithRanges(t *testing.T, dir string) func(*durable.File) error {
	return func(f *durable.File) error {
		path := filepath.Join(dir, "large")
		if err := os.WriteFile(path, make([]byte, 600<<10), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		src, err := durable.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		done, err := f.CopyRange(src, 0, src.Size())
		if done {
			t.Error("more is copied than the disk holds")
		}
		return err
	}
}

// TestOtherFileSystems runs where syncfs is not trusted and each file has its own fsync.
func TestOtherFileSystems(t *testing.T) {
	t.Parallel()
	layers := tmpfs(t, 0, "size=8m")
	options := ""
	for _, name := range []string{"lower", "upper", "work"} {
		dir := filepath.Join(layers, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		options += "," + name + "dir=" + dir
	}
	put(t, filepath.Join(layers, "lower", "old"), "old", 0o644)
	for _, dir := range []string{mount(t, "ramfs", 0, ""), mount(t, "overlay", 0, options[1:])} {
		at := func(name string) string { return filepath.Join(dir, name) }
		b := durable.NewBatch(durable.Options{})
		finish(t, create(t, b, at("one"), "1", nil), create(t, b, at("two"), "2", nil))
		if err := b.Commit(); err != nil {
			t.Error(err)
		}
		wants(t, durable.WriteFile(at("one"), nil, durable.Options{}), durable.CodeExists, at("one"))
		if err := durable.WriteFile(at("old"), []byte("new"), durable.Options{Force: true}); err != nil {
			t.Error(err)
		}
		if got := content(t, at("one")) + content(t, at("two")) + content(t, at("old")); got != "12new" {
			t.Errorf("the files hold %s", got)
		}
	}
}

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t, unix.MS_RDONLY, "size=1m")
	path := filepath.Join(dir, "file")
	wants(t, durable.WriteFile(path, nil, durable.Options{}), durable.CodePermission, path)
}

// asNobody runs f in a thread that accesses files as a user without privileges.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if _, err := unix.SetfsuidRetUid(65534); err != nil {
			t.Errorf("changing the user needs root: %v", err)
			return
		}
		f()
	}()
	<-done
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, open := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(open, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path, secret := filepath.Join(dir, "file"), filepath.Join(dir, "secret")
	put(t, path, "old", 0o644)
	put(t, secret, "old", 0o600)
	asNobody(t, func() {
		wants(t, durable.WriteFile(path, nil, durable.Options{Force: true}), durable.CodePermission, path)
		wants(t, durable.WriteFile(filepath.Join(dir, "new"), nil, durable.Options{}), durable.CodePermission, filepath.Join(dir, "new"))
		_, err := durable.Open(secret)
		wants(t, err, durable.CodePermission, secret)
	})
	if content(t, path) != "old" || len(names(t, dir)) != 2 {
		t.Errorf("folder: %v", names(t, dir))
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := unix.Mkfifo(at("pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := os.Symlink("pipe", at("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", at("loop")); err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]string{
		dir: "directory", at("pipe"): "pipe", at("link"): "pipe", at("socket"): "socket", "/dev/null": "device",
	} {
		_, err := durable.Open(path)
		wants(t, err, durable.CodeNotRegular, path)
		var e *colophon.Error
		if errors.As(err, &e) && e.Args["type"] != kind {
			t.Errorf("%s is a %s, want %s", path, e.Args["type"], kind)
		}
		if _, err := durable.NewBatch(durable.Options{Force: true}).Create(path, nil); err == nil {
			t.Errorf("%s may be replaced", path)
		}
	}
	_, err = durable.Open(at("none"))
	wants(t, err, durable.CodeFileMissing, at("none"))
	_, err = durable.Open(at("loop"))
	wants(t, err, durable.CodeFailed, at("loop"))
}

// TestReplacedFileKeepsWhatItHad replaces a file in place and looks at what is not its content.
func TestReplacedFileKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "old", 0o640)
	if err := os.Chown(path, 1234, 5678); err != nil {
		t.Fatalf("changing the owner needs root: %v", err)
	}
	// Version 2; owner rw, user 1235 r, group r, mask r, others none.
	list := []byte("\x02\x00\x00\x00" + "\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\xd3\x04\x00\x00" +
		"\x04\x00\x04\x00\xff\xff\xff\xff" + "\x10\x00\x04\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff")
	attributes := map[string][]byte{"user.colophon.test": []byte("kept"), "system.posix_acl_access": list}
	for name, value := range attributes {
		if err := unix.Setxattr(path, name, value, 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	before := stat(t, path)
	src, err := durable.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	b := durable.NewBatch(durable.Options{Force: true})
	finish(t, create(t, b, path, "new content", src.Stat()))
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	after := stat(t, path)
	if content(t, path) != "new content" || os.SameFile(before, after) {
		t.Error("the file is not a new one")
	}
	if after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("mode %v became %v, time %v became %v", before.Mode(), after.Mode(), before.ModTime(), after.ModTime())
	}
	if owner := after.Sys().(*syscall.Stat_t); owner.Uid != 1234 || owner.Gid != 5678 {
		t.Errorf("owner %d, group %d", owner.Uid, owner.Gid)
	}
	for name, want := range attributes {
		got := make([]byte, 100)
		n, err := unix.Getxattr(path, name, got)
		if err != nil || !bytes.Equal(got[:n], want) {
			t.Errorf("%s is %q, %v", name, got[:max(n, 0)], err)
		}
	}
}

// TestCopyRange puts files together of ranges and literal bytes, at offsets that fall on no block, inside one file
// system and across two.
func TestCopyRange(t *testing.T) {
	t.Parallel()
	data := make([]byte, 5<<20+123)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(data)
	disk, memory := t.TempDir(), tmpfs(t, 0, "size=32m")
	for _, folders := range [][2]string{{disk, disk}, {memory, memory}, {disk, memory}, {memory, disk}} {
		from, to := filepath.Join(folders[0], "from"), filepath.Join(folders[1], "to")
		if err := os.WriteFile(from, data, 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := durable.Open(from)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		b := durable.NewBatch(durable.Options{Force: true})
		f := create(t, b, to, "head", nil)
		want := []byte("head")
		for _, r := range [][2]int{{0, 256 << 10}, {1, 256<<10 + 1}, {4097, 1 << 20}, {0, 255 << 10}, {len(data) - 300001, 300001}, {0, len(data)}, {777, 0}} {
			var e media.Edit
			e.Put([]byte("between"))
			e.Keep(int64(r[0]), int64(r[1]))
			if err := e.Apply(f, src); err != nil {
				t.Fatal(err)
			}
			want = append(append(want, "between"...), data[r[0]:r[0]+r[1]]...)
			if f.Size() != int64(len(want)) {
				t.Fatalf("size %d, want %d", f.Size(), len(want))
			}
		}
		back := make([]byte, 400<<10)
		if _, err := f.ReadAt(back, 100); err != nil || !bytes.Equal(back, want[100:100+len(back)]) {
			t.Errorf("reading back: %v", err)
		}
		finish(t, f)
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, want) {
			t.Errorf("from %s to %s: the copy differs, %v", folders[0], folders[1], err)
		}
	}
}

func TestCopyRangeRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "from")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := durable.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	b := durable.NewBatch(durable.Options{})
	defer b.Abort()
	f := create(t, b, filepath.Join(dir, "to"), "", nil)
	if done, err := f.CopyRange(bytes.NewReader(make([]byte, 1<<20)), 0, 1<<20); done || err != nil {
		t.Errorf("from memory: %v, %v", done, err)
	}
	if done, err := f.CopyRange(src, 0, 256<<10-1); done || err != nil {
		t.Errorf("a small range: %v, %v", done, err)
	}
	if done, err := f.CopyRange(src, 0, 256<<10); !done || err != nil || f.Size() != 256<<10 {
		t.Errorf("a large range: %v, %v, size %d", done, err, f.Size())
	}
	if err := os.Truncate(path, 300<<10); err != nil {
		t.Fatal(err)
	}
	if _, err := f.CopyRange(src, 0, 1<<20); err == nil {
		t.Error("a range of a file that became shorter is copied")
	}
	if f.Finish() == nil {
		t.Error("a file with a range missing is finished")
	}
}
