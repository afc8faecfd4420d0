package plate

import (
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/part"
	"github.com/colophon-project/colophon/internal/picture/raster"
	"github.com/colophon-project/colophon/internal/picture/strip"
)

const (
	maxPages  = 256
	maxChunk  = 1 << 28 // bytes of a strip or tile when unpacked
	maxStrips = 1 << 20
)

// tiffFile is a TIFF file (TIFF 6.0) with the directories of its pages.
type tiffFile struct {
	src   media.Source
	order binary.ByteOrder
	pages []*tiffPage
}

// tiffField is one field of a directory.
type tiffField struct {
	at     int64 // of the 12 bytes
	values []int64
	value  int64 // where the values stand
}

// tiffPage is one picture. It is an image.Image; what it could not read is black, and the error is kept.
type tiffPage struct {
	f              *tiffFile
	at             int64 // of the directory
	fields         map[int]tiffField
	w, h           int
	bits, samples  int
	extra          int // samples that are no colour
	photometric    int
	method         int
	predictor      bool
	planar         bool // each sample has chunks of its own
	cw, ch         int  // size of a chunk
	across, down   int
	offsets, count int // tags
	orient         int
	copied         bool // a smaller copy of another page; it may be one that can't be read here, and down is 0 then
	chunks         map[int][]byte
	pal            *palette
	err            error
}

// tags that are read.
const (
	tagSubfile, tagWidth, tagHeight               = 254, 256, 257
	tagBits, tagCompression, tagPhotometric       = 258, 259, 262
	tagFillOrder, tagStripOffsets, tagOrientation = 266, 273, 274
	tagSamples, tagRows, tagStripCounts           = 277, 278, 279
	tagPlanar, tagPredictor, tagColourMap         = 284, 317, 320
	tagTileWidth, tagTileLength, tagTileOffsets   = 322, 323, 324
	tagTileCounts, tagExtra, tagFormat            = 325, 338, 339
	tagDNG                                        = 50706
)

