// Package features keeps the feature library in the store: it implements library.Store and library.SampleStore on both
// engines.
//
// A feature's content and how far it got lie in one row. Which features were active in a version follows from the numbers
// of the versions that they came and went with, so a version can be read again after others were made.
//
// What not to do here: no rule. Which step comes after which, and who may take it, is decided in package library; here a
// change is made whole or not at all. Samples are kept as they come, sealed.
package features

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/progress"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// rowsAtOnce is how many features one statement inserts. The SQLite driver looks up each argument by its name among all of
// them, so many at once take longer.
const rowsAtOnce = 8

// Features implements [library.Store] and [library.SampleStore].
type Features struct{ store *store.Store }

var (
	_ library.Store       = (*Features)(nil)
	_ library.SampleStore = (*Features)(nil)
)

// New makes the features of a store.
func New(s *store.Store) *Features { return &Features{s} }

// write makes a change with its record. The record comes first: its number is drawn from a row that stays locked, so that
// changes on several nodes come one after the other.
func (s *Features) write(ctx context.Context, rec evidence.Record, about []string, fn func(*store.Tx) error) error {
	err := s.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(rec, about...); err != nil {
			return err
		}
		return fn(tx)
	})
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == store.CodeKeyErased {
		return errors.Join(library.ErrForgotten, err)
	}
	return err
}

