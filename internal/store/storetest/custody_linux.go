package storetest

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
)

// testFound looks records up by everything that people may ask for.
func testFound(b *bench) {
	begin := b.clock.Now()
	for i := range 40 {
		typ, subject := evidence.Type("a.made"), evidence.Subject("s-1")
		if i%4 == 0 {
			typ, subject = "b.made", evidence.System
		}
		r, err := b.rec.New(typ, subject, []evidence.Role{"system", "application", "officer", "auditor"}[i%4], nil, i)
		b.no(err)
		b.no(b.store.Write(b.ctx, func(tx *store.Tx) error { _, err := tx.Record(r); return err }))
		b.clock.Set(b.clock.Now().Add(time.Hour))
	}
	found := func(q store.RecordQuery) (list []int) {
		b.Helper()
		if q.Limit == 0 {
			q.Limit = 100
		}
		records, err := b.store.FindRecords(b.ctx, q)
		b.no(err)
		for _, r := range records {
			list = append(list, int(r.Sequence))
		}
		return list
	}
	for name, c := range map[string]struct {
		q    store.RecordQuery
		want []int
	}{
		"oldest":         {store.RecordQuery{Limit: 3}, []int{1, 2, 3}},
		"newest":         {store.RecordQuery{Newest: true, Limit: 3}, []int{40, 39, 38}},
		"next":           {store.RecordQuery{Newest: true, After: 38, Limit: 2}, []int{37, 36}},
		"type":           {store.RecordQuery{Type: "b.made", After: 30}, []int{33, 37}},
		"subject":        {store.RecordQuery{Subject: "s-1", Newest: true, Limit: 4}, []int{40, 39, 38, 36}},
		"system":         {store.RecordQuery{Subject: evidence.System, Limit: 2}, []int{1, 5}},
		"role":           {store.RecordQuery{Role: "auditor", Limit: 2}, []int{4, 8}},
		"staff":          {store.RecordQuery{Staff: true, Limit: 4}, []int{3, 4, 7, 8}},
		"from":           {store.RecordQuery{From: begin.Add(37 * time.Hour)}, []int{38, 39, 40}},
		"to":             {store.RecordQuery{To: begin.Add(2 * time.Hour)}, []int{1, 2}},
		"from and to":    {store.RecordQuery{From: begin.Add(10 * time.Hour), To: begin.Add(12 * time.Hour)}, []int{11, 12}},
		"before the log": {store.RecordQuery{To: begin}, nil},
		"after the log":  {store.RecordQuery{From: begin.Add(1000 * time.Hour)}, nil},
		"all at once":    {store.RecordQuery{Type: "a.made", Subject: "s-1", Role: "officer", Staff: true, From: begin.Add(20 * time.Hour), To: begin.Add(30 * time.Hour), Newest: true}, []int{27, 23}},
	} {
		if got := found(c.q); !slices.Equal(got, c.want) {
			b.Errorf("%s: found %v, want %v", name, got, c.want)
		}
	}
}

// testCustody lists holds and erasures, and says before what an erasure comes to.
func testCustody(b *bench) {
	one := b.add("a", "s-1", "personal")
	b.add("a", "s-2", "another's")
	ahead, err := b.store.EraseAhead(b.ctx, "s-1")
	if err != nil || ahead.State != store.Restricted || ahead.Records != 1 || ahead.Held || !ahead.Due.After(b.clock.Now()) {
		b.Errorf("before the period is over: %+v, %v", ahead, err)
	}
	b.no(b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 1), store.Hold{ID: "h1", Subject: "s-1"}))
	b.no(b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 2), store.Hold{ID: "h2", Record: one.ID}))
	b.clock.Set(b.clock.Now().AddDate(1, 0, 0))
	if ahead, err := b.store.EraseAhead(b.ctx, "s-1"); err != nil || !ahead.Held || ahead.State != store.Restricted {
		b.Errorf("under a hold: %+v, %v", ahead, err)
	}
	b.no(b.store.LiftHold(b.ctx, b.record("lift", evidence.System, 1), "h1"))
	b.no(b.store.LiftHold(b.ctx, b.record("lift", evidence.System, 2), "h2"))
	b.no(b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 3), store.Hold{ID: "h3", Subject: "s-2"}))
	all, err := b.store.Holds(b.ctx, false, "", 2)
	b.no(err)
	rest, err := b.store.Holds(b.ctx, false, "h2", 2)
	b.no(err)
	standing, err := b.store.Holds(b.ctx, true, "", 9)
	b.no(err)
	if len(all) != 2 || all[0].ID != "h3" || len(rest) != 1 || rest[0].ID != "h1" || rest[0].Lifted.IsZero() || len(standing) != 1 || standing[0].Subject != "s-2" || standing[0].Placed.IsZero() {
		b.Errorf("holds: %+v, then %+v; standing %+v", all, rest, standing)
	}
	if h, err := b.store.HoldByID(b.ctx, "h2"); err != nil || h.Record != one.ID {
		b.Errorf("a hold: %+v, %v", h, err)
	}
	_, err = b.store.HoldByID(b.ctx, "h")
	WantCode(b, err, store.CodeMissing)
	ahead, err = b.store.EraseAhead(b.ctx, "s-1")
	if err != nil || ahead.State != store.Erased || ahead.Held {
		b.Errorf("after the period: %+v, %v", ahead, err)
	}
	for _, subject := range []evidence.Subject{"s-1", "s-2"} { // as was said; the second is held
		_, err = b.store.Erase(b.ctx, b.record("erasure", evidence.System, subject), subject)
		b.no(err)
	}
	list, err := b.store.Erasures(b.ctx, false, "", 1)
	b.no(err)
	more, err := b.store.Erasures(b.ctx, false, "s-1", 9)
	b.no(err)
	open, err := b.store.Erasures(b.ctx, true, "", 9)
	b.no(err)
	if len(list) != 1 || list[0].Subject != "s-1" || list[0].Done.IsZero() || len(more) != 1 || !more[0].Done.IsZero() || len(open) != 1 || open[0].Subject != "s-2" {
		b.Errorf("erasures: %+v, then %+v; open %+v", list, more, open)
	}
}
