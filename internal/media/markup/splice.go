package markup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
)

// Splice is one replacement in a document: the range [From, To) gives way to Text.
type Splice struct {
	From, To int
	Text     string
}

// Apply returns the document what with the splices, which may come in any order and must not overlap.
func Apply(text []byte, what string, splices []Splice) ([]byte, error) {
	if err := order(what, splices); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	at := 0
	for _, s := range splices {
		b.Write(text[at:s.From])
		b.WriteString(s.Text)
		at = s.To
	}
	b.Write(text[at:])
	return b.Bytes(), nil
}

// Plan returns the same replacements as an edit of a file that is nothing but the document.
func Plan(src media.Source, what string, splices []Splice) (*media.Edit, error) {
	if err := order(what, splices); err != nil {
		return nil, err
	}
	list := make([]media.Splice, len(splices))
	for i, s := range splices {
		list[i] = media.Splice{Offset: int64(s.From), Delete: int64(s.To - s.From), Insert: []byte(s.Text)}
	}
	return media.Splices(src, list...)
}

func order(what string, splices []Splice) error {
	slices.SortStableFunc(splices, func(x, y Splice) int { return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To)) })
	at := 0
	for _, s := range splices {
		if s.From < at {
			return media.Malformed(what, int64(s.From), "labels stand inside each other")
		}
		at = s.To
	}
	return nil
}

const (
	maxStrip    = 1 << 20 // bytes of free text that is searched for label objects
	maxAttempts = 64      // braces that are tried
)

// Strip takes the label objects out of free text that [media.Candidate] accepted, and leaves the words around them. It
// reports false when it can't tell where the label ends.
func Strip(text string) (string, bool) {
	if len(text) > maxStrip {
		return text, false
	}
	for range maxAttempts {
		if !media.Candidate([]byte(text)) {
			return text, true
		}
		from, to, ok := labelObject(text)
		if !ok {
			// Text that is nothing but a damaged label can go as a whole.
			if strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
				return "", true
			}
			return text, false
		}
		text = strings.TrimRight(text[:from], " \t\r\n") + text[to:]
	}
	return text, false
}

// labelObject finds the first JSON object that names a label's fields, with a key "AIGC:" before it.
func labelObject(text string) (from, to int, ok bool) {
	at := 0
	for range maxAttempts {
		n := strings.IndexByte(text[at:], '{')
		if n < 0 {
			return 0, 0, false
		}
		at += n
		dec := json.NewDecoder(strings.NewReader(text[at:]))
		var object json.RawMessage
		if dec.Decode(&object) == nil && media.Candidate(object) {
			from = at
			key := strings.TrimRight(text[:at], " \t\r\n:=")
			if len(key) < at && len(key) >= 4 && strings.EqualFold(key[len(key)-4:], "AIGC") {
				from = len(key) - 4
			}
			return from, at + int(dec.InputOffset()), true
		}
		at++
	}
	return 0, 0, false
}
