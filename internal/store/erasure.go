package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// ErasureState is how far an erasure got.
type ErasureState string

const (
	// Restricted means that a statutory period runs or that a hold stands: what is under it is kept, nobody reads it, and
	// everything else was erased.
	Restricted ErasureState = "restricted"
	// Erased means that the subject's data keys are gone: nothing that was sealed for the subject can be read.
	Erased ErasureState = "erased"
)

// Erase erases what is sealed for a subject, as far as the law lets it, and restricts the rest. The record proves the
// erasure. It MUST NOT be about the subject itself but about [evidence.System], or its own payload would be erased too.
// Recorders in this process and others must then forget the subject's data key; they learn it from [CodeKeyErased].
func (s *Store) Erase(ctx context.Context, rec evidence.Record, subject evidence.Subject) (ErasureState, error) {
	if subject == evidence.System || rec.Subject != evidence.System {
		return "", &colophon.Error{Kind: colophon.Invalid, Code: evidence.CodeRecordInvalid, Args: colophon.Args{"field": "subject"}}
	}
	now := s.now()
	var state ErasureState
	err := s.Write(ctx, func(tx *Tx) (err error) {
		if _, err = tx.Record(rec); err != nil {
			return err
		}
		state, err = s.erase(tx, subject, now, now)
		return err
	})
	if err == nil {
		s.wipe(ctx)
	}
	return state, err
}

// erase does the work of Erase in a transaction.
func (s *Store) erase(tx *Tx, subject evidence.Subject, requested, now int64) (ErasureState, error) {
	if slices.ContainsFunc(tx.batch.keys, func(k evidence.DataKey) bool { return k.Subject == subject }) {
		tx.broken = errTogether // what shares the transaction is committed first, and then found
		return "", errTogether
	}
	// No period keeps a sample or a counter.
	for _, query := range []string{
		`DELETE FROM feature_sample WHERE subject = $1`,
		`DELETE FROM tally WHERE owner = $1`,
		`DELETE FROM tally_member WHERE owner = $1 OR member = $1`,
		`DELETE FROM quota WHERE subject = $1`,
		`DELETE FROM gateway_usage WHERE subject = $1`,
		`DELETE FROM companion_use WHERE subject = $1`,
		`DELETE FROM companion_thread WHERE subject = $1`,
		`UPDATE stream SET subject = '` + string(evidence.System) + `' WHERE subject = $1`, // what became of it is still recorded
	} {
		if _, err := tx.Exec(query, string(subject)); err != nil {
			return "", err
		}
	}
	due, held, err := s.due(tx, subject)
	if err != nil {
		return "", err
	}
	if !held && due <= now {
		for _, query := range []string{
			`UPDATE subject_key SET wrapped = NULL WHERE subject = $1`,
			`UPDATE record SET sealed = NULL WHERE subject = $1 AND sealed IS NOT NULL`,
			`DELETE FROM network_log WHERE subject = $1`,
			`DELETE FROM account_name WHERE subject = $1`,
			`DELETE FROM judgement WHERE subject = $1`,
			`UPDATE held_item SET sealed = NULL, key_id = '', ends = 1, version = version + 1 WHERE subject = $1 AND sealed IS NOT NULL`,
			`UPDATE ledger_entry SET sealed = NULL, key_id = '' WHERE subject = $1 AND sealed IS NOT NULL`,
			`DELETE FROM ledger_key WHERE personal = 1 AND EXISTS (SELECT 1 FROM ledger_entry e WHERE e.ledger = ledger_key.ledger AND e.id = ledger_key.id AND e.subject = $1)`,
		} {
			if _, err := tx.Exec(query, string(subject)); err != nil {
				return "", err
			}
		}
		_, err := tx.Exec(`INSERT INTO erasure (subject, requested, due, done) VALUES ($1, $2, $3, $3)
			ON CONFLICT (subject) DO UPDATE SET due = $3, done = $3`, string(subject), requested, now)
		return Erased, errors.Join(err, countErasure(tx))
	}
	if err := s.purgeOver(tx, now, string(subject)); err != nil {
		return "", err
	}
	_, err = tx.Exec(`INSERT INTO erasure (subject, requested, due) VALUES ($1, $2, $3)
		ON CONFLICT (subject) DO UPDATE SET due = $3, done = NULL`, string(subject), requested, due)
	return Restricted, err
}

// countErasure tells the writers of all processes that keys they know may be gone.
func countErasure(tx *Tx) error {
	_, err := tx.Exec(`UPDATE counter SET next = next + 1 WHERE name = 'erasure'`)
	return err
}

// reading is a transaction, or the store beside all of them.
type reading interface {
	Query(query string, args ...any) (*sql.Rows, error)
	QueryRow(query string, args ...any) *sql.Row
}

