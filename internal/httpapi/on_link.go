package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/staff"
)

// People knows by which pseudonyms those go who a link can be for.
type People interface {
	// Account returns the pseudonym of an account.
	Account(ctx context.Context, account string) (evidence.Subject, error)
	// Depicted returns that of the person whom a consent is asked of.
	Depicted(ctx context.Context, consent string) (evidence.Subject, error)
}

// Link is a one-time link to a page, without what leads there.
type Link struct {
	ID      string           `json:"id" doc:"Identifier."`
	State   link.State       `json:"state" enum:"minted,opened,used,expired,revoked" doc:"Where it is. Opened: one browser has it, and no other gets it."`
	Purpose link.Purpose     `json:"purpose" enum:"verification,consent,agreement" doc:"What the page is for."`
	Subject evidence.Subject `json:"subject" doc:"Pseudonym of the account or person that it is for."`
	About   string           `json:"about,omitempty" doc:"The consent that is asked for, or the audience of agreements."`
	Until   time.Time        `json:"until" doc:"When it expires."`
	Minted  time.Time        `json:"minted" doc:"When it was made."`
	Opened  *time.Time       `json:"opened,omitempty" doc:"When a browser opened it."`
	Ended   *time.Time       `json:"ended,omitempty" doc:"When it was used, expired or was revoked."`
}

func viewLink(e link.Entry) Link {
	return Link{e.ID, link.State(e.State), e.Value.Purpose, e.Subject, e.Value.About, e.Value.Until, e.Made, set(e.Value.Opened), set(e.Value.Ended)}
}

type mintInput struct {
	Keyed
	Body struct {
		Purpose  link.Purpose `json:"purpose" enum:"verification,consent,agreement" doc:"What the page is for."`
		Account  string       `json:"account,omitempty" maxLength:"256" doc:"Your own identifier of the account that is to be verified, or to accept." example:"user-8731"`
		Consent  string       `json:"consent,omitempty" maxLength:"64" doc:"The consent that a person is asked for."`
		Audience string       `json:"audience,omitempty" enum:"users,supporters" doc:"Whose agreements are to be accepted; those of users by itself."`
		Until    time.Time    `json:"until,omitzero" doc:"When it expires: a week from now by itself, 92 days at most."`
	}
}

type mintOutput struct {
	Replayed
	Body mintedLink
}

// mintedLink is a link with its address.
type mintedLink struct {
	URL  string `json:"url,omitempty" doc:"The address to hand to the person. It is shown this once, and not when the answer is given again for an idempotency key. What leads to the page stands behind the #, which browsers send to nobody." example:"https://aigc.example/link#…"`
	Link Link   `json:"link" doc:"What is kept of it."`
}

// withoutSecret is what is kept as the answer to an idempotency key.
func (o *mintOutput) withoutSecret() mintOutput {
	return mintOutput{Body: mintedLink{Link: o.Body.Link}}
}

func (s *server) mintLink(ctx context.Context, in *mintInput) (*mintOutput, error) {
	b := in.Body
	o := link.Order{Purpose: b.Purpose, Until: b.Until}
	var err error
	switch {
	case b.Purpose == link.Consent && b.Consent == "":
		return nil, invalid("body.consent", "expected the identifier of a consent")
	case b.Purpose == link.Consent:
		o.About = b.Consent
		o.Subject, err = s.People.Depicted(ctx, b.Consent)
	case b.Account == "":
		return nil, invalid("body.account", "expected your identifier of an account")
	default:
		if b.Purpose == link.Agreement {
			o.About = b.Audience
		}
		o.Subject, err = s.People.Account(ctx, b.Account)
	}
	if err != nil {
		return nil, err
	}
	token, e, err := s.Links.Mint(ctx, ledgerBy(ctx), o)
	return &mintOutput{Body: mintedLink{s.PublicURL + linkPath + "#" + token, viewLink(e)}}, err
}

// linkPath is where the pages open links.
const linkPath = "/link"

// ledgerBy is the asker as ledgers know people.
func ledgerBy(ctx context.Context) ledger.By {
	by := askerOf(ctx).by
	return ledger.By{Role: by.Role, ID: by.ID}
}

type linkOutput struct {
	Replayed
	Body Link
}

func (s *server) revokeLink(ctx context.Context, in *judgeInput) (*linkOutput, error) {
	e, err := s.Links.Revoke(ctx, ledgerBy(ctx), in.ID)
	return &linkOutput{Body: viewLink(e)}, err
}

func (s *server) link(ctx context.Context, in *Named) (*linkOutput, error) {
	e, err := s.Links.Get(ctx, in.ID)
	return &linkOutput{Body: viewLink(e)}, err
}

type linksInput struct {
	Page
	Purpose link.Purpose     `query:"purpose" enum:"verification,consent,agreement" doc:"What the page is for."`
	About   string           `query:"about" maxLength:"128" doc:"A consent, or an audience."`
	Subject evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of an account or person."`
	States  []link.State     `query:"state,explode" nullable:"false" maxItems:"5" enum:"minted,opened,used,expired,revoked" doc:"State; may be repeated."`
}

type linksOutput struct {
	Body struct {
		Links []Link `json:"links" nullable:"false" doc:"The newest first."`
		Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) links(ctx context.Context, in *linksInput) (*linksOutput, error) {
	q := ledger.Query{Subject: in.Subject, Keys: link.Filter(in.Purpose, in.About), After: in.Cursor, Limit: in.Limit, Newest: true}
	for _, state := range in.States {
		q.States = append(q.States, string(state))
	}
	list, next, err := s.Links.List(ctx, q)
	out := &linksOutput{}
	out.Body.Links, out.Body.Next = []Link{}, next
	for _, e := range list {
		out.Body.Links = append(out.Body.Links, viewLink(e))
	}
	return out, err
}

func linkRoutes() []route {
	return []route{
		{get, "/v1/links", "links", staff.LinkMint, "links", 0, 200, do((*server).links), "List one-time links, without what leads to their pages", 0},
		{get, "/v1/links/{id}", "link", staff.LinkMint, "links", 0, 200, do((*server).link), "Show a one-time link, without what leads to its page", 0},
		{post, "/v1/links", "mint-link", staff.LinkMint, "links", small, 201, once((*server).mintLink), "Make a one-time link to a page; its address is shown this once", 0},
		{post, "/v1/links/{id}:revoke", "revoke-link", staff.LinkMint, "links", small, 200, once((*server).revokeLink), "End a link before it is used", 0},
	}
}
