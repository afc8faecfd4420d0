package heif

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	maxData = 16 << 20 // bytes of a metadata item
	xmpType = "application/rdf+xml"
)

type kind int

const (
	kindXMP kind = iota
	kindEXIF
)

// item is a metadata item.
type item struct {
	id        uint32
	kind      kind
	infe      *box.Box
	encoding  string // the content encoding, and where it stands
	coded     int64
	describes []uint32
	prefix    int // bytes before an XMP packet
	labelled  bool
	err       error // why it can't be read
}

func (it *item) about(id uint32) bool { return slices.Contains(it.describes, id) }

// entry reads an item information entry (ISO/IEC 14496-12, 8.11.6).
func (d *document) entry(b box.Box) error {
	body, err := d.r.Inside(&b, b.Body(), int(min(maxEntry, b.Len())))
	if err != nil {
		return err
	}
	if len(body) < 8 {
		return media.Truncated("infe", b.Offset, 8, int64(len(body)))
	}
	it := &item{infe: &b}
	at := 6
	if body[0] == 3 {
		at = 8
		it.id = binary.BigEndian.Uint32(body[4:])
	} else {
		it.id = uint32(binary.BigEndian.Uint16(body[4:]))
	}
	d.take(it.id)
	at += 2 // item_protection_index
	itemType := "mime"
	if body[0] >= 2 {
		if len(body) < at+4 {
			return media.Truncated("infe", b.Offset, int64(at+4), int64(len(body)))
		}
		itemType = string(body[at : at+4])
		at += 4
	}
	_, at = text(body, at) // item_name
	switch itemType {
	case "Exif":
		it.kind = kindEXIF
	case "mime":
		var contentType string
		contentType, at = text(body, at)
		if !strings.EqualFold(strings.TrimSpace(contentType), xmpType) {
			return nil
		}
		it.coded = b.Body() + int64(at)
		it.encoding, _ = text(body, at)
	default:
		return nil
	}
	if len(d.items) == maxItems {
		return media.TooMany("metadata item", b.Offset, maxItems)
	}
	d.items = append(d.items, it)
	return nil
}

// text reads a string that a zero byte ends, and returns the offset behind it.
func text(b []byte, at int) (string, int) {
	if at >= len(b) {
		return "", len(b)
	}
	n := bytes.IndexByte(b[at:], 0)
	if n < 0 {
		return string(b[at:]), len(b)
	}
	return string(b[at : at+n]), at + n + 1
}

// extent is a range of the file.
type extent struct{ off, n int64 }

// extents returns where an item's data is.
func (d *document) extents(it *item) ([]extent, error) {
	if d.iloc == nil {
		return nil, media.Malformed("iloc", d.meta.Offset, "no item locations")
	}
	loc := d.iloc.Find(it.id)
	if loc == nil {
		return nil, media.Malformed("iloc", d.iloc.Box.Offset, "an item without location")
	}
	var list []extent
	var sum int64
	for i := range loc.Extents {
		off, n, ok := d.iloc.Range(loc, &loc.Extents[i])
		if !ok || n == 0 {
			return nil, media.Unsupported("iloc", d.iloc.Box.Offset, "metadata that is not in a range of this file")
		}
		if err := media.Within(d.r.Src, "item", off, n); err != nil {
			return nil, err
		}
		if sum += n; sum > maxData {
			return nil, media.TooLarge("item", off, maxData)
		}
		list = append(list, extent{off, n})
	}
	if len(list) == 0 {
		return nil, media.Malformed("iloc", d.iloc.Box.Offset, "an item without extents")
	}
	return list, nil
}

// raw reads an item's data as it is stored.
func (d *document) raw(it *item) ([]byte, []extent, error) {
	list, err := d.extents(it)
	if err != nil {
		return nil, nil, err
	}
	var data []byte
	for _, e := range list {
		if d.budget -= e.n; d.budget < 0 {
			return nil, nil, media.TooLarge("metadata items", e.off, media.MaxStructure)
		}
		piece, err := media.Bytes(d.r.Src, "item", e.off, e.n)
		if err != nil {
			return nil, nil, err
		}
		if data == nil {
			data = piece
		} else {
			data = append(data, piece...)
		}
	}
	return data, list, nil
}

// content reads an item's data without its content encoding.
func (d *document) content(it *item) ([]byte, []extent, error) {
	data, list, err := d.raw(it)
	if err != nil || it.encoding == "" {
		return data, list, err
	}
	if it.encoding != "deflate" && it.encoding != "zlib" {
		return nil, nil, media.Unsupported("infe", it.infe.Offset, "content encoding "+it.encoding[:min(32, len(it.encoding))])
	}
	inflate, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, nil, media.Malformed("item", list[0].off, "not a zlib stream")
	}
	plain, err := io.ReadAll(io.LimitReader(inflate, maxData+1))
	switch {
	case len(plain) > maxData:
		return nil, nil, media.TooLarge("item", list[0].off, maxData)
	case errors.Is(err, io.ErrUnexpectedEOF) || err != nil:
		return nil, nil, media.Malformed("item", list[0].off, "a damaged zlib stream")
	}
	return plain, list, nil
}

// examine looks for labels in an item.
func (d *document) examine(it *item) error {
	data, list, err := d.content(it)
	if err != nil {
		it.err = err
		return d.hurt(err, it.infe.Offset)
	}
	var found []media.Found
	if it.kind == kindXMP {
		it.prefix = identifier(data)
		found = xmp.Read(data[it.prefix:], list[0].off+int64(it.prefix))
		for i := range found {
			if it.encoding != "" {
				found[i].Offset = -1
				found[i].Findings = append(found[i].Findings, media.Warn(media.CodeCompressed, list[0].off))
			}
		}
	} else if at, ok := tiff(data); ok {
		found = exif.Read(data[at:], list[0].off+int64(at))
		d.survey.Findings = append(d.survey.Findings, exif.Check(data[at:], list[0].off+int64(at))...)
		for i := range found {
			if found[i].Place == media.PlaceEXIF {
				found[i].Findings = append(found[i].Findings, media.Warn(media.CodeOtherPlace, found[i].Offset,
					"place", string(media.PlaceEXIF), "standard", string(media.PlaceXMP)))
			}
		}
	}
	it.labelled = len(found) > 0
	d.survey.Labels = append(d.survey.Labels, found...)
	return nil
}

// identifier returns the length of the identifier that belongs to JPEG's APP1 and that some cameras copy into the item.
func identifier(data []byte) int {
	const id = "http://ns.adobe.com/xap/1.0/\x00"
	if bytes.HasPrefix(data, []byte(id)) {
		return len(id)
	}
	return 0
}

// tiff returns where the TIFF header begins in an Exif item (ISO/IEC 23008-12, Annex A): behind an offset of 4 bytes.
func tiff(data []byte) (int, bool) {
	if len(data) < 4 {
		return 0, false
	}
	skip := int64(binary.BigEndian.Uint32(data))
	if skip > int64(len(data)-4) {
		return 0, false
	}
	return 4 + int(skip), true
}

// blank returns an item's data, of the same size where it is not compressed, without labels.
func (d *document) blank(it *item) ([]byte, error) {
	data, _, err := d.content(it)
	if err != nil {
		return nil, err
	}
	if it.kind == kindXMP {
		packet, err := box.DropXMP(data[it.prefix:])
		if err != nil {
			return nil, err
		}
		return append(data[:it.prefix:it.prefix], packet...), nil
	}
	at, _ := tiff(data)
	block, err := exif.Drop(data[at:])
	if err != nil {
		return nil, err
	}
	return append(data[:at:at], block...), nil
}
