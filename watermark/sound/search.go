package sound

import (
	"cmp"
	"math"
	"slices"

	"github.com/colophon-project/colophon/watermark/internal/code"
	"github.com/colophon-project/colophon/watermark/internal/fourier"
)

// place is where the pattern may lie in a chart.
type place struct {
	shift   int     // along bands, in parts
	stretch float64 // of symbols: above 1 the sound is slower than it was
	offset  float64 // look at which symbol 0 of the pattern begins, may be negative
	score   float64 // deviations above what chance gives
}

// finder searches the pattern of one key.
type finder struct {
	plan     *fourier.Plan
	spectra  [bands / 2][]complex64 // of the pilots, two bands in each, conjugate
	patterns map[int]*pattern       // by the length of payloads
	pilots   []int32                // cells
	lines    []complex64
	sum      []complex64
}

func newFinder(patterns map[int]*pattern) *finder {
	f := &finder{plan: fourier.New(symbols), patterns: patterns, lines: make([]complex64, symbols), sum: make([]complex64, symbols)}
	var any *pattern
	for _, p := range patterns {
		any = p
	}
	for pair := range f.spectra {
		line := make([]complex64, symbols)
		for s := range symbols {
			var v [2]float32
			for i := range v {
				if cell := s*bands + 2*pair + i; any.bit[cell] == pilot {
					v[i] = float32(any.sign[cell])
					f.pilots = append(f.pilots, int32(cell))
				}
			}
			line[s] = complex(v[0], v[1])
		}
		f.plan.Forward(line)
		for i, c := range line {
			line[i] = complex(real(c), -imag(c))
		}
		f.spectra[pair] = line
	}
	return f
}

// scores correlates a chart with the pilots at every symbol of the pattern, with the first symbol beginning at look phase. Score k is
// that the chart begins with symbol k of the pattern.
func (f *finder) scores(c *chart, stretch, phase float64, out []float32) {
	clear(f.sum)
	folded := make([]float32, symbols*bands)
	width := steps * stretch
	for m := 0; ; m++ {
		n := int(math.Round(phase + (float64(m)+0.5)*width))
		if n >= c.count {
			break
		}
		row := folded[m%symbols*bands:][:bands]
		for b, v := range c.cells[n*bands:][:bands] {
			row[b] += v
		}
	}
	for pair, spectrum := range f.spectra {
		for s := range symbols {
			f.lines[s] = complex(folded[s*bands+2*pair], folded[s*bands+2*pair+1])
		}
		f.plan.Forward(f.lines)
		for i, v := range f.lines {
			f.sum[i] += v * spectrum[i]
		}
	}
	// Sound that begins with symbol k of the pattern lies k symbols before it, so the correlation is read backwards; that is what a
	// transform forward does for a transform back.
	f.plan.Forward(f.sum)
	for i, v := range f.sum {
		out[i] = real(v)
	}
}

// sweep returns the best places of a chart at one stretch, of so many in a symbol.
func (f *finder) sweep(c *chart, shift int, stretch float64, phases, keep int) []place {
	rows := make([][]float32, phases)
	square := 0.0
	for p := range rows {
		rows[p] = make([]float32, symbols)
		f.scores(c, stretch, float64(p*steps)/float64(phases)*stretch, rows[p])
		for _, v := range rows[p] {
			square += float64(v * v)
		}
	}
	deviation := math.Sqrt(square / float64(symbols*phases))
	if deviation == 0 {
		return nil
	}
	var list []place
	for p, row := range rows {
		for k, v := range row {
			if z := float64(v) / deviation; z > 3.5 {
				list = append(list, place{shift, stretch, (float64(p)/float64(phases) - float64(k)) * steps * stretch, z})
			}
		}
	}
	return best(list, keep)
}

// best keeps the best places, and of those beside each other only one.
func best(list []place, keep int) []place {
	slices.SortFunc(list, func(a, b place) int { return cmp.Compare(b.score, a.score) })
	var out []place
	for _, p := range list {
		if len(out) == keep {
			break
		}
		if !slices.ContainsFunc(out, func(q place) bool {
			return p.shift == q.shift && p.stretch == q.stretch && math.Abs(p.offset-q.offset) < 2.5
		}) {
			out = append(out, p)
		}
	}
	return out
}

// walk hands over the rows of a chart that lie on the middles of symbols, with the pattern at a place: the first cell of each in the
// chart and in the pattern.
func walk(c *chart, p place, take func(at, row int)) {
	width := steps * p.stretch
	for m := int(math.Ceil(-p.offset/width - 0.5)); ; m++ {
		at := int(math.Round(p.offset + (float64(m)+0.5)*width))
		if at >= c.count {
			return
		}
		if at >= 0 {
			take(at*bands, (m%symbols+symbols)%symbols*bands)
		}
	}
}

const (
	doubt  = 400 // pilots of a band, or of a class of loudness, that have to speak before the usual is not believed any more
	beyond = 2   // bands to either side that a band is taken to be like
)

// gains is what the mark left in parts of a chart: what pilots say there, over their energy.
type gains struct{ say, energy, count float64 }

func (g *gains) add(o gains) {
	g.say, g.energy, g.count = g.say+o.say, g.energy+o.energy, g.count+o.count
}

// over is the gain in relation to the usual one.
func (g gains) over(usual gains) float32 {
	energy := usual.energy / usual.count * doubt
	return float32(max(0, (g.say+energy*usual.say/usual.energy)/(g.energy+energy)/(usual.say/usual.energy)))
}

// trust tells from the pilots how much each band and each class of loudness is to be believed, now that the place is known: filters and
// codecs take the mark out of some, and leave it in others.
func (f *finder) trust(c *chart, p place, pattern *pattern) (band [bands]float32, class [classes]float32) {
	var each [bands]gains
	var loud [classes]gains
	var all gains
	walk(c, p, func(at, row int) {
		for b := range bands {
			if pattern.bit[row+b] == pilot {
				v := float64(c.cells[at+b])
				one := gains{v * float64(pattern.sign[row+b]), v * v, 1}
				each[b].add(one)
				loud[c.loud[at+b]].add(one)
			}
		}
	})
	for _, g := range each {
		all.add(g)
	}
	for b := range band {
		band[b] = 1
		if all.say > 0 {
			var g gains
			for d := max(0, b-beyond); d <= min(bands-1, b+beyond); d++ {
				g.add(each[d])
			}
			band[b] = g.over(all)
		}
	}
	for i := range class {
		class[i] = 1
		if all.say > 0 {
			class[i] = loud[i].over(all)
		}
	}
	return band, class
}

// decode reads a payload of n bytes from a chart with the pattern at a place.
func (f *finder) decode(c *chart, p place, n int) ([]byte, error) {
	pattern := f.patterns[n]
	soft := make([]float32, code.Length(n))
	band, class := f.trust(c, p, pattern)
	walk(c, p, func(at, row int) {
		for b, v := range c.cells[at:][:bands] {
			if bit := pattern.bit[row+b]; bit != pilot {
				soft[bit] += v * float32(pattern.sign[row+b]) * band[b] * class[c.loud[at+b]]
			}
		}
	})
	return code.Decode(soft, n)
}
