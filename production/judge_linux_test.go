package production_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/production"
)

// judged is a judge that a test tells what to say.
type judged struct {
	answer production.Answer
	err    error
	seen   []production.Question
	bytes  []byte
}

func (j *judged) judge(_ context.Context, q production.Question) (production.Answer, error) {
	j.seen = append(j.seen, q)
	var err error
	if j.bytes, err = io.ReadAll(io.NewSectionReader(q.Source, 0, q.Source.Size())); err != nil {
		return production.Answer{}, err
	}
	return j.answer, j.err
}

func judging(t *testing.T) (*bench, *judged) {
	j := &judged{}
	return open(t, func(c *production.Config) { c.Judge = j.judge }), j
}

// TestJudgedBeforeItIsMarked covers Deep Synthesis Provisions Art. 10: what comes in is judged as it came, before it is
// marked, and what is refused leaves nothing that could be handed out.
func TestJudgedBeforeItIsMarked(t *testing.T) {
	b, j := judging(t)
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	if len(j.seen) != 1 || !bytes.Equal(j.bytes, picture(t)) || j.seen[0].Number != a.Number || j.seen[0].Subject != a.Account || a.State != artefact.Marked {
		t.Fatalf("%+v %+v", j.seen, a)
	}
	j.err = &colophon.Error{Kind: colophon.Refused, Code: production.CodeRefused, Clauses: []colophon.Clause{colophon.ClauseDS10}}
	_, err = b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.want(err, production.CodeRefused)
	list, _, err := b.register.Find(t.Context(), artefact.Query{}, "", 9)
	b.must(err)
	if len(list) != 1 || len(b.blobs.files) != 1 {
		t.Errorf("%d items and %d blobs after a refusal", len(list), len(b.blobs.files))
	}
	late, err := b.line.Accept(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	b.want(b.line.Finish(t.Context(), late.Number, nil), production.CodeRefused)
	if late, err = b.register.Artefact(t.Context(), late.Number); err != nil || late.State != artefact.Failed || late.Reason != production.CodeRefused {
		t.Errorf("%+v %v", late, err)
	}
}

// TestWaitsForAPerson holds an item that the judge wants a person to see: sealed, unmarked, and marked or ended by what the
// person decides.
func TestWaitsForAPerson(t *testing.T) {
	for _, later := range []bool{false, true} {
		t.Run(map[bool]string{false: "at once", true: "by a job"}[later], func(t *testing.T) {
			b, j := judging(t)
			j.answer = production.Answer{Judgement: "judgement-1", Wait: true}
			enter := func() artefact.Artefact {
				if !later {
					a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
					b.must(err)
					return a
				}
				a, err := b.line.Accept(t.Context(), by, order(), bytes.NewReader(picture(t)))
				b.must(err)
				b.must(b.line.Finish(t.Context(), a.Number, nil))
				a, err = b.register.Artefact(t.Context(), a.Number)
				b.must(err)
				return a
			}
			a := enter()
			if a.State != artefact.Held || a.Original == nil {
				t.Fatalf("%+v", a)
			}
			for _, blob := range b.blobs.files {
				if bytes.Contains(blob, picture(t)[:64]) {
					t.Error("the bytes wait unsealed")
				}
			}
			_, err := b.line.Open(t.Context(), by, a.Number, artefact.API)
			b.want(err, production.CodeNotReady)
			b.must(b.line.Finish(t.Context(), a.Number, nil)) // a job that comes again does not mark it
			seen, format, err := b.line.Look(t.Context(), a.Number)
			b.must(err)
			if got, err := io.ReadAll(seen); err != nil || !bytes.Equal(got, picture(t)) || format != a.Format {
				t.Errorf("a person would see %d bytes of %s, %v", len(got), format, err)
			}
			b.clock.Set(b.clock.Now().Add(48 * time.Hour))
			b.must(b.line.Sweep(t.Context()))
			jobs := len(b.jobs)
			for range 2 { // what was decided may be told twice
				b.must(b.line.Release(t.Context(), a.Number, "judgement-1"))
			}
			if len(b.jobs) != jobs+1 {
				t.Errorf("%d jobs after the release, %d before", len(b.jobs), jobs)
			}
			asked := len(j.seen)
			b.must(b.line.Finish(t.Context(), a.Number, nil))
			if a, err = b.register.Artefact(t.Context(), a.Number); err != nil || a.State != artefact.Marked || len(j.seen) != asked {
				t.Errorf("%+v %v, the judge was asked again: %v", a, err, len(j.seen) != asked)
			}
			b.must(b.line.Refuse(t.Context(), a.Number)) // too late: it was marked
			if a, err = b.register.Artefact(t.Context(), a.Number); err != nil || a.State != artefact.Marked {
				t.Errorf("%+v %v", a, err)
			}
			refused := enter()
			b.must(b.line.Refuse(t.Context(), refused.Number))
			b.must(b.line.Release(t.Context(), refused.Number, "judgement-1"))
			if refused, err = b.register.Artefact(t.Context(), refused.Number); err != nil || refused.State != artefact.Failed || refused.Reason != production.CodeRefused {
				t.Errorf("%+v %v", refused, err)
			}
			b.must(b.line.Release(t.Context(), "01900000-0000-7000-8000-000000000000", "judgement-1")) // never entered
		})
	}
}

// TestNothingPassesUnjudged has the same order given twice: first for a job, and, before the job judged it, at once.
func TestNothingPassesUnjudged(t *testing.T) {
	b, j := judging(t)
	o := order()
	o.Number = "once"
	_, err := b.line.Accept(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	a, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	if len(j.seen) == 0 && a.State != artefact.Received {
		t.Errorf("%s, and nobody judged it", a.State)
	}
}

// TestRefusedBeforeItIsHeld has a person refuse what a judge had entered for review before its process died. The job that
// comes again does not ask another judge.
func TestRefusedBeforeItIsHeld(t *testing.T) {
	b, j := judging(t)
	a, err := b.line.Accept(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	b.must(b.line.Refuse(t.Context(), a.Number))
	b.must(b.line.Finish(t.Context(), a.Number, nil))
	if a, err = b.register.Artefact(t.Context(), a.Number); err != nil || a.State != artefact.Failed || a.Reason != production.CodeRefused || len(j.seen) != 0 {
		t.Errorf("%+v %v after %d questions", a, err, len(j.seen))
	}
}
