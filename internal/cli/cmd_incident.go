package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/locale"
)

const (
	codeIncidentAbout   colophon.Code = "incident-about"         // arg "value": it is not KIND=ID
	codeIncidentAnswers colophon.Code = "incident-report-filled" // arg "report": it is no draft, so that answers are lost
)

type incidentCommand struct {
	remote
	List         incidentListCommand     `cmd:""`
	Open         incidentOpenCommand     `cmd:""`
	Show         incidentShowCommand     `cmd:""`
	Read         incidentReadCommand     `cmd:""`
	Learn        incidentLearnCommand    `cmd:""`
	Agree        incidentAgreeCommand    `cmd:""`
	Disagree     incidentDisagreeCommand `cmd:""`
	Widen        incidentWidenCommand    `cmd:""`
	KnownEarlier incidentKnownCommand    `cmd:""`
	Step         incidentStepCommand     `cmd:""`
	Note         incidentNoteCommand     `cmd:""`
	Report       incidentReportCommand   `cmd:""`
	File         incidentFileCommand     `cmd:""`
	Prove        incidentProveCommand    `cmd:""`
	Amend        incidentAmendCommand    `cmd:""`
	Drop         incidentDropCommand     `cmd:""`
	Download     incidentDownloadCommand `cmd:""`
	Close        incidentCloseCommand    `cmd:""`
	Confirm      incidentConfirmCommand  `cmd:""`
	KeepOpen     incidentKeepOpenCommand `cmd:""`
	Reopen       incidentReopenCommand   `cmd:""`
	Verify       incidentVerifyCommand   `cmd:""`
}

type incidentListCommand struct {
	State []string `placeholder:"WORD"`
	Kind  string   `placeholder:"WORD"`
}

// Run lists incidents, the newest first.
func (c *incidentListCommand) Run(s *session, p *incidentCommand) error {
	filter := chosen(map[string]string{"kind": c.Kind})
	filter["state"] = c.State
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.Incidents, func(v client.Incident) []string {
			return []string{locale.Visible(v.ID), s.kindsOf(v), s.say.Say("page-incident-state-" + v.State), s.gradeOf(v), locally(v.Due)}
		})
	})
}

func (s *session) kindsOf(v client.Incident) string {
	var names []string
	for _, k := range v.Kinds {
		names = append(names, s.say.Say("page-incident-kind-"+k))
	}
	return strings.Join(names, ", ")
}

// gradeOf is the grade, the least one that is certain, or that nobody can tell.
func (s *session) gradeOf(v client.Incident) string {
	switch g := v.Grading; {
	case g.State == "not-graded":
		return s.say.Say("page-grade-none")
	case g.State == "could-not-tell" && (g.Least == "" || g.Least == "ordinary"):
		return s.say.Say("page-grade-unknown")
	case g.State == "could-not-tell":
		return s.say.Say("page-grade-least-" + g.Least)
	default:
		return s.say.Say("page-grade-" + g.Least)
	}
}

type incidentOpenCommand struct {
	Kind    []string `required:"" placeholder:"WORD" sep:","`
	Title   string   `required:"" placeholder:"TEXT"`
	Summary string   `placeholder:"TEXT"`
	Origin  string   `placeholder:"WORD"`
	About   []string `placeholder:"KIND=ID" sep:"none"`
	Knew    moment   `placeholder:"TIME"`
}

// Run opens an incident.
func (c *incidentOpenCommand) Run(s *session, p *incidentCommand) error {
	about, err := refs(c.About)
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.OpenIncident(ctx, client.IncidentDraft{Kinds: c.Kind, Title: c.Title, Summary: c.Summary, Origin: c.Origin, About: about, Knew: c.Knew.Time})
		return s.incident(v, err)
	})
}

// refs reads what something is about, or what shows it.
func refs(pairs []string) (list []client.IncidentRef, err error) {
	for _, pair := range pairs {
		kind, id, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, invalid(codeIncidentAbout, "value", pair)
		}
		list = append(list, client.IncidentRef{Kind: kind, ID: id})
	}
	return list, nil
}

