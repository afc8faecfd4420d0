package cli

import (
	"fmt"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/inspect"
)

type evidenceCommand struct {
	Verify evidenceVerifyCommand `cmd:""`
	Sample evidenceSampleCommand `cmd:""`
	Fsck   fsckCommand           `cmd:""`
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

type fsckCommand struct{ deployment }

type jsonFsck struct {
	Verdict  colophon.Verdict `json:"verdict"`
	Size     uint64           `json:"size"`
	Records  uint64           `json:"records"`
	Pending  uint64           `json:"pending"`
	Payloads uint64           `json:"payloads"`
	Erased   uint64           `json:"erased"`
	Faults   []jsonFault      `json:"faults"`
	More     int              `json:"more"`
}

type jsonFault struct {
	Kind    string           `json:"kind"`
	Name    string           `json:"name"`
	Verdict colophon.Verdict `json:"verdict"`
	Code    colophon.Code    `json:"code"`
	Message string           `json:"message"`
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
	s.exit = exitOfVerdict(report.Verdict)
	out := s.fsckJSON(report)
	if s.json {
		s.printJSON(out)
		return nil
	}
	s.printFsck(out)
	return nil
}

func exitOfVerdict(v colophon.Verdict) int {
	switch v {
	case colophon.Passed:
		return exitDone
	case colophon.Failed:
		return exitNotConforming
	}
	return exitCouldNotTell
}

func (s *session) fsckJSON(r app.FsckReport) jsonFsck {
	out := jsonFsck{r.Verdict, r.Size, r.Records, r.Pending, r.Payloads, r.Erased, []jsonFault{}, r.More}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, jsonFault{string(f.Kind), f.Name, f.Verdict, f.Code, s.say.Code(f.Code, nil)})
	}
	return out
}

func (s *session) printFsck(r jsonFsck) {
	for _, f := range r.Faults {
		fmt.Fprintf(s.Stdout, "%s  %s %s: %s\n", s.say.Say("mark-"+f.Verdict.String()), s.say.Say("fsck-kind-"+f.Kind), f.Name, f.Message)
	}
	n := func(v uint64) string { return strconv.FormatUint(v, 10) }
	fmt.Fprintln(s.Stdout, s.say.Say("fsck-sum", "records", n(r.Records), "size", n(r.Size), "pending", n(r.Pending), "payloads", n(r.Payloads),
		"erased", n(r.Erased), "faults", itoa(len(r.Faults)+r.More)))
	fmt.Fprintln(s.Stdout, s.say.Say("fsck-"+r.Verdict.String()))
}
