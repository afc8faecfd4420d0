package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type listCommand struct {
	remote
	Import  listImportCommand  `cmd:""`
	Batches listBatchesCommand `cmd:""`
	Find    listFindCommand    `cmd:""`
	Number  listNumberCommand  `cmd:""`
	Own     listOwnCommand     `cmd:""`
}

type listImportCommand struct {
	Series    string `required:"" placeholder:"WORD" enum:"deep-synthesis,algorithm,cancellation"`
	Batch     string `required:"" placeholder:"NAME"`
	Published string `required:"" placeholder:"DATE"`
	Source    string `placeholder:"URL"`
	File      string `arg:"" name:"file"`
}

// Run imports a published list, and tells what of it could not be read.
func (c *listImportCommand) Run(s *session, p *listCommand) error {
	f, err := os.Open(c.File)
	if err != nil {
		return durable.Fault(c.File, err)
	}
	defer f.Close()
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		out, err := server.ImportFilingList(ctx, client.ListAbout{Series: c.Series, Batch: c.Batch, Published: c.Published, Source: c.Source}, f)
		switch {
		case err != nil:
			return err
		case s.json:
			s.printJSON(out)
			return nil
		}
		n, d := out.List.Counts, out.Difference
		fmt.Fprintln(s.Stdout, s.say.Say("filing-list-imported", "rows", itoa(n.Rows), "read", itoa(n.Read), "doubtful", itoa(n.Doubtful), "unreadable", itoa(n.Unreadable)))
		fmt.Fprintln(s.Stdout, s.say.Say("filing-list-difference", "added", itoa(d.Added), "changed", itoa(d.Changed), "cancelled", itoa(d.Cancelled), "gone", itoa(d.Gone)))
		for _, r := range out.Doubts {
			var why []string
			for _, reason := range r.Reasons {
				why = append(why, locale.Visible(reason.Text))
			}
			fmt.Fprintf(s.Stdout, "  %s\t%s\t%s\n", s.say.Say("filing-list-row", "table", itoa(r.Table), "row", itoa(r.Row)), locale.Visible(r.Name), strings.Join(why, "; "))
		}
		return nil
	})
}

type listBatchesCommand struct{}

// Run lists imported lists, the newest first.
func (c *listBatchesCommand) Run(s *session, p *listCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, nil, server.FilingLists, func(b client.FilingList) []string {
			return []string{locale.Visible(b.ID), s.say.Say("page-list-series-" + b.Series), locale.Visible(b.Name), locale.Visible(b.Published), itoa(b.Counts.Rows), s.say.Say("page-list-state-" + b.State)}
		})
	})
}

type listFindCommand struct {
	Series string   `placeholder:"WORD"`
	Limit  int      `default:"20" placeholder:"N"`
	Words  []string `arg:"" name:"words"`
}

// Run searches all imported lists.
func (c *listFindCommand) Run(s *session, p *listCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		out, err := server.FindListed(ctx, strings.Join(c.Words, " "), c.Series, 0, c.Limit)
		switch {
		case err != nil:
			return err
		case s.json:
			s.printJSON(out)
			return nil
		}
		s.listedRows(out.Rows)
		fmt.Fprintln(s.Stdout, s.say.Say("filing-list-found", "shown", itoa(len(out.Rows)), "total", itoa(out.Total), "day", locale.Visible(out.AsOf)))
		return nil
	})
}

func (s *session) listedRows(rows []client.FilingHit) {
	for _, h := range rows {
		fmt.Fprintf(s.Stdout, "%s  %s  %s  %s  (%s %s)\n", locale.Visible(h.Row.Number), locale.Visible(h.Row.Name), locale.Visible(h.Row.Entity), locale.Visible(h.Row.Product), s.say.Say("page-list-series-"+h.Series), locale.Visible(h.Batch))
	}
}

type listNumberCommand struct {
	Number string `arg:"" name:"number"`
}

// Run says whether a number is on the imported lists.
func (c *listNumberCommand) Run(s *session, p *listCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		out, err := server.ListedNumber(ctx, c.Number)
		if err != nil {
			return err
		}
		s.exit = verdictExit(out.Verdict)
		if s.json {
			s.printJSON(out)
			return nil
		}
		fmt.Fprintf(s.Stdout, "%s: %s\n", locale.Visible(c.Number), locale.Visible(out.Says.Text))
		s.listedRows(out.Hits)
		return nil
	})
}

func verdictExit(v string) int {
	return map[string]int{"passed": exitDone, "failed": exitNotConforming, "could-not-tell": exitCouldNotTell}[v]
}

// weigh adds a verdict to the exit code: one that failed outweighs all that is neither, and that what passed.
func (s *session) weigh(verdict string) {
	switch {
	case verdict == "failed":
		s.exit = exitNotConforming
	case verdict != "passed" && s.exit == exitDone:
		s.exit = exitCouldNotTell
	}
}

type listOwnCommand struct{}

// Run holds the numbers that we show against the lists.
func (c *listOwnCommand) Run(s *session, p *listCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		list, _, err := server.OwnNumbers(ctx)
		for _, o := range list {
			s.weigh(o.Verdict)
			if s.json {
				s.printJSON(o)
				continue
			}
			fmt.Fprintf(s.Stdout, "%s  %s  %s: %s\n", locale.Visible(o.Function), locale.Visible(o.Model), locale.Visible(o.Written), locale.Visible(o.Says.Text))
		}
		return err
	})
}
