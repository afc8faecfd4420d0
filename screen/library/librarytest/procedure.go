package librarytest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// types compares the types of the records that the curator left.
func (s *suite) types(want ...string) {
	s.Helper()
	var got []string
	for _, r := range s.Records() {
		if r.Type != "library.tested" {
			got = append(got, string(r.Type))
		}
		if r.Subject != evidence.System {
			s.Errorf("a record is about %s", r.Subject)
		}
	}
	s.same("records", got, want)
}

// active takes features all the way and returns their batch.
func (s *suite) active(list ...library.Feature) string {
	s.Helper()
	b, err := s.k.Propose(s.ctx, proposer, "test", list)
	s.no(err)
	sel := library.Selection{Batch: b.ID}
	_, err = s.k.Review(s.ctx, reviewer, sel)
	s.no(err)
	_, err = s.k.Replay(s.ctx, reviewer, sel, "there are no samples yet")
	s.no(err)
	_, err = s.k.Activate(s.ctx, proposer, sel)
	s.no(err)
	return b.ID
}

func (s *suite) hits(k *library.Curator, text string) []string {
	var ids []string
	for _, h := range k.Current().Scan(text, start()) {
		ids = append(ids, h.Feature)
	}
	return ids
}

// life takes a batch from its proposal to its retirement, and compares what is in force and what was recorded.
func (s *suite) life() {
	list := []library.Feature{word("a", "代开发票"), word("b", "刷单返利")}
	list[1].Category = "fake-news"
	b, err := s.k.Propose(s.ctx, proposer, "list.csv", list)
	s.no(err)
	sel := library.Selection{Batch: b.ID}
	_, err = s.k.Review(s.ctx, proposer, sel)
	s.code(err, library.CodeSelf)
	_, err = s.k.Review(s.ctx, library.System(), sel)
	s.code(err, library.CodeActor)
	_, err = s.k.Activate(s.ctx, reviewer, sel)
	s.code(err, library.CodeStep)
	if n, err := s.k.Review(s.ctx, reviewer, sel); n != 2 || err != nil {
		s.Fatal(n, err)
	}
	_, err = s.k.Replay(s.ctx, reviewer, sel, "")
	s.code(err, library.CodeNoSamples)
	r, err := s.k.Replay(s.ctx, reviewer, sel, "there are none")
	s.no(err)
	if r.Verdict != colophon.Unknown {
		s.Error("a replay over nothing passed")
	}
	s.same("before", s.hits(s.k, "刷单返利和代开发票"), []string{})
	v, err := s.k.Activate(s.ctx, proposer, sel)
	s.no(err)
	if v.Number != 1 || v.Count != 2 || s.k.Current().Version() != v || v.Digest != b.Digest {
		s.Errorf("%+v %+v", v, s.k.Current().Version())
	}
	s.same("in force", s.hits(s.k, "刷单返利和代开发票"), []string{"b", "a"})
	_, err = s.k.Retire(s.ctx, reviewer, library.Selection{IDs: []string{"b"}}, "")
	s.code(err, library.CodeReason)
	v2, err := s.k.Retire(s.ctx, reviewer, library.Selection{IDs: []string{"b"}}, "too many false hits")
	s.no(err)
	s.same("after", s.hits(s.k, "刷单返利和代开发票"), []string{"a"})
	if v2.Number != 2 || v2.Count != 1 || v2.Digest == v.Digest {
		s.Errorf("%+v", v2)
	}
	was, features, err := s.k.At(s.ctx, 1)
	if err != nil || was != v || len(features) != 2 {
		s.Error(was, features, err)
	}
	s.types("library.proposed", "library.reviewed", "library.replayed", "library.activated", "library.retired")
	s.payloads(b, v2)
}

