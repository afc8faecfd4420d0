package pdf

import (
	"bytes"
	"math"
	"slices"
)

const (
	maxForms   = 6       // form XObjects within each other
	maxMarks   = 1 << 14 // boxes of one page
	maxMarking = 1 << 20 // operators of one page
	maxFonts   = 1 << 10 // fonts whose widths are kept
)

// Marks returns boxes around what a page shows, in its own space: lines of text, painted paths, images. It is a light
// reading of the content: clipping is left aside, and so is what covers half of the page or more, which is its background.
// It is false where the content can't be read.
func (d *Document) Marks(p *Page) ([]Box, bool) {
	value := p.object.dict.get("Contents")
	if value == nil || string(value) == "null" {
		return nil, true
	}
	streams := [][]byte{value}
	if v, err := d.f.resolve(value, p.object.at); err != nil || v == nil {
		return nil, false
	} else if !v.stream {
		streams = elements(v.value)
	}
	var all []byte
	for _, s := range streams {
		c, err := d.f.resolve(s, p.object.at)
		if err != nil || c == nil || !c.stream {
			return nil, false
		}
		b, ok := d.look(c)
		if !ok || len(all) > maxInflated {
			return nil, false
		}
		all = append(append(all, b...), '\n')
	}
	m := &marker{d: d, page: p.Box, left: maxMarking}
	m.state = graphics{at: identity, scale: 1, size: 1}
	ok := m.run(all, p.resources, p.object.at, 0)
	return m.boxes, ok
}

// look inflates a stream within a budget of its own.
func (d *Document) look(o *object) ([]byte, bool) {
	before := d.f.inflated
	b, err := d.f.decode(o, maxInflated)
	d.f.inflated = before
	d.looked += int64(len(b))
	return b, err == nil && d.looked <= maxLooked
}

// Notes returns the rectangles of the annotations that are drawn on top of a page, but for links and pop-ups.
func (d *Document) Notes(p *Page) []Box {
	var boxes []Box
	for _, value := range d.notes(p) {
		o, err := d.f.resolve(value, p.object.at)
		if err != nil || o == nil || !o.isDict {
			continue
		}
		flags, _ := o.dict.integer("F")
		if flags&(1<<1|1<<5) != 0 || named(o.dict.get("Subtype"), "Link") || named(o.dict.get("Subtype"), "Popup") {
			continue // hidden, or not on the screen
		}
		if box, ok, err := d.f.box(o.dict.get("Rect"), o.at); err == nil && ok {
			boxes = append(boxes, box)
		}
	}
	return boxes
}

// notes returns a page's annotations as they stand.
func (d *Document) notes(p *Page) [][]byte {
	value := p.object.dict.get("Annots")
	if value == nil {
		return nil
	}
	o, err := d.f.resolve(value, p.object.at)
	if err != nil || o == nil || len(o.value) == 0 || o.value[0] != '[' {
		return nil
	}
	return elements(o.value)
}

// matrix is a transformation (ISO 32000-2, 8.3.3).
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// times returns the transformation m followed by n.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3], m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// around returns the box around a transformed box.
func (m matrix) around(b Box) Box {
	out := Box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, p := range [...][2]float64{{b.X0, b.Y0}, {b.X1, b.Y0}, {b.X0, b.Y1}, {b.X1, b.Y1}} {
		x, y := m[0]*p[0]+m[2]*p[1]+m[4], m[1]*p[0]+m[3]*p[1]+m[5]
		out = Box{min(out.X0, x), min(out.Y0, y), max(out.X1, x), max(out.Y1, y)}
	}
	return out
}

// graphics is what of the graphics state matters here.
type graphics struct {
	at                                  matrix
	font                                *metrics
	size, scale, leading, rise, gap, by float64 // gap between characters, and by between words
}

// marker reads content streams.
type marker struct {
	d          *Document
	page       Box
	state      graphics
	saved      []graphics
	line, text matrix
	path       Box
	drawn      bool // the path has a point
	boxes      []Box
	left       int
}

