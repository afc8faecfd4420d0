package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Agreement is one version of a text that accounts accept. The description of the API says what the fields mean.
type Agreement struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`     // management-rules, platform-convention, service-agreement or label-methods
	Audience  string     `json:"audience"` // users or supporters
	State     string     `json:"state"`    // draft, published, superseded or withdrawn
	Number    int        `json:"number,omitempty"`
	Since     int        `json:"since,omitempty"`
	Title     TextPair   `json:"title"`
	Digests   TextPair   `json:"digests"`
	Texts     *TextPair  `json:"texts,omitempty"` // absent in lists of versions
	Author    string     `json:"author,omitempty"`
	Publisher string     `json:"publisher,omitempty"`
	Effective *time.Time `json:"effective,omitempty"`
	Reason    string     `json:"reason,omitempty"`
}

// AgreementDraft is what somebody drafts.
type AgreementDraft struct {
	Kind     string   `json:"kind"`
	Audience string   `json:"audience"`
	Texts    TextPair `json:"texts"`
	Reason   string   `json:"reason,omitempty"`
}

// Acceptance says that an account accepted a version.
type Acceptance struct {
	Version  string    `json:"version"`
	Kind     string    `json:"kind"`
	Audience string    `json:"audience"`
	Number   int       `json:"number"`
	Language string    `json:"language"`
	Digest   string    `json:"digest"`
	How      string    `json:"how"` // page or api-attested
	At       time.Time `json:"at"`
}

// CurrentAgreements returns the texts in force. It needs no key.
func (c *Client) CurrentAgreements(ctx context.Context) ([]Agreement, error) {
	var out struct{ Agreements []Agreement }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/public/agreements"}, &out)
	return out.Agreements, err
}

// PublicAgreement returns a version that was published. It needs no key.
func (c *Client) PublicAgreement(ctx context.Context, id string) (a Agreement, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/public/agreements/" + url.PathEscape(id)}, &a)
}

// PublicVersions returns a page of the versions that were published, without their texts, the newest first, and the cursor of the
// next page. It needs no key.
func (c *Client) PublicVersions(ctx context.Context, l Listing) (list []Agreement, next string, err error) {
	var page struct {
		Agreements []Agreement
		Next       string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/public/agreement-versions", query: l.query()}, &page)
	return page.Agreements, page.Next, err
}

// Agreements returns a page of versions without their texts, the newest first, and the cursor of the next page.
func (c *Client) Agreements(ctx context.Context, l Listing) (list []Agreement, next string, err error) {
	var page struct {
		Agreements []Agreement
		Next       string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/agreements", query: l.query()}, &page)
	return page.Agreements, page.Next, err
}

// Agreement returns a version with its texts.
func (c *Client) Agreement(ctx context.Context, id string) (a Agreement, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/agreements/" + url.PathEscape(id)}, &a)
}

// DraftAgreement drafts a version, which another person publishes.
func (c *Client) DraftAgreement(ctx context.Context, d AgreementDraft) (a Agreement, err error) {
	return a, c.change(ctx, "/v1/agreements", d, &a)
}

// PublishAgreement publishes a draft; the zero time means at once.
func (c *Client) PublishAgreement(ctx context.Context, id string, material bool, effective time.Time) (a Agreement, err error) {
	body := map[string]any{"material": material}
	if !effective.IsZero() {
		body["effective"] = effective
	}
	return a, c.change(ctx, "/v1/agreements/"+url.PathEscape(id)+":publish", body, &a)
}

// WithdrawAgreement takes a version back.
func (c *Client) WithdrawAgreement(ctx context.Context, id, reason string) (a Agreement, err error) {
	return a, c.change(ctx, "/v1/agreements/"+url.PathEscape(id)+":withdraw", map[string]any{"reason": reason}, &a)
}

// AcceptAgreement says that an account was shown a version in a language, with the digest of the text as you showed it, and accepted.
// The subject is the account's pseudonym.
func (c *Client) AcceptAgreement(ctx context.Context, account, version, language, digest string) (subject string, a Acceptance, err error) {
	var out struct {
		Subject    string
		Acceptance Acceptance
	}
	err = c.change(ctx, "/v1/agreements:accept", map[string]any{"account": account, "version": version, "language": language, "digest": digest}, &out)
	return out.Subject, out.Acceptance, err
}

// Acceptances returns what an account accepted, and the versions in force that it still has to, by its pseudonym.
func (c *Client) Acceptances(ctx context.Context, subject, audience string) (accepted []Acceptance, owed []Agreement, err error) {
	var out struct {
		Acceptances []Acceptance
		Owed        []Agreement
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/acceptances", query: given(map[string]string{"subject": subject, "audience": audience})}, &out)
	return out.Acceptances, out.Owed, err
}
