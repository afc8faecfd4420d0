package blob_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/blob/blobtest"
)

const (
	head  = 80          // of sealed content
	chunk = 64<<10 + 16 // sealed
)

func seal(t testing.TB, plain, key []byte) []byte {
	t.Helper()
	r, err := blob.Seal(bytes.NewReader(plain), key, "p")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func unseal(sealed, key []byte) ([]byte, error) {
	r, err := blob.Unseal(bytes.NewReader(sealed), int64(len(sealed)), key, "p")
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestSealChunks(t *testing.T) {
	t.Parallel()
	key := blobtest.Content(blob.SealKeySize, 1)
	plain := blobtest.Content(3*(64<<10)+100, 2)
	sealed := seal(t, plain, key)
	if len(sealed) != head+len(plain)+4*16 {
		t.Fatalf("%d bytes", len(sealed))
	}
	if got, err := unseal(sealed, key); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	at := func(n int) []byte { return sealed[head+n*chunk : min(head+(n+1)*chunk, len(sealed))] }
	join := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{sealed[:head]}, parts...), nil) }
	full := seal(t, plain[:2*(64<<10)], key) // ends with a whole chunk
	other := seal(t, plain, key)
	for name, bad := range map[string][]byte{
		"exchanged":            join(at(1), at(0), at(2), at(3)),
		"repeated":             join(at(0), at(0), at(2), at(3)),
		"left out":             join(at(0), at(2), at(3)),
		"cut after a chunk":    join(at(0), at(1), at(2)),
		"cut after all":        join(),
		"only the last":        join(at(3)),
		"cut in a chunk":       sealed[:len(sealed)-50],
		"cut to the tag":       sealed[:len(sealed)-100],
		"a tag alone at end":   append(bytes.Clone(full), at(3)[:16]...),
		"a chunk after it":     append(bytes.Clone(full), at(3)...),
		"whole chunks, cut":    full[:head+chunk],
		"chunk of another":     join(at(0), other[head+chunk:head+2*chunk], at(2), at(3)),
		"body of another head": append(bytes.Clone(other[:head]), sealed[head:]...),
		"nothing":              nil,
		"half a head":          sealed[:40],
	} {
		got, err := unseal(bad, key)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != blob.CodeDamaged {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if bytes.Equal(other, sealed) {
		t.Error("two seals are the same")
	}
	for _, n := range []int{0, 16, 31, 33} {
		_, err := blob.Seal(strings.NewReader("x"), make([]byte, n), "p")
		blobtest.Code(t, err, colophon.Invalid, blob.CodeSealKey)
	}
	boom := errors.New("boom")
	r, err := blob.Seal(io.MultiReader(bytes.NewReader(plain), iotest.ErrReader(boom)), key, "p")
	if err != nil {
		t.Fatal(err)
	}
	cut, err := io.ReadAll(r)
	if !errors.Is(err, boom) {
		t.Errorf("an error of the content: %v", err)
	}
	if _, err := unseal(cut, key); err == nil {
		t.Error("what was sealed until an error opens")
	}
}

// TestSealBits changes each bit of a small sealed text and some of a large one.
func TestSealBits(t *testing.T) {
	t.Parallel()
	key := blobtest.Content(blob.SealKeySize, 1)
	for size, step := range map[int]int{20: 1, 200_000: 9973} {
		sealed := seal(t, blobtest.Content(size, 3), key)
		for bit := 0; bit < 8*len(sealed); bit += step {
			sealed[bit/8] ^= 1 << (bit % 8)
			if got, err := unseal(sealed, key); err == nil {
				t.Fatalf("bit %d of %d: %d bytes open", bit, size, len(got))
			}
			sealed[bit/8] ^= 1 << (bit % 8)
		}
		for n := 0; n < len(sealed); n += step {
			if _, err := unseal(sealed[:n], key); err == nil {
				t.Fatalf("%d of %d bytes open", n, len(sealed))
			}
		}
	}
}

// FuzzUnseal opens bytes of anybody: whatever opens was sealed by us, so it seals back to the same length.
func FuzzUnseal(f *testing.F) {
	key := make([]byte, blob.SealKeySize)
	for _, size := range []int{0, 1, 70_000} {
		f.Add(seal(f, blobtest.Content(size, 1), key), int64(size/2))
	}
	f.Add([]byte("colophon/sealed1"), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, off int64) {
		r, err := blob.Unseal(bytes.NewReader(data), int64(len(data)), key, "p")
		if err != nil {
			return
		}
		if r.Size() < 0 || r.Size() > int64(len(data))-head-16 {
			t.Fatalf("size %d of %d bytes", r.Size(), len(data))
		}
		all, err := io.ReadAll(r)
		if err == nil && int64(len(all)) != r.Size() {
			t.Fatalf("read %d of %d bytes", len(all), r.Size())
		}
		p := make([]byte, 10)
		n, err2 := r.ReadAt(p, off)
		if err == nil && off >= 0 && (err2 == nil) != (off+10 <= r.Size()) {
			t.Fatalf("ReadAt %d of %d = %d, %v", off, r.Size(), n, err2)
		}
		if err == nil && n > 0 && !bytes.Equal(p[:n], all[off:off+int64(n)]) {
			t.Fatal("ReadAt differs from Read")
		}
	})
}
