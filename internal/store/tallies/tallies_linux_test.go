package tallies_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/store/tallies"
	"github.com/colophon-project/colophon/standing"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func postgres(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} }

func TestSQLite(t *testing.T)   { run(t, storetest.SQLite) }
func TestPostgres(t *testing.T) { run(t, postgres) }

type bench struct {
	*testing.T
	ctx    context.Context
	fresh  func(testing.TB) store.Config
	config store.Config
	store  *store.Store
	kept   *tallies.Tallies
}

func run(t *testing.T, fresh func(testing.TB) store.Config) {
	t.Parallel()
	for name, test := range map[string]func(*bench){"Count": testCount, "Take": testTake, "Together": testTogether, "Nodes": testNodes, "Erase": testErase, "Dump": testDump} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{T: t, ctx: t.Context(), fresh: fresh, config: fresh(t)}
			b.config.Keys = storetest.Keys(t, "first")
			b.store = storetest.Open(t, b.config)
			b.kept = tallies.New(b.store)
			test(b)
		})
	}
}

func (b *bench) no(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

// count counts what is given and answers how much of a counter there is since a time.
func (b *bench) count(at time.Time, changes []standing.Change, questions ...standing.Question) []int64 {
	b.Helper()
	values, err := b.kept.Count(b.ctx, at, changes, questions)
	b.no(err)
	return values
}

func testCount(b *bench) {
	one := func(owner evidence.Subject, after time.Duration) []standing.Change {
		return []standing.Change{{Owner: owner, Counter: "used", Bucket: noon.Add(after)}}
	}
	used := func(since time.Duration) standing.Question {
		return standing.Question{Owner: "a", Counter: "used", Since: noon.Add(since)}
	}
	b.count(noon, append(one("a", 0), one("a", 0)...))
	b.count(noon, one("b", 0))
	if got := b.count(noon.Add(time.Minute), one("a", time.Minute), used(0), used(time.Millisecond), used(time.Minute), used(time.Minute+time.Millisecond)); !slices.Equal(got, []int64{3, 1, 1, 0}) {
		b.Error(got)
	}
	face := func(names ...string) (list []standing.Change) {
		for _, n := range names {
			list = append(list, standing.Change{Owner: "a", Counter: "faces", Member: n})
		}
		return list
	}
	faces := func(since time.Duration) standing.Question {
		return standing.Question{Owner: "a", Counter: "faces", Since: noon.Add(since), Members: true}
	}
	if got := b.count(noon, face("x", "y", "x"), faces(-1)); got[0] != 2 {
		b.Error(got)
	}
	if got := b.count(noon.Add(time.Hour), face("y", "z"), faces(-1), faces(0), standing.Question{Owner: "a", Counter: "faces", Members: true}); !slices.Equal(got, []int64{3, 2, 3}) {
		b.Error(got) // x was seen at noon, y again
	}
	b.no(b.kept.Sweep(b.ctx, noon.Add(time.Minute), noon))
	if got := b.count(noon, nil, faces(-1), used(-1)); !slices.Equal(got, []int64{2, 1}) {
		b.Error(got)
	}
	if got := b.count(noon, []standing.Change{{Owner: "a", Counter: "faces", Reset: true}}, faces(-1), used(-1)); !slices.Equal(got, []int64{0, 1}) {
		b.Error(got)
	}
}

// testTake compares the statement with the algorithm.
func testTake(b *bench) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, burst := range []int{1, 5} {
		t := standing.Taking{Key: string(rune('a' + burst)), Subject: "a", Now: noon, Interval: 1234567 * time.Microsecond, Burst: burst}
		full := time.Time{}
		for i := range 60 {
			t.Now = t.Now.Add(time.Duration(r.Int64N(int64(2*t.Interval))) - t.Interval/4)
			want, pass := t.Next(full)
			got, ok, err := b.kept.Take(b.ctx, t)
			b.no(err)
			if ok != pass || !got.Equal(want) {
				b.Fatalf("%d: %v %v, want %v %v", i, got, ok, want, pass)
			}
			full = want
		}
		b.no(b.kept.Sweep(b.ctx, noon, full)) // still in use
		if again, _, err := b.kept.Take(b.ctx, t); err != nil || again.Before(full) {
			b.Error("a bucket was swept that is not empty", err)
		}
	}
}

func testTogether(b *bench) { b.together(b.kept, b.kept) }

// testNodes has two nodes on one database ask at once.
func testNodes(b *bench) { b.together(b.kept, tallies.New(storetest.Open(b.T, b.config))) }

func (b *bench) together(nodes ...*tallies.Tallies) {
	var passed atomic.Int64
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			_, ok, err := nodes[i%len(nodes)].Take(b.ctx, standing.Taking{Key: "k", Subject: "a", Now: noon, Interval: time.Hour, Burst: 13})
			if err != nil {
				b.Error(err)
			}
			if ok {
				passed.Add(1)
			}
			if _, err := nodes[i%len(nodes)].Count(b.ctx, noon, []standing.Change{{Owner: "a", Counter: "used", Bucket: noon}, {Owner: "b", Counter: "used", Bucket: noon}}, nil); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	if got := b.count(noon, nil, standing.Question{Owner: "b", Counter: "used", Since: noon}); passed.Load() != 13 || got[0] != 100 {
		b.Error(passed.Load(), got)
	}
}

// fill counts something of two accounts, one of them as a member of the other's.
func (b *bench) fill() {
	b.count(noon, []standing.Change{{Owner: "a", Counter: "used", Bucket: noon}, {Owner: "a", Counter: "refused", Member: "j"}, {Owner: "face", Counter: "accounts", Member: "a"}, {Owner: "face", Counter: "accounts", Member: "b"}})
	for _, s := range []evidence.Subject{"a", "b"} {
		_, _, err := b.kept.Take(b.ctx, standing.Taking{Key: string(s), Subject: s, Now: noon, Interval: time.Hour, Burst: 1})
		b.no(err)
	}
}

func (b *bench) rows(kept *tallies.Tallies) []int64 {
	b.Helper()
	values, err := kept.Count(b.ctx, noon, nil, []standing.Question{{Owner: "a", Counter: "used", Since: noon}, {Owner: "a", Counter: "refused", Members: true}, {Owner: "face", Counter: "accounts", Members: true}})
	b.no(err)
	for _, s := range []evidence.Subject{"a", "b"} {
		_, ok, err := kept.Take(b.ctx, standing.Taking{Key: string(s), Subject: s, Now: noon, Interval: time.Hour, Burst: 1})
		b.no(err)
		values = append(values, map[bool]int64{true: 0, false: 1}[ok])
	}
	return values
}

func testErase(b *bench) {
	b.fill()
	rec, err := storetest.Recorder(b.T, b.config.Keys, time.Now).New("subject.erased", evidence.System, "system", nil, "a")
	b.no(err)
	_, err = b.store.Erase(b.ctx, rec, "a")
	b.no(err)
	if got := b.rows(b.kept); !slices.Equal(got, []int64{0, 0, 1, 0, 1}) {
		b.Error(got)
	}
}

func testDump(b *bench) {
	b.fill()
	var dump bytes.Buffer
	b.no(b.store.Backup(b.ctx, &dump))
	other := storetest.Open(b.T, b.fresh(b.T))
	b.no(other.Restore(b.ctx, &dump))
	if got := b.rows(tallies.New(other)); !slices.Equal(got, []int64{1, 1, 2, 1, 1}) {
		b.Error(got)
	}
}
