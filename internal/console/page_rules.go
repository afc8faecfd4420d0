package console

import (
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/difference"
)

// mostVersions bounds how many published versions the page of rules lists.
const mostVersions = 1000

// linesAround is how many lines are shown before and after what changed.
const linesAround = 3

func rulesPages() []page {
	words := []string{"page-audience-users", "page-audience-supporters"}
	for _, state := range []string{"in-force", "coming", "superseded", "withdrawn"} {
		words = append(words, "page-rule-state-"+state)
	}
	return []page{
		{method: get, path: "/rules", who: anybody, title: "page-rules", about: "page-rules-about", menu: true, words: words, do: showRules},
		{method: get, path: "/rules/{id}", who: anybody, title: "page-rules", about: "page-rules-about", do: showRule},
		{method: get, path: "/rules/{id}/changes", who: anybody, title: "page-rule-changes", do: showRuleChanges},
	}
}

// ruleGroup is all published versions of one text for one audience, the newest first.
type ruleGroup struct {
	Kind, Audience string
	Versions       []ruleVersion
}

type ruleVersion struct {
	ID, Kind, Audience, Title, State string
	Tone                             tone
	Number                           int
	From, Until                      time.Time // Until is zero where nothing followed
}

// ruleGroups lists what was published: all of it, or what a question finds.
func (v *visit) ruleGroups(question url.Values) ([]ruleGroup, error) {
	ctx, api := v.r.Context(), v.api()
	current, err := api.CurrentAgreements(ctx)
	if err != nil {
		return nil, err
	}
	var all []client.Agreement
	for next := ""; ; {
		var list []client.Agreement
		if list, next, err = api.PublicVersions(ctx, client.Listing{Filter: question, Cursor: next, Limit: walkSize}); err != nil {
			return nil, err
		}
		if all = append(all, list...); next == "" || len(all) >= mostVersions {
			break
		}
	}
	slices.SortStableFunc(all, func(a, b client.Agreement) int { return b.Number - a.Number })
	var groups []ruleGroup
	for _, audience := range agreement.Audiences() {
		for _, kind := range agreement.Kinds() {
			g := ruleGroup{Kind: string(kind), Audience: string(audience)}
			until := time.Time{}
			for _, a := range all {
				if a.Kind != g.Kind || a.Audience != g.Audience || a.Effective == nil {
					continue
				}
				r := ruleVersion{ID: a.ID, Kind: a.Kind, Audience: a.Audience, Title: v.pair(a.Title), Number: a.Number, From: *a.Effective, Until: until, State: a.State}
				switch {
				case slices.ContainsFunc(current, func(c client.Agreement) bool { return c.ID == a.ID }):
					r.State, r.Tone, r.Until = "in-force", good, time.Time{}
				case a.State == "published" && a.Effective.After(v.Now()):
					r.State, r.Tone = "coming", wait
				case a.State == "published":
					r.State = "superseded"
				}
				until = *a.Effective
				g.Versions = append(g.Versions, r)
			}
			if len(g.Versions) > 0 {
				groups = append(groups, g)
			}
		}
	}
	return groups, nil
}

func showRules(v *visit) error {
	groups, err := v.ruleGroups(nil)
	if err != nil {
		return err
	}
	return v.show("rules", groups)
}

// rulePage is one version with its text.
type rulePage struct {
	ruleVersion
	HTML       template.HTML
	Digest     string
	Before     *ruleVersion // the version before it
	Now        *ruleVersion // the version in force, where it is another one
	Difference []difference.Line
}

// body is a text without its title, as HTML for a page that has a heading of its own.
func body(markdown string) (template.HTML, error) {
	_, rest, _ := strings.Cut(markdown, "\n")
	html, err := agreement.Render(rest)
	return template.HTML(strings.NewReplacer("<h1>", "<h2>", "</h1>", "</h2>").Replace(html)), err
}

func (v *visit) rule() (rulePage, client.Agreement, error) {
	a, err := v.api().PublicAgreement(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return rulePage{}, a, err
	}
	groups, err := v.ruleGroups(url.Values{"kind": {a.Kind}, "audience": {a.Audience}})
	if err != nil {
		return rulePage{}, a, err
	}
	p := rulePage{ruleVersion: ruleVersion{ID: a.ID, Kind: a.Kind, Audience: a.Audience, Title: v.pair(a.Title), Number: a.Number}, Digest: v.pair(a.Digests)}
	if i := slices.IndexFunc(groups, func(g ruleGroup) bool { return g.Kind == a.Kind && g.Audience == a.Audience }); i >= 0 {
		for _, r := range groups[i].Versions {
			switch {
			case r.ID == a.ID:
				p.ruleVersion = r
			case r.State == "in-force":
				p.Now = &r
			}
			if r.Number < a.Number && p.Before == nil {
				p.Before = &r
			}
		}
	}
	return p, a, nil
}

func showRule(v *visit) error {
	p, a, err := v.rule()
	if err != nil {
		return err
	}
	if a.Texts != nil {
		if p.HTML, err = body(v.pair(*a.Texts)); err != nil {
			return err
		}
	}
	v.about = v.speakers[v.lang].Say("page-rule-about", "title", p.Title, "number", grouped(int64(p.Number)))
	thing := map[string]any{"@context": "https://schema.org", "@type": "DigitalDocument", "name": p.Title, "version": p.Number, "inLanguage": v.lang, "url": v.tongue("/rules/"+escaped(p.ID), "")}
	if !p.From.IsZero() {
		thing["datePublished"] = p.From.UTC().Format(dateForm)
	}
	v.things = thing
	return v.show("rule", p)
}

// showRuleChanges shows a version beside the one before it.
func showRuleChanges(v *visit) error {
	p, a, err := v.rule()
	if err != nil {
		return err
	}
	if p.Before == nil || a.Texts == nil {
		return missing()
	}
	before, err := v.api().PublicAgreement(v.r.Context(), p.Before.ID)
	if err != nil {
		return err
	}
	if before.Texts != nil {
		p.Difference = difference.Fold(difference.Lines(v.pair(*before.Texts), v.pair(*a.Texts)), linesAround)
	}
	return v.show("rulechanges", p)
}
