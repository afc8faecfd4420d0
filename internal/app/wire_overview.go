package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/overview"
	"github.com/colophon-project/colophon/internal/telemetry"
	"github.com/colophon-project/colophon/register"
)

// maxDead is how many dead jobs are counted.
const maxDead = 500

// overviews counts what the overview tells.
type overviews struct {
	*Server
	count *overview.Days
}

// Waiting implements httpapi.Overviews.
func (o overviews) Waiting(ctx context.Context) ([]httpapi.OverviewWaiting, error) {
	now := time.Now()
	list, err := o.count.Waiting(ctx, now)
	if err != nil {
		return nil, err
	}
	dead, err := o.queue.Dead(ctx, "", maxDead)
	if err != nil {
		return nil, err
	}
	waits := overview.Waiting{Kind: "dead-jobs", Count: int64(len(dead))}
	for _, j := range dead {
		if waits.Since.IsZero() || j.Ended.Before(waits.Since) {
			waits.Since = j.Ended
		}
	}
	var out []httpapi.OverviewWaiting
	for _, w := range append(list, waits) {
		v := httpapi.OverviewWaiting{Kind: w.Kind, Count: w.Count, Late: w.Late, Since: some(w.Since)}
		if w.Kind == "records-unlogged" && w.Count > 0 && now.Sub(w.Since) > time.Minute {
			v.Late = w.Count
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b httpapi.OverviewWaiting) int { return cmp.Compare(a.Kind, b.Kind) })
	return out, nil
}

// some is a time that may be absent.
func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Coverage implements httpapi.Overviews.
func (o overviews) Coverage(ctx context.Context, s httpapi.Span) (c httpapi.OverviewCoverage, err error) {
	made, since, err := o.count.Made(ctx, s.From, s.To, s.Step)
	if err != nil {
		return c, err
	}
	c.Kept = some(since)
	steps, functions, formats := map[time.Time]*httpapi.OverviewMade{}, map[string]*httpapi.OverviewMade{}, map[string]*httpapi.OverviewMade{}
	for _, m := range made {
		for _, to := range []*httpapi.OverviewMade{&c.Total, at(steps, m.Begins), at(functions, m.Function), at(formats, m.Format)} {
			add(to, artefact.State(m.State), m.Count)
		}
	}
	for _, at := range s.Starts() {
		v := httpapi.OverviewMadeAt{At: at}
		if m := steps[at]; m != nil {
			v.OverviewMade = *m
		}
		c.Steps = append(c.Steps, v)
	}
	services, err := o.services(ctx)
	c.Functions, c.Formats = ranked(functions, services), ranked(formats, nil)
	return c, err
}

func at[K comparable, V any](m map[K]*V, key K) *V {
	if m[key] == nil {
		m[key] = new(V)
	}
	return m[key]
}

func add(to *httpapi.OverviewMade, state artefact.State, n int64) {
	switch state {
	case artefact.Marked, artefact.Delivered:
		to.Marked += n
	case artefact.Received, artefact.Held:
		to.Waiting += n
	case artefact.Failed:
		to.Failed += n
	default: // nothing is known of what was erased
		return
	}
	to.Made += n
}

