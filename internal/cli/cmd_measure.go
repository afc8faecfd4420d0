package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type measureCommand struct {
	remote
	List    measureListCommand    `cmd:""`
	Show    measureShowCommand    `cmd:""`
	Take    measureTakeCommand    `cmd:""`
	Confirm measureConfirmCommand `cmd:""`
	Reject  measureRejectCommand  `cmd:""`
	Lift    measureLiftCommand    `cmd:""`
	Restore measureRestoreCommand `cmd:""`
}

type measureListCommand struct {
	Subject string   `placeholder:"PSEUDONYM"`
	State   []string `placeholder:"WORD"`
	Step    string   `placeholder:"WORD"`
}

// Run lists measures, the newest first.
func (c *measureListCommand) Run(s *session, m *measureCommand) error {
	filter := chosen(map[string]string{"subject": c.Subject, "step": c.Step})
	filter["state"] = c.State
	return m.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Measures, func(m client.Measure) []string {
			return []string{locale.Visible(m.ID), locale.Visible(m.Subject), s.say.Say("measure-step-" + m.Step), s.say.Say("measure-state-" + m.State), m.Made.Local().Format(time.DateTime)}
		})
	})
}

type measureShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows a measure with the statement of reasons.
func (c *measureShowCommand) Run(s *session, m *measureCommand) error {
	return m.call(s, func(ctx context.Context, server *client.Client) error {
		found, err := server.Measure(ctx, c.ID)
		return s.measured(found, err)
	})
}

type measureTakeCommand struct {
	Account  string   `placeholder:"TEXT"`
	Subject  string   `placeholder:"PSEUDONYM"`
	Function string   `placeholder:"ID"`
	Clause   []string `placeholder:"ID"`
	Terms    string   `placeholder:"TEXT"`
	Fact     string   `required:"" placeholder:"WORD" enum:"content,repeated,fake,likeness,label,unusual,identity,order,terms"`
	Finding  []string `placeholder:"ID"`
	Hours    int      `placeholder:"N"`
	Appeal   string   `placeholder:"TEXT"`
	Note     string   `placeholder:"TEXT"`
	Propose  bool
	Step     string `arg:"" name:"step" enum:"remind,warn,limit-function,mute-publishing,suspend,close,bar"`
}

// Run takes or proposes a measure.
func (c *measureTakeCommand) Run(s *session, m *measureCommand) error {
	o := client.MeasureOrder{Account: c.Account, Subject: c.Subject, Step: c.Step, Function: c.Function, Terms: c.Terms, Fact: colophon.Code("measure-fact-" + c.Fact), Findings: c.Finding,
		Hours: c.Hours, Appeal: c.Appeal, Note: c.Note, Propose: c.Propose}
	for _, clause := range c.Clause {
		o.Clauses = append(o.Clauses, colophon.Clause(clause))
	}
	return m.call(s, func(ctx context.Context, server *client.Client) error {
		taken, err := server.TakeMeasure(ctx, o)
		return s.measured(taken, err)
	})
}

type measureConfirmCommand struct {
	Note string `placeholder:"TEXT"`
	ID   string `arg:"" name:"id"`
}

// Run agrees to a measure that somebody else proposed.
func (c *measureConfirmCommand) Run(s *session, m *measureCommand) error {
	return m.call(s, func(ctx context.Context, server *client.Client) error {
		confirmed, err := server.ConfirmMeasure(ctx, c.ID, c.Note)
		return s.measured(confirmed, err)
	})
}

// ending is what the commands that end a measure are given.
type ending struct {
	Why  string `required:"" placeholder:"WORD" enum:"appeal,mistake,remedied,milder,unproven"`
	Note string `placeholder:"TEXT"`
	ID   string `arg:"" name:"id"`
}

func (c ending) end(s *session, m *measureCommand, how string) error {
	return m.call(s, func(ctx context.Context, server *client.Client) error {
		ended, err := server.EndMeasure(ctx, c.ID, how, colophon.Code("measure-why-"+c.Why), c.Note)
		return s.measured(ended, err)
	})
}

type measureRejectCommand struct{ ending }

// Run rejects a proposed measure.
func (c *measureRejectCommand) Run(s *session, m *measureCommand) error {
	return c.end(s, m, "reject")
}

type measureLiftCommand struct{ ending }

// Run ends a measure before its time.
func (c *measureLiftCommand) Run(s *session, m *measureCommand) error { return c.end(s, m, "lift") }

type measureRestoreCommand struct{ ending }

// Run takes a measure back.
func (c *measureRestoreCommand) Run(s *session, m *measureCommand) error {
	return c.end(s, m, "restore")
}

// measured prints a measure, and what the account holder may be shown.
func (s *session) measured(m client.Measure, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(m)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(m.ID), locale.Visible(m.Subject), s.say.Say("measure-step-"+m.Step), s.say.Say("measure-state-"+m.State))
	if m.State == "proposed" {
		fmt.Fprintln(s.Stdout, s.say.Say("measure-waits", "people", itoa(len(m.Deciders))))
	}
	if len(m.Findings) > 0 {
		fmt.Fprintln(s.Stdout, s.say.Say("measure-findings", "findings", strings.Join(m.Findings, ", ")))
	}
	if m.Statement == nil {
		return nil
	}
	sentences := m.Statement.En
	if s.say.Language == locale.Chinese {
		sentences = m.Statement.Zh
	}
	for _, sentence := range sentences {
		fmt.Fprintln(s.Stdout, "  "+locale.Visible(sentence))
	}
	return nil
}