// due returns the end of the last statutory period that runs for a subject, and whether a hold stands.
func (s *Store) due(tx reading, subject evidence.Subject) (due int64, held bool, err error) {
	rows, err := tx.Query(`SELECT class, MAX(at) FROM record WHERE subject = $1 AND sealed IS NOT NULL GROUP BY class
		UNION ALL SELECT 'log', MAX(at) FROM network_log WHERE subject = $1 HAVING COUNT(*) > 0`, string(subject))
	if err != nil {
		return 0, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var class evidence.Class
		var at int64
		if err := rows.Scan(&class, &at); err != nil {
			return 0, false, err
		}
		due = max(due, s.config.Retention.Until(class, time.UnixMilli(at)).UnixMilli())
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, false, err
	}
	var holds int
	err = tx.QueryRow(`SELECT COUNT(*) FROM hold WHERE lifted IS NULL AND (subject = $1
		OR record_id IN (SELECT id FROM record WHERE subject = $1 AND sealed IS NOT NULL))`, string(subject)).Scan(&holds)
	return due, holds > 0, err
}

// purgeOver removes the payloads and network log entries whose period is over and that no hold keeps, of one subject or,
// when it is empty, of all.
func (s *Store) purgeOver(tx *Tx, now int64, subject string) error {
	const free = ` AND ($2 = '' OR subject = $2) AND subject NOT IN (SELECT subject FROM hold WHERE lifted IS NULL)`
	at := time.UnixMilli(now)
	for _, class := range []evidence.Class{evidence.ClassLog, evidence.ClassAssessment} {
		since := s.config.Retention.Since(class, at).UnixMilli()
		if _, err := tx.Exec(`UPDATE record SET sealed = NULL WHERE at <= $1`+free+` AND class = $3 AND sealed IS NOT NULL
			AND id NOT IN (SELECT record_id FROM hold WHERE lifted IS NULL)`, since, subject, string(class)); err != nil {
			return err
		}
	}
	since := s.config.Retention.Since(evidence.ClassLog, at).UnixMilli()
	if _, err := tx.Exec(`DELETE FROM network_log WHERE at <= $1`+free, since, subject); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM judgement WHERE at <= $1`+free+` AND id NOT IN (SELECT record_id FROM hold WHERE lifted IS NULL)`, since, subject)
	return err
}

// Restricted reports whether a subject's data is restricted to storage.
func (s *Store) Restricted(ctx context.Context, subject evidence.Subject) (bool, error) {
	var n int
	err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM erasure WHERE subject = $1 AND done IS NULL`, string(subject)).Scan(&n)
	return n > 0, s.fault(err)
}

// EndRestrictions erases the subjects whose statutory period is over and that no hold keeps. record makes the record of
// each erasure, about [evidence.System]. It returns the subjects that were erased.
func (s *Store) EndRestrictions(ctx context.Context, record func(evidence.Subject) (evidence.Record, error)) ([]evidence.Subject, error) {
	now := s.now()
	due, err := s.strings(ctx, `SELECT subject FROM erasure WHERE done IS NULL AND due <= $1 ORDER BY subject`, now)
	if err != nil {
		return nil, err
	}
	var erased []evidence.Subject
	for _, name := range due {
		subject := evidence.Subject(name)
		rec, err := record(subject)
		if err != nil {
			return erased, err
		}
		if rec.Subject != evidence.System {
			return erased, &colophon.Error{Kind: colophon.Invalid, Code: evidence.CodeRecordInvalid, Args: colophon.Args{"field": "subject"}}
		}
		err = s.Write(ctx, func(tx *Tx) error {
			if _, err := tx.Record(rec); err != nil {
				return err
			}
			state, err := s.erase(tx, subject, now, now)
			if err == nil && state != Erased {
				return errStill // nothing is recorded of what did not happen
			}
			return err
		})
		if errors.Is(err, errStill) {
			continue
		}
		if err != nil {
			return erased, err
		}
		erased = append(erased, subject)
	}
	if erased != nil {
		s.wipe(ctx)
	}
	return erased, nil
}

var (
	errStill    = errors.New("the period still runs")
	errTogether = errors.New("something about the subject is in the same transaction")
)

