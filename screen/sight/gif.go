package sight

import (
	"bytes"
	"encoding/binary"
	"image"
	"time"

	"github.com/colophon-project/colophon/internal/media"
)

// gifReel takes a GIF file apart (GIF89a specification). Each frame becomes a file with the header of the whole, its own
// control extension, and itself.
func gifReel(data []byte, most int) *reel {
	r := &reel{format: media.GIF}
	cut := func(what string, at int) *reel {
		r.broken = media.Truncated(what, int64(at), int64(at)+1, int64(len(data)))
		return r
	}
	if len(data) < 13 {
		return cut("GIF", 0)
	}
	r.size = image.Pt(int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:])))
	head := 13 + gifTable(data[10])
	var control []byte // extension of the next frame
	for at := head; ; {
		if at >= len(data) {
			return cut("GIF", at)
		}
		switch start := at; data[at] {
		case 0x21:
			if at = gifBlocks(data, at+2); at < 0 {
				return cut("extension", start)
			}
			if data[start+1] == 0xF9 && at-start == 8 {
				control = data[start:at]
			}
		case 0x2C:
			if start+10 > len(data) {
				return cut("frame", start)
			}
			if len(r.cels) == most {
				r.broken = tooMany(CodeFrames, most)
				return r
			}
			d := data[start+1:]
			at = gifBlocks(data, start+11+gifTable(d[8]))
			if at < 0 {
				return cut("frame", start)
			}
			c := gifCel(control, d)
			c.file = func(control []byte) func() []byte {
				return func() []byte {
					return bytes.Join([][]byte{data[:head], control, data[start:at], {0x3B}}, nil)
				}
			}(control)
			r.cels, control = append(r.cels, c), nil
		case 0x3B:
			if len(r.cels) == 0 {
				r.broken = damaged(media.GIF, "at least one frame", nil)
			}
			return r
		default:
			r.broken = media.Malformed("block", int64(at), "an extension, a frame or the trailer")
			return r
		}
	}
}

// gifTable is how long a colour table is, by the flags that announce it.
func gifTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// gifBlocks returns what lies behind sub-blocks, and -1 where they are cut short.
func gifBlocks(data []byte, at int) int {
	for at < len(data) {
		n := int(data[at])
		if at += 1 + n; n == 0 {
			return at
		}
	}
	return -1
}

// gifCel says how a frame is shown, by its control extension and descriptor.
func gifCel(control, d []byte) cel {
	x, y := int(binary.LittleEndian.Uint16(d)), int(binary.LittleEndian.Uint16(d[2:]))
	c := cel{box: image.Rect(x, y, x+int(binary.LittleEndian.Uint16(d[4:])), y+int(binary.LittleEndian.Uint16(d[6:]))), mixed: true}
	if control != nil {
		c.lasts = 10 * time.Millisecond * time.Duration(binary.LittleEndian.Uint16(control[4:]))
		switch control[3] >> 2 & 7 {
		case 2:
			c.leave = leaveClear
		case 3:
			c.leave = leaveBefore
		}
	}
	return c
}
