package keyword

// cell is one state of depth two or more. A transition on class c goes to base+c if that cell carries the label c; no two
// states have the same base, so that the label alone tells.
type cell struct {
	base  int32
	fail  int32 // a state: see automaton.next
	out   int32 // into automaton.outs; 0 is none
	label uint16
	depth uint8
}

// output is one keyword that ends at a state, and the next one there, of as many letters or fewer.
type output struct {
	owner   uint32 // entry
	next    int32
	letters uint8
}

// start is the state after the first two letters of a pattern.
type start struct {
	pair  uint32 // 0 is none
	state int32
}

// automaton is Aho-Corasick over classes. A state above zero is a cell; a state -c stands for the single letter c; zero is
// the start. The first two letters are looked up in a hash table, for rows as wide as the first would tear holes into the
// double array; a filter of bits before it answers most letters of a text from the nearest cache.
type automaton struct {
	cells   []cell
	outs    []output
	single  []int32 // outputs of single letters, by class
	table   []start // open addressing
	shift   uint8
	filter  []uint64
	mask    uint32
	starts  []bool // by class: whether a pattern begins with it
	inner   []bool // by class: whether one does that may begin within a word
	longest int
}

const hashing = 0x9E3779B1

func pairOf(a, b uint16) uint32 { return uint32(a)<<16 | uint32(b) }

// bit returns where in the filter a pair of letters has its bit.
func (a *automaton) bit(p, c uint16) uint32 { return (uint32(p)*hashing + uint32(c)) & a.mask }

// maybe reports whether a match may begin with two letters.
func (a *automaton) maybe(p, c uint16) bool {
	at := a.bit(p, c)
	return a.filter[at>>6]>>(at&63)&1 != 0
}

// pair returns the state after two letters, or 0.
func (a *automaton) pair(p, c uint16) int32 {
	if !a.maybe(p, c) {
		return 0
	}
	pair := pairOf(p, c)
	for h := pair * hashing >> (a.shift & 31); ; h++ {
		if h == uint32(len(a.table)) {
			h = 0
		}
		switch s := a.table[h]; s.pair {
		case pair:
			return s.state
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
		if t := a.pair(uint16(-st), c); t != 0 {
			return t
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
