package run_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
)

// TestKilled ends the work after each number of questions, and once more while answers are being kept, goes on, and wants
// every question answered once and none asked again whose answer was kept.
func TestKilled(t *testing.T) {
	t.Parallel()
	w := open(t, 12, 3, 2)
	for at := 1; at <= 17; at++ {
		r := w.plan()
		ctx, kill := context.WithCancel(t.Context())
		m := newModel()
		m.each = func(n int, q bank.Question) (run.Reply, error) {
			if n == at {
				kill()
			}
			return usual(q, serving), nil
		}
		pool := run.Pool{Asker: m, Parallel: 1 + at%3, Batch: 1 + at%4}
		if _, err := w.keep.Work(ctx, r.ID, run.Options{Worker: "first", Pool: pool}); !errors.Is(err, context.Canceled) {
			t.Errorf("killed at %d: %v", at, err)
		}
		kept := w.kept(r.ID)
		if len(kept) == 0 || len(kept) > 17 {
			t.Errorf("killed at %d: %d answers are kept", at, len(kept))
		}
		m2 := newModel()
		pool.Asker = m2
		got, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "second", Pool: pool})
		if err != nil || got.State != run.Judging {
			t.Fatalf("killed at %d, then: %s, %v", at, got.State, err)
		}
		for q := range kept {
			if m2.asked[q] > 0 {
				t.Errorf("killed at %d: %s is asked again although its answer was kept", at, q)
			}
		}
		if all := w.kept(r.ID); len(all) != 17 || m2.total != 17-len(kept) {
			t.Errorf("killed at %d: %d answers, %d asked again of %d", at, len(all), m2.total, 17-len(kept))
		}
	}
}

// broken is a store whose process dies at some write: before it, or after it came through.
type broken struct {
	ledger.Store[run.Batch]
	left  int
	after bool
	kill  func()
}

func (b *broken) Add(ctx context.Context, rec evidence.Record, entries ...ledger.Entry[run.Batch]) error {
	if b.left--; b.left != 0 {
		return b.Store.Add(ctx, rec, entries...)
	}
	b.kill()
	if b.after {
		if err := b.Store.Add(context.WithoutCancel(ctx), rec, entries...); err != nil {
			return err
		}
	}
	return context.Canceled
}

// TestKilledWhileKeeping dies at each write of a batch, before it and after it came through.
func TestKilledWhileKeeping(t *testing.T) {
	t.Parallel()
	w := open(t, 10, 0, 0)
	for at := 1; at <= 5; at++ {
		for _, after := range []bool{false, true} {
			r := w.plan()
			ctx, kill := context.WithCancel(t.Context())
			k := w.with(&broken{w.batch, at, after, kill})
			_, err := k.Work(ctx, r.ID, run.Options{Worker: "first", Pool: run.Pool{Asker: newModel(), Batch: 2, Parallel: 2}})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("write %d, after %t: %v", at, after, err)
			}
			kept := w.kept(r.ID)
			m := newModel()
			_, err = w.keep.Work(t.Context(), r.ID, run.Options{Worker: "second", Pool: run.Pool{Asker: m, Batch: 2}})
			w.no(err)
			if all := w.kept(r.ID); len(all) != 10 || m.total != 10-len(kept) {
				t.Errorf("write %d, after %t: %d answers, %d of %d asked again", at, after, len(all), m.total, 10-len(kept))
			}
		}
	}
}

// TestVanished: a worker who is not heard of keeps a run for a while only, and learns that another has it.
func TestVanished(t *testing.T) {
	t.Parallel()
	w := open(t, 30, 0, 0)
	r := w.plan()
	m := newModel()
	busy, go_on := make(chan struct{}), make(chan struct{})
	m.each = func(n int, q bank.Question) (run.Reply, error) {
		if n == 11 {
			close(busy)
			<-go_on
		}
		return usual(q, serving), nil
	}
	done := make(chan error)
	go func() {
		_, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "first", Pool: run.Pool{Asker: m, Parallel: 1, Batch: 5}})
		done <- err
	}()
	<-busy
	_, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "second", Pool: run.Pool{Asker: newModel()}})
	storetest.WantCode(t, err, run.CodeBusy)
	w.clock.Set(w.clock.Now().Add(6 * time.Minute))
	got, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "second", Pool: run.Pool{Asker: newModel()}})
	if err != nil || got.State != run.Judging {
		t.Fatalf("%s, %v", got.State, err)
	}
	close(go_on)
	storetest.WantCode(t, <-done, run.CodeLost)
	if all := w.kept(r.ID); len(all) != 30 {
		t.Errorf("%d answers", len(all))
	}
}

