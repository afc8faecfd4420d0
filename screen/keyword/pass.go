package keyword

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// Classes with a meaning of their own. Letters are numbered from 2; those of scripts with word borders come first.
const (
	classOther  = 0      // a letter that ends every match
	classWord   = 1      // the same, of a script with word borders
	classExpand = 0xE000 // and up: an index into pass.expand
	classBail   = 0xFFFD // not a character: half a surrogate pair
	classDrop   = 0xFFFE
	classSkip   = 0xFFFF
)

// pass is one automaton and how text is turned into its letters.
type pass struct {
	*automaton
	how    How
	bmp    []uint16
	pages  []uint16 // of each 256 runes above the BMP: where in astral they begin
	astral []uint16
	expand [][]uint16
	words  uint16 // the highest class of a script with word borders
	bound  int    // separators skipped in a row
	fold   *folding
	join   map[[2]rune]rune // set in the loose pass
	left   []bool           // by folded rune: whether it may be the first of two
	one    bool             // some pattern has one letter
}

var errAlphabet = errors.New("too many different letters")

// alphabet numbers the letters of patterns.
type alphabet struct {
	class []uint16 // by folded rune
	words uint16
}

// number gives each rune of a set its class.
func number(set map[rune]bool) (*alphabet, error) {
	if len(set) >= classExpand-2 {
		return nil, errAlphabet
	}
	a := &alphabet{class: make([]uint16, foldedRunes), words: classWord}
	next := uint16(classWord + 1)
	for _, word := range []bool{true, false} {
		for r := range rune(foldedRunes) {
			switch {
			case isWord(r) != word:
			case set[r]:
				a.class[r] = next
				next++
			case word:
				a.class[r] = classWord
			}
		}
		if word {
			a.words = next - 1
		}
	}
	return a, nil
}

func (a *alphabet) of(r rune) uint16 { return a.class[r] }

// spread fills the tables from what class gives for each rune; most pages above the BMP are alike and stored once.
func (p *pass) spread(class func(rune) uint16) {
	p.bmp = make([]uint16, 0x10000)
	for r := range p.bmp {
		p.bmp[r] = class(rune(r))
		if r >= 0xD800 && r < 0xE000 {
			p.bmp[r] = classBail
		}
	}
	p.pages = make([]uint16, (unicode.MaxRune+1-0x10000)>>8)
	seen := map[[256]uint16]uint16{}
	for i := range p.pages {
		var page [256]uint16
		from := rune(0x10000 + i<<8)
		for j := range page {
			switch {
			case from < foldedRunes || from >= 0xE0000 && from < 0xE1000:
				page[j] = class(from + rune(j))
			default:
				page[j] = classSkip
			}
		}
		at, ok := seen[page]
		if !ok {
			at = uint16(len(seen))
			seen[page] = at
			p.astral = append(p.astral, page[:]...)
		}
		p.pages[i] = at
	}
}

// classOf returns the class of a rune of text.
func (p *pass) classOf(r rune) uint16 {
	if r < 0x10000 {
		return p.bmp[r]
	}
	return p.astral[int(p.pages[(r-0x10000)>>8])<<8|int(r&255)]
}

// classes makes the function for spread of an alphabet: folded runes, and expansions as they are.
func (p *pass) classes(a *alphabet, shape func(rune) rune) func(rune) uint16 {
	for _, letters := range p.fold.expand {
		var list []uint16
		for _, r := range letters {
			list = append(list, a.of(shape(r)))
		}
		p.expand = append(p.expand, list)
	}
	return func(r rune) uint16 {
		switch x := p.fold.rune(r); {
		case x == skipRune:
			return classSkip
		case x == dropRune:
			return classDrop
		case x <= expansions:
			return classExpand + uint16(expansions-x)
		default:
			return a.of(shape(x))
		}
	}
}

// record is one letter of the text, with all its repeats.
type record struct {
	start, end       int64 // bytes
	runes, runesEnd  int64
	r                rune // folded
	run              int32
	gap, space, edge bool // what stood before it: a separator, white space, a letter of the same word
	head, tail       bool // it is the first, the last, letter of its rune
	odd, joined      bool // letters were skipped before it; it is made of two components
}

