package console

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/staff"
)

const (
	datasetsPath = "/datasets"
	removalsPath = "/dataset-removals"
	samplesPath  = "/training-samples"
)

func datasetPages() []page {
	return slices.Concat(datasetList().rows(), start(datasetsPath+"/new", datasetsPath, datasetAdd()), datasetSheet().rows(), removalList().rows(), removalSheet().rows(), trainingList().rows(), trainingSheet().rows())
}

func datasetLink(id string) string  { return datasetsPath + "/" + escaped(id) }
func removalLink(id string) string  { return removalsPath + "/" + escaped(id) }
func trainingLink(id string) string { return samplesPath + "/" + escaped(id) }

func datasetState(d client.Dataset) cell {
	if d.Barred {
		return state("page-dataset-state-", "barred", map[string]tone{"barred": bad})
	}
	return state("page-dataset-state-", d.State, map[string]tone{"active": good})
}

// standing of a dataset by a yardstick, in a word.
func datasetRow(d client.Dataset, yardstick string) cell {
	for _, y := range d.Yardsticks {
		if y.Yardstick == yardstick {
			return yardstickState(y)
		}
	}
	return cell{}
}

func yardstickState(y client.DatasetYardstick) cell {
	tones := map[string]tone{"passed": good, "failed": bad, "unsampled": wait, "stale": wait, "could-not-tell": wait}
	switch {
	case y.Sampled:
		return state("page-corpus-", y.Verdict, tones)
	case y.Stale:
		return state("page-corpus-", "stale", tones)
	}
	return state("page-corpus-", "unsampled", tones)
}

// removalsOf leads to the open removals of a dataset.
func removalsOf(d client.Dataset) cell {
	if d.Removals == 0 {
		return cell{}
	}
	c := count(int64(d.Removals)).to(with(removalsPath, nil, "dataset", d.ID, "state", "open"))
	if d.Late > 0 {
		c.Tone = bad
	}
	return c
}

func datasetList() list[client.Dataset] {
	return list[client.Dataset]{
		name: "datasets", path: datasetsPath, title: "page-datasets", group: groupGovernance, action: staff.DatasetRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Dataset, string, error) {
			return c.Datasets(ctx, l)
		},
		columns: []column[client.Dataset]{
			{name: "dataset", cell: func(d client.Dataset) cell { return ident(d.ID).to(datasetLink(d.ID)) }},
			{name: "name", long: true, cell: func(d client.Dataset) cell { return named(d.Dataset.Names) }},
			{name: "state", cell: datasetState},
			{name: "dataset-grounds", cell: func(d client.Dataset) cell { return verdict(d.Grounds) }},
			{name: "corpus-people", cell: func(d client.Dataset) cell { return datasetRow(d, "corpus-people") }},
			{name: "corpus-machine", side: true, cell: func(d client.Dataset) cell { return datasetRow(d, "corpus-machine") }},
			{name: "corpus-source", side: true, cell: func(d client.Dataset) cell { return datasetRow(d, "source") }},
			{name: "dataset-removals", cell: removalsOf},
			{name: "dataset-items", side: true, cell: datasetItems},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-dataset-state-", options: []string{"active", "retired"}}},
		deeds:   []lead{{datasetsPath + "/new", "page-deed-dataset-add", staff.DatasetWrite}, {removalsPath, "page-dataset-removals", staff.DatasetRead}, {samplesPath, "page-training-samples", staff.DatasetRead}},
		says:    datasetWords(),
	}
}

func datasetItems(d client.Dataset) cell {
	switch {
	case d.Manifest != nil:
		return count(int64(d.Manifest.Items))
	case d.Dataset.Items > 0:
		return count(d.Dataset.Items)
	}
	return cell{}
}

func tris() []string { return []string{"yes", "no", "untold"} }

func datasetWords() []string {
	return slices.Concat(of("page-dataset-state-", "active", "retired", "barred"), of("page-corpus-", "passed", "failed", "could-not-tell", "stale", "unsampled"), of("page-dataset-origin-", dataset.Origins()...), of("page-modality-kind-", dataset.Modalities()...),
		of("page-basis-", dataset.Bases()...), of("page-biometric-", dataset.Biometrics()...), of("page-tri-", tris()...), of("page-dataset-purpose-", dataset.Purposes()...), of("page-verdict-", verdicts()...), of("page-yardstick-", "corpus-people", "corpus-machine", "source"),
		of("page-sureness-", "primary", "secondary", "draft", "unconfirmed", "own"))
}

func triCell(t string) cell {
	if t == "" {
		t = "untold"
	}
	return state("page-tri-", t, map[string]tone{"untold": wait})
}

