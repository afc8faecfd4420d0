package staff

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

// The form of an API key: clp_, 43 digits of base 62 for 256 random bits, 6 for the CRC-32 of what stands before. A
// scanner finds keys by the pattern clp_[0-9A-Za-z]{49} and tells them from other text by the checksum.
const (
	keyPrefix = "clp_"
	keyDigits = 43
	sumDigits = 6
	// KeyLength is the length of an API key.
	KeyLength = len(keyPrefix) + keyDigits + sumDigits
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Every as a service or function in a scope means all of them.
const Every = "*"

// Limits of an API key.
const (
	maxKeyName  = 80 // characters
	maxScope    = 200
	maxScopeLen = 128
	// keyStep is how coarse the time of last use is.
	keyStep = time.Hour
)

// Scope is what an API key reaches. An empty list reaches nothing; [Every] reaches all.
type Scope struct {
	Actions   []Action
	Services  []string
	Functions []string
}

// Key is an API key as it is stored: without the key.
type Key struct {
	ID         ID
	Digest     Digest
	Name       string // of the application, not of a person
	Scope      Scope
	Created    time.Time
	Ends       time.Time
	Revoked    time.Time // zero when it was not
	Used       time.Time // in whole hours; zero when it never was
	Replaces   ID        // its predecessor
	ReplacedBy ID        // its successor
	Version    int64     // counted by the store
}

// Good returns nil when a key may be used at a time.
func (k Key) Good(now time.Time) error {
	switch {
	case !k.Revoked.IsZero():
		return refuse(colophon.Refused, CodeKeyRevoked, nil)
	case !now.Before(k.Ends):
		return refuse(colophon.Refused, CodeKeyEnded, nil)
	}
	return nil
}

// Demand returns an error of kind Refused unless the key's scope has an action for a service and a function. They are
// empty for actions that concern none.
func (k Key) Demand(action Action, service, function string) error {
	if AllowedToKeys(action) && slices.Contains(k.Scope.Actions, action) && within(k.Scope.Services, service) && within(k.Scope.Functions, function) {
		return nil
	}
	return refuse(colophon.Refused, CodeKeyScope, nil)
}

func within(list []string, name string) bool {
	return name == "" || slices.Contains(list, name) || slices.Contains(list, Every)
}

// KeyLimits says how long API keys last.
type KeyLimits struct {
	Life    time.Duration // the longest life; zero for 400 days
	Overlap time.Duration // the longest time that a key outlives its rotation; zero for 30 days
}

func (l KeyLimits) orDefault() KeyLimits {
	const day = 24 * time.Hour
	if l.Life == 0 {
		l.Life = 400 * day
	}
	if l.Overlap == 0 {
		l.Overlap = 30 * day
	}
	return l
}

func (l KeyLimits) sane() bool { return l.Life >= time.Minute && l.Overlap >= 0 && l.Overlap <= l.Life }

// CreateKey makes an API key and returns it with its text, which nobody can show again. The actor gives no action that
// they may not do themselves.
func (r *Roster) CreateKey(ctx context.Context, by Actor, name string, scope Scope, life time.Duration) (string, Key, error) {
	if err := by.Demand(APIKeyManage); err != nil {
		return "", Key{}, err
	}
	if err := checkKey(by, name, scope); err != nil {
		return "", Key{}, err
	}
	if life < time.Minute || life > r.keys.Life {
		return "", Key{}, refuse(colophon.Invalid, CodeKeyInvalid, colophon.Args{"field": "life"})
	}
	text, k, err := r.newKey(name, scope, life)
	if err != nil {
		return "", Key{}, err
	}
	if err := r.store.Commit(ctx, Change{Keys: []Key{k}}, keyProof(ProofKeyCreated, k, by)); err != nil {
		return "", Key{}, storeError("creating an API key", err)
	}
	k.Version++
	return text, k, nil
}

func (r *Roster) newKey(name string, scope Scope, life time.Duration) (string, Key, error) {
	id, err := r.id()
	if err != nil {
		return "", Key{}, err
	}
	secret, err := r.bytes(tokenBytes)
	if err != nil {
		return "", Key{}, err
	}
	text := keyText([32]byte(secret))
	now := r.now()
	scope = Scope{slices.Clone(scope.Actions), slices.Clone(scope.Services), slices.Clone(scope.Functions)}
	return text, Key{ID: id, Digest: sha256.Sum256([]byte(text)), Name: name, Scope: scope, Created: now, Ends: now.Add(life.Truncate(time.Millisecond))}, nil
}

func checkKey(by Actor, name string, scope Scope) error {
	bad := func(field string) error {
		return refuse(colophon.Invalid, CodeKeyInvalid, colophon.Args{"field": field})
	}
	if n := utf8.RuneCountInString(name); n == 0 || name == ProbeKeyName || n > maxKeyName || !utf8.ValidString(name) || strings.TrimSpace(name) != name ||
		strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return bad("name")
	}
	if len(scope.Actions) == 0 || len(scope.Actions) > maxScope {
		return bad("actions")
	}
	for i, action := range scope.Actions {
		if !AllowedToKeys(action) || slices.Contains(scope.Actions[:i], action) {
			return bad("actions")
		}
		if err := by.Demand(action); err != nil {
			return err
		}
	}
	if !nameList(scope.Services) {
		return bad("services")
	}
	if !nameList(scope.Functions) {
		return bad("functions")
	}
	return nil
}

