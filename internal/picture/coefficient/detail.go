package coefficient

import (
	"image"
	"math"
	"math/bits"

	"github.com/colophon-project/colophon/internal/media"
)

// Detail says how much is to be seen in a region. It compares regions of one picture; the numbers depend on the quality
// that the picture was coded with.
type Detail struct {
	Bits      float64 // coded bits of the luminance for a pixel: edges and texture cost, calm areas do not
	Mean      float64 // luminance, 0 to 255
	Deviation float64 // standard deviation of the luminance between blocks
}

// Thumbnail returns the picture at an eighth of its size, rounded up, from the means of the blocks. Nobody may change it.
func (p *Picture) Thumbnail() (*image.RGBA, error) {
	if err := p.survey(); err != nil {
		return nil, err
	}
	if p.thumbnail == nil {
		p.thumbnail = p.reduce()
	}
	return p.thumbnail, nil
}

// reduce makes a pixel of each 8×8 pixels of the picture.
func (p *Picture) reduce() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, ceil(p.width, 8), ceil(p.height, 8)))
	samples := make([][]float32, len(p.components))
	for i := range samples {
		samples[i] = make([]float32, m.Rect.Dx())
	}
	for y := range m.Rect.Dy() {
		for i := range p.components {
			c := &p.components[i]
			if by := y / c.fy; y%c.fy == 0 {
				line := samples[i]
				for x := range line {
					line[x] = c.mean(x/c.fx, by)
				}
			}
		}
		p.model.line(m.Pix[y*m.Stride:], samples)
	}
	return m
}

// mean is the mean of a block's samples.
func (c *component) mean(bx, by int) float32 {
	at := by*c.sw + bx
	if c.coef != nil {
		return float32(c.coef[at*64])*float32(c.quant[0])/8 + 128
	}
	return float32(c.dc[at])*float32(c.quant[0])/8 + 128
}

// colour turns samples into red, green and blue.
func (m model) colour(v [4]float32) (red, green, blue float32) {
	switch m {
	case grey:
		return v[0], v[0], v[0]
	case rgb:
		return v[0], v[1], v[2]
	case cmyk:
		return v[0] * v[3] / 255, v[1] * v[3] / 255, v[2] * v[3] / 255
	}
	cb, cr := v[1]-128, v[2]-128
	red, green, blue = v[0]+1.402*cr, v[0]-0.344136286*cb-0.714136286*cr, v[0]+1.772*cb
	if m == ycck {
		ink := func(light float32) float32 { return min(max(255-light, 0), 255) * v[3] / 255 }
		return ink(red), ink(green), ink(blue)
	}
	return red, green, blue
}

func clip(v float32) byte {
	n := int(v + 0.5)
	switch {
	case n < 0:
		return 0
	case n > 255:
		return 255
	}
	return byte(n)
}

// Sample measures the detail of a region in pixels, which is cut off at the picture's edges.
func (p *Picture) Sample(region image.Rectangle) (Detail, error) {
	region = region.Intersect(p.Bounds())
	if region.Empty() {
		return Detail{}, media.Malformed("region", 0, "within the picture")
	}
	m, err := p.Thumbnail()
	if err != nil {
		return Detail{}, err
	}
	var d Detail
	area := image.Rect(region.Min.X/8, region.Min.Y/8, ceil(region.Max.X, 8), ceil(region.Max.Y, 8))
	sum, squares := 0.0, 0.0
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			o := m.Pix[y*m.Stride+4*x:]
			light := 0.299*float64(o[0]) + 0.587*float64(o[1]) + 0.114*float64(o[2])
			sum += light
			squares += light * light
		}
	}
	n := float64(area.Dx() * area.Dy())
	d.Mean = sum / n
	d.Deviation = math.Sqrt(max(0, squares/n-d.Mean*d.Mean))
	d.Bits = p.components[0].cost(region)
	return d, nil
}

// cost is how many bits a pixel of a region takes in a component.
func (c *component) cost(region image.Rectangle) float64 {
	wide, high := 8*c.fx, 8*c.fy
	area := image.Rect(region.Min.X/wide, region.Min.Y/high, ceil(region.Max.X, wide), ceil(region.Max.Y, high))
	total := 0
	for by := area.Min.Y; by < area.Max.Y; by++ {
		for bx := area.Min.X; bx < area.Max.X; bx++ {
			if c.coef == nil {
				total += int(c.bits[by*c.sw+bx])
				continue
			}
			for _, v := range c.at(bx, by)[1:] {
				if v != 0 {
					total += 4 + bits.Len16(uint16(max(v, -v))) // a usual code and the value
				}
			}
		}
	}
	return float64(total) / float64(area.Dx()*area.Dy()*wide*high)
}
