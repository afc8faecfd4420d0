package exif

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

const maxOpen = 16 // braces without a match that are tried as the beginning of a label

// label returns the range of code units of the first label in the text: a JSON object, or what is left of one.
func (t text) label() (from, to int, ok bool) {
	s := t.shadow
	first, open := -1, 0
	for from = bytes.IndexByte(s, '{'); from >= 0 && open < maxOpen; {
		n, closed := object(s[from:])
		worth := t.worth(s[from : from+n])
		switch {
		case worth && (closed || blank(s[:from])):
			return from, from + len(bytes.TrimRight(s[from:from+n], " \t\r\n\x00")), true
		case worth && first < 0:
			first = from
		}
		if !closed {
			n, open = 1, open+1
		}
		next := bytes.IndexByte(s[from+n:], '{')
		if next < 0 {
			break
		}
		from += n + next
	}
	return first, len(s), first >= 0
}

// worth reports whether an object is a label. In UserComment the key AIGC suffices.
func (t text) worth(object []byte) bool {
	if media.Candidate(object) {
		return true
	}
	key := bytes.TrimLeft(object[1:], " \t\r\n")
	return t.tag == TagUserComment && len(key) >= 6 && bytes.EqualFold(key[:6], []byte(`"AIGC"`))
}

// removal returns the range to blank so that the first label is gone and all else stays.
func (t text) removal() (from, to int, ok bool) {
	from, to, ok = t.label()
	if !ok || t.shadow[from] != '{' {
		return 0, 0, false
	}
	obj := t.shadow[from:to]
	n, closed := object(obj)
	if !closed || n != len(obj) {
		return from, to, blank(t.shadow[:from])
	}
	lead := bytes.TrimRight(t.shadow[:from], " :=")
	if blank(bytes.TrimSuffix(lead, []byte("AIGC"))) {
		from = 0
	}
	start := to - len(obj)
	list, ok := members(obj)
	if !ok {
		return from, to, true
	}
	bare := false
	for i, m := range list {
		switch {
		case bytes.EqualFold(m.key, []byte("AIGC")) && len(list) == 1:
			return from, to, true
		case bytes.EqualFold(m.key, []byte("AIGC")) && i+1 < len(list):
			return start + m.start, start + list[i+1].start, true
		case bytes.EqualFold(m.key, []byte("AIGC")):
			return start + list[i-1].end, start + m.end, true
		case field(m.key):
			bare = true
		}
	}
	return from, to, bare
}

// field reports whether a key is one of the label's own or of an older vendor schema.
func field(key []byte) bool {
	switch string(key) {
	case "Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID", "Propagator", "ServiceProvider":
		return true
	}
	return false
}

func blank(s []byte) bool { return len(bytes.Trim(s, " \t\r\n\x00")) == 0 }

// object returns the length of the JSON object that s begins with, or all of s and false when it has no end.
func object(s []byte) (n int, closed bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1, true
			}
		case '"':
			if i = quoted(s, i) - 1; i >= len(s) {
				return len(s), false
			}
		}
	}
	return len(s), false
}

// quoted returns the offset behind the JSON string that begins at i, or beyond len(s)+1 when it has no end.
func quoted(s []byte, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s) + 2
}

type member struct {
	key        []byte
	start, end int // from the key's quotation mark to the end of the value
}

// members lists the members of a closed object; false when it is no JSON.
func members(obj []byte) ([]member, bool) {
	var list []member
	i, end := 1, len(obj)-1
	for {
		i = spaces(obj, i)
		if i >= end || obj[i] != '"' {
			return list, i == end && len(list) == 0
		}
		m := member{start: i}
		if i = quoted(obj, i); i > end {
			return nil, false
		}
		m.key = obj[m.start+1 : i-1]
		if i = spaces(obj, i); i >= end || obj[i] != ':' {
			return nil, false
		}
		m.end = valueEnd(obj, i+1, end)
		list = append(list, m)
		if m.end >= end {
			return list, true
		}
		i = m.end + 1
	}
}

func spaces(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n') {
		i++
	}
	return i
}

// valueEnd returns the offset of the comma behind the value that begins at i, or end.
func valueEnd(s []byte, i, end int) int {
	depth := 0
	for ; i < end; i++ {
		switch s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		case '"':
			i = quoted(s, i) - 1
		}
	}
	return end
}
