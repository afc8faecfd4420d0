package media

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/stamp"
)

const (
	// mostReferences is how many reference media a call may bring, and mostFetched how many bytes are fetched for it.
	mostReferences = 16
	mostFetched    = 64 << 20
)

// work is one call on its way.
type work struct {
	*Studio
	gateway.Call
	ctx      context.Context // ends when the caller goes, and when an order stops the work
	model    gateway.Model
	number   artefact.Number // of the result, or of the first of several
	numbers  []artefact.Number
	class    stamp.Function // of what is made, where neither the model nor the register says
	admitted gateway.Admitted
	done     []func() // what has to be ended, in order of its beginning
	used     upstream.Usage
	seen     *gateway.Observation
}

// asked is what a call brings to be judged.
type asked struct {
	texts []screen.Part
	refs  []reference
}

// reference is one medium that came along. Put sets what was fetched from its address.
type reference struct {
	name, by string
	data     []byte
	url      string
	mask     bool // which part of a picture is edited: nobody is to be seen in it
	put      func(typ string, data []byte)
}

// start makes the work of a call, once its model and account are known. A service that keeps company has duties at each turn, which
// only answers in text can fulfil.
func (s *Studio) start(c gateway.Call, m gateway.Model, class stamp.Function, o *gateway.Observation) (*work, error) {
	if err := c.CheckAccount(); err != nil {
		return nil, err
	}
	if m.Companion != nil {
		return nil, notFor(m, c.Endpoint)
	}
	c.Function = cmp.Or(c.Function, m.Function)
	number, err := s.c.Recorder.NewID()
	if err != nil {
		return nil, err
	}
	o.Model = m.Name
	return &work{Studio: s, Call: c, seen: o, model: m, number: artefact.Number(number), numbers: []artefact.Number{artefact.Number(number)}, class: class}, nil
}

// open reads the body of a call of an OpenAI endpoint and makes its work.
func (s *Studio) open(c gateway.Call, class stamp.Function, o *gateway.Observation) (*work, *shape.Document, error) {
	doc, err := read(c)
	if err != nil {
		return nil, nil, err
	}
	m, ok := s.c.Model(doc.Model())
	switch {
	case !ok:
		err = &colophon.Error{Kind: colophon.Missing, Code: gateway.CodeModel, Args: colophon.Args{"model": doc.Model()}}
	case len(m.Endpoints) > 0 && !slices.Contains(m.Endpoints, c.Endpoint):
		err = notFor(m, c.Endpoint)
	case doc.Stream():
		err = noStream(c.Endpoint)
	}
	if err != nil {
		return nil, nil, err
	}
	if c.Account == "" {
		c.Account = doc.User()
	}
	w, err := s.start(c, m, class, o)
	return w, doc, err
}

func notFor(m gateway.Model, e shape.Endpoint) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: gateway.CodeEndpoint, Args: colophon.Args{"model": m.Name, "endpoint": string(e)}}
}

func read(c gateway.Call) (*shape.Document, error) {
	if isForm(c.Type) {
		return shape.Form(c.Endpoint, c.Type, c.Body)
	}
	return shape.Request(c.Endpoint, c.Body)
}

// isForm reports whether a content type is that of a form.
func isForm(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "multipart/form-data")
}

func noStream(e shape.Endpoint) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: gateway.CodeNoStream, Args: colophon.Args{"endpoint": string(e)}}
}

// brought lists what a document brings to be judged. A field that nobody knows and that leads to media is refused: the model
// may look there, and here nobody does.
func brought(doc *shape.Document) (a asked, err error) {
	for _, t := range doc.Texts() {
		if t.Kind == shape.Other && leads(t.Value) && !strings.HasPrefix(t.Path, "metadata.") {
			return a, &colophon.Error{Kind: colophon.Invalid, Code: CodeReference, Args: colophon.Args{"path": t.Path}}
		}
		a.texts = append(a.texts, screen.Part{Name: t.Path, By: cmp.Or(t.Role, "user"), Text: t.Value})
	}
	for i, m := range doc.Media() {
		a.refs = append(a.refs, reference{name: m.Path, by: cmp.Or(m.Role, "user"), data: m.Data, url: m.URL, mask: m.Path == "mask" || strings.HasPrefix(m.Path, "mask."),
			put: func(typ string, data []byte) { doc.SetInline(i, typ, data) }})
	}
	return a, nil
}

