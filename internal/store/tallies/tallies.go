// Package tallies keeps counters and buckets in the store: it implements standing.Tallies on both engines.
//
// A counter of events is a row for each portion of time in which there was one; a counter of different things is a row for
// each thing, with the time at which it was seen last. A bucket is one row, and one statement both looks whether a request
// may pass and counts it, so that nodes on one database never let through more than they should together.
//
// What not to do here: no rule and no window. Nothing here is a proof, so there is no record; never keep what somebody
// decided.
package tallies

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/standing"
)

// Tallies implements [standing.Tallies].
type Tallies struct{ store *store.Store }

var _ standing.Tallies = (*Tallies)(nil)

// New makes the tallies of a store.
func New(s *store.Store) *Tallies { return &Tallies{s} }

// Count implements [standing.Tallies]. Rows are changed in one order, so that nodes do not wait for each other in a circle.
func (t *Tallies) Count(ctx context.Context, at time.Time, changes []standing.Change, questions []standing.Question) ([]int64, error) {
	if len(changes) == 0 {
		values, err := ask(questions, func(query string, args ...any) *sql.Row { return t.store.QueryRow(ctx, query, args...) })
		return values, t.store.Fault(err)
	}
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b standing.Change) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Counter, b.Counter), a.Bucket.Compare(b.Bucket), cmp.Compare(a.Member, b.Member))
	})
	var values []int64
	err := t.store.Keep(ctx, func(tx *store.Tx) error {
		for _, c := range changes {
			if err := change(tx, c, at.UnixMilli()); err != nil {
				return err
			}
		}
		var err error
		values, err = ask(questions, tx.QueryRow)
		return err
	})
	return values, err
}

func change(tx *store.Tx, c standing.Change, at int64) error {
	var err error
	switch {
	case c.Reset:
		_, err = tx.Exec(`DELETE FROM tally_member WHERE owner = $1 AND counter = $2`, string(c.Owner), c.Counter)
	case c.Member != "":
		_, err = tx.Exec(`INSERT INTO tally_member (owner, counter, member, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (owner, counter, member) DO UPDATE SET at = $4`, string(c.Owner), c.Counter, c.Member, at)
	default:
		_, err = tx.Exec(`INSERT INTO tally (owner, counter, bucket, value, at) VALUES ($1, $2, $3, 1, $4)
			ON CONFLICT (owner, counter, bucket) DO UPDATE SET value = tally.value + 1, at = $4`, string(c.Owner), c.Counter, c.Bucket.UnixMilli(), at)
	}
	return err
}

func ask(questions []standing.Question, row func(query string, args ...any) *sql.Row) ([]int64, error) {
	values := make([]int64, len(questions))
	for i, q := range questions {
		query := `SELECT COALESCE(SUM(value), 0) FROM tally WHERE owner = $1 AND counter = $2 AND bucket >= $3`
		if q.Members {
			query = `SELECT COUNT(*) FROM tally_member WHERE owner = $1 AND counter = $2 AND at > $3`
		}
		since := int64(-1) // all
		if !q.Since.IsZero() {
			since = q.Since.UnixMilli()
		}
		if err := row(query, string(q.Owner), q.Counter, since).Scan(&values[i]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Take implements [standing.Tallies]: standing.Taking.Next as one statement.
func (t *Tallies) Take(ctx context.Context, k standing.Taking) (time.Time, bool, error) {
	now, most := k.Now.UnixNano(), time.Duration(k.Burst)*k.Interval
	var empty int64
	ok := false
	err := t.store.Keep(ctx, func(tx *store.Tx) error {
		ok = true
		err := tx.QueryRow(`INSERT INTO quota (name, subject, empty) VALUES ($1, $2, CAST($3 AS BIGINT) + CAST($4 AS BIGINT))
			ON CONFLICT (name) DO UPDATE SET empty = CASE WHEN quota.empty < $3 THEN CAST($3 AS BIGINT) ELSE quota.empty END + $4 WHERE quota.empty + $4 - $3 <= $5
			RETURNING empty`, k.Key, string(k.Subject), now, int64(k.Interval), int64(most)).Scan(&empty)
		if errors.Is(err, sql.ErrNoRows) {
			ok = false
			err = tx.QueryRow(`SELECT empty FROM quota WHERE name = $1`, k.Key).Scan(&empty)
		}
		return err
	})
	return time.Unix(0, empty).UTC(), ok, err
}

// Sweep implements [standing.Tallies].
func (t *Tallies) Sweep(ctx context.Context, unchanged, empty time.Time) error {
	return t.store.Keep(ctx, func(tx *store.Tx) error {
		_, a := tx.Exec(`DELETE FROM tally WHERE at < $1`, unchanged.UnixMilli())
		_, b := tx.Exec(`DELETE FROM tally_member WHERE at < $1`, unchanged.UnixMilli())
		_, c := tx.Exec(`DELETE FROM quota WHERE empty < $1`, empty.UnixNano())
		return errors.Join(a, b, c)
	})
}
