package coefficient

// at returns a block of a progressive picture.
func (c *component) at(bx, by int) *[64]int16 {
	return (*[64]int16)(c.coef[(by*c.sw+bx)*64:])
}

// readDC reads an interval of a first DC scan (G.1.2.1).
func (p *Picture) readDC(s *scan, v *interval) error {
	lanes := p.lanes(s)
	m := mark{mcu: v.first, pos: 8 * v.from}
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
func (p *Picture) refineDC(s *scan, v *interval) error {
	lanes := p.lanes(s)
	m := mark{mcu: v.first, pos: 8 * v.from}
	if m.pos+(v.limit-v.first)*len(lanes) > 8*v.to {
		return p.damaged(s, v, 8*v.to+8, "DC coefficient")
	}
	for ; m.mcu < v.limit; m.mcu++ {
		mx, my := m.mcu%s.mw, m.mcu/s.mw
		if mx == 0 {
			s.before[my], s.after[my] = m, m
		}
		for i := range lanes {
			l := &lanes[i]
			bit := int16(window(s.clean, m.pos) >> 63)
			l.c.at(mx*l.w+l.dx, my*l.h+l.dy)[0] |= bit << s.al
			m.pos++
		}
	}
	v.exhausted = m.pos
	return nil
}

// readAC reads an interval of an AC scan and notes the breaks next to each row.
func (p *Picture) readAC(s *scan, v *interval) error {
	c, t := &p.components[s.parts[0]], s.slots[1][s.ta[0]]
	m := mark{mcu: v.first, pos: 8 * v.from}
	last, run := m, 0
	for ; m.mcu < v.limit; m.mcu++ {
		bx, by := m.mcu%s.mw, m.mcu/s.mw
		if run == 0 {
			last = m
		}
		if bx == 0 {
			s.before[by] = last
		}
		for ; run == 0 && s.open*s.mw <= m.mcu; s.open++ {
			s.after[s.open] = m
		}
		ok := false
		if s.ah == 0 {
			if run > 0 {
				run--
				continue
			}
			m.pos, run, ok = readBand(t, s, m.pos, c.at(bx, by), &c.mask[by*c.sw+bx])
		} else {
			m.pos, run, ok = refineBand(t, s, m.pos, run, c.at(bx, by), &c.mask[by*c.sw+bx])
		}
		if !ok || m.pos > 8*v.to {
			return p.damaged(s, v, m.pos, "AC coefficients of a block")
		}
	}
	if run > 0 {
		return p.damaged(s, v, m.pos, "run of empty blocks within the interval")
	}
	v.exhausted = m.pos
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
	k := s.ss
	bit := int16(1) << s.al
	for run == 0 && k <= s.se {
		w := window(s.clean, pos)
		value, l := t.decode(w)
		if l == 0 {
			return pos, 0, false
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
		pos, k = correct(s, pos, k, r, bit, block)
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
	if *mask&s.band()>>k != 0 {
		pos, _ = correct(s, pos, k, 64, bit, block)
	}
	return pos, run - 1, true
}

// correct reads a bit for each coefficient that is not zero, up to the zero behind skip others.
func correct(s *scan, pos, k, skip int, bit int16, block *[64]int16) (int, int) {
	for ; k <= s.se; k++ {
		switch c := block[k]; {
		case c == 0:
			if skip == 0 {
				return pos, k
			}
			skip--
		default:
			if window(s.clean, pos)>>63 == 1 {
				if c > 0 {
					block[k] = c + bit
				} else {
					block[k] = c - bit
				}
			}
			pos++
		}
	}
	return pos, k
}
