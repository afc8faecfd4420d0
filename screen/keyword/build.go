package keyword

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// pattern is a keyword as classes, two bytes each, high byte first, so that bytes sort as the classes do.
type pattern struct {
	letters []byte
	owner   uint32
}

// sparse is how many bits the filter has for each pair of letters, at least.
const sparse = 64

// trie is the tree of the patterns, in order of depth; the children of a node are neighbours.
type trie struct {
	label   []uint16
	first   []uint32 // first child; one more than nodes
	pattern []int32  // the first that ends here, or -1
	levels  []int    // where each depth begins
}

// sorted sorts patterns, and takes away what an entry has twice.
func sorted(patterns []pattern) []pattern {
	slices.SortFunc(patterns, func(x, y pattern) int {
		return cmp.Or(bytes.Compare(x.letters, y.letters), cmp.Compare(x.owner, y.owner))
	})
	return slices.CompactFunc(patterns, func(x, y pattern) bool { return x.owner == y.owner && bytes.Equal(x.letters, y.letters) })
}

// build makes the automaton of sorted patterns. classes is one more than the highest class in use.
func build(patterns []pattern, classes int) *automaton {
	a := &automaton{single: make([]int32, classes), starts: make([]bool, classes), inner: make([]bool, classes)}
	for _, p := range patterns {
		a.longest = max(a.longest, len(p.letters)/2)
	}
	t := plant(patterns)
	state := a.place(t, classes)
	a.hash(t, state)
	a.link(t, state, patterns)
	return a
}

// plant builds the tree from sorted patterns, one depth after the other.
func plant(patterns []pattern) *trie {
	type span struct{ lo, hi uint32 }
	t := &trie{label: []uint16{0}, pattern: []int32{-1}, levels: []int{0}}
	level := []span{{0, uint32(len(patterns))}}
	for depth := 0; len(level) > 0; depth++ {
		var below []span
		t.levels = append(t.levels, len(t.label))
		for _, s := range level {
			t.first = append(t.first, uint32(len(t.label)))
			for i := s.lo; i < s.hi; {
				p := patterns[i].letters
				if len(p) == 2*depth {
					if i == s.lo {
						t.pattern[len(t.first)-1] = int32(i)
					}
					i++
					continue
				}
				c := binary.BigEndian.Uint16(p[2*depth:])
				from := i
				for i++; i < s.hi && binary.BigEndian.Uint16(patterns[i].letters[2*depth:]) == c; i++ {
				}
				t.label = append(t.label, c)
				t.pattern = append(t.pattern, -1)
				below = append(below, span{from, i})
			}
		}
		level = below
	}
	t.first = append(t.first, uint32(len(t.label)))
	return t
}

// child returns the child of a node by a label, or 0.
func (t *trie) child(node int, c uint16) int {
	lo, hi := int(t.first[node]), int(t.first[node+1])
	if i, ok := slices.BinarySearch(t.label[lo:hi], c); ok {
		return lo + i
	}
	return 0
}

// place finds a cell for each node of depth two and more, and returns the state of every node.
func (a *automaton) place(t *trie, classes int) []int32 {
	f := newFree(len(t.label) + 4*classes)
	for i := int32(1); int(i) <= classes; i++ {
		f.take(i) // no row with a high label could use them, and all rows would try
	}
	state := make([]int32, len(t.label))
	bases := make([]int32, len(t.label))
	two := len(t.label)
	if len(t.levels) > 2 {
		two = t.levels[2]
	}
	order := make([]int32, 0, len(t.label)-two)
	for n := two; n < len(t.label); n++ {
		if t.first[n+1] > t.first[n] {
			order = append(order, int32(n))
		}
	}
	width := func(n int32) int { return int(t.first[n+1] - t.first[n]) }
	slices.SortStableFunc(order, func(x, y int32) int { return width(y) - width(x) })
	for _, n := range order {
		row := t.label[t.first[n]:t.first[n+1]]
		b := f.fit(row)
		bases[n] = b
		for i, c := range row {
			f.take(b + int32(c))
			state[int(t.first[n])+i] = b + int32(c)
		}
	}
	third := len(t.label)
	if len(t.levels) > 3 {
		third = t.levels[3]
	}
	for n := two; n < third; n++ { // depth two is reached by hash, so any cell does
		state[n] = f.next[0]
		f.take(state[n])
	}
	for n := 1; n < two; n++ {
		state[n] = -int32(t.label[n])
	}
	top := 0
	for _, s := range state {
		top = max(top, int(s)+1)
	}
	for _, b := range bases {
		top = max(top, int(b))
	}
	a.cells = make([]cell, top+classes)
	for i := range a.cells {
		a.cells[i].base = int32(top) // the end carries no labels
	}
	depth := 1
	for n := 1; n < len(t.label); n++ {
		for depth+1 < len(t.levels) && n >= t.levels[depth+1] {
			depth++
		}
		if depth < 2 {
			continue
		}
		c := &a.cells[state[n]]
		c.depth = uint8(depth)
		if depth > 2 {
			c.label = t.label[n]
		}
		if bases[n] != 0 {
			c.base = bases[n]
		}
	}
	return state
}

