package keyword

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// cell is one state of depth two or more. A transition on class c goes to base+c if that cell carries the label c; no two
// states have the same base, so that the label alone tells.
type cell struct {
	base  int32
	fail  int32 // a state: see automaton.next
	out   int32 // into automaton.outs; 0 is none
	label uint16
	depth uint8
}

// output is one pattern that ends at a state, and the next shorter one.
type output struct {
	pattern uint32
	next    int32
}

// automaton is Aho-Corasick over classes. A state above zero is a cell; a state -c stands for the single letter c; zero is
// the start. The first two letters are looked up in a hash table, for rows as wide as the first would tear holes into the
// double array; a filter of bits before it answers most letters of a text from the nearest cache.
type automaton struct {
	cells   []cell
	outs    []output
	single  []int32 // outputs of single letters, by class
	keys    []uint32
	states  []int32
	shift   uint8
	filter  []uint64
	fshift  uint8
	owners  []uint32 // entries, by pattern
	first   []uint32 // where the owners of a pattern begin; one more than patterns
	lengths []uint8  // letters of each pattern
	starts  []bool   // by class: whether a pattern begins with it
	longest int
}

const hashing = 0x9E3779B1

func pairOf(a, b uint16) uint32 { return uint32(a)<<16 | uint32(b) }

// maybe reports whether some pattern may begin with the two letters.
func (a *automaton) maybe(pair uint32) bool {
	h := pair * hashing >> (a.fshift & 31)
	return a.filter[h>>6]>>(h&63)&1 != 0
}

// pair returns the state after two letters, or 0.
func (a *automaton) pair(pair uint32) int32 {
	for h := pair * hashing >> (a.shift & 31); ; h++ {
		if h == uint32(len(a.keys)) {
			h = 0
		}
		switch a.keys[h] {
		case pair:
			return a.states[h]
		case 0:
			return 0
		}
	}
}

// next follows one letter from a state.
func (a *automaton) next(st int32, c uint16) int32 {
	for st > 0 {
		if t := a.cells[st].base + int32(c); a.cells[t].label == c {
			return t
		}
		st = a.cells[st].fail
	}
	if st < 0 {
		if p := pairOf(uint16(-st), c); a.maybe(p) {
			if t := a.pair(p); t != 0 {
				return t
			}
		}
	}
	return -int32(c)
}

// depth returns the number of letters that a state stands for.
func (a *automaton) depth(st int32) int {
	switch {
	case st > 0:
		return int(a.cells[st].depth)
	case st < 0:
		return 1
	}
	return 0
}

// outputs returns the outputs that end at a state.
func (a *automaton) outputs(st int32) int32 {
	if st > 0 {
		return a.cells[st].out
	}
	return a.single[-st]
}

// pattern is a keyword as classes, two bytes each, high byte first, so that bytes sort as the classes do.
type pattern struct {
	letters []byte
	owner   uint32
}

// trie is the tree of the patterns, in order of depth; the children of a node are neighbours.
type trie struct {
	label   []uint16
	first   []uint32 // first child; one more than nodes
	pattern []int32  // that ends here, or -1
	levels  []int    // where each depth begins
}

// build makes the automaton. classes is one more than the highest class in use.
func build(patterns []pattern, classes int) *automaton {
	slices.SortFunc(patterns, func(x, y pattern) int {
		if c := bytes.Compare(x.letters, y.letters); c != 0 {
			return c
		}
		return int(x.owner) - int(y.owner)
	})
	a := &automaton{single: make([]int32, classes), starts: make([]bool, classes), owners: make([]uint32, 0, len(patterns))}
	distinct := make([][]byte, 0, len(patterns))
	for i, p := range patterns {
		if i == 0 || !bytes.Equal(p.letters, patterns[i-1].letters) {
			distinct = append(distinct, p.letters)
			a.first = append(a.first, uint32(len(a.owners)))
			a.lengths = append(a.lengths, uint8(len(p.letters)/2))
		}
		a.owners = append(a.owners, p.owner)
		a.longest = max(a.longest, len(p.letters)/2)
	}
	a.first = slices.Clip(append(a.first, uint32(len(a.owners))))
	t := plant(distinct)
	pos := a.place(t, classes)
	a.hash(t, pos)
	a.link(t, pos)
	return a
}

