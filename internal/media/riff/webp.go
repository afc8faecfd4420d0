package riff

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Flags of the chunk VP8X (WebP Container Specification, "Extended File Format").
const (
	flagXMP   = 0x04
	flagEXIF  = 0x08
	flagAlpha = 0x10
)

// editWebP plans the label in a WebP file.
func (d *document) editWebP(put media.Put) ([]media.Splice, error) {
	f := &d.forms[0]
	key := keyXMP
	if put.Place == media.PlaceEXIF {
		key = keyEXIF
	}
	host := d.host(func(c *chunk) bool { return foldedID(c.id) == key })
	splices, err := d.removals(host)
	if err != nil {
		return nil, err
	}
	fresh, err := d.webpLabel(host, put)
	if err != nil {
		return nil, err
	}
	s := media.Splice{Offset: f.stop, Insert: fresh}
	if host >= 0 {
		c := &d.chunks[host]
		s.Offset, s.Delete = c.off, c.total()
	} else {
		if key == keyEXIF {
			s.Offset = d.beforeXMP(f.stop)
		}
		if s.Offset == f.stop && f.bare {
			s.Insert = append([]byte{0}, fresh...) // the padding that the last chunk lacks
		}
	}
	extended, err := d.extend(put.Place)
	if err != nil {
		return nil, err
	}
	return d.resize(append(extended, insert(splices, s)...))
}

// webpLabel returns the chunk with the label, made from the host where there is one.
func (d *document) webpLabel(host int, put media.Put) ([]byte, error) {
	properties := xmp.Properties{Label: put.Value, DigitalSourceType: put.DigitalSourceType}
	if host < 0 && put.Place == media.PlaceXMP {
		return framed(keyXMP, xmp.New(properties)), nil
	}
	var old []byte
	var base int64
	if host >= 0 {
		c := &d.chunks[host]
		b, err := d.read(c)
		if err != nil {
			return nil, err
		}
		old, base = b, c.off+8
	}
	id := keyXMP
	var b []byte
	var err error
	if put.Place == media.PlaceXMP {
		b, err = xmp.Merge(old, properties)
	} else {
		id = keyEXIF
		if len(old) >= 6 && string(old[:6]) == "Exif\x00\x00" {
			old = old[6:]
		}
		b, err = exif.Set(old, media.Wrap(put.Value))
	}
	switch {
	case err != nil:
		return nil, exif.Rebase(err, base)
	case len(b) > maxMetadata:
		return nil, media.NoRoom("chunk "+id, base, maxMetadata)
	}
	return framed(id, b), nil
}

// beforeXMP returns where a chunk XMP behind the picture begins, or end.
func (d *document) beforeXMP(end int64) int64 {
	for i := range d.chunks {
		if c := &d.chunks[i]; foldedID(c.id) == keyXMP && c.off > d.picture {
			return c.off
		}
	}
	return end
}

// extend returns the splice that makes the file one of the extended format with the flag that the place needs.
func (d *document) extend(place media.Place) ([]media.Splice, error) {
	flag := byte(flagXMP)
	if place == media.PlaceEXIF {
		flag = flagEXIF
	}
	const first = 12
	if len(d.chunks) == 0 || d.chunks[0].off != first {
		return nil, media.Malformed("RIFF chunk", 0, "VP8X, VP8 or VP8L first")
	}
	switch c := &d.chunks[0]; c.id {
	case "VP8X":
		b, err := d.win.Bytes(c.name(), c.off+8, 1)
		switch {
		case err != nil:
			return nil, err
		case c.n < 10:
			return nil, media.Malformed(c.name(), c.off, "10 bytes")
		}
		return []media.Splice{{Offset: c.off + 8, Delete: 1, Insert: []byte{b[0] | flag}}}, nil
	case "VP8 ", "VP8L":
		width, height, alpha, err := d.canvas(c)
		if err != nil {
			return nil, err
		}
		if alpha {
			flag |= flagAlpha
		}
		size := binary.LittleEndian.AppendUint32([]byte{flag, 0, 0, 0}, uint32(width-1))[:7]
		size = binary.LittleEndian.AppendUint32(size, uint32(height-1))[:10]
		return []media.Splice{{Offset: first, Insert: framed("VP8X", size)}}, nil
	}
	return nil, media.Malformed("RIFF chunk", 0, "VP8X, VP8 or VP8L first")
}

// canvas reads the size of a picture from its bitstream: RFC 6386, 9.1, and WebP Lossless Bitstream Specification, 3.
func (d *document) canvas(c *chunk) (width, height int, alpha bool, err error) {
	if c.n < 10 {
		return 0, 0, false, media.Truncated(c.name(), c.off, 10, c.n)
	}
	b, err := d.win.Bytes(c.name(), c.off+8, 10)
	if err != nil {
		return 0, 0, false, err
	}
	if c.id == "VP8L" {
		bits := binary.LittleEndian.Uint32(b[1:])
		if b[0] != 0x2F || bits>>29 != 0 {
			return 0, 0, false, media.Malformed(c.name(), c.off, "signature 0x2F and version 0")
		}
		return int(bits&0x3FFF) + 1, int(bits>>14&0x3FFF) + 1, bits>>28&1 == 1, nil
	}
	width, height = int(binary.LittleEndian.Uint16(b[6:])&0x3FFF), int(binary.LittleEndian.Uint16(b[8:])&0x3FFF)
	if b[0]&1 != 0 || string(b[3:6]) != "\x9d\x01\x2a" || width == 0 || height == 0 {
		return 0, 0, false, media.Malformed(c.name(), c.off, "key frame with a start code and a size")
	}
	return width, height, false, nil
}
