package strip_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/colophon-project/colophon/internal/picture/strip"
)

func TestPackAndUnpack(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, method := range []int{strip.None, strip.LZW, strip.Deflate, strip.Adobe, strip.PackBits} {
		for _, n := range []int{1, 2, 3, 127, 128, 129, 255, 256, 257, 510, 511, 1000, 3836, 3837, 3838, 4094, 5000, 100000} {
			for _, values := range []int{1, 2, 17, 256} {
				plain := make([]byte, n)
				for i := range plain {
					plain[i] = byte(rnd.IntN(values))
				}
				packed, err := strip.Pack(method, bytes.Clone(plain))
				if err != nil {
					t.Fatal(err)
				}
				got, err := strip.Unpack(method, packed, n)
				if err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("method %d, %d bytes of %d values: %v", method, n, values, err)
				}
			}
		}
	}
}

// TestPackLines looks whether no run of PackBits goes on in the next line.
func TestPackLines(t *testing.T) {
	t.Parallel()
	plain := bytes.Repeat([]byte{7}, 30)
	packed, err := strip.PackLines(strip.PackBits, plain, 10)
	if err != nil || !bytes.Equal(packed, bytes.Repeat([]byte{0xF7, 7}, 3)) { // ten times 7, three times
		t.Errorf("% X, %v", packed, err)
	}
	for _, method := range []int{strip.None, strip.LZW, strip.Deflate, strip.PackBits} {
		packed, err := strip.PackLines(method, bytes.Clone(plain), 10)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := strip.Unpack(method, packed, len(plain)); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("method %d: %v", method, err)
		}
	}
}

func TestPredictor(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, width := range []int{1, 2} {
		for _, channels := range []int{1, 3, 4} {
			stride := 7 * channels * width
			b := make([]byte, 5*stride)
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			was := bytes.Clone(b)
			strip.Differ(b, stride, channels, width, binary.BigEndian)
			if bytes.Equal(b, was) {
				t.Error("nothing changed")
			}
			if strip.Sum(b, stride, channels, width, binary.BigEndian); !bytes.Equal(b, was) {
				t.Errorf("width %d, %d channels: not the same", width, channels)
			}
		}
	}
}

func FuzzUnpack(f *testing.F) {
	for _, method := range []int{strip.None, strip.LZW, strip.Deflate, strip.PackBits} {
		packed, err := strip.Pack(method, []byte("aaaaaaaabcabcabc"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(method, packed, 16)
	}
	f.Fuzz(func(t *testing.T, method int, packed []byte, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		b, err := strip.Unpack(method, packed, n)
		if err == nil && len(b) != n {
			t.Fatalf("%d bytes, want %d", len(b), n)
		}
	})
}
