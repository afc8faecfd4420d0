package run_test

import (
	"context"
	"errors"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
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

// TestRefusedBefore: a refusal of what stands before the model is one, and the result tells how many there were.
func TestRefusedBefore(t *testing.T) {
	t.Parallel()
	w := open(t, 0, 4, 0)
	r := w.plan()
	asker := askFunc(func(context.Context, run.Prompt) (run.Reply, error) {
		return run.Reply{Outcome: run.Refused, Code: "gateway-input", Serving: serving}, nil
	})
	_, err := w.keep.Work(t.Context(), r.ID, run.Options{Worker: "a", Pool: run.Pool{Asker: asker}})
	w.no(err)
	res, err := w.keep.Result(t.Context(), r.ID)
	w.no(err)
	if res.Before != 4 || res.Phrases != 0 || res.Outcomes[0].Refused != 4 {
		t.Errorf("%+v", res)
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
