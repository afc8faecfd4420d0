package exif

import (
	"bytes"
	"encoding/binary"
)

const (
	typeASCII     = 2
	typeLong      = 4
	typeUndefined = 7

	maxIFDs    = 32
	maxEntries = 4096 // of all IFDs together
)

// byteOrder both reads and appends.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// tree is what a walk of a block found: where its IFDs and their values are.
type tree struct {
	order   byteOrder
	ifds    []ifd
	entries []entry

	what, rule string // the first damage that was met
	at         int
	fatal      bool // the damage leaves no IFD0
	text       int  // bytes of textual values so far
}

type ifd struct {
	pos     int // of the entry count
	count   int // entries
	pointer int // of the 4 bytes that point here
	exif    bool
}

type entry struct {
	ifd      int // index
	pos      int // of the 12 bytes
	tag, typ uint16
	val, n   int // the value's bytes, inline or not
}

// size returns the bytes of the IFD with its count and its next pointer.
func (d ifd) size() int { return 2 + 12*d.count + 4 }

// walk finds the IFDs of a block: the chain from IFD0, and the Exif IFD of each. It stops at damage.
func walk(b []byte) *tree {
	t := &tree{order: binary.LittleEndian}
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		t.order = binary.BigEndian
	default:
		t.damage("TIFF header", 0, "byte order and number 42")
		t.fatal = true
		return t
	}
	pointer := 4
	for pointer >= 0 {
		pointer = t.read(b, pointer, false)
	}
	t.fatal = len(t.ifds) == 0
	return t
}

// read takes in the IFD that pointer points to and returns where the pointer to the next one is, or -1.
func (t *tree) read(b []byte, pointer int, exif bool) int {
	if len(b) < pointer+4 {
		t.damage("IFD offset", pointer, "within the block")
		return -1
	}
	pos := int(t.order.Uint32(b[pointer:]))
	if pos == 0 {
		if pointer == 4 {
			t.damage("TIFF header", 4, "offset of IFD0")
		}
		return -1
	}
	if pos < 8 || pos > len(b)-2 {
		t.damage("IFD", pointer, "offset within the block")
		return -1
	}
	d := ifd{pos: pos, count: int(t.order.Uint16(b[pos:])), pointer: pointer, exif: exif}
	for _, known := range t.ifds {
		if known.pos == pos {
			t.damage("IFD", pos, "each IFD once")
			return -1
		}
	}
	switch {
	case len(t.ifds) >= maxIFDs || len(t.entries)+d.count > maxEntries:
		t.damage("IFD", pos, "number of IFDs and entries")
		return -1
	case d.size()-4 > len(b)-pos:
		t.damage("IFD", pos, "entries within the block")
		return -1
	}
	next := pos + d.size() - 4
	if next+4 > len(b) { // some writers leave the last next pointer out
		t.damage("IFD", pos, "next IFD offset within the block")
		next = -1
	}
	t.ifds = append(t.ifds, d)
	index := len(t.ifds) - 1
	for i := range d.count {
		t.take(b, index, pos+2+12*i)
	}
	return next
}

// take takes in one entry.
func (t *tree) take(b []byte, index, pos int) {
	e := entry{ifd: index, pos: pos, tag: t.order.Uint16(b[pos:]), typ: t.order.Uint16(b[pos+2:])}
	n := uint64(t.order.Uint32(b[pos+4:])) * uint64(Width(e.typ))
	e.val = pos + 8
	if n > 4 {
		e.val = int(t.order.Uint32(b[pos+8:]))
	}
	if uint64(e.val) > uint64(len(b)) || n > uint64(len(b)-e.val) {
		t.damage("IFD entry", pos, "value within the block")
		e.val, n = pos+8, 0
	}
	e.n = int(n)
	if Textual(e.tag, e.typ) {
		// Many entries that share one long text would make a small block take long to read.
		if t.text += e.n; t.text > 2*len(b) {
			t.damage("IFD entry", pos, "values apart from each other")
			e.val, e.n = pos+8, 0
		}
	}
	t.entries = append(t.entries, e)
	if e.tag == TagExifIFD && e.typ == typeLong && e.n == 4 && !t.ifds[index].exif {
		t.read(b, pos+8, true)
	}
}

func (t *tree) damage(what string, at int, rule string) {
	if t.what == "" {
		t.what, t.at, t.rule = what, at, rule
	}
}

// Width returns the bytes of one value of a TIFF field type, BigTIFF's included, and 0 for a type that is unknown.
func Width(typ uint16) int {
	switch typ {
	case 1, 2, 6, 7:
		return 1
	case 3, 8:
		return 2
	case 4, 9, 11, 13:
		return 4
	case 5, 10, 12, 16, 17, 18:
		return 8
	}
	return 0
}

// claimed reports whether a structure other than the value of entry own claims bytes of [from, to): the header, an IFD,
// or another entry's value. An entry whose value is the very same range does not count.
func (t *tree) claimed(own, from, to int) bool {
	if from < 8 {
		return true
	}
	mine := t.entries[own]
	inline := mine.val == mine.pos+8
	for _, d := range t.ifds {
		if !inline && from < d.pos+d.size() && d.pos < to {
			return true
		}
	}
	for i, e := range t.entries {
		if i == own || e.val == mine.val && e.n == mine.n {
			continue
		}
		if from < e.val+e.n && e.val < to {
			return true
		}
	}
	return false
}