func readTIFF(src media.Source) (*tiffFile, error) {
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
	seen := map[int64]bool{}
	for at := int64(f.order.Uint32(head[4:])); at != 0; {
		if seen[at] || len(seen) >= maxPages {
			return nil, media.TooMany("directory", at, maxPages)
		}
		seen[at] = true
		p, next, err := f.page(at)
		if err != nil {
			return nil, err
		}
		if subfile := p.one(tagSubfile, 0); subfile&4 == 0 { // no mask
			p.copied = subfile&1 != 0
			if err := p.lay(); err != nil && !p.copied {
				return nil, err
			} else if err != nil {
				p.down = 0
			}
			f.pages = append(f.pages, p)
		}
		at = next
	}
	if !slices.ContainsFunc(f.pages, func(p *tiffPage) bool { return !p.copied }) {
		return nil, media.Malformed("TIFF header", 4, "a page")
	}
	return f, nil
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
	p := &tiffPage{f: f, at: at, fields: map[int]tiffField{}, chunks: map[int][]byte{}, pal: &palette{}}
	for i := range count {
		e := b[12*i:]
		tag, typ, n := int(f.order.Uint16(e)), f.order.Uint16(e[2:]), int64(f.order.Uint32(e[4:]))
		if tag < tagSubfile || tag > tagFormat && tag != tagDNG {
			continue
		}
		width := int64(map[uint16]int{1: 1, 3: 2, 4: 4}[typ])
		if width == 0 || n > maxStrips {
			continue
		}
		field := tiffField{at: at + 2 + 12*i, value: at + 2 + 12*i + 8}
		if n*width > 4 {
			field.value = int64(f.order.Uint32(e[8:]))
		}
		raw, err := media.Bytes(f.src, "field", field.value, n*width)
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

// lay reads how a page's pixels are laid out, and refuses what can't be written here.
func (p *tiffPage) lay() error {
	w, h := p.one(tagWidth, 0), p.one(tagHeight, 0)
	if err := manyPixels("directory", p.at, w, h); err != nil {
		return err
	}
	if err := fits("directory", p.at, w, h, p.f.src.Size(), 2800*8); err != nil {
		return err
	}
	p.w, p.h = int(w), int(h)
	p.samples, p.bits = int(p.one(tagSamples, 1)), int(p.one(tagBits, 1))
	p.photometric, p.method = int(p.one(tagPhotometric, 1)), int(p.one(tagCompression, 1))
	p.orient = sound(int(p.one(tagOrientation, 1)))
	p.predictor, p.planar = p.one(tagPredictor, 1) == 2, p.one(tagPlanar, 1) == 2
	colours := map[int]int{0: 1, 1: 1, 2: 3, 3: 1, 5: 4}[p.photometric]
	p.extra = p.samples - colours
	for _, b := range p.fields[tagBits].values {
		if int(b) != p.bits {
			return media.Unsupported("directory", p.at, "samples of different depths")
		}
	}
	switch {
	case p.one(tagDNG, -1) >= 0:
		return media.Unsupported("directory", p.at, "a camera's raw picture")
	case colours == 0 || p.extra < 0 || p.extra > 4:
		return media.Unsupported("directory", p.at, "a photometric interpretation other than grey, RGB, palette and CMYK")
	case p.bits != 8 && p.bits != 16 && !(p.samples == 1 && (p.bits == 1 || p.bits == 4)), p.bits == 16 && p.photometric == 3:
		return media.Unsupported("directory", p.at, "a depth that is none of 1, 4, 8 and 16 bits")
	case p.method != strip.None && p.method != strip.LZW && p.method != strip.Deflate && p.method != strip.Adobe && p.method != strip.PackBits:
		return media.Unsupported("directory", p.at, "compression none, LZW, deflate or PackBits")
	case p.one(tagPredictor, 1) > 2 || p.predictor && p.bits < 8, p.one(tagFillOrder, 1) != 1, p.one(tagFormat, 1) != 1:
		return media.Unsupported("directory", p.at, "samples that are not plain whole numbers")
	}
	p.offsets, p.count = tagStripOffsets, tagStripCounts
	p.cw, p.ch = p.w, int(min(p.one(tagRows, h), h))
	if _, tiled := p.fields[tagTileOffsets]; tiled {
		p.offsets, p.count = tagTileOffsets, tagTileCounts
		p.cw, p.ch = int(min(p.one(tagTileWidth, 0), 1<<16)), int(min(p.one(tagTileLength, 0), 1<<16))
	}
	if p.cw <= 0 || p.ch <= 0 || p.cw*p.ch*p.samples*2 > maxChunk {
		return media.Malformed("directory", p.at, "a size of strips or tiles")
	}
	p.across, p.down = (p.w+p.cw-1)/p.cw, (p.h+p.ch-1)/p.ch
	if n := p.across * p.down * p.planes(); len(p.fields[p.offsets].values) < n || len(p.fields[p.count].values) < n {
		return media.Malformed("directory", p.at, "an offset and a length of each strip or tile")
	}
	if p.photometric == 3 {
		table := p.fields[tagColourMap].values
		n := 1 << p.bits
		if len(table) < 3*n {
			return media.Malformed("directory", p.at, "a colour map")
		}
		for i := range n {
			p.pal.colours = append(p.pal.colours, byte(table[i]>>8), byte(table[n+i]>>8), byte(table[2*n+i]>>8))
		}
	}
	return nil
}

func (p *tiffPage) planes() int {
	if p.planar {
		return p.samples
	}
	return 1
}

// inside is how many samples a pixel has in one chunk.
func (p *tiffPage) inside() int {
	if p.planar {
		return 1
	}
	return p.samples
}

func (p *tiffPage) stride() int { return (p.cw*p.inside()*p.bits + 7) / 8 }

// lines is how many lines a chunk has: the last strip may have fewer.
func (p *tiffPage) lines(i int) int {
	if p.offsets == tagTileOffsets {
		return p.ch
	}
	return min(p.ch, p.h-i%p.down*p.ch)
}

// chunk returns an unpacked strip or tile.
func (p *tiffPage) chunk(i int) []byte {
	if b, ok := p.chunks[i]; ok || p.err != nil {
		return b
	}
	off, n := p.fields[p.offsets].values[i], p.fields[p.count].values[i]
	packed, err := media.Bytes(p.f.src, "strip", off, n)
	if err != nil {
		p.err = err
		return nil
	}
	b, err := strip.Unpack(p.method, packed, p.lines(i)*p.stride())
	if err != nil {
		p.err = media.Malformed("strip", off, "packed data for every line")
		return nil
	}
	if p.predictor {
		strip.Sum(b, p.stride(), p.inside(), p.bits/8, p.f.order)
	}
	p.chunks[i] = b
	return b
}

// find returns the chunk of a sample, its index and where in it the sample's first bit is.
func (p *tiffPage) find(x, y, sample int) (b []byte, i, bit int) {
	i = y/p.ch*p.across + x/p.cw
	k := (x%p.cw)*p.inside() + sample
	if p.planar {
		i += sample * p.across * p.down
		k = x % p.cw
	}
	b = p.chunk(i)
	return b, i, y%p.ch*p.stride()*8 + k*p.bits
}

func (p *tiffPage) get(x, y, sample int) uint16 {
	b, _, at := p.find(x, y, sample)
	switch {
	case b == nil:
		return 0
	case p.bits == 16:
		return p.f.order.Uint16(b[at/8:])
	case p.bits == 8:
		return uint16(b[at/8])
	}
	return uint16(b[at/8]>>(8-p.bits-at%8)) & (1<<p.bits - 1)
}

func (p *tiffPage) set(x, y, sample int, v uint16, touched map[int]bool) {
	b, i, at := p.find(x, y, sample)
	if b == nil {
		return
	}
	touched[i] = true
	switch p.bits {
	case 16:
		p.f.order.PutUint16(b[at/8:], v)
	case 8:
		b[at/8] = byte(v)
	default:
		shift := 8 - p.bits - at%8
		mask := byte(1<<p.bits-1) << shift
		b[at/8] = b[at/8]&^mask | byte(v)<<shift&mask
	}
}

// ColorModel is that of At.
func (p *tiffPage) ColorModel() color.Model { return color.NRGBAModel }

// Bounds is the size of the page.
func (p *tiffPage) Bounds() image.Rectangle { return image.Rect(0, 0, p.w, p.h) }

// At returns a pixel; alpha is left out.
func (p *tiffPage) At(x, y int) color.Color {
	v := func(sample int) uint8 {
		s := p.get(x, y, sample)
		if p.bits == 16 {
			return uint8(s >> 8)
		}
		return uint8(int(s) * 255 / (1<<p.bits - 1))
	}
	switch p.photometric {
	case 0:
		return color.Gray{Y: 255 - v(0)}
	case 2:
		return color.NRGBA{v(0), v(1), v(2), 255}
	case 3:
		i := 3 * int(p.get(x, y, 0))
		return color.NRGBA{p.pal.colours[i], p.pal.colours[i+1], p.pal.colours[i+2], 255}
	case 5:
		return color.CMYK{v(0), v(1), v(2), v(3)}
	}
	return color.Gray{Y: v(0)}
}

func putTIFF(src media.Source, j *job) (*media.Edit, error) {
	f, err := readTIFF(src)
	if err != nil {
		return nil, err
	}
	w := &tiffWriter{f: f, end: src.Size()}
	var places []*Placed // of each page; nil where the notice was there, or can't be
	var first *Placed    // of a page that is no smaller copy
	corner := j.options.Corner
	for _, p := range f.pages {
		places = append(places, nil)
		if p.copied && !j.holds(p) {
			continue
		}
		placed, err := j.find(all(p), p.Bounds().Size(), p.orient)
		if err != nil {
			return nil, err
		}
		if placed == nil && j.look {
			return nil, errAbsent
		}
		if placed == nil {
			at := j.options.Corner
			if p.copied { // that of the page before
				at = corner
			}
			if placed, err = j.brush.place(&sight{view: p, size: p.Bounds().Size()}, p.orient, at, 0); err != nil {
				return nil, err
			}
			if placed, err = w.page(p, placed); err != nil {
				return nil, err
			}
			places[len(places)-1] = placed
		}
		if corner = placed.Corner; first == nil && !p.copied {
			first = placed
		}
		p.chunks = map[int][]byte{}
	}
	splices, err := w.splices()
	if err != nil {
		return nil, err
	}
	if len(splices) == 0 {
		return j.kept(src, first)
	}
	again, err := readTIFF(part.NewView(src, splices))
	if err != nil {
		return nil, err
	}
	for i, p := range again.pages {
		if places[i] == nil {
			continue
		}
		if err := j.check(places[i], p); err != nil {
			return nil, media.Unsupported("directory", p.at, "colours that are legible on each other")
		}
		if p.err != nil {
			return nil, p.err
		}
	}
	j.method(first, "pixels")
	return media.Splices(src, splices...)
}

// tiffWriter collects what becomes of a TIFF file. Nothing in it is moved: a strip that fits its old place goes back
// there, a longer one goes behind the end of the file, and only the tables that point to it are replaced.
type tiffWriter struct {
	f    *tiffFile
	list []media.Splice
	tail []byte
	end  int64 // of the file as it was
}

// CodeCopy says that a smaller copy of the picture, as viewers keep it in a file, is too small for a legible notice or of a
// kind that can't be written here, and stays without one; args "width", "height".
const CodeCopy colophon.Code = "notice-smaller-copy"

// holds reports whether a smaller copy can hold the notice, and reports one that can't.
func (j *job) holds(p *tiffPage) bool {
	w, h := int(p.one(tagWidth, 0)), int(p.one(tagHeight, 0))
	if p.down > 0 {
		size := image.Pt(w, h)
		if turned(p.orient) {
			size.X, size.Y = size.Y, size.X
		}
		if _, err := j.brush.fit(size.X, size.Y, 0); err == nil {
			return true
		}
	}
	j.report.Findings = append(j.report.Findings, colophon.Finding{Code: CodeCopy, Level: colophon.Note, Clause: colophon.ClauseGB5,
		Offset: p.at, Args: colophon.Args{"width": strconv.Itoa(w), "height": strconv.Itoa(h)}})
	return false
}

// page paints the plate on a page and plans its strips. It returns the plate as it is drawn.
func (w *tiffWriter) page(p *tiffPage, placed *Placed) (*Placed, error) {
	placed, err := w.colours(p, placed)
	if err != nil {
		return nil, err
	}
	touched := map[int]bool{}
	for y := placed.Box.Min.Y; y < placed.Box.Max.Y; y++ {
		for x := placed.Box.Min.X; x < placed.Box.Max.X; x++ {
			p.paint(x, y, placed.Stored.NRGBAAt(x-placed.Box.Min.X, y-placed.Box.Min.Y).R, touched)
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	offsets, counts := slices.Clone(p.fields[p.offsets].values), slices.Clone(p.fields[p.count].values)
	moved := false
	for i := range offsets {
		if !touched[i] {
			continue
		}
		b := p.chunks[i]
		if p.predictor {
			strip.Differ(b, p.stride(), p.inside(), p.bits/8, p.f.order)
		}
		packed, err := strip.PackLines(p.method, b, p.stride())
		if err != nil {
			return nil, err
		}
		if p.method == strip.None && w.free(offsets[i], int64(len(packed))) && int64(len(packed)) <= counts[i] {
			w.put(offsets[i], packed)
			continue
		}
		offsets[i], counts[i], moved = w.append(packed), int64(len(packed)), true
	}
	if moved {
		w.table(p.fields[p.offsets], p.offsets, offsets)
		w.table(p.fields[p.count], p.count, counts)
	}
	return placed, nil
}

// paint writes a grey of the plate.
func (p *tiffPage) paint(x, y int, grey uint8, touched map[int]bool) {
	top := 1<<p.bits - 1
	v := uint16((int(grey)*top + 127) / 255)
	set := func(sample int, v uint16) { p.set(x, y, sample, v, touched) }
	colours := p.samples - p.extra
	switch p.photometric {
	case 0:
		set(0, uint16(top)-v)
	case 1:
		set(0, v)
	case 2:
		set(0, v)
		set(1, v)
		set(2, v)
	case 3:
		set(0, p.pal.samples(raster.Layout{Depth: p.bits, Colour: raster.Palette}, grey)[0])
	case 5:
		set(0, 0)
		set(1, 0)
		set(2, 0)
		set(3, uint16(top)-v)
	}
	for i := range p.extra {
		set(colours+i, uint16(top)) // opaque
	}
}

func (w *tiffWriter) appender() binary.AppendByteOrder {
	if w.f.order == binary.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// free reports whether nothing was put into a range yet.
func (w *tiffWriter) free(off, n int64) bool {
	for _, s := range w.list {
		if off < s.Offset+s.Delete && s.Offset < off+n {
			return false
		}
	}
	return off >= 8 && off+n <= w.end
}

func (w *tiffWriter) put(off int64, b []byte) {
	w.list = append(w.list, media.Splice{Offset: off, Delete: int64(len(b)), Insert: b})
}

// append puts bytes behind the end, at an even offset.
func (w *tiffWriter) append(b []byte) int64 {
	if (w.end+int64(len(w.tail)))%2 == 1 {
		w.tail = append(w.tail, 0)
	}
	off := w.end + int64(len(w.tail))
	w.tail = append(w.tail, b...)
	return off
}

// table writes a field's values anew, as whole numbers of 32 bits.
func (w *tiffWriter) table(f tiffField, tag int, values []int64) {
	order := w.appender()
	b := order.AppendUint16(nil, uint16(tag))
	b = order.AppendUint16(b, 4)
	b = order.AppendUint32(b, uint32(len(values)))
	var list []byte
	for _, v := range values {
		list = order.AppendUint32(list, uint32(v))
	}
	if len(values) > 1 {
		list = order.AppendUint32(nil, uint32(w.append(list)))
	}
	w.put(f.at, append(b, list...))
}

// splices returns all replacements in order.
func (w *tiffWriter) splices() ([]media.Splice, error) {
	if w.end+int64(len(w.tail)) > math.MaxUint32 {
		return nil, media.NoRoom("TIFF file", 0, math.MaxUint32)
	}
	slices.SortFunc(w.list, func(a, b media.Splice) int { return cmp.Compare(a.Offset, b.Offset) })
	for i := 1; i < len(w.list); i++ {
		if w.list[i].Offset < w.list[i-1].Offset+w.list[i-1].Delete {
			return nil, media.Malformed("directory", w.list[i].Offset, "structures apart from each other")
		}
	}
	if len(w.tail) > 0 {
		return append(w.list, media.Splice{Offset: w.end, Insert: w.tail}), nil
	}
	return w.list, nil
}
