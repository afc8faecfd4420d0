package held_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/held"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/moderation/moderationtest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func run(t *testing.T, nodes int, fresh func(testing.TB) store.Config) {
	t.Parallel()
	moderationtest.Run(t, func(t *testing.T) moderationtest.Bench {
		config, clock := fresh(t), storetest.NewClock()
		config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
		s := storetest.Open(t, config)
		stores := []moderation.Store{held.New(s)}
		for len(stores) < nodes {
			stores = append(stores, held.New(storetest.Open(t, config)))
		}
		prover := storetest.Recorder(t, config.Keys, clock.Now)
		return moderationtest.Bench{
			Stores: stores, Duties: held.New(s), Recorder: storetest.Recorder(t, config.Keys, clock.Now), Keys: config.Keys, Set: clock.Set,
			Records: func() (list []evidence.Record) {
				for h, err := range s.Records(context.Background(), false) {
					if err != nil {
						t.Fatal(err)
					}
					if h.Type != "erasure" {
						list = append(list, h.Record)
					}
				}
				return list
			},
			Open: func(r evidence.Record) ([]byte, error) {
				o, err := s.Payload(context.Background(), r.ID)
				return o.Payload, err
			},
			Erase: func(subject evidence.Subject) {
				rec, err := prover.New("erasure", evidence.System, "officer", nil, 1)
				if err == nil {
					_, err = s.Erase(context.Background(), rec, subject)
				}
				if err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

func TestSQLite(t *testing.T) { run(t, 1, storetest.SQLite) }

// TestPostgres runs the suite with two nodes on one database.
func TestPostgres(t *testing.T) {
	run(t, 2, func(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} })
}

// desk is a docket on a store.
type desk struct {
	store   *store.Store
	held    *held.Held
	docket  *moderation.Docket
	reports *moderation.Reports
	rec     *evidence.Recorder
	clock   *storetest.Clock
}

func open(t *testing.T, config store.Config) *desk {
	t.Helper()
	d := &desk{clock: storetest.NewClock()}
	config.Keys, config.Now = storetest.Keys(t, "first"), d.clock.Now
	d.store = storetest.Open(t, config)
	d.held, d.rec = held.New(d.store), storetest.Recorder(t, config.Keys, d.clock.Now)
	plan, err := moderation.DefaultPlan()
	if err != nil {
		t.Fatal(err)
	}
	if d.docket, err = moderation.NewDocket(d.held, d.rec, config.Keys, plan); err != nil {
		t.Fatal(err)
	}
	d.reports = moderation.NewReports(d.held, d.rec, plan.Report)
	return d
}

func (d *desk) enter(t *testing.T, judgement string) moderation.Item {
	t.Helper()
	it, err := d.docket.Enter(t.Context(), "system", moderation.Entry{Subject: "acc-1", Surface: "input", Function: "text.dialogue", Content: moderation.Content{Format: "text/plain", Text: []byte("words"), Blob: "sha256/" + judgement, Key: make([]byte, 32)},
		Why: moderation.Why{Judgement: judgement, Action: "review", Findings: []moderation.Finding{{Rule: "r", Category: "fraud", Level: "block"}}}})
	if err != nil {
		t.Fatal(err)
	}
	return it
}

var (
	person = moderation.By{ID: "reviewer-1", Role: "reviewer"}
	senior = moderation.By{ID: "officer-1", Role: "officer", Senior: true, Reporter: true}
)

// TestDump takes what waits from one engine to the other and back, and goes on with it there.
func TestDump(t *testing.T) {
	t.Parallel()
	postgres := func() store.Config { return store.Config{Postgres: storetest.Postgres(t)} }
	for _, way := range []struct{ from, to store.Config }{{storetest.SQLite(t), postgres()}, {postgres(), storetest.SQLite(t)}} {
		a, b := open(t, way.from), open(t, way.to)
		one, two := a.enter(t, "j-1"), a.enter(t, "j-2")
		if _, err := a.docket.Take(t.Context(), person, one.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := a.docket.Decide(t.Context(), person, moderation.Ruling{Item: one.ID, Decision: moderation.RefuseMeasure, Reason: "fraud", Measure: "warn"}); err != nil {
			t.Fatal(err)
		}
		duty, err := a.reports.Open(t.Context(), "system", moderation.Hit{Judgement: "j-1", Categories: []string{"fraud"}, Subject: "acc-1"})
		if err != nil {
			t.Fatal(err)
		}
		if duty, err = a.reports.File(t.Context(), senior, duty.ID, moderation.Filing{Channel: "12377", Reference: "7", At: a.clock.Now(), Attachment: moderation.Digest{9}}); err != nil {
			t.Fatal(err)
		}
		var dump bytes.Buffer
		if err := a.store.Backup(t.Context(), &dump); err != nil {
			t.Fatal(err)
		}
		if err := b.store.Restore(t.Context(), &dump); err != nil {
			t.Fatal(err)
		}
		for _, it := range []moderation.Item{one, two} {
			want, err := a.docket.Item(t.Context(), it.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.docket.Item(t.Context(), it.ID); err != nil || cmp.Diff(want, got) != "" {
				t.Error(cmp.Diff(want, got), err)
			}
		}
		if got, err := b.reports.Duty(t.Context(), duty.ID); err != nil || cmp.Diff(duty, got) != "" {
			t.Error(cmp.Diff(duty, got), err)
		}
		if _, err := b.docket.Take(t.Context(), person, two.ID); err != nil {
			t.Fatal(err)
		}
		if c, err := b.docket.Read(t.Context(), person, two.ID); err != nil || string(c.Text) != "words" {
			t.Errorf("%q, %v", c.Text, err)
		}
	}
}

// TestPurge purges the records of an item while its content is still kept: the content stays readable.
func TestPurge(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.SQLite(t))
	it := d.enter(t, "j-1")
	d.clock.Set(d.clock.Now().AddDate(0, 7, 0))
	rec, err := d.rec.New("purge", evidence.System, "system", nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.store.Purge(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if c, err := d.docket.Read(t.Context(), senior, it.ID); err != nil || string(c.Text) != "words" {
		t.Errorf("%q, %v", c.Text, err)
	}
}

// TestForgotten erases the subject in the store while the recorder still has its data key.
func TestForgotten(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.SQLite(t))
	it := d.enter(t, "j-1")
	d.clock.Set(d.clock.Now().AddDate(0, 7, 0))
	elsewhere := storetest.Recorder(t, storetest.Keys(t, "first"), d.clock.Now)
	rec, err := elsewhere.New("erasure", evidence.System, "officer", nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := d.store.Erase(t.Context(), rec, "acc-1"); err != nil || state != store.Erased {
		t.Fatal(state, err)
	}
	if n, err := d.docket.Expire(t.Context(), 9); n != 1 || err != nil {
		t.Error(n, err)
	}
	if got, err := d.docket.Item(t.Context(), it.ID); err != nil || got.State != moderation.Expired || got.Content != moderation.Erased {
		t.Errorf("%+v, %v", got, err)
	}
	second := d.enter(t, "j-2")
	if _, err := d.docket.Item(t.Context(), second.ID); err != nil {
		t.Error(err)
	}
	if _, err := d.reports.Open(t.Context(), "system", moderation.Hit{Judgement: "j", Categories: []string{"fraud"}, Subject: "acc-1"}); err != nil {
		t.Error(err)
	}
}

func TestReferenced(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.SQLite(t))
	it := d.enter(t, "j-1")
	check := func(ref string, want bool) {
		t.Helper()
		if got, err := d.held.Referenced(t.Context(), ref); got != want || err != nil {
			t.Errorf("%s: %t, %v", ref, got, err)
		}
	}
	check("sha256/j-1", true)
	check("sha256/j-2", false)
	check("", false)
	d.clock.Set(d.clock.Now().Add(25 * time.Hour))
	if _, err := d.docket.Expire(t.Context(), 9); err != nil {
		t.Fatal(err)
	}
	d.clock.Set(d.clock.Now().Add(31 * 24 * time.Hour))
	if _, err := d.docket.EndContent(t.Context(), it.ID); err != nil {
		t.Fatal(err)
	}
	check("sha256/j-1", false)
}
