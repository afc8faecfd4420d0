package coefficient

import (
	"fmt"
	"image"
	"math"

	"github.com/colophon-project/colophon/internal/media"
)

// Pixels decodes a region of the picture, cut off at its edges, and nothing else of it. The bounds of what it returns are
// the region's. The luminance is exact; chroma is repeated over the pixels of its samples.
func (p *Picture) Pixels(region image.Rectangle) (*image.RGBA, error) {
	region = region.Intersect(p.Bounds())
	if region.Empty() {
		return nil, media.Malformed("region", 0, "within the picture")
	}
	if err := p.survey(); err != nil {
		return nil, err
	}
	r := p.newRewriting()
	for i := range p.components {
		c := &p.components[i]
		r.patches[i].area = image.Rect(region.Min.X/(8*c.fx), region.Min.Y/(8*c.fy), ceil(region.Max.X, 8*c.fx), ceil(region.Max.Y, 8*c.fy))
	}
	if err := r.load(false); err != nil {
		return nil, err
	}
	planes := make([][]float32, len(p.components))
	for i := range planes {
		planes[i] = r.samples(i)
	}
	m := image.NewRGBA(region)
	samples := make([][]float32, len(planes)) // of a line, one for each pixel
	for i := range samples {
		samples[i] = make([]float32, region.Dx())
	}
	for y := region.Min.Y; y < region.Max.Y; y++ {
		for i := range planes {
			c, area := &p.components[i], r.patches[i].area
			if y > region.Min.Y && y%c.fy != 0 {
				continue // as the line above
			}
			widen(samples[i], planes[i][(y/c.fy-8*area.Min.Y)*8*area.Dx():], region.Min.X, 8*area.Min.X, c.fx)
		}
		p.model.line(m.Pix[m.PixOffset(region.Min.X, y):], samples)
	}
	return m, nil
}

// widen repeats samples, of which the first is the one at from, over the pixels from left on.
func widen(out, samples []float32, left, from, fx int) {
	switch fx {
	case 1:
		copy(out, samples[left-from:])
	case 2:
		for x := range out {
			out[x] = samples[(left+x)>>1-from]
		}
	default:
		for x := range out {
			out[x] = samples[(left+x)/fx-from]
		}
	}
}

// line turns the samples of a line into pixels.
func (m model) line(out []byte, samples [][]float32) {
	var v [4]float32
	switch m {
	case grey:
		for x, light := range samples[0] {
			b := clip(light)
			o := out[4*x:][:4]
			o[0], o[1], o[2], o[3] = b, b, b, 255
		}
	case yCbCr:
		cb, cr := samples[1], samples[2]
		for x, light := range samples[0] {
			o := out[4*x:][:4]
			u, w := cb[x]-128, cr[x]-128
			if u == 0 && w == 0 {
				b := clip(light)
				o[0], o[1], o[2], o[3] = b, b, b, 255
				continue
			}
			o[0], o[1], o[2], o[3] = clip(light+1.402*w), clip(light-0.344136286*u-0.714136286*w), clip(light+1.772*u), 255
		}
	default:
		for x := range samples[0] {
			for i := range samples {
				v[i] = samples[i][x]
			}
			red, green, blue := m.colour(v)
			o := out[4*x:][:4]
			o[0], o[1], o[2], o[3] = clip(red), clip(green), clip(blue), 255
		}
	}
}

// samples returns those of a component's blocks, line by line.
func (r *rewriting) samples(i int) []float32 {
	area := r.patches[i].area
	f := factors(r.components[i].quant)
	stride := 8 * area.Dx()
	plane := make([]float32, stride*8*area.Dy())
	var block [64]float32
	for by := area.Min.Y; by < area.Max.Y; by++ {
		for bx := area.Min.X; bx < area.Max.X; bx++ {
			coef, mask := r.stores[i].at(bx, by)
			to := plane[(by-area.Min.Y)*8*stride+(bx-area.Min.X)*8:]
			if *mask&^1 == 0 { // even
				v := min(max(float32(coef[0])*f[0]+128, 0), 255)
				for y := range 8 {
					line := to[y*stride:][:8]
					for x := range line {
						line[x] = v
					}
				}
				continue
			}
			for k, at := range zigzag {
				block[at] = float32(coef[k]) * f[k]
			}
			inverse(&block)
			for y := range 8 {
				line, from := to[y*stride:][:8], block[8*y:][:8]
				for x, v := range from {
					line[x] = min(max(v+128, 0), 255)
				}
			}
		}
	}
	return plane
}

// Whole is a picture whose coefficients are all decoded. It is not for concurrent use.
type Whole struct {
	*Picture
	r     *rewriting
	store store // of the luminance, which Alter changes
}

