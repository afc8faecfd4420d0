package coefficient

import (
	"cmp"
	"slices"
)

// An optimised table has no code free. Its longest codes are the rarest, so they are given anew to make room for more,
// and only where they stand the data changes by more than a shift. A survey notes those places as it comes by.

const (
	longCode = skipBits // what is longer is noted: such codes are never skipped several at once
	maxNotes = 1 << 16  // a scan that has more of them in a table is coded anew
)

// notes are the bits at which long codes of one table begin in a scan, in turn.
type notes []int

// note notes a code.
func (t *table) note(pos int, length uint) {
	if length > longCode && t.noted != nil && len(*t.noted) <= maxNotes {
		*t.noted = append(*t.noted, pos)
	}
}

// noting makes the tables of a scan's AC codes note its long codes, and returns what ends it.
func (s *scan) noting() (end func()) {
	if s.se == 0 {
		return func() {}
	}
	for _, id := range s.ta[:len(s.parts)] {
		t := s.slots[1][id]
		if s.long[id] == nil {
			s.long[id] = new(notes)
		}
		t.noted = s.long[id]
	}
	return func() {
		for _, id := range s.ta[:len(s.parts)] {
			s.slots[1][id].noted = nil
		}
	}
}

// lengthen returns a table with codes for more values in which the codes up to longCode stand as before, or nil where
// there is no room.
func (t *table) lengthen(more []byte) *table {
	counts, first := t.counts, 0
	for l := 1; l <= longCode; l++ {
		first = first<<1 + counts[l]
	}
	// first is the code behind the last short one. One code of 16 bits stays free.
	free := 1<<16 - first<<(16-longCode) - 1 - len(more)
	for l := longCode + 1; l <= 16; l++ {
		free -= counts[l] << (16 - l)
	}
	kept := counts
	for l := 15; l > longCode; l-- {
		for ; free < 0 && kept[l] > 0; kept[l]-- {
			free += 1<<(16-l) - 1
		}
	}
	if free < 0 || len(t.values)+len(more) > 256 {
		return nil
	}
	var values, last []byte
	at := 0
	for l := 1; l <= 16; l++ {
		values = append(values, t.values[at:at+kept[l]]...)
		last = append(last, t.values[at+kept[l]:at+counts[l]]...)
		at += counts[l]
	}
	kept[16] = len(t.values) + len(more)
	for _, n := range kept[1:16] {
		kept[16] -= n
	}
	return newTable(kept, append(append(values, last...), more...))
}

// move is a code that becomes another one where data is copied.
type move struct {
	pos   int // bit
	was   uint
	value uint64
	n     uint
	grown int // bits that it and those before it take more
}

// moves lists the long codes of a scan that are others in other tables. It reports false where they are not all known.
func (s *scan) moves(tables slots) ([]move, bool) {
	var list []move
	for class := range tables {
		for id, t := range tables[class] {
			old := s.slots[class][id]
			if t == nil || t.keeps(old) {
				continue
			}
			if class == 0 || s.long[id] == nil || len(*s.long[id]) > maxNotes || !t.keepsShort(old) {
				return nil, false
			}
			for _, pos := range *s.long[id] {
				value, l := old.decode(window(s.clean, pos))
				if code := t.codes[value]; code != old.codes[value] {
					list = append(list, move{pos: pos, was: l, value: uint64(code >> 8), n: uint(code & 0xFF)})
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b move) int { return cmp.Compare(a.pos, b.pos) })
	grown := 0
	for i := range list {
		grown += int(list[i].n) - int(list[i].was)
		list[i].grown = grown
	}
	return list, true
}

// keeps reports whether all codes of another table are the same in this one.
func (t *table) keeps(old *table) bool {
	return !slices.ContainsFunc(old.values, func(v byte) bool { return t.codes[v] != old.codes[v] })
}

// keepsShort reports whether all but the long ones are, and those are there.
func (t *table) keepsShort(old *table) bool {
	return !slices.ContainsFunc(old.values, func(v byte) bool {
		return t.codes[v] == 0 || t.codes[v] != old.codes[v] && old.codes[v]&0xFF <= longCode
	})
}

// copy appends bits [from, to) of a scan's data with the codes that they have now. Copies are made in turn.
func (e *encoder) copy(b []byte, from, to int) {
	for ; len(e.moves) > 0 && e.moves[0].pos < to; e.moves = e.moves[1:] {
		m := e.moves[0]
		if m.pos < from { // in what was coded anew
			continue
		}
		e.writer.copy(b, from, m.pos)
		e.put(m.value, m.n)
		from = m.pos + int(m.was)
	}
	e.writer.copy(b, from, to)
}
