package sound

import (
	"encoding/binary"
	"math/bits"

	"github.com/colophon-project/colophon/internal/media"
)

// flacHeader is the header of one FLAC frame (RFC 9639, 9.1).
type flacHeader struct {
	variable bool  // numbered by sample, not by frame
	block    int   // samples in each channel
	rate     int   // hertz; zero means as in STREAMINFO
	assigned int   // channel assignment: 0 to 7 independent, 8 to 10 stereo differences
	bits     int   // of a sample; zero means as in STREAMINFO
	number   int64 // of the frame or of its first sample
	tail     []byte
	size     int // of the header with its CRC-8, in bytes
}

// readFlacHeader reads a frame header at the beginning of b, and false when none stands there. b may be longer.
func readFlacHeader(b []byte) (h flacHeader, ok bool) {
	if len(b) < 6 || b[0] != 0xFF || b[1]&0xFE != 0xF8 || b[3]&1 != 0 {
		return h, false
	}
	h.variable = b[1]&1 == 1
	blockCode, rateCode := b[2]>>4, b[2]&15
	h.assigned = int(b[3] >> 4)
	sizeCode := b[3] >> 1 & 7
	if blockCode == 0 || rateCode == 15 || h.assigned > 10 || sizeCode == 3 {
		return h, false
	}
	h.bits = [...]int{0, 8, 12, 0, 16, 20, 24, 32}[sizeCode]
	n := 0
	h.number, n = readNumber(b[4:])
	if n == 0 {
		return h, false
	}
	at := 4 + n
	from := at
	take := func(n int) int {
		v := 0
		for range n {
			if at < len(b) {
				v = v<<8 | int(b[at])
			}
			at++
		}
		return v
	}
	switch {
	case blockCode == 1:
		h.block = 192
	case blockCode <= 5:
		h.block = 576 << (blockCode - 2)
	case blockCode == 6:
		h.block = take(1) + 1
	case blockCode == 7:
		h.block = take(2) + 1
	default:
		h.block = 256 << (blockCode - 8)
	}
	switch rateCode {
	case 12:
		h.rate = take(1) * 1000
	case 13:
		h.rate = take(2)
	case 14:
		h.rate = take(2) * 10
	default:
		h.rate = [...]int{0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000}[rateCode]
	}
	h.size = at + 1
	if h.size > len(b) || crc8(b[:at]) != b[at] {
		return h, false
	}
	h.tail = b[from:at]
	return h, true
}

// renumbered is a frame's header with another number, CRC-8 included. b begins with the old header.
func (h flacHeader) renumbered(out, b []byte, number int64) []byte {
	from := len(out)
	out = append(out, b[:4]...)
	out = appendNumber(out, number)
	out = append(out, h.tail...)
	return append(out, crc8(out[from:]))
}

// readNumber reads the extended UTF-8 form of up to 36 bits, and its length; length zero is an error.
func readNumber(b []byte) (int64, int) {
	ones := bits.LeadingZeros8(^b[0])
	switch {
	case ones == 0:
		return int64(b[0]), 1
	case ones == 1 || ones == 8 || ones > len(b):
		return 0, 0
	}
	v := int64(b[0]) & (0x7F >> ones)
	for _, c := range b[1:ones] {
		if c&0xC0 != 0x80 {
			return 0, 0
		}
		v = v<<6 | int64(c&0x3F)
	}
	return v, ones
}

func appendNumber(out []byte, v int64) []byte {
	if v < 0x80 {
		return append(out, byte(v))
	}
	n := numberSize(v)
	out = append(out, byte(uint(0xFF00)>>n)|byte(v>>(6*(n-1))))
	for i := n - 2; i >= 0; i-- {
		out = append(out, 0x80|byte(v>>(6*i))&0x3F)
	}
	return out
}

// numberSize is how many bytes a number takes.
func numberSize(v int64) int {
	if v < 0x80 {
		return 1
	}
	return (bits.Len64(uint64(v)) + 3) / 5
}

// crc8 is the CRC of a frame header: polynomial 0x07.
func crc8(b []byte) byte {
	c := byte(0)
	for _, v := range b {
		c ^= v
		for range 8 {
			c = c<<1 ^ 0x07&-(c>>7)
		}
	}
	return c
}

// crc16 continues the CRC of a frame: polynomial 0x8005, from the table.
func crc16(c uint16, b []byte) uint16 {
	for _, v := range b {
		c = c<<8 ^ crc16Table[byte(c>>8)^v]
	}
	return c
}

var crc16Table = makeCRC16()

func makeCRC16() (table [256]uint16) {
	for i := range table {
		c := uint16(i) << 8
		for range 8 {
			c = c<<1 ^ 0x8005&-(c>>15)
		}
		table[i] = c
	}
	return table
}

// bitReader reads big-endian bits. Past the end it gives zeros and remembers.
type bitReader struct {
	b    []byte
	at   int    // next byte
	acc  uint64 // bits that wait, at the top
	have int
	over bool
}

