package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/staff"
)

// mostManifest is the largest manifest that a form brings, in bytes; larger ones come by the API.
const mostManifest = 64 << 20

func datasetFields[T any](of func(T) client.DatasetText) []field[T] {
	told := func(from func(client.DatasetText) string) func(T) string {
		return func(x T) string { return from(of(x)) }
	}
	tri := func(from func(client.DatasetText) string) func(T) string {
		return func(x T) string {
			if s := from(of(x)); s != "" {
				return s
			}
			return "untold"
		}
	}
	amount := func(from func(client.DatasetText) int64) func(T) string {
		return func(x T) string {
			if n := from(of(x)); n > 0 {
				return strconv.FormatInt(n, 10)
			}
			return ""
		}
	}
	return []field[T]{
		{name: "name-zh", kind: "text", required: true, value: told(func(t client.DatasetText) string { return t.Names.ZH })},
		{name: "name-en", kind: "text", required: true, value: told(func(t client.DatasetText) string { return t.Names.EN })},
		{name: "corpus-modalities", kind: "several", words: "page-modality-kind-", options: dataset.Modalities(), value: told(func(t client.DatasetText) string { return strings.Join(t.Modalities, " ") })},
		{name: "dataset-origin", kind: "choice", words: "page-dataset-origin-", options: dataset.Origins(), required: true, value: told(func(t client.DatasetText) string { return t.Origin })},
		{name: "dataset-source", kind: "area", required: true, hint: true, most: 4000, value: told(func(t client.DatasetText) string { return t.Source })},
		{name: "licence", kind: "text", hint: true, most: 4000, value: told(func(t client.DatasetText) string { return t.Licence })},
		{name: "licence-paper", kind: "text", hint: true, most: 64, value: told(func(t client.DatasetText) string { return t.Paper })},
		{name: "licence-paper-file", kind: "file"},
		{name: "dataset-items", kind: "number", value: amount(func(t client.DatasetText) int64 { return t.Items })},
		{name: "dataset-bytes", kind: "number", value: amount(func(t client.DatasetText) int64 { return t.Bytes })},
		{name: "personal", kind: "choice", words: "page-tri-", options: tris(), required: true, hint: true, value: tri(func(t client.DatasetText) string { return t.Personal })},
		{name: "personal-kinds", kind: "area", hint: true, value: told(func(t client.DatasetText) string { return strings.Join(t.Kinds, "\n") })},
		{name: "bases", kind: "several", words: "page-basis-", options: dataset.Bases(), value: told(func(t client.DatasetText) string { return strings.Join(t.Bases, " ") })},
		{name: "ground", kind: "area", most: 4000, value: told(func(t client.DatasetText) string { return t.Ground })},
		{name: "ground-proof", kind: "text", hint: true, most: 64, value: told(func(t client.DatasetText) string { return t.Proof })},
		{name: "ground-proof-file", kind: "file"},
		{name: "dataset-consents", kind: "area", hint: true, most: 64 << 10, value: told(func(t client.DatasetText) string { return strings.Join(t.Consents, "\n") })},
		{name: "biometric", kind: "choice", words: "page-tri-", options: tris(), required: true, hint: true, value: tri(func(t client.DatasetText) string { return t.Biometric })},
		{name: "biometrics", kind: "several", words: "page-biometric-", options: dataset.Biometrics(), value: told(func(t client.DatasetText) string { return strings.Join(t.Biometrics, " ") })},
		{name: "minors", kind: "choice", words: "page-tri-", options: tris(), required: true, value: tri(func(t client.DatasetText) string { return t.Minors })},
	}
}

