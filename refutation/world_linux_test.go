package refutation_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/screen/phash"
)

var errDown = errors.New("it is down")

// world is a keeper on a store, with what it asks of others.
type world struct {
	testing.TB
	clock    *storetest.Clock
	store    *store.Store
	config   refutation.Config
	keeper   *refutation.Keeper
	recorder *evidence.Recorder
	key      note.Verifier // of the feed
	keyText  string

	family     map[string][]string
	partial    bool
	deliveries map[string][]refutation.Delivery
	down       map[string]bool // content numbers that can't be asked for
	reports    map[string]int
	opened     []refutation.Suspicion
}

func (w *world) Family(_ context.Context, number string) ([]string, bool, error) {
	if w.down[number] {
		return nil, false, errDown
	}
	return w.family[number], !w.partial, nil
}

func (w *world) Deliveries(_ context.Context, number string, fn func(refutation.Delivery) error) error {
	for _, d := range w.deliveries[number] {
		if err := fn(d); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) Burst(_ context.Context, number string) (int, bool, error) {
	return w.reports[number], w.reports[number] >= 5, nil
}

// Open is idempotent by key, as it has to be.
func (w *world) Open(_ context.Context, s refutation.Suspicion) (string, error) {
	i := slices.IndexFunc(w.opened, func(o refutation.Suspicion) bool { return o.Key == s.Key })
	if i < 0 {
		i, w.opened = len(w.opened), append(w.opened, s)
	}
	return "case-" + w.opened[i].Key, nil
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return begin(t)
}

func begin(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, clock: storetest.NewClock(), family: map[string][]string{}, deliveries: map[string][]refutation.Delivery{}, down: map[string]bool{}, reports: map[string]int{}}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	w.recorder = storetest.Recorder(t, config.Keys, w.clock.Now)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	signer, err := evidence.NewNoteSigner("provider.example/recall", key, rand.Reader)
	w.no(err)
	w.keyText, err = note.NewEd25519VerifierKey("provider.example/recall", key.Public().(ed25519.PublicKey))
	w.no(err)
	w.key, err = note.NewVerifier(w.keyText)
	w.no(err)
	w.config = refutation.Config{Refutations: ledgers.Of[refutation.Refutation](w.store, refutation.Ledger), Notices: ledgers.Of[refutation.Notice](w.store, refutation.LedgerNotices),
		Lines: ledgers.Of[refutation.Line](w.store, refutation.LedgerLines), Changes: ledgers.Feed(w.store), Recorder: w.recorder,
		Handed: w, Reports: w, Cases: w, Signer: signer, Contact: "desk@provider.example", Page: "https://provider.example/refutations/"}
	w.keeper, err = refutation.New(w.config)
	w.no(err)
	return w
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code colophon.Code) {
	w.Helper()
	storetest.WantCode(w, err, code)
}

func (w *world) pass(d time.Duration) { w.clock.Set(w.clock.Now().Add(d)) }

var (
	writer    = ledger.By{Role: "officer", ID: "staff-1"}
	publisher = ledger.By{Role: "officer", ID: "staff-2"}
	rule      = ledger.By{Role: "system"}
	app       = ledger.By{Role: "application", ID: "key-1"}
)

var reason = feed.Words{
	ZH: "自来水厂的值班记录和市环保部门当晚的水质检测报告都表明没有发生泄漏，视频画面来自外地一次消防演习，声音是合成的。",
	EN: "The log of the water works and the tests of that night show that there was no leak; the pictures are of a fire drill elsewhere, and the voice is synthetic.",
}

var (
	rumour = "据可靠消息，市中心的自来水厂昨夜发生严重泄漏，专家建议全市居民三天之内不要饮用自来水，超市里的瓶装水已经被抢购一空，请大家转告亲友。"
	look   = phash.Hash{0x0123456789abcdef, 0xfedcba9876543210, 0x0f0f0f0f0f0f0f0f, 0x3333333333333333}
)

func draft(numbers ...string) refutation.Draft {
	return refutation.Draft{
		Claim: feed.Words{ZH: "视频显示自来水厂发生泄漏。", EN: "A film shows a leak at the water works."}, Verdict: feed.Altered, Reason: reason,
		Sources: []feed.Source{{Title: "Report of the water works", URL: "https://water.example/report", Date: "2026-11-21"}},
		Prints:  feed.Prints{Numbers: numbers, Digests: []feed.Digest{{Alg: "sha256", Value: strings.Repeat("ab", 32)}}, Likeness: []phash.Hash{look}},
		Texts:   []string{rumour}, FirstSeen: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Cases: []string{"case-1"},
	}
}

func (w *world) propose(d refutation.Draft) refutation.Refutation {
	w.Helper()
	r, err := w.keeper.Draft(w.Context(), writer, d)
	w.no(err)
	r, err = w.keeper.Propose(w.Context(), writer, r.ID)
	w.no(err)
	return r
}

func (w *world) publish(d refutation.Draft) refutation.Refutation {
	w.Helper()
	r := w.propose(d)
	r, err := w.keeper.Publish(w.Context(), publisher, r.ID, r.Version)
	w.no(err)
	return r
}

func (w *world) spread(id string) refutation.Refutation {
	w.Helper()
	r, err := w.keeper.Spread(w.Context(), id)
	w.no(err)
	return r
}

func (w *world) get(id string) refutation.Refutation {
	w.Helper()
	r, err := w.keeper.Refutation(w.Context(), id)
	w.no(err)
	return r
}

func (w *world) notices(id string, states ...refutation.NoticeState) []refutation.Notice {
	w.Helper()
	list, _, err := w.keeper.Notices(w.Context(), refutation.NoticeFilter{Refutation: id, States: states})
	w.no(err)
	return list
}

func (w *world) reached(id string) refutation.Reached {
	w.Helper()
	r, err := w.keeper.Reached(w.Context(), id)
	w.no(err)
	return r
}

// types are the types of the records so far.
func (w *world) types() (list []evidence.Type) {
	w.Helper()
	for r, err := range w.store.Records(w.Context(), false) {
		w.no(err)
		list = append(list, r.Type)
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS11}) {
			w.Errorf("%s names %v", r.Type, r.Clauses)
		}
	}
	return list
}

func account(to string) refutation.Delivery {
	return refutation.Delivery{To: to, Party: refutation.Account}
}
