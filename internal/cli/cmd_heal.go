package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type healCommand struct {
	remote
	File  string `arg:"" name:"file"`
	Out   string `placeholder:"FILE"`
	Force bool
}

// Run asks the server what a file is a copy of, and has its label restored where an output is named. The exit code is 0 where it
// was known, 3 where it was not, and 5 where nobody could tell.
func (c *healCommand) Run(s *session) error {
	src, err := durable.Open(c.File)
	if err != nil {
		return durable.Fault(c.File, err)
	}
	defer src.Close()
	body := func() io.Reader { return io.NewSectionReader(src, 0, src.Size()) }
	return c.call(s, func(ctx context.Context, api *client.Client) error {
		h, err := api.Heal(ctx, filepath.Base(c.File), body())
		if err != nil {
			return err
		}
		switch {
		case h.Attribution != nil:
		case h.Restorable == "could-not-tell":
			s.exit = exitCouldNotTell
		default:
			s.exit = exitNoMark
		}
		written := ""
		if c.Out != "" && h.Restorable == "passed" {
			if err := c.restore(ctx, api, body()); err != nil {
				return err
			}
			written = c.Out
		}
		if s.json {
			s.printJSON(struct {
				File   string `json:"file"`
				Output string `json:"output,omitempty"`
				client.Healing
			}{c.File, written, h})
			return nil
		}
		s.printHealing(c.File, written, h)
		return nil
	})
}

func (c *healCommand) restore(ctx context.Context, api *client.Client, body io.Reader) error {
	got, err := api.Restore(ctx, filepath.Base(c.File), body)
	if err != nil {
		return err
	}
	defer got.Close()
	batch := durable.NewBatch(durable.Options{Force: c.Force})
	defer batch.Abort()
	info, err := os.Stat(c.File)
	if err != nil {
		return durable.Fault(c.File, err)
	}
	f, err := batch.Create(c.Out, info)
	if err != nil {
		return err
	}
	if _, err = io.Copy(f, got); err != nil {
		return err
	}
	if err = f.Finish(); err != nil {
		return err
	}
	return batch.Commit()
}

func (s *session) printHealing(file, written string, h client.Healing) {
	if a := h.Attribution; a != nil {
		fmt.Fprintln(s.Stdout, s.say.Say("heal-known", "file", locale.Visible(file), "number", a.Number, "how", s.named("heal-by-", a.How), "sure", s.named("heal-sure-", a.Sure)))
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("heal-made", "producer", a.Producer, "function", a.Function, "at", a.Made.Local().Format(time.DateTime)))
	} else {
		fmt.Fprintln(s.Stdout, s.say.Say("heal-not-known", "file", locale.Visible(file)))
	}
	for _, l := range h.Looks {
		told := s.named("heal-look-", l.Verdict)
		if l.Reason != nil {
			told += " (" + l.Reason.Sentence + ")"
		}
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("heal-look", "how", s.named("heal-by-", l.How), "told", told))
	}
	if h.Attribution == nil {
		for _, c := range h.Candidates {
			var how []string
			for _, w := range c.How {
				how = append(how, s.named("heal-by-", w))
			}
			if c.Bits != nil {
				how = append(how, s.say.Say("heal-bits", "bits", strconv.Itoa(*c.Bits)))
			}
			fmt.Fprintln(s.Stdout, "  "+s.say.Say("heal-candidate", "number", c.Number, "how", strings.Join(how, ", ")))
		}
	}
	switch {
	case written != "":
		fmt.Fprintln(s.Stdout, s.say.Say("heal-written", "file", locale.Visible(written)))
	case h.Restorable == "passed":
		fmt.Fprintln(s.Stdout, s.say.Say("heal-restorable"))
	case h.Reason != nil:
		fmt.Fprintln(s.Stdout, h.Reason.Sentence)
	}
}
