package tlog

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

const (
	// pageSize is how many records one round takes.
	pageSize = 4096
	// maxPause is the longest wait after an error.
	maxPause = 5 * time.Second
)

// Run sequences until ctx ends, which is no error. It goes on after errors that may pass, such as a full disk, and tells
// Config.Report of them. It returns an error when going on could spoil the log.
func (l *Log) Run(ctx context.Context) error {
	pause := time.Duration(0)
	for {
		more, err := l.step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case fatal(err):
			return err
		case err != nil:
			l.config.Report(err)
			pause = min(max(2*pause, 50*time.Millisecond), maxPause)
			if !l.wait(ctx, nil, pause) {
				return nil
			}
			continue
		}
		pause = 0
		if more {
			continue
		}
		rest := l.config.Poll
		if l.behind() {
			rest = min(rest, l.config.CheckpointEvery)
		}
		if !l.wait(ctx, l.config.Wake, rest) {
			return nil
		}
	}
}

// wait returns when wake gets a value or the time is over, and false when ctx ends.
func (l *Log) wait(ctx context.Context, wake <-chan struct{}, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}

// fatal reports whether going on after an error could spoil the log.
func fatal(err error) bool {
	var e *colophon.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case CodeRolledBack, CodeSplitView, CodeUnmatched, CodeOvertaken, evidence.CodeCheckpointUntrusted, evidence.CodeCheckpointInvalid, evidence.CodeInconsistent:
		return true
	}
	return false
}

// Drain sequences what waits now and publishes a checkpoint over it. It is for commands and tests; Run MUST NOT be
// running.
func (l *Log) Drain(ctx context.Context) error {
	for {
		more, err := l.step(ctx)
		if err != nil {
			return err
		}
		if !more {
			return l.publish(ctx)
		}
	}
}

// step takes one page of records into the log. It reports whether there may be more.
func (l *Log) step(ctx context.Context) (more bool, err error) {
	if l.unsure {
		if err := l.match(ctx); err != nil {
			return false, err
		}
	}
	records, err := l.config.Store.Pending(ctx, 0, pageSize)
	if err != nil {
		return false, err
	}
	if len(records) > 0 {
		if err := l.append(ctx, records); err != nil {
			return false, err
		}
	}
	if time.Since(l.published) >= l.config.CheckpointEvery {
		if err := l.publish(ctx); err != nil {
			return false, err
		}
	}
	return len(records) > 0, nil
}

// append puts records into the log and writes down where they stand. Once it has begun it does not heed the end of ctx:
// what the log took must be written down.
func (l *Log) append(ctx context.Context, records []evidence.Record) error {
	leaves := make([][]byte, len(records))
	for i := range records {
		var err error
		if leaves[i], err = records[i].Leaf(); err != nil {
			return err
		}
	}
	ctx = context.WithoutCancel(ctx)
	l.unsure = true
	futures := make([]tessera.IndexFuture, len(leaves))
	for i, leaf := range leaves {
		futures[i] = l.appender.Add(ctx, tessera.NewEntry(leaf))
	}
	places := make([]evidence.Placement, len(leaves))
	var failed error
	for i, future := range futures { // every future is waited for, or a leaf could come in later
		index, err := future()
		if err != nil {
			failed = l.fault(err)
		}
		places[i] = evidence.Placement{Sequence: records[i].Sequence, Index: index.Index}
	}
	if failed != nil {
		return failed
	}
	if err := l.config.Store.Place(ctx, places); err != nil {
		return err
	}
	l.unsure = false
	return nil
}

// match reads the log from the last index that the store knows to its end and writes down which records stand there.
func (l *Log) match(ctx context.Context) error {
	next, err := l.config.Store.Placed(ctx)
	if err != nil {
		return err
	}
	size, err := l.tessera.IntegratedSize(ctx)
	if err != nil {
		return l.fault(err)
	}
	if next > size {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeRolledBack}
	}
	after := uint64(0)
	for next < size {
		waiting, err := l.config.Store.Pending(ctx, after, pageSize)
		if err != nil {
			return err
		}
		places, err := l.matchPage(ctx, waiting, next, size)
		if err != nil {
			return err
		}
		if len(places) == 0 {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeUnmatched, Args: colophon.Args{"index": strconv.FormatUint(next, 10)}}
		}
		if err := l.config.Store.Place(ctx, places); err != nil {
			return err
		}
		next += uint64(len(places))
	}
	l.unsure = false
	return nil
}

