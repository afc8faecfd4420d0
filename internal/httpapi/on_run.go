package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/staff"
)

// RunModel is a model that runs can be made with.
type RunModel struct {
	Name     string `json:"name" doc:"As clients ask for it."`
	Function string `json:"function" doc:"For which runs ask where their plan names none."`
	Serving  string `json:"serving" doc:"SHA-256 of what serves it: its name, its settings, and the places at which it is served."`
}

// RunDesk knows the models that can be assessed, and writes reports.
type RunDesk interface {
	Models() []RunModel
	// Complete fills in what serves the model of a plan, and refuses what can't be asked.
	Complete(p run.Plan) (run.Plan, error)
	// Report writes the report of a run in a language.
	Report(ctx context.Context, id, language string, f media.Format) ([]byte, error)
}

func runRoutes() []route {
	return []route{
		{get, "/v1/run-models", "run-models", staff.RunRead, "runs", 0, 200, do((*server).runModels), "List the models that can be assessed", 0},
		{get, "/v1/runs", "runs", staff.RunRead, "runs", 0, 200, do((*server).runList), "List assessment runs, the newest first", 0},
		{post, "/v1/runs", "plan-run", staff.RunWrite, "runs", small, 201, once((*server).runPlan), "Plan a run of an approved bank against a model", 0},
		{get, "/v1/runs/{id}", "run", staff.RunRead, "runs", 0, 200, do((*server).runOne), "Show a run and how far it is", 0},
		{post, "/v1/runs/{id}:start", "start-run", staff.RunWrite, "runs", 0, 200, once((*server).runStart), "Have a run worked, or gone on with", 0},
		{post, "/v1/runs/{id}:pause", "pause-run", staff.RunWrite, "runs", 0, 200, once((*server).runPause), "Have a run rest", 0},
		{post, "/v1/runs/{id}:cancel", "cancel-run", staff.RunWrite, "runs", small, 200, once((*server).runCancel), "End a run, and what people still had to judge of it", 0},
		{post, "/v1/runs/{id}:sample", "sample-run", staff.RunWrite, "runs", small, 201, once((*server).runSample), "Draw answers by chance for people to judge", 0},
		{post, "/v1/runs/{id}:finish", "finish-run", staff.RunWrite, "runs", 0, 200, once((*server).runFinish), "Keep what a run came to", 0},
		{get, "/v1/runs/{id}/result", "run-result", staff.RunRead, "runs", 0, 200, do((*server).runResult), "What a run has come to by now", 0},
		{get, "/v1/runs/{id}/report", "run-report", staff.RunRead, "runs", 0, 200, do((*server).runReport), "The report of a run, with charts", 0},
	}
}

type runModelsOutput struct {
	Body struct {
		Models []RunModel `json:"models" nullable:"false" doc:"In the order in which they are set."`
	}
}

func (s *server) runModels(context.Context, *struct{}) (*runModelsOutput, error) {
	out := &runModelsOutput{}
	out.Body.Models = append([]RunModel{}, s.RunDesk.Models()...)
	return out, nil
}

// RunPlan is what a run is of.
type RunPlan struct {
	Name       string            `json:"name" minLength:"1" maxLength:"200" doc:"Name." example:"Before the autumn release"`
	Bank       string            `json:"bank" minLength:"1" maxLength:"64" doc:"Identifier of an approved bank."`
	Model      string            `json:"model" minLength:"1" maxLength:"200" doc:"Model, as clients ask for it." example:"colophon-sample-text"`
	Serving    string            `json:"serving,omitempty" maxLength:"200" readOnly:"true" doc:"SHA-256 of what serves it, as it was when the run was planned."`
	Function   string            `json:"function,omitempty" maxLength:"64" doc:"Function for which is asked; that of the model where it is absent."`
	Parameters map[string]string `json:"parameters,omitempty" doc:"temperature, top_p, max_tokens, seed and the like, and system: what is said before each question."`
	Seed       uint32            `json:"seed,omitempty" doc:"By which the order of questions and the samples are drawn."`
	Kinds      []bank.Kind       `json:"kinds,omitempty" nullable:"false" maxItems:"3" enum:"generation,should-refuse,should-not-refuse" doc:"Kinds of question that are asked; absent for all."`
}

