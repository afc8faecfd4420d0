package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type deskSubmitCommand struct {
	Kind    string   `required:"" placeholder:"WORD"`
	Party   string   `placeholder:"WORD"`
	Right   string   `placeholder:"WORD"`
	Ground  []string `placeholder:"WORD"`
	Number  []string `placeholder:"NUMBER"`
	Account string   `placeholder:"TEXT"`
	Name    string   `placeholder:"TEXT"`
	Contact string   `placeholder:"TEXT"`
	Text    string   `placeholder:"TEXT"`
	Files   []string `arg:"" name:"file" optional:""`
}

// Run brings a case: for an account by the key, and for anybody without one.
func (c *deskSubmitCommand) Run(s *session, d *deskCommand) (err error) {
	draft := client.CaseDraft{Kind: c.Kind, Party: c.Party, Right: c.Right, Language: string(s.say.Language), About: client.CaseAbout{Numbers: c.Number}, Account: c.Account, Name: c.Name, Contact: c.Contact, Text: c.Text}
	for _, g := range c.Ground {
		draft.Grounds = append(draft.Grounds, colophon.Code("desk-ground-"+g))
	}
	for _, name := range c.Files {
		f, err := os.Open(name)
		if err != nil {
			return durable.Fault(name, err)
		}
		defer f.Close()
		draft.Files = append(draft.Files, client.CaseUpload{Name: filepath.Base(name), File: f})
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		bring := server.SubmitCase
		if c.Account != "" {
			bring = server.OpenCase
		}
		r, err := bring(ctx, draft)
		return s.received(r, err)
	})
}

// received prints the receipt of a case. Code and PIN are told this once.
func (s *session) received(r client.CaseReceipt, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(r)
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("desk-receipt", "id", locale.Visible(r.ID), "code", locale.Visible(r.Code), "pin", locale.Visible(r.PIN)))
	return nil
}

// pinName is the variable that the PIN of a case stands in. It is no flag, which others could read.
const pinName = "COLOPHON_CASE_PIN"

// pin is the PIN of a case: from the environment, or the first line of the input, for which a person is asked.
func (s *session) pin() (string, error) {
	if pin := s.Getenv(pinName); pin != "" {
		return pin, nil
	}
	pin, err := s.secret("desk-pin")
	return strings.TrimSpace(pin), err
}

type deskTrackCommand struct {
	Package string `placeholder:"FILE"`
	Code    string `arg:"" name:"code"`
}

// Run shows a case to whoever has its code and PIN, and fetches the package of their own data.
func (c *deskTrackCommand) Run(s *session, d *deskCommand) error {
	pin, err := s.pin()
	if err != nil {
		return err
	}
	return reach(s, d.Server, "", func(ctx context.Context, server *client.Client) error {
		o, err := server.LookAtCase(ctx, c.Code, pin)
		if err == nil && c.Package != "" && len(o.Packages) > 0 {
			err = s.fetched(c.Package, func(w io.Writer) error { return server.Package(ctx, w, c.Code, pin, o.Packages[0].Action) })
		}
		switch {
		case err != nil:
			return err
		case s.json:
			s.printJSON(o)
			return nil
		}
		fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(o.ID), s.say.Say("desk-kind-"+o.Kind), s.say.Say("desk-state-"+o.State))
		if o.Due != nil {
			fmt.Fprintln(s.Stdout, "  "+s.say.Say("desk-due", "at", o.Due.Local().Format(time.DateTime)))
		}
		s.sentences(o.Reasons)
		for _, row := range [][2]string{{"desk-facts", o.Facts}, {"desk-explanation", o.Explanation}} {
			if row[1] != "" {
				fmt.Fprintln(s.Stdout, "  "+s.say.Say(row[0], "text", locale.Visible(row[1])))
			}
		}
		s.sentences(o.Done)
		for _, m := range o.Messages {
			who := s.say.Say("parcel-by-" + strconv.FormatBool(m.Desk))
			fmt.Fprintln(s.Stdout, "  "+s.say.Say("desk-said", "at", m.At.Local().Format(time.DateTime), "who", who, "text", locale.Visible(m.Text)))
		}
		return nil
	})
}