// add notes a box in the space of the current transformation.
func (m *marker) add(at matrix, b Box) {
	b = at.around(b)
	b = Box{max(b.X0, m.page.X0), max(b.Y0, m.page.Y0), min(b.X1, m.page.X1), min(b.Y1, m.page.Y1)}
	area := (m.page.X1 - m.page.X0) * (m.page.Y1 - m.page.Y0)
	if b.X0 <= b.X1 && b.Y0 <= b.Y1 && (b.X1-b.X0)*(b.Y1-b.Y0) < area/2 && len(m.boxes) < maxMarks { // also false for NaN
		m.boxes = append(m.boxes, b)
	}
}

// run reads one content stream with its resources, and reports whether it could.
func (m *marker) run(b, resources []byte, holder int64, depth int) bool {
	res, err := m.d.f.resolve(resources, holder)
	if err != nil {
		return false
	}
	var args [][]byte
	for at := blank(b, 0); at < len(b); at = blank(b, at) {
		if m.left--; m.left < 0 {
			return false
		}
		c := b[at]
		if regular(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			end := word(b, at)
			op := string(b[at:end])
			at = end
			switch op {
			case "true", "false", "null":
				continue
			case "ID":
				at = inlineEnd(b, at)
				m.add(m.state.at, Box{0, 0, 1, 1})
			case "Do":
				if len(args) > 0 && !m.object(args[len(args)-1], res, depth) {
					return false
				}
			case "Tf":
				if len(args) > 1 {
					m.font(args[len(args)-2], res)
					m.state.size = numbers(args, 1)[0]
				}
			default:
				m.operate(op, args)
			}
			args = args[:0]
			continue
		}
		end := word(b, at) // of a number; content has no references
		if !regular(c) {
			if end, err = skip(b, at, 0); err != nil {
				return len(b)-at < 64 // what is cut short at the very end
			}
		}
		if len(args) < 64 {
			args = append(args, b[at:end])
		}
		at = end
	}
	return true
}

// numbers returns the last n operands, zeros where they are none.
func numbers(args [][]byte, n int) []float64 {
	out := make([]float64, n)
	for i := range n {
		if k := len(args) - n + i; k >= 0 {
			out[i], _ = real(args[k])
		}
	}
	return out
}

func (m *marker) operate(op string, args [][]byte) {
	s := &m.state
	switch op {
	case "q":
		if len(m.saved) < 256 {
			m.saved = append(m.saved, *s)
		}
	case "Q":
		if n := len(m.saved); n > 0 {
			*s, m.saved = m.saved[n-1], m.saved[:n-1]
		}
	case "cm":
		s.at = matrix(numbers(args, 6)).times(s.at)
	case "re":
		n := numbers(args, 4)
		m.point(n[0], n[1])
		m.point(n[0]+n[2], n[1]+n[3])
	case "m", "l", "v", "y", "c":
		count := 2
		switch op {
		case "v", "y":
			count = 4
		case "c":
			count = 6
		}
		n := numbers(args, count)
		for i := 0; i < len(n); i += 2 {
			m.point(n[i], n[i+1])
		}
	case "f", "F", "f*", "B", "B*", "b", "b*", "S", "s":
		if m.drawn {
			m.add(identity, m.path)
		}
		m.drawn = false
	case "n":
		m.drawn = false
	default:
		m.write(op, args)
	}
}

// point widens the path.
func (m *marker) point(x, y float64) {
	b := m.state.at.around(Box{x, y, x, y})
	if m.drawn {
		b = Box{min(b.X0, m.path.X0), min(b.Y0, m.path.Y0), max(b.X1, m.path.X1), max(b.Y1, m.path.Y1)}
	}
	m.path, m.drawn = b, true
}

