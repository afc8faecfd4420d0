package box

import (
	"encoding/binary"
	"math"

	"github.com/colophon-project/colophon/internal/media"
)

const maxLocations = 8 << 20 // bytes of an iloc box

// Locations is an item location box (ISO/IEC 14496-12, 8.11.3).
type Locations struct {
	Box   *Box
	Items []Item

	idat                    *Box
	head                    [4]byte // version and flags
	offset, length, base, x int     // sizes of the fields in bytes; x is the extent index
	tail                    []byte  // bytes behind the last item
	change                  *Change
}

// Construction methods.
const (
	InFile = 0 // offsets count from the beginning of the file
	InData = 1 // offsets count from the beginning of the idat box's content
	InItem = 2 // offsets count from the beginning of another item
)

// Item says where one item's data is.
type Item struct {
	ID      uint32
	Method  uint16 // with the reserved bits above it
	DataRef uint16 // 0 is this file
	Base    uint64
	Extents []Extent
	to      uint64 // the new base
}

// Extent is one piece of an item. Where Into is set, the piece stands At bytes into what that change brings in.
type Extent struct {
	Index, Offset, Length uint64
	Into                  *Change
	At                    int64
	to                    uint64 // the new offset
}

// How returns the construction method.
func (it *Item) How() int { return int(it.Method & 15) }

// ReadLocations parses an iloc box. The box idat is the one beside it and may be nil.
func ReadLocations(r *Reader, iloc, idat *Box) (*Locations, error) {
	b, err := r.Content(iloc, maxLocations)
	if err != nil {
		return nil, err
	}
	p := &parser{b: b, box: iloc}
	l := &Locations{Box: iloc, idat: idat}
	copy(l.head[:], p.take(4))
	version := l.head[0]
	sizes := p.uint(2)
	l.offset, l.length, l.base = int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15)
	if version > 0 {
		l.x = int(sizes & 15)
	}
	for _, n := range [...]int{l.offset, l.length, l.base, l.x} {
		if n != 0 && n != 4 && n != 8 {
			return nil, media.Malformed("iloc", iloc.Offset, "a field size other than 0, 4 and 8")
		}
	}
	if version > 2 {
		return nil, media.Unsupported("iloc", iloc.Offset, "a version above 2")
	}
	idSize := 2
	if version == 2 {
		idSize = 4
	}
	for n := p.uint(idSize); n > 0 && p.err == nil; n-- {
		l.Items = append(l.Items, l.item(p, idSize))
	}
	if p.err != nil {
		return nil, p.err
	}
	l.tail = p.b
	return l, nil
}

func (l *Locations) item(p *parser, idSize int) Item {
	it := Item{ID: uint32(p.uint(idSize))}
	if l.head[0] > 0 {
		it.Method = uint16(p.uint(2))
	}
	it.DataRef = uint16(p.uint(2))
	it.Base = p.uint(l.base)
	n := int(p.uint(2))
	step := l.x + l.offset + l.length
	if step == 0 && n > 1 {
		p.fail("extents without offset and length")
	}
	if n*step > len(p.b) {
		p.fail("more extents than the box holds")
	}
	for ; n > 0 && p.err == nil; n-- {
		it.Extents = append(it.Extents, Extent{Index: p.uint(l.x), Offset: p.uint(l.offset), Length: p.uint(l.length)})
	}
	return it
}

// Range returns where an extent stands in the file, and false when it can't be told.
func (l *Locations) Range(it *Item, e *Extent) (off, n int64, ok bool) {
	origin, ok := l.origin(it)
	sum := it.Base + e.Offset
	if !ok || sum < it.Base || sum > math.MaxInt64/2 || e.Length > math.MaxInt64/2 {
		return 0, 0, false
	}
	return origin + int64(sum), int64(e.Length), true
}

func (l *Locations) origin(it *Item) (int64, bool) {
	switch {
	case it.DataRef != 0:
		return 0, false
	case it.How() == InFile:
		return 0, true
	case it.How() == InData && l.idat != nil:
		return l.idat.Body(), true
	}
	return 0, false
}

// Find returns the item with an identifier, or nil.
func (l *Locations) Find(id uint32) *Item {
	for i := range l.Items {
		if l.Items[i].ID == id {
			return &l.Items[i]
		}
	}
	return nil
}

// Locate makes the plan write these locations in place of the old ones, adjusted to all that moves.
func (p *Plan) Locate(l *Locations) {
	l.change = p.Replace(l.Box.Parent, l.Box.Offset, l.Box.Size, nil)
	p.resize(l.change, l.Box.Size)
	p.locations = append(p.locations, l)
}

