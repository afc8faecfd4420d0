package moderationtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/moderation"
)

// life takes an item from its entry to the act on its outcome and compares what is stored and what was recorded.
func (s *suite) life() {
	it, err := s.docket.Enter(s.ctx, role, s.entry("fraud", "block"))
	s.no(err)
	s.same("entered", s.item(it.ID), it)
	if it.State != moderation.Waiting || it.Stage != moderation.First || it.Queue != "rest" || it.Priority != 50 || !it.Deadline.Equal(start().Add(4*time.Hour)) || it.Content != moderation.Whole {
		s.Errorf("%+v", it)
	}
	_, err = s.docket.Decide(s.ctx, reviewer(1), ruling(it.ID, moderation.Release))
	s.code(err, moderation.CodeNotYours)
	taken, there, err := s.docket.Next(s.ctx, reviewer(1), moderation.Filter{})
	s.no(err)
	if !there || taken.Reviewer != "reviewer-1" || !taken.Lease.Equal(start().Add(10*time.Minute)) {
		s.Errorf("%t %+v", there, taken)
	}
	_, err = s.docket.Decide(s.ctx, reviewer(1), ruling(it.ID, moderation.Release))
	s.code(err, moderation.CodeUnread)
	c, err := s.docket.Read(s.ctx, reviewer(1), it.ID)
	s.no(err)
	s.same("content", c, moderation.Content{Format: "text/plain", Text: []byte(secret)})
	s.Set(start().Add(time.Minute))
	done, err := s.docket.Decide(s.ctx, reviewer(1), ruling(it.ID, moderation.Release))
	s.no(err)
	s.same("decided", s.item(it.ID), done)
	if done.State != moderation.Decided || done.Outcome != moderation.Release || !done.Decided.Equal(start().Add(time.Minute)) || !done.Ends.Equal(start().Add(time.Minute+48*time.Hour)) || done.Reviewer != "" || done.Overturned {
		s.Errorf("%+v", done)
	}
	_, err = s.docket.Acted(s.ctx, "system", it.ID)
	s.no(err)
	s.same("records", s.types(), []evidence.Type{moderation.RecordHeld, moderation.RecordTaken, moderation.RecordRead, moderation.RecordDecided, moderation.RecordActed})
	for i, r := range s.Records() {
		text, err := s.Open(r)
		s.no(err)
		if r.Subject != "acc-1" || !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS10}) {
			s.Errorf("%s is about %s, by %v", r.Type, r.Subject, r.Clauses)
		}
		if bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte("a note in prose")) != (i == 3) || !bytes.Contains(text, []byte(it.ID)) {
			s.Errorf("%s: %s", r.Type, text)
		}
	}
	raw, err := json.Marshal(done)
	s.no(err)
	if strings.Contains(string(raw), secret) || strings.Contains(string(raw), "prose") {
		s.Errorf("an item shows %s", raw)
	}
	for _, by := range []moderation.By{reviewer(1), officer(1)} {
		_, err = s.docket.Take(s.ctx, by, it.ID)
		s.code(err, moderation.CodeStep)
		_, err = s.docket.Decide(s.ctx, by, ruling(it.ID, moderation.Refuse))
		s.code(err, moderation.CodeStep)
	}
	_, err = s.docket.Item(s.ctx, "nobody")
	s.code(err, moderation.CodeMissing)
}

func (s *suite) enterTwice() {
	e := s.entry("fraud", "review")
	first, err := s.docket.Enter(s.ctx, role, e)
	s.no(err)
	s.rule(reviewer(1), first.ID, moderation.Refuse)
	second, err := s.docket.Enter(s.ctx, role, e)
	s.no(err)
	if second.ID != first.ID || second.Outcome != moderation.Refuse || len(s.Records()) != 4 {
		s.Errorf("%+v, %d records", second, len(s.Records()))
	}
}

