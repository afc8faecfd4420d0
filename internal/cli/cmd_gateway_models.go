package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type gatewayModelsCommand struct{}

// Run lists the models that the key may ask.
func (*gatewayModelsCommand) Run(s *session, g *gatewayCommand) error {
	return g.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.Models(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		for _, m := range list {
			if s.json {
				s.printJSON(m)
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", locale.Visible(m.ID), locale.Visible(m.About.Class), locale.Visible(strings.Trim(m.About.Service+"/"+m.About.Function, "/")), locale.Visible(m.About.Screening),
				locale.Visible(strings.Join(m.About.Endpoints, " ")))
		}
		return w.Flush()
	})
}

type gatewayHealthCommand struct{}

// Run says how the places do at which models are served. It exits as checks do: where one is left alone it failed.
func (*gatewayHealthCommand) Run(s *session, g *gatewayCommand) error {
	return g.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.GatewayHealth(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		for _, t := range list {
			if t.State == "down" {
				s.exit = exitNotConforming
			}
			if s.json {
				s.printJSON(t)
				continue
			}
			until := ""
			if t.Until != nil {
				until = t.Until.Local().Format(time.DateTime)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\n", locale.Visible(t.Model), locale.Visible(t.Target), s.say.Say("gateway-state-"+t.State), t.Running, until, locale.Visible(string(t.Code)))
		}
		return w.Flush()
	})
}

type gatewayTryCommand struct {
	Model    string `arg:"" name:"model"`
	Text     string `arg:"" name:"text" optional:""`
	Account  string `required:"" placeholder:"ID"`
	Function string `placeholder:"ID"`
}

// maxTried is the longest text that is asked, in bytes.
const maxTried = 1 << 20

// Run asks a model of text, and prints its answer as it comes, then its marks. Without a text it asks what stands on standard
// input.
func (c *gatewayTryCommand) Run(s *session, g *gatewayCommand) error {
	if c.Text == "" {
		text, err := io.ReadAll(io.LimitReader(s.Stdin, maxTried))
		if err != nil {
			return err
		}
		c.Text = string(text)
	}
	return g.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.Ask(ctx, client.ModelPrompt{Model: c.Model, Text: c.Text, Account: c.Account, Function: c.Function}, func(piece string) error {
			if s.json {
				return nil
			}
			_, err := io.WriteString(s.Stdout, lines(piece))
			return err
		})
		if !s.json && a.Text != "" {
			fmt.Fprintln(s.Stdout)
		}
		if err != nil {
			return err
		}
		if s.json {
			s.printJSON(a)
			return nil
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		for _, row := range [][2]string{{"number", a.Number}, {"notice", a.Notice}, {"label", string(a.Label)}, {"finish", a.Finish}} {
			fmt.Fprintf(w, "%s\t%s\n", s.say.Say("gateway-answer-"+row[0]), locale.Visible(row[1]))
		}
		return w.Flush()
	})
}

// lines are what a model said, fit for a terminal, with its line breaks.
func lines(text string) string {
	parts := strings.Split(text, "\n")
	for i := range parts {
		parts[i] = locale.Visible(parts[i])
	}
	return strings.Join(parts, "\n")
}
