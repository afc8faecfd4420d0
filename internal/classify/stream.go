package classify

import (
	"context"
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// streamer is a classifier that reads a text while it is written, by the shape that the package comment describes.
type streamer struct {
	*classifier
	newID func() string
}

type streamOpen struct {
	ID      string   `json:"id"`
	Model   string   `json:"model,omitempty"`
	Surface string   `json:"surface"`
	Context []string `json:"context,omitempty"`
}

type streamOpened struct {
	Model   string `json:"model"`
	Version string `json:"version"`
}

type streamStep struct {
	ID   string `json:"id"`
	Seq  int64  `json:"seq"`
	Text string `json:"text,omitempty"`
}

type streamVerdict struct {
	Seq      *int64           `json:"seq"`
	Findings *[]streamFinding `json:"findings"`
}

type streamFinding struct {
	Category string  `json:"category"`
	Level    string  `json:"level"`
	Score    float64 `json:"score"`
	Start    int64   `json:"start"`
	End      int64   `json:"end"`
}

// session is one text of a streamer.
type session struct {
	*streamer
	id, part string
	answer   screen.Answer // what every answer has

	mu   sync.Mutex // who gives up waiting for one step may try to close; guards what follows
	text strings.Builder
	upto int64
	over bool
}

// Open begins a text.
func (s *streamer) Open(ctx context.Context, q screen.Question) (screen.Session, error) {
	request := streamOpen{ID: s.newID(), Model: s.config.Model, Surface: string(q.Surface)}
	for _, part := range q.Context {
		if part.Media == nil {
			request.Context = append(request.Context, part.Text)
		}
	}
	o := &session{streamer: s, id: request.ID, answer: screen.Answer{Outcome: screen.Ran}}
	if len(q.Parts) > 0 {
		o.part = q.Parts[0].Name
	}
	err := s.ask(ctx, "/open", asJSON(request), func(text []byte) (err error) {
		o.answer.Model, o.answer.Version, err = parseOpened(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	return o, nil
}

func parseOpened(text []byte) (name, version string, err error) {
	var a streamOpened
	if err := decode(text, &a); err != nil {
		return "", "", err
	}
	if name, err = checkModel(a.Model); err == nil {
		version, err = checkModel(a.Version)
	}
	return name, version, err
}

// Append hands over what follows, whole characters. A byte that is no part of one goes out as a question mark, so that places
// stay.
func (o *session) Append(ctx context.Context, text string) (screen.Answer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text = printable(text)
	step := streamStep{o.id, int64(o.text.Len()), text}
	o.text.WriteString(text)
	return o.step(ctx, "/append", step, 0)
}

func printable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	b := []byte(text)
	for at := 0; at < len(b); {
		r, size := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && size == 1 {
			b[at] = '?'
		}
		at += size
	}
	return string(b)
}

// Close ends the text.
func (o *session) Close(ctx context.Context) (screen.Answer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := int64(o.text.Len())
	a, err := o.step(ctx, "/close", streamStep{ID: o.id, Seq: all}, all)
	o.over = true
	return a, err
}

// step sends one request, whose answer holds for at least so many bytes. After an error nothing more is known of the text.
func (o *session) step(ctx context.Context, path string, step streamStep, least int64) (screen.Answer, error) {
	if o.over {
		return screen.Answer{Outcome: screen.Failure}, o.fault(CodeClosed, nil)
	}
	a := o.answer
	err := o.ask(ctx, path, asJSON(step), func(text []byte) (err error) {
		a.Upto, a.Findings, err = parseVerdict(text, o.text.String(), max(o.upto, least))
		return err
	})
	if err != nil {
		o.over = true
		return screen.Answer{Outcome: screen.Failure}, err
	}
	o.upto = a.Upto
	for i := range a.Findings {
		a.Findings[i].Part = o.part
	}
	return a, nil
}

// parseVerdict reads an answer about a text as far as it was sent.
func parseVerdict(text []byte, sent string, least int64) (int64, []screen.Finding, error) {
	var a streamVerdict
	if err := decode(text, &a); err != nil {
		return 0, nil, err
	}
	if a.Seq == nil || a.Findings == nil {
		return 0, nil, errors.New("no seq or findings")
	}
	if *a.Seq < least || *a.Seq > int64(len(sent)) {
		return 0, nil, errors.New("a seq that goes back or ahead of the text")
	}
	var list []screen.Finding
	for _, f := range *a.Findings {
		level, ok := keyword.ParseLevel(f.Level)
		if !ok || level == keyword.Allow || f.Category == "" || f.Score < 0 || f.Score > 1 {
			return 0, nil, errors.New("a finding without category, level or score")
		}
		if f.Start < 0 || f.End < f.Start || f.End > int64(len(sent)) {
			return 0, nil, errors.New("a finding outside of the text")
		}
		found := screen.Finding{Category: other, Feature: "unmapped", Level: level, Score: f.Score, Start: f.Start, End: f.End}
		if known(f.Category) {
			found.Category, found.Feature = library.Category(f.Category), f.Category
		}
		found.RuneStart = int64(utf8.RuneCountInString(sent[:f.Start]))
		found.RuneEnd = int64(utf8.RuneCountInString(sent[:f.End]))
		list = append(list, found)
	}
	return *a.Seq, list, nil
}

// Classify reads texts that are there as a whole.
func (s *streamer) Classify(ctx context.Context, q screen.Question) (screen.Answer, error) {
	if !s.Judges(q.Surface) {
		return screen.Answer{Outcome: screen.Bypassed, Reason: screen.CodeSurface}, nil
	}
	all := screen.Answer{Outcome: screen.Ran, Model: s.config.Model}
	for _, part := range q.Parts {
		one := q
		one.Parts = []screen.Part{part}
		if part.Media != nil {
			return all, s.fault(CodeFormat, nil)
		}
		a, err := s.whole(ctx, one, part.Text)
		all.Model, all.Version, all.Findings = a.Model, a.Version, append(all.Findings, a.Findings...)
		if err != nil {
			return notRun(all, err)
		}
	}
	return all, nil
}

func (s *streamer) whole(ctx context.Context, q screen.Question, text string) (screen.Answer, error) {
	o, err := s.Open(ctx, q)
	if err != nil {
		return screen.Answer{}, err
	}
	first, err := o.Append(ctx, text)
	if err != nil {
		return first, err
	}
	last, err := o.Close(ctx)
	last.Findings = append(first.Findings, last.Findings...)
	return last, err
}
