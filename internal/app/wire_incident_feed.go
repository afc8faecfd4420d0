package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/standing"
)

const (
	// maxFeedThings is how many orders, measures and alerts are looked at for one incident.
	maxFeedThings = 100
	// maxFeedRecords is how many records of one of them are told.
	maxFeedRecords = 200
)

// feeds tell incidents what happened to what they are about. Each is one, so that one which can't tell leaves the others.
func (s *Server) feeds() []report.Feed {
	return []report.Feed{teller(s.toldThings), teller(s.toldOrders), teller(s.toldMeasures), teller(s.toldPapers)}
}

// teller is a feed of one function.
type teller func(ctx context.Context, about []report.Ref, since time.Time) ([]report.Happening, error)

// Happened implements report.Feed.
func (f teller) Happened(ctx context.Context, about []report.Ref, since time.Time) ([]report.Happening, error) {
	return f(ctx, about, since)
}

// toldThings tells what was recorded about the incident and about the things that it names, such as an order, an alert of a
// rule, the run of a probe, a case or an item of content.
func (s *Server) toldThings(ctx context.Context, about []report.Ref, since time.Time) ([]report.Happening, error) {
	var list []report.Happening
	var failed error
	for _, r := range about {
		some, err := s.recorded(ctx, r.Kind, r.ID, since)
		list, failed = append(list, some...), errors.Join(failed, err)
	}
	return list, failed
}

// toldOrders tells of the control orders that were given for the incident, or to what it is about.
func (s *Server) toldOrders(ctx context.Context, about []report.Ref, since time.Time) ([]report.Happening, error) {
	names := idsOf(about, "")
	orders, _, err := s.orders.Page(ctx, ledger.Query{Newest: true, Limit: maxFeedThings})
	if err != nil {
		return nil, err
	}
	var list []report.Happening
	for _, o := range orders {
		of := o.Value.Target
		if o.Value.Scope == incident.OnAccount {
			of = string(o.Subject)
		}
		if o.Made.Before(since) || o.Value.Drill || slices.Contains(names, o.ID) || !slices.Contains(names, o.Value.Reference) && !slices.Contains(names, of) {
			continue
		}
		some, err := s.recorded(ctx, "order", o.ID, since)
		if err != nil {
			return list, err
		}
		list = append(list, some...)
	}
	return list, nil
}

// toldMeasures tells of measures and alerts of rules against the accounts that the incident is about, and of measures that
// rest on it.
func (s *Server) toldMeasures(ctx context.Context, about []report.Ref, since time.Time) ([]report.Happening, error) {
	var list []report.Happening
	names := idsOf(about, "")
	for _, account := range idsOf(about, "account") {
		measures, _, err := s.standing.Measures(ctx, standing.Filter{Subject: evidence.Subject(account), Limit: maxFeedThings})
		if err != nil {
			return list, err
		}
		for _, m := range measures {
			if slices.Contains(names, m.ID) || m.Made.Before(since) {
				continue
			}
			some, err := s.recorded(ctx, "measure", m.ID, since)
			if err != nil {
				return list, err
			}
			list = append(list, some...)
		}
		signals, _, err := s.standing.Signals(ctx, standing.SignalFilter{Subject: evidence.Subject(account), Limit: maxFeedThings})
		if err != nil {
			return list, err
		}
		for _, g := range signals {
			if g.Made.Before(since) {
				continue
			}
			some, err := s.recorded(ctx, "alert", g.ID, since)
			if err != nil {
				return list, err
			}
			list = append(list, some...)
		}
	}
	return list, nil
}

// toldPapers tells what became of the reports and notices about the incident.
func (s *Server) toldPapers(ctx context.Context, about []report.Ref, since time.Time) ([]report.Happening, error) {
	var list []report.Happening
	for _, id := range idsOf(about, "incident") {
		papers, err := s.incidents.PapersOf(ctx, id)
		if err != nil {
			return list, err
		}
		for _, p := range papers {
			some, err := s.recorded(ctx, "report", p.ID, since)
			if err != nil {
				return list, err
			}
			list = append(list, some...)
		}
	}
	return list, nil
}

// recorded are the records about one thing since a time. What was merely read or handed out is left out: nothing happened.
func (s *Server) recorded(ctx context.Context, source, id string, since time.Time) ([]report.Happening, error) {
	if id == "" {
		return nil, nil
	}
	records, err := s.store.RecordsAbout(ctx, id, 0, maxFeedRecords)
	if err != nil {
		return nil, err
	}
	var list []report.Happening
	for _, r := range records {
		typ := string(r.Type)
		if r.Broken || r.Time().Before(since) || strings.HasSuffix(typ, ".read") || strings.HasSuffix(typ, ".delivered") || typ == string(report.RecordNoted) {
			continue
		}
		list = append(list, report.Happening{Source: source, ID: id, What: typ + "/" + r.ID, At: r.Time(), Record: r.ID})
	}
	return list, nil
}

// idsOf are the identifiers of the things of a kind; of all where none is named.
func idsOf(about []report.Ref, kind string) []string {
	var list []string
	for _, r := range about {
		if kind == "" || r.Kind == kind {
			list = append(list, r.ID)
		}
	}
	return list
}
