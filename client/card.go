package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// CardFinding is what came of one check of a card.
type CardFinding struct {
	Check    string          `json:"check"`
	Function string          `json:"function,omitempty"`
	Verdict  string          `json:"verdict"`
	Finding  Sentence        `json:"finding"`
	Clause   colophon.Clause `json:"clause,omitempty"`
}

// CardProof is an assessment by its digest.
type CardProof struct {
	SHA256 string     `json:"sha256,omitempty"`
	Done   *time.Time `json:"done,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
}

// CardMaterial is a file that a function made.
type CardMaterial struct {
	Name   string `json:"name"`
	Format string `json:"format,omitempty"`
	SHA256 string `json:"sha256"`
	Label  string `json:"label"`
	Notice string `json:"notice"`
}

// CardFunction is a function as a card tells of it.
type CardFunction struct {
	ID        string         `json:"id"`
	Names     TextPair       `json:"names"`
	Kind      string         `json:"kind"`
	Class     string         `json:"class,omitempty"`
	High      bool           `json:"high,omitempty"`
	Filing    FunctionFiling `json:"filing"`
	Notice    FunctionNotice `json:"notice"`
	Security  *CardProof     `json:"security,omitempty"`
	Impact    *CardProof     `json:"impact,omitempty"`
	Materials []CardMaterial `json:"materials"`
}

// CardText is what a card says.
type CardText struct {
	ID        string         `json:"id"`
	Provider  string         `json:"provider"`
	Code      string         `json:"code"`
	Service   string         `json:"service"`
	Names     TextPair       `json:"names"`
	Forms     []ServiceForm  `json:"forms"`
	Functions []CardFunction `json:"functions"`
	Issued    time.Time      `json:"issued"`
	Until     time.Time      `json:"until"`
}

// ConformanceCard is a card that was issued here.
type ConformanceCard struct {
	ID      string    `json:"id"`
	State   string    `json:"state"`
	Service string    `json:"service"`
	SHA256  string    `json:"sha256"`
	Issued  time.Time `json:"issued"`
	Until   time.Time `json:"until"`
	By      string    `json:"by"`
	Reason  string    `json:"reason,omitempty"`
	Note    string    `json:"note,omitempty"`
	Card    *CardText `json:"card,omitempty"`
}

// CardMaterials names a check of files that a function made.
type CardMaterials struct {
	Function string `json:"function"`
	Check    string `json:"check"`
}

// ListingAct is one thing that was done about an app.
type ListingAct struct {
	To     string     `json:"to"`
	At     time.Time  `json:"at"`
	By     string     `json:"by"`
	Reason string     `json:"reason,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
}

// ListedApp is an app of a store.
type ListedApp struct {
	ID        string        `json:"id"`
	State     string        `json:"state"`
	App       string        `json:"app"`
	Address   string        `json:"address"`
	Key       string        `json:"key,omitempty"`
	Offers    bool          `json:"offers"`
	Answered  *time.Time    `json:"answered,omitempty"`
	Verdict   string        `json:"verdict,omitempty"`
	Checked   *time.Time    `json:"checked,omitempty"`
	Due       *time.Time    `json:"due,omitempty"`
	Materials string        `json:"materials,omitempty"`
	Card      *CardText     `json:"card,omitempty"`
	Findings  []CardFinding `json:"findings,omitempty"`
	Acts      []ListingAct  `json:"acts,omitempty"`
}

// PublicCard returns the conformance card of a service that counts now, as a signed note. It needs no key of yours.
func (c *Client) PublicCard(ctx context.Context, service string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/public/services/" + url.PathEscape(service) + "/card"})
}

// Cards returns a page of conformance cards, the newest first, and the cursor of the next page.
func (c *Client) Cards(ctx context.Context, l Listing) (list []ConformanceCard, next string, err error) {
	var page struct {
		Cards []ConformanceCard
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/cards", query: l.query()}, &page)
	return page.Cards, page.Next, err
}

// Card returns a conformance card.
func (c *Client) Card(ctx context.Context, id string) (one ConformanceCard, err error) {
	return one, c.get(ctx, request{method: http.MethodGet, path: "/v1/cards/" + url.PathEscape(id)}, &one)
}

// IssueCard issues the card of a service as it is now, for so many days.
func (c *Client) IssueCard(ctx context.Context, service string, days int, materials ...CardMaterials) (one ConformanceCard, err error) {
	return one, c.change(ctx, "/v1/cards", map[string]any{"service": service, "days": days, "materials": append([]CardMaterials{}, materials...)}, &one)
}

// WithdrawCard says that a card must not be relied on any more.
func (c *Client) WithdrawCard(ctx context.Context, id, reason string) (one ConformanceCard, err error) {
	return one, c.change(ctx, "/v1/cards/"+url.PathEscape(id)+":withdraw", map[string]string{"reason": reason}, &one)
}

// ListedApps returns a page of the apps of a store, the newest first, and the cursor of the next page.
func (c *Client) ListedApps(ctx context.Context, l Listing) (list []ListedApp, next string, err error) {
	var page struct {
		Listings []ListedApp
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/listings", query: l.query()}, &page)
	return page.Listings, page.Next, err
}

// ListedApp returns an app of a store.
func (c *Client) ListedApp(ctx context.Context, id string) (one ListedApp, err error) {
	return one, c.get(ctx, request{method: http.MethodGet, path: "/v1/listings/" + url.PathEscape(id)}, &one)
}

// AskListing asks the provider of an app whether it offers generation, and for its card, until a time.
func (c *Client) AskListing(ctx context.Context, app, address string, until time.Time) (one ListedApp, err error) {
	return one, c.change(ctx, "/v1/listings", map[string]any{"app": app, "address": address, "until": until}, &one)
}

// ListingAnswer is what the provider of an app handed in.
type ListingAnswer struct {
	Offers    bool     `json:"offers"`
	Card      string   `json:"card,omitempty"`
	Key       string   `json:"key,omitempty"`
	Materials string   `json:"materials,omitempty"`
	Reports   []string `json:"reports,omitempty"`
}

// AnswerListing enters what a provider handed in, and has it checked.
func (c *Client) AnswerListing(ctx context.Context, id string, a ListingAnswer) (one ListedApp, err error) {
	return one, c.change(ctx, "/v1/listings/"+url.PathEscape(id)+":answer", a, &one)
}

// StepListing does one of check, list, refuse, suspend and delist with an app. Check takes no reason.
func (c *Client) StepListing(ctx context.Context, id, step, reason string) (one ListedApp, err error) {
	var body any
	if step != "check" {
		body = map[string]string{"reason": reason}
	}
	return one, c.change(ctx, "/v1/listings/"+url.PathEscape(id)+":"+step, body, &one)
}

// WarnListing says what has to be mended of an app, and until when.
func (c *Client) WarnListing(ctx context.Context, id, reason string, until time.Time) (one ListedApp, err error) {
	return one, c.change(ctx, "/v1/listings/"+url.PathEscape(id)+":warn", map[string]any{"reason": reason, "until": until}, &one)
}
