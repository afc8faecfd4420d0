package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// Case is something that somebody wants to be heard about, as the staff sees it. The description of the API says what the
// fields mean.
type Case struct {
	ID           string          `json:"id"`
	Kind         string          `json:"kind"`            // complaint, report, appeal, rights, likeness, rumour, fraud, label, authority or unlabelled
	Party        string          `json:"party"`           // public, user, subject, kin, agent or authority
	Right        string          `json:"right,omitempty"` // access, copy, correct, delete, withdraw or port
	Grounds      []colophon.Code `json:"grounds"`
	State        string          `json:"state"` // received, acknowledged, taken, waiting, decided, closed, withdrawn or duplicate
	Urgent       bool            `json:"urgent,omitempty"`
	Anonymous    bool            `json:"anonymous,omitempty"`
	Source       string          `json:"source"` // web, api, staff, screening or detection
	Language     string          `json:"language"`
	Subject      string          `json:"subject"`
	About        CaseAbout       `json:"about"`
	Received     time.Time       `json:"received"`
	Limits       int             `json:"limits"`
	Due          *time.Time      `json:"due,omitempty"`
	Priority     int             `json:"priority,omitempty"`
	Why          []CaseReason    `json:"why,omitempty"`
	Reports      int             `json:"reports,omitempty"`
	Plan         []CaseStep      `json:"plan,omitempty"` // of one case alone
	Pauses       []CasePause     `json:"pauses,omitempty"`
	Waits        colophon.Code   `json:"waits,omitempty"`
	WaitsUntil   *time.Time      `json:"waits_until,omitempty"`
	Sought       string          `json:"sought"` // found, none, unknown or not
	Found        []CaseFound     `json:"found"`
	Files        []CaseFile      `json:"files"`
	Messages     int             `json:"messages"`
	Answered     bool            `json:"answered,omitempty"`
	Assigned     string          `json:"assigned,omitempty"`
	Lease        *time.Time      `json:"lease,omitempty"`
	Acknowledged *CaseMark       `json:"acknowledged,omitempty"`
	Decision     *CaseDecision   `json:"decision,omitempty"`
	Reasons      *Statement      `json:"reasons,omitempty"`
	Told         *CaseMark       `json:"told,omitempty"`
	How          string          `json:"how,omitempty"`
	AppealUntil  *time.Time      `json:"appeal_until,omitempty"`
	Breaches     []CaseBreach    `json:"breaches"`
	Actions      []CaseAction    `json:"actions"`
	DuplicateOf  string          `json:"duplicate_of,omitempty"`
	AppealOf     string          `json:"appeal_of,omitempty"`
	Side         string          `json:"side,omitempty"` // reporter or affected
	Appeals      []CaseAppealed  `json:"appeals"`
	Kept         string          `json:"kept"` // whole, restricted, erased or none
}

// CaseAbout says what a case is about.
type CaseAbout struct {
	Numbers    []string `json:"numbers,omitempty"`
	Account    string   `json:"account,omitempty"` // pseudonym
	Function   string   `json:"function,omitempty"`
	Model      string   `json:"model,omitempty"`
	Measure    string   `json:"measure,omitempty"`
	Judgement  string   `json:"judgement,omitempty"`
	Held       string   `json:"held,omitempty"`
	Consent    string   `json:"consent,omitempty"`
	Refutation string   `json:"refutation,omitempty"`
}

// CaseFound is content of the service that a case is about.
type CaseFound struct {
	Number  string `json:"number"`
	Account string `json:"account,omitempty"`
	How     string `json:"how"` // number, digest, likeness, label or watermark
	Bits    int    `json:"bits,omitempty"`
	Certain bool   `json:"certain,omitempty"`
}

// CaseFile is a file of a case, without its bytes.
type CaseFile struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Type   string `json:"type"`
	Marks  string `json:"marks,omitempty"` // ours, others, none or unknown
}

// CaseMark says when a step was done, and when it had to be.
type CaseMark struct {
	At     time.Time `json:"at"`
	Due    time.Time `json:"due"`
	Late   bool      `json:"late,omitempty"`
	Unsure []int     `json:"unsure,omitempty"` // years whose holidays were not known
}

