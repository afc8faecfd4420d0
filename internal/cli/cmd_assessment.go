package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"text/tabwriter"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type assessmentCommand struct {
	List     assessmentListCommand     `cmd:""`
	Show     assessmentShowCommand     `cmd:""`
	State    assessmentStateCommand    `cmd:""`
	Template assessmentTemplateCommand `cmd:""`
	Check    assessmentCheckCommand    `cmd:""`
	Write    assessmentWriteCommand    `cmd:""`
	Approve  assessmentApproveCommand  `cmd:""`
	Faces    assessmentFacesCommand    `cmd:""`
}

type assessmentListCommand struct {
	remote
	Function string `placeholder:"ID"`
	State    string `placeholder:"WORD"`
}

// Run lists assessments, the newest first.
func (c *assessmentListCommand) Run(s *session) error {
	filter := chosen(map[string]string{"function": c.Function, "state": c.State})
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		all, err := pages(filter, func(l client.Listing) ([]client.Assessment, string, error) { return server.Assessments(ctx, l) })
		if err != nil {
			return err
		}
		if s.json {
			for _, a := range all {
				s.printJSON(a)
			}
			return nil
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		for _, a := range all {
			f, err := assessment.ParseForm(a.Form)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", locale.Visible(a.ID), locale.Visible(f.Function), s.say.Say("assess-state-"+a.State), a.Proposed.Format(time.DateOnly), locale.Visible(f.Review))
		}
		return w.Flush()
	})
}

type assessmentShowCommand struct {
	remote
	HTML string `name:"html" placeholder:"FILE"`
	ID   string `arg:"" name:"id"`
}

// Run shows an assessment: its history, and its form as JSON. With a file its document is written there instead.
func (c *assessmentShowCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		if c.HTML != "" {
			page, err := server.AssessmentDocument(ctx, c.ID)
			if err != nil {
				return err
			}
			return durable.Fault(c.HTML, os.WriteFile(c.HTML, page, 0o644))
		}
		a, err := server.Assessment(ctx, c.ID)
		if err == nil {
			s.printJSON(a)
		}
		return err
	})
}

type assessmentStateCommand struct {
	remote
	Function string `arg:"" name:"function"`
}

// Run says whether a function is covered. It exits as checks do.
func (c *assessmentStateCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.AssessmentState(ctx, c.Function)
		if err != nil {
			return err
		}
		if a.State != string(assessment.Current) {
			s.exit = exitNotConforming
		}
		if s.json {
			s.printJSON(a)
			return nil
		}
		text := s.say.Say("assess-cover-" + a.State)
		if a.Reason != "" {
			text = s.say.Say("assess-because", "cover", text, "reason", s.say.Code(a.Reason, nil))
		}
		if a.Until != nil {
			text = s.say.Say("assess-until", "cover", text, "day", a.Until.In(time.FixedZone("", 8*60*60)).Format(time.DateOnly))
		}
		fmt.Fprintln(s.Stdout, text)
		return nil
	})
}

type assessmentTemplateCommand struct{}

// Run prints a form that says in each field what belongs there.
func (assessmentTemplateCommand) Run(s *session) error {
	raw, err := assessment.Template(string(s.say.Language))
	if err != nil {
		return err
	}
	_, err = s.Stdout.Write(raw)
	return err
}

// formOf reads a form from a file, or from the standard input for -.
func (s *session) formOf(path string) ([]byte, error) {
	read := func() ([]byte, error) { return os.ReadFile(path) }
	if path == "-" {
		read = func() ([]byte, error) { return io.ReadAll(io.LimitReader(s.Stdin, assessment.MaxForm+1)) }
	}
	raw, err := read()
	if err != nil {
		return nil, durable.Fault(path, err)
	}
	_, err = assessment.ParseForm(raw)
	return raw, err
}

type assessmentCheckCommand struct {
	File string `arg:"" name:"file"`
}

// Run checks a form with no server.
func (c *assessmentCheckCommand) Run(s *session) error {
	raw, err := s.formOf(c.File)
	if err != nil {
		s.stop(err)
		return nil
	}
	f, err := assessment.ParseForm(raw)
	if err != nil {
		return err
	}
	digest, err := f.Digest()
	if err != nil {
		return err
	}
	if s.json {
		s.printJSON(map[string]string{"function": f.Function, "digest": digest})
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("assess-checked", "digest", digest))
	return nil
}

type assessmentWriteCommand struct {
	remote
	File string `arg:"" name:"file"`
}

// Run enters a form, which somebody else has to approve.
func (c *assessmentWriteCommand) Run(s *session) error {
	raw, err := s.formOf(c.File)
	if err != nil {
		s.stop(err)
		return nil
	}
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.ProposeAssessment(ctx, raw)
		return s.assessed(a, err)
	})
}

type assessmentApproveCommand struct {
	remote
	ID string `arg:"" name:"id"`
}

// Run approves what somebody else wrote.
func (c *assessmentApproveCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		a, err := server.ApproveAssessment(ctx, c.ID)
		return s.assessed(a, err)
	})
}

// assessed prints where an assessment is now.
func (s *session) assessed(a client.Assessment, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(a)
	default:
		fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(a.ID), s.say.Say("assess-state-"+a.State))
	}
	return nil
}

type assessmentFacesCommand struct{ remote }

type jsonFaces struct {
	client.Faces
	Duties []client.FilingDuty `json:"duties"`
}

// Run says how many faces are stored, and what is to be filed. It exits as checks do when something is overdue.
func (c *assessmentFacesCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		f, err := server.Faces(ctx)
		if err != nil {
			return err
		}
		duties, _, err := server.FilingDuties(ctx, client.Listing{Filter: url.Values{"state": {"open"}}, Limit: 100})
		if err != nil {
			return err
		}
		if f.Overdue > 0 {
			s.exit = exitNotConforming
		}
		if s.json {
			s.printJSON(jsonFaces{f, append([]client.FilingDuty{}, duties...)})
			return nil
		}
		fmt.Fprintln(s.Stdout, s.say.Say("faces-stored", "faces", itoa(f.Faces), "limit", itoa(f.Limit), "warning", itoa(f.Warning)))
		for _, d := range duties {
			due := d.Due.In(time.FixedZone("", 8*60*60)).Format(time.DateOnly)
			fmt.Fprintln(s.Stdout, s.say.Say("faces-duty", "id", d.ID, "kind", s.say.Say("faces-kind-"+d.Kind), "due", due))
			for _, year := range d.Unsure {
				fmt.Fprintln(s.Stdout, "  "+s.say.Say("faces-unsure", "year", itoa(year)))
			}
		}
		return nil
	})
}
