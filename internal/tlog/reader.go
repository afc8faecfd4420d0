package tlog

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

const (
	tileWidth      = 256
	hashSize       = 32
	checkpointName = "checkpoint"
)

// Source is where the files of a log are read: its folder or its mirror.
type Source interface {
	// Get returns a file. One that is not there is an error like fs.ErrNotExist.
	Get(ctx context.Context, path string) ([]byte, error)
}

// Checkpoints is where the last checkpoint lies.
type Checkpoints interface {
	Checkpoint(ctx context.Context, origin string) ([]byte, error)
}

// Reader serves a log as C2SP tlog-tiles has it, and makes proofs. It never shows more than the last checkpoint covers.
// It is safe for concurrent use.
type Reader struct {
	tiles       *tileReader
	checkpoints Checkpoints
	origin      string
	verifiers   []note.Verifier
}

// NewReader makes a reader of the log of an origin.
func NewReader(source Source, checkpoints Checkpoints, origin string, verifiers ...note.Verifier) *Reader {
	return &Reader{&tileReader{source}, checkpoints, origin, verifiers}
}

// Checkpoint returns the last checkpoint.
func (r *Reader) Checkpoint(ctx context.Context) (evidence.Checkpoint, error) {
	raw, err := r.checkpoints.Checkpoint(ctx, r.origin)
	if err != nil {
		return evidence.Checkpoint{}, err
	}
	if raw == nil {
		return evidence.Checkpoint{}, &colophon.Error{Kind: colophon.Missing, Code: CodeNoTile}
	}
	return evidence.ParseCheckpoint(raw, r.verifiers...)
}

// Tile returns a file by the path that C2SP tlog-tiles gives it: "checkpoint", "tile/0/x001/234", "tile/entries/000.p/5".
// A partial tile is cut from the one that the last checkpoint needs, so that every tile that is handed out is one that
// [Fsck] looks at.
func (r *Reader) Tile(ctx context.Context, path string) ([]byte, error) {
	c, err := r.Checkpoint(ctx)
	if err != nil || path == checkpointName {
		return c.Note, err
	}
	level, index, width, err := parsePath(path)
	if err != nil {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNoTile, Err: err}
	}
	bundle := level < 0
	level = max(level, 0)
	if total := c.Size >> (8 * uint(level)); index >= total/tileWidth+1 || index*tileWidth+uint64(width) > total {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNoTile}
	}
	if bundle {
		raw, err := r.tiles.bundle(ctx, index, c.Size)
		if err != nil {
			return nil, missing(err)
		}
		_, end, err := cutEntries(raw, width)
		return raw[:end], err
	}
	raw, err := r.tiles.tile(ctx, uint64(level), index, c.Size)
	if err != nil {
		return nil, missing(err)
	}
	return raw[:width*hashSize], nil
}

func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeNoTile, Err: err}
	}
	return err
}

// parsePath reads the path of a tile. The level of a bundle of entries is -1. A path that is not written as this program
// writes it is refused, so that none can lead out of the log.
func parsePath(path string) (level int, index uint64, width int, err error) {
	bad := errors.New("no path of a tile")
	rest, ok := strings.CutPrefix(path, "tile/")
	first, rest, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || len(path) > 64 {
		return 0, 0, 0, bad
	}
	name := first
	if first == "entries" {
		name = "0"
	}
	n, index, partial, err := layout.ParseTileLevelIndexPartial(name, rest)
	if err != nil || n > 6 {
		return 0, 0, 0, bad
	}
	width, level = int(partial), int(n)
	if width == 0 {
		width = tileWidth
	}
	again := layout.TilePath(n, index, partial)
	if first == "entries" {
		level, again = -1, layout.EntriesPath(index, partial)
	}
	if again != path {
		return 0, 0, 0, bad
	}
	return level, index, width, nil
}

// Proof returns the hashes that lead from an index to the root of the tree of a size.
func (r *Reader) Proof(ctx context.Context, index, size uint64) ([][32]byte, error) {
	c, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if size > c.Size || index >= size {
		return nil, noProof(index)
	}
	return r.tiles.inclusion(ctx, index, size)
}

// Consistency returns the hashes that show that the tree of one size begins with that of a smaller one.
func (r *Reader) Consistency(ctx context.Context, from, to uint64) ([][32]byte, error) {
	c, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if from > to || to > c.Size {
		return nil, noProof(to)
	}
	return r.tiles.consistency(ctx, from, to)
}

// Prove returns the leaf at an index and its proof up to the last checkpoint. Both are verified before they are handed
// out.
func (r *Reader) Prove(ctx context.Context, index uint64) (leaf []byte, p evidence.Proof, err error) {
	c, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, p, err
	}
	if index >= c.Size {
		return nil, p, noProof(index)
	}
	entries, err := r.tiles.entries(ctx, index/tileWidth, c.Size)
	if err != nil {
		return nil, p, missing(err)
	}
	hashes, err := r.tiles.inclusion(ctx, index, c.Size)
	if err != nil {
		return nil, p, missing(err)
	}
	leaf = entries[index%tileWidth]
	return leaf, evidence.Proof{Index: index, Hashes: hashes, Checkpoint: c.Note}, evidence.VerifyInclusion(c, index, leaf, hashes)
}

