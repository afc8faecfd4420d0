package httpapi

import (
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon/staff"
)

// Overviews counts what the overview tells. Each part is asked for by itself, so that one which fails leaves the others.
type Overviews interface {
	Waiting(ctx context.Context) ([]OverviewWaiting, error)
	Coverage(ctx context.Context, s Span) (OverviewCoverage, error)
	Screening(ctx context.Context, s Span) (OverviewScreening, error)
	// Gateway leaves Targets to the caller.
	Gateway(ctx context.Context, s Span) (OverviewGateway, error)
	Log(ctx context.Context) (OverviewLog, error)
}

// Span is a period, cut into steps since 1970.
type Span struct {
	From, To time.Time // To is not included
	Step     time.Duration
}

// Starts are the times at which the steps begin.
func (s Span) Starts() (list []time.Time) {
	for at := s.From.Truncate(s.Step); at.Before(s.To); at = at.Add(s.Step) {
		list = append(list, at)
	}
	return list
}

const (
	// maxSteps is how many steps a period may have.
	maxSteps = 1000
	// overviewTime is for how long a part of the overview may be counted.
	overviewTime = 3 * time.Second
	week         = 7 * 24 * time.Hour
)

func overviewRoutes() []route {
	return []route{
		{get, "/v1/overview", "overview", staff.OverviewRead, "overview", 0, 200, do((*server).overview), "What needs a person now, and how marking, screening, models and log do; as far as the asker may know it", 0},
	}
}

// overviewKinds says who may know how much of a kind waits.
func overviewKinds() map[string]staff.Action {
	return map[string]staff.Action{
		"held": staff.HeldRead, "report-duties": staff.ReportRead, "features": staff.FeatureRead, "policies": staff.PolicyRead,
		"imports": staff.AccountRead, "verifications": staff.AccountRead, "measures": staff.MeasureRead, "standing-tables": staff.MeasureRead,
		"agreements": staff.AgreementRead, "assessments": staff.AssessmentRead, "orders": staff.OrderRead, "orders-in-force": staff.OrderRead,
		"cases": staff.DeskRead, "functions": staff.RegisterRead, "disputes": staff.ConsentRead, "filing-duties": staff.AssessmentRead,
		"dead-jobs": staff.JobRead, "records-unlogged": staff.OverviewRead,
	}
}

// OverviewWaiting is how much of a kind waits for a person.
type OverviewWaiting struct {
	Kind  string     `json:"kind" enum:"held,report-duties,features,policies,imports,verifications,measures,standing-tables,agreements,assessments,orders,orders-in-force,functions,disputes,filing-duties,cases,dead-jobs,records-unlogged" doc:"What waits: held items; duties to report; proposals of features and policies; proposed imports and verifications that somebody has to look at; proposed measures and standing tables; drafts of agreements; assessments to approve; orders whose end is to be confirmed; orders that bind; functions that are ready to go live; disputes of consents; faces to be filed; cases of the desk that somebody has to decide; jobs that failed too often; records that the log does not have yet."`
	Count int64      `json:"count" doc:"How many; counted up to 10,000."`
	Late  int64      `json:"late,omitempty" doc:"Of them, those whose time is over."`
	Since *time.Time `json:"since,omitempty" doc:"Since when the oldest waits."`
}

// OverviewMade is how much was made, and what became of it.
type OverviewMade struct {
	Made    int64 `json:"made" doc:"Items that were made, without those that were erased since."`
	Marked  int64 `json:"marked" doc:"Of them, those whose marks were read back."`
	Waiting int64 `json:"waiting" doc:"Of them, those that are not marked yet and were not handed out: a job or a person has them."`
	Failed  int64 `json:"failed" doc:"Of them, those that could not be marked and were never handed out."`
}

// OverviewMadeAt is how much was made in one step.
type OverviewMadeAt struct {
	At time.Time `json:"at" doc:"When the step begins."`
	OverviewMade
}

// OverviewMadeBy is how much was made by a function or in a format.
type OverviewMadeBy struct {
	Name    string `json:"name" doc:"Function of the register or class of content, or name of the format."`
	Service string `json:"service,omitempty" doc:"Of a function that is registered: its service."`
	OverviewMade
}

