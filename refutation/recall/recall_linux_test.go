package recall_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/near"
	"github.com/colophon-project/colophon/refutation/recall"
	"github.com/colophon-project/colophon/refutation/shelf"
	"github.com/colophon-project/colophon/screen/phash"
)

const rumour = "据可靠消息，市中心的自来水厂昨夜发生严重泄漏，专家建议全市居民三天之内不要饮用自来水，超市里的瓶装水已经被抢购一空，请大家转告亲友。"

var (
	officer = ledger.By{Role: "officer", ID: "staff-1"}
	look    = phash.Hash{0x0123456789abcdef, 0xfedcba9876543210, 0x0f0f0f0f0f0f0f0f, 0x3333333333333333}
)

// world is a keeper on a store, and the feed of somebody else.
type world struct {
	*testing.T
	clock    *storetest.Clock
	store    *store.Store
	recorder *evidence.Recorder
	keeper   *recall.Keeper
	source   recall.Source

	signer note.Signer
	key    string
	lines  []string
	heads  []feed.Head
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, clock: storetest.NewClock(), heads: []feed.Head{{}}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	w.recorder = storetest.Recorder(t, config.Keys, w.clock.Now)
	w.keeper = w.another()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	var err error
	w.signer, err = evidence.NewNoteSigner("other.example/recall", key, rand.Reader)
	w.no(err)
	w.key, err = note.NewEd25519VerifierKey("other.example/recall", key.Public().(ed25519.PublicKey))
	w.no(err)
	w.source, err = w.keeper.Follow(t.Context(), officer, "Other", "https://other.example/recall/feed.jsonl", w.key)
	w.no(err)
	return w
}

// another makes a keeper as another node has it.
func (w *world) another() *recall.Keeper {
	return recall.New(ledgers.Of[recall.Source](w.store, recall.LedgerSources), ledgers.Of[recall.Recalled](w.store, recall.Ledger), ledgers.Feed(w.store), w.recorder)
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) say(e feed.Entry) {
	w.Helper()
	line, h, err := feed.Next(w.heads[len(w.heads)-1], e)
	w.no(err)
	w.lines, w.heads = append(w.lines, string(line)+"\n"), append(w.heads, h)
}

func (w *world) take(lines string) (int, error) {
	w.Helper()
	raw, err := feed.Sign(w.signer, w.heads[len(w.heads)-1])
	w.no(err)
	return w.keeper.Take(w.Context(), w.source.ID, raw, strings.NewReader(lines))
}

func (w *world) taken(want int, lines string) {
	w.Helper()
	if n, err := w.take(lines); err != nil || n != want {
		w.Fatal(n, err)
	}
}

func (w *world) entry(id string) feed.Entry {
	words := feed.Words{ZH: "据传自来水厂昨夜泄漏。", EN: "They say that there was a leak."}
	sign, _ := near.Of(rumour)
	return feed.Entry{Kind: feed.Publish, Refutation: id, Claim: words, Verdict: feed.False, Reason: words, Since: w.clock.Now(), At: w.clock.Now(),
		Prints: feed.Prints{Numbers: []string{"number-" + id, "number-" + id}, Digests: []feed.Digest{{Alg: "sm3", Value: strings.Repeat("cd", 32)}}, Likeness: []phash.Hash{look}, Near: []near.Signature{sign}}}
}

func (w *world) find(k *recall.Keeper, p feed.Prints, text string) (list []string) {
	w.Helper()
	found, _, err := k.Match(w.Context(), p, text)
	w.no(err)
	for _, f := range found {
		list = append(list, f.Recalled.Entry.Refutation+" "+f.How)
	}
	return list
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	for _, from := range recall.SourceStates() {
		for _, to := range recall.SourceStates() {
			if got, want := from.May(to), from != recall.Ended; got != want {
				t.Errorf("feed, %s to %s: got %v", from, to, got)
			}
		}
	}
	for _, from := range recall.States() {
		for _, to := range recall.States() {
			if got, want := from.May(to), from == recall.Held && to != recall.Held; got != want {
				t.Errorf("%s to %s: got %v", from, to, got)
			}
		}
	}
}

