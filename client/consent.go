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

// ConsentTerms are what a consent allows. A list that is empty limits nothing.
type ConsentTerms struct {
	Modality  []string  `json:"modality"` // face, voice, body, name
	Purpose   string    `json:"purpose"`
	Functions []string  `json:"functions,omitempty"`
	Scenes    []string  `json:"scenes,omitempty"`
	Channels  []string  `json:"channels,omitempty"`
	Languages []string  `json:"languages,omitempty"`
	Territory []string  `json:"territory,omitempty"`
	Forbidden []string  `json:"forbidden,omitempty"`
	Train     bool      `json:"train,omitempty"`
	From      time.Time `json:"from,omitzero"`
	Until     time.Time `json:"until"`
	Uses      int       `json:"uses,omitempty"` // 0 for no limit
}

// ConsentRequest asks for the consent of a person who is to be depicted.
type ConsentRequest struct {
	Account       string       `json:"account"` // your own identifier of who asks
	Self          bool         `json:"self,omitempty"`
	Subject       string       `json:"subject,omitempty"` // pseudonym of a person who was asked before
	Person        string       `json:"person"`            // adult, minor or deceased
	Language      string       `json:"language"`          // zh or en
	RequesterName string       `json:"requester_name"`
	Why           string       `json:"why"`
	SubjectName   string       `json:"subject_name,omitempty"`
	Contact       string       `json:"contact,omitempty"`
	Terms         ConsentTerms `json:"terms"`
}

// Consent is the consent of a depicted person. The description of the API says what else an answer has.
type Consent struct {
	ID        string          `json:"id"`
	State     string          `json:"state"` // requested, shown, given, refused, withdrawn, expired, disputed or invalidated
	Level     string          `json:"level"` // claimed, recorded, matched or verified
	Subject   string          `json:"subject"`
	Requester string          `json:"requester"`
	Person    string          `json:"person"`
	Grantor   string          `json:"grantor"`
	Asked     ConsentTerms    `json:"asked"`
	Terms     ConsentTerms    `json:"terms"`
	Reserved  int             `json:"reserved"`
	Events    []ConsentEvent  `json:"events"`
	Cascade   *ConsentCascade `json:"cascade"`
	Made      time.Time       `json:"made"`
	Changed   time.Time       `json:"changed"`
	Readable  bool            `json:"readable"`

	Notice     *ConsentNotice    `json:"notice"`
	Capture    *ConsentCapture   `json:"capture"`
	Relation   *ConsentRelation  `json:"relation"`
	References []StoredReference `json:"references"`
}

// ConsentNotice says which notice the person saw.
type ConsentNotice struct {
	Version  string    `json:"version"`
	Language string    `json:"language"`
	SHA256   string    `json:"sha256"`
	At       time.Time `json:"at"`
}

// ConsentCapture says how a recording was checked.
type ConsentCapture struct {
	At       time.Time     `json:"at"`
	Fit      string        `json:"fit"` // unknown, fits or differs
	Code     colophon.Code `json:"code,omitempty"`
	Verifier string        `json:"verifier,omitempty"`
	Gone     *time.Time    `json:"gone,omitempty"`
}

// ConsentRelation is the evidence of a guardian or kin.
type ConsentRelation struct {
	State     string     `json:"state"`   // brought, confirmed or refused
	Kinship   string     `json:"kinship"` // parent, guardian, spouse, child or other-kin
	Unopposed bool       `json:"unopposed,omitempty"`
	Decided   *time.Time `json:"decided,omitempty"`
	By        string     `json:"by,omitempty"`
}

// StoredReference is a picture, film or recording from which content is made.
type StoredReference struct {
	ID        string     `json:"id"`
	Modality  string     `json:"modality"`
	Elsewhere bool       `json:"elsewhere,omitempty"`
	Size      int64      `json:"size,omitempty"`
	At        time.Time  `json:"at"`
	Gone      *time.Time `json:"gone,omitempty"`
}

// ConsentEvent is one thing that happened to a consent.
type ConsentEvent struct {
	Kind   string        `json:"kind"`
	At     time.Time     `json:"at"`
	Role   string        `json:"role"`
	By     string        `json:"by,omitempty"`
	Reason colophon.Code `json:"reason,omitempty"`
	Level  string        `json:"level"`
}

