package heif

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

// add plans a new XMP item that describes the primary image.
func (d *document) add(p *box.Plan, packet []byte) error {
	switch {
	case d.meta == nil:
		return media.Unsupported("meta", 0, "an image sequence without a meta box at the top of the file")
	case d.primary == 0:
		return media.Unsupported("pitm", d.meta.Offset, "no primary item")
	case d.iinf == nil || d.iloc == nil:
		return media.Unsupported("meta", d.meta.Offset, "no item list")
	case d.meta.Open:
		return media.Unsupported("meta", d.meta.Offset, "a meta box of size 0")
	case len(d.iloc.Items) >= maxID || d.entries >= maxID:
		return media.TooMany("item", d.iinf.Offset, maxID)
	}
	id, ok := d.unused()
	if !ok {
		return media.TooMany("item", d.iinf.Offset, maxID)
	}
	count := binary.BigEndian.AppendUint32(nil, uint32(d.entries+1))
	p.Replace(d.iinf, d.iinf.Body()+4, d.counter, count[4-d.counter:])
	p.Insert(d.iinf, d.listEnd, newEntry(id))
	if err := d.describe(p, id); err != nil {
		return err
	}
	fresh := p.Insert(nil, d.meta.End(), box.Append(nil, "mdat", packet))
	d.iloc.Items = append(d.iloc.Items, box.Item{
		ID: id, Extents: []box.Extent{{Into: fresh, At: 8, Length: uint64(len(packet))}},
	})
	d.locate(p)
	return nil
}

// locate makes the plan write the item locations.
func (d *document) locate(p *box.Plan) {
	if !d.moved {
		d.moved = true
		p.Locate(d.iloc)
	}
}

// newEntry returns an item information entry of version 2, hidden as metadata is.
func newEntry(id uint32) []byte {
	head := binary.BigEndian.AppendUint16([]byte{2, 0, 0, 1}, uint16(id))
	return box.Append(nil, "infe", head, []byte("\x00\x00mime\x00"+xmpType+"\x00"))
}

// describe plans a reference from an item to the primary image.
func (d *document) describe(p *box.Plan, id uint32) error {
	wide := d.wide || d.iref == nil && d.primary > maxID
	if !wide && (d.primary > maxID || id > maxID) {
		return media.Unsupported("iref", d.iref.Offset, "an identifier that needs version 1")
	}
	var ref []byte
	if wide {
		ref = binary.BigEndian.AppendUint32(ref, id)
		ref = binary.BigEndian.AppendUint16(ref, 1)
		ref = binary.BigEndian.AppendUint32(ref, d.primary)
	} else {
		ref = binary.BigEndian.AppendUint16(ref, uint16(id))
		ref = binary.BigEndian.AppendUint16(ref, 1)
		ref = binary.BigEndian.AppendUint16(ref, uint16(d.primary))
	}
	ref = box.Append(nil, "cdsc", ref)
	if d.iref != nil {
		p.Insert(d.iref, d.refEnd, ref)
		return nil
	}
	version := []byte{0, 0, 0, 0}
	if wide {
		version[0] = 1
	}
	p.Insert(d.meta, d.iinf.End(), box.Append(nil, "iref", version, ref))
	return nil
}

// rewrite plans new data for an item, in the place of the old. Data that has the old size moves nothing.
func (d *document) rewrite(p *box.Plan, it *item, data []byte) error {
	list, err := d.extents(it)
	if err != nil {
		return err
	}
	if err := d.unshared(it, list); err != nil {
		return err
	}
	var size int64
	for _, e := range list {
		size += e.n
	}
	if it.encoding != "" {
		if err := d.decode(p, it); err != nil {
			return err
		}
	}
	if it.kind == kindXMP {
		data = box.PadXMP(data, int(size))
	}
	same := int64(len(data)) == size
	var first *box.Change
	for i, e := range list {
		in, err := d.holder(e)
		if err != nil {
			return err
		}
		piece := data
		if same {
			piece, data = data[:e.n:e.n], data[e.n:]
		} else if i > 0 {
			piece = nil
		}
		if c := p.Replace(in, e.off, e.n, piece); i == 0 {
			first = c
		}
	}
	if same {
		return nil
	}
	loc := d.iloc.Find(it.id)
	loc.Extents = []box.Extent{{Index: loc.Extents[0].Index, Into: first, Length: uint64(len(data))}}
	d.locate(p)
	return nil
}

// decode plans an item's entry without its content encoding.
func (d *document) decode(p *box.Plan, it *item) error {
	n := int64(len(it.encoding))
	if it.coded+n > it.infe.End() {
		return media.Truncated("infe", it.infe.Offset, n, it.infe.End()-it.coded)
	}
	p.Replace(it.infe, it.coded, n, nil)
	return nil
}

// unshared checks that no other item, and no range of the item itself, claims bytes of the item.
func (d *document) unshared(it *item, list []extent) error {
	for i := range d.iloc.Items {
		other := &d.iloc.Items[i]
		for j := range other.Extents {
			off, n, ok := d.iloc.Range(other, &other.Extents[j])
			if !ok {
				continue
			}
			for k, e := range list {
				if other.ID == it.id && j == k {
					continue
				}
				if off < e.off+e.n && e.off < off+n {
					return media.Unsupported("iloc", d.iloc.Box.Offset, "metadata that shares its bytes with another item")
				}
			}
		}
	}
	return nil
}

// holder finds the media data box around a range of the file.
func (d *document) holder(e extent) (*box.Box, error) {
	var in *box.Box
	look := func(b box.Box) error {
		if (b.Type == "mdat" || b.Type == "idat") && b.Body() <= e.off && e.off+e.n <= b.End() {
			in = &b
		}
		return nil
	}
	if _, err := d.r.Top(look); err != nil {
		return nil, err
	}
	if in == nil {
		if _, err := d.r.Children(d.meta, d.from, look); err != nil {
			return nil, err
		}
	}
	if in == nil {
		return nil, media.Unsupported("iloc", d.iloc.Box.Offset, "metadata outside of a media data box")
	}
	return in, nil
}
