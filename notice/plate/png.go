package plate

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/raster"
)

const (
	pngHead   = 8    // signature
	pngFrame  = 12   // length, type and checksum of a chunk
	maxChunks = 1e6  // of one file
	inflation = 1032 // bytes that one of a deflate stream can stand for at most
	pieceSize = 1 << 20
)

// pngChunk is where a chunk stands. It ends where the next begins.
type pngChunk struct {
	typ string
	off int64
	n   int64 // of the payload
}

func (c pngChunk) body() int64 { return c.off + 8 }
func (c pngChunk) end() int64  { return c.off + pngFrame + c.n }

// pngFile is a PNG file's chunks and what must be known to read its pixels.
type pngFile struct {
	src    media.Source
	chunks []pngChunk
	end    int64 // behind IEND
	layout raster.Layout
	pal    *palette
	exif   []byte
	frames []*pngFrameOf // of an APNG; the first is the IDAT's where that is a frame
	still  *pngFrameOf   // the IDAT, which in an APNG may not be a frame
}

// pngFrameOf is one picture of a file.
type pngFrameOf struct {
	control int // index of its fcTL, -1 where it has none
	data    []int
	fctl    []byte
	box     image.Rectangle
}

func putPNG(src media.Source, j *job) (*media.Edit, error) {
	f, err := readPNG(src)
	if err != nil {
		return nil, err
	}
	if len(f.frames) > 0 {
		return f.animated(j)
	}
	view, err := f.picture(f.still, f.layout)
	if err != nil {
		return nil, err
	}
	if edit, err := j.there(src, all(view), view.Bounds().Size(), orientation(f.exif)); edit != nil || err != nil {
		return edit, err
	}
	p, err := j.place(view, orientation(f.exif), 0)
	if err != nil {
		return nil, err
	}
	p = f.prepare(j, []*pngPicture{view}, p)
	view.paint(p, image.Point{})
	if err := j.check(p, view); err != nil {
		return nil, err
	}
	j.method(p, "pixels")
	coded, err := view.deflated()
	if err != nil {
		return nil, err
	}
	return f.rewrite(map[*pngFrameOf][]byte{f.still: coded})
}

// readPNG walks the chunks.
func readPNG(src media.Source) (*pngFile, error) {
	f := &pngFile{src: src, pal: &palette{}}
	head := make([]byte, 8)
	if err := media.Fill(src, "PNG signature", head, 0); err != nil {
		return nil, err
	}
	if string(head) != "\x89PNG\r\n\x1a\n" {
		return nil, media.Malformed("PNG signature", 0, "the eight bytes of a PNG signature")
	}
	for off := int64(pngHead); f.end == 0; {
		if err := media.Fill(src, "chunk", head, off); err != nil {
			return nil, err
		}
		c := pngChunk{typ: string(head[4:]), off: off, n: int64(binary.BigEndian.Uint32(head))}
		if err := media.Within(src, "chunk", off, c.n+pngFrame); err != nil {
			return nil, err
		}
		if len(f.chunks) >= maxChunks {
			return nil, media.TooMany("chunk", off, maxChunks)
		}
		f.chunks = append(f.chunks, c)
		if err := f.take(c, len(f.chunks)-1); err != nil {
			return nil, err
		}
		off = c.end()
	}
	if f.still == nil || f.layout.Width == 0 {
		return nil, media.Malformed("IDAT chunk", f.end, "IHDR, then at least one before IEND")
	}
	return f, nil
}

// take takes note of a chunk.
func (f *pngFile) take(c pngChunk, index int) error {
	read := func() ([]byte, error) { return media.Bytes(f.src, c.typ+" chunk", c.body(), c.n) }
	switch c.typ {
	case "CgBI":
		return media.Unsupported("CgBI chunk", c.off, "Apple's variant of PNG")
	case "IHDR":
		b, err := read()
		if err != nil {
			return err
		}
		if len(b) != 13 || f.layout.Width != 0 || b[10] != 0 || b[11] != 0 || b[12] > 1 {
			return media.Malformed("IHDR chunk", c.off, "one of 13 bytes with known methods")
		}
		w, h := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
		if err := manyPixels("IHDR chunk", c.off, w, h); err != nil {
			return err
		}
		if err := fits("IHDR chunk", c.off, w, h, f.src.Size(), 8*inflation); err != nil {
			return err
		}
		f.layout = raster.Layout{Width: int(w), Height: int(h), Depth: int(b[8]), Colour: int(b[9]), Interlaced: b[12] == 1}
		if f.layout.Size() == 0 {
			return media.Malformed("IHDR chunk", c.off, "a depth and colour type that go together")
		}
	case "PLTE":
		b, err := read()
		if err != nil {
			return err
		}
		if len(b)%3 != 0 || len(b) > 768 || len(b) == 0 {
			return media.Malformed("PLTE chunk", c.off, "1 to 256 entries of three bytes")
		}
		f.pal.colours = b
	case "tRNS":
		b, err := read()
		if err != nil {
			return err
		}
		f.pal.clear = b
	case "bKGD":
		b, err := read()
		if err != nil {
			return err
		}
		f.pal.background = b
	case "eXIf":
		b, err := read()
		if err != nil {
			return err
		}
		f.exif = b
	case "fcTL":
		return f.control(c, index)
	case "IDAT", "fdAT":
		return f.data(c, index)
	case "IEND":
		f.end = c.end()
	}
	return nil
}

