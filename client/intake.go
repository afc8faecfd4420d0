package client

import (
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
)

// Uploaded says what is known of a file that somebody uploads to a platform.
type Uploaded struct {
	Account     string // your own identifier of the uploader's account; empty for none
	Declaration string // generated, not-generated or silent; empty for silent
	Asked       bool   // whether the uploader was asked to declare
	Number      string // your own content number for the label; empty for one that is drawn
	Name        string // file name, for formats that are known by it
	// Key is an idempotency key of yours; empty for one that is drawn.
	Key string
}

func (u Uploaded) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"declaration": u.Declaration, "number": u.Number, "name": u.Name} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if u.Asked {
		q.Set("asked", strconv.FormatBool(u.Asked))
	}
	return q
}

// Intake is what was said of an upload. The description of the API says what the fields mean.
type Intake struct {
	ID          string            `json:"id"`
	State       string            `json:"state"` // confirmed, possible, suspected or none
	Complete    bool              `json:"complete"`
	Declaration string            `json:"declaration"`
	Asked       bool              `json:"asked"`
	Sentence    string            `json:"sentence"`
	Notice      map[string]string `json:"notice,omitempty"` // what has to be shown around the content, in zh and en
	Reasons     []IntakeReason    `json:"reasons,omitempty"`
	Findings    []Finding         `json:"findings,omitempty"`
	Action      string            `json:"action"`           // propagated, labelled, sidecar, left or refused
	Recall      string            `json:"recall,omitempty"` // seen, not-seen or could-not-tell; empty where nobody looked
	Recalls     []IntakeRecall    `json:"recalls,omitempty"`
	Warning     map[string]string `json:"warning,omitempty"` // what has to be shown around what was refuted, in zh and en
	Place       string            `json:"place,omitempty"`
	Label       map[string]string `json:"label,omitempty"`
	Number      string            `json:"number,omitempty"`
	Format      string            `json:"format,omitempty"`
	Size        int64             `json:"size"`
	Before      string            `json:"before"`
	Stored      int64             `json:"stored,omitempty"`
	After       string            `json:"after,omitempty"` // empty where the file is as it was
	Until       *time.Time        `json:"content_until,omitempty"`
	Deliveries  int               `json:"deliveries"`
	Scan        string            `json:"scan,omitempty"`
	Created     time.Time         `json:"created"`
}

// IntakeReason is one thing that a state rests on, or that was looked for in vain.
type IntakeReason struct {
	By       string        `json:"by"`
	Version  string        `json:"version,omitempty"`
	Outcome  string        `json:"outcome"` // seen, not-seen or could-not-tell
	Code     colophon.Code `json:"code"`
	Args     colophon.Args `json:"args,omitempty"`
	Sentence string        `json:"sentence"`
}

// IntakeRecall is what somebody said is false about an upload, or about content that it is like.
type IntakeRecall struct {
	Refutation string     `json:"refutation"`
	Source     string     `json:"source,omitempty"` // the feed that it came from; empty for a refutation of this service
	Claim      TextPair   `json:"claim"`
	Verdict    string     `json:"verdict"` // false, altered, out-of-context or unproven
	Reason     TextPair   `json:"reason"`
	URL        string     `json:"url,omitempty"`
	Since      *time.Time `json:"since,omitempty"`
	Likeness
}

// Likeness says how a refutation fits to content.
type Likeness struct {
	How     string  `json:"how"` // number, digest, likeness or text
	Certain bool    `json:"certain"`
	Bits    int     `json:"bits,omitempty"`
	Share   float64 `json:"share,omitempty"`
}

// TakeIn hands in an upload. [Client.IntakeContent] fetches the file where it got the platform's elements.
func (c *Client) TakeIn(ctx context.Context, u Uploaded, file io.Reader) (i Intake, err error) {
	if u.Key == "" {
		if u.Key, err = c.key(); err != nil {
			return i, err
		}
	}
	header := http.Header{"Idempotency-Key": {u.Key}, "Content-Type": {"application/octet-stream"}}
	if u.Account != "" {
		header.Set("Colophon-Account", url.PathEscape(u.Account))
	}
	return i, c.get(ctx, request{method: http.MethodPost, path: "/v1/intake", query: u.query(), header: header, body: file}, &i)
}

// IntakeItem is one file of a batch: what was said of it, or why it could not be taken in.
type IntakeItem struct {
	Intake  *Intake `json:"intake"`
	Problem *Error  `json:"problem"`
}

// UploadedFile is one file of a batch.
type UploadedFile struct {
	Uploaded
	File io.Reader
}

// TakeInAll hands in several files in one request. It is sent once.
func (c *Client) TakeInAll(ctx context.Context, files ...UploadedFile) ([]IntakeItem, error) {
	from, to := io.Pipe()
	form := multipart.NewWriter(to)
	go func() { to.CloseWithError(writeForm(form, files)) }()
	defer from.Close()
	var out struct{ Items []IntakeItem }
	err := c.get(ctx, request{method: http.MethodPost, path: "/v1/intake:batch", header: http.Header{"Content-Type": {form.FormDataContentType()}}, body: from, size: -1}, &out)
	return out.Items, err
}

