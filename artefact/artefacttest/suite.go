// Package artefacttest proves an implementation of [artefact.Store]: each rule of the contract has a test here, and the
// register is taken through the life of an item on it. [Memory] is the implementation of the tests.
//
// What not to do here: no test of how a store keeps what it keeps.
package artefacttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
)

// Bench is an empty store with what a test needs around it.
type Bench struct {
	Store    artefact.Store
	Recorder *evidence.Recorder
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
	reg *artefact.Register
}

// Run runs the suite. Each call of open MUST return an empty store whose clock stands.
func Run(t *testing.T, open func(*testing.T) Bench) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"Add", (*suite).add}, {"Parents", (*suite).parents}, {"Versions", (*suite).versions}, {"Find", (*suite).find}, {"Pages", (*suite).pages},
		{"Deliveries", (*suite).deliveries}, {"Doomed", (*suite).doomed}, {"Life", (*suite).life}, {"Answered", (*suite).answered}, {"Steps", (*suite).steps}, {"Held", (*suite).held}, {"Erase", (*suite).erase},
		{"Originals", (*suite).originals}, {"Alike", (*suite).alike}, {"Race", (*suite).race}, {"Forms", (*suite).forms},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			test.run(&suite{t, b, t.Context(), artefact.NewRegister(b.Store, b.Recorder)})
		})
	}
}

const role evidence.Role = "system"

func start() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 123e6, time.UTC) }

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
	r, err := s.Recorder.New("artefact.tested", evidence.System, role, nil, 1)
	s.no(err)
	return r
}

func item(n artefact.Number) artefact.Artefact {
	return artefact.Artefact{Number: n, State: artefact.Received, Function: "image.generate", Account: "acc-1", Format: media.JPEG, Size: 1000,
		Before: sha256.Sum256([]byte(n)), Created: start(), Changed: start()}
}

// put adds an item as it is.
func (s *suite) put(a artefact.Artefact) artefact.Artefact {
	s.Helper()
	s.no(s.Store.Add(s.ctx, s.record(), a))
	a.Version = 1
	return a
}

func (s *suite) get(n artefact.Number) artefact.Artefact {
	s.Helper()
	a, err := s.Store.Artefact(s.ctx, n)
	s.no(err)
	return a
}

func (s *suite) add() {
	if _, err := s.Store.Artefact(s.ctx, "n"); !errors.Is(err, artefact.ErrMissing) {
		s.Fatal(err)
	}
	full := item("编号-1")
	full.State, full.Stored, full.After, full.Marks, full.Blob = artefact.Marked, 1100, sha256.Sum256([]byte("after")), json.RawMessage(`{"label":"张\"三"}`), "sha256/ab"
	full.Likeness, full.Original, full.Reason = likeness(0, 255), &artefact.Original{Blob: "sealed/1", Until: start().Add(time.Hour)}, "x"
	full = s.put(full)
	s.same("item", s.get(full.Number), full)
	bare := item("n")
	bare.Unlikened = "sight-poor"
	plain := s.put(bare)
	s.same("item", s.get("n"), plain)
	before := len(s.Records())
	if err := s.Store.Add(s.ctx, s.record(), item("n")); !errors.Is(err, artefact.ErrExists) {
		s.Error(err)
	}
	if len(s.Records()) != before {
		s.Error("a refused change left a record")
	}
	got := s.get(full.Number)
	got.Likeness[0], got.Original.Blob = 9, "other"
	s.same("item after the caller wrote into it", s.get(full.Number), full)
}

func (s *suite) parents() {
	a, b := s.put(item("a")), s.put(item("b"))
	child := item("c")
	child.Parents = []artefact.Number{b.Number, a.Number}
	child = s.put(child)
	s.same("child", s.get("c"), child)
	orphan := item("d")
	orphan.Parents = []artefact.Number{"a", "nobody"}
	before := len(s.Records())
	if err := s.Store.Add(s.ctx, s.record(), orphan); !errors.Is(err, artefact.ErrParent) {
		s.Error(err)
	}
	if _, err := s.Store.Artefact(s.ctx, "d"); !errors.Is(err, artefact.ErrMissing) || len(s.Records()) != before {
		s.Error("half of a refused change was made", err)
	}
}

