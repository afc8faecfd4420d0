package console

import (
	"context"
	"html/template"
	"net/url"
	"slices"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/difference"
	"github.com/colophon-project/colophon/staff"
)

func agreementPages() []page {
	rows := agreementList().rows()
	rows = append(rows, agreementDraft().rows("/agreements/new", "/agreements", draftFrom)...)
	return append(rows, agreementSheet().rows()...)
}

func agreementState(a client.Agreement) cell {
	return state("page-agreement-state-", a.State, map[string]tone{"draft": wait, "published": good, "superseded": plain, "withdrawn": bad})
}

func agreementStates() []string {
	return []string{"draft", "published", "superseded", "withdrawn"}
}

func agreementKinds() []string { return words(agreement.Kinds()) }

func audiences() []string { return words(agreement.Audiences()) }

// published is the number of a version that was published; nothing for a draft.
func publishedNumber(a client.Agreement) cell {
	if a.Number == 0 {
		return cell{}
	}
	return count(int64(a.Number))
}

func agreementList() list[client.Agreement] {
	return list[client.Agreement]{
		name: "agreements", path: "/agreements", title: "page-agreements", group: groupServices, action: staff.AgreementRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Agreement, string, error) {
			return c.Agreements(ctx, l)
		},
		columns: []column[client.Agreement]{
			{name: "agreement", cell: func(a client.Agreement) cell { return named(a.Title).to("/agreements/" + escaped(a.ID)) }},
			{name: "state", cell: agreementState},
			{name: "agreement-kind", cell: func(a client.Agreement) cell { return word("page-agreement-kind-", a.Kind) }},
			{name: "audience", cell: func(a client.Agreement) cell { return word("page-audience-", a.Audience) }},
			{name: "version", cell: publishedNumber},
			{name: "in-force-from", side: true, cell: func(a client.Agreement) cell { return sometime(a.Effective) }},
		},
		filters: []filter{
			{name: "state", kind: "choice", words: "page-agreement-state-", options: agreementStates()},
			{name: "kind", kind: "choice", words: "page-agreement-kind-", options: agreementKinds()},
			{name: "audience", kind: "choice", words: "page-audience-", options: audiences()},
		},
		deeds: []lead{{"/agreements/new", "page-deed-agreement-draft", staff.AgreementDraft}},
	}
}

// agreementMore is a version with its texts, and what changed since the one before.
type agreementMore struct {
	Texts    []agreementShown
	Before   string // address of the version before; empty for none
	Number   int    // its number
	Open     []string
	Anew     string // address at which a version is begun from this one
	Identity string
}

type agreementShown struct {
	Lang       string // of the text
	HTML       template.HTML
	Digest     string
	Difference []difference.Line
	Changed    int // lines
}

func agreementSheet() sheet[client.Agreement] {
	return sheet[client.Agreement]{
		path: "/agreements/{id}", title: "page-agreement-one", action: staff.AgreementRead, template: "agreements",
		fetch:   func(v *visit, id string) (client.Agreement, error) { return v.api().Agreement(v.r.Context(), id) },
		heading: func(a client.Agreement) cell { return named(a.Title) },
		facts: func(a client.Agreement) []fact {
			since := cell{}
			if a.Since > 0 && a.Since < a.Number {
				since = count(int64(a.Since))
			}
			return []fact{{"state", agreementState(a)}, {"agreement-kind", word("page-agreement-kind-", a.Kind)}, {"audience", word("page-audience-", a.Audience)}, {"version", publishedNumber(a)},
				{"accepted-since", since}, {"in-force-from", sometime(a.Effective)}, {"author", by(a.Author)}, {"publisher", by(a.Publisher)}, {"agreement-reason", text(a.Reason)}}
		},
		more:   func(v *visit, a client.Agreement) (any, error) { return v.agreement(a) },
		labels: []string{"accepted-since", "author", "publisher", "agreement-reason"},
		says:   []string{"page-tongue-zh", "page-tongue-en"},
		deeds: []deed[client.Agreement]{
			{name: "agreement-publish", step: "publish", action: staff.AgreementPublish, record: string(agreement.RecordPublished), danger: true,
				may:    func(a client.Agreement) bool { return a.State == "draft" },
				effect: publishEffect, says: []string{"page-effect-agreement-first", "page-effect-agreement-before", "page-effect-agreement-open", "page-effect-agreement-own"},
				fields: []field[client.Agreement]{
					{name: "change-kind", kind: "choice", words: "page-change-kind-", options: []string{"material", "editorial"}, required: true, hint: true},
					{name: "in-force-from", kind: "moment", hint: true},
				},
				do: func(v *visit, a client.Agreement) (string, error) {
					at, err := v.sentMoment("in-force-from")
					if err != nil {
						return "", err
					}
					_, err = v.api().PublishAgreement(v.r.Context(), a.ID, v.sent("change-kind") == "material", at)
					return "", err
				}},
			{name: "agreement-withdraw", step: "withdraw", action: staff.AgreementPublish, record: "agreement.withdrawn", danger: true,
				may:    func(a client.Agreement) bool { return a.State == "draft" || a.State == "published" },
				fields: []field[client.Agreement]{{name: "reason", kind: "area", required: true, most: 1024}},
				do: func(v *visit, a client.Agreement) (string, error) {
					_, err := v.api().WithdrawAgreement(v.r.Context(), a.ID, prose(v.sent("reason")))
					return "", err
				}},
		},
	}
}

