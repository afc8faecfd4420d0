package browser

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"slices"
)

const (
	// stir is how much a channel of a pixel may differ between two photographs of the same thing.
	stir = 6
	// least is how much it must differ to be ink. Less than that nobody sees.
	least = 10
)

// compare reads the three photographs of a text: with it, without it, with it again.
func (t *Text) compare(shots [3][]byte, lines []Box) error {
	var pictures [3]*image.RGBA
	for i, shot := range shots {
		img, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			return fmt.Errorf("reading a photograph: %w", err)
		}
		pictures[i] = image.NewRGBA(img.Bounds())
		draw.Draw(pictures[i], img.Bounds(), img, img.Bounds().Min, draw.Src)
		if img.Bounds() != pictures[0].Bounds() {
			return fmt.Errorf("reading a photograph: the window changed")
		}
	}
	t.Measured = !t.Special
	var frame image.Rectangle
	var pairs []pair
	for _, l := range lines {
		box := image.Rect(int(math.Floor(l.X)), int(math.Floor(l.Y)), int(math.Ceil(l.X+l.Width)), int(math.Ceil(l.Y+l.Height))).Intersect(pictures[0].Bounds())
		frame = frame.Union(box)
		rows, found := ink(pictures, box)
		t.Ink = max(t.Ink, rows)
		pairs = append(pairs, found...)
	}
	t.Contrast = contrast(pairs)
	out := pictures[0]
	outline(out, frame.Inset(-3))
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		return fmt.Errorf("writing a photograph: %w", err)
	}
	t.Picture = b.Bytes()
	return nil
}

// pair is a pixel of a letter with what is behind it.
type pair struct {
	letter, ground color.RGBA
	differ         int
}

// ink finds what in a box is there with the text, away without it and back with it. Rows are those from its first to its last.
func ink(pictures [3]*image.RGBA, box image.Rectangle) (rows int, pairs []pair) {
	first, last := -1, -1
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			with, without, again := pictures[0].RGBAAt(x, y), pictures[1].RGBAAt(x, y), pictures[2].RGBAAt(x, y)
			if d := apart(with, without); d >= least && apart(with, again) <= stir {
				if first < 0 {
					first = y
				}
				last = y
				pairs = append(pairs, pair{with, without, d})
			}
		}
	}
	if first < 0 {
		return 0, nil
	}
	return last - first + 1, pairs
}

func apart(a, b color.RGBA) int {
	d := func(x, y uint8) int {
		if x < y {
			x, y = y, x
		}
		return int(x - y)
	}
	return max(d(a.R, b.R), d(a.G, b.G), d(a.B, b.B))
}

// contrast is the middle one of the pixels that differ most: the rims of letters are half letter and half ground.
func contrast(pairs []pair) float64 {
	if len(pairs) == 0 {
		return 1
	}
	slices.SortFunc(pairs, func(a, b pair) int { return b.differ - a.differ })
	core := pairs[:max(1, len(pairs)/5)]
	list := make([]float64, len(core))
	for i, p := range core {
		a, b := luminance(p.letter), luminance(p.ground)
		list[i] = (max(a, b) + 0.05) / (min(a, b) + 0.05)
	}
	slices.Sort(list)
	return math.Round(list[len(list)/2]*100) / 100
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(c color.RGBA) float64 {
	part := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

// outline draws a red frame.
func outline(img *image.RGBA, box image.Rectangle) {
	if box.Dx() < 8 { // nothing is there to frame
		return
	}
	red := image.NewUniform(color.RGBA{0xd0, 0x10, 0x20, 0xff})
	for _, side := range []image.Rectangle{{box.Min, image.Pt(box.Max.X, box.Min.Y+2)}, {image.Pt(box.Min.X, box.Max.Y-2), box.Max}, {box.Min, image.Pt(box.Min.X+2, box.Max.Y)}, {image.Pt(box.Max.X-2, box.Min.Y), box.Max}} {
		draw.Draw(img, side.Intersect(img.Bounds()), red, image.Point{}, draw.Src)
	}
}
