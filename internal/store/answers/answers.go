// Package answers keeps the answers that belong to idempotency keys, so that a request that is sent again because its
// answer was lost is not done twice.
//
// An answer is sealed with what only whoever sends the key again has, so that neither the store nor a backup of it tells what
// was answered. It is good for a day.
//
// What not to do here: never keep a key itself, only its digest; never keep bytes of content. Of a request a keyed digest
// alone is kept: it may name an account by a telephone number, which is found by trying.
package answers

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/store"
)

// Codes of errors.
const (
	CodeReused     colophon.Code = "idempotency-key-reused" // the key belongs to another request
	CodeInProgress colophon.Code = "idempotency-in-progress"
)

const (
	life = 24 * time.Hour
	// lost is after how long a request that was never answered counts as one whose process died.
	lost = 2 * time.Minute
)

// Answers keeps answers. It is safe for use by many goroutines.
type Answers struct {
	store  *store.Store
	now    func() time.Time
	secret []byte
}

// New makes the answers of a store. The secret is that of the deployment.
func New(s *store.Store, now func() time.Time, secret []byte) *Answers {
	return &Answers{s, now, secret}
}

// known is what is kept of a request.
func (a *Answers) known(request [32]byte) []byte {
	m := hmac.New(sha256.New, a.secret)
	m.Write([]byte("colophon idempotency\x00"))
	m.Write(request[:])
	return m.Sum(nil)
}

// seal returns what seals the answers of a key.
func (a *Answers) seal(owner, key string) (cipher.AEAD, error) {
	secret, err := hkdf.Key(sha256.New, a.secret, nil, "colophon idempotency answer\x00"+owner+"\x00"+key, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func name(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// Claim takes a key for an owner. The first call gets fresh and MUST end with Settle or Release. Later ones get the
// answer, if they are the same request.
func (a *Answers) Claim(ctx context.Context, owner, key string, request [32]byte) (answer []byte, fresh bool, err error) {
	now := a.now()
	err = a.store.Keep(ctx, func(tx *store.Tx) error {
		answer, fresh = nil, false
		if _, err := tx.Exec(`DELETE FROM answer WHERE owner = $1 AND name = $2 AND (at <= $3 OR (answer IS NULL AND at <= $4))`,
			owner, name(key), now.Add(-life).UnixMilli(), now.Add(-lost).UnixMilli()); err != nil {
			return err
		}
		res, err := tx.Exec(`INSERT INTO answer (owner, name, request, at) VALUES ($1, $2, $3, $4) ON CONFLICT (owner, name) DO NOTHING`,
			owner, name(key), a.known(request), now.UnixMilli())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil || n == 1 {
			fresh = err == nil
			return err
		}
		var asked []byte
		err = tx.QueryRow(`SELECT request, answer FROM answer WHERE owner = $1 AND name = $2`, owner, name(key)).Scan(&asked, &answer)
		switch {
		case errors.Is(err, sql.ErrNoRows): // released between the two statements
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeInProgress}
		case err != nil:
			return err
		case subtle.ConstantTimeCompare(asked, a.known(request)) != 1:
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeReused}
		case answer == nil:
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeInProgress}
		}
		return nil
	})
	if err != nil || fresh {
		return nil, fresh, err
	}
	seal, err := a.seal(owner, key)
	if err == nil {
		answer, err = seal.Open(nil, nil, answer, nil)
	}
	if err != nil {
		return nil, false, fmt.Errorf("opening the answer of an idempotency key: %w", err)
	}
	return answer, false, nil
}

// Settle keeps the answer of a claimed key.
func (a *Answers) Settle(ctx context.Context, owner, key string, answer []byte) error {
	seal, err := a.seal(owner, key)
	if err != nil {
		return err
	}
	sealed := seal.Seal(nil, nil, answer, nil)
	return a.store.Keep(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE answer SET answer = $3 WHERE owner = $1 AND name = $2`, owner, name(key), sealed)
		return err
	})
}

// Release gives a claimed key back: nothing was done.
func (a *Answers) Release(ctx context.Context, owner, key string) error {
	return a.store.Keep(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM answer WHERE owner = $1 AND name = $2 AND answer IS NULL`, owner, name(key))
		return err
	})
}

// Sweep deletes the answers whose day is over.
func (a *Answers) Sweep(ctx context.Context) error {
	return a.store.Keep(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM answer WHERE at <= $1`, a.now().Add(-life).UnixMilli())
		return err
	})
}
