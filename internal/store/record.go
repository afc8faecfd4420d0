package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

const (
	recordColumns = `r.seq, r.id, r.type, r.subject, r.role, r.clauses, r.at, r.commitment, r.class, r.key_id, r.sealed, r.log_index, k.subject, k.envelope, k.wrapped`
	recordTables  = ` FROM record r LEFT JOIN subject_key k ON k.id = r.key_id `
	pageRows      = 500
)

// scanRecord reads a row. What is wrong with it is told by Broken: somebody may have changed it.
func scanRecord(rows interface{ Scan(...any) error }) (evidence.Held, error) {
	var h evidence.Held
	var seq int64
	var clauses string
	var commitment []byte
	var index sql.NullInt64
	var keySubject, envelope sql.NullString
	err := rows.Scan(&seq, &h.ID, &h.Type, &h.Subject, &h.Role, &clauses, &h.At, &commitment, &h.Class, &h.Sealed.Key.ID, &h.Sealed.Box, &index, &keySubject, &envelope, &h.Sealed.Key.Wrapped)
	if err != nil {
		return h, err
	}
	h.Sequence = uint64(max(seq, 0))
	for c := range strings.FieldsSeq(clauses) {
		h.Clauses = append(h.Clauses, colophon.Clause(c))
	}
	h.Sealed.Key.Subject, h.Sealed.Key.Envelope = evidence.Subject(keySubject.String), envelope.String
	h.Index = -1
	if index.Valid {
		h.Index = index.Int64
	}
	h.Broken = seq <= 0 || len(commitment) != len(h.Commitment) || h.Check() != nil || joinClauses(h.Clauses) != clauses
	if len(commitment) == len(h.Commitment) {
		h.Commitment = [32]byte(commitment)
	}
	return h, nil
}

// Record returns one record by its ID. Its payload is not opened.
func (s *Store) Record(ctx context.Context, id string) (evidence.Held, error) {
	h, err := scanRecord(s.read.QueryRowContext(ctx, `SELECT `+recordColumns+recordTables+`WHERE r.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return h, &colophon.Error{Kind: colophon.Missing, Code: CodeMissing}
	}
	return h, s.fault(err)
}

// Payload opens the payload of a record for a person who may read it. That of a subject whose data is restricted to
// storage is not read by anybody.
func (s *Store) Payload(ctx context.Context, id string) (evidence.Opening, error) {
	h, err := s.Record(ctx, id)
	if err != nil {
		return evidence.Opening{}, err
	}
	if h.Sealed.Box == nil || h.Sealed.Key.Wrapped == nil {
		return evidence.Opening{}, &colophon.Error{Kind: colophon.Missing, Code: CodePurged}
	}
	restricted, err := s.Restricted(ctx, h.Subject)
	if err != nil {
		return evidence.Opening{}, err
	}
	if restricted {
		return evidence.Opening{}, &colophon.Error{Kind: colophon.Refused, Code: CodeRestricted, Clauses: []colophon.Clause{colophon.ClausePIPL47}}
	}
	if s.config.Keys == nil {
		return evidence.Opening{}, &colophon.Error{Kind: colophon.Missing, Code: evidence.CodeKeyUnknown}
	}
	return s.config.Keys.Open(&h.Record)
}

// Records yields all records: those in the log in the order of the log, then those that wait for it. With open, each
// payload is opened and compared with its commitment, and what was found stands in Payload; nobody reads it.
func (s *Store) Records(ctx context.Context, open bool) iter.Seq2[evidence.Held, error] {
	return func(yield func(evidence.Held, error) bool) {
		for _, part := range []struct{ query, by string }{
			{`WHERE r.log_index IS NOT NULL AND r.log_index > $1 ORDER BY r.log_index`, "index"},
			{`WHERE r.log_index IS NULL AND r.seq > $1 ORDER BY r.seq`, "seq"},
		} {
			after := int64(-1)
			for {
				page, err := s.page(ctx, part.query, pageRows, after)
				if err != nil {
					yield(evidence.Held{}, err)
					return
				}
				for _, h := range page {
					after = h.Index
					if part.by == "seq" {
						after = int64(h.Sequence)
					}
					if open {
						s.look(ctx, &h)
					}
					if !yield(h, nil) {
						return
					}
				}
				if len(page) < pageRows {
					break
				}
			}
		}
	}
}

// RecordsAbout returns at most limit records about a thing, with a sequence above after, in order.
func (s *Store) RecordsAbout(ctx context.Context, thing string, after uint64, limit int) ([]evidence.Held, error) {
	return s.page(ctx, `WHERE r.seq > $1 AND r.seq IN (SELECT seq FROM record_about WHERE thing = $2) ORDER BY r.seq`, limit, int64(after), thing)
}

// RecordsAfter returns at most limit records with a sequence above after, in order.
func (s *Store) RecordsAfter(ctx context.Context, after uint64, limit int) ([]evidence.Held, error) {
	return s.page(ctx, `WHERE r.seq > $1 ORDER BY r.seq`, limit, int64(after))
}

func (s *Store) page(ctx context.Context, where string, limit int, args ...any) (page []evidence.Held, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+recordColumns+recordTables+where+` LIMIT `+strconv.Itoa(limit), args...)
	if err != nil {
		return nil, s.fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		h, err := scanRecord(rows)
		if err != nil {
			return nil, s.fault(err)
		}
		page = append(page, h)
	}
	return page, s.fault(rows.Err())
}

// look compares a sealed payload with its commitment. One that is not there must have had a reason to go: the statutory
// period is over, or its subject was erased. Somebody may have put a row in, or taken a payload away.
func (s *Store) look(ctx context.Context, h *evidence.Held) {
	var e *colophon.Error
	switch {
	case h.Sealed.Box == nil || h.Sealed.Key.Envelope != "" && h.Sealed.Key.Wrapped == nil:
		h.Reason = CodePurged
		if h.At <= (evidence.Retention{}).Since(h.Class, time.UnixMilli(s.now())).UnixMilli() {
			return
		}
		var erased int
		if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM erasure WHERE subject = $1 AND done IS NOT NULL`, string(h.Subject)).Scan(&erased); err != nil {
			h.Reason = CodeUnavailable
		} else if erased == 0 {
			h.Payload, h.Reason = colophon.Failed, CodeUnexplained
		}
		return
	case s.config.Keys == nil:
		h.Reason = evidence.CodeKeyUnknown
		return
	}
	_, err := s.config.Keys.Open(&h.Record)
	switch {
	case err == nil:
		h.Payload = colophon.Passed
	case errors.As(err, &e) && e.Code == evidence.CodeKeyUnknown && h.Sealed.Key.Envelope != "":
		h.Reason = e.Code
	default:
		h.Payload, h.Reason = colophon.Failed, evidence.CodeUnsealFailed
		if e != nil {
			h.Reason = e.Code
		}
	}
}

