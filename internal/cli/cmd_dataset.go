package cli

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

type datasetCommand struct {
	remote
	List     datasetListCommand     `cmd:""`
	Show     datasetShowCommand     `cmd:""`
	Add      datasetAddCommand      `cmd:""`
	Change   datasetChangeCommand   `cmd:""`
	Manifest datasetManifestCommand `cmd:""`
	Digest   datasetDigestCommand   `cmd:""`
	Enter    datasetEnterCommand    `cmd:""`
	Sample   datasetSampleCommand   `cmd:""`
	Result   datasetResultCommand   `cmd:""`
	Finish   datasetFinishCommand   `cmd:""`
	Use      datasetUseCommand      `cmd:""`
	Removals datasetRemovalsCommand `cmd:""`
	Prove    datasetProveCommand    `cmd:""`
	Dismiss  datasetDismissCommand  `cmd:""`
}

type datasetListCommand struct {
	State []string `placeholder:"WORD"`
}

// Run lists datasets.
func (c *datasetListCommand) Run(s *session, p *datasetCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, url.Values{"state": c.State}, server.Datasets, func(d client.Dataset) []string {
			return []string{locale.Visible(d.ID), s.datasetState(d), s.say.Say("dataset-grounds", "verdict", s.say.Say("page-verdict-"+d.Grounds)), s.say.Say("dataset-removals", "open", itoa(d.Removals), "late", itoa(d.Late))}
		})
	})
}

func (s *session) datasetState(d client.Dataset) string {
	if d.Barred {
		return s.say.Say("dataset-state-barred")
	}
	return s.say.Say("dataset-state-" + d.State)
}

// dataset prints a dataset with how it stands by the yardsticks.
func (s *session) dataset(d client.Dataset, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(d)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(d.ID), s.datasetState(d))
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("dataset-grounds", "verdict", s.say.Say("page-verdict-"+d.Grounds)))
	for _, r := range d.Reasons {
		fmt.Fprintln(s.Stdout, "    "+locale.Visible(r.Sentence.Sentence))
	}
	if m := d.Manifest; m != nil {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("dataset-manifest", "digest", locale.Visible(m.Digest), "items", itoa(m.Items)))
	}
	for _, y := range d.Yardsticks {
		verdict := y.Verdict
		switch {
		case y.Sampled:
		case y.Stale:
			verdict = "stale"
		default:
			verdict = "unsampled"
		}
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("page-yardstick-"+y.Yardstick)+": "+s.say.Say("page-corpus-"+verdict))
		for _, r := range y.Results {
			s.result(r)
		}
	}
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("dataset-removals", "open", itoa(d.Removals), "late", itoa(d.Late)))
	return nil
}

// result prints what a sample came to by one yardstick.
func (s *session) result(r client.SampleResult) {
	fmt.Fprintln(s.Stdout, "    "+s.say.Say("dataset-result", "source", locale.Visible(r.Source), "share", share(r.Share), "mark", share(r.Mark), "known", itoa(r.Known), "must", itoa(r.Must), "unknown", itoa(r.Unknown), "verdict", s.say.Say("page-corpus-"+r.Verdict)))
}

func share(ppm int) string { return strconv.FormatFloat(float64(ppm)/10_000, 'f', -1, 64) + " %" }

type datasetShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows a dataset.
func (c *datasetShowCommand) Run(s *session, p *datasetCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.Dataset(ctx, c.ID)
		return s.dataset(d, err)
	})
}

type datasetAddCommand struct {
	ID   string `arg:"" name:"id"`
	File string `arg:"" name:"file"`
}

// Run enters a dataset as a file describes it.
func (c *datasetAddCommand) Run(s *session, p *datasetCommand) error {
	var t client.DatasetText
	if err := s.described(c.File, &t); err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.AddDataset(ctx, c.ID, t)
		return s.dataset(d, err)
	})
}

type datasetChangeCommand struct {
	ID   string `arg:"" name:"id"`
	File string `arg:"" name:"file"`
}

// Run describes a dataset anew.
func (c *datasetChangeCommand) Run(s *session, p *datasetCommand) error {
	var t client.DatasetText
	if err := s.described(c.File, &t); err != nil {
		return err
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.ChangeDataset(ctx, c.ID, t)
		return s.dataset(d, err)
	})
}

type datasetEnterCommand struct {
	ID   string `arg:"" name:"id"`
	File string `arg:"" name:"file"`
}

// Run enters a manifest as that of a dataset.
func (c *datasetEnterCommand) Run(s *session, p *datasetCommand) error {
	return withFile(c.File, func(f io.Reader) error {
		return p.call(s, func(ctx context.Context, server *client.Client) error {
			d, err := server.ListDataset(ctx, c.ID, f)
			return s.dataset(d, err)
		})
	})
}

