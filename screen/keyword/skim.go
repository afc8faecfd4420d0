package keyword

import (
	"encoding/binary"
	"unicode/utf8"
)

// spot is where a letter begins.
type spot struct {
	i      int
	within bool // within a word, of a script with word borders
}

// fast is what the innermost loop needs.
type fast struct {
	bmp     *[1 << 16]uint16
	filter  []uint64
	mask    uint32
	word    uint16
	bound   int
	foreign [256]bool // by byte: separators, and letters that no keyword has of scripts with word borders
}

// place is where the fast loop stands.
type place struct {
	i    int
	st   int32  // as track.st
	last uint16 // class of the letter before
	skip int    // separators since
	at   spot   // of the letter before
	n    int    // letters so far
}

// skim runs over letters with which no keyword ends, and returns from where the text has to be read with all its
// circumstances, and up to where at least.
func (t *track) skim(text []byte, entry int) (from, until int) {
	p := place{i: entry, st: t.st, last: t.last, skip: t.skip, at: spot{i: entry}}
	for p.i < len(text) {
		if p.st <= 0 {
			i, last, skip, at := glide(text, p.i, &t.fast, p.last, p.skip)
			if at >= 0 {
				p.step(&t.spots, -int32(last), last, spot{i: at})
			}
			p.i, p.skip = i, skip
			if p.i == len(text) {
				break
			}
			if t.spell(text, &p) {
				continue
			}
		}
		c, size := t.unit(text, p.i)
		switch {
		case c == classBail:
			return t.leave(&p), p.i + size
		case c == classDrop:
		case c == classSkip:
			if p.skip++; p.skip > t.bound {
				p.step(&t.spots, 0, classOther, spot{i: p.i + size})
			}
		case t.unknown(c):
			p.step(&t.spots, 0, c, spot{i: p.i})
		case c == p.last && (p.skip == 0 || c < t.word):
			if p.n == 0 {
				return entry, p.i + size
			}
			p.skip = 0
		default:
			st := -int32(c)
			if p.st > 0 || !p.at.within || t.inner[p.last] {
				st = t.next(p.st, c)
			}
			if t.outputs(st) != 0 || t.depth(st) > p.n+1 {
				return t.leave(&p), p.i + size
			}
			p.step(&t.spots, st, c, spot{p.i, c >= t.word && p.last >= t.word && p.skip == 0})
		}
		p.i += size
	}
	return t.leave(&p), p.i
}

// step passes over a letter.
func (p *place) step(spots *[MaxLetters]spot, st int32, c uint16, at spot) {
	spots[p.n%MaxLetters] = at
	p.st, p.last, p.skip, p.at = st, c, 0, at
	p.n++
}

// leave puts the track where the text is read again.
func (t *track) leave(p *place) int {
	if p.n == 0 {
		return p.at.i
	}
	at := t.spots[(p.n-max(t.depth(p.st), 1))%MaxLetters]
	t.forget(classOther)
	if at.within {
		t.last = t.word
	}
	return at.i
}

// glide is the innermost loop: it runs over runes of three bytes, over separators, and over ASCII that no keyword has, as
// long as no match begins. It returns where it stands, the letter before, the separators since and where that letter
// begins; -1 is none.
func glide(text []byte, i int, f *fast, last uint16, skip int) (int, uint16, int, int) {
	bmp, filter, mask, word, at := f.bmp, f.filter, f.mask, f.word, -1
	for end := len(text) - 4; i >= 0 && i <= end; {
		x := binary.LittleEndian.Uint32(text[i:])
		c, size := bmp[x&0x7F], 1
		if x&0x80 != 0 {
			if c, size = bmp[uint16(x<<12|x>>2&0xFC0|x>>16&0x3F)], 3; x&0xC0C0F0 != 0x8080E0 || x&0xF == 0 {
				break
			}
			if c < word || c < classExpand && last < word {
				if bit := (uint32(last)*hashing + uint32(c)) & mask; filter[bit>>6]>>(bit&63)&1 != 0 {
					break
				}
				last, skip, at = c, 0, i
				i += 3
				continue
			}
		}
		switch c {
		case word:
			last, skip, at = c, 0, i
			if i += size; size == 1 && f.foreign[text[i]] {
				for i++; i <= end && f.foreign[text[i]]; i++ {
				}
				if at = i - 1; bmp[text[at]] != word {
					last, at = classOther, i
				}
			}
			continue
		case classSkip:
			if skip++; skip > f.bound {
				last, skip, at = classOther, 0, i+size
			}
		default:
			return i, last, skip, at
		}
		i += size
	}
	return i, last, skip, at
}

// spell runs over ASCII that is words, as long as no match begins, and reports whether there was any.
func (t *track) spell(text []byte, p *place) bool {
	i, last, at, skip, n := p.i, p.last, p.at, p.skip, 0
	for ; i < len(text) && text[i] < utf8.RuneSelf; i++ {
		c := t.bmp[text[i]]
		if c == classSkip && skip < t.bound {
			skip++
			continue
		}
		within := skip == 0 && last >= t.word
		if c < t.word || c >= classExpand || t.single[c] != 0 || (!within || !at.within || t.inner[last]) && t.maybe(last, c) {
			break
		}
		last, at, skip = c, spot{i, within}, 0
		n++
	}
	if n > 0 {
		p.step(&t.spots, -int32(last), last, at)
		p.i, p.skip = i, skip
	}
	return n > 0
}

// unit returns the class of the letter at a byte and its size, with that of the next if they are two components of it.
func (t *track) unit(text []byte, i int) (c uint16, size int) {
	r, size := decode(text, i)
	if r == utf8.RuneError && size == 1 {
		return classBail, 1
	}
	c = t.classOf(r)
	if c < classExpand || c >= classBail {
		return c, size
	}
	if t.how != Loose {
		return classBail, size
	}
	for j := i + size; j < len(text); {
		r, n := decode(text, j)
		if next := t.classOf(r); next != classDrop {
			if whole := t.joints.of(c, t.fold.rune(r)); whole != 0 && next != classSkip {
				return whole, j + n - i
			}
			return t.parts[c-classExpand], size
		}
		j += n
	}
	return classBail, size // what follows is in the next chunk
}
