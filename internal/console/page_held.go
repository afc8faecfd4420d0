package console

import (
	"context"
	"html/template"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/staff"
)

func heldPages() []page {
	return append(heldList().rows(), page{method: get, path: "/review/figures", action: staff.HeldRead, title: "page-held-figures", above: "/review", do: showHeldFigures})
}

func heldStates() []string { return []string{"waiting", "taken", "decided", "expired"} }

func heldState(it client.HeldItem) cell {
	return state("page-held-state-", it.State, map[string]tone{"waiting": wait, "taken": wait, "decided": good, "expired": bad})
}

func heldOutcome(outcome string) cell {
	return state("page-held-outcome-", outcome, map[string]tone{"release": good, "refuse": bad, "refuse-and-measure": bad})
}

// heldCategories are those of an item's findings, each once, the weightiest first.
func heldCategories(it client.HeldItem) []string {
	var ids []string
	for _, f := range it.Findings {
		if !slices.Contains(ids, f.Category) {
			ids = append(ids, f.Category)
		}
	}
	return ids
}

// queueName is the name of a queue; one that the plan of the provider adds is shown as it is.
func queueName(name string) cell { return word("page-queue-", name) }

func heldLink(id string) string { return "/review/" + escaped(id) }

func heldColumns() []column[client.HeldItem] {
	return []column[client.HeldItem]{
		{name: "held-item", cell: func(it client.HeldItem) cell { return ident(it.ID).to(heldLink(it.ID)) }},
		{name: "state", cell: heldState},
		{name: "categories", cell: func(it client.HeldItem) cell { return chips("page-category-", heldCategories(it)) }},
		{name: "outcome", cell: func(it client.HeldItem) cell { return heldOutcome(it.Outcome) }},
		{name: "priority", cell: func(it client.HeldItem) cell { return count(int64(it.Priority)) }},
		{name: "entered", cell: func(it client.HeldItem) cell { return moment(it.Created) }},
		{name: "deadline", side: true, cell: func(it client.HeldItem) cell { return moment(it.Deadline) }},
		{name: "queue", side: true, cell: func(it client.HeldItem) cell { return queueName(it.Queue) }},
		{name: "surface", side: true, cell: func(it client.HeldItem) cell { return word("page-surface-", it.Surface) }},
		{name: "function", side: true, cell: func(it client.HeldItem) cell { return madeBy(it.Function) }},
		{name: "subject", side: true, cell: func(it client.HeldItem) cell { return account(it.Subject) }},
	}
}

func heldList() list[client.HeldItem] {
	return list[client.HeldItem]{
		name: "held", path: "/review/list", title: "page-held", action: staff.HeldRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.HeldItem, string, error) {
			return c.HeldItems(ctx, l)
		},
		columns: heldColumns(),
		filters: []filter{
			{name: "state", kind: "choice", words: "page-held-state-", options: heldStates()},
			{name: "category", kind: "choice", words: "page-category-", options: categories()},
			{name: "surface", kind: "choice", words: "page-surface-", options: surfaces()},
			{name: "queue", kind: "text"},
			{name: "function", kind: "text"},
			{name: "subject", kind: "text"},
			{name: "about", kind: "text"},
		},
		deeds: []lead{{to: "/review", title: "page-review"}, {to: "/review/figures", title: "page-held-figures"}},
		says: slices.Concat(of("page-held-outcome-", "release", "refuse", "refuse-and-measure"), of("page-held-stage-", "first", "second", "senior"),
			of("page-held-content-", "whole", "restricted", "erased", "ended"), of("page-queue-", "urgent", "news", "general")),
	}
}

// figureDays are for how many days the figures can be seen.
func figureDays() []int { return []int{7, 14, 30} }

type heldFiguresPage struct {
	Facts  []fact
	Days   []int
	Chosen int
	Charts []template.HTML
	Queues *tableView
}

