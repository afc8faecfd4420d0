package ledgers_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

type thing struct {
	Count int      `json:"count"`
	Words []string `json:"words,omitempty"`
}

type bench struct {
	config store.Config
	store  *store.Store
	book   *ledger.Book[thing]
	feed   ledger.Feed
	clock  *storetest.Clock
}

func open(t *testing.T, config store.Config) *bench {
	t.Helper()
	b := &bench{clock: storetest.NewClock()}
	config.Keys, config.Now = storetest.Keys(t, "first"), b.clock.Now
	b.config, b.store = config, storetest.Open(t, config)
	b.book = &ledger.Book[thing]{Store: ledgers.Of[thing](b.store, "things"), Recorder: storetest.Recorder(t, config.Keys, b.clock.Now), Keys: config.Keys, Use: "things/", Missing: "thing-missing"}
	b.feed = ledgers.Feed(b.store)
	return b
}

func (b *bench) add(t *testing.T, e ledger.Entry[thing], secret any) ledger.Entry[thing] {
	t.Helper()
	e, err := b.book.Add(t.Context(), e, secret, ledger.Act{Type: "thing.added", Role: "officer", Payload: e.Value})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (b *bench) records(t *testing.T) (n int) {
	t.Helper()
	for _, err := range b.store.Records(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func both(t *testing.T, run func(*testing.T, *bench)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); run(t, open(t, storetest.SQLite(t))) })
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		run(t, open(t, store.Config{Postgres: storetest.Postgres(t)}))
	})
}

func TestEntries(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		due := b.clock.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
		one := b.add(t, ledger.Entry[thing]{Subject: "person-1", State: "open", Due: due, Value: thing{Count: 1, Words: []string{"a"}},
			Keys: []ledger.Key{{Name: "digest", Value: "d1", Personal: true}, {Name: "token", Value: "t1", Unique: true}}}, "a secret")
		two := b.add(t, ledger.Entry[thing]{State: "shut", Value: thing{Count: 2}, Keys: []ledger.Key{{Name: "digest", Value: "d1"}}}, nil)
		got, err := b.book.Get(t.Context(), one.ID)
		if err != nil || !cmp.Equal(got, one) {
			t.Fatal(err, cmp.Diff(one, got))
		}
		var secret string
		if there, err := b.book.Open(got, &secret); !there || err != nil || secret != "a secret" {
			t.Fatal(there, err, secret)
		}
		if two.Subject != evidence.System || two.Version != 1 || two.Kept != ledger.None {
			t.Fatal(two)
		}
		before := b.records(t)
		_, err = b.book.Add(t.Context(), ledger.Entry[thing]{State: "open", Keys: []ledger.Key{{Name: "token", Value: "t1", Unique: true}}}, nil, ledger.Act{Type: "thing.added", Role: "officer", Payload: 1})
		storetest.WantCode(t, err, ledger.CodeExists)
		_, err = b.book.Get(t.Context(), "nothing")
		storetest.WantCode(t, err, "thing-missing")
		if n := b.records(t); n != before {
			t.Fatalf("%d records of changes that did not happen", n-before)
		}
		for _, c := range []struct {
			q    ledger.Query
			want []string
		}{
			{ledger.Query{}, []string{one.ID, two.ID}},
			{ledger.Query{Newest: true}, []string{two.ID, one.ID}},
			{ledger.Query{Newest: true, After: two.ID}, []string{one.ID}},
			{ledger.Query{After: one.ID}, []string{two.ID}},
			{ledger.Query{Limit: 1}, []string{one.ID}},
			{ledger.Query{Subject: "person-1"}, []string{one.ID}},
			{ledger.Query{States: []string{"open", "other"}}, []string{one.ID}},
			{ledger.Query{Keys: []ledger.Key{{Name: "digest", Value: "d1"}}}, []string{one.ID, two.ID}},
			{ledger.Query{Keys: []ledger.Key{{Name: "digest", Value: "d1"}, {Name: "token", Value: "t1"}}}, []string{one.ID}},
			{ledger.Query{Keys: []ledger.Key{{Name: "token", Value: "d1"}}}, nil},
			{ledger.Query{Due: due.Add(-time.Millisecond)}, nil},
			{ledger.Query{Due: due}, []string{one.ID}},
		} {
			list, err := b.book.Store.Find(t.Context(), c.q)
			var ids []string
			for _, e := range list {
				ids = append(ids, e.ID)
			}
			if err != nil || !cmp.Equal(ids, c.want) {
				t.Errorf("%+v: %v, %v", c.q, ids, err)
			}
			c.q.After, c.q.Limit = "", 0
			if n, err := b.book.Store.Count(t.Context(), c.q); err != nil || n < len(c.want) {
				t.Errorf("%+v: %d, %v", c.q, n, err)
			}
		}
	})
}

