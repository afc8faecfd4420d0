package plate_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

// proven checks the pictures of a file before and after: nothing outside one box in a corner has changed by more than
// tolerance, and ImageMagick finds ink of the standard's height in it. It returns the box.
func proven(t *testing.T, before, after []image.Image, r notice.Report, o notice.Options, tolerance int) image.Rectangle {
	t.Helper()
	if len(before) != len(after) {
		t.Fatalf("%d frames, then %d", len(before), len(after))
	}
	b := before[0].Bounds()
	short := float64(min(b.Dx(), b.Dy()))
	p, err := plate.Render(o, b.Dx(), b.Dy(), plate.Dark)
	if err != nil {
		t.Fatal(err)
	}
	size := p.Image.Bounds().Size()
	if tolerance > 0 { // a lossy codec changes what is around, and may need a larger plate
		size = size.Add(image.Pt(24, 16))
	}
	var box image.Rectangle
	for i := range before {
		if before[i].Bounds() != after[i].Bounds() {
			t.Fatalf("frame %d: %v, then %v", i, before[i].Bounds(), after[i].Bounds())
		}
		box = box.Union(changed(before[i], after[i], tolerance))
	}
	if box.Dx() > size.X || box.Dy() > size.Y || box.Dx() < size.X-8 && tolerance == 0 {
		t.Errorf("changed %v, the plate is %v", box, size)
	}
	for i := range after {
		if ink, contrast := plate.Measure(after[i], box); float64(ink) < math.Floor(notice.MinInk*short) || contrast < notice.MinContrast {
			t.Errorf("frame %d: Measure = %d, %.2f", i, ink, contrast)
		}
		if i < len(after)-1 {
			continue
		}
		inkByMagick(t, after[i], box, notice.MinInk*short)
	}
	m := image.Pt((box.Min.X+box.Max.X)/2, (box.Min.Y+box.Max.Y)/2)
	place := map[bool]string{true: "top", false: "bottom"}[m.Y < b.Dy()/2] + map[bool]string{true: "-left", false: "-right"}[m.X < b.Dx()/2]
	if place != r.Place {
		t.Errorf("plate %v of %v stands %s, report says %s", box, b, place, r.Place)
	}
	return box
}

// crowded is a picture that uses all 256 entries of its palette.
func crowded(t *testing.T, entry func(int) color.Color) []byte {
	t.Helper()
	var p color.Palette
	for i := range 256 {
		p = append(p, entry(i))
	}
	img := image.NewPaletted(image.Rect(0, 0, 320, 240), p)
	for i := range img.Pix {
		img.Pix[i] = uint8(i / 160)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPNG(t *testing.T) {
	t.Parallel()
	picture := scene(320, 240)
	cases := map[string][]string{
		"grey1":      {"-colorspace", "Gray", "-ordered-dither", "o8x8", "-define", "png:color-type=0", "-define", "png:bit-depth=1"},
		"grey4":      {"-colorspace", "Gray", "-define", "png:color-type=0", "-define", "png:bit-depth=4"},
		"grey-alpha": {"-colorspace", "Gray", "-alpha", "set", "-channel", "A", "-evaluate", "set", "70%", "+channel", "-define", "png:color-type=4"},
		"interlaced": {"-interlace", "PNG", "-define", "png:color-type=2"},
		"interpal":   {"-interlace", "PNG", "-colors", "30", "-define", "png:color-type=3"},
		"transgrey":  {"-colorspace", "Gray", "-ordered-dither", "o8x8", "-transparent", "black", "-define", "png:color-type=0", "-define", "png:bit-depth=1"},
	}
	wide, grey, deep := image.NewNRGBA64(picture.Bounds()), image.NewGray(picture.Bounds()), image.NewGray16(picture.Bounds())
	seen := image.NewNRGBA(picture.Bounds())
	for y := range 240 {
		for x := range 320 {
			c := picture.NRGBAAt(x, y)
			wide.SetNRGBA64(x, y, color.NRGBA64{uint16(c.R)*257 + uint16(x), uint16(c.G) * 256, uint16(c.B) * 256, 0xFFFF - uint16(y)})
			grey.Set(x, y, c)
			deep.SetGray16(x, y, color.Gray16{Y: uint16(c.G)*256 + uint16(x)})
			c.A = uint8(x)
			seen.SetNRGBA(x, y, c)
		}
	}
	few := func(n int) []byte {
		var p color.Palette
		for i := range n {
			p = append(p, color.NRGBA{uint8(60 + i*180/n), uint8(200 - i*90/n), 90, 255})
		}
		img := image.NewPaletted(picture.Bounds(), p)
		for i := range img.Pix {
			img.Pix[i] = uint8(i / 37 % n)
		}
		return encoded(t, img)
	}
	made := map[string][]byte{
		"rgb": encoded(t, picture), "rgba": encoded(t, seen), "rgba16": encoded(t, wide), "grey": encoded(t, grey), "grey16": encoded(t, deep),
		"palette17": few(17), "palette-earth": crowded(t, func(i int) color.Color { return earth(i) }),
		"palette8": few(200), "palette4": few(16), "palette1": few(2),
		"palette256": crowded(t, func(i int) color.Color { return color.NRGBA{uint8(i), uint8(255 - i), 100, 255} }),
		// No two entries of this one are apart enough to be read, so that it must become true colours.
		"palette-flat": crowded(t, func(i int) color.Color { return color.NRGBA{uint8(90 + i%16), uint8(90 + i/16), 100, 255} }),
	}
	for name := range made {
		cases[name] = nil
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := made[name]
			if in == nil {
				in = fixture(t, picture, "PNG", args...)
			}
			out, r := put(t, media.PNG, in, notice.Options{})
			look(t, "png-"+name+".png", out)
			wide := name == "palette-flat" || name == "palette256" || name == "transgrey"
			if r.Method != "pixels" || anew(r) != wide {
				t.Errorf("method %s, findings %v", r.Method, r.Findings)
			}
			if strings.HasPrefix(name, "palette") && (out[25] == 2) != wide {
				t.Errorf("colour type %d", out[25])
			}
			a, b := both(t, "png", in, out)
			proven(t, a, b, r, notice.Options{}, 0)
			if !strings.HasPrefix(name, "palette") && name != "transgrey" && !bytes.Equal(in[24:29], out[24:29]) {
				t.Errorf("depth, type or interlace changed: %v, then %v", in[24:29], out[24:29])
			}
			if _, err := png.Decode(bytes.NewReader(out)); err != nil {
				t.Error(err)
			}
		})
	}
}
