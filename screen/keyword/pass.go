package keyword

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

// Classes with a meaning of their own. Letters are numbered from 1, those of scripts with word borders last: the number
// before theirs, pass.word, is for letters of such scripts that no keyword has.
const (
	classOther  = 0      // a letter that no keyword has, which ends every match
	classExpand = 0xE000 // and up: an index into pass.expand, or in the loose pass into pass.parts
	classBail   = 0xFFFD // not a character: half a surrogate pair
	classDrop   = 0xFFFE
	classSkip   = 0xFFFF
)

// pass is one automaton and how text is turned into its letters.
type pass struct {
	*automaton
	fast
	how    How
	pages  []uint16 // of each 256 runes above the BMP: where in astral they begin
	astral []uint16
	expand [][]uint16
	fold   *folding
	parts  []uint16 // in the loose pass: the classes of left components
	joints joints
	sieve  *sieve // in the sound pass
}

var errAlphabet = errors.New("too many different letters")

// alphabet numbers the letters of patterns.
type alphabet struct {
	class []uint16 // by folded rune
	word  uint16
	size  int
}

// number gives each rune of a set its class.
func number(set map[rune]bool) (*alphabet, error) {
	if len(set) >= classExpand-2 {
		return nil, errAlphabet
	}
	a := &alphabet{class: make([]uint16, foldedRunes), size: len(set) + 2}
	next := uint16(classOther + 1)
	for _, word := range []bool{false, true} {
		if word {
			a.word = next
			next++
		}
		for r := range rune(foldedRunes) {
			switch {
			case isWord(r) != word:
			case set[r]:
				a.class[r] = next
				next++
			case word:
				a.class[r] = a.word
			}
		}
	}
	return a, nil
}

func (a *alphabet) of(r rune) uint16 { return a.class[r] }

// unknown reports whether no keyword has letters of a class.
func (p *pass) unknown(c uint16) bool { return c == classOther || c == p.word }

// spread fills the tables from what class gives for each rune; most pages above the BMP are alike and stored once.
func (p *pass) spread(class func(rune) uint16) {
	p.bmp = new([1 << 16]uint16)
	for r := range p.bmp {
		p.bmp[r] = class(rune(r))
		if r >= 0xD800 && r < 0xE000 {
			p.bmp[r] = classBail
		}
	}
	for b := range p.foreign {
		p.foreign[b] = b < utf8.RuneSelf && (p.bmp[b] == p.word || p.bmp[b] == classSkip)
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
