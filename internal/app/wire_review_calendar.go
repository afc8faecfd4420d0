package app

import (
	"context"
	"errors"
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
	var dates []httpapi.Date
	date := func(at time.Time, kind string, title colophon.Code, about, ref, id string) error {
		if !at.IsZero() {
			dates = append(dates, upTo(httpapi.Date{At: at, Kind: kind, Title: title, Args: colophon.Args{"about": about}, Ref: ref, ID: id}))
		}
		return nil
	}
	failed := every(func(after string) ([]mechanism.Entry, string, error) {
		return s.oversight.mechanism.Reviews(ctx, mechanism.Query{State: mechanism.Approved, After: after, Limit: datePage})
	}, func(e mechanism.Entry) error {
		return date(e.Due, "review", dateMechanism, e.Value.Algorithm, "mechanism-review", e.ID)
	})
	for _, state := range []ethics.State{ethics.Accepted, ethics.Approved, ethics.Suspended} {
		title, kind := dateFollow, "review"
		if state == ethics.Accepted {
			title, kind = dateEthics, "clock"
		}
		failed = errors.Join(failed, every(func(after string) ([]ethics.Entry, string, error) {
			return s.oversight.ethics.Reviews(ctx, ethics.Query{State: state, After: after, Limit: datePage})
		}, func(e ethics.Entry) error {
			return date(e.Due, kind, title, e.Value.Application.About, "ethics-review", e.ID)
		}))
	}
	return dates, errors.Join(failed, every(func(after string) ([]security.TriggerEntry, string, error) {
		return s.oversight.security.Triggers(ctx, security.Open, after, datePage)
	}, func(e security.TriggerEntry) error {
		return date(e.Value.Due, "clock", dateSecurity, e.Value.Ref, "security-trigger", e.ID)
	}))
}
