package coefficient

import (
	"image"
	"image/draw"
	"math"
)

// Values that quantised coefficients of 8-bit samples can have.
const (
	maxAC  = 1023
	minDC  = -1024
	lastDC = 1023
)

// mix makes a sample of a component, less 128, from a colour: it is linear in premultiplied red, green, blue and alpha.
type mix struct{ r, g, b, a float32 }

var (
	mixY  = mix{0.299, 0.587, 0.114, -128}
	mixCb = mix{-0.168735892, -0.331264108, 0.5, 0}
	mixCr = mix{0.5, -0.418687589, -0.081312411, 0}
)

// mixes returns how the components of a model are made. Those of inks take cyan, magenta and yellow for red, green and
// blue; the black one is made apart.
func (m model) mixes() []mix {
	switch m {
	case rgb:
		return []mix{{1, 0, 0, -128}, {0, 1, 0, -128}, {0, 0, 1, -128}}
	case cmyk: // 255 − ink
		return []mix{{-1, 0, 0, 127}, {0, -1, 0, 127}, {0, 0, -1, 127}, {}}
	}
	return []mix{mixY, mixCb, mixCr, {}}
}

// paint changes the coefficients of the touched blocks.
func (r *rewriting) paint(area image.Rectangle, plate image.Image, shift image.Point) {
	mixes := r.model.mixes()
	for i := range r.components {
		c := &r.components[i]
		b := &brush{c: c, p: &r.patches[i], store: r.stores[i], model: r.model, black: i == 3, mix: mixes[i], factors: factors(c.quant)}
		for k, f := range b.factors {
			b.inverses[k] = 1 / (64 * f)
		}
		n := b.p.area.Dx() * b.p.area.Dy()
		b.p.coef, b.p.mask = make([]int16, n*64), make([]uint64, n)
		for by := b.p.area.Min.Y; by < b.p.area.Max.Y; by++ {
			strip := area.Intersect(image.Rect(area.Min.X, by*8*c.fy, area.Max.X, (by+1)*8*c.fy))
			b.gather(strip, premultiplied(plate, strip, shift), r.Bounds(), by)
			b.row(by)
		}
	}
}

// premultiplied returns the pixels of the plate over an area of the picture. shift leads from the picture to the plate.
func premultiplied(plate image.Image, area image.Rectangle, shift image.Point) *image.RGBA {
	if m, ok := plate.(*image.RGBA); ok {
		return m.SubImage(area.Add(shift)).(*image.RGBA)
	}
	m := image.NewRGBA(image.Rect(0, 0, area.Dx(), area.Dy()))
	draw.Draw(m, m.Rect, plate, area.Min.Add(shift), draw.Src)
	return m
}

// brush paints one component, one row of blocks at a time.
type brush struct {
	c        *component
	p        *patch
	store    store
	model    model
	black    bool
	mix      mix
	factors  [64]float32 // of inverse
	inverses [64]float32 // of forward

	value, alpha []float32 // of the samples of a row of blocks: alpha times (colour − 128), and alpha from 0 to 1
	pixels       []float32 // the same of one line of pixels, in turn
}

// gather averages the plate's pixels over the samples of a row of blocks.
func (b *brush) gather(area image.Rectangle, m *image.RGBA, bounds image.Rectangle, by int) {
	c, stride := b.c, b.p.area.Dx()*8
	if b.value == nil {
		b.value, b.alpha = make([]float32, stride*8), make([]float32, stride*8)
		b.pixels = make([]float32, 2*area.Dx())
	}
	clear(b.value)
	clear(b.alpha)
	left := b.p.area.Min.X * 8
	for y := range area.Dy() {
		b.line(m.Pix[y*m.Stride:][:4*area.Dx()])
		at := ((area.Min.Y+y)/c.fy - by*8) * stride
		if c.fx == 1 {
			for x := range area.Dx() {
				b.value[at+area.Min.X+x-left] += b.pixels[2*x]
				b.alpha[at+area.Min.X+x-left] += b.pixels[2*x+1]
			}
			continue
		}
		for x := range area.Dx() {
			to := at + (area.Min.X+x)/c.fx - left
			b.value[to] += b.pixels[2*x]
			b.alpha[to] += b.pixels[2*x+1]
		}
	}
	if c.fx*c.fy > 1 {
		b.average(bounds, by, left, stride)
	}
	b.stretch(by, left, stride)
}