// ConsentCascade is what follows when a consent is over.
type ConsentCascade struct {
	Began       time.Time        `json:"began"`
	Steps       []ConsentStep    `json:"steps"`
	Residue     []ConsentResidue `json:"residue"`
	Done        *time.Time       `json:"done,omitempty"`
	Certificate bool             `json:"certificate,omitempty"`
}

// ConsentStep is one step of a cascade.
type ConsentStep struct {
	Name  string        `json:"name"`
	State string        `json:"state"` // pending, done or failed
	Tries int           `json:"tries,omitempty"`
	Count int           `json:"count,omitempty"`
	Code  colophon.Code `json:"code,omitempty"`
}

// ConsentResidue is something that a cascade leaves; a count of -1 means that nobody knows how many.
type ConsentResidue struct {
	Code  colophon.Code `json:"code"`
	Count int           `json:"count"`
}

// ConsentReference says of a reference what it is. Without a body its bytes stay with you.
type ConsentReference struct {
	Consent    string
	Modality   string // face, voice or body
	Function   string
	SHA256     string
	Perceptual string
}

// ConsentUse is what is to be done with a likeness.
type ConsentUse struct {
	Function  string   `json:"function,omitempty"`
	Modality  []string `json:"modality,omitempty"`
	Purpose   string   `json:"purpose,omitempty"`
	Scene     string   `json:"scene,omitempty"`
	Channel   string   `json:"channel,omitempty"`
	Language  string   `json:"language,omitempty"`
	Territory string   `json:"territory,omitempty"`
	Account   string   `json:"account,omitempty"`
	Training  bool     `json:"training,omitempty"`
}

// ConsentToken is a token. Text is there only in the answer that made it.
type ConsentToken struct {
	ID       string         `json:"id"`
	Text     string         `json:"text,omitempty"`
	State    string         `json:"state"` // live, spent, expired or revoked
	Consent  string         `json:"consent"`
	Function string         `json:"function,omitempty"`
	Scene    string         `json:"scene,omitempty"`
	Training bool           `json:"training,omitempty"`
	Uses     int            `json:"uses"`
	Left     int            `json:"left"`
	Until    time.Time      `json:"until"`
	Spends   []ConsentSpend `json:"spends"`
}

// ConsentSpend is one use that was counted.
type ConsentSpend struct {
	Number string    `json:"number"`
	At     time.Time `json:"at"`
}

// ConsentGrant is what a token gives.
type ConsentGrant struct {
	Consent  string     `json:"consent"`
	State    string     `json:"state"`
	Level    string     `json:"level"`
	Modality []string   `json:"modality"`
	Until    *time.Time `json:"until"`
	Left     int        `json:"left"`
}

// ConsentAnswer says whether a token is good for a use, and what does not hold.
type ConsentAnswer struct {
	Good     bool         `json:"good"`
	Grant    ConsentGrant `json:"grant"`
	Refusals []struct {
		Code    colophon.Code     `json:"code"`
		Message string            `json:"message"`
		Clauses []colophon.Clause `json:"clauses"`
	} `json:"refusals"`
}

// ConsentFinding answers a depicted person.
type ConsentFinding struct {
	Made     string         `json:"made"` // passed, failed or could-not-tell
	Code     colophon.Code  `json:"code,omitempty"`
	Number   string         `json:"number,omitempty"`
	Function string         `json:"function,omitempty"`
	At       *time.Time     `json:"at,omitempty"`
	Basis    string         `json:"basis"` // own, other, none or unknown
	Consents []ConsentFound `json:"consents"`
}

// ConsentFound is a consent of the person who asks, with which something was made.
type ConsentFound struct {
	Consent   string     `json:"consent"`
	Requester string     `json:"requester,omitempty"`
	State     string     `json:"state"`
	Level     string     `json:"level"`
	Given     *time.Time `json:"given,omitempty"`
	Used      *time.Time `json:"used,omitempty"`
}

// ConsentSpent is a consent that was spent for an artefact.
type ConsentSpent struct {
	Consent  string     `json:"consent"`
	Token    string     `json:"token"`
	Subject  string     `json:"subject"`
	State    string     `json:"state"`
	Level    string     `json:"level"`
	Modality []string   `json:"modality"`
	Used     *time.Time `json:"used,omitempty"`
}

