package plate

import (
	"image"
	"image/color"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/raster"
	"github.com/colophon-project/colophon/notice"
)

// palette is the colours of a PNG file and what is clear in it.
type palette struct {
	colours    []byte // PLTE
	clear      []byte // tRNS: alpha of the first entries, or the grey or colour that is clear
	background []byte // bKGD
	tone       Tone
	greys      []uint8
	entries    []uint16 // which entry stands for each of greys
	changed    bool
	raised     bool // the depth is 8 now
	widened    bool // the colour type is RGB or RGBA now
}

// colour returns what a pixel's samples stand for.
func (p *palette) colour(l raster.Layout, s []uint16) color.NRGBA {
	scale := func(v uint16) uint8 {
		if l.Depth == 16 {
			return uint8(v >> 8)
		}
		return uint8(int(v) * 255 / (1<<l.Depth - 1))
	}
	switch l.Colour {
	case raster.Palette:
		i := int(s[0])
		if 3*i+3 > len(p.colours) {
			return color.NRGBA{A: 255}
		}
		c := color.NRGBA{p.colours[3*i], p.colours[3*i+1], p.colours[3*i+2], 255}
		if i < len(p.clear) {
			c.A = p.clear[i]
		}
		return c
	case raster.GreyAlpha:
		return color.NRGBA{scale(s[0]), scale(s[0]), scale(s[0]), scale(s[1])}
	case raster.RGBA:
		return color.NRGBA{scale(s[0]), scale(s[1]), scale(s[2]), scale(s[3])}
	}
	c := color.NRGBA{scale(s[0]), scale(s[0]), scale(s[0]), 255}
	if l.Colour == raster.RGB {
		c.G, c.B = scale(s[1]), scale(s[2])
	}
	if p.isClear(s) {
		c.A = 0
	}
	return c
}

// isClear reports whether samples are the grey or colour that is clear.
func (p *palette) isClear(s []uint16) bool {
	if len(s) == 0 || len(p.clear) < 2*len(s) {
		return false
	}
	for i, v := range s {
		if v != uint16(p.clear[2*i])<<8|uint16(p.clear[2*i+1]) {
			return false
		}
	}
	return true
}

// samples returns the samples of a grey of the plate.
func (p *palette) samples(l raster.Layout, grey uint8) []uint16 {
	top := 1<<l.Depth - 1
	v := uint16((int(grey)*top + 127) / 255)
	switch l.Colour {
	case raster.Palette:
		near, best, inked := 256, uint16(0), p.tone.inked(grey)
		for i, g := range p.greys {
			if d := abs(int(g) - int(grey)); d < near && (!inked || p.tone.inked(g)) { // no row of ink gets lost
				near, best = d, p.entries[i]
			}
		}
		return []uint16{best}
	case raster.GreyAlpha:
		return []uint16{v, uint16(top)}
	case raster.RGBA:
		return []uint16{v, v, v, uint16(top)}
	}
	s := []uint16{v}
	if l.Colour == raster.RGB {
		s = []uint16{v, v, v}
	}
	if p.isClear(s) { // the next grey is as good
		if s[0] > 0 {
			s[0]--
		} else {
			s[0]++
		}
	}
	return s
}

// inked reports whether a grey of the plate is ink.
func (t Tone) inked(grey uint8) bool {
	ground, ink := t.levels()
	return (float64(grey)-float64(ground))/(float64(ink)-float64(ground)) >= inkPart
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// paint puts the plate on a picture whose origin stands at v.origin in the file's canvas.
func (v *pngPicture) paint(p *Placed, shift image.Point) {
	box := p.Box.Sub(v.origin).Add(shift).Intersect(v.Bounds())
	var known [256][]uint16
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			at := image.Pt(x, y).Add(v.origin).Sub(p.Box.Min)
			grey := p.Stored.NRGBAAt(at.X, at.Y).R
			if known[grey] == nil {
				known[grey] = v.pal.samples(v.Layout, grey)
			}
			v.Set(x, y, known[grey])
		}
	}
}