// CaseStatement is why something was decided, in fields.
type CaseStatement struct {
	Visibility []colophon.Code   `json:"visibility,omitempty"`
	Provision  colophon.Code     `json:"provision,omitempty"`
	Account    colophon.Code     `json:"account,omitempty"`
	Clauses    []colophon.Clause `json:"clauses,omitempty"`
	Terms      string            `json:"terms,omitempty"`
	Category   colophon.Code     `json:"category,omitempty"`
	Keywords   []string          `json:"keywords,omitempty"`
	Territory  string            `json:"territory,omitempty"`
	Content    *time.Time        `json:"content,omitempty"`
	From       *time.Time        `json:"from,omitempty"`
	Until      *time.Time        `json:"until,omitempty"`
	Detected   bool              `json:"detected,omitempty"`
	Assisted   bool              `json:"assisted,omitempty"`
	Evidence   []string          `json:"evidence,omitempty"`
}

// CaseDecision is what one person decided.
type CaseDecision struct {
	Role      string        `json:"role"`
	ID        string        `json:"id"`
	Outcome   string        `json:"outcome"` // founded, partly, unfounded or unproven; of an appeal upheld, changed or reversed
	Statement CaseStatement `json:"statement"`
	Proof     *CaseProof    `json:"proof,omitempty"`
	CaseMark
}

// CaseProof says whether whoever asks for a right is the person whose data it is.
type CaseProof struct {
	Result string        `json:"result"`        // proven, disproven or unknown
	How    colophon.Code `json:"how,omitempty"` // of what is proven
}

// CaseDeed is one thing that a decision does.
type CaseDeed struct {
	Do       string        `json:"do"`
	Target   string        `json:"target"`
	Step     string        `json:"step,omitempty"`
	Function string        `json:"function,omitempty"`
	Fact     colophon.Code `json:"fact,omitempty"`
	Until    *time.Time    `json:"until,omitempty"`
}

// CaseAction is a deed on its way.
type CaseAction struct {
	CaseDeed
	Undoes string        `json:"undoes,omitempty"`
	Result string        `json:"result"` // pending, done, failed or unknown
	Tried  int           `json:"tried,omitempty"`
	At     *time.Time    `json:"at,omitempty"`
	Next   *time.Time    `json:"next,omitempty"`
	Ref    string        `json:"ref,omitempty"`
	Why    colophon.Code `json:"why,omitempty"`
	Halted bool          `json:"halted,omitempty"`
	Undone *time.Time    `json:"undone,omitempty"`
	Says   *Statement    `json:"says,omitempty"` // what came of it, as whoever came is told
}

// CaseBreach is a limit that was missed.
type CaseBreach struct {
	Step string    `json:"step"` // acknowledge, decide or feedback
	Due  time.Time `json:"due"`
	At   time.Time `json:"at"`
}

// CaseAppealed says what an appeal came to.
type CaseAppealed struct {
	Case    string    `json:"case"`
	Outcome string    `json:"outcome"` // upheld, changed or reversed
	At      time.Time `json:"at"`
}

// CaseReason is one thing that makes a case more urgent, or less.
type CaseReason struct {
	Sentence
	Add int `json:"add"`
}

