package film

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// likeness is the least correlation of the pixels in a plate's place with our own drawing that counts as that plate. Codecs
// leave more than 0.97 at the rates that the notice is coded at.
const likeness = 0.9

// errAbsent ends the search of Has.
var errAbsent = errors.New("film: no notice")

// Has reports whether a film bears the notice of one of its plates for as long as it must: on its first frame, and on the
// last that has to show it. An error says that nobody could look.
func Has(ctx context.Context, film Film) (bool, error) {
	res, err := put(ctx, &job{Film: film, look: true})
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	return res != nil && err == nil, err
}

// lookout looks at single frames of a film for a notice that stands already.
type lookout struct {
	*job
	input         []string // ffmpeg's words for the film
	width, height int      // of the pictures as they come
	places        []*stamp // where a notice may stand
}

// lookout lays every plate that counts in every corner.
func (j *job) lookout(input []string, w, h int, aspect float64, turn matrix) *lookout {
	l := &lookout{job: j, input: append([]string{"-max_pixels", itoa(maxArea)}, input...), width: w, height: h}
	for _, draws := range append([]Plate{j.Plate}, j.Known...) {
		for _, corner := range []notice.Corner{notice.TopLeft, notice.TopRight, notice.BottomLeft, notice.BottomRight} {
			if s, err := lay(draws, corner, w, h, aspect, turn); err == nil {
				l.places = append(l.places, s)
			}
		}
	}
	return l
}

// there reports whether all of the frames that the filters choose bear the notice. It looks at one after the other, so that
// a film without the notice, which is the usual one, costs one frame.
func (l *lookout) there(ctx context.Context, filters ...string) (bool, error) {
	for _, f := range filters {
		see := &still{picture: image.NewNRGBA(image.Rect(0, 0, l.width, l.height))}
		args := append(append([]string{}, l.input...), "-map", "0:v:0", "-vf", f, "-fps_mode", "passthrough", "-frames:v", "1",
			"-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1")
		if err := l.Tools.Run(ctx, args, nil, see, nil); err != nil {
			if ctx.Err() != nil || l.look {
				return false, err
			}
			return false, nil // what can't be decoded is refused by those who encode
		}
		if see.have != len(see.picture.Pix) || !l.bears(see.picture) {
			return false, nil
		}
	}
	return true, nil
}

// bears reports whether a picture has one of the plates, and notes what was measured on it.
func (l *lookout) bears(pic *image.NRGBA) bool {
	for _, s := range l.places {
		box := s.picture.Bounds().Add(s.at)
		if !box.In(pic.Bounds()) || alike(pic, s) < likeness {
			continue
		}
		upright := turned(pic.SubImage(box), s.turned)
		rows, contrast := l.Measure(upright, upright.Bounds())
		if ink := float64(rows) * s.tall / s.short; ink >= notice.MinInk && contrast >= notice.MinContrast {
			l.report.Words, l.report.Place, l.report.Ink, l.report.Contrast = s.words, string(s.corner), ink, contrast
			return true
		}
	}
	return false
}

// alike is the correlation of a plate with what a picture has in its place.
func alike(pic *image.NRGBA, s *stamp) float64 {
	var n, sx, sy, sxx, syy, sxy float64
	b := s.picture.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			p, q := s.picture.NRGBAAt(x, y), pic.NRGBAAt(s.at.X+x, s.at.Y+y)
			u, v := float64(p.G), float64(q.G)
			n, sx, sy, sxx, syy, sxy = n+1, sx+u, sy+v, sxx+u*u, syy+v*v, sxy+u*v
		}
	}
	spread := math.Sqrt((n*sxx - sx*sx) * (n*syy - sy*sy))
	if spread == 0 {
		return 0
	}
	return (n*sxy - sx*sy) / spread
}

// still takes one picture.
type still struct {
	picture *image.NRGBA
	have    int
}

// Write takes four bytes a pixel.
func (s *still) Write(b []byte) (int, error) {
	s.have += copy(s.picture.Pix[s.have:], b)
	return len(b), nil
}

// unchanged is the result where the notice stands already.
func (j *job) unchanged() *Result {
	j.report.Findings = append(j.report.Findings, colophon.Finding{Code: notice.CodeThere, Level: colophon.Note, Offset: -1})
	edit := new(media.Edit)
	edit.Keep(0, j.Source.Size())
	return &Result{Edit: edit, Source: j.Source, Report: j.report}
}

// there looks at the packets before the cut: at the first frame, and at the last one that must show the notice; at one in
// the midst too, where the notice must stand for the whole time.
func (e *encoding) there(ctx context.Context) (bool, error) {
	l := e.lookout([]string{"-r", "25", "-f", e.track.codec.raw(), "-i", e.input}, e.probe.Width, e.probe.Height, ratio(e.probe.PixelAspect), e.track.turn)
	frames := []string{"null", fmt.Sprintf("select=gte(n\\,%d)", e.cut.stamped-1)}
	if e.Options.Whole {
		frames = append(frames, fmt.Sprintf("select=gte(n\\,%d)", e.cut.stamped/2))
	}
	return l.there(ctx, frames...)
}

// there looks at the whole film, whose frames ffmpeg turns upright.
func (w *wholeFilm) there(ctx context.Context) (bool, error) {
	width, height := w.size()
	l := w.lookout([]string{"-copyts", "-i", w.in}, width, height, w.aspect(), matrix{})
	rate := max(1, w.video.Rate.Float())
	last := min(notice.MinSeconds, w.seconds)
	points := []float64{0, last}
	if w.Options.Whole {
		points = append(points, w.seconds/2, w.seconds)
	}
	var frames []string
	for _, at := range points {
		// Some time before, lest no frame be left: the frame that stands there at the latest.
		frames = append(frames, fmt.Sprintf("trim=start=%.6f", w.start-1e-4+max(0, at-max(0.1, 2/rate))))
	}
	return l.there(ctx, frames...)
}
