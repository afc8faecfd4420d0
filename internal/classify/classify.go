// Package classify asks classifiers, readers of text and transcribers that run outside of this process, over HTTP, and
// implements what package screen wants of them.
//
// [Endpoint] is one of them in the configuration; [New] makes a [Set] of all. What they speak, by [Kind]:
//
//   - moderation.go: POST /v1/moderations of OpenAI, text and pictures;
//   - chat.go: chat models that were made to classify, by POST /v1/chat/completions. How a model is asked, how its answer is
//     read (parse.go) and what its categories mean here is a data file of data/, and an operator's file of the same name
//     goes before it;
//   - guardrail.go: the generic guardrail API of LiteLLM;
//   - stream.go: a shape of our own for classifiers that read a text while it is written;
//   - ocr.go: text in pictures, by a shape of our own or PaddleOCR's two;
//   - speech.go: POST /v1/audio/transcriptions of OpenAI.
//
// call.go stands around all of them: a deadline, one second try where it can help, a bound on calls under way and waiting
// (gate.go), a circuit breaker, a bound on the size of an answer, and answers that are kept for a while by the digest of
// what was asked (cache.go). Certificates are verified and redirects refused. The addresses are the operator's, so they may
// be on loopback or in a private network; none is ever taken from content.
//
// An answer that is not exactly one is an error, and an error is never a pass: a missing field, an unknown verdict, a text
// cut short, a verdict that its own categories contradict. A category without a place in the table is reported as "other".
//
// # The streaming shape
//
// A classifier that reads along serves three POSTs below its address. Requests and answers are JSON. The client draws the
// stream's id, and seq counts bytes of UTF-8 from the beginning of the text, so every request may be sent twice.
//
//	open     {"id": "…", "model": "…", "surface": "output", "context": ["…"]}
//	         → {"model": "…", "version": "…"}
//	append   {"id": "…", "seq": 12, "text": "…"}        what follows after byte 12
//	         → {"seq": 10, "findings": [{"category": "fraud", "level": "review", "score": 0.8, "start": 3, "end": 9}]}
//	close    {"id": "…", "seq": 17}                     the text has 17 bytes; judge all of it and end
//	         → as append, with seq 17
//
// The seq of an answer says for how many bytes the verdict holds: never more than were sent, never less than before, and all
// of them after close. Each finding is told once; start and end count bytes from the beginning of the text. Its level is
// note, review or block, and its category one of ours. The server forgets a stream that it has not heard of for a minute.
//
// # What not to do here
//
// Never decide: findings go to the policy. Never drop what a model found. Never put what was sent or received into an error
// or a log, not even the reason that a guardrail gives: it may quote the content. Never keep an error in the cache.
package classify

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen"
)

// Codes of errors, with the argument "endpoint". Those of calls are the reasons of a check that did not run.
const (
	CodeSetting     colophon.Code = "classify-setting"     // arg "setting", too
	CodeBusy        colophon.Code = "classify-busy"        // too many calls are under way and waiting
	CodeResting     colophon.Code = "classify-resting"     // it failed several times in a row and is left alone for a while
	CodeTimeout     colophon.Code = "classify-timeout"     // no answer in time
	CodeUnreachable colophon.Code = "classify-unreachable" // no connection, or it broke
	CodeStatus      colophon.Code = "classify-status"      // arg "status", too
	CodeAnswer      colophon.Code = "classify-answer"      // the answer is not one
	CodeLarge       colophon.Code = "classify-too-large"   // the content is larger than may be sent
	CodeFormat      colophon.Code = "classify-format"      // a format that the endpoint does not take
	CodeClosed      colophon.Code = "classify-closed"      // the stream has ended, or failed before
)

// Config is what New needs.
type Config struct {
	Endpoints []Endpoint
	Models    fs.FS // the operator's data files, which go before ours; may be nil
	Now       func() time.Time
	// Wait waits for so long, or until the context ends, which is an error; nil for a timer.
	Wait func(context.Context, time.Duration) error
	// NewID draws a name for a stream that nobody can guess.
	NewID func() string
	// Transport sends requests; nil for one that verifies certificates by the system's roots and uses the proxy that the
	// environment names.
	Transport http.RoundTripper
}

// Set is every endpoint of a configuration.
type Set struct {
	classifiers []screen.Classifier
	reader      screen.TextReader
	transcriber screen.Transcriber
	callers     []*caller
}

// New makes a Set. It asks nobody anything yet: an endpoint that is down does not keep the program from starting.
func New(c Config) (*Set, error) {
	if c.Now == nil || c.NewID == nil {
		return nil, errors.New("classify: a clock and names are needed")
	}
	if c.Wait == nil {
		c.Wait = pass
	}
	if err := Check(c.Endpoints, c.Models); err != nil {
		return nil, err
	}
	s := &Set{}
	for _, e := range c.Endpoints {
		if err := s.add(c, e.withDefaults()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// pass waits.
func pass(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Set) add(c Config, e Endpoint) error {
	call, err := c.caller(e)
	if err != nil {
		return err
	}
	s.callers = append(s.callers, call)
	switch e.Kind {
	case OCR, PaddleOCR, PaddleHub:
		s.reader = newReader(c, e, call)
		return nil
	case Transcriptions:
		s.transcriber = newTranscriber(c, e, call)
		return nil
	}
	made, err := newClassifier(c, e, call)
	if err != nil {
		return err
	}
	s.classifiers = append(s.classifiers, made)
	return nil
}

// Classifiers returns the classifiers. Each is a [screen.SurfaceClassifier] and a [screen.MediaClassifier], and those of the
// kind [Stream] a [screen.StreamClassifier].
func (s *Set) Classifiers() []screen.Classifier { return s.classifiers }

// TextReader returns the reader of text in pictures, or nil.
func (s *Set) TextReader() screen.TextReader { return s.reader }

// Transcriber returns the transcriber, or nil.
func (s *Set) Transcriber() screen.Transcriber { return s.transcriber }

// Resting returns the names of endpoints that are left alone now because they failed.
func (s *Set) Resting() []string {
	var names []string
	for _, c := range s.callers {
		if c.breaker.resting() {
			names = append(names, c.name)
		}
	}
	return names
}
