package film

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/notice"
)

// matrix is the part a, b, c, d of a transformation from coded to displayed pictures, in units of 1/65536 (ISO/IEC 14496-12,
// 6.2.2). The zero matrix changes nothing.
type matrix [4]int32

// turned brings a matrix to entries -1, 0 and 1; false where it is no turn by quarters and no mirror.
func (m matrix) turned() (matrix, bool) {
	if m == (matrix{}) {
		return matrix{1, 0, 0, 1}, true
	}
	for i, v := range m {
		switch {
		case v > 0:
			m[i] = 1
		case v < 0:
			m[i] = -1
		}
	}
	det := m[0]*m[3] - m[1]*m[2]
	return m, (det == 1 || det == -1) && (m[0] == 0) == (m[3] == 0) && (m[1] == 0) == (m[2] == 0) && (m[0] == 0) != (m[1] == 0)
}

// stamp is the plate as it lies on the coded picture.
type stamp struct {
	picture       *image.NRGBA
	at            image.Point
	corner        notice.Corner
	words         string
	ink, contrast float64
	short, tall   float64 // the shortest side on the display, and the height there of a coded pixel of the words
	turned        matrix
}

// spare is the part by which words are drawn larger than they need be, since coding softens their edges.
const spare = 16

// lay draws the plate for coded pictures of w by h pixels whose pixels are aspect times as wide as high.
//
// The corner is the top left one unless another is asked for: players have their controls below, and films their subtitles.
func lay(draws Plate, corner notice.Corner, w, h int, aspect float64, turn matrix) (*stamp, error) {
	tooSmall := &colophon.Error{Kind: colophon.Unsupported, Code: notice.CodeTooSmall, Clauses: []colophon.Clause{colophon.ClauseGB5},
		Args: colophon.Args{"width": itoa(w), "height": itoa(h)}}
	m, ok := turn.turned()
	if !ok {
		return nil, obstacle("the film is shown at an angle")
	}
	if aspect <= 0 || aspect > 10 || aspect < 0.1 {
		aspect = 1
	}
	// The words stand upright on the display. Their height is measured there: pixels as high as they are coded where the
	// film is not on its side, and aspect times as high where it is.
	seenW, seenH := float64(w)*aspect, float64(h)
	tall := 1.0
	if m[0] == 0 {
		seenW, seenH, tall = seenH, seenW, aspect
	}
	short := min(seenW, seenH)
	// The plate is drawn in coded pixels, for a picture none of whose sides is shorter than on the display.
	dw, dh := w, h
	if m[0] == 0 {
		dw, dh = h, w
	}
	need := int(short/tall + 0.999)
	drawnW, drawnH := max(dw, need), max(dh, need)
	drawnW, drawnH = drawnW+drawnW/spare, drawnH+drawnH/spare
	pic, err := draws(drawnW, drawnH)
	var refusal *colophon.Error
	if errors.As(err, &refusal) && refusal.Code == notice.CodeTooSmall {
		return nil, tooSmall
	}
	if err != nil {
		return nil, err
	}
	s := &stamp{corner: corner, words: pic.Words, ink: pic.Ink * float64(min(drawnW, drawnH)) * tall / short,
		contrast: pic.Contrast, short: short, tall: tall, turned: m}
	if s.corner == "" {
		s.corner = notice.TopLeft
	}
	b := pic.Image.Bounds()
	margin := need / 50
	if b.Dx()+2*margin > dw || b.Dy()+2*margin > dh {
		margin = 0
	}
	if b.Dx() > dw || b.Dy() > dh || s.ink < notice.MinInk {
		return nil, tooSmall
	}
	at := image.Pt(margin, margin)
	if s.corner == notice.TopRight || s.corner == notice.BottomRight {
		at.X = dw - margin - b.Dx()
	}
	if s.corner == notice.BottomLeft || s.corner == notice.BottomRight {
		at.Y = dh - margin - b.Dy()
	}
	s.turn(pic.Image, at, m, dw, dh)
	s.even(w, h)
	return s, nil
}

// turn takes the plate from the display, where it lies at a point, to the coded picture.
func (s *stamp) turn(pic image.Image, at image.Point, m matrix, dw, dh int) {
	b := pic.Bounds()
	// Display x = a·x + c·y and y = b·x + d·y, each counted from the far side where a factor is negative; the matrix is
	// orthogonal, so its transpose takes the way back.
	back := func(p image.Point) image.Point {
		if m[0]+m[2] < 0 {
			p.X = dw - 1 - p.X
		}
		if m[1]+m[3] < 0 {
			p.Y = dh - 1 - p.Y
		}
		if m[0] == 0 {
			p.X, p.Y = p.Y, p.X
		}
		return p
	}
	one, two := back(at), back(at.Add(image.Pt(b.Dx()-1, b.Dy()-1)))
	s.at = image.Pt(min(one.X, two.X), min(one.Y, two.Y))
	s.picture = image.NewNRGBA(image.Rect(0, 0, max(one.X, two.X)-s.at.X+1, max(one.Y, two.Y)-s.at.Y+1))
	for y := range b.Dy() {
		for x := range b.Dx() {
			to := back(at.Add(image.Pt(x, y))).Sub(s.at)
			s.picture.Set(to.X, to.Y, pic.At(b.Min.X+x, b.Min.Y+y))
		}
	}
}

// even moves and widens the plate so that it covers whole pixels of colour.
func (s *stamp) even(w, h int) {
	b := s.picture.Bounds().Add(s.at)
	r := image.Rect(b.Min.X&^1, b.Min.Y&^1, min((b.Max.X+1)&^1, w), min((b.Max.Y+1)&^1, h))
	if r.Dx()&1 == 1 && r.Min.X >= 2 {
		r.Min.X-- // a picture of odd width
	}
	wider := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(wider, wider.Bounds(), image.NewUniform(s.edge()), image.Point{}, draw.Src)
	draw.Draw(wider, s.picture.Bounds().Add(s.at.Sub(r.Min)), s.picture, image.Point{}, draw.Src)
	s.picture, s.at = wider, r.Min
}

// edge is the colour of the plate's border.
func (s *stamp) edge() color.Color { return s.picture.At(0, 0) }

// encode returns the plate as a PNG.
func (s *stamp) encode() ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, s.picture)
	return b.Bytes(), err
}