// OverviewCoverage says how much of what was made is marked.
type OverviewCoverage struct {
	Total     OverviewMade     `json:"total" doc:"In the whole period."`
	Steps     []OverviewMadeAt `json:"steps" nullable:"false" doc:"Every step of the period."`
	Functions []OverviewMadeBy `json:"functions" nullable:"false" doc:"By function, the one that made most first."`
	Formats   []OverviewMadeBy `json:"formats" nullable:"false" doc:"By format, the most frequent first."`
	Kept      *time.Time       `json:"kept,omitempty" doc:"Days before yesterday are told as they were counted at this time; absent where all was counted now."`
}

// OverviewJudged is how judgements came out.
type OverviewJudged struct {
	Allowed  int64 `json:"allowed" doc:"Let through."`
	Labelled int64 `json:"labelled" doc:"Let through with a label."`
	Limited  int64 `json:"limited" doc:"Let through, and spread no further."`
	Held     int64 `json:"held" doc:"Held for a person."`
	Refused  int64 `json:"refused" doc:"Refused."`
	Untold   int64 `json:"untold" doc:"Of all these, those where something could not be checked."`
}

// OverviewJudgedAt is how judgements of one step came out.
type OverviewJudgedAt struct {
	At time.Time `json:"at" doc:"When the step begins."`
	OverviewJudged
}

// OverviewJudgedOn is how judgements of one surface came out.
type OverviewJudgedOn struct {
	Surface string `json:"surface" enum:"input,output,upload" doc:"Where the content stood."`
	OverviewJudged
}

// OverviewFound is in how many judgements a category was found.
type OverviewFound struct {
	Category string `json:"category" doc:"Category of the taxonomy."`
	Count    int64  `json:"count" doc:"Judgements."`
}

// OverviewScreening says how judgements came out.
type OverviewScreening struct {
	Total      OverviewJudged     `json:"total" doc:"In the whole period."`
	Steps      []OverviewJudgedAt `json:"steps" nullable:"false" doc:"Every step of the period."`
	Surfaces   []OverviewJudgedOn `json:"surfaces" nullable:"false" doc:"By where the content stood."`
	Categories []OverviewFound    `json:"categories" nullable:"false" doc:"What was found, the most frequent first."`
	Kept       *time.Time         `json:"kept,omitempty" doc:"Days before yesterday are told as they were counted at this time; absent where all was counted now."`
}

// OverviewUsed is what was asked of a model on a day.
type OverviewUsed struct {
	Day      string `json:"day" format:"date" doc:"The day, in UTC."`
	Model    string `json:"model" doc:"The model."`
	Requests int64  `json:"requests" doc:"Calls, with those that were blocked."`
	Blocked  int64  `json:"blocked" doc:"Calls that screening refused or held."`
	Input    int64  `json:"input" doc:"Units that the model counted of what went in."`
	Output   int64  `json:"output" doc:"Units that the model counted of what came out."`
}

// OverviewPulse is how calls of models did that ended in one minute, or in the last hour.
type OverviewPulse struct {
	At       time.Time `json:"at" doc:"When it begins."`
	Calls    int64     `json:"calls" doc:"Calls that ended."`
	Filtered int64     `json:"filtered" doc:"Of them, those that screening refused or held."`
	Failed   int64     `json:"failed" doc:"Of them, those that broke through no fault of whoever asked."`
	P50      *float64  `json:"p50_milliseconds,omitempty" doc:"Half of the answers began within this time; absent where none began."`
	P99      *float64  `json:"p99_milliseconds,omitempty" doc:"99 of 100 answers began within this time; absent where none began."`
}

// OverviewGateway says how models do.
type OverviewGateway struct {
	Days    []OverviewUsed  `json:"days" nullable:"false" doc:"What was asked of each model on each day of the period."`
	Hour    OverviewPulse   `json:"hour" doc:"The last hour, on the node that answers."`
	Minutes []OverviewPulse `json:"minutes" nullable:"false" doc:"Its minutes."`
	Targets []TargetHealth  `json:"targets" nullable:"false" doc:"All places at which models are served, by model."`
}

// OverviewLog says how the evidence log stands.
type OverviewLog struct {
	Size    uint64     `json:"size" doc:"Leaves under the last checkpoint."`
	Records int64      `json:"records" doc:"All records."`
	Waiting int64      `json:"waiting" doc:"Records that the log does not have yet."`
	Since   *time.Time `json:"since,omitempty" doc:"Since when the oldest of them waits."`
	Covered *time.Time `json:"covered,omitempty" doc:"When the last record was made that the checkpoint covers."`
}

