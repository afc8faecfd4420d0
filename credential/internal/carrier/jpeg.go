package carrier

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/jpeg"
)

// Markers (T.81, table B.1).
const (
	markerTEM   = 0x01
	markerSOI   = 0xD8
	markerEOI   = 0xD9
	markerSOS   = 0xDA
	markerAPP0  = 0xE0
	markerAPP11 = 0xEB
)

const (
	maxSegments = 1 << 14
	maxFirst    = 65535 - 2 - 8     // bytes of a store in its first segment
	maxNext     = 65535 - 2 - 8 - 8 // in each further one, where the box header stands again
)

// segment is a marker segment in front of the first scan.
type segment struct {
	marker byte
	off, n int64 // from the marker's 0xFF
}

// header walks the segments of a JPEG up to the first scan, which is left out.
func header(r *reader, visit func(segment) error) (end int64, err error) {
	b, err := r.bytes("JPEG image", 0, 2)
	if err != nil {
		return 0, err
	}
	if b[0] != 0xFF || b[1] != markerSOI {
		return 0, media.Malformed("JPEG image", 0, "starts with SOI")
	}
	at := int64(2)
	for range maxSegments {
		if b, err = r.bytes("JPEG segment", at, 2); err != nil {
			return 0, err
		}
		switch {
		case b[0] != 0xFF:
			return 0, media.Malformed("JPEG segment", at, "marker that may stand here")
		case b[1] == 0xFF:
			at++
			continue
		case b[1] == markerSOS, b[1] == markerEOI:
			return at, nil
		case b[1] == markerTEM:
			at += 2
			continue
		case b[1] < 0xC0 || b[1] == markerSOI:
			return 0, media.Malformed("JPEG segment", at, "marker that may stand here")
		}
		s := segment{marker: b[1], off: at}
		if b, err = r.bytes("JPEG segment", at+2, 2); err != nil {
			return 0, err
		}
		s.n = 2 + int64(binary.BigEndian.Uint16(b))
		if err := media.Within(r.src, "JPEG segment", at, max(4, s.n)); err != nil {
			return 0, err
		}
		if err := visit(s); err != nil {
			return 0, err
		}
		at += s.n
	}
	return 0, media.TooMany("JPEG segment", at, maxSegments)
}

// jpegPart is what a further segment of a store has to begin with: the instance number, the next packet number, and the
// header of the box.
type jpegPart struct {
	instance []byte
	next     uint32
	box      []byte
}

// findJPEG joins the segments APP11 that carry the store (C2PA 2.2, A.3.1; ISO/IEC 18477-3, B.2).
func findJPEG(src media.Source) (*Place, error) {
	r := &reader{src: src}
	var p *Place
	var part jpegPart
	_, err := header(r, func(s segment) error {
		if s.marker != markerAPP11 || s.n < 4+16 {
			return nil
		}
		b, err := media.Bytes(src, "JPEG segment", s.off+4, s.n-4)
		if err != nil || string(b[:2]) != "JP" {
			return err
		}
		number := binary.BigEndian.Uint32(b[4:])
		switch {
		case p != nil && bytes.Equal(b[2:4], part.instance) && number == part.next && bytes.HasPrefix(b[8:], part.box):
			if s.off != p.Offset+p.Size {
				return &Error{s.off, "segments of a store apart from each other"}
			}
			p.Store = append(p.Store, b[8+len(part.box):]...)
		case isStore(b[8:]):
			if p != nil {
				return errTwo(s.off)
			}
			p = &Place{Store: bytes.Clone(b[8:]), Offset: s.off}
			part = jpegPart{instance: bytes.Clone(b[2:4]), next: number, box: bytes.Clone(b[8:16])}
			if binary.BigEndian.Uint32(part.box) == 1 && len(b) >= 24 {
				part.box = bytes.Clone(b[8:24])
			}
		default:
			return nil
		}
		if len(p.Store) > MaxStore {
			return media.TooLarge("C2PA", p.Offset, MaxStore)
		}
		part.next++
		p.Size = s.off + s.n - p.Offset
		return nil
	})
	return p, err
}

// isStore reports whether bytes begin with a JUMBF superbox of the type of a store.
func isStore(b []byte) bool {
	at := 8
	if len(b) >= 16 && binary.BigEndian.Uint32(b) == 1 {
		at = 16
	}
	return len(b) >= at+12 && string(b[4:8]) == "jumb" && string(b[at+4:at+8]) == "jumd" && string(b[at+8:at+12]) == "c2pa"
}

// makeJPEG puts the store behind the segments APP0, where others do.
func makeJPEG(src media.Source, old *Place, size int) (*Room, error) {
	at := int64(2)
	if _, err := header(&reader{src: src}, func(s segment) error {
		if s.marker == markerAPP0 && s.off == at {
			at += s.n
		}
		return nil
	}); err != nil {
		return nil, err
	}
	fresh := media.Splice{Offset: at, Insert: make([]byte, jpegSize(size))}
	splices := []media.Splice{fresh}
	if old != nil {
		if old.Offset < at {
			return nil, &Error{old.Offset, "a store in front of the JFIF header"}
		}
		splices = append(splices, media.Splice{Offset: old.Offset, Delete: old.Size})
	}
	e, err := jpeg.Splice(src, splices...)
	if err != nil {
		return nil, err
	}
	return &Room{Edit: e, Offset: at, Size: int64(len(fresh.Insert)), frame: frameJPEG}, nil
}

// jpegSize is how many bytes the segments of a store have.
func jpegSize(n int) int64 {
	further := 0
	if n > maxFirst {
		further = (n - maxFirst + maxNext - 1) / maxNext
	}
	return int64(n + 12 + further*20)
}

func frameJPEG(store []byte) []byte {
	out := make([]byte, 0, jpegSize(len(store)))
	box, rest, room := store[:8], store, maxFirst
	for number := uint32(1); len(rest) > 0; number++ {
		piece := rest[:min(len(rest), room)]
		rest = rest[len(piece):]
		n := 2 + 8 + len(piece)
		if number > 1 {
			n += len(box)
		}
		out = append(out, 0xFF, markerAPP11)
		out = binary.BigEndian.AppendUint16(out, uint16(n))
		out = append(out, "JP\x02\x11"...)
		out = binary.BigEndian.AppendUint32(out, number)
		if number > 1 {
			out = append(out, box...)
		}
		out = append(out, piece...)
		room = maxNext
	}
	return out
}
