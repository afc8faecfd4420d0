package export_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway/export"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// world is one answer, and what became of it.
type world struct {
	*testing.T
	item     artefact.Artefact
	body     []byte
	parts    []string
	order    production.Order
	file     string
	held     error
	exporter *export.Exporter
}

func (w *world) Artefact(_ context.Context, n artefact.Number) (artefact.Artefact, error) {
	if n != w.item.Number {
		return artefact.Artefact{}, &colophon.Error{Kind: colophon.Missing, Code: artefact.CodeMissing}
	}
	return w.item, nil
}

func (w *world) Subject(_ context.Context, account string) (evidence.Subject, error) {
	return evidence.Subject("of-" + account), nil
}

func (w *world) Produce(_ context.Context, _ production.By, o production.Order, body io.Reader) (artefact.Artefact, error) {
	raw, err := io.ReadAll(body)
	w.order, w.file = o, string(raw)
	return artefact.Artefact{Number: "file"}, err
}

func (w *world) write(title string, parts []string, _ time.Time, f media.Format) ([]byte, error) {
	w.parts = parts
	return []byte(title + " " + string(f)), nil
}

func open(t *testing.T) *world {
	t.Helper()
	labels, err := mark.New(mark.Config{Producer: "001191110000000000000E10000"})
	if err != nil {
		t.Fatal(err)
	}
	use := &production.Use{Function: "chat", Model: "m", Purpose: "p", Depicted: 1, Consents: []string{"token"}}
	a, err := labels.Answer(mark.Wanted{Number: "n-1", Function: stamp.Dialogue, Use: use})
	if err != nil {
		t.Fatal(err)
	}
	d, err := shape.Answer(shape.Messages, []byte(`{"type":"message","role":"assistant","content":[{"type":"text","text":"甲"},{"type":"text","text":"乙"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	a.Put(d)
	w := &world{T: t, body: d.Bytes()}
	m, err := a.Check(shape.Messages, w.body)
	if err != nil {
		t.Fatal(err)
	}
	marking, err := m.Marking(1, artefact.Digest{1})
	if err != nil {
		t.Fatal(err)
	}
	w.item = artefact.Artefact{Number: "n-1", State: artefact.Delivered, Account: "of-a", Marks: marking.Marks}
	w.exporter = export.New(export.Config{Artefacts: w, Accounts: w, Line: w, Write: w.write, Deliver: func(context.Context, artefact.Artefact) error { return w.held },
		Judge: func(_ context.Context, _ production.By, _ artefact.Artefact, title string) error {
			if title == "bad" {
				return &colophon.Error{Kind: colophon.Refused, Code: "title"}
			}
			return nil
		}})
	return w
}

func (w *world) export(o export.Order) error {
	_, err := w.exporter.Export(w.Context(), production.By{Role: "application"}, o)
	return err
}

const line = "【人工智能生成】\n\n"

func TestExport(t *testing.T) {
	t.Parallel()
	w := open(t)
	whole := export.Order{Number: "n-1", Account: "a", Format: media.Markdown, Answer: w.body, Title: "T", Language: notice.Both, As: "given"}
	if err := w.export(whole); err != nil || !slices.Equal(w.parts, []string{line + "甲\n\n乙"}) || w.file != "T markdown" {
		t.Errorf("%v %q %q", err, w.parts, w.file)
	}
	o := w.order
	if o.Function != stamp.Dialogue || !slices.Equal(o.Parents, []artefact.Number{"n-1"}) || o.Number != "given" || o.Account != "a" || o.Name != "answer.md" || o.Notice.Language != notice.Both {
		t.Errorf("%+v", o)
	}
	if o.Use.Function != "chat" || o.Use.Model != "m" || o.Use.Depicted != 0 || o.Use.Consents != nil {
		t.Errorf("%+v", o.Use)
	}
	if err := w.export(export.Order{Number: "n-1", Account: "a", Format: media.PDF, Text: line + "甲乙"}); err != nil || !slices.Equal(w.parts, []string{line + "甲乙"}) || w.order.Name != "" {
		t.Errorf("%v %q", err, w.parts)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	good := export.Order{Number: "n-1", Account: "a", Format: media.PDF, Text: line + "甲乙"}
	for name, c := range map[string]struct {
		change func(*world, *export.Order)
		code   colophon.Code
	}{
		"nothing":         {func(_ *world, o *export.Order) { o.Text = "" }, export.CodeAsked},
		"both":            {func(w *world, o *export.Order) { o.Answer = w.body }, export.CodeAsked},
		"another text":    {func(_ *world, o *export.Order) { o.Text += " " }, mark.CodeOther},
		"another number":  {func(_ *world, o *export.Order) { o.Number = "n-2" }, artefact.CodeMissing},
		"another account": {func(_ *world, o *export.Order) { o.Account = "b" }, artefact.CodeMissing},
		"erased":          {func(w *world, _ *export.Order) { w.item.State, w.item.Account = artefact.Erased, "of-a" }, artefact.CodeMissing},
		"held":            {func(w *world, _ *export.Order) { w.item.State = artefact.Held }, artefact.CodeMissing},
		"no answer":       {func(w *world, _ *export.Order) { w.item.Marks = []byte(`{"label":{}}`) }, export.CodeNotAnswer},
		"bad title":       {func(_ *world, o *export.Order) { o.Title = "bad" }, "title"},
		"an order":        {func(w *world, _ *export.Order) { w.held = &colophon.Error{Kind: colophon.Refused, Code: "order"} }, "order"},
	} {
		w, o := open(t), good
		c.change(w, &o)
		var e *colophon.Error
		if err := w.export(o); !errors.As(err, &e) || e.Code != c.code || w.file != "" {
			t.Errorf("%s: %v %q", name, err, w.file)
		}
	}
}
