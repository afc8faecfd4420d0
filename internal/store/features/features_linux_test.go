package features_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/features"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/library/librarytest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func run(t *testing.T, fresh func(testing.TB) store.Config) {
	t.Parallel()
	librarytest.Run(t, func(t *testing.T) librarytest.Bench {
		config, clock := fresh(t), storetest.NewClock()
		config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
		s := storetest.Open(t, config)
		return librarytest.Bench{
			Store: features.New(s), Recorder: storetest.Recorder(t, config.Keys, clock.Now), Keys: config.Keys, Set: clock.Set,
			Records: func() (list []evidence.Record) {
				for h, err := range s.Records(context.Background(), false) {
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, h.Record)
				}
				return list
			},
			Open: func(r evidence.Record) ([]byte, error) {
				o, err := s.Payload(context.Background(), r.ID)
				return o.Payload, err
			},
		}
	})
}

func TestSQLite(t *testing.T) { run(t, storetest.SQLite) }

func TestPostgres(t *testing.T) {
	run(t, func(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} })
}

// world is a store with a curator on it.
type world struct {
	*testing.T
	store *store.Store
	clock *storetest.Clock
	keys  *evidence.Keyring
	rec   *evidence.Recorder
	k     *library.Curator
}

func open(t *testing.T) *world {
	t.Helper()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	w := &world{T: t, store: storetest.Open(t, config), clock: clock, keys: config.Keys, rec: storetest.Recorder(t, config.Keys, clock.Now)}
	f := features.New(w.store)
	var err error
	w.k, err = library.New(t.Context(), library.Config{Store: f, Samples: f, Recorder: w.rec, Keys: config.Keys})
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

var by = library.Actor{ID: "staff-1", Role: "reviewer"}

func word(id, value string) library.Feature {
	return library.Feature{ID: id, Kind: library.Keyword, Value: value, Category: "fraud", Level: keyword.Block, Language: "zh", Standard: "s", Reason: "r"}
}

// TestErasure erases somebody whose text is a sample. The text goes at once, whatever period keeps their records, and the
// samples of others stay.
func TestErasure(t *testing.T) {
	t.Parallel()
	w := open(t)
	until := w.clock.Now().AddDate(2, 0, 0)
	add := func(subject evidence.Subject) {
		_, err := w.k.AddSamples(t.Context(), by, []library.Specimen{{Text: "text", Subject: subject, Origin: "o", Until: until}})
		w.no(err)
	}
	add("acc-1")
	add("acc-2")
	about, err := w.rec.New("a", "acc-1", "system", nil, 1)
	w.no(err)
	w.no(w.store.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Record(about); return err }))
	erase := func(want store.ErasureState) {
		proof, err := storetest.Recorder(t, w.keys, w.clock.Now).New("erasure", evidence.System, "officer", nil, 1)
		w.no(err)
		if state, err := w.store.Erase(t.Context(), proof, "acc-1"); err != nil || state != want {
			t.Fatal(state, err)
		}
	}
	left := func(want ...evidence.Subject) {
		t.Helper()
		list, err := w.k.ListSamples(t.Context(), "", 9)
		w.no(err)
		var got []evidence.Subject
		for _, s := range list {
			got = append(got, s.Subject)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v are left, want %v", got, want)
		}
	}
	erase(store.Restricted)
	left("acc-2")
	w.clock.Set(w.clock.Now().AddDate(0, 7, 0))
	erase(store.Erased)
	// The recorder still has the erased key, and the key of the records may be purged.
	purge, err := storetest.Recorder(t, w.keys, w.clock.Now).New("purge", evidence.System, "system", nil, 1)
	w.no(err)
	w.no(w.store.Purge(t.Context(), purge))
	add("acc-1")
	left("acc-2", "acc-1")
	r, err := w.k.Propose(t.Context(), by, "", []library.Feature{word("a", "代开发票")})
	w.no(err)
	_, err = w.k.Review(t.Context(), library.Actor{ID: "staff-2", Role: "officer"}, library.Selection{Batch: r.ID})
	w.no(err)
	if report, err := w.k.Replay(t.Context(), by, library.Selection{Batch: r.ID}, ""); err != nil || report.Samples != 2 || report.Unread != 0 {
		t.Error(report, err)
	}
}

// TestAbout finds the records of a batch and of a feature.
func TestAbout(t *testing.T) {
	t.Parallel()
	w := open(t)
	b, err := w.k.Propose(t.Context(), by, "", []library.Feature{word("a", "代开发票"), word("b", "刷单返利")})
	w.no(err)
	_, err = w.k.Reject(t.Context(), by, library.Selection{IDs: []string{"b"}}, "why")
	w.no(err)
	for thing, want := range map[string]evidence.Type{"batch/" + b.ID: library.RecordProposed, "feature/b": library.RecordRejected} {
		held, err := w.store.RecordsAbout(t.Context(), thing, 0, 9)
		if err != nil || len(held) != 1 || held[0].Type != want {
			t.Error(thing, held, err)
		}
	}
}

// TestTampered changes a feature in the database: no node loads the version any more.
func TestTampered(t *testing.T) {
	t.Parallel()
	w := open(t)
	b, err := w.k.Propose(t.Context(), by, "", []library.Feature{word("a", "代开发票")})
	w.no(err)
	sel := library.Selection{Batch: b.ID}
	_, err = w.k.Review(t.Context(), library.Actor{ID: "staff-2", Role: "officer"}, sel)
	w.no(err)
	_, err = w.k.Replay(t.Context(), by, sel, "none")
	w.no(err)
	_, err = w.k.Activate(t.Context(), by, sel)
	w.no(err)
	w.no(w.store.Keep(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE feature SET value = $1 WHERE id = $2`, "今天天气", "a")
		return err
	}))
	f := features.New(w.store)
	_, err = library.New(t.Context(), library.Config{Store: f, Samples: f, Recorder: w.rec, Keys: w.keys})
	storetest.WantCode(t, err, library.CodeDigest)
	if hits := w.k.Current().Scan("代开发票", w.clock.Now()); len(hits) != 1 {
		t.Error("what was in force is gone")
	}
}

// TestMany proposes more features at once than one statement takes, and takes a step with all of them.
func TestMany(t *testing.T) {
	t.Parallel()
	w := open(t)
	list := make([]library.Feature, 3001)
	for i := range list {
		list[i] = word(fmt.Sprint("w", i), fmt.Sprint("词语", i))
	}
	b, err := w.k.Propose(t.Context(), by, "", list)
	w.no(err)
	n, err := w.k.Reject(t.Context(), by, library.Selection{Batch: b.ID}, "why")
	if err != nil || n != len(list) {
		t.Fatal(n, err)
	}
	left, err := w.k.Batches(t.Context(), library.BatchQuery{States: []library.State{library.Rejected}})
	if err != nil || len(left) != 1 || left[0].States[library.Rejected] != len(list) {
		t.Error(left, err)
	}
}
