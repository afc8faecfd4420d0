package run

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/review/bank"
)

// Prompt is a question as it is put to a model.
type Prompt struct {
	Run        string // for whoever keeps accounts of calls
	Model      string
	Function   string
	Parameters map[string]string // MUST NOT be changed
	Seed       uint32
	Question   bank.Question
}

// Reply is what came back.
type Reply struct {
	Text    string
	Outcome Outcome       // where whoever was asked knows it, such as a gateway that did not let a question through; else empty
	Code    colophon.Code // of a refusal: what before the model refused; empty where the model did
	Serving string        // digest of what answered; MUST be given
}

// Asker asks a model. It MUST keep to the context, MUST be safe for use by many goroutines, and MUST NOT put texts into
// errors.
type Asker interface {
	Ask(ctx context.Context, p Prompt) (Reply, error)
}

// Barred is the error of an [Asker] that gets no question through, whatever it says: the account may not use the model, or an
// order stops it. The work stops at once.
type Barred struct{ Err error }

// Error says why.
func (b Barred) Error() string { return b.Err.Error() }

// Unwrap returns why.
func (b Barred) Unwrap() error { return b.Err }

// Pool asks many questions side by side.
type Pool struct {
	Asker    Asker
	Parallel int           // questions at a time; 4
	Timeout  time.Duration // for one try; 2 min
	Tries    int           // of one question, before it has failed; 2
	Batch    int           // answers that are kept together; 20
	GiveUp   int           // failures in a row after which the pool stops; 25
}

const (
	maxParallel = 256
	maxBatch    = 200
	maxBytes    = 4 << 20 // of texts that are kept together
	lastWords   = 10 * time.Second
)

func (p Pool) filled() Pool {
	p.Parallel = min(cmp.Or(max(p.Parallel, 0), 4), maxParallel)
	p.Timeout = cmp.Or(max(p.Timeout, 0), 2*time.Minute)
	p.Tries = cmp.Or(max(p.Tries, 0), 2)
	p.Batch = min(cmp.Or(max(p.Batch, 0), 20), maxBatch)
	p.GiveUp = cmp.Or(max(p.GiveUp, 0), 25)
	return p
}

// errEnded is the fault of a question that was on its way when the work ended. It is no answer.
var errEnded = errors.New("the work ended")

type reply struct {
	Answer
	err error // the whole work has to stop, or this is no answer
}

// Run asks questions and hands over answers to be kept, in batches, one at a time. When the context ends, or the pool has to
// stop, what was answered by then is handed over still, and nothing that merely failed for it.
func (p Pool) Run(ctx context.Context, of Plan, run string, questions []bank.Question, keep func(context.Context, []Answer) error) error {
	p = p.filled()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs, replies := make(chan bank.Question), make(chan reply)
	go func() {
		defer close(jobs)
		for _, q := range questions {
			select {
			case jobs <- q:
			case <-inner.Done():
				return
			}
		}
	}()
	var workers sync.WaitGroup
	for range p.Parallel {
		workers.Go(func() {
			for q := range jobs {
				replies <- p.ask(inner, Prompt{run, of.Model, of.Function, of.Parameters, of.Seed, q}, of.Serving)
			}
		})
	}
	go func() {
		workers.Wait()
		close(replies)
	}()
	c := collector{Pool: p, keep: keep}
	for r := range replies {
		if err := c.take(inner, r); err != nil && c.stop == nil {
			c.stop = err
			cancel()
		}
	}
	return c.end(ctx)
}

// collector gathers answers until there are enough to be kept.
type collector struct {
	Pool
	keep    func(context.Context, []Answer) error
	pending []Answer
	bytes   int
	failed  []Answer // in a row, not followed by a success yet
	stop    error
}

func (c *collector) take(ctx context.Context, r reply) error {
	switch {
	case errors.Is(r.err, errEnded):
		return nil
	case r.err != nil:
		return r.err
	case r.Outcome == Failed:
		if c.stop != nil {
			return nil
		}
		if c.failed = append(c.failed, r.Answer); len(c.failed) >= c.GiveUp {
			c.failed = nil
			return &colophon.Error{Kind: colophon.Refused, Code: CodeStopped}
		}
		return nil
	}
	c.pending = append(append(c.pending, c.failed...), r.Answer)
	c.failed = nil
	c.bytes += len(r.Text)
	if c.stop == nil && (len(c.pending) >= c.Batch || c.bytes >= maxBytes) {
		return c.flush(ctx)
	}
	return nil
}

// flush has what is pending kept. What could not be kept stays pending.
func (c *collector) flush(ctx context.Context) error {
	if len(c.pending) == 0 {
		return nil
	}
	if err := c.keep(ctx, c.pending); err != nil {
		return err
	}
	c.pending, c.bytes = nil, 0
	return nil
}

// end has the rest kept, also when the work was ended.
func (c *collector) end(ctx context.Context) error {
	if c.stop == nil && ctx.Err() == nil {
		c.pending = append(c.pending, c.failed...)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	var lost *colophon.Error
	if errors.As(c.stop, &lost) && lost.Code == CodeLost {
		return c.stop
	}
	return errors.Join(ctx.Err(), c.stop, c.flush(last))
}

// ask asks one question, as often as the pool tries.
func (p Pool) ask(ctx context.Context, prompt Prompt, serving string) reply {
	a := Answer{Question: prompt.Question.ID}
	for range p.Tries {
		if ctx.Err() != nil {
			return reply{err: errEnded}
		}
		one, cancel := context.WithTimeout(ctx, p.Timeout)
		got, err := p.Asker.Ask(one, prompt)
		late := one.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil && err != nil:
			return reply{err: errEnded}
		case errors.As(err, new(Barred)):
			return reply{err: err}
		case err != nil && late:
			a.Fault = FaultTimeout
		case err != nil:
			a.Fault = FaultError
		case got.Serving != serving:
			return reply{err: &colophon.Error{Kind: colophon.Conflict, Code: CodeServing, Clauses: clauses()}}
		default:
			if a.read(got); a.Outcome != Failed {
				return reply{Answer: a}
			}
		}
	}
	return reply{Answer: a}
}

// read takes over a reply that came in time.
func (a *Answer) read(r Reply) {
	a.Fault, a.How = "", ""
	switch {
	case !utf8.ValidString(r.Text), r.Outcome != Failed && r.Outcome != Answered && r.Outcome != Refused:
		a.Fault = FaultForm
		return
	case strings.TrimSpace(r.Text) == "" && r.Outcome != Refused:
		a.Fault = FaultEmpty
		return
	}
	a.Text = r.Text
	if len(a.Text) > MaxAnswer {
		a.Text, a.Cut = strings.ToValidUTF8(a.Text[:MaxAnswer], ""), true
	}
	switch {
	case r.Outcome != Failed:
		a.Outcome, a.How = r.Outcome, HowStated
		if r.Outcome == Refused {
			a.Code = r.Code
		}
	case refuses(r.Text):
		a.Outcome, a.How = Refused, HowPhrase
	default:
		a.Outcome, a.How = Answered, HowText
	}
}
