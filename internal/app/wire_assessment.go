package app

import (
	"context"
	"os"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/consent/faces"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/register"
)

// classes says which records are kept longer than logs.
func classes() map[evidence.Type]evidence.Class {
	list := map[evidence.Type]evidence.Class{}
	for _, typ := range append(assessment.Records(), faces.Records()...) {
		list[typ] = evidence.ClassAssessment
	}
	return list
}

// beforehand is what comes before faces and voices are processed.
type beforehand struct {
	prompt      *prompt.Keeper
	assessments *assessment.Keeper
	faces       *faces.Counter
	page        func(assessment.Entry) ([]byte, error)
}

// openAhead opens prompt, assessments and the count of faces.
func (s *Server) openAhead(context.Context) error {
	text, err := given(s.set.Prompt, prompt.Shipped, prompt.Parse)
	if err != nil {
		return err
	}
	if s.ahead.prompt, err = prompt.New(ledgers.Of[prompt.Showing](s.store, "prompt"), s.recorder, text); err != nil {
		return err
	}
	s.ahead.assessments = assessment.New(ledgers.Of[assessment.Assessment](s.store, "assessment"), s.recorder, described{ledgers.Of[register.Function](s.store, register.FunctionLedger)})
	calendar, err := workday.Known()
	if err != nil {
		return err
	}
	more, err := given(s.set.Holidays, workday.Known, workday.Parse)
	if err != nil {
		return err
	}
	s.ahead.faces = faces.New(ledgers.Of[faces.Duty](s.store, "faces"), s.recorder, stored{s}, calendar.With(more))
	s.ahead.page, err = assessmentPage()
	return err
}

func (s *Server) sweepAssessments(ctx context.Context) error { return s.ahead.assessments.Sweep(ctx) }

// countFaces counts the faces that are stored; where that opens or leaves something to file, the log says so too.
func (s *Server) countFaces(ctx context.Context) error {
	if err := s.ahead.faces.Check(ctx); err != nil {
		return err
	}
	f, err := s.ahead.faces.Figures(ctx)
	if err == nil && (f.Level != faces.Below || f.Open > 0) {
		s.log.WarnContext(ctx, "faces", "stored", f.Faces, "level", string(f.Level), "open", f.Open, "overdue", f.Overdue)
	}
	return err
}

// stored counts the people whose faces are stored.
type stored struct{ *Server }

// Faces implements faces.Source.
func (s stored) Faces(ctx context.Context) (int, error) { return s.consents.Faces(ctx) }

// given reads what a file holds, or takes what comes with the program where none is named.
func given[T any](path string, shipped func() (T, error), parse func([]byte) (T, error)) (T, error) {
	if path == "" {
		return shipped()
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		var none T
		return none, durable.Fault(path, err)
	}
	return parse(raw)
}

// described is the register as assessments ask it. It reads what is kept, since the register itself asks assessments.
type described struct {
	functions ledger.Store[register.Function]
}

// About implements assessment.Register.
func (d described) About(ctx context.Context, function string) (assessment.About, error) {
	list, err := d.functions.Find(ctx, ledger.Query{ID: function, Limit: 1})
	if err != nil {
		return assessment.About{}, err
	}
	if len(list) == 0 {
		return assessment.About{}, &colophon.Error{Kind: colophon.Missing, Code: register.CodeMissing}
	}
	f := list[0].Value
	a := assessment.About{Facts: f.Facts, Likeness: f.Likeness}
	for _, m := range f.Models {
		a.Models = append(a.Models, assessment.Model{Name: m.Name, Version: m.Version, Digest: m.Digest})
	}
	return a, nil
}

// assessmentPage writes assessments as pages to print.
func assessmentPage() (func(assessment.Entry) ([]byte, error), error) {
	chinese, err := locale.For(locale.Chinese)
	if err != nil {
		return nil, err
	}
	english, err := locale.For(locale.English)
	if err != nil {
		return nil, err
	}
	return document.New(chinese.Say, english.Say).Assessment, nil
}
