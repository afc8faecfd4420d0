package picture

import (
	"cmp"
	"math"
	"slices"
)

const (
	side     = 1024 // of what is correlated with itself, in pixels
	reach    = 300  // of lags that say roughly how tiles lie
	farther  = 500  // of those that say it exactly
	smallest = 0.28 // sides of tiles, over those they were made with
	largest  = 2.6
	tries    = 6 // grids
)

// grid says how tiles lie: where a pixel to the right in a tile goes (xx, yx), and one down (xy, yy).
type grid struct {
	xx, xy, yx, yy float64
	score          float64
}

// turned is the grid of a scale and an angle.
func turned(scale, angle float64) grid {
	s, c := math.Sincos(angle)
	return grid{xx: scale * c, xy: -scale * s, yx: scale * s, yy: scale * c}
}

func (g grid) scale() float64 { return math.Sqrt(math.Abs(g.xx*g.yy - g.xy*g.yx)) }

// place is where the tile at a lag begins.
func (g grid) place(l lag) (x, y float64) {
	u, v := tile*float64(l.across), tile*float64(l.down)
	return g.xx*u + g.xy*v, g.yx*u + g.yy*v
}

// lag is a number of tiles. Of two opposite ones, one is enough.
type lag struct{ across, down int }

func lags(n int) (list []lag) {
	for i := -n; i <= n; i++ {
		for j := 0; j <= n; j++ {
			if j > 0 || i > 0 {
				list = append(list, lag{i, j})
			}
		}
	}
	return list
}

// lattice returns how tiles may lie in a residual, the likeliest first.
func (m *Marker) lattice(e *Plane) []grid {
	var all []grid
	for _, a := range m.correlations(e) {
		near := a.spread()
		wide, high := float64(e.W), float64(e.H)
		for _, g := range append(straight(near, wide, high), oblique(near, wide, high)...) {
			all = append(all, refined(a, g, wide, high))
		}
	}
	slices.SortStableFunc(all, func(a, b grid) int { return cmp.Compare(b.score, a.score) })
	var few []grid
	for _, g := range all {
		s := g.scale()
		same := func(o grid) bool { return math.Abs(o.xx-g.xx)+math.Abs(o.xy-g.xy) < 0.006*max(1, o.scale()) }
		if s > smallest*0.9 && s < largest*1.1 && !slices.ContainsFunc(few, same) {
			few = append(few, g)
		}
		if len(few) == tries {
			break
		}
	}
	return few
}

const (
	margin = 18              // how far the means around a place reach
	most   = side * 45 / 100 // frequencies
)

// correlations are the residual's with itself, in deviations, with lag 0 in the middle: one over the frequencies of tiles of about
// their size and below, and one over those of large ones. Long lines of the picture, which run along the axes, are left out.
//
// All that is transformed here is real and even, so half of each plane is enough: columns for frequencies, lines for lags.
func (m *Marker) correlations(e *Plane) []*Plane {
	v := m.columns(e)
	power := NewPlane(side, most+2*margin) // of columns from −margin on, with frequency 0 in the middle of each
	for x := range most + margin {
		row, column := power.row(margin+x), v[x*side:][:side]
		for i, c := range column {
			row[i^side/2] = real(c)*real(c) + imag(c)*imag(c)
		}
	}
	for x := 1; x <= margin; x++ {
		mirrored(power.row(margin-x), power.row(margin+x))
	}
	around := power.blur(4, 4, 5)
	for x := range most {
		own, smooth, column := power.row(margin+x), around.row(margin+x), v[x*side:][:side]
		for i := range column {
			at := i ^ side/2
			column[i] = shares(own[at], smooth[at], float64(at-side/2), float64(x))
		}
		m.wide.Forward(column)
	}
	one, two, line := NewPlane(side, side), NewPlane(side, side), make([]complex64, side)
	for y := range min(side/2, e.H) {
		clear(line)
		for x := range most {
			line[x] = v[x*side+y]
			line[-x&(side-1)] = v[x*side+-y&(side-1)]
		}
		m.wide.Forward(line)
		first, second := one.row(side/2+y), two.row(side/2+y)
		for i, c := range line {
			first[i^side/2], second[i^side/2] = real(c), imag(c)
		}
	}
	one.deviations()
	two.deviations()
	return []*Plane{one, two}
}

// columns is the transform of a residual: the columns of frequencies across from 0 on, half of all.
func (m *Marker) columns(e *Plane) []complex64 {
	v, line := make([]complex64, side/2*side), make([]complex64, side)
	wide, high := min(e.W, side), min(e.H, side)
	for y := 0; y < high; y += 2 { // two real lines in one transform
		clear(line)
		for x, r := range e.row(y)[:wide] {
			line[x] = complex(r, 0)
		}
		if y+1 < high {
			for x, r := range e.row(y + 1)[:wide] {
				line[x] += complex(0, r)
			}
		}
		m.wide.Forward(line)
		for x := range side / 2 {
			a, b := line[x], line[-x&(side-1)]
			v[x*side+y] = complex((real(a)+real(b))/2, (imag(a)-imag(b))/2)
			if y+1 < side {
				v[x*side+y+1] = complex((imag(a)+imag(b))/2, (real(b)-real(a))/2)
			}
		}
	}
	for x := range most + margin {
		m.wide.Forward(v[x*side:][:side])
	}
	return v
}

