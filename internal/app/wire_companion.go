package app

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/companions"
	"github.com/colophon-project/colophon/internal/webhook"
)

const (
	// eventCrisis is the type of the event by which people are told of a crisis.
	eventCrisis = "companion.crisis"
	// companionKept is for how long it is known how an account used services that keep company.
	companionKept = 30 * 24 * time.Hour
)

// company keeps the duties of services that keep company. Hours and days are those of Beijing.
func (s *Server) company() *companion.Keeper {
	return companion.New(companion.Config{Store: companions.New(s.store), Ages: s.identities, Recorder: s.recorder, Journal: crises{s}, Now: time.Now, Zone: time.FixedZone("", 8*60*60)})
}

func (s *Server) sweepCompany(ctx context.Context) error {
	return companions.New(s.store).Sweep(ctx, time.Now().Add(-companionKept))
}

// crises keeps records of what companion services did, and has people told of crises.
type crises struct{ *Server }

// Note implements companion.Journal.
func (c crises) Note(ctx context.Context, rec evidence.Record, about ...string) error {
	return decisions{c.store}.Note(ctx, rec, about...)
}

// HandOff implements companion.Journal. It waits for nothing else that the call writes: people are told even where that
// fails. The conversation's name may lead to a person, and is not told.
func (c crises) HandOff(ctx context.Context, rec evidence.Record, k companion.Case, about ...string) error {
	if !c.uploads.hooks.Wants(eventCrisis) {
		c.log.ErrorContext(ctx, "nobody is told of a crisis: no webhook wants the event", "event", eventCrisis, "record", rec.ID)
	}
	ev := webhook.Event{ID: rec.ID, Type: eventCrisis, At: k.At, Data: map[string]any{"record": rec.ID, "subject": k.Subject, "function": k.Function, "number": k.Number, "categories": k.Categories, "minor": k.Minor}}
	err := c.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(rec, about...); err != nil {
			return err
		}
		return c.enqueue(ctx, tx, kindEvent, ev)
	})
	if isCode(err, store.CodeKeyErased) {
		return errors.Join(ledger.ErrForgotten, err)
	}
	return err
}
