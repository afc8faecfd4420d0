package console

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/staff"
)

// need is what waits for a person, and the list of it.
type need struct {
	Kind, To string
	Menu     string // the entry of the menu, where the list has none
	Most     int64  // how far it is counted; 0 for mostNeeded
	Count    int64
	Late     int64
	Since    *time.Time
}

// mostNeeded is how far the API counts what waits.
const mostNeeded = 10000

// More reports whether there may be more than were counted.
func (n need) More() bool { return n.Count >= cmp.Or(n.Most, mostNeeded) }

// needs are the kinds of what waits for a person, with the lists of them, the most urgent first. What the API tells besides
// waits for nobody.
func needs() []need {
	return []need{
		{Kind: "report-duties", To: "/report-duties?state=open"}, {Kind: "held", To: "/review"}, {Kind: "records-unlogged", To: "/evidence"}, {Kind: "dead-jobs", To: "/jobs", Most: 500},
		{Kind: "orders", To: "/orders?state=release-proposed"}, {Kind: "disputes", To: "/consents?state=disputed"}, {Kind: "filing-duties", To: "/filing-duties?state=open", Menu: "/faces"},
		{Kind: "cases", To: "/cases"}, {Kind: "measures", To: "/measures?state=proposed"}, {Kind: "imports", To: "/imports?state=proposed"},
		{Kind: "features", To: "/feature-batches?state=open", Menu: "/features"}, {Kind: "policies", To: "/policies?state=offered"}, {Kind: "standing-tables", To: "/standing-rules/versions?state=offered", Menu: "/standing-rules"},
		{Kind: "agreements", To: "/agreements?state=draft"}, {Kind: "assessments", To: "/assessments?state=proposed"}, {Kind: "functions", To: "/functions?state=ready"},
	}
}

// needed are the needs in which something waits. Records are late, or they wait for nobody.
func (v *visit) needed(list []client.OverviewWaiting) []need {
	var out []need
	for _, n := range needs() {
		i := slices.IndexFunc(list, func(w client.OverviewWaiting) bool { return w.Kind == n.Kind })
		if i < 0 || list[i].Count == 0 || n.Kind == "records-unlogged" && list[i].Late == 0 {
			continue
		}
		n.To, n.Count, n.Late, n.Since = v.leads(n.To), list[i].Count, list[i].Late, list[i].Since
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b need) int { return cmp.Compare(min(b.Late, 1), min(a.Late, 1)) })
	return out
}

// leads is an address if it is of a page that the visitor may see; else nothing.
func (v *visit) leads(address string) string {
	path, _, _ := strings.Cut(address, "?")
	if p, ok := v.showing(path); ok && (p.who == anybody || p.action == "" || v.actor().May(p.action)) {
		return address
	}
	return ""
}

// menuTime is for how long a page waits for the counters of its menu.
const menuTime = time.Second

// waits counts, for the menu, what waits in lists. A page is of use without.
func (v *visit) waits() map[string]int64 {
	counts := map[string]int64{}
	list, _ := v.counted()
	for _, n := range v.needed(list) {
		if path, _, _ := strings.Cut(n.To, "?"); path != "" {
			counts[cmp.Or(n.Menu, path)] += n.Count
		}
	}
	return counts
}

// counted asks what waits, once for a page, and reports whether that could be told.
func (v *visit) counted() ([]client.OverviewWaiting, bool) {
	if v.API == nil {
		return nil, false
	}
	if v.waiting == nil {
		ctx, cancel := context.WithTimeout(v.r.Context(), menuTime)
		defer cancel()
		o, err := v.api().Overview(ctx, client.OverviewQuery{Parts: []string{"waiting"}})
		if err != nil {
			v.Log.WarnContext(ctx, "what waits could not be counted", "error", err)
		}
		v.waiting = append([]client.OverviewWaiting{}, o.Waiting...)
	}
	return v.waiting, len(v.waiting) > 0
}

// overviewDays are the periods of the overview.
func overviewDays() []int { return []int{1, 7, 30} }

// board is a part of the overview.
type board struct {
	ID, To  string     // its sentence is page-board-ID; To is the page that says more
	Kept    *time.Time // when days before yesterday were counted, where that was not now
	Figures []figure
	Charts  []chart.Drawn
	Wide    []chart.Drawn // over the whole width
}

// figure is a large number, or a time. Its sentence is page-figure-NAME.
type figure struct {
	Name, Text, Hint, To string
	At                   time.Time
	Alarm                bool
}

