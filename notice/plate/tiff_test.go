package plate_test

import (
	"encoding/binary"
	"image"
	"path/filepath"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

func TestTIFF(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"lzw":      {"-compress", "LZW"},
		"deflate":  {"-compress", "Zip"},
		"packbits": {"-compress", "RLE", "-colors", "8", "-type", "TrueColor"},
		"16":       {"-compress", "Zip", "-depth", "16"},
		"tiles":    {"-compress", "LZW", "-define", "tiff:tile-geometry=64x64"},
		"rows":     {"-compress", "None", "-define", "tiff:rows-per-strip=7"},
		"grey":     {"-compress", "LZW", "-colorspace", "Gray"},
		"bilevel":  {"-compress", "Zip", "-colorspace", "Gray", "-ordered-dither", "o8x8", "-type", "Bilevel"},
		"palette":  {"-compress", "LZW", "-colors", "60", "-type", "Palette"},
		"cmyk":     {"-compress", "LZW", "-colorspace", "CMYK"},
		"alpha":    {"-compress", "LZW", "-alpha", "set", "-channel", "A", "-evaluate", "set", "100%"},
		"planar":   {"-compress", "LZW", "-interlace", "plane"},
		"big-end":  {"-compress", "LZW", "-endian", "MSB"},
		"turned":   {"-compress", "LZW", "-orient", "RightTop"},
		"pages":    {"-compress", "LZW", "(", "+clone", "-flop", ")"},
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := fixture(t, scene(320, 240), "TIFF", args...)
			out, r := put(t, media.TIFF, in, notice.Options{})
			look(t, "tiff-"+name+".tiff", out)
			a, b := both(t, "tiff", in, out)
			if name == "pages" { // each page has a corner of its own
				for i := range a {
					proven(t, a[i:i+1], b[i:i+1], notice.Report{Place: map[bool]string{true: r.Place, false: "bottom-right"}[i == 0]}, notice.Options{}, 0)
				}
				return
			}
			proven(t, a, b, r, notice.Options{}, 0)
			if name == "lzw" {
				mediatest.Output(t, "exiftool", "-validate", "-q", mediatest.File(t, "x.tiff", out))
			}
		})
	}
}

// Smaller copies of a page carry the notice too, but for those that can't hold it, which are reported.
func TestPyramid(t *testing.T) {
	t.Parallel()
	in := fixture(t, scene(240, 160), "TIFF", "-compress", "LZW", "-define", "tiff:tile-geometry=64x64", "(", "-clone", "0", "-resize", "50%", ")",
		"(", "-clone", "0", "-resize", "25%", ")", "(", "-clone", "0", "-resize", "10%", ")")
	pages := 0
	for at := binary.LittleEndian.Uint32(in[4:]); at != 0; pages++ {
		n := uint32(binary.LittleEndian.Uint16(in[at:]))
		for i := range n {
			if e := in[at+2+12*i:]; binary.LittleEndian.Uint16(e) == 254 { // NewSubfileType
				binary.LittleEndian.PutUint32(e[8:], uint32(min(pages, 1)))
			}
		}
		at = binary.LittleEndian.Uint32(in[at+2+12*n:])
	}
	out, r := put(t, media.TIFF, in, notice.Options{})
	split := func(b []byte) []image.Image {
		dir := t.TempDir()
		mediatest.Output(t, "convert", mediatest.File(t, "x.tiff", b), "-define", "png:color-type=6", filepath.Join(dir, "%04d.png"))
		return frames(t, dir)
	}
	a, b := split(in), split(out)
	small := 0
	for i := range a {
		if size := a[i].Bounds().Size(); min(size.X, size.Y) < 30 {
			if small++; changed(a[i], b[i], 0) != (image.Rectangle{}) {
				t.Errorf("page %d of %v changed", i, size)
			}
			continue
		}
		proven(t, a[i:i+1], b[i:i+1], r, notice.Options{}, 0)
	}
	found := 0
	for _, f := range r.Findings {
		if f.Code == plate.CodeCopy && f.Args["width"] != "" && f.Args["height"] != "" {
			found++
		}
	}
	if pages != len(a) || len(a) < 4 || small == 0 || found != small {
		t.Errorf("%d pages, %d read, %d too small, findings %v", pages, len(a), small, r.Findings)
	}
}
