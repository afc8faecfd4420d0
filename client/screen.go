package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
)

// Query is what is to be judged.
type Query struct {
	Account      string // your own identifier of the account; empty for nobody's
	Surface      string // input, output or upload
	Class        string // of the account, as the policy knows it
	Service      string
	Function     string
	Conversation string // your own opaque name of it
	Parts        []Part // of a file none
	Context      []Part // what was said before
}

// Part is a piece of what is judged: text, or else a file.
type Part struct {
	Name string `json:"name"` // where it stands, once in a query
	By   string `json:"by,omitempty"`
	Text string `json:"text,omitempty"`
	Data []byte `json:"data,omitempty"`
}

// Judgement is what was found and decided. The description of the API says what the fields mean. Only what has
// the action allow or label passes as it is.
type Judgement struct {
	ID         string            `json:"id"`
	At         time.Time         `json:"at"`
	Action     string            `json:"action"`  // allow, label, limit, review or refuse
	Verdict    string            `json:"verdict"` // passed, failed or could-not-tell
	Findings   []ScreenFinding   `json:"findings"`
	Runs       []ScreenRun       `json:"runs"`
	Rows       []string          `json:"rows"`
	Unknown    []string          `json:"unknown"`
	Open       []string          `json:"open"`
	Help       []string          `json:"help"`
	Library    string            `json:"library"`
	Policy     string            `json:"policy"`
	Clauses    []colophon.Clause `json:"clauses"`
	Held       string            `json:"held"`
	ReportDuty string            `json:"report_duty"`
}

// ScreenFinding is one thing that a check saw.
type ScreenFinding struct {
	Check     string  `json:"check"`
	Feature   string  `json:"feature"`
	Category  string  `json:"category"`
	Level     string  `json:"level"`
	How       string  `json:"how"`
	Part      string  `json:"part"`
	Start     int64   `json:"start"`
	End       int64   `json:"end"`
	RuneStart int64   `json:"rune_start"`
	RuneEnd   int64   `json:"rune_end"`
	Score     float64 `json:"score"`
	Distance  int     `json:"distance"`
}

// ScreenRun is what became of one check.
type ScreenRun struct {
	Check        string    `json:"check"`
	Part         string    `json:"part"`
	Outcome      string    `json:"outcome"` // ran, not-run, error or bypassed
	Version      string    `json:"version"`
	Model        string    `json:"model"`
	Reason       *Sentence `json:"reason"`
	Microseconds int64     `json:"microseconds"`
	Cached       bool      `json:"cached"`
}

// header is the header of a query, with the media type of its body.
func (q Query) header(kind string) http.Header {
	h := http.Header{"Content-Type": {kind}}
	if q.Account != "" {
		h.Set("Colophon-Account", url.PathEscape(q.Account))
	}
	return h
}

// words are the words of a query that are set.
func (q Query) words() url.Values {
	return given(map[string]string{"surface": q.Surface, "class": q.Class, "service": q.Service, "function": q.Function})
}

