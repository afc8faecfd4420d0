package console

import (
	"context"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/listing"
	"github.com/colophon-project/colophon/staff"
)

func cardPages() []page {
	return slices.Concat(cardList().rows(), start("/cards/new", "/cards", cardIssue()), cardSheet().rows(), []page{{method: get, path: "/cards/{id}/note", action: staff.RegisterRead, back: "/cards/{id}", do: handCard}})
}

func cardState(c client.ConformanceCard) cell {
	return state("page-card-state-", c.State, map[string]tone{"current": good, "superseded": plain, "withdrawn": bad})
}

func cardList() list[client.ConformanceCard] {
	return list[client.ConformanceCard]{
		name: "cards", path: "/cards", title: "page-cards", group: groupServices, action: staff.RegisterRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.ConformanceCard, string, error) {
			return c.Cards(ctx, l)
		},
		columns: []column[client.ConformanceCard]{
			{name: "conformance-card", cell: func(c client.ConformanceCard) cell { return ident(c.ID).to("/cards/" + escaped(c.ID)) }},
			{name: "service", cell: func(c client.ConformanceCard) cell {
				return ident(c.Service).to("/services/" + escaped(c.Service))
			}},
			{name: "state", cell: cardState},
			{name: "card-issued", side: true, cell: func(c client.ConformanceCard) cell { return moment(c.Issued) }},
			{name: "card-until", cell: func(c client.ConformanceCard) cell { return moment(c.Until) }},
		},
		filters: []filter{{name: "service", kind: "text"}, {name: "state", kind: "choice", words: "page-card-state-", options: words(card.States())}},
		deeds:   []lead{{"/cards/new", "page-deed-card-issue", staff.CardIssue}},
	}
}

// materialsField chooses a check of files that an app made, the newest first, by what it was of and when.
func materialsField[T any](name string, now func(T) string) field[T] {
	checks := func(v *visit) ([]client.AppMaterials, error) {
		list, _, err := v.api().AppChecks(v.r.Context(), client.Listing{Limit: walkSize})
		return list, err
	}
	return field[T]{name: name, kind: "choice", hint: true, value: now,
		choices: func(v *visit, x T) (ids []string, err error) {
			list, err := checks(v)
			for _, m := range list {
				ids = append(ids, m.ID)
			}
			if was := now(x); was != "" && !slices.Contains(ids, was) {
				ids = append(ids, was)
			}
			return ids, err
		},
		names: func(v *visit) map[string]string {
			names := map[string]string{}
			list, _ := checks(v)
			for _, m := range list {
				names[m.ID] = m.App + " · " + m.Created.In(v.Zone).Format("2006-01-02 15:04")
			}
			return names
		}}
}

// cardIssue issues a card. Files to show labels by are those of a check of label materials.
func cardIssue() deed[none] {
	return deed[none]{
		name: "card-issue", action: staff.CardIssue, record: "card.issued card.superseded",
		fields: []field[none]{
			{name: "service", kind: "choice", required: true, choices: func(v *visit, _ none) ([]string, error) {
				services, _, err := v.api().Services(v.r.Context(), client.Listing{Limit: walkSize})
				var ids []string
				for _, s := range services {
					if s.State == "open" {
						ids = append(ids, s.ID)
					}
				}
				return ids, err
			}},
			{name: "card-days", kind: "number", required: true, hint: true, value: func(none) string { return "90" }},
			{name: "card-function", kind: "choice", hint: true, choices: func(v *visit, _ none) (ids []string, err error) {
				list, _, err := v.api().Functions(v.r.Context(), client.Listing{Limit: walkSize})
				for _, f := range list {
					if f.State == "live" {
						ids = append(ids, f.ID)
					}
				}
				return ids, err
			}}, materialsField("card-check", func(none) string { return "" }),
		},
		do: func(v *visit, _ none) (string, error) {
			days, err := strconv.Atoi(v.sent("card-days"))
			if err != nil {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: card.CodeInvalid, Args: colophon.Args{"field": "days"}, Err: err}
			}
			var files []client.CardMaterials
			if f, check := v.sent("card-function"), v.sent("card-check"); f != "" || check != "" {
				files = []client.CardMaterials{{Function: f, Check: check}}
			}
			c, err := v.api().IssueCard(v.r.Context(), v.sent("service"), days, files...)
			return "/cards/" + escaped(c.ID), err
		},
	}
}

