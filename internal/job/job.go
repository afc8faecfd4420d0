// Package job works what can't be done while somebody waits: it is durable, repeated when it fails, and seen by whoever
// asks how far it got. It is River behind an interface of ours, on SQLite and on PostgreSQL.
//
// A job is put into the transaction of the change that makes it necessary ([Queue.Enqueue]), so that it exists if and only
// if the change was committed. It is worked at least once: a worker MUST bear being run again with the same arguments,
// since a process may die after the work and before that is written down. A failed job is tried again, later each time;
// one that failed too often is dead and waits for a person ([Queue.Dead]), who has it retried or discarded. Both acts are
// proven by a record.
//
// Each node tells that it lives by a row in the database. Jobs of a node that does not are taken from it and worked by
// others, within four beats. On SQLite, which has one node, that happens as soon as the next process starts.
//
// On SQLite everything that River does goes through the one connection of the store's writer. The two take turns.
//
// What not to do here: no arguments that hold personal data, since they lie in the table in plain text; pass an identifier.
// Never work a job inside a transaction. Never start two queues on one SQLite file. Never count on a job being worked
// once, or on an order.
package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Codes of errors, and of what went wrong in a job.
const (
	CodeInvalid   colophon.Code = "job-invalid" // arg "field": what was asked for can't be a job
	CodeMissing   colophon.Code = "job-missing" // there is none with this identifier, or none any more
	CodeNotDead   colophon.Code = "job-not-dead"
	CodeFailed    colophon.Code = "job-failed"    // the worker failed without a code of its own
	CodePanicked  colophon.Code = "job-panicked"  // the worker has a fault
	CodeTimedOut  colophon.Code = "job-timed-out" // the worker took too long
	CodeNodeLost  colophon.Code = "job-node-lost" // the process that worked it died
	CodeArguments colophon.Code = "job-arguments" // the arguments in the table can't be read
)

// Types of records.
const (
	RecordRetried   evidence.Type = "job.retried"
	RecordDiscarded evidence.Type = "job.discarded"
)

// Store is the database that jobs live in.
type Store interface {
	// Pools returns the pool that writes, the pool that reads, and whether they are PostgreSQL's. On SQLite the pool that
	// writes MUST have one connection.
	Pools() (write, read *sql.DB, postgres bool)
	// Prove runs a function in a transaction and commits it with the record, both or neither.
	Prove(ctx context.Context, rec evidence.Record, fn func(*sql.Tx) error) error
	// Note runs a function in a transaction that proves nothing.
	Note(ctx context.Context, fn func(*sql.Tx) error) error
}

// ID names a job: a UUIDv7, which nobody guesses and which is never used again.
type ID string

// State says how far a job got.
type State string

// The states.
const (
	Waiting State = "waiting" // for a worker, or for its time
	Running State = "running"
	Done    State = "done"
	Dead    State = "dead" // failed too often, or for good
)

// Job is a job as one who asks sees it. Times are UTC.
type Job struct {
	ID       ID
	Kind     string
	State    State
	Attempt  int // how often it was begun
	Attempts int // how often it may be
	Created  time.Time
	Due      time.Time // not before this, while it waits
	Ended    time.Time // zero while it did not
	Progress Progress
	Troubles []Trouble // what went wrong in earlier attempts, oldest first
}

// Progress is what a worker tells about a job that runs.
type Progress struct {
	Percent int
	Message colophon.Code // a sentence in the catalogue; empty for none
	At      time.Time     // zero when nothing was told
}

// Trouble is what went wrong in one attempt.
type Trouble struct {
	At      time.Time
	Attempt int
	Code    colophon.Code
}

// Actor is who retries or discards a job, as it stands in the record.
type Actor struct {
	Subject evidence.Subject
	Role    evidence.Role
}

// Limits bound a kind of work.
type Limits struct {
	AtOnce   int                             // how many jobs of the kind a node works at once; 0 for 1
	Attempts int                             // how often a job is tried; 0 for 10
	Timeout  time.Duration                   // of one attempt; 0 for ten minutes
	Backoff  func(attempt int) time.Duration // how long to wait after an attempt failed, from 1; nil for [Backoff]
}

// Backoff is a second after the first attempt, then four times as long each time, an hour at most.
func Backoff(attempt int) time.Duration {
	wait := time.Second
	for range attempt - 1 {
		if wait *= 4; wait >= time.Hour {
			return time.Hour
		}
	}
	return wait
}

// Worker works one kind of job. [Work] makes one.
type Worker struct {
	kind   string
	limits Limits
	fits   func(any) bool
	run    func(context.Context, *Task, json.RawMessage) error
}

// kinds are lower-case words joined by hyphens: River's name of a queue, too.
var kinds = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Work makes a worker of a kind with arguments of a type, which travel as JSON. Its context ends with the time-out and when
// the queue is stopped for good. An error makes the job fail; see [Final].
func Work[A any](kind string, l Limits, do func(context.Context, *Task, A) error) Worker {
	if l.AtOnce == 0 {
		l.AtOnce = 1
	}
	if l.Attempts == 0 {
		l.Attempts = 10
	}
	if l.Timeout == 0 {
		l.Timeout = 10 * time.Minute
	}
	if l.Backoff == nil {
		l.Backoff = Backoff
	}
	return Worker{kind, l, func(v any) bool { _, ok := v.(A); return ok }, func(ctx context.Context, t *Task, raw json.RawMessage) error {
		var args A
		if err := json.Unmarshal(raw, &args); err != nil {
			return Final(&colophon.Error{Kind: colophon.Internal, Code: CodeArguments, Err: err})
		}
		return do(ctx, t, args)
	}}
}

func (w Worker) check() string {
	switch {
	case !kinds.MatchString(w.kind) || len(w.kind) < 2 || len(w.kind) > 64:
		return "kind"
	case w.limits.AtOnce < 1 || w.limits.AtOnce > 1000:
		return "at-once"
	case w.limits.Attempts < 1 || w.limits.Attempts > 100:
		return "attempts"
	case w.limits.Timeout < 0:
		return "timeout"
	}
	return ""
}

// final is an error after which nothing is tried again.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// Final marks an error that another attempt won't heal: the job is dead at once.
func Final(err error) error { return final{err} }

// later is an error that is nobody's fault.
type later struct {
	error
	wait time.Duration
}

func (l later) Unwrap() error { return l.error }

// Later marks an error that says that the time has not come: the job is worked again after a while, and the attempt does
// not count.
func Later(err error, wait time.Duration) error { return later{err, wait} }

// code is what of an error is kept in the table. The text of an error goes to the log alone.
func code(err error) colophon.Code {
	var e *colophon.Error
	switch {
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimedOut
	}
	return CodeFailed
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}
