package plate_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

// movie is an animation whose frames are parts of the canvas, disposed of in every way.
func movie(t *testing.T, disposals ...byte) []byte {
	t.Helper()
	pal := color.Palette{color.NRGBA{}, color.NRGBA{200, 30, 30, 255}, color.NRGBA{30, 160, 60, 255}, color.NRGBA{90, 90, 220, 255}, color.NRGBA{240, 230, 200, 255}}
	g := &gif.GIF{LoopCount: 3, Config: image.Config{ColorModel: pal, Width: 200, Height: 160}}
	for i, d := range disposals {
		r := image.Rect(0, 0, 200, 160)
		if i > 0 {
			r = image.Rect(15*i%90, 11*i%70, 15*i%90+110, 11*i%70+90)
		}
		img := image.NewPaletted(r, pal)
		for k := range img.Pix {
			if img.Pix[k] = uint8((k/7 + i) % 5); i == 0 {
				img.Pix[k] = uint8(3 + k%r.Dx()/100)
			}
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, img), append(g.Delay, 7+i), append(g.Disposal, d)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGIF(t *testing.T) {
	t.Parallel()
	cases := map[string][]byte{
		"keep":    movie(t, 1, 1, 1, 1, 1, 1, 1),
		"clear":   movie(t, 2, 2, 2, 2, 2, 2, 2),
		"restore": movie(t, 1, 3, 3, 3, 3, 3),
		"mixed":   movie(t, 1, 2, 3, 1, 0, 3, 2, 1),
		"one":     movie(t, 0),
		"full":    fixture(t, scene(320, 240), "GIF", "-colors", "256"),
		"flat":    full(t, func(i int) color.NRGBA { return color.NRGBA{uint8(90 + i%16), uint8(90 + i/16), 100, 255} }),
		"light":   full(t, earth),
		"woven":   fixture(t, scene(320, 240), "GIF", "-interlace", "GIF", "-colors", "64"),
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, r := put(t, media.GIF, in, notice.Options{})
			look(t, "gif-"+name+".gif", out)
			a, b := both(t, "gif", in, out)
			tolerance := 0
			if name == "flat" || name == "full" {
				tolerance = 12 // two rare colours have given way
			}
			if anew(r) != (tolerance > 0) {
				t.Errorf("findings %v", r.Findings)
			}
			proven(t, a, b, r, notice.Options{}, tolerance)
			x, err := gif.DecodeAll(bytes.NewReader(in))
			if err != nil {
				t.Fatal(err)
			}
			y, err := gif.DecodeAll(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(x.Delay, x.LoopCount) != fmt.Sprint(y.Delay, y.LoopCount) {
				t.Errorf("timing %v, then %v", x.Delay, y.Delay)
			}
			mediatest.Output(t, "ffmpeg", "-v", "error", "-xerror", "-nostdin", "-i", mediatest.File(t, "x.gif", out), "-f", "null", "-")
		})
	}
}

// full is a picture that uses all 256 entries of its palette outside any plate.
func full(t *testing.T, entry func(int) color.NRGBA) []byte {
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
	if err := gif.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// earth is one of 256 colours of a photograph: none is grey, and the darkest and lightest are legible on each other.
func earth(i int) color.NRGBA {
	return color.NRGBA{uint8(min(255, 22+i%32*8)), uint8(12 + i%32*7), uint8(i / 32 * 3), 255}
}

func anew(r notice.Report) bool {
	return slices.ContainsFunc(r.Findings, func(f colophon.Finding) bool { return f.Code == notice.CodeEncodedAnew })
}

// Many small frames on a large canvas cost what they hold, not what the canvas could.
func TestManyFrames(t *testing.T) {
	t.Parallel()
	pal := color.Palette{color.NRGBA{}, color.NRGBA{200, 30, 30, 255}}
	g := &gif.GIF{Config: image.Config{ColorModel: pal, Width: 1500, Height: 1500}}
	for i := range 2000 {
		img := image.NewPaletted(image.Rect(i%1500, i%1500, i%1500+1, i%1500+1), pal)
		img.Pix[0] = 1
		g.Image, g.Delay, g.Disposal = append(g.Image, img), append(g.Delay, 2), append(g.Disposal, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	put(t, media.GIF, b.Bytes(), notice.Options{})
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	// Frames that claim more than is played.
	frame := append([]byte{0x2C, 0, 0, 0, 0, 0x88, 0x13, 0x88, 0x13, 0}, 2, 1, 0, 0)
	huge := append([]byte("GIF89a\x88\x13\x88\x13\x80\x00\x00\x00\x00\x00\xFF\xFF\xFF"), bytes.Repeat(frame, 50)...)
	_, _, err := plate.Put(media.Memory(append(huge, 0x3B)), media.GIF, notice.Options{})
	if code(err) != media.CodeUnsupported || !strings.Contains(err.Error(), "pixels in all frames") {
		t.Errorf("50 frames of 5000 × 5000: %v", err)
	}
}
