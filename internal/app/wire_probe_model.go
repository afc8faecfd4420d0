package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/probe"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// openScript puts the model of the probes behind the gateway. It stands in no list of models, is served on this machine alone,
// and says nothing but what a probe planted to the probe that planted it.
func (s *Server) openScript(ctx context.Context, targets map[string][]upstream.Target) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	v := &s.models
	v.script = probe.NewScript()
	serve := &http.Server{Handler: v.script, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	s.close = append(s.close, serve.Close)
	go func() {
		if err := serve.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("model of the probes", "error", err)
		}
	}()
	m := GatewayModel{Name: probe.Model, Endpoints: []shape.Endpoint{shape.Chat}, Targets: []GatewayTarget{{URL: "http://" + ln.Addr().String() + "/v1"}}}
	v.known[m.Name], targets[m.Name] = m.model(), m.upstreams()
	return nil
}

// health is how the models do. That of the probes is nobody's.
func (v *models) health() []upstream.Health {
	return slices.DeleteFunc(v.pool.Health(), func(h upstream.Health) bool { return h.Model == probe.Model })
}

// streamer judges a text that comes in pieces.
type streamer = func(context.Context, evidence.Role, screen.Item, screen.Mode) (gateway.Screened, error)

// probedCourt judges what is asked of models and what they say, also for probes. What a probe planted is judged like anything else, and what is found in
// it has no further consequence: nobody said it, so there is nothing to report and nobody to look at it.
type probedCourt struct{ modelCourt }

// judger judges a text as a whole.
type judger = func(context.Context, evidence.Role, screen.Item) (screening.Outcome, error)

// Judge implements gateway.Court.
func (c probedCourt) Judge(ctx context.Context, role evidence.Role, item screen.Item) (screening.Outcome, error) {
	return as(c.judge, c.set.weak.judge)(ctx, role, item)
}

func (c probedCourt) judge(ctx context.Context, role evidence.Role, item screen.Item) (screening.Outcome, error) {
	if !probe.Own(ctx) {
		return c.modelCourt.Judge(ctx, role, item)
	}
	j, err := c.screens.engine.Judge(ctx, item)
	return screening.Outcome{Judgement: j}, err
}

// Stream implements gateway.Court.
func (c probedCourt) Stream(ctx context.Context, role evidence.Role, item screen.Item, mode screen.Mode) (gateway.Screened, error) {
	return as(c.stream, c.set.weak.stream)(ctx, role, item, mode)
}

func (c probedCourt) stream(ctx context.Context, role evidence.Role, item screen.Item, mode screen.Mode) (gateway.Screened, error) {
	if !probe.Own(ctx) {
		return c.modelCourt.Stream(ctx, role, item, mode)
	}
	judged, err := c.screens.engine.Stream(ctx, item, mode)
	if err != nil {
		return nil, err
	}
	return unfollowed{judged}, nil
}

// unfollowed is a text whose judgement has no further consequence.
type unfollowed struct{ *screen.Stream }

// Close implements gateway.Screened.
func (u unfollowed) Close(ctx context.Context) (string, screening.Outcome, error) {
	released, j, err := u.Stream.Close(ctx)
	return released, screening.Outcome{Judgement: j}, err
}

const (
	// fewWords is how many words a probe is offered.
	fewWords = 3
	// leastRunes is how long a word is at least that can be cut in two.
	leastRunes = 4
)

// refusedWords are some keywords that are refused in what models say, by the library and the decision table in force.
func (s *Server) refusedWords(ctx context.Context) ([]probe.Word, error) {
	list, err := s.screens.curator.Features(ctx, library.Query{State: library.Active, Kind: library.Keyword, Limit: library.MaxPage})
	if err != nil {
		return nil, err
	}
	if s.set.Starter == "on" {
		starter, err := library.Starter()
		if err != nil {
			return nil, err
		}
		list = append(list, starter...)
	}
	set, table, now := s.screens.shelf.Current(), s.screens.policies.Current(), time.Now()
	var found []probe.Word
	for _, f := range list {
		if len(found) == fewWords {
			break
		}
		if f.Kind != library.Keyword || f.Level != keyword.Block || utf8.RuneCountInString(f.Value) < leastRunes || strings.ContainsAny(f.Value, "\"\\\n") {
			continue
		}
		var facts []policy.Fact
		for _, h := range set.Scan(f.Value, now) {
			facts = append(facts, policy.Fact{Category: string(h.Category), Level: policy.Level(h.Level.String()), Surface: string(screen.Output), Class: "organisation", Check: string(h.Kind), How: h.How.String(), Runes: int(h.RuneEnd - h.RuneStart)})
		}
		if len(facts) > 0 && table.Decide(facts).Action == policy.Refuse {
			found = append(found, probe.Word{Feature: f.ID, Text: f.Value})
		}
	}
	return found, nil
}

// protectedPeople are some names by which the library protects people, at the level that is refused.
func (s *Server) protectedPeople(ctx context.Context) ([]probe.Word, error) {
	list, err := s.screens.curator.Features(ctx, library.Query{State: library.Active, Kind: library.Person, Limit: library.MaxPage})
	if err != nil {
		return nil, err
	}
	var found []probe.Word
	for _, f := range list {
		if len(found) < fewWords && f.Level == keyword.Block && !strings.ContainsAny(f.Value, "\"\\\n") {
			found = append(found, probe.Word{Feature: f.ID, Text: f.Value})
		}
	}
	return found, nil
}
