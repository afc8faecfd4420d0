package storetest

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
)

func testErase(b *bench) {
	old := b.add("a", "s-1", "personal")
	other := b.add("a", "s-2", "another's")
	b.clock.Set(b.clock.Now().AddDate(0, 7, 0))
	state, err := b.store.Erase(b.ctx, b.record("erasure", evidence.System, "s-1"), "s-1")
	if err != nil || state != store.Erased {
		b.Fatal(state, err)
	}
	_, err = b.store.Payload(b.ctx, old.ID)
	WantCode(b, err, store.CodePurged)
	if _, err := b.store.Payload(b.ctx, other.ID); err != nil {
		b.Error(err)
	}
	h, err := b.store.Record(b.ctx, old.ID)
	if err != nil || h.Sealed.Box != nil || h.Sealed.Key.Wrapped != nil || h.Commitment != old.Commitment {
		b.Error("something is left, or the leaf is gone", err)
	}
	_, err = b.store.Erase(b.ctx, b.record("erasure", "s-1", 1), "s-1")
	WantCode(b, err, evidence.CodeRecordInvalid)
}

func testEraseLater(b *bench) {
	past := b.add("a", "s-1", "old")
	assessment := b.add("assessment.filed", "s-1", "kept for three years")
	b.clock.Set(b.clock.Now().AddDate(0, 7, 0))
	recent := b.add("a", "s-1", "new")
	state, err := b.store.Erase(b.ctx, b.record("erasure", evidence.System, "s-1"), "s-1")
	if err != nil || state != store.Restricted {
		b.Fatal(state, err)
	}
	// What is over its period went at once; the rest is kept and not read.
	_, err = b.store.Payload(b.ctx, past.ID)
	WantCode(b, err, store.CodePurged)
	for _, r := range []evidence.Record{assessment, recent} {
		_, err = b.store.Payload(b.ctx, r.ID)
		WantCode(b, err, store.CodeRestricted)
		if h, err := b.store.Record(b.ctx, r.ID); err != nil || h.Sealed.Box == nil {
			b.Error("a statutory record was erased early", err)
		}
	}
	end := func() []evidence.Subject {
		list, err := b.store.EndRestrictions(b.ctx, func(s evidence.Subject) (evidence.Record, error) {
			return b.record("erasure.done", evidence.System, s), nil
		})
		b.no(err)
		return list
	}
	b.clock.Set(b.clock.Now().AddDate(0, 7, 0))
	if list := end(); list != nil {
		b.Errorf("%v erased while the three years run", list)
	}
	b.clock.Set(assessment.Time().AddDate(3, 0, 1))
	if list := end(); !slices.Equal(list, []evidence.Subject{"s-1"}) {
		b.Errorf("erased %v", list)
	}
	for _, r := range []evidence.Record{assessment, recent} {
		_, err = b.store.Payload(b.ctx, r.ID)
		WantCode(b, err, store.CodePurged)
	}
	if list := end(); list != nil {
		b.Errorf("%v erased twice", list)
	}
}

func testHold(b *bench) {
	one, two := b.add("a", "s-1", 1), b.add("a", "s-2", 2)
	b.no(b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 1), store.Hold{ID: "h1", Subject: "s-1"}))
	b.no(b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 2), store.Hold{ID: "h2", Record: two.ID}))
	WantCode(b, b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 3), store.Hold{ID: "h2", Record: two.ID}), store.CodeHeld)
	WantCode(b, b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 3), store.Hold{ID: "h3"}), evidence.CodeRecordInvalid)
	WantCode(b, b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 3), store.Hold{ID: "h3", Subject: "nobody"}), store.CodeMissing)
	WantCode(b, b.store.PlaceHold(b.ctx, b.record("hold", evidence.System, 3), store.Hold{ID: "h3", Record: "none"}), store.CodeMissing)
	b.clock.Set(b.clock.Now().AddDate(1, 0, 0))
	b.no(b.store.Purge(b.ctx, b.record("purge", evidence.System, 1)))
	for _, r := range []evidence.Record{one, two} {
		if _, err := b.store.Payload(b.ctx, r.ID); err != nil {
			b.Error("a held record was purged:", err)
		}
		state, err := b.store.Erase(b.ctx, b.record("erasure", evidence.System, 1), r.Subject)
		if err != nil || state != store.Restricted {
			b.Error("a held record was erased:", state, err)
		}
	}
	b.no(b.store.LiftHold(b.ctx, b.record("lift", evidence.System, 1), "h1"))
	WantCode(b, b.store.LiftHold(b.ctx, b.record("lift", evidence.System, 1), "h1"), store.CodeMissing)
	list, err := b.store.EndRestrictions(b.ctx, func(s evidence.Subject) (evidence.Record, error) {
		return b.record("erasure.done", evidence.System, s), nil
	})
	if err != nil || !slices.Equal(list, []evidence.Subject{"s-1"}) {
		b.Errorf("erased %v, %v", list, err)
	}
}

