package app

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/artefact"
	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/companion"
	model "github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/label"
)

const noticeLine = "【人工智能生成】"

// spoken is what matters of an answer.
type spoken struct {
	AIGC    label.Fields
	Choices []struct{ Message struct{ Content string } }
}

// chat asks a model, and returns the answer with its number.
func (d *deployment) chat(name, words string, want int, headers ...string) (spoken, []byte, string) {
	d.Helper()
	text, err := json.Marshal(map[string]any{"model": name, "messages": []map[string]string{{"role": "user", "content": words}}})
	d.must(err)
	header, raw := d.ask("POST", "/v1/chat/completions", text, want, append([]string{"Content-Type", "application/json", "Colophon-Account", "holder-1"}, headers...)...)
	var got spoken
	d.must(json.Unmarshal(raw, &got))
	return got, raw, header.Get("Colophon-Number")
}

// TestAnswerAsFile has the sample model answer through the door and turns the answer, whole and streamed, into files: each
// bears notice and label, is an item made from the answer, and is recorded.
func TestAnswerAsFile(t *testing.T) {
	t.Parallel()
	d := deploy(t, map[string]string{"sample-model": "on", "starter-library": "on"})
	d.join()
	got, raw, number := d.chat(model.Text, "[sample?say=the+answer+itself]", 200)
	if text := got.Choices[0].Message.Content; !strings.HasPrefix(text, noticeLine+"\n\n") || got.AIGC.ProduceID != number || got.AIGC.ContentProducer != trial {
		t.Fatalf("%+v", got)
	}
	c, err := api.New(api.Config{URL: "http://" + d.address, Key: d.key})
	d.must(err)
	export := func(e api.Export) (string, []byte) {
		t.Helper()
		e.Account = "holder-1"
		file, err := c.Export(t.Context(), e)
		d.must(err)
		made, err := io.ReadAll(file)
		d.must(err)
		d.must(file.Close())
		if fields := d.labelOf(made); fields.ProduceID != file.Number {
			t.Error(e.Format, fields)
		}
		return file.Number, made
	}
	for _, format := range []string{"md", "docx", "pdf", "html", "png"} {
		file, _ := export(api.Export{Number: number, Format: format, Answer: raw, Title: "Title of it"})
		a, err := c.Artefact(t.Context(), file)
		d.must(err)
		if a.Parents[0] != number || a.State != string(artefact.Delivered) || !strings.Contains(d.recordsOf(file), "artefact.received artefact.marked artefact.delivered") {
			t.Errorf("%+v %s", a, d.recordsOf(file))
		}
	}
	header, raw := d.ask("POST", "/v1/chat/completions", []byte(`{"model":"`+model.Text+`","stream":true,"messages":[{"role":"user","content":"[sample?say=streamed+words+here]"}]}`), 200, "Content-Type", "application/json", "Colophon-Account", "holder-1")
	var whole strings.Builder
	for line := range strings.Lines(string(raw)) {
		var ev struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		if data, ok := strings.CutPrefix(line, "data: {"); ok && json.Unmarshal([]byte("{"+data), &ev) == nil && len(ev.Choices) > 0 {
			whole.WriteString(ev.Choices[0].Delta.Content)
		}
	}
	if _, made := export(api.Export{Number: header.Get("Colophon-Number"), Format: "md", Text: whole.String()}); !strings.Contains(string(made), noticeLine+"\n\nstreamed words here") {
		t.Errorf("%q", made)
	}
	if _, err := c.Export(t.Context(), api.Export{Number: header.Get("Colophon-Number"), Format: "png", Text: whole.String(), Account: "holder-1", Title: "来我们平台，註 册 送*彩 金"}); err == nil || !strings.Contains(err.Error(), "gateway-input") {
		t.Error("a heading was not judged:", err)
	}
	e := api.Export{Number: number, Format: "md", Text: whole.String(), Account: "holder-1"}
	if _, err := c.Export(t.Context(), e); err == nil || !strings.Contains(err.Error(), "mark-other-text") {
		t.Error(err)
	}
	d.stop()
	d.nothing("holder-1") // the files themselves are kept, as everything is that was marked
}

// TestCompanion keeps company through the door: it says that it is AI, ends when somebody wants that, and in a crisis the
// person reads where help is while a signed webhook tells people.
func TestCompanion(t *testing.T) {
	t.Parallel()
	said := make(chan []byte, 4)
	people := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Webhook-Signature") == "" {
			w.WriteHeader(http.StatusBadRequest)
		}
		said <- raw
	}))
	t.Cleanup(people.Close)
	behind := httptest.NewServer(model.New(model.Config{}))
	t.Cleanup(behind.Close)
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, map[string]string{"starter-library": "on", "webhook-hosts": strings.TrimPrefix(people.URL, "http://")})
	target := []GatewayTarget{{URL: behind.URL + "/v1", Model: model.Text}}
	d.set.Gateway.Models = []GatewayModel{{Name: "friend", Companion: &GatewayPolicy{}, Targets: target}, {Name: "partner", Companion: &GatewayPolicy{Relation: companion.Partner}, Targets: target}}
	d.must(d.set.Gateway.complete())
	d.start()
	d.join()
	_, _, err := d.server.uploads.hooks.Add(t.Context(), ledger.By{Role: "officer"}, webhook.Draft{URL: people.URL + "/crisis", Types: []string{eventCrisis}})
	d.must(err)
	_, refused, _ := d.chat("partner", "hello", 403)
	if !strings.Contains(string(refused), string(companion.CodeAge)) {
		t.Errorf("%s", refused)
	}
	attest, err := json.Marshal(map[string]any{"account": "holder-1", "level": "two-factor", "method": "resident-id", "provider": "own-registration", "transaction": "rv-1", "at": time.Now().UTC(), "minor": "adult"})
	d.must(err)
	d.ask("POST", "/v1/accounts:attest", attest, 201, "Content-Type", "application/json")
	talk := []string{"Colophon-Conversation", "talk-1", "Accept-Language", "en"}
	first, _, _ := d.chat("friend", "[sample?say=hello]", 200, talk...)
	if text := first.Choices[0].Message.Content; !strings.Contains(text, "artificial intelligence") || !strings.HasSuffix(text, "\n\nhello") {
		t.Error(text)
	}
	if again, _, _ := d.chat("friend", "[sample?say=hello]", 200, talk...); strings.Contains(again.Choices[0].Message.Content, "artificial intelligence") {
		t.Error("it says so again")
	}
	// The sample model repeats what it was told, which is held: help is what remains.
	help, _, number := d.chat("friend", "how to kill myself, words of a person", 200, talk...)
	if text := help.Choices[0].Message.Content; !strings.Contains(text, "12356") || strings.Contains(text, "kill myself") || help.AIGC.ProduceID != number {
		t.Errorf("%+v", help)
	}
	var event struct {
		Type string
		Data struct{ Number, Function string }
	}
	d.must(json.Unmarshal(<-said, &event))
	if event.Type != "companion.crisis" || event.Data.Number != number || !strings.Contains(d.recordsOf(number), string(companion.RecordCrisis)) {
		t.Errorf("%+v %s", event, d.recordsOf(number))
	}
	bye, _, number := d.chat("friend", "exit", 200, talk...)
	if !strings.Contains(bye.Choices[0].Message.Content, "conversation has ended") || !strings.Contains(d.recordsOf(number), string(companion.RecordExit)) {
		t.Errorf("%+v", bye)
	}
	d.stop()
	d.nothing("words of a person", "talk-1", "holder-1")
}
