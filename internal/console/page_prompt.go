package console

import (
	"context"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func promptPages() []page {
	rows := []page{{method: get, path: "/prompt", action: staff.ConsentRead, title: "page-prompt", menu: true, group: groupServices, words: []string{"page-tongue-zh", "page-tongue-en"}, do: showPrompt}}
	return append(rows, showingList().rows()...)
}

// showPrompt shows the text that users see before media with a face or voice are taken in.
func showPrompt(v *visit) error {
	p, err := v.api().Prompt(v.r.Context())
	if err != nil {
		return err
	}
	return v.show("prompt", p)
}

func showingList() list[client.PromptShowing] {
	return list[client.PromptShowing]{
		name: "prompt-showings", path: "/prompt/showings", title: "page-prompt-showings", action: staff.ConsentRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.PromptShowing, string, error) {
			return c.PromptShowings(ctx, l)
		},
		columns: []column[client.PromptShowing]{
			{name: "shown", cell: func(s client.PromptShowing) cell { return moment(s.Shown) }},
			{name: "state", cell: func(s client.PromptShowing) cell {
				return state("page-prompt-state-", s.State, map[string]tone{"acknowledged": good, "shown": wait})
			}},
			{name: "subject", cell: func(s client.PromptShowing) cell { return account(s.Subject) }},
			{name: "function", cell: func(s client.PromptShowing) cell { return ident(s.Function).to("/functions/" + escaped(s.Function)) }},
			{name: "acknowledged", cell: func(s client.PromptShowing) cell { return sometime(s.Acknowledged) }},
			{name: "whom-shown", cell: func(s client.PromptShowing) cell { return word("page-depicted-", s.Depicted) }},
			{name: "version", side: true, cell: func(s client.PromptShowing) cell { return text(s.Version) }},
			{name: "tongue", side: true, cell: func(s client.PromptShowing) cell { return word("page-tongue-", s.Language) }},
		},
		filters: []filter{
			{name: "state", kind: "choice", words: "page-prompt-state-", options: []string{"shown", "acknowledged"}},
			{name: "function", kind: "text"},
			{name: "subject", kind: "text"},
		},
		says: []string{"page-depicted-self", "page-depicted-others"},
	}
}
