package console

import (
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func calendarPages() []page {
	return []page{
		{method: get, path: "/calendar", action: staff.CalendarRead, title: "page-calendar", menu: true, group: groupGovernance, words: slices.Concat(of("page-calendar-kind-", calendarKinds()...), of("page-calendar-state-", "coming", "over", "done", "note"),
			of("page-label-", "calendar-month", "calendar-count", "calendar-over", "calendar-at", "calendar-what", "calendar-kind", "state", "calendar-clock", "calendar-review", "calendar-drill", "calendar-law")), do: showCalendar},
		{method: get, path: "/calendar.ics", action: staff.CalendarRead, back: "/calendar", do: calendarFile},
	}
}

func calendarKinds() []string {
	return []string{"clock", "review", "drill", "law", "waiver", "fact", "note"}
}

// calendarPage is a year from a month on.
type calendarPage struct {
	Kind               string
	Kinds              []string
	Before, After, ICS string
	Blind, Cut         bool
	Year               *tableView
	Months             []calendarMonth
}

type calendarMonth struct {
	ID, Name string
	Table    *tableView
	dates    []client.CalendarDate
}

// span is the year that an address asks for: it begins with a month, the present one by itself.
func (v *visit) span() (from, until time.Time, kind string) {
	now := v.Now().In(v.Zone)
	from = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, v.Zone)
	if at, err := time.ParseInLocation("2006-01", v.r.URL.Query().Get("from"), v.Zone); err == nil && at.Year() > 2000 && at.Year() < 2200 {
		from = at
	}
	if k := v.r.URL.Query().Get("kind"); slices.Contains(calendarKinds(), k) {
		kind = k
	}
	return from, from.AddDate(1, 0, 0), kind
}

func showCalendar(v *visit) error {
	from, until, kind := v.span()
	c, err := v.api().Calendar(v.r.Context(), from, until, kind)
	if err != nil {
		return err
	}
	place := func(path string, at time.Time) string {
		q := url.Values{"from": {at.Format("2006-01")}}
		if kind != "" {
			q.Set("kind", kind)
		}
		return path + "?" + q.Encode()
	}
	data := calendarPage{Kind: kind, Kinds: calendarKinds(), Before: place("/calendar", from.AddDate(-1, 0, 0)), After: place("/calendar", until), ICS: place("/calendar.ics", from), Blind: len(c.Blind) > 0, Cut: c.Cut}
	for i := range 12 {
		at := from.AddDate(0, i, 0)
		data.Months = append(data.Months, calendarMonth{ID: at.Format("2006-01"), Name: at.Format("2006-01")})
	}
	for _, d := range c.Dates {
		id := d.At.In(v.Zone).Format("2006-01")
		for i := range data.Months {
			if data.Months[i].ID == id || i == 0 && d.At.Before(from) { // overdue since before stands with what is due first
				data.Months[i].dates = append(data.Months[i].dates, d)
			}
		}
	}
	data.Year = tableOf("page-calendar-year", yearColumns(), data.Months)
	data.Months = slices.DeleteFunc(data.Months, func(m calendarMonth) bool { return len(m.dates) == 0 && m.ID != from.Format("2006-01") })
	for i := range data.Months {
		m := &data.Months[i]
		m.Table = tableOf("page-calendar", dateColumns(), m.dates)
		m.Table.Part = m.Name
	}
	return v.show("calendar", data)
}

func yearColumns() []column[calendarMonth] {
	counted := func(m calendarMonth, fits func(client.CalendarDate) bool) int64 {
		n := int64(0)
		for _, d := range m.dates {
			if fits(d) {
				n++
			}
		}
		return n
	}
	list := []column[calendarMonth]{{name: "calendar-month", cell: func(m calendarMonth) cell {
		if len(m.dates) == 0 {
			return text(m.Name)
		}
		return text(m.Name).to("#m-" + m.ID)
	}}, {name: "calendar-count", cell: func(m calendarMonth) cell { return count(int64(len(m.dates))) }}, {name: "calendar-over", cell: func(m calendarMonth) cell {
		n := counted(m, func(d client.CalendarDate) bool { return d.State == "over" })
		if n == 0 {
			return count(0)
		}
		return cell{Text: strconv.FormatInt(n, 10), Mark: true, Tone: bad}
	}}}
	for _, kind := range []string{"clock", "review", "drill", "law"} {
		list = append(list, column[calendarMonth]{name: "calendar-" + kind, side: true, cell: func(m calendarMonth) cell {
			return count(counted(m, func(d client.CalendarDate) bool { return d.Kind == kind }))
		}})
	}
	return list
}

func dateColumns() []column[client.CalendarDate] {
	return []column[client.CalendarDate]{
		{name: "calendar-at", cell: func(d client.CalendarDate) cell { return moment(d.At) }},
		{name: "calendar-what", long: true, cell: func(d client.CalendarDate) cell { return text(d.Title).to(dateLink(d)) }},
		{name: "calendar-kind", cell: func(d client.CalendarDate) cell { return word("page-calendar-kind-", d.Kind) }},
		{name: "state", cell: func(d client.CalendarDate) cell {
			return state("page-calendar-state-", d.State, map[string]tone{"coming": wait, "over": bad, "done": good})
		}},
	}
}

// dateLink leads to what a date belongs to; empty where there is no page for it.
func dateLink(d client.CalendarDate) string {
	place := map[string]string{"incident": "/incidents/", "drill": "/drills/", "correction": "/illegal-outputs/", "report-duty": "/report-duties/", "obligation": "/obligations/", "limits": "/limits/", "rules": "/systems/versions?system=", "mechanism-review": "/mechanism-reviews/", "ethics-review": "/ethics-reviews/", "security-trigger": "/security-triggers/", "dataset-removal": removalsPath + "/", "card": "/cards/"}[d.Ref]
	switch {
	case d.Ref == "drills":
		return "/drills/standing"
	case place == "" || d.ID == "":
		return ""
	}
	return place + escaped(d.ID)
}

// calendarFile hands the same out for programs that keep calendars.
func calendarFile(v *visit) error {
	from, until, kind := v.span()
	return v.handPack("text/calendar; charset=utf-8", "calendar.ics", func() (io.ReadCloser, error) { return v.api().CalendarICS(v.r.Context(), from, until, kind) })
}
