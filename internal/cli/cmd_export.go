package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
)

type exportCommand struct {
	remote
	Account string `required:"" placeholder:"NAME"`
	Text    string `placeholder:"FILE" xor:"what" required:""`
	Answer  string `placeholder:"FILE" xor:"what" required:""`
	Format  string `enum:"md,docx,pdf,html,png" default:"docx"`
	Title   string `placeholder:"TEXT"`
	Lang    string `name:"notice-lang" enum:"zh,en,both" default:"zh"`
	Out     string `short:"o" required:"" placeholder:"FILE"`
	Number  string `arg:"" name:"number"`
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 2 << 20

// Run has the server turn an answer into a file.
func (c *exportCommand) Run(s *session) error {
	e := client.Export{Number: c.Number, Format: c.Format, Title: c.Title, NoticeLang: c.Lang, Account: c.Account}
	path := c.Text
	if path == "" {
		path = c.Answer
	}
	raw, err := s.readUpTo(path, maxAnswer)
	if err != nil {
		return err
	}
	if c.Text != "" {
		e.Text = string(raw)
	} else {
		e.Answer = raw
	}
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		file, err := server.Export(ctx, e)
		if err != nil {
			return err
		}
		defer file.Close()
		out, err := os.Create(c.Out)
		if err != nil {
			return durable.Fault(c.Out, err)
		}
		if _, err := io.Copy(out, file); err != nil {
			return errors.Join(err, out.Close(), os.Remove(c.Out))
		}
		if err := out.Close(); err != nil {
			return durable.Fault(c.Out, err)
		}
		if s.json {
			s.printJSON(map[string]string{"number": file.Number, "file": c.Out, "parent": c.Number})
			return nil
		}
		fmt.Fprintln(s.Stdout, s.say.Say("export-done", "number", file.Number, "file", c.Out))
		return nil
	})
}

// readUpTo reads a file, or the standard input for -, up to a size.
func (s *session) readUpTo(path string, most int64) ([]byte, error) {
	var from io.Reader = s.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, durable.Fault(path, err)
		}
		defer f.Close()
		from = f
	}
	raw, err := io.ReadAll(io.LimitReader(from, most))
	return raw, durable.Fault(path, err)
}
