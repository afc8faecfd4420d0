package cli

import (
	"crypto/rand"
	"fmt"
	"runtime"
	"strings"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

// sourceTypePrefix is the IPTC vocabulary that DigitalSourceType takes its values from.
const sourceTypePrefix = "http://cv.iptc.org/newscodes/digitalsourcetype/"

type labelCommand struct {
	Files []string `arg:"" name:"file"`

	Producer        string `placeholder:"CODE"`
	ID              string `name:"id" placeholder:"ID"`
	Label           string `placeholder:"1|2|3"`
	Propagator      string `placeholder:"CODE"`
	PropagateID     string `name:"propagate-id" placeholder:"ID"`
	UnknownProducer string `name:"unknown-producer" default:"platform" placeholder:"platform|empty"`
	Seal            string `placeholder:"KEY"`
	SourceType      string `name:"source-type" default:"trainedAlgorithmicMedia" placeholder:"TERM|none"`

	Out     string `placeholder:"DIR"`
	InPlace bool   `name:"in-place"`
	Place   string `placeholder:"PLACE"`
	Force   bool
	DryRun  bool `name:"dry-run"`
	NoSync  bool `name:"no-sync"`

	Notice         string  `default:"auto" placeholder:"auto|none"`
	NoticeText     *string `name:"notice-text" placeholder:"WORDS"`
	NoticeLanguage string  `name:"notice-lang" default:"zh" placeholder:"zh|en|both"`
	Corner         string  `placeholder:"CORNER"`
	At             string  `default:"start" placeholder:"start|end|both"`
	Speech         bool
	Whole          bool
	Font           string `placeholder:"FILE"`
	Function       string `default:"other" placeholder:"FUNCTION"`
	Preview        bool
	Estimate       bool

	Watermark       bool
	WatermarkKey    string `name:"watermark-key" placeholder:"KEY"`
	Credential      string `placeholder:"KEY"`
	CredentialChain string `name:"credential-chain" placeholder:"FILE"`

	AllowBreakSignature bool `name:"allow-break-signature"`
	ReplaceOwn          bool `name:"replace-own"`
	Recursive           bool `short:"r"`
	Jobs                int  `short:"j" placeholder:"N"`
}

// Run labels the files.
func (c *labelCommand) Run(s *session) error {
	work, err := c.work(s)
	if err != nil {
		return err
	}
	inputs := app.Expand(c.Files, c.Recursive)
	if len(inputs) == 0 {
		return invalid(app.CodeNoFiles)
	}
	if (c.ID != "" || c.PropagateID != "") && len(inputs) > 1 {
		return invalid(codeOneID)
	}
	if c.Estimate {
		c.estimate(s, work, inputs)
		return nil
	}
	if err := work.Check(inputs); err != nil {
		return err
	}
	stop := s.watch(&work.Progress, len(inputs))
	failed := 0
	work.Run(s.ctx, inputs, func(r app.Labelled) {
		if r.Err != nil {
			failed++
		}
		stop.pause(func() { s.printLabelled(r, c.DryRun) })
	})
	stop.end()
	if failed > 0 {
		s.exit = exitError
	}
	if s.ctx.Err() != nil {
		s.exit = exitInterrupted
	}
	if !s.json && len(inputs) != 1 {
		fmt.Fprintln(s.Stdout, s.say.Say("label-sum", "done", itoa(len(inputs)-failed), "failed", itoa(failed)))
	}
	return nil
}

// work turns the flags into a labelling, or says which flag is wrong.
func (c *labelCommand) work(s *session) (*app.Labelling, error) {
	if c.Out != "" && c.InPlace {
		return nil, invalid(codeOutOrIn)
	}
	if c.Label != "" && c.Label != label.Belongs && c.Label != label.Possible && c.Label != label.Suspected {
		return nil, invalid(codeNeedState, "value", c.Label)
	}
	if c.UnknownProducer != "platform" && c.UnknownProducer != "empty" {
		return nil, invalid(codeUnknown, "value", c.UnknownProducer)
	}
	work := &app.Labelling{
		Out: c.Out, InPlace: c.InPlace, Force: c.Force, DryRun: c.DryRun, NoSync: c.NoSync, Jobs: jobs(c.Jobs, s.config.Jobs),
		Press: app.NewPress(s.config), Preview: c.Preview,
		Request: stamp.Request{Label: label.Request{
			Place: label.Place(c.Place), AllowBreakSignature: c.AllowBreakSignature, ReplaceOwn: c.ReplaceOwn,
			NewID: newID, Rand: rand.Reader,
		}},
	}
	if err := c.notice(&work.Request); err != nil {
		return nil, err
	}
	if err := c.hidden(s, work.Press); err != nil {
		return nil, err
	}
	if strings.IndexFunc(c.SourceType, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' }) >= 0 || c.SourceType == "" {
		return nil, invalid(codeSourceType, "value", c.SourceType)
	}
	if c.SourceType != "none" {
		work.Request.Label.DigitalSourceType = sourceTypePrefix + c.SourceType
	}
	if c.Seal != "" {
		key, err := readSigningKey(c.Seal)
		if err != nil {
			return nil, err
		}
		work.Request.Label.Key = key
	}
	return work, c.fields(s, &work.Request.Label)
}

// hidden sets who puts on the marks that nobody perceives.
func (c *labelCommand) hidden(s *session, press *stamp.Press) error {
	if c.Watermark {
		var files []string
		if c.WatermarkKey != "" {
			files = []string{c.WatermarkKey}
		}
		set, err := readMarker(s, files)
		if err != nil {
			return err
		}
		press.Watermark = &stamp.Watermarking{Marker: set}
	}
	if c.Credential == "" {
		return nil
	}
	signing, err := app.NewSigning(c.Credential, c.CredentialChain, s.config.Version)
	press.Credential = signing
	return err
}

// fields sets whose label it is: a producer's, or a platform's.
func (c *labelCommand) fields(s *session, req *label.Request) error {
	if c.Propagator != "" {
		switch {
		case c.ID != "":
			return invalid(codeNotPlat, "flag", "--id")
		case c.ReplaceOwn:
			return invalid(codeNotPlat, "flag", "--replace-own")
		}
		req.Propagation = &label.Propagation{Propagator: c.Propagator, ID: c.PropagateID, State: c.Label, NoProducer: c.UnknownProducer == "empty"}
		own := label.Fields{Label: label.Possible, ContentPropagator: c.Propagator, PropagateID: orSample(c.PropagateID)}
		return own.Check()
	}
	if c.PropagateID != "" {
		return invalid(codeNeedPlat)
	}
	producer := c.Producer
	if producer == "" {
		producer = s.config.Producer
	}
	if producer == "" {
		return invalid(codeNoProducer)
	}
	req.Fields = label.Fields{Label: c.Label, ContentProducer: producer, ProduceID: c.ID}
	if req.Fields.Label == "" {
		req.Fields.Label = label.Belongs
	}
	sample := req.Fields // checked with stand-ins for what each file fills in, so that a bad code is told once
	sample.ProduceID = orSample(sample.ProduceID)
	sample.ContentPropagator, sample.PropagateID = sample.ContentProducer, sample.ProduceID
	return sample.Check()
}

// orSample stands in for a content number that each file gets of its own.
func orSample(id string) string {
	if id == "" {
		return "x"
	}
	return id
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

func jobs(flag, configured int) int {
	switch {
	case flag > 0:
		return flag
	case configured > 0:
		return configured
	}
	return runtime.NumCPU()
}

func invalid(code colophon.Code, args ...string) error {
	e := &colophon.Error{Kind: colophon.Invalid, Code: code, Args: colophon.Args{}}
	for i := 0; i+1 < len(args); i += 2 {
		e.Args[args[i]] = args[i+1]
	}
	return e
}
