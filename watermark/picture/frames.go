package picture

import (
	"cmp"
	"math"
	"slices"

	"github.com/colophon-project/colophon/watermark/internal/code"
	"github.com/colophon-project/colophon/watermark/internal/fourier"
)

// What video needs of the marks of pictures: tiles that lie as a schedule says, and the reading of many frames as one.

const (
	// Tile is the side of a tile in pixels of the canonical size.
	Tile = tile
	// Sets is the number of sets of pilots.
	Sets = sets
)

// Phase says which pilots a tile has, and by how many of its pixels it is moved.
type Phase struct{ Set, Down, Right int }

// Sized is the canonical size of a picture of w by h pixels.
func Sized(w, h int) (int, int) { return canonical(w, h) }

// Size is the length of payloads in bytes.
func (m *Marker) Size() int { return m.size }

// Pattern covers w by h pixels of the canonical size with the tile of a payload, of deviation 1.
func (m *Marker) Pattern(payload []byte, p Phase, w, h int) *Plane {
	t, o := m.pattern(payload, p.Set, float64(p.Down), float64(p.Right)), NewPlane(w, h)
	for y := range h {
		row, line := o.row(y), t[y%tile*tile:][:tile]
		for x := range row {
			row[x] = line[x%tile]
		}
	}
	return o
}

// Residual is what a picture of the canonical size has besides what it shows.
func (m *Marker) Residual(y *Plane) *Plane { return m.residual(y) }

// Grid says how tiles lie.
type Grid struct{ grid }

// Scale is the side of a tile over that in a picture that was not cut.
func (g Grid) Scale() float64 { return g.scale() }

// Grids are how tiles may lie in residuals of one size, the likeliest first. What they show adds up: the powers of their frequencies
// are taken together, so that neither what moves nor another phase of the tiles is in the way.
func (m *Marker) Grids(residuals []*Plane) []Grid {
	if len(residuals) == 0 {
		return nil
	}
	power, v := make([]float32, side*side), make([]complex64, side*side)
	for _, e := range residuals {
		clear(v)
		for y := range min(e.H, side) {
			for x, r := range e.row(y)[:min(e.W, side)] {
				v[y*side+x] = complex(r, 0)
			}
		}
		m.wide.Square(v)
		for i, c := range v {
			power[i] += real(c)*real(c) + imag(c)*imag(c)
		}
	}
	for i, p := range power {
		v[i] = complex(float32(math.Sqrt(float64(p))), 0)
	}
	m.wide.Inverse(v)
	joint := NewPlane(side, side) // which has that power
	for i, c := range v {
		joint.Pix[i] = real(c)
	}
	return m.lying(joint, float64(residuals[0].W), float64(residuals[0].H))
}

// lying fits grids to the autocorrelation of a residual, of whose lags those within a width and a height say something.
func (m *Marker) lying(e *Plane, wide, high float64) []Grid {
	var all []grid
	for _, a := range m.correlations(e) {
		near := a.spread()
		for _, g := range append(straight(near, wide, high), oblique(near, wide, high)...) {
			all = append(all, refined(a, g, wide, high))
		}
	}
	slices.SortStableFunc(all, func(a, b grid) int { return cmp.Compare(b.score, a.score) })
	var few []Grid
	for _, g := range all {
		s := g.scale()
		same := func(o Grid) bool { return math.Abs(o.xx-g.xx)+math.Abs(o.xy-g.xy) < 0.006*max(1, o.scale()) }
		if s > smallest*0.9 && s < largest*1.1 && !slices.ContainsFunc(few, same) {
			few = append(few, Grid{g})
		}
		if len(few) == tries {
			break
		}
	}
	return few
}

// Spectrum is that of a residual folded to a tile.
type Spectrum struct{ view *view }

// Fold folds a residual. Without a grid its tiles are upright and of their own size.
func (m *Marker) Fold(e *Plane, g *Grid) Spectrum {
	var f folding
	if g == nil {
		f.upright(e)
	} else {
		f.lying(e, g.grid)
	}
	return Spectrum{m.view(&f)}
}

