package coefficient

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
)

// Markers (T.81 Table B.1).
const (
	markerSOF0 = 0xC0
	markerSOF2 = 0xC2
	markerDHT  = 0xC4
	markerRST0 = 0xD0
	markerRST7 = 0xD7
	markerSOI  = 0xD8
	markerEOI  = 0xD9
	markerSOS  = 0xDA
	markerDQT  = 0xDB
	markerDNL  = 0xDC
	markerDRI  = 0xDD
	markerAPP0 = 0xE0
	markerAPP2 = 0xE2
	markerAPPE = 0xEE
)

const maxScans = 256

// model is how components make a colour.
type model int

const (
	grey model = iota
	yCbCr
	rgb
	cmyk // stored as 255 − ink, as Adobe does
	ycck // YCbCr of the inks, and 255 − black
)

// slots are the Huffman tables in effect: class (0 DC, 1 AC) and identifier.
type slots [2][4]*table

// scan is one scan and its entropy-coded data.
type scan struct {
	sos, at, end   int // offsets of the SOS marker, of the data, and behind the data
	parts          []int
	td, ta         [4]byte
	ss, se, ah, al int
	restart        int // MCUs in an interval; 0 for none
	slots          slots
	units          []unit
	mw, mh         int // MCUs across and down

	intervals []interval
	clean     []byte    // the data without stuffing and markers, and some zeros behind
	before    []mark    // per row of MCUs, and one behind the last: where coding can break off at or before the row
	after     []mark    // and at or behind its beginning
	long      [4]*notes // of each AC table
	rows      []state   // of an AC scan: where reading stood at the beginning of each row
	open      int       // of an AC scan: the first row without the latter while the scan is read
}

// unit is one block of an MCU.
type unit struct{ part, dx, dy, w, h int }

func (s *scan) mcus() int { return s.mw * s.mh }

// walker holds what segments define while they are walked.
type walker struct {
	*Picture
	quant   [4]*[64]uint16
	slots   slots
	restart int
	framed  bool
	jfif    bool
	adobe   int // transform of the Adobe segment; -1 without one
}

func (p *Picture) walk() error {
	w := &walker{Picture: p, adobe: -1}
	if !bytes.HasPrefix(p.data, []byte{0xFF, markerSOI}) {
		return media.Malformed("JPEG", 0, "SOI at the beginning")
	}
	at := 2
	for {
		marker, next, err := w.marker(at)
		if err != nil {
			return err
		}
		at = next
		if marker == markerEOI {
			p.end = at
			return w.finish(at - 2)
		}
		if marker == 0x01 || marker >= markerRST0 && marker <= markerSOI {
			return media.Malformed("marker", int64(at-2), "no RST or SOI between segments")
		}
		body, err := w.segment(at)
		if err != nil {
			return err
		}
		start := at - 2
		at += 2 + len(body)
		if marker == markerSOS {
			at, err = w.scan(start, at, body)
		} else {
			err = w.define(marker, start, body)
		}
		if err != nil {
			return err
		}
	}
}

// marker finds the marker at an offset, behind fill bytes, and returns the offset behind it.
func (w *walker) marker(at int) (byte, int, error) {
	if at < len(w.data) && w.data[at] != 0xFF {
		return 0, 0, media.Malformed("marker", int64(at), "0xFF before a marker")
	}
	for at < len(w.data) && w.data[at] == 0xFF {
		at++
	}
	if at >= len(w.data) {
		return 0, 0, w.short("marker", at, 1)
	}
	if w.data[at] == 0 {
		return 0, 0, media.Malformed("marker", int64(at), "code of a marker")
	}
	return w.data[at], at + 1, nil
}

// short reports that the file ends, or what of it is looked at.
func (p *Picture) short(what string, at, need int) error {
	if p.src.Size() > int64(len(p.data)) {
		return media.TooLarge("JPEG image", 0, int64(len(p.data)))
	}
	return media.Truncated(what, int64(at), int64(need), int64(max(0, len(p.data)-at)))
}

func (w *walker) segment(at int) ([]byte, error) {
	if at+2 > len(w.data) {
		return nil, w.short("segment", at, 2)
	}
	n := int(binary.BigEndian.Uint16(w.data[at:]))
	if n < 2 {
		return nil, media.Malformed("segment", int64(at), "length of 2 or more")
	}
	if at+n > len(w.data) {
		return nil, w.short("segment", at, n)
	}
	return w.data[at+2 : at+n], nil
}

