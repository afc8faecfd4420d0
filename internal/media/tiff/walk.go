package tiff

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Tags, of TIFF 6.0 and its supplements where no other source is named.
const (
	tagSubIFDs = 0x014A // TIFF/PM6 technical note 1
	tagXMP     = 700    // XMP part 3, 2.5
	tagC2PA    = 0xCD41 // C2PA 2.1, A.3.3
)

const (
	typeUndefined = 7

	maxIFDs    = 1 << 16
	maxEntries = 1 << 16 // of one IFD
	maxValues  = 256     // values with a label
	maxText    = 16 << 20
	minText    = 10 // bytes below which a text holds no label
	windowSize = 8 << 10
)

// byteOrder both reads and appends.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// walker walks a file and holds what it found.
type walker struct {
	src   media.Source
	size  int64
	order byteOrder
	big   bool // BigTIFF

	first      *ifd    // IFD0
	packet     *value  // its XMP packet
	values     []value // those with a label, IFD0's packet included
	seen       map[int64]int64
	texts      map[int64]bool
	read       int64 // bytes of texts that were read
	pending    []pointer
	signatures []media.Signature
	findings   []colophon.Finding

	buf []byte
	at  int64
}

type pointer struct {
	at, target int64 // where the pointer stands and what it says
	exif       bool
}

// ifd is IFD0.
type ifd struct {
	pos     int64
	count   int
	table   []byte // its entries
	next    []byte // the pointer to the next IFD, as it stands
	pointer int64  // where the pointer to this IFD stands
}

type value struct {
	entry
	first  bool // in IFD0
	data   []byte
	labels []media.Found
	broken error
}

// entry is one IFD entry.
type entry struct {
	pos      int64
	tag, typ uint16
	off, n   int64 // the value's bytes
	inline   bool
}

// walk visits every IFD. Beside an error it returns what it found before the damage.
func walk(src media.Source) (*walker, error) {
	w := &walker{src: src, size: src.Size(), order: binary.LittleEndian, seen: map[int64]int64{}}
	if err := w.header(); err != nil {
		return w, err
	}
	for len(w.pending) > 0 {
		p := w.pending[len(w.pending)-1]
		w.pending = w.pending[:len(w.pending)-1]
		if err := w.visit(p); err != nil {
			return w, err
		}
	}
	if w.first == nil {
		return w, media.Malformed("TIFF header", 4, "offset of IFD0")
	}
	return w, nil
}

func (w *walker) header() error {
	b, err := w.get("TIFF header", 0, 8)
	if err != nil {
		return err
	}
	if b[0] == 'M' {
		w.order = binary.BigEndian
	}
	switch w.order.Uint16(b[2:]) {
	case 42:
		w.pending = []pointer{{at: 4, target: int64(w.order.Uint32(b[4:]))}}
		return nil
	case 43:
		w.big = true
	default:
		return media.Malformed("TIFF header", 2, "version 42 or 43")
	}
	if w.order.Uint16(b[4:]) != 8 || w.order.Uint16(b[6:]) != 0 {
		return media.Malformed("BigTIFF header", 4, "offsets of 8 bytes")
	}
	if b, err = w.get("BigTIFF header", 8, 8); err != nil {
		return err
	}
	w.pending = []pointer{{at: 8, target: w.offset(b)}}
	return nil
}

