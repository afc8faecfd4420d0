package sight

import (
	"bytes"
	"image"
	"iter"
	"strconv"
	"time"

	"golang.org/x/image/draw"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/phash"
)

// apart is how many bits a frame differs by from all key frames before it is one. It is far below phash.Radius, so that
// what is near a frame in a list is near its key frame.
const apart = 10

// reel is an animation, taken apart.
type reel struct {
	format media.Format
	size   image.Point
	cels   []cel
	still  func() []byte // a picture that is shown where the animation is not; nil for none
	broken error         // what kept the rest from being taken apart
}

// cel is a frame as the file has it.
type cel struct {
	file  func() []byte // as a picture of its own
	box   image.Rectangle
	lasts time.Duration
	mixed bool // drawn over what is there and not in its place
	leave leave
}

// leave says what becomes of a frame before the next one.
type leave int

const (
	leaveStanding leave = iota
	leaveClear          // its place becomes transparent
	leaveBefore         // its place becomes what it was before
)

// reel looks at an animation.
func (g *gaze) reel(r *reel, part string) error {
	if r.size.X > 0 && r.size.Y > g.limits.Pixels/r.size.X {
		return g.pass(tooMany(CodePixels, g.limits.Pixels))
	}
	if r.still != nil {
		if err := g.still(r.still(), r.format, nil, part); err != nil {
			return err
		}
	}
	var length time.Duration
	for _, c := range r.cels {
		length += c.lasts
	}
	err := r.broken
	keys := phash.KeyFrames(func(yield func(time.Duration, image.Image) bool) {
		for at, img := range g.shown(r, &err) {
			if !yield(at, img) {
				return
			}
		}
	}, g.keyLimits(length))
	g.keep(keys, part)
	return g.pass(err)
}

// shown goes over the frames as they are shown.
func (g *gaze) shown(r *reel, broken *error) iter.Seq2[time.Duration, image.Image] {
	return func(yield func(time.Duration, image.Image) bool) {
		if len(r.cels) == 0 {
			return
		}
		canvas := image.NewRGBA(image.Rectangle{Max: r.size})
		var before *image.RGBA
		var at time.Duration
		for _, c := range r.cels {
			img, err := g.decode(bytes.NewReader(c.file()), r.format)
			if err == nil && (img.Bounds().Size() != c.box.Size() || !c.box.In(canvas.Rect)) {
				err = damaged(r.format, "every frame lies within the picture", nil)
			}
			if err != nil {
				*broken = err
				return
			}
			if c.leave == leaveBefore {
				if before == nil {
					before = image.NewRGBA(canvas.Rect)
				}
				draw.Draw(before, c.box, canvas, c.box.Min, draw.Src)
			}
			op := draw.Src
			if c.mixed {
				op = draw.Over
			}
			draw.Draw(canvas, c.box, img, img.Bounds().Min, op)
			if !yield(at, canvas) {
				return
			}
			at += c.lasts
			switch c.leave {
			case leaveClear:
				draw.Draw(canvas, c.box, image.Transparent, image.Point{}, draw.Src)
			case leaveBefore:
				draw.Draw(canvas, c.box, before, c.box.Min, draw.Src)
			}
		}
	}
}

// keyLimits are those on the key frames of something that lasts so long. Where text is to be read, frames are taken now
// and then whatever is to be seen, for text hardly changes a hash.
func (g *gaze) keyLimits(length time.Duration) phash.Limits {
	l := phash.Limits{Max: g.limits.KeyFrames, Apart: apart}
	if g.options.Pictures {
		l.Gap, l.Render = max(5*time.Second, 2*length/time.Duration(l.Max)), g.small
	}
	return l
}

// keep takes key frames into the view. Frames in which too little is to be seen for a hash count as missed where there are
// no others; among others they are the dark between scenes.
func (g *gaze) keep(keys phash.Keys, part string) {
	for i, f := range keys.Frames {
		g.view.Pictures = append(g.view.Pictures, Picture{Part: part, Page: i, At: f.At, Hash: f.Hash, Turned: f.Turned, Quality: f.Quality, Small: f.Picture})
	}
	good := 0
	for _, f := range keys.Frames {
		if f.Quality >= phash.MinQuality {
			good++
		}
	}
	if keys.Seen > 0 && good == 0 {
		g.miss(CodePoor)
	}
	if keys.Lost > 0 {
		g.miss(CodeKeys, "limit", strconv.Itoa(g.limits.KeyFrames), "count", strconv.Itoa(keys.Lost))
	}
}
