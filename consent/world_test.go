package consent_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

const (
	account  evidence.Subject = "account-1"
	stranger evidence.Subject = "account-2"
)

func backend() ledger.By { return ledger.By{Role: "application", ID: "key-1"} }
func person() ledger.By  { return ledger.By{Role: consent.RoleSubject} }
func officer() ledger.By { return ledger.By{Role: "officer", ID: "staff-1"} }

// media keeps sealed bytes in memory, each with the key that alone opens it.
type media struct {
	sync.Mutex
	n     int
	blobs map[string][]byte
	keys  map[string][]byte
	fail  error // of Delete
}

func (m *media) PutSealed(_ context.Context, r io.Reader, key []byte) (string, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	m.Lock()
	defer m.Unlock()
	m.n++
	ref := fmt.Sprintf("blob-%d", m.n)
	m.blobs[ref], m.keys[ref] = raw, bytes.Clone(key)
	return ref, nil
}

func (m *media) OpenSealed(_ context.Context, ref string, key []byte) (io.ReadCloser, error) {
	m.Lock()
	defer m.Unlock()
	if raw, ok := m.blobs[ref]; ok && bytes.Equal(key, m.keys[ref]) {
		return io.NopCloser(bytes.NewReader(raw)), nil
	}
	return nil, errors.New("no such blob, or another key")
}

func (m *media) Delete(_ context.Context, ref string) error {
	m.Lock()
	defer m.Unlock()
	if m.fail != nil {
		return m.fail
	}
	delete(m.blobs, ref)
	return nil
}

// outputs are what the tests say was made.
type outputs struct {
	items  map[string]consent.Output
	copies map[string]consent.Copies
	err    error
}

func (o *outputs) Made(_ context.Context, number, digest string) (consent.Output, bool, error) {
	out, ok := o.items[number+digest]
	return out, ok, o.err
}

func (o *outputs) Copies(_ context.Context, number string) (consent.Copies, error) {
	return o.copies[number], o.err
}

type prompts map[evidence.Subject]bool

func (p prompts) Acknowledged(_ context.Context, a evidence.Subject, function string) (bool, error) {
	return p[a] && function == "voice-clone", nil
}

// matcher answers with what a test sets.
type matcher struct {
	scores consent.Scores
	err    error
	heard  string // the recording that it got
}

func (m *matcher) Match(ctx context.Context, s consent.Sample) (consent.Comparison, error) {
	raw, err := io.ReadAll(s.Recording)
	if err != nil {
		return consent.Comparison{}, err
	}
	m.heard = string(raw)
	for _, r := range s.References {
		f, err := r.Open(ctx)
		if err != nil {
			return consent.Comparison{}, err
		}
		m.heard += "+" + string(r.Modality)
		f.Close()
	}
	return consent.Comparison{Scores: m.scores, Transcript: s.Phrase, Verifier: "test/1"}, m.err
}

type identities map[string]evidence.Subject

func (i identities) Proven(_ context.Context, verification string, subject evidence.Subject) (bool, error) {
	return i[verification] == subject && subject != "", nil
}

type ledgerStore = ledger.Store[consent.Likeness]

type world struct {
	*testing.T
	config   consent.Config
	ledger   *consent.Ledger
	store    *store.Store
	clock    *storetest.Clock
	media    *media
	outputs  *outputs
	verifier note.Verifier
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock(), media: &media{blobs: map[string][]byte{}, keys: map[string][]byte{}},
		outputs: &outputs{items: map[string]consent.Output{}, copies: map[string]consent.Copies{}}}
	c := storetest.SQLite(t)
	c.Keys, c.Now = storetest.Keys(t, "k1"), w.clock.Now
	w.store = storetest.Open(t, c)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	w.fine(err)
	signer, err := evidence.NewNoteSigner("example.com/log", key, rand.Reader)
	w.fine(err)
	w.verifier, err = evidence.NewNoteVerifier("example.com/log", key.Public())
	w.fine(err)
	w.config = consent.Config{Consents: ledgers.Of[consent.Likeness](w.store, "consent"), Tokens: ledgers.Of[consent.Token](w.store, "consent-token"), Recorder: storetest.Recorder(t, c.Keys, w.clock.Now),
		Keys: c.Keys, Secret: bytes.Repeat([]byte{7}, 32), Random: rand.Reader, Signer: signer, Provider: "Example Provider", Contact: "privacy@example.com", Media: w.media, Outputs: w.outputs,
		Prompts: prompts{account: true}}
	w.again()
	return w
}

