// Package policytest proves a [policy.Store] and the keeper over it: one suite ([Run]) for all implementations, and
// [Memory] for tests of other packages.
//
// What not to do here: nothing that a running program uses, and no expectation about an engine.
package policytest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/policy"
)

// Bench is an empty store with what the suite needs around it.
type Bench struct {
	Store    policy.Store
	Judged   func(ctx context.Context, rec evidence.Record, j policy.Judged) error // commits a judgement
	Recorder *evidence.Recorder
	Now      func() time.Time // the recorder's clock
	Set      func(time.Time)
	Records  func() []evidence.Record
	Open     func(evidence.Record) ([]byte, error) // the payload of a record
}

type suite struct {
	*testing.T
	Bench
}

// Run runs the suite. fresh makes an empty store.
func Run(t *testing.T, fresh func(*testing.T) Bench) {
	for name, test := range map[string]func(*suite){
		"Life": testLife, "Contract": testContract, "Compare": testCompare, "Pages": testPages, "Query": testQuery, "Exchange": testExchange, "Together": testTogether,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&suite{t, fresh(t)})
		})
	}
}

var (
	author   = policy.Actor{ID: "staff-1", Role: "engineer"}
	releaser = policy.Actor{ID: "staff-2", Role: "officer"}
)

func (s *suite) no(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) code(err error, code colophon.Code) {
	s.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		s.Errorf("got %v, want %s", err, code)
	}
}

func (s *suite) keeper() *policy.Keeper {
	s.Helper()
	k, err := policy.NewKeeper(s.Context(), s.Store, s.Recorder)
	s.no(err)
	return k
}

func (s *suite) tick() { s.Set(s.Now().Add(time.Minute)) }

// Table is a small table: one row for drugs at level block, one for fraud not checked, one for everything else.
func Table(version string, drugs, unknown policy.Action) policy.Table {
	row := func(id, category, level string, a policy.Action) policy.Row {
		return policy.Row{ID: id, Category: category, Level: level, Surface: "*", Class: "*", Action: a, Reason: "for a test"}
	}
	return policy.Table{Version: version,
		Rows:  []policy.Row{row("drugs", "drugs", "block", drugs), row("unknown", "fraud", "unknown", unknown), row("rest", "*", "*", policy.Allow)},
		Cases: []policy.Case{{Name: "drugs", Facts: []policy.Fact{{Category: "drugs", Level: policy.LevelBlock, Surface: "input"}}, Want: drugs}}}
}

// release takes a table through its life.
func (s *suite) release(k *policy.Keeper, t policy.Table) {
	s.Helper()
	_, err := k.Propose(s.Context(), author, t, "it is time")
	s.no(err)
	_, err = k.Compare(s.Context(), releaser, t.Version, 7)
	s.no(err)
	_, err = k.Release(s.Context(), releaser, t.Version, "it is right")
	s.no(err)
	s.tick()
}

func testLife(s *suite) {
	ctx, k, other := s.Context(), s.keeper(), s.keeper()
	first := k.Current().Version()
	v, err := k.Propose(ctx, author, Table("v1", policy.Refuse, policy.Review), "drugs are refused")
	s.no(err)
	if v.Table.By != author.ID || !v.Table.Made.Equal(s.Now()) || v.Origin != "" || k.Current().Version() != first {
		s.Errorf("proposed %+v", v)
	}
	_, err = k.Propose(ctx, releaser, Table("v1", policy.Review, policy.Review), "again")
	s.code(err, policy.CodeVersionExists)
	_, err = k.Propose(ctx, releaser, Table(first, policy.Review, policy.Review), "under our name")
	s.code(err, policy.CodeTableInvalid)
	wrong := Table("v2", policy.Refuse, policy.Review)
	wrong.Cases[0].Want = policy.Allow
	_, err = k.Propose(ctx, author, wrong, "wrong")
	s.code(err, policy.CodeCaseFails)
	_, err = k.Propose(ctx, author, Table("v2", policy.Refuse, policy.Review), " ")
	s.code(err, policy.CodeTableInvalid)

	_, err = k.Release(ctx, releaser, "v1", "unseen")
	s.code(err, policy.CodeNotCompared)
	c, err := k.Compare(ctx, author, "v1", 30)
	s.no(err)
	if c.Against != first || !c.Whole || c.Judgements != 0 || c.To.Sub(c.From) != 30*24*time.Hour {
		s.Errorf("compared %+v", c)
	}
	_, err = k.Release(ctx, author, "v1", "my own")
	s.code(err, policy.CodeSamePerson)
	_, err = k.Release(ctx, releaser, "v9", "which?")
	s.code(err, policy.CodeVersionMissing)
	s.tick()
	r, err := k.Release(ctx, releaser, "v1", "seen and right")
	s.no(err)
	if r.Number != 1 || k.Current().Version() != "v1" || other.Current().Version() != first {
		s.Errorf("released %+v", r)
	}
	s.no(other.Refresh(ctx))
	if other.Current().Version() != "v1" || s.keeper().Current().Version() != "v1" {
		s.Error("another node has another table")
	}
	_, err = k.Release(ctx, releaser, "v1", "again")
	s.code(err, policy.CodeInForce)

	// A later table, then the first again: what it was compared with is no more in force.
	s.release(other, Table("v2", policy.Review, policy.Review))
	_, err = k.Release(ctx, releaser, "v1", "back")
	s.code(err, policy.CodeNotCompared)
	_, err = k.Compare(ctx, releaser, "v1", 1)
	s.no(err)
	_, err = k.Release(ctx, releaser, "v1", "back")
	s.no(err)
	s.history(k)
}

