package gateway_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
)

// pixel is a PNG of one pixel.
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// store gives a picture to whoever asks for the right address.
type store struct{ asked []string }

func (s *store) Fetch(_ context.Context, address string, most int64, _ ...media.Modality) (fetch.File, error) {
	s.asked = append(s.asked, address)
	if address != "https://example.com/a.png" {
		return fetch.File{}, &colophon.Error{Kind: colophon.Invalid, Code: fetch.CodePrivate}
	}
	data, err := base64.StdEncoding.DecodeString(pixel)
	return fetch.File{Data: data, Format: media.PNG, Type: "image/png"}, err
}

// eyes keeps what is judged, and lets all pass.
type eyes struct {
	gateway.Court
	parts []screen.Part
}

func (e *eyes) Judge(ctx context.Context, role evidence.Role, item screen.Item) (screening.Outcome, error) {
	e.parts = append(e.parts, item.Parts...)
	return inputPasses{}.Judge(ctx, role, item)
}

// answersJudged judges answers, and lets all pass that is asked.
type answersJudged struct{ gateway.Court }

func (a answersJudged) Judge(ctx context.Context, role evidence.Role, item screen.Item) (screening.Outcome, error) {
	if item.Surface == screen.Input {
		return inputPasses{}.Judge(ctx, role, item)
	}
	return a.Court.Judge(ctx, role, item)
}

// TestReferences has reference media fetched, judged, and given to the model as they were judged.
func TestReferences(t *testing.T) {
	t.Parallel()
	from := &store{}
	in(t, func(c *gateway.Config, _ *screen.Config) { c.Fetcher = from }, func(b *bench) {
		seen := &eyes{Court: b.config.Court}
		b.config.Court = seen
		b.proxy = gateway.New(b.config)
		b.model.answer = says(whole(`{"index":0,"message":{"role":"assistant","content":"a pixel"},"finish_reason":"stop"}`))
		ask := func(address string) string {
			return `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"what is it?"},{"type":"image_url","image_url":{"url":"` + address + `"}}]}]}`
		}
		b.answer(shape.Chat, ask("https://example.com/a.png"))
		if !strings.Contains(b.model.asked, "data:image/png;base64,"+pixel) || strings.Contains(b.model.asked, "example.com") || b.gate.asked.Media != 1 {
			b.Error(b.model.asked)
		}
		found := false
		for _, p := range seen.parts {
			found = found || p.Media != nil && p.Media.Source.Size() > 60
		}
		if !found {
			b.Errorf("nobody saw it: %+v", seen.parts)
		}
		calls := b.model.calls
		b.refused(shape.Chat, ask("http://169.254.169.254/latest"), fetch.CodePrivate)
		b.answer(shape.Chat, ask("data:image/png;base64,"+pixel))
		if b.model.calls != calls+1 || len(from.asked) != 2 {
			b.Error(b.model.calls, from.asked)
		}
	})
	in(t, nil, func(b *bench) { // nobody fetches
		b.refused(shape.Chat, `{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}`, gateway.CodeMedia)
	})
}

// maker marks by turning bytes around.
type maker struct {
	orders []production.Order
	refuse error
}

func (m *maker) Make(_ context.Context, _ production.By, o production.Order, body io.Reader) (gateway.Made, error) {
	data, err := io.ReadAll(body)
	m.orders = append(m.orders, o)
	return gateway.Made{Number: artefact.Number("made-" + string(rune('0'+len(m.orders)))), Format: media.PNG, Data: append([]byte("marked "), data...)}, errors.Join(err, m.refuse)
}

