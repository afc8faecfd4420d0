package phash

import (
	"image"
	"image/color"
)

// side is what a picture is brought to in both directions, by leaving out and repeating pixels, where it is longer in
// either. The reference implementation does so because the filters are slow; so the time for a hash is bounded.
const side = 512

// sample is the brightness of a pixel, with the reference implementation's weights.
func sample(r, g, b uint8) float32 {
	return float32(float32(0.299)*float32(r)) + float32(float32(0.587)*float32(g)) + float32(float32(0.114)*float32(b))
}

// load takes the brightness of a picture into h.a, row after row, and returns its size, bounded by side. What is transparent
// stands on white.
func (h *Hasher) load(img image.Image) (width, height int) {
	box := img.Bounds()
	width, height = box.Dx(), box.Dy()
	if width > side || height > side {
		width, height = side, side
	}
	// The filters take four rows at a time.
	n := width * ((height + 3) &^ 3)
	if cap(h.a) < n {
		h.a, h.b = make([]float32, n), make([]float32, n)
	}
	h.a, h.b = h.a[:n], h.b[:n]
	clear(h.a[width*height:])
	h.x = h.x[:0]
	for x := range width {
		h.x = append(h.x, x*box.Dx()/width)
	}
	for y := range height {
		h.row(h.a[y*width:][:width], img, box.Min.X, box.Min.Y+y*box.Dy()/height)
	}
	return width, height
}

// row takes the brightness of a row of pixels, of those in columns h.x from left.
func (h *Hasher) row(to []float32, img image.Image, left, y int) {
	switch p := img.(type) {
	case *image.Gray:
		from := p.Pix[p.PixOffset(left, y):]
		for i, x := range h.x {
			to[i] = float32(from[x])
		}
	case *image.YCbCr:
		from := p.Y[p.YOffset(left, y):]
		for i, x := range h.x {
			c := p.COffset(left+x, y)
			to[i] = sample(color.YCbCrToRGB(from[x], p.Cb[c], p.Cr[c]))
		}
	case *image.RGBA:
		from := p.Pix[p.PixOffset(left, y):]
		for i, x := range h.x {
			c := from[4*x : 4*x+4 : 4*x+4]
			clear := 255 - c[3]
			to[i] = sample(c[0]+clear, c[1]+clear, c[2]+clear)
		}
	case *image.NRGBA:
		from := p.Pix[p.PixOffset(left, y):]
		for i, x := range h.x {
			c := from[4*x : 4*x+4 : 4*x+4]
			if c[3] == 255 {
				to[i] = sample(c[0], c[1], c[2])
			} else {
				to[i] = onWhite(p, left+x, y)
			}
		}
	default:
		for i, x := range h.x {
			to[i] = onWhite(img, left+x, y)
		}
	}
}

// onWhite is the brightness of a pixel of any colour model.
func onWhite(img image.Image, x, y int) float32 {
	r, g, b, a := img.At(x, y).RGBA()
	clear := 0xffff - a
	return sample(uint8((r+clear)>>8), uint8((g+clear)>>8), uint8((b+clear)>>8))
}
