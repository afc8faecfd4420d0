package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/listing"
	"github.com/colophon-project/colophon/staff"
)

func listingRoutes() []route {
	return []route{
		{get, "/v1/listings", "listings", staff.ListingRead, "listings", 0, 200, do((*server).listings), "List the apps of a store, the newest first", 0},
		{get, "/v1/listings/{id}", "listing", staff.ListingRead, "listings", 0, 200, do((*server).listingOne), "Show an app, with what came of the checks and what was done", 0},
		{post, "/v1/listings", "ask-listing", staff.ListingUse, "listings", small, 201, once((*server).askListing), "Ask the provider of an app whether it offers generation, and for its card", 0},
		{post, "/v1/listings/{id}:answer", "answer-listing", staff.ListingUse, "listings", card.MaxCard + small, 200, once((*server).answerListing), "Enter what the provider handed in, and check it", 0},
		{post, "/v1/listings/{id}:check", "check-listing", staff.ListingUse, "listings", 0, 200, once((*server).checkListing), "Check again, by the lists and the clock of now", 0},
		{post, "/v1/listings/{id}:list", "list-listing", staff.ListingUse, "listings", small, 200, once((*server).listListing), "List an app, or end a warning or a suspension", 0},
		{post, "/v1/listings/{id}:refuse", "refuse-listing", staff.ListingDecide, "listings", small, 200, once((*server).refuseListing), "Say why an app is not listed", 0},
		{post, "/v1/listings/{id}:warn", "warn-listing", staff.ListingDecide, "listings", small, 200, once((*server).warnListing), "Say what has to be mended, until when", 0},
		{post, "/v1/listings/{id}:suspend", "suspend-listing", staff.ListingDecide, "listings", small, 200, once((*server).suspendListing), "Take an app away for the time being", 0},
		{post, "/v1/listings/{id}:delist", "delist-listing", staff.ListingDecide, "listings", small, 200, once((*server).delistListing), "Take an app away for good", 0},
	}
}

// ListingAct is one thing that was done about an app.
type ListingAct struct {
	To     listing.State `json:"to" enum:"asked,answered,listed,refused,warned,suspended,delisted" doc:"Where it is after it."`
	At     time.Time     `json:"at" doc:"When."`
	By     string        `json:"by" doc:"Staff account, key, or system."`
	Reason string        `json:"reason,omitempty" doc:"Why."`
	Until  *time.Time    `json:"until,omitempty" doc:"By when the provider has to answer or to mend."`
}

// ListedApp is an app of a store.
type ListedApp struct {
	ID        string        `json:"id" doc:"Identifier."`
	State     listing.State `json:"state" enum:"asked,answered,listed,refused,warned,suspended,delisted" doc:"Where it is."`
	App       string        `json:"app" doc:"The store's own identifier of the app."`
	Address   string        `json:"address" doc:"Address or name of the package."`
	Key       string        `json:"key,omitempty" doc:"Key with which its provider is known to sign."`
	Offers    bool          `json:"offers" doc:"Its provider says that it offers generation."`
	Answered  *time.Time    `json:"answered,omitempty" doc:"When something was handed in."`
	Verdict   string        `json:"verdict,omitempty" enum:"passed,failed,could-not-tell" doc:"Of all checks; absent before there were any."`
	Checked   *time.Time    `json:"checked,omitempty" doc:"When it was checked last."`
	Due       *time.Time    `json:"due,omitempty" doc:"When it is looked at again, or has to be answered."`
	Materials string        `json:"materials,omitempty" doc:"The store's own check of its files."`
	Card      *CardText     `json:"card,omitempty" doc:"What its card says, whoever signed it; of a single app alone."`
	Findings  []CardFinding `json:"findings,omitempty" nullable:"false" doc:"Each check; of a single app alone."`
	Acts      []ListingAct  `json:"acts,omitempty" nullable:"false" doc:"What was done, the oldest first; of a single app alone."`
}

func viewListing(e listing.Entry) ListedApp {
	v := e.Value
	return ListedApp{ID: e.ID, State: listing.State(e.State), App: v.App, Address: v.Address, Key: v.Key, Offers: v.Offers, Answered: set(v.Answered), Verdict: v.Verdict, Checked: set(v.Checked), Due: set(e.Due), Materials: v.Materials}
}

func wholeListing(ctx context.Context, e listing.Entry) ListedApp {
	v, say := viewListing(e), printer(askerOf(ctx).language)
	for _, f := range e.Value.Found {
		v.Findings = append(v.Findings, CardFinding{f.Check, f.Function, f.Verdict, *sentence(say, f.Code, f.Args), f.Clause})
	}
	for _, a := range e.Value.Acts {
		v.Acts = append(v.Acts, ListingAct{a.To, a.At, cardBy(a.By), a.Reason, set(a.Until)})
	}
	if c, _ := card.Open(e.Value.Card); c.Schema != "" { // whose it is, the findings say
		text := viewCardText(c)
		v.Card = &text
	}
	return v
}

