package policy_test

import (
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/policy/policytest"
)

// memory is a bench over a store in memory.
func memory(t *testing.T) policytest.Bench {
	t.Helper()
	var mu sync.Mutex
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return at
	}
	key, err := evidence.NewEnvelopeKey("k", slices.Repeat([]byte{7}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := evidence.NewKeyring(key)
	recorder, err := evidence.NewRecorder(evidence.RecorderConfig{Now: now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	m := &policytest.Memory{}
	return policytest.Bench{Store: m, Judged: m.Judged, Recorder: recorder, Now: now, Records: m.Records,
		Set: func(to time.Time) { mu.Lock(); at = to; mu.Unlock() },
		Open: func(r evidence.Record) ([]byte, error) {
			o, err := ring.Open(&r)
			return o.Payload, err
		}}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	policytest.Run(t, memory)
}

// TestDamaged has somebody change the stored table after it was proposed: it is not put in force, and what is stays.
func TestDamaged(t *testing.T) {
	t.Parallel()
	b := memory(t)
	k, err := policy.NewKeeper(t.Context(), b.Store, b.Recorder)
	if err != nil {
		t.Fatal(err)
	}
	first := k.Current()
	record := func() evidence.Record {
		rec, err := b.Recorder.New("a", evidence.System, "officer", []colophon.Clause{colophon.ClauseDS10}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	v := policy.Version{Table: policytest.Table("v1", policy.Allow, policy.Allow), Digest: [32]byte{1}, Reason: "r", By: "staff-1", At: b.Now()}
	if err := b.Store.Add(t.Context(), record(), v); err != nil {
		t.Fatal(err)
	}
	_, err = k.Compare(t.Context(), policy.Actor{ID: "staff-2", Role: "officer"}, "v1", 1)
	wantCode(t, err, policy.CodeDamaged, colophon.Args{"version": "v1"})
	if err := b.Store.Release(t.Context(), record(), policy.Release{Number: 1, Version: "v1", By: "staff-2", At: b.Now()}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, k.Refresh(t.Context()), policy.CodeDamaged, colophon.Args{"version": "v1"})
	if k.Current() != first {
		t.Error("the damaged table is in force")
	}
	_, err = policy.NewKeeper(t.Context(), b.Store, b.Recorder)
	wantCode(t, err, policy.CodeDamaged, nil)
}
