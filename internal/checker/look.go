package checker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
	"github.com/colophon-project/colophon/internal/picture/upright"
	"github.com/colophon-project/colophon/screen/phash"
)

const (
	// maxPixels is how large a picture may be of which a hash is made: more would keep a phone busy for long.
	maxPixels = 1 << 24
	// maxReduced is how large one may be of which the means of blocks are enough.
	maxReduced = 1 << 26
	// reducible is how long a picture has to be in both directions, for the means of its blocks to be enough.
	reducible = 1024
	// headBytes is in how much of a file EXIF data is looked for.
	headBytes = 1 << 18
	// maxChunks is how many chunks of a WebP file are gone over.
	maxChunks = 256
)

// decoder decodes the pictures of one format.
type decoder struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// decoders are those that make a small program. The register looks at more formats when content comes in.
var decoders = map[media.Format]decoder{
	media.JPEG: {jpeg.DecodeConfig, jpeg.Decode},
	media.PNG:  {png.DecodeConfig, png.Decode},
	media.APNG: {png.DecodeConfig, png.Decode},
	media.GIF:  {gif.DecodeConfig, gif.Decode},
	media.WebP: {webp.DecodeConfig, webp.Decode},
}

// hash is what a picture, or the first one of an animation, looks like: a PDQ hash as the register keeps them. It is empty where
// none can be made, or none that is worth anything; that says nothing about the file.
func hash(src media.Source, f media.Format) string {
	img, err := picture(src, f)
	if err != nil || img == nil {
		return ""
	}
	var h phash.Hasher
	if hash, quality := h.Hash(img); quality >= phash.MinQuality {
		return hash.String()
	}
	return ""
}

// picture decodes a picture as it is shown, and returns nil for one that is not decoded here. A decoder that panics has met a file
// that is not sound.
func picture(src media.Source, f media.Format) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, fmt.Errorf("decoding a picture: panic: %v", p)
		}
	}()
	d, known := decoders[f]
	if !known {
		return nil, nil
	}
	open := func() io.Reader { return io.NewSectionReader(src, 0, src.Size()) }
	if f == media.WebP {
		if open, err = bare(src); err != nil || open == nil {
			return nil, err
		}
	}
	conf, err := d.config(open())
	if err != nil {
		return nil, err
	}
	if f == media.JPEG && min(conf.Width, conf.Height) >= reducible {
		img = reduced(src, conf)
	}
	if img == nil {
		if tooLarge(conf, maxPixels) {
			return nil, nil
		}
		if img, err = d.decode(open()); err != nil || img.Bounds().Size() != image.Pt(conf.Width, conf.Height) {
			return nil, err // the first picture of an animation may be a part of the canvas
		}
	}
	if f != media.JPEG {
		return img, nil
	}
	head := make([]byte, min(src.Size(), headBytes))
	if _, err := src.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return upright.Show(img, upright.Orientation(upright.JPEG(head), -1)), nil
}

// reduced is a large JPEG picture at an eighth of its size, by the means of its blocks, which takes a fraction of the time; nil where
// it can't be had so.
func reduced(src media.Source, c image.Config) image.Image {
	if tooLarge(c, maxReduced) {
		return nil
	}
	p, err := coefficient.Open(src)
	if err != nil || p.Progressive() {
		return nil
	}
	t, err := p.Thumbnail()
	if err != nil {
		return nil
	}
	return t
}

// tooLarge tells by how many bytes the pixels take up.
func tooLarge(c image.Config, limit int) bool {
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
		limit /= 2
	}
	return c.Width <= 0 || c.Height <= 0 || c.Width > limit/c.Height
}

// bare reads the picture of a WebP file alone: the size that the file states beside it may be another, and the decoder believes the
// file. It is nil for animations, and for pictures whose transparency stands apart.
func bare(src media.Source) (func() io.Reader, error) {
	var head [8]byte
	at := int64(12)
	for range maxChunks {
		if _, err := src.ReadAt(head[:], at); err != nil {
			return nil, err
		}
		size := int64(binary.LittleEndian.Uint32(head[4:]))
		size += size % 2
		switch string(head[:4]) {
		case "ALPH", "ANIM", "ANMF":
			return nil, nil
		case "VP8 ", "VP8L":
			if at+8+size > src.Size() {
				return nil, io.ErrUnexpectedEOF
			}
			riff := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+8+size))
			return func() io.Reader {
				return io.MultiReader(bytes.NewReader(append(riff, "WEBP"...)), io.NewSectionReader(src, at, 8+size))
			}, nil
		}
		at += 8 + size
	}
	return nil, nil
}
