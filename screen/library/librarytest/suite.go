// Package librarytest proves an implementation of [library.Store] and [library.SampleStore]: each rule of the contracts has
// a test here, and the curator is taken through the entry procedure on it. [Memory] is the implementation of the tests.
//
// What not to do here: no test of how a store keeps what it keeps.
package librarytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// Bench is an empty store with what a test needs around it.
type Bench struct {
	Store interface {
		library.Store
		library.SampleStore
	}
	Recorder *evidence.Recorder
	Keys     library.Unsealer
	// Set sets the clock of the recorder.
	Set func(time.Time)
	// Records returns the records that were committed, in order.
	Records func() []evidence.Record
	// Open returns the payload of a record.
	Open func(evidence.Record) ([]byte, error)
}

type suite struct {
	*testing.T
	Bench
	ctx context.Context
	k   *library.Curator
}

// Run runs the suite. Each call of open MUST return an empty store whose clock stands.
func Run(t *testing.T, open func(*testing.T) Bench) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"Propose", (*suite).propose}, {"Find", (*suite).find}, {"Pages", (*suite).pages}, {"Move", (*suite).move}, {"Versions", (*suite).versions},
		{"Samples", (*suite).samples}, {"Life", (*suite).life}, {"Steps", (*suite).steps}, {"Selections", (*suite).selections}, {"Replay", (*suite).replay},
		{"Nodes", (*suite).nodes}, {"Shelf", (*suite).shelf}, {"Race", (*suite).race}, {"Forms", (*suite).forms},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			b.Set(start())
			s := &suite{t, b, t.Context(), nil}
			s.k = s.curator()
			test.run(s)
		})
	}
}

func start() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 123e6, time.UTC) }

var (
	proposer = library.Actor{ID: "staff-1", Role: "reviewer"}
	reviewer = library.Actor{ID: "staff-2", Role: "officer"}
)

func (s *suite) curator() *library.Curator {
	s.Helper()
	k, err := library.New(s.ctx, library.Config{Store: s.Store, Samples: s.Store, Recorder: s.Recorder, Keys: s.Keys})
	s.no(err)
	return k
}

func (s *suite) no(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) code(err error, want colophon.Code) {
	s.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != want {
		s.Errorf("got %v, want %s", err, want)
	}
}