func datasetFacts(d client.Dataset) []fact {
	t := d.Dataset
	var consents cell
	for _, c := range t.Consents {
		consents.Many = append(consents.Many, ident(c).to("/consents/"+escaped(c)))
	}
	list := []fact{{"dataset", ident(d.ID)}, {"state", datasetState(d)}, {"dataset-grounds", verdict(d.Grounds)}, {"dataset-origin", word("page-dataset-origin-", t.Origin)}, {"dataset-source", text(t.Source)}, {"corpus-modalities", chips("page-modality-kind-", t.Modalities)},
		{"licence", text(t.Licence)}, {"licence-paper", ident(t.Paper)}, {"dataset-items", datasetItems(d)}}
	if t.Bytes > 0 {
		list = append(list, fact{"dataset-bytes", count(t.Bytes)})
	}
	list = append(list, fact{"personal", triCell(t.Personal)})
	for _, kind := range t.Kinds {
		list = append(list, fact{"personal-kinds", text(kind)})
	}
	list = append(list, fact{"bases", chips("page-basis-", t.Bases)}, fact{"ground", text(t.Ground)}, fact{"ground-proof", ident(t.Proof)}, fact{"dataset-consents", consents}, fact{"biometric", triCell(t.Biometric)}, fact{"biometrics", chips("page-biometric-", t.Biometrics)}, fact{"minors", triCell(t.Minors)}, fact{"dataset-removals", removalsOf(d)})
	if m := d.Manifest; m != nil {
		list = append(list, fact{"dataset-digest", ident(m.Digest)}, fact{"manifest-at", moment(m.At)})
	}
	return append(list, fact{"changed", moment(d.Changed)})
}

func datasetSheet() sheet[client.Dataset] {
	return sheet[client.Dataset]{
		path: datasetsPath + "/{id}", title: "page-dataset", action: staff.DatasetRead, template: "dataset",
		fetch:   func(v *visit, id string) (client.Dataset, error) { return v.api().Dataset(v.r.Context(), id) },
		heading: func(d client.Dataset) cell { return named(d.Dataset.Names) },
		facts:   datasetFacts,
		parts:   datasetParts,
		more:    func(v *visit, d client.Dataset) (any, error) { return v.corpusCharts(d), nil },
		ways: func(_ *visit, d client.Dataset) []lead {
			return []lead{{to: with(samplesPath, nil, "dataset", d.ID), title: "page-training-samples"}}
		},
		deeds: datasetDeeds(),
		labels: []string{"dataset-origin", "dataset-source", "corpus-modalities", "licence", "licence-paper", "dataset-bytes", "personal", "personal-kinds", "bases", "ground", "ground-proof", "dataset-consents", "biometric", "biometrics", "minors", "dataset-digest", "manifest-at", "reason",
			"yardstick", "yardstick-least", "yardstick-share", "sureness", "algorithm", "version", "dataset-purpose", "used-at", "source-name", "source-items", "source-judged", "source-share", "consent", "removal-due", "dataset-before"},
		says: slices.Concat(datasetWords(), []string{"page-corpus-chart", "page-corpus-chart-about", "page-corpus-chart-none", "page-corpus-note", "page-corpus-none-judged", "page-yardstick-share-least", "page-yardstick-share-most", "page-yardstick-items", "page-yardstick-part", "page-corpus-all"}, of("page-label-", "corpus-along", "corpus-of")),
	}
}

func percent(ppm int) string {
	return strconv.FormatFloat(float64(ppm)/10_000, 'f', -1, 64) + " %"
}

// corpusCharts draws how a dataset stands by each yardstick: a bar for each, with the mark said beside it.
func (v *visit) corpusCharts(d client.Dataset) []chart.Drawn {
	say := v.speakers[v.lang]
	var rows []chart.Part
	tones := map[string]chart.Tone{"passed": chart.Good, "failed": chart.Bad, "could-not-tell": chart.Wait}
	for _, y := range d.Yardsticks {
		if !y.Sampled {
			rows = append(rows, chart.Part{Name: say.Say("page-yardstick-" + y.Yardstick), Tone: chart.Wait, Value: math.NaN(), Of: 1, Note: say.Say("page-corpus-none-judged")})
			continue
		}
		for _, r := range y.Results {
			if d.Manifest == nil || r.Digest != d.Manifest.Digest {
				continue
			}
			name := say.Say("page-yardstick-" + y.Yardstick)
			if r.Source != "" {
				name += ": " + r.Source
			}
			mark := "page-yardstick-share-least"
			if y.AtMost {
				mark = "page-yardstick-share-most"
			}
			value := float64(r.Share) / 1e6
			if r.Known == 0 {
				value = math.NaN()
			}
			rows = append(rows, chart.Part{Name: name, Tone: tones[r.Verdict], Value: value, Of: 1, To: trainingLink(r.Sample),
				Note: say.Say("page-corpus-note", "verdict", say.Say("page-corpus-"+r.Verdict), "mark", say.Say(mark, "share", percent(y.Share)), "known", grouped(int64(r.Known)), "must", grouped(int64(r.Must)))})
		}
	}
	w := chart.Words{ID: "yardsticks", Title: say.Say("page-corpus-chart"), About: say.Say("page-corpus-chart-about"), Table: say.Say("page-chart-table"), None: say.Say("page-corpus-chart-none"), Untold: say.Say("page-verdict-could-not-tell")}
	return []chart.Drawn{chart.Ranked(w, say.Say("page-label-corpus-along"), say.Say("page-label-corpus-of"), rows)}
}