// prepare makes the file able to show the plate's greys and returns the plate as it is to be drawn: entries of the palette
// that are near, free or unused; then a greater depth; then two colours that are there and are legible on each other; and
// where nothing else helps, true colours. It changes the pictures' rasters, never what they show.
func (f *pngFile) prepare(j *job, views []*pngPicture, p *Placed) *Placed {
	if f.layout.Colour == raster.Grey && f.layout.Depth == 1 && len(f.pal.clear) >= 2 {
		f.convert(views, raster.Layout{Depth: 8, Colour: raster.RGBA})
		j.anew("colours that leave no room for the words")
		return p
	}
	if f.layout.Colour != raster.Palette {
		return p
	}
	used := map[int]bool{}
	if len(f.pal.background) > 0 {
		used[int(f.pal.background[0])] = true
	}
	for _, v := range views {
		v.count(p, used)
	}
	if f.pal.allot(p, 1<<f.layout.Depth, used) {
		return p
	}
	if f.layout.Depth < 8 {
		f.convert(views, raster.Layout{Depth: 8, Colour: raster.Palette})
		if f.pal.allot(p, 256, used) {
			return p
		}
	}
	if q := f.pal.either(p, 256); q != nil {
		return q
	}
	to := raster.Layout{Depth: 8, Colour: raster.RGB}
	if slices.ContainsFunc(f.pal.clear, func(a byte) bool { return a < 255 }) {
		to.Colour = raster.RGBA
	}
	f.convert(views, to)
	j.anew("colours that leave no room for the words")
	return p
}

// count notes the entries that a picture uses outside the plate.
func (v *pngPicture) count(p *Placed, used map[int]bool) {
	var s [4]uint16
	var seen [256]bool
	box := p.Box.Sub(v.origin).Intersect(v.Bounds())
	for y := range v.Height {
		for x := 0; x < v.Width; x++ {
			if x == box.Min.X && y >= box.Min.Y && y < box.Max.Y {
				x = box.Max.X - 1
				continue
			}
			seen[v.Get(x, y, &s)[0]&255] = true
		}
	}
	for i, is := range seen {
		if is {
			used[i] = true
		}
	}
}

// allot finds entries for as many greys between plate and words as there is room for, and reports whether there are two.
func (p *palette) allot(plate *Placed, room int, used map[int]bool) bool {
	for _, steps := range []int{8, 5, 3, 2} {
		next := *p
		next.colours, next.clear = append([]byte{}, p.colours...), append([]byte{}, p.clear...)
		next.tone, next.greys, next.entries = plate.Tone, nil, nil
		taken := map[int]bool{}
		for i := range steps {
			grey := greyOf(plate.Tone, i, steps)
			entry := next.entry(grey, 6, room, used, taken)
			if entry < 0 {
				break
			}
			taken[entry] = true
			next.greys = append(next.greys, grey)
			next.entries = append(next.entries, uint16(entry))
		}
		if len(next.greys) == steps && (steps > 3 || next.suits(plate)) {
			*p = next
			return true
		}
	}
	return false
}

// borrow takes two colours of the palette for the plate and the words, as they are: the plate's must be about as bright as
// ours, and the words' legible on it. Those between are taken where there are any that lie between.
func (p *palette) borrow(plate *Placed, room int) bool {
	ground, ink := p.pair(plate.Tone, room)
	if ground < 0 {
		return false
	}
	low, high := plate.Tone.levels()
	next := *p
	next.tone = plate.Tone
	next.greys, next.entries = []uint8{low, high}, []uint16{uint16(ground), uint16(ink)}
	const steps = 6
	for i := 1; i < steps; i++ {
		if entry := p.between(ground, ink, i, steps, room); entry >= 0 {
			next.greys = append(next.greys, greyOf(plate.Tone, i, steps+1))
			next.entries = append(next.entries, uint16(entry))
		}
	}
	if !next.suits(plate) { // without those between
		next.greys, next.entries = next.greys[:2:2], next.entries[:2:2]
	}
	if !next.suits(plate) {
		return false
	}
	*p = next
	return true
}

// either borrows two colours for the plate in its own tone or in the other one, and returns it so, or nil.
func (p *palette) either(plate *Placed, room int) *Placed {
	for _, tone := range []Tone{plate.Tone, Dark, Light} {
		if q := plate.toned(tone); p.borrow(q, room) {
			return q
		}
	}
	return nil
}

