package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/inspect"
	"github.com/colophon-project/colophon/internal/locale"
)

type evidenceCommand struct {
	Verify  evidenceVerifyCommand  `cmd:""`
	Sample  evidenceSampleCommand  `cmd:""`
	Records evidenceRecordsCommand `cmd:""`
	Check   evidenceCheckCommand   `cmd:""`
	Fsck    fsckCommand            `cmd:""`
}

// trusted are the flags that say whom an inspector trusts.
type trusted struct {
	Key   []string `required:"" placeholder:"FILE"`
	TSACA []string `name:"tsa-ca" placeholder:"FILE"`
}

type evidenceVerifyCommand struct {
	trusted
	Bundle string `arg:"" name:"bundle"`
}

// Run checks a bundle with no network.
func (c *evidenceVerifyCommand) Run(s *session) error {
	trust, err := inspect.ReadTrust(c.Key, c.TSACA)
	if err != nil {
		return err
	}
	s.exit, err = inspect.Report{Out: s.Stdout, Say: s.say, JSON: s.json}.Bundle(c.Bundle, trust)
	return err
}

type evidenceSampleCommand struct {
	trusted
	Seed       string `required:"" placeholder:"TEXT"`
	Count      int    `required:"" placeholder:"N"`
	Checkpoint string `required:"" placeholder:"FILE"`
	Exhibits   string `arg:"" name:"exhibits"`
}

// Run checks that exhibits are exactly what a seed selects.
func (c *evidenceSampleCommand) Run(s *session) error {
	trust, err := inspect.ReadTrust(c.Key, c.TSACA)
	if err != nil {
		return err
	}
	sample := inspect.Sample{Seed: c.Seed, Count: c.Count, Checkpoint: c.Checkpoint, Exhibits: c.Exhibits}
	s.exit, err = inspect.Report{Out: s.Stdout, Say: s.say, JSON: s.json}.Sample(sample, trust)
	return err
}

type evidenceRecordsCommand struct {
	remote
	span
	Type    string `placeholder:"WORD"`
	Subject string `placeholder:"PSEUDONYM"`
}

// Run lists records, the newest first.
func (c *evidenceRecordsCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		fetch := func(l client.Listing) ([]client.ProvenRecord, string, error) { return server.Records(ctx, l) }
		return listed(s, c.span, c.filter(map[string]string{"order": "newest", "type": c.Type, "subject": c.Subject}), fetch, func(client.ProvenRecord) bool { return true }, s.recordRow)
	})
}

// recordRow is a record as a row of a table.
func (s *session) recordRow(r client.ProvenRecord) string {
	place := s.say.Say("page-record-pending")
	if r.Index != nil {
		place = strconv.FormatInt(*r.Index, 10)
	}
	var clauses []string
	for _, c := range r.Clauses {
		clauses = append(clauses, string(c))
	}
	return strings.Join([]string{place, locale.Visible(r.ID), r.At.Local().Format(time.DateTime), locale.Visible(r.Type), s.word("page-record-", r.Type), locale.Visible(r.Role), locale.Visible(strings.Join(clauses, " "))}, "\t")
}

type evidenceCheckCommand struct{ remote }

// Run has the server check its log against its store.
func (c *evidenceCheckCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.CheckLog(ctx)
		if err != nil {
			return err
		}
		out := jsonFsck{r.Verdict, r.Size, r.Records, r.Pending, r.Payloads, r.Erased, []jsonFault{}, r.More}
		for _, f := range r.Faults {
			out.Faults = append(out.Faults, jsonFault{f.Kind, f.Name, f.Verdict, f.Code, f.Sentence})
		}
		s.fscked(out)
		return nil
	})
}

type fsckCommand struct{ deployment }

type jsonFsck struct {
	Verdict  string      `json:"verdict"`
	Size     uint64      `json:"size"`
	Records  uint64      `json:"records"`
	Pending  uint64      `json:"pending"`
	Payloads uint64      `json:"payloads"`
	Erased   uint64      `json:"erased"`
	Faults   []jsonFault `json:"faults"`
	More     int         `json:"more"`
}

type jsonFault struct {
	Kind    string        `json:"kind"`
	Name    string        `json:"name"`
	Verdict string        `json:"verdict"`
	Code    colophon.Code `json:"code"`
	Message string        `json:"message"`
}

// Run re-verifies the whole log against the store.
func (c *fsckCommand) Run(s *session) error {
	config, set, err := c.settings(s, nil)
	if err != nil {
		return err
	}
	var progress app.Progress
	watch := s.watch(&progress, 0)
	report, err := app.Fsck(s.ctx, config, set, &progress)
	watch.end()
	if err != nil {
		return err
	}
	s.fscked(s.fsckJSON(report))
	return nil
}

// fscked tells what a check of the log found.
func (s *session) fscked(out jsonFsck) {
	s.exit = exitOfVerdict(out.Verdict)
	if s.json {
		s.printJSON(out)
		return
	}
	s.printFsck(out)
}

// exitOfVerdict is the exit code of a check, by the name of its verdict.
func exitOfVerdict(verdict string) int {
	switch verdict {
	case colophon.Passed.String():
		return exitDone
	case colophon.Failed.String():
		return exitNotConforming
	}
	return exitCouldNotTell
}

func (s *session) fsckJSON(r app.FsckReport) jsonFsck {
	out := jsonFsck{r.Verdict.String(), r.Size, r.Records, r.Pending, r.Payloads, r.Erased, []jsonFault{}, r.More}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, jsonFault{string(f.Kind), f.Name, f.Verdict.String(), f.Code, s.say.Code(f.Code, nil)})
	}
	return out
}

func (s *session) printFsck(r jsonFsck) {
	for _, f := range r.Faults {
		fmt.Fprintf(s.Stdout, "%s  %s %s: %s\n", s.say.Say("mark-"+f.Verdict), s.say.Say("fsck-kind-"+f.Kind), f.Name, f.Message)
	}
	n := func(v uint64) string { return strconv.FormatUint(v, 10) }
	fmt.Fprintln(s.Stdout, s.say.Say("fsck-sum", "records", n(r.Records), "size", n(r.Size), "pending", n(r.Pending), "payloads", n(r.Payloads),
		"erased", n(r.Erased), "faults", itoa(len(r.Faults)+r.More)))
	fmt.Fprintln(s.Stdout, s.say.Say("fsck-"+r.Verdict))
}
