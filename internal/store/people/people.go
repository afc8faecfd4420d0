// Package people keeps staff accounts, sessions, tickets, API keys and token buckets in the store: it implements
// staff.Store on both engines.
//
// What not to do here: no rule of the staff package, no cache, and no secret that is not a digest already.
package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/staff"
)

// Prover makes records of proofs.
type Prover interface {
	// Prove makes the record of a change that happens now.
	Prove(p staff.Proof) (evidence.Record, error)
	// Forget drops the data key of a subject that was erased in another process.
	Forget(subject evidence.Subject)
}

// People implements [staff.Store].
type People struct {
	store  *store.Store
	prover Prover
}

var _ staff.Store = (*People)(nil)

// New makes the people of a store.
func New(s *store.Store, prover Prover) *People { return &People{s, prover} }

// Account implements [staff.Store].
func (s *People) Account(ctx context.Context, q staff.AccountQuery) (staff.Account, error) {
	var none staff.Identity
	where, args := `id = $1`, []any{string(q.ID)}
	switch {
	case q.Login != "":
		where, args = `login = $1`, []any{q.Login}
	case q.Identity != none:
		where, args = `id = (SELECT account FROM staff_identity WHERE issuer = $1 AND subject = $2)`, []any{q.Identity.Issuer, q.Identity.Subject}
	}
	return one(s.accounts(ctx, `WHERE `+where, args...))
}

// Accounts implements [staff.Store].
func (s *People) Accounts(ctx context.Context, after staff.ID, limit int) ([]staff.Account, error) {
	return s.accounts(ctx, `WHERE id > $1 ORDER BY id LIMIT $2`, string(after), limit)
}

func (s *People) accounts(ctx context.Context, where string, args ...any) ([]staff.Account, error) {
	return store.Collect(ctx, s.store, func(row store.Row) (a staff.Account, err error) {
		var login sql.NullString
		var roles, passkeys, identities string
		var disabled, created int64
		if err := row.Scan(&a.ID, &login, &roles, &a.Password, &passkeys, &identities, &disabled, &created, &a.Epoch, &a.Version); err != nil {
			return a, err
		}
		a.Login, a.Disabled, a.Created = login.String, disabled == 1, moment(created)
		for role := range strings.FieldsSeq(roles) {
			a.Roles = append(a.Roles, staff.Role(role))
		}
		return a, errors.Join(json.Unmarshal([]byte(passkeys), &a.Passkeys), json.Unmarshal([]byte(identities), &a.Identities))
	}, `SELECT id, login, roles, password, passkeys, identities, disabled, created, epoch, version FROM staff_account `+where, args...)
}

// Session implements [staff.Store].
func (s *People) Session(ctx context.Context, token staff.Digest) (staff.Session, error) {
	return one(store.Collect(ctx, s.store, func(row store.Row) (staff.Session, error) {
		o := staff.Session{Digest: token}
		var opened, seen, ends int64
		err := row.Scan(&o.ID, &o.Account, &o.Epoch, &o.Method, &opened, &seen, &ends)
		o.Opened, o.Seen, o.Ends = moment(opened), moment(seen), moment(ends)
		return o, err
	}, `SELECT id, account, epoch, method, opened, seen, ends FROM staff_session WHERE digest = $1`, token[:]))
}

// Ticket implements [staff.Store].
func (s *People) Ticket(ctx context.Context, ticket staff.Digest) (staff.Ticket, error) {
	return one(store.Collect(ctx, s.store, func(row store.Row) (staff.Ticket, error) {
		t := staff.Ticket{Digest: ticket}
		var ends int64
		err := row.Scan(&t.Kind, &t.Account, &t.State, &ends)
		t.Ends = moment(ends)
		return t, err
	}, `SELECT kind, account, state, ends FROM staff_ticket WHERE digest = $1`, ticket[:]))
}

const keyColumns = `SELECT id, digest, name, scope, created, ends, revoked, used, replaces, replaced_by, version FROM api_key `

// Key implements [staff.Store].
func (s *People) Key(ctx context.Context, q staff.KeyQuery) (staff.Key, error) {
	if q.ID != "" {
		return one(store.Collect(ctx, s.store, scanKey, keyColumns+`WHERE id = $1`, string(q.ID)))
	}
	return one(store.Collect(ctx, s.store, scanKey, keyColumns+`WHERE digest = $1`, q.Digest[:]))
}

// Keys implements [staff.Store].
func (s *People) Keys(ctx context.Context, after staff.ID, limit int) ([]staff.Key, error) {
	return store.Collect(ctx, s.store, scanKey, keyColumns+`WHERE id > $1 ORDER BY id LIMIT $2`, string(after), limit)
}

func scanKey(row store.Row) (staff.Key, error) {
	var k staff.Key
	var digest []byte
	var scope string
	var created, ends, revoked, used int64
	err := row.Scan(&k.ID, &digest, &k.Name, &scope, &created, &ends, &revoked, &used, &k.Replaces, &k.ReplacedBy, &k.Version)
	if err != nil {
		return k, err
	}
	copy(k.Digest[:], digest)
	k.Created, k.Ends, k.Revoked, k.Used = moment(created), moment(ends), moment(revoked), moment(used)
	return k, json.Unmarshal([]byte(scope), &k.Scope)
}

func one[T any](list []T, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	if len(list) == 0 {
		return none, staff.ErrMissing
	}
	return list[0], nil
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
