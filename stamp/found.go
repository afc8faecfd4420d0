package stamp

import (
	"context"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// Found reports whether content shows a notice, as Shows does, and what was measured on the one that stands there.
func (p *Press) Found(ctx context.Context, src media.Source, f media.Format) (r notice.Report, found bool, err error) {
	if found, err = p.Shows(ctx, src, f); err != nil || !found {
		return r, false, err
	}
	m, err := kindOf(f).put(ctx, p, src, f, &Request{}) // what shows the notice is kept as it is, and told about
	if err != nil {
		return r, false, err
	}
	for _, n := range m.report.Findings {
		if n.Code == notice.CodeThere {
			return m.report, true, nil
		}
	}
	return r, false, nil
}