// RunProgress says how far a run is.
type RunProgress struct {
	Of       int `json:"of" doc:"Questions."`
	Asked    int `json:"asked" doc:"Those whose answers are kept."`
	Answered int `json:"answered" doc:"Of them, answered by a text."`
	Refused  int `json:"refused" doc:"Of them, refused by the model or by what stands before it."`
	Failed   int `json:"failed" doc:"Of them, without an answer that could be told. They count as passed nowhere."`
}

// TestRun is an assessment run.
type TestRun struct {
	ID        string        `json:"id" doc:"Identifier."`
	State     run.State     `json:"state" enum:"planned,running,judging,done,cancelled" doc:"Running: questions are asked, or some are still to be. Judging: every question has its answer. Done: what it came to is kept."`
	Made      time.Time     `json:"made" doc:"When it was planned."`
	Plan      RunPlan       `json:"plan" doc:"What it is of."`
	Digest    string        `json:"digest" doc:"SHA-256 of the bank."`
	Questions int           `json:"questions" doc:"How many are asked."`
	Kinds     []KindCount   `json:"kinds" nullable:"false" doc:"How many of each kind."`
	Planner   string        `json:"planner" doc:"Staff account."`
	Started   *time.Time    `json:"started,omitempty" doc:"When the first worker had it."`
	Asked     *time.Time    `json:"asked,omitempty" doc:"When the last answer was there."`
	Judged    *time.Time    `json:"judged,omitempty" doc:"When the machine had done what it can."`
	Ended     *time.Time    `json:"ended,omitempty" doc:"When it was finished or cancelled."`
	Wanted    bool          `json:"wanted,omitempty" doc:"A worker has it, or will have it soon."`
	Paused    bool          `json:"paused,omitempty" doc:"A person had it rest."`
	Trouble   colophon.Code `json:"trouble,omitempty" doc:"Why the work stopped. A person starts it again." example:"run-stopped"`
	Said      string        `json:"said,omitempty" doc:"The trouble in words."`
	Drawn     []KindCount   `json:"drawn" nullable:"false" doc:"Answers that people have to judge."`
	Reason    string        `json:"reason,omitempty" doc:"Why it was cancelled."`
	Sum       string        `json:"sum,omitempty" doc:"SHA-256 of the result as canonical JSON, of one that is done."`
	Progress  *RunProgress  `json:"progress,omitempty" doc:"How far it is; of one run alone."`
}

func viewRun(ctx context.Context, r run.Run) TestRun {
	v := TestRun{r.ID, r.State, r.Made, RunPlan{r.Plan.Name, r.Plan.Bank, r.Plan.Model, r.Plan.Serving, r.Plan.Function, r.Plan.Parameters, r.Plan.Seed, r.Plan.Kinds}, r.Digest, r.Questions, viewKinds(r.Kinds), r.Planner,
		set(r.Started), set(r.Asked), set(r.Judged), set(r.Ended), r.Wanted, r.Halted, r.Trouble, "", viewKinds(r.Drawn), r.Reason, r.Sum, nil}
	if r.Trouble != "" {
		v.Said = printer(askerOf(ctx).language).Code(r.Trouble, nil)
	}
	return v
}

func (s *server) progressed(ctx context.Context, r run.Run, err error) (*runOutput, error) {
	if err != nil {
		return nil, err
	}
	v := viewRun(ctx, r)
	p, err := s.Runs.Progress(ctx, r.ID)
	v.Progress = &RunProgress{p.Of, p.Asked, p.Outcomes[run.Answered], p.Outcomes[run.Refused], p.Outcomes[run.Failed]}
	return &runOutput{Body: v}, err
}

