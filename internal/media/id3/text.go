package id3

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text encodings of frames (version 2.4 structure, section 4).
const (
	latin1     = 0
	utf16BOM   = 1
	utf16Big   = 2
	utf8Coding = 3
)

// cut splits encoded text at its first terminator. Without one, all of it is the first part.
func cut(coding byte, b []byte) (first, rest []byte) {
	if coding != utf16BOM && coding != utf16Big {
		first, rest, _ = bytes.Cut(b, []byte{0})
		return first, rest
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i], b[i+2:]
		}
	}
	return b, nil
}

// decode turns encoded text into UTF-8. order is the byte order of a text before it in the same frame, which some
// writers let stand for texts without a mark of their own.
func decode(coding byte, b []byte, order binary.ByteOrder) (string, binary.ByteOrder) {
	switch coding {
	case utf16BOM, utf16Big:
		switch {
		case coding == utf16Big:
			order = binary.BigEndian
		case len(b) >= 2 && b[0] == 0xFF && b[1] == 0xFE:
			order, b = binary.LittleEndian, b[2:]
		case len(b) >= 2 && b[0] == 0xFE && b[1] == 0xFF:
			order, b = binary.BigEndian, b[2:]
		case order == nil:
			order = binary.LittleEndian
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		return string(utf16.Decode(units)), order
	default:
		// UTF-8 is often stored under the code of Latin-1, and Latin-1 text is hardly ever valid UTF-8.
		if utf8.Valid(b) {
			return strings.TrimPrefix(string(b), "\ufeff"), order
		}
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes), order
	}
}