// Joint is what was read in many spectra at once.
type Joint struct {
	Payload []byte  // nil when no mark of this key was found
	Score   float64 // of the pilots, in deviations
	Guess   int     // which of the guesses fits
	Mirror  bool
	Angle   float64 // by which frames are turned, clockwise, in degrees
}

const (
	jointly  = 5.2 // deviations from which a guess is worth decoding
	decoded  = 3   // guesses, the best ones
	screened = 32  // of them that are looked at closely
)

// Join reads spectra whose phases are guessed: a guess is the phase of each. Turned asks for all eight positions of a square, and
// otherwise for two. The result's Guess is −1 where nothing stands out.
func (m *Marker) Join(list []Spectrum, guesses [][]Phase, turned *Grid) Joint {
	all := poses(1)
	if turned != nil {
		all = poses(4)
	}
	var top []fitting
	for _, p := range all {
		top = m.guessed(top, list, guesses, p)
	}
	found := Joint{Guess: -1}
	for _, t := range top {
		payload := m.tried(&t, list, guesses[t.guess])
		found.Score = max(found.Score, t.score)
		if payload == nil {
			continue
		}
		found = Joint{Payload: payload, Score: t.score, Guess: t.guess, Mirror: t.pose.mirrored}
		if turned != nil {
			found.Angle = angle(turned.grid, t.pose)
		}
		break
	}
	return found
}

// tried decodes the spectra of a guess: each as much as the other, and then each as much as its own pilots say that is left of the
// mark in it, for some frames of a film are coded better than others.
func (m *Marker) tried(t *fitting, list []Spectrum, phases []Phase) []byte {
	weights := make([]float32, len(list))
	for i := range weights {
		weights[i] = 1
	}
	first := t.score
	for pass := range 2 {
		v := m.combined(list, phases, t.pose, weights)
		if t.score = first; pass > 0 {
			work := make([]complex64, tile*tile)
			for i, b := range m.pilots {
				work[b.at()] = m.product(v, t.pose, 0, i)
			}
			m.plan.Inverse(work)
			t.match = peaked(work, t.pose, tile)
		}
		m.sharpen(v, &t.match)
		if t.score < jointly {
			break
		}
		if payload, err := code.Decode(m.soft(v, t.match), m.size); err == nil {
			return payload
		}
		if pass > 0 || len(list) == 1 {
			break
		}
		for i, s := range list {
			weights[i] = max(m.left(s, phases[i], t.match), 0)
		}
	}
	return nil
}

// left is how much of the mark is in a spectrum, by its pilots, over what else is there.
func (m *Marker) left(s Spectrum, ph Phase, t match) float32 {
	sum := 0.0
	for i, b := range m.pilots {
		at := t.pose.of(b).at()
		turn := 2 * math.Pi * (float64(b.y)*(t.down+float64(ph.Down)) + float64(b.x)*(t.right+float64(ph.Right))) / tile
		sin, cos := math.Sincos(turn - m.phases[ph.Set][i])
		c := s.view.bins[at]
		sum += (float64(real(c))*cos - float64(imag(c))*sin) / math.Sqrt(float64(s.view.power[at]))
	}
	return float32(sum / float64(len(m.pilots)))
}

// fitting is a guess with the place where its pilots fit best.
type fitting struct {
	match
	guess int
}

