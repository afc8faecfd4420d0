package httpapi

import (
	"context"
	"strings"
	"time"

	"github.com/colophon-project/colophon/incident/report"
)

// IncidentNames are a name in both languages.
type IncidentNames struct {
	ZH string `json:"zh" doc:"In Chinese."`
	EN string `json:"en" doc:"In English."`
}

// IncidentRef names something that an incident is about.
type IncidentRef struct {
	Kind string `json:"kind" minLength:"1" maxLength:"128" doc:"Such as order, account, function, content, case, probe." example:"function"`
	ID   string `json:"id" minLength:"1" maxLength:"128" doc:"Identifier; of an account its pseudonym." example:"chat"`
}

func refsIn(list []IncidentRef) []report.Ref {
	var out []report.Ref
	for _, r := range list {
		out = append(out, report.Ref(r))
	}
	return out
}

func refsOut(list []report.Ref) []IncidentRef {
	out := []IncidentRef{}
	for _, r := range list {
		out = append(out, IncidentRef(r))
	}
	return out
}

// refOf reads kind and identifier with a space between them.
func refOf(s string) report.Ref {
	kind, id, _ := strings.Cut(s, " ")
	return report.Ref{Kind: kind, ID: id}
}

// IncidentFact is what is known of a figure.
type IncidentFact struct {
	Least int64  `json:"least,omitempty" minimum:"0" doc:"It is this or more."`
	Most  *int64 `json:"most,omitempty" minimum:"0" doc:"It is this or less; absent while no bound is known."`
}

func factsIn(facts map[string]IncidentFact) map[string]report.Fact {
	out := map[string]report.Fact{}
	for name, f := range facts {
		out[name] = report.Fact(f)
	}
	return out
}

func factsOut(facts map[string]report.Fact) map[string]IncidentFact {
	out := map[string]IncidentFact{}
	for name, f := range facts {
		out[name] = IncidentFact(f)
	}
	return out
}

// IncidentGrading is what the guide says of an incident.
type IncidentGrading struct {
	State report.GradeState `json:"state" enum:"could-not-tell,graded,not-graded" doc:"Whether there is a grade. Not graded: the guide grades no incident of these kinds."`
	Least report.Grade      `json:"least,omitempty" enum:"ordinary,serious,grave,especially-grave" doc:"The least grade that is certain."`
	Most  report.Grade      `json:"most,omitempty" enum:"ordinary,serious,grave,especially-grave" doc:"The highest that it may be."`
	Met   []string          `json:"met" nullable:"false" doc:"Rows of the guide that are reached."`
	Open  []string          `json:"open" nullable:"false" doc:"Rows above it of which it is not known."`
	Rests report.Confidence `json:"rests,omitempty" enum:"primary,secondary,draft,unconfirmed,own" doc:"The weakest source that the answer rests on."`
}

// IncidentClock is one limit of an incident as it stands now.
type IncidentClock struct {
	ID         string            `json:"id" doc:"Identifier; of a report that of its form." example:"first-report"`
	Names      IncidentNames     `json:"names" doc:"What it is called; empty for grade, by when the grade has to be certain."`
	To         IncidentNames     `json:"to" doc:"Who is to be told."`
	Basis      IncidentNames     `json:"basis" doc:"By which text."`
	Source     string            `json:"source" doc:"Where the figure was read."`
	Confidence report.Confidence `json:"confidence" enum:"primary,secondary,draft,unconfirmed,own" doc:"How far that source can be trusted."`
	Own        bool              `json:"own,omitempty" doc:"No law gives the figure: it is the provider's own."`
	Applies    string            `json:"applies" enum:"passed,failed,could-not-tell" doc:"Whether it runs for this incident. While it could not be told, it runs as if it did."`
	From       *time.Time        `json:"from,omitempty" doc:"When it began; absent while it waits."`
	Due        *time.Time        `json:"due,omitempty" doc:"When it ends."`
	Done       *time.Time        `json:"done,omitempty" doc:"When what it asks for was done."`
	State      report.ClockState `json:"state" enum:"not-applicable,waiting,running,met,late,over" doc:"How it stands."`
}

// IncidentStep is one step of a playbook.
type IncidentStep struct {
	ID    string           `json:"id" doc:"Kind and step." example:"security/contain"`
	State report.StepState `json:"state" enum:"open,done,skipped" doc:"How it stands."`
	By    string           `json:"by,omitempty" doc:"Staff account."`
	At    *time.Time       `json:"at,omitempty" doc:"When it was ticked."`
	Kind  report.Kind      `json:"kind,omitempty" doc:"Kind of incident whose playbook has it."`
	Who   string           `json:"who,omitempty" doc:"Role that does it."`
	Names IncidentNames    `json:"names" doc:"What is to be done; empty where the playbook has the step no more."`
	Basis IncidentNames    `json:"basis" doc:"By which text."`
}

// IncidentProposal waits for a second person.
type IncidentProposal struct {
	By      string                  `json:"by" doc:"Staff account."`
	At      time.Time               `json:"at" doc:"When."`
	Outcome report.IncidentState    `json:"outcome,omitempty" enum:"closed,dismissed" doc:"Of a proposal to close it."`
	Facts   map[string]IncidentFact `json:"facts,omitempty" doc:"Of a correction."`
}

