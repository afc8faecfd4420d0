package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type bankCommand struct {
	remote
	List    bankListCommand    `cmd:""`
	Show    bankShowCommand    `cmd:""`
	Import  bankImportCommand  `cmd:""`
	Starter bankStarterCommand `cmd:""`
	Approve bankApproveCommand `cmd:""`
	Export  bankExportCommand  `cmd:""`
}

type bankListCommand struct{}

// Run lists banks, the newest first.
func (c *bankListCommand) Run(s *session, p *bankCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, nil, server.TestBanks, func(b client.TestBank) []string {
			return []string{locale.Visible(b.ID), s.say.Say("bank-state-" + b.State), itoa(b.Questions), locale.Visible(b.Name)}
		})
	})
}

type bankShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows a bank with its questions counted for each risk.
func (c *bankShowCommand) Run(s *session, p *bankCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		b, err := server.TestBank(ctx, c.ID)
		if err != nil {
			return err
		}
		v, err := server.BankCoverage(ctx, c.ID)
		if err != nil {
			return err
		}
		if s.json {
			s.printJSON(struct {
				Bank     client.TestBank     `json:"bank"`
				Coverage client.BankCoverage `json:"coverage"`
			}{b, v})
			return nil
		}
		s.bank(b)
		for _, h := range v.Held {
			fmt.Fprintln(s.Stdout, "  "+s.say.Say("cli-bank-held-line", "figure", s.say.Say("page-bank-figure-"+h.ID), "there", itoa(h.Fewest), "least", itoa(h.Least), "verdict", s.say.Say("page-verdict-"+h.Verdict), "sure", s.say.Say("page-confidence-"+h.Confidence)))
		}
		w, kind := s.columns(), ""
		for _, n := range v.Topics {
			if n.Kind != kind {
				kind = n.Kind
				fmt.Fprintf(w, "%s\n", s.say.Say("page-kind-"+kind))
			}
			fmt.Fprintf(w, "  %s\t%s\n", locale.Visible(strings.TrimSpace(riskNumber(n.Topic.ID)+n.Topic.Names.In(string(s.say.Language)))), itoa(n.Questions))
		}
		return w.Flush()
	})
}

// riskNumber is the place of a risk in the annex of the standard; an aspect has none.
func riskNumber(id string) string {
	if strings.HasPrefix(id, "A.") {
		return id + " "
	}
	return ""
}

type bankImportCommand struct {
	Name string `required:"" placeholder:"TEXT"`
	Note string `placeholder:"TEXT"`
	File string `arg:"" name:"file"`
}

// Run brings in a bank for somebody else to approve.
func (c *bankImportCommand) Run(s *session, p *bankCommand) error {
	f, err := os.Open(c.File)
	if err != nil {
		return durable.Fault(c.File, err)
	}
	defer f.Close()
	format := "jsonl"
	if strings.EqualFold(filepath.Ext(c.File), ".csv") {
		format = "csv"
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.banked(server.ImportBank(ctx, f, format, c.Name, c.Note))
	})
}

type bankStarterCommand struct{}

// Run brings in the bank that comes with Colophon.
func (c *bankStarterCommand) Run(s *session, p *bankCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error { return s.banked(server.StarterBank(ctx)) })
}

type bankApproveCommand struct {
	ID string `arg:"" name:"id"`
}

// Run approves a bank that somebody else brought in.
func (c *bankApproveCommand) Run(s *session, p *bankCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error { return s.banked(server.ApproveBank(ctx, c.ID)) })
}

type bankExportCommand struct {
	Out   string `short:"o" placeholder:"FILE"`
	Force bool
	ID    string `arg:"" name:"id"`
}

// Run writes the questions of a bank to a file, or to the standard output.
func (c *bankExportCommand) Run(s *session, p *bankCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		from, err := server.BankQuestions(ctx, c.ID)
		if err != nil {
			return err
		}
		return s.keep(from, c.Out, c.Force)
	})
}

// keep writes what comes from a server to a file, or to the standard output where none is named.
func (s *session) keep(from io.ReadCloser, name string, force bool) error {
	defer from.Close()
	if name == "" {
		_, err := io.Copy(s.Stdout, from)
		return err
	}
	b := durable.NewBatch(durable.Options{Force: force})
	defer b.Abort()
	to, err := b.Create(name, nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	if err := to.Finish(); err != nil {
		return err
	}
	return b.Commit()
}

func (s *session) banked(b client.TestBank, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(b)
	default:
		s.bank(b)
	}
	return nil
}

func (s *session) bank(b client.TestBank) {
	counts := map[string]int{}
	for _, k := range b.Kinds {
		counts[k.Kind] = k.Count
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(b.ID), s.say.Say("bank-state-"+b.State), locale.Visible(b.Name))
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("cli-bank-counts", "questions", itoa(b.Questions), "generation", itoa(counts["generation"]), "refuse", itoa(counts["should-refuse"]), "not", itoa(counts["should-not-refuse"]), "near", itoa(b.Near)))
	fmt.Fprintln(s.Stdout, "  SHA-256 "+locale.Visible(b.Digest))
}
