package coefficient

import (
	"bytes"
	"math/bits"
	"slices"
)

const (
	lookBits = 10 // of codes that one step decodes
	skipBits = 12 // of the window that a skipping step looks at
)

// table is a Huffman table, for decoding and encoding. What [readTable] and its like return is not changed, but for the
// counts of use, the table for skipping and the notes.
type table struct {
	counts [17]int // codes of each length; [0] is unused
	values []byte
	look   [1 << lookBits]uint16 // length << 8 | value; 0 where the code is longer
	limit  [17]int               // code behind the last one of each length
	base   [17]int               // index of a value minus its code
	codes  [256]uint32           // code << 8 | length; 0 where there is none
	used   [256]uint32           // how often each value was encoded
	skip   []uint32              // see skipper
	noted  *notes                // where long codes are noted
}

// readTable parses a table of a DHT segment and returns its length. A rule that it breaks is returned in words.
func readTable(b []byte) (t *table, n int, rule string) {
	total := 0
	var counts [17]int
	for l := 1; l <= 16; l++ {
		counts[l] = int(b[l-1])
		total += counts[l]
	}
	if total > 256 || 16+total > len(b) {
		return nil, 0, "values of all codes"
	}
	t = newTable(counts, bytes.Clone(b[16:16+total]))
	if t == nil {
		return nil, 0, "codes that fit into their lengths"
	}
	return t, 16 + total, ""
}

// newTable assigns the codes (C.2). It returns nil when there are too many of a length.
func newTable(counts [17]int, values []byte) *table {
	t := &table{counts: counts, values: values}
	code, k := 0, 0
	for l := 1; l <= 16; l++ {
		t.base[l] = k - code
		for range counts[l] {
			if code >= 1<<l {
				return nil
			}
			t.codes[values[k]] = uint32(code<<8 | l)
			if l <= lookBits {
				first := code << (lookBits - l)
				for i := range 1 << (lookBits - l) {
					t.look[first+i] = uint16(l<<8) | uint16(values[k])
				}
			}
			code++
			k++
		}
		t.limit[l] = code
		code <<= 1
	}
	return t
}

// decode returns the value and length of the code at the top of a window; length 0 when there is none.
func (t *table) decode(w uint64) (value byte, length uint) {
	if e := t.look[w>>(64-lookBits)]; e != 0 {
		return byte(e), uint(e >> 8)
	}
	for l := uint(lookBits + 1); l <= 16; l++ {
		if code := int(w >> (64 - l)); code < t.limit[l] {
			return t.values[t.base[l]+code], l
		}
	}
	return 0, 0
}

// Fields of an entry for skipping.
const (
	skipLength = 0xFF    // bits that the codes and their values take
	skipSteps  = 8       // shift of how many coefficients they stand for, one more for an end of block
	skipEnd    = 1 << 16 // an end of block
)

// skipper returns the table that measures AC codes of a sequential scan: indexed by the next bits, what all the codes
// that stand whole in them take. The values behind the last code need not stand there.
func (t *table) skipper() []uint32 {
	if t.skip != nil {
		return t.skip
	}
	skip := make([]uint32, 1<<skipBits)
	for i := range skip {
		var length, steps, end uint32
		for length < skipBits && end == 0 {
			value, l := t.decode(uint64(i) << (64 - skipBits) << length)
			if l == 0 || length+uint32(l) > skipBits {
				break
			}
			length += uint32(l) + uint32(value&15)
			switch {
			case value&15 != 0:
				steps += uint32(value>>4) + 1
			case value == 0xF0:
				steps += 16
			default:
				steps++
				end = skipEnd
			}
		}
		skip[i] = end | steps<<skipSteps | length
	}
	t.skip = skip
	return skip
}

// recount sets the counts of use to zero.
func (t *table) recount() *table {
	t.used = [256]uint32{}
	return t
}

// missing lists the values that were encoded and have no code.
func (t *table) missing() []byte {
	var list []byte
	for v, n := range t.used {
		if n > 0 && t.codes[v] == 0 {
			list = append(list, byte(v))
		}
	}
	return list
}

// extend returns a table with codes for more values in which all codes stand as before. Codes of one length are counted
// up from those of the length before (C.2), so newcomers must be the last: longer than all, or as long as the longest.
// The code of all ones stays free. It returns nil where there is no room.
func (t *table) extend(more []byte) *table {
	longest := 16
	for longest > 1 && t.counts[longest] == 0 {
		longest--
	}
	if len(t.values)+len(more) > 256 {
		return nil
	}
	for l := longest; l <= 16; l++ {
		free := (1<<longest-t.limit[longest])<<(l-longest) - 1
		if free < len(more) {
			continue
		}
		counts := t.counts
		counts[l] += len(more)
		return newTable(counts, append(bytes.Clone(t.values), more...))
	}
	return nil
}

// optimal returns the table that is best for the counts of use (K.2).
func (t *table) optimal() *table {
	var freq [257]uint64
	for i, n := range t.used {
		freq[i] = uint64(n)
	}
	freq[256] = 1 // takes the code of all ones, which stays free
	var size, next [257]int
	for i := range next {
		next[i] = -1
	}
	for {
		a, b := -1, -1 // least and second least; of equals the later
		for i, n := range freq {
			switch {
			case n == 0:
			case a < 0 || n <= freq[a]:
				a, b = i, a
			case b < 0 || n <= freq[b]:
				b = i
			}
		}
		if b < 0 {
			break
		}
		freq[a] += freq[b]
		freq[b] = 0
		for ; ; a = next[a] {
			size[a]++
			if next[a] < 0 {
				break
			}
		}
		next[a] = b
		for ; b >= 0; b = next[b] {
			size[b]++
		}
	}
	var counts [258]int
	for _, n := range size {
		counts[n]++
	}
	return newTable(shorten(counts), bySize(size))
}

// shorten brings code lengths down to 16 (Figure K.3) and takes the reserved code away.
func shorten(counts [258]int) (out [17]int) {
	for l := len(counts) - 1; l > 16; l-- {
		for counts[l] > 0 {
			k := l - 2
			for counts[k] == 0 {
				k--
			}
			counts[l] -= 2
			counts[l-1]++
			counts[k+1] += 2
			counts[k]--
		}
	}
	l := 16
	for l > 0 && counts[l] == 0 {
		l--
	}
	counts[l]--
	copy(out[1:], counts[1:17])
	return out
}

// bySize lists the values by the length of their codes.
func bySize(size [257]int) []byte {
	var values []byte
	for v, n := range size[:256] {
		if n > 0 {
			values = append(values, byte(v))
		}
	}
	slices.SortStableFunc(values, func(a, b byte) int { return size[a] - size[b] })
	return values
}

// segment returns the table as a DHT segment.
func (t *table) segment(class, id int) []byte {
	b := []byte{0xFF, markerDHT, 0, byte(19 + len(t.values)), byte(class<<4 | id)}
	if n := 19 + len(t.values); n > 255 {
		b[2], b[3] = byte(n>>8), byte(n)
	}
	for _, n := range t.counts[1:] {
		b = append(b, byte(n))
	}
	return append(b, t.values...)
}

// magnitude is how many bits the absolute value takes.
func magnitude(v int) uint {
	sign := v >> 63
	return uint(bits.Len(uint((v ^ sign) - sign)))
}
