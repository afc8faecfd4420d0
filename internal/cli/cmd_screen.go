package cli

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
)

// around is how many characters are shown on both sides of a hit.
const around = 12

type screenCommand struct {
	Files    []string `arg:"" optional:"" name:"file"`
	Lexicon  []string `placeholder:"FILE.csv" sep:"none"`
	Library  string   `placeholder:"FILE.jsonl"`
	Key      []string `placeholder:"FILE" sep:"none"`
	Policy   string   `placeholder:"FILE"`
	Surface  string   `placeholder:"input|output|upload" default:"input" enum:"input,output,upload"`
	Class    string   `placeholder:"WORD"`
	Coverage bool
}

type jsonScreened struct {
	File     string           `json:"file"`
	Action   policy.Action    `json:"action,omitempty"`
	Verdict  colophon.Verdict `json:"verdict"`
	Library  string           `json:"library"`
	Policy   string           `json:"policy"`
	Findings []jsonHit        `json:"findings"`
	Runs     []screen.Run     `json:"runs"`
	Rows     []string         `json:"rows"`
	Error    *jsonError       `json:"error,omitempty"`
}

type jsonHit struct {
	screen.Finding
	Level  string `json:"level"`
	Value  string `json:"value,omitempty"`
	Text   string `json:"text,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Why    string `json:"why"`
}

// Run judges files, or what stands in the standard input, and records nothing.
func (c *screenCommand) Run(s *session) error {
	v := &app.Screening{Lexicons: c.Lexicon, Library: c.Library, Policy: c.Policy, Item: screen.Item{Surface: screen.Surface(c.Surface), Class: c.Class}}
	if len(c.Key) > 0 {
		trust, err := inspect.ReadTrust(c.Key, nil)
		if err != nil {
			return err
		}
		v.Trusted = trust.Log
	}
	if err := v.Open(s.config); err != nil {
		return err
	}
	if c.Coverage {
		s.printCoverage(v)
		return nil
	}
	if len(c.Files) == 0 {
		return invalid(app.CodeNoFiles)
	}
	worst := colophon.Passed
	for _, path := range c.Files {
		out, err := s.screenOne(v, path)
		if err != nil {
			s.exit = exitError
			if s.json {
				s.printJSON(jsonScreened{File: path, Findings: []jsonHit{}, Runs: []screen.Run{}, Rows: []string{}, Error: s.errorJSON(err)})
			} else {
				s.complain(path, err)
			}
			continue
		}
		if out.Judgement.Verdict == colophon.Failed || worst == colophon.Passed {
			worst = out.Judgement.Verdict
		}
		if s.json {
			s.printJSON(s.screenedJSON(v, path, out))
		} else {
			s.printScreened(v, path, out)
		}
	}
	if s.exit == exitDone {
		s.exit = map[colophon.Verdict]int{colophon.Passed: exitDone, colophon.Failed: exitNotConforming, colophon.Unknown: exitCouldNotTell}[worst]
	}
	return nil
}

func (s *session) screenOne(v *app.Screening, path string) (app.Screened, error) {
	if path == "-" {
		return v.Stdin(s.ctx, s.Stdin)
	}
	return v.File(s.ctx, path)
}

func (s *session) screenedJSON(v *app.Screening, path string, out app.Screened) jsonScreened {
	j := out.Judgement
	r := jsonScreened{File: path, Action: j.Action, Verdict: j.Verdict, Library: j.Library, Policy: j.Policy, Findings: []jsonHit{}, Runs: j.Runs, Rows: deciding(j)}
	for _, f := range j.Findings {
		h := jsonHit{Finding: f, Level: f.Level.String(), Value: v.Feature(f.Feature).Value, Why: s.why(f)}
		if out.Text != "" && f.Start < f.End {
			h.Text = out.Text[f.Start:f.End]
			h.Line, h.Column = lineOf(out.Text, int(f.Start))
		}
		r.Findings = append(r.Findings, h)
	}
	return r
}

// deciding lists the rows of the policy that decided, each once.
func deciding(j screen.Judgement) []string {
	rows, seen := []string{}, map[string]bool{"": true}
	for _, row := range j.Decision.Rows {
		if !seen[row] {
			seen[row] = true
			rows = append(rows, row)
		}
	}
	return rows
}

func (s *session) printScreened(v *app.Screening, path string, out app.Screened) {
	j := out.Judgement
	fmt.Fprintf(s.Stdout, "%s: %s  %s\n", locale.Visible(path), s.say.Say("screen-action-"+j.Action.String()), s.say.Say("screen-verdict-"+j.Verdict.String()))
	w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
	for _, f := range j.Findings {
		at, text := f.Part, ""
		if out.Text != "" && f.Start < f.End {
			line, column := lineOf(out.Text, int(f.Start))
			at, text = strconv.Itoa(line)+":"+strconv.Itoa(column), excerpt(out.Text, int(f.Start), int(f.End))
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", at, s.say.Say("screen-level-"+f.Level.String()), f.Category, locale.Visible(v.Feature(f.Feature).Value), s.why(f), locale.Visible(text))
	}
	w.Flush() //nolint:errcheck // the output is gone then
	for _, r := range j.Runs {
		if r.Outcome == screen.Ran || r.Reason == screen.CodeNoFeatures && len(r.Covers) == 0 && r.Check != screen.CheckText {
			continue // a lexicon has no pictures and files to compare with
		}
		fmt.Fprintf(s.Stdout, "  %s\n", s.say.Say("screen-run-"+string(r.Outcome), "check", r.Check, "reason", s.say.Code(r.Reason, nil)))
	}
	if rows := deciding(j); len(rows) > 0 {
		fmt.Fprintf(s.Stdout, "  %s\n", s.say.Say("screen-rows", "rows", strings.Join(rows, ", ")))
	}
}

// why says in words how a finding came about.
func (s *session) why(f screen.Finding) string {
	key := "screen-why-" + f.Check
	if f.How != "" && s.say.Has(key+"-"+f.How) {
		key += "-" + f.How
	}
	if !s.say.Has(key) {
		return strings.TrimSpace(f.Check + " " + f.How)
	}
	return s.say.Say(key)
}

// lineOf returns the line and the column in characters of a place in a text, both from 1.
func lineOf(text string, at int) (line, column int) {
	before := text[:at]
	begin := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[begin:]) + 1
}

// excerpt is a hit, in brackets, with what stands around it on its line.
func excerpt(text string, start, end int) string {
	from, to := start, end
	for range around {
		_, n := utf8.DecodeLastRuneInString(text[:from])
		if n == 0 || text[from-n] == '\n' {
			break
		}
		from -= n
	}
	for range around {
		_, n := utf8.DecodeRuneInString(text[to:])
		if n == 0 || text[to] == '\n' {
			break
		}
		to += n
	}
	return text[from:start] + "【" + text[start:end] + "】" + text[end:to]
}

type jsonCoverage struct {
	Category string         `json:"category"`
	Risks    []string       `json:"risks"`
	Entries  int            `json:"entries"`
	Language map[string]int `json:"languages"`
}

// printCoverage prints how many entries there are for each category.
func (s *session) printCoverage(v *app.Screening) {
	c := v.Coverage()
	if s.json {
		for _, t := range c.Topics {
			s.printJSON(jsonCoverage{string(t.Topic.ID), append([]string{}, t.Topic.Risks...), t.Words.Entries, t.Words.Language})
		}
		return
	}
	w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, s.say.Say("screen-coverage-head"))
	for _, t := range c.Topics {
		name := t.Topic.En
		if s.say.Language == locale.Chinese {
			name = t.Topic.Zh
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\n", t.Topic.ID, name, strings.Join(t.Topic.Risks, " "), t.Words.Entries, t.Words.Language["zh"], t.Words.Language["en"])
	}
	w.Flush() //nolint:errcheck // the output is gone then
	fmt.Fprintln(s.Stdout, s.say.Say("screen-coverage-all", "count", strconv.Itoa(c.Words.Entries), "least", strconv.Itoa(c.Words.Least)))
}
