package tlog

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"github.com/transparency-dev/tessera/api/layout"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
)

// Codes of errors of [Rebuild].
const (
	CodeNotEmpty    colophon.Code = "log-not-empty"    // arg "file": the folder has something in it
	CodeRebuildRow  colophon.Code = "log-rebuild-row"  // arg "index": the row of a leaf is missing or broken
	CodeRebuildRoot colophon.Code = "log-rebuild-root" // arg "size": the rows lead to another root than the checkpoint's
)

const (
	// rebuildFiles is how many files are brought to the disk at once.
	rebuildFiles = 1024
	// versionName and version are how Tessera knows the form of the folder.
	versionName = ".state/version"
	version     = "1"
)

// treeState is Tessera's own note of the tree's head.
type treeState struct {
	Size uint64 `json:"size"`
	Root []byte `json:"root"`
}

// Rebuild makes the log anew, in a folder that is missing or empty, from the rows of a store that was restored from a
// dump. The folder can't be copied at the same moment as the store, but every leaf follows from its row.
//
// Rows come as [FsckConfig] has them. All that have an index get their leaf, also those beyond the last checkpoint: the
// log that was lost may have published them since, at that index and no other. The sequencer goes on behind them.
//
// Nothing is signed. The leaves MUST lead to the checkpoint that lies in the store; else the rows are not those that were
// sequenced, and no folder is made. It is filled beside its place and renamed. Of Config.Signer the name is used alone.
// Where there is a Mirror, the tiles are put there as well.
//
// The files are written here and not by Tessera, which syncs each of them for itself and whose loops can't be waited for.
func Rebuild(ctx context.Context, config Config, rows iter.Seq2[evidence.Held, error]) error {
	var last evidence.Checkpoint
	raw, err := config.Store.Checkpoint(ctx, config.Signer.Name())
	if err == nil && raw != nil {
		last, err = evidence.ParseCheckpoint(raw, config.Verifiers...)
	}
	if err == nil {
		err = vacate(config.Dir)
	}
	if err != nil {
		return err
	}
	beside := filepath.Clean(config.Dir) + ".tmp"
	lock, err := takeOver(beside)
	if err != nil {
		return err
	}
	defer lock.Close()
	l := &Log{config: config, tiles: &tileReader{Folder(beside)}}
	l.last.Store(&last)
	f := &filler{dir: beside, folders: map[string]bool{}}
	defer f.abort()
	err = f.fill(ctx, rows, last.Size)
	if err == nil {
		err = l.finish(ctx, f)
	}
	if err == nil {
		err = l.copyAll(ctx)
	}
	if err == nil {
		err = install(beside, config.Dir)
	}
	if err != nil {
		return errors.Join(l.fault(err), os.RemoveAll(beside))
	}
	return nil
}

// vacate removes an empty folder, and refuses one that is not.
func vacate(dir string) error {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return durable.Fault(dir, err)
	case len(list) > 0:
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeNotEmpty, Args: colophon.Args{"file": dir}}
	}
	return durable.Fault(dir, os.Remove(dir))
}

