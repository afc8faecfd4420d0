package artefact_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/artefact/artefacttest"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
)

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time  { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) set(t time.Time) { c.mu.Lock(); defer c.mu.Unlock(); c.at = t }
func newClock() *clock           { return &clock{at: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)} }

func recorder(t *testing.T, c *clock) (*evidence.Recorder, *evidence.Keyring) {
	t.Helper()
	key, err := evidence.NewEnvelopeKey("first", fmt.Appendf(nil, "%-32s", "first"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := evidence.NewKeyring(key)
	r, err := evidence.NewRecorder(evidence.RecorderConfig{Now: c.now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	return r, ring
}

func TestMemory(t *testing.T) {
	t.Parallel()
	artefacttest.Run(t, func(t *testing.T) artefacttest.Bench {
		c, m := newClock(), artefacttest.NewMemory()
		r, ring := recorder(t, c)
		return artefacttest.Bench{Store: m, Recorder: r, Set: c.set, Records: m.Records, Open: func(rec evidence.Record) ([]byte, error) {
			o, err := ring.Open(&rec)
			return o.Payload, err
		}}
	})
}

// TestLeaf makes sure that nothing of an item but its type reaches the log.
func TestLeaf(t *testing.T) {
	t.Parallel()
	m := artefacttest.NewMemory()
	r, _ := recorder(t, newClock())
	reg := artefact.NewRegister(m, r)
	a := artefact.Artefact{Number: "number-in-plain-sight", Function: "image.generate", Account: "acc-1", Format: media.PNG, Before: artefact.Digest{1}}
	if _, err := reg.New(t.Context(), "system", a); err != nil {
		t.Fatal(err)
	}
	rec := m.Records()[0]
	rec.Sequence = 1
	leaf, err := rec.Leaf()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"number-in-plain-sight", "image.generate", "png", "0100000000"} {
		if bytes.Contains(leaf, []byte(word)) {
			t.Errorf("the leaf holds %s", word)
		}
	}
	if !bytes.Contains(leaf, []byte("acc-1")) || !bytes.Contains(leaf, []byte("artefact.received")) {
		t.Errorf("the leaf is %s", leaf)
	}
}

// TestClauses has the records that the law asks for name their clause.
func TestClauses(t *testing.T) {
	t.Parallel()
	m := artefacttest.NewMemory()
	r, _ := recorder(t, newClock())
	reg := artefact.NewRegister(m, r)
	a := artefact.Artefact{Number: "n", Function: "f", Account: "acc-1", Format: media.PNG, Before: artefact.Digest{1}}
	_, err := reg.New(t.Context(), "system", a)
	_, err2 := reg.Marked(t.Context(), "system", "n", artefact.Marking{After: artefact.Digest{2}, Marks: []byte(`{}`)})
	_, err3 := reg.Delivered(t.Context(), "system", "n", "key-1", artefact.API)
	if err := errors.Join(err, err2, err3, reg.Erase(t.Context(), "officer", "n")); err != nil {
		t.Fatal(err)
	}
	want := []colophon.Clause{colophon.ClauseDS16, colophon.ClauseLM5, colophon.ClauseDS16, colophon.ClausePIPL47}
	for i, rec := range m.Records() {
		if len(rec.Clauses) != 1 || rec.Clauses[0] != want[i] {
			t.Errorf("%s names %v", rec.Type, rec.Clauses)
		}
	}
}

// plain hides what a store can do beyond the interface.
type plain struct{ artefact.Store }

func TestUnlikened(t *testing.T) {
	t.Parallel()
	r, _ := recorder(t, newClock())
	_, err := artefact.NewRegister(plain{artefacttest.NewMemory()}, r).Alike(t.Context(), make([]byte, artefact.HashSize), 3, 10)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != artefact.CodeUnlikened || e.Kind != colophon.Unsupported {
		t.Error("a store that can't look gave", err)
	}
}

// forgetful has erased one data key.
type forgetful struct {
	*artefacttest.Memory
	erased string
}

func (f *forgetful) Add(ctx context.Context, rec evidence.Record, a artefact.Artefact, handed ...artefact.Delivery) error {
	if f.erased == "" {
		f.erased = rec.Sealed.Key.ID
	}
	if rec.Sealed.Key.ID == f.erased {
		return artefact.ErrForgotten
	}
	return f.Memory.Add(ctx, rec, a, handed...)
}

// TestForgotten has the data key of the account erased elsewhere: the record is made again under a new one.
func TestForgotten(t *testing.T) {
	t.Parallel()
	f := &forgetful{Memory: artefacttest.NewMemory()}
	r, _ := recorder(t, newClock())
	a := artefact.Artefact{Number: "n", Function: "f", Account: "acc-1", Format: media.PNG, Before: artefact.Digest{1}}
	if _, err := artefact.NewRegister(f, r).New(t.Context(), "system", a); err != nil {
		t.Fatal(err)
	}
	if list := f.Records(); len(list) != 1 || list[0].Sealed.Key.ID == f.erased {
		t.Error(list)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(string(artefact.Place{At: time.UnixMilli(1), Name: "n"}.Cursor()))
	f.Add("MSBu")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := artefact.Cursor(text).Place()
		if err == nil && text != "" && string(p.Cursor()) != text {
			t.Errorf("%q is read as %+v", text, p)
		}
	})
}
