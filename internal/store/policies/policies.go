// Package policies keeps decision tables, their releases and the journal of judgements in the store: it implements
// policy.Store and screen.Journal on both engines.
//
// The rows of the journal hold categories, levels and lengths, and no text. They go with what is sealed about their
// subject: when it is erased, and when its period is over (package store).
//
// What not to do here: no rule. Who may release a table, and what a judgement says, is decided in packages policy and
// screen; here a change is made whole or not at all.
package policies

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
)

// Policies implements [policy.Store] and [screen.Journal].
type Policies struct{ store *store.Store }

var (
	_ policy.Store   = (*Policies)(nil)
	_ screen.Journal = (*Policies)(nil)
)

// New makes the policies of a store.
func New(s *store.Store) *Policies { return &Policies{s} }

// Add implements [policy.Store].
func (p *Policies) Add(ctx context.Context, rec evidence.Record, v policy.Version) error {
	body, err := json.Marshal(v.Table)
	if err != nil {
		return err
	}
	return write(ctx, p.store.Write, rec, func(tx *store.Tx) error {
		n, err := store.Changed(tx.Exec(`INSERT INTO policy_version (version, digest, body, origin, reason, proposer, at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (version) DO NOTHING`,
			v.Table.Version, v.Digest[:], string(body), v.Origin, v.Reason, v.By, v.At.UnixMilli()))
		if err == nil && n == 0 {
			return policy.ErrExists
		}
		return err
	})
}

// Compared implements [policy.Store].
func (p *Policies) Compared(ctx context.Context, rec evidence.Record, c policy.Comparison) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return write(ctx, p.store.Write, rec, func(tx *store.Tx) error {
		n, err := store.Changed(tx.Exec(`UPDATE policy_version SET comparison = $1 WHERE version = $2`, string(text), c.Version))
		if err == nil && n == 0 {
			return policy.ErrMissing
		}
		return err
	})
}

