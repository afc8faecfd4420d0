package file

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/raster"
)

const (
	pngFrame  = 12 // length, type and checksum of a chunk
	maxChunks = 1e6
	inflation = 1032 // bytes that one of a deflate stream can stand for at most
	pieceSize = 1 << 20
)

type pngChunk struct {
	typ    string
	off, n int64
}

// pngFile is what of a PNG file (PNG Specification, Third Edition) must be known to change its pixels.
type pngFile struct {
	src            media.Source
	chunks         []pngChunk
	layout         raster.Layout
	colours, clear []byte // PLTE and tRNS
	packed         []byte
	end            int64

	stream *raster.Stream
	out    *raster.Raster // with the marked pixels
	wider  bool           // out has more bits or channels than the file
}

func openPNG(src media.Source) (draft, error) {
	f, err := readPNG(src)
	if err != nil {
		return nil, err
	}
	size := f.layout.Size()
	if n := int64(len(f.packed)); int64(size) > (n+1)*inflation {
		return nil, media.Truncated("IDAT chunk", 0, int64(size)/inflation, n)
	}
	if f.stream, err = raster.Inflate(f.packed, size); err != nil {
		return nil, media.Malformed("IDAT chunk", 0, "a zlib stream with every line")
	}
	old, err := raster.Parse(f.layout, f.stream.Bytes())
	if err != nil {
		return nil, media.Malformed("IDAT chunk", 0, "a filter type of 0 to 4")
	}
	f.out = old
	s := &sheet{w: old.Width, h: old.Height, channels: old.Channels(), colours: 1, alpha: -1, top: 1<<old.Depth - 1,
		read: func(y int, samples []uint16) error { old.Line(y, samples); return nil }}
	switch {
	case old.Colour == raster.Palette:
		f.widen(s, old)
	case old.Depth < 8:
		f.deepen(s, old)
	case old.Colour == raster.RGB || old.Colour == raster.Grey:
		s.colours = s.channels
		for i := 0; i+2*s.colours <= len(f.clear) && i < 2*s.colours; i += 2 {
			s.clear = append(s.clear, binary.BigEndian.Uint16(f.clear[i:])&uint16(s.top))
		}
	default:
		s.colours, s.alpha = s.channels-1, s.channels-1
	}
	s.write = func(y int, samples []uint16) error { f.out.SetLine(y, samples); return nil }
	return &sheets{pages: []*sheet{s}, finish: f.finish}, nil
}

// widen makes a picture of a palette one of colours: no palette has the colours of the mark.
func (f *pngFile) widen(s *sheet, old *raster.Raster) {
	l := raster.Layout{Width: old.Width, Height: old.Height, Depth: 8, Colour: raster.RGB}
	if f.clear != nil {
		l.Colour, s.alpha = raster.RGBA, 3
	}
	f.wider, s.channels, s.colours, s.top = true, l.Channels(), 3, 255
	indices := make([]uint16, old.Width)
	s.read = func(y int, samples []uint16) error {
		old.Line(y, indices)
		for x, i := range indices {
			p := samples[x*s.channels:][:s.channels]
			clear(p)
			for c := range 3 {
				if at := 3*int(i) + c; at < len(f.colours) { // an index without an entry is black
					p[c] = uint16(f.colours[at])
				}
			}
			if s.alpha > 0 {
				p[3] = 255
				if int(i) < len(f.clear) {
					p[3] = uint16(f.clear[i])
				}
			}
		}
		return nil
	}
	f.out = raster.New(l)
}

// deepen makes greys of fewer bits greys of eight.
func (f *pngFile) deepen(s *sheet, old *raster.Raster) {
	l := raster.Layout{Width: old.Width, Height: old.Height, Depth: 8, Colour: raster.Grey}
	k := uint16(255 / s.top)
	if len(f.clear) == 2 {
		s.clear = []uint16{binary.BigEndian.Uint16(f.clear) & uint16(s.top) * k}
		f.clear = binary.BigEndian.AppendUint16(nil, s.clear[0])
	}
	s.top, f.wider = 255, true
	s.read = func(y int, samples []uint16) error {
		old.Line(y, samples)
		for x := range samples {
			samples[x] *= k
		}
		return nil
	}
	f.out = raster.New(l)
}

