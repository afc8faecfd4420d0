package console

import (
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/client"
	rulebook "github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

// publicSystemsPath is where everybody reads the provider's own rules.
const publicSystemsPath = "/provider-rules"

func systemPages() []page {
	systems := of("duty-policy-", texts(rulebook.All())...)
	return slices.Concat(systemBoard().rows(), systemVersionList().rows(), start("/systems/new", "/systems", draftSystem()), systemSheet().rows(), []page{
		{method: get, path: publicSystemsPath, who: anybody, title: "page-provider-rules", about: "page-provider-rules-about", menu: true, words: systems, do: showPublicSystems},
		{method: get, path: publicSystemsPath + "/{id}", who: anybody, title: "page-provider-rules", about: "page-provider-rules-about", do: showPublicSystem},
	})
}

func verdictOf(value string) cell {
	return state("page-system-", value, map[string]tone{"passed": good, "failed": bad})
}

// systemBoard is how each system of rules stands.
func systemBoard() list[client.SystemStanding] {
	version := func(s client.SystemStanding, fn func(client.SystemVersion) cell) cell {
		if s.Version == nil {
			return cell{}
		}
		return fn(*s.Version)
	}
	return list[client.SystemStanding]{
		name: "systems", path: "/systems", title: "page-systems", group: groupGovernance, action: staff.SystemsRead,
		read: func(v *visit, _ client.Listing) ([]client.SystemStanding, string, error) {
			all, err := v.api().Systems(v.r.Context(), time.Time{})
			return all, "", err
		},
		columns: []column[client.SystemStanding]{
			{name: "system", cell: func(s client.SystemStanding) cell {
				return word("duty-policy-", s.System).to(with("/systems/versions", nil, "system", s.System))
			}},
			{name: "state", cell: func(s client.SystemStanding) cell {
				if s.Version == nil {
					return state("page-system-", "none", map[string]tone{"none": bad})
				}
				return verdictOf(s.Verdict)
			}},
			{name: "system-version", cell: func(s client.SystemStanding) cell {
				return version(s, func(x client.SystemVersion) cell { return count(int64(x.Number)).to("/systems/" + escaped(x.ID)) })
			}},
			{name: "system-review", cell: func(s client.SystemStanding) cell {
				return lastDay(s.Until)
			}},
			{name: "system-owner", side: true, cell: func(s client.SystemStanding) cell {
				return version(s, func(x client.SystemVersion) cell { return by(x.Owner) })
			}},
			{name: "system-public", side: true, cell: func(s client.SystemStanding) cell {
				return version(s, func(x client.SystemVersion) cell { return whether(x.Public) })
			}},
		},
		deeds: []lead{{"/systems/new", "page-deed-system-draft", staff.SystemsWrite}, {to: "/systems/versions", title: "page-systems-versions"}, {to: publicSystemsPath, title: "page-provider-rules"}},
		says:  append(of("duty-policy-", texts(rulebook.All())...), of("page-system-", "passed", "failed", "none")...),
	}
}

func systemState(x client.SystemVersion) cell {
	return state("page-system-state-", x.State, map[string]tone{"draft": wait, "approved": good})
}

func systemVersionList() list[client.SystemVersion] {
	return list[client.SystemVersion]{
		name: "systems-versions", path: "/systems/versions", title: "page-systems-versions", action: staff.SystemsRead,
		read: func(v *visit, l client.Listing) ([]client.SystemVersion, string, error) {
			return v.api().SystemVersions(v.r.Context(), l)
		},
		columns: []column[client.SystemVersion]{
			{name: "system-title", cell: func(x client.SystemVersion) cell { return text(x.Title).to("/systems/" + escaped(x.ID)) }},
			{name: "system", cell: func(x client.SystemVersion) cell { return word("duty-policy-", x.System) }},
			{name: "state", cell: systemState},
			{name: "system-version", cell: systemNumber},
			{name: "in-force-from", cell: func(x client.SystemVersion) cell { return sometime(x.Effective) }},
			{name: "author", side: true, cell: func(x client.SystemVersion) cell { return by(x.Author) }},
			{name: "approver", side: true, cell: func(x client.SystemVersion) cell { return by(x.Approver) }},
		},
		filters: []filter{{name: "system", kind: "choice", words: "duty-policy-", options: texts(rulebook.All())}},
		deeds:   []lead{{"/systems/new", "page-deed-system-draft", staff.SystemsWrite}, {to: "/systems", title: "page-systems"}},
		says:    of("page-system-state-", texts(rulebook.States())...),
	}
}

func systemNumber(x client.SystemVersion) cell {
	if x.Number == 0 {
		return cell{}
	}
	return count(int64(x.Number))
}

func draftSystem() deed[none] {
	return deed[none]{name: "system-draft", action: staff.SystemsWrite, record: "duty.policy-drafted",
		fields: []field[none]{{name: "system", kind: "choice", words: "duty-policy-", options: texts(rulebook.All()), required: true}, {name: "system-title", kind: "text", required: true, most: 60},
			{name: "system-text", kind: "area", required: true, hint: true, most: rulebook.MaxText / 3}, {name: "system-english", kind: "area", most: rulebook.MaxText / 3}, {name: "system-public", kind: "yes", hint: true},
			{name: "system-owner", kind: "text", required: true, hint: true, value: nil}, {name: "system-review", kind: "day", required: true, hint: true}, {name: "system-change", kind: "area", required: true, most: 1300}},
		do: func(v *visit, _ none) (string, error) {
			owner := strings.TrimSpace(v.sent("system-owner"))
			x, err := v.api().DraftSystem(v.r.Context(), client.SystemDraft{System: v.sent("system"), Title: strings.TrimSpace(v.sent("system-title")), Text: v.sent("system-text"), English: v.sent("system-english"),
				Public: v.sent("system-public") == "yes", Owner: owner, Review: v.sent("system-review"), Change: v.sent("system-change")})
			return "/systems/" + escaped(x.ID), err
		}}
}

func systemSheet() sheet[client.SystemVersion] {
	draft := func(x client.SystemVersion) bool { return x.State == string(rulebook.Drafted) }
	return sheet[client.SystemVersion]{
		path: "/systems/{id}", title: "page-system", action: staff.SystemsRead,
		fetch: func(v *visit, id string) (client.SystemVersion, error) {
			return v.api().SystemVersion(v.r.Context(), id)
		},
		heading: func(x client.SystemVersion) cell { return text(x.Title) },
		facts: func(x client.SystemVersion) []fact {
			return []fact{{"system", word("duty-policy-", x.System)}, {"state", systemState(x)}, {"system-version", systemNumber(x)}, {"in-force-from", sometime(x.Effective)}, {"system-review", text(x.Review)},
				{"system-public", whether(x.Public)}, {"system-owner", by(x.Owner)}, {"author", by(x.Author)}, {"approver", by(x.Approver)}, {"system-change", text(x.Change)}, {"sha256", ident(x.Digest)}}
		},
		parts: func(v *visit, x client.SystemVersion) ([]part, error) {
			parts := []part{{Title: "page-system-text", Prose: x.Text}}
			if x.English != "" {
				parts = append(parts, part{Title: "page-system-english", Prose: x.English})
			}
			return append(parts, part{Title: "page-system-reviews", Table: v.introduced(tableOf("page-system-reviews", []column[client.SystemReview]{
				{name: "when", cell: func(r client.SystemReview) cell { return moment(r.At) }},
				{name: "author", cell: func(r client.SystemReview) cell { return by(r.By) }},
				{name: "duty-note", cell: func(r client.SystemReview) cell { return text(r.Note) }},
				{name: "next-review", cell: func(r client.SystemReview) cell { return text(r.Next) }},
			}, x.Reviews)), Empty: "page-system-reviews-none"}), nil
		},
		labels: []string{"system", "state", "system-version", "in-force-from", "system-review", "system-public", "system-owner", "author", "approver", "system-change", "sha256", "when", "duty-note", "next-review"},
		says:   append(of("page-system-state-", texts(rulebook.States())...), of("duty-policy-", texts(rulebook.All())...)...),
		deeds: []deed[client.SystemVersion]{
			{name: "system-approve", step: "approve", action: staff.SystemsApprove, record: "duty.policy-approved", danger: true, may: draft, fields: []field[client.SystemVersion]{{name: "effective-from", kind: "moment", hint: true}},
				effect: func(v *visit, x client.SystemVersion) ([]said, error) { return v.ownWords(x.Author), nil },
				do: func(v *visit, x client.SystemVersion) (string, error) {
					at, err := v.sentMoment("effective-from")
					if err == nil {
						_, err = v.api().ApproveSystem(v.r.Context(), x.ID, at)
					}
					return "", err
				}},
			{name: "system-review", step: "review", action: staff.SystemsApprove, record: "duty.policy-reviewed", may: func(x client.SystemVersion) bool { return x.State == string(rulebook.Approved) },
				effect: func(v *visit, x client.SystemVersion) ([]said, error) { return v.ownWords(x.Author), nil },
				fields: []field[client.SystemVersion]{dutyNote[client.SystemVersion](), {name: "next-review", kind: "day", required: true, hint: true}},
				do: func(v *visit, x client.SystemVersion) (string, error) {
					_, err := v.api().ReviewSystem(v.r.Context(), x.ID, v.sent("duty-note"), v.sent("next-review"))
					return "", err
				}},
			{name: "system-withdraw", step: "withdraw", action: staff.SystemsWrite, record: "duty.policy-withdrawn", may: draft, fields: []field[client.SystemVersion]{dutyNote[client.SystemVersion]()},
				do: func(v *visit, x client.SystemVersion) (string, error) {
					_, err := v.api().WithdrawSystem(v.r.Context(), x.ID, v.sent("duty-note"))
					return "", err
				}},
		},
	}
}

// systemView is a system of rules as everybody reads it.
type systemView struct {
	client.PublicSystem
	HTML  template.HTML
	Asked bool // by Generative AI Measures Art. 10
}

type publicSystemsPage struct {
	Systems []systemView
}

func (v *visit) publicSystems() ([]systemView, error) {
	list, err := v.api().PublicSystems(v.r.Context())
	var out []systemView
	for _, s := range list {
		x := systemView{PublicSystem: s, Asked: slices.Contains(rulebook.Texts(), rulebook.System(s.System))}
		written := s.Text
		if v.lang == locale.English && s.English != "" {
			written = s.English
		}
		html, failed := agreement.Render(written)
		if failed != nil {
			return nil, failed
		}
		x.HTML = template.HTML(strings.NewReplacer("<h1>", "<h2>", "</h1>", "</h2>").Replace(html))
		out = append(out, x)
	}
	return out, err
}

func showPublicSystems(v *visit) error {
	list, err := v.publicSystems()
	if err != nil {
		return err
	}
	return v.show("providerrules", publicSystemsPage{list})
}

func showPublicSystem(v *visit) error {
	list, err := v.publicSystems()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(x systemView) bool { return x.System == v.r.PathValue("id") })
	if at < 0 {
		return missing()
	}
	v.about = v.speakers[v.lang].Say("page-provider-rule-about", "title", list[at].Title, "number", grouped(int64(list[at].Number)))
	return v.show("providerrule", list[at])
}
