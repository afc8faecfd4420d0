package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/checker"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/label"
)

type lookUpCommand struct {
	Server string `placeholder:"URL"`
	Number bool
	What   string `arg:"" name:"what"`
}

// lookedUp is what was sent, and what came back.
type lookedUp struct {
	Sent sent `json:"sent"`
	client.LookUp
}

// sent is all that a server is asked by.
type sent struct {
	Number string `json:"number,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Run asks a server what everybody may know of a file or a content number. It sends no key, whatever the environment says.
func (c *lookUpCommand) Run(s *session) error {
	ask, err := c.asked(s)
	if err != nil {
		s.exit = exitCouldNotTell
		s.complain(c.What, err)
		return nil
	}
	return reach(s, c.Server, "", func(ctx context.Context, server *client.Client) error {
		found, err := server.LookUp(ctx, ask.Number, ask.SHA256)
		if err != nil {
			return err
		}
		told := toldBy(ask, found)
		s.exit = map[string]int{"same": exitDone, "number": exitDone, "known": exitCouldNotTell}[told[0]]
		if told[0] == "unknown" || told[0] == "other" || len(told) > 1 && told[1] == "stopped" {
			s.exit = exitNotConforming
		}
		if s.json {
			s.printJSON(lookedUp{ask, found})
			return nil
		}
		s.toldOf(ask, found, told)
		return nil
	})
}

// asked is what the server is to be asked by: a number, or what a file says about itself. A name that looks like that of a
// file and is none is not sent.
func (c *lookUpCommand) asked(s *session) (sent, error) {
	if c.Number {
		return sent{Number: c.What}, nil
	}
	file, err := durable.Open(c.What)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == durable.CodeFileMissing && !strings.ContainsAny(c.What, "./"+string(os.PathSeparator)) {
		return sent{Number: c.What}, nil
	}
	if err != nil {
		return sent{}, err
	}
	defer file.Close()
	o := checker.Options{Name: filepath.Base(c.What)}
	if side, err := durable.Open(c.What + label.SidecarSuffix); err == nil {
		defer side.Close()
		o.Sidecar = side
	}
	report := checker.Check(file, o, s.say)
	if report.Digest == "" {
		return sent{}, &colophon.Error{Kind: colophon.Internal, Code: durable.CodeFailed, Args: colophon.Args{"file": c.What}}
	}
	return sent{Number: report.Number, SHA256: report.Digest}, nil
}

// toldBy are the cases of an answer: about the content, and, where there is more to say, what became of it.
func toldBy(ask sent, found client.LookUp) []string {
	told := "known" // and nobody could compare the bytes
	switch {
	case !found.Known:
		return []string{"unknown"}
	case ask.SHA256 == "":
		told = "number"
	case found.Same != nil && *found.Same:
		told = "same"
	case found.Same != nil:
		told = "other"
	}
	if found.State != "made" {
		return []string{told, found.State}
	}
	return []string{told}
}

func (s *session) toldOf(ask sent, found client.LookUp, told []string) {
	for _, t := range told {
		fmt.Fprintln(s.Stdout, s.say.Say("look-up-"+t))
	}
	for _, r := range found.Refuted {
		key := "look-up-refuted"
		if !r.Certain {
			key = "look-up-refuted-like"
		}
		fmt.Fprintf(s.Stdout, "%s\n  %s\n", s.say.Say(key, "verdict", s.say.Say("refutation-verdict-"+r.Verdict), "claim", locale.Visible(s.local(client.TextPair(r.Claim)))), locale.Visible(r.URL))
	}
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintf(s.Stdout, "  %s\n", s.say.Say(key, "value", locale.Visible(value)))
		}
	}
	row("look-up-is-number", found.Number)
	if found.Made != nil {
		row("look-up-is-made", found.Made.Local().Format(time.DateTime))
	}
	if found.Service != nil && found.Function != nil {
		row("look-up-is-service", s.local(*found.Service))
		row("look-up-is-function", s.local(*found.Function))
	}
	row("look-up-sent-digest", ask.SHA256)
	row("look-up-sent-number", ask.Number)
}
