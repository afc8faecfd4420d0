package console

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/review/inspection"
	"github.com/colophon-project/colophon/staff"
)

func inspectionPages() []page {
	return slices.Concat(inspectionList().rows(), start("/inspections/new", "/inspections", startInspection()), inspectionSheet().rows(), []page{
		{method: get, path: "/inspections/{id}/report/{format}", action: staff.InspectionRead, back: "/inspections/{id}", do: handInspection},
		{method: get, path: "/inspections/{id}/pictures/{digest}", action: staff.InspectionRead, back: "/inspections/{id}", do: handInspectionPicture},
	})
}

func inspectionStates() []string { return []string{"waiting", "done", "broken"} }

func inspectionLink(id string) string { return "/inspections/" + escaped(id) }

func inspectionState(i client.Inspection) cell {
	return state("page-inspection-state-", i.State, map[string]tone{"waiting": wait, "done": plain, "broken": bad})
}

// inspectionAbout says what was looked at, in short.
func inspectionAbout(i client.Inspection) cell {
	switch {
	case i.Probe:
		return word("page-inspection-of-", "probe")
	case i.Own:
		return word("page-inspection-of-", "own")
	case len(i.Targets) > 0:
		return text(i.Targets[0].Address)
	}
	return cell{}
}

func inspectionList() list[client.Inspection] {
	return list[client.Inspection]{
		name: "inspections", path: "/inspections", title: "page-inspections", group: groupGovernance, action: staff.InspectionRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Inspection, string, error) {
			return c.Inspections(ctx, l)
		},
		columns: []column[client.Inspection]{
			{name: "inspection", cell: func(i client.Inspection) cell { return ident(i.ID).to(inspectionLink(i.ID)) }},
			{name: "inspection-of", cell: inspectionAbout},
			{name: "state", cell: inspectionState},
			{name: "inspection-outcome", cell: func(i client.Inspection) cell { return heldCell(i.Outcome) }},
			{name: "inspection-pages", side: true, cell: func(i client.Inspection) cell { return count(int64(len(i.Targets))) }},
			{name: "inspection-made", cell: func(i client.Inspection) cell { return moment(i.Made) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-inspection-state-", options: inspectionStates()}},
		deeds:   []lead{{"/inspections/new", "page-deed-inspection-start", staff.InspectionRun}},
		says:    of("page-inspection-of-", "own", "probe"),
	}
}

func startInspection() deed[none] {
	return deed[none]{
		name: "inspection-start", action: staff.InspectionRun, record: string(inspection.RecordBegun),
		fields: []field[none]{
			{name: "inspection-own", kind: "yes", hint: true},
			{name: "inspection-list", kind: "area", hint: true, most: 64 << 10},
		},
		do: func(v *visit, _ none) (string, error) {
			own := v.sent("inspection-own") != ""
			var targets []client.InspectionTarget
			if pasted := strings.TrimSpace(v.sent("inspection-list")); pasted != "" && !own {
				list, err := inspection.ParseList([]byte(pasted))
				if err != nil {
					return "", err
				}
				for _, t := range list {
					targets = append(targets, client.InspectionTarget(t))
				}
			}
			i, err := v.api().StartInspection(v.r.Context(), own, targets...)
			return inspectionLink(i.ID), err
		},
	}
}

func inspectionSheet() sheet[client.Inspection] {
	return sheet[client.Inspection]{
		path: "/inspections/{id}", title: "page-inspection", action: staff.InspectionRead, template: "inspection",
		fetch: func(v *visit, id string) (client.Inspection, error) { return v.api().Inspection(v.r.Context(), id) },
		facts: func(i client.Inspection) []fact {
			return []fact{{"state", inspectionState(i)}, {"inspection-outcome", heldCell(i.Outcome)}, {"inspection-of", inspectionAbout(i)}, {"inspection-pages", count(int64(len(i.Targets)))}, {"inspection-subjects", count(int64(i.Subjects))},
				{"inspection-by", by(i.By)}, {"inspection-made", moment(i.Made)}, {"inspection-ended", moment(i.Ended)}, {"reason", word("", string(i.Reason))}, {"inspection-sha256", ident(i.SHA256)}}
		},
		parts: inspectionParts,
		more:  func(v *visit, i client.Inspection) (any, error) { return v.inspectionNow(i) },
		ways: func(v *visit, i client.Inspection) (ways []lead) {
			if i.State == "done" {
				for _, format := range []string{"html", "docx", "pdf", "json"} {
					ways = append(ways, lead{to: inspectionLink(i.ID) + "/report/" + format, title: "page-inspection-as-" + format})
				}
			}
			return ways
		},
		labels: []string{"inspection-heading", "inspection-passed", "inspection-failed", "inspection-untold", "inspection-subject", "inspection-asks", "inspection-answer", "inspection-saw", "inspection-picture", "inspection-address", "inspection-chosen"},
		says: slices.Concat(of("page-inspection-as-", "html", "docx", "pdf", "json"), of("inspection-heading-", inspectionHeadings()...),
			[]string{"page-inspection-summary", "page-inspection-targets", "page-inspection-chart", "page-inspection-chart-about", "page-inspection-none", "page-inspection-picture", "page-inspection-not-looked"}),
	}
}

func inspectionHeadings() (list []string) {
	for _, h := range inspection.Headings() {
		list = append(list, string(h))
	}
	return list
}

// inspectionNow is what the page of an inspection shows besides facts and tables.
type inspectionNow struct {
	Inspection client.Inspection
	Moving     bool
	Of         int
	Chart      []chart.Drawn
	Pictures   []inspectionShot
}

type inspectionShot struct {
	To, Name, Number string
}

func (v *visit) inspectionNow(i client.Inspection) (*inspectionNow, error) {
	now := &inspectionNow{Inspection: i, Moving: i.State == "waiting", Of: len(i.Targets)}
	if i.State != "done" {
		return now, nil
	}
	r, err := v.inspectionReport(i.ID)
	if err != nil {
		return nil, err
	}
	now.Chart = []chart.Drawn{v.inspectionChart(i)}
	for n, shot := range shotsOf(r) {
		now.Pictures = append(now.Pictures, inspectionShot{inspectionLink(i.ID) + "/pictures/" + shot.digest, shot.name, strconv.Itoa(n + 1)})
	}
	return now, nil
}

// shot is a picture of a report with the subject that it proves something of.
type shot struct{ digest, name string }

// shotsOf lists the pictures in the order in which checks speak of them.
func shotsOf(r *inspection.Report) (list []shot) {
	for _, s := range r.Subjects {
		for _, c := range s.Checks {
			if d := c.Proof.Picture; d != "" && !slices.ContainsFunc(list, func(x shot) bool { return x.digest == d }) {
				list = append(list, shot{d, s.Name})
			}
		}
	}
	return list
}

func (v *visit) inspectionReport(id string) (*inspection.Report, error) {
	return askOnce(v, "report of "+id, func() (*inspection.Report, error) {
		from, err := v.api().InspectionReport(v.r.Context(), id)
		if err != nil {
			return nil, err
		}
		defer from.Close()
		raw, err := io.ReadAll(io.LimitReader(from, inspection.MaxReport+1))
		if err != nil {
			return nil, err
		}
		return inspection.Read(raw)
	})
}

func (v *visit) inspectionChart(i client.Inspection) chart.Drawn {
	say := v.speakers[v.lang].Say
	c := chart.Chart{Words: chart.Words{ID: "inspection-headings", Title: say("page-inspection-chart"), About: say("page-inspection-chart-about"), Table: say("page-held-chart-table"), None: say("page-inspection-none")}, Along: say("page-label-inspection-heading"),
		Series: []chart.Series{{Name: say("page-label-inspection-passed"), Tone: chart.Good}, {Name: say("page-label-inspection-untold"), Tone: chart.Wait}, {Name: say("page-label-inspection-failed"), Tone: chart.Bad}}}
	for _, h := range i.Headings {
		c.Points = append(c.Points, chart.Point{Name: say("inspection-heading-" + h.Heading)})
		for n, value := range []int{h.Passed, h.Untold, h.Failed} {
			c.Series[n].Values = append(c.Series[n].Values, float64(value))
		}
	}
	return chart.Bars(c)
}

// inspectionRow is one check as the page shows it.
type inspectionRow struct {
	subject inspection.Subject
	check   inspection.Check
	rule    inspection.Rule
}

func inspectionParts(v *visit, i client.Inspection) ([]part, error) {
	targets := part{Title: "page-inspection-targets", Table: tableOf("page-inspection-targets", []column[client.InspectionTarget]{
		{name: "inspection-address", cell: func(t client.InspectionTarget) cell { return text(t.Address) }}, {name: "inspection-chosen", cell: func(t client.InspectionTarget) cell { return text(t.Chosen) }},
	}, i.Targets)}
	if i.State != "done" {
		return []part{targets}, nil
	}
	r, err := v.inspectionReport(i.ID)
	if err != nil {
		return nil, err
	}
	book, err := inspection.Rules()
	if err != nil {
		return nil, err
	}
	parts := []part{{Title: "page-inspection-summary", Table: tableOf("page-inspection-summary", []column[client.InspectionSum]{
		{name: "inspection-heading", cell: func(s client.InspectionSum) cell { return word("inspection-heading-", s.Heading) }},
		{name: "inspection-outcome", cell: func(s client.InspectionSum) cell {
			if s.Passed+s.Failed+s.Untold == 0 {
				return word("page-inspection-", "not-looked")
			}
			return heldCell(s.Outcome)
		}},
		{name: "inspection-passed", cell: func(s client.InspectionSum) cell { return count(int64(s.Passed)) }},
		{name: "inspection-failed", cell: func(s client.InspectionSum) cell { return count(int64(s.Failed)) }},
		{name: "inspection-untold", cell: func(s client.InspectionSum) cell { return count(int64(s.Untold)) }},
	}, i.Headings)}}
	for _, h := range inspection.Headings() {
		if rows := rowsUnder(book, r, h); len(rows) > 0 {
			parts = append(parts, part{Title: "inspection-heading-" + string(h), Table: tableOf("inspection-heading-"+string(h), v.inspectionColumns(i.ID, r), rows)})
		}
	}
	return append(parts, targets), nil
}

// rowsUnder lists the checks under a heading, what failed first and what could not be told next.
func rowsUnder(book *inspection.Book, r *inspection.Report, h inspection.Heading) (rows []inspectionRow) {
	for _, s := range r.Subjects {
		for _, c := range s.Checks {
			if rule := book.Rule(c.Rule); rule.Heading == h {
				rows = append(rows, inspectionRow{s, c, rule})
			}
		}
	}
	order := map[inspection.Outcome]int{inspection.Failed: -2, inspection.Untold: -1}
	slices.SortStableFunc(rows, func(a, b inspectionRow) int { return order[a.check.Outcome] - order[b.check.Outcome] })
	return rows
}

func (v *visit) inspectionColumns(id string, r *inspection.Report) []column[inspectionRow] {
	numbers := map[string]string{}
	for n, s := range shotsOf(r) {
		numbers[s.digest] = strconv.Itoa(n + 1)
	}
	return []column[inspectionRow]{
		{name: "inspection-subject", cell: func(x inspectionRow) cell { return text(x.subject.Name) }},
		{name: "inspection-asks", long: true, cell: func(x inspectionRow) cell {
			return text(x.rule.Asks.In(string(v.lang)) + " (" + x.rule.Cite.In(string(v.lang)) + ")")
		}},
		{name: "inspection-answer", cell: func(x inspectionRow) cell { return heldCell(string(x.check.Outcome)) }},
		{name: "inspection-saw", long: true, cell: func(x inspectionRow) cell { return text(v.inspectionSaw(x.check)) }},
		{name: "inspection-picture", cell: func(x inspectionRow) cell {
			if n := numbers[x.check.Proof.Picture]; n != "" {
				return text(n).to(inspectionLink(id) + "/pictures/" + x.check.Proof.Picture)
			}
			return cell{}
		}},
	}
}

// inspectionSaw says what was seen, where, and what a person should look at.
func (v *visit) inspectionSaw(c inspection.Check) string {
	say := v.speakers[v.lang].Say
	var args []string
	for name, value := range c.Args {
		args = append(args, name, value)
	}
	lines := append([]string{own(v.lang, say(string(c.Code), args...))}, c.Proof.Lines(say)...)
	if c.Look != "" {
		lines = append(lines, say(string(c.Look)))
	}
	return strings.Join(lines, " — ")
}

func handInspection(v *visit) error {
	id, format := v.r.PathValue("id"), v.r.PathValue("format")
	kind, ok := map[string]string{"html": "text/html; charset=utf-8", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf", "json": "application/json"}[format]
	if !ok {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}
	var from io.ReadCloser
	var err error
	if format == "json" {
		from, err = v.api().InspectionReport(v.r.Context(), id)
	} else {
		from, err = v.api().InspectionDocument(v.r.Context(), id, format, string(v.lang))
	}
	if err != nil {
		return err
	}
	defer from.Close()
	out := &handing{v: v, kind: kind, name: "inspection-" + fileName(id) + "." + format}
	_, err = io.Copy(out, from)
	return out.end(err)
}

func handInspectionPicture(v *visit) error {
	from, err := v.api().InspectionPicture(v.r.Context(), v.r.PathValue("id"), v.r.PathValue("digest"))
	if err != nil {
		return err
	}
	defer from.Close()
	out := &handing{v: v, kind: "image/png", inline: true}
	_, err = io.Copy(out, from)
	return out.end(err)
}
