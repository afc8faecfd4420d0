package httpapi

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/staff"
)

// IncidentFiles keeps the proofs of reports about incidents, and writes the reports out.
type IncidentFiles interface {
	// KeepProof reads a proof to its end, and refuses what its bytes show to be neither a picture nor PDF.
	KeepProof(ctx context.Context, from io.Reader) (report.ProofFile, error)
	OpenProof(ctx context.Context, f report.ProofFile) (io.ReadCloser, error)
	// Print writes a document as html, pdf or docx.
	Print(document []byte, as string) ([]byte, error)
}

func incidentRoutes() []route {
	return []route{
		{get, "/v1/incident-rules", "incident-rules", staff.IncidentRead, "incidents", 0, 200, do((*server).incidentRules), "Show thresholds, time limits, playbooks and forms, each with its source", 0},
		{get, "/v1/incidents", "incidents", staff.IncidentRead, "incidents", 0, 200, do((*server).incidentList), "List incidents with their clocks, the newest first", 0},
		{post, "/v1/incidents", "open-incident", staff.IncidentOpen, "incidents", small, 201, once((*server).incidentOpen), "Open an incident; of one origin there is one at a time", 0},
		{get, "/v1/incidents/{id}", "incident", staff.IncidentRead, "incidents", 0, 200, do((*server).incidentOne), "Show an incident: grade with its reasons, clocks, steps, timeline and reports, without what people wrote", 0},
		{get, "/v1/incidents/{id}/words", "read-incident", staff.IncidentHandle, "incidents", 0, 200, do((*server).incidentWords), "Read what people wrote of an incident; a record says that you did", 0},
		{post, "/v1/incidents/{id}:learn", "incident-learn", staff.IncidentHandle, "incidents", small, 200, once((*server).incidentLearn), "Tell facts; the grade follows, and what would lower it waits for a second person", 0},
		{post, "/v1/incidents/{id}:widen", "incident-widen", staff.IncidentHandle, "incidents", small, 200, once((*server).incidentWiden), "Say that it is of another kind too", 0},
		{post, "/v1/incidents/{id}:known-earlier", "incident-known", staff.IncidentHandle, "incidents", small, 200, once((*server).incidentKnown), "Say that it was known earlier", 0},
		{post, "/v1/incidents/{id}:tick", "incident-tick", staff.IncidentHandle, "incidents", small, 200, once((*server).incidentTick), "Say that a step of the playbook was done, or is not needed", 0},
		{post, "/v1/incidents/{id}:note", "incident-note", staff.IncidentHandle, "incidents", small, 200, once((*server).incidentNote), "Enter what happened into the timeline", 0},
		{post, "/v1/incidents/{id}:agree", "incident-agree", staff.IncidentDecide, "incidents", small, 200, once((*server).incidentAgree), "Agree to a correction that somebody else proposed", 0},
		{post, "/v1/incidents/{id}:disagree", "incident-disagree", staff.IncidentDecide, "incidents", small, 200, once((*server).incidentDisagree), "Turn a correction down, or take it back", 0},
		{post, "/v1/incidents/{id}:close", "incident-close", staff.IncidentDecide, "incidents", small, 200, once((*server).incidentClose), "Say that its handling ended, or that it was none", 0},
		{post, "/v1/incidents/{id}:confirm", "incident-confirm", staff.IncidentDecide, "incidents", small, 200, once((*server).incidentConfirm), "Close it, as somebody else proposed", 0},
		{post, "/v1/incidents/{id}:keep-open", "incident-keep-open", staff.IncidentDecide, "incidents", small, 200, once((*server).incidentKeepOpen), "Turn a proposal to close it down, or take it back", 0},
		{post, "/v1/incidents/{id}:reopen", "incident-reopen", staff.IncidentDecide, "incidents", small, 200, once((*server).incidentReopen), "Say that it goes on", 0},
	}
}

type incidentListInput struct {
	Page
	States []report.IncidentState `query:"state,explode" nullable:"false" maxItems:"5" enum:"open,closing,closed,settled,dismissed" doc:"State; may be repeated."`
	Kind   report.Kind            `query:"kind" enum:"security,personal-data,outage,content,misuse,vulnerability,control" doc:"Kind."`
	About  string                 `query:"about" maxLength:"257" doc:"What it is about: kind and identifier with a space between them." example:"function chat"`
}

