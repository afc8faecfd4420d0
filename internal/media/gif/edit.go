package gif

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Edit plans the file with the label in its XMP packet.
func (Container) Edit(src media.Source, _ media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceXMP {
		return nil, media.Unsupported("GIF", 0, "no place "+string(put.Place))
	}
	doc, err := scan(src)
	if err != nil {
		return nil, err
	}
	host := doc.host()
	fresh, err := doc.label(host, put)
	if err != nil {
		return nil, err
	}
	splices := []media.Splice{{Offset: 4, Delete: 1, Insert: []byte{'9'}}} // the version is 89a
	placed := host >= 0 && !doc.holders[host].late
	for i, h := range doc.holders {
		// What comes before the front is edited before the label is inserted, what comes behind it after.
		if !placed && h.off >= doc.front {
			splices = append(splices, media.Splice{Offset: doc.front, Insert: fresh})
			placed = true
		}
		s := media.Splice{Offset: h.off, Delete: h.end - h.off}
		switch {
		case i == host && !h.late:
			s.Insert = fresh
		case i == host:
		case h.labels == 0:
			continue
		default:
			if s.Insert, err = doc.without(h); err != nil {
				return nil, err
			}
		}
		splices = append(splices, s)
	}
	if !placed {
		splices = append(splices, media.Splice{Offset: doc.front, Insert: fresh})
	}
	return media.Splices(src, splices...)
}

// host returns the index of the XMP extension that takes the label in, or -1 where a new one is needed.
func (d *document) host() int {
	late := -1
	for i, h := range d.holders {
		switch {
		case h.comment:
		case !h.late:
			return i
		case late < 0:
			late = i
		}
	}
	return late
}

// label returns the extension with the label, made from the host where there is one.
func (d *document) label(host int, put media.Put) ([]byte, error) {
	properties := xmp.Properties{Label: put.Value, DigitalSourceType: put.DigitalSourceType}
	if host < 0 {
		return extension(xmp.New(properties), d.front)
	}
	h := d.holders[host]
	packet, base, err := d.sound(h)
	if err != nil {
		return nil, err
	}
	packet, err = xmp.Merge(packet, properties)
	if err != nil {
		return nil, exif.Rebase(err, base)
	}
	return extension(packet, h.off)
}

// sound returns a packet whose extent is beyond doubt.
func (d *document) sound(h holder) ([]byte, int64, error) {
	packet, base, rule, err := d.packet(h)
	if err == nil && rule == ruleTrailer {
		err = media.Malformed("application extension XMP Data", h.off, rule)
	}
	return packet, base, err
}

// without returns an extension with everything but the labels, or nothing when there is no more to it.
func (d *document) without(h holder) ([]byte, error) {
	if !h.comment {
		packet, base, err := d.sound(h)
		if err != nil {
			return nil, err
		}
		if packet, err = xmp.Drop(packet); err != nil {
			return nil, exif.Rebase(err, base)
		}
		return extension(packet, h.off)
	}
	text, err := d.text(h)
	if err != nil {
		return nil, err
	}
	text, rest, err := exif.Blank(exif.TagImageDescription, binary.LittleEndian, text, h.off)
	if err != nil || !rest {
		return nil, err
	}
	b := []byte{introducer, labelComment}
	for len(text) > 0 {
		n := min(len(text), 255)
		b = append(append(b, byte(n)), text[:n]...)
		text = text[n:]
	}
	return append(b, 0), nil
}

// extension returns an XMP extension after making sure that it ends where it should for those who take the packet's
// characters for lengths. Off is where the extension is to stand, for errors.
func extension(packet []byte, off int64) ([]byte, error) {
	b := append([]byte{introducer, labelApplication, byte(len(identifier))}, identifier...)
	start := len(b)
	b = append(append(b, packet...), magic()...)
	at := start
	for at < len(b) && b[at] > 0 {
		at += 1 + int(b[at])
	}
	if at != len(b)-1 {
		return nil, media.Malformed("XMP packet", off, "no null bytes in the packet")
	}
	if len(b) > maxExtension {
		return nil, media.NoRoom("application extension XMP Data", off, maxExtension)
	}
	return b, nil
}
