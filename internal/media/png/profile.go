package png

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Before PNG had a chunk for EXIF, ImageMagick laid binary profiles down as text: a keyword that names the profile, and
// a text of a line with the name, a line with the length, and hexadecimal digits, 72 in a line.
const (
	profileKeyword = "Raw profile type "
	profileLine    = 36 // bytes in a line of digits

	leadEXIF = "Exif\x00\x00"
	leadXMP  = "http://ns.adobe.com/xap/1.0/\x00"
)

// profile is a binary profile without its content.
type profile struct {
	name string // as the text tells it
	lead string // bytes before the content: the identifier of JPEG's APP1, where the profile has one
}

// parseProfile reads the text of a profile.
func parseProfile(text []byte) (p profile, content []byte, ok bool) {
	name, rest, ok := bytes.Cut(bytes.TrimLeft(text, "\n"), []byte{'\n'})
	if !ok {
		return p, nil, false
	}
	length, digits, ok := bytes.Cut(rest, []byte{'\n'})
	if !ok {
		return p, nil, false
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(length)))
	if err != nil || n < 0 || n > len(digits)/2 {
		return p, nil, false
	}
	pure := make([]byte, 0, len(digits))
	for _, digit := range digits {
		if digit > ' ' {
			pure = append(pure, digit)
		}
	}
	content = make([]byte, hex.DecodedLen(len(pure)))
	if _, err := hex.Decode(content, pure); err != nil || len(content) != n {
		return p, nil, false
	}
	p.name = string(name)
	for _, lead := range [...]string{leadEXIF, leadXMP} {
		if bytes.HasPrefix(content, []byte(lead)) {
			p.lead = lead
			content = content[len(lead):]
		}
	}
	return p, content, true
}

// kind tells what the profile holds.
func (p profile) kind(content []byte) kind {
	switch {
	case p.lead == leadXMP || p.name == "xmp":
		return kindXMP
	case p.lead == leadEXIF, bytes.HasPrefix(content, []byte("II*\x00")), bytes.HasPrefix(content, []byte("MM\x00*")):
		return kindEXIF
	}
	return kindProse
}

// text writes the profile again around another content.
func (p profile) text(content []byte) []byte {
	whole := append([]byte(p.lead), content...)
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n%s\n%8d\n", p.name, len(whole))
	for at := 0; at < len(whole); at += profileLine {
		b.WriteString(hex.EncodeToString(whole[at:min(at+profileLine, len(whole))]))
		b.WriteByte('\n')
	}
	return b.Bytes()
}