// Purge removes payloads and network log entries whose retention period is over and that no hold keeps, and the data keys
// that nothing needs any more. The leaves of the records stay. The record proves the purge.
func (s *Store) Purge(ctx context.Context, rec evidence.Record) error {
	now := s.now()
	err := s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Record(rec); err != nil {
			return err
		}
		if err := s.purgeOver(tx, now, ""); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE subject_key SET wrapped = NULL WHERE wrapped IS NOT NULL AND id <> $1
			AND id NOT IN (SELECT key_id FROM record WHERE sealed IS NOT NULL) AND id NOT IN (SELECT key_id FROM network_log)
			AND id NOT IN (SELECT key_id FROM artefact_original) AND id NOT IN (SELECT key_id FROM held_item)
			AND id NOT IN (SELECT key_id FROM feature_sample) AND id NOT IN (SELECT key_id FROM ledger_entry)`, rec.Sealed.Key.ID)
		return errors.Join(err, countErasure(tx))
	})
	if err == nil {
		s.wipe(ctx)
	}
	return err
}

// Hold keeps a subject's data, or one record, from being purged or erased until it is lifted.
type Hold struct {
	ID      string
	Subject evidence.Subject // empty for a hold on one record
	Record  string           // empty for a hold on a subject
}

// PlaceHold places a hold. The record proves it.
func (s *Store) PlaceHold(ctx context.Context, rec evidence.Record, h Hold) error {
	if h.ID == "" || (h.Subject == "") == (h.Record == "") {
		return &colophon.Error{Kind: colophon.Invalid, Code: evidence.CodeRecordInvalid, Args: colophon.Args{"field": "hold"}}
	}
	return s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Record(rec); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM record WHERE id = $1 OR subject = $2`, h.Record, string(h.Subject)).Scan(&n); err != nil {
			return err
		}
		if n == 0 { // whoever places it would rely on it
			return &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
		}
		_, err := tx.Exec(`INSERT INTO hold (id, subject, record_id, placed) VALUES ($1, $2, $3, $4)`, h.ID, string(h.Subject), h.Record, rec.At)
		if taken(err) {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeHeld, Err: err}
		}
		return err
	})
}

// LiftHold lifts a hold. The record proves it.
func (s *Store) LiftHold(ctx context.Context, rec evidence.Record, id string) error {
	return s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Record(rec); err != nil {
			return err
		}
		res, err := tx.Exec(`UPDATE hold SET lifted = $1 WHERE id = $2 AND lifted IS NULL`, rec.At, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(&colophon.Error{Kind: colophon.Missing, Code: CodeMissing}, err)
		}
		return nil
	})
}

// Rewrap wraps the data keys by the envelope key in use, after it was rotated. The record proves it. It returns how many
// keys were wrapped anew.
func (s *Store) Rewrap(ctx context.Context, rec evidence.Record) (int, error) {
	if s.config.Keys == nil {
		return 0, &colophon.Error{Kind: colophon.Missing, Code: evidence.CodeKeyUnknown}
	}
	var keys []evidence.DataKey
	rows, err := s.read.QueryContext(ctx, `SELECT id, subject, envelope, wrapped FROM subject_key WHERE wrapped IS NOT NULL AND envelope <> $1`, s.config.Keys.CurrentID())
	if err != nil {
		return 0, s.fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		var k evidence.DataKey
		if err := rows.Scan(&k.ID, &k.Subject, &k.Envelope, &k.Wrapped); err != nil {
			return 0, s.fault(err)
		}
		if k, err = s.config.Keys.Rewrap(k); err != nil {
			return 0, err
		}
		keys = append(keys, k)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, s.fault(err)
	}
	done := 0
	for part := range slices.Chunk(keys, maxBatch) {
		err := s.Write(ctx, func(tx *Tx) error {
			if done == 0 {
				if _, err := tx.Record(rec); err != nil {
					return err
				}
			}
			for _, k := range part {
				// A key that was erased in the meantime stays erased.
				if _, err := tx.Exec(`UPDATE subject_key SET envelope = $1, wrapped = $2 WHERE id = $3 AND wrapped IS NOT NULL`, k.Envelope, k.Wrapped, k.ID); err != nil {
					return err
				}
			}
			tx.recorded = true // the first part carries the record for all
			return nil
		})
		if err != nil {
			return done, err
		}
		done += len(part)
	}
	return done, nil
}

// wipe removes erased bytes from where the engine still has them: SQLite's log, PostgreSQL's dead rows. What is left
// when it fails goes with the engine's own cleaning.
func (s *Store) wipe(ctx context.Context) {
	db, query := s.write, `PRAGMA wal_checkpoint(TRUNCATE)`
	if s.dialect.postgres {
		query = `VACUUM subject_key`
	}
	_, _ = db.ExecContext(ctx, query)
}

func (s *Store) strings(ctx context.Context, query string, args ...any) (list []string, err error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v sql.NullString
		if err := rows.Scan(&v); err != nil {
			return nil, s.fault(err)
		}
		list = append(list, v.String)
	}
	return list, s.fault(rows.Err())
}
