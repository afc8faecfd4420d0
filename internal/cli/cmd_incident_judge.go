package cli

import (
	"context"
	"fmt"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type incidentReadCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows what people wrote of an incident; a record says who read it.
func (c *incidentReadCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		words, err := server.ReadIncident(ctx, c.ID)
		if done, err := s.plain(words, err); done {
			return err
		}
		s.prose(words.Title, words.Summary)
		w := s.columns()
		for _, n := range words.Notes {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", locally(&n.At), locale.Visible(n.By), locale.Visible(n.Text))
		}
		return w.Flush()
	})
}

// incidentJudge is an act that asks for a reason alone.
type incidentJudge struct {
	Why string `required:"" placeholder:"TEXT"`
	ID  string `arg:"" name:"id"`
}

func (c *incidentJudge) act(s *session, p *incidentCommand, act string) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.JudgeIncident(ctx, c.ID, act, c.Why)
		return s.incident(v, err)
	})
}

type incidentAgreeCommand struct{ incidentJudge }

// Run agrees to a correction of facts that somebody else proposed.
func (c *incidentAgreeCommand) Run(s *session, p *incidentCommand) error { return c.act(s, p, "agree") }

type incidentDisagreeCommand struct{ incidentJudge }

// Run turns a correction of facts down, or takes it back.
func (c *incidentDisagreeCommand) Run(s *session, p *incidentCommand) error {
	return c.act(s, p, "disagree")
}

type incidentConfirmCommand struct{ incidentJudge }

// Run closes an incident, as somebody else proposed.
func (c *incidentConfirmCommand) Run(s *session, p *incidentCommand) error {
	return c.act(s, p, "confirm")
}

type incidentKeepOpenCommand struct{ incidentJudge }

// Run turns a proposal to close an incident down, or takes it back.
func (c *incidentKeepOpenCommand) Run(s *session, p *incidentCommand) error {
	return c.act(s, p, "keep-open")
}

type incidentReopenCommand struct{ incidentJudge }

// Run says that an incident goes on.
func (c *incidentReopenCommand) Run(s *session, p *incidentCommand) error {
	return c.act(s, p, "reopen")
}

type incidentWidenCommand struct {
	Why  string `required:"" placeholder:"TEXT"`
	ID   string `arg:"" name:"id"`
	Kind string `arg:"" name:"kind"`
}

// Run says that an incident is of another kind too.
func (c *incidentWidenCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.WidenIncident(ctx, c.ID, c.Kind, c.Why)
		return s.incident(v, err)
	})
}

type incidentKnownCommand struct {
	Why string `required:"" placeholder:"TEXT"`
	ID  string `arg:"" name:"id"`
	At  moment `arg:"" name:"at"`
}

// Run says that an incident was known earlier.
func (c *incidentKnownCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.IncidentKnownEarlier(ctx, c.ID, c.At.Time, c.Why)
		return s.incident(v, err)
	})
}

type incidentProveCommand struct {
	Report string `arg:"" name:"report"`
	Proof  string `arg:"" name:"proof"`
}

// Run adds a proof to a report that was filed.
func (c *incidentProveCommand) Run(s *session, p *incidentCommand) error {
	proofs, done, err := proofFiles([]string{c.Proof})
	if err != nil {
		return err
	}
	defer done()
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.ProveIncidentReport(ctx, c.Report, proofs[0])
		return s.reported(r, err)
	})
}

type incidentDropCommand struct {
	Why    string `required:"" placeholder:"TEXT"`
	Report string `arg:"" name:"report"`
}

// Run says that a draft is not filed.
func (c *incidentDropCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.DropIncidentReport(ctx, c.Report, c.Why)
		return s.reported(r, err)
	})
}
