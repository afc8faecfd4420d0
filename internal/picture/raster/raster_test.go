package raster_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/colophon-project/colophon/internal/picture/raster"
)

// layouts are all that PNG knows.
func layouts(w, h int) []raster.Layout {
	var list []raster.Layout
	for _, colour := range []int{raster.Grey, raster.RGB, raster.Palette, raster.GreyAlpha, raster.RGBA} {
		for _, depth := range []int{1, 2, 4, 8, 16} {
			for _, interlaced := range []bool{false, true} {
				l := raster.Layout{Width: w, Height: h, Depth: depth, Colour: colour, Interlaced: interlaced}
				if l.Size() > 0 {
					list = append(list, l)
				}
			}
		}
	}
	return list
}

func TestSetChangesOnePixel(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 1}, {3, 2}, {9, 7}, {17, 19}} {
		for _, l := range layouts(size[0], size[1]) {
			coded := make([]byte, l.Size())
			for i := range coded {
				coded[i] = byte(rnd.IntN(5)) // every filter, wherever a line begins
			}
			was := bytes.Clone(coded)
			r, err := raster.Parse(l, coded)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.Coded(), was) {
				t.Fatalf("%+v: coded data changed without a change", l)
			}
			var before [][4]uint16
			each(r, func(_, _ int, s [4]uint16) { before = append(before, s) })
			x, y := rnd.IntN(l.Width), rnd.IntN(l.Height)
			top := uint16(1<<l.Depth - 1)
			r.Set(x, y, []uint16{top, top - 1, top, 0}[:l.Channels()])
			again, err := raster.Parse(l, r.Coded())
			if err != nil {
				t.Fatal(err)
			}
			i := 0
			each(again, func(px, py int, s [4]uint16) {
				want := before[i]
				if px == x && py == y {
					want = [4]uint16{}
					copy(want[:], []uint16{top, top - 1, top, 0}[:l.Channels()])
				}
				if s != want {
					t.Fatalf("%+v: pixel %d,%d is %v, want %v", l, px, py, s, want)
				}
				i++
			})
		}
	}
}

func each(r *raster.Raster, visit func(x, y int, s [4]uint16)) {
	for y := range r.Height {
		for x := range r.Width {
			var s, got [4]uint16
			copy(s[:], r.Get(x, y, &got))
			visit(x, y, s)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	l := raster.Layout{Width: 4, Height: 4, Depth: 8, Colour: raster.RGB}
	if _, err := raster.Parse(l, make([]byte, l.Size()-1)); err != raster.ErrShort {
		t.Error(err)
	}
	bad := make([]byte, l.Size())
	bad[13] = 5
	if _, err := raster.Parse(l, bad); err != raster.ErrFilter {
		t.Error(err)
	}
	l.Depth = 3
	if _, err := raster.Parse(l, bad); err != raster.ErrFormat {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(uint8(9), uint8(7), uint8(8), uint8(2), true, make([]byte, 500))
	f.Fuzz(func(t *testing.T, w, h, depth, colour uint8, interlaced bool, coded []byte) {
		l := raster.Layout{Width: int(w), Height: int(h), Depth: int(depth), Colour: int(colour), Interlaced: interlaced}
		was := bytes.Clone(coded)
		r, err := raster.Parse(l, coded)
		if err == nil && !bytes.Equal(r.Coded(), was[:l.Size()]) {
			t.Fatal("coded data changed without a change")
		}
	})
}