// write reads the operators of text.
func (m *marker) write(op string, args [][]byte) {
	s := &m.state
	first := func() float64 { return numbers(args, 1)[0] }
	switch op {
	case "BT":
		m.line, m.text = identity, identity
	case "Tm":
		m.line = matrix(numbers(args, 6))
		m.text = m.line
	case "Td", "TD":
		n := numbers(args, 2)
		if op == "TD" {
			s.leading = -n[1]
		}
		m.next(n[0], n[1])
	case "T*":
		m.next(0, -s.leading)
	case "TL":
		s.leading = first()
	case "Tc":
		s.gap = first()
	case "Tw":
		s.by = first()
	case "Tz":
		s.scale = first() / 100
	case "Ts":
		s.rise = first()
	case "Tj", "TJ", "'", `"`:
		if op == "'" || op == `"` {
			m.next(0, -s.leading)
		}
		if len(args) > 0 {
			m.show(args[len(args)-1])
		}
	}
}

func (m *marker) next(x, y float64) {
	m.line = matrix{1, 0, 0, 1, x, y}.times(m.line)
	m.text = m.line
}

// show notes the box of a string, or of an array of strings and shifts.
func (m *marker) show(value []byte) {
	s := &m.state
	long := 0.0
	for _, part := range elements(value) {
		if text, ok := decodeString(part); ok {
			width, count := s.font.width(text)
			long += width*s.size + s.gap*float64(count) + s.by*float64(bytes.Count(text, []byte(" ")))
		} else if n, ok := real(part); ok {
			long -= n / 1000 * s.size
		}
	}
	long *= s.scale
	m.add(m.text.times(s.at), Box{min(0, long), s.rise - 0.25*s.size, max(0, long), s.rise + 0.85*s.size})
	m.text = matrix{1, 0, 0, 1, long, 0}.times(m.text)
}

// object draws an XObject: an image fills the unit square, a form is read like a page.
func (m *marker) object(name []byte, res *object, depth int) bool {
	o := m.resource(res, "XObject", name)
	if o == nil || !o.stream {
		return true
	}
	if !named(o.dict.get("Subtype"), "Form") {
		m.add(m.state.at, Box{0, 0, 1, 1})
		return true
	}
	if depth >= maxForms {
		return false
	}
	b, ok := m.d.look(o)
	if !ok {
		return false
	}
	state, saved := m.state, m.saved
	m.saved = nil
	if v, err := m.d.f.resolve(o.dict.get("Matrix"), o.at); err == nil && v != nil && len(v.value) > 0 {
		if list := elements(v.value); len(list) == 6 {
			m.state.at = matrix(numbers(list, 6)).times(m.state.at)
		}
	}
	resources := o.dict.get("Resources")
	if resources == nil && res != nil {
		resources = res.value
	}
	ok = m.run(b, resources, o.at, depth+1)
	m.state, m.saved = state, saved
	return ok
}

// resource returns a named resource of a kind, nil where there is none.
func (m *marker) resource(res *object, kind string, name []byte) *object {
	if res == nil || !res.isDict || len(name) < 2 || name[0] != '/' {
		return nil
	}
	list, err := m.d.f.resolve(res.dict.get(kind), res.at)
	if err != nil || list == nil || !list.isDict {
		return nil
	}
	value := list.dict.get(decodeName(name[1:]))
	if value == nil {
		return nil
	}
	o, err := m.d.f.resolve(value, list.at)
	if err != nil {
		return nil
	}
	return o
}

// metrics are the widths of a font's characters, in ems.
type metrics struct {
	wide   bool // two bytes to a character
	usual  float64
	widths map[int]float64
}

// guess is the width of a character that no table tells.
const guess = 0.55

func (t *metrics) width(text []byte) (long float64, count int) {
	if t == nil {
		return guess * float64(len(text)), len(text)
	}
	step := 1
	if t.wide {
		step = 2
	}
	for i := 0; i+step <= len(text); i += step {
		code := int(text[i])
		if t.wide {
			code = code<<8 | int(text[i+1])
		}
		w, ok := t.widths[code]
		if !ok {
			w = t.usual
		}
		long += w
		count++
	}
	return long, count
}

// font sets the font, whose widths are read once.
func (m *marker) font(name []byte, res *object) {
	o := m.resource(res, "Font", name)
	m.state.font = nil
	if o == nil || !o.isDict {
		return
	}
	key := string(o.value)
	t, ok := m.d.fonts[key]
	if !ok {
		t = m.d.metrics(o)
		if len(m.d.fonts) < maxFonts {
			m.d.fonts[key] = t
		}
	}
	m.state.font = t
}

