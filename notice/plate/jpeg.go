package plate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/draw"
	"image/jpeg"
	"io"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
)

// putJPEG covers a corner of a JPEG picture without decoding the rest of it: the blocks under the plate are coded anew,
// every other coefficient stays. The corner is chosen on the picture at an eighth of its size, and only the blocks under
// the plate are decoded to measure it: from the file that was written, of which all that is not bit for bit the old one is
// gone over again. A picture that can't be done this way is decoded and encoded.
func putJPEG(src media.Source, j *job) (*media.Edit, error) {
	segments, err := readSegments(src)
	if err != nil {
		return nil, err
	}
	pic, err := coefficient.Open(src)
	var view image.Image
	if err == nil {
		size := pic.Bounds().Size()
		if err := fits("JPEG", 0, int64(size.X), int64(size.Y), src.Size(), 1<<20); err != nil {
			return nil, err
		}
		view, err = pic.Thumbnail()
	}
	var unknown *colophon.Error
	if errors.As(err, &unknown) && unknown.Code == media.CodeUnsupported {
		return anewJPEG(src, j, segments, unknown)
	}
	if err != nil {
		return nil, err
	}
	size, orient := pic.Bounds().Size(), orientation(segments.exif)
	j.tolerance = fine
	region := func(box image.Rectangle) (image.Image, error) {
		if box.Size() == image.Pt(8, 8) && box.Min.X%8 == 0 && box.Min.Y%8 == 0 { // its mean is known
			return image.NewUniform(view.At(box.Min.X/8, box.Min.Y/8)), nil
		}
		return pic.Pixels(box)
	}
	bits := func(box image.Rectangle) float64 {
		d, err := pic.Sample(box)
		if err != nil {
			return 0
		}
		return d.Bits
	}
	if edit, err := j.there(src, region, size, orient); edit != nil || err != nil {
		return edit, err
	}
	var edit *media.Edit
	err = j.grow(func(more int) error {
		p, err := j.brush.place(&sight{view, size, region, bits}, orient, j.options.Corner, more)
		if err != nil {
			return err
		}
		if edit, _, err = pic.Overlay(p.Box, (*image.RGBA)(p.Stored)); err != nil {
			return err
		}
		out := bytes.NewBuffer(make([]byte, 0, edit.Size()))
		if err := edit.Apply(out, src); err != nil {
			return err
		}
		again, err := pic.Reopen(media.Memory(out.Bytes()))
		if err != nil {
			return err
		}
		now, err := again.Pixels(p.Box)
		if err != nil {
			return err
		}
		j.method(p, "coefficients")
		return j.check(p, now)
	})
	return edit, err
}

// anewJPEG decodes a picture whose coding [coefficient] does not know, and encodes it at the strength of its own tables.
// Of the segments, those go that say how the old picture was coded or where the pictures behind it stand.
func anewJPEG(src media.Source, j *job, s *jpegSegments, why *colophon.Error) (*media.Edit, error) {
	whole := func() io.Reader { return io.NewSectionReader(src, 0, src.Size()) }
	conf, err := jpeg.DecodeConfig(whole())
	if err != nil || s.components == 4 {
		return nil, why
	}
	// A block takes a bit of the first scan at least.
	if err := fits("JPEG", 0, int64(conf.Width), int64(conf.Height), src.Size(), 8*64); err != nil {
		return nil, err
	}
	old, err := jpeg.Decode(whole())
	if err != nil {
		return nil, why
	}
	size, orient := old.Bounds().Size(), orientation(s.exif)
	if edit, err := j.there(src, all(old), size, orient); edit != nil || err != nil {
		return edit, err
	}
	var edit *media.Edit
	err = j.grow(func(more int) error {
		p, err := j.place(old, orient, more)
		if err != nil {
			return err
		}
		var img draw.Image = image.NewRGBA(old.Bounds())
		if _, ok := old.(*image.Gray); ok {
			img = image.NewGray(old.Bounds())
		}
		draw.Draw(img, img.Bounds(), old, image.Point{}, draw.Src)
		draw.Draw(img, p.Box, p.Stored, image.Point{}, draw.Src)
		var out bytes.Buffer
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: s.quality()}); err != nil {
			return err
		}
		now, err := jpeg.Decode(bytes.NewReader(out.Bytes()))
		if err != nil {
			return err
		}
		if edit, err = media.Splices(src, media.Splice{Offset: 2, Delete: s.end - 2, Insert: append(bytes.Clone(s.kept), out.Bytes()[2:]...)}); err != nil {
			return err
		}
		j.method(p, "re-encoded")
		j.anew(why.Args["rule"])
		return j.check(p, now)
	})
	return edit, err
}

