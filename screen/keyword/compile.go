package keyword

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/colophon-project/colophon"
)

// compiler collects the entries of a matcher.
type compiler struct {
	Options
	m     *Matcher
	f     *folding
	words strings.Builder
	names map[string]uint16
	buf   []letter

	spoken map[string]int // syllables by number
	keys   []uint64       // first syllables of what the sound pass looks for
}

func newCompiler(o Options) *compiler {
	if o.Bound == 0 {
		o.Bound = 8
	}
	if o.Syllables == 0 {
		o.Syllables = 3
	}
	return &compiler{Options: o, m: &Matcher{names: []string{""}}, f: foldings(), names: map[string]uint16{"": 0}, spoken: map[string]int{}}
}

func refuse(code colophon.Code, line int, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Args: colophon.Args{"line": strconv.Itoa(line)}, Err: err}
}

func (c *compiler) add(e Entry, line int) error {
	if !validKeyword(e.Keyword) || len(e.ID) > 255 {
		return refuse(CodeKeywordLong, line, nil)
	}
	c.buf = c.f.letters(c.buf[:0], e.Keyword)
	switch {
	case tooShort(c.buf):
		return refuse(CodeKeywordEmpty, line, nil)
	case len(c.buf) > MaxLetters:
		return refuse(CodeKeywordLong, line, nil)
	}
	p := entry{at: uint32(c.words.Len()), length: uint16(len(e.Keyword)), idLength: uint8(len(e.ID)), level: e.Level, from: days(e.From), until: days(e.Until),
		letters: uint8(len(c.buf)), tail: uint8(min(c.buf[len(c.buf)-1].run, 255))}
	for _, field := range []struct {
		name string
		to   *uint16
	}{{e.Category, &p.category}, {e.Source, &p.source}, {e.Language, &p.language}} {
		n, ok := c.names[field.name]
		if !ok {
			if len(c.names) > 0xFFFF {
				return refuse(CodeKeywordLong, line, nil)
			}
			n = uint16(len(c.names))
			name := strings.Clone(field.name)
			c.names[name] = n
			c.m.names = append(c.m.names, name)
		}
		*field.to = n
	}
	for i, l := range c.buf {
		if l.run > 255 {
			return refuse(CodeKeywordLong, line, nil)
		}
		if l.run > 1 {
			p.traits |= repeats
		}
		if l.word {
			p.traits |= anyWord
			if i == 0 {
				p.traits |= startsWord
			}
			if i == len(c.buf)-1 {
				p.traits |= endsWord
			}
		}
	}
	if e.Anywhere {
		p.traits |= anywhere
		p.traits &^= startsWord
	}
	c.m.allows = c.m.allows || e.Level == Allow
	c.words.WriteString(e.Keyword)
	c.words.WriteString(e.ID)
	c.m.entries = append(c.m.entries, p)
	return nil
}

func (c *compiler) finish() (*Matcher, error) {
	c.m.words = strings.Clone(c.words.String())
	c.words.Reset()
	c.m.entries = append([]entry(nil), c.m.entries...)
	for _, p := range []struct {
		how     How
		wanted  bool
		spell   func([]letter) [][]rune
		prepare func(*pass, *alphabet, []pattern)
	}{{Plain, true, c.plain, c.finishPlain}, {Sound, c.Sound, c.syllables, c.finishSound}, {Loose, c.Loose, c.shapes, c.finishLoose}} {
		if !p.wanted {
			continue
		}
		made, err := c.pass(p.how, p.spell, p.prepare)
		if err != nil {
			return nil, err
		}
		c.m.passes = append(c.m.passes, made)
	}
	return c.m, nil
}

// pass builds one pass from what spell makes of each keyword; prepare fills the tables of how text is read.
func (c *compiler) pass(how How, spell func([]letter) [][]rune, prepare func(*pass, *alphabet, []pattern)) (*pass, error) {
	set := map[rune]bool{}
	var spelled []rune // all patterns, each followed by -1 and its owner
	for i := range c.m.entries {
		c.buf = c.f.letters(c.buf[:0], c.m.text(&c.m.entries[i]))
		for _, word := range spell(c.buf) {
			for _, r := range word {
				set[r] = true
			}
			spelled = append(append(spelled, word...), -1, rune(i))
		}
	}
	a, err := number(set)
	if err != nil {
		return nil, refuse(CodeKeywordAlphabet, len(c.m.entries), err)
	}
	letters := make([]byte, 0, 2*len(spelled))
	var patterns []pattern
	for i, start := 0, 0; i < len(spelled); i++ {
		if spelled[i] >= 0 {
			letters = binary.BigEndian.AppendUint16(letters, a.class[spelled[i]])
			continue
		}
		patterns = append(patterns, pattern{letters[start:len(letters):len(letters)], uint32(spelled[i+1])})
		start = len(letters)
		i++
	}
	patterns = sorted(patterns)
	p := &pass{automaton: build(patterns, a.size), how: how, fast: fast{word: a.word, bound: c.Bound}, fold: c.f}
	p.mark(p.word)
	p.fast.filter, p.fast.mask = p.automaton.filter, p.automaton.mask
	for _, x := range patterns {
		first := binary.BigEndian.Uint16(x.letters)
		p.inner[first] = p.inner[first] || how != Plain || !c.m.entries[x.owner].has(startsWord)
	}
	prepare(p, a, patterns)
	return p, nil
}

