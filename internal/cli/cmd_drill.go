package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type drillCommand struct {
	remote
	List     drillListCommand     `cmd:""`
	Standing drillStandingCommand `cmd:""`
	Show     drillShowCommand     `cmd:""`
	Read     drillReadCommand     `cmd:""`
	Plan     drillPlanCommand     `cmd:""`
	Hold     drillHoldCommand     `cmd:""`
	Mend     drillMendCommand     `cmd:""`
	Cancel   drillCancelCommand   `cmd:""`
}

type drillListCommand struct {
	State    []string `placeholder:"WORD"`
	Playbook string   `placeholder:"WORD"`
}

// Run lists drills, those entered last first.
func (c *drillListCommand) Run(s *session, p *drillCommand) error {
	filter := chosen(map[string]string{"playbook": c.Playbook})
	filter["state"] = c.State
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Drills, func(d client.Drill) []string {
			return []string{locale.Visible(d.ID), s.say.Say("page-drill-state-" + d.State), s.say.Say("page-incident-kind-" + d.Playbook), locally(&d.Day), s.word("page-drill-result-", d.Result)}
		})
	})
}

type drillStandingCommand struct{}

// Run says of each playbook when it was exercised last and when it is due again. It exits as checks do.
func (drillStandingCommand) Run(s *session, p *drillCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.DrillsStanding(ctx)
		if err != nil {
			return err
		}
		return table(s, list, func(one client.DrillStanding) []string {
			s.weigh(one.State)
			last, due, next := s.say.Say("cli-drill-never"), s.say.Say("cli-drill-due-now"), ""
			if one.Last != nil {
				last = s.say.Say("cli-drill-last", "at", locally(one.Last.Held))
			}
			if one.Due != nil {
				due = s.say.Say("cli-drill-due", "at", locally(one.Due))
			}
			if one.Next != nil {
				next = s.say.Say("cli-drill-next", "at", locally(&one.Next.Day))
			}
			return []string{locale.Visible(one.Playbook), s.in(one.Names), s.say.Say("page-drill-standing-" + one.State), last, due, s.say.Say("cli-drill-wanting", "count", itoa(one.Wanting)), next}
		})
	})
}

// drilled prints a drill, without what people wrote.
func (s *session) drilled(d client.Drill, err error) error {
	if done, err := s.plain(d, err); done {
		return err
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(d.ID), s.say.Say("page-drill-state-"+d.State), s.say.Say("page-incident-kind-"+d.Playbook))
	took := ""
	if d.Took > 0 {
		took = (time.Duration(d.Took) * time.Second).String()
	}
	w := s.columns()
	for _, row := range [][2]string{{"drill-day", locally(&d.Day)}, {"drill-held", locally(d.Held)}, {"drill-result", s.word("page-drill-result-", d.Result)}, {"drill-took", took}, {"drill-order", locale.Visible(d.Order)}} {
		if row[1] != "" {
			fmt.Fprintf(w, "  %s\t%s\n", s.say.Say("page-label-"+row[0]), row[1])
		}
	}
	for _, f := range d.Findings {
		state := s.say.Say("page-label-drill-wanting")
		if f.Mended != nil {
			state = s.say.Say("page-label-drill-mended")
		}
		fmt.Fprintf(w, "  %d\t%s\t%s\n", f.Number, state, locally(f.Mended))
	}
	return w.Flush()
}

// prose prints what people wrote; what is empty is left out.
func (s *session) prose(texts ...string) {
	for _, text := range texts {
		for line := range strings.Lines(text) {
			fmt.Fprintln(s.Stdout, locale.Visible(strings.TrimRight(line, "\r\n")))
		}
	}
}

type drillShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows a drill.
func (c *drillShowCommand) Run(s *session, p *drillCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.Drill(ctx, c.ID)
		return s.drilled(d, err)
	})
}

type drillReadCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows what people wrote of a drill; a record says who read it.
func (c *drillReadCommand) Run(s *session, p *drillCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		words, err := server.ReadDrill(ctx, c.ID)
		if done, err := s.plain(words, err); done {
			return err
		}
		s.prose(words.Scenario, words.Report)
		for i, text := range words.Findings {
			s.prose(itoa(i+1) + "  " + text)
		}
		return nil
	})
}

type drillPlanCommand struct {
	Playbook string `arg:"" name:"playbook"`
	Day      string `arg:"" name:"day"`
	Scenario string `arg:"" name:"scenario"`
}

// Run puts a drill of a playbook on the calendar.
func (c *drillPlanCommand) Run(s *session, p *drillCommand) error {
	day, err := momentOf(c.Day)
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.PlanDrill(ctx, c.Playbook, day, c.Scenario)
		return s.drilled(d, err)
	})
}

type drillHoldCommand struct {
	Result string        `required:"" placeholder:"WORD" enum:"passed,failed,could-not-tell"`
	Report string        `required:"" placeholder:"TEXT"`
	At     moment        `placeholder:"TIME"`
	Took   time.Duration `placeholder:"DURATION"`
	Order  string        `placeholder:"ID"`
	Found  []string      `placeholder:"TEXT" sep:"none"`
	ID     string        `arg:"" name:"id"`
}

// Run says that a drill was held, what came of it, and what is wanting.
func (c *drillHoldCommand) Run(s *session, p *drillCommand) error {
	if c.At.IsZero() {
		c.At.Time = time.Now()
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.HoldDrill(ctx, c.ID, client.DrillOutcome{Held: c.At.Time, Result: c.Result, Took: int64(c.Took / time.Second), Order: c.Order, Report: c.Report, Findings: c.Found})
		return s.drilled(d, err)
	})
}

type drillMendCommand struct {
	Why    string `required:"" placeholder:"TEXT"`
	ID     string `arg:"" name:"id"`
	Number int    `arg:"" name:"number"`
}

// Run says that something that a drill found wanting was mended.
func (c *drillMendCommand) Run(s *session, p *drillCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.MendDrill(ctx, c.ID, c.Number, c.Why)
		return s.drilled(d, err)
	})
}

type drillCancelCommand struct {
	Why string `required:"" placeholder:"TEXT"`
	ID  string `arg:"" name:"id"`
}

// Run takes a drill off the calendar.
func (c *drillCancelCommand) Run(s *session, p *drillCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.CancelDrill(ctx, c.ID, c.Why)
		return s.drilled(d, err)
	})
}
