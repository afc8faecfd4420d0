package film

import (
	"fmt"
	"math"
	"testing"

	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/picture"
)

// TestMean: somebody who takes the mean of all frames of a long film keeps an eighth of the pattern, and nothing that its pilots
// tell apart from chance.
func TestMean(t *testing.T) {
	t.Parallel()
	m, err := New(nil, watermark.Key{7}, 8)
	if err != nil {
		t.Fatal(err)
	}
	sum, distinct := make([]float64, picture.Tile*picture.Tile), map[picture.Phase]bool{}
	for i := range phases {
		p := m.at(offset{3, 5, 9}, float64(i)*lasts)
		distinct[p] = true
		for k, v := range m.pictures.Pattern([]byte("payload!"), p, picture.Tile, picture.Tile).Pix {
			sum[k] += float64(v) / phases
		}
	}
	power := 0.0
	for _, v := range sum {
		power += v * v
	}
	if left := math.Sqrt(power / float64(len(sum))); left > 0.2 || len(distinct) < phases-1 {
		t.Errorf("%.3f of the pattern is left, of %d phases", left, len(distinct))
	}
}

// BenchmarkStamp is the mark alone, without decoding and encoding.
func BenchmarkStamp(b *testing.B) {
	m, err := New(nil, watermark.Key{1}, 8)
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range [][3]int{{1280, 720, 8}, {1920, 1080, 8}, {1920, 1080, 10}} {
		b.Run(fmt.Sprint(d), func(b *testing.B) {
			w, h := picture.Sized(d[0], d[1])
			s := m.stamper(make([]byte, 8), offset{}, d[0], d[1], w, h, d[2], picture.Usual)
			luma, n := make([]byte, d[0]*d[1]*2), 0
			for b.Loop() {
				s.add(luma, float64(n)/24)
				n++
			}
		})
	}
}

// FuzzTimes reads what ffmpeg says of frames, whole or in pieces.
func FuzzTimes(f *testing.F) {
	f.Add([]byte("#tb 0: 1/1000000\n0,          0,          0,    41667,        4, 0x00\n0, 41667, 41667, 1, 4, 0x1\n"), 3)
	f.Add([]byte("0,1\n,,,\n0,0,99999999999999999999,1\n"), 1)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		whole, pieces := &stamps{}, &stamps{}
		if n, err := whole.Write(b); n != len(b) || err != nil {
			t.Fatal(n, err)
		}
		for cut = max(1, cut%16); len(b) > 0; b = b[min(cut, len(b)):] {
			if _, err := pieces.Write(b[:min(cut, len(b))]); err != nil {
				t.Fatal(err)
			}
		}
		if len(whole.times) != len(pieces.times) {
			t.Errorf("%v, and in pieces %v", whole.times, pieces.times)
		}
	})
}
