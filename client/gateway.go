package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// Model is a model behind the server.
type Model struct {
	ID    string     `json:"id"`
	About ModelAbout `json:"colophon"`
}

// ModelAbout is what the server says of a model.
type ModelAbout struct {
	Service   string   `json:"service,omitempty"`
	Function  string   `json:"function,omitempty"`
	Class     string   `json:"class,omitempty"`     // of Deep Synthesis Provisions Art. 17
	Notice    string   `json:"notice,omitempty"`    // start, end, both or interface
	Screening string   `json:"screening"`           // of streams: strict, live or full
	Endpoints []string `json:"endpoints,omitempty"` // empty for all
}

// TargetHealth is how a place does at which a model is served.
type TargetHealth struct {
	Model    string        `json:"model"`
	Target   string        `json:"target"`
	State    string        `json:"state"` // up, down or trying
	Failures int           `json:"failures"`
	Code     colophon.Code `json:"code,omitempty"`
	Changed  *time.Time    `json:"changed,omitempty"`
	Until    *time.Time    `json:"until,omitempty"`
	Running  int           `json:"running"`
}

// ModelPrompt is what a model of text is asked.
type ModelPrompt struct {
	Model        string
	Text         string
	Account      string // your own identifier
	Function     string // of the register; empty for the model's own
	Conversation string
	Purpose      string   // what the likeness of people is used for, as their consents name it
	Consents     []string // tokens, one for each person whose face or voice is used
}

// header is the header of a call, with the media type of its body.
func (p ModelPrompt) header() http.Header {
	h := jsonBody()
	h.Set("Colophon-Account", url.PathEscape(p.Account))
	for name, value := range map[string]string{"Function": p.Function, "Conversation": p.Conversation, "Purpose": p.Purpose, "Consent": strings.Join(p.Consents, ",")} {
		if value != "" {
			h.Set("Colophon-"+name, value)
		}
	}
	return h
}

// ModelAnswer is what a model said, as it was handed out.
type ModelAnswer struct {
	Number string          `json:"number"`           // content number
	Text   string          `json:"text"`             // with the notice that stands in it
	Notice string          `json:"notice"`           // where that is
	Label  json.RawMessage `json:"label,omitempty"`  // the AIGC object
	Finish string          `json:"finish,omitempty"` // why it ended: stop, length, content_filter
}

// Models returns the models that the key may ask.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	var page struct{ Data []Model }
	return page.Data, c.get(ctx, request{method: http.MethodGet, path: "/v1/models"}, &page)
}

// GatewayHealth returns how the places do at which models are served.
func (c *Client) GatewayHealth(ctx context.Context) ([]TargetHealth, error) {
	var page struct{ Targets []TargetHealth }
	return page.Targets, c.get(ctx, request{method: http.MethodGet, path: "/v1/gateway/health"}, &page)
}

// maxEvent is the longest event of a stream, in bytes.
const maxEvent = 4 << 20

// Ask asks a model and hands out each piece of its answer as it comes. It is sent once: an answer is a record.
func (c *Client) Ask(ctx context.Context, p ModelPrompt, piece func(string) error) (a ModelAnswer, err error) {
	body, err := json.Marshal(map[string]any{"model": p.Model, "stream": true, "messages": []map[string]string{{"role": "user", "content": p.Text}}})
	if err != nil {
		return a, err
	}
	h := p.header()
	h.Set("Accept", "text/event-stream")
	resp, err := c.do(ctx, request{method: http.MethodPost, path: "/v1/chat/completions", header: h, body: bytes.NewReader(body)})
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	a.Number, a.Notice = resp.Header.Get("Colophon-Number"), resp.Header.Get("Colophon-Notice")
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if data = strings.TrimSpace(data); !ok || data == "" {
			continue
		}
		if data == "[DONE]" {
			return a, nil
		}
		text, err := a.take([]byte(data))
		if err == nil && text != "" {
			err = piece(text)
		}
		if err != nil {
			return a, err
		}
	}
	return a, errors.Join(errors.New("colophon: the answer broke off"), lines.Err())
}

