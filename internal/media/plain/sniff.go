package plain

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/colophon-project/colophon/internal/media"
)

func isAMR(head []byte) bool {
	for _, magic := range [...]string{"#!AMR\n", "#!AMR-WB\n", "#!AMR_MC1.0\n", "#!AMR-WB_MC1.0\n"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// isTransport looks for the sync byte of five packets in a row: 188 bytes each, or 192 with a time stamp in front.
func isTransport(head []byte) bool {
	for _, form := range [...]struct{ first, size int }{{0, 188}, {4, 192}, {0, 204}} {
		n := 0
		for at := form.first; n < 5 && at < len(head) && head[at] == 0x47; at += form.size {
			n++
		}
		if n == 5 {
			return true
		}
	}
	return false
}

// isADTS looks for two frames in a row whose headers agree, behind an ID3v2 tag when there is one.
func isADTS(head []byte, src media.Source) bool {
	var at int64
	for range 4 { // tags may follow each other
		h, ok := bytesAt(head, src, at, 10)
		if !ok || !bytes.HasPrefix(h, []byte("ID3")) {
			break
		}
		if (h[6]|h[7]|h[8]|h[9])&0x80 != 0 {
			return false
		}
		at += 10 + int64(h[6])<<21 + int64(h[7])<<14 + int64(h[8])<<7 + int64(h[9])
		if h[5]&0x10 != 0 { // a footer
			at += 10
		}
	}
	first, ok := bytesAt(head, src, at, 7)
	if !ok {
		return false
	}
	length, ok := adtsFrame(first)
	if !ok {
		return false
	}
	second, ok := bytesAt(head, src, at+length, 7)
	if !ok { // a file of one frame
		return at+length == src.Size()
	}
	_, ok = adtsFrame(second)
	// The fixed header: all but the length, the buffer fullness and the number of blocks.
	return ok && first[1] == second[1] && first[2] == second[2] && first[3]&0xf0 == second[3]&0xf0
}

// adtsFrame returns the length of the frame that a header begins.
func adtsFrame(h []byte) (int64, bool) {
	if h[0] != 0xff || h[1]&0xf6 != 0xf0 { // sync word, layer 0
		return 0, false
	}
	if h[2]>>2&15 > 12 { // sampling frequency index
		return 0, false
	}
	length := int64(h[3]&3)<<11 | int64(h[4])<<3 | int64(h[5])>>5
	return length, length >= 7
}

// bytesAt returns n bytes at an offset, from head if they are there.
func bytesAt(head []byte, src media.Source, at, n int64) ([]byte, bool) {
	if at >= 0 && at+n <= int64(len(head)) {
		return head[at : at+n], true
	}
	b, err := media.Bytes(src, "ADTS frame", at, n)
	return b, err == nil
}

// isText reports whether a beginning reads as text in UTF-8, UTF-16 with a byte order mark, or GB 18030. cut says that
// the file goes on behind it.
func isText(head []byte, cut bool) bool {
	if rest, ok := bytes.CutPrefix(head, []byte{0xff, 0xfe}); ok {
		return isWide(rest, func(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 })
	}
	if rest, ok := bytes.CutPrefix(head, []byte{0xfe, 0xff}); ok {
		return isWide(rest, func(b []byte) uint16 { return uint16(b[1]) | uint16(b[0])<<8 })
	}
	if !printable(head) {
		return false
	}
	return isUTF8(head, cut) || isGB18030(head, cut)
}

// printable reports whether at most one byte in a hundred is a control character, and none a NUL.
func printable(b []byte) bool {
	odd := 0
	for _, c := range b {
		switch {
		case c == 0:
			return false
		case c >= 0x20 && c != 0x7f, c == '\t', c == '\n', c == '\r', c == '\f', c == 0x1b:
		default:
			odd++
		}
	}
	return odd*100 <= len(b)
}

func isUTF8(b []byte, cut bool) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			return cut && !utf8.FullRune(b)
		}
		b = b[n:]
	}
	return true
}

// isGB18030 walks one-, two- and four-byte characters. Text in Chinese is mostly two-byte characters of GB 2312, which
// noise is not.
func isGB18030(b []byte, cut bool) bool {
	common, rare, long := 0, 0, 0 // long ones are so strict in form that noise rarely has any
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c < 0x80:
			i++
		case c == 0x80 || c == 0xff:
			return false
		case i+1 >= len(b):
			return cut && common >= rare
		case b[i+1] >= 0x30 && b[i+1] <= 0x39:
			if i+3 >= len(b) {
				return cut && common >= rare
			}
			if b[i+2] < 0x81 || b[i+2] == 0xff || b[i+3] < 0x30 || b[i+3] > 0x39 {
				return false
			}
			long++
			i += 4
		case b[i+1] < 0x40 || b[i+1] == 0x7f || b[i+1] == 0xff:
			return false
		default:
			if c >= 0xa1 && c <= 0xf7 && b[i+1] >= 0xa1 {
				common++
			} else {
				rare++
			}
			i += 2
		}
	}
	return common >= 4*rare && (common+long > 0 || rare == 0)
}

// isWide reports whether UTF-16 reads as text: sound surrogates, few control characters.
func isWide(b []byte, unit func([]byte) uint16) bool {
	units := make([]uint16, 0, len(b)/2)
	odd := 0
	for ; len(b) >= 2; b = b[2:] {
		u := unit(b)
		if u == 0 {
			return false
		}
		if u < 0x20 && u != '\t' && u != '\n' && u != '\r' {
			odd++
		}
		units = append(units, u)
	}
	if len(units) > 0 && utf16.IsSurrogate(rune(units[len(units)-1])) {
		units = units[:len(units)-1]
	}
	for _, r := range utf16.Decode(units) {
		if r == utf8.RuneError {
			odd++
		}
	}
	return odd*100 <= len(units)
}
