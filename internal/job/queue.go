package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/colophon-project/colophon/evidence"
)

const (
	// cooldown is the least time between two fetches of one kind.
	cooldown = 10 * time.Millisecond
	// never is longer than any job runs. River's own rescue of stuck jobs can't tell a dead process from a long job; ours
	// can, see beat.go.
	never = 10 * 365 * 24 * time.Hour
	// liteRate is how many jobs a second are begun on SQLite. Each takes about a quarter of a millisecond of its connection.
	liteRate = 500
	// hardStop is how long a worker has to return after its context was cancelled.
	hardStop = 10 * time.Second
)

// Config says what a queue needs.
type Config struct {
	Store    Store
	Recorder *evidence.Recorder
	Workers  []Worker
	Periods  []Period
	Logger   *slog.Logger     // nil for none
	Now      func() time.Time // nil for time.Now; periods go by it
	Poll     time.Duration    // how often each kind is asked for; 0 for 200 ms
	Beat     time.Duration    // how often the node tells that it lives; 0 for 5 s
	// Rate bounds how many jobs a second this node begins, so that a flood of small ones leaves the one connection of
	// SQLite to others; 0 for 500 on SQLite and no bound on PostgreSQL, negative for no bound.
	Rate int
}

// Queue takes jobs and, once it is started, works them. It is safe for use by many goroutines.
type Queue struct {
	config  Config
	write   *sql.DB
	read    *sql.DB
	dialect dialect
	node    string
	workers map[string]Worker
	client  *river.Client[*sql.Tx]

	pace      pace
	cancelled atomic.Bool // workers were told to give up
	periods   loop
	beats     loop
}

// New makes a queue. It works nothing until [Queue.Start]; a program that only enqueues need not start it.
func New(c Config) (*Queue, error) {
	if c.Store == nil || c.Recorder == nil {
		return nil, errors.New("a queue needs a store and a recorder")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Poll == 0 {
		c.Poll = 200 * time.Millisecond
	}
	if c.Beat == 0 {
		c.Beat = 5 * time.Second
	}
	node, err := c.Recorder.NewID()
	if err != nil {
		return nil, err
	}
	q := &Queue{config: c, node: node, workers: map[string]Worker{}}
	var postgres bool
	q.write, q.read, postgres = c.Store.Pools()
	var driver riverdriver.Driver[*sql.Tx] = glancing{riversqlite.New(q.write), q.read}
	q.dialect = sqlite
	if postgres {
		driver, q.dialect = riverdatabasesql.New(q.write), postgreSQL
	}
	if c.Rate == 0 && !postgres {
		c.Rate = liteRate
	}
	if c.Rate > 0 {
		q.pace.every = time.Second / time.Duration(c.Rate)
	}
	queues, workers := map[string]river.QueueConfig{}, river.NewWorkers()
	for _, w := range c.Workers {
		if field := w.check(); field != "" {
			return nil, invalid(field)
		}
		if _, twice := q.workers[w.kind]; twice {
			return nil, invalid("kind")
		}
		q.workers[w.kind] = w
		queues[w.kind] = river.QueueConfig{MaxWorkers: w.limits.AtOnce}
		river.AddWorkerArgs(workers, parcel{kind: w.kind}, &adapter{queue: q, worker: w})
	}
	if err := q.checkPeriods(); err != nil {
		return nil, err
	}
	settings := &river.Config{
		ID: node, Workers: workers, Logger: c.Logger, JobTimeout: -1, RescueStuckJobsAfter: never, PollOnly: true,
		FetchCooldown: min(cooldown, c.Poll), FetchPollInterval: c.Poll, ReindexerSchedule: river.NeverSchedule(),
		// The dead wait for a person. Not -1: for that the SQLite driver deletes them at once.
		DiscardedJobRetentionPeriod: never, CancelledJobRetentionPeriod: never,
	}
	if len(queues) > 0 {
		settings.Queues = queues
	}
	if q.client, err = river.NewClient(driver, settings); err != nil {
		return nil, fmt.Errorf("making the queue: %w", err)
	}
	return q, nil
}

// Start begins to work jobs and to enqueue periodic ones, until [Queue.Stop]. A queue is started once.
func (q *Queue) Start(ctx context.Context) error {
	if err := q.arrive(ctx); err != nil {
		return fmt.Errorf("telling that the node lives: %w", err)
	}
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting the queue: %w", err)
	}
	q.beats.start(q.config.Beat, q.beat)
	q.periods.start(min(time.Second, 4*q.config.Poll), q.tick)
	return nil
}

// Stop takes no more jobs and waits for those that run. When ctx ends first, their contexts are cancelled; a job whose
// worker then gives up goes back into the queue and that attempt does not count.
func (q *Queue) Stop(ctx context.Context) error {
	q.periods.stop()
	err := q.client.Stop(ctx)
	if err != nil {
		q.cancelled.Store(true)
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), hardStop)
		defer cancel()
		err = q.client.StopAndCancel(hard)
	}
	q.beats.stop()
	if err != nil {
		// Something runs still. The node's row stays until it is stale, so that nobody works the same job meanwhile.
		return fmt.Errorf("stopping the queue: %w", err)
	}
	return q.leave(context.WithoutCancel(ctx))
}

// Enqueue adds a job to a transaction; it is there if and only if the transaction is committed. Kind names a worker, and
// args MUST be of that worker's type and a JSON object. The job is not worked before at; the zero time is now. Inside store.Write, tx comes
// from Tx.SQL.
func (q *Queue) Enqueue(ctx context.Context, tx *sql.Tx, kind string, args any, at time.Time) (ID, error) {
	w, ok := q.workers[kind]
	if !ok {
		return "", invalid("kind")
	}
	if !w.fits(args) {
		return "", invalid("args")
	}
	raw, err := json.Marshal(args)
	if err != nil || raw[0] != '{' {
		return "", invalid("args")
	}
	id, err := q.config.Recorder.NewID()
	if err != nil {
		return "", err
	}
	metadata, err := json.Marshal(label{id})
	if err != nil {
		return "", err
	}
	// The transaction is shared with others. On PostgreSQL a statement that is cancelled takes the connection with it.
	ctx = context.WithoutCancel(ctx)
	options := &river.InsertOpts{Queue: kind, MaxAttempts: w.limits.Attempts, Metadata: metadata}
	if !at.IsZero() {
		options.ScheduledAt = at.UTC()
	}
	row, err := q.client.InsertTx(ctx, tx, parcel{kind, raw}, options)
	if err != nil {
		return "", fmt.Errorf("enqueueing a job: %w", err)
	}
	// SQLite gives numbers of deleted rows again, so an old line may still stand for this one.
	if _, err := tx.ExecContext(ctx, `DELETE FROM job WHERE river = $1`, row.Job.ID); err != nil {
		return "", fmt.Errorf("enqueueing a job: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO job (id, river, percent, code, told) VALUES ($1, $2, 0, '', 0)`, id, row.Job.ID); err != nil {
		return "", fmt.Errorf("enqueueing a job: %w", err)
	}
	return ID(id), nil
}

// loop calls a function at intervals.
type loop struct {
	mu     sync.Mutex
	cancel context.CancelFunc
	ended  chan struct{}
	count  int // of its own goroutine
}

func (l *loop) start(every time.Duration, fn func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	l.mu.Lock()
	defer l.mu.Unlock()
	ended := make(chan struct{})
	l.cancel, l.ended = cancel, ended
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				fn(ctx)
			}
		}
	}()
}

func (l *loop) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancel != nil {
		l.cancel()
		<-l.ended
		l.cancel = nil
	}
}
