// Package jobtest proves that a queue keeps its promises on a store: the same suite runs on each engine.
//
// What not to do here: no test waits for a fixed time, and none may depend on how fast the machine is.
package jobtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/job"
)

// Bench is an empty store with what a test needs around it.
type Bench struct {
	Store    job.Store
	Recorder *evidence.Recorder
	// Records returns the records that were committed, in order.
	Records func() []evidence.Record
}

type suite struct {
	*testing.T
	Bench
	ctx context.Context
}

// Run runs the suite. Each call of open MUST return an empty store.
func Run(t *testing.T, open func(*testing.T) Bench) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"Worked", (*suite).worked}, {"Together", (*suite).together}, {"Forms", (*suite).forms}, {"Retries", (*suite).retries}, {"Dead", (*suite).dead},
		{"Judged", (*suite).judged}, {"Progress", (*suite).progress}, {"Bounded", (*suite).bounded}, {"Later", (*suite).later}, {"Periods", (*suite).periods},
		{"Passed", (*suite).passed}, {"SoftStop", (*suite).softStop}, {"HardStop", (*suite).hardStop}, {"TimeOut", (*suite).timeOut},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			t.Cleanup(cancel)
			test.run(&suite{t, open(t), ctx})
		})
	}
}

// Note is the type of arguments of the suite.
type Note struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

// other is another type of arguments; a [Note] does not read it.
type other struct {
	Text bool `json:"text"`
}

func soon(int) time.Duration { return time.Millisecond }

func (s *suite) no(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) code(err error, want colophon.Code) {
	s.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != want {
		s.Errorf("got %v, want %s", err, want)
	}
}

// queue makes a queue that is not started.
func (s *suite) queue(c job.Config) *job.Queue {
	s.Helper()
	c.Store, c.Recorder, c.Poll = s.Store, s.Recorder, 10*time.Millisecond
	c.Beat = 500 * time.Millisecond // a node that is silent for four is dead, which a busy machine MUST NOT take a living one for
	c.Logger = slog.New(slog.DiscardHandler)
	q, err := job.New(c)
	s.no(err)
	return q
}

// start makes a queue that works until the end of the test.
func (s *suite) start(workers ...job.Worker) *job.Queue {
	s.Helper()
	q := s.queue(job.Config{Workers: workers})
	s.no(q.Start(s.ctx))
	s.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			s.Error(err)
		}
	})
	return q
}

func (s *suite) enqueue(q *job.Queue, kind string, args any, at time.Time) (id job.ID) {
	s.Helper()
	s.no(s.Store.Note(s.ctx, func(tx *sql.Tx) (err error) {
		id, err = q.Enqueue(s.ctx, tx, kind, args, at)
		return err
	}))
	return id
}

// until asks for a job until it is as wanted.
func (s *suite) until(q *job.Queue, id job.ID, want func(job.Job) bool) job.Job {
	s.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		j, err := q.Job(s.ctx, id)
		if err == nil && want(j) {
			return j
		}
		select {
		case <-s.ctx.Done():
			s.Fatalf("the job never came to it: %+v, %v", j, err)
		case <-tick.C:
		}
	}
}

func is(state job.State) func(job.Job) bool { return func(j job.Job) bool { return j.State == state } }

// receive takes a value from a channel or fails at the end of the test's time.
func receive[T any](s *suite, c <-chan T) T {
	s.Helper()
	select {
	case v := <-c:
		return v
	case <-s.ctx.Done():
		s.Fatal("nothing came")
	}
	panic("not reached")
}

