package app

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/standing"
)

// feedPage is how many orders, measures, alerts and records are read at a time.
const feedPage = 200

// followed are the kinds of things that the timeline of an incident follows, with what begins the types of records about them.
// Whoever may read incidents may read of these; what is recorded of cases, content and people has rights of its own.
var followed = map[string]string{"order": "order.", "measure": "standing.", "alert": "standing.", "incident": "incident.", "report": "incident-report.", "correction": "correction.",
	"function": "function.", "observation": "duty."}

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

// toldThings tells what was recorded about the incident and about the things that it names and that are followed.
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
	var list []report.Happening
	err := every(func(after string) ([]incident.Entry, string, error) {
		return s.orders.Page(ctx, ledger.Query{Newest: true, After: after, Limit: feedPage})
	}, func(o incident.Entry) error {
		of := o.Value.Target
		if o.Value.Scope == incident.OnAccount {
			of = string(o.Subject)
		}
		switch {
		case o.Made.Before(since):
			return errEnough
		case o.Value.Drill || slices.Contains(names, o.ID) || !slices.Contains(names, o.Value.Reference) && !slices.Contains(names, of):
			return nil
		}
		some, err := s.recorded(ctx, "order", o.ID, since)
		list = append(list, some...)
		return err
	})
	return list, err
}

// toldMeasures tells of measures and alerts of rules against the accounts that the incident is about.
func (s *Server) toldMeasures(ctx context.Context, about []report.Ref, since time.Time) ([]report.Happening, error) {
	var list []report.Happening
	names := idsOf(about, "")
	tell := func(kind, id string, made time.Time) error {
		switch {
		case made.Before(since):
			return errEnough
		case slices.Contains(names, id):
			return nil
		}
		some, err := s.recorded(ctx, kind, id, since)
		list = append(list, some...)
		return err
	}
	for _, account := range idsOf(about, "account") {
		err := every(func(after string) ([]standing.Measure, string, error) {
			return s.standing.Measures(ctx, standing.Filter{Subject: evidence.Subject(account), After: after, Limit: feedPage})
		}, func(m standing.Measure) error { return tell("measure", m.ID, m.Made) })
		if err != nil {
			return list, err
		}
		err = every(func(after string) ([]standing.Signal, string, error) {
			return s.standing.Signals(ctx, standing.SignalFilter{Subject: evidence.Subject(account), After: after, Limit: feedPage})
		}, func(g standing.Signal) error { return tell("alert", g.ID, g.Made) })
		if err != nil {
			return list, err
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

// recorded are the records about one thing since a time, where its kind is followed. What was merely read or handed out is left
// out: nothing happened.
func (s *Server) recorded(ctx context.Context, kind, id string, since time.Time) ([]report.Happening, error) {
	prefix, ok := followed[kind]
	if !ok || id == "" {
		return nil, nil
	}
	var list []report.Happening
	err := every(func(after string) ([]evidence.Held, string, error) {
		from, _ := strconv.ParseUint(after, 10, 64) // empty before the first page
		page, err := s.store.RecordsAbout(ctx, id, from, feedPage)
		if err != nil || len(page) < feedPage {
			return page, "", err
		}
		return page, strconv.FormatUint(page[feedPage-1].Sequence, 10), nil
	}, func(r evidence.Held) error {
		typ := string(r.Type)
		if strings.HasPrefix(typ, prefix) && !r.Broken && !r.Time().Before(since) && !strings.HasSuffix(typ, ".read") && !strings.HasSuffix(typ, ".delivered") && r.Type != report.RecordNoted {
			list = append(list, report.Happening{Source: kind, ID: id, What: typ + "/" + r.ID, At: r.Time(), Record: r.ID})
		}
		return nil
	})
	return list, err
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
