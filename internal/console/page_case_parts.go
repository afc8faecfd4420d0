package console

import (
	"fmt"
	"html/template"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/internal/console/chart"
)

// texts are the words of a list of a capability's.
func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

func caseKinds() []string { return texts(desk.Kinds()) }

func caseParties() []string { return texts(desk.Parties()) }

func caseRights() []string { return texts(desk.AllRights()) }

func caseStates() []string { return texts(desk.States()) }

// caseGrounds are codes whose sentences are those of internal/locale.
func caseGrounds() []string { return texts(desk.Grounds()) }

func caseOutcomes() []string {
	return texts(slices.Concat(desk.Report.Outcomes(), desk.Appeal.Outcomes()))
}

// soughtResults are what looking for the content of a case may come to.
func soughtResults() []string { return []string{"found", "none", "unknown", "not"} }

func caseKind(kind string) cell { return word("page-case-kind-", kind) }

func caseParty(party string) cell { return word("page-case-party-", party) }

func caseRight(right string) cell { return word("page-case-right-", right) }

func caseState(s string) cell {
	return state("page-case-state-", s, map[string]tone{"received": wait, "acknowledged": wait, "taken": wait, "waiting": wait, "decided": good, "closed": good})
}

func caseOutcome(outcome string) cell {
	return state("page-case-outcome-", outcome, map[string]tone{"founded": bad, "partly": bad, "unproven": wait, "reversed": bad, "changed": wait, "upheld": good, "unfounded": good})
}

// coded are words that sentences of internal/locale say.
func coded[T ~string](list []T) cell { return chips("", texts(list)) }

// deskWords are the sentences of cases that pages make of what the API says.
func deskWords() []string {
	return slices.Concat(of("page-case-kind-", caseKinds()...), of("page-case-party-", caseParties()...), of("page-case-right-", caseRights()...), of("page-case-state-", caseStates()...),
		of("page-case-outcome-", caseOutcomes()...))
}

// term is a length of time as limits have it.
func (v *visit) termOf(t client.CaseTerm) cell {
	key, n := "page-term-days", t.Days
	if t.Hours > 0 {
		key, n = "page-term-hours", t.Hours
	}
	if n == 0 {
		return cell{}
	}
	if n == 1 {
		key = strings.TrimSuffix(key, "s")
	}
	return text(v.speakers[v.lang].Say(key, "count", strconv.Itoa(n)))
}

// limitsTable shows limits as a table with a name.
func limitsTable(v *visit, name string, rows []client.CaseLimits) *tableView {
	return tableOf(name, []column[client.CaseLimits]{
		{name: "case-kind", cell: func(r client.CaseLimits) cell {
			c := cell{Many: []cell{caseKind(r.Kind)}}
			if r.Urgent {
				c.Many = append(c.Many, cell{Text: "urgent", Key: "page-case-urgent", Mark: true, Tone: bad})
			}
			return c
		}},
		{name: "term-acknowledge", cell: func(r client.CaseLimits) cell { return v.termOf(r.Acknowledge) }},
		{name: "term-decide", cell: func(r client.CaseLimits) cell { return v.termOf(r.Decide) }},
		{name: "term-feedback", cell: func(r client.CaseLimits) cell { return v.termOf(r.Feedback) }},
		{name: "term-appeal", cell: func(r client.CaseLimits) cell {
			if r.Appeal == nil {
				return cell{Text: "none", Key: "page-term-last"}
			}
			return v.termOf(*r.Appeal)
		}},
		{name: "term-pauses", cell: func(r client.CaseLimits) cell {
			if len(r.Pauses) == 0 {
				return cell{Text: "none", Key: "page-term-never"}
			}
			return coded(r.Pauses)
		}},
	}, rows)
}

// limitsWords are the sentences of a table of limits.
func limitsWords() []string {
	return slices.Concat(of("page-term-", "day", "days", "hour", "hours", "last", "never"), of("page-label-", "case-kind", "term-acknowledge", "term-decide", "term-feedback", "term-appeal", "term-pauses"), []string{"page-case-urgent"})
}

// beijing is the clock by which the desk counts months.
func beijing() *time.Location { return time.FixedZone("CST", 8*60*60) }

const monthForm = "2006-01"