func viewProposal(p *report.Proposal) *IncidentProposal {
	if p == nil {
		return nil
	}
	return &IncidentProposal{p.By, p.At, p.Outcome, factsOut(p.Facts)}
}

// IncidentBreach is a limit that ran out.
type IncidentBreach struct {
	Clock string    `json:"clock" doc:"The clock."`
	Due   time.Time `json:"due" doc:"Its end, as it was then."`
	Seen  time.Time `json:"seen" doc:"When that was written down."`
}

// Incident is one incident, without what people wrote of it.
type Incident struct {
	ID         string                  `json:"id" doc:"Identifier."`
	State      report.IncidentState    `json:"state" enum:"open,closing,closed,settled,dismissed" doc:"Where it is. Closing: somebody wants to close it. Settled: closed, and nothing more is due."`
	Kinds      []report.Kind           `json:"kinds" nullable:"false" doc:"What sort it is."`
	Origin     string                  `json:"origin,omitempty" doc:"What opened it."`
	About      []IncidentRef           `json:"about" nullable:"false" doc:"What it is about."`
	Operator   report.Operator         `json:"operator" enum:"critical,state,other" doc:"What the provider is, for the limits."`
	Size       report.Size             `json:"size,omitempty" enum:"ordinary,large,very-large" doc:"What kind of platform the provider is; absent while nobody said."`
	Made       time.Time               `json:"made" doc:"When it was entered."`
	Knew       time.Time               `json:"knew" doc:"When it was found, or told."`
	Began      *time.Time              `json:"began,omitempty" doc:"When it began, as far as known."`
	Graded     *time.Time              `json:"graded,omitempty" doc:"Since when it is certain whether it has to be reported."`
	Filed      *time.Time              `json:"filed,omitempty" doc:"When the first report was filed."`
	Closed     *time.Time              `json:"closed,omitempty" doc:"When its handling ended."`
	Facts      map[string]IncidentFact `json:"facts" doc:"What is known of the figures."`
	Grading    IncidentGrading         `json:"grading" doc:"What the guide says."`
	Rules      string                  `json:"rules" doc:"Version of the guide."`
	Correction *IncidentProposal       `json:"correction,omitempty" doc:"A fact that would lower the grade or end a clock; it waits for a second person."`
	Closing    *IncidentProposal       `json:"closing,omitempty" doc:"Somebody wants to close it."`
	Steps      int                     `json:"steps_open" doc:"Steps of the playbooks that nobody did."`
	Breaches   []IncidentBreach        `json:"breaches" nullable:"false" doc:"Limits that ran out."`
	Clocks     []IncidentClock         `json:"clocks" nullable:"false" doc:"Its limits, as they stand now."`
	Due        *time.Time              `json:"due,omitempty" doc:"The next end of a clock that runs, or the earliest that is over."`
	Opener     string                  `json:"opener,omitempty" doc:"Who opened it; absent for the system."`
	Confirmer  string                  `json:"confirmer,omitempty" doc:"Who closed it."`
	Sealed     string                  `json:"sealed" enum:"none,whole,restricted,erased" doc:"Whether what people wrote can be read."`
}

func (s *server) viewIncident(ctx context.Context, v report.Incident) (Incident, error) {
	g := v.Grading
	out := Incident{ID: v.ID, State: v.State, Kinds: v.Kinds, Origin: v.Origin, About: refsOut(v.About), Operator: v.Operator, Size: v.Size, Made: v.Made, Knew: v.Knew, Began: set(v.Began), Graded: set(v.Graded), Closed: set(v.Closed),
		Facts: factsOut(v.Facts), Grading: IncidentGrading{g.State, g.Least, g.Most, append([]string{}, g.Met...), append([]string{}, g.Open...), g.Rests}, Rules: v.Rules, Correction: viewProposal(v.Correction), Closing: viewProposal(v.Closing),
		Steps: v.OpenSteps(), Breaches: []IncidentBreach{}, Clocks: []IncidentClock{}, Opener: v.Opener, Confirmer: v.Confirmer, Sealed: string(v.Kept)}
	for _, b := range v.Breaches {
		out.Breaches = append(out.Breaches, IncidentBreach(b))
	}
	clocks, err := s.Incidents.Clocks(ctx, v)
	for _, c := range clocks {
		out.Clocks = append(out.Clocks, viewIncidentClock(c))
		if c.ID == report.FirstReport {
			out.Filed = set(c.Done)
		}
		if (c.State == report.Running || c.State == report.Over) && (out.Due == nil || c.Due.Before(*out.Due)) {
			out.Due = set(c.Due)
		}
	}
	return out, err
}

func viewIncidentClock(c report.Clock) IncidentClock {
	names := IncidentNames(c.Row.Names)
	if c.ID == report.GradeClock {
		names = IncidentNames{} // it is the provider's own, and no row of the timetable
	}
	return IncidentClock{c.ID, names, IncidentNames(c.Row.To), IncidentNames(c.Row.Basis), c.Row.Source, c.Row.Level, c.Own, c.Applies.String(), set(c.From), set(c.Due), set(c.Done), c.State}
}

