package tlog_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
)

const (
	childFolder   = "COLOPHON_CRASH_FOLDER"
	childDatabase = "COLOPHON_CRASH_DATABASE"
)

// exiting lets helpers for tests be used in a process that is none.
type exiting struct{ testing.TB }

func (exiting) Helper()        {}
func (exiting) Cleanup(func()) {}
func (exiting) Fatal(a ...any) { fmt.Fprintln(os.Stderr, a...); os.Exit(1) }
func (exiting) Error(a ...any) { fmt.Fprintln(os.Stderr, a...) }

// child writes records and sequences them until it is killed. It prints the ID of each that was acknowledged.
func child(dir, database string) {
	t := exiting{}
	config := store.Config{Path: filepath.Join(dir, "colophon.db"), Postgres: database, Keys: storetest.Keys(t, "first")}
	s := storetest.Open(t, config)
	sign, verify := signer(t, 1)
	l, err := tlog.Open(context.Background(), tlog.Config{Dir: filepath.Join(dir, "log"), Signer: sign, Verifiers: []note.Verifier{verify}, Store: s, Wake: s.Committed()})
	if err != nil {
		t.Fatal(err)
	}
	go func() { t.Fatal(l.Run(context.Background())) }()
	rec := storetest.Recorder(t, config.Keys, storetest.NewClock().Now)
	var mu sync.Mutex
	for w := range 24 {
		go func() {
			for i := 0; ; i++ {
				r, err := rec.New("artefact.labelled", evidence.Subject(fmt.Sprint("s", w)), "system", nil, i)
				if err == nil {
					err = s.Write(context.Background(), func(tx *store.Tx) error { _, err := tx.Record(r); return err })
				}
				if err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				fmt.Println(r.ID)
				mu.Unlock()
			}
		}()
	}
	select {}
}

// TestKill kills a process that writes and sequences, again and again on the same data. After each round every record
// that was acknowledged is in the store and in the log once, and the log verifies from its bytes.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 3
	if os.Getenv("COLOPHON_TORTURE") != "" {
		rounds = 20
	}
	engines(t, func(t *testing.T, config store.Config) {
		dir := t.TempDir()
		if config.Postgres == "" {
			config.Path = filepath.Join(dir, "colophon.db")
		}
		acknowledged := map[string]bool{}
		for round := range rounds {
			kill(t, dir, config.Postgres, acknowledged)
			afterKill(t, dir, config, round, acknowledged)
		}
	})
}

func kill(t *testing.T, dir, database string, acknowledged map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFolder+"="+dir, childDatabase+"="+database)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines, limit, before := bufio.NewScanner(out), 200+rand.IntN(1500), len(acknowledged)
	for lines.Scan() {
		if line := lines.Text(); len(line) == 36 { // a line that was cut off was not read by anybody
			acknowledged[line] = true
		}
		if limit--; limit == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || limit > 0 {
		t.Fatalf("the process ended by itself after %d records: %v", len(acknowledged)-before, err)
	}
}

func afterKill(t *testing.T, dir string, config store.Config, round int, acknowledged map[string]bool) {
	t.Helper()
	r := newRig(t, config)
	r.log.Dir = filepath.Join(dir, "log")
	placed, err := r.store.Placed(r.ctx)
	r.no(err)
	r.drain()
	seen := map[string]bool{}
	for h, err := range r.store.Records(r.ctx, false) {
		r.no(err)
		if seen[h.ID] || h.Index < 0 {
			t.Fatalf("round %d: record %d is there twice or not in the log", round, h.Sequence)
		}
		seen[h.ID] = true
	}
	for id := range acknowledged {
		if !seen[id] {
			t.Fatalf("round %d: record %s was acknowledged and is lost", round, id)
		}
	}
	inLog := map[string]bool{}
	c, err := r.reader().Checkpoint(r.ctx)
	r.no(err)
	for index := uint64(0); index < c.Size; index += 256 {
		n := min(256, c.Size-index)
		raw, err := r.reader().Tile(r.ctx, layout.EntriesPath(index/256, uint8(n%256)))
		r.no(err)
		entries, _, err := tlog.CutEntries(raw, int(n))
		r.no(err)
		for _, leaf := range entries {
			in, err := evidence.ParseLeaf(leaf)
			r.no(err)
			if inLog[in.ID] || !seen[in.ID] {
				t.Fatalf("round %d: %s stands twice in the log or has no row", round, in.ID)
			}
			inLog[in.ID] = true
		}
	}
	report := r.fsck()
	if report.Verdict != colophon.Passed || report.Size != uint64(len(seen)) || len(inLog) != len(seen) {
		t.Fatalf("round %d: %d rows, %d leaves, %+v", round, len(seen), len(inLog), report)
	}
	t.Logf("round %d: %d acknowledged, %d rows, %d placed before the restart, tree of %d", round, len(acknowledged), len(seen), placed, report.Size)
}
