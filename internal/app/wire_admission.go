package app

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
)

func (s *Server) openAdmission(context.Context) (err error) {
	ticker := time.NewTicker(followEvery)
	s.close = append(s.close, func() error { ticker.Stop(); return nil })
	s.gate, err = admission.NewGate(admission.Config{Orders: s.watch, Identities: s.identities, Standings: s.standing, Agreements: s.agreements, Functions: s.functions, Consents: s.consents,
		Prompts: s.ahead.prompt, Journal: decisions{s.store}, Recorder: s.recorder, Feed: ledgers.Feed(s.store), Now: time.Now, Tick: ticker.C,
		Observe: func(act admission.Act, d admission.Decision, took time.Duration) {
			s.telemetry.Admitted(string(act), d.Verdict.String(), took)
		},
		Report: func(err error) { s.log.Error("admission", "error", err) }})
	return err
}

// decisions keeps the records of decisions.
type decisions struct{ *store.Store }

// Note implements admission.Journal.
func (d decisions) Note(ctx context.Context, rec evidence.Record, about ...string) error {
	err := d.WriteSoon(ctx, func(tx *store.Tx) error { _, err := tx.Record(rec, about...); return err })
	if isCode(err, store.CodeKeyErased) {
		return errors.Join(ledger.ErrForgotten, err)
	}
	return err
}
