package coefficient

import (
	"bytes"
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
)

// pad is how many zeros stand behind the clean data, so that a window can be taken anywhere in a block that runs over
// the end: 64 codes of 16 bits with 15 bits each take 248 bytes, twice of it with corrections.
const pad = 512

// interval is entropy-coded data between restart markers.
type interval struct {
	at, end   int // offsets in the file
	from, to  int // bytes of scan.clean
	first     int // its first MCU
	limit     int // MCU behind its last
	exhausted int // bit of scan.clean behind the last code; known once it has been read
}

// intervals finds the end of a scan's data and the restart markers in it.
func (w *walker) intervals(s *scan) error {
	want := 1
	if s.restart > 0 {
		want = ceil(s.mcus(), s.restart)
	}
	start, at := s.at, s.at
	for {
		i := bytes.IndexByte(w.data[at:], 0xFF)
		if i < 0 || at+i+1 >= len(w.data) {
			return w.short("entropy-coded data", len(w.data), 2)
		}
		at += i
		if w.data[at+1] == 0 {
			at += 2
			continue
		}
		stop := at
		marker, next, err := w.marker(at)
		if err != nil {
			return err
		}
		n := len(s.intervals)
		if last := marker < markerRST0 || marker > markerRST7; n == want && n > 0 && last && stop == start {
			s.end = stop // Photoshop puts a restart marker behind the last interval too
			break
		}
		if n >= want {
			return media.Malformed("RST", int64(start-2), "as many restart intervals as the picture has")
		}
		first := n * s.restart
		limit := s.mcus()
		if s.restart > 0 {
			limit = min(limit, first+s.restart)
		}
		s.intervals = append(s.intervals, interval{at: start, end: stop, first: first, limit: limit})
		if marker < markerRST0 || marker > markerRST7 {
			s.end = stop
			break
		}
		if int(marker-markerRST0) != n&7 {
			return media.Malformed("RST", int64(stop), "restart markers in turn")
		}
		start, at = next, next
	}
	if n := len(s.intervals); n < want {
		return media.Truncated("restart intervals", int64(s.end), int64(want), int64(n))
	}
	return nil
}

// unstuff fills s.clean with the data without stuffed zeros and restart markers.
func (p *Picture) unstuff(s *scan) {
	clean := make([]byte, 0, s.end-s.at+pad)
	for i := range s.intervals {
		v := &s.intervals[i]
		v.from = len(clean)
		b := p.data[v.at:v.end]
		for {
			k := bytes.IndexByte(b, 0xFF)
			if k < 0 {
				break
			}
			clean = append(clean, b[:k+1]...)
			b = b[k+2:] // a zero follows
		}
		clean = append(clean, b...)
		v.to = len(clean)
	}
	s.clean = clean[:len(clean)+pad]
}

// damaged reports that the data of an interval can't be decoded at a bit of s.clean.
func (p *Picture) damaged(s *scan, v *interval, pos int, rule string) error {
	left := pos/8 - v.from
	at := v.at
	for ; left > 0 && at < v.end; left-- {
		if p.data[at] == 0xFF {
			at++
		}
		at++
	}
	if pos > 8*v.to {
		return media.Truncated("entropy-coded data", int64(v.at), int64(pos/8-v.from), int64(v.to-v.from))
	}
	return media.Malformed("entropy-coded data", int64(min(at, v.end)), rule)
}

// window returns the bits at pos, the first one highest; 57 of them are valid.
func window(b []byte, pos int) uint64 {
	return binary.BigEndian.Uint64(b[pos>>3:]) << (pos & 7)
}

// signed reads the value of n bits, n ≥ 1, at the top of a window (F.2.2.1, EXTEND).
func signed(w uint64, n uint) int {
	v := int(w >> (64 - n))
	if v < 1<<(n-1) {
		v -= 1<<n - 1
	}
	return v
}

// writer packs bits. Its buffer is without stuffing.
type writer struct {
	buf []byte
	acc uint64
	n   uint // bits in acc that are not in buf, below 32
}

// put writes the low n bits of v, n ≤ 32; v has no others.
func (w *writer) put(v uint64, n uint) {
	w.acc = w.acc<<n | v
	w.n += n
	if w.n >= 32 {
		w.n -= 32
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(w.acc>>w.n))
	}
}

// copy appends bits [from, to) of b, which has 8 bytes more.
func (w *writer) copy(b []byte, from, to int) {
	if to-from >= 64 && uint(from&7) == w.n&7 {
		if k := uint(-from & 7); k > 0 {
			w.put(window(b, from)>>(64-k), k)
			from += int(k)
		}
		w.whole()
		w.buf = append(w.buf, b[from>>3:to>>3]...)
		from = to &^ 7
	}
	for ; from+32 <= to; from += 32 {
		w.put(window(b, from)>>32, 32)
	}
	if k := uint(to - from); k > 0 {
		w.put(window(b, from)>>(64-k), k)
	}
}

// whole moves whole bytes to the buffer.
func (w *writer) whole() {
	for w.n >= 8 {
		w.n -= 8
		w.buf = append(w.buf, byte(w.acc>>w.n))
	}
}

// finish pads with ones to a whole byte (F.1.2.3).
func (w *writer) finish() {
	if k := -w.n & 7; k > 0 {
		w.put(1<<k-1, k)
	}
	w.whole()
}

// stuff appends data with a zero behind each 0xFF.
func stuff(out, b []byte) []byte {
	for {
		k := bytes.IndexByte(b, 0xFF)
		if k < 0 {
			return append(out, b...)
		}
		out = append(out, b[:k+1]...)
		out = append(out, 0)
		b = b[k+1:]
	}
}
