package picture

import "math"

// clipped is the largest value of a residual, so that no single place says much.
const clipped = 30

// residual is what a picture has besides what it shows: fine detail, whitened, counted the less the more of it there is.
func (m *Marker) residual(y *Plane) *Plane {
	fine := y.blur(2, 2, 2)
	power := NewPlane(y.W, y.H)
	for i, v := range y.Pix {
		d := v - fine.Pix[i]
		fine.Pix[i], power.Pix[i] = d, d*d
	}
	for i, v := range power.blur(4, 4).Pix {
		fine.Pix[i] = min(max(fine.Pix[i]*m.fade.of(v), -clipped), clipped)
	}
	return fine
}

// gains is a function of a power, in steps of 1/128 of an octave of the power and one.
type gains [24 * 128]float32

// tabled fills the table of a function of a deviation.
func tabled(f func(deviation float64) float64) *gains {
	var t gains
	for i := range t {
		t[i] = float32(f(math.Sqrt(math.Exp2((float64(i)+0.5)/128) - 1)))
	}
	return &t
}

// of looks a power up by the bits of its floating point number.
func (t *gains) of(power float32) float32 {
	b := math.Float32bits(max(power, 0) + 1)
	return t[min(int(b>>16)-127*128, len(t)-1)]
}

// folding adds up what lies at the same place of tiles.
type folding struct {
	sum, count [tile * tile]float32
}

// upright folds a residual whose tiles are upright and of their own size.
func (f *folding) upright(e *Plane) {
	for y := range e.H {
		sums, counts := f.sum[y%tile*tile:][:tile], f.count[y%tile*tile:][:tile]
		for x, v := range e.row(y) {
			sums[x%tile] += v
			counts[x%tile]++
		}
	}
}

// lying folds a residual whose tiles lie as a grid says; what is 0 does not count. Places are rounded to halves of pixels of the tile.
func (f *folding) lying(e *Plane, g grid) {
	const one = 1 << 16
	const round = tile*one - 1
	const fine = 2 * tile
	fixed := func(v float64) int { return int(math.Round(v * one)) }
	d := g.xx*g.yy - g.xy*g.yx
	right, down := [2]float64{g.yy / d, -g.yx / d}, [2]float64{-g.xy / d, g.xx / d} // in tiles' pixels, across and down
	stepX, stepY := fixed(right[0]), fixed(right[1])
	var sum, count [fine * fine]float32
	for y := range e.H {
		u, v := fixed(down[0]*float64(y))+one/4, fixed(down[1]*float64(y))+one/4
		for _, r := range e.row(y) {
			if r != 0 {
				at := (v&round)/(one/2)*fine + (u&round)/(one/2)
				sum[at] += r
				count[at]++
			}
			u, v = u+stepX, v+stepY
		}
	}
	for y := range fine {
		for x := range fine {
			at := y*fine + x
			if count[at] == 0 {
				continue
			}
			part := float32(1)
			for _, odd := range [2]int{y % 2, x % 2} {
				if odd == 1 { // half to each neighbour
					part /= 2
				}
			}
			for dy := range 1 + y%2 {
				for dx := range 1 + x%2 {
					to := (y/2+dy)%tile*tile + (x/2+dx)%tile
					f.sum[to] += part * sum[at]
					f.count[to] += part * count[at]
				}
			}
		}
	}
}

// view is the spectrum of a folded residual.
type view struct {
	bins  []complex64
	power []float32 // around each bin
}

func (m *Marker) view(f *folding) *view {
	v := &view{make([]complex64, tile*tile), make([]float32, tile*tile)}
	for i, n := range f.count {
		if n > 0.5 {
			v.bins[i] = complex(f.sum[i]/float32(math.Sqrt(float64(n))), 0)
		}
	}
	m.plan.Square(v.bins)
	own := make([]float32, tile*tile)
	for i, c := range v.bins {
		own[i] = real(c)*real(c) + imag(c)*imag(c)
	}
	for y := range tile {
		for x := range tile {
			sum := float32(0)
			for dy := -2; dy <= 2; dy++ {
				for dx := -2; dx <= 2; dx++ {
					sum += own[bin{y + dy, x + dx}.at()]
				}
			}
			v.power[bin{y, x}.at()] = sum/25 + 1e-6
		}
	}
	return v
}
