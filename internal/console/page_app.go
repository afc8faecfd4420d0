package console

import (
	"context"
	"io"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func appPages() []page {
	return slices.Concat(appList().rows(), start("/app-checks/new", "/app-checks", checkApp()), appSheet().rows())
}

func appList() list[client.AppMaterials] {
	return list[client.AppMaterials]{
		name: "app-checks", path: "/app-checks", title: "page-app-checks", action: staff.IntakeRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.AppMaterials, string, error) {
			return c.AppChecks(ctx, l)
		},
		columns: []column[client.AppMaterials]{
			{name: "app", cell: func(m client.AppMaterials) cell { return text(m.App).to("/app-checks/" + escaped(m.ID)) }},
			{name: "verdict", cell: func(m client.AppMaterials) cell { return verdict(m.Verdict) }},
			{name: "offers", cell: func(m client.AppMaterials) cell { return yes(m.Offers) }},
			{name: "files", cell: func(m client.AppMaterials) cell { return count(int64(len(m.Files))) }},
			{name: "checked", cell: func(m client.AppMaterials) cell { return moment(m.Created) }},
		},
		filters: []filter{{name: "app", kind: "text"}},
		deeds:   []lead{{"/app-checks/new", "page-deed-app-check", staff.IntakeUse}},
		says:    of("page-verdict-", "passed", "failed", "could-not-tell"),
	}
}

// checkApp holds files that an app made against the rules, as an app store has to.
func checkApp() deed[none] {
	return deed[none]{
		name: "app-check", action: staff.IntakeUse, record: "intake.materials", upload: mostUpload,
		fields: []field[none]{{name: "app", kind: "text", required: true, hint: true, most: 128}, {name: "offers", kind: "yes", hint: true}, {name: "materials", kind: "files", required: true, hint: true}},
		do: func(v *visit, _ none) (string, error) {
			if v.r.MultipartForm == nil || len(v.r.MultipartForm.File["materials"]) == 0 {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
			}
			var files []client.UploadedFile
			for _, header := range v.r.MultipartForm.File["materials"] {
				f, err := header.Open()
				if err != nil {
					return "", err
				}
				defer f.Close()
				files = append(files, client.UploadedFile{Uploaded: client.Uploaded{Name: header.Filename}, File: io.Reader(f)})
			}
			m, err := v.api().CheckMaterials(v.r.Context(), v.sent("app"), v.sent("offers") == "yes", files...)
			if err != nil {
				return "", err
			}
			return "/app-checks/" + escaped(m.ID), nil
		},
	}
}

func appSheet() sheet[client.AppMaterials] {
	return sheet[client.AppMaterials]{
		path: "/app-checks/{id}", title: "page-app-check", action: staff.IntakeRead,
		fetch:   func(v *visit, id string) (client.AppMaterials, error) { return v.api().AppCheck(v.r.Context(), id) },
		heading: func(m client.AppMaterials) cell { return text(m.App) },
		facts: func(m client.AppMaterials) []fact {
			return []fact{{"verdict", verdict(m.Verdict)}, {"why", text(capital(m.Sentence))}, {"offers", yes(m.Offers)}, {"checked", moment(m.Created)}}
		},
		parts: func(_ *visit, m client.AppMaterials) ([]part, error) {
			return []part{{Title: "page-materials", Lead: "page-materials-lead", Table: tableOf("page-materials", []column[client.AppMaterial]{
				{name: "digest", cell: func(f client.AppMaterial) cell { return ident(f.Digest) }},
				{name: "format", cell: func(f client.AppMaterial) cell { return format(f.Format) }},
				{name: "label-found", cell: func(f client.AppMaterial) cell {
					return state("page-conformity-", f.Label, map[string]tone{"conforming": good, "no-mark": bad, "not-conforming": bad, "could-not-tell": wait})
				}},
				{name: "notice-found", cell: func(f client.AppMaterial) cell {
					return state("page-outcome-", f.Notice, map[string]tone{"seen": good, "not-seen": wait, "could-not-tell": wait})
				}},
			}, m.Files)}}, nil
		},
		labels: []string{"why", "digest", "format", "label-found", "notice-found"},
		says: slices.Concat(of("page-conformity-", "conforming", "no-mark", "not-conforming", "could-not-tell"), of("page-outcome-", "seen", "not-seen", "could-not-tell"),
			[]string{"page-materials", "page-materials-lead"}),
	}
}
