package plate

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"github.com/colophon-project/colophon/notice"
)

// inkPart is how far a pixel must be on the way from the plate's grey to that of the words to count as ink. At half the
// way the contrast of a single pixel on a light plate would fall below 4.5:1, so that this is a little more.
const inkPart = 0.58

// Measure returns the height in pixels of the ink of the words on the plate that fills box, and the contrast of the worst
// pair of pixels. It knows nothing of how the plate was made: ink is what differs from the plate, glyphs are parted by
// columns without ink and lines by rows without, and the height is that of the lowest glyph that comes up to three
// quarters of the tallest, which leaves small letters, hyphens and full stops out. Without ink it returns 0 and 1.
func Measure(img image.Image, box image.Rectangle) (ink int, contrast float64) {
	return measure(img, box, nil)
}

// measure is Measure where the boxes of the glyphs that count are known, relative to the box: the lowest of their ink.
func measure(img image.Image, box image.Rectangle, glyphs []image.Rectangle) (int, float64) {
	box = box.Intersect(img.Bounds())
	f := readField(img, box)
	if f == nil {
		return 0, 1
	}
	if len(glyphs) == 0 {
		glyphs = f.segments()
	}
	lowest := math.MaxInt
	for _, g := range glyphs {
		lowest = min(lowest, f.ink(g).Dy())
	}
	if lowest == math.MaxInt {
		return 0, 1
	}
	return lowest, f.contrast()
}

// field is the brightness of the pixels of a box.
type field struct {
	w, h   int
	luma   []uint8
	ground float64 // brightness of the plate and of the words
	words  float64
	inked  [256]bool // whether a pixel of that brightness is ink
}

func readField(img image.Image, box image.Rectangle) *field {
	f := &field{w: box.Dx(), h: box.Dy()}
	if f.w < 3 || f.h < 3 {
		return nil
	}
	f.read(img, box)
	var ring, every tally
	for y := range f.h {
		line := f.luma[y*f.w:][:f.w]
		for _, v := range line {
			every[v]++
		}
		if y == 0 || y == f.h-1 {
			for _, v := range line {
				ring[v]++
			}
			continue
		}
		ring[line[0]]++
		ring[line[f.w-1]]++
	}
	f.ground = ring.rank(ring.sum() / 2)
	few := len(f.luma) / 200
	low, high := every.rank(few), every.rank(len(f.luma)-1-few)
	if f.words = low; high-f.ground > f.ground-low {
		f.words = high
	}
	if math.Abs(f.words-f.ground) < 8 {
		return nil
	}
	for v := range f.inked {
		f.inked[v] = (float64(v)-f.ground)/(f.words-f.ground) >= inkPart
	}
	return f
}

// read takes the brightness of the pixels.
func (f *field) read(img image.Image, box image.Rectangle) {
	f.luma = make([]uint8, f.w*f.h)
	fast, ok := img.(*image.RGBA)
	if m, is := img.(*image.NRGBA); is && m.SubImage(box).(*image.NRGBA).Opaque() {
		fast, ok = (*image.RGBA)(m), true
	}
	for y := range f.h {
		out := f.luma[y*f.w:][:f.w]
		if !ok {
			for x := range out {
				r, g, b, _ := img.At(box.Min.X+x, box.Min.Y+y).RGBA()
				out[x] = grey(r>>8, g>>8, b>>8)
			}
			continue
		}
		line := fast.Pix[fast.PixOffset(box.Min.X, box.Min.Y+y):][:4*f.w]
		for x := range out {
			r, g, b := line[4*x], line[4*x+1], line[4*x+2]
			if out[x] = r; r != g || g != b {
				out[x] = grey(uint32(r), uint32(g), uint32(b))
			}
		}
	}
}

// grey is the brightness of a colour (ITU-R BT.601).
func grey(r, g, b uint32) uint8 { return uint8((299*r + 587*g + 114*b + 500) / 1000) }

// ink returns the box of the ink inside r.
func (f *field) ink(r image.Rectangle) image.Rectangle {
	var box image.Rectangle
	r = r.Intersect(image.Rect(0, 0, f.w, f.h))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		line := f.luma[y*f.w+r.Min.X : y*f.w+r.Max.X]
		box = box.Union(extent(line, y, func(v uint8) bool { return f.inked[v] }).Add(image.Pt(r.Min.X, 0)))
	}
	return box
}

// segments finds glyphs without knowing where they are.
func (f *field) segments() []image.Rectangle {
	var glyphs []image.Rectangle
	tallest := 0
	whole := image.Rect(0, 0, f.w, f.h)
	for _, line := range runs(f.h, func(y int) bool { return !f.ink(image.Rect(0, y, f.w, y+1)).Empty() }) {
		for _, column := range runs(f.w, func(x int) bool { return !f.ink(image.Rect(x, line[0], x+1, line[1])).Empty() }) {
			g := f.ink(image.Rect(column[0], line[0], column[1], line[1]).Intersect(whole))
			glyphs = append(glyphs, g)
			tallest = max(tallest, g.Dy())
		}
	}
	return slices.DeleteFunc(glyphs, func(g image.Rectangle) bool { return 4*g.Dy() < 3*tallest })
}