// TestStops: too many failures in a row, or another model, stop the work, and no failure stays that came of it.
func TestStops(t *testing.T) {
	t.Parallel()
	w := open(t, 40, 0, 0)
	r := w.plan()
	m := newModel()
	m.each = func(n int, q bank.Question) (run.Reply, error) {
		if n > 7 {
			return run.Reply{}, errors.New("it is away")
		}
		return usual(q, serving), nil
	}
	_, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: m, Parallel: 1, Tries: 1, GiveUp: 5, Batch: 2}})
	storetest.WantCode(t, err, run.CodeStopped)
	if kept := w.kept(r.ID); len(kept) != 7 || m.total < 12 || m.total > 14 {
		t.Errorf("%d kept, %d asked", len(kept), m.total)
	}
	other := newModel()
	other.serving = "sha256:model-2"
	_, err = w.keep.Work(t.Context(), r.ID, run.Options{Worker: "b", Pool: run.Pool{Asker: other, Parallel: 2}})
	storetest.WantCode(t, err, run.CodeServing)
	if kept := w.kept(r.ID); len(kept) != 7 {
		t.Errorf("answers of another model are kept: %d", len(kept))
	}
	m = newModel()
	m.each = func(n int, q bank.Question) (run.Reply, error) {
		switch n % 6 {
		case 0:
			return run.Reply{Serving: serving}, nil // empty
		case 1:
			return run.Reply{Text: "\xff", Serving: serving}, nil
		case 2:
			return run.Reply{}, errors.New("no")
		case 3:
			return run.Reply{Text: strings.Repeat("很", run.MaxAnswer), Serving: serving}, nil
		case 4:
			return run.Reply{Outcome: run.Refused, Serving: serving}, nil // did not get through
		}
		return run.Reply{Text: "x", Outcome: "perhaps", Serving: serving}, nil
	}
	_, err = w.keep.Work(t.Context(), r.ID, run.Options{Worker: "c", Pool: run.Pool{Asker: m, Parallel: 1, Tries: 1}})
	w.no(err)
	faults := map[string]int{}
	for _, a := range w.kept(r.ID) {
		faults[a.Outcome.String()+" "+a.Fault+a.How+fmt.Sprint(a.Cut)]++
	}
	want := map[string]int{"answered textfalse": 7, "failed formfalse": 12, "failed errorfalse": 6, "answered texttrue": 5, "refused statedfalse": 5, "failed emptyfalse": 5}
	got := 0
	for k, n := range want {
		got += n
		if d := faults[k] - n; d < -1 || d > 1 {
			t.Errorf("%s: %d, want about %d", k, faults[k], n)
		}
	}
	if len(faults) != len(want) || got != 40 {
		t.Errorf("%v", faults)
	}
}

// TestCut: of a text that is longer than is kept nobody can say that nothing is wrong with it, but that something is.
func TestCut(t *testing.T) {
	t.Parallel()
	w := open(t, 2, 0, 0)
	r := w.plan()
	m := newModel()
	m.each = func(_ int, q bank.Question) (run.Reply, error) {
		return run.Reply{Text: q.ID + strings.Repeat("很", run.MaxAnswer), Serving: serving}, nil
	}
	j := &machine{name: "words", method: run.ByKeyword, bad: "generation-1"}
	_, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: m}, Judges: []run.Judge{j}})
	w.no(err)
	res, err := w.keep.Result(t.Context(), r.ID)
	w.no(err)
	if rate := find(res, bank.Generation, run.ByKeyword); rate.Hits != 0 || rate.Known != 1 || rate.Unknown != 1 {
		t.Errorf("%+v", rate)
	}
}

