package production

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/media"
)

// likening is for how long the likeness of an item is sought.
const likening = time.Minute

// likened waits for a likeness, and says why there is none where there should be.
type likened func() ([]byte, colophon.Code)

// liken seeks the likeness of an item, while other things are done. What it returns MUST be called before the source is
// closed.
func (l *Line) liken(ctx context.Context, f media.Format, src media.Source) likened {
	var likeness []byte
	var why colophon.Code
	facts, _ := media.Facts(f)
	if l.c.Likeness == nil || facts.Modality != media.ModalityImage && facts.Modality != media.ModalityVideo {
		return func() ([]byte, colophon.Code) { return nil, "" }
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, stop := context.WithTimeout(ctx, likening)
		defer stop()
		found, err := l.c.Likeness(ctx, f, src)
		var e *colophon.Error
		switch {
		case err == nil:
			likeness = found
		case errors.As(err, &e):
			why = e.Code
		case errors.Is(err, context.DeadlineExceeded):
			why = CodeLikenSlow
		default:
			why = CodeFailed
		}
	}()
	return func() ([]byte, colophon.Code) { <-done; return likeness, why }
}

// same is how many bits apart hashes are of which the second finds nothing that the first does not.
const same = 2

// both is the likeness of an item as it came in and as it leaves: copies bear the notice, and it often changes more bits of
// a hash than a search goes. The reason is that of the first likeness that could not be made.
func both(before, after likened) ([]byte, colophon.Code) {
	all, why := before()
	more, second := after()
	for h := range slices.Chunk(more, artefact.HashSize) {
		if len(all)+len(h) <= artefact.MaxLikeness && artefact.Nearest(all, h) > same {
			all = append(all, h...)
		}
	}
	return all, cmp.Or(why, second)
}