// shares are what a frequency gives to both correlations: its own power over that around it.
func shares(own, smooth float32, fy, fx float64) complex64 {
	own = min(own, 8*smooth)
	if math.Abs(fy) <= 3 || fx <= 3 {
		own = smooth
	}
	own /= smooth + 1e-3
	var first, second float32
	f := (fy*fy + fx*fx) / (side * side)
	if f > 0.015*0.015 && f < 0.45*0.45 {
		k := f / (0.2 * 0.2)
		first = own / float32(1+k*k)
	}
	if f > 0.02*0.02 && f < 0.13*0.13 {
		second = own
	}
	return complex(first, second)
}

// mirrored fills a line with what stands opposite of another one, through the middle of the plane.
func mirrored(to, from []float32) {
	to[0] = from[0] // which has no opposite
	for i := 1; i < len(to); i++ {
		to[i] = from[len(from)-i]
	}
}

// even fills the upper half with what stands opposite.
func (p *Plane) even() {
	for y := 1; y < side/2; y++ {
		mirrored(p.row(side/2-y), p.row(side/2+y))
	}
	copy(p.row(0), p.row(1))
}

// deviations takes away what is around each place and divides by the deviation of the middle.
func (p *Plane) deviations() {
	p.even()
	around := (&Plane{W: side, H: side/2 + margin, Pix: p.Pix[(side/2-margin)*side:]}).blur(5, 6, 6)
	low := p.Pix[side/2*side:]
	for i, v := range around.Pix[margin*side:] {
		low[i] -= v
	}
	power := 0.0
	for y := range reach {
		for _, v := range p.row(side/2 + y)[side/2-reach : side/2+reach] {
			power += float64(v * v)
		}
	}
	k := float32(1 / math.Sqrt(power/(2*reach*reach)+1e-30))
	for i, v := range low {
		low[i] = min(max(v*k, -4), 8)
	}
	p.even()
}

// spread gives each place the highest value of the nine around it, less the mean of such values.
func (p *Plane) spread() *Plane {
	lines, o := NewPlane(p.W, p.H), NewPlane(p.W, p.H)
	for y := side/2 - 1; y < side; y++ {
		from, to := p.row(y), lines.row(y)
		for x := 1; x < side-1; x++ {
			to[x] = max(from[x-1], from[x], from[x+1])
		}
	}
	sum := float32(0)
	for y := side / 2; y < side; y++ {
		a, b, c, to := lines.row(y-1), lines.row(y), lines.row(min(y+1, side-1)), o.row(y)
		for x := range to {
			to[x] = max(a[x], b[x], c[x])
		}
		if y < side/2+reach {
			for _, v := range to[side/2-reach : side/2+reach] {
				sum += v
			}
		}
	}
	low := o.Pix[side/2*side:]
	for i := range low {
		low[i] -= sum / (2 * reach * reach)
	}
	o.even()
	return o
}

// fit is how high a correlation is at the tiles of a grid, in deviations of such a sum. Places beyond a distance, or where little
// of the picture lies on itself, don't count.
func fit(a *Plane, g grid, list []lag, wide, high, distance float64) float64 {
	sum, n := float32(0), 0
	wide, high = min(wide, side/2-8), min(high, side/2-8)
	for _, l := range list {
		x, y := g.place(l)
		if math.Abs(x) >= wide || math.Abs(y) >= high || x*x+y*y >= distance*distance {
			continue
		}
		sum += a.Pix[(side/2+int(math.Round(y)))*side+side/2+int(math.Round(x))]
		n++
	}
	if n == 0 {
		return 0
	}
	return float64(sum) / math.Sqrt(float64(n))
}

// straight looks for tiles that were not turned: there are few such grids, so that weak ones stand out.
func straight(a *Plane, wide, high float64) []grid {
	const step, keep, apart = 0.002, 4, 6
	n, list := int(math.Log(largest/smallest)/step), lags(12)
	scores := make([]float32, n)
	at := func(i int) grid { return turned(smallest*math.Exp(float64(i)*step), 0) }
	for i := range scores {
		scores[i] = float32(fit(a, at(i), list, wide*0.8, high*0.8, 2*farther))
	}
	var found []grid
	for _, i := range peaks(scores, n, 1, keep, apart) {
		found = append(found, at(i))
	}
	return found
}