// TestParallel: as many at a time as the limit, and progress told up to the end.
func TestParallel(t *testing.T) {
	t.Parallel()
	w := open(t, 50, 10, 10)
	r := w.plan()
	m := newModel()
	meet := make(chan struct{})
	m.each = func(n int, q bank.Question) (run.Reply, error) {
		if n <= 8 { // eight wait for each other, so that they are there together
			if n == 8 {
				close(meet)
			}
			<-meet
		}
		return usual(q, serving), nil
	}
	var told []run.Progress
	_, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: m, Parallel: 8}, Progress: func(p run.Progress) { told = append(told, p) }})
	w.no(err)
	if m.most != 8 {
		t.Errorf("%d at a time", m.most)
	}
	last := told[len(told)-1]
	if last.Asked != 70 || last.Of != 70 || last.Outcomes[run.Refused] != 10 || last.Outcomes[run.Answered] != 60 || told[0].Asked != 0 {
		t.Errorf("%+v", last)
	}
	list, err := w.batch.Find(t.Context(), ledger.Query{})
	w.no(err)
	for _, e := range list {
		if e.Sealed == nil || e.Kept != ledger.Whole || slices.ContainsFunc(e.Value.Answers, func(a run.Answer) bool { return a.Text != "" }) {
			t.Error("texts of answers are not sealed")
		}
	}
}

// TestWhole goes the whole way: plan, ask, judge by machines and people, count, finish.
func TestWhole(t *testing.T) {
	t.Parallel()
	w := open(t, 62, 34, 26)
	r := w.plan()
	ctx := t.Context()
	words := &machine{name: "words", method: run.ByKeyword, bad: "question 7"} // 7
	away := true
	class := &machine{name: "class", method: run.ByClassifier, fails: func() bool { return away }}
	o := run.Options{Worker: "a", Pool: run.Pool{Asker: newModel()}, Judges: []run.Judge{words, class}}
	got, err := w.keep.Work(ctx, r.ID, o)
	if err != nil || got.State != run.Judging || got.Asked.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	res, err := w.keep.Result(ctx, r.ID)
	w.no(err)
	if rate := find(res, bank.Generation, run.ByKeyword); rate.Hits != 61 || rate.Known != 62 || rate.Unknown != 0 {
		t.Errorf("by words: %+v", rate)
	}
	for _, h := range res.Held {
		if h.Yardstick.Method == "classifier" && (h.Verdict != sample.Verdict(colophon.Unknown) || h.Rate.Unknown != 62 || h.Rate.Known != 0) {
			t.Errorf("a classifier that did not run: %+v", h)
		}
	}
	away = false
	_, err = w.keep.Work(ctx, r.ID, o)
	w.no(err)
	for q, n := range words.judged {
		if n != 1 {
			t.Errorf("%s is judged %d times", q, n)
		}
	}
	if len(words.judged) != 62 || len(class.judged) != 62 {
		t.Errorf("%d and %d judged", len(words.judged), len(class.judged))
	}
	w.people(r.ID)
	res, err = w.keep.Result(ctx, r.ID)
	w.no(err)
	w.whole(r.ID, res)
	again, err := w.keep.Result(ctx, r.ID)
	w.no(err)
	a, err := evidence.Canonical(res)
	w.no(err)
	b, err := evidence.Canonical(again)
	w.no(err)
	if string(a) != string(b) {
		t.Error("the same run has two results")
	}
	_, err = w.keep.Finish(ctx, ledger.By{Role: "system"}, r.ID)
	storetest.WantCode(t, err, run.CodePerson)
	done, err := w.keep.Finish(ctx, by("1"), r.ID)
	if err != nil || done.State != run.Done || done.Sum == "" {
		t.Fatalf("%+v, %v", done.State, err)
	}
	stored, err := w.keep.Result(ctx, r.ID)
	if diff := cmp.Diff(res, stored); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	_, err = w.keep.Cancel(ctx, by("1"), r.ID, "late")
	storetest.WantCode(t, err, run.CodeStep)
	types := map[evidence.Type]int{}
	for rec, err := range w.store.Records(ctx, false) {
		w.no(err)
		types[rec.Type]++
	}
	for typ, n := range map[evidence.Type]int{run.RecordPlanned: 1, run.RecordStarted: 2, run.RecordAsked: 1, run.RecordFinished: 1} { // the machine judged again
		if types[typ] != n {
			t.Errorf("%d records of %s", types[typ], typ)
		}
	}
	if types[run.RecordAnswered] != 7 || types[run.RecordJudged] == 0 { // 122 in batches of 20
		t.Errorf("%v", types)
	}
}