func TestFollow(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, err := w.keeper.Follow(ctx, ledger.By{Role: "application", ID: "key-1"}, "Other", "https://other.example/feed", w.key)
	storetest.WantCode(t, err, recall.CodePerson)
	for field, args := range map[string][3]string{"name": {" ", "https://other.example/feed", w.key}, "url": {"Other", "file:///feed", w.key}, "key": {"Other", "https://other.example/feed", "key"}} {
		_, err := w.keeper.Follow(ctx, officer, args[0], args[1], args[2])
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != recall.CodeInvalid || e.Args["field"] != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	_, err = w.keeper.Take(ctx, "nothing", nil, nil)
	storetest.WantCode(t, err, recall.CodeMissing)
	if list, err := w.keeper.Sources(ctx, recall.Followed); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], w.source) {
		t.Error(list, err)
	}
}

func TestMatch(t *testing.T) {
	w := open(t)
	other := w.another()
	alike, far := look, look
	alike[0] ^= 7
	far[0], far[1] = ^far[0], ^far[1]
	clues := map[string]feed.Prints{
		shelf.ByNumber: {Numbers: []string{"number-a"}}, shelf.ByDigest: {Digests: []feed.Digest{{Alg: "sm3", Value: strings.Repeat("cd", 32)}}}, shelf.ByLikeness: {Likeness: []phash.Hash{far, alike}},
	}
	for how, p := range clues {
		if got := w.find(other, p, ""); got != nil {
			t.Error(how, got)
		}
	}
	w.say(w.entry("a"))
	w.taken(1, w.lines[0])
	w.taken(0, w.lines[0])
	for _, k := range []*recall.Keeper{w.keeper, other} { // the other node looked before there was anything
		for how, p := range clues {
			if got := w.find(k, p, ""); !slices.Equal(got, []string{"a " + how}) {
				t.Error(how, got)
			}
		}
		if got := w.find(k, feed.Prints{}, strings.Replace(rumour, "三天", "五天", 1)); !slices.Equal(got, []string{"a " + shelf.ByText}) {
			t.Error(got)
		}
		if got := w.find(k, feed.Prints{Numbers: []string{"number-b"}, Likeness: []phash.Hash{far}}, ""); got != nil {
			t.Error(got)
		}
	}
	if _, unlooked, err := w.keeper.Match(t.Context(), feed.Prints{}, "短"); err != nil || unlooked != shelf.UnlookedShort {
		t.Error(unlooked, err)
	}
	_, _, err := w.keeper.Match(t.Context(), feed.Prints{Numbers: []string{""}}, "")
	storetest.WantCode(t, err, recall.CodeInvalid)
	w.say(w.entry("b"))
	c := w.entry("c")
	c.Kind, c.Corrects, c.Prints = feed.Correct, "a", feed.Prints{Numbers: []string{"number-a"}}
	w.say(c)
	gone := w.entry("b")
	gone.Kind = feed.Withdraw
	w.say(gone)
	unheard := w.entry("d") // what a feed takes back that it never said
	unheard.Kind = feed.Withdraw
	w.say(unheard)
	w.taken(4, strings.Join(w.lines[1:], ""))
	for _, k := range []*recall.Keeper{w.keeper, other} {
		if got := w.find(k, feed.Prints{Numbers: []string{"number-a", "number-b"}, Likeness: []phash.Hash{look}}, rumour); !slices.Equal(got, []string{"c number"}) {
			t.Error(got)
		}
	}
	page, next, err := w.keeper.Entries(t.Context(), w.source.ID, "", 2)
	if err != nil || len(page) != 2 || next == "" || page[0].Entry.Refutation != "c" || page[0].State != recall.Held || page[1].State != recall.Retracted {
		t.Error(page, next, err)
	}
}

