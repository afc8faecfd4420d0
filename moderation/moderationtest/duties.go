package moderationtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/moderation"
)

func (s *suite) duty(judgement string, categories ...string) moderation.Duty {
	s.Helper()
	d, err := s.reports.Open(s.ctx, role, moderation.Hit{Judgement: judgement, Categories: categories, Subject: "acc-1"})
	s.no(err)
	return d
}

func filed(at time.Time) moderation.Filing {
	return moderation.Filing{Channel: "12377", Reference: "编号 2026/117", At: at, Attachment: moderation.Digest{1, 2}}
}

// duties opens report duties, files one, dismisses one and leaves one until it is overdue.
func (s *suite) duties() {
	a, b, c := s.duty("j-1", "weapons", "fraud", "weapons"), s.duty("j-2", "fraud"), s.duty("j-3", "fraud")
	s.same("duty", a, moderation.Duty{ID: a.ID, State: moderation.Open, Judgement: "j-1", Categories: []string{"fraud", "weapons"}, Subject: "acc-1", Opened: start(), Due: start().Add(2 * time.Hour), Version: 1})
	overdue := func(want ...string) {
		s.Helper()
		var got []string
		for after := ""; ; {
			list, next, err := s.reports.Overdue(s.ctx, after, 1)
			s.no(err)
			for _, d := range list {
				got = append(got, d.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		s.same("overdue", got, want)
	}
	overdue()
	s.Set(start().Add(2 * time.Hour))
	overdue(a.ID)
	_, err := s.reports.File(s.ctx, reviewer(1), a.ID, filed(start()))
	s.code(err, moderation.CodeReporter)
	_, err = s.reports.Dismiss(s.ctx, reviewer(1), a.ID, moderation.Dismissal{Reason: "false-hit", Note: "why"})
	s.code(err, moderation.CodeReporter)
	done, err := s.reports.File(s.ctx, officer(1), a.ID, filed(start().Add(time.Hour)))
	s.no(err)
	got, err := s.reports.Duty(s.ctx, a.ID)
	s.no(err)
	s.same("filed", got, done)
	if done.State != moderation.Filed || *done.Filing != filed(start().Add(time.Hour)) || done.By != "officer-1" || !done.Closed.Equal(start().Add(2*time.Hour)) {
		s.Errorf("%+v", done)
	}
	done, err = s.reports.Dismiss(s.ctx, officer(1), b.ID, moderation.Dismissal{Reason: "false-hit", Note: "a scene of a play"})
	s.no(err)
	if got, err := s.reports.Duty(s.ctx, b.ID); err != nil || got.State != moderation.Dismissed || got.Reason != "false-hit" || got.Filing != nil || got.Version != done.Version {
		s.Errorf("%+v, %v", got, err)
	}
	for _, d := range []moderation.Duty{a, b} { // what is closed stays closed
		_, err = s.reports.File(s.ctx, officer(2), d.ID, filed(start()))
		s.code(err, moderation.CodeDutyClosed)
		_, err = s.reports.Dismiss(s.ctx, officer(2), d.ID, moderation.Dismissal{Reason: "a", Note: "b"})
		s.code(err, moderation.CodeDutyClosed)
	}
	s.Set(start().Add(24 * time.Hour))
	overdue(c.ID)
	list, _, err := s.reports.Duties(s.ctx, moderation.DutyQuery{State: moderation.Filed})
	s.no(err)
	if len(list) != 1 || list[0].ID != a.ID {
		s.Errorf("%+v", list)
	}
	s.same("records", s.types(), []evidence.Type{moderation.RecordDutyOpened, moderation.RecordDutyOpened, moderation.RecordDutyOpened, moderation.RecordDutyFiled, moderation.RecordDutyDismissed})
	for i, r := range s.Records() {
		text, err := s.Open(r)
		s.no(err)
		if r.Subject != "acc-1" || !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseDS10}) || strings.Contains(string(text), "a scene of a play") != (i == 4) || strings.Contains(string(text), "2026/117") != (i == 3) {
			s.Errorf("%s is about %s, by %v: %s", r.Type, r.Subject, r.Clauses, text)
		}
	}
	if raw, err := json.Marshal(got); err != nil || !strings.Contains(string(raw), `"attachment":"0102`) {
		s.Errorf("%s, %v", raw, err)
	}
	s.wrongFilings(c.ID)
}

func (s *suite) wrongFilings(id string) {
	for field, change := range map[string]func(*moderation.Filing){
		"channel": func(f *moderation.Filing) { f.Channel = "" }, "reference": func(f *moderation.Filing) { f.Reference = "" },
		"at": func(f *moderation.Filing) { f.At = start().Add(25 * time.Hour) }, "at ": func(f *moderation.Filing) { f.At = time.Time{} },
	} {
		f := filed(start())
		change(&f)
		_, err := s.reports.File(s.ctx, officer(1), id, f)
		s.code(err, moderation.CodeInvalid)
		if !strings.Contains(err.Error(), strings.TrimSpace(field)) {
			s.Errorf("%s: %v", field, err)
		}
	}
	for _, why := range []moderation.Dismissal{{Reason: "a"}, {Note: "b"}} {
		_, err := s.reports.Dismiss(s.ctx, officer(1), id, why)
		s.code(err, moderation.CodeInvalid)
	}
	for _, h := range []moderation.Hit{{Categories: []string{"a"}, Subject: "s"}, {Judgement: "j", Subject: "s"}, {Judgement: "j", Categories: []string{"a"}}, {Judgement: "j", Categories: []string{"A B"}, Subject: "s"}} {
		_, err := s.reports.Open(s.ctx, role, h)
		s.code(err, moderation.CodeInvalid)
	}
	_, err := s.reports.File(s.ctx, officer(1), "nobody", filed(start()))
	s.code(err, moderation.CodeNoDuty)
}

// dutyOnce opens the duty of one judgement many times at once, and has many close it at once.
func (s *suite) dutyOnce() {
	var wg sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wg.Go(func() {
			d, err := s.reports.Open(s.ctx, role, moderation.Hit{Judgement: "j", Categories: []string{"fraud"}, Subject: "acc-1"})
			if err != nil {
				s.Error(err)
			}
			ids[i] = d.ID
		})
	}
	wg.Wait()
	if slices.ContainsFunc(ids, func(id string) bool { return id == "" || id != ids[0] }) || len(s.Records()) != 1 {
		s.Errorf("%v, %d records", ids, len(s.Records()))
	}
	closed := make([]bool, 8)
	for i := range closed {
		wg.Go(func() {
			var err error
			if i%2 == 0 {
				_, err = s.reports.File(s.ctx, officer(i), ids[0], filed(start()))
			} else {
				_, err = s.reports.Dismiss(s.ctx, officer(i), ids[0], moderation.Dismissal{Reason: "a", Note: "b"})
			}
			if closed[i] = err == nil; !closed[i] {
				s.code(err, moderation.CodeDutyClosed)
			}
		})
	}
	wg.Wait()
	winner := slices.Index(closed, true)
	if winner < 0 || slices.Contains(closed[winner+1:], true) || len(s.Records()) != 2 {
		s.Fatalf("%v, %d records", closed, len(s.Records()))
	}
	if d, err := s.reports.Duty(s.ctx, ids[0]); err != nil || d.By != fmt.Sprint("officer-", winner) {
		s.Error(d, err)
	}
}

// dutyErased has the subject go: the duty stays, and nothing is sealed for the subject any more.
func (s *suite) dutyErased() {
	d := s.duty("j", "weapons")
	s.Set(start().AddDate(0, 7, 0))
	s.Erase("acc-1")
	done, err := s.reports.File(s.ctx, officer(1), d.ID, filed(start()))
	s.no(err)
	if r := s.Records()[len(s.Records())-1]; r.Type != moderation.RecordDutyFiled || r.Subject != evidence.System || !done.Erased {
		s.Errorf("%s is about %s", r.Type, r.Subject)
	}
	// What was held is refused only then.
	late, err := s.reports.Open(s.ctx, role, moderation.Hit{Judgement: "late", Categories: []string{"weapons"}, Subject: "acc-1", Erased: true})
	s.no(err)
	if r := s.Records()[len(s.Records())-1]; r.Type != moderation.RecordDutyOpened || r.Subject != evidence.System || late.Subject != "acc-1" {
		s.Errorf("%s is about %s", r.Type, r.Subject)
	}
}