func (w *walker) define(marker byte, start int, body []byte) error {
	off := int64(start)
	switch marker {
	case markerSOF0, markerSOF0 + 1, markerSOF2:
		return w.frame(marker, off, body)
	case markerDHT:
		return w.huffman(off, body)
	case markerDQT:
		return w.quantisation(off, body)
	case markerDRI:
		if len(body) != 2 {
			return media.Malformed("DRI", off, "length of 4")
		}
		w.restart = int(binary.BigEndian.Uint16(body))
	case markerDNL:
		return media.Unsupported("DNL", off, "number of lines in the frame header")
	case markerAPP0:
		w.jfif = w.jfif || bytes.HasPrefix(body, []byte("JFIF\x00"))
	case markerAPPE:
		if len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")) {
			w.adobe = int(body[11])
		}
	case markerAPP2:
		w.multi(start+4, body)
	case 0xC8, 0xCC:
		return media.Unsupported("DAC", off, "Huffman coding")
	default:
		if marker >= 0xC3 && marker <= 0xCF {
			return media.Unsupported("SOF", off, "baseline, extended or progressive Huffman coding")
		}
		if marker == 0xDE || marker == 0xDF {
			return media.Unsupported("DHP", off, "one frame")
		}
	}
	return nil
}

func (w *walker) quantisation(off int64, b []byte) error {
	for len(b) > 0 {
		wide, id := int(b[0]>>4), b[0]&15
		if wide > 1 || id > 3 || len(b) < 1+64*(1+wide) {
			return media.Malformed("DQT", off, "table of 64 elements")
		}
		t := new([64]uint16)
		for i := range t {
			if wide == 1 {
				t[i] = binary.BigEndian.Uint16(b[1+2*i:])
			} else {
				t[i] = uint16(b[1+i])
			}
			if t[i] == 0 {
				return media.Malformed("DQT", off, "elements above 0")
			}
		}
		w.quant[id] = t
		b = b[1+64*(1+wide):]
	}
	return nil
}

func (w *walker) huffman(off int64, b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return media.Malformed("DHT", off, "class, identifier and 16 counts")
		}
		t, n, rule := readTable(b[1:])
		if rule != "" {
			return media.Malformed("DHT", off, rule)
		}
		w.slots[b[0]>>4][b[0]&15] = t
		b = b[1+n:]
	}
	return nil
}

func (w *walker) frame(marker byte, off int64, b []byte) error {
	if w.framed {
		return media.Malformed("SOF", off, "one frame")
	}
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return media.Malformed("SOF", off, "length of its components")
	}
	if b[0] != 8 {
		return media.Unsupported("SOF", off, "samples of 8 bits")
	}
	w.framed, w.progressive = true, marker == markerSOF2
	w.height, w.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	if w.width == 0 {
		return media.Malformed("SOF", off, "width above 0")
	}
	if w.height == 0 {
		return media.Unsupported("SOF", off, "number of lines in the frame header")
	}
	if w.width*w.height > MaxPixels {
		return media.TooLarge("picture", off, MaxPixels)
	}
	if n := int(b[5]); n != 1 && n != 3 && n != 4 {
		return media.Unsupported("SOF", off, "1, 3 or 4 components")
	}
	for c := b[6:]; len(c) > 0; c = c[3:] {
		h, v := int(c[1]>>4), int(c[1]&15)
		if h < 1 || h > 4 || v < 1 || v > 4 || c[2] > 3 {
			return media.Malformed("SOF", off, "sampling factors from 1 to 4")
		}
		for _, other := range w.components {
			if other.id == c[0] {
				return media.Malformed("SOF", off, "components of different names")
			}
		}
		w.components = append(w.components, component{id: c[0], h: h, v: v, tq: c[2]})
		w.hmax, w.vmax = max(w.hmax, h), max(w.vmax, v)
	}
	if len(w.components) == 1 { // factors of a single component mean nothing (A.2.2)
		w.components[0].h, w.components[0].v, w.hmax, w.vmax = 1, 1, 1, 1
	}
	return w.measure(off)
}

// measure works out the sizes of the components (A.1.1).
func (w *walker) measure(off int64) error {
	for i := range w.components {
		c := &w.components[i]
		if w.hmax%c.h != 0 || w.vmax%c.v != 0 {
			return media.Unsupported("SOF", off, "whole ratios of sampling factors")
		}
		c.fx, c.fy = w.hmax/c.h, w.vmax/c.v
		c.width, c.height = ceil(w.width, c.fx), ceil(w.height, c.fy)
		c.bw, c.bh = ceil(c.width, 8), ceil(c.height, 8)
		c.sw, c.sh = ceil(w.width, 8*w.hmax)*c.h, ceil(w.height, 8*w.vmax)*c.v
		for k := range c.depth {
			c.depth[k] = -1
		}
	}
	return nil
}

func ceil(a, b int) int { return (a + b - 1) / b }

