package picture_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/attacktest"
	"github.com/colophon-project/colophon/watermark/picture"
)

func photograph(t testing.TB, name string) *image.RGBA {
	t.Helper()
	b, ok := mediatest.Sample(t, filepath.Join("images", name))
	if !ok {
		return nil // where they have to be, Sample ends the test
	}
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return attacktest.RGBA(m)
}

func luma(m *image.RGBA) *picture.Plane {
	p := picture.NewPlane(m.Rect.Dx(), m.Rect.Dy())
	for i := range p.Pix {
		s := m.Pix[i/p.W*m.Stride+i%p.W*4:]
		p.Pix[i] = 0.299*float32(s[0]) + 0.587*float32(s[1]) + 0.114*float32(s[2])
	}
	return p
}

// add puts a mark into a picture, and returns how far it is from what it was.
func add(m *image.RGBA, k *picture.Mark) (o *image.RGBA, psnr float64) {
	o = attacktest.RGBA(m)
	w, d, sum := m.Rect.Dx(), k.Plane(m.Rect.Dx(), m.Rect.Dy()), 0.0
	for i, v := range d.Pix {
		s := o.Pix[i/w*o.Stride+i%w*4:]
		for c, old := range s[:3] {
			s[c] = uint8(min(max(math.Round(float64(old)+float64(v)), 0), 255))
			sum += (float64(s[c]) - float64(old)) * (float64(s[c]) - float64(old))
		}
	}
	return o, 10 * math.Log10(255*255*3*float64(len(d.Pix))/sum)
}

func marker(t *testing.T, key byte, size int) *picture.Marker {
	t.Helper()
	m, err := picture.New(watermark.Key{key}, size)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSurvives marks photographs, one of which bears a mark badly, and finds it after every attack.
func TestSurvives(t *testing.T) {
	t.Parallel()
	attacks := attacktest.All()
	if os.Getenv("COLOPHON_TORTURE") == "" {
		quick := []string{"none", "jpeg 20", "resize 0.33", "resize 2", "crop 50 %", "rotate 5°", "noise 20", "mirror", "rotate 3°, crop 25 %, jpeg 75"}
		attacks = slices.DeleteFunc(attacks, func(a attacktest.Attack) bool { return !slices.Contains(quick, a.Name) })
	}
	for size, files := range map[int][]string{8: {"05.png", "15.png"}, 16: {"20.png"}} {
		m, other := marker(t, 1, size), marker(t, 2, size)
		for i, file := range files {
			t.Run(fmt.Sprint(file, size), func(t *testing.T) {
				t.Parallel()
				payload := bytes.Repeat([]byte{0xA5, byte(i)}, size/2)
				was := photograph(t, file)
				if was == nil {
					return
				}
				k, err := m.Mark(luma(was), payload, picture.Options{Random: [8]uint16{uint16(i), 12345, 54321}})
				if err != nil {
					t.Fatal(err)
				}
				marked, psnr := add(was, k)
				if psnr < k.PSNR-0.3 || psnr > k.PSNR+0.5 {
					t.Errorf("%.2f dB, said to be %.2f", psnr, k.PSNR)
				}
				for _, a := range attacks {
					y := luma(a.Do(marked))
					if found := m.Detect(y, true); !bytes.Equal(found.Payload, payload) {
						t.Errorf("%s at %.1f dB: found %+v", a.Name, psnr, found)
					}
				}
				if found := other.Detect(luma(marked), true); found.Payload != nil {
					t.Errorf("the key of another reads %+v", found)
				}
				if found := m.Detect(luma(was), true); found.Payload != nil {
					t.Errorf("a picture without a mark reads %+v", found)
				}
			})
		}
	}
}

// TestNotMarkable refuses what would not be found again.
func TestNotMarkable(t *testing.T) {
	t.Parallel()
	m := marker(t, 1, 8)
	flat := picture.NewPlane(640, 480)
	for i := range flat.Pix {
		flat.Pix[i] = 255
	}
	for name, y := range map[string]*picture.Plane{"tiny": picture.NewPlane(20, 400), "flat white": flat} {
		_, err := m.Mark(y, make([]byte, 8), picture.Options{})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != picture.CodeNotMarkable {
			t.Errorf("%s: %v", name, err)
		}
		if found := m.Detect(y, true); found.Payload != nil {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if _, err := picture.New(watermark.Key{}, 9); err == nil {
		t.Error("a payload of 9 bytes")
	}
}