// takeOver makes a folder, or clears out what a process that died has left in it, and locks it.
func takeOver(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, durable.Fault(dir, err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	list, err := os.ReadDir(dir)
	for _, e := range list {
		if e.Name() != filepath.Base(lock.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil {
		lock.Close()
		return nil, durable.Fault(dir, err)
	}
	return lock, nil
}

// filler writes tiles and bundles of entries as the leaves come.
type filler struct {
	dir     string
	folders map[string]bool
	batch   *durable.Batch
	files   int // in batch
	size    uint64
	bundle  []byte
	levels  [][]byte // hashes of the unfinished tile of each level
	filled  []uint64 // how many tiles of each level were finished
}

// fill writes the leaves of all rows that have an index, and the partial tiles of two trees: that of a size, which the
// checkpoint covers, and the whole.
func (f *filler) fill(ctx context.Context, rows iter.Seq2[evidence.Held, error], covered uint64) error {
	for row, err := range rows {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if row.Index < 0 {
			break
		}
		leaf, err := row.Leaf()
		if row.Broken || err != nil || uint64(row.Index) != f.size {
			return wrongRow(f.size)
		}
		if err = f.add(leaf); err == nil && f.size == covered {
			err = f.edge()
		}
		if err != nil {
			return err
		}
	}
	if f.size < covered {
		return wrongRow(f.size)
	}
	return f.edge()
}

func wrongRow(index uint64) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeRebuildRow, Args: colophon.Args{"index": strconv.FormatUint(index, 10)}}
}

func (f *filler) add(leaf []byte) error {
	f.bundle = append(binary.BigEndian.AppendUint16(f.bundle, uint16(len(leaf))), leaf...)
	f.size++
	if f.size%tileWidth == 0 {
		if err := f.put(layout.EntriesPath(f.size/tileWidth-1, 0), f.bundle); err != nil {
			return err
		}
		f.bundle = f.bundle[:0]
	}
	return f.lift(0, hashOf(leaf))
}

// lift adds a node to the tile of a level. The root of a full one is a node of the next level.
func (f *filler) lift(level uint64, node []byte) error {
	if uint64(len(f.levels)) == level {
		f.levels, f.filled = append(f.levels, nil), append(f.filled, 0)
	}
	f.levels[level] = append(f.levels[level], node...)
	if len(f.levels[level]) < tileWidth*hashSize {
		return nil
	}
	if err := f.put(layout.TilePath(level, f.filled[level], 0), f.levels[level]); err != nil {
		return err
	}
	root := fold(f.levels[level])
	f.levels[level] = f.levels[level][:0]
	f.filled[level]++
	return f.lift(level+1, root)
}

// edge writes the partial tiles of the tree as it is, and brings all that was written to the disk.
func (f *filler) edge() error {
	err := f.commit() // the same partial tile may belong to both trees
	if err == nil && len(f.bundle) > 0 {
		err = f.put(layout.EntriesPath(f.size/tileWidth, uint8(f.size%tileWidth)), f.bundle)
	}
	for level, tile := range f.levels {
		if err == nil && len(tile) > 0 {
			err = f.put(layout.TilePath(uint64(level), f.filled[level], uint8(len(tile)/hashSize)), tile)
		}
	}
	return errors.Join(err, f.commit())
}

// put writes a file of the log.
func (f *filler) put(name string, data []byte) error {
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	if dir := filepath.Dir(path); !f.folders[dir] {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		f.folders[dir] = true
	}
	if f.batch == nil {
		f.batch = durable.NewBatch(durable.Options{Force: true})
	}
	file, err := f.batch.Create(path, nil)
	if err == nil {
		_, err = file.Write(data)
	}
	if err == nil {
		err = file.Finish()
	}
	if f.files++; err != nil || f.files < rebuildFiles {
		return err
	}
	return f.commit()
}

func (f *filler) commit() error {
	if f.batch == nil {
		return nil
	}
	err := f.batch.Commit()
	f.batch, f.files = nil, 0
	return err
}

// abort gives up what was not committed.
func (f *filler) abort() {
	if f.batch != nil {
		f.batch.Abort()
	}
}

// finish reads the roots back from the tiles, makes sure that they lead to the last checkpoint, and writes what Tessera
// goes on from.
func (l *Log) finish(ctx context.Context, f *filler) error {
	last := l.Checkpoint()
	root, err := l.tiles.root(ctx, last.Size)
	if err != nil {
		return err
	}
	if last.Note != nil && root != last.Root {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeRebuildRoot, Args: colophon.Args{"size": strconv.FormatUint(last.Size, 10)}}
	}
	if root, err = l.tiles.root(ctx, f.size); err != nil {
		return err
	}
	state, err := json.Marshal(treeState{f.size, root[:]})
	if err != nil {
		return err
	}
	err = errors.Join(f.put(stateName, state), f.put(versionName, []byte(version)))
	if last.Note != nil {
		err = errors.Join(err, f.put(checkpointName, last.Note))
	}
	return errors.Join(err, f.commit())
}

// install brings the names in a folder to the disk, the files being there, and gives the folder its own.
func install(beside, dir string) error {
	err := filepath.WalkDir(beside, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncFolder(path)
	})
	if err == nil {
		err = os.Rename(beside, dir)
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(filepath.Clean(dir)))
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
