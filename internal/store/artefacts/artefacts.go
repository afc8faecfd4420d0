// Package artefacts keeps artefacts in the store: it implements artefact.Store on both engines.
//
// The tables hold the present state of each item. What happened to it stands in the evidence records, one for each
// change, which the same transaction commits.
//
// What not to do here: no rule. Whether an item may be delivered, erased or made from another is decided in package
// artefact; here a change is made whole or not at all.
package artefacts

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
)

// Artefacts implements [artefact.Store].
type Artefacts struct {
	store      *store.Store
	enqueue    Enqueue
	likenesses *likenesses
}

// Enqueue adds the job that will mark an item to the transaction that enters it, and returns the job's identifier.
type Enqueue func(ctx context.Context, tx *store.Tx, n artefact.Number) (job string, err error)

var _ artefact.Store = (*Artefacts)(nil)

// New makes the artefacts of a store. Where enqueue is nil, what is entered with work waits for nobody.
func New(s *store.Store, enqueue Enqueue) *Artefacts { return &Artefacts{s, enqueue, newLikenesses()} }

// Add implements [artefact.Store].
func (s *Artefacts) Add(ctx context.Context, rec evidence.Record, a artefact.Artefact, handed ...artefact.Delivery) error {
	a.Version = 1
	commit := s.store.Write
	if len(handed) > 0 { // it has left already, or is about to: nobody goes on with it
		commit = s.store.WriteSoon
	}
	return write(ctx, commit, rec, a.Number, func(tx *store.Tx, seq int64) error {
		n, err := store.Changed(tx.Exec(`INSERT INTO artefact (number, state, function, account, format, size, sha_before, parents, stored, sha_after, marks, blob, likeness, reason, created, changed, version, unlikened, likened, model, watermark)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) ON CONFLICT (number) DO NOTHING`,
			string(a.Number), string(a.State), a.Function, string(a.Account), string(a.Format), a.Size, digest(a.Before), joined(a.Parents), a.Stored, digest(a.After),
			text(a.Marks), a.Blob, blob(a.Likeness), string(a.Reason), a.Created.UnixMilli(), a.Changed.UnixMilli(), a.Version, string(a.Unlikened), since(a.Likeness, seq), a.Model, a.Watermark))
		if err != nil {
			return err
		}
		if n == 0 {
			return artefact.ErrExists
		}
		for _, p := range a.Parents {
			n, err := store.Changed(tx.Exec(`INSERT INTO artefact_parent (child, parent) SELECT $1, number FROM artefact WHERE number = $2`, string(a.Number), string(p)))
			if err != nil {
				return err
			}
			if n == 0 {
				return artefact.ErrParent
			}
		}
		if a.Original != nil {
			if err := original(tx, a); err != nil {
				return err
			}
		}
		if err := deliver(tx, handed); err != nil {
			return err
		}
		return s.work(ctx, tx, a)
	})
}