// fetched writes a file that nobody else reads, once all of it is there.
func (s *session) fetched(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return durable.Fault(name, err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

type deskAppealCommand struct {
	Code string `arg:"" name:"code"`
	Text string `arg:"" name:"text"`
}

// Run appeals against the decision of a case.
func (c *deskAppealCommand) Run(s *session, d *deskCommand) error {
	pin, err := s.pin()
	if err != nil {
		return err
	}
	return reach(s, d.Server, "", func(ctx context.Context, server *client.Client) error {
		r, err := server.AppealCase(ctx, c.Code, pin, c.Text)
		return s.received(r, err)
	})
}

type limitsCommand struct {
	List     limitsListCommand     `cmd:""`
	Show     limitsShowCommand     `cmd:""`
	Draft    limitsDraftCommand    `cmd:""`
	Publish  limitsPublishCommand  `cmd:""`
	Withdraw limitsWithdrawCommand `cmd:""`
}

type limitsListCommand struct{}

// Run lists versions of the time limits, the newest first.
func (c *limitsListCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, nil, server.LimitsVersions, func(v client.LimitsVersion) []string {
			return []string{locale.Visible(v.ID), s.say.Say("desk-limits-state-" + v.State), locale.Visible(v.Reason)}
		})
	})
}

type limitsShowCommand struct {
	ID string `arg:"" name:"id" optional:""`
}

// Run shows a version, or the limits in force.
func (c *limitsShowCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		if c.ID != "" {
			v, err := server.LimitsVersion(ctx, c.ID)
			return s.limited(v, err)
		}
		v, _, err := server.PublicLimits(ctx)
		return s.limited(v, err)
	})
}

type limitsDraftCommand struct {
	Reason string `required:"" placeholder:"TEXT"`
	File   string `arg:"" name:"file"`
}

// Run drafts time limits from a JSON file: a list of rows, or what show --json prints.
func (c *limitsDraftCommand) Run(s *session, d *deskCommand) error {
	var v client.LimitsVersion
	var table []client.CaseLimits
	raw, err := s.readUpTo(c.File, maxDocument+1)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		err = strictly(c.File, raw, &table)
	} else {
		err = strictly(c.File, raw, &v)
		table = v.Limits
	}
	if err != nil {
		return err
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.DraftLimits(ctx, table, c.Reason)
		return s.limited(v, err)
	})
}

type limitsPublishCommand struct {
	From time.Time `placeholder:"TIME" format:"2006-01-02T15:04:05Z07:00"`
	ID   string    `arg:"" name:"id"`
}

// Run publishes what somebody else drafted.
func (c *limitsPublishCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.PublishLimits(ctx, c.ID, c.From)
		return s.limited(v, err)
	})
}

type limitsWithdrawCommand struct {
	ID string `arg:"" name:"id"`
}

// Run takes a draft back.
func (c *limitsWithdrawCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.WithdrawLimits(ctx, c.ID)
		return s.limited(v, err)
	})
}

// limited prints a table of limits.
func (s *session) limited(v client.LimitsVersion, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(v)
		return nil
	}
	if v.ID != "" {
		fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(v.ID), s.say.Say("desk-limits-state-"+v.State))
	}
	if v.Starter {
		fmt.Fprintln(s.Stdout, s.say.Say("desk-limits-starter"))
	}
	term := func(t client.CaseTerm) string {
		switch {
		case t.Hours > 0:
			return s.say.Say("desk-term-hours", "count", strconv.Itoa(t.Hours))
		case t.Days == 1:
			return s.say.Say("desk-term-day")
		}
		return s.say.Say("desk-term-days", "count", strconv.Itoa(t.Days))
	}
	w := s.columns()
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.say.Say("desk-limits-kind"), s.say.Say("desk-limits-acknowledge"), s.say.Say("desk-limits-decide"), s.say.Say("desk-limits-feedback"))
	for _, r := range v.Limits {
		kind := s.say.Say("desk-kind-" + r.Kind)
		if r.Urgent {
			kind = s.say.Say("desk-limits-urgent", "kind", kind)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", kind, term(r.Acknowledge), term(r.Decide), term(r.Feedback))
	}
	return w.Flush()
}
