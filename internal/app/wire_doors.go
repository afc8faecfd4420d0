package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/evidence"
	entries "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/probe"
	"github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/streams"
	"github.com/colophon-project/colophon/internal/store/usage"
	"github.com/colophon-project/colophon/internal/telemetry"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/stamp"
)

// CodeOtherFunction refuses a call that names another function than its model is set up for. Args "function", "model".
const CodeOtherFunction colophon.Code = "gateway-other-function"

// models is the part of a server that stands in front of models. Without any all of it is nil but the keys.
type models struct {
	keys   *upstream.Keys
	usage  *usage.Usage
	pool   *upstream.Pool
	proxy  *gateway.Proxy
	studio *media.Studio
	hosted *media.Hosted
	fetch  *fetch.Client
	pooled []GatewayModel // as they are set
	list   []gateway.Model
	known  map[string]gateway.Model
	script *probe.Script // what the model of the probes says
}

// openModels makes the gateway, where there is a model behind it.
func (s *Server) openModels(ctx context.Context) error {
	v := &s.models
	v.keys = upstream.NewKeys(ledgers.Of[upstream.Stored](s.store, upstream.KeyLedger), s.recorder, s.keys.Envelopes, time.Now)
	v.usage = usage.New(s.store)
	all, err := s.served(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	v.pooled = all
	targets := map[string][]upstream.Target{}
	v.known = map[string]gateway.Model{}
	for _, m := range all {
		g := m.model()
		v.list, v.known[m.Name], targets[m.Name] = append(v.list, g), g, m.upstreams()
	}
	if err := s.openScript(ctx, targets); err != nil {
		return err
	}
	set := s.set.Gateway
	if v.pool, err = upstream.NewPool(upstream.Config{Models: targets, Keys: v.keys, Now: time.Now, Observe: s.tried, Tries: set.Tries, MaxBody: int64(set.MaxAnswer) << 20}); err != nil {
		return err
	}
	s.close = append(s.close, func() error { v.pool.Close(); return nil })
	if v.fetch, err = fetch.New(fetch.Config{Allow: set.FetchAllow, Most: int64(set.FetchMost) << 20}); err != nil {
		return err
	}
	marks := mark.Config{Producer: s.config.Producer, Key: s.keys.Seal, Rand: rand.Reader}
	if set.Unsealed {
		marks.Key = nil
	}
	labels, err := mark.New(marks)
	if err != nil {
		return err
	}
	say, err := sayers()
	if err != nil {
		return err
	}
	c := gateway.Config{Model: v.model, Gate: modelGate{s, ""}, Court: probedCourt{modelCourt{s}}, Journal: journal{s}, Upstreams: v.pool, Fetcher: v.fetch, Streams: streams.New(s.store), Usage: v.usage,
		Register: s.register, Network: networkLog{s}, Labels: labels, Recorder: s.recorder, Companion: s.company(), Now: time.Now, Say: say, Outgoing: s.outgoingText, Observe: s.called,
		Report: func(err error) { s.log.Error("gateway", "error", err) },
		Limits: gateway.Limits{Request: int64(set.MaxBody) << 20, Answer: int64(set.MaxAnswer) << 20, Node: int64(set.Memory) << 20, Time: set.Time, Idle: set.Idle, Heartbeat: set.Heartbeat}}
	if err := s.openStudio(&c, all); err != nil {
		return err
	}
	v.proxy = gateway.New(c)
	s.openAsker(c)
	return nil
}

// served are the models of the configuration, and those to try things out with.
func (s *Server) served(ctx context.Context) ([]GatewayModel, error) {
	all := s.set.Gateway.Models
	if s.set.Sample == "off" {
		return all, nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	try := &http.Server{Handler: sample.New(sample.Config{Tools: s.tools()}), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	s.close = append(s.close, try.Close)
	go func() { _ = try.Serve(ln) }() // it ends by Close
	s.log.Warn("models to try things out with are served; they are no real ones", "setting", "sample-model")
	return append(all, sampleModels("http://"+ln.Addr().String()+"/v1")...), nil
}

func (v *models) model(name string) (gateway.Model, bool) {
	m, ok := v.known[name]
	return m, ok
}

// sayers returns what says errors in a language. It is made once: thousands of streams may end in one moment.
func sayers() (func(language string, err error) string, error) {
	all := map[locale.Language]*locale.Printer{}
	for _, l := range []locale.Language{locale.English, locale.Chinese} {
		var err error
		if all[l], err = locale.For(l); err != nil {
			return nil, err
		}
	}
	return func(language string, err error) string {
		l, _ := locale.Parse(language)
		var e *colophon.Error
		if !errors.As(err, &e) {
			return ""
		}
		return all[l].Code(e.Code, e.Args)
	}, nil
}

// modelDoors are the models as the API has them.
func (s *Server) modelDoors() httpapi.Models {
	v := &s.models
	m := httpapi.Models{List: v.list, MaxBody: int64(s.set.Gateway.MaxBody) << 20, Originals: s.set.Original == "choice"}
	if v.proxy != nil {
		m.Proxy, m.Studio, m.Hosted, m.Health = v.proxy, v.studio, v.hosted, v.health
	}
	return m
}

// called, tried, targets and openStreams tell the metrics of the models.
func (s *Server) called(o gateway.Observation) {
	s.beat(o)
	s.telemetry.Called(telemetry.Call{Endpoint: string(o.Endpoint), Model: o.Model, Outcome: string(o.Outcome), Stream: o.Stream, Work: o.Took - o.Upstream - o.Commit, First: o.First})
}

func (s *Server) tried(a upstream.Attempt) { s.telemetry.Tried(a.Model, a.Target, string(a.Code)) }

func (s *Server) targets() (list []telemetry.Target) {
	if s.models.pool == nil {
		return nil
	}
	for _, h := range s.models.health() {
		list = append(list, telemetry.Target{Model: h.Model, Name: h.Target, Up: h.State != upstream.Down, Running: h.Running})
	}
	return list
}

func (s *Server) openStreams() int {
	if s.models.proxy == nil {
		return 0
	}
	return s.models.proxy.Open()
}

// sweepStreams records the streams whose node died.
func (s *Server) sweepStreams(ctx context.Context) error {
	if s.models.proxy == nil {
		return nil
	}
	return s.models.proxy.Sweep(ctx)
}

// checkEvery is how often a node asks the places at which models are served whether they are there.
const checkEvery = time.Minute

func (s *Server) checkModels(ctx context.Context) {
	for wait(ctx, checkEvery) == nil {
		s.models.pool.Check(ctx)
	}
}

// endStreams ends what is still handed out piece by piece once the server is told to end, with a word about it, before it would be
// cut off.
func (s *Server) endStreams(ctx, serving context.Context) {
	<-ctx.Done()
	if s.models.proxy != nil && wait(serving, s.set.Pause+s.set.Drain*2/3) == nil {
		s.models.proxy.Drain()
	}
}

// journal has what is committed for a call committed together.
type journal struct{ *Server }

// Gather implements gateway.Journal.
func (j journal) Gather(ctx context.Context) (context.Context, gateway.Pending) {
	ctx, g := j.store.Gather(ctx)
	return ctx, pending{g}
}

// pending tells when the account's data key was erased by another process.
type pending struct{ *store.Gathering }

// Wait implements gateway.Pending.
func (p pending) Wait(ctx context.Context) error {
	err := p.Gathering.Wait(ctx)
	if isCode(err, store.CodeKeyErased) {
		err = errors.Join(gateway.ErrForgotten, err)
	}
	return err
}

// modelCourt judges what goes to models and what comes from them.
type modelCourt struct{ *Server }

// Judge implements gateway.Court.
func (c modelCourt) Judge(ctx context.Context, role evidence.Role, item screen.Item) (screening.Outcome, error) {
	out, err := c.screens.court.Judge(ctx, role, item, nil)
	if err == nil {
		c.judged(ctx, item, out)
	}
	return out, err
}

// Stream implements gateway.Court.
func (c modelCourt) Stream(ctx context.Context, role evidence.Role, item screen.Item, mode screen.Mode) (gateway.Screened, error) {
	return c.screens.court.Stream(ctx, role, item, mode)
}

// modelGate admits calls of models.
type modelGate struct {
	*Server
	own string // the account for which the provider itself asks through this gate; empty for none
}

// Admit implements gateway.Gate. The use of a named function is decided and recorded; that its answer may be published is looked
// at before the model is asked, lest it works for nothing. Where no function is named the answer alone is decided about, as of
// everything that is published.
func (g modelGate) Admit(ctx context.Context, a gateway.Asked) (adm gateway.Admitted, err error) {
	if a.Model.Function != "" && a.Function != a.Model.Function {
		return adm, &colophon.Error{Kind: colophon.Refused, Code: CodeOtherFunction, Args: colophon.Args{"function": a.Function, "model": a.Model.Name}}
	}
	if adm.Subject, err = g.accounts.Subject(ctx, a.Account); err != nil {
		return adm, err
	}
	use := production.Use{Function: a.Function, Model: a.Model.Name, Template: a.Template, Purpose: a.Purpose, Scene: a.Scene, Channel: a.Channel, Depicted: a.Depicted, Consents: a.Consents}
	target, likeness, err := g.target(ctx, adm.Subject, a.Number, a.Model.Class, use)
	if err != nil {
		return adm, err
	}
	adm.Function, adm.Service, adm.Class, adm.Likeness = a.Function, cmp.Or(target.Service, a.Model.Service), a.Model.Class, likeness
	if a.May != nil {
		if err := a.May(adm.Service, cmp.Or(a.Function, string(cmp.Or(a.Model.Class, stamp.Dialogue)))); err != nil {
			return adm, err
		}
	}
	if len(likeness) > 0 && use.Depicted == 0 {
		use.Depicted = max(1, a.Media)
	}
	work, release, err := g.watch.Bind(ctx, target)
	if g.set.Admission == "off" {
		adm.Work, adm.Done, adm.Still = work, release, func(context.Context) error { return nil }
		return adm, err
	}
	publish := admission.Question{Account: adm.Subject, Act: admission.Publish, Service: adm.Service, Function: a.Function, Class: string(cmp.Or(a.Model.Class, stamp.Dialogue)), Model: use.Model, Template: use.Template,
		Content: string(a.Number), Purpose: use.Purpose, Scene: use.Scene, Channel: use.Channel, Depicted: use.Depicted, Tokens: use.Consents, Own: g.own != "" && a.Account == g.own}
	by := entries.By{Role: a.By.Role, ID: a.By.ID}
	view, refused := g.decide(ctx, by, publish)
	if err = cmp.Or(refused, err); err != nil {
		if release != nil {
			release()
		}
		return adm, err
	}
	adm.Account, adm.Work = classOf(view.Identity), work
	adm.Done = func() { // the time of what left is kept
		_ = g.watch.Output(target)
		release()
	}
	adm.Still = func(ctx context.Context) error {
		if err := g.watch.Output(target); err != nil {
			return err
		}
		now, _, err := g.gate.Explain(ctx, publish)
		return cmp.Or(err, now.Err())
	}
	return adm, nil
}

// decide decides about a call by what would be published.
func (g modelGate) decide(ctx context.Context, by entries.By, publish admission.Question) (admission.View, error) {
	may, view, err := g.gate.Explain(ctx, publish)
	if err != nil {
		return view, err
	}
	if publish.Function != "" {
		use := publish
		use.Act = admission.Use
		if err := g.gate.Admit(ctx, by, use); err != nil {
			return view, err
		}
		if may.Allow {
			return view, nil
		}
	}
	return view, g.gate.Publish(ctx, by, publish) // which records it, whatever it is
}

// classOf is the class of an account, as policies of screening name it.
func classOf(id admission.Identity) string {
	switch id.Level {
	case identity.None:
		return "anonymous"
	case identity.Organisation:
		return "organisation"
	}
	return "verified"
}
