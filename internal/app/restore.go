package app

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/tlog"
)

// Codes of refusals to restore.
const (
	CodeRestoreKeys   colophon.Code = "restore-no-keys"      // arg file: the folder of keys, which has none
	CodeRestoreKey    colophon.Code = "restore-key-missing"  // arg key: the envelope key that is not there
	CodeRestoreLog    colophon.Code = "restore-log-name"     // args log, name: of the backup, as set
	CodeRestoreStore  colophon.Code = "restore-store-exists" // arg file
	CodeRestoreMirror colophon.Code = "restore-mirror-ahead" // args size, mirror: the mirror has a later checkpoint
)

// maxAbsent bounds the list of blobs that are not there. Further ones are counted.
const maxAbsent = 100

// Restored says what was restored.
type Restored struct {
	Manifest
	Absent     []string // digests of blobs that were listed and are not in the blob store, the first of them
	AbsentMore int
	Fsck       tlog.FsckReport
}

// Verdict is that of fsck, and failed where blobs are missing.
func (r *Restored) Verdict() colophon.Verdict {
	if len(r.Absent) > 0 {
		return colophon.Failed
	}
	return r.Fsck.Verdict
}

// Restore makes a deployment from a backup. The keys MUST be in their folder already; store and log MUST be empty.
//
// The dump is first restored into a scratch store, on which everything is tried: its keys, its blobs, its log. What people
// would take for a deployment comes last: the log, and then the store, in one step each. When an error is returned before
// that, only blobs are left, which nothing names. Fsck runs on what was restored.
func Restore(ctx context.Context, c Config, v Serving, dir string, p *Progress) (done Restored, err error) {
	if done.Manifest, err = readManifest(dir); err != nil {
		return done, err
	}
	r := &restoring{Server: &Server{config: c, set: v}, dir: dir, progress: p, done: &done}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.prepare(ctx); err != nil {
		return done, err
	}
	work, err := workIn(filepath.Join(v.Data, "restore.tmp"), "colophon.db", "colophon.db-wal", "colophon.db-shm")
	if err != nil {
		return done, err
	}
	err = errors.Join(r.restore(ctx, work.Name()), os.RemoveAll(work.Name()), work.Close())
	if err == nil {
		done.Fsck, err = r.fsck(ctx)
	}
	return done, err
}

// restoring is a backup that is being restored.
type restoring struct {
	*Server
	dir      string
	scratch  *store.Store
	target   *store.Store // nil for SQLite, where the scratch store is given its name
	progress *Progress
	done     *Restored
}

// prepare refuses what can be refused before anything is written, and opens keys and blobs.
func (r *restoring) prepare(ctx context.Context) error {
	if r.done.Log != r.set.LogName {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeRestoreLog, Args: colophon.Args{"log": r.done.Log, "name": r.set.LogName}}
	}
	if _, err := os.Stat(filepath.Join(r.set.Keys, "log.pub")); err != nil { // or new keys would be made
		return &colophon.Error{Kind: colophon.Missing, Code: CodeRestoreKeys, Args: colophon.Args{"file": r.set.Keys}, Err: err}
	}
	if err := r.vacant(ctx); err != nil {
		return err
	}
	if list, err := os.ReadDir(r.set.Log); err == nil && len(list) > 0 {
		return &colophon.Error{Kind: colophon.Conflict, Code: tlog.CodeNotEmpty, Args: colophon.Args{"file": r.set.Log}}
	}
	for _, f := range []struct {
		name string
		want BackupFile
	}{{dumpName, r.done.Dump}, {listName, r.done.List}} {
		if err := r.compare(ctx, filepath.Join(r.dir, f.name), f.want); err != nil {
			return err
		}
	}
	if err := r.openKeys(ctx); err != nil {
		return err
	}
	return r.openBlobs(ctx)
}

// vacant refuses a store that is there already.
func (r *restoring) vacant(ctx context.Context) (err error) {
	if r.set.Postgres == "" {
		for _, name := range []string{"colophon.db", "colophon.db-wal", "colophon.db-shm"} {
			path := filepath.Join(r.set.Data, name)
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return &colophon.Error{Kind: colophon.Conflict, Code: CodeRestoreStore, Args: colophon.Args{"file": path}, Err: err}
			}
		}
		return nil
	}
	if r.target, err = store.Open(ctx, store.Config{Postgres: r.set.Postgres}); err != nil {
		return err
	}
	r.close = append(r.close, r.target.Close)
	list, err := r.target.RecordsAfter(ctx, 0, 1)
	if err == nil && len(list) > 0 {
		err = &colophon.Error{Kind: colophon.Conflict, Code: store.CodeNotEmpty}
	}
	return err
}