// track is where a scan stands in one pass.
type track struct {
	*pass
	s       *Scanner
	st      int32
	last    uint16 // class of the letter before, 0 after a break
	lastR   rune
	skip    int // separators since
	space   bool
	odd     bool
	ring    []record
	n       int64 // records so far
	open    []open
	rec     record // the letter at hand
	held    record // a letter that may join with the next one
	heldC   uint16
	holding bool
	counted int64 // bytes whose runes are counted
	runes   int64
}

// open is a hit that something later may still take back.
type open struct {
	hit         Hit
	entry       *entry
	first, last int64 // records
	border      bool  // the end of the word has not been seen
}

func (t *track) at(n int64) *record { return &t.ring[n&int64(len(t.ring)-1)] }

// count returns the number of runes before a byte. What lies between counted and there is whole runes: a word of eight
// bytes has as many as bytes that do not continue one.
func (t *track) count(text []byte, base int64, to int) int64 {
	at := int(t.counted - base)
	for ; at+8 <= to; at += 8 {
		x := binary.LittleEndian.Uint64(text[at:])
		t.runes += int64(8 - bits.OnesCount64(x>>7&(^x>>6)&0x0101010101010101))
	}
	for ; at < to; at++ {
		if text[at]&0xC0 != 0x80 {
			t.runes++
		}
	}
	t.counted = base + int64(to)
	return t.runes
}

// scan takes a text of whole runes that begins at the byte base.
func (t *track) scan(text []byte, base int64) {
	for i := 0; ; {
		if t.how == Plain && t.st <= 0 && len(t.open) == 0 {
			i = t.skim(text, base, i)
		}
		if i == len(text) {
			break
		}
		r, size := utf8.DecodeRune(text[i:])
		t.rune(r, text, base, i, size)
		i += size
	}
	t.count(text, base, len(text))
}

// skim runs over letters that begin no match, and returns where one may.
func (t *track) skim(text []byte, base int64, i int) int {
	p, skip, space, edge := t.last, t.skip, t.space, false
	bmp, filter, shift, words, bound := t.bmp, t.filter, t.fshift&31, t.words, t.bound
	start, again, run, one := -1, 0, int32(1), t.one
loop:
	for i < len(text) {
		r, size := uint32(text[i]), 1
		if r >= 0x80 {
			if r <= 0xE0 || r >= 0xF0 || i+2 >= len(text) || text[i+1]&0xC0 != 0x80 || text[i+2]&0xC0 != 0x80 {
				break
			}
			r, size = r&0xF<<12|uint32(text[i+1]&0x3F)<<6|uint32(text[i+2]&0x3F), 3
		}
		c := bmp[r&0xFFFF]
		if c >= classExpand {
			switch c {
			case classSkip:
				if skip++; skip > bound {
					p, start = classOther, -1
				}
				space = space || r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == 0x3000
			case classDrop:
			default:
				break loop
			}
			i += size
			continue
		}
		if c <= classWord { // most of the text, if it is of another script than the keywords
			p, start, skip, space = c, -1, 0, false
			i += size
			continue
		}
		h := pairOf(p, c) * hashing >> shift
		if filter[h>>6]>>(h&63)&1 != 0 && t.pair(pairOf(p, c)) != 0 || one && t.single[c] != 0 {
			break
		}
		if c == p && (skip == 0 || c > words) {
			if start < 0 { // the letter is in the ring
				break
			}
			run++
			again = i
		} else {
			edge = c <= words && p <= words && p != 0 && skip == 0
			p, start, run = c, i, 1
		}
		skip, space = 0, false
		i += size
	}
	if start >= 0 {
		rec := t.at(t.n)
		t.n++
		*rec = record{runes: t.count(text, base, start), start: base + int64(start), run: run, edge: edge, head: true, tail: true}
		rec.runesEnd = rec.runes + 1
		if run > 1 {
			start = again
			rec.runesEnd = t.count(text, base, again) + 1
		}
		_, size := utf8.DecodeRune(text[start:])
		rec.end = base + int64(start+size)
	}
	t.last, t.skip, t.space, t.st = p, skip, space, -int32(p)
	if p <= classWord {
		t.st = 0
	}
	return i
}