// begin has the call admitted and what it brings judged, and returns once that is durable. Nothing goes to a model before.
func (w *work) begin(ctx context.Context, a asked) (err error) {
	if len(a.refs) > mostReferences {
		return limit(mostReferences)
	}
	w.ctx = ctx
	gathered, pending := w.c.Journal.Gather(ctx)
	defer func() { err = w.stopped(errors.Join(err, pending.Wait(context.WithoutCancel(ctx)))) }()
	err = w.admit(gathered, a)
	if err == nil {
		w.follow(w.admitted.Work)
	}
	if w.admitted.Subject != "" { // of a call that was refused, too
		err = errors.Join(err, w.c.Network.Log(gathered, w.admitted.Subject, "gateway."+string(w.Endpoint), w.By))
	}
	if err == nil {
		err = w.fetch(a.refs)
	}
	if err == nil {
		err = w.judge(gathered, a)
	}
	return err
}

// admit asks the gate. Of a function that edits faces or voices each reference medium shows somebody, unless the caller says how
// many people there are.
func (w *work) admit(ctx context.Context, a asked) (err error) {
	people := 0
	for _, r := range a.refs {
		if !r.mask {
			people++
		}
	}
	w.used = upstream.Usage{Model: w.model.Name, Day: w.c.Now(), Requests: 1}
	m := w.model
	m.Class = cmp.Or(m.Class, w.class)
	w.admitted, err = w.c.Gate.Admit(ctx, gateway.Asked{Call: w.Call, Model: m, Number: w.number, Media: people})
	if err != nil {
		return err
	}
	w.done = append(w.done, w.admitted.Done, w.count)
	if len(w.admitted.Likeness) > 0 && w.Depicted == 0 {
		w.Depicted = max(1, people)
	}
	if w.admitted.Class != "" {
		w.class = w.admitted.Class
	}
	return nil
}

// reserve spends the consents that some results need, before the model is asked.
func (w *work) reserve(n int) error {
	if w.c.Reserve == nil {
		return nil
	}
	if err := w.draw(n); err != nil {
		return err
	}
	for _, number := range w.numbers[:n] {
		if err := w.c.Reserve(w.ctx, production.Asked{By: w.By.Role, Number: number, Subject: w.admitted.Subject, Function: w.class, Use: w.use()}); err != nil {
			return w.stopped(err)
		}
	}
	return nil
}

// follow has the work end when an order stops it. Its own context carries nothing of the gathering.
func (w *work) follow(order context.Context) {
	on, stop := context.WithCancelCause(w.ctx)
	unhook := context.AfterFunc(order, func() { stop(context.Cause(order)) })
	w.ctx = on
	w.done = append(w.done, func() { unhook(); stop(nil) })
}

// stopped is the reason why the work ended, where an order ended it.
func (w *work) stopped(err error) error {
	if err == nil || w.ctx.Err() == nil {
		return err
	}
	var e *colophon.Error
	if errors.As(context.Cause(w.ctx), &e) {
		return e
	}
	return err
}

// end ends what was begun, the last first.
func (w *work) end() {
	for _, f := range slices.Backward(w.done) {
		f()
	}
}

// count adds the call to what its account used. It is after the answer, and proves nothing.
func (w *work) count() {
	w.used.Account = w.admitted.Subject
	if err := w.c.Usage.Count(context.WithoutCancel(w.ctx), w.used); err != nil {
		w.c.Report(err)
	}
}

// fetch gets the reference media that are named by an address.
func (w *work) fetch(refs []reference) error {
	room := int64(mostFetched)
	for i := range refs {
		r := &refs[i]
		if r.url == "" {
			continue
		}
		if room <= 0 {
			return limit(mostFetched)
		}
		file, err := w.c.Fetch.Fetch(w.ctx, r.url, room)
		if err != nil {
			return err
		}
		room -= int64(len(file.Data))
		r.data = file.Data
		r.put(file.Type, file.Data)
	}
	return nil
}

