package plate_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

const benchWidth, benchHeight = 2048, 1536

// photo is a picture of 2048 × 1536: the photographs of the samples side by side where there are any.
func photo(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "photo.png")
	tiles, err := filepath.Glob(filepath.Join(os.Getenv("COLOPHON_SAMPLES"), "images", "*.png"))
	if err != nil {
		b.Fatal(err)
	}
	if len(tiles) < 9 {
		if err := os.WriteFile(path, encoded(b, scene(benchWidth, benchHeight)), 0o644); err != nil {
			b.Fatal(err)
		}
		return path
	}
	args := append([]string{"-tile", "3x3", "-geometry", "768x512!+0+0"}, tiles[:9]...)
	mediatest.Output(b, "montage", append(args, path)...)
	mediatest.Output(b, "convert", path, "-crop", "2048x1536+0+0", "+repage", "-depth", "8", "-define", "png:color-type=2", path)
	return path
}

// benchFiles are that picture in several codings.
func benchFiles(b *testing.B) map[string][]byte {
	b.Helper()
	path := photo(b)
	list := map[string][]byte{"png": read(b, path)}
	for name, args := range map[string][]string{"jpeg": {"-quality", "85"}, "jpeg-444": {"-quality", "92", "-sampling-factor", "1x1"},
		"jpeg-optimised": {"-quality", "85", "-define", "jpeg:optimize-coding=true"}, "jpeg-progressive": {"-quality", "85", "-interlace", "JPEG"}} {
		out := filepath.Join(b.TempDir(), name+".jpg")
		mediatest.Output(b, "convert", append(append([]string{path, "-define", "jpeg:optimize-coding=false"}, args...), out)...)
		list[name] = read(b, out)
	}
	return list
}

// BenchmarkPut puts the notice on a picture of 2048 × 1536 and writes the file.
func BenchmarkPut(b *testing.B) {
	for name, file := range benchFiles(b) {
		format := media.JPEG
		if name == "png" {
			format = media.PNG
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var size int64
			for b.Loop() {
				edit, _, err := plate.Put(media.Memory(file), format, notice.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if err := edit.Apply(io.Discard, media.Memory(file)); err != nil {
					b.Fatal(err)
				}
				size = edit.Size()
			}
			b.ReportMetric(float64(size)/float64(len(file)), "size")
		})
	}
}

// BenchmarkStandard decodes, draws the same plate and encodes, with image/jpeg.
func BenchmarkStandard(b *testing.B) {
	for name, file := range benchFiles(b) {
		if name == "png" {
			continue
		}
		p, err := plate.Place(image.NewGray(image.Rect(0, 0, 1, 1)), image.Pt(benchWidth, benchHeight), 1, notice.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				img, err := jpeg.Decode(bytes.NewReader(file))
				if err != nil {
					b.Fatal(err)
				}
				canvas := image.NewRGBA(img.Bounds())
				draw.Draw(canvas, canvas.Rect, img, image.Point{}, draw.Src)
				draw.Draw(canvas, p.Box, p.Stored, image.Point{}, draw.Src)
				if err := jpeg.Encode(io.Discard, canvas, &jpeg.Options{Quality: 85}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVips starts vips, which puts a plate on the picture in one thread and writes the file. What starting it costs
// is measured apart.
func BenchmarkVips(b *testing.B) {
	b.Setenv("VIPS_CONCURRENCY", "1")
	p, err := plate.Place(image.NewGray(image.Rect(0, 0, 1, 1)), image.Pt(benchWidth, benchHeight), 1, notice.Options{})
	if err != nil {
		b.Fatal(err)
	}
	over := mediatest.File(b, "plate.png", encoded(b, p.Stored))
	for name, file := range benchFiles(b) {
		kind := ".jpg"
		if name == "png" {
			kind = ".png"
		}
		in, out := mediatest.File(b, "in"+kind, file), mediatest.File(b, "out"+kind, nil)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				mediatest.Output(b, "vips", "insert", in, over, out, "1500", "1400")
			}
			b.ReportMetric(float64(len(read(b, out)))/float64(len(file)), "size")
		})
	}
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			mediatest.Output(b, "vips", "--version")
		}
	})
}
