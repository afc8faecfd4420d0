package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// Markers of T.81 table B.1.
const (
	markerTEM   = 0x01
	markerRST0  = 0xD0
	markerRST7  = 0xD7
	markerSOI   = 0xD8
	markerEOI   = 0xD9
	markerSOS   = 0xDA
	markerAPP0  = 0xE0
	markerAPP1  = 0xE1
	markerAPP2  = 0xE2
	markerAPP9  = 0xE9
	markerAPP11 = 0xEB
	markerCOM   = 0xFE
)

const (
	maxPayload  = 65533 // the length field counts itself
	maxImages   = 64
	maxSegments = 256      // segments that are remembered
	windowSize  = 72 << 10 // holds the longest segment
)

// file is what a walk found.
type file struct {
	segments   []segment // those that an edit may have to touch
	extended   extended
	afterJFIF  int64 // where a new EXIF segment goes
	afterEXIF  int64 // where a new XMP segment goes
	splitEXIF  bool  // an EXIF block goes on in a second segment
	signatures []media.Signature
	findings   []colophon.Finding
}

// walker reads a file through one window.
type walker struct {
	file
	src  media.Source
	size int64
	buf  []byte
	at   int64 // offset of buf in the file
}

// walk reads the whole file. Beside an error it returns what it found before the damage.
func walk(src media.Source) (*file, error) {
	w := &walker{src: src, size: src.Size()}
	if whole, ok := src.(media.Memory); ok {
		w.buf = whole[:len(whole):len(whole)]
	} else {
		w.buf = make([]byte, 0, min(w.size, windowSize))
	}
	end, err := w.image(0, 0)
	if err != nil {
		return &w.file, err
	}
	for image := 1; image < maxImages; image++ {
		start, ok := w.following(end)
		if !ok {
			break
		}
		if end, err = w.image(start, image); err != nil {
			if !broken(err) {
				return &w.file, err
			}
			w.damaged("JPEG image", start, "marker segments up to EOI")
			return &w.file, w.readExtended()
		}
	}
	if end < w.size {
		w.findings = append(w.findings, media.Warn(media.CodeTrailingData, end))
	}
	return &w.file, w.readExtended()
}

// peek returns what the window holds from pos on: n bytes at least, fewer only at the end of the file.
func (w *walker) peek(pos int64, n int) ([]byte, error) {
	if rest := w.size - pos; rest < int64(n) {
		n = int(max(0, rest))
	}
	if i := pos - w.at; i >= 0 && i+int64(n) <= int64(len(w.buf)) {
		return w.buf[i:], nil
	}
	w.at, w.buf = pos, w.buf[:min(int64(cap(w.buf)), w.size-pos)]
	if err := media.Fill(w.src, "file", w.buf, pos); err != nil {
		w.buf = w.buf[:0]
		return nil, err
	}
	return w.buf, nil
}

// next returns the offset of the next marker at or behind pos that is no restart marker, or the file's size, and where
// the fill bytes before the marker begin.
func (w *walker) next(pos int64) (at, fill int64, err error) {
	fill = -1
	for {
		b, err := w.peek(pos, 2)
		if err != nil {
			return 0, 0, err
		}
		if len(b) < 2 {
			return w.size, w.size, nil
		}
		i := 0
		for i+1 < len(b) {
			if b[i] != 0xFF {
				fill = -1
				j := bytes.IndexByte(b[i:], 0xFF)
				if j < 0 {
					i = len(b)
					break
				}
				i += j
				continue
			}
			switch c := b[i+1]; {
			case c == 0xFF:
				if fill < 0 {
					fill = pos + int64(i)
				}
				i++
			case c == 0 || c >= markerRST0 && c <= markerRST7:
				fill = -1
				i += 2
			case fill < 0:
				return pos + int64(i), pos + int64(i), nil
			default:
				return pos + int64(i), fill, nil
			}
		}
		pos += int64(i)
	}
}

// image walks one image, from SOI to EOI, and returns the offset behind it. Damage behind the first scan leaves a
// picture that viewers show, so it is a finding and ends the image.
func (w *walker) image(start int64, image int) (end int64, err error) {
	b, err := w.peek(start, 2)
	if err != nil {
		return 0, err
	}
	if len(b) < 2 || b[0] != 0xFF || b[1] != markerSOI {
		return 0, media.Malformed("JPEG image", start, "starts with SOI")
	}
	if image == 0 {
		w.afterJFIF, w.afterEXIF = start+2, start+2
	}
	late := false
	for pos := start + 2; ; {
		at, fill, err := w.next(pos)
		if err != nil {
			return 0, err
		}
		if at >= w.size {
			w.damaged("JPEG image", w.size, "ends with EOI")
			return w.size, nil
		}
		if fill > pos && !late {
			w.damaged("JPEG header", pos, "marker segments without bytes between them")
		}
		if b, err = w.peek(at, 4); err != nil {
			return 0, err
		}
		marker := b[1]
		switch {
		case marker == markerEOI:
			return at + 2, nil
		case marker == markerTEM:
			pos = at + 2
			continue
		case marker == markerSOI && late:
			w.damaged("JPEG image", at, "ends with EOI")
			return at, nil
		}
		s, err := w.segment(at, b, image, late)
		s.fill = fill
		if err != nil {
			if late {
				w.damaged("JPEG segment", at, "length within the file")
				return at, nil
			}
			return 0, err
		}
		if err := w.take(s); err != nil {
			return 0, err
		}
		late = late || marker == markerSOS
		pos = at + s.size
	}
}

// segment reads the frame of the segment at off, of which b holds the first bytes.
func (w *walker) segment(off int64, b []byte, image int, late bool) (segment, error) {
	s := segment{off: off, marker: b[1], image: image, late: late || image > 0}
	if s.marker == markerSOI || s.marker < 0xC0 {
		return s, media.Malformed("JPEG segment", off, "marker that may stand here")
	}
	if len(b) < 4 {
		return s, media.Truncated("JPEG segment", off, 4, int64(len(b)))
	}
	n := int64(binary.BigEndian.Uint16(b[2:]))
	if n < 2 {
		return s, media.Malformed("JPEG segment", off, "length of 2 at least")
	}
	s.size = 2 + n
	return s, media.Within(w.src, "JPEG segment", off, s.size)
}

// following returns where the next image starts: at end, or where an MPF index says.
func (w *walker) following(end int64) (int64, bool) {
	if w.isImage(end) {
		return end, true
	}
	best := int64(-1)
	for _, s := range w.segments {
		if s.kind != kindMPF {
			continue
		}
		for i := range s.index.entries {
			if at := s.index.startOf(i); at >= end && (best < 0 || at < best) && w.isImage(at) {
				best = at
			}
		}
	}
	return best, best >= 0
}

func (w *walker) isImage(off int64) bool {
	if off < 0 || w.size-off < 4 {
		return false
	}
	b, err := w.peek(off, 3)
	return err == nil && bytes.HasPrefix(b, []byte{0xFF, markerSOI, 0xFF})
}

// broken reports whether an error tells of a damaged structure, and not of a limit or a failed read.
func broken(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && (e.Code == media.CodeMalformed || e.Code == media.CodeTruncated)
}

// damaged adds a finding, once for each structure.
func (w *walker) damaged(what string, off int64, rule string) {
	for _, f := range w.findings {
		if f.Args["what"] == what && f.Args["rule"] == rule {
			return
		}
	}
	w.findings = append(w.findings, media.Warn(media.CodeStructure, off, "what", what, "rule", rule))
}
