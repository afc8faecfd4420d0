package raster

import (
	"encoding/binary"
	"math/bits"
)

// inflater decodes a deflate stream (RFC 1951) that lies in memory as a whole.
type inflater struct {
	in   []byte
	next int // byte of in
	acc  uint64
	have uint // bits in acc; those behind the end are zeros
	over int  // bytes behind the end that were taken
	out  []byte
	n    int // bytes of out

	literals, distances huffman
	lengths             [320]uint8
}

// position is the bit of in that is decoded next.
func (r *inflater) position() int { return 8*(r.next+r.over) - int(r.have) }

// fill takes in at least 56 bits.
func (r *inflater) fill() {
	if r.next+8 <= len(r.in) {
		r.acc |= binary.LittleEndian.Uint64(r.in[r.next:]) << r.have
		r.next += int(63-r.have) >> 3
		r.have |= 56
		return
	}
	for r.have <= 56 {
		if r.next < len(r.in) {
			r.acc |= uint64(r.in[r.next]) << r.have
			r.next++
		} else {
			r.over++
		}
		r.have += 8
	}
}

func (r *inflater) take(n uint) int {
	if r.have < n {
		r.fill()
	}
	v := r.acc & (1<<n - 1)
	r.acc >>= n
	r.have -= n
	return int(v)
}

// stored copies a block that is not compressed, and returns where its length stands.
func (r *inflater) stored() (body int, ok bool) {
	body = (r.position() + 7) / 8
	if body+4 > len(r.in) {
		return body, false
	}
	n := int(binary.LittleEndian.Uint16(r.in[body:]))
	if n^0xFFFF != int(binary.LittleEndian.Uint16(r.in[body+2:])) {
		return body, false
	}
	from := body + 4
	whole := from+n <= len(r.in) && n <= len(r.out)-r.n
	n = copy(r.out[r.n:], r.in[from:min(from+n, len(r.in))])
	r.n += n
	r.next, r.acc, r.have, r.over = from+n, 0, 0, 0
	return body, whole
}

func (r *inflater) fixed() bool {
	for i := range 288 {
		switch {
		case i < 144:
			r.lengths[i] = 8
		case i < 256:
			r.lengths[i] = 9
		case i < 280:
			r.lengths[i] = 7
		default:
			r.lengths[i] = 8
		}
	}
	r.literals.build(r.lengths[:288])
	for i := range 32 {
		r.lengths[i] = 5
	}
	r.distances.build(r.lengths[:32])
	return r.codes()
}

// dynamic reads the code lengths of a block, then the block (3.2.7).
func (r *inflater) dynamic() bool {
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	literals, distances, count := r.take(5)+257, r.take(5)+1, r.take(4)+4
	if literals > 286 || distances > 30 {
		return false
	}
	clear(r.lengths[:])
	for _, k := range order[:count] {
		r.lengths[k] = uint8(r.take(3))
	}
	if !r.literals.build(r.lengths[:19]) {
		return false
	}
	clear(r.lengths[:19])
	for i := 0; i < literals+distances; {
		symbol := r.symbol(&r.literals)
		repeat, value := 1, uint8(0)
		switch {
		case symbol < 0:
			return false
		case symbol < 16:
			value = uint8(symbol)
		case symbol == 16:
			if i == 0 {
				return false
			}
			repeat, value = 3+r.take(2), r.lengths[i-1]
		case symbol == 17:
			repeat = 3 + r.take(3)
		default:
			repeat = 11 + r.take(7)
		}
		if i+repeat > literals+distances {
			return false
		}
		for range repeat {
			r.lengths[i] = value
			i++
		}
	}
	return r.lengths[256] > 0 && r.distances.build(r.lengths[literals:literals+distances]) && r.literals.build(r.lengths[:literals]) && r.codes()
}

