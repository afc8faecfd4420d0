package browsertest

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromedp/chromedp"
)

// tour is a folder for the pictures of docs/tour.md.
var tour = flag.String("tour", "", "write the pictures of docs/tour.md into this folder")

const (
	tourColours = 96       // of a picture: pages have few, and each costs bytes
	tourGrounds = 16       // colours that are there most, and stay as they are
	tourMost    = 60 << 10 // bytes of a picture
)

// Touring reports whether the flag -tour is set.
func Touring() bool { return *tour != "" }

// Tour takes a picture of the page that is shown, with what a selector stands for at its top, in both languages, for the flag
// -tour; the page is opened anew for that. Without the flag it does nothing.
func (b *Tab) Tour(name string, top string) {
	b.t.Helper()
	if !Touring() {
		return
	}
	at := Ask[string](b, "location.pathname + location.search")
	mark := "?"
	if slices.Contains([]byte(at), '?') {
		mark = "&"
	}
	for _, lang := range []string{"zh", "en"} {
		b.As(Appearance{"light", 1280})
		b.Open(at + mark + "lang=" + lang)
		b.Shoot(name+"-"+lang, top)
	}
}

// Shoot is Tour of the page as it is.
func (b *Tab) Shoot(name string, top string) {
	b.t.Helper()
	if !Touring() {
		return
	}
	Ask[bool](b, `document.fonts.ready.then(() => { document.activeElement.blur(); const e = document.querySelector('`+top+`'); scrollTo(0, e ? Math.max(0, e.getBoundingClientRect().top + scrollY - 12) : 0); return true })`)
	shot, err := chromedp.Run(b.Ctx, chromedp.CaptureScreenshot())
	b.Check("taking a picture", err)
	full, err := png.Decode(bytes.NewReader(shot))
	b.Check("reading a picture", err)
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	b.Check("writing a picture", encoder.Encode(&small, few(full)))
	if small.Len() > tourMost {
		b.t.Errorf("the picture %s has %d bytes, more than %d", name, small.Len(), tourMost)
	}
	b.Check("keeping a picture", os.WriteFile(filepath.Join(*tour, name+".png"), small.Bytes(), 0o644))
}

// few returns a picture with few colours, by median cut over colours of five bits a channel; those that are there most are kept.
func few(full image.Image) *image.Paletted {
	type shade struct {
		c   [3]int
		sum [3]int // of what is counted, of eight bits a channel
		n   int
	}
	var shades [1 << 15]shade
	bounds := full.Bounds()
	key := func(x, y int) (int, [3]int) {
		r, g, b, _ := full.At(x, y).RGBA()
		return int(r>>11)<<10 | int(g>>11)<<5 | int(b>>11), [3]int{int(r >> 8), int(g >> 8), int(b >> 8)}
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			k, c := key(x, y)
			s := &shades[k]
			s.c, s.n = [3]int{k >> 10, k >> 5 & 31, k & 31}, s.n+1
			for i := range c {
				s.sum[i] += c[i]
			}
		}
	}
	all := slices.DeleteFunc(slices.Clone(shades[:]), func(s shade) bool { return s.n == 0 })
	slices.SortFunc(all, func(a, b shade) int { return b.n - a.n })
	var boxes [][]shade
	for i := range min(tourGrounds, len(all)) { // grounds differ little, and are seen most
		boxes = append(boxes, all[i:i+1])
	}
	if rest := all[len(boxes):]; len(rest) > 0 {
		boxes = append(boxes, rest)
	}
	wide := func(box []shade) (channel, width int) { // the channel in which a box reaches farthest
		for c := range 3 {
			low, high := 31, 0
			for _, s := range box {
				low, high = min(low, s.c[c]), max(high, s.c[c])
			}
			if high-low >= width {
				channel, width = c, high-low
			}
		}
		return channel, width
	}
	for len(boxes) < tourColours {
		at, channel, most := -1, 0, 0
		for i, box := range boxes {
			if c, width := wide(box); len(box) > 1 && width > most {
				at, channel, most = i, c, width
			}
		}
		if at < 0 {
			break
		}
		box := boxes[at]
		slices.SortFunc(box, func(a, b shade) int { return a.c[channel] - b.c[channel] })
		half := (box[0].c[channel] + box[len(box)-1].c[channel]) / 2
		cut := max(1, slices.IndexFunc(box, func(s shade) bool { return s.c[channel] > half }))
		boxes[at], boxes = box[:cut], append(boxes, box[cut:])
	}
	var palette color.Palette
	nearest := map[int]uint8{}
	for i, box := range boxes {
		best := slices.MaxFunc(box, func(a, b shade) int { return a.n - b.n }) // the colour that is there most
		palette = append(palette, color.RGBA{uint8(best.sum[0] / best.n), uint8(best.sum[1] / best.n), uint8(best.sum[2] / best.n), 255})
		for _, s := range box {
			nearest[s.c[0]<<10|s.c[1]<<5|s.c[2]] = uint8(i)
		}
	}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			k, _ := key(x, y)
			out.SetColorIndex(x, y, nearest[k])
		}
	}
	return out
}