// compare reads a file of the backup and compares it with the manifest.
func (r *restoring) compare(ctx context.Context, path string, want BackupFile) error {
	f, err := durable.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, &reader{ctx: ctx, r: io.NewSectionReader(f, 0, f.Size()), progress: r.progress})
	switch {
	case err != nil:
		return durable.Fault(path, err)
	case n != want.Size || hex.EncodeToString(h.Sum(nil)) != want.SHA256:
		return damagedBackup(path, nil)
	}
	return nil
}

// reader reads until ctx ends. With want it compares what it read with a digest.
type reader struct {
	ctx      context.Context
	r        io.Reader
	progress *Progress
	path     string
	hash     hash.Hash // nil when nothing is compared
	want     blob.Digest
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	r.progress.Bytes.Add(int64(n))
	if r.hash != nil {
		r.hash.Write(p[:n])
		if err == io.EOF && blob.Digest(r.hash.Sum(nil)) != r.want {
			err = damagedBackup(r.path, nil)
		}
	}
	return n, err
}

// restore does everything but the check at the end.
func (r *restoring) restore(ctx context.Context, work string) (err error) {
	path := filepath.Join(work, "colophon.db")
	if r.scratch, err = store.Open(ctx, store.Config{Path: path, Keys: r.keys.Envelopes}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.scratch.Close()) }()
	if err := r.load(ctx, r.scratch); err != nil {
		return err
	}
	if err := r.haveKeys(ctx); err != nil {
		return err
	}
	config, err := r.logConfig(ctx)
	if err != nil {
		return err
	}
	if err := r.putBlobs(ctx); err != nil {
		return err
	}
	if err := r.rebuild(ctx, config); err != nil {
		return err
	}
	if r.target != nil {
		return r.fill(ctx)
	}
	if err = r.scratch.Close(); err == nil {
		err = r.place(ctx, path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(r.set.Log))
	}
	return nil
}

// load restores the dump into a store.
func (r *restoring) load(ctx context.Context, s *store.Store) error {
	path := filepath.Join(r.dir, dumpName)
	f, err := durable.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.Restore(ctx, &reader{ctx: ctx, r: io.NewSectionReader(f, 0, f.Size()), progress: r.progress})
}

// haveKeys makes sure that every envelope key is there that the data keys are wrapped by.
func (r *restoring) haveKeys(ctx context.Context) error {
	ids, err := r.scratch.Envelopes(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		_, err := r.keys.Envelopes.Unseal(evidence.Sealed{Key: evidence.DataKey{Envelope: id}}, "")
		if isCode(err, evidence.CodeKeyUnknown) {
			return &colophon.Error{Kind: colophon.Missing, Code: CodeRestoreKey, Args: colophon.Args{"key": id}}
		}
	}
	return nil
}

// logConfig says how the log is rebuilt. Where nodes read a mirror, that must not show a longer log: the records beyond
// the backup are lost, so the log will go on with others, and the mirror would hold two histories.
func (r *restoring) logConfig(ctx context.Context) (tlog.Config, error) {
	config := tlog.Config{Dir: r.set.Log, Signer: r.keys.Signer, Verifiers: r.keys.Verifiers, Store: r.scratch}
	if r.set.Postgres == "" {
		return config, nil
	}
	names, err := r.blobs.Names("log", "checkpoint")
	if err != nil {
		return config, err
	}
	config.Mirror = names
	there, err := r.checkpoint(names.Get(ctx, "checkpoint"))
	if err != nil {
		return config, err
	}
	last, err := r.checkpoint(r.scratch.Checkpoint(ctx, r.set.LogName))
	if err == nil && there.Size > last.Size {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeRestoreMirror, Args: colophon.Args{"size": strconv.FormatUint(last.Size, 10), "mirror": strconv.FormatUint(there.Size, 10)}}
	}
	return config, err
}

// checkpoint reads a checkpoint; one that is not there is the zero value.
func (r *restoring) checkpoint(raw []byte, err error) (evidence.Checkpoint, error) {
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(raw) == 0 {
		return evidence.Checkpoint{}, nil
	}
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	return evidence.ParseCheckpoint(raw, r.keys.Verifiers...)
}

