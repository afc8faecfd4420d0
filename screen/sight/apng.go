package sight

import (
	"encoding/binary"
	"hash/crc32"
	"image"
	"iter"
	"time"

	"github.com/colophon-project/colophon/internal/media"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngChunk is a chunk of a PNG file.
type pngChunk struct {
	id   string
	body []byte
	at   int // of its beginning
}

// pngChunks goes over the chunks of a file up to its end, or to where it is cut short.
func pngChunks(data []byte) iter.Seq[pngChunk] {
	return func(yield func(pngChunk) bool) {
		for at := len(pngSignature); at+12 <= len(data); {
			n := int64(binary.BigEndian.Uint32(data[at:]))
			if n > int64(len(data)-at-12) {
				return
			}
			c := pngChunk{string(data[at+4 : at+8]), data[at+8:][:n], at}
			if !yield(c) || c.id == "IEND" {
				return
			}
			at += 12 + int(n)
		}
	}
}

// pngEXIF returns the EXIF block of a file.
func pngEXIF(data []byte) []byte {
	for c := range pngChunks(data) {
		if c.id == "eXIf" {
			return c.body
		}
	}
	return nil
}

// pngReel takes an animated PNG file apart (PNG Specification, Third Edition, 11.3.6). It is nil for one that is not
// animated. Each frame becomes a file with the colours of the whole.
func pngReel(data []byte, most int) *reel {
	r := &reel{format: media.PNG}
	var head, colours []byte // body of IHDR, and whole chunks
	var animated, first, whole bool
	for c := range pngChunks(data) {
		switch c.id {
		case "IHDR":
			if len(c.body) != 13 {
				return nil
			}
			head = c.body
			r.size = image.Pt(int(binary.BigEndian.Uint32(head)), int(binary.BigEndian.Uint32(head[4:])))
		case "PLTE", "tRNS":
			colours = append(colours, data[c.at:c.at+12+len(c.body)]...)
		case "acTL":
			animated = true
		case "IDAT":
			if !first && len(r.cels) == 0 { // the picture that stands for the animation is not in it
				first = true
				r.still = func() []byte { return data }
			}
		case "fcTL":
			if len(c.body) != 26 || head == nil {
				r.broken = media.Malformed("chunk fcTL", int64(c.at), "26 bytes, behind IHDR")
			} else if len(r.cels) == most {
				r.broken = tooMany(CodeFrames, most)
			}
			if r.broken != nil {
				return animation(r, animated)
			}
			cel := pngCel(c.body)
			cel.file = func() []byte { return pngFrame(data[c.at+12+len(c.body):], head, colours, c.body) }
			r.cels = append(r.cels, cel)
		case "IEND":
			whole = true
		}
	}
	if !whole {
		r.broken = media.Truncated("PNG", 0, int64(len(data))+12, int64(len(data)))
	} else if len(r.cels) == 0 {
		r.broken = media.Malformed("PNG", 0, "a frame of the animation")
	}
	return animation(r, animated)
}

func animation(r *reel, animated bool) *reel {
	if !animated {
		return nil
	}
	return r
}

// pngCel says how a frame is shown, by its fcTL chunk.
func pngCel(b []byte) cel {
	u := func(at int) int { return int(binary.BigEndian.Uint32(b[at:])) }
	c := cel{box: image.Rect(u(12), u(16), u(12)+u(4), u(16)+u(8)), mixed: b[25] == 1}
	per := int(binary.BigEndian.Uint16(b[22:]))
	if per == 0 {
		per = 100
	}
	c.lasts = time.Second * time.Duration(binary.BigEndian.Uint16(b[20:])) / time.Duration(per)
	switch b[24] {
	case 1:
		c.leave = leaveClear
	case 2:
		c.leave = leaveBefore
	}
	return c
}

// pngFrame makes a file of the data that follows a fcTL chunk.
func pngFrame(rest, head, colours, control []byte) []byte {
	out := []byte(pngSignature)
	out = appendChunk(out, "IHDR", control[4:12], head[8:])
	out = append(out, colours...)
	for c := range pngChunks(append([]byte(pngSignature), rest...)) {
		switch {
		case c.id == "IDAT":
			out = appendChunk(out, "IDAT", c.body)
		case c.id == "fdAT" && len(c.body) >= 4:
			out = appendChunk(out, "IDAT", c.body[4:])
		case c.id == "fcTL":
			return appendChunk(out, "IEND")
		}
	}
	return appendChunk(out, "IEND")
}

func appendChunk(b []byte, id string, body ...[]byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = append(b, id...)
	for _, part := range body {
		b = append(b, part...)
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-8))
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start+4:]))
}
