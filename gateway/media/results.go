package media

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/production"
)

const (
	// HeaderContent names the content numbers of an answer, separated by commas.
	HeaderContent = "Colophon-Content"
	// mostResults is how many results one call may bring.
	mostResults = 16
)

// result is one thing that a model made, on its way out.
type result struct {
	data   []byte         // as the model made it
	url    bool           // the caller gets an address
	kind   media.Modality // that it must be; empty for any
	as     Form           // of a door's
	prompt string         // as the model changed it

	item    artefact.Artefact
	err     error           // why it does not leave
	fault   any             // a panic
	label   json.RawMessage // as it was read back
	out     []byte          // what leaves
	address string          // where it can be had
}

// made is a result that leaves, as it stands in an answer.
type made struct {
	B64    string          `json:"b64_json,omitempty"`
	URL    string          `json:"url,omitempty"`
	Prompt string          `json:"revised_prompt,omitempty"`
	Number artefact.Number `json:"content_number"`
	Label  json.RawMessage `json:"AIGC"`
}

// withheld is a result that does not leave. Index counts from 0 among all that were made.
type withheld struct {
	Index  int             `json:"index"`
	Code   string          `json:"code"`
	Reason colophon.Code   `json:"reason"`
	Number artefact.Number `json:"content_number,omitempty"` // where a person has to look at it first
	Held   string          `json:"held,omitempty"`
}

// contentFilter is what the dialect calls what was refused or held.
const contentFilter = "content_filter"

// produce takes all results through the production line, each as an item of its own. Results that screening refuses
// or holds keep the reason; any other failure is one of the whole call.
func (w *work) produce(results []result) error {
	if len(results) == 0 || len(results) > mostResults {
		return badAnswer(nil)
	}
	for _, r := range results {
		if r.kind != "" && kindOf(r.data) != r.kind {
			return badAnswer(nil)
		}
	}
	if err := w.draw(len(results)); err != nil {
		return err
	}
	var wait sync.WaitGroup
	for i := range results {
		wait.Go(func() {
			r := &results[i]
			defer func() { r.fault = recover() }()
			r.item, r.err = w.make(w.numbers[i], r.data)
		})
	}
	wait.Wait()
	left := 0
	for _, r := range results {
		switch {
		case r.fault != nil:
			panic(r.fault) // where the door catches it
		case r.err == nil:
			left++
		case !judged(r.err):
			return w.stopped(r.err)
		}
	}
	if left > 0 {
		return nil
	}
	w.used.Blocked = 1
	if code, _ := reason(results[0].err); len(results) == 1 && code == CodeHeld {
		return results[0].err
	}
	return nothing(results)
}

// kindOf is the kind of content that the beginning of a file shows; empty where it is none that is known.
func kindOf(data []byte) media.Modality {
	_, f, err := all.Detect(media.Memory(data), "")
	facts, ok := media.Facts(f)
	if err != nil || !ok {
		return ""
	}
	return facts.Modality
}

// draw draws the content numbers of results, as far as they were not yet.
func (w *work) draw(n int) error {
	for len(w.numbers) < n {
		next, err := w.c.Recorder.NewID()
		if err != nil {
			return err
		}
		w.numbers = append(w.numbers, artefact.Number(next))
	}
	return nil
}

// nothing is the error that none of the results leaves.
func nothing(results []result) error {
	var first *colophon.Error
	errors.As(results[0].err, &first)
	var list []string
	for i, r := range results {
		code, held := reason(r.err)
		list = append(list, strings.TrimSpace(strconv.Itoa(i)+" "+string(code)+" "+held))
	}
	return &colophon.Error{Kind: colophon.Refused, Code: CodeRefused, Args: colophon.Args{"results": strings.Join(list, ", ")}, Clauses: first.Clauses, Err: first}
}

// make takes one result through the production line.
func (w *work) make(n artefact.Number, data []byte) (artefact.Artefact, error) {
	a, err := produce(w.ctx, w.c.Line, w.c.Held, w.By, w.order(n), bytes.NewReader(data))
	var e *colophon.Error
	if errors.As(err, &e) && (e.Kind == colophon.Invalid || e.Kind == colophon.Unsupported) { // it is no file, or none that can be marked
		err = badAnswer(err)
	}
	return a, err
}

