package picture

import (
	"math"

	"github.com/colophon-project/colophon/watermark/internal/code"
)

// pattern is the tile of a payload, of deviation 1, moved down and across.
func (m *Marker) pattern(payload []byte, set int, down, right float64) []float32 {
	bits, spectrum := code.Encode(payload), make([]complex64, tile*tile)
	put := func(b bin, re, im float64) {
		s, c := math.Sincos(-2 * math.Pi * (float64(b.y)*down + float64(b.x)*right) / tile)
		re, im = re*c-im*s, re*s+im*c
		spectrum[b.at()] = complex(float32(re), float32(im))
		spectrum[bin{-b.y, -b.x}.at()] = complex(float32(re), float32(-im))
	}
	for i, b := range m.pilots {
		s, c := math.Sincos(m.phases[set][i])
		put(b, c, s)
	}
	symbol := func(dimension int) float64 {
		return (1 - 2*float64(bits[m.place[dimension]])) * float64(m.sign[dimension]) / math.Sqrt2
	}
	for i, b := range m.data {
		put(b, symbol(2*i), symbol(2*i+1))
	}
	m.plan.Inverse(spectrum)
	out, power := make([]float32, tile*tile), 0.0
	for i, c := range spectrum {
		out[i] = real(c)
		power += float64(real(c)) * float64(real(c))
	}
	k := float32(tile / math.Sqrt(power))
	for i := range out {
		out[i] *= k
	}
	return out
}
