package streams_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/store/streams"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func postgres(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} }

func TestSQLite(t *testing.T)   { run(t, storetest.SQLite) }
func TestPostgres(t *testing.T) { run(t, postgres) }

type bench struct {
	*testing.T
	ctx      context.Context
	fresh    func(testing.TB) store.Config
	config   store.Config
	store    *store.Store
	streams  *streams.Streams
	recorder *evidence.Recorder
}

func run(t *testing.T, fresh func(testing.TB) store.Config) {
	t.Parallel()
	for name, test := range map[string]func(*bench){"Life": testLife, "Lose": testLose, "Together": testTogether, "Many": testMany, "Erase": testErase, "Forgotten": testForgotten, "Dump": testDump, "Crash": testCrash} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{T: t, ctx: t.Context(), fresh: fresh, config: fresh(t)}
			b.config.Keys = storetest.Keys(t, "first")
			b.store = storetest.Open(t, b.config)
			b.streams = streams.New(b.store)
			b.recorder = storetest.Recorder(t, b.config.Keys, time.Now)
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

func (b *bench) rec(typ evidence.Type, subject evidence.Subject) evidence.Record {
	b.Helper()
	rec, err := b.recorder.New(typ, subject, "application", nil, map[string]int{"a": 1})
	b.no(err)
	return rec
}

func (b *bench) open(n artefact.Number, at time.Time) gateway.Open {
	b.Helper()
	o := gateway.Open{Number: n, Subject: "acct-" + evidence.Subject(n), Opened: at, Marked: at}
	b.no(b.streams.Open(b.ctx, b.rec(gateway.RecordOpened, o.Subject), o))
	return o
}

func (b *bench) overdue(s *streams.Streams, before time.Time) []gateway.Open {
	b.Helper()
	list, err := s.Overdue(b.ctx, before, 100)
	b.no(err)
	return list
}

func (b *bench) types(n artefact.Number) (list []evidence.Type) {
	b.Helper()
	held, err := b.store.RecordsAbout(b.ctx, string(n), 0, 100)
	b.no(err)
	for _, h := range held {
		list = append(list, h.Type)
	}
	return list
}

func testLife(b *bench) {
	one, two := b.open("n-1", noon), b.open("n-2", noon.Add(time.Second))
	if diff := cmp.Diff([]gateway.Open{one, two}, b.overdue(b.streams, noon.Add(time.Minute))); diff != "" {
		b.Error(diff)
	}
	if list := b.overdue(b.streams, noon.Add(time.Second)); len(list) != 1 {
		b.Error(list)
	}
	rec := b.rec(gateway.RecordProgress, evidence.System)
	b.no(b.streams.Progress(b.ctx, rec, []gateway.Progress{{Number: "n-2", Delivered: 700}, {Number: "n-3", Delivered: 1}}))
	two.Marked, two.Delivered, two.Mark = time.UnixMilli(rec.At).UTC(), 700, rec.ID
	if diff := cmp.Diff([]gateway.Open{one, two}, b.overdue(b.streams, time.Now().Add(time.Hour))); diff != "" {
		b.Error(diff)
	}
	b.no(b.streams.End(b.ctx, b.rec(gateway.RecordEnded, two.Subject), "n-2"))
	if list := b.overdue(b.streams, time.Now().Add(time.Hour)); len(list) != 1 || list[0].Number != "n-1" {
		b.Error(list)
	}
	if diff := cmp.Diff([]evidence.Type{gateway.RecordOpened, gateway.RecordEnded}, b.types("n-2")); diff != "" {
		b.Error(diff)
	}
	if err := b.streams.Open(b.ctx, b.rec(gateway.RecordOpened, "x"), one); err == nil {
		b.Error("one number was opened twice")
	}
}

// testLose has the node that was taken for dead end its stream at the same time, and mark it.
func testLose(b *bench) {
	one, two := b.open("n-1", noon), b.open("n-2", noon)
	b.no(b.streams.Progress(b.ctx, b.rec(gateway.RecordProgress, evidence.System), []gateway.Progress{{Number: "n-1", Delivered: 9}}))
	if ok, err := b.streams.Lose(b.ctx, b.rec(gateway.RecordLost, one.Subject), one); ok || err != nil {
		b.Error("a stream was lost that gave a sign", ok, err)
	}
	if got := b.types("n-1"); len(got) != 1 {
		b.Error(got)
	}
	if ok, err := b.streams.Lose(b.ctx, b.rec(gateway.RecordLost, two.Subject), two); !ok || err != nil {
		b.Error(ok, err)
	}
	if ok, err := b.streams.Lose(b.ctx, b.rec(gateway.RecordLost, two.Subject), two); ok || err != nil {
		b.Error("lost twice", ok, err)
	}
	b.no(b.streams.End(b.ctx, b.rec(gateway.RecordEnded, two.Subject), "n-2"))
	if diff := cmp.Diff([]evidence.Type{gateway.RecordOpened, gateway.RecordLost, gateway.RecordEnded}, b.types("n-2")); diff != "" {
		b.Error(diff)
	}
}

// testTogether opens a stream in what is gathered for a call.
func testTogether(b *bench) {
	ctx, pending := b.store.Gather(b.ctx)
	o := gateway.Open{Number: "n-1", Subject: "acct-1", Opened: noon, Marked: noon}
	b.no(b.streams.Open(ctx, b.rec(gateway.RecordOpened, o.Subject), o))
	if list := b.overdue(b.streams, noon.Add(time.Minute)); list != nil {
		b.Error("there before it was waited for", list)
	}
	b.no(pending.Wait(b.ctx))
	if list := b.overdue(b.streams, noon.Add(time.Minute)); len(list) != 1 {
		b.Error(list)
	}
}

func testMany(b *bench) {
	const n = 600 // of which one statement does not mark all
	var marks []gateway.Progress
	ctx, pending := b.store.Gather(b.ctx)
	for i := range n {
		o := gateway.Open{Number: artefact.Number("n-" + strconv.Itoa(i)), Subject: "a", Opened: noon, Marked: noon}
		b.no(b.streams.Open(ctx, b.rec(gateway.RecordOpened, o.Subject), o))
		marks = append(marks, gateway.Progress{Number: o.Number, Delivered: int64(i)})
	}
	b.no(pending.Wait(b.ctx))
	b.no(b.streams.Progress(b.ctx, b.rec(gateway.RecordProgress, evidence.System), marks))
	list, err := b.streams.Overdue(b.ctx, time.Now().Add(time.Hour), 2*n)
	b.no(err)
	for _, o := range list {
		if "n-"+strconv.FormatInt(o.Delivered, 10) != string(o.Number) {
			b.Fatal(o)
		}
	}
	if len(list) != n {
		b.Error(len(list))
	}
}

func testErase(b *bench) {
	o := b.open("n-1", noon)
	rec, err := b.recorder.New("subject.erased", evidence.System, "system", nil, "a")
	b.no(err)
	_, err = b.store.Erase(b.ctx, rec, o.Subject)
	b.no(err)
	o.Subject = evidence.System
	if diff := cmp.Diff([]gateway.Open{o}, b.overdue(b.streams, noon.Add(time.Minute))); diff != "" {
		b.Error(diff)
	}
}

// testForgotten commits a record under a data key that another process erased.
func testForgotten(b *bench) {
	b.config.Retention = evidence.Retention{} // nothing keeps what is erased
	old := storetest.Recorder(b.T, b.config.Keys, func() time.Time { return noon.AddDate(-5, 0, 0) })
	first, err := old.New(gateway.RecordOpened, "acct-1", "application", nil, 1)
	b.no(err)
	b.no(b.streams.Open(b.ctx, first, gateway.Open{Number: "n-1", Subject: "acct-1", Opened: noon, Marked: noon}))
	rec, err := b.recorder.New("subject.erased", evidence.System, "system", nil, "a")
	b.no(err)
	state, err := b.store.Erase(b.ctx, rec, "acct-1")
	b.no(err)
	if state != store.Erased {
		b.Fatal(state)
	}
	again, err := old.New(gateway.RecordEnded, "acct-1", "application", nil, 1)
	b.no(err)
	if err := b.streams.End(b.ctx, again, "n-1"); !errors.Is(err, gateway.ErrForgotten) {
		b.Error(err)
	}
	if list := b.overdue(b.streams, noon.Add(time.Minute)); len(list) != 1 {
		b.Error("it ended without a record")
	}
}

func testDump(b *bench) {
	o := b.open("n-1", noon)
	var dump bytes.Buffer
	b.no(b.store.Backup(b.ctx, &dump))
	other := storetest.Open(b.T, b.fresh(b.T))
	b.no(other.Restore(b.ctx, &dump))
	if diff := cmp.Diff([]gateway.Open{o}, b.overdue(streams.New(other), noon.Add(time.Minute))); diff != "" {
		b.Error(diff)
	}
}

// testCrash has a process die with a stream open; another one finds it.
func testCrash(b *bench) {
	o := b.open("n-1", noon)
	rec := b.rec(gateway.RecordProgress, evidence.System)
	b.no(b.streams.Progress(b.ctx, rec, []gateway.Progress{{Number: o.Number, Delivered: 700}}))
	b.no(b.store.Close())
	again := storetest.Open(b.T, b.config)
	b.store = again
	at := time.Now()
	p := gateway.New(gateway.Config{Streams: streams.New(again), Recorder: b.recorder, Now: func() time.Time { return at }})
	for range 5 {
		b.no(p.Sweep(b.ctx))
		at = at.Add(90 * time.Second)
	}
	if diff := cmp.Diff([]evidence.Type{gateway.RecordOpened, gateway.RecordLost}, b.types("n-1")); diff != "" {
		b.Error(diff)
	}
	held, err := again.RecordsAbout(b.ctx, "n-1", 0, 100)
	b.no(err)
	open, err := again.Payload(b.ctx, held[1].ID)
	b.no(err)
	if got := string(open.Payload); !strings.Contains(got, `"at_least":700`) || !strings.Contains(got, `"end":"unknown"`) || !strings.Contains(got, rec.ID) {
		b.Error(got)
	}
}
