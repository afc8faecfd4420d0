// Package tlog keeps the Merkle log: it puts the leaves of records into a Tessera log in a folder, signs checkpoints,
// gives proofs, and re-verifies the whole against the store.
//
// A record is committed in the store first and put into the log soon after, by one sequencer of all processes
// ([Log.Run]). The store says which records wait; the log says at which index each stands; the store writes that down.
// When the process dies in between, the log has leaves that the store does not know of. So a sequencer that starts reads
// the log from the last index that the store knows to its end and matches the sequence in each leaf with the records that
// wait: none is lost, and none is put in twice.
//
// The last checkpoint lies in the store, outside the folder, and is replaced by compare-and-swap. A folder that was set
// back to an older state, or replaced by another log, does not lead to that checkpoint; the sequencer then refuses to
// work. Only that checkpoint is published. The file named checkpoint in the folder is Tessera's own.
//
// One sequencer works on a folder. A lock on a file keeps others out, in this process too: flock(2) locks belong to the
// opened file, not to the process. Tessera's own locks belong to the process and would not. On network file systems flock
// works between machines and may not within one; a process MUST open a log once.
//
// What not to do here: never sign a checkpoint that was not compared with the last one. Never hand out a tile of a tree
// that has no checkpoint yet. Never end the context that Tessera was started with while it owes an answer: it would never
// give it.
package tlog

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
)

// Codes of errors of the log.
const (
	CodeLocked     colophon.Code = "log-locked"      // arg "file": another sequencer works on the folder
	CodeRolledBack colophon.Code = "log-rolled-back" // the folder is older than the last checkpoint
	CodeSplitView  colophon.Code = "log-split-view"  // the folder does not lead to the last checkpoint
	CodeUnmatched  colophon.Code = "log-unmatched"   // arg "index": the log has a leaf that the store has no record for
	CodeOvertaken  colophon.Code = "log-overtaken"   // another sequencer published a checkpoint
	CodeLogFailed  colophon.Code = "log-failed"      // the folder can't be read or written
	CodeNoTile     colophon.Code = "log-no-tile"     // no such tile, or not yet
	CodeNoProof    colophon.Code = "log-no-proof"    // arg "index": not in the tree of a checkpoint yet
)

// Settings of Tessera. A batch waits for 10 ms or 1024 leaves; what is smaller writes a new partial tile for each leaf.
const (
	batchSize          = 1024
	batchAge           = 10 * time.Millisecond
	tesseraCheckpoints = time.Second
	closeTime          = 30 * time.Second
)

// Store is what the log asks of the store.
type Store interface {
	// Pending returns at most limit records without an index, with a sequence above after, in order of sequence.
	Pending(ctx context.Context, after uint64, limit int) ([]evidence.Record, error)
	// Place writes down the indexes of records, all or none. It MUST refuse a record that has one.
	Place(ctx context.Context, places []evidence.Placement) error
	// Placed returns one more than the highest index written down.
	Placed(ctx context.Context) (uint64, error)
	// Checkpoint returns the last checkpoint of a log, or nil.
	Checkpoint(ctx context.Context, origin string) ([]byte, error)
	// SwapCheckpoint replaces the checkpoint old, or none when old is nil, and reports false when it is not there.
	SwapCheckpoint(ctx context.Context, origin string, old, note []byte) (bool, error)
}

// Mirror is where the leader puts tiles and checkpoint for everybody to read.
type Mirror interface {
	Source
	// Put MUST return when the bytes are durable. The same path may be put again with the same bytes; only "checkpoint"
	// changes.
	Put(ctx context.Context, path string, data []byte) error
	// DeleteUnder removes everything whose path begins with a folder. It is no error when nothing is there.
	DeleteUnder(ctx context.Context, folder string) error
}

// Config says what a log is made of.
type Config struct {
	Dir    string
	Signer note.Signer // its name is the origin of the log
	// Verifiers check the last checkpoint: the signer's own, and those of the keys before it.
	Verifiers []note.Verifier
	Store     Store
	Mirror    Mirror          // nil for none
	Wake      <-chan struct{} // gets a value when records were committed; nil where only Poll tells
	// Poll is how often the store is asked for records nevertheless: other processes commit some too. 0 means 100 ms.
	Poll time.Duration
	// CheckpointEvery is the least time between two checkpoints. 0 means 100 ms, and a second where there is a Mirror,
	// which gets the unfinished tiles of each.
	CheckpointEvery time.Duration
	// Report is told of errors after which the sequencer tries again. nil means nobody.
	Report func(error)
}

