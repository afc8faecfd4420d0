package sound

import (
	"math"
	"math/bits"

	"github.com/colophon-project/colophon/watermark/internal/fourier"
)

const (
	steps  = 5 // looks at the sound in each symbol
	look   = symbol / steps
	reach  = 4     // shifts that are tried to either side
	shift  = 0.016 // of frequencies
	view   = 0.030 // seconds of sound in a look
	beside = 0.04
	floor  = 1e-6 // of the mean energy of a bin
)

// looker measures the bands, a look at a time. Two looks are transformed together.
type looker struct {
	rate   float64
	plan   *fourier.Plan
	window []float32
	shifts []int
	edges  [][bands + 1]float64 // of each shift, in bins
	line   []complex64
	power  []float64
	sum    []float64
}

func newLooker(rate int, wide bool) *looker {
	k := &looker{rate: float64(rate), window: make([]float32, int(float64(rate)*view)), shifts: []int{0}}
	for i := range k.window {
		k.window[i] = float32(0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(k.window))))
	}
	for s := 1; wide && s <= reach; s++ {
		k.shifts = append(k.shifts, s, -s)
	}
	size := 1 << bits.Len(uint(len(k.window)-1))
	k.plan, k.line = fourier.New(size), make([]complex64, size)
	k.power, k.sum = make([]float64, size/2+1), make([]float64, size/2+1)
	k.edges = make([][bands + 1]float64, len(k.shifts))
	for i, s := range k.shifts {
		for b := range k.edges[i] {
			k.edges[i][b] = min(edge(b)*math.Pow(1+shift, float64(s))*float64(size)/k.rate, float64(size/2-1))
		}
	}
	return k
}

// looks returns, for each shift, the bands at every look at the samples; the first look is centred on the first sample.
func (k *looker) looks(samples []float32) [][]float32 {
	count := int(float64(len(samples))/k.rate/look) + 1
	lists := make([][]float32, len(k.shifts))
	for i := range lists {
		lists[i] = make([]float32, count*bands)
	}
	energy := 0.0
	for _, v := range samples {
		energy += float64(v * v)
	}
	least := energy/float64(len(samples)+1)*float64(len(k.window))*floor*4 + 1e-20
	put := func(n int, imaginary bool) {
		first := int(math.Round(float64(n)*look*k.rate)) - len(k.window)/2
		for i := max(0, -first); i < len(k.window) && first+i < len(samples); i++ {
			v := k.window[i] * samples[first+i]
			if imaginary {
				k.line[i] += complex(0, v)
			} else {
				k.line[i] = complex(v, 0)
			}
		}
	}
	for n := 0; n < count; n += 2 {
		clear(k.line)
		put(n, false)
		if n+1 < count {
			put(n+1, true)
		}
		k.plan.Forward(k.line)
		k.bands(lists, n, least, false)
		if n+1 < count {
			k.bands(lists, n+1, least, true)
		}
	}
	return lists
}

// bands averages the logarithms of the spectrum of one of the two looks over each band. Bands may begin and end within a bin. It is
// the logarithms that are averaged and not the energies, or a few strong waves would speak for all of a band.
func (k *looker) bands(lists [][]float32, n int, least float64, imaginary bool) {
	size, total := len(k.line), 0.0
	first, last := size, 0
	for _, e := range k.edges {
		first, last = min(first, int(e[0])), max(last, int(e[bands])+1)
	}
	for i := first; i <= last; i++ {
		a, b := k.line[i], k.line[(size-i)%size]
		var re, im float32
		if imaginary {
			re, im = imag(a)+imag(b), real(a)-real(b)
		} else {
			re, im = real(a)+real(b), imag(a)-imag(b)
		}
		k.power[i-first] = total
		total += float64(re*re + im*im)
	}
	k.power[last+1-first] = total
	total = 0
	near := max(int(400*float64(size)/k.rate), 1)
	for i := range last + 1 - first {
		k.sum[i] = total
		low, high := max(i-near, 0), min(i+near+1, last+1-first)
		around := (k.power[high] - k.power[low]) / float64(high-low)
		total += math.Log(k.power[i+1] - k.power[i] + around*beside + least)
	}
	k.sum[last+1-first] = total
	for s, edges := range k.edges {
		at := func(e float64) float64 { // bin i reaches from i−½ to i+½
			e += 0.5
			i := int(e)
			s := k.sum[i-first]
			return s + (e-float64(i))*(k.sum[i+1-first]-s)
		}
		before := at(edges[0])
		for b := range bands {
			v := at(edges[b+1])
			if wide := edges[b+1] - edges[b]; wide > 0.01 {
				lists[s][n*bands+b] = float32((v - before) / wide)
			}
			before = v
		}
	}
}

// chart is what the cells at each look say, for one shift along bands: values whose signs follow the gains, each weighted by how
// sure it is.
type chart struct {
	count int
	cells []float32 // of each look and band
	loud  []uint8   // of each cell: how far it is above or below the usual of its band
}

