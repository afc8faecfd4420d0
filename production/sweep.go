package production

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
)

// Sweep ends the originals whose time is over and deletes the bytes that nobody needs. It is called now and then.
//
// Items whose process died before they were marked, and that nobody sent again for a day, become failed ones. So do those
// that are still held when their bytes go.
func (l *Line) Sweep(ctx context.Context) error {
	if err := l.sweepDead(ctx); err != nil {
		return err
	}
	for {
		n, err := l.c.Register.EndOriginals(ctx, system, page)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	for {
		refs, err := l.c.Register.Doomed(ctx, page)
		if err != nil || len(refs) == 0 {
			return err
		}
		for _, ref := range refs {
			if err := l.c.Blobs.Delete(ctx, ref); err != nil {
				return err
			}
		}
		if err := l.c.Register.Gone(ctx, system, refs); err != nil {
			return err
		}
	}
}

func (l *Line) sweepDead(ctx context.Context) error {
	now := time.UnixMilli(l.c.Recorder.Now())
	err := l.failOld(ctx, artefact.Query{States: []artefact.State{artefact.Received}, To: now.Add(-24 * time.Hour)}, CodeFailed, func(a artefact.Artefact) bool {
		return a.Work == nil || !a.Created.After(now.Add(-Waiting)) // a job has the others
	})
	return errors.Join(err, l.failOld(ctx, artefact.Query{States: []artefact.State{artefact.Held}, To: now.Add(-Waiting)}, CodeRefused, func(artefact.Artefact) bool { return true }))
}

func (l *Line) failOld(ctx context.Context, q artefact.Query, reason colophon.Code, dead func(artefact.Artefact) bool) error {
	var after artefact.Cursor
	for {
		list, next, err := l.c.Register.Find(ctx, q, after, page)
		if err != nil {
			return err
		}
		for _, a := range list {
			if !dead(a) {
				continue
			}
			if _, err := l.c.Register.Failed(ctx, system, a.Number, reason); err != nil {
				return err
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}
