package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/incident/correction"
	"github.com/colophon-project/colophon/staff"
)

func correctionRoutes() []route {
	return []route{
		{get, "/v1/corrections", "corrections", staff.IncidentRead, "corrections", 0, 200, do((*server).correctionList), "List cases of illegal output that is being dealt with, the newest first", 0},
		{post, "/v1/corrections", "open-correction", staff.IncidentOpen, "corrections", small, 201, once((*server).correctionOpen), "Open a case after illegal output; of one origin there is one at a time", 0},
		{get, "/v1/corrections/{id}", "correction", staff.IncidentRead, "corrections", 0, 200, do((*server).correctionOne), "Show a case with its steps", 0},
		{get, "/v1/corrections/{id}/words", "read-correction", staff.IncidentHandle, "corrections", 0, 200, do((*server).correctionWords), "Read what people wrote of a case; a record says that you did", 0},
		{post, "/v1/corrections/{id}:take", "take-correction", staff.IncidentHandle, "corrections", small, 200, once((*server).correctionTake), "Say that a step was taken and what shows it, or that there is nothing to do", 0},
		{post, "/v1/corrections/{id}:retract", "retract-correction", staff.IncidentHandle, "corrections", small, 200, once((*server).correctionRetract), "Say that a step was not taken after all", 0},
		{post, "/v1/corrections/{id}:close", "close-correction", staff.IncidentDecide, "corrections", small, 200, once((*server).correctionClose), "Close a case of which no step is open", 0},
		{post, "/v1/corrections/{id}:dismiss", "dismiss-correction", staff.IncidentDecide, "corrections", small, 200, once((*server).correctionDismiss), "Say that the output was not illegal, or none of ours", 0},
		{post, "/v1/corrections/{id}:reopen", "reopen-correction", staff.IncidentDecide, "corrections", small, 200, once((*server).correctionReopen), "Say that a case goes on", 0},
	}
}

// CorrectionStep is how one step of a case stands.
type CorrectionStep struct {
	Step     correction.Step `json:"step" enum:"stop,delete,correct,report" doc:"stop generating and sending, delete, correct the model, report to the authority."`
	State    string          `json:"state" enum:"open,done,skipped" doc:"How it stands. Skipped: there is nothing to do."`
	Due      time.Time       `json:"due" doc:"By when, by the provider's own limit: the law has no figure."`
	At       *time.Time      `json:"at,omitempty" doc:"When it was done."`
	Entered  *time.Time      `json:"entered,omitempty" doc:"When that was entered."`
	By       string          `json:"by,omitempty" doc:"Staff account."`
	How      correction.How  `json:"how,omitempty" enum:"training,filter,prompt,supplier,retiring" doc:"By what the model was corrected."`
	Evidence []IncidentRef   `json:"evidence" nullable:"false" doc:"What shows it."`
	Needed   bool            `json:"needed,omitempty" doc:"It can't be left out."`
}

// Correction is one case after illegal output, without what people wrote.
type Correction struct {
	ID       string           `json:"id" doc:"Identifier."`
	State    correction.State `json:"state" enum:"open,closed,dismissed" doc:"Where it is."`
	Origin   string           `json:"origin,omitempty" doc:"What found the output." example:"held/019aab3c-5d1e-7c00-8000-3f6c9f6a1b2d"`
	About    []IncidentRef    `json:"about" nullable:"false" doc:"What it is about."`
	Function string           `json:"function,omitempty" doc:"Function that made it."`
	Model    string           `json:"model,omitempty" doc:"Model that made it."`
	Made     time.Time        `json:"made" doc:"When it was entered."`
	Found    time.Time        `json:"found" doc:"When the output was found."`
	Steps    []CorrectionStep `json:"steps" nullable:"false" doc:"The four steps."`
	Left     int              `json:"left" doc:"Steps that are open."`
	Due      *time.Time       `json:"due,omitempty" doc:"The earliest end of an open step."`
	Breaches []IncidentBreach `json:"breaches" nullable:"false" doc:"Limits that ran out."`
	Opener   string           `json:"opener,omitempty" doc:"Who opened it; absent for the system."`
	Closed   *time.Time       `json:"closed,omitempty" doc:"When it was closed."`
	Closer   string           `json:"closer,omitempty" doc:"Who closed it."`
	Sealed   string           `json:"sealed" enum:"none,whole,restricted,erased" doc:"Whether what people wrote can be read."`
}