// history looks at what two releases of v1 and one of v2 left.
func (s *suite) history(k *policy.Keeper) {
	s.Helper()
	list, err := k.Versions(s.Context(), policy.VersionQuery{})
	s.no(err)
	if len(list) != 2 || list[0].Table.Version != "v2" || len(list[1].Releases) != 2 || list[1].Releases[1].Number != 3 ||
		list[1].Releases[1].By != releaser.ID || list[1].Comparison.Against != "v2" || list[1].Reason != "drugs are refused" || k.Current().Version() != "v1" {
		s.Errorf("the history is %+v", list)
	}
	var types []string
	for _, r := range s.Records() {
		types = append(types, string(r.Type))
		if r.Subject != evidence.System || !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS10}) {
			s.Errorf("%s is about %s under %v", r.Type, r.Subject, r.Clauses)
		}
	}
	want := "policy.proposed policy.compared policy.released policy.proposed policy.compared policy.released policy.compared policy.released"
	if got := strings.Join(types, " "); got != want {
		s.Errorf("records %s", got)
	}
	raw, err := s.Open(s.Records()[2])
	s.no(err)
	for _, part := range []string{`"version":"v1"`, `"by":"staff-2"`, `"reason":"seen and right"`, `"number":1`, `"against":"`, `"judgements":0`, fmt.Sprintf(`"digest":"%x"`, list[1].Digest)} {
		if !strings.Contains(string(raw), part) {
			s.Errorf("the record of the release lacks %s: %s", part, raw)
		}
	}
}

func (s *suite) record(typ evidence.Type) evidence.Record {
	s.Helper()
	r, err := s.Recorder.New(typ, evidence.System, "officer", nil, nil)
	s.no(err)
	return r
}

// testContract asks of the store itself what the keeper relies on. What fails leaves no record.
func testContract(s *suite) {
	ctx := s.Context()
	v := policy.Version{Table: Table("v1", policy.Refuse, policy.Review), Digest: [32]byte{1, 2}, Origin: "somebody", Reason: "why", By: "staff-1", At: s.Now()}
	s.no(s.Store.Add(ctx, s.record("a"), v))
	for i, err := range []error{
		s.Store.Add(ctx, s.record("a"), v),
		s.Store.Compared(ctx, s.record("a"), policy.Comparison{Version: "v9"}),
		s.Store.Release(ctx, s.record("a"), policy.Release{Number: 1, Version: "v9", At: s.Now()}),
		s.Store.Release(ctx, s.record("a"), policy.Release{Number: 2, Version: "v1", At: s.Now()}),
		s.Store.Release(ctx, s.record("a"), policy.Release{Version: "v1", At: s.Now()}),
	} {
		if want := []error{policy.ErrExists, policy.ErrMissing, policy.ErrMissing, policy.ErrChanged, policy.ErrChanged}[i]; !errors.Is(err, want) {
			s.Errorf("%d: %v, want %v", i, err, want)
		}
	}
	if n := len(s.Records()); n != 1 {
		s.Errorf("%d records", n)
	}
	list, err := s.Store.Versions(ctx, policy.VersionQuery{Version: "v1", Limit: 9})
	s.no(err)
	if diff := cmp.Diff([]policy.Version{v}, list); diff != "" {
		s.Error(diff)
	}
	if list, err := s.Store.Versions(ctx, policy.VersionQuery{InForce: true, Limit: 9}); err != nil || len(list) != 0 {
		s.Error(list, err)
	}
	if list, err := s.Store.Versions(ctx, policy.VersionQuery{Offered: true, Limit: 9}); err != nil || len(list) != 1 {
		s.Error(list, err)
	}
	c := policy.Comparison{Version: "v1", Against: "v0", By: "staff-3", At: s.Now(), From: s.Now(), To: s.Now(), Judgements: 3, Stricter: 1,
		Changes: []policy.Change{{Category: "drugs", From: policy.Allow, To: policy.Refuse, Count: 2}}}
	s.no(s.Store.Compared(ctx, s.record("a"), c))
	r := policy.Release{Number: 1, Version: "v1", By: "staff-2", At: s.Now()}
	s.no(s.Store.Release(ctx, s.record("a"), r))
	v.Comparison, v.Releases = &c, []policy.Release{r}
	if list, err := s.Store.Versions(ctx, policy.VersionQuery{Offered: true, Limit: 9}); err != nil || len(list) != 0 {
		s.Error(list, err)
	}
	list, err = s.Store.Versions(ctx, policy.VersionQuery{InForce: true, Limit: 9})
	s.no(err)
	if diff := cmp.Diff([]policy.Version{v}, list); diff != "" {
		s.Error(diff)
	}
}

