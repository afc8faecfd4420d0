package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// Prompt is the text that a user must see before media with a face or voice are accepted.
type Prompt struct {
	Version   string        `json:"version"`
	Languages []PromptWords `json:"languages"`
}

// PromptWords is the prompt in one language.
type PromptWords struct {
	Language    string   `json:"language"` // zh or en
	Title       string   `json:"title"`
	Paragraphs  []string `json:"paragraphs"`
	Acknowledge string   `json:"acknowledge"`
	Digest      string   `json:"digest"`
}

// PromptShowing is one showing of the prompt to the user of an account.
type PromptShowing struct {
	ID           string     `json:"id"`
	State        string     `json:"state"` // shown or acknowledged
	Subject      string     `json:"subject"`
	Function     string     `json:"function"`
	Version      string     `json:"version"`
	Language     string     `json:"language"`
	Digest       string     `json:"digest"`
	Shown        time.Time  `json:"shown"`
	Acknowledged *time.Time `json:"acknowledged"`
	Depicted     string     `json:"depicted"` // self or others
}

// Assessment is an impact assessment. The description of the API says what the fields of its form mean.
type Assessment struct {
	ID       string          `json:"id"`
	State    string          `json:"state"` // proposed, approved, rejected, lapsed or superseded
	Form     json.RawMessage `json:"form"`
	Digest   string          `json:"digest"`
	Facts    string          `json:"facts"`
	Author   string          `json:"author"`
	Proposed time.Time       `json:"proposed"`
	Decider  string          `json:"decider"`
	Decided  *time.Time      `json:"decided"`
	Ended    *time.Time      `json:"ended"`
	Reason   colophon.Code   `json:"reason"`
}

// AssessmentState says whether a function has an assessment that covers it now.
type AssessmentState struct {
	State      string        `json:"state"` // current, stale, missing or adverse
	Assessment string        `json:"assessment"`
	Reason     colophon.Code `json:"reason"`
	Until      *time.Time    `json:"until"`
}

// Faces says how many people's faces are stored, and what is to be filed.
type Faces struct {
	Faces   int    `json:"faces"`
	Level   string `json:"level"` // below, warned or over
	Warning int    `json:"warning"`
	Limit   int    `json:"limit"`
	Open    int    `json:"open"`
	Overdue int    `json:"overdue"`
}

// FilingDuty is the duty to file the use of faces.
type FilingDuty struct {
	ID        string        `json:"id"`
	State     string        `json:"state"` // open, filed or dismissed
	Kind      string        `json:"kind"`  // first, change or cancel
	Faces     int           `json:"faces"`
	Since     time.Time     `json:"since"`
	Due       time.Time     `json:"due"`
	Unsure    []int         `json:"unsure"` // years whose holidays are not known
	Reference string        `json:"reference"`
	FiledAt   *time.Time    `json:"filed_at"`
	Proof     string        `json:"proof"`
	Reason    colophon.Code `json:"reason"`
	By        string        `json:"by"`
	Closed    *time.Time    `json:"closed"`
}

// change sends JSON that changes something, with an idempotency key, so that it is done once.
func (c *Client) change(ctx context.Context, path string, body, into any) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	r := request{method: http.MethodPost, path: path, header: http.Header{"Idempotency-Key": {key}}}
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r.header.Set("Content-Type", "application/json")
		r.body = bytes.NewReader(text)
	}
	return c.get(ctx, r, into)
}

// Prompt returns the current text in all languages.
func (c *Client) Prompt(ctx context.Context) (p Prompt, err error) {
	return p, c.get(ctx, request{method: http.MethodGet, path: "/v1/prompt"}, &p)
}

// ShowPrompt says that the current text is put before the user of an account, for a function, in a language.
func (c *Client) ShowPrompt(ctx context.Context, account, function, language string) (s PromptShowing, err error) {
	return s, c.change(ctx, "/v1/prompt-showings", map[string]string{"account": account, "function": function, "language": language}, &s)
}

// AcknowledgePrompt says that the user acknowledged what was shown. Depicted is self or others.
func (c *Client) AcknowledgePrompt(ctx context.Context, id, account, depicted string) (s PromptShowing, err error) {
	return s, c.change(ctx, "/v1/prompt-showings/"+url.PathEscape(id)+":acknowledge", map[string]string{"account": account, "depicted": depicted}, &s)
}

