package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/gateway/export"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice/prose"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

const exporting = "/v1/exports"

// openExports makes what turns answers into files. Items whose function is held back are not handed out.
func (w *world) openExports(held *bool) {
	w.Helper()
	chinese, err := locale.For(locale.Chinese)
	w.must(err)
	english, err := locale.For(locale.English)
	w.must(err)
	writer := document.New(chinese.Say, english.Say)
	w.config.Exporter = export.New(export.Config{Artefacts: w.register, Accounts: w.accounts, Line: w.line,
		Write: func(title string, parts []string, at time.Time, f media.Format) ([]byte, error) {
			return writer.Answer(document.Answer{Title: title, Parts: parts, At: at}, f)
		},
		Deliver: func(context.Context, artefact.Artefact) error {
			if *held {
				return &colophon.Error{Kind: colophon.Refused, Code: "order-output", Clauses: []colophon.Clause{colophon.ClauseDS21}}
			}
			return nil
		}})
}

// answered enters an answer of two choices for person, as the gateway does, and returns its number, body and texts.
func (w *world) answered() (number, body string, texts []string) {
	w.Helper()
	labels, err := mark.New(mark.Config{Producer: "001191110000000000000E10000"})
	w.must(err)
	w.made++
	n := artefact.Number("answer-" + strconv.Itoa(w.made))
	a, err := labels.Answer(mark.Wanted{Number: n, Function: stamp.Dialogue})
	w.must(err)
	d, err := shape.Answer(shape.Chat, []byte(`{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"# 题\n\n第一个回答"}},{"index":1,"message":{"role":"assistant","content":"second answer"}}]}`))
	w.must(err)
	a.Put(d)
	body = string(d.Bytes())
	m, err := a.Check(shape.Chat, []byte(body))
	w.must(err)
	marking, err := m.Marking(int64(len(body)), artefact.Digest{1})
	w.must(err)
	subject, err := w.accounts.Subject(w.Context(), person)
	w.must(err)
	_, err = w.register.Answered(w.Context(), "application", artefact.Artefact{Number: n, Function: "dialogue", Account: subject, Format: media.Text, Size: 9, Before: artefact.Digest{2}}, marking, "key-1", artefact.API)
	w.must(err)
	list, err := mark.Read([]byte(body))
	w.must(err)
	for _, s := range list {
		texts = append(texts, s.Parts[0])
	}
	return string(n), body, texts
}

func TestExports(t *testing.T) {
	t.Parallel()
	held := false
	w := open(t, nil)
	w.openExports(&held)
	var err error
	w.api, err = httpapi.New(w.config)
	w.must(err)
	server := httptest.NewServer(w.api)
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Key: w.key})
	w.must(err)
	number, body, texts := w.answered()
	for format, want := range map[string]media.Format{"md": media.Markdown, "docx": media.DOCX, "pdf": media.PDF, "html": media.HTML, "png": media.PNG} {
		for _, e := range []client.Export{{Text: texts[0]}, {Answer: json.RawMessage(body), Title: "标题"}} {
			e.Number, e.Format, e.Account = number, format, person
			file, err := c.Export(t.Context(), e)
			w.must(err)
			made, err := io.ReadAll(file)
			w.must(err)
			w.must(file.Close())
			report, err := label.Read(bytes.NewReader(made), label.Options{Name: "answer." + format})
			w.must(err)
			if report.Format != want || len(report.Marks) != 1 || report.Marks[0].Fields.ProduceID != file.Number || report.Conformity() != label.Conforming {
				t.Errorf("%s: %+v", format, report)
			}
			if f := media.HTML; want == f && strings.Count(string(made), prose.Class+`"`) != max(1, len(e.Answer)/len(body)*2) {
				t.Errorf("notices: %s", made)
			}
			a, err := w.register.Artefact(t.Context(), artefact.Number(file.Number))
			w.must(err)
			if a.Parents[0] != artefact.Number(number) || a.Function != "dialogue" || a.State != artefact.Delivered {
				t.Errorf("%+v", a)
			}
			deliveries, _, err := w.register.Deliveries(t.Context(), artefact.DeliveryQuery{Number: a.Number}, "", 9)
			w.must(err)
			if len(deliveries) != 1 {
				t.Error(deliveries)
			}
		}
	}
}

func TestExportRefused(t *testing.T) {
	t.Parallel()
	held := false
	w := open(t, nil)
	w.openExports(&held)
	var err error
	w.api, err = httpapi.New(w.config)
	w.must(err)
	number, body, texts := w.answered()
	ask := func(body map[string]any, account string) call {
		return w.ask(http.MethodPost, exporting, body).as(w.key).with("Colophon-Account", account)
	}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{"number": number, "format": "md"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	ask(with(nil), account).wantCode(422, export.CodeAsked)
	ask(with(map[string]any{"text": texts[0], "answer": json.RawMessage(body)}), account).wantCode(422, export.CodeAsked)
	ask(with(map[string]any{"text": texts[0] + " "}), account).wantCode(422, mark.CodeOther)
	ask(with(map[string]any{"text": "第一个回答"}), account).wantCode(422, mark.CodeOther)
	ask(with(map[string]any{"answer": json.RawMessage(strings.Replace(body, "second", "third", 1))}), account).wantCode(422, mark.CodeOther)
	ask(with(map[string]any{"answer": json.RawMessage(`{"a":1}`)}), account).wantCode(422, mark.CodeAnswer)
	ask(with(map[string]any{"number": "no-such", "text": texts[0]}), account).wantCode(404, artefact.CodeMissing)
	ask(with(map[string]any{"text": texts[0]}), "somebody-else").wantCode(404, artefact.CodeMissing)
	other := w.produce(text("no answer"))
	ask(with(map[string]any{"number": other.Number, "text": "no answer"}), account).wantCode(422, export.CodeNotAnswer)
	few, _ := w.newKey([]staff.Action{staff.ArtefactCreate}, []string{"voice"}, time.Hour)
	w.ask(http.MethodPost, exporting, with(map[string]any{"text": texts[0]})).as(few).with("Colophon-Account", account).want(403, nil)
	reads, _ := w.newKey([]staff.Action{staff.ArtefactRead}, []string{staff.Every}, time.Hour)
	w.ask(http.MethodPost, exporting, with(map[string]any{"text": texts[0]})).as(reads).with("Colophon-Account", account).want(403, nil)
	held = true
	ask(with(map[string]any{"text": texts[0]}), account).want(403, nil)
	held = false

	// The same key brings the same item, and no other.
	var first, again httpapi.Artefact
	keyed := func() call {
		return ask(with(map[string]any{"text": texts[1]}), account).with("Idempotency-Key", "k-1")
	}
	keyed().want(201, &first)
	if out := keyed().want(201, &again); again.Number != first.Number || out.Header().Get("Idempotency-Replayed") != "true" {
		t.Error(first.Number, again.Number)
	}
	ask(with(map[string]any{"text": texts[0]}), account).with("Idempotency-Key", "k-1").want(409, nil)
	if strings.Contains(w.logged.String(), "第一个回答") || strings.Contains(w.logged.String(), "second answer") {
		t.Error("the log repeats an answer")
	}
	var e *colophon.Error
	_, err = w.config.Exporter.Export(t.Context(), production.By{Role: "application", ID: "key-1"}, export.Order{Number: artefact.Number(number), Account: person, Format: media.JPEG, Text: texts[0]})
	if !errors.As(err, &e) || e.Code != document.CodeFormat {
		t.Error(err)
	}
}