// nameList reports whether a list of services or functions is one: printable ASCII without spaces, each once.
func nameList(list []string) bool {
	for i, name := range list {
		if name == "" || len(name) > maxScopeLen || slices.Contains(list[:i], name) || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' }) {
			return false
		}
	}
	return len(list) <= maxScope
}

// RotateKey makes a successor with the same scope and the same length of life. Both are good until the overlap is over;
// then the old one ends. A key has one successor, and at most two of a line are good at once.
func (r *Roster) RotateKey(ctx context.Context, by Actor, id ID, overlap time.Duration) (string, Key, error) {
	if err := by.Demand(APIKeyManage); err != nil {
		return "", Key{}, err
	}
	if overlap < 0 || overlap > r.keys.Overlap {
		return "", Key{}, refuse(colophon.Invalid, CodeKeyInvalid, colophon.Args{"field": "overlap"})
	}
	old, err := r.key(ctx, id)
	if err != nil {
		return "", Key{}, err
	}
	now := r.now()
	if err := old.Good(now); err != nil {
		return "", Key{}, err
	}
	if old.ReplacedBy != "" {
		return "", Key{}, refuse(colophon.Conflict, CodeKeyReplaced, nil)
	}
	if old.Replaces != "" {
		first, err := r.key(ctx, old.Replaces)
		if err != nil && !hasCode(err, CodeKeyUnknown) {
			return "", Key{}, err
		}
		if err == nil && first.Good(now) == nil {
			return "", Key{}, refuse(colophon.Conflict, CodeKeyOverlap, nil)
		}
	}
	if err := checkKey(by, old.Name, old.Scope); err != nil {
		return "", Key{}, err
	}
	// A key that was rotated early keeps its full length of life: that of its last successor is the one that counts.
	text, k, err := r.newKey(old.Name, old.Scope, min(old.Ends.Sub(old.Created), r.keys.Life))
	if err != nil {
		return "", Key{}, err
	}
	k.Replaces, old.ReplacedBy = old.ID, k.ID
	if end := now.Add(overlap.Truncate(time.Millisecond)); end.Before(old.Ends) {
		old.Ends = end
	}
	if err := r.store.Commit(ctx, Change{Keys: []Key{old, k}}, keyProof(ProofKeyRotated, k, by)); err != nil {
		return "", Key{}, storeError("rotating an API key", err)
	}
	k.Version++
	return text, k, nil
}

// RevokeKey ends a key at once and for ever. A key that was revoked before is no error.
func (r *Roster) RevokeKey(ctx context.Context, by Actor, id ID) error {
	if err := by.Demand(APIKeyManage); err != nil {
		return err
	}
	for range tries {
		k, err := r.key(ctx, id)
		if err != nil {
			return err
		}
		if !k.Revoked.IsZero() {
			return nil
		}
		k.Revoked = r.now()
		err = r.store.Commit(ctx, Change{Keys: []Key{k}}, keyProof(ProofKeyRevoked, k, by))
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return storeError("revoking an API key", err)
		}
	}
	return refuse(colophon.Conflict, CodeChanged, nil)
}

// ProbeKeyName is the name of the keys with which the program itself tries what must be refused.
const ProbeKeyName = "colophon-probe"

// probeKeyLife is how long such a key lives if nobody ends it, as after a crash.
const probeKeyLife = time.Hour

// probeScope is what such a key reaches: what the probes try as an application, of each service and function.
func probeScope() Scope {
	return Scope{Actions: []Action{ArtefactCreate, ArtefactRead, BundleMake, ConsentAsk, CopyRequest, GatewayUse, IntakeUse, IntakeRead}, Services: []string{Every}, Functions: []string{Every}}
}

// CreateProbeKey makes a key for one run of the program's own probes. The record of it says that no person made it.
func (r *Roster) CreateProbeKey(ctx context.Context) (string, Key, error) {
	text, k, err := r.newKey(ProbeKeyName, probeScope(), probeKeyLife)
	if err != nil {
		return "", Key{}, err
	}
	if err := r.store.Commit(ctx, Change{Keys: []Key{k}}, probeProof(ProofKeyCreated, k)); err != nil {
		return "", Key{}, storeError("creating the key of probes", err)
	}
	k.Version++
	return text, k, nil
}

