package file

import (
	"math"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
	"github.com/colophon-project/colophon/watermark/picture"
)

// Rounding to the next step of quantisation lets pass what is nearer to it than this part of a step.
const (
	halfway  = 0.5
	earliest = 0.12
)

// zigzag is where each coefficient of a block, row by row, stands in coded order (T.81 Figure A.6).
var zigzag = [64]int{
	0, 1, 5, 6, 14, 15, 27, 28, 2, 4, 7, 13, 16, 26, 29, 42, 3, 8, 12, 17, 25, 30, 41, 43, 9, 11, 18, 24, 31, 40, 44, 53,
	10, 19, 23, 32, 39, 45, 52, 54, 20, 22, 33, 38, 46, 51, 55, 60, 21, 34, 37, 47, 50, 56, 59, 61, 35, 36, 48, 49, 57, 58, 62, 63,
}

type jpegDraft struct {
	p *coefficient.Picture
}

func openJPEG(src media.Source) (draft, error) {
	p, err := coefficient.Open(src)
	if err != nil {
		return nil, err
	}
	return &jpegDraft{p: p}, nil
}

// light takes no more of the frequencies than the size at which marks are read has need of.
func (d *jpegDraft) light() ([]*picture.Plane, error) {
	size := d.p.Bounds().Size()
	divisor := 1
	for divisor < 8 && max(size.X, size.Y) >= 2*divisor*picture.Canonical {
		divisor *= 2
	}
	l, err := d.p.Light(divisor)
	if err != nil {
		return nil, err
	}
	y := &picture.Plane{W: l.W, H: l.H, Pix: l.Pix}
	w, h := picture.Sized(size.X, size.Y)
	y = y.Sized(w, h, float64(size.X)/float64(divisor), float64(size.Y)/float64(divisor))
	y.Full = size.X * size.Y
	return []*picture.Plane{y}, nil
}

func (d *jpegDraft) with(marks []*picture.Mark) (*media.Edit, float64, error) {
	w, err := d.p.Whole()
	if err != nil {
		return nil, 0, err
	}
	size := w.Bounds().Size()
	waves := marks[0].Waves(size.X, size.Y)
	s := newSteps(w.Steps(), waves.Highest)
	s.choose(waves, float64(size.X*size.Y)*255*255/math.Pow(10, marks[0].PSNR/10))
	line, at, n, moved := make([]float32, waves.Across*s.n), -1, s.n, 0.0
	edit, _, err := w.Alter(func(x, y int, block *[64]int16) bool {
		if y != at {
			waves.Line(y, line)
			at = y
		}
		changed := false
		for i, v := range line[x*n:][:n] {
			k := s.place[i]
			if r := v * s.inverse[i]; r > s.least || r < -s.least {
				step := int(math.Copysign(float64(int(math.Abs(float64(r))+1-float64(s.least))), float64(r)))
				block[k] += int16(step)
				moved += float64(step*step) * s.power[i]
				changed = true
			}
		}
		return changed
	})
	return edit, 10 * math.Log10(255*255*float64(size.X*size.Y)/max(moved, 1)), err
}

// steps are those of the quantisation of some low frequencies.
type steps struct {
	n       int // frequencies of a block
	place   [64]int
	inverse [64]float32
	power   [64]float64 // of one step
	least   float32     // part of a step from which it is made
}

func newSteps(table *[64]uint16, highest int) *steps {
	s := &steps{n: highest * highest, least: halfway}
	for i := range s.n {
		k := zigzag[i/highest*8+i%highest]
		q := float64(table[k])
		s.place[i], s.inverse[i], s.power[i] = k, float32(1/q), q*q
	}
	return s
}

// choose lets steps be made as early as the power of all that change allows.
func (s *steps) choose(waves *picture.Waves, power float64) {
	const bins, fine = 256, 64 // of parts of a step
	var have [bins]float64
	line, lines := make([]float32, waves.Across*s.n), 0
	for y := 0; y < waves.Down; y += 1 + waves.Down/200 {
		waves.Line(y, line)
		lines++
		for i, v := range line {
			r := v * s.inverse[i%s.n]
			have[min(int(math.Abs(float64(r))*fine), bins-1)] += s.power[i%s.n]
		}
	}
	power *= float64(lines) / float64(waves.Down)
	for least := float64(halfway); least >= earliest; least -= 1.0 / fine {
		sum := 0.0
		for i, p := range have {
			n := float64(int((float64(i)+0.5)/fine + 1 - least))
			sum += n * n * p
		}
		if sum > power && least < halfway {
			break
		}
		s.least = float32(least)
	}
}
