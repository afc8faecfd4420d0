package job

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// glancing is a driver that looks, with a question that costs next to nothing, whether a queue has a job, before it sends the
// long statement that takes one: SQLite plans that anew each time and locks all writers out, five times a second for each kind.
type glancing struct {
	riverdriver.Driver[*sql.Tx]
	read *sql.DB
}

// GetExecutor implements riverdriver.Driver.
func (d glancing) GetExecutor() riverdriver.Executor { return glance{d.Driver.GetExecutor(), d.read} }

type glance struct {
	riverdriver.Executor
	read *sql.DB
}

// JobGetAvailable implements riverdriver.Executor.
func (g glance) JobGetAvailable(ctx context.Context, params *riverdriver.JobGetAvailableParams) ([]*rivertype.JobRow, error) {
	var some bool
	err := g.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM river_job WHERE queue = $1 AND state = 'available')`, params.Queue).Scan(&some)
	if err != nil || !some {
		return nil, err
	}
	return g.Executor.JobGetAvailable(ctx, params)
}
