package coefficient_test

import (
	"bytes"
	"image/jpeg"
	"math"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
)

// tryWhole looks at the luminance in two ways, changes it, and looks at what was written.
func tryWhole(t testing.TB, b []byte) error {
	t.Helper()
	p, err := coefficient.Open(media.Memory(b))
	if err != nil {
		return err
	}
	quick, err := p.Light(4)
	if err != nil {
		return err
	}
	w, err := p.Whole()
	if err != nil {
		return err
	}
	slow, err := w.Light(4)
	if err != nil {
		return err
	}
	for i, v := range slow.Pix {
		if v != quick.Pix[i] {
			t.Fatalf("sample %d is %v in one way and %v in another", i, quick.Pix[i], v)
		}
	}
	edit, _, err := w.Alter(func(x, y int, block *[64]int16) bool {
		if x%3 > 0 {
			return false // what was not changed is not looked at again
		}
		block[(x+y)%64] += 5
		return true
	})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, media.Memory(b)); err != nil {
		t.Fatalf("applying: %v", err)
	}
	again, err := coefficient.Open(media.Memory(out.Bytes()))
	if err != nil {
		t.Fatalf("opening what was written: %v", err)
	}
	if _, err := again.Whole(); err != nil {
		t.Fatalf("reading what was written: %v", err)
	}
	return nil
}

// TestAlter changes the luminance of every kind of file and compares all coefficients, by a decoder that shares nothing with ours.
func TestAlter(t *testing.T) {
	t.Parallel()
	const width, height = 203, 149
	for name, file := range samples(t, width, height) {
		p, err := coefficient.Open(media.Memory(file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w, err := p.Whole()
		if name == "rgb" || name == "rgb-progressive" || p.Components() == 4 {
			if code(err) != media.CodeUnsupported {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		before := decodeCoefficients(t, file)
		edit, touched, err := w.Alter(func(x, y int, block *[64]int16) bool {
			if (x+y)%2 == 1 {
				return false
			}
			block[0]++
			block[7] -= 2
			block[9] = 3
			return true
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var out bytes.Buffer
		if err := edit.Apply(&out, media.Memory(file)); err != nil {
			t.Fatal(err)
		}
		accepted(t, file, out.Bytes())
		after, blocks := decodeCoefficients(t, out.Bytes()), 0
		zigzag := map[int]bool{0: true, 7: true, 9: true}
		for i, plane := range before.planes {
			for at, was := range plane.coef {
				now := after.planes[i].coef[at]
				inside := i == 0 && at[0] < plane.bw && at[1] < plane.bh
				changed := inside && (at[0]+at[1])%2 == 0
				if changed {
					blocks++
				}
				for k, v := range was {
					want := v
					if changed && zigzag[k] {
						want = map[int]int{0: v + 1, 7: v - 2, 9: 3}[k]
						want = min(max(want, -1024), 1023)
					}
					if now[k] != want {
						t.Fatalf("%s: plane %d block %v coefficient %d is %d, was %d, not %d", name, i, at, k, now[k], v, want)
					}
				}
			}
		}
		if blocks != touched.Blocks {
			t.Errorf("%s: %d blocks changed, %d said", name, blocks, touched.Blocks)
		}
	}
}

// TestLight compares the luminance at every size with the means of decoded samples.
func TestLight(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"420-baseline", "420-progressive", "grey", "444-restart", "420-separate"} {
		file := samples(t, 203, 149)[name]
		m, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, divisor := range []int{1, 2, 4, 8} {
			p, err := coefficient.Open(media.Memory(file))
			if err != nil {
				t.Fatal(err)
			}
			l, err := p.Light(divisor)
			if err != nil {
				t.Fatal(err)
			}
			far := 0.0
			for y := range 149 / divisor {
				for x := range 203 / divisor {
					sum := 0.0
					for i := range divisor * divisor {
						r, g, b, _ := m.At(x*divisor+i%divisor, y*divisor+i/divisor).RGBA()
						sum += (0.299*float64(r) + 0.587*float64(g) + 0.114*float64(b)) / 257
					}
					far += math.Abs(sum/float64(divisor*divisor) - float64(l.Pix[y*l.W+x]))
				}
			}
			if mean := far / float64(203/divisor*(149/divisor)); mean > 6 || divisor == 1 && mean > 1.5 {
				t.Errorf("%s at 1/%d: %.2f from the samples", name, divisor, mean)
			}
		}
		if _, err := open(t, file).Light(3); err == nil {
			t.Error("a third of the size")
		}
	}
}

func open(t *testing.T, file []byte) *coefficient.Picture {
	t.Helper()
	p, err := coefficient.Open(media.Memory(file))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func BenchmarkLight(b *testing.B) {
	for _, kind := range benchKinds {
		file := media.Memory(benchPicture(b, kind.args...))
		b.Run(kind.name, func(b *testing.B) {
			for b.Loop() {
				p, err := coefficient.Open(file)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := p.Light(2); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(benchWidth*benchHeight/1e6*float64(b.N)/b.Elapsed().Seconds(), "MP/s")
		})
	}
}

func BenchmarkAlter(b *testing.B) {
	for _, kind := range benchKinds {
		file := media.Memory(benchPicture(b, kind.args...))
		b.Run(kind.name, func(b *testing.B) {
			for b.Loop() {
				p, err := coefficient.Open(file)
				if err != nil {
					b.Fatal(err)
				}
				w, err := p.Whole()
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err = w.Alter(func(x, y int, block *[64]int16) bool { block[3]++; return true }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(benchWidth*benchHeight/1e6*float64(b.N)/b.Elapsed().Seconds(), "MP/s")
		})
	}
}
