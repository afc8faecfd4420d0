package tlog

import (
	"bytes"
	"context"
	"errors"
	"io/fs"

	"github.com/transparency-dev/tessera/api/layout"

	"github.com/colophon-project/colophon/evidence"
)

// catchUp brings a mirror up to the last checkpoint: one that is new, or that was away while the log went on. What the
// mirror's own checkpoint covers is there.
func (l *Log) catchUp(ctx context.Context) error {
	if l.config.Mirror == nil {
		return nil
	}
	raw, err := l.config.Mirror.Get(ctx, checkpointName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if c, wrong := evidence.ParseCheckpoint(raw, l.config.Verifiers...); err == nil && wrong == nil && c.Size <= l.Checkpoint().Size {
		if root, err := l.tiles.root(ctx, c.Size); err == nil && root == c.Root {
			l.mirrored = c
		}
	}
	return l.copyAll(ctx)
}

// copyAll puts into the mirror what the last checkpoint covers and the mirror lacks.
func (l *Log) copyAll(ctx context.Context) error {
	c := l.Checkpoint()
	if c.Note == nil {
		return nil
	}
	if err := l.copyTiles(ctx, c.Size); err != nil {
		return err
	}
	return l.show(ctx, c)
}

// show has the mirror show a checkpoint whose tiles it has.
func (l *Log) show(ctx context.Context, c evidence.Checkpoint) error {
	if l.config.Mirror == nil || bytes.Equal(l.mirrored.Note, c.Note) {
		return nil
	}
	if err := l.config.Mirror.Put(ctx, checkpointName, c.Note); err != nil {
		return err
	}
	l.mirrored = c
	return nil
}

// copyTiles puts into the mirror what the tree of a size has and the mirror lacks.
func (l *Log) copyTiles(ctx context.Context, size uint64) error {
	if l.config.Mirror == nil {
		return nil
	}
	for level := uint64(0); ; level++ {
		total, had := size>>(8*level), l.mirrored.Size>>(8*level)
		if total == 0 {
			return nil
		}
		for index := had / tileWidth; had < total && index*tileWidth < total; index++ {
			partial := layout.PartialTileSize(level, index, size)
			raw, err := l.tiles.tile(ctx, level, index, size)
			if err != nil {
				return l.fault(err)
			}
			if err := l.copyFile(ctx, layout.TilePath(level, index, partial), layout.TilePath(level, index, 0), raw); err != nil {
				return err
			}
			if level > 0 {
				continue
			}
			if raw, err = l.tiles.bundle(ctx, index, size); err != nil {
				return l.fault(err)
			}
			if err := l.copyFile(ctx, layout.EntriesPath(index, partial), layout.EntriesPath(index, 0), raw); err != nil {
				return err
			}
		}
	}
}

// copyFile puts a tile into the mirror. Where that is the full one, those before it are taken away: whoever still looks
// for one of them finds the full one. So at most 255 of each level lie there, however often a checkpoint is made.
func (l *Log) copyFile(ctx context.Context, path, full string, raw []byte) error {
	if err := l.config.Mirror.Put(ctx, path, raw); err != nil {
		return err
	}
	if path != full || l.mirrored.Size == 0 {
		return nil
	}
	return l.config.Mirror.DeleteUnder(ctx, full+".p")
}
