package sight

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// tagOrientation says how a picture is laid down (Exif 2.32, 4.6.4).
const tagOrientation = 0x0112

// orientation is the EXIF orientation in a TIFF structure: in the directory at an offset or, where that is negative, in the
// first one. It is 1, which is upright, where there is none.
func orientation(block []byte, at int64) int {
	block = bytes.TrimPrefix(block, []byte("Exif\x00\x00"))
	if len(block) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if block[0] == 'M' {
		order = binary.BigEndian
	}
	if at < 0 {
		at = int64(order.Uint32(block[4:]))
	}
	if at+2 > int64(len(block)) {
		return 1
	}
	for range order.Uint16(block[at:]) {
		if at+14 > int64(len(block)) {
			break
		}
		if e := block[at+2:]; order.Uint16(e) == tagOrientation && order.Uint16(e[2:]) == 3 {
			if v := order.Uint16(e[8:]); v >= 1 && v <= 8 {
				return int(v)
			}
			break
		}
		at += 12
	}
	return 1
}

// jpegEXIF returns the EXIF block of a JPEG file (T.81 B.1; Exif 2.32, 4.7.2).
func jpegEXIF(data []byte) []byte {
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		marker, n := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xFF {
			at++
			continue
		}
		if marker == 0xDA || n < 2 || at+2+n > len(data) {
			break
		}
		if body := data[at+4 : at+2+n]; marker == 0xE1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return body
		}
		at += 2 + n
	}
	return nil
}

// upright returns a picture as it is shown.
func upright(img image.Image, orientation int) image.Image {
	if b, ok := img.(blocks); ok {
		return b.upright(orientation)
	}
	if orientation == 1 {
		return img
	}
	return &turned{img, orientation}
}

// turned is a picture with an EXIF orientation.
type turned struct {
	image.Image
	by int
}

// Bounds is the size as it is shown, from the origin.
func (t *turned) Bounds() image.Rectangle {
	size := t.Image.Bounds().Size()
	if t.by >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	return image.Rectangle{Max: size}
}

// At returns the pixel that is shown at a place.
func (t *turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	if t.by >= 5 {
		x, y = y, x
	}
	left, up := mirrored(t.by)
	if left {
		x = b.Dx() - 1 - x
	}
	if up {
		y = b.Dy() - 1 - y
	}
	return t.Image.At(b.Min.X+x, b.Min.Y+y)
}

// mirrored says which sides of a picture with an orientation are stored the other way round.
func mirrored(orientation int) (left, up bool) {
	switch orientation {
	case 2, 8:
		return true, false
	case 4, 6:
		return false, true
	case 3, 7:
		return true, true
	}
	return false, false
}

// quality is that of the small pictures.
const quality = 85

// small makes a JPEG picture for a reader of text.
func (g *gaze) small(img image.Image) []byte {
	if t, ok := img.(*turned); ok {
		img = &turned{reduce(t.Image, g.limits.Side), t.by}
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