// produce makes an artefact that may be handed out. One that waits for a person is an error that says so.
func produce(ctx context.Context, line Line, held func(context.Context, artefact.Number) (string, error), by production.By, o production.Order, body io.Reader) (artefact.Artefact, error) {
	a, err := line.Produce(ctx, by, o, body)
	if err == nil && a.State == artefact.Held {
		err = waits(ctx, held, a)
	}
	return a, err
}

// waits is the error that an item waits for a person. Who knows its number gets it later, if it is released.
func waits(ctx context.Context, held func(context.Context, artefact.Number) (string, error), a artefact.Artefact) error {
	args := colophon.Args{"number": string(a.Number), "held": ""}
	if held != nil {
		id, err := held(ctx, a.Number)
		if err != nil {
			return err
		}
		args["held"] = id
	}
	return &colophon.Error{Kind: colophon.Refused, Code: CodeHeld, Args: args, Clauses: []colophon.Clause{colophon.ClauseDS10}}
}

// judged reports whether an error is that a result was refused by screening, or waits for a person. Of several results the
// others leave.
func judged(err error) bool {
	code, _ := reason(err)
	return code == production.CodeRefused || code == CodeHeld
}

// reason is why a result does not leave, and what waits for a person because of it.
func reason(err error) (colophon.Code, string) {
	var e *colophon.Error
	if !errors.As(err, &e) {
		return "", ""
	}
	return e.Code, e.Args["held"]
}

// hand hands over the results that leave, after each handing over was recorded. Where an address is given, its opening is
// the handing over.
func (w *work) hand(results []result) (err error) {
	for i := range results {
		r := &results[i]
		if r.err != nil {
			continue
		}
		if r.label, err = labelOf(r.item); err != nil {
			return err
		}
		if r.url {
			r.address = w.c.Hosted.Address(w.By, r.item.Number)
			continue
		}
		if r.out, err = opened(w.ctx, w.c.Line, w.By, r.item.Number); err != nil {
			return w.stopped(err)
		}
	}
	return nil
}

// shown lists what leaves, and what does not.
func shown(results []result) (list []made, kept []withheld) {
	list = []made{}
	for i, r := range results {
		if r.err == nil {
			list = append(list, made{B64: base64.StdEncoding.EncodeToString(r.out), URL: r.address, Prompt: r.prompt, Number: r.item.Number, Label: r.label})
			continue
		}
		code, held := reason(r.err)
		k := withheld{Index: i, Code: contentFilter, Reason: code, Held: held}
		if code == CodeHeld {
			k.Number = r.item.Number
		}
		kept = append(kept, k)
	}
	return list, kept
}

// opened reads the marked bytes of an item, whose delivery is recorded by that.
func opened(ctx context.Context, line Opener, by production.By, n artefact.Number) ([]byte, error) {
	c, err := line.Open(ctx, by, n, artefact.API)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(c)
	return data, errors.Join(err, c.Close())
}

// whole takes an answer that is one file through the line, and answers with it.
func (w *work) whole(data []byte, kind media.Modality, to gateway.Sink) error {
	results := []result{{data: data, kind: kind}}
	if err := w.produce(results); err != nil {
		return err
	}
	if err := w.hand(results); err != nil {
		return err
	}
	return answer(to, mimeOf(results[0].item.Format), numbers(results), results[0].out)
}

// object writes an answer that is JSON.
func object(to gateway.Sink, header map[string]string, v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return answer(to, "application/json", header, text.Bytes())
}

func answer(to gateway.Sink, kind string, header map[string]string, body []byte) error {
	header["Content-Type"], header["Content-Length"] = kind, strconv.Itoa(len(body))
	if err := to.Begin(200, header); err != nil {
		return err
	}
	if err := to.Write(body); err != nil {
		return err
	}
	return to.Flush()
}

// mimeOf is the media type of a format.
func mimeOf(f media.Format) string {
	if facts, ok := media.Facts(f); ok {
		return facts.MIME
	}
	return "application/octet-stream"
}

// numbers names what leaves in headers.
func numbers(results []result) map[string]string {
	var all []string
	header := map[string]string{}
	for _, r := range results {
		if r.err == nil {
			all = append(all, string(r.item.Number))
			header[mark.Key] = string(r.label)
		}
	}
	if len(all) != 1 {
		delete(header, mark.Key)
	}
	header[HeaderContent] = strings.Join(all, ",")
	return header
}
