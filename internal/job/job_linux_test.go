package job_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/job/jobtest"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// child, when it is set, makes this program a process that begins a job and never ends it.
const child = "COLOPHON_JOB_CHILD"

// The tests run eight hours from UTC: River hands out times in the local zone and compares them as texts.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("CST", 8*60*60)
	if where := os.Getenv(child); where != "" {
		hold(where)
		return
	}
	storetest.Main(m)
}

func open(t testing.TB, config store.Config) jobtest.Bench {
	config.Keys = storetest.Keys(t, "first")
	return bench(t, storetest.Open(t, config), config.Keys)
}

func bench(t testing.TB, s *store.Store, keys *evidence.Keyring) jobtest.Bench {
	return jobtest.Bench{Store: s, Recorder: storetest.Recorder(t, keys, time.Now), Records: func() (list []evidence.Record) {
		for h, err := range s.Records(context.Background(), false) {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, h.Record)
		}
		return list
	}}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	jobtest.Run(t, func(t *testing.T) jobtest.Bench { return open(t, storetest.SQLite(t)) })
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	jobtest.Run(t, func(t *testing.T) jobtest.Bench { return open(t, postgres(t)) })
}

func queue(t testing.TB, b jobtest.Bench, l job.Limits, do func(context.Context, *job.Task, jobtest.Note) error) *job.Queue {
	t.Helper()
	q, err := job.New(job.Config{Store: b.Store, Recorder: b.Recorder, Workers: []job.Worker{job.Work("held", l, do)}, Poll: 10 * time.Millisecond, Beat: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// hold is the process that is killed.
func hold(where string) {
	t := &testing.T{}
	config := store.Config{Path: where, Keys: storetest.Keys(t, "first")}
	if strings.HasPrefix(where, "postgres:") {
		config.Path, config.Postgres = "", where
	}
	s, err := store.Open(context.Background(), config)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := job.New(job.Config{Store: s, Recorder: storetest.Recorder(t, config.Keys, time.Now), Poll: 10 * time.Millisecond, Beat: 50 * time.Millisecond,
		Workers: []job.Worker{job.Work("held", job.Limits{}, func(ctx context.Context, k *job.Task, _ jobtest.Note) error {
			_ = k.Progress(ctx, 40, "held")
			fmt.Println("begun")
			<-ctx.Done()
			return nil
		})}})
	if err == nil {
		err = q.Start(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	select {}
}

// TestKilled kills a process in the middle of a job. Another one works it, and tells what happened; when that happens too
// often the job is dead.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]func(testing.TB) store.Config{
		"SQLite": storetest.SQLite, "Postgres": postgres,
	} {
		for attempts, want := range map[int]job.State{2: job.Done, 1: job.Dead} {
			t.Run(fmt.Sprint(name, attempts), func(t *testing.T) {
				t.Parallel()
				config := config(t)
				config.Keys = storetest.Keys(t, "first")
				killed(t, config, attempts, want)
			})
		}
	}
}

func killed(t *testing.T, config store.Config, attempts int, want job.State) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := store.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	b := bench(t, s, config.Keys)
	work := func(_ context.Context, k *job.Task, n jobtest.Note) error {
		if n.N != 7 || k.Attempt != 2 {
			t.Errorf("attempt %d with %d", k.Attempt, n.N)
		}
		return nil
	}
	var id job.ID
	q := queue(t, b, job.Limits{Attempts: attempts}, work)
	if err := s.Note(ctx, func(tx *sql.Tx) (err error) {
		id, err = q.Enqueue(ctx, tx, "held", jobtest.Note{N: 7}, time.Time{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	where := config.Path + config.Postgres
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env, cmd.SysProcAttr = append(os.Environ(), child+"="+where), &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "begun\n" {
		t.Fatal(line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	b = bench(t, storetest.Open(t, config), config.Keys)
	q = queue(t, b, job.Limits{Attempts: attempts}, work)
	if j, err := q.Job(ctx, id); err != nil || j.State != job.Running || j.Progress.Percent != 40 {
		t.Fatalf("before: %+v, %v", j, err)
	}
	if err := q.Start(ctx); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		j, err := q.Job(ctx, id)
		if err == nil && j.State == want {
			if len(j.Troubles) != 1 || j.Troubles[0].Code != job.CodeNodeLost || j.Troubles[0].Attempt != 1 {
				t.Errorf("%+v", j)
			}
			break
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after: %+v, %v", j, err)
		case <-tick.C:
		}
	}
	if err := q.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// TestRestored takes jobs from one engine to the other by a dump: one that waits, one that is dead, one that ran.
func TestRestored(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]func(testing.TB) store.Config{"SQLite": storetest.SQLite, "Postgres": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := from(t), postgres(t)
			if a.Postgres != "" {
				b = storetest.SQLite(t)
			}
			restored(t, a, b)
		})
	}
}

// TestRate begins jobs no faster than the configuration says, though all of them could run at once.
func TestRate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := open(t, storetest.SQLite(t))
	const jobs, rate = 6, 50
	begun := make(chan time.Time, jobs)
	q, err := job.New(job.Config{Store: b.Store, Recorder: b.Recorder, Rate: rate, Poll: 10 * time.Millisecond,
		Workers: []job.Worker{job.Work("held", job.Limits{AtOnce: jobs}, func(context.Context, *job.Task, jobtest.Note) error { begun <- time.Now(); return nil })}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Store.Note(ctx, func(tx *sql.Tx) error {
		for range jobs {
			if _, err := q.Enqueue(ctx, tx, "held", jobtest.Note{}, time.Time{}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := q.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for range jobs {
		select {
		case <-begun:
		case <-ctx.Done():
			t.Fatal("a job was not begun")
		}
	}
	if took := time.Since(start); took < (jobs-1)*time.Second/rate {
		t.Errorf("%d jobs were begun within %v", jobs, took)
	}
	if err := q.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func postgres(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} }

func restored(t *testing.T, a, b store.Config) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a.Keys = storetest.Keys(t, "first")
	b.Keys = a.Keys
	from, to := storetest.Open(t, a), storetest.Open(t, b)
	begun, release := make(chan struct{}), make(chan struct{})
	q := queue(t, bench(t, from, a.Keys), job.Limits{AtOnce: 2, Attempts: 3}, func(_ context.Context, _ *job.Task, n jobtest.Note) error {
		if n.Text == "dead" {
			return job.Final(context.DeadlineExceeded)
		}
		close(begun)
		<-release
		return nil
	})
	enqueue := func(q *job.Queue, s *store.Store, text string, at time.Time) (id job.ID) {
		if err := s.Note(ctx, func(tx *sql.Tx) (err error) {
			id, err = q.Enqueue(ctx, tx, "held", jobtest.Note{Text: text, N: 7}, at)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	until := func(q *job.Queue, id job.ID, want job.State) job.Job {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			j, err := q.Job(ctx, id)
			if err == nil && j.State == want {
				return j
			}
			select {
			case <-ctx.Done():
				t.Fatalf("%+v, %v", j, err)
			case <-tick.C:
			}
		}
	}
	if err := q.Start(ctx); err != nil {
		t.Fatal(err)
	}
	lost := enqueue(q, from, "dead", time.Time{})
	before := until(q, lost, job.Dead)
	ran := enqueue(q, from, "题跋 \"quoted\"", time.Time{})
	<-begun
	far := enqueue(q, from, "far", time.Now().Add(time.Hour))
	waits, err := q.Job(ctx, far)
	if err != nil {
		t.Fatal(err)
	}
	var dump bytes.Buffer
	if err := from.Backup(ctx, &dump); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := q.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := to.Restore(ctx, &dump); err != nil {
		t.Fatal(err)
	}
	got := make(chan jobtest.Note, 9)
	q = queue(t, bench(t, to, b.Keys), job.Limits{AtOnce: 2, Attempts: 3}, func(_ context.Context, _ *job.Task, n jobtest.Note) error { got <- n; return nil })
	for _, want := range []job.Job{before, waits} {
		j, err := q.Job(ctx, want.ID)
		if diff := cmp.Diff(want, j); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	if err := q.Start(ctx); err != nil {
		t.Fatal(err)
	}
	until(q, ran, job.Done)
	if n := <-got; n != (jobtest.Note{Text: "题跋 \"quoted\"", N: 7}) {
		t.Errorf("%+v", n)
	}
	until(q, enqueue(q, to, "next", time.Time{}), job.Done)
	if err := q.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}
