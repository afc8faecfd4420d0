package app

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/dataset"
)

// Names of dates of the register.
const (
	dateRemoval colophon.Code = "calendar-removal" // arg "about": what rests on a consent that ended has to be out of the dataset
	dateCard    colophon.Code = "calendar-card"    // arg "about": the card of the service is over
)

// removalDates are the days by which removals from datasets have to be proven.
func (s *Server) removalDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	var dates []httpapi.Date
	err := every(func(after string) ([]dataset.RemovalEntry, string, error) {
		return s.corpora.datasets.Removals(ctx, dataset.RemovalQuery{States: []dataset.RemovalState{dataset.Open}, After: after, Limit: datePage})
	}, func(e dataset.RemovalEntry) error {
		dates = append(dates, upTo(httpapi.Date{At: e.Value.Due, Kind: "clock", Title: dateRemoval, Args: colophon.Args{"about": e.Value.Dataset}, Ref: "dataset-removal", ID: e.ID}))
		return nil
	})
	return dates, err
}

// cardDates are the days on which the cards of services that count now are over.
func (s *Server) cardDates(ctx context.Context, _, _ time.Time) ([]httpapi.Date, error) {
	var dates []httpapi.Date
	err := every(func(after string) ([]card.Entry, string, error) {
		return s.cards.Cards(ctx, card.Query{State: card.Current, After: after, Limit: datePage})
	}, func(e card.Entry) error {
		dates = append(dates, upTo(httpapi.Date{At: e.Value.Until, Kind: "review", Title: dateCard, Args: colophon.Args{"about": e.Value.Service}, Ref: "card", ID: e.ID}))
		return nil
	})
	return dates, err
}
