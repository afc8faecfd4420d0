package upstream_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// TestKeys sets, replaces, lists and removes keys on two nodes. The text of none is in a dump of the store.
func TestKeys(t *testing.T) {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	node := func() *upstream.Keys {
		return upstream.NewKeys(ledgers.Of[upstream.Stored](s, upstream.KeyLedger), storetest.Recorder(t, config.Keys, clock.Now), config.Keys, clock.Now)
	}
	a, b := node(), node()
	ctx, by := t.Context(), ledger.By{Role: "engineer", ID: "staff-1"}
	want := func(k *upstream.Keys, name, text string) {
		t.Helper()
		got, err := k.Key(ctx, name)
		if got != text || (text == "") != (code(err) == upstream.CodeKeyUnknown) {
			t.Fatalf("%s: %q %v, want %q", name, got, err, text)
		}
	}
	want(a, "openai", "")
	first, err := a.Set(ctx, by, "openai", "sk-secret-one")
	if err != nil || first.Name != "openai" || len(first.Tail) != 4 || first.By != "staff-1" {
		t.Fatal(first, err)
	}
	want(a, "openai", "sk-secret-one")
	want(b, "openai", "sk-secret-one")
	clock.Set(clock.Now().Add(time.Second))
	second, err := a.Set(ctx, by, "openai", "sk-secret-two")
	if err != nil || second.Tail == first.Tail || !second.Changed.After(first.Changed) {
		t.Fatal(second, err)
	}
	want(a, "openai", "sk-secret-two") // at once where it was set
	clock.Set(clock.Now().Add(5 * time.Second))
	want(b, "openai", "sk-secret-two") // soon on the others
	if _, err := b.Set(ctx, by, "another", "sk-secret-three"); err != nil {
		t.Fatal(err)
	}
	list, err := b.List(ctx)
	if err != nil || len(list) != 2 || list[0] != second || list[1].Name != "another" {
		t.Fatal(list, err)
	}
	if err := a.Remove(ctx, by, "openai"); err != nil {
		t.Fatal(err)
	}
	want(a, "openai", "")
	clock.Set(clock.Now().Add(5 * time.Second))
	want(b, "openai", "")
	if err := a.Remove(ctx, by, "openai"); code(err) != upstream.CodeKeyUnknown {
		t.Fatal(err)
	}
	if list, err := a.List(ctx); err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if _, err := a.Set(ctx, by, "openai", "sk-secret-four"); err != nil {
		t.Fatal(err)
	}
	want(a, "openai", "sk-secret-four")
	for name, text := range map[string]string{"": "x", "A": "x", "-a": "x", "a b": "x", strings.Repeat("a", 65): "x", "a": "", "b": "x y", "c": "x\n", "d": "é", "e": strings.Repeat("x", 4097)} {
		if _, err := a.Set(ctx, by, name, text); code(err) != upstream.CodeKeyInvalid {
			t.Errorf("%q %q: %v", name, text, err)
		}
	}
	leaks(t, s)
}

// leaks looks for the text of a key in all that the store holds, and for the records of the changes.
func leaks(t *testing.T, s *store.Store) {
	t.Helper()
	var dump bytes.Buffer
	if err := s.Backup(t.Context(), &dump); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(dump.String(), "secret") {
		t.Error("the text of a key stands in the store")
	}
	types := map[string]int{}
	for h, err := range s.Records(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		types[string(h.Record.Type)]++
	}
	if types["gateway.key-set"] != 4 || types["gateway.key-removed"] != 1 {
		t.Error(types)
	}
}

// TestKeysTogether has many set one key that is not there yet, at the same time: all succeed, and there is one.
func TestKeysTogether(t *testing.T) {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	k := upstream.NewKeys(ledgers.Of[upstream.Stored](s, upstream.KeyLedger), storetest.Recorder(t, config.Keys, clock.Now), config.Keys, clock.Now)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := k.Set(t.Context(), ledger.By{Role: "engineer"}, "name", fmt.Sprint("text", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := k.List(t.Context()); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
}
