package plate

import (
	"bytes"
	"image"
	"image/draw"

	"github.com/colophon-project/colophon/internal/media"
)

// disposal says what becomes of a frame when its time is over.
type disposal int

const (
	keepFrame    disposal = iota
	clearFrame            // its region becomes clear
	restoreFrame          // what was there before comes back
)

// maxPlayed bounds the pixels of all frames of an animation, and maxAnew those of the canvases that are written in the
// place of frames: a few bytes can ask for either.
const (
	maxPlayed = 1 << 30
	maxAnew   = 1 << 29
)

// still is one frame of an animation as its file has it.
type still struct {
	box   image.Rectangle
	img   *image.NRGBA // with bounds from the origin
	over  bool         // drawn over what is there, where it is not opaque, instead of replacing it
	after disposal
}

// motion plays an animation twice at once: as it is, and as it will be with the plate. After each frame the second must
// show what the first shows with the plate on it. That is proven for each frame by comparing pixels, so that the rules of
// disposal and blending need not be thought through case by case: a frame for which painting its own part of the plate is
// not enough is extended or replaced until the comparison holds. Both canvases are changed in place, and only what can
// differ is compared, so that a frame costs no more than its own size and that of the plate.
type motion struct {
	was, now *image.NRGBA // the canvas before the next frame
	p        *Placed
	over     bool // every frame is drawn over what is there, as in GIF
	all      bool // every frame is replaced by a whole canvas that is cleared afterwards
	// odd is where now may be something else than was with the plate on it, before the next frame.
	odd     image.Rectangle
	anew    int64  // pixels of canvases that replace frames
	checked []byte // pixels of the plate that were measured last
}

func newMotion(size image.Point, p *Placed) *motion {
	r := image.Rectangle{Max: size}
	return &motion{was: image.NewNRGBA(r), now: image.NewNRGBA(r), p: p, odd: p.Box}
}

// change is what a frame needs.
type change int

const (
	untouched  change = iota // nothing: it is elsewhere, and the plate is there
	painted                  // its part of the plate is painted
	extended                 // its region grows by the plate, with clear pixels between
	replaced                 // it becomes a whole canvas that stays
	impossible               // none of this makes it right, or it would be too much
)

// step takes in a frame. It returns what the frame needs and, but for untouched, the frame that does it, and what is then
// shown in the plate's box. Frames are extended only where grow is set.
func (m *motion) step(s *still, grow bool) (change, *still, *image.NRGBA) {
	before := saved(m.was, s)
	paste(m.was, s)
	defer dispose(m.was, s, before)
	if m.all {
		next := m.canvas(clearFrame)
		if next == nil {
			return impossible, s, nil
		}
		return replaced, next, piece(next.img, m.p.Box)
	}
	what, next := untouched, s
	if s.box.Overlaps(m.p.Box) {
		what = painted
		next = &still{box: s.box, img: cloned(s.img), over: s.over, after: s.after}
		stamp(next.img, m.p, s.box.Min)
	}
	back, ok := m.try(next)
	if !ok && grow {
		what = extended
		union := s.box.Union(m.p.Box)
		next = &still{box: union, img: image.NewNRGBA(image.Rectangle{Max: union.Size()}), over: true, after: s.after}
		draw.Draw(next.img, s.box.Sub(union.Min), s.img, image.Point{}, draw.Src)
		stamp(next.img, m.p, union.Min)
		back, ok = m.try(next)
	}
	if !ok {
		what = replaced
		if next = m.canvas(keepFrame); next == nil {
			return impossible, s, nil
		}
		if back, ok = m.try(next); !ok {
			return impossible, s, nil
		}
	}
	var now *image.NRGBA
	if what != untouched {
		now = piece(m.now, m.p.Box)
	}
	dispose(m.now, next, back)
	switch {
	case what == replaced && s.after == keepFrame, next.after == keepFrame && what != replaced:
		m.odd = image.Rectangle{}
	case what == replaced:
		m.odd = s.box
	case next.after == restoreFrame:
		m.odd = m.odd.Intersect(next.box)
	case what == extended:
		m.odd = next.box
	default:
		m.odd = next.box.Intersect(m.p.Box)
	}
	return what, next, now
}

// canvas is the whole canvas with the plate, as a frame, or nil where that is too much.
func (m *motion) canvas(after disposal) *still {
	size := m.was.Rect.Size()
	if m.anew += int64(size.X) * int64(size.Y); m.anew > maxAnew {
		return nil
	}
	want := cloned(m.was)
	stamp(want, m.p, image.Point{})
	return &still{box: want.Rect, img: want, over: m.over, after: after}
}

// try draws a frame on the canvas with the plate and reports whether that shows what it must. If not it takes the frame
// back.
func (m *motion) try(s *still) (before *image.NRGBA, ok bool) {
	before = piece(m.now, s.box)
	paste(m.now, s)
	if m.right(m.odd) && m.right(s.box) {
		return before, true
	}
	draw.Draw(m.now, s.box, before, s.box.Min, draw.Src)
	return nil, false
}

