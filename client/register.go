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
	Asked   bool             `json:"asked"`   // of a function like this; what is not asked counts as passed
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

// LookUp is what everybody may know of content that was made here. The description of the API says what the fields mean.
type LookUp struct {
	Known    bool       `json:"known"`
	Same     *bool      `json:"same,omitempty"`
	Number   string     `json:"number,omitempty"`
	Made     *time.Time `json:"made,omitempty"`
	Service  *TextPair  `json:"service,omitempty"`
	Function *TextPair  `json:"function,omitempty"`
	State    string     `json:"state,omitempty"` // made, stopped or erased
	Refuted  []Refuted  `json:"refuted,omitempty"`
}

// LookUp tells whether content was made here, by its content number, the SHA-256 of a file in hexadecimal, or both. It needs
// no key.
func (c *Client) LookUp(ctx context.Context, number, digest string) (LookUp, error) {
	var out LookUp
	asked := map[string]string{}
	if number != "" {
		asked["number"] = number
	}
	if digest != "" {
		asked["sha256"] = digest
	}
	err := c.post(ctx, "/v1/public/look-up", nil, asked, &out)
	return out, err
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

// Service returns a service.
func (c *Client) Service(ctx context.Context, id string) (s Service, err error) {
	return s, c.get(ctx, request{method: http.MethodGet, path: "/v1/services/" + url.PathEscape(id)}, &s)
}

// ChangeService describes a service anew, all of it.
func (c *Client) ChangeService(ctx context.Context, id string, text ServiceText) (s Service, err error) {
	return s, c.change(ctx, "/v1/services/"+url.PathEscape(id)+":change", text, &s)
}

// RetireService ends a service whose functions are retired.
func (c *Client) RetireService(ctx context.Context, id string) (s Service, err error) {
	return s, c.change(ctx, "/v1/services/"+url.PathEscape(id)+":retire", nil, &s)
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

// ControlOrder is a control order: something must not be used, published or handed out.
type ControlOrder struct {
	ID        string      `json:"id"`
	State     string      `json:"state"` // issued, in-force, release-proposed, released or expired
	Scope     string      `json:"scope"`
	Target    string      `json:"target,omitempty"` // of an account its pseudonym
	Action    string      `json:"action"`           // stop, limit or quarantine
	Basis     string      `json:"basis"`            // own, incident, court or authority
	Reference string      `json:"reference,omitempty"`
	Drill     bool        `json:"drill,omitempty"`
	Issuer    string      `json:"issuer"`
	Proposer  string      `json:"proposer,omitempty"`
	Confirmer string      `json:"confirmer,omitempty"`
	Issued    time.Time   `json:"issued"`
	Changed   time.Time   `json:"changed"`
	Until     *time.Time  `json:"until,omitempty"`
	Nodes     []OrderNode `json:"nodes,omitempty"` // of a list absent
}

// OrderNode says since when an order is effective on a node.
type OrderNode struct {
	Node         string     `json:"node"`
	Received     time.Time  `json:"received"`
	Effective    time.Time  `json:"effective"`
	Milliseconds int64      `json:"milliseconds"` // from the issue until then
	LastOutput   *time.Time `json:"last_output,omitempty"`
}

// OrderDraft is an order that somebody gives. The description of the API says what the words are.
type OrderDraft struct {
	Scope     string    `json:"scope"`
	Target    string    `json:"target,omitempty"`
	Account   string    `json:"account,omitempty"` // your own identifier, where the scope is account
	Action    string    `json:"action"`
	Basis     string    `json:"basis"`
	Reference string    `json:"reference,omitempty"`
	Until     time.Time `json:"until,omitzero"`
	Reason    string    `json:"reason"`
}

// Orders returns a page of orders, the newest first, and the cursor of the next one, which is empty after the last.
func (c *Client) Orders(ctx context.Context, l Listing) (list []ControlOrder, next string, err error) {
	var page struct {
		Orders []ControlOrder
		Next   string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/orders", query: l.query()}, &page)
	return page.Orders, page.Next, err
}

// Order returns an order, with the nodes on which it is effective.
func (c *Client) Order(ctx context.Context, id string) (o ControlOrder, err error) {
	return o, c.get(ctx, request{method: http.MethodGet, path: "/v1/orders/" + url.PathEscape(id)}, &o)
}

// IssueOrder gives an order.
func (c *Client) IssueOrder(ctx context.Context, d OrderDraft) (o ControlOrder, err error) {
	return o, c.change(ctx, "/v1/orders", d, &o)
}

// DrillOrder gives an order that stops a test account, which is your own identifier. A time that is zero means an hour.
func (c *Client) DrillOrder(ctx context.Context, account string, until time.Time, reason string) (o ControlOrder, err error) {
	return o, c.change(ctx, "/v1/orders:drill", struct {
		Account string    `json:"account"`
		Until   time.Time `json:"until,omitzero"`
		Reason  string    `json:"reason"`
	}{account, until, reason}, &o)
}

// ReleaseOrder proposes to end an order.
func (c *Client) ReleaseOrder(ctx context.Context, id, reason string) (o ControlOrder, err error) {
	return c.stepOrder(ctx, id, "release", reason)
}

// ConfirmOrder ends an order whose end somebody else proposed.
func (c *Client) ConfirmOrder(ctx context.Context, id, reason string) (o ControlOrder, err error) {
	return c.stepOrder(ctx, id, "confirm", reason)
}

// KeepOrder turns a proposal to end an order down.
func (c *Client) KeepOrder(ctx context.Context, id, reason string) (o ControlOrder, err error) {
	return c.stepOrder(ctx, id, "keep", reason)
}

func (c *Client) stepOrder(ctx context.Context, id, step, reason string) (o ControlOrder, err error) {
	return o, c.change(ctx, "/v1/orders/"+url.PathEscape(id)+":"+step, map[string]string{"reason": reason}, &o)
}

// OrderHit is what an order would hit. The description of the API says what the fields mean.
type OrderHit struct {
	Target    string         `json:"target"`
	Known     bool           `json:"known"`
	Functions []HitFunction  `json:"functions"`
	Artefacts int            `json:"artefacts"` // of the last 24 hours
	More      bool           `json:"more"`
	Orders    []ControlOrder `json:"orders"` // that bind already
}

// HitFunction is a function that an order would hit.
type HitFunction struct {
	ID      string   `json:"id"`
	Service string   `json:"service"`
	Names   TextPair `json:"names"`
	State   string   `json:"state"`
}

// RehearseOrder tells what an order would hit; of the draft, scope, target and account count.
func (c *Client) RehearseOrder(ctx context.Context, d OrderDraft) (h OrderHit, err error) {
	return h, c.change(ctx, "/v1/orders:rehearse", struct {
		Scope   string `json:"scope"`
		Target  string `json:"target,omitempty"`
		Account string `json:"account,omitempty"`
	}{d.Scope, d.Target, d.Account}, &h)
}

// OrdersBoard is what the node that answers knows of the orders.
type OrdersBoard struct {
	Node      string         `json:"node"`
	Standing  string         `json:"standing"` // fresh, stale or uncertain
	Confirmed *time.Time     `json:"confirmed"`
	Orders    []ControlOrder `json:"orders"` // that bind it
}

// OrdersBoard returns what the node that answers knows of the orders.
func (c *Client) OrdersBoard(ctx context.Context) (b OrdersBoard, err error) {
	return b, c.get(ctx, request{method: http.MethodGet, path: "/v1/orders/board"}, &b)
}
