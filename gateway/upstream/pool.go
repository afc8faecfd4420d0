package upstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
)

const (
	maxHeader  = 64 << 10
	idleConns  = 2048 // kept for each host; thousands of calls a second shall open none
	firstPause = 100 * time.Millisecond
	maxPause   = 10 * time.Second // for more than that nobody waits in a call
	checkTime  = 5 * time.Second
	checkers   = 8
	maxChecked = 1 << 20
)

// Pool sends calls to models. It is safe for use by many goroutines.
type Pool struct {
	config    Config
	models    map[string]*model
	transport *http.Transport
}

// NewPool makes a Pool. Targets are checked, not asked.
func NewPool(c Config) (*Pool, error) {
	c.Tries, c.MaxBody = cmp.Or(c.Tries, 3), cmp.Or(c.MaxBody, 64<<20)
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.Observe == nil {
		c.Observe = func(Attempt) {}
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	p := &Pool{config: c, models: make(map[string]*model, len(c.Models)), transport: &http.Transport{
		DialContext:            c.Dial,
		TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
		MaxIdleConnsPerHost:    idleConns,
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         2 << 10, // each open stream has both
		WriteBufferSize:        2 << 10,
	}}
	for name, targets := range c.Models {
		m, err := newModel(name, targets, c.Keys != nil)
		if err != nil {
			return nil, err
		}
		p.models[name] = m
	}
	return p, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Close closes the connections that no call uses.
func (p *Pool) Close() { p.transport.CloseIdleConnections() }

// List returns the names of the models, sorted.
func (p *Pool) List() []string {
	list := make([]string, 0, len(p.models))
	for name := range p.models {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// Health says how all targets do, by model and in the order in which they were named.
func (p *Pool) Health() []Health {
	var list []Health
	now := p.config.Now()
	for _, name := range p.List() {
		list = append(list, p.models[name].health(now)...)
	}
	return list
}

// Do sends a call until a target answers with the first byte of a body, or none is left to try. The error is a *Failure, one
// of the keys' store or of Request.Body, or why ctx ended.
func (p *Pool) Do(ctx context.Context, r Request) (*Response, error) {
	m := p.models[r.Model]
	if m == nil {
		return nil, &Failure{Err: &colophon.Error{Kind: colophon.Missing, Code: CodeModel, Args: colophon.Args{"model": r.Model}}}
	}
	if r.Target != "" && m.named(r.Target) == nil {
		return nil, &Failure{Err: &colophon.Error{Kind: colophon.Missing, Code: CodeTarget, Args: colophon.Args{"target": r.Target}}}
	}
	var tried []*target
	var last *Failure
	for try := 1; ; try++ {
		t, soon := m.pick(r.Target, tried, p.config.Now())
		if t == nil {
			return nil, cmp.Or(last, &Failure{After: soon, Tries: try - 1, Err: &colophon.Error{Kind: colophon.Conflict, Code: CodeUnavailable}})
		}
		resp, err := p.attempt(ctx, call{m, t, t.Target, r, try, slices.Contains(tried, t)})
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil || !errors.As(err, &last) {
			return nil, err
		}
		last.Tries = try
		if !last.again || try == p.config.Tries || !m.afford() {
			return nil, last
		}
		tried = append(tried, t)
		if err := p.pause(ctx, m, r.Target, tried, last, try); err != nil {
			return nil, err
		}
	}
}

// pause waits for as long as the same target must be let alone, where no other one can be asked. What may be tried on
// another target alone ends here when there is none.
func (p *Pool) pause(ctx context.Context, m *model, name string, tried []*target, last *Failure, try int) error {
	other, first := m.next(name, tried, p.config.Now())
	if other == 0 {
		return nil
	}
	pause := max(firstPause<<(try-1), last.After, first)
	if last.elsewhere || pause > maxPause {
		return last
	}
	return p.config.Wait(ctx, pause)
}

// Check asks each target whether it is there, and returns how all do. A model is not asked for anything.
func (p *Pool) Check(ctx context.Context) []Health {
	var all sync.WaitGroup
	room := make(chan struct{}, checkers)
	for _, m := range p.models {
		for _, t := range m.targets {
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				p.check(ctx, m, t)
			})
		}
	}
	all.Wait()
	return p.Health()
}

func (p *Pool) check(ctx context.Context, m *model, t *target) {
	to := t.Target
	to.Timeout = checkTime
	r := Request{Model: m.name, Method: http.MethodGet, Path: "/models", Most: maxChecked}
	if t.Dialect == Plain {
		r.Path = "/"
	}
	m.begin(t)
	if resp, err := p.attempt(ctx, call{m, t, to, r, 0, false}); err == nil {
		_ = resp.Body.Close() // that it answers is all that was asked
	}
}

// newModel reads the targets of a model.
func newModel(name string, targets []Target, keys bool) (*model, error) {
	m := &model{name: name, credit: maxCredit}
	wrong := func(field string) error {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeConfig, Args: colophon.Args{"model": name, "field": field}}
	}
	if name == "" || len(targets) == 0 {
		return nil, wrong("targets")
	}
	for _, t := range targets {
		u, err := url.Parse(t.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
			return nil, wrong("url")
		}
		t.URL = strings.TrimRight(t.URL, "/")
		t.Model, t.Dialect, t.Weight = cmp.Or(t.Model, name), cmp.Or(t.Dialect, OpenAI), cmp.Or(t.Weight, 1)
		t.Timeout, t.FirstByte, t.Idle = cmp.Or(t.Timeout, 10*time.Minute), cmp.Or(t.FirstByte, 2*time.Minute), cmp.Or(t.Idle, time.Minute)
		if t.Name == "" {
			t.Name = u.Host
			for n := 2; m.named(t.Name) != nil; n++ {
				t.Name = u.Host + "-" + strconv.Itoa(n)
			}
		}
		switch {
		case m.named(t.Name) != nil:
			return nil, wrong("name")
		case t.Dialect != OpenAI && t.Dialect != Anthropic && t.Dialect != Plain:
			return nil, wrong("dialect")
		case t.Weight < 0:
			return nil, wrong("weight")
		case t.Timeout < 0 || t.FirstByte < 0 || t.Idle < 0:
			return nil, wrong("timeout")
		case t.Key != "" && !keys:
			return nil, wrong("key")
		}
		m.targets = append(m.targets, &target{Target: t})
	}
	return m, nil
}
