package plate

import (
	"image"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

const (
	// shortWords keep the rule of two elements in the fewest glyphs.
	shortWords = "AI生成"
	// comfortable and least are heights of ink in pixels: what a small picture gets when there is room, and below what
	// strokes of a Chinese character run together, so that the notice would not be legible (GB 45438-2025 5.2).
	comfortable, least = 12, 9
	maxSide            = 30000
	maxText            = 200 // characters of a caller's words
)

// Tone says which of words and plate is the dark one.
type Tone int

// Tones.
const (
	Dark  Tone = iota // light words on a dark plate
	Light             // dark words on a light plate
)

// levels returns the grey of the plate and of the words.
func (t Tone) levels() (ground, ink uint8) {
	if t == Light {
		return 0xF5, 0x00
	}
	return 0x1C, 0xFF
}

// Plate is words on an opaque ground.
type Plate struct {
	// Image is the plate, upright. It is opaque and grey.
	Image *image.NRGBA
	// Words are those on the plate, which may be shorter than the usual ones on a small picture.
	Words string
	// Glyphs are the ink boxes of the glyphs whose height counts, in the plate's pixels: Chinese characters, capitals,
	// digits and small letters with an ascender, but for flat ones such as 一.
	Glyphs []image.Rectangle
	// Ink is the height of the lowest of them, as a part of the picture's shortest side.
	Ink float64
	// Contrast is that of the worst pair of pixels.
	Contrast float64
	Tone     Tone
}

// Render draws the notice for a picture of width × height pixels, upright.
func Render(o notice.Options, width, height int, tone Tone) (*Plate, error) {
	b, err := newBrush(o)
	if err != nil {
		return nil, err
	}
	return b.plate(width, height, tone, 0)
}

// brush is a font with the words to draw.
type brush struct {
	font     *sfnt.Font
	full     [][]string // the words as one line and as two
	short    [][]string // the same for shorter words, where the caller has not chosen any
	findings []colophon.Finding
}

func newBrush(o notice.Options) (*brush, error) {
	words, findings, err := o.Words()
	if err != nil {
		return nil, err
	}
	words = strings.Join(strings.Fields(words), " ")
	if n := len([]rune(words)); n > maxText {
		return nil, media.TooLarge("notice text", 0, maxText)
	}
	b := &brush{findings: findings}
	data := o.Font
	if len(data) == 0 {
		data = notice.Font()
	}
	fonts, err := opentype.ParseCollection(data)
	if err != nil {
		return nil, media.Malformed("font", 0, "a TrueType or OpenType font")
	}
	var missing rune
	for i := range min(fonts.NumFonts(), 64) {
		f, err := fonts.Font(i)
		if err != nil {
			return nil, media.Malformed("font", 0, "a TrueType or OpenType font")
		}
		if missing = lacks(f, words); missing == 0 {
			b.font = f
			break
		}
	}
	if b.font == nil {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: notice.CodeNoGlyph, Clauses: []colophon.Clause{colophon.ClauseGB5},
			Args: colophon.Args{"character": string(missing)}}
	}
	b.full = layouts(words)
	if o.Text == "" && o.Language != notice.English && lacks(b.font, shortWords) == 0 {
		b.short = layouts(shortWords)
	}
	return b, nil
}

// lacks returns the first character that a font has no glyph for, or 0.
func lacks(f *sfnt.Font, words string) rune {
	var buf sfnt.Buffer
	for _, r := range words {
		if i, err := f.GlyphIndex(&buf, r); err != nil || i == 0 {
			return r
		}
	}
	return 0
}

// layouts returns words on one line and, where they can be parted, on two. A Latin word is not parted.
func layouts(words string) [][]string {
	list := [][]string{{words}}
	runes := []rune(words)
	best, bestWidth := 0, math.MaxInt
	for i := 1; i < len(runes); i++ {
		if runes[i-1] != ' ' && latin(runes[i-1]) && latin(runes[i]) {
			continue
		}
		if w := max(columns(runes[:i]), columns(runes[i:])); w < bestWidth {
			best, bestWidth = i, w
		}
	}
	if best > 0 {
		list = append(list, []string{strings.TrimSpace(string(runes[:best])), strings.TrimSpace(string(runes[best:]))})
	}
	return list
}

func latin(r rune) bool { return r < 0x2E80 && r != ' ' }

// columns is a rough width: Chinese characters are twice as wide as Latin ones.
func columns(runes []rune) int {
	n := 0
	for _, r := range runes {
		if n++; !latin(r) && r != ' ' {
			n++
		}
	}
	return n
}

// plate draws the words for a picture of width × height, with ink that is more pixels higher than it has to be. Lossy
// codecs need that when they have worn the edges down.
func (b *brush) plate(width, height int, tone Tone, more int) (*Plate, error) {
	l, err := b.fit(width, height, more)
	if err != nil {
		return nil, err
	}
	return b.draw(l, min(width, height), tone), nil
}

