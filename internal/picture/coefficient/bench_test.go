package coefficient_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"io"
	"os"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
)

const benchWidth, benchHeight = 2048, 1536

func benchPicture(b *testing.B, args ...string) []byte {
	b.Helper()
	return pipe(b, ppm(scene(benchWidth, benchHeight)), "cjpeg", append([]string{"-quality", "90"}, args...)...)
}

var benchKinds = []struct {
	name string
	args []string
}{{"baseline", nil}, {"optimised", []string{"-optimize"}}, {"restart", []string{"-restart", "1"}}, {"progressive", []string{"-progressive"}}}

// BenchmarkOverlay opens a picture, covers the corner at the end and writes the new file.
func BenchmarkOverlay(b *testing.B) {
	for _, kind := range benchKinds {
		b.Run(kind.name, func(b *testing.B) {
			file := media.Memory(benchPicture(b, kind.args...))
			box := image.Rect(benchWidth-500, benchHeight-100, benchWidth, benchHeight)
			over := plate(box.Dx(), box.Dy())
			b.ReportAllocs()
			for b.Loop() {
				p, err := coefficient.Open(file)
				if err != nil {
					b.Fatal(err)
				}
				edit, _, err := p.Overlay(box, over)
				if err != nil {
					b.Fatal(err)
				}
				if err := edit.Apply(io.Discard, file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTranscode decodes and encodes the entropy-coded data alone: of a file that COLOPHON_BENCH_PICTURE names, too.
func BenchmarkTranscode(b *testing.B) {
	if path := os.Getenv("COLOPHON_BENCH_PICTURE"); path != "" {
		b.Run("given", func(b *testing.B) {
			file, err := os.ReadFile(path)
			if err != nil {
				b.Fatal(err)
			}
			transcode(b, file)
		})
	}
	for _, kind := range benchKinds {
		b.Run(kind.name, func(b *testing.B) {
			transcode(b, benchPicture(b, kind.args...))
		})
	}
}

func transcode(b *testing.B, file media.Memory) {
	for b.Loop() {
		p, err := coefficient.Open(file)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := coefficient.Transcode(p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSample measures the detail of the four corners.
func BenchmarkSample(b *testing.B) {
	file := media.Memory(benchPicture(b))
	for b.Loop() {
		p, err := coefficient.Open(file)
		if err != nil {
			b.Fatal(err)
		}
		for _, at := range []image.Point{{}, {benchWidth - 500, 0}, {0, benchHeight - 100}, {benchWidth - 500, benchHeight - 100}} {
			if _, err := p.Sample(image.Rectangle{at, at.Add(image.Pt(500, 100))}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkStandard decodes, draws and encodes with image/jpeg.
func BenchmarkStandard(b *testing.B) {
	for _, kind := range benchKinds {
		b.Run(kind.name, func(b *testing.B) {
			file := benchPicture(b, kind.args...)
			box := image.Rect(benchWidth-500, benchHeight-100, benchWidth, benchHeight)
			over := plate(box.Dx(), box.Dy())
			b.ReportAllocs()
			for b.Loop() {
				m, err := jpeg.Decode(bytes.NewReader(file))
				if err != nil {
					b.Fatal(err)
				}
				canvas := image.NewRGBA(m.Bounds())
				draw.Draw(canvas, canvas.Rect, m, image.Point{}, draw.Src)
				draw.Draw(canvas, box, over, image.Point{}, draw.Over)
				if err := jpeg.Encode(io.Discard, canvas, &jpeg.Options{Quality: 90}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
