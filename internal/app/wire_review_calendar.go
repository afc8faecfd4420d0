package app

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/security"
)

// Names of dates of reviews.
const (
	dateMechanism colophon.Code = "calendar-mechanism" // arg "about": it has to be reviewed anew, or a condition has to be met
	dateEthics    colophon.Code = "calendar-ethics"    // arg "about": it has to be decided
	dateFollow    colophon.Code = "calendar-follow"    // arg "about": what was approved has to be looked at
	dateSecurity  colophon.Code = "calendar-security"  // arg "about": a report has to be handed in
)

// reviewDates are the days on which reviews end, have to be decided or looked at, and reports have to be handed in.
func (s *Server) reviewDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	now := time.Now()
	var dates []httpapi.Date
	date := func(at time.Time, kind string, title colophon.Code, about, ref, id string) {
		if at.IsZero() {
			return
		}
		d := httpapi.Date{At: at, Kind: kind, Title: title, Args: colophon.Args{"about": about}, Ref: ref, ID: id, State: httpapi.DateComing}
		if now.After(at) {
			d.State = httpapi.DateOver
		}
		dates = append(dates, d)
	}
	reviews, _, err := s.oversight.mechanism.Reviews(ctx, mechanism.Query{State: mechanism.Approved, Limit: maxDates})
	if err != nil {
		return nil, err
	}
	for _, e := range reviews {
		date(e.Due, "review", dateMechanism, e.Value.Algorithm, "mechanism-review", e.ID)
	}
	for _, state := range []ethics.State{ethics.Accepted, ethics.Approved, ethics.Suspended} {
		list, _, err := s.oversight.ethics.Reviews(ctx, ethics.Query{State: state, Limit: maxDates})
		if err != nil {
			return nil, err
		}
		title, kind := dateFollow, "review"
		if state == ethics.Accepted {
			title, kind = dateEthics, "clock"
		}
		for _, e := range list {
			date(e.Due, kind, title, e.Value.Application.About, "ethics-review", e.ID)
		}
	}
	triggers, _, err := s.oversight.security.Triggers(ctx, security.Open, "", maxDates)
	if err != nil {
		return nil, err
	}
	for _, e := range triggers {
		date(e.Value.Due, "clock", dateSecurity, e.Value.Ref, "security-trigger", e.ID)
	}
	return dates, nil
}