// IncidentReason is one row of the guide and what the facts say of it.
type IncidentReason struct {
	Row        string            `json:"row" doc:"Identifier of the row."`
	Grade      report.Grade      `json:"grade" enum:"ordinary,serious,grave,especially-grave" doc:"Grade that it gives."`
	Fact       string            `json:"fact" doc:"Fact that it speaks of."`
	At         int64             `json:"at" doc:"Threshold."`
	Unit       string            `json:"unit" doc:"Unit of the threshold." example:"persons"`
	Inclusive  bool              `json:"inclusive,omitempty" doc:"The figure itself reaches it."`
	If         string            `json:"if,omitempty" doc:"For whom alone it counts: critical, large, very-large."`
	Source     string            `json:"source" doc:"Where the figure was read."`
	Confidence report.Confidence `json:"confidence" enum:"primary,secondary,draft,unconfirmed,own" doc:"How far that source can be trusted."`
	Known      IncidentFact      `json:"known" doc:"What is known of the fact."`
	Verdict    string            `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Whether the threshold is reached."`
	Counts     string            `json:"counts" enum:"passed,failed,could-not-tell" doc:"Whether the row counts for this provider."`
	Reached    string            `json:"reached" enum:"passed,failed,could-not-tell" doc:"What both come to."`
}

// IncidentLine is an entry of a timeline, without what people wrote.
type IncidentLine struct {
	ID     string    `json:"id" doc:"Identifier."`
	Source string    `json:"source" doc:"Who tells it: staff, or what it happened to." example:"order"`
	Of     string    `json:"of,omitempty" doc:"Identifier of what it happened to."`
	What   string    `json:"what,omitempty" doc:"Type of the record that tells it." example:"order.issued"`
	At     time.Time `json:"at" doc:"When it happened."`
	Noted  time.Time `json:"noted" doc:"When it was entered."`
	By     string    `json:"by,omitempty" doc:"Staff account, of what a person entered."`
	Record string    `json:"record,omitempty" doc:"Record that proves it."`
}

func viewLine(l report.Line) IncidentLine {
	what, _, _ := strings.Cut(l.What, "/") // the identifier of the record follows
	return IncidentLine{l.ID, l.Source, l.Of, what, l.At, l.Noted, l.By, l.Record}
}

// IncidentNote is what somebody entered into a timeline.
type IncidentNote struct {
	ID   string    `json:"id" doc:"Identifier."`
	At   time.Time `json:"at" doc:"When it happened."`
	By   string    `json:"by" doc:"Staff account."`
	Text string    `json:"text" doc:"What happened."`
}

// IncidentWords are what people wrote of an incident.
type IncidentWords struct {
	Title   string         `json:"title" doc:"What it is called."`
	Summary string         `json:"summary,omitempty" doc:"What happened."`
	Notes   []IncidentNote `json:"notes" nullable:"false" doc:"What people entered into the timeline."`
}

// IncidentSheet is all that is known of an incident, without what people wrote.
type IncidentSheet struct {
	Incident Incident         `json:"incident" doc:"The incident."`
	Reasons  []IncidentReason `json:"reasons" nullable:"false" doc:"Why it has its grade: what each row of the guide that speaks of its kinds comes to."`
	Steps    []IncidentStep   `json:"steps" nullable:"false" doc:"Steps of its playbooks."`
	Timeline []IncidentLine   `json:"timeline" nullable:"false" doc:"What happened, in the order of time."`
	Reports  []IncidentReport `json:"reports" nullable:"false" doc:"Reports and notices about it."`
}

func (s *server) viewIncidentSheet(ctx context.Context, v report.Incident) (IncidentSheet, error) {
	out := IncidentSheet{Reasons: []IncidentReason{}, Steps: []IncidentStep{}, Timeline: []IncidentLine{}, Reports: []IncidentReport{}}
	var err error
	if out.Incident, err = s.viewIncident(ctx, v); err != nil {
		return out, err
	}
	for _, r := range s.Incidents.Reasons(v) {
		out.Reasons = append(out.Reasons, IncidentReason{r.Row.ID, r.Row.Grade, r.Row.Fact, r.Row.At, r.Row.Unit, r.Row.Inclusive, r.Row.If, r.Row.Source, r.Row.Level, IncidentFact(r.Fact), r.Verdict.String(), r.Counts.String(), r.Reached().String()})
	}
	for _, p := range s.Incidents.Plan(v) {
		out.Steps = append(out.Steps, IncidentStep{p.ID, p.State, p.By, set(p.At), p.Kind, p.Play.Who, IncidentNames(p.Play.Names), IncidentNames(p.Play.Basis)})
	}
	lines, err := s.Incidents.Timeline(ctx, v.ID)
	if err != nil {
		return out, err
	}
	for _, l := range lines {
		out.Timeline = append(out.Timeline, viewLine(l))
	}
	papers, err := s.Incidents.PapersOf(ctx, v.ID)
	for _, p := range papers {
		out.Reports = append(out.Reports, s.viewReport(p))
	}
	return out, err
}