// Whole decodes the coefficients of all blocks.
func (p *Picture) Whole() (*Whole, error) {
	if err := p.lit(); err != nil {
		return nil, err
	}
	if err := p.survey(); err != nil {
		return nil, err
	}
	r := p.newRewriting()
	if err := r.load(true); err != nil {
		return nil, err
	}
	return &Whole{Picture: p, r: r, store: r.stores[0]}, nil
}

// lit refuses pictures whose first component is no luminance at full size.
func (p *Picture) lit() error {
	if c := &p.components[0]; p.model != grey && p.model != yCbCr || c.fx*c.fy != 1 {
		return media.Unsupported("SOF", 0, "a luminance of the picture's size")
	}
	return nil
}

// Blocks is how many blocks of luminance the picture has, across and down.
func (w *Whole) Blocks() (across, down int) { return w.components[0].bw, w.components[0].bh }

// Steps is the luminance's table of quantisation. Nobody may change it.
func (w *Whole) Steps() *[64]uint16 { return w.components[0].quant }

// Alter plans the file with other coefficients of luminance. Change is called for each of its blocks, line by line, with the
// quantised coefficients in zigzag order, and MUST report whether it changed them; values beyond those of 8-bit samples are cut
// off. All else of the picture stays as it is, and so do the tables where they have all the codes.
func (w *Whole) Alter(change func(x, y int, block *[64]int16) bool) (*media.Edit, Touched, error) {
	r := w.newRewriting()
	copy(r.stores, w.r.stores)
	r.whole, r.altered = true, true
	st := w.store
	st.coef, st.mask = append([]int16(nil), st.coef...), append([]uint64(nil), st.mask...)
	r.stores[0] = st
	touched := Touched{}
	across, down := w.Blocks()
	for y := range down {
		for x := range across {
			block, mask := st.at(x, y)
			if !change(x, y, block) {
				continue
			}
			touched.Blocks++
			touched.Area = touched.Area.Union(image.Rect(8*x, 8*y, 8*x+8, 8*y+8))
			block[0] = min(max(block[0], minDC), lastDC)
			*mask = 0
			for k, v := range block {
				if v != 0 {
					block[k] = max(v, -maxAC)
					*mask |= 1 << k
				}
			}
		}
	}
	touched.Area = touched.Area.Intersect(w.Bounds())
	splices, err := r.splices()
	if err != nil {
		return nil, Touched{}, err
	}
	touched.Tables = r.tables
	edit, err := media.Splices(w.src, splices...)
	return edit, touched, err
}

// Light is the luminance of a picture at a part of its size.
type Light struct {
	W, H int // rounded up
	Pix  []float32
}

// Light returns the luminance with sides divided by 1, 2, 4 or 8, from as many of the low frequencies as it takes. Of a
// sequential picture the others are skipped, and nothing is kept.
func (p *Picture) Light(divisor int) (*Light, error) {
	if err := p.lit(); err != nil {
		return nil, err
	}
	d, err := newReducer(p, divisor)
	if err != nil {
		return nil, err
	}
	if p.progressive || p.surveyed {
		w, err := p.Whole()
		if err != nil {
			return nil, err
		}
		return w.Light(divisor)
	}
	for _, s := range p.scans {
		if s.parts[0] != 0 {
			continue
		}
		p.unstuff(s)
		lanes := p.lanes(s)
		for i := range s.intervals {
			if err := p.reduceScan(s, &s.intervals[i], lanes, d); err != nil {
				return nil, err
			}
		}
		s.clean = nil
	}
	return d.out, nil
}

// Light is like that of Picture, from the coefficients that are there.
func (w *Whole) Light(divisor int) (*Light, error) {
	d, err := newReducer(w.Picture, divisor)
	if err != nil {
		return nil, err
	}
	across, down := w.Blocks()
	for y := range down {
		for x := range across {
			block, mask := w.store.at(x, y)
			d.block(x, y, block, *mask)
		}
	}
	return d.out, nil
}

// reduceScan reads an interval of a sequential scan for its luminance.
func (p *Picture) reduceScan(s *scan, v *interval, lanes []lane, d *reducer) error {
	m := mark{mcu: v.first, pos: 8 * v.from}
	limit := 8 * v.to
	var block [64]int16
	mx, my := m.mcu%s.mw, m.mcu/s.mw
	for ; m.mcu < v.limit; m.mcu++ {
		for i := range lanes {
			l := &lanes[i]
			diff, pos, ok := readDiff(l.dc, s.clean, m.pos)
			value := m.pred[l.part] + diff
			if !ok || value >= maxDC || value < -maxDC {
				return p.damaged(s, v, m.pos, "DC coefficient")
			}
			m.pred[l.part] = value
			if l.part != 0 {
				pos = skipFrom(l.ac, l.skip, s.clean, pos, 1)
			} else {
				mask := uint64(0)
				pos, mask = readLow(l, s.clean, pos, d.last, &block)
				block[0] = int16(value)
				d.block(mx*l.w+l.dx, my*l.h+l.dy, &block, mask)
				if mask != 0 {
					clear(block[1 : d.last+1])
				}
			}
			if m.pos = pos; pos < 0 || pos > limit {
				return p.damaged(s, v, max(0, pos), "AC coefficients of a block")
			}
		}
		if mx++; mx == s.mw {
			mx, my = 0, my+1
		}
	}
	return nil
}

