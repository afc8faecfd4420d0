package keyword

import (
	"embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// tableFiles holds the tables that tools/keyword_tables.py makes; each names its source and licence in its first line.
//
//go:embed data/*.txt
var tableFiles embed.FS

// What a rune folds to when it is no letter. Values below expansions are the complement of an index into folding.expand.
const (
	skipRune   rune = -1 // a separator, symbol or emoji: skipped, within a bound
	dropRune   rune = -2 // nothing to see: a zero-width character or a combining mark
	expansions rune = -3
)

const foldedRunes = 0x32400 // one past the last assigned ideograph; what lies beyond is skipped or dropped

// folding maps runes to what keywords and text are compared by. It is the same for both.
type folding struct {
	to       []rune            // by rune
	expand   [][]rune          // ligatures and the like: one rune, several letters
	han      map[rune]rune     // variant forms alone, without digits
	syllable map[rune]string   // the reading that text is taken to have
	readings map[rune][]string // further readings
	shape    map[rune]rune
	join     map[[2]rune]rune // two components, the character that they make
}

var foldings = sync.OnceValue(newFolding)

// rows calls f with the runes of each line of a table.
func rows(name string, f func(line []rune)) {
	text, err := tableFiles.ReadFile("data/" + name)
	if err != nil {
		panic(err) // the file is compiled in
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			f([]rune(line))
		}
	}
}

// pairs reads a table whose lines are a target and its sources.
func pairs(name string) map[rune]rune {
	m := map[rune]rune{}
	rows(name, func(line []rune) {
		for _, r := range line[1:] {
			m[r] = line[0]
		}
	})
	return m
}

func newFolding() *folding {
	f := &folding{to: make([]rune, foldedRunes), han: pairs("variants.txt"), shape: pairs("shapes.txt"),
		syllable: map[rune]string{}, readings: map[rune][]string{}, join: map[[2]rune]rune{}}
	letters := pairs("letters.txt")
	for r := range f.to {
		f.to[r] = f.fold(rune(r), letters)
	}
	rows("syllables.txt", func(line []rune) {
		name, chars, _ := strings.Cut(string(line), " ")
		for _, r := range chars {
			f.syllable[r] = name
		}
	})
	rows("readings.txt", func(line []rune) {
		name, chars, _ := strings.Cut(string(line), " ")
		for _, r := range chars {
			f.readings[r] = append(f.readings[r], name)
		}
	})
	rows("components.txt", func(line []rune) {
		f.join[[2]rune{f.rune(line[1]), f.rune(line[2])}] = f.rune(line[0])
	})
	return f
}

// fold works out what one rune becomes: compatibility form, without marks, lower case, simplified, look-alikes and
// digits made one.
func (f *folding) fold(r rune, letters map[rune]rune) rune {
	switch {
	case r >= 0xD800 && r < 0xE000:
		return skipRune
	case unicode.In(r, unicode.Cf, unicode.Me, unicode.Inherited) || r == '\u115F' || r == '\u1160' || r == '\u3164' || r == '\uFFA0':
		return dropRune
	}
	if to, ok := letters[unicode.ToLower(r)]; ok { // before its compatibility form, which may look unlike it
		return to
	}
	var out []rune
	text := norm.NFKD.String(string(r))
	if unicode.Is(unicode.Hangul, r) {
		text = norm.NFKC.String(string(r))
	}
	for _, x := range text {
		if x = f.one(x, letters); x >= 0 {
			out = append(out, x)
		}
	}
	switch len(out) {
	case 0:
		return skipRune
	case 1:
		if out[0] < foldedRunes {
			return out[0]
		}
		return skipRune
	}
	f.expand = append(f.expand, out)
	return expansions - rune(len(f.expand)-1)
}

func (f *folding) one(r rune, letters map[rune]rune) rune {
	if unicode.In(r, unicode.Cf, unicode.Me, unicode.Inherited) {
		return dropRune
	}
	if to, ok := f.han[r]; ok {
		r = to
	}
	r = unicode.ToLower(unicode.ToUpper(r))
	if to, ok := letters[r]; ok {
		return to
	}
	if unicode.Is(unicode.Nd, r) {
		return '0' + digit(r)
	}
	if !unicode.IsLetter(r) && !unicode.In(r, unicode.Nl, unicode.Mn, unicode.Mc) {
		return skipRune
	}
	return r
}

// digit returns the value of a decimal digit; blocks of digits begin at zero, and are ten long.
func digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
}

// rune returns what r folds to: a letter, skipRune, dropRune or an expansion.
func (f *folding) rune(r rune) rune {
	switch {
	case int(r) < len(f.to):
		return f.to[r]
	case unicode.Is(unicode.Inherited, r) || unicode.Is(unicode.Cf, r):
		return dropRune
	}
	return skipRune
}

// expanded returns the letters of an expansion.
func (f *folding) expanded(r rune) []rune { return f.expand[expansions-r] }

// sound returns the syllable of a character in text, or "".
func (f *folding) sound(r rune) string {
	if s, ok := f.syllable[r]; ok {
		return s
	}
	return f.syllable[f.han[r]]
}

// letter is one letter of a keyword: how often it stands there in a row, and whether a separator comes before it.
type letter struct {
	r, from rune // folded; as written
	run     int
	gap     bool
	word    bool // of a script with word borders; digits written as ideographs are not
}

// letters folds a keyword, repeats collapsed, and appends its letters to dst.
func (f *folding) letters(dst []letter, word string) []letter {
	gap := false
	add := func(r, from rune) {
		if n := len(dst); n > 0 && dst[n-1].r == r && (!gap || !isWord(r)) {
			dst[n-1].run++
		} else {
			dst = append(dst, letter{r: r, from: from, run: 1, gap: gap, word: isWord(r) && !unicode.Is(unicode.Han, from)})
		}
		gap = false
	}
	for len(word) > 0 {
		from, size := utf8.DecodeRuneInString(word)
		word = word[size:]
		switch r := f.rune(from); {
		case r == skipRune:
			gap = true
		case r == dropRune:
		case r <= expansions:
			for _, x := range f.expanded(r) {
				add(x, x)
			}
		default:
			add(r, from)
		}
	}
	return dst
}

// isWord reports whether a folded letter belongs to a script whose words have borders.
func isWord(r rune) bool { return r >= 0 && bordered()[r] }

var bordered = sync.OnceValue(func() []bool {
	table := make([]bool, foldedRunes)
	for r := range table {
		table[r] = hasBorders(rune(r))
	}
	return table
})

func hasBorders(r rune) bool {
	return r < 0x590 || !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Bopomofo, unicode.Yi)
}
