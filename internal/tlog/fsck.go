package tlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"iter"
	"strconv"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Codes of what [Fsck] finds.
const (
	CodeTileWrong       colophon.Code = "fsck-tile"           // a tile does not fit the entries below it
	CodeEntryWrong      colophon.Code = "fsck-entry"          // an entry is not the leaf that tile and row agree on
	CodeRowWrong        colophon.Code = "fsck-row"            // a row is not the leaf that is in the log
	CodeRowMissing      colophon.Code = "fsck-row-missing"    // the log has an entry and the store no row, or a number is missing
	CodeEntryMissing    colophon.Code = "fsck-entry-missing"  // a row names an entry beyond the checkpoint and behind a gap
	CodePayloadWrong    colophon.Code = "fsck-payload"        // a sealed payload does not open, or does not fit its commitment
	CodeCheckpointWrong colophon.Code = "fsck-checkpoint"     // a checkpoint does not verify, or the entries lead to another root
	CodeUnreadable      colophon.Code = "fsck-unreadable"     // could not be read, so nothing can be said
	CodeNoCheckpoint    colophon.Code = "fsck-no-checkpoint"  // there is no checkpoint to check against
	CodePayloadUnopened colophon.Code = "fsck-payload-unread" // no key to open a payload with
)

// maxFaults bounds a report. Further faults are counted.
const maxFaults = 1000

// stateName is Tessera's own note of the tree's head, in the folder.
const stateName = ".state/treeState"

// Kind says what a fault is in.
type Kind string

// Kinds of faults.
const (
	KindTile       Kind = "tile"
	KindEntry      Kind = "entry"
	KindRow        Kind = "row"
	KindPayload    Kind = "payload"
	KindCheckpoint Kind = "checkpoint"
)

// Fault is one thing that does not fit, or that could not be looked at.
type Fault struct {
	Kind    Kind
	Name    string // path of the tile, index of the entry, sequence of the row, name of the checkpoint
	Verdict colophon.Verdict
	Code    colophon.Code
}

// FsckReport is what [Fsck] found.
type FsckReport struct {
	Verdict  colophon.Verdict
	Size     uint64 // of the last checkpoint
	Records  uint64 // rows that were compared
	Pending  uint64 // rows that wait for the log
	Payloads uint64 // payloads that were opened and fit
	Erased   uint64 // payloads that are gone, as they may be
	Faults   []Fault
	More     int // faults beyond those listed
}

// FsckConfig says what is compared.
type FsckConfig struct {
	Source      Source // the folder of the log
	Checkpoints Checkpoints
	Origin      string
	Verifiers   []note.Verifier
	// Records yields the rows of the store: those in the log in the order of their indexes, then the others.
	Records iter.Seq2[evidence.Held, error]
	// Gone are the reasons for which a payload may be missing.
	Gone []colophon.Code
}

// Fsck re-verifies the log up to the last checkpoint: every entry against its tile and its row, every tile against those
// below, the root against the checkpoint, every payload that was opened against its commitment. Where entry, tile and
// row disagree, the one that two others contradict is named. The error is for rows that can't be read.
func Fsck(ctx context.Context, config FsckConfig) (FsckReport, error) {
	f := &checker{config: config, tiles: &tileReader{config.Source}, heads: map[uint64][]head{},
		tree: (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)}
	if err := f.run(ctx); err != nil {
		return FsckReport{}, err
	}
	return f.report, nil
}

// head is a statement about the root of the tree of some size.
type head struct {
	name string
	root []byte
}

type checker struct {
	config FsckConfig
	tiles  *tileReader
	report FsckReport
	tree   *compact.Range
	heads  map[uint64][]head // by size
	levels [][]byte          // hashes of the unfinished tile of each level
	filled []uint64          // how many tiles of each level were finished
	next   func() (evidence.Held, error, bool)
	row    evidence.Held // the row that was read ahead
	have   bool
	count  uint64 // rows seen
	most   uint64 // highest sequence seen
}

