package sight

import (
	"context"
	"image"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/picture/upright"
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

// blocks are the means of the blocks of a JPEG picture of a size.
type blocks struct {
	*image.RGBA
	width, height int
}

// upright brings the means to the samples that phash makes of the picture as it is shown. From the means alone phash would
// take the nearest, and so lose half a block.
func (b blocks) upright(orientation int) image.Image {
	left, up := upright.Mirrored(orientation)
	across, down := sums(b.width, left), sums(b.height, up)
	rows := make([][]float32, b.Rect.Dy())
	for y := range rows {
		rows[y] = make([]float32, len(across))
		line := b.Pix[y*b.Stride:]
		for i, s := range across {
			for k, w := range s.weights {
				p := line[4*(s.from+k):][:3]
				rows[y][i] += w * (0.299*float32(p[0]) + 0.587*float32(p[1]) + 0.114*float32(p[2]))
			}
		}
	}
	to := image.NewGray(image.Rect(0, 0, len(across), len(down)))
	for y, s := range down {
		for x := range across {
			var light float32
			for k, w := range s.weights {
				light += w * rows[s.from+k][x]
			}
			at := y*to.Stride + x
			if orientation >= 5 {
				at = x*to.Stride + y
			}
			to.Pix[at] = uint8(light + 0.5)
		}
	}
	return to
}

// sum says of which means of blocks a sample is made, and how much each weighs in it.
type sum struct {
	from    int
	weights []float32
}

// sums says how a row of n pixels, of which there are means of 8 each, becomes the 64 samples of phash: it takes 512 of the
// pixels, here between the means, then the means of four neighbours twice, and of them every eighth. A mirrored row is
// taken from its other end.
func sums(n int, mirrored bool) []sum {
	const samples, before, after = 64, 1, 2
	last := (n+7)/8 - 1
	window := func(at int) (from, to int) { return max(0, at-before), min(side, at+after+1) }
	list := make([]sum, samples)
	for i := range list {
		weights := make([]float32, last+1)
		from, to := window((2*i + 1) * side / (2 * samples))
		for j := from; j < to; j++ {
			first, end := window(j)
			for k := first; k < end; k++ {
				pixel := k * n / side
				if mirrored {
					pixel = n - 1 - pixel
				}
				at := max(0, float32(2*pixel+1)/16-0.5) // among the means
				whole := min(int(at), last)
				part, weight := at-float32(whole), 1/float32((to-from)*(end-first))
				weights[whole] += weight * (1 - part)
				weights[min(whole+1, last)] += weight * part
			}
		}
		for weights[list[i].from] == 0 {
			list[i].from++
		}
		end := len(weights)
		for weights[end-1] == 0 {
			end--
		}
		list[i].weights = weights[list[i].from:end]
	}
	return list
}
