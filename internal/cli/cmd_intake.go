package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/label"
)

type intakeCommand struct {
	remote
	Take intakeTakeCommand `cmd:"" default:"withargs"`
	List intakeListCommand `cmd:""`
	Show intakeShowCommand `cmd:""`
	Scan intakeScanCommand `cmd:""`
	Stop intakeStopCommand `cmd:""`
	App  intakeAppCommand  `cmd:""`
}

type intakeTakeCommand struct {
	Files     []string `arg:"" name:"files"`
	Declared  string   `placeholder:"generated|not-generated" default:"silent" enum:"generated,not-generated,silent"`
	Asked     bool
	Number    string `placeholder:"ID"`
	Account   string `placeholder:"ID"`
	Out       string `short:"o" placeholder:"DIR"`
	Recursive bool   `short:"r"`
}

// Run hands files in, and writes those that got the platform's elements into a folder.
func (c *intakeTakeCommand) Run(s *session, i *intakeCommand) error {
	if c.Number != "" && len(c.Files) > 1 {
		return invalid(codeOneID)
	}
	if c.Out != "" {
		if err := app.MakeFolder(c.Out); err != nil {
			return err
		}
	}
	return i.call(s, func(ctx context.Context, server *client.Client) error {
		for _, in := range app.Expand(c.Files, c.Recursive) {
			if in.Err == nil {
				in.Err = c.take(ctx, s, server, in)
			}
			if in.Err != nil {
				s.stop(answered(in.Err))
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
}

func (c *intakeTakeCommand) take(ctx context.Context, s *session, server *client.Client, in app.Input) error {
	file, err := os.Open(in.Path)
	if err != nil {
		return durable.Fault(in.Path, err)
	}
	defer file.Close()
	t, err := server.TakeIn(ctx, client.Uploaded{Account: c.Account, Declaration: c.Declared, Asked: c.Asked, Number: c.Number, Name: filepath.Base(in.Path)}, file)
	if err != nil {
		return err
	}
	if s.json {
		s.printJSON(struct {
			File string `json:"file"`
			client.Intake
		}{in.Path, t})
	} else {
		s.tookIn(in.Path, t)
	}
	if c.Out == "" {
		return nil
	}
	to := filepath.Join(c.Out, in.Rel)
	if err := app.MakeFolder(filepath.Dir(to)); err != nil {
		return err
	}
	switch t.Action {
	case "propagated", "labelled":
		content, err := server.IntakeContent(ctx, t.ID)
		if err != nil {
			return err
		}
		defer content.Close()
		return save(to, content)
	case "sidecar":
		text, err := server.IntakeSidecar(ctx, t.ID)
		if err != nil {
			return err
		}
		return save(to+label.SidecarSuffix, strings.NewReader(string(text)))
	}
	return nil
}

// save writes a new file.
func save(to string, r io.Reader) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return durable.Fault(to, err)
	}
	if _, err = io.Copy(f, r); err == nil {
		err = f.Sync()
	}
	if late := f.Close(); err == nil {
		err = late
	}
	if err != nil {
		_ = os.Remove(to) // a part of a file is none
		return err
	}
	return nil
}

// tookIn prints what was said of an upload.
func (s *session) tookIn(name string, t client.Intake) {
	fmt.Fprintf(s.Stdout, "%s  %s  %s\n", locale.Visible(name), s.say.Say("intake-word-"+t.State), locale.Visible(t.ID))
	if t.Notice != nil {
		fmt.Fprintf(s.Stdout, "  %s\n", s.say.Say("intake-show", "zh", locale.Visible(t.Notice["zh"]), "en", locale.Visible(t.Notice["en"])))
	} else {
		fmt.Fprintf(s.Stdout, "  %s\n", locale.Visible(t.Sentence))
	}
	for _, r := range t.Reasons {
		fmt.Fprintf(s.Stdout, "  %s: %s\n", locale.Visible(r.By), s.say.Code(r.Code, r.Args))
	}
	for _, f := range t.Findings {
		if f.Level != "note" {
			fmt.Fprintf(s.Stdout, "  %s\n", locale.Visible(f.Sentence))
		}
	}
	for _, r := range t.Recalls {
		source := r.Source
		if source == "" {
			source = s.say.Say("intake-recall-here")
		}
		fmt.Fprintf(s.Stdout, "  %s\n", s.say.Say("intake-recall-line", "verdict", s.say.Say("refutation-verdict-"+r.Verdict), "source", locale.Visible(source), "claim", locale.Visible(s.local(r.Claim))))
		if r.URL != "" {
			fmt.Fprintf(s.Stdout, "    %s\n", locale.Visible(r.URL))
		}
	}
	fmt.Fprintf(s.Stdout, "  %s\n", s.say.Say("intake-action-"+t.Action))
}

type intakeListCommand struct {
	State []string `placeholder:"WORD"`
	Scan  string   `placeholder:"ID"`
}

// Run lists uploads, the newest first.
func (c *intakeListCommand) Run(s *session, i *intakeCommand) error {
	return i.call(s, func(ctx context.Context, server *client.Client) error {
		filter := chosen(map[string]string{"scan": c.Scan})
		filter["state"] = c.State
		return tableOf(ctx, s, filter, server.Intakes, func(t client.Intake) []string {
			return []string{locale.Visible(t.ID), s.say.Say("intake-word-" + t.State), locale.Visible(t.Format), locally(&t.Created)}
		})
	})
}

type intakeShowCommand struct {
	ID string `arg:"" name:"id"`
}

// Run shows what was said of an upload.
func (c *intakeShowCommand) Run(s *session, i *intakeCommand) error {
	return i.call(s, func(ctx context.Context, server *client.Client) error {
		t, err := server.Intake(ctx, c.ID)
		switch {
		case err != nil:
			return err
		case s.json:
			s.printJSON(t)
		default:
			s.tookIn(t.Created.Local().Format(time.DateTime), t)
		}
		return nil
	})
}

type intakeScanCommand struct {
	Bucket   string `arg:"" name:"bucket"`
	Prefix   string `placeholder:"KEY"`
	To       string `placeholder:"KEY"`
	Tag      bool
	Declared string `placeholder:"generated|not-generated" default:"silent" enum:"generated,not-generated,silent"`
	Asked    bool
	Wait     bool
}

// scanPause is how long to wait before asking again how far a scan is.
const scanPause = 500 * time.Millisecond

// Run has a bucket scanned, and waits for that where it is asked to.
func (c *intakeScanCommand) Run(s *session, i *intakeCommand) error {
	return i.call(s, func(ctx context.Context, server *client.Client) error {
		scan, err := server.BeginScan(ctx, client.BucketScan{Bucket: c.Bucket, Prefix: c.Prefix, To: c.To, Tag: c.Tag, Declaration: c.Declared, Asked: c.Asked})
		tick := time.NewTicker(scanPause)
		defer tick.Stop()
		for err == nil && c.Wait && scan.State == "running" {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
				scan, err = server.Scan(ctx, scan.ID)
			}
		}
		return s.scanned(scan, err)
	})
}

// scanned prints how far a scan is.
func (s *session) scanned(b client.BucketScan, err error) error {
	switch {
	case err != nil:
		return err
	case s.json:
		s.printJSON(b)
		return nil
	}
	fmt.Fprintln(s.Stdout, locale.Visible(b.ID)+"  "+s.say.Say("intake-scan-"+b.State, "files", fmt.Sprint(b.Files), "confirmed", fmt.Sprint(b.States["confirmed"]), "possible", fmt.Sprint(b.States["possible"]),
		"suspected", fmt.Sprint(b.States["suspected"]), "none", fmt.Sprint(b.States["none"]), "troubles", fmt.Sprint(b.Troubles)))
	return nil
}

type intakeStopCommand struct {
	ID string `arg:"" name:"id"`
}

// Run stops a scan.
func (c *intakeStopCommand) Run(s *session, i *intakeCommand) error {
	return i.call(s, func(ctx context.Context, server *client.Client) error {
		return s.scanned(server.StopScan(ctx, c.ID))
	})
}

type intakeAppCommand struct {
	App    string   `arg:"" name:"app"`
	Files  []string `arg:"" name:"files" optional:""`
	Offers bool
}

// Run checks the label materials of an app, for an app store.
func (c *intakeAppCommand) Run(s *session, i *intakeCommand) error {
	return i.call(s, func(ctx context.Context, server *client.Client) error {
		var files []client.UploadedFile
		for _, name := range c.Files {
			f, err := os.Open(name)
			if err != nil {
				return durable.Fault(name, err)
			}
			defer f.Close()
			files = append(files, client.UploadedFile{Uploaded: client.Uploaded{Name: filepath.Base(name)}, File: f})
		}
		m, err := server.CheckMaterials(ctx, c.App, c.Offers, files...)
		if err != nil {
			return err
		}
		if s.json {
			s.printJSON(m)
		} else {
			fmt.Fprintf(s.Stdout, "%s  %s\n", s.say.Say("sheet-verdict-"+m.Verdict), s.say.Code(m.Code, nil))
		}
		switch m.Verdict {
		case colophon.Failed.String():
			s.exit = exitNotConforming
		case colophon.Unknown.String():
			s.exit = exitCouldNotTell
		}
		return nil
	})
}
