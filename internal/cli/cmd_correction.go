package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type correctionCommand struct {
	remote
	List    correctionListCommand    `cmd:""`
	Open    correctionOpenCommand    `cmd:""`
	Show    correctionShowCommand    `cmd:""`
	Read    correctionReadCommand    `cmd:""`
	Take    correctionTakeCommand    `cmd:""`
	Retract correctionRetractCommand `cmd:""`
	Close   correctionCloseCommand   `cmd:""`
	Dismiss correctionDismissCommand `cmd:""`
	Reopen  correctionReopenCommand  `cmd:""`
}

type correctionListCommand struct {
	State    []string `placeholder:"WORD"`
	Function string   `placeholder:"ID"`
}

// Run lists cases of illegal output, the newest first.
func (c *correctionListCommand) Run(s *session, p *correctionCommand) error {
	filter := chosen(map[string]string{"function": c.Function})
	filter["state"] = c.State
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Corrections, func(v client.Correction) []string {
			return []string{locale.Visible(v.ID), s.say.Say("page-correction-state-" + v.State), s.say.Say("cli-correction-left", "count", itoa(v.Left)), locally(v.Due), locale.Visible(v.Function)}
		})
	})
}

// corrected prints a case with its steps, without what people wrote.
func (s *session) corrected(v client.Correction, err error) error {
	if done, err := s.plain(v, err); done {
		return err
	}
	fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(v.ID), s.say.Say("page-correction-state-"+v.State))
	w := s.columns()
	for _, t := range v.Steps {
		when := locally(t.At)
		if t.State == "open" {
			when = s.say.Say("cli-correction-due", "at", locally(&t.Due))
		}
		shown := ""
		for _, e := range t.Evidence {
			shown += " " + locale.Visible(e.Kind+"="+e.ID)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s%s\n", locale.Visible(t.Step), s.say.Say("page-correction-step-"+t.Step), s.say.Say("page-step-state-"+t.State), when, s.word("page-correction-how-", t.How), shown)
	}
	return w.Flush()
}

type correctionOpenCommand struct {
	Title    string   `required:"" placeholder:"TEXT"`
	Summary  string   `placeholder:"TEXT"`
	Origin   string   `placeholder:"WORD"`
	About    []string `placeholder:"KIND=ID" sep:"none"`
	Function string   `placeholder:"ID"`
	Model    string   `placeholder:"NAME"`
	Found    moment   `placeholder:"TIME"`
}

// Run opens a case after illegal output.
func (c *correctionOpenCommand) Run(s *session, p *correctionCommand) error {
	about, err := refs(c.About)
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.OpenCorrection(ctx, client.CorrectionDraft{Title: c.Title, Summary: c.Summary, Origin: c.Origin, About: about, Function: c.Function, Model: c.Model, Found: c.Found.Time})
		return s.corrected(v, err)
	})
}

type correctionShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows a case with its steps.
func (c *correctionShowCommand) Run(s *session, p *correctionCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.Correction(ctx, c.ID)
		return s.corrected(v, err)
	})
}

type correctionReadCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows what people wrote of a case; a record says who read it.
func (c *correctionReadCommand) Run(s *session, p *correctionCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		words, err := server.ReadCorrection(ctx, c.ID)
		if done, err := s.plain(words, err); done {
			return err
		}
		s.prose(words.Title, words.Summary)
		for _, step := range []string{"stop", "delete", "correct", "report"} {
			if note := words.Notes[step]; note != "" {
				fmt.Fprintf(s.Stdout, "%s\n", s.say.Say("page-correction-step-"+step))
				s.prose(note)
			}
		}
		return nil
	})
}

type correctionTakeCommand struct {
	Skip  bool
	At    moment   `placeholder:"TIME"`
	How   string   `placeholder:"WORD"`
	Shown []string `placeholder:"KIND=ID" sep:"none"`
	Note  string   `placeholder:"TEXT"`
	ID    string   `arg:"" name:"id"`
	Step  string   `arg:"" name:"step" enum:"stop,delete,correct,report"`
}

// Run says that a step was taken and what shows it, or that there is nothing to do.
func (c *correctionTakeCommand) Run(s *session, p *correctionCommand) error {
	shown, err := refs(c.Shown)
	if err != nil {
		return err
	}
	if c.At.IsZero() {
		c.At.Time = time.Now()
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.TakeCorrection(ctx, c.ID, client.CorrectionTaken{Step: c.Step, Skip: c.Skip, At: c.At.Time, How: c.How, Evidence: shown, Note: c.Note})
		return s.corrected(v, err)
	})
}

type correctionRetractCommand struct {
	Why  string `required:"" placeholder:"TEXT"`
	ID   string `arg:"" name:"id"`
	Step string `arg:"" name:"step" enum:"stop,delete,correct,report"`
}

// Run says that a step was not taken after all.
func (c *correctionRetractCommand) Run(s *session, p *correctionCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.RetractCorrection(ctx, c.ID, c.Step, c.Why)
		return s.corrected(v, err)
	})
}

// correctionJudge is an act that asks for a reason alone.
type correctionJudge struct {
	Why string `required:"" placeholder:"TEXT"`
	ID  string `arg:"" name:"id"`
}

func (c *correctionJudge) act(s *session, p *correctionCommand, act string) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.JudgeCorrection(ctx, c.ID, act, c.Why)
		return s.corrected(v, err)
	})
}

type correctionCloseCommand struct{ correctionJudge }

// Run closes a case of which no step is open.
func (c *correctionCloseCommand) Run(s *session, p *correctionCommand) error {
	return c.act(s, p, "close")
}

type correctionDismissCommand struct{ correctionJudge }

// Run says that the output was not illegal, or none of ours.
func (c *correctionDismissCommand) Run(s *session, p *correctionCommand) error {
	return c.act(s, p, "dismiss")
}

type correctionReopenCommand struct{ correctionJudge }

// Run says that a case goes on.
func (c *correctionReopenCommand) Run(s *session, p *correctionCommand) error {
	return c.act(s, p, "reopen")
}
