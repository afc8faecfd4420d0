package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// CopyDuty is the text of the user's duty of labelling.
type CopyDuty struct {
	ZH     string `json:"zh"`
	EN     string `json:"en"`
	Digest string `json:"digest,omitempty"`
}

// CopyTerms is what an account has to accept for a copy without the notice, and why it can't have one.
type CopyTerms struct {
	May       bool       `json:"may"`
	Why       *Sentence  `json:"why,omitempty"`
	Agreement string     `json:"agreement,omitempty"`
	Accepted  bool       `json:"accepted"`
	Duty      CopyDuty   `json:"duty"`
	Months    int        `json:"months"`
	Purposes  []CopyWord `json:"purposes"`
	To        []CopyWord `json:"recipients"`
}

// CopyWord is a word of a request, in both languages.
type CopyWord struct {
	Code colophon.Code `json:"code"`
	ZH   string        `json:"zh"`
	EN   string        `json:"en"`
}

// CopyOrder asks for a copy of an item without the notice (Labelling Measures Art. 9).
type CopyOrder struct {
	Account   string        `json:"account"` // your own identifier of the account
	Number    string        `json:"number"`
	Agreement string        `json:"agreement"`
	Duty      string        `json:"duty"` // digest of the text that was shown and accepted
	Purpose   colophon.Code `json:"purpose"`
	Recipient colophon.Code `json:"recipient"`
	Words     string        `json:"words,omitempty"`
	Case      string        `json:"case,omitempty"`
}

