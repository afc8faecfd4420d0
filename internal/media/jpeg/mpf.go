package jpeg

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	tagEntry  = 0xB002 // CIPA DC-007, 5.2.3.3: MP Entry
	entrySize = 16
)

// index is the MP Index IFD of an MPF segment: where the images of the file are. Offsets count from the MP header, which
// stands behind the identifier MPF; the first image has offset 0 by rule.
type index struct {
	order   binary.ByteOrder
	base    int64 // of the MP header in the file
	entries []int // offsets of entries in the segment's data
	starts  []uint32
	rule    string // broken rule; the index can't be brought up to date
}

// readIndex reads the entries. A segment of a later image has no MP Entry tag and gives an empty index.
func readIndex(b []byte, base int64) index {
	x := index{order: binary.LittleEndian, base: base}
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		x.order = binary.BigEndian
	default:
		x.rule = "MP endian"
		return x
	}
	if len(b) < 8 {
		x.rule = "MP header of 8 bytes"
		return x
	}
	pos := int64(x.order.Uint32(b[4:]))
	if pos < 8 || pos > int64(len(b)-2) {
		x.rule = "offset of the MP Index IFD"
		return x
	}
	count := int(x.order.Uint16(b[pos:]))
	if count > (len(b)-int(pos)-2)/12 {
		x.rule = "MP Index IFD within the segment"
		return x
	}
	for i := range count {
		e := b[int(pos)+2+12*i:]
		if x.order.Uint16(e) != tagEntry {
			continue
		}
		n, at := int64(x.order.Uint32(e[4:])), int64(x.order.Uint32(e[8:]))
		if n%entrySize != 0 || n < entrySize || at < 8 || at+n > int64(len(b)) {
			x.rule = "MP Entry within the segment"
			return x
		}
		x.take(b, int(at), int(n))
		return x
	}
	return x
}

func (x *index) take(b []byte, at, n int) {
	for ; n > 0; at, n = at+entrySize, n-entrySize {
		x.entries = append(x.entries, at)
		x.starts = append(x.starts, x.order.Uint32(b[at+8:]))
	}
}

// index brings every MPF index up to date with the replacements planned so far.
func (p *plan) index() error {
	splices := p.splices
	for i := range p.file.segments {
		s := &p.file.segments[i]
		if s.kind != kindMPF || len(splices) == 0 {
			continue
		}
		if s.index.rule != "" {
			return media.Unsupported("MPF", s.body(), s.index.rule)
		}
		data, err := s.index.moved(s.data, splices)
		if err != nil {
			return err
		}
		if err := p.replace(s, data); err != nil {
			return err
		}
	}
	return nil
}

// moved returns the segment's data with the sizes and offsets that hold after the replacements.
func (x *index) moved(data []byte, splices []media.Splice) ([]byte, error) {
	out := bytes.Clone(data)
	base := shift(x.base, splices)
	for i, at := range x.entries {
		size := int64(x.order.Uint32(data[at+4:]))
		start := x.startOf(i)
		newStart := shift(start, splices)
		newSize := shift(start+size, splices) - newStart
		newOffset := newStart - base
		if x.starts[i] == 0 {
			newOffset = 0
		}
		if newSize < 0 || newSize > math.MaxUint32 || newOffset < 0 || newOffset > math.MaxUint32 || newOffset == 0 && x.starts[i] != 0 {
			return nil, media.Unsupported("MP Entry", x.base+int64(at), "size and offset in 32 bits")
		}
		x.order.PutUint32(out[at+4:], uint32(newSize))
		x.order.PutUint32(out[at+8:], uint32(newOffset))
	}
	return out, nil
}

// startOf returns the file offset of the image of an entry.
func (x *index) startOf(i int) int64 {
	if x.starts[i] == 0 {
		return 0
	}
	return x.base + int64(x.starts[i])
}

// shift returns where the byte at off goes.
func shift(off int64, splices []media.Splice) int64 {
	moved := off
	for _, s := range splices {
		if s.Offset+s.Delete <= off && (s.Delete > 0 || s.Offset < off) {
			moved += int64(len(s.Insert)) - s.Delete
		}
	}
	return moved
}
