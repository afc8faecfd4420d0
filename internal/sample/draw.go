package sample

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"

	libwebp "github.com/gen2brain/webp"
	scaling "golang.org/x/image/draw"
)

// drawing is a picture that was made from words: bands of colour, and a sun.
type drawing struct{ *image.RGBA }

// draw draws a picture of a size. The words choose its colours, nothing else.
func draw(said string, width, height int) drawing {
	h := fnv.New64a()
	_, _ = h.Write([]byte(said)) // it never fails
	seed := h.Sum64()
	d := drawing{image.NewRGBA(image.Rect(0, 0, width, height))}
	hue, step := float64(seed%360), float64(20+seed/360%60)
	for y := range height {
		band := float64(5 * y / height)
		light := 0.45 + 0.2*float64(y)/float64(height)
		c := shade(hue+band*step, 0.5, light)
		for x := range width {
			d.SetRGBA(x, y, c)
		}
	}
	cx, cy, r := width/4+int(seed>>32%uint64(width/2+1)), height/3, min(width, height)/8
	sun := shade(hue+180, 0.8, 0.8)
	for y := cy - r; y <= cy+r; y++ {
		for x := cx - r; x <= cx+r; x++ {
			if (x-cx)*(x-cx)+(y-cy)*(y-cy) <= r*r && image.Pt(x, y).In(d.Rect) {
				d.SetRGBA(x, y, sun)
			}
		}
	}
	return d
}

// over draws the bands over the lower third of another picture.
func (d drawing) over(other image.Image) drawing {
	size := d.Rect
	scaling.ApproxBiLinear.Scale(d, image.Rect(0, 0, size.Dx(), size.Dy()*2/3), other, other.Bounds(), scaling.Src, nil)
	return d
}

// shade is a colour by its hue in degrees, saturation and lightness.
func shade(hue, saturation, light float64) color.RGBA {
	part := func(n float64) uint8 {
		k := math.Mod(n+hue/30, 12)
		v := light - saturation*min(light, 1-light)*max(-1, min(k-3, 9-k, 1))
		return uint8(math.Round(255 * v))
	}
	return color.RGBA{R: part(0), G: part(8), B: part(4), A: 255}
}

func (d drawing) png() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, d); err != nil {
		panic(err) // it has a size, and a buffer takes everything
	}
	return b.Bytes()
}

// encode writes the drawing in a format: png, jpeg or webp.
func (d drawing) encode(format string) ([]byte, error) {
	var b bytes.Buffer
	switch format {
	case "", "png":
		return d.png(), nil
	case "jpeg":
		err := jpeg.Encode(&b, d, &jpeg.Options{Quality: 90})
		return b.Bytes(), err
	case "webp":
		err := libwebp.Encode(&b, d, libwebp.Options{Quality: 90, Method: 2})
		return b.Bytes(), err
	}
	return nil, bad("output_format", "output_format is png, jpeg or webp")
}
