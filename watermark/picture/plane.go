package picture

import "math"

// Plane is the luma of a picture, line by line, from 0 to 255.
type Plane struct {
	W, H int
	Pix  []float32
	Full int // pixels of the picture that it was made of, where whoever made it says so
}

// NewPlane returns a black plane.
func NewPlane(w, h int) *Plane { return &Plane{W: w, H: h, Pix: make([]float32, w*h)} }

func (p *Plane) row(y int) []float32 { return p.Pix[y*p.W : y*p.W+p.W] }

// Resize returns the plane with other sides: means of two by two while it is far too large, then a cubic filter that is as wide
// as what it takes together.
func (p *Plane) Resize(w, h int) *Plane {
	for p.W >= 4*w && p.H >= 4*h {
		p = p.halve()
	}
	return p.Sized(w, h, float64(p.W), float64(p.H))
}

// Sized returns the plane with other sides, of which it shows a picture that is wide and high in its own samples: the last ones may
// stand for less than the others.
func (p *Plane) Sized(w, h int, wide, high float64) *Plane {
	if p.W == w && p.H == h {
		return p
	}
	across, down := weights(p.W, wide, w), weights(p.H, high, h)
	lines, o := NewPlane(w, p.H), NewPlane(w, h)
	for y := range p.H {
		from, to := p.row(y), lines.row(y)
		for x, t := range across {
			sum, part := float32(0), from[t.from:]
			for i, k := range t.weights {
				sum += part[i] * k
			}
			to[x] = sum
		}
	}
	for y, t := range down {
		to := o.row(y)
		for i, k := range t.weights {
			for x, v := range lines.row(t.from + i) {
				to[x] += k * v
			}
		}
	}
	return o
}

func (p *Plane) halve() *Plane {
	o := NewPlane(p.W/2, p.H/2)
	for y := range o.H {
		a, b, to := p.row(2*y), p.row(2*y+1), o.row(y)
		for x := range to {
			to[x] = (a[2*x] + a[2*x+1] + b[2*x] + b[2*x+1]) / 4
		}
	}
	return o
}

// taps are what one new sample is made of.
type taps struct {
	from    int
	weights []float32
}

// weights are the taps of an axis on which n samples become m that are extent of them apart in all.
func weights(n int, extent float64, m int) []taps {
	step := extent / float64(m)
	wide := max(1, step)
	list := make([]taps, m)
	for i := range list {
		middle := (float64(i)+0.5)*step - 0.5
		from, to := min(n-1, max(0, int(math.Ceil(middle-2*wide)))), min(n-1, int(math.Floor(middle+2*wide)))
		w, sum := make([]float32, to-from+1), float32(0)
		for j := range w {
			w[j] = cubic((float64(from+j) - middle) / wide)
			sum += w[j]
		}
		for j := range w {
			w[j] /= sum
		}
		list[i] = taps{from, w}
	}
	return list
}

// cubic is the kernel of Keys with a = −1/2 ("Cubic convolution interpolation for digital image processing", 1981).
func cubic(x float64) float32 {
	switch x = math.Abs(x); {
	case x < 1:
		return float32((1.5*x-2.5)*x*x + 1)
	case x < 2:
		return float32(((2.5-0.5*x)*x-4)*x + 2)
	}
	return 0
}

// blur returns the plane behind boxes of the widths 2r+1, one after the other: two or three are much like a Gaussian.
func (p *Plane) blur(radii ...int) *Plane {
	o, lines := NewPlane(p.W, p.H), NewPlane(p.W, p.H)
	for _, r := range radii {
		p.across(lines, min(r, p.W-1))
		lines.down(o, min(r, p.H-1))
		p = o
	}
	return o
}

// across takes the means along lines; beyond its ends a line goes on as it ended.
func (p *Plane) across(o *Plane, r int) {
	padded, k := make([]float32, p.W+2*r+1), 1/float32(2*r+1)
	for y := range p.H {
		from, to := p.row(y), o.row(y)
		for i := range r {
			padded[i], padded[r+p.W+i] = from[0], from[p.W-1]
		}
		copy(padded[r:], from)
		sum := float32(0)
		for _, v := range padded[:2*r+1] {
			sum += v
		}
		comes, leaves := padded[2*r+1:], padded
		comes, leaves = comes[:len(to)], leaves[:len(to)]
		for x := range to {
			to[x] = sum * k
			sum += comes[x] - leaves[x]
		}
	}
}

// down takes the means along columns.
func (p *Plane) down(o *Plane, r int) {
	k, sum := 1/float32(2*r+1), make([]float32, p.W)
	for x, v := range p.row(0) {
		sum[x] = v * float32(r)
	}
	for y := range r {
		for x, v := range p.row(y) {
			sum[x] += v
		}
	}
	for y := range p.H {
		comes, leaves, to := p.row(min(y+r, p.H-1)), p.row(max(y-r, 0)), o.row(y)
		comes, leaves, to = comes[:len(sum)], leaves[:len(sum)], to[:len(sum)]
		for x, v := range sum {
			v += comes[x]
			to[x], sum[x] = v*k, v-leaves[x]
		}
	}
}
