package httpapi

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/paper"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/staff"
)

func incidentReportRoutes() []route {
	return []route{
		{post, "/v1/incidents/{id}/reports", "draft-incident-report", staff.IncidentHandle, "incidents", large, 201, once((*server).reportDraft), "Draft a report or a notice of what is known now; of each form an incident has one", 0},
		{get, "/v1/incident-reports/{id}", "incident-report", staff.IncidentRead, "incidents", 0, 200, do((*server).reportOne), "Show a report, without what it says", 0},
		{get, "/v1/incident-reports/{id}/document", "read-incident-report", staff.IncidentHandle, "incidents", 0, 200, do((*server).reportRead), "Read what a report says, field by field; a record says that you did", 0},
		{get, "/v1/incident-reports/{id}/download", "download-incident-report", staff.IncidentHandle, "incidents", 0, 200, do((*server).reportDownload), "Hand out a report as canonical JSON, text, HTML, PDF or DOCX; a record says that you read it", 0},
		{get, "/v1/incident-reports/{id}/proofs/{sha256}", "incident-report-proof", staff.IncidentHandle, "incidents", 0, 200, do((*server).reportProof), "Hand out a proof of filing; a record says that you read the report", 0},
		{post, "/v1/incident-reports/{id}:fill", "fill-incident-report", staff.IncidentHandle, "incidents", large, 200, once((*server).reportFill), "Make a draft anew of what is known now, with your answers", 0},
		{post, "/v1/incident-reports/{id}:amend", "amend-incident-report", staff.IncidentHandle, "incidents", large, 201, once((*server).reportAmend), "Draft a report that amends one that was filed", 0},
		{post, "/v1/incident-reports/{id}:file", "file-incident-report", staff.IncidentFile, "incidents", 0, 200, do((*server).reportFile), "Say that a report was filed, or a notice given, and how; with the proofs", upload},
		{post, "/v1/incident-reports/{id}:prove", "prove-incident-report", staff.IncidentFile, "incidents", 0, 200, do((*server).reportProve), "Add a proof to a report that was filed", upload},
		{post, "/v1/incident-reports/{id}:drop", "drop-incident-report", staff.IncidentFile, "incidents", small, 200, once((*server).reportDrop), "Say that a draft is not filed, and why", 0},
	}
}

// ReportFiling says how a report was filed, or a notice given.
type ReportFiling struct {
	Channel    string    `json:"channel" doc:"Where." example:"12387"`
	Reference  string    `json:"reference,omitempty" doc:"Number that the authority gave; absent where it gave none."`
	At         time.Time `json:"at" doc:"When."`
	By         string    `json:"by" doc:"Staff account."`
	Incomplete bool      `json:"incomplete,omitempty" doc:"Not all that is asked for was known. An amendment follows."`
}

// ReportProof is a proof of filing, without its bytes.
type ReportProof struct {
	SHA256 string    `json:"sha256" doc:"SHA-256, in hexadecimal."`
	Size   int64     `json:"size" doc:"Bytes."`
	Type   string    `json:"type" doc:"Media type, as its bytes show it."`
	At     time.Time `json:"at" doc:"When it was added."`
	By     string    `json:"by" doc:"Staff account."`
}

// IncidentReport is a report or a notice about an incident, without what it says.
type IncidentReport struct {
	ID        string            `json:"id" doc:"Identifier."`
	Incident  string            `json:"incident" doc:"The incident."`
	Form      string            `json:"form" doc:"Form; the clock of the same name ends when it is filed." example:"first-report"`
	Names     IncidentNames     `json:"names" doc:"Name of the form; empty where there is no such form any more."`
	Clauses   []colophon.Clause `json:"clauses" nullable:"false" doc:"By what it is owed."`
	Part      int               `json:"part" doc:"1 for the first, one more with each amendment."`
	State     report.PaperState `json:"state" enum:"draft,filed,amended,dropped" doc:"How far it is. Amended: another one that was filed takes its place."`
	Made      time.Time         `json:"made" doc:"When it was drafted."`
	Author    string            `json:"author,omitempty" doc:"Who drafted it; absent for the system."`
	SHA256    string            `json:"sha256" doc:"SHA-256 of its document, in hexadecimal."`
	Amends    string            `json:"amends,omitempty" doc:"The report before."`
	Before    string            `json:"before,omitempty" doc:"SHA-256 of the document of the report before."`
	AmendedBy string            `json:"amended_by,omitempty" doc:"The report that takes its place."`
	Open      []string          `json:"open" nullable:"false" doc:"Required fields that are not known yet."`
	Filing    *ReportFiling     `json:"filing,omitempty" doc:"How it was filed."`
	Proofs    []ReportProof     `json:"proofs" nullable:"false" doc:"Proofs of filing."`
	Sealed    string            `json:"sealed" enum:"none,whole,restricted,erased" doc:"Whether its document can be read."`
}

