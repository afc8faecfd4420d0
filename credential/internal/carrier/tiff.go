package carrier

import (
	"encoding/binary"
	"math"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	tagC2PA       = 0xCD41 // C2PA 2.2, A.3.3
	typeUndefined = 7
	maxIFDs       = 1 << 12
	maxEntries    = 1 << 16
)

// byteOrder both reads and appends.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// tiff is how a TIFF file counts.
type tiff struct {
	order byteOrder
	big   bool
	last  int64 // where the pointer behind the last IFD stands
	// parts are where the header and the IFDs of the chain stand: beginning and end.
	parts [][2]int64
}

// tiffPart remembers where the entry of a store stands.
type tiffPart struct{ entry int64 }

func (t *tiff) word(b []byte) int64 {
	if t.big {
		return int64(min(t.order.Uint64(b), 1<<62))
	}
	return int64(t.order.Uint32(b))
}

func (t *tiff) pick(classic, big int64) int64 {
	if t.big {
		return big
	}
	return classic
}

// append appends a number of the width that offsets have.
func (t *tiff) append(b []byte, n int64) []byte {
	if t.big {
		return t.order.AppendUint64(b, uint64(n))
	}
	return t.order.AppendUint32(b, uint32(n))
}

// walkTIFF visits the entries of the tag in the chain of IFDs.
func walkTIFF(r *reader, visit func(t *tiff, entry int64, b []byte) error) (*tiff, error) {
	b, err := r.bytes("TIFF header", 0, 8)
	if err != nil {
		return nil, err
	}
	t := &tiff{order: binary.LittleEndian, last: 4}
	if b[0] == 'M' {
		t.order = binary.BigEndian
	}
	if t.order.Uint16(b[2:]) == 43 {
		t.big, t.last = true, 8
	}
	count, size, width := t.pick(2, 8), t.pick(12, 20), t.pick(4, 8)
	t.parts = append(t.parts, [2]int64{0, t.last + width})
	seen := map[int64]bool{}
	for range maxIFDs {
		if b, err = r.bytes("IFD", t.last, int(width)); err != nil {
			return nil, err
		}
		at := t.word(b)
		if at == 0 {
			return t, nil
		}
		if seen[at] {
			return nil, &Error{at, "an IFD twice in the chain"}
		}
		seen[at] = true
		if b, err = r.bytes("IFD", at, int(count)); err != nil {
			return nil, err
		}
		n := int64(t.order.Uint16(b))
		if t.big {
			n = t.word(b)
		}
		if n > maxEntries {
			return nil, media.TooMany("IFD entry", at, maxEntries)
		}
		for i := range n {
			entry := at + count + i*size
			if b, err = r.bytes("IFD entry", entry, int(size)); err != nil {
				return nil, err
			}
			if t.order.Uint16(b) == tagC2PA {
				if err := visit(t, entry, b); err != nil {
					return nil, err
				}
			}
		}
		t.last = at + count + n*size
		t.parts = append(t.parts, [2]int64{at, t.last + width})
	}
	return nil, media.TooMany("IFD", t.last, maxIFDs)
}

func findTIFF(src media.Source) (*Place, error) {
	r := &reader{src: src}
	var p *Place
	t, err := walkTIFF(r, func(t *tiff, entry int64, b []byte) error {
		if p != nil {
			return errTwo(entry)
		}
		n, width := t.word(b[4:]), t.pick(4, 8)
		if typ := t.order.Uint16(b[2:]); typ != typeUndefined && typ != 1 || n <= width {
			return &Error{entry, "a store of another type than UNDEFINED"}
		}
		off := t.word(b[4+width:])
		store, err := r.store("C2PA", off, n)
		if err != nil {
			return err
		}
		p = &Place{Store: store, Offset: off, Size: n, part: tiffPart{entry}}
		return err
	})
	if err != nil || p == nil {
		return nil, err
	}
	for _, part := range t.parts { // what gives way to a new store may be no part of the structure
		if p.Offset < part[1] && part[0] < p.Offset+p.Size {
			return nil, &Error{p.Offset, "a store inside of the structure"}
		}
	}
	return p, nil
}

// makeTIFF puts the store at the end of the file, with a last IFD that names it. Where an entry names one already, the entry
// is made to name the new one; the old one goes where it ends the file, and is overwritten elsewhere.
func makeTIFF(src media.Source, old *Place, size int) (*Room, error) {
	t, err := walkTIFF(&reader{src: src}, func(*tiff, int64, []byte) error { return nil })
	if err != nil {
		return nil, err
	}
	end, align := src.Size(), t.pick(2, 8)
	var splices []media.Splice
	if old != nil {
		gone := media.Splice{Offset: old.Offset, Delete: old.Size, Insert: make([]byte, old.Size)}
		if old.Offset+old.Size == end {
			end, gone.Insert = old.Offset, nil
		}
		splices = append(splices, gone)
	}
	at := (end + align - 1) / align * align
	b := make([]byte, at-end)
	data := at
	if old == nil {
		data += t.pick(2+12+4, 8+20+8)
	}
	if !t.big && data+int64(size) > math.MaxUint32 {
		return nil, media.NoRoom("TIFF", data, math.MaxUint32)
	}
	entry := t.order.AppendUint16(nil, tagC2PA)
	entry = t.order.AppendUint16(entry, typeUndefined)
	entry = t.append(t.append(entry, int64(size)), data)
	if old != nil {
		splices = append(splices, media.Splice{Offset: old.part.(tiffPart).entry, Delete: int64(len(entry)), Insert: entry})
	} else {
		if t.big {
			b = t.order.AppendUint64(b, 1)
		} else {
			b = t.order.AppendUint16(b, 1)
		}
		b = t.append(append(b, entry...), 0)
		splices = append(splices, media.Splice{Offset: t.last, Delete: t.pick(4, 8), Insert: t.append(nil, at)})
	}
	if len(splices) == 2 && splices[0].Offset > splices[1].Offset {
		splices[0], splices[1] = splices[1], splices[0]
	}
	splices = append(splices, media.Splice{Offset: src.Size(), Insert: append(b, make([]byte, size)...)})
	e, err := media.Splices(src, splices...)
	if err != nil {
		return nil, err
	}
	return &Room{Edit: e, Offset: data, Size: int64(size), frame: plain}, nil
}
