package job

import (
	"context"
	"database/sql"
	"log/slog"
)

// lease is how many beats a node may miss before its jobs are taken from it.
const lease = 4

// sweepEvery is how many beats pass between two sweeps.
const sweepEvery = 100

// arrive tells that the node lives, before it takes its first job.
func (q *Queue) arrive(ctx context.Context) error {
	return q.config.Store.Note(ctx, func(tx *sql.Tx) error {
		// A process on SQLite is alone. Whoever was there before is dead.
		if q.dialect.alone {
			if _, err := tx.ExecContext(context.WithoutCancel(ctx), `DELETE FROM job_node`); err != nil {
				return err
			}
		}
		return q.live(ctx, tx)
	})
}

// beat tells that the node lives and takes jobs from those that don't.
func (q *Queue) beat(ctx context.Context) {
	if err := q.config.Store.Note(ctx, func(tx *sql.Tx) error { return q.live(ctx, tx) }); err != nil && ctx.Err() == nil {
		q.config.Logger.WarnContext(ctx, "telling that the node lives", slog.String("error", err.Error()))
		return
	}
	if q.beats.count++; q.beats.count%sweepEvery != 0 {
		return
	}
	if err := q.config.Store.Note(ctx, func(tx *sql.Tx) error { return q.sweep(ctx, tx) }); err != nil && ctx.Err() == nil {
		q.config.Logger.WarnContext(ctx, "sweeping jobs", slog.String("error", err.Error()))
	}
}

func (q *Queue) live(ctx context.Context, tx *sql.Tx) error {
	ctx = context.WithoutCancel(ctx)
	if _, err := tx.ExecContext(ctx, `INSERT INTO job_node (id, seen) VALUES ($1, `+q.dialect.now+`) ON CONFLICT (id) DO UPDATE SET seen = `+q.dialect.now, q.node); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, q.dialect.reclaim, q.config.Beat.Milliseconds()*lease, string(CodeNodeLost))
	return err
}

// sweep removes what belongs to jobs and nodes that are gone.
func (q *Queue) sweep(ctx context.Context, tx *sql.Tx) error {
	ctx = context.WithoutCancel(ctx)
	if _, err := tx.ExecContext(ctx, `DELETE FROM job WHERE river NOT IN (SELECT id FROM river_job)`); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM job_node WHERE seen < `+q.dialect.now+` - 86400000`)
	return err
}

// leave takes the node off the list.
func (q *Queue) leave(ctx context.Context) error {
	return q.config.Store.Note(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM job_node WHERE id = $1`, q.node)
		return err
	})
}

// dialect is what differs between the engines in River's tables.
type dialect struct {
	alone bool // one process has the database
	// now is the clock of the database in milliseconds, so that the clocks of nodes do not matter.
	now string
	// reclaim puts jobs back whose last node was not seen for $1 milliseconds. A job that was begun as often as it may be is
	// dead: it may be what kills the processes.
	reclaim string
	// columns reads a job as scan wants it.
	columns string
}

// The two dialects.
var (
	postgreSQL = dialect{
		now: `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT`,
		reclaim: `UPDATE river_job SET
			state = CASE WHEN attempt >= max_attempts THEN 'discarded' ELSE 'available' END::river_job_state,
			finalized_at = CASE WHEN attempt >= max_attempts THEN now() END,
			scheduled_at = now(),
			errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', $2::TEXT, 'trace', ''))
			WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM job_node n WHERE n.id = attempted_by[array_length(attempted_by, 1)]
			AND n.seen > (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT - $1::BIGINT)`,
		columns: `j.id, r.kind, r.state::TEXT, r.attempt, r.max_attempts, (EXTRACT(EPOCH FROM r.created_at) * 1000)::BIGINT, (EXTRACT(EPOCH FROM r.scheduled_at) * 1000)::BIGINT,
			COALESCE((EXTRACT(EPOCH FROM r.finalized_at) * 1000)::BIGINT, 0), COALESCE(array_to_json(r.errors)::TEXT, '[]'), j.percent, j.code, j.told`,
	}
	sqlite = dialect{
		alone: true,
		now:   `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
		reclaim: `UPDATE river_job SET
			state = CASE WHEN attempt >= max_attempts THEN 'discarded' ELSE 'available' END,
			finalized_at = CASE WHEN attempt >= max_attempts THEN datetime('now', 'subsec') END,
			scheduled_at = datetime('now', 'subsec'),
			errors = json_insert(COALESCE(errors, json('[]')), '$[#]', json_object('at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'attempt', attempt, 'error', $2, 'trace', ''))
			WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM job_node n WHERE n.id = json_extract(attempted_by, '$[#-1]')
			AND n.seen > CAST(unixepoch('subsec') * 1000 AS INTEGER) - $1)`,
		columns: `j.id, r.kind, r.state, r.attempt, r.max_attempts, CAST(ROUND(unixepoch(r.created_at, 'subsec') * 1000) AS INTEGER), CAST(ROUND(unixepoch(r.scheduled_at, 'subsec') * 1000) AS INTEGER),
			COALESCE(CAST(ROUND(unixepoch(r.finalized_at, 'subsec') * 1000) AS INTEGER), 0), COALESCE(CAST(r.errors AS TEXT), '[]'), j.percent, j.code, j.told`,
	}
)
