package box

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
)

// relocate finds all absolute offsets of the file and moves those whose target moves.
func (p *Plan) relocate() error {
	c := &collector{p: p, r: NewReader(p.src)}
	if _, err := c.r.Top(c.top); err != nil {
		return err
	}
	for _, t := range p.tables {
		if err := t.measure(p.src); err != nil {
			return err
		}
	}
	// A wider table moves what follows it, which may push another table over its limit. Tables only widen, so this ends.
	for again := true; again; {
		again = false
		if err := p.layout(); err != nil {
			return err
		}
		for _, t := range p.tables {
			wider, err := t.upgrade(p)
			if err != nil {
				return err
			}
			again = again || wider
		}
		for _, l := range p.locations {
			wider, err := l.fit(p)
			if err != nil {
				return err
			}
			again = again || wider
		}
	}
	for _, t := range p.tables {
		if err := t.patch(p); err != nil {
			return err
		}
	}
	for _, x := range p.indexes {
		if err := x.patch(p); err != nil {
			return err
		}
	}
	for _, l := range p.locations {
		l.change.ins = l.encode()
	}
	return nil
}

// collector walks a file for offsets. Its depth is bounded by the paths that it knows.
type collector struct {
	p *Plan
	r *Reader
}

func (c *collector) top(b Box) error {
	switch b.Type {
	case "moov":
		return c.children(&b, b.Body(), c.movie)
	case "moof":
		return c.children(&b, b.Body(), c.fragment)
	case "mfra":
		return c.children(&b, b.Body(), c.randomAccess)
	case "meta":
		return c.meta(&b)
	case "sidx":
		return c.segmentIndex(&b)
	case "uuid":
		if c.r.UserType(&b) == UserC2PA {
			return c.manifest(&b)
		}
	}
	return nil
}

func (c *collector) children(b *Box, from int64, visit func(Box) error) error {
	_, err := c.r.Children(b, from, visit)
	return err
}

func (c *collector) movie(b Box) error {
	switch b.Type {
	case "trak":
		return c.children(&b, b.Body(), c.track)
	case "udta":
		return c.children(&b, b.Body(), c.userData)
	case "meta":
		return c.meta(&b)
	case "cmov":
		return media.Unsupported("cmov", b.Offset, "compressed movie header")
	}
	return nil
}

func (c *collector) track(b Box) error {
	switch b.Type {
	case "mdia":
		return c.children(&b, b.Body(), func(b Box) error {
			if b.Type != "minf" {
				return nil
			}
			return c.mediaInformation(&b)
		})
	case "udta":
		return c.children(&b, b.Body(), c.userData)
	case "meta":
		return c.meta(&b)
	}
	return nil
}

func (c *collector) userData(b Box) error {
	if b.Type == "meta" {
		return c.meta(&b)
	}
	return nil
}

// mediaInformation takes the tables of a track whose samples are in this file.
func (c *collector) mediaInformation(minf *Box) error {
	var here, elsewhere bool
	err := c.children(minf, minf.Body(), func(b Box) error {
		if b.Type != "dinf" {
			return nil
		}
		return c.children(&b, b.Body(), func(b Box) error {
			if b.Type != "dref" || b.Len() < 8 {
				return nil
			}
			return c.children(&b, b.Body()+8, func(b Box) error {
				flags, err := c.r.Inside(&b, b.Body(), 4)
				if err != nil {
					return err
				}
				// An entry without a location has nowhere else to point to.
				if flags[3]&1 != 0 || b.Len() <= 4 {
					here = true
				} else {
					elsewhere = true
				}
				return nil
			})
		})
	})
	if err != nil || elsewhere && !here {
		return err
	}
	if elsewhere {
		return media.Unsupported("dref", minf.Offset, "samples partly in other files")
	}
	return c.children(minf, minf.Body(), func(b Box) error {
		if b.Type != "stbl" {
			return nil
		}
		return c.children(&b, b.Body(), c.sampleTable)
	})
}

func (c *collector) sampleTable(b Box) error {
	at := b.Body() + 4 // behind version and flags
	width := 4
	switch b.Type {
	case "stco":
	case "co64":
		width = 8
	case "saio":
		head, err := c.r.Inside(&b, b.Body(), 4)
		if err != nil {
			return err
		}
		if head[0] != 0 {
			width = 8
		}
		if head[3]&1 != 0 {
			at += 8 // aux_info_type and its parameter
		}
	default:
		return nil
	}
	count, err := c.count(&b, at)
	if err != nil {
		return err
	}
	return c.table(&table{box: &b, off: at + 4, count: count, stride: width, width: width})
}

