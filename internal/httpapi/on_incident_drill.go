package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/staff"
)

func drillRoutes() []route {
	return []route{
		{get, "/v1/drills", "drills", staff.IncidentRead, "drills", 0, 200, do((*server).drillList), "List drills of the playbooks, those entered last first", 0},
		{get, "/v1/drills/standing", "drills-standing", staff.IncidentRead, "drills", 0, 200, do((*server).drillStanding), "When each playbook was exercised last, and when it is due again", 0},
		{post, "/v1/drills", "plan-drill", staff.DrillManage, "drills", small, 201, once((*server).drillPlan), "Put a drill of a playbook on the calendar", 0},
		{get, "/v1/drills/{id}", "drill", staff.IncidentRead, "drills", 0, 200, do((*server).drillOne), "Show a drill, without what people wrote", 0},
		{get, "/v1/drills/{id}/words", "read-drill", staff.DrillManage, "drills", 0, 200, do((*server).drillWords), "Read what was exercised and found; a record says that you did", 0},
		{post, "/v1/drills/{id}:hold", "hold-drill", staff.DrillManage, "drills", small, 200, once((*server).drillHold), "Say that a drill was held, with its result and what is wanting", 0},
		{post, "/v1/drills/{id}:cancel", "cancel-drill", staff.DrillManage, "drills", small, 200, once((*server).drillCancel), "Take a drill off the calendar", 0},
		{post, "/v1/drills/{id}:mend", "mend-drill", staff.DrillManage, "drills", small, 200, once((*server).drillMend), "Say that something that a drill found was mended", 0},
	}
}

// DrillFinding is something that a drill showed to be wanting.
type DrillFinding struct {
	Number int        `json:"number" doc:"From 1."`
	Mended *time.Time `json:"mended,omitempty" doc:"When it was mended."`
	By     string     `json:"by,omitempty" doc:"Who said so."`
}

// Drill is one exercise of a playbook.
type Drill struct {
	ID       string            `json:"id" doc:"Identifier."`
	State    report.DrillState `json:"state" enum:"planned,held,cancelled,missed" doc:"Where it is. Missed: its day is over, and nobody said that it was held."`
	Playbook report.Kind       `json:"playbook" doc:"Kind of incident that it exercises."`
	Day      time.Time         `json:"day" doc:"For when it is planned."`
	Planner  string            `json:"planner" doc:"Who planned it."`
	Held     *time.Time        `json:"held,omitempty" doc:"When it was held."`
	Holder   string            `json:"holder,omitempty" doc:"Who said so."`
	Result   string            `json:"result,omitempty" enum:"passed,failed,could-not-tell" doc:"How it ended."`
	Took     int64             `json:"took_seconds,omitempty" doc:"How long it took until its aim was reached."`
	Order    string            `json:"order,omitempty" doc:"Control order that measured it."`
	Findings []DrillFinding    `json:"findings" nullable:"false" doc:"What is wanting, without what it is."`
	Sealed   string            `json:"sealed" enum:"none,whole,restricted,erased" doc:"Whether what people wrote can be read."`
}

func viewDrill(d report.Drill) Drill {
	v := Drill{d.ID, d.State, d.Playbook, d.Day, d.Planner, set(d.Held), d.Holder, d.Result, int64(d.Took / time.Second), d.Order, []DrillFinding{}, string(d.Kept)}
	for _, f := range d.Findings {
		v.Findings = append(v.Findings, DrillFinding{f.Number, set(f.Mended), f.By})
	}
	return v
}

type drillOutput struct {
	Replayed
	Body Drill
}

func shownDrill(d report.Drill, err error) (*drillOutput, error) {
	if err != nil {
		return nil, err
	}
	return &drillOutput{Body: viewDrill(d)}, nil
}

type drillListInput struct {
	Page
	States   []report.DrillState `query:"state,explode" nullable:"false" maxItems:"4" enum:"planned,held,cancelled,missed" doc:"State; may be repeated."`
	Playbook report.Kind         `query:"playbook" enum:"security,personal-data,outage,content,misuse,vulnerability,control" doc:"Kind of incident that it exercises."`
}