// take takes one event of a stream.
func (a *ModelAnswer) take(data []byte) (string, error) {
	var e struct {
		Label   json.RawMessage `json:"AIGC"`
		Choices []struct {
			Delta  struct{ Content string }
			Finish string `json:"finish_reason"`
		}
		Error json.RawMessage
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return "", err
	}
	if len(e.Error) > 0 && string(e.Error) != "null" {
		if told := dialect(data, 0); told != nil {
			return "", told
		}
		return "", errors.New("colophon: the model failed")
	}
	if a.Label == nil {
		a.Label = e.Label
	}
	if len(e.Choices) == 0 {
		return "", nil
	}
	if why := e.Choices[0].Finish; why != "" {
		a.Finish = why
	}
	a.Text += e.Choices[0].Delta.Content
	return e.Choices[0].Delta.Content, nil
}

// dialect is the error in an answer of a route to models, which has the shape of OpenAI's; nil where it has not.
func dialect(text []byte, status int) *Error {
	var body struct {
		Error *struct {
			Message      string
			Code, Reason colophon.Code
			Args         colophon.Args
			Clauses      []colophon.Clause
			RequestID    string `json:"request_id"`
		}
	}
	if json.Unmarshal(text, &body) != nil || body.Error == nil || body.Error.Code == "" {
		return nil
	}
	e := &Error{Status: status, Code: body.Error.Code, Title: body.Error.Message, Args: body.Error.Args, Clauses: body.Error.Clauses, RequestID: body.Error.RequestID}
	if body.Error.Reason != "" {
		e.Code = body.Error.Reason
	}
	return e
}

// UpstreamKey is a key by which models behind the gateway know the server, without its text.
type UpstreamKey struct {
	Name    string    `json:"name"`
	Tail    string    `json:"tail"` // last four digits of the SHA-256 of the text
	By      string    `json:"by,omitempty"`
	Changed time.Time `json:"changed"`
}

// UpstreamKeys returns the keys that are set.
func (c *Client) UpstreamKeys(ctx context.Context) ([]UpstreamKey, error) {
	var list struct{ Keys []UpstreamKey }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/upstream-keys"}, &list)
	return list.Keys, err
}

// SetUpstreamKey sets a key, or replaces it.
func (c *Client) SetUpstreamKey(ctx context.Context, name, text string) (k UpstreamKey, err error) {
	return k, c.change(ctx, "/v1/upstream-keys", map[string]string{"name": name, "text": text}, &k)
}

