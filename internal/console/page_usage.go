package console

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/staff"
)

func usagePages() []page {
	words := slices.Concat(of("page-period-", "7", "30"), []string{"page-usage-all", "page-chart-accounts-many"}, chartWords("requests", "by-model", "units", "by-account"), of("page-figure-", "requests", "requests-blocked", "units-in", "units-out"))
	return append([]page{{method: get, path: "/usage", action: staff.GatewayRead, title: "page-usage", menu: true, group: groupServices, words: words, do: showUsage}}, usageList().rows()...)
}

// usageList lists what accounts used, by day.
func usageList() list[client.Usage] {
	n := func(name string, side bool, of func(client.Usage) int64) column[client.Usage] {
		return column[client.Usage]{name: name, side: side, cell: func(u client.Usage) cell { return count(of(u)) }}
	}
	return list[client.Usage]{
		name: "usage", path: "/usage/rows", title: "page-usage-rows", action: staff.GatewayRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Usage, string, error) {
			q := client.UsageQuery{Subject: l.Filter.Get("subject"), Model: l.Filter.Get("model"), Cursor: l.Cursor, Limit: l.Limit}
			q.From, q.To = calendarDay(l.Filter.Get("from"), 12*time.Hour), calendarDay(l.Filter.Get("to"), -12*time.Hour)
			return c.Usage(ctx, q)
		},
		columns: []column[client.Usage]{
			{name: "day", cell: func(u client.Usage) cell { return text(u.Day) }},
			{name: "model", cell: func(u client.Usage) cell { return text(u.Model) }},
			{name: "subject", cell: func(u client.Usage) cell { return account(u.Subject) }},
			n("requests", false, func(u client.Usage) int64 { return u.Requests }), n("requests-blocked", false, func(u client.Usage) int64 { return u.Blocked }),
			n("units-in", true, func(u client.Usage) int64 { return u.Input }), n("units-out", true, func(u client.Usage) int64 { return u.Output }),
		},
		filters: []filter{{name: "model", kind: "text"}, {name: "subject", kind: "text"}, {name: "from", kind: "from"}, {name: "to", kind: "until"}},
	}
}

// calendarDay is the day that somebody chose, since usage is counted by days of UTC: a list asks by the beginning of that day,
// or of the next one, in the zone of the pages, and half a day leads back to it in all of them.
func calendarDay(at string, by time.Duration) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at // the API says what is wrong with it
	}
	return t.Add(by).UTC().Format(dateForm)
}

// usageDays are the periods of the charts of usage.
func usageDays() []int { return []int{7, 30} }

type usagePage struct {
	Periods  []choice
	Figures  []figure
	Charts   []chart.Drawn
	Ranked   []chart.Drawn
	All, CSV string
}

// showUsage draws what was asked of models in a period, by model and by account.
func showUsage(v *visit) error {
	d := newDrawer(v, usageDays()...)
	o, err := v.api().Overview(v.r.Context(), client.OverviewQuery{From: d.firstDay(), To: v.Now(), Step: "day", Parts: []string{"gateway"}})
	if err != nil {
		return err
	}
	data := usagePage{Periods: d.periods("/usage", usageDays()), All: d.used("", ""), CSV: with("/usage/rows.csv", url.Values{}, "from", d.firstDay().Format(dateForm))}
	if o.Gateway == nil {
		v.problem = v.speakers[v.lang].Say("page-figures-failed")
		return v.show("usage", data)
	}
	var all client.OverviewUsed
	models := map[string]client.OverviewUsed{}
	for _, u := range o.Gateway.Days {
		all, models[u.Model] = plus(all, u), plus(models[u.Model], u)
	}
	data.Figures = []figure{{Name: "requests", Text: grouped(all.Requests)}, {Name: "requests-blocked", Text: grouped(all.Blocked)}, {Name: "units-in", Text: grouped(all.Input)}, {Name: "units-out", Text: grouped(all.Output)}}
	data.Charts = []chart.Drawn{d.requests(o.Gateway.Days), d.units(o.Gateway.Days)}
	accounts, err := d.accounts()
	if err != nil {
		return err
	}
	data.Ranked = []chart.Drawn{d.byModel(models), accounts}
	return v.show("usage", data)
}

