package png

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Edit plans the file with the label at put.Place.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	var k kind
	switch put.Place {
	case media.PlaceXMP:
		k = kindXMP
	case media.PlaceText:
		k = kindKey
	case media.PlaceEXIF:
		k = kindEXIF
	default:
		return nil, media.Unsupported("PNG", 0, "no place "+string(put.Place))
	}
	doc, err := scan(src)
	if err != nil {
		return nil, err
	}
	doc.inflatable = 2 * maxInflated // what the scan has inflated may be inflated twice more
	host := doc.host(k)
	fresh, err := doc.label(host, k, put)
	if err != nil {
		return nil, err
	}
	if len(fresh) > maxText {
		return nil, media.NoRoom(k.written(), doc.behindIHDR, maxText)
	}
	var splices []media.Splice
	if host < 0 || doc.holders[host].late {
		splices = append(splices, media.Splice{Offset: doc.behindIHDR, Insert: fresh})
	}
	for i, h := range doc.holders {
		switch {
		case i == host && !h.late:
			splices = append(splices, media.Splice{Offset: h.off, Delete: frame + h.n, Insert: fresh})
		case i == host:
			splices = append(splices, media.Splice{Offset: h.off, Delete: frame + h.n})
		case h.labels > 0:
			rest, err := doc.without(h)
			if err != nil {
				return nil, err
			}
			splices = append(splices, media.Splice{Offset: h.off, Delete: frame + h.n, Insert: rest})
		}
	}
	return media.Splices(src, splices...)
}

// written names the chunk that is written for a kind.
func (k kind) written() string {
	switch k {
	case kindXMP:
		return "iTXt chunk"
	case kindEXIF:
		return "eXIf chunk"
	}
	return "tEXt chunk"
}

// host returns the index of the chunk that takes the label in, or -1 where a new one is needed. A chunk in front of the
// picture data is better than one behind it.
func (d *document) host(k kind) int {
	late := -1
	for i, h := range d.holders {
		switch {
		case h.kind != k || h.profile || k == kindEXIF && h.typ != "eXIf":
			continue
		case !h.late:
			return i
		case late < 0:
			late = i
		}
	}
	return late
}

// label returns the chunk with the label, made from the host where there is one.
func (d *document) label(host int, k kind, put media.Put) ([]byte, error) {
	var old []byte
	var base int64
	if host >= 0 && k != kindKey {
		var err error
		if _, old, base, err = d.reread(d.holders[host]); err != nil {
			return nil, err
		}
	}
	switch k {
	case kindKey:
		t := textual{typ: "tEXt", keyword: keywordAIGC}
		return newChunk(t.typ, t.payload(media.Wrap(put.Value))), nil
	case kindEXIF:
		block, err := exif.Set(old, media.Wrap(put.Value))
		return newChunk("eXIf", block), exif.Rebase(err, base)
	}
	properties := xmp.Properties{Label: put.Value, DigitalSourceType: put.DigitalSourceType}
	packet := xmp.New(properties)
	if host >= 0 {
		var err error
		if packet, err = xmp.Merge(old, properties); err != nil {
			return nil, exif.Rebase(err, base)
		}
	}
	t := textual{typ: "iTXt", keyword: keywordXMP, language: []byte{0}}
	return newChunk(t.typ, t.payload(packet)), nil
}

// without returns a chunk with everything but the labels, or nothing when there is no more to it.
func (d *document) without(h holder) ([]byte, error) {
	if h.kind == kindKey {
		return nil, nil
	}
	t, content, base, err := d.reread(h)
	if err != nil {
		return nil, err
	}
	rest := true
	switch h.kind {
	case kindXMP:
		content, err = xmp.Drop(content)
	case kindEXIF:
		content, err = exif.Drop(content)
	default:
		content, rest, err = exif.Blank(exif.TagImageDescription, binary.LittleEndian, content, 0)
	}
	switch {
	case err != nil:
		return nil, exif.Rebase(err, base)
	case !rest:
		return nil, nil
	case h.typ == "eXIf":
		return newChunk(h.typ, content), nil
	}
	return newChunk(h.typ, t.payload(content)), nil
}

// reread returns a holder's content and where it begins in the file, as nearly as that can be said.
func (d *document) reread(h holder) (t textual, content []byte, base int64, err error) {
	payload, _, err := d.payload(h.chunk)
	if err != nil || h.typ == "eXIf" {
		return t, payload, h.off + 8, err
	}
	t, rule := frameOf(h.typ, payload)
	if rule != "" {
		return t, nil, 0, media.Malformed(h.name(), h.off, rule)
	}
	if content, err = d.content(&t, payload); err != nil {
		return t, nil, 0, media.Malformed(h.name(), h.off, "zlib stream")
	}
	return t, content, h.off + 8 + int64(t.body), nil
}

func newChunk(typ string, payload []byte) []byte {
	b := make([]byte, 0, frame+len(payload))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, typ...)
	b = append(b, payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}