func (s *server) viewCorrection(c correction.Case) Correction {
	v := Correction{ID: c.ID, State: c.State, Origin: c.Origin, About: evidenceOut(c.About), Function: c.Function, Model: c.Model, Made: c.Made, Found: c.Found, Steps: []CorrectionStep{}, Left: len(c.Left()), Breaches: []IncidentBreach{},
		Opener: c.Opener, Closed: set(c.Closed), Closer: c.Closer, Sealed: string(c.Kept)}
	for _, t := range c.Taken {
		step := CorrectionStep{Step: t.Step, State: "open", Due: s.Corrections.Due(c, t.Step), At: set(t.At), Entered: set(t.Entered), By: t.By, How: t.How, Evidence: evidenceOut(t.Evidence), Needed: t.Step.Needed()}
		switch {
		case t.Done:
			step.State = "done"
		case t.Skipped:
			step.State = "skipped"
		case c.State == correction.Open && (v.Due == nil || step.Due.Before(*v.Due)):
			v.Due = set(step.Due)
		}
		v.Steps = append(v.Steps, step)
	}
	for _, b := range c.Breaches {
		v.Breaches = append(v.Breaches, IncidentBreach{string(b.Step), b.Due, b.Seen})
	}
	return v
}

func evidenceOut(list []correction.Evidence) []IncidentRef {
	out := []IncidentRef{}
	for _, e := range list {
		out = append(out, IncidentRef(e))
	}
	return out
}

func evidenceIn(list []IncidentRef) []correction.Evidence {
	var out []correction.Evidence
	for _, e := range list {
		out = append(out, correction.Evidence(e))
	}
	return out
}

type correctionOutput struct {
	Replayed
	Body Correction
}

func (s *server) shownCorrection(c correction.Case, err error) (*correctionOutput, error) {
	if err != nil {
		return nil, err
	}
	return &correctionOutput{Body: s.viewCorrection(c)}, nil
}

type correctionListInput struct {
	Page
	States   []correction.State `query:"state,explode" nullable:"false" maxItems:"3" enum:"open,closed,dismissed" doc:"State; may be repeated."`
	Function string             `query:"function" maxLength:"200" doc:"Function that made the output."`
	About    string             `query:"about" maxLength:"257" doc:"What it is about: kind and identifier with a space between them."`
}

