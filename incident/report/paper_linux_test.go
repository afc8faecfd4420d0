package report_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func known(lines ...string) report.Answer {
	return report.Answer{Certainty: report.Known, Lines: lines}
}

// filled are answers to everything that a first report has to say.
func filled() report.Answers {
	return report.Answers{"provider": known("某公司"), "system": known("网关"), "incident": known("北京"), "effect": known("服务中断"), "measures": known("已隔离")}
}

// answer returns the lines of a field of a document.
func answer(d report.Document, id string) report.Field {
	i := slices.IndexFunc(d.Fields, func(f report.Field) bool { return f.ID == id })
	if i < 0 {
		return report.Field{}
	}
	return d.Fields[i]
}

func (w *world) document(id string) (report.Document, []byte) {
	w.Helper()
	_, s, err := w.k.ReadPaper(w.Context(), first, id)
	w.no(err)
	d, err := report.Parse([]byte(s.Document))
	w.no(err)
	return d, []byte(s.Document)
}

// TestFill drafts a report of what is known, and looks at what it says of the rest.
func TestFill(t *testing.T) {
	w := open(t)
	v := w.incident(report.Outage)
	p, err := w.k.DraftPaper(t.Context(), system, v.ID, report.FirstReport, nil)
	w.no(err)
	d, _ := w.document(p.ID)
	for _, f := range d.Fields {
		if f.Certainty == report.Unknown && !slices.Equal(f.Lines, []string{"尚不掌握"}) || len(f.Lines) == 0 {
			t.Errorf("%s says %v", f.ID, f.Lines)
		}
	}
	if got := answer(d, "incident-level"); got.Certainty != report.Unknown {
		t.Errorf("the grade of an incident that nobody could grade: %+v", got)
	}
	if got := answer(d, "found").Lines; !slices.Equal(got, []string{"2026-11-22 16:00:00（北京时间）"}) {
		t.Errorf("found %v", got)
	}
	if got := answer(d, "incident-kind").Lines; !slices.Equal(got, []string{"服务中断"}) {
		t.Errorf("kind %v", got)
	}
	if want := []string{"provider", "system", "incident", "incident-level", "effect", "measures"}; !slices.Equal(p.Open, want) || p.Author != "" || p.Part != 1 {
		t.Errorf("open are %v, want %v; %+v", p.Open, want, p)
	}
	if again, err := w.k.DraftPaper(t.Context(), first, v.ID, report.FirstReport, filled()); err != nil || again.ID != p.ID || again.SHA256 != p.SHA256 {
		t.Errorf("drafted again: %+v, %v", again, err)
	}
	w.learn(v.ID, map[string]report.Fact{report.FactLoss: report.Fact{Least: 5_000_000}})
	p, err = w.k.Fill(t.Context(), first, p.ID, filled())
	w.no(err)
	d, _ = w.document(p.ID)
	if got := answer(d, "incident-level"); got.Certainty != report.Known || !strings.HasPrefix(got.Lines[0], "至少为较大") {
		t.Errorf("%+v", got)
	}
	if len(p.Open) != 0 {
		t.Errorf("open are %v", p.Open)
	}
	p, err = w.k.Fill(t.Context(), first, p.ID, report.Answers{"ransom": {Certainty: report.None}})
	w.no(err)
	d, _ = w.document(p.ID)
	if answer(d, "ransom").Lines[0] != "无" || answer(d, "provider").Lines[0] != "某公司" || !strings.Contains(d.Text(), "涉事单位名称：某公司\n") {
		t.Errorf("what was told before is gone: %s", d.Text())
	}
	for field, a := range map[string]report.Answers{
		"answers.weather": {"weather": known("rain")}, "answers.cause": {"cause": {Certainty: report.Known}}, "answers.next": {"next": {Certainty: report.None, Lines: []string{"x"}}},
		"answers.trend": {"trend": {Certainty: "perhaps"}}, "answers.other": {"other": known(" ")}, "answers.scene": {"scene": {Certainty: report.Known, Lines: []string{"x"}, Records: []string{"a b"}}},
	} {
		_, err := w.k.Fill(t.Context(), first, p.ID, a)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != report.CodeInvalid || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err = w.k.DraftPaper(t.Context(), first, v.ID, "weather", nil)
	storetest.WantCode(t, err, report.CodeInvalid)
	_, err = w.k.DraftPaper(t.Context(), first, "none", report.FirstReport, nil)
	storetest.WantCode(t, err, report.CodeMissing)
	_, err = w.k.Paper(t.Context(), "none")
	storetest.WantCode(t, err, report.CodePaperMissing)
	leak := w.incident(report.PersonalData)
	w.learn(leak.ID, map[string]report.Fact{report.FactPersons: report.Fact{Least: 900}})
	p, err = w.k.DraftPaper(t.Context(), first, leak.ID, "notice-persons", nil)
	w.no(err)
	if d, _ := w.document(p.ID); answer(d, "persons").Lines[0] != "不少于 900 人" {
		t.Errorf("persons %v", answer(d, "persons").Lines)
	}
}

// TestFile files a report with its proof, and follows the clock to its end.
func TestFile(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	v := w.incident(report.Outage)
	w.learn(v.ID, loud(report.FactJudged, report.Exactly(2)))
	p, err := w.k.DraftPaper(ctx, first, v.ID, report.FirstReport, nil)
	w.no(err)
	w.pass(3 * time.Hour)
	at := w.clock.Now()
	w.pass(3 * time.Hour)
	for field, f := range map[string]report.Filing{
		"channel": {Channel: "Phone", At: at}, "reference": {Channel: "12387", Reference: "2026\n00417", At: at}, "at": {Channel: "12387", At: w.clock.Now().Add(time.Second)},
	} {
		_, err := w.k.File(ctx, first, p.ID, f)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	f := report.Filing{Channel: "12387", Reference: "2026-00417", At: at}
	before := f
	before.At, before.Incomplete = v.Knew.Add(-time.Second), true
	_, err = w.k.File(ctx, first, p.ID, before)
	storetest.WantCode(t, err, report.CodeInvalid)
	_, err = w.k.File(ctx, first, p.ID, f)
	storetest.WantCode(t, err, report.CodeIncomplete)
	for _, by := range nobody() {
		_, err = w.k.File(ctx, by, p.ID, f)
		storetest.WantCode(t, err, report.CodePerson)
	}
	for _, change := range []func(f *report.ProofFile){func(f *report.ProofFile) { *f = report.ProofFile{} }, func(f *report.ProofFile) { f.SHA256 = "aa" }, func(f *report.ProofFile) { f.SHA256 = proof('A').SHA256 }, func(f *report.ProofFile) { f.Size = 0 }, func(f *report.ProofFile) { f.Type = "a b" },
		func(f *report.ProofFile) { f.Blob = "" }, func(f *report.ProofFile) { f.Key = nil }} {
		bad := proof('a')
		change(&bad)
		_, err = w.k.File(ctx, first, p.ID, f, bad)
		storetest.WantCode(t, err, report.CodeInvalid)
	}
	if c := w.clockOf(v.ID, report.FirstReport); c.State != report.Over {
		t.Errorf("not filed after six hours: %s", c.State)
	}
	f.Incomplete = true
	if p, err = w.k.File(ctx, first, p.ID, f, proof('a')); err != nil || p.State != report.Filed || !p.Filing.Incomplete || p.Filing.By != first.ID || len(p.Proofs) != 1 || !p.Proofs[0].At.Equal(w.clock.Now()) {
		t.Errorf("%+v, %v", p, err)
	}
	if c := w.clockOf(v.ID, report.FirstReport); c.State != report.Met || !c.Done.Equal(at) {
		t.Errorf("filed after three hours: %s at %s", c.State, c.Done)
	}
	for range 2 { // twice the same is once
		p, err = w.k.Prove(ctx, second, p.ID, proof('b'))
		w.no(err)
	}
	if len(p.Proofs) != 2 || p.Proofs[1].By != second.ID || len(w.payloads(report.RecordProven)) != 1 {
		t.Errorf("%+v", p.Proofs)
	}
	filed := w.payloads(report.RecordFiled)[0]
	if filed["channel"] != "12387" || filed["reference"] != "2026-00417" || filed["sha256"] != p.SHA256 || filed["at"] != float64(at.UnixMilli()) || filed["proofs"].([]any)[0] != proof('a').SHA256 {
		t.Errorf("the record says %v", filed)
	}
}

// TestAmend follows a chain of amendments by its digests alone, and breaks it.
func TestAmend(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	v := w.incident(report.Outage)
	one := w.file(v.ID, report.FirstReport)
	_, rawOne := w.document(one.ID)
	w.pass(time.Hour)
	two, err := w.k.Amend(ctx, first, one.ID, filled())
	w.no(err)
	if two.Part != 2 || two.Before != one.SHA256 || two.Amends != one.ID {
		t.Errorf("%+v", two)
	}
	if again, err := w.k.Amend(ctx, second, one.ID, nil); err != nil || again.ID != two.ID {
		t.Errorf("a second amendment of the same: %+v, %v", again, err)
	}
	if now, _ := w.k.Paper(ctx, one.ID); now.State != report.Filed {
		t.Errorf("a draft amended it: %s", now.State)
	}
	two, err = w.k.File(ctx, first, two.ID, report.Filing{Channel: "12387", At: w.clock.Now(), Incomplete: true})
	w.no(err)
	if now, _ := w.k.Paper(ctx, one.ID); now.State != report.Amended || now.AmendedBy != two.ID || now.SHA256 != one.SHA256 {
		t.Errorf("%+v", now)
	}
	_, err = w.k.Amend(ctx, first, one.ID, nil)
	storetest.WantCode(t, err, report.CodeAmended)
	three, err := w.k.Amend(ctx, first, two.ID, report.Answers{"cause": known("配置错误")})
	w.no(err)
	_, rawTwo := w.document(two.ID)
	d, rawThree := w.document(three.ID)
	if answer(d, "provider").Lines[0] != "某公司" || answer(d, "cause").Lines[0] != "配置错误" || !strings.Contains(d.Text(), two.SHA256) {
		t.Errorf("%s", d.Text())
	}
	w.no(report.Chain(rawOne, rawTwo, rawThree))
	other := w.file(w.incident(report.Outage).ID, report.FirstReport)
	_, rawOther := w.document(other.ID)
	for name, list := range map[string][][]byte{"one left out": {rawOne, rawThree}, "turned round": {rawTwo, rawOne}, "of another incident": {rawOther, rawTwo, rawThree},
		"of another incident, with its digest": {rawOther, []byte(strings.Replace(string(rawTwo), one.SHA256, other.SHA256, 1))},
		"altered":                              {[]byte(strings.Replace(string(rawOne), "尚不掌握", "尚不知晓", 1)), rawTwo}} {
		var e *colophon.Error
		if err := report.Chain(list...); !errors.As(err, &e) || e.Code != report.CodeChain {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, raw := range map[string]string{"not canonical": " " + string(rawOne), "no document": "{}", "another schema": strings.Replace(string(rawOne), report.Schema, "other/1", 1),
		"a first part that amends": strings.Replace(string(rawOne), "{", `{"before":"ff",`, 1), "nothing": ""} {
		if _, err := report.Parse([]byte(raw)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if c := w.clockOf(v.ID, report.FirstReport); !c.Done.Equal(one.Filing.At) {
		t.Errorf("the clock ended with the amendment: %s", c.Done)
	}
}

// TestPaperStates tries each event in each state of a paper.
func TestPaperStates(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	file := func(id string) error {
		_, err := w.k.File(ctx, first, id, report.Filing{Channel: "12387", At: w.clock.Now(), Incomplete: true})
		return err
	}
	drop := func(id string) error { _, err := w.k.Drop(ctx, first, id, "not needed"); return err }
	amend := func(id string) error {
		p, err := w.k.Amend(ctx, first, id, nil)
		if err != nil {
			return err
		}
		return file(p.ID)
	}
	begin := map[report.PaperState][]func(string) error{report.Drafted: nil, report.Filed: {file}, report.Amended: {file, amend}, report.Dropped: {drop}}
	for _, e := range []struct {
		name string
		do   func(string) error
		to   map[report.PaperState]report.PaperState
	}{
		{"file", file, map[report.PaperState]report.PaperState{report.Drafted: report.Filed}},
		{"drop", drop, map[report.PaperState]report.PaperState{report.Drafted: report.Dropped}},
		{"amend", amend, map[report.PaperState]report.PaperState{report.Filed: report.Amended}},
		{"fill", func(id string) error { _, err := w.k.Fill(ctx, first, id, nil); return err }, map[report.PaperState]report.PaperState{report.Drafted: report.Drafted}},
		{"prove", func(id string) error { _, err := w.k.Prove(ctx, first, id, proof('c')); return err }, map[report.PaperState]report.PaperState{report.Filed: report.Filed, report.Amended: report.Amended}},
	} {
		for _, state := range report.PaperStates() {
			p, err := w.k.DraftPaper(ctx, first, w.incident(report.Outage).ID, report.FirstReport, nil)
			w.no(err)
			for _, do := range begin[state] {
				w.no(do(p.ID))
			}
			err = e.do(p.ID)
			want, ok := e.to[state]
			if !ok {
				want = state
			}
			if (err == nil) != ok {
				t.Errorf("%s in %s: %v", e.name, state, err)
			}
			if p, err = w.k.Paper(ctx, p.ID); err != nil || p.State != want || ok && !state.May(want) {
				t.Errorf("%s in %s: %s, %v, want %s", e.name, state, p.State, err, want)
			}
		}
	}
	v := w.incident(report.Outage)
	p, err := w.k.DraftPaper(ctx, first, v.ID, report.FirstReport, nil)
	w.no(err)
	w.no(drop(p.ID))
	if again, err := w.k.DraftPaper(ctx, first, v.ID, report.FirstReport, nil); err != nil || again.ID == p.ID {
		t.Errorf("a dropped draft stands in the way: %v", err)
	}
}

// feed is what the tests tell.
type feed struct {
	list  []report.Happening
	err   error
	asked []report.Ref
	since time.Time
	mu    sync.Mutex
}

func (f *feed) Happened(_ context.Context, about []report.Ref, since time.Time) ([]report.Happening, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.since = about, since
	return f.list, f.err
}

// TestTimeline has people and feeds tell what happened; what is told twice stands there once, by the time at which it happened.
func TestTimeline(t *testing.T) {
	orders, broken := &feed{}, &feed{err: errors.New("out of reach")}
	w := open(t, func(c *report.Config) { c.Feeds = []report.Feed{broken, orders} })
	ctx := t.Context()
	began := w.clock.Now().Add(-time.Hour)
	v, err := w.k.Open(ctx, first, report.Draft{Kinds: []report.Kind{report.Security}, Words: report.Particulars{Title: "x"}, About: []report.Ref{{Kind: "function", ID: "swap"}}, Began: began})
	w.no(err)
	orders.list = []report.Happening{
		{Source: "order", ID: "o-1", What: "order.issued", At: began.Add(time.Minute), Record: "r-1"}, {Source: "order", ID: "o-1", What: "order.in-force", At: began.Add(2 * time.Minute)},
		{Source: "alert", ID: "a-1", What: "alert.raised", At: began},
	}
	_, err = w.k.Enter(ctx, second, v.ID, began.Add(90*time.Second), "the line was cut")
	w.no(err)
	for range 2 {
		if err := w.k.Sweep(ctx); !errors.Is(err, broken.err) {
			t.Errorf("a feed that is out of reach: %v", err)
		}
	}
	if !slices.Equal(orders.asked, []report.Ref{{Kind: "function", ID: "swap"}, {Kind: "incident", ID: v.ID}}) || !orders.since.Equal(began) {
		t.Errorf("asked about %v since %s", orders.asked, orders.since)
	}
	_, lines, err := w.k.ReadTimeline(ctx, first, v.ID)
	w.no(err)
	var got []string
	for _, l := range lines {
		got = append(got, l.Source+" "+l.What+l.Text)
	}
	if want := []string{"alert alert.raised", "order order.issued", "staff the line was cut", "order order.in-force"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if lines[1].Record != "r-1" || lines[1].By != "" || lines[2].By != second.ID {
		t.Errorf("%+v", lines)
	}
	if n := len(w.payloads(report.RecordNoted)); n != 4 {
		t.Errorf("%d records, want 4", n)
	}
	another := w.incident(report.Outage)
	if fresh, err := w.k.Take(ctx, another.ID, orders.list[0]); err != nil || !fresh {
		t.Errorf("the same in another timeline: %v, %v", fresh, err)
	}
	for field, h := range map[string]report.Happening{"source": {Source: "staff", ID: "x", What: "y", At: began}, "of": {Source: "order", What: "y", At: began}, "what": {Source: "order", ID: "x", What: "a name", At: began},
		"at": {Source: "order", ID: "x", What: "y"}, "record": {Source: "order", ID: "x", What: "y", At: began, Record: "a b"}} {
		_, err := w.k.Take(ctx, v.ID, h)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err = w.k.Take(ctx, "none", orders.list[0])
	storetest.WantCode(t, err, report.CodeMissing)
	_, err = w.k.Enter(ctx, system, v.ID, began, "x")
	storetest.WantCode(t, err, report.CodePerson)
	_, err = w.k.Enter(ctx, first, v.ID, w.clock.Now().Add(time.Second), "x")
	storetest.WantCode(t, err, report.CodeInvalid)
	_, err = w.k.Enter(ctx, first, v.ID, began, " ")
	storetest.WantCode(t, err, report.CodeInvalid)
	broken.list = []report.Happening{{Source: "alert", ID: "a-2", What: "alert.raised", At: began}} // told beside the error
	for i := range 1001 {
		orders.list = append(orders.list, report.Happening{Source: "order", ID: fmt.Sprint("o-", i+2), What: "order.issued", At: began})
	}
	for _, want := range []int{4 + 1 + 1000, 4 + 1 + 1001} {
		if err := w.k.Follow(ctx, v.ID); !errors.Is(err, broken.err) {
			t.Errorf("a feed that could not tell all: %v", err)
		}
		if lines, err := w.k.Timeline(ctx, v.ID); err != nil || len(lines) != want {
			t.Errorf("%d lines, %v, want %d", len(lines), err, want)
		}
	}
}

// TestTogether has a report be filed and an incident be closed from many sides at once: each happens once.
func TestTogether(t *testing.T) {
	w := open(t)
	v, err := w.k.Open(t.Context(), first, report.Draft{Kinds: []report.Kind{report.Outage}, Words: report.Particulars{Title: "down"}, Facts: quiet()})
	w.no(err)
	w.tickAll(v)
	many := func(do func() error) (won int) {
		var wait sync.WaitGroup
		var mu sync.Mutex
		for range 4 {
			wait.Go(func() {
				if do() == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wait.Wait()
		return won
	}
	papers := map[string]bool{}
	var mu sync.Mutex
	many(func() error {
		p, err := w.k.DraftPaper(t.Context(), first, v.ID, report.FirstReport, nil)
		mu.Lock()
		defer mu.Unlock()
		papers[p.ID] = true
		return err
	})
	if len(papers) != 1 {
		t.Errorf("%d first reports", len(papers))
	}
	for id := range papers {
		if won := many(func() error {
			_, err := w.k.File(t.Context(), first, id, report.Filing{Channel: "12387", At: w.clock.Now(), Incomplete: true})
			return err
		}); won != 1 {
			t.Errorf("filed %d times", won)
		}
	}
	h := report.Happening{Source: "order", ID: "o-1", What: "order.issued", At: w.clock.Now()}
	if won := many(func() error {
		fresh, err := w.k.Take(t.Context(), v.ID, h)
		if err == nil && !fresh {
			err = errors.New("it is there")
		}
		return err
	}); won != 1 {
		t.Errorf("taken %d times", won)
	}
	_, err = w.k.Close(t.Context(), first, v.ID, report.Closed, "done")
	w.no(err)
	if won := many(func() error { _, err := w.k.Confirm(t.Context(), second, v.ID, "yes"); return err }); won != 1 {
		t.Errorf("closed %d times", won)
	}
}

// TestProofBytes shows where the bytes of proofs lie, and that they are kept while a paper needs them.
func TestProofBytes(t *testing.T) {
	w := open(t)
	v := w.incident(report.Outage)
	p := w.file(v.ID, report.FirstReport)
	p, err := w.k.Prove(t.Context(), second, p.ID, proof('b'))
	w.no(err)
	_, sheet, err := w.k.ReadPaper(t.Context(), first, p.ID)
	w.no(err)
	if len(sheet.Proofs) != 2 || sheet.Proofs[1].Blob != proof('b').Blob || string(sheet.Proofs[1].Key) != "key" || sheet.Proofs[1].By != second.ID {
		t.Errorf("%+v", sheet.Proofs)
	}
	for blob, want := range map[string]bool{proof('a').Blob: true, proof('b').Blob: true, proof('c').Blob: false} {
		if got, err := w.k.Needs(t.Context(), blob); err != nil || got != want {
			t.Errorf("%.12s is needed: %v, %v", blob, got, err)
		}
	}
	next, err := w.k.Amend(t.Context(), first, p.ID, nil)
	w.no(err)
	_, err = w.k.File(t.Context(), first, next.ID, report.Filing{Channel: "12387", At: w.clock.Now(), Incomplete: true})
	w.no(err)
	if got, err := w.k.Needs(t.Context(), proof('a').Blob); err != nil || !got {
		t.Errorf("the proofs of an amended paper are not kept: %v, %v", got, err)
	}
}

// TestKnown shows that what records say answers a field until somebody says otherwise, and that what can't be told is an error.
func TestKnown(t *testing.T) {
	var failed error
	w := open(t, func(c *report.Config) {
		c.Known = func(context.Context, report.Incident) (report.Answers, error) {
			return report.Answers{"provider": known("某公司"), "found": known("records say so")}, failed
		}
	})
	v := w.incident(report.Outage)
	p, err := w.k.DraftPaper(t.Context(), first, v.ID, report.FirstReport, report.Answers{"provider": known("另一公司")})
	w.no(err)
	d, _ := w.document(p.ID)
	if answer(d, "provider").Lines[0] != "另一公司" || answer(d, "found").Lines[0] != "records say so" || slices.Contains(p.Open, "provider") {
		t.Errorf("%+v", d.Fields)
	}
	failed = errors.New("no")
	if _, err := w.k.Fill(t.Context(), first, p.ID, nil); !errors.Is(err, failed) {
		t.Errorf("filled although nobody could tell: %v", err)
	}
}

// TestClauses shows by what each paper is owed, and that its records say so.
func TestClauses(t *testing.T) {
	w := open(t)
	for form, want := range map[string][]colophon.Clause{
		report.FirstReport: {colophon.ClauseDS7, colophon.ClauseIR4, colophon.ClauseIR7}, report.Summary: {colophon.ClauseDS7, colophon.ClauseIR8}, report.FlawReport: {colophon.ClauseND10},
		report.NoticeAuthority: {colophon.ClausePIPL57, colophon.ClauseND11}, report.NoticePersons: {colophon.ClausePIPL57, colophon.ClauseND11}, "weather": {colophon.ClauseDS7, colophon.ClauseND11},
	} {
		if got := report.Clauses(form); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", form, got, want)
		}
	}
	v := w.incident(report.Vulnerability)
	w.file(v.ID, report.FlawReport)
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		if r.Type == report.RecordFiled && !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseND10}) {
			t.Errorf("%v", r.Clauses)
		}
	}
	for _, f := range starter(t).Forms {
		if slices.Equal(report.Clauses(f.ID), report.Clauses("")) {
			t.Errorf("nobody says by what %s is owed", f.ID)
		}
	}
}
