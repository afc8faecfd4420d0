package moderationtest

import (
	"bytes"
	"errors"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/moderation"
)

func (s *suite) content() {
	e := s.entry("fraud", "review")
	key := bytes.Repeat([]byte{7}, 32)
	e.Content = moderation.Content{Format: "image/png", Blob: "sha256/ab", Key: key}
	it, err := s.docket.Enter(s.ctx, role, e)
	s.no(err)
	_, err = s.docket.Take(s.ctx, reviewer(1), it.ID)
	s.no(err)
	c, err := s.docket.Read(s.ctx, reviewer(1), it.ID)
	s.no(err)
	s.same("content", c, e.Content)
	_, err = s.docket.EndContent(s.ctx, it.ID)
	s.code(err, moderation.CodeStep)
	done, err := s.docket.Decide(s.ctx, reviewer(1), ruling(it.ID, moderation.Refuse))
	s.no(err)
	_, err = s.docket.Read(s.ctx, reviewer(1), it.ID)
	s.code(err, moderation.CodeNotYours)
	c, err = s.docket.Read(s.ctx, officer(1), it.ID) // for an appeal
	s.no(err)
	s.same("content after the decision", c, e.Content)
	spent := func(want ...string) {
		s.Helper()
		list, err := s.docket.Spent(s.ctx, 9)
		s.no(err)
		var blobs []string
		for _, it := range list {
			blobs = append(blobs, it.Blob)
		}
		s.same("spent", blobs, want)
	}
	spent()
	s.Set(done.Ends)
	spent("sha256/ab")
	ended, err := s.docket.EndContent(s.ctx, it.ID)
	s.no(err)
	_, err = s.docket.EndContent(s.ctx, it.ID)
	s.no(err)
	spent()
	s.same("ended", s.item(it.ID), ended)
	if ended.Content != moderation.Ended || ended.Sealed != nil || ended.Blob != "" || s.types()[len(s.types())-1] != moderation.RecordEnded {
		s.Errorf("%+v", ended)
	}
	_, err = s.docket.Read(s.ctx, officer(1), it.ID)
	s.code(err, moderation.CodeUnreadable)
	e = s.entry("fraud", "review") // it lies with whoever entered it
	e.Content = moderation.Content{Format: "image/png"}
	it, err = s.docket.Enter(s.ctx, role, e)
	s.no(err)
	s.rule(reviewer(1), it.ID, moderation.Release)
}

// erased has a subject go while its item waits: nobody reads the item any more, nobody releases it, and it comes to an end.
func (s *suite) erased() {
	e := s.entry("slow", "review")
	e.Content.Blob, e.Content.Key = "sha256/ab", bytes.Repeat([]byte{7}, 32)
	it, err := s.docket.Enter(s.ctx, role, e)
	s.no(err)
	e = s.entry("slow", "review")
	e.Subject = "acc-2"
	other, err := s.docket.Enter(s.ctx, role, e)
	s.no(err)
	s.read(reviewer(1), it.ID)
	try := func(want moderation.Kept) {
		s.Helper()
		if got := s.item(it.ID); got.Content != want || got.State != moderation.Taken {
			s.Errorf("%+v", got)
		}
		_, err := s.docket.Read(s.ctx, reviewer(1), it.ID)
		s.code(err, moderation.CodeUnreadable)
		_, err = s.docket.Decide(s.ctx, reviewer(1), ruling(it.ID, moderation.Release))
		s.code(err, moderation.CodeUnreadable)
	}
	s.Erase("acc-1")
	try(moderation.Restricted)
	s.Set(start().AddDate(0, 7, 0))
	s.Erase("acc-1")
	try(moderation.Erased)
	if got := s.item(it.ID); got.Sealed != nil {
		s.Error("the sealed bytes are left")
	}
	list, err := s.docket.Spent(s.ctx, 9)
	s.no(err)
	if len(list) != 1 || list[0].Blob != "sha256/ab" {
		s.Errorf("%+v", list)
	}
	_, err = s.docket.EndContent(s.ctx, it.ID)
	s.no(err)
	if list, err = s.docket.Spent(s.ctx, 9); len(list) > 0 || err != nil {
		s.Error(list, err)
	}
	done, err := s.docket.Decide(s.ctx, reviewer(1), ruling(it.ID, moderation.Refuse))
	s.no(err)
	if done.Outcome != moderation.Refuse || done.Content != moderation.Erased || !done.Ends.IsZero() {
		s.Errorf("%+v", done)
	}
	if r := s.Records()[len(s.Records())-1]; r.Subject != evidence.System || r.Type != moderation.RecordDecided {
		s.Errorf("%s is about %s: something was sealed anew for an erased subject", r.Type, r.Subject)
	}
	s.rule(reviewer(1), other.ID, moderation.Release)
}

