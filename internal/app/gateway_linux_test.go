package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
)

// oracle is a model of another process. It counts how often it is asked, and goes on speaking until it is stopped.
type oracle struct {
	*httptest.Server
	asked atomic.Int64
}

func newOracle(t *testing.T) *oracle {
	o := &oracle{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		o.asked.Add(1)
		var q struct{ Stream bool }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || !q.Stream {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"id":"c-1","object":"chat.completion","created":1,"model":"own","choices":[{"index":0,"message":{"role":"assistant","content":"It is fine."},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for i := 0; r.Context().Err() == nil; i++ {
			fmt.Fprintf(w, "data: {\"id\":\"c-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"own\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word number %d of a long speech. \"},\"finish_reason\":null}]}\n\n", i)
			w.(http.Flusher).Flush()
			<-every.C
		}
	}))
	t.Cleanup(o.Close)
	return o
}

// behind is a deployment with a model behind it that has no function, and one that has.
func behind(t *testing.T, o *oracle, flags map[string]string) *hands {
	t.Helper()
	all := map[string]string{"admission": "on", "starter-library": "on"}
	for k, v := range flags {
		all[k] = v
	}
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, all)
	at := []GatewayTarget{{URL: o.URL + "/v1", Model: "own"}}
	d.set.Gateway.Models = []GatewayModel{{Name: "sage", Targets: at}, {Name: "bound", Function: "chat-1", Targets: at}}
	d.start()
	h := &hands{deployment: d}
	h.join()
	h.first = h.signIn("officer")
	return h
}

func (h *hands) prompt(model, words string, want int, headers ...string) (string, http.Header) {
	h.Helper()
	text, err := json.Marshal(object{"model": model, "messages": []object{{"role": "user", "content": words}}})
	h.must(err)
	header, answer := h.ask("POST", "/v1/chat/completions", text, want, append([]string{"Content-Type", "application/json", "Colophon-Account", "holder-4711%40example.cn"}, headers...)...)
	return string(answer), header
}

// TestModelsBehind goes through what a call of a model needs, by the front door. Nothing that is refused reaches the model.
func TestModelsBehind(t *testing.T) {
	t.Parallel()
	o := newOracle(t)
	h := behind(t, o, nil)
	const hello, fraud = "How is the weather?", "来我们平台，註 册 送*彩 金"
	if said, _ := h.prompt("sage", hello, 403); !strings.Contains(said, "admission-unverified") || !strings.Contains(said, `"clauses":["ds-9"]`) {
		t.Error(said)
	}
	h.attest("rv-1")
	if said, _ := h.prompt("sage", fraud, 400); !strings.Contains(said, `"content_filter"`) {
		t.Error(said)
	}
	if said, _ := h.prompt("sage", hello, 403, "Colophon-Function", "nobodys"); !strings.Contains(said, "admission-function-missing") {
		t.Error(said)
	}
	if said, _ := h.prompt("bound", hello, 403); !strings.Contains(said, "admission-function-missing") {
		t.Error(said)
	}
	if said, _ := h.prompt("bound", hello, 403, "Colophon-Function", "nobodys"); !strings.Contains(said, string(CodeOtherFunction)) {
		t.Error(said)
	}
	if o.asked.Load() != 0 {
		t.Errorf("the model was asked %d times", o.asked.Load())
	}
	said, header := h.prompt("sage", hello, 200)
	number := header.Get("Colophon-Number")
	var got struct {
		Model   string
		AIGC    struct{ ProduceID string }
		Choices []struct{ Message struct{ Content string } }
	}
	h.must(json.Unmarshal([]byte(said), &got))
	if number == "" || got.AIGC.ProduceID != number || !strings.HasPrefix(got.Choices[0].Message.Content, noticeLine) || header.Get("AIGC") == "" || o.asked.Load() != 1 {
		t.Errorf("%s %v", said, header)
	}
	if list := h.recordsOf(number); !strings.Contains(list, "artefact.answered") || !strings.Contains(list, "screen.judged") {
		t.Error(list)
	}
	var used struct {
		Usage []struct{ Requests, Blocked, Input, Output int64 }
	}
	h.as("", "POST", "/v1/usage:query", object{"account": holder}, 200, &used)
	if len(used.Usage) != 1 || used.Usage[0].Blocked != 1 || used.Usage[0].Input != 3 || used.Usage[0].Output != 5 {
		t.Errorf("%+v", used)
	}
	_, metrics := h.ask("GET", "/metrics", nil, 200, "Authorization", "")
	for _, line := range []string{`colophon_gateway_calls_total{endpoint="chat",model="sage",outcome="done"} 1`, `colophon_gateway_calls_total{endpoint="chat",model="sage",outcome="content-filter"} 1`,
		`colophon_gateway_work_seconds_count{endpoint="chat",stream="no"} 6`, `colophon_gateway_target_up{model="sage"`} {
		if !strings.Contains(string(metrics), line) {
			t.Errorf("no %s", line)
		}
	}
	h.nothing(holder, "holder-4711", hello, "It is fine")
}