type startPage struct {
	Session staff.Session
	Actions []staff.Action
	Needs   []need
	Told    bool // what waits could be told
	Untold  []string
	Periods []choice
	Boards  []board
}

// showStart shows what needs the visitor, and how everything stands.
func showStart(v *visit) error {
	data := startPage{Session: v.opened.Session}
	for _, a := range staff.Actions() {
		if v.actor().May(a) {
			data.Actions = append(data.Actions, a)
		}
	}
	if v.API == nil {
		return v.show("start", data)
	}
	d := newDrawer(v, overviewDays()...)
	data.Periods = d.periods("/", overviewDays())
	o, err := v.api().Overview(v.r.Context(), client.OverviewQuery{From: d.starts[0], To: v.Now().Add(time.Second), Step: "hour"})
	if e, _ := told(err); e != nil && e.Status == http.StatusUnauthorized {
		return err
	}
	if err != nil { // the page is of use without it
		v.Log.ErrorContext(v.r.Context(), "overview failed", "error", err)
		o.Untold = []string{"waiting", "coverage", "screening", "gateway", "log"}
	}
	v.waiting = append([]client.OverviewWaiting{}, o.Waiting...)
	data.Needs, data.Untold = v.needed(o.Waiting), o.Untold
	data.Told = !slices.Contains(o.Untold, "waiting")
	if o.Coverage != nil {
		data.Boards = append(data.Boards, d.coverage(*o.Coverage))
	}
	if o.Screening != nil {
		data.Boards = append(data.Boards, d.screening(*o.Screening))
	}
	if o.Gateway != nil {
		data.Boards = append(data.Boards, d.gateway(*o.Gateway))
	}
	if o.Log != nil {
		data.Boards = append(data.Boards, d.log(*o.Log, o.Waiting))
	}
	return v.show("start", data)
}

// drawer draws the overview in steps of the visitor's clock: hours of one day, or days.
type drawer struct {
	*visit
	days   int
	starts []time.Time
	points []chart.Point
}

// newDrawer draws the period that the visitor chose of some; the second by itself, or the only one.
func newDrawer(v *visit, periods ...int) *drawer {
	d := &drawer{visit: v, days: periods[min(1, len(periods)-1)]}
	if n, err := strconv.Atoi(v.r.URL.Query().Get("days")); err == nil && slices.Contains(periods, n) {
		d.days = n
	}
	now := v.Now().In(v.Zone)
	at, step := now.Truncate(time.Hour).Add(-23*time.Hour), func(at time.Time) time.Time { return at.Add(time.Hour) }
	if d.days > 1 {
		at, step = time.Date(now.Year(), now.Month(), now.Day()-d.days+1, 0, 0, 0, 0, v.Zone), func(at time.Time) time.Time { return at.AddDate(0, 0, 1) }
	}
	for ; at.Before(now); at = step(at) {
		p := chart.Point{Name: at.Format("01-02"), Full: at.Format(dateForm)}
		if d.days == 1 {
			p = chart.Point{Name: at.Format("15:04"), Full: at.Format("2006-01-02 15:04")}
		}
		d.starts, d.points = append(d.starts, at), append(d.points, p)
	}
	return d
}

// periods are links to the same page of other periods.
func (d *drawer) periods(path string, all []int) (list []choice) {
	for _, days := range all {
		c := choice{To: with(path, url.Values{}, "days", strconv.Itoa(days)), Name: "page-period-" + strconv.Itoa(days)}
		if days == d.days {
			c.Here = "true"
		}
		list = append(list, c)
	}
	return list
}

// place is the step in which a time lies.
func (d *drawer) place(at time.Time) int {
	i, ok := slices.BinarySearchFunc(d.starts, at, func(start, at time.Time) int { return start.Compare(at) })
	if !ok {
		i--
	}
	return max(i, 0)
}

// lead gives each point the address of a list of what is of its day.
func (d *drawer) lead(path, more string) []chart.Point {
	points := slices.Clone(d.points)
	if d.leads(path) == "" {
		return points
	}
	for i := range points {
		day := d.starts[i].Format(dateForm)
		points[i].To = path + "?from=" + day + "&to=" + day + more
		if d.days == 1 {
			points[i].To = with(path, url.Values{}, "from", d.starts[i].Format(clockForm), "to", d.starts[i].Add(time.Hour).Format(clockForm)) + more
		}
	}
	return points
}