// forms tries what is out of form: it is refused and leaves nothing.
func (s *suite) forms() {
	for field, change := range map[string]func(*moderation.Entry){
		"subject":   func(e *moderation.Entry) { e.Subject = "某某" },
		"surface":   func(e *moderation.Entry) { e.Surface = "" },
		"function":  func(e *moderation.Entry) { e.Function = "a b" },
		"queue":     func(e *moderation.Entry) { e.Queue = "nowhere" },
		"about":     func(e *moderation.Entry) { e.About, e.Content.Text = "", nil },
		"judgement": func(e *moderation.Entry) { e.Why.Judgement = "" },
		"action":    func(e *moderation.Entry) { e.Why.Action = "" },
		"rows":      func(e *moderation.Entry) { e.Why.Rows = []string{"a\nb"} },
		"findings":  func(e *moderation.Entry) { e.Why.Findings[0].Level = "grave" },
		"format":    func(e *moderation.Entry) { e.Content.Format = "" },
		"blob":      func(e *moderation.Entry) { e.Content.Blob = "x" },
	} {
		e := s.entry("fraud", "review")
		change(&e)
		_, err := s.docket.Enter(s.ctx, role, e)
		var got *colophon.Error
		if !errors.As(err, &got) || got.Code != moderation.CodeInvalid || got.Args["field"] != field {
			s.Errorf("%s: %v", field, err)
		}
	}
	e := s.entry("fraud", "review")
	e.Content.Text = make([]byte, moderation.MaxText+1)
	_, err := s.docket.Enter(s.ctx, role, e)
	s.code(err, moderation.CodeTooLarge)
	if n := len(s.Records()); n != 0 {
		s.Errorf("%d records of what was refused", n)
	}
	e.Content.Text = make([]byte, moderation.MaxText)
	for range 300 {
		e.Why.Findings = append(e.Why.Findings, moderation.Finding{Rule: "r", Category: "terror", Level: "block"})
	}
	it, err := s.docket.Enter(s.ctx, role, e)
	s.no(err)
	if len(it.Why.Findings) != moderation.MaxFindings || it.Why.More != 101 || it.Why.Findings[0].Category != "terror" {
		s.Errorf("%d findings, %d more", len(it.Why.Findings), it.Why.More)
	}
	s.read(reviewer(1), it.ID)
	for field, r := range map[string]moderation.Ruling{
		"decision": {Item: it.ID, Decision: "burn"}, "reason": {Item: it.ID, Decision: moderation.Refuse}, "measure": {Item: it.ID, Decision: moderation.RefuseMeasure, Reason: "a"},
		"note": {Item: it.ID, Decision: moderation.Release, Note: strings.Repeat("a", moderation.MaxNote+1)}, "item": {Decision: moderation.Release},
	} {
		_, err := s.docket.Decide(s.ctx, reviewer(1), r)
		var got *colophon.Error
		if !errors.As(err, &got) || got.Code != moderation.CodeInvalid || got.Args["field"] != field {
			s.Errorf("%s: %v", field, err)
		}
	}
	_, _, err = s.docket.Next(s.ctx, moderation.By{ID: "Wang Wu"}, moderation.Filter{})
	s.code(err, moderation.CodeInvalid)
	_, _, err = s.docket.Items(s.ctx, moderation.Query{After: "'; DROP TABLE held_item"})
	s.code(err, moderation.CodeInvalid)
}

// versions tries the contract of the store itself.
func (s *suite) versions() {
	it := s.enter("fraud")
	store, before := s.Stores[0], len(s.Records())
	for err, id := range map[error]string{moderation.ErrChanged: it.ID, moderation.ErrMissing: "nobody"} {
		stale := it
		stale.ID, stale.State, stale.Version = id, moderation.Taken, it.Version+1
		if got := store.Amend(s.ctx, s.record(), stale); !errors.Is(got, err) {
			s.Error(got)
		}
		if got := store.Extend(s.ctx, id, stale.Version, start()); !errors.Is(got, err) {
			s.Error(got)
		}
	}
	twice := it
	twice.ID = "other"
	if err := store.Add(s.ctx, s.record(), twice); !errors.Is(err, moderation.ErrExists) {
		s.Error(err)
	}
	s.same("item", s.item(it.ID), it)
	if len(s.Records()) != before {
		s.Error("a refused change left a record")
	}
	fixed := it
	fixed.Subject, fixed.Queue, fixed.Priority, fixed.Surface, fixed.Function, fixed.About, fixed.Deadline, fixed.Why = "x", "x", 1, "x", "x", "x", start(), moderation.Why{Judgement: "x"}
	if err := store.Amend(s.ctx, s.record(), fixed); err != nil {
		s.Error(err)
	}
	it.Version++
	s.same("what never changes", s.item(it.ID), it)
}
