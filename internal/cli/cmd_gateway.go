package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

// codeNoKeyText says that no key came on standard input.
const codeNoKeyText colophon.Code = "gateway-no-key-text"

type gatewayCommand struct {
	remote
	Models gatewayModelsCommand `cmd:""`
	Health gatewayHealthCommand `cmd:""`
	Try    gatewayTryCommand    `cmd:""`
	Key    gatewayKeyCommand    `cmd:""`
	Usage  gatewayUsageCommand  `cmd:""`
}

type gatewayKeyCommand struct {
	List   gatewayKeyListCommand   `cmd:""`
	Set    gatewayKeySetCommand    `cmd:""`
	Remove gatewayKeyRemoveCommand `cmd:""`
}

type gatewayKeyListCommand struct{}

// Run lists the keys by which models know the server.
func (*gatewayKeyListCommand) Run(s *session, g *gatewayCommand) error {
	return g.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.UpstreamKeys(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		for _, k := range list {
			s.upstreamKey(w, k)
		}
		return w.Flush()
	})
}

func (s *session) upstreamKey(w *tabwriter.Writer, k client.UpstreamKey) {
	if s.json {
		s.printJSON(k)
		return
	}
	fmt.Fprintf(w, "%s\t…%s\t%s\t%s\n", locale.Visible(k.Name), locale.Visible(k.Tail), k.Changed.Local().Format(time.DateTime), locale.Visible(k.By))
}

type gatewayKeySetCommand struct {
	Name string `arg:""`
}

// Run sets a key, which is the first line of standard input.
func (c *gatewayKeySetCommand) Run(s *session, g *gatewayCommand) error {
	text, err := s.secret("gateway-key-text")
	if err != nil {
		return err
	}
	if text == "" {
		return invalid(codeNoKeyText)
	}
	return g.call(s, func(ctx context.Context, server *client.Client) error {
		k, err := server.SetUpstreamKey(ctx, c.Name, text)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		s.upstreamKey(w, k)
		return w.Flush()
	})
}

type gatewayKeyRemoveCommand struct {
	Name string `arg:""`
}

// Run removes a key.
func (c *gatewayKeyRemoveCommand) Run(s *session, g *gatewayCommand) error {
	return g.call(s, func(ctx context.Context, server *client.Client) error { return server.RemoveUpstreamKey(ctx, c.Name) })
}

type gatewayUsageCommand struct {
	Account string `placeholder:"ID"`
	Subject string `placeholder:"PSEUDONYM"`
	Model   string `placeholder:"NAME"`
	From    string `placeholder:"2026-11-01"`
	To      string `placeholder:"2026-11-30"`
	Sum     bool
	CSV     bool `name:"csv"`
}

// Run says what accounts used of the models.
func (c *gatewayUsageCommand) Run(s *session, g *gatewayCommand) error {
	q := client.UsageQuery{Account: c.Account, Subject: c.Subject, Model: c.Model, From: c.From, To: c.To, Sum: c.Sum}
	return g.call(s, func(ctx context.Context, server *client.Client) error {
		if c.CSV {
			return server.UsageCSV(ctx, q, s.Stdout)
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		if !s.json {
			fmt.Fprintln(w, s.say.Say("gateway-usage-head"))
		}
		for {
			list, next, err := server.Usage(ctx, q)
			if err != nil {
				return err
			}
			for _, u := range list {
				if s.json {
					s.printJSON(u)
					continue
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\n", locale.Visible(u.Day), locale.Visible(u.Subject), locale.Visible(u.Model), u.Requests, u.Blocked, u.Input, u.Output)
			}
			if q.Cursor = next; next == "" {
				return w.Flush()
			}
		}
	})
}