func cardSheet() sheet[client.ConformanceCard] {
	return sheet[client.ConformanceCard]{
		path: "/cards/{id}", title: "page-conformance-card", action: staff.RegisterRead,
		fetch:   func(v *visit, id string) (client.ConformanceCard, error) { return v.api().Card(v.r.Context(), id) },
		heading: func(c client.ConformanceCard) cell { return named(c.Card.Names) },
		facts: func(c client.ConformanceCard) []fact {
			return []fact{{"service", ident(c.Service).to("/services/" + escaped(c.Service))}, {"state", cardState(c)}, {"card-issued", moment(c.Issued)}, {"card-until", moment(c.Until)}, {"card-by", by(c.By)}, {"reason", text(c.Reason)},
				{"card-code", ident(c.Card.Code)}, {"sha256", ident(c.SHA256)}, {"identifier", ident(c.ID)}}
		},
		parts: func(_ *visit, c client.ConformanceCard) ([]part, error) {
			hand := part{Title: "page-card-hand", Lead: "page-card-hand-lead", Ways: []lead{{"/cards/" + escaped(c.ID) + "/note", "page-card-note", ""}}}
			return append(cardParts(*c.Card), hand), nil
		},
		labels: slices.Concat([]string{"card-by", "card-code", "reason", "sha256", "identifier", "card-issued", "card-until", "service", "state"}, cardLabels()),
		says:   slices.Concat([]string{"page-card-hand", "page-card-hand-lead", "page-card-note"}, cardSays()),
		deeds: []deed[client.ConformanceCard]{{
			name: "card-withdraw", step: "withdraw", action: staff.CardIssue, record: "card.withdrawn", danger: true,
			may:    func(c client.ConformanceCard) bool { return c.State != "withdrawn" },
			fields: []field[client.ConformanceCard]{{name: "reason", kind: "area", required: true, most: 1024}},
			do: func(v *visit, c client.ConformanceCard) (string, error) {
				_, err := v.api().WithdrawCard(v.r.Context(), c.ID, prose(v.sent("reason")))
				return "", err
			},
		}},
	}
}

func cardLabels() []string {
	return []string{"function", "name", "filing", "filing-number", "security-assessment", "impact-assessment", "file", "format", "label-mark", "notice-mark"}
}

func cardSays() []string {
	return slices.Concat([]string{"page-card-functions", "page-card-files", "page-card-files-none"}, of("page-filing-state-", filingStates()...), of("page-verdict-", verdicts()...))
}

// cardParts are what a card says.
func cardParts(c client.CardText) []part {
	type file struct {
		function string
		client.CardMaterial
	}
	var files []file
	for _, f := range c.Functions {
		for _, m := range f.Materials {
			files = append(files, file{f.ID, m})
		}
	}
	digest := func(p *client.CardProof) cell {
		if p == nil {
			return cell{}
		}
		return ident(p.SHA256)
	}
	return []part{
		{Title: "page-card-functions", Table: tableOf("page-card-functions", []column[client.CardFunction]{
			{name: "function", cell: func(f client.CardFunction) cell { return ident(f.ID) }},
			{name: "name", cell: func(f client.CardFunction) cell { return named(f.Names) }},
			{name: "filing", cell: func(f client.CardFunction) cell { return word("page-filing-state-", f.Filing.State) }},
			{name: "filing-number", cell: func(f client.CardFunction) cell { return ident(f.Filing.Number) }},
			{name: "security-assessment", side: true, cell: func(f client.CardFunction) cell { return digest(f.Security) }},
			{name: "impact-assessment", side: true, cell: func(f client.CardFunction) cell { return digest(f.Impact) }},
		}, c.Functions)},
		{Title: "page-card-files", Empty: "page-card-files-none", Table: tableOf("page-card-files", []column[file]{
			{name: "file", cell: func(f file) cell { return text(f.Name) }}, {name: "function", cell: func(f file) cell { return ident(f.function) }},
			{name: "label-mark", cell: func(f file) cell { return verdict(f.Label) }}, {name: "notice-mark", cell: func(f file) cell { return verdict(f.Notice) }},
			{name: "sha256", side: true, cell: func(f file) cell { return ident(f.SHA256) }},
		}, files)},
	}
}

func handCard(v *visit) error {
	c, err := v.api().Card(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.hand("text/plain; charset=utf-8", "card-"+c.Service+".txt", []byte(c.Note))
}

// cardChecks are the names of all checks of cards and apps.
func cardChecks() []string {
	return append(card.Checks(), listing.CheckStatement, listing.CheckOwn)
}
