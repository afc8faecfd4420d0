package console

import (
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func figuresPages() []page {
	return []page{
		{method: get, path: "/figures", action: staff.DeskRead, title: "page-case-figures", menu: true, group: groupReview, words: figuresWords(), do: showFigures},
		{method: get, path: "/figures.csv", action: staff.DeskRead, back: "/figures", do: handFiguresCSV},
		{method: get, path: "/figures.json", action: staff.DeskRead, back: "/figures", do: handFigures},
	}
}

type figuresPage struct {
	Figures figuresView
	Months  []choice
	Running bool // the month is not over
	Missed  *tableView
	CSV     string
	JSON    string
}

// showFigures shows what the desk did in a month: how everybody sees it, and what was missed.
func showFigures(v *visit) error {
	month := v.monthAsked()
	f, err := v.api().CaseFigures(v.r.Context(), month)
	if err != nil {
		return err
	}
	missed, err := v.missed(month)
	if err != nil {
		return err
	}
	v.titled = v.speakers[v.lang].Say("page-case-figures-of", "month", month)
	return v.show("figures", figuresPage{deskFigures(v, f, true), v.months("/figures"), month == v.Now().In(beijing()).Format(monthForm), missed, "/figures.csv?month=" + month, "/figures.json?month=" + month})
}

// missedLimit is a limit that was missed, and of which case.
type missedLimit struct {
	of    client.Case
	limit client.CaseBreach
}

// mostMissed is how many of the newest cases are looked through for limits that were missed.
const mostMissed = 5000

// missed lists the limits that were missed, by the month in which that was noticed.
func (v *visit) missed(month string) (*tableView, error) {
	var list []missedLimit
	_, err := through(v.r.Context(), v.api().Cases, nil, mostMissed, func(c client.Case) (bool, error) {
		for _, b := range c.Breaches {
			if b.At.In(beijing()).Format(monthForm) == month {
				list = append(list, missedLimit{c, b})
			}
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return tableOf("page-case-missed", []column[missedLimit]{
		{name: "case", cell: func(m missedLimit) cell { return ident(m.of.ID).to(caseLink(m.of.ID)) }},
		{name: "case-kind", cell: func(m missedLimit) cell { return caseKind(m.of.Kind) }},
		{name: "clock-step", cell: func(m missedLimit) cell { return word("page-case-step-", m.limit.Step) }},
		{name: "case-due", cell: func(m missedLimit) cell { return moment(m.limit.Due) }},
		{name: "noticed", cell: func(m missedLimit) cell { return moment(m.limit.At) }},
		{name: "state", cell: func(m missedLimit) cell { return caseState(m.of.State) }},
	}, list), nil
}
