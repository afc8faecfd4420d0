package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
)

func testBackup(b *bench) {
	r := b.add("a", "s-1", "\u0000 题跋 \"")
	for i := range 40 {
		b.add("a", evidence.Subject(fmt.Sprint("s", i)), i)
	}
	b.no(b.store.Place(b.ctx, []evidence.Placement{{Sequence: 1, Index: 0}}))
	_, err := b.store.SwapCheckpoint(b.ctx, "log", nil, []byte("note"))
	b.no(err)
	want := b.all(true)
	var dump bytes.Buffer
	b.no(b.store.Backup(b.ctx, &dump))
	WantCode(b, b.store.Restore(b.ctx, bytes.NewReader(dump.Bytes())), store.CodeNotEmpty)
	for _, other := range []store.Config{SQLite(b), {Postgres: Postgres(b)}} {
		other.Keys, other.Now = b.keys, b.clock.Now
		s := Open(b, other)
		for _, damaged := range [][]byte{dump.Bytes()[:dump.Len()/2], bytes.Replace(dump.Bytes(), []byte("s-1"), []byte("s-9"), 1), append(bytes.Clone(dump.Bytes()), 'x')} {
			WantCode(b, s.Restore(b.ctx, bytes.NewReader(damaged)), store.CodeDumpInvalid)
		}
		b.no(s.Restore(b.ctx, bytes.NewReader(dump.Bytes())))
		var again bytes.Buffer
		b.no(s.Backup(b.ctx, &again))
		if !bytes.Equal(dump.Bytes(), again.Bytes()) {
			b.Error("the dump of what was restored differs")
		}
		var got []evidence.Held
		for h, err := range s.Records(b.ctx, true) {
			b.no(err)
			got = append(got, h)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			b.Error(diff)
		}
		if o, err := s.Payload(b.ctx, r.ID); err != nil || !strings.Contains(string(o.Payload), "题跋") {
			b.Error(string(o.Payload), err)
		}
		next := b.record("a", "s-1", 1)
		b.no(s.Write(b.ctx, func(tx *store.Tx) (err error) { next.Sequence, err = tx.Record(fresh(next)); return err }))
		if next.Sequence != uint64(len(want)+1) {
			b.Errorf("the next record has number %d", next.Sequence)
		}
	}
}

func testLead(b *bench) {
	leading, resign, err := b.store.Lead(b.ctx)
	b.no(err)
	if leading.Err() != nil {
		b.Error("the leader does not lead")
	}
	if b.config.Postgres != "" {
		other := Open(b, b.config)
		ctx, cancel := context.WithTimeout(b.ctx, 700*time.Millisecond)
		if _, _, err := other.Lead(ctx); !errors.Is(err, context.DeadlineExceeded) {
			b.Errorf("two lead: %v", err)
		}
		cancel()
		resign()
		next, resign2, err := other.Lead(b.ctx)
		b.no(err)
		// The server ends the session: the leader must notice.
		b.no(other.Write(b.ctx, func(tx *store.Tx) error {
			rows, err := tx.Query(`SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND d.datname = current_database()`)
			if err != nil {
				return err
			}
			return rows.Close()
		}))
		select {
		case <-next.Done():
		case <-time.After(10 * time.Second):
			b.Error("a leader without a session goes on")
		}
		resign2()
	}
	resign()
	if leading.Err() == nil {
		b.Error("who resigned leads")
	}
}

func testCancel(b *bench) {
	ctx, cancel := context.WithCancel(b.ctx)
	running, release := make(chan struct{}), make(chan struct{})
	busy := make(chan error, 1)
	go func() {
		busy <- b.store.Write(b.ctx, func(tx *store.Tx) error { close(running); <-release; return nil })
	}()
	<-running
	late := make(chan error, 1)
	r := b.record("a", "s", 1)
	go func() {
		late <- b.store.Write(ctx, func(tx *store.Tx) error { _, err := tx.Record(r); return err })
	}()
	cancel()
	if err := <-late; !errors.Is(err, context.Canceled) {
		b.Error(err)
	}
	close(release)
	b.no(<-busy)
	if list := b.all(false); len(list) != 0 {
		b.Error("a write that was called off happened")
	}
}

func testClose(b *bench) {
	s, err := store.Open(b.ctx, b.config)
	b.no(err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := 0
	for range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 20 {
				r, err := b.rec.New("a", "s", "system", nil, i)
				if err == nil {
					err = s.Write(b.ctx, func(tx *store.Tx) error { _, err := tx.Record(r); return err })
				}
				if err != nil {
					WantCode(b, err, store.CodeClosed)
					return
				}
				mu.Lock()
				acknowledged++
				mu.Unlock()
			}
		}()
	}
	for range 3 {
		b.add("a", "t", 1)
	}
	b.no(s.Close())
	b.no(s.Close())
	wg.Wait()
	if n := len(b.all(false)); n != acknowledged+3 {
		b.Errorf("%d records, %d acknowledged", n, acknowledged+3)
	}
}

// testTwoNodes has two stores on one database, as two processes have. The sequences still have no gap.
func testTwoNodes(b *bench) {
	other := Open(b, b.config)
	var wg sync.WaitGroup
	for _, s := range []*store.Store{b.store, other} {
		rec := Recorder(b, b.keys, b.clock.Now)
		for w := range 4 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range 25 {
					r, err := rec.New("a", evidence.Subject(fmt.Sprint("s", w)), "system", nil, i)
					if err == nil {
						err = s.Write(b.ctx, func(tx *store.Tx) error { _, err := tx.Record(r); return err })
					}
					if err != nil {
						b.Error(err)
						return
					}
				}
			}()
		}
	}
	wg.Wait()
	list := b.all(true)
	for i, h := range list {
		if h.Sequence != uint64(i+1) || h.Payload != colophon.Passed {
			b.Fatalf("record %d has number %d, payload %v", i, h.Sequence, h.Payload)
		}
	}
	if len(list) != 200 {
		b.Errorf("%d records", len(list))
	}
}
