package keyword

// joint is two components, packed, and the class of the character that they make.
type joint struct {
	parts uint32 // 0 is none
	class uint16
}

// joints is a hash table, with open addressing, of the components that make characters of keywords.
type joints struct {
	table []joint
	shift uint8
}

func jointOf(left uint16, right rune) uint32 { return uint32(left-classExpand+1)<<18 | uint32(right) }

func newJoints(list []joint) joints {
	size := uint8(4)
	for 1<<size < 2*len(list) {
		size++
	}
	j := joints{make([]joint, 1<<size), 32 - size}
	for _, x := range list {
		h := x.parts * hashing >> j.shift
		for j.table[h].parts != 0 {
			h = (h + 1) & uint32(len(j.table)-1)
		}
		j.table[h] = x
	}
	return j
}

// of returns the class that a left component, by its class, makes with a folded rune, or 0.
func (j *joints) of(left uint16, right rune) uint16 {
	if right < 0 {
		return 0
	}
	parts := jointOf(left, right)
	for h := parts * hashing >> (j.shift & 31); ; h = (h + 1) & uint32(len(j.table)-1) {
		switch x := j.table[h]; x.parts {
		case parts:
			return x.class
		case 0:
			return 0
		}
	}
}
