package console

import (
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// oversightMost is how many reviews of each kind are listed where nobody asks for one kind.
const oversightMost = 200

func oversightPages() []page {
	return slices.Concat(oversightList().rows(), mechanismPages(), ethicsPages(), securityPages())
}

// overseen is a review of any kind as the list of all shows it.
type overseen struct {
	Kind, ID, About, State string
	Stands                 cell // what it comes to now
	Made                   time.Time
	Due                    cell
}

func overseenLink(kind, id string) string {
	return map[string]string{"mechanism": "/mechanism-reviews/", "ethics": "/ethics-reviews/", "security": "/security-assessments/"}[kind] + escaped(id)
}

func reviewKinds() []string { return []string{"mechanism", "ethics", "security"} }

func reviewStates() []string {
	return []string{"proposed", "approved", "rejected", "lapsed", "superseded", "submitted", "incomplete", "accepted", "modify", "again", "suspended", "ended", "draft", "filed", "withdrawn"}
}

func reviewState(s string) cell {
	return state("review-state-", s, map[string]tone{"proposed": wait, "approved": good, "rejected": bad, "lapsed": bad, "submitted": wait, "incomplete": wait, "accepted": wait, "modify": wait, "again": wait, "suspended": bad, "draft": wait, "filed": good})
}

func coverageState(s string) cell {
	return state("review-coverage-", s, map[string]tone{"current": good, "stale": bad, "missing": bad, "adverse": bad, "could-not-tell": wait})
}

func headState(s string) cell {
	return state("review-headstate-", s, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait, "attested": wait})
}

// overdue says that a time is over, or nothing.
func overdue(late bool) cell {
	if !late {
		return cell{}
	}
	return state("review-late-", "late", map[string]tone{"late": bad})
}

func oversightList() list[overseen] {
	return list[overseen]{
		name: "oversight", path: "/reviews", title: "page-oversight", group: groupGovernance, action: staff.OversightRead,
		read: func(v *visit, l client.Listing) ([]overseen, string, error) {
			return readOverseen(v.r.Context(), v.api(), l)
		},
		columns: []column[overseen]{
			{name: "rv-review", cell: func(o overseen) cell { return text(cmp.Or(o.About, o.ID)).to(overseenLink(o.Kind, o.ID)) }},
			{name: "rv-kind", cell: func(o overseen) cell { return word("review-kind-", o.Kind) }},
			{name: "state", cell: func(o overseen) cell { return reviewState(o.State) }},
			{name: "rv-stands", cell: func(o overseen) cell { return o.Stands }},
			{name: "rv-due", cell: func(o overseen) cell { return o.Due }},
			{name: "rv-made", side: true, cell: func(o overseen) cell { return moment(o.Made) }},
		},
		filters: []filter{{name: "kind", label: "rv-kind", kind: "choice", words: "review-kind-", options: reviewKinds()}},
		deeds: []lead{{"/mechanism-reviews/new", "page-deed-mechanism-propose", staff.OversightWrite}, {"/ethics-reviews/new", "page-deed-ethics-apply", staff.OversightWrite}, {"/security-assessments/new", "page-deed-security-begin", staff.OversightWrite},
			{"/security-triggers", "page-security-triggers", staff.OversightRead}, {"/ethics-committee", "page-ethics-committee", staff.OversightRead}},
		says: slices.Concat(of("review-state-", reviewStates()...), of("review-coverage-", "current", "stale", "missing", "adverse", "could-not-tell"), of("review-headstate-", "passed", "failed", "could-not-tell", "attested"), of("review-late-", "late")),
	}
}

// readOverseen lists reviews of one kind page by page, or the newest of all kinds together.
func readOverseen(ctx context.Context, c *client.Client, l client.Listing) ([]overseen, string, error) {
	kind := l.Filter.Get("kind") // of this list alone: the API has a list for each
	l.Filter = nil
	var all []overseen
	next := ""
	for _, one := range reviewKinds() {
		if kind != "" && kind != one {
			continue
		}
		asked := l
		if kind == "" {
			if l.Cursor != "" {
				return nil, "", nil
			}
			asked.Limit = oversightMost
		}
		list, more, err := overseenOf(ctx, c, one, asked)
		if err != nil {
			return nil, "", err
		}
		all = append(all, list...)
		if kind != "" {
			next = more
		}
	}
	slices.SortStableFunc(all, func(a, b overseen) int { return b.Made.Compare(a.Made) })
	return all, next, nil
}

func overseenOf(ctx context.Context, c *client.Client, kind string, l client.Listing) (list []overseen, next string, err error) {
	switch kind {
	case "mechanism":
		found, more, err := c.MechanismReviews(ctx, l)
		for _, r := range found {
			x, bad := readExamined(r, nil)
			if bad != nil {
				return nil, "", bad
			}
			o := overseen{Kind: kind, ID: r.ID, About: x.Form.Algorithm, State: r.State, Made: r.Proposed, Due: lastDay(r.Until)}
			if r.State == "approved" {
				o.Stands = coverageState(r.Coverage)
			}
			list = append(list, o)
		}
		return list, more, err
	case "ethics":
		found, more, err := c.EthicsReviews(ctx, l)
		for _, r := range found {
			x, bad := readApplied(r, nil)
			if bad != nil {
				return nil, "", bad
			}
			o := overseen{Kind: kind, ID: r.ID, About: x.Application.Title, State: r.State, Made: r.Made, Stands: overdue(r.Late)}
			if r.State == "accepted" {
				o.Due = lastDay(r.Due)
			} else if r.State == "approved" {
				o.Due = text(r.Next)
			}
			list = append(list, o)
		}
		return list, more, err
	}
	found, more, err := c.SecurityAssessments(ctx, l)
	for _, a := range found {
		list = append(list, overseen{Kind: kind, ID: a.ID, About: a.Basics.Title, State: a.State, Made: a.Made, Stands: headState(a.Worst())})
	}
	return list, more, err
}

// reviewPaper hands out a review of a kind as a document.
func reviewPaper(kind string) func(v *visit) error {
	return func(v *visit) error {
		id, format := v.r.PathValue("id"), v.r.PathValue("format")
		mime, ok := map[string]string{"html": "text/html; charset=utf-8", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf"}[format]
		if !ok {
			return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
		}
		from, err := v.api().ReviewDocument(v.r.Context(), kind, id, format, string(v.lang))
		if err != nil {
			return err
		}
		defer from.Close()
		out := &handing{v: v, kind: mime, name: kind + "-review-" + fileName(id) + "." + format}
		_, err = io.Copy(out, from)
		return out.end(err)
	}
}

// paperWays lead to the documents of a review.
func paperWays(kind, id string) []lead {
	var ways []lead
	for _, format := range []string{"pdf", "docx", "html"} {
		ways = append(ways, lead{overseenLink(kind, id) + "/document/" + format, "review-paper-" + format, staff.OversightRead})
	}
	return ways
}

func paperWords() []string { return of("review-paper-", "pdf", "docx", "html") }

// rv are the keys of labels of reviews.
func rv(names ...string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = "rv-" + n
	}
	return list
}

// noteField asks for a note.
func noteField[T any]() field[T] {
	return field[T]{name: "rv-note", kind: "area", required: true, hint: true}
}

// noted is the body of a step that needs a note.
func (v *visit) noted() map[string]string { return map[string]string{"note": prose(v.sent("rv-note"))} }
