// Package staff holds the people who operate Colophon and the API keys of the applications that use it: who they are,
// what each role may do, how somebody proves who they are, and how long that proof is good for.
//
// [Roster] is the worker. It knows accounts with roles, passwords, passkeys, identities of an OpenID provider, sessions,
// API keys, invitations and the first run. A [Store] keeps the state. Whatever is secret is stored as a digest alone:
// session tokens, API keys, tickets. Such secrets have 256 random bits, so SHA-256 without salt is enough for them;
// passwords do not, so they go through Argon2id.
//
// Whoever can't sign in learns nothing about why. An unknown name, a wrong password, a disabled account and an account
// without a password give one error after the same work. Two token buckets in the store, one for the name that was tried
// and one for the source, bound how often anybody may try; they exist for names that nobody has, too.
//
// Each change goes to the store with the [Proof] that an evidence record is made of. A proof holds opaque identifiers,
// roles and methods, and never a login name, an address or a secret. The same is true of errors: they have codes.
//
// What not to do here: no HTTP, no SQL, no clock, no randomness of its own. Never cache an account, a session or an API
// key: a revocation must hold for the next request on every node. Never match the account of an outside identity by its
// e-mail address. Never tell a person who has not signed in which part of the sign-in was wrong. Never turn a failure of
// the store into a wrong password, nor the other way round.
package staff

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
)

// ID is an opaque identifier of an account, a session or an API key: a UUIDv7 in lower case. It says nothing about a
// person and may stand in logs and records.
type ID string

// ParseID reads an identifier and accepts one spelling alone.
func ParseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s || u.Version() != 7 {
		return "", refuse(colophon.Invalid, CodeIDInvalid, nil)
	}
	return ID(s), nil
}

// Digest is the SHA-256 of a secret with 256 random bits.
type Digest [sha256.Size]byte

// Config is what a Roster needs.
type Config struct {
	Store  Store                     // required
	Now    func() time.Time          // required
	Random io.Reader                 // required; cryptographically strong
	NewID  func() (uuid.UUID, error) // required; makes UUIDv7
	Secret []byte                    // required; 32 bytes or more, the same on all nodes; keys of CSRF tokens and bucket names

	Passwords Hashing // the zero value is [OWASP]
	Hashings  int     // how many passwords are hashed at once; 0 for 2
	Sessions  SessionLimits
	Throttle  Throttle
	Keys      KeyLimits

	// Passkeys are off when Domain is empty.
	Passkeys PasskeySite
	// Issuers are the OpenID providers whose identities are accepted. No other is.
	Issuers []IssuerRule
}

// Roster is the worker of this package. It is safe for use by many goroutines.
type Roster struct {
	store   Store
	clock   func() time.Time
	random  io.Reader
	newID   func() (uuid.UUID, error)
	csrf    []byte // key of CSRF tokens
	bucket  []byte // key of bucket names
	hasher  *hasher
	common  map[string]struct{} // the commonest passwords
	limits  SessionLimits
	rates   Throttle
	keys    KeyLimits
	site    PasskeySite
	passkey *webauthn.WebAuthn // nil when passkeys are off
	issuers map[string]IssuerRule
}

// New makes a Roster. It returns an error of kind Invalid when the configuration is out of form.
func New(c Config) (*Roster, error) {
	if c.Store == nil || c.Now == nil || c.Random == nil || c.NewID == nil {
		return nil, invalidSetting("store, now, random, newid")
	}
	if len(c.Secret) < 32 {
		return nil, invalidSetting("secret")
	}
	r := &Roster{
		store: c.Store, clock: c.Now, random: c.Random, newID: c.NewID,
		csrf:   derive(c.Secret, "colophon/staff/csrf/v1"),
		bucket: derive(c.Secret, "colophon/staff/bucket/v1"),
		common: commonest(),
		limits: c.Sessions.orDefault(),
		rates:  c.Throttle.orDefault(),
		keys:   c.Keys.orDefault(),
		site:   c.Passkeys,
	}
	if !r.limits.sane() {
		return nil, invalidSetting("sessions")
	}
	if !r.rates.Account.sane() || !r.rates.Source.sane() {
		return nil, invalidSetting("throttle")
	}
	if !r.keys.sane() {
		return nil, invalidSetting("keys")
	}
	var err error
	if r.hasher, err = newHasher(c.Passwords, c.Hashings, c.Random); err != nil {
		return nil, err
	}
	if r.passkey, err = c.Passkeys.open(); err != nil {
		return nil, err
	}
	if r.issuers, err = issuerTable(c.Issuers); err != nil {
		return nil, err
	}
	return r, nil
}

func derive(secret []byte, use string) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(use))
	return m.Sum(nil)
}

// now is the present in UTC, in whole milliseconds, so that every store gives back what it was given.
func (r *Roster) now() time.Time { return r.clock().UTC().Truncate(time.Millisecond) }

func (r *Roster) id() (ID, error) {
	u, err := r.newID()
	if err != nil {
		return "", fmt.Errorf("drawing an identifier: %w", err)
	}
	return ID(u.String()), nil
}

// bytes draws n random bytes.
func (r *Roster) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r.random, b); err != nil {
		return nil, fmt.Errorf("drawing random bytes: %w", err)
	}
	return b, nil
}

// tokenBytes is how many random bytes a token has.
const tokenBytes = 32

// token draws a token and returns it with its digest.
func (r *Roster) token() (string, Digest, error) {
	b, err := r.bytes(tokenBytes)
	if err != nil {
		return "", Digest{}, err
	}
	text := base64.RawURLEncoding.EncodeToString(b)
	return text, sha256.Sum256([]byte(text)), nil
}

// tokenDigest returns the digest of a token that somebody presents. It accepts what token makes and nothing else, so
// that a long or odd string never reaches the store.
func tokenDigest(token string) (Digest, bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return Digest{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != tokenBytes || base64.RawURLEncoding.EncodeToString(b) != token {
		return Digest{}, false
	}
	return sha256.Sum256([]byte(token)), true
}

// tries is how often a change is made again that collided with another one.
const tries = 5

// amend changes one account. The function sees the account as it stands, alters it and says what else changes; it is
// called again when somebody else changed the account in between, so it MUST have no effect outside its arguments.
func (r *Roster) amend(ctx context.Context, q AccountQuery, change func(a *Account) (Change, []Proof, error)) (Account, error) {
	for range tries {
		a, err := r.store.Account(ctx, q)
		if errors.Is(err, ErrMissing) {
			return Account{}, refuse(colophon.Missing, CodeAccountUnknown, nil)
		}
		if err != nil {
			return Account{}, fmt.Errorf("reading an account: %w", err)
		}
		c, proofs, err := change(&a)
		if err != nil {
			return Account{}, err
		}
		c.Accounts = append(c.Accounts, a)
		err = r.store.Commit(ctx, c, proofs...)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return Account{}, storeError("changing an account", err)
		}
		a.Version++
		return a, nil
	}
	return Account{}, refuse(colophon.Conflict, CodeChanged, nil)
}

// Sweep deletes what has ended: tickets, sessions and full token buckets. The caller runs it now and then.
func (r *Roster) Sweep(ctx context.Context) error {
	if err := r.store.Commit(ctx, Change{Sweep: r.now()}); err != nil {
		return fmt.Errorf("sweeping what has ended: %w", err)
	}
	return nil
}