// draw draws a plate.
func (b *brush) draw(l *layout, short int, tone Tone) *Plate {
	p := l.draw(short, tone)
	for _, words := range []string{b.full[0][0], shortWords} {
		if strings.ReplaceAll(words, " ", "") == strings.ReplaceAll(p.Words, " ", "") {
			p.Words = words
		}
	}
	return p
}

// fit lays the words out for a picture of width × height.
func (b *brush) fit(width, height, more int) (*layout, error) {
	short := min(width, height)
	tooSmall := &colophon.Error{Kind: colophon.Unsupported, Code: notice.CodeTooSmall, Clauses: []colophon.Clause{colophon.ClauseGB5},
		Args: colophon.Args{"width": strconv.Itoa(width), "height": strconv.Itoa(height)}}
	if short < least {
		return nil, tooSmall
	}
	if max(width, height) > maxSide {
		return nil, media.TooLarge("picture", 0, maxSide)
	}
	need := int(math.Ceil(notice.MinInk * float64(short)))
	for _, ink := range []int{max(need, comfortable), max(need, (comfortable+least)/2), max(need, least)} {
		face, err := b.face(ink + more)
		if err != nil {
			return nil, err
		}
		if l := b.choose(face, width, height); l != nil {
			return l, nil
		}
	}
	return nil, tooSmall
}

// choose returns the words on the plate that suits a picture best, or nil where none fits.
func (b *brush) choose(face *face, width, height int) *layout {
	var all []*layout
	order := append(append([][]string{}, b.full...), b.short...)
	for _, lines := range order {
		l := face.lay(lines)
		all = append(all, l)
		if l.size.X <= width*3/4 && l.size.Y <= height/2 && l.size.X*l.size.Y <= width*height/5 {
			return l
		}
	}
	// A small picture: what covers least of it.
	var best *layout
	for _, l := range all {
		if l.size.X <= width && l.size.Y <= height && (best == nil || l.size.X*l.size.Y < best.size.X*best.size.Y) {
			best = l
		}
	}
	return best
}

// face is a font at a size, chosen by the ink that it leaves.
type face struct {
	font.Face
	ink    int     // wanted of each glyph that counts
	size   float64 // of the font, in pixels
	glyphs map[rune]*glyph
}

// glyph is a character as it is drawn at the origin.
type glyph struct {
	box  image.Rectangle // of the mask
	mask []uint8         // coverage, row by row
	ink  image.Rectangle
}

// face returns the smallest size, in quarters of a pixel, at which each glyph that counts leaves ink rows of ink. A row
// counts that is covered by [inkPart], so that a glyph can't leave more rows than its height and the rest of two.
func (b *brush) face(ink int) (*face, error) {
	counted, height := b.counted()
	if len(counted) == 0 || height <= 0 {
		return nil, media.Malformed("font", 0, "glyphs with ink")
	}
	size := math.Ceil((float64(ink)-2*(1-inkPart))/height*4) / 4
	for range 400 {
		if size > 8*float64(ink) {
			break // glyphs without ink
		}
		f, err := opentype.NewFace(b.font, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return nil, media.Malformed("font", 0, "a TrueType or OpenType font")
		}
		try := &face{f, ink, size, map[rune]*glyph{}}
		low := slices.IndexFunc(counted, func(r rune) bool { return try.glyph(r).ink.Dy() < ink })
		if low < 0 {
			return try, nil
		}
		counted[0], counted[low] = counted[low], counted[0] // it is likely to be too low at the next size, too
		size += 0.25
	}
	return nil, media.Malformed("font", 0, "glyphs with ink")
}

// counted returns the characters whose height the standard is held to, of all words that may be drawn: the lowest of the
// Chinese characters, capitals and digits, and the height of the lowest at size 1. Flat ones such as 一 are left out, since
// no size makes them high.
func (b *brush) counted() (list []rune, height float64) {
	const size = 512
	f, err := opentype.NewFace(b.font, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, 0
	}
	heights, tallest := map[rune]fixed.Int26_6{}, fixed.Int26_6(0)
	for _, lines := range append(append([][]string{}, b.full[:1]...), b.short...) {
		for _, r := range strings.Join(lines, "") {
			if counts(r) {
				box, _, _ := f.GlyphBounds(r)
				heights[r] = box.Max.Y - box.Min.Y
				tallest = max(tallest, heights[r])
			}
		}
	}
	lowest := tallest
	for r, h := range heights {
		if 5*h >= 3*tallest {
			list = append(list, r)
			lowest = min(lowest, h)
		}
	}
	slices.Sort(list)
	return list, float64(lowest) / 64 / size
}

// counts reports whether a character's height counts: small letters with an ascender are about as high as capitals.
func counts(r rune) bool {
	return unicode.Is(unicode.Han, r) || r < 0x80 && (unicode.IsUpper(r) || unicode.IsDigit(r)) || strings.ContainsRune("bdfhklt", r)
}

