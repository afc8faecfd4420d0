package sight

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/gen2brain/avif"
	xbmp "golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
	"github.com/colophon-project/colophon/internal/picture/upright"
	"github.com/colophon-project/colophon/screen/phash"
)

// overall is how many times Limits.Pixels all frames, pages and pictures of a file may have together.
const overall = 32

// codec decodes one format.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// codecs are those of single pictures.
var codecs = map[media.Format]codec{
	media.JPEG: {jpeg.DecodeConfig, jpeg.Decode},
	media.PNG:  {png.DecodeConfig, png.Decode},
	media.GIF:  {gif.DecodeConfig, gif.Decode},
	media.WebP: {webp.DecodeConfig, webp.Decode},
	media.TIFF: {tiff.DecodeConfig, tiff.Decode},
	media.AVIF: {avif.DecodeConfig, decodeAVIF},
	bmp:        {xbmp.DecodeConfig, xbmp.Decode},
}

// decodeAVIF decodes the first picture of a file, turned as it says. What the module has as premultiplied is not.
func decodeAVIF(r io.Reader) (image.Image, error) {
	img, err := avif.Decode(r, avif.Options{AutoRotate: true})
	switch p := img.(type) {
	case *image.RGBA:
		return (*image.NRGBA)(p), err
	case *image.RGBA64:
		return (*image.NRGBA64)(p), err
	}
	return img, err
}

// picture looks at a file of pictures.
func (g *gaze) picture(src media.Source, f media.Format, part string) error {
	data, err := g.read(src, f)
	if err != nil {
		return g.pass(err)
	}
	switch f {
	case media.TIFF:
		return g.pages(data, part)
	case media.GIF:
		return g.reel(gifReel(data, g.limits.Frames), part)
	case media.PNG, media.APNG:
		if r := pngReel(data, g.limits.Frames); r != nil {
			return g.reel(r, part)
		}
		return g.still(data, media.PNG, pngEXIF(data), part)
	case media.WebP:
		if r := webpReel(data, g.limits.Frames); r != nil {
			return g.reel(r, part)
		}
		bare, exif, err := webpStill(data)
		if err != nil {
			return g.pass(err)
		}
		return g.still(bare, f, exif, part)
	case media.JPEG:
		return g.still(data, f, upright.JPEG(data), part)
	case media.AVIF:
		if head := data[:min(len(data), 64)]; bytes.Contains(head, []byte("avis")) {
			if err := g.film(src); err != nil {
				return err
			}
		}
	}
	return g.still(data, f, nil, part)
}

// read reads a file that is looked at as a whole.
func (g *gaze) read(src media.Source, f media.Format) ([]byte, error) {
	if src.Size() > g.limits.Bytes {
		return nil, media.TooLarge(name(f), 0, g.limits.Bytes)
	}
	return media.Bytes(src, name(f), 0, src.Size())
}

// still looks at a single picture.
func (g *gaze) still(data []byte, f media.Format, exif []byte, part string) error {
	img, err := g.decode(bytes.NewReader(data), f)
	if err != nil {
		return g.pass(err)
	}
	g.add(Picture{Part: part}, asShown(img, upright.Orientation(exif, -1)))
	return nil
}