func (r *bitReader) fill() {
	for r.have <= 56 {
		if r.at < len(r.b) {
			r.acc |= uint64(r.b[r.at]) << (56 - r.have)
		}
		r.over = r.over || r.at > len(r.b)+16
		r.at++
		r.have += 8
	}
}

// take reads up to 56 bits.
func (r *bitReader) take(n int) uint64 {
	if r.have < n {
		r.fill()
	}
	v := r.acc >> 1 >> (63 - n)
	r.acc <<= n
	r.have -= n
	return v
}

func (r *bitReader) signed(n int) int64 {
	if n == 0 {
		return 0
	}
	return int64(r.take(n)<<(64-n)) >> (64 - n)
}

// zeros counts zeros up to the next one, which it takes too.
func (r *bitReader) zeros() int {
	n := 0
	for {
		if r.have < 1 {
			r.fill()
		}
		z := bits.LeadingZeros64(r.acc)
		if z < r.have {
			r.acc <<= z + 1
			r.have -= z + 1
			return n + z
		}
		n += r.have
		r.acc, r.have = 0, 0
		if r.over || n > 1<<26 {
			r.over = true
			return n
		}
	}
}

// decodeFlac decodes one frame, whose CRC was checked, into out: one slice of h.block samples for each channel.
func decodeFlac(b []byte, h flacHeader, depth int, out [][]int64) error {
	r := &bitReader{b: b[:len(b)-2], at: h.size}
	for c := range out {
		wide := depth
		if h.assigned == 8 && c == 1 || h.assigned == 9 && c == 0 || h.assigned == 10 && c == 1 {
			wide++
		}
		if err := r.subframe(out[c][:h.block], wide); err != nil {
			return err
		}
	}
	if r.over || 8*r.at-r.have > 8*len(r.b) {
		return malformedFrame("a frame that ends where its samples do")
	}
	if h.assigned < 8 {
		return nil
	}
	left, right := out[0], out[1]
	for i := range h.block {
		a, b := left[i], right[i]
		switch h.assigned {
		case 8:
			right[i] = a - b
		case 9:
			left[i] = a + b
		default:
			a = a<<1 | b&1
			left[i], right[i] = (a+b)>>1, (a-b)>>1
		}
	}
	return nil
}

func malformedFrame(rule string) error { return media.Malformed("FLAC frame", -1, rule) }

func (r *bitReader) subframe(out []int64, depth int) error {
	head := int(r.take(8))
	kind, wasted := head>>1, 0
	if head&1 == 1 {
		wasted = r.zeros() + 1
		depth -= wasted
	}
	if depth < 1 || depth > 33 || kind >= 64 || wasted > 32 {
		return malformedFrame("a subframe header of RFC 9639")
	}
	switch {
	case kind == 0:
		v := r.signed(depth)
		for i := range out {
			out[i] = v
		}
	case kind == 1:
		for i := range out {
			out[i] = r.signed(depth)
		}
	case kind >= 8 && kind <= 12:
		order := kind - 8
		coefs := [...][]int64{{}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}}[order]
		if err := r.predicted(out, order, depth, func() ([]int64, uint) { return coefs, 0 }); err != nil {
			return err
		}
	case kind >= 32:
		order := kind - 31
		err := r.predicted(out, order, depth, func() ([]int64, uint) {
			precision := int(r.take(4)) + 1
			shift := r.signed(5)
			coefs := make([]int64, order)
			for i := range coefs {
				coefs[i] = r.signed(precision)
			}
			if precision == 16 || shift < 0 {
				r.over = true
			}
			return coefs, uint(max(shift, 0))
		})
		if err != nil {
			return err
		}
	default:
		return malformedFrame("a subframe type of RFC 9639")
	}
	if wasted > 0 {
		for i := range out {
			out[i] <<= wasted
		}
	}
	return nil
}

// predicted reads warm-up samples, a predictor and its residue, and restores the samples.
func (r *bitReader) predicted(out []int64, order, depth int, predictor func() ([]int64, uint)) error {
	if order > len(out) {
		return malformedFrame("a predictor no longer than its block")
	}
	for i := range order {
		out[i] = r.signed(depth)
	}
	coefs, shift := predictor()
	if err := r.residue(out, order); err != nil {
		return err
	}
	for i := order; i < len(out); i++ {
		sum := int64(0)
		for k, c := range coefs {
			sum += c * out[i-1-k]
		}
		out[i] += sum >> shift
	}
	return nil
}

func (r *bitReader) residue(out []int64, order int) error {
	method := r.take(2)
	parts := 1 << r.take(4)
	if method > 1 || len(out)%parts != 0 || len(out)/parts < order {
		return malformedFrame("partitions of equal size")
	}
	wide, escape := 4, uint64(15)
	if method == 1 {
		wide, escape = 5, 31
	}
	at := order
	for p := range parts {
		end := (p + 1) * len(out) / parts
		k := r.take(wide)
		if k == escape {
			n := int(r.take(5))
			for ; at < end; at++ {
				out[at] = r.signed(n)
			}
			continue
		}
		for ; at < end; at++ {
			v := uint64(r.zeros())<<k | r.take(int(k))
			out[at] = int64(v>>1) ^ -int64(v&1)
		}
		if r.over {
			return malformedFrame("a frame that ends where its samples do")
		}
	}
	return nil
}

