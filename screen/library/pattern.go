package library

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"strconv"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxMatch is the longest match of a pattern, in bytes: so much of a stream must be looked at again.
	MaxMatch = 1024
	// maxProgram is the largest program that a pattern may compile to. RE2 takes at most one step for each of its
	// instructions and byte of text.
	maxProgram = 1000
)

// pattern is a compiled expression.
type pattern struct {
	item
	plain   *regexp.Regexp
	after   *regexp.Regexp // any character, then the expression as a group; nil where it looks at no neighbour
	span    int            // its longest match in bytes
	literal []byte         // what stands in every match; nil when nothing does
	marks   []uint16       // of the literal
}

// newPattern compiles an expression and screens it.
func newPattern(text string, line int, it item) (pattern, error) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return pattern{}, faulty(CodePattern, line, err)
	}
	least, most, looks := measure(tree)
	switch {
	case most < 0 || most > MaxMatch:
		return pattern{}, faulty(CodeUnbounded, line, nil, "most", strconv.Itoa(MaxMatch))
	case least == 0:
		return pattern{}, faulty(CodeEmpty, line, nil)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return pattern{}, faulty(CodeCostly, line, err)
	}
	p := pattern{item: it, span: most, literal: []byte(literal(tree))}
	for at := range len(p.literal) - markLength + 1 {
		p.marks = append(p.marks, mark(p.literal[at:]))
	}
	if p.plain, err = regexp.Compile(text); err == nil && looks {
		p.after, err = regexp.Compile(`(?s:.)(` + text + `)`)
	}
	if err != nil {
		return pattern{}, faulty(CodePattern, line, err)
	}
	return p, nil
}

// measure returns the lengths in bytes of the shortest and longest match, the latter -1 when it has no bound, and whether
// the expression looks at what stands beside the match. Borders of the text have no bound: a stream does not know them.
func measure(re *syntax.Regexp) (least, most int, looks bool) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			short, long := runeLengths(r, re.Flags&syntax.FoldCase != 0)
			least, most = least+short, most+long
		}
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			return 1, utf8.RuneLen(re.Rune[len(re.Rune)-1]), false
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, utf8.UTFMax, false
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return 0, 0, true
	case syntax.OpBeginText, syntax.OpEndText:
		return 0, -1, true
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			a, b, l := measure(sub)
			least, most, looks = least+a, add(most, b), looks || l
		}
	case syntax.OpAlternate:
		for i, sub := range re.Sub {
			a, b, l := measure(sub)
			if i == 0 || a < least {
				least = a
			}
			if most >= 0 && (b < 0 || b > most) {
				most = b
			}
			looks = looks || l
		}
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		a, b, l := measure(re.Sub[0])
		switch re.Op {
		case syntax.OpQuest:
			return 0, b, l
		case syntax.OpRepeat:
			if re.Max >= 0 && b >= 0 {
				return a * re.Min, b * re.Max, l
			}
		}
		return 0, -1, l
	}
	return least, most, looks
}

func add(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

func runeLengths(r rune, fold bool) (least, most int) {
	least = utf8.RuneLen(r)
	most = least
	for f := unicode.SimpleFold(r); fold && f != r; f = unicode.SimpleFold(f) {
		least, most = min(least, utf8.RuneLen(f)), max(most, utf8.RuneLen(f))
	}
	return least, most
}

// literal returns the longest text that stands in every match, as it is, and that is worth looking for.
func literal(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if text := string(re.Rune); re.Flags&syntax.FoldCase == 0 && len(text) >= markLength {
			return text
		}
	case syntax.OpCapture:
		return literal(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literal(re.Sub[0])
		}
	case syntax.OpConcat:
		best := ""
		for _, sub := range re.Sub {
			if text := literal(sub); len(text) > len(best) {
				best = text
			}
		}
		return best
	}
	return ""
}

// find returns the first match that starts at a place or after it. What stands before the place is seen, and is no part of
// the match.
func (p *pattern) find(text []byte, at int) (start, end int, ok bool) {
	if !bytes.Contains(text[at:], p.literal) {
		return 0, 0, false
	}
	if at == 0 || p.after == nil {
		if m := p.plain.FindIndex(text[at:]); m != nil {
			return at + m[0], at + m[1], true
		}
		return 0, 0, false
	}
	_, size := utf8.DecodeLastRune(text[:at])
	if m := p.after.FindSubmatchIndex(text[at-size:]); m != nil {
		return at - size + m[2], at - size + m[3], true
	}
	return 0, 0, false
}

// markLength is of how many bytes a mark is made.
const markLength = 3

// mark is a hash of the first bytes of a text.
func mark(text []byte) uint16 {
	return uint16((uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16) * 0x9e3779b1 >> 16)
}

