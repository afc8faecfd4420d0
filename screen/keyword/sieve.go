package keyword

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// How a keyword begins is told by its first syllables where the text has characters, and by its first letters where it
// also has Latin ones: as many as it has, of the numbers below. A letter has five bits, a syllable nine.
const (
	manySyllables, fewSyllables          = 4, 3
	manyLetters, someLetters, fewLetters = 9, 6, 3

	letterBits, syllableBits = 5, 9
	syllableMask             = 1<<(manySyllables*syllableBits) - 1
	threeMask                = 1<<(fewSyllables*syllableBits) - 1
	restart                  = 12 // letters that are read again at most when the sieve takes over
)

// sieve holds how keywords begin in the sound pass.
type sieve struct {
	class     [26]uint16 // of a letter
	syllables []syllable // by class less classExpand; as numbers they count from 1
	quads     bloom      // four syllables
	trios     bloom      // three, of those that have no more
	duos      []uint64   // two; nil without any
	nines     bloom      // nine letters
	sixes     bloom      // six, of those that have fewer than nine
	threes    []uint64   // three, of those that have fewer than six; nil without any
	follow    [32]uint32 // by letter: those that follow it in some keyword
}

// syllable is a syllable in its letters, packed.
type syllable struct {
	letters uint32
	size    uint8 // 0 for one that no keyword can have
}

// bloom is a set that may hold more than was put in.
type bloom struct {
	words []uint64
	mask  uint64
}

func newBloom(keys []uint64) bloom {
	size := uint64(1)
	for 64*size < 32*uint64(len(keys)) {
		size *= 2
	}
	b := bloom{make([]uint64, size), size - 1}
	for _, key := range keys {
		hash, bits := hashed(key)
		b.words[hash&b.mask] |= bits
	}
	return b
}

func hashed(key uint64) (hash, bits uint64) {
	hash = key * 0x9E3779B97F4A7C15
	return hash >> 40, 1<<(hash>>34&63) | 1<<(hash>>28&63)
}

func (b *bloom) has(key uint64) bool {
	hash, bits := hashed(key)
	return b.words[hash&b.mask]&bits == bits
}

// exact is a set of small numbers; nil if it is empty.
func exact(keys []uint64, bits int) []uint64 {
	if len(keys) == 0 {
		return nil
	}
	set := make([]uint64, 1<<bits/64)
	for _, key := range keys {
		set[key/64] |= 1 << (key % 64)
	}
	return set
}

func in(set []uint64, key uint64) bool { return set != nil && set[key/64]>>(key%64)&1 != 0 }

// newSieve makes the sieve of patterns in letters, and of the first syllables of each.
func newSieve(patterns []pattern, syllables []syllable, beginnings []uint64) *sieve {
	var quads, trios, duos, nines, sixes, threes []uint64
	for _, key := range beginnings {
		switch {
		case key>>(fewSyllables*syllableBits) != 0:
			quads = append(quads, key)
		case key>>(2*syllableBits) != 0:
			trios = append(trios, key)
		default:
			duos = append(duos, key)
		}
	}
	for _, p := range patterns {
		n, to := fewLetters, &threes
		switch {
		case len(p.letters) >= 2*manyLetters:
			n, to = manyLetters, &nines
		case len(p.letters) >= 2*someLetters:
			n, to = someLetters, &sixes
		}
		key := uint64(0)
		for i := range n {
			key = key<<letterBits | uint64(p.letters[2*i+1])
		}
		*to = append(*to, key)
	}
	made := &sieve{syllables: syllables, quads: newBloom(quads), trios: newBloom(trios), duos: exact(duos, 2*syllableBits),
		nines: newBloom(nines), sixes: newBloom(sixes), threes: exact(threes, fewLetters*letterBits)}
	for _, p := range patterns {
		for i := 3; i < len(p.letters); i += 2 {
			made.follow[p.letters[i-2]] |= 1 << p.letters[i]
		}
	}
	return made
}