// CopyDecision says who or what decided.
type CopyDecision struct {
	By     string    `json:"by"` // rule, person or system
	Role   string    `json:"role,omitempty"`
	Staff  string    `json:"staff,omitempty"`
	Rule   string    `json:"rule,omitempty"`
	Rules  string    `json:"rules,omitempty"`
	Reason *Sentence `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// CopyHanding says what was handed out.
type CopyHanding struct {
	At        time.Time     `json:"at"`
	Until     time.Time     `json:"until"`
	Number    string        `json:"number"`
	Size      int64         `json:"size"`
	Type      string        `json:"type"`
	Unlikened colophon.Code `json:"unlikened,omitempty"`
	Receipt   string        `json:"receipt"` // digest
}

// Copy is a request for a copy without the notice, and what came of it. The description of the API says what the fields mean.
type Copy struct {
	ID        string        `json:"id"`
	Subject   string        `json:"subject"`
	State     string        `json:"state"` // requested, granted, handed, refused or withdrawn
	Made      time.Time     `json:"made"`
	Number    string        `json:"number"`
	Class     string        `json:"class"`
	Agreement string        `json:"agreement"`
	Duty      string        `json:"duty"`
	Purpose   Sentence      `json:"purpose"`
	Recipient Sentence      `json:"recipient"`
	Case      string        `json:"case,omitempty"`
	Asker     string        `json:"asker,omitempty"`
	Decision  *CopyDecision `json:"decision,omitempty"`
	Handing   *CopyHanding  `json:"handing,omitempty"`
	Cause     *Sentence     `json:"cause,omitempty"`
	Ended     *time.Time    `json:"ended,omitempty"`
	Kept      string        `json:"kept"` // whole, restricted, erased or none
}

// CopyParticulars are what is sealed in a request.
type CopyParticulars struct {
	Words   string   `json:"words,omitempty"`
	Note    string   `json:"note,omitempty"`
	Duty    CopyDuty `json:"duty_text"`
	Receipt string   `json:"receipt_text,omitempty"`
}

// OwnCopy is a request as the account sees it.
type OwnCopy struct {
	Copy
	CopyParticulars
}

// CopyMatch is a copy that a file may be.
type CopyMatch struct {
	Copy
	How     string `json:"how"` // digest, label or likeness
	Certain bool   `json:"certain"`
	Bits    int    `json:"bits,omitempty"`
}

// CopyKnown says as which copies a file was handed out. Where the file was not compared, no match does not mean that it is none.
type CopyKnown struct {
	SHA256   string      `json:"sha256"`
	Number   string      `json:"number,omitempty"`
	Matches  []CopyMatch `json:"matches"`
	Compared bool        `json:"compared"`
	Why      *Sentence   `json:"why,omitempty"`
}

// CopyTerms returns what an account has to accept for a copy of an item, by your own identifier of the account.
func (c *Client) CopyTerms(ctx context.Context, account, number string) (t CopyTerms, err error) {
	return t, c.post(ctx, "/v1/copies:terms", nil, map[string]string{"account": account, "number": number}, &t)
}

// RequestCopy asks for a copy for an account. Where a rule grants it, it is made at once.
func (c *Client) RequestCopy(ctx context.Context, o CopyOrder) (own OwnCopy, err error) {
	return own, c.change(ctx, "/v1/copies", o, &own)
}

// OwnCopies returns a page of the requests of an account, and the cursor of the next page.
func (c *Client) OwnCopies(ctx context.Context, account, cursor string) (list []Copy, next string, err error) {
	var page struct {
		Copies []Copy
		Next   string
	}
	err = c.post(ctx, "/v1/copies:own", nil, map[string]string{"account": account, "cursor": cursor}, &page)
	return page.Copies, page.Next, err
}

// OwnCopy shows an account its request, with the receipt.
func (c *Client) OwnCopy(ctx context.Context, account, id string) (own OwnCopy, err error) {
	return own, c.post(ctx, "/v1/copies:look", nil, map[string]string{"account": account, "id": id}, &own)
}

// WithdrawOwnCopy takes a request of an account back.
func (c *Client) WithdrawOwnCopy(ctx context.Context, account, id string) (own OwnCopy, err error) {
	return own, c.change(ctx, "/v1/copies:withdraw", map[string]string{"account": account, "id": id}, &own)
}

// FetchOwnCopy fetches the bytes of a copy for the account. The delivery is recorded before the first byte leaves.
func (c *Client) FetchOwnCopy(ctx context.Context, account, id string) (*Content, error) {
	body, err := json.Marshal(map[string]string{"account": account, "id": id})
	if err != nil {
		return nil, err
	}
	return contentOf(c.do(ctx, request{method: http.MethodPost, path: "/v1/copies:fetch", header: http.Header{"Content-Type": {"application/json"}}, body: bytes.NewReader(body)}))
}

// CopyReceiptKey returns the key that verifies receipts of copies, in the form of C2SP signed notes. It needs no key of yours.
func (c *Client) CopyReceiptKey(ctx context.Context) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/public/copy-receipt-key"})
}

// Copies returns a page of requests, the newest first, and the cursor of the next page.
func (c *Client) Copies(ctx context.Context, l Listing) (list []Copy, next string, err error) {
	var page struct {
		Copies []Copy
		Next   string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/copies", query: l.query()}, &page)
	return page.Copies, page.Next, err
}

// Copy returns a request.
func (c *Client) Copy(ctx context.Context, id string) (one Copy, err error) {
	return one, c.get(ctx, request{method: http.MethodGet, path: "/v1/copies/" + url.PathEscape(id)}, &one)
}

// ReadCopy reads what the account wrote and was told; a record says so.
func (c *Client) ReadCopy(ctx context.Context, id string) (p CopyParticulars, err error) {
	return p, c.get(ctx, request{method: http.MethodGet, path: "/v1/copies/" + url.PathEscape(id) + "/particulars"}, &p)
}

// GrantCopy grants a request. The note is told to the account.
func (c *Client) GrantCopy(ctx context.Context, id, note string) (one Copy, err error) {
	return one, c.change(ctx, "/v1/copies/"+url.PathEscape(id)+":decide", map[string]any{"grant": true, "note": note}, &one)
}

// RefuseCopy refuses a request for a reason. The note is told to the account.
func (c *Client) RefuseCopy(ctx context.Context, id string, reason colophon.Code, note string) (one Copy, err error) {
	return one, c.change(ctx, "/v1/copies/"+url.PathEscape(id)+":decide", map[string]any{"grant": false, "reason": reason, "note": note}, &one)
}

// KnownCopy says as which copies a file was handed out without the notice. The file is not kept.
func (c *Client) KnownCopy(ctx context.Context, name string, file io.Reader) (k CopyKnown, err error) {
	header := http.Header{"Content-Type": {"application/octet-stream"}}
	return k, c.get(ctx, request{method: http.MethodPost, path: "/v1/copies:known", query: given(map[string]string{"name": name}), header: header, body: file}, &k)
}
