package app

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/incident/correction"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/moderation"
)

// datePage is how many things of a kind the calendar reads at a time. It looks at all of them: a source that can't is blind.
const datePage = 200

// calendar are those who know what is due when. Each is one source, so that one which can't tell leaves the others.
func (s *Server) calendar() []func(ctx context.Context, from, until time.Time) ([]httpapi.Date, error) {
	return []func(ctx context.Context, from, until time.Time) ([]httpapi.Date, error){
		s.incidentDates, s.drillDates, s.correctionDates, s.reportDates, s.dutyDates, s.ruleDates, s.limitDates, s.reviewDates,
		s.removalDates, s.cardDates,
	}
}

// incidentDates are the clocks of incidents that are not settled.
func (s *Server) incidentDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	var dates []httpapi.Date
	err := every(func(after string) ([]report.Incident, string, error) {
		return s.incidents.Incidents(ctx, report.Query{States: []report.IncidentState{report.Open, report.Closing, report.Closed}, After: after, Limit: datePage})
	}, func(v report.Incident) error {
		clocks, err := s.incidents.Clocks(ctx, v)
		for _, c := range clocks {
			if c.Due.IsZero() || c.State == report.NotApplicable {
				continue
			}
			d := httpapi.Date{At: c.Due, Kind: "clock", Title: colophon.Code("calendar-incident-" + c.ID), Ref: "incident", ID: v.ID, State: httpapi.DateComing}
			switch c.State {
			case report.Met, report.Late:
				d.State = httpapi.DateDone
			case report.Over:
				d.State = httpapi.DateOver
			}
			dates = append(dates, d)
		}
		return err
	})
	return dates, err
}

// drillDates are drills, and the days by which a playbook is to be exercised again where no drill is planned.
func (s *Server) drillDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	var dates []httpapi.Date
	err := every(func(after string) ([]report.Drill, string, error) {
		return s.incidents.Drills(ctx, report.DrillQuery{States: []report.DrillState{report.Planned, report.Held, report.Missed}, After: after, Limit: datePage})
	}, func(v report.Drill) error {
		d := httpapi.Date{At: v.Day, Kind: "drill", Title: colophon.Code("calendar-drill-" + string(v.Playbook)), Ref: "drill", ID: v.ID}
		switch v.State {
		case report.Planned:
			d.State = httpapi.DateComing
		case report.Held:
			d.State, d.At = httpapi.DateDone, v.Held
		case report.Missed:
			d.State = httpapi.DateOver
		}
		dates = append(dates, d)
		return nil
	})
	if err != nil {
		return dates, err
	}
	rows, err := s.incidents.Calendar(ctx)
	for _, r := range rows {
		if r.Due.IsZero() || r.Next != nil {
			continue
		}
		d := httpapi.Date{At: r.Due, Kind: "drill", Title: colophon.Code("calendar-drill-due-" + string(r.Playbook)), Ref: "drills", State: httpapi.DateComing}
		if r.State == colophon.Failed {
			d.State = httpapi.DateOver
		}
		dates = append(dates, d)
	}
	return dates, err
}

// correctionDates are the open steps of cases of illegal output.
func (s *Server) correctionDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	var dates []httpapi.Date
	err := every(func(after string) ([]correction.Case, string, error) {
		return s.corrected.Cases(ctx, correction.Query{States: []correction.State{correction.Open}, After: after, Limit: datePage})
	}, func(c correction.Case) error {
		for _, step := range c.Left() {
			dates = append(dates, upTo(httpapi.Date{At: s.corrected.Due(c, step), Kind: "clock", Title: colophon.Code("calendar-correction-" + string(step)), Ref: "correction", ID: c.ID}))
		}
		return nil
	})
	return dates, err
}

// upTo is a date of something that nobody did yet.
func upTo(d httpapi.Date) httpapi.Date {
	if d.State = httpapi.DateComing; d.At.Before(time.Now()) {
		d.State = httpapi.DateOver
	}
	return d
}

// reportDates are the duties to report illegal content.
func (s *Server) reportDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	var dates []httpapi.Date
	err := every(func(after string) ([]moderation.Duty, string, error) {
		return s.screens.reports.Duties(ctx, moderation.DutyQuery{State: moderation.Open, After: after, Limit: datePage})
	}, func(d moderation.Duty) error {
		dates = append(dates, upTo(httpapi.Date{At: d.Due, Kind: "clock", Title: "calendar-report-duty", Ref: "report-duty", ID: d.ID}))
		return nil
	})
	return dates, err
}

// dutyDates are the days on which an obligation begins or ceases, a fact begins to count, or a waiver ends. What probes saw ends
// too often to stand in a calendar.
func (s *Server) dutyDates(ctx context.Context, from, until time.Time) ([]httpapi.Date, error) {
	kinds := map[duty.Why]string{duty.Begins: "law", duty.Ceases: "law", duty.FactBegins: "fact", duty.WaiverEnds: "waiver"}
	list, err := s.duties.Coming(ctx, from, until, slices.Collect(maps.Keys(kinds))...)
	var dates []httpapi.Date
	for _, c := range list {
		item, err := s.duties.Catalogue().Item(c.Obligation)
		if err != nil {
			return nil, err
		}
		dates = append(dates, httpapi.Date{At: c.At, Kind: kinds[c.Why], Title: colophon.Code("calendar-duty-" + string(c.Why)), Args: colophon.Args{"obligation": c.Obligation}, Of: item.Obligation.Title, Ref: "obligation", ID: c.Obligation, State: httpapi.DateNote})
	}
	return dates, err
}

// ruleDates are the days by which the provider's own systems of rules are to be reviewed.
func (s *Server) ruleDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	list, err := s.rulebook.Standings(ctx, time.Now())
	var dates []httpapi.Date
	for _, v := range list {
		if v.Version.ID == "" {
			continue
		}
		if at := v.Version.Until(time.Now()); !at.IsZero() {
			dates = append(dates, upTo(httpapi.Date{At: at, Kind: "review", Title: "calendar-rules-review", Args: colophon.Args{"system": string(v.System)}, Ref: "rules", ID: string(v.System)}))
		}
	}
	return dates, err
}

// limitDates are the days on which versions of the published time limits take effect.
func (s *Server) limitDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	list, err := s.cases.limits.Published(ctx)
	var dates []httpapi.Date
	for _, v := range list {
		if v.State == limits.Published && !v.Starter {
			dates = append(dates, httpapi.Date{At: v.Effective, Kind: "note", Title: "calendar-limits", Ref: "limits", ID: v.ID, State: httpapi.DateNote})
		}
	}
	return dates, err
}
