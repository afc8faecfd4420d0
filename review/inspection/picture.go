package inspection

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	// maxPixels bounds what is decoded to show somebody what to look at.
	maxPixels = 40 << 20
	longest   = 640 // side of a picture in a report, in pixels
)

// decoded is the picture of a file that can be decoded here, or nil.
func decoded(src media.Source) image.Image {
	open := func() io.Reader { return io.NewSectionReader(src, 0, src.Size()) }
	for _, codec := range []struct {
		config func(io.Reader) (image.Config, error)
		decode func(io.Reader) (image.Image, error)
	}{{png.DecodeConfig, png.Decode}, {jpeg.DecodeConfig, jpeg.Decode}, {gif.DecodeConfig, gif.Decode}, {webp.DecodeConfig, webp.Decode}} {
		c, err := codec.config(open())
		if err != nil {
			continue
		}
		if c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
			return nil
		}
		if img, err := codec.decode(open()); err == nil {
			return img
		}
	}
	return nil
}

// small writes a picture as a PNG that a report can hold; nil where it can't.
func small(img image.Image) []byte {
	for side := longest; side >= 80; side /= 2 {
		if out := scaled(img, side); len(out) > 0 && len(out) <= MaxPicture {
			return out
		}
	}
	return nil
}

func scaled(img image.Image, side int) []byte {
	size := img.Bounds().Size()
	if size.X < 1 || size.Y < 1 {
		return nil
	}
	if most := max(size.X, size.Y); most > side {
		size = image.Pt(max(1, size.X*side/most), max(1, size.Y*side/most))
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.ApproxBiLinear.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		return nil
	}
	return b.Bytes()
}

// Shrink makes a photograph of a page small enough for a report; nil where it is no PNG.
func Shrink(shot []byte) []byte {
	if len(shot) > 0 && len(shot) <= MaxPicture/2 {
		return shot
	}
	c, err := png.DecodeConfig(bytes.NewReader(shot))
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
		return nil
	}
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil
	}
	for side := max(c.Width, c.Height); side >= 80; side = side * 3 / 4 {
		if out := scaled(img, side); len(out) > 0 && len(out) <= MaxPicture {
			return out
		}
	}
	return nil
}
