package console

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/staff"
)

func contentPages() []page {
	return slices.Concat(contentList().rows(), findPages(), artefactPages())
}

func artefactStates() []string {
	return []string{"received", "held", "marked", "delivered", "failed", "erased"}
}

func artefactState(a client.Artefact) cell {
	return state("page-artefact-state-", a.State, map[string]tone{"received": wait, "held": wait, "marked": good, "delivered": good, "failed": bad})
}

func contentLink(number string) string { return "/content/" + escaped(number) }

// contentNumber is one that leads to its page.
func contentNumber(n string) cell { return ident(n).to(contentLink(n)) }

// format is the name of a file format.
func format(name string) cell { return word("page-format-", name) }

func contentColumns() []column[client.Artefact] {
	return []column[client.Artefact]{
		{name: "content-number", cell: func(a client.Artefact) cell { return contentNumber(a.Number) }},
		{name: "state", cell: artefactState},
		{name: "format", cell: func(a client.Artefact) cell { return format(a.Format) }},
		{name: "made-by", cell: func(a client.Artefact) cell { return madeBy(a.Function) }},
		{name: "came-in", cell: func(a client.Artefact) cell { return moment(a.Created) }},
		{name: "model", side: true, cell: func(a client.Artefact) cell { return text(a.Model) }},
		{name: "subject", side: true, cell: func(a client.Artefact) cell { return account(a.Subject) }},
	}
}

// madeBy is the function that made content, or its class.
func madeBy(function string) cell { return word("page-function-class-", function) }

func contentList() list[client.Artefact] {
	var formats []string
	for _, f := range media.Formats() {
		formats = append(formats, string(f))
	}
	return list[client.Artefact]{
		name: "content", path: "/content", title: "page-content", group: groupContent, action: staff.ArtefactRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Artefact, string, error) {
			l.Filter.Set("newest", "true")
			return c.Artefacts(ctx, l)
		},
		columns: contentColumns(),
		filters: []filter{
			{name: "state", kind: "choice", words: "page-artefact-state-", options: append([]string{"labelled", "unlabelled"}, artefactStates()...), means: map[string][]string{"labelled": {"marked", "delivered"}, "unlabelled": {"received", "held"}}},
			{name: "format", kind: "choice", words: "page-format-", options: formats},
			{name: "finding", kind: "choice", words: "page-category-", options: categories()},
			{name: "from", kind: "from"}, {name: "to", kind: "until"},
			{name: "function", label: "made-by", kind: "text"}, {name: "model", kind: "text"}, {name: "subject", kind: "text"},
		},
		deeds: []lead{{to: "/content/find", title: "page-content-find"}},
		says:  of("page-function-class-", functionClasses()...),
	}
}

func findPages() []page {
	words := []string{"page-label-own-account", "page-hint-own-account"}
	return []page{
		{method: get, path: "/content/find", action: staff.ArtefactRead, title: "page-content-find", above: "/content", words: words, allow: allowLiveChecker, do: showFind},
		{method: post, path: "/content/find", action: staff.AccountRead, back: "/content/find", do: findAccount},
	}
}

// findPage is what was looked for, and what was found.
type findPage struct {
	Asked   string
	Digest  bool
	Checker checkerView
	Account fieldView
	Found   *tableView
	Uploads *tableView
}

// digests is what a SHA-256 looks like.
var digests = regexp.MustCompile(`^[0-9a-f]{64}$`)

// showFind looks for content by its number, or by the digest of a file, which a script computes in the browser. The number
// may stand in the label of a file whose bytes changed.
func showFind(v *visit) error {
	q := v.r.URL.Query()
	asked := strings.TrimSpace(q.Get("q"))
	data := findPage{Asked: asked, Checker: v.checker(), Account: fieldView{Name: "own-account", Kind: "text", Required: true, Hint: true, Most: 256}}
	if asked == "" {
		return v.show("find", data)
	}
	if data.Digest = digests.MatchString(strings.ToLower(asked)); data.Digest {
		asked = strings.ToLower(asked)
	}
	found, err := v.findContent(asked, data.Digest)
	if err != nil {
		return err
	}
	if other := q.Get("number"); len(found) == 0 && other != "" {
		if found, err = v.findContent(other, false); err != nil {
			return err
		}
	}
	if len(found) == 1 && !data.Digest {
		return v.send(contentLink(found[0].Number))
	}
	data.Found = tableOf("page-content-found", contentColumns(), found)
	if v.actor().May(staff.IntakeRead) {
		name := map[bool]string{true: "digest", false: "number"}[data.Digest]
		uploads, _, err := v.api().Intakes(v.r.Context(), client.Listing{Filter: map[string][]string{name: {asked}}, Limit: listSize})
		if err != nil {
			return err
		}
		data.Uploads = tableOf("page-intake-found", intakeColumns(), uploads)
	}
	return v.show("find", data)
}

// findContent returns the content that has a number or a digest.
func (v *visit) findContent(asked string, digest bool) ([]client.Artefact, error) {
	if digest {
		list, _, err := v.api().Artefacts(v.r.Context(), client.Listing{Filter: map[string][]string{"digest": {asked}}, Limit: listSize})
		return list, err
	}
	a, err := v.api().Artefact(v.r.Context(), asked)
	if e, _ := told(err); e != nil && (e.Status == 404 || e.Status == 422) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []client.Artefact{a}, nil
}

// findAccount looks for the content of an account by the provider's own identifier, which gets into no address.
func findAccount(v *visit) error {
	account := strings.TrimSpace(v.sent("own-account"))
	if account == "" {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	subject, err := v.api().FindAccount(v.r.Context(), account)
	if err != nil {
		return err
	}
	return v.send("/content?subject=" + escaped(subject))
}