// TestMadeMedia takes pictures that stand in answers of text through the line.
func TestMadeMedia(t *testing.T) {
	t.Parallel()
	raw, err := base64.StdEncoding.DecodeString(pixel)
	if err != nil {
		t.Fatal(err)
	}
	marked := base64.StdEncoding.EncodeToString(append([]byte("marked "), raw...))
	image := `{"id":"i1","type":"image_generation_call","status":"completed","result":"` + pixel + `"}`
	answer := `{"id":"r","object":"response","status":"completed","model":"theirs","output":[` + image + `]}`
	line := &maker{}
	in(t, func(c *gateway.Config, _ *screen.Config) { c.Maker = line }, func(b *bench) {
		b.model.answer = says(answer)
		s := b.answer(shape.Responses, `{"model":"m","input":"a picture"}`)
		if strings.Contains(s.body.String(), pixel) || !strings.Contains(s.body.String(), marked) || len(b.entered) != 1 || len(b.entered[0].Parents) != 1 || line.orders[0].Account != "user-1" {
			b.Error(s.body.String(), b.entered, line.orders)
		}
		line.refuse = &colophon.Error{Kind: colophon.Refused, Code: "production-refused"}
		b.refused(shape.Responses, `{"model":"m","input":"a picture"}`, "production-refused")
		line.refuse = nil
		b.model.answer = says(strings.Join([]string{
			`event: response.created` + "\n" + `data: {"type":"response.created","sequence_number":0,"response":{"id":"r","object":"response","status":"in_progress","model":"theirs","output":[]}}`,
			`event: response.output_item.done` + "\n" + `data: {"type":"response.output_item.done","sequence_number":1,"output_index":0,"item":` + image + `}`,
			`event: response.completed` + "\n" + `data: {"type":"response.completed","sequence_number":2,"response":` + answer + `}`, ""}, "\n\n"))
		s = b.answer(shape.Responses, `{"model":"m","stream":true,"input":"a picture"}`)
		if strings.Contains(s.body.String(), pixel) || strings.Count(s.body.String(), marked) != 2 {
			b.Error(s.body.String())
		}
		if n := len(line.orders); n != 3 {
			b.Errorf("the one picture was made %d times", n-2)
		}
	})
	in(t, nil, func(b *bench) { // nobody marks
		b.model.answer = says(answer)
		b.refused(shape.Responses, `{"model":"m","input":"a picture"}`, gateway.CodeMedia)
	})
}

// friend says what a test wants to be said.
type friend struct {
	told companion.Told
	turn companion.Turn
	err  error
}

func (f *friend) Before(_ context.Context, _ *companion.Policy, t companion.Turn) (companion.Told, error) {
	f.turn = t
	return f.told, f.err
}

// TestCompanion tells people what they have to be told, before the words of the model or in place of them.
func TestCompanion(t *testing.T) {
	t.Parallel()
	f := &friend{}
	in(t, func(c *gateway.Config, _ *screen.Config) { c.Companion = f }, func(b *bench) {
		b.served.Companion = &companion.Policy{}
		f.told = companion.Told{Lead: "This is AI.\n\n", Said: []companion.Said{companion.Statement}}
		b.model.answer = says(content("good day") + finish + done)
		b.served.Notice = "start"
		s := b.answer(shape.Chat, streamed)
		if text, _ := s.read(); !strings.Contains(text, "This is AI.\n\ngood day") || s.header["Colophon-Companion"] != "statement" || f.turn.Words != "hello" {
			b.Error(text, s.header, f.turn)
		}
		f.told = companion.Told{Lead: "Help is near, 冰毒原料 or not.\n\n", End: true, Said: []companion.Said{companion.Help}}
		calls := b.model.calls
		for _, e := range []shape.Endpoint{shape.Chat, shape.Completions, shape.Messages, shape.Responses} {
			ask := map[shape.Endpoint]string{shape.Completions: `{"model":"m","prompt":"冰毒原料"`, shape.Responses: `{"model":"m","input":"冰毒原料"`}[e]
			if ask == "" {
				ask = `{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"冰毒原料"}]`
			}
			for _, end := range []string{`}`, `,"stream":true}`} {
				s := b.answer(e, ask+end)
				if !strings.Contains(s.body.String(), "Help is near, 冰毒原料 or not.") || !f.turn.Stopped || len(f.turn.Categories) == 0 {
					b.Error(e, s.body.String(), f.turn)
				}
			}
		}
		if b.model.calls != calls {
			b.Error("the model was asked")
		}
		f.told = companion.Told{}
		b.refused(shape.Chat, strings.Replace(question, "hello", bad, 1), gateway.CodeInput)
		f.err = &colophon.Error{Kind: colophon.Refused, Code: companion.CodeMinor}
		b.refused(shape.Chat, question, companion.CodeMinor)
	})
}

