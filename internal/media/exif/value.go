package exif

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"

	"github.com/colophon-project/colophon/internal/media"
)

// Textual reports whether a tag is one that a label may stand in.
func Textual(tag, typ uint16) bool {
	switch {
	case tag == TagUserComment:
		return Width(typ) == 1
	case tag >= tagXPTitle && tag <= tagXPSubject:
		return Width(typ) == 1
	default:
		return typ == typeASCII
	}
}

// Value returns the label that the value of a textual tag holds, if it holds one. Order is the file's byte order, off
// the value's offset.
func Value(tag uint16, order binary.ByteOrder, value []byte, off int64) (media.Found, bool) {
	text := decode(tag, order, value)
	from, to, ok := text.label()
	if !ok {
		return media.Found{}, false
	}
	f := media.Found{Place: media.PlaceDescription, Offset: off, Value: text.utf8(from, to)}
	switch {
	case tag != TagUserComment:
		f.Findings = append(f.Findings, media.Warn(media.CodeOtherPlace, off, "place", string(f.Place), "standard", string(media.PlaceXMP)))
	case text.code == 0:
		f.Place = media.PlaceEXIF
		f.Findings = append(f.Findings, media.Warn(media.CodeNoCharsetCode, off))
	default:
		f.Place = media.PlaceEXIF
	}
	return f, true
}

// Blank returns the value of a textual tag with every label in it overwritten by spaces, and whether anything but white
// space is left. Off is the value's offset, for errors.
func Blank(tag uint16, order binary.ByteOrder, value []byte, off int64) (blank []byte, rest bool, err error) {
	blank = bytes.Clone(value)
	for range 8 {
		text := decode(tag, order, blank)
		if _, _, ok := text.label(); !ok {
			return blank, len(bytes.Trim(text.shadow, " \t\r\n\x00")) > 0, nil
		}
		from, to, ok := text.removal()
		if !ok {
			return nil, true, media.Unsupported("EXIF text", off, "the label can't be told from the text around it")
		}
		text.clear(blank, from, to)
	}
	return nil, true, media.TooMany("label in one EXIF text", off, 8)
}

// text is a tag's value as code units.
type text struct {
	tag    uint16
	code   int    // length of the character code and the byte order mark
	shadow []byte // one byte for each code unit; 0x80 stands for a unit beyond ASCII in UTF-16
	units  []uint16
	order  binary.ByteOrder // of the units; nil when one unit is one byte
}

// decode finds out a text's encoding. UTF-16 is in the file's byte order by custom only, so the bytes decide.
func decode(tag uint16, order binary.ByteOrder, value []byte) text {
	t := text{tag: tag}
	wide := false
	if tag == TagUserComment {
		t.code = codeLength(value)
		wide = t.code > 0 && value[0] == 'U'
		value = value[t.code:]
	} else if tag >= tagXPTitle && tag <= tagXPSubject {
		wide, order = true, binary.LittleEndian
	}
	if !wide || bytes.IndexByte(value, 0) < 0 {
		t.shadow = value
		return t
	}
	t.order = order
	switch {
	case bytes.HasPrefix(value, []byte{0xFE, 0xFF}):
		t.order, t.code, value = binary.BigEndian, t.code+2, value[2:]
	case bytes.HasPrefix(value, []byte{0xFF, 0xFE}):
		t.order, t.code, value = binary.LittleEndian, t.code+2, value[2:]
	default:
		zeros := [2]int{}
		for i, c := range value {
			if c == 0 {
				zeros[i%2]++
			}
		}
		if zeros[0] > zeros[1] {
			t.order = binary.BigEndian
		} else if zeros[0] < zeros[1] {
			t.order = binary.LittleEndian
		}
	}
	t.units = make([]uint16, len(value)/2)
	t.shadow = make([]byte, len(t.units))
	for i := range t.units {
		u := t.order.Uint16(value[2*i:])
		t.units[i] = u
		t.shadow[i] = byte(min(u, 0x80))
	}
	return t
}

// codeLength returns 8 where value starts with a character code of Exif 2.32 table 9, and 0 where it does not.
func codeLength(value []byte) int {
	for _, code := range [...]string{"ASCII\x00\x00\x00", "UNICODE\x00", "JIS\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x00\x00\x00\x00"} {
		if bytes.HasPrefix(value, []byte(code)) {
			return 8
		}
	}
	return 0
}

func (t text) utf8(from, to int) []byte {
	if t.order == nil {
		return bytes.Clone(t.shadow[from:to])
	}
	return []byte(string(utf16.Decode(t.units[from:to])))
}

// clear puts spaces over code units of the value that t was decoded from.
func (t text) clear(value []byte, from, to int) {
	for i := from; i < to; i++ {
		if t.order == nil {
			value[t.code+i] = ' '
		} else {
			t.order.PutUint16(value[t.code+2*i:], ' ')
		}
	}
}