// monthAsked is the month that the visitor asks for, or this one.
func (v *visit) monthAsked() string {
	if m := v.r.URL.Query().Get("month"); m != "" {
		if _, err := time.Parse(monthForm, m); err == nil {
			return m
		}
	}
	return v.Now().In(beijing()).Format(monthForm)
}

// months are links to the same page of the last twelve months, the newest first.
func (v *visit) months(path string) (list []choice) {
	now := v.Now().In(beijing())
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, beijing())
	for i := range 12 {
		name := first.AddDate(0, -i, 0).Format(monthForm)
		c := choice{To: with(path, url.Values{}, "month", name), Name: name}
		if name == v.monthAsked() {
			c.Here = "true"
		}
		list = append(list, c)
	}
	return list
}

// figuresView is a month of the desk as the part desk-figures shows it.
type figuresView struct {
	Month   string
	None    bool // nothing happened
	Facts   []fact
	Charts  []template.HTML
	Kinds   *tableView
	Queries []client.CaseQuery
}

// deskFigures shows a month. What its numbers lead to is for the staff alone.
func deskFigures(v *visit, f client.CaseFigures, staff bool) figuresView {
	all := f.All
	view := figuresView{Month: f.Month, Queries: f.Queries, None: all.Received+all.Acknowledged+all.Decided+all.Told+all.Breached == 0}
	share := func(part, whole int) cell {
		if whole == 0 {
			return cell{Text: "none", Key: "page-figure-none"}
		}
		return text(chart.Percent(float64(part) / float64(whole)))
	}
	counts := func(n int, step string) cell { return count(int64(n)).to(casesOf(f.Month, step, "", staff)) }
	view.Facts = []fact{
		{"cases-received", counts(all.Received, "received")}, {"cases-acknowledged", counts(all.Acknowledged, "acknowledged")}, {"acknowledged-in-time", share(all.AckInTime, all.Acknowledged)},
		{"cases-decided", counts(all.Decided, "decided")}, {"decided-in-time", share(all.InTime, all.Decided)}, {"median-decided", v.lengthOf(all.Decided, all.MedianDecide)},
		{"told-in-time", share(all.ToldInTime, all.Told)}, {"cases-breached", counts(all.Breached, "breached")}, {"cases-overturned", count(int64(all.Overturned))},
	}
	if all.Unsure > 0 {
		view.Facts = append(view.Facts, fact{"cases-unsure", count(int64(all.Unsure))})
	}
	view.Charts = []template.HTML{v.kindsChart(f, staff), v.timeChart(f), v.outcomesChart(all)}
	view.Kinds = v.kindsTable(f, staff)
	return view
}

// lengthOf is a median as people say it; nothing where nothing was counted.
func (v *visit) lengthOf(n int, seconds int64) cell {
	if n == 0 {
		return cell{Text: "none", Key: "page-figure-none"}
	}
	key, one := "page-length-hours", 3600.0
	if seconds >= 48*3600 {
		key, one = "page-length-days", 24*3600
	} else if seconds < 3600 {
		key, one = "page-length-minutes", 60
	}
	return text(v.speakers[v.lang].Say(key, "count", strconv.FormatFloat(math.Round(float64(seconds)/one*10)/10, 'f', -1, 64)))
}

func (v *visit) deskChart(id string) chart.Words {
	say := v.speakers[v.lang].Say
	return chart.Words{ID: "desk-" + id, Title: say("page-desk-chart-" + id), About: say("page-desk-chart-about-" + id), Table: say("page-chart-table"), None: say("page-case-figures-none"), Untold: say("page-could-not-tell")}
}

// casesOf is the list of the cases that something happened to in a month, of one kind or of all, for the staff.
func casesOf(month, step, kind string, staff bool) string {
	if !staff {
		return ""
	}
	return with("/cases/list", url.Values{}, "step", step, "month", month, "kind", kind)
}

func (v *visit) kindName(kind string) string {
	return capital(v.speakers[v.lang].Say("page-case-kind-" + kind))
}

// kindsChart draws what came in by kind.
func (v *visit) kindsChart(f client.CaseFigures, staff bool) template.HTML {
	var rows []chart.Part
	for _, k := range f.Kinds {
		if k.Received > 0 {
			rows = append(rows, chart.Part{Name: v.kindName(k.Kind), Tone: chart.First, Value: float64(k.Received), To: casesOf(f.Month, "received", k.Kind, staff)})
		}
	}
	slices.SortStableFunc(rows, func(a, b chart.Part) int { return int(b.Value - a.Value) })
	say := v.speakers[v.lang].Say
	return chart.Ranked(v.deskChart("received"), say("page-label-case-kind"), say("page-label-cases-received"), rows)
}