// listen begins a stream and returns its lines.
func (h *hands) listen(ctx context.Context) (*http.Response, *bufio.Scanner) {
	h.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+h.address+"/v1/chat/completions", strings.NewReader(`{"model":"sage","stream":true,"messages":[{"role":"user","content":"Speak."}]}`))
	h.must(err)
	for name, value := range map[string]string{"Authorization": "Bearer " + h.key, "Content-Type": "application/json", "Colophon-Account": "holder-4711%40example.cn"} {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	h.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 {
		text, _ := io.ReadAll(res.Body)
		h.Fatalf("%d %s", res.StatusCode, text)
	}
	return res, bufio.NewScanner(res.Body)
}

// spoken reads lines until one has a word in it.
func (h *hands) spoken(lines *bufio.Scanner, word string) (heard string) {
	h.Helper()
	for lines.Scan() {
		heard += lines.Text() + "\n"
		if strings.Contains(lines.Text(), word) {
			return heard
		}
	}
	h.Fatalf("no %s in %.4000s", word, heard)
	return ""
}

// ended is what the record says of the end of a stream.
func (h *hands) ended(number string) (why string, code colophon.Code, delivered int64) {
	h.Helper()
	within(h.T, func() bool {
		held, err := h.server.store.RecordsAbout(h.Context(), number, 0, 50)
		h.must(err)
		for _, r := range held {
			if r.Type == "gateway.ended" {
				open, err := h.server.store.Payload(h.Context(), r.ID)
				h.must(err)
				var p struct {
					Why       string
					Code      colophon.Code
					Delivered int64
				}
				h.must(json.Unmarshal(open.Payload, &p))
				why, code, delivered = p.Why, p.Code, p.Delivered
			}
		}
		return why != ""
	})
	return why, code, delivered
}

// TestOrderCutsStream gives an order while a model speaks: within seconds nothing of it leaves any more, the client is told,
// and the record says why.
func TestOrderCutsStream(t *testing.T) {
	t.Parallel()
	h := behind(t, newOracle(t), nil)
	h.attest("rv-1")
	res, lines := h.listen(t.Context())
	h.spoken(lines, "word number 3")
	h.as(h.first, "POST", "/v1/orders", object{"scope": "model", "target": "sage", "action": "stop", "basis": "authority", "reference": "2026-1", "reason": "spread of rumours"}, 201, nil)
	since := time.Now()
	heard := h.spoken(lines, `"error"`)
	for lines.Scan() {
		heard += lines.Text()
	}
	if took := time.Since(since); took > 4*time.Second || strings.Contains(heard, "[DONE]") {
		t.Errorf("after %v: %.2000s", took, heard)
	}
	if why, code, delivered := h.ended(res.Header.Get("Colophon-Number")); why != "order" || code != "order-in-force" || delivered == 0 {
		t.Error(why, code, delivered)
	}
	if said, _ := h.prompt("sage", "And now?", 403); !strings.Contains(said, "admission-order") {
		t.Error(said)
	}
}

