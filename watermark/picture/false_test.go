package picture_test

import (
	"image"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/colophon-project/colophon/watermark/attacktest"
)

// TestFalse looks for marks where there are none: in parts of photographs, turned, mirrored, brightened. With COLOPHON_TORTURE it looks
// a hundred thousand times, and ten thousand times with the search; COLOPHON_TORTURE_LOOKS says another number of the latter.
func TestFalse(t *testing.T) {
	t.Parallel()
	searched := 3
	if os.Getenv("COLOPHON_TORTURE") != "" {
		searched = 10_000
		if n, err := strconv.Atoi(os.Getenv("COLOPHON_TORTURE_LOOKS")); err == nil {
			searched = n
		}
	}
	var list []*image.RGBA
	for _, name := range []string{"01.png", "03.png", "04.png", "05.png", "07.png", "08.png", "13.png", "15.png", "19.png", "20.png", "23.png"} {
		m := photograph(t, name)
		if m == nil {
			return
		}
		list = append(list, m)
	}
	r := rand.New(rand.NewPCG(1, 2))
	highest, total := 0.0, 0
	for i := range 10 * searched {
		m := list[r.IntN(len(list))]
		w, h := 160+r.IntN(m.Rect.Dx()-160), 160+r.IntN(m.Rect.Dy()-160)
		at := image.Pt(r.IntN(m.Rect.Dx()-w+1), r.IntN(m.Rect.Dy()-h+1))
		m = attacktest.RGBA(m.SubImage(image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}))
		if r.IntN(2) == 0 {
			m = attacktest.Mirror(m)
		}
		if i%10 == 0 && r.IntN(2) == 0 {
			m = attacktest.Rotate(r.Float64()*90 - 45)(m)
		}
		k, b := 0.7+0.6*r.Float64(), 40*r.Float64()-20
		y := luma(attacktest.Tone(func(v float64) float64 { return math.Round(v*k + b) })(m))
		found := marker(t, byte(i), 8).Detect(y, i%10 == 0)
		highest = max(highest, found.Score)
		total++
		if found.Payload != nil {
			t.Errorf("look %d: %+v", i, found)
		}
	}
	t.Logf("%d looks, %d of them with the search; pilots at most %.1f deviations", total, searched, highest)
}
