// Package media stands between callers and models that make pictures, sound and video. A [Studio] takes a call apart, has
// its account admitted, its words and reference media judged, asks the model, and puts every result through the production
// line: nothing that a model made leaves but as an artefact whose marks were read back.
//
// Results leave inside the answer or under an address of ours ([Hosted]), never under the model's own. A call for several
// results brings several artefacts; one that is refused or held does not leave, and the answer says which. A video is made
// by a job of the model: its content number is drawn, and the consents it needs are spent for it, before the model is
// asked. A [Door] is any other HTTP generator, described in configuration.
//
// What not to do here: never hand on a byte of a model's answer that was not read into a result, a judged text or a field
// of ours. Never send on a body as it came where it is a form: it is made anew from the parts that were judged. Never
// take a string for harmless because nobody said what it is: it is judged, and where it leads to media it is refused.
package media

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/production"
)

// Codes of errors. Those that the text endpoints have too are package gateway's.
const (
	CodeAddress     colophon.Code = "gateway-content-address"      // nothing is handed out under it
	CodeAddressOver colophon.Code = "gateway-content-address-over" // its time is over
	CodePCM         colophon.Code = "gateway-media-pcm"            // raw samples can carry no mark
	CodeField       colophon.Code = "gateway-media-field"          // arg "field": missing, or out of form
	CodeReference   colophon.Code = "gateway-media-reference"      // arg "path": it leads to media in a place where nobody looks for it
	CodeRefused     colophon.Code = "gateway-media-refused"        // arg "results": which, and why: nothing that the model made may leave
	CodeHeld        colophon.Code = "gateway-media-held"           // args "number", "held": a person has to look at what the model made
	CodeVideo       colophon.Code = "gateway-video-missing"
	CodeVideoWaits  colophon.Code = "gateway-video-waits" // arg "state": there is nothing to hand over yet
	CodeDoor        colophon.Code = "gateway-door-missing"
	CodeDoorFailed  colophon.Code = "gateway-door-failed" // the generator says so
	CodeDoorConfig  colophon.Code = "gateway-door-config" // args "door", "field"
)

// Line makes artefacts of what models made, and hands them out. A *production.Line does.
type Line interface {
	Opener
	Produce(ctx context.Context, by production.By, o production.Order, body io.Reader) (artefact.Artefact, error)
	Accept(ctx context.Context, by production.By, o production.Order, body io.Reader) (artefact.Artefact, error)
}

// Artefacts knows what was made. An *artefact.Register does.
type Artefacts interface {
	Artefact(ctx context.Context, n artefact.Number) (artefact.Artefact, error)
}

// Config is what a Studio is made of. All fields are required but Reserve, Held, Doors, Observe, Most and Film.
type Config struct {
	Model     func(name string) (gateway.Model, bool)
	Gate      gateway.Gate
	Court     gateway.Court
	Journal   gateway.Journal
	Upstreams gateway.Upstreams
	// Fetch gets reference media that callers name, and Results what models name: their own hosts may be asked there.
	Fetch     gateway.Fetcher
	Results   gateway.Fetcher
	Line      Line
	Artefacts Artefacts
	Hosted    *Hosted
	Videos    ledger.Store[Job]
	Usage     gateway.Usage
	Network   production.NetworkLog
	Recorder  *evidence.Recorder
	Keys      ledger.Unsealer
	// Reserve spends consents for a content number whose content is made later, as its publication would; nil where nobody
	// admits. An error of kind Refused refuses.
	Reserve func(ctx context.Context, a production.Asked) error
	// Held names what waits for a person of an item; nil where nobody knows.
	Held  func(ctx context.Context, n artefact.Number) (string, error)
	Doors []Door
	Now   func() time.Time
	// Wait waits between two questions to a model whether it is done.
	Wait   func(ctx context.Context, d time.Duration) error
	Report func(error) // faults that no caller is told
	// Observe is told of each call once it is over; nil for nobody.
	Observe func(gateway.Observation)
	Most    int64 // the largest answer of a model in bytes, which is kept in memory; 0 for 256 MiB
	Film    int64 // the largest video in bytes; 0 for 2 GiB
}

const (
	mostBytes = 256 << 20
	mostFilm  = 2 << 30
)

// Studio is the worker of this package. It is safe for use by many goroutines.
type Studio struct {
	c     Config
	jobs  *ledger.Book[Job]
	doors map[string]*Door
}

// New makes a studio. It fails where a door is described wrongly.
func New(c Config) (*Studio, error) {
	c.Most, c.Film = cmp.Or(c.Most, mostBytes), cmp.Or(c.Film, mostFilm)
	s := &Studio{c: c, doors: map[string]*Door{}}
	s.jobs = &ledger.Book[Job]{Store: c.Videos, Recorder: c.Recorder, Keys: c.Keys, Use: "gateway-video/", Missing: CodeVideo}
	for _, d := range c.Doors {
		if err := d.check(); err != nil {
			return nil, err
		}
		if s.doors[d.Name] != nil {
			return nil, d.wrong("name")
		}
		s.doors[d.Name] = &d
	}
	return s, nil
}

// Serve answers a call for pictures, speech or a video. An error means that nothing was begun.
func (s *Studio) Serve(ctx context.Context, c gateway.Call, to gateway.Sink) error {
	return s.observed(&gateway.Observation{Endpoint: c.Endpoint}, func(o *gateway.Observation) error {
		switch c.Endpoint {
		case shape.ImagesGenerations, shape.ImagesEdits, shape.ImagesVariations:
			return s.images(ctx, c, to, o)
		case shape.Speech:
			return s.speech(ctx, c, to, o)
		case shape.Videos:
			return s.create(ctx, c, to, o)
		}
		return &colophon.Error{Kind: colophon.Unsupported, Code: gateway.CodeEndpoint, Args: colophon.Args{"model": "", "endpoint": string(c.Endpoint)}}
	})
}

// Door answers a call to a door by its name. An error means that nothing was begun.
func (s *Studio) Door(ctx context.Context, name string, c gateway.Call, to gateway.Sink) error {
	return s.observed(&gateway.Observation{Endpoint: Generic}, func(o *gateway.Observation) error { return s.door(ctx, name, c, to, o) })
}

// observed tells what became of a call, for figures.
func (s *Studio) observed(o *gateway.Observation, serve func(*gateway.Observation) error) error {
	began := s.c.Now()
	err := serve(o)
	if s.c.Observe != nil {
		o.Outcome, o.Took = outcomeOf(err), s.c.Now().Sub(began)
		o.Code, _ = reason(err)
		s.c.Observe(*o)
	}
	return err
}

// outcomeOf sorts errors as package gateway does.
func outcomeOf(err error) gateway.Outcome {
	var e *colophon.Error
	var failure *upstream.Failure
	switch {
	case err == nil:
		return gateway.Done
	case errors.As(err, &failure):
		return gateway.Broke
	case errors.Is(err, context.Canceled):
		return gateway.Gone
	case !errors.As(err, &e):
		return gateway.Faulty
	}
	switch e.Code {
	case gateway.CodeInput, gateway.CodeHeld, gateway.CodeOutput, gateway.CodeReview, CodeRefused, CodeHeld:
		return gateway.Filtered
	case gateway.CodeAnswer, CodeDoorFailed, upstream.CodeTimeout:
		return gateway.Broke
	case gateway.CodeLimit:
		return gateway.Limited
	}
	switch e.Kind {
	case colophon.Refused:
		return gateway.Refused
	case colophon.Internal:
		return gateway.Faulty
	}
	return gateway.Malformed
}
