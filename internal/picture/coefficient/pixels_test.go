package coefficient_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
)

// A region is what a decoder of the whole picture shows there.
func TestPixels(t *testing.T) {
	t.Parallel()
	const width, height = 203, 149
	for name, file := range samples(t, width, height) {
		whole, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil { // a coding that image/jpeg does not know
			whole, err = decodePPM(pipe(t, file, "djpeg", "-nosmooth", "-ppm"))
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p, err := coefficient.Open(media.Memory(file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, box := range []image.Rectangle{image.Rect(0, 0, 9, 5), image.Rect(120, 90, 300, 300), image.Rect(31, 17, 90, 60)} {
			m, err := p.Pixels(box)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if want := box.Intersect(p.Bounds()); m.Rect != want {
				t.Fatalf("%s: bounds %v, want %v", name, m.Rect, want)
			}
			if x, y, d := farthest(m, whole); d > 4 {
				t.Errorf("%s %v: %v at %d,%d, image/jpeg has %v", name, box, m.At(x, y), x, y, color.RGBAModel.Convert(whole.At(x, y)))
			}
		}
		if _, err := p.Pixels(image.Rect(width, 0, width+5, 5)); err == nil {
			t.Errorf("%s: a region outside the picture was decoded", name)
		}
	}
}

// Photoshop ends with a restart marker that begins no interval.
func TestRestartAtEnd(t *testing.T) {
	t.Parallel()
	in := pipe(t, ppm(scene(100, 80)), "cjpeg", "-restart", "1", "-sample", "1x1") // 10 rows
	in = append(in[:len(in)-2:len(in)-2], 0xFF, 0xD1, 0xFF, 0xD9)
	p, err := coefficient.Open(media.Memory(in))
	if err != nil {
		t.Fatal(err)
	}
	edit, _, err := p.Overlay(image.Rect(40, 60, 100, 80), plate(60, 20))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, media.Memory(in)); err != nil {
		t.Fatal(err)
	}
	pipe(t, out.Bytes(), "djpeg", "-strict", "-ppm")
	if _, err := coefficient.Open(media.Memory(append(in[:len(in)-2:len(in)-2], 1, 2, 0xFF, 0xD9))); err == nil {
		t.Error("data behind the last interval was accepted")
	}
}

func decodePPM(b []byte) (image.Image, error) {
	var w, h, top int
	if _, err := fmt.Sscanf(string(b[:20]), "P6\n%d %d\n%d\n", &w, &h, &top); err != nil {
		return nil, err
	}
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, pix := 0, b[len(b)-3*w*h:]; i < w*h; i++ {
		copy(m.Pix[4*i:], append(pix[3*i:3*i+3:3*i+3], 255))
	}
	return m, nil
}

// farthest finds the pixel of m that differs most from another picture's.
func farthest(m *image.RGBA, whole image.Image) (fx, fy, far int) {
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
			a, b := m.RGBAAt(x, y), color.RGBAModel.Convert(whole.At(x, y)).(color.RGBA)
			for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B)} {
				if d = max(d, -d); d > far {
					fx, fy, far = x, y, d
				}
			}
		}
	}
	return fx, fy, far
}

// BenchmarkPixels opens a picture and decodes the corner at the end.
func BenchmarkPixels(b *testing.B) {
	for _, kind := range benchKinds {
		b.Run(kind.name, func(b *testing.B) {
			file := media.Memory(benchPicture(b, kind.args...))
			for b.Loop() {
				p, err := coefficient.Open(file)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := p.Pixels(image.Rect(benchWidth-500, benchHeight-100, benchWidth, benchHeight)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