func (s *suite) versions() {
	a := s.put(item("a"))
	a.State, a.Reason = artefact.Failed, "codec"
	s.no(s.Store.Amend(s.ctx, s.record(), artefact.Change{Artefact: a}))
	before := len(s.Records())
	stale := artefact.Change{Artefact: a, Doom: []string{"x"}, Deliver: []artefact.Delivery{{ID: "d", Number: "a", To: "t", How: artefact.API, At: start()}}}
	if err := s.Store.Amend(s.ctx, s.record(), stale); !errors.Is(err, artefact.ErrChanged) {
		s.Error(err)
	}
	stale.Artefact.Number = "nobody"
	if err := s.Store.Amend(s.ctx, s.record(), stale); !errors.Is(err, artefact.ErrMissing) {
		s.Error(err)
	}
	a.Version = 2
	s.same("item", s.get("a"), a)
	blobs, err := s.Store.Doomed(s.ctx, 10)
	s.no(err)
	if len(blobs) > 0 || len(s.Records()) != before {
		s.Error("half of a refused change was made", blobs)
	}
	fixed := a
	fixed.Function, fixed.Size, fixed.Format, fixed.Parents, fixed.Created = "other", 5, media.PNG, []artefact.Number{"x"}, start().Add(time.Hour)
	s.no(s.Store.Amend(s.ctx, s.record(), artefact.Change{Artefact: fixed}))
	a.Version = 3
	s.same("what never changes", s.get("a"), a)
}

func (s *suite) find() {
	a := item("a")
	b := item("b")
	b.Model, b.Format = "model-b", media.PNG
	b.Account, b.Created, b.Parents, b.State, b.After = "acc-2", start().Add(time.Second), []artefact.Number{"a"}, artefact.Marked, sha256.Sum256([]byte("marked b"))
	b.Watermark = "00112233aabbccdd"
	c := item("c")
	c.Created, c.Original = start().Add(2*time.Second), &artefact.Original{Blob: "o", Until: start().Add(time.Minute)}
	for _, x := range []artefact.Artefact{a, b, c} {
		s.put(x)
	}
	b.Version = 1
	b.State = artefact.Delivered
	s.no(s.Store.Amend(s.ctx, s.record(), artefact.Change{Artefact: b, Deliver: []artefact.Delivery{{ID: "d", Number: "b", To: "key-1", How: artefact.API, At: start()}}}))
	for _, test := range []struct {
		q    artefact.Query
		want string
	}{
		{artefact.Query{}, "abc"}, {artefact.Query{Digest: a.Before}, "a"}, {artefact.Query{Digest: b.After}, "b"}, {artefact.Query{Digest: b.Before}, "b"},
		{artefact.Query{Digest: sha256.Sum256([]byte("nothing"))}, ""}, {artefact.Query{Parent: "a"}, "b"}, {artefact.Query{Parent: "b"}, ""},
		{artefact.Query{Watermark: b.Watermark}, "b"}, {artefact.Query{Watermark: "00112233aabbccde"}, ""},
		{artefact.Query{Recipient: "key-1"}, "b"}, {artefact.Query{Recipient: "key-2"}, ""}, {artefact.Query{Account: "acc-1"}, "ac"},
		{artefact.Query{Account: "acc-1", Recipient: "key-1"}, ""}, {artefact.Query{States: []artefact.State{artefact.Received}}, "ac"}, {artefact.Query{States: []artefact.State{artefact.Received, b.State}}, "abc"},
		{artefact.Query{From: start().Add(time.Second)}, "bc"}, {artefact.Query{To: start().Add(time.Second)}, "a"}, {artefact.Query{From: start(), To: start().Add(2 * time.Second)}, "ab"},
		{artefact.Query{Newest: true}, "cba"}, {artefact.Query{Newest: true, After: artefact.Place{At: c.Created, Name: "c"}}, "ba"}, {artefact.Query{Model: "model-b"}, "b"}, {artefact.Query{Model: "model-c"}, ""},
		{artefact.Query{Format: media.PNG}, "b"}, {artefact.Query{Function: b.Function}, "abc"}, {artefact.Query{Function: "nothing"}, ""}, {artefact.Query{Finding: "fraud"}, ""},
		{artefact.Query{OriginalDue: start().Add(time.Minute)}, "c"}, {artefact.Query{OriginalDue: start().Add(time.Minute - time.Millisecond)}, ""},
	} {
		after := artefact.Cursor("")
		if test.q.After.Name != "" {
			after = test.q.After.Cursor()
		}
		list, _, err := s.reg.Find(s.ctx, test.q, after, 10)
		s.no(err)
		names := ""
		for _, x := range list {
			names += string(x.Number)
		}
		if names != test.want {
			s.Errorf("%+v: found %q, want %q", test.q, names, test.want)
		}
	}
}

