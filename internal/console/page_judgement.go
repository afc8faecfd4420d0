package console

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/staff"
)

func judgementPages() []page { return append(judgementList().rows(), judgementSheet().rows()...) }

// categories are the identifiers of the taxonomy.
func categories() []string {
	var ids []string
	for _, t := range library.Topics() {
		ids = append(ids, string(t.ID))
	}
	return ids
}

func category(id string) cell { return word("page-category-", id) }

func surfaces() []string { return []string{"input", "output", "upload"} }

// policyActions are what a policy may decide, from the mildest to the severest.
func policyActions() []string { return []string{"allow", "label", "limit", "review", "refuse"} }

func policyAction(action string) cell {
	return state("page-policy-action-", action, map[string]tone{"allow": good, "label": good, "limit": wait, "review": wait, "refuse": bad})
}

func findingLevel(level string) cell {
	return state("page-finding-level-", level, map[string]tone{"block": bad, "review": wait, "unknown": wait})
}

func verdict(v string) cell {
	return state("page-verdict-", v, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait})
}

// of are the keys of what a prefix and some values say.
func of(prefix string, values ...string) []string {
	var keys []string
	for _, value := range values {
		keys = append(keys, prefix+value)
	}
	return keys
}

// screenWords are the sentences of what the API says of what was judged.
func screenWords() []string {
	return slices.Concat(of("page-category-", categories()...), of("page-surface-", surfaces()...), of("page-policy-action-", policyActions()...),
		of("page-finding-level-", "allow", "note", "review", "block", "unknown"), of("page-verdict-", "passed", "failed", "could-not-tell"),
		of("page-how-", "plain", "sound", "loose", "spread", "sourced"),
		of("page-screen-check-", "keyword", "rule", "pattern", "digest", "picture", "person", "source-unit", "classifier"))
}

// checkName says which check saw something; of a classifier, which one.
func checkName(check string) cell {
	if name, ok := strings.CutPrefix(check, "classifier:"); ok {
		return cell{Many: []cell{word("page-screen-check-", "classifier"), ident(name)}}
	}
	return word("page-screen-check-", check)
}

// found are the categories of facts, each once, without those that nobody could check.
func found(facts []client.PolicyFact) cell {
	var ids []string
	for _, f := range facts {
		if f.Level != "unknown" && !slices.Contains(ids, f.Category) {
			ids = append(ids, f.Category)
		}
	}
	return chips("page-category-", ids)
}

func judgementList() list[client.Judged] {
	return list[client.Judged]{
		name: "judgements", path: "/judgements", title: "page-judgements", group: groupReview, action: staff.ScreenRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Judged, string, error) {
			return c.Judgements(ctx, l)
		},
		columns: []column[client.Judged]{
			{name: "judgement", cell: func(j client.Judged) cell { return ident(j.ID).to("/judgements/" + escaped(j.ID)) }},
			{name: "decided-at", cell: func(j client.Judged) cell { return moment(j.At) }},
			{name: "decision", cell: func(j client.Judged) cell { return policyAction(j.Action) }},
			{name: "verdict", cell: func(j client.Judged) cell { return verdict(j.Verdict) }},
			{name: "surface", cell: func(j client.Judged) cell { return word("page-surface-", j.Surface) }},
			{name: "categories", cell: func(j client.Judged) cell { return found(j.Facts) }},
			{name: "function", side: true, cell: func(j client.Judged) cell { return madeBy(j.Function) }},
			{name: "subject", side: true, cell: func(j client.Judged) cell { return account(j.Subject) }},
		},
		filters: []filter{
			{name: "action", kind: "choice", words: "page-policy-action-", options: policyActions()},
			{name: "category", kind: "choice", words: "page-category-", options: categories()},
			{name: "verdict", kind: "choice", words: "page-verdict-", options: verdicts()},
			{name: "surface", kind: "choice", words: "page-surface-", options: []string{"input", "output", "upload"}},
			{name: "from", kind: "from"},
			{name: "to", kind: "until"},
			{name: "subject", kind: "text"},
		},
		says: screenWords(),
	}
}

func judgementSheet() sheet[client.Judged] {
	return sheet[client.Judged]{
		path: "/judgements/{id}", title: "page-judgement", action: staff.ScreenRead,
		fetch: func(v *visit, id string) (client.Judged, error) { return v.api().PastJudgement(v.r.Context(), id) },
		facts: func(j client.Judged) []fact {
			return []fact{
				{"decision", policyAction(j.Action)}, {"verdict", verdict(j.Verdict)}, {"decided-at", moment(j.At)}, {"surface", word("page-surface-", j.Surface)},
				{"function", madeBy(j.Function)}, {"account-class", word("page-account-class-", j.Class)}, {"subject", account(j.Subject)},
				{"policy", ident(j.Policy).to("/policies/" + escaped(j.Policy))}, {"library", ident(j.Library).to("/features")}, {"judgement", ident(j.ID)},
			}
		},
		parts: func(v *visit, j client.Judged) ([]part, error) {
			parts := []part{{Title: "page-judgement-facts", Lead: "page-judgement-facts-lead", Empty: "page-judgement-facts-none", Table: tableOf("page-judgement-facts", factColumns(), j.Facts)}}
			if !v.actor().May(staff.HeldRead) {
				return parts, nil
			}
			held, _, err := v.api().HeldItems(v.r.Context(), client.Listing{Filter: map[string][]string{"judgement": {j.ID}}, Limit: 1})
			if err == nil && len(held) > 0 {
				parts = append(parts, part{Title: "page-judgement-held", Table: tableOf("page-judgement-held", heldColumns(), held)})
			}
			return parts, err
		},
		labels: []string{"account-class", "policy", "library", "category", "level", "check", "how", "runes", "score", "distance"},
		says:   []string{"page-judgement-facts", "page-judgement-facts-lead", "page-judgement-facts-none", "page-judgement-held"},
	}
}

func factColumns() []column[client.PolicyFact] {
	return []column[client.PolicyFact]{
		{name: "category", cell: func(f client.PolicyFact) cell { return category(f.Category) }},
		{name: "level", cell: func(f client.PolicyFact) cell { return findingLevel(f.Level) }},
		{name: "check", cell: func(f client.PolicyFact) cell { return checkName(f.Check) }},
		{name: "how", cell: func(f client.PolicyFact) cell { return word("page-how-", f.How) }},
		{name: "runes", side: true, cell: func(f client.PolicyFact) cell { return atLeastOne(int64(f.Runes)) }},
		{name: "score", side: true, cell: func(f client.PolicyFact) cell {
			if f.Score == 0 {
				return cell{}
			}
			return text(strconv.FormatFloat(f.Score, 'f', 2, 64))
		}},
		{name: "distance", side: true, cell: func(f client.PolicyFact) cell { return atLeastOne(int64(f.Distance)) }},
	}
}
