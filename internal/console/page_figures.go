package console

import (
	"net/url"

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
	More    string // address of the list of all, where the table has not all
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
	missed, more, err := v.missed(month)
	if err != nil {
		return err
	}
	v.titled = v.speakers[v.lang].Say("page-case-figures-of", "month", month)
	return v.show("figures", figuresPage{deskFigures(v, f, true), v.months("/figures"), month == v.Now().In(beijing()).Format(monthForm), missed, more, "/figures.csv?month=" + month, "/figures.json?month=" + month})
}

// missedLimit is a limit that was missed, and of which case.
type missedLimit struct {
	of    client.Case
	limit client.CaseBreach
}

// mostMissed is how many cases with a limit that was missed in a month are shown; the list has all.
const mostMissed = 500

// missed lists the limits that were missed, by the month in which that was noticed, and returns where all are if they are more.
func (v *visit) missed(month string) (table *tableView, all string, err error) {
	var list []missedLimit
	more, err := through(v.r.Context(), v.api().Cases, url.Values{"step": {"breached"}, "month": {month}}, mostMissed, func(c client.Case) (bool, error) {
		for _, b := range c.Breaches {
			if b.At.In(beijing()).Format(monthForm) == month {
				list = append(list, missedLimit{c, b})
			}
		}
		return false, nil
	})
	if err != nil {
		return nil, "", err
	}
	if more {
		all = casesOf(month, "breached", "", true)
	}
	return tableOf("page-case-missed", []column[missedLimit]{
		{name: "case", cell: func(m missedLimit) cell { return ident(m.of.ID).to(caseLink(m.of.ID)) }},
		{name: "case-kind", cell: func(m missedLimit) cell { return caseKind(m.of.Kind) }},
		{name: "clock-step", cell: func(m missedLimit) cell { return word("page-case-step-", m.limit.Step) }},
		{name: "case-due", cell: func(m missedLimit) cell { return moment(m.limit.Due) }},
		{name: "noticed", cell: func(m missedLimit) cell { return moment(m.limit.At) }},
		{name: "state", cell: func(m missedLimit) cell { return caseState(m.of.State) }},
	}, list), all, nil
}
