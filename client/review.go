package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
)

// ReviewWhy is a code with its sentence.
type ReviewWhy struct {
	Code     colophon.Code `json:"code"`
	Sentence string        `json:"sentence"`
}

// MechanismReview is a review of how an algorithm works. The description of the API says what the fields of its form mean.
type MechanismReview struct {
	ID       string          `json:"id"`
	State    string          `json:"state"`    // proposed, approved, rejected, lapsed or superseded
	Coverage string          `json:"coverage"` // current, stale, missing, adverse or could-not-tell
	Why      *ReviewWhy      `json:"why"`
	Until    *time.Time      `json:"until"`
	Form     json.RawMessage `json:"form"`
	Author   string          `json:"author"`
	Proposed time.Time       `json:"proposed"`
	Decider  string          `json:"decider"`
	Decided  *time.Time      `json:"decided"`
	Ended    *time.Time      `json:"ended"`
}

// MechanismState says whether a review covers what serves an algorithm now.
type MechanismState struct {
	State  string     `json:"state"`
	Review string     `json:"review"`
	Why    *ReviewWhy `json:"why"`
	Until  *time.Time `json:"until"`
}

// EthicsMember is a member of the ethics committee.
type EthicsMember struct {
	ID       string    `json:"id"`
	State    string    `json:"state"` // seated or unseated
	Category string    `json:"category"`
	Chair    bool      `json:"chair"`
	Outside  bool      `json:"outside"`
	Account  string    `json:"account"`
	Until    time.Time `json:"until"`
	Since    time.Time `json:"since"`
	Name     string    `json:"name"`
}

