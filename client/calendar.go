package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// CalendarDate is one date.
type CalendarDate struct {
	At    time.Time     `json:"at"`
	Kind  string        `json:"kind"`
	Code  colophon.Code `json:"code"`
	Args  colophon.Args `json:"args"`
	Title string        `json:"title"`
	Ref   string        `json:"ref"`
	ID    string        `json:"id"`
	State string        `json:"state"` // coming, over, done or note
}

// Calendar is what is due between two moments.
type Calendar struct {
	From  time.Time      `json:"from"`
	Until time.Time      `json:"until"`
	Dates []CalendarDate `json:"dates"`
	Blind []string       `json:"blind"`
	Cut   bool           `json:"cut"`
}

func calendarQuery(from, until time.Time, kind string) url.Values {
	q := url.Values{}
	if !from.IsZero() {
		q.Set("from", from.Format(time.RFC3339))
	}
	if !until.IsZero() {
		q.Set("until", until.Format(time.RFC3339))
	}
	if kind != "" {
		q.Set("kind", kind)
	}
	return q
}

// Calendar returns what is due between two moments; zero ones are now and a year later.
func (c *Client) Calendar(ctx context.Context, from, until time.Time, kind string) (out Calendar, err error) {
	return out, c.get(ctx, request{method: http.MethodGet, path: "/v1/calendar", query: calendarQuery(from, until, kind)}, &out)
}

// CalendarICS returns the same as iCalendar; the caller closes it.
func (c *Client) CalendarICS(ctx context.Context, from, until time.Time, kind string) (io.ReadCloser, error) {
	return c.body(ctx, "/v1/calendar.ics", calendarQuery(from, until, kind))
}

// DrillFinding is something that a drill showed to be wanting.
type DrillFinding struct {
	Number int        `json:"number"`
	Mended *time.Time `json:"mended"`
	By     string     `json:"by"`
}

// Drill is one exercise of a playbook.
type Drill struct {
	ID       string         `json:"id"`
	State    string         `json:"state"` // planned, held, cancelled or missed
	Playbook string         `json:"playbook"`
	Day      time.Time      `json:"day"`
	Planner  string         `json:"planner"`
	Held     *time.Time     `json:"held"`
	Holder   string         `json:"holder"`
	Result   string         `json:"result"`
	Took     int64          `json:"took_seconds"`
	Order    string         `json:"order"`
	Findings []DrillFinding `json:"findings"`
	Sealed   string         `json:"sealed"`
}

// DrillStanding says how a playbook stands with its drills.
type DrillStanding struct {
	Playbook string     `json:"playbook"`
	Names    PackNames  `json:"names"`
	Last     *Drill     `json:"last"`
	Next     *Drill     `json:"next"`
	Due      *time.Time `json:"due"`
	State    string     `json:"state"`
	Wanting  int        `json:"wanting"`
}

// DrillWords are what people wrote of a drill.
type DrillWords struct {
	Scenario string   `json:"scenario"`
	Report   string   `json:"report"`
	Findings []string `json:"findings"`
}

// DrillOutcome is what came of a drill.
type DrillOutcome struct {
	Held     time.Time `json:"held"`
	Result   string    `json:"result"`
	Took     int64     `json:"took_seconds,omitempty"`
	Order    string    `json:"order,omitempty"`
	Report   string    `json:"report"`
	Findings []string  `json:"findings,omitempty"`
}

func drillPath(id string) string { return "/v1/drills/" + url.PathEscape(id) }

