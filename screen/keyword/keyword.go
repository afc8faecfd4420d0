// Package keyword finds the keywords of a lexicon in text, however they are written.
//
// A [Matcher] is compiled once from entries and never changes, so that any number of goroutines use it and a new one takes
// its place by exchanging one pointer. A [Scanner] reads one text, or one conversation, in chunks of any size, and its
// hits do not depend on how the text was cut.
//
// Text is read up to three times. The first pass is exact: one function folds keywords and text (width, case, traditional
// forms, digits, look-alike letters), zero-width characters and combining marks are dropped, separators, symbols and emoji
// are skipped within a bound, repeats are collapsed. The second, [Sound], compares toneless syllables, so that homophones
// and typed pinyin are found. The third, [Loose], skips Latin letters and digits, joins split characters and
// takes characters of one shape for the same. A hit tells its pass, and its level is bounded by what the pass can know.
//
// Every hit has its place in the original text, in bytes and in runes. An entry of level [Allow] is a phrase that takes
// away the hits within it. Words of scripts with spaces need a border on both sides.
//
// # What not to do here
//
// No decision: hits are collected, and the policy of screen decides. No file is opened and no clock is read. No table of
// words or characters stands in Go: data/ holds them, made by tools/keyword_tables.py. Nothing may be allocated per scan
// once a scanner is warm.
package keyword

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

// Level says what an entry asks for; the policy decides what is done.
type Level uint8

const (
	// Allow takes away the hits that lie within the phrase.
	Allow Level = iota
	// Note is worth recording, and never acts alone.
	Note
	// Review goes to a person.
	Review
	// Block may be refused outright.
	Block
)

// String returns the level as it stands in a lexicon.
func (l Level) String() string { return [...]string{"allow", "note", "review", "block"}[l] }

// ParseLevel reads a level as it stands in a lexicon.
func ParseLevel(s string) (Level, bool) {
	for l := Allow; l <= Block; l++ {
		if l.String() == s {
			return l, true
		}
	}
	return 0, false
}

// How says which pass found a hit.
type How uint8

const (
	// Plain is the exact pass: the keyword stands there, if disguised.
	Plain How = iota
	// Sound is the pass over syllables.
	Sound
	// Loose is the pass over shapes and components.
	Loose
)

// String returns the pass as it stands in JSON output.
func (h How) String() string { return [...]string{"plain", "sound", "loose"}[h] }

// Entry is one keyword of a lexicon with what is known about it.
type Entry struct {
	ID       string
	Keyword  string
	Category string
	Source   string
	Language string
	Level    Level
	Anywhere bool      // found within words too, in scripts with spaces
	From     time.Time // the first day of validity, zero for always
	Until    time.Time // the last day, zero for ever
}

// Hit is a keyword in a text. Places count from the start of the scan; ends are exclusive.
type Hit struct {
	Entry              int // for Matcher.Entry
	Start, End         int64
	RuneStart, RuneEnd int64
	Level              Level // the entry's, or less if the pass can't tell so surely
	How                How
}

// MaxLetters is the number of letters that a keyword may have after folding.
const MaxLetters = 64

// Options choose what a matcher does beyond the exact pass.
type Options struct {
	Sound bool
	Loose bool
	// Bound is the number of separators skipped in a row; 0 is 8.
	Bound int
	// Syllables is the least number of syllables that the sound pass looks for; 0 is 3. Two cost many false hits, which
	// are therefore notes.
	Syllables int
}

// Errors of lexicons and rules.
const (
	CodeKeywordEmpty    colophon.Code = "keyword-empty"
	CodeKeywordLong     colophon.Code = "keyword-long"
	CodeKeywordAlphabet colophon.Code = "keyword-alphabet"
)

// entry is an Entry packed: a million of them are kept.
type entry struct {
	at                 uint32 // in Matcher.words: keyword, then ID
	length             uint16 // of the keyword in bytes
	idLength           uint8
	level              Level
	from, until        int32 // days since 1970, 0 for none
	category, language uint16
	source             uint16
	letters, tail      uint8 // letters after folding; repeats of the last
	traits             trait
}

type trait uint8

const (
	startsWord trait = 1 << iota // its first letter is of a script with word borders
	endsWord
	anyWord // it has such a letter
	repeats // some letter stands twice in a row
	anywhere
)

func (e *entry) has(t trait) bool { return e.traits&t != 0 }

func (e *entry) valid(day int32) bool {
	return (e.from == 0 || day >= e.from) && (e.until == 0 || day <= e.until)
}

// Matcher is a compiled lexicon. It is never changed, and safe for use by many goroutines.
type Matcher struct {
	entries []entry
	words   string
	names   []string // categories, sources, languages
	passes  []*pass
	allows  bool
}

// Len returns the number of entries.
func (m *Matcher) Len() int { return len(m.entries) }

// Entry returns what the lexicon says about the entry of a hit.
func (m *Matcher) Entry(i int) Entry {
	e := &m.entries[i]
	id := m.words[int(e.at)+int(e.length):]
	return Entry{ID: id[:e.idLength], Keyword: m.text(e), Category: m.names[e.category], Source: m.names[e.source], Language: m.names[e.language],
		Level: e.level, Anywhere: e.has(anywhere), From: date(e.from), Until: date(e.until)}
}

func (m *Matcher) text(e *entry) string { return m.words[e.at : int(e.at)+int(e.length)] }

const secondsPerDay = 24 * 60 * 60

func days(t time.Time) int32 {
	if t.IsZero() {
		return 0
	}
	return int32(t.Unix() / secondsPerDay)
}

func date(day int32) time.Time {
	if day == 0 {
		return time.Time{}
	}
	return time.Unix(int64(day)*secondsPerDay, 0).UTC()
}

// level bounds an entry's level by what a pass can know: two syllables are a note, three and whatever is loose go to a
// person.
func (m *Matcher) level(e *entry, how How) Level {
	switch {
	case how == Sound && e.letters == 2:
		return min(e.level, Note)
	case how == Loose || how == Sound && e.letters == 3:
		return min(e.level, Review)
	}
	return e.level
}

// Compile makes a matcher. An entry that can't be matched is an error whose argument line is its number, from 1.
func Compile(entries []Entry, o Options) (*Matcher, error) {
	c := newCompiler(o)
	for i, e := range entries {
		if err := c.add(e, i+1); err != nil {
			return nil, err
		}
	}
	return c.finish()
}

// tooShort reports whether nothing is left of a keyword, or a single Latin letter or digit, which would be found everywhere.
func tooShort(letters []letter) bool {
	return len(letters) == 0 || len(letters) == 1 && letters[0].run == 1 && !unicode.Is(unicode.Han, letters[0].from)
}

func validKeyword(s string) bool {
	return utf8.ValidString(s) && len(s) <= 1<<12 && !strings.ContainsFunc(s, unicode.IsControl)
}
