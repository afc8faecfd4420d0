package coefficient

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// Reopen opens the file that an overlay made of the picture, to see what became of it. What it tells of the new file is
// read from the new file: what differs from the old one is gone over anew, and what was found out about the old one is
// taken over only for data that is the same bit for bit, but for long codes that the new tables give to the same values,
// and behind the same DC. The bits that a block took (see [Picture.Sample]) then are those of the old codes.
func (p *Picture) Reopen(src media.Source) (*Picture, error) {
	q, err := Open(src)
	if err != nil {
		return nil, err
	}
	if p.surveyed && p.surveyErr == nil && q.alike(p) {
		q.surveyed = true
		if q.progressive {
			q.surveyErr = q.continued(p)
		} else {
			q.surveyErr = q.inherit(p)
		}
	}
	return q, nil
}

// alike reports whether a picture's scans are laid out as those of another one. Tables that are the same it shares.
func (p *Picture) alike(old *Picture) bool {
	if p.progressive != old.progressive || p.width != old.width || p.height != old.height || p.model != old.model ||
		len(p.components) != len(old.components) || len(p.scans) != len(old.scans) {
		return false
	}
	for i := range p.components {
		a, b := &p.components[i], &old.components[i]
		if a.h != b.h || a.v != b.v || *a.quant != *b.quant {
			return false
		}
	}
	for i, s := range p.scans {
		was := old.scans[i]
		if !slices.Equal(s.parts, was.parts) || s.td != was.td || s.ta != was.ta || s.restart != was.restart || len(s.intervals) != len(was.intervals) ||
			s.ss != was.ss || s.se != was.se || s.ah != was.ah || s.al != was.al {
			return false
		}
		before := was.needed()
		for class, list := range s.needed() {
			for id, t := range list {
				if old := before[class][id]; t != nil && len(t.values) == len(old.values) && t.keeps(old) {
					s.slots[class][id] = old
				}
			}
		}
	}
	return true
}

// inherit surveys the scans with the help of another picture's survey.
func (p *Picture) inherit(old *Picture) error {
	for i := range p.components {
		p.components[i].dc = slices.Clone(old.components[i].dc)
		p.components[i].bits = slices.Clone(old.components[i].bits)
	}
	for i, s := range p.scans {
		was := old.scans[i]
		p.unstuff(s)
		s.before = make([]mark, s.mh+1)
		for k := range s.intervals {
			if err := p.resume(s, was, k, s.common(was, k)); err != nil {
				return err
			}
		}
		s.before[s.mh] = mark{mcu: s.mcus(), pos: s.intervals[len(s.intervals)-1].exhausted}
		s.after = s.before
	}
	return nil
}

// continued surveys progressive scans from the first row on before which all of them are as they were.
func (p *Picture) continued(old *Picture) error {
	row := ceil(p.height, 8*p.vmax) // of MCUs of all components
	same := make([]common, len(p.scans))
	for i, s := range p.scans {
		p.unstuff(s)
		if len(s.intervals) != 1 {
			row = 0
			continue
		}
		was := old.scans[i]
		same[i] = s.common(was, 0)
		for row > 0 && (s.row(p, row) >= s.mh || was.state(s.row(p, row)).pos > same[i].limit) {
			row--
		}
	}
	for i := range p.components {
		c, was := &p.components[i], &old.components[i]
		c.coef, c.mask = make([]int16, len(was.coef)), make([]uint64, len(was.mask))
		n := row * c.v * c.sw
		copy(c.coef, was.coef[:n*64])
		copy(c.mask, was.mask[:n])
	}
	for i, s := range p.scans {
		s.before, s.after, s.rows = make([]mark, s.mh+1), make([]mark, s.mh+1), make([]state, s.mh)
		if row == 0 {
			if err := p.readIntervals(s); err != nil {
				return err
			}
			s.finish()
			continue
		}
		was, first, now := old.scans[i], s.row(p, row), same[i].here
		from := now.state(was.state(first))
		for r := range first {
			s.before[r] = now.mark(was.before[r])
			s.rows[r] = now.state(was.rows[r])
		}
		for s.open = 0; s.open < first && was.after[s.open].mcu < from.mcu; s.open++ {
			s.after[s.open] = now.mark(was.after[s.open])
		}
		if err := p.reader(s)(s, &s.intervals[0], from); err != nil {
			return err
		}
		s.finish()
	}
	return nil
}

// row is the row of a scan's MCUs that begins with a row of MCUs of all components.
func (s *scan) row(p *Picture, row int) int {
	if len(s.parts) == 1 {
		return row * p.components[s.parts[0]].v
	}
	return row
}

// state is where reading stands at the beginning of a row.
func (s *scan) state(row int) state {
	if s.ss > 0 {
		return s.rows[row]
	}
	return state{mark: s.before[row]}
}

