package cli

import (
	"context"
	"fmt"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type dutyFactsCommand struct {
	List    dutyFactListCommand    `cmd:"" default:"1"`
	Say     dutyFactSayCommand     `cmd:""`
	Confirm dutyFactConfirmCommand `cmd:""`
	Reject  dutyFactRejectCommand  `cmd:""`
}

type dutyFactListCommand struct{}

// Run lists what was said of facts, and those of which nothing was said that counts.
func (dutyFactListCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		told := map[string]bool{}
		w := s.columns()
		var all []string
		for l := (client.Listing{}); ; {
			list, names, next, err := server.DutyFacts(ctx, l)
			if err != nil {
				return err
			}
			all = names
			for _, f := range list {
				if _, newer := told[f.Fact]; f.Step == "confirmed" && !newer {
					told[f.Fact] = f.Answer != "unknown" // which takes back what was said before
				}
				s.factRow(w, f)
			}
			if l.Cursor = next; next == "" {
				break
			}
		}
		if s.json {
			return nil
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(s.Stdout, s.say.Say("duty-facts-open"))
		for _, name := range all {
			if !told[name] {
				fmt.Fprintf(w, "  %s\t%s\n", locale.Visible(name), s.say.Say("duty-fact-"+name))
			}
		}
		return w.Flush()
	})
}

func (s *session) factRow(w *columns, f client.DutyFact) {
	if s.json {
		s.printJSON(f)
		return
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", locale.Visible(f.ID), s.say.Say("duty-step-"+f.Step), s.say.Say("duty-fact-"+f.Fact), s.say.Say("duty-answer-"+f.Answer), clock(f.From))
}

// oneFact prints one.
func (s *session) oneFact(f client.DutyFact, err error) error {
	if err != nil {
		return err
	}
	w := s.columns()
	s.factRow(w, f)
	return w.Flush()
}

type dutyFactSayCommand struct {
	From   string `placeholder:"TIME"`
	Fact   string `arg:"" name:"fact"`
	Answer string `arg:"" name:"answer"`
	Why    string `arg:"" name:"why"`
}

// Run says of a fact whether it is so. Somebody else has to confirm it.
func (c *dutyFactSayCommand) Run(s *session, d *dutyCommand) error {
	from, err := momentOf(c.From)
	if err != nil {
		return err
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneFact(server.DeclareDutyFact(ctx, c.Fact, c.Answer, c.Why, from))
	})
}

type dutyFactConfirmCommand struct {
	ID string `arg:"" name:"id"`
}

// Run lets what somebody else said of a fact count.
func (c *dutyFactConfirmCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneFact(server.ConfirmDutyFact(ctx, c.ID))
	})
}

type dutyFactRejectCommand struct {
	ID   string `arg:"" name:"id"`
	Note string `arg:"" name:"note"`
}

// Run says that it is not so, or takes it back.
func (c *dutyFactRejectCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneFact(server.RejectDutyFact(ctx, c.ID, c.Note))
	})
}

type dutyWaiveCommand struct {
	List    dutyWaiverListCommand    `cmd:"" default:"1"`
	Propose dutyWaiverProposeCommand `cmd:""`
	Approve dutyWaiverApproveCommand `cmd:""`
	Reject  dutyWaiverRejectCommand  `cmd:""`
	End     dutyWaiverEndCommand     `cmd:""`
}

type dutyWaiverListCommand struct{}

// Run lists waivers, the newest first.
func (dutyWaiverListCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, nil, server.DutyWaivers, s.waiverRow)
	})
}

func (s *session) waiverRow(one client.DutyWaiver) []string {
	return []string{locale.Visible(one.ID), s.say.Say("duty-step-" + one.Step), locale.Visible(one.Obligation), clock(one.Until), locale.Visible(one.Why)}
}

func (s *session) oneWaiver(one client.DutyWaiver, err error) error {
	if err != nil {
		return err
	}
	return table(s, []client.DutyWaiver{one}, s.waiverRow)
}

type dutyWaiverProposeCommand struct {
	Obligation string `arg:"" name:"obligation"`
	Until      string `arg:"" name:"until"`
	Why        string `arg:"" name:"why"`
}

// Run proposes to do without an obligation until the end of a day. Somebody else has to approve it.
func (c *dutyWaiverProposeCommand) Run(s *session, d *dutyCommand) error {
	until, err := momentOf(c.Until)
	if err != nil {
		return err
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneWaiver(server.ProposeDutyWaiver(ctx, c.Obligation, until, c.Why))
	})
}

type dutyWaiverApproveCommand struct {
	ID string `arg:"" name:"id"`
}

// Run approves a waiver that somebody else proposed.
func (c *dutyWaiverApproveCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneWaiver(server.ApproveDutyWaiver(ctx, c.ID))
	})
}

type dutyWaiverRejectCommand struct {
	ID   string `arg:"" name:"id"`
	Note string `arg:"" name:"note"`
}

// Run rejects a waiver, or takes it back.
func (c *dutyWaiverRejectCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneWaiver(server.RejectDutyWaiver(ctx, c.ID, c.Note))
	})
}

type dutyWaiverEndCommand struct {
	ID   string `arg:"" name:"id"`
	Note string `arg:"" name:"note"`
}

// Run ends a waiver before its time.
func (c *dutyWaiverEndCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneWaiver(server.EndDutyWaiver(ctx, c.ID, c.Note))
	})
}
