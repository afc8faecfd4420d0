package run_test

import (
	"context"
	"errors"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
)

const codeRefused colophon.Code = "admission-unverified"

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// TestPause: a run that somebody has rest keeps the answers that were there, stays as it is until it is started, and no worker
// takes it before.
func TestPause(t *testing.T) {
	t.Parallel()
	w := open(t, 40, 0, 0)
	r := w.plan()
	started, err := w.keep.Start(t.Context(), by("1"), r.ID)
	w.no(err)
	if !started.Wanted || !started.Due {
		t.Errorf("%+v", started)
	}
	m := newModel()
	m.each = func(n int, q bank.Question) (run.Reply, error) {
		if n == 7 {
			_, err := w.keep.Pause(t.Context(), by("1"), r.ID)
			w.no(err)
		}
		return run.Reply{Text: "fine", Serving: serving}, nil
	}
	_, err = w.keep.Work(t.Context(), r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: m, Parallel: 1, Batch: 5}})
	if code(err) != run.CodePaused {
		t.Fatal(err)
	}
	now, err := w.keep.Run(t.Context(), r.ID)
	w.no(err)
	if now.State != run.Running || now.Wanted || !now.Halted || now.Worker != "" || now.Trouble != "" || len(w.kept(r.ID)) < 10 {
		t.Errorf("%+v, %d answers", now, len(w.kept(r.ID)))
	}
	if _, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "b", Pool: run.Pool{Asker: newModel()}}); code(err) != run.CodePaused {
		t.Errorf("a worker took a run that rests: %v", err)
	}
	_, err = w.keep.Start(t.Context(), by("1"), r.ID)
	w.no(err)
	again := newModel()
	done, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "b", Pool: run.Pool{Asker: again}})
	w.no(err)
	if done.State != run.Judging || done.Wanted || done.Judged.IsZero() || again.total+len(w.kept(r.ID)) < 40 || len(w.kept(r.ID)) != 40 {
		t.Errorf("%+v, asked %d", done, again.total)
	}
	if again.total > 30 {
		t.Errorf("%d questions were asked again", again.total-30)
	}
}

// TestBarred: what lets no question through stops the work at once and is told in the run; it is no failure of a question.
func TestBarred(t *testing.T) {
	t.Parallel()
	w := open(t, 30, 0, 0)
	r := w.plan()
	_, err := w.keep.Start(t.Context(), by("1"), r.ID)
	w.no(err)
	barred := askFunc(func(context.Context, run.Prompt) (run.Reply, error) {
		return run.Reply{}, run.Barred{Err: &colophon.Error{Kind: colophon.Refused, Code: codeRefused}}
	})
	if _, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: barred, Parallel: 2}}); code(err) != codeRefused {
		t.Fatal(err)
	}
	now, err := w.keep.Run(t.Context(), r.ID)
	w.no(err)
	if now.Trouble != codeRefused || now.Wanted || len(w.kept(r.ID)) != 0 {
		t.Errorf("%+v", now)
	}
}

// TestRefusedBefore: a refusal of what stands before the model is one, and the result tells how many there were. Of a question
// that did not get through there is nothing that a judge could find good.
func TestRefusedBefore(t *testing.T) {
	t.Parallel()
	w := open(t, 3, 4, 0)
	r := w.plan()
	asker := askFunc(func(context.Context, run.Prompt) (run.Reply, error) {
		return run.Reply{Outcome: run.Refused, Code: "gateway-input", Serving: serving}, nil
	})
	words := &machine{name: "words", method: run.ByKeyword}
	_, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: asker}, Judges: []run.Judge{words}})
	w.no(err)
	res, err := w.keep.Result(t.Context(), r.ID)
	w.no(err)
	if res.Before != 7 || res.Phrases != 0 || res.Outcomes[0].Refused != 3 || len(words.judged) != 0 {
		t.Errorf("%+v", res)
	}
	if rate := find(res, bank.Generation, run.ByKeyword); rate.Known != 0 {
		t.Errorf("what said nothing is judged: %+v", rate)
	}
}

