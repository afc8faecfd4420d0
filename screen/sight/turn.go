package sight

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"

	"golang.org/x/image/draw"

	"github.com/colophon-project/colophon/internal/picture/upright"
)

// asShown returns a picture as it is shown.
func asShown(img image.Image, orientation int) image.Image {
	if b, ok := img.(blocks); ok {
		return b.upright(orientation)
	}
	return upright.Show(img, orientation)
}

// quality is that of the small pictures.
const quality = 85

// small makes a JPEG picture for a reader of text.
func (g *gaze) small(img image.Image) []byte {
	if t, ok := img.(*upright.Turned); ok {
		img = &upright.Turned{Image: reduce(t.Image, g.limits.Side), By: t.By}
	} else if p, ok := img.(*image.YCbCr); !ok || max(p.Rect.Dx(), p.Rect.Dy()) > g.limits.Side {
		img = reduce(img, g.limits.Side)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil // a picture of no pixels
	}
	return b.Bytes()
}

// reduce brings a picture to a length of at most side, on white. What is more than twice as long is brought near by taking
// means; the rest is interpolated.
func reduce(img image.Image, side int) *image.RGBA {
	size := img.Bounds().Size()
	if k := max(size.X, size.Y) / side; k > 1 {
		img = means(img, k)
	}
	b := img.Bounds()
	longest := max(side, b.Dx(), b.Dy())
	to := image.NewRGBA(image.Rect(0, 0, max(1, b.Dx()*side/longest), max(1, b.Dy()*side/longest)))
	draw.Draw(to, to.Rect, image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(to, to.Rect, img, b, draw.Over, nil)
	return to
}

// means makes one pixel of each k×k, but for those over the right and lower edge.
func means(img image.Image, k int) image.Image {
	b := img.Bounds()
	deep, ok := img.(image.RGBA64Image)
	if !ok {
		deep = slow{img}
	}
	to := image.NewRGBA(image.Rect(0, 0, max(1, b.Dx()/k), max(1, b.Dy()/k)))
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			var sum [4]uint64
			n := uint64(0)
			for v := b.Min.Y + y*k; v < min(b.Min.Y+(y+1)*k, b.Max.Y); v++ {
				for u := b.Min.X + x*k; u < min(b.Min.X+(x+1)*k, b.Max.X); u++ {
					c := deep.RGBA64At(u, v)
					sum[0], sum[1], sum[2], sum[3] = sum[0]+uint64(c.R), sum[1]+uint64(c.G), sum[2]+uint64(c.B), sum[3]+uint64(c.A)
					n++
				}
			}
			for i, s := range sum {
				to.Pix[to.PixOffset(x, y)+i] = uint8(s / n >> 8)
			}
		}
	}
	return to
}

// slow is a picture that has no quicker way to its pixels.
type slow struct{ image.Image }

// RGBA64At returns a pixel.
func (s slow) RGBA64At(x, y int) color.RGBA64 {
	r, g, b, a := s.At(x, y).RGBA()
	return color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(a)}
}