// RemoveUpstreamKey removes a key.
func (c *Client) RemoveUpstreamKey(ctx context.Context, name string) error {
	resp, err := c.do(ctx, request{method: http.MethodDelete, path: "/v1/upstream-keys/" + url.PathEscape(name)})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// UsageQuery says which usage is wanted; the zero value means all.
type UsageQuery struct {
	Account string `json:"account,omitempty"` // your own identifier, or else its pseudonym
	Subject string `json:"subject,omitempty"`
	Model   string `json:"model,omitempty"`
	From    string `json:"from,omitempty"` // days, in UTC: 2026-11-22
	To      string `json:"to,omitempty"`
	Sum     bool   `json:"sum,omitempty"`    // adds the days up
	Cursor  string `json:"cursor,omitempty"` // next of the page before
	Limit   int    `json:"limit,omitempty"`  // the most that the page holds; 0 for what the server takes
}

// Usage is what an account used of a model on one day, or in all the time that was asked for.
type Usage struct {
	Day      string `json:"day,omitempty"` // empty of a sum
	Subject  string `json:"subject"`
	Model    string `json:"model"`
	Requests int64  `json:"requests"`
	Blocked  int64  `json:"blocked"`
	Input    int64  `json:"input"`
	Output   int64  `json:"output"`
}

// Usage returns a page of usage, and the cursor of the next one, which is empty after the last.
func (c *Client) Usage(ctx context.Context, q UsageQuery) (list []Usage, next string, err error) {
	var page struct {
		Usage []Usage
		Next  string
	}
	r, err := usageRequest("/v1/usage:query", q)
	if err == nil {
		err = c.get(ctx, r, &page)
	}
	return page.Usage, page.Next, err
}

// UsageCSV writes all usage as CSV.
func (c *Client) UsageCSV(ctx context.Context, q UsageQuery, w io.Writer) error {
	q.Cursor, q.Limit = "", 0
	r, err := usageRequest("/v1/usage:export", q)
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

func usageRequest(path string, q UsageQuery) (request, error) {
	text, err := json.Marshal(q)
	return request{method: http.MethodPost, path: path, header: http.Header{"Content-Type": {"application/json"}}, body: bytes.NewReader(text)}, err
}

// Overview is what people are told at a glance. A part that the key may not know, or that could not be told, is nil.
type Overview struct {
	At        time.Time          `json:"at"`
	From      time.Time          `json:"from"`
	To        time.Time          `json:"to"`
	Waiting   []OverviewWaiting  `json:"waiting,omitempty"` // of all kinds that the key may know
	Coverage  *OverviewCoverage  `json:"coverage,omitempty"`
	Screening *OverviewScreening `json:"screening,omitempty"`
	Gateway   *OverviewGateway   `json:"gateway,omitempty"`
	Log       *OverviewLog       `json:"log,omitempty"`
	Untold    []string           `json:"untold"` // parts that could not be told
}

// OverviewWaiting is how much of a kind waits for a person. The description of the API says what the kinds are.
type OverviewWaiting struct {
	Kind  string     `json:"kind"`
	Count int64      `json:"count"`
	Late  int64      `json:"late,omitempty"` // past their time
	Since *time.Time `json:"since,omitempty"`
}

// OverviewMade is how much was made, and what became of it.
type OverviewMade struct {
	Made    int64 `json:"made"`
	Marked  int64 `json:"marked"`
	Waiting int64 `json:"waiting"`
	Failed  int64 `json:"failed"`
}

// OverviewMadeAt is how much was made in one step.
type OverviewMadeAt struct {
	At time.Time `json:"at"`
	OverviewMade
}

// OverviewMadeBy is how much was made by a function or in a format.
type OverviewMadeBy struct {
	Name    string `json:"name"`
	Service string `json:"service,omitempty"` // of a registered function
	OverviewMade
}

// OverviewCoverage says how much of what was made is marked.
type OverviewCoverage struct {
	Total     OverviewMade     `json:"total"`
	Steps     []OverviewMadeAt `json:"steps"`
	Functions []OverviewMadeBy `json:"functions"`
	Formats   []OverviewMadeBy `json:"formats"`
	Kept      *time.Time       `json:"kept"` // when days before yesterday were counted; nil where all was counted now
}

// OverviewJudged is how judgements came out.
type OverviewJudged struct {
	Allowed  int64 `json:"allowed"`
	Labelled int64 `json:"labelled"`
	Limited  int64 `json:"limited"`
	Held     int64 `json:"held"`
	Refused  int64 `json:"refused"`
	Untold   int64 `json:"untold"` // of all these, where something could not be checked
}

// OverviewJudgedAt is how judgements of one step came out.
type OverviewJudgedAt struct {
	At time.Time `json:"at"`
	OverviewJudged
}

// OverviewJudgedOn is how judgements of one surface came out.
type OverviewJudgedOn struct {
	Surface string `json:"surface"`
	OverviewJudged
}

// OverviewFound is in how many judgements a category was found.
type OverviewFound struct {
	Category string `json:"category"`
	Count    int64  `json:"count"`
}

// OverviewScreening says how judgements came out.
type OverviewScreening struct {
	Total      OverviewJudged     `json:"total"`
	Steps      []OverviewJudgedAt `json:"steps"`
	Surfaces   []OverviewJudgedOn `json:"surfaces"`
	Categories []OverviewFound    `json:"categories"`
	Kept       *time.Time         `json:"kept"` // when days before yesterday were counted; nil where all was counted now
}

// OverviewUsed is what was asked of a model on a day, in UTC.
type OverviewUsed struct {
	Day      string `json:"day"`
	Model    string `json:"model"`
	Requests int64  `json:"requests"`
	Blocked  int64  `json:"blocked"`
	Input    int64  `json:"input"`
	Output   int64  `json:"output"`
}

// OverviewPulse is how calls of models did in one minute, or in the last hour.
type OverviewPulse struct {
	At       time.Time `json:"at"`
	Calls    int64     `json:"calls"`
	Filtered int64     `json:"filtered"`
	Failed   int64     `json:"failed"`
	P50      *float64  `json:"p50_milliseconds,omitempty"` // until an answer begins
	P99      *float64  `json:"p99_milliseconds,omitempty"`
}

// OverviewGateway says how models do. Hour and minutes are of the node that answers.
type OverviewGateway struct {
	Days    []OverviewUsed  `json:"days"`
	Hour    OverviewPulse   `json:"hour"`
	Minutes []OverviewPulse `json:"minutes"`
	Targets []TargetHealth  `json:"targets"`
}

// OverviewLog says how the evidence log stands.
type OverviewLog struct {
	Size    uint64     `json:"size"` // leaves under the last checkpoint
	Records int64      `json:"records"`
	Waiting int64      `json:"waiting"` // records that the log does not have yet
	Since   *time.Time `json:"since,omitempty"`
	Covered *time.Time `json:"covered,omitempty"` // of the last record that the checkpoint covers
}

// OverviewQuery says what the overview is to tell; the zero value means everything, of the last seven days, by the hour.
type OverviewQuery struct {
	From, To time.Time
	Step     string   // hour or day, in UTC
	Parts    []string // waiting, coverage, screening, gateway, log
}

// Overview returns how everything stands, as far as the key may know it.
func (c *Client) Overview(ctx context.Context, q OverviewQuery) (o Overview, err error) {
	query := url.Values{"part": q.Parts}
	for name, at := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	if q.Step != "" {
		query.Set("step", q.Step)
	}
	return o, c.get(ctx, request{method: http.MethodGet, path: "/v1/overview", query: query}, &o)
}

// Drawn is a picture, sound or film that a model made, as it was handed out.
type Drawn struct {
	Number string `json:"content_number"`
	Data   []byte `json:"b64_json"`
}

// Draw has a model make a picture, such as of size 512x512. It is sent once: a picture is a record.
func (c *Client) Draw(ctx context.Context, p ModelPrompt, size string) ([]Drawn, error) {
	resp, err := c.ask(ctx, p, "/v1/images/generations", map[string]any{"model": p.Model, "prompt": p.Text, "size": size, "response_format": "b64_json"})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var made struct{ Data []Drawn }
	return made.Data, json.NewDecoder(resp.Body).Decode(&made)
}

// ask has a model asked in one body.
func (c *Client) ask(ctx context.Context, p ModelPrompt, path string, what map[string]any) (*http.Response, error) {
	body, err := json.Marshal(what)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, request{method: http.MethodPost, path: path, header: p.header(), body: bytes.NewReader(body)})
}

// Speak has a model speak a text in a voice, into a file of a format such as wav. It is sent once: a sound is a record.
func (c *Client) Speak(ctx context.Context, p ModelPrompt, voice, format string) (d Drawn, err error) {
	resp, err := c.ask(ctx, p, "/v1/audio/speech", map[string]any{"model": p.Model, "input": p.Text, "voice": voice, "response_format": format})
	if err != nil {
		return d, err
	}
	defer resp.Body.Close()
	d.Number = resp.Header.Get("Colophon-Content")
	d.Data, err = io.ReadAll(resp.Body)
	return d, err
}

// ErrFilm says that a model could not make a film, or that the film may not leave. The [Error] beside it has the code of why, and
// its number.
var ErrFilm = errors.New("colophon: there is no film")

// Film has a model make a film, such as of size 320x240, and looks every now and then whether it is there. For one that a person
// has to look at it does not wait: that takes days. It is sent once: a film is a record.
func (c *Client) Film(ctx context.Context, p ModelPrompt, seconds int, size string, every time.Duration) (d Drawn, err error) {
	resp, err := c.ask(ctx, p, "/v1/videos", map[string]any{"model": p.Model, "prompt": p.Text, "seconds": strconv.Itoa(seconds), "size": size})
	if err != nil {
		return d, err
	}
	var film struct {
		ID, Status, Held string
		Error            struct{ Message colophon.Code }
	}
	err = errors.Join(json.NewDecoder(resp.Body).Decode(&film), resp.Body.Close())
	for err == nil && film.Status != "completed" {
		if film.Held != "" {
			film.Status, film.Error.Message = "failed", "gateway-media-held"
		}
		if film.Status == "failed" {
			return d, errors.Join(ErrFilm, &Error{Status: http.StatusUnprocessableEntity, Code: film.Error.Message, Title: string(film.Error.Message), Args: colophon.Args{"number": film.ID, "held": film.Held}})
		}
		if err = c.config.Sleep(ctx, every); err == nil {
			err = c.get(ctx, request{method: http.MethodGet, path: "/v1/videos/" + url.PathEscape(film.ID)}, &film)
		}
	}
	if err != nil {
		return d, err
	}
	if resp, err = c.do(ctx, request{method: http.MethodGet, path: "/v1/videos/" + url.PathEscape(film.ID) + "/content"}); err != nil {
		return d, err
	}
	defer resp.Body.Close()
	d.Number = film.ID
	d.Data, err = io.ReadAll(resp.Body)
	return d, err
}
