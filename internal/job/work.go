package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/colophon-project/colophon"
)

// label is what River's metadata hold.
type label struct {
	ID string `json:"id"`
}

// parcel carries arguments through River, whose kinds are fixed to Go types and ours are not.
type parcel struct {
	kind string
	raw  json.RawMessage
}

// Kind implements river.JobArgs.
func (p parcel) Kind() string { return p.kind }

// MarshalJSON writes the arguments alone.
func (p parcel) MarshalJSON() ([]byte, error) { return p.raw, nil }

// UnmarshalJSON keeps the arguments as they are.
func (p *parcel) UnmarshalJSON(raw []byte) error {
	p.raw = append(p.raw[:0], raw...)
	return nil
}

// Task is a job in the hands of a worker.
type Task struct {
	ID      ID
	Kind    string
	Attempt int // from 1
	queue   *Queue

	mu   sync.Mutex
	last Progress // guarded by mu
}

// Progress tells how far the job is, in percent, and what to say about it. It is for people: a worker goes on when it fails.
func (t *Task) Progress(ctx context.Context, percent int, message colophon.Code) error {
	percent = min(max(percent, 0), 100)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.last.At.IsZero() && t.last.Percent == percent && t.last.Message == message {
		return nil
	}
	at := t.queue.config.Now()
	err := t.queue.config.Store.Note(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.WithoutCancel(ctx), `UPDATE job SET percent = $1, code = $2, told = $3 WHERE id = $4`, percent, string(message), at.UnixMilli(), string(t.ID))
		return err
	})
	if err == nil {
		t.last = Progress{percent, message, at}
	}
	return err
}

// adapter is a worker of ours as one of River's.
type adapter struct {
	river.WorkerDefaults[parcel]
	queue  *Queue
	worker Worker
}

// Timeout implements river.Worker.
func (a *adapter) Timeout(*river.Job[parcel]) time.Duration { return a.worker.limits.Timeout }

// NextRetry implements river.Worker.
func (a *adapter) NextRetry(j *river.Job[parcel]) time.Time {
	// River takes its own schedule for a time that is over.
	return time.Now().UTC().Add(max(a.worker.limits.Backoff(j.Attempt), time.Millisecond) + time.Millisecond)
}

// told is an error whose text is its code.
type told struct{ code colophon.Code }

func (t told) Error() string { return string(t.code) }

// Work implements river.Worker.
func (a *adapter) Work(ctx context.Context, j *river.Job[parcel]) error {
	var l label
	if err := json.Unmarshal(j.Metadata, &l); err != nil {
		return fmt.Errorf("reading the metadata of a job: %w", err)
	}
	task := &Task{ID: ID(l.ID), Kind: j.Kind, Attempt: j.Attempt, queue: a.queue}
	err := a.queue.pace.wait(ctx)
	if err == nil {
		err = a.run(ctx, task, j.Args.raw)
	}
	if err == nil {
		return nil
	}
	var wait later
	if errors.As(err, &wait) {
		return river.JobSnooze(wait.wait)
	}
	if a.queue.cancelled.Load() && ctx.Err() != nil {
		return river.JobSnooze(0) // nobody's fault
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && code(err) == CodeFailed {
		err = &colophon.Error{Kind: colophon.Internal, Code: CodeTimedOut, Err: err}
	}
	a.queue.config.Logger.WarnContext(ctx, "job failed", slog.String("job", l.ID), slog.String("kind", j.Kind), slog.Int("attempt", j.Attempt), slog.String("error", err.Error()))
	var f final
	if errors.As(err, &f) {
		return river.JobCancel(told{code(err)})
	}
	return told{code(err)}
}

// run turns a panic into an error; what it says stays out of the table.
func (a *adapter) run(ctx context.Context, t *Task, raw json.RawMessage) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &colophon.Error{Kind: colophon.Internal, Code: CodePanicked, Err: fmt.Errorf("%v\n%s", p, debug.Stack())}
		}
	}()
	return a.worker.run(ctx, t, raw)
}

// pace lets one pass at a time, a fixed time apart.
type pace struct {
	every time.Duration // 0 for no bound

	mu   sync.Mutex
	next time.Time // guarded by mu; when the next may pass
}

func (p *pace) wait(ctx context.Context) error {
	if p.every == 0 {
		return nil
	}
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(p.every)
	p.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