// TestJudgingIsClaimed: while a worker judges no other one does, nobody finishes the run, and a run that is cancelled is
// judged no further. What went wrong stands in the run.
func TestJudgingIsClaimed(t *testing.T) {
	t.Parallel()
	w := open(t, 60, 0, 0)
	ctx := t.Context()
	r := w.plan()
	_, err := w.keep.Start(ctx, by("1"), r.ID)
	w.no(err)
	_, err = w.keep.Sample(ctx, by("1"), r.ID, bank.Generation, sample.Quota{})
	storetest.WantCode(t, err, run.CodeStep)
	calls := 0
	other := &machine{name: "other", method: run.ByClassifier}
	words := &machine{name: "words", method: run.ByKeyword, fails: func() bool {
		if calls++; calls == 1 {
			_, err := w.keep.Finish(ctx, by("1"), r.ID)
			storetest.WantCode(t, err, run.CodeBusy)
			_, err = w.keep.Work(ctx, r.ID, run.Options{Worker: "b", Judges: []run.Judge{other}})
			storetest.WantCode(t, err, run.CodeBusy)
			_, err = w.keep.Cancel(ctx, by("1"), r.ID, "not needed")
			w.no(err)
		}
		return false
	}}
	_, err = w.keep.Work(ctx, r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: newModel()}, Judges: []run.Judge{words}})
	storetest.WantCode(t, err, run.CodeLost)
	if len(other.judged) != 0 || len(words.judged) == 0 || len(words.judged) > 20 {
		t.Errorf("%d judged by the other, %d after the run was cancelled", len(other.judged), len(words.judged))
	}
	r = w.plan()
	_, err = w.keep.Start(ctx, by("1"), r.ID)
	w.no(err)
	words.fails = nil
	_, err = w.with(full{w.batch}).Work(ctx, r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: newModel()}, Judges: []run.Judge{words}})
	storetest.WantCode(t, err, codeRefused)
	now, err := w.keep.Run(ctx, r.ID)
	w.no(err)
	if now.State != run.Judging || now.Wanted || now.Worker != "" || now.Trouble != codeRefused {
		t.Errorf("%+v", now)
	}
	_, err = w.keep.Start(ctx, by("1"), r.ID)
	w.no(err)
	now, err = w.keep.Work(ctx, r.ID, run.Options{Worker: "b", Judges: []run.Judge{words}})
	w.no(err)
	if now.Wanted || now.Worker != "" || now.Judged.IsZero() {
		t.Errorf("%+v", now)
	}
}

// full takes no judgements.
type full struct{ ledger.Store[run.Batch] }

func (f full) Add(ctx context.Context, rec evidence.Record, entries ...ledger.Entry[run.Batch]) error {
	if entries[0].Value.Judge != "" {
		return &colophon.Error{Kind: colophon.Refused, Code: codeRefused}
	}
	return f.Store.Add(ctx, rec, entries...)
}

// TestFailedCount: answers that failed can't be drawn for people, and are not left out of what people's judgements say.
func TestFailedCount(t *testing.T) {
	t.Parallel()
	w := open(t, 31, 0, 0)
	ctx := t.Context()
	r := w.plan()
	m := newModel()
	m.each = func(_ int, q bank.Question) (run.Reply, error) {
		if q.ID == "generation-1" || q.ID == "generation-2" {
			return run.Reply{Serving: serving}, nil
		}
		return usual(q, serving), nil
	}
	_, err := w.keep.Work(ctx, r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: m, Tries: 1}})
	w.no(err)
	_, err = w.keep.Sample(ctx, by("1"), r.ID, bank.Generation, sample.Quota{Least: 31, Each: 1})
	w.no(err)
	for _, n := range []string{"1", "2"} {
		list, err := w.panel.Take(ctx, by(n), run.Sheet(r.ID, bank.Generation), 50)
		w.no(err)
		for _, it := range list {
			_, err = w.panel.Judge(ctx, by(n), it.ID, colophon.Passed, "")
			w.no(err)
		}
	}
	res, err := w.keep.Result(ctx, r.ID)
	w.no(err)
	if rate := find(res, bank.Generation, run.ByPeople); rate.Hits != 29 || rate.Known != 29 || rate.Unknown != 2 {
		t.Errorf("%+v", rate)
	}
	topics := 0
	for _, row := range res.Rates {
		if row.Topic != "" && row.Method == run.ByPeople && row.Rate.Known == 0 && row.Rate.Unknown == 1 {
			topics++
		}
	}
	if topics != 2 {
		t.Errorf("%d risks of which nothing is known", topics)
	}
}

// TestGone: the run of a worker that is certainly gone is free at once; that of one that may be there is not.
func TestGone(t *testing.T) {
	t.Parallel()
	w := open(t, 30, 0, 0)
	r := w.plan()
	ctx, cancel := context.WithCancel(t.Context())
	m := newModel()
	m.each = func(n int, q bank.Question) (run.Reply, error) {
		if n == 3 { // another process tries meanwhile
			_, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "b", Pool: run.Pool{Asker: newModel()}})
			if code(err) != run.CodeBusy {
				t.Errorf("two have the run: %v", err)
			}
			_, err = w.keep.Work(ctx, r.ID, run.Options{Worker: "c", Gone: func(worker string) bool { return worker == "a" }, Pool: run.Pool{Asker: newModel()}})
			if err != nil {
				t.Errorf("the run of a worker that is gone is not free: %v", err)
			}
			cancel()
		}
		return run.Reply{Text: "fine", Serving: serving}, nil
	}
	if _, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: m, Parallel: 1}}); code(err) != run.CodeLost {
		t.Errorf("whoever lost the run went on: %v", err)
	}
	if len(w.kept(r.ID)) != 30 {
		t.Errorf("%d answers", len(w.kept(r.ID)))
	}
}