func (s *suite) worked() {
	got := make(chan Note, 10)
	q := s.start(job.Work("one", job.Limits{AtOnce: 4}, func(_ context.Context, t *job.Task, n Note) error {
		if t.Kind != "one" || t.Attempt != 1 || t.ID == "" {
			s.Errorf("%+v", t)
		}
		got <- n
		return nil
	}), job.Work("b-2", job.Limits{}, func(context.Context, *job.Task, other) error { got <- Note{Text: "b"}; return nil }))
	var ids []job.ID
	want := []Note{{Text: "b"}}
	for i := range 5 {
		n := Note{fmt.Sprint("文", i), i}
		ids, want = append(ids, s.enqueue(q, "one", n, time.Time{})), append(want, n)
	}
	ids = append(ids, s.enqueue(q, "b-2", other{true}, time.Time{}))
	for range want {
		n := receive(s, got)
		if i := slices.Index(want, n); i >= 0 {
			want = slices.Delete(want, i, i+1)
		} else {
			s.Errorf("worked %+v, which nobody asked for, or twice", n)
		}
	}
	for _, id := range ids {
		if j := s.until(q, id, is(job.Done)); j.Attempt != 1 || j.Ended.IsZero() || len(j.Troubles) > 0 || j.Created.After(j.Ended) || time.Since(j.Created).Abs() > time.Hour {
			s.Errorf("%+v", j)
		}
	}
	_, err := q.Job(s.ctx, "nothing")
	s.code(err, job.CodeMissing)
}

