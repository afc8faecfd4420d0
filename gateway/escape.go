package gateway

import "strings"

// escape is where in an escape a text of JSON is that comes in pieces: 0 in none, 1 behind its backslash, 2 to 5 before that
// digit of a character's number.
//
// Who judges such a text sees no letters in escapes that stand for none: "one\ntwo" is two words. So letters and digits of
// escapes are masked by control characters, which can't stand there, byte for byte, and what is released is unmasked.
type escape int

const (
	escaped = "nrtfbu"
	masks   = "\n\r\t\f\b\x0e"
	digits  = "0123456789abcdef"
	digit   = 0x10 // the mask of the digit 0
)

func (e *escape) mask(text string) string {
	return e.each(text, func(c byte) (byte, bool) {
		if *e == 1 {
			if i := strings.IndexByte(escaped, c); i >= 0 {
				return masks[i], c == 'u'
			}
			return c, false
		}
		i := strings.IndexByte(digits, c)
		if 'A' <= c && c <= 'F' {
			i = int(c-'A') + 10
		}
		if i < 0 {
			return c, false
		}
		return digit + byte(i), true
	})
}

func (e *escape) unmask(text string) string {
	return e.each(text, func(c byte) (byte, bool) {
		if *e == 1 {
			if i := strings.IndexByte(masks, c); i >= 0 {
				return escaped[i], escaped[i] == 'u'
			}
			return c, false
		}
		if c < digit || c >= digit+byte(len(digits)) {
			return c, false
		}
		return digits[c-digit], true
	})
}

// each has the bytes behind backslashes changed, which says whether more of the escape follows.
func (e *escape) each(text string, change func(c byte) (byte, bool)) string {
	if *e == 0 && strings.IndexByte(text, '\\') < 0 {
		return text
	}
	out := []byte(text)
	for i, c := range out {
		if *e == 0 {
			if c == '\\' {
				*e = 1
			}
			continue
		}
		more := false
		if out[i], more = change(c); more && *e < 5 {
			*e++
		} else {
			*e = 0
		}
	}
	return string(out)
}
