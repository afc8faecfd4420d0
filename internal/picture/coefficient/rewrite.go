package coefficient

import (
	"image"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// rewriting is one overlay while it is planned.
type rewriting struct {
	*Picture
	stores  []store // of each component
	patches []patch
	whole   bool // the stores hold all rows
	tables  Tables
}

// rows returns the rows of a scan's MCUs that hold changed blocks.
func (r *rewriting) rows(s *scan) (lo, hi int) {
	lo = s.mh
	for _, u := range s.units {
		area := r.patches[s.parts[u.part]].area
		lo, hi = min(lo, area.Min.Y/u.h), max(hi, ceil(area.Max.Y, u.h))
	}
	return lo, hi
}

// load decodes the rows of all scans that are to be coded anew.
func (r *rewriting) load(whole bool) error {
	if r.progressive {
		for i := range r.components {
			c := &r.components[i]
			r.stores[i] = store{0, c.sw, c.coef, c.mask}
		}
		return nil
	}
	total := 0
	for _, s := range r.scans {
		lo, hi := r.rows(s)
		if whole {
			lo, hi = 0, s.mh
		}
		for _, u := range s.units {
			c := &r.components[s.parts[u.part]]
			r.stores[s.parts[u.part]] = store{first: lo * u.h, stride: c.sw}
			if u.dx == 0 && u.dy == 0 {
				total += (hi - lo) * u.h * c.sw * 64
			}
		}
		if total > MaxCoefficients {
			return media.TooLarge("coefficients", int64(s.at), MaxCoefficients)
		}
		for _, u := range s.units {
			if st := &r.stores[s.parts[u.part]]; st.coef == nil {
				n := (hi - lo) * u.h * st.stride
				st.coef, st.mask = make([]int16, n*64), make([]uint64, n)
			}
		}
		if err := r.readRows(s, lo, hi, r.stores); err != nil {
			return err
		}
	}
	r.whole = whole
	return nil
}

// Overlay plans the file in which plate covers box: plate's upper left corner lies at that of the box, and what reaches
// over the picture's edges is cut off. Transparency blends. The picture itself stays as it was opened, so other overlays
// may be planned; they do not add up.
func (p *Picture) Overlay(box image.Rectangle, plate image.Image) (*media.Edit, Touched, error) {
	area := box.Intersect(p.Bounds()).Intersect(plate.Bounds().Sub(plate.Bounds().Min).Add(box.Min))
	if area.Empty() {
		return nil, Touched{}, media.Malformed("overlay", 0, "box within the picture")
	}
	if err := p.survey(); err != nil {
		return nil, Touched{}, err
	}
	r := &rewriting{Picture: p, stores: make([]store, len(p.components)), patches: make([]patch, len(p.components)), tables: TablesKept}
	touched := Touched{}
	for i := range p.components {
		c := &p.components[i]
		blocks := image.Rect(area.Min.X/(8*c.fx), area.Min.Y/(8*c.fy), ceil(area.Max.X, 8*c.fx), ceil(area.Max.Y, 8*c.fy))
		r.patches[i].area = blocks
		touched.Blocks += blocks.Dx() * blocks.Dy()
		pixels := image.Rect(blocks.Min.X*8*c.fx, blocks.Min.Y*8*c.fy, blocks.Max.X*8*c.fx, blocks.Max.Y*8*c.fy)
		touched.Area = touched.Area.Union(pixels.Intersect(p.Bounds()))
	}
	if err := r.load(false); err != nil {
		return nil, Touched{}, err
	}
	r.paint(area, plate, plate.Bounds().Min.Sub(box.Min))
	splices, err := r.splices()
	if err != nil {
		return nil, Touched{}, err
	}
	touched.Tables = r.tables
	edit, err := media.Splices(p.src, splices...)
	return edit, touched, err
}

// splices rewrites every scan. A table that a scan changes goes before it; a later scan that wants another one in the
// same slot gets it back.
func (r *rewriting) splices() ([]media.Splice, error) {
	var list []media.Splice
	var file, out slots // tables in effect in the old file and the new one
	grown := 0
	for _, s := range r.scans {
		for class := range out {
			for id, t := range s.slots[class] {
				if file[class][id] != t {
					file[class][id], out[class][id] = t, t
				}
			}
		}
		data, want, err := r.scan(s)
		if err != nil {
			return nil, err
		}
		var tables []byte
		for class := range want {
			for id, t := range want[class] {
				if t != nil && t != out[class][id] {
					tables = append(tables, t.segment(class, id)...)
					out[class][id] = t
				}
			}
		}
		if len(tables) > 0 {
			list = append(list, media.Splice{Offset: int64(s.sos), Insert: tables})
		}
		list = append(list, media.Splice{Offset: int64(s.at), Delete: int64(s.end - s.at), Insert: data})
		grown += len(tables) + len(data) - (s.end - s.at)
	}
	indexes, err := r.moved(grown)
	return append(indexes, list...), err
}

// scan returns the new data of a scan and the tables that it needs in the slots it uses.
func (r *rewriting) scan(s *scan) ([]byte, slots, error) {
	want := s.needed()
	want.each((*table).recount)
	lo, hi := r.rows(s)
	from, to := s.before[lo], s.after[hi]
	data := r.code(s, want, from, to)
	lacking, room := false, true
	wider := want.each(func(t *table) *table {
		more := t.missing()
		if len(more) == 0 {
			return t
		}
		lacking = true
		wide := t.extend(more)
		room = room && wide != nil
		return wide
	})
	switch {
	case !lacking:
		return data, want, nil
	case room:
		if r.tables == TablesKept {
			r.tables = TablesExtended
		}
		return r.code(s, wider, from, to), wider, nil
	}
	r.tables = TablesRebuilt
	counted := false
	if !r.whole && !r.progressive {
		// Decoding counts the old codes of all blocks, and the new ones of the touched rows have been counted. That is
		// every code there will be, but for an end of block that the old coding spelled with zeros.
		counted = len(r.scans) == 1
		for _, t := range want[1] {
			if t != nil {
				t.used[0]++
			}
		}
		if err := r.load(true); err != nil {
			return nil, want, err
		}
	}
	if !counted {
		want.each((*table).recount)
		r.code(s, want, s.before[0], s.after[s.mh])
	}
	rebuilt := want.each((*table).optimal)
	return r.code(s, rebuilt, s.before[0], s.after[s.mh]), rebuilt, nil
}

// needed returns the tables in the slots that a scan uses.
func (s *scan) needed() (want slots) {
	for i := range s.parts {
		if s.ss == 0 && s.ah == 0 {
			want[0][s.td[i]] = s.slots[0][s.td[i]]
		}
		if s.se > 0 {
			want[1][s.ta[i]] = s.slots[1][s.ta[i]]
		}
	}
	return want
}

// each returns what f makes of every table there is.
func (t slots) each(f func(*table) *table) slots {
	for class := range t {
		for id := range t[class] {
			if t[class][id] != nil {
				t[class][id] = f(t[class][id])
			}
		}
	}
	return t
}

// code returns the data of a scan with the MCUs between two marks coded anew. Other restart intervals, and the bits
// before and behind in their own, are copied.
func (r *rewriting) code(s *scan, tables slots, from, to mark) []byte {
	e := &encoder{s: s}
	for i, part := range s.parts {
		e.dc[i], e.ac[i] = tables[0][s.td[i]], tables[1][s.ta[i]]
		e.stores[i], e.patches[i] = r.stores[part], &r.patches[part]
	}
	size := s.end - s.at
	out := make([]byte, 0, size+size/8+1024)
	for i := range s.intervals {
		v := &s.intervals[i]
		if i > 0 {
			out = append(out, 0xFF, markerRST0+byte((i-1)&7))
		}
		first, limit := max(from.mcu, v.first), min(to.mcu, v.limit)
		if first >= limit {
			out = append(out, r.data[v.at:v.end]...)
			continue
		}
		e.writer, e.pred = writer{buf: slices.Grow(e.buf[:0], (v.to-v.from)*9/8+512)}, [4]int{}
		if first > v.first {
			e.copy(s.clean, 8*v.from, from.pos)
			e.pred = from.pred
		}
		e.encode(r.Picture, first, limit)
		if limit < v.limit {
			e.copy(s.clean, r.join(e, to), v.exhausted)
		}
		e.finish()
		out = stuff(out, e.buf)
	}
	return out
}

// join codes the DC differences of the MCU at a mark, since the blocks before it have changed, and returns the bit from
// where the data can be copied.
func (r *rewriting) join(e *encoder, m mark) int {
	s := e.s
	if s.ss > 0 || s.ah > 0 || e.pred == m.pred {
		return m.pos
	}
	for _, u := range s.units {
		diff, next, _ := readDiff(s.slots[0][s.td[u.part]], s.clean, m.pos)
		m.pred[u.part] += diff
		e.number(e.dc[u.part], 0, m.pred[u.part]-e.pred[u.part])
		e.pred[u.part] = m.pred[u.part]
		m.pos = next
		if !r.progressive {
			t := s.slots[1][s.ta[u.part]]
			m.pos = skipAC(t, t.skipper(), s.clean, next)
			e.copy(s.clean, next, m.pos)
		}
	}
	return m.pos
}
