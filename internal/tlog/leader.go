package tlog

import (
	"context"
	"errors"

	"github.com/transparency-dev/tessera/api/layout"

	"github.com/colophon-project/colophon"
)

// Elector decides which of several candidates sequences.
type Elector interface {
	// Lead waits until this process leads. The context that it returns ends when the leadership is lost; resign gives it
	// up and MUST be called.
	Lead(ctx context.Context) (leading context.Context, resign func(), err error)
}

// Sequence runs the sequencer whenever this process leads, until ctx ends. It is for every candidate to call. It returns
// an error when going on could spoil the log; other errors go to Config.Report, and then the place is given up for
// another candidate, or for a new try.
func Sequence(ctx context.Context, elector Elector, config Config) error {
	l := &Log{config: config}
	for ctx.Err() == nil {
		err := lead(ctx, elector, config)
		if overtaken(err) {
			err = nil // another one leads, which is what the election is for
		}
		if fatal(err) {
			return err
		}
		if err != nil && ctx.Err() == nil && config.Report != nil {
			config.Report(err)
		}
		l.wait(ctx, nil, maxPause/10)
	}
	return nil
}

func overtaken(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == CodeOvertaken
}

// lead waits to lead and sequences as long as it does.
func lead(ctx context.Context, elector Elector, config Config) error {
	leading, resign, err := elector.Lead(ctx)
	if err != nil {
		return err
	}
	defer resign()
	l, err := Open(leading, config)
	if err != nil {
		return err
	}
	return errors.Join(l.Run(leading), l.Close())
}

// copyTiles puts into the mirror what the tree of a size has and a smaller one had not.
func (l *Log) copyTiles(ctx context.Context, from, size uint64) error {
	for level := uint64(0); ; level++ {
		shift := 8 * uint(level)
		total, had := size>>shift, from>>shift
		if total == 0 {
			return nil
		}
		for index := had / tileWidth; index*tileWidth < total; index++ {
			if had == total {
				break // nothing new on this level
			}
			raw, err := l.tiles.tile(ctx, level, index, size)
			if err != nil {
				return l.fault(err)
			}
			if err := l.config.Mirror.Put(ctx, layout.TilePath(level, index, layout.PartialTileSize(level, index, size)), raw); err != nil {
				return err
			}
			if level > 0 {
				continue
			}
			if raw, err = l.tiles.bundle(ctx, index, size); err != nil {
				return l.fault(err)
			}
			if err := l.config.Mirror.Put(ctx, layout.EntriesPath(index, layout.PartialTileSize(0, index, size)), raw); err != nil {
				return err
			}
		}
	}
}

// CopyAll puts the whole log into the mirror, for one that was added later. Run MUST NOT be running.
func (l *Log) CopyAll(ctx context.Context) error {
	c := l.Checkpoint()
	if l.config.Mirror == nil || c.Note == nil {
		return nil
	}
	if err := l.copyTiles(ctx, 0, c.Size); err != nil {
		return err
	}
	return l.config.Mirror.Put(ctx, checkpointName, c.Note)
}