// CaseMessage is one of whoever came and the desk to each other.
type CaseMessage struct {
	Desk bool      `json:"desk,omitempty"` // the desk wrote it
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// CaseParticulars are what is sealed in a case.
type CaseParticulars struct {
	Name        string        `json:"name,omitempty"`
	Contact     string        `json:"contact,omitempty"`
	Text        string        `json:"text,omitempty"`
	Messages    []CaseMessage `json:"messages"`
	Facts       string        `json:"facts,omitempty"`
	Explanation string        `json:"explanation,omitempty"`
}

// SimilarCase is a case that has something in common with another.
type SimilarCase struct {
	Case
	Content  bool `json:"same_content,omitempty"`
	Account  bool `json:"same_account,omitempty"`
	Reporter bool `json:"same_reporter,omitempty"`
	Earlier  bool `json:"joinable,omitempty"`
}

// CaseAccuracy says what came of the cases of an account lately.
type CaseAccuracy struct {
	Open      int `json:"open"`
	Founded   int `json:"founded"`
	Unfounded int `json:"unfounded"`
	Unproven  int `json:"unproven"`
}

// CaseRuling is what somebody decides about a case.
type CaseRuling struct {
	Outcome     string        `json:"outcome"`
	Facts       string        `json:"facts"`
	Explanation string        `json:"explanation"`
	Statement   CaseStatement `json:"statement,omitzero"`
	Deeds       []CaseDeed    `json:"deeds,omitempty"`
	Undo        []int         `json:"undo,omitempty"`
	Proof       *CaseProof    `json:"proof,omitempty"`
}

func casePath(id, what string) string { return "/v1/cases/" + url.PathEscape(id) + what }

func (c *Client) cases(ctx context.Context, path string, l Listing) (list []Case, next string, err error) {
	var page struct {
		Cases []Case
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: path, query: l.query()}, &page)
	return page.Cases, page.Next, err
}

// Cases returns a page of cases, the newest first, and the cursor of the next page. Filters are kind, number and state.
func (c *Client) Cases(ctx context.Context, l Listing) ([]Case, string, error) {
	return c.cases(ctx, "/v1/cases", l)
}

// CaseBoard returns what you may take, the most urgent first, at most 200. Filters are kind and number.
func (c *Client) CaseBoard(ctx context.Context, l Listing) ([]Case, error) {
	list, _, err := c.cases(ctx, "/v1/cases/board", l)
	return list, err
}

// CaseAccuracy says what came of the cases of an account lately, by its pseudonym.
func (c *Client) CaseAccuracy(ctx context.Context, subject string) (a CaseAccuracy, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/cases/accuracy", query: url.Values{"subject": {subject}}}, &a)
}

// NextCase takes the most urgent case; nil when there is none that you may take. Kind and number narrow it and may be empty.
func (c *Client) NextCase(ctx context.Context, kind, number string) (*Case, error) {
	var out struct{ Case *Case }
	path := "/v1/cases:next"
	if q := given(map[string]string{"kind": kind, "number": number}); len(q) > 0 {
		path += "?" + q.Encode()
	}
	return out.Case, c.change(ctx, path, nil, &out)
}

// Case returns a case, without what leads to a person.
func (c *Client) Case(ctx context.Context, id string) (k Case, err error) {
	return k, c.get(ctx, request{method: http.MethodGet, path: casePath(id, "")}, &k)
}

// CaseParticulars returns what whoever came wrote. A record says that you read it.
func (c *Client) CaseParticulars(ctx context.Context, id string) (p CaseParticulars, err error) {
	return p, c.get(ctx, request{method: http.MethodGet, path: casePath(id, "/particulars")}, &p)
}

// CaseFile reads a file of a case. A record says that you read the case. The caller closes it.
func (c *Client) CaseFile(ctx context.Context, id, sha256 string) (io.ReadCloser, error) {
	return c.body(ctx, casePath(id, "/files/"+url.PathEscape(sha256)), nil)
}

// SimilarCases returns cases that have something in common with one, the newest first.
func (c *Client) SimilarCases(ctx context.Context, id string) ([]SimilarCase, error) {
	var out struct{ Cases []SimilarCase }
	err := c.get(ctx, request{method: http.MethodGet, path: casePath(id, "/similar")}, &out)
	return out.Cases, err
}

// TakeCase takes a case.
func (c *Client) TakeCase(ctx context.Context, id string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":take"), nil, &k)
}

// ExtendCase keeps a case longer.
func (c *Client) ExtendCase(ctx context.Context, id string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":extend"), nil, &k)
}

// ReturnCase gives a case back.
func (c *Client) ReturnCase(ctx context.Context, id string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":return"), nil, &k)
}

// AcknowledgeCase says that a case is accepted.
func (c *Client) AcknowledgeCase(ctx context.Context, id string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":acknowledge"), nil, &k)
}