// rune takes one rune.
func (t *track) rune(r rune, text []byte, base int64, i, size int) {
	runes := t.count(text, base, i)
	t.counted, t.runes = base+int64(i+size), runes+1
	c := t.classOf(r)
	if c == classDrop {
		return
	}
	rec := &t.rec
	*rec = record{start: base + int64(i), end: base + int64(i+size), runes: runes, runesEnd: runes + 1, run: 1, head: true, tail: true}
	switch {
	case c == classSkip:
		t.separator(r)
	case c >= classExpand:
		t.flush()
		list := t.expand[c-classExpand]
		if t.how != Plain {
			rec.r = t.folded(r)
			if t.how == Sound && t.skip == 0 && rec.r == t.lastR {
				return
			}
			t.lastR = rec.r
		}
		for k, c := range list {
			if t.how == Sound {
				rec.head, rec.tail = k == 0, k == len(list)-1
			}
			t.letter(c, rec)
		}
	case t.join != nil:
		rec.r = t.folded(r)
		t.component(c, rec)
	default:
		if t.how != Plain {
			rec.r = t.folded(r)
			t.lastR = 0
		}
		t.letter(c, rec)
	}
}

func (t *track) folded(r rune) rune { return t.fold.rune(r) }

// separator notes a rune that is skipped.
func (t *track) separator(r rune) {
	t.flush()
	t.skip++
	if t.how != Plain {
		t.odd = t.odd || t.fold.rune(r) >= 0
	}
	t.space = t.space || unicode.IsSpace(r)
	if t.skip > t.bound {
		t.stop()
		return
	}
	if len(t.open) > 0 {
		t.resolve(false)
		t.settle()
	}
}

// component joins a letter with the one before it when the two make a character that keywords use.
func (t *track) component(c uint16, rec *record) {
	if t.holding {
		if whole, ok := t.join[[2]rune{t.held.r, rec.r}]; ok {
			if joined := t.classOf(whole); joined > classWord && joined < classExpand {
				t.held.r, t.held.end, t.held.runesEnd, t.held.joined = whole, rec.end, rec.runesEnd, true
				t.holding = false
				t.letter(joined, &t.held)
				return
			}
		}
	}
	t.flush()
	if rec.r >= 0 && t.left[rec.r] {
		t.held, t.heldC, t.holding = *rec, c, true
		return
	}
	t.letter(c, rec)
}

// flush lets a held letter go alone.
func (t *track) flush() {
	if t.holding {
		t.holding = false
		t.letter(t.heldC, &t.held)
	}
}

// letter takes one letter.
func (t *track) letter(c uint16, rec *record) {
	gap := t.skip > 0
	word := c != 0 && c <= t.words
	if c == t.last && c > classWord && t.how != Sound && (!gap || !word) {
		top := t.at(t.n - 1)
		top.run, top.end, top.runesEnd = top.run+1, rec.end, rec.runesEnd
		t.skip, t.space, t.odd = 0, false, false
		t.emit(true)
		t.settle()
		return
	}
	rec.gap, rec.space, rec.odd = gap, t.space, t.odd
	rec.edge = word && !gap && t.last != 0 && t.last <= t.words
	t.skip, t.space, t.odd = 0, false, false
	if len(t.open) > 0 {
		t.resolve(word && !gap)
	}
	if c <= classWord {
		t.stop()
		t.last = c
		return
	}
	*t.at(t.n) = *rec
	t.n++
	t.last = c
	t.st = t.next(t.st, c)
	t.emit(false)
	t.settle()
}

// stop forgets the state: no match goes on beyond this point.
func (t *track) stop() {
	t.resolve(false)
	t.st, t.last, t.lastR, t.skip, t.space, t.odd = 0, 0, 0, 0, false, false
	t.settle()
}
