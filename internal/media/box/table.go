package box

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	chunk     = 64 << 10 // bytes of a table that are held at a time
	maxTables = 1 << 17
)

// table is a row of absolute file offsets: a chunk offset box, or a single field.
type table struct {
	box    *Box
	off    int64 // of the first entry
	count  int64
	stride int // bytes of an entry
	at     int // where the offset stands in it
	width  int // 4 or 8
	max    uint64
	change *Change // set when the table becomes a co64
}

func (t *table) value(entry []byte) uint64 {
	if t.width == 4 {
		return uint64(binary.BigEndian.Uint32(entry[t.at:]))
	}
	return binary.BigEndian.Uint64(entry[t.at:])
}

// each visits the entries, in runs of whole entries.
func (t *table) each(src media.Source, visit func(run []byte) error) error {
	left, at := t.count*int64(t.stride), t.off
	step := int64(chunk / t.stride * t.stride)
	buf := make([]byte, min(left, step))
	for left > 0 {
		run := buf[:min(left, step)]
		if err := media.Fill(src, name(t.box.Type), run, at); err != nil {
			return err
		}
		if err := visit(run); err != nil {
			return err
		}
		at += int64(len(run))
		left -= int64(len(run))
	}
	return nil
}

// measure finds the largest offset.
func (t *table) measure(src media.Source) error {
	return t.each(src, func(run []byte) error {
		for ; len(run) > 0; run = run[t.stride:] {
			t.max = max(t.max, t.value(run))
		}
		if t.max > math.MaxInt64 {
			return media.Malformed(name(t.box.Type), t.box.Offset, "an offset is larger than any file")
		}
		return nil
	})
}

// upgrade turns a stco box into a co64 box when an offset no longer fits (ISO/IEC 14496-12, 8.7.5).
func (t *table) upgrade(p *Plan) (bool, error) {
	to, _ := p.move(int64(t.max))
	if t.change != nil || t.width == 8 || to <= math.MaxUint32 {
		return false, nil
	}
	if t.box.Type != "stco" {
		return false, media.Unsupported(name(t.box.Type), t.box.Offset, "an offset would pass 4 GiB in a 32-bit field")
	}
	n := 16 + 8*t.count
	if n > math.MaxUint32 {
		return false, media.TooLarge("co64", t.box.Offset, math.MaxUint32)
	}
	t.change = p.Replace(t.box.Parent, t.box.Offset, t.box.Size, nil)
	t.change.stream = func(w io.Writer) error { return t.writeWide(p, w) }
	p.resize(t.change, n)
	return true, nil
}

func (t *table) writeWide(p *Plan, w io.Writer) error {
	head := append(header(16+8*t.count, "co64"), 0, 0, 0, 0)
	if _, err := w.Write(binary.BigEndian.AppendUint32(head, uint32(t.count))); err != nil {
		return err
	}
	var wide []byte
	what := name(t.box.Type)
	return t.each(p.src, func(run []byte) error {
		wide = wide[:0]
		for ; len(run) > 0; run = run[t.stride:] {
			to, err := p.follow(what, t.box.Offset, int64(t.value(run)))
			if err != nil {
				return err
			}
			wide = binary.BigEndian.AppendUint64(wide, uint64(to))
		}
		_, err := w.Write(wide)
		return err
	})
}

// shift moves the offsets in a run of entries.
func (t *table) shift(p *Plan, run []byte) (changed bool, err error) {
	what := name(t.box.Type)
	for ; len(run) > 0; run = run[t.stride:] {
		old := t.value(run)
		to, err := p.follow(what, t.box.Offset, int64(old))
		if err != nil {
			return false, err
		}
		if uint64(to) == old {
			continue
		}
		changed = true
		if t.width == 4 {
			binary.BigEndian.PutUint32(run[t.at:], uint32(to))
		} else {
			binary.BigEndian.PutUint64(run[t.at:], uint64(to))
		}
	}
	return changed, nil
}

// patch checks every offset and plans the table anew where one moves. A large table is streamed, never held.
func (t *table) patch(p *Plan) error {
	var changed bool
	var held []byte
	small := t.count*int64(t.stride) <= chunk
	err := t.each(p.src, func(run []byte) error {
		c, err := t.shift(p, run)
		changed = changed || c
		if small {
			held = run
		}
		return err
	})
	if err != nil || !changed || t.change != nil {
		return err
	}
	n := t.count * int64(t.stride)
	c := &Change{off: t.off, del: n, n: n, ins: held}
	if !small {
		c.stream = func(w io.Writer) error {
			return t.each(p.src, func(run []byte) error {
				if _, err := t.shift(p, run); err != nil {
					return err
				}
				_, err := w.Write(run)
				return err
			})
		}
	}
	p.changes = append(p.changes, c)
	return nil
}

// index is a segment index box (ISO/IEC 14496-12, 8.16.3), whose offset counts from its own end.
type index struct {
	box    *Box
	off    int64 // of first_offset
	width  int
	first  int64
	length int64 // of all that it refers to
}

func (x *index) patch(p *Plan) error {
	last, err := p.follow("sidx", x.box.Offset, x.box.End()-1)
	if err != nil {
		return err
	}
	target := x.box.End() + x.first
	to, err := p.whole("sidx", x.box.Offset, target, min(x.length, max(0, p.src.Size()-target)))
	if err != nil {
		return err
	}
	first := to - (last + 1)
	switch {
	case first == x.first:
		return nil
	case first < 0 || x.width == 4 && first > math.MaxUint32:
		return media.Unsupported("sidx", x.box.Offset, "first_offset does not fit its field")
	case x.width == 4:
		p.changes = append(p.changes, literal(x.off, binary.BigEndian.AppendUint32(nil, uint32(first))))
	default:
		p.changes = append(p.changes, literal(x.off, binary.BigEndian.AppendUint64(nil, uint64(first))))
	}
	return nil
}