// people has three people judge forty answers.
func (w *world) people(id string) {
	w.Helper()
	ctx := w.Context()
	d, err := w.keep.Sample(ctx, by("1"), id, bank.Generation, sample.Quota{Least: 40, Each: 1})
	if err != nil || len(d.Units) != 40 {
		w.Fatalf("%d units, %v", len(d.Units), err)
	}
	_, err = w.keep.Finish(ctx, by("1"), id)
	storetest.WantCode(w, err, run.CodeOpen)
	sheet := run.Sheet(id, bank.Generation)
	for i, n := range []string{"1", "2", "3"} {
		for {
			list, err := w.panel.Take(ctx, by(n), sheet, 50)
			w.no(err)
			if len(list) == 0 {
				break
			}
			for _, it := range list {
				s, err := w.keep.Show(ctx, by(n), it.ID)
				if err != nil || s.Text != "An answer to "+s.Question.Text || s.Question.ID != it.Unit {
					w.Fatalf("%+v, %v", s, err)
				}
				_, err = w.keep.Show(ctx, by("9"), it.ID)
				storetest.WantCode(w, err, sample.CodeLease)
				v := colophon.Passed
				if i == 1 && strings.HasSuffix(it.Unit, "3") {
					v = colophon.Failed
				}
				_, err = w.panel.Judge(ctx, by(n), it.ID, v, "")
				w.no(err)
			}
		}
	}
}

func find(res run.Result, kind bank.Kind, m run.Method) sample.Rate {
	for _, r := range res.Rates {
		if r.Kind == kind && r.Method == m && r.Topic == "" {
			return r.Rate
		}
	}
	return sample.Rate{}
}

// whole holds the result of TestWhole against what was done.
func (w *world) whole(id string, res run.Result) {
	w.Helper()
	if res.Run != id || res.Bank != w.bank.Digest || res.Questions != 122 || res.Asked != 122 || res.Phrases != 34 || res.Note == "" {
		w.Errorf("%s: %d of %d, %d by phrase", res.Run, res.Asked, res.Questions, res.Phrases)
	}
	for _, c := range []struct {
		kind        bank.Kind
		method      run.Method
		hits, known int
	}{{bank.Generation, run.ByKeyword, 61, 62}, {bank.Generation, run.ByClassifier, 62, 62}, {bank.Generation, run.ByPeople, 40, 40}, {bank.ShouldRefuse, run.ByOutcome, 34, 34}, {bank.ShouldNotRefuse, run.ByOutcome, 0, 26}} {
		if r := find(res, c.kind, c.method); r.Hits != c.hits || r.Known != c.known || r.Unknown != 0 {
			w.Errorf("%s by %s: %+v", c.kind, c.method, r)
		}
	}
	if len(res.Reviews) != 1 || res.Reviews[0].Settled != 40 || res.Reviews[0].Raters != 2 || res.Reviews[0].Kappa.Agreed == 40 || !res.Reviews[0].Kappa.Defined {
		w.Errorf("%+v", res.Reviews)
	}
	if len(res.Held) != 5 {
		w.Errorf("%d yardsticks", len(res.Held))
	}
	for _, h := range res.Held { // too few questions for any of them
		if h.Verdict != sample.Verdict(colophon.Unknown) || h.Yardstick.LeastConfidence == "" {
			w.Errorf("%+v", h)
		}
	}
	for _, s := range res.Series() {
		topics := len(bank.Topics(s.All.Kind))
		if len(s.Rows) == 0 || len(s.Rows) > topics || s.Yardstick.Share == 0 || s.All.Method != run.ByPeople && len(s.Rows) != topics {
			w.Errorf("%s by %s: %d rows, yardstick %d", s.All.Kind, s.All.Method, len(s.Rows), s.Yardstick.Share)
		}
	}
}