// pages looks at the pages of a TIFF file. The decoder knows the first alone, so for each the header leads to it.
func (g *gaze) pages(data []byte, part string) error {
	if len(data) < 8 {
		return g.pass(media.Truncated("TIFF", 0, 8, int64(len(data))))
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	seen := map[uint32]bool{}
	for at, page := order.Uint32(data[4:]), 0; at != 0; page++ {
		if page == g.limits.Frames || seen[at] {
			return g.pass(tooMany(CodeFrames, page))
		}
		seen[at] = true
		head := bytes.Clone(data[:8])
		order.PutUint32(head[4:], at)
		img, err := g.decode(&patched{head, bytes.NewReader(data)}, media.TIFF)
		if err == nil {
			g.add(Picture{Part: part, Page: page}, asShown(img, upright.Orientation(data, int64(at))))
		} else if err := g.pass(err); err != nil {
			return err
		}
		next := int64(at) + 2
		if next <= int64(len(data)) {
			next += 12 * int64(order.Uint16(data[at:]))
		}
		if next+4 > int64(len(data)) {
			return g.pass(media.Truncated("IFD", int64(at), next+4-int64(at), int64(len(data))-int64(at)))
		}
		at = order.Uint32(data[next:])
	}
	return nil
}

// patched reads a file with another beginning.
type patched struct {
	head []byte
	*bytes.Reader
}

// ReadAt reads as io.ReaderAt asks.
func (p *patched) ReadAt(b []byte, off int64) (int, error) {
	n, err := p.Reader.ReadAt(b, off)
	if off < int64(len(p.head)) {
		copy(b[:n], p.head[off:])
	}
	return n, err
}

// add takes the hashes of a picture, and what else is wanted of it.
func (g *gaze) add(p Picture, img image.Image) {
	p.Turned, p.Quality = g.hasher.Dihedral(img)
	p.Hash = p.Turned[phash.Original]
	if p.Quality < phash.MinQuality {
		g.miss(CodePoor)
	}
	if g.options.Pictures {
		p.Small = g.small(img)
	}
	g.view.Pictures = append(g.view.Pictures, p)
}

// source is what a decoder reads.
type source interface {
	io.ReadSeeker
	io.ReaderAt
}

// decode decodes a picture whose size is within the limits. Decoders read by the way until the context is cancelled, and one
// that panics has met a file that is not sound.
func (g *gaze) decode(r source, f media.Format) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = damaged(f, "the decoder gave up", fmt.Errorf("panic: %v", p))
		}
	}()
	c := codecs[f]
	conf, err := c.config(r)
	if err != nil {
		return nil, refusal(f, err)
	}
	if f == media.JPEG && min(conf.Width, conf.Height) >= side && (g.quick || tooLarge(conf, g.limits.Pixels)) {
		if img := g.reduced(r, conf); img != nil {
			return img, nil
		}
	}
	if tooLarge(conf, g.limits.Pixels) {
		return nil, tooMany(CodePixels, g.limits.Pixels)
	}
	if err := g.spend(conf.Width * conf.Height); err != nil {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if img, err = c.decode(&patient{r, g.ctx}); err != nil {
		return nil, refusal(f, err)
	}
	return img, nil
}

// tooLarge tells by how many bytes the pixels take up.
func tooLarge(c image.Config, limit int) bool {
	limit *= 4
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model, color.Alpha16Model:
		limit /= 2
	}
	return c.Width <= 0 || c.Height <= 0 || c.Width > limit/4/c.Height
}

// spend takes pixels off what a file may have in all.
func (g *gaze) spend(pixels int) error {
	if g.spent += pixels; g.spent > overall*g.limits.Pixels {
		return tooMany(CodePixels, overall*g.limits.Pixels)
	}
	return nil
}

// patient reads for a decoder until the context is cancelled.
type patient struct {
	source
	ctx context.Context
}

// Read reads as io.Reader asks.
func (p *patient) Read(b []byte) (int, error) {
	if err := context.Cause(p.ctx); err != nil {
		return 0, err
	}
	return p.source.Read(b)
}

// ReadAt reads as io.ReaderAt asks.
func (p *patient) ReadAt(b []byte, off int64) (int, error) {
	if err := context.Cause(p.ctx); err != nil {
		return 0, err
	}
	return p.source.ReadAt(b, off)
}

// refusal tells the error of a decoder in our words; its own stand in the cause.
func refusal(f media.Format, err error) error {
	var j jpeg.UnsupportedError
	var p png.UnsupportedError
	var t tiff.UnsupportedError
	if errors.As(err, &j) || errors.As(err, &p) || errors.As(err, &t) || errors.Is(err, xbmp.ErrUnsupported) {
		return unsupported(f, "a kind of this format that the decoder knows")
	}
	return damaged(f, "a picture that can be decoded", err)
}

// reduced is a JPEG picture at a fraction of its size, by the means of its blocks, which takes a fraction of the time; nil
// where it can't be had. A progressive picture that is too large would have to be held as a whole.
func (g *gaze) reduced(r source, conf image.Config) image.Image {
	n, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	p, err := coefficient.Open(io.NewSectionReader(r, 0, n))
	if err != nil || p.Progressive() && tooLarge(conf, g.limits.Pixels) {
		return nil
	}
	t, err := p.Thumbnail()
	switch {
	case err != nil:
		return nil
	case g.quick:
		return blocks{t, conf.Width, conf.Height}
	}
	return t
}
