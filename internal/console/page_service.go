package console

import (
	"context"
	"net/url"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func servicePages() []page {
	rows := serviceList().rows()
	rows = append(rows, serviceForm("service-add", "service.added", func(v *visit, s client.Service) (string, error) {
		added, err := v.api().AddService(v.r.Context(), v.sent("id"), s.Service)
		return "/services/" + escaped(added.ID), err
	}, true).rows("/services/new", "/services", func(*visit, string) (client.Service, error) { return client.Service{}, nil })...)
	rows = append(rows, serviceSheet().rows()...)
	return append(rows, serviceForm("service-change", "service.changed", func(v *visit, s client.Service) (string, error) {
		_, err := v.api().ChangeService(v.r.Context(), v.r.PathValue("id"), s.Service)
		return "", err
	}, false).rows("/services/{id}/change", "/services/{id}", serviceOf)...)
}

func serviceOf(v *visit, id string) (client.Service, error) {
	return v.api().Service(v.r.Context(), id)
}

func serviceState(s client.Service) cell {
	return state("page-service-state-", s.State, map[string]tone{"open": good, "retired": plain})
}

// named is a name in both languages, the Chinese one first.
func named(p client.TextPair) cell {
	switch {
	case p.ZH == "" || p.ZH == p.EN:
		return text(p.EN)
	case p.EN == "":
		return text(p.ZH)
	}
	return text(p.ZH + " · " + p.EN)
}

func serviceList() list[client.Service] {
	return list[client.Service]{
		name: "services", path: "/services", title: "page-services", group: groupServices, action: staff.RegisterRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Service, string, error) {
			return c.Services(ctx, l)
		},
		columns: []column[client.Service]{
			{name: "service", cell: func(s client.Service) cell { return ident(s.ID).to("/services/" + escaped(s.ID)) }},
			{name: "name", cell: func(s client.Service) cell { return named(s.Service.Names) }},
			{name: "state", cell: serviceState},
			{name: "role", cell: func(s client.Service) cell { return word("page-service-role-", s.Service.Role) }},
			{name: "offered-as", side: true, cell: func(s client.Service) cell { return chips("page-form-", formsOf(s)) }},
			{name: "changed", side: true, cell: func(s client.Service) cell { return moment(s.Changed) }},
		},
		deeds: []lead{{"/services/new", "page-deed-service-add", staff.RegisterChange}},
		says:  []string{"page-service-state-open", "page-service-state-retired"},
	}
}

func formsOf(s client.Service) []string {
	var kinds []string
	for _, f := range s.Service.Forms {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

func serviceSheet() sheet[client.Service] {
	return sheet[client.Service]{
		path: "/services/{id}", title: "page-service", action: staff.RegisterRead, fetch: serviceOf,
		heading: func(s client.Service) cell { return named(s.Service.Names) },
		facts: func(s client.Service) []fact {
			return []fact{{"service", ident(s.ID)}, {"state", serviceState(s)}, {"role", word("page-service-role-", s.Service.Role)}, {"opinion", whether(s.Service.Opinion)}, {"changed", moment(s.Changed)}}
		},
		ways: func(v *visit, s client.Service) []lead {
			if !v.actor().May(staff.RegisterChange) || s.State != "open" {
				return nil
			}
			return []lead{{"/services/" + escaped(s.ID) + "/change", "page-deed-service-change", ""}}
		},
		parts: func(v *visit, s client.Service) ([]part, error) {
			functions, _, err := v.api().Functions(v.r.Context(), client.Listing{Filter: url.Values{"service": {s.ID}}, Limit: walkSize})
			if err != nil {
				return nil, err
			}
			ways := []lead{{with("/functions", url.Values{"service": {s.ID}}), "page-functions-all", ""}}
			if s.State == "open" && v.actor().May(staff.RegisterChange) {
				ways = append(ways, lead{with("/functions/new", url.Values{"service": {s.ID}}), "page-deed-function-add", ""})
			}
			return []part{
				{Title: "page-service-forms", Table: tableOf("page-service-forms", []column[client.ServiceForm]{
					{name: "form", cell: func(f client.ServiceForm) cell { return word("page-form-", f.Kind) }},
					{name: "address", cell: func(f client.ServiceForm) cell { return text(f.At).to(web(f.At)) }},
					{name: "icp", cell: func(f client.ServiceForm) cell { return text(f.ICP) }},
				}, s.Service.Forms)},
				{Title: "page-functions", Lead: "page-service-functions", Empty: "page-service-functions-none", Table: tableOf("page-functions", functionColumns(), functions), Ways: ways},
			}, nil
		},
		labels: []string{"opinion", "form", "address", "icp"},
		says:   []string{"page-functions-all"},
		deeds: []deed[client.Service]{{
			name: "service-retire", step: "retire", action: staff.RegisterChange, record: "service.retired", danger: true,
			may: func(s client.Service) bool { return s.State == "open" },
			do: func(v *visit, s client.Service) (string, error) {
				_, err := v.api().RetireService(v.r.Context(), s.ID)
				return "", err
			},
		}},
	}
}

// serviceForm describes a service, all of it.
func serviceForm(name, record string, do func(*visit, client.Service) (string, error), begins bool) questionnaire[client.Service] {
	forms := &grid[client.Service]{name: "forms", columns: []gridColumn{
		{name: "form", kind: "choice", words: "page-form-", options: formKinds()}, {name: "address", kind: "text"}, {name: "icp", kind: "text"},
	}, rows: func(s client.Service) (rows [][]string) {
		for _, f := range s.Service.Forms {
			rows = append(rows, []string{f.Kind, f.At, f.ICP})
		}
		return rows
	}}
	about := []field[client.Service]{
		{name: "name-zh", kind: "text", required: true, value: func(s client.Service) string { return s.Service.Names.ZH }},
		{name: "name-en", kind: "text", required: true, value: func(s client.Service) string { return s.Service.Names.EN }},
		{name: "role", kind: "choice", words: "page-service-role-", options: []string{"provider", "supporter"}, required: true, value: func(s client.Service) string { return s.Service.Role }},
		{name: "opinion", kind: "yes", hint: true, value: func(s client.Service) string { return map[bool]string{true: "yes"}[s.Service.Opinion] }},
	}
	if begins {
		about = append([]field[client.Service]{{name: "id", kind: "text", required: true, hint: true, most: 64}}, about...)
	}
	return questionnaire[client.Service]{
		deed: deed[client.Service]{name: name, action: staff.RegisterChange, record: record, do: func(v *visit, s client.Service) (string, error) {
			s.Service = client.ServiceText{Names: client.TextPair{ZH: v.sent("name-zh"), EN: v.sent("name-en")}, Role: v.sent("role"), Opinion: v.sent("opinion") != "", Forms: []client.ServiceForm{}}
			for _, row := range forms.sent(v) {
				s.Service.Forms = append(s.Service.Forms, client.ServiceForm{Kind: row[0], At: row[1], ICP: row[2]})
			}
			return do(v, s)
		}},
		sections: []section[client.Service]{{name: "service", fields: about}, {name: "forms", grid: forms}},
	}
}