func (s *suite) pages() {
	var want []artefact.Number
	for i := range 7 {
		a := item(artefact.Number(fmt.Sprint("n", i)))
		a.Created = start().Add(time.Duration(i/3) * time.Millisecond) // three share a time
		s.put(a)
		want = append(want, a.Number)
	}
	var got []artefact.Number
	cursor, pages := artefact.Cursor(""), 0
	for {
		list, next, err := s.reg.Find(s.ctx, artefact.Query{Account: "acc-1"}, cursor, 2)
		s.no(err)
		for _, a := range list {
			got = append(got, a.Number)
		}
		pages++
		if cursor = next; next == "" {
			break
		}
	}
	s.same("all pages", got, want)
	if pages != 4 {
		s.Errorf("%d pages", pages)
	}
	_, _, err := s.reg.Find(s.ctx, artefact.Query{}, "no cursor", 2)
	s.code(err, artefact.CodeCursor)
}

func (s *suite) deliveries() {
	a, b := s.put(item("a")), s.put(item("b"))
	var of []artefact.Delivery
	for i, x := range []*artefact.Artefact{&a, &b, &a, &a} {
		d := artefact.Delivery{ID: fmt.Sprint("d", i), Number: x.Number, To: fmt.Sprint("to-", i%2), How: artefact.Download, At: start().Add(time.Duration(i) * time.Second)}
		s.no(s.Store.Amend(s.ctx, s.record(), artefact.Change{Artefact: *x, Deliver: []artefact.Delivery{d}}))
		x.Version++
		of = append(of, d)
	}
	list, next, err := s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{Number: "a"}, "", 2)
	s.no(err)
	s.same("first page", list, []artefact.Delivery{of[0], of[2]})
	list, next, err = s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{Number: "a"}, next, 2)
	s.no(err)
	s.same("second page", list, of[3:])
	if next != "" {
		s.Error("a page follows the last")
	}
	list, _, err = s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{To: "to-1"}, "", 9)
	s.no(err)
	s.same("deliveries to one", list, []artefact.Delivery{of[1], of[3]})
	s.no(s.Store.Amend(s.ctx, s.record(), artefact.Change{Artefact: a, Anonymise: "to-1"}))
	of[3].To = ""
	list, _, err = s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{Number: "a"}, "", 9)
	s.no(err)
	s.same("after one was made nobody", list, []artefact.Delivery{of[0], of[2], of[3]})
	list, _, err = s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{To: "to-1"}, "", 9)
	s.no(err)
	s.same("those of another item", list, of[1:2])
	_, _, err = s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{}, "", 9)
	s.code(err, artefact.CodeInvalid)
}

func (s *suite) doomed() {
	a, b := item("a"), item("b")
	a.Blob, b.Blob = "shared", "shared"
	a.Original = &artefact.Original{Blob: "sealed", Until: start()}
	a, b = s.put(a), s.put(b)
	list := func(want ...string) {
		s.Helper()
		got, err := s.Store.Doomed(s.ctx, 10)
		s.no(err)
		s.same("doomed", got, want)
	}
	list()
	a.Blob, a.Original = "", nil
	s.no(s.Store.Amend(s.ctx, s.record(), artefact.Change{Artefact: a, Doom: []string{"shared", "sealed"}}))
	list("sealed") // b needs the other one
	b.Blob = ""
	s.no(s.Store.Amend(s.ctx, s.record(), artefact.Change{Artefact: b, Doom: []string{"shared"}}))
	list("sealed", "shared")
	s.no(s.Store.Gone(s.ctx, s.record(), []string{"sealed"}))
	list("shared")
}

func (s *suite) entered(n artefact.Number) artefact.Artefact {
	s.Helper()
	a, err := s.reg.New(s.ctx, role, item(n))
	s.no(err)
	return a
}

func marking() artefact.Marking {
	return artefact.Marking{Likeness: likeness(7), Watermark: "0123456789abcdef", After: sha256.Sum256([]byte("after")), Size: 1200, Marks: json.RawMessage(`{ "z": 1, "a": [true] }`), Blob: "sha256/ab", Clauses: []colophon.Clause{colophon.ClauseGBE}}
}