// guessed correlates pilots under each guess, and keeps the best.
func (m *Marker) guessed(top []fitting, list []Spectrum, guesses [][]Phase, p pose) []fitting {
	n := len(m.pilots)
	given, noise := make([]complex64, len(list)*sets*n), make([]float32, n)
	for i, s := range list {
		for k, b := range m.pilots {
			at := p.of(b).at()
			w := 1 / float32(math.Sqrt(float64(s.view.power[at])))
			noise[k]++
			for set := range sets {
				sin, cos := math.Sincos(-m.phases[set][k])
				given[(i*sets+set)*n+k] = s.view.bins[at] * complex(w*float32(cos), w*float32(sin))
			}
		}
	}
	turns, sum := turns(), make([]complex64, n)
	correlated := func(guess int, plan *fourier.Plan, work []complex64, edge int) fitting {
		clear(sum)
		for i, ph := range guesses[guess] {
			row := given[(i*sets+ph.Set)*n:][:n]
			for k, b := range m.pilots {
				sum[k] += row[k] * turns[(b.y*ph.Down+b.x*ph.Right)&(tile-1)]
			}
		}
		clear(work)
		for k, b := range m.pilots {
			work[b.y&(edge-1)*edge+b.x&(edge-1)] = sum[k] * complex(1/float32(math.Sqrt(float64(noise[k])+1e-30)), 0)
		}
		plan.Inverse(work)
		return fitting{peaked(work, p, edge), guess}
	}
	var few []fitting // of the guesses, by every other pixel
	coarse, small := fourier.New(tile/2), make([]complex64, tile*tile/4)
	for guess := range guesses {
		few = keep(few, correlated(guess, coarse, small, tile/2), screened)
	}
	work := make([]complex64, tile*tile)
	for _, f := range few {
		top = keep(top, correlated(f.guess, m.plan, work, tile), decoded)
	}
	return top
}

// peaked is the place where a correlation is highest.
func peaked(work []complex64, p pose, edge int) match {
	at, power := 0, 0.0
	for i, c := range work {
		power += float64(real(c)) * float64(real(c))
		if real(c) > real(work[at]) {
			at = i
		}
	}
	return match{p, 0, float64(at / edge), float64(at % edge), float64(real(work[at])) / math.Sqrt(power/float64(edge*edge)+1e-30)}
}

// keep keeps the highest few, in order.
func keep(top []fitting, f fitting, most int) []fitting {
	i := len(top)
	for i > 0 && top[i-1].score < f.score {
		i--
	}
	if i >= most {
		return top
	}
	top = append(top, f)
	copy(top[i+1:], top[i:])
	top[i] = f
	return top[:min(len(top), most)]
}

// turns are the roots of one that a move by whole pixels turns frequencies by.
func turns() (list [tile]complex64) {
	for i := range list {
		s, c := math.Sincos(2 * math.Pi * float64(i) / tile)
		list[i] = complex(float32(c), float32(s))
	}
	return list
}

// combined brings all spectra to the phase zero and adds them up, each frequency of each as loud as the other.
func (m *Marker) combined(list []Spectrum, phases []Phase, p pose, weights []float32) *view {
	o, turns, in := &view{make([]complex64, tile*tile), make([]float32, tile*tile)}, turns(), make([]bool, tile*tile)
	put := func(b bin, pilot int) {
		at, sum := p.of(b).at(), complex64(0)
		for i, s := range list {
			ph := phases[i]
			v := s.view.bins[at] * complex(weights[i]/float32(math.Sqrt(float64(s.view.power[at]))), 0) * turns[(b.y*ph.Down+b.x*ph.Right)&(tile-1)]
			if pilot >= 0 {
				sin, cos := math.Sincos(m.phases[0][pilot] - m.phases[ph.Set][pilot])
				v *= complex(float32(cos), float32(sin))
			}
			sum += v
		}
		other := bin{-b.y, -b.x}
		back := p.of(other).at()
		o.bins[at], in[at] = sum, true
		o.bins[back], in[back] = complex(real(sum), -imag(sum)), true
	}
	for i, b := range m.pilots {
		put(b, i)
	}
	for _, b := range m.data {
		put(b, -1)
	}
	for y := range tile {
		for x := range tile {
			sum, n := float32(0), float32(0)
			for dy := -2; dy <= 2; dy++ {
				for dx := -2; dx <= 2; dx++ {
					if at := (bin{y + dy, x + dx}).at(); in[at] {
						c := o.bins[at]
						sum, n = sum+real(c)*real(c)+imag(c)*imag(c), n+1
					}
				}
			}
			o.power[bin{y, x}.at()] = sum/max(n, 1) + 1e-20
		}
	}
	return o
}
