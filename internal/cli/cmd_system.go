package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/workday"
)

const (
	codeSystemNone    colophon.Code = "system-none"    // arg "system": no version was in force
	codeSystemUnknown colophon.Code = "system-unknown" // arg "system"
)

type systemCommand struct {
	remote
	List     systemListCommand     `cmd:""`
	Show     systemShowCommand     `cmd:""`
	Versions systemVersionsCommand `cmd:""`
	Read     systemReadCommand     `cmd:""`
	Draft    systemDraftCommand    `cmd:""`
	Approve  systemApproveCommand  `cmd:""`
	Withdraw systemWithdrawCommand `cmd:""`
	Review   systemReviewCommand   `cmd:""`
}

type systemListCommand struct {
	At string `placeholder:"DATE"`
}

// Run lists the systems of rules with how each stands, or stood. It exits as checks do.
func (c *systemListCommand) Run(s *session, p *systemCommand) error {
	at, err := momentOf(c.At)
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.Systems(ctx, at)
		if err != nil {
			return err
		}
		return table(s, list, func(one client.SystemStanding) []string {
			s.weigh(one.Verdict)
			row := []string{locale.Visible(one.System), s.word("duty-policy-", one.System), s.say.Say("page-system-none")}
			if v := one.Version; v != nil {
				row = append(row[:2], s.say.Say("page-system-"+one.Verdict), itoa(v.Number), reviewDay(one.Until), locale.Visible(v.Title))
			}
			return row
		})
	})
}

// reviewDay is the last day of a time that ends with it, in Beijing.
func reviewDay(until *time.Time) string {
	if until == nil {
		return ""
	}
	return until.Add(-1).In(workday.Beijing()).Format(time.DateOnly)
}

type systemShowCommand struct {
	At     string `placeholder:"DATE"`
	System string `arg:"" name:"system"`
}

// Run shows the version of a system of rules that is in force, or was.
func (c *systemShowCommand) Run(s *session, p *systemCommand) error {
	at, err := momentOf(c.At)
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.Systems(ctx, at)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(one client.SystemStanding) bool { return one.System == c.System })
		switch {
		case i < 0:
			return invalid(codeSystemUnknown, "system", c.System)
		case list[i].Version == nil:
			return &colophon.Error{Kind: colophon.Missing, Code: codeSystemNone, Args: colophon.Args{"system": s.word("duty-policy-", c.System)}}
		}
		return s.ruled(*list[i].Version, nil)
	})
}

func (s *session) systemRow(v client.SystemVersion) []string {
	number := ""
	if v.Number > 0 {
		number = itoa(v.Number)
	}
	return []string{locale.Visible(v.ID), s.say.Say("page-system-state-" + v.State), s.word("duty-policy-", v.System), number, locale.Visible(v.Title), locally(v.Effective)}
}

// ruled prints a version of a system of rules, with its text.
func (s *session) ruled(v client.SystemVersion, err error) error {
	if err != nil {
		return err
	}
	if err := table(s, []client.SystemVersion{v}, s.systemRow); err != nil || s.json {
		return err
	}
	w := s.columns()
	for _, row := range [][2]string{{"system-owner", v.Owner}, {"author", v.Author}, {"approver", v.Approver}, {"system-review", v.Review}, {"system-change", v.Change}} {
		if row[1] != "" {
			fmt.Fprintf(w, "  %s\t%s\n", s.say.Say("page-label-"+row[0]), locale.Visible(row[1]))
		}
	}
	for _, r := range v.Reviews {
		fmt.Fprintf(w, "  %s\t%s\n", s.say.Say("page-label-system-reviewed"), locally(&r.At)+"  "+locale.Visible(r.By)+"  "+locale.Visible(r.Note)+"  "+s.say.Say("cli-system-next", "day", locale.Visible(r.Next)))
	}
	fmt.Fprintf(w, "  SHA-256\t%s\n", locale.Visible(v.Digest))
	if err := w.Flush(); err != nil {
		return err
	}
	s.prose(v.Text, v.English)
	return nil
}

type systemVersionsCommand struct {
	System string `placeholder:"WORD"`
}

// Run lists versions of systems of rules, the newest first.
func (c *systemVersionsCommand) Run(s *session, p *systemCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, chosen(map[string]string{"system": c.System}), server.SystemVersions, s.systemRow)
	})
}

type systemReadCommand struct {
	Version string `arg:"" name:"version"`
}

// Run shows a version of a system of rules, such as a draft.
func (c *systemReadCommand) Run(s *session, p *systemCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.ruled(server.SystemVersion(ctx, c.Version))
	})
}

type systemDraftCommand struct {
	Title   string `required:"" placeholder:"TEXT"`
	Owner   string `required:"" placeholder:"ACCOUNT"`
	Review  string `required:"" placeholder:"DATE"`
	Change  string `required:"" placeholder:"TEXT"`
	English string `placeholder:"FILE"`
	Public  bool
	System  string `arg:"" name:"system"`
	File    string `arg:"" name:"file"`
}

// Run writes a version of a system of rules for somebody else to approve.
func (c *systemDraftCommand) Run(s *session, p *systemCommand) error {
	d := client.SystemDraft{System: c.System, Title: c.Title, Public: c.Public, Owner: c.Owner, Review: c.Review, Change: c.Change}
	text, err := s.input(c.File, maxInput)
	if err != nil {
		return err
	}
	d.Text = string(text)
	if c.English != "" {
		if text, err = s.input(c.English, maxInput); err != nil {
			return err
		}
		d.English = string(text)
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.ruled(server.DraftSystem(ctx, d))
	})
}

type systemApproveCommand struct {
	Effective moment `placeholder:"TIME"`
	Version   string `arg:"" name:"version"`
}

// Run puts in force what somebody else wrote.
func (c *systemApproveCommand) Run(s *session, p *systemCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.ruled(server.ApproveSystem(ctx, c.Version, c.Effective.Time))
	})
}

type systemWithdrawCommand struct {
	Note    string `required:"" placeholder:"TEXT"`
	Version string `arg:"" name:"version"`
}

// Run takes a draft back.
func (c *systemWithdrawCommand) Run(s *session, p *systemCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.ruled(server.WithdrawSystem(ctx, c.Version, c.Note))
	})
}

type systemReviewCommand struct {
	Note    string `required:"" placeholder:"TEXT"`
	Next    string `required:"" placeholder:"DATE"`
	Version string `arg:"" name:"version"`
}

// Run says that a version still fits, and when it is looked at next.
func (c *systemReviewCommand) Run(s *session, p *systemCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.ruled(server.ReviewSystem(ctx, c.Version, c.Note, c.Next))
	})
}
