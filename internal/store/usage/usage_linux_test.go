package usage_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/store/usage"
)

func TestMain(m *testing.M) { storetest.Main(m) }

type bench struct {
	*testing.T
	ctx    context.Context
	fresh  func(testing.TB) store.Config
	config store.Config
	store  *store.Store
	usage  *usage.Usage
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for engine, fresh := range map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "postgresql": func(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} }} {
		for name, test := range map[string]func(*bench){"Find": testFind, "Gather": testGather, "Together": testTogether, "Erase": testErase, "Dump": testDump} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				t.Parallel()
				b := &bench{T: t, ctx: t.Context(), fresh: fresh, config: fresh(t)}
				b.config.Keys = storetest.Keys(t, "first")
				b.store = storetest.Open(t, b.config)
				b.usage = usage.New(b.store)
				test(b)
			})
		}
	}
}

func (b *bench) no(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

func (b *bench) count(list ...upstream.Usage) {
	b.Helper()
	for _, u := range list {
		b.no(b.usage.Count(b.ctx, u))
	}
}

func (b *bench) find(q upstream.UsageQuery) []upstream.Usage {
	b.Helper()
	list, err := b.usage.Find(b.ctx, q)
	b.no(err)
	return list
}

// testFind counts calls at random, and compares what is found with what a map says.
func testFind(b *bench) {
	r := rand.New(rand.NewPCG(1, 2))
	type key struct {
		day     time.Time
		account evidence.Subject
		model   string
	}
	want := map[key]upstream.Usage{}
	for range 200 {
		k := key{day(1 + r.IntN(3)), []evidence.Subject{"a", "b", "c"}[r.IntN(3)], []string{"m1", "m2"}[r.IntN(2)]}
		u := upstream.Usage{Account: k.account, Model: k.model, Day: k.day.Add(time.Duration(r.IntN(86400)) * time.Second), Requests: 1, Blocked: r.Int64N(2), Input: r.Int64N(1 << 40), Output: r.Int64N(100)}
		b.count(u)
		sum := want[k]
		want[k] = upstream.Usage{Account: k.account, Model: k.model, Day: k.day, Requests: sum.Requests + 1, Blocked: sum.Blocked + u.Blocked, Input: sum.Input + u.Input, Output: sum.Output + u.Output}
	}
	pick := func(q upstream.UsageQuery) (list []upstream.Usage) {
		sums := map[key]upstream.Usage{}
		for k, u := range want {
			if q.Account != "" && q.Account != k.account || q.Model != "" && q.Model != k.model || !q.From.IsZero() && k.day.Before(q.From) || !q.To.IsZero() && k.day.After(q.To) {
				continue
			}
			if q.Sum {
				k.day, u.Day = time.Time{}, time.Time{}
			}
			s := sums[k]
			u.Requests, u.Blocked, u.Input, u.Output = u.Requests+s.Requests, u.Blocked+s.Blocked, u.Input+s.Input, u.Output+s.Output
			sums[k] = u
		}
		for _, u := range sums {
			list = append(list, u)
		}
		slices.SortFunc(list, func(a, b upstream.Usage) int {
			if n := a.Day.Compare(b.Day); n != 0 {
				return n
			}
			return strings.Compare(string(a.Account)+a.Model, string(b.Account)+b.Model)
		})
		return list
	}
	for _, q := range []upstream.UsageQuery{{}, {Account: "a"}, {Model: "m2"}, {From: day(2)}, {To: day(2)}, {From: day(2), To: day(2), Account: "b", Model: "m1"}, {Sum: true}, {Sum: true, From: day(3)}, {Account: "nobody"}} {
		if diff := cmp.Diff(pick(q), b.find(q)); diff != "" {
			b.Errorf("%+v: %s", q, diff)
		}
		var paged []upstream.Usage
		for part := q; ; {
			part.Limit = 4
			list := b.find(part)
			paged = append(paged, list...)
			if len(list) < 4 {
				break
			}
			part.After = &list[3]
		}
		if diff := cmp.Diff(pick(q), paged); diff != "" {
			b.Errorf("%+v in pages: %s", q, diff)
		}
	}
	b.no(b.usage.Sweep(b.ctx, day(3).Add(5*time.Hour)))
	if list := b.find(upstream.UsageQuery{}); len(list) == 0 || !list[0].Day.Equal(day(3)) {
		b.Error("what was swept: ", list)
	}
}

// testGather counts under a gathering: nothing is there before it is waited for, and everything after it.
func testGather(b *bench) {
	ctx, g := b.store.Gather(b.ctx)
	for range 3 {
		b.no(b.usage.Count(ctx, upstream.Usage{Account: "a", Model: "m", Day: day(1), Requests: 1}))
	}
	if list := b.find(upstream.UsageQuery{}); len(list) != 0 {
		b.Error("it was committed before", list)
	}
	b.no(g.Wait(b.ctx))
	if list := b.find(upstream.UsageQuery{}); len(list) != 1 || list[0].Requests != 3 {
		b.Error(list)
	}
	b.no(b.usage.Count(ctx, upstream.Usage{Account: "a", Model: "m", Day: day(1), Requests: 1}))
	if list := b.find(upstream.UsageQuery{}); len(list) != 1 || list[0].Requests != 4 {
		b.Error("after it", list)
	}
}

// testTogether has many count at once, on two nodes where the engine lets two.
func testTogether(b *bench) {
	nodes := []*usage.Usage{b.usage, b.usage}
	if b.config.Postgres != "" {
		nodes[1] = usage.New(storetest.Open(b.T, b.config))
	}
	done := make(chan error)
	for i := range 100 {
		go func() {
			done <- nodes[i%2].Count(b.ctx, upstream.Usage{Account: "a", Model: "m", Day: day(1), Requests: 1, Input: 10})
		}()
	}
	for range 100 {
		b.no(<-done)
	}
	if list := b.find(upstream.UsageQuery{}); len(list) != 1 || list[0].Requests != 100 || list[0].Input != 1000 {
		b.Error(list)
	}
}

func testErase(b *bench) {
	b.count(upstream.Usage{Account: "a", Model: "m", Day: day(1), Requests: 1}, upstream.Usage{Account: "b", Model: "m", Day: day(1), Requests: 1})
	rec, err := storetest.Recorder(b.T, b.config.Keys, storetest.NewClock().Now).New("subject.erased", evidence.System, "officer", nil, struct{}{})
	b.no(err)
	_, err = b.store.Erase(b.ctx, rec, "a")
	b.no(err)
	if list := b.find(upstream.UsageQuery{}); len(list) != 1 || list[0].Account != "b" {
		b.Error(list)
	}
}

func testDump(b *bench) {
	b.count(upstream.Usage{Account: "a", Model: "m", Day: day(1), Requests: 1, Blocked: 2, Input: 3, Output: 4})
	var dump bytes.Buffer
	b.no(b.store.Backup(b.ctx, &dump))
	config := b.fresh(b.T)
	config.Keys = b.config.Keys
	restored := storetest.Open(b.T, config)
	b.no(restored.Restore(b.ctx, &dump))
	list, err := usage.New(restored).Find(b.ctx, upstream.UsageQuery{})
	b.no(err)
	if diff := cmp.Diff(b.find(upstream.UsageQuery{}), list); diff != "" || len(list) != 1 {
		b.Error(diff)
	}
}
