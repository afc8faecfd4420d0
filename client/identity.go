package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Account is what is known about an account now. The description of the API says what the fields mean.
type Account struct {
	Subject      string     `json:"subject"`
	Level        string     `json:"level"` // none, phone, two-factor, three-factor, four-factor, live, network-id or organisation
	Verification string     `json:"verification,omitempty"`
	Method       string     `json:"method,omitempty"`
	Vouched      string     `json:"vouched,omitempty"` // checked, attested or imported
	Assurance    string     `json:"assurance,omitempty"`
	Until        *time.Time `json:"until,omitempty"`
	Minor        string     `json:"minor,omitempty"` // under-14, 14-17 or adult; empty where nobody knows
	Recheck      bool       `json:"recheck,omitempty"`
}

// Claim is what somebody says about himself. The server keeps none of it.
type Claim struct {
	Kind   string `json:"kind,omitempty"` // resident-id, hk-macau-permit, taiwan-permit, permanent-resident-card, passport or uscc
	Number string `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
	Phone  string `json:"phone,omitempty"`
	Card   string `json:"card,omitempty"`
}

// AccountVerification is what came of a verification.
type AccountVerification struct {
	ID          string     `json:"id"`
	State       string     `json:"state"` // pending, asked, valid, failed, undecided, over, recalled or superseded
	Subject     string     `json:"subject"`
	Level       string     `json:"level"`
	Method      string     `json:"method"`
	Vouched     string     `json:"vouched"`
	Source      string     `json:"source"`
	Transaction string     `json:"transaction,omitempty"`
	Result      string     `json:"result"` // pending, match, mismatch, no-record, source-error or expired
	Reason      *Sentence  `json:"reason,omitempty"`
	CodeRaw     string     `json:"code_raw,omitempty"`
	Assurance   string     `json:"assurance,omitempty"`
	Minor       string     `json:"minor,omitempty"`
	Requested   time.Time  `json:"requested"`
	Decided     *time.Time `json:"decided,omitempty"`
	Until       *time.Time `json:"until,omitempty"`
	Recalled    *time.Time `json:"recalled,omitempty"`
	Supersedes  string     `json:"supersedes,omitempty"`
	Consent     string     `json:"consent,omitempty"`
	Import      string     `json:"import,omitempty"`
	Tries       int        `json:"tries,omitempty"`
	By          string     `json:"by,omitempty"`
}

// Beginning is what a source that answers later is to begin with.
type Beginning struct {
	Account  string `json:"account"` // your own identifier of the account
	Source   string `json:"source"`
	Claim    *Claim `json:"claim,omitempty"`
	Return   string `json:"return,omitempty"` // {id} in it becomes the verification's identifier
	Language string `json:"language,omitempty"`
}

// BegunVerification is a verification that waits for a person.
type BegunVerification struct {
	Verification AccountVerification `json:"verification"`
	URL          string              `json:"url"`
	Sent         string              `json:"sent"`
	Until        *time.Time          `json:"until"`
}

// Attestation is what you verified yourself.
type Attestation struct {
	Account     string    `json:"account"` // your own identifier of the account
	Level       string    `json:"level"`
	Method      string    `json:"method"`
	Provider    string    `json:"provider"`
	Transaction string    `json:"transaction"`
	At          time.Time `json:"at"`
	Minor       string    `json:"minor,omitempty"`
	Claim       *Claim    `json:"claim,omitempty"`
}

// VerificationImport is a file with verifications that one person proposed and another decides about.
type VerificationImport struct {
	ID       string     `json:"id"`
	State    string     `json:"state"` // proposed, approved, rejected or over
	Lines    int        `json:"lines"`
	Digest   string     `json:"digest"`
	Proposer string     `json:"proposer"`
	Proposed time.Time  `json:"proposed"`
	Decider  string     `json:"decider,omitempty"`
	Decided  *time.Time `json:"decided,omitempty"`
	Reason   string     `json:"reason,omitempty"`
}

// FindAccount returns the pseudonym of an account by your own identifier.
func (c *Client) FindAccount(ctx context.Context, account string) (subject string, err error) {
	var out struct{ Subject string }
	err = c.post(ctx, "/v1/accounts:find", http.Header{"Content-Type": {"application/json"}}, map[string]string{"account": account}, &out)
	return out.Subject, err
}

// Account returns what is known about an account, by its pseudonym.
func (c *Client) Account(ctx context.Context, subject string) (a Account, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/accounts/" + url.PathEscape(subject)}, &a)
}

// VerifyAccount has a source check a claim now.
func (c *Client) VerifyAccount(ctx context.Context, account, source string, claim Claim) (v AccountVerification, err error) {
	return v, c.change(ctx, "/v1/accounts:verify", map[string]any{"account": account, "source": source, "claim": claim}, &v)
}

// BeginVerification has a person asked by a source that answers later.
func (c *Client) BeginVerification(ctx context.Context, b Beginning) (v BegunVerification, err error) {
	return v, c.change(ctx, "/v1/accounts:begin", b, &v)
}

// CompleteVerification hands in what a person typed, or the parameters that a browser came back with.
func (c *Client) CompleteVerification(ctx context.Context, id, code string, query url.Values) (v AccountVerification, err error) {
	return v, c.change(ctx, "/v1/verifications/"+url.PathEscape(id)+":complete", map[string]any{"code": code, "query": query}, &v)
}

// AttestAccount says that you verified an account yourself.
func (c *Client) AttestAccount(ctx context.Context, a Attestation) (v AccountVerification, err error) {
	return v, c.change(ctx, "/v1/accounts:attest", a, &v)
}

// RecheckAccount has an account count as unverified until it is verified anew.
func (c *Client) RecheckAccount(ctx context.Context, subject, reason string) (a Account, err error) {
	return a, c.change(ctx, "/v1/accounts/"+url.PathEscape(subject)+":recheck", map[string]string{"reason": reason}, &a)
}

// AccountVerifications returns a page of verifications, the newest first, and the cursor of the next one.
func (c *Client) AccountVerifications(ctx context.Context, l Listing) (list []AccountVerification, next string, err error) {
	var page struct {
		Verifications []AccountVerification
		Next          string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/verifications", query: l.query()}, &page)
	return page.Verifications, page.Next, err
}

// AccountVerification returns one verification.
func (c *Client) AccountVerification(ctx context.Context, id string) (v AccountVerification, err error) {
	return v, c.get(ctx, request{method: http.MethodGet, path: "/v1/verifications/" + url.PathEscape(id)}, &v)
}

// AccountsAlike returns the pseudonyms of other accounts of the person of a verification.
func (c *Client) AccountsAlike(ctx context.Context, id string) ([]string, error) {
	var out struct{ Subjects []string }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/verifications/" + url.PathEscape(id) + "/alike"}, &out)
	return out.Subjects, err
}

// ProposeImport proposes the verifications of a file. What is wrong in which line stands in the fields of the [Error].
func (c *Client) ProposeImport(ctx context.Context, file io.Reader) (v VerificationImport, err error) {
	return v, c.get(ctx, request{method: http.MethodPost, path: "/v1/verification-imports", header: http.Header{"Content-Type": {"application/octet-stream"}}, body: file}, &v)
}

// ApproveImport takes over what somebody else proposed.
func (c *Client) ApproveImport(ctx context.Context, id string) (v VerificationImport, err error) {
	return v, c.change(ctx, "/v1/verification-imports/"+url.PathEscape(id)+":approve", nil, &v)
}

// RejectImport ends an import. The reason is a word.
func (c *Client) RejectImport(ctx context.Context, id, reason string) (v VerificationImport, err error) {
	return v, c.change(ctx, "/v1/verification-imports/"+url.PathEscape(id)+":reject", map[string]string{"reason": reason}, &v)
}

// VerificationImports returns a page of imports, the newest first, and the cursor of the next one.
func (c *Client) VerificationImports(ctx context.Context, l Listing) (list []VerificationImport, next string, err error) {
	var page struct {
		Imports []VerificationImport
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/verification-imports", query: l.query()}, &page)
	return page.Imports, page.Next, err
}

// VerificationImport returns one import, without the file.
func (c *Client) VerificationImport(ctx context.Context, id string) (v VerificationImport, err error) {
	return v, c.get(ctx, request{method: http.MethodGet, path: "/v1/verification-imports/" + url.PathEscape(id)}, &v)
}

// VerificationSource is a source that verifies.
type VerificationSource struct {
	Name    string   `json:"name"`
	Level   string   `json:"level"` // the highest that it gives
	Methods []string `json:"methods"`
	Later   bool     `json:"later,omitempty"`  // it first asks the person for something
	Face    bool     `json:"face,omitempty"`   // it compares a face
	Learns  bool     `json:"learns,omitempty"` // it finds out by itself who somebody is
}

// VerificationSources lists the sources that verify.
func (c *Client) VerificationSources(ctx context.Context) ([]VerificationSource, error) {
	var out struct{ Sources []VerificationSource }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/verification-sources"}, &out)
	return out.Sources, err
}

// MaskedClaim returns the masked number and names of a verification. A record says that you read them.
func (c *Client) MaskedClaim(ctx context.Context, id string) (claim Claim, err error) {
	return claim, c.get(ctx, request{method: http.MethodGet, path: "/v1/verifications/" + url.PathEscape(id) + "/masked"}, &claim)
}