// NewEthicsMember is somebody who becomes a member. One without an account has a name, which is sealed.
type NewEthicsMember struct {
	Category string     `json:"category"`
	Chair    bool       `json:"chair,omitempty"`
	Outside  bool       `json:"outside,omitempty"`
	Account  string     `json:"account,omitempty"`
	Name     string     `json:"name,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
}

// EthicsRule is a figure that ethics reviews go by.
type EthicsRule struct {
	Name       string `json:"name"`
	Value      int    `json:"value"`
	Unit       string `json:"unit"`
	Source     string `json:"source"`
	Confidence string `json:"confidence"`
}

// EthicsSeat is a member at a meeting.
type EthicsSeat struct {
	Member   string     `json:"member"`
	Category string     `json:"category"`
	Outside  bool       `json:"outside"`
	Account  string     `json:"account"`
	Recused  string     `json:"recused"`
	Vote     string     `json:"vote"`
	Cast     *time.Time `json:"cast"`
	By       string     `json:"by"`
}

// EthicsPause is a time that the clock leaves out.
type EthicsPause struct {
	Reason string     `json:"reason"`
	From   time.Time  `json:"from"`
	Until  *time.Time `json:"until"`
}

// EthicsGround is what a person answered about one ground of review by experts.
type EthicsGround struct {
	Ground  string `json:"ground"`
	Applies bool   `json:"applies"`
	Why     string `json:"why"`
}

// EthicsExperts is what the experts said.
type EthicsExperts struct {
	Agree     bool      `json:"agree"`
	Reference string    `json:"reference"`
	Proof     string    `json:"proof"`
	At        time.Time `json:"at"`
}

// EthicsOutcome is what a meeting decided.
type EthicsOutcome struct {
	Vote       string         `json:"vote"`
	Reasons    string         `json:"reasons"`
	Conditions []string       `json:"conditions"`
	At         time.Time      `json:"at"`
	By         string         `json:"by"`
	Tally      map[string]int `json:"tally"`
	Late       bool           `json:"late"`
}

// EthicsFollowUp is one look at what was approved.
type EthicsFollowUp struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Finding string    `json:"finding"`
	Note    string    `json:"note"`
	Next    string    `json:"next"`
}

// EthicsReview is an ethics review with its history. The description of the API says what the fields of its application mean.
type EthicsReview struct {
	ID          string           `json:"id"`
	State       string           `json:"state"`
	Application json.RawMessage  `json:"application"`
	Applicant   string           `json:"applicant"`
	Made        time.Time        `json:"made"`
	Round       int              `json:"round"`
	Accepted    *time.Time       `json:"accepted"`
	Due         *time.Time       `json:"due"`
	Running     bool             `json:"running"`
	Late        bool             `json:"late"`
	Pauses      []EthicsPause    `json:"pauses"`
	Grounds     []EthicsGround   `json:"grounds"`
	GroundsBy   string           `json:"grounds_by"`
	Experts     *EthicsExperts   `json:"experts"`
	Seats       []EthicsSeat     `json:"seats"`
	Minutes     string           `json:"minutes"` // staff account that keeps the minutes of the meeting
	Quorum      *ReviewWhy       `json:"quorum"`
	Outcome     *EthicsOutcome   `json:"outcome"`
	Followed    []EthicsFollowUp `json:"followed"`
	Next        string           `json:"next"`
	Number      string           `json:"number"`
	Note        string           `json:"note"`
}

// SecurityTrigger is something that asks for a security assessment.
type SecurityTrigger struct {
	ID         string     `json:"id"`
	State      string     `json:"state"` // open, answered or dismissed
	Kind       string     `json:"kind"`
	Ref        string     `json:"ref"`
	At         time.Time  `json:"at"`
	Due        *time.Time `json:"due"`
	Unsure     []int      `json:"unsure"`
	Assessment string     `json:"assessment"`
	By         string     `json:"by"`
	Closed     *time.Time `json:"closed"`
	Late       bool       `json:"late"`
}

// SecurityBasics is what a report begins with.
type SecurityBasics struct {
	Title     string   `json:"title"`
	Functions string   `json:"functions"`
	Hardware  string   `json:"hardware"`
	Licences  string   `json:"licences"`
	Body      string   `json:"body,omitempty"`
	Other     string   `json:"other,omitempty"`
	Triggers  []string `json:"triggers,omitempty"`
}

// SecurityAnswer is what a query found.
type SecurityAnswer struct {
	Query    string        `json:"query"`
	Verdict  string        `json:"verdict"` // passed, failed or could-not-tell
	Why      colophon.Code `json:"why"`
	Args     colophon.Args `json:"args"`
	Sentence string        `json:"sentence"`
	Count    int           `json:"count"`
	Against  int           `json:"against"`
	Of       string        `json:"of"`
	Sample   []string      `json:"sample"`
	At       time.Time     `json:"at"`
}

// SecurityStatement is what a person says of a head.
type SecurityStatement struct {
	Head string    `json:"head"`
	Text string    `json:"text"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// SecurityHead is how a head of an assessment stands. Attested is no pass.
type SecurityHead struct {
	ID         string             `json:"id"`
	Group      string             `json:"group"`
	Article    string             `json:"article"`
	Confidence string             `json:"confidence"`
	State      string             `json:"state"` // passed, failed, could-not-tell or attested
	Answers    []SecurityAnswer   `json:"answers"`
	Statement  *SecurityStatement `json:"statement"`
}

// SecurityFiling says how a report was handed in.
type SecurityFiling struct {
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
	Proof     string    `json:"proof"`
	By        string    `json:"by,omitempty"`
}

// SecurityAssessment is a security assessment with its history.
type SecurityAssessment struct {
	ID      string          `json:"id"`
	State   string          `json:"state"` // draft, proposed, approved, filed or withdrawn
	Basics  SecurityBasics  `json:"basics"`
	Author  string          `json:"author"`
	Made    time.Time       `json:"made"`
	Asked   time.Time       `json:"asked"`
	Heads   []SecurityHead  `json:"heads"`
	Decider string          `json:"decider"`
	Decided *time.Time      `json:"decided"`
	Digest  string          `json:"digest"`
	Filing  *SecurityFiling `json:"filing"`
	Note    string          `json:"note"`
}

// Worst is how the assessment stands by its heads: failed where one did, could-not-tell where one could not be told, attested
// where a person alone says it of one, and passed.
func (a SecurityAssessment) Worst() string {
	states := []string{"failed", "could-not-tell", "attested", "passed"}
	if len(a.Heads) == 0 {
		return states[1]
	}
	worst := len(states) - 1
	for _, h := range a.Heads {
		worst = min(worst, max(0, slices.Index(states, h.State)))
	}
	return states[worst]
}

// MechanismReviews returns a page of reviews and the cursor of the next one, which is empty after the last.
func (c *Client) MechanismReviews(ctx context.Context, l Listing) ([]MechanismReview, string, error) {
	var page struct {
		Reviews []MechanismReview
		Next    string
	}
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/mechanism-reviews", query: l.query()}, &page)
	return page.Reviews, page.Next, err
}

// MechanismReview returns a review.
func (c *Client) MechanismReview(ctx context.Context, id string) (r MechanismReview, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: "/v1/mechanism-reviews/" + url.PathEscape(id)}, &r)
}

