package app

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/webhook"
)

// Types of events about incidents.
const (
	eventIncident       = "incident.opened"
	eventIncidentLate   = "incident.breached"
	eventIncidentFiled  = "incident-report.filed"
	eventIncidentClosed = "incident.closed"
)

// openIncidents opens the incidents, after everything that tells what happened to them.
func (s *Server) openIncidents(context.Context) error {
	rules, err := report.Starter()
	if err != nil {
		return err
	}
	s.incidents, err = report.New(report.Config{Incidents: ledgers.Joined(s.store, report.Ledger, s.tellIncidents), Events: ledgers.Of[report.Event](s.store, report.EventLedger),
		Papers: ledgers.Joined(s.store, report.PaperLedger, s.tellPapers), Drills: ledgers.Of[report.Drill](s.store, report.DrillLedger), Recorder: s.recorder, Keys: s.keys.Envelopes, Rules: rules,
		Operator: report.Operator(s.set.Operator), Size: report.Size(s.set.PlatformSize), AtOnce: s.set.ReportAtOnce, DrillEvery: s.set.DrillMonths, Feeds: s.feeds(), Known: s.knownOf})
	return err
}

// tellIncidents tells of incidents that were opened or closed, and of limits that were missed. The same event has the same
// identifier, so that it is told once.
func (s *Server) tellIncidents(ctx context.Context, tx *store.Tx, list []report.Entry) error {
	for _, e := range list {
		v := e.Value
		tell := func(typ, id string, at time.Time, more map[string]any) error {
			if !s.uploads.hooks.Wants(typ) {
				return nil
			}
			data := map[string]any{"incident": e.ID, "kinds": v.Kinds, "grade": v.Grading.Least, "graded": v.Grading.State}
			for k, x := range more {
				data[k] = x
			}
			return s.enqueue(ctx, tx, kindEvent, webhook.Event{ID: id, Type: typ, At: at, Data: data})
		}
		if e.Version == 0 {
			if err := tell(eventIncident, e.ID+"-opened", e.Made, map[string]any{"knew": v.Knew, "origin": v.Origin}); err != nil {
				return err
			}
		}
		if e.State == string(report.Closed) && e.Changed.Sub(v.Closed) < time.Second {
			if err := tell(eventIncidentClosed, e.ID+"-closed-"+v.Closed.Format("20060102150405"), v.Closed, nil); err != nil {
				return err
			}
		}
		for _, b := range v.Breaches {
			if e.Changed.Sub(b.Seen) >= time.Second {
				continue
			}
			if err := tell(eventIncidentLate, e.ID+"-"+b.Clock+"-"+b.Due.Format("20060102150405"), b.Seen, map[string]any{"clock": b.Clock, "due": b.Due}); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellPapers tells of reports and notices that were filed.
func (s *Server) tellPapers(ctx context.Context, tx *store.Tx, list []ledger.Entry[report.Paper]) error {
	for _, e := range list {
		p := e.Value
		if e.State != string(report.Filed) || p.Filing == nil || !s.uploads.hooks.Wants(eventIncidentFiled) {
			continue
		}
		data := map[string]any{"incident": p.Incident, "report": e.ID, "form": p.Form, "part": p.Part, "sha256": p.SHA256, "at": p.Filing.At}
		if err := s.enqueue(ctx, tx, kindEvent, webhook.Event{ID: e.ID + "-filed", Type: eventIncidentFiled, At: e.Changed, Data: data}); err != nil {
			return err
		}
	}
	return nil
}