// SpentConsents returns the consents that were spent for an artefact, one for each token.
func (c *Client) SpentConsents(ctx context.Context, number string) ([]ConsentSpent, error) {
	var page struct{ Consents []ConsentSpent }
	err := c.get(ctx, request{method: http.MethodGet, path: of(number, "/consents")}, &page)
	return page.Consents, err
}

func consentPath(id, rest string) string { return "/v1/consents/" + url.PathEscape(id) + rest }

// RequestConsent asks for a consent. The person then decides on a page; see the links of the API.
func (c *Client) RequestConsent(ctx context.Context, r ConsentRequest) (k Consent, err error) {
	return k, c.change(ctx, "/v1/consents", r, &k)
}

// Consents returns a page of consents and the cursor of the next one, which is empty after the last.
func (c *Client) Consents(ctx context.Context, l Listing) (list []Consent, next string, err error) {
	var page struct {
		Consents []Consent
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/consents", query: l.query()}, &page)
	return page.Consents, page.Next, err
}

// Consent returns a consent.
func (c *Client) Consent(ctx context.Context, id string) (k Consent, err error) {
	return k, c.get(ctx, request{method: http.MethodGet, path: consentPath(id, "")}, &k)
}

// AddConsentReference adds a reference. Where body is nil the bytes stay with you, and the reference names their SHA-256.
func (c *Client) AddConsentReference(ctx context.Context, r ConsentReference, body io.Reader) error {
	q := given(map[string]string{"consent": r.Consent, "modality": r.Modality, "function": r.Function, "sha256": r.SHA256, "perceptual": r.Perceptual})
	if body == nil {
		q.Set("elsewhere", strconv.FormatBool(true))
	}
	var out struct{}
	return c.get(ctx, request{method: http.MethodPost, path: "/v1/consent-references", query: q, header: http.Header{"Content-Type": {"application/octet-stream"}}, body: body}, &out)
}

// MintConsentToken makes a token for uses of a consent. The zero time is for an hour.
func (c *Client) MintConsentToken(ctx context.Context, id string, scope ConsentUse, uses int, until time.Time) (ConsentToken, error) {
	body := map[string]any{"scope": scope, "uses": uses}
	if !until.IsZero() {
		body["until"] = until
	}
	var out struct {
		Text  string
		Token ConsentToken
	}
	err := c.change(ctx, consentPath(id, "/tokens"), body, &out)
	out.Token.Text = out.Text
	return out.Token, err
}

// CheckConsentToken says whether a token is good for a use now. Nothing is counted.
func (c *Client) CheckConsentToken(ctx context.Context, token string, use ConsentUse) (a ConsentAnswer, err error) {
	return a, c.post(ctx, "/v1/consent-tokens:check", http.Header{"Content-Type": {"application/json"}}, map[string]any{"token": token, "use": use}, &a)
}

// SpendConsentToken counts one use of a token, and ties it to a content number. The same number counts once.
func (c *Client) SpendConsentToken(ctx context.Context, token string, use ConsentUse, number string) (g ConsentGrant, err error) {
	return g, c.post(ctx, "/v1/consent-tokens:spend", http.Header{"Content-Type": {"application/json"}}, map[string]any{"token": token, "use": use, "number": number}, &g)
}

// WithdrawConsent withdraws a consent at the person's request. The reason is a code and may be empty.
func (c *Client) WithdrawConsent(ctx context.Context, id, reason string) (k Consent, err error) {
	return k, c.change(ctx, consentPath(id, ":withdraw"), map[string]string{"reason": reason}, &k)
}

// DisputeConsent freezes a consent, since somebody says "that is not me".
func (c *Client) DisputeConsent(ctx context.Context, id, note string) (k Consent, err error) {
	return k, c.change(ctx, consentPath(id, ":dispute"), map[string]string{"note": note}, &k)
}

// ConsentCertificate returns the signed certificate of deletion.
func (c *Client) ConsentCertificate(ctx context.Context, id string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: consentPath(id, "/certificate")})
}

// LookUpConsent answers whether something was made here, when, and with whose consent. The code is the receipt code of the
// person who asks, and may be empty; one of number and sha256 is given.
func (c *Client) LookUpConsent(ctx context.Context, code, number, sha256 string) (f ConsentFinding, err error) {
	return f, c.post(ctx, "/v1/consents:look-up", http.Header{"Content-Type": {"application/json"}}, map[string]string{"code": code, "number": number, "sha256": sha256}, &f)
}

