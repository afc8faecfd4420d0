package plate

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
	"math"
	"slices"

	libwebp "github.com/gen2brain/webp"
	decoder "golang.org/x/image/webp"

	"github.com/colophon-project/colophon/internal/media"
)

// webpPixels bounds a WebP picture: a bitstream of a few bytes may stand for the largest picture of a single colour.
const webpPixels = 1 << 26

// webpChunk is a chunk of a RIFF file of form WEBP (WebP Container Specification).
type webpChunk struct {
	id   string
	off  int64
	body []byte // nil for chunks that are kept as ranges
	n    int64
}

func (c webpChunk) end() int64 { return c.off + 8 + c.n + c.n&1 }

// webpFrame is a picture: the only one of a file, or one of an animation.
type webpFrame struct {
	from, to int  // indices of its first chunk and behind its last, in the list that holds it
	alpha    bool // it has an ALPH chunk
	lossless bool
	coded    []byte // its chunks, as a file would have them
	quality  int    // of a lossy one
}

func putWebP(src media.Source, j *job) (*media.Edit, error) {
	chunks, err := readWebP(src)
	if err != nil {
		return nil, err
	}
	exif, moving := []byte(nil), false
	for i := range chunks {
		switch chunks[i].id {
		case "EXIF":
			if exif, err = media.Bytes(src, "chunk EXIF", chunks[i].off+8, chunks[i].n); err != nil {
				return nil, err
			}
		case "ANMF":
			moving = true
		}
	}
	var e *media.Edit
	err = j.grow(func(more int) error {
		if moving {
			e, err = movingWebP(src, chunks, orientation(exif), more, j)
		} else {
			e, err = stillWebP(src, chunks, orientation(exif), more, j)
		}
		return err
	})
	return e, err
}

func readWebP(src media.Source) ([]webpChunk, error) {
	head := make([]byte, 12)
	if err := media.Fill(src, "RIFF chunk", head, 0); err != nil {
		return nil, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return nil, media.Malformed("RIFF chunk", 0, "form type WEBP")
	}
	end := 8 + int64(binary.LittleEndian.Uint32(head[4:]))
	if end > src.Size() {
		return nil, media.Truncated("RIFF chunk", 0, end, src.Size())
	}
	var list []webpChunk
	for off := int64(12); off+8 <= end; {
		if err := media.Fill(src, "chunk", head[:8], off); err != nil {
			return nil, err
		}
		c := webpChunk{id: string(head[:4]), off: off, n: int64(binary.LittleEndian.Uint32(head[4:]))}
		if off+8+c.n > end {
			return nil, media.Malformed("chunk", off, "length within the RIFF chunk")
		}
		if len(list) > maxFrames {
			return nil, media.TooMany("chunk", off, maxFrames)
		}
		switch c.id {
		case "VP8 ", "VP8L", "ALPH", "VP8X", "ANMF":
			b, err := media.Bytes(src, "chunk "+c.id, off+8, c.n)
			if err != nil {
				return nil, err
			}
			c.body = b
		}
		list = append(list, c)
		off = c.end()
	}
	return list, nil
}

// picture finds the chunks of one picture.
func picture(chunks []webpChunk, off int64) (*webpFrame, error) {
	f := &webpFrame{from: -1}
	for i, c := range chunks {
		switch c.id {
		case "ALPH":
			f.alpha, f.from = true, i
			f.coded = framed(f.coded, c.id, c.body)
		case "VP8 ", "VP8L":
			if f.from < 0 {
				f.from = i
			}
			f.to, f.lossless = i+1, c.id == "VP8L"
			f.coded = framed(f.coded, c.id, c.body)
			if !f.lossless {
				f.quality = vp8Quality(c.body)
			}
			return f, nil
		}
	}
	return nil, media.Malformed("RIFF chunk", off, "a picture in VP8 or VP8L")
}

// framed appends a chunk.
func framed(b []byte, id string, body []byte) []byte {
	b = append(b, id...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// file returns a file of the frame alone.
func (f *webpFrame) file(size image.Point) []byte {
	b := []byte("WEBP")
	if f.alpha {
		b = framed(b, "VP8X", extendedHead(0x10, size))
	}
	b = append(b, f.coded...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(b))), b...)
}