// before finds the published version that one follows, or would follow.
func (v *visit) before(a client.Agreement) (*client.Agreement, error) {
	list, _, err := v.api().Agreements(v.r.Context(), client.Listing{Filter: url.Values{"kind": {a.Kind}, "audience": {a.Audience}}, Limit: walkSize})
	var last *client.Agreement
	for _, other := range list {
		if other.Number > 0 && (a.Number == 0 || other.Number < a.Number) && (last == nil || last.Number < other.Number) {
			last = &other
		}
	}
	if err != nil || last == nil {
		return nil, err
	}
	whole, err := v.api().Agreement(v.r.Context(), last.ID)
	return &whole, err
}

func (v *visit) agreement(a client.Agreement) (agreementMore, error) {
	more := agreementMore{Identity: a.ID}
	if a.Texts == nil {
		return more, missing()
	}
	before, err := v.before(a)
	if err != nil {
		return more, err
	}
	if v.actor().May(staff.AgreementDraft) {
		more.Anew = with("/agreements/new", url.Values{"from": {a.ID}})
	}
	if before != nil {
		more.Before, more.Number = "/agreements/"+escaped(before.ID), before.Number
	}
	if a.State == "draft" {
		more.Open = open(*a.Texts)
	}
	texts := []agreementShown{{Lang: "zh", Digest: a.Digests.ZH}, {Lang: "en", Digest: a.Digests.EN}}
	for i, t := range texts {
		text := agreement.Texts(*a.Texts).In(t.Lang)
		if texts[i].HTML, err = body(text); err != nil {
			return more, err
		}
		if before != nil && before.Texts != nil {
			texts[i].Difference = difference.Lines(agreement.Texts(*before.Texts).In(t.Lang), text)
			for _, l := range texts[i].Difference {
				if l.Kind != difference.Same {
					texts[i].Changed++
				}
			}
			texts[i].Difference = difference.Fold(texts[i].Difference, linesAround)
		}
	}
	if v.lang == "en" {
		slices.Reverse(texts)
	}
	more.Texts = texts
	return more, nil
}

// open is what is still to be filled in a draft, each once.
func open(t client.TextPair) []string {
	list := agreement.Placeholders(t.ZH)
	for _, p := range agreement.Placeholders(t.EN) {
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// publishEffect says what publishing a draft would do.
func publishEffect(v *visit, a client.Agreement) ([]said, error) {
	before, err := v.before(a)
	if err != nil {
		return nil, err
	}
	var list []said
	if before == nil {
		list = append(list, said{"page-effect-agreement-first", nil})
	} else {
		list = append(list, said{"page-effect-agreement-before", []string{"number", counted(before.Number), "title", v.pair(before.Title)}})
	}
	if a.Texts != nil {
		if n := len(open(*a.Texts)); n > 0 {
			list = append(list, said{"page-effect-agreement-open", []string{"count", counted(n)}})
		}
	}
	if a.Author == string(v.opened.Account.ID) {
		list = append(list, said{"page-effect-agreement-own", nil})
	}
	return list, nil
}

// agreementDraft drafts a version.
func agreementDraft() questionnaire[client.AgreementDraft] {
	const most = agreement.MaxText
	var begin []leadGroup
	for _, a := range audiences() {
		g := leadGroup{Name: "page-audience-" + a}
		for _, k := range agreementKinds() {
			g.Ways = append(g.Ways, lead{to: with("/agreements/new", url.Values{"agreement-kind": {k}, "audience": {a}}), title: "page-agreement-kind-" + k})
		}
		begin = append(begin, g)
	}
	return questionnaire[client.AgreementDraft]{
		deed: deed[client.AgreementDraft]{name: "agreement-draft", action: staff.AgreementDraft, record: "agreement.drafted", upload: 4 * most,
			do: func(v *visit, _ client.AgreementDraft) (string, error) {
				a, err := v.api().DraftAgreement(v.r.Context(), client.AgreementDraft{Kind: v.sent("agreement-kind"), Audience: v.sent("audience"),
					Texts: client.TextPair{ZH: prose(v.sent("text-zh")) + "\n", EN: prose(v.sent("text-en")) + "\n"}, Reason: prose(v.sent("agreement-reason"))})
				return "/agreements/" + escaped(a.ID), err
			}},
		begin: begin,
		sections: []section[client.AgreementDraft]{
			{name: "agreement", fields: []field[client.AgreementDraft]{
				{name: "agreement-kind", kind: "choice", words: "page-agreement-kind-", options: agreementKinds(), required: true, value: func(d client.AgreementDraft) string { return d.Kind }},
				{name: "audience", kind: "choice", words: "page-audience-", options: audiences(), required: true, value: func(d client.AgreementDraft) string { return d.Audience }},
				{name: "agreement-reason", kind: "area", most: 1024},
			}},
			{name: "texts", fields: []field[client.AgreementDraft]{
				{name: "text-zh", kind: "area", most: most, required: true, hint: true, value: func(d client.AgreementDraft) string { return d.Texts.ZH }},
				{name: "text-en", kind: "area", most: most, required: true, value: func(d client.AgreementDraft) string { return d.Texts.EN }},
			}},
		},
	}
}

// draftFrom is what a draft begins with: the version or the starter text that the address names.
func draftFrom(v *visit, _ string) (client.AgreementDraft, error) {
	q := v.r.URL.Query()
	if from := q.Get("from"); from != "" {
		a, err := v.api().Agreement(v.r.Context(), from)
		if err != nil || a.Texts == nil {
			return client.AgreementDraft{}, err
		}
		return client.AgreementDraft{Kind: a.Kind, Audience: a.Audience, Texts: *a.Texts}, nil
	}
	d := client.AgreementDraft{Kind: q.Get("agreement-kind"), Audience: q.Get("audience")}
	starters, err := agreement.Starters()
	for _, s := range starters {
		if string(s.Kind) == d.Kind && string(s.Audience) == d.Audience {
			d.Texts = client.TextPair(s.Texts)
		}
	}
	return d, err
}