// fit computes the new offsets under the current layout and widens fields that can't hold them.
func (l *Locations) fit(p *Plan) (bool, error) {
	for i := range l.Items {
		if err := l.place(p, &l.Items[i]); err != nil {
			return false, err
		}
	}
	n := int64(len(l.encode()))
	if n == l.change.n {
		return false, nil
	}
	p.resize(l.change, n)
	return true, nil
}

// place computes the new base and offsets of one item.
func (l *Locations) place(p *Plan, it *Item) error {
	it.to = it.Base
	origin, known := l.origin(it)
	if !known {
		for i := range it.Extents {
			it.Extents[i].to = it.Extents[i].Offset
		}
		if it.DataRef != 0 && len(p.moves) > 0 {
			return media.Unsupported("iloc", l.Box.Offset, "an item in another file")
		}
		return nil
	}
	base := origin
	if it.How() == InData {
		to, err := p.follow("iloc", l.Box.Offset, l.idat.Offset)
		if err != nil {
			return err
		}
		base = to + l.idat.Header
	}
	uniform, shift := true, int64(0)
	for i := range it.Extents {
		e := &it.Extents[i]
		if e.Into != nil {
			e.to, uniform = uint64(e.Into.at+e.At-base), false
			continue
		}
		off, n, ok := l.Range(it, e)
		if !ok {
			return media.Malformed("iloc", l.Box.Offset, "an offset is larger than any file")
		}
		to, err := p.whole("iloc", l.Box.Offset, off, n)
		if err != nil {
			return err
		}
		if to < base {
			return media.Unsupported("iloc", l.Box.Offset, "an item before its origin")
		}
		by := (to - base) - (off - origin)
		uniform = uniform && (i == 0 || by == shift)
		e.to, shift = uint64(to-base), by
	}
	l.split(it, uniform, shift)
	return nil
}

// split divides the new places of an item into base and offsets, the way that changes the entry least.
func (l *Locations) split(it *Item, uniform bool, shift int64) {
	switch {
	case uniform && (shift == 0 || l.base > 0 && (it.Base > 0 || l.offset == 0) && int64(it.Base)+shift >= 0):
		it.to = uint64(int64(it.Base) + shift)
		for i := range it.Extents {
			it.Extents[i].to = it.Extents[i].Offset
		}
	case l.offset == 0 && l.base > 0 && len(it.Extents) == 1:
		it.to, it.Extents[0].to = it.Extents[0].to, 0
	default:
		it.to = 0
	}
	l.base = widen(l.base, it.to)
	for _, e := range it.Extents {
		l.offset, l.length = widen(l.offset, e.to), widen(l.length, e.Length)
	}
}

func widen(size int, v uint64) int {
	switch {
	case v > math.MaxUint32:
		return 8
	case v > 0 && size == 0:
		return 4
	}
	return size
}

func (l *Locations) encode() []byte {
	b := append(make([]byte, 8, l.Box.Size+64), l.head[:]...)
	x := l.x
	if l.head[0] == 0 {
		x = 0
	}
	b = append(b, byte(l.offset<<4|l.length), byte(l.base<<4|x))
	idSize := 2
	if l.head[0] == 2 {
		idSize = 4
	}
	b = put(b, idSize, uint64(len(l.Items)))
	for i := range l.Items {
		it := &l.Items[i]
		b = put(b, idSize, uint64(it.ID))
		if l.head[0] > 0 {
			b = put(b, 2, uint64(it.Method))
		}
		b = put(b, 2, uint64(it.DataRef))
		b = put(b, l.base, it.to)
		b = put(b, 2, uint64(len(it.Extents)))
		for _, e := range it.Extents {
			b = put(b, l.x, e.Index)
			b = put(b, l.offset, e.to)
			b = put(b, l.length, e.Length)
		}
	}
	b = append(b, l.tail...)
	copy(b, header(int64(len(b)), "iloc"))
	return b
}

func put(b []byte, size int, v uint64) []byte {
	switch size {
	case 2:
		return binary.BigEndian.AppendUint16(b, uint16(v))
	case 4:
		return binary.BigEndian.AppendUint32(b, uint32(v))
	case 8:
		return binary.BigEndian.AppendUint64(b, v)
	}
	return b
}

type parser struct {
	b   []byte
	box *Box
	err error
}

func (p *parser) fail(rule string) {
	if p.err == nil {
		p.err = media.Malformed(name(p.box.Type), p.box.Offset, rule)
	}
	p.b = nil
}

func (p *parser) take(n int) []byte {
	if len(p.b) < n {
		if p.err == nil {
			p.err = media.Truncated(name(p.box.Type), p.box.Offset, int64(n), int64(len(p.b)))
		}
		p.b = nil
		return make([]byte, n)
	}
	b := p.b[:n]
	p.b = p.b[n:]
	return b
}

func (p *parser) uint(n int) uint64 {
	b := p.take(n)
	switch n {
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	case 8:
		return binary.BigEndian.Uint64(b)
	}
	return 0
}
