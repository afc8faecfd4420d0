package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/filing"
)

type filingCommand struct {
	remote
	List     filingListCommand     `cmd:""`
	Show     filingShowCommand     `cmd:""`
	Draft    filingDraftCommand    `cmd:""`
	Write    filingWriteCommand    `cmd:""`
	Attach   filingAttachCommand   `cmd:""`
	Lint     filingLintCommand     `cmd:""`
	Step     filingStepCommand     `cmd:""`
	Submit   filingSubmitCommand   `cmd:""`
	Decide   filingDecideCommand   `cmd:""`
	Download filingDownloadCommand `cmd:""`
	Check    filingCheckCommand    `cmd:""`
}

func (s *session) filed(f client.AlgorithmFiling, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(f)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(f.ID), locale.Visible(f.Function), s.say.Say("page-kit-state-"+f.State), locale.Visible(f.Name))
	for _, c := range f.Clocks {
		if c.State != "waiting" && c.Until != nil {
			fmt.Fprintf(s.Stdout, "  %s  %s  %s\n", s.say.Say("page-kit-clock-"+c.ID), s.say.Say("page-kit-clock-state-"+c.State), c.Until.In(workday.Beijing()).Format(time.DateOnly))
		}
	}
	return nil
}

type filingListCommand struct {
	State    []string `placeholder:"WORD"`
	Function string   `placeholder:"ID"`
}

// Run lists filings, the newest first.
func (c *filingListCommand) Run(s *session, p *filingCommand) error {
	filter := chosen(map[string]string{"function": c.Function})
	filter["state"] = c.State
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		for l := (client.Listing{Filter: filter}); ; {
			list, next, err := server.AlgorithmFilings(ctx, l)
			if err != nil {
				return err
			}
			for _, f := range list {
				if err := s.filed(f, nil); err != nil {
					return err
				}
			}
			if l.Cursor = next; next == "" {
				return nil
			}
		}
	})
}

type filingShowCommand struct {
	Kit bool
	ID  string `arg:"" name:"id"`
}

// Run shows a filing, or its kit alone, as write takes it.
func (c *filingShowCommand) Run(s *session, p *filingCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		f, err := server.AlgorithmFiling(ctx, c.ID)
		if err != nil || !c.Kit {
			return s.filed(f, err)
		}
		_, err = fmt.Fprintf(s.Stdout, "%s\n", f.Kit)
		return err
	})
}

type filingDraftCommand struct {
	Function string `arg:"" name:"function"`
}

// Run drafts the filing of a function.
func (c *filingDraftCommand) Run(s *session, p *filingCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.filed(server.DraftFiling(ctx, c.Function))
	})
}

type filingWriteCommand struct {
	People  string `placeholder:"FILE"`
	Version int    `placeholder:"N"`
	Began   moment `placeholder:"DATE"`
	Changed moment `placeholder:"DATE"`
	ID      string `arg:"" name:"id"`
	Kit     string `arg:"" name:"kit"`
}

// Run enters what a draft says, from a file. A kit that is out of form is refused before it is sent.
func (c *filingWriteCommand) Run(s *session, p *filingCommand) error {
	raw, err := fileOf(c.Kit, filing.MaxKit+1)
	if err != nil {
		return err
	}
	if _, err := filing.ParseKit(raw); err != nil {
		return err
	}
	w := client.FilingWriting{Kit: raw, Version: c.Version}
	for at, to := range map[*moment]**time.Time{&c.Began: &w.Began, &c.Changed: &w.Changed} {
		if !at.IsZero() {
			*to = &at.Time
		}
	}
	if c.People != "" {
		raw, err := fileOf(c.People, filing.MaxKit)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &w.People); err != nil {
			return &colophon.Error{Kind: colophon.Invalid, Code: filing.CodeInvalid, Args: colophon.Args{"field": "people"}, Err: err}
		}
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.filed(server.WriteFiling(ctx, c.ID, w))
	})
}

// fileOf reads a file of at most so many bytes.
func fileOf(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, durable.Fault(path, err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, durable.Fault(path, err)
	}
	return raw, nil
}

type filingAttachCommand struct {
	Kind    string `required:"" placeholder:"WORD"`
	Title   string `required:"" placeholder:"TEXT"`
	Place   string `placeholder:"FIELD"`
	Caption string `placeholder:"TEXT"`
	ID      string `arg:"" name:"id"`
	File    string `arg:"" name:"file"`
}

// Run adds a file to the annexes of a draft.
func (c *filingAttachCommand) Run(s *session, p *filingCommand) error {
	files, done, err := proofFiles([]string{c.File})
	if err != nil {
		return err
	}
	defer done()
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.filed(server.AttachToFiling(ctx, c.ID, client.FilingAnnex{Kind: c.Kind, Title: c.Title, Place: c.Place, Caption: c.Caption}, files[0]))
	})
}

