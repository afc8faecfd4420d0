package screen_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

var errDown = errors.New("the store is down")

// journal keeps judgements in memory, as a store does.
type journal struct {
	t         testing.TB
	ring      *evidence.Keyring
	mu        sync.Mutex
	opened    []evidence.Record
	records   []evidence.Record
	judged    []policy.Judged
	down      bool
	forgotten int // so many times the data key was erased
}

func (j *journal) Opened(_ context.Context, rec evidence.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.down {
		return errDown
	}
	j.opened = append(j.opened, rec)
	return nil
}

func (j *journal) Judged(_ context.Context, rec evidence.Record, p policy.Judged) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.down:
		return errDown
	case j.forgotten > 0:
		j.forgotten--
		return policy.ErrForgotten
	}
	if err := rec.Check(); err != nil || rec.Type != screen.RecordJudged || p.ID != rec.ID || p.Subject != rec.Subject {
		j.t.Errorf("a record out of form: %v %+v", err, rec)
	}
	j.records, j.judged = append(j.records, rec), append(j.judged, p)
	return nil
}

// payload opens the last record.
func (j *journal) payload() string {
	j.t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	opening, err := j.ring.Open(&j.records[len(j.records)-1])
	if err != nil {
		j.t.Fatal(err)
	}
	return string(opening.Payload)
}

// stage is an engine with what it stands on.
type stage struct {
	*screen.Engine
	journal *journal
	set     *library.Set
	policy  *policy.Policy
	now     time.Time
}

// day is when tests take place.
var day = time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)

