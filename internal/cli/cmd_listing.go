package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/register/card"
)

type listingCommand struct {
	List    listingListCommand    `cmd:""`
	Show    listingShowCommand    `cmd:""`
	Ask     listingAskCommand     `cmd:""`
	Answer  listingAnswerCommand  `cmd:""`
	Check   listingCheckCommand   `cmd:""`
	Admit   listingAdmitCommand   `cmd:""`
	Refuse  listingRefuseCommand  `cmd:""`
	Warn    listingWarnCommand    `cmd:""`
	Suspend listingSuspendCommand `cmd:""`
	Delist  listingDelistCommand  `cmd:""`
}

type listingListCommand struct {
	remote
	State   string `placeholder:"WORD"`
	Verdict string `placeholder:"WORD"`
}

// Run lists the apps of a store, the newest first.
func (c *listingListCommand) Run(s *session) error {
	filter := chosen(map[string]string{"state": c.State, "verdict": c.Verdict})
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.ListedApps, func(one client.ListedApp) []string {
			return []string{locale.Visible(one.ID), s.word("page-listing-state-", one.State), s.word("page-verdict-", one.Verdict), locale.Visible(one.App), locale.Visible(one.Address)}
		})
	})
}

// listed prints an app.
func (s *session) listed(a client.ListedApp, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(a)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(a.ID), s.word("page-listing-state-", a.State), locale.Visible(a.App), locale.Visible(a.Address))
	w := s.columns()
	for _, f := range a.Findings {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", s.say.Say("page-verdict-"+f.Verdict), locale.Visible(f.Function), s.word("page-card-check-", f.Check), locale.Visible(f.Finding.Sentence))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, act := range a.Acts {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", act.At.Local().Format(time.DateTime), s.word("page-listing-state-", act.To), locale.Visible(act.By), locale.Visible(act.Reason))
	}
	return w.Flush()
}

// one does something with an app and prints it.
func (r remote) oneListing(s *session, do func(context.Context, *client.Client) (client.ListedApp, error)) error {
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		app, err := do(ctx, server)
		return s.listed(app, err)
	})
}

type listingShowCommand struct {
	remote
	ID string `arg:"" name:"id"`
}

// Run shows an app.
func (c *listingShowCommand) Run(s *session) error {
	return c.oneListing(s, func(ctx context.Context, server *client.Client) (client.ListedApp, error) {
		return server.ListedApp(ctx, c.ID)
	})
}

type listingAskCommand struct {
	remote
	Days    int    `default:"14"`
	App     string `arg:"" name:"app"`
	Address string `arg:"" name:"address"`
}

// Run asks the provider of an app.
func (c *listingAskCommand) Run(s *session) error {
	return c.oneListing(s, func(ctx context.Context, server *client.Client) (client.ListedApp, error) {
		return server.AskListing(ctx, c.App, c.Address, time.Now().AddDate(0, 0, c.Days))
	})
}

type listingAnswerCommand struct {
	remote
	OffersNone bool     `name:"offers-none"`
	Card       string   `placeholder:"FILE"`
	Key        string   `placeholder:"KEY"`
	Materials  string   `placeholder:"CHECK"`
	Report     []string `placeholder:"FILE" sep:"none"`
	ID         string   `arg:"" name:"id"`
}

// Run enters what a provider handed in.
func (c *listingAnswerCommand) Run(s *session) error {
	a := client.ListingAnswer{Offers: !c.OffersNone, Materials: c.Materials}
	if c.Card != "" {
		raw, err := short(c.Card, card.MaxCard)
		if err != nil {
			return err
		}
		a.Card = string(raw)
	}
	if c.Key != "" {
		var err error
		if _, a.Key, err = recallKey(c.Key); err != nil {
			return err
		}
	}
	for _, name := range c.Report {
		digest, _, err := atHand(s.ctx, name)
		if err != nil {
			return err
		}
		a.Reports = append(a.Reports, digest)
	}
	return c.oneListing(s, func(ctx context.Context, server *client.Client) (client.ListedApp, error) {
		return server.AnswerListing(ctx, c.ID, a)
	})
}

type listingCheckCommand struct {
	remote
	ID string `arg:"" name:"id"`
}

// Run checks an app again.
func (c *listingCheckCommand) Run(s *session) error {
	return c.oneListing(s, func(ctx context.Context, server *client.Client) (client.ListedApp, error) {
		return server.StepListing(ctx, c.ID, "check", "")
	})
}

type listingAdmitCommand struct {
	remote
	Reason string `placeholder:"TEXT"`
	ID     string `arg:"" name:"id"`
}

// Run lists an app, or ends a warning or a suspension.
func (c *listingAdmitCommand) Run(s *session) error {
	return c.oneListing(s, func(ctx context.Context, server *client.Client) (client.ListedApp, error) {
		return server.StepListing(ctx, c.ID, "list", c.Reason)
	})
}

type listingRefuseCommand struct{ listingAgainst }

// Run refuses an app.
func (c *listingRefuseCommand) Run(s *session) error { return c.step(s, "refuse") }

type listingSuspendCommand struct{ listingAgainst }

// Run suspends an app.
func (c *listingSuspendCommand) Run(s *session) error { return c.step(s, "suspend") }

type listingDelistCommand struct{ listingAgainst }

// Run delists an app.
func (c *listingDelistCommand) Run(s *session) error { return c.step(s, "delist") }

type listingAgainst struct {
	remote
	Reason string `required:"" placeholder:"TEXT"`
	ID     string `arg:"" name:"id"`
}

func (c *listingAgainst) step(s *session, step string) error {
	return c.oneListing(s, func(ctx context.Context, server *client.Client) (client.ListedApp, error) {
		return server.StepListing(ctx, c.ID, step, c.Reason)
	})
}

type listingWarnCommand struct {
	remote
	Reason string `required:"" placeholder:"TEXT"`
	Days   int    `default:"14"`
	ID     string `arg:"" name:"id"`
}

// Run warns an app.
func (c *listingWarnCommand) Run(s *session) error {
	return c.oneListing(s, func(ctx context.Context, server *client.Client) (client.ListedApp, error) {
		return server.WarnListing(ctx, c.ID, c.Reason, time.Now().AddDate(0, 0, c.Days))
	})
}
