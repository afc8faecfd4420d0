package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
)

// CaseDraft is what somebody comes with. Kind is needed; the description of the API says what the fields mean.
type CaseDraft struct {
	Kind     string
	Party    string // empty for the public, and for a user where an account comes
	Right    string // of kind rights
	Grounds  []colophon.Code
	Language string // zh or en
	About    CaseAbout
	Name     string
	Contact  string
	Text     string
	// Account is your own identifier of the account that comes, and Subject its pseudonym; of [Client.OpenCase], and one at most.
	Account string
	Subject string
	Files   []CaseUpload
	// Key is an idempotency key of yours; empty for one that is drawn.
	Key string
}

// CaseUpload is a file that comes with a case.
type CaseUpload struct {
	Name string
	File io.Reader
}

// fields are those of a form that brings a case. What a case is about as an account is found by the desk.
func (d CaseDraft) fields() [][2]string {
	a := d.About
	list := [][2]string{{"kind", d.Kind}, {"party", d.Party}, {"right", d.Right}, {"language", d.Language}, {"function", a.Function}, {"model", a.Model}, {"measure", a.Measure}, {"judgement", a.Judgement}, {"held", a.Held},
		{"consent", a.Consent}, {"refutation", a.Refutation}, {"name", d.Name}, {"contact", d.Contact}, {"text", d.Text}, {"account", d.Account}, {"subject", d.Subject}}
	for _, g := range d.Grounds {
		list = append(list, [2]string{"ground", string(g)})
	}
	for _, n := range a.Numbers {
		list = append(list, [2]string{"number", n})
	}
	return list
}

// form sends fields and files. It is sent once: files may not be there a second time.
func (c *Client) form(ctx context.Context, path, key string, fields [][2]string, files []CaseUpload, into any) error {
	from, to := io.Pipe()
	form := multipart.NewWriter(to)
	go func() { to.CloseWithError(writeCase(form, fields, files)) }()
	defer from.Close()
	header := http.Header{"Content-Type": {form.FormDataContentType()}}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	return c.get(ctx, request{method: http.MethodPost, path: path, header: header, body: from, size: -1}, into)
}

func writeCase(form *multipart.Writer, fields [][2]string, files []CaseUpload) error {
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		if err := form.WriteField(f[0], f[1]); err != nil {
			return err
		}
	}
	for _, f := range files {
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

// CaseReceipt is what whoever brings a case gets. Code and PIN are told this once.
type CaseReceipt struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	State    string     `json:"state"`
	Code     string     `json:"code,omitempty"`
	PIN      string     `json:"pin,omitempty"`
	Received time.Time  `json:"received"`
	Sought   string     `json:"sought"` // found, none, unknown or not
	Files    []CaseFile `json:"files"`
}

// OwnCase is a case as it is shown to whoever brought it, and, once it was decided, to the account that it is about.
type OwnCase struct {
	ID           string        `json:"id"`
	Kind         string        `json:"kind"`
	Side         string        `json:"side"` // reporter or affected
	State        string        `json:"state"`
	Received     time.Time     `json:"received"`
	Limits       int           `json:"limits"` // version; 0 for the starter table
	Acknowledged *CaseMark     `json:"acknowledged,omitempty"`
	Decided      *CaseMark     `json:"decided,omitempty"`
	Told         *CaseMark     `json:"told,omitempty"`
	Due          *time.Time    `json:"due,omitempty"`
	Unsure       []int         `json:"unsure,omitempty"`
	Waits        colophon.Code `json:"waits,omitempty"`
	Outcome      string        `json:"outcome,omitempty"`
	Reasons      *Statement    `json:"reasons,omitempty"`
	Facts        string        `json:"facts,omitempty"`
	Explanation  string        `json:"explanation,omitempty"`
	Done         *Statement    `json:"done,omitempty"` // what a right came to: what was erased, what stays and until when
	Packages     []CasePackage `json:"packages,omitempty"`
	Joined       bool          `json:"joined,omitempty"`
	Messages     []CaseMessage `json:"messages"`
	Files        []CaseFile    `json:"files"`
	Appealable   bool          `json:"appealable,omitempty"`
	AppealUntil  *time.Time    `json:"appeal_until,omitempty"`
	Kept         string        `json:"kept"` // whole, restricted, erased or none
}

// CasePackage is a package of somebody's own data that a case came to.
type CasePackage struct {
	Action int        `json:"action"` // place of the action that made it, from 0
	SHA256 string     `json:"sha256"`
	Size   int64      `json:"size"`
	Until  time.Time  `json:"until"` // until when it is handed out
	Taken  int        `json:"taken,omitempty"`
	Last   *time.Time `json:"last,omitempty"` // when it was handed out last
}

// SubmitCase brings a case as anybody may. It needs no key, and is sent once.
func (c *Client) SubmitCase(ctx context.Context, d CaseDraft) (r CaseReceipt, err error) {
	d.Account, d.Subject = "", ""
	return r, c.bring(ctx, "/v1/public/cases", d, &r)
}

// OpenCase brings a case for an account, or, signed in, one that came by telephone or letter. It is sent once.
func (c *Client) OpenCase(ctx context.Context, d CaseDraft) (r CaseReceipt, err error) {
	return r, c.bring(ctx, "/v1/cases", d, &r)
}

func (c *Client) bring(ctx context.Context, path string, d CaseDraft, into any) (err error) {
	if d.Key == "" {
		if d.Key, err = c.key(); err != nil {
			return err
		}
	}
	return c.form(ctx, path, d.Key, d.fields(), d.Files, into)
}

