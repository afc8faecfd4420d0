package tlog_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
)

// elsewhere is the configuration of a log that is to be rebuilt.
func (r *rig) elsewhere() tlog.Config {
	config := r.log
	config.Dir = filepath.Join(r.TB.TempDir(), "log")
	return config
}

// tiles are the files of a log that readers see.
func tiles(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "tile"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(p, ".p/") { // which partial tiles there are depends on the batches
			return err
		}
		data, err := os.ReadFile(p)
		files[strings.TrimPrefix(p, dir)] = string(data)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

func nothingLeft(t testing.TB, dir string) {
	t.Helper()
	for _, name := range []string{dir, dir + ".tmp"} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
}

// unpublished is a store that takes no checkpoint.
type unpublished struct{ tlog.Store }

var errUnpublished = errors.New("the checkpoint was not taken")

func (unpublished) SwapCheckpoint(context.Context, string, []byte, []byte) (bool, error) {
	return false, errUnpublished
}

// TestRebuild makes logs of several sizes anew, some with leaves that no checkpoint covers yet, and goes on with them.
func TestRebuild(t *testing.T) {
	t.Parallel()
	for _, size := range []struct{ covered, beyond, waiting int }{{0, 0, 0}, {0, 3, 0}, {1, 0, 2}, {256, 0, 0}, {600, 40, 5}, {700, 0, 0}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, storetest.SQLite(t))
			var before evidence.Checkpoint
			if size.covered > 0 {
				r.add(size.covered)
				r.drain()
				c, err := r.reader().Checkpoint(r.ctx)
				r.no(err)
				before = c
			}
			if size.beyond > 0 {
				r.add(size.beyond)
				r.log.Store = unpublished{r.store}
				l := r.open()
				if err := l.Drain(r.ctx); !errors.Is(err, errUnpublished) {
					t.Fatal(err)
				}
				r.no(l.Close())
				r.log.Store = r.store
			}
			r.add(size.waiting)
			want := tiles(t, r.log.Dir)
			r.log = r.elsewhere()
			r.no(tlog.Rebuild(r.ctx, r.log, r.store.Records(r.ctx, false)))
			if got := tiles(t, r.log.Dir); len(got) != len(want) || size.covered > 256 && len(got) == 0 {
				t.Errorf("%d tiles, want %d", len(got), len(want))
			} else {
				for path, data := range want {
					if got[path] != data {
						t.Errorf("%s differs", path)
					}
				}
			}
			raw, err := r.store.Checkpoint(r.ctx, origin)
			r.no(err)
			if !bytes.Equal(raw, before.Note) {
				t.Error("another checkpoint was signed")
			}
			if file, err := os.ReadFile(filepath.Join(r.log.Dir, "checkpoint")); string(file) != string(raw) || raw == nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder has the checkpoint %q", file)
			}
			r.goOn(before, size.covered+size.beyond+size.waiting)
		})
	}
}

// goOn adds to a log and makes sure that it holds what was published before.
func (r *rig) goOn(before evidence.Checkpoint, rows int) {
	r.Helper()
	r.add(10)
	r.drain()
	after, err := r.reader().Checkpoint(r.ctx)
	r.no(err)
	if before.Size > 0 {
		hashes, err := r.reader().Consistency(r.ctx, before.Size, after.Size)
		r.no(err)
		r.no(evidence.VerifyConsistency(before, after, hashes))
	}
	if report := r.fsck(); report.Verdict != colophon.Passed || report.Size != uint64(rows+10) || report.Records != report.Size {
		r.Errorf("%+v", report)
	}
}

// sheet is a store of records in memory.
type sheet struct {
	note    []byte
	placed  uint64
	waiting []evidence.Record
}

func (s *sheet) Pending(context.Context, uint64, int) ([]evidence.Record, error) {
	return s.waiting, nil
}
func (s *sheet) Placed(context.Context) (uint64, error)             { return s.placed, nil }
func (s *sheet) Checkpoint(context.Context, string) ([]byte, error) { return s.note, nil }
func (s *sheet) Place(_ context.Context, places []evidence.Placement) error {
	s.placed, s.waiting = s.placed+uint64(len(places)), nil
	return nil
}
func (s *sheet) SwapCheckpoint(_ context.Context, _ string, old, note []byte) (bool, error) {
	same := bytes.Equal(old, s.note)
	s.note = note
	return same, nil
}

// records makes rows that stand in a log, and the checkpoint over all but the last.
func (r *rig) records(n int) ([]evidence.Held, *sheet) {
	r.Helper()
	rows := make([]evidence.Held, n)
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	one, err := r.rec.New("artefact.labelled", "s", "system", nil, 1)
	r.no(err)
	s := &sheet{placed: uint64(n)}
	for i := range rows {
		rows[i] = evidence.Held{Record: one, Index: int64(i)}
		rows[i].Sequence = uint64(i + 1)
		leaf, err := rows[i].Leaf()
		r.no(err)
		if i == n-1 {
			root, err := tree.GetRootHash(nil)
			r.no(err)
			c, err := evidence.SignCheckpoint(r.log.Signer, uint64(i), [32]byte(root))
			r.no(err)
			s.note = c.Note
		}
		r.no(tree.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil))
	}
	return rows, s
}

func yielded(rows []evidence.Held) iter.Seq2[evidence.Held, error] {
	return func(yield func(evidence.Held, error) bool) {
		for _, h := range rows {
			if !yield(h, nil) {
				return
			}
		}
	}
}