func noProof(index uint64) error {
	return &colophon.Error{Kind: colophon.Missing, Code: CodeNoProof, Args: colophon.Args{"index": strconv.FormatUint(index, 10)}}
}

// tileReader reads tiles and bundles as the tree of a size has them.
type tileReader struct{ source Source }

// get reads the partial resource or, when the log has outgrown it, the full one.
func (t *tileReader) get(ctx context.Context, partial uint8, path func(uint8) string) ([]byte, error) {
	raw, err := t.source.Get(ctx, path(partial))
	if partial > 0 && errors.Is(err, fs.ErrNotExist) {
		return t.source.Get(ctx, path(0))
	}
	return raw, err
}

func width(partial uint8) int {
	if partial == 0 {
		return tileWidth
	}
	return int(partial)
}

// tile returns exactly the hashes that a tile has in the tree of a size.
func (t *tileReader) tile(ctx context.Context, level, index, size uint64) ([]byte, error) {
	partial := layout.PartialTileSize(level, index, size)
	raw, err := t.get(ctx, partial, func(p uint8) string { return layout.TilePath(level, index, p) })
	if err != nil {
		return nil, err
	}
	if len(raw) < width(partial)*hashSize {
		return nil, errors.New("a tile is too short: " + layout.TilePath(level, index, partial))
	}
	return raw[:width(partial)*hashSize], nil
}

// bundle returns exactly the entries that a bundle has in the tree of a size, as they lie in the file.
func (t *tileReader) bundle(ctx context.Context, index, size uint64) ([]byte, error) {
	partial := layout.PartialTileSize(0, index, size)
	raw, err := t.get(ctx, partial, func(p uint8) string { return layout.EntriesPath(index, p) })
	if err != nil {
		return nil, err
	}
	_, end, err := cutEntries(raw, width(partial))
	return raw[:end], err
}

// entries returns the entries of a bundle.
func (t *tileReader) entries(ctx context.Context, index, size uint64) ([][]byte, error) {
	raw, err := t.bundle(ctx, index, size)
	if err != nil {
		return nil, err
	}
	entries, _, err := cutEntries(raw, width(layout.PartialTileSize(0, index, size)))
	return entries, err
}

// cutEntries reads the first n entries of a bundle, each behind its length in two bytes, and says where they end.
func cutEntries(raw []byte, n int) (entries [][]byte, end int, err error) {
	for range n {
		if len(raw)-end < 2 {
			return nil, 0, errors.New("a bundle of entries is too short")
		}
		length := int(binary.BigEndian.Uint16(raw[end:]))
		if len(raw)-end-2 < length {
			return nil, 0, errors.New("an entry is cut off")
		}
		entries = append(entries, raw[end+2:end+2+length])
		end += 2 + length
	}
	return entries, end, nil
}

// fetch reads a tile for the proof builder, which asks for the full one where the partial one is gone.
func (t *tileReader) fetch(ctx context.Context, level, index uint64, partial uint8) ([]byte, error) {
	return t.get(ctx, partial, func(p uint8) string { return layout.TilePath(level, index, p) })
}

// root is the root of the tree of a size, computed from the tiles at its edge.
func (t *tileReader) root(ctx context.Context, size uint64) ([32]byte, error) {
	if size == 0 {
		return [32]byte(rfc6962.DefaultHasher.EmptyRoot()), nil
	}
	nodes, err := client.FetchRangeNodes(ctx, size, t.fetch)
	if err != nil {
		return [32]byte{}, err
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	r, err := factory.NewRange(0, size, nodes)
	if err != nil {
		return [32]byte{}, err
	}
	root, err := r.GetRootHash(nil)
	if err != nil || len(root) != hashSize {
		return [32]byte{}, errors.Join(errors.New("no root"), err)
	}
	return [32]byte(root), nil
}

func (t *tileReader) inclusion(ctx context.Context, index, size uint64) ([][32]byte, error) {
	builder, err := client.NewProofBuilder(ctx, size, t.fetch)
	if err != nil {
		return nil, err
	}
	return hashes(builder.InclusionProof(ctx, index))
}

func (t *tileReader) consistency(ctx context.Context, from, to uint64) ([][32]byte, error) {
	builder, err := client.NewProofBuilder(ctx, to, t.fetch)
	if err != nil {
		return nil, err
	}
	if from == 0 {
		return nil, nil
	}
	return hashes(builder.ConsistencyProof(ctx, from, to))
}

func hashes(raw [][]byte, err error) ([][32]byte, error) {
	if err != nil {
		return nil, err
	}
	out := make([][32]byte, len(raw))
	for i, h := range raw {
		if len(h) != hashSize {
			return nil, errors.New("a hash is not 32 bytes")
		}
		out[i] = [32]byte(h)
	}
	return out, nil
}
