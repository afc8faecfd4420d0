package app

import (
	"context"
	"errors"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/document/govern"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/algorithm"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/security"
)

// oversight is what the provider looks at in itself: how algorithms work, ethics, and security.
type oversight struct {
	mechanism *mechanism.Keeper
	ethics    *ethics.Keeper
	security  *security.Keeper
	paper     *document.Writer
}

// openReviews opens mechanism reviews, ethics reviews and security self-assessments.
func (s *Server) openReviews(context.Context) error {
	calendar, err := workday.Known()
	if err != nil {
		return err
	}
	more, err := given(s.set.Holidays, workday.Known, workday.Parse)
	if err != nil {
		return err
	}
	chinese, err := locale.For(locale.Chinese)
	if err != nil {
		return err
	}
	english, err := locale.For(locale.English)
	if err != nil {
		return err
	}
	s.oversight = oversight{
		mechanism: mechanism.New(ledgers.Of[mechanism.Review](s.store, mechanism.Ledger), s.recorder, s.serving),
		ethics:    ethics.New(ledgers.Of[ethics.Review](s.store, ethics.LedgerReviews), ledgers.Of[ethics.Member](s.store, ethics.LedgerMembers), s.recorder, s.keys.Envelopes),
		security: security.New(security.Config{Assessments: ledgers.Of[security.Assessment](s.store, security.LedgerAssessments), Triggers: ledgers.Of[security.Trigger](s.store, security.LedgerTriggers),
			Recorder: s.recorder, Source: probed{s}, Calendar: calendar.With(more)}),
		paper: document.New(chinese.Say, english.Say),
	}
	return nil
}

// sweepReviews writes down which mechanism reviews lapsed, and what asks for a security assessment; it takes away texts of samples
// that are over.
func (s *Server) sweepReviews(ctx context.Context) error {
	return errors.Join(s.oversight.mechanism.Sweep(ctx), s.oversight.security.Sweep(ctx), s.corpora.training.Sweep(ctx))
}

// serving says which version of an algorithm serves: of one that is described, the digest that its keeper tells; of a function
// that is live, by whose name nobody described an algorithm, the digest over its models as the register has them. What is
// neither, or is retired or not live, serves nothing.
func (s *Server) serving(ctx context.Context, name string) (string, bool, error) {
	e, err := s.corpora.algorithms.Algorithm(ctx, name)
	switch {
	case err == nil && e.State == string(algorithm.Retired):
		return "", false, nil
	case err == nil:
		digest, _, ok := s.corpora.algorithms.Serving(ctx, name)
		if !ok {
			return "", false, nothingServes(name)
		}
		return digest, true, nil
	case !isCode(err, algorithm.CodeMissing):
		return "", false, err
	}
	list, err := ledgers.Of[register.Function](s.store, register.FunctionLedger).Find(ctx, ledger.Query{ID: name, Limit: 1})
	if err != nil || len(list) == 0 || register.State(list[0].State) != register.Live || len(list[0].Value.Models) == 0 {
		return "", false, err
	}
	digest, err := servingDigest(list[0].Value.Models)
	return digest, err == nil, err
}

// papers writes reviews as documents.
type papers struct{ *document.Writer }

// Mechanism implements httpapi.ReviewPapers.
func (p papers) Mechanism(e mechanism.Entry, a mechanism.Answer, language string, f media.Format) ([]byte, error) {
	return p.Report(govern.MechanismReport(p.Writer, e, a, language), f)
}

// Ethics implements httpapi.ReviewPapers.
func (p papers) Ethics(e ethics.Entry, language string, f media.Format) ([]byte, error) {
	return p.Report(govern.EthicsReport(p.Writer, e, language), f)
}

// Security implements httpapi.ReviewPapers.
func (p papers) Security(e security.Entry, triggers []security.TriggerEntry, language string, f media.Format) ([]byte, error) {
	return p.Report(govern.SecurityReport(p.Writer, e, triggers, language), f)
}