// control takes note of the control chunk of a frame.
func (f *pngFile) control(c pngChunk, index int) error {
	b, err := media.Bytes(f.src, "fcTL chunk", c.body(), c.n)
	if err != nil {
		return err
	}
	if len(b) != 26 || f.layout.Width == 0 {
		return media.Malformed("fcTL chunk", c.off, "26 bytes behind IHDR")
	}
	n := func(i int) int { return int(int32(binary.BigEndian.Uint32(b[i:]))) }
	box := image.Rect(n(12), n(16), n(12)+n(4), n(16)+n(8))
	if n(4) <= 0 || n(8) <= 0 || n(12) < 0 || n(16) < 0 || !box.In(image.Rect(0, 0, f.layout.Width, f.layout.Height)) {
		return media.Malformed("fcTL chunk", c.off, "a frame inside the picture")
	}
	if len(f.frames) >= maxFrames {
		return media.TooMany("frame", c.off, maxFrames)
	}
	f.frames = append(f.frames, &pngFrameOf{control: index, fctl: b, box: box})
	return nil
}

func (f *pngFile) data(c pngChunk, index int) error {
	if c.typ == "IDAT" {
		if f.still == nil {
			f.still = &pngFrameOf{control: -1, box: image.Rect(0, 0, f.layout.Width, f.layout.Height)}
			if len(f.frames) == 1 { // the IDAT is the first frame
				f.still = f.frames[0]
			}
			if len(f.frames) > 1 || f.still.box != image.Rect(0, 0, f.layout.Width, f.layout.Height) {
				return media.Malformed("IDAT chunk", c.off, "the size of the picture")
			}
		}
		f.still.data = append(f.still.data, index)
		return nil
	}
	if len(f.frames) == 0 || f.still == nil || c.n < 4 || f.frames[len(f.frames)-1] == f.still {
		return media.Malformed("fdAT chunk", c.off, "a sequence number, behind an fcTL chunk")
	}
	last := f.frames[len(f.frames)-1]
	last.data = append(last.data, index)
	return nil
}

// inflate unpacks the filtered lines of a frame.
func (f *pngFile) inflate(fr *pngFrameOf, size int) (*raster.Stream, error) {
	if len(fr.data) == 0 {
		return nil, media.Malformed("fcTL chunk", f.chunks[max(0, fr.control)].off, "a frame with data")
	}
	var packed []byte
	first := f.chunks[fr.data[0]]
	for _, i := range fr.data {
		c, skip := f.chunks[i], int64(0)
		if c.typ == "fdAT" {
			skip = 4
		}
		b, err := media.Bytes(f.src, c.typ+" chunk", c.body()+skip, c.n-skip)
		if err != nil {
			return nil, err
		}
		if i == fr.data[0] {
			packed = b
		} else {
			packed = append(packed, b...)
		}
	}
	if n := int64(len(packed)); int64(size) > (n+1)*inflation {
		return nil, media.Truncated(first.typ+" chunk", first.off, int64(size)/inflation, n)
	}
	z, err := raster.Inflate(packed, size)
	if err != nil {
		return nil, media.Malformed(first.typ+" chunk", first.off, "a zlib stream with every line")
	}
	return z, nil
}

// pngPicture is a frame's pixels with the file's palette. It is an image.Image.
type pngPicture struct {
	*raster.Raster
	stream *raster.Stream // that it came from, nil when it was made
	pal    *palette
	origin image.Point
}