func (s *suite) payloads(b library.Batch, last library.Version) {
	var texts []string
	for _, r := range s.Records() {
		text, err := s.Open(r)
		s.no(err)
		texts = append(texts, string(text))
		want := []colophon.Clause{colophon.ClauseDS10}
		if r.Type == library.RecordProposed || r.Type == library.RecordRetired {
			want = append(want, colophon.ClauseDS6)
		}
		if !slices.Equal(r.Clauses, want) {
			s.Error(r.Type, r.Clauses)
		}
	}
	for i, want := range [][]string{
		{`"by":"staff-1"`, `"digest":"` + b.Digest.String(), `"origin":"list.csv"`, `"count":2`}, {`"by":"staff-2"`, `"batch":"` + b.ID}, {`"reason":"there are none"`, `"verdict":"could-not-tell"`},
		{`"version":1`}, {`"ids":["b"]`, `"reason":"too many false hits"`, `"version":2`, `"library":"` + last.Digest.String()},
	} {
		for _, part := range want {
			if !strings.Contains(texts[i], part) {
				s.Errorf("%s lacks %s", texts[i], part)
			}
		}
	}
	if r := s.Records()[1]; r.Role != "officer" {
		s.Error(r.Role)
	}
}

// steps tries each act in each state against the table.
func (s *suite) steps() {
	act := func(sel library.Selection, to library.State) (err error) {
		switch to {
		case library.Reviewed:
			_, err = s.k.Review(s.ctx, reviewer, sel)
		case library.Replayed:
			_, err = s.k.Replay(s.ctx, proposer, sel, "none yet")
		case library.Active:
			_, err = s.k.Activate(s.ctx, proposer, sel)
		case library.Retired:
			_, err = s.k.Retire(s.ctx, proposer, sel, "why")
		case library.Rejected:
			_, err = s.k.Reject(s.ctx, proposer, sel, "why")
		}
		return err
	}
	reach := map[library.State][]library.State{
		library.Proposed: nil, library.Reviewed: {library.Reviewed}, library.Replayed: {library.Reviewed, library.Replayed}, library.Active: {library.Reviewed, library.Replayed, library.Active},
		library.Retired: {library.Reviewed, library.Replayed, library.Active, library.Retired}, library.Rejected: {library.Rejected},
	}
	allowed := 0
	for i, from := range library.States() {
		for j, to := range library.States()[1:] {
			id := fmt.Sprintf("%s-%s", from, to)
			b, err := s.k.Propose(s.ctx, proposer, "test", []library.Feature{word(id, fmt.Sprintf("%c%c很特别的词", rune('甲')+rune(i*97), rune('乙')+rune(j*89)))})
			s.no(err)
			sel := library.Selection{Batch: b.ID}
			if j%2 == 0 {
				sel = library.Selection{IDs: []string{id}}
			}
			for _, x := range reach[from] {
				s.no(act(sel, x))
			}
			want := from
			if err := act(sel, to); from.May(to) {
				allowed++
				s.no(err)
				want = to
			} else {
				s.code(err, library.CodeStep)
			}
			if got := s.list(library.Query{IDs: []string{id}})[0].State; got != want {
				s.Errorf("%s to %s ended as %s", from, to, got)
			}
		}
	}
	if allowed != 8 {
		s.Errorf("%d steps are allowed", allowed)
	}
}

func (s *suite) selections() {
	b, err := s.k.Propose(s.ctx, proposer, "", []library.Feature{word("a", "代开发票"), word("b", "刷单返利"), word("c", "裸聊敲诈")})
	s.no(err)
	if n, err := s.k.Reject(s.ctx, reviewer, library.Selection{IDs: []string{"b"}}, "an ordinary word"); n != 1 || err != nil {
		s.Fatal(n, err)
	}
	if n, err := s.k.Review(s.ctx, reviewer, library.Selection{Batch: b.ID}); n != 2 || err != nil { // the rest of the batch
		s.Fatal(n, err)
	}
	_, err = s.k.Review(s.ctx, reviewer, library.Selection{IDs: []string{"a", "b"}})
	s.code(err, library.CodeStep)
	for _, sel := range []library.Selection{{Batch: "nothing"}, {IDs: []string{"a", "nothing"}}} {
		_, err = s.k.Reject(s.ctx, reviewer, sel, "why")
		s.code(err, library.CodeMissing)
	}
	for _, sel := range []library.Selection{{}, {Batch: b.ID, IDs: []string{"a"}}} {
		_, err = s.k.Reject(s.ctx, reviewer, sel, "why")
		s.code(err, library.CodeNothing)
	}
	other, err := s.k.Propose(s.ctx, reviewer, "", []library.Feature{word("d", "网络博彩")})
	s.no(err)
	_, err = s.k.Review(s.ctx, reviewer, library.Selection{IDs: []string{"d"}})
	s.code(err, library.CodeSelf)
	_, err = s.k.Review(s.ctx, proposer, library.Selection{Batch: other.ID})
	s.no(err)
	// Two batches in one act, by identifier.
	_, err = s.k.Replay(s.ctx, proposer, library.Selection{IDs: []string{"a", "d"}}, "none yet")
	s.no(err)
	v, err := s.k.Activate(s.ctx, proposer, library.Selection{IDs: []string{"d", "a", "a"}})
	if err != nil || v.Count != 2 {
		s.Fatal(v, err)
	}
	records := s.Records()
	text, err := s.Open(records[len(records)-1])
	if err != nil || !strings.Contains(string(text), `"ids":["a","d"]`) {
		s.Error(string(text), err)
	}
	_, err = s.k.Propose(s.ctx, proposer, "", []library.Feature{word("e", "代开发票")})
	s.code(err, library.CodeExists)
}

