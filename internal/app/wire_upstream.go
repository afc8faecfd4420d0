package app

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store/usage"
)

// usageKept is for how long it is known what accounts used of models on a day: a year, and the month in which it is billed.
const usageKept = 400 * 24 * time.Hour

// sweepUsage removes usage of days that nobody asks about any more.
func (s *Server) sweepUsage(ctx context.Context) error {
	return s.models.usage.Sweep(ctx, time.Now().Add(-usageKept))
}

// used says what accounts used that were seen here.
type used struct {
	*usage.Usage
	custody
}

// Account implements httpapi.Usage.
func (u used) Account(ctx context.Context, account string) (evidence.Subject, error) {
	return u.subject(ctx, account)
}
