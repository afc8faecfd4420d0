package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

// maxReviewForm is the longest form of a review, in bytes.
const maxReviewForm = 4 << 20

type reviewCommand struct {
	remote
	List     reviewListCommand     `cmd:""`
	Show     reviewShowCommand     `cmd:""`
	State    reviewStateCommand    `cmd:""`
	Enter    reviewEnterCommand    `cmd:""`
	Approve  reviewApproveCommand  `cmd:""`
	Document reviewDocumentCommand `cmd:""`
	Triggers reviewTriggersCommand `cmd:""`
}

type reviewListCommand struct {
	Kind string `arg:"" name:"kind" enum:"mechanism,ethics,security"`
}

// Run lists reviews of a kind, the newest first.
func (c *reviewListCommand) Run(s *session, p *reviewCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		w := s.columns()
		for l := (client.Listing{}); ; {
			next, err := s.listReviews(ctx, server, c.Kind, l, w)
			if err != nil {
				return err
			}
			if l.Cursor = next; next == "" {
				return w.Flush()
			}
		}
	})
}

// listReviews prints a page of reviews of a kind.
func (s *session) listReviews(ctx context.Context, server *client.Client, kind string, l client.Listing, w io.Writer) (next string, err error) {
	line := func(v any, id, state, stands string, made time.Time) {
		if s.json {
			s.printJSON(v)
			return
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", locale.Visible(id), s.say.Say("review-state-"+state), stands, made.Format(time.DateOnly))
	}
	switch kind {
	case "mechanism":
		list, next, err := server.MechanismReviews(ctx, l)
		for _, r := range list {
			line(r, r.ID, r.State, s.say.Say("review-coverage-"+r.Coverage), r.Proposed)
		}
		return next, err
	case "ethics":
		list, next, err := server.EthicsReviews(ctx, l)
		for _, r := range list {
			stands := "-"
			if r.Late {
				stands = s.say.Say("review-late-late")
			}
			line(r, r.ID, r.State, stands, r.Made)
		}
		return next, err
	}
	list, next, err := server.SecurityAssessments(ctx, l)
	for _, a := range list {
		line(a, a.ID, a.State, s.say.Say("review-headstate-"+a.Worst()), a.Made)
	}
	return next, err
}

type reviewShowCommand struct {
	Kind string `arg:"" name:"kind" enum:"mechanism,ethics,security"`
	ID   string `arg:"" name:"id"`
}

// Run shows a review: of a security assessment each head with what its queries found, of the others all that is known, as JSON.
func (c *reviewShowCommand) Run(s *session, p *reviewCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		switch c.Kind {
		case "mechanism":
			r, err := server.MechanismReview(ctx, c.ID)
			return s.printed(r, err)
		case "ethics":
			r, err := server.EthicsReview(ctx, c.ID)
			return s.printed(r, err)
		}
		a, err := server.SecurityAssessment(ctx, c.ID)
		return s.assessment(a, err)
	})
}

// printed prints a value as JSON.
func (s *session) printed(v any, err error) error {
	if err == nil {
		s.printJSON(v)
	}
	return err
}

// assessment prints a security assessment. It exits as checks do.
func (s *session) assessment(a client.SecurityAssessment, err error) error {
	if err != nil {
		return err
	}
	for _, h := range a.Heads {
		s.weigh(h.State)
	}
	if s.json {
		s.printJSON(a)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(a.ID), s.say.Say("review-state-"+a.State))
	for _, h := range a.Heads {
		fmt.Fprintf(s.Stdout, "%s  %s\n", s.say.Say("review-headstate-"+h.State), s.say.Say("review-head-"+h.ID))
		for _, x := range h.Answers {
			fmt.Fprintf(s.Stdout, "    %s%s%s (%d/%d)\n", s.say.Say("review-query-"+x.Query), s.say.Say("review-colon"), locale.Visible(x.Sentence), x.Against, x.Count)
		}
		if h.Statement != nil {
			fmt.Fprintf(s.Stdout, "    %s\n", s.say.Say("review-stated", "text", locale.Visible(h.Statement.Text)))
		}
	}
	return nil
}

