package plate

import (
	"errors"
	"image"
	"image/draw"
	"math"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// likeness is the least correlation of a plate's pixels with our own drawing of it that counts as that plate. Lossy codecs
// leave more than 0.97; what is no plate of ours stays below 0.5.
const likeness = 0.9

// errAbsent ends the search of Has.
var errAbsent = errors.New("plate: no notice")

// Has reports whether a file carries a notice of ours that keeps the rules, in the words and font of the options or in any
// of our words, in any corner, on all of its frames and pages. It finds a plate that stands where Put would place it, in the size that Put would give it: a picture that was cut
// or scaled since is one without.
func Has(src media.Source, f media.Format, o notice.Options) bool {
	shown, err := Shows(src, f, o)
	return err == nil && shown
}

// Shows is Has for whoever must know whether the picture could be looked at: an error says that it could not.
func Shows(src media.Source, f media.Format, o notice.Options) (bool, error) {
	b, err := newBrush(o)
	if err != nil {
		return false, err
	}
	put, ok := putters()[f]
	if !ok {
		return false, refused(f)
	}
	_, err = put(src, &job{options: o, brush: b, look: true, tolerance: coarse})
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	return err == nil, err
}

// PreviewFile returns a file's picture, the first of several, as it is shown, with the measurement of its notice drawn on
// it; see [Preview]. The options are those that the notice was put on with.
func PreviewFile(src media.Source, f media.Format, o notice.Options) (image.Image, error) {
	b, err := newBrush(o)
	if err != nil {
		return nil, err
	}
	put, ok := putters()[f]
	if !ok {
		return nil, refused(f)
	}
	j := &job{options: o, brush: b, look: true, tolerance: coarse, seen: new(seen)}
	if _, err := put(src, j); err != nil && !errors.Is(err, errAbsent) {
		return nil, err
	}
	if j.seen.img == nil {
		return nil, media.Unsupported("picture", 0, "pixels with a notice of ours on them")
	}
	p := j.seen.place
	return Preview(shown{j.seen.img, p.orient}, at(p.Corner, p.size, p.Image.Bounds().Size()), j.report), nil
}

// seen is a picture that a notice was found on.
type seen struct {
	img   image.Image
	place *Placed
}

// crops gives an image that holds the pixels of a box, in the coordinates of the picture as it is stored.
type crops func(box image.Rectangle) (image.Image, error)

// all crops a picture that is at hand.
func all(img image.Image) crops {
	return func(image.Rectangle) (image.Image, error) { return img, nil }
}

// there plans the file as it is where the picture carries the notice, and returns nil where it must be put on.
func (j *job) there(src media.Source, get crops, size image.Point, orientation int) (*media.Edit, error) {
	p, err := j.find(get, size, orientation)
	if err != nil {
		return nil, err
	}
	return j.kept(src, p)
}

// kept plans the file as it is where there is a plate.
func (j *job) kept(src media.Source, p *Placed) (*media.Edit, error) {
	if p == nil {
		if j.look {
			return nil, errAbsent
		}
		return nil, nil
	}
	j.already()
	j.report.Words, j.report.Place = p.Words, string(p.Corner)
	return media.Splices(src)
}

// already reports once that the notice was there.
func (j *job) already() {
	for _, f := range j.report.Findings {
		if f.Code == notice.CodeThere {
			return
		}
	}
	j.report.Findings = append(j.report.Findings, colophon.Finding{Code: notice.CodeThere, Level: colophon.Note, Clause: colophon.ClauseGB5, Offset: -1})
}

// find looks for a plate in the corners of a picture. The plate of a given picture is known to the pixel, so that nothing
// is searched for: a few pixels rule out nearly every corner, and what they leave is compared with our own drawing.
func (j *job) find(get crops, size image.Point, orientation int) (*Placed, error) {
	orientation = sound(orientation)
	if turned(orientation) {
		size.X, size.Y = size.Y, size.X
	}
	if min(size.X, size.Y) < least || max(size.X, size.Y) > maxSide {
		return nil, nil
	}
	for _, corner := range []notice.Corner{notice.BottomRight, notice.BottomLeft, notice.TopRight, notice.TopLeft} {
		for _, tone := range []Tone{Dark, Light} {
			if ok, err := j.probe(get, size, orientation, corner, tone); err != nil || !ok {
				if err != nil {
					return nil, err
				}
				continue
			}
			p, err := j.recognise(get, size, orientation, corner, tone)
			if p != nil && j.seen != nil && j.seen.img == nil {
				j.seen.place = p
				j.seen.img, err = get(stored(orientation, size.X, size.Y, image.Rectangle{Max: size}))
			}
			if p != nil || err != nil {
				return p, err
			}
		}
	}
	return nil, nil
}

// probe looks at pixels that every plate in a corner has in its ground: those between its edge and its words, in a large
// picture a whole block of a JPEG. A small picture's plate may have words there, so that those are not ruled out.
func (j *job) probe(get crops, size image.Point, orientation int, corner notice.Corner, tone Tone) (bool, error) {
	margin := min(size.X, size.Y) / 50
	if margin < 4 {
		return true, nil
	}
	wide, tolerance := 3, float64(coarse)
	if margin >= 16 { // the words are as far from the edge of the plate as the plate from that of the picture
		wide, tolerance = margin, j.tolerance
	}
	box := stored(orientation, size.X, size.Y, at(corner, size, image.Pt(wide, wide)))
	if wide > 3 {
		box = image.Rect(0, 0, 8, 8).Add(image.Pt((box.Min.X+7)/8*8, (box.Min.Y+7)/8*8))
	}
	img, err := get(box)
	if err != nil {
		return false, err
	}
	ground, _ := tone.levels()
	sum := 0.0
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			sum += float64(grey(r>>8, g>>8, b>>8))
		}
	}
	return math.Abs(sum/float64(box.Dx()*box.Dy())-float64(ground)) <= tolerance, nil
}

