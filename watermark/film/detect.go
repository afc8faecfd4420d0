package film

import (
	"context"
	"math"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark/picture"
)

const (
	perSecond = 8.0  // frames that are looked at
	step      = 0.25 // seconds of frames that are added up, and steps of guesses at the beginning
	window    = 4.0  // seconds that are looked at in one piece
	glance    = 1.0  // seconds that are looked at first
	usual     = 192  // frames that are looked at in all
	fewest    = 32   // frames that a short film is looked at, where it has as many
	searched  = 3    // windows in which tiles that lie otherwise are searched
)

// piece are a few frames of a film, added up.
type piece struct {
	residual *picture.Plane
	seconds  float64 // the middle of them
}

// seen is what was seen in a window: each frame folded, and pieces of a few frames in which to search how tiles lie.
type seen struct {
	spectra []picture.Spectrum
	times   []float64
	pieces  []piece
}

// Detect looks for the mark of a film.
func (m *Marker) Detect(ctx context.Context, src media.Source, s Search) (Found, error) {
	var found Found
	err := m.scratched(ctx, src, func(f *opened) (err error) {
		found, err = f.look(ctx, s)
		return err
	})
	return found, err
}

// look reads window after window, each for itself and all together.
func (f *opened) look(ctx context.Context, s Search) (Found, error) {
	if s.Frames <= 0 {
		s.Frames = usual
	}
	var best Found
	var all []picture.Spectrum
	var times []float64
	rate := f.often()
	begins := f.windows(rate, s.Frames)
	if f.seconds > 2*glance { // most marks are plain
		w, err := f.see(ctx, begins[0], glance, rate, s.Frames)
		if err != nil {
			return Found{}, err
		}
		best.Frames += len(w.times)
		if best.take(f.join(w.spectra, w.times, nil), nil) {
			return best, nil
		}
	}
	for i, from := range begins {
		w, err := f.see(ctx, from, window, rate, s.Frames-best.Frames)
		if err != nil {
			return Found{}, err
		}
		best.Frames += len(w.times)
		begun := len(all)
		all, times = append(all, w.spectra...), append(times, w.times...)
		if found := f.join(w.spectra, w.times, nil); best.take(found, nil) {
			return best, nil
		}
		if begun > 0 {
			if found := f.join(all, times, nil); best.take(found, nil) {
				return best, nil
			}
		}
		if s.Cut && i < searched && f.search(&best, w.pieces) {
			return best, nil
		}
	}
	return best, nil
}

// take keeps what was found where it is better, and reports whether it is a payload.
func (b *Found) take(j picture.Joint, g *picture.Grid) bool {
	if j.Payload != nil || j.Score > b.Score {
		b.Score = j.Score
	}
	if j.Payload == nil {
		return false
	}
	b.Payload, b.Mirror, b.Angle, b.Scale = j.Payload, j.Mirror, j.Angle, 1
	if g != nil {
		b.Scale = g.Scale()
	}
	return true
}

// often is how many frames of a second are looked at: more of a short film.
func (f *opened) often() float64 {
	rate := perSecond
	if f.seconds > 0 {
		rate = max(rate, fewest/f.seconds)
	}
	return min(rate, f.rate())
}

// windows are the times at which to begin, spread over the film.
func (f *opened) windows(rate float64, most int) []float64 {
	n := max(1, int(math.Ceil(float64(most)/(window*rate))))
	if whole := max(1, int(math.Ceil(f.seconds/window))); n >= whole {
		n = whole
	}
	var list []float64
	for i := range n {
		from := float64(i) * window
		if f.seconds > float64(n)*window {
			from = f.seconds * (float64(i) + 0.5) / float64(n)
			from = max(0, min(from, f.seconds-window))
		}
		list = append(list, from)
	}
	return list
}

// see reads a window.
func (f *opened) see(ctx context.Context, from, seconds, rate float64, most int) (*seen, error) {
	w := &seen{}
	err := f.luma(ctx, from, seconds, rate, most, func(n int, y *picture.Plane) error {
		at := float64(n) / rate
		if at > 2*window {
			return nil // a film whose clock lies
		}
		e := f.pictures.Residual(y)
		w.spectra, w.times = append(w.spectra, f.pictures.Fold(e, nil)), append(w.times, from+at)
		middle := from + (math.Floor(at/step)+0.5)*step
		if last := len(w.pieces) - 1; last >= 0 && w.pieces[last].seconds == middle {
			for i, v := range e.Pix {
				w.pieces[last].residual.Pix[i] += v
			}
		} else {
			w.pieces = append(w.pieces, piece{e, middle})
		}
		return ctx.Err()
	})
	return w, err
}

// folded are the spectra of pieces, and when they are shown.
func (f *opened) folded(list []piece, g *picture.Grid) (spectra []picture.Spectrum, times []float64) {
	for _, p := range list {
		spectra, times = append(spectra, f.pictures.Fold(p.residual, g)), append(times, p.seconds)
	}
	return spectra, times
}

// join reads spectra, whatever their film's place in the schedule is.
func (f *opened) join(list []picture.Spectrum, times []float64, g *picture.Grid) picture.Joint {
	if len(list) == 0 {
		return picture.Joint{}
	}
	var guesses [][]picture.Phase
	for start := 0.0; start < phases*lasts; start += step {
		phases := make([]picture.Phase, len(times))
		for i, t := range times {
			phases[i] = f.at(offset{}, t+start)
		}
		guesses = append(guesses, phases)
	}
	return f.pictures.Join(list, guesses, g)
}

// search reads a window along each grid along which its tiles may lie.
func (f *opened) search(best *Found, list []piece) bool {
	var sums []*picture.Plane
	for i, p := range list {
		if i%int(lasts/step) == 0 {
			sums = append(sums, picture.NewPlane(f.cw, f.ch))
		}
		sum := sums[len(sums)-1].Pix
		for k, v := range p.residual.Pix {
			sum[k] += v
		}
	}
	for _, g := range f.pictures.Grids(sums) {
		spectra, times := f.folded(list, &g)
		if best.take(f.join(spectra, times, &g), &g) {
			return true
		}
	}
	return false
}
