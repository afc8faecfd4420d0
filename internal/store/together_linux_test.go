package store_test

import (
	"runtime"
	"testing"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// TestEraseTogether has an erasure share its transaction with a record about the same subject that came before it: the
// erasure finds the record, whose period runs, and restricts it instead of passing it over.
func TestEraseTogether(t *testing.T) {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	r := storetest.Recorder(t, config.Keys, clock.Now)
	record := func(typ evidence.Type, subject evidence.Subject) evidence.Record {
		rec, err := r.New(typ, subject, "officer", nil, struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	began, release := make(chan bool), make(chan bool)
	outcomes := make(chan error, 2)
	go func() {
		outcomes <- s.Write(t.Context(), func(*store.Tx) error {
			began <- true
			<-release
			return nil
		})
	}()
	<-began
	about := record("artefact.marked", "subject-1")
	go func() {
		outcomes <- s.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Record(about); return err })
	}()
	for s.Queued() < 1 {
		runtime.Gosched()
	}
	erased := make(chan store.ErasureState, 1)
	proof := record("subject.erased", evidence.System)
	go func() {
		state, err := s.Erase(t.Context(), proof, "subject-1")
		if err != nil {
			t.Error(err)
		}
		erased <- state
	}()
	for s.Queued() < 2 {
		runtime.Gosched()
	}
	close(release)
	for range 2 {
		if err := <-outcomes; err != nil {
			t.Error(err)
		}
	}
	if state := <-erased; state != store.Restricted {
		t.Errorf("the record was passed over: %s", state)
	}
}
