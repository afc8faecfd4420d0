package console

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/staff"
)

// Pages of the staff about rumours and what is said against them. The public ones are in page_public_refutation.go.
const (
	rumoursPath = "/rumours"
	rumourPath  = rumoursPath + "/{id}"
	noticesPath = rumoursPath + "/notices"
)

func refutationPages() []page {
	return slices.Concat(rumourList().rows(), noticeList().rows(), rumourFormPages(), rumourSheet().rows(), rumourPublishPages())
}

func rumourLink(id string) string { return rumoursPath + "/" + escaped(id) }

func rumourVerdicts() []string { return texts(feed.Verdicts()) }

func rumourStates() []string { return texts(refutation.States()) }

func noticeStates() []string { return texts(refutation.NoticeStates()) }

// rumourWords are the sentences that pages about refutations put together.
func rumourWords() []string {
	return slices.Concat(of("refutation-state-", rumourStates()...), of("refutation-verdict-", rumourVerdicts()...), of("page-rumour-verdict-", rumourVerdicts()...))
}

// rumour is a refutation with its claim as the visitor reads it.
type rumour struct {
	client.Refutation
	title string
	mine  bool                    // the visitor wrote part of it
	reach *client.RefutationReach // nil where it was never published
}

func (v *visit) rumour(r client.Refutation) rumour {
	return rumour{r, briefly(v.words(r.Claim), 80), slices.Contains(r.Writers, string(v.opened.Account.ID)), nil}
}

// words are those of the language that the visitor reads.
func (v *visit) words(w client.Words) string { return v.pair(client.TextPair(w)) }

// briefly is the beginning of a text on one line.
func briefly(text string, most int) string {
	signs := []rune(text)
	for i, c := range signs {
		if c == '\n' {
			signs[i] = ' '
		}
	}
	if len(signs) <= most {
		return string(signs)
	}
	return string(signs[:most-1]) + "…"
}

func rumourState(value string) cell {
	return state("refutation-state-", value, map[string]tone{"published": good, "proposed": wait, "withdrawn": bad})
}

func verdictCell(verdict string) cell { return word("refutation-verdict-", verdict) }

func rumourList() list[rumour] {
	return list[rumour]{
		name: "rumours", path: rumoursPath, title: "page-rumours", group: groupReview, action: staff.RefutationRead, read: readRumours,
		columns: []column[rumour]{
			{name: "rumour-claim", cell: func(r rumour) cell { return text(briefly(r.title, 48)).to(rumourLink(r.ID)) }},
			{name: "state", cell: func(r rumour) cell { return rumourState(r.State) }},
			{name: "verdict", cell: func(r rumour) cell { return verdictCell(r.Verdict) }},
			{name: "rumour-published", cell: func(r rumour) cell { return sometime(r.Published) }},
			{name: "rumour-told", cell: func(r rumour) cell { return r.told() }},
			{name: "rumour-first-seen", side: true, cell: func(r rumour) cell { return sometime(r.FirstSeen) }},
			{name: "rumour-cases", side: true, cell: func(r rumour) cell { return caseCells(r.Cases) }},
			{name: "identifier", side: true, cell: func(r rumour) cell { return ident(r.ID) }},
		},
		filters: []filter{
			{name: "state", kind: "choice", words: "refutation-state-", options: rumourStates()},
			{name: "number", label: "content-number", kind: "text"},
			{name: "case", label: "rumour-case", kind: "text"},
		},
		deeds: []lead{{rumoursPath + "/new", "page-rumour-new", staff.RefutationWrite}, {recallPath, "page-recall-feeds", staff.RecallRead}, {to: publicRefutationsPath, title: "page-rumours-public"}},
		says:  rumourWords(),
	}
}

// readRumours reads a page of refutations, and of each that was published whom it reached.
func readRumours(v *visit, l client.Listing) ([]rumour, string, error) {
	page, next, err := v.api().Refutations(v.r.Context(), l)
	if err != nil {
		return nil, "", err
	}
	var all []rumour
	for _, one := range page {
		r := v.rumour(one)
		if r.Published != nil {
			reach, err := v.api().RefutationReach(v.r.Context(), r.ID)
			if err != nil {
				return nil, "", err
			}
			r.reach = &reach
		}
		all = append(all, r)
	}
	return all, next, nil
}

// told is how many of those who are known to have received the content were told.
func (r rumour) told() cell {
	if r.reach == nil {
		return cell{}
	}
	known := r.reach.Reached + r.reach.Deliverable + r.reach.Unreachable + r.reach.Dropped
	return text(strconv.Itoa(r.reach.Reached) + " / " + strconv.Itoa(known)).to(noticesOf(r.ID, ""))
}

func caseCells(ids []string) cell {
	return several(ids, func(id string) cell { return ident(id).to(caseLink(id)) })
}

// several are chips, and a cell that leads somewhere where there is only one.
func several(values []string, make func(string) cell) cell {
	var c cell
	for _, value := range values {
		c.Many = append(c.Many, make(value))
	}
	if len(c.Many) == 1 {
		return c.Many[0]
	}
	return c
}

// noticesOf is the list of the notices of a refutation, in a state or in all.
func noticesOf(id, state string) string {
	return with(noticesPath, url.Values{}, "refutation", id, "state", state)
}

func noticeState(n client.RefutationNotice) cell {
	return state("refutation-notice-state-", n.State, map[string]tone{"told": good, "read": good, "waiting": wait, "unreachable": bad})
}

// recipient is whom a notice is for.
func recipient(n client.RefutationNotice) cell {
	if n.Party == "application" {
		return by(n.Application)
	}
	return account(n.Subject)
}

func noticeList() list[client.RefutationNotice] {
	return list[client.RefutationNotice]{
		name: "rumour-notices", path: noticesPath, title: "page-rumour-notices", action: staff.RefutationRead, read: readNotices,
		columns: []column[client.RefutationNotice]{
			{name: "rumour-recipient", cell: recipient},
			{name: "state", cell: noticeState},
			{name: "rumour-notice-kind", cell: func(n client.RefutationNotice) cell { return word("page-rumour-notice-", n.Kind) }},
			{name: "numbers", cell: func(n client.RefutationNotice) cell {
				return several(n.Numbers, contentNumber)
			}},
			{name: "rumour-notice-made", cell: func(n client.RefutationNotice) cell { return moment(n.Made) }},
			{name: "rumour-notice-told", cell: func(n client.RefutationNotice) cell { return sometime(n.Told) }},
			{name: "rumour-notice-read", side: true, cell: func(n client.RefutationNotice) cell { return sometime(n.Read) }},
			{name: "rumour-notice-failed", side: true, cell: func(n client.RefutationNotice) cell { return sometime(n.Failed) }},
			{name: "rumour", side: true, cell: func(n client.RefutationNotice) cell { return ident(n.Refutation).to(rumourLink(n.Refutation)) }},
		},
		filters: []filter{{name: "refutation", label: "rumour", kind: "text"}, {name: "state", kind: "choice", words: "refutation-notice-state-", options: noticeStates()}},
		says:    of("page-rumour-notice-", "publish", "withdraw"),
	}
}

// readNotices reads the notices of the refutation that is asked for. Without one there is nothing to list.
func readNotices(v *visit, l client.Listing) ([]client.RefutationNotice, string, error) {
	id := l.Filter.Get("refutation")
	if id == "" {
		return nil, "", nil
	}
	l.Filter = url.Values{"state": l.Filter["state"]}
	return v.api().RefutationNotices(v.r.Context(), id, l)
}
