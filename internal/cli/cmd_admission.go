package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type admissionCommand struct {
	remote
	Explain admissionExplainCommand `cmd:""`
	List    admissionListCommand    `cmd:""`
}

type admissionExplainCommand struct {
	Account  string   `arg:"" name:"account"`
	Act      string   `placeholder:"use|publish|register-account" default:"use" enum:"use,publish,register-account"`
	Service  string   `placeholder:"ID"`
	Function string   `placeholder:"ID"`
	Class    string   `placeholder:"WORD"`
	Model    string   `placeholder:"NAME"`
	Template string   `placeholder:"NAME"`
	Depicted int      `placeholder:"N"`
	Purpose  string   `placeholder:"WORD"`
	Scene    string   `placeholder:"WORD"`
	Channel  string   `placeholder:"WORD"`
	Token    []string `placeholder:"FILE" sep:"none"`
}

// Run says whether an account may do something now, and why. It exits as checks do. A token lies in a file, since others can
// read flags.
func (c *admissionExplainCommand) Run(s *session, a *admissionCommand) error {
	q := client.Admission{Account: c.Account, Act: c.Act, Service: c.Service, Function: c.Function, Class: c.Class, Model: c.Model, Template: c.Template, Depicted: c.Depicted,
		Purpose: c.Purpose, Scene: c.Scene, Channel: c.Channel}
	for _, file := range c.Token {
		text, err := os.ReadFile(file)
		if err != nil {
			return durable.Fault(file, err)
		}
		q.Consents = append(q.Consents, strings.TrimSpace(string(text)))
	}
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		e, err := server.ExplainAdmission(ctx, q)
		if err != nil {
			return err
		}
		s.exit = map[string]int{"passed": exitDone, "failed": exitNotConforming, "could-not-tell": exitCouldNotTell}[e.Decision.Verdict]
		if s.json {
			s.printJSON(e)
			return nil
		}
		s.printDecision(e.Decision)
		return nil
	})
}

func (s *session) printDecision(d client.Decision) {
	fmt.Fprintln(s.Stdout, s.say.Say(map[bool]string{true: "admission-allowed", false: "admission-refused"}[d.Allow]))
	said := func(b *client.Bilingual) string {
		if b == nil {
			return ""
		}
		return map[bool]string{true: b.Zh, false: b.En}[s.say.Language == locale.Chinese]
	}
	for _, c := range d.Conditions {
		fmt.Fprintf(s.Stdout, "%s  %s", s.say.Say("mark-"+c.Verdict), locale.Visible(c.Name))
		if c.Why != nil {
			fmt.Fprintf(s.Stdout, ": %s", locale.Visible(said(c.Why)))
		}
		for _, clause := range c.Clauses {
			fmt.Fprintf(s.Stdout, "  [%s]", locale.Visible(string(clause)))
		}
		fmt.Fprintln(s.Stdout)
		if c.Remedy != nil && c.Refuses {
			fmt.Fprintf(s.Stdout, "      → %s\n", locale.Visible(said(c.Remedy)))
		}
	}
}

type admissionListCommand struct {
	Subject string `placeholder:"PSEUDONYM"`
	Refused bool
}

// Run lists decisions, the oldest first.
func (c *admissionListCommand) Run(s *session, a *admissionCommand) error {
	filter := url.Values{}
	if c.Subject != "" {
		filter.Set("subject", c.Subject)
	}
	if c.Refused {
		filter.Set("refused", "true")
	}
	return a.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Admissions, func(d client.PastDecision) []string {
			var codes []string
			for _, code := range d.Codes {
				codes = append(codes, string(code))
			}
			return []string{d.At.Local().Format(time.DateTime), locale.Visible(d.Record), locale.Visible(d.Subject), s.say.Say("mark-" + d.Verdict), locale.Visible(strings.TrimSpace(d.Act + " " + d.Function)), locale.Visible(strings.Join(codes, " "))}
		})
	})
}
