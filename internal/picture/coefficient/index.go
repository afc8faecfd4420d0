package coefficient

import (
	"image"

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
		if s.after = s.before; p.progressive {
			s.after, s.rows = make([]mark, s.mh+1), make([]state, s.mh)
		}
		if err := p.readIntervals(s); err != nil {
			return err
		}
		s.finish()
	}
	return nil
}

// finish sets the marks at the end of a scan that has been read.
func (s *scan) finish() {
	last := &s.intervals[len(s.intervals)-1]
	end := mark{mcu: s.mcus(), pos: last.exhausted}
	s.before[s.mh], s.after[s.mh] = end, end
	for ; s.ss > 0 && s.open < s.mh; s.open++ { // no break between the row's beginning and the end
		s.after[s.open] = end
	}
}

// readIntervals reads the intervals of a scan in turn, for the first time.
func (p *Picture) readIntervals(s *scan) error {
	defer s.noting()()
	for i := range s.intervals {
		v := &s.intervals[i]
		err := error(nil)
		if p.progressive {
			err = p.reader(s)(s, v, v.start())
		} else {
			err = p.measureScan(s, v)
		}
		if err != nil {
			return err
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
	return p.measureFrom(s, v, mark{mcu: v.first, pos: 8 * v.from}, func(int, mark) bool { return false })
}

// measureFrom goes over an interval from a mark on, until a row is known.
func (p *Picture) measureFrom(s *scan, v *interval, m mark, known func(row int, m mark) bool) error {
	lanes := p.lanes(s)
	limit := 8 * v.to
	b := s.clean
	mx, my := m.mcu%s.mw, m.mcu/s.mw
	for ; m.mcu < v.limit; m.mcu++ {
		if mx == s.mw {
			mx, my = 0, my+1
		}
		if mx == 0 {
			if known(my, m) {
				return nil
			}
			s.before[my] = m
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
func skipAC(t *table, skip []uint32, b []byte, pos int) int { return skipFrom(t, skip, b, pos, 1) }

// skipFrom is skipAC from a coefficient on, the last of which is 63.
func skipFrom(t *table, skip []uint32, b []byte, pos, k int) int {
	for {
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
		if l > longCode {
			t.note(pos, l)
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

// stretch is a run of MCUs within one interval.
type stretch struct{ from, to mark }

// between returns the stretches of a scan from one mark to another.
func (s *scan) between(from, to mark) []stretch {
	var list []stretch
	for i := range s.intervals {
		v := &s.intervals[i]
		if max(from.mcu, v.first) >= min(to.mcu, v.limit) {
			continue
		}
		st := stretch{from, to}
		if from.mcu <= v.first {
			st.from = mark{mcu: v.first, pos: 8 * v.from}
		}
		if to.mcu >= v.limit {
			st.to = mark{mcu: v.limit, pos: v.exhausted}
		}
		list = append(list, st)
	}
	return list
}

// readArea decodes the blocks of a rectangle of MCUs of a sequential scan into stores, and goes over what stands left of
// it. It counts the use of the tables and returns the stretches that were decoded.
func (p *Picture) readArea(s *scan, area image.Rectangle, stores []store) ([]stretch, error) {
	lanes := p.lanes(s)
	var list []stretch
	for my := area.Min.Y; my < area.Max.Y; my++ {
		first, limit := my*s.mw+area.Min.X, my*s.mw+area.Max.X
		k := 0
		if s.restart > 0 {
			k = first / s.restart
		}
		v, m := &s.intervals[k], s.before[my]
		if m.mcu < v.first {
			m = mark{mcu: v.first, pos: 8 * v.from}
		}
		skipMCUs(s, lanes, &m, first)
		for {
			from := m
			if err := p.readMCUs(s, v, lanes, &m, min(limit, v.limit), stores); err != nil {
				return nil, err
			}
			if n := len(list); n > 0 && list[n-1].to.mcu == from.mcu && from.mcu != v.first {
				list[n-1].to = m
			} else {
				list = append(list, stretch{from, m})
			}
			if m.mcu == limit {
				break
			}
			k++
			v = &s.intervals[k]
			m = mark{mcu: v.first, pos: 8 * v.from}
		}
	}
	return list, nil
}

// skipMCUs goes over MCUs of an interval that have been measured before, up to another one.
func skipMCUs(s *scan, lanes []lane, m *mark, until int) {
	for ; m.mcu < until; m.mcu++ {
		for i := range lanes {
			l := &lanes[i]
			diff, next, _ := readDiff(l.dc, s.clean, m.pos)
			m.pred[l.part] += diff
			m.pos = skipAC(l.ac, l.skip, s.clean, next)
		}
	}
}

// readMCUs decodes MCUs of an interval, up to another one.
func (p *Picture) readMCUs(s *scan, v *interval, lanes []lane, m *mark, until int, stores []store) error {
	for ; m.mcu < until; m.mcu++ {
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