// recent is what the loop over a text knows of what came before.
type recent struct {
	syllables uint64             // the last four, if they are characters in a row
	at        [manySyllables]int // where the last begins, and those before
	last      uint16             // the class of the last, 0 for none
	rune      rune               // the last
	gap       bool               // something was skipped since
	low, high uint64             // the last letters
	heads     uint32             // bits of letters that begin a rune; the last letter is bit 0
	latin     uint32             // bits of letters that are no part of a character
	begins    [16]int
	n         int // letters so far
	run       int // of them since two that do not follow each other in any keyword
	mixed     int // letters to come until the last Latin one does not matter any more
}

// sift runs over letters with which no keyword begins, and returns from where the text has to be read with all its
// circumstances, and up to where at least.
func (t *track) sift(text []byte, base int64, i int) (from, until int) {
	t.forget(0)
	var m recent
	for i < len(text) {
		i = t.characters(text, &m, i)
		if i == len(text) {
			break
		}
		r, size := decode(text, i)
		if r == utf8.RuneError && size == 1 {
			t.sifted = base + int64(i) + 1
			return m.pending(i), i + 1
		}
		found := len(text)
		switch c := t.classOf(r); {
		case c == classSkip:
			m.gap = true
		case c == classDrop:
		case c >= classExpand:
			found = t.character(&m, c, r, i, found)
		case t.unknown(c):
			m = recent{}
		default:
			found = t.latin(&m, c, i, found)
		}
		i += size
		if found < len(text) {
			t.sifted = base + int64(found) + 1
			return m.pending(found), i
		}
	}
	t.sifted = base + int64(i)
	return m.pending(i), i
}

// characters runs over characters that neither repeat the one before nor stand near Latin letters.
func (t *track) characters(text []byte, m *recent, i int) int {
	if m.mixed > 0 || t.sieve.duos != nil {
		return i
	}
	bmp, s, known, syllables, last, at := t.bmp, t.sieve, uint16(len(t.sieve.syllables)), m.syllables, m.last, m.at
	from := i
	for end := len(text) - 4; i >= 0 && i <= end; i += 3 {
		x := binary.LittleEndian.Uint32(text[i:])
		c := bmp[uint16(x<<12|x>>2&0xFC0|x>>16&0x3F)]
		if x&0xC0C0F0 != 0x8080E0 || c-classExpand >= known || c == last || x&0xF == 0 {
			break
		}
		next := (syllables<<syllableBits | uint64(c-classExpand+1)) & syllableMask
		if s.quads.has(next) || s.trios.has(next&threeMask) {
			break
		}
		syllables, last = next, c
		at = [manySyllables]int{i, at[0], at[1], at[2]}
	}
	if i > from {
		m.syllables, m.last, m.at, m.gap = syllables, last, at, false
		m.rune, _ = decode(text, i-3)
	}
	return i
}

// character takes a character. It returns where a keyword may begin, or none.
func (t *track) character(m *recent, c uint16, r rune, i, none int) int {
	s := t.sieve
	spoken := s.syllables[c-classExpand]
	switch {
	case spoken.size == 0:
		*m = recent{}
		return none
	case c == m.last && !m.gap && t.fold.rune(r) == t.fold.rune(m.rune):
		return none
	}
	m.syllables = (m.syllables<<syllableBits | uint64(c-classExpand+1)) & syllableMask
	m.at = [manySyllables]int{i, m.at[0], m.at[1], m.at[2]}
	m.last, m.rune, m.gap = c, r, false
	found := none
	switch three := m.syllables & threeMask; {
	case m.syllables != three && s.quads.has(m.syllables):
		found = m.at[3]
	case three>>(2*syllableBits) != 0 && s.trios.has(three):
		found = m.at[2]
	case in(s.duos, three&(1<<(2*syllableBits)-1)):
		found = m.at[1]
	}
	if m.mixed > 0 {
		m.mixed -= int(spoken.size)
		found = min(found, t.push(m, spoken, 0, i, none))
	}
	return found
}