func (c *collector) count(b *Box, at int64) (int64, error) {
	n, err := c.r.Inside(b, at, 4)
	if err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint32(n)), nil
}

func (c *collector) table(t *table) error {
	if left := t.box.End() - t.off; t.count*int64(t.stride) > left {
		return media.Truncated(name(t.box.Type), t.box.Offset, t.count*int64(t.stride), max(0, left))
	}
	if len(c.p.tables) == maxTables {
		return media.TooMany(name(t.box.Type), t.box.Offset, maxTables)
	}
	if t.count > 0 {
		c.p.tables = append(c.p.tables, t)
	}
	return nil
}

// fragment takes base_data_offset of each track fragment (8.8.7). All other offsets of a fragment are relative.
func (c *collector) fragment(b Box) error {
	if b.Type == "meta" {
		return c.meta(&b)
	}
	if b.Type != "traf" {
		return nil
	}
	return c.children(&b, b.Body(), func(b Box) error {
		if b.Type == "meta" {
			return c.meta(&b)
		}
		if b.Type != "tfhd" {
			return nil
		}
		head, err := c.r.Inside(&b, b.Body(), 8)
		if err != nil || head[3]&1 == 0 {
			return err
		}
		return c.table(&table{box: &b, off: b.Body() + 8, count: 1, stride: 8, width: 8})
	})
}

// randomAccess takes moof_offset of each entry of a tfra box (8.8.10).
func (c *collector) randomAccess(b Box) error {
	if b.Type != "tfra" {
		return nil
	}
	head, err := c.r.Inside(&b, b.Body(), 16)
	if err != nil {
		return err
	}
	width := 4
	if head[0] == 1 {
		width = 8
	}
	sizes := head[11]
	stride := 2*width + int(sizes>>4&3) + int(sizes>>2&3) + int(sizes&3) + 3
	count := int64(binary.BigEndian.Uint32(head[12:]))
	return c.table(&table{box: &b, off: b.Body() + 16, count: count, stride: stride, at: width, width: width})
}

func (c *collector) segmentIndex(b *Box) error {
	head, err := c.r.Inside(b, b.Body(), 24)
	if err != nil {
		return err
	}
	x := &index{box: b, off: b.Body() + 16, width: 4, first: int64(binary.BigEndian.Uint32(head[16:]))}
	if head[0] != 0 {
		if head, err = c.r.Inside(b, b.Body(), 32); err != nil {
			return err
		}
		x.off, x.width = b.Body()+20, 8
		x.first = int64(binary.BigEndian.Uint64(head[20:]))
	}
	if x.first < 0 || x.first > c.p.src.Size() {
		return media.Malformed("sidx", b.Offset, "first_offset behind the end of the file")
	}
	at := x.off + int64(x.width) + 2
	n, err := c.r.Inside(b, at, 2)
	if err != nil {
		return err
	}
	refs := int64(binary.BigEndian.Uint16(n))
	for at += 2; refs > 0; refs, at = refs-1, at+12 {
		size, err := c.r.Inside(b, at, 4)
		if err != nil {
			return err
		}
		x.length += int64(binary.BigEndian.Uint32(size) &^ (1 << 31))
	}
	c.p.indexes = append(c.p.indexes, x)
	return nil
}

// manifest takes the offset to the first Merkle box that a C2PA manifest box holds behind its purpose.
func (c *collector) manifest(b *Box) error {
	at := b.Body() + UserTypeSize + 4
	head, err := c.r.Inside(b, at, int(min(32, max(0, b.End()-at))))
	if err != nil {
		return err
	}
	end := bytes.IndexByte(head, 0)
	if end < 0 || len(head) < end+9 || string(head[:end]) == "merkle" {
		return nil
	}
	return c.table(&table{box: b, off: at + int64(end) + 1, count: 1, stride: 8, width: 8})
}

// meta takes the item locations of a meta box.
func (c *collector) meta(b *Box) error {
	from, _, err := c.r.Meta(b)
	if err != nil {
		return err
	}
	var iloc, idat *Box
	err = c.children(b, from, func(b Box) error {
		switch b.Type {
		case "iloc":
			iloc = &b
		case "idat":
			idat = &b
		}
		return nil
	})
	if err != nil || iloc == nil {
		return err
	}
	for _, l := range c.p.locations {
		if l.Box.Offset == iloc.Offset {
			return nil
		}
	}
	l, err := ReadLocations(c.r, iloc, idat)
	if err != nil {
		return err
	}
	c.p.Locate(l)
	return nil
}