func (f *checker) fault(kind Kind, name string, verdict colophon.Verdict, code colophon.Code) {
	if len(f.report.Faults) == maxFaults {
		f.report.More++
	} else {
		f.report.Faults = append(f.report.Faults, Fault{kind, name, verdict, code})
	}
	if verdict == colophon.Failed {
		f.report.Verdict = colophon.Failed
	} else if f.report.Verdict == colophon.Passed {
		f.report.Verdict = colophon.Unknown
	}
}

func (f *checker) fail(kind Kind, name string, code colophon.Code) {
	f.fault(kind, name, colophon.Failed, code)
}

func (f *checker) run(ctx context.Context) error {
	f.report.Verdict = colophon.Passed
	next, stop := iter.Pull2(f.config.Records)
	defer stop()
	f.next = next
	if err := f.advance(); err != nil {
		return err
	}
	if err := f.readHeads(ctx); err != nil {
		return err
	}
	size := f.report.Size
	if err := f.compareHeads(0); err != nil {
		return err
	}
	for index := uint64(0); index*tileWidth < size; index++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.checkBundle(ctx, index, size); err != nil {
			return err
		}
	}
	f.finishTiles(ctx, size)
	return f.restRows(size)
}

// advance reads the next row.
func (f *checker) advance() error {
	row, err, ok := f.next()
	if !ok {
		f.have = false
		return nil
	}
	if err != nil {
		return err
	}
	f.row, f.have = row, true
	f.count++
	f.most = max(f.most, row.Sequence)
	return nil
}

// readHeads collects all that says something about a root: the checkpoint of the store, which decides how far the check
// goes, that of the folder or mirror, and Tessera's own state.
func (f *checker) readHeads(ctx context.Context) error {
	raw, err := f.config.Checkpoints.Checkpoint(ctx, f.config.Origin)
	if err != nil {
		return err
	}
	if raw == nil {
		f.fault(KindCheckpoint, "store", colophon.Unknown, CodeNoCheckpoint)
	} else if c, err := evidence.ParseCheckpoint(raw, f.config.Verifiers...); err != nil || c.Origin != f.config.Origin {
		f.fail(KindCheckpoint, "store", CodeCheckpointWrong)
	} else {
		f.report.Size = c.Size
		f.heads[c.Size] = append(f.heads[c.Size], head{"store", c.Root[:]})
	}
	f.readHead(ctx, checkpointName, func(raw []byte) (uint64, []byte, error) {
		c, err := evidence.ParseCheckpoint(raw, f.config.Verifiers...)
		return c.Size, c.Root[:], err
	})
	f.readHead(ctx, stateName, func(raw []byte) (uint64, []byte, error) {
		var state treeState
		err := json.Unmarshal(raw, &state)
		return state.Size, state.Root, err
	})
	return nil
}

func (f *checker) readHead(ctx context.Context, name string, parse func([]byte) (uint64, []byte, error)) {
	raw, err := f.config.Source.Get(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return // a mirror has no state, and a log that nobody wrote to has nothing
	}
	if err != nil {
		f.fault(KindCheckpoint, name, colophon.Unknown, CodeUnreadable)
		return
	}
	size, root, err := parse(raw)
	if err != nil {
		f.fail(KindCheckpoint, name, CodeCheckpointWrong)
		return
	}
	// What the folder says about leaves beyond the checkpoint of the store can't be told yet.
	if size <= f.report.Size {
		f.heads[size] = append(f.heads[size], head{name, root})
	}
}

// compareHeads compares the root so far with what was said about a tree of this size.
func (f *checker) compareHeads(size uint64) error {
	said := f.heads[size]
	if len(said) == 0 {
		return nil
	}
	root := rfc6962.DefaultHasher.EmptyRoot()
	if size > 0 {
		var err error
		if root, err = f.tree.GetRootHash(nil); err != nil {
			return err
		}
	}
	for _, h := range said {
		if !bytes.Equal(h.root, root) {
			f.fail(KindCheckpoint, h.name, CodeCheckpointWrong)
		}
	}
	return nil
}

