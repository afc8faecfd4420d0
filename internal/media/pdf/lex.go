package pdf

import (
	"bytes"
	"errors"
)

// The lexer steps over PDF objects (ISO 32000-2, 7.2 and 7.3) in a slice that may end too early: then it fails with
// errShort, and the caller comes back with more of the file.

const (
	maxNesting = 64      // dictionaries and arrays within each other
	maxEntries = 1 << 16 // entries of one dictionary, elements of one array
)

var errShort = errors.New("pdf: object goes on")

// syntaxError is a broken rule at a position of the slice.
type syntaxError struct {
	at   int
	rule string
}

func (e *syntaxError) Error() string { return "pdf: " + e.rule }

func space(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func regular(c byte) bool { return !space(c) && bytes.IndexByte([]byte("()<>[]{}/%"), c) < 0 }

// blank steps over white space and comments.
func blank(b []byte, at int) int {
	for at < len(b) {
		switch {
		case space(b[at]):
			at++
		case b[at] == '%':
			for at < len(b) && b[at] != '\n' && b[at] != '\r' {
				at++
			}
		default:
			return at
		}
	}
	return at
}

// word steps over regular characters.
func word(b []byte, at int) int {
	for at < len(b) && regular(b[at]) {
		at++
	}
	return at
}

// skip steps over the object at at, a reference included.
func skip(b []byte, at, depth int) (int, error) {
	if at >= len(b) {
		return at, errShort
	}
	if depth > maxNesting {
		return at, &syntaxError{at, "objects nest too deep"}
	}
	switch c := b[at]; {
	case c == '/':
		end := word(b, at+1)
		if end == len(b) {
			return at, errShort
		}
		return end, nil
	case c == '(':
		return literal(b, at)
	case c == '[':
		return skipArray(b, at, depth)
	case c == '<':
		if at+1 >= len(b) {
			return at, errShort
		}
		if b[at+1] == '<' {
			d, err := parseDict(b, at, depth)
			return d.end, err
		}
		end := bytes.IndexByte(b[at:], '>')
		if end < 0 {
			return at, errShort
		}
		return at + end + 1, nil
	case regular(c):
		end := word(b, at)
		if end == len(b) {
			return at, errShort
		}
		return reference(b, at, end)
	default:
		return at, &syntaxError{at, "a delimiter stands where an object should"}
	}
}

// literal steps over a string in parentheses.
func literal(b []byte, at int) (int, error) {
	depth := 0
	for i := at; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		}
	}
	return at, errShort
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// reference extends the number at [at, end) to a reference, where it is the beginning of one.
func reference(b []byte, at, end int) (int, error) {
	if !digits(b[at:end]) {
		return end, nil
	}
	gen := blank(b, end)
	genEnd := word(b, gen)
	if genEnd == len(b) {
		return at, errShort
	}
	if !digits(b[gen:genEnd]) {
		return end, nil
	}
	r := blank(b, genEnd)
	rEnd := word(b, r)
	if rEnd == len(b) {
		return at, errShort
	}
	if string(b[r:rEnd]) == "R" {
		return rEnd, nil
	}
	return end, nil
}

func skipArray(b []byte, at, depth int) (int, error) {
	at++
	for range maxEntries * 16 {
		at = blank(b, at)
		if at >= len(b) {
			return at, errShort
		}
		if b[at] == ']' {
			return at + 1, nil
		}
		end, err := skip(b, at, depth+1)
		if err != nil {
			return at, err
		}
		at = end
	}
	return at, &syntaxError{at, "array has too many elements"}
}

// elements returns the elements of an array as they stand. What is no array is its own only element.
func elements(b []byte) [][]byte {
	if len(b) == 0 || b[0] != '[' {
		return [][]byte{b}
	}
	var out [][]byte
	at := 1
	for len(out) < maxEntries {
		at = blank(b, at)
		end, err := skip(b, at, 0)
		if err != nil {
			break
		}
		out = append(out, b[at:end])
		at = end
	}
	return out
}

// entry is a name and a value of a dictionary, in byte ranges of the slice.
type entry struct {
	name     string // decoded, without the solidus
	key      int    // where the name begins
	from, to int    // the value
}

// dict is a dictionary, in byte ranges of the slice that it was parsed from.
type dict struct {
	b          []byte
	start, end int
	entries    []entry
}

// parseDict reads the dictionary at at.
func parseDict(b []byte, at, depth int) (dict, error) {
	d := dict{b: b, start: at, end: at}
	if at+1 >= len(b) {
		return d, errShort
	}
	if b[at] != '<' || b[at+1] != '<' {
		return d, &syntaxError{at, "not a dictionary"}
	}
	if depth > maxNesting {
		return d, &syntaxError{at, "objects nest too deep"}
	}
	at += 2
	for len(d.entries) < maxEntries {
		at = blank(b, at)
		if at+1 >= len(b) {
			return d, errShort
		}
		if b[at] == '>' && b[at+1] == '>' {
			d.end = at + 2
			return d, nil
		}
		if b[at] != '/' {
			return d, &syntaxError{at, "a dictionary's key is not a name"}
		}
		e := entry{key: at}
		end := word(b, at+1)
		e.name = decodeName(b[at+1 : end])
		e.from = blank(b, end)
		var err error
		if e.to, err = skip(b, e.from, depth+1); err != nil {
			return d, err
		}
		d.entries = append(d.entries, e)
		at = e.to
	}
	return d, &syntaxError{at, "dictionary has too many entries"}
}

// get returns the value of a name as it stands, nil when there is none.
func (d dict) get(name string) []byte {
	for _, e := range d.entries {
		if e.name == name {
			return d.b[e.from:e.to]
		}
	}
	return nil
}

// integer returns the value of a name that is a number without a fraction.
func (d dict) integer(name string) (int64, bool) { return integer(d.get(name)) }

// integer reads a number of up to fifteen digits, which is more than any offset has.
func integer(b []byte) (int64, bool) {
	if !digits(b) || len(b) > 15 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// named reports whether a value is the name.
func named(b []byte, name string) bool {
	return len(b) > 0 && b[0] == '/' && decodeName(b[1:]) == name
}

// ref is a reference to an indirect object.
type ref struct{ num, gen int64 }

// asRef reads a reference.
func asRef(b []byte) (ref, bool) {
	parts := bytes.FieldsFunc(b, func(r rune) bool { return r < 0x80 && space(byte(r)) })
	if len(parts) != 3 || string(parts[2]) != "R" {
		return ref{}, false
	}
	num, ok := integer(parts[0])
	gen, fine := integer(parts[1])
	return ref{num, gen}, ok && fine && num > 0 && num <= maxNumber && gen <= 65535
}
