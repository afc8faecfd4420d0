package evidence

import (
	"crypto/cipher"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
)

// RecorderConfig says where a [Recorder] takes from what it can't know itself.
type RecorderConfig struct {
	Now   func() time.Time
	Rand  io.Reader                 // cryptographic; MUST be safe for concurrent use
	NewID func() (uuid.UUID, error) // UUIDv7
	Keys  *Keyring
	// Classes says how long records of a type are kept. A type that is not in it is a log.
	Classes map[Type]Class
	// Subjects is for how many subjects the data key in use is kept in memory; 0 means 16384.
	Subjects int
}

// Recorder makes records. It is safe for concurrent use.
//
// It draws a data key for each subject that it meets and keeps it in memory for the next record. Every record carries
// that key in its wrapped form, and the store keeps it with the record. So a Recorder need ask nobody for a key: a
// subject has as many data keys as there were processes that wrote about it, and all are erased together.
type Recorder struct {
	config RecorderConfig

	mu        sync.Mutex
	young     map[Subject]dataKey // guarded by mu
	old       map[Subject]dataKey // guarded by mu; the generation before
	forgotten uint64              // guarded by mu; counts calls of Forget
}

type dataKey struct {
	key  DataKey
	aead cipher.AEAD
}

// NewRecorder makes a Recorder.
func NewRecorder(config RecorderConfig) (*Recorder, error) {
	if config.Now == nil || config.Rand == nil || config.NewID == nil || config.Keys == nil {
		return nil, errors.New("a recorder needs a clock, randomness, identifiers and keys")
	}
	if config.Subjects <= 0 {
		config.Subjects = 16384
	}
	return &Recorder{config: config, young: map[Subject]dataKey{}}, nil
}

// New makes the record of an act that happens now. The payload becomes canonical JSON; it may hold personal data, since
// it is sealed.
func (r *Recorder) New(typ Type, subject Subject, role Role, clauses []colophon.Clause, payload any) (Record, error) {
	text, err := Canonical(payload)
	if err != nil || len(text) > MaxPayload {
		return Record{}, invalid(CodePayloadInvalid, "", err)
	}
	id, err := r.config.NewID()
	if err != nil {
		return Record{}, err
	}
	rec := Record{ID: id.String(), Type: typ, Subject: subject, Clauses: clauses, Role: role, At: r.config.Now().UnixMilli(), Class: ClassLog}
	if class, ok := r.config.Classes[typ]; ok {
		rec.Class = class
	}
	if err := rec.Check(); err != nil {
		return Record{}, err
	}
	opening := Opening{Payload: text}
	if _, err := io.ReadFull(r.config.Rand, opening.Salt[:]); err != nil {
		return Record{}, err
	}
	rec.Commitment = opening.Commitment()
	rec.Sealed, err = r.Seal(subject, payloadDomain+rec.ID, append(opening.Salt[:], text...))
	return rec, err
}

// Seal seals bytes under the subject's data key. They open for the same use alone.
func (r *Recorder) Seal(subject Subject, use string, plain []byte) (Sealed, error) {
	k, err := r.key(subject)
	if err != nil {
		return Sealed{}, err
	}
	box, err := sealBox(k.aead, r.config.Rand, plain, []byte(use))
	return Sealed{k.key, box}, err
}

// NewID draws an identifier.
func (r *Recorder) NewID() (string, error) {
	id, err := r.config.NewID()
	return id.String(), err
}

// Now is the recorder's time in milliseconds since 1970.
func (r *Recorder) Now() int64 { return r.config.Now().UnixMilli() }

// Forget drops the data key of a subject from memory. It is called when the store says that the key was erased; what is
// sealed for the subject later is sealed under a new one.
func (r *Recorder) Forget(subject Subject) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.young, subject)
	delete(r.old, subject)
	r.forgotten++
}

func (r *Recorder) key(subject Subject) (dataKey, error) {
	r.mu.Lock()
	k, ok := r.young[subject]
	if !ok {
		if k, ok = r.old[subject]; ok {
			r.keep(subject, k)
		}
	}
	forgotten := r.forgotten
	r.mu.Unlock()
	if ok {
		return k, nil
	}
	// A key server may take its time, so the key is drawn without the lock.
	k, err := r.draw(subject)
	if err != nil {
		return dataKey{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := r.young[subject]; ok {
		return first, nil
	}
	if forgotten == r.forgotten {
		r.keep(subject, k)
	}
	return k, nil
}

// keep is called with mu held. When the young generation is full it becomes the old one.
func (r *Recorder) keep(subject Subject, k dataKey) {
	if len(r.young) >= r.config.Subjects {
		r.old, r.young = r.young, map[Subject]dataKey{}
	}
	r.young[subject] = k
}

func (r *Recorder) draw(subject Subject) (dataKey, error) {
	id, err := r.config.NewID()
	if err != nil {
		return dataKey{}, err
	}
	secret := make([]byte, keySize)
	if _, err := io.ReadFull(r.config.Rand, secret); err != nil {
		return dataKey{}, err
	}
	aead, err := gcm(secret)
	if err != nil {
		return dataKey{}, err
	}
	wrapped, err := r.config.Keys.wrap(DataKey{ID: id.String(), Subject: subject}, secret)
	return dataKey{wrapped, aead}, err
}