// showHeldFigures shows how the work stands and what was done, day by day.
func showHeldFigures(v *visit) error {
	data := heldFiguresPage{Days: figureDays(), Chosen: figureDays()[0]}
	if n, err := strconv.Atoi(v.r.URL.Query().Get("days")); err == nil && slices.Contains(data.Days, n) {
		data.Chosen = n
	}
	say := v.speakers[v.lang].Say
	today := v.Now().In(v.Zone)
	end := time.Date(today.Year(), today.Month(), today.Day()+1, 0, 0, 0, 0, v.Zone)
	var points []chart.Point
	var decided, expired, overturned, median []float64
	for day := end.AddDate(0, 0, -data.Chosen); day.Before(end); day = day.AddDate(0, 0, 1) {
		f, err := v.api().HeldFigures(v.r.Context(), day, day.AddDate(0, 0, 1))
		if err != nil {
			return err
		}
		points = append(points, chart.Point{Name: day.Format("01-02"), Full: day.Format(dateForm)})
		decided, expired, overturned = append(decided, float64(f.Decided-f.Overturned)), append(expired, float64(f.Expired)), append(overturned, float64(f.Overturned))
		minutes := math.NaN() // nothing was decided: there is no time to tell
		if f.Decided > 0 {
			minutes = float64(f.MedianSeconds) / 60
		}
		median = append(median, minutes)
	}
	whole, err := v.api().HeldFigures(v.r.Context(), end.AddDate(0, 0, -data.Chosen), end)
	if err != nil {
		return err
	}
	data.Facts = figureFacts(whole)
	data.Queues = queueTable(whole)
	words := func(id string) chart.Words {
		return chart.Words{ID: "held-" + id, Title: say("page-held-chart-" + id), About: say("page-held-chart-" + id + "-about"), Table: say("page-held-chart-table"), None: say("page-held-chart-none"), Untold: say("page-held-chart-untold")}
	}
	pace := words("median")
	if whole.Decided > 0 {
		pace.None = "" // a time near nothing is one
	}
	data.Charts = []template.HTML{
		chart.Bars(chart.Chart{Words: words("decided"), Along: say("page-label-day"), Points: points, Series: []chart.Series{
			{Name: say("page-held-series-agreed"), Tone: chart.Good, Values: decided},
			{Name: say("page-held-series-overturned"), Tone: chart.Wait, Values: overturned},
			{Name: say("page-held-series-expired"), Tone: chart.Bad, Values: expired},
		}}),
		chart.Line(chart.Chart{Words: pace, Along: say("page-label-day"), Points: points, Series: []chart.Series{{Name: say("page-label-minutes"), Tone: chart.First, Values: median}}}),
	}
	return v.show("heldfigures", data)
}

func figureFacts(f client.HeldFigures) []fact {
	var waiting, taken, escalated int
	for _, q := range f.Queues {
		waiting, taken, escalated = waiting+q.Waiting, taken+q.Taken, escalated+q.Escalated
	}
	facts := []fact{{"waiting", count(int64(waiting))}, {"taken", count(int64(taken))}, {"escalated", count(int64(escalated))}, {"decided-items", count(int64(f.Decided))}}
	if f.Decided > 0 {
		facts = append(facts, fact{"median-minutes", text(minutes(f.MedianSeconds))})
	}
	return append(facts, fact{"expired-items", count(int64(f.Expired))}, fact{"overturned", count(int64(f.Overturned))},
		fact{"unacted", count(int64(f.Unacted))}, fact{"duties-open", count(int64(f.DutiesOpen)).to("/report-duties?state=open")}, fact{"duties-overdue", count(int64(f.DutiesOverdue)).to("/report-duties?state=overdue")})
}

// minutes is a length of time in minutes, as figures show it.
func minutes(seconds int64) string {
	if seconds < 60 {
		return "< 1"
	}
	return strconv.FormatFloat(float64(seconds)/60, 'f', 1, 64)
}

func queueTable(f client.HeldFigures) *tableView {
	return tableOf("page-queues", []column[client.HeldQueue]{
		{name: "queue", cell: func(q client.HeldQueue) cell { return queueName(q.Queue).to("/review/list?queue=" + escaped(q.Queue)) }},
		{name: "waiting", cell: func(q client.HeldQueue) cell { return count(int64(q.Waiting)) }},
		{name: "taken", cell: func(q client.HeldQueue) cell { return count(int64(q.Taken)) }},
		{name: "escalated", cell: func(q client.HeldQueue) cell { return count(int64(q.Escalated)) }},
		{name: "oldest", cell: func(q client.HeldQueue) cell { return sometime(q.Oldest) }},
	}, f.Queues)
}