// TestTranscriptions takes a sound in a form and answers with text: as JSON, as subtitles, and as a stream.
func TestTranscriptions(t *testing.T) {
	t.Parallel()
	form := func(fields ...string) (body, kind string) {
		var b strings.Builder
		w := multipart.NewWriter(&b)
		for i := 0; i < len(fields); i += 2 {
			_ = w.WriteField(fields[i], fields[i+1])
		}
		f, err := w.CreateFormFile("file", "a.wav")
		if err == nil {
			_, err = io.WriteString(f, "RIFF\x24\x00\x00\x00WAVEfmt ")
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return b.String(), w.FormDataContentType()
	}
	in(t, nil, func(b *bench) {
		judging := b.config
		judging.Court = answersJudged{b.config.Court}
		seen := &eyes{Court: b.config.Court}
		b.config.Court = seen
		b.proxy = gateway.New(b.config)
		ask := func(s *sink, fields ...string) error {
			s.b = b
			body, kind := form(fields...)
			return b.proxy.Serve(b.Context(), gateway.Call{By: production.By{Role: production.Application, ID: "key-1"}, Endpoint: shape.Transcriptions, Account: "user-1", Type: kind, Body: []byte(body)}, s)
		}
		b.model.answer = says(`{"text":"good day"}`)
		s := &sink{}
		if err := ask(s, "model", "m", "prompt", "a talk"); err != nil || !strings.Contains(s.body.String(), `"text":"good day"`) || !strings.Contains(s.body.String(), "AIGC") {
			b.Error(err, s.body.String())
		}
		if !strings.Contains(b.model.asked, "theirs") || !strings.HasPrefix(b.model.typ, "multipart/form-data") || b.model.path != "/audio/transcriptions" || len(seen.parts) < 2 {
			b.Error(b.model.asked, b.model.typ, seen.parts)
		}
		b.model.kind, b.model.answer = "text/plain", says("1\n00:00 good day\n")
		s = &sink{}
		if err := ask(s, "model", "m", "response_format", "srt"); err != nil || s.body.String() != "1\n00:00 good day\n" || s.header["AIGC"] == "" || s.header["Content-Type"] != "text/plain; charset=utf-8" {
			b.Error(err, s.header, s.body.String())
		}
		for name, answer := range map[string]struct{ kind, body string }{ // which clients read as JSON, or in another way than it was judged
			"a type of JSON":        {"application/x+json", `{"text":"\u51b0\u6bd2\u539f\u6599"}`},
			"a type of text":        {"text/plain", ` {"text":"\u51b0\u6bd2\u539f\u6599"}`},
			"no type, and no list":  {"text/vtt", `"\u51b0\u6bd2\u539f\u6599"`},
			"a character set":       {"text/plain; charset=utf-16", "{\x00}\x00"},
			"a medium for a text":   {"text/plain", "data:text/plain;base64,5Yaw5q+S"},
			"JSON behind its order": {"application/json", "\uFEFF" + `{"text":"\u51b0\u6bd2\u539f\u6599"}`},
		} {
			b.model.kind, b.model.answer = answer.kind, says(answer.body)
			b.proxy = gateway.New(judging)
			var e *colophon.Error
			if err := ask(&sink{}, "model", "m"); !errors.As(err, &e) || e.Code != gateway.CodeOutput && e.Code != gateway.CodeAnswer {
				b.Errorf("%s: %v", name, err)
			}
		}
		b.proxy = gateway.New(b.config)
		b.model.kind, b.model.answer = "", says(`data: {"type":"transcript.text.delta","delta":"good "}`+"\n\n"+`data: {"type":"transcript.text.delta","delta":"day"}`+"\n\n"+`data: {"type":"transcript.text.done","text":"good day"}`+"\n\n")
		s = &sink{}
		if err := ask(s, "model", "m", "stream", "true"); err != nil || strings.Count(s.body.String(), "day") != 2 || b.ended().Why != "done" {
			b.Error(err, s.body.String())
		}
	})
	in(t, nil, func(b *bench) {
		body, kind := form("model", "m", "prompt", bad)
		err := b.proxy.Serve(b.Context(), gateway.Call{By: production.By{Role: production.Application, ID: "key-1"}, Endpoint: shape.Transcriptions, Account: "user-1", Type: kind, Body: []byte(body)}, &sink{b: b})
		if err == nil || b.model.calls != 0 {
			b.Error(err)
		}
	})
}
