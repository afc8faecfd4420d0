package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type annotationCommand struct {
	remote
	Rules      annotationRulesCommand  `cmd:""`
	Annotators annotatorsCommand       `cmd:""`
	Checks     annotationChecksCommand `cmd:""`
}

type annotationRulesCommand struct {
	List     annotationRuleListCommand     `cmd:"" default:"withargs"`
	Show     annotationRuleShowCommand     `cmd:""`
	Draft    annotationRuleDraftCommand    `cmd:""`
	Approve  annotationRuleApproveCommand  `cmd:""`
	Withdraw annotationRuleWithdrawCommand `cmd:""`
}

type annotationRuleListCommand struct {
	State []string `placeholder:"WORD"`
}

// Run lists versions of annotation rules, the newest first.
func (c *annotationRuleListCommand) Run(s *session, p *annotationCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, url.Values{"state": c.State}, server.AnnotationRules, s.ruleRow)
	})
}

func (s *session) ruleRow(r client.AnnotationRule) []string {
	return []string{locale.Visible(r.ID), locale.Visible(r.Name), itoa(r.Version), s.say.Say("page-annotation-state-" + r.State), s.say.Say("page-annotation-kind-" + r.Kind), locale.Visible(s.local(r.Title))}
}

// oneRule prints a version of a rule, with its text where that came along.
func (s *session) oneRule(r client.AnnotationRule, err error) error {
	if err != nil {
		return err
	}
	if err := table(s, []client.AnnotationRule{r}, s.ruleRow); err != nil || s.json {
		return err
	}
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("cli-annotation-rule", "part", itoa(r.Part)+" %", "share", share(r.Share)))
	fmt.Fprintln(s.Stdout, "  SHA-256 "+locale.Visible(r.SHA256))
	s.prose(r.Text)
	return nil
}

type annotationRuleShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows a version of a rule with its text.
func (c *annotationRuleShowCommand) Run(s *session, p *annotationCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneRule(server.AnnotationRule(ctx, c.ID))
	})
}

type annotationRuleDraftCommand struct {
	Kind  string  `required:"" placeholder:"WORD" enum:"functional,safety"`
	ZH    string  `required:"" name:"zh" placeholder:"TEXT"`
	EN    string  `required:"" name:"en" placeholder:"TEXT"`
	Part  int     `required:"" placeholder:"PERCENT"`
	Share float64 `required:"" placeholder:"PERCENT"`
	Name  string  `arg:"" name:"name"`
	File  string  `arg:"" name:"file"`
}

// Run writes the next version of a rule for somebody else to approve.
func (c *annotationRuleDraftCommand) Run(s *session, p *annotationCommand) error {
	text, err := s.input(c.File, maxInput)
	if err != nil {
		return err
	}
	r := client.AnnotationRule{Name: c.Name, Kind: c.Kind, Title: client.TextPair{ZH: c.ZH, EN: c.EN}, Text: string(text), Part: c.Part, Share: int(math.Round(c.Share * 10_000))}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneRule(server.DraftAnnotationRule(ctx, r))
	})
}

type annotationRuleApproveCommand struct {
	ID string `arg:"" name:"id"`
}

// Run puts in force what somebody else wrote.
func (c *annotationRuleApproveCommand) Run(s *session, p *annotationCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneRule(server.StepAnnotationRule(ctx, c.ID, "approve"))
	})
}

type annotationRuleWithdrawCommand struct {
	ID string `arg:"" name:"id"`
}

// Run takes a version back.
func (c *annotationRuleWithdrawCommand) Run(s *session, p *annotationCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneRule(server.StepAnnotationRule(ctx, c.ID, "withdraw"))
	})
}

type annotatorsCommand struct {
	List  annotatorListCommand  `cmd:"" default:"withargs"`
	Show  annotatorShowCommand  `cmd:""`
	Enter annotatorEnterCommand `cmd:""`
	Train annotatorTrainCommand `cmd:""`
	Leave annotatorLeaveCommand `cmd:""`
}

type annotatorListCommand struct{}

// Run lists who annotates and checks.
func (annotatorListCommand) Run(s *session, p *annotationCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, nil, server.Annotators, s.annotatorRow)
	})
}

func (s *session) annotatorRow(a client.Annotator) []string {
	return []string{locale.Visible(a.ID), s.say.Say("page-annotator-state-" + a.State), s.say.Say("page-annotator-duty-" + a.Duty), s.say.Say("cli-annotator-trainings", "count", itoa(len(a.Trainings)))}
}

