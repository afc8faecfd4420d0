// Package upright shows pictures as their EXIF data says that they are held: cameras store what the sensor saw, and write down which
// side was up (Exif 2.32, 4.6.4).
//
// What not to do here: never take a block that can't be read for more than an upright picture.
package upright

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
)

// tagOrientation says how a picture is laid down (Exif 2.32, 4.6.4).
const tagOrientation = 0x0112

// Orientation is the EXIF orientation in a TIFF structure: in the directory at an offset or, where that is negative, in the
// first one. It is 1, which is upright, where there is none.
func Orientation(block []byte, at int64) int {
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

// JPEG returns the EXIF block of a JPEG file (T.81 B.1; Exif 2.32, 4.7.2).
func JPEG(data []byte) []byte {
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

// Show returns a picture as it is shown.
func Show(img image.Image, orientation int) image.Image {
	if orientation == 1 {
		return img
	}
	return &Turned{img, orientation}
}

// Turned is a picture with an EXIF orientation.
type Turned struct {
	image.Image
	By int
}

// Bounds is the size as it is shown, from the origin.
func (t *Turned) Bounds() image.Rectangle {
	size := t.Image.Bounds().Size()
	if t.By >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	return image.Rectangle{Max: size}
}

// At returns the pixel that is shown at a place.
func (t *Turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	if t.By >= 5 {
		x, y = y, x
	}
	left, up := Mirrored(t.By)
	if left {
		x = b.Dx() - 1 - x
	}
	if up {
		y = b.Dy() - 1 - y
	}
	return t.Image.At(b.Min.X+x, b.Min.Y+y)
}

// Mirrored says which sides of a picture with an orientation are stored the other way round.
func Mirrored(orientation int) (left, up bool) {
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