// maskInk is the coverage from which a pixel of a glyph is ink: the same part of the way from plate to words that
// Measure asks for.
const maskInk = inkPart*255 + 1

// glyph draws a character, once.
func (f *face) glyph(r rune) *glyph {
	if g := f.glyphs[r]; g != nil {
		return g
	}
	g := new(glyph)
	f.glyphs[r] = g
	box, mask, at, _, ok := f.Glyph(fixed.Point26_6{}, r)
	alpha, is := mask.(*image.Alpha)
	if !ok || !is {
		return g
	}
	g.box, g.mask = box, make([]uint8, 0, box.Dx()*box.Dy())
	for y := range box.Dy() {
		from := alpha.PixOffset(at.X, at.Y+y)
		line := alpha.Pix[from : from+box.Dx()]
		g.mask = append(g.mask, line...)
		g.ink = g.ink.Union(extent(line, y, func(v uint8) bool { return float64(v) >= maskInk }))
	}
	g.ink = g.ink.Add(box.Min)
	return g
}

// extent returns the box of the bytes of a line that have something.
func extent(line []uint8, y int, has func(uint8) bool) image.Rectangle {
	for from, v := range line {
		if !has(v) {
			continue
		}
		to := len(line)
		for !has(line[to-1]) {
			to--
		}
		return image.Rect(from, y, to, y+1)
	}
	return image.Rectangle{}
}

// layout is where glyphs go on a plate.
type layout struct {
	face  *face
	lines []string
	pad   int
	tops  []image.Rectangle // ink of each line around its origin
	size  image.Point
}

func (f *face) lay(lines []string) *layout {
	l := &layout{face: f, lines: lines, pad: max(2, f.ink*2/5)}
	l.size = image.Pt(0, 2*l.pad)
	for i, line := range lines {
		var box image.Rectangle
		f.each(line, func(r rune, x int) { box = box.Union(f.glyph(r).ink.Add(image.Pt(x, 0))) })
		l.tops = append(l.tops, box)
		l.size.X = max(l.size.X, box.Dx()+2*l.pad)
		if l.size.Y += box.Dy(); i > 0 {
			l.size.Y += l.gap()
		}
	}
	return l
}

func (l *layout) gap() int { return max(2, l.pad*3/4) }

// each visits the glyphs of a line with the whole pixel that they start at.
func (f *face) each(line string, visit func(r rune, x int)) {
	x := fixed.Int26_6(0)
	for _, r := range line {
		visit(r, x.Round())
		if advance, ok := f.GlyphAdvance(r); ok {
			x += advance
		}
	}
}

func (l *layout) draw(short int, tone Tone) *Plate {
	f := l.face
	ground, ink := tone.levels()
	p := &Plate{Image: image.NewNRGBA(image.Rectangle{Max: l.size}), Words: strings.Join(l.lines, " "), Tone: tone}
	for i := range p.Image.Pix {
		if p.Image.Pix[i] = ground; i&3 == 3 {
			p.Image.Pix[i] = 0xFF
		}
	}
	y, tallest := l.pad, 0
	for i, line := range l.lines {
		box := l.tops[i]
		origin := image.Pt((l.size.X-box.Dx())/2-box.Min.X, y-box.Min.Y)
		f.each(line, func(r rune, x int) {
			at := origin.Add(image.Pt(x, 0))
			g := f.glyph(r)
			g.draw(p.Image, at, ground, ink)
			if counts(r) {
				p.Glyphs = append(p.Glyphs, g.ink.Add(at))
				tallest = max(tallest, g.ink.Dy())
			}
		})
		y += box.Dy() + l.gap()
	}
	kept := p.Glyphs[:0]
	for _, g := range p.Glyphs {
		if 5*g.Dy() >= 3*tallest {
			kept = append(kept, g)
		}
	}
	p.Glyphs = kept
	rows, contrast := measure(p.Image, p.Image.Bounds(), p.Glyphs)
	p.Ink, p.Contrast = float64(rows)/float64(short), contrast
	return p
}

// draw puts a glyph on a grey ground.
func (g *glyph) draw(img *image.NRGBA, at image.Point, ground, ink uint8) {
	box := g.box.Add(at)
	cut := box.Intersect(img.Rect)
	for y := cut.Min.Y; y < cut.Max.Y; y++ {
		line := g.mask[(y-box.Min.Y)*box.Dx()+cut.Min.X-box.Min.X:][:cut.Dx()]
		out := img.Pix[img.PixOffset(cut.Min.X, y):]
		for i, a := range line {
			if a > 0 { // where glyphs overlap, the one before shines through
				was := int(out[4*i])
				v := uint8(was + ((int(ink)-was)*int(a)*2+255*sign(int(ink)-int(ground)))/510)
				out[4*i], out[4*i+1], out[4*i+2] = v, v, v
			}
		}
	}
}

func sign(v int) int {
	if v < 0 {
		return -1
	}
	return 1
}
