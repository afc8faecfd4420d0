package console

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// maxFeatures is the largest file of features that a page takes, in bytes. Larger ones are imported by the API.
const maxFeatures = 32 << 20

func featurePages() []page {
	return slices.Concat(featureList().rows(), start("/features/propose", "/features", proposeDeed()), start("/features/import", "/features", importDeed()),
		[]page{
			{method: get, path: "/features/coverage", action: staff.FeatureRead, title: "page-coverage", above: "/features", words: append(of("page-feature-kind-", featureKinds()...), "page-feature-replayed"), do: showCoverage},
			{method: get, path: "/features/export", action: staff.FeatureRead, back: "/features", do: exportLibrary},
		},
		featureSheet().rows(), batchList().rows(), batchSheet().rows(), samplePages())
}

func featureStates() []string {
	return []string{"proposed", "reviewed", "replayed", "active", "retired", "rejected"}
}

func featureKinds() []string {
	return []string{"keyword", "rule", "pattern", "picture", "digest", "person", "source-unit"}
}

func featureLevels() []string { return []string{"allow", "note", "review", "block"} }

func featureState(name string) cell {
	return state("page-feature-state-", name, map[string]tone{"proposed": wait, "reviewed": wait, "replayed": wait, "active": good, "rejected": bad})
}

func featureList() list[client.Feature] {
	return list[client.Feature]{
		name: "features", path: "/features", title: "page-features", group: groupReview, action: staff.FeatureRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Feature, string, error) {
			return c.Features(ctx, l)
		},
		columns: []column[client.Feature]{
			{name: "feature", cell: func(f client.Feature) cell { return ident(f.ID).to("/features/" + escaped(f.ID)) }},
			{name: "value", cell: func(f client.Feature) cell { return text(shortened(f.Value)) }},
			{name: "state", cell: func(f client.Feature) cell { return featureState(f.State) }},
			{name: "category", cell: func(f client.Feature) cell { return category(f.Category) }},
			{name: "level", cell: func(f client.Feature) cell { return findingLevel(f.Level) }},
			{name: "kind", side: true, cell: func(f client.Feature) cell { return word("page-feature-kind-", f.Kind) }},
			{name: "language", side: true, cell: func(f client.Feature) cell { return text(f.Language) }},
			{name: "changed", side: true, cell: func(f client.Feature) cell { return moment(f.Changed) }},
		},
		filters: []filter{
			{name: "contains", kind: "text"},
			{name: "state", kind: "choice", words: "page-feature-state-", options: featureStates()},
			{name: "kind", kind: "choice", words: "page-feature-kind-", options: featureKinds()},
			{name: "category", kind: "choice", words: "page-category-", options: categories()},
			{name: "batch", kind: "text"},
		},
		deeds: []lead{
			{to: "/features/propose", title: "page-deed-feature-propose", action: staff.FeaturePropose}, {to: "/features/import", title: "page-deed-feature-import", action: staff.FeaturePropose},
			{to: "/feature-batches", title: "page-batches"}, {to: "/features/coverage", title: "page-coverage"}, {to: "/samples", title: "page-samples"}, {to: "/features/export?format=csv", title: "page-features-export"},
		},
	}
}