// jpegSegments is what must be known of a file beside its picture.
type jpegSegments struct {
	exif       []byte // of the first APP1 segment that has it
	kept       []byte // the segments that stay when the picture is encoded anew
	table      [64]byte
	components int
	end        int64 // behind EOI, or of the file
}

// readSegments walks the segments of the first picture. It is as tolerant as it can be: what is wrong with the picture is
// for the decoders to say.
func readSegments(src media.Source) (*jpegSegments, error) {
	s := &jpegSegments{end: src.Size()}
	head := make([]byte, 4)
	if err := media.Fill(src, "JPEG", head[:2], 0); err != nil {
		return nil, err
	}
	if head[0] != 0xFF || head[1] != 0xD8 {
		return nil, media.Malformed("JPEG", 0, "SOI at the beginning")
	}
	for off := int64(2); off+4 <= src.Size(); {
		if err := media.Fill(src, "segment", head, off); err != nil {
			return nil, err
		}
		n := int64(binary.BigEndian.Uint16(head[2:]))
		marker := head[1]
		switch {
		case head[0] == 0xFF && marker == 0xFF: // fill byte
			off++
			continue
		case head[0] != 0xFF, marker == 0xD9, n < 2, off+2+n > src.Size():
			return s, nil
		case marker == 0xDA: // the data behind it is for the coefficients; only a few files have segments there
			return s, s.scans(src, off+2+n)
		case marker >= 0xE0 && marker <= 0xEF, marker == 0xFE, marker >= 0xC0 && marker <= 0xC2, marker == 0xDB:
			b, err := media.Bytes(src, "segment", off, 2+n)
			if err != nil {
				return nil, err
			}
			s.take(marker, b)
		}
		off += 2 + n
	}
	return s, nil
}

// take takes note of a segment.
func (s *jpegSegments) take(marker byte, b []byte) {
	body := b[4:]
	switch {
	case marker <= 0xC2:
		if len(body) > 5 {
			s.components = int(body[5])
		}
	case marker == 0xDB:
		if len(body) >= 65 && body[0] == 0 && s.table[0] == 0 {
			copy(s.table[:], body[1:])
		}
	case marker == 0xEE && bytes.HasPrefix(body, []byte("Adobe")), marker == 0xE2 && bytes.HasPrefix(body, []byte("MPF\x00")):
	default:
		if s.kept = append(s.kept, b...); marker == 0xE1 && s.exif == nil && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			s.exif = body
		}
	}
}

// scans finds the end of the picture behind its first scan header.
func (s *jpegSegments) scans(src media.Source, off int64) error {
	if src.Size()-off > media.MaxStructure {
		return nil
	}
	b, err := media.Bytes(src, "scan", off, src.Size()-off)
	if err != nil {
		return err
	}
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], 0xFF)
		if i < 0 || at+i+1 >= len(b) {
			return nil
		}
		at += i
		switch m := b[at+1]; {
		case m == 0xD9:
			s.end = off + int64(at) + 2
			return nil
		case m >= 0xE0 && m <= 0xEF || m == 0xFE || m == 0xDA || m == 0xC4 || m == 0xDB:
			if at+4 > len(b) {
				return nil
			}
			n := 2 + int(binary.BigEndian.Uint16(b[at+2:]))
			if n < 4 || at+n > len(b) {
				return nil
			}
			if m >= 0xE0 {
				s.take(m, b[at:at+n])
			}
			at += n
		case m == 0xFF:
			at++
		default:
			at += 2
		}
	}
}

// quality returns the quality of image/jpeg and libjpeg whose luminance table is nearest to the file's.
func (s *jpegSegments) quality() int {
	// T.81 Table K.1 in zigzag order.
	standard := [64]int{
		16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
		56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
	}
	best, least := jpeg.DefaultQuality, 1<<30
	if s.table[0] == 0 { // a table of 16 bits, or none
		return best
	}
	for q := 1; q <= 100; q++ {
		scale := 200 - 2*q
		if q < 50 {
			scale = 5000 / q
		}
		far := 0
		for i, v := range standard {
			far += abs(min(max((v*scale+50)/100, 1), 255) - int(s.table[i]))
		}
		if far <= least {
			best, least = q, far
		}
	}
	return best
}