// Pending returns records that the log does not have yet, with a sequence above after, in order.
func (s *Store) Pending(ctx context.Context, after uint64, limit int) ([]evidence.Record, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT seq, id, type, subject, role, clauses, at, commitment FROM record
		WHERE log_index IS NULL AND seq > $1 ORDER BY seq LIMIT $2`, int64(after), limit)
	if err != nil {
		return nil, s.fault(err)
	}
	defer rows.Close()
	var list []evidence.Record
	for rows.Next() {
		var r evidence.Record
		var clauses string
		var commitment []byte
		if err := rows.Scan(&r.Sequence, &r.ID, &r.Type, &r.Subject, &r.Role, &clauses, &r.At, &commitment); err != nil {
			return nil, s.fault(err)
		}
		for c := range strings.FieldsSeq(clauses) {
			r.Clauses = append(r.Clauses, colophon.Clause(c))
		}
		if len(commitment) != len(r.Commitment) || r.Check() != nil {
			return nil, broken(r.Sequence)
		}
		r.Commitment = [32]byte(commitment)
		list = append(list, r)
	}
	return list, s.fault(rows.Err())
}

func broken(seq uint64) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeRowBroken, Args: colophon.Args{"seq": strconv.FormatUint(seq, 10)}}
}

// Placed returns how many records the log has as far as the store knows: one more than the highest index.
func (s *Store) Placed(ctx context.Context) (uint64, error) {
	var next int64
	err := s.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(log_index) + 1, 0) FROM record WHERE log_index IS NOT NULL`).Scan(&next)
	return uint64(next), s.fault(err)
}

// Place writes down at which indexes of the log records stand. A record that has an index already is an error, and
// then none of the placements is written.
func (s *Store) Place(ctx context.Context, places []evidence.Placement) error {
	return s.housekeep(ctx, func(tx *Tx) error {
		// Records stand in the log in their order, so a few statements do for thousands of rows.
		for rest := places; len(rest) > 0; {
			n := 1
			for n < len(rest) && rest[n].Sequence == rest[0].Sequence+uint64(n) && rest[n].Index == rest[0].Index+uint64(n) {
				n++
			}
			res, err := tx.Exec(`UPDATE record SET log_index = seq + $1 WHERE seq BETWEEN $2 AND $3 AND log_index IS NULL`,
				int64(rest[0].Index)-int64(rest[0].Sequence), int64(rest[0].Sequence), int64(rest[n-1].Sequence))
			if err != nil {
				return err
			}
			if changed, err := res.RowsAffected(); err != nil || changed != int64(n) {
				return errors.Join(broken(rest[0].Sequence), err)
			}
			rest = rest[n:]
		}
		return nil
	})
}

// Checkpoint returns the last checkpoint of a log, or nil.
func (s *Store) Checkpoint(ctx context.Context, origin string) ([]byte, error) {
	var note []byte
	err := s.read.QueryRowContext(ctx, `SELECT note FROM checkpoint WHERE origin = $1`, origin).Scan(&note)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return note, s.fault(err)
}

// SwapCheckpoint replaces the checkpoint of a log and reports false when it is not old any more.
func (s *Store) SwapCheckpoint(ctx context.Context, origin string, old, note []byte) (bool, error) {
	var swapped bool
	err := s.housekeep(ctx, func(tx *Tx) error {
		query, args := `UPDATE checkpoint SET note = $1 WHERE origin = $2 AND note = $3`, []any{note, origin, old}
		if old == nil {
			query, args = `INSERT INTO checkpoint (note, origin) VALUES ($1, $2) ON CONFLICT (origin) DO NOTHING`, args[:2]
		}
		res, err := tx.Exec(query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		swapped = n == 1
		return err
	})
	return swapped, err
}

// Count returns how many records there are, how many of them wait for the log, and when the oldest of these was made.
func (s *Store) Count(ctx context.Context) (all, waiting int64, oldest time.Time, err error) {
	var at sql.NullInt64
	err = s.read.QueryRowContext(ctx, `SELECT (SELECT next - 1 FROM counter WHERE name = 'record'), COUNT(*), MIN(at) FROM record WHERE log_index IS NULL`).Scan(&all, &waiting, &at)
	if at.Valid {
		oldest = time.UnixMilli(at.Int64)
	}
	return all, waiting, oldest, s.fault(err)
}
