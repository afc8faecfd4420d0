package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/stamp"
)

// Proxy sees calls through. It is safe for use by many goroutines.
type Proxy struct {
	c    Config
	held atomic.Int64 // bytes of text that streams keep in memory
	kick chan struct{}

	mu      sync.Mutex // guards what follows, never over I/O
	open    map[*stream]struct{}
	over    bool               // no stream begins any more
	overdue map[Open]time.Time // when Sweep found streams so first
}

// New makes a Proxy. Streams need [Proxy.Follow] to run.
func New(c Config) *Proxy {
	l := &c.Limits
	l.Request, l.Answer, l.Event = cmp.Or(l.Request, 32<<20), cmp.Or(l.Answer, 32<<20), cmp.Or(l.Event, 1<<20)
	l.Held, l.Node, l.Lanes, l.Bytes = cmp.Or(l.Held, 1<<20), cmp.Or(l.Node, 512<<20), cmp.Or(l.Lanes, 1024), cmp.Or(l.Bytes, 4<<10)
	l.Time, l.Idle, l.Heartbeat = cmp.Or(l.Time, 10*time.Minute), cmp.Or(l.Idle, 2*time.Minute), cmp.Or(l.Heartbeat, 10*time.Second)
	l.Pulse, l.Unmarked, l.Lost = cmp.Or(l.Pulse, 2*time.Second), cmp.Or(l.Unmarked, 30*time.Second), cmp.Or(l.Lost, 2*time.Minute)
	if c.Say == nil {
		c.Say = func(_ string, err error) string { return string(codeOf(err)) }
	}
	if c.Report == nil {
		c.Report = func(error) {}
	}
	if c.Observe == nil {
		c.Observe = func(Observation) {}
	}
	return &Proxy{c: c, kick: make(chan struct{}, 1), open: map[*stream]struct{}{}}
}

// Serve answers a call. An error means that nothing was begun: the door answers it in the endpoint's dialect.
func (p *Proxy) Serve(ctx context.Context, c Call, w Sink) error {
	if !textual(c.Endpoint) {
		if p.c.Studio == nil {
			return refuse(colophon.Unsupported, CodeEndpoint)
		}
		return p.c.Studio.Serve(ctx, c, w)
	}
	x := &exchange{p: p, Call: c, w: w, began: p.c.Now(), court: p.c.Court, models: p.c.Upstreams}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	defer x.cancel(nil)
	return x.through(observed, read, gathered, admitted, counted, referenced, screened, answered)
}

// textual reports whether the answers of an endpoint are texts, or numbers made of them.
func textual(e shape.Endpoint) bool {
	switch e {
	case shape.Chat, shape.Completions, shape.Responses, shape.Messages, shape.Embeddings, shape.Transcriptions, shape.Translations:
		return true
	}
	return false
}

// exchange is one call on its way. It belongs to the goroutine that serves it.
type exchange struct {
	Call
	p      *Proxy
	w      Sink
	ctx    context.Context // of the whole call; ends with the client's, or by cancel
	cancel context.CancelCauseFunc
	began  time.Time

	court  Court     // the proxy's, but for words of our own
	models Upstreams // the same
	doc    *shape.Document
	model  Model
	number artefact.Number
	adm    Admitted

	join    context.Context // what is committed under it waits for pending
	pending Pending

	told   companion.Told
	mark   *mark.Answer
	begun  bool // the sink has a status: no error goes to the door any more
	usage  upstream.Usage
	summed bool // usage was handed over
	seen   Observation
}

// stage is one step of an exchange. What it returns beside the error is run when all later steps are over, also where it failed
// itself, and where somebody panicked.
type stage func(x *exchange) (after func(error) error, err error)

// errPanic stands for the panic that is under way while after stages run.
var errPanic = errors.New("gateway: panic")

// through runs stages in order, and what they leave to be run in reverse.
func (x *exchange) through(stages ...stage) (err error) {
	if len(stages) == 0 {
		return nil
	}
	err = errPanic
	after, first := stages[0](x)
	if after != nil {
		defer func() { err = after(err) }()
	}
	if err = first; err != nil {
		return err
	}
	err = errPanic
	err = x.through(stages[1:]...)
	return err
}

