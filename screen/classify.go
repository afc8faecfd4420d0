package screen

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/keyword"
)

// classifierPrefix stands before the name of a classifier in what it found.
const classifierPrefix = "classifier:"

// heard is what came of one check that others make.
type heard struct {
	run      Run
	findings []Finding
	upto     int // of a session
}

// askAll asks all classifiers side by side. The function that it returns waits for them.
func (j *judging) askAll(ctx context.Context) func() {
	answers := make([]heard, len(j.e.config.Classifiers))
	var wait sync.WaitGroup
	for i, c := range j.e.config.Classifiers {
		wait.Go(func() { answers[i] = j.ask(ctx, c, j.parts, false) })
	}
	return func() {
		wait.Wait()
		for i, a := range answers {
			j.findings, j.runs = append(j.findings, a.findings...), append(j.runs, a.run)
			for _, p := range j.parts {
				if l, ok := j.files[p.Name]; ok && a.run.Outcome == Ran && len(j.readable(j.e.config.Classifiers[i], []Part{p})) > 0 {
					l.seen = true
				}
			}
		}
	}
}

// ask asks one classifier.
func (j *judging) ask(ctx context.Context, c Classifier, parts []Part, partial bool) heard {
	if run, ok := j.elsewhere(c); ok {
		return heard{run: run}
	}
	run := Run{Check: classifierPrefix + c.Name()}
	if parts = j.readable(c, parts); len(parts) == 0 {
		run.Outcome, run.Reason = NotRun, CodeNothing
		return heard{run: run}
	}
	run.Covers = c.Covers()
	question := j.question(parts, partial)
	return j.await(ctx, run, func(ctx context.Context) (Answer, error) { return c.Classify(ctx, question) })
}

// elsewhere reports whether a classifier is not for the surface, and what became of it then.
func (j *judging) elsewhere(c Classifier) (Run, bool) {
	of, ok := c.(SurfaceClassifier)
	return Run{Check: classifierPrefix + c.Name(), Outcome: Bypassed, Reason: CodeSurface}, ok && !of.Judges(j.item.Surface)
}

func (j *judging) question(parts []Part, partial bool) Question {
	return Question{Surface: j.item.Surface, Service: j.item.Service, Function: j.item.Function, Context: j.item.Context, Parts: parts, Partial: partial}
}

// await calls a classifier and makes of its answer what became of the check. One that does not keep to the deadline is not
// waited for. What was found counts also where the check failed in the end.
func (j *judging) await(ctx context.Context, run Run, call func(context.Context) (Answer, error)) heard {
	ctx, cancel := context.WithTimeout(ctx, j.e.config.Deadline)
	defer cancel()
	began := j.e.config.Now()
	type reply struct {
		Answer
		err error
	}
	replies := make(chan reply, 1)
	go func() {
		answer, err := call(ctx)
		replies <- reply{answer, err}
	}()
	var r reply
	select {
	case r = <-replies:
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	run.Took = j.e.config.Now().Sub(began)
	run.Err = r.err
	run.Model, run.Version, run.Cached, run.Outcome, run.Reason = r.Model, r.Version, r.Cached, r.Outcome, r.Reason
	switch {
	case slices.ContainsFunc(r.Findings, malformed):
		run.Outcome, run.Reason, r.Findings = Failure, CodeAnswer, nil
	case r.err != nil:
		run.Outcome, run.Reason = Failure, reasonOf(r.err)
	case r.Outcome == Ran:
		run.Reason = ""
	case r.Outcome != NotRun && r.Outcome != Bypassed && r.Outcome != Failure || r.Reason == "":
		run.Outcome, run.Reason = Failure, CodeAnswer
	}
	r.Findings = slices.Clone(r.Findings) // the classifier may keep its own
	for i := range r.Findings {
		r.Findings[i].Check = run.Check
	}
	return heard{run, r.Findings, int(r.Upto)}
}

func malformed(f Finding) bool {
	return f.Level < keyword.Note || f.Level > keyword.Block || f.Category == "" || math.IsNaN(f.Score) || f.Score < 0 || f.Score > 1 || f.Start < 0 || f.Start > f.End
}

// reasonOf is the code of an error; its text stays out of records.
func reasonOf(err error) colophon.Code {
	var told *colophon.Error
	switch {
	case errors.As(err, &told):
		return told.Code
	case errors.Is(err, context.DeadlineExceeded):
		return CodeDeadline
	case errors.Is(err, context.Canceled):
		return CodeCancelled
	}
	return CodeFailed
}

// readable returns the parts that a classifier reads. Where it can't read a file, but pictures, those of the file stand for
// it.
func (j *judging) readable(c Classifier, parts []Part) []Part {
	eyes, sees := c.(MediaClassifier)
	var list []Part
	for _, p := range parts {
		switch {
		case p.Media == nil && p.Text != "", p.Media != nil && sees && eyes.Reads(p.Media.Format):
			list = append(list, p)
		case p.Media != nil && sees && eyes.Reads(media.JPEG):
			list = append(list, j.files[p.Name].frames...)
		}
	}
	return list
}

// pictures reports whether somebody reads the pictures of a file.
func (e *Engine) pictures() bool {
	return e.config.Reader != nil || slices.ContainsFunc(e.config.Classifiers, func(c Classifier) bool {
		eyes, ok := c.(MediaClassifier)
		return ok && eyes.Reads(media.JPEG)
	})
}

// worse joins what became of two calls of one check: it ran only where both did.
func worse(a, b Run) Run {
	if a.Outcome == "" {
		return b
	}
	rank := []Outcome{Ran, Bypassed, NotRun, Failure}
	if slices.Index(rank, b.Outcome) > slices.Index(rank, a.Outcome) {
		a.Outcome, a.Reason, a.Err = b.Outcome, b.Reason, b.Err
	}
	a.Took, a.Cached = a.Took+b.Took, a.Cached && b.Cached
	if b.Model != "" {
		a.Model, a.Version = b.Model, b.Version
	}
	return a
}

// since is how long something took.
func (j *judging) since(began time.Time) time.Duration { return j.e.config.Now().Sub(began) }