type incidentListOutput struct {
	Body struct {
		Incidents []Incident `json:"incidents" nullable:"false" doc:"Incidents."`
		Next      string     `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) incidentList(ctx context.Context, in *incidentListInput) (*incidentListOutput, error) {
	list, next, err := s.Incidents.Incidents(ctx, report.Query{States: in.States, Kind: in.Kind, About: refOf(in.About), After: in.Cursor, Limit: in.Limit})
	out := &incidentListOutput{}
	out.Body.Incidents, out.Body.Next = []Incident{}, next
	for _, one := range list {
		v, failed := s.viewIncident(ctx, one)
		err = errors.Join(err, failed)
		out.Body.Incidents = append(out.Body.Incidents, v)
	}
	return out, err
}

type incidentOutput struct {
	Replayed
	Body Incident
}

func (s *server) shownIncident(ctx context.Context, v report.Incident, err error) (*incidentOutput, error) {
	if err != nil {
		return nil, err
	}
	shown, err := s.viewIncident(ctx, v)
	return &incidentOutput{Body: shown}, err
}

type incidentOpenInput struct {
	Keyed
	Body struct {
		Kinds   []report.Kind           `json:"kinds" nullable:"false" minItems:"1" maxItems:"7" enum:"security,personal-data,outage,content,misuse,vulnerability,control" doc:"What sort of incident it is; it may be of several."`
		Title   string                  `json:"title" minLength:"1" maxLength:"800" doc:"What it is called, at most 200 signs. It is sealed."`
		Summary string                  `json:"summary,omitempty" maxLength:"16000" doc:"What happened, at most 4000 signs. It is sealed."`
		Origin  string                  `json:"origin,omitempty" maxLength:"128" doc:"What opens it, such as a monitor: while one of the same origin is open, that is the answer." example:"monitor/uptime"`
		About   []IncidentRef           `json:"about,omitempty" nullable:"false" maxItems:"50" doc:"What it is about. The timeline is told by itself of those whose kind is order, measure, alert, incident, report, correction, function or observation, and of orders, measures and alerts against an account."`
		Knew    time.Time               `json:"knew,omitempty" doc:"When it was found, or told; now when absent."`
		Began   time.Time               `json:"began,omitempty" doc:"When it began, as far as known."`
		Facts   map[string]IncidentFact `json:"facts,omitempty" doc:"What is known of the figures by which it is graded; nothing that would end a clock."`
	}
}

func (s *server) incidentOpen(ctx context.Context, in *incidentOpenInput) (*incidentOutput, error) {
	b := in.Body
	v, err := s.Incidents.Open(ctx, ledgerBy(ctx), report.Draft{Kinds: b.Kinds, Words: report.Particulars{Title: b.Title, Summary: b.Summary}, Origin: b.Origin, About: refsIn(b.About), Knew: b.Knew, Began: b.Began, Facts: factsIn(b.Facts)})
	return s.shownIncident(ctx, v, err)
}

type incidentSheetOutput struct{ Body IncidentSheet }

func (s *server) incidentOne(ctx context.Context, in *Named) (*incidentSheetOutput, error) {
	v, err := s.Incidents.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	sheet, err := s.viewIncidentSheet(ctx, v)
	return &incidentSheetOutput{sheet}, err
}

type incidentWordsOutput struct{ Body IncidentWords }

func (s *server) incidentWords(ctx context.Context, in *Named) (*incidentWordsOutput, error) {
	words, lines, err := s.Incidents.ReadTimeline(ctx, ledgerBy(ctx), in.ID)
	out := &incidentWordsOutput{IncidentWords{Title: words.Title, Summary: words.Summary, Notes: []IncidentNote{}}}
	for _, l := range lines {
		if l.Text != "" {
			out.Body.Notes = append(out.Body.Notes, IncidentNote{l.ID, l.At, l.By, l.Text})
		}
	}
	return out, err
}

type incidentLearnInput struct {
	Keyed
	Named
	Body struct {
		Facts map[string]IncidentFact `json:"facts" doc:"By their names; an empty one is not known any more."`
		Why   string                  `json:"why" minLength:"1" maxLength:"16000" doc:"How it is known. It is sealed."`
	}
}

func (s *server) incidentLearn(ctx context.Context, in *incidentLearnInput) (*incidentOutput, error) {
	v, err := s.Incidents.Learn(ctx, ledgerBy(ctx), in.ID, factsIn(in.Body.Facts), in.Body.Why)
	return s.shownIncident(ctx, v, err)
}

type incidentWidenInput struct {
	Keyed
	Named
	Body struct {
		Kind report.Kind `json:"kind" enum:"security,personal-data,outage,content,misuse,vulnerability,control" doc:"The other kind."`
		Why  string      `json:"why" minLength:"1" maxLength:"16000" doc:"Why. It is sealed."`
	}
}

func (s *server) incidentWiden(ctx context.Context, in *incidentWidenInput) (*incidentOutput, error) {
	v, err := s.Incidents.Widen(ctx, ledgerBy(ctx), in.ID, in.Body.Kind, in.Body.Why)
	return s.shownIncident(ctx, v, err)
}

type incidentKnownInput struct {
	Keyed
	Named
	Body struct {
		At  time.Time `json:"at" doc:"When it was known; never later than what stands there."`
		Why string    `json:"why" minLength:"1" maxLength:"16000" doc:"Why. It is sealed."`
	}
}

func (s *server) incidentKnown(ctx context.Context, in *incidentKnownInput) (*incidentOutput, error) {
	v, err := s.Incidents.KnownEarlier(ctx, ledgerBy(ctx), in.ID, in.Body.At, in.Body.Why)
	return s.shownIncident(ctx, v, err)
}

type incidentTickInput struct {
	Keyed
	Named
	Body struct {
		Step  string           `json:"step" minLength:"1" maxLength:"128" doc:"Kind and step." example:"security/contain"`
		State report.StepState `json:"state" enum:"done,skipped,open" doc:"done, not needed, or open again."`
		Note  string           `json:"note,omitempty" maxLength:"16000" doc:"What was done; why it is not needed. It is sealed."`
	}
}

func (s *server) incidentTick(ctx context.Context, in *incidentTickInput) (*incidentOutput, error) {
	v, err := s.Incidents.Tick(ctx, ledgerBy(ctx), in.ID, in.Body.Step, in.Body.State, in.Body.Note)
	return s.shownIncident(ctx, v, err)
}

type incidentNoteInput struct {
	Keyed
	Named
	Body struct {
		At   time.Time `json:"at,omitempty" doc:"When it happened; now when absent."`
		Text string    `json:"text" minLength:"1" maxLength:"16000" doc:"What happened, at most 4000 signs. It is sealed."`
	}
}

type incidentEventOutput struct {
	Replayed
	Body IncidentLine
}

func (s *server) incidentNote(ctx context.Context, in *incidentNoteInput) (*incidentEventOutput, error) {
	e, err := s.Incidents.Enter(ctx, ledgerBy(ctx), in.ID, in.Body.At, in.Body.Text)
	if err != nil {
		return nil, err
	}
	return &incidentEventOutput{Body: viewLine(report.Line{Event: e})}, nil
}

// incidentWhyInput is an act that asks for a reason alone.
type incidentWhyInput struct {
	Keyed
	Named
	Body struct {
		Why string `json:"why" minLength:"1" maxLength:"16000" doc:"Why, at most 4000 signs. It is sealed."`
	}
}

func (s *server) incidentAgree(ctx context.Context, in *incidentWhyInput) (*incidentOutput, error) {
	v, err := s.Incidents.Agree(ctx, ledgerBy(ctx), in.ID, in.Body.Why)
	return s.shownIncident(ctx, v, err)
}

func (s *server) incidentDisagree(ctx context.Context, in *incidentWhyInput) (*incidentOutput, error) {
	v, err := s.Incidents.Disagree(ctx, ledgerBy(ctx), in.ID, in.Body.Why)
	return s.shownIncident(ctx, v, err)
}

type incidentCloseInput struct {
	Keyed
	Named
	Body struct {
		Outcome report.IncidentState `json:"outcome" enum:"closed,dismissed" doc:"closed: its handling ended; dismissed: it was none."`
		Why     string               `json:"why" minLength:"1" maxLength:"16000" doc:"Why, at most 4000 signs. It is sealed."`
	}
}

func (s *server) incidentClose(ctx context.Context, in *incidentCloseInput) (*incidentOutput, error) {
	v, err := s.Incidents.Close(ctx, ledgerBy(ctx), in.ID, in.Body.Outcome, in.Body.Why)
	return s.shownIncident(ctx, v, err)
}

func (s *server) incidentConfirm(ctx context.Context, in *incidentWhyInput) (*incidentOutput, error) {
	v, err := s.Incidents.Confirm(ctx, ledgerBy(ctx), in.ID, in.Body.Why)
	return s.shownIncident(ctx, v, err)
}

func (s *server) incidentKeepOpen(ctx context.Context, in *incidentWhyInput) (*incidentOutput, error) {
	v, err := s.Incidents.KeepOpen(ctx, ledgerBy(ctx), in.ID, in.Body.Why)
	return s.shownIncident(ctx, v, err)
}

func (s *server) incidentReopen(ctx context.Context, in *incidentWhyInput) (*incidentOutput, error) {
	v, err := s.Incidents.Reopen(ctx, ledgerBy(ctx), in.ID, in.Body.Why)
	return s.shownIncident(ctx, v, err)
}