// readLow reads the AC coefficients of a block up to the last one of interest, and goes over the others.
func readLow(l *lane, b []byte, pos, last int, block *[64]int16) (next int, mask uint64) {
	k := 1
	for k <= last {
		w := window(b, pos)
		value, length := l.ac.decode(w)
		if length == 0 {
			return -1, 0
		}
		n := uint(value & 15)
		pos += int(length + n)
		switch {
		case n != 0:
			if k += int(value >> 4); k > 63 {
				return -1, 0
			}
			if k <= last {
				mask |= 1 << k
				block[k] = int16(signed(w<<length, n))
			}
			k++
		case value == 0xF0:
			k += 16
		default:
			return pos, mask
		}
	}
	switch {
	case k > 64:
		return -1, 0
	case k == 64:
		return pos, mask
	}
	return skipFrom(l.ac, l.skip, b, pos, k), mask
}

// reducer makes samples of blocks: of n by n low frequencies as many samples.
type reducer struct {
	out    *Light
	n      int
	last   int         // coefficient, in zigzag order, that is made use of
	factor [64]float32 // of each, in zigzag order
	place  [64]int     // of each in a block of n by n; -1 for those left out
	basis  [8][8]float32
}

func newReducer(p *Picture, divisor int) (*reducer, error) {
	if divisor != 1 && divisor != 2 && divisor != 4 && divisor != 8 {
		return nil, fmt.Errorf("coefficient: a divisor of %d, not 1, 2, 4 or 8", divisor)
	}
	c := &p.components[0]
	if need, have := c.bw*c.bh/8, p.end; need > have { // a block takes a bit at least
		return nil, media.Truncated("entropy-coded data", int64(p.scans[0].at), int64(need), int64(have))
	}
	d := &reducer{n: 8 / divisor, out: &Light{W: ceil(p.width, divisor), H: ceil(p.height, divisor)}}
	d.out.Pix = make([]float32, d.out.W*d.out.H)
	plain := factors(c.quant)
	for k, at := range zigzag {
		d.place[k] = -1
		if at>>3 >= d.n || at&7 >= d.n {
			continue
		}
		d.last, d.place[k] = k, at>>3*d.n+at&7
		if d.factor[k] = float32(c.quant[k]) * float32(d.n) / 8; d.n == 8 {
			d.factor[k] = plain[k]
		}
	}
	for u := range d.n {
		k := math.Sqrt(2 / float64(d.n))
		if u == 0 {
			k = math.Sqrt(1 / float64(d.n))
		}
		for x := range d.n {
			d.basis[u][x] = float32(k * math.Cos(float64(2*x+1)*float64(u)*math.Pi/float64(2*d.n)))
		}
	}
	return d, nil
}

// block puts the samples of a block where they belong; what lies beyond the picture is cut off.
func (d *reducer) block(bx, by int, coef *[64]int16, mask uint64) {
	left, top := bx*d.n, by*d.n
	wide, high := min(d.n, d.out.W-left), min(d.n, d.out.H-top)
	if wide <= 0 || high <= 0 { // of the last MCU
		return
	}
	if mask&^1 == 0 || d.n == 1 {
		v := min(max(float32(coef[0])*d.factor[0]/float32(d.n)+128, 0), 255)
		if d.n == 8 {
			v = min(max(float32(coef[0])*d.factor[0]+128, 0), 255)
		}
		for y := range high {
			line := d.out.Pix[(top+y)*d.out.W+left:][:wide]
			for x := range line {
				line[x] = v
			}
		}
		return
	}
	var values [64]float32
	for k := 0; k <= d.last; k++ {
		if d.place[k] >= 0 {
			values[d.place[k]] = float32(coef[k]) * d.factor[k]
		}
	}
	n := d.n
	if n == 8 {
		inverse(&values)
	} else {
		var lines [16]float32
		for v := range n { // along lines
			for u := range n {
				if k := values[v*n+u]; k != 0 {
					for x := range n {
						lines[v*n+x] += k * d.basis[u][x]
					}
				}
			}
		}
		clear(values[:n*n])
		for v := range n {
			for y := range n {
				k := d.basis[v][y]
				for x := range n {
					values[y*n+x] += k * lines[v*n+x]
				}
			}
		}
	}
	for y := range high {
		line, from := d.out.Pix[(top+y)*d.out.W+left:][:wide], values[y*n:][:n]
		for x := range line {
			line[x] = min(max(from[x]+128, 0), 255)
		}
	}
}