func readPNG(src media.Source) (*pngFile, error) {
	f := &pngFile{src: src}
	head := make([]byte, 8)
	if err := media.Fill(src, "PNG signature", head, 0); err != nil {
		return nil, err
	}
	if string(head) != "\x89PNG\r\n\x1a\n" {
		return nil, media.Malformed("PNG signature", 0, "the eight bytes of a PNG signature")
	}
	for off := int64(8); f.end == 0; {
		if err := media.Fill(src, "chunk", head, off); err != nil {
			return nil, err
		}
		c := pngChunk{string(head[4:]), off, int64(binary.BigEndian.Uint32(head))}
		if err := media.Within(src, "chunk", off, c.n+pngFrame); err != nil {
			return nil, err
		}
		if len(f.chunks) >= maxChunks {
			return nil, media.TooMany("chunk", off, maxChunks)
		}
		f.chunks = append(f.chunks, c)
		if err := f.take(c); err != nil {
			return nil, err
		}
		off += pngFrame + c.n
	}
	if f.packed == nil || f.layout.Width == 0 {
		return nil, media.Malformed("IDAT chunk", f.end, "IHDR, then at least one before IEND")
	}
	if f.layout.Colour == raster.Palette && f.colours == nil {
		return nil, media.Malformed("PLTE chunk", f.end, "1 to 256 entries of three bytes")
	}
	return f, nil
}

func (f *pngFile) take(c pngChunk) error {
	switch c.typ {
	case "IEND":
		f.end = c.off + pngFrame + c.n
		return nil
	case "acTL":
		return media.Unsupported("acTL chunk", c.off, "a sequence of pictures")
	case "CgBI":
		return media.Unsupported("CgBI chunk", c.off, "Apple's variant of PNG")
	case "IHDR", "PLTE", "tRNS", "IDAT":
	default:
		return nil
	}
	b, err := media.Bytes(f.src, c.typ+" chunk", c.off+8, c.n)
	if err != nil {
		return err
	}
	switch c.typ {
	case "IDAT":
		if f.packed == nil {
			f.packed = []byte{}
		}
		f.packed = append(f.packed, b...)
	case "PLTE":
		if len(b)%3 != 0 || len(b) > 768 || len(b) == 0 {
			return media.Malformed("PLTE chunk", c.off, "1 to 256 entries of three bytes")
		}
		f.colours = b
	case "tRNS":
		f.clear = b
	case "IHDR":
		if len(b) != 13 || f.layout.Width != 0 || b[10] != 0 || b[11] != 0 || b[12] > 1 {
			return media.Malformed("IHDR chunk", c.off, "one of 13 bytes with known methods")
		}
		w, h := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
		if err := fits("IHDR chunk", c.off, w, h, f.src.Size(), 8*inflation); err != nil {
			return err
		}
		f.layout = raster.Layout{Width: int(w), Height: int(h), Depth: int(b[8]), Colour: int(b[9]), Interlaced: b[12] == 1}
		if f.layout.Size() == 0 {
			return media.Malformed("IHDR chunk", c.off, "a depth and colour type that go together")
		}
	}
	return nil
}

// finish plans the file with the pixels as they are now.
func (f *pngFile) finish() (*media.Edit, error) {
	var data []byte
	var err error
	if f.wider {
		data, err = deflated(f.out.Coded())
	} else {
		f.out.Coded()
		data, err = f.stream.Pack(f.out.Span())
	}
	if err != nil {
		return nil, err
	}
	e, begun := new(media.Edit), false
	e.Keep(0, 8)
	for _, c := range f.chunks {
		switch {
		case c.typ == "IDAT":
			for !begun && len(data) > 0 {
				n := min(len(data), pieceSize)
				e.Put(pngNew("IDAT", data[:n]))
				data = data[n:]
			}
			begun = true
		case f.wider && c.typ == "IHDR":
			b := binary.BigEndian.AppendUint32(nil, uint32(f.out.Width))
			b = binary.BigEndian.AppendUint32(b, uint32(f.out.Height))
			e.Put(pngNew("IHDR", append(b, byte(f.out.Depth), byte(f.out.Colour), 0, 0, 0)))
		case f.wider && c.typ == "tRNS" && f.layout.Colour == raster.Grey:
			e.Put(pngNew("tRNS", f.clear))
		case f.wider && (c.typ == "PLTE" || c.typ == "tRNS" || c.typ == "hIST" || c.typ == "bKGD" || c.typ == "sBIT"): // of samples that are no more
		default:
			e.Keep(c.off, pngFrame+c.n)
		}
	}
	e.Keep(f.end, f.src.Size()-f.end)
	return e, nil
}

func pngNew(typ string, payload []byte) []byte {
	b := make([]byte, 0, pngFrame+len(payload))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = append(append(b, typ...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}
