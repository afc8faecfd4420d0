package evidence

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"slices"

	"github.com/colophon-project/colophon"
)

// Domains of what is sealed. They stand in the authenticated data, so that bytes sealed for one use open for no other.
const (
	payloadDomain = "colophon/evidence/payload/v1\x00"
	keyDomain     = "colophon/evidence/data-key/v1\x00"
	keySize       = 32
	nonceSize     = 12
)

// EnvelopeKey wraps data keys. [NewEnvelopeKey] keeps it in memory; a key server or a hardware module may stand in.
type EnvelopeKey interface {
	// ID names the key; it is stored beside what the key wrapped.
	ID() string
	// Wrap seals a data key; Unwrap with the same context returns it.
	Wrap(key, context []byte) ([]byte, error)
	// Unwrap MUST fail when the bytes or the context were changed.
	Unwrap(wrapped, context []byte) ([]byte, error)
}

// DataKey is a data key of a subject as it is stored: wrapped. A subject may have several. To erase all of them is to
// make unreadable whatever was sealed for the subject.
type DataKey struct {
	ID       string // UUIDv7
	Subject  Subject
	Envelope string // ID of the envelope key
	Wrapped  []byte // nil once erased
}

// Sealed holds bytes under a data key.
type Sealed struct {
	Key DataKey
	Box []byte // nonce and AES-256-GCM ciphertext; nil once purged
}

type localKey struct {
	id   string
	aead cipher.AEAD
	rand io.Reader
}

// NewEnvelopeKey makes an envelope key of 32 secret bytes.
func NewEnvelopeKey(id string, secret []byte, rand io.Reader) (EnvelopeKey, error) {
	if len(secret) != keySize || !words(id, maxSubject, "-_.") {
		return nil, invalid(CodeRecordInvalid, "envelope-key", nil)
	}
	aead, err := gcm(secret)
	if err != nil {
		return nil, err
	}
	return &localKey{id, aead, rand}, nil
}

func (k *localKey) ID() string { return k.id }

func (k *localKey) Wrap(key, context []byte) ([]byte, error) {
	return sealBox(k.aead, k.rand, key, context)
}

func (k *localKey) Unwrap(wrapped, context []byte) ([]byte, error) {
	return openBox(k.aead, wrapped, context)
}

// Keyring holds the envelope key in use and those before it.
type Keyring struct {
	current EnvelopeKey
	all     []EnvelopeKey
}

// NewKeyring makes a keyring. New data keys are wrapped by current.
func NewKeyring(current EnvelopeKey, older ...EnvelopeKey) *Keyring {
	return &Keyring{current, append([]EnvelopeKey{current}, older...)}
}

// CurrentID names the envelope key in use.
func (k *Keyring) CurrentID() string { return k.current.ID() }

func (d DataKey) context() []byte {
	return []byte(keyDomain + d.ID + "\x00" + string(d.Subject) + "\x00" + d.Envelope)
}

// wrap fills in the wrapped form of a data key.
func (k *Keyring) wrap(d DataKey, key []byte) (DataKey, error) {
	d.Envelope = k.current.ID()
	var err error
	d.Wrapped, err = k.current.Wrap(key, d.context())
	return d, err
}

func (k *Keyring) unwrap(d DataKey) ([]byte, error) {
	i := slices.IndexFunc(k.all, func(e EnvelopeKey) bool { return e.ID() == d.Envelope })
	if i < 0 {
		// No fault of whoever asks: a rotated key that this process has not read yet, or one that was taken away.
		return nil, &colophon.Error{Kind: colophon.Internal, Code: CodeKeyUnknown}
	}
	key, err := k.all[i].Unwrap(d.Wrapped, d.context())
	if err != nil || len(key) != keySize {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeUnsealFailed, Err: err}
	}
	return key, nil
}

// Rewrap wraps a data key by the envelope key in use, after a rotation.
func (k *Keyring) Rewrap(d DataKey) (DataKey, error) {
	key, err := k.unwrap(d)
	if err != nil {
		return DataKey{}, err
	}
	return k.wrap(d, key)
}

// Unseal opens bytes that [Recorder.Seal] sealed for the same use.
func (k *Keyring) Unseal(s Sealed, use string) ([]byte, error) {
	key, err := k.unwrap(s.Key)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	plain, err := openBox(aead, s.Box, []byte(use))
	if err != nil {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeUnsealFailed, Err: err}
	}
	return plain, nil
}

// Open returns the payload and salt of a record. It fails when they do not fit the record's commitment.
func (k *Keyring) Open(r *Record) (Opening, error) {
	plain, err := k.Unseal(r.Sealed, payloadDomain+r.ID)
	if err != nil {
		return Opening{}, err
	}
	var o Opening
	if len(plain) < len(o.Salt) {
		return Opening{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeUnsealFailed}
	}
	copy(o.Salt[:], plain)
	o.Payload = plain[len(o.Salt):]
	if got := o.Commitment(); !bytes.Equal(got[:], r.Commitment[:]) {
		return Opening{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeCommitment}
	}
	return o, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func sealBox(aead cipher.AEAD, rand io.Reader, plain, context []byte) ([]byte, error) {
	box := make([]byte, nonceSize, nonceSize+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(rand, box); err != nil {
		return nil, err
	}
	return aead.Seal(box, box, plain, context), nil
}

func openBox(aead cipher.AEAD, box, context []byte) ([]byte, error) {
	if len(box) < nonceSize+aead.Overhead() {
		return nil, errors.New("the box is too short")
	}
	return aead.Open(nil, box[:nonceSize], box[nonceSize:], context)
}
