package progress_test

import (
	"context"
	"testing"

	"github.com/colophon-project/colophon/internal/progress"
)

// TestTell tells with and without somebody who listens, also where a context no longer ends with the one that it came from.
func TestTell(t *testing.T) {
	t.Parallel()
	progress.Tell(t.Context(), 1, 2)
	var got [2]int64
	ctx := context.WithoutCancel(progress.With(t.Context(), func(done, of int64) { got = [2]int64{done, of} }))
	if progress.Tell(ctx, 3, 4); got != [2]int64{3, 4} {
		t.Errorf("told %v", got)
	}
}
