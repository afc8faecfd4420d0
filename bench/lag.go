package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/tlog"
)

// lagSeconds is how long a round lasts.
const lagSeconds = 5

// lag measures for how long an acknowledged record waits until its proof up to the published checkpoint can be handed
// out, at a steady load, beside the time that the commit itself takes.
func (b *bench) lag() error {
	fresh, stop, err := postgres()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Print("### From commit to proof\n\n| engine | records/s | commit p50, ms | p99, ms | commit to proof p50, ms | p99, ms |\n|---|---|---|---|---|---|\n")
	for _, rate := range []int{100, 1000} {
		if err := b.lagAt(rate, fresh()); err != nil {
			return err
		}
	}
	fmt.Println()
	return nil
}

func (b *bench) lagAt(rate int, postgres string) (err error) {
	engines := []string{"SQLite", "PostgreSQL"}
	commits, lags := make([]*racer, 2), make([]*racer, 2)
	for i, url := range []string{"", postgres} {
		var r *rig
		if r, err = b.rig(url); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.end()) }()
		if err := r.sequence(); err != nil {
			return err
		}
		commits[i] = &racer{name: engines[i]}
		lags[i] = &racer{name: engines[i], run: func() (sample, error) {
			commit, lag, err := r.steady(rate, rate*lagSeconds)
			commits[i].rounds = append(commits[i].rounds, commit)
			return lag, err
		}}
	}
	if err := b.compete(fmt.Sprintf("lag at %d records/s", rate), lags...); err != nil {
		return err
	}
	for i, r := range lags {
		commits[i].rounds = commits[i].rounds[1:] // the first warmed up
		fmt.Printf("| %s | %d | %s | %s |\n", r.name, rate, commits[i].latency(time.Millisecond), r.latency(time.Millisecond))
	}
	return nil
}

// steady commits n records at a rate, whether or not those before are acknowledged, and watches the log.
func (r *rig) steady(rate, n int) (commit, lag sample, err error) {
	list, err := r.records(n, 50)
	if err != nil {
		return commit, lag, err
	}
	first := r.log.Checkpoint().Size
	took, acknowledged := make([]time.Duration, n), make([]atomic.Int64, n) // by place in the log
	failed := make(chan error, n)
	var all sync.WaitGroup
	proved := make(chan []time.Time, 1)
	go func() {
		at, err := r.watch(first, n)
		if err != nil {
			failed <- err
		}
		proved <- at
	}()
	tick := time.NewTicker(time.Second / time.Duration(rate))
	for i := range list {
		<-tick.C
		all.Go(func() {
			start := time.Now()
			seq, err := r.add(list[i])
			if err != nil {
				failed <- err
				return
			}
			took[i] = time.Since(start)
			acknowledged[seq-1-first].Store(time.Now().UnixNano())
		})
	}
	tick.Stop()
	all.Wait()
	at := <-proved
	select {
	case err := <-failed:
		return commit, lag, err
	default:
	}
	lags := make([]time.Duration, n)
	for i := range lags {
		lags[i] = max(0, at[i].Sub(time.Unix(0, acknowledged[i].Load()))) // 0: proved before its writer ran again
	}
	return spreadOf(took), spreadOf(lags), nil
}

// patience is how long the watcher waits for a checkpoint.
const patience = 30 * time.Second

// watch says from when on each of n records could be proved. Each time the checkpoint has grown it has the proof of the
// newest record made, which is verified on the way; those before it are under the same checkpoint.
func (r *rig) watch(first uint64, n int) ([]time.Time, error) {
	reader := tlog.NewReader(tlog.Folder(filepath.Join(r.dir, "log")), r.store, origin, r.keys.Verifiers...)
	at := make([]time.Time, 0, n)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for last := time.Now(); len(at) < n; <-tick.C {
		size := r.log.Checkpoint().Size
		if size <= first+uint64(len(at)) {
			if time.Since(last) > patience {
				return nil, errors.New("no checkpoint comes")
			}
			continue
		}
		leaf, _, err := reader.Prove(r.ctx, size-1)
		if err != nil {
			return nil, err
		}
		record, err := evidence.ParseLeaf(leaf)
		if err != nil || record.Sequence != size {
			return nil, fmt.Errorf("the leaf at %d has sequence %d: %w", size-1, record.Sequence, err)
		}
		last = time.Now()
		for uint64(len(at)) < size-first {
			at = append(at, last)
		}
	}
	return at, nil
}