// right compares a region of the two canvases: colours don't matter where both are clear.
func (m *motion) right(r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		from, to := m.was.PixOffset(r.Min.X, y), m.was.PixOffset(r.Max.X, y)
		if !r.Overlaps(m.p.Box) && bytes.Equal(m.was.Pix[from:to], m.now.Pix[from:to]) {
			continue
		}
		for x := r.Min.X; x < r.Max.X; x++ {
			want := m.was.Pix[m.was.PixOffset(x, y):][:4]
			if at := image.Pt(x, y); at.In(m.p.Box) {
				at = at.Sub(m.p.Box.Min)
				want = m.p.Stored.Pix[m.p.Stored.PixOffset(at.X, at.Y):][:4]
			}
			now := m.now.Pix[m.now.PixOffset(x, y):][:4]
			if now[3] != want[3] || now[3] != 0 && (now[0] != want[0] || now[1] != want[1] || now[2] != want[2]) {
				return false
			}
		}
	}
	return true
}

// check measures what is shown in the plate's box, unless it is what was measured before.
func (m *motion) check(j *job, now *image.NRGBA) error {
	if m.checked != nil && bytes.Equal(m.checked, now.Pix) {
		return nil
	}
	m.checked = bytes.Clone(now.Pix)
	return j.check(m.p, now)
}

// plays reports whether the plate is on every frame of an animation, as it is shown, and notes the worst of all that were
// measured. Only the plate's box is drawn.
func (j *job) plays(p *Placed, n int, frame func(int) (*still, error)) (bool, error) {
	if p == nil {
		return false, nil
	}
	before := j.report
	canvas := image.NewNRGBA(p.Box)
	m := &motion{p: p}
	for i := range n {
		s, err := frame(i)
		if err != nil {
			return false, err
		}
		back := saved(canvas, s)
		paste(canvas, s)
		if same := m.checked != nil && bytes.Equal(m.checked, canvas.Pix); !same && (!p.shows(canvas) || m.check(j, canvas) != nil) {
			j.report = before
			return false, nil
		}
		dispose(canvas, s, back)
	}
	return true, nil
}

// stamp puts the plate on the part of the canvas that an image with its origin at from covers.
func stamp(img *image.NRGBA, p *Placed, from image.Point) {
	draw.Draw(img, p.Box.Sub(from), p.Stored, image.Point{}, draw.Src)
}

func cloned(img *image.NRGBA) *image.NRGBA {
	return &image.NRGBA{Pix: bytes.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
}

// piece returns a copy of a region, in the same coordinates.
func piece(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(r.Intersect(img.Rect))
	for y := out.Rect.Min.Y; y < out.Rect.Max.Y; y++ {
		copy(out.Pix[out.PixOffset(out.Rect.Min.X, y):][:4*out.Rect.Dx()], img.Pix[img.PixOffset(out.Rect.Min.X, y):])
	}
	return out
}

// saved returns what a frame will have to bring back.
func saved(canvas *image.NRGBA, s *still) *image.NRGBA {
	if s.after != restoreFrame {
		return nil
	}
	return piece(canvas, s.box)
}

// drawn returns the canvas with a frame on it.
func drawn(canvas *image.NRGBA, s *still) *image.NRGBA {
	out := cloned(canvas)
	paste(out, s)
	return out
}

// paste draws a frame on the canvas, or on what of it there is.
func paste(canvas *image.NRGBA, s *still) {
	cut := s.box.Intersect(canvas.Rect)
	for y := cut.Min.Y; y < cut.Max.Y; y++ {
		at := s.img.PixOffset(cut.Min.X-s.box.Min.X, y-s.box.Min.Y)
		from := s.img.Pix[at : at+4*cut.Dx()]
		at = canvas.PixOffset(cut.Min.X, y)
		to := canvas.Pix[at : at+4*cut.Dx()]
		if !s.over {
			copy(to, from)
			continue
		}
		for i := 0; i < len(from); i += 4 {
			switch {
			case from[i+3] == 255 || to[i+3] == 0:
				copy(to[i:i+4], from[i:i+4])
			case from[i+3] != 0:
				blend(to[i:i+4], from[i:i+4])
			}
		}
	}
}

// blend draws a pixel over another (PNG Specification, 13.16).
func blend(to, from []byte) {
	a, b := int(from[3]), int(to[3])
	rest := b * (255 - a) / 255
	sum := a + rest
	for i := range 3 {
		to[i] = byte((int(from[i])*a + int(to[i])*rest + sum/2) / sum)
	}
	to[3] = byte(sum)
}

// dispose does what is to be done when a frame's time is over.
func dispose(canvas *image.NRGBA, s *still, before *image.NRGBA) {
	switch s.after {
	case restoreFrame:
		draw.Draw(canvas, before.Rect, before, before.Rect.Min, draw.Src)
	case clearFrame:
		draw.Draw(canvas, s.box, image.Transparent, image.Point{}, draw.Src)
	}
}

// errAnew refuses an animation that can't be made right frame by frame.
func errAnew(what string, off int64) error {
	return media.Unsupported(what, off, "at most 536,870,912 pixels in frames that are written anew")
}

// same reports whether two canvases show the same: colours don't matter where both are clear.
func same(a, b *image.NRGBA) bool {
	if bytes.Equal(a.Pix, b.Pix) {
		return true
	}
	for i := 0; i < len(a.Pix); i += 4 {
		if a.Pix[i+3] != b.Pix[i+3] || a.Pix[i+3] != 0 && !bytes.Equal(a.Pix[i:i+3], b.Pix[i:i+3]) {
			return false
		}
	}
	return true
}
