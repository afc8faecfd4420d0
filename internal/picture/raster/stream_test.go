package raster_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/picture/raster"
)

// texts are bytes of several kinds: noise, repetition, what a picture's lines look like, and nothing but zeros.
func texts(n int) map[string][]byte {
	rnd := rand.New(rand.NewPCG(3, 4))
	list := map[string][]byte{"noise": make([]byte, n), "picture": make([]byte, n), "words": make([]byte, n), "zeros": make([]byte, n)}
	for i := range n {
		list["noise"][i] = byte(rnd.Uint32())
		list["picture"][i] = byte(rnd.IntN(6) * rnd.IntN(6) * rnd.IntN(2))
		list["words"][i] = "the quick brown fox jumps over the lazy dog "[(i+i/997*13)%44]
	}
	return list
}

func packed(t testing.TB, b []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	for len(b) > 0 { // some blocks end early
		n := min(len(b), 70001)
		if _, err := z.Write(b[:n]); err != nil {
			t.Fatal(err)
		}
		if len(b)%3 == 0 {
			if err := z.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		b = b[n:]
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unpacked(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z) // checks the sum at the end
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStream(t *testing.T) {
	t.Parallel()
	const n = 400_000
	for name, text := range texts(n) {
		streams := map[string][]byte{"python": mediatest.Output(t, "python3", "-c",
			"import sys,zlib; c=zlib.compressobj(9,zlib.DEFLATED,10); sys.stdout.buffer.write(c.compress(open(sys.argv[1],'rb').read())+c.flush())", mediatest.File(t, "x", text))}
		for level := flate.HuffmanOnly; level <= 9; level += 3 {
			streams[string(rune('c'+level))] = packed(t, text, level)
		}
		for kind, in := range streams {
			for _, change := range [][2]int{{0, 1}, {n - 1, n}, {100_000, 130_000}, {200_000, 200_001}, {0, n}, {350_000, n}} {
				s, err := raster.Inflate(in, n)
				if err != nil {
					t.Fatalf("%s %s: %v", name, kind, err)
				}
				if !bytes.Equal(s.Bytes(), text) {
					t.Fatalf("%s %s: other bytes", name, kind)
				}
				for i := change[0]; i < change[1]; i++ {
					s.Bytes()[i] ^= byte(i%7 + 1)
				}
				out, err := s.Pack(change[0], change[1])
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(unpacked(t, out), s.Bytes()) {
					t.Fatalf("%s %s %v: what was packed is not what was to be", name, kind, change)
				}
				if change[1]-change[0] == 1 && name == "picture" && kind != "python" {
					if d := len(out) - len(in); d > len(in)/20 {
						t.Errorf("%s %s %v: %d bytes, then %d", name, kind, change, len(in), len(out))
					}
					if p := shared(in[2:], out[2:]); change[0] == n-1 && p < len(in)*2/3 {
						t.Errorf("%s %s: only %d of %d bytes were kept", name, kind, p, len(in))
					}
				}
			}
		}
	}
}

func shared(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func TestStreamDamage(t *testing.T) {
	t.Parallel()
	text := texts(50_000)["picture"]
	in := packed(t, text, 6)
	for name, b := range map[string][]byte{"empty": nil, "head": in[:2], "half": in[:len(in)/2], "no zlib": []byte("GIF89a"), "dictionary": {0x78, 0xBB, 0, 0, 0, 1}} {
		if _, err := raster.Inflate(b, len(text)); !errors.Is(err, raster.ErrStream) && !errors.Is(err, raster.ErrEnd) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What stands for more than was asked for is read as far as it was, and packed as a whole.
	s, err := raster.Inflate(in, 40_000)
	if err != nil || !bytes.Equal(s.Bytes(), text[:40_000]) {
		t.Fatal(err)
	}
	out, err := s.Pack(3, 4)
	if err != nil || !bytes.Equal(unpacked(t, out), text[:40_000]) {
		t.Error(err)
	}
}

// FuzzInflate compares with compress/zlib, whose checks at the end of a stream are left out here.
func FuzzInflate(f *testing.F) {
	for _, text := range texts(3000) {
		for _, level := range []int{0, 1, 6, flate.HuffmanOnly} {
			f.Add(packed(f, text, level), 3000)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n <= 0 || n > 1<<16 {
			return
		}
		s, err := raster.Inflate(b, n)
		want := make([]byte, n)
		z, zerr := zlib.NewReader(bytes.NewReader(b))
		if zerr == nil {
			_, zerr = io.ReadFull(z, want)
		}
		if err == nil && zerr == nil && !bytes.Equal(want, s.Bytes()) {
			t.Fatal("other bytes than compress/zlib")
		}
		if err != nil && zerr == nil {
			t.Fatalf("%v, where compress/zlib reads on", err)
		}
		if err != nil {
			return
		}
		from := n / 3
		s.Bytes()[from] ^= 1
		out, err := s.Pack(from, from+1)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(unpacked(t, out), s.Bytes()) {
			t.Fatal("what was packed is not what was to be")
		}
	})
}

// BenchmarkInflate unpacks what a picture's lines look like.
func BenchmarkInflate(b *testing.B) {
	text := texts(9_000_000)["picture"]
	in := packed(b, text, 6)
	b.Run("own", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := raster.Inflate(in, len(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("standard", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			z, err := zlib.NewReader(bytes.NewReader(in))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, z); err != nil {
				b.Fatal(err)
			}
		}
	})
}