// shortened is the beginning of a long value.
func shortened(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func featureSheet() sheet[client.Feature] {
	one := func(f client.Feature) client.FeatureSelection { return client.FeatureSelection{IDs: []string{f.ID}} }
	return sheet[client.Feature]{
		path: "/features/{id}", title: "page-feature", action: staff.FeatureRead,
		fetch: func(v *visit, id string) (client.Feature, error) { return v.api().Feature(v.r.Context(), id) },
		facts: func(f client.Feature) []fact {
			return []fact{
				{"state", featureState(f.State)}, {"value", text(f.Value)}, {"aliases", text(strings.Join(f.Aliases, " · "))}, {"kind", word("page-feature-kind-", f.Kind)}, {"category", category(f.Category)},
				{"level", findingLevel(f.Level)}, {"language", text(f.Language)}, {"anywhere", yes(f.Anywhere)}, {"valid-from", text(f.From)}, {"valid-until", text(f.Until)},
				{"entry-standard", text(f.Standard)}, {"reason", text(f.Reason)}, {"source", text(f.Source)}, {"batch", ident(f.Batch).to("/feature-batches/" + escaped(f.Batch))},
				{"proposed-by", by(f.Proposer)}, {"proposed", moment(f.Proposed)}, {"reviewed-by", by(f.Reviewer)}, {"changed", moment(f.Changed)},
				{"since-version", atLeastOne(f.Since)}, {"gone-version", atLeastOne(f.Gone)}, {"feature", ident(f.ID)},
			}
		},
		labels: []string{"aliases", "anywhere", "valid-from", "valid-until", "entry-standard", "source", "proposed-by", "proposed", "reviewed-by", "since-version", "gone-version", "gains", "losses", "samples", "unread", "untried", "batch"},
		deeds:  libraryDeeds(one, func(f client.Feature) map[string]int { return map[string]int{f.State: 1} }),
	}
}

// atLeastOne is a number that is there from 1.
func atLeastOne(n int64) cell {
	if n == 0 {
		return cell{}
	}
	return count(n)
}

func batchList() list[client.FeatureBatch] {
	return list[client.FeatureBatch]{
		name: "feature-batches", path: "/feature-batches", title: "page-batches", action: staff.FeatureRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.FeatureBatch, string, error) {
			return c.FeatureBatches(ctx, l)
		},
		columns: []column[client.FeatureBatch]{
			{name: "batch", cell: func(b client.FeatureBatch) cell { return text(b.Origin).to("/feature-batches/" + escaped(b.ID)) }},
			{name: "features", cell: func(b client.FeatureBatch) cell { return count(int64(b.Count)) }},
			{name: "state", cell: batchStates},
			{name: "proposed", cell: func(b client.FeatureBatch) cell { return moment(b.Proposed) }},
			{name: "proposed-by", side: true, cell: func(b client.FeatureBatch) cell { return by(b.Proposer) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-feature-state-", options: append([]string{"open"}, featureStates()...), means: map[string][]string{"open": {"proposed", "reviewed", "replayed"}}}},
		deeds:   []lead{{to: "/features", title: "page-features"}, {to: "/features/propose", title: "page-deed-feature-propose", action: staff.FeaturePropose}, {to: "/features/import", title: "page-deed-feature-import", action: staff.FeaturePropose}},
	}
}

// batchStates are the states of the features of a batch.
func batchStates(b client.FeatureBatch) cell {
	var c cell
	for _, s := range featureStates() {
		if b.States[s] > 0 {
			c.Many = append(c.Many, featureState(s))
		}
	}
	return c
}

func batchSheet() sheet[client.FeatureBatch] {
	all := func(b client.FeatureBatch) client.FeatureSelection { return client.FeatureSelection{Batch: b.ID} }
	return sheet[client.FeatureBatch]{
		path: "/feature-batches/{id}", title: "page-batch", action: staff.FeatureRead,
		fetch:   func(v *visit, id string) (client.FeatureBatch, error) { return v.api().FeatureBatch(v.r.Context(), id) },
		heading: func(b client.FeatureBatch) cell { return text(b.Origin) },
		facts: func(b client.FeatureBatch) []fact {
			facts := []fact{{"features", count(int64(b.Count)).to("/features?batch=" + escaped(b.ID))}, {"proposed", moment(b.Proposed)}, {"proposed-by", by(b.Proposer)}, {"digest", ident(b.Digest)}}
			for _, s := range featureStates() {
				facts = append(facts, fact{"features-" + s, atLeastOne(int64(b.States[s])).to("/features?batch=" + escaped(b.ID) + "&state=" + s)})
			}
			return facts
		},
		labels: append([]string{"digest"}, of("features-", featureStates()...)...),
		deeds:  libraryDeeds(all, func(b client.FeatureBatch) map[string]int { return b.States }),
	}
}

type coveragePage struct {
	client.LibraryCoverage
	Chinese bool
	Risks   []coverageRow
	Topics  []coverageRow
	Whole   coverageRow
}

// coverageRow is a risk or a category with its entries.
type coverageRow struct {
	client.CoverageCount
	ID, Name, To string
	Many         []string // risks of a category
	Unconfirmed  bool
	High         bool
	Illegal      bool
	Other        int
	State        cell
}

// covered says whether there are as many entries as there are to be.
func covered(c client.CoverageCount) cell {
	word := "enough"
	switch {
	case c.Least == 0:
		word = "no-yardstick"
	case c.Entries == 0:
		word = "nothing"
	case !c.Enough:
		word = "less"
	}
	return state("page-coverage-", word, map[string]tone{"enough": good, "less": wait, "nothing": bad})
}

// showCoverage shows the entries in force beside what GB/T 45654 asks for.
func showCoverage(v *visit) error {
	c, err := v.api().Library(v.r.Context())
	if err != nil {
		return err
	}
	data := coveragePage{LibraryCoverage: c, Chinese: v.lang == "zh"}
	named := func(zh, en string) string {
		if data.Chinese {
			return zh
		}
		return capital(en)
	}
	data.Whole = coverageRow{CoverageCount: c.Words, State: covered(c.Words)}
	for _, r := range c.Risks {
		row := coverageRow{CoverageCount: r.Words, ID: r.ID, Name: named(r.Zh, r.En), Unconfirmed: r.Unconfirmed, State: covered(r.Words)}
		data.Risks = append(data.Risks, row)
	}
	for _, t := range c.Topics {
		row := coverageRow{CoverageCount: t.Words, ID: t.Category, Name: named(t.Zh, t.En), To: "/features?state=active&category=" + escaped(t.Category), Many: t.Risks, High: t.High, Illegal: t.Illegal}
		for _, n := range t.Other {
			row.Other += n
		}
		data.Topics = append(data.Topics, row)
	}
	return v.show("coverage", data)
}

// exportLibrary hands out the active features, as the API signs them.
func exportLibrary(v *visit) error {
	format, kind := "json", "application/jsonl"
	if v.r.URL.Query().Get("format") == "csv" {
		format, kind = "csv", "text/csv; charset=utf-8"
	}
	file, err := v.api().ExportLibrary(v.r.Context(), format, 0)
	if err != nil {
		return err
	}
	return v.hand(kind, "library."+format, file)
}