// rebuild makes the log from the scratch store, and makes sure that it contains the checkpoint of the manifest.
func (r *restoring) rebuild(ctx context.Context, config tlog.Config) error {
	first, err := r.checkpoint([]byte(r.done.Checkpoint), nil)
	if err != nil {
		return err
	}
	if err := tlog.Rebuild(ctx, config, counted(r.scratch.Records(ctx, false), r.seen)); err != nil {
		return err
	}
	if first.Size == 0 {
		return nil
	}
	log := tlog.NewReader(tlog.Folder(r.set.Log), r.scratch, r.set.LogName, r.keys.Verifiers...)
	last, err := log.Checkpoint(ctx)
	if err == nil {
		var hashes [][32]byte
		if hashes, err = log.Consistency(ctx, first.Size, last.Size); err == nil {
			err = evidence.VerifyConsistency(first, last, hashes)
		}
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(r.set.Log))
	}
	return nil
}

// place gives the scratch store its name. Everything in it is on the disk since it was closed.
func (r *restoring) place(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := os.Lstat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return &colophon.Error{Code: store.CodeUnavailable, Err: fmt.Errorf("the scratch store was not closed: %w", err)}
	}
	to := filepath.Join(r.set.Data, "colophon.db")
	if err := os.Rename(path, to); err != nil {
		return durable.Fault(to, err)
	}
	return durable.Fault(to, syncFolder(r.set.Data))
}

// fill restores the dump a second time, into the database, which takes it whole or not at all.
func (r *restoring) fill(ctx context.Context) error {
	err := r.load(ctx, r.target)
	if err == nil {
		return nil
	}
	// The answer to a commit may have been lost. The log is taken back when the store is known to be empty.
	if list, failed := r.target.RecordsAfter(context.WithoutCancel(ctx), 0, 1); failed == nil && len(list) == 0 {
		err = errors.Join(err, os.RemoveAll(r.set.Log))
	}
	return err
}

// putBlobs copies the blobs of the backup into the blob store, or looks whether those that were listed are there.
func (r *restoring) putBlobs(ctx context.Context) error {
	path := filepath.Join(r.dir, listName)
	f, err := durable.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.NewSectionReader(f, 0, f.Size()))
	count := 0
	for more := true; more; {
		var page []listed
		for more = false; len(page) < blobBatch && lines.Scan(); more = true {
			l, err := parseListed(lines.Text())
			if err != nil {
				return damagedBackup(path, err)
			}
			page = append(page, l)
		}
		var failed error
		ordered(len(page), 8, func(i int) error { return r.putBlob(ctx, page[i]) }, func(i int, err error) {
			if isCode(err, blob.CodeMissing) {
				r.absent(page[i])
			} else if failed == nil {
				failed = err
			}
		})
		if failed != nil {
			return failed
		}
		count += len(page)
	}
	if err := lines.Err(); err != nil || count != r.done.Blobs {
		return damagedBackup(path, err)
	}
	return nil
}

func (r *restoring) absent(l listed) {
	if len(r.done.Absent) == maxAbsent {
		r.done.AbsentMore++
		return
	}
	r.done.Absent = append(r.done.Absent, blob.FormatDigest(l.digest))
}

func (r *restoring) putBlob(ctx context.Context, l listed) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.progress.Files.Add(1)
	if !r.done.Included {
		there, err := r.blobs.Has(ctx, l.digest)
		if err == nil && !there {
			err = &colophon.Error{Kind: colophon.Missing, Code: blob.CodeMissing, Args: colophon.Args{"digest": blob.FormatDigest(l.digest)}}
		}
		return err
	}
	path := blobPath(r.dir, l.digest)
	f, err := durable.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if f.Size() != l.size {
		return damagedBackup(path, nil)
	}
	_, _, err = r.blobs.Put(ctx, &reader{ctx: ctx, r: io.NewSectionReader(f, 0, l.size), progress: r.progress, path: path, hash: sha256.New(), want: l.digest})
	return err
}

// seen counts a record that was read.
func (r *restoring) seen() { r.progress.Files.Add(1) }

// fsck checks what was restored.
func (r *restoring) fsck(ctx context.Context) (report FsckReport, err error) {
	if err := r.openStore(ctx); err != nil {
		return report, err
	}
	return r.check(ctx, r.seen)
}
