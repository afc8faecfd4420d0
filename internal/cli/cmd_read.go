package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/label"
)

type readCommand struct {
	Files     []string `arg:"" name:"file"`
	Pin       []string `placeholder:"KEY" sep:"none"`
	Recursive bool     `short:"r"`
	Jobs      int      `short:"j" placeholder:"N"`
}

// Run prints what the files say about themselves.
func (c *readCommand) Run(s *session) error {
	return s.reading(c.Files, c.Pin, c.Recursive, c.Jobs, func(r app.Reported) {
		if r.Err != nil || r.Report.Err != nil {
			s.exit = exitError
		}
		if s.json {
			j := s.reportJSON(r.Input.Path, r.Report)
			if r.Err != nil {
				j.Error = s.errorJSON(r.Err)
			}
			s.printJSON(j)
			return
		}
		s.printReport(r)
	})
}

type verifyCommand struct {
	Files     []string `arg:"" name:"file"`
	Pin       []string `placeholder:"KEY" sep:"none"`
	Recursive bool     `short:"r"`
	Jobs      int      `short:"j" placeholder:"N"`
}

// Run judges the files and sets the exit code to the worst answer, in the order error, not conforming, could not tell,
// no mark, conforming.
func (c *verifyCommand) Run(s *session) error {
	counts := map[int]int{}
	err := s.reading(c.Files, c.Pin, c.Recursive, c.Jobs, func(r app.Reported) {
		code := exitOf(r)
		counts[code]++
		if s.json {
			j := s.reportJSON(r.Input.Path, r.Report)
			j.Conformity = conformityName(r)
			if r.Err != nil {
				j.Error = s.errorJSON(r.Err)
			}
			s.printJSON(j)
			return
		}
		s.printVerdict(r, code)
	})
	for _, code := range []int{exitError, exitNotConforming, exitCouldNotTell, exitNoMark, exitDone} {
		if counts[code] > 0 {
			s.exit = code
			break
		}
	}
	return err
}

func exitOf(r app.Reported) int {
	if r.Err != nil {
		return exitError
	}
	switch r.Report.Conformity() {
	case label.Conforming:
		return exitDone
	case label.Unmarked:
		return exitNoMark
	case label.NotConforming:
		return exitNotConforming
	}
	return exitCouldNotTell
}

func conformityName(r app.Reported) string {
	if r.Err != nil {
		return "error"
	}
	return r.Report.Conformity().String()
}

// reading is what read and verify share.
func (s *session) reading(files, pins []string, recurse bool, n int, each func(app.Reported)) error {
	pinned, err := readPublicKeys(pins)
	if err != nil {
		return err
	}
	work := &app.Reading{Pinned: pinned, Jobs: jobs(n, s.config.Jobs)}
	inputs := app.Expand(files, recurse)
	if len(inputs) == 0 {
		return invalid(app.CodeNoFiles)
	}
	stop := s.watch(&work.Progress, len(inputs))
	work.Run(inputs, func(r app.Reported) { stop.pause(func() { each(r) }) })
	stop.end()
	return nil
}

func (s *session) printReport(r app.Reported) {
	if r.Err != nil {
		s.complain(r.Input.Path, r.Err)
		return
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(r.Input.Path), s.formatName(r.Report.Format), s.say.Say("read-count", "count", strconv.Itoa(len(r.Report.Marks))))
	for i := range r.Report.Marks {
		s.printMark(&r.Report.Marks[i])
	}
	s.printFindings("  ", r.Report.Findings)
	if r.Report.Err != nil {
		s.complain(r.Input.Path, r.Report.Err)
	}
}

func (s *session) formatName(f label.Format) string {
	if f == "" {
		return s.say.Say("format-unknown")
	}
	return string(f)
}

func (s *session) printMark(m *label.Mark) {
	at := ""
	if m.Offset >= 0 {
		at = "  @" + strconv.FormatInt(m.Offset, 10)
	}
	fmt.Fprintf(s.Stdout, "  [%s]%s\n", m.Place, at)
	rows := [][2]string{
		{"Label", s.labelValue(m.Fields.Label)},
		{"ContentProducer", m.Fields.ContentProducer},
		{"ProduceID", m.Fields.ProduceID},
		{"ReservedCode1", s.sealText(m.Fields.ReservedCode1, m.Seal)},
		{"ContentPropagator", m.Fields.ContentPropagator},
		{"PropagateID", m.Fields.PropagateID},
		{"ReservedCode2", s.sealText(m.Fields.ReservedCode2, m.Seal2)},
	}
	for _, row := range rows {
		fmt.Fprintln(s.Stdout, strings.TrimRight(fmt.Sprintf("    %-18s %s", row[0], locale.Visible(row[1])), " "))
	}
	s.printFindings("    ", m.Findings)
}

func (s *session) labelValue(v string) string {
	if key := "label-value-" + v; s.say.Has(key) {
		return v + "  " + s.say.Say(key)
	}
	return v
}

func (s *session) sealText(value string, seal label.SealReport) string {
	if value == "" {
		return ""
	}
	text := s.say.Say("seal-state-" + seal.State.String())
	if seal.Fingerprint != "" {
		text += "  " + s.say.Say("seal-key", "key", seal.Fingerprint)
	}
	return text
}

func (s *session) printFindings(indent string, findings []colophon.Finding) {
	for _, f := range findings {
		clause := ""
		if f.Clause != "" {
			clause = "  [" + string(f.Clause) + "]"
		}
		fmt.Fprintf(s.Stdout, "%s%s%s%s\n", indent, s.say.Say("level-"+f.Level.String()), s.say.Code(f.Code, f.Args), clause)
	}
}

func (s *session) printVerdict(r app.Reported, code int) {
	fmt.Fprintf(s.Stdout, "%s: %s\n", locale.Visible(r.Input.Path), s.say.Say("conformity-"+conformityName(r)))
	if r.Err != nil {
		s.complain(r.Input.Path, r.Err)
		return
	}
	if r.Report.Err != nil {
		fmt.Fprintf(s.Stdout, "  %s\n", s.say.Error(r.Report.Err))
	}
	for i := range r.Report.Marks {
		m := &r.Report.Marks[i]
		if code == exitDone && len(m.Findings) == 0 {
			continue
		}
		fmt.Fprintf(s.Stdout, "  [%s] %s\n", m.Place, locale.Visible(m.Fields.ProduceID))
		s.printFindings("    ", m.Findings)
	}
	s.printFindings("  ", r.Report.Findings)
}
