package coefficient

import (
	"image"

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