// Log is an open log with its sequencer.
type Log struct {
	config   Config
	lock     *os.File
	appender *tessera.Appender
	tessera  tessera.LogReader
	shutdown func(context.Context) error
	stop     context.CancelFunc
	clear    func()
	tiles    *tileReader
	last     atomic.Pointer[evidence.Checkpoint] // as it lies in the store
	close    func() error

	// The sequencer's own; see Run.
	unsure    bool // the log may have leaves that the store does not know of
	published time.Time
	mirrored  evidence.Checkpoint // what the mirror shows; all its tiles are there
}

// quiet keeps the log's library from writing to the standard error output.
var quiet = sync.OnceFunc(func() { klog.SetLogger(logr.Discard()) })

// Open opens the log in a folder, or makes one, and compares it with the store: with the last checkpoint, and with the
// records that the store believes to be in it.
func Open(ctx context.Context, config Config) (*Log, error) {
	quiet()
	if config.Poll <= 0 {
		config.Poll = 100 * time.Millisecond
	}
	if config.CheckpointEvery <= 0 {
		config.CheckpointEvery = 100 * time.Millisecond
		if config.Mirror != nil {
			config.CheckpointEvery = time.Second
		}
	}
	if config.Report == nil {
		config.Report = func(error) {}
	}
	if err := lost(ctx, config); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(config.Dir, 0o755); err != nil {
		return nil, durable.Fault(config.Dir, err)
	}
	lock, err := lockFolder(config.Dir)
	if err != nil {
		return nil, err
	}
	l := &Log{config: config, lock: lock, tiles: &tileReader{Folder(config.Dir)}}
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(err, l.end())
	}
	l.close = sync.OnceValue(l.end)
	return l, nil
}

// lost refuses to begin a log anew where the store knows one: a folder that is gone is not made, lest it be in the way of
// the one that is put back.
func lost(ctx context.Context, config Config) error {
	if _, err := os.Stat(config.Dir); !errors.Is(err, fs.ErrNotExist) {
		return nil // what is there is looked at later
	}
	known, err := config.Store.Checkpoint(ctx, config.Signer.Name())
	if err == nil && known != nil {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeRolledBack}
	}
	return err
}

func (l *Log) start(ctx context.Context) error {
	l.clear = readyLock(l.config.Dir)
	driver, err := posix.New(ctx, posix.Config{Path: l.config.Dir})
	if err != nil {
		return l.fault(err)
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(l.config.Signer).WithBatching(batchSize, batchAge).WithCheckpointInterval(tesseraCheckpoints)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.appender, l.shutdown, l.tessera, err = tessera.NewAppender(running, driver, options)
	if err != nil {
		return l.fault(err)
	}
	if err := l.compare(ctx); err != nil {
		return err
	}
	if err := l.match(ctx); err != nil {
		return err
	}
	return l.catchUp(ctx)
}

// Close waits for what the log owes and unlocks the folder. Run MUST have returned.
func (l *Log) Close() error { return l.close() }

func (l *Log) end() error {
	var err error
	if l.shutdown != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		err = l.shutdown(ctx)
		cancel()
	}
	if l.stop != nil {
		l.stop()
	}
	if l.clear != nil {
		l.clear()
	}
	return errors.Join(err, l.lock.Close())
}

// Checkpoint is the last checkpoint as it lies in the store, or the zero value before the first.
func (l *Log) Checkpoint() evidence.Checkpoint {
	if c := l.last.Load(); c != nil {
		return *c
	}
	return evidence.Checkpoint{}
}

// Origin is the name of the log.
func (l *Log) Origin() string { return l.config.Signer.Name() }

// fault makes the error that a person is shown of an error about the folder.
func (l *Log) fault(err error) error {
	var known *colophon.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return durable.Fault(l.config.Dir, err)
	}
	return &colophon.Error{Kind: colophon.Internal, Code: CodeLogFailed, Err: err}
}

// Folder reads a log in a folder.
func Folder(dir string) Source { return folder(dir) }

type folder string

func (f folder) Get(_ context.Context, path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), filepath.FromSlash(path)))
}
