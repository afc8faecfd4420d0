package job

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"
)

// Schedule returns the first moment after one at which a period is due.
type Schedule func(after time.Time) time.Time

// Every is due at each whole multiple of a time since the year 1: an hour means on the hour in UTC.
func Every(d time.Duration) Schedule {
	return func(after time.Time) time.Time { return after.Truncate(d).Add(d) }
}

// Daily is due once a day, at a time of the day in a zone.
func Daily(hour, minute int, zone *time.Location) Schedule {
	return func(after time.Time) time.Time {
		local := after.In(zone)
		for day := 0; ; day++ {
			at := time.Date(local.Year(), local.Month(), local.Day()+day, hour, minute, 0, 0, zone)
			if at.After(after) {
				return at
			}
		}
	}
}

// Period is work that comes again by itself. It has a kind of its own: when it is due while a job of its kind waits or
// runs, that time is passed over.
//
// When a period is due next stands in the database. A node that finds one due moves it on and enqueues the job in one
// transaction, so that of all nodes one does it, and a restart neither repeats nor forgets it. Of several times that went
// by while no node ran, one is made up for.
type Period struct {
	Name string // kept in the database; lower-case words joined by hyphens
	Kind string
	Args any
	When Schedule
}

func (q *Queue) checkPeriods() error {
	names := map[string]bool{}
	for _, p := range q.config.Periods {
		w, ok := q.workers[p.Kind]
		switch {
		case !ok:
			return invalid("kind")
		case !w.fits(p.Args):
			return invalid("args")
		case !kinds.MatchString(p.Name) || names[p.Name]:
			return invalid("name")
		case p.When == nil || !p.When(q.config.Now()).After(q.config.Now()):
			return invalid("when")
		}
		names[p.Name] = true
	}
	return nil
}

// tick enqueues the periods that are due.
func (q *Queue) tick(ctx context.Context) {
	for _, p := range q.config.Periods {
		if err := q.due(ctx, p); err != nil && ctx.Err() == nil {
			q.config.Logger.WarnContext(ctx, "enqueueing periodic work", slog.String("period", p.Name), slog.String("error", err.Error()))
		}
	}
}

func (q *Queue) due(ctx context.Context, p Period) error {
	var next int64
	err := q.read.QueryRowContext(ctx, `SELECT next FROM job_period WHERE name = $1`, p.Name).Scan(&next)
	now := q.config.Now()
	first := errors.Is(err, sql.ErrNoRows)
	if err != nil && !first {
		return err
	}
	after := p.When(now).UnixMilli()
	if !first && next > now.UnixMilli() && next <= after {
		return nil
	}
	// One that was due later than the schedule says was written by another schedule.
	only := first || next > after
	return q.config.Store.Note(ctx, func(tx *sql.Tx) error {
		ctx := context.WithoutCancel(ctx)
		if only {
			_, err := tx.ExecContext(ctx, `INSERT INTO job_period (name, next) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET next = $2 WHERE job_period.next > $2`, p.Name, after)
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE job_period SET next = $1 WHERE name = $2 AND next = $3`, after, p.Name, next)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // another node was first
		}
		var open int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM river_job WHERE kind = $1 AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')`, p.Kind).Scan(&open); err != nil || open > 0 {
			return err
		}
		_, err = q.Enqueue(ctx, tx, p.Kind, p.Args, time.Time{})
		return err
	})
}