// since is a list of what is of the whole period, narrowed by one more field.
func (d *drawer) since(path, name, value string) string {
	if d.leads(path) == "" {
		return ""
	}
	from := d.starts[0].Format(dateForm)
	if d.days == 1 {
		from = d.starts[0].Format(clockForm)
	}
	return with(path, url.Values{}, "from", from, name, value)
}

func (d *drawer) say(key string, args ...string) string { return d.speakers[d.lang].Say(key, args...) }

func (d *drawer) words(id string) chart.Words {
	return chart.Words{ID: "chart-" + id, Title: d.say("page-chart-" + id), About: d.say("page-chart-about-" + id),
		Table: d.say("page-chart-table"), None: d.say("page-chart-none"), Untold: d.say("page-could-not-tell")}
}

func (d *drawer) along() string {
	if d.days == 1 {
		return d.say("page-label-hour")
	}
	return d.say("page-label-day")
}

// series adds up values of steps by the hour into steps of the drawing.
func series[T any](d *drawer, name string, tone chart.Tone, steps []T, at func(T) time.Time, value func(T) int64) chart.Series {
	s := chart.Series{Name: name, Tone: tone, Values: make([]float64, len(d.starts))}
	total := int64(0)
	for _, x := range steps {
		s.Values[d.place(at(x))] += float64(value(x))
		total += value(x)
	}
	s.Note = grouped(total)
	return s
}

func (d *drawer) coverage(c client.OverviewCoverage) board {
	b := board{ID: "coverage", To: d.leads("/content"), Kept: c.Kept}
	share := d.say("page-figure-none")
	if c.Total.Made > 0 {
		share = chart.Percent(float64(c.Total.Marked) / float64(c.Total.Made))
	}
	b.Figures = []figure{
		{Name: "marked", Text: share, Hint: d.say("page-figure-of", "part", grouped(c.Total.Marked), "whole", grouped(c.Total.Made)), To: d.since("/content", "state", "labelled")},
		{Name: "unmarked-waiting", Text: grouped(c.Total.Waiting), To: d.since("/content", "state", "unlabelled")},
		{Name: "unmarked-failed", Text: grouped(c.Total.Failed), Alarm: c.Total.Failed > 0, To: d.since("/content", "state", "failed")},
	}
	at := func(m client.OverviewMadeAt) time.Time { return m.At }
	b.Wide = append(b.Wide, chart.Bars(chart.Chart{Words: d.words("made"), Along: d.along(), Points: d.lead("/content", ""), Series: []chart.Series{
		series(d, d.say("page-series-marked"), chart.Good, c.Steps, at, func(m client.OverviewMadeAt) int64 { return m.Marked }),
		series(d, d.say("page-series-waiting"), chart.Wait, c.Steps, at, func(m client.OverviewMadeAt) int64 { return m.Waiting }),
		series(d, d.say("page-series-failed"), chart.Bad, c.Steps, at, func(m client.OverviewMadeAt) int64 { return m.Failed }),
	}}))
	by := func(list []client.OverviewMadeBy, name func(client.OverviewMadeBy) string, to func(string) string) (rows []chart.Part) {
		for _, m := range list[:min(len(list), mostRanked)] {
			rows = append(rows, chart.Part{Name: name(m), Tone: chart.Good, To: to(m.Name), Value: float64(m.Marked), Of: float64(m.Made),
				Note: d.say("page-figure-of", "part", grouped(m.Marked), "whole", grouped(m.Made))})
		}
		return rows
	}
	b.Charts = []chart.Drawn{
		chart.Ranked(d.words("functions"), d.say("page-label-made-by"), d.say("page-series-marked"), by(c.Functions, d.functionName, func(name string) string { return d.since("/content", "function", name) })),
		chart.Ranked(d.words("formats"), d.say("page-label-format"), d.say("page-series-marked"), by(c.Formats, func(m client.OverviewMadeBy) string { return valued(d.speakers[d.lang], "page-format-"+m.Name, m.Name) },
			func(name string) string { return d.since("/content", "format", name) })),
	}
	if d.days == 7 {
		b.Wide = append(b.Wide, d.hours(c))
	}
	return b
}

// mostRanked is how many rows a ranking shows.
const mostRanked = 8

func (d *drawer) functionName(m client.OverviewMadeBy) string {
	name := term(d.speakers[d.lang], "page-function-class-"+m.Name, m.Name)
	if m.Service != "" {
		name = m.Service + " · " + name
	}
	return name
}

