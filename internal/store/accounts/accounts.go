// Package accounts keeps the pseudonyms of the provider's accounts: it implements production.Accounts on both engines.
//
// An account comes with the provider's own identifier, which may be a telephone number. What is kept of it is a keyed
// digest, by which the same account is found again, and a pseudonym that was drawn at random. When the account is erased
// the store deletes the row, and nothing leads from the one to the other any more.
//
// What not to do here: never keep, log or return the identifier. Never compute a pseudonym from it.
package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
)

// RecordMet is the type of the record of a new account.
const RecordMet evidence.Type = "account.met"

// Accounts gives accounts their pseudonyms. It is safe for use by many goroutines.
type Accounts struct {
	store    *store.Store
	recorder *evidence.Recorder
	secret   []byte
}

// New makes the accounts of a store. The secret has 32 bytes and is the same on all nodes and for all time: with another
// one every account is a new one.
func New(s *store.Store, r *evidence.Recorder, secret []byte) *Accounts {
	return &Accounts{s, r, secret}
}

func (a *Accounts) digest(account string) []byte {
	mac := hmac.New(sha256.New, a.secret)
	mac.Write([]byte("colophon/account/v1\x00" + account))
	return mac.Sum(nil)
}

// Find returns the pseudonym of an account, or "" for one that was never seen or was erased.
func (a *Accounts) Find(ctx context.Context, account string) (evidence.Subject, error) {
	var subject evidence.Subject
	err := a.store.QueryRow(ctx, `SELECT subject FROM account_name WHERE digest = $1`, a.digest(account)).Scan(&subject)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return subject, a.store.Fault(err)
}

// Subject returns the pseudonym of an account, and draws one for an account that is new.
func (a *Accounts) Subject(ctx context.Context, account string) (evidence.Subject, error) {
	subject, err := a.Find(ctx, account)
	if err != nil || subject != "" {
		return subject, err
	}
	id, err := a.recorder.NewID()
	if err != nil {
		return "", err
	}
	rec, err := a.recorder.New(RecordMet, evidence.Subject(id), "system", nil, struct{}{})
	if err != nil {
		return "", err
	}
	name := a.digest(account)
	err = a.store.Write(ctx, func(tx *store.Tx) error {
		subject = evidence.Subject(id)
		// The record comes first, as everywhere: its number is drawn from a row that stays locked.
		if _, err := tx.Record(rec); err != nil {
			return err
		}
		res, err := tx.Exec(`INSERT INTO account_name (digest, subject) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`, name, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(errThere, err)
		}
		return nil
	})
	if errors.Is(err, errThere) { // another request was first
		return a.Subject(ctx, account)
	}
	return subject, err
}

var errThere = errors.New("the account has a pseudonym")