// scan parses the header of a scan and finds the end of its data.
func (w *walker) scan(sos, at int, b []byte) (int, error) {
	off := int64(sos)
	if !w.framed {
		return 0, media.Malformed("SOS", off, "frame before a scan")
	}
	if len(w.scans) >= maxScans {
		return 0, media.TooMany("scan", off, maxScans)
	}
	if len(b) < 1 || b[0] < 1 || b[0] > 4 || len(b) != 4+2*int(b[0]) {
		return 0, media.Malformed("SOS", off, "length of its components")
	}
	s := &scan{sos: sos, at: at, restart: w.restart, slots: w.slots}
	for i := range int(b[0]) {
		id, tables := b[1+2*i], b[2+2*i]
		part := -1
		for k := range w.components {
			if w.components[k].id == id {
				part = k
			}
		}
		if part < 0 || len(s.parts) > 0 && s.parts[len(s.parts)-1] >= part {
			return 0, media.Malformed("SOS", off, "components of the frame in its order")
		}
		if tables>>4 > 3 || tables&15 > 3 {
			return 0, media.Malformed("SOS", off, "identifiers of tables from 0 to 3")
		}
		s.td[i], s.ta[i] = tables>>4, tables&15
		s.parts = append(s.parts, part)
	}
	tail := b[len(b)-3:]
	s.ss, s.se, s.ah, s.al = int(tail[0]), int(tail[1]), int(tail[2]>>4), int(tail[2]&15)
	if err := w.script(s); err != nil {
		return 0, err
	}
	if err := w.layout(s); err != nil {
		return 0, err
	}
	if err := w.intervals(s); err != nil {
		return 0, err
	}
	w.scans = append(w.scans, s)
	return s.end, nil
}

// script checks what a scan codes against what earlier scans did (G.1.1.1.1), and that its tables are there.
func (w *walker) script(s *scan) error {
	off := int64(s.sos)
	if !w.progressive {
		s.ss, s.se, s.ah, s.al = 0, 63, 0, 0
	}
	if s.ss > s.se || s.se > 63 || w.progressive && s.ss == 0 && s.se != 0 || s.ss > 0 && len(s.parts) != 1 ||
		s.al > 13 || s.ah != 0 && s.ah != s.al+1 {
		return media.Malformed("SOS", off, "spectral selection and successive approximation of a scan")
	}
	for i, part := range s.parts {
		c := &w.components[part]
		for k := s.ss; k <= s.se; k++ {
			if s.ah == 0 && c.depth[k] != -1 || s.ah != 0 && int(c.depth[k]) != s.ah || s.ss > 0 && c.depth[0] < 0 {
				return media.Malformed("SOS", off, "order of scans")
			}
			c.depth[k] = int8(s.al)
		}
		if c.quant == nil {
			c.quant = w.quant[c.tq]
		}
		if c.quant == nil {
			return media.Malformed("SOS", off, "quantisation table of the component")
		}
		if s.ss == 0 && s.ah == 0 && s.slots[0][s.td[i]] == nil || s.se > 0 && s.slots[1][s.ta[i]] == nil {
			return media.Malformed("SOS", off, "Huffman table of the component")
		}
	}
	return nil
}

// layout works out the blocks of an MCU (A.2).
func (w *walker) layout(s *scan) error {
	if len(s.parts) == 1 {
		c := &w.components[s.parts[0]]
		s.mw, s.mh = c.bw, c.bh
		s.units = []unit{{0, 0, 0, 1, 1}}
		return nil
	}
	s.mw, s.mh = ceil(w.width, 8*w.hmax), ceil(w.height, 8*w.vmax)
	for i, part := range s.parts {
		c := &w.components[part]
		for y := range c.v {
			for x := range c.h {
				s.units = append(s.units, unit{i, x, y, c.h, c.v})
			}
		}
	}
	if len(s.units) > 10 {
		return media.Malformed("SOS", int64(s.sos), "10 blocks in an MCU at most")
	}
	return nil
}

// finish checks at EOI that the picture is whole and decides on its colours.
func (w *walker) finish(at int) error {
	off := int64(at)
	if len(w.scans) == 0 {
		return media.Malformed("JPEG", off, "a scan before EOI")
	}
	for i := range w.components {
		for _, depth := range w.components[i].depth {
			if depth < 0 {
				return media.Unsupported("JPEG", off, "scans of all coefficients")
			}
		}
	}
	names := string([]byte{w.components[0].id, w.components[len(w.components)-1].id})
	switch n := len(w.components); {
	case n == 1:
		w.model = grey
	case n == 3 && (w.adobe == 0 || w.adobe < 0 && !w.jfif && names == "RB"):
		w.model = rgb
	case n == 3:
		w.model = yCbCr
	case w.adobe < 0:
		return media.Unsupported("JPEG", off, "Adobe segment that says what four components mean")
	case w.adobe == 0:
		w.model = cmyk
	default:
		w.model = ycck
	}
	return nil
}
