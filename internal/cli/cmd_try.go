package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/label"
)

// tryProducer is a code made for trying out: the service code of an organisation number that is not given out.
const tryProducer = "001191110000000000000E10000"

type tryCommand struct {
	Dir string `arg:"" optional:"" name:"dir" default:"colophon-try"`
}

type jsonTry struct {
	File       string       `json:"file"`
	Format     label.Format `json:"format"`
	Place      label.Place  `json:"place"`
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
	work := &app.Labelling{Out: out, Force: true, Request: label.Request{
		Fields: label.Fields{Label: label.Belongs, ContentProducer: producer}, NewID: newID, DigitalSourceType: sourceTypePrefix + "trainedAlgorithmicMedia",
	}}
	var labelled []app.Labelled
	work.Run(inputs, func(r app.Labelled) { labelled = append(labelled, r) })
	var rows []jsonTry
	var outputs []app.Input
	for _, r := range labelled {
		rows = append(rows, jsonTry{File: filepath.Base(r.Input.Path), Output: r.Output, Error: s.errorJSON(r.Err), Conformity: "error"})
		outputs = append(outputs, app.Input{Path: r.Output, Err: r.Err})
	}
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", row.File, row.Format, row.Place, row.Bytes, verdict)
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