// PromptShowings returns a page of showings and the cursor of the next one, which is empty after the last.
func (c *Client) PromptShowings(ctx context.Context, l Listing) (list []PromptShowing, next string, err error) {
	var page struct {
		Showings []PromptShowing
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/prompt-showings", query: l.query()}, &page)
	return page.Showings, page.Next, err
}

// Assessments returns a page of assessments and the cursor of the next one, which is empty after the last.
func (c *Client) Assessments(ctx context.Context, l Listing) (list []Assessment, next string, err error) {
	var page struct {
		Assessments []Assessment
		Next        string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/assessments", query: l.query()}, &page)
	return page.Assessments, page.Next, err
}

// Assessment returns an assessment.
func (c *Client) Assessment(ctx context.Context, id string) (a Assessment, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/assessments/" + url.PathEscape(id)}, &a)
}

// AssessmentDocument returns an assessment as an HTML page in Chinese and English.
func (c *Client) AssessmentDocument(ctx context.Context, id string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/assessments/" + url.PathEscape(id) + "/document"})
}

// AssessmentState says whether a function is covered now.
func (c *Client) AssessmentState(ctx context.Context, function string) (a AssessmentState, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/assessments/state", query: url.Values{"function": {function}}}, &a)
}

// ProposeAssessment enters a form, which is JSON.
func (c *Client) ProposeAssessment(ctx context.Context, form json.RawMessage) (a Assessment, err error) {
	return a, c.change(ctx, "/v1/assessments", form, &a)
}

// ApproveAssessment approves what somebody else wrote.
func (c *Client) ApproveAssessment(ctx context.Context, id string) (a Assessment, err error) {
	return a, c.change(ctx, "/v1/assessments/"+url.PathEscape(id)+":approve", nil, &a)
}

// RejectAssessment rejects what somebody else wrote. The note stands in the sealed payload of the record alone.
func (c *Client) RejectAssessment(ctx context.Context, id string, reason colophon.Code, note string) (a Assessment, err error) {
	return a, c.change(ctx, "/v1/assessments/"+url.PathEscape(id)+":reject", map[string]any{"reason": reason, "note": note}, &a)
}

// WithdrawAssessment takes back what you wrote and nobody decided about.
func (c *Client) WithdrawAssessment(ctx context.Context, id, note string) (a Assessment, err error) {
	return a, c.change(ctx, "/v1/assessments/"+url.PathEscape(id)+":withdraw", map[string]any{"note": note}, &a)
}

// EndAssessment ends an assessment before its time.
func (c *Client) EndAssessment(ctx context.Context, id, note string) (a Assessment, err error) {
	return a, c.change(ctx, "/v1/assessments/"+url.PathEscape(id)+":end", map[string]any{"note": note}, &a)
}

// Faces returns how many people's faces are stored.
func (c *Client) Faces(ctx context.Context) (f Faces, err error) {
	return f, c.get(ctx, request{method: http.MethodGet, path: "/v1/faces"}, &f)
}

// FilingDuties returns a page of duties and the cursor of the next one, which is empty after the last.
func (c *Client) FilingDuties(ctx context.Context, l Listing) (list []FilingDuty, next string, err error) {
	var page struct {
		Duties []FilingDuty
		Next   string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/filing-duties", query: l.query()}, &page)
	return page.Duties, page.Next, err
}

// BeginFiling says that what was filed about faces changed, or ended: kind is change or cancel.
func (c *Client) BeginFiling(ctx context.Context, kind string, since time.Time) (d FilingDuty, err error) {
	return d, c.change(ctx, "/v1/filing-duties", map[string]any{"kind": kind, "since": since}, &d)
}

// FileFaces says how a duty was fulfilled; proof is the SHA-256 of the receipt.
func (c *Client) FileFaces(ctx context.Context, id, reference string, at time.Time, proof string) (d FilingDuty, err error) {
	return d, c.change(ctx, "/v1/filing-duties/"+url.PathEscape(id)+":file", map[string]any{"reference": reference, "at": at, "proof": proof}, &d)
}

// DismissFiling says why nothing is to be filed.
func (c *Client) DismissFiling(ctx context.Context, id, reason, note string) (d FilingDuty, err error) {
	return d, c.change(ctx, "/v1/filing-duties/"+url.PathEscape(id)+":dismiss", map[string]string{"reason": reason, "note": note}, &d)
}
