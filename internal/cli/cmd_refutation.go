package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type refutationCommand struct {
	remote
	List     refutationListCommand     `cmd:""`
	Show     refutationShowCommand     `cmd:""`
	Draft    refutationDraftCommand    `cmd:""`
	Propose  refutationProposeCommand  `cmd:""`
	Return   refutationReturnCommand   `cmd:""`
	Publish  refutationPublishCommand  `cmd:""`
	Withdraw refutationWithdrawCommand `cmd:""`
	Reach    refutationReachCommand    `cmd:""`
}

type refutationListCommand struct {
	State  []string `placeholder:"WORD"`
	Number string   `placeholder:"NUMBER"`
	Case   string   `placeholder:"ID"`
}

// Run lists refutations, the newest first.
func (c *refutationListCommand) Run(s *session, r *refutationCommand) error {
	filter := chosen(map[string]string{"number": c.Number, "case": c.Case})
	filter["state"] = c.State
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Refutations, func(r client.Refutation) []string {
			return []string{locale.Visible(r.ID), s.word("refutation-state-", r.State), s.word("refutation-verdict-", r.Verdict), locale.Visible(s.inWords(r.Claim))}
		})
	})
}

// inWords is what stands in the language of the output.
func (s *session) inWords(w client.Words) string {
	if s.say.Language == locale.Chinese {
		return w.ZH
	}
	return w.EN
}

type oneRefutation struct {
	ID string `arg:"" name:"id"`
}

type refutationShowCommand struct{ oneRefutation }

// Run shows a refutation.
func (c *refutationShowCommand) Run(s *session, r *refutationCommand) error {
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		found, err := server.Refutation(ctx, c.ID)
		return s.refuted(found, err)
	})
}

type refutationDraftCommand struct {
	Revise string `placeholder:"ID"`
	Known  bool
	File   string `arg:"" name:"file"`
}

// Run enters a draft, or writes one anew.
func (c *refutationDraftCommand) Run(s *session, r *refutationCommand) error {
	d, err := s.draftOf(c.File)
	if err != nil {
		return err
	}
	d.Known = d.Known || c.Known
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		if c.Revise != "" {
			written, err := server.ReviseRefutation(ctx, c.Revise, d)
			return s.refuted(written, err)
		}
		written, err := server.DraftRefutation(ctx, d)
		return s.refuted(written, err)
	})
}

// draftOf reads a draft: one that was written, or what show --json prints of one.
func (s *session) draftOf(path string) (d client.RefutationDraft, err error) {
	raw, err := s.readUpTo(path, maxDocument+1)
	if err != nil {
		return d, err
	}
	if err = strictly(path, raw, &d); err == nil {
		return d, nil
	}
	if strictly(path, raw, new(client.Refutation)) == nil {
		return d, json.Unmarshal(raw, &d)
	}
	return d, err
}

type refutationProposeCommand struct{ oneRefutation }

// Run gives a draft to somebody else to publish.
func (c *refutationProposeCommand) Run(s *session, r *refutationCommand) error {
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		proposed, err := server.ProposeRefutation(ctx, c.ID)
		return s.refuted(proposed, err)
	})
}

type refutationReturnCommand struct{ oneRefutation }

// Run makes what was proposed a draft again.
func (c *refutationReturnCommand) Run(s *session, r *refutationCommand) error {
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		returned, err := server.ReturnRefutation(ctx, c.ID)
		return s.refuted(returned, err)
	})
}

type refutationPublishCommand struct {
	Version int64 `required:"" placeholder:"N"`
	oneRefutation
}

// Run publishes what somebody else wrote.
func (c *refutationPublishCommand) Run(s *session, r *refutationCommand) error {
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		published, err := server.PublishRefutation(ctx, c.ID, c.Version)
		return s.refuted(published, err)
	})
}

type refutationWithdrawCommand struct {
	Why string `placeholder:"FILE"`
	oneRefutation
}

// Run gives up a draft, or withdraws what was published.
func (c *refutationWithdrawCommand) Run(s *session, r *refutationCommand) error {
	var why *client.Words
	if c.Why != "" {
		why = new(client.Words)
		if err := s.readStrict(c.Why, why); err != nil {
			return err
		}
	}
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		withdrawn, err := server.WithdrawRefutation(ctx, c.ID, why)
		return s.refuted(withdrawn, err)
	})
}

type refutationReachCommand struct{ oneRefutation }

// Run counts whom a refutation reached, and says where nobody knows.
func (c *refutationReachCommand) Run(s *session, r *refutationCommand) error {
	return r.call(s, func(ctx context.Context, server *client.Client) error {
		reach, err := server.RefutationReach(ctx, c.ID)
		switch {
		case err != nil:
			return err
		case s.json:
			s.printJSON(reach)
			return nil
		}
		fmt.Fprintln(s.Stdout, s.say.Say("refutation-reached", "reached", itoa(reach.Reached), "read", itoa(reach.Read), "deliverable", itoa(reach.Deliverable), "unreachable", itoa(reach.Unreachable), "dropped", itoa(reach.Dropped)))
		fmt.Fprintln(s.Stdout, s.say.Say("refutation-unknown"))
		for _, u := range reach.Unknown {
			fmt.Fprintln(s.Stdout, "  "+locale.Visible(u.Sentence))
		}
		return nil
	})
}

// refuted prints a refutation.
func (s *session) refuted(r client.Refutation, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(r)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(r.ID), s.word("refutation-state-", r.State), s.say.Say("refutation-version", "version", fmt.Sprint(r.Version)))
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("refutation-of", "verdict", s.word("refutation-verdict-", r.Verdict), "claim", locale.Visible(s.inWords(r.Claim))))
	reason := r.Reason
	if r.Why != nil {
		reason = *r.Why
	}
	fmt.Fprintln(s.Stdout, "  "+locale.Visible(s.inWords(reason)))
	for _, source := range r.Sources {
		fmt.Fprintf(s.Stdout, "  %s  %s  %s\n", locale.Visible(source.Date), locale.Visible(source.Title), locale.Visible(source.URL))
	}
	if r.URL != "" {
		fmt.Fprintln(s.Stdout, "  "+locale.Visible(r.URL))
	}
	return nil
}
