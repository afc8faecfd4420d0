package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type agreementCommand struct {
	List    agreementListCommand    `cmd:""`
	Show    agreementShowCommand    `cmd:""`
	Starter agreementStarterCommand `cmd:""`
	Draft   agreementDraftCommand   `cmd:""`
	Publish agreementPublishCommand `cmd:""`
	Accept  agreementAcceptCommand  `cmd:""`
}

type agreementListCommand struct {
	remote
	Kind     string   `placeholder:"WORD"`
	Audience string   `placeholder:"users|supporters"`
	State    []string `placeholder:"WORD"`
}

// Run lists versions, the newest first.
func (c *agreementListCommand) Run(s *session) error {
	filter := chosen(map[string]string{"kind": c.Kind, "audience": c.Audience})
	filter["state"] = c.State
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Agreements, func(a client.Agreement) []string {
			return []string{a.ID, s.agreementLine(a)}
		})
	})
}

func (s *session) agreementLine(a client.Agreement) string {
	since := ""
	if a.Effective != nil {
		since = a.Effective.Format(time.RFC3339)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%s\t%s", s.say.Say("agreement-state-"+a.State), a.Kind, a.Audience, a.Number, since, locale.Visible(s.local(a.Title)))
}

// agreed prints a version after a change.
func (s *session) agreed(a client.Agreement, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(a)
	default:
		fmt.Fprintf(s.Stdout, "%s\t%s\n", a.ID, s.agreementLine(a))
	}
	return nil
}

type agreementShowCommand struct {
	remote
	Text    string `placeholder:"zh|en"`
	Version string `arg:"" name:"version"`
}

// Run shows a version, or its text in one language as it is, so that its digest can be computed.
func (c *agreementShowCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.Agreement(ctx, c.Version)
		switch {
		case err != nil:
			return err
		case c.Text != "":
			text := agreement.Texts(*a.Texts).In(c.Text)
			if text == "" { // no language that there is
				return invalid(agreement.CodeMissing)
			}
			_, err := fmt.Fprint(s.Stdout, text)
			return err
		case s.json:
			s.printJSON(a)
		default:
			fmt.Fprintf(s.Stdout, "%s\t%s\n\n%s\n", a.ID, s.agreementLine(a), s.local(*a.Texts))
		}
		return nil
	})
}

type agreementStarterCommand struct {
	Audience string `placeholder:"users|supporters" default:"users"`
	Language string `placeholder:"zh|en" default:"zh"`
	Kind     string `arg:"" name:"kind"`
}

// Run prints a starter text. It needs no server.
func (c *agreementStarterCommand) Run(s *session) error {
	drafts, err := agreement.Starters()
	if err != nil {
		return err
	}
	for _, d := range drafts {
		if text := d.Texts.In(c.Language); string(d.Kind) == c.Kind && string(d.Audience) == c.Audience && text != "" {
			_, err := fmt.Fprint(s.Stdout, text)
			return err
		}
	}
	return invalid(agreement.CodeMissing)
}

type agreementDraftCommand struct {
	remote
	Kind     string `required:"" placeholder:"WORD"`
	Audience string `placeholder:"users|supporters" default:"users"`
	ZH       string `name:"zh" required:"" placeholder:"FILE"`
	EN       string `name:"en" required:"" placeholder:"FILE"`
	Reason   string `placeholder:"TEXT"`
}

// Run drafts a version, which another person publishes.
func (c *agreementDraftCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		zh, err := s.input(c.ZH, maxInput)
		if err != nil {
			return err
		}
		en, err := s.input(c.EN, maxInput)
		if err != nil {
			return err
		}
		d := client.AgreementDraft{Kind: c.Kind, Audience: c.Audience, Texts: client.TextPair{ZH: string(zh), EN: string(en)}, Reason: c.Reason}
		return s.agreed(server.DraftAgreement(ctx, d))
	})
}

type agreementPublishCommand struct {
	remote
	Editorial bool
	Effective time.Time `placeholder:"TIME"`
	Version   string    `arg:"" name:"version"`
}

// Run publishes a draft of somebody else's. Without a word everybody is asked again.
func (c *agreementPublishCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return s.agreed(server.PublishAgreement(ctx, c.Version, !c.Editorial, c.Effective))
	})
}

type agreementAcceptCommand struct {
	remote
	Account  string `required:"" placeholder:"FILE"`
	Language string `required:"" placeholder:"zh|en"`
	Digest   string `required:"" placeholder:"HEX"`
	Version  string `arg:"" name:"version"`
}

// Run says that an account accepted a version. The account comes from a file, since others see arguments.
func (c *agreementAcceptCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		account, err := s.input(c.Account, 1<<10)
		if err != nil {
			return err
		}
		subject, a, err := server.AcceptAgreement(ctx, strings.TrimSpace(string(account)), c.Version, c.Language, c.Digest)
		if err != nil {
			return err
		}
		if s.json {
			s.printJSON(map[string]any{"subject": subject, "acceptance": a})
			return nil
		}
		fmt.Fprintf(s.Stdout, "%s\t%s\t%s\n", subject, a.Kind, a.At.Format(time.RFC3339))
		return nil
	})
}