// bitWriter writes big-endian bits.
type bitWriter struct {
	b    []byte
	acc  uint64
	have int
}

func (w *bitWriter) put(v uint64, n int) {
	if n > 32 {
		w.put(v>>32, n-32)
		n = 32
	}
	w.acc = w.acc<<n | v&(1<<n-1)
	for w.have += n; w.have >= 8; {
		w.have -= 8
		w.b = append(w.b, byte(w.acc>>w.have))
	}
}

func (w *bitWriter) align() {
	if w.have > 0 {
		w.put(0, 8-w.have)
	}
}

// encodeFlac appends one frame of independent channels, or of left and side where the channels are one sound. The samples
// are one slice of equal length for each channel.
func encodeFlac(out []byte, samples [][]int64, rate, depth int, variable bool, number int64) []byte {
	from := len(out)
	rates := map[int]byte{88200: 1, 176400: 2, 192000: 3, 8000: 4, 16000: 5, 22050: 6, 24000: 7, 32000: 8, 44100: 9, 48000: 10, 96000: 11}
	depths := map[int]byte{8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}
	assigned, second := byte(len(samples)-1), byte(0)
	stereo := len(samples) == 2
	if stereo {
		assigned = 8
	}
	if variable {
		second = 1
	}
	out = append(out, 0xFF, 0xF8|second, 7<<4|rates[rate], assigned<<4|depths[depth]<<1)
	out = appendNumber(out, number)
	out = binary.BigEndian.AppendUint16(out, uint16(len(samples[0])-1))
	out = append(out, crc8(out[from:]))
	w := &bitWriter{b: out}
	for c, x := range samples {
		if stereo && c == 1 {
			side := make([]int64, len(x))
			for i := range x {
				side[i] = samples[0][i] - x[i]
			}
			w.subframe(side, depth+1)
			continue
		}
		w.subframe(x, depth)
	}
	w.align()
	return binary.BigEndian.AppendUint16(w.b, crc16(0, w.b[from:]))
}

// subframe writes the smallest of a constant, a fixed predictor with one Rice parameter in each partition, and the plain
// samples.
func (w *bitWriter) subframe(x []int64, depth int) {
	constant := true
	for _, v := range x {
		constant = constant && v == x[0]
	}
	if constant {
		w.put(0, 8)
		w.put(uint64(x[0]), depth)
		return
	}
	best, order, residue := int64(-1), 0, []int64(nil)
	diff := x
	for o := 0; o <= 4 && o < len(x); o++ {
		if o > 0 {
			next := make([]int64, len(diff)-1)
			for i := range next {
				next[i] = diff[i+1] - diff[i]
			}
			diff = next
		}
		sum := int64(0)
		for _, v := range diff[min(len(diff), 4-o):] {
			sum += max(v, -v)
		}
		if best < 0 || sum < best {
			best, order, residue = sum, o, diff
		}
	}
	parts := 4 // partition order: 16 partitions where they come out even
	for parts > 0 && (len(x)%(1<<parts) != 0 || len(x)>>parts <= order) {
		parts--
	}
	params := make([]int, 1<<parts)
	bits := 0
	for p := range params {
		params[p] = rice(partition(residue, len(x), order, parts, p))
		bits += riceBits(partition(residue, len(x), order, parts, p), params[p])
	}
	if bits+order*depth >= len(x)*depth {
		w.put(1<<1, 8)
		for _, v := range x {
			w.put(uint64(v), depth)
		}
		return
	}
	w.put(uint64(8+order)<<1, 8)
	for _, v := range x[:order] {
		w.put(uint64(v), depth)
	}
	w.put(1, 2) // Rice parameters of five bits
	w.put(uint64(parts), 4)
	for p, k := range params {
		w.put(uint64(k), 5)
		for _, v := range partition(residue, len(x), order, parts, p) {
			u := uint64(v)<<1 ^ uint64(v>>63)
			for q := u >> k; q > 0; {
				n := min(q, 32)
				w.put(0, int(n))
				q -= n
			}
			w.put(1, 1)
			w.put(u, k)
		}
	}
}

// partition is the part p of the residue, the first of which is shorter by the warm-up.
func partition(residue []int64, block, order, parts, p int) []int64 {
	n := block >> parts
	return residue[max(0, p*n-order) : (p+1)*n-order]
}

// rice is the parameter that suits the mean magnitude, from 0 to 30.
func rice(residue []int64) int {
	best, at := -1, 0
	for k := range 31 {
		n := riceBits(residue, k)
		if best < 0 || n < best {
			best, at = n, k
		}
		if n > 2*best {
			break
		}
	}
	return at
}

func riceBits(residue []int64, k int) int {
	n := 0
	for _, v := range residue {
		n += int((uint64(v)<<1^uint64(v>>63))>>k) + 1 + k
	}
	return n
}
