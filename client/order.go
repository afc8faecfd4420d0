package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

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
