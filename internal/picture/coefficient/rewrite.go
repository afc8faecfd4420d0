package coefficient

import (
	"bytes"
	"image"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// rewriting is one overlay while it is planned.
type rewriting struct {
	*Picture
	stores  []store // of each component
	patches []patch
	// stretches of each scan, of a sequential picture, are what its stores were decoded from at first.
	stretches [][]stretch
	whole     bool // the stores hold all blocks
	altered   bool // any block of component 0 may have changed
	tables    Tables
}

// area returns the rectangle of a scan's MCUs that holds the changed blocks.
func (r *rewriting) area(s *scan) image.Rectangle {
	var area image.Rectangle
	for _, u := range s.units {
		a := r.patches[s.parts[u.part]].area
		area = area.Union(image.Rect(a.Min.X/u.w, a.Min.Y/u.h, ceil(a.Max.X, u.w), ceil(a.Max.Y, u.h)))
	}
	return area
}

// load decodes the blocks of all scans that are to be coded anew: those of MCUs that change, or the whole picture.
func (r *rewriting) load(whole bool) error {
	if r.progressive {
		for i := range r.components {
			c := &r.components[i]
			r.stores[i] = store{stride: c.sw, coef: c.coef, mask: c.mask}
		}
		return nil
	}
	total := 0
	for i, s := range r.scans {
		area := r.area(s)
		if whole {
			area = image.Rect(0, 0, s.mw, s.mh)
		}
		for _, u := range s.units {
			r.stores[s.parts[u.part]] = store{first: area.Min.Y * u.h, left: area.Min.X * u.w, stride: area.Dx() * u.w}
			total += area.Dx() * area.Dy() * 64
		}
		if total > MaxCoefficients {
			return media.TooLarge("coefficients", int64(s.at), MaxCoefficients)
		}
		for _, u := range s.units {
			if st := &r.stores[s.parts[u.part]]; st.coef == nil {
				n := area.Dy() * u.h * st.stride
				st.coef, st.mask = make([]int16, n*64), make([]uint64, n)
			}
		}
		list, err := r.readArea(s, area, r.stores)
		if err != nil {
			return err
		}
		if !whole {
			r.stretches[i] = list
		}
	}
	r.whole = whole
	return nil
}

// fresh returns what of a scan has to be coded anew.
func (r *rewriting) fresh(i int) []stretch {
	s := r.scans[i]
	switch {
	case r.altered && s.parts[0] == 0: // parts are in the order of the frame
		return s.all()
	case r.altered:
		return nil
	case !r.progressive:
		return r.stretches[i]
	}
	area := r.area(s)
	return s.between(s.before[area.Min.Y], s.after[area.Max.Y])
}

// all returns the whole of a scan.
func (s *scan) all() []stretch { return s.between(s.before[0], s.after[s.mh]) }

// newRewriting begins an overlay or a look at a region.
func (p *Picture) newRewriting() *rewriting {
	return &rewriting{Picture: p, stores: make([]store, len(p.components)), patches: make([]patch, len(p.components)),
		stretches: make([][]stretch, len(p.scans)), tables: TablesKept}
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
	r := p.newRewriting()
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
	for i, s := range r.scans {
		for class := range out {
			for id, t := range s.slots[class] {
				if file[class][id] != t {
					file[class][id], out[class][id] = t, t
				}
			}
		}
		edit, want, err := r.scan(i)
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
		list = append(list, edit)
		grown += len(tables) + len(edit.Insert) - int(edit.Delete)
	}
	indexes, err := r.moved(grown)
	return append(indexes, list...), err
}

// scan returns what changes in the data of a scan and the tables that it needs in the slots it uses.
func (r *rewriting) scan(i int) (edit media.Splice, tables slots, err error) {
	s, fresh := r.scans[i], r.fresh(i)
	want := s.needed()
	want.each((*table).recount)
	edit = r.spliced(s, want, fresh, nil)
	how := TablesKept
	wider := want.each(func(t *table) *table {
		more := t.missing()
		if len(more) == 0 {
			return t
		}
		wide := t.extend(more)
		if how.rank() < TablesExtended.rank() {
			how = TablesExtended
		}
		if wide == nil && how != TablesRebuilt {
			wide, how = t.lengthen(more), TablesReordered
		}
		if wide == nil {
			how = TablesRebuilt
		}
		return wide
	})
	moves, known := s.moves(wider)
	if !known {
		how = TablesRebuilt
	}
	if r.tables.rank() < how.rank() {
		r.tables = how
	}
	switch how {
	case TablesKept:
		return edit, want, nil
	case TablesExtended, TablesReordered:
		return r.spliced(s, wider, fresh, moves), wider, nil
	}
	counted := r.altered // all of it was coded just now
	if !r.whole && !r.progressive {
		// Decoding counts the old codes of all blocks, and the new ones of the touched blocks have been counted. That is
		// every code there will be, but for an end of block that the old coding spelled with zeros.
		counted = len(r.scans) == 1
		for _, t := range want[1] {
			if t != nil {
				t.used[0]++
			}
		}
		if err := r.load(true); err != nil {
			return edit, want, err
		}
	}
	if !counted {
		want.each((*table).recount)
		r.code(s, want, s.all(), nil)
	}
	rebuilt := want.each((*table).optimal)
	return r.spliced(s, rebuilt, s.all(), nil), rebuilt, nil
}

// spliced is code as a splice.
func (r *rewriting) spliced(s *scan, tables slots, list []stretch, moves []move) media.Splice {
	kept, data := r.code(s, tables, list, moves)
	return media.Splice{Offset: int64(s.at + kept), Delete: int64(s.end - s.at - kept), Insert: data}
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

// code returns the data of a scan with some stretches coded anew, and how many bytes stay before it. Other restart
// intervals, and the bits between the stretches, are copied, but for the moves.
func (r *rewriting) code(s *scan, tables slots, list []stretch, moves []move) (kept int, data []byte) {
	e := &encoder{s: s, moves: moves}
	for i, part := range s.parts {
		e.dc[i], e.ac[i] = tables[0][s.td[i]], tables[1][s.ta[i]]
		e.stores[i], e.patches[i] = r.stores[part], &r.patches[part]
	}
	for i := range s.intervals {
		v := &s.intervals[i]
		begun := data != nil
		if begun {
			data = append(data, 0xFF, markerRST0+byte((i-1)&7))
		}
		if (len(e.moves) == 0 || e.moves[0].pos >= 8*v.to) && (len(list) == 0 || list[0].from.mcu >= v.limit) {
			if begun {
				data = append(data, r.data[v.at:v.end]...)
			}
			continue
		}
		at := 8 * v.from
		if !begun {
			first := 8 * v.to
			if len(list) > 0 {
				first = min(first, list[0].from.pos)
			}
			if len(e.moves) > 0 {
				first = min(first, e.moves[0].pos)
			}
			at = first &^ 7
			kept = v.at - s.at + at/8 - v.from + bytes.Count(s.clean[v.from:at/8], []byte{0xFF})
			size := s.end - s.at - kept
			data = make([]byte, 0, size+size/8+1024)
		}
		e.writer = writer{buf: slices.Grow(e.buf[:0], (v.to-at/8)*9/8+512)}
		for ; len(list) > 0 && list[0].from.mcu < v.limit; list = list[1:] {
			from, to := list[0].from, list[0].to
			e.copy(s.clean, at, from.pos)
			e.pred = from.pred
			e.encode(r.Picture, from.mcu, to.mcu)
			if at = v.exhausted; to.mcu < v.limit {
				at = r.join(e, to)
			}
		}
		e.copy(s.clean, at, v.exhausted)
		e.finish()
		data = stuff(data, e.buf)
	}
	if data == nil {
		kept = s.end - s.at
	}
	return kept, data
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