func TestTrouble(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.say(w.entry("a"))
	w.say(w.entry("b"))
	w.taken(2, strings.Join(w.lines, ""))
	w.say(w.entry("c"))
	_, err := w.take(strings.Replace(w.lines[2], `"c"`, `"x"`, 1))
	storetest.WantCode(t, err, feed.CodeBroken)
	source := func() recall.Source {
		t.Helper()
		s, err := w.keeper.Source(ctx, w.source.ID)
		w.no(err)
		return s
	}
	if s := source(); s.State != recall.Failing || s.Trouble != feed.CodeBroken || s.Detail["line"] != "3" || s.Seen != w.heads[2] || s.Since.IsZero() {
		t.Errorf("got %+v", s)
	}
	since := source().Since
	w.clock.Set(w.clock.Now().Add(time.Hour))
	_, err = w.take(strings.Replace(w.lines[2], `"c"`, `"x"`, 1))
	storetest.WantCode(t, err, feed.CodeBroken)
	if s := source(); !s.Since.Equal(since) {
		t.Error("the same trouble began anew")
	}
	w.no(w.keeper.Fail(ctx, w.source.ID, io.ErrUnexpectedEOF))
	if s := source(); s.Trouble != recall.CodeFailed {
		t.Errorf("got %+v", s)
	}
	if got := w.find(w.keeper, feed.Prints{Numbers: []string{"number-c", "number-x"}}, ""); got != nil {
		t.Error("something was taken of what was not verified", got)
	}
	if got := w.find(w.keeper, feed.Prints{Numbers: []string{"number-a"}}, ""); len(got) != 1 {
		t.Error("what was taken before is gone", got)
	}
	w.taken(1, w.lines[2])
	if s := source(); s.State != recall.Followed || s.Trouble != "" || s.Detail != nil || !s.Read.Equal(w.clock.Now()) || s.Seen != w.heads[3] {
		t.Errorf("got %+v", s)
	}
	// The provider writes its history anew.
	w.lines, w.heads = nil, []feed.Head{{}}
	for _, id := range []string{"a", "x", "c", "d"} {
		w.say(w.entry(id))
	}
	_, err = w.take(strings.Join(w.lines, ""))
	storetest.WantCode(t, err, feed.CodeForked)
	w.heads = w.heads[:2]
	_, err = w.take(w.lines[0])
	storetest.WantCode(t, err, feed.CodeShrunk)
}

func TestEnd(t *testing.T) {
	w := open(t)
	w.say(w.entry("a"))
	w.taken(1, w.lines[0])
	_, err := w.keeper.End(t.Context(), ledger.By{Role: "system"}, w.source.ID)
	storetest.WantCode(t, err, recall.CodePerson)
	s, err := w.keeper.End(t.Context(), officer, w.source.ID)
	if err != nil || s.State != recall.Ended {
		t.Fatal(s, err)
	}
	_, err = w.take(w.lines[0])
	storetest.WantCode(t, err, recall.CodeStep)
	if got := w.find(w.keeper, feed.Prints{Numbers: []string{"number-a"}, Likeness: []phash.Hash{look}}, ""); got != nil {
		t.Error(got)
	}
	var types []evidence.Type
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		types = append(types, r.Type)
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS11}) {
			t.Errorf("%s names %v", r.Type, r.Clauses)
		}
	}
	if want := []evidence.Type{recall.RecordFollowed, recall.RecordTaken, recall.RecordRead, recall.RecordEnded, recall.RecordRetracted}; !slices.Equal(types, want) {
		t.Error(types)
	}
}

// stopping is a store of feeds that fails when it should note how far a feed was read.
type stopping struct {
	ledger.Store[recall.Source]
}

var errStopped = errors.New("the node stopped")

func (stopping) Amend(context.Context, evidence.Record, ...ledger.Entry[recall.Source]) error {
	return errStopped
}

// TestStopped takes each entry once when a node stops before it could note how far it read.
func TestStopped(t *testing.T) {
	w := open(t)
	w.say(w.entry("a"))
	w.say(w.entry("b"))
	sources, whole := stopping{ledgers.Of[recall.Source](w.store, recall.LedgerSources)}, w.keeper
	w.keeper = recall.New(sources, ledgers.Of[recall.Recalled](w.store, recall.Ledger), ledgers.Feed(w.store), w.recorder)
	if _, err := w.take(strings.Join(w.lines, "")); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	w.keeper = whole
	w.taken(2, strings.Join(w.lines, ""))
	if page, _, err := w.keeper.Entries(t.Context(), "", "", 0); err != nil || len(page) != 2 {
		t.Error(page, err)
	}
}

