package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/staff"
)

func reviewPages() []page {
	const at = "/review/{id}"
	return []page{
		{method: get, path: "/review", action: staff.HeldRead, title: "page-review", menu: true, group: groupReview, words: reviewWords(), do: showReview},
		{method: post, path: "/review/next", action: staff.HeldDecide, back: "/review", do: nextHeld},
		{method: get, path: at, action: staff.HeldRead, title: "page-held-item", allow: allowSeen, words: of("page-done-", "review-returned", "review-decided", "review-passed"), do: func(v *visit) error { return showHeld(v, false) }},
		{method: post, path: at + "/take", action: staff.HeldDecide, back: at, do: stepHeld},
		{method: post, path: at + "/return", action: staff.HeldDecide, back: at, do: stepHeld},
		{method: post, path: at + "/extend", action: staff.HeldDecide, back: at, do: extendHeld},
		{method: post, path: at + "/show", action: staff.HeldDecide, title: "page-held-item", back: at, allow: allowSeen, do: func(v *visit) error { return showHeld(v, true) }},
		{method: get, path: at + "/content", action: staff.HeldDecide, back: at, do: heldContent},
		{method: post, path: at + "/decide", action: staff.HeldDecide, back: at, do: decideHeld},
	}
}

func decisions() []string {
	var list []string
	for _, d := range moderation.Decisions() {
		list = append(list, string(d))
	}
	return list
}

// ownReasons are the reasons of a decision beside the categories of the taxonomy.
func ownReasons() []string {
	return []string{"false-hit", "harmless-context", "source-checked", "unclear"}
}

func reviewWords() []string {
	return slices.Concat(of("page-decision-", decisions()...), of("page-decision-about-", decisions()...), of("page-step-", steps()...), of("page-reason-", ownReasons()...), of("page-reason-", "moderation-time-out"), of("page-speaker-", "system", "user", "assistant", "tool"),
		of("page-key-review-", "next", "show", "veil", "grey", "allow", "refuse", "restrict", "escalate", "extend", "back", "help"))
}

// allowSeen lets a page play what waits for a decision, from this server.
func allowSeen(h http.Header) {
	allowLive(h)
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; media-src 'self'")
}

// reviewFilter is what the visitor narrowed the queue to. It goes from page to page in the address and in forms.
func (v *visit) reviewFilter() url.Values {
	q := url.Values{}
	for _, name := range []string{"queue", "category", "surface"} {
		if value := v.r.FormValue(name); value != "" {
			q.Set(name, value)
		}
	}
	return q
}

type reviewPage struct {
	Mine     []client.HeldItem // that the visitor has
	Board    *tableView        // what may be taken next
	Waits    bool
	Facts    []fact
	Queues   *tableView
	Filters  []filterView
	Filter   url.Values
	Decides  bool
	Asked    bool
	Untaken  int
	KeyNames []string
}

// showReview is where reviewers begin: what they have, what comes next, and how the work stands.
func showReview(v *visit) error {
	now, c, ctx := v.Now(), v.api(), v.r.Context()
	data := reviewPage{Filter: v.reviewFilter(), Decides: v.actor().May(staff.HeldDecide), KeyNames: []string{"next", "help"}}
	data.Asked = len(data.Filter) > 0
	figures, err := c.HeldFigures(ctx, now.Add(-7*day), now)
	if err != nil {
		return err
	}
	data.Facts, data.Queues = figureFacts(figures), queueTable(figures)
	queues := []string{}
	for _, q := range figures.Queues {
		queues = append(queues, q.Queue)
	}
	data.Filters = []filterView{
		{Name: "queue", Value: data.Filter.Get("queue"), Options: queues, Words: "page-queue-"},
		{Name: "category", Value: data.Filter.Get("category"), Options: categories(), Words: "page-category-"},
		{Name: "surface", Value: data.Filter.Get("surface"), Options: surfaces(), Words: "page-surface-"},
	}
	if !data.Decides {
		return v.show("review", data)
	}
	if data.Mine, _, err = c.HeldItems(ctx, client.Listing{Filter: url.Values{"reviewer": {string(v.opened.Account.ID)}, "state": {"taken"}}, Limit: 10}); err != nil {
		return err
	}
	data.Mine = slices.DeleteFunc(data.Mine, func(it client.HeldItem) bool { return it.Lease == nil || !it.Lease.After(now) })
	board, err := c.HeldBoard(ctx, data.Filter, 10)
	if err != nil {
		return err
	}
	data.Waits, data.Board = len(board) > 0, tableOf("page-review-board", boardColumns(), board)
	return v.show("review", data)
}

func boardColumns() []column[client.HeldItem] {
	all := heldColumns()
	keep := func(name string) column[client.HeldItem] {
		c := all[slices.IndexFunc(all, func(c column[client.HeldItem]) bool { return c.name == name })]
		c.side = name == "surface"
		return c
	}
	return []column[client.HeldItem]{
		{name: "entered", cell: func(it client.HeldItem) cell { return moment(it.Created).to(heldLink(it.ID)) }},
		keep("queue"), keep("categories"), keep("priority"), keep("deadline"), keep("surface"),
		{name: "stage", side: true, cell: func(it client.HeldItem) cell { return word("page-held-stage-", it.Stage) }},
	}
}