// life takes an item from its entry to its delivery and compares what is stored and what was recorded.
func (s *suite) life() {
	s.Set(start())
	s.entered("parent")
	with := item("n-1")
	with.Parents, with.Original = []artefact.Number{"parent"}, &artefact.Original{Blob: "sealed/1", Until: start().Add(24 * time.Hour)}
	a, err := s.reg.New(s.ctx, role, with)
	s.no(err)
	s.same("entered", s.get("n-1"), a)
	_, err = s.reg.New(s.ctx, role, with)
	s.code(err, artefact.CodeExists)
	s.Set(start().Add(time.Second))
	a, err = s.reg.Marked(s.ctx, role, "n-1", marking())
	s.no(err)
	s.same("marked", s.get("n-1"), a)
	if a.State != artefact.Marked || string(a.Marks) != `{"a":[true],"z":1}` || !bytes.Equal(a.Likeness, likeness(7)) || !a.Changed.Equal(start().Add(time.Second)) || !a.Created.Equal(start()) {
		s.Errorf("%+v", a)
	}
	first, err := s.reg.Delivered(s.ctx, "api", "n-1", "key-1", artefact.API)
	s.no(err)
	second, err := s.reg.Delivered(s.ctx, "api", "n-1", "acc-1", artefact.Download)
	s.no(err)
	list, _, err := s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{Number: "n-1"}, "", 9)
	s.no(err)
	s.same("deliveries", list, []artefact.Delivery{first, second})
	var types, payloads []string
	for _, r := range s.Records()[1:] {
		types = append(types, string(r.Type))
		text, err := s.Open(r)
		s.no(err)
		payloads = append(payloads, string(text))
		if r.Subject != "acc-1" {
			s.Errorf("a record is about %s", r.Subject)
		}
	}
	s.same("records", types, []string{"artefact.received", "artefact.marked", "artefact.delivered", "artefact.delivered"})
	before, after := fmt.Sprintf("%x", with.Before), fmt.Sprintf("%x", a.After)
	if !strings.Contains(payloads[0], before) || !strings.Contains(payloads[1], after) || !strings.Contains(payloads[1], `"marks":{"a":[true],"z":1}`) || !strings.Contains(payloads[1], fmt.Sprintf(`"likeness":"%x"`, likeness(7))) || !strings.Contains(payloads[2], `"to":"key-1"`) {
		s.Error(payloads)
	}
	if m := s.Records()[2]; !slices.Equal(m.Clauses, []colophon.Clause{colophon.ClauseLM5, colophon.ClauseGBE}) {
		s.Error(m.Clauses)
	}
}

// answered enters an item that leaves at once: one change, one record, and the delivery beside it.
func (s *suite) answered() {
	s.Set(start())
	a := item("n-1")
	before := len(s.Records())
	a, err := s.reg.Answered(s.ctx, role, a, marking(), "key-1", artefact.Stream)
	s.no(err)
	if a.State != artefact.Delivered || a.Version != 1 || string(a.Marks) != `{"a":[true],"z":1}` {
		s.Errorf("%+v", a)
	}
	s.same("answered", s.get("n-1"), a)
	records := s.Records()[before:]
	if len(records) != 1 || records[0].Type != artefact.RecordAnswered || records[0].Subject != "acc-1" {
		s.Fatalf("%+v", records)
	}
	list, _, err := s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{Number: "n-1"}, "", 9)
	s.no(err)
	if len(list) != 1 || list[0].To != "key-1" || list[0].How != artefact.Stream || !list[0].At.Equal(start()) {
		s.Error(list)
	}
	_, err = s.reg.Answered(s.ctx, role, item("n-1"), marking(), "key-1", artefact.Stream)
	s.code(err, artefact.CodeExists)
	m := marking()
	m.After = artefact.Digest{}
	_, err = s.reg.Answered(s.ctx, role, item("n-2"), m, "key-1", artefact.Stream)
	s.code(err, artefact.CodeInvalid)
	_, err = s.reg.Answered(s.ctx, role, item("n-2"), marking(), "", artefact.Stream)
	s.code(err, artefact.CodeInvalid)
	_, err = s.reg.Delivered(s.ctx, role, "n-1", "acc-1", artefact.Download) // again, to somebody else
	s.no(err)
}

