package jobtest

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/internal/job"
)

func (s *suite) softStop() {
	begun, release := make(chan struct{}), make(chan struct{})
	q := s.queue(job.Config{Workers: []job.Worker{job.Work("one", job.Limits{}, func(ctx context.Context, _ *job.Task, _ Note) error {
		close(begun)
		<-release
		return ctx.Err()
	})}})
	s.no(q.Start(s.ctx))
	id := s.enqueue(q, "one", Note{}, time.Time{})
	receive(s, begun)
	later := s.enqueue(q, "one", Note{}, time.Time{})
	stopped := make(chan error)
	go func() { stopped <- q.Stop(s.ctx) }()
	select {
	case err := <-stopped:
		s.Fatal("it stopped while a job ran", err)
	case release <- struct{}{}:
	}
	s.no(receive(s, stopped))
	for id, want := range map[job.ID]job.State{id: job.Done, later: job.Waiting} {
		if j, err := q.Job(s.ctx, id); err != nil || j.State != want {
			s.Errorf("%+v, %v", j, err)
		}
	}
}

// hardStop cancels a job that runs. It is worked by the next queue, as if it had not been begun.
func (s *suite) hardStop() {
	begun := make(chan struct{}, 1)
	q := s.queue(job.Config{Workers: []job.Worker{job.Work("one", job.Limits{Attempts: 1}, func(ctx context.Context, _ *job.Task, _ Note) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})}})
	s.no(q.Start(s.ctx))
	id := s.enqueue(q, "one", Note{}, time.Time{})
	receive(s, begun)
	over, cancel := context.WithCancel(s.ctx)
	cancel()
	s.no(q.Stop(over))
	if j, err := q.Job(s.ctx, id); err != nil || j.State != job.Waiting || j.Attempt != 0 || len(j.Troubles) > 0 {
		s.Errorf("%+v, %v", j, err)
	}
	next := s.start(job.Work("one", job.Limits{Attempts: 1}, func(context.Context, *job.Task, Note) error { return nil }))
	if j := s.until(next, id, is(job.Done)); j.Attempt != 1 {
		s.Errorf("%+v", j)
	}
}

func (s *suite) timeOut() {
	q := s.start(job.Work("one", job.Limits{Attempts: 2, Backoff: soon, Timeout: 20 * time.Millisecond}, func(ctx context.Context, t *job.Task, _ Note) error {
		if t.Attempt == 1 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}))
	if j := s.until(q, s.enqueue(q, "one", Note{}, time.Time{}), is(job.Done)); len(j.Troubles) != 1 || j.Troubles[0].Code != job.CodeTimedOut {
		s.Errorf("%+v", j)
	}
}