func (s *suite) same(what string, got, want any) {
	s.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func (s *suite) record() evidence.Record {
	s.Helper()
	r, err := s.Recorder.New("library.tested", evidence.System, "system", nil, 1)
	s.no(err)
	return r
}

// word is a keyword.
func word(id, value string) library.Feature {
	return library.Feature{ID: id, Kind: library.Keyword, Value: value, Category: "fraud", Level: keyword.Block, Language: "zh", Standard: "a word of the trade", Reason: "seen in reports"}
}

// put stores features as one batch, as they are.
func (s *suite) put(batch string, list ...library.Feature) []library.Feature {
	s.Helper()
	for i := range list {
		list[i].Course = library.Course{State: library.Proposed, Batch: batch, Proposer: "staff-1", Proposed: start(), Changed: start()}
	}
	s.no(s.Store.Propose(s.ctx, s.record(), []string{"batch/" + batch}, library.Batch{ID: batch, Proposer: "staff-1", Proposed: start(), Origin: "list.csv", Digest: library.Sum{1}, Count: len(list)}, list))
	return list
}

func (s *suite) list(q library.Query) []library.Feature {
	s.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	list, err := s.Store.Features(s.ctx, q)
	s.no(err)
	return list
}

func (s *suite) ids(q library.Query) []string {
	s.Helper()
	var ids []string
	for _, f := range s.list(q) {
		ids = append(ids, f.ID)
	}
	return ids
}

func (s *suite) propose() {
	full := library.Feature{ID: "person-1", Kind: library.Person, Value: "某甲", Aliases: []string{"甲先生", "Mr. A"}, Category: "impersonation", Level: keyword.Review, Language: "zh-CN", Source: "list of 2026",
		From: start().Truncate(24 * time.Hour), Until: start().AddDate(1, 0, 0).Truncate(24 * time.Hour), Anywhere: true, Standard: "asked for", Reason: "by \"request\""}
	list := s.put("b-1", full, word("w-1", "代开发票"))
	s.same("features", s.list(library.Query{}), list)
	batches, err := s.Store.Batches(s.ctx, library.BatchQuery{Limit: 9})
	s.no(err)
	s.same("batches", batches, []library.Batch{{ID: "b-1", Proposer: "staff-1", Proposed: start(), Origin: "list.csv", Digest: library.Sum{1}, Count: 2, States: map[library.State]int{library.Proposed: 2}}})
	got := s.list(library.Query{IDs: []string{"person-1"}})
	got[0].Aliases[0] = "other"
	s.same("feature after the caller wrote into it", s.list(library.Query{IDs: []string{"person-1"}}), list[:1])
	before := len(s.Records())
	for _, twice := range []library.Feature{word("w-1", "刷单"), word("w-2", "代开发票")} {
		other := word("w-9", "裸聊")
		err := s.Store.Propose(s.ctx, s.record(), nil, library.Batch{ID: "b-2", Proposed: start()}, []library.Feature{other, twice})
		var there *library.ExistsError
		if !errors.Is(err, library.ErrExists) || !errors.As(err, &there) || there.ID != "w-1" {
			s.Error(err)
		}
	}
	if len(s.Records()) != before || len(s.list(library.Query{})) != 2 {
		s.Error("a refused change left something")
	}
}

func (s *suite) find() {
	s.put("b-1", word("a", "代开发票"), word("b", "100% WIN_now"), word("c", `a\b`))
	rule := word("d", "出售 & 枪支")
	rule.Kind, rule.Category = library.Rule, "weapons"
	s.put("b-2", rule, word("e", "ÉＡ"))
	for want, q := range map[string]library.Query{
		"a b c": {Batch: "b-1"}, "d": {Kind: library.Rule}, "b": {Contains: "win_N"}, "c": {Contains: `\`}, "": {Contains: "1_0"}, "a": {Contains: "开发"}, "a d": {IDs: []string{"d", "a", "x"}},
		"e": {Contains: "ÉＡ"}, "a b c d e": {State: library.Proposed}, " ": {State: library.Active}, "d ": {Category: "weapons", Batch: "b-2"},
	} {
		s.same(want, s.ids(q), strings.Fields(want))
	}
	for want, q := range map[string]library.BatchQuery{"b-2 b-1": {}, "b-1": {Below: "b-2"}, "b-2": {ID: "b-2"}, "": {States: []library.State{library.Active}}, "b-2 b-1 ": {States: []library.State{library.Active, library.Proposed}}} {
		q.Limit = 9
		list, err := s.Store.Batches(s.ctx, q)
		s.no(err)
		var ids []string
		for _, b := range list {
			ids = append(ids, b.ID)
		}
		s.same("batches", ids, strings.Fields(want))
	}
}

func (s *suite) pages() {
	var list []library.Feature
	for i := range 250 {
		list = append(list, word(fmt.Sprintf("w%03d", i), fmt.Sprintf("词语%03d", i)))
	}
	s.put("b", list...)
	var got []string
	after := ""
	for {
		page := s.ids(library.Query{After: after, Limit: 60})
		if len(page) == 0 {
			break
		}
		got, after = append(got, page...), page[len(page)-1]
	}
	if len(got) != 250 || !slices.IsSorted(got) {
		s.Error(len(got))
	}
}

func (s *suite) move() {
	s.put("b", word("a", "代开发票"), word("b", "刷单返利"), word("c", "裸聊"))
	before := len(s.Records())
	at := start().Add(time.Second)
	for _, m := range []library.Move{
		{Batch: "b", From: []library.State{library.Proposed}, To: library.Reviewed, Count: 2, At: at},
		{IDs: []string{"a", "x"}, From: []library.State{library.Proposed}, To: library.Reviewed, Count: 2, At: at},
		{IDs: []string{"a"}, From: []library.State{library.Reviewed, library.Replayed}, To: library.Rejected, Count: 1, At: at},
		{IDs: []string{"a"}, From: []library.State{library.Proposed}, To: library.Active, Count: 1, At: at, Version: &library.Version{Number: 2, At: at}},
	} {
		if err := s.Store.Move(s.ctx, s.record(), nil, m); !errors.Is(err, library.ErrChanged) {
			s.Error(m, err)
		}
	}
	if len(s.Records()) != before || len(s.ids(library.Query{State: library.Proposed})) != 3 {
		s.Error("a refused change left something")
	}
	s.no(s.Store.Move(s.ctx, s.record(), nil, library.Move{IDs: []string{"a", "b"}, From: []library.State{library.Proposed}, To: library.Reviewed, Count: 2, Reviewer: "staff-2", At: at}))
	got := s.list(library.Query{IDs: []string{"b"}})[0]
	if got.State != library.Reviewed || got.Reviewer != "staff-2" || !got.Changed.Equal(at) {
		s.Errorf("%+v", got)
	}
	s.no(s.Store.Move(s.ctx, s.record(), nil, library.Move{Batch: "b", From: []library.State{library.Proposed, library.Reviewed}, To: library.Rejected, Count: 3, At: at}))
	if got := s.list(library.Query{IDs: []string{"b"}})[0]; got.Reviewer != "staff-2" {
		s.Error("the reviewer was forgotten")
	}
	s.put("again", word("a2", "代开发票")) // what is rejected may be proposed again under another identifier
}

func (s *suite) versions() {
	if list, err := s.Store.Versions(s.ctx, 0, 9); err != nil || len(list) != 0 {
		s.Fatal(list, err)
	}
	s.put("b", word("a", "代开发票"), word("b", "刷单返利"))
	v := func(n int64) *library.Version {
		return &library.Version{Number: n, Digest: library.Sum{byte(n)}, Count: int(n), At: start()}
	}
	go1 := []library.State{library.Proposed}
	s.no(s.Store.Move(s.ctx, s.record(), nil, library.Move{IDs: []string{"a"}, From: go1, To: library.Active, Count: 1, At: start(), Version: v(1)}))
	s.no(s.Store.Move(s.ctx, s.record(), nil, library.Move{IDs: []string{"b"}, From: go1, To: library.Active, Count: 1, At: start(), Version: v(2)}))
	s.no(s.Store.Move(s.ctx, s.record(), nil, library.Move{IDs: []string{"a"}, From: []library.State{library.Active}, To: library.Retired, Count: 1, At: start(), Version: v(3)}))
	for at, want := range []string{"a b", "a", "a b", "b"} {
		s.same(fmt.Sprint("version ", at), s.ids(library.Query{At: int64(at)}), strings.Fields(want))
	}
	list, err := s.Store.Versions(s.ctx, 3, 9)
	s.no(err)
	s.same("versions", list, []library.Version{*v(2), *v(1)})
	list, err = s.Store.Versions(s.ctx, 0, 1)
	s.no(err)
	s.same("latest", list, []library.Version{*v(3)})
}

func (s *suite) samples() {
	ids, err := s.k.AddSamples(s.ctx, proposer, []library.Specimen{
		{Text: "有人代开发票吗", Origin: "test", Until: start().Add(time.Hour)}, {Text: "another", Subject: "acc-1", Origin: "test", Until: start().Add(2 * time.Hour)},
	})
	s.no(err)
	list, err := s.k.ListSamples(s.ctx, "", 9)
	s.no(err)
	if len(list) != 2 || list[0].ID != ids[0] || list[0].Subject != evidence.System || list[1].Subject != "acc-1" || !list[0].Until.Equal(start().Add(time.Hour)) {
		s.Fatalf("%+v", list)
	}
	for _, x := range list {
		if strings.Contains(string(x.Text.Box), "another") || len(x.Text.Box) == 0 || x.Text.Key.Wrapped == nil {
			s.Errorf("%+v", x)
		}
	}
	for _, r := range s.Records() {
		text, err := s.Open(r)
		s.no(err)
		if strings.Contains(string(text), "发票") {
			s.Error("a record has the text of a sample")
		}
	}
	if list, err = s.k.ListSamples(s.ctx, ids[0], 9); err != nil || len(list) != 1 {
		s.Error(list, err)
	}
	s.code(s.k.RemoveSamples(s.ctx, proposer, []string{ids[1], "nothing"}, "why"), library.CodeChanged)
	s.code(s.k.RemoveSamples(s.ctx, proposer, ids[1:], " "), library.CodeReason)
	s.Set(start().Add(time.Hour))
	if list, err = s.k.ListSamples(s.ctx, "", 9); err != nil || len(list) != 1 || list[0].ID != ids[1] {
		s.Error(list, err)
	}
	for _, want := range []int{1, 0} {
		if n, err := s.k.ExpireSamples(s.ctx); n != want || err != nil {
			s.Error(n, err)
		}
	}
	s.no(s.k.RemoveSamples(s.ctx, proposer, ids[1:], "no use"))
	if list, err = s.Store.Samples(s.ctx, library.SampleQuery{Limit: 9}); err != nil || len(list) != 0 {
		s.Error(list, err)
	}
	s.types("library.sampled", "library.sample-removed", "library.sample-removed")
}