// marked is a set of marks, by which most patterns are passed over without a look at the text.
type marked [1 << 16 / 64]uint64

func (m *marked) of(text []byte) {
	*m = marked{}
	for at := range len(text) - markLength + 1 {
		k := mark(text[at:])
		m[k/64] |= 1 << (k % 64)
	}
}

func (m *marked) all(marks []uint16) bool {
	for _, k := range marks {
		if m[k/64]&(1<<(k%64)) == 0 {
			return false
		}
	}
	return true
}

// patternTrack runs the patterns of a set over a stream. It keeps of the text what a match may still begin in, and one
// character before that.
type patternTrack struct {
	set   *Set
	text  []byte
	base  int64 // where text begins
	runes int64 // how many characters stand before it
	from  []int // by pattern: where in text its next match may begin
	open  int   // where in text the first match begins that may still grow; -1 for none
	marks marked
}

func newPatternTrack(s *Set) patternTrack {
	return patternTrack{set: s, from: make([]int, len(s.patterns)), open: -1}
}

func (t *patternTrack) reset() {
	clear(t.from)
	t.text, t.base, t.runes, t.open = t.text[:0], 0, 0, -1
}

// write appends the matches that no later text can change. Which these are depends on the text alone and not on how it
// was cut: a match is one of all that begin at a place, and is certain once the longest of them would be there, with the
// character after it.
func (t *patternTrack) write(hits []Hit, chunk []byte, day int32) []Hit {
	if len(t.from) == 0 {
		return hits
	}
	t.text = append(t.text, chunk...)
	hits = t.run(hits, t.text[:whole(t.text)], day, false)
	least := len(t.text)
	for _, f := range t.from {
		least = min(least, f)
	}
	if least > 0 {
		_, size := utf8.DecodeLastRune(t.text[:least])
		t.drop(least - size)
	}
	return hits
}

// close ends the text.
func (t *patternTrack) close(hits []Hit, day int32) []Hit {
	if len(t.from) == 0 {
		return hits
	}
	hits = t.run(hits, t.text, day, true)
	t.drop(len(t.text))
	clear(t.from)
	return hits
}

func (t *patternTrack) drop(n int) {
	t.base, t.runes = t.base+int64(n), t.runes+int64(characters(t.text[:n]))
	t.text = t.text[:copy(t.text, t.text[n:])]
	for i := range t.from {
		t.from[i] -= n
	}
	if t.open >= 0 {
		t.open -= n
	}
}

func (t *patternTrack) run(hits []Hit, text []byte, day int32, last bool) []Hit {
	t.open = -1
	t.marks.of(text)
	for i := range t.set.patterns {
		p := &t.set.patterns[i]
		if !p.valid(day) {
			t.from[i] = len(text)
			continue
		}
		certain := len(text) // what begins before this can't change
		if !last {
			certain = max(0, len(text)-p.span-utf8.UTFMax+1)
		}
		at, runes := 0, t.runes // how many characters stand before a place
		for t.from[i] < len(text) && t.marks.all(p.marks) {
			start, end, ok := p.find(text, t.from[i])
			if ok && start >= certain && (t.open < 0 || start < t.open) {
				t.open = start
			}
			if !ok || start >= certain {
				break
			}
			first := runes + int64(characters(text[at:start]))
			at, runes = end, first+int64(characters(text[start:end]))
			hits = append(hits, p.hit(Pattern, Hit{Start: t.base + int64(start), End: t.base + int64(end), RuneStart: first, RuneEnd: runes}))
			t.from[i] = end
		}
		for certain > t.from[i] && certain < len(text) && !utf8.RuneStart(text[certain]) {
			certain-- // within a character
		}
		t.from[i] = max(t.from[i], certain)
	}
	return hits
}

// characters counts the characters of a text. utf8.RuneCount copies it.
func characters(text []byte) (n int) {
	for ; len(text) > 0; n++ {
		_, size := utf8.DecodeRune(text)
		text = text[size:]
	}
	return n
}

// pending is how many bytes at the end a match may still begin in.
func (t *patternTrack) pending() int {
	least := len(t.text)
	for _, f := range t.from {
		least = min(least, f)
	}
	return len(t.text) - least
}

// held is how many bytes at the end belong to a match that may still grow.
func (t *patternTrack) held() int {
	if t.open < 0 {
		return 0
	}
	return len(t.text) - t.open
}

// whole returns how much of a text has no character at its end that is cut in two.
func whole(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if at := len(text) - n; utf8.RuneStart(text[at]) {
			if utf8.FullRune(text[at:]) {
				break
			}
			return at
		}
	}
	return len(text)
}
