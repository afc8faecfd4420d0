package file

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"math"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/strip"
)

const (
	maxPages  = 256
	maxChunk  = 1 << 28 // bytes of a strip or tile when unpacked
	maxStrips = 1 << 20
)

// tags that are read (TIFF 6.0).
const (
	tagSubfile, tagWidth, tagHeight         = 254, 256, 257
	tagBits, tagCompression, tagPhotometric = 258, 259, 262
	tagFillOrder, tagStripOffsets           = 266, 273
	tagSamples, tagRows, tagStripCounts     = 277, 278, 279
	tagPlanar, tagPredictor                 = 284, 317
	tagTileWidth, tagTileLength             = 322, 323
	tagTileOffsets, tagTileCounts           = 324, 325
	tagExtra, tagFormat, tagDNG             = 338, 339, 50706
)

type tiffFile struct {
	src   media.Source
	order binary.ByteOrder
	pages []*tiffPage
	list  []media.Splice
	tail  []byte
}

type tiffField struct {
	at     int64 // of the 12 bytes
	values []int64
}

// tiffPage is one picture, of strips or tiles.
type tiffPage struct {
	f              *tiffFile
	at             int64
	fields         map[int]tiffField
	w, h           int
	bits, samples  int
	method         int
	predictor      bool
	cw, ch, across int
	offsets, count int // tags
	chunks         [][]byte
}

func openTIFF(src media.Source) (draft, error) {
	head := make([]byte, 8)
	if err := media.Fill(src, "TIFF header", head, 0); err != nil {
		return nil, err
	}
	f := &tiffFile{src: src}
	switch string(head[:4]) {
	case "II*\x00":
		f.order = binary.LittleEndian
	case "MM\x00*":
		f.order = binary.BigEndian
	case "II+\x00", "MM\x00+":
		return nil, media.Unsupported("TIFF header", 0, "BigTIFF")
	default:
		return nil, media.Malformed("TIFF header", 0, "byte order and number 42")
	}
	d, seen := &sheets{finish: f.finish}, map[int64]bool{}
	for at := int64(f.order.Uint32(head[4:])); at != 0; {
		if seen[at] || len(seen) >= maxPages {
			return nil, media.TooMany("directory", at, maxPages)
		}
		seen[at] = true
		p, next, err := f.page(at)
		if err != nil {
			return nil, err
		}
		if p.one(tagSubfile, 0)&5 == 0 { // neither a mask nor a smaller copy
			s, err := p.sheet()
			if err != nil {
				return nil, err
			}
			f.pages, d.pages = append(f.pages, p), append(d.pages, s)
		}
		at = next
	}
	if len(d.pages) == 0 {
		return nil, media.Malformed("TIFF header", 4, "a page")
	}
	return d, nil
}

// page reads a directory.
func (f *tiffFile) page(at int64) (*tiffPage, int64, error) {
	n := make([]byte, 2)
	if err := media.Fill(f.src, "directory", n, at); err != nil {
		return nil, 0, err
	}
	count := int64(f.order.Uint16(n))
	b, err := media.Bytes(f.src, "directory", at+2, 12*count+4)
	if err != nil {
		return nil, 0, err
	}
	p := &tiffPage{f: f, at: at, fields: map[int]tiffField{}}
	for i := range count {
		e := b[12*i:]
		tag, typ, n := int(f.order.Uint16(e)), f.order.Uint16(e[2:]), int64(f.order.Uint32(e[4:]))
		width := int64(map[uint16]int{1: 1, 3: 2, 4: 4}[typ])
		if tag < tagSubfile || tag > tagFormat && tag != tagDNG || width == 0 || n > maxStrips {
			continue
		}
		field, from := tiffField{at: at + 2 + 12*i}, at+2+12*i+8
		if n*width > 4 {
			from = int64(f.order.Uint32(e[8:]))
		}
		raw, err := media.Bytes(f.src, "field", from, n*width)
		if err != nil {
			return nil, 0, err
		}
		for ; len(raw) > 0; raw = raw[width:] {
			switch width {
			case 1:
				field.values = append(field.values, int64(raw[0]))
			case 2:
				field.values = append(field.values, int64(f.order.Uint16(raw)))
			default:
				field.values = append(field.values, int64(f.order.Uint32(raw)))
			}
		}
		p.fields[tag] = field
	}
	return p, int64(f.order.Uint32(b[12*count:])), nil
}

