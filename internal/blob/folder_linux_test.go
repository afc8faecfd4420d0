package blob_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/blob/blobtest"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// TestModes: nobody but the owner may read what is kept, whatever the umask of the test is.
func TestModes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	s, _ := openFolder(t, dir)
	blobtest.Put(t, s, blobtest.Content(100, 1))
	names, err := s.Names("log")
	if err != nil {
		t.Fatal(err)
	}
	if err := names.Put(t.Context(), "tile/0/000", []byte("x")); err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o700)
		if !d.IsDir() {
			want, files = 0o600, files+1
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || files != 2 {
		t.Errorf("%d files, %v", files, err)
	}
	if n := incoming(t, dir); n != 0 {
		t.Errorf("%d temporary files are left", n)
	}
}

// TestKeys gives the driver keys that lead elsewhere, and plants links that do.
func TestKeys(t *testing.T) {
	t.Parallel()
	above := t.TempDir()
	dir := filepath.Join(above, "store")
	_, bucket := openFolder(t, dir)
	secret := filepath.Join(above, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"../secret", "/etc/passwd", secret, "a/../../secret", ".incoming/x", "a/.x", "a//b", "a\x00b", "a\\..\\b", "", "a/", strings.Repeat("a", 300), strings.Repeat("a/", 600) + "a"} {
		if _, err := bucket.ReadAll(t.Context(), key); gcerrors.Code(err) != gcerrors.InvalidArgument {
			t.Errorf("reading %.40q: %v", key, err)
		}
		if err := bucket.WriteAll(t.Context(), key, []byte("x"), nil); gcerrors.Code(err) != gcerrors.InvalidArgument && key != "" {
			t.Errorf("writing %.40q: %v", key, err)
		}
		if err := bucket.Delete(t.Context(), key); gcerrors.Code(err) != gcerrors.InvalidArgument {
			t.Errorf("deleting %.40q: %v", key, err)
		}
	}
	for name, target := range map[string]string{"file": secret, "folder": above, "up": ".."} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"file", "folder/secret", "up/secret"} {
		if data, err := bucket.ReadAll(t.Context(), key); err == nil {
			t.Errorf("%s gives %q", key, data)
		}
		if key == "file" {
			continue // is replaced, as any name is
		}
		if err := bucket.WriteAll(t.Context(), key, []byte("x"), nil); err == nil {
			t.Errorf("%s can be written", key)
		}
		if err := bucket.Delete(t.Context(), key); err == nil {
			t.Errorf("%s can be deleted", key)
		}
	}
	if data, err := os.ReadFile(secret); string(data) != "secret" {
		t.Errorf("the file outside holds %q, %v", data, err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.ReadAll(t.Context(), "pipe"); err == nil {
		t.Error("a pipe was read")
	}
}

// TestDriver looks at what the interface of buckets asks for beyond what Store uses.
func TestDriver(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, bucket := openFolder(t, t.TempDir())
	if err := bucket.WriteAll(ctx, "A", []byte("x"), &gcblob.WriterOptions{Metadata: map[string]string{"a": "b"}}); gcerrors.Code(err) != gcerrors.Unimplemented {
		t.Errorf("attributes: %v", err)
	}
	all := []string{"a-b", "a.b", "a/b", "a/c/d", "a0/x", "b/a", "c"} // "-" and "." come before "/", "0" after
	for i := range all {
		key := all[len(all)-1-i]
		if err := bucket.WriteAll(ctx, key, []byte(key), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		opts gcblob.ListOptions
		want []string
	}{
		{gcblob.ListOptions{}, all},
		{gcblob.ListOptions{Prefix: "a"}, all[:5]},
		{gcblob.ListOptions{Prefix: "a/c"}, all[3:4]},
		{gcblob.ListOptions{Prefix: "nothing/x"}, nil},
		{gcblob.ListOptions{Delimiter: "/"}, []string{"a-b", "a.b", "a/", "a0/", "b/", "c"}},
		{gcblob.ListOptions{Delimiter: "/", Prefix: "a/"}, []string{"a/b", "a/c/"}},
	} {
		for _, size := range []int{1, 2, 3, 100} {
			var got []string
			for token := gcblob.FirstPageToken; len(token) > 0; {
				page, next, err := bucket.ListPage(ctx, token, size, &c.opts)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range page {
					got = append(got, o.Key)
				}
				token = next
			}
			if strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("%+v by %d: %v, want %v", c.opts, size, got, c.want)
			}
		}
	}
	if err := bucket.Copy(ctx, "d/e", "a/b", nil); err != nil {
		t.Error(err)
	}
	if data, err := bucket.ReadAll(ctx, "d/e"); string(data) != "a/b" {
		t.Errorf("the copy holds %q, %v", data, err)
	}
	if err := bucket.Copy(ctx, "d/f", "a/x", nil); gcerrors.Code(err) != gcerrors.NotFound {
		t.Errorf("copying nothing: %v", err)
	}
	if err := bucket.WriteAll(ctx, "d/e", []byte("new"), &gcblob.WriterOptions{IfNotExist: true}); gcerrors.Code(err) != gcerrors.FailedPrecondition {
		t.Errorf("writing only when new: %v", err)
	}
	r, err := bucket.NewRangeReader(ctx, "d/e", 1, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := io.ReadAll(r); string(data) != "/" || err != nil || r.Size() != 3 {
		t.Errorf("a range holds %q of %d, %v", data, r.Size(), err)
	}
	if _, err := bucket.SignedURL(ctx, "d/e", nil); gcerrors.Code(err) != gcerrors.Unimplemented {
		t.Errorf("SignedURL: %v", err)
	}
}

// TestBoundedMemory stores and reads 96 MiB, and seals them, with less than a twentieth allocated at once or after another.
func TestBoundedMemory(t *testing.T) {
	s, _ := openFolder(t, t.TempDir())
	const size = 96 << 20
	used := func(what string, limit uint64, f func()) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > limit {
			t.Errorf("%s allocated %d bytes", what, n)
		}
	}
	var d blob.Digest
	used("Put", 4<<20, func() {
		var err error
		if d, _, err = s.Put(t.Context(), io.LimitReader(zeros{}, size)); err != nil {
			t.Fatal(err)
		}
	})
	used("Verify", 4<<20, func() {
		if err := s.Verify(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	})
	key := make([]byte, blob.SealKeySize)
	used("PutSealed", 4<<20, func() {
		var err error
		if d, _, err = s.PutSealed(t.Context(), io.LimitReader(zeros{}, size), key, ""); err != nil {
			t.Fatal(err)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestDiskFull stores on a file system of 4 MiB: what does not fit is refused and leaves nothing, what fits still works.
// Then nothing more may be written, and what is there can be read.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	mediatest.Output(t, "mount", "-t", "tmpfs", "-o", "size=4m", "none", disk)
	t.Cleanup(func() { mediatest.Output(t, "umount", disk) })
	s, err := blob.Open(t.Context(), filepath.Join(disk, "store"), blob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d := blobtest.Put(t, s, blobtest.Content(1<<20, 1))
	_, _, err = s.Put(t.Context(), io.LimitReader(zeros{}, 8<<20))
	blobtest.Code(t, err, colophon.Conflict, durable.CodeDiskFull)
	if n := incoming(t, filepath.Join(disk, "store")); n != 0 {
		t.Errorf("%d temporary files are left", n)
	}
	if err := s.Verify(t.Context(), d); err != nil {
		t.Error(err)
	}
	names, err := s.Names("log")
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Code(t, names.Put(t.Context(), "tile/0", make([]byte, 8<<20)), colophon.Conflict, durable.CodeDiskFull)
	blobtest.Put(t, s, blobtest.Content(1<<20, 2))
	mediatest.Output(t, "mount", "-o", "remount,ro", disk)
	_, _, err = s.Put(t.Context(), strings.NewReader("x"))
	blobtest.Code(t, err, colophon.Refused, durable.CodePermission)
	blobtest.Code(t, names.Put(t.Context(), "tile/0", nil), colophon.Refused, durable.CodePermission)
	if err := s.Verify(t.Context(), d); err != nil {
		t.Error(err)
	}
	blobtest.Code(t, s.Delete(t.Context(), d), colophon.Refused, durable.CodePermission)
}

// TestPowerCut stores on a file system inside an image file and copies the image when a put has returned. The copy holds
// what had reached the disk at that moment, as a disk does after a power cut.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	image := filepath.Join(dir, "image")
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 64<<20)); err != nil {
		t.Fatal(err)
	}
	mediatest.Output(t, "mkfs.ext4", "-q", image)
	// Left to itself ext4 helps: it writes its journal every 5 seconds, and bytes along with the names they belong to.
	disk := mountImage(t, image, "commit=300,data=writeback,noauto_da_alloc")
	s, err := blob.Open(t.Context(), filepath.Join(disk, "a", "b"), blob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	names, err := s.Names("log", "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	after := func(what string, want func(*blob.Store, *blob.Names) error) {
		t.Helper()
		copied := filepath.Join(dir, what)
		mediatest.Output(t, "cp", image, copied)
		s, err := blob.Open(t.Context(), filepath.Join(mountImage(t, copied, "rw"), "a", "b"), blob.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		names, err := s.Names("log")
		if err != nil {
			t.Fatal(err)
		}
		if err := want(s, names); err != nil {
			t.Errorf("after %s: %v", what, err)
		}
	}
	d := blobtest.Put(t, s, blobtest.Content(1<<20, 1))
	after("put", func(s *blob.Store, _ *blob.Names) error { return s.Verify(t.Context(), d) })
	for _, text := range []string{"one", "two"} {
		if err := errors.Join(names.Put(t.Context(), "tile/0/x000/"+text, []byte(text)), names.Put(t.Context(), "checkpoint", []byte(text))); err != nil {
			t.Fatal(err)
		}
	}
	after("names", func(_ *blob.Store, n *blob.Names) error {
		tile, err1 := n.Get(t.Context(), "tile/0/x000/two")
		point, err2 := n.Get(t.Context(), "checkpoint")
		if !bytes.Equal(tile, []byte("two")) || !bytes.Equal(point, []byte("two")) {
			return errors.Join(errors.New("they hold something else"), err1, err2)
		}
		return nil
	})
	if err := s.Delete(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	after("delete", func(s *blob.Store, _ *blob.Names) error {
		if ok, err := s.Has(t.Context(), d); ok || err != nil {
			return errors.Join(errors.New("it is back"), err)
		}
		return nil
	})
}

func mountImage(t *testing.T, image, options string) string {
	t.Helper()
	dir := t.TempDir()
	mediatest.Output(t, "mount", "-o", "loop,"+options, image, dir)
	t.Cleanup(func() { mediatest.Output(t, "umount", dir) })
	return dir
}