// order has the most urgent come first, and of these the one with the earliest deadline.
func (s *suite) order() {
	put := func(change func(*moderation.Entry)) string {
		e := s.entry("fraud", "review")
		change(&e)
		it, err := s.docket.Enter(s.ctx, role, e)
		s.no(err)
		return it.ID
	}
	late := put(func(e *moderation.Entry) {})
	note := put(func(e *moderation.Entry) { e.Why.Findings[0].Level = "note" })
	worst := put(func(e *moderation.Entry) {
		e.Why.Findings = append(e.Why.Findings, moderation.Finding{Rule: "r", Category: "terror", Level: "block", High: true, Illegal: true})
	})
	soon := put(func(e *moderation.Entry) { e.Function = "video.swap" }) // an hour
	high := put(func(e *moderation.Entry) { e.Why.Findings[0].High = true })
	named := put(func(e *moderation.Entry) { e.Queue = "slow" })
	bare := put(func(e *moderation.Entry) { e.Why.Findings = nil })
	board, err := s.docket.Board(s.ctx, reviewer(1), moderation.Filter{}, 0)
	s.no(err)
	var ids []string
	var priorities []int
	for _, it := range board {
		ids, priorities = append(ids, it.ID), append(priorities, it.Priority)
	}
	s.same("order", ids, []string{worst, high, soon, late, named, note, bare})
	s.same("priorities", priorities, []int{100, 50, 30, 30, 30, 10, 0})
	for _, want := range ids {
		it, there, err := s.docket.Next(s.ctx, reviewer(1), moderation.Filter{})
		s.no(err)
		if !there || it.ID != want {
			s.Errorf("got %s, want %s", it.ID, want)
		}
	}
	if _, there, err := s.docket.Next(s.ctx, reviewer(1), moderation.Filter{}); there || err != nil {
		s.Error(there, err)
	}
}