// resume goes over what of an interval is not as it was.
func (p *Picture) resume(s, was *scan, k int, same common) error {
	v, old := &s.intervals[k], &was.intervals[k]
	row, end := ceil(v.first, s.mw), ceil(v.limit, s.mw) // rows that begin here
	m := mark{mcu: v.first, pos: 8 * v.from}
	for ; row < end && was.before[row].pos <= same.limit; row++ {
		m = same.here.mark(was.before[row])
		s.before[row] = m
	}
	if same.whole {
		v.exhausted = old.exhausted + 8*(v.from-old.from)
		return nil
	}
	return p.measureFrom(s, v, m, func(row int, m mark) bool {
		then := was.before[row]
		if m.pred != then.pred || !s.shares(was) || m.pos+old.exhausted-then.pos > 8*v.to ||
			!alikeBits(s.clean, m.pos, was.clean, then.pos, old.exhausted-then.pos) {
			return false
		}
		v.exhausted = m.pos + old.exhausted - then.pos
		for shift := m.pos - then.pos; row < end; row++ {
			s.before[row] = was.before[row]
			s.before[row].pos += shift
		}
		return true
	})
}

// common is what two scans have in common at the beginning of an interval.
type common struct {
	limit int  // bit of the old one up to which the new one has the same codes
	whole bool // there is nothing else
	here  shifts
}

// shifts lead from bits of the old scan to those of the new one.
type shifts struct {
	by    int
	moves []move
}

// mark returns where a mark stands.
func (f *shifts) mark(m mark) mark {
	m.pos = f.bit(m.pos)
	return m
}

func (f *shifts) state(s state) state {
	s.lastPos = f.bit(s.lastPos)
	s.pos = f.bit(s.pos)
	return s
}

func (f *shifts) bit(pos int) int {
	n, _ := slices.BinarySearchFunc(f.moves, pos, func(m move, pos int) int { return cmp.Compare(m.pos, pos) })
	if n == 0 {
		return pos + f.by
	}
	first := f.moves[0]
	return pos + f.by + f.moves[n-1].grown - first.grown + int(first.n) - int(first.was)
}

// shares reports whether the tables in use have all the codes of another scan's.
func (s *scan) shares(was *scan) bool {
	before := was.needed()
	for class, list := range s.needed() {
		for id, t := range list {
			if t != nil && t != before[class][id] && !t.keeps(before[class][id]) {
				return false
			}
		}
	}
	return true
}

// common compares an interval with the one it was made from. Long codes that became others count as the same.
func (s *scan) common(was *scan, k int) common {
	v, old := &s.intervals[k], &was.intervals[k]
	at, to := 8*old.from, 8*v.from
	c := common{limit: at, here: shifts{by: to - at}}
	moves, known := was.moves(s.needed())
	if !known {
		return c
	}
	if len(moves) == 0 {
		n := alikeBytes(s.clean[v.from:v.to], was.clean[old.from:old.to])
		c.limit += 8 * n
		c.whole = n == v.to-v.from && n == old.to-old.from
		return c
	}
	c.here.moves = moves
	for len(moves) > 0 && moves[0].pos < at {
		moves = moves[1:]
	}
	c.here.moves = moves
	for {
		n := min(old.exhausted-at, 8*v.to-to)
		if len(moves) > 0 {
			n = min(n, moves[0].pos-at)
		}
		same := alikeUpTo(s.clean, to, was.clean, at, n)
		at, to = at+same, to+same
		c.limit = at
		if same < n || len(moves) == 0 || at != moves[0].pos || to+int(moves[0].n) > 8*v.to || window(s.clean, to)>>(64-moves[0].n) != moves[0].value {
			return c
		}
		at, to, moves = at+int(moves[0].was), to+int(moves[0].n), moves[1:]
	}
}

// alikeBytes returns how many bytes at the beginning are the same.
func alikeBytes(a, b []byte) int {
	const step = 512
	n, limit := 0, min(len(a), len(b))
	for n+step <= limit && bytes.Equal(a[n:n+step], b[n:n+step]) {
		n += step
	}
	for n < limit && a[n] == b[n] {
		n++
	}
	return n
}

// alikeBits compares n bits; both have 8 bytes more.
func alikeBits(a []byte, from int, b []byte, at, n int) bool {
	return alikeUpTo(a, from, b, at, n) == n
}

// alikeUpTo returns how many of n bits are the same; both have 8 bytes more.
func alikeUpTo(a []byte, from int, b []byte, at, n int) int {
	for done := 0; done < n; done += 56 {
		if d := (window(a, from+done) ^ window(b, at+done)) >> 8; d != 0 {
			return min(n, done+bits.LeadingZeros64(d)-8)
		}
	}
	return max(n, 0)
}