// pair returns the two entries that suit the plate and the words best, or -1. Greys come before colours where both are
// legible.
func (p *palette) pair(tone Tone, room int) (ground, ink int) {
	want, _ := tone.levels()
	ground, ink = -1, -1
	best := 0.0
	l := raster.Layout{Depth: 8, Colour: raster.Palette}
	var list []color.NRGBA
	for i := range min(room, len(p.colours)/3) {
		list = append(list, p.colour(l, []uint16{uint16(i)}))
	}
	for i, g := range list {
		if g.A < 255 || abs(int(luma(g))-int(want)) > coarse-6 {
			continue
		}
		for k, w := range list {
			if w.A < 255 || (luma(w) > luma(g)) != (tone == Dark) {
				continue
			}
			contrast := min(Ratio(float64(luma(g)), float64(luma(w))), apart(g, w))
			if contrast < notice.MinContrast {
				continue
			}
			if score := min(contrast, 14) - float64(tint(g))/32 - float64(tint(w))/32 + 20; score > best {
				best, ground, ink = score, i, k
			}
		}
	}
	return ground, ink
}

// between returns an entry that is about i of n parts of the way between two others, or -1.
func (p *palette) between(ground, ink, i, n, room int) int {
	const far = 20
	best, entry := far, -1
	l := raster.Layout{Depth: 8, Colour: raster.Palette}
	a, b := p.colour(l, []uint16{uint16(ground)}), p.colour(l, []uint16{uint16(ink)})
	mix := func(x, y uint8) int { return int(x) + (int(y)-int(x))*i/n }
	for k := range min(room, len(p.colours)/3) {
		c := p.colour(l, []uint16{uint16(k)})
		d := max(abs(int(c.R)-mix(a.R, b.R)), abs(int(c.G)-mix(a.G, b.G)), abs(int(c.B)-mix(a.B, b.B)))
		if c.A == 255 && d < best {
			best, entry = d, k
		}
	}
	return entry
}

func luma(c color.NRGBA) uint8 { return grey(uint32(c.R), uint32(c.G), uint32(c.B)) }

// tint is how far a colour is from grey.
func tint(c color.NRGBA) int { return int(max(c.R, c.G, c.B)) - int(min(c.R, c.G, c.B)) }

// apart is the contrast of two colours (WCAG 2.2, "contrast ratio").
func apart(a, b color.NRGBA) float64 {
	of := func(c color.NRGBA) float64 {
		return 0.2126*luminance(float64(c.R)) + 0.7152*luminance(float64(c.G)) + 0.0722*luminance(float64(c.B)) + 0.05
	}
	return max(of(a), of(b)) / min(of(a), of(b))
}

// suits reports whether the plate in the colours of the palette keeps the rules and will be found again.
func (p *palette) suits(plate *Placed) bool {
	shown := p.shown(plate, raster.Layout{Depth: 8, Colour: raster.Palette})
	ink, contrast := plate.measured(shown)
	ground, _ := plate.Tone.levels()
	c := shown.NRGBAAt(plate.Box.Min.X, plate.Box.Min.Y)
	return ink >= notice.MinInk && contrast >= notice.MinContrast && abs(int(luma(c))-int(ground)) < coarse && plate.shows(shown)
}

// shown returns the plate in the colours of the palette, at its place.
func (p *palette) shown(plate *Placed, l raster.Layout) *image.NRGBA {
	out := cloned(plate.Stored)
	var known [256][]byte
	for i := 0; i < len(out.Pix); i += 4 {
		grey := out.Pix[i]
		if known[grey] == nil {
			c := p.colour(l, p.samples(l, grey))
			known[grey] = []byte{c.R, c.G, c.B, c.A}
		}
		copy(out.Pix[i:], known[grey])
	}
	out.Rect = plate.Box
	return out
}