// incident prints an incident and its clocks.
func (s *session) incident(v client.Incident, err error) error {
	if done, err := s.plain(v, err); done {
		return err
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(v.ID), s.kindsOf(v), s.say.Say("page-incident-state-"+v.State), s.gradeOf(v))
	if v.Correction != nil {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("page-incident-correction"))
	}
	w := s.columns()
	for _, c := range v.Clocks {
		name := c.Names.In(string(s.say.Language))
		if c.Names.ZH == "" {
			name = s.say.Say("page-clock-" + c.ID)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", locale.Visible(name), s.say.Say("page-clock-state-"+c.State), locally(c.Due))
	}
	return w.Flush()
}

type incidentShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows an incident: clocks, steps, timeline and reports.
func (c *incidentShowCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		x, err := server.Incident(ctx, c.ID)
		if err == nil && s.json {
			s.printJSON(x)
			return nil
		}
		if err := s.incident(x.Incident, err); err != nil {
			return err
		}
		w, language := s.columns(), string(s.say.Language)
		for _, step := range x.Steps {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", locale.Visible(step.ID), s.say.Say("page-step-state-"+step.State), locale.Visible(step.Names.In(language)))
		}
		for _, r := range x.Reports {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", locale.Visible(r.ID), s.say.Say("page-report-state-"+r.State), locale.Visible(r.Names.In(language)))
		}
		for _, l := range x.Timeline {
			what := s.say.Say("page-line-source-staff")
			if l.Source != "staff" {
				what = s.say.Say("page-record-" + l.What)
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\n", l.At.Local().Format(time.DateTime), what, locale.Visible(l.Of))
		}
		return w.Flush()
	})
}

type incidentLearnCommand struct {
	Least int64  `placeholder:"NUMBER"`
	Most  *int64 `placeholder:"NUMBER"`
	Why   string `required:"" placeholder:"TEXT"`
	ID    string `arg:"" name:"id"`
	Fact  string `arg:"" name:"fact"`
}

// Run tells a fact.
func (c *incidentLearnCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.LearnIncident(ctx, c.ID, map[string]client.IncidentFact{c.Fact: {Least: c.Least, Most: c.Most}}, c.Why)
		return s.incident(v, err)
	})
}

type incidentStepCommand struct {
	State string `placeholder:"WORD" default:"done" enum:"done,skipped,open"`
	Note  string `placeholder:"TEXT"`
	ID    string `arg:"" name:"id"`
	Step  string `arg:"" name:"step"`
}

// Run ticks a step of the playbook.
func (c *incidentStepCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.TickIncident(ctx, c.ID, c.Step, c.State, c.Note)
		return s.incident(v, err)
	})
}

type incidentNoteCommand struct {
	At   moment `placeholder:"TIME"`
	ID   string `arg:"" name:"id"`
	Text string `arg:"" name:"text"`
}

// Run enters what happened into the timeline.
func (c *incidentNoteCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		l, err := server.NoteIncident(ctx, c.ID, c.At.Time, c.Text)
		if done, err := s.plain(l, err); done {
			return err
		}
		fmt.Fprintln(s.Stdout, locale.Visible(l.ID))
		return nil
	})
}

// told are the answers to fields of a report.
type told struct {
	Set     []string `placeholder:"FIELD=TEXT" sep:"none"`
	None    []string `placeholder:"FIELD"`
	Unknown []string `placeholder:"FIELD"`
}

func (t told) list() ([]client.ReportAnswer, error) {
	said, err := (answers{Set: t.Set, None: t.None, Unknown: t.Unknown}).list()
	var list []client.ReportAnswer
	for _, a := range said {
		list = append(list, client.ReportAnswer{Field: a.From, State: a.State, Lines: a.Lines})
	}
	return list, err
}

