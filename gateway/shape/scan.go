package shape

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

// scanner reads JSON by its grammar (RFC 8259), with offsets.
type scanner struct {
	src string
	pos int
	buf []byte // a string with escapes
}

func invalid(code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Args: args}
}

func (s *scanner) bad() error {
	return invalid(CodeJSON, colophon.Args{"offset": strconv.Itoa(s.pos)})
}

func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is no space; 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.src) {
		return 0
	}
	return s.src[s.pos]
}

// take reads one byte that must be next.
func (s *scanner) take(c byte) error {
	if s.peek() != c {
		return s.bad()
	}
	s.pos++
	return nil
}

// str reads a string. It is broken where it has half of a surrogate pair, in whose place U+FFFD stands.
func (s *scanner) str() (value string, broken bool, err error) {
	if err := s.take('"'); err != nil {
		return "", false, err
	}
	start := s.pos
	for i := start; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			return s.src[start:i], false, nil
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			s.pos = i
			return "", false, s.bad()
		}
	}
	s.pos = len(s.src)
	return "", false, s.bad()
}

// escaped goes on with a string that has an escape at i.
func (s *scanner) escaped(start, i int) (value string, broken bool, err error) {
	s.buf = append(s.buf[:0], s.src[start:i]...)
	for i < len(s.src) {
		c := s.src[i]
		switch {
		case c == '"':
			s.pos = i + 1
			return string(s.buf), broken, nil
		case c < ' ':
			s.pos = i
			return "", false, s.bad()
		case c != '\\':
			s.buf = append(s.buf, c)
			i++
			continue
		}
		r, n, half := unescape(s.src[i:])
		if n <= 0 {
			s.pos = i
			return "", false, s.bad()
		}
		s.buf = utf8.AppendRune(s.buf, r)
		broken = broken || half
		i += n
	}
	s.pos = len(s.src)
	return "", false, s.bad()
}

// unescape reads the escape at the beginning of a text: which rune it is and how long it is. The length is 0 where it is
// not complete, and -1 where it is none. Half of a surrogate pair is U+FFFD.
func unescape(t string) (r rune, n int, half bool) {
	if len(t) < 2 {
		return 0, 0, false
	}
	switch t[1] {
	case '"', '\\', '/':
		return rune(t[1]), 2, false
	case 'b':
		return '\b', 2, false
	case 'f':
		return '\f', 2, false
	case 'n':
		return '\n', 2, false
	case 'r':
		return '\r', 2, false
	case 't':
		return '\t', 2, false
	case 'u':
	default:
		return 0, -1, false
	}
	high, n := hex4(t[2:])
	if n <= 0 {
		return 0, n, false
	}
	if high < 0xd800 || high > 0xdfff {
		return high, 6, false
	}
	if high > 0xdbff {
		return utf8.RuneError, 6, true
	}
	if rest := t[6:]; rest == "" || rest == "\\" {
		return 0, 0, false // the other half may still come
	} else if !strings.HasPrefix(rest, "\\u") {
		return utf8.RuneError, 6, true
	}
	low, n := hex4(t[8:])
	switch {
	case n == 0:
		return 0, 0, false
	case n < 0 || low < 0xdc00 || low > 0xdfff:
		return utf8.RuneError, 6, true
	}
	return (high-0xd800)<<10 | (low - 0xdc00) + 0x10000, 12, false
}

func hex4(t string) (r rune, n int) {
	for i := range 4 {
		if i == len(t) {
			return 0, 0
		}
		c := t[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, -1
		}
		r = r<<4 | rune(c)
	}
	return r, 4
}

// number reads a number.
func (s *scanner) number() error {
	digits := func() bool {
		from := s.pos
		for s.pos < len(s.src) && '0' <= s.src[s.pos] && s.src[s.pos] <= '9' {
			s.pos++
		}
		return s.pos > from
	}
	at := func(set string) bool {
		for _, c := range []byte(set) {
			if s.pos < len(s.src) && s.src[s.pos] == c {
				s.pos++
				return true
			}
		}
		return false
	}
	at("-")
	if !at("0") && !digits() {
		return s.bad()
	}
	if at(".") && !digits() {
		return s.bad()
	}
	if at("eE") {
		at("+-")
		if !digits() {
			return s.bad()
		}
	}
	return nil
}

// literal reads true, false or null.
func (s *scanner) literal(w string) error {
	if len(s.src)-s.pos < len(w) || s.src[s.pos:s.pos+len(w)] != w {
		return s.bad()
	}
	s.pos += len(w)
	return nil
}

// appendString appends a JSON string.
func appendString(dst []byte, v string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, v[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	dst = append(dst, v[from:]...)
	return append(dst, '"')
}

// plain writes the escapes of characters in JSON as the characters themselves, so that who looks for a word finds it: a
// text of arguments is JSON in a JSON string. It means the same to whoever parses it. The rest is an escape at the end that
// is not complete.
func plain(text string) (out, rest string) { return unescaped(text, false) }

// spoken is what somebody reads who parses JSON: all escapes are written as what they stand for. It is no JSON any more.
func spoken(text string) string {
	out, rest := unescaped(text, true)
	return out + rest
}

func unescaped(text string, all bool) (out, rest string) {
	i := strings.IndexByte(text, '\\')
	if i < 0 {
		return text, ""
	}
	var b strings.Builder
	b.WriteString(text[:i])
	for i < len(text) {
		j := strings.IndexByte(text[i:], '\\')
		if j < 0 {
			break
		}
		b.WriteString(text[i : i+j])
		i += j
		r, n, half := unescape(text[i:])
		switch {
		case n == 0:
			return b.String(), text[i:]
		case n < 0:
			n = 1
			b.WriteByte('\\')
		case half || r == utf8.RuneError || !all && (n == 2 || r < ' ' || r == '"' || r == '\\'):
			b.WriteString(text[i : i+n])
		default:
			b.WriteRune(r)
		}
		i += n
	}
	b.WriteString(text[i:])
	return b.String(), ""
}
