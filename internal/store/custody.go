package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// RecordQuery says which records are looked for. Fields that are set must all fit.
type RecordQuery struct {
	Type     evidence.Type
	Subject  evidence.Subject
	Role     evidence.Role
	Staff    bool // done by somebody of the staff or on a page, not by an application or by itself
	From, To time.Time
	Newest   bool   // the newest first
	After    uint64 // sequence of the last record of the page before; 0 for none
	Limit    int
}

// disorder is by how much records may come into the store in another order than that of their times.
const disorder = 15 * time.Minute

// FindRecords returns records in the order of their sequence, or the other way round. Their payloads are not opened.
func (s *Store) FindRecords(ctx context.Context, q RecordQuery) ([]evidence.Held, error) {
	var w Where
	switch {
	case q.After > 0 && q.Newest:
		w.Add("r.seq < ?", int64(q.After))
	case q.After > 0:
		w.Add("r.seq > ?", int64(q.After))
	}
	if q.Type != "" {
		w.Add("r.type = ?", string(q.Type))
	}
	switch q.Subject {
	case "":
	case evidence.System: // most of all records: an index would only be in the way
		w.Add("r.subject || '' = ?", string(q.Subject))
	default:
		w.Add("r.subject = ?", string(q.Subject))
	}
	if q.Role != "" {
		w.Add("r.role = ?", string(q.Role))
	}
	if q.Staff {
		w.And("r.role NOT IN ('application', 'system')")
	}
	if !q.From.IsZero() {
		first, err := s.firstSince(ctx, q.From.Add(-disorder))
		if err != nil {
			return nil, err
		}
		w.Add("r.seq >= ?", first)
		w.Add("r.at >= ?", q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		end, err := s.firstSince(ctx, q.To.Add(disorder))
		if err != nil {
			return nil, err
		}
		w.Add("r.seq < ?", end)
		w.Add("r.at < ?", q.To.UnixMilli())
	}
	text := w.Text + " ORDER BY r.seq"
	if q.Newest {
		text += " DESC"
	}
	return s.page(ctx, text, q.Limit, w.Args...)
}

// firstSince is the sequence of the first record that is not before a time, as far as records came in in the order of their
// times; one more than the last where all are before it. Sequences have no gaps, so that it is found by halving.
func (s *Store) firstSince(ctx context.Context, at time.Time) (int64, error) {
	var low, high int64 = 1, 0
	if err := s.read.QueryRowContext(ctx, `SELECT next FROM counter WHERE name = 'record'`).Scan(&high); err != nil {
		return 0, s.fault(err)
	}
	for low < high {
		middle := low + (high-low)/2
		var made int64
		err := s.read.QueryRowContext(ctx, `SELECT at FROM record WHERE seq >= $1 ORDER BY seq LIMIT 1`, middle).Scan(&made)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && made >= at.UnixMilli():
			high = middle
		case err != nil:
			return 0, s.fault(err)
		default:
			low = middle + 1
		}
	}
	return low, nil
}

// HoldEntry is a hold as it is kept.
type HoldEntry struct {
	Hold
	Placed, Lifted time.Time // Lifted is zero while it stands
}

const holdColumns = `SELECT id, subject, record_id, placed, lifted FROM hold `

func scanHold(row Row) (h HoldEntry, err error) {
	var placed int64
	var lifted sql.NullInt64
	err = row.Scan(&h.ID, &h.Subject, &h.Record, &placed, &lifted)
	if h.Placed = time.UnixMilli(placed).UTC(); lifted.Valid {
		h.Lifted = time.UnixMilli(lifted.Int64).UTC()
	}
	return h, err
}

// Holds returns at most limit holds with identifiers below before, the newest first; standing leaves out those that were lifted.
func (s *Store) Holds(ctx context.Context, standing bool, before string, limit int) ([]HoldEntry, error) {
	return Collect(ctx, s, scanHold, holdColumns+`WHERE ($1 = '' OR id < $1) AND (lifted IS NULL OR $2 = 0) ORDER BY id DESC LIMIT $3`,
		before, map[bool]int{true: 1}[standing], limit)
}

// HoldByID returns a hold.
func (s *Store) HoldByID(ctx context.Context, id string) (HoldEntry, error) {
	h, err := scanHold(s.QueryRow(ctx, holdColumns+`WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return h, &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	return h, s.Fault(err)
}

// Erasure is the erasure of a subject as it is kept.
type Erasure struct {
	Subject              evidence.Subject
	Requested, Due, Done time.Time // Done is zero while what is left is restricted to storage
}

// Erasures returns at most limit erasures of subjects after one, in the order of their names; open leaves out those that are done.
func (s *Store) Erasures(ctx context.Context, open bool, after string, limit int) ([]Erasure, error) {
	return Collect(ctx, s, func(row Row) (e Erasure, err error) {
		var requested, due int64
		var done sql.NullInt64
		err = row.Scan(&e.Subject, &requested, &due, &done)
		if e.Requested, e.Due = time.UnixMilli(requested).UTC(), time.UnixMilli(due).UTC(); done.Valid {
			e.Done = time.UnixMilli(done.Int64).UTC()
		}
		return e, err
	}, `SELECT subject, requested, due, done FROM erasure WHERE subject > $1 AND (done IS NULL OR $2 = 0) ORDER BY subject LIMIT $3`,
		after, map[bool]int{true: 1}[open], limit)
}

// Ahead is what an erasure would come to.
type Ahead struct {
	Records   int64     // whose payload can still be opened
	Lines     int64     // of the network log
	Artefacts int64     // whose content is still there
	Due       time.Time // end of the last statutory period that runs
	Held      bool      // a hold stands
	State     ErasureState
}

// EraseAhead says what [Store.Erase] would come to for a subject. It changes nothing.
func (s *Store) EraseAhead(ctx context.Context, subject evidence.Subject) (a Ahead, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM record WHERE subject = $1 AND sealed IS NOT NULL),
		(SELECT COUNT(*) FROM network_log WHERE subject = $1), (SELECT COUNT(*) FROM artefact WHERE account = $1 AND state <> 'erased')`, string(subject)).
		Scan(&a.Records, &a.Lines, &a.Artefacts)
	if err != nil {
		return a, s.fault(err)
	}
	due, held, err := s.due(s.read, subject)
	if err != nil {
		return a, s.fault(err)
	}
	a.Due, a.Held, a.State = time.UnixMilli(due).UTC(), held, Erased
	if held || due > s.now() {
		a.State = Restricted
	}
	return a, nil
}