// checkBundle checks the entries of a bundle with their tile and their rows.
func (f *checker) checkBundle(ctx context.Context, index, size uint64) error {
	n := int(min(tileWidth, size-index*tileWidth))
	partial := layout.PartialTileSize(0, index, size)
	entries, err := f.tiles.entries(ctx, index, size)
	if err != nil {
		f.unreadable(KindEntry, layout.EntriesPath(index, partial), CodeEntryWrong, err)
	}
	tilePath := layout.TilePath(0, index, partial)
	tile, err := f.tiles.tile(ctx, 0, index, size)
	if err != nil {
		f.unreadable(KindTile, tilePath, CodeTileWrong, err)
	}
	tileFault := false
	for i := range n {
		at := index*tileWidth + uint64(i)
		var entry, fromTile, row []byte
		if entries != nil {
			entry = hashOf(entries[i])
		}
		if tile != nil {
			fromTile = tile[i*hashSize : (i+1)*hashSize]
		}
		if row, err = f.takeRow(at); err != nil {
			return err
		}
		good, badTile := f.vote(at, entry, fromTile, row)
		tileFault = tileFault || badTile
		if err := f.tree.Append(good, nil); err != nil {
			return err
		}
		if err := f.compareHeads(at + 1); err != nil {
			return err
		}
		f.lift(ctx, 0, good, size)
	}
	if tileFault {
		f.fail(KindTile, tilePath, CodeTileWrong)
	}
	return nil
}

// unreadable tells a file that is not there or cut off, which is wrong, from one that could not be read.
func (f *checker) unreadable(kind Kind, name string, code colophon.Code, err error) {
	var path *fs.PathError
	if errors.As(err, &path) && !errors.Is(err, fs.ErrNotExist) {
		f.fault(kind, name, colophon.Unknown, CodeUnreadable)
		return
	}
	f.fail(kind, name, code)
}

func hashOf(leaf []byte) []byte {
	h := evidence.HashLeaf(leaf)
	return h[:]
}

// takeRow returns the hash of the row that stands at an index, or nil when there is none to go by.
func (f *checker) takeRow(at uint64) ([]byte, error) {
	if !f.have || f.row.Index != int64(at) {
		f.fail(KindRow, "index "+strconv.FormatUint(at, 10), CodeRowMissing)
		return nil, nil
	}
	row := f.row
	f.report.Records++
	f.payload(&row)
	if err := f.advance(); err != nil {
		return nil, err
	}
	leaf, err := row.Leaf()
	if row.Broken || err != nil {
		f.fail(KindRow, strconv.FormatUint(row.Sequence, 10), CodeRowWrong)
		return nil, nil
	}
	return hashOf(leaf), nil
}

// payload counts what the store said of a payload.
func (f *checker) payload(row *evidence.Held) {
	name := strconv.FormatUint(row.Sequence, 10)
	switch row.Payload {
	case colophon.Passed:
		f.report.Payloads++
		return
	case colophon.Failed:
		f.fail(KindPayload, name, CodePayloadWrong)
		return
	}
	for _, reason := range f.config.Gone {
		if row.Reason == reason {
			f.report.Erased++
			return
		}
	}
	f.fault(KindPayload, name, colophon.Unknown, CodePayloadUnopened)
}

