package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// KeyLedger names the ledger of the keys of upstreams.
const KeyLedger = "upstream-key"

// Types of records.
const (
	RecordKeySet     evidence.Type = "gateway.key-set"
	RecordKeyRemoved evidence.Type = "gateway.key-removed"
)

const (
	keyUse     = "colophon/upstream-key/v1\x00"
	keySet     = "set"
	keyRemoved = "removed"
	// keyFresh is for how long a node serves a key without asking the store again; another node may have replaced it.
	keyFresh = 5 * time.Second
	maxKey   = 4096
	keyTail  = 4 // digits of the digest that are shown
)

// keyName is how a key may be called.
var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Stored is what may be read of a key. The key itself lies in the sealed part.
type Stored struct {
	Name string `json:"name"`
	Tail string `json:"tail,omitempty"` // last digits of the SHA-256 of the key, to tell one from another
	By   string `json:"by,omitempty"`   // staff account that set it
}

// Key is a key as it is listed.
type Key struct {
	Stored
	Changed time.Time
}

// Keys keeps the keys by which upstreams know us. It is safe for use by many goroutines.
type Keys struct {
	book ledger.Book[Stored]
	now  func() time.Time

	mu    sync.Mutex // guards known, never over I/O
	known map[string]knownKey
	epoch int // counts changes on this node, so that a reading which began before one is not kept
}

type knownKey struct {
	text string
	read time.Time
}

// NewKeys makes Keys over a ledger.
func NewKeys(store ledger.Store[Stored], r *evidence.Recorder, keys ledger.Unsealer, now func() time.Time) *Keys {
	return &Keys{book: ledger.Book[Stored]{Store: store, Recorder: r, Keys: keys, Use: keyUse, Missing: CodeKeyUnknown}, now: now, known: map[string]knownKey{}}
}

// Key returns the text of a key. A replaced or removed one may be in use for a few seconds more on other nodes.
func (k *Keys) Key(ctx context.Context, name string) (string, error) {
	now := k.now()
	k.mu.Lock()
	known, ok := k.known[name]
	epoch := k.epoch
	k.mu.Unlock()
	if age := now.Sub(known.read); ok && age >= 0 && age < keyFresh {
		return known.text, nil
	}
	e, err := k.entry(ctx, name)
	if err != nil {
		return "", err
	}
	var text string
	if there, err := k.book.Open(e, &text); err != nil || !there || e.State != keySet {
		return "", errors.Join(unknownKey(name), err)
	}
	k.mu.Lock()
	if k.epoch == epoch {
		k.known[name] = knownKey{text, now}
	}
	k.mu.Unlock()
	return text, nil
}

func unknownKey(name string) error {
	return &colophon.Error{Kind: colophon.Missing, Code: CodeKeyUnknown, Args: colophon.Args{"key": name}}
}

func (k *Keys) entry(ctx context.Context, name string) (ledger.Entry[Stored], error) {
	e, err := k.book.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: "name", Value: name}}})
	if isCode(err, CodeKeyUnknown) {
		err = unknownKey(name)
	}
	return e, err
}

// List returns the keys that are set, by name's first use.
func (k *Keys) List(ctx context.Context) (list []Key, err error) {
	err = k.book.All(ctx, ledger.Query{States: []string{keySet}}, func(e ledger.Entry[Stored]) error {
		list = append(list, Key{e.Value, e.Changed})
		return nil
	})
	return list, err
}

// Set sets a key, or replaces it.
func (k *Keys) Set(ctx context.Context, by ledger.By, name, text string) (Key, error) {
	if !keyName.MatchString(name) {
		return Key{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeKeyInvalid, Args: colophon.Args{"field": "name"}}
	}
	if !visible(text) {
		return Key{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeKeyInvalid, Args: colophon.Args{"field": "text"}}
	}
	defer k.forget(name)
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:])
	value := Stored{Name: name, Tail: digest[len(digest)-keyTail:], By: by.ID}
	act := ledger.Act{Type: RecordKeySet, Role: by.Role, Payload: value}
	e, err := k.entry(ctx, name)
	if isCode(err, CodeKeyUnknown) {
		e, err = k.book.Add(ctx, ledger.Entry[Stored]{State: keySet, Keys: []ledger.Key{{Name: "name", Value: name, Unique: true}}, Value: value}, text, act)
		if !isCode(err, ledger.CodeExists) {
			return Key{e.Value, e.Changed}, err
		}
		e, err = k.entry(ctx, name) // somebody else was faster
	}
	if err != nil {
		return Key{}, err
	}
	e, err = k.book.Change(ctx, e.ID, func(e *ledger.Entry[Stored]) (ledger.Act, error) {
		e.State, e.Value = keySet, value
		return act, k.book.Secret(e, text)
	})
	return Key{e.Value, e.Changed}, err
}

// Remove removes a key; its text is gone from the store.
func (k *Keys) Remove(ctx context.Context, by ledger.By, name string) error {
	defer k.forget(name)
	e, err := k.entry(ctx, name)
	if err != nil {
		return err
	}
	_, err = k.book.Change(ctx, e.ID, func(e *ledger.Entry[Stored]) (ledger.Act, error) {
		if e.State != keySet {
			return ledger.Act{}, unknownKey(name)
		}
		e.State, e.Sealed = keyRemoved, nil
		e.Value.By = by.ID
		return ledger.Act{Type: RecordKeyRemoved, Role: by.Role, Payload: e.Value}, nil
	})
	return err
}

func (k *Keys) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, name)
	k.epoch++
}

func isCode(err error, code colophon.Code) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == code
}

// visible reports whether a key can stand in a header: visible ASCII, and not too long.
func visible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= maxKey
}
