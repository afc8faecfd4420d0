package library

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/phash"
)

// maxWord is the longest identifier, language or origin.
const maxWord = 128

// Key is a digest of what the feature finds: two live features never have the same.
func (f *Feature) Key() Sum {
	value := f.Value
	if f.Kind != Pattern {
		value = strings.ToLower(value)
	}
	return sha256.Sum256([]byte(string(f.Kind) + "\x00" + string(f.Category) + "\x00" + value))
}

// tidy fills in what follows from the rest, and writes values as they are compared.
func (f *Feature) tidy() {
	f.Value = strings.TrimSpace(f.Value)
	if len(f.Aliases) == 0 {
		f.Aliases = nil
	}
	switch f.Kind {
	case Picture, Digest:
		f.Value = strings.ToLower(f.Value)
	case Person:
		f.Category = cmp.Or(f.Category, "impersonation")
	case SourceUnit:
		f.Category = cmp.Or(f.Category, "news")
	}
	if f.ID == "" {
		key := f.Key()
		f.ID = string(f.Kind) + "-" + hex.EncodeToString(key[:8])
	}
}

// check reports what is wrong with the form of a feature. Line is its line or place.
func (f *Feature) check(line int) error {
	field := ""
	switch {
	case !word(f.ID, maxWord, "-_."):
		field = "id"
	case !slices.Contains(Kinds(), f.Kind):
		field = "kind"
	case f.Value == "" || !text(f.Value):
		field = "value"
	case f.Level > keyword.Block || f.Level == keyword.Allow && f.Kind != Keyword && f.Kind != SourceUnit || f.Level != keyword.Allow && f.Kind == SourceUnit:
		field = "level"
	case f.Language != "" && !word(strings.ToLower(f.Language), maxWord, "-"):
		field = "language"
	case !text(f.Source):
		field = "source"
	case !day(f.From):
		field = "from"
	case !day(f.Until) || !f.Until.IsZero() && f.Until.Before(f.From):
		field = "until"
	case f.Standard == "" || !text(f.Standard):
		field = "standard"
	case f.Reason == "" || !text(f.Reason):
		field = "reason"
	case len(f.Aliases) > MaxAliases || len(f.Aliases) > 0 && f.Kind != Keyword && f.Kind != Person && f.Kind != SourceUnit:
		field = "aliases"
	}
	for _, a := range f.Aliases {
		if a == "" || a != strings.TrimSpace(a) || !text(a) || strings.Contains(a, aliasMark) {
			field = "aliases"
		}
	}
	if field != "" {
		return faulty(CodeField, line, nil, "field", field)
	}
	if _, ok := f.Category.Topic(); !ok {
		return faulty(CodeCategory, line, nil, "category", string(f.Category))
	}
	switch f.Kind {
	case Picture:
		if h, err := f.picture(); err != nil || h == (phash.Hash{}) {
			return faulty(CodeHash, line, err)
		}
	case Digest:
		if _, err := f.sum(); err != nil {
			return faulty(CodeHash, line, err)
		}
	}
	return nil
}

// text reports whether s may stand in a field: valid, printable in one line, and of bounded length.
func text(s string) bool {
	return utf8.ValidString(s) && len(s) <= MaxValue && !strings.ContainsFunc(s, unicode.IsControl)
}

// word reports whether s is made of lower-case letters, digits and the given marks and starts with a letter or digit.
func word(s string, most int, marks string) bool {
	if s == "" || len(s) > most || strings.ContainsRune(marks, rune(s[0])) {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(marks, r) {
			return false
		}
	}
	return true
}

// day reports whether t is a day that a feature may be valid from or until.
func day(t time.Time) bool {
	return t.IsZero() || t.Equal(t.UTC().Truncate(24*time.Hour)) && t.Year() > 1970 && t.Year() < 10000
}

func (f *Feature) picture() (phash.Hash, error) { return phash.Parse(f.Value) }

func (f *Feature) sum() (s Sum, err error) {
	raw, err := hex.DecodeString(f.Value)
	if err == nil && len(raw) != len(s) {
		err = hex.ErrLength
	}
	copy(s[:], raw)
	return s, err
}

// line is the content of a feature as it stands in files and digests.
type line struct {
	ID       string   `json:"id"`
	Kind     Kind     `json:"kind"`
	Value    string   `json:"value"`
	Aliases  []string `json:"aliases,omitempty"`
	Category Category `json:"category"`
	Level    string   `json:"level"`
	Language string   `json:"language,omitempty"`
	Source   string   `json:"source,omitempty"`
	From     string   `json:"from,omitempty"`
	Until    string   `json:"until,omitempty"`
	Anywhere bool     `json:"anywhere,omitempty"`
	Standard string   `json:"standard"`
	Reason   string   `json:"reason"`
}

// line writes the content of a feature as one line of JSON.
func (f *Feature) line() []byte {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	// Text and booleans can't fail.
	_ = out.Encode(line{f.ID, f.Kind, f.Value, f.Aliases, f.Category, f.Level.String(), f.Language, f.Source, date(f.From), date(f.Until), f.Anywhere, f.Standard, f.Reason})
	return b.Bytes()
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// content collects a digest over features that does not depend on their order: SHA-256 over a domain and the sorted
// digests of their lines.
type content struct{ lines []Sum }

func (c *content) add(f *Feature) { c.lines = append(c.lines, sha256.Sum256(f.line())) }

func (c *content) sum() Sum {
	slices.SortFunc(c.lines, func(a, b Sum) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	h.Write([]byte("colophon/library/content/v1\x00"))
	for i := range c.lines {
		h.Write(c.lines[i][:])
	}
	return Sum(h.Sum(nil))
}
