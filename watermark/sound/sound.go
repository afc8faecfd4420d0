// Package sound hides a payload in sound, and finds it again after coding, cutting, filtering, and changes of tempo and pitch.
//
// The mark is a pattern of gains. Time is cut into symbols of 32 ms and the range from 800 to 9,050 Hz into 40 bands, from
// 120 to 320 Hz wide; every cell of that grid is made a little louder or a little softer, and the key says which. A fifth of the cells is the same for all payloads of a key and tells where the grid lies; the others carry the code bits of
// the payload (package code). A block of 128 symbols, about four seconds, holds the whole payload several times, so any five seconds
// of sound do. Eight blocks with cells of their own follow each other before the pattern repeats.
//
// Gains follow the sound itself: what is added to a cell is a small part of what is there, and is masked by it. The gains are the
// same for all channels, so they are in each channel, in any mix of them, and in every recording of both.
//
//   - embed.go: an [Embedder] takes and gives samples as they come and keeps less than a tenth of a second. meter.go tells how far
//     its output is from what it was.
//   - chart.go looks at the logarithm of the energy of each cell, and takes away what its neighbours say of it.
//   - search.go finds the pattern in a chart, and reads its payload. read.go is the [Reader]: it tries the pattern as it was written,
//     then (with a [Search] that is Wide) at other speeds and pitches: with longer or shorter symbols, and with bands that lie higher
//     or lower.
//
// Unmarked sound answers nothing: a find needs the pattern of the key and a payload whose CRC-32 fits.
//
// What not to do here: no files and no codecs; package file below has them. Whatever changes in the grid, the pattern or the code
// makes marks unreadable that are out already.
package sound

import (
	"errors"
	"math"

	"github.com/colophon-project/colophon/watermark/internal/code"
	"github.com/colophon-project/colophon/watermark/internal/keyed"
)

// The grid. These values are part of the format.
const (
	bands   = 40
	lowest  = 800.0 // Hz, the lower edge of the first band
	narrow  = 100.0 // Hz
	growth  = 0.025 // a band at f is narrow + growth·f wide
	symbol  = 0.032 // seconds
	block   = 128   // symbols that hold a payload once
	blocks  = 8     // blocks until the pattern repeats
	symbols = block * blocks
	pilots  = 1024 // cells of a block that are the same for every payload
)

// MinRate and MaxRate bound the sample rates, in Hz, and MaxChannels the number of channels.
const (
	MinRate     = 8000
	MaxRate     = 384_000
	MaxChannels = 64
)

// Errors of arguments.
var (
	ErrRate     = errors.New("a sample rate outside 8 to 384 kHz")
	ErrChannels = errors.New("a number of channels outside 1 to 64")
	ErrPayload  = errors.New("a payload that is neither 8 nor 16 bytes")
)

func check(rate, channels int) error {
	if rate < MinRate || rate > MaxRate {
		return ErrRate
	}
	if channels < 1 || channels > MaxChannels {
		return ErrChannels
	}
	return nil
}

// edge is the lower edge of a band, in Hz.
func edge(band int) float64 {
	return (lowest+narrow/growth)*math.Exp(growth*float64(band)) - narrow/growth
}

// pilot stands for a code bit in cells that have none.
const pilot = -1

// tame is a sample as it is calculated with: what is no number, or one that no sound has, is silence.
func tame(v float32) float32 {
	if v > -1e6 && v < 1e6 {
		return v
	}
	return 0
}

// pattern is what a key makes of the grid, for payloads of one length.
type pattern struct {
	sign []int8  // of each cell, +1 or −1; a 1 of the code turns it
	bit  []int16 // the code bit of each cell, or pilot
}

// newPattern draws the pattern for payloads of n bytes. The places and signs of pilots do not depend on n.
func newPattern(k keyed.Key, n int) *pattern {
	p := &pattern{sign: make([]int8, symbols*bands), bit: make([]int16, symbols*bands)}
	cells, signs := k.Stream("sound cells"), k.Stream("sound signs")
	for i := range p.sign {
		p.sign[i] = int8(signs.Sign())
	}
	length, next := code.Length(n), 0
	for b := range blocks {
		for i, c := range cells.Permutation(block * bands) {
			cell := b*block*bands + c
			if i < pilots {
				p.bit[cell] = pilot
				continue
			}
			p.bit[cell] = int16(next % length)
			next++
		}
	}
	return p
}

// gains are the signs of all cells for a payload.
func (p *pattern) gains(payload []byte) []int8 {
	list, bits := make([]int8, len(p.sign)), code.Encode(payload)
	for i, s := range p.sign {
		list[i] = s
		if b := p.bit[i]; b != pilot && bits[b] == 1 {
			list[i] = -s
		}
	}
	return list
}
