package picture

import (
	"math"
	"math/cmplx"

	"github.com/colophon-project/colophon/watermark/internal/code"
)

// pose is how a picture was turned: mirrored first, or not, then by quarters.
type pose struct {
	mirrored bool
	quarters int
}

// of says where a frequency went.
func (p pose) of(b bin) bin {
	if p.mirrored {
		b.x = -b.x
	}
	for range p.quarters {
		b.y, b.x = b.x, -b.y
	}
	return b
}

func poses(quarters int) []pose {
	var list []pose
	for q := range quarters {
		list = append(list, pose{false, q}, pose{true, q})
	}
	return list
}

// match is where pilots were found.
type match struct {
	pose        pose
	set         int
	down, right float64 // how far the tile was moved, in its pixels
	score       float64 // deviations
}

// best returns the match with the highest score of all poses and sets.
func (m *Marker) best(v *view, list []pose) match {
	top := match{score: -1}
	work := make([]complex64, tile*tile)
	for _, p := range list {
		weighed := m.weighed(v, p)
		for set := 0; set < sets; set += 2 {
			clear(work)
			for part, turn := range []complex64{1, 1i} { // two real correlations in one transform
				phases := m.turns[set+part]
				for i, b := range m.pilots {
					c := weighed[i] * phases[i]
					work[b.at()] += turn * c
					work[bin{-b.y, -b.x}.at()] += turn * conj(c)
				}
			}
			m.plan.Inverse(work)
			for part, t := range highest2(work) {
				if t.score > top.score {
					top = match{p, set + part, t.down, t.right, t.score}
				}
			}
		}
	}
	if top.score > unlikely-1 {
		m.sharpen(v, &top)
	}
	return top
}

func conj(c complex64) complex64 { return complex(real(c), -imag(c)) }

// weighed is what a picture has at the pilots' frequencies, with equal weight for all of them.
func (m *Marker) weighed(v *view, p pose) []complex64 {
	list := make([]complex64, len(m.pilots))
	for i, b := range m.pilots {
		at := p.of(b).at()
		list[i] = v.bins[at] * complex(1/float32(math.Sqrt(float64(v.power[at]))), 0)
	}
	return list
}

// highest2 finds where the real and the imaginary part of a correlation are highest.
func highest2(work []complex64) (list [2]match) {
	var at [2]int
	var top, power [2]float32
	for i, c := range work {
		a, b := real(c), imag(c)
		power[0] += a * a
		power[1] += b * b
		if a > top[0] {
			at[0], top[0] = i, a
		}
		if b > top[1] {
			at[1], top[1] = i, b
		}
	}
	for i := range list {
		list[i] = match{down: float64(at[i] / tile), right: float64(at[i] % tile), score: float64(top[i]) / math.Sqrt(float64(power[i])/(tile*tile)+1e-30)}
	}
	return list
}

// product is what a pilot and the picture have in common, with equal weight for all pilots.
func (m *Marker) product(v *view, p pose, set, i int) complex64 {
	at := p.of(m.pilots[i]).at()
	s, c := math.Sincos(m.phases[set][i])
	return v.bins[at] * complex(float32(c), float32(-s)) * complex(1/float32(math.Sqrt(float64(v.power[at]))), 0)
}

// sharpen finds the move to a sixteenth of a pixel.
func (m *Marker) sharpen(v *view, t *match) {
	list := make([]complex128, len(m.pilots))
	for i := range list {
		list[i] = complex128(m.product(v, t.pose, t.set, i))
	}
	fit := func(down, right float64) (sum float64) {
		for i, b := range m.pilots {
			sum += real(list[i] * cmplx.Rect(1, 2*math.Pi*(float64(b.y)*down+float64(b.x)*right)/tile))
		}
		return sum
	}
	first := fit(t.down, t.right)
	top := first
	for step := 0.5; step > 0.05; step /= 2 {
		y, x := t.down, t.right
		for _, d := range [8][2]float64{{-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, -1}, {1, 0}, {1, 1}} {
			if f := fit(y+d[0]*step, x+d[1]*step); f > top {
				top, t.down, t.right = f, y+d[0]*step, x+d[1]*step
			}
		}
	}
	t.score *= top / first
}

// soft are the values of the code bits. Each bin counts as much as the pilots around its frequency say that is left of the mark,
// over what else is there.
func (m *Marker) soft(v *view, t match) []float32 {
	moved := func(b bin) (complex128, float64) {
		at := t.pose.of(b).at()
		return complex128(v.bins[at]) * cmplx.Rect(1, 2*math.Pi*(float64(b.y)*t.down+float64(b.x)*t.right)/tile), 1 / float64(v.power[at])
	}
	var fit, weight [rings]float64
	for i, b := range m.pilots {
		value, w := moved(b)
		fit[ring(b)] += real(value*cmplx.Rect(1, -m.phases[t.set][i])) * w
		weight[ring(b)] += w
	}
	var left [rings]float64
	for i := range left {
		f, w := fit[i], weight[i]
		for _, j := range []int{i - 1, i + 1} {
			if j >= 0 && j < rings {
				f, w = f+fit[j]/2, w+weight[j]/2
			}
		}
		left[i] = max(f/(w+1e-30), 0)
	}
	list := make([]float32, code.Length(m.size))
	for i, b := range m.data {
		value, w := moved(b)
		w *= left[ring(b)]
		list[m.place[2*i]] += float32(real(value)*w) * m.sign[2*i]
		list[m.place[2*i+1]] += float32(imag(value)*w) * m.sign[2*i+1]
	}
	return list
}

// ring is the part of the band in which a frequency lies.
func ring(b bin) int {
	return min(rings-1, int((b.frequency()-lowest)/(highest-lowest)*rings))
}

// read finds the payload in a view, if there is one.
func (m *Marker) read(v *view, list []pose) (match, []byte) {
	t := m.best(v, list)
	if t.score < unlikely {
		return t, nil
	}
	payload, err := code.Decode(m.soft(v, t), m.size)
	if err != nil {
		return t, nil
	}
	return t, payload
}
