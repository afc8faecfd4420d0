package artefacts

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/screen/phash"
)

var _ artefact.Likener = (*Artefacts)(nil)

// likenesses is what Alike searches: an index in memory that follows the table. The number of an entry is the sequence of
// the record that filled in the likeness. Sequences are drawn under a lock that is held until the commit, so that a change
// which becomes visible later has a higher one, and whoever reads on from the highest misses none.
type likenesses struct {
	turn  chan struct{} // whoever puts something in reads on; one at a time
	index atomic.Pointer[phash.Index]
	upto  int64 // of whoever has the turn: the sequence that was read last
}

func newLikenesses() *likenesses {
	l := &likenesses{turn: make(chan struct{}, 1)}
	l.index.Store(phash.Build(nil))
	return l
}

// Follow brings the index of likeness up to what is committed. Alike does so each time; called once at the start it spares
// the first who asks the time that reading all of it takes.
func (s *Artefacts) Follow(ctx context.Context) error {
	l := s.likenesses
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	rows, err := s.store.Query(ctx, `SELECT likened, likened_before, likeness FROM artefact WHERE likened > $1 ORDER BY likened`, l.upto)
	if err != nil {
		return err
	}
	defer rows.Close()
	upto := l.upto
	var add []phash.Entry
	gone := map[uint64]bool{}
	for rows.Next() {
		var before sql.NullInt64
		var hashes sql.RawBytes
		if err := rows.Scan(&upto, &before, &hashes); err != nil {
			return s.store.Fault(err)
		}
		if before.Valid {
			gone[uint64(before.Int64)] = true
		}
		for ; len(hashes) >= artefact.HashSize; hashes = hashes[artefact.HashSize:] {
			add = append(add, phash.Entry{Hash: phash.From(hashes), ID: uint64(upto)})
		}
	}
	if err := rows.Err(); err != nil {
		return s.store.Fault(err)
	}
	l.change(add, gone)
	l.upto = upto
	return nil
}

// change makes an index with some entries more, and without those of items whose likeness was erased.
func (l *likenesses) change(add []phash.Entry, gone map[uint64]bool) {
	x := l.index.Load()
	var remove []phash.Entry
	if len(gone) > 0 {
		for e := range x.All() {
			if gone[e.ID] {
				remove = append(remove, e)
			}
		}
	}
	switch {
	case x.Len() == 0:
		l.index.Store(phash.Build(add))
	case len(add)+len(remove) > 0:
		l.index.Store(x.With(add, remove))
	}
}

// Alike implements [artefact.Likener]. What the index finds is read from the table, so that what was erased since is not
// among it.
func (s *Artefacts) Alike(ctx context.Context, hashes []byte, bits, limit int) ([]artefact.Match, error) {
	if err := s.Follow(ctx); err != nil {
		return nil, err
	}
	x := s.likenesses.index.Load()
	nearest := map[uint64]int{}
	var found []phash.Match
	for h := range slices.Chunk(hashes, artefact.HashSize) {
		found = x.Search(found[:0], phash.From(h), bits)
		for _, m := range found {
			if d, ok := nearest[m.ID]; !ok || m.Distance < d {
				nearest[m.ID] = m.Distance
			}
		}
	}
	ids := slices.SortedFunc(maps.Keys(nearest), func(a, b uint64) int {
		return cmp.Or(cmp.Compare(nearest[a], nearest[b]), cmp.Compare(a, b))
	})
	var list []artefact.Match
	for page := range slices.Chunk(ids, max(limit, 1)) {
		items, err := store.Collect(ctx, s.store, scan, `SELECT `+columns+`WHERE a.likened IN (`+listed(page)+`)`)
		if err != nil {
			return nil, err
		}
		for _, a := range items {
			if d := artefact.Nearest(hashes, a.Likeness); d <= bits {
				list = append(list, artefact.Match{Artefact: a, Bits: d})
			}
		}
		if len(list) >= limit {
			break
		}
	}
	slices.SortFunc(list, func(a, b artefact.Match) int {
		return cmp.Or(cmp.Compare(a.Bits, b.Bits), a.Artefact.Created.Compare(b.Artefact.Created), cmp.Compare(a.Artefact.Number, b.Artefact.Number))
	})
	return list[:min(len(list), limit)], nil
}

// listed writes numbers for a statement.
func listed(ids []uint64) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatUint(id, 10)
	}
	return strings.Join(words, ", ")
}

// blob is bytes for a statement, or null where there are none.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// since is the sequence of a likeness that is there.
func since(likeness []byte, seq int64) any {
	if len(likeness) == 0 {
		return nil
	}
	return seq
}
