package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/stamp"
)

// tryProducer is a code made for trying out: the service code of an organisation number that is not given out.
const tryProducer = "001191110000000000000E10000"

// tryPlatform is the same organisation as a platform.
const tryPlatform = "001191110000000000000E20000"

type tryCommand struct {
	Dir string `arg:"" optional:"" name:"dir" default:"colophon-try"`
}

type jsonTry struct {
	File       string       `json:"file"`
	Format     label.Format `json:"format"`
	Place      label.Place  `json:"place"`
	Notice     *jsonNotice  `json:"notice,omitempty"`
	NoNotice   *jsonError   `json:"no_notice,omitempty"` // why there is none
	Conformity string       `json:"conformity"`
	Bytes      int64        `json:"bytes"`
	Output     string       `json:"output"`
	Error      *jsonError   `json:"error,omitempty"`
}

// Run writes one sample of each format, labels all of them, reads them back and prints a table.
func (c *tryCommand) Run(s *session) error {
	inputs, err := c.write()
	if err != nil {
		s.complain(c.Dir, err)
		s.exit = exitError
		return nil
	}
	out := filepath.Join(c.Dir, "labelled")
	producer := s.config.Producer
	if producer == "" {
		producer = tryProducer
	}
	work := &app.Labelling{Out: out, Force: true, Press: app.NewPress(s.config), Request: stamp.Request{Label: label.Request{
		Fields: label.Fields{Label: label.Belongs, ContentProducer: producer}, NewID: newID, DigitalSourceType: sourceTypePrefix + "trainedAlgorithmicMedia",
	}}}
	var rows []jsonTry
	var outputs []app.Input
	stop := s.watch(&work.Progress, len(inputs))
	for _, r := range stampAll(s, work, inputs) {
		row := jsonTry{File: filepath.Base(r.Input.Path), Output: r.Output, NoNotice: s.errorJSON(r.without), Error: s.errorJSON(r.Err), Conformity: "error"}
		if r.Plan != nil && r.without == nil {
			row.Notice = noticeJSON(r.Plan.Notice)
		}
		rows = append(rows, row)
		outputs = append(outputs, app.Input{Path: r.Output, Err: r.Err})
	}
	stop.end()
	i := 0
	reading := &app.Reading{}
	reading.Run(outputs, func(r app.Reported) {
		row := &rows[i]
		i++
		row.Conformity = conformityName(r)
		if r.Err != nil {
			row.Error = s.errorJSON(r.Err)
		} else {
			row.Format = r.Report.Format
			if len(r.Report.Marks) > 0 {
				row.Place = r.Report.Marks[0].Place
			}
			row.Bytes = size(r.Input.Path)
		}
		if exitOf(r) != exitDone {
			s.exit = exitError
		}
	})
	s.printTry(rows, out)
	return nil
}

// tried is a sample's result; without says why it got no notice, where the format has none or a program is missing.
type tried struct {
	app.Labelled
	without error
}

// stampAll stamps the samples, and labels those without a notice that can't have one here.
func stampAll(s *session, work *app.Labelling, inputs []app.Input) []tried {
	var list []tried
	work.Run(s.ctx, inputs, func(r app.Labelled) { list = append(list, tried{Labelled: r}) })
	var again []app.Input
	var at []int
	for i, r := range list {
		var e *colophon.Error
		if errors.As(r.Err, &e) && (e.Code == notice.CodeKind || e.Code == ffmpeg.CodeMissing) {
			again, at = append(again, r.Input), append(at, i)
			list[i].without = r.Err
		}
	}
	work.Request.Choice = stamp.None
	k := 0
	work.Run(s.ctx, again, func(r app.Labelled) {
		list[at[k]].Labelled = r
		k++
	})
	return list
}

func (c *tryCommand) write() ([]app.Input, error) {
	files, err := sample.Files()
	if err != nil {
		return nil, err
	}
	if err := app.MakeFolder(c.Dir); err != nil {
		return nil, err
	}
	var inputs []app.Input
	for _, f := range files {
		path := filepath.Join(c.Dir, f.Name)
		if err := durable.WriteFile(path, f.Bytes, durable.Options{Force: true}); err != nil {
			return nil, err
		}
		inputs = append(inputs, app.Input{Path: path, Rel: f.Name})
	}
	return inputs, nil
}

func (s *session) printTry(rows []jsonTry, out string) {
	if s.json {
		for _, row := range rows {
			s.printJSON(row)
		}
		return
	}
	w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, s.say.Say("try-header"))
	for _, row := range rows {
		verdict := s.say.Say("conformity-" + row.Conformity)
		if row.Error != nil {
			verdict = row.Error.Message
		}
		shown := "–"
		switch n := row.Notice; {
		case row.NoNotice != nil:
			shown = "– " + row.NoNotice.Message
		case n != nil && n.Ink > 0:
			shown = fmt.Sprintf("%s, %s, %s %%, %s:1", n.Words, s.named("notice-at-", n.Place), decimal(n.Ink*100, 1), decimal(n.Contrast, 1))
		case n != nil:
			shown = n.Words + ", " + s.named("notice-at-", n.Place)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", row.File, row.Format, row.Place, shown, row.Bytes, verdict)
	}
	if err := w.Flush(); err != nil {
		s.exit = exitError
	}
	fmt.Fprintln(s.Stdout, s.say.Say("try-where", "dir", out))
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
