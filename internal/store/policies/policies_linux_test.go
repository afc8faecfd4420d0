package policies_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/policies"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/policy/policytest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func postgres(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} }

func TestSQLite(t *testing.T)   { run(t, storetest.SQLite) }
func TestPostgres(t *testing.T) { run(t, postgres) }

func run(t *testing.T, fresh func(testing.TB) store.Config) {
	t.Parallel()
	policytest.Run(t, func(t *testing.T) policytest.Bench {
		b := newBench(t, fresh)
		return policytest.Bench{
			Store: b.policies, Judged: b.policies.Judged, Recorder: b.recorder, Now: b.clock.Now, Set: b.clock.Set,
			Records: func() (list []evidence.Record) {
				for h, err := range b.store.Records(context.Background(), false) {
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, h.Record)
				}
				return list
			},
			Open: func(r evidence.Record) ([]byte, error) {
				o, err := b.store.Payload(context.Background(), r.ID)
				return o.Payload, err
			},
		}
	})
	for name, test := range map[string]func(*bench){"Erase": testErase, "Purge": testPurge, "Dump": testDump, "Forgotten": testForgotten, "Purged": testPurgedKey} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newBench(t, fresh))
		})
	}
}

type bench struct {
	*testing.T
	clock    *storetest.Clock
	config   store.Config
	store    *store.Store
	policies *policies.Policies
	recorder *evidence.Recorder
}

func newBench(t *testing.T, fresh func(testing.TB) store.Config) *bench {
	b := &bench{T: t, clock: storetest.NewClock(), config: fresh(t)}
	b.config.Keys, b.config.Now = storetest.Keys(t, "first"), b.clock.Now
	b.store, b.recorder = storetest.Open(t, b.config), storetest.Recorder(t, b.config.Keys, b.clock.Now)
	b.policies = policies.New(b.store)
	return b
}

