package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/workday"
)

type dutyCommand struct {
	remote
	Status dutyStatusCommand `cmd:""`
	Show   dutyShowCommand   `cmd:""`
	Coming dutyComingCommand `cmd:""`
	Run    dutyRunCommand    `cmd:""`
	Attest dutyAttestCommand `cmd:""`
	Facts  dutyFactsCommand  `cmd:""`
	Waive  dutyWaiveCommand  `cmd:""`
	OSCAL  dutyOSCALCommand  `cmd:"" name:"oscal"`
}

// codeDay says that a day or time can't be read.
const codeDay colophon.Code = "duty-day" // arg "value"

// clock is a time as commands about duties print it: in Beijing, where days begin that nobody says the place of.
func clock(at time.Time) string { return at.In(workday.Beijing()).Format(time.DateTime) }

// momentOf reads a time, or a day, which then means its end.
func momentOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, workday.Beijing())
	if err != nil {
		return time.Time{}, &colophon.Error{Kind: colophon.Invalid, Code: codeDay, Args: colophon.Args{"value": text}, Err: err}
	}
	return day.AddDate(0, 0, 1).Add(-time.Millisecond), nil
}

// dutyAt says which moment is asked about.
type dutyAt struct {
	At    string `placeholder:"DATE"`
	Known string `placeholder:"DATE"`
}

func (d dutyAt) moment() (client.Asked, error) {
	at, err := momentOf(d.At)
	if err != nil {
		return client.Asked{}, err
	}
	known, err := momentOf(d.Known)
	return client.Asked{At: at, Known: known}, err
}

func (s *session) in(n client.PackNames) string { return locale.Visible(n.In(string(s.say.Language))) }

type dutyStatusCommand struct {
	dutyAt
	State      []string `placeholder:"WORD"`
	Instrument string   `placeholder:"ID"`
}

// Run lists obligations with how each stands, and counts the states. It exits as checks do: where one is not met it has failed,
// and where one is unknown or stale it could not tell.
func (c *dutyStatusCommand) Run(s *session, d *dutyCommand) error {
	at, err := c.moment()
	if err != nil {
		return err
	}
	filter := chosen(map[string]string{"instrument": c.Instrument})
	filter["state"] = c.State
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		o, err := server.Obligations(ctx, at, filter)
		if err != nil {
			return err
		}
		s.exit = dutyExit(o.Counts)
		if s.json {
			s.printJSON(o)
			return nil
		}
		w := s.columns()
		last := ""
		for _, one := range o.Obligations {
			if one.Instrument != last {
				fmt.Fprintf(w, "%s\n", s.in(one.Of))
				last = one.Instrument
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", locale.Visible(one.ID), s.say.Say("duty-state-"+one.State), s.in(one.Title), s.whyNot(one))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(s.Stdout, s.say.Say("duty-counted", "at", clock(o.At)))
		for _, state := range duty.States() {
			fmt.Fprintf(w, "  %s\t%d\n", s.say.Say(string(state.Code())), o.Counts[string(state)])
		}
		return w.Flush()
	})
}

// why says in one line why an obligation stands as it does.
func (s *session) whyNot(o client.Obligation) string {
	text := s.say.Say(string(o.Reason))
	if len(o.Facts) > 0 {
		text += " (" + s.factNames(o.Facts) + ")"
	}
	return text
}

func (s *session) factNames(facts []string) string {
	var list string
	for n, f := range facts {
		if n > 0 {
			list += s.say.Say("duty-and")
		}
		list += s.say.Say("duty-fact-" + f)
	}
	return list
}

func dutyExit(counts map[string]int) int {
	switch {
	case counts[string(duty.NotMet)] > 0:
		return exitNotConforming
	case counts[string(duty.Unknown)]+counts[string(duty.Stale)] > 0:
		return exitCouldNotTell
	}
	return exitDone
}

type dutyShowCommand struct {
	dutyAt
	ID string `arg:"" name:"id"`
}

// Run shows an obligation: how it stands, its controls, what the probes saw, and how it stood in the month before.
func (c *dutyShowCommand) Run(s *session, d *dutyCommand) error {
	at, err := c.moment()
	if err != nil {
		return err
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		o, err := server.Obligation(ctx, c.ID, at)
		if err != nil {
			return err
		}
		to := at.At
		if to.IsZero() {
			to = time.Now()
		}
		_, spans, err := server.ObligationHistory(ctx, c.ID, to.AddDate(0, -1, 0), to, at.Known)
		if err != nil {
			return err
		}
		s.exit = dutyExit(map[string]int{o.State: 1})
		if s.json {
			s.printJSON(struct {
				client.Obligation
				History []client.ObligationSpan `json:"history"`
			}{o, spans})
			return nil
		}
		return s.showDuty(ctx, server, o, spans)
	})
}

