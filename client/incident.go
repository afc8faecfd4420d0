package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// IncidentRef names something that an incident is about, or what shows that something was done.
type IncidentRef struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// IncidentFact is what is known of a figure: Least or more, and Most or less.
type IncidentFact struct {
	Least int64  `json:"least,omitempty"`
	Most  *int64 `json:"most,omitempty"`
}

// IncidentGrading is what the guide says of an incident.
type IncidentGrading struct {
	State string   `json:"state"` // could-not-tell, graded or not-graded
	Least string   `json:"least"`
	Most  string   `json:"most"`
	Met   []string `json:"met"`
	Open  []string `json:"open"`
	Rests string   `json:"rests"`
}

// IncidentClock is one limit of an incident as it stands now.
type IncidentClock struct {
	ID         string     `json:"id"`
	Names      PackNames  `json:"names"`
	To         PackNames  `json:"to"`
	Basis      PackNames  `json:"basis"`
	Source     string     `json:"source"`
	Confidence string     `json:"confidence"`
	Own        bool       `json:"own"`
	Applies    string     `json:"applies"`
	From       *time.Time `json:"from"`
	Due        *time.Time `json:"due"`
	Done       *time.Time `json:"done"`
	State      string     `json:"state"` // not-applicable, waiting, running, met, late or over
}

// IncidentStep is one step of a playbook.
type IncidentStep struct {
	ID    string     `json:"id"`
	State string     `json:"state"` // open, done or skipped
	By    string     `json:"by"`
	At    *time.Time `json:"at"`
	Kind  string     `json:"kind"`
	Who   string     `json:"who"`
	Names PackNames  `json:"names"`
	Basis PackNames  `json:"basis"`
}

// IncidentProposal waits for a second person.
type IncidentProposal struct {
	By      string                  `json:"by"`
	At      time.Time               `json:"at"`
	Outcome string                  `json:"outcome"`
	Facts   map[string]IncidentFact `json:"facts"`
}

// IncidentBreach is a limit that ran out.
type IncidentBreach struct {
	Clock string    `json:"clock"`
	Due   time.Time `json:"due"`
	Seen  time.Time `json:"seen"`
}

// Incident is one incident, without what people wrote. The description of the API says what the fields mean.
type Incident struct {
	ID         string                  `json:"id"`
	State      string                  `json:"state"`
	Kinds      []string                `json:"kinds"`
	Origin     string                  `json:"origin"`
	About      []IncidentRef           `json:"about"`
	Operator   string                  `json:"operator"`
	Size       string                  `json:"size"`
	Made       time.Time               `json:"made"`
	Knew       time.Time               `json:"knew"`
	Began      *time.Time              `json:"began"`
	Graded     *time.Time              `json:"graded"`
	Filed      *time.Time              `json:"filed"`
	Closed     *time.Time              `json:"closed"`
	Facts      map[string]IncidentFact `json:"facts"`
	Grading    IncidentGrading         `json:"grading"`
	Rules      string                  `json:"rules"`
	Correction *IncidentProposal       `json:"correction"`
	Closing    *IncidentProposal       `json:"closing"`
	StepsOpen  int                     `json:"steps_open"`
	Breaches   []IncidentBreach        `json:"breaches"`
	Clocks     []IncidentClock         `json:"clocks"`
	Due        *time.Time              `json:"due"`
	Opener     string                  `json:"opener"`
	Confirmer  string                  `json:"confirmer"`
	Sealed     string                  `json:"sealed"`
}

// IncidentReason is one row of the guide and what the facts say of it.
type IncidentReason struct {
	Row        string       `json:"row"`
	Grade      string       `json:"grade"`
	Fact       string       `json:"fact"`
	At         int64        `json:"at"`
	Unit       string       `json:"unit"`
	Inclusive  bool         `json:"inclusive"`
	If         string       `json:"if"`
	Source     string       `json:"source"`
	Confidence string       `json:"confidence"`
	Known      IncidentFact `json:"known"`
	Verdict    string       `json:"verdict"`
	Counts     string       `json:"counts"`
	Reached    string       `json:"reached"`
}

// IncidentLine is an entry of a timeline, without what people wrote.
type IncidentLine struct {
	ID     string    `json:"id"`
	Source string    `json:"source"`
	Of     string    `json:"of"`
	What   string    `json:"what"`
	At     time.Time `json:"at"`
	Noted  time.Time `json:"noted"`
	By     string    `json:"by"`
	Record string    `json:"record"`
}

// IncidentSheet is all that is known of an incident, without what people wrote.
type IncidentSheet struct {
	Incident Incident         `json:"incident"`
	Reasons  []IncidentReason `json:"reasons"`
	Steps    []IncidentStep   `json:"steps"`
	Timeline []IncidentLine   `json:"timeline"`
	Reports  []IncidentReport `json:"reports"`
}

// IncidentNote is what somebody entered into a timeline.
type IncidentNote struct {
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
}

// IncidentWords are what people wrote of an incident.
type IncidentWords struct {
	Title   string         `json:"title"`
	Summary string         `json:"summary"`
	Notes   []IncidentNote `json:"notes"`
}