func (s *suite) replay() {
	s.active(word("bank", "冒充银行客服"))
	ids, err := s.k.AddSamples(s.ctx, proposer, []library.Specimen{
		{Text: "路口交通拥堵，请绕行", Origin: "good", Until: start().Add(time.Hour)},
		{Text: "有人冒 充 银 行 客 服 打电话", Origin: "bad", Until: start().Add(time.Hour)},
		{Text: "天气很好", Origin: "good", Until: start().Add(time.Hour)},
		{Text: "谨防冒充银行客服诈骗", Origin: "good", Until: start().Add(time.Hour)},
	})
	s.no(err)
	allow, traffic, hash := word("allow", "谨防冒充银行客服"), word("traffic", "路口交通"), word("sum", strings.Repeat("ab", 32))
	allow.Level, hash.Kind = keyword.Allow, library.Digest
	b, err := s.k.Propose(s.ctx, proposer, "", []library.Feature{allow, traffic, hash})
	s.no(err)
	sel := library.Selection{Batch: b.ID}
	_, err = s.k.Review(s.ctx, reviewer, sel)
	s.no(err)
	r, err := s.k.Replay(s.ctx, reviewer, sel, "")
	s.no(err)
	s.same("report", r, library.Report{Verdict: colophon.Unknown, Samples: 4, Untried: 1, Gains: 1, Losses: 1, Gaining: ids[:1], Losing: ids[3:],
		Features: []library.Effect{{Feature: "bank", Losses: 1}, {Feature: "traffic", Gains: 1}}})
	records := s.Records()
	text, err := s.Open(records[len(records)-1])
	s.no(err)
	if !strings.Contains(string(text), ids[0]) || strings.Contains(string(text), "路口") {
		s.Error(string(text))
	}
	_, err = s.k.Activate(s.ctx, reviewer, sel)
	s.no(err)
	before := len(s.Records())
	r, err = s.k.Rehearse(s.ctx, reviewer, library.Selection{IDs: []string{"bank"}})
	if err != nil || r.Losses != 1 || !slices.Equal(r.Losing, ids[1:2]) || len(s.Records()) != before {
		s.Error(r, err)
	}
}

// nodes has two curators on one store.
func (s *suite) nodes() {
	other := s.curator()
	if done, err := other.Refresh(s.ctx); done || err != nil {
		s.Fatal(done, err)
	}
	set := other.Current()
	s.active(word("a", "代开发票"))
	if len(s.hits(other, "代开发票")) != 0 {
		s.Error("a version came without being asked for")
	}
	done, err := other.Refresh(s.ctx)
	if err != nil || !done || other.Current().Version() != s.k.Current().Version() {
		s.Fatal(done, err, other.Current().Version())
	}
	if len(set.Scan("代开发票", start())) != 0 {
		s.Error("a set changed while it was in use")
	}
	s.same("elsewhere", s.hits(other, "代开发票"), []string{"a"})
	if later := s.curator(); later.Current().Version() != s.k.Current().Version() {
		s.Error("a new node has another version")
	}
	// Each node takes what the other did into its next version.
	s.k = other
	s.active(word("b", "刷单返利"))
	s.same("both", s.hits(s.k, "刷单返利，代开发票"), []string{"b", "a"})
}