func (v *visit) datasetText() (client.DatasetText, error) {
	one := func(name string) string { return strings.Join(splitLines(v.sent(name)), " ") }
	tri := func(name string) string {
		if s := v.sent(name); s != "untold" {
			return s
		}
		return ""
	}
	t := client.DatasetText{Names: client.TextPair{ZH: v.sent("name-zh"), EN: v.sent("name-en")}, Modalities: append([]string{}, v.r.PostForm["corpus-modalities"]...), Origin: v.sent("dataset-origin"), Source: one("dataset-source"), Licence: one("licence"),
		Personal: tri("personal"), Kinds: splitLines(v.sent("personal-kinds")), Bases: append([]string{}, v.r.PostForm["bases"]...), Ground: one("ground"), Consents: splitLines(v.sent("dataset-consents")),
		Biometric: tri("biometric"), Biometrics: append([]string{}, v.r.PostForm["biometrics"]...), Minors: tri("minors")}
	for name, at := range map[string]*int64{"dataset-items": &t.Items, "dataset-bytes": &t.Bytes} {
		if s := one(name); s != "" {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				return t, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
			}
			*at = n
		}
	}
	var err error
	if t.Paper, err = v.paperDigest("licence-paper"); err != nil {
		return t, err
	}
	t.Proof, err = v.paperDigest("ground-proof")
	return t, err
}

// paperDigest is the SHA-256 in a field, or of the file that the form brought in its place, which is not kept.
func (v *visit) paperDigest(name string) (string, error) {
	sum, err := v.sentDigest(name + "-file")
	if sum == "" {
		sum = strings.ToLower(strings.TrimSpace(v.sent(name)))
	}
	return sum, err
}

func datasetAdd() deed[none] {
	fields := append([]field[none]{{name: "id", kind: "text", required: true, hint: true, most: 64}}, datasetFields(func(none) client.DatasetText { return client.DatasetText{} })...)
	return deed[none]{name: "dataset-add", action: staff.DatasetWrite, record: "dataset.added", upload: maxFilingForm, fields: fields, do: func(v *visit, _ none) (string, error) {
		t, err := v.datasetText()
		if err != nil {
			return "", err
		}
		d, err := v.api().AddDataset(v.r.Context(), strings.TrimSpace(v.sent("id")), t)
		return datasetLink(d.ID), err
	}}
}

// manifestFile is the manifest that a form brought; its bytes are in memory.
func (v *visit) manifestFile() (io.ReadCloser, error) {
	file, _, err := v.r.FormFile("manifest-file")
	if err != nil {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
	}
	return file, nil
}

// sentNumber reads a field of the kind number; an empty one is 0.
func (v *visit) sentNumber(name string, most uint64) (uint64, error) {
	s := strings.TrimSpace(v.sent(name))
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > most {
		return 0, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
	}
	return n, nil
}

func datasetDeeds() []deed[client.Dataset] {
	active := func(d client.Dataset) bool { return d.State == "active" }
	file := field[client.Dataset]{name: "manifest-file", kind: "file", required: true, hint: true}
	return []deed[client.Dataset]{
		{name: "dataset-sample", step: "sample", action: staff.DatasetWrite, record: "dataset.manifest training.begun training.kept sample.drawn training.drawn", upload: mostManifest, may: active,
			fields: []field[client.Dataset]{file, {name: "draw-seed", kind: "number", hint: true}, {name: "sample-least", kind: "number", hint: true}, {name: "sample-each", kind: "number", hint: true}},
			says:   []string{"page-work-dataset-sample"}, do: sampleDataset},
		{name: "dataset-list", step: "list", action: staff.DatasetWrite, record: "dataset.manifest", upload: mostManifest, may: func(d client.Dataset) bool { return active(d) || d.Removals > 0 }, fields: []field[client.Dataset]{file},
			do: func(v *visit, d client.Dataset) (string, error) {
				from, err := v.manifestFile()
				if err != nil {
					return "", err
				}
				defer from.Close()
				_, err = v.api().ListDataset(v.r.Context(), d.ID, from)
				return "", err
			}},
		{name: "dataset-use", step: "use", action: staff.DatasetWrite, record: "dataset.used", may: func(d client.Dataset) bool { return active(d) && !d.Barred },
			fields: []field[client.Dataset]{{name: "algorithm", kind: "choice", required: true, choices: func(v *visit, _ client.Dataset) (ids []string, _ error) {
				list, _, err := gathered(v.r.Context(), v.api().Algorithms, nil, mostSorted)
				for _, a := range list {
					for _, one := range a.Versions {
						ids = append(ids, a.ID+" "+one.Name)
					}
				}
				return ids, err
			}, hint: true}, {name: "dataset-purpose", kind: "choice", words: "page-dataset-purpose-", options: dataset.Purposes(), required: true}},
			do: func(v *visit, d client.Dataset) (string, error) {
				algorithm, version, _ := strings.Cut(v.sent("algorithm"), " ")
				_, err := v.api().UseDataset(v.r.Context(), d.ID, algorithm, version, v.sent("dataset-purpose"))
				return "", err
			}},
		{name: "dataset-change", step: "change", action: staff.DatasetWrite, record: "dataset.changed", upload: maxFilingForm, may: active, fields: datasetFields(func(d client.Dataset) client.DatasetText { return d.Dataset }),
			do: func(v *visit, d client.Dataset) (string, error) {
				t, err := v.datasetText()
				if err == nil {
					_, err = v.api().ChangeDataset(v.r.Context(), d.ID, t)
				}
				return "", err
			}},
		{name: "dataset-retire", step: "retire", action: staff.DatasetWrite, record: "dataset.retired", danger: true, may: active,
			do: func(v *visit, d client.Dataset) (string, error) {
				_, err := v.api().RetireDataset(v.r.Context(), d.ID)
				return "", err
			}},
	}
}

