package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type deskCommand struct {
	remote
	List    deskListCommand    `cmd:""`
	Board   deskBoardCommand   `cmd:""`
	Show    deskShowCommand    `cmd:""`
	Take    deskTakeCommand    `cmd:""`
	Next    deskNextCommand    `cmd:""`
	Decide  deskDecideCommand  `cmd:""`
	Ask     deskAskCommand     `cmd:""`
	Return  deskReturnCommand  `cmd:""`
	Close   deskCloseCommand   `cmd:""`
	Figures deskFiguresCommand `cmd:""`
	Submit  deskSubmitCommand  `cmd:""`
	Track   deskTrackCommand   `cmd:""`
	Appeal  deskAppealCommand  `cmd:""`
	Limits  limitsCommand      `cmd:""`
}

// cases says which cases are wanted.
type cases struct {
	Kind   string `placeholder:"WORD"`
	Number string `placeholder:"NUMBER"`
}

func (c cases) filter() url.Values {
	filter := chosen(map[string]string{"kind": c.Kind, "number": c.Number})
	return filter
}

// caseRow prints a case in one line.
func (s *session) caseRow(w io.Writer, c client.Case) {
	if s.json {
		s.printJSON(c)
		return
	}
	due := ""
	if c.Due != nil {
		due = c.Due.Local().Format(time.DateTime)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", locale.Visible(c.ID), s.say.Say("desk-kind-"+c.Kind), s.say.Say("desk-state-"+c.State), c.Received.Local().Format(time.DateTime), due)
}

type deskListCommand struct {
	cases
	State []string `placeholder:"WORD"`
}

// Run lists cases, the newest first.
func (c *deskListCommand) Run(s *session, d *deskCommand) error {
	filter := c.filter()
	filter["state"] = c.State
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		w := s.columns()
		for l := (client.Listing{Filter: filter}); ; {
			list, next, err := server.Cases(ctx, l)
			if err != nil {
				return err
			}
			for _, k := range list {
				s.caseRow(w, k)
			}
			if l.Cursor = next; next == "" {
				return w.Flush()
			}
		}
	})
}

type deskBoardCommand struct{ cases }

// Run lists what one may take, the most urgent first.
func (c *deskBoardCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.CaseBoard(ctx, client.Listing{Filter: c.filter()})
		if err != nil {
			return err
		}
		w := s.columns()
		for _, k := range list {
			s.caseRow(w, k)
		}
		return w.Flush()
	})
}

// theCase is what the commands about one case are given.
type theCase struct {
	ID string `arg:"" name:"id"`
}

type deskShowCommand struct{ theCase }

// Run shows a case, and what both sides are told of its decision.
func (c *deskShowCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		k, err := server.Case(ctx, c.ID)
		return s.cased(k, err)
	})
}

type deskTakeCommand struct{ theCase }

// Run takes a case.
func (c *deskTakeCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		k, err := server.TakeCase(ctx, c.ID)
		return s.cased(k, err)
	})
}

type deskNextCommand struct{ cases }

// Run takes the most urgent case.
func (c *deskNextCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		k, err := server.NextCase(ctx, c.Kind, c.Number)
		if err == nil && k == nil {
			if s.json {
				s.printJSON(struct {
					Case *client.Case `json:"case"`
				}{})
				return nil
			}
			fmt.Fprintln(s.Stdout, s.say.Say("desk-none"))
			return nil
		}
		if err != nil {
			return err
		}
		return s.cased(*k, nil)
	})
}

type deskDecideCommand struct {
	theCase
	File        string   `placeholder:"FILE"`
	Outcome     string   `placeholder:"WORD"`
	Facts       string   `placeholder:"TEXT"`
	Explanation string   `placeholder:"TEXT"`
	Clause      []string `placeholder:"ID"`
	Terms       string   `placeholder:"TEXT"`
	Do          []string `placeholder:"ACT:TARGET"`
	Proof       string   `placeholder:"WORD"`
}

// Run decides a case by flags, or by a JSON file.
func (c *deskDecideCommand) Run(s *session, d *deskCommand) error {
	r, err := c.ruling(s)
	if err != nil {
		return err
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		k, err := server.DecideCase(ctx, c.ID, r)
		return s.cased(k, err)
	})
}

