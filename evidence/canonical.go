package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxDepth bounds how deep canonical JSON nests.
	maxDepth = 64
	// maxExact is the largest integer that every JSON reader holds exactly, 2^53-1.
	maxExact = 1<<53 - 1
)

// Canonical returns v as canonical JSON (RFC 8785). A whole number beyond 2^53-1 is refused, since the scheme would
// round it in silence.
func Canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return Canonicalise(b.Bytes())
}

// Canonicalise rewrites a JSON text in the canonical form of RFC 8785. It refuses what I-JSON refuses: a name twice in
// one object, broken UTF-8, a lone surrogate.
func Canonicalise(raw []byte) ([]byte, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("the text is not UTF-8")
	}
	if loneSurrogate(raw) {
		return nil, errors.New("the text holds half of a surrogate pair")
	}
	if !json.Valid(raw) {
		return nil, broken(raw)
	}
	c := canon{raw: raw, out: make([]byte, 0, len(raw))}
	c.blank()
	if err := c.value(0); err != nil {
		return nil, err
	}
	return c.out, nil
}

// broken says what is wrong with a text that is no JSON.
func broken(raw []byte) error {
	var v json.RawMessage
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	return errors.New("no JSON")
}

// canon writes the canonical form of a text that is known to be JSON.
type canon struct {
	raw []byte
	at  int
	out []byte
}

// blank passes over white space.
func (c *canon) blank() {
	for c.at < len(c.raw) && (c.raw[c.at] == ' ' || c.raw[c.at] == '\t' || c.raw[c.at] == '\n' || c.raw[c.at] == '\r') {
		c.at++
	}
}

// value writes the value that begins here, and goes behind it.
func (c *canon) value(depth int) (err error) {
	start := c.at
	switch c.raw[start] {
	case '{', '[':
		if depth == maxDepth {
			return errors.New("nested too deep")
		}
		if c.raw[start] == '[' {
			return c.array(depth + 1)
		}
		return c.object(depth + 1)
	case '"':
		plain := c.quoted()
		if text := c.raw[start:c.at]; plain {
			c.out = append(c.out, text...)
		} else if c.out, err = rewritten(c.out, text); err != nil {
			return err
		}
		return nil
	}
	for c.at < len(c.raw) && !strings.ContainsRune(",]} \t\n\r", rune(c.raw[c.at])) {
		c.at++
	}
	text := c.raw[start:c.at]
	if first := text[0]; first != '-' && (first < '0' || first > '9') || whole(text) { // true, false, null
		c.out = append(c.out, text...)
		return nil
	}
	c.out, err = appendNumber(c.out, json.Number(text))
	return err
}

// whole reports whether a number is written as it has to be: digits, and few enough to be held exactly.
func whole(text []byte) bool {
	if len(text) > 15 || text[0] == '-' {
		return false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// quoted goes behind the string that begins here, and reports whether it is without escapes.
func (c *canon) quoted() bool {
	plain := true
	for c.at++; c.raw[c.at] != '"'; c.at++ {
		if c.raw[c.at] == '\\' {
			plain = false
			c.at++
		}
	}
	c.at++
	return plain
}

func rewritten(out, text []byte) ([]byte, error) {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	return appendString(out, s), nil
}

func (c *canon) array(depth int) error {
	c.out = append(c.out, '[')
	c.at++
	for c.blank(); c.raw[c.at] != ']'; c.blank() {
		if c.raw[c.at] == ',' {
			c.out = append(c.out, ',')
			c.at++
			c.blank()
		}
		if err := c.value(depth); err != nil {
			return err
		}
	}
	c.out = append(c.out, ']')
	c.at++
	return nil
}

// member is one name of an object, and where its value was written.
type member struct {
	name       string
	start, end int // of the name and value in canonical form
}

// object writes the members in their order here, and then again in the right one.
func (c *canon) object(depth int) error {
	var few [16]member
	members, begin := few[:0], len(c.out)
	c.at++
	for c.blank(); c.raw[c.at] != '}'; c.blank() {
		if c.raw[c.at] == ',' {
			c.at++
			c.blank()
		}
		start, from := len(c.out), c.at
		var name string
		if plain := c.quoted(); plain {
			name = string(c.raw[from+1 : c.at-1])
			c.out = append(c.out, c.raw[from:c.at]...)
		} else if err := json.Unmarshal(c.raw[from:c.at], &name); err != nil {
			return err
		} else {
			c.out = appendString(c.out, name)
		}
		c.blank()
		c.at++ // the colon
		c.blank()
		c.out = append(c.out, ':')
		if err := c.value(depth); err != nil {
			return err
		}
		members = append(members, member{name, start, len(c.out)})
	}
	c.at++
	slices.SortFunc(members, func(a, b member) int { return compareUnits(a.name, b.name) })
	end := len(c.out)
	c.out = append(c.out, '{')
	for i, m := range members {
		if i > 0 {
			if m.name == members[i-1].name {
				return errors.New("a name stands twice in one object")
			}
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, c.out[m.start:m.end]...)
	}
	c.out = append(c.out, '}')
	c.out = c.out[:begin+copy(c.out[begin:], c.out[end:])]
	return nil
}

// compareUnits compares two names by their UTF-16 code units. That is the order of their bytes but where characters beyond
// U+FFFF, whose units are surrogates, meet those from U+E000 on.
func compareUnits(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			if a[i] >= 0xEE && b[i] >= 0xEE {
				return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
			}
			return int(a[i]) - int(b[i])
		}
	}
	return len(a) - len(b)
}

func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\b':
			out = append(out, `\b`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\f':
			out = append(out, `\f`...)
		case r == '\r':
			out = append(out, `\r`...)
		case r < 0x20:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}

// appendNumber writes a number as ECMAScript does: the shortest form that reads back to the same double.
func appendNumber(out []byte, n json.Number) ([]byte, error) {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return nil, fmt.Errorf("a number is out of range: %w", err)
	}
	if f == 0 {
		return append(out, '0'), nil // -0 too
	}
	size := math.Abs(f)
	if size > maxExact && !strings.ContainsAny(string(n), ".eE") {
		return nil, errors.New("a whole number can't be held exactly; write it as a string")
	}
	if size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(out, f, 'f', -1, 64), nil
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	sign := exponent[:1]
	return append(out, mantissa+"e"+sign+strings.TrimLeft(exponent[1:], "0")...), nil
}

// loneSurrogate reports whether a \u escape in a JSON text names half of a surrogate pair, which the decoder would
// replace in silence.
func loneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		unit, ok := escaped(raw[i:])
		if !ok {
			i++ // the character after the backslash
			continue
		}
		switch {
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return true
		case unit >= 0xD800 && unit <= 0xDBFF:
			low, ok := escaped(raw[min(i+6, len(raw)):])
			if !ok || low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 6
		}
		i += 5
	}
	return false
}

// escaped reads an escape \uXXXX at the start of raw.
func escaped(raw []byte) (uint64, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return unit, err == nil
}

// decodeStrict reads JSON that must be canonical and must hold nothing that v does not know.
func decodeStrict(raw []byte, v any) error {
	canonical, err := Canonicalise(raw)
	if err != nil {
		return err
	}
	if !bytes.Equal(canonical, raw) {
		return errors.New("the JSON is not canonical")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}