// ConsentParticulars are what leads to the parties of a consent.
type ConsentParticulars struct {
	SubjectName   string `json:"subject_name,omitempty"`
	Contact       string `json:"contact,omitempty"`
	RequesterName string `json:"requester_name,omitempty"`
	Why           string `json:"why,omitempty"`
	GrantorName   string `json:"grantor_name,omitempty"`
	Spoken        string `json:"spoken,omitempty"`
	Device        string `json:"device,omitempty"`
	Notice        string `json:"notice,omitempty"`
}

// ConsentParticulars returns who the parties are. A record says that you read it.
func (c *Client) ConsentParticulars(ctx context.Context, id string) (p ConsentParticulars, err error) {
	return p, c.get(ctx, request{method: http.MethodGet, path: consentPath(id, "/particulars")}, &p)
}

// ConsentEvidence writes the recording, or what a guardian or kin brought: kind is recording or relation. A record says that
// you read it.
func (c *Client) ConsentEvidence(ctx context.Context, w io.Writer, id, kind string) error {
	resp, err := c.do(ctx, request{method: http.MethodGet, path: consentPath(id, "/evidence"), query: given(map[string]string{"kind": kind})})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

// ConsentReceipt returns a signed receipt for the person.
func (c *Client) ConsentReceipt(ctx context.Context, id string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: consentPath(id, "/receipt")})
}

// ConsentBundle writes the bundle of all records about a consent.
func (c *Client) ConsentBundle(ctx context.Context, w io.Writer, id string) error {
	resp, err := c.do(ctx, request{method: http.MethodGet, path: consentPath(id, "/bundle")})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

// ClaimConsent says on the requester's word that a consent was given.
func (c *Client) ClaimConsent(ctx context.Context, id string) (k Consent, err error) {
	return k, c.change(ctx, consentPath(id, ":claim"), nil, &k)
}

// AskConsentRenewal asks the person for a longer time, or more uses; 0 for no limit.
func (c *Client) AskConsentRenewal(ctx context.Context, id string, until time.Time, uses int) (k Consent, err error) {
	return k, c.change(ctx, consentPath(id, ":ask-renewal"), map[string]any{"until": until, "uses": uses}, &k)
}

// SettleConsent says what came of a dispute. The reason is a code.
func (c *Client) SettleConsent(ctx context.Context, id string, founded bool, reason string) (k Consent, err error) {
	return k, c.change(ctx, consentPath(id, ":settle"), map[string]any{"founded": founded, "reason": reason}, &k)
}

// InvalidateConsent ends a consent that never was a good one. The reason is a code and may be empty.
func (c *Client) InvalidateConsent(ctx context.Context, id, reason string) (k Consent, err error) {
	return k, c.change(ctx, consentPath(id, ":invalidate"), map[string]string{"reason": reason}, &k)
}

// DecideConsentRelation says whether the evidence of a guardian or kin is good. The reason is a code.
func (c *Client) DecideConsentRelation(ctx context.Context, id string, good bool, reason string) (k Consent, err error) {
	return k, c.change(ctx, consentPath(id, ":decide-relation"), map[string]any{"good": good, "reason": reason}, &k)
}

// VerifyConsent says by which verification the person's identity is known.
func (c *Client) VerifyConsent(ctx context.Context, id, verification string) (k Consent, err error) {
	return k, c.change(ctx, consentPath(id, ":verify"), map[string]string{"verification": verification}, &k)
}

// ConsentTokens returns a page of the tokens of a consent and the cursor of the next one.
func (c *Client) ConsentTokens(ctx context.Context, id string, l Listing) (list []ConsentToken, next string, err error) {
	var page struct {
		Tokens []ConsentToken
		Next   string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: consentPath(id, "/tokens"), query: l.query()}, &page)
	return page.Tokens, page.Next, err
}

// RevokeConsentToken ends a token before it is spent.
func (c *Client) RevokeConsentToken(ctx context.Context, id string) (t ConsentToken, err error) {
	return t, c.change(ctx, "/v1/consent-tokens/"+url.PathEscape(id)+":revoke", nil, &t)
}
