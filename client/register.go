package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// TextPair is something for each language.
type TextPair struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// ServiceText describes a service. The description of the API says what the fields mean.
type ServiceText struct {
	Names   TextPair      `json:"names"`
	Role    string        `json:"role"` // provider or supporter
	Forms   []ServiceForm `json:"forms"`
	Opinion bool          `json:"opinion,omitempty"`
}

// ServiceForm is how a service is offered.
type ServiceForm struct {
	Kind string `json:"kind"` // app, website, mini-program, api or other
	At   string `json:"at"`
	ICP  string `json:"icp,omitempty"`
}

// Service is a registered service.
type Service struct {
	ID      string      `json:"id"`
	State   string      `json:"state"` // open or retired
	Service ServiceText `json:"service"`
	Changed time.Time   `json:"changed"`
}

// FunctionText describes a function. What its kind implies may be left out.
type FunctionText struct {
	Service  string           `json:"service"`
	Names    TextPair         `json:"names"`
	Purpose  TextPair         `json:"purpose"`
	Kind     string           `json:"kind"`               // such as face-swap
	Class    string           `json:"class,omitempty"`    // dialogue, voice, person, scene, other or assist
	Likeness []string         `json:"likeness,omitempty"` // face, voice, body, name
	Scenes   []string         `json:"scenes,omitempty"`
	Models   []FunctionModel  `json:"models,omitempty"`
	Identity string           `json:"identity,omitempty"`
	Consent  string           `json:"consent,omitempty"`
	Notice   FunctionNotice   `json:"notice"`
	Quotas   []FunctionQuota  `json:"quotas,omitempty"`
	Filing   FunctionFiling   `json:"filing"`
	Security FunctionSecurity `json:"security"`
	Risk     bool             `json:"risk,omitempty"`
}

// FunctionModel is a model behind a function.
type FunctionModel struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
	Own     bool   `json:"own,omitempty"`
	Number  string `json:"number,omitempty"`
}

// FunctionNotice is how the content of a function is labelled.
type FunctionNotice struct {
	Policy string   `json:"policy,omitempty"` // required, on-request or offered
	Method TextPair `json:"method"`
}

// FunctionQuota is a limit of how often something is used.
type FunctionQuota struct {
	Per     string `json:"per"` // account, function or model
	Events  int    `json:"events"`
	Seconds int    `json:"seconds"`
	Burst   int    `json:"burst,omitempty"`
}

// FunctionFiling says how far the filing of the algorithm is.
type FunctionFiling struct {
	State  string     `json:"state,omitempty"` // not-needed, preparing, submitted, filed, changed or cancelled
	Reason string     `json:"reason,omitempty"`
	Number string     `json:"number,omitempty"`
	Link   string     `json:"link,omitempty"`
	At     *time.Time `json:"at,omitempty"`
}