func extendedHead(flags byte, size image.Point) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{flags, 0, 0, 0}, uint32(size.X-1))[:7]
	return binary.LittleEndian.AppendUint32(b, uint32(size.Y-1))[:10]
}

// decode returns the pixels of a frame, whose size is checked before.
func (f *webpFrame) decode(off int64) (*image.NRGBA, error) {
	// x/image reads a size from VP8X where there is one, so the bitstream is asked.
	bare := *f
	if f.alpha {
		at := 8 + int(binary.LittleEndian.Uint32(f.coded[4:]))
		bare.alpha, bare.coded = false, f.coded[at+at&1:]
	}
	conf, err := decoder.DecodeConfig(bytes.NewReader(bare.file(image.Point{})))
	if err != nil {
		return nil, media.Malformed("chunk VP8", off, "a picture that can be decoded")
	}
	if conf.Width*conf.Height > webpPixels {
		return nil, media.TooLarge("chunk VP8", off, webpPixels)
	}
	b := f.file(image.Pt(conf.Width, conf.Height))
	var img image.Image
	if f.lossless {
		img, err = decoder.Decode(bytes.NewReader(b))
	} else {
		img, err = libwebp.Decode(bytes.NewReader(b))
	}
	if err != nil {
		return nil, media.Malformed("chunk VP8", off, "a picture that can be decoded")
	}
	if n, ok := img.(*image.NRGBA); ok {
		return n, nil
	}
	out := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out, nil
}

// encode returns a frame of pixels, lossless or with a quality, and the pixels that it will show.
func encode(img *image.NRGBA, lossless bool, quality int) (*webpFrame, *image.NRGBA, error) {
	var b bytes.Buffer
	err := libwebp.Encode(&b, img, libwebp.Options{Quality: quality, Lossless: lossless, Method: libwebp.DefaultMethod, Exact: true})
	if err != nil {
		return nil, nil, media.Unsupported("chunk VP8", 0, "a picture that can be encoded")
	}
	chunks, err := readWebP(media.Memory(b.Bytes()))
	if err != nil {
		return nil, nil, err
	}
	f, err := picture(chunks, 0)
	if err != nil {
		return nil, nil, err
	}
	out, err := f.decode(0)
	if err == nil && lossless && !same(out, img) {
		err = media.Unsupported("chunk VP8L", 0, "a picture that the encoder gives back")
	}
	return f, out, err
}

func stillWebP(src media.Source, chunks []webpChunk, orient, more int, j *job) (*media.Edit, error) {
	f, err := picture(chunks, 0)
	if err != nil {
		return nil, err
	}
	off := chunks[f.from].off
	img, err := f.decode(off)
	if err != nil {
		return nil, err
	}
	if edit, err := j.there(src, all(img), img.Bounds().Size(), orient); edit != nil || err != nil {
		return edit, err
	}
	p, err := j.place(img, orient, more)
	if err != nil {
		return nil, err
	}
	stamp(img, p, image.Point{})
	fresh, out, err := encode(img, f.lossless, f.quality)
	if err != nil {
		return nil, err
	}
	if err := j.check(p, out); err != nil {
		return nil, err
	}
	j.method(p, map[bool]string{true: "pixels", false: "re-encoded"}[f.lossless])
	end := chunks[f.to-1].end()
	splice := media.Splice{Offset: off, Delete: end - off, Insert: fresh.coded}
	if off > src.Size()-8 || end > src.Size() { // padding that is not there
		splice.Delete = src.Size() - off
	}
	if fresh.alpha && chunks[0].id != "VP8X" { // never for a file that had no alpha
		return nil, media.Unsupported("chunk VP8", off, "a picture that gains an alpha channel")
	}
	return resized(src, chunks, splice)
}

