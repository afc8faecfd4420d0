package library_test

import (
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/library/librarytest"
)

// bench returns the curator's surroundings in memory.
func bench(t *testing.T) librarytest.Bench {
	t.Helper()
	key, err := evidence.NewEnvelopeKey("first", fmt.Appendf(nil, "%-32s", "first"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := evidence.NewKeyring(key)
	var at atomic.Pointer[time.Time]
	set := func(now time.Time) { at.Store(&now) }
	set(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC))
	rec, err := evidence.NewRecorder(evidence.RecorderConfig{Now: func() time.Time { return *at.Load() }, Rand: rand.Reader, NewID: uuid.NewV7, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	store := librarytest.NewMemory()
	return librarytest.Bench{Store: store, Recorder: rec, Keys: keys, Set: set, Records: store.Records,
		Open: func(r evidence.Record) ([]byte, error) { o, err := keys.Open(&r); return o.Payload, err }}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	librarytest.Run(t, bench)
}