// PauseCase has a case wait: why is desk-wait-reporter, desk-wait-authority or desk-wait-other.
func (c *Client) PauseCase(ctx context.Context, id string, why colophon.Code, until time.Time) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":pause"), map[string]any{"why": why, "until": until}, &k)
}

// ResumeCase goes on with a case that waits.
func (c *Client) ResumeCase(ctx context.Context, id string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":resume"), nil, &k)
}

// AskCase writes to whoever brought a case.
func (c *Client) AskCase(ctx context.Context, id, text string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":ask"), map[string]string{"text": text}, &k)
}

// SeekCase looks for the content of a case again.
func (c *Client) SeekCase(ctx context.Context, id string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":seek"), nil, &k)
}

// JoinCase joins a case to an earlier one about the same.
func (c *Client) JoinCase(ctx context.Context, id, earlier string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":join"), map[string]string{"earlier": earlier}, &k)
}

// DecideCase decides a case that you have, and has that carried out. What could not be told to be done yet is tried again.
func (c *Client) DecideCase(ctx context.Context, id string, r CaseRuling) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":decide"), r, &k)
}

// RetryCase carries out again what failed: which action, by its place from 0.
func (c *Client) RetryCase(ctx context.Context, id string, action int) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":retry"), map[string]int{"action": action}, &k)
}

// CloseCase says how whoever came was told of the decision: a word, such as page or letter.
func (c *Client) CloseCase(ctx context.Context, id, how string) (k Case, err error) {
	return k, c.change(ctx, casePath(id, ":close"), map[string]string{"how": how}, &k)
}

// CaseTerm is a length of time: hours by the clock on the wall, or working days.
type CaseTerm struct {
	Hours int `json:"hours,omitempty"`
	Days  int `json:"days,omitempty"`
}

// CaseLimits are the limits of one kind of case.
type CaseLimits struct {
	Kind        string          `json:"kind"`
	Urgent      bool            `json:"urgent,omitempty"`
	Acknowledge CaseTerm        `json:"acknowledge"`
	Decide      CaseTerm        `json:"decide"`
	Feedback    CaseTerm        `json:"feedback"`
	Appeal      *CaseTerm       `json:"appeal,omitempty"` // nil where the decision is the last
	Pauses      []colophon.Code `json:"pauses,omitempty"`
}

// LimitsVersion is a table of limits with its history. Of what is published for everybody, who wrote it is left out.
type LimitsVersion struct {
	ID        string       `json:"id,omitempty"`
	State     string       `json:"state,omitempty"`  // draft, published or withdrawn
	Number    int          `json:"number,omitempty"` // 0 for a draft and for the starter table
	Starter   bool         `json:"starter,omitempty"`
	Reason    string       `json:"reason,omitempty"`
	Author    string       `json:"author,omitempty"`
	Publisher string       `json:"publisher,omitempty"`
	Effective *time.Time   `json:"effective,omitempty"`
	Limits    []CaseLimits `json:"limits"`
}