func ranked(by map[string]*httpapi.OverviewMade, services map[string]string) []httpapi.OverviewMadeBy {
	list := []httpapi.OverviewMadeBy{}
	for name, m := range by {
		if m.Made > 0 {
			list = append(list, httpapi.OverviewMadeBy{Name: name, Service: services[name], OverviewMade: *m})
		}
	}
	slices.SortFunc(list, func(a, b httpapi.OverviewMadeBy) int {
		return cmp.Or(cmp.Compare(b.Made, a.Made), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// services says of each registered function which service it belongs to.
func (o overviews) services(ctx context.Context) (map[string]string, error) {
	services := map[string]string{}
	for q := (register.Query{Limit: sweepPage}); ; {
		list, next, err := o.functions.Functions(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			services[f.ID] = f.Value.Service
		}
		if q.After = next; next == "" {
			return services, nil
		}
	}
}

// Screening implements httpapi.Overviews.
func (o overviews) Screening(ctx context.Context, s httpapi.Span) (v httpapi.OverviewScreening, err error) {
	judged, since, err := o.count.Judged(ctx, s.From, s.To, s.Step)
	if err != nil {
		return v, err
	}
	v.Kept = some(since)
	steps, surfaces := map[time.Time]*httpapi.OverviewJudged{}, map[string]*httpapi.OverviewJudged{}
	for _, j := range judged {
		for _, to := range []*httpapi.OverviewJudged{&v.Total, at(steps, j.Begins), at(surfaces, j.Surface)} {
			counts := []*int64{&to.Allowed, &to.Labelled, &to.Limited, &to.Held, &to.Refused}
			if j.Action >= 1 && j.Action <= len(counts) {
				*counts[j.Action-1] += j.Count
			}
			if j.Verdict == 0 {
				to.Untold += j.Count
			}
		}
	}
	for _, at := range s.Starts() {
		step := httpapi.OverviewJudgedAt{At: at}
		if j := steps[at]; j != nil {
			step.OverviewJudged = *j
		}
		v.Steps = append(v.Steps, step)
	}
	v.Surfaces, v.Categories = []httpapi.OverviewJudgedOn{}, []httpapi.OverviewFound{}
	for _, name := range []string{"input", "output", "upload"} {
		if j := surfaces[name]; j != nil {
			v.Surfaces = append(v.Surfaces, httpapi.OverviewJudgedOn{Surface: name, OverviewJudged: *j})
		}
	}
	found, since, err := o.count.Found(ctx, s.From, s.To)
	if v.Kept == nil || !since.IsZero() && since.Before(*v.Kept) {
		v.Kept = some(since)
	}
	sums := map[string]int64{}
	for _, f := range found {
		sums[f.Category] += f.Count
	}
	for category, n := range sums {
		v.Categories = append(v.Categories, httpapi.OverviewFound{Category: category, Count: n})
	}
	slices.SortFunc(v.Categories, func(a, b httpapi.OverviewFound) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Category, b.Category))
	})
	return v, err
}

// Gateway implements httpapi.Overviews.
func (o overviews) Gateway(ctx context.Context, s httpapi.Span) (v httpapi.OverviewGateway, err error) {
	used, err := o.count.Used(ctx, s.From, s.To.Add(-1))
	v.Days = []httpapi.OverviewUsed{}
	for _, u := range used {
		v.Days = append(v.Days, httpapi.OverviewUsed(u))
	}
	minutes, hour := o.pulse.Last(time.Now())
	v.Hour = pulsed(hour)
	for _, m := range minutes {
		v.Minutes = append(v.Minutes, pulsed(m))
	}
	return v, err
}

func pulsed(m telemetry.Minute) httpapi.OverviewPulse {
	took := func(d time.Duration) *float64 {
		if d == 0 {
			return nil
		}
		ms := float64(d) / float64(time.Millisecond)
		return &ms
	}
	return httpapi.OverviewPulse{At: m.Begins, Calls: m.Calls, Filtered: m.Filtered, Failed: m.Failed, P50: took(m.P50), P99: took(m.P99)}
}

// beat takes a call that ended into what is known of the last hour.
func (s *Server) beat(o gateway.Observation) {
	failed := slices.Contains([]gateway.Outcome{gateway.Broke, gateway.Unkept, gateway.Faulty, gateway.Shutdown}, o.Outcome)
	s.pulse.Add(time.Now(), o.First, o.Outcome == gateway.Filtered, failed)
}

// Log implements httpapi.Overviews.
func (o overviews) Log(ctx context.Context) (v httpapi.OverviewLog, err error) {
	all, waiting, oldest, err := o.store.Count(ctx)
	if err != nil {
		return v, err
	}
	v.Records, v.Waiting = all, waiting
	if waiting > 0 {
		v.Since = some(oldest)
	}
	checkpoint, err := o.reader.Checkpoint(ctx)
	if err != nil {
		return v, err
	}
	covered, err := o.count.Covered(ctx, checkpoint.Size)
	v.Size, v.Covered = checkpoint.Size, some(covered)
	return v, err
}
