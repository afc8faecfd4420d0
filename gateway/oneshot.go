package gateway

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/convert"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
)

// endpoint is what the call becomes at its upstreams: itself, or the same in their dialect.
func (x *exchange) endpoint() shape.Endpoint {
	switch {
	case x.told.End: // the answer is ours
	case x.Endpoint == shape.Chat && x.model.Dialect == upstream.Anthropic:
		return shape.Messages
	case x.Endpoint == shape.Messages && x.model.Dialect != upstream.Anthropic:
		return shape.Chat
	}
	return x.Endpoint
}

// paths of endpoints below the base of a target.
var paths = map[shape.Endpoint]string{
	shape.Chat: "/chat/completions", shape.Completions: "/completions", shape.Responses: "/responses", shape.Messages: "/messages",
	shape.Embeddings: "/embeddings", shape.Transcriptions: "/audio/transcriptions", shape.Translations: "/audio/translations",
}

// request is what goes to an upstream: the body as it was judged, with the target's own name of the model.
func (x *exchange) request() upstream.Request {
	to, asked := x.endpoint(), x.doc.Model()
	r := upstream.Request{Model: x.model.Name, Method: "POST", Path: paths[to], Type: x.doc.Type(), Accept: "application/json", Stream: x.doc.Stream(), Most: x.p.c.Limits.Answer}
	if r.Stream {
		r.Accept = "text/event-stream"
	}
	r.Body = func(t upstream.Target) ([]byte, error) {
		if name := cmp.Or(t.Model, asked); name != "" {
			x.doc.SetModel(name)
		}
		if to == x.Endpoint {
			return x.doc.Bytes(), nil
		}
		return convert.Request(x.Endpoint, to, x.doc.Bytes())
	}
	return r
}

// oneshot has the model answer as a whole. What was gathered is committed while the model is at work.
func (x *exchange) oneshot() error {
	waited := make(chan error, 1)
	go func() {
		err := errors.Join(x.pending.Wait(context.WithoutCancel(x.ctx)), x.mark.Seal())
		if err != nil {
			x.cancel(x.kept(err))
		}
		waited <- err
	}()
	from := x.p.c.Now()
	body, kind, err := x.ask()
	x.seen.Upstream = x.p.c.Now().Sub(from)
	from = x.p.c.Now()
	if fault := <-waited; fault != nil {
		return x.kept(fault)
	}
	x.seen.Commit = x.p.c.Now().Sub(from)
	if err != nil {
		return err
	}
	if x.p.c.Now().Sub(x.began) >= x.p.c.Limits.Pulse && x.adm.Still != nil {
		if err := x.adm.Still(x.ctx); err != nil {
			return err
		}
	}
	return x.answer(body, kind)
}

// ask asks the model and returns all that it answers.
func (x *exchange) ask() (body []byte, kind string, err error) {
	late := &colophon.Error{Kind: colophon.Conflict, Code: upstream.CodeTimeout}
	ctx, cancel := context.WithTimeoutCause(x.ctx, x.p.c.Limits.Time, late)
	defer cancel()
	resp, err := x.models.Do(ctx, x.request())
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	limit := x.p.c.Limits.Answer
	body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, "", err
	case int64(len(body)) > limit:
		return nil, "", tooMuch(limit)
	}
	return body, resp.Header.Get("Content-Type"), nil
}

// answer judges, marks, records and hands over an answer.
func (x *exchange) answer(body []byte, kind string) (err error) {
	before, size := artefact.Digest(sha256.Sum256(body)), int64(len(body))
	if to := x.endpoint(); to != x.Endpoint {
		if body, err = convert.Answer(to, x.Endpoint, body); err != nil {
			return broken(err)
		}
	}
	plain := x.plain(body)
	if plain { // subtitles and the like: one text
		if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
			return broken(errors.New("a text in another character set"))
		}
		if body, err = json.Marshal(map[string]string{"text": string(body)}); err != nil {
			return err
		}
	}
	doc, err := shape.Answer(x.Endpoint, body)
	if err == nil && doc.Failed() {
		err = errors.New("the model failed")
	}
	if err == nil && plain && len(doc.Texts()) != 1 {
		err = errors.New("a medium in place of a text")
	}
	if err != nil {
		return broken(err)
	}
	x.usage.Input, x.usage.Output, _ = doc.Usage()
	x.join, x.pending = x.p.c.Journal.Gather(x.ctx)
	if err := errors.Join(x.stopped(), x.judge(doc)); err != nil {
		return err
	}
	header := map[string]string{"Content-Type": "application/json"}
	said := x.said(doc)
	body = doc.Bytes()
	if x.Endpoint != shape.Embeddings { // vectors are no content
		if body, err = x.marked(doc, before, size); err != nil {
			return err
		}
		x.headers(header)
	}
	if plain {
		header["Content-Type"], body = readable(kind), []byte(doc.Texts()[0].Value)
	}
	x.count(x.join)
	if err := x.wait(); err != nil {
		return err
	}
	if said != "" {
		x.p.c.Outgoing(x.ctx, x.number, said)
	}
	header["Content-Length"] = strconv.Itoa(len(body))
	return x.hand(header, body)
}

