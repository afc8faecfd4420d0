package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
)

// Admission is what an account is about to do. The description of the API says what the words are.
type Admission struct {
	Account  string   `json:"account,omitempty"` // your own identifier, or else Subject
	Subject  string   `json:"subject,omitempty"` // the pseudonym
	Act      string   `json:"act"`               // use, publish or register-account
	Service  string   `json:"service,omitempty"`
	Function string   `json:"function,omitempty"`
	Class    string   `json:"class,omitempty"`
	Model    string   `json:"model,omitempty"`
	Template string   `json:"template,omitempty"`
	Content  string   `json:"content,omitempty"`
	Depicted int      `json:"depicted,omitempty"`
	Purpose  string   `json:"purpose,omitempty"`
	Scene    string   `json:"scene,omitempty"`
	Channel  string   `json:"channel,omitempty"`
	Modality []string `json:"modality,omitempty"`
	Training bool     `json:"training,omitempty"`
	Consents []string `json:"consents,omitempty"` // tokens
}

// Decision is whether an account may do something, and why.
type Decision struct {
	Allow      bool        `json:"allow"`
	Verdict    string      `json:"verdict"` // passed, failed or could-not-tell
	High       bool        `json:"high"`
	Conditions []Condition `json:"conditions"`
	Rules      string      `json:"rules"`
	Record     string      `json:"record,omitempty"`
}

// Condition is one thing that was looked at.
type Condition struct {
	Name    string            `json:"name"`
	Verdict string            `json:"verdict"`
	Refuses bool              `json:"refuses"`
	Why     *Bilingual        `json:"why,omitempty"`
	Remedy  *Bilingual        `json:"remedy,omitempty"`
	Args    colophon.Args     `json:"args,omitempty"`
	Clauses []colophon.Clause `json:"clauses,omitempty"`
	Until   *time.Time        `json:"until,omitempty"`
}

// Bilingual is a sentence in both languages.
type Bilingual struct {
	Code colophon.Code `json:"code"`
	En   string        `json:"en"`
	Zh   string        `json:"zh"`
}

// Explanation is what would be decided, and by which facts.
type Explanation struct {
	Decision Decision        `json:"decision"`
	Question json.RawMessage `json:"question"`
	View     json.RawMessage `json:"view"`
}

// PastDecision is a decision as its record tells it.
type PastDecision struct {
	Record   string          `json:"record"`
	At       time.Time       `json:"at"`
	Subject  string          `json:"subject"`
	Verdict  string          `json:"verdict"`
	Act      string          `json:"act"`
	Service  string          `json:"service,omitempty"`
	Function string          `json:"function,omitempty"`
	Content  string          `json:"content,omitempty"`
	Rules    string          `json:"rules"`
	Codes    []colophon.Code `json:"codes"`
	Reason   colophon.Code   `json:"reason,omitempty"`
}

// Admit decides whether an account may do something now. A refusal is no error. It is sent once: a decision is a record.
func (c *Client) Admit(ctx context.Context, q Admission) (d Decision, err error) {
	return d, c.post(ctx, "/v1/admission:decide", jsonBody(), q, &d)
}

// ExplainAdmission says what would be decided. Nothing is recorded.
func (c *Client) ExplainAdmission(ctx context.Context, q Admission) (e Explanation, err error) {
	return e, c.post(ctx, "/v1/admission:explain", jsonBody(), q, &e)
}

// Admissions returns a page of decisions, the oldest first, and the cursor of the next one, which is empty after the last.
func (c *Client) Admissions(ctx context.Context, l Listing) (list []PastDecision, next string, err error) {
	var page struct {
		Decisions []PastDecision
		Next      string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/admissions", query: l.query()}, &page)
	return page.Decisions, page.Next, err
}

func jsonBody() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// Replayed is a past decision, decided again from its record.
type Replayed struct {
	Decision Decision        `json:"decision"`
	Same     bool            `json:"same"`
	Then     json.RawMessage `json:"then"`
	Question json.RawMessage `json:"question"`
	View     json.RawMessage `json:"view"`
}

// ReplayAdmission decides again from the record of a decision. A record says that you read it.
func (c *Client) ReplayAdmission(ctx context.Context, record string) (r Replayed, err error) {
	return r, c.post(ctx, "/v1/admission:replay", jsonBody(), map[string]string{"record": record}, &r)
}
