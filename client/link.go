package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// LinkOrder says which one-time link is wanted: for an account, or for the person whom a consent is asked of.
type LinkOrder struct {
	Purpose  string    `json:"purpose"` // verification, consent or agreement
	Account  string    `json:"account,omitempty"`
	Consent  string    `json:"consent,omitempty"`
	Audience string    `json:"audience,omitempty"` // of agreements: users or supporters
	Until    time.Time `json:"until,omitzero"`     // zero for a week from now
}

// Link is a one-time link, without what leads to its page.
type Link struct {
	ID      string    `json:"id"`
	State   string    `json:"state"` // minted, opened, used, expired or revoked
	Purpose string    `json:"purpose"`
	Subject string    `json:"subject"`
	About   string    `json:"about"`
	Until   time.Time `json:"until"`
	Minted  time.Time `json:"minted"`
	Opened  time.Time `json:"opened"`
	Ended   time.Time `json:"ended"`
}

// MintLink makes a one-time link and returns its address, which is told this once. It is not kept as the answer of a
// repetition, so a call whose answer was lost comes back without an address; revoke that link and make another.
func (c *Client) MintLink(ctx context.Context, o LinkOrder) (address string, l Link, err error) {
	var out struct {
		URL  string `json:"url"`
		Link Link   `json:"link"`
	}
	err = c.change(ctx, "/v1/links", o, &out)
	return out.URL, out.Link, err
}

// RevokeLink ends a link before it is used.
func (c *Client) RevokeLink(ctx context.Context, id string) (l Link, err error) {
	return l, c.change(ctx, "/v1/links/"+url.PathEscape(id)+":revoke", nil, &l)
}

// Links lists one-time links, the newest first.
func (c *Client) Links(ctx context.Context, l Listing) (list []Link, next string, err error) {
	var out struct {
		Links []Link `json:"links"`
		Next  string `json:"next"`
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/links", query: l.query()}, &out)
	return out.Links, out.Next, err
}

// Link returns a one-time link, without what leads to its page.
func (c *Client) Link(ctx context.Context, id string) (l Link, err error) {
	return l, c.get(ctx, request{method: http.MethodGet, path: "/v1/links/" + url.PathEscape(id)}, &l)
}