type drillListOutput struct {
	Body struct {
		Drills []Drill `json:"drills" nullable:"false" doc:"Drills."`
		Next   string  `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) drillList(ctx context.Context, in *drillListInput) (*drillListOutput, error) {
	list, next, err := s.Incidents.Drills(ctx, report.DrillQuery{States: in.States, Playbook: in.Playbook, After: in.Cursor, Limit: in.Limit})
	out := &drillListOutput{}
	out.Body.Drills, out.Body.Next = []Drill{}, next
	for _, d := range list {
		out.Body.Drills = append(out.Body.Drills, viewDrill(d))
	}
	return out, err
}

// DrillStanding says how a playbook stands with its drills.
type DrillStanding struct {
	Playbook report.Kind   `json:"playbook" doc:"Kind of incident."`
	Names    IncidentNames `json:"names" doc:"What it is called."`
	Last     *Drill        `json:"last,omitempty" doc:"The one that was held last."`
	Next     *Drill        `json:"next,omitempty" doc:"The one that is planned next."`
	Due      *time.Time    `json:"due,omitempty" doc:"When the next is due, by the provider's own interval; absent where none was ever held, which is now."`
	State    string        `json:"state" enum:"passed,failed,could-not-tell" doc:"passed: exercised within the interval."`
	Wanting  int           `json:"wanting" doc:"Findings that nobody mended."`
}

type drillStandingOutput struct {
	Body struct {
		Playbooks []DrillStanding `json:"playbooks" nullable:"false" doc:"Each playbook."`
	}
}

func (s *server) drillStanding(ctx context.Context, _ *struct{}) (*drillStandingOutput, error) {
	rows, err := s.Incidents.Calendar(ctx)
	out := &drillStandingOutput{}
	one := func(d *report.Drill) *Drill {
		if d == nil {
			return nil
		}
		v := viewDrill(*d)
		return &v
	}
	for _, r := range rows {
		v := DrillStanding{r.Playbook, IncidentNames{}, one(r.Last), one(r.Next), set(r.Due), r.State.String(), r.Wanting}
		for _, b := range s.Incidents.Rules().Playbooks {
			if b.Kind == r.Playbook {
				v.Names = IncidentNames(b.Names)
			}
		}
		out.Body.Playbooks = append(out.Body.Playbooks, v)
	}
	return out, err
}

type drillPlanInput struct {
	Keyed
	Body struct {
		Playbook report.Kind `json:"playbook" enum:"security,personal-data,outage,content,misuse,vulnerability,control" doc:"Kind of incident."`
		Day      time.Time   `json:"day" doc:"For when."`
		Scenario string      `json:"scenario" minLength:"1" maxLength:"16000" doc:"What is exercised, at most 4000 signs. It is sealed."`
	}
}

func (s *server) drillPlan(ctx context.Context, in *drillPlanInput) (*drillOutput, error) {
	return shownDrill(s.Incidents.PlanDrill(ctx, ledgerBy(ctx), in.Body.Playbook, in.Body.Day, in.Body.Scenario))
}

func (s *server) drillOne(ctx context.Context, in *Named) (*drillOutput, error) {
	return shownDrill(s.Incidents.Drill(ctx, in.ID))
}

// DrillWords are what people wrote of a drill.
type DrillWords struct {
	Scenario string   `json:"scenario" doc:"What was to be exercised."`
	Report   string   `json:"report,omitempty" doc:"What came of it."`
	Findings []string `json:"findings" nullable:"false" doc:"What is wanting, by number."`
}

type drillWordsOutput struct{ Body DrillWords }

func (s *server) drillWords(ctx context.Context, in *Named) (*drillWordsOutput, error) {
	_, w, err := s.Incidents.ReadDrill(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return &drillWordsOutput{DrillWords{w.Scenario, w.Report, append([]string{}, w.Findings...)}}, nil
}

type drillHoldInput struct {
	Keyed
	Named
	Body struct {
		Held     time.Time `json:"held" doc:"When it was held."`
		Result   string    `json:"result" enum:"passed,failed,could-not-tell" doc:"How it ended."`
		Took     int64     `json:"took_seconds,omitempty" minimum:"0" maximum:"2592000" doc:"How long it took until its aim was reached; absent where nothing was measured."`
		Order    string    `json:"order,omitempty" maxLength:"64" doc:"Control order of the drill, whose acknowledgements measure it."`
		Report   string    `json:"report" minLength:"1" maxLength:"16000" doc:"What came of it. It is sealed."`
		Findings []string  `json:"findings,omitempty" nullable:"false" maxItems:"50" doc:"What is wanting. It is sealed."`
	}
}

func (s *server) drillHold(ctx context.Context, in *drillHoldInput) (*drillOutput, error) {
	b := in.Body
	result := map[string]colophon.Verdict{"passed": colophon.Passed, "failed": colophon.Failed}[b.Result]
	return shownDrill(s.Incidents.HoldDrill(ctx, ledgerBy(ctx), in.ID, report.Outcome{Held: b.Held, Result: result, Took: time.Duration(b.Took) * time.Second, Order: b.Order, Report: b.Report, Findings: b.Findings}))
}

func (s *server) drillCancel(ctx context.Context, in *incidentWhyInput) (*drillOutput, error) {
	return shownDrill(s.Incidents.CancelDrill(ctx, ledgerBy(ctx), in.ID, in.Body.Why))
}

type drillMendInput struct {
	Keyed
	Named
	Body struct {
		Finding int    `json:"finding" minimum:"1" maximum:"50" doc:"Number of the finding."`
		Why     string `json:"why" minLength:"1" maxLength:"16000" doc:"How it was mended. It is sealed."`
	}
}

func (s *server) drillMend(ctx context.Context, in *drillMendInput) (*drillOutput, error) {
	return shownDrill(s.Incidents.Mend(ctx, ledgerBy(ctx), in.ID, in.Body.Finding, in.Body.Why))
}