func (p *tiffPage) one(tag int, otherwise int64) int64 {
	if f, ok := p.fields[tag]; ok && len(f.values) > 0 {
		return f.values[0]
	}
	return otherwise
}

// sheet reads how a page's pixels are laid out, and refuses what can't be written here.
func (p *tiffPage) sheet() (*sheet, error) {
	w, h := p.one(tagWidth, 0), p.one(tagHeight, 0)
	if err := fits("directory", p.at, w, h, p.f.src.Size(), 2800*8); err != nil {
		return nil, err
	}
	p.w, p.h = int(w), int(h)
	p.samples, p.bits, p.method = int(p.one(tagSamples, 1)), int(p.one(tagBits, 1)), int(p.one(tagCompression, 1))
	p.predictor = p.one(tagPredictor, 1) == 2
	photometric := p.one(tagPhotometric, 1)
	s := &sheet{w: p.w, h: p.h, channels: p.samples, colours: 1, alpha: -1, top: 1<<p.bits - 1, inverse: photometric == 0, read: p.read, write: p.write}
	if photometric == 2 {
		s.colours = 3
	}
	for _, b := range p.fields[tagBits].values {
		if int(b) != p.bits {
			return nil, media.Unsupported("directory", p.at, "samples of different depths")
		}
	}
	switch {
	case p.one(tagDNG, -1) >= 0:
		return nil, media.Unsupported("directory", p.at, "a camera's raw picture")
	case photometric > 2 || p.samples < s.colours || p.samples > s.colours+4:
		return nil, media.Unsupported("directory", p.at, "a photometric interpretation other than grey and RGB")
	case p.bits != 8 && p.bits != 16:
		return nil, media.Unsupported("directory", p.at, "a depth that is neither 8 nor 16 bits")
	case p.method != strip.None && p.method != strip.LZW && p.method != strip.Deflate && p.method != strip.Adobe && p.method != strip.PackBits:
		return nil, media.Unsupported("directory", p.at, "compression none, LZW, deflate or PackBits")
	case p.one(tagPredictor, 1) > 2, p.one(tagFillOrder, 1) != 1, p.one(tagFormat, 1) != 1, p.one(tagPlanar, 1) == 2 && p.samples > 1:
		return nil, media.Unsupported("directory", p.at, "samples that are not plain whole numbers")
	}
	for i, kind := range p.fields[tagExtra].values { // 1 and 2 are alpha
		if (kind == 1 || kind == 2) && s.alpha < 0 && s.colours+i < p.samples {
			s.alpha = s.colours + i
		}
	}
	p.offsets, p.count = tagStripOffsets, tagStripCounts
	p.cw, p.ch = p.w, int(min(p.one(tagRows, h), h))
	if _, tiled := p.fields[tagTileOffsets]; tiled {
		p.offsets, p.count = tagTileOffsets, tagTileCounts
		p.cw, p.ch = int(min(p.one(tagTileWidth, 0), 1<<16)), int(min(p.one(tagTileLength, 0), 1<<16))
	}
	if p.cw <= 0 || p.ch <= 0 || p.cw*p.ch*p.samples*2 > maxChunk {
		return nil, media.Malformed("directory", p.at, "a size of strips or tiles")
	}
	p.across = (p.w + p.cw - 1) / p.cw
	n := p.across * ((p.h + p.ch - 1) / p.ch)
	if len(p.fields[p.offsets].values) < n || len(p.fields[p.count].values) < n {
		return nil, media.Malformed("directory", p.at, "an offset and a length of each strip or tile")
	}
	p.chunks = make([][]byte, n)
	return s, nil
}

func (p *tiffPage) stride() int { return p.cw * p.samples * p.bits / 8 }

// lines is how many lines a chunk has: the last strip may have fewer.
func (p *tiffPage) lines(i int) int {
	if p.offsets == tagTileOffsets {
		return p.ch
	}
	return min(p.ch, p.h-i*p.ch)
}

// chunk returns an unpacked strip or tile.
func (p *tiffPage) chunk(i int) ([]byte, error) {
	if p.chunks[i] != nil {
		return p.chunks[i], nil
	}
	off, n := p.fields[p.offsets].values[i], p.fields[p.count].values[i]
	packed, err := media.Bytes(p.f.src, "strip", off, n)
	if err != nil {
		return nil, err
	}
	b, err := strip.Unpack(p.method, packed, p.lines(i)*p.stride())
	if err != nil {
		return nil, media.Malformed("strip", off, "packed data for every line")
	}
	b = bytes.Clone(b)
	if p.predictor {
		strip.Sum(b, p.stride(), p.samples, p.bits/8, p.f.order)
	}
	p.chunks[i] = b
	return b, nil
}

