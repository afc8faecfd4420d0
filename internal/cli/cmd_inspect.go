package cli

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/browser"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/review/inspection"
)

// Codes of errors of this command.
const (
	codeInspectOne    colophon.Code = "inspect-one"
	codeInspectNumber colophon.Code = "inspect-number" // arg "value"
	codeInspectFormat colophon.Code = "inspect-format" // arg "file"
)

type inspectCommand struct {
	URLList  string   `name:"url-list" placeholder:"FILE"`
	Folder   string   `placeholder:"DIR"`
	Service  string   `placeholder:"URL"`
	Key      string   `placeholder:"FILE"`
	Account  string   `placeholder:"ID"`
	Page     []string `placeholder:"URL" sep:"none"`
	Platform string   `placeholder:"CODE"`
	Number   []string `placeholder:"NUMBER[=LINK]" sep:"none"`
	Pin      []string `placeholder:"KEY" sep:"none"`
	Allow    []string `placeholder:"HOST" sep:"none"`
	Browser  string   `placeholder:"PATH"`
	Out      []string `short:"o" placeholder:"FILE" sep:"none"`
	Force    bool
	Jobs     int `short:"j" placeholder:"N"`
}

// Run looks, prints what was found under each heading, and sets the exit code to the worst answer.
func (c *inspectCommand) Run(s *session) error {
	work, err := c.work(s)
	if err != nil {
		return err
	}
	defer work.Close()
	bar := &inspectProgress{s: s, began: time.Now()}
	work.Progress = bar.told
	r, err := c.inspect(s, work)
	bar.clear()
	if err != nil {
		s.stop(err)
		return nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	digest := hex.EncodeToString(sum[:])
	if s.json {
		fmt.Fprintf(s.Stdout, "%s\n", raw)
	} else {
		s.printInspection(r)
		fmt.Fprintln(s.Stdout, s.say.Say("inspection-digest", "digest", digest))
	}
	for _, name := range c.Out {
		if err := c.write(s, name, r, raw, digest); err != nil {
			s.stop(err)
			return nil
		}
		if !s.json {
			fmt.Fprintln(s.Stdout, s.say.Say("inspect-written", "file", name))
		}
	}
	s.exit = map[inspection.Outcome]int{inspection.Passed: exitDone, inspection.Failed: exitNotConforming}[r.Outcome]
	if r.Outcome != inspection.Passed && r.Outcome != inspection.Failed {
		s.exit = exitCouldNotTell
	}
	return nil
}

// work checks the flags.
func (c *inspectCommand) work(s *session) (*app.Inspection, error) {
	given := 0
	for _, one := range []string{c.URLList, c.Folder, c.Service} {
		if one != "" {
			given++
		}
	}
	if given != 1 {
		return nil, invalid(codeInspectOne)
	}
	for _, name := range c.Out {
		if _, err := app.InspectionFormat(filepath.Ext(name)); err != nil && !strings.EqualFold(filepath.Ext(name), ".json") {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: codeInspectFormat, Args: colophon.Args{"file": name}}
		}
	}
	pinned, err := readPublicKeys(c.Pin)
	if err != nil {
		return nil, err
	}
	w := &app.Inspection{Press: app.NewPress(s.config), Pinned: pinned, Platform: c.Platform, Jobs: jobs(c.Jobs, s.config.Jobs), Version: s.Version, Now: time.Now, Browser: browser.Config{Path: c.Browser, Allow: c.Allow}}
	for _, text := range c.Number {
		number, link, _ := strings.Cut(text, "=")
		n, err := register.CheckFiling(number)
		if err != nil {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: codeInspectNumber, Args: colophon.Args{"value": number}, Err: err}
		}
		w.Filings = append(w.Filings, inspection.Expected{Number: n.Digits, Link: link})
	}
	return w, nil
}

func (c *inspectCommand) inspect(s *session, w *app.Inspection) (*inspection.Report, error) {
	switch {
	case c.Folder != "":
		return w.Folder(s.ctx, c.Folder)
	case c.Service != "":
		at := app.ServiceAt{Address: c.Service, Account: c.Account, Pages: c.Page}
		if file := cmp.Or(c.Key, s.Getenv("COLOPHON_API_KEY")); file != "" {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, durable.Fault(file, err)
			}
			at.Key = strings.TrimSpace(string(text))
		}
		return w.Service(s.ctx, at)
	}
	raw, err := s.readUpTo(c.URLList, inspection.MaxList+1)
	if err != nil {
		return nil, err
	}
	list, err := inspection.ParseList(raw)
	if err != nil {
		return nil, err
	}
	return w.Pages(s.ctx, "url-list", filepath.Base(c.URLList), list)
}

// write writes the report to a file, whole or not at all.
func (c *inspectCommand) write(s *session, name string, r *inspection.Report, raw []byte, digest string) error {
	text := raw
	if format, err := app.InspectionFormat(filepath.Ext(name)); err == nil {
		if text, err = app.InspectionPaper(r, digest, s.say.Language, format); err != nil {
			return err
		}
	}
	return s.keep(io.NopCloser(bytes.NewReader(text)), name, c.Force)
}

// printInspection prints a table of the headings, and below it what did not pass, with its proof.
func (s *session) printInspection(r *inspection.Report) {
	book, err := inspection.Rules()
	if err != nil {
		s.stop(err)
		return
	}
	w := s.columns()
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.say.Say("inspection-paper-heading"), s.say.Say("inspection-paper-outcome"), s.say.Say("inspection-paper-passed"), s.say.Say("inspection-paper-failed"), s.say.Say("inspection-paper-untold"))
	for _, sum := range r.Sums {
		outcome := s.say.Say("sheet-verdict-" + string(sum.Outcome()))
		if sum.Count() == 0 {
			outcome = s.say.Say("inspection-paper-not-looked")
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\n", s.say.Say("inspection-heading-"+string(sum.Heading)), outcome, sum.Passed, sum.Failed, sum.Untold)
	}
	w.Flush()
	for _, subject := range r.Subjects {
		fmt.Fprintf(s.Stdout, "\n%s: %s\n", locale.Visible(subject.Name), s.say.Say("sheet-verdict-"+string(subject.Outcome())))
		for _, c := range subject.Checks {
			if c.Outcome == inspection.Passed {
				continue
			}
			sign := map[inspection.Outcome]string{inspection.Failed: "✗", inspection.Untold: "?"}[c.Outcome]
			rule := book.Rule(c.Rule)
			fmt.Fprintf(s.Stdout, "  %s %s  [%s]\n      %s\n", sign, rule.Asks.In(string(s.say.Language)), rule.Cite.In(string(s.say.Language)), s.say.Code(c.Code, c.Args))
			for _, line := range c.Proof.Lines(s.say.Say) {
				fmt.Fprintf(s.Stdout, "      %s\n", line)
			}
			if c.Look != "" {
				fmt.Fprintf(s.Stdout, "      %s\n", s.say.Say(string(c.Look)))
			}
		}
	}
	fmt.Fprintln(s.Stdout)
}

// inspectProgress draws how far an inspection is, on a terminal, once it has taken a while.
type inspectProgress struct {
	mu    sync.Mutex
	s     *session
	began time.Time
	drawn bool
}

func (p *inspectProgress) told(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.s.Terminal || time.Since(p.began) < progressAfter {
		return
	}
	p.drawn = true
	fmt.Fprint(p.s.Stderr, "\r\x1b[K"+p.s.say.Say("inspection-progress", "done", itoa(done), "total", itoa(total)))
}

func (p *inspectProgress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		fmt.Fprint(p.s.Stderr, "\r\x1b[K")
		p.drawn = false
	}
}
