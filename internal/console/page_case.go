package console

import (
	"context"
	"html/template"
	"net/url"
	"slices"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/staff"
)

func casePages() []page {
	return slices.Concat([]page{
		{method: get, path: "/cases", action: staff.DeskRead, title: "page-cases", menu: true, group: groupReview, words: caseWords(), do: showCases},
		{method: post, path: "/cases/next", action: staff.DeskDecide, back: "/cases", do: nextCase},
	}, caseList().rows(), start("/cases/new", "/cases", newCase()), caseViewPages(), caseDecidePages(), caseDeedPages())
}

// caseWords are the sentences of cases that pages put together.
func caseWords() []string {
	return slices.Concat(deskWords(), of("page-done-", "case-none", "case-decided", "case-returned", "case-taken"), of("page-key-case-", "next", "read", "veil", "grey", "decide", "write", "wait", "seek", "extend", "back", "help"))
}

func caseLink(id string) string { return "/cases/" + escaped(id) }

// openStates are those of cases that are still to be decided by themselves.
func openStates() []string { return caseStates()[:4] }

// dueState says how near the end of a limit is.
func (v *visit) dueState(due *time.Time) cell {
	if due == nil {
		return cell{}
	}
	switch left := due.Sub(v.Now()); {
	case left <= 0:
		return cell{Text: "late", Key: "page-due-late", Mark: true, Tone: bad}
	case left < day:
		return cell{Text: "soon", Key: "page-due-soon", Mark: true, Tone: wait}
	}
	return cell{}
}

// about is what a case is about, in one cell.
func aboutCase(a client.CaseAbout) cell {
	var c cell
	for _, n := range a.Numbers {
		c.Many = append(c.Many, contentNumber(n))
	}
	for _, one := range []cell{ident(a.Measure).to("/measures/" + escaped(a.Measure)), ident(a.Judgement).to("/judgements/" + escaped(a.Judgement)), ident(a.Held).to("/review/" + escaped(a.Held)),
		ident(a.Consent).to("/consents/" + escaped(a.Consent)), madeBy(a.Function), ident(a.Model), ident(a.Refutation).to(rumourLink(a.Refutation))} {
		if !one.Empty() {
			c.Many = append(c.Many, one)
		}
	}
	return c
}

func caseColumns() []column[client.Case] {
	return []column[client.Case]{
		{name: "case", cell: func(c client.Case) cell { return ident(c.ID).to(caseLink(c.ID)) }},
		{name: "case-kind", cell: func(c client.Case) cell { return caseKind(c.Kind) }},
		{name: "state", cell: func(c client.Case) cell { return caseState(c.State) }},
		{name: "case-grounds", cell: func(c client.Case) cell { return coded(c.Grounds) }},
		{name: "came-in", cell: func(c client.Case) cell { return moment(c.Received) }},
		{name: "case-due", cell: func(c client.Case) cell { return sometime(c.Due) }},
		{name: "outcome", cell: func(c client.Case) cell {
			if c.Decision == nil {
				return cell{}
			}
			return caseOutcome(c.Decision.Outcome)
		}},
		{name: "case-party", side: true, cell: func(c client.Case) cell { return caseParty(c.Party) }},
		{name: "case-about", side: true, cell: func(c client.Case) cell { return aboutCase(c.About) }},
		{name: "case-assigned", side: true, cell: func(c client.Case) cell { return by(c.Assigned) }},
	}
}

func caseList() list[client.Case] {
	return list[client.Case]{
		name: "cases", path: "/cases/list", title: "page-cases-list", action: staff.DeskRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Case, string, error) {
			return c.Cases(ctx, l)
		},
		columns: caseColumns(),
		filters: []filter{
			{name: "state", kind: "choice", words: "page-case-state-", options: append([]string{"open"}, caseStates()...), means: map[string][]string{"open": openStates()}},
			{name: "kind", label: "case-kind", kind: "choice", words: "page-case-kind-", options: caseKinds()},
			{name: "number", label: "content-number", kind: "text"},
			{name: "step", label: "clock-step", kind: "choice", words: "page-case-event-", options: desk.Steps()}, {name: "month", label: "case-month", kind: "text"},
		},
		deeds: []lead{{to: "/cases", title: "page-cases"}, {"/cases/new", "page-deed-case-new", staff.DeskSubmit}, {to: "/figures", title: "page-case-figures"}},
	}
}