// race has many acts on one library at once. Each version has what the one before it had, and one more.
func (s *suite) race() {
	var wg sync.WaitGroup
	var batches []string
	for i := range 6 {
		b, err := s.k.Propose(s.ctx, proposer, "", []library.Feature{word(fmt.Sprint("w", i), fmt.Sprintf("%c字很特别的词", rune('甲'+i*97)))})
		s.no(err)
		_, err = s.k.Review(s.ctx, reviewer, library.Selection{Batch: b.ID})
		s.no(err)
		_, err = s.k.Replay(s.ctx, reviewer, library.Selection{Batch: b.ID}, "none")
		s.no(err)
		batches = append(batches, b.ID)
	}
	var mu sync.Mutex
	done := 0
	for _, id := range batches {
		wg.Go(func() {
			k := s.curator()
			_, err := k.Activate(s.ctx, proposer, library.Selection{Batch: id})
			var e *colophon.Error
			if errors.As(err, &e) && e.Code == library.CodeChanged {
				return
			}
			if err != nil {
				s.Error(err)
				return
			}
			mu.Lock()
			done++
			mu.Unlock()
		})
	}
	wg.Wait()
	_, err := s.k.Refresh(s.ctx)
	s.no(err)
	list, err := s.k.Versions(s.ctx, 0, 100)
	s.no(err)
	if done == 0 || len(list) != done || s.k.Current().Len() != done || s.k.Current().Version() != list[0] {
		s.Errorf("%d done, %d versions, %d features in force", done, len(list), s.k.Current().Len())
	}
	for i, v := range list {
		if v.Number != int64(len(list)-i) || v.Count != int(v.Number) {
			s.Errorf("%+v", v)
		}
	}
}

// forms tries what is out of form: it is refused and leaves nothing.
func (s *suite) forms() {
	for field, change := range map[string]func(*library.Feature){
		"id": func(f *library.Feature) { f.ID = "A b" }, "kind": func(f *library.Feature) { f.Kind = "smell" }, "value": func(f *library.Feature) { f.Value = "a\nb" },
		"level": func(f *library.Feature) { f.Level = 9 }, "language": func(f *library.Feature) { f.Language = "中文" }, "source": func(f *library.Feature) { f.Source = "\xff" },
		"from": func(f *library.Feature) { f.From = start() }, "until": func(f *library.Feature) { f.From, f.Until = day(2), day(1) }, "standard": func(f *library.Feature) { f.Standard = "" },
		"reason": func(f *library.Feature) { f.Reason = "" }, "aliases": func(f *library.Feature) { f.Aliases = []string{"a|b"} },
	} {
		f := word("w", "代开发票")
		change(&f)
		_, err := s.k.Propose(s.ctx, proposer, "", []library.Feature{word("ok", "刷单返利"), f})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != library.CodeField || e.Args["field"] != field || e.Args["line"] != "2" {
			s.Errorf("%s: %v", field, err)
		}
	}
	_, err := s.k.Propose(s.ctx, library.Actor{}, "", []library.Feature{word("w", "代开发票")})
	s.code(err, library.CodeActor)
	_, err = s.k.Propose(s.ctx, proposer, "", nil)
	s.code(err, library.CodeNothing)
	_, err = s.k.Propose(s.ctx, proposer, "a\nb", []library.Feature{word("w", "代开发票")})
	s.code(err, library.CodeOrigin)
	_, err = s.k.Propose(s.ctx, proposer, "", []library.Feature{word("w", "。")})
	s.code(err, keyword.CodeKeywordEmpty)
	_, err = s.k.Propose(s.ctx, proposer, "", make([]library.Feature, library.MaxBatch+1))
	s.code(err, library.CodeLarge)
	for _, x := range []library.Specimen{{Text: "", Origin: "o", Until: start().Add(1)}, {Text: "t", Origin: "", Until: start().Add(1)}, {Text: "t", Origin: "o", Until: start()}, {Text: strings.Repeat("a", library.MaxSample+1), Origin: "o", Until: start().Add(1)}} {
		_, err = s.k.AddSamples(s.ctx, proposer, []library.Specimen{x})
		s.code(err, library.CodeSample)
	}
	if got := len(s.Records()); got != 0 {
		s.Errorf("%d records", got)
	}
}

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
