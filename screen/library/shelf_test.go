package library_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/library/librarytest"
)

// busy is a store in which somebody else acts just before something is done.
type busy struct {
	*librarytest.Memory
	proposals int
	proposing func()
	reading   func(q library.Query)
	moving    func()
}

func (b *busy) Propose(ctx context.Context, rec evidence.Record, about []string, batch library.Batch, features []library.Feature) error {
	b.proposals++
	if act := b.proposing; act != nil {
		b.proposing = nil
		act()
	}
	return b.Memory.Propose(ctx, rec, about, batch, features)
}

func (b *busy) Features(ctx context.Context, q library.Query) ([]library.Feature, error) {
	if act := b.reading; act != nil {
		act(q)
	}
	return b.Memory.Features(ctx, q)
}

func (b *busy) Move(ctx context.Context, rec evidence.Record, about []string, m library.Move) error {
	if act := b.moving; act != nil {
		b.moving = nil
		act()
	}
	return b.Memory.Move(ctx, rec, about, m)
}

var (
	proposer = library.Actor{ID: "staff-1", Role: "reviewer"}
	reviewer = library.Actor{ID: "staff-2", Role: "officer"}
)

// nodes returns curators over one store; the first sees what the second does at the worst moment.
func nodes(t *testing.T) (store *busy, first, second *library.Curator) {
	t.Helper()
	b := bench(t)
	store = &busy{Memory: b.Store.(*librarytest.Memory)}
	open := func(s library.Store) *library.Curator {
		k, err := library.New(t.Context(), library.Config{Store: s, Samples: store, Recorder: b.Recorder, Keys: b.Keys})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	return store, open(store), open(store.Memory)
}

func word(id, value string) library.Feature {
	return library.Feature{ID: id, Kind: library.Keyword, Value: value, Category: "fraud", Level: keyword.Block, Standard: "s", Reason: "r"}
}

// replayed takes features to where they may become active.
func replayed(t *testing.T, k *library.Curator, sel library.Selection) {
	t.Helper()
	if _, err := k.Review(t.Context(), reviewer, sel); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Replay(t.Context(), reviewer, sel, "no samples"); err != nil {
		t.Fatal(err)
	}
}

// TestOnlyTheProgramsProposalsJudge has a person propose, under an identifier that a later starter library has.
func TestOnlyTheProgramsProposalsJudge(t *testing.T) {
	t.Parallel()
	_, k, _ := nodes(t)
	if _, err := k.Propose(t.Context(), proposer, "mine", []library.Feature{word("st-1", "刷单返利"), word("own-1", "天气很好")}); err != nil {
		t.Fatal(err)
	}
	shelf, err := library.NewShelf(t.Context(), k, []library.Feature{word("st-1", "代开发票")})
	if err != nil {
		t.Fatal(err)
	}
	if n := shelf.Current().Len(); n != 0 {
		t.Errorf("%d features judge that nobody reviewed", n)
	}
}

// TestShelvesAtOnce has two nodes propose the starter library at the same time.
func TestShelvesAtOnce(t *testing.T) {
	t.Parallel()
	var starter []library.Feature
	for i := range 100 {
		starter = append(starter, word(fmt.Sprint("st-", i), fmt.Sprint("刷单返利", i)))
	}
	store, first, second := nodes(t)
	store.proposing = func() {
		if _, err := library.NewShelf(t.Context(), second, starter); err != nil {
			t.Error(err)
		}
	}
	shelf, err := library.NewShelf(t.Context(), first, starter)
	if err != nil {
		t.Fatal(err)
	}
	if n := shelf.Current().Len(); n != len(starter) || store.proposals > 2 {
		t.Errorf("%d features judge after %d proposals", n, store.proposals)
	}
}

// TestCompiledOnce: what was compiled for a proposal is what judges, and serves whoever has the same features, and no other ones.
func TestCompiledOnce(t *testing.T) {
	t.Parallel()
	features := []library.Feature{word("st-2", "代开发票"), word("st-1", "刷单返利"), {ID: "st-0", Kind: library.Rule, Value: "出售 & 枪支", Category: "fraud", Level: keyword.Block, Standard: "s", Reason: "r"}}
	made := &library.Matchers{}
	b := bench(t)
	open := func() *library.Curator {
		k, err := library.New(t.Context(), library.Config{Store: b.Store, Samples: b.Store.(*librarytest.Memory), Recorder: b.Recorder, Keys: b.Keys, Options: library.Options{Matchers: made}})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	k, node := open(), open()
	proposed, err := k.Proposed(t.Context(), library.System(), features)
	if err != nil {
		t.Fatal(err)
	}
	b = bench(t)
	other := open()
	var shelves []*library.Set
	for _, k := range []*library.Curator{k, node, other} {
		shelf, err := library.NewShelf(t.Context(), k, features)
		if err != nil {
			t.Fatal(err)
		}
		if shelves = append(shelves, shelf.Current()); !shelf.Current().Shares(proposed) || shelf.Current().Len() != 3 {
			t.Errorf("shelf %d has a matcher of its own, of %d features", len(shelves), shelf.Current().Len())
		}
	}
	slices.Reverse(features) // by their identifiers, as they were compiled
	if set, err := library.Compile(features, library.Options{Matchers: made}); err != nil || !set.Shares(proposed) {
		t.Errorf("the same features: %v", err)
	}
	features[1].Anywhere = true
	for name, o := range map[string]library.Options{"other features": {Matchers: made}, "other options": {Matchers: made, Words: keyword.Options{Sound: true}}} {
		if set, err := library.Compile(features, o); err != nil || set.Shares(proposed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	runtime.KeepAlive(proposed)
}

// TestShelfBetweenSteps has features take a step while the shelf reads what waits: they judge all the same.
func TestShelfBetweenSteps(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"review", "activate"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			store, first, second := nodes(t)
			starter := []library.Feature{word("st-1", "刷单返利"), word("st-2", "代开发票"), word("st-3", "出售枪支")}
			shelf, err := library.NewShelf(t.Context(), first, starter)
			if err != nil {
				t.Fatal(err)
			}
			sel := library.Selection{IDs: []string{"st-1"}}
			if step == "activate" {
				replayed(t, second, sel)
			} else if _, err := second.Reject(t.Context(), reviewer, library.Selection{IDs: []string{"st-3"}}, "no"); err != nil {
				t.Fatal(err)
			}
			store.reading = func(q library.Query) {
				if step == "review" && q.State == library.Reviewed {
					store.reading = nil
					_, err = second.Review(t.Context(), reviewer, sel)
				} else if step == "activate" && q.State == library.Proposed {
					store.reading = nil
					_, err = second.Activate(t.Context(), reviewer, sel)
				}
			}
			if failed := shelf.Refresh(t.Context()); failed != nil || err != nil || store.reading != nil {
				t.Fatal(failed, err)
			}
			var ids []string
			for _, h := range shelf.Current().Scan("刷单返利，代开发票", time.Now()) {
				ids = append(ids, h.Feature)
			}
			if got := strings.Join(ids, " "); got != "st-1 st-2" {
				t.Errorf("%q judge", got)
			}
		})
	}
}

// TestActivatedAsCompiled has the features of a batch change places between the compiling of a version and its commit.
func TestActivatedAsCompiled(t *testing.T) {
	t.Parallel()
	store, first, second := nodes(t)
	batch, err := first.Propose(t.Context(), proposer, "mine", []library.Feature{word("one", "刷单返利"), word("two", "代开发票")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Review(t.Context(), reviewer, library.Selection{Batch: batch.ID}); err != nil {
		t.Fatal(err)
	}
	one, two := library.Selection{IDs: []string{"one"}}, library.Selection{IDs: []string{"two"}}
	if _, err := first.Replay(t.Context(), reviewer, one, "no samples"); err != nil {
		t.Fatal(err)
	}
	store.moving = func() {
		if _, err := second.Reject(t.Context(), reviewer, one, "no"); err != nil {
			t.Error(err)
		}
		if _, err := second.Replay(t.Context(), reviewer, two, "no samples"); err != nil {
			t.Error(err)
		}
	}
	if _, err := first.Activate(t.Context(), reviewer, library.Selection{Batch: batch.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	if hits := first.Current().Scan("代开发票，刷单返利", time.Now()); len(hits) != 1 || hits[0].Feature != "two" {
		t.Errorf("%+v", hits)
	}
}

// TestShelfBesideALexicon has an operator whose own features say much of what the starter library says.
func TestShelfBesideALexicon(t *testing.T) {
	t.Parallel()
	var starter, own []library.Feature
	for i := range 100 {
		value := fmt.Sprint("刷单返利", i)
		starter = append(starter, word(fmt.Sprint("st-", i), value))
		if i%2 == 0 {
			own = append(own, word(fmt.Sprint("own-", i), value))
		}
	}
	store, k, _ := nodes(t)
	if _, err := k.Propose(t.Context(), proposer, "mine", own); err != nil {
		t.Fatal(err)
	}
	store.proposals = 0
	shelf, err := library.NewShelf(t.Context(), k, starter)
	if err != nil {
		t.Fatal(err)
	}
	if n := shelf.Current().Len(); n != len(starter)-len(own) || store.proposals > 2 {
		t.Errorf("%d features judge after %d proposals", n, store.proposals)
	}
}