// FunctionSecurity is the security assessment.
type FunctionSecurity struct {
	Done   *time.Time `json:"done,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
	Report string     `json:"report,omitempty"`
	Digest string     `json:"digest,omitempty"`
	Stale  bool       `json:"stale,omitempty"` // read only
}

// Function is a registered function. A single one comes with its conditions.
type Function struct {
	ID         string              `json:"id"`
	State      string              `json:"state"` // draft, ready, live, suspended or retired
	Function   FunctionText        `json:"function"`
	High       bool                `json:"high"`
	Facts      string              `json:"facts"`
	Live       *time.Time          `json:"live,omitempty"`
	Reason     string              `json:"reason,omitempty"`
	Conditions []FunctionCondition `json:"conditions,omitempty"`
}

// FunctionCondition is one thing that has to hold for a function to be live.
type FunctionCondition struct {
	Name    string           `json:"name"`
	Verdict string           `json:"verdict"` // passed, failed or could-not-tell
	Met     bool             `json:"met"`     // it passed or is waived
	Reason  *Sentence        `json:"reason,omitempty"`
	Clause  colophon.Clause  `json:"clause"`
	Waiver  *ConditionWaiver `json:"waiver,omitempty"`
	Until   *time.Time       `json:"until,omitempty"`
}

// ConditionWaiver lets a function be live although a condition is unmet.
type ConditionWaiver struct {
	Condition string    `json:"condition"`
	By        string    `json:"by"`
	Reason    string    `json:"reason"`
	Made      time.Time `json:"made"`
	Until     time.Time `json:"until"`
	Facts     string    `json:"facts"`
}

// PublicService is what everybody may know of a service and its live functions.
type PublicService struct {
	ID        string           `json:"id"`
	Service   ServiceText      `json:"service"`
	Functions []PublicFunction `json:"functions"`
}

// PublicFunction is what everybody may know of a live function.
type PublicFunction struct {
	ID      string          `json:"id"`
	Names   TextPair        `json:"names"`
	Purpose TextPair        `json:"purpose"`
	Item    int             `json:"item"` // of Deep Synthesis Provisions Art. 23 ¶1
	Kind    TextPair        `json:"kind"`
	Class   string          `json:"class"`
	Models  []FunctionModel `json:"models"`
	Filing  FunctionFiling  `json:"filing"`
	Notice  FunctionNotice  `json:"notice"`
}

// PublicServices returns what everybody may know of the services. It needs no key.
func (c *Client) PublicServices(ctx context.Context) ([]PublicService, error) {
	var out struct{ Services []PublicService }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/public/services"}, &out)
	return out.Services, err
}

// Services returns a page of the services, and the cursor of the next one, which is empty after the last.
func (c *Client) Services(ctx context.Context, l Listing) (list []Service, next string, err error) {
	var page struct {
		Services []Service
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/services", query: l.query()}, &page)
	return page.Services, page.Next, err
}

// AddService adds a service.
func (c *Client) AddService(ctx context.Context, id string, text ServiceText) (s Service, err error) {
	return s, c.change(ctx, "/v1/services", map[string]any{"id": id, "service": text}, &s)
}

// Functions returns a page of the functions, and the cursor of the next one, which is empty after the last.
func (c *Client) Functions(ctx context.Context, l Listing) (list []Function, next string, err error) {
	var page struct {
		Functions []Function
		Next      string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/functions", query: l.query()}, &page)
	return page.Functions, page.Next, err
}

// Function returns a function with its conditions.
func (c *Client) Function(ctx context.Context, id string) (f Function, err error) {
	return f, c.get(ctx, request{method: http.MethodGet, path: functionPath(id, "")}, &f)
}

func functionPath(id, verb string) string { return "/v1/functions/" + url.PathEscape(id) + verb }

// AddFunction adds a function. It is ready once its description is whole.
func (c *Client) AddFunction(ctx context.Context, id string, text FunctionText) (f Function, err error) {
	return f, c.change(ctx, "/v1/functions", map[string]any{"id": id, "function": text}, &f)
}

// ChangeFunction describes a function anew, all of it.
func (c *Client) ChangeFunction(ctx context.Context, id string, text FunctionText) (f Function, err error) {
	return f, c.change(ctx, functionPath(id, ":change"), text, &f)
}

// GoLive lets a function go live, if every condition is met or waived.
func (c *Client) GoLive(ctx context.Context, id string) (f Function, err error) {
	return f, c.change(ctx, functionPath(id, ":live"), nil, &f)
}

// Waive waives a condition of a function as it is now, until a time.
func (c *Client) Waive(ctx context.Context, id, condition, reason string, until time.Time) (f Function, err error) {
	return f, c.change(ctx, functionPath(id, ":waive"), map[string]any{"condition": condition, "reason": reason, "until": until}, &f)
}

// SuspendFunction stops a live function.
func (c *Client) SuspendFunction(ctx context.Context, id, reason string) (f Function, err error) {
	return f, c.change(ctx, functionPath(id, ":suspend"), map[string]any{"reason": reason}, &f)
}

// RetireFunction ends a function for good.
func (c *Client) RetireFunction(ctx context.Context, id, reason string) (f Function, err error) {
	return f, c.change(ctx, functionPath(id, ":retire"), map[string]any{"reason": reason}, &f)
}