// together puts jobs into transactions that are committed and into some that are not.
func (s *suite) together() {
	refused := errors.New("refused")
	var mu sync.Mutex
	worked := map[job.ID]int{}
	end := make(chan struct{})
	q := s.start(job.Work("one", job.Limits{AtOnce: 8}, func(_ context.Context, t *job.Task, n Note) error {
		mu.Lock()
		worked[t.ID]++
		mu.Unlock()
		return nil
	}), job.Work("end", job.Limits{}, func(context.Context, *job.Task, Note) error { close(end); return nil }))
	var wg sync.WaitGroup
	var kept, dropped []job.ID
	for i := range 20 {
		wg.Go(func() {
			rec, err := s.Recorder.New("tested", evidence.System, "system", nil, i)
			if err != nil {
				s.Error(err)
				return
			}
			var id job.ID
			err = s.Store.Prove(s.ctx, rec, func(tx *sql.Tx) (err error) {
				if id, err = q.Enqueue(s.ctx, tx, "one", Note{N: i}, time.Time{}); err == nil && i%2 == 1 {
					err = refused
				}
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				kept = append(kept, id)
			} else if errors.Is(err, refused) {
				dropped = append(dropped, id)
			} else {
				s.Error(err)
			}
		})
	}
	wg.Wait()
	s.enqueue(q, "end", Note{}, time.Time{})
	receive(s, end)
	for _, id := range kept {
		s.until(q, id, is(job.Done))
	}
	mu.Lock()
	defer mu.Unlock()
	for _, id := range dropped {
		if _, err := q.Job(s.ctx, id); err == nil || worked[id] > 0 {
			s.Error("a job of a transaction that was rolled back is there, or was worked")
		}
	}
	if len(kept) != 10 || len(dropped) != 10 || len(worked) != 10 || len(s.Records()) != 10 {
		s.Errorf("%d kept, %d dropped, %d worked, %d records", len(kept), len(dropped), len(worked), len(s.Records()))
	}
}

func (s *suite) forms() {
	do := func(context.Context, *job.Task, Note) error { return nil }
	for _, w := range [][]job.Worker{
		{job.Work("Upper", job.Limits{}, do)}, {job.Work("", job.Limits{}, do)}, {job.Work("a", job.Limits{}, do)}, {job.Work("a-", job.Limits{}, do)}, {job.Work("one", job.Limits{AtOnce: -1}, do)},
		{job.Work("one", job.Limits{Attempts: 1000}, do)}, {job.Work("one", job.Limits{Timeout: -1}, do)}, {job.Work("one", job.Limits{}, do), job.Work("one", job.Limits{}, do)},
	} {
		_, err := job.New(job.Config{Store: s.Store, Recorder: s.Recorder, Workers: w})
		s.code(err, job.CodeInvalid)
	}
	w := []job.Worker{job.Work("one", job.Limits{}, do), job.Work("list", job.Limits{}, func(context.Context, *job.Task, []int) error { return nil })}
	good := job.Period{Name: "p", Kind: "one", Args: Note{}, When: job.Every(time.Hour)}
	for _, change := range []func(*job.Period){
		func(p *job.Period) { p.Kind = "two" }, func(p *job.Period) { p.Args = 7 }, func(p *job.Period) { p.Name = "P" }, func(p *job.Period) { p.When = nil },
		func(p *job.Period) { p.When = func(t time.Time) time.Time { return t } },
	} {
		bad := good
		change(&bad)
		_, err := job.New(job.Config{Store: s.Store, Recorder: s.Recorder, Workers: w, Periods: []job.Period{bad}})
		s.code(err, job.CodeInvalid)
	}
	q := s.queue(job.Config{Workers: w, Periods: []job.Period{good}})
	for _, bad := range []struct {
		kind string
		args any
	}{{"two", Note{}}, {"one", "text"}, {"one", other{}}, {"one", &Note{}}, {"list", []int{1}}} {
		err := s.Store.Note(s.ctx, func(tx *sql.Tx) error { _, err := q.Enqueue(s.ctx, tx, bad.kind, bad.args, time.Time{}); return err })
		s.code(err, job.CodeInvalid)
	}
	// Arguments of an older program may not fit the type of today.
	id := s.enqueue(s.queue(job.Config{Workers: []job.Worker{job.Work("one", job.Limits{}, func(context.Context, *job.Task, other) error { return nil })}}), "one", other{true}, time.Time{})
	if j := s.until(s.start(w...), id, is(job.Dead)); j.Troubles[0].Code != job.CodeArguments {
		s.Errorf("%+v", j)
	}
}

// retries has a job fail in three ways before it succeeds.
func (s *suite) retries() {
	q := s.start(job.Work("one", job.Limits{Attempts: 4, Backoff: soon}, func(_ context.Context, t *job.Task, _ Note) error {
		switch t.Attempt {
		case 1:
			return errors.New("秘密 in the text of an error")
		case 2:
			return fmt.Errorf("wrapped: %w", &colophon.Error{Kind: colophon.Internal, Code: "codec-failed"})
		case 3:
			panic("秘密 in a panic")
		}
		return nil
	}))
	j := s.until(q, s.enqueue(q, "one", Note{}, time.Time{}), is(job.Done))
	var codes []string
	for i, t := range j.Troubles {
		codes = append(codes, string(t.Code))
		if t.Attempt != i+1 || time.Since(t.At).Abs() > time.Hour {
			s.Errorf("%+v", t)
		}
	}
	if got := strings.Join(codes, " "); got != "job-failed codec-failed job-panicked" || j.Attempt != 4 {
		s.Errorf("%s after %d attempts", got, j.Attempt)
	}
	_, read, _ := s.Store.Pools()
	var n int
	s.no(read.QueryRowContext(s.ctx, `SELECT COUNT(*) FROM river_job WHERE CAST(errors AS TEXT) LIKE '%秘密%'`).Scan(&n))
	if n > 0 {
		s.Error("the text of an error lies in the table")
	}
}

var errBroken = errors.New("broken")

func (s *suite) dead() {
	var mended atomic.Bool
	work := func(context.Context, *job.Task, Note) error {
		if mended.Load() {
			return nil
		}
		return errBroken
	}
	q := s.start(job.Work("one", job.Limits{Attempts: 2, Backoff: soon}, work),
		job.Work("two", job.Limits{Attempts: 9, Backoff: soon}, func(ctx context.Context, t *job.Task, n Note) error {
			if err := work(ctx, t, n); err != nil {
				return job.Final(err)
			}
			return nil
		}))
	a, b := s.enqueue(q, "one", Note{}, time.Time{}), s.enqueue(q, "two", Note{}, time.Time{})
	if j := s.until(q, a, is(job.Dead)); j.Attempt != 2 || len(j.Troubles) != 2 || j.Ended.IsZero() {
		s.Errorf("%+v", j)
	}
	if j := s.until(q, b, is(job.Dead)); j.Attempt != 1 || len(j.Troubles) != 1 {
		s.Errorf("%+v", j)
	}
	list, err := q.Dead(s.ctx, "", 10)
	s.no(err)
	if len(list) != 2 || list[0].ID != a || list[1].ID != b {
		s.Errorf("%+v", list)
	}
	if list, err = q.Dead(s.ctx, a, 1); err != nil || len(list) != 1 || list[0].ID != b {
		s.Errorf("%+v, %v", list, err)
	}
	mended.Store(true)
	by := job.Actor{Subject: "staff-1", Role: "engineer"}
	for _, id := range []job.ID{a, b} {
		s.no(q.Retry(s.ctx, by, id))
		s.until(q, id, is(job.Done))
	}
	s.code(q.Retry(s.ctx, by, a), job.CodeNotDead)
	s.code(q.Discard(s.ctx, by, a), job.CodeNotDead)
	s.code(q.Discard(s.ctx, by, "nothing"), job.CodeMissing)
	if list := s.Records(); len(list) != 2 || list[0].Type != job.RecordRetried || list[0].Subject != "staff-1" || list[0].Role != "engineer" {
		s.Errorf("%+v", list)
	}
}

// judged has many discard one dead job at once: one does, and one record tells.
func (s *suite) judged() {
	q := s.start(job.Work("one", job.Limits{Attempts: 1}, func(context.Context, *job.Task, Note) error { return errBroken }))
	id := s.enqueue(q, "one", Note{}, time.Time{})
	s.until(q, id, is(job.Dead))
	var wg sync.WaitGroup
	var done atomic.Int32
	for range 6 {
		wg.Go(func() {
			err := q.Discard(s.ctx, job.Actor{Subject: "staff-1", Role: "engineer"}, id)
			var e *colophon.Error
			switch {
			case err == nil:
				done.Add(1)
			case !errors.As(err, &e) || e.Code != job.CodeNotDead && e.Code != job.CodeMissing:
				s.Error(err)
			}
		})
	}
	wg.Wait()
	if list := s.Records(); done.Load() != 1 || len(list) != 1 || list[0].Type != job.RecordDiscarded {
		s.Errorf("%d discarded it, %d records", done.Load(), len(list))
	}
	if _, err := q.Job(s.ctx, id); err == nil {
		s.Error("it is there still")
	}
}

func (s *suite) progress() {
	step, seen := make(chan struct{}), make(chan struct{})
	q := s.start(job.Work("one", job.Limits{}, func(ctx context.Context, t *job.Task, _ Note) error {
		for _, p := range []int{-5, 50, 50, 200} {
			if err := t.Progress(ctx, p, "reading-frames"); err != nil {
				return err
			}
			step <- struct{}{}
			<-seen
		}
		return nil
	}))
	id := s.enqueue(q, "one", Note{}, time.Time{})
	if j, err := q.Job(s.ctx, id); err != nil || !j.Progress.At.IsZero() && j.State != job.Running {
		s.Errorf("%+v, %v", j, err)
	}
	for _, want := range []int{0, 50, 50, 100} {
		receive(s, step)
		j, err := q.Job(s.ctx, id)
		if err != nil || j.State != job.Running || j.Progress.Percent != want || j.Progress.Message != "reading-frames" || j.Progress.At.IsZero() {
			s.Errorf("%+v, %v", j, err)
		}
		seen <- struct{}{}
	}
	if j := s.until(q, id, is(job.Done)); j.Progress.Percent != 100 {
		s.Errorf("%+v", j)
	}
}

// bounded has more jobs than may run. As many run at once as may, and never more.
func (s *suite) bounded() {
	var now, most atomic.Int32
	full, release := make(chan struct{}), make(chan struct{})
	q := s.start(job.Work("one", job.Limits{AtOnce: 3}, func(context.Context, *job.Task, Note) error {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == 3 {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		<-release
		return nil
	}), job.Work("two", job.Limits{}, func(context.Context, *job.Task, Note) error { return nil }))
	var ids []job.ID
	for i := range 9 {
		ids = append(ids, s.enqueue(q, "one", Note{N: i}, time.Time{}))
	}
	receive(s, full)
	s.until(q, s.enqueue(q, "two", Note{}, time.Time{}), is(job.Done)) // another kind is not held up
	close(release)
	for _, id := range ids {
		s.until(q, id, is(job.Done))
	}
	if most.Load() != 3 {
		s.Errorf("%d ran at once", most.Load())
	}
}

func (s *suite) later() {
	worked := make(chan time.Time, 1)
	q := s.start(job.Work("one", job.Limits{}, func(context.Context, *job.Task, Note) error { worked <- time.Now(); return nil }))
	never := s.enqueue(q, "one", Note{}, time.Now().Add(time.Hour))
	at := time.Now().Add(300 * time.Millisecond)
	s.until(q, s.enqueue(q, "one", Note{}, at), is(job.Done))
	if when := receive(s, worked); when.Before(at.Truncate(time.Millisecond)) {
		s.Errorf("worked %v too early", at.Sub(when))
	}
	if j, err := q.Job(s.ctx, never); err != nil || j.State != job.Waiting || time.Until(j.Due) < 50*time.Minute || time.Until(j.Due) > time.Hour {
		s.Errorf("%+v, %v", j, err)
	}
}

// clock is a clock that a test sets.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.at.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.at.Add(d.Milliseconds()) }

// periods has two queues with the same period on one store. Each time that it is due it is worked once.
func (s *suite) periods() {
	c := &clock{}
	c.at.Store(time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC).UnixMilli())
	worked := make(chan job.ID, 10)
	settings := job.Config{Now: c.now, Workers: []job.Worker{job.Work("one", job.Limits{}, func(_ context.Context, t *job.Task, n Note) error {
		if n.N != 7 {
			s.Errorf("%+v", n)
		}
		worked <- t.ID
		return nil
	})}, Periods: []job.Period{{Name: "p", Kind: "one", Args: Note{N: 7}, When: job.Every(time.Hour)}}}
	_, read, postgres := s.Store.Pools()
	next := func() (at int64) {
		_ = read.QueryRowContext(s.ctx, `SELECT next FROM job_period WHERE name = 'p'`).Scan(&at)
		return at
	}
	first := s.queue(settings)
	s.no(first.Start(s.ctx))
	running := []*job.Queue{first}
	if postgres {
		second := s.queue(settings)
		s.no(second.Start(s.ctx))
		running = append(running, second)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	reach := func(want int64) {
		s.Helper()
		for next() != want {
			select {
			case <-s.ctx.Done():
				s.Fatal("the period is not due when it should be")
			case <-tick.C:
			}
		}
	}
	nine := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	reach(nine.UnixMilli())
	for i, forward := range []time.Duration{30 * time.Minute, time.Hour, 5 * time.Hour} { // of the last, one is made up for
		c.forward(forward)
		s.until(first, receive(s, worked), is(job.Done))
		reach(nine.Add([]time.Duration{time.Hour, 2 * time.Hour, 7 * time.Hour}[i]).UnixMilli())
	}
	for _, q := range running {
		s.no(q.Stop(s.ctx))
	}
	var n int
	s.no(read.QueryRowContext(s.ctx, `SELECT COUNT(*) FROM river_job`).Scan(&n))
	if n != 3 {
		s.Errorf("%d jobs of 3 times", n)
	}
}

// passed has a period come due while its job runs, and one that another program left due in the far future.
func (s *suite) passed() {
	c := &clock{}
	c.at.Store(time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC).UnixMilli())
	_, read, _ := s.Store.Pools()
	s.no(s.Store.Note(s.ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(s.ctx, `INSERT INTO job_period (name, next) VALUES ('p', $1)`, c.now().AddDate(1, 0, 0).UnixMilli())
		return err
	}))
	begun, release := make(chan struct{}, 9), make(chan struct{})
	q := s.queue(job.Config{Now: c.now, Workers: []job.Worker{job.Work("one", job.Limits{}, func(context.Context, *job.Task, Note) error { begun <- struct{}{}; <-release; return nil })},
		Periods: []job.Period{{Name: "p", Kind: "one", Args: Note{}, When: job.Every(time.Hour)}}})
	s.no(q.Start(s.ctx))
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := range 3 {
		var next int64
		for next != time.Date(2026, 11, 22, 9+i, 0, 0, 0, time.UTC).UnixMilli() {
			receive(s, tick.C)
			s.no(read.QueryRowContext(s.ctx, `SELECT next FROM job_period WHERE name = 'p'`).Scan(&next))
		}
		if i == 1 {
			receive(s, begun)
		}
		if i == 2 {
			break
		}
		c.forward(time.Hour)
	}
	var n int
	s.no(read.QueryRowContext(s.ctx, `SELECT COUNT(*) FROM river_job`).Scan(&n))
	if n != 1 {
		s.Errorf("%d jobs", n)
	}
	close(release)
	s.no(q.Stop(s.ctx))
}