// resized plans the file with splices and the RIFF chunk's new length.
func resized(src media.Source, chunks []webpChunk, splices ...media.Splice) (*media.Edit, error) {
	head, err := media.Bytes(src, "RIFF chunk", 4, 4)
	if err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(head))
	for _, s := range splices {
		n += int64(len(s.Insert)) - s.Delete
	}
	if n > 1<<32-2 {
		return nil, media.NoRoom("RIFF chunk", 0, 1<<32-2)
	}
	list := append([]media.Splice{{Offset: 4, Delete: 4, Insert: binary.LittleEndian.AppendUint32(nil, uint32(n))}}, splices...)
	return media.Splices(src, list...)
}

// movingWebP plans an animation: each frame's chunks are rewritten where the plate touches it.
func movingWebP(src media.Source, chunks []webpChunk, orient, more int, j *job) (*media.Edit, error) {
	if len(chunks) == 0 || chunks[0].id != "VP8X" || len(chunks[0].body) < 10 {
		return nil, media.Malformed("RIFF chunk", 0, "VP8X first")
	}
	size := image.Pt(1+uint24(chunks[0].body[4:]), 1+uint24(chunks[0].body[7:]))
	if size.X*size.Y > maxCanvas {
		return nil, media.Unsupported("chunk VP8X", chunks[0].off, "at most 33,554,432 pixels")
	}
	if edit, err := movedWebP(src, chunks, size, orient, j); edit != nil || err != nil {
		return edit, err
	}
	var m *motion
	var p *Placed
	var splices []media.Splice
	method, alpha := "pixels", false
	for _, c := range chunks {
		if c.id != "ANMF" {
			continue
		}
		s, f, err := animationFrame(c, size)
		if err != nil {
			return nil, err
		}
		if m == nil {
			if p, err = j.place(drawn(image.NewNRGBA(image.Rectangle{Max: size}), s), orient, more); err != nil {
				return nil, err
			}
			m = newMotion(size, p)
		}
		what, next, now := m.step(s, false)
		if what == untouched {
			continue
		}
		if what == impossible {
			return nil, errAnew("chunk ANMF", c.off)
		}
		fresh, shown, err := encode(next.img, f.lossless, f.quality)
		if err != nil {
			return nil, err
		}
		if !f.lossless {
			method = "re-encoded"
			now = drawn(now, &still{box: next.box, img: shown, over: true})
		}
		if err := m.check(j, now); err != nil {
			return nil, err
		}
		alpha = alpha || fresh.alpha || f.lossless
		body := append([]byte{}, c.body[:16]...)
		put24(body, next.box.Min.X/2)
		put24(body[3:], next.box.Min.Y/2)
		put24(body[6:], next.box.Dx()-1)
		put24(body[9:], next.box.Dy()-1)
		body[15] &^= 3
		if !next.over {
			body[15] |= 2
		}
		if next.after == clearFrame {
			body[15] |= 1
		}
		splices = append(splices, media.Splice{Offset: c.off, Delete: min(c.end(), src.Size()) - c.off, Insert: framed(nil, "ANMF", append(body, fresh.coded...))})
	}
	j.method(p, method)
	if alpha {
		splices = append([]media.Splice{{Offset: chunks[0].off + 8, Delete: 1, Insert: []byte{chunks[0].body[0] | 0x10}}}, splices...)
	}
	return resized(src, chunks, splices...)
}

// movedWebP plans an animation as it is where all frames carry the notice, and returns nil where they do not.
func movedWebP(src media.Source, chunks []webpChunk, size image.Point, orient int, j *job) (*media.Edit, error) {
	frames := slices.DeleteFunc(slices.Clone(chunks), func(c webpChunk) bool { return c.id != "ANMF" })
	frame := func(i int) (*still, error) {
		s, _, err := animationFrame(frames[i], size)
		return s, err
	}
	s, err := frame(0)
	if err != nil {
		return nil, err
	}
	p, err := j.find(all(drawn(image.NewNRGBA(image.Rectangle{Max: size}), s)), size, orient)
	if err != nil {
		return nil, err
	}
	on, err := j.plays(p, len(frames), frame)
	if err != nil {
		return nil, err
	}
	if !on {
		p = nil
	}
	return j.kept(src, p)
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func put24(b []byte, v int) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }

