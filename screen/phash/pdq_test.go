package phash_test

import (
	"bufio"
	"image"
	"image/color"
	"image/draw"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/screen/phash"
)

// TestVectors holds our hashes against the reference implementation's: bit for bit, in all turns.
func TestVectors(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	vectors := map[string][]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); f[0] != "#" {
			vectors[f[0]] = f[1:]
		}
	}
	if len(vectors) != len(drawings()) || lines.Err() != nil {
		t.Fatal(len(vectors), lines.Err())
	}
	var h phash.Hasher
	for _, d := range drawings() {
		want := vectors[d.String()]
		img := d.draw()
		hash, quality := h.Hash(img)
		turns, same := h.Dihedral(img)
		if strconv.Itoa(quality) != want[0] || quality != same || hash != turns[phash.Original] {
			t.Errorf("%s: quality %d and %d, hash %s", d, quality, same, hash)
		}
		for i, turned := range turns {
			if turned.String() != want[1+i] {
				t.Errorf("%s, turn %d: %s instead of %s", d, i, turned, want[1+i])
			}
		}
	}
}

// TestColourModels holds that a picture has one hash, however its pixels are kept and wherever its corner lies.
func TestColourModels(t *testing.T) {
	t.Parallel()
	var h phash.Hasher
	for _, size := range [][2]int{{300, 131}, {768, 512}} {
		from := drawn{"boxes", size[0], size[1]}.draw()
		want, quality := h.Hash(from)
		box := from.Bounds().Add(image.Pt(-7, 9))
		for _, to := range []draw.Image{image.NewRGBA(box), image.NewNRGBA(box), image.NewRGBA64(box), image.NewNRGBA64(box)} {
			draw.Draw(to, box, from, image.Point{}, draw.Src)
			if got, q := h.Hash(to); got != want || q != quality {
				t.Errorf("%T: %d bits differ, quality %d and %d", to, got.Distance(want), q, quality)
			}
			frame := image.NewNRGBA(box.Inset(-3))
			draw.Draw(frame, box, from, image.Point{}, draw.Src)
			if got, _ := h.Hash(frame.SubImage(box)); got != want {
				t.Errorf("part of a picture: %d bits differ", got.Distance(want))
			}
		}
		grey := image.NewGray(box)
		draw.Draw(grey, box, from, image.Point{}, draw.Src)
		if got, _ := h.Hash(grey); got.Distance(want) > 10 {
			t.Errorf("grey: %d bits differ", got.Distance(want))
		}
		planes := image.NewYCbCr(box, image.YCbCrSubsampleRatio420)
		deep := image.NewGray16(box)
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				planes.Y[planes.YOffset(x, y)] = grey.GrayAt(x, y).Y
				deep.Set(x, y, grey.At(x, y))
			}
		}
		for i := range planes.Cb {
			planes.Cb[i], planes.Cr[i] = 128, 128
		}
		plain, _ := h.Hash(grey)
		for _, img := range []image.Image{planes, deep} {
			if got, _ := h.Hash(img); got.Distance(plain) > 2 {
				t.Errorf("%T: %d bits differ from grey", img, got.Distance(plain))
			}
		}
	}
}

// TestTransparency holds that what is transparent stands on white, and that colours nobody sees do not count.
func TestTransparency(t *testing.T) {
	t.Parallel()
	var h phash.Hasher
	seen := drawn{"boxes", 300, 200}.draw()
	hidden := drawn{"noise", 300, 200}.draw()
	white := image.NewNRGBA(seen.Bounds())
	for y := range 200 {
		for x := range 300 {
			c := seen.NRGBAAt(x, y)
			if x > 150 && y > 100 {
				clear := hidden.NRGBAAt(x, y)
				clear.A = 0
				seen.SetNRGBA(x, y, clear)
				c = color.NRGBA{255, 255, 255, 255}
			}
			white.SetNRGBA(x, y, c)
		}
	}
	want, _ := h.Hash(white)
	premultiplied := image.NewRGBA(seen.Bounds())
	draw.Draw(premultiplied, seen.Bounds(), seen, image.Point{}, draw.Src)
	for _, img := range []image.Image{seen, premultiplied} {
		if got, _ := h.Hash(img); got != want {
			t.Errorf("%T: %d bits differ", img, got.Distance(want))
		}
	}
}

// TestTurns holds that the hash of a turn is near that of the turned picture.
func TestTurns(t *testing.T) {
	t.Parallel()
	var h phash.Hasher
	from := drawn{"boxes", 400, 400}.draw()
	turns, quality := h.Dihedral(from)
	if quality < phash.MinQuality {
		t.Fatal(quality)
	}
	for turn, to := range [phash.Turns]func(x, y int) (int, int){
		phash.Original:  func(x, y int) (int, int) { return x, y },
		phash.Rotate90:  func(x, y int) (int, int) { return y, 399 - x },
		phash.Rotate180: func(x, y int) (int, int) { return 399 - x, 399 - y },
		phash.Rotate270: func(x, y int) (int, int) { return 399 - y, x },
		phash.FlipX:     func(x, y int) (int, int) { return x, 399 - y },
		phash.FlipY:     func(x, y int) (int, int) { return 399 - x, y },
		phash.FlipPlus:  func(x, y int) (int, int) { return y, x },
		phash.FlipMinus: func(x, y int) (int, int) { return 399 - y, 399 - x },
	} {
		turned := image.NewNRGBA(from.Bounds())
		for y := range 400 {
			for x := range 400 {
				u, v := to(x, y)
				turned.SetNRGBA(u, v, from.NRGBAAt(x, y))
			}
		}
		if got, _ := h.Hash(turned); got.Distance(turns[turn]) > 16 {
			t.Errorf("turn %d: %d bits differ", turn, got.Distance(turns[turn]))
		}
	}
}

func TestTooSmall(t *testing.T) {
	t.Parallel()
	var h phash.Hasher
	h.Hash(drawn{"noise", 64, 64}.draw())
	for _, box := range []image.Rectangle{{}, image.Rect(0, 0, 4, 100), image.Rect(0, 0, 100, 4)} {
		img := image.NewGray(box)
		if hash, quality := h.Hash(img); hash != (phash.Hash{}) || quality != 0 {
			t.Errorf("%v: %s, %d", box, hash, quality)
		}
		if hashes, quality := h.Dihedral(img); hashes != ([phash.Turns]phash.Hash{}) || quality != 0 {
			t.Errorf("%v: %v, %d", box, hashes, quality)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	colour := drawn{"hills", 1024, 768}.draw()
	grey := image.NewGray(colour.Bounds())
	draw.Draw(grey, grey.Rect, colour, image.Point{}, draw.Src)
	small := image.NewGray(image.Rect(0, 0, 64, 64))
	for name, img := range map[string]image.Image{"colour": colour, "grey": grey, "64x64": small} {
		b.Run(name, func(b *testing.B) {
			var h phash.Hasher
			for b.Loop() {
				h.Hash(img)
			}
		})
	}
}
