package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/staff"
)

// Spend implements [staff.Store].
func (s *People) Spend(ctx context.Context, bucket string, rate staff.Rate, now time.Time) (wait time.Duration, err error) {
	err = s.store.Keep(ctx, func(tx *store.Tx) error {
		// The insertion locks the row, whether it was there or not.
		if _, err := tx.Exec(`INSERT INTO staff_bucket (name, full_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET name = $1`, bucket, now.UnixMilli()); err != nil {
			return err
		}
		var full int64
		if err := tx.QueryRow(`SELECT full_at FROM staff_bucket WHERE name = $1`, bucket).Scan(&full); err != nil {
			return err
		}
		var after time.Time
		after, wait = rate.Take(moment(full), now)
		_, err := tx.Exec(`UPDATE staff_bucket SET full_at = $1 WHERE name = $2`, after.UnixMilli(), bucket)
		return err
	})
	return wait, err
}

// Commit implements [staff.Store].
func (s *People) Commit(ctx context.Context, c staff.Change, proofs ...staff.Proof) error {
	if c.NeedsProof() && len(proofs) == 0 {
		return staff.ErrUnproven
	}
	err := s.commit(ctx, c, proofs)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == store.CodeKeyErased {
		for _, p := range proofs {
			s.prover.Forget(evidence.Subject(p.Subject))
		}
		err = s.commit(ctx, c, proofs)
	}
	return err
}

func (s *People) commit(ctx context.Context, c staff.Change, proofs []staff.Proof) error {
	records := make([]evidence.Record, len(proofs))
	for i, p := range proofs {
		var err error
		if records[i], err = s.prover.Prove(p); err != nil {
			return fmt.Errorf("making the record of a change: %w", err)
		}
	}
	write := s.store.Write
	if len(proofs) == 0 {
		write = s.store.Keep
	}
	return write(ctx, func(tx *store.Tx) error {
		// Records come first: their numbers are drawn from a row that stays locked, so that of two nodes that both would
		// make the first account or unseat the last officer one sees what the other did.
		for _, r := range records {
			if _, err := tx.Record(r); err != nil {
				return err
			}
		}
		return change{tx}.make(c)
	})
}

// change makes a change in a transaction.
type change struct{ tx *store.Tx }

func (x change) make(c staff.Change) error {
	if c.FirstAccount {
		if n, err := x.count(`SELECT COUNT(*) FROM staff_account`); err != nil || n > 0 {
			return errors.Join(err, taken(n > 0))
		}
	}
	for _, d := range c.SpendTickets {
		if err := x.must(`DELETE FROM staff_ticket WHERE digest = $1`, d[:]); err != nil {
			return err
		}
	}
	for _, k := range c.DropTickets {
		if err := x.do(`DELETE FROM staff_ticket WHERE kind = $1`, string(k)); err != nil {
			return err
		}
	}
	for _, d := range c.EndSessions {
		if err := x.must(`DELETE FROM staff_session WHERE digest = $1`, d[:]); err != nil {
			return err
		}
	}
	for _, id := range c.EndAllOf {
		if err := errors.Join(x.do(`DELETE FROM staff_session WHERE account = $1`, string(id)), x.do(`DELETE FROM staff_ticket WHERE account = $1`, string(id))); err != nil {
			return err
		}
	}
	for _, a := range c.Accounts {
		if err := x.account(a); err != nil {
			return err
		}
	}
	for _, k := range c.Keys {
		if err := x.key(k); err != nil {
			return err
		}
	}
	if c.KeepOfficer {
		n, err := x.count(`SELECT COUNT(*) FROM staff_account WHERE disabled = 0 AND roles LIKE $1`, "% "+string(staff.Officer)+" %")
		if err != nil {
			return err
		}
		if n == 0 {
			return staff.ErrLastOfficer
		}
	}
	return x.rest(c)
}

