package cli

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type webhookCommand struct {
	remote
	List     webhookListCommand     `cmd:""`
	Add      webhookAddCommand      `cmd:""`
	Rotate   webhookRotateCommand   `cmd:""`
	Pause    webhookPauseCommand    `cmd:""`
	Resume   webhookResumeCommand   `cmd:""`
	Test     webhookTestCommand     `cmd:""`
	Remove   webhookRemoveCommand   `cmd:""`
	Messages webhookMessagesCommand `cmd:""`
	Replay   webhookReplayCommand   `cmd:""`
}

type webhookListCommand struct{}

// Run lists the programs that are told what happens.
func (c *webhookListCommand) Run(s *session, w *webhookCommand) error {
	return w.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.Webhooks(ctx)
		for _, h := range list {
			if err := s.hooked(h, nil); err != nil {
				return err
			}
		}
		return err
	})
}

// hooked prints a webhook. A secret goes to nobody but whoever asked for it.
func (s *session) hooked(h client.Webhook, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(h)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(h.ID), s.say.Say("webhook-state-"+h.State), locale.Visible(h.Host), locale.Visible(strings.Join(h.Types, ",")))
	if h.Secret != "" {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("webhook-secret", "secret", h.Secret))
	}
	return nil
}

type webhookAddCommand struct {
	Address string   `arg:"" name:"address"`
	Types   []string `placeholder:"TYPE" default:"*"`
}

// Run has a program told. An address that holds a token may be read from a file: @FILE.
func (c *webhookAddCommand) Run(s *session, w *webhookCommand) error {
	address := c.Address
	if file, ok := strings.CutPrefix(address, "@"); ok {
		text, err := os.ReadFile(file)
		if err != nil {
			return durable.Fault(file, err)
		}
		address = strings.TrimSpace(string(text))
	}
	return w.call(s, func(ctx context.Context, server *client.Client) error {
		return s.hooked(server.AddWebhook(ctx, address, c.Types...))
	})
}

type webhookOne struct {
	ID string `arg:"" name:"id"`
}

func (c *webhookOne) step(s *session, w *webhookCommand, step string) error {
	return w.call(s, func(ctx context.Context, server *client.Client) error {
		return s.hooked(server.StepWebhook(ctx, c.ID, step))
	})
}

type webhookRotateCommand struct{ webhookOne }

// Run makes another secret.
func (c *webhookRotateCommand) Run(s *session, w *webhookCommand) error {
	return c.step(s, w, "rotate")
}

type webhookPauseCommand struct{ webhookOne }

// Run has a program told nothing for now.
func (c *webhookPauseCommand) Run(s *session, w *webhookCommand) error { return c.step(s, w, "pause") }

type webhookResumeCommand struct{ webhookOne }

// Run has a program told again.
func (c *webhookResumeCommand) Run(s *session, w *webhookCommand) error {
	return c.step(s, w, "resume")
}

type webhookTestCommand struct{ webhookOne }

// Run sends a message that says nothing.
func (c *webhookTestCommand) Run(s *session, w *webhookCommand) error {
	return w.call(s, func(ctx context.Context, server *client.Client) error {
		m, err := server.TestWebhook(ctx, c.ID)
		return s.messaged(m, err)
	})
}

type webhookRemoveCommand struct{ webhookOne }

// Run removes a webhook for good.
func (c *webhookRemoveCommand) Run(s *session, w *webhookCommand) error {
	return w.call(s, func(ctx context.Context, server *client.Client) error { return server.RemoveWebhook(ctx, c.ID) })
}

type webhookMessagesCommand struct {
	Webhook string   `placeholder:"ID"`
	State   []string `placeholder:"WORD"`
}

// Run lists messages with what came of the last attempt, the newest first.
func (c *webhookMessagesCommand) Run(s *session, w *webhookCommand) error {
	return w.call(s, func(ctx context.Context, server *client.Client) error {
		filter := chosen(map[string]string{"webhook": c.Webhook})
		filter["state"] = c.State
		for l := (client.Listing{Filter: filter}); ; {
			list, next, err := server.WebhookMessages(ctx, l)
			if err != nil {
				return err
			}
			for _, m := range list {
				if err := s.messaged(m, nil); err != nil {
					return err
				}
			}
			if l.Cursor = next; next == "" {
				return nil
			}
		}
	})
}

// messaged prints a message.
func (s *session) messaged(m client.WebhookMessage, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(m)
		return nil
	}
	w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
	last := ""
	if n := len(m.Attempts); n > 0 {
		a := m.Attempts[n-1]
		last = s.say.Say("webhook-outcome-" + a.Outcome)
		if a.Status > 0 {
			last += " (" + strconv.Itoa(a.Status) + ")"
		}
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", locale.Visible(m.ID), s.say.Say("webhook-message-"+m.State), locale.Visible(m.Type), last, m.Created.Local().Format(time.DateTime))
	return w.Flush()
}

type webhookReplayCommand struct{ webhookOne }

// Run sends a message once more.
func (c *webhookReplayCommand) Run(s *session, w *webhookCommand) error {
	return w.call(s, func(ctx context.Context, server *client.Client) error {
		m, err := server.ReplayWebhook(ctx, c.ID)
		return s.messaged(m, err)
	})
}
