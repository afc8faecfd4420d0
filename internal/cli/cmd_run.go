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

const codeRunSet colophon.Code = "run-set" // arg "value": a parameter is not NAME=VALUE

// watchEvery is how often a run is asked how far it is.
const watchEvery = time.Second

type runCommand struct {
	remote
	List   runListCommand   `cmd:""`
	Plan   runPlanCommand   `cmd:""`
	Start  runStartCommand  `cmd:""`
	Pause  runPauseCommand  `cmd:""`
	Watch  runWatchCommand  `cmd:""`
	Sample runSampleCommand `cmd:""`
	Finish runFinishCommand `cmd:""`
	Result runResultCommand `cmd:""`
	Report runReportCommand `cmd:""`
}

type runListCommand struct{}

// Run lists assessment runs, the newest first.
func (c *runListCommand) Run(s *session, p *runCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, nil, server.TestRuns, func(r client.TestRun) []string {
			return []string{locale.Visible(r.ID), s.say.Say("run-state-" + r.State), locale.Visible(r.Plan.Model), locale.Visible(r.Plan.Name)}
		})
	})
}

type runPlanCommand struct {
	Name     string   `required:"" placeholder:"TEXT"`
	Bank     string   `required:"" placeholder:"ID"`
	Model    string   `required:"" placeholder:"NAME"`
	Function string   `placeholder:"ID"`
	Kind     []string `placeholder:"WORD"`
	Set      []string `placeholder:"NAME=VALUE" sep:"none"`
	Seed     uint32   `placeholder:"NUMBER"`
}

// Run plans a run.
func (c *runPlanCommand) Run(s *session, p *runCommand) error {
	plan := client.RunPlan{Name: c.Name, Bank: c.Bank, Model: c.Model, Function: c.Function, Kinds: c.Kind, Seed: c.Seed, Parameters: map[string]string{}}
	for _, pair := range c.Set {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" || value == "" {
			return &colophon.Error{Kind: colophon.Invalid, Code: codeRunSet, Args: colophon.Args{"value": pair}}
		}
		plan.Parameters[name] = value
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error { return s.ran(server.PlanRun(ctx, plan)) })
}

type runStartCommand struct {
	Watch bool
	ID    string `arg:"" name:"id"`
}

// Run has a run worked, or gone on with.
func (c *runStartCommand) Run(s *session, p *runCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.StepRun(ctx, c.ID, "start")
		if err == nil && c.Watch {
			return s.follow(ctx, server, c.ID)
		}
		return s.ran(r, err)
	})
}

type runPauseCommand struct {
	ID string `arg:"" name:"id"`
}

// Run has a run rest.
func (c *runPauseCommand) Run(s *session, p *runCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.ran(server.StepRun(ctx, c.ID, "pause"))
	})
}

type runFinishCommand struct {
	ID string `arg:"" name:"id"`
}

// Run keeps what a run came to.
func (c *runFinishCommand) Run(s *session, p *runCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.ran(server.StepRun(ctx, c.ID, "finish"))
	})
}

type runWatchCommand struct {
	ID string `arg:"" name:"id"`
}

// Run follows a run until it rests.
func (c *runWatchCommand) Run(s *session, p *runCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error { return s.follow(ctx, server, c.ID) })
}

// follow draws how far a run is until no worker has it; then it prints how it stands. A run that stopped for a trouble is one that
// a person has to see to.
func (s *session) follow(ctx context.Context, server *client.Client, id string) error {
	drawn := false
	beat := time.NewTicker(watchEvery)
	defer beat.Stop()
	for {
		r, err := server.TestRun(ctx, id)
		if drawn && (err != nil || !r.Wanted) {
			fmt.Fprint(s.Stderr, "\r\x1b[K")
		}
		if err != nil || !r.Wanted {
			return s.ran(r, err)
		}
		if s.Terminal {
			drawn = true
			fmt.Fprint(s.Stderr, "\r\x1b[K"+s.bar(r))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
		}
	}
}

// barWidth is how many places a bar takes.
const barWidth = 24

// bar draws how far a run is, and how long the rest will take if it goes on as it did.
func (s *session) bar(r client.TestRun) string {
	p := r.Progress
	if p == nil || p.Of == 0 {
		return ""
	}
	full := p.Asked * barWidth / p.Of
	text := "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "] " + s.progressLine(r)
	if took := time.Since(startOf(r)).Seconds(); r.State == "running" && p.Asked > 0 && p.Asked < p.Of && took > 1 {
		text += " · " + s.say.Say("cli-run-left", "seconds", itoa(int(took*float64(p.Of-p.Asked)/float64(p.Asked)+0.5)))
	}
	return text
}

func startOf(r client.TestRun) time.Time {
	if r.Started == nil {
		return time.Now()
	}
	return *r.Started
}