type incidentReportCommand struct {
	told
	ID   string `arg:"" name:"id"`
	Form string `arg:"" name:"form"`
}

// Run drafts a report or a notice of what is known now; drafted again it is filled with the answers.
func (c *incidentReportCommand) Run(s *session, p *incidentCommand) error {
	list, err := c.list()
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.DraftIncidentReport(ctx, c.ID, c.Form, list...)
		return s.reported(reportFilled(ctx, server, r, err, list))
	})
}

// reportFilled fills a report with answers: it may be one that was drafted before. Where it is no draft any more they would be lost.
func reportFilled(ctx context.Context, server *client.Client, r client.IncidentReport, err error, list []client.ReportAnswer) (client.IncidentReport, error) {
	switch {
	case err != nil || len(list) == 0:
		return r, err
	case r.State != "draft":
		return r, &colophon.Error{Kind: colophon.Conflict, Code: codeIncidentAnswers, Args: colophon.Args{"report": r.ID}}
	}
	return server.FillIncidentReport(ctx, r.ID, list...)
}

// reported prints a report, without what it says.
func (s *session) reported(r client.IncidentReport, err error) error {
	if done, err := s.plain(r, err); done {
		return err
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(r.ID), locale.Visible(r.Names.In(string(s.say.Language))), s.say.Say("page-report-state-"+r.State))
	fmt.Fprintf(s.Stdout, "  SHA-256 %s\n", locale.Visible(r.SHA256))
	if len(r.Open) > 0 {
		fmt.Fprintf(s.Stdout, "  %s %s\n", s.say.Say("page-label-report-open"), locale.Visible(strings.Join(r.Open, ", ")))
	}
	return nil
}

type incidentFileCommand struct {
	filed
	Report string `arg:"" name:"report"`
}

// Run says that a report was filed, with the proofs.
func (c *incidentFileCommand) Run(s *session, p *incidentCommand) error {
	how, proofs, done, err := c.filing()
	if err != nil {
		return err
	}
	defer done()
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.FileIncidentReport(ctx, c.Report, how, proofs...)
		return s.reported(r, err)
	})
}

type incidentVerifyCommand struct {
	Files []string `arg:"" name:"files"`
}

// Run checks documents of reports that amend each other, the first one first. It needs no server.
func (c *incidentVerifyCommand) Run(s *session) error {
	return s.chained(c.Files, report.Chain, func(raw []byte) (string, int) {
		d, _ := report.Parse(raw) // what can't be read the chain refuses
		return d.Incident, d.Part
	})
}

type incidentAmendCommand struct {
	told
	Report string `arg:"" name:"report"`
}

// Run drafts a report that amends one that was filed.
func (c *incidentAmendCommand) Run(s *session, p *incidentCommand) error {
	list, err := c.list()
	if err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.AmendIncidentReport(ctx, c.Report, list...)
		return s.reported(reportFilled(ctx, server, r, err, list))
	})
}

type incidentDownloadCommand struct {
	Format string `placeholder:"json|text|html|pdf|docx" default:"json" enum:"json,text,html,pdf,docx"`
	Out    string `short:"o" placeholder:"FILE"`
	Force  bool
	Report string `arg:"" name:"report"`
}

// Run writes a report to a file, or to the standard output; a record says who read it.
func (c *incidentDownloadCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		from, err := server.DownloadIncidentReport(ctx, c.Report, c.Format)
		if err != nil {
			return err
		}
		return s.keep(from, c.Out, c.Force)
	})
}

type incidentCloseCommand struct {
	Outcome string `placeholder:"WORD" default:"closed" enum:"closed,dismissed"`
	Why     string `required:"" placeholder:"TEXT"`
	ID      string `arg:"" name:"id"`
}

// Run closes or dismisses an incident; one that can be graded waits for a second person.
func (c *incidentCloseCommand) Run(s *session, p *incidentCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		v, err := server.CloseIncident(ctx, c.ID, c.Outcome, c.Why)
		return s.incident(v, err)
	})
}