// LimitsVersions returns a page of versions of the time limits, the newest first, and the cursor of the next page.
func (c *Client) LimitsVersions(ctx context.Context, l Listing) (list []LimitsVersion, next string, err error) {
	var page struct {
		Versions []LimitsVersion
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/limits", query: l.query()}, &page)
	return page.Versions, page.Next, err
}

// LimitsVersion returns a version of the time limits.
func (c *Client) LimitsVersion(ctx context.Context, id string) (v LimitsVersion, err error) {
	return v, c.get(ctx, request{method: http.MethodGet, path: "/v1/limits/" + url.PathEscape(id)}, &v)
}

// DraftLimits drafts time limits. Somebody else publishes them.
func (c *Client) DraftLimits(ctx context.Context, table []CaseLimits, reason string) (v LimitsVersion, err error) {
	return v, c.change(ctx, "/v1/limits", map[string]any{"limits": table, "reason": reason}, &v)
}

// PublishLimits publishes what somebody else drafted; the zero time for at once.
func (c *Client) PublishLimits(ctx context.Context, id string, effective time.Time) (v LimitsVersion, err error) {
	body := map[string]any{}
	if !effective.IsZero() {
		body["effective"] = effective
	}
	return v, c.change(ctx, "/v1/limits/"+url.PathEscape(id)+":publish", body, &v)
}

// WithdrawLimits takes a draft back.
func (c *Client) WithdrawLimits(ctx context.Context, id string) (v LimitsVersion, err error) {
	return v, c.change(ctx, "/v1/limits/"+url.PathEscape(id)+":withdraw", nil, &v)
}

// PublicLimits returns the time limits in force, and all versions that were published. It needs no key.
func (c *Client) PublicLimits(ctx context.Context) (inForce LimitsVersion, published []LimitsVersion, err error) {
	var out struct {
		InForce  LimitsVersion `json:"in_force"`
		Versions []LimitsVersion
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/public/limits"}, &out)
	return out.InForce, out.Versions, err
}

// CaseFigure counts cases by what happened in a month.
type CaseFigure struct {
	Kind         string         `json:"kind,omitempty"` // empty for all
	Received     int            `json:"received"`
	Anonymous    int            `json:"anonymous"`
	Joined       int            `json:"joined"`
	Withdrawn    int            `json:"withdrawn"`
	Acknowledged int            `json:"acknowledged"`
	AckInTime    int            `json:"acknowledged_in_time"`
	Decided      int            `json:"decided"`
	InTime       int            `json:"decided_in_time"`
	Unsure       int            `json:"unsure"`
	Told         int            `json:"told"`
	ToldInTime   int            `json:"told_in_time"`
	Breached     int            `json:"breached"`
	Outcomes     map[string]int `json:"outcomes"`
	Overturned   int            `json:"overturned"`
	MedianAck    int64          `json:"median_acknowledged_seconds"`
	MedianDecide int64          `json:"median_decided_seconds"`
}

// CaseQuery says how a figure is counted.
type CaseQuery struct {
	Figure   string        `json:"figure"`
	Code     colophon.Code `json:"code"`
	Sentence string        `json:"sentence"`
	Filter   string        `json:"filter"`
}

// CaseFigures say what the desk did in one month of Beijing time.
type CaseFigures struct {
	Month   string       `json:"month"`
	All     CaseFigure   `json:"all"`
	Kinds   []CaseFigure `json:"kinds"`
	Queries []CaseQuery  `json:"queries"`
}

// CaseFigures says what the desk did in a month, such as 2026-11. It needs no key.
func (c *Client) CaseFigures(ctx context.Context, month string) (f CaseFigures, err error) {
	return f, c.get(ctx, request{method: http.MethodGet, path: "/v1/public/figures", query: url.Values{"month": {month}}}, &f)
}

// CaseFiguresCSV writes the same as a table of lines month, kind, figure, value.
func (c *Client) CaseFiguresCSV(ctx context.Context, month string, w io.Writer) error {
	resp, err := c.do(ctx, request{method: http.MethodGet, path: "/v1/public/figures", query: url.Values{"month": {month}, "format": {"csv"}}})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}

// CaseStep is a step of a case that is still to be done.
type CaseStep struct {
	Step   string    `json:"step"` // acknowledge, decide or feedback
	Due    time.Time `json:"due"`
	Unsure []int     `json:"unsure,omitempty"` // years whose holidays are not known
	Stands bool      `json:"stands,omitempty"` // the clock stands still
}

// CasePause is a time in which a case waited for somebody, or waits.
type CasePause struct {
	Why   colophon.Code `json:"why"`
	From  time.Time     `json:"from"`
	To    *time.Time    `json:"to,omitempty"` // nil while it waits
	Until time.Time     `json:"until"`
	Stops bool          `json:"stops,omitempty"` // the clock stands still meanwhile
}

// PreviewCase returns what both sides would read if a case that you have were decided so. Nothing is decided.
func (c *Client) PreviewCase(ctx context.Context, id string, r CaseRuling) (s Statement, err error) {
	return s, c.change(ctx, casePath(id, ":preview"), r, &s)
}