func start(t testing.TB, change func(*screen.Config), features ...library.Feature) *stage {
	t.Helper()
	key, err := evidence.NewEnvelopeKey("k1", make([]byte, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := evidence.NewKeyring(key)
	s := &stage{now: day, journal: &journal{t: t, ring: ring}}
	recorder, err := evidence.NewRecorder(evidence.RecorderConfig{Now: func() time.Time { return s.now }, Rand: rand.Reader, NewID: uuid.NewV7, Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	if s.policy, err = defaultPolicy(); err != nil {
		t.Fatal(err)
	}
	s.set = set(t, features...)
	config := screen.Config{
		Library: func() *library.Set { return s.set }, Policy: func() *policy.Policy { return s.policy },
		Journal: s.journal, Recorder: recorder, Now: func() time.Time { return s.now }, Rand: rand.Reader,
	}
	if change != nil {
		change(&config)
	}
	s.Engine = screen.New(config)
	return s
}

var defaultPolicy = sync.OnceValues(func() (*policy.Policy, error) {
	table, err := policy.Default()
	if err != nil {
		return nil, err
	}
	return policy.Compile(table)
})

var sets sync.Map // by their features; to compile one takes a while

func set(t testing.TB, features ...library.Feature) *library.Set {
	t.Helper()
	key := fmt.Sprint(features)
	if s, ok := sets.Load(key); ok {
		return s.(*library.Set)
	}
	s, err := library.Compile(features, library.Options{Words: keyword.Options{Sound: true, Loose: true}})
	if err != nil {
		t.Fatal(err)
	}
	sets.Store(key, s)
	return s
}

func feature(id string, kind library.Kind, value string, category library.Category, level keyword.Level) library.Feature {
	return library.Feature{ID: id, Kind: kind, Value: value, Category: category, Level: level, Standard: "for a test", Reason: "for a test"}
}

// features are one of each kind for text.
func features() []library.Feature {
	return []library.Feature{
		feature("k-drug", library.Keyword, "冰毒原料", "drugs", keyword.Block),
		feature("k-gun", library.Keyword, "gun parts", "weapons", keyword.Review),
		feature("k-note", library.Keyword, "银行卡", "fraud", keyword.Note),
		feature("r-invoice", library.Rule, "代开 & 发票", "fraud", keyword.Block),
		feature("p-phone", library.Pattern, `微信[a-z]{6}\d{2}`, "gambling", keyword.Block),
		feature("n-person", library.Person, "某某某书记", "impersonation", keyword.Block),
		feature("k-news", library.Keyword, "本报讯", "news", keyword.Review),
	}
}

func text(s string) screen.Item {
	return screen.Item{Subject: "acct-1", Surface: screen.Output, Class: "verified", Service: "chat", Function: "text.chat", Parts: []screen.Part{{Name: "answer", Text: s}}}
}

func judge(t testing.TB, s *stage, item screen.Item) screen.Judgement {
	t.Helper()
	j, err := s.Judge(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func ids(list []screen.Finding) []string {
	var names []string
	for _, f := range list {
		names = append(names, f.Feature)
	}
	slices.Sort(names)
	return names
}

func wantCode(t testing.TB, err error, kind colophon.Kind, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || e.Kind != kind {
		t.Errorf("got %v, want %s", err, code)
	}
}

func run(t testing.TB, j screen.Judgement, check, part string) screen.Run {
	t.Helper()
	for _, r := range j.Runs {
		if r.Check == check && r.Part == part {
			return r
		}
	}
	t.Fatalf("no run of %s over %q in %+v", check, part, j.Runs)
	return screen.Run{}
}

// TestJudge collects what all checks find before it decides.
func TestJudge(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	content := "请代开一张发票，加微信abcdef12，买冰 毒原料和gun parts，找某某某书记，用银行卡。"
	j := judge(t, s, text(content))
	if want := []string{"k-drug", "k-gun", "k-note", "n-person", "p-phone", "r-invoice"}; !slices.Equal(ids(j.Findings), want) {
		t.Errorf("found %v, want %v", ids(j.Findings), want)
	}
	for _, f := range j.Findings {
		place := content[f.Start:f.End]
		if runes := []rune(content); string(runes[f.RuneStart:f.RuneEnd]) != place {
			t.Errorf("%s: bytes say %q and runes %q", f.Feature, place, string(runes[f.RuneStart:f.RuneEnd]))
		}
		if f.Feature == "k-drug" && (place != "冰 毒原料" || f.Runes != 4 || f.How != "plain" || f.Level != keyword.Block || f.Part != "answer") {
			t.Errorf("got %+v at %q", f, place)
		}
	}
	if j.Action != policy.Refuse || j.Verdict != colophon.Failed || !slices.Contains(j.Clauses, colophon.ClauseDS10) || slices.Contains(j.Clauses, colophon.ClauseDS6) {
		t.Errorf("got %s, %s, %v", j.Action, j.Verdict, j.Clauses)
	}
	if r := run(t, j, screen.CheckText, ""); r.Outcome != screen.Ran || r.Version != s.set.Version().String() || j.Library != r.Version || j.Policy != s.policy.Version() {
		t.Errorf("got %+v", r)
	}
	clean := judge(t, s, text("今天天气很好。"))
	if clean.Action != policy.Allow || clean.Verdict != colophon.Passed || len(clean.Findings) > 0 {
		t.Errorf("got %+v", clean)
	}
	if note := judge(t, s, text("银行卡")); note.Action != policy.Allow || note.Verdict != colophon.Passed || len(note.Findings) != 1 {
		t.Errorf("a note alone acts: %+v", note)
	}
}

// TestRecord holds the record against what the judgement says: no text but in excerpts, and nothing of it outside of the
// sealed payload.
func TestRecord(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	before, after := strings.Repeat("前", 300), strings.Repeat("后", 300)
	j := judge(t, s, text(before+"冰毒原料"+after))
	rec := s.journal.records[0]
	if rec.ID != j.ID || rec.Subject != "acct-1" || !slices.Equal(rec.Clauses, []colophon.Clause{colophon.ClauseDS10}) {
		t.Errorf("got %+v", rec)
	}
	p := s.journal.payload()
	for _, want := range []string{`"k-drug"`, `"level":"block"`, `"action":"refuse"`, `"verdict":"failed"`, `"outcome":"ran"`, `"start":900`, `"rune_start":300`, j.Library, j.Policy, `"salt":"`, `"digest":"`, `"rows":["block"]`} {
		if !strings.Contains(p, want) {
			t.Errorf("the payload lacks %s: %s", want, p)
		}
	}
	if strings.ContainsAny(p, "冰前后") {
		t.Errorf("text stands in the payload: %s", p)
	}
	if got := s.journal.judged[0]; got.Action != policy.Refuse || got.Verdict != colophon.Failed || len(got.Facts) != 1 || got.Facts[0].Category != "drugs" || got.Facts[0].Runes != 4 || got.Facts[0].Class != "verified" || got.Facts[0].Function != "text.chat" {
		t.Errorf("got %+v", got)
	}

	for most, want := range map[int]string{
		10:  "前前前冰毒原料后后后",
		3:   "冰毒原",
		900: before[:98*3] + "冰毒原料" + after[:98*3],
	} {
		s := start(t, func(c *screen.Config) { c.Excerpt = most }, features()...)
		judge(t, s, text(before+"冰毒原料"+after))
		var p struct{ Findings []struct{ Excerpt string } }
		if err := json.Unmarshal([]byte(s.journal.payload()), &p); err != nil || len(p.Findings) != 1 || p.Findings[0].Excerpt != want {
			t.Errorf("%d runes: got %+v", most, p)
		}
		for _, rec := range s.journal.records {
			rec.Sequence = 1
			leaf, err := rec.Leaf()
			if err != nil || bytes.ContainsAny(leaf, "冰前后") {
				t.Errorf("leaf %s, %v", leaf, err)
			}
		}
	}
	edge := start(t, func(c *screen.Config) { c.Excerpt = 20 }, features()...)
	judge(t, edge, text("买冰毒原料"))
	if p := edge.journal.payload(); !strings.Contains(p, `"excerpt":"买冰毒原料"`) {
		t.Errorf("got %s", p)
	}
}

// TestMany tells the gravest findings one by one and counts the rest, so that no text is too bad to be recorded.
func TestMany(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *screen.Config) { c.Excerpt = 200 }, features()...)
	j := judge(t, s, text(strings.Repeat("银行卡，", 5000)+"冰毒原料"))
	if len(j.Findings) != 5001 || j.Findings[0].Feature != "k-drug" {
		t.Fatalf("%d findings, first %+v", len(j.Findings), j.Findings[0])
	}
	if p := s.journal.payload(); !strings.Contains(p, `"omitted":{"findings":4701}`) || !strings.Contains(p, "k-drug") {
		t.Errorf("got %.300s", p)
	}
}

// TestNothingToLookFor never passes what was held against nothing.
func TestNothingToLookFor(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*stage){
		"no library":    func(s *stage) { s.set = nil },
		"empty library": func(s *stage) { s.set = set(t) },
		"nothing for text": func(s *stage) {
			s.set = set(t, feature("d", library.Digest, strings.Repeat("ab", 32), "sexual", keyword.Block))
		},
	} {
		s := start(t, nil, features()...)
		change(s)
		j := judge(t, s, text("今天天气很好。"))
		r := run(t, j, screen.CheckText, "")
		if r.Outcome != screen.NotRun || r.Reason != screen.CodeNoFeatures || len(r.Covers) != len(library.Topics()) {
			t.Errorf("%s: got %+v", name, r)
		}
		if j.Verdict != colophon.Unknown || j.Action < policy.Review || !j.Decision.Unknown || len(j.Facts) < len(library.Topics()) || j.Facts[0].Level != policy.LevelUnknown {
			t.Errorf("%s: got %s and %s by %+v", name, j.Verdict, j.Action, j.Facts)
		}
	}
}

// open is a policy that lets pass what nobody checked.
func open(t testing.TB) *policy.Policy {
	t.Helper()
	p, err := policy.Compile(policy.Table{Version: "open", Rows: []policy.Row{
		{ID: "block", Category: "*", Level: "block", Surface: "*", Class: "*", Action: policy.Refuse, Reason: "for a test"},
		{ID: "review", Category: "*", Level: "review", Surface: "*", Class: "*", Action: policy.Review, Reason: "for a test"},
		{ID: "rest", Category: "*", Level: "*", Surface: "*", Class: "*", Action: policy.Allow, Reason: "for a test"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestOpenIsNotPassed keeps the verdict apart from the action: what may pass unchecked is not passed.
func TestOpenIsNotPassed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.policy = open(t)
	if j := judge(t, s, text("今天")); j.Action != policy.Allow || j.Verdict != colophon.Unknown || len(j.Decision.Open) != len(library.Topics()) {
		t.Errorf("got %s, %s, %v", j.Action, j.Verdict, j.Decision.Open)
	}
	if p := s.journal.payload(); !strings.Contains(p, `"open":["`) || !strings.Contains(p, `"verdict":"could-not-tell"`) {
		t.Errorf("got %s", p)
	}
}

func TestJournalDown(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	s.journal.down = true
	j, err := s.Judge(t.Context(), text("今天天气很好。"))
	wantCode(t, err, colophon.Internal, screen.CodeJournal)
	if j.Action == policy.Allow || j.Verdict == colophon.Passed || !errors.Is(err, errDown) {
		t.Errorf("got %+v", j)
	}
	s.journal.down, s.journal.forgotten = false, 1
	if j := judge(t, s, text("今天天气很好。")); j.Action != policy.Allow {
		t.Errorf("got %+v", j)
	}
	s.journal.forgotten = 2
	_, err = s.Judge(t.Context(), text("今天天气很好。"))
	wantCode(t, err, colophon.Internal, screen.CodeJournal)
}

func TestItemOutOfForm(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	for field, change := range map[string]func(*screen.Item){
		"subject":      func(i *screen.Item) { i.Subject = "" },
		"surface":      func(i *screen.Item) { i.Surface = "" },
		"parts":        func(i *screen.Item) { i.Parts = nil },
		"parts.name":   func(i *screen.Item) { i.Parts = append(i.Parts, i.Parts[0]) },
		"parts.media":  func(i *screen.Item) { i.Parts[0].Media = &screen.Media{} },
		"conversation": func(i *screen.Item) { i.Conversation = strings.Repeat("x", screen.MaxName+1) },
	} {
		item := text("今天")
		change(&item)
		_, err := s.Judge(t.Context(), item)
		wantCode(t, err, colophon.Invalid, screen.CodeItem)
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	s.policy = nil
	_, err := s.Judge(t.Context(), text("今天"))
	wantCode(t, err, colophon.Internal, screen.CodeNoPolicy)
}

// TestHotSwap takes library and policy as they are when the judgement begins.
func TestHotSwap(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	first := judge(t, s, text("冰毒原料"))
	s.set = set(t, feature("k-other", library.Keyword, "别的词语", "drugs", keyword.Block))
	second := judge(t, s, text("冰毒原料"))
	if first.Action != policy.Refuse || second.Action != policy.Allow || first.Library == second.Library {
		t.Errorf("got %s of %s, then %s of %s", first.Action, first.Library, second.Action, second.Library)
	}
	s.policy = open(t)
	if j := judge(t, s, text("别的词语")); j.Policy != "open" || j.Action != policy.Refuse {
		t.Errorf("got %+v", j)
	}
}

// classifier answers as it is told.
type classifier struct {
	name   string
	answer func(context.Context, screen.Question) (screen.Answer, error)
}

func (c classifier) Name() string               { return c.name }
func (c classifier) Covers() []library.Category { return []library.Category{"sexual", "gambling"} }
func (c classifier) Classify(ctx context.Context, q screen.Question) (screen.Answer, error) {
	return c.answer(ctx, q)
}

func always(a screen.Answer, err error) func(context.Context, screen.Question) (screen.Answer, error) {
	return func(context.Context, screen.Question) (screen.Answer, error) { return a, err }
}

func TestClassifier(t *testing.T) {
	t.Parallel()
	hit := screen.Finding{Category: "sexual", Level: keyword.Block, Feature: "sexual/explicit", Part: "answer", Score: 0.95}
	for name, test := range map[string]struct {
		answer  screen.Answer
		err     error
		outcome screen.Outcome
		reason  colophon.Code
		action  policy.Action
		verdict colophon.Verdict
	}{
		"ran":              {screen.Answer{Outcome: screen.Ran, Model: "m", Version: "7"}, nil, screen.Ran, "", policy.Allow, colophon.Passed},
		"found":            {screen.Answer{Outcome: screen.Ran, Findings: []screen.Finding{hit}}, nil, screen.Ran, "", policy.Refuse, colophon.Failed},
		"failed":           {screen.Answer{}, errors.New("connection reset, 冰"), screen.Failure, screen.CodeFailed, policy.Review, colophon.Unknown},
		"failed, and says": {screen.Answer{Outcome: screen.Ran}, &colophon.Error{Code: "classify-status"}, screen.Failure, "classify-status", policy.Review, colophon.Unknown},
		"found and failed": {screen.Answer{Findings: []screen.Finding{hit}}, errDown, screen.Failure, screen.CodeFailed, policy.Refuse, colophon.Failed},
		"no outcome":       {screen.Answer{}, nil, screen.Failure, screen.CodeAnswer, policy.Review, colophon.Unknown},
		"no reason":        {screen.Answer{Outcome: screen.Bypassed}, nil, screen.Failure, screen.CodeAnswer, policy.Review, colophon.Unknown},
		"bypassed":         {screen.Answer{Outcome: screen.Bypassed, Reason: "classify-resting"}, nil, screen.Bypassed, "classify-resting", policy.Review, colophon.Unknown},
		"not run":          {screen.Answer{Outcome: screen.NotRun, Reason: "classify-busy"}, nil, screen.NotRun, "classify-busy", policy.Review, colophon.Unknown},
		"no level":         {screen.Answer{Outcome: screen.Ran, Findings: []screen.Finding{{Category: "sexual"}}}, nil, screen.Failure, screen.CodeAnswer, policy.Review, colophon.Unknown},
		"before the text":  {screen.Answer{Outcome: screen.Ran, Findings: []screen.Finding{{Category: "sexual", Level: keyword.Note, Part: "answer", Start: -9, End: -3}}}, nil, screen.Failure, screen.CodeAnswer, policy.Review, colophon.Unknown},
		"score over one":   {screen.Answer{Outcome: screen.Ran, Findings: []screen.Finding{{Category: "sexual", Level: keyword.Note, Score: 2}}}, nil, screen.Failure, screen.CodeAnswer, policy.Review, colophon.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(c *screen.Config) {
				c.Classifiers, c.Excerpt = []screen.Classifier{classifier{"guard", always(test.answer, test.err)}}, 10
			}, features()...)
			j := judge(t, s, text("今天"))
			r := run(t, j, "classifier:guard", "")
			if r.Outcome != test.outcome || r.Reason != test.reason || r.Model != test.answer.Model || r.Version != test.answer.Version {
				t.Errorf("got %+v", r)
			}
			if j.Action != test.action || j.Verdict != test.verdict {
				t.Errorf("got %s and %s by %+v", j.Action, j.Verdict, j.Facts)
			}
			unknown := slices.ContainsFunc(j.Facts, func(f policy.Fact) bool {
				return f.Category == "gambling" && f.Level == policy.LevelUnknown && f.Check == "classifier:guard"
			})
			if unknown == (test.outcome == screen.Ran) {
				t.Errorf("facts %+v", j.Facts)
			}
			if strings.Contains(s.journal.payload(), "connection") {
				t.Error("the text of an error stands in the payload")
			}
		})
	}
}

// TestClassifiersSideBySide has classifiers that answer only once all were asked, and one that never does.
func TestClassifiersSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		var list []screen.Classifier
		for _, name := range []string{"a", "b", "c"} {
			all.Add(1)
			list = append(list, classifier{name, func(context.Context, screen.Question) (screen.Answer, error) {
				all.Done()
				all.Wait()
				return screen.Answer{Outcome: screen.Ran}, nil
			}})
		}
		never := make(chan struct{})
		list = append(list, classifier{"deaf", func(context.Context, screen.Question) (screen.Answer, error) {
			<-never
			return screen.Answer{Outcome: screen.Ran}, nil
		}})
		s := start(t, func(c *screen.Config) { c.Classifiers, c.Deadline, c.Now = list, 3*time.Second, time.Now }, features()...)
		j := judge(t, s, text("今天"))
		close(never)
		if r := run(t, j, "classifier:deaf", ""); r.Outcome != screen.Failure || r.Reason != screen.CodeDeadline || r.Took != 3*time.Second {
			t.Errorf("got %+v", r)
		}
		if run(t, j, "classifier:b", "").Outcome != screen.Ran || j.Verdict != colophon.Unknown {
			t.Errorf("got %+v", j)
		}
	})
}

type inputOnly struct{ classifier }

func (inputOnly) Judges(s screen.Surface) bool { return s == screen.Input }

func TestQuestion(t *testing.T) {
	t.Parallel()
	var asked screen.Question
	s := start(t, func(c *screen.Config) {
		c.Classifiers = []screen.Classifier{
			classifier{"guard", func(_ context.Context, q screen.Question) (screen.Answer, error) {
				asked = q
				return screen.Answer{Outcome: screen.Ran}, nil
			}},
			inputOnly{classifier{"prompts", always(screen.Answer{}, errDown)}},
		}
	}, features()...)
	item := text("今天")
	item.Context = []screen.Part{{Name: "prompt", By: "user", Text: "天气如何"}}
	j := judge(t, s, item)
	if asked.Surface != screen.Output || asked.Function != "text.chat" || len(asked.Context) != 1 || len(asked.Parts) != 1 || asked.Parts[0].Text != "今天" || asked.Partial {
		t.Errorf("got %+v", asked)
	}
	if r := run(t, j, "classifier:prompts", ""); r.Outcome != screen.Bypassed || len(r.Covers) > 0 || j.Verdict != colophon.Passed {
		t.Errorf("a classifier of another surface counts: %+v, %s", r, j.Verdict)
	}
}

// TestNews is Deep Synthesis Art. 6 ¶2: news waits unless its text keeps a source of the list that is valid that day.
func TestNews(t *testing.T) {
	t.Parallel()
	unit := feature("u-1", library.SourceUnit, "新华社", "news", keyword.Allow)
	unit.Aliases = []string{"Xinhua News Agency", "Xinhua"}
	old := feature("u-2", library.SourceUnit, "旧日报", "news", keyword.Allow)
	old.Until = day.Truncate(24*time.Hour).AddDate(0, 0, -1)
	s := start(t, nil, append(features(), unit, old)...)
	for content, source := range map[string]string{
		"本报讯 今日发布。来源：新华社":                      "新华社",
		"本报讯 今日发布。（稿源：新华社北京分社）":                "新华社",
		"新华社北京3月5日电 本报讯 今日发布":                  "新华社",
		"据新华社报道，本报讯今日发布":                       "新华社",
		"本报讯 今日发布。转载自《新华社》":                    "新华社",
		"本报讯 Source: Xinhua News Agency, 2026": "Xinhua News Agency",
		"本报讯 according to the Xinhua.":         "Xinhua",
		"本报讯 今日发布，新华社":                         "",
		"本报讯 来源：某自媒体，不是新华社":                    "",
		"本报讯 来源：旧日报":                           "",
		"本报讯 source: Xinhuatopia":              "",
		"本报讯 今日发布":                             "",
	} {
		j := judge(t, s, text(content))
		at := slices.IndexFunc(j.Findings, func(f screen.Finding) bool { return f.Check == "source-unit" })
		news := slices.IndexFunc(j.Findings, func(f screen.Finding) bool { return f.Feature == "k-news" })
		if news < 0 || (at >= 0) != (source != "") || (j.Findings[news].How == "sourced") != (source != "") {
			t.Errorf("%s: got %+v", content, j.Findings)
			continue
		}
		if !slices.Contains(j.Clauses, colophon.ClauseDS6) || !slices.Contains(s.journal.records[len(s.journal.records)-1].Clauses, colophon.ClauseDS6) {
			t.Errorf("%s: by %v", content, j.Clauses)
		}
		if source == "" {
			if j.Action != policy.Review {
				t.Errorf("%s: %s", content, j.Action)
			}
			continue
		}
		f := j.Findings[at]
		if got := content[f.Start:f.End]; got != source || f.Feature != "u-1" || j.Action >= policy.Review {
			t.Errorf("%s: source %q, %s", content, got, j.Action)
		}
	}
	two := text("本报讯 今日发布")
	two.Parts = append(two.Parts, screen.Part{Name: "other", Text: "来源：新华社"})
	if j := judge(t, s, two); j.Action != policy.Review {
		t.Errorf("a source in another part counts: %+v", j.Findings)
	}
	s.now = s.now.AddDate(0, 0, -2)
	if j := judge(t, s, text("本报讯 来源：旧日报")); j.Action >= policy.Review {
		t.Errorf("a unit that was valid that day does not count: %+v", j.Findings)
	}
}
