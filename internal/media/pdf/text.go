package pdf

import (
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeName resolves the #xx escapes of a name (ISO 32000-2, 7.3.5).
func decodeName(b []byte) string {
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] == '#' && i+2 < len(b) {
			var c [1]byte
			if _, err := hex.Decode(c[:], b[i+1:i+3]); err == nil {
				if out == nil {
					out = append(out, b[:i]...)
				}
				out = append(out, c[0])
				i += 2
				continue
			}
		}
		if out != nil {
			out = append(out, b[i])
		}
	}
	if out == nil {
		return string(b)
	}
	return string(out)
}

// decodeString returns the bytes of a literal or hexadecimal string (7.3.4), and false for any other object.
func decodeString(b []byte) ([]byte, bool) {
	switch {
	case len(b) >= 2 && b[0] == '(':
		return decodeLiteral(b[1 : len(b)-1]), true
	case len(b) >= 2 && b[0] == '<' && b[1] != '<':
		var out []byte
		var nibbles [2]byte
		n := 0
		for _, c := range b[1 : len(b)-1] {
			if space(c) {
				continue
			}
			nibbles[n] = c
			if n++; n == 2 {
				out, n = appendHex(out, nibbles), 0
			}
		}
		if n == 1 { // a missing last digit is zero
			nibbles[1] = '0'
			out = appendHex(out, nibbles)
		}
		return out, true
	}
	return nil, false
}

func appendHex(out []byte, digits [2]byte) []byte {
	var c [1]byte
	if _, err := hex.Decode(c[:], digits[:]); err != nil {
		return append(out, '?')
	}
	return append(out, c[0])
}

func decodeLiteral(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\r': // an end of line is a line feed, however it is spelled
			if i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
			out = append(out, '\n')
		case c != '\\' || i+1 == len(b):
			out = append(out, c)
		default:
			var n int
			out, n = unescape(out, b[i+1:])
			i += n
		}
	}
	return out
}

// unescape appends what the escape sequence behind a backslash stands for, and returns its length.
func unescape(out, b []byte) ([]byte, int) {
	if i := strings.IndexByte("nrtbf", b[0]); i >= 0 {
		return append(out, "\n\r\t\b\f"[i]), 1
	}
	switch {
	case b[0] == '\r' && len(b) > 1 && b[1] == '\n':
		return out, 2
	case b[0] == '\r' || b[0] == '\n':
		return out, 1
	case b[0] < '0' || b[0] > '7':
		return append(out, b[0]), 1
	}
	n, c := 0, 0
	for n < 3 && n < len(b) && b[n] >= '0' && b[n] <= '7' {
		c = c<<3 | int(b[n]-'0')
		n++
	}
	return append(out, byte(c)), n
}

// decodeText turns a text string (7.9.2.2) into UTF-8. Text that has no mark and is valid UTF-8 is taken for that, since
// many writers forget the mark; what remains is read as Latin-1, which PDFDocEncoding mostly is.
func decodeText(b []byte) string {
	switch {
	case len(b) >= 2 && b[0] == 0xFE && b[1] == 0xFF:
		return decodeUTF16(b[2:], 1, 0)
	case len(b) >= 2 && b[0] == 0xFF && b[1] == 0xFE:
		return decodeUTF16(b[2:], 0, 1)
	case len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF:
		return string(b[3:])
	case utf8.Valid(b):
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func decodeUTF16(b []byte, low, high int) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i+high])<<8 | uint16(b[2*i+low])
	}
	return string(utf16.Decode(units))
}

// encodeText returns a text string: a literal for ASCII, which is what simple readers look for, and UTF-16 in
// hexadecimal for anything else.
func encodeText(text []byte) []byte {
	out := []byte{'('}
	for _, c := range text {
		switch {
		case c >= 0x80:
			return encodeUTF16(text)
		case c == '(' || c == ')' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20 || c == 0x7F:
			out = append(out, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			out = append(out, c)
		}
	}
	return append(out, ')')
}

func encodeUTF16(text []byte) []byte {
	raw := []byte{0xFE, 0xFF}
	for _, u := range utf16.Encode([]rune(string(text))) {
		raw = append(raw, byte(u>>8), byte(u))
	}
	return append(append([]byte{'<'}, hex.EncodeToString(raw)...), '>')
}