// timeChart draws how many of the decisions of each kind were made in time.
func (v *visit) timeChart(f client.CaseFigures) template.HTML {
	say := v.speakers[v.lang].Say
	var rows []chart.Part
	for _, k := range f.Kinds {
		if k.Decided > 0 {
			rows = append(rows, chart.Part{Name: v.kindName(k.Kind), Tone: chart.Good, Value: float64(k.InTime), Of: float64(k.Decided),
				Note: say("page-figure-of", "part", grouped(int64(k.InTime)), "whole", grouped(int64(k.Decided)))})
		}
	}
	return chart.Ranked(v.deskChart("in-time"), say("page-label-case-kind"), say("page-label-decided-in-time"), rows)
}

// outcomesChart draws what came of the cases that were decided.
func (v *visit) outcomesChart(all client.CaseFigure) template.HTML {
	tones := map[string]chart.Tone{"founded": chart.First, "partly": chart.Second, "unfounded": chart.Third, "unproven": chart.Wait, "upheld": chart.Good, "changed": chart.Fourth, "reversed": chart.Bad}
	var parts []chart.Part
	for _, o := range caseOutcomes() {
		if n := all.Outcomes[o]; n > 0 {
			parts = append(parts, chart.Part{Name: v.speakers[v.lang].Say("page-case-outcome-" + o), Tone: tones[o], Value: float64(n)})
		}
	}
	return chart.Share(v.deskChart("outcomes"), parts)
}

// kindsTable has a row for each kind of which something happened.
func (v *visit) kindsTable(f client.CaseFigures, staff bool) *tableView {
	number := func(name string, n func(client.CaseFigure) int) column[client.CaseFigure] {
		return column[client.CaseFigure]{name: name, cell: func(k client.CaseFigure) cell { return count(int64(n(k))) }}
	}
	listed := func(name, step string, n func(client.CaseFigure) int) column[client.CaseFigure] {
		return column[client.CaseFigure]{name: name, cell: func(k client.CaseFigure) cell { return count(int64(n(k))).to(casesOf(f.Month, step, k.Kind, staff)) }}
	}
	rows := slices.DeleteFunc(slices.Clone(f.Kinds), func(k client.CaseFigure) bool {
		return k.Received+k.Acknowledged+k.Decided+k.Told+k.Breached == 0
	})
	return tableOf("page-case-figures-kinds", []column[client.CaseFigure]{
		{name: "case-kind", cell: func(k client.CaseFigure) cell { return caseKind(k.Kind) }},
		listed("cases-received", "received", func(k client.CaseFigure) int { return k.Received }), number("cases-anonymous", func(k client.CaseFigure) int { return k.Anonymous }),
		number("cases-joined", func(k client.CaseFigure) int { return k.Joined }), number("cases-withdrawn", func(k client.CaseFigure) int { return k.Withdrawn }),
		listed("cases-acknowledged", "acknowledged", func(k client.CaseFigure) int { return k.Acknowledged }), listed("cases-decided", "decided", func(k client.CaseFigure) int { return k.Decided }),
		number("decided-in-time", func(k client.CaseFigure) int { return k.InTime }),
		{name: "median-decided", cell: func(k client.CaseFigure) cell { return v.lengthOf(k.Decided, k.MedianDecide) }},
		listed("cases-breached", "breached", func(k client.CaseFigure) int { return k.Breached }), number("cases-overturned", func(k client.CaseFigure) int { return k.Overturned }),
	}, rows)
}

// figuresWords are the sentences of a month of the desk.
func figuresWords() []string {
	return slices.Concat(of("page-case-kind-", caseKinds()...), of("page-case-outcome-", caseOutcomes()...), of("page-desk-chart-", "received", "in-time", "outcomes"), of("page-desk-chart-about-", "received", "in-time", "outcomes"),
		of("page-label-", "cases-received", "cases-acknowledged", "acknowledged-in-time", "cases-decided", "decided-in-time", "median-decided", "told-in-time", "cases-breached", "cases-overturned", "cases-unsure", "cases-anonymous", "cases-joined", "cases-withdrawn"),
		of("page-length-", "minutes", "hours", "days"))
}

// sized is a number of bytes as people say it.
func sized(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