// judge commits a judgement.
func (s *suite) judge(at time.Time, j policy.Judged) policy.Judged {
	s.Helper()
	if j.Subject == "" {
		j.Subject = "acc-1"
	}
	rec, err := s.Recorder.New("screen.judged", j.Subject, "system", []colophon.Clause{colophon.ClauseDS10}, nil)
	s.no(err)
	j.ID, j.At = rec.ID, at
	s.no(s.Judged(s.Context(), rec, j))
	return j
}

func fact(category string, level policy.Level) policy.Fact {
	return policy.Fact{Category: category, Level: level, Surface: "output", Class: "verified", Check: "keyword", How: "plain", Runes: 4, Score: 0.25, Distance: 7}
}

// testCompare compares a table that refuses drugs and checks fraud with one that does neither.
func testCompare(s *suite) {
	ctx, k := s.Context(), s.keeper()
	s.release(k, Table("v1", policy.Refuse, policy.Allow))
	now := s.Now()
	drugs, fraud, note := fact("drugs", policy.LevelBlock), fact("fraud", policy.LevelUnknown), fact("drugs", policy.LevelNote)
	first := s.judge(now.Add(-time.Hour), policy.Judged{Facts: []policy.Fact{drugs, drugs, note}})
	s.judge(now.Add(-2*time.Hour), policy.Judged{Facts: []policy.Fact{fraud}})
	s.judge(now.Add(-3*time.Hour), policy.Judged{Facts: []policy.Fact{fraud, drugs}})
	s.judge(now.Add(-4*time.Hour), policy.Judged{Facts: []policy.Fact{note}})
	s.judge(now.Add(-5*time.Hour), policy.Judged{})
	s.judge(now.AddDate(0, 0, -8), policy.Judged{Facts: []policy.Fact{drugs}})
	s.judge(now, policy.Judged{Facts: []policy.Fact{drugs}})

	_, err := k.Propose(ctx, author, Table("v2", policy.Label, policy.Review), "the other way round")
	s.no(err)
	c, err := k.Compare(ctx, releaser, "v2", 7)
	s.no(err)
	if c.Judgements != 4 || !c.Whole || c.Stricter != 1 || c.Milder != 2 {
		s.Errorf("compared %+v", c)
	}
	for i := range c.Changes {
		if c.Changes[i].Category == "drugs" && (len(c.Changes[i].Examples) != 2 || c.Changes[i].Examples[0] != first.ID) {
			s.Errorf("examples %v", c.Changes[i].Examples)
		}
		c.Changes[i].Examples = nil
	}
	if diff := cmp.Diff([]policy.Change{
		{From: policy.Allow, To: policy.Review, Count: 1},
		{From: policy.Refuse, To: policy.Label, Count: 1},
		{From: policy.Refuse, To: policy.Review, Count: 1},
		{Category: "drugs", From: policy.Refuse, To: policy.Label, Count: 2},
		{Category: "fraud", From: policy.Allow, To: policy.Review, Count: 2},
	}, c.Changes); diff != "" {
		s.Error(diff)
	}
	v, err := k.Version(ctx, "v2")
	s.no(err)
	if diff := cmp.Diff(&c, v.Comparison); diff != "" {
		s.Error(diff)
	}
	raw, err := s.Open(s.Records()[len(s.Records())-1])
	s.no(err)
	if !strings.Contains(string(raw), `"category":"fraud","count":2`) || strings.Contains(string(raw), first.ID) {
		s.Errorf("the record of the comparison says %s", raw)
	}
	for _, days := range []int{0, -1, policy.MaxDays + 1} {
		_, err = k.Compare(ctx, releaser, "v2", days)
		s.code(err, policy.CodeTableInvalid)
	}
}

