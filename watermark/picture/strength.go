package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/watermark"
)

// CodeNotMarkable says that a picture bears no mark that would be found again.
const CodeNotMarkable = watermark.CodeNotMarkable

const (
	// Usual is the distance of a marked picture from what it was, in dB of peak signal over noise.
	Usual = 42.0
	// Weakest is the distance up to which the mark is made stronger where it would not be found again.
	Weakest = 38.0

	louder = 0.5 // dB, from one try to the next
)

// Options of a mark.
type Options struct {
	PSNR    float64   // dB; 0 for Usual
	Weakest float64   // dB; 0 for Weakest
	Random  [8]uint16 // decides which pilots are used and how far tiles are moved; the same picture twice gets others
}

// Mark is what to add to the luma of a picture.
type Mark struct {
	PSNR  float64 // dB, of what is added
	Score float64 // of the pilots, in deviations, after the light attack
	delta *Plane  // of the canonical size
}

// Plane is what to add to a picture of w by h pixels.
func (k *Mark) Plane(w, h int) *Plane { return k.delta.Resize(w, h) }

// Mark makes the mark of a payload for a picture. It is as strong as the options say, or stronger where it would not be found again;
// where even the strongest would not, the error has CodeNotMarkable.
func (m *Marker) Mark(y *Plane, payload []byte, o Options) (*Mark, error) {
	if o.PSNR == 0 {
		o.PSNR = Usual
	}
	if o.Weakest == 0 {
		o.Weakest = Weakest
	}
	fail := func(at float64) error {
		return &colophon.Error{Kind: colophon.Unsupported, Code: CodeNotMarkable, Args: colophon.Args{"ratio": strconv.FormatFloat(at, 'f', 1, 64)}}
	}
	if min(y.W, y.H) < minEdge {
		return nil, fail(o.PSNR)
	}
	w, h := canonical(y.W, y.H)
	c := y.Resize(w, h)
	unit := m.unit(c, payload, o.Random)
	for at := o.PSNR; at >= o.Weakest; at -= louder {
		k := &Mark{PSNR: at, delta: unit.times(float32(255 / math.Pow(10, at/20)))}
		marked := c.plus(k.delta)
		if score, ok := m.Holds(marked, payload); ok {
			k.Score = score
			return k, nil
		}
	}
	return nil, fail(o.Weakest)
}

// unit is the mark of deviation 1 for a picture of the canonical size.
func (m *Marker) unit(c *Plane, payload []byte, random [8]uint16) *Plane {
	fine := c.blur(1, 1, 1)
	for i, v := range c.Pix {
		d := v - fine.Pix[i]
		fine.Pix[i] = d * d
	}
	d, near := fine.blur(2, 2, 3), fine.blur(1, 1)
	for i, v := range near.Pix {
		d.Pix[i] = min(d.Pix[i], v) // calm places beside edges bear little
	}
	t := m.pattern(payload, int(random[0]%sets), float64(random[1])*tile/65536, float64(random[2])*tile/65536)
	power := 0.0
	for y := range d.H {
		row, line := d.row(y), t[y%tile*tile:][:tile]
		for x, v := range row {
			row[x] = m.bear.of(v) * line[x%tile]
			power += float64(row[x]) * float64(row[x])
		}
	}
	return d.times(float32(1 / math.Sqrt(power/float64(len(d.Pix))+1e-30)))
}

func (p *Plane) times(k float32) *Plane {
	o := NewPlane(p.W, p.H)
	for i, v := range p.Pix {
		o.Pix[i] = v * k
	}
	return o
}

// plus adds a mark to a picture, whose samples stay whole numbers from 0 to 255.
func (p *Plane) plus(d *Plane) *Plane {
	o := NewPlane(p.W, p.H)
	for i, v := range p.Pix {
		o.Pix[i] = float32(int(min(max(v+d.Pix[i], 0), 255) + 0.5))
	}
	return o
}

// Louder makes the mark for a picture again, one step further from what the picture was, or fails as Mark does.
func (m *Marker) Louder(y *Plane, payload []byte, o Options, k *Mark) (*Mark, error) {
	o.PSNR = k.PSNR - louder
	return m.Mark(y, payload, o)
}

// Holds looks for a mark in the middle quarter of a picture of the canonical size, and in the picture at half its size after JPEG. What
// is found there is found elsewhere, too.
func (m *Marker) Holds(marked *Plane, payload []byte) (score float64, ok bool) {
	half := func() *Plane {
		return marked.Resize((marked.W+1)/2, (marked.H+1)/2).compressed(75).Resize(marked.W, marked.H)
	}
	for i, p := range []func() *Plane{marked.middle, half} {
		var f folding
		f.upright(m.residual(p()))
		t, found := m.read(m.view(&f), poses(1)[:1])
		if !bytes.Equal(found, payload) || t.pose.mirrored {
			return t.score, false
		}
		if i == 0 || t.score < score {
			score = t.score
		}
	}
	return score, true
}

// middle is the middle quarter.
func (p *Plane) middle() *Plane {
	o := NewPlane((p.W+1)/2, (p.H+1)/2)
	for y := range o.H {
		copy(o.row(y), p.row(y + p.H/4)[p.W/4:])
	}
	return o
}

// compressed is the plane after JPEG.
func (p *Plane) compressed(quality int) *Plane {
	g := image.NewGray(image.Rect(0, 0, p.W, p.H))
	for i, v := range p.Pix {
		g.Pix[i] = uint8(min(max(v, 0), 255) + 0.5)
	}
	var b bytes.Buffer
	o := NewPlane(p.W, p.H)
	if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: quality}); err != nil {
		return o // a picture without anything, in which nothing is found
	}
	decoded, err := jpeg.Decode(&b)
	if g, ok := decoded.(*image.Gray); ok && err == nil {
		for y := range o.H {
			for x, v := range g.Pix[y*g.Stride:][:o.W] {
				o.row(y)[x] = float32(v)
			}
		}
	}
	return o
}
