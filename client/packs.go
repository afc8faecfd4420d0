package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
)

// PackNames are a name in both languages.
type PackNames struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// In is the name in a language; in Chinese for all but English.
func (n PackNames) In(language string) string {
	if language == "en" {
		return n.EN
	}
	return n.ZH
}

// PackField is one thing that an authority wants to know.
type PackField struct {
	ID       string    `json:"id"`
	Names    PackNames `json:"names"`
	Required bool      `json:"required"`
	From     string    `json:"from"`
}

// PackForm is what an authority wants to know, field by field.
type PackForm struct {
	ID        string            `json:"id"`
	Names     PackNames         `json:"names"`
	Authority PackNames         `json:"authority"`
	Basis     PackNames         `json:"basis"`
	Clauses   []colophon.Clause `json:"clauses"`
	Drafted   []string          `json:"drafted"`
	Fields    []PackField       `json:"fields"`
}

// PackAbout says what a pack is about.
type PackAbout struct {
	Case       string `json:"case,omitempty"`
	Duty       string `json:"duty,omitempty"`
	Refutation string `json:"refutation,omitempty"`
}

// PackAnswer is what a person answers in place of what records say.
type PackAnswer struct {
	From  string   `json:"from"`
	State string   `json:"state"` // known, none, unknown, or records: what was answered before is taken back
	Lines []string `json:"lines,omitempty"`
}

// PackFiling says how a pack was filed.
type PackFiling struct {
	Channel    string    `json:"channel"`
	Reference  string    `json:"reference"`
	At         time.Time `json:"at"`
	By         string    `json:"by"`
	Incomplete bool      `json:"incomplete"`
}

// fields are those of a form that says how something was filed. Who says so the server knows.
func (f PackFiling) fields() [][2]string {
	return [][2]string{{"channel", f.Channel}, {"reference", f.Reference}, {"at", f.At.Format(time.RFC3339)}, {"incomplete", strconv.FormatBool(f.Incomplete)}}
}

// PackProof is a proof of filing, without its bytes.
type PackProof struct {
	SHA256 string    `json:"sha256"`
	Size   int64     `json:"size"`
	Type   string    `json:"type"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
}

// Pack is a pack for an authority, without what it says. The description of the API says what the fields mean.
type Pack struct {
	ID        string        `json:"id"`
	Number    string        `json:"number"`
	Part      int           `json:"part"`
	State     string        `json:"state"` // draft, filed, amended or dismissed
	Form      string        `json:"form"`
	Names     PackNames     `json:"names"`
	About     PackAbout     `json:"about"`
	Subject   string        `json:"subject"`
	Made      time.Time     `json:"made"`
	Author    string        `json:"author"`
	SHA256    string        `json:"sha256"`
	Amends    string        `json:"amends"`
	Before    string        `json:"before"`
	AmendedBy string        `json:"amended_by"`
	Known     int           `json:"known"`
	None      int           `json:"none"`
	Unknown   int           `json:"unknown"`
	Open      []string      `json:"open"`
	Due       *time.Time    `json:"due"`
	Duty      string        `json:"duty_state"`
	Filing    *PackFiling   `json:"filing"`
	Proofs    []PackProof   `json:"proofs"`
	Reason    colophon.Code `json:"reason"`
	Sealed    string        `json:"sealed"` // none, whole, restricted or erased
}

// PackAnswered is a field with its answer.
type PackAnswered struct {
	PackField
	State   string   `json:"state"` // known, none or unknown
	Lines   []string `json:"lines"`
	Records []string `json:"records"`
	Said    bool     `json:"said"`
}

// PackDocument is what a pack says.
type PackDocument struct {
	Pack   Pack           `json:"pack"`
	Amends string         `json:"amends"`
	Made   time.Time      `json:"made"`
	Names  PackNames      `json:"names"`
	To     PackNames      `json:"authority"`
	Basis  PackNames      `json:"basis"`
	Fields []PackAnswered `json:"fields"`
	Note   string         `json:"note"`
}

// PackForms returns what authorities want to know.
func (c *Client) PackForms(ctx context.Context) ([]PackForm, error) {
	var out struct{ Forms []PackForm }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/pack-forms"}, &out)
	return out.Forms, err
}

// Packs returns a page of packs, the newest first, and the cursor of the next one.
func (c *Client) Packs(ctx context.Context, l Listing) (list []Pack, next string, err error) {
	var page struct {
		Packs []Pack
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/packs", query: l.query()}, &page)
	return page.Packs, page.Next, err
}

func packPath(id string) string { return "/v1/packs/" + url.PathEscape(id) }

// Pack returns a report.
func (c *Client) Pack(ctx context.Context, id string) (p Pack, err error) {
	return p, c.get(ctx, request{method: http.MethodGet, path: packPath(id)}, &p)
}

// ReadPack returns what a pack says. A record says that you read it.
func (c *Client) ReadPack(ctx context.Context, id string) (d PackDocument, err error) {
	return d, c.get(ctx, request{method: http.MethodGet, path: packPath(id) + "/document"}, &d)
}

// DownloadPack returns a pack as json, text, html, pdf or zip; the caller closes it. A record says that you read it.
func (c *Client) DownloadPack(ctx context.Context, id, format string) (io.ReadCloser, error) {
	return c.body(ctx, packPath(id)+"/download", url.Values{"format": {format}})
}

// PackProof returns a proof of filing; the caller closes it. A record says that you read the report.
func (c *Client) PackProof(ctx context.Context, id, sha256 string) (io.ReadCloser, error) {
	return c.body(ctx, packPath(id)+"/proofs/"+url.PathEscape(sha256), nil)
}

// DraftPack drafts a pack of what is known now.
func (c *Client) DraftPack(ctx context.Context, form string, about PackAbout, answers ...PackAnswer) (p Pack, err error) {
	return p, c.change(ctx, "/v1/packs", map[string]any{"form": form, "about": about, "answers": append([]PackAnswer{}, answers...)}, &p)
}

// FillPack makes a draft anew of what is known now, with answers.
func (c *Client) FillPack(ctx context.Context, id string, answers ...PackAnswer) (p Pack, err error) {
	return p, c.change(ctx, packPath(id)+":fill", map[string]any{"answers": append([]PackAnswer{}, answers...)}, &p)
}

// AmendPack drafts a pack that amends one that was filed.
func (c *Client) AmendPack(ctx context.Context, id string, answers ...PackAnswer) (p Pack, err error) {
	return p, c.change(ctx, packPath(id)+":amend", map[string]any{"answers": append([]PackAnswer{}, answers...)}, &p)
}

// FilePack says that a pack was filed, and how. Of the filing, By is not sent. It is sent once: proofs may not be there a
// second time.
func (c *Client) FilePack(ctx context.Context, id string, f PackFiling, proofs ...CaseUpload) (p Pack, err error) {
	return p, c.form(ctx, packPath(id)+":file", "", f.fields(), proofs, &p)
}

// ProvePack adds a proof to a pack that was filed. It is sent once.
func (c *Client) ProvePack(ctx context.Context, id string, proof CaseUpload) (p Pack, err error) {
	return p, c.form(ctx, packPath(id)+":prove", "", nil, []CaseUpload{proof}, &p)
}

// DismissPack says that a draft is not filed, and why.
func (c *Client) DismissPack(ctx context.Context, id string, reason colophon.Code, note string) (p Pack, err error) {
	return p, c.change(ctx, packPath(id)+":dismiss", map[string]any{"reason": reason, "note": note}, &p)
}
