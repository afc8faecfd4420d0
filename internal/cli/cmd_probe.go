package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type probeCommand struct {
	remote
	List probeListCommand `cmd:""`
	Run  probeRunCommand  `cmd:""`
}

type probeListCommand struct {
	Kind string `placeholder:"WORD" default:"" enum:",negative,query,attestation"`
}

// Run lists probes with what each saw last.
func (c *probeListCommand) Run(s *session, p *probeCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.Probes(ctx)
		if err != nil {
			return err
		}
		return s.probes(slices.DeleteFunc(list, func(l client.Probe) bool { return c.Kind != "" && l.Kind != c.Kind }))
	})
}

// probes prints probes, each with what it saw last.
func (s *session) probes(list []client.Probe) error {
	w := s.columns()
	for _, one := range list {
		if s.json {
			s.printJSON(one)
			continue
		}
		when, outcome, saw := "-", s.say.Say("duty-outcome-never"), ""
		if l := one.Last; l != nil {
			when, outcome, saw = clock(l.Collected), s.say.Say("duty-outcome-"+l.Outcome), s.seen(*l)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", locale.Visible(one.Name), outcome, when, s.in(one.Title), saw)
	}
	return w.Flush()
}

// codeProbesDead says that the job which runs probes failed.
const codeProbesDead colophon.Code = "probe-run-dead" // arg "job"

// probeAsks is how often is asked whether the probes ran.
const probeAsks = 500 * time.Millisecond

type probeRunCommand struct {
	Names []string `arg:"" name:"names" optional:""`
}

// Run runs probes, and says what each saw.
func (c *probeRunCommand) Run(s *session, p *probeCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		run, err := server.RunProbes(ctx, c.Names...)
		if err != nil {
			return err
		}
		j, err := server.Wait(ctx, run.Job, probeAsks)
		if err != nil {
			return err
		}
		if j.State != "done" {
			return &colophon.Error{Kind: colophon.Conflict, Code: codeProbesDead, Args: colophon.Args{"job": run.Job}}
		}
		list, err := server.Probes(ctx)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(l client.Probe) bool { return !slices.Contains(run.Probes, l.Name) })
		for _, one := range list {
			verdict := colophon.Unknown.String()
			if one.Last != nil && one.Last.Void == "" {
				verdict = one.Last.Outcome
			}
			s.weigh(verdict)
		}
		return s.probes(list)
	})
}