// matchPage matches the leaves from an index on with records that wait, as far as both go.
func (l *Log) matchPage(ctx context.Context, waiting []evidence.Record, next, size uint64) ([]evidence.Placement, error) {
	bySequence := make(map[uint64]*evidence.Record, len(waiting))
	for i := range waiting {
		bySequence[waiting[i].Sequence] = &waiting[i]
	}
	var places []evidence.Placement
	var bundle [][]byte
	for index := next; index < size; index++ {
		if bundle == nil || index%tileWidth == 0 {
			var err error
			if bundle, err = l.tiles.entries(ctx, index/tileWidth, size); err != nil {
				return nil, l.fault(err)
			}
		}
		leaf := bundle[index%tileWidth]
		in, err := evidence.ParseLeaf(leaf)
		if err != nil {
			return places, err
		}
		record := bySequence[in.Sequence]
		if record == nil {
			return places, nil // on the next page, or nowhere
		}
		delete(bySequence, in.Sequence)
		if own, err := record.Leaf(); err != nil || !slices.Equal(own, leaf) {
			return nil, &colophon.Error{Kind: colophon.Conflict, Code: CodeUnmatched, Args: colophon.Args{"index": strconv.FormatUint(index, 10)}, Err: err}
		}
		places = append(places, evidence.Placement{Sequence: in.Sequence, Index: index})
	}
	return places, nil
}

// behind reports whether the log has leaves that no checkpoint covers.
func (l *Log) behind() bool {
	size, err := l.tessera.IntegratedSize(context.Background())
	return err == nil && size > l.Checkpoint().Size
}

// compare reads the last checkpoint and makes sure that the folder leads to it.
func (l *Log) compare(ctx context.Context) error {
	raw, err := l.config.Store.Checkpoint(ctx, l.Origin())
	if err != nil || raw == nil {
		return err
	}
	last, err := evidence.ParseCheckpoint(raw, l.config.Verifiers...)
	if err != nil {
		return err
	}
	size, err := l.tessera.IntegratedSize(ctx)
	if err != nil {
		return l.fault(err)
	}
	if size < last.Size {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeRolledBack}
	}
	root, err := l.tiles.root(ctx, last.Size)
	if err != nil {
		return l.fault(err)
	}
	if root != last.Root {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeSplitView}
	}
	l.last.Store(&last)
	return nil
}

// publish signs a checkpoint over the log as it is, after it made sure that the log contains the last one, mirrors the
// tiles, and swaps it into the store.
func (l *Log) publish(ctx context.Context) error {
	l.published = time.Now()
	size, err := l.tessera.IntegratedSize(ctx)
	if err != nil {
		return l.fault(err)
	}
	last := l.Checkpoint()
	if size < last.Size {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeRolledBack}
	}
	if last.Note != nil && size == last.Size {
		return l.show(ctx, last)
	}
	root, err := l.tiles.root(ctx, size)
	if err != nil {
		return l.fault(err)
	}
	next, err := evidence.SignCheckpoint(l.config.Signer, size, root)
	if err != nil {
		return l.fault(err)
	}
	if last.Size > 0 {
		hashes, err := l.tiles.consistency(ctx, last.Size, size)
		if err != nil {
			return l.fault(err)
		}
		if evidence.VerifyConsistency(last, next, hashes) != nil {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeSplitView}
		}
	}
	if err := l.copyTiles(ctx, size); err != nil {
		return err
	}
	swapped, err := l.config.Store.SwapCheckpoint(ctx, l.Origin(), last.Note, next.Note)
	if err != nil {
		return err
	}
	if !swapped {
		return l.afterLostSwap(ctx, next)
	}
	l.last.Store(&next)
	return l.show(ctx, next)
}

// afterLostSwap looks at the checkpoint that is there instead. It may be our own: an answer that was lost on its way.
func (l *Log) afterLostSwap(ctx context.Context, ours evidence.Checkpoint) error {
	raw, err := l.config.Store.Checkpoint(ctx, l.Origin())
	if err != nil {
		return err
	}
	if !slices.Equal(raw, ours.Note) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeOvertaken}
	}
	l.last.Store(&ours)
	return nil
}