func (s *server) viewReport(p report.Paper) IncidentReport {
	v := IncidentReport{ID: p.ID, Incident: p.Incident, Form: p.Form, Clauses: report.Clauses(p.Form), Part: p.Part, State: p.State, Made: p.Made, Author: p.Author, SHA256: p.SHA256, Amends: p.Amends, Before: p.Before, AmendedBy: p.AmendedBy,
		Open: append([]string{}, p.Open...), Proofs: []ReportProof{}, Sealed: string(p.Kept)}
	if f := p.Filing; f != nil {
		v.Filing = &ReportFiling{f.Channel, f.Reference, f.At, f.By, f.Incomplete}
	}
	for _, proof := range p.Proofs {
		v.Proofs = append(v.Proofs, ReportProof(proof))
	}
	for _, f := range s.Incidents.Rules().Forms {
		if f.ID == p.Form {
			v.Names = IncidentNames(f.Names)
		}
	}
	return v
}

type reportOutput struct {
	Replayed
	Body IncidentReport
}

func (s *server) shownReport(p report.Paper, err error) (*reportOutput, error) {
	if err != nil {
		return nil, err
	}
	return &reportOutput{Body: s.viewReport(p)}, nil
}

// ReportAnswer is what somebody answers in place of what records say.
type ReportAnswer struct {
	Field string   `json:"field" minLength:"1" maxLength:"128" doc:"Field of the form." example:"effect"`
	State string   `json:"state" enum:"known,none,unknown" doc:"known: the lines say it; none: it is known that there is none; unknown: it is not known yet."`
	Lines []string `json:"lines,omitempty" nullable:"false" maxItems:"100" doc:"The answer, in Chinese as the authority reads it; of known alone."`
}

func reportTold(list []ReportAnswer) report.Answers {
	told := report.Answers{}
	for _, a := range list {
		one := report.Answer{Lines: a.Lines}
		switch a.State {
		case "known":
			one.Certainty = report.Known
		case "none":
			one.Certainty = report.None
		}
		told[a.Field] = one
	}
	return told
}

type reportDraftInput struct {
	Keyed
	Named
	Body struct {
		Form    string         `json:"form" minLength:"1" maxLength:"128" doc:"Form." example:"first-report"`
		Answers []ReportAnswer `json:"answers,omitempty" nullable:"false" maxItems:"100" doc:"What you answer in place of what records say."`
	}
}

func (s *server) reportDraft(ctx context.Context, in *reportDraftInput) (*reportOutput, error) {
	return s.shownReport(s.Incidents.DraftPaper(ctx, ledgerBy(ctx), in.ID, in.Body.Form, reportTold(in.Body.Answers)))
}

func (s *server) reportOne(ctx context.Context, in *Named) (*reportOutput, error) {
	return s.shownReport(s.Incidents.Paper(ctx, in.ID))
}

type reportAnswersInput struct {
	Keyed
	Named
	Body struct {
		Answers []ReportAnswer `json:"answers,omitempty" nullable:"false" maxItems:"100" doc:"What you answer in place of what records say. What was answered before stays."`
	}
}

func (s *server) reportFill(ctx context.Context, in *reportAnswersInput) (*reportOutput, error) {
	return s.shownReport(s.Incidents.Fill(ctx, ledgerBy(ctx), in.ID, reportTold(in.Body.Answers)))
}

func (s *server) reportAmend(ctx context.Context, in *reportAnswersInput) (*reportOutput, error) {
	return s.shownReport(s.Incidents.Amend(ctx, ledgerBy(ctx), in.ID, reportTold(in.Body.Answers)))
}

func (s *server) reportDrop(ctx context.Context, in *incidentWhyInput) (*reportOutput, error) {
	return s.shownReport(s.Incidents.Drop(ctx, ledgerBy(ctx), in.ID, in.Body.Why))
}

type reportFormInput struct {
	Keyed
	Named
	Upload
}

func (s *server) reportFile(ctx context.Context, in *reportFormInput) (*reportOutput, error) {
	return formOnce(s, ctx, "file-incident-report", in.Key, in, func() (*reportOutput, error) {
		v, proofs, err := s.reportForm(ctx, &in.Upload, "channel", "reference", "at", "incomplete")
		if err != nil {
			return nil, err
		}
		at, incomplete, err := handedIn(v)
		if err != nil {
			return nil, err
		}
		return s.shownReport(s.Incidents.File(ctx, ledgerBy(ctx), in.ID, report.Filing{Channel: v.Get("channel"), Reference: v.Get("reference"), At: at, Incomplete: incomplete}, proofs...))
	})
}