// vote compares the three places where a leaf is known and names the one that stands alone. It returns the hash to go on
// with.
func (f *checker) vote(at uint64, entry, tile, row []byte) (good []byte, badTile bool) {
	index := strconv.FormatUint(at, 10)
	same := func(a, b []byte) bool { return a != nil && bytes.Equal(a, b) }
	switch {
	case same(entry, tile) && (row == nil || same(row, entry)):
		return entry, false
	case same(entry, tile):
		f.fail(KindRow, "index "+index, CodeRowWrong)
		return entry, false
	case same(entry, row):
		return entry, tile != nil
	case same(tile, row):
		if entry != nil {
			f.fail(KindEntry, index, CodeEntryWrong)
		}
		return tile, false
	}
	// No two agree: entry and tile differ, and the row can't decide.
	if entry != nil {
		f.fail(KindEntry, index, CodeEntryWrong)
	}
	if row != nil {
		f.fail(KindRow, "index "+index, CodeRowWrong)
	}
	for _, h := range [][]byte{entry, tile, row} {
		if h != nil {
			return h, tile != nil
		}
	}
	return make([]byte, hashSize), false
}

// lift adds a node to the tile of a level. When that is full, it is compared with its file, and its root is a node of
// the next level. The tiles of level 0 were compared entry by entry.
func (f *checker) lift(ctx context.Context, level int, node []byte, size uint64) {
	for len(f.levels) <= level {
		f.levels, f.filled = append(f.levels, nil), append(f.filled, 0)
	}
	f.levels[level] = append(f.levels[level], node...)
	if len(f.levels[level]) < tileWidth*hashSize {
		return
	}
	if level > 0 {
		f.checkTile(ctx, level, size)
	}
	root := fold(f.levels[level])
	f.levels[level] = nil
	f.filled[level]++
	f.lift(ctx, level+1, root, size)
}

// fold computes the root of a full tile.
func fold(tile []byte) []byte {
	hashes := bytes.Clone(tile)
	for len(hashes) > hashSize {
		half := hashes[:0]
		for i := 0; i < len(hashes); i += 2 * hashSize {
			half = append(half, rfc6962.DefaultHasher.HashChildren(hashes[i:i+hashSize], hashes[i+hashSize:i+2*hashSize])...)
		}
		hashes = half
	}
	return hashes
}

// checkTile compares the tile of a level that was just computed with its file.
func (f *checker) checkTile(ctx context.Context, level int, size uint64) {
	index := f.filled[level]
	path := layout.TilePath(uint64(level), index, layout.PartialTileSize(uint64(level), index, size))
	raw, err := f.tiles.tile(ctx, uint64(level), index, size)
	if err != nil {
		f.unreadable(KindTile, path, CodeTileWrong, err)
	} else if !bytes.Equal(raw, f.levels[level]) {
		f.fail(KindTile, path, CodeTileWrong)
	}
}

// finishTiles checks the partial tiles at the edge.
func (f *checker) finishTiles(ctx context.Context, size uint64) {
	for level := 1; level < len(f.levels); level++ {
		if len(f.levels[level]) > 0 {
			f.checkTile(ctx, level, size)
		}
	}
}

// restRows looks at the rows that the log does not have up to the checkpoint.
//
// While the log grows, the store knows places that no checkpoint covers yet: they follow on the checkpoint without a gap, and
// these rows wait as those without a place do. A place beyond a gap can't be told from one that somebody made up.
func (f *checker) restRows(size uint64) error {
	for next := size; f.have; {
		row := f.row
		name := strconv.FormatUint(row.Sequence, 10)
		switch {
		case row.Index < 0:
			f.report.Pending++
		case uint64(row.Index) == next && f.report.Size != 0:
			f.report.Pending++
			next++
		case f.report.Size == 0 || uint64(row.Index) >= size:
			f.fault(KindRow, name, colophon.Unknown, CodeEntryMissing)
		default:
			f.fail(KindRow, name, CodeRowWrong)
		}
		if row.Broken {
			f.fail(KindRow, name, CodeRowWrong)
		}
		f.payload(&row)
		if err := f.advance(); err != nil {
			return err
		}
	}
	if f.most != f.count {
		f.fail(KindRow, "sequence", CodeRowMissing)
	}
	return nil
}