// nextHeld takes the most urgent item and shows it.
func nextHeld(v *visit) error { return v.toNext("") }

func (v *visit) toNext(done string) error {
	q := v.reviewFilter()
	it, err := v.api().NextHeld(v.r.Context(), q)
	if err != nil {
		return err
	}
	to := "/review"
	if it != nil {
		to = heldLink(it.ID)
	} else if done == "" {
		done = "review-empty"
	}
	return v.send(with(to, q, "done", done))
}

type heldPage struct {
	Item      client.HeldItem
	Kept      []fact
	Outcome   []fact
	Ways      []lead // to a case of illegal output
	Findings  *tableView
	Mine      bool // the visitor has it
	Free      bool // the visitor may take it
	Decides   bool
	Senior    bool
	Seen      []revealed // what was asked to be shown
	Decisions []string
	Reasons   []cell
	Measures  []string
	Account   []fact
	InForce   *tableView
	Alike     *tableView
	Filter    url.Values
	Here      string // address of the item
	KeyNames  []string
	Chosen    string
	Takes     []string // records that each step may make
	Returns   []string
	Reads     []string
	Rules     []string
}

// showHeld shows one item with all that bears on it. Its content is fetched when the reviewer asks for it, and a record says so.
func showHeld(v *visit, reveal bool) error {
	id, c, ctx := v.r.PathValue("id"), v.api(), v.r.Context()
	it, err := c.HeldItem(ctx, id)
	if err != nil {
		return err
	}
	now := v.Now()
	data := heldPage{Item: it, Filter: v.reviewFilter(), Here: heldLink(id), Decides: v.actor().May(staff.HeldDecide), Senior: slices.Contains(v.actor().Roles, staff.Officer),
		Decisions: decisions(), Measures: steps(), Chosen: v.sent("decision"), KeyNames: []string{"next", "show", "veil", "grey", "allow", "refuse", "restrict", "escalate", "extend", "back", "help"}}
	data.Takes, data.Returns, data.Reads = []string{"moderation.taken"}, []string{"moderation.returned"}, []string{"moderation.read"}
	data.Rules = []string{"moderation.decided", "moderation.confirmed", "moderation.proposed", "moderation.escalated"}
	open := it.State == "waiting" || it.State == "taken"
	held := it.State == "taken" && it.Lease != nil && it.Lease.After(now)
	data.Mine = held && it.Reviewer == string(v.opened.Account.ID)
	data.Free = data.Decides && open && !held && it.Deadline.After(now) && (it.Stage != "senior" || data.Senior)
	data.Kept = heldFacts(it)
	data.Outcome = heldEnd(it)
	if it.Surface == "output" {
		data.Ways = correctionWays(v, "held/"+it.ID)
	}
	data.Findings = tableOf("page-held-findings", heldFindingColumns(), it.Findings)
	data.Reasons = reasonsOf(it)
	if err := data.context(v, it); err != nil {
		return err
	}
	if reveal {
		if data.Seen, err = v.reveal(it); err != nil {
			return err
		}
	}
	return v.show("held", data)
}

func heldFacts(it client.HeldItem) []fact {
	all := []fact{
		{"state", heldState(it)}, {"queue", queueName(it.Queue)}, {"priority", count(int64(it.Priority))}, {"surface", word("page-surface-", it.Surface)}, {"function", madeBy(it.Function)},
		{"about", ident(it.About).to("/content/" + escaped(it.About))}, {"entered", moment(it.Created)}, {"deadline", moment(it.Deadline)},
		{"judgement", ident(it.Judgement).to("/judgements/" + escaped(it.Judgement))}, {"policy", ident(it.Policy).to("/policies/" + escaped(it.Policy))}, {"rows", idents(it.Rows)}, {"library", ident(it.Library)},
	}
	return slices.DeleteFunc(all, func(f fact) bool { return f.Cell.Empty() })
}

func heldEnd(it client.HeldItem) []fact {
	if it.Outcome == "" {
		return nil
	}
	all := []fact{{"outcome", heldOutcome(it.Outcome)}, {"reason", reason(string(it.Reason))}, {"measure", word("page-step-", it.Measure)}, {"decided-at", sometime(it.Decided)},
		{"acted", sometime(it.Acted)}, {"overturned", whether(it.Overturned)}}
	return slices.DeleteFunc(all, func(f fact) bool { return f.Cell.Empty() })
}

// reason is the reason of a decision: one of ours, or a category.
func reason(code string) cell {
	if slices.Contains(categories(), code) {
		return category(code)
	}
	return word("page-reason-", code)
}

// reasonsOf are the reasons to choose from: the categories that were found, our own, and then all others.
func reasonsOf(it client.HeldItem) []cell {
	var list []cell
	first := heldCategories(it)
	for _, id := range first {
		list = append(list, category(id))
	}
	for _, id := range ownReasons() {
		list = append(list, word("page-reason-", id))
	}
	for _, id := range categories() {
		if !slices.Contains(first, id) {
			list = append(list, category(id))
		}
	}
	return list
}

