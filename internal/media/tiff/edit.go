package tiff

import (
	"bytes"
	"io"
	"math"
	"sort"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Edit implements media.Container.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceXMP {
		return nil, media.Unsupported("TIFF", 0, "no place "+string(put.Place))
	}
	w, err := walk(src)
	if err != nil {
		return nil, err
	}
	p := &plan{walker: w}
	if err := p.set(xmp.Properties{Label: put.Value, DigitalSourceType: put.DigitalSourceType}); err != nil {
		return nil, err
	}
	for _, v := range w.values {
		if w.packet == nil || v.pos != w.packet.pos {
			if err := p.drop(v); err != nil {
				return nil, err
			}
		}
	}
	if err := p.check(put.Value); err != nil {
		return nil, err
	}
	return media.Splices(src, p.splices...)
}

// plan gathers the replacements of one edit: all of them keep their length but the last, which may pass the file's end.
type plan struct {
	*walker
	splices []media.Splice
}

func (p *plan) overwrite(off int64, b []byte) {
	p.splices = append(p.splices, media.Splice{Offset: off, Delete: min(int64(len(b)), p.size-off), Insert: b})
}

// set puts the label into IFD0's packet.
func (p *plan) set(props xmp.Properties) error {
	v := p.packet
	if v == nil {
		return p.add(xmp.New(props))
	}
	if v.broken != nil {
		return v.broken
	}
	packet, err := xmp.Merge(v.data, props)
	if err != nil {
		return exif.Rebase(err, v.off)
	}
	packet = xmp.Pad(packet, int(v.n))
	if bytes.Equal(packet, v.data) {
		return nil
	}
	if !v.inline && p.claimed(v.entry) {
		return media.Unsupported("XMP packet", v.off, "shares its bytes with an IFD")
	}
	switch {
	case v.inline:
		return p.append(v.pos, packet)
	case int64(len(packet)) == v.n || v.off+v.n == p.size:
		p.overwrite(v.off, packet)
		return p.point(v.pos, v.off, int64(len(packet)))
	default:
		p.overwrite(v.off, make([]byte, v.n))
		return p.append(v.pos, packet)
	}
}

// append puts a packet at the end of the file and makes the entry at pos point to it.
func (p *plan) append(pos int64, packet []byte) error {
	at := p.end()
	p.overwrite(p.size, append(make([]byte, at-p.size), packet...))
	return p.point(pos, at, int64(len(packet)))
}

// end returns the next offset behind the file where an IFD or a value may stand.
func (p *plan) end() int64 {
	align := p.pick(2, 8)
	return (p.size + align - 1) / align * align
}

// point makes the entry at pos, which becomes tag 700, point to n bytes at off.
func (p *plan) point(pos, off, n int64) error {
	e, err := p.entry(off, n)
	if err == nil {
		p.overwrite(pos, e)
	}
	return err
}

// entry returns the bytes of an entry for tag 700.
func (p *plan) entry(off, n int64) ([]byte, error) {
	b := p.order.AppendUint16(nil, tagXMP)
	b = p.order.AppendUint16(b, typeUndefined)
	if p.big {
		b = p.order.AppendUint64(b, uint64(n))
		return p.order.AppendUint64(b, uint64(off)), nil
	}
	if off+n > math.MaxUint32 {
		return nil, media.NoRoom("TIFF", off, math.MaxUint32)
	}
	b = p.order.AppendUint32(b, uint32(n))
	return p.order.AppendUint32(b, uint32(off)), nil
}