// observed tells of the call once it is over.
func observed(x *exchange) (func(error) error, error) {
	return func(err error) error {
		s := x.seen
		s.Endpoint, s.Model, s.Took = x.Endpoint, x.model.Name, x.p.c.Now().Sub(x.began)
		s.Outcome, s.Code = cmp.Or(s.Outcome, outcomeOf(err)), cmp.Or(s.Code, codeOf(err))
		x.p.c.Observe(s)
		return err
	}, nil
}

// read reads the body and finds the model.
func read(x *exchange) (_ func(error) error, err error) {
	if int64(len(x.Body)) > x.p.c.Limits.Request {
		return nil, tooMuch(x.p.c.Limits.Request)
	}
	if x.Endpoint == shape.Transcriptions || x.Endpoint == shape.Translations {
		x.doc, err = shape.Form(x.Endpoint, x.Type, x.Body)
	} else {
		x.doc, err = shape.Request(x.Endpoint, x.Body)
	}
	if err != nil {
		return nil, err
	}
	known := false
	if x.model, known = x.p.c.Model(x.doc.Model()); !known {
		return nil, refuse(colophon.Missing, CodeModel)
	}
	foreign := x.model.Dialect == upstream.Anthropic && x.Endpoint != shape.Messages && x.Endpoint != shape.Chat
	if foreign || len(x.model.Endpoints) > 0 && !slices.Contains(x.model.Endpoints, x.Endpoint) {
		return nil, refuse(colophon.Unsupported, CodeEndpoint)
	}
	x.Account, x.Function = cmp.Or(x.Account, x.doc.User()), cmp.Or(x.Function, x.model.Function)
	if err = x.CheckAccount(); err != nil {
		return nil, err
	}
	x.seen.Stream = x.doc.Stream()
	number, err := x.p.c.Recorder.NewID()
	x.number = artefact.Number(number)
	return nil, err
}

// gathered has what follows committed together, before anything is answered.
func gathered(x *exchange) (func(error) error, error) {
	x.join, x.pending = x.p.c.Journal.Gather(x.ctx)
	return func(err error) error {
		if fault := x.wait(); fault != nil && !x.begun {
			return fault
		}
		return err
	}, nil
}

// wait commits what was gathered. A client that went away takes nothing back.
func (x *exchange) wait() error {
	from := x.p.c.Now()
	err := x.pending.Wait(context.WithoutCancel(x.ctx))
	x.seen.Commit += x.p.c.Now().Sub(from)
	return x.kept(err)
}

// kept is the error of what could not be committed.
func (x *exchange) kept(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrForgotten) { // the next call draws a new key
		x.p.c.Recorder.Forget(x.adm.Subject)
	}
	return &colophon.Error{Kind: colophon.Internal, Code: CodeUnkept, Clauses: []colophon.Clause{colophon.ClauseDS10}, Err: err}
}

// admitted has the call admitted and logged, and binds the work to what may stop it.
func admitted(x *exchange) (func(error) error, error) {
	asked := Asked{Call: x.Call, Model: x.model, Number: x.number, Media: len(x.doc.Media())}
	asked.Body = nil // lest it stays in memory as long as what was admitted
	adm, err := x.p.c.Gate.Admit(x.join, asked)
	x.adm = adm
	after := func(err error) error {
		if adm.Done != nil {
			adm.Done()
		}
		return err
	}
	if adm.Subject != "" {
		if fault := x.p.c.Network.Log(x.join, adm.Subject, "gateway."+string(x.Endpoint), x.By); fault != nil {
			return after, x.kept(fault)
		}
	}
	if err != nil {
		return after, err
	}
	x.adm.Class = cmp.Or(adm.Class, x.model.Class, stamp.Dialogue)
	x.adm.Function, x.adm.Service = cmp.Or(adm.Function, x.Function), cmp.Or(adm.Service, x.model.Service)
	stop := context.AfterFunc(adm.Work, func() { x.cancel(context.Cause(adm.Work)) })
	return func(err error) error {
		stop()
		if why := stopped(x.ctx); err != nil && why != nil && !x.begun {
			err = why
		}
		return after(err)
	}, nil
}

// counted counts the call as used, once it was admitted.
func counted(x *exchange) (func(error) error, error) {
	x.usage = upstream.Usage{Account: x.adm.Subject, Model: x.model.Name, Day: x.began, Requests: 1}
	return func(err error) error {
		if outcomeOf(err) == Filtered {
			x.usage.Blocked = 1
		}
		x.count(x.join)
		return err
	}, nil
}

