package httpapi_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/staff"
)

// counted counts nothing, or fails.
type counted struct{ fail error }

func (c *counted) Waiting(context.Context) ([]httpapi.OverviewWaiting, error) {
	return []httpapi.OverviewWaiting{{Kind: "held", Count: 2, Late: 1}, {Kind: "dead-jobs", Count: 1}, {Kind: "orders"}}, c.fail
}

func (c *counted) Coverage(_ context.Context, s httpapi.Span) (v httpapi.OverviewCoverage, err error) {
	for _, at := range s.Starts() {
		v.Steps = append(v.Steps, httpapi.OverviewMadeAt{At: at})
	}
	v.Functions, v.Formats = []httpapi.OverviewMadeBy{}, []httpapi.OverviewMadeBy{}
	return v, c.fail
}

func (c *counted) Screening(context.Context, httpapi.Span) (httpapi.OverviewScreening, error) {
	return httpapi.OverviewScreening{Total: httpapi.OverviewJudged{Held: 2}}, nil
}

func (c *counted) Gateway(context.Context, httpapi.Span) (httpapi.OverviewGateway, error) {
	return httpapi.OverviewGateway{}, nil
}

func (c *counted) Log(context.Context) (httpapi.OverviewLog, error) {
	return httpapi.OverviewLog{Size: 7}, nil
}

// TestOverview: whoever asks is told what other actions let them know, and a part that fails is named.
func TestOverview(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	overview := func(role staff.Role, query url.Values) (o httpapi.Overview) {
		t.Helper()
		w.ask("GET", "/v1/overview?"+query.Encode(), nil).by(w.people[role]).want(200, &o)
		return o
	}
	kinds := func(o httpapi.Overview) (list []string) {
		for _, k := range o.Waiting {
			list = append(list, k.Kind)
		}
		return list
	}
	o := overview(staff.Officer, nil)
	if o.Coverage == nil || o.Screening == nil || o.Gateway == nil || o.Log == nil || len(o.Untold) > 0 || !slices.Equal(kinds(o), []string{"held", "dead-jobs", "orders"}) || o.To.Sub(o.From) != 7*24*time.Hour {
		t.Errorf("the officer: %+v", o)
	}
	if o = overview(staff.Engineer, nil); o.Screening != nil || o.Gateway == nil || !slices.Equal(kinds(o), []string{"dead-jobs", "orders"}) {
		t.Errorf("the engineer: %+v", o)
	}
	if o = overview(staff.Reviewer, nil); o.Gateway != nil || o.Screening == nil || !slices.Equal(kinds(o), []string{"held", "orders"}) {
		t.Errorf("the reviewer: %+v", o)
	}
	// A key of one function knows nothing of what all of them made.
	key, _ := w.newKey(keyActions(), []string{"voice"}, time.Hour)
	o = httpapi.Overview{}
	w.ask("GET", "/v1/overview", nil).as(key).want(200, &o)
	if o.Coverage != nil || o.Screening != nil || o.Gateway != nil || len(o.Waiting) > 0 {
		t.Errorf("a key of one function: %+v", o)
	}
	if o = overview(staff.Officer, url.Values{"part": {"log"}}); o.Log == nil || o.Coverage != nil || o.Waiting != nil {
		t.Errorf("of the log: %+v", o)
	}
	o = overview(staff.Officer, url.Values{"from": {"2026-11-20T06:30:00Z"}, "to": {"2026-11-22T06:30:00Z"}, "step": {"day"}})
	if n := len(o.Coverage.Steps); n != 3 || o.Coverage.Steps[0].At.Hour() != 0 {
		t.Errorf("steps: %+v", o.Coverage.Steps)
	}
	for _, query := range []string{"from=2026-11-22T00:00:00Z&to=2026-11-22T00:00:00Z", "from=1970-01-01T00:00:00Z", "from=1900-01-01T00:00:00Z&to=1901-01-01T00:00:00Z&step=day", "step=week", "part=all"} {
		w.ask("GET", "/v1/overview?"+query, nil).by(w.people[staff.Officer]).wantCode(422, httpapi.CodeFields)
	}
	w.config.Overviews.(*counted).fail = errors.New("the disk is full")
	if o = overview(staff.Officer, nil); !slices.Equal(o.Untold, []string{"waiting", "coverage"}) || o.Coverage != nil || o.Waiting != nil || o.Log == nil {
		t.Errorf("where something fails: %+v", o)
	}
}