type reviewStateCommand struct {
	Algorithm string `arg:"" name:"algorithm"`
}

// Run says whether a mechanism review covers what serves an algorithm now. It exits as checks do.
func (c *reviewStateCommand) Run(s *session, p *reviewCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.MechanismState(ctx, c.Algorithm)
		if err != nil {
			return err
		}
		switch a.State {
		case "current":
		case "could-not-tell":
			s.exit = exitCouldNotTell
		default:
			s.exit = exitNotConforming
		}
		if s.json {
			s.printJSON(a)
			return nil
		}
		text := s.say.Say("review-coverage-" + a.State)
		if a.Why != nil {
			text += s.say.Say("review-colon") + locale.Visible(a.Why.Sentence)
		}
		fmt.Fprintln(s.Stdout, text)
		return nil
	})
}

type reviewEnterCommand struct {
	Kind string `arg:"" name:"kind" enum:"mechanism,ethics,security"`
	File string `arg:"" name:"file"`
}

// Run enters a form, which another person decides about. Of a security assessment every query is asked at once.
func (c *reviewEnterCommand) Run(s *session, p *reviewCommand) error {
	raw, err := s.readUpTo(c.File, maxReviewForm)
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		switch c.Kind {
		case "mechanism":
			r, err := server.ProposeMechanismReview(ctx, raw)
			return s.entered(r, r.ID, r.State, err)
		case "ethics":
			r, err := server.ApplyEthicsReview(ctx, raw)
			return s.entered(r, r.ID, r.State, err)
		}
		var b client.SecurityBasics
		if err := json.Unmarshal(raw, &b); err != nil {
			return err
		}
		a, err := server.BeginSecurityAssessment(ctx, b)
		return s.assessment(a, err)
	})
}

// entered prints what was entered or approved.
func (s *session) entered(v any, id, state string, err error) error {
	if err != nil || s.json {
		return s.printed(v, err)
	}
	fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(id), s.say.Say("review-state-"+state))
	return nil
}

type reviewApproveCommand struct {
	Kind string `arg:"" name:"kind" enum:"mechanism,security"`
	ID   string `arg:"" name:"id"`
}

// Run approves what somebody else wrote. Ethics reviews are decided by their committee.
func (c *reviewApproveCommand) Run(s *session, p *reviewCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		if c.Kind == "mechanism" {
			r, err := server.StepMechanismReview(ctx, c.ID, "approve", nil)
			return s.entered(r, r.ID, r.State, err)
		}
		a, err := server.StepSecurityAssessment(ctx, c.ID, "approve", nil)
		return s.entered(a, a.ID, a.State, err)
	})
}

type reviewDocumentCommand struct {
	Kind   string `arg:"" name:"kind" enum:"mechanism,ethics,security"`
	ID     string `arg:"" name:"id"`
	File   string `arg:"" name:"file"`
	Force  bool
	Format string `enum:"html,docx,pdf" default:"pdf" placeholder:"html|docx|pdf"`
}

// Run writes a review as a document, in the language of the command line.
func (c *reviewDocumentCommand) Run(s *session, p *reviewCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		from, err := server.ReviewDocument(ctx, c.Kind, c.ID, c.Format, string(s.say.Language))
		if err != nil {
			return err
		}
		return s.keep(from, c.File, c.Force)
	})
}

type reviewTriggersCommand struct {
	State string `placeholder:"WORD"`
}

// Run lists what asks for a security assessment. It exits 4 when a report is late.
func (c *reviewTriggersCommand) Run(s *session, p *reviewCommand) error {
	filter := chosen(map[string]string{"state": c.State})
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.SecurityTriggers, func(t client.SecurityTrigger) []string {
			due := s.say.Say("review-due-before")
			switch {
			case t.Due != nil:
				due = t.Due.Format(time.DateOnly)
			case t.State != "open":
				due = "-"
			}
			if t.Late {
				s.exit = exitNotConforming
			}
			return []string{locale.Visible(t.ID), s.say.Say("review-trigger-" + t.Kind), locale.Visible(t.Ref), s.say.Say("review-triggerstate-" + t.State), due}
		})
	})
}
