package page

import (
	"encoding/binary"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

const (
	fontWhat     = "TrueType font"
	maxComposite = 256 // glyphs that a subset holds
)

var be = binary.BigEndian

// typeface is a TrueType font (ISO/IEC 14496-22) that is open for a subset.
type typeface struct {
	b      []byte
	tables map[string][]byte
	units  int // in an em
	long   bool
	glyphs int
	widths int // entries of hmtx with a width
}

// subset is a font of a few glyphs, numbered anew.
type subset struct {
	file    []byte
	text    []rune // the character of each glyph from 1 on
	widths  []int  // in thousandths of an em, by new number
	box     [4]int // of the font, in thousandths
	ascent  int
	descent int
	low     int // the ink of the words, in thousandths
	high    int
}

func openFont(b []byte) (*typeface, error) {
	if len(b) < 12 {
		return nil, media.Truncated(fontWhat, 0, 12, int64(len(b)))
	}
	switch be.Uint32(b) {
	case 0x00010000, 0x74727565:
	case 0x4F54544F, 0x74746366:
		return nil, media.Unsupported(fontWhat, 0, "PDF takes a TrueType font with outlines in glyf, no collection")
	default:
		return nil, media.Malformed(fontWhat, 0, "not a TrueType font")
	}
	f := &typeface{b: b, tables: map[string][]byte{}}
	n := int(be.Uint16(b[4:]))
	if 12+16*n > len(b) {
		return nil, media.Truncated(fontWhat, 12, int64(16*n), int64(len(b)-12))
	}
	for i := range n {
		r := b[12+16*i:]
		off, length := int64(be.Uint32(r[8:])), int64(be.Uint32(r[12:]))
		if off+length > int64(len(b)) {
			return nil, media.Truncated(fontWhat, off, length, max(0, int64(len(b))-off))
		}
		f.tables[string(r[:4])] = b[off : off+length]
	}
	for _, t := range [...]struct {
		name string
		size int
	}{{"head", 54}, {"maxp", 32}, {"hhea", 36}, {"hmtx", 4}, {"loca", 4}, {"glyf", 0}, {"cmap", 4}} {
		if table, ok := f.tables[t.name]; !ok || len(table) < t.size {
			return nil, media.Malformed(fontWhat, 0, "table "+t.name+" is missing or too short")
		}
	}
	f.units, f.long = int(be.Uint16(f.tables["head"][18:])), be.Uint16(f.tables["head"][50:]) != 0
	f.glyphs, f.widths = int(be.Uint16(f.tables["maxp"][4:])), int(be.Uint16(f.tables["hhea"][34:]))
	entry := 2
	if f.long {
		entry = 4
	}
	if f.units < 16 || f.units > 16384 || f.widths < 1 || f.widths*4 > len(f.tables["hmtx"]) || (f.glyphs+1)*entry > len(f.tables["loca"]) {
		return nil, media.Malformed(fontWhat, 0, "head, hmtx or loca do not fit the number of glyphs")
	}
	return f, nil
}

// glyph returns a glyph's outline, nil for an empty or a broken one.
func (f *typeface) glyph(g int) []byte {
	loca, glyf := f.tables["loca"], f.tables["glyf"]
	var from, to int64
	if f.long {
		from, to = int64(be.Uint32(loca[4*g:])), int64(be.Uint32(loca[4*g+4:]))
	} else {
		from, to = 2*int64(be.Uint16(loca[2*g:])), 2*int64(be.Uint16(loca[2*g+2:]))
	}
	if from+10 > to || to > int64(len(glyf)) {
		return nil
	}
	return glyf[from:to]
}

// index finds a character's glyph by the cmap of Unicode, 0 where it has none.
func (f *typeface) index(r rune) int {
	cmap := f.tables["cmap"]
	n := int(be.Uint16(cmap[2:]))
	for i := range n {
		if 4+8*i+8 > len(cmap) {
			return 0
		}
		e := cmap[4+8*i:]
		platform, off := be.Uint16(e), int64(be.Uint32(e[4:]))
		if platform != 0 && (platform != 3 || be.Uint16(e[2:]) != 1 && be.Uint16(e[2:]) != 10) || off+16 > int64(len(cmap)) {
			continue
		}
		g := 0
		switch t := cmap[off:]; be.Uint16(t) {
		case 4:
			g = segment(t, r)
		case 12:
			g = group(t, r)
		}
		if g > 0 && g < f.glyphs {
			return g
		}
	}
	return 0
}

func segment(t []byte, r rune) int {
	count := int(be.Uint16(t[6:])) / 2
	if r > 0xffff || 16+8*count > len(t) {
		return 0
	}
	ends, starts, deltas, offsets := 14, 16+2*count, 16+4*count, 16+6*count
	for i := range count {
		start, end := rune(be.Uint16(t[starts+2*i:])), rune(be.Uint16(t[ends+2*i:]))
		if r > end || r < start {
			continue
		}
		delta, offset := int(be.Uint16(t[deltas+2*i:])), int(be.Uint16(t[offsets+2*i:]))
		if offset == 0 {
			return (int(r) + delta) & 0xffff
		}
		at := offsets + 2*i + offset + 2*int(r-start)
		if at+2 > len(t) {
			return 0
		}
		if g := int(be.Uint16(t[at:])); g > 0 {
			return (g + delta) & 0xffff
		}
		return 0
	}
	return 0
}

func group(t []byte, r rune) int {
	count := int64(be.Uint32(t[12:]))
	for i := int64(0); i < count && 16+12*i+12 <= int64(len(t)); i++ {
		g := t[16+12*i:]
		if start := be.Uint32(g); uint32(r) >= start && uint32(r) <= be.Uint32(g[4:]) {
			return int(min(int64(be.Uint32(g[8:]))+int64(uint32(r)-start), 0xffff))
		}
	}
	return 0
}

// subset returns a font with the glyphs of the words alone, the missing glyph first.
func (f *typeface) subset(words string) (*subset, error) {
	s := &subset{text: []rune{0}}
	old := []int{0}
	for _, r := range words {
		if slices.Contains(s.text[1:], r) {
			continue
		}
		g := f.index(r)
		if g == 0 {
			return nil, &colophon.Error{
				Kind: colophon.Invalid, Code: notice.CodeNoGlyph, Args: colophon.Args{"character": string(r)},
				Clauses: []colophon.Clause{colophon.ClauseGB5},
			}
		}
		s.text, old = append(s.text, r), append(old, g)
	}
	var glyf, hmtx []byte
	loca := []byte{0, 0, 0, 0}
	first := true
	for i := 0; i < len(old); i++ { // grows by the parts of composites
		if len(old) > maxComposite {
			return nil, media.TooMany("TrueType glyph", 0, maxComposite)
		}
		outline := slices.Clone(f.glyph(old[i]))
		if len(outline) > 0 && i > 0 && i < len(s.text) {
			low, high := f.milli(int(int16(be.Uint16(outline[4:])))), f.milli(int(int16(be.Uint16(outline[8:]))))
			if first {
				s.low, s.high, first = low, high, false
			}
			s.low, s.high = min(s.low, low), max(s.high, high)
		}
		var err error
		if old, err = f.renumber(outline, old); err != nil {
			return nil, err
		}
		glyf = append(glyf, outline...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		width, bearing := f.metrics(old[i])
		hmtx = append(hmtx, be.AppendUint16(be.AppendUint16(nil, width), bearing)...)
		s.widths = append(s.widths, f.milli(int(width)))
	}
	if s.high <= s.low {
		return nil, media.Malformed(fontWhat, 0, "the glyphs of the words are empty")
	}
	head := f.tables["head"]
	for i := range s.box {
		s.box[i] = f.milli(int(int16(be.Uint16(head[36+2*i:]))))
	}
	s.ascent, s.descent = f.milli(int(int16(be.Uint16(f.tables["hhea"][4:])))), f.milli(int(int16(be.Uint16(f.tables["hhea"][6:]))))
	s.file = f.write(glyf, loca, hmtx, len(old))
	return s, nil
}

// milli converts font units to thousandths of an em.
func (f *typeface) milli(n int) int { return n * 1000 / f.units }

func (f *typeface) metrics(g int) (width, bearing uint16) {
	hmtx := f.tables["hmtx"]
	if g < f.widths {
		return be.Uint16(hmtx[4*g:]), be.Uint16(hmtx[4*g+2:])
	}
	width = be.Uint16(hmtx[4*(f.widths-1):])
	if at := 4*f.widths + 2*(g-f.widths); at+2 <= len(hmtx) {
		bearing = be.Uint16(hmtx[at:])
	}
	return width, bearing
}

// renumber gives the parts of a composite glyph their new numbers, and appends those that are new to the list.
func (f *typeface) renumber(outline []byte, old []int) ([]int, error) {
	if len(outline) == 0 || int16(be.Uint16(outline)) >= 0 {
		return old, nil
	}
	for at := 10; ; {
		if at+4 > len(outline) {
			return nil, media.Malformed(fontWhat, 0, "composite glyph is cut short")
		}
		flags, g := be.Uint16(outline[at:]), int(be.Uint16(outline[at+2:]))
		if g >= f.glyphs {
			return nil, media.Malformed(fontWhat, 0, "composite glyph names a glyph that is not there")
		}
		i := slices.Index(old, g)
		if i < 0 {
			i = len(old)
			old = append(old, g)
		}
		be.PutUint16(outline[at+2:], uint16(i))
		at += 6
		if flags&1 != 0 { // arguments are words
			at += 2
		}
		switch {
		case flags&8 != 0:
			at += 2
		case flags&0x40 != 0:
			at += 4
		case flags&0x80 != 0:
			at += 8
		}
		if flags&0x20 == 0 {
			return old, nil
		}
	}
}

// write puts the tables of the subset together (PDF needs no cmap, name or OS/2).
func (f *typeface) write(glyf, loca, hmtx []byte, count int) []byte {
	head, hhea, maxp := slices.Clone(f.tables["head"]), slices.Clone(f.tables["hhea"]), slices.Clone(f.tables["maxp"])
	be.PutUint32(head[8:], 0)
	be.PutUint16(head[50:], 1)
	be.PutUint16(hhea[34:], uint16(count))
	be.PutUint16(maxp[4:], uint16(count))
	tables := []struct {
		name string
		b    []byte
	}{{"cvt ", f.tables["cvt "]}, {"fpgm", f.tables["fpgm"]}, {"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}, {"prep", f.tables["prep"]}}
	n := 0
	for _, t := range tables {
		if len(t.b) > 0 {
			tables[n] = t
			n++
		}
	}
	tables = tables[:n]
	search, log := 1, 0
	for search*2 <= n {
		search, log = search*2, log+1
	}
	out := be.AppendUint32(nil, 0x00010000)
	for _, v := range []int{n, search * 16, log, (n - search) * 16} {
		out = be.AppendUint16(out, uint16(v))
	}
	at := 12 + 16*n
	var body []byte
	for _, t := range tables {
		out = append(out, t.name...)
		for _, v := range []uint32{sum(t.b), uint32(at + len(body)), uint32(len(t.b))} {
			out = be.AppendUint32(out, v)
		}
		body = append(body, t.b...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	return append(out, body...)
}

func sum(b []byte) uint32 {
	var n uint32
	for len(b) >= 4 {
		n += be.Uint32(b)
		b = b[4:]
	}
	var last [4]byte
	copy(last[:], b)
	return n + be.Uint32(last[:])
}