// hash fills the table and the filter of the first two letters.
func (a *automaton) hash(t *trie, state []int32) {
	n := 0
	if len(t.levels) > 2 {
		n = len(t.label) - t.levels[2]
		if len(t.levels) > 3 {
			n = t.levels[3] - t.levels[2]
		}
	}
	size := uint8(4)
	for 1<<size < n+n/2+1 {
		size++
	}
	bits := 64
	for bits < sparse*n {
		bits *= 2
	}
	a.filter, a.mask = make([]uint64, bits/64), uint32(bits-1)
	a.shift, a.table = 32-size, make([]start, 1<<size)
	for one := t.first[0]; one < t.first[1]; one++ {
		p := t.label[one]
		a.starts[p] = true
		for two := t.first[one]; two < t.first[one+1]; two++ {
			c := t.label[two]
			a.set(p, c)
			h := pairOf(p, c) * hashing >> a.shift
			for a.table[h].pair != 0 {
				if h++; h == uint32(len(a.table)) {
					h = 0
				}
			}
			a.table[h] = start{pairOf(p, c), state[two]}
		}
	}
}

func (a *automaton) set(p, c uint16) {
	at := a.bit(p, c)
	a.filter[at>>6] |= 1 << (at & 63)
}

// mark has the filter tell repeats and keywords of one letter too, so that the fast loop stops at them.
func (a *automaton) mark(word uint16) {
	for c := range uint16(len(a.single)) {
		if c == classOther || c == word {
			continue
		}
		a.set(c, c)
		for p := 0; p < len(a.single) && a.single[c] != 0; p++ {
			a.set(uint16(p), c)
		}
	}
}

// link sets the fail states and the chains of outputs.
func (a *automaton) link(t *trie, state []int32, patterns []pattern) {
	fail := make([]int32, len(t.label)) // nodes
	outs := make([]int32, len(t.label))
	a.outs = make([]output, 1, len(patterns)+1)
	for n := range t.label {
		if n > 0 {
			outs[n] = a.output(outs[fail[n]], t.pattern[n], patterns)
			if s := state[n]; s > 0 {
				a.cells[s].out, a.cells[s].fail = outs[n], state[fail[n]]
				if fail[n] == 0 { // the last letter alone is always a state
					a.cells[s].fail = -int32(t.label[n])
				}
			} else {
				a.single[-s] = outs[n]
			}
		}
		for k := t.first[n]; k < t.first[n+1] && n > 0; k++ {
			c := t.label[k]
			for f := int(fail[n]); ; f = int(fail[f]) {
				if x := t.child(f, c); x != 0 {
					fail[k] = int32(x)
					break
				}
				if f == 0 {
					break
				}
			}
		}
	}
}

// output adds the keywords of one pattern before those of a shorter one.
func (a *automaton) output(shorter, first int32, patterns []pattern) int32 {
	if first < 0 {
		return shorter
	}
	letters := patterns[first].letters
	for last := int(first); last < len(patterns) && bytes.Equal(patterns[last].letters, letters); last++ {
		a.outs = append(a.outs, output{patterns[last].owner, shorter, uint8(len(letters) / 2)})
		shorter = int32(len(a.outs) - 1)
	}
	return shorter
}