func heldFindingColumns() []column[client.HeldFinding] {
	return []column[client.HeldFinding]{
		{name: "category", cell: func(f client.HeldFinding) cell { return category(f.Category) }},
		{name: "level", cell: func(f client.HeldFinding) cell { return findingLevel(f.Level) }},
		{name: "severity", cell: func(f client.HeldFinding) cell {
			var c cell
			if f.Illegal {
				c.Many = append(c.Many, word("page-finding-", "illegal"))
			}
			if f.High {
				c.Many = append(c.Many, word("page-finding-", "high"))
			}
			return c
		}},
		{name: "rule", cell: func(f client.HeldFinding) cell { return ident(f.Rule) }},
		{name: "part", side: true, cell: func(f client.HeldFinding) cell { return ident(f.Part) }},
	}
}

// context adds what is known of the account, and what was decided about it before. Nobody is told more than he may ask for.
func (p *heldPage) context(v *visit, it client.HeldItem) error {
	c, ctx := v.api(), v.r.Context()
	if v.actor().May(staff.AccountRead) && it.Subject != "system" {
		a, err := c.Account(ctx, it.Subject)
		if err != nil {
			if e, _ := told(err); e == nil || e.Status != http.StatusNotFound {
				return err
			}
		}
		level := a.Level
		if level == "" {
			level = "none"
		}
		p.Account = []fact{{"subject", account(it.Subject)}, {"identity-level", word("page-level-", level)}}
		if a.Minor != "" {
			p.Account = append(p.Account, fact{"minor", word("page-age-", a.Minor)})
		}
	}
	if v.actor().May(staff.MeasureRead) {
		list, _, err := c.Measures(ctx, client.Listing{Filter: url.Values{"subject": {it.Subject}}, Limit: 5})
		if err != nil {
			return err
		}
		p.InForce = tableOf("page-held-measures", []column[client.Measure]{
			{name: "measure", cell: func(m client.Measure) cell {
				return word("page-step-", m.Step).to("/measures/" + escaped(m.ID))
			}},
			{name: "in-force", cell: func(m client.Measure) cell { return yes(m.InForce) }},
			{name: "until", cell: func(m client.Measure) cell { return sometime(m.Until) }},
		}, list)
	}
	list, err := v.alike(it)
	p.Alike = tableOf("page-held-alike", []column[client.HeldItem]{
		{name: "entered", cell: func(x client.HeldItem) cell { return moment(x.Created).to(heldLink(x.ID)) }},
		{name: "categories", cell: func(x client.HeldItem) cell { return chips("page-category-", heldCategories(x)) }},
		{name: "outcome", cell: func(x client.HeldItem) cell {
			if x.Outcome == "" {
				return heldState(x)
			}
			return heldOutcome(x.Outcome)
		}},
	}, list)
	return err
}

// alike are other items of the same account, and what was decided of the same category.
func (v *visit) alike(it client.HeldItem) ([]client.HeldItem, error) {
	var list []client.HeldItem
	questions := []url.Values{{"subject": {it.Subject}}}
	if len(it.Findings) > 0 {
		questions = append(questions, url.Values{"category": {it.Findings[0].Category}, "function": {it.Function}, "state": {"decided"}})
	}
	for _, q := range questions {
		found, _, err := v.api().HeldItems(v.r.Context(), client.Listing{Filter: q, Limit: 6})
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			if x.ID != it.ID && !slices.ContainsFunc(list, func(y client.HeldItem) bool { return y.ID == x.ID }) {
				list = append(list, x)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b client.HeldItem) int { return b.Created.Compare(a.Created) })
	return list[:min(len(list), 6)], nil
}

// stepHeld takes an item or gives it back, as the last part of the address says.
func stepHeld(v *visit) error {
	id := v.r.PathValue("id")
	step := v.page.path[strings.LastIndex(v.page.path, "/")+1:]
	if _, err := v.api().StepHeld(v.r.Context(), id, step); err != nil {
		return err
	}
	if step == "return" {
		return v.send(with("/review", v.reviewFilter(), "done", "review-returned"))
	}
	return v.send(with(heldLink(id), v.reviewFilter()))
}

func extendHeld(v *visit) error {
	id := v.r.PathValue("id")
	if _, err := v.api().ExtendHeld(v.r.Context(), id); err != nil {
		return err
	}
	return v.send(with(heldLink(id), v.reviewFilter()))
}

func decideHeld(v *visit) error {
	r := client.HeldRuling{Decision: v.sent("decision"), Reason: colophon.Code(v.sent("reason")), Note: v.sent("note")}
	if r.Decision == string(moderation.RefuseMeasure) {
		r.Measure = v.sent("measure")
	}
	it, err := v.api().DecideHeld(v.r.Context(), v.r.PathValue("id"), r)
	if err != nil {
		return err
	}
	done := "review-decided"
	if it.Outcome == "" {
		done = "review-passed"
	}
	if v.sent("then") == "next" {
		return v.toNext(done)
	}
	return v.send(with(heldLink(it.ID), v.reviewFilter(), "done", done))
}
