package companions_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/companions"
	"github.com/colophon-project/colophon/internal/store/storetest"
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
	kept   *companions.Companions
}

func run(t *testing.T, fresh func(testing.TB) store.Config) {
	t.Parallel()
	for name, test := range map[string]func(*bench){"Turn": testTurn, "Together": testTogether, "Sweep": testSweep, "Erase": testErase, "Dump": testDump} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{T: t, ctx: t.Context(), fresh: fresh, config: fresh(t)}
			b.config.Keys = storetest.Keys(t, "first")
			b.store = storetest.Open(t, b.config)
			b.kept = companions.New(b.store)
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

var noon = time.Date(2026, 11, 22, 4, 0, 0, 123e6, time.UTC)

// turn keeps what is given, and returns what there was before.
func (b *bench) turn(c *companions.Companions, subject evidence.Subject, thread string, u companion.Use, t companion.Thread) (companion.Use, companion.Thread) {
	b.Helper()
	var use companion.Use
	var talk companion.Thread
	b.no(c.Turn(b.ctx, subject, thread, func(have *companion.Use, in *companion.Thread) error {
		use, talk = *have, *in
		*have, *in = u, t
		return nil
	}))
	return use, talk
}

func used(at time.Time) companion.Use {
	return companion.Use{Began: at.Add(-time.Hour), Last: at, Told: at.Add(-time.Minute), Day: "2026-11-22", Spent: 61 * time.Second}
}

func testTurn(b *bench) {
	talk := companion.Thread{Began: noon, Ended: noon.Add(time.Second)}
	if u, t := b.turn(b.kept, "a", "t-1", used(noon), talk); u != (companion.Use{}) || t != (companion.Thread{}) {
		b.Error(u, t)
	}
	if u, t := b.turn(b.kept, "a", "t-2", used(noon), companion.Thread{}); u != used(noon) || t != (companion.Thread{}) {
		b.Error(u, t)
	}
	if u, t := b.turn(b.kept, "b", "t-1", used(noon), talk); u != (companion.Use{}) || t != (companion.Thread{}) {
		b.Error(u, t)
	}
	wrong := errors.New("no")
	err := b.kept.Turn(b.ctx, "a", "t-1", func(u *companion.Use, t *companion.Thread) error {
		*u, *t = companion.Use{}, companion.Thread{}
		return wrong
	})
	if !errors.Is(err, wrong) {
		b.Error(err)
	}
	if u, t := b.turn(b.kept, "a", "t-1", used(noon), talk); u != used(noon) || t != talk {
		b.Error(u, t)
	}
}

// testTogether has turns come at the same time: each one counts.
func testTogether(b *bench) {
	var all sync.WaitGroup
	faults := make(chan error, 40)
	for range cap(faults) {
		all.Go(func() {
			faults <- b.kept.Turn(b.ctx, "a", "t", func(u *companion.Use, _ *companion.Thread) error {
				u.Spent += time.Second
				return nil
			})
		})
	}
	all.Wait()
	for range cap(faults) {
		b.no(<-faults)
	}
	if u, _ := b.turn(b.kept, "a", "t", companion.Use{}, companion.Thread{}); u.Spent != 40*time.Second {
		b.Error(u.Spent)
	}
}

func testSweep(b *bench) {
	b.turn(b.kept, "a", "t", used(noon), companion.Thread{Began: noon})
	b.turn(b.kept, "b", "t", used(noon.Add(time.Hour)), companion.Thread{Began: noon})
	b.no(b.kept.Sweep(b.ctx, noon.Add(time.Second)))
	if u, t := b.turn(b.kept, "a", "t", companion.Use{}, companion.Thread{}); u != (companion.Use{}) || t != (companion.Thread{}) {
		b.Error(u, t)
	}
	if u, t := b.turn(b.kept, "b", "t", companion.Use{}, companion.Thread{}); u != used(noon.Add(time.Hour)) || t.Began != noon {
		b.Error(u, t)
	}
}

func testErase(b *bench) {
	b.turn(b.kept, "a", "t", used(noon), companion.Thread{Began: noon})
	b.turn(b.kept, "b", "t", used(noon), companion.Thread{Began: noon})
	rec, err := storetest.Recorder(b.T, b.config.Keys, time.Now).New("subject.erased", evidence.System, "system", nil, "a")
	b.no(err)
	_, err = b.store.Erase(b.ctx, rec, "a")
	b.no(err)
	if u, t := b.turn(b.kept, "a", "t", companion.Use{}, companion.Thread{}); u != (companion.Use{}) || t != (companion.Thread{}) {
		b.Error(u, t)
	}
	if u, _ := b.turn(b.kept, "b", "t", companion.Use{}, companion.Thread{}); u != used(noon) {
		b.Error(u)
	}
}

func testDump(b *bench) {
	b.turn(b.kept, "a", "t", used(noon), companion.Thread{Began: noon})
	var dump bytes.Buffer
	b.no(b.store.Backup(b.ctx, &dump))
	other := storetest.Open(b.T, b.fresh(b.T))
	b.no(other.Restore(b.ctx, &dump))
	if u, t := b.turn(companions.New(other), "a", "t", companion.Use{}, companion.Thread{}); u != used(noon) || t.Began != noon {
		b.Error(u, t)
	}
}
