package sight_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

// drawn is a picture of overlapping boxes and slopes that is the same everywhere. Another seed gives another picture.
func drawn(seed uint32, width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	state := seed*7919 + 1
	next := func() int {
		state = state*1664525 + 1013904223
		return int(state >> 16)
	}
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for range 25 {
		x, y, w, h := next()%width, next()%height, 1+next()%(1+width/2), 1+next()%(1+height/2)
		c, slope := color.NRGBA{uint8(next()), uint8(next()), uint8(next()), 255}, next()%200
		for v := y; v < min(height, y+h); v++ {
			for u := x; u < min(width, x+w); u++ {
				light := uint8(slope * (u - x) / w)
				img.SetNRGBA(u, v, color.NRGBA{c.R/2 + light/2, c.G/2 + light/2, c.B/2 + light/2, 255})
			}
		}
	}
	return img
}

func hash(img image.Image) phash.Hash {
	var h phash.Hasher
	hash, _ := h.Hash(img)
	return hash
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// asTIFF makes an uncompressed file of pages, each with its orientation.
func asTIFF(orientation int, pages ...image.Image) []byte {
	order := binary.BigEndian
	out := []byte("MM\x00*\x00\x00\x00\x00")
	link := 4
	for _, img := range pages {
		size := img.Bounds().Size()
		pixels := image.NewNRGBA(image.Rectangle{Max: size})
		draw.Draw(pixels, pixels.Rect, img, img.Bounds().Min, draw.Src)
		strip := len(out)
		for i := 0; i < len(pixels.Pix); i += 4 {
			out = append(out, pixels.Pix[i:i+3]...)
		}
		depth := len(out)
		out = append(out, 0, 8, 0, 8, 0, 8)
		order.PutUint32(out[link:], uint32(len(out)))
		entries := [][3]int{{256, 4, size.X}, {257, 4, size.Y}, {258, 3, depth}, {259, 3, 1}, {262, 3, 2}, {273, 4, strip}, {274, 3, orientation}, {277, 3, 3}, {278, 4, size.Y}, {279, 4, depth - strip}}
		out = order.AppendUint16(out, uint16(len(entries)))
		for _, e := range entries {
			count, value := uint32(1), uint32(e[2])
			if e[0] == 258 {
				count = 3
			} else if e[1] == 3 {
				value <<= 16
			}
			out = order.AppendUint16(order.AppendUint16(out, uint16(e[0])), uint16(e[1]))
			out = order.AppendUint32(order.AppendUint32(out, count), value)
		}
		link = len(out)
		out = append(out, 0, 0, 0, 0)
	}
	return out
}

// laid lays a picture down so that the orientation brings it upright again.
func laid(img *image.NRGBA, orientation int) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	to := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			u, v := x, y // where the pixel that is shown at x, y is stored (Exif 2.32, 4.6.4)
			switch orientation {
			case 2:
				u = w - 1 - x
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				v = h - 1 - y
			case 5:
				u, v = y, x
			case 6:
				u, v = y, h-1-x
			case 7:
				u, v = w-1-y, h-1-x
			case 8:
				u, v = w-1-y, x
			}
			to.SetNRGBA(u, v, img.NRGBAAt(x, y))
		}
	}
	return to
}

func tools(t testing.TB) *ffmpeg.Tools {
	t.Helper()
	found, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func look(t testing.TB, e *sight.Eye, b []byte, o sight.Options) *sight.View {
	t.Helper()
	v, err := e.Look(t.Context(), media.Memory(b), o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// missed lists what a view says that it missed.
func missed(v *sight.View) []colophon.Code {
	var list []colophon.Code
	for _, f := range v.Missed {
		list = append(list, f.Code)
	}
	return list
}
