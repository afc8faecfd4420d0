package picture

import (
	"bytes"
	"image/png"
	"math"
	"path/filepath"
	"testing"

	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/watermark"
)

// TestAveraging adds up what is left of 64 marked pictures of one key, as somebody would who wants to know the tile: pictures' own
// detail averages out and the mark stays. It does where all tiles are moved alike, and does not where chance moves them.
func TestAveraging(t *testing.T) {
	t.Parallel()
	m, err := New(watermark.Key{1}, 8)
	if err != nil {
		t.Fatal(err)
	}
	var fixed, moved, plain folding
	n := 0
	for _, name := range []string{"01.png", "05.png", "07.png", "13.png"} {
		b, ok := mediatest.Sample(t, filepath.Join("images", name))
		if !ok {
			return // where they have to be, Sample ends the test
		}
		whole, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 16 {
			y := NewPlane(192, 128) // parts without a common pixel
			for k := range y.Pix {
				r, g, b, _ := whole.At(whole.Bounds().Dx()/4*(i%4)+k%y.W, whole.Bounds().Dy()/4*(i/4)+k/y.W).RGBA()
				y.Pix[k] = (0.299*float32(r) + 0.587*float32(g) + 0.114*float32(b)) / 257
			}
			payload := []byte{1, 2, 3, 4, 5, 6, 7, byte(n)}
			for _, c := range []struct {
				to     *folding
				random [8]uint16
			}{{&fixed, [8]uint16{}}, {&moved, [8]uint16{uint16(n * 7), uint16(n * 40503), uint16(n * 30011)}}} {
				unit := m.unit(y, payload, c.random)
				c.to.upright(m.residual(y.plus(unit.times(2.0255)))) // 42 dB
			}
			plain.upright(m.residual(y))
			n++
		}
	}
	known, chance, noise := m.alike(&fixed), m.alike(&moved), m.alike(&plain)
	t.Logf("the mean of %d pictures and the pilots' pattern: %.2f where tiles are not moved, %.2f as they are, %.2f without a mark", n, known, chance, noise)
	// The highest of 8 sets and 64² places of what has nothing in common with 91 pilots is about √(ln 32768 / 91) = 0.34.
	if known < 0.8 || chance > 0.42 || noise > 0.42 || n < 60 {
		t.Error("the attack does not find what it has to find, or finds what it must not")
	}
}

// alike is the correlation of a mean with the pattern of the pilots, for whichever set and move it is highest.
func (m *Marker) alike(f *folding) float64 {
	v, top := m.view(f), 0.0
	power := 0.0
	for _, b := range m.pilots {
		c := v.bins[b.at()]
		power += float64(real(c)*real(c) + imag(c)*imag(c))
	}
	work := make([]complex64, tile*tile)
	for set := range sets {
		clear(work)
		for i, b := range m.pilots {
			work[b.at()] = v.bins[b.at()] * m.turns[set][i]
		}
		m.plan.Inverse(work)
		for _, c := range work {
			top = max(top, float64(real(c))*tile*tile/math.Sqrt(power*float64(len(m.pilots))))
		}
	}
	return top
}