// MechanismState says whether a review covers what serves an algorithm now.
func (c *Client) MechanismState(ctx context.Context, algorithm string) (s MechanismState, err error) {
	return s, c.get(ctx, request{method: http.MethodGet, path: "/v1/mechanism-reviews/state", query: url.Values{"algorithm": {algorithm}}}, &s)
}

// ProposeMechanismReview enters what was found, which is JSON.
func (c *Client) ProposeMechanismReview(ctx context.Context, form json.RawMessage) (r MechanismReview, err error) {
	return r, c.change(ctx, "/v1/mechanism-reviews", form, &r)
}

// StepMechanismReview takes a step with a review: approve, reject, meet or end. The body is what the API wants for it; nil for
// nothing.
func (c *Client) StepMechanismReview(ctx context.Context, id, step string, body any) (r MechanismReview, err error) {
	return r, c.change(ctx, "/v1/mechanism-reviews/"+url.PathEscape(id)+":"+step, body, &r)
}

// EthicsRules returns the figures that ethics reviews go by.
func (c *Client) EthicsRules(ctx context.Context) ([]EthicsRule, error) {
	var out struct{ Rules []EthicsRule }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/ethics-rules"}, &out)
	return out.Rules, err
}

// EthicsMembers returns the ethics committee; all who ever were in it, where that is asked.
func (c *Client) EthicsMembers(ctx context.Context, all bool) ([]EthicsMember, error) {
	var out struct{ Members []EthicsMember }
	q := url.Values{}
	if all {
		q.Set("all", "true")
	}
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/ethics-members", query: q}, &out)
	return out.Members, err
}

// SeatEthicsMember has somebody be a member of the committee.
func (c *Client) SeatEthicsMember(ctx context.Context, n NewEthicsMember) (m EthicsMember, err error) {
	return m, c.change(ctx, "/v1/ethics-members", n, &m)
}

// ReadEthicsMember returns a member with the name of one from outside; a record says that you read it.
func (c *Client) ReadEthicsMember(ctx context.Context, id string) (m EthicsMember, err error) {
	return m, c.get(ctx, request{method: http.MethodGet, path: "/v1/ethics-members/" + url.PathEscape(id) + "/name"}, &m)
}

// UnseatEthicsMember ends a membership.
func (c *Client) UnseatEthicsMember(ctx context.Context, id, note string) (m EthicsMember, err error) {
	return m, c.change(ctx, "/v1/ethics-members/"+url.PathEscape(id)+":unseat", map[string]string{"note": note}, &m)
}

// EthicsReviews returns a page of reviews and the cursor of the next one, which is empty after the last.
func (c *Client) EthicsReviews(ctx context.Context, l Listing) ([]EthicsReview, string, error) {
	var page struct {
		Reviews []EthicsReview
		Next    string
	}
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/ethics-reviews", query: l.query()}, &page)
	return page.Reviews, page.Next, err
}