func (s *server) reportProve(ctx context.Context, in *reportFormInput) (*reportOutput, error) {
	return formOnce(s, ctx, "prove-incident-report", in.Key, in, func() (*reportOutput, error) {
		_, proofs, err := s.reportForm(ctx, &in.Upload)
		if err != nil {
			return nil, err
		}
		if len(proofs) != 1 {
			return nil, refuse(colophon.Invalid, CodeForm)
		}
		return s.shownReport(s.Incidents.Prove(ctx, ledgerBy(ctx), in.ID, proofs[0]))
	})
}

// reportForm reads a form about a filing: fields, each once, and proofs.
func (s *server) reportForm(ctx context.Context, in *Upload, fields ...string) (url.Values, []report.ProofFile, error) {
	return formOf(s, in, maxProof, func(part *multipart.Part) (report.ProofFile, error) { return s.IncidentFiles.KeepProof(ctx, part) }, fields...)
}

// ReportField is a field of a report with its answer.
type ReportField struct {
	ID       string        `json:"id" doc:"Identifier."`
	Names    IncidentNames `json:"names" doc:"What it is called."`
	Required bool          `json:"required,omitempty" doc:"Nothing is filed without it unless a person says so."`
	State    string        `json:"state" enum:"known,none,unknown" doc:"What is known: what the lines say; that there is none; nothing yet."`
	Lines    []string      `json:"lines" nullable:"false" doc:"The answer as the authority reads it, in Chinese; never empty."`
	Records  []string      `json:"records,omitempty" nullable:"false" doc:"Records that it rests on."`
	Said     bool          `json:"said,omitempty" doc:"A person answered it."`
}

// ReportDocument is what a report says.
type ReportDocument struct {
	Report IncidentReport `json:"report" doc:"The report."`
	Made   time.Time      `json:"made" doc:"When the document was made."`
	Names  IncidentNames  `json:"names" doc:"What it is called."`
	Basis  IncidentNames  `json:"basis" doc:"By which text it is owed."`
	Fields []ReportField  `json:"fields" nullable:"false" doc:"Field by field."`
}

type reportReadOutput struct{ Body ReportDocument }

func (s *server) reportRead(ctx context.Context, in *Named) (*reportReadOutput, error) {
	p, sheet, err := s.Incidents.ReadPaper(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	d, err := report.Parse([]byte(sheet.Document))
	if err != nil {
		return nil, err
	}
	v := ReportDocument{Report: s.viewReport(p), Made: d.Made, Names: IncidentNames(d.Form.Names), Basis: IncidentNames(d.Form.Basis), Fields: []ReportField{}}
	for _, f := range d.Fields {
		state := string(f.Certainty)
		if f.Certainty == paper.Unknown {
			state = "unknown"
		}
		_, said := sheet.Told[f.ID]
		v.Fields = append(v.Fields, ReportField{f.ID, IncidentNames(f.Names), f.Required, state, f.Lines, f.Records, said})
	}
	return &reportReadOutput{v}, nil
}

type reportDownloadInput struct {
	Named
	Format string `query:"format" enum:"json,text,html,pdf,docx" default:"json" doc:"json: the canonical bytes that have the digest; text: as people read it."`
}

// reportDownload hands out what a report says.
func (s *server) reportDownload(ctx context.Context, in *reportDownloadInput) (*stream, error) {
	p, sheet, err := s.Incidents.ReadPaper(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	content, end := []byte(sheet.Document), in.Format
	switch in.Format {
	case "json":
	case "text":
		d, err := report.Parse(content)
		if err != nil {
			return nil, err
		}
		content, end = []byte(d.Text()), "txt"
	default:
		if content, err = s.IncidentFiles.Print(content, in.Format); err != nil {
			return nil, err
		}
	}
	kind := map[string]string{"json": "application/json", "text": "text/plain; charset=utf-8", "html": "text/html; charset=utf-8", "pdf": "application/pdf", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}[in.Format]
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `attachment; filename="incident-report-`+p.ID+"."+end+`"`)
		copyOut(w, bytes.NewReader(content))
	}), nil
}

// reportProof hands out a proof.
func (s *server) reportProof(ctx context.Context, in *packProofInput) (*stream, error) {
	_, sheet, err := s.Incidents.ReadPaper(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(sheet.Proofs, func(f report.ProofFile) bool { return f.SHA256 == in.SHA256 })
	if at < 0 {
		return nil, refuse(colophon.Missing, report.CodePaperMissing)
	}
	return s.attached(sheet.Proofs[at].Type, func(ctx context.Context) (io.ReadCloser, error) {
		return s.IncidentFiles.OpenProof(ctx, sheet.Proofs[at])
	}), nil
}
