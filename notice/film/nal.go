package film

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

// kind is the type of a NAL unit.
func kind(c codec, nal []byte) int {
	if len(nal) == 0 {
		return -1
	}
	if c == h264 {
		return int(nal[0] & 31)
	}
	return int(nal[0] >> 1 & 63)
}

// parameterSet reports whether a NAL unit is one.
func parameterSet(c codec, nal []byte) bool {
	k := kind(c, nal)
	return c == h264 && (k == 7 || k == 8) || c == h265 && k >= 32 && k <= 34
}

// split takes a sample apart into NAL units, each behind its length (ISO/IEC 14496-15, 4.3.3).
func split(b []byte, width int) ([][]byte, error) {
	var list [][]byte
	for at := 0; at < len(b); {
		if len(b)-at < width {
			return nil, media.Truncated("NAL unit", int64(at), int64(width), int64(len(b)-at))
		}
		n := 0
		for _, c := range b[at : at+width] {
			n = n<<8 | int(c)
		}
		at += width
		if n > len(b)-at {
			return nil, media.Truncated("NAL unit", int64(at), int64(n), int64(len(b)-at))
		}
		if n > 0 {
			list = append(list, b[at:at+n])
		}
		at += n
	}
	return list, nil
}

// join is the reverse of split.
func join(list [][]byte, width int) ([]byte, error) {
	var b []byte
	for _, n := range list {
		if width < 4 && len(n) >= 1<<(8*width) {
			return nil, obstacle("a new frame is too large for the film's lengths")
		}
		for s := 8 * (width - 1); s >= 0; s -= 8 {
			b = append(b, byte(len(n)>>s))
		}
		b = append(b, n...)
	}
	return b, nil
}

// startCode comes before each NAL unit of a byte stream (ISO/IEC 14496-10, Annex B).
const startCode = "\x00\x00\x00\x01"

// stream writes NAL units as a byte stream.
func stream(b []byte, list [][]byte) []byte {
	for _, n := range list {
		b = append(append(b, startCode...), n...)
	}
	return b
}

// unstream takes a byte stream apart into NAL units.
func unstream(b []byte) [][]byte {
	var list [][]byte
	code := []byte(startCode[1:])
	at := bytes.Index(b, code)
	for at >= 0 {
		b = b[at+3:]
		at = bytes.Index(b, code)
		n := b
		if at >= 0 {
			n = b[:at]
		}
		if n = bytes.TrimRight(n, "\x00"); len(n) > 0 {
			list = append(list, n)
		}
	}
	return list
}

// plain takes out the bytes that keep a NAL unit free of start codes.
func plain(b []byte) []byte {
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}

// guarded puts them in.
func guarded(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/64+8)
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c <= 3 {
			out = append(out, 3)
			zeros = 0
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}

// number reads an Exp-Golomb number at a bit of b (ISO/IEC 14496-10, 9.1).
func number(b []byte, bit int) (value, next int, ok bool) {
	at := func(i int) int { return int(b[i>>3]>>(7-i&7)) & 1 }
	zeros := 0
	for ; bit < 8*len(b) && at(bit) == 0; bit++ {
		if zeros++; zeros > 16 {
			return 0, 0, false
		}
	}
	if bit+zeros >= 8*len(b) {
		return 0, 0, false
	}
	for range zeros + 1 {
		value = value<<1 | at(bit)
		bit++
	}
	return value - 1, bit, true
}

// renumber replaces the number 0 at a bit of b, which is one bit long, by a number from 15 to 30, which is nine bits long:
// all behind it moves by a whole byte, and alignments stay.
func renumber(b []byte, bit, to int) ([]byte, bool) {
	i, r := bit>>3, bit&7
	if i >= len(b) || b[i]>>(7-r)&1 != 1 || to < 15 || to > 30 {
		return nil, false
	}
	out := make([]byte, len(b)+1)
	copy(out, b[:i])
	copy(out[i+1:], b[i:])
	keep := byte(0xFF) >> (r + 1) // bits behind the number in its last byte
	code := uint16(to+1) << (7 - r)
	out[i] = b[i]&^(0xFF>>r) | byte(code>>8)
	out[i+1] = b[i]&keep | byte(code)
	return out, true
}