func writeForm(form *multipart.Writer, files []UploadedFile) error {
	for _, f := range files {
		for _, field := range [][2]string{{"declaration", f.Declaration}, {"number", f.Number}, {"account", f.Account}, {"asked", strconv.FormatBool(f.Asked)}} {
			if field[1] == "" {
				continue
			}
			if err := form.WriteField(field[0], field[1]); err != nil {
				return err
			}
		}
		name := f.Name
		if name == "" {
			name = "file"
		}
		part, err := form.CreateFormFile("file", name)
		if err != nil {
			return err
		}
		if _, err := io.Copy(part, f.File); err != nil {
			return err
		}
	}
	return form.Close()
}

// Intake returns what was said of an upload.
func (c *Client) Intake(ctx context.Context, id string) (i Intake, err error) {
	return i, c.get(ctx, request{method: http.MethodGet, path: "/v1/intake/" + url.PathEscape(id)}, &i)
}

// Intakes returns a page of uploads, the newest first, and the cursor of the next one, which is empty after the last.
func (c *Client) Intakes(ctx context.Context, l Listing) (list []Intake, next string, err error) {
	var page struct {
		Intakes []Intake
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/intake", query: l.query()}, &page)
	return page.Intakes, page.Next, err
}

// IntakeContent fetches the file with the platform's elements.
func (c *Client) IntakeContent(ctx context.Context, id string) (*Content, error) {
	return contentOf(c.do(ctx, request{method: http.MethodGet, path: "/v1/intake/" + url.PathEscape(id) + "/content"}))
}

// IntakeSidecar fetches the label file of an upload that can't hold the elements.
func (c *Client) IntakeSidecar(ctx context.Context, id string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/intake/" + url.PathEscape(id) + "/sidecar"})
}

// BucketScan is a scan of a bucket, or what is asked of one.
type BucketScan struct {
	ID          string         `json:"id,omitempty"`
	State       string         `json:"state,omitempty"` // running, done or stopped
	Bucket      string         `json:"bucket"`
	Prefix      string         `json:"prefix,omitempty"`
	To          string         `json:"to,omitempty"`
	Tag         bool           `json:"tag,omitempty"`
	Declaration string         `json:"declaration,omitempty"`
	Asked       bool           `json:"asked,omitempty"`
	Files       int64          `json:"files,omitempty"`
	Bytes       int64          `json:"bytes,omitempty"`
	States      map[string]int `json:"states,omitempty"`
	Troubles    int            `json:"troubles,omitempty"`
	Recalled    int            `json:"recalled,omitempty"` // files that were refuted
	Alike       int            `json:"alike,omitempty"`    // files that are like what was refuted
	Created     time.Time      `json:"created,omitzero"`
	Changed     time.Time      `json:"changed,omitzero"`
	Ended       *time.Time     `json:"ended,omitempty"`
}

// BeginScan has a bucket scanned: of what is given bucket, prefix, to, tag, declaration and asked count.
func (c *Client) BeginScan(ctx context.Context, s BucketScan) (out BucketScan, err error) {
	return out, c.change(ctx, "/v1/intake-scans", BucketScan{Bucket: s.Bucket, Prefix: s.Prefix, To: s.To, Tag: s.Tag, Declaration: s.Declaration, Asked: s.Asked}, &out)
}

// Scan returns how far a scan is.
func (c *Client) Scan(ctx context.Context, id string) (s BucketScan, err error) {
	return s, c.get(ctx, request{method: http.MethodGet, path: "/v1/intake-scans/" + url.PathEscape(id)}, &s)
}

// Scans returns a page of scans, the newest first, and the cursor of the next one.
func (c *Client) Scans(ctx context.Context, l Listing) (list []BucketScan, next string, err error) {
	var page struct {
		Scans []BucketScan
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/intake-scans", query: l.query()}, &page)
	return page.Scans, page.Next, err
}

// StopScan stops a scan.
func (c *Client) StopScan(ctx context.Context, id string) (s BucketScan, err error) {
	return s, c.change(ctx, "/v1/intake-scans/"+url.PathEscape(id)+":stop", nil, &s)
}

// Webhook is a program that is told what happens.
type Webhook struct {
	ID      string    `json:"id"`
	State   string    `json:"state"` // active, paused, gone or removed
	Host    string    `json:"host"`
	Types   []string  `json:"types"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
	Secret  string    `json:"secret,omitempty"` // when it was just made, and never again
}

// Webhooks lists the programs that are told what happens.
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	var page struct{ Webhooks []Webhook }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/webhooks"}, &page)
	return page.Webhooks, err
}

// Webhook returns one of them.
func (c *Client) Webhook(ctx context.Context, id string) (w Webhook, err error) {
	return w, c.get(ctx, request{method: http.MethodGet, path: "/v1/webhooks/" + url.PathEscape(id)}, &w)
}

// AddWebhook has a program told of events of some types; * stands for all.
func (c *Client) AddWebhook(ctx context.Context, address string, types ...string) (w Webhook, err error) {
	return w, c.change(ctx, "/v1/webhooks", map[string]any{"url": address, "types": types}, &w)
}

// TestWebhook has a message sent that says nothing.
func (c *Client) TestWebhook(ctx context.Context, id string) (m WebhookMessage, err error) {
	return m, c.change(ctx, "/v1/webhooks/"+url.PathEscape(id)+":test", nil, &m)
}

// StepWebhook has something done with a webhook: rotate, pause or resume.
func (c *Client) StepWebhook(ctx context.Context, id, step string) (w Webhook, err error) {
	return w, c.change(ctx, "/v1/webhooks/"+url.PathEscape(id)+":"+step, nil, &w)
}

// RemoveWebhook removes a webhook for good.
func (c *Client) RemoveWebhook(ctx context.Context, id string) error {
	resp, err := c.do(ctx, request{method: http.MethodDelete, path: "/v1/webhooks/" + url.PathEscape(id)})
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}

// WebhookMessage is one event on its way to one program.
type WebhookMessage struct {
	ID       string           `json:"id"`
	State    string           `json:"state"` // waiting, delivered, failed or dropped
	Webhook  string           `json:"webhook"`
	Event    string           `json:"event"`
	Type     string           `json:"type"`
	Body     json.RawMessage  `json:"body"`
	Tried    int              `json:"tried"`
	Attempts []WebhookAttempt `json:"attempts"`
	Created  time.Time        `json:"created"`
	Changed  time.Time        `json:"changed"`
}

// WebhookAttempt is one time that a message was sent.
type WebhookAttempt struct {
	At           time.Time     `json:"at"`
	Outcome      string        `json:"outcome"` // taken, declined, unreached, not-asked or not-wanted
	Status       int           `json:"status,omitempty"`
	Code         colophon.Code `json:"code,omitempty"`
	Milliseconds int64         `json:"milliseconds"`
}

// WebhookMessages returns a page of messages, the newest first, and the cursor of the next one.
func (c *Client) WebhookMessages(ctx context.Context, l Listing) (list []WebhookMessage, next string, err error) {
	var page struct {
		Messages []WebhookMessage
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/webhook-messages", query: l.query()}, &page)
	return page.Messages, page.Next, err
}

// WebhookMessage returns a message.
func (c *Client) WebhookMessage(ctx context.Context, id string) (m WebhookMessage, err error) {
	return m, c.get(ctx, request{method: http.MethodGet, path: "/v1/webhook-messages/" + url.PathEscape(id)}, &m)
}

// ReplayWebhook has a message sent once more.
func (c *Client) ReplayWebhook(ctx context.Context, id string) (m WebhookMessage, err error) {
	return m, c.change(ctx, "/v1/webhook-messages/"+url.PathEscape(id)+":replay", nil, &m)
}

// AppMaterials is the check of an app's label materials, for an app store.
type AppMaterials struct {
	ID       string        `json:"id"`
	App      string        `json:"app"`
	Offers   bool          `json:"offers"`
	Verdict  string        `json:"verdict"` // passed, failed or could-not-tell
	Code     colophon.Code `json:"code"`
	Sentence string        `json:"sentence"`
	Files    []AppMaterial `json:"files"`
	Created  time.Time     `json:"created"`
}

// AppMaterial is one file that an app made.
type AppMaterial struct {
	Digest string `json:"digest"`
	Format string `json:"format,omitempty"`
	Label  string `json:"label"`
	Notice string `json:"notice"`
}

// AppChecks returns a page of checks of apps, the newest first, and the cursor of the next one.
func (c *Client) AppChecks(ctx context.Context, l Listing) (list []AppMaterials, next string, err error) {
	var page struct {
		Materials []AppMaterials
		Next      string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/app-materials", query: l.query()}, &page)
	return page.Materials, page.Next, err
}

// AppCheck returns a check of an app.
func (c *Client) AppCheck(ctx context.Context, id string) (m AppMaterials, err error) {
	return m, c.get(ctx, request{method: http.MethodGet, path: "/v1/app-materials/" + url.PathEscape(id)}, &m)
}

// CheckMaterials has files that an app made held against the rules. Of each file name and content count.
func (c *Client) CheckMaterials(ctx context.Context, app string, offers bool, files ...UploadedFile) (m AppMaterials, err error) {
	from, to := io.Pipe()
	form := multipart.NewWriter(to)
	go func() {
		for i := range files {
			files[i].Uploaded = Uploaded{Name: files[i].Name}
		}
		to.CloseWithError(writeForm(form, files))
	}()
	defer from.Close()
	q := url.Values{"app": {app}, "offers": {strconv.FormatBool(offers)}}
	return m, c.get(ctx, request{method: http.MethodPost, path: "/v1/app-materials", query: q, header: http.Header{"Content-Type": {form.FormDataContentType()}}, body: from, size: -1}, &m)
}
