package attacktest

import (
	"bytes"
	"image"
	"image/color"
	"math"

	"github.com/gen2brain/webp"
	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// More are what pictures go through beside the published tables: networks, screens, paper, filters. Nobody promises all of them.
func More() []Attack {
	warm := func(r, g, b float64) (float64, float64, float64) { return 1.1*r + 8, g, 0.85 * b }
	sepia := func(r, g, b float64) (float64, float64, float64) {
		y := 0.299*r + 0.587*g + 0.114*b
		return y*1.07 + 12, y*0.97 + 2, y * 0.78
	}
	vivid := func(r, g, b float64) (float64, float64, float64) {
		y := 0.299*r + 0.587*g + 0.114*b
		return y + 1.5*(r-y), y + 1.5*(g-y), y + 1.5*(b-y)
	}
	gamma := func(k float64) func(float64) float64 {
		return func(v float64) float64 { return 255 * math.Pow(max(v, 0)/255, k) }
	}
	return []Attack{
		{"network: 1080 px, jpeg 70", Chain(Long(1080), JPEG(70))},
		{"network: 1080 px, webp 70", Chain(Long(1080), WebP(70))},
		{"two networks: 1080 px, jpeg 70, 720 px, webp 70", Chain(Long(1080), JPEG(70), Long(720), WebP(70))},
		{"text over it", Text},
		{"filter: warm", Colours(warm)},
		{"filter: sepia", Colours(sepia)},
		{"filter: saturation 1.5", Colours(vivid)},
		{"gamma 0.6", Tone(gamma(0.6))},
		{"gamma 1.6", Tone(gamma(1.6))},
		{"perspective 1 %", Perspective(0.01)},
		{"perspective 3 %", Perspective(0.03)},
		{"stretched by 3 %", Stretch(1.03)},
		{"screen: 0.6 of the size in a window, jpeg 85", Chain(Resize(0.6), Window, JPEG(85))},
		{"screen: 1.25 of the size, crop 30 %, webp 80", Chain(Resize(1.25), Crop(0.3), WebP(80))},
		{"printed and scanned", Chain(Tone(gamma(1.15)), Blur(0.8), Perspective(0.004), Rotate(0.7), Resize(0.85), Noise(4),
			Tone(func(v float64) float64 { return v*0.88 + 16 }), JPEG(80))},
	}
}

// Long scales a picture to a long edge, or to three quarters of its own where it is no longer.
func Long(edge int) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		long := max(m.Rect.Dx(), m.Rect.Dy())
		return Resize(min(float64(edge)/float64(long), 0.75))(m)
	}
}

// WebP compresses by libwebp.
func WebP(quality int) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		var b bytes.Buffer
		if err := webp.Encode(&b, m, webp.Options{Quality: quality, Method: 4}); err != nil {
			panic(err)
		}
		o, err := webp.Decode(&b)
		if err != nil {
			panic(err)
		}
		return RGBA(o)
	}
}

// Colours changes each pixel.
func Colours(f func(r, g, b float64) (float64, float64, float64)) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		o := RGBA(m)
		for i := 0; i < len(o.Pix); i += 4 {
			r, g, b := f(float64(o.Pix[i]), float64(o.Pix[i+1]), float64(o.Pix[i+2]))
			o.Pix[i], o.Pix[i+1], o.Pix[i+2] = sample(r), sample(g), sample(b)
		}
		return o
	}
}

// Text writes three lines over a picture, a tenth of its height each, and a bar under one of them.
func Text(m *image.RGBA) *image.RGBA {
	o := RGBA(m)
	line := image.NewRGBA(image.Rect(0, 0, 7*36, 13))
	d := font.Drawer{Dst: line, Src: image.White, Face: basicfont.Face7x13, Dot: fixed.P(0, 11)}
	d.DrawString("SOME WORDS THAT STAND OVER A PICTURE")
	w, h := o.Rect.Dx(), o.Rect.Dy()
	draw.Draw(o, image.Rect(0, h*7/10, w, h*8/10), image.NewUniform(color.RGBA{20, 20, 20, 255}), image.Point{}, draw.Src)
	for _, y := range []int{h / 10, h * 4 / 10, h * 7 / 10} {
		draw.CatmullRom.Scale(o, image.Rect(w/20, y, w*19/20, y+h/10), line, line.Rect, draw.Over, nil)
	}
	return o
}

// Perspective moves the upper corners inwards by a part of the width, as if a picture leaned back; what comes in is black.
func Perspective(part float64) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		w, h := float64(m.Rect.Dx()), float64(m.Rect.Dy())
		return warp(m, m.Rect.Dx(), m.Rect.Dy(), func(x, y float64) (float64, float64) {
			narrow := 1 - 2*part*(1-y/h)                        // of the line
			return (x-w/2)/narrow + w/2, y * (1 + part*(y/h-1)) // lines lie closer where they are farther away
		})
	}
}

// Stretch makes a picture wider.
func Stretch(k float64) func(*image.RGBA) *image.RGBA {
	return func(m *image.RGBA) *image.RGBA {
		o := image.NewRGBA(image.Rect(0, 0, int(float64(m.Rect.Dx())*k), m.Rect.Dy()))
		draw.CatmullRom.Scale(o, o.Rect, m, m.Rect, draw.Src, nil)
		return o
	}
}

// Window puts a picture on a screen with bars above and beside it.
func Window(m *image.RGBA) *image.RGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	o := image.NewRGBA(image.Rect(0, 0, w*13/10, h*13/10))
	draw.Draw(o, o.Rect, image.NewUniform(color.RGBA{236, 236, 240, 255}), image.Point{}, draw.Src)
	draw.Draw(o, image.Rect(0, 0, o.Rect.Dx(), h/10), image.NewUniform(color.RGBA{40, 44, 60, 255}), image.Point{}, draw.Src)
	draw.Draw(o, image.Rect(w/7, h/6, w/7+w, h/6+h), m, image.Point{}, draw.Src)
	return o
}

// warp takes each pixel from where f says, by linear interpolation.
func warp(m *image.RGBA, w, h int, f func(x, y float64) (float64, float64)) *image.RGBA {
	o := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			px, py := f(float64(x)+0.5, float64(y)+0.5)
			px, py = px-0.5, py-0.5
			at := o.Pix[y*o.Stride+4*x:]
			at[3] = 255
			x0, y0 := int(math.Floor(px)), int(math.Floor(py))
			if x0 < -1 || y0 < -1 || x0 >= m.Rect.Dx() || y0 >= m.Rect.Dy() {
				continue
			}
			a, b := px-float64(x0), py-float64(y0)
			for c := range 3 {
				v := (1-b)*((1-a)*float64(near(m, x0, y0, c))+a*float64(near(m, x0+1, y0, c))) +
					b*((1-a)*float64(near(m, x0, y0+1, c))+a*float64(near(m, x0+1, y0+1, c)))
				at[c] = sample(v)
			}
		}
	}
	return o
}