// average divides the sums by the number of pixels of a sample, which is less at the picture's edges.
func (b *brush) average(bounds image.Rectangle, by, left, stride int) {
	c := b.c
	for y := range 8 {
		high := min(c.fy, bounds.Max.Y-(by*8+y)*c.fy)
		for x := range stride {
			if n := high * min(c.fx, bounds.Max.X-(left+x)*c.fx); n > 1 {
				b.value[y*stride+x] /= float32(n)
				b.alpha[y*stride+x] /= float32(n)
			}
		}
	}
}

// stretch repeats the last samples of the picture over the rest of their blocks, which nobody sees but the transform.
func (b *brush) stretch(by, left, stride int) {
	wide, high := b.c.width-left, b.c.height-by*8
	for _, plane := range [][]float32{b.value, b.alpha} {
		for y := range 8 {
			if y >= high {
				copy(plane[y*stride:(y+1)*stride], plane[(high-1)*stride:high*stride])
				continue
			}
			for x := wide; x < stride; x++ {
				plane[y*stride+x] = plane[y*stride+wide-1]
			}
		}
	}
}

// line turns a line of pixels into values and alphas of the component.
func (b *brush) line(pix []byte) {
	m := b.mix
	inks := b.model == cmyk || b.model == ycck
	for i, out := 0, b.pixels; i < len(pix); i, out = i+4, out[2:] {
		if i > 0 && [4]byte(pix[i:]) == [4]byte(pix[i-4:]) { // plates have large even parts
			out[0], out[1] = b.pixels[i/2-2], b.pixels[i/2-1]
			continue
		}
		red, green, blue, alpha := float32(pix[i]), float32(pix[i+1]), float32(pix[i+2]), float32(pix[i+3])
		out[1] = alpha / 255
		if inks {
			light := max(red, green, blue)
			if b.black {
				out[0] = light - alpha*(128.0/255) // 255 − ink, times alpha
				continue
			}
			if light == 0 {
				red, green, blue = 0, 0, 0
			} else {
				red, green, blue = (light-red)/light*alpha, (light-green)/light*alpha, (light-blue)/light*alpha
			}
		}
		out[0] = m.r*red + m.g*green + m.b*blue + m.a*out[1]
	}
}

// row paints a row of blocks.
func (b *brush) row(by int) {
	stride := b.p.area.Dx() * 8
	for bx := b.p.area.Min.X; bx < b.p.area.Max.X; bx++ {
		old, was := b.store.at(bx, by)
		fresh, mask := b.p.at(bx, by)
		from := (bx - b.p.area.Min.X) * 8
		opaque, bare := true, true
		for y := range 8 {
			for _, a := range b.alpha[y*stride+from:][:8] {
				opaque = opaque && a > 0.9999
				bare = bare && a == 0
			}
		}
		if bare {
			*fresh, *mask = *old, *was
			continue
		}
		b.block(old, fresh, stride, from, opaque)
		for k, v := range fresh {
			if v != 0 {
				*mask |= 1 << k
			}
		}
	}
}

// block adds the transform of a(P−C) to the coefficients of a block, or sets them where nothing shines through.
func (b *brush) block(old, fresh *[64]int16, stride, from int, opaque bool) {
	var samples, base [64]float32
	if !opaque {
		for k, at := range zigzag {
			samples[at] = float32(old[k]) * b.factors[k]
			base[k] = float32(old[k])
		}
		inverse(&samples)
	}
	for y := range 8 {
		value, alpha := b.value[y*stride+from:][:8], b.alpha[y*stride+from:][:8]
		for x := range 8 {
			if opaque {
				samples[8*y+x] = value[x]
			} else {
				samples[8*y+x] = value[x] - alpha[x]*samples[8*y+x]
			}
		}
	}
	if opaque && even(&samples) {
		*fresh = [64]int16{int16(min(max(math.Round(float64(64*samples[0]*b.inverses[0])), minDC), lastDC))}
		return
	}
	forward(&samples)
	for k, at := range zigzag {
		v := base[k] + samples[at]*b.inverses[k]
		n := int(v + 0.5)
		if v < 0 {
			n = int(v - 0.5)
		}
		if k == 0 {
			fresh[0] = int16(min(max(n, minDC), lastDC))
		} else {
			fresh[k] = int16(min(max(n, -maxAC), maxAC))
		}
	}
}

// even reports whether all samples of a block are the same.
func even(samples *[64]float32) bool {
	for _, v := range samples {
		if v != samples[0] {
			return false
		}
	}
	return true
}
