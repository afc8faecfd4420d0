package keyword

import (
	"encoding/binary"
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
}

func newCompiler(o Options) *compiler {
	if o.Bound == 0 {
		o.Bound = 8
	}
	if o.Syllables == 0 {
		o.Syllables = 3
	}
	return &compiler{Options: o, m: &Matcher{names: []string{""}}, f: foldings(), names: map[string]uint16{"": 0}}
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
	same := func(r rune) rune { return r }
	plain, err := c.pass(Plain, func(letters []letter) [][]rune { return [][]rune{runes(letters, same)} }, c.plainClasses)
	if err != nil {
		return nil, err
	}
	c.m.passes = append(c.m.passes, plain)
	if c.Sound {
		p, err := c.pass(Sound, c.syllables, c.soundClasses)
		if err != nil {
			return nil, err
		}
		c.m.passes = append(c.m.passes, p)
	}
	if c.Loose {
		p, err := c.pass(Loose, c.shapes, c.looseClasses)
		if err != nil {
			return nil, err
		}
		p.join, p.left = c.f.join, make([]bool, foldedRunes)
		for parts := range p.join {
			if parts[0] >= 0 {
				p.left[parts[0]] = true
			}
		}
		c.m.passes = append(c.m.passes, p)
	}
	return c.m, nil
}

func runes(letters []letter, shape func(rune) rune) []rune {
	list := make([]rune, len(letters))
	for i, l := range letters {
		list[i] = shape(l.r)
	}
	return list
}

// pass builds one pass from what spell makes of each keyword, and from how text is read.
func (c *compiler) pass(how How, spell func([]letter) [][]rune, classes func(*pass, *alphabet) func(rune) uint16) (*pass, error) {
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
	p := &pass{how: how, words: a.words, bound: c.Bound, fold: c.f}
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
	p.automaton = build(patterns, len(set)+2)
	for _, o := range p.single {
		p.one = p.one || o != 0
	}
	p.spread(classes(p, a))
	return p, nil
}

func (c *compiler) plainClasses(p *pass, a *alphabet) func(rune) uint16 {
	return p.classes(a, func(r rune) rune { return r })
}

// syllables spells a keyword of ideographs in the letters of its syllables, in up to four readings.
func (c *compiler) syllables(letters []letter) [][]rune {
	if len(letters) < c.Syllables || len(letters) < 2 {
		return nil
	}
	words := []string{""}
	for _, l := range letters {
		first := c.f.sound(l.from)
		if first == "" || l.run > 1 {
			return nil
		}
		readings := append([]string{first}, c.f.readings[l.from]...)
		var next []string
		for _, r := range readings {
			for _, w := range words {
				if len(next) < 4 {
					next = append(next, w+r)
				}
			}
		}
		words = next
	}
	var list [][]rune
	for _, w := range words {
		if len(w) <= 255 {
			list = append(list, []rune(w))
		}
	}
	return list
}

func (c *compiler) soundClasses(p *pass, a *alphabet) func(rune) uint16 {
	index := map[string]uint16{}
	return func(r rune) uint16 {
		if s := c.f.sound(r); s != "" {
			n, ok := index[s]
			if !ok {
				n = uint16(len(p.expand))
				index[s] = n
				var list []uint16
				for _, x := range s {
					list = append(list, a.of(x))
				}
				p.expand = append(p.expand, list)
			}
			return classExpand + n
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

func (c *compiler) looseClasses(p *pass, a *alphabet) func(rune) uint16 {
	class := p.classes(a, c.shapeOf)
	return func(r rune) uint16 {
		v := class(r)
		switch {
		case v >= classExpand:
			if v < classBail {
				return classSkip
			}
			return v
		case !unicode.Is(unicode.Han, r) && isWord(c.f.rune(r)):
			return classSkip
		}
		return v
	}
}