type listingsInput struct {
	Page
	State   listing.State `query:"state" enum:"asked,answered,listed,refused,warned,suspended,delisted" doc:"Where they are."`
	Verdict string        `query:"verdict" enum:"passed,failed,could-not-tell" doc:"What came of the checks."`
	App     string        `query:"app" maxLength:"128" doc:"The store's own identifier."`
}

type listingsOutput struct {
	Body struct {
		Listings []ListedApp `json:"listings" nullable:"false" doc:"The newest first."`
		Next     string      `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) listings(ctx context.Context, in *listingsInput) (*listingsOutput, error) {
	list, next, err := s.Listings.Apps(ctx, listing.Query{State: in.State, App: in.App, Verdict: in.Verdict, After: in.Cursor, Limit: in.Limit})
	out := &listingsOutput{}
	out.Body.Listings, out.Body.Next = []ListedApp{}, next
	for _, e := range list {
		out.Body.Listings = append(out.Body.Listings, viewListing(e))
	}
	return out, err
}

type listingOutput struct {
	Replayed
	Body ListedApp
}

func listingOut(ctx context.Context, e listing.Entry, err error) (*listingOutput, error) {
	if err != nil {
		return nil, err
	}
	return &listingOutput{Body: wholeListing(ctx, e)}, nil
}

func (s *server) listingOne(ctx context.Context, in *Named) (*listingOutput, error) {
	e, err := s.Listings.App(ctx, in.ID)
	return listingOut(ctx, e, err)
}

type askListingInput struct {
	Keyed
	Body struct {
		App     string    `json:"app" minLength:"1" maxLength:"128" doc:"Your own identifier of the app; name no person."`
		Address string    `json:"address" minLength:"1" maxLength:"1024" doc:"Address or name of the package." example:"com.example.studio"`
		Until   time.Time `json:"until" doc:"By when its provider has to answer."`
	}
}

func (s *server) askListing(ctx context.Context, in *askListingInput) (*listingOutput, error) {
	e, err := s.Listings.Ask(ctx, ledgerBy(ctx), in.Body.App, in.Body.Address, in.Body.Until)
	return listingOut(ctx, e, err)
}

type answerListingInput struct {
	Keyed
	Named
	Body struct {
		Offers    bool     `json:"offers" doc:"The provider says that the app offers generation."`
		Card      string   `json:"card,omitempty" doc:"Its conformance card: a signed note."`
		Key       string   `json:"key,omitempty" maxLength:"1024" doc:"Key with which the provider signs, as you know it otherwise than by the card (C2SP note verifier key)."`
		Materials string   `json:"materials,omitempty" maxLength:"64" doc:"Your own check of its files, made with POST /v1/app-materials under the same app."`
		Reports   []string `json:"reports,omitempty" nullable:"false" maxItems:"32" doc:"SHA-256 in hexadecimal of the assessment reports that came with it."`
	}
}

func (s *server) answerListing(ctx context.Context, in *answerListingInput) (*listingOutput, error) {
	b := in.Body
	e, err := s.Listings.Answer(ctx, ledgerBy(ctx), in.ID, listing.Answer{Offers: b.Offers, Card: []byte(b.Card), Key: b.Key, Materials: b.Materials, Reports: b.Reports})
	return listingOut(ctx, e, err)
}

type checkListingInput struct {
	Keyed
	Named
}

func (s *server) checkListing(ctx context.Context, in *checkListingInput) (*listingOutput, error) {
	e, err := s.Listings.Check(ctx, ledgerBy(ctx), in.ID)
	return listingOut(ctx, e, err)
}

type listListingInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"1024" doc:"Why it is listed although a check could not be told. It is about the app; name no person."`
	}
}

func (s *server) listListing(ctx context.Context, in *listListingInput) (*listingOutput, error) {
	e, err := s.Listings.List(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return listingOut(ctx, e, err)
}

type againstListingInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1024" doc:"Why. It is about the app; name no person."`
	}
}

func (s *server) refuseListing(ctx context.Context, in *againstListingInput) (*listingOutput, error) {
	e, err := s.Listings.Refuse(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return listingOut(ctx, e, err)
}

func (s *server) suspendListing(ctx context.Context, in *againstListingInput) (*listingOutput, error) {
	e, err := s.Listings.Suspend(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return listingOut(ctx, e, err)
}

func (s *server) delistListing(ctx context.Context, in *againstListingInput) (*listingOutput, error) {
	e, err := s.Listings.Delist(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return listingOut(ctx, e, err)
}

type warnListingInput struct {
	Keyed
	Named
	Body struct {
		Reason string    `json:"reason" minLength:"1" maxLength:"1024" doc:"What has to be mended. It is about the app; name no person."`
		Until  time.Time `json:"until" doc:"By when."`
	}
}

func (s *server) warnListing(ctx context.Context, in *warnListingInput) (*listingOutput, error) {
	e, err := s.Listings.Warn(ctx, ledgerBy(ctx), in.ID, in.Body.Reason, in.Body.Until)
	return listingOut(ctx, e, err)
}