// pieces visits the bytes of a line, chunk by chunk; x is the first pixel of each.
func (p *tiffPage) pieces(y int, visit func(x int, b []byte)) error {
	for i := range p.across {
		b, err := p.chunk(y/p.ch*p.across + i)
		if err != nil {
			return err
		}
		n := min(p.cw, p.w-i*p.cw) * p.samples * p.bits / 8
		visit(i*p.cw, b[y%p.ch*p.stride():][:n])
	}
	return nil
}

func (p *tiffPage) read(y int, samples []uint16) error {
	return p.pieces(y, func(x int, b []byte) {
		to := samples[x*p.samples:]
		if p.bits == 8 {
			for i, v := range b {
				to[i] = uint16(v)
			}
			return
		}
		for i := range len(b) / 2 {
			to[i] = p.f.order.Uint16(b[2*i:])
		}
	})
}

func (p *tiffPage) write(y int, samples []uint16) error {
	return p.pieces(y, func(x int, b []byte) {
		from := samples[x*p.samples:]
		if p.bits == 8 {
			for i := range b {
				b[i] = byte(from[i])
			}
			return
		}
		for i := range len(b) / 2 {
			p.f.order.PutUint16(b[2*i:], from[i])
		}
	})
}

// finish puts strips that fit into their old places, and others behind the end of the file. What was there before is gone either way.
func (f *tiffFile) finish() (*media.Edit, error) {
	for _, p := range f.pages {
		offsets, counts := slices.Clone(p.fields[p.offsets].values), slices.Clone(p.fields[p.count].values)
		for i, b := range p.chunks {
			if b == nil {
				continue
			}
			if p.predictor {
				strip.Differ(b, p.stride(), p.samples, p.bits/8, f.order)
			}
			packed, err := strip.PackLines(p.method, b, p.stride())
			if err != nil {
				return nil, err
			}
			old := counts[i]
			if int64(len(packed)) > old {
				f.put(offsets[i], make([]byte, old))
				offsets[i] = f.append(packed)
			} else {
				f.put(offsets[i], append(packed, make([]byte, old-int64(len(packed)))...))
			}
			counts[i] = int64(len(packed))
		}
		f.table(p.fields[p.offsets], p.offsets, offsets)
		f.table(p.fields[p.count], p.count, counts)
	}
	end := f.src.Size()
	if end+int64(len(f.tail)) > math.MaxUint32 {
		return nil, media.NoRoom("TIFF file", 0, math.MaxUint32)
	}
	slices.SortFunc(f.list, func(a, b media.Splice) int { return cmp.Compare(a.Offset, b.Offset) })
	for i := 1; i < len(f.list); i++ {
		if f.list[i].Offset < f.list[i-1].Offset+f.list[i-1].Delete {
			return nil, media.Malformed("directory", f.list[i].Offset, "structures apart from each other")
		}
	}
	return media.Splices(f.src, append(f.list, media.Splice{Offset: end, Insert: f.tail})...)
}

func (f *tiffFile) put(off int64, b []byte) {
	f.list = append(f.list, media.Splice{Offset: off, Delete: int64(len(b)), Insert: b})
}

// append puts bytes behind the end, at an even offset.
func (f *tiffFile) append(b []byte) int64 {
	if (f.src.Size()+int64(len(f.tail)))%2 == 1 {
		f.tail = append(f.tail, 0)
	}
	off := f.src.Size() + int64(len(f.tail))
	f.tail = append(f.tail, b...)
	return off
}

// table writes a field's values anew, as whole numbers of 32 bits.
func (f *tiffFile) table(field tiffField, tag int, values []int64) {
	if slices.Equal(field.values, values) {
		return
	}
	b := make([]byte, 12)
	f.order.PutUint16(b, uint16(tag))
	f.order.PutUint16(b[2:], 4)
	f.order.PutUint32(b[4:], uint32(len(values)))
	list := make([]byte, 4*len(values))
	for i, v := range values {
		f.order.PutUint32(list[4*i:], uint32(v))
	}
	if len(values) > 1 {
		f.order.PutUint32(b[8:], uint32(f.append(list)))
	} else {
		copy(b[8:], list)
	}
	f.put(field.at, b)
}

// deflated is a zlib stream.
func deflated(b []byte) ([]byte, error) {
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