// TestClientLeaves has a client go away while a model speaks. The model is stopped, and the record says how much was delivered.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	h := behind(t, newOracle(t), nil)
	h.attest("rv-1")
	ctx, leave := context.WithCancel(t.Context())
	res, lines := h.listen(ctx)
	h.spoken(lines, "word number 3")
	leave()
	if why, _, delivered := h.ended(res.Header.Get("Colophon-Number")); why != "client-gone" || delivered == 0 {
		t.Error(why, delivered)
	}
	within(t, func() bool { return h.server.openStreams() == 0 })
}

// TestStreamsEndAtShutdown stops the server while a model speaks: the client is told, and so is the record.
func TestStreamsEndAtShutdown(t *testing.T) {
	t.Parallel()
	h := behind(t, newOracle(t), map[string]string{"drain": "3s"})
	h.attest("rv-1")
	res, lines := h.listen(t.Context())
	h.spoken(lines, "word number 3")
	stopped := make(chan struct{})
	go func() { h.stop(); close(stopped) }()
	heard := h.spoken(lines, "gateway-shutdown")
	for lines.Scan() {
		heard += lines.Text()
	}
	if err := lines.Err(); err != nil || strings.Contains(heard, "[DONE]") {
		t.Errorf("%v %.2000s", err, heard)
	}
	<-stopped
	h.start()
	if why, code, _ := h.ended(res.Header.Get("Colophon-Number")); why != "shutdown" || code != "gateway-shutdown" {
		t.Error(why, code)
	}
}

// TestGatewaySettings reads settings of models, and refuses what can't be.
func TestGatewaySettings(t *testing.T) {
	t.Parallel()
	read := func(text string) (GatewaySettings, error) {
		file := filepath.Join(t.TempDir(), "settings.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, set, err := Config{}.Serve(nil, file, func(string) string { return "" })
		return set.Gateway, err
	}
	set, err := read(`
gateway:
  heartbeat: 3s
  fetch-allow: ["minio.internal:9000"]
  models:
  - {name: a, service: s, function: f, class: dialogue, notice: both, screening: live, endpoints: [chat, messages], targets: [{url: "https://a.example/v1", dialect: anthropic, key: k, weight: 3, first-byte: 5s}],
     companion: {relation: kin, remind: 90m, statement: {zh: 你好}, minors: {refuse: true, from: 22h}, crisis: {categories: [self-harm]}}}
  doors: [{name: d, model: a, path: /x, prompts: [/p], poll: {id: /id, path: "/q/{id}", done: /s, every: 2s}}]
`)
	if err != nil {
		t.Fatal(err)
	}
	m := set.Models[0].model()
	if m.Notice != "both" || m.Mode.String() != "live" || m.Dialect != "anthropic" || len(m.Endpoints) != 2 || m.Companion.Remind != 90*time.Minute || !m.Companion.Minors.Refuse || m.Companion.Minors.From != 22*time.Hour ||
		set.Models[0].upstreams()[0].FirstByte != 5*time.Second || set.Doors[0].Poll.Every != 2*time.Second || set.Heartbeat != 3*time.Second || set.Streams != 10_000 || set.FetchAllow[0] != "minio.internal:9000" {
		t.Errorf("%+v %+v", set, m)
	}
	target := "targets: [{url: 'https://a.example/v1'}]"
	for _, wrong := range []string{
		"gateway: {modles: []}", "gateway: {models: [{name: a, " + target + ", nmae: b}]}", "gateway: {models: [{" + target + "}]}", "gateway: {models: [{name: a}]}",
		"gateway: {models: [{name: a, " + target + "}, {name: a, " + target + "}]}", "gateway: {models: [{name: a, class: poem, " + target + "}]}", "gateway: {models: [{name: a, notice: above, " + target + "}]}",
		"gateway: {models: [{name: a, screening: lax, " + target + "}]}", "gateway: {models: [{name: a, endpoints: [talk], " + target + "}]}", "gateway: {streams: -1}", "gateway: {heartbeat: soon}", "sample-model: maybe",
		"gateway: {models: [{name: a, targets: [{url: 'https://a.example/v1', dialect: anthropic}, {url: 'https://b.example/v1'}]}]}",
	} {
		var e *colophon.Error
		if _, err := read(wrong); !errors.As(err, &e) || e.Code != CodeSetting {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
