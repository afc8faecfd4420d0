package refutation_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/recall"
	"github.com/colophon-project/colophon/refutation/shelf"
	"github.com/colophon-project/colophon/screen/phash"
)

func codes(list []refutation.Unknown) (codes []colophon.Code) {
	for _, u := range list {
		codes = append(codes, u.Code)
	}
	return codes
}

func TestReach(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	w.family["number-1"] = []string{"number-1", "child-1"}
	w.deliveries["number-1"] = []refutation.Delivery{account("account-1"), account("account-2"), account("account-1"), {To: "key-1", Party: refutation.Application}}
	w.deliveries["child-1"] = []refutation.Delivery{account("account-2"), account("account-3"), {Party: refutation.Account}, {To: "account-4", Party: refutation.Account, Onward: true}}
	r := w.publish(draft("number-1", "elsewhere-1"))
	before := w.reached(r.ID)
	if before.Reached+before.Deliverable+before.Unreachable != 0 || !slices.Equal(codes(before.Unknown), []colophon.Code{refutation.UnknownCopies, refutation.UnknownUnsought}) {
		t.Errorf("before anybody looked: %+v", before)
	}
	for range 2 { // the second time changes nothing
		w.spread(r.ID)
		got := w.reached(r.ID)
		want := refutation.Reached{Deliverable: 5, Unreachable: 1, Unknown: []refutation.Unknown{{Code: refutation.UnknownCopies}, {Code: refutation.UnknownOnward, Count: 2}, {Code: refutation.UnknownForeign, Count: 1}},
			Sought: refutation.Sought{At: w.clock.Now(), Numbers: 2, Deliveries: 8, Gone: 1, Onward: 2, Foreign: 1}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	list := w.notices(r.ID)
	if len(list) != 5 || !slices.Equal(list[1].Numbers, []string{"number-1", "child-1"}) || list[1].To != "account-2" {
		t.Fatalf("got %+v", list)
	}
	mine, _, err := w.keeper.Notices(ctx, refutation.NoticeFilter{To: "account-2", States: []refutation.NoticeState{refutation.Waiting}})
	if err != nil || len(mine) != 1 {
		t.Fatal(mine, err)
	}
	told, err := w.keeper.Acknowledge(ctx, app, mine[0].ID, refutation.Told)
	w.no(err)
	if told.State != refutation.Told || told.Via != "key-1" || told.Told.IsZero() {
		t.Errorf("got %+v", told)
	}
	opened, err := w.keeper.Acknowledge(ctx, app, mine[0].ID, refutation.Read)
	w.no(err)
	if again, err := w.keeper.Acknowledge(ctx, app, mine[0].ID, refutation.Told); err != nil || !cmp.Equal(again, opened) {
		t.Error("a notice that was read is told no more", again, err)
	}
	_, err = w.keeper.Acknowledge(ctx, app, mine[0].ID, refutation.Unreachable)
	w.refused(err, refutation.CodeNoStep)
	_, err = w.keeper.Acknowledge(ctx, app, mine[0].ID, refutation.Dropped)
	w.refused(err, refutation.CodeInvalid)
	_, err = w.keeper.Acknowledge(ctx, app, "nothing", refutation.Read)
	w.refused(err, refutation.CodeNotice)
	// Account 3 was erased: the delivery knows nobody any more, so nobody can be told.
	w.deliveries["child-1"][1].To = ""
	_, err = w.keeper.Acknowledge(ctx, app, list[0].ID, refutation.Told)
	w.no(err)
	w.spread(r.ID)
	got := w.reached(r.ID)
	if got.Reached != 2 || got.Read != 1 || got.Deliverable != 2 || got.Unreachable != 3 {
		t.Errorf("got %+v", got)
	}
}

// TestReachUnsure leaves nothing out when somebody could not be asked, and asks again.
func TestReachUnsure(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	w.family["number-1"], w.partial = []string{"number-1"}, true
	w.deliveries["number-1"] = []refutation.Delivery{account("account-1")}
	w.down["number-2"] = true
	r := w.publish(draft("number-1", "number-2"))
	if n, err := w.keeper.Sweep(ctx); n != 1 || err == nil {
		t.Fatal(n, err)
	}
	got := w.reached(r.ID)
	if got.Deliverable != 1 || !slices.Equal(codes(got.Unknown), []colophon.Code{refutation.UnknownCopies, refutation.UnknownFailed, refutation.UnknownFamily}) {
		t.Errorf("got %+v", got)
	}
	if n, err := w.keeper.Sweep(ctx); n != 0 || err != nil {
		t.Fatal("it was not due", n, err)
	}
	w.down["number-2"], w.family["number-2"], w.partial = false, []string{"number-2"}, false
	w.deliveries["number-2"] = []refutation.Delivery{account("account-2")}
	w.pass(10 * time.Minute)
	if n, err := w.keeper.Sweep(ctx); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if got := w.reached(r.ID); got.Deliverable != 2 || len(got.Unknown) != 1 {
		t.Errorf("got %+v", got)
	}
	// It is looked for again for a month, and then no more.
	sweeps := 0
	for range 40 {
		w.pass(24 * time.Hour)
		n, err := w.keeper.Sweep(ctx)
		w.no(err)
		sweeps += n
	}
	if sweeps != 30 {
		t.Error("swept", sweeps)
	}
	none := w.publish(draft())
	w.spread(none.ID)
	if got := w.reached(none.ID); !slices.Contains(codes(got.Unknown), refutation.UnknownNumber) {
		t.Errorf("got %+v", got)
	}
}

func TestWithdrawnIsTold(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	w.family["number-1"] = []string{"number-1"}
	w.deliveries["number-1"] = []refutation.Delivery{account("account-1"), account("account-2")}
	r := w.publish(draft("number-1"))
	w.spread(r.ID)
	_, err := w.keeper.Acknowledge(ctx, app, w.notices(r.ID)[0].ID, refutation.Told)
	w.no(err)
	_, err = w.keeper.Withdraw(ctx, publisher, r.ID, reason)
	w.no(err)
	for range 2 {
		w.spread(r.ID)
		waiting := w.notices(r.ID, refutation.Waiting)
		if len(waiting) != 1 || waiting[0].To != "account-1" || waiting[0].Kind != feed.Withdraw {
			t.Errorf("got %+v", waiting)
		}
	}
	if got := w.reached(r.ID); got.Reached != 1 || got.Dropped != 1 || got.Deliverable != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestCorrectionIsTold tells those who were told of what was corrected, also where the correction is about other content.
func TestCorrectionIsTold(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	w.family["number-1"], w.family["number-2"] = []string{"number-1"}, []string{"number-2"}
	w.deliveries["number-1"] = []refutation.Delivery{account("account-1"), account("account-2")}
	w.deliveries["number-2"] = []refutation.Delivery{account("account-3")}
	old := w.publish(draft("number-1"))
	w.spread(old.ID)
	_, err := w.keeper.Acknowledge(ctx, rule, w.notices(old.ID)[0].ID, refutation.Read)
	w.no(err)
	d := draft("number-2")
	d.Corrects = old.ID
	c := w.publish(d)
	if n, err := w.keeper.Sweep(ctx); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	var to []string
	for _, n := range w.notices(c.ID, refutation.Waiting) {
		to = append(to, n.To)
	}
	if !slices.Equal(to, []string{"account-1", "account-3"}) || len(w.notices(old.ID, refutation.Dropped)) != 1 {
		t.Errorf("got %v", to)
	}
}

// TestFeed has a second service follow the feed of the first, and know content again that it never saw.
func TestFeed(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	there := recall.New(ledgers.Of[recall.Source](w.store, recall.LedgerSources), ledgers.Of[recall.Recalled](w.store, recall.Ledger), ledgers.Feed(w.store), w.recorder)
	s, err := there.Follow(ctx, writer, "Provider", "https://provider.example/recall/feed.jsonl", w.keyText)
	w.no(err)
	take := func() int {
		t.Helper()
		checkpoint, err := w.keeper.Checkpoint(ctx)
		w.no(err)
		var lines bytes.Buffer
		w.no(w.keeper.WriteLines(ctx, &lines, 0, 1<<20))
		n, err := there.Take(ctx, s.ID, checkpoint, &lines)
		w.no(err)
		return n
	}
	if n := take(); n != 0 {
		t.Fatal(n)
	}
	r := w.publish(draft("number-1"))
	w.spread(r.ID)
	w.spread(r.ID)
	if n := take(); n != 1 {
		t.Fatal(n)
	}
	encoded := look
	encoded[0] ^= 0x1f
	found, _, err := there.Match(ctx, feed.Prints{Likeness: []phash.Hash{encoded}}, "")
	if err != nil || len(found) != 1 || found[0].Recalled.Entry.Refutation != r.ID || found[0].Recalled.Name != "Provider" || found[0].Bits != 5 || found[0].Certain {
		t.Fatal(found, err)
	}
	d := draft("number-1")
	d.Corrects = r.ID
	c := w.publish(d)
	_, err = w.keeper.Sweep(ctx)
	w.no(err)
	_, err = w.keeper.Withdraw(ctx, publisher, c.ID, reason)
	w.no(err)
	_, err = w.keeper.Sweep(ctx)
	w.no(err)
	entries, err := w.keeper.Entries(ctx, 0, 10)
	w.no(err)
	var kinds []feed.Kind
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	if !slices.Equal(kinds, []feed.Kind{feed.Withdraw, feed.Correct, feed.Publish}) || entries[0].Reason != reason || entries[1].Corrects != r.ID || entries[2].URL != "https://provider.example/refutations/"+r.ID {
		t.Errorf("got %+v", entries)
	}
	if first, err := w.keeper.Entries(ctx, 2, 10); err != nil || len(first) != 1 || first[0].Sequence != 1 {
		t.Error(first, err)
	}
	var rest bytes.Buffer
	w.no(w.keeper.WriteLines(ctx, &rest, 1, 1<<20))
	if text := rest.String(); strings.Count(text, "\n") != 2 || strings.Contains(text, "staff-") || strings.Contains(text, "case-1") {
		t.Error(text)
	}
	if n := take(); n != 2 {
		t.Fatal(n)
	}
	if found, _, err := there.Match(ctx, feed.Prints{Numbers: []string{"number-1"}}, ""); err != nil || len(found) != 0 {
		t.Error("what was withdrawn is found", found, err)
	}
}

// TestFeedRivals enters lines from many goroutines: the chain holds, and each stands in it once.
func TestFeedRivals(t *testing.T) {
	w := open(t)
	var ids []string
	for range 6 {
		ids = append(ids, w.publish(draft("number-1")).ID)
	}
	var wait sync.WaitGroup
	for _, id := range slices.Concat(ids, ids) {
		wait.Go(func() {
			if _, err := w.keeper.Spread(w.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	checkpoint, err := w.keeper.Checkpoint(w.Context())
	w.no(err)
	var lines bytes.Buffer
	w.no(w.keeper.WriteLines(w.Context(), &lines, 0, 1<<20))
	got, head, err := feed.Read(&lines, checkpoint, w.key, feed.Head{})
	if err != nil || len(got) != len(ids) || head.Size != uint64(len(ids)) {
		t.Error(len(got), head, err)
	}
}

func TestLook(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	p := w.propose(draft("number-1"))
	far, alike := look, look
	far[1], far[2] = ^far[1], ^far[2]
	alike[3] ^= 0x7fffffff // 31 bits
	clues := map[string]refutation.Clue{
		"":               {Prints: feed.Prints{Numbers: []string{"number-2"}, Likeness: []phash.Hash{far}}, Text: "市气象台今天上午发布预报，未来一周以晴到多云天气为主，早晚温差较大。"},
		shelf.ByNumber:   {Prints: feed.Prints{Numbers: []string{"number-1"}, Likeness: []phash.Hash{look}}},
		shelf.ByDigest:   {Prints: feed.Prints{Digests: []feed.Digest{{Alg: "sha256", Value: strings.Repeat("ab", 32)}}}},
		shelf.ByLikeness: {Prints: feed.Prints{Likeness: []phash.Hash{far, alike}}, Text: rumour},
		shelf.ByText:     {Text: "转发一条消息！\n" + strings.Replace(rumour, "三天", "五天", 1)},
	}
	for how, c := range clues {
		if a, err := w.keeper.Look(ctx, c); err != nil || len(a.Found) != 0 {
			t.Errorf("%s: what is not published was found: %v %v", how, a, err)
		}
	}
	r, err := w.keeper.Publish(ctx, publisher, p.ID, p.Version)
	w.no(err)
	for how, c := range clues {
		a, err := w.keeper.Look(ctx, c)
		w.no(err)
		if how == "" {
			if len(a.Found) != 0 {
				t.Errorf("found %+v", a)
			}
			continue
		}
		if len(a.Found) != 1 || a.Found[0].How != how || a.Found[0].Refutation.ID != r.ID || a.Found[0].Certain != (how == shelf.ByNumber || how == shelf.ByDigest) {
			t.Errorf("%s: got %+v", how, a)
		}
	}
	a, err := w.keeper.Look(ctx, clues[shelf.ByLikeness])
	if err != nil || a.Found[0].Bits != phash.Radius {
		t.Error(a, err)
	}
	alike[0] ^= 1
	if a, err := w.keeper.Look(ctx, refutation.Clue{Prints: feed.Prints{Likeness: []phash.Hash{alike}}}); err != nil || len(a.Found) != 0 {
		t.Error("found beyond the radius", a, err)
	}
	for text, want := range map[string]colophon.Code{"自来水": shelf.UnlookedShort, strings.Repeat(rumour, 700): shelf.UnlookedLong, rumour: ""} {
		if a, err := w.keeper.Look(ctx, refutation.Clue{Text: text}); err != nil || a.Unlooked != want {
			t.Error(a.Unlooked, want, err)
		}
	}
	_, err = w.keeper.Look(ctx, refutation.Clue{Prints: feed.Prints{Digests: []feed.Digest{{Alg: "sha256"}}}})
	w.refused(err, refutation.CodeInvalid)
}

func TestDetection(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	w.reports["number-1"] = 4
	if id, err := w.keeper.Reported(ctx, "number-1"); id != "" || err != nil {
		t.Fatal(id, err)
	}
	w.reports["number-1"] = 5
	first, err := w.keeper.Reported(ctx, "number-1")
	w.no(err)
	if again, err := w.keeper.Reported(ctx, "number-1"); again != first || first == "" || err != nil || len(w.opened) != 1 || w.opened[0].Why != refutation.SuspectBurst || w.opened[0].Count != 5 {
		t.Fatal(first, again, err, w.opened)
	}
	w.pass(24 * time.Hour)
	if later, err := w.keeper.Reported(ctx, "number-1"); later == first || later == "" || err != nil {
		t.Fatal(later, err)
	}
	r := w.publish(draft("number-1"))
	w.pass(24 * time.Hour)
	if id, err := w.keeper.Reported(ctx, "number-1"); id != "" || err != nil {
		t.Fatal("it is refuted already", id, err)
	}
	a, id, err := w.keeper.Outgoing(ctx, "number-1", refutation.Clue{Prints: feed.Prints{Numbers: []string{"number-1"}}})
	if err != nil || id != "" || len(a.Found) != 1 || !a.Found[0].Certain {
		t.Error("the same content needs no case", a, id, err)
	}
	alike := look
	alike[0] ^= 3
	a, id, err = w.keeper.Outgoing(ctx, "number-8", refutation.Clue{Prints: feed.Prints{Numbers: []string{"number-8"}, Likeness: []phash.Hash{alike}}})
	last := w.opened[len(w.opened)-1]
	if err != nil || id == "" || len(a.Found) != 1 || last.Why != refutation.SuspectMatch || last.Refutation != r.ID || last.Number != "number-8" || last.Bits != 2 {
		t.Error(a, id, err, last)
	}
	if _, id, err := w.keeper.Outgoing(ctx, "number-9", refutation.Clue{Text: "市气象台今天上午发布预报，未来一周以晴到多云天气为主。"}); id != "" || err != nil {
		t.Error(id, err)
	}
}

// taken is a store of lines in which others are always first.
type taken struct {
	ledger.Store[refutation.Line]
}

func (taken) Add(context.Context, evidence.Record, ...ledger.Entry[refutation.Line]) error {
	return ledger.ErrExists
}

// TestFeedLost tells when a line could not be entered: then it is due again, and stands in the feed later.
func TestFeedLost(t *testing.T) {
	w := open(t)
	r := w.publish(draft("number-1"))
	config := w.config
	config.Lines = taken{config.Lines}
	k, err := refutation.New(config)
	w.no(err)
	_, err = k.Spread(w.Context(), r.ID)
	w.refused(err, ledger.CodeExists)
	if n, err := w.keeper.Sweep(w.Context()); n != 1 || err != nil {
		t.Error(n, err)
	}
	if h, err := w.keeper.Head(w.Context()); h.Size != 1 || err != nil {
		t.Error(h, err)
	}
}
