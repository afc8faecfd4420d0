package keyword

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// record is one letter of the text, with all its repeats.
type record struct {
	start, end       int64 // bytes
	runes, runesEnd  int64
	r                rune // folded
	run              int32
	class            uint16
	gap, space, edge bool // what stood before it: a separator, white space, a letter of the same word
	head, tail       bool // it is the first, the last, letter of its rune
	spoken           bool // its rune is a character, read as a syllable
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
	part    uint16 // its class
	holding bool
	counted int64 // bytes whose runes are counted
	runes   int64
	sifted  int64            // the sieve has judged the letters before this byte
	spots   [MaxLetters]spot // of the letters that the fast loop passed over last
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

// scan takes a text of whole runes that begins at the byte base. Where no match can begin, a fast loop passes over the
// text; it returns from where, and up to where at least, each rune has to be read with all its circumstances.
func (t *track) scan(text []byte, base int64) {
	for i, until := 0, 0; ; {
		if i >= until && len(t.open) == 0 && !t.holding {
			switch {
			case t.sieve == nil && t.st <= 0:
				i, until = t.skim(text, i)
			case t.sieve != nil && t.idle():
				i, until = t.sift(text, base, int(t.counted-base))
			}
		}
		if i == len(text) {
			break
		}
		r, size := decode(text, i)
		t.rune(r, text, base, i, size)
		i += size
	}
	t.count(text, base, len(text))
	t.sifted = t.counted
}

// decode returns the rune at a byte.
func decode(text []byte, i int) (rune, int) {
	if b := text[i]; b < utf8.RuneSelf {
		return rune(b), 1
	}
	return utf8.DecodeRune(text[i:])
}

// forget leaves nothing of what was read but a letter before.
func (t *track) forget(last uint16) {
	t.st, t.last, t.lastR, t.skip, t.space, t.odd = 0, last, 0, 0, false, false
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
	if t.how != Plain {
		rec.r = t.fold.rune(r)
	}
	switch {
	case c == classSkip:
		t.separator(r)
	case t.how == Loose:
		t.component(c, rec)
	case c < classExpand:
		t.lastR = 0
		t.letter(c, rec)
	case t.how == Plain:
		for _, c := range t.expand[c-classExpand] {
			t.letter(c, rec)
		}
	case t.skip > 0 || rec.r != t.lastR:
		t.lastR, rec.spoken = rec.r, true
		list := t.expand[c-classExpand]
		for k, c := range list {
			rec.head, rec.tail = k == 0, k == len(list)-1
			t.letter(c, rec)
		}
	}
}

// separator notes a rune that is skipped.
func (t *track) separator(r rune) {
	t.flush()
	t.skip++
	t.odd = t.odd || t.how != Plain && t.rec.r >= 0
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
		if whole := t.joints.of(t.part, rec.r); whole != 0 {
			t.held.end, t.held.runesEnd, t.held.joined = rec.end, rec.runesEnd, true
			t.holding = false
			t.letter(whole, &t.held)
			return
		}
		t.flush()
	}
	if c >= classExpand {
		t.held, t.part, t.holding = *rec, c, true
		return
	}
	t.letter(c, rec)
}

// flush lets a held letter go alone.
func (t *track) flush() {
	if t.holding {
		t.holding = false
		t.letter(t.parts[t.part-classExpand], &t.held)
	}
}

// letter takes one letter.
func (t *track) letter(c uint16, rec *record) {
	gap := t.skip > 0
	word := c >= t.word
	if c == t.last && !t.unknown(c) && t.how != Sound && (!gap || !word) {
		top := t.at(t.n - 1)
		top.run, top.end, top.runesEnd = top.run+1, rec.end, rec.runesEnd
		t.skip, t.space, t.odd = 0, false, false
		t.emit(true)
		t.settle()
		return
	}
	rec.gap, rec.space, rec.odd, rec.class = gap, t.space, t.odd, c
	rec.edge = word && !gap && t.last >= t.word
	t.skip, t.space, t.odd = 0, false, false
	if len(t.open) > 0 {
		t.resolve(word && !gap)
	}
	if t.unknown(c) {
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
	t.forget(0)
	t.settle()
}
