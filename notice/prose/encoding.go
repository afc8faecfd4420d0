package prose

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/colophon-project/colophon/internal/media"
)

// charset is an encoding of characters, with the byte order mark that the text has.
type charset struct {
	kind kind
	mark int // bytes of the byte order mark
}

type kind int

const (
	utf8Kind kind = iota
	littleKind
	bigKind
	gbKind
)

const scanWindow = 256 << 10

// detect finds a text's encoding from all of its bytes: a text in GB 18030 may be ASCII for most of its length.
func detect(src media.Source) (charset, error) {
	head, err := media.Head(src, 4)
	if err != nil {
		return charset{}, err
	}
	var c charset
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(head, []byte{0, 0, 0xfe, 0xff}):
		return c, media.Unsupported("text", 0, "text is in UTF-32, or begins with NUL")
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		c = charset{littleKind, 2}
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		c = charset{bigKind, 2}
	case bytes.HasPrefix(head, []byte("\ufeff")):
		c = charset{utf8Kind, 3}
	}
	if c.kind != utf8Kind {
		if src.Size()%2 != 0 {
			return c, media.Malformed("text", src.Size()-1, "UTF-16 with an odd number of bytes")
		}
		return c, nil
	}
	at, err := scan(src, int64(c.mark), utf8Width)
	if err != nil {
		return c, err
	}
	if at < 0 {
		return c, nil
	}
	if c.mark > 0 {
		return c, media.Malformed("text", at, "not UTF-8, as the byte order mark says")
	}
	if at >= src.Size()-utf8.UTFMax+1 {
		return c, media.Malformed("text", at, "the last character is cut short")
	}
	if at, err = scan(src, 0, gbWidth); err != nil {
		return c, err
	}
	if at >= 0 {
		return c, media.Unsupported("text", at, "neither UTF-8 nor GB 18030")
	}
	return charset{kind: gbKind}, nil
}

// scan walks a text and returns where it breaks an encoding's rules, -1 where it does not. width returns the length of
// the characters that b begins with, whole ones alone, 0 for a character that is cut short, and -1 for a broken one.
func scan(src media.Source, at int64, width func(b []byte) int) (int64, error) {
	buf := make([]byte, min(src.Size(), scanWindow))
	for at < src.Size() {
		b := buf[:min(int64(len(buf)), src.Size()-at)]
		if err := media.Fill(src, "text", b, at); err != nil {
			return at, err
		}
		if i := bytes.IndexByte(b, 0); i >= 0 {
			return at + int64(i), media.Unsupported("text", at+int64(i), "text holds a NUL byte")
		}
		used := 0
		for used < len(b) {
			n := width(b[used:])
			if n < 0 || n == 0 && used == 0 {
				return at + int64(used), nil
			}
			if n == 0 {
				break
			}
			used += n
		}
		at += int64(used)
		if used < len(b) && at+int64(len(b)-used) == src.Size() {
			return at, nil // cut short at the end of the file
		}
	}
	return -1, nil
}

// utf8Width takes all that is sound, but for a character that is cut short at the end.
func utf8Width(b []byte) int {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			if i > 0 {
				return i
			}
			if !utf8.FullRune(b) {
				return 0
			}
			return -1
		}
		i += n
	}
	return len(b)
}

// gbWidth knows the characters of one, two and four bytes of GB 18030.
func gbWidth(b []byte) int {
	c := b[0]
	switch {
	case c < 0x80:
		return 1
	case c == 0x80 || c == 0xff:
		return -1
	case len(b) < 2:
		return 0
	case b[1] >= 0x30 && b[1] <= 0x39:
		if len(b) < 4 {
			return 0
		}
		if b[2] < 0x81 || b[2] == 0xff || b[3] < 0x30 || b[3] > 0x39 {
			return -1
		}
		return 4
	case b[1] < 0x40 || b[1] == 0x7f || b[1] == 0xff:
		return -1
	}
	return 2
}

// encode returns text in the encoding.
func (c charset) encode(text string) ([]byte, error) {
	switch c.kind {
	case littleKind, bigKind:
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			if c.kind == littleKind {
				b = append(b, byte(u), byte(u>>8))
			} else {
				b = append(b, byte(u>>8), byte(u))
			}
		}
		return b, nil
	case gbKind:
		b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
		if err != nil {
			return nil, media.Unsupported("notice", 0, "words can't be written in GB 18030")
		}
		return b, nil
	}
	return []byte(text), nil
}

// decode returns bytes of the encoding as text.
func (c charset) decode(b []byte) string {
	switch c.kind {
	case littleKind, bigKind:
		units := make([]uint16, len(b)/2)
		for i := range units {
			low, high := b[2*i], b[2*i+1]
			if c.kind == bigKind {
				low, high = high, low
			}
			units[i] = uint16(low) | uint16(high)<<8
		}
		return string(utf16.Decode(units))
	case gbKind:
		text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
		if err == nil {
			return string(text)
		}
	}
	return string(b)
}
