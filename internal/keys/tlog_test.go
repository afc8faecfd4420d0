package keys_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/keys"
	"github.com/colophon-project/colophon/internal/tlog"
)

func recorderConfig(ring *evidence.Keyring) evidence.RecorderConfig {
	return evidence.RecorderConfig{Now: time.Now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: ring}
}

// memory is a tlog.Store.
type memory struct {
	mu         sync.Mutex
	records    []evidence.Record
	placed     uint64
	checkpoint []byte
	swapped    chan []byte
}

func (m *memory) Pending(_ context.Context, after uint64, limit int) ([]evidence.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := max(after, m.placed)
	if from >= uint64(len(m.records)) {
		return nil, nil
	}
	rest := m.records[from:]
	return rest[:min(limit, len(rest))], nil
}

func (m *memory) Place(_ context.Context, places []evidence.Placement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.placed += uint64(len(places))
	return nil
}

func (m *memory) Placed(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.placed, nil
}

func (m *memory) Checkpoint(context.Context, string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.checkpoint, nil
}

func (m *memory) SwapCheckpoint(_ context.Context, _ string, old, note []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !bytes.Equal(old, m.checkpoint) {
		return false, nil
	}
	m.checkpoint = note
	m.swapped <- note
	return true, nil
}

// TestRotatedLog goes on with a log under a new key of the same name.
func TestRotatedLog(t *testing.T) {
	t.Parallel()
	c := config(t)
	store := &memory{swapped: make(chan []byte, 100)}
	dir := filepath.Join(t.TempDir(), "log")
	run := func(k *keys.Keys) evidence.Checkpoint {
		r, err := evidence.NewRecorder(recorderConfig(k.Envelopes))
		rec, err2 := must(t, r, err).New("test.made", "s-1", "system", nil, map[string]int{"n": len(store.records)})
		must(t, rec, err2)
		rec.Sequence = uint64(len(store.records) + 1)
		store.records = append(store.records, rec)
		ctx, stop := context.WithCancel(t.Context())
		l, err := tlog.Open(ctx, tlog.Config{Dir: dir, Signer: k.Signer, Verifiers: k.Verifiers, Store: store})
		must(t, l, err)
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		var last evidence.Checkpoint
		for last.Size < uint64(len(store.records)) {
			select {
			case note := <-store.swapped:
				last, err = evidence.ParseCheckpoint(note, k.Verifiers...)
				must(t, last, err)
			case err := <-done:
				t.Fatal(err)
			}
		}
		stop()
		<-done
		must(t, 0, l.Close())
		return last
	}
	first := open(t, c)
	one := run(first)
	second, err := keys.Rotate(c, keys.Log)
	two := run(must(t, second, err))
	if one.Origin != two.Origin || two.Size != 2 {
		t.Errorf("%+v, %+v", one, two)
	}
	for i, c := range []struct {
		checkpoint evidence.Checkpoint
		trusted    []note.Verifier
		good       bool
	}{{one, second.Verifiers, true}, {two, second.Verifiers, true}, {two, first.Verifiers, false}} {
		if _, err := evidence.ParseCheckpoint(c.checkpoint.Note, c.trusted...); (err == nil) != c.good {
			t.Errorf("%d: %v", i, err)
		}
	}
	// Who knows the new key alone can't tell that the log goes on from the last checkpoint.
	if _, err := tlog.Open(t.Context(), tlog.Config{Dir: dir, Signer: second.Signer, Verifiers: second.Verifiers[1:], Store: store}); err == nil {
		t.Error("the log opens without the key of its last checkpoint")
	}
}