// hours draws at which hours of which days things were made.
func (d *drawer) hours(c client.OverviewCoverage) chart.Drawn {
	g := chart.Grid{Words: d.words("hours"), Along: d.say("page-label-day"), Rows: d.lead("/content", "")}
	for h := range 24 {
		g.Columns = append(g.Columns, strconv.Itoa(h))
	}
	now := d.Now().In(d.Zone)
	for _, day := range d.starts {
		row := make([]float64, 24)
		for h := range row {
			if day.Add(time.Duration(h) * time.Hour).After(now) {
				row[h] = math.NaN()
			}
		}
		g.Values = append(g.Values, row)
	}
	for _, m := range c.Steps {
		row, h := g.Values[d.place(m.At)], m.At.In(d.Zone).Hour()
		if math.IsNaN(row[h]) {
			row[h] = 0
		}
		row[h] += float64(m.Made)
	}
	g.Untold = d.say("page-chart-later")
	return chart.Heat(g)
}

func (d *drawer) screening(s client.OverviewScreening) board {
	b := board{ID: "screening", To: d.leads("/judgements"), Kept: s.Kept}
	t := s.Total
	all := t.Allowed + t.Labelled + t.Limited + t.Held + t.Refused
	b.Figures = []figure{
		{Name: "judged", Text: grouped(all), To: d.since("/judgements", "", "")},
		{Name: "judged-held", Text: grouped(t.Held), To: d.since("/judgements", "action", "review")},
		{Name: "judged-refused", Text: grouped(t.Refused), To: d.since("/judgements", "action", "refuse")},
		{Name: "judged-untold", Text: grouped(t.Untold), Alarm: t.Untold > 0, To: d.since("/judgements", "verdict", "could-not-tell")},
	}
	at := func(m client.OverviewJudgedAt) time.Time { return m.At }
	action := func(name string) string { return d.say("page-policy-action-" + name) }
	b.Wide = []chart.Drawn{chart.Bars(chart.Chart{Words: d.words("stopped"), Along: d.along(), Points: d.lead("/judgements", ""), Series: []chart.Series{
		series(d, action("refuse"), chart.Bad, s.Steps, at, func(j client.OverviewJudgedAt) int64 { return j.Refused }),
		series(d, action("review"), chart.Wait, s.Steps, at, func(j client.OverviewJudgedAt) int64 { return j.Held }),
		series(d, action("limit"), chart.Third, s.Steps, at, func(j client.OverviewJudgedAt) int64 { return j.Limited }),
		series(d, action("label"), chart.First, s.Steps, at, func(j client.OverviewJudgedAt) int64 { return j.Labelled }),
	}})}
	var rows, where []chart.Part
	for _, f := range s.Categories[:min(len(s.Categories), mostRanked)] {
		rows = append(rows, chart.Part{Name: d.say("page-category-" + f.Category), Tone: chart.Bad, Value: float64(f.Count), To: d.since("/judgements", "category", f.Category)})
	}
	for _, on := range s.Surfaces {
		made := on.Allowed + on.Labelled + on.Limited + on.Held + on.Refused
		where = append(where, chart.Part{Name: d.say("page-surface-" + on.Surface), Tone: chart.Bad, To: d.since("/judgements", "surface", on.Surface), Value: float64(on.Held + on.Refused), Of: float64(made),
			Note: d.say("page-figure-of", "part", grouped(on.Held+on.Refused), "whole", grouped(made))})
	}
	b.Charts = []chart.Drawn{chart.Ranked(d.words("found"), d.say("page-label-category"), d.say("page-figure-judged"), rows),
		chart.Ranked(d.words("where"), d.say("page-label-surface"), d.say("page-series-stopped"), where)}
	return b
}

func (d *drawer) gateway(g client.OverviewGateway) board {
	b := board{ID: "gateway", To: d.leads("/models")}
	up := 0
	for _, t := range g.Targets {
		if t.State == "up" {
			up++
		}
	}
	b.Figures = []figure{
		{Name: "targets-up", Text: d.say("page-figure-up", "up", strconv.Itoa(up), "all", strconv.Itoa(len(g.Targets))), Alarm: up < len(g.Targets), To: d.leads("/models")},
		{Name: "calls", Text: grouped(g.Hour.Calls), To: d.leads("/models")}, {Name: "calls-failed", Text: grouped(g.Hour.Failed), Alarm: g.Hour.Failed > 0, To: d.leads("/models")},
	}
	b.Figures = append(b.Figures, tempo(g.Hour)...)
	b.Wide = []chart.Drawn{d.latency(g)}
	if d.days > 1 {
		b.Wide = append(b.Wide, d.requests(g.Days))
	}
	return b
}