// IncidentDraft is what an incident is opened with.
type IncidentDraft struct {
	Kinds   []string                `json:"kinds"`
	Title   string                  `json:"title"`
	Summary string                  `json:"summary,omitempty"`
	Origin  string                  `json:"origin,omitempty"`
	About   []IncidentRef           `json:"about,omitempty"`
	Knew    time.Time               `json:"knew,omitzero"`
	Began   time.Time               `json:"began,omitzero"`
	Facts   map[string]IncidentFact `json:"facts,omitempty"`
}

// IncidentReport is a report or a notice about an incident, without what it says.
type IncidentReport struct {
	ID        string            `json:"id"`
	Incident  string            `json:"incident"`
	Form      string            `json:"form"`
	Names     PackNames         `json:"names"`
	Clauses   []colophon.Clause `json:"clauses"`
	Part      int               `json:"part"`
	State     string            `json:"state"` // draft, filed, amended or dropped
	Made      time.Time         `json:"made"`
	Author    string            `json:"author"`
	SHA256    string            `json:"sha256"`
	Amends    string            `json:"amends"`
	Before    string            `json:"before"`
	AmendedBy string            `json:"amended_by"`
	Open      []string          `json:"open"`
	Filing    *PackFiling       `json:"filing"`
	Proofs    []PackProof       `json:"proofs"`
	Sealed    string            `json:"sealed"`
}

// ReportAnswer is what somebody answers in place of what records say.
type ReportAnswer struct {
	Field string   `json:"field"`
	State string   `json:"state"` // known, none or unknown
	Lines []string `json:"lines,omitempty"`
}

// ReportField is a field of a report with its answer.
type ReportField struct {
	ID       string    `json:"id"`
	Names    PackNames `json:"names"`
	Required bool      `json:"required"`
	State    string    `json:"state"`
	Lines    []string  `json:"lines"`
	Records  []string  `json:"records"`
	Said     bool      `json:"said"`
}

// ReportDocument is what a report says.
type ReportDocument struct {
	Report IncidentReport `json:"report"`
	Made   time.Time      `json:"made"`
	Names  PackNames      `json:"names"`
	Basis  PackNames      `json:"basis"`
	Fields []ReportField  `json:"fields"`
}

// IncidentForm is what a report or a notice says.
type IncidentForm struct {
	ID     string    `json:"id"`
	Names  PackNames `json:"names"`
	Basis  PackNames `json:"basis"`
	Fields []struct {
		ID       string    `json:"id"`
		Names    PackNames `json:"names"`
		Required bool      `json:"required"`
	} `json:"fields"`
}

// IncidentRules are the forms and playbooks of incidents.
type IncidentRules struct {
	Version   string         `json:"version"`
	Forms     []IncidentForm `json:"forms"`
	Playbooks []struct {
		Kind       string    `json:"kind"`
		Names      PackNames `json:"names"`
		Source     string    `json:"source"`
		Confidence string    `json:"confidence"`
		Steps      []struct {
			ID    string    `json:"id"`
			Who   string    `json:"who"`
			Names PackNames `json:"names"`
			Basis PackNames `json:"basis"`
		} `json:"steps"`
	} `json:"playbooks"`
}

// IncidentRules returns forms and playbooks.
func (c *Client) IncidentRules(ctx context.Context) (r IncidentRules, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: "/v1/incident-rules"}, &r)
}

func incidentPath(id string) string { return "/v1/incidents/" + url.PathEscape(id) }

func incidentReportPath(id string) string { return "/v1/incident-reports/" + url.PathEscape(id) }