// count hands the usage over, once. It proves nothing, so that a fault is reported and goes no further.
func (x *exchange) count(ctx context.Context) {
	if x.summed {
		return
	}
	x.summed = true
	if err := x.p.c.Usage.Count(context.WithoutCancel(ctx), x.usage); err != nil {
		x.p.c.Report(err)
	}
}

// screened has what is asked judged.
func screened(x *exchange) (func(error) error, error) {
	out := passed() // where there is nothing to judge
	if item := x.item(screen.Input, parts(x.doc, "")); len(item.Parts) > 0 {
		var err error
		if out, err = x.court.Judge(x.join, x.By.Role, item); err != nil {
			return nil, err
		}
	}
	why := verdict(out, CodeInput, CodeHeld)
	if x.model.Companion == nil {
		return nil, why
	}
	return nil, x.accompany(out, why)
}

// answered has the model answer.
func answered(x *exchange) (_ func(error) error, err error) {
	lead := x.told.Lead
	if x.told.End {
		x.court, x.models, lead = ours{}, &canned{x.Endpoint, x.number, x.model.Name, strings.TrimSpace(lead), x.began.Unix()}, ""
	}
	if x.mark, err = x.p.c.Labels.Answer(mark.Wanted{Number: x.number, Function: x.adm.Class, Place: x.model.Notice, Language: x.Language,
		Machine: x.doc.Machine() || x.Endpoint == shape.Transcriptions || x.Endpoint == shape.Translations, Lead: lead, Use: x.use()}); err != nil {
		return nil, err
	}
	if x.doc.Stream() {
		return nil, x.stream()
	}
	if err = x.oneshot(); !x.helps(err) {
		return nil, err
	}
	x.told.End = true
	return answered(x)
}

// helps reports whether the answer to somebody in a crisis was refused, who then reads where help is in its place.
func (x *exchange) helps(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && (e.Code == CodeOutput || e.Code == CodeReview) && !x.told.End && slices.Contains(x.told.Said, companion.Help)
}

// use says by which function and for what the answer is made.
func (x *exchange) use() *production.Use {
	return &production.Use{Function: x.adm.Function, Model: x.model.Name, Template: x.Template, Purpose: x.Purpose, Scene: x.Scene, Channel: x.Channel, Depicted: x.Depicted, Consents: x.Consents}
}

// stopped is why the call may not go on; nil where it may.
func (x *exchange) stopped() error { return cmp.Or(stopped(x.adm.Work), stopped(x.ctx)) }

// stopped is the cause of kind Refused, or another of ours, by which a context ended; nil where it did not, or its client went.
func stopped(ctx context.Context) error {
	var e *colophon.Error
	if errors.As(context.Cause(ctx), &e) {
		return e
	}
	return nil
}

func codeOf(err error) colophon.Code {
	var e *colophon.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	}
	return CodeFailed
}

// outcomeOf sorts errors for figures.
func outcomeOf(err error) Outcome {
	var e *colophon.Error
	var failure *upstream.Failure
	switch {
	case err == nil:
		return Done
	case errors.As(err, &failure):
		return Broke
	case errors.Is(err, context.Canceled):
		return Gone
	case !errors.As(err, &e):
		return Faulty
	}
	switch e.Code {
	case CodeInput, CodeHeld, CodeOutput, CodeReview, screen.CodeStreamRefused, screen.CodeStreamReview:
		return Filtered
	case CodeLimit, CodeBusy, screen.CodeStreamBytes, screen.CodeStreamTime:
		return Limited
	case CodeUnkept:
		return Unkept
	case CodeShutdown:
		return Shutdown
	case CodeAnswer:
		return Broke
	}
	if strings.HasPrefix(string(e.Code), "gateway-upstream-") {
		return Broke
	}
	switch e.Kind {
	case colophon.Refused:
		return Refused
	case colophon.Internal:
		return Faulty
	}
	return Malformed
}

func refuse(kind colophon.Kind, code colophon.Code, args ...string) *colophon.Error {
	e := &colophon.Error{Kind: kind, Code: code, Args: colophon.Args{}}
	for i := 0; i+1 < len(args); i += 2 {
		e.Args[args[i]] = args[i+1]
	}
	return e
}