// runs returns the ranges of 0 to n for which has holds.
func runs(n int, has func(int) bool) [][2]int {
	var list [][2]int
	open := false
	for i := range n {
		now := has(i)
		switch {
		case now && !open:
			list = append(list, [2]int{i, i + 1})
		case now:
			list[len(list)-1][1] = i + 1
		}
		open = now
	}
	return list
}

// contrast compares the weakest pixel of the ink with the weakest of the plate around the words: all that is two pixels
// or more away from the box of the ink, but for the one in fifty that a lossy codec may have spoilt at the rim.
func (f *field) contrast() float64 {
	words := f.ink(image.Rect(0, 0, f.w, f.h))
	around := words.Inset(-1)
	var ground, ink tally
	for y := range f.h {
		line := f.luma[y*f.w:][:f.w]
		from, to := f.w, f.w // what is within the box of the words
		if y >= around.Min.Y && y < around.Max.Y {
			from, to = min(max(around.Min.X, 0), f.w), min(around.Max.X, f.w)
		}
		for x, v := range line {
			if f.inked[v] {
				ink[v]++
			} else if x < from || x >= to {
				ground[v]++
			}
		}
	}
	pixels, rim := ground.sum(), ground.sum()/50
	if pixels == 0 || ink.sum() == 0 {
		return 1
	}
	if f.words > f.ground {
		return Ratio(ink.rank(0), ground.rank(pixels-1-rim))
	}
	return Ratio(ink.rank(ink.sum()-1), ground.rank(rim))
}

// tally is how many pixels each brightness has.
type tally [256]int

func (t *tally) sum() (n int) {
	for _, v := range t {
		n += v
	}
	return n
}

// rank returns the brightness of the pixel with n darker or equal ones before it.
func (t *tally) rank(n int) float64 {
	for v, count := range t {
		if n -= count; n < 0 {
			return float64(v)
		}
	}
	return 255
}

// Ratio is the contrast of two greys of 0 to 255 as WCAG 2.2 defines it, from 1 to 21.
func Ratio(a, b float64) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is the relative luminance of an sRGB grey (WCAG 2.2, "relative luminance").
func luminance(grey float64) float64 {
	v := grey / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// Preview returns a picture, upright, with its measurement drawn on it: a frame around the plate in box, a line above and
// one below the ink as it was measured, and beside them a bar of the height that the standard asks for, 5 % of the
// shortest side.
func Preview(img image.Image, box image.Rectangle, r notice.Report) image.Image {
	b := img.Bounds()
	out := image.NewNRGBA(image.Rectangle{Max: b.Size()})
	draw.Draw(out, out.Bounds(), img, b.Min, draw.Src)
	box = box.Sub(b.Min).Intersect(out.Bounds())
	short := min(b.Dx(), b.Dy())
	wide := max(2, short/300)
	red, green := color.NRGBA{0xE5, 0x39, 0x35, 0xFF}, color.NRGBA{0x00, 0xC8, 0x53, 0xFF}
	frame(out, box.Inset(-wide), wide, red)
	f := readField(out, box)
	if f == nil {
		return out
	}
	ink := int(math.Round(r.Ink * float64(short)))
	line := f.lineNear(ink)
	top := box.Min.Y + line.Min.Y
	for _, y := range []int{top - wide, top + ink} {
		fill(out, image.Rect(box.Min.X, y, box.Max.X, y+wide), red)
	}
	bar := int(math.Ceil(notice.MinInk * float64(short)))
	x := box.Min.X - 4*wide
	if x < 0 {
		x = box.Max.X + 2*wide
	}
	fill(out, image.Rect(x, top, x+2*wide, top+bar), green)
	return out
}

// lineNear returns the glyph whose height is that of the ink.
func (f *field) lineNear(ink int) image.Rectangle {
	var near image.Rectangle
	for _, g := range f.segments() {
		if near.Empty() || math.Abs(float64(g.Dy()-ink)) < math.Abs(float64(near.Dy()-ink)) {
			near = g
		}
	}
	return near
}

func frame(img draw.Image, r image.Rectangle, wide int, c color.Color) {
	fill(img, image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+wide), c)
	fill(img, image.Rect(r.Min.X, r.Max.Y-wide, r.Max.X, r.Max.Y), c)
	fill(img, image.Rect(r.Min.X, r.Min.Y, r.Min.X+wide, r.Max.Y), c)
	fill(img, image.Rect(r.Max.X-wide, r.Min.Y, r.Max.X, r.Max.Y), c)
}

func fill(img draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}
