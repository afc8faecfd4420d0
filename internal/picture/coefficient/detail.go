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
	var v [4]float32
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			for i := range p.components {
				c := &p.components[i]
				v[i] = c.mean(x/c.fx, y/c.fy)
			}
			red, green, blue := p.model.colour(v)
			o := m.Pix[y*m.Stride+4*x:]
			o[0], o[1], o[2], o[3] = clip(red), clip(green), clip(blue), 255
		}
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
		return (255 - red) * v[3] / 255, (255 - green) * v[3] / 255, (255 - blue) * v[3] / 255
	}
	return red, green, blue
}

func clip(v float32) byte { return byte(min(max(v+0.5, 0), 255)) }

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