// Release implements [policy.Store].
func (p *Policies) Release(ctx context.Context, rec evidence.Record, r policy.Release) error {
	return write(ctx, p.store.Write, rec, func(tx *store.Tx) error {
		var known, last int64
		err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM policy_version WHERE version = $1), (SELECT COALESCE(MAX(number), 0) FROM policy_release)`, r.Version).Scan(&known, &last)
		switch {
		case err != nil:
			return err
		case known == 0:
			return policy.ErrMissing
		case r.Number != last+1:
			return policy.ErrChanged
		}
		_, err = tx.Exec(`INSERT INTO policy_release (number, version, releaser, at) VALUES ($1, $2, $3, $4)`, r.Number, r.Version, r.By, r.At.UnixMilli())
		return err
	})
}

// Opened implements [screen.Journal].
func (p *Policies) Opened(ctx context.Context, rec evidence.Record) error {
	return write(ctx, p.store.WriteSoon, rec, func(*store.Tx) error { return nil })
}

// Judged implements [screen.Journal].
func (p *Policies) Judged(ctx context.Context, rec evidence.Record, j policy.Judged) error {
	var facts any
	if len(j.Facts) > 0 {
		text, err := json.Marshal(j.Facts)
		if err != nil {
			return err
		}
		facts = string(text)
	}
	var about []string
	if j.About != "" {
		about = []string{j.About}
	}
	return write(ctx, p.store.WriteSoon, rec, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO judgement (id, at, subject, surface, class, function, action, verdict, policy, library, facts, about) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			j.ID, j.At.UnixMilli(), string(j.Subject), j.Surface, j.Class, j.Function, int64(j.Action), int64(j.Verdict), j.Policy, j.Library, facts, j.About)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, f := range j.Facts {
			if f.Level == policy.LevelUnknown || seen[f.Category] {
				continue
			}
			seen[f.Category] = true
			if _, err := tx.Exec(`INSERT INTO judgement_category (category, at, id) VALUES ($1, $2, $3)`, f.Category, j.At.UnixMilli(), j.ID); err != nil {
				return err
			}
		}
		return nil
	}, about...)
}

// write makes a change with its record. The record comes first: its number is drawn from a row that stays locked, so that
// changes on several nodes come one after the other.
func write(ctx context.Context, commit func(context.Context, func(*store.Tx) error) error, rec evidence.Record, fn func(*store.Tx) error, about ...string) error {
	err := commit(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(rec, about...); err != nil {
			return err
		}
		return fn(tx)
	})
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == store.CodeKeyErased {
		return errors.Join(policy.ErrForgotten, err)
	}
	return err
}

// Versions implements [policy.Store].
func (p *Policies) Versions(ctx context.Context, q policy.VersionQuery) ([]policy.Version, error) {
	var w store.Where
	if q.Version != "" {
		w.Add(`version = ?`, q.Version)
	}
	if q.InForce {
		w.And(`version = (SELECT version FROM policy_release ORDER BY number DESC LIMIT 1)`)
	}
	if q.Offered {
		w.And(`at > COALESCE((SELECT MAX(r.at) FROM policy_release r), 0) AND NOT EXISTS (SELECT 1 FROM policy_release r WHERE r.version = policy_version.version)`)
	}
	w.Beyond(`<`, `at`, `version`, q.After.At.UnixMilli(), q.After.Name)
	list, err := store.Collect(ctx, p.store, func(row store.Row) (v policy.Version, err error) {
		var digest []byte
		var body string
		var comparison sql.NullString
		var at int64
		if err := row.Scan(&digest, &body, &v.Origin, &v.Reason, &v.By, &at, &comparison); err != nil {
			return v, err
		}
		copy(v.Digest[:], digest)
		v.At = moment(at)
		if comparison.Valid {
			v.Comparison = &policy.Comparison{}
			err = json.Unmarshal([]byte(comparison.String), v.Comparison)
		}
		return v, errors.Join(err, json.Unmarshal([]byte(body), &v.Table))
	}, `SELECT digest, body, origin, reason, proposer, at, comparison FROM policy_version`+w.Text+` ORDER BY at DESC, version DESC LIMIT `+strconv.Itoa(q.Limit), w.Args...)
	if err != nil {
		return nil, err
	}
	for i := range list {
		v := &list[i]
		v.Releases, err = store.Collect(ctx, p.store, func(row store.Row) (r policy.Release, err error) {
			var at int64
			err = row.Scan(&r.Number, &r.Version, &r.By, &at)
			r.At = moment(at)
			return r, err
		}, `SELECT number, version, releaser, at FROM policy_release WHERE version = $1 ORDER BY number`, v.Table.Version)
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Past implements [policy.Store].
func (p *Policies) Past(ctx context.Context, q policy.PastQuery) ([]policy.Judged, error) {
	from, at, id := `judgement j`, `j.at`, `j.id`
	var w store.Where
	if q.Category != "" {
		from, at, id = `judgement_category c JOIN judgement j ON j.id = c.id`, `c.at`, `c.id`
		w.Add(`c.category = ?`, q.Category)
	}
	if q.ID != "" {
		w.Add(id+` = ?`, q.ID)
	}
	if !q.From.IsZero() {
		w.Add(at+` >= ?`, q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		w.Add(at+` < ?`, q.To.UnixMilli())
	}
	if q.Action != 0 {
		w.Add(`j.action = ?`, int64(q.Action))
		if q.Action != policy.Allow {
			w.And(`j.action > 1`) // what the index holds
		}
	}
	if q.Subject != "" {
		w.Add(`j.subject = ?`, string(q.Subject))
	}
	if q.About != "" {
		w.And(`j.about <> ''`) // what the index holds
		w.Add(`j.about = ?`, q.About)
	}
	if q.Surface != "" {
		w.Add(`j.surface = ?`, q.Surface)
	}
	var verdicts []any
	for _, v := range q.Verdicts {
		verdicts = append(verdicts, int64(v))
	}
	if w.In(`j.verdict`, verdicts...); slices.Equal(q.Verdicts, []colophon.Verdict{colophon.Unknown}) {
		w.And(`j.verdict = 0`) // what the index holds
	}
	if q.WithFacts {
		w.And(`j.facts IS NOT NULL`)
	}
	w.And(`j.subject NOT IN (SELECT subject FROM erasure WHERE done IS NULL)`)
	w.Beyond(`<`, at, id, q.After.At.UnixMilli(), q.After.Name)
	return store.Collect(ctx, p.store, func(row store.Row) (j policy.Judged, err error) {
		var at int64
		var facts sql.NullString
		if err := row.Scan(&j.ID, &at, &j.Subject, &j.Surface, &j.Class, &j.Function, &j.Action, &j.Verdict, &j.Policy, &j.Library, &facts, &j.About); err != nil {
			return j, err
		}
		j.At = moment(at)
		if facts.Valid {
			err = json.Unmarshal([]byte(facts.String), &j.Facts)
		}
		return j, err
	}, `SELECT j.id, j.at, j.subject, j.surface, j.class, j.function, j.action, j.verdict, j.policy, j.library, j.facts, j.about FROM `+from+w.Text+
		` ORDER BY `+at+` DESC, `+id+` DESC LIMIT `+strconv.Itoa(q.Limit), w.Args...)
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