// toned returns the same plate in a tone.
func (p *Placed) toned(t Tone) *Placed {
	if t == p.Tone {
		return p
	}
	from, to := p.Tone.levels()
	ground, ink := t.levels()
	turn := func(img *image.NRGBA) *image.NRGBA {
		out := cloned(img)
		for i, v := range out.Pix {
			if i&3 != 3 {
				out.Pix[i] = uint8(int(ground) + (int(v)-int(from))*(int(ink)-int(ground))/(int(to)-int(from)))
			}
		}
		return out
	}
	plate, placed := *p.Plate, *p
	plate.Image, plate.Tone = turn(p.Image), t
	_, plate.Contrast = measure(plate.Image, plate.Image.Rect, plate.Glyphs)
	placed.Plate, placed.Stored = &plate, turn(p.Stored)
	return &placed
}

// greyOf is one of several even steps from the plate to the words.
func greyOf(tone Tone, i, steps int) uint8 {
	ground, ink := tone.levels()
	return uint8(int(ground) + (int(ink)-int(ground))*i/(steps-1))
}

// entry returns an opaque entry that is near a grey, or makes one of a free or unused one, or returns -1.
func (p *palette) entry(grey uint8, tolerance, room int, used, taken map[int]bool) int {
	n := len(p.colours) / 3
	for i := range min(n, room) {
		c := p.colour(raster.Layout{Depth: 8, Colour: raster.Palette}, []uint16{uint16(i)})
		if c.A == 255 && max(abs(int(c.R)-int(grey)), abs(int(c.G)-int(grey)), abs(int(c.B)-int(grey))) <= tolerance {
			return i
		}
	}
	for i := range room {
		if used[i] || taken[i] || i > n {
			continue
		}
		if i == n {
			p.colours = append(p.colours, grey, grey, grey)
		}
		copy(p.colours[3*i:], []byte{grey, grey, grey})
		if i < len(p.clear) {
			p.clear[i] = 255
		}
		p.changed = true
		return i
	}
	return -1
}

// convert gives pictures another layout.
func (f *pngFile) convert(views []*pngPicture, to raster.Layout) {
	to.Interlaced = f.layout.Interlaced
	for _, v := range views {
		to.Width, to.Height = v.Width, v.Height
		fresh := raster.New(to)
		var s [4]uint16
		for y := range v.Height {
			for x := range v.Width {
				old := v.Get(x, y, &s)
				if to.Colour != raster.Palette {
					c := v.pal.colour(v.Layout, old)
					old = []uint16{uint16(c.R), uint16(c.G), uint16(c.B), uint16(c.A)}[:map[int]int{raster.RGB: 3, raster.RGBA: 4}[to.Colour]]
				}
				fresh.Set(x, y, old)
			}
		}
		v.Raster, v.stream = fresh, nil
	}
	f.layout.Depth, f.layout.Colour = to.Depth, to.Colour
	if to.Colour != raster.Palette {
		f.pal.widened, f.pal.changed, f.pal.clear = true, false, nil
	} else {
		f.pal.raised = true
	}
}

// colours finds the plate's greys in a page's colour map and returns the plate as it is to be drawn.
func (w *tiffWriter) colours(p *tiffPage, placed *Placed) (*Placed, error) {
	if p.photometric != 3 {
		return placed, nil
	}
	used := map[int]bool{}
	for y := range p.h {
		for x := range p.w {
			if !image.Pt(x, y).In(placed.Box) {
				used[int(p.get(x, y, 0))] = true
			}
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	room := 1 << p.bits
	if !p.pal.allot(placed, room, used) {
		if placed = p.pal.either(placed, room); placed == nil {
			return nil, media.Unsupported("directory", p.at, "a colour map without room for the notice")
		}
	}
	if !p.pal.changed {
		return placed, nil
	}
	field := p.fields[tagColourMap]
	b := make([]byte, 0, 6*room)
	for channel := range 3 {
		for i := range room {
			v := uint16(field.values[channel*room+i])
			if now := p.pal.colours[3*i+channel]; byte(v>>8) != now {
				v = uint16(now) * 257
			}
			b = w.appender().AppendUint16(b, v)
		}
	}
	if !w.free(field.value, int64(len(b))) {
		return nil, media.Unsupported("directory", p.at, "a colour map that pages share")
	}
	w.put(field.value, b)
	return placed, nil
}