// latin takes a Latin letter. It returns where a keyword may begin, or none.
func (t *track) latin(m *recent, c uint16, i, none int) int {
	found := none
	if m.mixed <= 0 {
		m.heads, m.latin, m.n, m.run, m.low = 0, 0, 0, 0, 0
		for k := manySyllables - 2; k >= 0; k-- {
			if n := m.syllables >> (syllableBits * k) & (1<<syllableBits - 1); n != 0 {
				found = min(found, t.push(m, t.sieve.syllables[n-1], 0, m.at[k], none))
			}
		}
	}
	m.syllables, m.last, m.gap, m.mixed = 0, 0, false, manyLetters-1
	return min(found, t.push(m, syllable{uint32(c), 1}, 1, i, none))
}

// push takes letters, and returns where a keyword may begin of which they complete the first letters, or none.
func (t *track) push(m *recent, s syllable, latin uint32, i, none int) int {
	first := s.letters >> (letterBits * (s.size - 1))
	if t.sieve.follow[m.low&(1<<letterBits-1)]>>first&1 == 0 {
		m.run = 0
	}
	m.run += int(s.size)
	m.high = m.high<<(letterBits*s.size) | m.low>>(64-letterBits*s.size)
	m.low = m.low<<(letterBits*s.size) | uint64(s.letters)
	m.heads = m.heads<<s.size | 1<<(s.size-1)
	m.latin = m.latin<<s.size | latin
	m.begins[m.n%len(m.begins)] = i
	m.n += int(s.size)
	if m.run < fewLetters {
		return none
	}
	found := none
	for heads := m.complete(manyLetters, s.size); heads != 0; heads &= heads - 1 {
		if after := bits.TrailingZeros32(heads); t.sieve.nines.has(m.key(manyLetters, after)) {
			found = min(found, m.begin(manyLetters+after))
		}
	}
	for heads := m.complete(someLetters, s.size); heads != 0; heads &= heads - 1 {
		if after := bits.TrailingZeros32(heads); t.sieve.sixes.has(m.key(someLetters, after)) {
			found = min(found, m.begin(someLetters+after))
		}
	}
	if t.sieve.threes == nil {
		return found
	}
	const typed = 1<<fewLetters - 1 // so few letters are no keyword if all are typed
	for heads := m.complete(fewLetters, s.size); heads != 0; heads &= heads - 1 {
		if after := bits.TrailingZeros32(heads); m.latin>>after&typed != typed && in(t.sieve.threes, m.key(fewLetters, after)) {
			found = min(found, m.begin(fewLetters+after))
		}
	}
	return found
}

// complete returns the letters, as bits from the last, of which the n-th is one of the last: each begins a rune.
func (m *recent) complete(n int, size uint8) uint32 {
	return m.heads & (1<<m.run - 1) >> (n - 1) & (1<<size - 1)
}

// key returns n letters, with so many after them.
func (m *recent) key(n, after int) uint64 {
	return (m.low>>(letterBits*after) | m.high<<(64-letterBits*after)) & (1<<(letterBits*n) - 1)
}

// begin returns where the letter stands that is the n-th from the end.
func (m *recent) begin(n int) int { return m.begins[(m.n-n)%len(m.begins)] }

// pending returns where the first letter stands with which a keyword may still begin when the text goes on.
func (m *recent) pending(end int) int {
	from := end
	for k := range manySyllables - 1 {
		if m.syllables>>(syllableBits*k)&(1<<syllableBits-1) != 0 {
			from = min(from, m.at[k])
		}
	}
	if heads := m.heads & (1<<(manyLetters-1) - 1); m.mixed > 0 && heads != 0 {
		from = min(from, m.begin(bits.Len32(heads)))
	}
	return from
}

// idle reports whether nothing is known that may become a hit, but for letters that the sieve has not judged. The track
// then stands before these.
func (t *track) idle() bool {
	n := t.n - int64(t.depth(t.st))
	for n < t.n && !t.at(n).head {
		n++
	}
	if n == t.n {
		return true
	}
	rec := t.at(n)
	if rec.start < t.sifted || t.n-n > restart {
		return false
	}
	t.counted, t.runes = rec.start, rec.runes
	return true
}