// visit reads the IFD that p points to.
func (w *walker) visit(p pointer) error {
	pos := p.target
	if pos == 0 {
		return nil
	}
	if _, ok := w.seen[pos]; ok {
		return media.Malformed("IFD", pos, "each IFD once in the chain")
	}
	if len(w.seen) >= maxIFDs {
		return media.TooMany("IFD", pos, maxIFDs)
	}
	if pos < w.headerSize() {
		return media.Malformed("IFD", p.at, "offset behind the header")
	}
	b, err := w.get("IFD", pos, w.countSize())
	if err != nil {
		return err
	}
	count := int64(w.order.Uint16(b))
	if w.big {
		count = w.offset(b)
	}
	if count > maxEntries {
		return media.TooMany("IFD entry", pos, maxEntries)
	}
	n := w.countSize() + count*w.entrySize()
	if b, err = w.get("IFD", pos, n+w.wordSize()); err != nil {
		return err
	}
	table := bytes.Clone(b[w.countSize():])
	w.seen[pos] = n + w.wordSize()
	d := &ifd{pos: pos, count: int(count), table: table[:n-w.countSize()], next: table[n-w.countSize():], pointer: p.at}
	if w.first == nil {
		w.first = d
	}
	if !p.exif {
		w.pending = append(w.pending, pointer{at: pos + n, target: w.offset(d.next)})
	}
	for i := range d.count {
		if err := w.take(d, i, p.exif); err != nil {
			return err
		}
	}
	return nil
}

// take looks at one entry.
func (w *walker) take(d *ifd, i int, inExif bool) error {
	b := d.table[int64(i)*w.entrySize():][:w.entrySize()]
	e := entry{pos: d.pos + w.countSize() + int64(i)*w.entrySize(), tag: w.order.Uint16(b), typ: w.order.Uint16(b[2:])}
	width := int64(exif.Width(e.typ))
	text := exif.Textual(e.tag, e.typ)
	switch {
	case e.tag == tagC2PA:
		if len(w.signatures) == 0 {
			w.signatures = append(w.signatures, media.Signature{Kind: media.SignatureC2PA, Offset: e.pos})
		}
		return nil
	case e.tag != tagXMP && e.tag != tagSubIFDs && e.tag != exif.TagExifIFD && !text:
		return nil
	}
	word := b[w.entrySize()-w.wordSize():]
	count := uint64(w.order.Uint32(b[4:]))
	if w.big {
		count = w.order.Uint64(b[4:])
	}
	if width == 0 || count > uint64(w.size/width) {
		return w.bad(d, e, media.Malformed("IFD entry", e.pos, "value within the file"))
	}
	e.n = int64(count) * width
	if e.inline = e.n <= w.wordSize(); e.inline {
		e.off = e.pos + w.entrySize() - w.wordSize()
	} else {
		e.off = w.offset(word)
	}
	if err := media.Within(w.src, "IFD entry", e.off, e.n); err != nil {
		return w.bad(d, e, err)
	}
	switch e.tag {
	case tagXMP:
		return w.xmp(d, e)
	case tagSubIFDs, exif.TagExifIFD:
		return w.below(e, width, inExif)
	default:
		return w.text(d, e)
	}
}

// bad notes a value that can't be read. It is an error only where it would be edited, and where IFDs are lost.
func (w *walker) bad(d *ifd, e entry, err error) error {
	if e.tag == tagSubIFDs || e.tag == exif.TagExifIFD {
		return err
	}
	if e.tag == tagXMP && d == w.first && w.packet == nil {
		w.packet = &value{entry: e, first: true, broken: err}
	}
	rule := "value within the file"
	switch {
	case exif.Width(e.typ) != 1:
		rule = "type BYTE or UNDEFINED"
	case e.n > maxText && w.size > e.n:
		rule = "size that can be read"
	}
	if len(w.findings) < maxValues {
		w.findings = append(w.findings, media.Warn(media.CodeStructure, e.pos, "what", "IFD entry "+strconv.Itoa(int(e.tag)), "rule", rule))
	}
	return nil
}

// below queues the IFDs that an entry points to.
func (w *walker) below(e entry, width int64, inExif bool) error {
	if inExif || width < 4 {
		return nil
	}
	if e.n/width > maxIFDs {
		return media.TooMany("SubIFD", e.pos, maxIFDs)
	}
	b, err := w.get("SubIFDs", e.off, e.n)
	if err != nil {
		return err
	}
	for i := int64(0); i < e.n; i += width {
		p := pointer{at: e.off + i, target: int64(w.order.Uint32(b[i:])), exif: e.tag == exif.TagExifIFD}
		if width == 8 {
			p.target = w.offset64(b[i:])
		}
		if len(w.pending) >= maxIFDs {
			return media.TooMany("SubIFD", e.pos, maxIFDs)
		}
		w.pending = append(w.pending, p)
	}
	return nil
}