func sampleDataset(v *visit, d client.Dataset) (string, error) {
	seed, err := v.sentNumber("draw-seed", 1<<32-1)
	if err != nil {
		return "", err
	}
	least, err := v.sentNumber("sample-least", dataset.MaxItems)
	if err != nil {
		return "", err
	}
	each, err := v.sentNumber("sample-each", dataset.MaxItems)
	if err != nil {
		return "", err
	}
	from, err := v.manifestFile()
	if err != nil {
		return "", err
	}
	c := v.api()
	return "-", v.begin("dataset-sample", func(ctx context.Context, _ func(done, of int64)) (string, error) {
		defer from.Close()
		t, err := c.SampleDataset(ctx, d.ID, uint32(seed), int(least), int(each), from)
		return trainingLink(t.ID) + "?done=dataset-sample", err
	})
}

func removalState(r client.DatasetRemoval) cell {
	if r.State == "open" && r.Late {
		return state("page-removal-state-", "late", map[string]tone{"late": bad})
	}
	return state("page-removal-state-", r.State, map[string]tone{"open": wait, "proven": good})
}

func removalColumns() []column[client.DatasetRemoval] {
	return []column[client.DatasetRemoval]{
		{name: "removal", cell: func(r client.DatasetRemoval) cell { return ident(r.ID).to(removalLink(r.ID)) }},
		{name: "state", cell: removalState},
		{name: "dataset", cell: func(r client.DatasetRemoval) cell { return ident(r.Dataset).to(datasetLink(r.Dataset)) }},
		{name: "consent", cell: func(r client.DatasetRemoval) cell { return ident(r.Consent).to("/consents/" + escaped(r.Consent)) }},
		{name: "removal-items", cell: func(r client.DatasetRemoval) cell { return count(int64(r.Items)) }},
		{name: "removal-due", cell: func(r client.DatasetRemoval) cell { return moment(r.Due) }},
		{name: "removal-ended", side: true, cell: func(r client.DatasetRemoval) cell { return moment(r.Ended) }},
	}
}

func removalWords() []string {
	return append([]string{"page-removal-basis"}, append(of("page-removal-state-", "open", "late", "proven", "dismissed"), of("page-removal-why-", "withdrawn", "refused", "expired", "invalidated", "no-training")...)...)
}

func removalList() list[client.DatasetRemoval] {
	return list[client.DatasetRemoval]{
		name: "dataset-removals", path: removalsPath, title: "page-dataset-removals", action: staff.DatasetRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.DatasetRemoval, string, error) {
			return c.DatasetRemovals(ctx, l)
		},
		columns: removalColumns(),
		filters: []filter{{name: "state", kind: "choice", words: "page-removal-state-", options: []string{"open", "proven", "dismissed"}}, {name: "dataset", kind: "text"}},
		deeds:   []lead{{datasetsPath, "page-datasets", staff.DatasetRead}},
		says:    removalWords(),
	}
}