type correctionListOutput struct {
	Body struct {
		Corrections []Correction `json:"corrections" nullable:"false" doc:"Cases."`
		Next        string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) correctionList(ctx context.Context, in *correctionListInput) (*correctionListOutput, error) {
	list, next, err := s.Corrections.Cases(ctx, correction.Query{States: in.States, Function: in.Function, About: correction.Evidence(refOf(in.About)), After: in.Cursor, Limit: in.Limit})
	out := &correctionListOutput{}
	out.Body.Corrections, out.Body.Next = []Correction{}, next
	for _, c := range list {
		out.Body.Corrections = append(out.Body.Corrections, s.viewCorrection(c))
	}
	return out, err
}

type correctionOpenInput struct {
	Keyed
	Body struct {
		Title    string        `json:"title" minLength:"1" maxLength:"800" doc:"What was made, at most 200 signs and without the output itself. It is sealed."`
		Summary  string        `json:"summary,omitempty" maxLength:"16000" doc:"How it came about. It is sealed."`
		Origin   string        `json:"origin,omitempty" maxLength:"128" doc:"What found it: kind and identifier, such as held/ID, case/ID, incident/ID." example:"held/019aab3c-5d1e-7c00-8000-3f6c9f6a1b2d"`
		About    []IncidentRef `json:"about,omitempty" nullable:"false" maxItems:"50" doc:"Content numbers, judgements and the like."`
		Function string        `json:"function,omitempty" maxLength:"200" doc:"Function that made it."`
		Model    string        `json:"model,omitempty" maxLength:"200" doc:"Model that made it."`
		Found    time.Time     `json:"found,omitempty" doc:"When it was found; now when absent."`
	}
}

func (s *server) correctionOpen(ctx context.Context, in *correctionOpenInput) (*correctionOutput, error) {
	b := in.Body
	return s.shownCorrection(s.Corrections.Open(ctx, ledgerBy(ctx), correction.Draft{Words: correction.Words{Title: b.Title, Summary: b.Summary}, Origin: b.Origin, About: evidenceIn(b.About), Function: b.Function, Model: b.Model, Found: b.Found}))
}

func (s *server) correctionOne(ctx context.Context, in *Named) (*correctionOutput, error) {
	return s.shownCorrection(s.Corrections.Case(ctx, in.ID))
}

// CorrectionWords are what people wrote of a case.
type CorrectionWords struct {
	Title   string                     `json:"title" doc:"What was made."`
	Summary string                     `json:"summary,omitempty" doc:"How it came about."`
	Notes   map[correction.Step]string `json:"notes" doc:"What was said of each step."`
}

type correctionWordsOutput struct{ Body CorrectionWords }

func (s *server) correctionWords(ctx context.Context, in *Named) (*correctionWordsOutput, error) {
	_, w, err := s.Corrections.Read(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	if w.Notes == nil {
		w.Notes = map[correction.Step]string{}
	}
	return &correctionWordsOutput{CorrectionWords(w)}, nil
}

type correctionTakeInput struct {
	Keyed
	Named
	Body struct {
		Step     correction.Step `json:"step" enum:"stop,delete,correct,report" doc:"The step."`
		Skip     bool            `json:"skip,omitempty" doc:"There is nothing to do, for the reason in note. Correcting the model and reporting can't be left out."`
		At       time.Time       `json:"at" doc:"When it was done."`
		How      correction.How  `json:"how,omitempty" enum:"training,filter,prompt,supplier,retiring" doc:"By what the model was corrected; of that step alone."`
		Evidence []IncidentRef   `json:"evidence,omitempty" nullable:"false" maxItems:"20" doc:"What shows it."`
		Note     string          `json:"note,omitempty" maxLength:"16000" doc:"What was done, or why there is nothing to do. It is sealed."`
	}
}

func (s *server) correctionTake(ctx context.Context, in *correctionTakeInput) (*correctionOutput, error) {
	b := in.Body
	return s.shownCorrection(s.Corrections.Take(ctx, ledgerBy(ctx), in.ID, b.Step, correction.Told{Skip: b.Skip, At: b.At, How: b.How, Evidence: evidenceIn(b.Evidence), Note: b.Note}))
}

type correctionRetractInput struct {
	Keyed
	Named
	Body struct {
		Step correction.Step `json:"step" enum:"stop,delete,correct,report" doc:"The step."`
		Why  string          `json:"why" minLength:"1" maxLength:"16000" doc:"Why. It is sealed."`
	}
}

func (s *server) correctionRetract(ctx context.Context, in *correctionRetractInput) (*correctionOutput, error) {
	return s.shownCorrection(s.Corrections.Retract(ctx, ledgerBy(ctx), in.ID, in.Body.Step, in.Body.Why))
}

func (s *server) correctionClose(ctx context.Context, in *incidentWhyInput) (*correctionOutput, error) {
	return s.shownCorrection(s.Corrections.Close(ctx, ledgerBy(ctx), in.ID, in.Body.Why))
}

func (s *server) correctionDismiss(ctx context.Context, in *incidentWhyInput) (*correctionOutput, error) {
	return s.shownCorrection(s.Corrections.Dismiss(ctx, ledgerBy(ctx), in.ID, in.Body.Why))
}

func (s *server) correctionReopen(ctx context.Context, in *incidentWhyInput) (*correctionOutput, error) {
	return s.shownCorrection(s.Corrections.Reopen(ctx, ledgerBy(ctx), in.ID, in.Body.Why))
}
