package coefficient

import "math/bits"

// at returns a block of a progressive picture.
func (c *component) at(bx, by int) *[64]int16 {
	return (*[64]int16)(c.coef[(by*c.sw+bx)*64:])
}

// state is where the reading of a progressive scan stands.
type state struct {
	mark
	run           int // empty blocks to come
	last, lastPos int // MCU and bit where the run began, or the mark
}

// start is the state at the beginning of an interval.
func (v *interval) start() state {
	return state{mark: mark{mcu: v.first, pos: 8 * v.from}, last: v.first, lastPos: 8 * v.from}
}

// reader returns the function that reads a scan of a progressive picture.
func (p *Picture) reader(s *scan) func(*scan, *interval, state) error {
	switch {
	case s.ss > 0:
		return p.readAC
	case s.ah > 0:
		return p.refineDC
	}
	return p.readDC
}

// readDC reads an interval of a first DC scan (G.1.2.1).
func (p *Picture) readDC(s *scan, v *interval, from state) error {
	lanes := p.lanes(s)
	m := from.mark
	for ; m.mcu < v.limit; m.mcu++ {
		mx, my := m.mcu%s.mw, m.mcu/s.mw
		if mx == 0 {
			s.before[my], s.after[my] = m, m
		}
		for i := range lanes {
			l := &lanes[i]
			diff, next, ok := readDiff(l.dc, s.clean, m.pos)
			value := m.pred[l.part] + diff
			if !ok || value<<s.al >= maxDC || value<<s.al < -maxDC || next > 8*v.to {
				return p.damaged(s, v, next, "DC coefficient")
			}
			m.pos, m.pred[l.part] = next, value
			l.c.at(mx*l.w+l.dx, my*l.h+l.dy)[0] = int16(value << s.al)
		}
	}
	v.exhausted = m.pos
	return nil
}

// refineDC reads an interval of a DC scan that adds a bit.
func (p *Picture) refineDC(s *scan, v *interval, from state) error {
	lanes := p.lanes(s)
	m := from.mark
	if m.pos+(v.limit-m.mcu)*len(lanes) > 8*v.to {
		return p.damaged(s, v, 8*v.to+8, "DC coefficient")
	}
	for ; m.mcu < v.limit; m.mcu++ {
		mx, my := m.mcu%s.mw, m.mcu/s.mw
		if mx == 0 {
			s.before[my], s.after[my] = m, m
		}
		for i := range lanes {
			l := &lanes[i]
			bit := int16(s.clean[m.pos>>3]>>(7-m.pos&7)) & 1
			l.c.at(mx*l.w+l.dx, my*l.h+l.dy)[0] |= bit << s.al
			m.pos++
		}
	}
	v.exhausted = m.pos
	return nil
}

// readAC reads an interval of an AC scan and notes the breaks next to each row.
func (p *Picture) readAC(s *scan, v *interval, from state) error {
	c, t := &p.components[s.parts[0]], s.slots[1][s.ta[0]]
	pos, run, limit, band := from.pos, from.run, 8*v.to, s.band()
	last, lastPos := from.last, from.lastPos
	bx, by := from.mcu%s.mw, from.mcu/s.mw
	for mcu := from.mcu; mcu < v.limit; mcu, bx = mcu+1, bx+1 {
		if bx == s.mw {
			bx, by = 0, by+1
		}
		if run == 0 {
			last, lastPos = mcu, pos
			for ; s.open*s.mw <= mcu; s.open++ {
				s.after[s.open] = mark{mcu: mcu, pos: pos}
			}
		}
		if bx == 0 {
			s.before[by] = mark{mcu: last, pos: lastPos}
			s.rows[by] = state{mark: mark{mcu: mcu, pos: pos}, run: run, last: last, lastPos: lastPos}
		}
		ok := false
		at := by*c.sw + bx
		if s.ah == 0 {
			if run > 0 {
				run--
				continue
			}
			pos, run, ok = readBand(t, s, pos, (*[64]int16)(c.coef[at*64:]), &c.mask[at])
		} else {
			if run > 0 && c.mask[at]&band == 0 {
				run--
				continue
			}
			pos, run, ok = refineBand(t, s, pos, run, (*[64]int16)(c.coef[at*64:]), &c.mask[at])
		}
		if !ok || pos > limit {
			return p.damaged(s, v, pos, "AC coefficients of a block")
		}
	}
	if run > 0 {
		return p.damaged(s, v, pos, "run of empty blocks within the interval")
	}
	v.exhausted = pos
	return nil
}

// readBand reads the first scan of a block's band (G.1.2.2). It returns how many more blocks are empty.
func readBand(t *table, s *scan, pos int, block *[64]int16, mask *uint64) (next, run int, ok bool) {
	for k := s.ss; k <= s.se; k++ {
		w := window(s.clean, pos)
		value, l := t.decode(w)
		if l == 0 {
			return pos, 0, false
		}
		if l > longCode {
			t.note(pos, l)
		}
		r, n := uint(value>>4), uint(value&15)
		pos += int(l + n)
		if n == 0 {
			if r == 15 {
				k += 15
				continue
			}
			run := 1<<r - 1
			if r > 0 {
				run += int(w << l >> (64 - r))
			}
			return pos + int(r), run, true
		}
		k += int(r)
		if k > s.se {
			return pos, 0, false
		}
		v := signed(w<<l, n) << s.al
		if v > 1<<14 || v < -1<<14 {
			return pos, 0, false
		}
		block[k] = int16(v)
		*mask |= 1 << k
	}
	return pos, 0, true
}

// refineBand reads a scan that adds a bit to a block's band (G.1.2.3).
func refineBand(t *table, s *scan, pos, run int, block *[64]int16, mask *uint64) (next, left int, ok bool) {
	k, old := s.ss, *mask&s.band()
	bit := int16(1) << s.al
	for run == 0 && k <= s.se {
		w := window(s.clean, pos)
		value, l := t.decode(w)
		if l == 0 {
			return pos, 0, false
		}
		if l > longCode {
			t.note(pos, l)
		}
		pos += int(l)
		r, fresh := int(value>>4), int16(0)
		switch value & 15 {
		case 1:
			if fresh = -bit; w<<l>>63 == 1 {
				fresh = bit
			}
			pos++
		case 0:
			if r < 15 {
				run = 1 << r
				if r > 0 {
					run += int(w << l >> (64 - uint(r)))
				}
				pos += r
				continue
			}
		default:
			return pos, 0, false
		}
		pos, k = correct(s.clean, pos, k, r, old>>k, s.se, bit, block)
		if fresh != 0 {
			if k > s.se {
				return pos, 0, false
			}
			block[k] = fresh
			*mask |= 1 << k
		}
		k++
	}
	if run == 0 {
		return pos, 0, true
	}
	if rest := old >> k; rest != 0 {
		pos, _ = correct(s.clean, pos, k, 64, rest, s.se, bit, block)
	}
	return pos, run - 1, true
}

// correct reads a bit for each coefficient that is not zero, which the mask from k on says, up to the zero behind skip
// others.
func correct(b []byte, pos, k, skip int, mask uint64, se int, bit int16, block *[64]int16) (int, int) {
	for {
		zeros := bits.TrailingZeros64(mask)
		if mask == 0 || skip < zeros {
			return pos, min(k+skip, se+1)
		}
		skip -= zeros
		k += zeros
		mask = mask >> zeros >> 1
		v := &block[k&63]
		sign := *v >> 15
		*v += (bit ^ sign - sign) & -int16(window(b, pos)>>63)
		pos++
		k++
	}
}
