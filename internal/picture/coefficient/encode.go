package coefficient

import (
	"image"
	"math/bits"
)

// store holds the coefficients of a rectangle of blocks.
type store struct {
	first, left, stride int // first row and column; blocks in a row
	coef                []int16
	mask                []uint64 // per block, a bit for each coefficient other than zero
}

func (s store) at(bx, by int) (*[64]int16, *uint64) {
	i := (by-s.first)*s.stride + bx - s.left
	return (*[64]int16)(s.coef[i*64:]), &s.mask[i]
}

// patch holds new coefficients of a rectangle of blocks.
type patch struct {
	area image.Rectangle // in blocks
	coef []int16
	mask []uint64 // as in store
}

func (p *patch) at(bx, by int) (*[64]int16, *uint64) {
	i := (by-p.area.Min.Y)*p.area.Dx() + bx - p.area.Min.X
	return (*[64]int16)(p.coef[i*64:]), &p.mask[i]
}

// encoder codes blocks of a scan.
type encoder struct {
	writer
	s       *scan
	dc, ac  [4]*table // of each part
	stores  [4]store
	patches [4]*patch
	pred    [4]int
	moves   []move // codes that change where data is copied

	run         int    // empty blocks that wait to be coded
	corrections []byte // bits that follow their run
	own         []byte // bits of the block at hand
}

// block returns the coefficients to be coded.
func (e *encoder) block(part, bx, by int) (*[64]int16, *uint64) {
	p := e.patches[part]
	if by >= p.area.Min.Y && by < p.area.Max.Y && bx >= p.area.Min.X && bx < p.area.Max.X {
		return p.at(bx, by)
	}
	return e.stores[part].at(bx, by)
}

// value writes a Huffman code and n bits behind it. A code that the table lacks is counted and leaves rubbish behind.
func (e *encoder) value(t *table, v byte, extra uint64, n uint) {
	t.used[v]++
	code := t.codes[v]
	e.put(uint64(code>>8)<<n|extra, uint(code&0xFF)+n)
}

// number writes the code of a signed number and its bits: behind a run of zeros, or as a difference with run 0.
func (e *encoder) number(t *table, run, v int) {
	n := magnitude(v)
	if v < 0 {
		v += 1<<n - 1
	}
	e.value(t, byte(run<<4)|byte(n), uint64(v), n)
}

// encode codes MCUs [from, to), which lie in one interval.
func (e *encoder) encode(p *Picture, from, to int) {
	s := e.s
	for m := from; m < to; m++ {
		mx, my := m%s.mw, m/s.mw
		for _, u := range s.units {
			block, mask := e.block(u.part, mx*u.w+u.dx, my*u.h+u.dy)
			switch {
			case s.ss > 0 && s.ah == 0:
				e.band(block, *mask)
			case s.ss > 0:
				e.refined(block, *mask)
			case s.ah > 0:
				e.put(uint64(block[0]>>s.al)&1, 1)
			default:
				dc := int(block[0]) >> s.al
				e.number(e.dc[u.part], 0, dc-e.pred[u.part])
				e.pred[u.part] = dc
				if !p.progressive {
					e.sequential(e.ac[u.part], block, *mask)
				}
			}
		}
	}
	e.flush()
}

// sequential codes the AC coefficients of a block (F.1.2.2).
func (e *encoder) sequential(t *table, block *[64]int16, mask uint64) {
	next := 1
	for mask &^= 1; mask != 0; mask &= mask - 1 {
		k := bits.TrailingZeros64(mask) & 63
		run := k - next
		for ; run > 15; run -= 16 {
			e.value(t, 0xF0, 0, 0)
		}
		e.number(t, run, int(block[k]))
		next = k + 1
	}
	if next < 64 {
		e.value(t, 0, 0, 0)
	}
}

// band codes a block's band for the first time (G.1.2.2).
func (e *encoder) band(block *[64]int16, mask uint64) {
	t, next := e.ac[0], e.s.ss
	for mask &= e.s.band(); mask != 0; mask &= mask - 1 {
		k := bits.TrailingZeros64(mask) & 63
		v := int(block[k])
		if v < 0 {
			v = -(-v >> e.s.al)
		} else {
			v >>= e.s.al
		}
		if v == 0 {
			continue
		}
		e.flush()
		run := k - next
		for ; run > 15; run -= 16 {
			e.value(t, 0xF0, 0, 0)
		}
		e.number(t, run, v)
		next = k + 1
	}
	if next <= e.s.se {
		e.empty()
	}
}

// refined adds a bit to a block's band (G.1.2.3).
func (e *encoder) refined(block *[64]int16, mask uint64) {
	s, t, run := e.s, e.ac[0], 0
	var size [64]int
	last := 0 // last coefficient that becomes other than zero
	mask &= s.band()
	for m := mask; m != 0; m &= m - 1 {
		k := bits.TrailingZeros64(m) & 63
		v := int(block[k])
		if v < 0 {
			v = -v
		}
		size[k] = v >> s.al
		if size[k] == 1 {
			last = k
		}
	}
	e.own = e.own[:0]
	next := s.ss
	for ; mask != 0; mask &= mask - 1 {
		k := bits.TrailingZeros64(mask) & 63
		if size[k] == 0 {
			continue
		}
		run += k - next
		next = k + 1
		for ; run > 15 && k <= last; run -= 16 {
			e.flush()
			e.value(t, 0xF0, 0, 0)
			e.correct()
		}
		if size[k] > 1 {
			e.own = append(e.own, byte(size[k]&1))
			continue
		}
		e.flush()
		sign := uint64(1)
		if block[k] < 0 {
			sign = 0
		}
		e.value(t, byte(run<<4)|1, sign, 1)
		e.correct()
		run = 0
	}
	if run += s.se + 1 - next; run > 0 || len(e.own) > 0 {
		e.corrections = append(e.corrections, e.own...)
		e.empty()
	}
}

// band has a bit for each coefficient of a scan.
func (s *scan) band() uint64 {
	return 1<<s.se<<1 - 1<<s.ss
}

// correct writes the correction bits of the block at hand.
func (e *encoder) correct() {
	for _, bit := range e.own {
		e.put(uint64(bit), 1)
	}
	e.own = e.own[:0]
}

// empty counts a block that has no more codes. Decoders hold about a thousand corrections of a run.
func (e *encoder) empty() {
	if e.run++; e.run == 0x7FFF || len(e.corrections) > 900 {
		e.flush()
	}
}

// flush writes the run of empty blocks and their corrections.
func (e *encoder) flush() {
	if e.run == 0 {
		return
	}
	n := magnitude(e.run) - 1
	e.value(e.ac[0], byte(n<<4), uint64(e.run)&(1<<n-1), n)
	for _, bit := range e.corrections {
		e.put(uint64(bit), 1)
	}
	e.run, e.corrections = 0, e.corrections[:0]
}