// ticket is a case in the queue, with why it is where it is.
type ticket struct {
	client.Case
	To      string
	Title   cell
	About   cell
	Grounds cell
	DueIs   cell
	Whose   cell
}

func (v *visit) ticket(c client.Case) ticket {
	t := ticket{Case: c, To: caseLink(c.ID), Title: caseKind(c.Kind), About: aboutCase(c.About), Grounds: coded(c.Grounds), DueIs: v.dueState(c.Due)}
	if c.Assigned != "" {
		t.Whose = v.by(c.Assigned)
	}
	v.introduce(t.About.Many)
	return t
}

type casesPage struct {
	Mine    []ticket
	Board   []ticket
	Work    []ticket // that somebody else has, or that waits
	More    bool     // there are more than the board shows
	Filters []filterView
	Filter  url.Values
	Asked   bool
	Decides bool
	Submits bool
	Facts   []fact
	Charts  []template.HTML
	Untold  bool // not all open cases could be counted
	Keys    []caseKey
	Takes   []string
}

// mostCases is how many open cases the page counts.
const mostCases = 2000

// mostBoard is how many cases the queue shows.
const mostBoard = 20

// caseFilter is what the visitor narrowed the queue to. It goes from page to page in the address and in forms.
func (v *visit) caseFilter() url.Values {
	q := url.Values{}
	for _, name := range []string{"kind", "number", "state"} {
		if value := v.r.FormValue(name); value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// showCases is where the staff begins: what they have, what comes next and why, and how the work stands.
func showCases(v *visit) error {
	data := casesPage{Filter: v.caseFilter(), Decides: v.actor().May(staff.DeskDecide), Submits: v.actor().May(staff.DeskSubmit), Keys: caseKeys("next", "help"), Takes: []string{"desk.taken"}}
	data.Asked = len(data.Filter) > 0
	data.Filters = []filterView{
		{filter: filter{label: "case-kind"}, Name: "kind", Kind: "choice", Value: data.Filter.Get("kind"), Options: caseKinds(), Words: "page-case-kind-"},
		{filter: filter{label: "state"}, Name: "state", Kind: "choice", Value: data.Filter.Get("state"), Options: openStates(), Words: "page-case-state-"},
		{filter: filter{label: "content-number"}, Name: "number", Kind: "text", Value: data.Filter.Get("number")},
	}
	open, more, err := gathered(v.r.Context(), v.api().Cases, url.Values{"state": openStates()}, mostCases)
	if err != nil {
		return err
	}
	data.Untold = more
	data.Facts, data.Charts = v.caseFacts(open), v.caseCharts(open)
	fits := func(c client.Case) bool {
		f := data.Filter
		return (f.Get("kind") == "" || f.Get("kind") == c.Kind) && (f.Get("state") == "" || f.Get("state") == c.State) && (f.Get("number") == "" || slices.Contains(c.About.Numbers, f.Get("number")))
	}
	now := v.Now()
	for _, c := range open {
		held := c.State == "taken" && c.Lease != nil && c.Lease.After(now)
		switch {
		case held && c.Assigned == string(v.opened.Account.ID):
			data.Mine = append(data.Mine, v.ticket(c))
		case (held || c.State == "waiting" || !data.Decides) && fits(c):
			data.Work = append(data.Work, v.ticket(c))
		}
	}
	slices.SortStableFunc(data.Work, func(a, b ticket) int { return dueFirst(a.Due, b.Due) })
	data.Work = data.Work[:min(len(data.Work), mostBoard)]
	if data.Decides {
		filter := url.Values{}
		for name, values := range data.Filter {
			if name != "state" {
				filter[name] = values
			}
		}
		board, err := v.api().CaseBoard(v.r.Context(), client.Listing{Filter: filter, Limit: 200})
		if err != nil {
			return err
		}
		board = slices.DeleteFunc(board, func(c client.Case) bool { return !fits(c) && data.Filter.Get("number") == "" })
		data.More = len(board) > mostBoard
		for _, c := range board[:min(len(board), mostBoard)] {
			data.Board = append(data.Board, v.ticket(c))
		}
	}
	return v.show("cases", data)
}

// dueFirst orders by what is due first.
func dueFirst(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

// standing of a case by its limit.
var dueSteps = []struct {
	name string
	tone chart.Tone
	most time.Duration
}{{"late", chart.Bad, 0}, {"day", chart.Wait, day}, {"days", chart.First, 3 * day}, {"later", chart.Good, 365 * 24 * time.Hour}}

// dueStep says within how long a decision is due; empty where the clock stands still.
func (v *visit) dueStep(c client.Case) string {
	if c.State == "waiting" || c.Due == nil {
		return "waits"
	}
	left := c.Due.Sub(v.Now())
	for _, s := range dueSteps {
		if left <= s.most {
			return s.name
		}
	}
	return "later"
}

func (v *visit) caseFacts(open []client.Case) []fact {
	var late, soon, taken, waits int64
	for _, c := range open {
		switch v.dueStep(c) {
		case "late":
			late++
		case "day":
			soon++
		case "waits":
			waits++
		}
		if c.State == "taken" {
			taken++
		}
	}
	return []fact{{"cases-open", count(int64(len(open))).to("/cases/list?state=open")}, {"cases-late", count(late)}, {"cases-due-day", count(soon)}, {"cases-in-work", count(taken).to("/cases/list?state=taken")}, {"cases-waiting", count(waits).to("/cases/list?state=waiting")}}
}

// caseCharts draw the open cases by kind and by when they are due.
func (v *visit) caseCharts(open []client.Case) []template.HTML {
	say := v.speakers[v.lang].Say
	kinds, steps := map[string]int{}, map[string]int{}
	for _, c := range open {
		kinds[c.Kind]++
		steps[v.dueStep(c)]++
	}
	var rows, due []chart.Part
	for _, k := range caseKinds() {
		if kinds[k] > 0 {
			rows = append(rows, chart.Part{Name: v.kindName(k), Tone: chart.First, Value: float64(kinds[k]), To: with("/cases/list", url.Values{}, "kind", k, "state", "open")})
		}
	}
	slices.SortStableFunc(rows, func(a, b chart.Part) int { return int(b.Value - a.Value) })
	for _, s := range dueSteps {
		if n := steps[s.name]; n > 0 {
			due = append(due, chart.Part{Name: say("page-due-within-" + s.name), Tone: s.tone, Value: float64(n)})
		}
	}
	if n := steps["waits"]; n > 0 {
		due = append(due, chart.Part{Name: say("page-due-within-waits"), Tone: chart.Rest, Value: float64(n), To: "/cases/list?state=waiting"})
	}
	return []template.HTML{chart.Ranked(v.deskChart("open"), say("page-label-case-kind"), say("page-label-cases-open"), rows), chart.Share(v.deskChart("due"), due)}
}

// nextCase takes the most urgent case and shows it. No case is handed to two people: who comes second gets the next one.
func nextCase(v *visit) error { return v.toNextCase("") }

func (v *visit) toNextCase(done string) error {
	q := v.caseFilter()
	c, err := v.api().NextCase(v.r.Context(), q.Get("kind"), q.Get("number"))
	if err != nil {
		return err
	}
	if c == nil {
		if done == "" {
			done = "case-none"
		}
		return v.send(with("/cases", q, "done", done))
	}
	return v.send(with(caseLink(c.ID), url.Values{}, "done", "case-taken"))
}

// caseKey is a letter that does something on a page of a case.
type caseKey struct{ Key, Name string }

// caseKeys are the letters of a page, by what they do.
func caseKeys(names ...string) (list []caseKey) {
	letters := map[string]string{"next": "N", "read": "S", "veil": "V", "grey": "G", "decide": "D", "write": "W", "wait": "P", "seek": "F", "extend": "X", "back": "B", "help": "?"}
	for _, n := range names {
		list = append(list, caseKey{letters[n], n})
	}
	return list
}