// oblique looks for tiles at any angle up to half a quarter. In a plane of angles and logarithms of distances, each tile of a grid stands
// at the same place of all grids, moved by the angle and the scale: so all are looked at by adding up moved planes.
func oblique(a *Plane, wide, high float64) []grid {
	const step, angle, keep, apart = 0.008, 0.4 * math.Pi / 180, 40, 3
	const fine = 2 // places to a step, and to an angle
	n, turns := int(math.Log(largest/smallest)/step), int(math.Pi/2/angle)
	half := int(math.Round(math.Pi/angle)) * fine // places to a half turn, behind which all is as before
	distances := int(math.Log(reach/(smallest*tile))/step*fine) + 1
	wide, high = min(wide*0.75, side/2-8), min(high*0.75, side/2-8)
	// Lines hold first the angles at even places, then those at odd ones, each with as many of the next half turn as are looked at.
	line := half/2 + turns
	values, there := make([]float32, distances*2*line), make([]float32, distances*2*line)
	sines := make([][2]float64, half)
	for j := range sines {
		sines[j][0], sines[j][1] = math.Sincos(float64(j) * angle / fine)
	}
	for i := range distances {
		r := smallest * tile * math.Exp(float64(i)*step/fine)
		row, has := values[i*2*line:][:2*line], there[i*2*line:][:2*line]
		for j, s := range sines {
			if x, y := r*s[1], r*s[0]; math.Abs(x) < wide && y < high {
				v := a.Pix[(side/2+int(y+0.5))*side+side/2+int(math.Floor(x+0.5))]
				for k := j / 2; k < line; k += half / 2 {
					row[j%2*line+k], has[j%2*line+k] = v, 1
				}
			}
		}
	}
	sums, counts := make([]float32, n*turns), make([]float32, n*turns)
	for _, l := range lags(5) {
		up := int(math.Round(math.Log(math.Hypot(float64(l.across), float64(l.down))) / step * fine))
		on := int(math.Round((math.Atan2(float64(l.down), float64(l.across))-math.Pi/4)/angle*fine)) + half
		from := on%2*line + on%half/2
		for i := range min(n, (distances-up+1)/fine) {
			row, has := values[(fine*i+up)*2*line+from:][:turns], there[(fine*i+up)*2*line+from:][:turns]
			to, count := sums[i*turns:][:turns], counts[i*turns:][:turns]
			for j, v := range row {
				to[j] += v
			}
			for j, v := range has {
				count[j] += v
			}
		}
	}
	for i, c := range counts {
		if c > 0 {
			sums[i] /= float32(math.Sqrt(float64(c)))
		}
	}
	var found []grid
	for _, i := range peaks(sums, n, turns, keep, apart) {
		found = append(found, turned(smallest*math.Exp(float64(i/turns)*step), -math.Pi/4+float64(i%turns)*angle))
	}
	return found
}

// peaks takes the highest of a table of n lines, none of them near a higher one.
func peaks(scores []float32, n, width, keep, apart int) []int {
	list, best := make([]int, 0, keep), make([]int, n) // of each line the place of the highest
	highest := func(y int) {
		row := scores[y*width:][:width]
		best[y] = y * width
		for x, v := range row {
			if v > scores[best[y]] {
				best[y] = y*width + x
			}
		}
	}
	for y := range n {
		highest(y)
	}
	for range keep {
		top := 0
		for _, i := range best {
			if scores[i] > scores[top] {
				top = i
			}
		}
		list = append(list, top)
		for y := max(0, top/width-apart); y <= min(n-1, top/width+apart); y++ {
			for x := max(0, top%width-apart); x <= min(width-1, top%width+apart); x++ {
				scores[y*width+x] = float32(math.Inf(-1))
			}
			highest(y)
		}
	}
	return list
}

// refined fits a grid to the peaks near its places, by least squares, first to the near ones.
func refined(a *Plane, g grid, wide, high float64) grid {
	list := lags(12)
	wide, high = min(wide*0.8, side/2-8), min(high*0.8, side/2-8)
	for _, pass := range []struct {
		distance float64
		window   int
	}{{250, 3}, {400, 2}, {700, 2}} {
		var p, q, norm float64 // of x = p·u − q·v, y = q·u + p·v
		for _, l := range list {
			x, y := g.place(l)
			if math.Abs(x) >= wide || math.Abs(y) >= high || math.Hypot(x, y) >= pass.distance {
				continue
			}
			px, py, height := a.peak(int(math.Round(x)), int(math.Round(y)), pass.window)
			k := max(float64(height)-1, 0.01)
			u, v := tile*float64(l.across), tile*float64(l.down)
			p += k * k * (u*px + v*py)
			q += k * k * (u*py - v*px)
			norm += k * k * (u*u + v*v)
		}
		if norm == 0 {
			break
		}
		g.xx, g.xy, g.yx, g.yy = p/norm, -q/norm, q/norm, p/norm
	}
	g.score = fit(a, g, list, wide, high, farther)
	return g
}

// peak is the highest place in a window around a lag.
func (p *Plane) peak(x, y, window int) (px, py float64, height float32) {
	height = float32(math.Inf(-1))
	for dy := -window; dy <= window; dy++ {
		for dx := -window; dx <= window; dx++ {
			if v := p.Pix[(side/2+y+dy)*side+side/2+x+dx]; v > height {
				px, py, height = float64(x+dx), float64(y+dy), v
			}
		}
	}
	return px, py, height
}
