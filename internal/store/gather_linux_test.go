package store_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// TestGather has changes wait until they are waited for, and be committed all or none.
func TestGather(t *testing.T) {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	r := storetest.Recorder(t, config.Keys, clock.Now)
	note := func(about string) func(*store.Tx) error {
		rec, err := r.New("screen.judged", "subject-1", "system", nil, struct{}{})
		if err != nil {
			t.Fatal(err)
		}
		return func(tx *store.Tx) error { _, err := tx.Record(rec, about); return err }
	}
	count := func(about string, want int) {
		t.Helper()
		list, err := s.RecordsAbout(t.Context(), about, 0, 10)
		if err != nil || len(list) != want {
			t.Errorf("%d records about %s, want %d: %v", len(list), about, want, err)
		}
	}
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, g := s.Gather(t.Context())
	no(s.WriteSoon(ctx, note("a")))
	no(s.WriteSoon(ctx, note("a")))
	entry, err := store.SealNetworkEntry(r, store.NetworkEntry{Subject: "subject-1", Operation: "chat", Source: netip.MustParseAddrPort("203.0.113.7:4711")})
	no(err)
	no(s.LogNetwork(ctx, entry))
	count("a", 0)
	no(g.Wait(ctx))
	count("a", 2)
	look, err := r.New("network-log.read", evidence.System, "officer", nil, struct{}{})
	no(err)
	log, err := s.ReadNetworkLog(t.Context(), look, store.NetworkQuery{To: clock.Now().Add(time.Hour)})
	if err != nil || len(log) != 1 {
		t.Error(len(log), err)
	}
	no(s.WriteSoon(ctx, note("a"))) // nobody will wait any more
	count("a", 3)
	no(g.Wait(ctx))

	ctx, g = s.Gather(t.Context())
	no(s.WriteSoon(ctx, note("b")))
	broken := errors.New("broken")
	no(s.WriteSoon(ctx, func(*store.Tx) error { return broken }))
	if err := g.Wait(ctx); !errors.Is(err, broken) {
		t.Error(err)
	}
	count("b", 0)

	// A change that proves nothing stays refused.
	ctx, g = s.Gather(t.Context())
	no(s.WriteSoon(ctx, func(tx *store.Tx) error { _, err := tx.Exec(`DELETE FROM artefact_doomed`); return err }))
	var e *colophon.Error
	if err := g.Wait(ctx); !errors.As(err, &e) || e.Code != store.CodeNoRecord {
		t.Error(err)
	}
	no(s.WriteSoon(t.Context(), note("c")))
	count("c", 1)
}
