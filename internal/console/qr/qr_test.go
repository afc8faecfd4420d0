package qr_test

import (
	"encoding/xml"
	"image"
	"image/color"
	"image/draw"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/console/qr"
)

// TestFinders: the picture is well-formed, has its quiet border, and the three patterns by which readers find a code.
func TestFinders(t *testing.T) {
	t.Parallel()
	svg, err := qr.SVG("https://studio.example/check")
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(svg, new(struct{})); err != nil {
		t.Fatal(err)
	}
	m := drawn(t, svg)
	side := m.Bounds().Dx()
	black := func(x, y int) bool { return m.GrayAt(x, y).Y == 0 }
	for i := range side {
		for quiet := range 4 {
			if black(i, quiet) || black(quiet, i) || black(i, side-1-quiet) || black(side-1-quiet, i) {
				t.Fatalf("the border is not quiet at %d", i)
			}
		}
	}
	for _, at := range [][2]int{{4, 4}, {side - 11, 4}, {4, side - 11}} {
		for i := range 7 {
			if !black(at[0]+i, at[1]) || !black(at[0], at[1]+i) || !black(at[0]+3, at[1]+3) || black(at[0]+1, at[1]+1) {
				t.Fatalf("no pattern at %v", at)
			}
		}
	}
}

// TestTooLong: what no code holds is an error.
func TestTooLong(t *testing.T) {
	t.Parallel()
	if _, err := qr.SVG(strings.Repeat("x", 4000)); err == nil {
		t.Error("it was drawn")
	}
}

// drawn paints the path, a pixel for each module.
func drawn(t *testing.T, svg []byte) *image.Gray {
	t.Helper()
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	side := number(string(regexp.MustCompile(`viewBox="0 0 (\d+) `).FindSubmatch(svg)[1]))
	m := image.NewGray(image.Rect(0, 0, side, side))
	draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
	for _, run := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1H`).FindAllStringSubmatch(string(svg), -1) {
		for i := range number(run[3]) {
			m.SetGray(number(run[1])+i, number(run[2]), color.Gray{})
		}
	}
	return m
}