// rest does what can't be refused.
func (x change) rest(c staff.Change) error {
	for _, o := range c.OpenSessions {
		if err := x.do(`INSERT INTO staff_session (digest, id, account, epoch, method, opened, seen, ends) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			o.Digest[:], string(o.ID), string(o.Account), o.Epoch, string(o.Method), o.Opened.UnixMilli(), o.Seen.UnixMilli(), o.Ends.UnixMilli()); err != nil {
			return err
		}
	}
	for _, t := range c.IssueTickets {
		if err := x.do(`INSERT INTO staff_ticket (digest, kind, account, state, ends) VALUES ($1, $2, $3, $4, $5)`, t.Digest[:], string(t.Kind), string(t.Account), t.State, t.Ends.UnixMilli()); err != nil {
			return err
		}
	}
	for _, o := range c.SeenSessions {
		if err := x.do(`UPDATE staff_session SET seen = $1 WHERE digest = $2 AND seen < $1`, o.At.UnixMilli(), o.Digest[:]); err != nil {
			return err
		}
	}
	for _, k := range c.UsedKeys {
		if err := x.do(`UPDATE api_key SET used = $1 WHERE id = $2 AND used < $1`, k.At.UnixMilli(), string(k.ID)); err != nil {
			return err
		}
	}
	if c.Sweep.IsZero() {
		return nil
	}
	for _, query := range []string{`DELETE FROM staff_ticket WHERE ends <= $1`, `DELETE FROM staff_session WHERE ends <= $1`, `DELETE FROM staff_bucket WHERE full_at <= $1`} {
		if err := x.do(query, c.Sweep.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

func (x change) account(a staff.Account) error {
	passkeys, err := json.Marshal(a.Passkeys)
	if err != nil {
		return err
	}
	identities, err := json.Marshal(a.Identities)
	if err != nil {
		return err
	}
	roles := " "
	for _, r := range a.Roles {
		roles += string(r) + " "
	}
	login := sql.NullString{String: a.Login, Valid: a.Login != ""}
	if n, err := x.count(`SELECT COUNT(*) FROM staff_account WHERE login = $1 AND id <> $2`, login, string(a.ID)); err != nil || n > 0 {
		return errors.Join(err, taken(n > 0))
	}
	args := []any{login, roles, a.Password, string(passkeys), string(identities), flag(a.Disabled), a.Created.UnixMilli(), a.Epoch, string(a.ID)}
	if a.Version == 0 {
		err = x.must(`INSERT INTO staff_account (login, roles, password, passkeys, identities, disabled, created, epoch, id, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1) ON CONFLICT (id) DO NOTHING`, args...)
	} else {
		err = x.must(`UPDATE staff_account SET login = $1, roles = $2, password = $3, passkeys = $4, identities = $5, disabled = $6, created = $7, epoch = $8, version = version + 1 WHERE id = $9 AND version = $10`, append(args, a.Version)...)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(x.do(`DELETE FROM staff_passkey WHERE account = $1`, string(a.ID)), x.do(`DELETE FROM staff_identity WHERE account = $1`, string(a.ID))); err != nil {
		return err
	}
	for _, p := range a.Passkeys {
		if err := x.own(`INSERT INTO staff_passkey (id, account) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, p.ID, string(a.ID)); err != nil {
			return err
		}
	}
	for _, i := range a.Identities {
		if err := x.own(`INSERT INTO staff_identity (issuer, subject, account) VALUES ($1, $2, $3) ON CONFLICT (issuer, subject) DO NOTHING`, i.Issuer, i.Subject, string(a.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (x change) key(k staff.Key) error {
	scope, err := json.Marshal(k.Scope)
	if err != nil {
		return err
	}
	args := []any{k.Digest[:], k.Name, string(scope), k.Created.UnixMilli(), k.Ends.UnixMilli(), k.Revoked.UnixMilli(), k.Used.UnixMilli(), string(k.Replaces), string(k.ReplacedBy), string(k.ID)}
	if k.Version == 0 {
		return x.must(`INSERT INTO api_key (digest, name, scope, created, ends, revoked, used, replaces, replaced_by, id, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) ON CONFLICT DO NOTHING`, args...)
	}
	return x.must(`UPDATE api_key SET digest = $1, name = $2, scope = $3, created = $4, ends = $5, revoked = $6, used = $7, replaces = $8, replaced_by = $9, version = version + 1 WHERE id = $10 AND version = $11`, append(args, k.Version)...)
}

func (x change) do(query string, args ...any) error {
	_, err := x.tx.Exec(query, args...)
	if store.Taken(err) {
		return errors.Join(staff.ErrTaken, err)
	}
	return err
}

func (x change) affected(query string, args []any, otherwise error) error {
	res, err := x.tx.Exec(query, args...)
	if store.Taken(err) {
		return errors.Join(staff.ErrTaken, err)
	}
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}

// must says that somebody else was first when no row is touched.
func (x change) must(query string, args ...any) error {
	return x.affected(query, args, staff.ErrConflict)
}

// own says that a passkey or identity is another account's when no row is touched.
func (x change) own(query string, args ...any) error { return x.affected(query, args, staff.ErrTaken) }

func (x change) count(query string, args ...any) (n int, err error) {
	err = x.tx.QueryRow(query, args...).Scan(&n)
	return n, err
}

func taken(yes bool) error {
	if yes {
		return staff.ErrTaken
	}
	return nil
}

func flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