// Incidents returns a page of incidents, the newest first, and the cursor of the next one.
func (c *Client) Incidents(ctx context.Context, l Listing) (list []Incident, next string, err error) {
	var page struct {
		Incidents []Incident
		Next      string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/incidents", query: l.query()}, &page)
	return page.Incidents, page.Next, err
}

// OpenIncident opens an incident.
func (c *Client) OpenIncident(ctx context.Context, d IncidentDraft) (v Incident, err error) {
	return v, c.change(ctx, "/v1/incidents", d, &v)
}

// Incident returns all that is known of an incident, without what people wrote.
func (c *Client) Incident(ctx context.Context, id string) (v IncidentSheet, err error) {
	return v, c.get(ctx, request{method: http.MethodGet, path: incidentPath(id)}, &v)
}

// ReadIncident returns what people wrote of an incident. A record says that you read it.
func (c *Client) ReadIncident(ctx context.Context, id string) (w IncidentWords, err error) {
	return w, c.get(ctx, request{method: http.MethodGet, path: incidentPath(id) + "/words"}, &w)
}

func (c *Client) incidentAct(ctx context.Context, id, act string, body map[string]any) (v Incident, err error) {
	return v, c.change(ctx, incidentPath(id)+":"+act, body, &v)
}

// LearnIncident tells facts.
func (c *Client) LearnIncident(ctx context.Context, id string, facts map[string]IncidentFact, why string) (Incident, error) {
	return c.incidentAct(ctx, id, "learn", map[string]any{"facts": facts, "why": why})
}

// WidenIncident says that an incident is of another kind too.
func (c *Client) WidenIncident(ctx context.Context, id, kind, why string) (Incident, error) {
	return c.incidentAct(ctx, id, "widen", map[string]any{"kind": kind, "why": why})
}

// IncidentKnownEarlier says that an incident was known earlier.
func (c *Client) IncidentKnownEarlier(ctx context.Context, id string, at time.Time, why string) (Incident, error) {
	return c.incidentAct(ctx, id, "known-earlier", map[string]any{"at": at, "why": why})
}

// TickIncident says that a step is done, skipped or open.
func (c *Client) TickIncident(ctx context.Context, id, step, state, note string) (Incident, error) {
	return c.incidentAct(ctx, id, "tick", map[string]any{"step": step, "state": state, "note": note})
}

// NoteIncident enters what happened into the timeline; a zero time is now.
func (c *Client) NoteIncident(ctx context.Context, id string, at time.Time, text string) (l IncidentLine, err error) {
	body := map[string]any{"text": text}
	if !at.IsZero() {
		body["at"] = at
	}
	return l, c.change(ctx, incidentPath(id)+":note", body, &l)
}

// CloseIncident closes or dismisses an incident.
func (c *Client) CloseIncident(ctx context.Context, id, outcome, why string) (Incident, error) {
	return c.incidentAct(ctx, id, "close", map[string]any{"outcome": outcome, "why": why})
}

// JudgeIncident does what asks for a reason alone: agree, disagree, confirm, keep-open or reopen.
func (c *Client) JudgeIncident(ctx context.Context, id, act, why string) (Incident, error) {
	return c.incidentAct(ctx, id, act, map[string]any{"why": why})
}

// DraftIncidentReport drafts a report or a notice of what is known now.
func (c *Client) DraftIncidentReport(ctx context.Context, incident, form string, answers ...ReportAnswer) (p IncidentReport, err error) {
	return p, c.change(ctx, incidentPath(incident)+"/reports", map[string]any{"form": form, "answers": append([]ReportAnswer{}, answers...)}, &p)
}

// IncidentReport returns a report.
func (c *Client) IncidentReport(ctx context.Context, id string) (p IncidentReport, err error) {
	return p, c.get(ctx, request{method: http.MethodGet, path: incidentReportPath(id)}, &p)
}

// ReadIncidentReport returns what a report says. A record says that you read it.
func (c *Client) ReadIncidentReport(ctx context.Context, id string) (d ReportDocument, err error) {
	return d, c.get(ctx, request{method: http.MethodGet, path: incidentReportPath(id) + "/document"}, &d)
}

// DownloadIncidentReport returns a report as json, text, html, pdf or docx; the caller closes it. A record says that you read
// it.
func (c *Client) DownloadIncidentReport(ctx context.Context, id, format string) (io.ReadCloser, error) {
	return c.body(ctx, incidentReportPath(id)+"/download", url.Values{"format": {format}})
}

// IncidentReportProof returns a proof of filing; the caller closes it. A record says that you read the report.
func (c *Client) IncidentReportProof(ctx context.Context, id, sha256 string) (io.ReadCloser, error) {
	return c.body(ctx, incidentReportPath(id)+"/proofs/"+url.PathEscape(sha256), nil)
}

// FillIncidentReport makes a draft anew of what is known now, with answers.
func (c *Client) FillIncidentReport(ctx context.Context, id string, answers ...ReportAnswer) (p IncidentReport, err error) {
	return p, c.change(ctx, incidentReportPath(id)+":fill", map[string]any{"answers": append([]ReportAnswer{}, answers...)}, &p)
}

// AmendIncidentReport drafts a report that amends one that was filed.
func (c *Client) AmendIncidentReport(ctx context.Context, id string, answers ...ReportAnswer) (p IncidentReport, err error) {
	return p, c.change(ctx, incidentReportPath(id)+":amend", map[string]any{"answers": append([]ReportAnswer{}, answers...)}, &p)
}

// FileIncidentReport says that a report was filed, and how. Of the filing, By is not sent. It is sent once: proofs may not be
// there a second time.
func (c *Client) FileIncidentReport(ctx context.Context, id string, f PackFiling, proofs ...CaseUpload) (p IncidentReport, err error) {
	return p, c.form(ctx, incidentReportPath(id)+":file", "", f.fields(), proofs, &p)
}

// ProveIncidentReport adds a proof to a report that was filed. It is sent once.
func (c *Client) ProveIncidentReport(ctx context.Context, id string, proof CaseUpload) (p IncidentReport, err error) {
	return p, c.form(ctx, incidentReportPath(id)+":prove", "", nil, []CaseUpload{proof}, &p)
}

// DropIncidentReport says that a draft is not filed, and why.
func (c *Client) DropIncidentReport(ctx context.Context, id, why string) (p IncidentReport, err error) {
	return p, c.change(ctx, incidentReportPath(id)+":drop", map[string]any{"why": why}, &p)
}