// codes decodes a block's codes up to its end, or to that of out.
func (r *inflater) codes() bool {
	lengthBase := [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthBits := [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	out, n := r.out, r.n
	defer func() { r.n = n }()
	for {
		if r.over > 16 {
			return false
		}
		// 56 bits hold a length with its distance, or three literals and the code behind them.
		r.fill()
		for range 3 {
			e := r.literals.look[r.acc&(1<<lookup-1)]
			if e == 0 || e&literalMark == 0 || n == len(out) {
				break
			}
			out[n] = byte(e >> 8)
			n++
			r.acc >>= e & 15
			r.have -= uint(e & 15)
		}
		if r.have < 48 {
			r.fill()
		}
		symbol := r.symbol(&r.literals)
		if symbol < 256 {
			if symbol < 0 || n == len(out) {
				return false
			}
			out[n] = byte(symbol)
			n++
			continue
		}
		if symbol == 256 {
			return true
		}
		if symbol -= 257; symbol >= len(lengthBase) {
			return false
		}
		length := int(lengthBase[symbol]) + r.take(uint(lengthBits[symbol]))
		code := r.symbol(&r.distances)
		if code < 0 || code > 29 {
			return false
		}
		distance := code + 1
		if code > 3 {
			extra := uint(code/2 - 1)
			distance = 1 + (2+code&1)<<extra + r.take(extra)
		}
		if distance > n {
			return false
		}
		whole := length <= len(out)-n
		length = min(length, len(out)-n)
		if distance >= length {
			n += copy(out[n:n+length], out[n-distance:])
		} else {
			for range length {
				out[n] = out[n-distance]
				n++
			}
		}
		if !whole {
			return false
		}
	}
}

// lookup is how many bits of a code one step decodes.
const lookup = 11

// literalMark marks the entries of bytes.
const literalMark = 1 << 4

// huffman is a table of codes. An entry of look holds the length in its four lowest bits and the symbol from the ninth on;
// it is 0 for codes that are longer.
type huffman struct {
	look    [1 << lookup]uint32
	counts  [16]uint16
	symbols [320]uint16
}

// build assigns the codes (3.2.2) and reports whether they are a full set, or one or none.
func (h *huffman) build(lengths []uint8) bool {
	clear(h.counts[:])
	clear(h.look[:])
	for _, l := range lengths {
		h.counts[l]++
	}
	h.counts[0] = 0
	var next, index [17]int
	for l := 1; l < 16; l++ {
		next[l+1] = (next[l] + int(h.counts[l])) << 1
		index[l+1] = index[l] + int(h.counts[l])
		if next[l]+int(h.counts[l]) > 1<<l {
			return false
		}
	}
	if some := index[16]; next[16] != 1<<16 && !(some == 0 || some == 1 && h.counts[1] == 1) {
		return false
	}
	for symbol, l := range lengths {
		if l == 0 {
			continue
		}
		h.symbols[index[l]] = uint16(symbol)
		index[l]++
		code := next[l]
		next[l]++
		if l > lookup {
			continue
		}
		e := uint32(symbol)<<8 | uint32(l)
		if symbol < 256 {
			e |= literalMark
		}
		for i := int(bits.Reverse16(uint16(code)) >> (16 - l)); i < 1<<lookup; i += 1 << l {
			h.look[i] = e
		}
	}
	return true
}

// symbol decodes one, or returns -1.
func (r *inflater) symbol(h *huffman) int {
	if r.have < 15 {
		r.fill()
	}
	if e := h.look[r.acc&(1<<lookup-1)]; e != 0 {
		r.acc >>= e & 15
		r.have -= uint(e & 15)
		return int(e >> 8)
	}
	code, first, index := 0, 0, 0
	for l := uint(1); l < 16; l++ {
		code |= int(r.acc>>(l-1)) & 1
		count := int(h.counts[l])
		if code-first < count {
			r.acc >>= l
			r.have -= l
			return int(h.symbols[index+code-first])
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return -1
}