func (s *session) progressLine(r client.TestRun) string {
	p := r.Progress
	return s.say.Say("cli-run-line", "kept", itoa(p.Asked), "of", itoa(p.Of), "percent", itoa(p.Asked*100/max(p.Of, 1)), "answered", itoa(p.Answered), "refused", itoa(p.Refused), "failed", itoa(p.Failed))
}

type runSampleCommand struct {
	Kind  string `required:"" placeholder:"WORD" enum:"generation,should-refuse,should-not-refuse"`
	Least int    `placeholder:"NUMBER"`
	Each  int    `placeholder:"NUMBER"`
	ID    string `arg:"" name:"id"`
}

// Run draws answers for people to judge.
func (c *runSampleCommand) Run(s *session, p *runCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.SampleRun(ctx, c.ID, c.Kind, c.Least, c.Each)
		switch {
		case err != nil:
			return err
		case s.json:
			s.printJSON(d)
		default:
			fmt.Fprintf(s.Stdout, "%s  %s / %s\n", locale.Visible(d.Panel), itoa(d.Items), itoa(d.Of))
		}
		return nil
	})
}

type runResultCommand struct {
	ID string `arg:"" name:"id"`
}

// Run prints what a run has come to by now, beside the figures of the standard. One that is not met, or that nobody can tell,
// shows in the exit code.
func (c *runResultCommand) Run(s *session, p *runCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		res, err := server.RunResult(ctx, c.ID)
		if err != nil {
			return err
		}
		for _, h := range res.Held {
			switch {
			case h.Verdict == "failed":
				s.exit = exitNotConforming
			case h.Verdict != "passed" && s.exit == exitDone:
				s.exit = exitCouldNotTell
			}
		}
		if s.json {
			s.printJSON(res)
			return nil
		}
		for _, h := range res.Held {
			name, asks := s.say.Say("page-yardstick-"+h.ID), "page-run-least"
			if h.Judge != "" {
				name += " (" + locale.Visible(h.Judge) + ")"
			}
			if h.AtMost {
				asks = "page-run-most"
			}
			fmt.Fprintln(s.Stdout, s.say.Say("cli-run-held-line", "figure", name, "rate", s.rated(h.Rate), "asks", s.say.Say(asks, "share", perCent(h.Share)), "verdict", s.say.Say("page-verdict-"+h.Verdict), "sure", s.say.Say("page-confidence-"+h.ShareConfidence)))
		}
		for _, v := range res.Reviews {
			kappa := s.say.Say("page-kappa-undefined")
			if v.Kappa.Defined {
				kappa = fmt.Sprintf("%.2f", float64(v.Kappa.Value)/1e6)
			}
			fmt.Fprintln(s.Stdout, s.say.Say("cli-run-kappa-line", "kind", s.say.Say("page-kind-"+v.Kind), "settled", itoa(v.Settled), "items", itoa(v.Items), "kappa", kappa, "raters", itoa(v.Raters)))
		}
		return nil
	})
}

func perCent(million int) string { return fmt.Sprintf("%.1f %%", float64(million)/1e4) }

// rated says a rate with all that it is made of.
func (s *session) rated(r client.Rate) string {
	if r.Known == 0 {
		return s.say.Say("page-rate-none", "unknown", itoa(r.Unknown))
	}
	return s.say.Say("page-rate", "share", perCent(r.Share), "low", perCent(r.Low), "high", perCent(r.High), "hits", itoa(r.Hits), "known", itoa(r.Known), "unknown", itoa(r.Unknown))
}

type runReportCommand struct {
	Format string `placeholder:"html|docx|pdf" default:"html" enum:"html,docx,pdf"`
	Out    string `short:"o" placeholder:"FILE"`
	Force  bool
	ID     string `arg:"" name:"id"`
}

// Run writes the report of a run, in the language of the command.
func (c *runReportCommand) Run(s *session, p *runCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		from, err := server.RunReport(ctx, c.ID, c.Format, string(s.say.Language))
		if err != nil {
			return err
		}
		return s.keep(from, c.Out, c.Force)
	})
}

// ran prints a run and how far it is.
func (s *session) ran(r client.TestRun, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(r)
	default:
		fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(r.ID), s.say.Say("run-state-"+r.State), locale.Visible(r.Plan.Model), locale.Visible(r.Plan.Name))
		if r.Progress != nil {
			fmt.Fprintln(s.Stdout, "  "+s.progressLine(r))
		}
		if r.Said != "" {
			fmt.Fprintln(s.Stdout, "  "+s.say.Say("cli-run-trouble", "why", locale.Visible(r.Said)))
		}
	}
	if r.Trouble != "" {
		s.exit = exitCouldNotTell
	}
	return nil
}