// oneAnnotator prints who annotates or checks, with the trainings.
func (s *session) oneAnnotator(a client.Annotator, err error) error {
	if err != nil {
		return err
	}
	if err := table(s, []client.Annotator{a}, s.annotatorRow); err != nil || s.json {
		return err
	}
	w := s.columns()
	for _, t := range a.Trainings {
		verdict := "failed"
		if t.Passed {
			verdict = "passed"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", t.Day.Local().Format(time.DateOnly), s.say.Say("page-verdict-"+verdict), locale.Visible(t.Rule), locale.Visible(t.Paper))
	}
	return w.Flush()
}

type annotatorShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows what somebody was trained in.
func (c *annotatorShowCommand) Run(s *session, p *annotationCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneAnnotator(server.Annotator(ctx, c.ID))
	})
}

type annotatorEnterCommand struct {
	Duty string `required:"" placeholder:"WORD" enum:"annotate,check"`
	ID   string `arg:"" name:"id"`
}

// Run enters somebody who annotates or checks.
func (c *annotatorEnterCommand) Run(s *session, p *annotationCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneAnnotator(server.EnterAnnotator(ctx, c.ID, c.Duty))
	})
}

type annotatorTrainCommand struct {
	Day    moment `placeholder:"DATE"`
	Failed bool
	Paper  string `placeholder:"FILE"`
	ID     string `arg:"" name:"id"`
	Rule   string `arg:"" name:"rule"`
}

// Run says that somebody was trained in a version of a rule. Of the paper its digest is sent, and nothing else.
func (c *annotatorTrainCommand) Run(s *session, p *annotationCommand) error {
	digest := ""
	if c.Paper != "" {
		hash := sha256.New()
		if err := withFile(c.Paper, func(r io.Reader) error {
			_, err := io.Copy(hash, r)
			return durable.Fault(c.Paper, err)
		}); err != nil {
			return err
		}
		digest = hex.EncodeToString(hash.Sum(nil))
	}
	if c.Day.IsZero() {
		c.Day.Time = time.Now()
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneAnnotator(server.TrainAnnotator(ctx, c.ID, c.Rule, c.Day.Time, !c.Failed, digest))
	})
}

type annotatorLeaveCommand struct {
	ID string `arg:"" name:"id"`
}

// Run says that somebody does it no more.
func (c *annotatorLeaveCommand) Run(s *session, p *annotationCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return s.oneAnnotator(server.AnnotatorLeaves(ctx, c.ID))
	})
}

type annotationChecksCommand struct {
	List  annotationCheckListCommand  `cmd:"" default:"withargs"`
	Enter annotationCheckEnterCommand `cmd:""`
}

type annotationCheckListCommand struct {
	Rule    string `placeholder:"ID"`
	Dataset string `placeholder:"ID"`
}

// Run lists checks of samples of labels, the newest first.
func (c *annotationCheckListCommand) Run(s *session, p *annotationCommand) error {
	filter := chosen(map[string]string{"rule": c.Rule, "dataset": c.Dataset})
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.AnnotationChecks, s.labelCheckRow)
	})
}

func (s *session) labelCheckRow(one client.AnnotationCheck) []string {
	t := one.Check
	return []string{locale.Visible(one.ID), s.say.Say("page-verdict-" + one.Verdict), locale.Visible(strings.TrimSpace(t.Dataset + " " + t.Batch)),
		s.say.Say("cli-annotation-check", "checked", itoa(t.Checked), "must", itoa(one.Must), "share", share(one.Share), "mark", share(one.Mark), "untold", itoa(t.Untold)), locally(&one.At)}
}

type annotationCheckEnterCommand struct {
	Rule      string   `required:"" placeholder:"ID"`
	Dataset   string   `placeholder:"ID"`
	Labels    int      `required:"" placeholder:"NUMBER"`
	Checked   int      `required:"" placeholder:"NUMBER"`
	Wrong     int      `required:"" placeholder:"NUMBER"`
	Untold    int      `placeholder:"NUMBER"`
	Annotator []string `required:"" placeholder:"ID"`
	Checker   string   `required:"" placeholder:"ID"`
	Batch     string   `arg:"" name:"batch"`
}

// Run enters a check of a sample of labels. It exits as checks do.
func (c *annotationCheckEnterCommand) Run(s *session, p *annotationCommand) error {
	text := client.AnnotationCheckText{Rule: c.Rule, Dataset: c.Dataset, Batch: c.Batch, Labels: c.Labels, Checked: c.Checked, Wrong: c.Wrong, Untold: c.Untold, Annotators: c.Annotator, Checker: c.Checker}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		one, err := server.EnterAnnotationCheck(ctx, text)
		if err != nil {
			return err
		}
		s.weigh(one.Verdict)
		return table(s, []client.AnnotationCheck{one}, s.labelCheckRow)
	})
}