// TestRebuildMany fills three levels of tiles, also in a mirror, and lets the sequencer go on.
func TestRebuildMany(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	rows, s := r.records(66000)
	mirror := &shelf{files: map[string][]byte{}}
	r.log.Store, r.log.Mirror = s, mirror
	r.no(tlog.Rebuild(r.ctx, r.log, yielded(rows)))
	prove := func(source tlog.Source, indexes ...uint64) {
		t.Helper()
		for _, index := range indexes {
			if _, _, err := tlog.NewReader(source, s, origin, r.v).Prove(r.ctx, index); err != nil {
				t.Errorf("%d: %v", index, err)
			}
		}
	}
	prove(tlog.Folder(r.log.Dir), 0, 255, 65535, 65536, 65998)
	prove(mirror, 0, 255, 65535, 65536, 65998)
	next := rows[0].Record
	next.Sequence = 66001
	s.waiting = []evidence.Record{next}
	r.drain()
	prove(tlog.Folder(r.log.Dir), 0, 65536, 66000)
	prove(mirror, 0, 65536, 66000)
}

// TestRebuildRefuses has rows that are not those that were sequenced.
func TestRebuildRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	r.add(300)
	r.drain()
	db, err := sql.Open("sqlite", r.config.Path)
	r.no(err)
	defer db.Close()
	for change, code := range map[string]colophon.Code{
		`UPDATE record SET at = at + 1 WHERE log_index = 7`:                                             tlog.CodeRebuildRoot,
		`UPDATE record SET commitment = zeroblob(31) WHERE log_index = 7`:                               tlog.CodeRebuildRow,
		`DELETE FROM record WHERE log_index = 7`:                                                        tlog.CodeRebuildRow,
		`DELETE FROM record WHERE log_index = 299`:                                                      tlog.CodeRebuildRow,
		`UPDATE record SET log_index = NULL`:                                                            tlog.CodeRebuildRow,
		`UPDATE record SET log_index = 1000 - log_index; UPDATE record SET log_index = log_index - 701`: tlog.CodeRebuildRoot,
		`UPDATE checkpoint SET note = CAST(replace(note, '300', '299') AS BLOB)`:                        evidence.CodeCheckpointUntrusted,
	} {
		_, err := db.Exec(`CREATE TABLE kept_record AS SELECT * FROM record; CREATE TABLE kept_checkpoint AS SELECT * FROM checkpoint;` + change)
		r.no(err)
		config := r.elsewhere()
		storetest.WantCode(t, tlog.Rebuild(r.ctx, config, r.store.Records(r.ctx, false)), code)
		nothingLeft(t, config.Dir)
		_, err = db.Exec(`DELETE FROM record; INSERT INTO record SELECT * FROM kept_record; DELETE FROM checkpoint; INSERT INTO checkpoint SELECT * FROM kept_checkpoint;
			DROP TABLE kept_record; DROP TABLE kept_checkpoint`)
		r.no(err)
	}
	config := r.elsewhere()
	_, stranger := signer(t, 9)
	config.Verifiers = []note.Verifier{stranger}
	storetest.WantCode(t, tlog.Rebuild(r.ctx, config, r.store.Records(r.ctx, false)), evidence.CodeCheckpointUntrusted)
	storetest.WantCode(t, tlog.Rebuild(r.ctx, r.log, r.store.Records(r.ctx, false)), tlog.CodeNotEmpty)
	config = r.elsewhere()
	r.no(os.MkdirAll(config.Dir, 0o755)) // an empty folder may be there, and what a rebuilding that was killed has left
	r.no(os.MkdirAll(config.Dir+".tmp/.state", 0o755))
	r.no(os.WriteFile(config.Dir+".tmp/.state/treeState", []byte("{}"), 0o600))
	r.no(tlog.Rebuild(r.ctx, config, r.store.Records(r.ctx, false)))
}

// TestRebuildCancelled ends the context after some rows, and lets the rows fail.
func TestRebuildCancelled(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.SQLite(t))
	r.add(1000)
	r.drain()
	errRows := errors.New("the store is away")
	for _, after := range []int{0, 1, 255, 600, 999} {
		for _, cancels := range []bool{true, false} {
			ctx, cancel := context.WithCancel(r.ctx)
			config := r.elsewhere()
			err := tlog.Rebuild(ctx, config, func(yield func(evidence.Held, error) bool) {
				n := 0
				for h, err := range r.store.Records(r.ctx, false) {
					if n == after && cancels {
						cancel()
					} else if n == after {
						err = errRows
					}
					if n++; !yield(h, err) {
						return
					}
				}
			})
			if !errors.Is(err, context.Canceled) && !errors.Is(err, errRows) {
				t.Errorf("after %d rows: %v", after, err)
			}
			cancel()
			nothingLeft(t, config.Dir)
		}
	}
}

// BenchmarkRebuild makes a log of 100,000 leaves anew.
func BenchmarkRebuild(b *testing.B) {
	r := newRig(b, storetest.SQLite(b))
	rows, s := r.records(100000)
	r.log.Store = s
	for b.Loop() {
		b.StopTimer()
		r.log = r.elsewhere()
		b.StartTimer()
		r.no(tlog.Rebuild(r.ctx, r.log, yielded(rows)))
	}
	b.ReportMetric(float64(100000*b.N)/b.Elapsed().Seconds(), "leaves/s")
}