func (d *Document) metrics(o *object) *metrics {
	t := &metrics{usual: guess, widths: map[int]float64{}}
	array := func(value []byte) [][]byte {
		v, err := d.f.resolve(value, o.at)
		if value == nil || err != nil || v == nil || len(v.value) == 0 || v.value[0] != '[' {
			return nil
		}
		return elements(v.value)
	}
	if named(o.dict.get("Subtype"), "Type3") {
		return t // its widths are in a space of its own
	}
	if !named(o.dict.get("Subtype"), "Type0") {
		first, _ := o.dict.integer("FirstChar")
		for i, w := range array(o.dict.get("Widths")) {
			if n, ok := real(w); ok && n > 0 {
				t.widths[int(first)+i] = n / 1000
			}
		}
		return t
	}
	t.wide, t.usual = true, 1
	inner := array(o.dict.get("DescendantFonts"))
	if len(inner) == 0 {
		return t
	}
	f, err := d.f.resolve(inner[0], o.at)
	if err != nil || f == nil || !f.isDict {
		return t
	}
	if n, ok := real(f.dict.get("DW")); ok {
		t.usual = n / 1000
	}
	list := array(f.dict.get("W"))
	steps := 0
	for i := 0; i+1 < len(list); { // a code and an array of widths, or two codes and the width of all between
		from, _ := integer(list[i])
		if list[i+1][0] == '[' {
			for k, w := range elements(list[i+1]) {
				n, _ := real(w)
				t.widths[int(from)+k] = n / 1000
			}
			i += 2
			continue
		}
		to, _ := integer(list[i+1])
		if i+2 < len(list) {
			n, _ := real(list[i+2])
			for code := from; code <= min(to, 0xffff) && steps < 1<<17; code++ {
				t.widths[int(code)] = n / 1000
				steps++
			}
		}
		i += 3
	}
	return t
}

// Said returns the words that a page shows with a font of a ToUnicode table of two bytes to a character, the last of
// them; nothing where they can't be read.
func (d *Document) Said(p *Page, name string) string {
	_, fonts, err := d.f.fonts(p)
	if err != nil {
		return ""
	}
	font, err := d.f.resolve(fonts.get(name), p.object.at)
	if err != nil || font == nil || !font.isDict {
		return ""
	}
	table, err := d.f.resolve(font.dict.get("ToUnicode"), font.at)
	if err != nil || table == nil || !table.stream {
		return ""
	}
	cmap, ok := d.look(table)
	if !ok {
		return ""
	}
	o := &Overlay{d: d}
	streams, _, _, err := o.contents(p)
	if err != nil {
		return ""
	}
	for _, s := range slices.Backward(streams) {
		c, err := d.f.resolve(s, p.object.at)
		if err != nil || c == nil || !c.stream {
			return ""
		}
		b, ok := d.look(c)
		if !ok {
			return ""
		}
		at := bytes.LastIndex(b, []byte("/"+name+" "))
		if at < 0 {
			continue
		}
		from := bytes.IndexAny(b[at:], "<(")
		if from < 0 {
			return ""
		}
		end, err := skip(b, at+from, 0)
		if err != nil {
			return ""
		}
		codes, _ := decodeString(b[at+from : end])
		return spelled(codes, cmap)
	}
	return ""
}

// spelled maps codes to text by the entries of bfchar in a table.
func spelled(codes, cmap []byte) string {
	text := map[[2]byte][]byte{}
	for line := range bytes.Lines(cmap) {
		line = bytes.TrimSpace(line)
		from, to, ok := bytes.Cut(line, []byte(">"))
		code, fine := decodeString(append(bytes.Clone(from), '>'))
		units, also := decodeString(bytes.TrimSpace(to))
		if ok && fine && also && len(code) == 2 {
			text[[2]byte(code)] = units
		}
	}
	raw := []byte{0xfe, 0xff}
	for i := 0; i+2 <= len(codes); i += 2 {
		raw = append(raw, text[[2]byte(codes[i:i+2])]...)
	}
	return decodeText(raw)
}
