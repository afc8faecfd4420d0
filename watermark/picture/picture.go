// Package picture puts a mark into the luma of a picture that nobody sees, and finds it again when the picture was cut, scaled,
// turned, mirrored, re-encoded or photographed from a screen.
//
// The mark is a square pattern, the tile, that repeats over the whole picture. Its frequencies carry code bits and pilots: the
// bits are those of package code, the pilots are phases that only the key tells. A cut moves the tile, and moving turns
// phases, which the pilots tell; so nothing has to be searched for as long as tiles lie upright and as large as they were.
// They are as large as the picture's long edge says, so scaling a picture as a whole changes nothing either. Where a picture
// was cut and scaled, or turned, its autocorrelation has peaks wherever tiles lie on tiles, and those peaks tell how they lie.
//
// How the parts work together:
//
//   - plane.go is luma, brought to other sizes. Everything happens at a canonical size, so the size of a picture costs little.
//   - tile.go draws from the key which frequency carries what, and makes the tile of a payload.
//   - strength.go says how much each place of a picture bears, and how strong the mark has to be to be found again. It looks
//     for the mark itself, in what it made, after a light attack, and makes it stronger or gives up.
//   - waves.go is the mark as the blocks of JPEG have it.
//   - residual.go takes away what the picture shows, and folds what is left to the size of a tile.
//   - sync.go finds the pilots, and weighs the code bits.
//   - lattice.go finds how tiles lie in a picture that was cut and scaled, or turned.
//
// The pattern is moved by chance in every picture, and its pilots are one of several sets, so that the mean of many marked
// pictures shows nothing of it. What the mark does not survive: somebody who has the key; pictures drawn anew by a model;
// flat drawings and text, which bear no mark and are told so ([CodeNotMarkable]); less than about 150 pixels of a picture.
//
// What not to do here: no container formats and no decoding of files; never take a mark out; no answer to whether there is
// any mark without a payload whose checksum fits.
package picture

import (
	"fmt"
	"math"

	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/internal/code"
	"github.com/colophon-project/colophon/watermark/internal/fourier"
)

const (
	// Canonical is the long edge, in pixels, of the size at which pictures are marked and read.
	Canonical = 768

	tile     = 64 // pixels of the canonical size
	sets     = 8  // of pilots
	lowest   = 0.03
	highest  = 0.22 // of frequencies, in periods a pixel
	pilots   = 0.3  // of the frequencies
	rings    = 8    // of frequencies, within which a picture is taken to lose alike
	minEdge  = 32   // of what is looked at
	unlikely = 5.8  // deviations from which pilots are worth decoding
)

// Marker marks and reads the pictures of one key. It is safe for use by many goroutines.
type Marker struct {
	size   int // of payloads, in bytes
	pilots []bin
	phases [sets][]float64
	turns  [sets][]complex64 // e^(−i·phase)
	data   []bin
	place  []int     // of each dimension, two a bin of data: the code bit it carries
	sign   []float32 // of each dimension
	plan   *fourier.Plan
	wide   *fourier.Plan
	bear   *gains // how strong the mark may be where a picture has fine detail
	fade   *gains // how much such a place counts when the mark is looked for
}

// bin is a frequency: whole periods in a tile, down and across.
type bin struct{ y, x int }

func (b bin) frequency() float64 { return math.Hypot(float64(b.y), float64(b.x)) / tile }

// at is where the transform of a tile has a frequency.
func (b bin) at() int { return b.y&(tile-1)*tile + b.x&(tile-1) }

// New returns the marker of a key for payloads of 8 or 16 bytes. Marks of one length are not found by the marker of the other.
func New(key watermark.Key, size int) (*Marker, error) {
	if size != 8 && size != 16 {
		return nil, fmt.Errorf("a payload of %d bytes, not of 8 or 16", size)
	}
	m := &Marker{size: size, plan: fourier.New(tile), wide: fourier.New(side),
		bear: tabled(func(deviation float64) float64 { return math.Pow(2+deviation, 0.7) }),
		fade: tabled(func(deviation float64) float64 { return 10 / math.Pow(1.5+deviation, 1.3) })}
	var all []bin
	for y := -tile/2 + 1; y < tile/2; y++ {
		for x := range tile / 2 {
			if b := (bin{y, x}); (x > 0 || y > 0) && b.frequency() >= lowest && b.frequency() <= highest {
				all = append(all, b)
			}
		}
	}
	purpose := fmt.Sprintf("picture/%d/", size)
	order := key.Stream(purpose + "bins").Permutation(len(all))
	for i, k := range order {
		if i < int(pilots*float64(len(all))) {
			m.pilots = append(m.pilots, all[k])
		} else {
			m.data = append(m.data, all[k])
		}
	}
	for i := range m.phases {
		s := key.Stream(fmt.Sprintf("%spilots/%d", purpose, i))
		for range m.pilots {
			phase := s.Phase()
			sin, cos := math.Sincos(phase)
			m.phases[i], m.turns[i] = append(m.phases[i], phase), append(m.turns[i], complex(float32(cos), float32(-sin)))
		}
	}
	length, dimensions := code.Length(size), 2*len(m.data)
	bits, where, signs := key.Stream(purpose+"bits").Permutation(length), key.Stream(purpose+"order").Permutation(dimensions), key.Stream(purpose+"signs")
	m.place, m.sign = make([]int, dimensions), make([]float32, dimensions)
	for i, k := range where {
		m.place[k], m.sign[k] = bits[i%length], signs.Sign() // code bits that have no place are left out
	}
	return m, nil
}

// canonical is the size at which a picture of w by h pixels is looked at.
func canonical(w, h int) (int, int) {
	long := max(w, h)
	scaled := func(v int) int { return max(1, (v*Canonical+long/2)/long) }
	return scaled(w), scaled(h)
}
