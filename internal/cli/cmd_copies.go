package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/internal/locale"
)

type copiesCommand struct {
	List    copiesListCommand    `cmd:""`
	Show    copiesShowCommand    `cmd:""`
	Decide  copiesDecideCommand  `cmd:""`
	Known   copiesKnownCommand   `cmd:""`
	Receipt copiesReceiptCommand `cmd:""`
}

type copiesListCommand struct {
	remote
	State   []string `placeholder:"WORD"`
	Subject string   `placeholder:"PSEUDONYM"`
	Number  string   `placeholder:"NUMBER"`
}

// Run lists requests, the newest first.
func (c *copiesListCommand) Run(s *session) error {
	filter := chosen(map[string]string{"subject": c.Subject, "number": c.Number})
	filter["state"] = c.State
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Copies, func(c client.Copy) []string {
			return []string{locale.Visible(c.ID), s.say.Say("copy-state-" + c.State), locale.Visible(c.Number), locale.Visible(c.Subject), locally(&c.Made)}
		})
	})
}

// copied prints a request.
func (s *session) copied(c client.Copy, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(c)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(c.ID), s.say.Say("copy-state-"+c.State))
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintln(s.Stdout, "  "+s.say.Say(key, "value", locale.Visible(value)))
		}
	}
	row("copies-content", c.Number)
	row("copies-account", c.Subject)
	row("copies-purpose", c.Purpose.Sentence)
	row("copies-recipient", c.Recipient.Sentence)
	row("copies-agreement", c.Agreement)
	row("copies-case", c.Case)
	if d := c.Decision; d != nil {
		row("copies-decided-"+d.By, d.Rule+d.Staff)
		if d.Reason != nil {
			row("copies-reason", d.Reason.Sentence)
		}
	}
	if c.Cause != nil {
		row("copies-cause", c.Cause.Sentence)
	}
	if h := c.Handing; h != nil {
		row("copies-number", h.Number)
		row("copies-receipt", h.Receipt)
		row("copies-until", h.Until.Local().Format(time.DateOnly))
	}
	return nil
}

type copiesShowCommand struct {
	remote
	ID string `arg:"" name:"id"`
}

// Run shows a request.
func (c *copiesShowCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		found, err := server.Copy(ctx, c.ID)
		return s.copied(found, err)
	})
}

type copiesDecideCommand struct {
	remote
	Refuse string `placeholder:"WORD" enum:",purpose,risk,person,other" default:""`
	Note   string `placeholder:"TEXT"`
	ID     string `arg:"" name:"id"`
}

// Run grants a request, or refuses it for a reason.
func (c *copiesDecideCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		if c.Refuse != "" {
			decided, err := server.RefuseCopy(ctx, c.ID, colophon.Code("copy-reason-"+c.Refuse), c.Note)
			return s.copied(decided, err)
		}
		decided, err := server.GrantCopy(ctx, c.ID, c.Note)
		return s.copied(decided, err)
	})
}

type copiesKnownCommand struct {
	remote
	File string `arg:"" name:"file"`
}

// Run says as which copies a file was handed out. What only looks alike, and what nobody could compare, is not taken for an
// answer.
func (c *copiesKnownCommand) Run(s *session) error {
	file, err := durable.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		known, err := server.KnownCopy(ctx, filepath.Base(c.File), io.NewSectionReader(file, 0, file.Size()))
		if err != nil {
			return err
		}
		s.exit = exitNotConforming
		if !known.Compared || len(known.Matches) > 0 {
			s.exit = exitCouldNotTell
		}
		for _, m := range known.Matches {
			if m.Certain {
				s.exit = exitDone
			}
		}
		if s.json {
			s.printJSON(known)
			return nil
		}
		for _, m := range known.Matches {
			fmt.Fprintln(s.Stdout, s.say.Say("copies-known-"+m.How, "bits", itoa(m.Bits)))
			fmt.Fprintln(s.Stdout, "  "+locale.Visible(m.ID)+"  "+locale.Visible(m.Copy.Number)+"  "+locale.Visible(m.Subject))
		}
		switch {
		case !known.Compared && known.Why != nil:
			fmt.Fprintln(s.Stdout, s.say.Say("copies-uncompared", "why", locale.Visible(known.Why.Sentence)))
		case len(known.Matches) == 0:
			fmt.Fprintln(s.Stdout, s.say.Say("copies-known-none"))
		}
		return nil
	})
}

type copiesReceiptCommand struct {
	Key  []string `required:"" placeholder:"FILE"`
	File string   `arg:"" name:"file"`
}

// Run says what a receipt says. It needs no server.
func (c *copiesReceiptCommand) Run(s *session) error {
	trust, err := inspect.ReadTrust(c.Key, nil)
	if err != nil {
		return err
	}
	raw, err := short(c.File, copies.MaxReceipt)
	if err != nil {
		return err
	}
	r, err := copies.OpenReceipt(raw, trust.Log...)
	var wrong *colophon.Error
	if errors.As(err, &wrong) { // it says nothing that anybody could rely on
		s.exit = exitNotConforming
		s.complain(c.File, err)
		return nil
	}
	if err != nil {
		return err
	}
	s.receipted(r)
	return nil
}

func (s *session) receipted(r copies.Receipt) {
	if s.json {
		s.printJSON(r)
		return
	}
	fmt.Fprintln(s.Stdout, s.say.Say("copies-receipt-good", "provider", locale.Visible(r.Provider)))
	code := func(c colophon.Code) string { return s.say.Code(c, nil) }
	duty := r.Duty.EN
	if s.say.Language == locale.Chinese {
		duty = r.Duty.ZH
	}
	for _, row := range [][2]string{{"copies-request", r.Receipt}, {"copies-issued", r.Issued.Local().Format(time.DateTime)}, {"copies-until", r.Until.Local().Format(time.DateOnly)}, {"copies-account", string(r.Account)},
		{"copies-content", string(r.Content)}, {"copies-number", string(r.Number)}, {"copies-sha256", r.SHA256}, {"copies-bytes", itoa(int(r.Size))}, {"copies-type", r.Type}, {"copies-agreement", r.Agreement},
		{"copies-purpose", code(r.Purpose)}, {"copies-recipient", code(r.Recipient)}, {"copies-duty", duty}} {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say(row[0], "value", locale.Visible(row[1])))
	}
	decided := "copies-receipt-person"
	if r.Decided == "rule" {
		decided = "copies-receipt-rule"
	}
	fmt.Fprintln(s.Stdout, "  "+s.say.Say(decided))
}
