package link

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Names of keys in the ledger. The first two keep tokens of one kind from being taken for the other.
const (
	keyToken   = "token"
	keyHold    = "hold"
	keyPurpose = "purpose"
	keyAbout   = "about"
)

// A token is drawn bytes and the code over them, as base64url.
const (
	drawn   = 32
	coded   = 16
	letters = (drawn + coded) / 3 * 4
)

// draw makes a token of a kind, and the key under which its link is found.
func (k *Keeper) draw(kind string) (string, ledger.Key, error) {
	var b [drawn]byte
	if _, err := io.ReadFull(k.random, b[:]); err != nil {
		return "", ledger.Key{}, err
	}
	return base64.RawURLEncoding.EncodeToString(append(b[:], k.code(kind, b[:])...)), ledger.Key{Name: kind, Value: k.digest(kind, b[:]), Unique: true, Personal: true}, nil
}

func (k *Keeper) code(kind string, b []byte) []byte { return k.mac("code", kind, b)[:coded] }

func (k *Keeper) digest(kind string, b []byte) string {
	return hex.EncodeToString(k.mac("digest", kind, b))
}

func (k *Keeper) mac(use, kind string, b []byte) []byte {
	m := hmac.New(sha256.New, k.secret)
	m.Write([]byte("colophon link " + use + " " + kind + "\x00"))
	m.Write(b)
	return m.Sum(nil)
}

// parse returns the drawn bytes of a token of a kind, if it is one of ours.
func (k *Keeper) parse(kind, token string) ([]byte, bool) {
	if len(token) != letters {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != drawn+coded { // line ends are skipped
		return nil, false
	}
	return b[:drawn], hmac.Equal(b[drawn:], k.code(kind, b[:drawn]))
}

// find returns the link that a token leads to.
func (k *Keeper) find(ctx context.Context, kind, token string) (Entry, error) {
	b, ok := k.parse(kind, token)
	if !ok {
		return Entry{}, &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}
	return k.book.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: kind, Value: k.digest(kind, b)}}})
}

// good refuses a link that ended.
func (k *Keeper) good(e Entry) error {
	switch State(e.State) {
	case Used:
		return refuse(CodeUsed)
	case Revoked:
		return refuse(CodeRevoked)
	case Minted, Opened:
		if k.book.Now().Before(e.Value.Until) {
			return nil
		}
	}
	return refuse(CodeExpired)
}

func refuse(code colophon.Code) error { return &colophon.Error{Kind: colophon.Refused, Code: code} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

// Filter are the keys of links of a purpose, about something; an empty one stands for all.
func Filter(p Purpose, about string) []ledger.Key {
	var keys []ledger.Key
	for name, value := range map[string]string{keyPurpose: string(p), keyAbout: about} {
		if value != "" {
			keys = append(keys, ledger.Key{Name: name, Value: value})
		}
	}
	return keys
}
