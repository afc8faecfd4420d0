package app

import (
	"context"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/register"
)

// openRegister opens what accounts have to accept, and the services and functions that are offered.
func (s *Server) openRegister(context.Context) (err error) {
	s.agreements = agreement.New(agreement.Config{Versions: ledgers.Of[agreement.Version](s.store, agreement.VersionLedger),
		Acceptances: ledgers.Of[agreement.Acceptance](s.store, agreement.AcceptanceLedger), Recorder: s.recorder})
	s.functions, err = register.New(register.Config{Services: ledgers.Of[register.Service](s.store, register.ServiceLedger),
		Functions: ledgers.Of[register.Function](s.store, register.FunctionLedger), Recorder: s.recorder, Agreed: inForce{s.agreements}, Assessed: s.ahead.assessments})
	return err
}

// inForce says whether the texts are there that a function needs.
type inForce struct{ *agreement.Keeper }

// Agreed implements register.Agreed.
func (f inForce) Agreed(ctx context.Context, audience string) (bool, error) {
	current, err := f.Current(ctx)
	return agreement.Complete(current, agreement.Audience(audience)), err
}

func (s *Server) supersedeAgreements(ctx context.Context) error { return s.agreements.Supersede(ctx) }

// lapseFunctions looks at the live functions again; the log names those that are live, or were, with something unmet.
func (s *Server) lapseFunctions(ctx context.Context) error {
	list, err := s.functions.Lapse(ctx)
	for _, l := range list {
		s.log.WarnContext(ctx, "function", "function", l.Function, "unmet", l.Conditions, "suspended", l.Suspended)
	}
	return err
}