func (w *walker) xmp(d *ifd, e entry) error {
	v := value{entry: e, first: d == w.first}
	if exif.Width(e.typ) != 1 {
		return w.bad(d, e, media.Unsupported("IFD entry", e.pos, "tag 700 of type BYTE or UNDEFINED"))
	}
	if e.n > maxText {
		return w.bad(d, e, media.TooLarge("XMP packet", e.off, maxText))
	}
	if err := w.budget(e); err != nil {
		return err
	}
	var err error
	if v.data, err = media.Bytes(w.src, "XMP packet", e.off, e.n); err != nil {
		return err
	}
	v.labels = xmp.Read(v.data, e.off)
	if v.first && w.packet == nil {
		w.packet = &v
	}
	return w.keep(v)
}

func (w *walker) text(d *ifd, e entry) error {
	if e.n < minText || e.n > maxText || w.texts[e.off] {
		return nil
	}
	if err := w.budget(e); err != nil {
		return err
	}
	if w.texts == nil {
		w.texts = map[int64]bool{}
	}
	w.texts[e.off] = true
	b, err := w.get("IFD entry", e.off, e.n)
	if err != nil {
		return err
	}
	found, ok := exif.Value(e.tag, w.order, b, e.off)
	if !ok {
		return nil
	}
	if found.Place == media.PlaceEXIF {
		found.Findings = append(found.Findings, media.Warn(media.CodeOtherPlace, e.off, "place", string(found.Place), "standard", string(media.PlaceXMP)))
	}
	return w.keep(value{entry: e, first: d == w.first, data: bytes.Clone(b), labels: []media.Found{found}})
}

// budget bounds the reading of values that share their bytes.
func (w *walker) budget(e entry) error {
	if w.read += e.n; w.read > 2*w.size {
		return media.Malformed("IFD entry", e.pos, "values apart from each other")
	}
	return nil
}

func (w *walker) keep(v value) error {
	if len(v.labels) == 0 {
		return nil
	}
	if len(w.values) >= maxValues {
		return media.TooMany("value with a label", v.pos, maxValues)
	}
	w.values = append(w.values, v)
	return nil
}

func (w *walker) headerSize() int64 { return w.pick(8, 16) }
func (w *walker) countSize() int64  { return w.pick(2, 8) }
func (w *walker) entrySize() int64  { return w.pick(12, 20) }
func (w *walker) wordSize() int64   { return w.pick(4, 8) }

func (w *walker) pick(classic, big int64) int64 {
	if w.big {
		return big
	}
	return classic
}

// offset reads an offset. One beyond 63 bits becomes one beyond every file.
func (w *walker) offset(b []byte) int64 {
	if !w.big {
		return int64(w.order.Uint32(b))
	}
	return w.offset64(b)
}

func (w *walker) offset64(b []byte) int64 { return int64(min(w.order.Uint64(b), 1<<62)) }

// get returns n bytes at off, which hold until the next call.
func (w *walker) get(what string, off, n int64) ([]byte, error) {
	if err := media.Within(w.src, what, off, n); err != nil {
		return nil, err
	}
	if n > windowSize {
		return media.Bytes(w.src, what, off, n)
	}
	if i := off - w.at; i >= 0 && i+n <= int64(len(w.buf)) {
		return w.buf[i : i+n], nil
	}
	if w.buf == nil {
		w.buf = make([]byte, 0, min(windowSize, w.size))
	}
	w.at, w.buf = off, w.buf[:min(int64(cap(w.buf)), w.size-off)]
	if err := media.Fill(w.src, what, w.buf, off); err != nil {
		w.buf = w.buf[:0]
		return nil, err
	}
	return w.buf[:n], nil
}
