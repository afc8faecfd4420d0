package console

import (
	"context"
	"html/template"
	"slices"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/qr"
	"github.com/colophon-project/colophon/staff"
)

func linksPages() []page {
	return slices.Concat(linkList().rows(), start("/links/mint", "/links", mintDeed()), linkSheet().rows())
}

func linkState(l client.Link) cell {
	return state("page-link-state-", l.State, map[string]tone{"minted": wait, "opened": wait, "used": good})
}

// linkAbout is the consent that a link asks for, or whose agreements it shows.
func linkAbout(l client.Link) cell {
	if l.Purpose == "consent" {
		return likenessLink(l.About)
	}
	return word("page-audience-", l.About)
}

func linkColumns() []column[client.Link] {
	return []column[client.Link]{
		{name: "one-time-link", cell: func(l client.Link) cell { return ident(l.ID).to("/links/" + escaped(l.ID)) }},
		{name: "purpose-of-link", cell: func(l client.Link) cell { return word("page-link-purpose-", l.Purpose) }},
		{name: "state", cell: linkState},
		{name: "subject", cell: func(l client.Link) cell { return account(l.Subject) }},
		{name: "concerns", side: true, cell: linkAbout},
		{name: "minted", cell: func(l client.Link) cell { return moment(l.Minted) }},
		{name: "until", side: true, cell: func(l client.Link) cell { return moment(l.Until) }},
	}
}

func linkPurposes() []string { return []string{"verification", "consent", "agreement"} }

func linkList() list[client.Link] {
	return list[client.Link]{
		name: "links", path: "/links", title: "page-links", group: groupPeople, action: staff.LinkMint,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Link, string, error) {
			return c.Links(ctx, l)
		},
		columns: linkColumns(),
		filters: []filter{
			{name: "state", kind: "choice", words: "page-link-state-", options: []string{"minted", "opened", "used", "expired", "revoked"}},
			{name: "purpose", kind: "choice", words: "page-link-purpose-", options: linkPurposes()}, {name: "subject", kind: "text"},
		},
		deeds: []lead{{"/links/mint", "page-deed-link-mint", staff.LinkMint}},
		says:  of("page-audience-", "users", "supporters"),
	}
}

// mintDeed makes a link and shows its address, this once.
func mintDeed() deed[none] {
	return deed[none]{
		name: "link-mint", action: staff.LinkMint, record: "link.minted", says: []string{"page-link-made", "page-link-made-lead"},
		fields: []field[none]{
			{name: "purpose-of-link", kind: "choice", words: "page-link-purpose-", options: linkPurposes(), required: true},
			{name: "account", hint: true}, {name: "consent", hint: true, most: 64},
			{name: "audience", kind: "choice", words: "page-audience-", options: []string{"users", "supporters"}},
			{name: "until", kind: "moment"},
		},
		do: func(v *visit, _ none) (string, error) {
			until, err := v.sentMoment("until")
			if err != nil {
				return "", err
			}
			order := client.LinkOrder{Purpose: v.sent("purpose-of-link"), Until: until}
			switch order.Purpose {
			case "consent":
				order.Consent = v.sent("consent")
			case "agreement":
				order.Account, order.Audience = v.sent("account"), v.sent("audience")
			default:
				order.Account = v.sent("account")
			}
			return v.mint(order)
		},
	}
}

// mint makes a link and shows its address.
func (v *visit) mint(order client.LinkOrder) (string, error) {
	address, l, err := v.api().MintLink(v.r.Context(), order)
	if err != nil {
		return "", err
	}
	data := tellPage{Lead: "page-link-made-lead", Secret: address, Back: "/links/" + escaped(l.ID), Facts: []fact{{"purpose-of-link", word("page-link-purpose-", l.Purpose)}, {"subject", account(l.Subject)}, {"until", moment(l.Until)}}}
	if picture, err := qr.SVG(address); err == nil { // an address that is too long for a code has none
		data.Code = template.HTML(picture) //nolint:gosec // package qr drew it
	}
	v.page.title = "page-link-made"
	return "-", v.show("tell", data)
}

func linkSheet() sheet[client.Link] {
	return sheet[client.Link]{
		path: "/links/{id}", title: "page-link-of", action: staff.LinkMint,
		fetch: func(v *visit, id string) (client.Link, error) { return v.api().Link(v.r.Context(), id) },
		facts: func(l client.Link) []fact {
			return []fact{
				{"purpose-of-link", word("page-link-purpose-", l.Purpose)}, {"state", linkState(l)}, {"subject", account(l.Subject)}, {"concerns", linkAbout(l)}, {"minted", moment(l.Minted)},
				{"link-opened", moment(l.Opened)}, {"until", moment(l.Until)}, {"ended", moment(l.Ended)}, {"one-time-link", ident(l.ID)},
			}
		},
		labels: []string{"purpose-of-link", "state", "subject", "concerns", "minted", "link-opened", "until", "ended", "one-time-link"},
		deeds: []deed[client.Link]{{
			name: "link-revoke", step: "revoke", action: staff.LinkMint, record: "link.revoked", danger: true, may: func(l client.Link) bool { return l.State == "minted" || l.State == "opened" },
			effect: func(v *visit, l client.Link) ([]said, error) {
				about := said{"page-effect-link-" + l.State, []string{"purpose", v.speakers[v.lang].Say("page-link-purpose-" + l.Purpose)}}
				return []said{about}, nil
			},
			says: []string{"page-effect-link-minted", "page-effect-link-opened"},
			do: func(v *visit, l client.Link) (string, error) {
				_, err := v.api().RevokeLink(v.r.Context(), l.ID)
				return "", err
			},
		}},
	}
}
