// Package attacktest does to pictures what happens to them on their way: it cuts, scales, turns, compresses and spoils them, always
// in the same way. Tests and measurements of marks use it; nobody else does.
//
// What not to do here: nothing that knows of marks, no chance but by a fixed seed, nothing that puts a picture back as it was.
package attacktest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// Attack makes another picture of one.
type Attack struct {
	Name string
	Do   func(*image.RGBA) *image.RGBA
}

// All are the attacks of the published tables, in their order.
func All() []Attack {
	list := []Attack{{"none", func(m *image.RGBA) *image.RGBA { return m }}}
	add := func(name string, do ...func(*image.RGBA) *image.RGBA) {
		list = append(list, Attack{name, Chain(do...)})
	}
	for _, q := range []struct {
		name    string
		quality int
	}{{"jpeg 90", 90}, {"jpeg 75", 75}, {"jpeg 50", 50}, {"jpeg 30", 30}, {"jpeg 20", 20}} {
		add(q.name, JPEG(q.quality))
	}
	for _, s := range []struct {
		name  string
		scale float64
	}{{"resize 0.33", 0.33}, {"resize 0.5", 0.5}, {"resize 0.62", 0.62}, {"resize 0.75", 0.75}, {"resize 2", 2}} {
		add(s.name, Resize(s.scale))
	}
	add("resize 0.5, jpeg 75", Resize(0.5), JPEG(75))
	for _, c := range []struct {
		name string
		part float64
	}{{"crop 10 %", 0.1}, {"crop 25 %", 0.25}, {"crop 50 %", 0.5}, {"crop 75 %", 0.75}} {
		add(c.name, Crop(c.part))
	}
	for _, r := range []struct {
		name    string
		degrees float64
	}{{"rotate 1°", 1}, {"rotate 5°", 5}, {"rotate 10°", 10}, {"rotate 45°", 45}} {
		add(r.name, Rotate(r.degrees))
	}
	add("brightness 1.3", Tone(func(v float64) float64 { return v * 1.3 }))
	add("brightness 0.7", Tone(func(v float64) float64 { return v * 0.7 }))
	add("contrast 1.5", Tone(func(v float64) float64 { return (v-128)*1.5 + 128 }))
	add("noise 5", Noise(5))
	add("noise 10", Noise(10))
	add("noise 20", Noise(20))
	add("blur 1", Blur(1))
	add("blur 2", Blur(2))
	add("median 3", Median)
	add("grey", Grey)
	add("mirror", Mirror)
	add("screenshot: resize 0.8, crop 10 %, jpeg 80", Resize(0.8), Crop(0.1), JPEG(80))
	add("crop 25 %, brightness 1.2, jpeg 70", Crop(0.25), Tone(func(v float64) float64 { return v * 1.2 }), JPEG(70))
	add("rotate 3°, crop 25 %, jpeg 75", Rotate(3), Crop(0.25), JPEG(75))
	return list
}

// Chain does one after the other.
func Chain(list ...func(*image.RGBA) *image.RGBA) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		for _, do := range list {
			m = do(m)
		}
		return m
	}
}

// RGBA copies a picture.
func RGBA(m image.Image) *image.RGBA {
	b := m.Bounds()
	o := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(o, o.Bounds(), m, b.Min, draw.Src)
	return o
}

// JPEG compresses, with colours at half the size.
func JPEG(quality int) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
			panic(err)
		}
		o, err := jpeg.Decode(&b)
		if err != nil {
			panic(err)
		}
		return RGBA(o)
	}
}

// Resize scales both sides.
func Resize(scale float64) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		b := m.Bounds()
		side := func(n int) int { return int(math.Round(float64(n) * scale)) }
		o := image.NewRGBA(image.Rect(0, 0, side(b.Dx()), side(b.Dy())))
		filter := draw.BiLinear // as wide as what it takes together
		if scale > 1 {
			filter = draw.CatmullRom
		}
		filter.Scale(o, o.Bounds(), m, b, draw.Src, nil)
		return o
	}
}

