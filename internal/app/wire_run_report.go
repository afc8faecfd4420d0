package app

import (
	"context"

	"github.com/colophon-project/colophon/internal/document/govern"
	"github.com/colophon-project/colophon/internal/media"
)

// Report implements httpapi.RunDesk.
func (d runDesk) Report(ctx context.Context, id, language string, f media.Format) ([]byte, error) {
	r, err := d.runs.keeper.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	res, err := d.runs.keeper.Result(ctx, id)
	if err != nil {
		return nil, err
	}
	return govern.Run(d.runs.paper, r, res, language, f)
}
