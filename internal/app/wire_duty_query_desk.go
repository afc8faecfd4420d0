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
	"github.com/colophon-project/colophon/internal/workday"
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

// seeLimits looks whether a person published limits, and whether the public page answers.
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

// seeEntrance looks whether the pages of the desk answer whoever has no key, and whether the door behind them looks for the case
// that it is asked for: there is none. Whether a case is taken is not tried. A door that is too busy tells nothing.
func (s *Server) seeEntrance(ctx context.Context, _ time.Time) (saw, error) {
	page, text, err := s.visit(ctx, "GET", "/desk/complaint", "")
	if err != nil {
		return saw{}, err
	}
	door, said, err := s.visit(ctx, "POST", "/v1/public/cases:look", `{"code":"AAAAA-AAAAA","pin":"000000"}`)
	v := good(page == http.StatusOK && strings.Contains(text, "<form") && door == http.StatusNotFound && strings.Contains(said, string(desk.CodeAccess)))
	for _, status := range []int{page, door} {
		if status == http.StatusTooManyRequests || status >= 500 {
			v = colophon.Unknown
		}
	}
	return saw{verdict: v, code: sawDoors, looked: 2, sample: []string{"/desk/complaint", "/v1/public/cases:look"}, args: colophon.Args{"page": strconv.Itoa(page), "door": strconv.Itoa(door)}}, err
}

// seeCases looks at the cases that were decided or late within a month, and at those that are late now, however old they are.
func (s *Server) seeCases(ctx context.Context, now time.Time, rights bool) (saw, error) {
	since := now.AddDate(0, -1, 0)
	filters := []desk.Filter{{States: []desk.State{desk.Received, desk.Acknowledged, desk.Taken, desk.Waiting, desk.Decided}}}
	for month := since; !month.After(now.AddDate(0, 0, 1)); month = month.AddDate(0, 0, 1) { // every month that has a day of it in Beijing
		name := month.In(workday.Beijing()).Format("2006-01")
		if !slices.ContainsFunc(filters, func(f desk.Filter) bool { return f.Month == name }) {
			filters = append(filters, desk.Filter{Step: "decided", Month: name}, desk.Filter{Step: "breached", Month: name})
		}
	}
	var c count
	seen := map[string]bool{}
	for _, f := range filters {
		if rights {
			f.Kinds = []desk.Kind{desk.Rights}
		}
		err := s.eachCase(ctx, f, func(one desk.Case) {
			if seen[one.ID] || (one.Kind == desk.Rights) != rights || one.State == desk.Duplicate || one.State == desk.Withdrawn {
				return
			}
			late := slices.ContainsFunc(one.Breaches, func(b desk.Breach) bool { return b.At.After(since) || owed(one, b.Step) })
			decided := one.Decision != nil && one.Decision.At.After(since)
			if !late && !decided {
				return
			}
			seen[one.ID] = true
			reasons := !rights || !decided || one.Decision.Outcome != desk.Unfounded || len(one.Decision.Statement.Clauses) > 0 || one.Decision.Statement.Terms != ""
			c.look(one.ID, good(!late && reasons))
		})
		if err != nil {
			return saw{}, err
		}
	}
	return c.saw(), nil
}

// owed reports whether a step of a case is still to be made.
func owed(c desk.Case, step desk.Step) bool {
	switch {
	case c.State == desk.Closed:
		return false
	case step == desk.ToAcknowledge:
		return c.Acknowledged == nil
	case step == desk.ToDecide:
		return c.Decision == nil
	}
	return c.Told == nil
}

// eachCase goes through cases, the newest first.
func (s *Server) eachCase(ctx context.Context, f desk.Filter, fn func(desk.Case)) error {
	return every(func(after string) ([]desk.Case, string, error) {
		f.After, f.Limit = after, 500
		return s.cases.desk.Cases(ctx, f)
	}, func(c desk.Case) error { fn(c); return nil })
}

// seeRefuted looks at the rumours of a year that were founded: each was refuted, those reached were looked for, and it was reported.
func (s *Server) seeRefuted(ctx context.Context, now time.Time) (saw, error) {
	var founded []string
	since := now.AddDate(-1, 0, 0)
	err := s.eachCase(ctx, desk.Filter{Kinds: []desk.Kind{desk.Rumour}}, func(one desk.Case) {
		if one.Decision != nil && one.Decision.At.After(since) && one.Decision.Outcome == desk.Founded {
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