// steps tries each act in each state against the table.
func (s *suite) steps() {
	reach := map[artefact.State][]artefact.State{
		artefact.Received: nil, artefact.Held: {artefact.Held}, artefact.Marked: {artefact.Marked}, artefact.Delivered: {artefact.Marked, artefact.Delivered}, artefact.Failed: {artefact.Failed}, artefact.Erased: {artefact.Erased},
	}
	act := func(n artefact.Number, to artefact.State) (err error) {
		switch to {
		case artefact.Held:
			_, err = s.reg.Hold(s.ctx, role, n, "judgement-1")
		case artefact.Marked:
			_, err = s.reg.Marked(s.ctx, role, n, marking())
		case artefact.Delivered:
			_, err = s.reg.Delivered(s.ctx, role, n, "key-1", artefact.Stream)
		case artefact.Failed:
			_, err = s.reg.Failed(s.ctx, role, n, "codec-failed")
		case artefact.Erased:
			err = s.reg.Erase(s.ctx, role, n)
		}
		return err
	}
	allowed := 0
	for _, from := range artefact.States() {
		for _, to := range artefact.States()[1:] {
			n := artefact.Number(from + "-" + to)
			s.entered(n)
			for _, x := range reach[from] {
				s.no(act(n, x))
			}
			err := act(n, to)
			if from.May(to) {
				allowed++
				s.no(err)
				if got := s.get(n).State; got != to {
					s.Errorf("%s to %s ended as %s", from, to, got)
				}
				continue
			}
			s.code(err, artefact.CodeStep)
			if got := s.get(n).State; got != from {
				s.Errorf("a refused step from %s to %s ended as %s", from, to, got)
			}
		}
	}
	if allowed != 12 {
		s.Errorf("%d steps are allowed", allowed)
	}
	s.code(act("nobody", artefact.Erased), artefact.CodeMissing)
}