// holding is a feed of changes that answers one reader only once it is let go.
type holding struct {
	ledger.Feed
	asked, let chan struct{}
}

type heldKey struct{}

func (h holding) wait(ctx context.Context) {
	if ctx.Value(heldKey{}) == nil {
		return
	}
	h.asked <- struct{}{}
	select {
	case <-h.let:
	case <-time.After(20 * time.Second): // the test has failed by then
	}
}

func (h holding) Changes(ctx context.Context, after uint64, limit int) ([]ledger.Change, error) {
	h.wait(ctx)
	return h.Feed.Changes(ctx, after, limit)
}

func (h holding) Head(ctx context.Context) (uint64, error) {
	h.wait(ctx)
	return h.Feed.Head(ctx)
}

// TestNoneWaits has one look wait for the store: first while all is loaded, when others wait no longer than they have time, and
// then while it reads what changed, when others do not wait at all.
func TestNoneWaits(t *testing.T) {
	w := open(t)
	w.say(w.entry("a"))
	w.taken(1, w.lines[0])
	h := holding{ledgers.Feed(w.store), make(chan struct{}), make(chan struct{})}
	k := recall.New(ledgers.Of[recall.Source](w.store, recall.LedgerSources), ledgers.Of[recall.Recalled](w.store, recall.Ledger), h, w.recorder)
	p := feed.Prints{Likeness: []phash.Hash{look}}
	held := make(chan error)
	go func() {
		found, _, err := k.Match(context.WithValue(t.Context(), heldKey{}, true), p, "")
		if err == nil && len(found) != 2 {
			err = errors.New("the look that waited missed something")
		}
		held <- err
	}()

	<-h.asked // for where the feed ends, to load
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := k.Match(short, p, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	h.let <- struct{}{}
	<-h.asked // for what changed
	if got := w.find(k, p, ""); !slices.Equal(got, []string{"a " + shelf.ByLikeness}) {
		t.Error(got)
	}
	w.say(w.entry("b"))
	w.taken(1, strings.Join(w.lines, ""))
	if got := w.find(k, p, ""); len(got) != 2 {
		t.Error(got)
	}
	h.let <- struct{}{}
	w.no(<-held)
}

// between is a store of entries before whose first one something else happens, and in which none can be changed while it is broken.
type between struct {
	ledger.Store[recall.Recalled]
	first  func()
	broken *bool
}

func (b between) Add(ctx context.Context, r evidence.Record, list ...ledger.Entry[recall.Recalled]) error {
	b.first()
	return b.Store.Add(ctx, r, list...)
}

func (b between) Amend(ctx context.Context, r evidence.Record, list ...ledger.Entry[recall.Recalled]) error {
	if *b.broken {
		return errStopped
	}
	return b.Store.Amend(ctx, r, list...)
}

// TestEndWhole leaves nothing of a feed that was ended: not what was taken meanwhile, and not what could not be changed at first.
func TestEndWhole(t *testing.T) {
	for name, broken := range map[string]bool{"meanwhile": false, "again": true} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.say(w.entry("a"))
			whole := w.keeper
			first := sync.OnceFunc(func() {
				_, err := whole.End(t.Context(), officer, w.source.ID)
				w.no(err)
			})
			w.keeper = recall.New(ledgers.Of[recall.Source](w.store, recall.LedgerSources), between{ledgers.Of[recall.Recalled](w.store, recall.Ledger), first, &broken}, ledgers.Feed(w.store), w.recorder)
			_, err := w.take(w.lines[0])
			storetest.WantCode(t, err, recall.CodeStep)
			p := feed.Prints{Numbers: []string{"number-a"}}
			if got := w.find(whole, p, ""); (got != nil) != broken {
				t.Fatal(got)
			}
			if s, err := whole.End(t.Context(), officer, w.source.ID); err != nil || s.State != recall.Ended {
				t.Error(s, err)
			}
			if got := w.find(whole, p, ""); got != nil {
				t.Error(got)
			}
		})
	}
}