// recognise compares a corner with every plate that Put may have drawn there.
func (j *job) recognise(get crops, size image.Point, orientation int, corner notice.Corner, tone Tone) (*Placed, error) {
	if j.known == nil {
		j.known = []*brush{j.brush}
		for _, o := range []notice.Options{{}, {Language: notice.Both}} {
			o.Font = j.options.Font
			if b, err := newBrush(o); err == nil && b.full[0][0] != j.brush.full[0][0] {
				j.known = append(j.known, b)
			}
		}
	}
	for _, b := range j.known {
		for more := range attempts {
			l, err := b.fit(size.X, size.Y, more)
			if err != nil {
				break
			}
			p := &Placed{Corner: corner, Box: stored(orientation, size.X, size.Y, at(corner, size, l.size)), orient: orientation, size: size}
			img, err := get(p.Box)
			if err != nil {
				return nil, err
			}
			if f := readField(img, p.Box); f == nil || Ratio(f.ground, f.words) < notice.MinContrast {
				return nil, nil // no words of any kind
			}
			p.Plate = b.draw(l, min(size.X, size.Y), tone)
			p.Stored = lay(p.Image, orientation)
			if p.shows(img) && j.check(p, img) == nil {
				return p, nil
			}
		}
	}
	return nil, nil
}

// shows reports whether a picture has the plate in its place.
func (p *Placed) shows(img image.Image) bool {
	crop, want := p.upright(img), p.Image
	var n, sx, sy, sxx, syy, sxy float64
	for i := 0; i < len(want.Pix); i += 4 {
		x, y := float64(want.Pix[i]), float64(grey(uint32(crop.Pix[i]), uint32(crop.Pix[i+1]), uint32(crop.Pix[i+2])))
		n, sx, sy, sxx, syy, sxy = n+1, sx+x, sy+y, sxx+x*x, syy+y*y, sxy+x*y
	}
	spread := math.Sqrt((n*sxx - sx*sx) * (n*syy - sy*sy))
	return spread > 0 && (n*sxy-sx*sy)/spread >= likeness
}

// upright returns what a stored picture has in the place of the plate, as it is shown.
func (p *Placed) upright(img image.Image) *image.RGBA {
	crop := image.NewRGBA(image.Rectangle{Max: p.Box.Size()})
	draw.Draw(crop, crop.Bounds(), img, p.Box.Min, draw.Src)
	if p.orient <= 1 {
		return crop
	}
	from := shown{crop, p.orient}
	out := image.NewRGBA(from.Bounds())
	draw.Draw(out, out.Bounds(), from, image.Point{}, draw.Src)
	return out
}