func (s *session) showDuty(ctx context.Context, server *client.Client, o client.Obligation, spans []client.ObligationSpan) error {
	fmt.Fprintf(s.Stdout, "%s  %s\n%s\n\n%s: %s\n", s.in(o.Of), s.say.Say("duty-article", "number", o.Article), s.in(o.Duty), s.say.Say("duty-state-"+o.State), s.whyNot(o))
	if o.Confidence != string(duty.Primary) {
		fmt.Fprintln(s.Stdout, s.say.Say("duty-confidence-"+o.Confidence))
	}
	for _, k := range o.Controls {
		fmt.Fprintf(s.Stdout, "\n%s: %s\n", s.say.Say("duty-state-"+k.State), s.in(k.Text))
		for _, p := range k.Probes {
			fmt.Fprintf(s.Stdout, "  %s  %s  %s  %s\n", locale.Visible(p.Name), s.say.Say("duty-kind-"+p.Kind), s.say.Say("duty-state-"+p.State), s.in(p.Title))
			if p.Observation == "" {
				fmt.Fprintf(s.Stdout, "    %s\n", s.say.Say(string(p.Reason)))
				continue
			}
			seen, err := server.Observation(ctx, p.Observation)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Stdout, "    %s  %s\n", clock(seen.Collected), s.seen(seen))
		}
	}
	fmt.Fprintf(s.Stdout, "\n%s\n", s.say.Say("duty-history"))
	w := s.columns()
	for _, sp := range slices.Backward(spans) {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", clock(sp.From), s.say.Say("duty-state-"+sp.State), s.say.Say(string(sp.Reason)))
	}
	return w.Flush()
}

// seen says what a probe saw.
func (s *session) seen(o client.Observation) string {
	text := locale.Visible(o.Actual)
	if o.Code != "" {
		text = s.say.Code(o.Code, o.Args)
	}
	if o.Void != "" {
		text += " " + s.say.Say(string(o.Void))
	}
	return text
}

type dutyComingCommand struct {
	Until string `placeholder:"DATE"`
}

// Run lists what changes if nothing happens: within a month, or until a day.
func (c *dutyComingCommand) Run(s *session, d *dutyCommand) error {
	until, err := momentOf(c.Until)
	if err != nil {
		return err
	}
	if until.IsZero() {
		until = time.Now().AddDate(0, 1, 0)
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.ObligationChanges(ctx, time.Now(), until)
		if err != nil {
			return err
		}
		w := s.columns()
		for _, one := range list {
			if s.json {
				s.printJSON(one)
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%s → %s\t%s\t%s\n", clock(one.At), locale.Visible(one.Obligation), s.say.Say("duty-state-"+one.Before), s.say.Say("duty-state-"+one.After),
				s.say.Say("duty-why-"+one.Why), s.in(one.Title))
		}
		if len(list) == 0 && !s.json {
			fmt.Fprintln(s.Stdout, s.say.Say("duty-nothing-comes"))
		}
		return w.Flush()
	})
}

type dutyRunCommand struct {
	Probe string `arg:"" name:"probe"`
}

// Run has a query run now. It exits as checks do.
func (c *dutyRunCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		o, err := server.RunProbe(ctx, c.Probe)
		if err != nil {
			return err
		}
		return s.observed(o)
	})
}

func (s *session) observed(o client.Observation) error {
	s.exit = map[string]int{"passed": exitDone, "failed": exitNotConforming}[o.Outcome]
	if o.Outcome == "could-not-tell" || o.Void != "" {
		s.exit = exitCouldNotTell
	}
	if s.json {
		s.printJSON(o)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s: %s\n", s.say.Say("duty-outcome-"+o.Outcome), s.seen(o))
	for _, id := range o.Samples {
		fmt.Fprintf(s.Stdout, "  %s\n", locale.Visible(id))
	}
	return nil
}

type dutyAttestCommand struct {
	Outcome string `placeholder:"WORD" default:"passed"`
	Until   string `placeholder:"DATE"`
	Probe   string `arg:"" name:"probe"`
	Said    string `arg:"" name:"said"`
}

// Run says of a probe that asks a person how it is.
func (c *dutyAttestCommand) Run(s *session, d *dutyCommand) error {
	until, err := momentOf(c.Until)
	if err != nil {
		return err
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		o, err := server.AttestProbe(ctx, c.Probe, c.Outcome, c.Said, time.Time{}, until)
		if err != nil {
			return err
		}
		return s.observed(o)
	})
}

type dutyOSCALCommand struct {
	Catalog dutyCatalogCommand `cmd:""`
	Results dutyResultsCommand `cmd:""`
}

type dutyCatalogCommand struct{}

// Run prints the catalogue of duties as an OSCAL catalog.
func (dutyCatalogCommand) Run(s *session, d *dutyCommand) error {
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		raw, err := server.OSCALCatalog(ctx, string(s.say.Language))
		return cmp.Or(err, indented(s.Stdout, raw))
	})
}

type dutyResultsCommand struct{ dutyAt }

// Run prints how obligations stand as OSCAL assessment results.
func (c *dutyResultsCommand) Run(s *session, d *dutyCommand) error {
	at, err := c.moment()
	if err != nil {
		return err
	}
	return d.call(s, func(ctx context.Context, server *client.Client) error {
		raw, err := server.OSCALResults(ctx, string(s.say.Language), at)
		return cmp.Or(err, indented(s.Stdout, raw))
	})
}

// indented prints JSON as people read it; nothing where there is none.
func indented(w io.Writer, raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(raw)
}