// again makes the ledger anew over what is stored, as after a restart.
func (w *world) again() {
	w.Helper()
	l, err := consent.New(w.config)
	w.fine(err)
	w.ledger = l
}

func (w *world) fine(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused wants an error in which a code stands.
func (w *world) refused(err error, want colophon.Code) {
	w.Helper()
	if !has(err, want) {
		w.Errorf("error %v, want %s", err, want)
	}
}

// has reports whether an error, or one that it joins, has a code.
func has(err error, want colophon.Code) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if has(e, want) {
				return true
			}
		}
		return false
	}
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == want
}

func (w *world) pass(d time.Duration) { w.clock.Set(w.clock.Now().Add(d)) }

func (w *world) terms() consent.Terms {
	return consent.Terms{Modality: []consent.Modality{consent.Voice}, Purpose: "advert", Functions: []string{"voice-clone"}, Scenes: []string{"shop", "radio"}, Channels: []string{"web"},
		Languages: []string{"zh", "en"}, Forbidden: []string{"political"}, Train: true, From: w.clock.Now(), Until: w.clock.Now().Add(24 * time.Hour), Uses: 10}
}

func (w *world) ask(change ...func(*consent.Request)) consent.Entry {
	w.Helper()
	r := consent.Request{Requester: account, Person: consent.Adult, Language: "zh", Terms: w.terms(), RequesterName: "Requester Studio", Why: "An advert for a shop", SubjectName: "Depicted Person", Contact: "person@example.org"}
	for _, c := range change {
		c(&r)
	}
	e, err := w.ledger.Request(w.Context(), backend(), r)
	w.fine(err)
	return e
}

func (w *world) shown(id string) consent.Notice {
	w.Helper()
	n, _, err := w.ledger.Shown(w.Context(), person(), id, "en")
	w.fine(err)
	return n
}

// given asks and has the subject agree.
func (w *world) given(change ...func(*consent.Request)) (consent.Entry, string) {
	w.Helper()
	e := w.ask(change...)
	n := w.shown(e.ID)
	e, code, err := w.ledger.Give(w.Context(), person(), e.ID, consent.Answer{Notice: n.SHA256})
	w.fine(err)
	w.pass(time.Second)
	return e, code
}

// record has the subject read a phrase.
func (w *world) record(id, sound string) consent.Entry {
	w.Helper()
	c, err := w.ledger.Challenge(w.Context(), person(), id)
	w.fine(err)
	e, err := w.ledger.Record(w.Context(), person(), id, consent.Take{Nonce: c.Nonce, Device: "a browser", Body: strings.NewReader(sound)})
	w.fine(err)
	return e
}

func (w *world) mint(id string, uses int) (string, consent.TokenEntry) {
	w.Helper()
	token, t, err := w.ledger.Mint(w.Context(), backend(), id, consent.Use{}, uses, time.Time{})
	w.fine(err)
	return token, t
}

func use() consent.Use {
	return consent.Use{Function: "voice-clone", Modality: []consent.Modality{consent.Voice}, Purpose: "advert", Scene: "shop", Channel: "web", Language: "zh", Account: account}
}

func (w *world) get(id string) consent.Entry {
	w.Helper()
	e, err := w.ledger.Consent(w.Context(), id)
	w.fine(err)
	return e
}

// types are the types of all records about a consent or token, in order.
func (w *world) types() (list []evidence.Type) {
	w.Helper()
	for r, err := range w.store.Records(w.Context(), false) {
		w.fine(err)
		list = append(list, r.Type)
	}
	return list
}
