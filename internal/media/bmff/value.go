package bmff

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/exif"
)

// Well-known types of a data box (QuickTime File Format, "Well-known types").
const (
	typeUTF8  = 1
	typeUTF16 = 2
)

// value is one value of an item.
type value struct {
	off, n int64
	kind   uint32
}

// item looks for labels in one item of a list.
func (m *movie) item(t *tags, it *item) {
	values, name, err := m.values(it.box)
	if err != nil {
		m.hurt(it.box, err)
	}
	spelling := ""
	switch {
	case it.label:
		if k := t.names[it.index-1]; !k.exact {
			spelling = k.name
		}
	case !t.keyed() && (name != "" && names(name) || named(it.box.Type)):
		it.label = true
		if name == "" {
			name = it.box.Type
		}
		if name != keyName {
			spelling = clip(name)
		}
	}
	hit := false
	for _, v := range values {
		f, ok := m.label(it, v)
		if !ok {
			continue
		}
		hit = true
		if it.label || !t.keyed() {
			f.Place = t.place()
		}
		if spelling != "" {
			f.Findings = append(f.Findings, media.Warn(media.CodeIDSpelling, f.Offset, "key", spelling))
		}
		if t.keyed() && !t.full {
			f.Findings = append(f.Findings, media.Warn(media.CodeNoVersion, t.meta.Offset))
		}
		m.found(it.box, f)
	}
	if hit {
		m.drops = append(m.drops, drop{list: t, item: it, do: func(p *box.Plan) error { return m.dropItem(p, it, values) }})
	}
}

// values lists the data boxes of an item and reads its name box. An item that holds no boxes is one value itself.
func (m *movie) values(b *box.Box) (list []value, name string, err error) {
	_, err = m.r.Children(b, b.Body(), func(c box.Box) error {
		switch {
		case c.Type == "data" && c.Len() >= 8:
			kind, err := m.r.Uint32("data", c.Body())
			if err != nil {
				return err
			}
			if len(list) == maxItems {
				return media.TooMany("data", c.Offset, maxItems)
			}
			list = append(list, value{c.Body() + 8, c.Len() - 8, kind})
		case c.Type == "name" && c.Len() > 4 && c.Len() < 256:
			text, err := m.r.Inside(&c, c.Body()+4, int(c.Len()-4))
			if err != nil {
				return err
			}
			name = string(bytes.TrimRight(text, "\x00"))
		}
		return nil
	})
	if err != nil && len(list) == 0 {
		return []value{{b.Body(), b.Len(), 0}}, "", nil
	}
	return list, name, err
}

// label reads a value: all of it where its item is named as a label, else the label in its text if there is one.
func (m *movie) label(it *item, v value) (media.Found, bool) {
	limit := int64(maxText)
	if it.label {
		limit = maxValue
	}
	if v.n > limit {
		if it.label {
			m.hurt(it.box, media.TooLarge("data", it.box.Offset, limit))
		}
		return media.Found{}, false
	}
	b, err := media.Bytes(m.r.Src, "data", v.off, v.n)
	if err != nil {
		m.hurt(it.box, err)
		return media.Found{}, false
	}
	b = bytes.TrimRight(decode(b, v.kind), "\x00")
	if it.label {
		return media.Found{Offset: it.box.Offset, Value: b}, true
	}
	return inText(b, it.box.Offset)
}

// inText finds a label in free text.
func inText(b []byte, off int64) (media.Found, bool) {
	if !media.Candidate(b) {
		return media.Found{}, false
	}
	f, ok := exif.Value(exif.TagImageDescription, binary.BigEndian, b, off)
	f.Findings = nil // about EXIF
	f.Place = media.PlaceDescription
	return f, ok
}

// decode turns UTF-16 into UTF-8.
func decode(b []byte, kind uint32) []byte {
	if kind&0xFFFFFF != typeUTF16 {
		return b
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// dropItem takes an item out, or the label from its text where there is more than the label.
func (m *movie) dropItem(p *box.Plan, it *item, values []value) error {
	rest := false
	var blanks []func()
	for _, v := range values {
		if it.label || v.n > maxText {
			continue
		}
		b, err := media.Bytes(m.r.Src, "data", v.off, v.n)
		if err != nil {
			return err
		}
		blank, more, err := exif.Blank(exif.TagImageDescription, binary.BigEndian, decode(b, v.kind), v.off)
		if err != nil {
			return err
		}
		if more && len(blank) != len(b) {
			return media.Unsupported("data", v.off, "a label inside a longer text in UTF-16")
		}
		rest = rest || more
		blanks = append(blanks, func() { p.Replace(it.box, v.off, v.n, blank) })
	}
	if !rest {
		p.Remove(it.box)
		return nil
	}
	for _, do := range blanks {
		do()
	}
	return nil
}

// userText looks for a label in a text of the user data: QuickTime's international text or one of 3GPP.
func (m *movie) userText(b *box.Box) {
	if b.Len() > maxText {
		return
	}
	text, err := media.Bytes(m.r.Src, b.Type, b.Body(), b.Len())
	if err != nil {
		m.hurt(b, err)
		return
	}
	f, ok := inText(text, b.Offset)
	if !ok || !m.hold(b, int64(len(text))) {
		return
	}
	m.found(b, f)
	m.drops = append(m.drops, drop{do: func(p *box.Plan) error {
		blank, _, err := exif.Blank(exif.TagImageDescription, binary.BigEndian, text, b.Body())
		if err == nil {
			p.Replace(b, b.Body(), b.Len(), blank)
		}
		return err
	}})
}

// literal reads a box that is named as the label is.
func (m *movie) literal(b *box.Box) {
	if b.Len() > maxValue {
		m.hurt(b, media.TooLarge(b.Type, b.Offset, maxValue))
		return
	}
	text, err := media.Bytes(m.r.Src, b.Type, b.Body(), b.Len())
	if err != nil {
		m.hurt(b, err)
		return
	}
	f := media.Found{Place: media.PlaceUserBox, Offset: b.Offset, Value: bytes.TrimRight(bare(text), "\x00")}
	if b.Type != keyName {
		f.Findings = append(f.Findings, media.Warn(media.CodeIDSpelling, b.Offset, "key", b.Type))
	}
	m.found(b, f)
	m.drops = append(m.drops, drop{do: func(p *box.Plan) error {
		if b.Parent != nil {
			p.Remove(b)
		} else { // at the top nothing may move
			p.Replace(nil, b.Offset, b.Size, box.Free(b.Size))
		}
		return nil
	}})
}

// bare strips what may stand before a text in a box of its own: a data box's head, QuickTime's length and language, or
// version and flags.
func bare(b []byte) []byte {
	switch {
	case len(b) >= 16 && string(b[4:8]) == "data":
		return b[16:]
	case len(b) >= 4 && (int(binary.BigEndian.Uint16(b)) == len(b)-4 || binary.BigEndian.Uint32(b) == 0):
		return b[4:]
	}
	return b
}