// testPages has more judgements than a page holds, some at the same time.
func testPages(s *suite) {
	ctx, k, n := s.Context(), s.keeper(), 2*policy.MaxPage+7
	now := s.Now()
	s.tick()
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := w; i < n; i += 64 {
				rec, err := s.Recorder.New("screen.judged", "acc-1", "system", nil, nil)
				if err == nil {
					err = s.Judged(ctx, rec, policy.Judged{ID: rec.ID, At: now.Add(-time.Duration(i/10) * time.Second), Subject: "acc-1", Facts: []policy.Fact{fact("drugs", policy.LevelBlock)}})
				}
				if err != nil {
					s.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, category := range []string{"", "drugs"} {
		clear(seen)
		for q := (policy.PastQuery{Category: category, Limit: 999}); ; {
			page, err := k.Past(ctx, q)
			s.no(err)
			for i, j := range page {
				seen[j.ID] = true
				if i > 0 && j.At.After(page[i-1].At) {
					s.Fatal("out of order")
				}
			}
			if len(page) < 999 {
				break
			}
			cursor := policy.Place{At: page[998].At, Name: page[998].ID}.String()
			q.After, err = policy.ParsePlace(cursor)
			s.no(err)
		}
		if len(seen) != n {
			s.Errorf("%q: %d of %d", category, len(seen), n)
		}
	}
	_, err := k.Propose(ctx, author, Table("v1", policy.Label, policy.Review), "for a comparison")
	s.no(err)
	c, err := k.Compare(ctx, releaser, "v1", 1)
	s.no(err)
	if c.Judgements != n || !c.Whole || c.Milder != n || c.Changes[0].Count != n {
		s.Errorf("compared %+v", c)
	}
}

func testQuery(s *suite) {
	ctx, now := s.Context(), s.Now()
	a := s.judge(now.Add(-3*time.Hour), policy.Judged{Subject: "acc-1", Surface: "input", Class: "verified", Function: "chat", Action: policy.Refuse, Verdict: colophon.Failed,
		Policy: "v1", Library: "7-abc", Facts: []policy.Fact{fact("drugs", policy.LevelBlock), fact("drugs", policy.LevelNote), fact("fraud", policy.LevelUnknown)}})
	b := s.judge(now.Add(-2*time.Hour), policy.Judged{Subject: "acc-2", Surface: "output", Action: policy.Allow, Verdict: colophon.Passed, Policy: "v1", Library: "7-abc"})
	c := s.judge(now.Add(-time.Hour), policy.Judged{Subject: "acc-1", Surface: "upload", Action: policy.Allow, Verdict: colophon.Unknown, Policy: "v2", Library: "8-abc",
		Facts: []policy.Fact{fact("fraud", policy.LevelUnknown), fact("gambling", policy.LevelNote)}})
	for name, test := range map[string]struct {
		q    policy.PastQuery
		want []policy.Judged
	}{
		"all":              {policy.PastQuery{}, []policy.Judged{c, b, a}},
		"one":              {policy.PastQuery{ID: b.ID}, []policy.Judged{b}},
		"from":             {policy.PastQuery{From: b.At}, []policy.Judged{c, b}},
		"to":               {policy.PastQuery{To: b.At}, []policy.Judged{a}},
		"action":           {policy.PastQuery{Action: policy.Refuse}, []policy.Judged{a}},
		"allowed":          {policy.PastQuery{Action: policy.Allow}, []policy.Judged{c, b}},
		"category":         {policy.PastQuery{Category: "drugs"}, []policy.Judged{a}},
		"unchecked":        {policy.PastQuery{Category: "fraud"}, nil},
		"untold":           {policy.PastQuery{Verdicts: []colophon.Verdict{colophon.Unknown}}, []policy.Judged{c}},
		"told":             {policy.PastQuery{Verdicts: []colophon.Verdict{colophon.Passed, colophon.Failed}}, []policy.Judged{b, a}},
		"surface":          {policy.PastQuery{Surface: "output"}, []policy.Judged{b}},
		"subject":          {policy.PastQuery{Subject: "acc-1"}, []policy.Judged{c, a}},
		"facts":            {policy.PastQuery{WithFacts: true}, []policy.Judged{c, a}},
		"after":            {policy.PastQuery{After: policy.Place{At: c.At, Name: c.ID}}, []policy.Judged{b, a}},
		"several":          {policy.PastQuery{Subject: "acc-1", Category: "gambling", From: a.At, To: now, Action: policy.Allow}, []policy.Judged{c}},
		"category of time": {policy.PastQuery{Category: "drugs", From: b.At}, nil},
	} {
		test.q.Limit = 50
		got, err := s.Store.Past(ctx, test.q)
		s.no(err)
		if diff := cmp.Diff(test.want, got); diff != "" {
			s.Errorf("%s: %s", name, diff)
		}
	}
	if got, err := s.Store.Past(ctx, policy.PastQuery{Limit: 2}); err != nil || len(got) != 2 {
		s.Error(got, err)
	}
}

func testExchange(s *suite) {
	ctx, k := s.Context(), s.keeper()
	signer, verifier := keys(s, "there", 1)
	_, stranger := keys(s, "there", 2)
	t := Table("theirs-3", policy.Refuse, policy.Review)
	t.By, t.Made = "staff-9", s.Now().Add(-time.Hour)
	file, err := policy.Export(t, signer)
	s.no(err)
	_, err = k.Import(ctx, author, file, "from there", stranger)
	s.code(err, policy.CodeUntrusted)
	_, err = k.Import(ctx, author, file, "from there")
	s.code(err, policy.CodeUntrusted)
	_, err = k.Import(ctx, author, []byte(strings.Replace(string(file), "refuse", "allow", 1)), "from there", verifier)
	s.code(err, policy.CodeUntrusted)
	other, err := note.Sign(&note.Note{Text: "something else\n"}, signer)
	s.no(err)
	_, err = k.Import(ctx, author, other, "from there", verifier)
	s.code(err, policy.CodeFileInvalid)
	v, err := k.Import(ctx, author, file, "from there", verifier)
	s.no(err)
	stored, err := k.Version(ctx, "theirs-3")
	s.no(err)
	if diff := cmp.Diff(v, stored); diff != "" || v.Origin != "there" || v.By != author.ID {
		s.Error(diff, v)
	}
	if diff := cmp.Diff(t, stored.Table); diff != "" {
		s.Error(diff)
	}
	again, err := policy.Export(stored.Table, signer)
	s.no(err)
	if string(again) != string(file) {
		s.Error("what was imported is exported otherwise")
	}
}

// testTogether has two nodes release two tables at once: one of them comes first, and the other hears of it.
func testTogether(s *suite) {
	ctx := s.Context()
	nodes := []*policy.Keeper{s.keeper(), s.keeper()}
	for i, k := range nodes {
		version := fmt.Sprint("v", i)
		_, err := k.Propose(ctx, author, Table(version, policy.Refuse, policy.Review), "at once")
		s.no(err)
		_, err = k.Compare(ctx, author, version, 1)
		s.no(err)
	}
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, k := range nodes {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, errs[i] = k.Release(ctx, releaser, fmt.Sprint("v", i), "at once")
		}()
	}
	wg.Wait()
	won := slices.Index(errs, nil)
	if won < 0 || errs[1-won] == nil {
		s.Fatalf("both or none: %v", errs)
	}
	var e *colophon.Error
	if !errors.As(errs[1-won], &e) || e.Code != policy.CodeChanged && e.Code != policy.CodeNotCompared {
		s.Error(errs[1-won])
	}
	for _, k := range nodes {
		s.no(k.Refresh(ctx))
		if k.Current().Version() != fmt.Sprint("v", won) {
			s.Errorf("%s is in force", k.Current().Version())
		}
	}
}

func keys(s *suite, name string, seed byte) (note.Signer, note.Verifier) {
	s.Helper()
	key := ed25519.NewKeyFromSeed(slices.Repeat([]byte{seed}, ed25519.SeedSize))
	signer, err := evidence.NewNoteSigner(name, key, nil)
	s.no(err)
	verifier, err := evidence.NewNoteVerifier(name, key.Public())
	s.no(err)
	return signer, verifier
}
