package file

import (
	"math"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark/picture"
)

// maxPixels bounds what is decoded to pixels, and maxSide a side of it.
const (
	maxPixels = 1 << 27
	maxSide   = 30000
)

// sheet is a picture of pixels.
type sheet struct {
	w, h     int
	channels int // samples of a pixel
	colours  int // the first of them: one, or three
	alpha    int // the sample that says how much is seen; −1 where all is
	top      int // of a sample's values
	inverse  bool
	clear    []uint16 // the colour of pixels that are not seen, if any
	read     func(y int, samples []uint16) error
	write    func(y int, samples []uint16) error
}

// sheets are the pictures of a file.
type sheets struct {
	pages  []*sheet
	finish func() (*media.Edit, error)
}

func (d *sheets) light() ([]*picture.Plane, error) {
	var list []*picture.Plane
	for _, s := range d.pages {
		y, err := s.light()
		if err != nil {
			return nil, err
		}
		list = append(list, y)
	}
	return list, nil
}

func (d *sheets) with(marks []*picture.Mark) (*media.Edit, float64, error) {
	psnr, most := 0.0, 0
	for i, s := range d.pages {
		if marks[i] == nil {
			continue
		}
		distance, err := s.add(marks[i])
		if err != nil {
			return nil, 0, err
		}
		if s.w*s.h > most {
			psnr, most = distance, s.w*s.h
		}
	}
	edit, err := d.finish()
	return edit, psnr, err
}

// light takes means of squares of pixels on the way, so that no plane of a large picture's size is needed.
func (s *sheet) light() (*picture.Plane, error) {
	n := max(1, max(s.w, s.h)/(2*picture.Canonical))
	y := picture.NewPlane((s.w+n-1)/n, (s.h+n-1)/n)
	samples, counts := make([]uint16, s.w*s.channels), make([]float32, y.W)
	for top := 0; top < s.h; top += n {
		row := y.Pix[top/n*y.W:][:y.W]
		clear(counts)
		for line := top; line < min(top+n, s.h); line++ {
			if err := s.read(line, samples); err != nil {
				return nil, err
			}
			for x := range s.w {
				row[x/n] += s.bright(samples[x*s.channels:])
				counts[x/n]++
			}
		}
		for x, c := range counts {
			row[x] /= c
		}
	}
	w, h := picture.Sized(s.w, s.h)
	y = y.Sized(w, h, float64(s.w)/float64(n), float64(s.h)/float64(n))
	y.Full = s.w * s.h
	return y, nil
}

// bright is the luminance of a pixel, from 0 to 255.
func (s *sheet) bright(p []uint16) float32 {
	v := float32(p[0])
	if s.colours == 3 {
		v = 0.299*v + 0.587*float32(p[1]) + 0.114*float32(p[2])
	}
	if v *= 255 / float32(s.top); s.inverse {
		return 255 - v
	}
	return v
}

// add adds a mark and returns the distance of the luminance from what it was, in dB.
func (s *sheet) add(k *picture.Mark) (float64, error) {
	rows, line, samples, sum := k.Rows(s.w, s.h), make([]float32, s.w), make([]uint16, s.w*s.channels), 0.0
	scale := float32(s.top) / 255
	if s.inverse {
		scale = -scale
	}
	for y := range s.h {
		rows(y, line)
		if err := s.read(y, samples); err != nil {
			return 0, err
		}
		for x, v := range line {
			p := samples[x*s.channels:][:s.channels]
			if s.alpha >= 0 && p[s.alpha] == 0 || s.unseen(p) {
				continue
			}
			before, was := s.bright(p), [3]uint16(append(p[:s.colours:s.colours], 0, 0))
			d := int(math.Round(float64(v * scale)))
			for i := range p[:s.colours] {
				p[i] = uint16(min(max(int(p[i])+d, 0), s.top))
			}
			if s.unseen(p) {
				copy(p, was[:s.colours])
			}
			change := float64(s.bright(p) - before)
			sum += change * change
		}
		if err := s.write(y, samples); err != nil {
			return 0, err
		}
	}
	return 10 * math.Log10(255*255*float64(s.w)*float64(s.h)/max(sum, 1)), nil
}

// unseen reports whether a pixel has the colour that is not seen.
func (s *sheet) unseen(p []uint16) bool {
	if s.clear == nil {
		return false
	}
	for i, v := range s.clear {
		if p[i] != v {
			return false
		}
	}
	return true
}

// fits refuses pictures that can't be decoded here: coded is how many bytes there are, and ratio how many pixels each of them can stand
// for at most.
func fits(what string, off, w, h, coded, ratio int64) error {
	switch {
	case w <= 0 || h <= 0:
		return media.Malformed(what, off, "a size of at least 1×1")
	case w > maxSide || h > maxSide:
		return media.Unsupported(what, off, "at most 30,000 pixels on a side")
	case w*h > maxPixels:
		return media.Unsupported(what, off, "at most 134,217,728 pixels")
	case w*h/ratio > coded:
		return media.Truncated(what, off, w*h/ratio, coded)
	}
	return nil
}