func TestChange(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		e := b.add(t, ledger.Entry[thing]{State: "open", Keys: []ledger.Key{{Name: "token", Value: "t1", Unique: true}}}, nil)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := b.book.Change(context.Background(), e.ID, func(e *ledger.Entry[thing]) (ledger.Act, error) {
					e.Value.Count++
					return ledger.Act{Type: "thing.counted", Role: "system", Payload: e.Value}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := b.book.Get(t.Context(), e.ID)
		if err != nil || got.Value.Count != 8 || got.Version != 9 || len(got.Keys) != 1 {
			t.Fatal(got, err)
		}
		if same, err := b.book.Change(t.Context(), e.ID, func(*ledger.Entry[thing]) (ledger.Act, error) { return ledger.Act{}, ledger.ErrSame }); err != nil || same.Version != 9 {
			t.Fatal(same, err)
		}
		rec, err := b.book.Recorder.New("thing.counted", evidence.System, "system", nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		got.Version--
		if err := b.book.Store.Amend(t.Context(), rec, got); !errors.Is(err, ledger.ErrChanged) {
			t.Fatal(err)
		}
		got.ID = "nothing"
		if err := b.book.Store.Amend(t.Context(), rec, got); !errors.Is(err, ledger.ErrMissing) {
			t.Fatal(err)
		}
		if n := b.records(t); n != 9 {
			t.Fatal(n)
		}
	})
}

func TestFeed(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		one, two := b.add(t, ledger.Entry[thing]{Subject: "person-1", State: "open"}, nil), b.add(t, ledger.Entry[thing]{State: "open"}, nil)
		head, err := b.feed.Head(t.Context())
		if err != nil || head != 2 {
			t.Fatal(head, err)
		}
		rec, err := b.book.Recorder.New("thing.changed", evidence.System, "system", nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.book.Store.Amend(t.Context(), rec, one, two); err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int{1, 2, 10} { // what one record changed is one
			list, err := b.feed.Changes(t.Context(), head, limit)
			want := []ledger.Change{{Sequence: 3, Ledger: "things", ID: one.ID, Subject: "person-1"}, {Sequence: 3, Ledger: "things", ID: two.ID, Subject: evidence.System}}
			if err != nil || !cmp.Equal(list, want) {
				t.Fatal(limit, list, err)
			}
		}
		if list, err := b.feed.Changes(t.Context(), 3, 10); err != nil || len(list) != 0 {
			t.Fatal(list, err)
		}
	})
}

// TestErase erases a subject: what is sealed and what leads to the person goes, and the rest stays.
func TestErase(t *testing.T) {
	both(t, func(t *testing.T, b *bench) {
		e := b.add(t, ledger.Entry[thing]{Subject: "person-1", State: "open", Value: thing{Count: 3}, Keys: []ledger.Key{{Name: "digest", Value: "d1", Personal: true}, {Name: "token", Value: "t1"}}}, "a secret")
		erase := func() {
			t.Helper()
			rec, err := b.book.Recorder.New("erasure", evidence.System, "officer", nil, 1)
			if err == nil {
				_, err = b.store.Erase(t.Context(), rec, "person-1")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		erase()
		got, err := b.book.Get(t.Context(), e.ID)
		if err != nil || got.Kept != ledger.Restricted || len(got.Keys) != 2 {
			t.Fatal(got, err)
		}
		if there, err := b.book.Open(got, new(string)); there || err != nil {
			t.Fatal(there, err)
		}
		b.clock.Set(b.clock.Now().AddDate(4, 0, 0))
		erase()
		got, err = b.book.Get(t.Context(), e.ID)
		if err != nil || got.Kept != ledger.Erased || got.Sealed != nil || got.Value.Count != 3 || !cmp.Equal(got.Keys, []ledger.Key{{Name: "token", Value: "t1"}}) {
			t.Fatal(got, err)
		}
		// The recorder still has the key that was erased. A change seals anew.
		if _, err := b.book.Change(t.Context(), e.ID, func(e *ledger.Entry[thing]) (ledger.Act, error) {
			e.Value.Count++
			return ledger.Act{Type: "thing.counted", Role: "system", Payload: 1}, nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDump takes entries from one engine to the other.
func TestDump(t *testing.T) {
	t.Parallel()
	a, b := open(t, storetest.SQLite(t)), open(t, store.Config{Postgres: storetest.Postgres(t)})
	e := a.add(t, ledger.Entry[thing]{Subject: "person-1", State: "open", Value: thing{Words: []string{"x"}}, Keys: []ledger.Key{{Name: "token", Value: "t1", Unique: true}}}, "a secret")
	var dump bytes.Buffer
	if err := errors.Join(a.store.Backup(t.Context(), &dump), b.store.Restore(t.Context(), strings.NewReader(dump.String()))); err != nil {
		t.Fatal(err)
	}
	got, err := b.book.Get(t.Context(), e.ID)
	if err != nil || !cmp.Equal(got, e) {
		t.Fatal(err, cmp.Diff(e, got))
	}
	_, err = b.book.Add(t.Context(), ledger.Entry[thing]{State: "open", Keys: []ledger.Key{{Name: "token", Value: "t1", Unique: true}}}, nil, ledger.Act{Type: "thing.added", Role: "officer", Payload: 1})
	var told *colophon.Error
	if !errors.As(err, &told) || told.Kind != colophon.Conflict {
		t.Fatal(err)
	}
}
