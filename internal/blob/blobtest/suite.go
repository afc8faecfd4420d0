// Package blobtest is the conformance suite of blob.Store: what must hold in a folder, in memory and in an S3 store
// alike. It also starts the S3 server that this and other packages test against.
//
// Damage is done behind the store's back, through a bucket of its own, as a failing disk or a careless hand would.
//
// What not to do here: don't test what one kind of store does alone, such as temporary files; that stands beside it.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	gcblob "gocloud.dev/blob"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/blob"
)

// Backend is one kind of store.
type Backend struct {
	// Open returns an empty store and another way to what it keeps. Both are open until the test ends.
	Open func(t *testing.T) (*blob.Store, *gcblob.Bucket)
}

// Content returns bytes that look like nothing, the same for a size and a number.
func Content(size int, number uint64) []byte {
	seed := [32]byte{byte(size), byte(size >> 8), byte(size >> 16), byte(number), byte(number >> 8), byte(number >> 16)}
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(data)
	return data
}

// Key returns where a blob stands in its bucket.
func Key(d blob.Digest) string {
	s := blob.FormatDigest(d)
	return "sha256/" + s[:2] + "/" + s
}

// Code fails the test when an error has not this kind and code.
func Code(t *testing.T, err error, kind colophon.Kind, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Fatalf("error %v, want %v %v", err, kind, code)
	}
	if kind == colophon.Missing && !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v is not like fs.ErrNotExist", err)
	}
}

// Put stores bytes.
func Put(t *testing.T, s *blob.Store, data []byte) blob.Digest {
	t.Helper()
	d, size, err := s.Put(t.Context(), bytes.NewReader(data))
	if err != nil || size != int64(len(data)) {
		t.Fatalf("Put = %d, %v", size, err)
	}
	return d
}

// Run runs the suite.
func Run(t *testing.T, b Backend) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *blob.Store, *gcblob.Bucket)
	}{
		{"round trip", roundTrip}, {"again", again}, {"at once", atOnce}, {"missing", missing}, {"delete", remove},
		{"list", list}, {"damage", damage}, {"repair", repair}, {"any place", anyPlace}, {"broken off", brokenOff},
		{"names", names}, {"names at once", namesAtOnce}, {"sealed", sealed}, {"sealed damage", sealedDamage}, {"ready", ready},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, bucket := b.Open(t)
			c.test(t, s, bucket)
		})
	}
}

