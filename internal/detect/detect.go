// Package detect asks detectors of generated content that run outside of this process, over HTTP, and implements what
// package intake wants of them: a watermark reader, a classifier, whatever says how likely it is that a file was generated.
//
// A detector gets the file as the body of a POST, with its media type, and answers 200 with one JSON object:
//
//	{"score": 0.93, "version": "m-2026-10"}
//
// Score is a number from 0 to 1. From the threshold of the configuration on the detector has seen something. Anything else
// is an error, and an error is never "not seen". Redirects are refused. The addresses are the operator's, and none is ever
// taken from content.
//
// What not to do here: never ask a detector about a kind of content that it was not set for, and never send it a name or
// an account.
package detect

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/media"
)

// CodeInvalid says that the configuration of a detector is out of form; arg "field".
const CodeInvalid colophon.Code = "detector-invalid"

// CodeKind says that a detector does not look at content of a kind.
const CodeKind colophon.Code = "detector-kind"

// maxAnswer is the longest answer, in bytes.
const maxAnswer = 64 << 10

// Endpoint is a detector in the configuration.
type Endpoint struct {
	Name      string           `koanf:"name"` // lower-case letters, digits and hyphens; it stands in reasons
	URL       string           `koanf:"url"`
	KeyFile   string           `koanf:"key-file"`  // goes along as a bearer token; empty for none
	Kinds     []media.Modality `koanf:"kinds"`     // image, audio, video, text; empty for all
	Threshold float64          `koanf:"threshold"` // 0 for 0.5
	MaxSize   int64            `koanf:"max-size"`  // MiB; 0 for 64
	Timeout   time.Duration    `koanf:"timeout"`   // 0 for 10 seconds
}

// Detector is an endpoint at work. It is safe for use by many goroutines.
type Detector struct {
	e    Endpoint
	key  string
	http http.Client
}

// New makes a detector. Key is what stands in the endpoint's file.
func New(e Endpoint, key string, transport http.RoundTripper) (*Detector, error) {
	u, err := url.Parse(e.URL)
	word := e.Name != "" && len(e.Name) <= 32
	for _, r := range e.Name {
		word = word && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
	}
	switch {
	case !word || slices.Contains([]string{intake.ByLabel, intake.ByUploader, intake.ByMetadata, "notice", "produced-here"}, e.Name):
		return nil, invalid("name")
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil:
		return nil, invalid("url")
	case e.Threshold < 0 || e.Threshold > 1:
		return nil, invalid("threshold")
	case e.MaxSize < 0 || e.Timeout < 0:
		return nil, invalid("limits")
	}
	for _, k := range e.Kinds {
		if !slices.Contains([]media.Modality{media.ModalityImage, media.ModalityAudio, media.ModalityVideo, media.ModalityText}, k) {
			return nil, invalid("kinds")
		}
	}
	e.Threshold, e.MaxSize, e.Timeout = cmp.Or(e.Threshold, 0.5), cmp.Or(e.MaxSize, 64)<<20, cmp.Or(e.Timeout, 10*time.Second)
	return &Detector{e, key, http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

// Name implements intake.Detector.
func (d *Detector) Name() string { return d.e.Name }

// Detect implements intake.Detector.
func (d *Detector) Detect(ctx context.Context, s intake.Sample) (intake.Sighting, error) {
	facts, ok := media.Facts(s.Format)
	if !ok || len(d.e.Kinds) > 0 && !slices.Contains(d.e.Kinds, facts.Modality) {
		return intake.Sighting{}, &colophon.Error{Kind: colophon.Unsupported, Code: CodeKind}
	}
	if s.Source.Size() > d.e.MaxSize {
		return intake.Sighting{}, errors.New("the file is larger than the detector takes")
	}
	ctx, cancel := context.WithTimeout(ctx, d.e.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.e.URL, io.NewSectionReader(s.Source, 0, s.Source.Size()))
	if err != nil {
		return intake.Sighting{}, err
	}
	req.ContentLength = s.Source.Size()
	req.Header.Set("Content-Type", facts.MIME)
	if d.key != "" {
		req.Header.Set("Authorization", "Bearer "+d.key)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return intake.Sighting{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return intake.Sighting{}, err
	case resp.StatusCode != http.StatusOK:
		return intake.Sighting{}, fmt.Errorf("the detector answered %d", resp.StatusCode)
	case len(text) > maxAnswer:
		return intake.Sighting{}, errors.New("the answer is too long")
	}
	return d.read(text)
}

// read reads an answer. A score that is missing is no score of 0.
func (d *Detector) read(text []byte) (intake.Sighting, error) {
	var answer struct {
		Score   *float64 `json:"score"`
		Version string   `json:"version"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return intake.Sighting{}, err
	}
	if answer.Score == nil || *answer.Score < 0 || *answer.Score > 1 || len(answer.Version) > 64 {
		return intake.Sighting{}, errors.New("the answer has no score, or is out of form")
	}
	return intake.Sighting{Seen: *answer.Score >= d.e.Threshold, Version: answer.Version, Score: *answer.Score}, nil
}
