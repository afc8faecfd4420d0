package console

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register/algorithm"
	"github.com/colophon-project/colophon/staff"
)

const algorithmsPath = "/algorithms"

func algorithmPages() []page {
	return slices.Concat(algorithmList().rows(), start(algorithmsPath+"/new", algorithmsPath, algorithmAdd()), algorithmSheet().rows())
}

func algorithmLink(id string) string { return algorithmsPath + "/" + escaped(id) }

func algorithmState(a client.Algorithm) cell {
	return state("page-algorithm-state-", a.State, map[string]tone{"active": good})
}

// servingCell says which version serves: the declared one, that nobody declared it, or that it can't be told.
func servingCell(a client.Algorithm) cell {
	switch {
	case a.State != "active":
		return cell{}
	case !a.Told || a.Serving == nil:
		return state("page-algorithm-serves-", "untold", map[string]tone{"untold": wait})
	case a.Serving.Version == "":
		return state("page-algorithm-serves-", "undeclared", map[string]tone{"undeclared": bad})
	}
	return text(a.Serving.Version)
}

func algorithmList() list[client.Algorithm] {
	return list[client.Algorithm]{
		name: "algorithms", path: algorithmsPath, title: "page-algorithms", group: groupGovernance, action: staff.RegisterRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Algorithm, string, error) {
			return c.Algorithms(ctx, l)
		},
		columns: []column[client.Algorithm]{
			{name: "algorithm", cell: func(a client.Algorithm) cell { return ident(a.ID).to(algorithmLink(a.ID)) }},
			{name: "name", long: true, cell: func(a client.Algorithm) cell { return named(a.Algorithm.Names) }},
			{name: "state", cell: algorithmState},
			{name: "algorithm-serves", cell: servingCell},
			{name: "provenance", cell: func(a client.Algorithm) cell { return verdict(a.Provenance) }},
			{name: "algorithm-origin", side: true, cell: func(a client.Algorithm) cell { return word("page-algorithm-origin-", a.Algorithm.Origin) }},
			{name: "algorithm-kind", side: true, cell: func(a client.Algorithm) cell { return word("page-algorithm-kind-", a.Algorithm.Kind) }},
			{name: "changed", side: true, cell: func(a client.Algorithm) cell { return moment(a.Changed) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-algorithm-state-", options: []string{"active", "retired"}}},
		deeds:   []lead{{algorithmsPath + "/new", "page-deed-algorithm-add", staff.RegisterChange}},
		says:    algorithmWords(),
	}
}

func algorithmWords() []string {
	return slices.Concat(of("page-algorithm-serves-", "untold", "undeclared"), of("page-algorithm-origin-", "own", "third-party"), of("page-algorithm-kind-", algorithm.Kinds()...), of("page-verdict-", verdicts()...))
}

// splitLines are the lines of a text area that say something.
func splitLines(s string) []string {
	list := []string{}
	for one := range strings.Lines(s) {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}

func algorithmFields[T any](of func(T) client.AlgorithmText) []field[T] {
	told := func(from func(client.AlgorithmText) string) func(T) string {
		return func(x T) string { return from(of(x)) }
	}
	return []field[T]{
		{name: "name-zh", kind: "text", required: true, value: told(func(t client.AlgorithmText) string { return t.Names.ZH })},
		{name: "name-en", kind: "text", required: true, value: told(func(t client.AlgorithmText) string { return t.Names.EN })},
		{name: "algorithm-kind", kind: "choice", words: "page-algorithm-kind-", options: algorithm.Kinds(), required: true, value: told(func(t client.AlgorithmText) string { return t.Kind })},
		{name: "algorithm-origin", kind: "choice", words: "page-algorithm-origin-", options: []string{"own", "third-party"}, required: true, hint: true, value: told(func(t client.AlgorithmText) string { return t.Origin })},
		{name: "supplier", kind: "text", hint: true, value: told(func(t client.AlgorithmText) string { return t.Supplier })},
		{name: "filed-number", kind: "text", hint: true, value: told(func(t client.AlgorithmText) string { return t.Number })},
		{name: "contract", kind: "text", hint: true, most: 64, value: told(func(t client.AlgorithmText) string { return t.Contract })},
		{name: "contract-file", kind: "file"},
		{name: "contract-paper", kind: "text", hint: true, value: told(func(t client.AlgorithmText) string { return t.Paper })},
		{name: "algorithm-functions", kind: "area", hint: true, value: told(func(t client.AlgorithmText) string { return strings.Join(t.Functions, "\n") })},
		{name: "algorithm-models", kind: "area", hint: true, value: told(func(t client.AlgorithmText) string { return strings.Join(t.Models, "\n") })},
	}
}

func (v *visit) algorithmText() (client.AlgorithmText, error) {
	contract, err := v.paperDigest("contract")
	return client.AlgorithmText{Names: client.TextPair{ZH: v.sent("name-zh"), EN: v.sent("name-en")}, Kind: v.sent("algorithm-kind"), Origin: v.sent("algorithm-origin"), Supplier: strings.TrimSpace(v.sent("supplier")), Number: strings.TrimSpace(v.sent("filed-number")),
		Contract: contract, Paper: strings.TrimSpace(v.sent("contract-paper")), Functions: splitLines(v.sent("algorithm-functions")), Models: splitLines(v.sent("algorithm-models"))}, err
}

func algorithmAdd() deed[none] {
	fields := append([]field[none]{{name: "id", kind: "text", required: true, hint: true, most: 64}}, algorithmFields(func(none) client.AlgorithmText { return client.AlgorithmText{} })...)
	return deed[none]{name: "algorithm-add", action: staff.RegisterChange, record: "algorithm.added", upload: maxFilingForm, fields: fields, do: func(v *visit, _ none) (string, error) {
		t, err := v.algorithmText()
		if err != nil {
			return "", err
		}
		a, err := v.api().AddAlgorithm(v.r.Context(), strings.TrimSpace(v.sent("id")), t)
		return algorithmLink(a.ID), err
	}}
}

func algorithmSheet() sheet[client.Algorithm] {
	active := func(a client.Algorithm) bool { return a.State == "active" }
	return sheet[client.Algorithm]{
		path: algorithmsPath + "/{id}", title: "page-algorithm", action: staff.RegisterRead,
		fetch:   func(v *visit, id string) (client.Algorithm, error) { return v.api().Algorithm(v.r.Context(), id) },
		heading: func(a client.Algorithm) cell { return named(a.Algorithm.Names) },
		facts:   algorithmFacts,
		parts:   algorithmParts,
		labels: []string{"version", "weights", "serving-digest", "serving-since", "version-added", "version-bound", "version-note", "reason", "supplier", "filed-number", "contract", "contract-paper", "algorithm-functions", "algorithm-models", "algorithm",
			"dataset", "dataset-purpose", "dataset-digest", "used-at"},
		says: slices.Concat(algorithmWords(), of("page-dataset-purpose-", "pretraining", "tuning", "evaluation", "retrieval")),
		deeds: []deed[client.Algorithm]{
			{name: "version-bind", step: "bind", action: staff.RegisterChange, record: "algorithm.bound", may: func(a client.Algorithm) bool { return active(a) && a.Told && len(a.Versions) > 0 },
				fields: []field[client.Algorithm]{{name: "version", kind: "choice", required: true, hint: true, choices: func(_ *visit, a client.Algorithm) (names []string, _ error) {
					for _, one := range slices.Backward(a.Versions) {
						names = append(names, one.Name)
					}
					return names, nil
				}}},
				effect: func(_ *visit, a client.Algorithm) ([]said, error) {
					if a.Serving == nil {
						return nil, nil
					}
					return []said{{"page-version-bind-now", []string{"digest", tail(a.Serving.Digest)}}}, nil
				}, says: []string{"page-version-bind-now"},
				do: func(v *visit, a client.Algorithm) (string, error) {
					_, err := v.api().BindVersion(v.r.Context(), a.ID, v.sent("version"))
					return "", err
				}},
			{name: "version-declare", step: "declare", action: staff.RegisterChange, record: "algorithm.version", may: active,
				fields: []field[client.Algorithm]{{name: "version", kind: "text", required: true}, {name: "weights", kind: "text", hint: true, most: 64}, {name: "version-note", kind: "area", most: 2000}},
				do: func(v *visit, a client.Algorithm) (string, error) {
					_, err := v.api().DeclareVersion(v.r.Context(), a.ID, strings.TrimSpace(v.sent("version")), strings.ToLower(strings.TrimSpace(v.sent("weights"))), strings.Join(splitLines(v.sent("version-note")), " "))
					return "", err
				}},
			{name: "algorithm-change", step: "change", action: staff.RegisterChange, record: "algorithm.changed", upload: maxFilingForm, may: active, fields: algorithmFields(func(a client.Algorithm) client.AlgorithmText { return a.Algorithm }),
				do: func(v *visit, a client.Algorithm) (string, error) {
					t, err := v.algorithmText()
					if err == nil {
						_, err = v.api().ChangeAlgorithm(v.r.Context(), a.ID, t)
					}
					return "", err
				}},
			{name: "algorithm-retire", step: "retire", action: staff.RegisterChange, record: "algorithm.retired", danger: true, may: active,
				do: func(v *visit, a client.Algorithm) (string, error) {
					_, err := v.api().RetireAlgorithm(v.r.Context(), a.ID)
					return "", err
				}},
		},
	}
}

func algorithmFacts(a client.Algorithm) []fact {
	t := a.Algorithm
	list := []fact{{"algorithm", ident(a.ID)}, {"state", algorithmState(a)}, {"algorithm-serves", servingCell(a)}}
	if a.Serving != nil {
		list = append(list, fact{"serving-digest", ident(a.Serving.Digest)}, fact{"serving-since", moment(a.Serving.Since)})
	}
	var functions, models cell
	for _, f := range t.Functions {
		functions.Many = append(functions.Many, ident(f).to("/functions/"+escaped(f)))
	}
	for _, m := range t.Models {
		models.Many = append(models.Many, ident(m).to("/models"))
	}
	return append(list, fact{"algorithm-kind", word("page-algorithm-kind-", t.Kind)}, fact{"algorithm-origin", word("page-algorithm-origin-", t.Origin)}, fact{"provenance", verdict(a.Provenance)}, fact{"supplier", text(t.Supplier)}, fact{"filed-number", ident(t.Number)},
		fact{"contract", ident(t.Contract)}, fact{"contract-paper", text(t.Paper)}, fact{"algorithm-functions", functions}, fact{"algorithm-models", models}, fact{"changed", moment(a.Changed)})
}

func provenReasons(list []client.ProvenReason) *tableView {
	return tableOf("page-reasons", []column[client.ProvenReason]{
		{name: "state", cell: func(r client.ProvenReason) cell { return verdict(r.Verdict) }},
		{name: "reason", cell: func(r client.ProvenReason) cell { return text(capital(r.Sentence.Sentence)) }},
	}, list)
}

// usedBy is a use of a dataset by a version of an algorithm.
type usedBy struct {
	dataset client.Dataset
	use     client.DatasetUse
}

func algorithmParts(v *visit, a client.Algorithm) ([]part, error) {
	var list []part
	if len(a.Reasons) > 0 {
		list = append(list, part{Title: "page-provenance-open", Table: provenReasons(a.Reasons)})
	}
	versions := slices.Clone(a.Versions)
	slices.Reverse(versions)
	seen := slices.Clone(a.Seen)
	slices.Reverse(seen)
	list = append(list,
		part{Title: "page-algorithm-versions", Lead: "page-algorithm-versions-lead", Empty: "page-algorithm-versions-none", Table: tableOf("page-algorithm-versions", []column[client.AlgorithmVersion]{
			{name: "version", cell: func(x client.AlgorithmVersion) cell { return text(x.Name) }},
			{name: "serving-digest", cell: func(x client.AlgorithmVersion) cell { return ident(x.Serving) }},
			{name: "version-bound", cell: func(x client.AlgorithmVersion) cell { return sometime(x.Bound) }},
			{name: "weights", side: true, cell: func(x client.AlgorithmVersion) cell { return ident(x.Weights) }},
			{name: "version-added", side: true, cell: func(x client.AlgorithmVersion) cell { return moment(x.Added) }},
			{name: "version-note", side: true, long: true, cell: func(x client.AlgorithmVersion) cell { return text(briefly(x.Note, 80)) }},
		}, versions)},
		part{Title: "page-algorithm-seen", Lead: "page-algorithm-seen-lead", Empty: "page-algorithm-seen-none", Table: tableOf("page-algorithm-seen", []column[client.AlgorithmServing]{
			{name: "serving-since", cell: func(x client.AlgorithmServing) cell { return moment(x.Since) }},
			{name: "serving-digest", cell: func(x client.AlgorithmServing) cell { return ident(x.Digest) }},
			{name: "version", cell: func(x client.AlgorithmServing) cell {
				if x.Version == "" {
					return state("page-algorithm-serves-", "undeclared", map[string]tone{"undeclared": bad})
				}
				return text(x.Version)
			}},
		}, seen)})
	if !v.actor().May(staff.DatasetRead) {
		return list, nil
	}
	all, _, err := gathered(v.r.Context(), v.api().Datasets, nil, mostSorted)
	if err != nil {
		return nil, err
	}
	var uses []usedBy
	for _, d := range all {
		for _, u := range d.Uses {
			if u.Algorithm == a.ID {
				uses = append(uses, usedBy{d, u})
			}
		}
	}
	return append(list, part{Title: "page-algorithm-datasets", Empty: "page-algorithm-datasets-none", Ways: []lead{{to: datasetsPath, title: "page-datasets"}}, Table: tableOf("page-algorithm-datasets", []column[usedBy]{
		{name: "dataset", long: true, cell: func(u usedBy) cell { return named(u.dataset.Dataset.Names).to(datasetLink(u.dataset.ID)) }},
		{name: "version", cell: func(u usedBy) cell { return text(u.use.Version) }},
		{name: "dataset-purpose", cell: func(u usedBy) cell { return word("page-dataset-purpose-", u.use.Purpose) }},
		{name: "dataset-digest", side: true, cell: func(u usedBy) cell { return ident(u.use.Digest) }},
		{name: "used-at", side: true, cell: func(u usedBy) cell { return moment(u.use.At) }},
	}, uses)}), nil
}