// said are the texts of an answer, without the notice; empty where nobody holds them against what was refuted.
func (x *exchange) said(doc *shape.Document) string {
	if x.p.c.Outgoing == nil || x.Endpoint == shape.Embeddings {
		return ""
	}
	var list []string
	for _, t := range doc.Texts() {
		list = append(list, t.Value)
	}
	return strings.Join(list, "\n\n")
}

// plain reports whether an answer is a text of its own and no JSON. What could be read as JSON is JSON, whatever its type says:
// so do official clients.
func (x *exchange) plain(body []byte) bool {
	if x.Endpoint != shape.Transcriptions && x.Endpoint != shape.Translations {
		return false
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	return !bytes.HasPrefix(body, []byte("{")) && (bytes.IndexByte(body, '\\') < 0 || !json.Valid(body))
}

// readable is the type of a text as it was judged.
func readable(kind string) string {
	if kind, _, err := mime.ParseMediaType(kind); err == nil && strings.HasPrefix(kind, "text/") && kind != "text/html" {
		return kind + "; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// headers are those that every answer has which was marked.
func (x *exchange) headers(to map[string]string) {
	to["Colophon-Number"] = string(x.number)
	x.mark.Headers(to)
	if len(x.told.Said) > 0 {
		said := make([]string, len(x.told.Said))
		for i, s := range x.told.Said {
			said[i] = string(s)
		}
		to["Colophon-Companion"] = strings.Join(said, ", ")
	}
}

// judge has all texts of an answer judged. Its media go through everything that leaves goes through, each by itself.
func (x *exchange) judge(doc *shape.Document) error {
	list := slices.DeleteFunc(parts(doc, "assistant"), func(p screen.Part) bool { return p.Media != nil })
	if len(list) == 0 {
		return nil
	}
	out, err := x.court.Judge(x.join, x.By.Role, x.item(screen.Output, list))
	if err != nil {
		return err
	}
	return verdict(out, CodeOutput, CodeReview)
}

// marked puts the marks on an answer and its media, reads them back, and enters it as handed over. The media are entered before
// it, and named by it.
func (x *exchange) marked(doc *shape.Document, before artefact.Digest, size int64) ([]byte, error) {
	var parents []artefact.Number
	for i, m := range doc.Media() {
		made, err := x.make(m)
		if err != nil {
			return nil, err
		}
		if m.URL == "" || made.URL == "" || !doc.SetURL(i, made.URL) {
			facts, _ := media.Facts(made.Format)
			doc.SetInline(i, facts.MIME, made.Data)
		}
		parents = append(parents, made.Number)
	}
	x.mark.Put(doc)
	body := doc.Bytes()
	marks, err := x.mark.Check(x.Endpoint, body)
	if err != nil {
		return nil, err
	}
	marking, err := marks.Marking(int64(len(body)), sha256.Sum256(body))
	if err != nil {
		return nil, err
	}
	return body, x.enter(artefact.Artefact{Size: size, Before: before, Parents: parents}, marking, artefact.API)
}

// make takes one medium of an answer through the line.
func (x *exchange) make(m shape.Media) (Made, error) {
	if x.p.c.Maker == nil {
		return Made{}, refuse(colophon.Unsupported, CodeMedia, "path", m.Path)
	}
	data := m.Data
	if m.URL != "" {
		if x.p.c.Fetcher == nil {
			return Made{}, refuse(colophon.Unsupported, CodeMedia, "path", m.Path)
		}
		file, err := x.p.c.Fetcher.Fetch(x.ctx, m.URL, x.p.c.Limits.Answer)
		if err != nil {
			return Made{}, broken(err)
		}
		data = file.Data
	}
	return x.p.c.Maker.Make(x.ctx, x.By, production.Order{Function: x.adm.Class, Account: x.Account, Use: *x.use()}, bytes.NewReader(data))
}

// enter enters the answer as an artefact that was handed over.
func (x *exchange) enter(a artefact.Artefact, m artefact.Marking, how artefact.Channel) error {
	a.Number, a.Function, a.Model, a.Account, a.Format = x.number, string(x.adm.Class), x.model.Name, x.adm.Subject, media.Text
	_, err := x.p.c.Register.Answered(x.join, x.By.Role, a, m, x.By.ID, how)
	return err
}

// hand hands an answer over. Its delivery is recorded, so that a client that does not take it is no fault.
func (x *exchange) hand(header map[string]string, body []byte) error {
	if err := x.stopped(); err != nil { // since it was entered
		return err
	}
	if err := x.w.Begin(200, header); err != nil {
		return err
	}
	x.begun = true
	x.seen.First = x.p.c.Now().Sub(x.began)
	err := x.w.Write(body)
	if err == nil {
		err = x.w.Flush()
	}
	if err != nil {
		x.seen.Outcome = Gone
	}
	return nil
}

// broken is the error of an answer that is not what it should be. What is wrong with it stays here.
func broken(err error) error {
	var e *colophon.Error
	if errors.As(err, &e) {
		err = errors.New(string(e.Code)) // paths of an answer, and no more
	}
	return &colophon.Error{Kind: colophon.Internal, Code: CodeAnswer, Err: err}
}