// add writes a copy of IFD0 with one entry more at the end of the file, and the packet behind it.
func (p *plan) add(packet []byte) error {
	d := p.first
	if d.count >= math.MaxUint16 {
		return media.TooMany("IFD entry", d.pos, math.MaxUint16)
	}
	at := p.end()
	size := p.countSize() + int64(d.count+1)*p.entrySize() + p.wordSize()
	data := at + size
	e, err := p.entry(data, int64(len(packet)))
	if err != nil {
		return err
	}
	b := make([]byte, at-p.size, at-p.size+size+int64(len(packet)))
	if p.big {
		b = p.order.AppendUint64(b, uint64(d.count+1))
	} else {
		b = p.order.AppendUint16(b, uint16(d.count+1))
	}
	split := d.count // tags ascend
	for i := range d.count {
		if p.order.Uint16(d.table[int64(i)*p.entrySize():]) > tagXMP {
			split = i
			break
		}
	}
	b = append(b, d.table[:int64(split)*p.entrySize()]...)
	b = append(b, e...)
	b = append(b, d.table[int64(split)*p.entrySize():]...)
	b = append(b, d.next...)
	p.overwrite(p.size, append(b, packet...))
	if p.big {
		p.overwrite(d.pointer, p.order.AppendUint64(nil, uint64(at)))
	} else {
		p.overwrite(d.pointer, p.order.AppendUint32(nil, uint32(at)))
	}
	return nil
}

// drop overwrites the label in a value.
func (p *plan) drop(v value) error {
	var clean []byte
	var err error
	if v.tag == tagXMP {
		clean, err = xmp.Drop(v.data)
		clean, err = xmp.Pad(clean, len(v.data)), exif.Rebase(err, v.off)
	} else {
		clean, _, err = exif.Blank(v.tag, p.order, v.data, v.off)
	}
	if err != nil {
		return err
	}
	if len(clean) != len(v.data) || p.claimed(v.entry) {
		return media.Unsupported("IFD entry", v.pos, "shares its bytes with another structure")
	}
	p.overwrite(v.off, clean)
	return nil
}

// claimed reports whether an IFD or the header lies over the bytes of a value that stands apart.
func (p *plan) claimed(e entry) bool {
	if e.off < p.headerSize() {
		return true
	}
	for pos, n := range p.seen {
		if e.off < pos+n && pos < e.off+e.n {
			return true
		}
	}
	return false
}

// check reads the edited file and makes sure that the label is the only one in it: structures that share bytes can
// defeat an edit.
func (p *plan) check(value []byte) error {
	sort.SliceStable(p.splices, func(i, j int) bool { return p.splices[i].Offset < p.splices[j].Offset })
	at := int64(0)
	for _, s := range p.splices {
		if s.Offset < at {
			return media.Unsupported("IFD entry", s.Offset, "shares its bytes with another structure")
		}
		at = s.Offset + s.Delete
	}
	after, err := walk(edited{p.src, p.splices})
	if err != nil || len(after.seen) != len(p.seen) || len(after.values) != 1 || len(after.values[0].labels) != 1 ||
		!after.values[0].first || !bytes.Equal(after.values[0].labels[0].Value, value) {
		return media.Unsupported("TIFF", 0, "structures share their bytes")
	}
	return nil
}

// edited is a source with replacements that keep their place; the last may pass the end.
type edited struct {
	media.Source
	splices []media.Splice
}

// Size implements media.Source.
func (e edited) Size() int64 {
	size := e.Source.Size()
	if n := len(e.splices); n > 0 {
		size = max(size, e.splices[n-1].Offset+int64(len(e.splices[n-1].Insert)))
	}
	return size
}

// ReadAt implements media.Source.
func (e edited) ReadAt(b []byte, off int64) (int, error) {
	old := max(0, min(int64(len(b)), e.Source.Size()-off))
	if old > 0 {
		if n, err := e.Source.ReadAt(b[:old], off); n < int(old) {
			return n, err
		}
	}
	for _, s := range e.splices {
		from, to := max(off, s.Offset), min(off+int64(len(b)), s.Offset+int64(len(s.Insert)))
		if from < to {
			copy(b[from-off:to-off], s.Insert[from-s.Offset:to-s.Offset])
		}
	}
	if n := e.Size() - off; n < int64(len(b)) {
		return int(max(0, n)), io.EOF
	}
	return len(b), nil
}
