package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

const tables = ` FROM job j JOIN river_job r ON r.id = j.river `

// dead are River's states of jobs that nothing will happen to by itself. Cancelled is what [Final] leads to.
const dead = `('discarded', 'cancelled')`

// cancelled is what River puts before the text of an error that [Final] marked.
const cancelled = "JobCancelError: "

// maxPage is the largest page of dead jobs.
const maxPage = 500

// Job returns a job: how far it is, or what became of it. A job that is done is forgotten after a day.
func (q *Queue) Job(ctx context.Context, id ID) (Job, error) {
	j, err := scan(q.read.QueryRowContext(ctx, `SELECT `+q.dialect.columns+tables+`WHERE j.id = $1`, string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	return j, err
}

// Dead returns at most limit dead jobs with identifiers greater than after, oldest first.
func (q *Queue) Dead(ctx context.Context, after ID, limit int) ([]Job, error) {
	return q.List(ctx, Dead, after, limit)
}

// List returns at most limit jobs in a state with identifiers greater than after, oldest first.
func (q *Queue) List(ctx context.Context, state State, after ID, limit int) ([]Job, error) {
	in := `IN ` + dead
	switch state {
	case Running:
		in = `= 'running'`
	case Done:
		in = `= 'completed'`
	case Waiting:
		in = `NOT IN ('running', 'completed', 'discarded', 'cancelled')`
	}
	rows, err := q.read.QueryContext(ctx, `SELECT `+q.dialect.columns+tables+`WHERE r.state `+in+` AND j.id > $1 ORDER BY j.id LIMIT $2`, string(after), max(1, min(limit, maxPage)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Job
	for rows.Next() {
		j, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, j)
	}
	return list, rows.Err()
}

// Depth returns how many jobs there are in each state but [Done].
func (q *Queue) Depth(ctx context.Context) (map[State]int64, error) {
	rows, err := q.read.QueryContext(ctx, `SELECT CASE WHEN r.state IN `+dead+` THEN 'dead' WHEN r.state = 'running' THEN 'running' ELSE 'waiting' END AS how, COUNT(*)`+
		tables+`WHERE r.state <> 'completed' GROUP BY how`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	depth := map[State]int64{Waiting: 0, Running: 0, Dead: 0}
	for rows.Next() {
		var state State
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		depth[state] = n
	}
	return depth, rows.Err()
}

// Retry puts a dead job back into the queue for one more attempt, or for those that it has left.
func (q *Queue) Retry(ctx context.Context, by Actor, id ID) error {
	return q.judge(ctx, by, id, RecordRetried, func(tx *sql.Tx, river int64) error {
		_, err := q.client.JobRetryTx(context.WithoutCancel(ctx), tx, river)
		return err
	})
}

// Discard throws a dead job away.
func (q *Queue) Discard(ctx context.Context, by Actor, id ID) error {
	return q.judge(ctx, by, id, RecordDiscarded, func(tx *sql.Tx, river int64) error {
		ctx := context.WithoutCancel(ctx)
		if _, err := tx.ExecContext(ctx, `DELETE FROM job WHERE river = $1`, river); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM river_job WHERE id = $1`, river)
		return err
	})
}

// payload is the payload of the records about a dead job.
type payload struct {
	Job     ID            `json:"job"`
	Kind    string        `json:"kind"`
	Attempt int           `json:"attempt"`
	Reason  colophon.Code `json:"reason"`
}

func (q *Queue) judge(ctx context.Context, by Actor, id ID, typ evidence.Type, do func(tx *sql.Tx, river int64) error) error {
	j, err := q.Job(ctx, id)
	if err != nil {
		return err
	}
	notDead := &colophon.Error{Kind: colophon.Conflict, Code: CodeNotDead}
	if j.State != Dead {
		return notDead
	}
	p := payload{Job: id, Kind: j.Kind, Attempt: j.Attempt}
	if n := len(j.Troubles); n > 0 {
		p.Reason = j.Troubles[n-1].Code
	}
	rec, err := q.config.Recorder.New(typ, by.Subject, by.Role, nil, p)
	if err != nil {
		return err
	}
	return q.config.Store.Prove(ctx, rec, func(tx *sql.Tx) error {
		// Two may judge at once; the record is numbered under a lock, so the second sees what the first did.
		var river int64
		err := tx.QueryRowContext(context.WithoutCancel(ctx), `SELECT r.id`+tables+`WHERE j.id = $1 AND r.state IN `+dead, string(id)).Scan(&river)
		if errors.Is(err, sql.ErrNoRows) {
			return notDead
		}
		if err != nil {
			return err
		}
		return do(tx, river)
	})
}

func scan(row interface{ Scan(...any) error }) (Job, error) {
	var j Job
	var state, troubles string
	var created, due, ended, at int64
	if err := row.Scan(&j.ID, &j.Kind, &state, &j.Attempt, &j.Attempts, &created, &due, &ended, &troubles, &j.Progress.Percent, &j.Progress.Message, &at); err != nil {
		return Job{}, err
	}
	switch state {
	case "running":
		j.State = Running
	case "completed":
		j.State = Done
	case "discarded", "cancelled":
		j.State = Dead
	default:
		j.State = Waiting
	}
	j.Created, j.Due = moment(created), moment(due)
	if ended != 0 {
		j.Ended = moment(ended)
	}
	if at != 0 {
		j.Progress.At = moment(at)
	}
	var list []struct {
		At      time.Time `json:"at"`
		Attempt int       `json:"attempt"`
		Error   string    `json:"error"`
	}
	if err := json.Unmarshal([]byte(troubles), &list); err != nil {
		return Job{}, err
	}
	for _, t := range list {
		j.Troubles = append(j.Troubles, Trouble{t.At.UTC(), t.Attempt, colophon.Code(strings.TrimPrefix(t.Error, cancelled))})
	}
	return j, nil
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