type runListOutput struct {
	Body struct {
		Runs []TestRun `json:"runs" nullable:"false" doc:"Runs."`
		Next string    `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) runList(ctx context.Context, in *Page) (*runListOutput, error) {
	list, next, err := s.Runs.Runs(ctx, in.Cursor, in.Limit)
	out := &runListOutput{}
	out.Body.Runs, out.Body.Next = []TestRun{}, next
	for _, r := range list {
		out.Body.Runs = append(out.Body.Runs, viewRun(ctx, r))
	}
	return out, err
}

type runOutput struct {
	Replayed
	Body TestRun
}

type runPlanInput struct {
	Keyed
	Body RunPlan
}

func (s *server) runPlan(ctx context.Context, in *runPlanInput) (*runOutput, error) {
	b := in.Body
	p, err := s.RunDesk.Complete(run.Plan{Name: b.Name, Bank: b.Bank, Model: b.Model, Function: b.Function, Parameters: b.Parameters, Seed: b.Seed, Kinds: b.Kinds})
	if err != nil {
		return nil, err
	}
	r, err := s.Runs.Plan(ctx, ledgerBy(ctx), p)
	return s.progressed(ctx, r, err)
}

func (s *server) runOne(ctx context.Context, in *Named) (*runOutput, error) {
	r, err := s.Runs.Run(ctx, in.ID)
	return s.progressed(ctx, r, err)
}

func (s *server) runStart(ctx context.Context, in *namedAct) (*runOutput, error) {
	r, err := s.Runs.Start(ctx, ledgerBy(ctx), in.ID)
	return s.progressed(ctx, r, err)
}

func (s *server) runPause(ctx context.Context, in *namedAct) (*runOutput, error) {
	r, err := s.Runs.Pause(ctx, ledgerBy(ctx), in.ID)
	return s.progressed(ctx, r, err)
}

func (s *server) runCancel(ctx context.Context, in *reasonInput) (*runOutput, error) {
	r, err := s.Runs.Cancel(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return s.progressed(ctx, r, err)
}

func (s *server) runFinish(ctx context.Context, in *namedAct) (*runOutput, error) {
	r, err := s.Runs.Finish(ctx, ledgerBy(ctx), in.ID)
	return s.progressed(ctx, r, err)
}

type runSampleInput struct {
	Keyed
	Named
	Body struct {
		Kind  bank.Kind `json:"kind" enum:"generation,should-refuse,should-not-refuse" doc:"Kind of question whose answers are drawn."`
		Least int       `json:"least,omitempty" minimum:"0" maximum:"50000" doc:"How many in all; with each, absent for what the yardsticks ask for."`
		Each  int       `json:"each,omitempty" minimum:"0" maximum:"50000" doc:"How many of each risk or aspect."`
	}
}

type runSampleOutput struct {
	Replayed
	Body struct {
		Panel string        `json:"panel" doc:"The sample, as reviewers take it."`
		Items int           `json:"items" doc:"How many were drawn."`
		Of    int           `json:"of" doc:"From how many."`
		Short []ShortSample `json:"short" nullable:"false" doc:"Risks or aspects with fewer answers than were to be drawn."`
	}
}

// ShortSample is a risk or aspect with too few answers.
type ShortSample struct {
	Topic string `json:"topic" doc:"Risk or aspect."`
	Units int    `json:"units" doc:"How many there are."`
}

func (s *server) runSample(ctx context.Context, in *runSampleInput) (*runSampleOutput, error) {
	d, err := s.Runs.Sample(ctx, ledgerBy(ctx), in.ID, in.Body.Kind, sample.Quota{Least: in.Body.Least, Each: in.Body.Each})
	if err != nil {
		return nil, err
	}
	out := &runSampleOutput{}
	out.Body.Panel, out.Body.Items, out.Body.Of, out.Body.Short = run.Sheet(in.ID, in.Body.Kind), len(d.Units), d.Of, []ShortSample{}
	for _, t := range bank.Topics(in.Body.Kind) {
		if n, ok := d.Short[t.ID]; ok {
			out.Body.Short = append(out.Body.Short, ShortSample{t.ID, n})
		}
	}
	return out, nil
}

type runReportInput struct {
	Named
	Format   string `query:"format" enum:"html,docx,pdf" default:"html" doc:"Format."`
	Language string `query:"language" enum:"zh,en" default:"zh" doc:"Language."`
}

func (s *server) runReport(ctx context.Context, in *runReportInput) (*stream, error) {
	format := map[string]media.Format{"html": media.HTML, "docx": media.DOCX, "pdf": media.PDF}[in.Format]
	content, err := s.RunDesk.Report(ctx, in.ID, in.Language, format)
	if err != nil {
		return nil, err
	}
	facts, _ := media.Facts(format)
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", facts.MIME)
		w.Header().Set("Content-Disposition", `attachment; filename="run-`+in.ID+"."+in.Format+`"`)
		w.Write(content) //nolint:errcheck // nobody is left to be told
	}), nil
}
