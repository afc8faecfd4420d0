// Package fourier is the discrete Fourier transform of powers of two in single precision: lines, and squares of lines.
//
// Marks are read from the sums of many samples, so 24 bits are plenty, and half the memory is what matters.
//
// What not to do here: no other lengths, no tables that callers could change.
package fourier

import (
	"math"
	"math/bits"
)

// Plan transforms lines of one length. It is safe for use by many goroutines.
type Plan struct {
	n       int
	odd     bool // the number of halvings is
	stages  []stage
	reverse []uint32 // where each value goes first
}

// stage joins four lines of a size to one.
type stage struct{ first, second, third []complex64 }

// New returns the plan for lines of n values. It panics unless n is a power of two from 2 on.
func New(n int) *Plan {
	if n < 2 || n&(n-1) != 0 {
		panic("fourier: a length that is no power of two")
	}
	width := bits.Len(uint(n)) - 1
	p := &Plan{n: n, odd: width%2 == 1, reverse: make([]uint32, n)}
	for i := range p.reverse {
		p.reverse[i] = bits.Reverse32(uint32(i)) >> (32 - width)
	}
	turn := func(k, size int) complex64 {
		s, c := math.Sincos(-2 * math.Pi * float64(k) / float64(4*size))
		return complex(float32(c), float32(s))
	}
	size := 1
	if p.odd {
		size = 2
	}
	for ; size < n; size *= 4 {
		t := stage{make([]complex64, size), make([]complex64, size), make([]complex64, size)}
		for k := range size {
			t.first[k], t.second[k], t.third[k] = turn(k, size), turn(2*k, size), turn(3*k, size)
		}
		p.stages = append(p.stages, t)
	}
	return p
}

// Forward transforms a line in place, without a factor.
func (p *Plan) Forward(v []complex64) {
	v = v[:p.n]
	for i, r := range p.reverse {
		if int(r) > i {
			v[i], v[r] = v[r], v[i]
		}
	}
	if p.odd {
		for i := 0; i+1 < len(v); i += 2 {
			v[i], v[i+1] = v[i]+v[i+1], v[i]-v[i+1]
		}
	}
	for _, t := range p.stages {
		size := len(t.first)
		if size == 1 {
			for i := 0; i+3 < len(v); i += 4 {
				q := v[i : i+4 : i+4]
				s, d, x, y := q[0]+q[1], q[0]-q[1], q[2]+q[3], q[2]-q[3]
				y = complex(imag(y), -real(y))
				q[0], q[1], q[2], q[3] = s+x, d+y, s-x, d-y
			}
			continue
		}
		for from := 0; from < len(v); from += 4 * size {
			t.join(v[from:][:size], v[from+size:][:size], v[from+2*size:][:size], v[from+3*size:][:size])
		}
	}
}

func (t *stage) join(a, b, c, d []complex64) {
	b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
	first, second, third := t.first[:len(a)], t.second[:len(a)], t.third[:len(a)]
	for j, p := range a {
		q, r, o := b[j]*second[j], c[j]*first[j], d[j]*third[j]
		s, u, x, y := p+q, p-q, r+o, r-o
		y = complex(imag(y), -real(y))
		a[j], b[j], c[j], d[j] = s+x, u+y, s-x, u-y
	}
}

// Square transforms n lines of n values in place, in both directions, without a factor.
func (p *Plan) Square(v []complex64) {
	for range 2 {
		for y := range p.n {
			p.Forward(v[y*p.n:])
		}
		transpose(v, p.n)
	}
}

// Inverse is what undoes Square.
func (p *Plan) Inverse(v []complex64) {
	for i, c := range v {
		v[i] = complex(real(c), -imag(c))
	}
	p.Square(v)
	k := 1 / float32(p.n*p.n)
	for i, c := range v {
		v[i] = complex(real(c)*k, -imag(c)*k)
	}
}

// transpose turns lines into columns, by pieces that stay in the cache.
func transpose(v []complex64, n int) {
	side := min(n, 16)
	for top := 0; top < n; top += side {
		for left := top; left < n; left += side {
			for y := top; y < top+side; y++ {
				from := left
				if left == top {
					from = y + 1
				}
				for x := from; x < left+side; x++ {
					v[y*n+x], v[x*n+y] = v[x*n+y], v[y*n+x]
				}
			}
		}
	}
}