// EthicsReview returns a review.
func (c *Client) EthicsReview(ctx context.Context, id string) (r EthicsReview, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: "/v1/ethics-reviews/" + url.PathEscape(id)}, &r)
}

// ApplyEthicsReview applies for a review; the application is JSON.
func (c *Client) ApplyEthicsReview(ctx context.Context, application json.RawMessage) (r EthicsReview, err error) {
	return r, c.change(ctx, "/v1/ethics-reviews", application, &r)
}

// StepEthicsReview takes a step with a review, such as accept, meet, vote or decide. The body is what the API wants for it; nil
// for nothing.
func (c *Client) StepEthicsReview(ctx context.Context, id, step string, body any) (r EthicsReview, err error) {
	return r, c.change(ctx, "/v1/ethics-reviews/"+url.PathEscape(id)+":"+step, body, &r)
}

// SecurityTriggers returns a page of what asks for a security assessment, and the cursor of the next one.
func (c *Client) SecurityTriggers(ctx context.Context, l Listing) ([]SecurityTrigger, string, error) {
	var page struct {
		Triggers []SecurityTrigger
		Next     string
	}
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/security-triggers", query: l.query()}, &page)
	return page.Triggers, page.Next, err
}

// SecurityTrigger returns a trigger.
func (c *Client) SecurityTrigger(ctx context.Context, id string) (t SecurityTrigger, err error) {
	return t, c.get(ctx, request{method: http.MethodGet, path: "/v1/security-triggers/" + url.PathEscape(id)}, &t)
}

// NoteSecurityTrigger enters a written notice of an authority.
func (c *Client) NoteSecurityTrigger(ctx context.Context, ref string, at time.Time) (t SecurityTrigger, err error) {
	return t, c.change(ctx, "/v1/security-triggers", map[string]any{"ref": ref, "at": at}, &t)
}

// DismissSecurityTrigger says why a trigger asks for no assessment.
func (c *Client) DismissSecurityTrigger(ctx context.Context, id, note string) (t SecurityTrigger, err error) {
	return t, c.change(ctx, "/v1/security-triggers/"+url.PathEscape(id)+":dismiss", map[string]string{"note": note}, &t)
}

// SecurityAssessments returns a page of assessments and the cursor of the next one, which is empty after the last.
func (c *Client) SecurityAssessments(ctx context.Context, l Listing) ([]SecurityAssessment, string, error) {
	var page struct {
		Assessments []SecurityAssessment
		Next        string
	}
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/security-assessments", query: l.query()}, &page)
	return page.Assessments, page.Next, err
}

// SecurityAssessment returns an assessment.
func (c *Client) SecurityAssessment(ctx context.Context, id string) (a SecurityAssessment, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/security-assessments/" + url.PathEscape(id)}, &a)
}

// BeginSecurityAssessment begins an assessment; every query is asked.
func (c *Client) BeginSecurityAssessment(ctx context.Context, b SecurityBasics) (a SecurityAssessment, err error) {
	return a, c.change(ctx, "/v1/security-assessments", b, &a)
}

// StepSecurityAssessment takes a step with an assessment: ask, state, propose, approve, reject, withdraw or file. The body is
// what the API wants for it; nil for nothing.
func (c *Client) StepSecurityAssessment(ctx context.Context, id, step string, body any) (a SecurityAssessment, err error) {
	return a, c.change(ctx, "/v1/security-assessments/"+url.PathEscape(id)+":"+step, body, &a)
}

// ReviewDocument returns a review as html, docx or pdf; the caller closes it. Kind is mechanism, ethics or security.
func (c *Client) ReviewDocument(ctx context.Context, kind, id, format, language string) (io.ReadCloser, error) {
	path := map[string]string{"mechanism": "/v1/mechanism-reviews/", "ethics": "/v1/ethics-reviews/", "security": "/v1/security-assessments/"}[kind]
	return c.body(ctx, path+url.PathEscape(id)+"/document", url.Values{"format": {format}, "language": {language}})
}