func plus(a, b client.OverviewUsed) client.OverviewUsed {
	return client.OverviewUsed{Model: b.Model, Requests: a.Requests + b.Requests, Blocked: a.Blocked + b.Blocked, Input: a.Input + b.Input, Output: a.Output + b.Output}
}

// units draws what models counted, by day.
func (d *drawer) units(used []client.OverviewUsed) chart.Drawn {
	c := chart.Chart{Words: d.words("units"), Along: d.say("page-label-day"), Series: []chart.Series{{Name: d.say("page-figure-units-in"), Tone: chart.Second}, {Name: d.say("page-figure-units-out"), Tone: chart.First}}}
	for day := d.firstDay(); day.Before(d.Now()); day = day.AddDate(0, 0, 1) {
		name, in, out := day.Format(dateForm), int64(0), int64(0)
		for _, u := range used {
			if u.Day == name {
				in, out = in+u.Input, out+u.Output
			}
		}
		c.Points = append(c.Points, chart.Point{Name: name[5:], Full: name})
		c.Series[0].Values, c.Series[1].Values = append(c.Series[0].Values, float64(in)), append(c.Series[1].Values, float64(out))
	}
	return chart.Bars(c)
}

func (d *drawer) byModel(models map[string]client.OverviewUsed) chart.Drawn {
	var rows []chart.Part
	for name, u := range models {
		rows = append(rows, chart.Part{Name: name, Tone: chart.First, Value: float64(u.Requests), To: d.used("model", name)})
	}
	return chart.Ranked(d.words("by-model"), d.say("page-label-model"), d.say("page-label-requests"), most(rows))
}

const (
	accountsSeen = 500 // sums that are asked for at once for the ranking of accounts
	mostAccounts = 10 * accountsSeen
)

// firstDay is the first day of the period, in UTC as usage is counted.
func (d *drawer) firstDay() time.Time {
	now := d.Now().UTC()
	return time.Date(now.Year(), now.Month(), now.Day()-d.days+1, 0, 0, 0, 0, time.UTC)
}

// used is the list of what was used in the period, narrowed by one more field.
func (d *drawer) used(name, value string) string {
	return with("/usage/rows", url.Values{}, "from", d.firstDay().Format(dateForm), name, value)
}

// accounts ranks the accounts that used most. The sums come in no order of use, so it ranks all of them or none.
func (d *drawer) accounts() (chart.Drawn, error) {
	sums, w := map[string]int64{}, d.words("by-account")
	q := client.UsageQuery{From: d.firstDay().Format(dateForm), Sum: true, Limit: accountsSeen}
	for seen := 0; ; seen += accountsSeen {
		if seen == mostAccounts {
			w.None = d.say("page-chart-accounts-many")
			return chart.Ranked(w, d.say("page-label-subject"), d.say("page-label-requests"), nil), nil
		}
		list, next, err := d.api().Usage(d.r.Context(), q)
		if err != nil {
			return "", err
		}
		for _, u := range list {
			sums[u.Subject] += u.Requests
		}
		if q.Cursor = next; next == "" {
			break
		}
	}
	var rows []chart.Part
	for subject, n := range sums {
		rows = append(rows, chart.Part{Name: subject, Tone: chart.Second, Value: float64(n), To: d.used("subject", subject)})
	}
	return chart.Ranked(w, d.say("page-label-subject"), d.say("page-label-requests"), most(rows)), nil
}

// most are the rows with the largest values.
func most(rows []chart.Part) []chart.Part {
	slices.SortFunc(rows, func(a, b chart.Part) int { return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Name, b.Name)) })
	return rows[:min(len(rows), mostRanked)]
}
