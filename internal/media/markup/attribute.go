package markup

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Attribute is one attribute of a start tag. Ranges count from the beginning of the document.
type Attribute struct {
	Name               []byte // with its prefix; as written
	Raw                []byte // the value as written, without quotes
	From, To           int    // the attribute with the white space before it
	ValueFrom, ValueTo int    // the value without quotes
	Quote              byte   // 0 when there is none
	bad                bool   // XML does not allow it
}

// Attributes returns the attributes of a start tag.
func (s *Scanner) Attributes(t Token) []Attribute {
	if t.Kind != Start {
		return nil
	}
	var list []Attribute
	for i := t.From + 1 + len(t.Name); ; {
		a, next, ok := nextAttribute(s.text[:t.To], i, s.html)
		if !ok {
			return list
		}
		list = append(list, a)
		i = next
	}
}

// Value returns the value of the first attribute with a name, unescaped. HTML names differ in case alone.
func (s *Scanner) Value(t Token, name string) (string, bool) {
	for _, a := range s.Attributes(t) {
		if string(a.Name) == name || s.html && bytes.EqualFold(a.Name, []byte(name)) {
			return s.Unescape(a.Raw), true
		}
	}
	return "", false
}

// nextAttribute returns the attribute at i, and where it ends. Without one, next is where the tag's "/>" or ">" begins.
func nextAttribute(text []byte, i int, isHTML bool) (a Attribute, next int, ok bool) {
	a.From = i
	i = skipBlank(text, i)
	for isHTML && i < len(text) && text[i] == '/' && (i+1 >= len(text) || text[i+1] != '>') {
		i = skipBlank(text, i+1) // a stray solidus
	}
	if i >= len(text) || text[i] == '>' || text[i] == '/' {
		return a, i, false
	}
	a.bad = i == a.From // attributes that run together
	start := i
	i++ // in HTML, even "=" may begin a name
	for i < len(text) && !endsName(text[i]) && text[i] != '=' {
		i++
	}
	a.Name = text[start:i]
	a.To, a.ValueFrom, a.ValueTo = i, i, i
	i = skipBlank(text, i)
	if i >= len(text) || text[i] != '=' {
		a.bad = true // no value
		return a, a.To, true
	}
	i = skipBlank(text, i+1)
	if i < len(text) && (text[i] == '"' || text[i] == '\'') {
		a.Quote = text[i]
		n := bytes.IndexByte(text[i+1:], a.Quote)
		if n < 0 {
			a.bad = true
			a.To, a.ValueFrom, a.ValueTo = len(text), i+1, len(text)
			a.Raw = text[i+1:]
			return a, len(text), true
		}
		a.ValueFrom, a.ValueTo, a.To = i+1, i+1+n, i+2+n
		a.Raw = text[a.ValueFrom:a.ValueTo]
		a.bad = a.bad || bytes.IndexByte(a.Raw, '<') >= 0
		return a, a.To, true
	}
	a.bad, a.ValueFrom = true, i // no quotes
	for i < len(text) && !blank(text[i]) && text[i] != '>' {
		i++
	}
	a.ValueTo, a.To = i, i
	a.Raw = text[a.ValueFrom:i]
	return a, i, true
}

// Unescape returns text or an attribute's value with its character references resolved. References that XML doesn't
// define stay as they are.
func (s *Scanner) Unescape(raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw)
	}
	if s.html {
		return html.UnescapeString(string(raw))
	}
	var b strings.Builder
	for len(raw) > 0 {
		n := bytes.IndexByte(raw, '&')
		if n < 0 {
			break
		}
		b.Write(raw[:n])
		raw = raw[n:]
		end := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
		if r, ok := reference(raw[1:max(end, 1)]); ok {
			b.WriteRune(r)
			raw = raw[end+1:]
			continue
		}
		b.WriteByte('&')
		raw = raw[1:]
	}
	b.Write(raw)
	return b.String()
}

func reference(name []byte) (rune, bool) {
	switch string(name) {
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	}
	digits, ok := bytes.CutPrefix(name, []byte("#"))
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(string(digits), base, 31)
	if err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
		return 0, false
	}
	return rune(n), true
}

// Escape returns text that is safe as content and between double quotes, in XML and in HTML.
func Escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}
