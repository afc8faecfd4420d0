// Package ledgers keeps ledgers in the store: it implements evidence/ledger.Store for any value, and evidence/ledger.Feed,
// on both engines.
//
// All ledgers share one pair of tables. Identity, version, state, subject and the time at which an entry wants to be looked
// at are columns; what it is found by is rows of the other table; its value is JSON. That an entry changes only from the
// version that was read is the work of one statement.
//
// What not to do here: no rule, and no query into a value. What an entry has to be found by is a key of it.
package ledgers

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
)

// Of returns the ledger of a name, which is the same for all time.
func Of[T any](s *store.Store, name string) ledger.Store[T] { return &book[T]{store: s, name: name} }

// Joined is [Of] whose changes run a function in the same transaction, once the entries stand there: a job that has to
// follow from a change then exists if and only if the change was committed. Of an entry that is added Version is 0.
func Joined[T any](s *store.Store, name string, also func(context.Context, *store.Tx, []ledger.Entry[T]) error) ledger.Store[T] {
	return &book[T]{s, name, also}
}

type book[T any] struct {
	store *store.Store
	name  string
	also  func(context.Context, *store.Tx, []ledger.Entry[T]) error // nil for nothing
}

// Add implements ledger.Store.
func (b *book[T]) Add(ctx context.Context, rec evidence.Record, entries ...ledger.Entry[T]) error {
	return b.write(ctx, rec, entries, func(tx *store.Tx, seq uint64, e ledger.Entry[T], value string) error {
		key, box := sealed(tx, e)
		n, err := store.Changed(tx.Exec(`INSERT INTO ledger_entry (ledger, id, version, subject, state, due, made, changed, value, key_id, sealed, seq)
			VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
			b.name, e.ID, string(e.Subject), e.State, ms(e.Due), ms(e.Made), ms(e.Changed), value, key, box, int64(seq)))
		if err == nil && n == 0 {
			err = ledger.ErrExists
		}
		if err != nil {
			return err
		}
		return b.index(tx, e)
	})
}

// Amend implements ledger.Store.
func (b *book[T]) Amend(ctx context.Context, rec evidence.Record, entries ...ledger.Entry[T]) error {
	return b.write(ctx, rec, entries, func(tx *store.Tx, seq uint64, e ledger.Entry[T], value string) error {
		key, box := sealed(tx, e)
		n, err := store.Changed(tx.Exec(`UPDATE ledger_entry SET version = version + 1, state = $1, due = $2, changed = $3, value = $4, key_id = $5, sealed = $6, seq = $7
			WHERE ledger = $8 AND id = $9 AND version = $10`,
			e.State, ms(e.Due), ms(e.Changed), value, key, box, int64(seq), b.name, e.ID, e.Version))
		if err != nil {
			return err
		}
		if n == 0 {
			var version int64
			err := tx.QueryRow(`SELECT version FROM ledger_entry WHERE ledger = $1 AND id = $2`, b.name, e.ID).Scan(&version)
			if errors.Is(err, sql.ErrNoRows) {
				return ledger.ErrMissing
			}
			return errors.Join(ledger.ErrChanged, err)
		}
		if _, err := tx.Exec(`DELETE FROM ledger_key WHERE ledger = $1 AND id = $2`, b.name, e.ID); err != nil {
			return err
		}
		return b.index(tx, e)
	})
}

// write makes a change of entries with its record. The record comes first: its number is drawn from a row that stays
// locked, so that changes on several nodes come one after the other, and the feed shows them in the order of their numbers.
func (b *book[T]) write(ctx context.Context, rec evidence.Record, entries []ledger.Entry[T], put func(tx *store.Tx, seq uint64, e ledger.Entry[T], value string) error) error {
	values, about := make([]string, len(entries)), make([]string, len(entries))
	for i, e := range entries {
		raw, err := json.Marshal(e.Value)
		if err != nil {
			return err
		}
		values[i], about[i] = string(raw), e.ID
	}
	err := b.store.Write(ctx, func(tx *store.Tx) error {
		seq, err := tx.Record(rec, about...)
		if err != nil {
			return err
		}
		for i, e := range entries {
			if err := put(tx, seq, e, values[i]); err != nil {
				return err
			}
		}
		if b.also != nil {
			return b.also(ctx, tx, entries)
		}
		return nil
	})
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == store.CodeKeyErased {
		return errors.Join(ledger.ErrForgotten, err)
	}
	return err
}

// index writes what an entry is found by.
func (b *book[T]) index(tx *store.Tx, e ledger.Entry[T]) error {
	for _, k := range e.Keys {
		n, err := store.Changed(tx.Exec(`INSERT INTO ledger_key (ledger, name, value, id, sole, personal) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			b.name, k.Name, k.Value, e.ID, bit(k.Unique), bit(k.Personal)))
		if err == nil && n == 0 {
			err = ledger.ErrExists
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Find implements ledger.Store.
func (b *book[T]) Find(ctx context.Context, q ledger.Query) ([]ledger.Entry[T], error) {
	w := b.where(q)
	order := `e.id`
	if q.Newest {
		order += ` DESC`
	}
	if q.After != "" {
		w.Add(map[bool]string{false: `e.id > ?`, true: `e.id < ?`}[q.Newest], q.After)
	}
	limit := q.Limit
	if limit <= 0 || limit > ledger.MaxPage {
		limit = ledger.MaxPage
	}
	list, err := store.Collect(ctx, b.store, scan[T], `SELECT e.id, e.version, e.subject, e.state, e.due, e.made, e.changed, e.value, e.sealed, k.id, k.subject, k.envelope, k.wrapped, x.subject, x.done
		FROM ledger_entry e LEFT JOIN subject_key k ON k.id = e.key_id LEFT JOIN erasure x ON x.subject = e.subject`+w.Text+` ORDER BY `+order+` LIMIT `+strconv.Itoa(limit), w.Args...)
	if err != nil || len(list) == 0 {
		return list, err
	}
	return list, b.keys(ctx, list)
}

// Count implements ledger.Store.
func (b *book[T]) Count(ctx context.Context, q ledger.Query) (int, error) {
	w := b.where(q)
	n := 0
	err := b.store.QueryRow(ctx, `SELECT COUNT(*) FROM ledger_entry e`+w.Text, w.Args...).Scan(&n)
	return n, b.store.Fault(err)
}

func (b *book[T]) where(q ledger.Query) store.Where {
	var w store.Where
	w.Add(`e.ledger = ?`, b.name)
	if q.ID != "" {
		w.Add(`e.id = ?`, q.ID)
	}
	if q.Subject != "" {
		w.Add(`e.subject = ?`, string(q.Subject))
	}
	if !q.Due.IsZero() {
		w.Add(`e.due > 0 AND e.due <= ?`, ms(q.Due))
	}
	if len(q.States) > 0 {
		w.And(`e.state IN (` + list(&w, len(q.States), func(i int) any { return q.States[i] }) + `)`)
	}
	for _, k := range q.Keys {
		at := strconv.Itoa(len(w.Args) + 1)
		w.Args = append(w.Args, k.Name, k.Value)
		w.And(`e.id IN (SELECT y.id FROM ledger_key y WHERE y.ledger = $1 AND y.name = $` + at + ` AND y.value = $` + strconv.Itoa(len(w.Args)) + `)`) // by the key first: SQLite would go over all entries for EXISTS
	}
	return w
}

// list adds values to the arguments, and returns their places.
func list(w *store.Where, n int, value func(int) any) string {
	places := make([]string, n)
	for i := range places {
		w.Args = append(w.Args, value(i))
		places[i] = "$" + strconv.Itoa(len(w.Args))
	}
	return strings.Join(places, ", ")
}

// keys reads what entries are found by.
func (b *book[T]) keys(ctx context.Context, entries []ledger.Entry[T]) error {
	place := make(map[string]*ledger.Entry[T], len(entries))
	for i := range entries {
		place[entries[i].ID] = &entries[i]
	}
	var w store.Where
	w.Add(`ledger = ?`, b.name)
	w.And(`id IN (` + list(&w, len(entries), func(i int) any { return entries[i].ID }) + `)`)
	type row struct {
		id             string
		key            ledger.Key
		sole, personal int64
	}
	rows, err := store.Collect(ctx, b.store, func(r store.Row) (k row, err error) {
		return k, r.Scan(&k.id, &k.key.Name, &k.key.Value, &k.sole, &k.personal)
	}, `SELECT id, name, value, sole, personal FROM ledger_key`+w.Text+` ORDER BY id, name, value`, w.Args...)
	for _, r := range rows {
		r.key.Unique, r.key.Personal = r.sole != 0, r.personal != 0
		if e := place[r.id]; e != nil {
			e.Keys = append(e.Keys, r.key)
		}
	}
	return err
}

func scan[T any](row store.Row) (ledger.Entry[T], error) {
	var e ledger.Entry[T]
	var value string
	var due, made, changed int64
	var s evidence.Sealed
	var key, subject, envelope, erasure sql.NullString
	var erased sql.NullInt64
	if err := row.Scan(&e.ID, &e.Version, &e.Subject, &e.State, &due, &made, &changed, &value, &s.Box, &key, &subject, &envelope, &s.Key.Wrapped, &erasure, &erased); err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(value), &e.Value); err != nil {
		return e, err
	}
	e.Due, e.Made, e.Changed, e.Kept = at(due), at(made), at(changed), ledger.None
	if s.Box != nil {
		s.Key.ID, s.Key.Subject, s.Key.Envelope = key.String, evidence.Subject(subject.String), envelope.String
		e.Sealed, e.Kept = &s, ledger.Whole
	}
	switch {
	case erased.Valid:
		e.Kept = ledger.Erased
	case erasure.Valid && e.Sealed != nil:
		e.Kept = ledger.Restricted
	}
	return e, nil
}

// Feed tells what changed in all ledgers of a store.
func Feed(s *store.Store) ledger.Feed { return feed{s} }

type feed struct{ store *store.Store }

// Changes implements ledger.Feed. What one record proves is never cut in two, though it be more than the limit.
func (f feed) Changes(ctx context.Context, after uint64, limit int) ([]ledger.Change, error) {
	return store.Collect(ctx, f.store, func(r store.Row) (c ledger.Change, err error) {
		var seq int64
		err = r.Scan(&seq, &c.Ledger, &c.ID, &c.Subject)
		c.Sequence = uint64(seq)
		return c, err
	}, `SELECT seq, ledger, id, subject FROM ledger_entry WHERE seq > $1
		AND seq <= COALESCE((SELECT seq FROM ledger_entry WHERE seq > $1 ORDER BY seq LIMIT 1 OFFSET $2), $3) ORDER BY seq, ledger, id`, int64(after), max(limit, 1)-1, int64(math.MaxInt64))
}

// Head implements ledger.Feed.
func (f feed) Head(ctx context.Context) (uint64, error) {
	var seq int64
	err := f.store.QueryRow(ctx, `SELECT COALESCE(MAX(seq), 0) FROM ledger_entry`).Scan(&seq)
	return uint64(seq), f.store.Fault(err)
}

// sealed keeps the data key of what is sealed in an entry, and returns the columns of it.
func sealed[T any](tx *store.Tx, e ledger.Entry[T]) (key string, box []byte) {
	if e.Sealed == nil || e.Kept == ledger.Erased {
		return "", nil
	}
	if e.Kept != ledger.Restricted {
		tx.DataKey(e.Sealed.Key)
	}
	return e.Sealed.Key.ID, e.Sealed.Box
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