// judge judges what goes in.
func (w *work) judge(ctx context.Context, a asked) error {
	parts := slices.Clone(a.texts)
	for _, r := range a.refs {
		parts = append(parts, screen.Part{Name: r.name, By: r.by, Media: &screen.Media{Source: media.Memory(r.data)}})
	}
	return w.screen(ctx, screen.Input, w.Conversation, parts)
}

// said judges texts that the model wrote beside its results.
func (w *work) said(texts []screen.Part) error { return w.screen(w.ctx, screen.Output, "", texts) }

// screen judges parts. What was refused or has to wait is an error.
func (w *work) screen(ctx context.Context, surface screen.Surface, conversation string, parts []screen.Part) error {
	if len(parts) == 0 {
		return nil
	}
	out, err := w.c.Court.Judge(ctx, w.By.Role, screen.Item{Subject: w.admitted.Subject, Surface: surface, Class: w.admitted.Account, Service: w.admitted.Service,
		Function: w.admitted.Function, About: string(w.number), Conversation: conversation, Parts: parts})
	if err != nil {
		return err
	}
	refused, held := gateway.CodeInput, gateway.CodeHeld
	if surface == screen.Output {
		refused, held = gateway.CodeOutput, gateway.CodeReview
	}
	switch out.Action {
	case policy.Allow, policy.Label, policy.Limit:
		return nil
	case policy.Review:
		w.used.Blocked = 1
		return &colophon.Error{Kind: colophon.Refused, Code: held, Args: colophon.Args{"held": out.Held, "judgement": out.ID}, Clauses: out.Clauses}
	}
	w.used.Blocked = 1
	return &colophon.Error{Kind: colophon.Refused, Code: refused, Args: colophon.Args{"judgement": out.ID}, Clauses: out.Clauses}
}

// ask sends a call to the model, and reads the whole answer.
func (w *work) ask(r upstream.Request) ([]byte, *upstream.Response, error) {
	r.Model, r.Most = w.model.Name, w.c.Most
	began := w.c.Now()
	defer func() { w.seen.Upstream += w.c.Now().Sub(began) }()
	resp, err := w.c.Upstreams.Do(w.ctx, r)
	if err != nil {
		return nil, nil, w.stopped(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, nil, w.stopped(err)
	}
	return body, resp, nil
}

// post is a call that sends a document on, under the name that each target has for the model.
func (w *work) post(path string, doc *shape.Document) upstream.Request {
	asked := doc.Model()
	return upstream.Request{Method: "POST", Path: path, Type: doc.Type(), Accept: "*/*", Body: func(t upstream.Target) ([]byte, error) {
		if name := cmp.Or(t.Model, asked); name != "" {
			doc.SetModel(name)
		}
		return doc.Bytes(), nil
	}}
}

// order says what is to be made of a result.
func (w *work) order(n artefact.Number) production.Order {
	return production.Order{Number: n, Function: w.class, Account: w.Account, Use: w.use()}
}

func (w *work) use() production.Use {
	return production.Use{Function: w.admitted.Function, Model: w.model.Name, Template: w.Template, Purpose: w.Purpose, Scene: w.Scene, Channel: w.Channel,
		Depicted: w.Depicted, Consents: w.Consents}
}

// labelOf is the label of an item as it was read back: the AIGC object.
func labelOf(a artefact.Artefact) (json.RawMessage, error) {
	var m production.Marks
	if err := json.Unmarshal(a.Marks, &m); err != nil {
		return nil, err
	}
	return m.Label.Fields.JSON()
}

func field(name string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeField, Args: colophon.Args{"field": name}}
}

func limit(most int64) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: gateway.CodeLimit, Args: colophon.Args{"limit": strconv.FormatInt(most, 10)}}
}

func badAnswer(err error) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: gateway.CodeAnswer, Err: err}
}
