package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// RunModel is a model that runs can be made with.
type RunModel struct {
	Name     string `json:"name"`
	Function string `json:"function"`
	Serving  string `json:"serving"`
}

// RunPlan is what a run is of.
type RunPlan struct {
	Name       string            `json:"name"`
	Bank       string            `json:"bank"`
	Model      string            `json:"model"`
	Serving    string            `json:"serving,omitempty"`
	Function   string            `json:"function,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Seed       uint32            `json:"seed,omitempty"`
	Kinds      []string          `json:"kinds,omitempty"`
}

// RunProgress says how far a run is.
type RunProgress struct {
	Of       int `json:"of"`
	Asked    int `json:"asked"`
	Answered int `json:"answered"`
	Refused  int `json:"refused"`
	Failed   int `json:"failed"`
}

// TestRun is an assessment run. The description of the API says what the fields mean.
type TestRun struct {
	ID        string        `json:"id"`
	State     string        `json:"state"` // planned, running, judging, done or cancelled
	Made      time.Time     `json:"made"`
	Plan      RunPlan       `json:"plan"`
	Digest    string        `json:"digest"`
	Questions int           `json:"questions"`
	Kinds     []KindCount   `json:"kinds"`
	Planner   string        `json:"planner"`
	Started   *time.Time    `json:"started"`
	Asked     *time.Time    `json:"asked"`
	Judged    *time.Time    `json:"judged"`
	Ended     *time.Time    `json:"ended"`
	Wanted    bool          `json:"wanted"`
	Paused    bool          `json:"paused"`
	Trouble   colophon.Code `json:"trouble"`
	Said      string        `json:"said"`
	Drawn     []KindCount   `json:"drawn"`
	Reason    string        `json:"reason"`
	Sum       string        `json:"sum"`
	Progress  *RunProgress  `json:"progress"`
}

// Rate is a share with all that it is made of; shares are in parts per million.
type Rate struct {
	Hits    int `json:"hits"`
	Known   int `json:"known"`
	Unknown int `json:"unknown"`
	Share   int `json:"share"`
	Low     int `json:"low"`
	High    int `json:"high"`
}

// Kappa is Cohen's kappa, in parts per million.
type Kappa struct {
	Pairs   int  `json:"pairs"`
	Agreed  int  `json:"agreed"`
	Defined bool `json:"defined"`
	Value   int  `json:"value"`
}

// RunOutcomes counts what became of the questions of a topic; of all where there is none.
type RunOutcomes struct {
	Kind     string     `json:"kind"`
	Topic    *BankTopic `json:"topic"`
	Answered int        `json:"answered"`
	Refused  int        `json:"refused"`
	Failed   int        `json:"failed"`
	Unasked  int        `json:"unasked"`
}

// RunJudge says by what a machine judged.
type RunJudge struct {
	Name     string   `json:"name"`
	Method   string   `json:"method"`
	Versions []string `json:"versions"`
	Judged   int      `json:"judged"`
}

// RunRate is a share of answers that passed; of refusals, by outcome.
type RunRate struct {
	Kind   string     `json:"kind"`
	Method string     `json:"method"`
	Judge  string     `json:"judge"`
	Topic  *BankTopic `json:"topic"`
	Rate   Rate       `json:"rate"`
}

// RunReview says how people judged.
type RunReview struct {
	Panel   string `json:"panel"`
	Kind    string `json:"kind"`
	Items   int    `json:"items"`
	Settled int    `json:"settled"`
	Raters  int    `json:"raters"`
	Kappa   Kappa  `json:"kappa"`
}

// RunHeld is a figure of the standard held against a rate.
type RunHeld struct {
	ID              string `json:"id"`
	Kind            string `json:"kind"`
	Method          string `json:"method"`
	Judge           string `json:"judge"`
	Share           int    `json:"share"`
	AtMost          bool   `json:"at_most"`
	ShareSource     string `json:"share_source"`
	ShareConfidence string `json:"share_confidence"`
	Must            int    `json:"must"`
	MustSource      string `json:"must_source"`
	MustConfidence  string `json:"must_confidence"`
	Rate            Rate   `json:"rate"`
	Verdict         string `json:"verdict"`
}

// RunResult is what a run comes to, in figures.
type RunResult struct {
	Run       string        `json:"run"`
	Standard  string        `json:"standard"`
	Note      string        `json:"note"`
	Questions int           `json:"questions"`
	Asked     int           `json:"asked"`
	Phrases   int           `json:"phrases"`
	Before    int           `json:"before"`
	Held      []RunHeld     `json:"held"`
	Rates     []RunRate     `json:"rates"`
	Outcomes  []RunOutcomes `json:"outcomes"`
	Judges    []RunJudge    `json:"judges"`
	Reviews   []RunReview   `json:"reviews"`
}

// RunModels returns the models that can be assessed.
func (c *Client) RunModels(ctx context.Context) ([]RunModel, error) {
	var out struct{ Models []RunModel }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/run-models"}, &out)
	return out.Models, err
}

// TestRuns returns a page of runs, the newest first, and the cursor of the next one.
func (c *Client) TestRuns(ctx context.Context, l Listing) (list []TestRun, next string, err error) {
	var page struct {
		Runs []TestRun
		Next string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/runs", query: l.query()}, &page)
	return page.Runs, page.Next, err
}

func runPath(id string) string { return "/v1/runs/" + url.PathEscape(id) }

// TestRun returns a run and how far it is.
func (c *Client) TestRun(ctx context.Context, id string) (r TestRun, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: runPath(id)}, &r)
}

// PlanRun plans a run.
func (c *Client) PlanRun(ctx context.Context, p RunPlan) (r TestRun, err error) {
	p.Serving = ""
	return r, c.change(ctx, "/v1/runs", p, &r)
}

// StepRun starts, pauses or finishes a run, as the step says: start, pause, finish.
func (c *Client) StepRun(ctx context.Context, id, step string) (r TestRun, err error) {
	return r, c.change(ctx, runPath(id)+":"+step, nil, &r)
}

// CancelRun ends a run.
func (c *Client) CancelRun(ctx context.Context, id, reason string) (r TestRun, err error) {
	return r, c.change(ctx, runPath(id)+":cancel", map[string]any{"reason": reason}, &r)
}

// RunSample is a sample that was drawn.
type RunSample struct {
	Panel string `json:"panel"`
	Items int    `json:"items"`
	Of    int    `json:"of"`
	Short []struct {
		Topic string `json:"topic"`
		Units int    `json:"units"`
	} `json:"short"`
}

// SampleRun draws answers to questions of a kind for people to judge. With both numbers 0 as many as the yardsticks ask for.
func (c *Client) SampleRun(ctx context.Context, id, kind string, least, each int) (s RunSample, err error) {
	return s, c.change(ctx, runPath(id)+":sample", map[string]any{"kind": kind, "least": least, "each": each}, &s)
}

// RunResult returns what a run has come to by now.
func (c *Client) RunResult(ctx context.Context, id string) (r RunResult, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: runPath(id) + "/result"}, &r)
}

// RunReport returns the report of a run as html, docx or pdf; the caller closes it.
func (c *Client) RunReport(ctx context.Context, id, format, language string) (io.ReadCloser, error) {
	return c.body(ctx, runPath(id)+"/report", url.Values{"format": {format}, "language": {language}})
}

// PanelAbout says what a sample is of.
type PanelAbout struct {
	Sheet string `json:"sheet"`
	Kind  string `json:"kind"`
	Of    string `json:"of"`
	Name  string `json:"name"`
	Ask   string `json:"ask"`
	Open  bool   `json:"open"`
}

// PanelState counts items.
type PanelState struct {
	Waiting   int `json:"waiting"`
	Once      int `json:"once"`
	Disputed  int `json:"disputed"`
	Settled   int `json:"settled"`
	Withdrawn int `json:"withdrawn"`
}

// PanelTopic is what was judged of one topic.
type PanelTopic struct {
	Topic string `json:"topic"`
	Rate  Rate   `json:"rate"`
}

// Panel is a sample with what people judged of it.
type Panel struct {
	PanelAbout
	Items  int          `json:"items"`
	States PanelState   `json:"states"`
	Rate   Rate         `json:"rate"`
	Raters int          `json:"raters"`
	Kappa  Kappa        `json:"kappa"`
	Topics []PanelTopic `json:"topics"`
}

// PanelItem is an item of a sample as a reviewer has it.
type PanelItem struct {
	ID      string        `json:"id"`
	Sheet   string        `json:"sheet"`
	Unit    string        `json:"unit"`
	Until   time.Time     `json:"until"`
	About   PanelAbout    `json:"about"`
	Content *PanelContent `json:"content"`
}

// PanelContent is what a reviewer sees of an item.
type PanelContent struct {
	Topic string `json:"topic"`
	Parts []struct {
		Name string `json:"name"`
		Text string `json:"text"`
		Cut  bool   `json:"cut"`
		URL  string `json:"url"`
	} `json:"parts"`
	Facts []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"facts"`
}