// Overview is what people are told at a glance. A part that the asker may not know is absent.
type Overview struct {
	At        time.Time          `json:"at" doc:"When it was counted."`
	From      time.Time          `json:"from" doc:"Beginning of the period."`
	To        time.Time          `json:"to" doc:"End of the period; not included."`
	Waiting   []OverviewWaiting  `json:"waiting,omitempty" doc:"What waits for a person, of all kinds that the asker may know, also where nothing waits."`
	Coverage  *OverviewCoverage  `json:"coverage,omitempty" doc:"How much of what was made is marked."`
	Screening *OverviewScreening `json:"screening,omitempty" doc:"How judgements came out."`
	Gateway   *OverviewGateway   `json:"gateway,omitempty" doc:"How models do."`
	Log       *OverviewLog       `json:"log,omitempty" doc:"How the evidence log stands."`
	Untold    []string           `json:"untold" nullable:"false" doc:"Parts that could not be told."`
}

type overviewInput struct {
	From  time.Time `query:"from" doc:"Beginning of the period; by itself seven days before its end." example:"2026-11-16T00:00:00Z"`
	To    time.Time `query:"to" doc:"End of the period, not included; by itself now." example:"2026-11-23T00:00:00Z"`
	Step  string    `query:"step" enum:"hour,day" default:"hour" doc:"Into what the period is cut, in UTC: at most 1,000 of them."`
	Parts []string  `query:"part,explode" nullable:"false" maxItems:"5" enum:"waiting,coverage,screening,gateway,log" doc:"Which parts; may be repeated; by itself all."`
}

type overviewOutput struct{ Body Overview }

func (in *overviewInput) span(now time.Time) (Span, error) {
	s := Span{From: in.From, To: in.To, Step: map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour}[in.Step]}
	if s.To.IsZero() {
		s.To = now
	}
	if s.From.IsZero() {
		s.From = s.To.Add(-week)
	}
	switch {
	case !s.From.Before(s.To):
		return s, invalid("query.to", "expected a time after from")
	case s.From.Before(time.Unix(0, 0)), s.To.Sub(s.From)/s.Step >= maxSteps:
		return s, invalid("query.from", "expected at most 1000 steps")
	}
	return s, nil
}

// overview tells what the asker may know. A part that can't be counted is named, and never told as nothing.
func (s *server) overview(ctx context.Context, in *overviewInput) (*overviewOutput, error) {
	now := time.Now().UTC()
	span, err := in.span(now)
	if err != nil {
		return nil, err
	}
	out := &overviewOutput{Overview{At: now, From: span.From.UTC(), To: span.To.UTC(), Untold: []string{}}}
	part := func(name string, need staff.Action, count func(context.Context) error) {
		if len(in.Parts) > 0 && !slices.Contains(in.Parts, name) || askerOf(ctx).mayOfAll(need) != nil {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, overviewTime)
		defer cancel()
		if err := count(ctx); err != nil {
			out.Body.Untold = append(out.Body.Untold, name)
			s.Logger.ErrorContext(ctx, "overview", "part", name, "error", err)
		}
	}
	part("waiting", staff.OverviewRead, func(ctx context.Context) error {
		list, err := s.Overviews.Waiting(ctx)
		if err != nil {
			return err
		}
		kinds := overviewKinds()
		for _, w := range list {
			if need, ok := kinds[w.Kind]; ok && askerOf(ctx).mayOfAll(need) == nil {
				out.Body.Waiting = append(out.Body.Waiting, w)
			}
		}
		return nil
	})
	part("coverage", staff.ArtefactRead, func(ctx context.Context) error { return told(&out.Body.Coverage, s.Overviews.Coverage, ctx, span) })
	part("screening", staff.ScreenRead, func(ctx context.Context) error { return told(&out.Body.Screening, s.Overviews.Screening, ctx, span) })
	part("gateway", staff.GatewayRead, func(ctx context.Context) error {
		if err := told(&out.Body.Gateway, s.Overviews.Gateway, ctx, span); err != nil {
			return err
		}
		out.Body.Gateway.Targets = s.targetHealth()
		return nil
	})
	part("log", staff.OverviewRead, func(ctx context.Context) error {
		l, err := s.Overviews.Log(ctx)
		if err == nil {
			out.Body.Log = &l
		}
		return err
	})
	return out, nil
}

// told puts a part where it belongs, unless it could not be counted.
func told[T any](to **T, count func(context.Context, Span) (T, error), ctx context.Context, s Span) error {
	v, err := count(ctx, s)
	if err == nil {
		*to = &v
	}
	return err
}