// EndProbeKey ends such a key. It ends no other.
func (r *Roster) EndProbeKey(ctx context.Context, id ID) error {
	for range tries {
		k, err := r.key(ctx, id)
		if err != nil {
			return err
		}
		if k.Name != ProbeKeyName {
			return refuse(colophon.Refused, CodeForbidden, colophon.Args{"action": string(APIKeyManage)})
		}
		if !k.Revoked.IsZero() {
			return nil
		}
		k.Revoked = r.now()
		err = r.store.Commit(ctx, Change{Keys: []Key{k}}, probeProof(ProofKeyRevoked, k))
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return storeError("ending the key of probes", err)
		}
	}
	return refuse(colophon.Conflict, CodeChanged, nil)
}

func probeProof(typ string, k Key) Proof {
	p := keyProof(typ, k, Actor{})
	p.Role = system
	return p
}

func (r *Roster) key(ctx context.Context, id ID) (Key, error) {
	k, err := r.store.Key(ctx, KeyQuery{ID: id})
	if errors.Is(err, ErrMissing) {
		return Key{}, refuse(colophon.Missing, CodeKeyUnknown, nil)
	}
	if err != nil {
		return Key{}, fmt.Errorf("reading an API key: %w", err)
	}
	return k, nil
}

// Key returns an API key for somebody who may read them.
func (r *Roster) Key(ctx context.Context, by Actor, id ID) (Key, error) {
	if err := by.Demand(APIKeyRead); err != nil {
		return Key{}, err
	}
	return r.key(ctx, id)
}

// Keys returns a page of API keys, at most 500, for somebody who may read them.
func (r *Roster) Keys(ctx context.Context, by Actor, after ID, limit int) ([]Key, error) {
	if err := by.Demand(APIKeyRead); err != nil {
		return nil, err
	}
	list, err := r.store.Keys(ctx, after, max(1, min(limit, maxPage)))
	if err != nil {
		return nil, fmt.Errorf("listing API keys: %w", err)
	}
	return list, nil
}

// CheckKey says which key a request presents, and notes its use. Whoever holds the text of a key is told that it ended
// or was revoked; nobody else can get that far.
func (r *Roster) CheckKey(ctx context.Context, text string) (Key, error) {
	if _, err := ParseKey(text); err != nil {
		return Key{}, err
	}
	digest := Digest(sha256.Sum256([]byte(text)))
	k, err := r.store.Key(ctx, KeyQuery{Digest: digest})
	if errors.Is(err, ErrMissing) || err == nil && subtle.ConstantTimeCompare(k.Digest[:], digest[:]) != 1 {
		return Key{}, refuse(colophon.Refused, CodeKeyUnknown, nil)
	}
	if err != nil {
		return Key{}, fmt.Errorf("reading an API key: %w", err)
	}
	now := r.now()
	if err := k.Good(now); err != nil {
		return Key{}, err
	}
	if hour := now.Truncate(keyStep); hour.After(k.Used) {
		if err := r.store.Commit(ctx, Change{UsedKeys: []UsedKey{{k.ID, hour}}}); err != nil {
			return Key{}, fmt.Errorf("noting the use of an API key: %w", err)
		}
		k.Used = hour
	}
	return k, nil
}

// keyText writes 256 random bits as an API key.
func keyText(secret [32]byte) string {
	body := keyPrefix + inBase62(new(big.Int).SetBytes(secret[:]), keyDigits)
	return body + inBase62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(body)))), sumDigits)
}

// ParseKey returns the secret in an API key. It accepts what has the form, the checksum and one spelling; whether there
// is such a key is another question.
func ParseKey(text string) ([32]byte, error) {
	malformed := refuse(colophon.Invalid, CodeKeyMalformed, nil)
	if len(text) != KeyLength || !strings.HasPrefix(text, keyPrefix) {
		return [32]byte{}, malformed
	}
	n, ok := fromBase62(text[len(keyPrefix) : len(keyPrefix)+keyDigits])
	if !ok || n.BitLen() > 256 {
		return [32]byte{}, malformed
	}
	var secret [32]byte
	n.FillBytes(secret[:])
	if subtle.ConstantTimeCompare([]byte(keyText(secret)), []byte(text)) != 1 {
		return [32]byte{}, malformed
	}
	return secret, nil
}

func inBase62(n *big.Int, digits int) string {
	out := make([]byte, digits)
	base, rest := big.NewInt(int64(len(base62))), new(big.Int)
	for i := digits - 1; i >= 0; i-- {
		n.DivMod(n, base, rest)
		out[i] = base62[rest.Int64()]
	}
	return string(out)
}

func fromBase62(s string) (*big.Int, bool) {
	n, base := new(big.Int), big.NewInt(int64(len(base62)))
	for i := range len(s) {
		d := strings.IndexByte(base62, s[i])
		if d < 0 {
			return nil, false
		}
		n.Mul(n, base).Add(n, big.NewInt(int64(d)))
	}
	return n, true
}