func read(t *testing.T, s *blob.Store, d blob.Digest) []byte {
	t.Helper()
	r, err := s.Get(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil || int64(len(data)) != r.Size() {
		t.Fatalf("read %d of %d bytes, %v", len(data), r.Size(), err)
	}
	return data
}

// sizes lie at the borders of buffers and, with the last one, above the size from which uploads go in parts.
func sizes() []int { return []int{0, 1, 4 << 10, 64 << 10, 64<<10 + 1, 1 << 20, 1<<20 + 1, 17<<20 + 5} }

func roundTrip(t *testing.T, s *blob.Store, _ *gcblob.Bucket) {
	for i, size := range sizes() {
		data := Content(size, 1)
		var r io.Reader = bytes.NewReader(data)
		if i%2 == 0 && size < 1<<20 {
			r = iotest.OneByteReader(r)
		}
		d, n, err := s.Put(t.Context(), r)
		if err != nil || n != int64(size) {
			t.Fatalf("%d bytes: Put = %d, %v", size, n, err)
		}
		if got := read(t, s, d); !bytes.Equal(got, data) {
			t.Errorf("%d bytes: they came back different", size)
		}
		if err := s.Verify(t.Context(), d); err != nil {
			t.Errorf("%d bytes: Verify: %v", size, err)
		}
		if ok, err := s.Has(t.Context(), d); !ok || err != nil {
			t.Errorf("%d bytes: Has = %v, %v", size, ok, err)
		}
		if back, err := blob.ParseDigest(blob.FormatDigest(d)); err != nil || back != d {
			t.Errorf("ParseDigest = %x, %v", back, err)
		}
	}
}

func again(t *testing.T, s *blob.Store, bucket *gcblob.Bucket) {
	data := Content(100_000, 2)
	d := Put(t, s, data)
	if Put(t, s, data) != d {
		t.Error("the same bytes have two digests")
	}
	if n := count(t, bucket); n != 1 {
		t.Errorf("%d objects, want 1", n)
	}
}

func count(t *testing.T, bucket *gcblob.Bucket) int {
	t.Helper()
	n := 0
	for it := bucket.List(nil); ; n++ {
		if _, err := it.Next(t.Context()); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func atOnce(t *testing.T, s *blob.Store, bucket *gcblob.Bucket) {
	const writers, blobs = 8, 4
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for n := range blobs {
				d, _, err := s.Put(t.Context(), bytes.NewReader(Content(70_000, uint64(n))))
				if err == nil {
					err = s.Verify(t.Context(), d) // what was acknowledged is there
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := count(t, bucket); n != blobs {
		t.Errorf("%d objects, want %d", n, blobs)
	}
}

func missing(t *testing.T, s *blob.Store, _ *gcblob.Bucket) {
	ctx := t.Context()
	if ok, err := s.Has(ctx, blob.Digest{1}); ok || err != nil {
		t.Errorf("Has = %v, %v", ok, err)
	}
	_, err := s.Get(ctx, blob.Digest{1})
	Code(t, err, colophon.Missing, blob.CodeMissing)
	_, err = s.GetSealed(ctx, blob.Digest{1}, make([]byte, blob.SealKeySize), "")
	Code(t, err, colophon.Missing, blob.CodeMissing)
	Code(t, s.Verify(ctx, blob.Digest{1}), colophon.Missing, blob.CodeMissing)
	Code(t, s.Delete(ctx, blob.Digest{1}), colophon.Missing, blob.CodeMissing)
}

func remove(t *testing.T, s *blob.Store, _ *gcblob.Bucket) {
	d, other := Put(t, s, Content(10, 1)), Put(t, s, Content(10, 2))
	if err := s.Delete(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get(t.Context(), d)
	Code(t, err, colophon.Missing, blob.CodeMissing)
	if err := s.Verify(t.Context(), other); err != nil {
		t.Errorf("another blob: %v", err)
	}
	if Put(t, s, Content(10, 1)) != d || s.Verify(t.Context(), d) != nil {
		t.Error("it can't be put again")
	}
}

func list(t *testing.T, s *blob.Store, bucket *gcblob.Bucket) {
	var want []string
	for n := range 40 {
		want = append(want, blob.FormatDigest(Put(t, s, Content(n, 3))))
	}
	slices.Sort(want)
	names, err := s.Names("log")
	if err != nil {
		t.Fatal(err)
	}
	if err := names.Put(t.Context(), "tile/0/000", []byte("no blob")); err != nil {
		t.Fatal(err)
	}
	strays := []string{"sha256/00/0", "sha256/" + want[0], "sha256/zz/" + want[0]}
	for _, key := range strays {
		if err := bucket.WriteAll(t.Context(), key, []byte("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for e, err := range s.List(t.Context()) {
		if err != nil {
			Code(t, err, colophon.Conflict, blob.CodeStray)
			strays = strays[1:]
			continue
		}
		got = append(got, blob.FormatDigest(e.Digest))
		if time.Since(e.Changed) > time.Hour || e.Size < 0 || e.Size >= 40 {
			t.Errorf("entry %v", e)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %d of %d: %v", len(got), len(want), got)
	}
	if len(strays) != 0 {
		t.Errorf("%d strays were not told", len(strays))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.List(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled list gives %v", err)
		}
	}
}

// harm is a way to damage bytes.
type harm struct {
	name string
	do   func([]byte) []byte
}

func harms() []harm {
	return []harm{
		{"first bit", func(b []byte) []byte { b[0] ^= 1; return b }},
		{"middle bit", func(b []byte) []byte { b[len(b)/2] ^= 0x10; return b }},
		{"last bit", func(b []byte) []byte { b[len(b)-1] ^= 0x80; return b }},
		{"cut by one", func(b []byte) []byte { return b[:len(b)-1] }},
		{"cut in half", func(b []byte) []byte { return b[:len(b)/2] }},
		{"emptied", func([]byte) []byte { return nil }},
		{"longer", func(b []byte) []byte { return append(b, 0) }},
	}
}

func spoil(t *testing.T, bucket *gcblob.Bucket, d blob.Digest, h harm) {
	t.Helper()
	data, err := bucket.ReadAll(t.Context(), Key(d))
	if err != nil {
		t.Fatal(err)
	}
	if err := bucket.WriteAll(t.Context(), Key(d), h.do(data), nil); err != nil {
		t.Fatal(err)
	}
}

func damage(t *testing.T, s *blob.Store, bucket *gcblob.Bucket) {
	for i, h := range harms() {
		data := Content(200_000, uint64(i))
		d := Put(t, s, data)
		spoil(t, bucket, d, h)
		Code(t, s.Verify(t.Context(), d), colophon.Internal, blob.CodeDamaged)
		for how, use := range map[string]func(*blob.Reader) (int, error){
			"read":    func(r *blob.Reader) (int, error) { b, err := io.ReadAll(r); return len(b), err },
			"read at": func(r *blob.Reader) (int, error) { return r.ReadAt(make([]byte, 10), 5) },
			"seek": func(r *blob.Reader) (int, error) {
				if _, err := r.Seek(7, io.SeekStart); err != nil {
					return 0, err
				}
				return r.Read(make([]byte, 10))
			},
			"read some, seek": func(r *blob.Reader) (int, error) {
				if _, err := r.Read(make([]byte, 10)); err != nil {
					return 0, err
				}
				if _, err := r.Seek(0, io.SeekStart); err != nil {
					return 0, err
				}
				return r.Read(make([]byte, 10))
			},
		} {
			r, err := s.Get(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			n, err := use(r)
			Code(t, err, colophon.Internal, blob.CodeDamaged)
			var e *colophon.Error
			if errors.As(err, &e); e.Args["digest"] != blob.FormatDigest(d) {
				t.Errorf("%s, %s: the error names %s", h.name, how, e.Args["digest"])
			}
			if how != "read" && n != 0 || n > 0 && int64(n) >= r.Size() {
				t.Errorf("%s, %s: %d of %d bytes were given", h.name, how, n, r.Size())
			}
			if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
				t.Errorf("%s, %s: reading on gives %v", h.name, how, err)
			}
			r.Close()
		}
	}
}

func repair(t *testing.T, s *blob.Store, bucket *gcblob.Bucket) {
	for i, h := range harms() {
		data := Content(100_000, uint64(i))
		d := Put(t, s, data)
		spoil(t, bucket, d, h)
		if Put(t, s, data) != d {
			t.Fatal("another digest")
		}
		if !bytes.Equal(read(t, s, d), data) {
			t.Errorf("%s: it stayed", h.name)
		}
	}
}

func anyPlace(t *testing.T, s *blob.Store, _ *gcblob.Bucket) {
	data := Content(3<<20, 4)
	d := Put(t, s, data)
	r, err := s.Get(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	places(t, r, data)
	for _, header := range []string{"", "bytes=100-1000099", "bytes=-5"} {
		r, err := s.Get(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		req, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		want := data
		if header != "" {
			req.Header.Set("Range", header)
		}
		switch header {
		case "bytes=-5":
			want = data[len(data)-5:]
		case "bytes=100-1000099":
			want = data[100:1_000_100]
		}
		http.ServeContent(w, req, "x.bin", time.Time{}, r)
		if !bytes.Equal(w.Body.Bytes(), want) {
			t.Errorf("range %q: %d bytes instead of %d", header, w.Body.Len(), len(want))
		}
		r.Close()
	}
}

// places reads here and there, with one goroutine and with several.
func places(t *testing.T, r interface {
	io.ReadSeeker
	io.ReaderAt
}, data []byte) {
	t.Helper()
	if err := iotest.TestReader(io.NewSectionReader(r, 0, 5000), data[:5000]); err != nil {
		t.Error(err)
	}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			off := n * len(data) / 9
			buf := make([]byte, 70_000)
			if n, err := r.ReadAt(buf, int64(off)); n != len(buf) || err != nil || !bytes.Equal(buf, data[off:off+n]) {
				t.Errorf("ReadAt %d = %d, %v", off, n, err)
			}
		})
	}
	wg.Wait()
	if n, err := r.ReadAt(make([]byte, 10), int64(len(data)-3)); n != 3 || err != io.EOF {
		t.Errorf("ReadAt over the end = %d, %v", n, err)
	}
	for _, off := range []int{0, 1, 65_536, len(data) - 1, len(data) / 2, len(data)} {
		if pos, err := r.Seek(int64(off-len(data)), io.SeekEnd); pos != int64(off) || err != nil {
			t.Errorf("Seek = %d, %v", pos, err)
		}
		rest, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(rest, data[off:]) {
			t.Errorf("from %d on there are %d bytes, %v", off, len(rest), err)
		}
	}
}

func brokenOff(t *testing.T, s *blob.Store, bucket *gcblob.Bucket) {
	boom := errors.New("boom")
	for _, size := range []int{0, 10, 2 << 20, 20 << 20} {
		r := io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(boom))
		if _, _, err := s.Put(t.Context(), r); !errors.Is(err, boom) {
			t.Errorf("after %d bytes: %v", size, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		r = io.MultiReader(bytes.NewReader(make([]byte, size)), readerFunc(func(p []byte) (int, error) { cancel(boom); return len(p), nil }))
		if _, _, err := s.Put(ctx, r); !errors.Is(err, boom) {
			t.Errorf("cancelled after %d bytes: %v", size, err)
		}
	}
	if n := count(t, bucket); n != 0 {
		t.Errorf("%d objects are left", n)
	}
	d := Put(t, s, make([]byte, 3<<20))
	ctx, cancel := context.WithCancel(t.Context())
	r, err := s.Get(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func names(t *testing.T, s *blob.Store, _ *gcblob.Bucket) {
	ctx := t.Context()
	n, err := s.Names("log/1", "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Names("log/2")
	if err != nil {
		t.Fatal(err)
	}
	put := func(n *blob.Names, name, text string) error { return n.Put(ctx, name, []byte(text)) }
	for _, step := range []struct {
		name, text, want string
		taken            bool
	}{
		{"tile/0/000", "a", "a", false}, {"tile/0/000", "a", "a", false}, {"tile/0/000", "b", "a", true},
		{"tile/0/x001/002.p/3", "", "", false}, {"tile/0/x001/002.p/3", "x", "", true},
		{"checkpoint", "one", "one", false}, {"checkpoint", "two", "two", false}, {"checkpoint", "two", "two", false},
	} {
		err := put(n, step.name, step.text)
		if step.taken {
			Code(t, err, colophon.Conflict, blob.CodeNameTaken)
		} else if err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		if got, err := n.Get(ctx, step.name); string(got) != step.want || err != nil {
			t.Errorf("%s = %q, %v; want %q", step.name, got, err, step.want)
		}
	}
	_, err = other.Get(ctx, "checkpoint")
	Code(t, err, colophon.Missing, blob.CodeNameAbsent)
	_, err = n.Get(ctx, "tile/0")
	Code(t, err, colophon.Missing, blob.CodeNameAbsent)
	for _, gone := range []string{"tile/0/x001/002.p", "tile/0/x001/002.p"} {
		if err := n.DeleteUnder(ctx, gone); err != nil {
			t.Error(err)
		}
		_, err = n.Get(ctx, "tile/0/x001/002.p/3")
		Code(t, err, colophon.Missing, blob.CodeNameAbsent)
	}
	if err := put(n, "tile/0/x001/002.p/3", "again"); err != nil {
		t.Error(err)
	}
	if got, err := n.Get(ctx, "tile/0/000"); string(got) != "a" || err != nil {
		t.Errorf("what lies beside was deleted: %q, %v", got, err)
	}
	for _, bad := range []string{"", "/", "a/", "/a", "a//b", ".", "..", "../x", "a/../b", "a/./b", ".hidden", "a\\b", "a\x00", "ü", "a b", "a:b"} {
		Code(t, put(n, bad, "x"), colophon.Invalid, blob.CodeName)
		_, err := n.Get(ctx, bad)
		Code(t, err, colophon.Invalid, blob.CodeName)
		Code(t, n.DeleteUnder(ctx, bad), colophon.Invalid, blob.CodeName)
		_, err = s.Names(bad)
		Code(t, err, colophon.Invalid, blob.CodeName)
	}
}

// namesAtOnce has several writers put other bytes under one name: one of them wins, and all agree on which.
func namesAtOnce(t *testing.T, s *blob.Store, _ *gcblob.Bucket) {
	n, err := s.Names("log")
	if err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		name := fmt.Sprint("tile/", round)
		var mu sync.Mutex
		var winners []string
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				text := fmt.Sprint("writer ", w)
				switch err := n.Put(t.Context(), name, []byte(text)); {
				case err == nil:
					mu.Lock()
					winners = append(winners, text)
					mu.Unlock()
				default:
					var e *colophon.Error
					if !errors.As(err, &e) || e.Code != blob.CodeNameTaken {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got, err := n.Get(t.Context(), name); err != nil || len(winners) != 1 || string(got) != winners[0] {
			t.Errorf("%v won, and %q stands there, %v", winners, got, err)
		}
	}
}

func sealed(t *testing.T, s *blob.Store, bucket *gcblob.Bucket) {
	key := Content(blob.SealKeySize, 5)
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 2<<20 + 77} {
		data := Content(size, 6)
		d, stored, err := s.PutSealed(t.Context(), bytes.NewReader(data), key, "original of a1")
		if err != nil || stored <= int64(size) {
			t.Fatalf("PutSealed = %d, %v", stored, err)
		}
		raw, err := bucket.ReadAll(t.Context(), Key(d))
		if err != nil || size > 100 && bytes.Contains(raw, data[:50]) {
			t.Fatalf("what is stored is not sealed, %v", err)
		}
		if err := s.Verify(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		r, err := s.GetSealed(t.Context(), d, key, "original of a1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, data) || r.Size() != int64(size) {
			t.Errorf("%d bytes: read %d of %d, %v", size, len(got), r.Size(), err)
		}
		if size > 1<<20 {
			places(t, r, data)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		_, err = s.GetSealed(t.Context(), d, key, "original of a2")
		Code(t, err, colophon.Refused, blob.CodeSealKey)
		_, err = s.GetSealed(t.Context(), d, Content(blob.SealKeySize, 6), "original of a1")
		Code(t, err, colophon.Refused, blob.CodeSealKey)
	}
}

func sealedDamage(t *testing.T, s *blob.Store, bucket *gcblob.Bucket) {
	key := Content(blob.SealKeySize, 7)
	for i, h := range harms() {
		d, _, err := s.PutSealed(t.Context(), bytes.NewReader(Content(300_000, uint64(i))), key, "p")
		if err != nil {
			t.Fatal(err)
		}
		spoil(t, bucket, d, h)
		r, err := s.GetSealed(t.Context(), d, key, "p")
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			r.Close()
		}
		Code(t, err, colophon.Internal, blob.CodeDamaged)
		Code(t, s.Verify(t.Context(), d), colophon.Internal, blob.CodeDamaged)
	}
}

func ready(t *testing.T, s *blob.Store, _ *gcblob.Bucket) {
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if n, err := s.Sweep(t.Context(), time.Now().Add(-24*time.Hour)); n != 0 || err != nil {
		t.Errorf("Sweep = %d, %v", n, err)
	}
}
