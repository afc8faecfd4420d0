// Package companions keeps how people used services that keep company: it implements companion.Store on both engines.
//
// A turn is read and written in one transaction, so that turns at the same time count one after the other.
//
// What not to do here: no rule. Nothing here is a proof, so there is no record; never keep what was said.
package companions

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/internal/store"
)

// Companions implements [companion.Store].
type Companions struct{ store *store.Store }

var _ companion.Store = (*Companions)(nil)

// New makes the companions of a store.
func New(s *store.Store) *Companions { return &Companions{s} }

// Turn implements [companion.Store].
func (c *Companions) Turn(ctx context.Context, subject evidence.Subject, thread string, fn func(*companion.Use, *companion.Thread) error) error {
	return c.store.Keep(ctx, func(tx *store.Tx) error {
		var u companion.Use
		var t companion.Thread
		// The row is there and locked before it is read, so that two nodes take turns.
		if _, err := tx.Exec(`INSERT INTO companion_use (subject, began, last, told, day, spent) VALUES ($1, 0, 0, 0, '', 0)
			ON CONFLICT (subject) DO UPDATE SET spent = companion_use.spent`, string(subject)); err != nil {
			return err
		}
		var began, last, told, spent, from, to int64
		err := tx.QueryRow(`SELECT began, last, told, day, spent FROM companion_use WHERE subject = $1`, string(subject)).Scan(&began, &last, &told, &u.Day, &spent)
		if err != nil {
			return err
		}
		err = tx.QueryRow(`SELECT began, ended FROM companion_thread WHERE subject = $1 AND thread = $2`, string(subject), thread).Scan(&from, &to)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		u.Began, u.Last, u.Told, u.Spent = moment(began), moment(last), moment(told), time.Duration(spent)*time.Millisecond
		t.Began, t.Ended = moment(from), moment(to)
		if err := fn(&u, &t); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE companion_use SET began = $2, last = $3, told = $4, day = $5, spent = $6 WHERE subject = $1`,
			string(subject), millis(u.Began), millis(u.Last), millis(u.Told), u.Day, u.Spent.Milliseconds()); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO companion_thread (subject, thread, began, ended, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (subject, thread) DO UPDATE SET began = $3, ended = $4, at = $5`, string(subject), thread, millis(t.Began), millis(t.Ended), millis(u.Last))
		return err
	})
}

// Sweep forgets what was not used since a time.
func (c *Companions) Sweep(ctx context.Context, before time.Time) error {
	return c.store.Keep(ctx, func(tx *store.Tx) error {
		_, a := tx.Exec(`DELETE FROM companion_thread WHERE at < $1`, before.UnixMilli())
		_, b := tx.Exec(`DELETE FROM companion_use WHERE last < $1`, before.UnixMilli())
		return errors.Join(a, b)
	})
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
