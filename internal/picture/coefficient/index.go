package coefficient

import (
	"github.com/colophon-project/colophon/internal/media"
)

// mark is a place where the coding of a scan can break off: no run of empty blocks reaches over it.
type mark struct {
	mcu  int
	pos  int    // bit of scan.clean
	pred [4]int // DC of the block before, of each part
}

// maxDC bounds a quantised DC; 8-bit samples give 1024 at most.
const maxDC = 4096

// survey goes over every scan once.
func (p *Picture) survey() error {
	if p.surveyed {
		return p.surveyErr
	}
	p.surveyed = true
	p.surveyErr = p.readScans()
	return p.surveyErr
}

func (p *Picture) readScans() error {
	total := 0
	for i := range p.components {
		c := &p.components[i]
		total += c.sw * c.sh
		if need, have := c.bw*c.bh/8, p.end; need > have { // a block takes a bit at least
			return media.Truncated("entropy-coded data", int64(p.scans[0].at), int64(need), int64(have))
		}
	}
	if p.progressive && total*64 > MaxCoefficients {
		return media.TooLarge("progressive picture", int64(p.scans[0].at), MaxCoefficients)
	}
	for i := range p.components {
		c := &p.components[i]
		if p.progressive {
			c.coef, c.mask = make([]int16, c.sw*c.sh*64), make([]uint64, c.sw*c.sh)
			continue
		}
		c.dc = make([]int16, c.sw*c.sh)
		if i == 0 {
			c.bits = make([]uint16, c.sw*c.sh)
		}
	}
	for _, s := range p.scans {
		p.unstuff(s)
		s.before = make([]mark, s.mh+1)
		s.after = make([]mark, s.mh+1)
		read := p.measureScan
		switch {
		case !p.progressive:
		case s.ss == 0 && s.ah == 0:
			read = p.readDC
		case s.ss == 0:
			read = p.refineDC
		default:
			read = p.readAC
		}
		for i := range s.intervals {
			if err := read(s, &s.intervals[i]); err != nil {
				return err
			}
		}
		last := &s.intervals[len(s.intervals)-1]
		end := mark{mcu: s.mcus(), pos: last.exhausted}
		s.before[s.mh], s.after[s.mh] = end, end
		for ; s.ss > 0 && s.open < s.mh; s.open++ { // no break between the row's beginning and the end
			s.after[s.open] = end
		}
	}
	return nil
}

// lane is what reading needs of one block of an MCU.
type lane struct {
	c        *component
	dc, ac   *table
	skip     []uint32
	part     int
	dx, dy   int
	w, h     int
	measured bool
}

func (p *Picture) lanes(s *scan) []lane {
	list := make([]lane, len(s.units))
	for i, u := range s.units {
		part := s.parts[u.part]
		l := lane{c: &p.components[part], dc: s.slots[0][s.td[u.part]], ac: s.slots[1][s.ta[u.part]], part: u.part, dx: u.dx, dy: u.dy, w: u.w, h: u.h, measured: part == 0}
		if !p.progressive {
			l.skip = l.ac.skipper()
		}
		list[i] = l
	}
	return list
}

// measureScan goes over an interval of a sequential scan, reads the DC and notes where rows begin.
func (p *Picture) measureScan(s *scan, v *interval) error {
	lanes := p.lanes(s)
	m := mark{mcu: v.first, pos: 8 * v.from}
	limit := 8 * v.to
	b := s.clean
	mx, my := v.first%s.mw, v.first/s.mw
	for ; m.mcu < v.limit; m.mcu++ {
		if mx == s.mw {
			mx, my = 0, my+1
		}
		if mx == 0 {
			s.before[my], s.after[my] = m, m
		}
		for i := range lanes {
			l := &lanes[i]
			from := m.pos
			diff, next, ok := readDiff(l.dc, b, from)
			value := m.pred[l.part] + diff
			if !ok || value >= maxDC || value < -maxDC {
				return p.damaged(s, v, from, "DC coefficient")
			}
			m.pred[l.part] = value
			m.pos = skipAC(l.ac, l.skip, b, next)
			if m.pos < 0 || m.pos > limit {
				return p.damaged(s, v, max(next, m.pos), "AC coefficients of a block")
			}
			at := (my*l.h+l.dy)*l.c.sw + mx*l.w + l.dx
			l.c.dc[at] = int16(value)
			if l.measured {
				l.c.bits[at] = uint16(m.pos - from)
			}
		}
		mx++
	}
	v.exhausted = m.pos
	return nil
}

