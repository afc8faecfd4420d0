package coefficient

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	headMPF   = "MPF\x00" // CIPA DC-007, 5.1
	tagEntry  = 0xB002    // 5.2.3.3: MP Entry
	entrySize = 16
)

// multi is the MP Index IFD of an MPF segment, which counts the bytes of the first image.
type multi struct {
	base    int // offset of the MP header in the file
	order   binary.ByteOrder
	entries []int  // offsets in the file
	rule    string // broken rule; the index can't be brought up to date
}

// multi reads the index of an APP2 segment, if it is one. Damage matters only when the image's length changes.
func (w *walker) multi(off int, body []byte) {
	if !bytes.HasPrefix(body, []byte(headMPF)) || len(w.scans) > 0 {
		return
	}
	b := body[len(headMPF):]
	m := multi{base: off + len(headMPF), order: binary.LittleEndian}
	if bytes.HasPrefix(b, []byte("MM\x00*")) {
		m.order = binary.BigEndian
	} else if !bytes.HasPrefix(b, []byte("II*\x00")) {
		m.rule = "MP endian"
	}
	if m.rule == "" {
		m.entries, m.rule = m.find(b)
	}
	w.indexes = append(w.indexes, m)
}

func (m *multi) find(b []byte) ([]int, string) {
	if len(b) < 8 {
		return nil, "MP header of 8 bytes"
	}
	at := int64(m.order.Uint32(b[4:]))
	if at < 8 || at > int64(len(b)-2) {
		return nil, "offset of the MP Index IFD"
	}
	count := int(m.order.Uint16(b[at:]))
	if count > (len(b)-int(at)-2)/12 {
		return nil, "MP Index IFD within the segment"
	}
	for i := range count {
		e := b[int(at)+2+12*i:]
		if m.order.Uint16(e) != tagEntry {
			continue
		}
		n, off := int64(m.order.Uint32(e[4:])), int64(m.order.Uint32(e[8:]))
		if n%entrySize != 0 || n < entrySize || off < 8 || off+n > int64(len(b)) {
			return nil, "MP Entry within the segment"
		}
		var entries []int
		for k := off; k < off+n; k += entrySize {
			entries = append(entries, m.base+int(k))
		}
		return entries, ""
	}
	return nil, ""
}

// moved returns replacements that bring the indexes up to date when the first image has grown by a number of bytes.
func (p *Picture) moved(grown int) ([]media.Splice, error) {
	var list []media.Splice
	if grown == 0 {
		return nil, nil
	}
	for i := range p.indexes {
		m := &p.indexes[i]
		if m.rule != "" {
			return nil, media.Unsupported("MPF", int64(m.base), m.rule)
		}
		for _, at := range m.entries {
			entry := p.data[at : at+entrySize]
			size, start := int64(m.order.Uint32(entry[4:])), int64(m.order.Uint32(entry[8:]))
			where := 4
			value := size + int64(grown) // of the first image
			if start != 0 {
				if where, value = 8, start+int64(grown); int64(m.base)+start < int64(p.end) {
					return nil, media.Unsupported("MP Entry", int64(at), "images behind the first one")
				}
			}
			if value < 0 || value > math.MaxUint32 {
				return nil, media.Unsupported("MP Entry", int64(at), "size and offset in 32 bits")
			}
			b := make([]byte, 4)
			m.order.PutUint32(b, uint32(value))
			list = append(list, media.Splice{Offset: int64(at + where), Delete: 4, Insert: b})
		}
	}
	return list, nil
}