func given(fields map[string]string) url.Values {
	values := url.Values{}
	for name, value := range fields {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// Screen has texts and small files judged before they go in or come out. It is sent once: a judgement is a record.
func (c *Client) Screen(ctx context.Context, q Query) (Judgement, error) {
	body := map[string]any{"parts": q.Parts}
	if q.Conversation != "" {
		body["conversation"] = q.Conversation
	}
	if len(q.Context) > 0 {
		body["context"] = q.Context
	}
	for name, values := range q.words() {
		body[name] = values[0]
	}
	var j Judgement
	return j, c.post(ctx, "/v1/screen", q.header("application/json"), body, &j)
}

// ScreenFile has a file of any size judged. The name may be empty. The query has no parts.
func (c *Client) ScreenFile(ctx context.Context, q Query, name string, file io.Reader) (Judgement, error) {
	values := q.words()
	if name != "" {
		values.Set("name", name)
	}
	var j Judgement
	return j, c.get(ctx, request{method: http.MethodPost, path: "/v1/screen:file", query: values, header: q.header("application/octet-stream"), body: file}, &j)
}

// post sends JSON.
func (c *Client) post(ctx context.Context, path string, header http.Header, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.get(ctx, request{method: http.MethodPost, path: path, header: header, body: bytes.NewReader(text)}, into)
}

// Listing says which page of a list is wanted. The filters are parameters of the route, by the description of the API.
type Listing struct {
	Filter url.Values
	Cursor string // next of the page before
	Limit  int    // the most that the page holds; 0 for what the server takes
}

func (l Listing) query() url.Values {
	values := given(map[string]string{"cursor": l.Cursor})
	if l.Limit > 0 {
		values.Set("limit", strconv.Itoa(l.Limit))
	}
	for name, list := range l.Filter {
		values[name] = list
	}
	return values
}

// FeatureEntry is what a proposal says about a feature.
type FeatureEntry struct {
	ID       string   `json:"id,omitempty"`
	Kind     string   `json:"kind,omitempty"`
	Value    string   `json:"value"`
	Aliases  []string `json:"aliases,omitempty"`
	Category string   `json:"category"`
	Level    string   `json:"level"`
	Language string   `json:"language,omitempty"`
	Source   string   `json:"source,omitempty"`
	From     string   `json:"from,omitempty"`
	Until    string   `json:"until,omitempty"`
	Anywhere bool     `json:"anywhere,omitempty"`
	Standard string   `json:"standard"`
	Reason   string   `json:"reason"`
}

// Feature is an entry of the feature library with how far it got.
type Feature struct {
	FeatureEntry
	State    string    `json:"state"`
	Batch    string    `json:"batch"`
	Proposer string    `json:"proposer"`
	Proposed time.Time `json:"proposed"`
	Reviewer string    `json:"reviewer"`
	Changed  time.Time `json:"changed"`
	Since    int64     `json:"since"`
	Gone     int64     `json:"gone"`
}

// FeatureBatch is what was proposed together.
type FeatureBatch struct {
	ID       string         `json:"id"`
	Proposer string         `json:"proposer"`
	Proposed time.Time      `json:"proposed"`
	Origin   string         `json:"origin"`
	Digest   string         `json:"digest"`
	Count    int            `json:"count"`
	States   map[string]int `json:"states"`
}

// Features returns a page of the feature library and the cursor of the next one, which is empty after the last.
func (c *Client) Features(ctx context.Context, l Listing) (list []Feature, next string, err error) {
	var page struct {
		Features []Feature
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/features", query: l.query()}, &page)
	return page.Features, page.Next, err
}

// Propose proposes features. People review them, and put them in force.
func (c *Client) Propose(ctx context.Context, origin string, features []FeatureEntry) (FeatureBatch, error) {
	var b FeatureBatch
	key, err := c.key()
	if err != nil {
		return b, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}}
	return b, c.post(ctx, "/v1/features", header, map[string]any{"origin": origin, "features": features}, &b)
}

// HeldItem is something that waits for a person, or waited. The description of the API says what the fields mean.
type HeldItem struct {
	ID         string        `json:"id"`
	State      string        `json:"state"` // waiting, taken, decided or expired
	Stage      string        `json:"stage"`
	Queue      string        `json:"queue"`
	Priority   int           `json:"priority"`
	Deadline   time.Time     `json:"deadline"`
	Subject    string        `json:"subject"`
	Surface    string        `json:"surface"`
	Function   string        `json:"function"`
	About      string        `json:"about"`
	Judgement  string        `json:"judgement"`
	Findings   []HeldFinding `json:"findings"`
	More       int           `json:"more"` // findings that are not listed
	Rows       []string      `json:"rows"`
	Library    string        `json:"library"`
	Policy     string        `json:"policy"`
	Content    string        `json:"content"`  // whole, restricted, erased or ended
	Reviewer   string        `json:"reviewer"` // staff account that has it
	Lease      *time.Time    `json:"lease"`
	Outcome    string        `json:"outcome"` // release, refuse or refuse-and-measure; of one that is not closed empty
	Reason     colophon.Code `json:"reason"`
	Measure    string        `json:"measure"`
	Overturned bool          `json:"overturned"`
	Created    time.Time     `json:"created"`
	Decided    *time.Time    `json:"decided"`
	Acted      *time.Time    `json:"acted"`
}

// HeldFinding is one thing for which an item is held.
type HeldFinding struct {
	Rule     string `json:"rule"`
	Category string `json:"category"`
	Level    string `json:"level"`
	High     bool   `json:"high"`
	Illegal  bool   `json:"illegal"`
	Part     string `json:"part"`
	Start    int64  `json:"start"`
	End      int64  `json:"end"`
}

// HeldItems returns a page of what waits for a person, or waited, and the cursor of the next one.
func (c *Client) HeldItems(ctx context.Context, l Listing) (list []HeldItem, next string, err error) {
	var page struct {
		Items []HeldItem
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/held", query: l.query()}, &page)
	return page.Items, page.Next, err
}

// HeldItem returns what became of something that a judgement held.
func (c *Client) HeldItem(ctx context.Context, id string) (HeldItem, error) {
	var it HeldItem
	return it, c.get(ctx, request{method: http.MethodGet, path: "/v1/held/" + url.PathEscape(id)}, &it)
}

// ReportDuty is the duty to report illegal content that was found.
type ReportDuty struct {
	ID         string        `json:"id"`
	State      string        `json:"state"` // open, filed or dismissed
	Judgement  string        `json:"judgement"`
	Categories []string      `json:"categories"`
	Subject    string        `json:"subject"`
	Opened     time.Time     `json:"opened"`
	Due        time.Time     `json:"due"`
	Channel    string        `json:"channel"`
	Reference  string        `json:"reference"`
	FiledAt    *time.Time    `json:"filed_at"`
	Attachment string        `json:"attachment"`
	Reason     colophon.Code `json:"reason"`
	By         string        `json:"by"`
	Closed     *time.Time    `json:"closed"`
}

// ReportDuties returns a page of the duties to report, and the cursor of the next one.
func (c *Client) ReportDuties(ctx context.Context, l Listing) (list []ReportDuty, next string, err error) {
	var page struct {
		Duties []ReportDuty
		Next   string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/report-duties", query: l.query()}, &page)
	return page.Duties, page.Next, err
}

// HeldBoard lists what you may take now, the most urgent first.
func (c *Client) HeldBoard(ctx context.Context, filter url.Values, limit int) ([]HeldItem, error) {
	var page struct{ Items []HeldItem }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/held/board", query: Listing{Filter: filter, Limit: limit}.query()}, &page)
	return page.Items, err
}

// NextHeld takes the most urgent item that fits. It is nil where nothing waits that you may take.
func (c *Client) NextHeld(ctx context.Context, filter url.Values) (*HeldItem, error) {
	var next struct{ Item *HeldItem }
	path := "/v1/held:next"
	if len(filter) > 0 {
		path += "?" + filter.Encode()
	}
	return next.Item, c.change(ctx, path, nil, &next)
}

// HeldFigures say how the work stands, and what was done in a period. The description of the API says what the fields mean.
type HeldFigures struct {
	Queues        []HeldQueue `json:"queues"`
	Decided       int         `json:"decided"`
	MedianSeconds int64       `json:"median_seconds"`
	Expired       int         `json:"expired"`
	Overturned    int         `json:"overturned"`
	Unacted       int         `json:"unacted"`
	DutiesOpen    int         `json:"duties_open"`
	DutiesOverdue int         `json:"duties_overdue"`
}

// HeldQueue says what waits in one queue.
type HeldQueue struct {
	Queue     string     `json:"queue"`
	Waiting   int        `json:"waiting"`
	Taken     int        `json:"taken"`
	Escalated int        `json:"escalated"`
	Oldest    *time.Time `json:"oldest"`
}

// HeldFigures returns the figures of a period, whose end is not included.
func (c *Client) HeldFigures(ctx context.Context, from, to time.Time) (f HeldFigures, err error) {
	q := url.Values{"from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)}}
	return f, c.get(ctx, request{method: http.MethodGet, path: "/v1/held/figures", query: q}, &f)
}

// StepHeld takes an item, or returns it: step is take or return.
func (c *Client) StepHeld(ctx context.Context, id, step string) (it HeldItem, err error) {
	return it, c.change(ctx, held(id)+":"+step, nil, &it)
}

// ExtendHeld keeps an item longer, and returns until when it is yours.
func (c *Client) ExtendHeld(ctx context.Context, id string) (time.Time, error) {
	var out struct{ Lease time.Time }
	return out.Lease, c.change(ctx, held(id)+":extend", nil, &out)
}

// HeldRuling is what somebody decides about an item.
type HeldRuling struct {
	Decision string        `json:"decision"` // release, refuse, refuse-and-measure or escalate
	Reason   colophon.Code `json:"reason,omitempty"`
	Measure  string        `json:"measure,omitempty"`
	Note     string        `json:"note,omitempty"`
}

// DecideHeld decides about an item that you have.
func (c *Client) DecideHeld(ctx context.Context, id string, r HeldRuling) (it HeldItem, err error) {
	return it, c.change(ctx, held(id)+":decide", r, &it)
}

// HeldContent is what waits, as it may be read.
type HeldContent struct {
	io.ReadCloser
	Format string // media type, or a word of whoever entered it
	Type   string // media type of the bytes
}

// HeldContent reads the content of an item that you have. A record says that you did. The caller closes it.
func (c *Client) HeldContent(ctx context.Context, id string) (*HeldContent, error) {
	resp, err := c.do(ctx, request{method: http.MethodGet, path: held(id) + "/content"})
	if err != nil {
		return nil, err
	}
	return &HeldContent{resp.Body, resp.Header.Get("Colophon-Held-Format"), resp.Header.Get("Content-Type")}, nil
}

func held(id string) string { return "/v1/held/" + url.PathEscape(id) }

// ReportDuty returns a duty to report.
func (c *Client) ReportDuty(ctx context.Context, id string) (ReportDuty, error) {
	list, _, err := c.ReportDuties(ctx, Listing{Filter: url.Values{"id": {id}}, Limit: 1})
	return only(list, err, "moderation-duty-missing")
}

// only is the one entry of a list that was asked for by its identifier.
func only[T any](list []T, err error, missing colophon.Code) (one T, _ error) {
	if err != nil {
		return one, err
	}
	if len(list) != 1 {
		return one, &Error{Status: http.StatusNotFound, Code: missing, Title: http.StatusText(http.StatusNotFound)}
	}
	return list[0], nil
}

// Filing says how a report was filed.
type Filing struct {
	Channel    string    `json:"channel"` // a lower-case word, such as 12377
	Reference  string    `json:"reference"`
	At         time.Time `json:"at"`
	Attachment string    `json:"attachment,omitempty"` // SHA-256 of what was handed in
}

// FileReport says how a report was filed.
func (c *Client) FileReport(ctx context.Context, id string, f Filing) (d ReportDuty, err error) {
	return d, c.change(ctx, "/v1/report-duties/"+url.PathEscape(id)+":file", f, &d)
}

// DismissReport says why nothing is to be filed.
func (c *Client) DismissReport(ctx context.Context, id string, reason colophon.Code, note string) (d ReportDuty, err error) {
	return d, c.change(ctx, "/v1/report-duties/"+url.PathEscape(id)+":dismiss", map[string]string{"reason": string(reason), "note": note}, &d)
}