func (s *suite) race() {
	s.entered("n")
	_, err := s.reg.Marked(s.ctx, role, "n", marking())
	s.no(err)
	var mu sync.Mutex
	var wg sync.WaitGroup
	want := map[string]bool{}
	for range 4 {
		wg.Go(func() {
			for range 5 {
				d, err := s.reg.Delivered(s.ctx, role, "n", "key-1", artefact.Export)
				var e *colophon.Error
				if errors.As(err, &e) && e.Code == artefact.CodeChanged {
					continue
				}
				if err != nil {
					s.Error(err)
					return
				}
				mu.Lock()
				want[d.ID] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	list, _, err := s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{Number: "n"}, "", 100)
	s.no(err)
	for _, d := range list {
		if !want[d.ID] {
			s.Error("a delivery that nobody was told of, or twice", d.ID)
		}
		delete(want, d.ID)
	}
	if len(want) > 0 || len(list) == 0 || s.get("n").Version != int64(len(list))+2 || len(s.Records()) != len(list)+2 {
		s.Errorf("%d lost, %d there, version %d, %d records", len(want), len(list), s.get("n").Version, len(s.Records()))
	}
}

// forms tries what is out of form: it is refused and leaves nothing.
func (s *suite) forms() {
	for field, change := range map[string]func(*artefact.Artefact){
		"number":   func(a *artefact.Artefact) { a.Number = "a b" },
		"function": func(a *artefact.Artefact) { a.Function = "生成" },
		"account":  func(a *artefact.Artefact) { a.Account = "某某" },
		"format":   func(a *artefact.Artefact) { a.Format = "x-unknown" },
		"size":     func(a *artefact.Artefact) { a.Size = -1 },
		"before":   func(a *artefact.Artefact) { a.Before = artefact.Digest{} },
		"parents":  func(a *artefact.Artefact) { a.Parents = []artefact.Number{"n"} },
		"original": func(a *artefact.Artefact) { a.Original = &artefact.Original{Until: start()} },
	} {
		a := item("n")
		change(&a)
		_, err := s.reg.New(s.ctx, role, a)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != artefact.CodeInvalid || e.Args["field"] != field {
			s.Errorf("%s: %v", field, err)
		}
	}
	s.entered("n")
	for _, change := range []func(*artefact.Marking){
		func(m *artefact.Marking) { m.After = artefact.Digest{} }, func(m *artefact.Marking) { m.Marks = nil }, func(m *artefact.Marking) { m.Marks = json.RawMessage(`{"a":1,"a":2}`) },
		func(m *artefact.Marking) { m.Size = -1 }, func(m *artefact.Marking) { m.Blob = "a\nb" },
		func(m *artefact.Marking) { m.Likeness = m.Likeness[:31] }, func(m *artefact.Marking) { m.Likeness = make([]byte, artefact.MaxLikeness+artefact.HashSize) },
		func(m *artefact.Marking) { m.Likeness, m.Unlikened = nil, "某某" },
		func(m *artefact.Marking) { m.Watermark = "00112233AABBCCDD" }, func(m *artefact.Marking) { m.Watermark = "0011" },
	} {
		m := marking()
		change(&m)
		_, err := s.reg.Marked(s.ctx, role, "n", m)
		s.code(err, artefact.CodeInvalid)
	}
	_, err := s.reg.Delivered(s.ctx, role, "n", "wang@example.com", artefact.API)
	s.code(err, artefact.CodeInvalid)
	_, err = s.reg.Delivered(s.ctx, role, "n", "key-1", "pigeon")
	s.code(err, artefact.CodeInvalid)
	if got := len(s.Records()); got != 1 {
		s.Errorf("%d records", got)
	}
}

// likeness makes hashes, each of one byte again and again.
func likeness(of ...byte) (list []byte) {
	for _, b := range of {
		list = append(list, bytes.Repeat([]byte{b}, artefact.HashSize)...)
	}
	return list
}

// alike looks for items by likeness, while they come and go.
func (s *suite) alike() {
	if _, ok := s.Store.(artefact.Likener); !ok {
		return
	}
	expect := func(hashes []byte, most, limit int, want string) {
		s.Helper()
		list, err := s.reg.Alike(s.ctx, hashes, most, limit)
		s.no(err)
		var got []string
		for _, m := range list {
			got = append(got, fmt.Sprint(m.Artefact.Number, m.Bits))
			s.same("item", m.Artefact, s.get(m.Artefact.Number))
		}
		if text := strings.Join(got, " "); text != want {
			s.Errorf("%x within %d bits: %q, want %q", hashes[:1], most, text, want)
		}
	}
	expect(likeness(0), 31, 9, "")
	near := func(n int) []byte { // differs from zeros in n bits
		h := likeness(0)
		for i := range n {
			h[i] = 1
		}
		return h
	}
	for i, hashes := range [][]byte{near(0), near(5), near(31), near(32), append(likeness(255), near(12)...), nil} {
		n := artefact.Number(fmt.Sprint("n", i, "-"))
		s.Set(start().Add(time.Duration(i) * time.Second))
		s.entered(n)
		m := marking()
		if m.Likeness = hashes; hashes == nil {
			m.Unlikened = "sight-poor"
		}
		_, err := s.reg.Marked(s.ctx, role, n, m)
		s.no(err)
		if i == 1 {
			expect(likeness(0), 31, 9, "n0-0 n1-5") // with what has come since
		}
	}
	expect(likeness(0), 31, 9, "n0-0 n1-5 n4-12 n2-31")
	expect(likeness(0), 64, 9, "n0-0 n1-5 n4-12 n2-31 n3-32")
	expect(likeness(0), 31, 2, "n0-0 n1-5")
	expect(likeness(255), 4, 9, "n4-0")
	expect(append(near(30), likeness(255)...), 2, 9, "n4-0 n2-1 n3-2")
	s.no(s.reg.Erase(s.ctx, role, "n0-"))
	s.no(s.reg.Erase(s.ctx, role, "n4-"))
	expect(append(likeness(255), likeness(0)...), 31, 9, "n1-5 n2-31")
	_, err := s.reg.Delivered(s.ctx, role, "n1-", "key-1", artefact.API)
	s.no(err)
	expect(likeness(0), 31, 1, "n1-5")
	for _, wrong := range [][]byte{nil, {1}, make([]byte, 33), make([]byte, artefact.MaxLikeness+artefact.HashSize)} {
		_, err := s.reg.Alike(s.ctx, wrong, 31, 9)
		s.code(err, artefact.CodeInvalid)
	}
	_, err = s.reg.Alike(s.ctx, likeness(0), artefact.MaxBits+1, 9)
	s.code(err, artefact.CodeInvalid)
}
