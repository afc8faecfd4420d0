package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/review/inspection"
	"github.com/colophon-project/colophon/staff"
)

// Inspections looks at pages as an inspector does, and keeps what came of it.
type Inspections interface {
	// Start has pages looked at; own stands for those of our own services, and takes no targets.
	Start(ctx context.Context, by ledger.By, targets []inspection.Target, own bool) (inspection.Entry, error)
	Get(ctx context.Context, id string) (inspection.Entry, error)
	Page(ctx context.Context, after string, limit int, states ...inspection.State) ([]inspection.Entry, string, error)
	// Progress tells how many of how many pages were looked at, as far as this node knows.
	Progress(id string) (done, total int)
	// Report returns a report, held against its digest, and as it is stored.
	Report(ctx context.Context, id string) (*inspection.Report, []byte, error)
	// Paper writes it as html, docx or pdf, in zh or en.
	Paper(r *inspection.Report, digest, language, format string) ([]byte, error)
}

// inspectionRoutes are those of mock inspections.
func inspectionRoutes() []route {
	return []route{
		{get, "/v1/inspections", "inspections", staff.InspectionRead, "inspections", 0, 200, do((*server).inspectionList), "List mock inspections", 0},
		{post, "/v1/inspections", "start-inspection", staff.InspectionRun, "inspections", large, 201, once((*server).inspectionStart), "Have pages looked at as an inspector of labelling does", 0},
		{get, "/v1/inspections/{id}", "inspection", staff.InspectionRead, "inspections", 0, 200, do((*server).inspectionOne), "Show how far an inspection is, and what came of it", 0},
		{get, "/v1/inspections/{id}/report", "inspection-report", staff.InspectionRead, "inspections", 0, 200, do((*server).inspectionReport), "The report with its pictures, as it is kept", 0},
		{get, "/v1/inspections/{id}/document", "inspection-document", staff.InspectionRead, "inspections", 0, 200, do((*server).inspectionDocument), "The report as a document", 0},
		{get, "/v1/inspections/{id}/picture", "inspection-picture", staff.InspectionRead, "inspections", 0, 200, do((*server).inspectionPicture), "One picture of the report", 0},
	}
}

// InspectionTarget is a page that is looked at.
type InspectionTarget struct {
	Address string `json:"address" minLength:"1" maxLength:"2048" doc:"Address with http or https."`
	Chosen  string `json:"chosen,omitempty" maxLength:"200" doc:"CSS selector of what on the page was generated. Without one a missing mark says nothing."`
}

// InspectionSum counts the checks under a heading.
type InspectionSum struct {
	Heading string `json:"heading" enum:"explicit,export,implicit,place,propagation,declaration,filing" doc:"Heading of an inspector."`
	Outcome string `json:"outcome" enum:"passed,failed,could-not-tell" doc:"The worst under it. What was not looked at could not be told."`
	Passed  int    `json:"passed" doc:"Checks that passed."`
	Failed  int    `json:"failed" doc:"Checks that failed."`
	Untold  int    `json:"could_not_tell" doc:"Checks that could not tell."`
}

// InspectionView is a mock inspection.
type InspectionView struct {
	ID       string             `json:"id" doc:"Identifier."`
	State    string             `json:"state" enum:"waiting,done,broken" doc:"How far it is."`
	Own      bool               `json:"own" doc:"The pages are those of our own services."`
	Probe    bool               `json:"probe" doc:"The program looked by itself, for a duty."`
	Targets  []InspectionTarget `json:"targets" nullable:"false" doc:"Pages that are looked at."`
	By       string             `json:"by,omitempty" doc:"Staff account or API key that asked for it."`
	Made     time.Time          `json:"made" doc:"When it was asked for."`
	Ended    *time.Time         `json:"ended,omitempty" doc:"When it ended."`
	Looked   int                `json:"looked" doc:"Pages that were looked at, as far as this node knows."`
	Outcome  string             `json:"outcome,omitempty" enum:"passed,failed,could-not-tell" doc:"What came of it."`
	Headings []InspectionSum    `json:"headings" nullable:"false" doc:"What came of it under each heading."`
	Subjects int                `json:"subjects" doc:"Files and pages that were looked at."`
	SHA256   string             `json:"sha256,omitempty" doc:"Digest of the report, in hexadecimal."`
	Reason   colophon.Code      `json:"reason,omitempty" doc:"Why it could not be brought to its end."`
}