// OwnCases returns a page of the cases that an account brought, by your own identifier of it, and the cursor of the next page.
func (c *Client) OwnCases(ctx context.Context, account, cursor string) (list []OwnCase, next string, err error) {
	var page struct {
		Cases []OwnCase
		Next  string
	}
	err = c.post(ctx, "/v1/cases:own", plain(), map[string]string{"account": account, "cursor": cursor}, &page)
	return page.Cases, page.Next, err
}

// OwnCase shows an account its case, or a decided one about it.
func (c *Client) OwnCase(ctx context.Context, account, id string) (o OwnCase, err error) {
	return o, c.post(ctx, "/v1/cases:look", plain(), map[string]string{"account": account, "id": id}, &o)
}

// AnswerOwnCase writes to the desk for an account, and adds files. It is sent once.
func (c *Client) AnswerOwnCase(ctx context.Context, account, id, text string, files ...CaseUpload) (o OwnCase, err error) {
	return o, c.form(ctx, "/v1/cases:answer", "", [][2]string{{"account", account}, {"id", id}, {"text", text}}, files, &o)
}

// WithdrawOwnCase takes a case of an account back.
func (c *Client) WithdrawOwnCase(ctx context.Context, account, id string) (o OwnCase, err error) {
	return o, c.change(ctx, "/v1/cases:withdraw", map[string]string{"account": account, "id": id}, &o)
}

// AppealOwnCase appeals for an account against the decision of a case.
func (c *Client) AppealOwnCase(ctx context.Context, account, id, text string) (r CaseReceipt, err error) {
	return r, c.change(ctx, "/v1/cases:appeal", map[string]string{"account": account, "id": id, "text": text}, &r)
}

// OwnPackage writes a package of an account's own data that its case came to: the one of an action, by its place from 0.
func (c *Client) OwnPackage(ctx context.Context, w io.Writer, account, id string, action int) error {
	return c.fetch(ctx, w, "/v1/cases:package", map[string]any{"account": account, "id": id, "action": action})
}

// LookAtCase shows a case to whoever has its code and PIN. It needs no key.
func (c *Client) LookAtCase(ctx context.Context, code, pin string) (o OwnCase, err error) {
	return o, c.post(ctx, "/v1/public/cases:look", plain(), map[string]string{"code": code, "pin": pin}, &o)
}

// AnswerCase writes to the desk, and adds files. It needs no key, and is sent once.
func (c *Client) AnswerCase(ctx context.Context, code, pin, text string, files ...CaseUpload) (o OwnCase, err error) {
	return o, c.form(ctx, "/v1/public/cases:answer", "", [][2]string{{"code", code}, {"pin", pin}, {"text", text}}, files, &o)
}

// WithdrawCase takes a case back. It needs no key.
func (c *Client) WithdrawCase(ctx context.Context, code, pin string) (o OwnCase, err error) {
	return o, c.post(ctx, "/v1/public/cases:withdraw", plain(), map[string]string{"code": code, "pin": pin}, &o)
}

// AppealCase appeals against the decision of a case. It needs no key.
func (c *Client) AppealCase(ctx context.Context, code, pin, text string) (r CaseReceipt, err error) {
	return r, c.post(ctx, "/v1/public/cases:appeal", plain(), map[string]string{"code": code, "pin": pin, "text": text}, &r)
}

// Package writes a package of somebody's own data that a case came to: the one of an action, by its place from 0. It needs no key.
func (c *Client) Package(ctx context.Context, w io.Writer, code, pin string, action int) error {
	return c.fetch(ctx, w, "/v1/public/cases:package", map[string]any{"code": code, "pin": pin, "action": action})
}

// plain are the headers of a question in JSON.
func plain() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// fetch writes the bytes that a question is answered with.
func (c *Client) fetch(ctx context.Context, w io.Writer, path string, question any) error {
	text, err := json.Marshal(question)
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, request{method: http.MethodPost, path: path, header: plain(), body: bytes.NewReader(text)})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

// CaseUploads are files that are there once, one after the other, such as those of a form that is still on its way. Each is
// read to its end before the next one is asked for.
type CaseUploads = iter.Seq2[CaseUpload, error]

// SubmitCaseFrom is [Client.SubmitCase] with files that are read while they are sent; those of the draft do not count. When it
// returns, nothing reads them any more.
func (c *Client) SubmitCaseFrom(ctx context.Context, d CaseDraft, files CaseUploads) (r CaseReceipt, err error) {
	d.Account, d.Subject = "", ""
	if d.Key == "" {
		if d.Key, err = c.key(); err != nil {
			return r, err
		}
	}
	return r, c.stream(ctx, "/v1/public/cases", d.Key, d.fields(), files, &r)
}

// AnswerCaseFrom is [Client.AnswerCase] with files that are read while they are sent.
func (c *Client) AnswerCaseFrom(ctx context.Context, code, pin, text string, files CaseUploads) (o OwnCase, err error) {
	return o, c.stream(ctx, "/v1/public/cases:answer", "", [][2]string{{"code", code}, {"pin", pin}, {"text", text}}, files, &o)
}

// stream sends a form while its files come in, and waits until nothing reads them.
func (c *Client) stream(ctx context.Context, path, key string, fields [][2]string, files CaseUploads, into any) error {
	from, to := io.Pipe()
	form := multipart.NewWriter(to)
	done := make(chan struct{})
	go func() {
		defer close(done)
		to.CloseWithError(streamCase(form, fields, files))
	}()
	header := http.Header{"Content-Type": {form.FormDataContentType()}}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	err := c.get(ctx, request{method: http.MethodPost, path: path, header: header, body: from, size: -1}, into)
	from.Close()
	<-done
	return err
}

func streamCase(form *multipart.Writer, fields [][2]string, files CaseUploads) error {
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		if err := form.WriteField(f[0], f[1]); err != nil {
			return err
		}
	}
	for f, err := range files {
		if err != nil {
			return err
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