// newChart makes a chart of the bands at each look.
func newChart(looks []float32) *chart {
	c := &chart{count: len(looks) / bands, cells: make([]float32, len(looks)), loud: make([]uint8, len(looks))}
	level := smooth(looks, c.count)
	c.whiten(level)
	c.weigh(level)
	return c
}

// smooth averages the looks of a symbol.
func smooth(power []float32, count int) []float32 {
	out := make([]float32, len(power))
	for n := range count {
		row := out[n*bands:][:bands]
		for d, w := range [5]float32{0.125, 0.25, 0.25, 0.25, 0.125} {
			if m := n + d - 2; m >= 0 && m < count {
				for b, p := range power[m*bands:][:bands] {
					row[b] += w * p
				}
			}
		}
	}
	return out
}

// neighbours of a cell that tell of it: looks and bands away, in both directions at once.
const neighbours = 8

// around adds up the pairs of neighbours of a cell, in differences to the mean of its band.
func around(level []float32, count, n, b int) (v [neighbours]float32) {
	at := func(m, c int) float32 {
		m = min(max(m, 0), count-1)
		if c < 0 {
			c = -c
		}
		if c >= bands {
			c = 2*bands - 2 - c
		}
		return level[m*bands+c]
	}
	v[0] = at(n-steps, b) + at(n+steps, b)
	v[1] = at(n-2*steps, b) + at(n+2*steps, b)
	v[2] = at(n-3*steps, b) + at(n+3*steps, b)
	v[3] = at(n, b-1) + at(n, b+1)
	v[4] = at(n, b-2) + at(n, b+2)
	v[5] = at(n-steps, b-1) + at(n-steps, b+1) + at(n+steps, b-1) + at(n+steps, b+1)
	v[6] = at(n, b-3) + at(n, b+3)
	v[7] = at(n-2*steps, b-1) + at(n-2*steps, b+1) + at(n+2*steps, b-1) + at(n+2*steps, b+1)
	return v
}

// whiten takes from each cell what its neighbours tell of it: least squares over the whole chart, for groups of bands.
func (c *chart) whiten(level []float32) {
	for b := range bands {
		mean := 0.0
		for n := range c.count {
			mean += float64(level[n*bands+b])
		}
		mean /= float64(c.count)
		for n := range c.count {
			level[n*bands+b] -= float32(mean)
		}
	}
	const group = 8
	for first := 0; first < bands; first += group {
		var a [neighbours][neighbours + 1]float64
		for n := 0; n < c.count; n += 3 {
			for b := first; b < first+group; b++ {
				v, y := around(level, c.count, n, b), float64(level[n*bands+b])
				for i := range v {
					for j := i; j < neighbours; j++ {
						a[i][j] += float64(v[i] * v[j])
					}
					a[i][neighbours] += float64(v[i]) * y
				}
			}
		}
		w := solve(a)
		for n := range c.count {
			for b := first; b < first+group; b++ {
				e := level[n*bands+b]
				for i, x := range around(level, c.count, n, b) {
					e -= w[i] * x
				}
				c.cells[n*bands+b] = e
			}
		}
	}
}

// solve returns the weights of a symmetric system of which the upper half is given, slightly damped.
func solve(a [neighbours][neighbours + 1]float64) (w [neighbours]float32) {
	trace := 0.0
	for i := range neighbours {
		trace += a[i][i]
		for j := range i {
			a[i][j] = a[j][i]
		}
	}
	for i := range neighbours {
		a[i][i] += trace*1e-4 + 1e-9
	}
	for i := range neighbours { // positive definite: no pivots
		for j := i + 1; j < neighbours; j++ {
			f := a[j][i] / a[i][i]
			for k := i; k <= neighbours; k++ {
				a[j][k] -= f * a[i][k]
			}
		}
	}
	var x [neighbours]float64
	for i := neighbours - 1; i >= 0; i-- {
		s := a[i][neighbours]
		for k := i + 1; k < neighbours; k++ {
			s -= a[i][k] * x[k]
		}
		x[i] = s / a[i][i]
		w[i] = float32(x[i])
	}
	return w
}

const (
	clip    = 2.2  // deviations that a cell counts at most
	steady  = 0.45 // deviation that sound has at least; less is the floor
	rising  = 0.12 // how much more loud cells count than soft ones, of which codecs leave less
	classes = 12   // of loudness
)

// weigh bounds what is left of each cell and weights it by its sureness. Levels are differences to the mean of the band.
func (c *chart) weigh(level []float32) {
	for b := range bands {
		square := 0.0
		for n := range c.count {
			v := float64(c.cells[n*bands+b])
			square += v * v
		}
		deviation := max(float32(math.Sqrt(square/float64(c.count))), steady)
		for n := range c.count {
			i := n*bands + b
			v := min(max(c.cells[i]/deviation, -clip), clip) / deviation
			c.cells[i] = v * min(max(1+rising*level[i], 0.4), 1.6)
			c.loud[i] = uint8(min(max(level[i]+classes/2, 0), classes-1))
		}
	}
}