func (s *suite) find() {
	ids := map[string]string{}
	for i, e := range []moderation.Entry{s.entry("fraud", "review"), s.entry("drugs", "review"), s.entry("weapons", "note")} {
		e.Surface, e.Subject = []string{"input", "output", "upload"}[i], evidence.Subject(fmt.Sprint("acc-", i))
		it, err := s.docket.Enter(s.ctx, role, e)
		s.no(err)
		ids[it.ID] = fmt.Sprint(i)
	}
	first := s.entered - 2
	two := s.item(slices.Sorted(keys(ids))[2])
	_, err := s.docket.Take(s.ctx, reviewer(7), two.ID)
	s.no(err)
	for _, test := range []struct {
		q    moderation.Query
		want string
	}{
		{moderation.Query{}, "012"}, {moderation.Query{ID: two.ID}, "2"}, {moderation.Query{Judgement: fmt.Sprint("judgement-", first)}, "0"}, {moderation.Query{About: fmt.Sprint("number-", first+1)}, "1"},
		{moderation.Query{Subject: "acc-1"}, "1"}, {moderation.Query{States: []moderation.State{moderation.Waiting}}, "01"}, {moderation.Query{States: []moderation.State{moderation.Waiting, moderation.Taken}}, "012"},
		{moderation.Query{Reviewer: "reviewer-7"}, "2"}, {moderation.Query{Filter: moderation.Filter{Queues: []string{"grave"}}}, "12"}, {moderation.Query{Filter: moderation.Filter{Queues: []string{"grave", "rest"}}}, "012"},
		{moderation.Query{Filter: moderation.Filter{Category: "drugs"}}, "1"}, {moderation.Query{Filter: moderation.Filter{Category: "drug"}}, ""}, {moderation.Query{Filter: moderation.Filter{Category: "drug_"}}, ""},
		{moderation.Query{Filter: moderation.Filter{Surface: "input"}}, "0"}, {moderation.Query{Filter: moderation.Filter{Function: "other"}}, ""}, {moderation.Query{Subject: "acc-1", Filter: moderation.Filter{Surface: "input"}}, ""},
	} {
		got := ""
		for after, pages := "", 0; ; pages++ {
			q := test.q
			q.After, q.Limit = after, 2
			list, next, err := s.docket.Items(s.ctx, q)
			s.no(err)
			for _, it := range list {
				got += ids[it.ID]
			}
			if after = next; next == "" || pages > 3 {
				break
			}
		}
		if got != test.want {
			s.Errorf("%+v: found %q, want %q", test.q, got, test.want)
		}
	}
	for _, f := range []moderation.Filter{{Category: "fraud"}, {Surface: "input"}, {Queues: []string{"rest"}}} {
		board, err := s.docket.Board(s.ctx, reviewer(1), f, 9)
		s.no(err)
		if len(board) != 1 || ids[board[0].ID] != "0" {
			s.Errorf("%+v: %+v", f, board)
		}
	}
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (s *suite) lease() {
	it := s.enter("fraud")
	s.read(reviewer(1), it.ID)
	_, err := s.docket.Take(s.ctx, reviewer(2), it.ID)
	s.code(err, moderation.CodeTaken)
	_, err = s.docket.Extend(s.ctx, reviewer(2), it.ID)
	s.code(err, moderation.CodeNotYours)
	_, err = s.docket.Read(s.ctx, reviewer(2), it.ID)
	s.code(err, moderation.CodeNotYours)
	_, err = s.docket.Return(s.ctx, reviewer(2), it.ID)
	s.code(err, moderation.CodeNotYours)
	other := s.enter("fraud") // that a senior looked does not mean that the reviewer did
	_, err = s.docket.Take(s.ctx, reviewer(3), other.ID)
	s.no(err)
	_, err = s.docket.Read(s.ctx, officer(1), other.ID)
	s.no(err)
	_, err = s.docket.Decide(s.ctx, reviewer(3), ruling(other.ID, moderation.Release))
	s.code(err, moderation.CodeUnread)
	_, err = s.docket.Decide(s.ctx, reviewer(3), ruling(other.ID, moderation.Refuse))
	s.no(err)
	s.Set(start().Add(9 * time.Minute))
	before := len(s.Records())
	lease, err := s.docket.Extend(s.ctx, reviewer(1), it.ID)
	s.no(err)
	again, err := s.docket.Take(s.ctx, reviewer(1), it.ID) // he has it: nothing changes
	s.no(err)
	if !lease.Equal(start().Add(19*time.Minute)) || !again.Lease.Equal(lease) || !again.Seen || len(s.Records()) != before {
		s.Errorf("%s %+v", lease, again)
	}
	s.Set(lease.Add(-time.Millisecond))
	if _, there, err := s.docket.Next(s.ctx, reviewer(2), moderation.Filter{}); there || err != nil {
		s.Error("an item was given away within the lease", err)
	}
	s.Set(lease)
	got, there, err := s.docket.Next(s.ctx, reviewer(2), moderation.Filter{})
	s.no(err)
	if !there || got.ID != it.ID || got.Seen {
		s.Errorf("%t %+v", there, got)
	}
	for _, d := range moderation.Decisions() {
		_, err = s.docket.Decide(s.ctx, reviewer(1), ruling(it.ID, d))
		s.code(err, moderation.CodeNotYours)
	}
	_, err = s.docket.Return(s.ctx, reviewer(2), it.ID)
	s.no(err)
	if got := s.item(it.ID); got.State != moderation.Waiting || got.Reviewer != "" || !got.Lease.IsZero() {
		s.Errorf("%+v", got)
	}
	s.rule(reviewer(1), it.ID, moderation.Refuse)
}

// confirm has a second person decide again, without knowing what the first did.
func (s *suite) confirm() {
	it := s.rule(reviewer(1), s.enter("drugs").ID, moderation.Release)
	if it.State != moderation.Waiting || it.Stage != moderation.Second || it.Outcome != "" || it.Opinions != nil {
		s.Errorf("%+v", it)
	}
	if list, err := s.docket.Outstanding(s.ctx, "", 9); len(list) > 0 || err != nil {
		s.Error("one person alone released an item that two must release", err)
	}
	_, err := s.docket.Take(s.ctx, reviewer(1), it.ID)
	s.code(err, moderation.CodeOwn)
	if _, there, err := s.docket.Next(s.ctx, reviewer(1), moderation.Filter{}); there || err != nil {
		s.Error("the first person got it again", err)
	}
	board, err := s.docket.Board(s.ctx, reviewer(2), moderation.Filter{}, 9)
	s.no(err)
	got, there, err := s.docket.Next(s.ctx, reviewer(2), moderation.Filter{})
	s.no(err)
	raw, err := json.Marshal(append(board, got))
	s.no(err)
	if !there || got.ID != it.ID || strings.Contains(string(raw), "reviewer-1") {
		s.Errorf("%t %s", there, raw)
	}
	done := s.rule(reviewer(2), it.ID, moderation.Release)
	if done.State != moderation.Decided || done.Outcome != moderation.Release || done.Overturned || len(done.Opinions) != 2 {
		s.Errorf("%+v", done)
	}
	types := s.types()
	if types[3] != moderation.RecordProposed || types[len(types)-1] != moderation.RecordConfirmed {
		s.Error(types)
	}

	// The measures must be the same too.
	it = s.rule(reviewer(1), s.enter("fraud").ID, moderation.RefuseMeasure)
	s.read(reviewer(2), it.ID)
	r := ruling(it.ID, moderation.RefuseMeasure)
	r.Measure = "close"
	it, err = s.docket.Decide(s.ctx, reviewer(2), r)
	s.no(err)
	if it.Stage != moderation.Senior || it.State != moderation.Waiting {
		s.Errorf("%+v", it)
	}
	_, err = s.docket.Take(s.ctx, reviewer(3), it.ID)
	s.code(err, moderation.CodeSenior)
	done = s.rule(officer(1), it.ID, moderation.RefuseMeasure)
	if done.Outcome != moderation.RefuseMeasure || done.Measure != "warn" || done.Overturned || done.State != moderation.Decided {
		s.Errorf("%+v", done)
	}
	// What no policy wants confirmed is decided by one.
	if done = s.rule(reviewer(1), s.enter("fraud").ID, moderation.Release); done.State != moderation.Decided {
		s.Errorf("%+v", done)
	}
}

func (s *suite) escalate() {
	// Two differ, and a senior who is neither of them settles it.
	it := s.rule(reviewer(1), s.enter("drugs").ID, moderation.Release)
	it = s.rule(officer(1), it.ID, moderation.Refuse)
	if it.State != moderation.Waiting || it.Stage != moderation.Senior {
		s.Errorf("%+v", it)
	}
	_, err := s.docket.Take(s.ctx, officer(1), it.ID)
	s.code(err, moderation.CodeOwn)
	if _, there, err := s.docket.Next(s.ctx, reviewer(3), moderation.Filter{}); there || err != nil {
		s.Error("an escalated item was given to a reviewer", err)
	}
	s.read(officer(2), it.ID)
	_, err = s.docket.Decide(s.ctx, officer(2), ruling(it.ID, moderation.Escalate))
	s.code(err, moderation.CodeStage)
	it, err = s.docket.Decide(s.ctx, officer(2), ruling(it.ID, moderation.Refuse))
	s.no(err)
	if it.State != moderation.Decided || it.Outcome != moderation.Refuse || !it.Overturned {
		s.Errorf("%+v", it)
	}

	// Escalated by the first: what the senior decides is the first decision, and needs a second person all the same.
	it = s.rule(reviewer(1), s.enter("drugs").ID, moderation.Escalate)
	it = s.rule(officer(1), it.ID, moderation.Release)
	if it.State != moderation.Waiting || it.Stage != moderation.Second {
		s.Errorf("%+v", it)
	}
	it = s.rule(reviewer(2), it.ID, moderation.Release)
	if it.State != moderation.Decided || it.Outcome != moderation.Release {
		s.Errorf("%+v", it)
	}
	// Escalated by the second.
	it = s.rule(reviewer(1), s.enter("drugs").ID, moderation.Release)
	it = s.rule(reviewer(2), it.ID, moderation.Escalate)
	it = s.rule(officer(1), it.ID, moderation.Release)
	if it.State != moderation.Decided || it.Outcome != moderation.Release || it.Overturned || len(it.Opinions) != 3 {
		s.Errorf("%+v", it)
	}
}

func (s *suite) timeOut() {
	a, b, c := s.enter("weapons"), s.enter("fraud"), s.enter("drugs")
	s.read(reviewer(1), a.ID)
	c = s.rule(reviewer(1), c.ID, moderation.Release) // waits for the second person
	s.Set(a.Deadline.Add(-time.Millisecond))
	if n, err := s.docket.Expire(s.ctx, 9); n != 1 || err != nil {
		s.Error(n, err)
	}
	if got := s.item(c.ID); got.State != moderation.Expired || got.Outcome != moderation.Refuse || got.Reason != moderation.CodeTimeOut || got.Overturned {
		s.Errorf("%+v", got)
	}
	s.Set(a.Deadline)
	_, err := s.docket.Decide(s.ctx, reviewer(1), ruling(a.ID, moderation.Release))
	s.code(err, moderation.CodeOverdue)
	_, err = s.docket.Return(s.ctx, reviewer(1), a.ID)
	s.no(err)
	_, err = s.docket.Take(s.ctx, reviewer(2), a.ID)
	s.code(err, moderation.CodeOverdue)
	if board, err := s.docket.Board(s.ctx, reviewer(2), moderation.Filter{}, 9); len(board) != 1 || board[0].ID != b.ID || err != nil {
		s.Error("what is overdue is offered", board, err)
	}
	for i, want := range []int{1, 0} {
		if n, err := s.docket.Expire(s.ctx, 9); n != want || err != nil {
			s.Errorf("round %d: %d, %v", i, n, err)
		}
	}
	got := s.item(a.ID)
	if got.State != moderation.Expired || got.Outcome != moderation.Refuse || !got.Decided.Equal(a.Deadline) {
		s.Errorf("%+v", got)
	}
	_, err = s.docket.Decide(s.ctx, reviewer(1), ruling(a.ID, moderation.Release))
	s.code(err, moderation.CodeStep)
	if r := s.Records()[len(s.Records())-1]; r.Type != moderation.RecordExpired || r.Role != "system" {
		s.Errorf("%s by %s", r.Type, r.Role)
	}
	if s.item(b.ID).State != moderation.Waiting {
		s.Error("an item expired before its deadline")
	}
}

func (s *suite) acted() {
	var ids []string
	for range 4 {
		ids = append(ids, s.enter("fraud").ID)
	}
	_, err := s.docket.Acted(s.ctx, "system", ids[0])
	s.code(err, moderation.CodeStep)
	for _, id := range ids[:3] {
		s.rule(reviewer(1), id, moderation.Release)
	}
	for range 2 {
		_, err = s.docket.Acted(s.ctx, "system", ids[0])
		s.no(err)
	}
	var told []string
	broken := errors.New("the line is down")
	tell := func(_ context.Context, it moderation.Item) error {
		told = append(told, it.ID)
		if it.ID == ids[1] && len(told) < 3 {
			return broken
		}
		return nil
	}
	if n, err := s.docket.Tell(s.ctx, "system", tell); n != 1 || !errors.Is(err, broken) {
		s.Error(n, err)
	}
	if n, err := s.docket.Tell(s.ctx, "system", tell); n != 1 || err != nil {
		s.Error(n, err)
	}
	if n, err := s.docket.Tell(s.ctx, "system", tell); n != 0 || err != nil {
		s.Error(n, err)
	}
	s.same("told", told, []string{ids[1], ids[2], ids[1]})
	n := 0
	for _, typ := range s.types() {
		if typ == moderation.RecordActed {
			n++
		}
	}
	if n != 3 {
		s.Errorf("%d acts were recorded", n)
	}
}

func (s *suite) figures() {
	decide := func(after time.Duration, d moderation.Decision, by ...moderation.By) {
		s.Helper()
		s.Set(start())
		it := s.enter("fraud")
		s.Set(start().Add(after))
		for _, b := range by {
			it = s.rule(b, it.ID, d)
		}
	}
	decide(time.Minute, moderation.Release, reviewer(1))
	decide(3*time.Minute, moderation.Release, reviewer(1))
	decide(20*time.Minute, moderation.RefuseMeasure, reviewer(1), reviewer(2))
	s.Set(start())
	it := s.enter("drugs")
	it = s.rule(reviewer(1), it.ID, moderation.Release)
	it = s.rule(reviewer(2), it.ID, moderation.Refuse)
	s.Set(start().Add(5 * time.Minute))
	s.rule(officer(1), it.ID, moderation.Refuse) // overturned
	s.Set(start().Add(-time.Hour))
	old := s.enter("drugs")
	s.Set(start().Add(time.Millisecond))
	s.rule(reviewer(1), s.enter("weapons").ID, moderation.Escalate)
	fraud := s.enter("fraud")
	_, err := s.docket.Take(s.ctx, reviewer(1), fraud.ID)
	s.no(err)
	s.enter("fraud")
	_, err = s.docket.Expire(s.ctx, 9)
	s.no(err)
	if s.item(old.ID).State != moderation.Expired {
		s.Error("nothing expired")
	}
	_, err = s.docket.Acted(s.ctx, "system", old.ID)
	s.no(err)
	_, err = s.reports.Open(s.ctx, role, moderation.Hit{Judgement: "j", Categories: []string{"weapons"}, Subject: "acc-1"})
	s.no(err)
	_, err = s.reports.Open(s.ctx, role, moderation.Hit{Judgement: "k", Categories: []string{"fraud"}, Subject: "acc-1"})
	s.no(err)
	s.Set(start().Add(3 * time.Hour)) // the lease is over
	f, err := s.docket.Figures(s.ctx, start(), start().Add(time.Hour))
	s.no(err)
	entered := start().Add(time.Millisecond)
	s.same("figures", f, moderation.Figures{
		Queues:  []moderation.QueueFigure{{Queue: "grave", Waiting: 1, Escalated: 1, Oldest: entered}, {Queue: "rest", Waiting: 2, Oldest: entered}},
		Decided: 4, MedianSeconds: 300, Expired: 1, Overturned: 1, Unacted: 4, DutiesOpen: 2, DutiesOverdue: 1})
	f, err = s.docket.Figures(s.ctx, start().Add(time.Hour), start().Add(2*time.Hour))
	s.no(err)
	if f.Decided+f.Expired+f.Overturned != 0 || f.MedianSeconds != 0 {
		s.Errorf("%+v", f)
	}
}