func (s *server) viewInspection(e inspection.Entry) InspectionView {
	v := e.Value
	out := InspectionView{ID: e.ID, State: e.State, Own: v.Own, Probe: v.Probe, Targets: []InspectionTarget{}, By: v.By.ID, Made: e.Made, Ended: set(v.Done), Outcome: string(v.Outcome), Headings: []InspectionSum{}, Subjects: v.Count, SHA256: v.Digest, Reason: v.Code}
	for _, t := range v.Targets {
		out.Targets = append(out.Targets, InspectionTarget(t))
	}
	for _, sum := range v.Sums {
		out.Headings = append(out.Headings, InspectionSum{string(sum.Heading), string(sum.Outcome()), sum.Passed, sum.Failed, sum.Untold})
	}
	if out.Looked = len(v.Targets); e.State == string(inspection.Waiting) {
		out.Looked, _ = s.Inspections.Progress(e.ID)
	}
	return out
}

type inspectionsInput struct {
	Page
	State inspection.State `query:"state" enum:"waiting,done,broken" doc:"How far they are."`
}

type inspectionsOutput struct {
	Body struct {
		Inspections []InspectionView `json:"inspections" nullable:"false" doc:"The newest first."`
		Next        string           `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) inspectionList(ctx context.Context, in *inspectionsInput) (*inspectionsOutput, error) {
	var states []inspection.State
	if in.State != "" {
		states = append(states, in.State)
	}
	list, next, err := s.Inspections.Page(ctx, in.Cursor, in.Limit, states...)
	out := &inspectionsOutput{}
	out.Body.Inspections, out.Body.Next = []InspectionView{}, next
	for _, e := range list {
		out.Body.Inspections = append(out.Body.Inspections, s.viewInspection(e))
	}
	return out, err
}

type inspectionOutput struct {
	Replayed
	Body InspectionView
}

type inspectionStartInput struct {
	Keyed
	Body struct {
		Own     bool               `json:"own,omitempty" doc:"Look at the pages of our own services, as the register has them. Takes no targets."`
		Targets []InspectionTarget `json:"targets,omitempty" nullable:"false" maxItems:"500" doc:"Pages to look at."`
	}
}

func (s *server) inspectionStart(ctx context.Context, in *inspectionStartInput) (*inspectionOutput, error) {
	var targets []inspection.Target
	for _, t := range in.Body.Targets {
		targets = append(targets, inspection.Target(t))
	}
	if in.Body.Own && len(targets) > 0 {
		return nil, invalid("body.targets", "own")
	}
	e, err := s.Inspections.Start(ctx, ledgerBy(ctx), targets, in.Body.Own)
	if err != nil {
		return nil, err
	}
	return &inspectionOutput{Body: s.viewInspection(e)}, nil
}

func (s *server) inspectionOne(ctx context.Context, in *Named) (*inspectionOutput, error) {
	e, err := s.Inspections.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &inspectionOutput{Body: s.viewInspection(e)}, nil
}

func (s *server) inspectionReport(ctx context.Context, in *Named) (*stream, error) {
	_, raw, err := s.Inspections.Report(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return handed("application/json", "inspection-"+in.ID+".json", raw), nil
}

// handed answers with bytes as a file.
func handed(kind, name string, raw []byte) *stream {
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		copyOut(w, bytes.NewReader(raw))
	})
}

type inspectionDocumentInput struct {
	Named
	Format   string `query:"format" enum:"html,docx,pdf" default:"html" doc:"Format."`
	Language string `query:"language" enum:"zh,en" default:"zh" doc:"Language."`
}

func (s *server) inspectionDocument(ctx context.Context, in *inspectionDocumentInput) (*stream, error) {
	e, err := s.Inspections.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	r, _, err := s.Inspections.Report(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	raw, err := s.Inspections.Paper(r, e.Value.Digest, in.Language, in.Format)
	if err != nil {
		return nil, err
	}
	kind := map[string]string{"html": "text/html; charset=utf-8", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf"}[in.Format]
	return handed(kind, "inspection-"+in.ID+"."+in.Format, raw), nil
}

type inspectionPictureInput struct {
	Named
	SHA256 string `query:"sha256" required:"true" pattern:"^[0-9a-f]{64}$" doc:"Digest of the picture, in hexadecimal."`
}

func (s *server) inspectionPicture(ctx context.Context, in *inspectionPictureInput) (*stream, error) {
	r, _, err := s.Inspections.Report(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range r.Pictures {
		if p.Digest == in.SHA256 {
			return handed("image/png", in.SHA256+".png", p.PNG), nil
		}
	}
	return nil, refuse(colophon.Missing, inspection.CodeMissing)
}