// proveRemoval hands on the manifests that the form brought, which are compared.
func proveRemoval(v *visit, r client.DatasetRemoval) (string, error) {
	var manifests []io.Reader
	for _, name := range []string{"manifest-before", "manifest-after"} {
		file, _, err := v.r.FormFile(name)
		if err == nil {
			defer file.Close()
			manifests = append(manifests, file)
		} else if !errors.Is(err, http.ErrMissingFile) {
			return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
		}
	}
	paper, err := v.paperDigest("removal-paper")
	if err != nil {
		return "", err
	}
	_, err = v.api().ProveRemoval(v.r.Context(), r.ID, strings.Join(splitLines(v.sent("removal-how")), " "), paper, manifests...)
	return "", err
}

func removalSheet() sheet[client.DatasetRemoval] {
	open := func(r client.DatasetRemoval) bool { return r.State == "open" }
	return sheet[client.DatasetRemoval]{
		path: removalsPath + "/{id}", title: "page-dataset-removal", action: staff.DatasetRead,
		fetch: func(v *visit, id string) (client.DatasetRemoval, error) {
			return v.api().DatasetRemoval(v.r.Context(), id)
		},
		facts: func(r client.DatasetRemoval) []fact {
			list := []fact{{"state", removalState(r)}, {"dataset", ident(r.Dataset).to(datasetLink(r.Dataset))}, {"consent", ident(r.Consent).to("/consents/" + escaped(r.Consent))}, {"removal-why", word("page-removal-why-", r.Why)}, {"removal-ended", moment(r.Ended)},
				{"removal-opened", moment(r.Opened)}, {"removal-due", moment(r.Due)}, {"removal-items", count(int64(r.Items))}, {"dataset-before", ident(r.Before)}, {"reason", text(r.Reason)}}
			if p := r.Proof; p != nil {
				list = append(list, fact{"dataset-after", ident(p.After)}, fact{"removal-verdict", verdict(p.Verdict)}, fact{"removal-still", count(int64(p.Still))}, fact{"removal-how", text(p.How)}, fact{"removal-paper", ident(p.Paper)}, fact{"removal-proven", moment(p.At)}, fact{"by", cell{Text: p.By, Staff: true}})
			}
			return append(list, fact{"removal-basis", word("page-removal-", "basis")}, fact{"sureness", word("page-sureness-", r.Sureness)})
		},
		parts: func(_ *visit, r client.DatasetRemoval) ([]part, error) {
			return []part{{Title: "page-removal-uses", Lead: "page-removal-uses-lead", Empty: "page-removal-uses-none", Table: tableOf("page-removal-uses", []column[client.DatasetUse]{
				{name: "algorithm", cell: func(u client.DatasetUse) cell { return ident(u.Algorithm).to(algorithmLink(u.Algorithm)) }},
				{name: "version", cell: func(u client.DatasetUse) cell { return text(u.Version) }},
				{name: "dataset-purpose", cell: func(u client.DatasetUse) cell { return word("page-dataset-purpose-", u.Purpose) }},
			}, r.Uses)}}, nil
		},
		labels: []string{"removal-why", "removal-opened", "dataset-before", "dataset-after", "removal-verdict", "removal-still", "removal-how", "removal-paper", "removal-proven", "removal-basis", "sureness", "reason", "by", "algorithm", "version", "dataset-purpose"},
		says:   removalWords(),
		deeds: []deed[client.DatasetRemoval]{
			{name: "removal-prove", step: "prove", action: staff.DatasetProve, record: "dataset-removal.proven dataset-removal.failed dataset.changed", upload: mostManifest, may: open,
				fields: []field[client.DatasetRemoval]{{name: "removal-how", kind: "area", required: true, hint: true, most: 4000}, {name: "manifest-before", kind: "file", hint: true}, {name: "manifest-after", kind: "file", hint: true}, {name: "removal-paper", kind: "text", hint: true, most: 64}, {name: "removal-paper-file", kind: "file"}},
				do:     proveRemoval},
			{name: "removal-dismiss", step: "dismiss", action: staff.DatasetProve, record: "dataset-removal.dismissed dataset.changed", danger: true, may: open, fields: []field[client.DatasetRemoval]{{name: "reason", kind: "area", required: true}},
				do: func(v *visit, r client.DatasetRemoval) (string, error) {
					_, err := v.api().DismissRemoval(v.r.Context(), r.ID, strings.Join(splitLines(v.sent("reason")), " "))
					return "", err
				}},
		},
	}
}
