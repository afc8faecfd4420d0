package raster

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/adler32"
)

// Errors about a zlib stream.
var (
	ErrStream = errors.New("a zlib stream")
	ErrEnd    = errors.New("a zlib stream with every line")
)

// Stream is a zlib stream (RFC 1950, RFC 1951) that was inflated and whose blocks are known, so that a part of what it
// stands for can be changed without packing the rest again: the blocks before the change are kept bit by bit, and so are
// those that begin so far behind it that nothing in them can refer to it.
type Stream struct {
	packed []byte
	plain  []byte
	blocks []block
	end    int  // bit of packed behind the last block
	whole  bool // it ends with the last of plain
}

// block is where a block of a deflate stream stands.
type block struct {
	bit   int // of packed, its header
	at    int // of plain
	plain bool
	body  int // of one that is not compressed: the offset of its length in packed
}

// window is how far back a block can refer.
const window = 1 << 15

// Inflate unpacks the first n bytes that a zlib stream stands for. The caller MUST have compared n with the length of the
// stream: one byte can stand for 1032.
func Inflate(packed []byte, n int) (*Stream, error) {
	if len(packed) < 2 || packed[0]&15 != 8 || packed[0]>>4 > 7 || binary.BigEndian.Uint16(packed)%31 != 0 || packed[1]&0x20 != 0 {
		return nil, ErrStream
	}
	s := &Stream{packed: packed, plain: make([]byte, n)}
	r := &inflater{in: packed, next: 2, out: s.plain}
	for {
		b := block{bit: r.position(), at: r.n}
		last, kind := r.take(1), r.take(2)
		ok := true
		switch kind {
		case 0:
			b.plain = true
			b.body, ok = r.stored()
		case 1:
			ok = r.fixed()
		case 2:
			ok = r.dynamic()
		default:
			ok = false
		}
		s.blocks = append(s.blocks, b)
		if r.n == n && (!ok || last == 1) {
			s.end = r.position()
			s.whole = ok && s.end <= 8*len(packed)
			return s, nil
		}
		if !ok || last == 1 || r.position() > 8*len(packed) {
			return nil, ErrEnd
		}
	}
}

// Bytes returns what the stream stands for, to be read and changed by the caller.
func (s *Stream) Bytes() []byte { return s.plain }

// Pack returns the stream with bytes [from, to) of what it stands for as they are now. Nothing else MUST have changed.
func (s *Stream) Pack(from, to int) ([]byte, error) {
	first, behind := 0, len(s.blocks)
	for i, b := range s.blocks {
		if b.at <= from {
			first = i
		}
		if b.at >= to+window && i < behind {
			behind = i
		}
	}
	if !s.whole {
		first, behind = 0, len(s.blocks)
	}
	start := s.blocks[first]
	w := &bitWriter{buf: make([]byte, 0, len(s.packed)+len(s.packed)/8+1024)}
	// The header says how large the window is, which the new blocks take to be of the usual size.
	w.buf = append(w.buf, 0x78, 0x9C)
	w.copy(s.packed, 16, start.bit)
	if w.n > 0 {
		w.align()
	}
	end := len(s.plain)
	if behind < len(s.blocks) {
		end = s.blocks[behind].at
	}
	z, err := flate.NewWriterDict(w, 6, s.plain[max(0, start.at-window):start.at])
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(s.plain[start.at:end]); err != nil {
		return nil, err
	}
	if behind == len(s.blocks) {
		err = z.Close()
	} else if err = z.Flush(); err == nil {
		s.rest(w, behind)
	}
	if err != nil {
		return nil, err
	}
	return binary.BigEndian.AppendUint32(w.buf, adler32.Checksum(s.plain)), nil
}

// rest copies the blocks from one on. Their bits may stand at other places in their bytes now, but for those of blocks that
// are not compressed, which begin with a whole byte.
func (s *Stream) rest(w *bitWriter, from int) {
	at := s.blocks[from].bit
	for i := from; i < len(s.blocks) && at%8 != 0; i++ {
		if b := s.blocks[i]; b.plain {
			w.copy(s.packed, at, b.bit+3)
			w.pad()
			at = 8 * b.body
		}
	}
	w.copy(s.packed, at, s.end)
	w.pad()
}

// bitWriter appends bits, the lowest first.
type bitWriter struct {
	buf []byte
	acc uint64
	n   uint // bits in acc, below 8
}

// Write appends bytes where the last one is whole.
func (w *bitWriter) Write(b []byte) (int, error) {
	w.buf = append(w.buf, b...)
	return len(b), nil
}

// copy appends bits [from, to) of b.
func (w *bitWriter) copy(b []byte, from, to int) {
	for ; from < to && from%8 != 0; from++ {
		w.put(uint64(b[from/8]>>(from%8)), 1)
	}
	if w.n == 0 && from < to {
		w.buf = append(w.buf, b[from/8:to/8]...)
		from = to / 8 * 8
	}
	for ; from+64 <= to; from += 56 {
		w.acc |= binary.LittleEndian.Uint64(b[from/8:]) << 8 >> 8 << w.n
		w.buf = binary.LittleEndian.AppendUint64(w.buf, w.acc)[:len(w.buf)+7]
		w.acc >>= 56
	}
	for ; from < to; from++ {
		w.put(uint64(b[from/8]>>(from%8)), 1)
	}
}

// put appends the lowest n bits of v, n ≤ 8.
func (w *bitWriter) put(v uint64, n uint) {
	w.acc |= v & (1<<n - 1) << w.n
	if w.n += n; w.n >= 8 {
		w.buf = append(w.buf, byte(w.acc))
		w.acc >>= 8
		w.n -= 8
	}
}

// pad fills the last byte with zeros.
func (w *bitWriter) pad() {
	if w.n > 0 {
		w.put(0, 8-w.n)
	}
}

// align ends with a whole byte, by an empty block that is not compressed.
func (w *bitWriter) align() {
	w.put(0, 3)
	w.pad()
	w.buf = append(w.buf, 0, 0, 0xFF, 0xFF)
}