func (b *bench) record(typ evidence.Type, subject evidence.Subject) evidence.Record {
	b.Helper()
	rec, err := b.recorder.New(typ, subject, "system", nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	return rec
}

// judge commits a judgement now about a subject.
func (b *bench) judge(subject evidence.Subject) policy.Judged {
	b.Helper()
	rec := b.record("screen.judged", subject)
	j := policy.Judged{ID: rec.ID, At: b.clock.Now(), Subject: subject, Surface: "input", Class: "verified", Action: policy.Refuse, Policy: "v1", Library: "1-a",
		Facts: []policy.Fact{{Category: "drugs", Level: policy.LevelBlock, Surface: "input", Class: "verified", Check: "keyword"}}}
	if err := b.policies.Judged(b.Context(), rec, j); err != nil {
		b.Fatal(err)
	}
	return j
}

// past returns what the journal shows, and fails when the categories beside it do not agree.
func (b *bench) past() []policy.Judged {
	b.Helper()
	list, err := b.policies.Past(b.Context(), policy.PastQuery{Limit: 100})
	byCategory, err2 := b.policies.Past(b.Context(), policy.PastQuery{Category: "drugs", Limit: 100})
	if err != nil || err2 != nil {
		b.Fatal(err, err2)
	}
	if diff := cmp.Diff(list, byCategory); diff != "" {
		b.Error(diff)
	}
	return list
}

func (b *bench) rows(table string) (n int) {
	b.Helper()
	if err := b.store.QueryRow(b.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

func (b *bench) erase(subject evidence.Subject, want store.ErasureState) {
	b.Helper()
	if state, err := b.store.Erase(b.Context(), b.record("erasure", evidence.System), subject); err != nil || state != want {
		b.Fatal(state, err)
	}
}

// testErase erases a subject while the period runs, when nobody may read what is kept, and after it.
func testErase(b *bench) {
	b.judge("acc-1")
	stays := b.judge("acc-2")
	b.erase("acc-1", store.Restricted)
	if diff := cmp.Diff([]policy.Judged{stays}, b.past()); diff != "" || b.rows("judgement") != 2 {
		b.Error(diff, b.rows("judgement"))
	}
	b.clock.Set(b.clock.Now().AddDate(0, 7, 0))
	stays = b.judge("acc-2")
	b.erase("acc-1", store.Erased)
	if b.rows("judgement") != 2 || b.rows("judgement_category") != 2 || b.past()[0].ID != stays.ID {
		b.Errorf("%d judgements and %d categories are left", b.rows("judgement"), b.rows("judgement_category"))
	}
}

// testPurge keeps judgements as long as their records, and longer where a hold says so.
func testPurge(b *bench) {
	held, kept := b.judge("acc-1"), b.judge("acc-2")
	b.judge("acc-3")
	b.clock.Set(b.clock.Now().AddDate(0, 5, 0))
	purge := func() {
		b.Helper()
		if err := b.store.Purge(b.Context(), b.record("purge", evidence.System)); err != nil {
			b.Fatal(err)
		}
	}
	purge()
	if b.rows("judgement") != 3 {
		b.Error("purged within six months")
	}
	for _, h := range []store.Hold{{ID: "h1", Record: held.ID}, {ID: "h2", Subject: kept.Subject}} {
		if err := b.store.PlaceHold(b.Context(), b.record("hold", evidence.System), h); err != nil {
			b.Fatal(err)
		}
	}
	b.clock.Set(b.clock.Now().AddDate(0, 2, 0))
	purge()
	if list := b.past(); len(list) != 2 || list[0].ID != kept.ID || list[1].ID != held.ID || b.rows("judgement_category") != 2 {
		b.Errorf("left %v", list)
	}
}

// testDump restores tables, releases and journal into the other engine.
func testDump(b *bench) {
	keeper, err := policy.NewKeeper(b.Context(), b.policies, b.recorder)
	if err != nil {
		b.Fatal(err)
	}
	b.judge("acc-1")
	if _, err = keeper.Propose(b.Context(), policy.Actor{ID: "staff-1", Role: "engineer"}, policytest.Table("v1", policy.Review, policy.Review), "为了演练"); err == nil {
		if _, err = keeper.Compare(b.Context(), policy.Actor{ID: "staff-1", Role: "engineer"}, "v1", 1); err == nil {
			_, err = keeper.Release(b.Context(), policy.Actor{ID: "staff-2", Role: "officer"}, "v1", "right")
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	large := policytest.Table("v2", policy.Review, policy.Review)
	for i := range 3500 { // as large as a table may be
		large.Cases = append(large.Cases, policy.Case{Name: strings.Repeat("<", 1000) + strconv.Itoa(i), Facts: large.Cases[0].Facts, Want: large.Cases[0].Want})
	}
	if _, err = keeper.Propose(b.Context(), policy.Actor{ID: "staff-1", Role: "engineer"}, large, "为了演练"); err != nil {
		b.Fatal(err)
	}
	var dump bytes.Buffer
	if err := b.store.Backup(b.Context(), &dump); err != nil {
		b.Fatal(err)
	}
	fresh := postgres
	if b.config.Postgres != "" {
		fresh = storetest.SQLite
	}
	other := newBench(b.T, fresh)
	if err := other.store.Restore(b.Context(), strings.NewReader(dump.String())); err != nil {
		b.Fatal(err)
	}
	list, err := b.policies.Versions(b.Context(), policy.VersionQuery{Limit: 9})
	restored, err2 := other.policies.Versions(b.Context(), policy.VersionQuery{Limit: 9})
	if diff := cmp.Diff(list, restored); diff != "" || err != nil || err2 != nil || len(list) != 2 || len(list[0].Releases)+len(list[1].Releases) != 1 {
		b.Error(diff, err, err2, len(list))
	}
	if diff := cmp.Diff(b.past(), other.past()); diff != "" || len(other.past()) != 1 {
		b.Error(diff)
	}
}

// testForgotten has a recorder that still holds a key after another process erased it.
func testForgotten(b *bench) {
	b.judge("acc-1")
	b.clock.Set(b.clock.Now().Add(7 * 31 * 24 * time.Hour))
	b.erase("acc-1", store.Erased)
	rec := b.record("screen.judged", "acc-1")
	err := b.policies.Judged(b.Context(), rec, policy.Judged{ID: rec.ID, At: b.clock.Now(), Subject: "acc-1"})
	storetest.WantCode(b, err, store.CodeKeyErased)
	if !errors.Is(err, policy.ErrForgotten) {
		b.Error(err)
	}
	if b.rows("judgement") != 0 {
		b.Error("the judgement was kept without its record")
	}
	b.recorder.Forget("acc-1")
	b.judge("acc-1")
	if err := b.policies.Opened(b.Context(), b.record("screen.opened", "acc-1")); err != nil {
		b.Error(err)
	}
}

// testPurgedKey has a keeper that did nothing for so long that its data key was purged.
func testPurgedKey(b *bench) {
	keeper, err := policy.NewKeeper(b.Context(), b.policies, b.recorder)
	if err != nil {
		b.Fatal(err)
	}
	propose := func(version string) error {
		_, err := keeper.Propose(b.Context(), policy.Actor{ID: "staff-1", Role: "engineer"}, policytest.Table(version, policy.Review, policy.Review), "why")
		return err
	}
	if err := propose("v1"); err != nil {
		b.Fatal(err)
	}
	b.clock.Set(b.clock.Now().AddDate(0, 7, 0))
	other := storetest.Recorder(b, b.config.Keys, b.clock.Now)
	rec, err := other.New("purge", evidence.System, "system", nil, nil)
	if err == nil {
		err = b.store.Purge(b.Context(), rec)
	}
	if err != nil {
		b.Fatal(err)
	}
	if err := propose("v2"); err != nil {
		b.Error(err)
	}
}

// BenchmarkJudged commits judgements of three facts with their records, by many writers at once.
func BenchmarkJudged(b *testing.B) {
	config := storetest.SQLite(b)
	config.Keys = storetest.Keys(b, "first")
	p, recorder := policies.New(storetest.Open(b, config)), storetest.Recorder(b, config.Keys, time.Now)
	facts := []policy.Fact{{Category: "drugs", Level: policy.LevelBlock, Surface: "input"}, {Category: "fraud", Level: policy.LevelReview, Surface: "input"}, {Category: "fraud", Level: policy.LevelUnknown, Surface: "input"}}
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			rec, err := recorder.New("screen.judged", "acc-1", "system", nil, nil)
			if err == nil {
				err = p.Judged(context.Background(), rec, policy.Judged{ID: rec.ID, At: rec.Time(), Subject: "acc-1", Action: policy.Refuse, Facts: facts})
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}