// Drills returns a page of drills, those entered last first, and the cursor of the next one.
func (c *Client) Drills(ctx context.Context, l Listing) (list []Drill, next string, err error) {
	var page struct {
		Drills []Drill
		Next   string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/drills", query: l.query()}, &page)
	return page.Drills, page.Next, err
}

// DrillsStanding says of each playbook when it was exercised, and when it is due again.
func (c *Client) DrillsStanding(ctx context.Context) ([]DrillStanding, error) {
	var out struct{ Playbooks []DrillStanding }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/drills/standing"}, &out)
	return out.Playbooks, err
}

// PlanDrill puts a drill on the calendar.
func (c *Client) PlanDrill(ctx context.Context, playbook string, day time.Time, scenario string) (d Drill, err error) {
	return d, c.change(ctx, "/v1/drills", map[string]any{"playbook": playbook, "day": day, "scenario": scenario}, &d)
}

// Drill returns a drill.
func (c *Client) Drill(ctx context.Context, id string) (d Drill, err error) {
	return d, c.get(ctx, request{method: http.MethodGet, path: drillPath(id)}, &d)
}

// ReadDrill returns what people wrote of a drill. A record says that you read it.
func (c *Client) ReadDrill(ctx context.Context, id string) (w DrillWords, err error) {
	return w, c.get(ctx, request{method: http.MethodGet, path: drillPath(id) + "/words"}, &w)
}

// HoldDrill says that a drill was held.
func (c *Client) HoldDrill(ctx context.Context, id string, o DrillOutcome) (d Drill, err error) {
	return d, c.change(ctx, drillPath(id)+":hold", o, &d)
}

// CancelDrill takes a drill off the calendar.
func (c *Client) CancelDrill(ctx context.Context, id, why string) (d Drill, err error) {
	return d, c.change(ctx, drillPath(id)+":cancel", map[string]any{"why": why}, &d)
}

// MendDrill says that something that a drill found was mended.
func (c *Client) MendDrill(ctx context.Context, id string, finding int, why string) (d Drill, err error) {
	return d, c.change(ctx, drillPath(id)+":mend", map[string]any{"finding": finding, "why": why}, &d)
}

// CorrectionStep is how one step of a case of illegal output stands.
type CorrectionStep struct {
	Step     string        `json:"step"`
	State    string        `json:"state"` // open, done or skipped
	Due      time.Time     `json:"due"`
	At       *time.Time    `json:"at"`
	Entered  *time.Time    `json:"entered"`
	By       string        `json:"by"`
	How      string        `json:"how"`
	Evidence []IncidentRef `json:"evidence"`
	Needed   bool          `json:"needed"`
}

// Correction is one case after illegal output, without what people wrote.
type Correction struct {
	ID       string           `json:"id"`
	State    string           `json:"state"` // open, closed or dismissed
	Origin   string           `json:"origin"`
	About    []IncidentRef    `json:"about"`
	Function string           `json:"function"`
	Model    string           `json:"model"`
	Made     time.Time        `json:"made"`
	Found    time.Time        `json:"found"`
	Steps    []CorrectionStep `json:"steps"`
	Left     int              `json:"left"`
	Due      *time.Time       `json:"due"`
	Breaches []IncidentBreach `json:"breaches"`
	Opener   string           `json:"opener"`
	Closed   *time.Time       `json:"closed"`
	Closer   string           `json:"closer"`
	Sealed   string           `json:"sealed"`
}

// CorrectionDraft is what a case of illegal output is opened with.
type CorrectionDraft struct {
	Title    string        `json:"title"`
	Summary  string        `json:"summary,omitempty"`
	Origin   string        `json:"origin,omitempty"`
	About    []IncidentRef `json:"about,omitempty"`
	Function string        `json:"function,omitempty"`
	Model    string        `json:"model,omitempty"`
	Found    time.Time     `json:"found,omitzero"`
}

// CorrectionTaken is what a person says of a step.
type CorrectionTaken struct {
	Step     string        `json:"step"`
	Skip     bool          `json:"skip,omitempty"`
	At       time.Time     `json:"at"`
	How      string        `json:"how,omitempty"`
	Evidence []IncidentRef `json:"evidence,omitempty"`
	Note     string        `json:"note,omitempty"`
}

// CorrectionWords are what people wrote of a case.
type CorrectionWords struct {
	Title   string            `json:"title"`
	Summary string            `json:"summary"`
	Notes   map[string]string `json:"notes"`
}

func correctionPath(id string) string { return "/v1/corrections/" + url.PathEscape(id) }

// Corrections returns a page of cases, the newest first, and the cursor of the next one.
func (c *Client) Corrections(ctx context.Context, l Listing) (list []Correction, next string, err error) {
	var page struct {
		Corrections []Correction
		Next        string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/corrections", query: l.query()}, &page)
	return page.Corrections, page.Next, err
}

// OpenCorrection opens a case after illegal output.
func (c *Client) OpenCorrection(ctx context.Context, d CorrectionDraft) (v Correction, err error) {
	return v, c.change(ctx, "/v1/corrections", d, &v)
}

// Correction returns a case.
func (c *Client) Correction(ctx context.Context, id string) (v Correction, err error) {
	return v, c.get(ctx, request{method: http.MethodGet, path: correctionPath(id)}, &v)
}

// ReadCorrection returns what people wrote of a case. A record says that you read it.
func (c *Client) ReadCorrection(ctx context.Context, id string) (w CorrectionWords, err error) {
	return w, c.get(ctx, request{method: http.MethodGet, path: correctionPath(id) + "/words"}, &w)
}

// TakeCorrection says that a step was taken, or that there is nothing to do.
func (c *Client) TakeCorrection(ctx context.Context, id string, t CorrectionTaken) (v Correction, err error) {
	return v, c.change(ctx, correctionPath(id)+":take", t, &v)
}

// RetractCorrection says that a step was not taken after all.
func (c *Client) RetractCorrection(ctx context.Context, id, step, why string) (v Correction, err error) {
	return v, c.change(ctx, correctionPath(id)+":retract", map[string]any{"step": step, "why": why}, &v)
}

// JudgeCorrection does what asks for a reason alone: close, dismiss or reopen.
func (c *Client) JudgeCorrection(ctx context.Context, id, act, why string) (v Correction, err error) {
	return v, c.change(ctx, correctionPath(id)+":"+act, map[string]any{"why": why}, &v)
}