// hevcNumbers are the numbers that new H.265 parameter sets get.
type hevcNumbers struct{ vps, sps, pps int }

// renumberHEVC gives a NAL unit of the encoder, whose sets all have the number 0, other numbers (ISO/IEC 23008-2, 7.3).
func renumberHEVC(nal []byte, to hevcNumbers) ([]byte, error) {
	k := kind(h265, nal)
	if k > 34 {
		return nal, nil
	}
	bad := obstacle("the encoder's parameter sets can't be renumbered")
	if len(nal) < 4 {
		return nil, bad
	}
	body, ok := plain(nal[2:]), true
	switch {
	case k == 32:
		body[0] = body[0]&0x0F | byte(to.vps<<4)
	case k == 33:
		if body[0]&0x0E != 0 { // more than one layer makes the profile longer
			return nil, bad
		}
		body[0] = body[0]&0x0F | byte(to.vps<<4)
		body, ok = renumber(body, 8+96, to.sps)
	case k == 34:
		if body, ok = renumber(body, 0, to.pps); ok {
			body, ok = renumber(body, 9, to.sps)
		}
	case k < 32:
		bit := 1 // behind first_slice_segment_in_pic_flag
		if k >= 16 && k <= 23 {
			bit = 2 // and no_output_of_prior_pics_flag
		}
		body, ok = renumber(body, bit, to.pps)
	}
	if !ok {
		return nil, bad
	}
	return append(nal[:2:2], guarded(body)...), nil
}

// vp9Key reports whether a VP9 frame is a key frame (VP9 bitstream specification, 6.2).
func vp9Key(b []byte) bool {
	if len(b) < 4 || b[0]>>6 != 2 {
		return false
	}
	bit := 4
	if b[0]>>4&3 == 3 {
		bit = 5 // profile 3 has a reserved bit
	}
	// show_existing_frame and frame_type are 0; the sync code follows.
	return b[0]>>(7-bit)&1 == 0 && b[0]>>(6-bit)&1 == 0
}

// obus visits the OBUs of an AV1 temporal unit, each with its header (AV1 bitstream specification, 5.3), and reports
// whether they fill it.
func obus(b []byte, visit func(kind int, whole, body []byte)) bool {
	for at := 0; at < len(b); {
		h := b[at]
		body := at + 1
		if h&4 != 0 {
			body++
		}
		n := len(b) - body
		if h&2 != 0 {
			n = 0
			for i := 0; ; i++ {
				if i == 5 || body >= len(b) {
					return false
				}
				c := b[body]
				body++
				n |= int(c&0x7F) << (7 * i)
				if c&0x80 == 0 {
					break
				}
			}
		}
		if n < 0 || n > len(b)-body {
			return false
		}
		visit(int(h>>3&15), b[at:body+n], b[body:body+n])
		at = body + n
	}
	return true
}

// Types of OBUs.
const (
	obuSequence  = 1
	obuDelimiter = 2
	obuHeader    = 3
	obuFrame     = 6
)

// av1Key reports whether a temporal unit has its sequence header and begins with a key frame that is shown.
func av1Key(b []byte) bool {
	var sequence, key, seen bool
	ok := obus(b, func(kind int, _, body []byte) {
		switch {
		case kind == obuSequence:
			sequence = !seen
		case (kind == obuHeader || kind == obuFrame) && !seen && len(body) > 0:
			// show_existing_frame 0, frame_type 00, show_frame 1
			seen, key = true, body[0]>>4 == 1
		}
	})
	return ok && sequence && key
}