func deliver(tx *store.Tx, list []artefact.Delivery) error {
	for _, d := range list {
		if _, err := tx.Exec(`INSERT INTO artefact_delivery (id, number, recipient, how, at) VALUES ($1, $2, $3, $4, $5)`, d.ID, string(d.Number), d.To, string(d.How), d.At.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// work keeps what is to be done with an item, and has it done.
func (s *Artefacts) work(ctx context.Context, tx *store.Tx, a artefact.Artefact) error {
	if a.Work == nil {
		return nil
	}
	job, err := "", error(nil)
	if a.State != artefact.Held {
		if job, err = s.enqueued(ctx, tx, a.Number); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`INSERT INTO artefact_work (number, wanted, job, cleared) VALUES ($1, $2, $3, $4)`, string(a.Number), string(a.Work.Order), job, a.Work.Cleared)
	return err
}

func (s *Artefacts) enqueued(ctx context.Context, tx *store.Tx, n artefact.Number) (string, error) {
	if s.enqueue == nil {
		return "", nil
	}
	return s.enqueue(ctx, tx, n)
}

// Amend implements [artefact.Store].
func (s *Artefacts) Amend(ctx context.Context, rec evidence.Record, c artefact.Change) error {
	a := c.Artefact
	return write(ctx, s.store.Write, rec, a.Number, func(tx *store.Tx, seq int64) error {
		n, err := store.Changed(tx.Exec(`UPDATE artefact SET state = $1, account = $2, sha_before = $3, stored = $4, sha_after = $5, marks = $6, blob = $7, likeness = $8, reason = $9, changed = $10, version = version + 1,
			unlikened = $13, likened = CASE WHEN likeness IS DISTINCT FROM $8 THEN CAST($14 AS BIGINT) ELSE likened END, likened_before = CASE WHEN likeness IS DISTINCT FROM $8 THEN likened ELSE likened_before END,
			watermark = $15 WHERE number = $11 AND version = $12`,
			string(a.State), string(a.Account), digest(a.Before), a.Stored, digest(a.After), text(a.Marks), a.Blob, blob(a.Likeness), string(a.Reason), a.Changed.UnixMilli(), string(a.Number), a.Version,
			string(a.Unlikened), seq, a.Watermark))
		if err != nil {
			return err
		}
		if n == 0 {
			err := tx.QueryRow(`SELECT version FROM artefact WHERE number = $1`, string(a.Number)).Scan(new(int64))
			if errors.Is(err, sql.ErrNoRows) {
				return artefact.ErrMissing
			}
			if err != nil {
				return err
			}
			return artefact.ErrChanged
		}
		if err := original(tx, a); err != nil {
			return err
		}
		if a.Work == nil {
			if _, err := tx.Exec(`DELETE FROM artefact_work WHERE number = $1`, string(a.Number)); err != nil {
				return err
			}
		}
		if c.Enqueue {
			job, err := s.enqueued(ctx, tx, a.Number)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE artefact_work SET job = $1, cleared = $2 WHERE number = $3`, job, a.Work.Cleared, string(a.Number)); err != nil {
				return err
			}
		}
		if err := deliver(tx, c.Deliver); err != nil {
			return err
		}
		if c.Anonymise != "" {
			if _, err := tx.Exec(`UPDATE artefact_delivery SET recipient = '' WHERE number = $1 AND recipient = $2`, string(a.Number), c.Anonymise); err != nil {
				return err
			}
		}
		for _, blob := range c.Doom {
			if _, err := tx.Exec(`INSERT INTO artefact_doomed (blob) VALUES ($1) ON CONFLICT (blob) DO NOTHING`, blob); err != nil {
				return err
			}
		}
		return nil
	})
}

func original(tx *store.Tx, a artefact.Artefact) error {
	if a.Original == nil {
		_, err := tx.Exec(`DELETE FROM artefact_original WHERE number = $1`, string(a.Number))
		return err
	}
	o := a.Original
	_, err := tx.Exec(`INSERT INTO artefact_original (number, blob, ends, key_id, sealed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (number) DO UPDATE SET blob = $2, ends = $3, key_id = $4, sealed = $5`, string(a.Number), o.Blob, o.Until.UnixMilli(), o.Key.Key.ID, o.Key.Box)
	if o.Key.Key.Wrapped != nil {
		tx.DataKey(o.Key.Key)
	}
	return err
}

// write makes a change with its record.
func write(ctx context.Context, commit func(context.Context, func(*store.Tx) error) error, rec evidence.Record, about artefact.Number, fn func(tx *store.Tx, seq int64) error) error {
	err := commit(ctx, func(tx *store.Tx) error {
		// The record comes first: its number is drawn from a row that stays locked, so that changes on several nodes come
		// one after the other.
		var things []string
		if about != "" {
			things = []string{string(about)}
		}
		seq, err := tx.Record(rec, things...)
		if err != nil {
			return err
		}
		return fn(tx, int64(seq))
	})
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == store.CodeKeyErased {
		return errors.Join(artefact.ErrForgotten, err)
	}
	return err
}

const columns = `a.number, a.state, a.function, a.account, a.format, a.size, a.sha_before, a.parents, a.stored, a.sha_after, a.marks, a.blob, a.likeness, a.reason, a.created, a.changed, a.version, a.unlikened, a.model, a.watermark, o.blob, o.ends,
	o.sealed, k.id, k.subject, k.envelope, k.wrapped, w.wanted, w.job, w.cleared
	FROM artefact a LEFT JOIN artefact_original o ON o.number = a.number LEFT JOIN subject_key k ON k.id = o.key_id LEFT JOIN artefact_work w ON w.number = a.number `

func scan(row store.Row) (artefact.Artefact, error) {
	var a artefact.Artefact
	var before, after []byte
	var parents string
	var marks, kept, key, subject, envelope, wanted, job, cleared sql.NullString
	var sealed evidence.Sealed
	var created, changed int64
	var ends sql.NullInt64
	err := row.Scan(&a.Number, &a.State, &a.Function, &a.Account, &a.Format, &a.Size, &before, &parents, &a.Stored, &after, &marks, &a.Blob, &a.Likeness, &a.Reason, &created, &changed, &a.Version, &a.Unlikened, &a.Model, &a.Watermark, &kept, &ends,
		&sealed.Box, &key, &subject, &envelope, &sealed.Key.Wrapped, &wanted, &job, &cleared)
	if err != nil {
		return a, err
	}
	copy(a.Before[:], before)
	copy(a.After[:], after)
	for p := range strings.FieldsSeq(parents) {
		a.Parents = append(a.Parents, artefact.Number(p))
	}
	if marks.Valid {
		a.Marks = json.RawMessage(marks.String)
	}
	if kept.Valid {
		sealed.Key.ID, sealed.Key.Subject, sealed.Key.Envelope = key.String, evidence.Subject(subject.String), envelope.String
		a.Original = &artefact.Original{Blob: kept.String, Key: sealed, Until: moment(ends.Int64)}
	}
	if wanted.Valid {
		a.Work = &artefact.Work{Order: json.RawMessage(wanted.String), Job: job.String, Cleared: cleared.String}
	}
	a.Created, a.Changed = moment(created), moment(changed)
	return a, nil
}

// Artefact implements [artefact.Store].
func (s *Artefacts) Artefact(ctx context.Context, n artefact.Number) (artefact.Artefact, error) {
	a, err := scan(s.store.QueryRow(ctx, `SELECT `+columns+`WHERE a.number = $1`, string(n)))
	if errors.Is(err, sql.ErrNoRows) {
		return artefact.Artefact{}, artefact.ErrMissing
	}
	return a, s.store.Fault(err)
}

// Artefacts implements [artefact.Store].
func (s *Artefacts) Artefacts(ctx context.Context, q artefact.Query) ([]artefact.Artefact, error) {
	var w store.Where
	if q.Digest != (artefact.Digest{}) {
		w.Add(`(a.sha_before = ? OR a.sha_after = ?)`, q.Digest[:])
	}
	if q.Watermark != "" {
		w.And(`a.watermark <> ''`) // what the index holds
		w.Add(`a.watermark = ?`, q.Watermark)
	}
	if q.Parent != "" {
		w.Add(`a.number IN (SELECT child FROM artefact_parent WHERE parent = ?)`, string(q.Parent))
	}
	if q.Recipient != "" {
		w.Add(`a.number IN (SELECT number FROM artefact_delivery WHERE recipient = ?)`, q.Recipient)
	}
	if q.Account != "" {
		w.Add(`a.account = ?`, string(q.Account))
	}
	var states []any
	for _, state := range q.States {
		states = append(states, string(state))
	}
	w.In(`a.state`, states...)
	if q.Format != "" {
		w.Add(`a.format = ?`, string(q.Format))
	}
	if q.Function != "" {
		w.Add(`a.function = ?`, q.Function)
	}
	if q.Model != "" {
		w.And(`a.model <> ''`) // what the index holds
		w.Add(`a.model = ?`, q.Model)
	}
	if q.Finding != "" {
		w.Add(`a.number IN (SELECT j.about FROM judgement_category c JOIN judgement j ON j.id = c.id WHERE c.category = ? AND j.about <> '')`, q.Finding)
	}
	if !q.From.IsZero() {
		w.Add(`a.created >= ?`, q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		w.Add(`a.created < ?`, q.To.UnixMilli())
	}
	if !q.OriginalDue.IsZero() {
		w.Add(`o.ends <= ?`, q.OriginalDue.UnixMilli())
	}
	beyond, order := `>`, ` ORDER BY a.created, a.number LIMIT `
	if q.Newest {
		beyond, order = `<`, ` ORDER BY a.created DESC, a.number DESC LIMIT `
	}
	w.Beyond(beyond, `a.created`, `a.number`, q.After.At.UnixMilli(), q.After.Name)
	return store.Collect(ctx, s.store, scan, `SELECT `+columns+w.Text+order+strconv.Itoa(q.Limit), w.Args...)
}

// Deliveries implements [artefact.Store].
func (s *Artefacts) Deliveries(ctx context.Context, q artefact.DeliveryQuery) ([]artefact.Delivery, error) {
	var w store.Where
	if q.Number != "" {
		w.Add(`number = ?`, string(q.Number))
	}
	if q.To != "" {
		w.Add(`recipient = ?`, q.To)
	}
	w.Beyond(`>`, `at`, `id`, q.After.At.UnixMilli(), q.After.Name)
	return store.Collect(ctx, s.store, func(row store.Row) (artefact.Delivery, error) {
		var d artefact.Delivery
		var at int64
		err := row.Scan(&d.ID, &d.Number, &d.To, &d.How, &at)
		d.At = moment(at)
		return d, err
	}, `SELECT id, number, recipient, how, at FROM artefact_delivery`+w.Text+` ORDER BY at, id LIMIT `+strconv.Itoa(q.Limit), w.Args...)
}

// Doomed implements [artefact.Store].
func (s *Artefacts) Doomed(ctx context.Context, limit int) ([]string, error) {
	return store.Collect(ctx, s.store, func(row store.Row) (blob string, err error) {
		err = row.Scan(&blob)
		return blob, err
	}, `SELECT blob FROM artefact_doomed d WHERE NOT EXISTS (SELECT 1 FROM artefact a WHERE a.blob <> '' AND a.blob = d.blob)
		AND NOT EXISTS (SELECT 1 FROM artefact_original o WHERE o.blob = d.blob) ORDER BY blob LIMIT `+strconv.Itoa(limit))
}

// Gone implements [artefact.Store].
func (s *Artefacts) Gone(ctx context.Context, rec evidence.Record, blobs []string) error {
	return write(ctx, s.store.Write, rec, "", func(tx *store.Tx, _ int64) error {
		for _, blob := range blobs {
			if _, err := tx.Exec(`DELETE FROM artefact_doomed WHERE blob = $1`, blob); err != nil {
				return err
			}
		}
		return nil
	})
}

func digest(d artefact.Digest) any {
	if d == (artefact.Digest{}) {
		return nil
	}
	return d[:]
}

func text(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	return string(raw)
}

func joined(numbers []artefact.Number) string {
	names := make([]string, len(numbers))
	for i, n := range numbers {
		names[i] = string(n)
	}
	return strings.Join(names, " ")
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// Referenced reports whether an item refers to bytes, or somebody doomed them. Other bytes are left of items that were
// never entered to the end.
func (s *Artefacts) Referenced(ctx context.Context, ref string) (bool, error) {
	var n int
	err := s.store.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM artefact WHERE blob = $1 AND blob <> '') + (SELECT COUNT(*) FROM artefact_original WHERE blob = $1)
		+ (SELECT COUNT(*) FROM artefact_doomed WHERE blob = $1)`, ref).Scan(&n)
	return n > 0, s.store.Fault(err)
}