func (v *visit) leastOf(y client.DatasetYardstick) cell {
	say := v.speakers[v.lang]
	switch {
	case y.LeastPart > 0:
		return text(say.Say("page-yardstick-part", "part", strconv.Itoa(y.LeastPart)))
	case y.Least > 0:
		return text(say.Say("page-yardstick-items", "count", grouped(int64(y.Least))))
	}
	return cell{}
}

func datasetParts(v *visit, d client.Dataset) ([]part, error) {
	say := v.speakers[v.lang]
	var list []part
	if len(d.Reasons) > 0 {
		list = append(list, part{Title: "page-dataset-open", Table: provenReasons(d.Reasons)})
	}
	list = append(list, part{Title: "page-yardsticks", Lead: "page-yardsticks-lead", Table: tableOf("page-yardsticks", []column[client.DatasetYardstick]{
		{name: "yardstick", cell: func(y client.DatasetYardstick) cell { return word("page-yardstick-", y.Yardstick) }},
		{name: "state", cell: yardstickState},
		{name: "yardstick-least", cell: v.leastOf},
		{name: "yardstick-share", cell: func(y client.DatasetYardstick) cell {
			if y.AtMost {
				return text(say.Say("page-yardstick-share-most", "share", percent(y.Share)))
			}
			return text(say.Say("page-yardstick-share-least", "share", percent(y.Share)))
		}},
		{name: "sureness", cell: func(y client.DatasetYardstick) cell {
			c := cell{Many: []cell{word("page-sureness-", y.ShareConfidence)}}
			if y.LeastConfidence != "" && y.LeastConfidence != y.ShareConfidence {
				c.Many = append(c.Many, word("page-sureness-", y.LeastConfidence))
			}
			return c
		}},
	}, d.Yardsticks)})
	if m := d.Manifest; m != nil && len(m.Sources) > 0 {
		list = append(list, part{Title: "page-dataset-sources", Table: v.sourcesOf(d)})
	}
	removals, _, err := v.api().DatasetRemovals(v.r.Context(), client.Listing{Filter: url.Values{"dataset": {d.ID}}, Limit: walkSize})
	if err != nil {
		return nil, err
	}
	list = append(list,
		part{Title: "page-dataset-removals", Lead: "page-dataset-removals-about", Empty: "page-dataset-removals-none", Table: tableOf("page-dataset-removals", removalColumns(), removals)},
		part{Title: "page-dataset-uses", Empty: "page-dataset-uses-none", Table: tableOf("page-dataset-uses", []column[client.DatasetUse]{
			{name: "algorithm", cell: func(u client.DatasetUse) cell { return ident(u.Algorithm).to(algorithmLink(u.Algorithm)) }},
			{name: "version", cell: func(u client.DatasetUse) cell { return text(u.Version) }},
			{name: "dataset-purpose", cell: func(u client.DatasetUse) cell { return word("page-dataset-purpose-", u.Purpose) }},
			{name: "dataset-digest", side: true, cell: func(u client.DatasetUse) cell { return ident(u.Digest) }},
			{name: "used-at", side: true, cell: func(u client.DatasetUse) cell { return moment(u.At) }},
		}, d.Uses)})
	if len(d.Before) > 0 {
		list = append(list, part{Title: "page-dataset-before", Table: tableOf("page-dataset-before", []column[client.DatasetManifest]{
			{name: "dataset-digest", cell: func(m client.DatasetManifest) cell { return ident(m.Digest) }},
			{name: "dataset-items", cell: func(m client.DatasetManifest) cell { return count(int64(m.Items)) }},
			{name: "manifest-at", cell: func(m client.DatasetManifest) cell { return moment(m.At) }},
		}, d.Before)})
	}
	return list, nil
}

// sourcesOf lists the sources of a dataset with what was judged of each.
func (v *visit) sourcesOf(d client.Dataset) *tableView {
	judged := map[string]client.SampleResult{}
	for _, y := range d.Yardsticks {
		for _, r := range y.Results {
			if y.Yardstick == "source" && r.Digest == d.Manifest.Digest {
				judged[r.Source] = r
			}
		}
	}
	return tableOf("page-dataset-sources", []column[client.DatasetCount]{
		{name: "source-name", cell: func(c client.DatasetCount) cell { return text(c.Name) }},
		{name: "source-items", cell: func(c client.DatasetCount) cell { return count(int64(c.Items)) }},
		{name: "source-judged", cell: func(c client.DatasetCount) cell { return count(int64(judged[c.Name].Known)) }},
		{name: "source-share", cell: func(c client.DatasetCount) cell {
			if r := judged[c.Name]; r.Known > 0 {
				return text(percent(r.Share))
			}
			return cell{}
		}},
		{name: "state", cell: func(c client.DatasetCount) cell {
			if r, ok := judged[c.Name]; ok {
				return state("page-corpus-", r.Verdict, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait})
			}
			return state("page-corpus-", "unsampled", map[string]tone{"unsampled": wait})
		}},
	}, d.Manifest.Sources)
}