// animationFrame reads a chunk ANMF.
func animationFrame(c webpChunk, size image.Point) (*still, *webpFrame, error) {
	if len(c.body) < 24 {
		return nil, nil, media.Truncated("chunk ANMF", c.off, 24, int64(len(c.body)))
	}
	var inner []webpChunk
	for at := 16; at+8 <= len(c.body); {
		n := int(binary.LittleEndian.Uint32(c.body[at+4:]))
		if n > len(c.body)-at-8 {
			return nil, nil, media.Malformed("chunk ANMF", c.off, "chunks within it")
		}
		inner = append(inner, webpChunk{id: string(c.body[at : at+4]), body: c.body[at+8 : at+8+n]})
		at += 8 + n + n&1
	}
	f, err := picture(inner, c.off)
	if err != nil {
		return nil, nil, err
	}
	img, err := f.decode(c.off)
	if err != nil {
		return nil, nil, err
	}
	from := image.Pt(2*uint24(c.body), 2*uint24(c.body[3:]))
	s := &still{box: img.Bounds().Add(from), img: img, over: c.body[15]&2 == 0}
	if c.body[15]&1 != 0 {
		s.after = clearFrame
	}
	if !s.box.In(image.Rectangle{Max: size}) {
		return nil, nil, media.Malformed("chunk ANMF", c.off, "a frame inside the canvas")
	}
	return s, f, nil
}

// vp8Quality returns libwebp's quality for the quantiser of a frame (RFC 6386, 9.3 to 9.6 and 19.2), turned up a little so
// that a second encoding does not lose much more than the first.
func vp8Quality(b []byte) int {
	if len(b) < 10 {
		return libwebp.DefaultQuality
	}
	d := &boolDecoder{b: b[10:], size: 255, count: -8}
	d.fill()
	d.bits(2) // colour space, clamping
	mean, absolute := 0, false
	if d.bits(1) == 1 { // segmentation
		updateMap, updateData := d.bits(1), d.bits(1)
		if updateData == 1 {
			absolute = d.bits(1) == 1
			for range 4 {
				q := 0
				if d.bits(1) == 1 {
					if q = d.bits(7); d.bits(1) == 1 {
						q = -q
					}
				}
				mean += q
			}
			for range 4 {
				if d.bits(1) == 1 {
					d.bits(7)
				}
			}
		}
		if updateMap == 1 {
			for range 3 {
				if d.bits(1) == 1 {
					d.bits(8)
				}
			}
		}
	}
	d.bits(10) // loop filter
	adjusted, updated := d.bits(1) == 1, false
	if adjusted {
		updated = d.bits(1) == 1
	}
	if updated {
		for range 8 {
			if d.bits(1) == 1 {
				d.bits(7)
			}
		}
	}
	d.bits(2) // partitions
	q := d.bits(7)
	if absolute {
		q = 0
	}
	q += mean / 4
	// The inverse of libwebp's curve from quality to quantiser.
	linear := math.Pow(1-float64(max(0, min(127, q)))/127, 3)
	quality := linear * 150
	if linear >= 0.5 {
		quality = 50 * (linear + 1)
	}
	return max(1, min(100, int(quality)+4))
}

// boolDecoder is the decoder of RFC 6386, section 7, for bits of even odds.
type boolDecoder struct {
	b     []byte
	value uint32
	size  uint32
	count int
}

func (d *boolDecoder) fill() {
	for range 2 {
		d.value <<= 8
		if len(d.b) > 0 {
			d.value |= uint32(d.b[0])
			d.b = d.b[1:]
		}
	}
	d.count = 0
}

// bits reads n bits, the highest first.
func (d *boolDecoder) bits(n int) int {
	v := 0
	for range n {
		split := 1 + (d.size-1)*128>>8
		big := split << 8
		v <<= 1
		if d.value >= big {
			v |= 1
			d.size -= split
			d.value -= big
		} else {
			d.size = split
		}
		for d.size < 128 {
			d.value <<= 1
			d.size <<= 1
			if d.count++; d.count == 8 {
				d.count = 0
				if len(d.b) > 0 {
					d.value |= uint32(d.b[0])
					d.b = d.b[1:]
				}
			}
		}
	}
	return v
}