// latency draws how long answers took to begin in the last hour.
func (d *drawer) latency(g client.OverviewGateway) chart.Drawn {
	c := chart.Chart{Words: d.words("latency"), Along: d.say("page-label-minute"), Write: chart.Milliseconds,
		Series: []chart.Series{{Name: d.say("page-figure-p50"), Tone: chart.First}, {Name: d.say("page-figure-p99"), Tone: chart.Bad}}}
	for _, m := range g.Minutes {
		c.Points = append(c.Points, chart.Point{Name: m.At.In(d.Zone).Format("15:04")})
		for i, p := range []*float64{m.P50, m.P99} {
			value := math.NaN() // no call: no time
			if p != nil {
				value = *p
			}
			c.Series[i].Values = append(c.Series[i].Values, value)
		}
	}
	c.Untold = d.say("page-chart-no-call")
	return chart.Line(c)
}

// requests draws calls of models by day, in UTC as they are counted.
func (d *drawer) requests(used []client.OverviewUsed) chart.Drawn {
	c := chart.Chart{Words: d.words("requests"), Along: d.say("page-label-day"), Series: []chart.Series{
		{Name: d.say("page-series-answered"), Tone: chart.First}, {Name: d.say("page-series-blocked"), Tone: chart.Bad}}}
	var totals [2]int64
	to := d.leads("/usage/rows")
	for day := d.firstDay(); day.Before(d.Now()); day = day.AddDate(0, 0, 1) {
		name := day.Format(dateForm)
		p := chart.Point{Name: name[5:], Full: name}
		if to != "" {
			p.To = to + "?from=" + name + "&to=" + name
		}
		var sums [2]int64
		for _, u := range used {
			if u.Day == name {
				sums[0], sums[1] = sums[0]+u.Requests-u.Blocked, sums[1]+u.Blocked
			}
		}
		c.Points = append(c.Points, p)
		for i, n := range sums {
			c.Series[i].Values, totals[i] = append(c.Series[i].Values, float64(n)), totals[i]+n
		}
	}
	for i, n := range totals {
		c.Series[i].Note = grouped(n)
	}
	return chart.Bars(c)
}

// log shows how the evidence log stands, and the orders that bind.
func (d *drawer) log(l client.OverviewLog, waiting []client.OverviewWaiting) board {
	b := board{ID: "log", To: d.leads("/evidence")}
	b.Figures = []figure{{Name: "records", Text: grouped(l.Records), To: d.leads("/records")}, {Name: "log-size", Text: grouped(int64(l.Size)), To: d.leads("/log")}}
	if l.Covered != nil {
		b.Figures = append(b.Figures, figure{Name: "log-covered", At: *l.Covered, To: d.leads("/evidence")})
	}
	late := l.Since != nil && d.Now().Sub(*l.Since) > time.Minute
	b.Figures = append(b.Figures, figure{Name: "waiting", Text: grouped(l.Waiting), Alarm: late, To: d.leads("/evidence")})
	for _, w := range waiting {
		if w.Kind == "orders-in-force" {
			b.Figures = append(b.Figures, figure{Name: "orders-in-force", Text: grouped(w.Count), Alarm: w.Count > 0, To: d.leads("/orders?state=binding")})
		}
	}
	return b
}

// overviewWords are the sentences that the overview makes from what it shows.
func overviewWords() []string {
	var kinds []string
	for _, n := range needs() {
		kinds = append(kinds, n.Kind)
	}
	return slices.Concat(of("page-need-", kinds...), of("page-untold-", "waiting", "coverage", "screening", "gateway", "log"), of("page-board-", "coverage", "screening", "gateway", "log"),
		of("page-period-", "1", "7", "30"), chartWords("made", "functions", "formats", "hours", "stopped", "found", "where", "latency", "requests"),
		of("page-figure-", "marked", "unmarked-waiting", "unmarked-failed", "judged", "judged-held", "judged-refused", "judged-untold", "targets-up", "calls", "calls-failed", "p50", "p99",
			"records", "log-size", "log-covered", "waiting", "orders-in-force"), of("page-label-", "hour", "day", "minute"))
}

func chartWords(ids ...string) []string {
	return append(of("page-chart-", ids...), of("page-chart-about-", ids...)...)
}