func withFile(path string, do func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return durable.Fault(path, err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	return do(f)
}

type datasetSampleCommand struct {
	Seed  uint32 `placeholder:"NUMBER"`
	Least int    `placeholder:"NUMBER"`
	Each  int    `placeholder:"NUMBER"`
	ID    string `arg:"" name:"id"`
	File  string `arg:"" name:"file"`
}

// Run enters a manifest and draws a sample of it.
func (c *datasetSampleCommand) Run(s *session, p *datasetCommand) error {
	return withFile(c.File, func(f io.Reader) error {
		return p.call(s, func(ctx context.Context, server *client.Client) error {
			t, err := server.SampleDataset(ctx, c.ID, c.Seed, c.Least, c.Each, f)
			return s.sampled(t, err)
		})
	})
}

// sampled prints a sample with what it has come to.
func (s *session) sampled(t client.TrainingSample, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(t)
		return nil
	}
	fmt.Fprintf(s.Stdout, "%s  %s\n", locale.Visible(t.ID), s.say.Say("page-training-state-"+t.State))
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("dataset-drawn", "drawn", itoa(t.Drawn), "items", itoa(t.Items), "open", itoa(t.Open), "machine", itoa(t.Machine.Drawn)))
	for _, r := range t.Results {
		fmt.Fprintln(s.Stdout, "  "+s.say.Say("page-yardstick-"+r.Yardstick))
		s.result(r)
	}
	return nil
}

type datasetResultCommand struct {
	Sample string `arg:"" name:"sample"`
}

// Run shows a sample.
func (c *datasetResultCommand) Run(s *session, p *datasetCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		t, err := server.TrainingSample(ctx, c.Sample)
		return s.sampled(t, err)
	})
}

type datasetFinishCommand struct {
	Cancel bool
	Sample string `arg:"" name:"sample"`
}

// Run enters what a sample came to into its dataset, or ends it.
func (c *datasetFinishCommand) Run(s *session, p *datasetCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		step := "finish"
		if c.Cancel {
			step = "cancel"
		}
		t, err := server.StepTrainingSample(ctx, c.Sample, step)
		return s.sampled(t, err)
	})
}

type datasetUseCommand struct {
	For       string `required:"" placeholder:"WORD" enum:"pretraining,tuning,evaluation,retrieval"`
	ID        string `arg:"" name:"id"`
	Algorithm string `arg:"" name:"algorithm"`
	Version   string `arg:"" name:"version"`
}

// Run says that a version of an algorithm used a dataset.
func (c *datasetUseCommand) Run(s *session, p *datasetCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		d, err := server.UseDataset(ctx, c.ID, c.Algorithm, c.Version, c.For)
		return s.dataset(d, err)
	})
}

type datasetRemovalsCommand struct {
	State   []string `placeholder:"WORD"`
	Dataset string   `placeholder:"ID"`
}

// Run lists removals, the newest first.
func (c *datasetRemovalsCommand) Run(s *session, p *datasetCommand) error {
	filter := chosen(map[string]string{"dataset": c.Dataset})
	filter["state"] = c.State
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.DatasetRemovals, s.removalRow)
	})
}

func (s *session) removalRow(r client.DatasetRemoval) []string {
	state := r.State
	if r.Late && state == "open" {
		state = "late"
	}
	return []string{locale.Visible(r.ID), s.say.Say("page-removal-state-" + state), locale.Visible(r.Dataset), locale.Visible(r.Consent), s.say.Say("dataset-due", "due", r.Due.Local().Format(time.DateOnly))}
}

func (s *session) removed(r client.DatasetRemoval, err error) error {
	if err != nil {
		return err
	}
	if err := table(s, []client.DatasetRemoval{r}, s.removalRow); err != nil || s.json || r.Proof == nil {
		return err
	}
	fmt.Fprintln(s.Stdout, "  "+s.say.Say("dataset-proof", "before", locale.Visible(r.Before), "after", locale.Visible(r.Proof.After), "removed", itoa(r.Proof.Removed), "verdict", s.say.Say("page-verdict-"+r.Proof.Verdict)))
	return nil
}

type datasetProveCommand struct {
	Paper   string `placeholder:"SHA256"`
	How     string `required:"" placeholder:"TEXT"`
	Before  string `placeholder:"FILE"`
	After   string `placeholder:"FILE"`
	Removal string `arg:"" name:"removal"`
}

// Run says how items were removed, and has the manifests before and after compared.
func (c *datasetProveCommand) Run(s *session, p *datasetCommand) error {
	var manifests []io.Reader
	for _, path := range []string{c.Before, c.After} {
		if path == "" {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			return durable.Fault(path, err)
		}
		defer f.Close() //nolint:errcheck // it was only read
		manifests = append(manifests, f)
	}
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.ProveRemoval(ctx, c.Removal, c.How, c.Paper, manifests...)
		return s.removed(r, err)
	})
}

type datasetDismissCommand struct {
	Reason  string `required:"" placeholder:"TEXT"`
	Removal string `arg:"" name:"removal"`
}

// Run says why nothing is to be removed.
func (c *datasetDismissCommand) Run(s *session, p *datasetCommand) error {
	return p.call(s, func(ctx context.Context, server *client.Client) error {
		r, err := server.DismissRemoval(ctx, c.Removal, c.Reason)
		return s.removed(r, err)
	})
}