func (f *pngFile) picture(fr *pngFrameOf, l raster.Layout) (*pngPicture, error) {
	l.Width, l.Height = fr.box.Dx(), fr.box.Dy()
	z, err := f.inflate(fr, l.Size())
	if err != nil {
		return nil, err
	}
	r, err := raster.Parse(l, z.Bytes())
	if err != nil {
		c := f.chunks[fr.data[0]]
		return nil, media.Malformed(c.typ+" chunk", c.off, "a filter type of 0 to 4")
	}
	return &pngPicture{Raster: r, stream: z, pal: f.pal, origin: fr.box.Min}, nil
}

// ColorModel is that of At.
func (v *pngPicture) ColorModel() color.Model { return color.NRGBAModel }

// At returns a pixel.
func (v *pngPicture) At(x, y int) color.Color {
	var s [4]uint16
	return v.pal.colour(v.Layout, v.Get(x, y, &s))
}

// deflated compresses a picture: what of it changed, where the rest is there.
func (v *pngPicture) deflated() ([]byte, error) {
	b := v.Coded()
	if v.stream != nil {
		return v.stream.Pack(v.Span())
	}
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, 5)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// rewrite plans the file with new data of frames and the file's palette as it is now.
func (f *pngFile) rewrite(fresh map[*pngFrameOf][]byte) (*media.Edit, error) {
	e := new(media.Edit)
	e.Keep(0, pngHead)
	owner := map[int]*pngFrameOf{}
	for _, fr := range append(f.frames[:len(f.frames):len(f.frames)], f.still) {
		for _, i := range fr.data {
			owner[i] = fr
		}
		if fr.control >= 0 {
			owner[fr.control] = fr
		}
	}
	sequence := uint32(0)
	for i, c := range f.chunks {
		fr := owner[i]
		switch {
		case c.typ == "IHDR" && (f.pal.raised || f.pal.widened):
			b := binary.BigEndian.AppendUint32(nil, uint32(f.layout.Width))
			b = binary.BigEndian.AppendUint32(b, uint32(f.layout.Height))
			e.Put(pngNew(c.typ, append(b, byte(f.layout.Depth), byte(f.layout.Colour), 0, 0, bit(f.layout.Interlaced))))
		case c.typ == "PLTE" && f.pal.changed:
			e.Put(pngNew(c.typ, f.pal.colours))
		case c.typ == "tRNS" && f.pal.changed && f.layout.Colour == raster.Palette:
			e.Put(pngNew(c.typ, f.pal.clear))
		case c.typ == "fcTL" && fr != nil:
			binary.BigEndian.PutUint32(fr.fctl, sequence)
			sequence++
			e.Put(pngNew(c.typ, fr.fctl))
		case (c.typ == "IDAT" || c.typ == "fdAT") && fr != nil && fresh[fr] != nil:
			for data := fresh[fr]; i == fr.data[0] && len(data) > 0; {
				n := min(len(data), pieceSize)
				body := data[:n]
				if c.typ == "fdAT" {
					body = append(binary.BigEndian.AppendUint32(nil, sequence), body...)
					sequence++
				}
				e.Put(pngNew(c.typ, body))
				data = data[n:]
			}
		case c.typ == "fdAT" && fr != nil: // the data stays, its number does not
			body, err := media.Bytes(f.src, "fdAT chunk", c.body(), c.n)
			if err != nil {
				return nil, err
			}
			binary.BigEndian.PutUint32(body, sequence)
			sequence++
			e.Put(pngNew(c.typ, body))
		case f.stale(c.typ):
		default:
			e.Keep(c.off, c.end()-c.off)
		}
	}
	e.Keep(f.end, f.src.Size()-f.end)
	return e, nil
}

// stale reports whether a chunk says something about samples or a palette that are no more.
func (f *pngFile) stale(typ string) bool {
	switch typ {
	case "hIST":
		return f.pal.changed
	case "sBIT", "bKGD", "tRNS":
		return f.pal.widened
	}
	return false
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func pngNew(typ string, payload []byte) []byte {
	b := make([]byte, 0, pngFrame+len(payload))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = append(append(b, typ...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// manyPixels refuses a picture that is larger than what is decoded here. Fits says the same in other words.
func manyPixels(what string, off, w, h int64) error {
	switch {
	case w > maxSide || h > maxSide:
		return media.Unsupported(what, off, "at most 30,000 pixels on a side")
	case w*h > maxPixels:
		return media.Unsupported(what, off, "at most 134,217,728 pixels")
	}
	return nil
}
