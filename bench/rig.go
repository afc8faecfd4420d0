package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/keys"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
)

const origin = "colophon.example/log"

// rig is a store with what belongs to it.
type rig struct {
	ctx   context.Context
	dir   string
	keys  *keys.Keys
	store *store.Store
	rec   *evidence.Recorder
	log   *tlog.Log // once it is sequenced
	close []func() error
}

// rig makes a new store, in a folder of its own, on SQLite or in a database on PostgreSQL.
func (b *bench) rig(postgres string) (*rig, error) {
	r := &rig{ctx: context.Background()}
	var err error
	if r.dir, err = os.MkdirTemp(b.scratch, "store-"); err != nil {
		return nil, err
	}
	if r.keys, err = keys.Open(keys.Config{Dir: filepath.Join(r.dir, "keys"), Origin: origin}); err != nil {
		return nil, err
	}
	if r.rec, err = evidence.NewRecorder(evidence.RecorderConfig{Now: time.Now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: r.keys.Envelopes}); err != nil {
		return nil, err
	}
	if r.store, err = store.Open(r.ctx, store.Config{Path: filepath.Join(r.dir, "colophon.db"), Postgres: postgres, Keys: r.keys.Envelopes}); err != nil {
		return nil, err
	}
	r.close = append(r.close, r.store.Close)
	return r, nil
}

// sequence has the log take in records from now on.
func (r *rig) sequence() (err error) {
	r.log, err = tlog.Open(r.ctx, tlog.Config{Dir: filepath.Join(r.dir, "log"), Signer: r.keys.Signer, Verifiers: r.keys.Verifiers, Store: r.store, Wake: r.store.Committed(),
		Report: func(err error) { fmt.Fprintln(os.Stderr, "log:", err) }})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(r.ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.log.Run(ctx) }()
	r.close = append(r.close, func() error { stop(); return errors.Join(<-ended, r.log.Close()) })
	return nil
}

// end closes a rig, the last first, and deletes its folder.
func (r *rig) end() error {
	var err error
	for i := len(r.close) - 1; i >= 0; i-- {
		err = errors.Join(err, r.close[i]())
	}
	return errors.Join(err, os.RemoveAll(r.dir))
}

// records makes records with a payload of 512 bytes, one subject for each writer.
func (r *rig) records(n, writers int) ([]evidence.Record, error) {
	payload := map[string]string{"text": fmt.Sprintf("%0512d", 0)}
	list := make([]evidence.Record, n)
	for i := range list {
		var err error
		if list[i], err = r.rec.New("artefact.marked", evidence.Subject(fmt.Sprint("s", i%writers)), "application", nil, payload); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// add commits a record and returns its sequence.
func (r *rig) add(record evidence.Record) (seq uint64, err error) {
	err = r.store.Write(r.ctx, func(tx *store.Tx) (err error) { seq, err = tx.Record(record); return err })
	return seq, err
}

// postgres starts a private server that waits for the disk.
func postgres() (fresh func() string, stop func(), err error) {
	server, err := storetest.StartServer(true)
	if err != nil {
		return nil, nil, err
	}
	return func() string { return server.Database(outside{}) }, server.Stop, nil
}

// outside stands for a test where there is none.
type outside struct{ testing.TB }

func (outside) Helper() {}

func (outside) Fatal(args ...any) { panic(fmt.Sprint(args...)) }