// Propose implements [library.Store].
func (s *Features) Propose(ctx context.Context, rec evidence.Record, about []string, b library.Batch, features []library.Feature) error {
	return s.write(ctx, rec, about, func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO feature_batch (id, proposer, at, origin, digest, count) VALUES ($1, $2, $3, $4, $5, $6)`,
			b.ID, b.Proposer, b.Proposed.UnixMilli(), b.Origin, b.Digest[:], int64(b.Count)); err != nil {
			return err
		}
		done := 0
		for part := range slices.Chunk(features, rowsAtOnce) {
			if err := insert(tx, b.ID, part); err != nil {
				return err
			}
			done += len(part)
			progress.Tell(ctx, int64(done), int64(len(features)))
		}
		return nil
	})
}

func insert(tx *store.Tx, batch string, part []library.Feature) error {
	var q query
	rows := make([]string, len(part))
	for i := range part {
		f := &part[i]
		key := f.Key()
		rows[i] = tuple[any](&q, f.ID, batch, string(f.Kind), f.Value, strings.Join(f.Aliases, "\n"), string(f.Category), f.Level.String(), f.Language, f.Source, milliseconds(f.From), milliseconds(f.Until),
			flag(f.Anywhere), f.Standard, f.Reason, key[:], string(f.State), f.Reviewer, f.Changed.UnixMilli(), f.Since, f.Gone)
	}
	n, err := store.Changed(tx.Exec(`INSERT INTO feature (id, batch, kind, value, aliases, category, level, language, source, begins, ends, anywhere, standard, reason, live_key, state, reviewer, changed, since, gone)
		VALUES `+strings.Join(rows, ",")+` ON CONFLICT DO NOTHING`, q.args...))
	if err != nil || n == int64(len(part)) {
		return err
	}
	for i := range part {
		var id string
		key := part[i].Key()
		err := tx.QueryRow(`SELECT id FROM feature WHERE batch <> $1 AND (id = $2 OR live_key = $3)`, batch, part[i].ID, key[:]).Scan(&id)
		if err == nil {
			return errors.Join(library.ErrExists, &library.ExistsError{ID: id})
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return library.ErrExists
}

// Move implements [library.Store].
func (s *Features) Move(ctx context.Context, rec evidence.Record, about []string, m library.Move) error {
	return s.write(ctx, rec, about, func(tx *store.Tx) error {
		if m.Version != nil {
			var latest int64
			if err := tx.QueryRow(`SELECT COALESCE(MAX(number), 0) FROM feature_version`).Scan(&latest); err != nil {
				return err
			}
			if m.Version.Number != latest+1 {
				return library.ErrChanged
			}
			v := m.Version
			if _, err := tx.Exec(`INSERT INTO feature_version (number, at, count, digest) VALUES ($1, $2, $3, $4)`, v.Number, v.At.UnixMilli(), int64(v.Count), v.Digest[:]); err != nil {
				return err
			}
		}
		var n int64
		for ids := range slices.Chunk(m.IDs, library.MaxNamed) {
			part, err := move(tx, m, ids)
			if err != nil {
				return err
			}
			n += part
		}
		if len(m.IDs) == 0 {
			var err error
			if n, err = move(tx, m, nil); err != nil {
				return err
			}
		}
		if n != int64(m.Count) {
			return library.ErrChanged
		}
		return nil
	})
}

// move moves the features that fit, of some identifiers where there are any, and returns how many there were.
func move(tx *store.Tx, m library.Move, ids []string) (int64, error) {
	var q query
	set := `state = ` + q.arg(string(m.To)) + `, changed = ` + q.arg(m.At.UnixMilli())
	if m.Reviewer != "" {
		set += `, reviewer = ` + q.arg(m.Reviewer)
	}
	switch {
	case m.Version != nil && m.To == library.Active:
		set += `, since = ` + q.arg(m.Version.Number)
	case m.Version != nil:
		set += `, gone = ` + q.arg(m.Version.Number)
	}
	if !m.To.Live() {
		set += `, live_key = NULL`
	}
	if m.Batch != "" {
		q.where(`batch = ` + q.arg(m.Batch))
	}
	if len(ids) > 0 {
		q.where(`id IN ` + tuple(&q, ids...))
	}
	from := make([]string, len(m.From))
	for i, s := range m.From {
		from[i] = string(s)
	}
	q.where(`state IN ` + tuple(&q, from...))
	return store.Changed(tx.Exec(`UPDATE feature SET `+set+q.text, q.args...))
}

const columns = `f.id, f.batch, f.kind, f.value, f.aliases, f.category, f.level, f.language, f.source, f.begins, f.ends, f.anywhere, f.standard, f.reason, f.state, f.reviewer, f.changed, f.since, f.gone, b.proposer, b.at
	FROM feature f JOIN feature_batch b ON b.id = f.batch`

func scanFeature(row store.Row) (library.Feature, error) {
	var f library.Feature
	var aliases, level string
	var anywhere, begins, ends, changed, proposed int64
	err := row.Scan(&f.ID, &f.Batch, &f.Kind, &f.Value, &aliases, &f.Category, &level, &f.Language, &f.Source, &begins, &ends, &anywhere, &f.Standard, &f.Reason, &f.State, &f.Reviewer, &changed, &f.Since, &f.Gone,
		&f.Proposer, &proposed)
	if aliases != "" {
		f.Aliases = strings.Split(aliases, "\n")
	}
	f.Anywhere = anywhere != 0
	if l, ok := keyword.ParseLevel(level); ok {
		f.Level = l
	} else if err == nil {
		err = errors.New("a feature has no level")
	}
	f.From, f.Until, f.Changed, f.Proposed = moment(begins), moment(ends), moment(changed), moment(proposed)
	return f, err
}

// Features implements [library.Store].
func (s *Features) Features(ctx context.Context, want library.Query) ([]library.Feature, error) {
	var q query
	if len(want.IDs) > 0 {
		q.where(`f.id IN ` + tuple(&q, want.IDs...))
	}
	if want.Batch != "" {
		q.where(`f.batch = ` + q.arg(want.Batch))
	}
	if want.State != "" {
		q.where(`f.state = ` + q.arg(string(want.State)))
	}
	if want.Kind != "" {
		q.where(`f.kind = ` + q.arg(string(want.Kind)))
	}
	if want.Category != "" {
		q.where(`f.category = ` + q.arg(string(want.Category)))
	}
	if want.Contains != "" {
		// SQLite folds letters of ASCII alone, in lower and in LIKE; PostgreSQL others too, and none in LIKE.
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(want.Contains) + "%"
		q.where(`(f.value LIKE ` + q.arg(like) + ` ESCAPE '\' OR lower(f.value) LIKE lower(` + q.arg(like) + `) ESCAPE '\')`)
	}
	if want.At > 0 {
		at := q.arg(want.At)
		q.where(`f.since > 0 AND f.since <= ` + at + ` AND (f.gone = 0 OR f.gone > ` + at + `)`)
	}
	if want.After != "" {
		q.where(`f.id > ` + q.arg(want.After))
	}
	return store.Collect(ctx, s.store, scanFeature, `SELECT `+columns+q.text+` ORDER BY f.id LIMIT `+strconv.Itoa(want.Limit), q.args...)
}

// Batches implements [library.Store].
func (s *Features) Batches(ctx context.Context, want library.BatchQuery) ([]library.Batch, error) {
	var q query
	if want.ID != "" {
		q.where(`id = ` + q.arg(want.ID))
	}
	if want.Below != "" {
		q.where(`id < ` + q.arg(want.Below))
	}
	if len(want.States) > 0 {
		var states []string
		for _, state := range want.States {
			states = append(states, string(state))
		}
		q.where(`EXISTS (SELECT 1 FROM feature f WHERE f.batch = feature_batch.id AND f.state IN ` + tuple(&q, states...) + `)`)
	}
	list, err := store.Collect(ctx, s.store, func(row store.Row) (library.Batch, error) {
		b := library.Batch{States: map[library.State]int{}}
		var at int64
		var digest []byte
		err := row.Scan(&b.ID, &b.Proposer, &at, &b.Origin, &digest, &b.Count)
		b.Proposed = moment(at)
		copy(b.Digest[:], digest)
		return b, err
	}, `SELECT id, proposer, at, origin, digest, count FROM feature_batch`+q.text+` ORDER BY id DESC LIMIT `+strconv.Itoa(want.Limit), q.args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list, s.count(ctx, list)
}

// count fills in how many features of each batch are in each state.
func (s *Features) count(ctx context.Context, list []library.Batch) error {
	at := map[string]int{}
	var ids []string
	for i := range list {
		at[list[i].ID] = i
		ids = append(ids, list[i].ID)
	}
	var q query
	q.where(`batch IN ` + tuple(&q, ids...))
	_, err := store.Collect(ctx, s.store, func(row store.Row) (struct{}, error) {
		var batch string
		var state library.State
		var n int
		err := row.Scan(&batch, &state, &n)
		if i, ok := at[batch]; ok {
			list[i].States[state] = n
		}
		return struct{}{}, err
	}, `SELECT batch, state, COUNT(*) FROM feature`+q.text+` GROUP BY batch, state`, q.args...)
	return err
}

// Versions implements [library.Store].
func (s *Features) Versions(ctx context.Context, below int64, limit int) ([]library.Version, error) {
	var q query
	if below > 0 {
		q.where(`number < ` + q.arg(below))
	}
	return store.Collect(ctx, s.store, func(row store.Row) (library.Version, error) {
		var v library.Version
		var at int64
		var digest []byte
		err := row.Scan(&v.Number, &at, &v.Count, &digest)
		v.At = moment(at)
		copy(v.Digest[:], digest)
		return v, err
	}, `SELECT number, at, count, digest FROM feature_version`+q.text+` ORDER BY number DESC LIMIT `+strconv.Itoa(limit), q.args...)
}

// AddSamples implements [library.SampleStore].
func (s *Features) AddSamples(ctx context.Context, rec evidence.Record, list []library.Sample) error {
	return s.write(ctx, rec, nil, func(tx *store.Tx) error {
		for _, x := range list {
			tx.DataKey(x.Text.Key)
			if _, err := tx.Exec(`INSERT INTO feature_sample (id, subject, origin, added, ends, key_id, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				x.ID, string(x.Subject), x.Origin, x.Added.UnixMilli(), x.Until.UnixMilli(), x.Text.Key.ID, x.Text.Box); err != nil {
				return err
			}
		}
		return nil
	})
}

// Samples implements [library.SampleStore].
func (s *Features) Samples(ctx context.Context, want library.SampleQuery) ([]library.Sample, error) {
	var q query
	if !want.Valid.IsZero() {
		q.where(`s.ends > ` + q.arg(want.Valid.UnixMilli()))
	}
	if !want.Due.IsZero() {
		q.where(`s.ends <= ` + q.arg(want.Due.UnixMilli()))
	}
	if want.After != "" {
		q.where(`s.id > ` + q.arg(want.After))
	}
	return store.Collect(ctx, s.store, func(row store.Row) (library.Sample, error) {
		var x library.Sample
		var added, ends int64
		var subject, envelope sql.NullString
		err := row.Scan(&x.ID, &x.Subject, &x.Origin, &added, &ends, &x.Text.Key.ID, &x.Text.Box, &subject, &envelope, &x.Text.Key.Wrapped)
		x.Added, x.Until = moment(added), moment(ends)
		x.Text.Key.Subject, x.Text.Key.Envelope = evidence.Subject(subject.String), envelope.String
		return x, err
	}, `SELECT s.id, s.subject, s.origin, s.added, s.ends, s.key_id, s.sealed, k.subject, k.envelope, k.wrapped
		FROM feature_sample s LEFT JOIN subject_key k ON k.id = s.key_id`+q.text+` ORDER BY s.id LIMIT `+strconv.Itoa(want.Limit), q.args...)
}

// RemoveSamples implements [library.SampleStore].
func (s *Features) RemoveSamples(ctx context.Context, rec evidence.Record, ids []string) error {
	return s.write(ctx, rec, nil, func(tx *store.Tx) error {
		var q query
		q.where(`id IN ` + tuple(&q, ids...))
		n, err := store.Changed(tx.Exec(`DELETE FROM feature_sample`+q.text, q.args...))
		if err == nil && n != int64(len(ids)) {
			return library.ErrChanged
		}
		return err
	})
}

// query collects conditions and their arguments.
type query struct {
	text string
	args []any
}

func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

func (q *query) where(condition string) {
	word := " AND "
	if q.text == "" {
		word = " WHERE "
	}
	q.text += word + condition
}

// tuple adds several arguments and returns ($1, $2, $3).
func tuple[T any](q *query, args ...T) string {
	places := make([]string, len(args))
	for i, a := range args {
		places[i] = q.arg(a)
	}
	return "(" + strings.Join(places, ",") + ")"
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