// Codes of errors about a decision.
const (
	codeRuling      colophon.Code = "desk-ruling"       // arg "field": it can't be read
	codeRulingTwice colophon.Code = "desk-ruling-twice" // a file says it, and flags do
)

func badRuling(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: codeRuling, Args: colophon.Args{"field": field}}
}

func (c *deskDecideCommand) ruling(s *session) (r client.CaseRuling, err error) {
	if c.File != "" {
		if c.Outcome+c.Facts+c.Explanation+c.Terms+c.Proof != "" || len(c.Clause)+len(c.Do) > 0 {
			return r, invalid(codeRulingTwice)
		}
		return r, s.readStrict(c.File, &r)
	}
	r = client.CaseRuling{Outcome: c.Outcome, Facts: c.Facts, Explanation: c.Explanation, Statement: client.CaseStatement{Terms: c.Terms}}
	for _, clause := range c.Clause {
		r.Statement.Clauses = append(r.Statement.Clauses, colophon.Clause(clause))
	}
	for _, one := range c.Do {
		act, target, ok := strings.Cut(one, ":")
		if !ok || act == "" || target == "" {
			return r, badRuling("do")
		}
		r.Deeds = append(r.Deeds, client.CaseDeed{Do: act, Target: target})
	}
	switch c.Proof {
	case "":
	case "disproven", "unknown":
		r.Proof = &client.CaseProof{Result: c.Proof}
	default:
		r.Proof = &client.CaseProof{Result: "proven", How: colophon.Code("desk-proof-" + c.Proof)}
	}
	return r, nil
}

type deskAskCommand struct {
	theCase
	Text string `arg:"" name:"text"`
}

// Run writes to whoever brought a case.
func (c *deskAskCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		k, err := server.AskCase(ctx, c.ID, c.Text)
		return s.cased(k, err)
	})
}

type deskReturnCommand struct{ theCase }

// Run gives a case back.
func (c *deskReturnCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		k, err := server.ReturnCase(ctx, c.ID)
		return s.cased(k, err)
	})
}

type deskCloseCommand struct {
	theCase
	How string `placeholder:"WORD" default:"page"`
}

// Run says that whoever came was told.
func (c *deskCloseCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		k, err := server.CloseCase(ctx, c.ID, c.How)
		return s.cased(k, err)
	})
}

type deskFiguresCommand struct {
	CSV   bool
	Month string `arg:"" name:"month"`
}

// Run says what the desk did in a month.
func (c *deskFiguresCommand) Run(s *session, d *deskCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		if c.CSV {
			return server.CaseFiguresCSV(ctx, c.Month, s.Stdout)
		}
		f, err := server.CaseFigures(ctx, c.Month)
		switch {
		case err != nil:
			return err
		case s.json:
			s.printJSON(f)
			return nil
		}
		w := s.columns()
		for _, k := range append([]client.CaseFigure{f.All}, f.Kinds...) {
			fmt.Fprintf(w, "%s\t%s\n", s.say.Say("desk-kind-"+cmp.Or(k.Kind, "all")), s.say.Say("desk-figures", "received", strconv.Itoa(k.Received), "decided", strconv.Itoa(k.Decided), "in_time", strconv.Itoa(k.InTime), "breached", strconv.Itoa(k.Breached)))
		}
		return w.Flush()
	})
}

// sentences prints what somebody is told, a sentence each.
func (s *session) sentences(t *client.Statement) {
	if t == nil {
		return
	}
	list := t.En
	if s.say.Language == locale.Chinese {
		list = t.Zh
	}
	for _, sentence := range list {
		fmt.Fprintln(s.Stdout, "  "+locale.Visible(sentence))
	}
}

// cased prints a case.
func (s *session) cased(c client.Case, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(c)
		return nil
	}
	w := s.columns()
	s.caseRow(w, c)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, f := range c.Found {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("desk-found", "number", locale.Visible(f.Number), "how", f.How))
	}
	for i, a := range c.Actions {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("desk-action", "place", strconv.Itoa(i), "act", locale.Visible(a.Do), "target", locale.Visible(a.Target), "result", s.say.Say("desk-result-"+a.Result)))
		if a.Why != "" {
			fmt.Fprintln(s.Stdout, "    "+locale.Visible(s.say.Say(string(a.Why))))
		}
	}
	s.sentences(c.Reasons)
	return nil
}
