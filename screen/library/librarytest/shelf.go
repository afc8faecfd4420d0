package librarytest

import (
	"strings"

	"github.com/colophon-project/colophon/screen/library"
)

// shelf has the starter library judge until somebody decided about each of its features, on two nodes.
func (s *suite) shelf() {
	starter := []library.Feature{word("st-1", "刷单返利"), word("st-2", "代开发票"), word("st-3", "出售枪支")}
	s.active(word("own-1", "代开发票")) // the operator has this one already
	open := func() *library.Shelf {
		s.Helper()
		shelf, err := library.NewShelf(s.ctx, s.curator(), starter)
		s.no(err)
		return shelf
	}
	first, second := open(), open()
	in := func(shelf *library.Shelf) string {
		s.Helper()
		s.no(shelf.Refresh(s.ctx))
		var ids []string
		for _, h := range shelf.Current().Scan("刷单返利，代开发票，出售枪支", start()) {
			ids = append(ids, h.Feature)
		}
		return strings.Join(ids, " ")
	}
	both := func(want string, starter int) {
		s.Helper()
		for i, shelf := range []*library.Shelf{first, second} {
			got := in(shelf)
			v := shelf.Current().Version()
			if got != want || v.Starter != starter || strings.HasSuffix(v.String(), "-starter") != (starter > 0) {
				s.Errorf("node %d: %s are in force in version %s with %d of the starter, want %s with %d", i+1, got, v, v.Starter, want, starter)
			}
		}
	}
	both("st-1 own-1 st-3", 2)
	batches, err := s.k.Batches(s.ctx, library.BatchQuery{States: []library.State{library.Proposed}})
	s.no(err)
	if len(batches) != 1 || batches[0].Count != 2 || batches[0].Proposer != library.System().ID || batches[0].Origin != library.StarterOrigin {
		s.Fatalf("%+v", batches)
	}
	_, err = s.k.Reject(s.ctx, proposer, library.Selection{IDs: []string{"st-3"}}, "not in our trade")
	s.no(err)
	both("st-1 own-1", 1)
	sel := library.Selection{Batch: batches[0].ID}
	_, err = s.k.Review(s.ctx, reviewer, sel)
	s.no(err)
	both("st-1 own-1", 1)
	_, err = s.k.Replay(s.ctx, reviewer, sel, "there are no samples yet")
	s.no(err)
	_, err = s.k.Activate(s.ctx, reviewer, sel)
	s.no(err)
	both("st-1 own-1", 0)
	_, err = s.k.Retire(s.ctx, reviewer, library.Selection{IDs: []string{"st-1"}}, "too many false hits")
	s.no(err)
	both("own-1", 0)
	third := open() // what was decided is not proposed again
	if got := in(third); got != "own-1" {
		s.Errorf("after a restart %s are in force", got)
	}
	empty, err := library.NewShelf(s.ctx, s.curator(), nil)
	s.no(err)
	if empty.Current().Len() != 1 {
		s.Errorf("%d features without a starter", empty.Current().Len())
	}
}
