package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/listing"
	"github.com/colophon-project/colophon/staff"
)

func listingPages() []page {
	return slices.Concat(listingList().rows(), start("/listings/new", "/listings", listingAsk()), listingSheet().rows())
}

func listingState(a client.ListedApp) cell {
	return state("page-listing-state-", a.State, map[string]tone{"asked": wait, "answered": wait, "listed": good, "refused": bad, "warned": wait, "suspended": bad, "delisted": bad})
}

func listingList() list[client.ListedApp] {
	return list[client.ListedApp]{
		name: "listings", path: "/listings", title: "page-listings", group: groupServices, action: staff.ListingRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.ListedApp, string, error) {
			return c.ListedApps(ctx, l)
		},
		columns: []column[client.ListedApp]{
			{name: "app", long: true, cell: func(a client.ListedApp) cell { return ident(a.App).to("/listings/" + escaped(a.ID)) }},
			{name: "address", cell: func(a client.ListedApp) cell { return text(a.Address) }},
			{name: "state", cell: listingState},
			{name: "app-verdict", cell: func(a client.ListedApp) cell { return verdict(a.Verdict) }},
			{name: "app-checked", side: true, cell: func(a client.ListedApp) cell { return sometime(a.Checked) }},
			{name: "app-due", side: true, cell: func(a client.ListedApp) cell { return sometime(a.Due) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-listing-state-", options: words(listing.States())}, {name: "verdict", label: "app-verdict", kind: "choice", words: "page-verdict-", options: verdicts()}, {name: "app", kind: "text"}},
		deeds:   []lead{{"/listings/new", "page-deed-listing-ask", staff.ListingUse}},
	}
}

func listingAsk() deed[none] {
	return deed[none]{
		name: "listing-ask", action: staff.ListingUse, record: "listing.asked",
		fields: []field[none]{{name: "app", kind: "text", required: true, hint: true, most: 128}, {name: "app-address", kind: "text", required: true, hint: true, most: 1024}, {name: "app-until", kind: "moment", required: true}},
		do: func(v *visit, _ none) (string, error) {
			until, err := v.sentMoment("app-until")
			if err != nil {
				return "", err
			}
			a, err := v.api().AskListing(v.r.Context(), v.sent("app"), v.sent("app-address"), until)
			return "/listings/" + escaped(a.ID), err
		},
	}
}

func listingSheet() sheet[client.ListedApp] {
	return sheet[client.ListedApp]{
		path: "/listings/{id}", title: "page-listing", action: staff.ListingRead,
		fetch:   func(v *visit, id string) (client.ListedApp, error) { return v.api().ListedApp(v.r.Context(), id) },
		heading: func(a client.ListedApp) cell { return text(a.App) },
		facts: func(a client.ListedApp) []fact {
			offers := cell{}
			if a.Answered != nil {
				offers = whether(a.Offers)
			}
			return []fact{{"state", listingState(a)}, {"app-verdict", verdict(a.Verdict)}, {"address", text(a.Address)}, {"app-offers", offers}, {"app-answered", sometime(a.Answered)}, {"app-checked", sometime(a.Checked)}, {"app-due", sometime(a.Due)},
				{"app-key", text(a.Key)}, {"card-check", ident(a.Materials)}, {"identifier", ident(a.ID)}}
		},
		parts: func(_ *visit, a client.ListedApp) ([]part, error) {
			parts := []part{{Title: "page-listing-checks", Lead: "page-listing-checks-lead", Empty: "page-listing-checks-none", Table: tableOf("page-listing-checks", []column[client.CardFinding]{
				{name: "card-checked", cell: func(f client.CardFinding) cell { return word("page-card-check-", f.Check) }},
				{name: "function", cell: func(f client.CardFinding) cell { return ident(f.Function) }},
				{name: "app-verdict", cell: func(f client.CardFinding) cell { return verdict(f.Verdict) }},
				{name: "found", long: true, cell: func(f client.CardFinding) cell { return spokenCell(&f.Finding) }},
				{name: "law", side: true, long: true, cell: func(f client.CardFinding) cell { return lawOf(f.Clause) }},
			}, a.Findings)}}
			if a.Card != nil {
				parts = append(parts, cardParts(*a.Card)...)
			}
			return append(parts, part{Title: "page-listing-acts", Table: tableOf("page-listing-acts", []column[client.ListingAct]{
				{name: "at", cell: func(x client.ListingAct) cell { return moment(x.At) }},
				{name: "state", cell: func(x client.ListingAct) cell { return word("page-listing-state-", x.To) }},
				{name: "card-by", cell: func(x client.ListingAct) cell { return by(x.By) }},
				{name: "reason", long: true, cell: func(x client.ListingAct) cell { return text(x.Reason) }},
				{name: "app-until", side: true, cell: func(x client.ListingAct) cell { return sometime(x.Until) }},
			}, a.Acts)}), nil
		},
		labels: slices.Concat([]string{"app-offers", "app-answered", "app-checked", "app-due", "app-key", "card-check", "identifier", "card-checked", "found", "law", "at", "card-by", "reason", "app-until", "address", "state", "app-verdict"}, cardLabels(), []string{"sha256"}),
		says:   slices.Concat([]string{"page-listing-checks", "page-listing-checks-lead", "page-listing-checks-none", "page-listing-acts"}, cardSays(), of("page-card-check-", cardChecks()...), of("page-listing-state-", words(listing.States())...)),
		deeds:  listingDeeds(),
	}
}

func lawOf(clause colophon.Clause) cell {
	if clause == "" {
		return cell{}
	}
	return cell{Text: string(clause), Law: true}
}

func listingDeeds() []deed[client.ListedApp] {
	is := func(states ...string) func(client.ListedApp) bool {
		return func(a client.ListedApp) bool { return slices.Contains(states, a.State) }
	}
	because := []field[client.ListedApp]{{name: "reason", kind: "area", required: true, most: 1024}}
	against := func(name, step, record string, may func(client.ListedApp) bool) deed[client.ListedApp] {
		return deed[client.ListedApp]{name: name, step: step, action: staff.ListingDecide, record: record, danger: true, may: may, fields: because, do: func(v *visit, a client.ListedApp) (string, error) {
			_, err := v.api().StepListing(v.r.Context(), a.ID, step, prose(v.sent("reason")))
			return "", err
		}}
	}
	warn := against("listing-warn", "warn", "listing.warned", is("listed"))
	warn.fields = append(slices.Clone(because), field[client.ListedApp]{name: "app-until", kind: "moment", required: true})
	warn.do = func(v *visit, a client.ListedApp) (string, error) {
		until, err := v.sentMoment("app-until")
		if err != nil {
			return "", err
		}
		_, err = v.api().WarnListing(v.r.Context(), a.ID, prose(v.sent("reason")), until)
		return "", err
	}
	return []deed[client.ListedApp]{
		listingAnswer(is("asked", "answered", "refused", "listed", "warned", "suspended")),
		{name: "listing-check", step: "check", action: staff.ListingUse, record: "listing.checked", may: func(a client.ListedApp) bool { return a.Answered != nil && a.State != "delisted" }, do: func(v *visit, a client.ListedApp) (string, error) {
			_, err := v.api().StepListing(v.r.Context(), a.ID, "check", "")
			return "", err
		}},
		{name: "listing-list", step: "list", action: staff.ListingUse, record: "listing.checked listing.listed listing.restored", fields: []field[client.ListedApp]{{name: "listing-reason", kind: "area", hint: true, most: 1024}},
			may: func(a client.ListedApp) bool {
				return is("answered", "warned", "suspended")(a) && a.Verdict != "failed"
			},
			do: func(v *visit, a client.ListedApp) (string, error) {
				_, err := v.api().StepListing(v.r.Context(), a.ID, "list", prose(v.sent("listing-reason")))
				return "", err
			}},
		against("listing-refuse", "refuse", "listing.refused", is("asked", "answered")), warn,
		against("listing-suspend", "suspend", "listing.suspended", is("listed", "warned")),
		against("listing-delist", "delist", "listing.delisted", is("listed", "warned", "suspended")),
	}
}

// listingAnswer enters what a provider handed in.
func listingAnswer(may func(client.ListedApp) bool) deed[client.ListedApp] {
	return deed[client.ListedApp]{
		name: "listing-answer", step: "answer", action: staff.ListingUse, record: "listing.answered", may: may, upload: 2 * card.MaxCard,
		fields: []field[client.ListedApp]{
			{name: "app-offers-now", kind: "yes", hint: true, value: func(client.ListedApp) string { return "yes" }}, {name: "card-file", kind: "file", hint: true},
			{name: "provider-key", kind: "text", hint: true, most: 1024, value: func(a client.ListedApp) string { return a.Key }}, materialsField("own-check", func(a client.ListedApp) string { return a.Materials }),
			{name: "reports", kind: "area", hint: true},
		},
		do: func(v *visit, a client.ListedApp) (string, error) {
			answer := client.ListingAnswer{Offers: v.sent("app-offers-now") != "", Key: v.sent("provider-key"), Materials: v.sent("own-check"), Reports: strings.Fields(v.sent("reports"))}
			file, _, err := v.r.FormFile("card-file")
			if err == nil {
				defer file.Close()
				var raw []byte
				raw, err = io.ReadAll(io.LimitReader(file, card.MaxCard+1))
				answer.Card = string(raw)
			}
			if err != nil && !errors.Is(err, http.ErrMissingFile) {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
			}
			_, err = v.api().AnswerListing(v.r.Context(), a.ID, answer)
			return "", err
		},
	}
}
