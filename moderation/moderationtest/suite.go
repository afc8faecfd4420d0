// Package moderationtest proves an implementation of [moderation.Store] and [moderation.DutyStore]: the docket and the
// reports are taken through the lives of items and duties on it, alone and many at once.
//
// What not to do here: no test of how a store keeps what it keeps.
package moderationtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/moderation"
)

// Bench is an empty store with what a test needs around it.
type Bench struct {
	// Stores are nodes on one database, at least one.
	Stores   []moderation.Store
	Duties   moderation.DutyStore
	Recorder *evidence.Recorder
	Keys     moderation.Unsealer
	// Set sets the clock of the recorder.
	Set func(time.Time)
	// Records returns the records that were committed, in order.
	Records func() []evidence.Record
	// Open returns the payload of a record.
	Open func(evidence.Record) ([]byte, error)
	// Erase erases a subject: while a statutory period runs its data is restricted, later it is erased.
	Erase func(evidence.Subject)
}

type suite struct {
	*testing.T
	Bench
	ctx     context.Context
	docket  *moderation.Docket
	reports *moderation.Reports
	entered int
}

// Run runs the suite. Each call of open MUST return an empty store whose clock stands at its beginning.
func Run(t *testing.T, open func(*testing.T) Bench) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"Life", (*suite).life}, {"EnterTwice", (*suite).enterTwice}, {"Order", (*suite).order}, {"Find", (*suite).find}, {"Lease", (*suite).lease}, {"Confirm", (*suite).confirm},
		{"Escalate", (*suite).escalate}, {"TimeOut", (*suite).timeOut}, {"Content", (*suite).content}, {"Erased", (*suite).erased}, {"Acted", (*suite).acted},
		{"Figures", (*suite).figures}, {"Crowd", (*suite).crowd}, {"OneItem", (*suite).oneItem}, {"Walk", (*suite).walk}, {"Forms", (*suite).forms}, {"Versions", (*suite).versions},
		{"Duties", (*suite).duties}, {"DutyOnce", (*suite).dutyOnce}, {"DutyErased", (*suite).dutyErased},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			b.Set(start())
			plan, err := moderation.ParsePlan([]byte(plan))
			if err != nil {
				t.Fatal(err)
			}
			d, err := moderation.NewDocket(b.Stores[0], b.Recorder, b.Keys, plan)
			if err != nil {
				t.Fatal(err)
			}
			test.run(&suite{T: t, Bench: b, ctx: t.Context(), docket: d, reports: moderation.NewReports(b.Duties, b.Recorder, plan.Report)})
		})
	}
}

// plan is the plan of the tests.
const plan = `{"queues": [
	{"name": "grave", "categories": ["weapons", "drugs"], "functions": ["video.swap"], "deadline": "1h", "deadlines": {"drugs": "30m"}, "confirm": {"categories": ["drugs"]}},
	{"name": "slow", "categories": ["slow"], "deadline": "8760h"},
	{"name": "rest", "deadline": "4h", "confirm": {"decisions": ["refuse-and-measure"]}}],
	"lease": "10m", "keep": "48h", "report": {"deadline": "24h", "deadlines": {"weapons": "2h"}}}`

const role evidence.Role = "system"

const secret = "words that wait for a person"

func start() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 123e6, time.UTC) }

func reviewer(n int) moderation.By {
	return moderation.By{ID: fmt.Sprint("reviewer-", n), Role: "reviewer"}
}

func officer(n int) moderation.By {
	return moderation.By{ID: fmt.Sprint("officer-", n), Role: "officer", Senior: true, Reporter: true}
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

// entry is something about a category that waits.
func (s *suite) entry(category, level string) moderation.Entry {
	s.entered++
	return moderation.Entry{Subject: "acc-1", Surface: "output", Function: "text.dialogue", About: fmt.Sprint("number-", s.entered), Content: moderation.Content{Format: "text/plain", Text: []byte(secret)},
		Why: moderation.Why{Judgement: fmt.Sprint("judgement-", s.entered), Action: "review", Rows: []string{"row-7"}, Library: "l-1", Policy: "p-1",
			Findings: []moderation.Finding{{Rule: "rule-1", Category: category, Level: level, Part: "messages.3.content", Start: 3, End: 9}}}}
}

func (s *suite) enter(category string) moderation.Item {
	s.Helper()
	it, err := s.docket.Enter(s.ctx, role, s.entry(category, "review"))
	s.no(err)
	return it
}

// read takes an item and reads it.
func (s *suite) read(by moderation.By, id string) {
	s.Helper()
	_, err := s.docket.Take(s.ctx, by, id)
	s.no(err)
	_, err = s.docket.Read(s.ctx, by, id)
	s.no(err)
}

func ruling(id string, d moderation.Decision) moderation.Ruling {
	r := moderation.Ruling{Item: id, Decision: d, Reason: "seen", Note: "a note in prose"}
	if d == moderation.RefuseMeasure {
		r.Measure = "warn"
	}
	return r
}

// rule takes an item, reads it and decides.
func (s *suite) rule(by moderation.By, id string, d moderation.Decision) moderation.Item {
	s.Helper()
	s.read(by, id)
	it, err := s.docket.Decide(s.ctx, by, ruling(id, d))
	s.no(err)
	return it
}

func (s *suite) item(id string) moderation.Item {
	s.Helper()
	it, err := s.docket.Item(s.ctx, id)
	s.no(err)
	return it
}

func (s *suite) record() evidence.Record {
	s.Helper()
	r, err := s.Recorder.New("moderation.tested", evidence.System, role, nil, 1)
	s.no(err)
	return r
}

// types returns the types of the records so far.
func (s *suite) types() []evidence.Type {
	var list []evidence.Type
	for _, r := range s.Records() {
		list = append(list, r.Type)
	}
	return list
}