func testPurge(b *bench) {
	log, assessment := b.add("a", "s-1", 1), b.add("assessment.filed", "s-2", 2)
	b.clock.Set(b.clock.Now().AddDate(0, 5, 0))
	b.no(b.store.Purge(b.ctx, b.record("purge", evidence.System, 1)))
	if _, err := b.store.Payload(b.ctx, log.ID); err != nil {
		b.Error("purged within six months:", err)
	}
	b.clock.Set(b.clock.Now().AddDate(0, 2, 0))
	b.no(b.store.Purge(b.ctx, b.record("purge", evidence.System, 2)))
	_, err := b.store.Payload(b.ctx, log.ID)
	WantCode(b, err, store.CodePurged)
	if h, err := b.store.Record(b.ctx, log.ID); err != nil || h.Sealed.Key.Wrapped != nil {
		b.Error("the data key is left", err)
	}
	if _, err := b.store.Payload(b.ctx, assessment.ID); err != nil {
		b.Error("an assessment was purged within three years:", err)
	}
	for _, h := range b.all(true) {
		want := colophon.Passed
		if h.ID == log.ID {
			want = colophon.Unknown
		}
		if h.Payload != want {
			b.Errorf("%s: the payload is %v, want %v", h.Type, h.Payload, want)
		}
	}
}

// testKeyErased has a recorder that still holds a key in memory after it was erased.
func testKeyErased(b *bench) {
	b.add("a", "s-1", 1)
	b.clock.Set(b.clock.Now().AddDate(0, 7, 0))
	_, err := b.store.Erase(b.ctx, b.record("erasure", evidence.System, 1), "s-1")
	b.no(err)
	stale := b.record("a", "s-1", 2)
	err = b.store.Write(b.ctx, func(tx *store.Tx) error { _, err := tx.Record(stale); return err })
	WantCode(b, err, store.CodeKeyErased)
	b.rec.Forget("s-1")
	r := b.add("a", "s-1", 3)
	if o, err := b.store.Payload(b.ctx, r.ID); err != nil || string(o.Payload) != "3" {
		b.Error(string(o.Payload), err)
	}
}

func testRewrap(b *bench) {
	r := b.add("a", "s-1", "secret")
	both := b.config
	both.Keys = Keys(b, "second", "first")
	s := Open(b, both)
	newer := Recorder(b, both.Keys, b.clock.Now)
	proof, err := newer.New("keys.rotated", evidence.System, "officer", nil, 1)
	b.no(err)
	if n, err := s.Rewrap(b.ctx, proof); n != 1 || err != nil {
		b.Fatal(n, err)
	}
	only := b.config
	only.Keys = Keys(b, "second")
	if o, err := Open(b, only).Payload(b.ctx, r.ID); err != nil || string(o.Payload) != `"secret"` {
		b.Error(string(o.Payload), err)
	}
	_, err = b.store.Payload(b.ctx, r.ID)
	WantCode(b, err, evidence.CodeKeyUnknown)
}

func testNetwork(b *bench) {
	seal := func(subject evidence.Subject, op string) store.SealedEntry {
		e, err := store.SealNetworkEntry(b.rec, store.NetworkEntry{Subject: subject, Operation: op, Source: netip.MustParseAddrPort("203.0.113.7:4711"), Client: "curl"})
		b.no(err)
		return e
	}
	b.no(b.store.LogNetwork(b.ctx, seal("s-1", "sign-in"), seal("s-2", "sign-in")))
	e := seal("s-1", "label")
	b.no(b.store.Write(b.ctx, func(tx *store.Tx) error {
		_, err := tx.Record(b.record("a", "s-1", 1))
		return errors.Join(err, tx.LogNetwork(e))
	}))
	read := func(subject evidence.Subject) []store.NetworkEntry {
		before := len(b.all(false))
		list, err := b.store.ReadNetworkLog(b.ctx, b.record("network-log.read", evidence.System, "why"), store.NetworkQuery{Subject: subject, From: b.clock.Now().AddDate(-1, 0, 0), To: b.clock.Now().Add(time.Hour)})
		b.no(err)
		if got := len(b.all(false)); got != before+1 {
			b.Error("the read left no record")
		}
		return list
	}
	list := read("s-1")
	if len(list) != 2 || list[0].Operation != "sign-in" || list[1].Source.String() != "203.0.113.7:4711" || list[1].Client != "curl" || len(read("")) != 3 {
		b.Errorf("read %+v", list)
	}
	unproved := b.record("network-log.read", evidence.System, 1)
	unproved.Type = "Not A Type"
	if list, err := b.store.ReadNetworkLog(b.ctx, unproved, store.NetworkQuery{To: b.clock.Now().Add(time.Hour)}); err == nil || list != nil {
		b.Error("it was read without a record")
	}
	state, err := b.store.Erase(b.ctx, b.record("erasure", evidence.System, 1), "s-2")
	if err != nil || state != store.Restricted || len(read("s-2")) != 0 {
		b.Error("entries within six months are to be restricted:", state, err)
	}
	b.clock.Set(b.clock.Now().AddDate(0, 7, 0))
	b.no(b.store.Purge(b.ctx, b.record("purge", evidence.System, 1)))
	if list := read(""); len(list) != 0 {
		b.Errorf("%d entries are left after the purge", len(list))
	}
}
