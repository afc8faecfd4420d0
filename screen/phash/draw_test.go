package phash_test

import (
	"fmt"
	"image"
	"image/color"
)

// drawn is a picture that is made of whole numbers alone, so that it is the same everywhere.
type drawn struct {
	kind          string
	width, height int
}

func (d drawn) String() string { return fmt.Sprintf("%s-%dx%d", d.kind, d.width, d.height) }

// drawings are the pictures that testdata/vectors.txt has the reference implementation's hashes of.
func drawings() []drawn {
	var list []drawn
	for _, kind := range []string{"hills", "boxes", "noise", "flat"} {
		for _, size := range [][2]int{
			{5, 5}, {16, 9}, {63, 65}, {64, 64}, {64, 200}, {128, 128}, {129, 127}, {300, 131}, {511, 510}, {512, 512}, {513, 400}, {400, 513},
			{768, 512}, {1024, 768}, {3000, 20},
		} {
			list = append(list, drawn{kind, size[0], size[1]})
		}
	}
	return list
}

// draw makes the picture.
func (d drawn) draw() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, d.width, d.height))
	state := uint32(d.width*7919 + d.height)
	next := func() int {
		state = state*1664525 + 1013904223
		return int(state >> 16)
	}
	switch d.kind {
	case "hills": // parabolas, one in each channel
		for range 24 {
			hill(img, next()%d.width, next()%d.height, 1+next()%(d.width+d.height), next()%3, next()%256)
		}
	case "boxes":
		for range 60 {
			x, y := next()%d.width, next()%d.height
			c := color.NRGBA{uint8(next()), uint8(next()), uint8(next()), 255}
			for v := y; v < min(d.height, y+1+d.height/4); v++ {
				for u := x; u < min(d.width, x+1+d.width/4); u++ {
					img.SetNRGBA(u, v, c)
				}
			}
		}
	case "noise":
		for i := range img.Pix {
			img.Pix[i] = uint8(next())
		}
	case "flat":
		for i := range img.Pix {
			img.Pix[i] = 77
		}
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	return img
}

func hill(img *image.NRGBA, cx, cy, radius, channel, top int) {
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if d := (x-cx)*(x-cx) + (y-cy)*(y-cy); d < radius*radius {
				p := &img.Pix[img.PixOffset(x, y)+channel]
				*p = uint8(max(int(*p), top-top*d/(radius*radius)))
			}
		}
	}
}
