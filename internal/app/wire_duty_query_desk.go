package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/refutation"
)

// What queries about the desk saw, as sentences.
const (
	sawStarter colophon.Code = "duty-saw-limits-starter" // nobody published limits
	sawLimits  colophon.Code = "duty-saw-limits"         // args "number", "page"
	sawDoors   colophon.Code = "duty-saw-doors"          // args "page", "door"
)

func deskQueries() map[string]query {
	return map[string]query{
		"limits-published": (*Server).seeLimits, "entrance-open": (*Server).seeEntrance, "refuted": (*Server).seeRefuted,
		"cases-in-time":  func(s *Server, ctx context.Context, now time.Time) (saw, error) { return s.seeCases(ctx, now, false) },
		"rights-in-time": func(s *Server, ctx context.Context, now time.Time) (saw, error) { return s.seeCases(ctx, now, true) },
	}
}

// answered is an answer of our own door.
type answered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// maxVisit is the most that is kept of a page of ours, in bytes.
const maxVisit = 4 << 20

// Header implements http.ResponseWriter.
func (a *answered) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answered) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.body.Len()+len(p) > maxVisit {
		return 0, errors.New("reading a page of ours: it is too large")
	}
	return a.body.Write(p)
}

// visit asks our own door as somebody who has no key. Body, where there is one, is JSON.
func (s *Server) visit(ctx context.Context, method, path, body string) (int, string, error) {
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, path, from)
	if err != nil {
		return 0, "", err
	}
	r.RequestURI, r.Host = path, "colophon"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	a := &answered{header: http.Header{}}
	s.handler.ServeHTTP(a, r)
	return a.status, a.body.String(), nil
}

// seeLimits looks whether a person published limits, and whether the public page answers with them.
func (s *Server) seeLimits(ctx context.Context, now time.Time) (saw, error) {
	v, err := s.cases.limits.InForce(ctx, now)
	if err != nil {
		return saw{}, err
	}
	if v.Starter || v.Publisher == "" {
		return saw{verdict: colophon.Failed, code: sawStarter}, nil
	}
	status, _, err := s.visit(ctx, "GET", "/desk/limits", "")
	found := saw{verdict: good(status == http.StatusOK), code: sawLimits, looked: 1, sample: []string{v.ID}, args: colophon.Args{"number": strconv.Itoa(v.Number), "page": strconv.Itoa(status)}}
	if found.verdict == colophon.Failed {
		found.amiss = found.sample
	}
	return found, err
}

// seeEntrance looks whether the pages of the desk answer whoever has no key, and whether the door behind them reads what is
// handed in. It hands in nothing that could be taken for a case.
func (s *Server) seeEntrance(ctx context.Context, _ time.Time) (saw, error) {
	page, text, err := s.visit(ctx, "GET", "/desk/complaint", "")
	if err != nil {
		return saw{}, err
	}
	door, _, err := s.visit(ctx, "POST", "/v1/public/cases:look", `{"code":"AAAAA-AAAAA","pin":"000000"}`)
	ok := page == http.StatusOK && strings.Contains(text, "<form") && door >= 400 && door < 500 && door != http.StatusUnauthorized && door != http.StatusForbidden
	return saw{verdict: good(ok), code: sawDoors, looked: 2, sample: []string{"/desk/complaint", "/v1/public/cases:look"}, args: colophon.Args{"page": strconv.Itoa(page), "door": strconv.Itoa(door)}}, err
}

// seeCases looks at the cases that were decided or late within a month, and at open ones that are late.
func (s *Server) seeCases(ctx context.Context, now time.Time, rights bool) (saw, error) {
	since := now.AddDate(0, -1, 0)
	var c count
	err := s.eachCase(ctx, now.AddDate(0, -6, 0), func(one desk.Case) {
		if (one.Kind == desk.Rights) != rights || one.State == desk.Duplicate || one.State == desk.Withdrawn {
			return
		}
		late := slices.ContainsFunc(one.Breaches, func(b desk.Breach) bool { return b.At.After(since) })
		decided := one.Decision != nil && one.Decision.At.After(since)
		if !late && !decided {
			return
		}
		reasons := !rights || !decided || one.Decision.Outcome != desk.Unfounded || len(one.Decision.Statement.Clauses) > 0 || one.Decision.Statement.Terms != ""
		c.look(one.ID, good(!late && reasons))
	})
	found := c.saw()
	found.sample = found.sample[:min(len(found.sample), querySample)]
	return found, err
}

// eachCase goes through the cases that came in since a time.
func (s *Server) eachCase(ctx context.Context, since time.Time, fn func(desk.Case)) error {
	old := errors.New("older")
	err := every(func(after string) ([]desk.Case, string, error) {
		return s.cases.desk.Cases(ctx, desk.Filter{After: after, Limit: 500})
	}, func(c desk.Case) error {
		if c.Made.Before(since) {
			return old
		}
		fn(c)
		return nil
	})
	if errors.Is(err, old) {
		return nil
	}
	return err
}

// seeRefuted looks at the rumours of a year that were founded: each was refuted, those reached were looked for, and it was reported.
func (s *Server) seeRefuted(ctx context.Context, now time.Time) (saw, error) {
	var founded []string
	err := s.eachCase(ctx, now.AddDate(-1, 0, 0), func(one desk.Case) {
		if one.Kind == desk.Rumour && one.Decision != nil && one.Decision.Outcome == desk.Founded {
			founded = append(founded, one.ID)
		}
	})
	if err != nil {
		return saw{}, err
	}
	var c count
	for _, id := range founded {
		list, _, err := s.refuted.keeper.Refutations(ctx, refutation.Filter{Public: true, Case: id})
		if err != nil {
			return saw{}, err
		}
		c.look(id, good(slices.ContainsFunc(list, func(r refutation.Refutation) bool { return len(r.Reports) > 0 && !r.Published.IsZero() })))
	}
	return c.saw(), nil
}
