package console

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func drillPages() []page {
	return slices.Concat(drillList().rows(), drillStandings().rows(), start("/drills/new", "/drills", planDrill()), drillSheet(false).rows(), []page{
		{method: post, path: "/drills/{id}/read", action: staff.DrillManage, title: "page-drill", back: "/drills/{id}", makes: []string{"drill.read"}, do: drillSheet(true).show},
	})
}

func drillLink(id string) string { return "/drills/" + escaped(id) }

func drillState(s string) cell {
	return state("page-drill-state-", s, map[string]tone{"planned": wait, "held": good, "missed": bad})
}

func drillResult(s string) cell {
	return state("page-drill-result-", s, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait})
}

func drillList() list[client.Drill] {
	return list[client.Drill]{
		name: "drills", path: "/drills", title: "page-drills", group: groupGovernance, action: staff.IncidentRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Drill, string, error) {
			return c.Drills(ctx, l)
		},
		columns: []column[client.Drill]{
			{name: "drill-playbook", cell: func(d client.Drill) cell { return word("page-incident-kind-", d.Playbook).to(drillLink(d.ID)) }},
			{name: "drill-day", cell: func(d client.Drill) cell { return moment(d.Day) }},
			{name: "state", cell: func(d client.Drill) cell { return drillState(d.State) }},
			{name: "drill-result", cell: func(d client.Drill) cell { return drillResult(d.Result) }},
			{name: "drill-findings", cell: func(d client.Drill) cell { return count(int64(len(d.Findings))) }},
			{name: "drill-held", side: true, cell: func(d client.Drill) cell { return sometime(d.Held) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-drill-state-", options: []string{"planned", "held", "cancelled", "missed"}}, {name: "playbook", label: "drill-playbook", kind: "choice", words: "page-incident-kind-", options: incidentKinds()}},
		deeds:   []lead{{"/drills/new", "page-deed-drill-plan", staff.DrillManage}, {"/drills/standing", "page-drills-standing", staff.IncidentRead}},
		says:    of("page-drill-result-", "passed", "failed", "could-not-tell"),
	}
}

// drillStandings says of each playbook when it was exercised and when it is due again.
func drillStandings() list[client.DrillStanding] {
	day := func(d *client.Drill, at func(*client.Drill) *time.Time) cell {
		if d == nil {
			return cell{}
		}
		return sometime(at(d)).to(drillLink(d.ID))
	}
	return list[client.DrillStanding]{
		name: "drills-standing", path: "/drills/standing", title: "page-drills-standing", action: staff.IncidentRead,
		fetch: func(ctx context.Context, c *client.Client, _ client.Listing) ([]client.DrillStanding, string, error) {
			list, err := c.DrillsStanding(ctx)
			return list, "", err
		},
		columns: []column[client.DrillStanding]{
			{name: "drill-playbook", cell: func(r client.DrillStanding) cell {
				return word("page-incident-kind-", r.Playbook).to("/drills?playbook=" + escaped(r.Playbook))
			}},
			{name: "drill-standing", cell: func(r client.DrillStanding) cell {
				return state("page-drill-standing-", r.State, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait})
			}},
			{name: "drill-last", cell: func(r client.DrillStanding) cell {
				return day(r.Last, func(d *client.Drill) *time.Time { return d.Held })
			}},
			{name: "drill-next", cell: func(r client.DrillStanding) cell {
				return day(r.Next, func(d *client.Drill) *time.Time { return &d.Day })
			}},
			{name: "drill-due", cell: func(r client.DrillStanding) cell { return sometime(r.Due) }},
			{name: "drill-wanting", cell: func(r client.DrillStanding) cell { return count(int64(r.Wanting)) }},
		},
		deeds: []lead{{"/drills/new", "page-deed-drill-plan", staff.DrillManage}, {"/drills", "page-drills", staff.IncidentRead}},
		says:  of("page-drill-standing-", "passed", "failed", "could-not-tell"),
	}
}

func planDrill() deed[none] {
	return deed[none]{
		name: "drill-plan", action: staff.DrillManage, record: "drill.planned",
		fields: []field[none]{{name: "drill-playbook", kind: "choice", words: "page-incident-kind-", options: incidentKinds(), required: true}, {name: "drill-day", kind: "moment", required: true}, {name: "drill-scenario", kind: "area", required: true, hint: true, most: 4000}},
		do: func(v *visit, _ none) (string, error) {
			day, err := v.sentMoment("drill-day")
			if err != nil {
				return "", err
			}
			d, err := v.api().PlanDrill(v.r.Context(), v.sent("drill-playbook"), day, v.sent("drill-scenario"))
			return drillLink(d.ID), err
		},
	}
}

func drillSheet(read bool) sheet[client.Drill] {
	return sheet[client.Drill]{
		path: "/drills/{id}", title: "page-drill", action: staff.IncidentRead, template: "sealed",
		fetch:   func(v *visit, id string) (client.Drill, error) { return v.api().Drill(v.r.Context(), id) },
		heading: func(d client.Drill) cell { return word("page-incident-kind-", d.Playbook) },
		facts: func(d client.Drill) []fact {
			list := []fact{{"state", drillState(d.State)}, {"drill-day", moment(d.Day)}, {"drill-result", drillResult(d.Result)}, {"drill-held", sometime(d.Held)}, {"drill-planner", by(d.Planner)}, {"drill-holder", by(d.Holder)}, {"drill-order", linked(d.Order, "/orders/")}}
			if d.Took > 0 {
				list = append(list, fact{"drill-took", cell{Text: (time.Duration(d.Took+59) / 60 * time.Minute).String(), Span: true}})
			}
			return list
		},
		parts: func(v *visit, d client.Drill) ([]part, error) { return v.drillParts(d, read) },
		more: func(v *visit, d client.Drill) (any, error) {
			if read || d.Sealed != "whole" || !v.actor().May(staff.DrillManage) {
				return nil, nil
			}
			return sealedMore{drillLink(d.ID) + "/read", []string{"drill.read"}}, nil
		},
		deeds:  drillDeeds(),
		labels: []string{"drill-planner", "drill-holder", "drill-order", "drill-took", "drill-number", "drill-mended", "drill-what", "step-by"},
	}
}

func (v *visit) drillParts(d client.Drill, read bool) ([]part, error) {
	var parts []part
	var words client.DrillWords
	if read {
		var err error
		if words, err = v.api().ReadDrill(v.r.Context(), d.ID); err != nil {
			return nil, err
		}
		parts = append(parts, part{Title: "page-drill-scenario", Prose: words.Scenario})
		if words.Report != "" {
			parts = append(parts, part{Title: "page-drill-report", Prose: words.Report})
		}
	}
	columns := []column[client.DrillFinding]{
		{name: "drill-number", cell: func(f client.DrillFinding) cell { return count(int64(f.Number)) }},
		{name: "drill-mended", cell: func(f client.DrillFinding) cell { return sometime(f.Mended) }},
		{name: "step-by", cell: func(f client.DrillFinding) cell { return by(f.By) }},
	}
	if read {
		columns = slices.Insert(columns, 1, column[client.DrillFinding]{name: "drill-what", long: true, cell: func(f client.DrillFinding) cell {
			if f.Number > len(words.Findings) {
				return cell{}
			}
			return text(words.Findings[f.Number-1])
		}})
	}
	if d.Held == nil {
		return parts, nil // nothing is found before
	}
	return append(parts, part{Title: "page-drill-findings", Empty: "page-drill-findings-none", Table: tableOf("page-drill-findings", columns, d.Findings)}), nil
}

func drillDeeds() []deed[client.Drill] {
	hold := deed[client.Drill]{
		name: "drill-hold", step: "hold", action: staff.DrillManage, record: "drill.held", may: func(d client.Drill) bool { return d.State == "planned" || d.State == "missed" },
		fields: []field[client.Drill]{
			{name: "drill-held", kind: "moment", required: true}, {name: "drill-result", kind: "choice", words: "page-drill-result-", options: []string{"passed", "failed", "could-not-tell"}, required: true},
			{name: "drill-minutes", kind: "number", hint: true}, {name: "drill-order", kind: "text", hint: true, most: 64}, {name: "drill-report", kind: "area", required: true, most: 4000}, {name: "drill-wanted", kind: "area", hint: true, most: 4000},
		},
		do: func(v *visit, d client.Drill) (string, error) {
			held, err := v.sentMoment("drill-held")
			if err != nil {
				return "", err
			}
			o := client.DrillOutcome{Held: held, Result: v.sent("drill-result"), Order: v.sent("drill-order"), Report: v.sent("drill-report"), Findings: packLines(v.sent("drill-wanted"))}
			if s := v.sent("drill-minutes"); s != "" {
				n, err := strconv.ParseInt(s, 10, 32)
				if err != nil {
					return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
				}
				o.Took = n * 60
			}
			_, err = v.api().HoldDrill(v.r.Context(), d.ID, o)
			return "", err
		},
	}
	cancel := deed[client.Drill]{
		name: "drill-cancel", step: "cancel", action: staff.DrillManage, record: "drill.cancelled", danger: true, may: func(d client.Drill) bool { return d.State == "planned" }, fields: []field[client.Drill]{reasonField[client.Drill]()},
		do: func(v *visit, d client.Drill) (string, error) {
			_, err := v.api().CancelDrill(v.r.Context(), d.ID, v.sent("incident-why"))
			return "", err
		},
	}
	mend := deed[client.Drill]{
		name: "drill-mend", step: "mend", action: staff.DrillManage, record: "drill.finding-mended",
		may: func(d client.Drill) bool {
			return slices.ContainsFunc(d.Findings, func(f client.DrillFinding) bool { return f.Mended == nil })
		},
		fields: []field[client.Drill]{{name: "drill-number", kind: "choice", required: true, choices: func(_ *visit, d client.Drill) (list []string, err error) {
			for _, f := range d.Findings {
				if f.Mended == nil {
					list = append(list, strconv.Itoa(f.Number))
				}
			}
			return list, nil
		}}, reasonField[client.Drill]()},
		do: func(v *visit, d client.Drill) (string, error) {
			n, err := strconv.Atoi(v.sent("drill-number"))
			if err != nil {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
			}
			_, err = v.api().MendDrill(v.r.Context(), d.ID, n, v.sent("incident-why"))
			return "", err
		},
	}
	return []deed[client.Drill]{hold, mend, cancel}
}