// Crop takes away a part of the area and keeps the aspect. What is kept lies at an odd place.
func Crop(part float64) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		b := m.Bounds()
		k := math.Sqrt(1 - part)
		w, h := int(float64(b.Dx())*k), int(float64(b.Dy())*k)
		r := rand.New(rand.NewPCG(uint64(b.Dx()*b.Dy()), uint64(part*1000)+uint64(m.Pix[len(m.Pix)/2])<<16))
		x, y := 1+r.IntN(b.Dx()-w), 1+r.IntN(b.Dy()-h)
		return RGBA(m.SubImage(image.Rect(x, y, x+w, y+h)))
	}
}

// Rotate turns around the middle; what comes in is black.
func Rotate(degrees float64) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		b := m.Bounds()
		o := image.NewRGBA(b)
		draw.Draw(o, b, image.NewUniform(color.Black), image.Point{}, draw.Src)
		s, c := math.Sincos(-degrees * math.Pi / 180)
		x, y := float64(b.Dx())/2, float64(b.Dy())/2
		draw.CatmullRom.Transform(o, f64.Aff3{c, -s, x - c*x + s*y, s, c, y - s*x - c*y}, m, b, draw.Over, nil)
		return o
	}
}

// Tone changes each sample.
func Tone(f func(float64) float64) func(*image.RGBA) *image.RGBA {
	var table [256]uint8
	for i := range table {
		table[i] = sample(f(float64(i)))
	}
	return func(m *image.RGBA) *image.RGBA {
		return each(m, func(i int, v uint8) uint8 { return table[v] })
	}
}

// Noise adds normal noise to each sample.
func Noise(deviation float64) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		r := rand.New(rand.NewPCG(1, 1))
		return each(m, func(_ int, v uint8) uint8 { return sample(float64(v) + r.NormFloat64()*deviation) })
	}
}

// Blur is a Gaussian.
func Blur(sigma float64) func(*image.RGBA) *image.RGBA {
	n := int(math.Ceil(3 * sigma))
	weights, sum := make([]float64, 2*n+1), 0.0
	for i := range weights {
		weights[i] = math.Exp(-float64((i-n)*(i-n)) / (2 * sigma * sigma))
		sum += weights[i]
	}
	return func(m *image.RGBA) *image.RGBA {
		for _, step := range []image.Point{{1, 0}, {0, 1}} {
			from := m
			m = pixels(from, func(x, y, c int) uint8 {
				v := 0.0
				for i, k := range weights {
					v += k * float64(near(from, x+(i-n)*step.X, y+(i-n)*step.Y, c))
				}
				return sample(v / sum)
			})
		}
		return m
	}
}

// Median takes the median of nine.
func Median(m *image.RGBA) *image.RGBA {
	return pixels(m, func(x, y, c int) uint8 {
		var v [9]uint8
		for i := range v {
			v[i] = near(m, x+i%3-1, y+i/3-1, c)
		}
		slices.Sort(v[:])
		return v[4]
	})
}

// Grey takes the colours away.
func Grey(m *image.RGBA) *image.RGBA {
	o := RGBA(m)
	for i := 0; i < len(o.Pix); i += 4 {
		v := sample(0.299*float64(o.Pix[i]) + 0.587*float64(o.Pix[i+1]) + 0.114*float64(o.Pix[i+2]))
		o.Pix[i], o.Pix[i+1], o.Pix[i+2] = v, v, v
	}
	return o
}

// Mirror turns left and right around.
func Mirror(m *image.RGBA) *image.RGBA {
	return pixels(m, func(x, y, c int) uint8 { return near(m, m.Rect.Dx()-1-x, y, c) })
}

func sample(v float64) uint8 { return uint8(min(max(math.Round(v), 0), 255)) }

// near is a sample of a pixel, or of the nearest one of the picture.
func near(m *image.RGBA, x, y, c int) uint8 {
	return m.Pix[min(max(y, 0), m.Rect.Dy()-1)*m.Stride+min(max(x, 0), m.Rect.Dx()-1)*4+c]
}

func pixels(m *image.RGBA, f func(x, y, c int) uint8) *image.RGBA {
	o := image.NewRGBA(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()))
	for i := range o.Pix {
		o.Pix[i] = 255
		if c := i % 4; c < 3 {
			o.Pix[i] = f(i%o.Stride/4, i/o.Stride, c)
		}
	}
	return o
}

func each(m *image.RGBA, f func(i int, v uint8) uint8) *image.RGBA {
	o := RGBA(m)
	for i, v := range o.Pix {
		if i%4 < 3 {
			o.Pix[i] = f(i, v)
		}
	}
	return o
}