// readDiff reads a DC difference (F.2.2.1).
func readDiff(t *table, b []byte, pos int) (diff, next int, ok bool) {
	w := window(b, pos)
	n, l := t.decode(w)
	if l == 0 || n > 15 {
		return 0, pos, false
	}
	if n == 0 {
		return 0, pos + int(l), true
	}
	return signed(w<<l, uint(n)), pos + int(l) + int(n), true
}

// skipAC returns the bit behind the AC coefficients of a block of a sequential scan, or -1 where they are no code.
func skipAC(t *table, skip []uint32, b []byte, pos int) int {
	for k := 1; ; {
		w := window(b, pos)
		if e := skip[w>>(64-skipBits)]; e != 0 {
			if next := k + int(e>>skipSteps&0xFF); next <= 64 {
				k = next
				pos += int(e & skipLength)
				if e >= skipEnd || k == 64 {
					return pos
				}
				continue
			}
		}
		value, l := t.decode(w)
		if l == 0 {
			return -1
		}
		pos += int(l) + int(value&15)
		switch {
		case value&15 != 0:
			k += int(value>>4) + 1
		case value == 0xF0:
			k += 16
		default:
			return pos
		}
		if k == 64 {
			return pos
		}
		if k > 64 {
			return -1
		}
	}
}

// readRows decodes the blocks of MCU rows [lo, hi) of a sequential scan into stores. It counts the use of the tables.
func (p *Picture) readRows(s *scan, lo, hi int, stores []store) error {
	lanes := p.lanes(s)
	m := s.before[lo]
	for i := range s.intervals {
		v := &s.intervals[i]
		if v.limit <= lo*s.mw || v.first >= hi*s.mw {
			continue
		}
		if v.first > lo*s.mw {
			m = mark{mcu: v.first, pos: 8 * v.from}
		}
		for ; m.mcu < min(v.limit, hi*s.mw); m.mcu++ {
			mx, my := m.mcu%s.mw, m.mcu/s.mw
			for i := range lanes {
				l := &lanes[i]
				block, mask := stores[s.parts[l.part]].at(mx*l.w+l.dx, my*l.h+l.dy)
				diff, pos, ok := readDiff(l.dc, s.clean, m.pos)
				if ok {
					l.dc.used[magnitude(diff)&15]++
					m.pred[l.part] += diff
					block[0] = int16(m.pred[l.part])
					pos, *mask, ok = readBlock(l.ac, s.clean, pos, block)
				}
				if !ok {
					return p.damaged(s, v, m.pos, "coefficients of a block")
				}
				m.pos = pos
			}
		}
	}
	return nil
}

// readBlock decodes the AC coefficients of a block of a sequential scan and says which are not zero.
func readBlock(t *table, b []byte, pos int, block *[64]int16) (next int, mask uint64, ok bool) {
	for k := 1; k < 64; k++ {
		w := window(b, pos)
		value, l := t.decode(w)
		if l == 0 {
			return pos, 0, false
		}
		t.used[value]++
		n := uint(value & 15)
		pos += int(l + n)
		if n == 0 {
			if value != 0xF0 {
				break
			}
			k += 15
			continue
		}
		k += int(value >> 4)
		if k > 63 {
			return pos, 0, false
		}
		mask |= 1 << k
		block[k] = int16(signed(w<<l, n))
	}
	return pos, mask, true
}
