package sight

import (
	"context"
	"image"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/phash"
)

const (
	// MaxHashes is how many hashes a likeness has at most.
	MaxHashes = 16
	// side is how many pixels phash takes of a longer picture, in each direction.
	side = 512
	// quickLength is how much of a video Likeness goes over.
	quickLength = 10 * time.Minute
)

// Likeness is what a produced item is found again by: hashes as phash.Hash.Append writes them, one after the other, of a picture or of key
// frames of a video. It is cheaper than Look: of a large JPEG picture it takes the means of its blocks, of a video the first
// minutes and those frames alone that stand for themselves. Its hashes differ from those of Look by some bits (see the
// test), which phash.Radius allows for. A file with too little to be seen has no likeness; that is an error with CodePoor.
func (e *Eye) Likeness(ctx context.Context, f media.Format, src media.Source) ([]byte, error) {
	g := &gaze{Eye: New(e.tools, e.limits), ctx: ctx, view: &View{Format: f}, quick: true}
	g.limits.KeyFrames, g.limits.Frames, g.limits.Tracks = min(g.limits.KeyFrames, MaxHashes), min(g.limits.Frames, 4*MaxHashes), 1
	g.limits.Length = min(g.limits.Length, quickLength)
	if facts, _ := media.Facts(f); facts.Modality != media.ModalityImage && facts.Modality != media.ModalityVideo {
		return nil, unsupported(f, "only pictures and videos have a likeness")
	}
	if err := g.file(src, f); err != nil {
		return nil, err
	}
	var list []byte
	var seen []phash.Hash
	for _, p := range g.view.Pictures {
		if p.Quality >= phash.MinQuality && len(seen) < MaxHashes && !slices.Contains(seen, p.Hash) {
			seen = append(seen, p.Hash)
			list = p.Hash.Append(list)
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case g.first != nil:
		return nil, g.first
	}
	return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodePoor, Clauses: []colophon.Clause{colophon.ClauseDS10}}
}

// tap says between which samples a pixel lies, and how far from the first, in 256ths.
type tap struct{ at, next, part int }

// taps places the pixels that phash takes of a row of n pixels among the means of its blocks.
func taps(n int) []tap {
	list, last := make([]tap, side), (n+7)/8-1
	for i := range list {
		at := max(0, (2*(i*n/side)+1)*16-128)
		list[i] = tap{min(at>>8, last), min(at>>8+1, last), at & 255}
	}
	return list
}

// enlarged brings the means of the blocks of a JPEG picture to the pixels that phash takes, since it would take the nearest
// means and so lose half a block.
func enlarged(small *image.RGBA, width, height int) image.Image {
	stride := small.Rect.Dx()
	light := make([]int, stride*small.Rect.Dy()) // in 256ths
	for i := range light {
		p := small.Pix[4*i:]
		light[i] = (19595*int(p[0]) + 38470*int(p[1]) + 7471*int(p[2]) + 1<<7) >> 8
	}
	to := image.NewGray(image.Rect(0, 0, side, side))
	across := taps(width)
	for y, down := range taps(height) {
		above, below := light[down.at*stride:], light[down.next*stride:]
		row := to.Pix[y*to.Stride:][:side]
		for x, t := range across {
			u := above[t.at]*(256-t.part) + above[t.next]*t.part
			v := below[t.at]*(256-t.part) + below[t.next]*t.part
			row[x] = uint8((u*(256-down.part) + v*down.part) >> 24)
		}
	}
	return to
}