func (c *compiler) plain(letters []letter) [][]rune {
	return [][]rune{runes(letters, same)}
}

func runes(letters []letter, shape func(rune) rune) []rune {
	list := make([]rune, len(letters))
	for i, l := range letters {
		list[i] = shape(l.r)
	}
	return list
}

func same(r rune) rune { return r }

func (c *compiler) finishPlain(p *pass, a *alphabet, _ []pattern) { p.spread(p.classes(a, same)) }

// spelling is a keyword in the letters of its syllables, and its first syllables as a key of the sieve.
type spelling struct {
	letters string
	key     uint64
}

// syllables spells a keyword of ideographs in the letters of its syllables, in up to four readings.
func (c *compiler) syllables(letters []letter) [][]rune {
	if len(letters) < c.Syllables || len(letters) < 2 {
		return nil
	}
	words := []spelling{{}}
	for i, l := range letters {
		first := c.f.sound(l.from)
		if first == "" || l.run > 1 {
			return nil
		}
		var next []spelling
		for _, r := range append([]string{first}, c.f.readings[l.from]...) {
			for _, w := range words {
				if len(next) == 4 {
					break
				}
				w.letters += r
				if i < manySyllables {
					w.key = w.key<<syllableBits | uint64(c.syllable(r)+1)
				}
				next = append(next, w)
			}
		}
		words = next
	}
	var list [][]rune
	for _, w := range words {
		if len(w.letters) <= 255 && len(w.letters) >= fewLetters {
			list, c.keys = append(list, []rune(w.letters)), append(c.keys, w.key)
		}
	}
	return list
}

// syllable returns the number of a syllable.
func (c *compiler) syllable(s string) int {
	n, ok := c.spoken[s]
	if !ok {
		n = len(c.spoken)
		c.spoken[s] = n
	}
	return n
}

func (c *compiler) finishSound(p *pass, a *alphabet, patterns []pattern) {
	p.spread(func(r rune) uint16 {
		if s := c.f.sound(r); s != "" {
			return classExpand + uint16(c.syllable(s))
		}
		switch x := c.f.rune(r); {
		case x == dropRune:
			return classDrop
		case x == skipRune || x >= '0' && x <= '9':
			return classSkip
		case x >= 'a' && x <= 'z':
			return a.of(x)
		}
		return classOther
	})
	list := make([]syllable, len(c.spoken))
	p.expand = make([][]uint16, len(c.spoken))
	for s, n := range c.spoken {
		for _, x := range s {
			letter := a.of(x)
			p.expand[n] = append(p.expand[n], letter)
			list[n] = syllable{list[n].letters<<letterBits | uint32(letter), list[n].size + 1}
		}
		if slices.ContainsFunc(p.expand[n], p.unknown) {
			list[n].size = 0
		}
	}
	p.sieve = newSieve(patterns, list, c.keys)
	for i := range p.sieve.class {
		p.sieve.class[i] = a.of('a' + rune(i))
	}
}

// shapeOf returns what stands for all characters of a shape.
func (c *compiler) shapeOf(r rune) rune {
	if s, ok := c.f.shape[r]; ok {
		return s
	}
	return r
}

// shapes spells a keyword of three and more ideographs by their shapes.
func (c *compiler) shapes(letters []letter) [][]rune {
	if len(letters) < 3 {
		return nil
	}
	for _, l := range letters {
		if !unicode.Is(unicode.Han, l.from) || l.run > 1 {
			return nil
		}
	}
	list := runes(letters, c.shapeOf)
	for i := 1; i < len(list); i++ {
		if list[i] == list[i-1] { // text collapses them
			return nil
		}
	}
	return [][]rune{list}
}

func (c *compiler) finishLoose(p *pass, a *alphabet, _ []pattern) {
	plain := p.classes(a, c.shapeOf)
	class := func(r rune) uint16 {
		switch v := plain(r); {
		case v >= classBail || v < classExpand && (unicode.Is(unicode.Han, r) || !isWord(c.f.rune(r))):
			return v
		default:
			return classSkip
		}
	}
	var list []joint
	parts := map[rune]uint16{} // classes of left components
	for two, whole := range c.f.join {
		made := class(whole)
		if two[0] < 0 || two[1] < 0 || p.unknown(made) || made >= classExpand {
			continue
		}
		left, ok := parts[two[0]]
		if !ok {
			left = classExpand + uint16(len(p.parts))
			parts[two[0]], p.parts = left, append(p.parts, a.of(c.shapeOf(two[0])))
		}
		list = append(list, joint{jointOf(left, two[1]), made})
	}
	p.joints = newJoints(list)
	p.spread(func(r rune) uint16 {
		v := class(r)
		if left, ok := parts[c.f.rune(r)]; ok && v < classExpand {
			return left
		}
		return v
	})
}