type filingLintCommand struct {
	ID string `arg:"" name:"id"`
}

// Run holds a filing against itself, the register and the habits of the public list.
func (c *filingLintCommand) Run(s *session, p *filingCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		out, err := server.FilingFindings(ctx, c.ID)
		if err != nil {
			return err
		}
		s.exit = verdictExit(out.Verdict)
		if s.json {
			s.printJSON(out)
			return nil
		}
		for _, f := range out.Findings {
			fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", s.say.Say("page-kit-level-"+f.Level), locale.Visible(f.Field), locale.Visible(f.Name), locale.Visible(f.Text))
		}
		fmt.Fprintln(s.Stdout, s.say.Say("filing-lint-"+out.Verdict))
		return nil
	})
}

type filingStepCommand struct {
	Note string `placeholder:"TEXT"`
	Step string `arg:"" name:"step" enum:"propose,approve,amend,return,withdraw"`
	ID   string `arg:"" name:"id"`
}

// Run takes a step with a filing.
func (c *filingStepCommand) Run(s *session, p *filingCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		if c.Step == "return" || c.Step == "withdraw" {
			return s.filed(server.NoteFiling(ctx, c.ID, c.Step, c.Note))
		}
		return s.filed(server.StepFiling(ctx, c.ID, c.Step))
	})
}

type filingSubmitCommand struct {
	Reference string `placeholder:"TEXT"`
	At        moment `placeholder:"TIME"`
	ID        string `arg:"" name:"id"`
	Receipt   string `arg:"" name:"receipt"`
}

// Run says that an approved filing was handed in.
func (c *filingSubmitCommand) Run(s *session, p *filingCommand) error {
	files, done, err := proofFiles([]string{c.Receipt})
	if err != nil {
		return err
	}
	defer done()
	if c.At.IsZero() {
		c.At.Time = time.Now()
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.filed(server.SubmitFiling(ctx, c.ID, c.Reference, c.At.Time, files[0]))
	})
}

type filingDecideCommand struct {
	Number string `placeholder:"NUMBER"`
	Reason string `placeholder:"TEXT"`
	At     moment `placeholder:"TIME"`
	ID     string `arg:"" name:"id"`
}

// Run enters what the authority said: a number, or why not.
func (c *filingDecideCommand) Run(s *session, p *filingCommand) error {
	if c.At.IsZero() {
		c.At.Time = time.Now()
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.filed(server.DecideFiling(ctx, c.ID, c.Number != "", c.Number, c.Reason, c.At.Time))
	})
}

type filingDownloadCommand struct {
	Document string `placeholder:"ID"`
	Format   string `placeholder:"docx|pdf|html" default:"docx" enum:"docx,pdf,html"`
	People   bool
	Out      string `short:"o" required:"" placeholder:"FILE"`
	Force    bool
	ID       string `arg:"" name:"id"`
}

// Run writes one document, or all of them as ZIP, to a file.
func (c *filingDownloadCommand) Run(s *session, p *filingCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) (err error) {
		var from io.ReadCloser
		if c.Document == "" {
			from, err = server.FilingPackage(ctx, c.ID, c.People)
		} else {
			from, err = server.FilingDocument(ctx, c.ID, c.Document, c.Format, c.People)
		}
		if err != nil {
			return err
		}
		return s.keep(from, c.Out, c.Force)
	})
}

type filingCheckCommand struct {
	Numbers []string `arg:"" name:"numbers"`
}

// Run checks the form and the check digit of filing numbers, with no server. It never says that one is valid.
func (c *filingCheckCommand) Run(s *session) error {
	for _, text := range c.Numbers {
		n, err := register.CheckFiling(text)
		out := struct {
			Number string     `json:"number"`
			Digits string     `json:"digits,omitempty"`
			Passes bool       `json:"passes"`
			Class  string     `json:"class,omitempty"`
			Year   string     `json:"year,omitempty"`
			Place  string     `json:"place,omitempty"`
			Error  *jsonError `json:"error,omitempty"`
		}{Number: text, Digits: n.Digits, Passes: n.Checked, Class: n.Class, Year: n.Year, Place: n.Division}
		said := "filing-number-fails"
		switch {
		case err != nil:
			out.Error = s.errorJSON(err)
		case n.Checked:
			said = "filing-number-passes"
		}
		if !n.Checked {
			s.exit = exitNotConforming
		}
		switch {
		case s.json:
			s.printJSON(out)
		case err != nil:
			fmt.Fprintf(s.Stdout, "%s: %s\n", locale.Visible(text), s.say.Error(err))
		default:
			fmt.Fprintf(s.Stdout, "%s: %s\n", n.Digits, s.say.Say(said, "place", n.Division, "class", n.Class, "year", "20"+n.Year))
		}
	}
	return nil
}