// plant builds the tree from sorted distinct patterns, one depth after the other.
func plant(patterns [][]byte) *trie {
	type span struct{ lo, hi uint32 }
	t := &trie{label: []uint16{0}, pattern: []int32{-1}, levels: []int{0}}
	level := []span{{0, uint32(len(patterns))}}
	for depth := 0; len(level) > 0; depth++ {
		var below []span
		t.levels = append(t.levels, len(t.label))
		for _, s := range level {
			t.first = append(t.first, uint32(len(t.label)))
			for i := s.lo; i < s.hi; {
				p := patterns[i]
				if len(p) == 2*depth {
					t.pattern[len(t.first)-1] = int32(i)
					i++
					continue
				}
				c := binary.BigEndian.Uint16(p[2*depth:])
				from := i
				for i++; i < s.hi && binary.BigEndian.Uint16(patterns[i][2*depth:]) == c; i++ {
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
	bits := uint8(4)
	for 1<<bits < n+n/2+1 {
		bits++
	}
	a.shift, a.keys, a.states = 32-bits, make([]uint32, 1<<bits), make([]int32, 1<<bits)
	fbits := min(bits+3, 26)
	a.fshift, a.filter = 32-fbits, make([]uint64, 1<<(fbits-6))
	for one := t.first[0]; one < t.first[1]; one++ {
		a.starts[t.label[one]] = true
		for two := t.first[one]; two < t.first[one+1]; two++ {
			p := pairOf(t.label[one], t.label[two])
			h := p * hashing >> a.fshift
			a.filter[h>>6] |= 1 << (h & 63)
			h = p * hashing >> a.shift
			for a.keys[h] != 0 {
				if h++; h == uint32(len(a.keys)) {
					h = 0
				}
			}
			a.keys[h], a.states[h] = p, state[two]
		}
	}
}

// link sets the fail states and the chains of outputs.
func (a *automaton) link(t *trie, state []int32) {
	fail := make([]int32, len(t.label)) // nodes
	outs := make([]int32, len(t.label))
	a.outs = make([]output, 1, len(a.first))
	for n := range t.label {
		if n > 0 {
			if f := fail[n]; outs[f] != 0 {
				outs[n] = outs[f]
			}
			if t.pattern[n] >= 0 {
				a.outs = append(a.outs, output{uint32(t.pattern[n]), outs[n]})
				outs[n] = int32(len(a.outs) - 1)
			}
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

// free is the list of cells that no node has yet, in a ring through cell 0, and the bases in use.
type free struct {
	next, prev []int32 // next is -1 for a cell in use
	based      []bool
	hint       int32 // where the search goes on
	single     bool  // rows of one letter have begun
}

func newFree(n int) *free {
	f := &free{}
	f.grow(max(n, 2))
	return f
}

func (f *free) grow(n int) {
	old := len(f.next)
	f.next, f.prev, f.based = append(f.next, make([]int32, n-old)...), append(f.prev, make([]int32, n-old)...), append(f.based, make([]bool, n-old)...)
	last := f.prev[0]
	for i := max(old, 1); i < n; i++ {
		f.next[last], f.prev[i] = int32(i), last
		last = int32(i)
	}
	f.next[last], f.prev[0] = 0, last
}

func (f *free) take(i int32) {
	f.next[f.prev[i]], f.prev[f.next[i]] = f.next[i], f.prev[i]
	f.next[i] = -1
	if int(f.next[0]) == 0 {
		f.grow(len(f.next) * 5 / 4)
	}
}

// fit returns a base, new and above zero, at which all letters of a row fall on free cells.
func (f *free) fit(row []uint16) int32 {
	if len(row) == 1 && !f.single { // rows are placed widest first; the single ones begin anew and fill the holes
		f.single, f.hint = true, 0
	}
	for f.next[f.hint] < 0 {
		if f.hint++; int(f.hint) == len(f.next) {
			f.grow(len(f.next) * 5 / 4)
		}
	}
	e := f.hint
	if e == 0 {
		e = f.next[0]
	}
	for tries := 0; ; e = f.next[e] {
		if tries++; tries%64 == 0 || len(row) == 1 && e != 0 {
			f.hint = e
		}
		if e == 0 || int(e)+int(row[len(row)-1]) >= len(f.next) {
			last := f.prev[0]
			f.grow(len(f.next)*5/4 + 1<<16)
			if e == 0 {
				e = last
				continue
			}
		}
		b := e - int32(row[0])
		if b < 1 || f.based[b] {
			continue
		}
		fits := true
		for _, c := range row[1:] {
			if f.next[b+int32(c)] < 0 {
				fits = false
				break
			}
		}
		if fits {
			f.based[b] = true
			return b
		}
	}
}