// Panels returns the samples that people judge.
func (c *Client) Panels(ctx context.Context) ([]Panel, error) {
	var out struct{ Panels []Panel }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/panels"}, &out)
	return out.Panels, err
}

func panelPath(sheet string) string { return "/v1/panels/" + url.PathEscape(sheet) }

// Panel returns a sample with what people judged of it.
func (c *Client) Panel(ctx context.Context, sheet string) (p Panel, err error) {
	return p, c.get(ctx, request{method: http.MethodGet, path: panelPath(sheet)}, &p)
}

// NextPanelItem takes an item of a sample to judge; nil where there is none. What it says is asked for after it.
func (c *Client) NextPanelItem(ctx context.Context, sheet string) (*PanelItem, error) {
	var out struct{ Item *PanelItem }
	err := c.change(ctx, panelPath(sheet)+":next", nil, &out)
	return out.Item, err
}

// PanelItem returns an item that one has, with what it says.
func (c *Client) PanelItem(ctx context.Context, id string) (it PanelItem, err error) {
	return it, c.get(ctx, request{method: http.MethodGet, path: "/v1/panel-items/" + url.PathEscape(id)}, &it)
}

// JudgePanelItem says what one judges of an item that one has: passed, failed or could-not-tell.
func (c *Client) JudgePanelItem(ctx context.Context, id, verdict, note string) error {
	return c.change(ctx, "/v1/panel-items/"+url.PathEscape(id)+":judge", map[string]any{"verdict": verdict, "note": note}, &struct{}{})
}
